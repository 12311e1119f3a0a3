//! What a replay reproduced, kept in full: streams and files.

use super::error::CommandError;
use crate::reason::Reason;
use crate::runtime::{Effect, Keep};
use crate::{files, limits};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Streams and files of one replay, shared with the execution that fills it.
#[derive(Clone, Default)]
pub struct Kept(Arc<Mutex<Content>>);

#[derive(Default)]
struct Content {
    stdin: Vec<u8>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// What was given as the output, the last time.
    output: Option<Vec<u8>>,
    written: BTreeMap<String, File>,
    /// Files that were read, as far as they were read.
    read: BTreeMap<String, File>,
    /// Bytes kept so far; above [`limits::KEPT_BYTES`] nothing more is.
    bytes: usize,
}

/// A file as far as the transfers tell.
#[derive(Default)]
struct File {
    bytes: Vec<u8>,
    /// It was empty once, so that nothing is in it that the trace does not know.
    whole: bool,
}

impl Keep for Kept {
    fn keep(&mut self, effect: &Effect<'_>) {
        self.content().keep(effect);
    }
}

impl Content {
    fn keep(&mut self, effect: &Effect<'_>) {
        match effect {
            Effect::Output(data) => {
                self.output = (data.len() <= limits::KEPT_BYTES).then(|| data.to_vec());
            }
            Effect::Stdin(data) | Effect::Stdout(data) | Effect::Stderr(data) => {
                self.bytes = self.bytes.saturating_add(data.len());
                if self.bytes <= limits::KEPT_BYTES {
                    match effect {
                        Effect::Stdin(_) => self.stdin.extend_from_slice(data),
                        Effect::Stdout(_) => self.stdout.extend_from_slice(data),
                        _ => self.stderr.extend_from_slice(data),
                    }
                }
            }
            Effect::Read(path, at, data) => {
                put(self.read.entry(path.to_string()).or_default(), *at, data, &mut self.bytes);
            }
            Effect::Written(path, at, data) => {
                put(self.written.entry(path.to_string()).or_default(), *at, data, &mut self.bytes);
            }
            Effect::Created(path, true) => {
                self.written.insert(path.to_string(), File { bytes: Vec::new(), whole: true });
            }
            Effect::Created(path, false) => {
                self.written.entry(path.to_string()).or_default();
            }
            Effect::Resized(path, size) => {
                let file = self.written.entry(path.to_string()).or_default();
                let size = usize::try_from(*size).unwrap_or(usize::MAX);
                file.whole |= size == 0;
                resize(file, size, &mut self.bytes);
            }
            Effect::Renamed(from, to) => {
                let below = format!("{from}/");
                let moved: Vec<String> = (self.written.keys())
                    .filter(|path| **path == **from || path.starts_with(&below))
                    .cloned()
                    .collect();
                for path in moved {
                    if let Some(file) = self.written.remove(&path) {
                        self.written.insert(format!("{to}{}", &path[from.len()..]), file);
                    }
                }
            }
            Effect::Removed(path) => {
                self.written.remove(&**path);
            }
            Effect::Environment => {}
        }
    }
}

/// Puts `data` at its offset, or at the end when it was appended.
fn put(file: &mut File, at: Option<u64>, data: &[u8], kept: &mut usize) {
    let start = at.map_or(file.bytes.len(), |at| usize::try_from(at).unwrap_or(usize::MAX));
    let end = start.saturating_add(data.len());
    if file.bytes.len() < end {
        resize(file, end, kept);
    }
    if let Some(place) = file.bytes.get_mut(start..end) {
        place.copy_from_slice(data);
    }
}

/// Grows or cuts `file`, unless that keeps more than is kept.
fn resize(file: &mut File, size: usize, kept: &mut usize) {
    *kept = kept.saturating_add(size.saturating_sub(file.bytes.len()));
    if *kept <= limits::KEPT_BYTES {
        file.bytes.resize(size, 0);
    }
}

impl Kept {
    /// Nothing kept yet.
    pub fn shared() -> Self {
        Self::default()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `stdin`, `stdout`, `stderr`, `output`, or a file by its guest path: as written, otherwise as read.
    pub fn extract(&self, name: &str) -> Result<Option<Vec<u8>>, CommandError> {
        let content = self.content();
        content.fits()?;
        Ok(match name {
            "stdin" => Some(content.stdin.clone()),
            "stdout" => Some(content.stdout.clone()),
            "stderr" => Some(content.stderr.clone()),
            "output" => content.output.clone(),
            path => {
                let file = content.written.get(path).or_else(|| content.read.get(path));
                file.map(|file| file.bytes.clone())
            }
        })
    }

    /// Writes stdout, stderr and the files that the execution wrote from their beginning into the
    /// new directory `out`; says which files it leaves out.
    pub fn write(&self, out: &Path) -> Result<Vec<String>, CommandError> {
        let content = self.content();
        content.fits()?;
        let mut entries: Vec<(PathBuf, &[u8])> = vec![
            (PathBuf::from("stdout"), &content.stdout),
            (PathBuf::from("stderr"), &content.stderr),
        ];
        if let Some(output) = &content.output {
            entries.push((PathBuf::from("output"), output));
        }
        let mut left_out = Vec::new();
        for (path, file) in &content.written {
            if file.whole {
                // Guest paths were joined by text: absolute, without `.` and `..`.
                entries.push((Path::new("files").join(path.trim_start_matches('/')), &file.bytes));
            } else {
                left_out
                    .push(format!("{path} is left out: what was in it before is not in the trace"));
            }
        }
        files::write_tree(out, &entries)?;
        Ok(left_out)
    }
}

impl Content {
    fn fits(&self) -> Result<(), CommandError> {
        if self.bytes <= limits::KEPT_BYTES {
            return Ok(());
        }
        let message = format!("more than {} bytes were reproduced", limits::KEPT_BYTES);
        Err(CommandError::new(Reason::FileTooLarge, message))
    }
}
