//! A function without float arithmetic keeps its bytes under the pass `nan`.

use wasmparser::{FunctionBody, Operator, Parser, Payload};

/// Compares the functions of a canonical module with those of the same module after `nan` alone.
pub fn check(canonical: &[u8], after: &[u8]) -> Result<(), String> {
    let mut others = bodies(after);
    for (at, body) in bodies(canonical).enumerate() {
        let other = others.next().ok_or("a function is gone")?;
        if body.as_bytes() != other.as_bytes() && !makes_nans(&body)? {
            return Err(format!("function {at} of the code changes and has no float code"));
        }
    }
    Ok(())
}

fn bodies(module: &[u8]) -> impl Iterator<Item = FunctionBody<'_>> {
    Parser::new(0).parse_all(module).filter_map(|payload| match payload {
        Ok(Payload::CodeSectionEntry(body)) => Some(body),
        _ => None,
    })
}

fn makes_nans(body: &FunctionBody<'_>) -> Result<bool, String> {
    let operators = body.get_operators_reader().map_err(|error| error.to_string())?;
    for operator in operators {
        if is_producer(&operator.map_err(|error| error.to_string())?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Relaxed operators stand here too: alone, `nan` meets them.
fn is_producer(operator: &Operator<'_>) -> bool {
    macro_rules! any {
        ($($name:ident)*) => { matches!(operator, $(Operator::$name { .. })|*) };
    }
    any! {
        F32Add F32Sub F32Mul F32Div F32Sqrt F32Min F32Max F32Ceil F32Floor F32Trunc F32Nearest
        F64Add F64Sub F64Mul F64Div F64Sqrt F64Min F64Max F64Ceil F64Floor F64Trunc F64Nearest
        F32DemoteF64 F64PromoteF32
        F32x4Add F32x4Sub F32x4Mul F32x4Div F32x4Sqrt F32x4Min F32x4Max F32x4Ceil F32x4Floor
        F32x4Trunc F32x4Nearest F32x4DemoteF64x2Zero
        F64x2Add F64x2Sub F64x2Mul F64x2Div F64x2Sqrt F64x2Min F64x2Max F64x2Ceil F64x2Floor
        F64x2Trunc F64x2Nearest F64x2PromoteLowF32x4
        F32x4RelaxedMadd F32x4RelaxedNmadd F64x2RelaxedMadd F64x2RelaxedNmadd
        F32x4RelaxedMin F32x4RelaxedMax F64x2RelaxedMin F64x2RelaxedMax
    }
}
