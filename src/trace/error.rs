//! Why a trace could not be written or read.

use super::section::Version;
use crate::json::JsonError;
use crate::reason::Reason;
use crate::wire::WireError;
use std::io;

/// Why a trace could not be written or read. Offsets count from the start of the file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The first bytes are not those of a trace.
    #[error("not a trace: it does not begin with the magic bytes")]
    NotATrace,
    /// The trace has a version that is not read here.
    #[error("recorded with trace version {found}, this provenact reads {}", Version::CURRENT)]
    Version {
        /// The version found.
        found: Version,
    },
    /// The file ends before its end section does.
    #[error(
        "the trace is torn off at byte {offset}, after {sections} whole sections and {events} events"
    )]
    Truncated {
        /// Sections that are whole.
        sections: u64,
        /// Events in them.
        events: u64,
        /// Length of the file.
        offset: u64,
    },
    /// Bytes do not hash to what stands behind them.
    #[error(
        "section {section}, at byte {offset}, or what is before it was changed: its hash differs"
    )]
    Corrupt {
        /// Number of the section, from 0.
        section: u64,
        /// Where the section begins.
        offset: u64,
    },
    /// A section breaks a rule of the format.
    #[error("section {section}, at byte {offset}: {problem}")]
    Section {
        /// Number of the section, from 0.
        section: u64,
        /// Where the section begins.
        offset: u64,
        /// Which rule.
        problem: Problem,
    },
    /// The module that was recorded imports a function that is not known here.
    #[error("the trace is of a module that imports {module}.{name}, which is not known")]
    Import {
        /// The import's module name.
        module: String,
        /// The import's field name.
        name: String,
    },
    /// An event breaks a rule of the format.
    #[error("event {event}, in section {section}: {problem}")]
    Event {
        /// Number of the event, from 0.
        event: u64,
        /// Number of the section, from 0.
        section: u64,
        /// Which rule; offsets in it count from the start of the batch before compression.
        problem: Problem,
    },
    /// The end section counts other events than there are.
    #[error("the trace holds {found} events, and its end section says {sealed}")]
    Count {
        /// Events that were read.
        found: u64,
        /// Events that the end section counts.
        sealed: u64,
    },
    /// Bytes follow the end section.
    #[error("bytes follow the end of the trace at byte {offset}")]
    Trailing {
        /// Where the end section ends.
        offset: u64,
    },
    /// The trace, or a part of it, is above its limit.
    #[error("{what} takes {found} bytes, the limit is {limit}")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// Its size in bytes.
        found: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The caller asked for something that no trace can hold: nothing was written of it.
    #[error("this cannot be recorded: {0}")]
    Unfit(Problem),
    /// Reading failed.
    #[error("cannot read the trace: {0}")]
    Read(#[source] io::Error),
    /// Whoever reads it is not allowed the memory that it takes.
    #[error("the trace takes more memory than this replay may have")]
    NoMemory,
    /// The time for reading it is over.
    #[error("the time for this replay was over before its trace was read")]
    Over,
    /// Writing failed.
    #[error("cannot write the trace: {0}")]
    Write(#[source] io::Error),
    /// There is no room for what would have to be written: nothing was written of it.
    #[error("no room for the trace: {0}")]
    NoRoom(#[source] io::Error),
    /// An earlier error ended reading or writing.
    #[error("an earlier error ended the trace")]
    Stopped,
}

impl Error {
    /// The stable reason.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::NotATrace
            | Self::Section { .. }
            | Self::Event { .. }
            | Self::Count { .. }
            | Self::Trailing { .. }
            | Self::Unfit(_)
            | Self::Stopped => Reason::TraceMalformed,
            Self::Version { .. } => Reason::TraceVersion,
            Self::Truncated { .. } => Reason::TraceTruncated,
            Self::Corrupt { .. } => Reason::TraceCorrupt,
            Self::Import { .. } => Reason::ImportUnknown,
            Self::TooLarge { .. } => Reason::FileTooLarge,
            Self::Read(_) => Reason::FileUnreadable,
            Self::NoMemory | Self::Over => Reason::Interrupted,
            Self::Write(_) | Self::NoRoom(_) => Reason::OutputFailed,
        }
    }
}

/// Which rule of the format is broken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A number or length does not read.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A record is not the JSON that it should be.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Another rule, in words.
    #[error("{0}")]
    Rule(&'static str),
}

impl From<&'static str> for Problem {
    fn from(rule: &'static str) -> Self {
        Self::Rule(rule)
    }
}
