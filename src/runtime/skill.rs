//! The live host of the `provenact` interface (spec/interface.md).
//!
//! Authority was decided before: a function here does what it is asked, below the directory or URL
//! that was granted, and answers −1 where it cannot.

use super::authority::{Root, deepest, path_of, url_of};
use super::call::Call;
use super::input::{FAILED, Input, MOST_DELIVERED};
use super::live::{Opened, PreopenError, preopen_error};
use crate::abi::{Capability, Kind, Url, below};
use crate::files::DO_NOT_WAIT;
use crate::{json, limits};
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use serde::Serialize;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;
use ureq::Agent;
use ureq::http::header::LOCATION;
use ureq::tls::{RootCerts, TlsConfig};

#[cfg(test)]
mod tests;

/// What the interface answers from.
pub(super) struct Skill {
    input: Input,
    roots: Vec<Root>,
    /// The directory of each root.
    directories: Vec<Dir>,
    /// Beginnings of URLs.
    urls: Vec<String>,
    agent: Agent,
}

impl Skill {
    /// The interface's world: `input`, the directories `opened` at `roots`, and the URLs of `grants`.
    ///
    /// # Errors
    /// When a directory cannot be opened.
    pub(super) fn new(
        input: &[u8],
        roots: &[Root],
        opened: &[Opened<'_>],
        grants: &[Capability],
    ) -> Result<Self, PreopenError> {
        let open = |opened: &Opened<'_>| {
            Dir::open_ambient_dir(&opened.host, ambient_authority())
                .map_err(|error| preopen_error(opened.preopen, error.to_string()))
        };
        let urls = grants.iter().filter(|grant| grant.kind() == Kind::NetHttp);
        Ok(Self {
            input: Input::new(input),
            roots: roots.to_vec(),
            directories: opened.iter().map(open).collect::<Result<_, _>>()?,
            urls: urls.map(|grant| grant.value().to_owned()).collect(),
            agent: agent(RootCerts::WebPki),
        })
    }

    /// The directory at or above a guest path that is in normal form, and the rest of the path.
    fn place<'p>(&self, path: &'p str) -> Option<(&Dir, &'p str)> {
        let at = deepest(&self.roots, path)?;
        Some((self.directories.get(at)?, below(path, &self.roots.get(at)?.guest)?))
    }

    fn read_file(&self, path: &str, room: usize) -> Option<Vec<u8>> {
        let (directory, rest) = self.place(path)?;
        let mut options = OpenOptions::new();
        let file = directory.open_with(rest, options.read(true).custom_flags(DO_NOT_WAIT)).ok()?;
        if file.metadata().ok()?.is_file() { at_most(file, room) } else { None }
    }

    fn write_file(&self, path: &str, data: &[u8]) -> Option<()> {
        let (directory, rest) = self.place(path)?;
        let rest = Path::new(rest);
        rest.file_name()?;
        if let Some(parent) = rest.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            directory.create_dir_all(parent).ok()?;
        }
        let mut random = [0; 8];
        #[expect(clippy::disallowed_methods, reason = "a name that nobody else has")]
        getrandom::fill(&mut random).ok()?;
        let name = format!(".provenact-{:016x}.tmp", u64::from_le_bytes(random));
        let new = rest.with_file_name(name);
        let mut file =
            directory.open_with(&new, OpenOptions::new().write(true).create_new(true)).ok()?;
        let mut write = || -> io::Result<()> {
            if let Ok(old) = directory.metadata(rest) {
                file.set_permissions(old.permissions())?;
            }
            file.write_all(data)?;
            file.sync_all()?;
            directory.rename(&new, directory, rest)
        };
        write().or_else(|error| directory.remove_file(&new).and(Err(error))).ok()
    }

    fn read_tree(&self, path: &str) -> Option<Vec<u8>> {
        let (directory, rest) = self.place(path)?;
        let mut tree = Tree { entries: Vec::new(), root: path, truncated: false };
        let top = directory.open_dir(if rest.is_empty() { "." } else { rest }).ok()?;
        tree.walk(&top, "", 0).ok()?;
        tree.entries.sort_by(|a, b| a.path.cmp(&b.path));
        json::to_jcs(&tree).ok()
    }

    /// The body of a successful answer. Redirects are followed as far as the grants go.
    fn fetch(&self, url: Url, room: usize) -> Option<Vec<u8>> {
        let mut url = url;
        for _ in 0..=limits::HTTP_REDIRECTS {
            if !self.urls.iter().any(|granted| url.is_below(granted)) {
                return None;
            }
            let response = self.agent.get(url.to_string()).call().ok()?;
            if response.status().is_success() {
                return at_most(response.into_body().into_reader(), room);
            }
            if !response.status().is_redirection() {
                return None;
            }
            url = url.join(response.headers().get(LOCATION)?.to_str().ok()?).ok()?;
        }
        None
    }
}

