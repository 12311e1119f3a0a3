//! A few operators around the first that differs, as text.

use super::super::check::operator_name;
use super::pairs::Maps;
use super::side::Side;
use super::words::{Words, operator_at};
use wasmparser::{BlockType, Operator};

/// Operators before and behind that are shown, equal in both.
const AROUND: usize = 3;
/// Operators of one side that are shown.
const SHOWN: usize = 8;
/// Labels of a `br_table` that are shown.
const LABELS: u32 = 8;

/// The lines around operator `at`, the first that differs: ` ` both, `-` A, `+` B.
pub(super) fn around(
    maps: &Maps<'_, '_>,
    [bytes_a, bytes_b]: [&[u8]; 2],
    [a, b]: [&Words; 2],
    at: usize,
    mut number: impl FnMut(u64, u64) -> bool,
) -> Vec<String> {
    let mut same = |one: usize, other: usize| maps.same_operator(a, one, b, other, &mut number);
    let (mut end_a, mut end_b) = (at + SHOWN, at + SHOWN);
    let mut behind = 0;
    // The nearest place where they go on alike.
    'found: for distance in 1..2 * SHOWN {
        for one in distance.saturating_sub(SHOWN)..=distance.min(SHOWN) {
            let (one, other) = (at + one, at + distance - one);
            let is_there = one < a.operators.len() && other < b.operators.len();
            let alike = (0..AROUND).all(|more| same(one + more, other + more));
            if is_there && alike {
                (end_a, end_b, behind) = (one, other, AROUND);
                break 'found;
            }
        }
    }
    let line = |sign: char, side: &Side<'_>, bytes: &[u8], words: &Words, at: usize| {
        Some(format!("{sign} {}", text(side, bytes, words, at)?))
    };
    let mut lines = Vec::new();
    let of_a = |at| line(' ', maps.a, bytes_a, a, at);
    lines.extend((at.saturating_sub(AROUND)..at).filter_map(of_a));
    lines.extend((at..end_a).filter_map(|at| line('-', maps.a, bytes_a, a, at)));
    lines.extend((at..end_b).filter_map(|at| line('+', maps.b, bytes_b, b, at)));
    lines.extend((end_a..end_a + behind).filter_map(of_a));
    lines
}

/// An operator, or the head of a function, as in the text format.
fn text(side: &Side<'_>, bytes: &[u8], words: &Words, at: usize) -> Option<String> {
    let (_, offset) = words.operators.get(at)?;
    if at == 0 {
        let ty = words.operator(0).get(1)?;
        let locals = words.operator(0).len() > 2;
        let ty = side.type_text(u32::try_from(ty.value).ok()?);
        return Some(format!("{ty}{}", if locals { " and locals" } else { "" }));
    }
    let operator = operator_at(bytes, *offset as usize)?;
    let operands = operands(side, &operator, words, at);
    Some(format!("{}{operands}", operator_name(&operator)))
}

fn operands(side: &Side<'_>, operator: &Operator<'_>, words: &Words, at: usize) -> String {
    match operator {
        Operator::I32Const { value } => format!(" {value}"),
        Operator::I64Const { value } => format!(" {value}"),
        Operator::F32Const { value } => format!(" {}", f32::from_bits(value.bits())),
        Operator::F64Const { value } => format!(" {}", f64::from_bits(value.bits())),
        Operator::Call { function_index }
        | Operator::ReturnCall { function_index }
        | Operator::RefFunc { function_index } => format!(" ${}", side.called(*function_index)),
        Operator::Block { blockty } | Operator::Loop { blockty } | Operator::If { blockty } => {
            match blockty {
                BlockType::Empty => String::new(),
                BlockType::Type(ty) => format!(" (result {ty})"),
                BlockType::FuncType(ty) => format!(" {}", side.type_text(*ty)),
            }
        }
        Operator::CallIndirect { type_index, .. } => format!(" {}", side.type_text(*type_index)),
        Operator::BrTable { targets } => {
            let labels = targets.targets().map_while(Result::ok).take(LABELS as usize);
            let labels: String = labels.map(|label| format!(" {label}")).collect();
            let left = targets.len().saturating_sub(LABELS);
            let more = if left > 0 { format!(" …{left} more") } else { String::new() };
            format!("{labels}{more} {}", targets.default())
        }
        _ => others(words, at),
    }
}

/// Numbers in the order of the binary format; of a memory access the offset alone.
fn others(words: &Words, at: usize) -> String {
    use super::words::Kind;
    let words = words.operator(at).get(1..).unwrap_or_default();
    if let Some(offset) = words.iter().find(|word| word.kind == Kind::Offset) {
        return if offset.value == 0 { String::new() } else { format!(" offset={}", offset.value) };
    }
    words.iter().take(LABELS as usize).map(|word| format!(" {}", word.value)).collect()
}
