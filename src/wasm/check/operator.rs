//! The operators of WebAssembly 3.0 without threads as a table: what follows each in the bytes, and
//! what it takes from and puts on the operand stack.
//!
//! A decoder of its own, because it runs over every byte of code: it sees the encoding that the
//! parser's decoder hides. A test holds the table to the parser.

use super::super::freedom::Freedom;
use super::cursor::{Cursor, Fault};
use super::types::{Form, Types};

/// What follows an operator in the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Immediate {
    /// No such operator.
    Unknown,
    None,
    /// One index or count.
    Index,
    Index2,
    /// The index of a type.
    Type,
    /// The index of a type, and another index or count.
    TypeIndex,
    Type2,
    Block,
    BrTable,
    TryTable,
    SelectTypes,
    Memory,
    MemoryLane,
    Signed,
    Bytes(u8),
    Heap,
    Cast,
}

/// What is known of an operator without its immediates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) immediate: Immediate,
    /// Operands that it pops. What depends on types or labels is not counted.
    pub(super) pops: u8,
    /// Results that it pushes. What depends on types or labels is not counted.
    pub(super) pushes: u8,
    /// Which sets of operators it is in.
    pub(super) sets: u8,
}

impl Shape {
    /// Pops and pushes as parameters and results.
    #[inline]
    pub(super) fn form(&self) -> Form {
        Form { params: self.pops.into(), results: self.pushes.into() }
    }
}

/// Its result may be a NaN that arithmetic made (spec/portable.md, "nan").
pub(super) const PRODUCER: u8 = 1;
/// Relaxed SIMD.
pub(super) const RELAXED: u8 = 1 << 1;
/// Takes or gives a vector.
pub(super) const VECTOR: u8 = 1 << 2;
/// Names a data segment, so that a data count is needed.
pub(super) const DATA: u8 = 1 << 3;
/// What follows it cannot be reached.
pub(super) const LEAVES: u8 = 1 << 4;
/// Counts for the stack pass: blocks, calls, what has an arity by type.
pub(super) const NOTED: u8 = 1 << 5;
/// Names a label.
pub(super) const BRANCHES: u8 = 1 << 6;
/// Assigns a local.
pub(super) const ASSIGNS: u8 = 1 << 7;

/// An operator, by its byte, or by 256 times its prefix plus the number that follows.
pub(super) mod code {
    pub(crate) const BLOCK: u16 = 0x02;
    pub(crate) const LOOP: u16 = 0x03;
    pub(crate) const IF: u16 = 0x04;
    pub(crate) const ELSE: u16 = 0x05;
    pub(crate) const THROW: u16 = 0x08;
    pub(crate) const END: u16 = 0x0b;
    pub(crate) const BR: u16 = 0x0c;
    pub(crate) const BR_IF: u16 = 0x0d;
    pub(crate) const BR_TABLE: u16 = 0x0e;
    pub(crate) const RETURN: u16 = 0x0f;
    pub(crate) const CALL: u16 = 0x10;
    pub(crate) const CALL_INDIRECT: u16 = 0x11;
    pub(crate) const RETURN_CALL: u16 = 0x12;
    pub(crate) const RETURN_CALL_INDIRECT: u16 = 0x13;
    pub(crate) const CALL_REF: u16 = 0x14;
    pub(crate) const RETURN_CALL_REF: u16 = 0x15;
    pub(crate) const DROP: u16 = 0x1a;
    pub(crate) const SELECT: u16 = 0x1b;
    pub(crate) const SELECT_TYPED: u16 = 0x1c;
    pub(crate) const TRY_TABLE: u16 = 0x1f;
    pub(crate) const LOCAL_GET: u16 = 0x20;
    pub(crate) const LOCAL_SET: u16 = 0x21;
    pub(crate) const LOCAL_TEE: u16 = 0x22;
    pub(crate) const GLOBAL_GET: u16 = 0x23;
    pub(crate) const GLOBAL_SET: u16 = 0x24;
    pub(crate) const I32_CONST: u16 = 0x41;
    pub(crate) const I64_CONST: u16 = 0x42;
    pub(crate) const REF_NULL: u16 = 0xd0;
    pub(crate) const REF_FUNC: u16 = 0xd2;
    pub(crate) const BR_ON_NULL: u16 = 0xd5;
    pub(crate) const BR_ON_NON_NULL: u16 = 0xd6;
    pub(crate) const STRUCT_NEW: u16 = 0xfb00;
    pub(crate) const ARRAY_NEW_FIXED: u16 = 0xfb08;
    pub(crate) const VECTOR_CONST: u16 = 0xfd0c;
    pub(crate) const SHUFFLE: u16 = 0xfd0d;
}

