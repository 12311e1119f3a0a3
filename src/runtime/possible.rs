//! Answers that no host gives, by the call alone: where its ranges lie, and what cannot fail.
//!
//! The same check stands in run and replay. What is refused here was tried on the host of a run:
//! wasmtime-wasi's preview 1, which traps where a pointer is bad and gives an errno where the world
//! says no.

use super::act::Act;
use super::call::{Call, InvocationSizes};
use crate::abi::{Answer, Gives, Length, Need, Role};
use crate::limits;

/// What a host may be unable to answer although every pointer is good: it has no name for sockets
/// among files, and waits for what is not its own.
const OF_THE_WORLD: [&str; 5] =
    ["fd_fdstat_get", "fd_filestat_get", "fd_readdir", "path_filestat_get", "poll_oneoff"];

/// The clocks of WASI that every host has: `realtime` and `monotonic`.
const SURE_CLOCKS: u64 = 2;

/// Whether a host can have given `answer` to `call`, of an execution with strings of those `sizes`.
/// What gives no errno is judged elsewhere.
#[inline]
pub(super) fn allows(call: &Call, answer: Answer, sizes: &InvocationSizes, memory: &[u8]) -> bool {
    if call.row.gives != Gives::Errno {
        return true;
    }
    match answer {
        Answer::Value(0) => call.is_whole() || call.act == Act::PrestatName,
        Answer::Value(_) => !always_succeeds(call),
        Answer::Fault => {
            OF_THE_WORLD.contains(&call.row.name) || !ranges_are_good(call, sizes, memory)
        }
        Answer::Never => true,
    }
}

/// Whether the call has no errno but that of success.
#[cold]
fn always_succeeds(call: &Call) -> bool {
    match (call.act, call.row.need) {
        (Act::CountArguments | Act::Arguments | Act::CountEnvironment | Act::Environment, _)
        | (_, Need::Random) => true,
        (_, Need::Time) => call.arg(0) < SURE_CLOCKS,
        // `sched_yield`
        _ => call.row.params.is_empty(),
    }
}

/// Whether every range lies in memory, aligned for what stands there, and is none that a host refuses
/// for its size: then nothing about the pointers is a fault. Where that is uncertain, they are not good.
#[cold]
fn ranges_are_good(call: &Call, sizes: &InvocationSizes, memory: &[u8]) -> bool {
    const LARGEST: u64 = limits::HOSTCALL_BYTES as u64 / 2;
    let is_good = |start: u64, len: u64, align: u64| {
        let end = start.saturating_add(len);
        let inside = end <= memory.len() as u64 && end <= u64::from(u32::MAX);
        inside && len <= LARGEST && start.is_multiple_of(align)
    };
    // Address and length of each vector's buffer come after the parameters.
    let mut buffers = call.args().get(call.row.params.len()..).unwrap_or_default().chunks_exact(2);
    call.row.params.iter().enumerate().all(|(at, param)| {
        let start = call.arg(at);
        match param.role {
            Role::Value(_) | Role::Fd | Role::Size => true,
            Role::Reads(length, _) | Role::Writes(length, ..) => {
                is_good(start, call.length(length, sizes), align_of(length))
            }
            Role::ReadsVec(count) | Role::WritesVec(count, _) => {
                let list = is_good(start, call.arg(count).saturating_mul(8), 4);
                let buffer = buffers.next().is_some_and(|buffer| is_good(buffer[0], buffer[1], 1));
                list && buffer
            }
        }
    })
}

/// The alignment of what stands in a range, or a greater one.
const fn align_of(length: Length) -> u64 {
    match length {
        Length::Fixed(2) => 2,
        Length::Fixed(4) | Length::ArgPointers | Length::EnvPointers => 4,
        Length::Fixed(_) | Length::Records(..) => 8,
        Length::Param(_) | Length::ArgBytes | Length::EnvBytes | Length::AsString => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::lookup;

    const SIZES: InvocationSizes =
        InvocationSizes { arg_count: 1, arg_bytes: 4, env_count: 0, env_bytes: 0 };

    fn allowed(name: &str, params: &[u64], answer: Answer) -> bool {
        let row = lookup("wasi_snapshot_preview1", name).unwrap();
        let mut memory = vec![0; 64];
        // A buffer of four bytes at 16, and one that is not in memory.
        memory[..16].copy_from_slice(&[16, 0, 0, 0, 4, 0, 0, 0, 60, 0, 0, 0, 8, 0, 0, 0]);
        let call = Call::resolve(0, (row, Act::of(row)), params, &memory, &SIZES);
        allows(&call, answer, &SIZES, &memory)
    }

    /// covers: receipt-19
    #[test]
    fn pointers_decide_between_success_and_fault() {
        for (name, good, bad) in [
            ("args_sizes_get", &[8, 12][..], &[8, 62][..]),
            ("args_get", &[8, 60], &[8, 61]),
            ("clock_time_get", &[0, 0, 8], &[0, 0, 60]),
            ("random_get", &[8, 56], &[8, 57]),
            ("fd_prestat_get", &[3, 8], &[3, 60]),
            ("path_open", &[3, 0, 8, 4, 0, 2, 0, 0, 12], &[3, 0, 62, 4, 0, 2, 0, 0, 12]),
        ] {
            assert!(allowed(name, good, Answer::Value(0)), "{name}");
            assert!(!allowed(name, good, Answer::Fault), "{name}");
            assert!(!allowed(name, bad, Answer::Value(0)), "{name}");
            assert!(allowed(name, bad, Answer::Fault), "{name}");
        }
        // A buffer that is filled in part need not lie in memory as a whole.
        for name in ["fd_read", "fd_write"] {
            assert!(!allowed(name, &[0, 0, 1, 32], Answer::Fault), "{name}");
            assert!(allowed(name, &[0, 8, 1, 32], Answer::Fault), "{name}");
            assert!(allowed(name, &[0, 8, 1, 32], Answer::Value(0)), "{name}");
            assert!(!allowed(name, &[0, 0, 1, 62], Answer::Value(0)), "{name}");
        }
        // Not aligned for what is written there.
        assert!(allowed("fd_tell", &[4, 12], Answer::Fault));
        // A socket among the files of the world.
        assert!(allowed("fd_filestat_get", &[4, 0], Answer::Fault));
        for (name, params) in [("sched_yield", &[][..]), ("fd_close", &[1]), ("fd_sync", &[4])] {
            assert!(!allowed(name, params, Answer::Fault), "{name}");
        }
    }

    /// covers: receipt-20
    #[test]
    fn what_cannot_fail_has_no_errno() {
        for (name, params) in [
            ("args_sizes_get", &[8, 12][..]),
            ("args_get", &[8, 60]),
            ("environ_sizes_get", &[8, 12]),
            ("environ_get", &[8, 12]),
            ("clock_time_get", &[1, 0, 8]),
            ("clock_res_get", &[0, 8]),
            ("random_get", &[8, 8]),
            ("sched_yield", &[]),
        ] {
            assert!(allowed(name, params, Answer::Value(0)), "{name}");
            assert!(!allowed(name, params, Answer::Value(8)), "{name}");
        }
        assert!(allowed("clock_time_get", &[2, 0, 8], Answer::Value(8)));
        assert!(allowed("fd_read", &[0, 0, 1, 32], Answer::Value(29)));
    }
}
