//! The sources of nondeterminism of a module, and what becomes of each: the lines of its entropy ledger.

use super::show::visible;
use super::{Capability, Function, Kind, Need};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Where a module's behaviour can depend on something else than the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The arguments.
    Arguments,
    /// The environment variables.
    Environment,
    /// Standard input.
    StandardInput,
    /// The input of the `provenact` interface.
    Input,
    /// Clocks, and waiting for them.
    Clocks,
    /// Random numbers.
    Randomness,
    /// Files and directories.
    Files,
    /// Other machines.
    Network,
    /// Key-value stores and queues.
    Stores,
    /// What the host says of descriptors and of the process: how much was taken, what kind they are.
    Descriptors,
    /// Bits of NaNs, which engines may choose (Wasm specification, §4.3.3).
    NanBits,
    /// Operators of relaxed SIMD, whose results engines may choose.
    RelaxedSimd,
    /// Threads.
    Threads,
    /// Growth of memories and tables, which engines may refuse.
    Growth,
    /// How deep calls may nest.
    StackDepth,
}

impl Source {
    /// Every source, in the order of the ledger.
    pub const ALL: [Self; 15] = [
        Self::Arguments,
        Self::Environment,
        Self::StandardInput,
        Self::Input,
        Self::Clocks,
        Self::Randomness,
        Self::Files,
        Self::Network,
        Self::Stores,
        Self::Descriptors,
        Self::NanBits,
        Self::RelaxedSimd,
        Self::Threads,
        Self::Growth,
        Self::StackDepth,
    ];

    /// The source that the answers of `row` come from; `None` when they follow from the invocation.
    #[must_use]
    pub fn of(row: &Function) -> Option<Self> {
        Some(match row.need {
            Need::Time | Need::Realtime | Need::Poll => Self::Clocks,
            Need::Random => Self::Randomness,
            Need::Fetch | Need::Sockets => Self::Network,
            Need::Unsupported(_) => Self::Stores,
            Need::ReadFd if matches!(row.name, "fd_read" | "fd_pread") => Self::StandardInput,
            Need::WriteFd => Self::Descriptors,
            Need::Open | Need::ReadFd | Need::ReadFile | Need::WriteFile => Self::Files,
            Need::ReadPath(..)
            | Need::WritePath(..)
            | Need::WriteLink(..)
            | Need::WritePaths(..) => Self::Files,
            Need::Nothing => match row.name {
                "proc_exit" | "abort" | "trace" | "output_write" => return None,
                name if name.starts_with("args_") => Self::Arguments,
                name if name.starts_with("environ_") => Self::Environment,
                name if name.contains("input_") => Self::Input,
                _ => Self::Descriptors,
            },
        })
    }

    /// The kinds of capability without which calls of this source are denied.
    #[must_use]
    pub const fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Clocks => &[Kind::Time],
            Self::Randomness => &[Kind::Random],
            Self::Files => &[Kind::FsRead, Kind::FsWrite],
            Self::Network => &[Kind::NetHttp],
            _ => &[],
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Arguments => "arguments",
            Self::Environment => "environment",
            Self::StandardInput => "standard-input",
            Self::Input => "input",
            Self::Clocks => "clocks",
            Self::Randomness => "randomness",
            Self::Files => "files",
            Self::Network => "network",
            Self::Stores => "stores",
            Self::Descriptors => "descriptors",
            Self::NanBits => "nan-bits",
            Self::RelaxedSimd => "relaxed-simd",
            Self::Threads => "threads",
            Self::Growth => "growth",
            Self::StackDepth => "stack-depth",
        })
    }
}

/// What becomes of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// The module has no way to it.
    Absent,
    /// The module was rewritten until it does not matter.
    Normalized,
    /// Each answer is in the trace.
    Recorded,
    /// A call that needs what is missing ends the execution; one that needs nothing of it is recorded.
    Denied,
    /// Left to the engine: replays on engines of several classes show a difference, if there is one.
    Open,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "absent",
            Self::Normalized => "normalized",
            Self::Recorded => "recorded",
            Self::Denied => "denied",
            Self::Open => "open",
        })
    }
}

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntropyLine {
    /// The source.
    pub source: Source,
    /// What becomes of it.
    pub status: Status,
    /// Why that is so: imports, opcodes, a pass, a capability that is missing.
    pub by: String,
}

/// `SOURCE STATUS BY`, in columns.
impl fmt::Display for EntropyLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, status) = (self.source.to_string(), self.status.to_string());
        write!(f, "{source:15} {status:11} {}", visible(&self.by, false))
    }
}

/// Imports that a line names.
const NAMED: usize = 4;

impl EntropyLine {
    /// The line of a source that imports lead to, when the module imports `rows` and has `allowed`.
    #[must_use]
    pub fn of_imports(source: Source, rows: &[&Function], allowed: &[Capability]) -> Self {
        let mine: Vec<_> = rows.iter().filter(|row| Source::of(row) == Some(source)).collect();
        let line = |status, by| Self { source, status, by };
        if mine.is_empty() {
            return line(Status::Absent, "no import leads to it".to_owned());
        }
        let names: Vec<_> = mine.iter().take(NAMED).map(|row| row.name).collect();
        let more = match mine.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let names = names.join(", ") + &more;
        let has = |kind: &Kind| allowed.iter().any(|capability| capability.kind() == *kind);
        let needs_none = source.kinds().is_empty() && source != Source::Stores;
        if needs_none || source.kinds().iter().any(has) {
            return line(Status::Recorded, names);
        }
        let kinds: Vec<_> = source.kinds().iter().map(|kind| kind.name()).collect();
        let missing = if kinds.is_empty() {
            "this version has no such kind".to_owned()
        } else {
            format!("without {}", kinds.join(" and "))
        };
        line(Status::Denied, format!("{missing}: {names}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{FUNCTIONS, lookup};

    #[test]
    fn rows_without_a_source_are_known_by_name() {
        let without: Vec<_> =
            FUNCTIONS.iter().filter(|row| Source::of(row).is_none()).map(|row| row.name).collect();
        assert_eq!(without, ["proc_exit", "abort", "trace", "output_write"]);
        let met = |source| FUNCTIONS.iter().any(|row| Source::of(row) == Some(source));
        let by_imports = Source::ALL.into_iter().filter(|source| *source < Source::NanBits);
        assert!(by_imports.into_iter().all(met));
        for source in Source::ALL {
            let named = crate::json::to_value(&source).unwrap();
            assert_eq!(named.as_str(), Some(source.to_string().as_str()));
        }
    }

    #[test]
    fn imports_are_recorded_or_denied() {
        let rows = ["clock_time_get", "fd_read", "args_get"]
            .map(|name| lookup("wasi_snapshot_preview1", name).unwrap());
        let status = |source, allowed: &[&str]| {
            let allowed: Vec<_> = allowed.iter().map(|text| text.parse().unwrap()).collect();
            EntropyLine::of_imports(source, &rows, &allowed).status
        };
        assert_eq!(status(Source::Clocks, &["time=monotonic"]), Status::Recorded);
        assert_eq!(status(Source::Clocks, &["random"]), Status::Denied);
        assert_eq!(status(Source::StandardInput, &[]), Status::Recorded);
        assert_eq!(status(Source::Files, &[]), Status::Absent);
        let rows = [lookup("provenact", "kv_get").unwrap()];
        assert_eq!(EntropyLine::of_imports(Source::Stores, &rows, &[]).status, Status::Denied);
    }
}
