//! Room for a file that grows: taken before it is needed, so that what has to be written fits even when
//! the disk is full.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// Room that a file has on its disk beyond what was written to it. Whoever ends the file cuts it.
#[derive(Debug)]
pub struct Room {
    file: File,
    held: u64,
}

impl Room {
    pub(super) fn of(file: File) -> Self {
        Self { file, held: 0 }
    }

    /// Holds room up to the offset `end`.
    ///
    /// # Errors
    /// When the disk, a quota or the limit on the size of files does not allow it; what was held before
    /// is held still.
    pub fn hold(&mut self, end: u64) -> io::Result<()> {
        if end > self.held {
            allocate(&self.file, self.held, end)?;
            self.held = end;
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn allocate(file: &File, from: u64, to: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;
    loop {
        match fallocate(file, FallocateFlags::empty(), from, to - from) {
            Ok(()) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => return zeros(file, from, to),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(not(target_os = "linux"))]
use zeros as allocate;

/// Room where the system cannot set it aside: zeros, where nothing was written yet.
fn zeros(file: &File, from: u64, to: u64) -> io::Result<()> {
    let zeros = [0; 16 << 10];
    let mut at = from.max(file.metadata()?.len());
    while at < to {
        let most = usize::try_from(to - at).unwrap_or(usize::MAX).min(zeros.len());
        file.write_all_at(zeros.get(..most).unwrap_or_default(), at)?;
        at += most as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn room_changes_nothing_that_was_written() {
        for take in [allocate, zeros] {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(b"what is there").unwrap();
            take(&file, 0, 100_000).unwrap();
            file.write_all(b" stays").unwrap();
            take(&file, 100_000, 100_001).unwrap();
            assert_eq!(file.metadata().unwrap().len(), 100_001);
            let mut found = [1; 30];
            file.read_exact_at(&mut found, 0).unwrap();
            assert_eq!(&found, b"what is there stays\0\0\0\0\0\0\0\0\0\0\0");
        }
    }
}
