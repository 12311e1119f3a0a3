//! What a call may do: decided from its arguments, the descriptors and the grants alone.
//!
//! The descriptor table is rebuilt from the calls and their answers, never from host state, so a
//! replay re-decides every grant and denial that the run decided.

mod answers;

use super::call::Call;
use super::seam::full_name;
use crate::abi::{CLOCKS, Capability, Kind, Need, Url, WHOLE, is_at_or_below};
use crate::outcome::Denial;
use std::collections::BTreeMap;
use std::sync::Arc;

/// `rights`: `fd_read` and `fd_write`; `oflags`: `creat`, `excl` and `trunc` (WASI preview 1).
const RIGHT_READ: u64 = 1 << 1;
const RIGHT_WRITE: u64 = 1 << 6;
pub(super) const OPEN_CREATE: u64 = 1;
pub(super) const OPEN_EXCLUSIVE: u64 = 1 << 2;
pub(super) const OPEN_TRUNCATE: u64 = 1 << 3;
/// A subscription's size and where its event type stands; type 0 is a clock, and then its id follows.
const SUBSCRIPTION_BYTES: usize = 48;
const SUBSCRIPTION_TYPE: usize = 8;
const SUBSCRIPTION_CLOCK: usize = 16;

/// Rules that deny a call.
const NOT_GRANTED: &str = "not-granted";
const READ_ONLY: &str = "granted-for-reading-only";
const WRITE_ONLY: &str = "granted-for-writing-only";
const NEVER: &str = "never-granted-by-this-version";
/// What a link with a way up leads to is for whoever looks next to find out: nobody grants that.
pub const LEADS_UP: &str = "link-leads-up";

/// A preopened directory: one guest path, with what was granted at exactly that path. Nothing is
/// inherited from a directory above: below one that may be written, another may be read only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// The guest path, absolute.
    pub guest: Arc<str>,
    /// Which grant, by its place in the header, is `fs.read` here.
    pub read: Option<usize>,
    /// Which is `fs.write`.
    pub write: Option<usize>,
}

/// The preopened directories that `grants` give, in the order of their descriptors (3, 4, …): one
/// for each path that is granted, sorted.
#[must_use]
pub fn roots(grants: &[Capability]) -> Vec<Root> {
    let mut roots: BTreeMap<&str, (Option<usize>, Option<usize>)> = BTreeMap::new();
    for (at, grant) in grants.iter().enumerate() {
        match grant.kind() {
            Kind::FsRead => roots.entry(grant.value()).or_default().0 = Some(at),
            Kind::FsWrite => roots.entry(grant.value()).or_default().1 = Some(at),
            _ => {}
        }
    }
    let root = |(guest, (read, write)): (&str, _)| Root { guest: guest.into(), read, write };
    roots.into_iter().map(root).collect()
}

/// Descriptors that a guest with `grants` begins with: its streams, and a directory for each root.
#[must_use]
pub fn open_at_first(grants: &[Capability]) -> u64 {
    Authority::new(grants).open_files()
}

