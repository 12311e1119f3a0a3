//! Asks another program for its opinion: OpenSSL, in the demo.

use std::process::{Command, Stdio};

/// Runs a command line (words split at spaces) and gives its exit status and what it printed;
/// `None` when the program is not there.
#[must_use]
pub fn run(command: &str) -> Option<(Option<i32>, String)> {
    let mut words = command.split(' ');
    let output = Command::new(words.next()?).args(words).stdin(Stdio::null()).output().ok()?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Some((output.status.code(), text))
}