const fn shape(immediate: Immediate, pops: u8, pushes: u8) -> Shape {
    Shape { immediate, pops, pushes, sets: 0 }
}

const fn with(sets: u8, shape: Shape) -> Shape {
    Shape { sets: shape.sets | sets, ..shape }
}

const UNKNOWN: Shape = shape(Immediate::Unknown, 0, 0);
const UNARY: Shape = shape(Immediate::None, 1, 1);
const BINARY: Shape = shape(Immediate::None, 2, 1);
const TERNARY: Shape = shape(Immediate::None, 3, 1);

const fn plain(byte: u32) -> Shape {
    use Immediate as I;
    match byte {
        0x00 => with(LEAVES, shape(I::None, 0, 0)),
        0x01 => shape(I::None, 0, 0),
        0x02 | 0x03 => with(NOTED, shape(I::Block, 0, 0)),
        0x04 => with(NOTED, shape(I::Block, 1, 0)),
        0x05 | 0x0b => with(NOTED, shape(I::None, 0, 0)),
        0x08 => with(LEAVES | NOTED, shape(I::Index, 0, 0)),
        0x0a => with(LEAVES, shape(I::None, 1, 0)),
        0x0c => with(LEAVES | BRANCHES, shape(I::Index, 0, 0)),
        0x0d => with(BRANCHES, shape(I::Index, 1, 0)),
        0x0e => with(LEAVES | BRANCHES, shape(I::BrTable, 1, 0)),
        0x0f => with(LEAVES, shape(I::None, 0, 0)),
        0x10 => with(NOTED, shape(I::Index, 0, 0)),
        0x11 => with(NOTED, shape(I::TypeIndex, 1, 0)),
        0x12 => with(LEAVES | NOTED, shape(I::Index, 0, 0)),
        0x13 => with(LEAVES | NOTED, shape(I::TypeIndex, 1, 0)),
        0x14 => with(NOTED, shape(I::Type, 1, 0)),
        0x15 => with(LEAVES | NOTED, shape(I::Type, 1, 0)),
        0x1a => shape(I::None, 1, 0),
        0x1b => TERNARY,
        0x1c => shape(I::SelectTypes, 3, 1),
        0x1f => with(NOTED, shape(I::TryTable, 0, 0)),
        0x20 => shape(I::Index, 0, 1),
        0x21 => with(ASSIGNS, shape(I::Index, 1, 0)),
        0x22 => with(ASSIGNS, shape(I::Index, 1, 1)),
        0x23 => with(NOTED, shape(I::Index, 0, 1)),
        0x24 => with(NOTED, shape(I::Index, 1, 0)),
        0x25 => shape(I::Index, 1, 1),
        0x26 => shape(I::Index, 2, 0),
        0x28..=0x35 => shape(I::Memory, 1, 1),
        0x36..=0x3e => shape(I::Memory, 2, 0),
        0x3f => shape(I::Index, 0, 1),
        0x40 => shape(I::Index, 1, 1),
        0x41 | 0x42 => shape(I::Signed, 0, 1),
        0x43 => shape(I::Bytes(4), 0, 1),
        0x44 => shape(I::Bytes(8), 0, 1),
        0x8d..=0x91 | 0x9b..=0x9f | 0xb6 | 0xbb => with(PRODUCER, UNARY),
        0x92..=0x97 | 0xa0..=0xa5 => with(PRODUCER, BINARY),
        0x45 | 0x50 | 0x67..=0x69 | 0x79..=0x7b | 0x8b | 0x8c | 0x99 | 0x9a => UNARY,
        0xa7..=0xc4 | 0xd1 | 0xd4 => UNARY,
        0x46..=0x66 | 0x6a..=0x78 | 0x7c..=0x8a | 0x98 | 0xa6 | 0xd3 => BINARY,
        0xd0 => shape(I::Heap, 0, 1),
        0xd2 => with(NOTED, shape(I::Index, 0, 1)),
        0xd5 => with(BRANCHES, shape(I::Index, 1, 1)),
        0xd6 => with(BRANCHES, shape(I::Index, 1, 0)),
        _ => UNKNOWN,
    }
}

