//! relaxed-simd (spec/portable.md): each operator of relaxed SIMD becomes what it does in the
//! deterministic profile of the specification, where every choice is the first.

use super::super::Error;
use super::super::edit::{BodyEdit, Edit, Splice};
use super::super::layout::Layout;
use rayon::prelude::*;
use wasm_encoder::{InstructionSink, ValType};
use wasmparser::{FunctionBody, Operator};

/// What changes in the module.
pub(super) fn edit(layout: &Layout<'_>) -> Result<Edit, Error> {
    let imported = layout.imported_functions as usize;
    let bodies = (layout.bodies.par_iter().enumerate())
        .map(|(at, body)| {
            if !may_have_any(layout.bytes.get(body.range()).unwrap_or_default()) {
                return Ok(BodyEdit::default());
            }
            let index = u32::try_from(imported.saturating_add(at)).unwrap_or(u32::MAX);
            let params = layout.function_type(index).map_or(0, |ty| ty.params().len());
            lower(body, params).map_err(|error| super::unreadable("relaxed-simd", &error))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(Edit { bodies, ..Edit::default() })
}

/// Whether the opcode of a relaxed operator occurs in `code`, as such or by chance.
fn may_have_any(code: &[u8]) -> bool {
    code.windows(3).any(|bytes| matches!(bytes, [0xFD, 0x80..=0x93, 0x02]))
}

/// Lowers every relaxed operator of one function.
fn lower(body: &FunctionBody<'_>, params: usize) -> wasmparser::Result<BodyEdit> {
    let mut fresh = Fresh { first: super::locals(body, params)?, used: 0 };
    let mut splices = Vec::new();
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let at = operators.original_position();
        let operator = operators.read()?;
        let mut insert = Vec::new();
        if lowering(&operator, &mut InstructionSink::new(&mut insert), &mut fresh) {
            let remove = operators.original_position() - at;
            splices.push(Splice { at, remove, insert });
        }
    }
    let locals = if fresh.used == 0 { Vec::new() } else { vec![(fresh.used, ValType::V128)] };
    Ok(BodyEdit { locals, splices })
}

/// Locals of type `v128` that hold operands from below the top of the stack, from one operator to
/// the end of its replacement: every replacement may use the same.
struct Fresh {
    first: u32,
    used: u32,
}

impl Fresh {
    fn local(&mut self, at: u32) -> u32 {
        self.used = self.used.max(at + 1);
        self.first.saturating_add(at)
    }
}

/// Whether `operator` is one of relaxed SIMD.
pub(in super::super) fn is_relaxed(operator: &Operator<'_>) -> bool {
    let mut nowhere = Vec::new();
    lowering(operator, &mut InstructionSink::new(&mut nowhere), &mut Fresh { first: 0, used: 0 })
}

/// Writes what stands for `operator` into `sink`; `false` when it is not a relaxed one.
fn lowering(operator: &Operator<'_>, sink: &mut InstructionSink<'_>, fresh: &mut Fresh) -> bool {
    match operator {
        Operator::I8x16RelaxedSwizzle => sink.i8x16_swizzle(),
        Operator::I32x4RelaxedTruncF32x4S => sink.i32x4_trunc_sat_f32x4_s(),
        Operator::I32x4RelaxedTruncF32x4U => sink.i32x4_trunc_sat_f32x4_u(),
        Operator::I32x4RelaxedTruncF64x2SZero => sink.i32x4_trunc_sat_f64x2_s_zero(),
        Operator::I32x4RelaxedTruncF64x2UZero => sink.i32x4_trunc_sat_f64x2_u_zero(),
        Operator::I8x16RelaxedLaneselect
        | Operator::I16x8RelaxedLaneselect
        | Operator::I32x4RelaxedLaneselect
        | Operator::I64x2RelaxedLaneselect => sink.v128_bitselect(),
        Operator::F32x4RelaxedMin => sink.f32x4_min(),
        Operator::F32x4RelaxedMax => sink.f32x4_max(),
        Operator::F64x2RelaxedMin => sink.f64x2_min(),
        Operator::F64x2RelaxedMax => sink.f64x2_max(),
        Operator::I16x8RelaxedQ15mulrS => sink.i16x8_q15mulr_sat_s(),
        Operator::F32x4RelaxedMadd => {
            let addend = fresh.local(0);
            sink.local_set(addend).f32x4_mul().local_get(addend).f32x4_add()
        }
        Operator::F64x2RelaxedMadd => {
            let addend = fresh.local(0);
            sink.local_set(addend).f64x2_mul().local_get(addend).f64x2_add()
        }
        // The specification negates the first factor. That is the same but for the sign of a NaN,
        // and `neg` would see that sign.
        Operator::F32x4RelaxedNmadd => {
            let (minuend, product) = (fresh.local(0), fresh.local(1));
            sink.local_set(minuend).f32x4_mul().local_set(product);
            sink.local_get(minuend).local_get(product).f32x4_sub()
        }
        Operator::F64x2RelaxedNmadd => {
            let (minuend, product) = (fresh.local(0), fresh.local(1));
            sink.local_set(minuend).f64x2_mul().local_set(product);
            sink.local_get(minuend).local_get(product).f64x2_sub()
        }
        Operator::I16x8RelaxedDotI8x16I7x16S => dot(sink, fresh.local(0), fresh.local(1)),
        Operator::I32x4RelaxedDotI8x16I7x16AddS => {
            let (a, b, addend) = (fresh.local(0), fresh.local(1), fresh.local(2));
            sink.local_set(addend);
            dot(sink, a, b).i32x4_extadd_pairwise_i16x8_s().local_get(addend).i32x4_add()
        }
        _ => return false,
    };
    true
}

/// The products of the even lanes and those of the odd lanes, added with saturation: in lanes of 16
/// bits the odd byte is the upper half, the even one gets there by a shift.
fn dot<'s, 'b>(sink: &'s mut InstructionSink<'b>, a: u32, b: u32) -> &'s mut InstructionSink<'b> {
    sink.local_set(b).local_tee(a);
    sink.i32_const(8).i16x8_shl().i32_const(8).i16x8_shr_s();
    sink.local_get(b).i32_const(8).i16x8_shl().i32_const(8).i16x8_shr_s().i16x8_mul();
    sink.local_get(a).i32_const(8).i16x8_shr_s();
    sink.local_get(b).i32_const(8).i16x8_shr_s().i16x8_mul();
    sink.i16x8_add_sat_s()
}
