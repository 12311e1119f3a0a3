//! A function, decoded once into what the analysis asks of it. Code that cannot be reached is left
//! out, but for the structure around it.

use super::super::super::Error;
use super::super::super::layout::{Frames, Layout};
use super::super::relaxed_simd::is_relaxed;
use super::operators::{Role, observed, role};
use super::value::{Facts, Shape};
use super::{mended, sequence};
use crate::limits;
use crate::profile::Pass;
use wasmparser::{BlockType, Catch, FrameKind, FunctionBody, ModuleArity, Operator, ValType};

/// One operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// Arithmetic and moves.
    Role(Role),
    /// A local that may hold floats, by index.
    Get(u32),
    Set(u32),
    Tee(u32),
    /// A canonicalization that is there already, with its local.
    Canonicalize(Shape, u32),
    /// A mended store that is there already, with the local of its value.
    Mended(u32),
    /// Sees the bits of its operands; what is known of each result.
    Observe {
        pops: u32,
        pushes: u32,
        gives: Facts,
    },
    /// As `Observe`, and control does not go on.
    Leave {
        pops: u32,
    },
    /// A block, or an `if` (which has popped its condition): its label takes `results` values.
    Block {
        params: u32,
        results: u32,
        end: Site,
        catches: Vec<u32>,
    },
    /// A loop: its label takes `params` values.
    Loop {
        params: u32,
        results: u32,
        end: Site,
    },
    If {
        params: u32,
        results: u32,
        end: Site,
    },
    Else,
    End,
    /// Branches to labels; whether on a condition, and whether control goes on.
    Branch {
        labels: Vec<u32>,
        pops_number: bool,
        goes_on: bool,
    },
    /// A branch operator of another kind: its label may get values whose bits matter.
    BranchOther {
        label: u32,
        pops: u32,
        pushes: u32,
    },
}

/// Where a value comes from: an operator's result, or a result of a block.
pub(super) type Site = u32;

/// A place after which a value lies on top of the stack, or would if it could be reached there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Offset of the next operator.
    pub(super) at: usize,
    /// Whether the value is on top of the stack there.
    pub(super) top: bool,
    /// How many loops are open.
    pub(super) loops: u8,
    /// The value's type, if it is a float or vector that is known at this place.
    pub(super) ty: Option<wasm_encoder::ValType>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) what: What,
    /// The site of the result, if it has one.
    pub(super) site: Site,
}

/// A function.
pub(super) struct Steps {
    pub(super) steps: Vec<Step>,
    /// By site.
    pub(super) places: Vec<Place>,
    /// How many results the function has.
    pub(super) results: u32,
    /// How many locals, parameters included.
    pub(super) locals: u32,
    /// What is known of each local at the beginning; `None` of one that holds no floats.
    pub(super) initial: Vec<Option<Facts>>,
    /// For each local the steps that assign it, ascending.
    pub(super) assignments: Vec<Vec<u32>>,
    /// For each step that is a loop, by its number, the step that ends it.
    pub(super) loop_ends: std::collections::BTreeMap<u32, u32>,
    pub(super) has_producers: bool,
}