const fn gc(number: u32) -> Shape {
    use Immediate as I;
    match number {
        0x00 => with(NOTED, shape(I::Type, 0, 1)),
        0x01 => shape(I::Type, 0, 1),
        0x02..=0x04 => shape(I::TypeIndex, 1, 1),
        0x05 => shape(I::TypeIndex, 2, 0),
        0x06 => shape(I::Type, 2, 1),
        0x07 => shape(I::Type, 1, 1),
        0x08 => with(NOTED, shape(I::TypeIndex, 0, 1)),
        0x09 => with(DATA, shape(I::TypeIndex, 2, 1)),
        0x0a => shape(I::TypeIndex, 2, 1),
        0x0b..=0x0d => shape(I::Type, 2, 1),
        0x0e => shape(I::Type, 3, 0),
        0x0f | 0x1a..=0x1e => UNARY,
        0x10 => shape(I::Type, 4, 0),
        0x11 => shape(I::Type2, 5, 0),
        0x12 => with(DATA, shape(I::TypeIndex, 4, 0)),
        0x13 => shape(I::TypeIndex, 4, 0),
        0x14..=0x17 => shape(I::Heap, 1, 1),
        0x18 | 0x19 => with(BRANCHES, shape(I::Cast, 1, 1)),
        _ => UNKNOWN,
    }
}

const fn bulk(number: u32) -> Shape {
    use Immediate as I;
    match number {
        0x00..=0x07 => UNARY,
        0x08 => with(DATA, shape(I::Index2, 3, 0)),
        0x09 => with(DATA, shape(I::Index, 0, 0)),
        0x0a | 0x0c | 0x0e => shape(I::Index2, 3, 0),
        0x0b | 0x11 => shape(I::Index, 3, 0),
        0x0d => shape(I::Index, 0, 0),
        0x0f => shape(I::Index, 2, 1),
        0x10 => shape(I::Index, 0, 1),
        _ => UNKNOWN,
    }
}

const fn vector(number: u32) -> Shape {
    use Immediate as I;
    let shape = match number {
        0x00..=0x0a | 0x5c | 0x5d => shape(I::Memory, 1, 1),
        0x0b => shape(I::Memory, 2, 0),
        0x0c => with(NOTED, shape(I::Bytes(16), 0, 1)),
        0x0d => shape(I::Bytes(16), 2, 1),
        0x15 | 0x16 | 0x18 | 0x19 | 0x1b | 0x1d | 0x1f | 0x21 => shape(I::Bytes(1), 1, 1),
        0x17 | 0x1a | 0x1c | 0x1e | 0x20 | 0x22 => shape(I::Bytes(1), 2, 1),
        0x54..=0x57 => shape(I::MemoryLane, 2, 1),
        0x58..=0x5b => shape(I::MemoryLane, 2, 0),
        0x5e | 0x5f | 0x67..=0x6a | 0x74 | 0x75 | 0x7a | 0x94 | 0xe3 | 0xef => {
            with(PRODUCER, UNARY)
        }
        0xe4..=0xe9 | 0xf0..=0xf5 => with(PRODUCER, BINARY),
        0x0f..=0x14 | 0x4d | 0x53 | 0x60..=0x64 | 0x7c..=0x81 | 0x83 | 0x84 | 0x87..=0x8a => UNARY,
        0xa0 | 0xa1 | 0xa3 | 0xa4 | 0xa7..=0xaa | 0xc0 | 0xc1 | 0xc3 | 0xc4 | 0xc7..=0xca => UNARY,
        0xe0 | 0xe1 | 0xec | 0xed | 0xf8..=0xff => UNARY,
        0x0e | 0x23..=0x4c | 0x4e..=0x51 | 0x65 | 0x66 | 0x6b..=0x73 | 0x76..=0x79 | 0x7b => BINARY,
        0x82 | 0x85 | 0x86 | 0x8b..=0x93 | 0x95..=0x99 | 0x9b..=0x9f | 0xab..=0xae => BINARY,
        0xb1 | 0xb5..=0xba | 0xbc..=0xbf | 0xcb..=0xce | 0xd1 | 0xd5..=0xdf => BINARY,
        0xea | 0xeb | 0xf6 | 0xf7 => BINARY,
        0x52 => TERNARY,
        0x100 | 0x10d..=0x112 => with(RELAXED, BINARY),
        0x101..=0x104 => with(RELAXED, UNARY),
        0x105..=0x10c | 0x113 => with(RELAXED, TERNARY),
        _ => return UNKNOWN,
    };
    with(VECTOR, shape)
}

