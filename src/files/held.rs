//! A directory held against other programs of ours.

use super::FileError;
use std::io::ErrorKind;
use std::path::Path;

/// A directory that nobody else holds. It is let go when this is dropped, or the program ends.
///
/// Only who asks is kept waiting: this is for programs that read, change and replace the same file.
#[derive(Debug)]
pub struct Held {
    _directory: Option<fs_err::File>,
}

impl Held {
    /// Waits until nobody else holds the directory `path`, and holds it.
    ///
    /// Where directories cannot be locked (some network file systems, other systems than Unix)
    /// nothing is held.
    ///
    /// # Errors
    /// When it is missing or cannot be read.
    pub fn wait(path: &Path) -> Result<Self, FileError> {
        if !cfg!(unix) {
            return Ok(Self { _directory: None });
        }
        let fault = |source| super::read_fault(path, source);
        let directory = fs_err::File::open(path).map_err(fault)?;
        match directory.file().lock() {
            Ok(()) => Ok(Self { _directory: Some(directory) }),
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(Self { _directory: None }),
            Err(error) => Err(fault(error)),
        }
    }
}
