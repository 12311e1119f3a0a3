//! One event: a host call and its answer. Encoder and decoder share one state, so that what one
//! leaves out the other knows (`spec/trace.md`, "Events").

use super::error::Problem;
use crate::abi::{Answer, Function, Gives, Length, MAX_ARGS, Role, Used, ValType};
use crate::digest::{self, Sha256};
use crate::limits::HANDED_STORED;
use crate::wire;

/// Greatest number of memory ranges that one call writes.
pub const MAX_RANGES: usize = 4;

/// Bytes that stand for those handed to the host when they are too many: a digest, then a prefix.
const HANDED_PREFIX: usize = HANDED_STORED - 32;

/// A call to be recorded.
#[derive(Debug, Clone, Copy)]
pub struct EventRef<'a> {
    /// Number of the imported function in the header.
    pub function: usize,
    /// Parameters, then address and length of the first non-empty buffer of each vector.
    pub args: &'a [u64],
    /// What it came to.
    pub answer: Answer,
    /// The ranges that the host read, in the order of the parameters.
    pub handed: &'a [&'a [u8]],
    /// The ranges that the host wrote, in the order of the parameters.
    pub written: &'a [&'a [u8]],
}

/// A recorded call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its number in the trace, from 0.
    pub index: u64,
    /// Number of the imported function in the header.
    pub function: usize,
    /// Parameters, then address and length of the first non-empty buffer of each vector.
    pub args: &'a [u64],
    /// What it came to.
    pub answer: Answer,
    /// The bytes that the host read.
    pub handed: Handed<'a>,
    written: [&'a [u8]; MAX_RANGES],
    ranges: usize,
}

impl<'a> Event<'a> {
    /// The ranges that the host wrote, in the order of the parameters.
    #[inline]
    #[must_use]
    pub fn written(&self) -> &[&'a [u8]] {
        self.written.get(..self.ranges).unwrap_or_default()
    }
}

/// What a trace keeps of the bytes that a guest handed to the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Handed<'a> {
    /// How many there were.
    pub len: u64,
    /// The bytes: all of them, or their beginning when there is a digest.
    pub bytes: &'a [u8],
    /// SHA-256 of all of them, when they were too many to be kept.
    pub digest: Option<&'a [u8; 32]>,
}

impl Handed<'_> {
    /// Whether `ranges`, one after the other, are the bytes that were handed over.
    #[must_use]
    pub fn matches(&self, ranges: &[&[u8]]) -> bool {
        if total(ranges) != self.len {
            return false;
        }
        let mut kept = self.bytes;
        for range in ranges {
            let both = range.len().min(kept.len());
            let (head, rest) = kept.split_at(both);
            if range.get(..both) != Some(head) {
                return false;
            }
            kept = rest;
        }
        kept.is_empty() && self.digest.is_none_or(|digest| hash(ranges) == *digest)
    }
}

/// What is left out of an event because the host function table or the event before says it.
#[derive(Debug)]
pub(super) struct Codec {
    functions: Vec<State>,
}

impl Codec {
    pub(super) fn new(functions: &[&Function]) -> Self {
        let state = |f: &&Function| State { shape: Shape::of(f), last: [0; MAX_ARGS] };
        Self { functions: functions.iter().map(state).collect() }
    }

    /// Appends `event` to `out`; after an error `out` and the codec are as before.
    #[inline]
    pub(super) fn encode(
        &mut self,
        event: &EventRef<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), Problem> {
        let Some(State { shape, last }) = self.functions.get_mut(event.function) else {
            return Err("a function number beyond the imports".into());
        };
        shape.admits(event)?;
        let mut changed = 0u64;
        for (i, (new, old)) in event.args.iter().zip(last.iter()).enumerate() {
            changed |= u64::from(new != old) << i;
        }
        let (kind, value) = match event.answer {
            Answer::Value(0) => (0, 0),
            Answer::Value(value) => (1, value),
            Answer::Fault => (2, 0),
            Answer::Never => (3, 0),
        };
        wire::put_u64(out, (event.function as u64) << 3 | kind << 1 | u64::from(changed != 0));
        if changed != 0 {
            wire::put_u64(out, changed);
            for (new, old) in event.args.iter().zip(last.iter_mut()) {
                if new != old {
                    wire::put_delta(out, new.wrapping_sub(*old) as i64);
                    *old = *new;
                }
            }
        }
        if kind == 1 {
            wire::put_u64(out, value);
        }
        if shape.reads {
            put_handed(out, event.handed);
        }
        for (range, fixed) in event.written.iter().zip(shape.fixed) {
            if kind != 0 || fixed == 0 {
                wire::put_u64(out, range.len() as u64);
            }
            out.extend_from_slice(range);
        }
        Ok(())
    }

