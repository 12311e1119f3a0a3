//! Reading and writing files: bounded in, atomic out.
//!
//! The only place of the library that opens files by path. A reader never takes more than its
//! limit and one byte; a writer leaves the whole file or nothing.

mod below;
mod held;
mod pending;
mod places;
mod room;
mod scratch;
mod secret;

pub use below::OpenBelow;
pub use held::Held;
pub use pending::{Pending, replace};
pub use places::{
    DO_NOT_WAIT, absolute, begins, create_dir, digest_of, leads_to, listed, must_be_creatable,
    must_not_exist, open, path_of, private_dir, process_mounts, remove, resident_bytes,
    shows_processes, size_of, write_tree,
};
pub use room::Room;
pub use scratch::{Scratch, is_program, read_executable};
pub use secret::read_stdin_unbuffered;

use crate::reason::Reason;
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Mode of files that hold secrets.
pub const MODE_SECRET: u32 = 0o600;
/// Mode of ordinary files, less what the umask takes.
pub const MODE_FILE: u32 = 0o644;
/// Mode of directories, less what the umask takes.
pub const MODE_DIRECTORY: u32 = 0o755;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// Nothing has that path.
    #[error("{}: no such file or directory", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// Something has that path and cannot be read.
    #[error("{source}")]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the system says; fs-err has put the path into it.
        source: io::Error,
    },
    /// A directory, pipe, socket or device where a regular file is needed.
    #[error("{}: not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A link on the way leads out of the directory in which it lies.
    #[error("{}: a link leads out of the granted directory", path.display())]
    LeadsOut {
        /// The path.
        path: PathBuf,
    },
    /// A stream that broke off.
    #[error("{what}: {source}")]
    Stream {
        /// What was read, for example `standard input`.
        what: String,
        /// What the system says.
        source: io::Error,
    },
    /// More bytes than the limit.
    #[error("{what}: longer than {limit} bytes")]
    TooLarge {
        /// The path, or what was read.
        what: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The output is there already.
    #[error("{}: exists already", path.display())]
    Exists {
        /// The path.
        path: PathBuf,
    },
    /// Others have rights to something that must be ours alone.
    #[error("{}: others can use it (mode {mode:03o})", path.display())]
    Exposed {
        /// The path.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// What must be ours is another user's, who can change it and its permissions.
    #[error("{}: belongs to another user (uid {owner})", path.display())]
    Foreign {
        /// The path.
        path: PathBuf,
        /// The number of the user whose it is.
        owner: u32,
    },
    /// Writing failed; nothing was left behind under that path.
    #[error("cannot write {}: {source}", path.display())]
    Output {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl FileError {
    /// The reason under which the refusal is reported.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::Missing { .. } => Reason::FileMissing,
            Self::Unreadable { .. }
            | Self::NotAFile { .. }
            | Self::LeadsOut { .. }
            | Self::Stream { .. } => Reason::FileUnreadable,
            Self::TooLarge { .. } => Reason::FileTooLarge,
            Self::Exists { .. } => Reason::OutputExists,
            Self::Exposed { .. } => Reason::KeyExposed,
            Self::Foreign { .. } => Reason::CacheExposed,
            Self::Output { .. } => Reason::OutputFailed,
        }
    }
}

/// All bytes of the regular file at `path`, at most `limit` of them.
///
/// # Errors
/// When it is missing, unreadable, not a regular file, or longer.
pub fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    Ok(read_with_mode(path, limit)?.0)
}

/// Bytes of a file, and whether others can read it: both of the same opened file.
pub type WithMode = (Vec<u8>, Result<(), FileError>);

/// As [`read_limited`], and whether others can read it, asked of the very file that was read.
///
/// # Errors
/// As [`read_limited`].
pub fn read_with_mode(path: &Path, limit: u64) -> Result<WithMode, FileError> {
    let fault = |source| read_fault(path, source);
    let file = open(path)?;
    let opened = file.metadata().map_err(fault)?;
    if opened.len() > limit {
        return Err(FileError::TooLarge { what: path.display().to_string(), limit });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(opened.len()).unwrap_or(0));
    let most = limit.saturating_add(1);
    let read = file.take(most).read_to_end(&mut bytes).map_err(fault)?;
    if read as u64 > limit {
        return Err(FileError::TooLarge { what: path.display().to_string(), limit });
    }
    Ok((bytes, places::is_private(path, &opened)))
}

