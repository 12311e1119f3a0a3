//! What a function that counts looks like, and the entry that the host gets instead.

use super::super::super::Error;
use super::super::super::edit::{BodyEdit, Splice};
use super::super::super::layout::Layout;
use super::graph::Verdict;
use super::walk::{FrameSize, Site, Walk};
use crate::profile::GUARDED_WORDS;
use std::collections::BTreeMap;
use wasm_encoder::reencode::{Reencode, RoundtripReencoder};
use wasm_encoder::{BlockType, Encode, InstructionSink, SectionId, ValType};
use wasmparser::CompositeInnerType;

/// Instructions before the body, the block that holds it included.
const PROLOGUE: u64 = 14;
/// Instructions after the body.
const EPILOGUE: u64 = 3;
/// Instructions around a call that is counted.
const AROUND: u64 = 16;
/// How many of them get a global.
const AROUND_GIVENS: u64 = 3;
/// How much higher than before the operand stack can get.
const HEIGHT: u64 = 2;

/// The two globals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Globals {
    /// Words that are left.
    pub(super) stack: u32,
    /// Whether none were.
    pub(super) trap: u32,
    /// The words that there are at the beginning.
    pub(super) limit: i32,
}

/// The type of the block that holds the body of a function, by the function's type.
pub(super) struct Blocks {
    types: BTreeMap<u32, BlockType>,
    new: Vec<Vec<u8>>,
}

impl Blocks {
    /// Finds a type for each function that is counted, or makes one.
    pub(super) fn of(layout: &Layout<'_>, verdicts: &[Verdict]) -> Result<Self, Error> {
        let mut known: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
        for (index, ty) in (0_u32..).zip(&layout.types) {
            if let CompositeInnerType::Func(ty) = &ty.composite_type.inner
                && ty.params().is_empty()
                && ty.results().len() > 1
            {
                known.entry(results(ty.results())?).or_insert(index);
            }
        }
        let mut blocks = Self { types: BTreeMap::new(), new: Vec::new() };
        let own = layout.functions.iter().skip(layout.imported_functions as usize);
        for (ty, _) in own.zip(verdicts).filter(|(_, verdict)| verdict.counted) {
            if blocks.types.contains_key(ty) {
                continue;
            }
            let block = match layout.func_type(*ty).map_or(&[][..], |ty| ty.results()) {
                [] => BlockType::Empty,
                [one] => BlockType::Result(value_type(*one)?),
                several => {
                    let key = results(several)?;
                    let next = layout.types.len().saturating_add(blocks.new.len());
                    let next = u32::try_from(next).unwrap_or(u32::MAX);
                    let index = *known.entry(key.clone()).or_insert(next);
                    if index == next {
                        blocks.new.push([&[0x60, 0x00], key.as_slice()].concat());
                    }
                    BlockType::FunctionType(index)
                }
            };
            blocks.types.insert(*ty, block);
        }
        Ok(blocks)
    }

    /// The types that were made, for the end of the type section.
    pub(super) fn new_types(&self) -> impl Iterator<Item = (SectionId, Vec<u8>)> {
        self.new.iter().map(|ty| (SectionId::Type, ty.clone()))
    }
}

/// The encoding of a list of results.
fn results(types: &[wasmparser::ValType]) -> Result<Vec<u8>, Error> {
    let types = types.iter().map(|ty| value_type(*ty)).collect::<Result<Vec<_>, _>>()?;
    let mut bytes = Vec::new();
    types.encode(&mut bytes);
    Ok(bytes)
}

fn value_type(ty: wasmparser::ValType) -> Result<ValType, Error> {
    let same = RoundtripReencoder.val_type(ty);
    same.map_err(|error| Error::Reencode { what: format!("stack: {error}") })
}

/// One of the module's own functions.
pub(super) struct Function<'f> {
    pub(super) index: u32,
    pub(super) walk: &'f Walk,
}