    /// Reads the next event, number `index`.
    #[inline]
    pub(super) fn decode<'a>(
        &'a mut self,
        reader: &mut wire::Reader<'a>,
        index: u64,
    ) -> Result<Event<'a>, Problem> {
        let head = reader.u64("an event's head")?;
        let function = usize::try_from(head >> 3).unwrap_or(usize::MAX);
        let Some(State { shape, last }) = self.functions.get_mut(function) else {
            return Err("a function number beyond the imports".into());
        };
        if head & 1 != 0 {
            shape.take_arguments(reader, last)?;
        }
        let answer = match head >> 1 & 3 {
            0 => Answer::Value(0),
            1 => match reader.u64("an answer")? {
                0 => return Err("an answer of 0 in the long form".into()),
                value => Answer::Value(value),
            },
            2 => Answer::Fault,
            _ => Answer::Never,
        };
        shape.admits_answer(answer)?;
        let handed = if shape.reads { take_handed(reader)? } else { Handed::default() };
        let mut written = [&[][..]; MAX_RANGES];
        for (range, fixed) in written.iter_mut().zip(shape.fixed).take(shape.writes) {
            let len = match answer {
                Answer::Value(0) if fixed != 0 => u64::from(fixed),
                _ => reader.u64("the length of a written range")?,
            };
            *range = reader.take(usize::try_from(len).unwrap_or(usize::MAX), "a written range")?;
        }
        let args = last.get(..shape.args).unwrap_or_default();
        Ok(Event { index, function, args, answer, handed, written, ranges: shape.writes })
    }
}

/// One imported function: its shape, and the arguments of its last call.
#[derive(Debug)]
struct State {
    shape: Shape,
    last: [u64; MAX_ARGS],
}

/// What the host function table says about the events of a function.
#[derive(Debug, Clone, Copy)]
struct Shape {
    /// Number of arguments.
    args: usize,
    /// Bit i: argument i is 32 bits wide.
    narrow: u64,
    /// Whether handed bytes are recorded.
    reads: bool,
    /// Number of ranges written.
    writes: usize,
    /// Length of each written range on success; 0 when the event says it.
    fixed: [u32; MAX_RANGES],
    gives: Gives,
}

impl Shape {
    fn of(function: &Function) -> Self {
        let args = function.arg_count();
        let mut shape = Self {
            args,
            narrow: (1 << args) - 1,
            reads: function.reads_memory(),
            writes: 0,
            fixed: [0; MAX_RANGES],
            gives: function.gives,
        };
        for (i, param) in function.params.iter().enumerate() {
            if param.ty != ValType::I32 {
                shape.narrow &= !(1 << i);
            }
            let fixed = match param.role {
                Role::Writes(Length::Fixed(len), Used::All, _) => len,
                Role::Writes(..) | Role::WritesVec(..) => 0,
                _ => continue,
            };
            if let Some(place) = shape.fixed.get_mut(shape.writes) {
                *place = fixed;
                shape.writes += 1;
            }
        }
        shape
    }

    /// Whether the decoder would take `event`.
    #[inline]
    fn admits(&self, event: &EventRef<'_>) -> Result<(), Problem> {
        if event.args.len() != self.args {
            return Err("a number of arguments that is not the function's".into());
        }
        let wide =
            |(i, arg): (usize, &u64)| *arg > u64::from(u32::MAX) && self.narrow >> i & 1 != 0;
        if event.args.iter().enumerate().any(wide) {
            return Err(TOO_WIDE.into());
        }
        if event.written.len() != self.writes {
            return Err("a number of written ranges that is not the function's".into());
        }
        if !self.reads && !event.handed.is_empty() {
            return Err("handed bytes of a function that reads none".into());
        }
        let fits = |(range, fixed): (&&[u8], u32)| fixed == 0 || range.len() == fixed as usize;
        if event.answer == Answer::Value(0) && !event.written.iter().zip(self.fixed).all(fits) {
            return Err("a written range that has not its fixed length".into());
        }
        self.admits_answer(event.answer)
    }

