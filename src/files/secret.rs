//! Reading secrets: no copy of them stays behind in memory.

use super::FileError;
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use zeroize::Zeroizing;

/// All bytes of standard input, at most `limit` of them. Past the buffer of [`std::io::stdin`],
/// which keeps what went through it until the end of the process.
///
/// # Errors
/// When reading fails, or there is more.
pub fn read_stdin_unbuffered(limit: u64) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let what = || "standard input".to_owned();
    let fault = |source| FileError::Stream { what: what(), source };
    let own = io::stdin().as_fd().try_clone_to_owned().map_err(fault)?;
    let mut stdin = std::fs::File::from(own);
    // As large as it can become: growing would leave copies behind.
    let room = usize::try_from(limit.saturating_add(1)).unwrap_or(usize::MAX);
    let mut bytes = Zeroizing::new(vec![0; room]);
    let mut filled = 0;
    while let Some(free) = bytes.get_mut(filled..).filter(|free| !free.is_empty()) {
        match stdin.read(free) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(fault(source)),
        }
    }
    if filled as u64 > limit {
        return Err(FileError::TooLarge { what: what(), limit });
    }
    bytes.truncate(filled);
    Ok(bytes)
}
