//! The one place that prints. stdout is the answer, stderr is talk.

use super::error::CommandError;
use crate::abi::show::visible;
use crate::json;
use crate::reason::Reason;
use serde::Serialize;
use std::io::{ErrorKind, Write as _};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Text for people; not stable.
    Human,
    /// JSON, with "schema" first; append-only within a major version.
    Json,
}

/// Prints results, talk and errors.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    format: Format,
    /// Whether standard output belongs to a guest.
    beside_guest: bool,
}

/// An error in JSON.
#[derive(Serialize)]
struct ErrorReport<'a> {
    schema: &'static str,
    reason: &'static str,
    message: &'a str,
    hints: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a json::Value>,
}

impl Ui {
    /// A printer for `format`.
    #[must_use]
    pub const fn new(format: Format) -> Self {
        Self { format, beside_guest: false }
    }

    /// The same for a command whose standard output is a guest's, if it `is`.
    #[must_use]
    pub const fn beside_guest(self, is: bool) -> Self {
        Self { beside_guest: is, ..self }
    }

    /// Whether results are JSON.
    #[must_use]
    pub fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Prints a result: `human` for people, `machine` as JSON.
    ///
    /// # Errors
    /// When standard output cannot take it.
    pub fn answer(self, human: &str, machine: &impl Serialize) -> Result<(), CommandError> {
        let text = if self.is_json() {
            json::to_pretty(machine)?
        } else {
            visible(human.trim_end(), true)
        };
        if text.is_empty() { Ok(()) } else { self.bytes(format!("{text}\n").as_bytes()) }
    }

    /// Writes bytes to standard output as they are.
    ///
    /// # Errors
    /// When standard output cannot take them.
    pub fn bytes(self, bytes: &[u8]) -> Result<(), CommandError> {
        let mut out = std::io::stdout().lock();
        out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| {
            let closed = error.kind() == ErrorKind::BrokenPipe;
            let reason = if closed { Reason::OutputClosed } else { Reason::OutputFailed };
            CommandError::new(reason, format!("cannot write to standard output: {error}"))
        })
    }

    /// Says something on standard error, for people only.
    pub fn talk(self, line: &str) {
        if !self.is_json() {
            // When nobody listens, there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "{}", visible(line, true));
        }
    }

    /// Passes on what another program printed, on standard error, for programs too.
    pub fn pass(self, line: &str) {
        let _ = writeln!(std::io::stderr(), "{}", visible(line, true));
    }

    /// Warns on standard error.
    pub fn warn(self, line: &str) {
        let _ = writeln!(std::io::stderr(), "warning: {}", visible(line, false));
    }

    /// Reports an error: `error:` and `hint:` lines, or JSON on standard output, on standard error beside a
    /// guest.
    pub fn error(self, error: &CommandError) {
        if self.is_json() {
            let report = ErrorReport {
                schema: "https://opertus.systems/provenact/error/v1",
                reason: error.reason.name(),
                message: &error.message,
                hints: error.all_hints(),
                details: error.details.as_ref(),
            };
            // One line, so that it is one of them where answers are lines.
            if let Ok(text) = json::to_line(&report) {
                let line = format!("{text}\n");
                let _ = match self.beside_guest {
                    true => std::io::stderr().write_all(line.as_bytes()).is_ok(),
                    false => self.bytes(line.as_bytes()).is_ok(),
                };
            }
            return;
        }
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "error: {} [{}]", visible(&error.message, false), error.reason);
        for hint in error.all_hints() {
            let _ = writeln!(err, "hint: {}", visible(hint, false));
        }
    }
}
