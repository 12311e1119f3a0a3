//! Bundles of the format v0: do the parts belong together, and did those sign who are listed
//! (spec/v0-bundle.md).

use super::Error;
use crate::abi::Capability;
use crate::attest::v0::{Keys, Signatures, Signed};
use crate::digest::SourceDigest;
use crate::origin::Origin;
use crate::skill::v0::{Folder, Manifest, Mapped};

/// Proof that a bundle of the format v0 is signed by those who its manifest and the pinned keys file
/// list, each of them, and that it can be imported: only [`Imported::check`] makes one.
#[derive(Debug)]
pub struct Imported {
    manifest: Manifest,
    module: Vec<u8>,
    signed: Signed,
    mapped: Vec<Mapped>,
}

impl Imported {
    /// Makes every check. Nothing is read again afterwards, so what was checked is what is used.
    ///
    /// # Errors
    /// The first check that fails; of a bundle whose signatures hold, a capability that is not imported.
    pub fn check(folder: Folder, keys: &Keys) -> Result<Self, Error> {
        let manifest = Manifest::parse(&folder.manifest)?;
        let signatures = Signatures::parse(&folder.signatures)?;
        let (found, expected) = (SourceDigest::of(&folder.wasm), manifest.artifact());
        if found != expected {
            return Err(Error::V0Artifact { found, expected });
        }
        let signed = signatures.verify(found, manifest.digest(), manifest.signers(), keys)?;
        let mapped = manifest.mapped()?;
        Ok(Self { manifest, module: folder.wasm, signed, mapped })
    }

    /// The manifest that was signed.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What was signed, by whom, and with which keys file that was verified.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        self.signed.origin()
    }

    /// What became of each capability, in the order of the manifest.
    #[must_use]
    pub fn mapped(&self) -> &[Mapped] {
        &self.mapped
    }

    /// What a manifest of ours declares for the skill: what was signed, and nothing else.
    #[must_use]
    pub fn capabilities(&self) -> Vec<Capability> {
        self.mapped.iter().map(|mapped| mapped.to.clone()).collect()
    }

    /// The bytes of `skill.wasm`.
    #[must_use]
    pub fn into_module(self) -> Vec<u8> {
        self.module
    }
}
