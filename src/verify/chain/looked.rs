//! The rungs that are looked at here: module, capabilities, and whether everything names one another.

use super::{Found, Parts};
use crate::abi::Capability;
use crate::attest::receipt::{Invocation, Receipt, TraceSummary};
use crate::attest::{About, Requirement};
use crate::digest::{ManifestDigest, ModuleDigest};
use crate::json::Value;
use crate::reason::Reason;
use crate::runtime::{self, Evidence};
use crate::skill::{Bundle, Manifest, declares};
use crate::trace::{self, MaterialName, Reader, Seal};
use crate::verify::bundle::{Attested, CheckedBundle};
use crate::verify::policy::{Context, Policy, Verdict, compare};
use crate::verify::replay::{belong_together, manifest_allows};
use crate::verify::{Error, chain::said::limits_capabilities};

const TRACE: &str = "the trace that the receipt names, as NAME.trace beside NAME.json";
const MODULE: &str = "the receipt's module, out of its trace or its bundle";
const MANIFEST: &str = "the receipt's manifest, out of its trace or its bundle";
const TOGETHER: &str = "receipt, trace, manifest, module and attestation that name one another";

/// What is at hand besides statements, as far as it could be read.
pub(super) struct Looked<'a> {
    receipt: &'a Receipt,
    /// `None` when there is no trace.
    trace: Option<Result<(Reader, Seal), Error>>,
    manifest: Option<Result<Manifest, Error>>,
    /// `None` when no module is at hand.
    module: Option<Result<CheckedBundle, Error>>,
    companion: Option<Vec<u8>>,
    original: Option<Vec<u8>>,
}

impl<'a> Looked<'a> {
    /// Reads the trace to its end, and checks the module: the bundle's, otherwise that in the trace.
    pub fn at(
        receipt: &'a Receipt,
        trace: Option<Result<Reader, trace::Error>>,
        bundle: Option<Parts>,
    ) -> Self {
        let trace = trace.map(|opened| Ok(to_its_end(opened?)?));
        let reader = trace.as_ref().and_then(|read| read.as_ref().ok()).map(|(reader, _)| reader);
        let (bundle, companion, original) = match bundle {
            Some(Parts { bundle, companion, original }) => (Some(bundle), companion, original),
            None => (reader.and_then(carried), None, None),
        };
        let in_trace = reader.and_then(|reader| reader.material(MaterialName::Manifest));
        let in_bundle = bundle.as_ref().map(|bundle| &bundle.manifest[..]);
        let manifest = in_trace.or(in_bundle).map(|bytes| manifest_of(receipt, bytes));
        let module = bundle.map(|bundle| module_of(receipt, bundle));
        Self { receipt, trace, manifest, module, companion, original }
    }

    /// The author's envelope that the trace carries; nothing when there is none.
    pub fn attestation(&self) -> &[u8] {
        let Some(Ok((reader, _))) = &self.trace else { return &[] };
        reader.material(MaterialName::Attestation).unwrap_or_default()
    }

    /// The module with its manifest, when it is the receipt's.
    pub fn module(&self) -> Option<&CheckedBundle> {
        self.module.as_ref()?.as_ref().ok()
    }

    /// Holds what lies beside the module to what was attested.
    pub fn check_beside(&self, attested: &Attested) -> Result<(), Error> {
        attested.check_beside(self.companion.as_deref(), self.original.as_deref())
    }

    pub fn canonical(&self) -> Found {
        let digest = self.receipt.module.sha256.to_string();
        let found = match &self.module {
            None => Found::missing(MODULE),
            Some(Err(error)) => Found::failed(MODULE, error),
            Some(Ok(checked)) => {
                let profile = checked.manifest().profile().note().name;
                upheld(MODULE, &digest, format!("profile {profile}"))
            }
        };
        Found { digest, ..found }
    }

    pub fn consistent(&self) -> Found {
        let digest = self.receipt.trace.sha256.to_string();
        let found = match (&self.trace, &self.manifest) {
            (None, _) => Found::missing(TRACE),
            (Some(Err(error)), _) => Found::failed(TRACE, error),
            (Some(Ok(_)), None) => Found::missing(MANIFEST),
            (Some(Ok(_)), Some(Err(error))) => Found::failed(TOGETHER, error),
            (Some(Ok((reader, seal))), Some(Ok(manifest))) => {
                match agree(self.receipt, manifest, reader, seal) {
                    Ok(()) => {
                        let (outcome, events) = (&self.receipt.outcome, seal.end.events);
                        upheld(TOGETHER, &digest, format!("{outcome}, {events} events"))
                    }
                    Err(error) => Found::failed(TOGETHER, &error),
                }
            }
        };
        Found { digest, ..found }
    }

