//! What a manifest declares beside what the module's imports can ask for.

use super::Error;
use crate::abi::{Capability, Kind, WHOLE};
use crate::wasm::Interface;
use std::collections::BTreeSet;

/// What the manifest of a module with `interface` declares: `asked`, and whole each kind that can be
/// had whole, that the imports can ask for, and of which nothing is asked and which is not `denied`.
///
/// Variables of the environment need not be declared: their list is delivered without them.
///
/// # Errors
/// [`Error::Undeclared`] when the imports can ask for a kind of which nothing is declared and which is not
/// denied, [`Error::DeclaredAndDenied`] when one is both.
pub fn declared(
    asked: Vec<Capability>,
    denied: &BTreeSet<String>,
    interface: &Interface,
) -> Result<Vec<Capability>, Error> {
    let mut declared: BTreeSet<Capability> = asked.into_iter().collect();
    if let Some(both) = declared.iter().find(|c| denied.contains(c.kind().name())) {
        return Err(Error::DeclaredAndDenied { capability: both.clone() });
    }
    let mut missing: Vec<&str> = interface.unsupported.iter().copied().collect();
    for kind in &interface.kinds {
        if *kind == Kind::Env || declared.iter().any(|c| c.kind() == *kind) {
            continue;
        }
        match Capability::new(*kind, WHOLE) {
            Ok(whole) if kind.is_whole() && !denied.contains(kind.name()) => {
                declared.insert(whole);
            }
            _ => missing.push(kind.name()),
        }
    }
    missing.retain(|name| !denied.contains(*name));
    missing.sort_unstable();
    if missing.is_empty() {
        return Ok(declared.into_iter().collect());
    }
    Err(Error::Undeclared { kinds: missing.into_iter().map(str::to_owned).collect() })
}

/// What is declared of kinds that the imports cannot ask for.
#[must_use]
pub fn impossible<'c>(declared: &'c [Capability], interface: &Interface) -> Vec<&'c Capability> {
    declared.iter().filter(|capability| !interface.kinds.contains(&capability.kind())).collect()
}
