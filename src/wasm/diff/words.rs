//! Code as a list of words: what an operator is, and what each operand refers to.

use super::super::module::FEATURES;
use wasmparser::{
    BinaryReader, BlockType, BrTable, Catch, ConstExpr, FunctionBody, HeapType, Ieee32, Ieee64,
    MemArg, Operator, OperatorsReader, Ordering, RefType, ResumeTable, TryTable, V128, ValType,
    for_each_operator,
};

/// What a word of code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Which operator.
    Operator,
    /// A number that is itself: a lane, a label, a local, the bits of a float.
    Plain,
    /// An integer constant, which may be an address, a length, or a number in the table.
    Constant,
    /// The offset of a memory access, which may be an address.
    Offset,
    Function,
    Type,
    Global,
    Table,
    Memory,
    Tag,
    /// A data or element segment.
    Segment,
}

/// One word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) kind: Kind,
    pub(super) value: u64,
}

/// The words of a function, or of a constant expression.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) words: Vec<Word>,
    /// Of each operator, where its words begin and its offset in the file. Small: a module may be one
    /// function of millions of operators.
    pub(super) operators: Vec<(u32, u32)>,
}

impl Words {
    /// Reads a function with its type and its locals as the first operator. Keeps the room that earlier
    /// functions took.
    pub(super) fn read(&mut self, ty: u32, body: &FunctionBody<'_>) {
        self.clear();
        self.operators.push((0, small(body.range().start)));
        self.push(Kind::Operator, name_code("func"));
        self.push(Kind::Type, ty.into());
        // In a valid module all of it can be read.
        let _ = self.read_body(body);
    }

    /// Reads a constant expression.
    pub(super) fn of_expression(expression: &ConstExpr<'_>) -> Self {
        let mut words = Self::default();
        let _ = words.read_operators(expression.get_operators_reader());
        words
    }

    /// The words of operator `at`; none behind the last.
    pub(super) fn operator(&self, at: usize) -> &[Word] {
        let Some((start, _)) = self.operators.get(at) else { return &[] };
        let end = self.operators.get(at + 1).map_or(self.words.len(), |(next, _)| *next as usize);
        self.words.get(*start as usize..end).unwrap_or_default()
    }

    /// The single constant that an expression is.
    pub(super) fn constant(&self) -> Option<u64> {
        match self.words.as_slice() {
            [_, Word { kind: Kind::Constant, value }, _] => Some(*value),
            _ => None,
        }
    }

    fn clear(&mut self) {
        self.words.clear();
        self.operators.clear();
    }

    fn push(&mut self, kind: Kind, value: u64) {
        self.words.push(Word { kind, value });
    }

    fn read_body(&mut self, body: &FunctionBody<'_>) -> wasmparser::Result<()> {
        // How locals are grouped says nothing.
        let mut open: Option<(u64, ValType)> = None;
        for group in body.get_locals_reader()? {
            let (count, ty) = group?;
            match &mut open {
                _ if count == 0 => {}
                Some((so_far, last)) if *last == ty => *so_far += u64::from(count),
                open => {
                    self.locals(open.take());
                    *open = Some((count.into(), ty));
                }
            }
        }
        self.locals(open);
        self.read_operators(body.get_operators_reader()?)
    }

    fn locals(&mut self, group: Option<(u64, ValType)>) {
        if let Some((count, ty)) = group {
            self.push(Kind::Plain, count);
            ty.put(Kind::Plain, self);
        }
    }

    fn read_operators(&mut self, mut reader: OperatorsReader<'_>) -> wasmparser::Result<()> {
        while !reader.eof() {
            self.operators.push((small(self.words.len()), small(reader.original_position())));
            self.operator_words(&reader.read()?);
        }
        Ok(())
    }

    fn operator_words(&mut self, operator: &Operator<'_>) {
        macro_rules! words {
            ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
                match operator {
                    $(Operator::$op $({ $($arg),* })? => {
                        const CODE: u64 = name_code(stringify!($op));
                        self.push(Kind::Operator, CODE);
                        $($(
                            $arg.put(const { meaning(stringify!($arg)) }, self);
                        )*)?
                    })*
                    // The parser's list may grow; it reads nothing that the validator refuses.
                    _ => self.push(Kind::Operator, 0),
                }
            };
        }
        for_each_operator!(words);
    }
}

/// The operator that stands at an offset of a valid module.
pub(super) fn operator_at(module: &[u8], at: usize) -> Option<Operator<'_>> {
    let rest = module.get(at..)?;
    OperatorsReader::new(BinaryReader::new_features(rest, at, FEATURES)).read().ok()
}

