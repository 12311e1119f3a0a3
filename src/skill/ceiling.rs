//! The ceiling: what a skill declared, cut down to what the operator grants (spec/manifest.md).

use super::Error;
use crate::abi::{Capability, Kind};
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
    /// A kind that is granted whole: `time` or `random`.
    Kind(Kind),
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dir { host, guest, .. } => write!(f, "directory {}::{guest}", host.display()),
            Self::Env { name, .. } => write!(f, "variable {name}"),
            Self::Kind(kind) => write!(f, "{kind}"),
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
    /// Grants that nothing declared matches, for a warning.
    pub unused: Vec<String>,
}

/// The intersection of what was declared and what is granted.
///
/// A declared path and a granted one meet in the deeper of the two when one lies at or below the
/// other, segment by segment; otherwise they do not meet.
///
/// # Errors
/// A granted guest path that is malformed; two grants that put different host directories at the
/// same guest path, or give a variable different values.
pub fn effective(declared: &[Capability], granted: &[Grant]) -> Result<Effective, Error> {
    let mut ceiling = Ceiling::default();
    for grant in granted {
        let is_used = match grant {
            Grant::Dir { host, guest, write } => ceiling.dir(declared, host, guest, *write)?,
            Grant::Env { name, value } => ceiling.env(declared, name, value)?,
            Grant::Kind(kind) => ceiling.kind(declared, *kind),
        };
        let text = grant.to_string();
        if !is_used && !ceiling.unused.contains(&text) {
            ceiling.unused.push(text);
        }
    }
    Ok(Effective {
        capabilities: ceiling.capabilities.into_iter().collect(),
        preopens: ceiling.preopens.into_values().collect(),
        env: ceiling.env.into_iter().collect(),
        unused: ceiling.unused,
    })
}

/// Whether a manifest that declares `declared` lets `granted` be in effect: a path at or below a
/// declared one, anything else as it was declared.
#[must_use]
pub fn declares(declared: &[Capability], granted: &Capability) -> bool {
    declared.iter().filter(|capability| capability.kind() == granted.kind()).any(|capability| {
        match granted.kind() {
            Kind::FsRead | Kind::FsWrite => is_at_or_below(granted.value(), capability.value()),
            _ => capability == granted,
        }
    })
}

#[derive(Default)]
struct Ceiling {
    capabilities: BTreeSet<Capability>,
    preopens: BTreeMap<String, Preopen>,
    env: BTreeMap<String, String>,
    unused: Vec<String>,
}

impl Ceiling {
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
            let below = remainder(path, guest.value()).unwrap_or_default();
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

    fn kind(&mut self, declared: &[Capability], kind: Kind) -> bool {
        let whole = declared.iter().find(|c| c.kind() == kind && kind.is_whole());
        self.capabilities.extend(whole.cloned());
        whole.is_some()
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

fn is_at_or_below(path: &str, above: &str) -> bool {
    remainder(path, above).is_some()
}

/// What of `path` lies below `above`, without a leading slash: empty when they are the same,
/// `None` when `path` lies elsewhere. Whole segments count: `/data2` is not below `/data`.
fn remainder<'p>(path: &'p str, above: &str) -> Option<&'p str> {
    if above == "/" {
        return path.strip_prefix('/');
    }
    let rest = path.strip_prefix(above)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}