    /// Declared, granted, used, and what the policy says of both ends.
    pub fn capabilities(&self, policy: &Policy) -> Found {
        let Receipt { grants, used, manifest, .. } = self.receipt;
        let digest =
            grants.policy.map_or(manifest.sha256.to_string(), |own| own.sha256.to_string());
        let declared = match &self.manifest {
            None => return Found { digest, ..Found::missing(MANIFEST) },
            Some(Err(error)) => return Found { digest, ..Found::failed(MANIFEST, error) },
            Some(Ok(manifest)) => manifest.capabilities(),
        };
        let mut verdict = Verdict::default();
        let mut within = |expected: String, all: &[String], beyond: Vec<String>| {
            verdict.add("capabilities", beyond.is_empty(), Reason::HeaderDiffers, || {
                (expected, listed(if beyond.is_empty() { all } else { &beyond }))
            });
        };
        let granted = texts(&grants.capabilities);
        let undeclared = grants.capabilities.iter().filter(|grant| !declares(declared, grant));
        let beyond = undeclared.map(ToString::to_string).collect();
        within(format!("grants within {}", listed(&texts(declared))), &granted, beyond);
        let is_granted = |kind: &str, value: &str| {
            grants.capabilities.iter().any(|g| g.kind().name() == kind && g.value() == value)
        };
        let beyond = used.iter().filter(|u| !is_granted(&u.kind, &u.value));
        let beyond = beyond.map(|u| format!("{}={}", u.kind, u.value)).collect();
        let uses: Vec<String> = used.iter().map(|u| format!("{}={}", u.kind, u.value)).collect();
        within(format!("use within {}", listed(&granted)), &uses, beyond);
        for requirement in
            [About::Bundle, About::Receipt].map(|about| policy.required_of(about)).concat()
        {
            self.limited(&requirement, declared, &mut verdict);
        }
        let denied = match self.receipt.outcome.reason() {
            Some(Reason::CapabilityDenied) => ", 1 denied",
            _ => "",
        };
        let [declared, granted, used] = [declared.len(), granted.len(), used.len()];
        let fact = format!("{declared} declared, {granted} granted, {used} used{denied}");
        Found { verdict, fact, digest, ..Found::default() }
    }

    /// What a requirement allows of what is declared, imported, or was granted.
    fn limited(&self, requirement: &Requirement, declared: &[Capability], verdict: &mut Verdict) {
        if !limits_capabilities(requirement) {
            return;
        }
        let context = match (requirement.about, self.module()) {
            (About::Bundle, Some(checked)) => checked.context(),
            (About::Bundle, None) if !requirement.forbidden_imports.is_empty() => {
                return verdict.append(Found::missing(MODULE).verdict);
            }
            (About::Bundle, None) => Context { capabilities: declared, ..Context::default() },
            (About::Receipt | About::File, _) => {
                Context { capabilities: &self.receipt.grants.capabilities, ..Context::default() }
            }
        };
        compare(requirement, &context, verdict);
    }
}

/// A trace whose events were all read and whose hash chain holds, and what is known of the whole.
fn to_its_end(mut reader: Reader) -> Result<(Reader, Seal), trace::Error> {
    while reader.next()?.is_some() {}
    let seal = reader.seal().cloned().ok_or(trace::Error::Stopped)?;
    Ok((reader, seal))
}

/// The bundle's parts that a trace carries.
fn carried(reader: &Reader) -> Option<Bundle> {
    let material = |name| reader.material(name).map(<[u8]>::to_vec);
    let (manifest, wasm) = (material(MaterialName::Manifest)?, material(MaterialName::Module)?);
    Some(Bundle { manifest, wasm, attestations: None })
}

fn manifest_of(receipt: &Receipt, bytes: &[u8]) -> Result<Manifest, Error> {
    let (found, expected) = (ManifestDigest::of(bytes), receipt.manifest.sha256);
    if found != expected {
        return Err(Error::Manifest { what: "the receipt", found, expected });
    }
    Ok(Manifest::parse(bytes)?)
}

/// The module and its manifest, when they are what the receipt names and in canonical form.
fn module_of(receipt: &Receipt, bundle: Bundle) -> Result<CheckedBundle, Error> {
    manifest_of(receipt, &bundle.manifest)?;
    let checked = CheckedBundle::check(bundle)?;
    let (found, expected) = (checked.module().digest(), receipt.module.sha256);
    if found != expected {
        return Err(Error::Module { what: "the receipt", found, expected });
    }
    Ok(checked)
}

/// Whether receipt, trace and the materials in it name one another, and the receipt says what its trace
/// decides without an execution.
fn agree(receipt: &Receipt, manifest: &Manifest, trace: &Reader, seal: &Seal) -> Result<(), Error> {
    if seal.digest != receipt.trace.sha256 {
        let (found, expected) = (seal.digest.to_string(), receipt.trace.sha256.to_string());
        return Err(Error::Beside { part: "the trace", by: "the receipt", found, expected });
    }
    let module = trace.material(MaterialName::Module).map(ModuleDigest::of);
    let module = module.unwrap_or(receipt.module.sha256);
    belong_together(module, manifest.digest(), receipt, trace)?;
    if manifest.artifact() != module {
        return Err(Error::Artifact { found: module, expected: manifest.artifact() });
    }
    manifest_allows(manifest, trace.header())?;
    let outcome = &seal.end.outcome;
    let evidence = Evidence::new(trace.header().clone(), None, None);
    let from_header = runtime::receipt(&evidence, outcome, None, seal);
    // What only an execution tells is taken as it is claimed.
    let decided = Receipt {
        engines: receipt.engines,
        invocation: Invocation { stdin: receipt.invocation.stdin, ..from_header.invocation },
        used: receipt.used.clone(),
        files: receipt.files.clone(),
        trace: TraceSummary { events: seal.end.events, ..from_header.trace },
        outputs: receipt.outputs,
        final_state: receipt.final_state.clone(),
        ..from_header
    };
    let text = |value: Option<Value>| value.map_or("nothing".to_owned(), |value| value.to_string());
    match receipt.first_difference(&decided)? {
        None => Ok(()),
        Some(field) => Err(Error::Field {
            path: field.path,
            found: text(field.found),
            expected: text(field.expected),
        }),
    }
}

/// A finding of one rule that is upheld.
fn upheld(expected: &str, digest: &str, fact: String) -> Found {
    let mut verdict = Verdict::default();
    verdict.add("material", true, Reason::MaterialMismatch, || {
        (expected.to_owned(), digest.to_owned())
    });
    Found { verdict, fact, ..Found::default() }
}

fn texts(list: &[Capability]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

fn listed(texts: &[String]) -> String {
    if texts.is_empty() { "nothing".to_owned() } else { texts.join(", ") }
}