impl Steps {
    /// Decodes `body`, a function of type index `ty`.
    pub(super) fn of(layout: &Layout<'_>, body: &FunctionBody<'_>, ty: u32) -> Result<Self, Error> {
        let signature = layout.func_type(ty).ok_or_else(|| unknown(body.range().start))?;
        let mut types: Vec<ValType> = signature.params().to_vec();
        let mut initial: Vec<Option<Facts>> =
            types.iter().map(|ty| is_float(*ty).then_some(Facts::RAW)).collect();
        for group in body.get_locals_reader().map_err(decode)? {
            let (count, ty) = group.map_err(decode)?;
            let count = count as usize;
            types.extend(std::iter::repeat_n(ty, count));
            initial.extend(std::iter::repeat_n(is_float(ty).then_some(Facts::NONE), count));
        }
        let mut decoder = Decoder {
            steps: Self {
                steps: Vec::new(),
                places: Vec::new(),
                results: u32::try_from(signature.results().len()).unwrap_or(u32::MAX),
                locals: u32::try_from(types.len()).unwrap_or(u32::MAX),
                assignments: vec![Vec::new(); types.len()],
                initial,
                loop_ends: std::collections::BTreeMap::new(),
                has_producers: false,
            },
            layout,
            types,
            frames: layout.frames(ty),
            open: vec![Open { step: 0, is_loop: false, end: 0, results: Vec::new() }],
            loops: 0,
            dead: 0,
        };
        let mut reader = body.get_operators_reader().map_err(decode)?;
        while !reader.eof() {
            let start = reader.original_position();
            let operator = reader.read().map_err(decode)?;
            let made = decoder.canonicalization(&operator, layout.bytes.get(start..));
            if let Some((shape, local)) = made {
                for _ in 1..shape.operators() {
                    reader.read().map_err(decode)?;
                }
                decoder.assign(What::Canonicalize(shape, local), local, reader.original_position());
                continue;
            }
            if let Some(local) = decoder.mended(&operator, layout.bytes.get(start..)) {
                for _ in 1..mended::OPERATORS {
                    reader.read().map_err(decode)?;
                }
                decoder.assign(What::Mended(local), local, reader.original_position());
                continue;
            }
            if is_relaxed(&operator) {
                let what = "a relaxed operator gives what the engine chooses, NaNs included: the pass relaxed-simd has to go before, or nan be left out too";
                let (offset, what) = (start as u64, what.to_owned());
                return Err(Error::NotPortable { offset, pass: Pass::Nan, what });
            }
            decoder.operator(&operator, reader.original_position())?;
        }
        Ok(decoder.steps)
    }

    /// The offset, depth of loops and so on of `site`.
    pub(super) fn place(&self, site: Site) -> Option<&Place> {
        self.places.get(site as usize)
    }
}

/// Whether values of the type can hold NaNs.
const fn is_float(ty: ValType) -> bool {
    matches!(ty, ValType::F32 | ValType::F64 | ValType::V128)
}

const fn encoded(ty: ValType) -> Option<wasm_encoder::ValType> {
    match ty {
        ValType::F32 => Some(wasm_encoder::ValType::F32),
        ValType::F64 => Some(wasm_encoder::ValType::F64),
        ValType::V128 => Some(wasm_encoder::ValType::V128),
        _ => None,
    }
}

/// A label that is open.
struct Open {
    step: u32,
    is_loop: bool,
    /// The first site of its results.
    end: Site,
    results: Vec<ValType>,
}

struct Decoder<'l, 'a> {
    steps: Steps,
    layout: &'l Layout<'a>,
    types: Vec<ValType>,
    frames: Frames<'l, 'a>,
    open: Vec<Open>,
    loops: u8,
    /// In code that cannot be reached: 1 for it and each block that began in it.
    dead: u32,
}

impl Decoder<'_, '_> {
    fn operator(&mut self, operator: &Operator<'_>, next: usize) -> Result<(), Error> {
        match operator {
            Operator::Block { blockty } => self.enter(*blockty, Kind::Block, next, &[]),
            Operator::TryTable { try_table } => {
                let catches: Vec<u32> = try_table.catches.iter().map(label_of).collect();
                self.enter(try_table.ty, Kind::Block, next, &catches)
            }
            Operator::Loop { blockty } => self.enter(*blockty, Kind::Loop, next, &[]),
            Operator::If { blockty } => self.enter(*blockty, Kind::If, next, &[]),
            Operator::Else => {
                if self.dead <= 1 {
                    self.dead = 0;
                    self.push(What::Else, next, None);
                }
                Ok(())
            }
            Operator::End => {
                self.leave(next);
                Ok(())
            }
            _ if self.dead > 0 => Ok(()),
            _ => self.plain(operator, next),
        }
    }

