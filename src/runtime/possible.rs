//! Answers that no host gives, by the call alone: what its values are, where its ranges lie, what cannot
//! fail and what always does.
//!
//! The same check stands in run and replay. It says what the host of a run does, wasmtime-wasi's preview 1:
//! it traps where it cannot use an argument, and gives an errno where the world says no.

use super::act::Act;
use super::call::{Call, InvocationSizes};
use crate::abi::{Answer, Fails, Function, Gives, HOST_CLOCKS, Length, MAX_ARGS, Need, Role};
use crate::limits;

/// The greatest errno that there is (`wasi_snapshot_preview1.witx`).
const LAST_ERRNO: u64 = 76;
/// Sign and exponent of the floats from 1 up to 2, which `env.seed` gives.
const ONE_TO_TWO: u64 = 0x3ff;

/// What is known of the answers of a function before it is called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// The greatest value of each parameter.
    greatest: [u64; MAX_ARGS],
}

impl Rule {
    pub(super) fn of(row: &Function) -> Self {
        let mut greatest = [u64::MAX; MAX_ARGS];
        for (slot, param) in greatest.iter_mut().zip(row.params) {
            if let Role::Value(show) = param.role {
                *slot = show.greatest();
            }
        }
        Self { greatest }
    }

    /// Whether a host can have given `answer` to `call`, of an execution with strings of those `sizes`. What
    /// the module `provenact` gives is judged elsewhere.
    #[inline]
    pub(super) fn allows(
        &self,
        call: &Call,
        answer: Answer,
        sizes: &InvocationSizes,
        memory: &[u8],
    ) -> bool {
        match (call.row.gives, answer) {
            (Gives::Bits64, Answer::Value(bits)) => return bits >> 52 == ONE_TO_TWO,
            (Gives::Errno, _) => {}
            _ => return true,
        }
        // A value that the interface does not have reaches no function.
        let usable = call.args().iter().zip(&self.greatest).all(|(value, most)| value <= most);
        match answer {
            Answer::Value(0) => usable && call.is_whole() && can_succeed(call),
            Answer::Value(errno) => usable && errno <= LAST_ERRNO && can_fail(call),
            Answer::Fault => {
                let waits = call.row.need == Need::Poll;
                !usable || waits || !ranges_are_good(call, sizes, memory)
            }
            Answer::Never => true,
        }
    }
}

/// Whether the call can be answered by success.
#[inline]
fn can_succeed(call: &Call) -> bool {
    match call.row.fails {
        Fails::Perhaps | Fails::Never => true,
        Fails::Always => false,
        Fails::ByClock => call.arg(0) < HOST_CLOCKS,
    }
}

/// Whether the call can be answered by another errno.
#[cold]
fn can_fail(call: &Call) -> bool {
    match call.row.fails {
        Fails::Perhaps | Fails::Always => true,
        Fails::Never => false,
        Fails::ByClock => call.arg(0) >= HOST_CLOCKS,
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
                is_good(start, call.length(length, sizes), alignment(length, call.act))
            }
            Role::ReadsVec(count) | Role::WritesVec(count, _) => {
                let list = is_good(start, call.arg(count).saturating_mul(8), 4);
                let buffer = buffers.next().is_some_and(|buffer| is_good(buffer[0], buffer[1], 1));
                list && buffer
            }
        }
    })
}

