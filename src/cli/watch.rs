//! Watchdogs: they end the process when something takes too long, or a signal comes.

use super::error::CommandError;
use super::ui::Ui;
use crate::bounds::Bounds;
use crate::files;
use crate::reason::Reason;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::{Handle, Signals};
use std::io;
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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

/// Between two looks at a compilation.
const LOOK: Duration = Duration::from_millis(50);

/// Watches the compilation of `what`, which cannot be interrupted: when it takes more time or memory than
/// `bounds` give it, that is said with `hint`, and the process ends with `exit`.
pub fn watch_compiling(
    bounds: &Bounds,
    what: &Path,
    hint: &'static str,
    exit: u8,
    ui: Ui,
) -> Watch {
    let (over, is_over) = channel();
    let Bounds { compile_seconds, compile_bytes, .. } = *bounds;
    let what = what.display().to_string();
    std::thread::spawn(move || {
        let mut looks = 0;
        while is_over.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
            looks += 1;
            let (limit, most) = if LOOK * looks > Duration::from_secs(compile_seconds) {
                ("compile-seconds", compile_seconds)
            } else if files::resident_bytes().is_some_and(|bytes| bytes > compile_bytes) {
                ("compile-bytes", compile_bytes)
            } else {
                continue;
            };
            let message = format!("{limit}: compiling takes more than the {most} that it may");
            ui.error(&CommandError::new(Reason::LimitExceeded, message).of(what).hint(hint));
            process::exit(i32::from(exit));
        }
    });
    Watch { _over: over }
}

/// Signals that are caught from here on, and wait to be handled.
pub struct Caught {
    signals: Signals,
    came: Arc<AtomicBool>,
}

/// Signals are handled until this is dropped; from then on the first one ends the process at once.
pub struct Handled {
    handle: Handle,
    came: Arc<AtomicBool>,
}

/// Catches the signals that ask a program to end; one that came already when it is to be handled is
/// handled then. The one after it ends the process at once, whatever it is doing.
pub fn catch_signals() -> io::Result<Caught> {
    let ours: Vec<i32> =
        [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|n| !is_ignored(*n)).collect();
    let came = Arc::new(AtomicBool::new(false));
    for signal in &ours {
        // In this order: what the first signal sets, the second finds.
        flag::register_conditional_shutdown(*signal, i32::from(status(*signal)), came.clone())?;
        flag::register(*signal, came.clone())?;
    }
    Ok(Caught { signals: Signals::new(ours)?, came })
}

impl Caught {
    /// Calls `then` with the exit status for a signal when one comes, and ends the process with the
    /// status that it gives.
    pub fn then(self, then: impl FnOnce(u8) -> u8 + Send + 'static) -> Handled {
        let Self { mut signals, came } = self;
        let handle = signals.handle();
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                process::exit(i32::from(then(status(signal))));
            }
        });
        Handled { handle, came }
    }
}

impl Drop for Handled {
    fn drop(&mut self) {
        self.came.store(true, Ordering::Release);
        self.handle.close();
    }
}

/// The exit status that shells give a program which a signal ended.
fn status(signal: i32) -> u8 {
    u8::try_from(signal).map_or(u8::MAX, |signal| signal.saturating_add(128))
}

/// Whether who started us wants the signal ignored, as nohup does. Where there is no telling, no.
fn is_ignored(signal: i32) -> bool {
    let status = files::begins(Path::new("/proc/self/status"), 1 << 16).unwrap_or_default();
    let ignored = String::from_utf8_lossy(&status)
        .lines()
        .find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Makes a file that outgrows the limit of the process an error like that of a full disk; it would
/// end the process otherwise, and leave behind what it was writing.
pub fn full_files_are_errors() {
    // Where the signal cannot be caught it does what it always did.
    let _ = flag::register(SIGXFSZ, Arc::default());
}

/// The duration that `--timeout` gives.
pub fn seconds(seconds: f64) -> Result<Duration, CommandError> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|error| CommandError::new(Reason::Usage, format!("--timeout {seconds}: {error}")))
}
