//! Element and data segments.

use super::super::freedom::Freedom;
use super::cursor::{Cursor, Fault};
use super::operator::{code, constant};
use super::types::Types;

/// Passes an element segment; functions that it names go into `references`.
pub(super) fn element(
    cursor: &mut Cursor<'_>,
    types: &Types,
    references: &mut Vec<u32>,
) -> Result<(), Fault> {
    const NOT_ACTIVE: u32 = 1;
    const SECOND: u32 = 2;
    const EXPRESSIONS: u32 = 4;
    let at = cursor.at();
    let flags = cursor.index()?;
    let mut is_default = true;
    if flags & NOT_ACTIVE == 0 {
        if flags & SECOND != 0 {
            is_default = cursor.index()? == 0;
        }
        constant(cursor, types, |_| {})?;
    }
    let high = |what| Err(Fault::freedom(at, Freedom::ElementFlags, what));
    let mut ty = Holds::Functions;
    if flags & (NOT_ACTIVE | SECOND) != 0 {
        ty = if flags & EXPRESSIONS != 0 { holds(cursor, types)? } else { kind(cursor)? };
    }
    if flags & EXPRESSIONS == 0 {
        if flags == SECOND && is_default {
            return high("an element segment that names table 0, which flag 0 implies");
        }
        for _ in 0..cursor.index()? {
            references.push(cursor.index()?);
        }
        return Ok(());
    }
    let are_functions = expressions(cursor, types, references)?;
    if are_functions && ty != Holds::Other {
        return high("an element segment of functions that are written as expressions");
    }
    if flags == SECOND | EXPRESSIONS && is_default && ty == Holds::Functions {
        return high("an element segment that names table 0 and funcref, which flag 4 implies");
    }
    Ok(())
}

/// The type of what a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// `funcref`.
    Functions,
    /// `(ref func)`.
    NonNullFunctions,
    Other,
}

fn holds(cursor: &mut Cursor<'_>, types: &Types) -> Result<Holds, Fault> {
    let start = cursor.at();
    types.value_type(cursor)?;
    Ok(match cursor.between(start, cursor.at()) {
        [0x70] => Holds::Functions,
        [0x64, 0x70] => Holds::NonNullFunctions,
        _ => Holds::Other,
    })
}

fn kind(cursor: &mut Cursor<'_>) -> Result<Holds, Fault> {
    let at = cursor.at();
    if cursor.byte()? == 0 { Ok(Holds::Functions) } else { Err(Fault::unread(at)) }
}

/// Whether each expression is nothing but a `ref.func`.
fn expressions(
    cursor: &mut Cursor<'_>,
    types: &Types,
    references: &mut Vec<u32>,
) -> Result<bool, Fault> {
    let mut are_functions = true;
    for _ in 0..cursor.index()? {
        let mut operators = 0;
        constant(cursor, types, |operator| {
            operators += 1;
            if operator.code == code::REF_FUNC && operators == 1 {
                references.push(operator.first);
            } else {
                are_functions = false;
                if operator.code == code::REF_FUNC {
                    references.push(operator.first);
                }
            }
        })?;
    }
    Ok(are_functions)
}

/// Passes a data segment.
pub(super) fn data(cursor: &mut Cursor<'_>, types: &Types) -> Result<(), Fault> {
    const PASSIVE: u32 = 1;
    const EXPLICIT: u32 = 2;
    let at = cursor.at();
    let flags = cursor.index()?;
    if flags == EXPLICIT && cursor.index()? == 0 {
        let what = "a data segment that names memory 0, which flag 0 implies";
        return Err(Fault::freedom(at, Freedom::DataFlags, what));
    }
    if flags != PASSIVE {
        constant(cursor, types, |_| {})?;
    }
    cursor.sized().map(|_| ())
}
