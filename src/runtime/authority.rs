//! What a call may do: decided from its arguments, the descriptors and the grants alone.
//!
//! The descriptor table is rebuilt from the calls and their answers, never from host state, so a
//! replay re-decides every grant and denial that the run decided.

use super::act::Act;
use super::call::Call;
use super::seam::full_name;
use crate::abi::{Answer, Capability, Kind, Need};
use crate::outcome::Denial;
use std::collections::BTreeMap;
use std::sync::Arc;

/// `rights`: `fd_read` and `fd_write`; `oflags`: `creat`, `excl` and `trunc` (WASI preview 1).
const RIGHT_READ: u64 = 1 << 1;
const RIGHT_WRITE: u64 = 1 << 6;
pub(super) const OPEN_CREATE: u64 = 1;
pub(super) const OPEN_EXCLUSIVE: u64 = 1 << 2;
pub(super) const OPEN_TRUNCATE: u64 = 1 << 3;
/// A subscription's size and where its event type stands; type 0 is a clock.
const SUBSCRIPTION_BYTES: usize = 48;
const SUBSCRIPTION_TYPE: usize = 8;

/// Rules that deny a call.
const NOT_GRANTED: &str = "not-granted";
const READ_ONLY: &str = "granted-for-reading-only";
const WRITE_ONLY: &str = "granted-for-writing-only";
const NEVER: &str = "never-granted-by-this-version";

/// A preopened directory: one guest path, with what was granted at exactly that path. Nothing is
/// inherited from a directory above: below one that may be written, another may be read only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The guest path, absolute.
    pub guest: Arc<str>,
    /// Whether `fs.read` was granted.
    pub read: bool,
    /// Whether `fs.write` was granted.
    pub write: bool,
}

/// The preopened directories that `grants` give, in the order of their descriptors (3, 4, …): one
/// for each path that is granted, sorted.
#[must_use]
pub fn roots(grants: &[Capability]) -> Vec<Root> {
    let mut roots: BTreeMap<&str, (bool, bool)> = BTreeMap::new();
    for grant in grants {
        match grant.kind() {
            Kind::FsRead => roots.entry(grant.value()).or_default().0 = true,
            Kind::FsWrite => roots.entry(grant.value()).or_default().1 = true,
            _ => {}
        }
    }
    let root = |(guest, (read, write)): (&str, _)| Root { guest: guest.into(), read, write };
    roots.into_iter().map(root).collect()
}

/// Authority that a call used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// None.
    Nothing,
    /// A kind that is granted whole.
    Whole(Kind),
    /// `fs.read` or `fs.write` at a root, by its number.
    At(Kind, usize),
}

/// What a descriptor stands for.
#[derive(Debug, Clone)]
pub(super) enum Descriptor {
    Stdin,
    Stdout,
    Stderr,
    Path { path: Arc<str>, root: usize, position: Option<u64>, append: bool, preopened: bool },
}

/// Grants and descriptors of one execution.
#[derive(Debug)]
pub struct Authority {
    time: bool,
    random: bool,
    roots: Vec<Root>,
    pub(super) descriptors: BTreeMap<u64, Descriptor>,
}

impl Authority {
    /// The authority that `grants` give, with standard streams and preopened directories open.
    #[must_use]
    pub fn new(grants: &[Capability]) -> Self {
        let roots = roots(grants);
        let mut descriptors: BTreeMap<_, _> =
            [(0, Descriptor::Stdin), (1, Descriptor::Stdout), (2, Descriptor::Stderr)].into();
        for (root, at) in roots.iter().zip(0..) {
            descriptors.insert(at as u64 + 3, Descriptor::at(root.guest.clone(), at, true));
        }
        let has = |kind| grants.iter().any(|grant| grant.kind() == kind);
        Self { time: has(Kind::Time), random: has(Kind::Random), roots, descriptors }
    }

    /// Decides whether `call` may be made.
    ///
    /// # Errors
    /// The denial, with what was asked for and the rule that denies it.
    #[inline]
    pub fn decide(&self, call: &Call, memory: &[u8]) -> Result<[Use; 2], Box<Denial>> {
        let used = match call.row.need {
            Need::Nothing => Use::Nothing,
            Need::Time => self.whole(call, Kind::Time, self.time)?,
            Need::Random => self.whole(call, Kind::Random, self.random)?,
            Need::Poll if asks_clock(call.read_bytes(0, memory)) => {
                self.whole(call, Kind::Time, self.time)?
            }
            Need::Poll => Use::Nothing,
            Need::Sockets => return Err(denial(call, "sock", "*", NEVER)),
            Need::Open => return self.open(call, memory),
            Need::ReadFd => self.descriptor(call, Kind::FsRead)?,
            Need::WriteFd => self.descriptor(call, Kind::FsWrite)?,
            Need::ReadPath(fd, nth) => self.below(call, Kind::FsRead, fd, nth, memory)?,
            Need::WritePath(fd, nth) => self.below(call, Kind::FsWrite, fd, nth, memory)?,
            Need::WritePaths(from, to) => return self.two_paths(call, from, to, memory),
        };
        Ok([used, Use::Nothing])
    }

