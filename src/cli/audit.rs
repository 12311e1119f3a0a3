//! A receipt with everything that its replay needs.

use super::error::CommandError;
use super::inputs::{self, Places};
use super::kept::Kept;
use super::workshop::{Ready, Workshop};
use crate::allowance::Allowance;
use crate::attest::Envelope;
use crate::digest::{ManifestDigest, ModuleDigest, StatementDigest, TraceDigest};
use crate::engines::EngineName;
use crate::reason::Reason;
use crate::runtime::Keep;
use crate::skill::Manifest;
use crate::trace::{MaterialName, Reader};
use crate::verify::{self, Claim, Policy, Replay, Verdict, Witness, Witnesses};
use crate::{files, limits};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that a receipt takes for each byte of its envelope once it was read.
const PARSED: u64 = 8;

/// Bytes of a trace that is not worth a thread that reads ahead.
const SHORT: u64 = 256 << 10;

/// A receipt, its trace, and what it is about.
pub struct Audit {
    /// What is claimed, and by whom.
    pub claim: Claim,
    /// The envelope's bytes, as they were read.
    pub envelope: Vec<u8>,
    /// What is known of the author's attestation.
    pub attestation: String,
    manifest: Manifest,
    module: Ready,
    companion: Option<Vec<u8>>,
    /// Where the trace lies: each engine reads it from its beginning, and all of it is checked
    /// against the receipt each time.
    path: PathBuf,
    trace: Option<Reader>,
    allowance: Option<Allowance>,
}

impl Audit {
    /// Reads the receipt, finds its trace, module and manifest, and makes the module ready.
    pub fn gather(
        receipt: &Path,
        from: &[PathBuf],
        policy: Option<&Policy>,
        workshop: &Workshop,
    ) -> Result<Self, CommandError> {
        Self::gather_within(receipt, from, policy, workshop, None)
    }

    /// As [`Audit::gather`]; all of it, and the replay after it, takes what `allowance` has.
    pub fn gather_within(
        receipt: &Path,
        from: &[PathBuf],
        policy: Option<&Policy>,
        workshop: &Workshop,
        allowance: Option<&Allowance>,
    ) -> Result<Self, CommandError> {
        let named = |error: CommandError| error.of(receipt.display());
        let envelope = files::read_limited(receipt, limits::ENVELOPE_BYTES)?;
        if let Some(allowance) = allowance
            && !allowance.take(PARSED * envelope.len() as u64)
        {
            return Err(CommandError::new(
                Reason::Interrupted,
                "no memory is left for the receipt",
            ));
        }
        let claim = Claim::read(&envelope, policy).map_err(|error| named(error.into()))?;
        let places = Places::new(receipt, from)?.within(allowance);
        let path = trace_of(receipt, &claim, &places).map_err(named)?;
        let trace = open(&path, allowance)?;

        let manifest = manifest_of(&claim, &trace, &places)?;
        let digest: ModuleDigest = claim.receipt().module.sha256;
        let module =
            workshop.ready(digest, &manifest, allowance, || module_of(&claim, &trace, &places))?;
        let attested = trace.material(MaterialName::Attestation);
        let attestation = match claim.receipt().attestation {
            None => "none; the operator ran the skill with --allow-unsigned".to_owned(),
            Some(claimed) => verify::attestation(&claimed, attested, claim.receipt(), policy),
        };
        let companion = trace.material(MaterialName::Companion).map(<[u8]>::to_vec);
        // Names are not worth a look at every file for each of many receipts.
        let companion = companion.or_else(|| match allowance {
            None => places.find_named("skill.debug.wasm", limits::COMPANION_BYTES),
            Some(_) => None,
        });
        Ok(Self {
            claim,
            envelope,
            attestation,
            manifest,
            module,
            companion,
            path,
            trace: Some(trace),
            allowance: allowance.cloned(),
        })
    }

    /// Its manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The trace, from its beginning: for what is shown besides the verdict.
    pub fn reread(&self) -> Result<Reader, CommandError> {
        open(&self.path, None)
    }

    /// Digest of what the receipt's envelope holds.
    pub fn statement(&self) -> Result<StatementDigest, CommandError> {
        Ok(Envelope::parse(&self.envelope)?.payload_unverified().digest())
    }

    /// The engines that are asked.
    pub fn engines(&self) -> Vec<EngineName> {
        self.module.iter().map(|(engine, _)| engine.name()).collect()
    }

