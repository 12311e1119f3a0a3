//! A module in the form in which it is signed (spec/canonical.md, spec/portable.md).

use super::check::check;
use super::edit::Edited;
use super::encode::{Encoded, encode, encode_with_customs};
use super::freedom::Changes;
use super::module::Module;
use super::passes::{self, Applied};
use super::{Companion, Error, SourceNote};
use crate::digest::ModuleDigest;
use crate::profile::{Pass, Profile};

/// A module in canonical form that keeps what its profile promises: the only thing that is
/// digested, bundled or executed.
///
/// Made by [`Canonical::build`], which writes the form, or [`Canonical::check`], which accepts
/// nothing else.
#[derive(Debug)]
pub struct Canonical {
    module: Module,
    digest: ModuleDigest,
}

/// Bytes with their digest, which is taken once.
#[derive(Debug)]
pub struct Digested {
    bytes: Vec<u8>,
    digest: ModuleDigest,
}

impl Digested {
    /// Digests `bytes`.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        Self { digest: ModuleDigest::of(&bytes), bytes }
    }

    /// The digest.
    #[must_use]
    pub fn digest(&self) -> ModuleDigest {
        self.digest
    }
}

/// What [`Canonical::build`] makes.
#[derive(Debug)]
pub struct Built {
    /// The module.
    pub canonical: Canonical,
    /// What debuggers want, detached.
    pub companion: Companion,
    /// Which freedoms of the encoding were taken away.
    pub changes: Changes,
    /// What the passes of the profile did, in their order.
    pub passes: Vec<Applied>,
}

impl Canonical {
    /// Encodes `module` canonically, takes it through the passes of `profile`, and puts its custom
    /// sections into a debug companion.
    ///
    /// # Errors
    /// What the profile refuses. When the result is not valid or does not pass the checker: that
    /// would be a defect, and nothing is signed that has it. When a limit is exceeded.
    pub fn build(module: &Module, profile: Profile, note: &SourceNote<'_>) -> Result<Built, Error> {
        module.exports_nothing_reserved()?;
        let Encoded { mut bytes, offsets, changes } = encode(module.bytes())?;
        let mut offsets = vec![offsets];
        let (rewritten, passes) = passes::run(&bytes, profile)?;
        if let Some(Edited { bytes: rewritten, offsets: map }) = rewritten {
            // The passes leave custom sections out.
            let last = encode_with_customs(&rewritten, &bytes)
                .map_err(|error| Error::Reencode { what: format!("after the passes: {error}") })?;
            bytes = last.bytes;
            offsets.extend([map, last.offsets]);
        }
        let check = || Self::check(bytes, profile);
        let companion = move || {
            let newest_first = offsets.into_iter().rev();
            let offsets = newest_first.reduce(|newer, older| newer.then(&older));
            Companion::of(module, note, offsets.unwrap_or_default())
        };
        let (canonical, companion) = rayon::join(check, companion);
        let (canonical, companion) = (canonical.map_err(defect)?, companion?);
        Ok(Built { canonical, companion, changes, passes })
    }

    /// Takes bytes that are in canonical form already and keep what `profile` promises.
    ///
    /// # Errors
    /// As [`Module::parse`]; [`Error::NotCanonical`] for a valid module in another form.
    pub fn check(bytes: Vec<u8>, profile: Profile) -> Result<Self, Error> {
        let module = Self::parse(bytes, profile)?;
        let digest = || ModuleDigest::of(module.bytes());
        let (checked, digest) = rayon::join(|| check(&module, profile), digest);
        checked?;
        Ok(Self { module, digest })
    }

    /// As [`Canonical::check`], of bytes whose digest is known.
    ///
    /// # Errors
    /// As [`Canonical::check`].
    pub fn check_digested(digested: Digested, profile: Profile) -> Result<Self, Error> {
        let Digested { bytes, digest } = digested;
        let module = Self::parse(bytes, profile)?;
        check(&module, profile)?;
        Ok(Self { module, digest })
    }

    fn parse(bytes: Vec<u8>, profile: Profile) -> Result<Module, Error> {
        let module = Module::parse(bytes)?;
        if !profile.has(Pass::Stack) {
            module.exports_nothing_reserved()?;
        }
        Ok(module)
    }

    /// The digest of the bytes.
    #[must_use]
    pub fn digest(&self) -> ModuleDigest {
        self.digest
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.module.bytes()
    }

    /// The bytes, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.module.into_bytes()
    }

    /// The module, for [`super::Interface::of`] and [`super::find_leaks`].
    #[must_use]
    pub fn module(&self) -> &Module {
        &self.module
    }
}

fn defect(error: Error) -> Error {
    Error::Reencode { what: format!("the result does not pass the checker: {error}") }
}
