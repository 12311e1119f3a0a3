//! What can be seen of a module from outside, in terms that all engines share: values as bits,
//! traps as a closed list, and the state after each call.

use super::rng::Rng;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A value type, as far as the host can tell values apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    I32,
    I64,
    F32,
    F64,
    V128,
    Reference,
}

/// A value as bits. Of references only whether they are null.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Value {
    I32(u32),
    I64(u64),
    F32(u32),
    F64(u64),
    V128(u128),
    Null,
    NonNull,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::I32(bits) => write!(f, "i32:{bits:08x}"),
            Self::I64(bits) => write!(f, "i64:{bits:016x}"),
            Self::F32(bits) => write!(f, "f32:{bits:08x}"),
            Self::F64(bits) => write!(f, "f64:{bits:016x}"),
            Self::V128(bits) => write!(f, "v128:{bits:032x}"),
            Self::Null => write!(f, "null"),
            Self::NonNull => write!(f, "reference"),
        }
    }
}

pub const F32S: &[u32] = &[
    0x0000_0000,
    0x8000_0000,
    0x3f80_0000,
    0xbf80_0000,
    0x7f80_0000,
    0xff80_0000,
    0x7fc0_0000,
    0xffc0_0000,
    0x7fc0_1234,
    0xffc5_4321,
    0x7f80_0001,
    0xff80_0100,
    0x0000_0001,
    0x807f_ffff,
    0x7f7f_ffff,
    0x4f00_0000,
    0x4020_0000,
    0xbf00_0000,
];
pub const F64S: &[u64] = &[
    0x0000_0000_0000_0000,
    0x8000_0000_0000_0000,
    0x3ff0_0000_0000_0000,
    0xbff0_0000_0000_0000,
    0x7ff0_0000_0000_0000,
    0xfff0_0000_0000_0000,
    0x7ff8_0000_0000_0000,
    0xfff8_0000_0000_0000,
    0x7ff8_0000_dead_beef,
    0xfff8_1234_5678_9abc,
    0x7ff0_0000_0000_0001,
    0xfff4_0000_0000_0000,
    0x0000_0000_0000_0001,
    0x800f_ffff_ffff_ffff,
    0x7fef_ffff_ffff_ffff,
    0x41e0_0000_0000_0000,
    0x43e0_0000_0000_0000,
    0xbfe0_0000_0000_0000,
];
pub const I32S: &[u32] = &[0, 1, 2, 7, 0xffff_ffff, 0x7fff_ffff, 0x8000_0000, 0x7fc0_0001, 64];
pub const I64S: &[u64] =
    &[0, 1, 3, u64::MAX, 1 << 63, (1 << 63) - 1, 0x7ff8_0000_0000_0001, 0xfff0_0000_0000_0001];

impl Value {
    /// A value that is more likely than others to show something.
    pub fn special(ty: Type, rng: &mut Rng) -> Self {
        match ty {
            Type::I32 => Self::I32(rng.pick(I32S)),
            Type::I64 => Self::I64(rng.pick(I64S)),
            Type::F32 => Self::F32(rng.pick(F32S)),
            Type::F64 => Self::F64(rng.pick(F64S)),
            Type::V128 => Self::V128(special_vector(rng)),
            Type::Reference => Self::Null,
        }
    }
}

/// Four or two special floats.
pub fn special_vector(rng: &mut Rng) -> u128 {
    if rng.chance(1, 2) {
        (0..4).fold(0, |bits, _| bits << 32 | u128::from(rng.pick(F32S)))
    } else {
        (0..2).fold(0, |bits, _| bits << 64 | u128::from(rng.pick(F64S)))
    }
}

/// Why a program could not go on: what the language says, not the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trap {
    Unreachable,
    MemoryOutOfBounds,
    TableOutOfBounds,
    IndirectCallToNull,
    BadSignature,
    IntegerOverflow,
    DivisionByZero,
    BadConversion,
    NullReference,
    ArrayOutOfBounds,
    CastFailure,
    AllocationTooLarge,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    Returned(Vec<Value>),
    Trapped(Trap),
    /// An exception left the module.
    Thrown,
    /// Decided by the engine and not by the program; nothing follows from it.
    GaveUp(GaveUp),
}

/// A limit of the engine or of this harness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GaveUp {
    Fuel,
    NativeStack,
    Growth,
    Heap,
}

