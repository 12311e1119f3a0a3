//! relaxed_simd (spec/portable.md).

use super::super::Error;
use super::super::edit::Edit;
use super::super::layout::Layout;

/// What changes in the module.
pub(super) fn edit(_layout: &Layout<'_>) -> Result<Edit, Error> {
    Ok(Edit::default())
}
