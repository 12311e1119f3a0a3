//! Input and output of skills with the `provenact` interface.

use super::error::CommandError;
use super::inputs;
use crate::abi::{self, Function};
use crate::outcome::Outcome;
use crate::reason::Reason;
use crate::runtime::{Effect, Keep};
use crate::trace::InputBytes;
use crate::{files, limits};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Where input and output of a skill are.
#[derive(Debug, clap::Args)]
pub struct SkillIo {
    /// The input of a skill with the provenact interface (- for standard input)
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Where the output of such a skill goes; default: standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl SkillIo {
    /// Where the output goes, if it is a file.
    pub fn output(&self) -> Option<&Path> {
        self.output.as_deref()
    }

    /// The file that the skill gets as its input.
    pub fn input_file(&self) -> Option<&Path> {
        self.input.as_deref()
    }

    /// The input, for a module that imports `rows`.
    pub fn input(&self, rows: &[&Function]) -> Result<Option<InputBytes>, CommandError> {
        if !speaks(rows) {
            let flag = match (&self.input, &self.output) {
                (Some(_), _) => "--input",
                (None, Some(_)) => "--output",
                (None, None) => return Ok(None),
            };
            let message = format!("{flag}: the module imports nothing of the provenact interface");
            return Err(CommandError::new(Reason::Usage, message)
                .hint("give it standard input, arguments or a directory"));
        }
        let read = |path: &PathBuf| inputs::bytes(path, limits::INPUT_BYTES as u64);
        Ok(self.input.as_ref().map(read).transpose()?.map(InputBytes::new))
    }

    /// Delivers what `output` has at the end of an execution; without one, the number that the
    /// entrypoint returned. An execution that was stopped has none.
    pub fn deliver(
        &self,
        output: &LastOutput,
        outcome: &Outcome,
        force: bool,
    ) -> Result<(), CommandError> {
        let bytes = match (output.take(), outcome) {
            (Some(bytes), Outcome::Returned { .. } | Outcome::Exited { .. }) => bytes,
            (None, Outcome::Returned { value: Some(value) }) => value.to_string().into_bytes(),
            _ => return Ok(()),
        };
        match &self.output {
            Some(path) => files::write_new(path, &bytes, files::MODE_FILE, force)?,
            None => {
                let mut out = std::io::stdout().lock();
                out.write_all(&bytes).and_then(|()| out.flush()).map_err(|error| {
                    CommandError::new(Reason::OutputClosed, format!("standard output: {error}"))
                })?;
            }
        }
        Ok(())
    }
}

/// Whether a module that imports `rows` has the `provenact` interface.
pub fn speaks(rows: &[&Function]) -> bool {
    rows.iter().any(|row| row.module == abi::OWN_NAME)
}

/// The output that was set last, shared with the execution that sets it.
#[derive(Clone, Default)]
pub struct LastOutput(Arc<Mutex<Option<Vec<u8>>>>);

impl LastOutput {
    fn take(&self) -> Option<Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Keep for LastOutput {
    fn keep(&mut self, effect: &Effect<'_>) {
        if let Effect::Output(bytes) = effect {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes.to_vec());
        }
    }
}
