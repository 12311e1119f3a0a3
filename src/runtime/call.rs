//! One host call: its arguments and the ranges of guest memory it is about.
//!
//! Ranges are resolved from the row, the parameters and the memory *before* the call, by the same
//! code in run and replay, so that a host which overwrites its own pointers changes nothing.

use super::act::Act;
use super::possible::alignment;
use crate::abi::{Answer, Function, Length, MAX_ARGS, Role, Used};
use crate::limits;

/// Most ranges that one call reads, and most that one call writes.
pub const MAX_RANGES: usize = 4;

/// A range of guest memory, cut to what lies inside it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Bytes.
    pub len: usize,
}

impl Span {
    /// `len` bytes at `start`, cut to `memory`.
    fn cut(start: u64, len: u64, memory: &[u8]) -> Self {
        let size = memory.len() as u64;
        let begin = start.min(size);
        let end = start.saturating_add(len).min(size);
        Self { start: begin as usize, len: (end - begin) as usize }
    }

    /// The bytes.
    #[must_use]
    pub fn of(self, memory: &[u8]) -> &[u8] {
        memory.get(self.start..self.start + self.len).unwrap_or_default()
    }

    /// The bytes, to be written.
    #[must_use]
    pub fn of_mut(self, memory: &mut [u8]) -> &mut [u8] {
        memory.get_mut(self.start..self.start + self.len).unwrap_or_default()
    }

    pub(super) fn overlaps(self, other: Self) -> bool {
        self.start < other.start + other.len && other.start < self.start + self.len
    }
}

/// Sizes that the invocation fixes: they bound what `args_get` and `environ_get` write.
#[derive(Debug, Clone, Copy, Default)]
pub struct InvocationSizes {
    /// Arguments.
    pub arg_count: u64,
    /// Bytes of the arguments with their closing zeros.
    pub arg_bytes: u64,
    /// Environment variables.
    pub env_count: u64,
    /// Bytes of the variables as `NAME=VALUE` with their closing zeros.
    pub env_bytes: u64,
}

/// A host call with its memory ranges.
#[derive(Debug)]
pub struct Call {
    /// Which of the module's host functions: an index into the trace header's imports.
    pub function: usize,
    /// Its row.
    pub row: &'static Function,
    /// What it does.
    pub(super) act: Act,
    args: [u64; MAX_ARGS],
    arg_count: usize,
    reads: [Span; MAX_RANGES],
    read_count: usize,
    writes: [(Span, Used); MAX_RANGES],
    write_count: usize,
    /// Whether a range that the host reads or writes as a whole does not lie in memory as a whole, or is not
    /// aligned for what stands there.
    is_cut: bool,
}

impl Call {
    /// Resolves the ranges of a call of a row, which does `act`, with `params` (zero-extended, floats by raw bits).
    #[inline]
    #[must_use]
    pub(super) fn resolve(
        function: usize,
        (row, act): (&'static Function, Act),
        params: &[u64],
        memory: &[u8],
        sizes: &InvocationSizes,
    ) -> Self {
        let mut call = Self {
            function,
            row,
            act,
            // Not a copy of the slice: a few words just written are slow to read as one block.
            args: std::array::from_fn(|at| params.get(at).copied().unwrap_or_default()),
            arg_count: params.len(),
            reads: [Span::default(); MAX_RANGES],
            read_count: 0,
            writes: [(Span::default(), Used::All); MAX_RANGES],
            write_count: 0,
            is_cut: false,
        };
        for (at, param) in row.params.iter().enumerate() {
            let start = call.args[at];
            match param.role {
                Role::Value(_) | Role::Fd | Role::Size => {}
                Role::Reads(Length::AsString, _) => call.reads_span(as_string(start, memory)),
                Role::Reads(length, _) => {
                    let len = call.length(length, sizes);
                    let span = Span::cut(start, len, memory);
                    let aligned = start.is_multiple_of(alignment(length, act));
                    call.is_cut |= span.len as u64 != len || (len > 0 && !aligned);
                    call.reads_span(span);
                }
                Role::Writes(length, used, _) => {
                    let len = call.length(length, sizes);
                    let span = Span::cut(start, len, memory);
                    let aligned = start.is_multiple_of(alignment(length, act));
                    let whole = span.len as u64 == len || act == Act::PrestatName;
                    call.is_cut |= used == Used::All && (!whole || (len > 0 && !aligned));
                    call.writes_span(span, used);
                }
                Role::ReadsVec(count) => {
                    let span = call.vector(start, call.args[count], memory);
                    // The list was resolved last: its buffer's length is the last argument.
                    call.is_cut |= call.args().last().is_some_and(|len| *len != span.len as u64);
                    call.reads_span(span);
                }
                Role::WritesVec(count, used_at) => {
                    let span = call.vector(start, call.args[count], memory);
                    call.writes_span(span, Used::CountAt(used_at, 1));
                }
            }
        }
        call
    }

    /// The recorded arguments: parameters, then address and length of each vector's buffer.
    #[must_use]
    pub fn args(&self) -> &[u64] {
        &self.args[..self.arg_count]
    }

    /// Parameter `at`, or 0 beyond the last.
    #[must_use]
    pub fn arg(&self, at: usize) -> u64 {
        self.args().get(at).copied().unwrap_or_default()
    }

    /// The ranges that the host reads, in parameter order.
    #[must_use]
    pub fn reads(&self) -> &[Span] {
        &self.reads[..self.read_count]
    }

    /// The ranges that the host may write, in parameter order, at their greatest extent.
    pub fn writes(&self) -> impl Iterator<Item = Span> + '_ {
        self.writes[..self.write_count].iter().map(|(span, _)| *span)
    }