/// Calls `$shape` for every number below `$count`.
macro_rules! table {
    ($shape:ident, $count:expr) => {{
        let mut table = [UNKNOWN; $count];
        let mut number = 0;
        while number < $count {
            table[number] = $shape(number as u32);
            number += 1;
        }
        table
    }};
}

static PLAIN: [Shape; 256] = table!(plain, 256);
static GC_SHAPES: [Shape; 0x1f] = table!(gc, 0x1f);
static BULK_SHAPES: [Shape; 0x12] = table!(bulk, 0x12);
static VECTOR_SHAPES: [Shape; 0x114] = table!(vector, 0x114);

/// One operator.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operator {
    /// Where it begins.
    pub(super) at: usize,
    /// See [`code`].
    pub(super) code: u16,
    pub(super) shape: &'static Shape,
    /// The first index; of a `br_table`, its outermost label; of a `try_table`, how many catch
    /// clauses there are.
    pub(super) first: u32,
    /// The type of a block; of an `array.new_fixed`, what it takes as parameters.
    pub(super) form: Form,
}

/// How an operator is read whose immediates have their usual length.
#[derive(Debug, Clone, Copy)]
#[repr(align(8))]
struct Quick {
    /// Its bytes; 0 when it is not read so.
    length: u8,
    /// The bits of the first byte after the operator's that are an index.
    index: u8,
    /// Bits of the first and second byte after the operator's that must be as in `bits`: those say
    /// that each integer has one byte, and that a block has neither parameters nor results.
    mask: u16,
    bits: u16,
}

static QUICK: [Quick; 256] = {
    const fn quick(length: u8, index: u8, mask: [u8; 2], first: u8) -> Quick {
        let (mask, bits) = (u16::from_le_bytes(mask), u16::from_le_bytes([first, 0]));
        Quick { length, index, mask, bits }
    }
    let mut table = [quick(0, 0, [0, 0], 0); 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match plain(byte as u32).immediate {
            // What follows an `else` is looked at.
            Immediate::None if byte as u16 != code::ELSE => quick(1, 0, [0, 0], 0),
            Immediate::Index => quick(2, 0x7f, [0x80, 0], 0),
            Immediate::Signed => quick(2, 0, [0x80, 0], 0),
            Immediate::Memory => quick(3, 0, MEMORY.to_le_bytes(), 0),
            Immediate::Block => quick(2, 0, [0xff, 0], EMPTY_BLOCK),
            Immediate::Bytes(count) => quick(count + 1, 0, [0, 0], 0),
            _ => quick(0, 0, [0, 0], 0),
        };
        byte += 1;
    }
    table
};

/// What is the same in each memory argument that is read quickly: no memory index, an offset of one
/// byte.
const MEMORY: u16 = 0x80c0;

