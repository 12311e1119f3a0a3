//! Where a source stands in a Git repository, by asking `git`. No answer is no claim.

use super::surroundings::Host;
use crate::materials::{Git, Input, is_plain};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

/// The commit that is checked out in `directory` and its time in seconds, when Git knows any input
/// there.
pub(super) fn look(directory: &Path, inputs: &[Input], host: &Host) -> Option<(Git, u64)> {
    let filters = filters(directory, host);
    let bytes = |arguments: &[&str]| ask(directory, arguments, &filters, host);
    let ask = |arguments: &[&str]| bytes(arguments).and_then(text);
    let commit = ask(&["rev-parse", "--verify", "HEAD"])?.trim().to_owned();
    // Names and message are in whatever encoding.
    let object = bytes(&["cat-file", "commit", "HEAD"])?;
    let time = committed(&String::from_utf8_lossy(&object))?;
    let tracked = ask(&["ls-files", "-z"])?;
    let tracked: BTreeSet<&str> = tracked.split('\0').filter(|name| !name.is_empty()).collect();
    let known = inputs.iter().filter(|input| tracked.contains(input.path.as_str())).count();
    if known == 0 {
        return None;
    }
    let changed = ask(&[
        "diff",
        "--no-ext-diff",
        "--no-textconv",
        "--ignore-submodules=all",
        "--name-only",
        "-z",
        "--relative",
        "HEAD",
        "--",
        ".",
    ])?;
    let dirty = known < inputs.len() || !changed.is_empty();
    let folder = ask(&["rev-parse", "--show-prefix"])?.trim_end_matches(['\n', '/']).to_owned();
    is_folder(&folder).then_some((Git { commit, dirty, folder }, time))
}

/// The time in a commit object, in seconds: `committer NAME <MAIL> SECONDS ZONE`.
fn committed(object: &str) -> Option<u64> {
    let line = object.lines().take_while(|line| !line.is_empty());
    let line = line.filter_map(|line| line.strip_prefix("committer ")).next()?;
    let (_, time) = line.rsplit_once("> ")?;
    time.split(' ').next()?.parse().ok()
}

/// Whether the place can be recorded.
fn is_folder(folder: &str) -> bool {
    folder.is_empty() || is_plain(folder)
}

/// Settings that name programs which files would go through. The user's own are among them: some of those
/// start what the repository says.
fn filters(directory: &Path, host: &Host) -> Vec<String> {
    let find = ["config", "--includes", "--name-only", "-z", "--get-regexp", r"^filter\."];
    // No answer: there are none.
    let found = ask(directory, &find, &[], host).and_then(text).unwrap_or_default();
    found.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn text(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes).ok()
}

fn ask(directory: &Path, arguments: &[&str], without: &[String], host: &Host) -> Option<Vec<u8>> {
    let mut command = Command::new("git");
    command
        // A repository's own settings must not start programs.
        .args(["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"])
        .args(["-c", "diff.external=", "-c", "diff.autoRefreshIndex=false"])
        .args(["-c", "protocol.allow=never", "--no-pager"])
        .args(arguments)
        .current_dir(directory)
        .env("PATH", &host.path)
        .env("LC_ALL", "C")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_CONFIG_COUNT", without.len().to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    for (at, name) in without.iter().enumerate() {
        command.env(format!("GIT_CONFIG_KEY_{at}"), name);
        command.env(format!("GIT_CONFIG_VALUE_{at}"), "");
    }
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF"] {
        command.env_remove(name);
    }
    let output = command.output().ok()?;
    output.status.success().then_some(output.stdout)
}
