//! What a host call is about, in one word, derived from its row.

use super::{Function, Gives, Need, Role};
use std::fmt;
use std::str::FromStr;

/// The kinds of events that a trace is looked at by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Arguments of the invocation, and its input.
    Args,
    /// Clocks.
    Clock,
    /// Environment variables.
    Env,
    /// Ends the guest.
    Exit,
    /// Files and directories: paths, and descriptors above 2.
    File,
    /// Fetching.
    Http,
    /// Waiting: for clocks and descriptors.
    Poll,
    /// What concerns the process and none of the others.
    Process,
    /// Random bits.
    Random,
    /// Sockets.
    Socket,
    /// Descriptors 0, 1 and 2, and what prints there without one.
    Stdio,
}

impl Topic {
    /// Every kind, by name.
    pub const ALL: [Self; 11] = [
        Self::Args,
        Self::Clock,
        Self::Env,
        Self::Exit,
        Self::File,
        Self::Http,
        Self::Poll,
        Self::Process,
        Self::Random,
        Self::Socket,
        Self::Stdio,
    ];

    /// The kind of a call of `row` with these arguments. Standard streams are told from files by the
    /// descriptor's number alone.
    #[must_use]
    pub fn of(row: &Function, args: &[u64]) -> Self {
        let first = row.params.first().map(|param| param.role);
        match (row.need, first) {
            _ if row.gives == Gives::Never => Self::Exit,
            (Need::Time | Need::Realtime, _) => Self::Clock,
            (Need::Poll, _) => Self::Poll,
            (Need::Random, _) => Self::Random,
            (Need::Sockets, _) => Self::Socket,
            (Need::Fetch, _) => Self::Http,
            (Need::ReadFile | Need::WriteFile, _) => Self::File,
            _ if row.name.starts_with("path_") => Self::File,
            (_, Some(Role::Fd)) if args.first().is_some_and(|fd| *fd <= 2) => Self::Stdio,
            (_, Some(Role::Fd)) => Self::File,
            _ if row.name.starts_with("args_") => Self::Args,
            _ if row.name.starts_with("environ_") => Self::Env,
            _ if row.name.contains("input_") => Self::Args,
            _ if row.module == "env" || row.name == "output_write" => Self::Stdio,
            _ => Self::Process,
        }
    }

    /// The name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Args => "args",
            Self::Clock => "clock",
            Self::Env => "env",
            Self::Exit => "exit",
            Self::File => "file",
            Self::Http => "http",
            Self::Poll => "poll",
            Self::Process => "process",
            Self::Random => "random",
            Self::Socket => "socket",
            Self::Stdio => "stdio",
        }
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Topic {
    type Err = String;

    /// Errors name those that there are.
    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|topic| topic.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.into_iter().map(Self::name).collect();
            format!("there is no kind {name:?}; kinds are {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::FUNCTIONS;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_has_a_row_and_every_row_its_kind() {
        let met: BTreeSet<_> =
            FUNCTIONS.iter().flat_map(|row| [0, 3].map(|fd| Topic::of(row, &[fd]))).collect();
        assert_eq!(met, Topic::ALL.into_iter().collect());
        for (name, topic) in [
            ("args_get", Topic::Args),
            ("clock_res_get", Topic::Clock),
            ("environ_sizes_get", Topic::Env),
            ("proc_exit", Topic::Exit),
            ("abort", Topic::Exit),
            ("path_open", Topic::File),
            ("path_symlink", Topic::File),
            ("fd_write", Topic::Stdio),
            ("poll_oneoff", Topic::Poll),
            ("sched_yield", Topic::Process),
            ("seed", Topic::Random),
            ("sock_send", Topic::Socket),
            ("trace", Topic::Stdio),
            ("input_read", Topic::Args),
            ("sha256_input_hex", Topic::Args),
            ("output_write", Topic::Stdio),
            ("time_now_unix", Topic::Clock),
            ("fs_read_tree", Topic::File),
            ("http_fetch", Topic::Http),
        ] {
            let row = FUNCTIONS.iter().find(|row| row.name == name).unwrap();
            assert_eq!(Topic::of(row, &[1]), topic, "{name}");
            assert_eq!(topic.name().parse(), Ok(topic));
        }
        let row = FUNCTIONS.iter().find(|row| row.name == "fd_write").unwrap();
        assert_eq!(Topic::of(row, &[3]), Topic::File);
        assert!("disk".parse::<Topic>().unwrap_err().contains("random, socket"));
    }
}
