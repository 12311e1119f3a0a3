use super::error::CommandError;
use super::inputs::{self, TrustArgs};
use super::kept::Kept;
use super::ui::Ui;
use super::watch::{seconds, watch};
use crate::attest::receipt::Engines;
use crate::digest::{ManifestDigest, ModuleDigest, TraceDigest};
use crate::reason::{Class, Reason};
use crate::runtime::{Divergence, Engine};
use crate::skill::Manifest;
use crate::trace::{MaterialName, Reader};
use crate::verify::{self, Claim, DOES_NOT_PROVE, PROVES, Policy, Replay, Verdict};
use crate::wasm::{Canonical, Companion};
use crate::{files, limits};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Replay a receipt: execute again with nothing but the trace, and compare everything
///
/// No clock, no file, no network, no WASI: every answer comes from the trace. Each call, its
/// arguments, the bytes handed to the host, the order, the count, the outcome and the final state
/// are compared; the first difference is shown.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact replay receipt.json
  provenact replay receipt.json --pub operator.pub.pem --out reproduced

Exit status:
  0 reproduced (and, with a trusted key at hand, authentic), 1 refuted, 2 could not tell")]
pub struct Args {
    /// The receipt; its trace lies beside it as NAME.trace
    receipt: PathBuf,
    #[command(flatten)]
    trust: TrustArgs,
    /// Where else to look for trace, module and manifest, by digest; repeatable
    #[arg(long, value_name = "PATH")]
    from: Vec<PathBuf>,
    /// Write the reproduced stdout, stderr and files into this new directory
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Compile anew instead of using the private cache of compiled code
    #[arg(long)]
    no_cache: bool,
    /// Give up after so many seconds: could not tell
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<f64>,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    verdict: &'static str,
    reason: Option<&'static str>,
    authenticity: String,
    attestation: String,
    module: String,
    trace: String,
    events: u64,
    outcome: String,
    /// Whether one engine class alone can replay it.
    #[serde(skip_serializing_if = "Option::is_none")]
    engines: Option<Engines>,
    divergence: Option<Divergence>,
    proves: &'static str,
    does_not_prove: &'static str,
}

/// A receipt with everything that its replay needs.
pub struct Audit {
    /// What is claimed, and by whom.
    pub claim: Claim,
    /// The module.
    pub module: Canonical,
    /// The manifest.
    pub manifest: Manifest,
    /// What is known of the author's attestation.
    pub attestation: String,
    /// The trace, read up to its first event.
    pub trace: Reader,
    /// What is known of the module's functions.
    pub companion: Option<Companion>,
}

/// Replays the receipt and prints the verdict.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let late = move || {
        let message = "the replay took longer than --timeout allows";
        ui.error(&CommandError::new(Reason::Interrupted, message));
        Class::Interrupted.exit()
    };
    let watch = args.timeout.map(seconds).transpose()?.map(|after| watch(after, late));
    let policy = args.trust.load()?;
    if let Some(out) = &args.out {
        files::must_be_creatable(out)?;
    }
    let audit = Audit::gather(&args.receipt, &args.from, policy.as_ref())?;
    let attestation = audit.attestation.clone();
    let cache = if args.no_cache { None } else { super::cache_directory()? };
    let engine = Engine::cranelift(cache.as_deref())?;
    let kept = args.out.is_some().then(Kept::shared);
    let (verdict, claim) = audit.replay(&engine, kept.clone())?;
    drop(watch);
    let status = tell(&args.receipt, &claim, &attestation, &verdict, ui)?;
    if let (Some(out), Some(kept), Verdict::Reproduced(_)) = (&args.out, kept, &verdict) {
        for line in kept.write(out)? {
            ui.warn(&line);
        }
    }
    Ok(status)
}

