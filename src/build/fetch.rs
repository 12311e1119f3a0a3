//! The source of a build that is done again: a folder, or one commit of a Git repository.

use super::Error;
use super::surroundings::Host;
use crate::files::Scratch;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where a source was put.
#[derive(Debug)]
pub struct Fetched {
    /// The folder of the recipe.
    pub folder: PathBuf,
    _scratch: Scratch,
}

/// Clones the repository at `url` and checks out `commit`; `folder` is the recipe's place in it.
///
/// Submodules are not fetched, and nothing in the repository is run: hooks do not come with a clone.
///
/// # Errors
/// [`Error::Fetch`] when `git` is missing or fails.
pub fn fetch(url: &str, commit: &str, folder: &str, host: &Host) -> Result<Fetched, Error> {
    let scratch = Scratch::new()?;
    let place = scratch.path().join("repository");
    let to = place.display().to_string();
    git(scratch.path(), &["clone", "--quiet", "--no-checkout", "--", url, &to], url, host)?;
    git(&place, &["checkout", "--quiet", "--detach", commit], url, host)?;
    Ok(Fetched { folder: place.join(folder), _scratch: scratch })
}

fn git(directory: &Path, arguments: &[&str], url: &str, host: &Host) -> Result<(), Error> {
    let refuse = |what: String| Error::Fetch { url: url.to_owned(), what };
    let output = Command::new("git")
        .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
        .args(arguments)
        .current_dir(directory)
        .env("PATH", &host.path)
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        // No program of the URL's choice: `ext::sh -c …` is a transport too.
        .env("GIT_ALLOW_PROTOCOL", "file:git:https:ssh")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .map_err(|error| refuse(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("git failed");
    Err(refuse(last.to_owned()))
}
