//! Modules through one pass.

use provenact::profile::{Pass, Profile};
use provenact::wasm::{Built, Canonical, Error, Module, SourceNote};

/// The profile that has `pass` alone.
pub(crate) fn only(pass: Pass) -> Profile {
    let others = Pass::ALL.into_iter().filter(|other| *other != pass);
    others.fold(Profile::PORTABLE, Profile::without)
}

/// `wasm` through `profile`.
pub(crate) fn through(wasm: &[u8], profile: Profile) -> Result<Built, Error> {
    let note = SourceNote::of("m.wasm");
    Canonical::build(&Module::parse(wasm.to_vec())?, profile, &note)
}

/// The text format of `source` through `pass`.
pub(crate) fn rewrite(source: &str, pass: Pass) -> Vec<u8> {
    through(&wat::parse_str(source).unwrap(), only(pass)).unwrap().canonical.into_bytes()
}
