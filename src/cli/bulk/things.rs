//! What a command is to work on: everything in folders, or a list on standard input.

use crate::attest::receipt::PREDICATE_TYPE;
use crate::attest::{Envelope, Statement};
use crate::cli::error::CommandError;
use crate::cli::inputs;
use crate::reason::Reason;
use crate::{files, json, limits};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

/// Something to work on.
#[derive(Debug)]
pub enum Thing {
    /// Named one by one: what it is was meant.
    Named(PathBuf),
    /// Found in a folder by the end of its name: it may be something else.
    Found(PathBuf),
    /// A folder or list that cannot be read on.
    Unread(PathBuf, CommandError),
}

/// Things as they come.
pub type Things = Box<dyn Iterator<Item = Thing> + Send>;

/// Bytes of one line of a list.
const LINE: u64 = 64 << 10;

/// Everything that `all` names, in order: of a folder, what is below it, sorted by name within each
/// folder; of `-`, the lines of standard input as they come. Also says how many, if that is known.
pub fn list(all: &[PathBuf], bundles: bool) -> Result<(Things, Option<u64>), CommandError> {
    if all.iter().any(|path| path == Path::new("-")) {
        if all.len() > 1 {
            let message = "--all - takes its list from standard input, and nothing besides";
            return Err(CommandError::new(Reason::Usage, message)
                .hint("name the folders alone, or everything in the list"));
        }
        inputs::take_stdin("the list of what to work on")?;
        return Ok((Box::new(lines()), None));
    }
    let mut things = Vec::new();
    for path in all {
        if path.is_dir() && !(bundles && is_bundle(path)) {
            let below = files::list(path)?;
            below.iter().for_each(|name| below_folder(&path.join(name), bundles, &mut things));
        } else if files::exists(path) {
            things.push(Thing::Named(path.clone()));
        } else {
            let message = format!("{}: no such file or directory", path.display());
            return Err(CommandError::new(Reason::FileMissing, message)
                .hint("--all takes folders, or - for a list on standard input"));
        }
    }
    let count = things.len() as u64;
    Ok((Box::new(things.into_iter()), Some(count)))
}

fn below_folder(path: &Path, bundles: bool, things: &mut Vec<Thing>) {
    if path.is_dir() {
        // A link to a folder may lead back up.
        if path.is_symlink() {
            return;
        }
        if is_bundle(path) {
            if bundles {
                things.push(Thing::Found(path.to_owned()));
            }
            return;
        }
        match files::list(path) {
            Ok(names) => {
                names.iter().for_each(|name| below_folder(&path.join(name), bundles, things));
            }
            Err(error) => things.push(Thing::Unread(path.to_owned(), error.into())),
        }
    } else if path.extension().is_some_and(|end| end == "json") {
        things.push(Thing::Found(path.to_owned()));
    }
}

fn is_bundle(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "skill")
}

/// The paths on standard input, one a line, as they come; after one that is too long, or an error,
/// nothing more is read.
fn lines() -> impl Iterator<Item = Thing> + Send {
    let mut input = BufReader::new(std::io::stdin());
    let mut over = false;
    std::iter::from_fn(move || {
        while !over {
            let mut line = Vec::new();
            let read = input.by_ref().take(LINE).read_until(b'\n', &mut line);
            let problem = match read {
                Ok(0) => return None,
                Ok(read) if read as u64 == LINE && !line.ends_with(b"\n") => {
                    format!("a line is longer than {LINE} bytes")
                }
                Ok(_) => {
                    while line.last().is_some_and(|end| matches!(end, b'\n' | b'\r')) {
                        line.pop();
                    }
                    if line.is_empty() {
                        continue;
                    }
                    return Some(Thing::Named(files::path_of(line)));
                }
                Err(error) => error.to_string(),
            };
            over = true;
            let error = CommandError::new(Reason::FileUnreadable, problem);
            return Some(Thing::Unread(PathBuf::from("-"), error));
        }
        None
    })
}

/// Whether a file that was found is clearly none that is looked for: JSON and no envelope, or an
/// envelope of a statement that is no receipt. What cannot be read might be one.
pub fn is_something_else(path: &Path) -> bool {
    let Ok(bytes) = files::read_limited(path, limits::ENVELOPE_BYTES) else { return false };
    match Envelope::parse(&bytes) {
        Ok(envelope) => Statement::parse(envelope.payload_unverified().as_bytes())
            .is_ok_and(|statement| statement.predicate_type() != PREDICATE_TYPE),
        Err(_) => json::parse(&bytes).is_ok_and(|value| {
            ["payload", "payloadType", "signatures"].iter().all(|name| value.get(name).is_none())
        }),
    }
}