/// For an operator with an index of two bytes, or a memory argument whose offset has two: the bytes
/// of all, and the index.
#[inline(always)]
fn two_bytes(word: u32, quick: Quick) -> Option<(u8, u32)> {
    const LAST: std::ops::RangeInclusive<u8> = 0x01..=0x7f;
    let [_, first, second, third] = word.to_le_bytes();
    if quick.index != 0 {
        let index = u32::from(first & 0x7f) | u32::from(second) << 7;
        return (first > 0x7f && LAST.contains(&second)).then_some((3, index));
    }
    let is_memory = quick.mask == MEMORY && first < 0x40;
    (is_memory && second > 0x7f && LAST.contains(&third)).then_some((4, 0))
}

/// A block type: no parameters, no results.
const EMPTY_BLOCK: u8 = 0x40;

/// Reads one operator, and holds the bytes that it takes to the canonical form.
///
/// This runs for every operator of a module: what is frequent is here and has few branches, all
/// else is out of line.
#[inline(always)]
pub(super) fn operator(cursor: &mut Cursor<'_>, types: &Types) -> Result<Operator, Fault> {
    let at = cursor.at();
    if let Some(word) = cursor.next_four() {
        let [byte, first, second, _] = word.to_le_bytes();
        let next = u16::from_le_bytes([first, second]);
        let quick = QUICK[byte as usize];
        let Quick { length, index, mask, bits } = quick;
        let is_constant = matches!(u16::from(byte), code::I32_CONST | code::I64_CONST);
        if (length != 0 && next & mask == bits && cursor.pass(length))
            || (is_constant && cursor.pass_with_signed())
        {
            return Ok(Operator {
                at,
                code: u16::from(byte),
                shape: &PLAIN[byte as usize],
                first: u32::from(first & index),
                form: Form::EMPTY,
            });
        }
        if let Some((length, index)) = two_bytes(word, quick)
            && cursor.pass(length)
        {
            let (code, shape) = (u16::from(byte), &PLAIN[byte as usize]);
            return Ok(Operator { at, code, shape, first: index, form: Form::EMPTY });
        }
    }
    // Field by field, so that the frequent ones stay in registers: what is seldom is in memory.
    let Operator { at, code, shape, first, form } = seldom(cursor, types)?;
    Ok(Operator { at, code, shape, first, form })
}

#[inline(never)]
fn seldom(cursor: &mut Cursor<'_>, types: &Types) -> Result<Operator, Fault> {
    let at = cursor.at();
    let byte = cursor.byte()?;
    let (code, shape) = match byte {
        0xfb..=0xfd => prefixed(byte, cursor)?,
        _ => (u16::from(byte), &PLAIN[byte as usize]),
    };
    let mut found = Operator { at, code, shape, first: 0, form: Form::EMPTY };
    if code == code::ELSE && cursor.peek() == Some(0x0b) {
        return Err(Fault::freedom(at, Freedom::EmptyElse, "an else without operators"));
    }
    immediates(&mut found, cursor, types)?;
    Ok(found)
}

fn prefixed(prefix: u8, cursor: &mut Cursor<'_>) -> Result<(u16, &'static Shape), Fault> {
    let at = cursor.at();
    let number = cursor.index()?;
    let shapes: &[Shape] = match prefix {
        0xfb => &GC_SHAPES,
        0xfc => &BULK_SHAPES,
        _ => &VECTOR_SHAPES,
    };
    match (u16::try_from(number), shapes.get(number as usize)) {
        (Ok(number), Some(shape)) if shape.immediate != Immediate::Unknown => {
            Ok(((u16::from(prefix) << 8).saturating_add(number), shape))
        }
        _ => Err(Fault::unread(at)),
    }
}

#[inline]
fn memory(cursor: &mut Cursor<'_>) -> Result<(), Fault> {
    const HAS_INDEX: u64 = 1 << 6;
    let at = cursor.at();
    let flags = cursor.unsigned()?;
    if flags & HAS_INDEX != 0 && cursor.index()? == 0 {
        return Err(Fault::freedom(at, Freedom::MemoryIndex, "memory index 0 is written out"));
    }
    cursor.unsigned()?;
    Ok(())
}

