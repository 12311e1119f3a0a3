//! The mended store (spec/portable.md): the value is stored as it is, looked at where it lies now,
//! and stored again if it may be a NaN. A comparison would keep the processor's units for floats
//! busy where programs that store much have none to spare; a load and integers do not.

use super::super::super::layout::Layout;
use super::super::super::module::FEATURES;
use super::value::Shape;
use wasm_encoder::{BlockType, Encode, Instruction, MemArg, ValType};
use wasmparser::{BinaryReader, Operator, OperatorsReader};

/// A store that is mended, or may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Store {
    shape: Shape,
    to: MemArg,
    /// Where the exponent's bits are, and the most that twice this word is without a NaN.
    word: MemArg,
    most: u32,
    /// How many bytes the operator has.
    pub(super) length: usize,
}

impl Store {
    /// The store of a scalar of `shape` that `code` begins with; none when it is none, or cannot
    /// be mended.
    pub(super) fn of(code: &[u8], shape: Shape) -> Option<Self> {
        let mut reader = OperatorsReader::new(BinaryReader::new_features(code, 0, FEATURES));
        let (memarg, most, high) = match (reader.read().ok()?, shape) {
            (Operator::F32Store { memarg }, Shape::F32) => (memarg, 0xfeff_ffff, 0),
            (Operator::F64Store { memarg }, Shape::F64) => (memarg, 0xffdf_ffff, 4),
            _ => return None,
        };
        let align = u32::from(memarg.align);
        let to = MemArg { offset: memarg.offset, align, memory_index: memarg.memory };
        // A memory of 32 bits takes no greater offset; one of 64 seldom gets it.
        let offset = memarg.offset.checked_add(high).filter(|end| u32::try_from(*end).is_ok())?;
        let word = MemArg { offset, align: align.min(2), ..to };
        Some(Self { shape, to, word, most, length: reader.original_position() })
    }

    /// The type of addresses, if the memory is the module's own.
    pub(super) fn address(&self, layout: &Layout<'_>) -> Option<ValType> {
        let own = self.to.memory_index.checked_sub(layout.imported_memories)?;
        let (_, memory) = layout.memories.get(own as usize)?;
        Some(if memory.memory64 { ValType::I64 } else { ValType::I32 })
    }

    /// What comes before the store, with a local `x` for the value and `a` for the address.
    pub(super) fn before(x: u32, a: u32) -> Vec<u8> {
        use Instruction as I;
        encoded(&[I::LocalSet(x), I::LocalTee(a), I::LocalGet(x)])
    }

    /// What comes after it.
    pub(super) fn after(&self, x: u32, a: u32) -> Vec<u8> {
        use Instruction as I;
        const NAN32: f32 = f32::from_bits(0x7fc0_0000);
        const NAN64: f64 = f64::from_bits(0x7ff8_0000_0000_0000);
        let (nan, equals, store) = match self.shape {
            Shape::F32 => (I::F32Const(NAN32.into()), I::F32Eq, I::F32Store(self.to)),
            _ => (I::F64Const(NAN64.into()), I::F64Eq, I::F64Store(self.to)),
        };
        encoded(&[
            I::LocalGet(a),
            I::I32Load(self.word),
            I::I32Const(1),
            I::I32Shl,
            I::I32Const(self.most.cast_signed()),
            I::I32GtU,
            I::If(BlockType::Empty),
            I::LocalGet(a),
            I::LocalGet(x),
            nan,
            I::LocalGet(x),
            I::LocalGet(x),
            equals,
            I::Select,
            store,
            I::End,
        ])
    }
}

/// How many operators a mended store has.
pub(super) const OPERATORS: usize = 20;

/// Whether `code` begins with a mended store whose value is of `shape` and goes into local `x`.
pub(super) fn recognise(code: &[u8], x: u32, shape: Shape) -> bool {
    // The second operator is read before anything else, since most assignments are none of these.
    let mut reader = OperatorsReader::new(BinaryReader::new_features(code, 0, FEATURES));
    let _set = reader.read();
    let Ok(Operator::LocalTee { local_index: a }) = reader.read() else { return false };
    let before = Store::before(x, a);
    let Some(code) = code.strip_prefix(before.as_slice()) else { return false };
    let Some(store) = Store::of(code, shape) else { return false };
    code.get(store.length..).is_some_and(|code| code.starts_with(&store.after(x, a)))
}

fn encoded(instructions: &[Instruction<'_>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(48);
    for instruction in instructions {
        instruction.encode(&mut bytes);
    }
    bytes
}
