//! How far a build is: its own words passed on, and below them, on a terminal, one line of ours.

use crate::build::Watch;
use crate::cli::ui::Ui;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// Between two turns of the line.
const TURN: Duration = Duration::from_millis(120);

/// Passes on what the command says.
pub struct Progress {
    line: ProgressBar,
    command: String,
    ui: Ui,
}

impl Progress {
    /// Of this command. The line is drawn on a terminal only.
    pub fn new(command: &[String], ui: Ui) -> Self {
        let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
            line.set_style(style);
        }
        Self { line, command: command.join(" "), ui }
    }
}

impl Watch for Progress {
    fn begins(&self, nth: u64, of: u64) {
        let text = match of {
            1 => format!("build: {}", self.command),
            _ => format!("build {nth} of {of}: {}", self.command),
        };
        if self.line.is_hidden() {
            return;
        }
        self.line.set_message(text);
        self.line.enable_steady_tick(TURN);
    }

    fn line(&self, line: &str) {
        self.line.suspend(|| self.ui.pass(line));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.line.finish_and_clear();
    }
}