/// A module is smaller than 4 GiB, and so is what is made of a function.
fn small(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// A number for a name (FNV-1a).
const fn name_code(name: &str) -> u64 {
    let (bytes, mut code, mut at) = (name.as_bytes(), 0xcbf2_9ce4_8422_2325_u64, 0);
    while at < bytes.len() {
        code = (code ^ bytes[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    code
}

/// What a number of an operator refers to, by the parser's name for it.
const fn meaning(operand: &str) -> Kind {
    match operand.as_bytes() {
        b"function_index" => Kind::Function,
        b"type_index"
        | b"struct_type_index"
        | b"array_type_index"
        | b"cont_type_index"
        | b"array_type_index_src"
        | b"array_type_index_dst"
        | b"argument_index"
        | b"result_index" => Kind::Type,
        b"global_index" => Kind::Global,
        b"table" | b"table_index" | b"src_table" | b"dst_table" => Kind::Table,
        b"mem" | b"src_mem" | b"dst_mem" => Kind::Memory,
        b"tag_index" => Kind::Tag,
        b"data_index" | b"elem_index" | b"array_data_index" | b"array_elem_index" => Kind::Segment,
        _ => Kind::Plain,
    }
}

/// An operand as words.
trait Operand {
    fn put(&self, kind: Kind, words: &mut Words);
}

impl Operand for u32 {
    fn put(&self, kind: Kind, words: &mut Words) {
        words.push(kind, u64::from(*self));
    }
}

impl Operand for u8 {
    fn put(&self, kind: Kind, words: &mut Words) {
        words.push(kind, u64::from(*self));
    }
}

impl Operand for i32 {
    fn put(&self, _: Kind, words: &mut Words) {
        words.push(Kind::Constant, u64::from(self.cast_unsigned()));
    }
}

impl Operand for i64 {
    fn put(&self, _: Kind, words: &mut Words) {
        words.push(Kind::Constant, self.cast_unsigned());
    }
}

impl Operand for Ieee32 {
    fn put(&self, _: Kind, words: &mut Words) {
        words.push(Kind::Plain, self.bits().into());
    }
}

impl Operand for Ieee64 {
    fn put(&self, _: Kind, words: &mut Words) {
        words.push(Kind::Plain, self.bits());
    }
}

impl Operand for [u8; 16] {
    fn put(&self, _: Kind, words: &mut Words) {
        for half in self.as_chunks::<8>().0 {
            words.push(Kind::Plain, u64::from_le_bytes(*half));
        }
    }
}

impl Operand for V128 {
    fn put(&self, kind: Kind, words: &mut Words) {
        self.bytes().put(kind, words);
    }
}

impl Operand for MemArg {
    fn put(&self, _: Kind, words: &mut Words) {
        words.push(Kind::Plain, self.align.into());
        words.push(Kind::Memory, self.memory.into());
        words.push(Kind::Offset, self.offset);
    }
}

impl Operand for ValType {
    fn put(&self, kind: Kind, words: &mut Words) {
        match self {
            Self::I32 => words.push(Kind::Plain, 0x7f),
            Self::I64 => words.push(Kind::Plain, 0x7e),
            Self::F32 => words.push(Kind::Plain, 0x7d),
            Self::F64 => words.push(Kind::Plain, 0x7c),
            Self::V128 => words.push(Kind::Plain, 0x7b),
            Self::Ref(ty) => ty.put(kind, words),
        }
    }
}

impl Operand for Vec<ValType> {
    fn put(&self, kind: Kind, words: &mut Words) {
        for ty in self {
            ty.put(kind, words);
        }
    }
}

impl Operand for RefType {
    fn put(&self, kind: Kind, words: &mut Words) {
        words.push(Kind::Plain, self.is_nullable().into());
        self.heap_type().put(kind, words);
    }
}

impl Operand for HeapType {
    fn put(&self, _: Kind, words: &mut Words) {
        match self {
            Self::Concrete(index) | Self::Exact(index) if index.as_module_index().is_some() => {
                words.push(Kind::Type, index.as_module_index().unwrap_or_default().into());
            }
            other => words.push(Kind::Plain, name_code(&format!("{other:?}"))),
        }
    }
}

impl Operand for BlockType {
    fn put(&self, kind: Kind, words: &mut Words) {
        match self {
            Self::Empty => words.push(Kind::Plain, 0x40),
            Self::Type(ty) => ty.put(kind, words),
            Self::FuncType(ty) => words.push(Kind::Type, (*ty).into()),
        }
    }
}

impl Operand for BrTable<'_> {
    fn put(&self, _: Kind, words: &mut Words) {
        for label in self.targets().map_while(Result::ok) {
            words.push(Kind::Plain, label.into());
        }
        words.push(Kind::Plain, self.default().into());
    }
}

impl Operand for TryTable {
    fn put(&self, kind: Kind, words: &mut Words) {
        self.ty.put(kind, words);
        for catch in &self.catches {
            let (code, tag, label) = match catch {
                Catch::One { tag, label } => (0, Some(tag), label),
                Catch::OneRef { tag, label } => (1, Some(tag), label),
                Catch::All { label } => (2, None, label),
                Catch::AllRef { label } => (3, None, label),
            };
            words.push(Kind::Plain, code);
            words.push(Kind::Plain, (*label).into());
            if let Some(tag) = tag {
                words.push(Kind::Tag, (*tag).into());
            }
        }
    }
}

/// Stack switching and threads are no part of the accepted language: nothing to tell apart.
impl Operand for ResumeTable {
    fn put(&self, _: Kind, words: &mut Words) {
        words.push(Kind::Plain, name_code(&format!("{self:?}")));
    }
}

impl Operand for Ordering {
    fn put(&self, _: Kind, words: &mut Words) {
        words.push(Kind::Plain, name_code(&format!("{self:?}")));
    }
}
