//! Names of the numbers in `wasi_snapshot_preview1.witx`: errors, clocks, flags.

/// Name of a WASI `errno` (wasi_snapshot_preview1, `errno`).
#[must_use]
pub fn errno_name(errno: u64) -> &'static str {
    const NAMES: [&str; 77] = [
        "success",
        "2big",
        "acces",
        "addrinuse",
        "addrnotavail",
        "afnosupport",
        "again",
        "already",
        "badf",
        "badmsg",
        "busy",
        "canceled",
        "child",
        "connaborted",
        "connrefused",
        "connreset",
        "deadlk",
        "destaddrreq",
        "dom",
        "dquot",
        "exist",
        "fault",
        "fbig",
        "hostunreach",
        "idrm",
        "ilseq",
        "inprogress",
        "intr",
        "inval",
        "io",
        "isconn",
        "isdir",
        "loop",
        "mfile",
        "mlink",
        "msgsize",
        "multihop",
        "nametoolong",
        "netdown",
        "netreset",
        "netunreach",
        "nfile",
        "nobufs",
        "nodev",
        "noent",
        "noexec",
        "nolck",
        "nolink",
        "nomem",
        "nomsg",
        "noprotoopt",
        "nospc",
        "nosys",
        "notconn",
        "notdir",
        "notempty",
        "notrecoverable",
        "notsock",
        "notsup",
        "notty",
        "nxio",
        "overflow",
        "ownerdead",
        "perm",
        "pipe",
        "proto",
        "protonosupport",
        "prototype",
        "range",
        "rofs",
        "spipe",
        "srch",
        "stale",
        "timedout",
        "txtbsy",
        "xdev",
        "notcapable",
    ];
    usize::try_from(errno).ok().and_then(|n| NAMES.get(n).copied()).unwrap_or("unknown errno")
}

/// Name of a WASI `clockid`.
#[must_use]
pub fn clock_name(id: u64) -> &'static str {
    match id {
        0 => "realtime",
        1 => "monotonic",
        2 => "process-cputime",
        3 => "thread-cputime",
        _ => "unknown clock",
    }
}

/// Name of a WASI `whence`.
pub(super) fn whence_name(whence: u64) -> &'static str {
    ["set", "cur", "end"].get(whence as usize).copied().unwrap_or("unknown whence")
}

/// Name of a WASI `advice`.
pub(super) fn advice_name(advice: u64) -> &'static str {
    const NAMES: [&str; 6] = ["normal", "sequential", "random", "willneed", "dontneed", "noreuse"];
    NAMES.get(advice as usize).copied().unwrap_or("unknown advice")
}

/// No flags.
pub(super) const NONE: [&str; 0] = [];
/// `fdflags`.
pub(super) const FD_FLAGS: [&str; 5] = ["append", "dsync", "nonblock", "rsync", "sync"];
/// `fstflags`.
pub(super) const TIMES: [&str; 4] = ["atim", "atim_now", "mtim", "mtim_now"];
/// `lookupflags`.
pub(super) const LOOKUP: [&str; 1] = ["symlink_follow"];
/// `oflags`.
pub(super) const OPEN: [&str; 4] = ["creat", "directory", "excl", "trunc"];
/// `riflags`.
pub(super) const RECEIVE: [&str; 2] = ["peek", "waitall"];
/// `sdflags`.
pub(super) const SHUTDOWN: [&str; 2] = ["rd", "wr"];
/// `rights`.
pub(super) const RIGHTS: [&str; 30] = [
    "fd_datasync",
    "fd_read",
    "fd_seek",
    "fd_fdstat_set_flags",
    "fd_sync",
    "fd_tell",
    "fd_write",
    "fd_advise",
    "fd_allocate",
    "path_create_directory",
    "path_create_file",
    "path_link_source",
    "path_link_target",
    "path_open",
    "fd_readdir",
    "path_readlink",
    "path_rename_source",
    "path_rename_target",
    "path_filestat_get",
    "path_filestat_set_size",
    "path_filestat_set_times",
    "fd_filestat_get",
    "fd_filestat_set_size",
    "fd_filestat_set_times",
    "path_symlink",
    "path_remove_directory",
    "path_unlink_file",
    "poll_fd_readwrite",
    "sock_shutdown",
    "sock_accept",
];

/// More bits than this at once are shown in hexadecimal: names would fill the line.
const MOST_NAMED: u32 = 4;

/// The names of the bits of `flags`, or hexadecimal when one has no name or there are many.
pub(super) fn flag_names(names: &[&str], flags: u64) -> String {
    let known = 1_u64.checked_shl(names.len() as u32).map_or(u64::MAX, |bit| bit - 1);
    if flags == 0 {
        return "0".to_owned();
    }
    if flags & !known != 0 || flags.count_ones() > MOST_NAMED {
        return format!("{flags:#x}");
    }
    let set = names.iter().enumerate().filter(|(bit, _)| flags >> bit & 1 == 1);
    set.map(|(_, name)| *name).collect::<Vec<_>>().join("|")
}
