//! What a replay reproduced, kept in full: streams and files.

use super::error::CommandError;
use crate::files;
use crate::runtime::{Effect, Keep};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Streams and files of one replay, shared with the execution that fills it.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Content>>);

#[derive(Default)]
struct Content {
    stdin: Vec<u8>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// Files that were written, as far as the writes tell: what was there before is unknown.
    written: BTreeMap<String, Vec<u8>>,
    /// Files that were read, as far as they were read.
    read: BTreeMap<String, Vec<u8>>,
}

impl Keep for Kept {
    fn keep(&mut self, effect: &Effect<'_>) {
        let mut content = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let content = &mut *content;
        match effect {
            Effect::Stdin(data) => content.stdin.extend_from_slice(data),
            Effect::Stdout(data) => content.stdout.extend_from_slice(data),
            Effect::Stderr(data) => content.stderr.extend_from_slice(data),
            Effect::Read(path, at, data) => put(&mut content.read, path, *at, data),
            Effect::Written(path, at, data) => put(&mut content.written, path, *at, data),
            Effect::Created(path, empty) => {
                let file = content.written.entry(path.to_string()).or_default();
                if *empty {
                    file.clear();
                }
            }
            Effect::Resized(path, size) => {
                let file = content.written.entry(path.to_string()).or_default();
                // Growing is not materialized: a sparse size costs nothing to claim.
                file.truncate(usize::try_from(*size).unwrap_or(usize::MAX));
            }
            Effect::Renamed(from, to) => {
                if let Some(file) = content.written.remove(&**from) {
                    content.written.insert(to.to_string(), file);
                }
            }
            Effect::Removed(path) => {
                content.written.remove(&**path);
            }
            Effect::Environment => {}
        }
    }
}

/// Puts `data` at its offset, or at the end when it was appended.
fn put(files: &mut BTreeMap<String, Vec<u8>>, path: &str, at: Option<u64>, data: &[u8]) {
    let file = files.entry(path.to_owned()).or_default();
    let start = match at {
        Some(at) => usize::try_from(at).unwrap_or(usize::MAX),
        None => file.len(),
    };
    let end = start.saturating_add(data.len());
    // A write far beyond the end is a hole that no honest program needs here.
    if end.saturating_sub(file.len()) > data.len().saturating_add(crate::limits::KEPT_HOLE) {
        return;
    }
    if file.len() < end {
        file.resize(end, 0);
    }
    file[start..end].copy_from_slice(data);
}

impl Kept {
    /// Nothing kept yet.
    pub fn shared() -> Self {
        Self::default()
    }

    /// `stdin`, `stdout`, `stderr`, or a file by its guest path: as written, otherwise as read.
    pub fn extract(&self, name: &str) -> Option<Vec<u8>> {
        let content = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match name {
            "stdin" => Some(content.stdin.clone()),
            "stdout" => Some(content.stdout.clone()),
            "stderr" => Some(content.stderr.clone()),
            path => content.written.get(path).or_else(|| content.read.get(path)).cloned(),
        }
    }

    /// Writes stdout, stderr and the written files into the new directory `out`.
    pub fn write(&self, out: &Path) -> Result<(), CommandError> {
        let content = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries: Vec<(PathBuf, &[u8])> = vec![
            (PathBuf::from("stdout"), &content.stdout),
            (PathBuf::from("stderr"), &content.stderr),
        ];
        for (path, bytes) in &content.written {
            // Guest paths were joined by text: absolute, without `.` and `..`.
            entries.push((Path::new("files").join(path.trim_start_matches('/')), bytes));
        }
        Ok(files::write_tree(out, &entries)?)
    }
}
