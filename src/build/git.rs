//! Where a source stands in a Git repository, by asking `git`. No answer is no claim.

use super::surroundings::Host;
use crate::materials::{Git, Input, is_plain};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

/// The commit that is checked out in `directory` and its time in seconds, when Git knows any input
/// there.
pub(super) fn look(directory: &Path, inputs: &[Input], host: &Host) -> Option<(Git, u64)> {
    let ask = |arguments: &[&str]| ask(directory, arguments, host);
    let commit = ask(&["rev-parse", "--verify", "HEAD"])?.trim().to_owned();
    let time = ask(&["log", "-1", "--format=%ct"])?.trim().parse().ok()?;
    let tracked = ask(&["ls-files", "-z"])?;
    let tracked: BTreeSet<&str> = tracked.split('\0').filter(|name| !name.is_empty()).collect();
    let known = inputs.iter().filter(|input| tracked.contains(input.path.as_str())).count();
    if known == 0 {
        return None;
    }
    let changed = ask(&["diff", "--name-only", "-z", "--relative", "HEAD", "--", "."])?;
    let dirty = known < inputs.len() || !changed.is_empty();
    let folder = ask(&["rev-parse", "--show-prefix"])?.trim_end_matches(['\n', '/']).to_owned();
    is_folder(&folder).then_some((Git { commit, dirty, folder }, time))
}

/// Whether the place can be recorded.
fn is_folder(folder: &str) -> bool {
    folder.is_empty() || is_plain(folder)
}

fn ask(directory: &Path, arguments: &[&str], host: &Host) -> Option<String> {
    let mut command = Command::new("git");
    command
        // A repository's own settings must not start programs.
        .args(["-c", "core.fsmonitor=false", "-c", "diff.external=", "--no-pager"])
        .args(arguments)
        .current_dir(directory)
        .env("PATH", &host.path)
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF"] {
        command.env_remove(name);
    }
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8(output.stdout).ok())?
}
