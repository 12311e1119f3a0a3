//! The rungs of the chain behind a receipt, from the source to the signatures (`spec/trust.md`, "Chain").

use std::fmt;
use std::str::FromStr;

/// One thing that evidence can show of what is behind a receipt. The order is that of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rung {
    /// An author says what the module was made of.
    Source,
    /// Auditors built it again from that source.
    Rebuilt,
    /// The module is in canonical form, and is the one that the receipt names.
    Canonical,
    /// What was granted is declared and allowed, and what was used was granted.
    Capabilities,
    /// Receipt, trace and materials name one another.
    Consistent,
    /// Auditors reproduced the execution.
    Replayed,
    /// They did so on engines of several classes.
    CrossEngine,
    /// An operator signed the receipt.
    Authentic,
    /// Auditors signed it too.
    CoSigned,
}

impl Rung {
    /// Every rung, in the order of the walk.
    pub const ALL: [Self; 9] = [
        Self::Source,
        Self::Rebuilt,
        Self::Canonical,
        Self::Capabilities,
        Self::Consistent,
        Self::Replayed,
        Self::CrossEngine,
        Self::Authentic,
        Self::CoSigned,
    ];

    /// The rungs that are demanded of every receipt, whatever a trust file says.
    pub const ALWAYS: [Self; 2] = [Self::Consistent, Self::Authentic];

    /// The name in trust files and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Rebuilt => "rebuilt",
            Self::Canonical => "canonical",
            Self::Capabilities => "capabilities",
            Self::Consistent => "consistent",
            Self::Replayed => "replayed",
            Self::CrossEngine => "cross-engine",
            Self::Authentic => "authentic",
            Self::CoSigned => "co-signed",
        }
    }
}

impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Rung {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|rung| rung.name() == name).ok_or(())
    }
}
