//! Capability kinds and values: what a manifest declares and an operator grants.

use super::url;
use crate::reason::Reason;
use std::fmt;
use std::str::FromStr;

/// The value that stands for a whole kind.
pub const WHOLE: &str = "*";
/// Values of `time`: the clocks of WASI, the two that count processor time as one.
pub const CLOCKS: [&str; 3] = ["realtime", "monotonic", "cputime"];

/// A kind of authority over the outside world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Names of environment variables.
    Env,
    /// Reading files below a guest path.
    FsRead,
    /// Creating, writing and removing files below a guest path.
    FsWrite,
    /// Fetching below a URL.
    NetHttp,
    /// Random bytes.
    Random,
    /// Clocks and sleeping.
    Time,
}

impl Kind {
    /// Every kind that can be granted.
    pub const ALL: [Self; 6] =
        [Self::Env, Self::FsRead, Self::FsWrite, Self::NetHttp, Self::Random, Self::Time];

    /// Kinds with a name and no implementation: refused by that name.
    pub const UNSUPPORTED: [&'static str; 7] =
        ["exec", "exec.safe", "kv.read", "kv.write", "queue.consume", "queue.publish", "sock"];

    /// Whether a kind of that name can be granted, or is refused by that name.
    #[must_use]
    pub fn is_known(name: &str) -> bool {
        Self::UNSUPPORTED.contains(&name) || Self::ALL.iter().any(|kind| kind.name() == name)
    }

    /// The name in manifests, policies and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::FsRead => "fs.read",
            Self::FsWrite => "fs.write",
            Self::NetHttp => "net.http",
            Self::Random => "random",
            Self::Time => "time",
        }
    }

    /// Whether the kind can be granted whole, with the value `*`.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Random | Self::Time)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a capability was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CapabilityError {
    /// No such kind.
    #[error("unknown capability kind {0:?}")]
    UnknownKind(String),
    /// A kind that has a name but no implementation yet.
    #[error("capability kind {0:?} is not supported by this version")]
    Unsupported(String),
    /// The value does not fit the kind.
    #[error("capability {kind}={value:?}: {why}")]
    Value {
        /// The kind.
        kind: Kind,
        /// The value found.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl CapabilityError {
    /// The reason under which the refusal is reported.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::UnknownKind(_) | Self::Value { .. } => Reason::CapabilityUnknown,
            Self::Unsupported(_) => Reason::CapabilityUnsupported,
        }
    }
}

impl FromStr for Kind {
    type Err = CapabilityError;

    fn from_str(name: &str) -> Result<Self, CapabilityError> {
        if let Some(kind) = Self::ALL.into_iter().find(|kind| kind.name() == name) {
            return Ok(kind);
        }
        Err(if Self::UNSUPPORTED.contains(&name) {
            CapabilityError::Unsupported(name.to_owned())
        } else {
            CapabilityError::UnknownKind(name.to_owned())
        })
    }
}

/// One capability: a kind and what it is about.
///
/// `fs.read` and `fs.write` take an absolute guest path without `.`, `..` or empty segments, `env`
/// a variable's name, `net.http` the beginning of URLs, `time` one of [`CLOCKS`] or `*`, `random` the
/// value `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct Capability {
    #[serde(serialize_with = "kind_name")]
    kind: Kind,
    value: String,
}

fn kind_name<S: serde::Serializer>(kind: &Kind, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(kind.name())
}

impl Capability {
    /// A capability with a value that fits its kind.
    ///
    /// # Errors
    /// [`CapabilityError::Value`] when it does not.
    pub fn new(kind: Kind, value: &str) -> Result<Self, CapabilityError> {
        let why = match kind {
            Kind::FsRead | Kind::FsWrite => path_fault(value),
            Kind::Env => name_fault(value),
            Kind::NetHttp => url::prefix_fault(value),
            Kind::Random => (value != WHOLE).then_some("the only value is \"*\""),
            Kind::Time => (value != WHOLE && !CLOCKS.contains(&value))
                .then_some("the values are realtime, monotonic, cputime, and \"*\" for all"),
        };
        match why {
            None => Ok(Self { kind, value: value.to_owned() }),
            Some(why) => Err(CapabilityError::Value { kind, value: value.to_owned(), why }),
        }
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What it is about.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether it stands for its whole kind.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.kind.is_whole() && self.value == WHOLE
    }

    /// Whether whoever has this has `other` too: of paths and URLs what lies at or below it, of
    /// clocks each when it stands for all, of anything else the same.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.kind == other.kind
            && match self.kind {
                Kind::FsRead | Kind::FsWrite => is_at_or_below(&other.value, &self.value),
                Kind::NetHttp => url::is_below(&other.value, &self.value),
                Kind::Time => self.value == WHOLE || self.value == other.value,
                Kind::Env | Kind::Random => self.value == other.value,
            }
    }

    /// What both allow: the narrower of the two, if one covers the other.
    #[must_use]
    pub fn meet(&self, other: &Self) -> Option<Self> {
        if self.covers(other) {
            Some(other.clone())
        } else {
            other.covers(self).then(|| self.clone())
        }
    }
}

