//! Which provenact this is.

use super::error::CommandError;
use crate::attest::provenance::Tool;
use crate::digest::ToolDigest;
use crate::reason::Reason;

/// Digest of the source that this program was built from, as `build.rs` computes it.
const SOURCE: &str = env!("PROVENACT_SOURCE_SHA256");

/// What `--version` prints after the name.
pub const LONG_VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION"), "\nsource sha256:", env!("PROVENACT_SOURCE_SHA256"));

/// This program, as provenance names it.
pub fn this() -> Result<Tool, CommandError> {
    let source = ToolDigest::from_hex(SOURCE)
        .map_err(|error| CommandError::new(Reason::OutputFailed, error.to_string()))?;
    Ok(Tool { version: env!("CARGO_PKG_VERSION").to_owned(), source })
}
