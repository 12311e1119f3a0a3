//! The bundle directory `NAME.skill/` (spec/bundle.md).

use super::Error;
use crate::files::{self, FileError, MODE_FILE};
use crate::limits;
use std::path::{Path, PathBuf};

pub(super) const WASM: &str = "skill.wasm";
pub(super) const MANIFEST: &str = "manifest.json";
const ATTESTATIONS: &str = "attestations.intoto.jsonl";
const COMPANION: &str = "skill.debug.wasm";
const ORIGINAL: &str = "skill.orig.wasm";
const PARTS: [&str; 5] = [ATTESTATIONS, MANIFEST, COMPANION, ORIGINAL, WASM];

/// The parts of a bundle as they were read, each file once: what is checked is what is used.
///
/// Nothing is known about the bytes yet; `wasm/`, [`super::Manifest`] and `attest/` judge them.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// `manifest.json`.
    pub manifest: Vec<u8>,
    /// `skill.wasm`.
    pub wasm: Vec<u8>,
    /// `attestations.intoto.jsonl`, which is there once someone attested.
    pub attestations: Option<Vec<u8>>,
}

impl Bundle {
    /// Reads the bundle at `directory`, without its debug companion.
    ///
    /// # Errors
    /// When it is missing, unreadable, not a directory, or lacks a part.
    pub fn read(directory: &Path) -> Result<Self, Error> {
        check_directory(directory)?;
        Ok(Self {
            manifest: part(directory, MANIFEST, limits::MANIFEST_BYTES)?,
            wasm: part(directory, WASM, limits::MODULE_BYTES)?,
            attestations: files::read_if_present(
                &directory.join(ATTESTATIONS),
                limits::ATTESTATIONS_BYTES,
            )?,
        })
    }
}

/// The debug companion of the bundle at `directory`, if it has one.
///
/// # Errors
/// When it is there and cannot be read.
pub fn read_companion(directory: &Path) -> Result<Option<Vec<u8>>, Error> {
    Ok(files::read_if_present(&directory.join(COMPANION), limits::COMPANION_BYTES)?)
}

/// The module that went into the bundle at `directory`, if it was kept. It is there to be compared,
/// never to be executed.
///
/// # Errors
/// When it is there and cannot be read.
pub fn read_original(directory: &Path) -> Result<Option<Vec<u8>>, Error> {
    Ok(files::read_if_present(&directory.join(ORIGINAL), limits::MODULE_BYTES)?)
}

/// Where the attestations of the bundle at `directory` are, once there are any.
#[must_use]
pub fn attestations_path(directory: &Path) -> PathBuf {
    directory.join(ATTESTATIONS)
}

/// The parts of a bundle that `build` makes.
#[derive(Debug, Clone, Copy)]
pub struct NewBundle<'a> {
    /// `manifest.json`.
    pub manifest: &'a [u8],
    /// `skill.wasm`.
    pub wasm: &'a [u8],
    /// `skill.debug.wasm`.
    pub companion: &'a [u8],
    /// `skill.orig.wasm`, when the module that went in is to be kept.
    pub original: Option<&'a [u8]>,
}

/// What writing a bundle came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// There was none before.
    New,
    /// Another one was replaced, and its attestations with it.
    Replaced,
    /// The same bundle was there already; it and its attestations were left alone, but for an
    /// original that was asked for and not there.
    Unchanged,
}

