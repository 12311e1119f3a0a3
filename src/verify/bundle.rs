//! Bundles: do the parts belong together, and who says so.

use super::policy::{Context, Policy, Said, Upheld, Verdict, Words};
use super::{Error, Refusal};
use crate::attest::provenance::{self, Provenance};
use crate::attest::{self, About, Requirement, Statement, TrustedKey, Verified};
use crate::digest::{CompanionDigest, EnvelopeDigest, KeyId, ManifestDigest, SourceDigest};
use crate::reason::Reason;
use crate::skill::{Bundle, Manifest};
use crate::wasm::{Canonical, Digested, Interface};

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

/// Proof that a bundle is attested as the policy demands: only [`CheckedBundle::attested`] makes one.
#[derive(Debug)]
pub struct Attested {
    provenance: Verified<Provenance>,
    key: KeyId,
    by: Vec<TrustedKey>,
    envelope: Vec<u8>,
    said: Vec<Said>,
    upheld: Upheld,
}

impl Attested {
    /// What was attested.
    #[must_use]
    pub fn provenance(&self) -> &Verified<Provenance> {
        &self.provenance
    }

    /// The distinct keys that count: trusted as authors, now.
    #[must_use]
    pub fn by(&self) -> &[TrustedKey] {
        &self.by
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

    /// The first key that counts of those that signed this envelope.
    #[must_use]
    pub fn key(&self) -> KeyId {
        self.key
    }

    /// The rules, and what the bundle's statements say.
    #[must_use]
    pub fn into_evidence(self) -> (Upheld, Vec<Said>) {
        (self.upheld, self.said)
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
        let wasm = Digested::of(files.wasm);
        let (found, expected) = (wasm.digest(), manifest.artifact());
        if found != expected {
            return Err(Error::Artifact { found, expected });
        }
        let module = Canonical::check_digested(wasm, manifest.profile())?;
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

    /// Holds the bundle's statements about exactly this module and manifest to the policy: at least
    /// build provenance by an author, and whatever the trust file requires besides.
    ///
    /// # Errors
    /// [`Error::AttestationMissing`] when there are no attestations; otherwise [`Error::Refused`].
    pub fn attested(&self, policy: &Policy) -> Result<Attested, Error> {
        let lines = self.attestations.as_deref().unwrap_or_default();
        self.attested_by(policy, &policy.required_of(About::Bundle), lines)
    }

    /// As [`CheckedBundle::attested`], by `lines`, of which nothing but `requirements` is demanded.
    pub(super) fn attested_by(
        &self,
        policy: &Policy,
        requirements: &[Requirement],
        lines: &[u8],
    ) -> Result<Attested, Error> {
        let lines = attest::parse_lines(lines)?;
        attest::bound_work(lines.iter().map(|(_, envelope)| envelope), policy.trust())?;
        let (mut said, mut statements, mut closest) = (Vec::new(), Vec::new(), None);
        for (line, envelope) in &lines {
            let verified = envelope.verify(policy.trust()).and_then(|payload| {
                let statement = payload.statement()?;
                // What says to be ours is of our form, or nothing.
                let is_ours = is_ours(&statement) && self.is_about_this(&statement);
                let provenance = is_ours.then(|| statement.provenance()).transpose()?;
                Ok(Attestation { line, statement, provenance })
            });
            let (one, error) = match verified {
                Ok(attestation) => {
                    let one = Said::verified(envelope, &attestation.statement);
                    statements.push(attestation);
                    (one, None)
                }
                Err(error) => (Said::claimed(envelope), Some(error)),
            };
            said.push(one);
            closest = error.or(closest);
        }
        said.truncate(SAID);
        let Some(first) = closest.filter(|_| statements.is_empty()) else {
            if statements.is_empty() {
                return Err(Error::AttestationMissing);
            }
            return self.judged(policy, requirements, &statements, said);
        };
        Err(Refusal::of(first, said).into())
    }

    fn judged(
        &self,
        policy: &Policy,
        requirements: &[Requirement],
        statements: &[Attestation<'_>],
        said: Vec<Said>,
    ) -> Result<Attested, Error> {
        let things = [
            ("the module".to_owned(), *self.module.digest().as_bytes()),
            ("the manifest".to_owned(), *self.manifest_digest.as_bytes()),
        ];
        let context = self.context();
        let all: Vec<&Verified<Statement>> = statements.iter().map(|a| &a.statement).collect();
        let mut verdict = Verdict::default();
        let mut authors = None;
        policy.contradicted(requirements, About::Bundle, &all, &things, &mut verdict);
        for requirement in requirements {
            let judged = policy.judge(requirement, &all, &things, &context, Words::Every);
            verdict.append(judged.verdict);
            let mut ours = judged.counted.iter().filter_map(|(at, keys)| {
                let Attestation { line, provenance, .. } = statements.get(*at)?;
                Some((*line, provenance.as_ref()?, keys))
            });
            if let (None, Some((line, provenance, keys))) = (&authors, ours.next()) {
                let mut by: Vec<TrustedKey> = Vec::new();
                for key in judged.counted.iter().flat_map(|(_, keys)| keys.iter().copied()) {
                    if !by.contains(key) {
                        by.push(key.clone());
                    }
                }
                authors = keys.first().map(|key| (line, provenance, key.id(), by));
            }
        }
        if let Some((_, shown, _, by)) = &mut authors {
            agreement(requirements, statements, shown, by, &mut verdict);
        }
        let upheld = match verdict.uphold() {
            Ok(upheld) => upheld,
            Err(verdict) => return Err(Refusal::new(verdict, said).into()),
        };
        let Some((line, provenance, key, by)) = authors else {
            return Err(Error::AttestationMissing);
        };
        let (provenance, envelope) = (provenance.clone(), line.to_vec());
        Ok(Attested { provenance, key, by, envelope, said, upheld })
    }

    /// What it may ask for.
    pub(super) fn context(&self) -> Context<'_> {
        let rows = self.interface.host_functions();
        Context {
            capabilities: self.manifest.capabilities(),
            imports: rows.iter().map(|row| (row.module, row.name)).collect(),
            operators: Vec::new(),
        }
    }

    fn is_about_this(&self, statement: &Statement) -> bool {
        statement.subject_matches(self.module.digest().as_bytes())
            && statement.subject_matches(self.manifest_digest.as_bytes())
    }
}

/// A statement of a bundle that a trusted key signed.
struct Attestation<'a> {
    line: &'a [u8],
    statement: Verified<Statement>,
    /// If it says to be ours and is about this bundle.
    provenance: Option<Verified<Provenance>>,
}

/// Of the keys that count, those that say the same of source, companion and parameters as what is
/// shown: as many as are demanded must be left.
fn agreement(
    requirements: &[Requirement],
    statements: &[Attestation<'_>],
    shown: &Provenance,
    by: &mut Vec<TrustedKey>,
    verdict: &mut Verdict,
) {
    if by.len() < 2 {
        return;
    }
    let is_same = |said: &Provenance| {
        (said.source, &said.origin, &said.materials, said.companion, &said.parameters)
            == (shown.source, &shown.origin, &shown.materials, shown.companion, &shown.parameters)
    };
    let said = statements.iter().filter_map(|attestation| attestation.provenance.as_ref());
    let agreeing: Vec<&TrustedKey> =
        said.filter(|said| is_same(said)).flat_map(Verified::by).collect();
    let before = by.len();
    by.retain(|key| agreeing.iter().any(|other| other.key() == key.key()));
    if by.len() < before {
        let ours = |r: &&Requirement| r.predicate_type == provenance::PREDICATE_TYPE;
        let wanted = requirements.iter().filter(ours).map(|r| r.threshold).max().unwrap_or(1);
        verdict.add("agreement", by.len() >= wanted, Reason::ThresholdUnmet, || {
            let names: Vec<String> = by.iter().map(ToString::to_string).collect();
            let expected = format!("{wanted} that name one source, companion and parameters");
            (expected, format!("{}: {}", by.len(), names.join(", ")))
        });
    }
}

/// Statements of one bundle that are shown.
const SAID: usize = 16;

/// Whether a statement says to be provenance of our build type.
fn is_ours(statement: &Statement) -> bool {
    statement.predicate_type() == provenance::PREDICATE_TYPE
        && statement.gist().build_type.as_deref() == Some(provenance::BUILD_TYPE)
}
