//! growth (spec/portable.md): memories and tables of the module's own have a maximum.

use super::super::Error;
use super::sections::Sections;
use crate::profile::Pass;

/// Holds the memories and tables of a canonical module to the rule.
///
/// # Errors
/// [`Error::NotPortable`] with the first that may grow without bound.
pub(super) fn check(sections: &Sections) -> Result<(), Error> {
    match sections.unbounded {
        None => Ok(()),
        Some((at, kind)) => Err(Error::NotPortable {
            offset: at as u64,
            pass: Pass::Growth,
            what: format!("a {kind} without a maximum"),
        }),
    }
}