    /// A file that gets a name below another directory can be read there: it must be readable
    /// where it comes from.
    fn two_paths(
        &self,
        call: &Call,
        from: usize,
        to: usize,
        memory: &[u8],
    ) -> Result<[Use; 2], Box<Denial>> {
        let reads = |fd: usize| match self.descriptors.get(&call.arg(fd)) {
            Some(Descriptor::Path { root, .. }) => self.roots[*root].read,
            _ => false,
        };
        if reads(to) {
            self.below(call, Kind::FsRead, from, 0, memory)?;
        }
        let source = self.below(call, Kind::FsWrite, from, 0, memory)?;
        Ok([source, self.below(call, Kind::FsWrite, to, 1, memory)?])
    }

    #[inline]
    fn whole(&self, call: &Call, kind: Kind, granted: bool) -> Result<Use, Box<Denial>> {
        if granted {
            Ok(Use::Whole(kind))
        } else {
            Err(denial(call, kind.name(), "*", NOT_GRANTED))
        }
    }

    fn open(&self, call: &Call, memory: &[u8]) -> Result<[Use; 2], Box<Denial>> {
        let (oflags, rights) = (call.arg(4), call.arg(5));
        let writes = rights & RIGHT_WRITE != 0 || oflags & (OPEN_CREATE | OPEN_TRUNCATE) != 0;
        let reads = rights & RIGHT_READ != 0 || !writes;
        let used = |kind, asked: bool| match asked {
            true => self.below(call, kind, 0, 0, memory),
            false => Ok(Use::Nothing),
        };
        Ok([used(Kind::FsRead, reads)?, used(Kind::FsWrite, writes)?])
    }

    /// A call on a descriptor that stands for a file or directory.
    fn descriptor(&self, call: &Call, kind: Kind) -> Result<Use, Box<Denial>> {
        match self.descriptors.get(&call.arg(0)) {
            Some(Descriptor::Path { path, root, .. }) => self.at(call, kind, *root, path),
            _ => Ok(Use::Nothing),
        }
    }

    /// A call on a path below the directory in parameter `fd`; the path is string `nth` of the call.
    fn below(
        &self,
        call: &Call,
        kind: Kind,
        fd: usize,
        nth: usize,
        memory: &[u8],
    ) -> Result<Use, Box<Denial>> {
        let path = call.read_bytes(nth, memory);
        match self.descriptors.get(&call.arg(fd)) {
            Some(Descriptor::Path { path: directory, root, .. }) => {
                self.at(call, kind, *root, &join(directory, path))
            }
            // No directory, no grant: the guest asks for files without any.
            _ if self.roots.is_empty() => {
                Err(denial(call, kind.name(), &String::from_utf8_lossy(path), NOT_GRANTED))
            }
            _ => Ok(Use::Nothing),
        }
    }

    fn at(&self, call: &Call, kind: Kind, root: usize, path: &str) -> Result<Use, Box<Denial>> {
        let (granted, rule) = match kind {
            Kind::FsRead => (self.roots[root].read, WRITE_ONLY),
            _ => (self.roots[root].write, READ_ONLY),
        };
        if granted { Ok(Use::At(kind, root)) } else { Err(denial(call, kind.name(), path, rule)) }
    }

    /// Whether a host can have given `answer`: a new descriptor has a number that is free, and
    /// preopened directories have the names that were granted.
    pub fn allows(&self, call: &Call, answer: Answer, memory: &[u8]) -> bool {
        let succeeded = answer == Answer::Value(0);
        let name = || match self.descriptors.get(&call.arg(0)) {
            Some(Descriptor::Path { path, preopened: true, .. }) => Some(path),
            _ => None,
        };
        match call.act {
            Act::Open if succeeded => !self.descriptors.contains_key(&call.u32_at(8, memory)),
            Act::Prestat if succeeded => name().is_some_and(|name| {
                // A tag of 0 (a directory) and, 4 bytes further, the length of its name.
                call.u64_at(1, memory).to_le_bytes()[0] == 0
                    && call.u64_at(1, memory) >> 32 == name.len() as u64
            }),
            Act::Prestat => answer == Answer::Fault || name().is_none(),
            Act::PrestatName if succeeded => name().is_some_and(|name| {
                let buffer = call.writes().next().unwrap_or_default().of(memory);
                buffer.get(..name.len()) == Some(name.as_bytes())
            }),
            _ => true,
        }
    }
}