/// Makes `function` count its words, and those that it carries.
pub(super) fn counted(
    layout: &Layout<'_>,
    function: Function<'_>,
    carried: u64,
    blocks: &Blocks,
    globals: Globals,
) -> BodyEdit {
    let Function { index, walk } = function;
    let size = |releases: &[usize]| FrameSize {
        locals: walk.size.locals + 1,
        height: walk.size.height + HEIGHT,
        givens: walk.size.givens + 1,
        instructions: walk.size.instructions
            + PROLOGUE
            + EPILOGUE
            + 2 * releases.len() as u64
            + 4 * walk.landings.len() as u64,
        ..walk.size
    };
    // What leaves before the guard puts nothing back, so that the size is no larger with one.
    let may_wait = size(&walk.releases).words() <= u64::from(GUARDED_WORDS);
    let start = walk.guard.filter(|_| may_wait).map_or(walk.code.start, |guard| guard.at);
    let first = walk.releases.partition_point(|at| *at < start);
    let releases = walk.releases.get(first..).unwrap_or_default();
    let size = size(releases);
    let ty = layout.functions.get(index as usize).copied().unwrap_or_default();
    let frame = Frame {
        globals,
        before: walk.locals,
        words: i32::try_from(size.words().saturating_add(carried)).unwrap_or(i32::MAX),
        block: blocks.types.get(&ty).copied().unwrap_or(BlockType::Empty),
    };
    // Of two insertions at one place, the one that belongs to what stands before it comes first.
    let mut places: Vec<(usize, bool)> = walk.landings.iter().map(|at| (*at, false)).collect();
    places.extend(releases.iter().map(|at| (*at, true)));
    places.sort_unstable();
    let mut splices = vec![Splice::insert(start, frame.prologue())];
    splices.extend(places.into_iter().map(|(at, releases)| {
        Splice::insert(at, if releases { frame.release() } else { frame.land() })
    }));
    splices.push(Splice::insert(walk.code.end, frame.epilogue()));
    BodyEdit { locals: vec![(1, ValType::I32)], splices }
}

/// The size of a function when so many of its calls are counted.
pub(super) fn with_calls(size: FrameSize, calls: u64) -> FrameSize {
    FrameSize {
        height: size.height + HEIGHT,
        givens: size.givens + AROUND_GIVENS * calls,
        instructions: size.instructions + AROUND * calls,
        ..size
    }
}

/// Counts, around each of `calls`, the words that it carries.
pub(super) fn counting_calls(calls: &[(Site, u64)], globals: Globals) -> BodyEdit {
    let mut splices = Vec::new();
    for (call, words) in calls {
        let words = i32::try_from(*words).unwrap_or(i32::MAX);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut sink = InstructionSink::new(&mut before);
        sink.global_get(globals.stack);
        stop_below(&mut sink, words, globals);
        sink.global_get(globals.stack).i32_const(words).i32_sub().global_set(globals.stack);
        let mut sink = InstructionSink::new(&mut after);
        sink.global_get(globals.stack).i32_const(words).i32_add().global_set(globals.stack);
        splices.push(Splice::insert(call.at, before));
        splices.push(Splice::insert(call.at.saturating_add(call.length.into()), after));
    }
    BodyEdit { locals: Vec::new(), splices }
}

/// Stops where the words on top of the stack are fewer than `words`.
fn stop_below(sink: &mut InstructionSink<'_>, words: i32, globals: Globals) {
    sink.i32_const(words).i32_lt_u().if_(BlockType::Empty);
    sink.i32_const(1).global_set(globals.trap).unreachable().end();
}

/// What is written into one function.
struct Frame {
    globals: Globals,
    /// The local that holds the counter as it was before the call.
    before: u32,
    words: i32,
    block: BlockType,
}

impl Frame {
    fn prologue(&self) -> Vec<u8> {
        let mut code = Vec::new();
        let mut sink = InstructionSink::new(&mut code);
        sink.global_get(self.globals.stack).local_tee(self.before);
        stop_below(&mut sink, self.words, self.globals);
        self.take(&mut sink);
        sink.block(self.block);
        code
    }

    fn take(&self, sink: &mut InstructionSink<'_>) {
        sink.local_get(self.before).i32_const(self.words).i32_sub().global_set(self.globals.stack);
    }

    /// After a catch clause: the counter is as whoever threw left it.
    fn land(&self) -> Vec<u8> {
        let mut code = Vec::new();
        self.take(&mut InstructionSink::new(&mut code));
        code
    }

    fn release(&self) -> Vec<u8> {
        let mut code = Vec::new();
        let mut sink = InstructionSink::new(&mut code);
        sink.local_get(self.before).global_set(self.globals.stack);
        code
    }

    fn epilogue(&self) -> Vec<u8> {
        let mut code = self.release();
        InstructionSink::new(&mut code).end();
        code
    }
}

/// The body of an entry, with its size: a function that the host calls instead of `function`.
pub(super) fn entry(function: u32, params: usize, globals: Globals) -> Vec<u8> {
    let params = u32::try_from(params).unwrap_or(u32::MAX);
    let mut code = vec![1, 1, 0x7f];
    let mut sink = InstructionSink::new(&mut code);
    sink.global_get(globals.stack).local_set(params);
    sink.i32_const(globals.limit).global_set(globals.stack);
    sink.i32_const(0).global_set(globals.trap);
    for param in 0..params {
        sink.local_get(param);
    }
    sink.call(function).local_get(params).global_set(globals.stack).end();
    let mut body = Vec::new();
    code.len().encode(&mut body);
    body.extend(code);
    body
}
