//! Writes programs as text: expressions and statements by type, at random but always valid and
//! always ending.

mod function;

use super::super::rng::Rng;
use super::super::seen::{F32S, F64S, I32S, I64S, Type, special_vector};
use function::{FLOATS, Function};
use std::fmt::Write as _;

/// A program, and the parameters of the functions `f0`, `f1`, … that it exports beside `drive`,
/// which takes and returns nothing.
pub struct Program {
    pub text: String,
    pub signatures: Vec<Vec<Type>>,
}

const TYPES: &[Type] = &[Type::I32, Type::I64, Type::F32, Type::F64, Type::V128];

#[derive(Clone)]
struct Signature {
    params: Vec<Type>,
    results: Vec<Type>,
}

/// The program of `seed`; a `rich` one uses exceptions and objects too.
pub fn program(seed: u64, rich: bool) -> Program {
    let mut rng = Rng::new(seed);
    let small = rng.chance(1, 2);
    let count = if small { 1 + rng.below(2) } else { 2 + rng.below(5) };
    let mut signatures = Vec::new();
    for _ in 0..count {
        signatures.push(signature(&mut rng, &signatures));
    }
    let mut text = String::from("(module\n");
    head(&mut text, &mut rng, &signatures, rich);
    for at in 0..count {
        text += &Function::new(&mut rng, &signatures, at, rich, small).write();
        wrapper(&mut text, at, &signatures[at]);
    }
    driver(&mut text, &mut rng, &signatures);
    text.push_str(")\n");
    Program { text, signatures: signatures.into_iter().map(|s| s.params).collect() }
}

fn signature(rng: &mut Rng, before: &[Signature]) -> Signature {
    let mut types = |least: usize, most: usize| {
        let count = least + rng.below(most - least + 1);
        (0..count)
            .map(|_| if rng.chance(3, 4) { rng.pick(FLOATS) } else { rng.pick(TYPES) })
            .collect::<Vec<_>>()
    };
    let (params, results) = (types(0, 4), types(1, 3));
    // Some share their results, so that one can tail-call the other.
    match before.last() {
        Some(last) if rng.chance(1, 3) => Signature { params, results: last.results.clone() },
        _ => Signature { params, results },
    }
}

fn head(text: &mut String, rng: &mut Rng, signatures: &[Signature], rich: bool) {
    if rich {
        *text += "(type $s (struct (field (mut f64)) (field (mut f32)) (field (mut v128))))\n\
                  (type $a (array (mut f64)))\n(type $b (array (mut f32)))\n\
                  (tag $e (param f64 f32))\n(tag $v (param v128))\n";
    }
    for (at, signature) in signatures.iter().enumerate() {
        writeln!(text, "(type $t{at} (func {}))", heading(signature)).unwrap();
    }
    *text += "(memory (export \"memory\") 1)\n(data (i32.const 0) \"";
    for _ in 0..128 {
        if rng.chance(1, 2) {
            escape(text, &rng.pick(F64S).to_le_bytes());
        } else {
            escape(text, &rng.pick(F32S).to_le_bytes());
            escape(text, &rng.pick(F32S).to_le_bytes());
        }
    }
    *text += "\")\n(global $budget (mut i32) (i32.const 0))\n";
    for (name, ty) in [("f32", Type::F32), ("f64", Type::F64), ("v128", Type::V128)] {
        let value = constant(rng, ty);
        writeln!(text, "(global ${name} (export \"{name}\") (mut {name}) {value})").unwrap();
    }
    let functions = (0..signatures.len()).map(|at| format!(" $f{at}")).collect::<String>();
    writeln!(text, "(table {} funcref)\n(elem (i32.const 0) func{functions})", signatures.len())
        .unwrap();
}

fn escape(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        write!(text, "\\{byte:02x}").unwrap();
    }
}

fn heading(signature: &Signature) -> String {
    format!("(param {}) (result {})", names(&signature.params), names(&signature.results))
}

fn names(types: &[Type]) -> String {
    types.iter().map(|ty| name(*ty)).collect::<Vec<_>>().join(" ")
}

fn name(ty: Type) -> &'static str {
    match ty {
        Type::I32 => "i32",
        Type::I64 => "i64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::V128 => "v128",
        Type::Reference => "funcref",
    }
}

/// A constant in text; floats by their bits, so that payloads come through.
fn constant(rng: &mut Rng, ty: Type) -> String {
    match ty {
        Type::I32 => format!("(i32.const {})", rng.pick(I32S)),
        Type::I64 => format!("(i64.const {})", rng.pick(I64S)),
        Type::F32 => format!("(f32.const {})", float32(rng.pick(F32S))),
        Type::F64 => format!("(f64.const {})", float64(rng.pick(F64S))),
        Type::V128 => {
            let bits = special_vector(rng);
            format!("(v128.const i64x2 {} {})", bits as u64, (bits >> 64) as u64)
        }
        Type::Reference => "(ref.null func)".to_owned(),
    }
}

fn float32(bits: u32) -> String {
    let value = f32::from_bits(bits);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    match value {
        _ if value.is_nan() => format!("{sign}nan:0x{:x}", bits & 0x007f_ffff),
        _ if value.is_infinite() => format!("{sign}inf"),
        _ => format!("{value:e}"),
    }
}

fn float64(bits: u64) -> String {
    let value = f64::from_bits(bits);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    match value {
        _ if value.is_nan() => format!("{sign}nan:0x{:x}", bits & 0x000f_ffff_ffff_ffff),
        _ if value.is_infinite() => format!("{sign}inf"),
        _ => format!("{value:e}"),
    }
}

/// The export `f{at}`: gives the function fresh time to run.
fn wrapper(text: &mut String, at: usize, signature: &Signature) {
    let args: String = (0..signature.params.len()).map(|n| format!(" (local.get {n})")).collect();
    let heading = heading(signature);
    writeln!(
        text,
        "(func (export \"f{at}\") {heading} (global.set $budget (i32.const 200)) (call $f{at}{args}))"
    )
    .unwrap();
}

/// The export `drive`: calls every function with constants and stores what comes back.
fn driver(text: &mut String, rng: &mut Rng, signatures: &[Signature]) {
    *text += "(func (export \"drive\")\n";
    for ty in TYPES {
        writeln!(text, "(local ${0} {0})", name(*ty)).unwrap();
    }
    let mut address = 4096;
    for (at, signature) in signatures.iter().enumerate() {
        for _ in 0..4 {
            let args: Vec<_> = signature.params.iter().map(|ty| constant(rng, *ty)).collect();
            *text += "(global.set $budget (i32.const 200))\n";
            writeln!(text, "(call $f{at} {})", args.join(" ")).unwrap();
            for ty in signature.results.iter().rev() {
                let name = name(*ty);
                writeln!(
                    text,
                    "(local.set ${name}) ({name}.store (i32.const {address}) (local.get ${name}))"
                )
                .unwrap();
                address += 16;
            }
        }
    }
    *text += ")\n";
}