impl NewBundle<'_> {
    /// Writes the bundle to `directory` as a whole. The same bundle is left alone; a different one
    /// is replaced with `force`, anything else than a bundle never.
    ///
    /// # Errors
    /// When another bundle is there and `force` is not given, something else is there, or writing
    /// fails; then nothing has changed.
    pub fn write(&self, directory: &Path, force: bool) -> Result<Written, Error> {
        let existed = files::exists(directory);
        if existed {
            if self.is_at(directory) {
                self.add_original(directory)?;
                return Ok(Written::Unchanged);
            }
            if !force {
                return Err(FileError::Exists { path: directory.to_owned() }.into());
            }
            check_replaceable(directory)?;
        }
        let mut files = vec![
            (WASM, self.wasm, MODE_FILE),
            (MANIFEST, self.manifest, MODE_FILE),
            (COMPANION, self.companion, MODE_FILE),
        ];
        files.extend(self.original.map(|bytes| (ORIGINAL, bytes, MODE_FILE)));
        files::write_dir_new(directory, &files, force)?;
        Ok(if existed { Written::Replaced } else { Written::New })
    }

    fn is_at(&self, directory: &Path) -> bool {
        let same = |name, bytes: &[u8]| {
            files::read_limited(&directory.join(name), bytes.len() as u64)
                .is_ok_and(|found| found == bytes)
        };
        let kept = directory.join(ORIGINAL);
        same(MANIFEST, self.manifest)
            && same(WASM, self.wasm)
            && same(COMPANION, self.companion)
            && self.original.is_none_or(|bytes| !files::exists(&kept) || same(ORIGINAL, bytes))
    }

    /// Adds the original to a bundle that is the same otherwise: its companion names the source
    /// already, so that nothing which was attested becomes untrue.
    fn add_original(&self, directory: &Path) -> Result<(), Error> {
        let path = directory.join(ORIGINAL);
        match self.original {
            Some(bytes) if !files::exists(&path) => {
                Ok(files::write_new(&path, bytes, MODE_FILE, false)?)
            }
            _ => Ok(()),
        }
    }
}

/// Appends one attestation to the bundle at `directory`: the JSON text of an envelope, without a
/// line end. Says whether it was appended; a line that is there already is not repeated.
///
/// The file is replaced as a whole. Of two programs that append at once, one waits for the other.
///
/// # Errors
/// When the line is empty or has a line end, the file grows above its limit, or cannot be read or
/// written.
pub fn append_attestation(directory: &Path, line: &[u8]) -> Result<bool, Error> {
    let refuse =
        |what: &str| Err(Error::Bundle { path: directory.to_owned(), what: what.to_owned() });
    check_directory(directory)?;
    if line.is_empty() || line.contains(&b'\n') || line.contains(&b'\r') {
        return refuse("an attestation is one line");
    }
    let _held = files::Held::wait(directory)?;
    let path = attestations_path(directory);
    let old = files::read_if_present(&path, limits::ATTESTATIONS_BYTES)?;
    let is_new = old.is_none();
    let mut lines = old.unwrap_or_default();
    if lines.split(|byte| *byte == b'\n').any(|old| old == line) {
        return Ok(false);
    }
    if lines.last().is_some_and(|last| *last != b'\n') {
        lines.push(b'\n');
    }
    lines.extend_from_slice(line);
    lines.push(b'\n');
    if lines.len() as u64 > limits::ATTESTATIONS_BYTES {
        return refuse("no room for another attestation");
    }
    if is_new {
        files::write_new(&path, &lines, MODE_FILE, true)?;
    } else {
        files::replace(&path, &lines)?;
    }
    Ok(true)
}

/// A directory that can be listed; a file in its place has an error that says so.
pub(super) fn check_directory(path: &Path) -> Result<(), Error> {
    match files::list(path) {
        Ok(_) => Ok(()),
        Err(FileError::Unreadable { source, .. })
            if source.kind() == std::io::ErrorKind::NotADirectory =>
        {
            let what = "a file; a bundle is a directory".to_owned();
            Err(Error::Bundle { path: path.to_owned(), what })
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn part(directory: &Path, name: &str, limit: u64) -> Result<Vec<u8>, Error> {
    files::read_if_present(&directory.join(name), limit)?.ok_or_else(|| Error::Bundle {
        path: directory.to_owned(),
        what: format!("not a bundle: {name} is missing"),
    })
}

/// Replacing removes all that is there: only a directory with nothing but parts of a bundle may go.
fn check_replaceable(directory: &Path) -> Result<(), Error> {
    let names = files::list(directory).unwrap_or_else(|_| vec!["?".into()]);
    if names.iter().all(|name| PARTS.iter().any(|part| name == part)) {
        return Ok(());
    }
    Err(Error::NotReplaced { path: directory.to_owned() })
}