    fn enter(
        &mut self,
        ty: BlockType,
        kind: Kind,
        next: usize,
        catches: &[u32],
    ) -> Result<(), Error> {
        if self.dead > 0 {
            self.dead += 1;
            return Ok(());
        }
        let results = self.results(ty);
        let arity = self.frames.block_type_arity(ty);
        let (params, count) = arity.ok_or_else(|| unknown(next))?;
        if params as usize > limits::LABEL_VALUES {
            let offset = next as u64;
            return Err(Error::TooWide { what: "the block before", of: "parameters", offset });
        }
        let end = self.site_count();
        for (at, ty) in results.iter().enumerate() {
            let top = at + 1 == results.len();
            self.steps.places.push(Place { at: 0, top, loops: self.loops, ty: encoded(*ty) });
        }
        let step = self.step_count();
        let what = match kind {
            Kind::Block => What::Block { params, results: count, end, catches: catches.to_vec() },
            Kind::Loop => What::Loop { params, results: count, end },
            Kind::If => What::If { params, results: count, end },
        };
        self.push(what, next, None);
        let is_loop = kind == Kind::Loop;
        self.frames.push(ty, if is_loop { FrameKind::Loop } else { FrameKind::Block });
        self.loops = self.loops.saturating_add(u8::from(is_loop));
        self.open.push(Open { step, is_loop, end, results });
        Ok(())
    }

    fn leave(&mut self, next: usize) {
        if self.dead > 1 {
            self.dead -= 1;
            return;
        }
        self.dead = 0;
        let end = self.step_count();
        self.push(What::End, next, None);
        self.frames.pop();
        let Some(open) = self.open.pop() else { return };
        if open.is_loop {
            self.steps.loop_ends.insert(open.step, end);
            self.loops = self.loops.saturating_sub(1);
        }
        let first = open.end as usize;
        for place in self.steps.places.iter_mut().skip(first).take(open.results.len()) {
            place.at = next;
        }
    }

    /// An operator that can be reached and opens or closes no label.
    fn plain(&mut self, operator: &Operator<'_>, next: usize) -> Result<(), Error> {
        if let Some((what, ty)) = self.local(operator) {
            if let What::Set(local) | What::Tee(local) = what {
                self.assign(what, local, next);
            } else {
                self.push(what, next, ty);
            }
            return Ok(());
        }
        if let Some(role) = role(operator) {
            self.steps.has_producers |= matches!(role, Role::Produce { .. });
            let ty = result_of(role);
            self.push(What::Role(role), next, ty);
            return Ok(());
        }
        let what = self.control(operator, next)?;
        let ends = matches!(what, What::Leave { .. } | What::Branch { goes_on: false, .. });
        self.push(what, next, None);
        if ends {
            self.dead = 1;
        }
        Ok(())
    }

    /// The canonicalization that begins at `code` with `operator`.
    fn canonicalization(
        &self,
        operator: &Operator<'_>,
        code: Option<&[u8]>,
    ) -> Option<(Shape, u32)> {
        let Operator::LocalTee { local_index } = *operator else { return None };
        if self.dead > 0 {
            return None;
        }
        let ty = encoded(*self.types.get(local_index as usize)?)?;
        Some((sequence::recognise(code?, local_index, ty)?, local_index))
    }

    /// The local of the value, if a mended store begins at `code` with `operator`.
    fn mended(&self, operator: &Operator<'_>, code: Option<&[u8]>) -> Option<u32> {
        let Operator::LocalSet { local_index } = *operator else { return None };
        let shape = match self.types.get(local_index as usize)? {
            ValType::F32 => Shape::F32,
            ValType::F64 => Shape::F64,
            _ => return None,
        };
        let is_mended = self.dead == 0 && mended::recognise(code?, local_index, shape);
        is_mended.then_some(local_index)
    }

    /// An operator that assigns `local`, which may hold floats.
    fn assign(&mut self, what: What, local: u32, next: usize) {
        let step = self.step_count();
        if let Some(steps) = self.steps.assignments.get_mut(local as usize) {
            steps.push(step);
        }
        self.push(what, next, None);
    }

    /// Operators on locals that may hold floats.
    fn local(&self, operator: &Operator<'_>) -> Option<(What, Option<wasm_encoder::ValType>)> {
        let (what, local) = match *operator {
            Operator::LocalGet { local_index } => (What::Get(local_index), local_index),
            Operator::LocalSet { local_index } => (What::Set(local_index), local_index),
            Operator::LocalTee { local_index } => (What::Tee(local_index), local_index),
            _ => return None,
        };
        let ty = encoded(*self.types.get(local as usize)?)?;
        Some((what, Some(ty)))
    }

