//! Questions about paths, and small steps that commands take.

use super::{
    FileError, MODE_SECRET, exists, folder, list, parent, read_fault, read_if_present, temporary,
    write_beside,
};
use crate::digest::Sha256;
use crate::limits;
use fs_err::os::unix::fs::OpenOptionsExt as _;
use rustix::fs::OFlags;
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Fails when something has that path already.
///
/// # Errors
/// [`FileError::Exists`].
pub fn must_not_exist(path: &Path) -> Result<(), FileError> {
    if exists(path) { Err(FileError::Exists { path: path.to_owned() }) } else { Ok(()) }
}

/// Fails when a new directory cannot be made at `path`: it tries, and leaves nothing.
///
/// # Errors
/// [`FileError::Exists`], [`FileError::Output`].
pub fn must_be_creatable(path: &Path) -> Result<(), FileError> {
    must_not_exist(path)?;
    let output = |source| FileError::Output { path: path.to_owned(), source };
    temporary(super::MODE_DIRECTORY).tempdir_in(folder(path)?).map_err(output)?;
    Ok(())
}

/// Fails when `path` is another user's, or when group or others have any right to it.
fn must_be_ours_alone(path: &Path) -> Result<(), FileError> {
    let metadata = fs_err::metadata(path).map_err(|source| read_fault(path, source))?;
    let owner = metadata.uid();
    // Mode 0700 keeps nobody out of what is theirs: an administrator may find the home of a user here.
    if owner != rustix::process::geteuid().as_raw() {
        return Err(FileError::Foreign { path: path.to_owned(), owner });
    }
    is_private(path, &metadata)
}

/// Refuses what others can read, by what is known of the file that was opened.
pub(super) fn is_private(path: &Path, metadata: &std::fs::Metadata) -> Result<(), FileError> {
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(FileError::Exposed { path: path.to_owned(), mode }) }
}

/// Bytes of memory that this program has now; `None` where the system does not say it so (Linux does).
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let status = fs_err::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Where this system shows processes and their memory as files (Linux: mounts of the type `proc`). Where
/// the list of mounts cannot be read, the usual place.
#[must_use]
pub fn process_mounts() -> Vec<PathBuf> {
    match read_if_present(Path::new("/proc/self/mountinfo"), limits::MOUNTS_BYTES) {
        Ok(None) => Vec::new(),
        Ok(Some(list)) => process_mounts_in(&list),
        Err(_) => vec![PathBuf::from("/proc")],
    }
}

/// Whether `directory` is a view of processes itself, whatever the list of mounts says.
#[cfg(target_os = "linux")]
#[must_use]
pub fn shows_processes(directory: &Path) -> bool {
    rustix::fs::statfs(directory).is_ok_and(|of| of.f_type == rustix::fs::PROC_SUPER_MAGIC)
}

/// Elsewhere processes are no files.
#[cfg(not(target_os = "linux"))]
#[must_use]
pub fn shows_processes(_: &Path) -> bool {
    false
}

/// Where `path` leads, whether there is something or not: what is made under that path lies there.
#[must_use]
pub fn leads_to(path: &Path) -> Option<PathBuf> {
    // As many links as Linux follows.
    follow(path, 40)
}

fn follow(path: &Path, links: usize) -> Option<PathBuf> {
    match (absolute(path), fs_err::read_link(path)) {
        (Ok(place), _) => Some(place),
        (Err(_), Ok(to)) => follow(&parent(path).ok()?.join(to), links.checked_sub(1)?),
        (Err(_), Err(_)) => Some(follow(parent(path).ok()?, links)?.join(path.file_name()?)),
    }
}

/// The mounts of the type `proc` in a list as `/proc/self/mountinfo` is (proc(5)): the fifth word of a line
/// is the place, the first after a dash is the type.
fn process_mounts_in(list: &[u8]) -> Vec<PathBuf> {
    let place = |line: &[u8]| {
        let mut words = line.split(|byte| *byte == b' ');
        let place = words.nth(4)?;
        let ty = words.skip_while(|word| *word != b"-").nth(1)?;
        (ty == b"proc").then(|| PathBuf::from(OsString::from_vec(unescaped(place))))
    };
    list.split(|byte| *byte == b'\n').filter_map(place).collect()
}

/// Blanks, line ends and backslashes stand as three octal digits after a backslash.
fn unescaped(word: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let [first, others @ ..] = rest {
        rest = match (first, others) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', after @ ..]) => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                after
            }
            _ => {
                bytes.push(*first);
                others
            }
        };
    }
    bytes
}

/// Makes the directory `path` with mode 0700, and its parents; one that others can enter, or that is
/// another user's, is refused.
///
/// # Errors
/// [`FileError::Exposed`], [`FileError::Foreign`], [`FileError::Output`].
pub fn private_dir(path: &Path) -> Result<PathBuf, FileError> {
    let output = |source| FileError::Output { path: path.to_owned(), source };
    if !exists(path) {
        fs_err::create_dir_all(parent(path)?).map_err(output)?;
        let made = std::fs::DirBuilder::new().mode(0o700).create(path);
        // Two programs that start at once both want to make it.
        made.or_else(|e| if exists(path) { Ok(()) } else { Err(e) }).map_err(output)?;
    }
    must_be_ours_alone(path)?;
    absolute(path)
}