    /// The ranges that were written, once the call has been answered.
    ///
    /// A successful call wrote what its counts say. A failed one may have written anything, so
    /// its ranges are taken whole.
    #[inline]
    pub fn written(&self, answer: Answer, memory: &[u8]) -> ([Span; MAX_RANGES], usize) {
        let success = self.row.succeeded(answer);
        let mut spans = [Span::default(); MAX_RANGES];
        for (to, (span, used)) in spans.iter_mut().zip(&self.writes[..self.write_count]) {
            *to = match used {
                Used::Result => {
                    let len = result(answer).filter(|_| success).unwrap_or_default();
                    Span { start: span.start, len: len.min(span.len as u64) as usize }
                }
                Used::CountAt(at, unit) if success => {
                    let count = self.u32_at(*at, memory);
                    let len = count.saturating_mul(u64::from(*unit)).min(span.len as u64);
                    Span { start: span.start, len: len as usize }
                }
                _ => *span,
            };
        }
        (spans, self.write_count)
    }

    /// Whether the counts of a successful answer fit the ranges that they count in.
    #[must_use]
    pub fn counts_fit(&self, answer: Answer, memory: &[u8]) -> bool {
        self.writes[..self.write_count].iter().all(|(span, used)| match used {
            Used::All => true,
            Used::Result => result(answer).is_some_and(|len| len <= span.len as u64),
            Used::CountAt(at, unit) => {
                self.u32_at(*at, memory).saturating_mul(u64::from(*unit)) <= span.len as u64
            }
        })
    }

    /// The little-endian u32 that parameter `at` points to.
    #[must_use]
    pub fn u32_at(&self, at: usize, memory: &[u8]) -> u64 {
        u64::from(little_endian(self.arg(at), memory).map_or(0, u32::from_le_bytes))
    }

    /// The little-endian u64 that parameter `at` points to.
    #[must_use]
    pub fn u64_at(&self, at: usize, memory: &[u8]) -> u64 {
        little_endian(self.arg(at), memory).map_or(0, u64::from_le_bytes)
    }