    fn control(&self, operator: &Operator<'_>, next: usize) -> Result<What, Error> {
        let label = |label: u32| vec![label];
        Ok(match operator {
            Operator::Br { relative_depth } => {
                What::Branch { labels: label(*relative_depth), pops_number: false, goes_on: false }
            }
            Operator::BrIf { relative_depth } => {
                What::Branch { labels: label(*relative_depth), pops_number: true, goes_on: true }
            }
            Operator::BrTable { targets } => {
                let mut labels =
                    targets.targets().collect::<Result<Vec<u32>, _>>().map_err(decode)?;
                labels.push(targets.default());
                labels.sort_unstable();
                labels.dedup();
                What::Branch { labels, pops_number: true, goes_on: false }
            }
            Operator::BrOnNull { relative_depth }
            | Operator::BrOnNonNull { relative_depth }
            | Operator::BrOnCast { relative_depth, .. }
            | Operator::BrOnCastFail { relative_depth, .. } => {
                let (pops, pushes) = self.arity(operator, next)?;
                What::BranchOther { label: *relative_depth, pops, pushes }
            }
            Operator::Return
            | Operator::Unreachable
            | Operator::Throw { .. }
            | Operator::ThrowRef
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::ReturnCallRef { .. } => What::Leave { pops: self.arity(operator, next)?.0 },
            _ => {
                let (pops, pushes) = self.arity(operator, next)?;
                What::Observe { pops, pushes, gives: observed(operator) }
            }
        })
    }

    fn arity(&self, operator: &Operator<'_>, next: usize) -> Result<(u32, u32), Error> {
        operator.operator_arity(&self.frames).ok_or_else(|| unknown(next))
    }

    /// The types of the results of a block.
    fn results(&self, ty: BlockType) -> Vec<ValType> {
        match ty {
            BlockType::Empty => Vec::new(),
            BlockType::Type(ty) => vec![ty],
            BlockType::FuncType(ty) => {
                self.layout.func_type(ty).map(|ty| ty.results().to_vec()).unwrap_or_default()
            }
        }
    }

    fn push(&mut self, what: What, next: usize, ty: Option<wasm_encoder::ValType>) {
        let site = self.site_count();
        self.steps.places.push(Place { at: next, top: true, loops: self.loops, ty });
        self.steps.steps.push(Step { what, site });
    }

    fn site_count(&self) -> Site {
        u32::try_from(self.steps.places.len()).unwrap_or(u32::MAX)
    }

    fn step_count(&self) -> u32 {
        u32::try_from(self.steps.steps.len()).unwrap_or(u32::MAX)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Block,
    Loop,
    If,
}

fn label_of(catch: &Catch) -> u32 {
    match *catch {
        Catch::One { label, .. }
        | Catch::OneRef { label, .. }
        | Catch::All { label }
        | Catch::AllRef { label } => label,
    }
}

/// The type of the result of an operator with a role; `None` where it has the type of its
/// operands, or its facts are never fresh.
fn result_of(role: Role) -> Option<wasm_encoder::ValType> {
    use wasm_encoder::ValType::{F32, F64, V128};
    match role {
        Role::Produce { gives, .. } => Some(gives.val_type()),
        Role::Extract(Shape::F32x4) => Some(F32),
        Role::Extract(_) => Some(F64),
        Role::Choose(_)
        | Role::Splat(_)
        | Role::Replace(_)
        | Role::Shuffle { .. }
        | Role::Bitselect => Some(V128),
        Role::Select | Role::Drop | Role::Compute { .. } | Role::Plain { .. } => None,
    }
}

fn unknown(at: usize) -> Error {
    Error::Reencode { what: format!("nan: what stands before byte {at} has no type") }
}

fn decode(error: wasmparser::Error) -> Error {
    Error::Reencode { what: format!("nan: {error}") }
}