/// As [`read_limited`], and `None` when nothing has that path.
///
/// # Errors
/// When it is unreadable, not a regular file, or longer.
pub fn read_if_present(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FileError> {
    match read_limited(path, limit) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(FileError::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// All bytes that `reader` gives, at most `limit` of them; `what` names it in errors.
///
/// # Errors
/// When reading fails, or there is more.
pub fn read_stream(reader: impl Read, limit: u64, what: &str) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let read = reader
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| FileError::Stream { what: what.to_owned(), source })?;
    if read as u64 > limit {
        return Err(FileError::TooLarge { what: what.to_owned(), limit });
    }
    Ok(bytes)
}

/// Names of what lies in the directory `path`, sorted.
///
/// # Errors
/// When it is missing, unreadable, or not a directory.
pub fn list(path: &Path) -> Result<Vec<std::ffi::OsString>, FileError> {
    let fault = |source| read_fault(path, source);
    let mut names = Vec::new();
    for entry in fs_err::read_dir(path).map_err(fault)? {
        names.push(entry.map_err(fault)?.file_name());
    }
    names.sort();
    Ok(names)
}

/// Whether something, be it a broken link, has that path.
#[must_use]
pub fn exists(path: &Path) -> bool {
    fs_err::symlink_metadata(path).is_ok()
}

/// Writes a file as a whole: a temporary sibling that has `mode` before it has contents, synced,
/// then renamed. Without `force` an existing file stays what it is.
///
/// # Errors
/// [`FileError::Exists`] without `force`; [`FileError::Output`] when writing fails, and then
/// nothing has changed.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32, force: bool) -> Result<(), FileError> {
    if !force && exists(path) {
        return Err(FileError::Exists { path: path.to_owned() });
    }
    let parent = folder(path)?;
    check_replaceable(path)?;
    write_beside(parent, path, bytes, mode, force).map_err(|source| {
        if source.kind() == io::ErrorKind::AlreadyExists && !force {
            FileError::Exists { path: path.to_owned() }
        } else {
            FileError::Output { path: path.to_owned(), source }
        }
    })
}

/// A file of a directory that is written as a whole: name, contents, mode.
pub type DirFile<'a> = (&'a str, &'a [u8], u32);

/// Writes a directory as a whole: a temporary sibling with all `files`, synced, then renamed.
/// With `force` whatever had that path is moved aside and then removed *with all its contents*:
/// the caller must have looked at what it is.
///
/// # Errors
/// [`FileError::Exists`] without `force`; [`FileError::Output`] when writing fails, and then the
/// old directory is in its place.
pub fn write_dir_new(path: &Path, files: &[DirFile<'_>], force: bool) -> Result<(), FileError> {
    if !force && exists(path) {
        return Err(FileError::Exists { path: path.to_owned() });
    }
    let parent = folder(path)?;
    replace_dir(parent, path, files)
        .map_err(|source| FileError::Output { path: path.to_owned(), source })
}

fn read_fault(path: &Path, source: io::Error) -> FileError {
    let path = path.to_owned();
    if source.kind() == io::ErrorKind::NotFound {
        FileError::Missing { path }
    } else {
        FileError::Unreadable { path, source }
    }
}

/// Renaming would replace a device or pipe by a file, `/dev/null` for everybody.
fn check_replaceable(path: &Path) -> Result<(), FileError> {
    match fs_err::symlink_metadata(path) {
        Ok(found) if !found.is_file() && !found.is_symlink() => Err(FileError::Output {
            path: path.to_owned(),
            source: io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"),
        }),
        _ => Ok(()),
    }
}

/// The directory in which `path` lies; `.` for a bare name.
fn parent(path: &Path) -> Result<&Path, FileError> {
    let not_a_name = || FileError::Output {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"),
    };
    path.file_name().ok_or_else(not_a_name)?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => Ok(parent),
        _ => Ok(Path::new(".")),
    }
}

/// As [`parent`], of something that is to be made: the directory must be there.
fn folder(path: &Path) -> Result<&Path, FileError> {
    let folder = parent(path)?;
    if exists(folder) {
        return Ok(folder);
    }
    let why = format!("there is no folder {}", folder.display());
    let source = io::Error::new(io::ErrorKind::NotFound, why);
    Err(FileError::Output { path: path.to_owned(), source })
}

fn write_beside(
    parent: &Path,
    path: &Path,
    bytes: &[u8],
    mode: u32,
    force: bool,
) -> io::Result<()> {
    let mut file = temporary(mode).tempfile_in(parent)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    let persisted = if force { file.persist(path) } else { file.persist_noclobber(path) };
    persisted.map_err(|error| error.error)?;
    sync_dir(parent)
}