/// Whether a path is another or lies below it, by whole segments.
#[must_use]
pub fn is_at_or_below(path: &str, above: &str) -> bool {
    below(path, above).is_some()
}

/// What of `path` lies below `above`, without a leading slash: empty when they are the same,
/// `None` when `path` lies elsewhere. Whole segments count: `/data2` is not below `/data`.
#[must_use]
pub fn below<'p>(path: &'p str, above: &str) -> Option<&'p str> {
    if above == "/" {
        return path.strip_prefix('/');
    }
    let rest = path.strip_prefix(above)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('/') }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_whole() {
            f.write_str(self.kind.name())
        } else {
            write!(f, "{}={}", self.kind, self.value)
        }
    }
}

/// `KIND=VALUE`; `time` and `random` may stand alone.
impl FromStr for Capability {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let kind: Kind = name.parse()?;
        match value {
            Some(value) => Self::new(kind, value),
            None if kind.is_whole() => Self::new(kind, WHOLE),
            None => Err(CapabilityError::Value {
                kind,
                value: String::new(),
                why: "a value is needed, as in KIND=VALUE",
            }),
        }
    }
}

impl<'de> serde::Deserialize<'de> for Capability {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            kind: String,
            value: String,
        }
        let raw = Raw::deserialize(d)?;
        let kind = raw.kind.parse().map_err(serde::de::Error::custom)?;
        Self::new(kind, &raw.value).map_err(serde::de::Error::custom)
    }
}

fn path_fault(path: &str) -> Option<&'static str> {
    let Some(rest) = path.strip_prefix('/') else {
        return Some("a guest path is absolute");
    };
    if path.contains('\0') {
        return Some("a guest path holds no zero byte");
    }
    if rest.is_empty() {
        return None;
    }
    rest.split('/')
        .any(|segment| matches!(segment, "" | "." | ".."))
        .then_some("a guest path has no empty, \".\" or \"..\" segment")
}

fn name_fault(name: &str) -> Option<&'static str> {
    let mut letters = name.bytes();
    let starts = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == b'_');
    let goes_on = letters.all(|c| c.is_ascii_alphanumeric() || c == b'_');
    (!starts || !goes_on).then_some("a variable's name is letters, digits and underscores")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked() {
        for good in [
            "fs.read=/",
            "fs.write=/data/in",
            "env=HOME",
            "time",
            "time=cputime",
            "random=*",
            "net.http=https://example.com/",
            "net.http=http://[::1]:8080/v1",
        ] {
            assert!(good.parse::<Capability>().is_ok(), "{good} was refused");
        }
        for bad in [
            "fs.read",
            "fs.read=",
            "fs.read=data",
            "fs.read=/a//b",
            "fs.read=/a/../b",
            "fs.read=/a/",
            "fs.read=/a\0",
            "env=",
            "env=A-B",
            "env=1A",
            "time=thread",
            "net.http=https://example.com",
            "net.http=https://example.com/v1/",
            "net.http=https://Example.com/",
            "net.http=https://example.com:443/",
            "net.http=https://me@example.com/",
            "net.http=https://example.com/a/../b",
            "net.http=https://example.com/?q",
            "net.http=https:///v1",
            "net.http=ftp://example.com/",
            "exec=*",
            "network=*",
            "",
        ] {
            assert!(bad.parse::<Capability>().is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn what_both_allow_is_the_narrower() {
        let of = |text: &str| text.parse::<Capability>().unwrap();
        let meet = |a: &str, b: &str| of(a).meet(&of(b)).map(|c| c.to_string());
        for (a, b, both) in [
            ("fs.read=/data", "fs.read=/data/in", Some("fs.read=/data/in")),
            ("fs.read=/data", "fs.read=/data2", None),
            ("fs.read=/", "fs.read=/data", Some("fs.read=/data")),
            ("fs.read=/data", "fs.write=/data", None),
            ("time", "time=realtime", Some("time=realtime")),
            ("time=monotonic", "time=realtime", None),
            (
                "net.http=https://a.org/",
                "net.http=https://a.org/v1",
                Some("net.http=https://a.org/v1"),
            ),
            ("net.http=https://a.org/v1", "net.http=https://a.org/v12", None),
            ("net.http=https://a.org/", "net.http=http://a.org/", None),
            ("net.http=https://a.org/", "net.http=https://a.org:8443/", None),
            ("env=A", "env=A", Some("env=A")),
            ("env=A", "env=AB", None),
        ] {
            assert_eq!(meet(a, b).as_deref(), both, "{a} and {b}");
            assert_eq!(meet(b, a).as_deref(), both, "{b} and {a}");
        }
    }
}
