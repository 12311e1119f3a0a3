//! Bundles: do the parts belong together, and who says so.

use super::Error;
use crate::attest::provenance::Provenance;
use crate::attest::{self, Trust, Verified};
use crate::digest::{
    CompanionDigest, EnvelopeDigest, KeyId, ManifestDigest, ModuleDigest, SourceDigest,
};
use crate::skill::{Bundle, Manifest};
use crate::wasm::{Canonical, Interface};

/// A bundle whose parts belong together. Who made it is another question: [`CheckedBundle::attested`].
#[derive(Debug)]
pub struct CheckedBundle {
    manifest: Manifest,
    manifest_bytes: Vec<u8>,
    manifest_digest: ManifestDigest,
    module: Canonical,
    interface: Interface,
    attestations: Option<Vec<u8>>,
}

/// Proof that a trusted key attested a bundle: only [`CheckedBundle::attested`] makes one.
#[derive(Debug)]
pub struct Attested {
    provenance: Verified<Provenance>,
    envelope: Vec<u8>,
}

impl Attested {
    /// What was attested, and by whom.
    #[must_use]
    pub fn provenance(&self) -> &Verified<Provenance> {
        &self.provenance
    }

    /// The envelope's bytes: one line, without its end.
    #[must_use]
    pub fn envelope(&self) -> &[u8] {
        &self.envelope
    }

    /// Digest of the envelope's bytes.
    #[must_use]
    pub fn digest(&self) -> EnvelopeDigest {
        EnvelopeDigest::of(&self.envelope)
    }

    /// The first trusted key that verified it.
    #[must_use]
    pub fn key(&self) -> Option<KeyId> {
        self.provenance.by().first().map(attest::TrustedKey::id)
    }

    /// Holds the debug companion and the original, where the bundle has them, to the digests that
    /// were attested. Neither takes part in an execution.
    ///
    /// # Errors
    /// [`Error::Beside`] for another one.
    pub fn check_beside(
        &self,
        companion: Option<&[u8]>,
        original: Option<&[u8]>,
    ) -> Result<(), Error> {
        const BY: &str = "the attestation";
        if let (Some(bytes), Some(expected)) = (companion, self.provenance.companion) {
            same("skill.debug.wasm", BY, &CompanionDigest::of(bytes), &expected)?;
        }
        if let Some(bytes) = original {
            same(ORIGINAL, BY, &SourceDigest::of(bytes), &self.provenance.source)?;
        }
        Ok(())
    }
}

/// File name of the module that went in.
const ORIGINAL: &str = "skill.orig.wasm";

/// Holds the original of a bundle that nobody attested yet to the source that its companion names.
///
/// # Errors
/// [`Error::Beside`] for another one.
pub fn check_original(original: &[u8], named: &SourceDigest) -> Result<(), Error> {
    same(ORIGINAL, "skill.debug.wasm", &SourceDigest::of(original), named)
}

fn same<D: PartialEq + ToString>(
    part: &'static str,
    by: &'static str,
    found: &D,
    expected: &D,
) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Beside { part, by, found: found.to_string(), expected: expected.to_string() })
}

impl CheckedBundle {
    /// Checks manifest, module, their digests, the canonical form and the interface.
    ///
    /// # Errors
    /// What does not fit; nothing is read again afterwards, so what was checked is what is used.
    pub fn check(files: Bundle) -> Result<Self, Error> {
        let manifest = Manifest::parse(&files.manifest)?;
        let found = ModuleDigest::of(&files.wasm);
        let expected = manifest.artifact();
        if found != expected {
            return Err(Error::Artifact { found, expected });
        }
        let module = Canonical::check(files.wasm, manifest.profile())?;
        let interface = Interface::of(module.module(), Some(manifest.entrypoint()))
            .map_err(Error::Interface)?;
        Ok(Self {
            manifest_digest: ManifestDigest::of(&files.manifest),
            manifest,
            manifest_bytes: files.manifest,
            module,
            interface,
            attestations: files.attestations,
        })
    }

    /// The manifest.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The manifest's bytes.
    #[must_use]
    pub fn manifest_bytes(&self) -> &[u8] {
        &self.manifest_bytes
    }

    /// Digest of the manifest's bytes.
    #[must_use]
    pub fn manifest_digest(&self) -> ManifestDigest {
        self.manifest_digest
    }

    /// The module.
    #[must_use]
    pub fn module(&self) -> &Canonical {
        &self.module
    }

    /// What its imports and entrypoint mean.
    #[must_use]
    pub fn interface(&self) -> &Interface {
        &self.interface
    }

    /// Finds build provenance about exactly this module and manifest, signed by a trusted key.
    ///
    /// # Errors
    /// [`Error::AttestationMissing`] when there are no attestations; otherwise what is wrong with
    /// the one that came closest.
    pub fn attested(&self, trust: &Trust) -> Result<Attested, Error> {
        let mut closest: Option<attest::Error> = None;
        for (line, envelope) in
            attest::parse_lines(self.attestations.as_deref().unwrap_or_default())?
        {
            match self.attested_by(&envelope, trust) {
                Ok(provenance) => return Ok(Attested { provenance, envelope: line.to_vec() }),
                // A verified statement about something else says more than an unknown signer.
                Err(error) => match &closest {
                    Some(attest::Error::SubjectMismatch { .. }) => {}
                    _ => closest = Some(error),
                },
            }
        }
        Err(closest.map_or(Error::AttestationMissing, Error::Attest))
    }

    fn attested_by(
        &self,
        envelope: &attest::Envelope,
        trust: &Trust,
    ) -> Result<Verified<Provenance>, attest::Error> {
        let statement = envelope.verify(trust)?.statement()?;
        statement.require_subject("the module", self.module.digest().as_bytes())?;
        statement.require_subject("the manifest", self.manifest_digest.as_bytes())?;
        statement.provenance()
    }
}
