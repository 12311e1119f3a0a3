//! The ceiling: what a skill declared, cut down to what the operator's policy allows and the command
//! line grants (spec/manifest.md, spec/policy.md).

use super::Error;
use crate::abi::{Capability, Kind, below, is_at_or_below};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that the operator grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant {
    /// A host directory under a guest path, to read, and with `write` to write.
    Dir {
        /// The directory of the host.
        host: PathBuf,
        /// Where the guest sees it: absolute, without `.`, `..` or empty segments.
        guest: String,
        /// Whether the guest may write.
        write: bool,
    },
    /// An environment variable with the value that the guest sees.
    Env {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// What needs nothing of the host's to stand for it: of the kinds `net.http`, `random`, `time`.
    Plain(Capability),
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dir { host, guest, .. } => write!(f, "directory {}::{guest}", host.display()),
            Self::Env { name, .. } => write!(f, "variable {name}"),
            Self::Plain(capability) => write!(f, "{capability}"),
        }
    }
}

/// A directory that is opened for the guest before it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preopen {
    /// Where the guest sees it.
    pub guest: String,
    /// The directory of the host.
    pub host: PathBuf,
    /// The granted directory in which `host` lies, or `host` itself.
    pub host_root: PathBuf,
    /// Whether the guest may read.
    pub read: bool,
    /// Whether the guest may write.
    pub write: bool,
}

/// What a skill may do in one execution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effective {
    /// Sorted and distinct. Of the file kinds there is one for each right of each directory in
    /// `preopens`, with its guest path: nothing is inherited from a directory above.
    pub capabilities: Vec<Capability>,
    /// Sorted by guest path, which is distinct.
    pub preopens: Vec<Preopen>,
    /// Variables as (name, value), sorted by name, which is distinct.
    pub env: Vec<(String, String)>,
    /// Grants that come to nothing, for a warning.
    pub unused: Vec<Unused>,
}

/// A grant that comes to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// What was granted.
    pub grant: String,
    /// Whether the manifest declares it, so that it is the policy that does not allow it.
    pub is_declared: bool,
}

impl fmt::Display for Unused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why =
            if self.is_declared { "not within the policy" } else { "not declared by the manifest" };
        write!(f, "{} is granted and {why}: it stays denied", self.grant)
    }
}

/// The intersection of what was declared, what the policy allows, if there is one, and what is granted.
///
/// A declared path and a granted one meet in the deeper of the two when one lies at or below the
/// other, segment by segment; otherwise they do not meet. URLs likewise.
///
/// # Errors
/// A granted guest path that is malformed; two grants that put different host directories at the
/// same guest path, or give a variable different values.
pub fn effective(
    declared: &[Capability],
    policy: Option<&[Capability]>,
    granted: &[Grant],
) -> Result<Effective, Error> {
    let allowed = policy.map(|policy| meetings(declared, policy));
    let mut ceiling = Ceiling::default();
    for grant in granted {
        if ceiling.grant(allowed.as_deref().unwrap_or(declared), grant)? {
            continue;
        }
        let is_declared = policy.is_some() && Ceiling::default().grant(declared, grant)?;
        let unused = Unused { grant: grant.to_string(), is_declared };
        if !ceiling.unused.contains(&unused) {
            ceiling.unused.push(unused);
        }
    }
    Ok(Effective {
        capabilities: ceiling.capabilities.into_iter().collect(),
        preopens: ceiling.preopens.into_values().collect(),
        env: ceiling.env.into_iter().collect(),
        unused: ceiling.unused,
    })
}

/// Whether a manifest that declares `declared` lets `granted` be in effect.
#[must_use]
pub fn declares(declared: &[Capability], granted: &Capability) -> bool {
    declared.iter().any(|capability| capability.covers(granted))
}

/// What both lists allow, sorted and distinct.
fn meetings(some: &[Capability], others: &[Capability]) -> Vec<Capability> {
    let each =
        |one: &Capability| others.iter().filter_map(|other| one.meet(other)).collect::<Vec<_>>();
    let all: BTreeSet<Capability> = some.iter().flat_map(each).collect();
    all.into_iter().collect()
}

#[derive(Default)]
struct Ceiling {
    capabilities: BTreeSet<Capability>,
    preopens: BTreeMap<String, Preopen>,
    env: BTreeMap<String, String>,
    unused: Vec<Unused>,
}

