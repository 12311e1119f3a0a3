//! Directories that must not undo each other, and files of ours that must not lie in them.

use super::super::error::CommandError;
use crate::abi::{Function, Need, is_at_or_below};
use crate::files;
use crate::reason::Reason;
use crate::skill::{Effective, Preopen};
use std::path::{Path, PathBuf};

/// The directories of a run, as they are on disk: a guest can make links where it can write.
pub(super) struct Places<'e>(Vec<(&'e Preopen, PathBuf)>);

impl<'e> Places<'e> {
    pub(super) fn of(effective: &'e Effective) -> Self {
        // What cannot be resolved cannot be opened either, which says so better.
        let place = |preopen: &'e Preopen| Some((preopen, files::absolute(&preopen.host).ok()?));
        Self(effective.preopens.iter().filter_map(place).collect())
    }

    /// Refuses directories in which a module with the functions `rows` could undo what the flags say: one
    /// for reading only inside one that may be written, and one that may be read inside one for writing
    /// only, out of which a file could be renamed to where it is read.
    pub(super) fn are_apart(&self, rows: &[&Function]) -> Result<(), CommandError> {
        for (inner, path) in &self.0 {
            let around = |writes_only: bool| {
                self.0.iter().find(|(outer, host)| {
                    outer.write && (!writes_only || !outer.read) && path.starts_with(host)
                })
            };
            let (how, outer) = match (inner.read, inner.write) {
                (true, false) => ("reading only", around(false)),
                (true, true) => ("reading", around(true)),
                _ => continue,
            };
            if let Some((outer, _)) = outer {
                return Err(conflict(format!(
                    "{} is granted for {how} and lies inside {}, which is granted for writing{}",
                    inner.guest,
                    outer.guest,
                    if outer.read { "" } else { " only" },
                )));
            }
        }
        let moves = rows.iter().any(|row| matches!(row.need, Need::WritePaths(..)));
        if moves { self.nothing_comes_to_light() } else { Ok(()) }
    }

    /// Refuses a directory for writing only that lies on disk inside one that may be read, if there is
    /// another for writing only out of which a file could be renamed to there. Where guest paths show
    /// that one lies inside the other, the rename is denied when it comes.
    fn nothing_comes_to_light(&self) -> Result<(), CommandError> {
        let hidden = || self.0.iter().filter(|(place, _)| place.write && !place.read);
        let around = |path: &Path| {
            let outer = self.0.iter().filter(move |(outer, _)| outer.read);
            let path = path.to_owned();
            outer.filter(move |(_, host)| path.starts_with(host)).map(|(outer, _)| *outer)
        };
        let Some((from, _)) = hidden().find(|(_, path)| around(path).next().is_none()) else {
            return Ok(());
        };
        for (to, path) in hidden() {
            if let Some(outer) = around(path).find(|o| !is_at_or_below(&to.guest, &o.guest)) {
                return Err(conflict(format!(
                    "{} is granted for writing only and lies inside {}, which may be read: files of {}, which \
                     may not be read, could be moved there",
                    to.guest, outer.guest, from.guest,
                )));
            }
        }
        Ok(())
    }

    /// Refuses directories in which the system shows processes: what they were given and their memory can
    /// be read there, ours too, and memory can be written.
    pub(super) fn show_no_processes(&self) -> Result<(), CommandError> {
        let mounts = if self.0.is_empty() { Vec::new() } else { files::process_mounts() };
        for (preopen, host) in &self.0 {
            let is_near = |mount: &&PathBuf| host.starts_with(mount) || mount.starts_with(host);
            let own = files::shows_processes(host).then_some(host);
            if let Some(mount) = own.or_else(|| mounts.iter().find(is_near)) {
                return Err(conflict(format!(
                    "{} would show the skill the processes and their memory, ours too, that the system shows in {}",
                    preopen.guest,
                    mount.display(),
                ))
                .hint("grant the folders below that the skill needs"));
            }
        }
        Ok(())
    }

    /// Refuses a secret of ours as the skill's input, and where the skill may read or write.
    pub(super) fn do_not_show(
        &self,
        secret: &Path,
        input: Option<&Path>,
    ) -> Result<(), CommandError> {
        let Ok(place) = files::absolute(secret) else { return Ok(()) };
        if let Some(input) =
            input.filter(|input| files::absolute(input).is_ok_and(|at| at == place))
        {
            let (input, secret) = (input.display(), secret.display());
            return Err(conflict(format!("--input {input} is {secret}, which is a secret")));
        }
        match self.0.iter().find(|(_, host)| place.starts_with(host)) {
            None => Ok(()),
            Some((outer, _)) => {
                let (secret, guest) = (secret.display(), &outer.guest);
                let message = format!(
                    "{secret} is a secret, and lies inside {guest}, which the skill may open"
                );
                Err(conflict(message).hint("keep keys and passphrases outside of what is granted"))
            }
        }
    }

    /// Refuses `path`, which is ours or would be, where the skill may write; `cure` says what helps.
    pub(super) fn are_not_at(&self, path: &Path, cure: &str) -> Result<(), CommandError> {
        // The file itself too, where the path is that of a link.
        for folder in on_the_way(path).chain([path]) {
            let Some(folder) = files::leads_to(folder) else { continue };
            let inside =
                self.0.iter().find(|(outer, host)| outer.write && folder.starts_with(host));
            if let Some((outer, _)) = inside {
                let (path, guest) = (path.display(), &outer.guest);
                let message = format!("{path} would lie inside {guest}, where the skill may write");
                return Err(conflict(message).hint(cure));
            }
        }
        Ok(())
    }
}

/// Names the directories by where they are now: a link that is changed later changes nothing.
pub(super) fn settle(effective: &mut Effective) {
    for preopen in &mut effective.preopens {
        // What cannot be resolved cannot be opened either, which says so better.
        let Ok(root) = files::absolute(&preopen.host_root) else { continue };
        preopen.host = match preopen.host.strip_prefix(&preopen.host_root) {
            Ok(below) if !below.as_os_str().is_empty() => root.join(below),
            _ => root.clone(),
        };
        preopen.host_root = root;
    }
}

fn conflict(message: String) -> CommandError {
    CommandError::new(Reason::GrantConflict, message)
}

/// Folders in which a name of `output` is looked up: who can write there can make a link of that name,
/// and lead the evidence elsewhere.
fn on_the_way(output: &Path) -> impl Iterator<Item = &Path> {
    let named = output.ancestors().filter(|path| path.file_name().is_some());
    named.filter_map(Path::parent).map(|folder| match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    })
}