fn immediates(found: &mut Operator, cursor: &mut Cursor<'_>, types: &Types) -> Result<(), Fault> {
    let ty = |cursor: &mut Cursor<'_>| types.used(cursor);
    match found.shape.immediate {
        Immediate::None => {}
        Immediate::Index => found.first = cursor.index()?,
        Immediate::Memory => memory(cursor)?,
        Immediate::Signed => cursor.signed()?,
        Immediate::Index2 => {
            found.first = cursor.index()?;
            cursor.index()?;
        }
        Immediate::Type => found.first = ty(cursor)?,
        Immediate::TypeIndex => {
            found.first = ty(cursor)?;
            let second = cursor.index()?;
            if found.code == code::ARRAY_NEW_FIXED {
                found.form.params = second;
            }
        }
        Immediate::Type2 => {
            found.first = ty(cursor)?;
            ty(cursor)?;
        }
        Immediate::Block => found.form = types.block(cursor)?,
        Immediate::BrTable => {
            for _ in 0..=cursor.index()? {
                found.first = found.first.max(cursor.index()?);
            }
        }
        Immediate::TryTable => {
            found.form = types.block(cursor)?;
            found.first = cursor.index()?;
            (0..found.first).try_for_each(|_| catch(cursor).map(|_| ()))?;
        }
        Immediate::SelectTypes => select_types(found.at, cursor, types)?,
        Immediate::MemoryLane => {
            memory(cursor)?;
            cursor.byte()?;
        }
        Immediate::Bytes(count) => {
            cursor.take(count as usize)?;
        }
        Immediate::Heap => types.heap(cursor)?,
        Immediate::Cast => {
            cursor.byte()?;
            found.first = cursor.index()?;
            types.heap(cursor)?;
            types.heap(cursor)?;
        }
        _ => return Err(Fault::unread(found.at)),
    }
    Ok(())
}

/// The labels that the catch clauses of a `try_table` name, which begins at the cursor.
pub(super) fn catches(cursor: &mut Cursor<'_>, types: &Types) -> Result<Vec<u32>, Fault> {
    cursor.byte()?;
    types.block(cursor)?;
    (0..cursor.index()?).map(|_| catch(cursor)).collect()
}

/// The labels of a `br_table`, which begins at the cursor, each once.
pub(super) fn targets(cursor: &mut Cursor<'_>) -> Result<Vec<u32>, Fault> {
    cursor.byte()?;
    let targets: Result<Vec<u32>, Fault> = (0..=cursor.index()?).map(|_| cursor.index()).collect();
    let mut targets = targets?;
    targets.sort_unstable();
    targets.dedup();
    Ok(targets)
}

fn catch(cursor: &mut Cursor<'_>) -> Result<u32, Fault> {
    let at = cursor.at();
    match cursor.byte()? {
        0x00 | 0x01 => {
            cursor.index()?;
        }
        0x02 | 0x03 => {}
        _ => return Err(Fault::unread(at)),
    }
    cursor.index()
}

fn select_types(at: usize, cursor: &mut Cursor<'_>, types: &Types) -> Result<(), Fault> {
    const NUMBERS: std::ops::RangeInclusive<u8> = 0x7b..=0x7f;
    if cursor.index()? != 1 {
        return Err(Fault::unread(at));
    }
    if cursor.peek().is_some_and(|byte| NUMBERS.contains(&byte)) {
        let what = "select with a type that is a number or vector";
        return Err(Fault::freedom(at, Freedom::Select, what));
    }
    types.value_type(cursor)
}