/// Authority that a call used: grants by their place in the header.
pub type Uses = [Option<usize>; 3];

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
    /// For each of [`CLOCKS`] the grant that allows it.
    clocks: [Option<usize>; 3],
    random: Option<usize>,
    roots: Vec<Root>,
    /// Beginnings of URLs with the grant that allows each.
    urls: Vec<(String, usize)>,
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
        let allows = |kind, value: &str| {
            Capability::new(kind, value)
                .ok()
                .and_then(|asked| grants.iter().position(|grant| grant.covers(&asked)))
        };
        Self {
            clocks: CLOCKS.map(|clock| allows(Kind::Time, clock)),
            random: allows(Kind::Random, WHOLE),
            urls: (grants.iter().enumerate())
                .filter(|(_, grant)| grant.kind() == Kind::NetHttp)
                .map(|(at, grant)| (grant.value().to_owned(), at))
                .collect(),
            roots,
            descriptors,
        }
    }

    /// Descriptors that are open.
    pub(super) fn open_files(&self) -> u64 {
        self.descriptors.len() as u64
    }

    /// Decides whether `call` may be made.
    ///
    /// # Errors
    /// The denial, with what was asked for and the rule that denies it.
    #[inline]
    pub fn decide(&self, call: &Call, memory: &[u8]) -> Result<Uses, Box<Denial>> {
        let used = match call.row.need {
            Need::Nothing => None,
            Need::Time => self.clock(call, call.arg(0))?,
            Need::Realtime => self.clock(call, 0)?,
            Need::ReadFile => self.file(call, Kind::FsRead, memory)?,
            Need::WriteFile => self.file(call, Kind::FsWrite, memory)?,
            Need::Fetch => self.fetch(call, memory)?,
            Need::Random => {
                let missing = || denial(call, Kind::Random.name(), WHOLE, NOT_GRANTED);
                Some(self.random.ok_or_else(missing)?)
            }
            Need::Poll => return self.poll(call, call.read_bytes(0, memory)),
            Need::Sockets => return Err(denial(call, "sock", WHOLE, NEVER)),
            Need::Unsupported(kind) => return Err(denial(call, kind, WHOLE, NEVER)),
            Need::Open => return self.open(call, memory),
            Need::ReadFd => self.descriptor(call, Kind::FsRead)?,
            Need::WriteFd => self.descriptor(call, Kind::FsWrite)?,
            Need::ReadPath(fd, nth) => self.below(call, Kind::FsRead, fd, nth, memory)?,
            Need::WritePath(fd, nth) => self.below(call, Kind::FsWrite, fd, nth, memory)?,
            Need::WriteLink(fd, nth) => {
                let leads = call.read_bytes(0, memory);
                if leads.split(|byte| *byte == b'/').any(|name| name == b"..") {
                    let leads = String::from_utf8_lossy(leads);
                    return Err(denial(call, Kind::FsWrite.name(), &leads, LEADS_UP));
                }
                self.below(call, Kind::FsWrite, fd, nth, memory)?
            }
            Need::WritePaths(from, to) => return self.two_paths(call, from, to, memory),
        };
        Ok([used, None, None])
    }

    /// A file that gets a name below another directory can be read there: it must be readable
    /// where it comes from. What can be read and gets a name where nothing may be read stays readable, by
    /// its other name or by a descriptor that came to it through a link, with all that is put into it
    /// there: so it gets none.
    fn two_paths(
        &self,
        call: &Call,
        from: usize,
        to: usize,
        memory: &[u8],
    ) -> Result<Uses, Box<Denial>> {
        let root = |fd: usize| match self.descriptors.get(&call.arg(fd)) {
            Some(Descriptor::Path { root, .. }) => self.roots.get(*root),
            _ => None,
        };
        // Below the directory to which the name goes there may be another that can be read, and it
        // may itself lie below one.
        let could_be_read = root(to).is_some_and(|to| {
            let reaches = |root: &&Root| {
                is_at_or_below(&root.guest, &to.guest) || is_at_or_below(&to.guest, &root.guest)
            };
            self.roots.iter().filter(reaches).any(|root| root.read.is_some())
        });
        if could_be_read {
            self.below(call, Kind::FsRead, from, 0, memory)?;
        }
        if root(from).is_some_and(|from| from.read.is_some()) {
            self.below(call, Kind::FsRead, to, 1, memory)?;
        }
        let source = self.below(call, Kind::FsWrite, from, 0, memory)?;
        Ok([source, self.below(call, Kind::FsWrite, to, 1, memory)?, None])
    }

    /// A question to the clock `id` of WASI. One that there is not, no host can use, if any clock is
    /// granted.
    #[inline]
    fn clock(&self, call: &Call, id: u64) -> Result<Option<usize>, Box<Denial>> {
        // The last two count processor time.
        let clock = match id {
            0 | 1 => Some(id as usize),
            2 | 3 => Some(2),
            _ => None,
        };
        let any = self.clocks.iter().any(Option::is_some);
        match clock {
            None if any => Ok(None),
            Some(clock) if self.clocks[clock].is_some() => Ok(self.clocks[clock]),
            clock => {
                let value = clock.filter(|_| any).map_or(WHOLE, |clock| CLOCKS[clock]);
                Err(denial(call, Kind::Time.name(), value, NOT_GRANTED))
            }
        }
    }

    /// Waiting needs each clock that is waited for.
    fn poll(&self, call: &Call, subscriptions: &[u8]) -> Result<Uses, Box<Denial>> {
        let mut uses = Uses::default();
        for subscription in subscriptions.chunks_exact(SUBSCRIPTION_BYTES) {
            if subscription[SUBSCRIPTION_TYPE] != 0 {
                continue;
            }
            let id = subscription[SUBSCRIPTION_CLOCK..].first_chunk().copied().unwrap_or_default();
            let used = self.clock(call, u64::from(u32::from_le_bytes(id)))?;
            if used.is_some()
                && !uses.contains(&used)
                && let Some(free) = uses.iter_mut().find(|slot| slot.is_none())
            {
                *free = used;
            }
        }
        Ok(uses)
    }

    fn open(&self, call: &Call, memory: &[u8]) -> Result<Uses, Box<Denial>> {
        let (oflags, rights) = (call.arg(4), call.arg(5));
        let writes = rights & RIGHT_WRITE != 0 || oflags & (OPEN_CREATE | OPEN_TRUNCATE) != 0;
        let reads = rights & RIGHT_READ != 0 || !writes;
        let used = |kind, asked: bool| match asked {
            true => self.below(call, kind, 0, 0, memory),
            false => Ok(None),
        };
        Ok([used(Kind::FsRead, reads)?, used(Kind::FsWrite, writes)?, None])
    }

    /// A call on a descriptor that stands for a file or directory.
    fn descriptor(&self, call: &Call, kind: Kind) -> Result<Option<usize>, Box<Denial>> {
        match self.descriptors.get(&call.arg(0)) {
            Some(Descriptor::Path { path, root, .. }) => self.at(call, kind, *root, path),
            _ => Ok(None),
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
    ) -> Result<Option<usize>, Box<Denial>> {
        let path = call.read_bytes(nth, memory);
        match self.descriptors.get(&call.arg(fd)) {
            Some(Descriptor::Path { path: directory, root, .. }) => {
                self.at(call, kind, *root, &join(directory, path))
            }
            // No directory, no grant: the guest asks for files without any.
            _ if self.roots.is_empty() => {
                Err(denial(call, kind.name(), &String::from_utf8_lossy(path), NOT_GRANTED))
            }
            _ => Ok(None),
        }
    }

    fn at(
        &self,
        call: &Call,
        kind: Kind,
        root: usize,
        path: &str,
    ) -> Result<Option<usize>, Box<Denial>> {
        let (granted, rule) = match kind {
            Kind::FsRead => (self.roots[root].read, WRITE_ONLY),
            _ => (self.roots[root].write, READ_ONLY),
        };
        if granted.is_some() { Ok(granted) } else { Err(denial(call, kind.name(), path, rule)) }
    }

    /// A call on an absolute guest path. What is no such path is no access: the host has no answer to it.
    fn file(&self, call: &Call, kind: Kind, memory: &[u8]) -> Result<Option<usize>, Box<Denial>> {
        let Some(path) = path_of(call, memory) else { return Ok(None) };
        match deepest(&self.roots, &path) {
            Some(root) => self.at(call, kind, root, &path),
            None => Err(denial(call, kind.name(), &path, NOT_GRANTED)),
        }
    }

    fn fetch(&self, call: &Call, memory: &[u8]) -> Result<Option<usize>, Box<Denial>> {
        let Some(url) = url_of(call, memory) else { return Ok(None) };
        match self.urls.iter().find(|(prefix, _)| url.is_below(prefix)) {
            Some((_, grant)) => Ok(Some(*grant)),
            None => Err(denial(call, Kind::NetHttp.name(), &url.to_string(), NOT_GRANTED)),
        }
    }
}

