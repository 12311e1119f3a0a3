//! Files that are written over time and appear when they are whole.

use super::{
    FileError, MODE_SECRET, Room, check_replaceable, exists, folder, parent, read_fault, sync_dir,
    temporary,
};
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file that is not there yet: it gets its name when it is committed, and vanishes otherwise.
#[derive(Debug)]
pub struct Pending {
    path: PathBuf,
    file: NamedTempFile,
}

impl Pending {
    /// Opens a temporary sibling of `path` with `mode`.
    ///
    /// # Errors
    /// [`FileError::Output`] when there is no place for it.
    pub fn create(path: &Path, mode: u32) -> Result<Self, FileError> {
        let output = |source| FileError::Output { path: path.to_owned(), source };
        check_replaceable(path)?;
        let file = temporary(mode).tempfile_in(folder(path)?).map_err(output)?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// As [`Pending::create`], with `bytes` in it, synced.
    ///
    /// # Errors
    /// [`FileError::Output`].
    pub fn with(path: &Path, bytes: &[u8], mode: u32) -> Result<Self, FileError> {
        let mut pending = Self::create(path, mode)?;
        pending.fill(bytes)?;
        Ok(pending)
    }

    /// Writes `bytes`, which are all of the file, and syncs it. Room that is held takes them first.
    ///
    /// # Errors
    /// [`FileError::Output`].
    pub fn fill(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let written = self.file.write_all(bytes).and_then(|()| self.file.as_file().sync_all());
        written.map_err(|source| self.output(source))?;
        self.cut(bytes.len() as u64)
    }

    /// Cuts the file to `len` bytes: gives up the room that it holds beyond them.
    ///
    /// # Errors
    /// [`FileError::Output`].
    pub fn cut(&self, len: u64) -> Result<(), FileError> {
        self.file.as_file().set_len(len).map_err(|source| self.output(source))
    }

    /// Room that the file can hold ahead of what is written.
    ///
    /// # Errors
    /// [`FileError::Output`].
    pub fn room(&self) -> Result<Room, FileError> {
        Ok(Room::of(self.handle()?))
    }

    /// As [`Room::hold`].
    ///
    /// # Errors
    /// [`FileError::Output`].
    pub fn hold(&self, end: u64) -> Result<(), FileError> {
        self.room()?.hold(end).map_err(|source| self.output(source))
    }

    /// A handle to write through.
    ///
    /// # Errors
    /// [`FileError::Output`].
    pub fn handle(&self) -> Result<std::fs::File, FileError> {
        self.file.as_file().try_clone().map_err(|source| self.output(source))
    }

    /// Syncs the file and gives it its name; without `force` nothing is overwritten.
    ///
    /// # Errors
    /// [`FileError::Exists`], [`FileError::Output`]; the temporary file is gone then.
    pub fn commit(self, force: bool) -> Result<(), FileError> {
        let Self { path, file } = self;
        let output = |source| FileError::Output { path: path.clone(), source };
        file.as_file().sync_all().map_err(output)?;
        if force {
            file.persist(&path).map_err(|error| output(error.error))?;
        } else {
            file.persist_noclobber(&path).map_err(|error| match exists(&path) {
                true => FileError::Exists { path: path.clone() },
                false => output(error.error),
            })?;
        }
        sync_dir(parent(&path)?).map_err(output)
    }

    fn output(&self, source: std::io::Error) -> FileError {
        FileError::Output { path: self.path.clone(), source }
    }
}

/// Gives the file at `path` other contents, as a whole: its mode stays. A link is replaced, and what it
/// leads to stays as it is.
///
/// # Errors
/// That it is missing or cannot be looked at; [`FileError::Output`], and then nothing has changed.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mode = fs_err::metadata(path).map_err(|source| read_fault(path, source))?.permissions();
    let mut pending = Pending::create(path, MODE_SECRET)?;
    pending.fill(bytes)?;
    let handle = pending.handle()?;
    handle.set_permissions(mode).map_err(|source| pending.output(source))?;
    pending.commit(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn what_is_replaced_keeps_its_mode_and_links_lead_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs_err::write(&file, b"old").unwrap();
        symlink("file", &link).unwrap();
        for mode in [0o666, 0o640, 0o600] {
            fs_err::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            replace(&file, format!("{mode}").as_bytes()).unwrap();
            assert_eq!(fs_err::read(&file).unwrap(), format!("{mode}").as_bytes());
            assert_eq!(fs_err::metadata(&file).unwrap().permissions().mode() & 0o777, mode);
        }
        replace(&link, b"new").unwrap();
        assert!(!fs_err::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs_err::read(&file).unwrap(), b"384");
        let missing = replace(&dir.path().join("missing"), b"x").unwrap_err();
        assert_eq!(missing.reason(), crate::reason::Reason::FileMissing);
        assert_eq!(super::super::list(dir.path()).unwrap(), ["file", "link"]);
    }
}
