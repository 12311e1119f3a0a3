//! Work on many things side by side, with results in the order of the things.

use crate::runtime::thread_for_guests;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Things that may be begun while the first of them is not yet done.
const WINDOW: u64 = 1024;

/// What the workers share.
struct Line<O, S, E> {
    /// Things that somebody began, or is about to take.
    begun: u64,
    /// Results that were given on.
    given: u64,
    /// Results that wait for those before them.
    waiting: BTreeMap<u64, O>,
    sink: S,
    failed: Option<E>,
}

/// Does `work` on each of `things` with `jobs` threads, and gives each result to `sink` in the order
/// of the things, as soon as it and all before it are there. At most 1024 things are begun or done
/// and not given on.
///
/// # Errors
/// The first error of `sink`; no more is begun then.
pub fn in_order<T: Send, O: Send, E: Send>(
    jobs: NonZeroUsize,
    things: impl Iterator<Item = T> + Send,
    work: impl Fn(T) -> O + Sync,
    sink: impl FnMut(O) -> Result<(), E> + Send,
) -> Result<(), E> {
    let things = Mutex::new((0_u64..).zip(things));
    let line = Line { begun: 0, given: 0, waiting: BTreeMap::new(), sink, failed: None };
    let line = Mutex::new(line);
    let moved = Condvar::new();
    let worker = || {
        loop {
            let mut state = lock(&line);
            while state.begun >= state.given + WINDOW && state.failed.is_none() {
                state = moved.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.failed.is_some() {
                return;
            }
            state.begun += 1;
            drop(state);
            // Not under the lock of the line: the next thing may be long in coming.
            let next = lock(&things).next();
            let Some((at, thing)) = next else { return };
            let done = work(thing);
            let mut state = lock(&line);
            state.waiting.insert(at, done);
            let Line { given, waiting, sink, failed, .. } = &mut *state;
            while failed.is_none()
                && let Some(done) = waiting.remove(given)
            {
                *failed = sink(done).err();
                *given += 1;
            }
            drop(state);
            moved.notify_all();
        }
    };
    std::thread::scope(|scope| {
        let threads = (0..jobs.get()).map(|_| thread_for_guests(scope, worker));
        // With fewer threads than were wanted it takes longer; with none, it is done here.
        if !threads.fold(false, |any, thread| any | thread.is_ok()) {
            worker();
        }
    });
    let line = line.into_inner().unwrap_or_else(PoisonError::into_inner);
    line.failed.map_or(Ok(()), Err)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[test]
    fn results_come_in_order_and_no_more_wait_than_the_window_holds() {
        for jobs in [1, 2, 7] {
            let (begun, given) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let mut seen = Vec::new();
            let work = |n: usize| {
                begun.fetch_add(1, Ordering::SeqCst);
                if n == 0 {
                    std::thread::sleep(Duration::from_millis(30));
                }
                let ahead = begun.load(Ordering::SeqCst) - given.load(Ordering::SeqCst);
                assert!(ahead <= 1024, "{ahead}");
                n * 2
            };
            let jobs = NonZeroUsize::new(jobs).unwrap();
            in_order(jobs, 0..5000, work, |n| {
                given.fetch_add(1, Ordering::SeqCst);
                seen.push(n);
                Ok::<(), Infallible>(())
            })
            .unwrap();
            assert_eq!(seen, (0..5000).map(|n| n * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_error_of_the_sink_ends_it() {
        let done = AtomicUsize::new(0);
        let jobs = NonZeroUsize::new(3).unwrap();
        let work = |n: usize| {
            done.fetch_add(1, Ordering::SeqCst);
            n
        };
        let ended = in_order(jobs, 0.., work, |n| if n < 10 { Ok(()) } else { Err(n) });
        assert_eq!(ended, Err(10));
        assert!(done.load(Ordering::SeqCst) <= 2048);
    }
}