    /// The bytes of range `at` among [`Call::reads`].
    #[must_use]
    pub fn read_bytes<'m>(&self, at: usize, memory: &'m [u8]) -> &'m [u8] {
        self.reads().get(at).map_or(&[], |span| span.of(memory))
    }

    /// Whether answering the call could overwrite what the host reads in it.
    #[must_use]
    #[inline]
    pub fn overlaps(&self) -> bool {
        self.reads().iter().any(|read| self.writes().any(|write| read.overlaps(write)))
    }

    /// Whether each range that the host reads or writes as a whole lies in memory as a whole, aligned for
    /// what stands there; buffers that are filled in part are not counted.
    #[inline]
    pub(super) fn is_whole(&self) -> bool {
        !self.is_cut
    }

    /// Whether each range whose length a parameter gives lies in memory as a whole.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        let (mut reads, mut writes) = (self.reads().iter().copied(), self.writes());
        self.row.params.iter().all(|param| {
            let (length, span) = match param.role {
                Role::Reads(length, _) => (length, reads.next()),
                Role::Writes(length, ..) => (length, writes.next()),
                _ => return true,
            };
            match (length, span) {
                (Length::Param(at), Some(span)) => span.len as u64 == self.arg(at),
                _ => true,
            }
        })
    }

    fn reads_span(&mut self, span: Span) {
        if let Some(slot) = self.reads.get_mut(self.read_count) {
            *slot = span;
            self.read_count += 1;
        }
    }

    fn writes_span(&mut self, span: Span, used: Used) {
        if let Some(slot) = self.writes.get_mut(self.write_count) {
            *slot = (span, used);
            self.write_count += 1;
        }
    }

    /// How many bytes a range has that is of `length`.
    pub(super) fn length(&self, length: Length, sizes: &InvocationSizes) -> u64 {
        match length {
            Length::Fixed(bytes) => u64::from(bytes),
            Length::Param(at) => self.arg(at),
            Length::Records(at, size) => self.arg(at).saturating_mul(u64::from(size)),
            Length::ArgPointers => sizes.arg_count.saturating_mul(4),
            Length::ArgBytes => sizes.arg_bytes,
            Length::EnvPointers => sizes.env_count.saturating_mul(4),
            Length::EnvBytes => sizes.env_bytes,
            Length::AsString => 0,
        }
    }

    /// The first non-empty buffer of a list of `count` (address, length) pairs at `list`; its
    /// address and length become arguments. The list is read as far as the host would read it.
    fn vector(&mut self, list: u64, count: u64, memory: &[u8]) -> Span {
        let most = count.min(limits::HOSTCALL_BYTES as u64 / 8);
        let (mut address, mut len) = (0, 0);
        self.is_cut |= count > 0 && !list.is_multiple_of(4);
        for i in 0..most {
            let Some(pair) = list.checked_add(i * 8).and_then(|at| little_endian(at, memory))
            else {
                self.is_cut = true;
                break;
            };
            let pair = u64::from_le_bytes(pair);
            if pair >> 32 != 0 {
                (address, len) = (pair & u64::from(u32::MAX), pair >> 32);
                break;
            }
        }
        for value in [address, len] {
            if let Some(slot) = self.args.get_mut(self.arg_count) {
                *slot = value;
                self.arg_count += 1;
            }
        }
        Span::cut(address, len, memory)
    }
}

/// The range of an AssemblyScript string: its byte length stands in the 4 bytes before it.
fn as_string(address: u64, memory: &[u8]) -> Span {
    let len = address
        .checked_sub(4)
        .and_then(|at| little_endian(at, memory))
        .map_or(0, u32::from_le_bytes);
    Span::cut(address, u64::from(len), memory)
}

/// The result as a number, if there is one.
fn result(answer: Answer) -> Option<u64> {
    match answer {
        Answer::Value(bits) => Some(bits),
        Answer::Fault | Answer::Never => None,
    }
}

fn little_endian<const N: usize>(address: u64, memory: &[u8]) -> Option<[u8; N]> {
    let start = usize::try_from(address).ok()?;
    memory.get(start..start.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::lookup;

    fn resolve(name: &str, params: &[u64], memory: &[u8]) -> Call {
        let row = lookup("wasi_snapshot_preview1", name).unwrap();
        Call::resolve(0, (row, Act::of(row)), params, memory, &InvocationSizes::default())
    }

    #[test]
    fn the_first_buffer_that_is_not_empty_counts() {
        let mut memory = vec![0; 64];
        memory[8..16].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0]);
        memory[16..24].copy_from_slice(&[40, 0, 0, 0, 5, 0, 0, 0]);
        let call = resolve("fd_write", &[1, 8, 2, 60], &memory);
        assert_eq!(call.args(), [1, 8, 2, 60, 40, 5]);
        assert_eq!(call.reads(), [Span { start: 40, len: 5 }]);
        assert!(!call.overlaps());
        let call = resolve("fd_write", &[1, 8, 2, 42], &memory);
        assert!(call.overlaps());
    }

    #[test]
    fn ranges_never_leave_the_memory() {
        let memory = vec![0xff; 64];
        let far = u64::from(u32::MAX);
        for (name, params) in [
            ("random_get", &[60, far][..]),
            ("fd_read", &[0, far, far, far]),
            ("poll_oneoff", &[far, 1, far, 2]),
            ("path_open", &[3, 0, 63, far, 0, 0, 0, 0, 62]),
        ] {
            let call = resolve(name, params, &memory);
            let (written, count) = call.written(Answer::Value(21), &memory);
            for span in call.reads().iter().chain(&written[..count]) {
                assert!(span.start + span.len <= memory.len(), "{name}");
            }
        }
    }
}