    #[inline]
    fn admits_answer(&self, answer: Answer) -> Result<(), Problem> {
        let fits = match (answer, self.gives) {
            (Answer::Value(value), Gives::Errno | Gives::Count) => value <= u64::from(u32::MAX),
            (Answer::Value(value), Gives::Nothing) => value == 0,
            (Answer::Value(_), Gives::Never) => false,
            (Answer::Value(_), Gives::Bits64 | Gives::Seconds)
            | (Answer::Fault | Answer::Never, _) => true,
        };
        if fits { Ok(()) } else { Err("an answer that the function cannot give".into()) }
    }

    #[inline]
    fn take_arguments(
        &self,
        reader: &mut wire::Reader<'_>,
        last: &mut [u64; MAX_ARGS],
    ) -> Result<(), Problem> {
        let mut changed = reader.u64("the set of changed arguments")?;
        if changed == 0 || changed >> self.args != 0 {
            return Err("a set of changed arguments that is empty or too large".into());
        }
        while changed != 0 {
            let i = changed.trailing_zeros();
            changed &= changed - 1;
            let delta = reader.delta("the change of an argument")?;
            let Some(arg) = last.get_mut(i as usize).filter(|_| delta != 0) else {
                return Err("an argument that changed by 0".into());
            };
            *arg = arg.wrapping_add(delta as u64);
            if *arg > u64::from(u32::MAX) && self.narrow >> i & 1 != 0 {
                return Err(TOO_WIDE.into());
            }
        }
        Ok(())
    }
}

const TOO_WIDE: &str = "a 32-bit argument with more than 32 bits";

fn put_handed(out: &mut Vec<u8>, ranges: &[&[u8]]) {
    let len = total(ranges);
    wire::put_u64(out, len);
    let mut room = HANDED_STORED;
    if len > HANDED_STORED as u64 {
        out.extend_from_slice(&hash(ranges));
        room = HANDED_PREFIX;
    }
    for range in ranges {
        let kept = range.get(..room).unwrap_or(range);
        out.extend_from_slice(kept);
        room -= kept.len();
    }
}

#[inline]
fn take_handed<'a>(reader: &mut wire::Reader<'a>) -> Result<Handed<'a>, Problem> {
    const WHAT: &str = "the handed bytes";
    let len = reader.u64("the number of handed bytes")?;
    match usize::try_from(len) {
        Ok(short) if short <= HANDED_STORED => {
            Ok(Handed { len, bytes: reader.take(short, WHAT)?, digest: None })
        }
        _ => {
            let digest = reader.take(32, WHAT)?.first_chunk();
            Ok(Handed { len, bytes: reader.take(HANDED_PREFIX, WHAT)?, digest })
        }
    }
}

/// Bytes in all ranges together.
fn total(ranges: &[&[u8]]) -> u64 {
    ranges.iter().map(|range| range.len() as u64).fold(0, u64::saturating_add)
}

fn hash(ranges: &[&[u8]]) -> [u8; 32] {
    if let [range] = ranges {
        return digest::sha256(range);
    }
    let mut hash = Sha256::new();
    for range in ranges {
        hash.update(range);
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::FUNCTIONS;

    #[test]
    fn every_row_fits_the_format() {
        for f in FUNCTIONS {
            let ranges = f
                .params
                .iter()
                .filter(|p| matches!(p.role, Role::Writes(..) | Role::WritesVec(..)))
                .count();
            assert!(ranges <= MAX_RANGES, "{}", f.name);
            assert_eq!(Shape::of(f).writes, ranges, "{}", f.name);
        }
    }

    #[test]
    fn handed_bytes_match_however_they_are_cut() {
        for len in [0, 1, 255, 256, 257, 5000] {
            let bytes: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let mut out = Vec::new();
            put_handed(&mut out, &[&bytes]);
            let handed = take_handed(&mut wire::Reader::new(&out)).unwrap();
            for cut in [0, len / 2, len] {
                let (a, b) = bytes.split_at(cut);
                assert!(handed.matches(&[a, b]), "{len} cut at {cut}");
            }
            assert_eq!(handed.matches(&[]), len == 0);
            let mut more = bytes.clone();
            more.push(0);
            assert!(!handed.matches(&[&more]));
            if let Some(last) = more[..len].last_mut() {
                *last ^= 1;
                assert!(!handed.matches(&[&more[..len]]), "{len}");
            }
        }
    }
}
