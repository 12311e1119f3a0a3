//! How many operands an operator pops and how many results it pushes, where that depends on types.

use super::operator::{Operator, code};
use super::sections::Sections;
use super::types::Form;

/// Operands as parameters, and results. Of what names labels or is a block, only those operands that
/// it has besides are counted.
pub(super) fn effect(found: &Operator, sections: &Sections) -> Form {
    let first = found.first;
    let of = |index: Option<&u32>| index.map_or(Form::EMPTY, |ty| sections.types.form(*ty));
    let called = || of(sections.functions.get(first as usize));
    let leaving = |form: Form| Form { results: 0, ..form };
    let form = match found.code {
        code::CALL => called(),
        // The results are the caller's.
        code::RETURN_CALL => leaving(called()),
        code::CALL_INDIRECT | code::CALL_REF => sections.types.form(first),
        code::RETURN_CALL_INDIRECT | code::RETURN_CALL_REF => leaving(sections.types.form(first)),
        code::THROW => leaving(of(sections.tags.get(first as usize))),
        code::STRUCT_NEW => leaving(sections.types.form(first)),
        code::ARRAY_NEW_FIXED => found.form,
        _ => Form::EMPTY,
    };
    Form {
        params: form.params.saturating_add(found.shape.pops.into()),
        results: form.results.saturating_add(found.shape.pushes.into()),
    }
}