fn replace_dir(parent: &Path, path: &Path, files: &[DirFile<'_>]) -> io::Result<()> {
    let new = temporary(MODE_DIRECTORY).tempdir_in(parent)?;
    for (name, bytes, mode) in files {
        write_beside(new.path(), &new.path().join(name), bytes, *mode, false)?;
    }
    if !exists(path) {
        fs_err::rename(new.path(), path)?;
    } else {
        // The aside directory removes the old one when it goes out of scope.
        let aside = temporary(MODE_DIRECTORY).tempdir_in(parent)?;
        let old = aside.path().join("old");
        fs_err::rename(path, &old)?;
        if let Err(error) = fs_err::rename(new.path(), path) {
            fs_err::rename(&old, path)?;
            return Err(error);
        }
    }
    // Renamed away: there is nothing left to remove under the temporary name.
    let _ = new.keep();
    sync_dir(parent)
}

fn sync_dir(path: &Path) -> io::Result<()> {
    fs_err::File::open(path)?.sync_all()
}

fn temporary(mode: u32) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(OsStr::new(".provenact-")).suffix(OsStr::new(".tmp"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn reading_is_bounded_and_names_what_is_wrong() {
        let dir = directory();
        let path = dir.path().join("f");
        write_new(&path, b"12345", MODE_FILE, false).unwrap();
        assert_eq!(read_limited(&path, 5).unwrap(), b"12345");
        assert_eq!(read_limited(&path, 4).unwrap_err().reason(), Reason::FileTooLarge);
        let missing = dir.path().join("g");
        assert_eq!(read_limited(&missing, 4).unwrap_err().reason(), Reason::FileMissing);
        assert!(read_if_present(&missing, 4).unwrap().is_none());
        assert_eq!(read_limited(dir.path(), 4).unwrap_err().reason(), Reason::FileUnreadable);
        assert_eq!(read_stream(&b"1234"[..], 4, "input").unwrap(), b"1234");
        assert!(read_stream(io::repeat(0), 4, "input").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_loop_of_links_is_an_error_that_names_the_path_once() {
        let dir = directory();
        let path = dir.path().join("loop");
        std::os::unix::fs::symlink(&path, &path).unwrap();
        let error = read_limited(&path, 4).unwrap_err();
        assert_eq!(error.reason(), Reason::FileUnreadable);
        assert_eq!(error.to_string().matches("loop").count(), 1, "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn writing_is_whole_and_keeps_what_exists() {
        use std::os::unix::fs::PermissionsExt;
        let dir = directory();
        let path = dir.path().join("key");
        write_new(&path, b"old", MODE_SECRET, false).unwrap();
        let error = write_new(&path, b"new", MODE_SECRET, false).unwrap_err();
        assert_eq!(error.reason(), Reason::OutputExists);
        assert_eq!(fs_err::read(&path).unwrap(), b"old");
        write_new(&path, b"new", MODE_SECRET, true).unwrap();
        assert_eq!(fs_err::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let device = Path::new("/dev/null");
        let error = write_new(device, b"", MODE_FILE, true).unwrap_err();
        assert_eq!(error.reason(), Reason::OutputFailed);
        let nowhere = dir.path().join("no/such/dir");
        let error = write_new(&nowhere, b"", MODE_FILE, false).unwrap_err();
        assert_eq!(error.reason(), Reason::OutputFailed);
        assert_eq!(list(dir.path()).unwrap(), ["key"], "nothing is left behind");
    }

    #[test]
    fn directories_are_replaced_as_a_whole() {
        let dir = directory();
        let path = dir.path().join("d");
        write_dir_new(&path, &[("a", b"1", MODE_FILE), ("b", b"2", MODE_FILE)], false).unwrap();
        assert_eq!(list(&path).unwrap(), ["a", "b"]);
        let again = write_dir_new(&path, &[("c", b"3", MODE_FILE)], false).unwrap_err();
        assert_eq!(again.reason(), Reason::OutputExists);
        write_dir_new(&path, &[("c", b"3", MODE_FILE)], true).unwrap();
        assert_eq!(list(&path).unwrap(), ["c"]);
        assert!(write_dir_new(&path, &[("no/dir", b"", MODE_FILE)], true).is_err());
        assert_eq!(list(&path).unwrap(), ["c"], "the old one is in its place");
        assert_eq!(list(dir.path()).unwrap(), ["d"], "nothing is left behind");
    }
}
