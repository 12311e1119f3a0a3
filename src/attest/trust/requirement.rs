//! What must be said, by whom, of a thing before it is believed.

use super::Role;
use crate::abi::{Capability, CapabilityError, Kind, other_name};
use crate::attest::{finding, provenance, receipt};
use std::fmt;
use std::str::FromStr;

/// What a requirement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A bundle: statements in it about exactly its module and its manifest.
    Bundle,
    /// A receipt: the receipt itself, and statements beside it.
    Receipt,
    /// A file that is named with an envelope.
    File,
}

impl About {
    /// The name in trust files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Receipt => "receipt",
            Self::File => "file",
        }
    }
}

impl FromStr for About {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::Bundle, Self::Receipt, Self::File].into_iter().find(|a| a.name() == name).ok_or(())
    }
}

/// What is allowed: a kind with every value, or what lies at or below one capability.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// The kind, whatever the value.
    Kind(Kind),
    /// This capability; of a path, also those below.
    Within(Capability),
}

impl FromStr for Allowed {
    type Err = CapabilityError;

    fn from_str(text: &str) -> Result<Self, CapabilityError> {
        if text.contains('=') {
            text.parse().map(Self::Within)
        } else {
            text.parse().map(Self::Kind)
        }
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => kind.fmt(f),
            Self::Within(capability) => capability.fmt(f),
        }
    }
}

/// Imported functions: `MODULE.NAME`, or with a final `*` all that begin so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportPattern(String);

impl ImportPattern {
    /// Whether the pattern stands for this function, under any name by which a module can import it.
    #[must_use]
    pub fn matches(&self, module: &str, name: &str) -> bool {
        let stands_for = |module: &str| {
            let import = format!("{module}.{name}");
            match self.0.strip_suffix('*') {
                Some(start) => import.starts_with(start),
                None => import == self.0,
            }
        };
        stands_for(module) || other_name(module).is_some_and(stands_for)
    }
}

impl FromStr for ImportPattern {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let start = text.strip_suffix('*').unwrap_or(text);
        let is_name =
            !text.is_empty() && !start.contains('*') && (start != text || text.contains('.'));
        if is_name { Ok(Self(text.to_owned())) } else { Err(()) }
    }
}

impl fmt::Display for ImportPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What must be said of a thing, and by how many keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// In which words.
    pub predicate_type: String,
    /// About what.
    pub about: About,
    /// The role of the keys that count; `None` for every role, when the type was named by hand.
    pub role: Option<Role>,
    /// How many distinct keys; at least one.
    pub threshold: usize,
    /// Builders that are taken, of provenance; none listed: the key's own list decides.
    pub builders: Vec<String>,
    /// Build types that are taken, of provenance; none listed: every one.
    pub build_types: Vec<String>,
    /// Verifiers that are taken, of verdicts; none listed: the key's own list decides.
    pub verifiers: Vec<String>,
    /// Least depth of a verdict.
    pub minimum_depth: Option<u64>,
    /// Least number of independent classes of engines, of all verdicts that count together.
    pub minimum_engines: Option<usize>,
    /// The only capabilities that a bundle may declare, or a receipt may have been granted.
    pub capabilities: Option<Vec<Allowed>>,
    /// Functions that the module of a bundle must not import.
    pub forbidden_imports: Vec<ImportPattern>,
}

impl Requirement {
    /// One key with `role` says something of this type, without further conditions.
    #[must_use]
    pub fn new(predicate_type: &str, about: About, role: Option<Role>) -> Self {
        Self {
            predicate_type: predicate_type.to_owned(),
            about,
            role,
            threshold: 1,
            builders: Vec::new(),
            build_types: Vec::new(),
            verifiers: Vec::new(),
            minimum_depth: None,
            minimum_engines: None,
            capabilities: None,
            forbidden_imports: Vec::new(),
        }
    }

    /// What holds for statements of this type about such a thing when the trust file has nothing
    /// for them; `None` for types that Provenact does not know.
    #[must_use]
    pub fn built_in(predicate_type: &str, about: About) -> Option<Self> {
        let role = usual_role(predicate_type)?;
        let mut requirement = Self::new(predicate_type, about, Some(role));
        if predicate_type == provenance::PREDICATE_TYPE {
            requirement.build_types.push(provenance::BUILD_TYPE.to_owned());
        }
        Some(requirement)
    }
}

/// Whose statements those of a known type are.
pub(super) fn usual_role(predicate_type: &str) -> Option<Role> {
    match predicate_type {
        provenance::PREDICATE_TYPE => Some(Role::Author),
        receipt::PREDICATE_TYPE => Some(Role::Operator),
        finding::VSA_TYPE | finding::REPLAY_TYPE | finding::REBUILD_TYPE => Some(Role::Auditor),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_imports() {
        let of = |text: &str| text.parse::<ImportPattern>();
        let wasi = "wasi_snapshot_preview1";
        assert!(of("wasi_snapshot_preview1.sock_*").unwrap().matches(wasi, "sock_send"));
        assert!(!of("wasi_snapshot_preview1.sock_*").unwrap().matches(wasi, "fd_read"));
        assert!(of("env.abort").unwrap().matches("env", "abort"));
        assert!(!of("env.abort").unwrap().matches("env", "abort2"));
        assert!(of("*").unwrap().matches("a", "b"));
        for pattern in ["inactu.*", "inactu.http_fetch", "provenact.http_*"] {
            assert!(of(pattern).unwrap().matches("provenact", "http_fetch"), "{pattern}");
            assert!(!of(pattern).unwrap().matches("env", "http_fetch"), "{pattern}");
        }
        for bad in ["", "env", "*.x", "a.*b", "a**"] {
            assert!(of(bad).is_err(), "{bad} was taken");
        }
    }
}
