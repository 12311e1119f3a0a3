//! Answers that follow from the trace's header and the calls before: an answer that contradicts
//! them is not one that a host gave. The same check stands in run and replay.

use super::act::Act;
use super::call::Call;
use super::input::{FAILED, Input, MOST_DELIVERED};
use crate::abi::{Answer, Gives, Need};
use crate::trace::{Header, InputBytes};

/// A list of strings as `args_get` and `environ_get` lay it out, each closed by a zero byte.
#[derive(Debug, Default)]
struct Laid {
    offsets: Vec<u32>,
    bytes: Vec<u8>,
}

impl Laid {
    fn out(strings: impl Iterator<Item = String>) -> Self {
        let mut laid = Self::default();
        for string in strings {
            laid.offsets.push(laid.bytes.len() as u32);
            laid.bytes.extend_from_slice(string.as_bytes());
            laid.bytes.push(0);
        }
        laid
    }

    /// Whether `sizes` (two u32) and what stands in memory are this list.
    fn is_counted(&self, call: &Call, memory: &[u8]) -> bool {
        let is_this = call.u32_at(0, memory) == self.offsets.len() as u64
            && call.u32_at(1, memory) == self.bytes.len() as u64;
        is_this || !apart(call)
    }

    fn is_delivered(&self, call: &Call, memory: &[u8]) -> bool {
        if !apart(call) {
            return true;
        }
        let mut ranges = call.writes();
        let pointers = ranges.next().unwrap_or_default().of(memory);
        let bytes = ranges.next().unwrap_or_default().of(memory);
        let start = call.arg(1) as u32;
        let expected = self.offsets.iter().map(|offset| start.wrapping_add(*offset).to_le_bytes());
        bytes == self.bytes && pointers.chunks_exact(4).eq(expected)
    }
}

/// Whether the ranges that the call writes lie apart: a guest that lets them overlap gets a mixture.
fn apart(call: &Call) -> bool {
    let ranges: Vec<_> = call.writes().collect();
    ranges.iter().enumerate().all(|(at, a)| ranges.iter().skip(at + 1).all(|b| !a.overlaps(*b)))
}

/// What is known before the guest starts.
#[derive(Debug)]
pub(super) struct Known {
    input: Input,
    arguments: Laid,
    environment: Laid,
}

impl Known {
    /// What `header` says.
    pub(super) fn new(header: &Header) -> Self {
        let variable = |[name, value]: &[String; 2]| format!("{name}={value}");
        Self {
            input: Input::new(header.input.as_ref().map_or(&[], InputBytes::as_bytes)),
            arguments: Laid::out(header.arguments.iter().cloned()),
            environment: Laid::out(header.environment.iter().map(variable)),
        }
    }

    /// Whether a host can have given `answer` to `call`, with `memory` as the answer left it.
    ///
    /// `handed` is how many bytes the host could read.
    pub(super) fn allows(&self, call: &Call, answer: Answer, handed: usize, memory: &[u8]) -> bool {
        if let Some(given) = self.input.answer(call) {
            let (written, _) = call.written(answer, memory);
            return answer == Answer::Value(given.result) && written[0].of(memory) == given.bytes;
        }
        match call.row.gives {
            Gives::Count => return skill_can_give(call, answer, memory),
            Gives::Seconds => return matches!(answer, Answer::Value(_)),
            Gives::Errno if call.row.succeeded(answer) => {}
            _ => return true,
        }
        match call.act {
            Act::CountArguments => self.arguments.is_counted(call, memory),
            Act::Arguments => self.arguments.is_delivered(call, memory),
            Act::CountEnvironment => self.environment.is_counted(call, memory),
            Act::Environment => self.environment.is_delivered(call, memory),
            Act::Write => call.u32_at(3, memory) <= handed as u64,
            Act::WriteAt => call.u32_at(4, memory) <= handed as u64,
            _ => call.counts_fit(answer, memory),
        }
    }
}

/// Whether the `provenact` interface can give this answer to a call that is not about input and output:
/// −1, or what fits a call whose ranges lie in memory.
fn skill_can_give(call: &Call, answer: Answer, memory: &[u8]) -> bool {
    let len = call.writes().next().map_or(0, |span| span.len as u64);
    let always = call.row.need == Need::Random && call.is_inside() && len <= MOST_DELIVERED as u64;
    match answer {
        Answer::Value(FAILED) => !always,
        Answer::Value(0) if call.act == Act::WriteFile => call.is_inside(),
        Answer::Value(count) if call.act != Act::WriteFile => {
            call.is_inside()
                && count <= MOST_DELIVERED as u64
                && (!always || count == len)
                && call.counts_fit(answer, memory)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::lookup;
    use crate::digest::{ManifestDigest, ModuleDigest};
    use crate::runtime::call::InvocationSizes;
    use crate::trace::Salt;

    fn known(input: &[u8]) -> Known {
        Known::new(&Header {
            module: ModuleDigest::of(b""),
            manifest: ManifestDigest::of(b""),
            attestation: None,
            entrypoint: "run".to_owned(),
            arguments: Vec::new(),
            input: Some(InputBytes::new(input.to_vec())),
            environment: Vec::new(),
            grants: Vec::new(),
            policy: None,
            salt: Salt::from_bytes([0; 32]),
            imports: Vec::new(),
        })
    }

    /// covers: interface-3
    #[test]
    fn answers_about_the_input_follow_from_it() {
        let known = known(b"hello");
        let mut memory = vec![0; 64];
        memory[8..13].copy_from_slice(b"hello");
        let allows = |name: &str, params: &[u64], answer: u64, memory: &[u8]| {
            let row = lookup("provenact", name).unwrap();
            let call =
                Call::resolve(0, (row, Act::of(row)), params, memory, &InvocationSizes::default());
            known.allows(&call, Answer::Value(answer), 0, memory)
        };
        for (name, params, right) in [
            ("input_len", &[][..], 5),
            ("input_read", &[8, 0, 5], 5),
            ("input_read", &[8, 1, 5], FAILED),
            ("input_read", &[62, 0, 5], FAILED),
            ("sha256_input_hex", &[0, 63], FAILED),
            ("output_write", &[0, 64], 0),
            ("output_write", &[1, 64], FAILED),
        ] {
            for answer in [0, 1, 4, 5, 6, 64, FAILED] {
                assert_eq!(
                    allows(name, params, answer, &memory),
                    answer == right,
                    "{name} {answer}"
                );
            }
        }
        // Of files and URLs −1 and what fits; of random bytes all that were asked for.
        for (name, params, right) in [
            ("random_fill", &[0, 16][..], &[16][..]),
            ("random_fill", &[60, 16], &[FAILED]),
            ("fs_read_file", &[0, 2, 16, 4], &[0, 3, 4, FAILED]),
            ("fs_read_file", &[0, 2, 62, 4], &[FAILED]),
            ("fs_write_file", &[0, 2, 16, 4], &[0, FAILED]),
            ("http_fetch", &[63, 2, 16, 4], &[FAILED]),
        ] {
            for answer in [0, 3, 4, 5, 16, FAILED - 1, FAILED, 1 << 31] {
                assert_eq!(
                    allows(name, params, answer, &memory),
                    right.contains(&answer),
                    "{name} {answer}"
                );
            }
        }
        memory[9] ^= 1;
        assert!(!allows("input_read", &[8, 0, 5], 5, &memory), "other bytes");
    }
}