impl Descriptor {
    pub(super) fn at(path: Arc<str>, root: usize, preopened: bool) -> Self {
        Self::Path { path, root, position: Some(0), append: false, preopened }
    }
}

/// The root with the deepest guest path at or above `path`.
pub(super) fn deepest(roots: &[Root], path: &str) -> Option<usize> {
    let above = roots.iter().enumerate().filter(|(_, root)| is_at_or_below(path, &root.guest));
    above.max_by_key(|(_, root)| root.guest.len()).map(|(at, _)| at)
}

/// An absolute path without `.`, `..` and empty segments, which are taken by text; `None` for anything
/// else.
pub(super) fn normal_path(text: &str) -> Option<String> {
    let is_path = text.starts_with('/') && !text.contains('\0');
    is_path.then(|| join("/", text.as_bytes()))
}

/// The path that a call of the `provenact` interface is about.
pub(super) fn path_of(call: &Call, memory: &[u8]) -> Option<String> {
    text_of(call, memory).and_then(normal_path)
}

/// The URL that it is about.
pub(super) fn url_of(call: &Call, memory: &[u8]) -> Option<Url> {
    text_of(call, memory)?.parse().ok()
}

fn text_of<'m>(call: &Call, memory: &'m [u8]) -> Option<&'m str> {
    std::str::from_utf8(call.read_bytes(0, memory)).ok().filter(|_| call.is_inside())
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
    use crate::runtime::act::Act;
    use crate::runtime::call::InvocationSizes;

    fn decide(
        grants: &[&str],
        name: &str,
        params: &[u64],
        memory: &[u8],
    ) -> Result<Uses, Box<Denial>> {
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
        let expected =
            [("/data".to_owned(), Some(0), Some(1)), ("/data/ro".to_owned(), Some(2), None)];
        assert_eq!(shown, expected);
    }

    #[test]
    fn whole_kinds_are_granted_or_denied() {
        assert!(decide(&[], "clock_time_get", &[0, 0, 0], &[]).is_err());
        assert_eq!(decide(&["time"], "clock_time_get", &[0, 0, 0], &[]), Ok([Some(0), None, None]));
        assert!(decide(&["time"], "random_get", &[0, 0], &[]).is_err());
    }

    #[test]
    fn polling_needs_time_only_for_clocks() {
        let mut memory = vec![0; 96];
        assert!(decide(&[], "poll_oneoff", &[0, 48, 1, 90], &memory).is_err());
        memory[SUBSCRIPTION_TYPE] = 1;
        assert_eq!(decide(&[], "poll_oneoff", &[0, 48, 1, 90], &memory), Ok([None; 3]));
    }

    #[test]
    fn clocks_are_granted_one_by_one() {
        let ask = |grants: &[&str], id| decide(grants, "clock_time_get", &[id, 0, 0], &[]);
        for (id, clock) in [(0, "realtime"), (1, "monotonic"), (2, "cputime"), (3, "cputime")] {
            let own = format!("time={clock}");
            assert_eq!(ask(&["random", &own], id), Ok([Some(1), None, None]));
            let other = if id == 0 { "time=monotonic" } else { "time=realtime" };
            let denied = ask(&[other], id).unwrap_err();
            assert_eq!((denied.kind.as_str(), denied.value.as_str()), ("time", clock));
            assert_eq!(ask(&[], id).unwrap_err().value, "*");
        }
        assert_eq!(ask(&["time=realtime"], 7), Ok([None; 3]));
        let mut memory = vec![0; 96];
        memory[SUBSCRIPTION_BYTES + SUBSCRIPTION_CLOCK] = 1;
        let poll = |grants: &[&str]| decide(grants, "poll_oneoff", &[0, 96, 2, 90], &memory);
        assert_eq!(poll(&["time=realtime"]).unwrap_err().value, "monotonic");
        assert_eq!(poll(&["time=monotonic", "time=realtime"]), Ok([Some(1), Some(0), None]));
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
