//! Host paths that a compiler left in a module's data.

use super::Module;
use crate::limits;
use std::collections::BTreeSet;
use wasmparser::{BinaryReader, DataSectionReader};

/// Bytes of a found path that are shown.
const SHOWN: usize = 120;

/// What a found path tells about the machine that built the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeakKind {
    /// A user's home directory, and so a user's name.
    Home,
    /// A directory of a build machine.
    Build,
    /// A temporary directory.
    Temporary,
}

impl LeakKind {
    /// The name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Home => "home directory",
            Self::Build => "build directory",
            Self::Temporary => "temporary directory",
        }
    }
}

/// A host path in a data segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    /// Index of the data segment.
    pub segment: u32,
    /// Offset of the path in the module file.
    pub offset: u64,
    /// The path, printable ASCII, cut to 120 characters.
    pub text: String,
    /// What it tells.
    pub kind: LeakKind,
}

/// The host paths in the data segments of `module`, each text once, at most
/// [`limits::LEAKS`] of them. Time is linear in the size of the data.
///
/// A heuristic for warnings: it finds what compilers are known to leave, and proves nothing.
/// `/rustc/<hash>` is what the compiler makes of its own paths, the same everywhere: not a leak.
#[must_use]
pub fn find_leaks(module: &Module) -> Vec<Leak> {
    let mut found = Found::default();
    let bytes = module.bytes();
    let Some(range) = module.facts.data.clone() else { return Vec::new() };
    let Some(section) = bytes.get(range.clone()) else { return Vec::new() };
    let Ok(segments) = DataSectionReader::new(BinaryReader::new(section, range.start)) else {
        return Vec::new();
    };
    for (segment, data) in (0..).zip(segments.into_iter().map_while(Result::ok)) {
        let start = data.range.end.saturating_sub(data.data.len());
        scan(data.data, &mut |at, kind, text| {
            found.add(segment, start.saturating_add(at), kind, text)
        });
        if found.leaks.len() >= limits::LEAKS {
            break;
        }
    }
    found.leaks
}

#[derive(Default)]
struct Found {
    texts: BTreeSet<String>,
    leaks: Vec<Leak>,
}

impl Found {
    fn add(&mut self, segment: u32, offset: usize, kind: LeakKind, text: &str) {
        if self.leaks.len() < limits::LEAKS && self.texts.insert(text.to_owned()) {
            let offset = offset as u64;
            self.leaks.push(Leak { segment, offset, text: text.to_owned(), kind });
        }
    }
}

struct Pattern {
    prefix: &'static [u8],
    kind: LeakKind,
    /// Whether the path may follow directly on other text. Rust's string constants stand side by
    /// side without a separator; but `/tmp/` inside a longer path is somebody else's.
    glued: bool,
}

const fn pattern(prefix: &'static str, kind: LeakKind, glued: bool) -> Pattern {
    Pattern { prefix: prefix.as_bytes(), kind, glued }
}

const PATTERNS: &[Pattern] = &[
    pattern("/home/", LeakKind::Home, true),
    pattern("/Users/", LeakKind::Home, true),
    pattern("/root/", LeakKind::Home, false),
    pattern("C:\\Users\\", LeakKind::Home, true),
    pattern("C:/Users/", LeakKind::Home, true),
    pattern("/mnt/c/Users/", LeakKind::Home, true),
    pattern("/github/workspace/", LeakKind::Build, true),
    pattern("/usr/local/cargo/registry/", LeakKind::Build, true),
    pattern("/workspace/", LeakKind::Build, false),
    pattern("/workspaces/", LeakKind::Build, false),
    pattern("/builds/", LeakKind::Build, false),
    pattern("/build/", LeakKind::Build, false),
    pattern("/__w/", LeakKind::Build, false),
    pattern("D:\\a\\", LeakKind::Build, true),
    pattern("/nix/store/", LeakKind::Build, true),
    pattern("/opt/homebrew/", LeakKind::Build, true),
    pattern("/private/tmp/", LeakKind::Temporary, true),
    pattern("/var/folders/", LeakKind::Temporary, true),
    pattern("/tmp/", LeakKind::Temporary, false),
];

/// Calls `hit` with offset, kind and text of each path. Text is looked at once: the search goes on
/// behind it.
fn scan(data: &[u8], hit: &mut dyn FnMut(usize, LeakKind, &str)) {
    let mut at = 0;
    while let Some(rest) = data.get(at..).filter(|rest| !rest.is_empty()) {
        let before = at.checked_sub(1).and_then(|before| data.get(before)).copied();
        let Some(pattern) = pattern_at(rest, before) else {
            at += 1;
            continue;
        };
        let path = rest.iter().take(SHOWN).take_while(|byte| is_path(**byte)).count();
        let text = rest.get(..path).and_then(|text| std::str::from_utf8(text).ok());
        // The prefix alone names no place: programs look into /tmp/ on purpose.
        if let Some(text) = text.filter(|text| text.len() > pattern.prefix.len() + 1) {
            hit(at, pattern.kind, text);
        }
        at += path.max(pattern.prefix.len());
    }
}

fn pattern_at(rest: &[u8], before: Option<u8>) -> Option<&'static Pattern> {
    let (&[first, second], _) = rest.split_first_chunk()?;
    if first != b'/' && second != b':' {
        return None;
    }
    let alone =
        before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b"._-~/".contains(&byte));
    PATTERNS.iter().find(|p| rest.starts_with(p.prefix) && (p.glued || alone))
}

fn is_path(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"'`<>|*?,;()[]{}%$".contains(&byte)
}
