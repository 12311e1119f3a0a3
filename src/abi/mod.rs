//! The host function table as pure data.
//!
//! One row per function a module may import: its signature, which parameters point into guest
//! memory and how far, what capability it needs, and how it prints. Linker, recorder, replayer,
//! capability checks, printer and `spec/host-functions.md` are all made from these rows, so a new
//! host function is one row here and one implementation in `runtime/`.

mod capability;
pub mod entropy;
mod names;
pub mod show;
mod table;
mod topic;
mod url;

pub use capability::{CLOCKS, Capability, CapabilityError, Kind, WHOLE, below, is_at_or_below};
pub use names::{clock_name, errno_name};
pub use table::FUNCTIONS;
pub(crate) use table::for_each_host_function;
pub use topic::Topic;
pub use url::Url;

/// Greatest number of recorded arguments of one call: parameters, and for a vector of buffers the
/// address and length of its first non-empty buffer.
pub const MAX_ARGS: usize = 12;

/// A parameter or result type (Wasm specification, §2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 64-bit float, carried as raw bits.
    F64,
}

/// How a call was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It returned; raw bits of the result, 0 where there is none.
    Value(u64),
    /// The host could not use an argument: a pointer outside the memory, an impossible size.
    Fault,
    /// It does not return.
    Never,
}

/// What a call gives back to the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// A WASI `errno`, 0 on success.
    Errno,
    /// Nothing; the call returns.
    Nothing,
    /// Raw bits of a float.
    Bits64,
    /// An i32: how many bytes, or 0 for done; −1 when it failed.
    Count,
    /// An i64: seconds.
    Seconds,
    /// Nothing; the call does not return.
    Never,
}

/// Whether a call fails whose arguments the host can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fails {
    /// When the world says no.
    Perhaps,
    /// Nothing in the world says no.
    Never,
    /// The host does not have it.
    Always,
    /// When the clock in parameter 0 is none that the host has: [`HOST_CLOCKS`] and above.
    ByClock,
}

/// The clocks of WASI that the host has are those below: `realtime` and `monotonic`.
pub const HOST_CLOCKS: u64 = 2;

/// Length of a memory range, in terms of the call's parameters (by position).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// That many bytes.
    Fixed(u32),
    /// As many bytes as parameter `.0` says.
    Param(usize),
    /// As many records of `.1` bytes as parameter `.0` says.
    Records(usize, u32),
    /// One 4-byte pointer for each argument of the invocation.
    ArgPointers,
    /// The arguments of the invocation, each closed by a zero byte.
    ArgBytes,
    /// One 4-byte pointer for each environment variable.
    EnvPointers,
    /// The environment as `NAME=VALUE`, each closed by a zero byte.
    EnvBytes,
    /// AssemblyScript string: UTF-16 code units, their byte length in the 4 bytes before; 0 is null.
    AsString,
}

/// How much of a range the host has written when the call succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    /// All of it.
    All,
    /// As many units of `.1` bytes as the u32 at the address in parameter `.0` says.
    CountAt(usize, u32),
    /// As many bytes as the result says; none when the call failed.
    Result,
}

/// What a parameter means to the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A number.
    Value(Show),
    /// A file descriptor.
    Fd,
    /// Start of a range that the host reads.
    Reads(Length, Show),
    /// Start of a range that the host writes.
    Writes(Length, Used, Show),
    /// Start of a list of (address, length) pairs, as many as parameter `.0` says; the host reads
    /// the first buffer that is not empty.
    ReadsVec(usize),
    /// As `ReadsVec`, but the host writes that buffer; parameter `.1` is where the count goes.
    WritesVec(usize, usize),
    /// A length or count that another parameter's role refers to.
    Size,
}

/// How a value or a range is shown to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    /// An unsigned number.
    Number,
    /// A signed number.
    Signed,
    /// A set of flags: the names of its bits, from the lowest.
    Flags(&'static [&'static str]),
    /// Where a `whence` counts from.
    Whence,
    /// A file `advice`.
    Advice,
    /// A point in time of the clock that the first parameter names.
    Instant,
    /// A WASI `clockid`.
    Clock,
    /// A WASI `signal`.
    Signal,
    /// Nanoseconds.
    Nanos,
    /// A float by its raw bits.
    Float,
    /// Text or bytes, quoted and cut.
    Bytes,
    /// UTF-16 text.
    Utf16,
    /// A little-endian unsigned number in memory.
    Integer,
    /// Not shown.
    Hidden,
}