/// Who asks: believes servers that `roots` vouch for, and takes no proxy of our environment, no cookies, and
/// no redirect that is not looked at first.
fn agent(roots: RootCerts) -> Agent {
    Agent::config_builder()
        .tls_config(TlsConfig::builder().root_certs(roots).build())
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent(concat!("provenact/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(Duration::from_secs(limits::HTTP_CONNECT_SECONDS)))
        .timeout_global(Some(Duration::from_secs(limits::HTTP_SECONDS)))
        .build()
        .into()
}

/// What `fs_read_tree` writes, as JSON (RFC 8785).
#[derive(Serialize)]
struct Tree<'p> {
    entries: Vec<Entry>,
    root: &'p str,
    truncated: bool,
}

#[derive(Serialize)]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    kind: &'static str,
    path: String,
}

impl Tree<'_> {
    /// Takes in what lies in `directory`, whose path below the root is `above`. Links are passed over.
    fn walk(&mut self, directory: &Dir, above: &str, depth: usize) -> io::Result<()> {
        let mut names = Vec::new();
        for entry in directory.entries()? {
            names.push(entry?.file_name());
        }
        names.sort();
        for name in names {
            if self.entries.len() >= limits::TREE_ENTRIES || depth >= limits::TREE_DEPTH {
                self.truncated = true;
                return Ok(());
            }
            let Ok(metadata) = directory.symlink_metadata(&name) else { continue };
            let path = format!("{above}{}", name.to_string_lossy());
            if metadata.is_dir() {
                self.entries.push(Entry { bytes: None, kind: "dir", path: path.clone() });
                self.walk(&directory.open_dir(&name)?, &format!("{path}/"), depth + 1)?;
            } else if metadata.is_file() {
                self.entries.push(Entry { bytes: Some(metadata.len()), kind: "file", path });
            }
        }
        Ok(())
    }
}

/// All that `from` has; `None` when that is more than `most` bytes or cannot be read.
fn at_most(from: impl Read, most: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most as u64 + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= most).then_some(bytes)
}

/// Answers `call`.
///
/// # Errors
/// When the system has no clock or no randomness.
pub(super) fn answer(skill: &Skill, call: &Call, memory: &mut [u8]) -> wasmtime::Result<u64> {
    if let Some(given) = skill.input.answer(call) {
        put(call, given.bytes, memory);
        return Ok(given.result);
    }
    let asked = call.writes().next().unwrap_or_default().len;
    let room = asked.min(MOST_DELIVERED);
    // A range that does not lie in the guest's memory is no place and no text.
    if !call.is_inside() {
        return Ok(FAILED);
    }
    let path = || path_of(call, memory);
    let found = match call.row.name {
        "time_now_unix" => return now(),
        "random_fill" if asked > room => None,
        "random_fill" => random(room)?,
        "fs_read_file" => path().and_then(|path| skill.read_file(&path, room)),
        "fs_read_tree" => path().and_then(|path| skill.read_tree(&path)),
        "fs_write_file" => {
            let written =
                path().and_then(|path| skill.write_file(&path, call.read_bytes(1, memory)));
            written.map(|()| Vec::new())
        }
        "http_fetch" => url_of(call, memory).and_then(|url| skill.fetch(url, room)),
        other => wasmtime::bail!("{other} has no live implementation"),
    };
    Ok(match found.filter(|bytes| bytes.len() <= room) {
        Some(bytes) => {
            put(call, &bytes, memory);
            bytes.len() as u64
        }
        None => FAILED,
    })
}

fn put(call: &Call, bytes: &[u8], memory: &mut [u8]) {
    if let Some(span) = call.writes().next() {
        let place = super::call::Span { start: span.start, len: bytes.len() };
        place.of_mut(memory).copy_from_slice(bytes);
    }
}

#[expect(clippy::disallowed_methods, reason = "the live host is where the clock enters")]
fn now() -> wasmtime::Result<u64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Ok(since.map_err(|_| wasmtime::format_err!("the clock is before 1970"))?.as_secs())
}

fn random(len: usize) -> wasmtime::Result<Option<Vec<u8>>> {
    let mut bytes = vec![0; len];
    #[expect(clippy::disallowed_methods, reason = "the live host is where randomness enters")]
    getrandom::fill(&mut bytes).map_err(|e| wasmtime::format_err!("no randomness: {e}"))?;
    Ok(Some(bytes))
}
