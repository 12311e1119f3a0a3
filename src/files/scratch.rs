//! A directory for what is needed for a while only.

use super::{FileError, read_fault};
use std::ffi::OsString;
use std::fs::{FileTimes, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// A directory of ours alone among the system's temporary ones; it vanishes with this value.
#[derive(Debug)]
pub struct Scratch {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

impl Scratch {
    /// A new one.
    ///
    /// # Errors
    /// [`FileError::Output`] when there is no place for it.
    pub fn new() -> Result<Self, FileError> {
        let made = tempfile::Builder::new().prefix("provenact-").tempdir();
        let output = |source| FileError::Output { path: "a temporary directory".into(), source };
        let directory = made.map_err(output)?;
        let path = super::absolute(directory.path())?;
        Ok(Self { _directory: directory, path })
    }

    /// Its absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the directory `name` in it, and those that it lies in.
    ///
    /// # Errors
    /// [`FileError::Output`].
    pub fn folder(&self, name: &Path) -> Result<PathBuf, FileError> {
        let path = self.path.join(name);
        fs_err::create_dir_all(&path)
            .map_err(|source| FileError::Output { path: path.clone(), source })?;
        Ok(path)
    }

    /// Writes a new file `name` in it, last changed `epoch` seconds after 1970. Its mode is the same
    /// whatever our umask is.
    ///
    /// # Errors
    /// [`FileError::Output`].
    pub fn lay(
        &self,
        name: &Path,
        bytes: &[u8],
        executable: bool,
        epoch: u64,
    ) -> Result<(), FileError> {
        if let Some(folder) = name.parent() {
            self.folder(folder)?;
        }
        let path = self.path.join(name);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(epoch);
        let write = || {
            let mode = if executable { 0o755 } else { 0o644 };
            let mut file = fs_err::OpenOptions::new().write(true).create_new(true).open(&path)?;
            file.write_all(bytes)?;
            file.file().set_permissions(Permissions::from_mode(mode))?;
            file.file().set_times(FileTimes::new().set_modified(time).set_accessed(time))
        };
        write().map_err(|source| FileError::Output { path: path.clone(), source })
    }

    /// The names in the directory `name` in it, in the order in which the system lists them.
    ///
    /// # Errors
    /// As [`super::read_limited`].
    pub fn listing(&self, name: &Path) -> Result<Vec<OsString>, FileError> {
        let path = self.path.join(name);
        let list = || {
            let entries = fs_err::read_dir(&path)?;
            entries.map(|entry| Ok(entry?.file_name())).collect::<Result<_, std::io::Error>>()
        };
        list().map_err(|source| read_fault(&path, source))
    }
}

/// All bytes of the regular file at `path`, at most `limit` of them, and whether its owner may execute
/// it. The path itself is no link.
///
/// # Errors
/// As [`super::read_limited`].
pub fn read_executable(path: &Path, limit: u64) -> Result<(Vec<u8>, bool), FileError> {
    let metadata = fs_err::symlink_metadata(path).map_err(|source| read_fault(path, source))?;
    if !metadata.is_file() {
        return Err(FileError::NotAFile { path: path.to_owned() });
    }
    let bytes = super::read_limited(path, limit)?;
    Ok((bytes, metadata.permissions().mode() & 0o100 != 0))
}

/// Whether `path` is a file that somebody may execute.
#[must_use]
pub fn is_program(path: &Path) -> bool {
    let metadata = fs_err::metadata(path);
    metadata.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