impl Show {
    /// The greatest value of a parameter that is shown so: what is above, no host can use.
    #[must_use]
    pub const fn greatest(self) -> u64 {
        match self {
            Self::Flags(names) => (1 << names.len()) - 1,
            Self::Whence => 2,
            Self::Advice => 5,
            Self::Clock => 3,
            Self::Signal => 30,
            _ => u64::MAX,
        }
    }
}

/// Which authority a call needs, decided by `runtime/authority.rs` from arguments and descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// None: a question about descriptors, arguments or the environment list.
    Nothing,
    /// `time`.
    Time,
    /// `time` of the clock of days.
    Realtime,
    /// `time`, when a subscription is to a clock.
    Poll,
    /// `random`.
    Random,
    /// `fs.read` or `fs.write` below a preopened directory, by `path_open`'s rights and flags.
    Open,
    /// `fs.read` on what the descriptor in parameter 0 stands for.
    ReadFd,
    /// `fs.write` on what the descriptor in parameter 0 stands for.
    WriteFd,
    /// `fs.read` on a path below a directory: the descriptor's parameter, and which of the strings
    /// that the call reads is the path.
    ReadPath(usize, usize),
    /// `fs.write` on a path below a directory, as `ReadPath`.
    WritePath(usize, usize),
    /// As `WritePath`, for the path of a link: the first string that the call reads is where it leads.
    WriteLink(usize, usize),
    /// `fs.write` on the two paths that the call reads, below two directories: parameters of the
    /// descriptors.
    WritePaths(usize, usize),
    /// `fs.read` at the absolute guest path that is the first string the call reads.
    ReadFile,
    /// `fs.write` there.
    WriteFile,
    /// `net.http` at the URL that is the first string the call reads.
    Fetch,
    /// Sockets, which this version never grants. Modules import them because their libc does.
    Sockets,
    /// A kind of that name, which this version does not have.
    Unsupported(&'static str),
}

impl Need {
    /// The kinds of capability that importing such a function lets a module ask for.
    #[must_use]
    pub fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Nothing | Self::Sockets | Self::Unsupported(_) => &[],
            Self::Time | Self::Realtime | Self::Poll => &[Kind::Time],
            Self::Random => &[Kind::Random],
            Self::Open => &[Kind::FsRead, Kind::FsWrite],
            Self::ReadFd | Self::ReadPath(..) | Self::ReadFile => &[Kind::FsRead],
            Self::WriteFd
            | Self::WritePath(..)
            | Self::WriteLink(..)
            | Self::WritePaths(..)
            | Self::WriteFile => &[Kind::FsWrite],
            Self::Fetch => &[Kind::NetHttp],
        }
    }

    /// The kind that importing such a function lets a module ask for, and that there is not.
    #[must_use]
    pub fn unsupported(self) -> Option<&'static str> {
        match self {
            Self::Unsupported(name) => Some(name),
            _ => None,
        }
    }
}

/// One parameter of a host function.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name in the interface's definition.
    pub name: &'static str,
    /// Its type.
    pub ty: ValType,
    /// What it means.
    pub role: Role,
}

/// One host function: a row of the table.
#[derive(Debug)]
pub struct Function {
    /// Import module name, for example `wasi_snapshot_preview1`.
    pub module: &'static str,
    /// Import field name.
    pub name: &'static str,
    /// Parameters in order.
    pub params: &'static [Param],
    /// What it gives back.
    pub gives: Gives,
    /// When it fails.
    pub fails: Fails,
    /// What authority it needs.
    pub need: Need,
}

impl Function {
    /// Recorded arguments of a call: parameters, and two more for each vector of buffers.
    #[must_use]
    pub fn arg_count(&self) -> usize {
        let vectors = self
            .params
            .iter()
            .filter(|p| matches!(p.role, Role::ReadsVec(_) | Role::WritesVec(..)));
        self.params.len() + 2 * vectors.count()
    }