/// The alignment of what stands in a range of that length.
pub(super) const fn alignment(length: Length, act: Act) -> u64 {
    match (length, act) {
        (Length::Fixed(2), _) => 2,
        // A prestat is a tag and an u32.
        (Length::Fixed(4) | Length::ArgPointers | Length::EnvPointers, _)
        | (Length::Fixed(_), Act::Prestat) => 4,
        (Length::Fixed(_) | Length::Records(..), _) => 8,
        (Length::Param(_) | Length::ArgBytes | Length::EnvBytes | Length::AsString, _) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::lookup;

    const SIZES: InvocationSizes =
        InvocationSizes { arg_count: 1, arg_bytes: 4, env_count: 0, env_bytes: 0 };

    fn allowed(name: &str, params: &[u64], answer: Answer) -> bool {
        let row = lookup("wasi_snapshot_preview1", name).or_else(|| lookup("env", name)).unwrap();
        let mut memory = vec![0; 64];
        // A buffer of four bytes at 16, and one that is not in memory as a whole.
        memory[..16].copy_from_slice(&[16, 0, 0, 0, 4, 0, 0, 0, 60, 0, 0, 0, 8, 0, 0, 0]);
        let call = Call::resolve(0, (row, Act::of(row)), params, &memory, &SIZES);
        Rule::of(row).allows(&call, answer, &SIZES, &memory)
    }

    const SUCCESS: Answer = Answer::Value(0);

    /// covers: receipt-19
    #[test]
    fn pointers_decide_between_success_and_fault() {
        for (name, good, bad) in [
            ("args_sizes_get", &[8, 12][..], &[8, 64][..]),
            ("args_sizes_get", &[8, 12], &[8, 13]),
            ("args_get", &[8, 60], &[8, 61]),
            ("args_get", &[8, 60], &[9, 60]),
            ("clock_time_get", &[0, 0, 8], &[0, 0, 60]),
            ("clock_time_get", &[0, 0, 8], &[0, 0, 12]),
            ("random_get", &[8, 56], &[8, 57]),
            ("fd_prestat_get", &[3, 12], &[3, 60]),
            ("fd_filestat_get", &[4, 0], &[4, 4]),
            ("fd_tell", &[4, 8], &[4, 12]),
            ("path_open", &[3, 0, 8, 4, 0, 2, 0, 0, 12], &[3, 0, 62, 4, 0, 2, 0, 0, 12]),
            ("fd_write", &[1, 0, 1, 32], &[1, 8, 1, 32]),
            ("fd_write", &[1, 0, 1, 32], &[1, 64, 1, 32]),
            ("fd_write", &[1, 0, 1, 32], &[1, 2, 1, 32]),
            ("fd_read", &[0, 0, 1, 32], &[0, 0, 1, 62]),
            ("fd_read", &[0, 0, 1, 32], &[0, 60, 1, 32]),
        ] {
            assert!(allowed(name, good, SUCCESS), "{name}");
            assert!(!allowed(name, good, Answer::Fault), "{name}");
            assert!(!allowed(name, bad, SUCCESS), "{name} {bad:?}");
            assert!(allowed(name, bad, Answer::Fault), "{name} {bad:?}");
        }
        // A buffer that is filled in part need not lie in memory as a whole.
        assert!(allowed("fd_read", &[0, 8, 1, 32], Answer::Fault));
        assert!(allowed("fd_read", &[0, 8, 1, 32], SUCCESS));
        for (name, params) in [("sched_yield", &[][..]), ("fd_close", &[1]), ("fd_sync", &[4])] {
            assert!(!allowed(name, params, Answer::Fault), "{name}");
        }
    }

    /// covers: receipt-22
    #[test]
    fn a_value_that_the_interface_does_not_have_is_a_fault() {
        for (name, good, bad) in [
            ("clock_time_get", &[1, 0, 8][..], &[4, 0, 8][..]),
            ("fd_seek", &[4, 0, 2, 8], &[4, 0, 3, 8]),
            ("fd_advise", &[4, 0, 0, 5], &[4, 0, 0, 6]),
            ("fd_fdstat_set_flags", &[4, 31], &[4, 32]),
            ("fd_filestat_set_times", &[4, 0, 0, 15], &[4, 0, 0, 16]),
            ("path_open", &[3, 1, 8, 4, 15, 2, 0, 31, 12], &[3, 1, 8, 4, 16, 2, 0, 31, 12]),
            ("path_open", &[3, 1, 8, 4, 15, 2, 0, 31, 12], &[3, 2, 8, 4, 15, 2, 0, 31, 12]),
            ("path_open", &[3, 1, 8, 4, 15, 2, 0, 31, 12], &[3, 1, 8, 4, 15, 2, 1 << 30, 31, 12]),
        ] {
            assert!(allowed(name, good, SUCCESS), "{name}");
            assert!(!allowed(name, good, Answer::Fault), "{name}");
            assert!(allowed(name, bad, Answer::Fault), "{name}");
            assert!(!allowed(name, bad, SUCCESS), "{name}");
            assert!(!allowed(name, bad, Answer::Value(28)), "{name}");
        }
        assert!(allowed("proc_raise", &[30], Answer::Value(58)));
        assert!(allowed("proc_raise", &[31], Answer::Fault));
    }

    /// covers: receipt-20
    #[test]
    fn what_cannot_fail_has_no_errno_and_what_always_does_no_success() {
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
            assert!(allowed(name, params, SUCCESS), "{name}");
            assert!(!allowed(name, params, Answer::Value(8)), "{name}");
        }
        for (name, params) in [
            ("clock_time_get", &[2, 0, 8][..]),
            ("clock_res_get", &[3, 8]),
            ("fd_allocate", &[4, 0, 1]),
            ("fd_fdstat_set_rights", &[4, 0, 0]),
            ("proc_raise", &[1]),
        ] {
            assert!(!allowed(name, params, SUCCESS), "{name}");
            assert!(allowed(name, params, Answer::Value(8)), "{name}");
        }
        assert!(allowed("fd_read", &[0, 0, 1, 32], Answer::Value(76)));
        assert!(!allowed("fd_read", &[0, 0, 1, 32], Answer::Value(77)));
        assert!(allowed("seed", &[], Answer::Value(1.5_f64.to_bits())));
        assert!(!allowed("seed", &[], Answer::Value(2.5_f64.to_bits())));
        assert!(!allowed("seed", &[], Answer::Value(f64::NAN.to_bits())));
    }
}
