//! Bundles of the format v0 (spec/v0-bundle.md): their files, their manifest, and what becomes of the
//! capabilities that it names. Nothing here is verified; `verify` does that.

mod capability;
mod error;
mod manifest;

pub use capability::Mapped;
pub use error::Error;
pub use manifest::Manifest;

use super::bundle::{MANIFEST, WASM, check_directory, part};
use crate::{files, limits};
use std::ffi::OsString;
use std::path::Path;

const SIGNATURES: &str = "signatures.json";

/// The files of a bundle of the format v0 as they were read, each once: what is checked is what is used.
#[derive(Debug, Clone)]
pub struct Folder {
    /// `manifest.json`.
    pub manifest: Vec<u8>,
    /// `signatures.json`.
    pub signatures: Vec<u8>,
    /// `skill.wasm`.
    pub wasm: Vec<u8>,
    /// Names of everything else that lies there, sorted. None of it was read.
    pub not_read: Vec<OsString>,
}

impl Folder {
    /// Reads the three files that a bundle has, and no other.
    ///
    /// # Errors
    /// When the directory or one of the three is missing, unreadable or too large.
    pub fn read(directory: &Path) -> Result<Self, super::Error> {
        check_directory(directory)?;
        let mut not_read = files::list(directory)?;
        not_read.retain(|name| ![MANIFEST, SIGNATURES, WASM].iter().any(|read| name == read));
        Ok(Self {
            manifest: part(directory, MANIFEST, limits::V0_BYTES)?,
            signatures: part(directory, SIGNATURES, limits::V0_BYTES)?,
            wasm: part(directory, WASM, limits::MODULE_BYTES)?,
            not_read,
        })
    }
}
