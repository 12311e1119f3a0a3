//! The mended store, operator by operator.

use super::super::cursor::Cursor;
use super::value::{FRESH32, FRESH64};

/// What follows `local.set` in a mended store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mended {
    /// The shape in which the value may be fresh.
    pub(super) shape: u8,
    /// How many bytes it has after the `local.set`.
    pub(super) length: usize,
}

const GET: u8 = 0x20;

/// A float type, and what its mended store has to have.
struct Float {
    shape: u8,
    store: u8,
    /// How far into the value its exponent lies, in bytes.
    high: u64,
    /// `i32.const`, the greatest word without an exponent of ones, doubled.
    most: [u8; 5],
    /// The constant's operator and value.
    nan: &'static [u8],
    eq: u8,
}

const FLOATS: [Float; 2] = [
    Float {
        shape: FRESH32,
        store: 0x38,
        high: 0,
        most: [0x41, 0xff, 0xff, 0xff, 0x77],
        nan: &[0x43, 0, 0, 0xc0, 0x7f],
        eq: 0x5b,
    },
    Float {
        shape: FRESH64,
        store: 0x39,
        high: 4,
        most: [0x41, 0xff, 0xff, 0xff, 0x7e],
        nan: &[0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f],
        eq: 0x61,
    },
];

impl Mended {
    /// The mended store whose value is assigned to local `x` right before `cursor`.
    pub(super) fn of(cursor: &Cursor<'_>, x: u32) -> Option<Self> {
        const TEE: u8 = 0x22;
        const LOAD: u8 = 0x28;
        const DOUBLE: [u8; 3] = [0x41, 1, 0x74];
        const GREATER_IF: [u8; 3] = [0x4b, 0x04, 0x40];
        const SELECT: u8 = 0x1b;
        const END: u8 = 0x0b;
        if cursor.peek() != Some(TEE) {
            return None;
        }
        let mut code = Code(cursor.clone());
        code.is(&[TEE])?;
        let a = code.0.index().ok()?;
        code.get(x)?;
        let store = code.0.byte().ok()?;
        let float = FLOATS.iter().find(|float| float.store == store)?;
        let to = code.memory()?;
        code.get(a)?;
        code.is(&[LOAD])?;
        let word = Memory {
            align: to.align.min(2),
            memory: to.memory,
            offset: to.offset.checked_add(float.high)?,
        };
        (code.memory()? == word).then_some(())?;
        code.is(&DOUBLE)?;
        code.is(&float.most)?;
        code.is(&GREATER_IF)?;
        code.get(a)?;
        code.get(x)?;
        code.is(float.nan)?;
        code.get(x)?;
        code.get(x)?;
        code.is(&[float.eq, SELECT, store])?;
        (code.memory()? == to).then_some(())?;
        code.is(&[END])?;
        Some(Self { shape: float.shape, length: code.0.at().saturating_sub(cursor.at()) })
    }
}

/// Where in which memory, and with what alignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Memory {
    align: u64,
    memory: u64,
    offset: u64,
}

/// Code that is read as long as it is what was expected.
struct Code<'a>(Cursor<'a>);

impl Code<'_> {
    fn is(&mut self, expected: &[u8]) -> Option<()> {
        (self.0.take(expected.len()).ok()? == expected).then_some(())
    }

    /// `local.get` of that local.
    fn get(&mut self, local: u32) -> Option<()> {
        self.is(&[GET])?;
        (self.0.index().ok()? == local).then_some(())
    }

    /// What follows a load or store.
    fn memory(&mut self) -> Option<Memory> {
        const NAMES: u64 = 0x40;
        let align = self.0.unsigned().ok()?;
        let memory = if align & NAMES == 0 { 0 } else { self.0.unsigned().ok()? };
        Some(Memory { align: align & !NAMES, memory, offset: self.0.unsigned().ok()? })
    }
}
