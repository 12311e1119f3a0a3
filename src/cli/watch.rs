//! A watchdog: ends the process when something takes too long.

use super::error::CommandError;
use crate::reason::Reason;
use std::process;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// A watchdog that watches until it is dropped.
pub struct Watch {
    _over: Sender<()>,
}

/// Calls `then` after `after`, and ends the process with the exit status that it gives.
pub fn watch(after: Duration, then: impl FnOnce() -> u8 + Send + 'static) -> Watch {
    let (over, is_over) = channel();
    std::thread::spawn(move || {
        if is_over.recv_timeout(after) == Err(RecvTimeoutError::Timeout) {
            process::exit(i32::from(then()));
        }
    });
    Watch { _over: over }
}

/// The duration that `--timeout` gives.
pub fn seconds(seconds: f64) -> Result<Duration, CommandError> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|error| CommandError::new(Reason::Usage, format!("--timeout {seconds}: {error}")))
}