impl Audit {
    /// Reads the receipt and finds its trace, module and manifest.
    pub fn gather(
        receipt: &Path,
        from: &[PathBuf],
        policy: Option<&Policy>,
    ) -> Result<Self, CommandError> {
        let named = |error: CommandError| error.of(receipt.display());
        let bytes = files::read_limited(receipt, limits::ENVELOPE_BYTES)?;
        let claim = Claim::read(&bytes, policy).map_err(|error| named(error.into()))?;
        let places = inputs::Places::new(receipt, from);
        let beside = receipt.with_extension("trace");
        let path = if beside.exists() {
            beside
        } else {
            let digest: TraceDigest = claim.receipt().trace.sha256;
            places.find_trace(&digest).ok_or_else(|| missing("trace", &digest))?
        };
        let trace = Reader::open(inputs::open(&path)?)
            .map_err(|error| CommandError::from(error).of(path.display()))?;

        let expected: ModuleDigest = claim.receipt().module.sha256;
        let module = match trace.material(MaterialName::Module) {
            Some(bytes) => bytes.to_vec(),
            None => places
                .find(limits::MODULE_BYTES, |bytes| ModuleDigest::of(bytes) == expected)
                .ok_or_else(|| missing("module", &expected))?,
        };
        let found = ModuleDigest::of(&module);
        if found != expected {
            return Err(verify::Error::Module { what: "the receipt", found, expected }.into());
        }
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
        let manifest = Manifest::parse(&manifest)?;
        let attestation =
            match (claim.receipt().attestation, trace.material(MaterialName::Attestation)) {
                (None, _) => "none; the operator ran the skill with --allow-unsigned".to_owned(),
                (Some(claimed), bytes) => {
                    verify::attestation(&claimed, bytes, claim.receipt(), policy)
                }
            };
        let companion = trace.material(MaterialName::Companion).map(<[u8]>::to_vec);
        let companion =
            companion.or_else(|| places.find_named("skill.debug.wasm", limits::COMPANION_BYTES));
        Ok(Self {
            module: Canonical::check(module, manifest.profile())?,
            manifest,
            attestation,
            // Names are hints for people: a companion that cannot be read gives none.
            companion: companion.and_then(|bytes| Companion::parse(bytes).ok()),
            trace,
            claim,
        })
    }

    /// Executes it again; the claim is given back for the report.
    pub fn replay(
        self,
        engine: &Engine,
        kept: Option<Kept>,
    ) -> Result<(Verdict, Claim), CommandError> {
        let replay = Replay {
            receipt: self.claim.receipt(),
            module: &self.module,
            manifest: &self.manifest,
            trace: self.trace,
            companion: self.companion,
            keep: kept.map(|kept| Box::new(kept) as Box<dyn crate::runtime::Keep>),
        };
        let verdict = verify::replay(engine, replay)?;
        Ok((verdict, self.claim))
    }
}

fn missing(what: &str, digest: &dyn std::fmt::Display) -> CommandError {
    CommandError::new(Reason::MaterialMissing, format!("no {what} with digest {digest} was found"))
}

fn tell(
    path: &Path,
    claim: &Claim,
    attestation: &str,
    verdict: &Verdict,
    ui: Ui,
) -> Result<u8, CommandError> {
    let receipt = claim.receipt();
    let mut report = Report {
        schema: "https://opertus.systems/provenact/replay/v1",
        verdict: "reproduced",
        reason: None,
        authenticity: claim.authenticity().to_string(),
        attestation: attestation.to_owned(),
        module: receipt.module.sha256.to_string(),
        trace: receipt.trace.sha256.to_string(),
        events: 0,
        outcome: receipt.outcome.to_string(),
        engines: receipt.engines,
        divergence: None,
        proves: PROVES,
        does_not_prove: DOES_NOT_PROVE,
    };
    let mut text = String::new();
    let status = match verdict {
        Verdict::Reproduced(proof) => {
            report.events = proof.events();
            let _ = writeln!(
                text,
                "{}: reproduced, {} events, {}",
                path.display(),
                proof.events(),
                proof.outcome()
            );
            0
        }
        Verdict::Interrupted { events, cause, here } => {
            report.verdict = "interrupted";
            report.reason = Some(Reason::Interrupted.name());
            report.events = *events;
            let whose = if *here { "this replay was interrupted here" } else { "then interrupted" };
            let _ = writeln!(
                text,
                "{}: reproduced up to event {events}, {whose}: {cause}",
                path.display()
            );
            Class::Interrupted.exit()
        }
        Verdict::Refuted(divergence) => {
            report.verdict = "refuted";
            report.reason = Some(divergence.reason.name());
            report.events = divergence.event;
            report.divergence = Some((**divergence).clone());
            let _ = writeln!(text, "{}: refuted [{}]", path.display(), divergence.reason);
            text.push_str(&crate::report::divergence(divergence));
            1
        }
    };
    let _ = writeln!(text, "authenticity: {}", claim.authenticity());
    let _ = writeln!(text, "attestation: {attestation}");
    if receipt.engines == Some(Engines::OneClass) {
        let _ = writeln!(text, "engines: {}", crate::report::ONE_CLASS);
    }
    if status == 0 {
        let _ = writeln!(text, "proves: {PROVES};\n        {DOES_NOT_PROVE}");
    }
    ui.answer(&text, &report)?;
    Ok(status)
}