impl Ceiling {
    /// Takes in `grant` as far as it is within `allowed`; whether there was anything to it.
    fn grant(&mut self, allowed: &[Capability], grant: &Grant) -> Result<bool, Error> {
        match grant {
            Grant::Dir { host, guest, write } => self.dir(allowed, host, guest, *write),
            Grant::Env { name, value } => self.env(allowed, name, value),
            Grant::Plain(capability) => {
                let met = meetings(allowed, std::slice::from_ref(capability));
                let is_used = !met.is_empty();
                self.capabilities.extend(met);
                Ok(is_used)
            }
        }
    }

    fn dir(
        &mut self,
        declared: &[Capability],
        host: &Path,
        guest: &str,
        write: bool,
    ) -> Result<bool, Error> {
        let guest = Capability::new(Kind::FsRead, guest)?;
        let reads = meeting(declared, Kind::FsRead, guest.value());
        let writes =
            if write { meeting(declared, Kind::FsWrite, guest.value()) } else { BTreeSet::new() };
        for (path, rights) in preopens(&reads, &writes) {
            // Each directory names its own rights: a directory granted for reading stays so, also
            // where it lies below one that is granted for writing.
            for (kind, has) in [(Kind::FsRead, rights.read), (Kind::FsWrite, rights.write)] {
                if has {
                    self.capabilities.insert(Capability::new(kind, path)?);
                }
            }
            let below = below(path, guest.value()).unwrap_or_default();
            let host_path = if below.is_empty() { host.to_owned() } else { host.join(below) };
            self.preopen(Preopen {
                guest: path.to_owned(),
                host: host_path,
                host_root: host.to_owned(),
                read: rights.read,
                write: rights.write,
            })?;
        }
        Ok(!reads.is_empty() || !writes.is_empty())
    }

    fn preopen(&mut self, new: Preopen) -> Result<(), Error> {
        match self.preopens.get_mut(&new.guest) {
            None => {
                self.preopens.insert(new.guest.clone(), new);
            }
            Some(old) if old.host == new.host => {
                old.read |= new.read;
                old.write |= new.write;
            }
            Some(old) => {
                return Err(Error::GrantConflict {
                    what: new.guest,
                    first: old.host.display().to_string(),
                    second: new.host.display().to_string(),
                });
            }
        }
        Ok(())
    }

    fn env(&mut self, declared: &[Capability], name: &str, value: &str) -> Result<bool, Error> {
        let capability = Capability::new(Kind::Env, name)?;
        if !declared.contains(&capability) {
            return Ok(false);
        }
        self.capabilities.insert(capability);
        match self.env.insert(name.to_owned(), value.to_owned()) {
            Some(old) if old != value => Err(Error::GrantConflict {
                what: name.to_owned(),
                first: format!("{old:?}"),
                second: format!("{value:?}"),
            }),
            _ => Ok(true),
        }
    }
}

/// Where the declared paths of `kind` meet the granted path, without those below another.
fn meeting(declared: &[Capability], kind: Kind, granted: &str) -> BTreeSet<String> {
    let paths: BTreeSet<&str> = declared
        .iter()
        .filter(|capability| capability.kind() == kind)
        .filter_map(|capability| deeper(capability.value(), granted))
        .collect();
    let is_covered = |path: &str| paths.iter().any(|p| *p != path && is_at_or_below(path, p));
    paths.iter().filter(|path| !is_covered(path)).map(|path| (*path).to_owned()).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Rights {
    read: bool,
    write: bool,
}

/// The directories to open for one grant: where reading or writing begins, less those whose rights
/// a directory above them has too.
fn preopens<'p>(
    reads: &'p BTreeSet<String>,
    writes: &'p BTreeSet<String>,
) -> Vec<(&'p str, Rights)> {
    let within = |path: &str, set: &BTreeSet<String>| set.iter().any(|p| is_at_or_below(path, p));
    let all: BTreeMap<&str, Rights> = reads
        .union(writes)
        .map(|path| {
            (path.as_str(), Rights { read: within(path, reads), write: within(path, writes) })
        })
        .collect();
    let is_covered = |path: &str, rights: Rights| {
        all.iter().any(|(p, above)| *p != path && is_at_or_below(path, p) && *above == rights)
    };
    all.iter()
        .filter(|(path, rights)| !is_covered(path, **rights))
        .map(|(path, rights)| (*path, *rights))
        .collect()
}

/// The deeper of two paths, when one lies at or below the other.
fn deeper<'p>(a: &'p str, b: &'p str) -> Option<&'p str> {
    if is_at_or_below(a, b) { Some(a) } else { is_at_or_below(b, a).then_some(b) }
}
