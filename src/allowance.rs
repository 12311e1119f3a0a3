//! What one of several replays may take: memory out of a budget that they share, and time until
//! somebody says that it is over.
//!
//! Memory is counted before it is taken. Who is denied must end as if the host had none left, so that
//! the guest never sees it; whoever started the replay learns of it, and may try again alone.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Memory that is shared.
#[derive(Debug)]
pub struct Budget {
    most: u64,
    taken: Mutex<u64>,
    given_back: Condvar,
}

impl Budget {
    /// A budget of `most` bytes.
    #[must_use]
    pub fn new(most: u64) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::new(0), given_back: Condvar::new() })
    }

    /// All of it, in bytes.
    #[must_use]
    pub fn most(&self) -> u64 {
        self.most
    }

    /// An allowance that begins with `bytes`, or with all there is if that is less; waits until they
    /// are free. Who holds an allowance must not wait for another.
    #[must_use]
    pub fn wait_for(self: &Arc<Self>, bytes: u64) -> Allowance {
        let bytes = bytes.min(self.most);
        let mut taken = self.lock();
        while *taken > self.most - bytes {
            taken = self.given_back.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken += bytes;
        self.allowance(bytes)
    }

    /// An allowance that begins with `bytes`, if they are free.
    #[must_use]
    pub fn try_for(self: &Arc<Self>, bytes: u64) -> Option<Allowance> {
        self.take(bytes).then(|| self.allowance(bytes))
    }

    fn allowance(self: &Arc<Self>, bytes: u64) -> Allowance {
        Allowance(Arc::new(Shared {
            budget: self.clone(),
            taken: AtomicU64::new(bytes),
            denied: AtomicBool::new(false),
            over: AtomicBool::new(false),
        }))
    }

    fn take(&self, bytes: u64) -> bool {
        let mut taken = self.lock();
        let free = self.most.saturating_sub(*taken);
        if bytes <= free {
            *taken += bytes;
        }
        bytes <= free
    }

    fn give_back(&self, bytes: u64) {
        let mut taken = self.lock();
        *taken = taken.saturating_sub(bytes);
        drop(taken);
        self.given_back.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one replay has taken; given back when the last clone of it is dropped.
#[derive(Debug, Clone)]
pub struct Allowance(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    budget: Arc<Budget>,
    taken: AtomicU64,
    denied: AtomicBool,
    over: AtomicBool,
}

impl Allowance {
    /// Takes `bytes` more; false, and nothing taken, when there are not so many.
    #[must_use]
    pub fn take(&self, bytes: u64) -> bool {
        let given = self.0.budget.take(bytes);
        if given {
            self.0.taken.fetch_add(bytes, Ordering::Relaxed);
        } else {
            self.0.denied.store(true, Ordering::Relaxed);
        }
        given
    }

    /// Gives back what it has above `bytes`.
    pub fn keep(&self, bytes: u64) {
        let before = self.0.taken.fetch_min(bytes, Ordering::Relaxed);
        self.0.budget.give_back(before.saturating_sub(bytes));
    }

    /// Whether something was asked for that it was not given.
    #[must_use]
    pub fn was_denied(&self) -> bool {
        self.0.denied.load(Ordering::Relaxed)
    }

    /// Notes that something it needs is not to be had.
    pub fn deny(&self) {
        self.0.denied.store(true, Ordering::Relaxed);
    }

    /// What it has taken, in bytes.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.0.taken.load(Ordering::Relaxed)
    }

    /// Whose memory it is.
    #[must_use]
    pub fn budget(&self) -> &Arc<Budget> {
        &self.0.budget
    }

    /// Says that the time is over.
    pub fn end(&self) {
        self.0.over.store(true, Ordering::Relaxed);
    }

    /// Whether the time is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.over.load(Ordering::Relaxed)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.budget.give_back(*self.taken.get_mut());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_bounded_and_comes_back() {
        let budget = Budget::new(100);
        let one = budget.try_for(60).unwrap();
        assert!(budget.try_for(41).is_none());
        assert!(one.take(40) && !one.was_denied());
        assert!(!one.take(1) && one.was_denied());
        assert_eq!(one.taken(), 100);
        one.keep(30);
        let two = budget.try_for(70).unwrap();
        let clone = one.clone();
        drop(one);
        assert!(!two.take(1));
        drop(clone);
        assert!(two.take(30));
        drop(two);
        assert_eq!(budget.wait_for(1000).taken(), 100);
    }

    #[test]
    fn who_waits_gets_it_when_it_is_given_back() {
        let budget = Budget::new(10);
        let all = budget.wait_for(10);
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| budget.wait_for(4).taken());
            drop(all);
            assert_eq!(waits.join().unwrap(), 4);
        });
    }
}