    /// Whether the trace is, as a whole, the one that the receipt names. A replay that came to its end,
    /// or to a difference, has compared that; one that was cut short or refused the trace has not.
    pub fn trace_is_named(&self, witnesses: &Witnesses) -> Result<bool, CommandError> {
        let has_compared = |witness: &Witness| {
            !matches!(witness.verdict, Err(_) | Ok(Verdict::Interrupted { here: true, .. }))
        };
        if witnesses.iter().all(has_compared) {
            return Ok(true);
        }
        let found = TraceDigest::from_bytes(files::digest_of(&self.path)?);
        Ok(found == self.claim.receipt().trace.sha256)
    }

    /// Executes it again on each engine; what the first reproduces is kept, if somebody wants it.
    pub fn replay(&mut self, kept: Option<Kept>) -> Result<Witnesses, CommandError> {
        let mut kept = kept.map(|kept| Box::new(kept) as Box<dyn Keep>);
        let mut witnesses = Witnesses::default();
        for (engine, executable) in self.module.clone().iter() {
            let verdict = match executable {
                Err(error) => Err(error.clone()),
                Ok(executable) => {
                    let trace = match self.trace.take() {
                        Some(trace) => trace,
                        None => open(&self.path, self.allowance.as_ref())?,
                    };
                    let replay = Replay {
                        receipt: self.claim.receipt(),
                        manifest: &self.manifest,
                        trace,
                        companion: self.companion.as_deref(),
                        keep: kept.take(),
                    };
                    let mut verdict = verify::replay(executable, replay).map_err(Arc::new);
                    // The events around it are a help for people, and no part of the verdict.
                    if let Ok(Verdict::Refuted(divergence)) = &mut verdict
                        && let Ok(trace) = open(&self.path, self.allowance.as_ref())
                    {
                        divergence.surround(trace);
                    }
                    verdict
                }
            };
            witnesses.add(engine.name(), verdict);
        }
        Ok(witnesses)
    }
}

/// The manifest of a receipt: out of its trace, otherwise found by its digest.
pub fn manifest_of(
    claim: &Claim,
    trace: &Reader,
    places: &Places,
) -> Result<Manifest, CommandError> {
    let expected: ManifestDigest = claim.receipt().manifest.sha256;
    let manifest = match trace.material(MaterialName::Manifest) {
        Some(bytes) => bytes.to_vec(),
        None => places
            .find(limits::MANIFEST_BYTES, |bytes| ManifestDigest::of(bytes) == expected)
            .ok_or_else(|| missing("manifest", &expected))?,
    };
    let found = ManifestDigest::of(&manifest);
    if found != expected {
        return Err(verify::Error::Manifest { what: "the receipt", found, expected }.into());
    }
    Ok(Manifest::parse(&manifest)?)
}

/// The bytes of a receipt's module, likewise; whether they are the module, whoever uses them compares.
pub fn module_of(claim: &Claim, trace: &Reader, places: &Places) -> Result<Vec<u8>, CommandError> {
    let digest: ModuleDigest = claim.receipt().module.sha256;
    match trace.material(MaterialName::Module) {
        Some(bytes) => Ok(bytes.to_vec()),
        None => places
            .find(limits::MODULE_BYTES, |bytes| ModuleDigest::of(bytes) == digest)
            .ok_or_else(|| missing("module", &digest)),
    }
}

/// The trace of a receipt: beside it, otherwise found by its digest.
pub fn trace_of(receipt: &Path, claim: &Claim, places: &Places) -> Result<PathBuf, CommandError> {
    let beside = receipt.with_extension("trace");
    if beside.exists() {
        return Ok(beside);
    }
    let digest: TraceDigest = claim.receipt().trace.sha256;
    let hint =
        format!("it is expected as {}; --from names it, or a folder to look in", beside.display());
    places.find_trace(&digest).ok_or_else(|| missing("trace", &digest).hint(hint))
}

/// Opens a trace; errors name its file.
pub fn open(path: &Path, allowance: Option<&Allowance>) -> Result<Reader, CommandError> {
    let (input, allowance) = (inputs::open(path)?, allowance.cloned());
    let reader = if files::size_of(path) <= SHORT {
        Reader::open_here(input, allowance)
    } else {
        Reader::open_within(input, allowance)
    };
    reader.map_err(|error| CommandError::from(error).of(path.display()))
}

fn missing(what: &str, digest: &dyn std::fmt::Display) -> CommandError {
    CommandError::new(Reason::MaterialMissing, format!("no {what} with digest {digest} was found"))
}