/// Passes a constant expression. Each of its operators is handed to `each`.
pub(super) fn constant(
    cursor: &mut Cursor<'_>,
    types: &Types,
    mut each: impl FnMut(&Operator),
) -> Result<(), Fault> {
    loop {
        let found = operator(cursor, types)?;
        if found.code == code::END {
            return Ok(());
        }
        each(&found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasm::module::FEATURES;
    use wasmparser::{
        BinaryReader, BlockType, ContType, FrameKind, FuncType, ModuleArity, OperatorsReader,
        RefType, SubType, for_each_operator,
    };

    /// Knows no types: the arity of what depends on them is none.
    struct Nothing;

    impl ModuleArity for Nothing {
        fn sub_type_at(&self, _: u32) -> Option<&SubType> {
            None
        }
        fn tag_type_arity(&self, _: u32) -> Option<(u32, u32)> {
            None
        }
        fn type_index_of_function(&self, _: u32) -> Option<u32> {
            None
        }
        fn func_type_of_cont_type(&self, _: &ContType) -> Option<&FuncType> {
            None
        }
        fn sub_type_of_ref_type(&self, _: &RefType) -> Option<&SubType> {
            None
        }
        fn control_stack_height(&self) -> u32 {
            0
        }
        fn label_block(&self, _: u32) -> Option<(BlockType, FrameKind)> {
            None
        }
    }

    fn proposal(operator: &wasmparser::Operator<'_>) -> &'static str {
        macro_rules! name {
            ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
                match operator { $(wasmparser::Operator::$op { .. } => stringify!($proposal),)* _ => "" }
            };
        }
        for_each_operator!(name)
    }

    const ACCEPTED: [&str; 13] = [
        "mvp",
        "sign_extension",
        "saturating_float_to_int",
        "bulk_memory",
        "reference_types",
        "tail_call",
        "function_references",
        "gc",
        "exceptions",
        "simd",
        "relaxed_simd",
        "multi_memory",
        "memory64",
    ];

    /// Every operator in every kind of immediate: the parser and the table see the same bytes.
    #[test]
    fn the_table_agrees_with_the_parser() {
        let types = Types::default();
        let fillers: [&[u8]; 8] = [
            &[0x40, 0, 0],
            &[0],
            &[1],
            &[1, 0x70, 0],
            &[0x70],
            &[0x81, 1],
            &[0, 0x81, 1],
            &[0, 3, 0x81, 1, 0x81, 1, 0x81, 1],
        ];
        let mut known = 0;
        for (prefix, numbers) in [(0, 0..0x100), (0xfb, 0..0x40), (0xfc, 0..0x40), (0xfd, 0..0x140)]
        {
            for number in numbers {
                let mut agreed = false;
                let mut expected = false;
                for filler in fillers {
                    let mut bytes = Vec::new();
                    match prefix {
                        0 => bytes.push(number as u8),
                        _ if number > 0x7f => {
                            bytes.extend([prefix, number as u8 | 0x80, (number >> 7) as u8]);
                        }
                        _ => bytes.extend([prefix, number as u8]),
                    }
                    bytes.extend(filler.iter().chain(&[0; 40]));
                    let binary = BinaryReader::new_features(&bytes, 0, FEATURES);
                    let mut reader = OperatorsReader::new(binary);
                    let theirs = reader.read();
                    let mut cursor = Cursor::new(&bytes, 0, bytes.len());
                    let ours = operator(&mut cursor, &types);
                    let Ok(theirs) = theirs else { continue };
                    let accepted = ACCEPTED.contains(&proposal(&theirs));
                    expected |= accepted;
                    let Ok(ours) = ours else { continue };
                    assert!(accepted, "{theirs:?}");
                    assert_eq!(cursor.at(), reader.original_position(), "{theirs:?} {filler:x?}");
                    if let Some(arity) = theirs.operator_arity(&Nothing)
                        && ours.shape.sets & NOTED == 0
                    {
                        let found = (u32::from(ours.shape.pops), u32::from(ours.shape.pushes));
                        assert_eq!(found, arity, "{theirs:?}");
                    }
                    let relaxed = proposal(&theirs) == "relaxed_simd";
                    assert_eq!(ours.shape.sets & RELAXED != 0, relaxed, "{theirs:?}");
                    agreed = true;
                }
                // `else` and the like need a frame around them; the parser asks for it.
                let control = prefix == 0 && number == 0x05;
                assert!(agreed || !expected || control, "{prefix:x} {number:x}");
                known += u32::from(agreed);
            }
        }
        assert!(known > 480, "{known}");
    }
}