/// What is seen after a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub ending: Ending,
    /// The module says that its logical stack overflowed.
    pub overflowed: bool,
    /// What is left of the logical stack, where the module counts it.
    pub counter: Option<Value>,
    /// Exported memories: name, size in bytes, digest.
    pub memories: Vec<(String, usize, [u8; 32])>,
    /// Exported globals.
    pub globals: Vec<(String, Value)>,
    /// Calls of host functions so far, with a digest of all arguments.
    pub host: (u64, u64),
}

impl Step {
    /// Engines list exports in orders of their own.
    pub fn sort(&mut self) {
        self.memories.sort();
        self.globals.sort_by(|a, b| a.0.cmp(&b.0));
    }
}

/// What is seen of instantiation and of the calls after it. It ends early where an engine gave up.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The engine does not take the module.
    pub refused: Option<String>,
    pub steps: Vec<Step>,
}

impl Seen {
    pub fn refused(why: impl fmt::Display) -> Self {
        Self { refused: Some(why.to_string()), steps: Vec::new() }
    }

    /// Whether and why the engine gave up; it is the last step.
    pub fn gave_up(&self) -> Option<GaveUp> {
        match self.steps.last()?.ending {
            Ending::GaveUp(why) => Some(why),
            _ => None,
        }
    }

    pub fn overflowed(&self) -> bool {
        self.steps.iter().any(|step| step.overflowed)
    }

    /// Where the two differ first; the number of steps that were compared otherwise. What comes
    /// after an engine has given up is not compared.
    pub fn same_as(&self, other: &Self) -> Result<usize, String> {
        let mut compared = 0;
        for (ours, theirs) in self.steps.iter().zip(&other.steps) {
            let undecided = |step: &Step| matches!(step.ending, Ending::GaveUp(_));
            if undecided(ours) || undecided(theirs) {
                return Ok(compared);
            }
            if let Some(difference) = difference(ours, theirs) {
                return Err(format!("step {compared}: {difference}"));
            }
            compared += 1;
        }
        Ok(compared)
    }
}

fn difference(ours: &Step, theirs: &Step) -> Option<String> {
    if ours == theirs {
        return None;
    }
    let mut text = String::new();
    let mut add = |what: &str, a: &dyn fmt::Debug, b: &dyn fmt::Debug| {
        text += &format!("{what}: {a:?} / {b:?}; ");
    };
    if ours.ending != theirs.ending {
        add("ending", &ours.ending, &theirs.ending);
    }
    if ours.overflowed != theirs.overflowed {
        add("logical overflow", &ours.overflowed, &theirs.overflowed);
    }
    if ours.counter != theirs.counter {
        add("counter", &ours.counter, &theirs.counter);
    }
    for (a, b) in ours.memories.iter().zip(&theirs.memories) {
        if a != b {
            add("memory", &(&a.0, a.1, &a.2[..4]), &(&b.0, b.1, &b.2[..4]));
        }
    }
    for (a, b) in ours.globals.iter().zip(&theirs.globals) {
        if a != b {
            add("global", a, b);
        }
    }
    if ours.host != theirs.host {
        add("host calls", &ours.host, &theirs.host);
    }
    if ours.memories.len() != theirs.memories.len() || ours.globals.len() != theirs.globals.len() {
        text += "numbers of exports differ";
    }
    Some(text)
}

/// Digest of a memory, fast where it is empty.
pub fn digest(memory: &[u8]) -> [u8; 32] {
    const CHUNK: usize = 4096;
    const ZERO: [u8; CHUNK] = [0; CHUNK];
    let mut hash = Sha256::new();
    for (at, chunk) in memory.chunks(CHUNK).enumerate() {
        if chunk != &ZERO[..chunk.len()] {
            hash.update(at.to_le_bytes());
            hash.update(chunk);
        }
    }
    hash.finalize().into()
}

/// A call of an export.
#[derive(Clone, Debug)]
pub struct Call {
    pub export: String,
    pub args: Vec<Value>,
}

/// Exports of this prefix are the instrumentation's and not the program's.
pub const RESERVED: &str = "provenact:";
/// The global that counts the logical stack.
pub const COUNTER: &str = "provenact:stack";
/// The global that tells an overflow of the logical stack from another `unreachable`.
pub const TRAP: &str = "provenact:trap";