impl Descriptor {
    pub(super) fn at(path: Arc<str>, root: usize, preopened: bool) -> Self {
        Self::Path { path, root, position: Some(0), append: false, preopened }
    }
}

fn asks_clock(subscriptions: &[u8]) -> bool {
    subscriptions
        .chunks_exact(SUBSCRIPTION_BYTES)
        .any(|subscription| subscription[SUBSCRIPTION_TYPE] == 0)
}

#[cold]
fn denial(call: &Call, kind: &str, value: &str, rule: &str) -> Box<Denial> {
    Box::new(Denial {
        function: full_name(call.row),
        kind: kind.to_owned(),
        value: value.to_owned(),
        rule: rule.to_owned(),
    })
}

/// `directory/path` with `.` and `..` taken by text: a name for reports and digests. What a path
/// really leads to is the sandbox's affair, and its answer is in the trace.
pub(super) fn join(directory: &str, path: &[u8]) -> String {
    let path = String::from_utf8_lossy(path);
    let mut segments: Vec<&str> = Vec::new();
    for segment in directory.split('/').chain(path.split('/')) {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            name => segments.push(name),
        }
    }
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::lookup;
    use crate::runtime::call::InvocationSizes;

    fn decide(
        grants: &[&str],
        name: &str,
        params: &[u64],
        memory: &[u8],
    ) -> Result<[Use; 2], Box<Denial>> {
        let grants: Vec<Capability> = grants.iter().map(|grant| grant.parse().unwrap()).collect();
        let row = lookup("wasi_snapshot_preview1", name).unwrap();
        let call =
            Call::resolve(0, (row, Act::of(row)), params, memory, &InvocationSizes::default());
        Authority::new(&grants).decide(&call, memory)
    }

    #[test]
    fn paths_are_joined_by_text() {
        assert_eq!(join("/data", b"a/./b"), "/data/a/b");
        assert_eq!(join("/data", b"../x"), "/x");
        assert_eq!(join("/", b"../../x/"), "/x");
    }

    /// covers: manifest-12
    #[test]
    fn a_directory_inherits_nothing_from_one_above() {
        let grants: Vec<Capability> = ["fs.read=/data", "fs.write=/data", "fs.read=/data/ro"]
            .map(|grant| grant.parse().unwrap())
            .into();
        let shown: Vec<_> =
            roots(&grants).into_iter().map(|r| (r.guest.to_string(), r.read, r.write)).collect();
        let expected = [("/data".to_owned(), true, true), ("/data/ro".to_owned(), true, false)];
        assert_eq!(shown, expected);
    }

    #[test]
    fn whole_kinds_are_granted_or_denied() {
        assert!(decide(&[], "clock_time_get", &[0, 0, 0], &[]).is_err());
        assert_eq!(
            decide(&["time"], "clock_time_get", &[0, 0, 0], &[]),
            Ok([Use::Whole(Kind::Time), Use::Nothing])
        );
        assert!(decide(&["time"], "random_get", &[0, 0], &[]).is_err());
    }

    #[test]
    fn polling_needs_time_only_for_clocks() {
        let mut memory = vec![0; 96];
        assert!(decide(&[], "poll_oneoff", &[0, 48, 1, 90], &memory).is_err());
        memory[SUBSCRIPTION_TYPE] = 1;
        assert_eq!(
            decide(&[], "poll_oneoff", &[0, 48, 1, 90], &memory),
            Ok([Use::Nothing, Use::Nothing])
        );
    }

    #[test]
    fn opening_needs_what_it_asks_for() {
        let memory = b"x.txt".to_vec();
        let open = |grants: &[&str], oflags, rights| {
            decide(grants, "path_open", &[3, 0, 0, 5, oflags, rights, 0, 0, 0], &memory)
        };
        let denied = open(&["fs.read=/data"], OPEN_CREATE, RIGHT_WRITE).unwrap_err();
        assert_eq!((denied.kind.as_str(), denied.value.as_str()), ("fs.write", "/data/x.txt"));
        assert!(open(&["fs.read=/data"], 0, RIGHT_READ).is_ok());
        assert!(open(&["fs.write=/data"], 0, RIGHT_READ).is_err());
        assert!(open(&["fs.write=/data"], OPEN_CREATE, RIGHT_WRITE).is_ok());
        assert!(open(&[], 0, RIGHT_READ).is_err());
    }

    #[test]
    fn sockets_are_denied_by_name() {
        let denied = decide(&["time"], "sock_accept", &[3, 0, 0], &[]).unwrap_err();
        assert_eq!((denied.kind.as_str(), denied.rule.as_str()), ("sock", NEVER));
    }
}
