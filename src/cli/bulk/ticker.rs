//! The clock of replays that are bounded in time: a thread that ticks.

use crate::allowance::Allowance;
use crate::runtime::Engine;
use std::collections::BTreeMap;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Between two ticks.
const TICK: Duration = Duration::from_millis(10);

/// The ticks that `time` has; at least one.
pub fn ticks(time: Duration) -> u64 {
    u64::try_from(time.as_millis() / TICK.as_millis()).unwrap_or(u64::MAX).clamp(1, 1 << 40)
}

/// Ticks until it is dropped: engines, and the time of everybody who is watched.
pub struct Ticker {
    watched: Arc<Mutex<Watched>>,
    _over: Sender<()>,
}

#[derive(Default)]
struct Watched {
    now: u64,
    /// Who is watched, by a number of its own: until which tick.
    until: BTreeMap<u64, (u64, Allowance)>,
    next: u64,
}

/// Somebody's time; it ends when this is dropped.
pub struct Timed<'a> {
    ticker: &'a Ticker,
    number: u64,
}

impl Ticker {
    /// Starts to tick `engines`.
    pub fn start(engines: Vec<Engine>) -> Self {
        let watched = Arc::new(Mutex::new(Watched::default()));
        let (over, is_over) = channel();
        let all = watched.clone();
        std::thread::spawn(move || {
            while is_over.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                engines.iter().for_each(Engine::tick);
                let mut all = lock(&all);
                all.now += 1;
                let now = all.now;
                for (until, allowance) in all.until.values() {
                    if *until <= now {
                        allowance.end();
                    }
                }
            }
        });
        Self { watched, _over: over }
    }

    /// Says to `allowance` that the time is over after `ticks`, unless what is returned is dropped
    /// before.
    pub fn time(&self, allowance: &Allowance, ticks: u64) -> Timed<'_> {
        let mut watched = lock(&self.watched);
        let number = watched.next;
        watched.next += 1;
        let until = watched.now.saturating_add(ticks);
        watched.until.insert(number, (until, allowance.clone()));
        Timed { ticker: self, number }
    }
}

impl Drop for Timed<'_> {
    fn drop(&mut self) {
        lock(&self.ticker.watched).until.remove(&self.number);
    }
}

fn lock(watched: &Mutex<Watched>) -> MutexGuard<'_, Watched> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}