/// The absolute path of something that is there.
///
/// # Errors
/// When it is not there.
pub fn absolute(path: &Path) -> Result<PathBuf, FileError> {
    fs_err::canonicalize(path).map_err(|source| read_fault(path, source))
}

/// Makes a new directory.
///
/// # Errors
/// [`FileError::Exists`], [`FileError::Output`].
pub fn create_dir(path: &Path) -> Result<(), FileError> {
    must_not_exist(path)?;
    let output = |source| FileError::Output { path: path.to_owned(), source };
    fs_err::create_dir(path).map_err(output)
}

/// Removes a file or a whole directory; what is not there is fine.
///
/// # Errors
/// [`FileError::Output`].
pub fn remove(path: &Path) -> Result<(), FileError> {
    let removed = match fs_err::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(metadata) if metadata.is_dir() => fs_err::remove_dir_all(path),
        Ok(_) => fs_err::remove_file(path),
    };
    removed.map_err(|source| FileError::Output { path: path.to_owned(), source })
}

/// With this flag, opening a pipe does not wait for its other end: what was opened can be asked what it
/// is (open(2), `O_NONBLOCK`).
#[expect(clippy::cast_possible_wrap, reason = "the flags of the system are an int in C")]
pub const DO_NOT_WAIT: i32 = OFlags::NONBLOCK.bits() as i32;

/// Opens a regular file to be read as a stream.
///
/// # Errors
/// When it is missing, unreadable, or not a regular file.
pub fn open(path: &Path) -> Result<fs_err::File, FileError> {
    let fault = |source| read_fault(path, source);
    let file = fs_err::OpenOptions::new()
        .read(true)
        .custom_flags(DO_NOT_WAIT)
        .open(path)
        .map_err(fault)?;
    if !file.metadata().map_err(fault)?.is_file() {
        return Err(FileError::NotAFile { path: path.to_owned() });
    }
    Ok(file)
}

/// The first `len` bytes of a file, fewer when it is shorter.
///
/// # Errors
/// As [`open`], and when reading fails.
pub fn begins(path: &Path, len: usize) -> Result<Vec<u8>, FileError> {
    let mut bytes = Vec::new();
    let read = open(path)?.take(len as u64).read_to_end(&mut bytes);
    read.map_err(|source| read_fault(path, source))?;
    Ok(bytes)
}

/// The path that these bytes are.
#[must_use]
pub fn path_of(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes))
}

/// Bytes of a file, or of the files in a directory; of what cannot be looked at, none.
#[must_use]
pub fn size_of(path: &Path) -> u64 {
    listed(path).iter().filter_map(|file| fs_err::metadata(file).ok()).map(|file| file.len()).sum()
}

/// SHA-256 of a file, read as a stream.
///
/// # Errors
/// As [`open`], and when reading fails.
pub fn digest_of(path: &Path) -> Result<[u8; 32], FileError> {
    let mut file = open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hash.finish()),
            Ok(read) => hash.update(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(read_fault(path, source)),
        }
    }
}

/// The file `place`, or the files in the directory `place` and in bundles in it, sorted. What
/// cannot be listed has no files.
#[must_use]
pub fn listed(place: &Path) -> Vec<PathBuf> {
    if !place.is_dir() {
        return vec![place.to_owned()];
    }
    let inside = |folder: &Path| -> Vec<PathBuf> {
        let names = list(folder).unwrap_or_default();
        names.iter().map(|name| folder.join(name)).collect()
    };
    let mut files = Vec::new();
    for path in inside(place) {
        if path.extension().is_some_and(|end| end == "skill") && path.is_dir() {
            files.extend(inside(&path));
        } else if path.is_file() {
            files.push(path);
        }
    }
    files
}

/// Writes a new directory with files in folders, for us alone to read, all of it or nothing.
///
/// # Errors
/// [`FileError::Exists`], [`FileError::Output`].
pub fn write_tree(path: &Path, files: &[(PathBuf, &[u8])]) -> Result<(), FileError> {
    must_not_exist(path)?;
    let beside = folder(path)?;
    let write = || -> io::Result<()> {
        let new = temporary(super::MODE_DIRECTORY).tempdir_in(beside)?;
        for (name, bytes) in files {
            let file = new.path().join(name);
            let folder = file.parent().unwrap_or(new.path());
            fs_err::create_dir_all(folder)?;
            write_beside(folder, &file, bytes, MODE_SECRET, false)?;
        }
        fs_err::rename(new.path(), path)
    };
    write().map_err(|source| FileError::Output { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_of_processes_are_found_in_the_list_of_mounts() {
        let list = b"22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw,nosuid shared:2 master:1 - proc proc rw
24 22 0:22 / /sys rw - sysfs proc rw
25 22 0:23 /sys /jail/a\\040b\\134c rw - proc none rw
26 22 0:24 / /tmp/proc rw shared:3 - tmpfs proc rw
27 22 0:25
";
        let found = process_mounts_in(list);
        assert_eq!(found, [Path::new("/proc"), Path::new("/jail/a b\\c")]);
        assert_eq!(unescaped(b"a\\400\\04"), b"a\\400\\04");
    }
}
