//! Directories that must not undo each other, and files of ours that must not lie in them.

use super::super::error::CommandError;
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

    /// Refuses directories that would undo what the flags say: one for reading only inside one that may
    /// be written, and one that may be read inside one for writing only, out of which a file could be
    /// renamed to where it is read.
    pub(super) fn are_apart(&self) -> Result<(), CommandError> {
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
        Ok(())
    }

    /// Refuses `path`, which is ours, where the skill may write.
    pub(super) fn are_not_at(&self, path: &Path) -> Result<(), CommandError> {
        for folder in on_the_way(path) {
            let Ok(folder) = files::absolute(folder) else { continue };
            let inside =
                self.0.iter().find(|(outer, host)| outer.write && folder.starts_with(host));
            if let Some((outer, _)) = inside {
                let (path, guest) = (path.display(), &outer.guest);
                return Err(conflict(format!(
                    "{path} would lie inside {guest}, where the skill may write"
                ))
                .hint("put it elsewhere, as with --receipt FOLDER/receipt.json or --no-cache"));
            }
        }
        Ok(())
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
