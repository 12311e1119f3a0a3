//! The names of operators, for people.

use super::super::module::FEATURES;
use wasmparser::{BinaryReader, Operator, OperatorsReader, for_each_operator};

/// The name of the operator at an offset of a valid module, in the text format.
pub(super) fn name_at(module: &[u8], at: usize) -> String {
    let rest = module.get(at..).unwrap_or_default();
    let mut reader = OperatorsReader::new(BinaryReader::new_features(rest, at, FEATURES));
    reader.read().map_or_else(|_| "an operator".to_owned(), |operator| name(&operator))
}

/// `f64.store`: the first underscore of the parser's name, unless the name has no such part.
pub(in crate::wasm) fn name(operator: &Operator<'_>) -> String {
    const PARTLESS: [&str; 7] = ["br", "call", "return", "throw", "try", "typed", "else"];
    let name = visit(operator).strip_prefix("visit_").unwrap_or_default();
    match name.split_once('_') {
        Some(("typed", _)) => "select".to_owned(),
        Some((part, rest)) if !PARTLESS.contains(&part) => format!("{part}.{rest}"),
        _ => name.to_owned(),
    }
}

fn visit(operator: &Operator<'_>) -> &'static str {
    macro_rules! names {
        ($(@$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*))*) => {
            match operator { $(Operator::$op { .. } => stringify!($visit),)* _ => "" }
        };
    }
    for_each_operator!(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_text_format() {
        let names: [(&[u8], &str); 6] = [
            (&[0xa2], "f64.mul"),
            (&[0x0d, 0], "br_if"),
            (&[0x21, 0], "local.set"),
            (&[0xfc, 0], "i32.trunc_sat_f32_s"),
            (&[0x1c, 1, 0x70], "select"),
            (&[0xd2, 0], "ref.func"),
        ];
        for (bytes, expected) in names {
            assert_eq!(name_at(bytes, 0), expected);
        }
    }
}
