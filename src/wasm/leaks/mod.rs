//! What the machine that built a module left in its data: paths, user names, times.
//!
//! Nothing that rewrites code takes them away, and whoever has the module can read them. A heuristic
//! for warnings: it finds what compilers are known to leave, and proves nothing. `/rustc/<hash>` and
//! `/emsdk` are what toolchains make of their own paths, the same everywhere: not leaks.

mod cures;
mod paths;
mod times;

use super::Module;
use crate::limits;
pub(super) use cures::Toolchain;
use paths::Path;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use times::Time;
use wasmparser::{BinaryReader, DataSectionReader};

/// Bytes around a part that a path or time may begin or end in.
const AROUND: usize = 120;

/// What a found text tells about the machine that built the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeakKind {
    /// A path in a user's home directory.
    Home,
    /// A path in a directory of a build machine.
    Build,
    /// A path in a temporary directory.
    Temporary,
    /// The name of a user.
    User,
    /// When it was built, or a part of it.
    Time,
}

impl LeakKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Home, Self::Build, Self::Temporary, Self::User, Self::Time];

    /// The name in text for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Home => "home directory",
            Self::Build => "build directory",
            Self::Temporary => "temporary directory",
            Self::User => "user name",
            Self::Time => "time",
        }
    }

    /// The name in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Build => "build",
            Self::Temporary => "temporary",
            Self::User => "user",
            Self::Time => "time",
        }
    }
}

/// A leak in a data segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Index of the data segment.
    pub segment: u32,
    /// Offset of the text in the module file.
    pub offset: u64,
    /// The text, printable ASCII, cut to 120 characters. In the file it may be UTF-16.
    pub text: String,
    /// What it tells.
    pub kind: LeakKind,
    /// What avoids it, as far as the text and the module tell which toolchain left it.
    pub cure: &'static str,
}

/// The leaks in the data segments of `module`, each text once, at most [`limits::LEAKS`] of a kind,
/// in their order. Time is linear in the size of the data.
#[must_use]
pub fn find_leaks(module: &Module) -> Vec<Leak> {
    let mut found = Found::new(Toolchain::of(module));
    let bytes = module.bytes();
    let Some(range) = module.facts.data.clone() else { return Vec::new() };
    let Some(section) = bytes.get(range.clone()) else { return Vec::new() };
    let Ok(segments) = DataSectionReader::new(BinaryReader::new(section, range.start)) else {
        return Vec::new();
    };
    for (segment, data) in (0..).zip(segments.into_iter().map_while(Result::ok)) {
        let start = data.range.end.saturating_sub(data.data.len());
        let place = |at: usize, width| Place { segment, offset: start.saturating_add(at), width };
        scan(data.data, &mut |at, hit| found.add(place(at, 1), hit));
        for odd in [0, 1] {
            let wide = |at: usize| place(at.saturating_mul(2).saturating_add(odd), 2);
            scan(&narrowed(data.data, odd), &mut |at, hit| found.add(wide(at), hit));
        }
    }
    found.finish()
}

/// The path or time that a part of some bytes belongs to, looked for up to [`AROUND`] bytes around it.
pub(super) fn around<'a>(bytes: &'a [u8], part: &Range<usize>) -> Option<(LeakKind, &'a str)> {
    let start = part.start.saturating_sub(AROUND);
    let end = bytes.len().min(part.end.saturating_add(AROUND));
    let window = bytes.get(start..end)?;
    let mut found = None;
    scan(window, &mut |at, hit| {
        let (kind, text) = match hit {
            Hit::Path(Path { kind: Some(kind), text, .. }) => (kind, text),
            Hit::Path(_) => return,
            Hit::Time(time) => (LeakKind::Time, time.text),
        };
        let at = start.saturating_add(at);
        if found.is_none() && at < part.end && at.saturating_add(text.len()) > part.start {
            found = Some((kind, text));
        }
    });
    found
}

/// Whether a text names a source file.
pub(super) fn names_source(text: &str) -> bool {
    text.split(|c: char| c.is_whitespace() || c == '"').any(|word| paths::extension(word).is_some())
}

/// Where a text stands in the module file.
#[derive(Clone, Copy)]
struct Place {
    segment: u32,
    offset: usize,
    /// Bytes of a character.
    width: usize,
}

/// Something that was found at a place, before it is known whether it counts.
enum Hit<'a> {
    Path(Path<'a>),
    Time(Time<'a>),
}

/// Calls `hit` with offset and text of each leak. Each byte is looked at by a bounded number of
/// patterns, and the search goes on behind what was found.
fn scan<'a>(data: &'a [u8], hit: &mut dyn FnMut(usize, Hit<'a>)) {
    let mut at = 0;
    while let Some(byte) = data.get(at) {
        let step = match byte {
            b'/' | b'C' | b'D' => paths::at(data, at).map(|path| (path.length, Hit::Path(path))),
            _ => None,
        };
        let step = step.or_else(|| times::at(data, at).map(|t| (t.text.len(), Hit::Time(t))));
        match step {
            Some((length, found)) => {
                hit(at, found);
                at += length.max(1);
            }
            None => at += 1,
        }
    }
}

/// UTF-16 (little-endian) as bytes: characters that are ASCII are themselves, others are 0xff.
fn narrowed(data: &[u8], odd: usize) -> Vec<u8> {
    let (pairs, _) = data.get(odd..).unwrap_or_default().as_chunks::<2>();
    pairs.iter().map(|[low, high]| if *high == 0 { *low } else { 0xff }).collect()
}

struct Found {
    toolchain: Toolchain,
    texts: BTreeSet<(LeakKind, String)>,
    counts: BTreeMap<LeakKind, usize>,
    leaks: Vec<Leak>,
    /// What looks like `__TIME__`, which counts beside a `__DATE__` alone.
    bare: Vec<Leak>,
    dated: bool,
}

impl Found {
    fn new(toolchain: Toolchain) -> Self {
        Self {
            toolchain,
            texts: BTreeSet::new(),
            counts: BTreeMap::new(),
            leaks: Vec::new(),
            bare: Vec::new(),
            dated: false,
        }
    }

    fn add(&mut self, place: Place, hit: Hit<'_>) {
        match hit {
            Hit::Path(path) => {
                let Some(kind) = path.kind else { return };
                let cure = self.toolchain.for_path(path.text);
                self.note(place, kind, path.text, cure);
                if let Some((at, name)) = path.user {
                    let offset = place.offset.saturating_add(at.saturating_mul(place.width));
                    let place = Place { offset, ..place };
                    self.note(place, LeakKind::User, name, cure);
                }
            }
            Hit::Time(time) => {
                let cure = self.toolchain.for_time();
                self.dated |= time.is_date;
                let leaks = self.leaks.len();
                self.note(place, LeakKind::Time, time.text, cure);
                if time.is_bare && self.leaks.len() > leaks {
                    self.bare.extend(self.leaks.pop());
                }
            }
        }
    }

    fn note(&mut self, place: Place, kind: LeakKind, text: &str, cure: &'static str) {
        let count = self.counts.entry(kind).or_default();
        if *count < limits::LEAKS && self.texts.insert((kind, text.to_owned())) {
            *count += 1;
            let (segment, offset) = (place.segment, place.offset as u64);
            self.leaks.push(Leak { segment, offset, text: text.to_owned(), kind, cure });
        }
    }

    fn finish(mut self) -> Vec<Leak> {
        if self.dated {
            self.leaks.append(&mut self.bare);
        }
        self.leaks.sort_by_key(|leak| (leak.offset, leak.kind));
        self.leaks
    }
}

#[cfg(test)]
mod tests;