    /// The parameter that argument `at` is, or belongs to: a vector's buffer is an address and a
    /// length after the parameters.
    #[must_use]
    pub fn param_of(&self, at: usize) -> Option<&Param> {
        let vectors = || {
            self.params.iter().filter(|p| matches!(p.role, Role::ReadsVec(_) | Role::WritesVec(..)))
        };
        self.params.get(at).or_else(|| vectors().nth((at - self.params.len()) / 2))
    }

    /// Whether the host reads guest memory in this call.
    #[must_use]
    pub fn reads_memory(&self) -> bool {
        self.params.iter().any(|p| matches!(p.role, Role::Reads(..) | Role::ReadsVec(_)))
    }

    /// Whether the host writes guest memory in this call.
    #[must_use]
    pub fn writes_memory(&self) -> bool {
        self.params.iter().any(|p| matches!(p.role, Role::Writes(..) | Role::WritesVec(..)))
    }

    /// Whether `answer` is one of success.
    #[must_use]
    pub fn succeeded(&self, answer: Answer) -> bool {
        match (self.gives, answer) {
            (Gives::Errno, answer) => answer == Answer::Value(0),
            (Gives::Count, Answer::Value(bits)) => (bits as u32).cast_signed() >= 0,
            (Gives::Count | Gives::Never, _) => false,
            (Gives::Nothing | Gives::Bits64 | Gives::Seconds, _) => true,
        }
    }

    /// Whether a call can be answered by `answer`.
    #[must_use]
    pub fn can_give(&self, answer: Answer) -> bool {
        match (self.gives, answer) {
            (gives, Answer::Fault) => gives != Gives::Never,
            (gives, Answer::Never) => gives == Gives::Never,
            (Gives::Errno | Gives::Count, Answer::Value(bits)) => u32::try_from(bits).is_ok(),
            (Gives::Bits64 | Gives::Seconds, Answer::Value(_)) => true,
            (Gives::Nothing, Answer::Value(bits)) => bits == 0,
            (Gives::Never, Answer::Value(_)) => false,
        }
    }

    /// The type of the result, if there is one.
    #[must_use]
    pub fn result(&self) -> Option<ValType> {
        match self.gives {
            Gives::Errno | Gives::Count => Some(ValType::I32),
            Gives::Seconds => Some(ValType::I64),
            Gives::Bits64 => Some(ValType::F64),
            Gives::Nothing | Gives::Never => None,
        }
    }
}

/// The interface of skills (`spec/interface.md`).
pub const OWN_NAME: &str = "provenact";
/// What it was called before; modules that import it mean the same.
pub const FORMER_NAME: &str = "inactu";

/// Another name by which modules can import the functions of `module`, as the table has it.
#[must_use]
pub fn other_name(module: &str) -> Option<&'static str> {
    (module == OWN_NAME).then_some(FORMER_NAME)
}

/// The row for an import, if the interface is known.
#[must_use]
pub fn lookup(module: &str, name: &str) -> Option<&'static Function> {
    let module = if module == FORMER_NAME { OWN_NAME } else { module };
    FUNCTIONS.iter().find(|f| f.module == module && f.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_consistent() {
        for (at, f) in FUNCTIONS.iter().enumerate() {
            assert!(f.arg_count() <= MAX_ARGS, "{}", f.name);
            assert!(
                std::ptr::eq(lookup(f.module, f.name).unwrap(), &FUNCTIONS[at]),
                "{} stands twice",
                f.name
            );
            let is_i32 = |i: usize| f.params[i].ty == ValType::I32;
            for p in f.params {
                match p.role {
                    Role::Reads(Length::Param(i) | Length::Records(i, _), _)
                    | Role::Writes(Length::Param(i) | Length::Records(i, _), Used::All, _) => {
                        assert!(is_i32(i), "{}", f.name);
                    }
                    Role::Writes(_, Used::CountAt(at, _), _) | Role::WritesVec(_, at) => {
                        let out = f.params[at].role;
                        assert!(
                            matches!(out, Role::Writes(Length::Fixed(4), Used::All, _)),
                            "{}: the count of {} is not written",
                            f.name,
                            p.name
                        );
                    }
                    _ => {}
                }
            }
        }
    }
}
