//! Many receipts, bundles or envelopes in one command: side by side, in bounded memory, told in order.

mod ordered;
mod replays;
mod tally;
mod things;
mod ticker;

use super::error::CommandError;
use super::ui::Ui;
use super::watch::catch_signals;
use crate::allowance::Budget;
use crate::limits;
use crate::reason::Reason;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

pub use replays::run;
pub use tally::{Line, Standing};
pub use things::{Thing, is_something_else};

/// Many at once.
#[derive(Debug, clap::Args)]
pub struct BulkArgs {
    /// Everything below this folder, or for - every path that standard input lists, one a line;
    /// repeatable
    #[arg(long, value_name = "DIR")]
    pub all: Vec<PathBuf>,
    /// How many are worked on side by side; as many as there are processors unless given, and as
    /// --memory has room for at 320 MiB each
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Memory in MiB that all of them may take together [default: 4096, or 320 for each job]
    #[arg(long, value_name = "MIB")]
    memory: Option<u64>,
}

impl BulkArgs {
    /// Whether everything in folders or of a list is meant; otherwise nothing may be said of how.
    pub fn is_meant(&self) -> Result<bool, CommandError> {
        // clap does not look at what these require when --all conflicts with something given.
        if self.all.is_empty() && (self.jobs.is_some() || self.memory.is_some()) {
            let message = "--jobs and --memory are for many at once, with --all";
            return Err(CommandError::new(Reason::Usage, message));
        }
        Ok(!self.all.is_empty())
    }

    /// How many jobs there are, no more than the memory has room for, and the memory that they share
    /// when the stack of each was set aside.
    fn shares(&self) -> Result<(NonZeroUsize, u64), CommandError> {
        let jobs = match self.jobs {
            Some(jobs) if jobs.get() > limits::JOBS => {
                let message = format!("--jobs {jobs}: at most {}", limits::JOBS);
                return Err(CommandError::new(Reason::Usage, message)
                    .hint("more jobs than processors gain nothing"));
            }
            Some(jobs) => jobs,
            None => std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        };
        let most = match self.memory {
            Some(mebibytes) => mebibytes.saturating_mul(1 << 20),
            None => (4096 << 20).max(jobs.get() as u64 * limits::JOB_BYTES),
        };
        let room = usize::try_from(most / limits::JOB_BYTES).unwrap_or(usize::MAX);
        let Some(room) = NonZeroUsize::new(room) else {
            let (given, least) = (most >> 20, limits::JOB_BYTES >> 20);
            let message = format!("--memory {given}: a single job needs {least} MiB");
            return Err(CommandError::new(Reason::Usage, message).hint(format!(
                "each job has a stack of {} MiB for its guest before anything else",
                limits::THREAD_STACK_BYTES >> 20
            )));
        };
        let jobs = jobs.min(room);
        Ok((jobs, most - (jobs.get() * limits::THREAD_STACK_BYTES) as u64))
    }

    /// The memory that all share.
    pub fn budget(&self) -> Result<Arc<Budget>, CommandError> {
        Ok(Budget::new(self.shares()?.1))
    }

    /// Judges everything that `all` names with `judge`, prints a line for each and a summary. With
    /// `bundles`, folders NAME.skill are judged too; otherwise they are passed over.
    pub fn judge(
        &self,
        bundles: bool,
        schema: &'static str,
        ui: Ui,
        judge: impl Fn(&Thing) -> Line + Sync,
    ) -> Result<u8, CommandError> {
        let (jobs, _) = self.shares()?;
        let (things, count) = things::list(&self.all, bundles)?;
        let tally = Arc::new(Mutex::new(tally::Tally::new(ui, schema, count)));
        let handled = {
            let tally = tally.clone();
            let told = move |status| {
                // A result that is being printed is printed to its end.
                let _ = tally.lock().unwrap_or_else(PoisonError::into_inner).cut_short();
                status
            };
            catch_signals().map(|caught| caught.then(told)).map_err(|error| {
                CommandError::new(Reason::Usage, format!("signals cannot be handled: {error}"))
            })?
        };
        let work = |thing: Thing| {
            let (Thing::Named(path) | Thing::Found(path) | Thing::Unread(path, _)) = &thing;
            if let Thing::Unread(_, error) = &thing {
                return Line::failed(schema, path, error);
            }
            // A fault of ours in one of them is nothing that the others should suffer from.
            catch_unwind(AssertUnwindSafe(|| judge(&thing))).unwrap_or_else(|_| {
                let message = "this program panicked while it looked at it, which is a fault of it";
                Line::failed(schema, path, &CommandError::new(Reason::EngineRefused, message))
            })
        };
        let sink = |line| tally.lock().unwrap_or_else(PoisonError::into_inner).add(line);
        ordered::in_order(jobs, things, work, sink)?;
        drop(handled);
        tally.lock().unwrap_or_else(PoisonError::into_inner).end()
    }
}
