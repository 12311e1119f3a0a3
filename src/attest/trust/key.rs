//! A key that is trusted: for what, when, and what is left of it after it was revoked.

use super::super::time::Timestamp;
use crate::attest::{PublicKey, finding, provenance};
use crate::digest::KeyId;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// What a key is trusted to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Says how artifacts came to be.
    Author,
    /// Says what was executed.
    Operator,
    /// Says what it found when it checked what others said; never a key with another role.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Author, Self::Operator, Self::Auditor];

    /// The name in trust files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Role {
    type Err = &'static str;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let role = Self::ALL.into_iter().find(|role| role.name() == name);
        role.ok_or("expected author, operator or auditor")
    }
}

/// The roles of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Roles {
    /// Whatever is asked: the key was named for this one command.
    Every,
    /// These; none when the trust file gives none.
    Only(BTreeSet<Role>),
}

impl Roles {
    /// Whether `role` is among them.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        match self {
            Self::Every => true,
            Self::Only(roles) => roles.contains(&role),
        }
    }

    /// Whether there is any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Only(roles) if roles.is_empty())
    }
}

/// `author, operator`, `none`, or `every`.
impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str("every"),
            Self::Only(roles) if roles.is_empty() => f.write_str("none"),
            Self::Only(roles) => {
                let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

/// A key that is trusted, what it is called here, and the bounds of the trust in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedKey {
    pub(super) name: String,
    pub(super) key: PublicKey,
    pub(super) owner: Option<String>,
    pub(super) roles: Roles,
    pub(super) not_before: Option<Timestamp>,
    pub(super) not_after: Option<Timestamp>,
    pub(super) revoked: Option<BTreeSet<[u8; 32]>>,
    pub(super) builders: Vec<String>,
    pub(super) verifiers: Vec<String>,
}

impl TrustedKey {
    /// A key that was named for one command: every role, no bounds.
    pub(super) fn named(name: String, key: PublicKey) -> Self {
        Self {
            name,
            key,
            owner: None,
            roles: Roles::Every,
            not_before: None,
            not_after: None,
            revoked: None,
            builders: Vec::new(),
            verifiers: Vec::new(),
        }
    }

    /// What the key is called by the one who trusts it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Who is said to hold it: a label of the one who trusts it, compared byte for byte.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// Whether it was named for one command, and is not in the trust file.
    #[must_use]
    pub fn is_named(&self) -> bool {
        matches!(self.roles, Roles::Every)
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.key.id()
    }

    /// What it is trusted to do.
    #[must_use]
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// From when on it counts.
    #[must_use]
    pub fn not_before(&self) -> Option<Timestamp> {
        self.not_before
    }

    /// Until when it counts, that second included.
    #[must_use]
    pub fn not_after(&self) -> Option<Timestamp> {
        self.not_after
    }

    /// When it was revoked, the digests of what it signed that still counts.
    #[must_use]
    pub fn revoked(&self) -> Option<&BTreeSet<[u8; 32]>> {
        self.revoked.as_ref()
    }

    /// Builders for which it may speak; when there are none, the file says nothing about it.
    #[must_use]
    pub fn builders(&self) -> &[String] {
        &self.builders
    }

    /// Verifiers for which it may speak; when there are none, the file says nothing about it.
    #[must_use]
    pub fn verifiers(&self) -> &[String] {
        &self.verifiers
    }

    /// For whom it may speak in statements of this type: builders in provenance, verifiers in verdicts.
    #[must_use]
    pub fn paired(&self, predicate_type: &str) -> &[String] {
        if predicate_type == provenance::PREDICATE_TYPE {
            &self.builders
        } else if finding::passing(predicate_type).is_some() {
            &self.verifiers
        } else {
            &[]
        }
    }
}

/// `NAME (ID)`.
impl fmt::Display for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.id().hex())
    }
}
