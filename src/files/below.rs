//! A directory below another one, opened so that no link on the way leads out.

use super::{FileError, read_fault};
use rustix::fs::{Mode, OFlags};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};

/// A directory that was opened and lies below another one. What has its path meanwhile does not matter.
#[derive(Debug)]
pub struct OpenBelow(OwnedFd);

impl OpenBelow {
    /// Opens the directory `below`, a relative path, inside of `root`. Links that stay inside of it are
    /// followed where the system can tell (Linux), no others.
    ///
    /// # Errors
    /// [`FileError::Missing`]; [`FileError::LeadsOut`] for a link that leads out of `root`; and when one
    /// of them cannot be opened, or is no directory.
    pub fn open(root: &Path, below: &Path) -> Result<Self, FileError> {
        let fault = |path: PathBuf| move |errno| read_fault(&path, std::io::Error::from(errno));
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root_file =
            rustix::fs::open(root, flags, Mode::empty()).map_err(fault(root.to_owned()))?;
        match inside(&root_file, below, flags) {
            Err(rustix::io::Errno::XDEV) => Err(FileError::LeadsOut { path: root.join(below) }),
            opened => opened.map(Self).map_err(fault(root.join(below))),
        }
    }

    /// A path that leads to the opened directory as long as this is not dropped.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        let folder = if cfg!(target_os = "linux") { "/proc/self/fd" } else { "/dev/fd" };
        Path::new(folder).join(self.0.as_raw_fd().to_string())
    }
}

/// The system looks at each step, also while others rename and link. It asks to try again when they do.
#[cfg(target_os = "linux")]
fn inside(root: &OwnedFd, below: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    use rustix::fs::{ResolveFlags, openat2};
    use rustix::io::Errno;
    const TRIES: usize = 100;
    for _ in 0..TRIES {
        match openat2(root, below, flags, Mode::empty(), ResolveFlags::BENEATH) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(Errno::NOSYS | Errno::PERM) => return step_by_step(root, below, flags),
            opened => return opened,
        }
    }
    Err(Errno::AGAIN)
}

#[cfg(not(target_os = "linux"))]
use step_by_step as inside;

/// Opens one segment after the other, and no links.
fn step_by_step(root: &OwnedFd, below: &Path, flags: OFlags) -> rustix::io::Result<OwnedFd> {
    use rustix::fs::openat;
    use rustix::io::Errno;
    let flags = flags | OFlags::NOFOLLOW;
    let mut at = openat(root, ".", flags, Mode::empty())?;
    for segment in below.components() {
        let std::path::Component::Normal(name) = segment else { return Err(Errno::XDEV) };
        at = match openat(&at, name, flags, Mode::empty()) {
            // A link, which could lead anywhere.
            Err(Errno::LOOP | Errno::NOTDIR) if is_link(&at, name) => return Err(Errno::XDEV),
            opened => opened?,
        };
    }
    Ok(at)
}

fn is_link(folder: &OwnedFd, name: &std::ffi::OsStr) -> bool {
    rustix::fs::readlinkat(folder, name, Vec::new()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::Reason;
    use std::os::unix::fs::symlink;

    /// What was opened, by a file in it.
    fn names(opened: &OpenBelow) -> Vec<std::ffi::OsString> {
        super::super::list(&opened.path()).unwrap()
    }

    #[test]
    fn what_is_below_is_opened_and_links_do_not_lead_out() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs_err::create_dir_all(root.join("a/b")).unwrap();
        fs_err::create_dir(dir.path().join("outside")).unwrap();
        fs_err::write(root.join("a/b/here"), b"").unwrap();
        fs_err::write(root.join("file"), b"").unwrap();
        symlink("a", root.join("inside")).unwrap();
        symlink("../outside", root.join("out")).unwrap();
        symlink(dir.path().join("outside"), root.join("absolute")).unwrap();
        assert_eq!(names(&OpenBelow::open(&root, Path::new("a/b")).unwrap()), ["here"]);
        assert_eq!(names(&OpenBelow::open(&root, Path::new("inside/b")).unwrap()), ["here"]);
        for path in ["out", "absolute", "../outside", "a/../../outside", "/"] {
            let error = OpenBelow::open(&root, Path::new(path)).unwrap_err();
            assert!(matches!(error, FileError::LeadsOut { .. }), "{path}: {error}");
        }
        let missing = OpenBelow::open(&root, Path::new("a/c")).unwrap_err();
        assert_eq!(missing.reason(), Reason::FileMissing);
        let file = OpenBelow::open(&root, Path::new("file")).unwrap_err();
        assert_eq!(file.reason(), Reason::FileUnreadable);
    }

    #[test]
    fn what_was_opened_stays_what_it_is() {
        let dir = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(dir.path().join("root/a")).unwrap();
        fs_err::write(dir.path().join("root/a/here"), b"").unwrap();
        let opened = OpenBelow::open(&dir.path().join("root"), Path::new("a")).unwrap();
        fs_err::rename(dir.path().join("root/a"), dir.path().join("moved")).unwrap();
        symlink("/", dir.path().join("root/a")).unwrap();
        assert_eq!(names(&opened), ["here"]);
    }

    #[test]
    fn without_the_help_of_the_system_no_link_is_followed() {
        let dir = tempfile::tempdir().unwrap();
        fs_err::create_dir_all(dir.path().join("a/b")).unwrap();
        symlink("a", dir.path().join("link")).unwrap();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::open(dir.path(), flags, Mode::empty()).unwrap();
        assert!(step_by_step(&root, Path::new("a/b"), flags).is_ok());
        for path in ["link/b", "link", "../x", "/"] {
            let found = step_by_step(&root, Path::new(path), flags).map(drop);
            assert_eq!(found, Err(rustix::io::Errno::XDEV), "{path}");
        }
    }
}
