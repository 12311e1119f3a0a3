//! Capability kinds and values: what a manifest declares and an operator grants.

use crate::reason::Reason;
use std::fmt;
use std::str::FromStr;

/// A kind of authority over the outside world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Names of environment variables.
    Env,
    /// Reading files below a guest path.
    FsRead,
    /// Creating, writing and removing files below a guest path.
    FsWrite,
    /// Random bytes.
    Random,
    /// Clocks and sleeping.
    Time,
}

impl Kind {
    /// Every kind that can be granted.
    pub const ALL: [Self; 5] = [Self::Env, Self::FsRead, Self::FsWrite, Self::Random, Self::Time];

    /// Kinds with a name and no implementation: refused by that name.
    pub const UNSUPPORTED: [&'static str; 8] = [
        "exec",
        "exec.safe",
        "kv.read",
        "kv.write",
        "net.http",
        "queue.consume",
        "queue.publish",
        "sock",
    ];

    /// The name in manifests, policies and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::FsRead => "fs.read",
            Self::FsWrite => "fs.write",
            Self::Random => "random",
            Self::Time => "time",
        }
    }

    /// Whether the kind is granted whole, with the value `*`.
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
/// a variable's name, `time` and `random` the value `*`.
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
            Kind::Random | Kind::Time => (value != "*").then_some("the only value is \"*\""),
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
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind.is_whole() {
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
            None if kind.is_whole() => Self::new(kind, "*"),
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
        for good in ["fs.read=/", "fs.write=/data/in", "env=HOME", "time", "random=*"] {
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
            "time=realtime",
            "exec=*",
            "network=*",
            "",
        ] {
            assert!(bad.parse::<Capability>().is_err(), "{bad} was taken");
        }
    }
}
