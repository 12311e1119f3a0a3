use super::error::CommandError;
use super::inputs::{self, TrustArgs};
use super::ui::Ui;
use crate::attest::Trust;
use crate::digest::TraceDigest;
use crate::reason::Reason;
use crate::verify::{Attested, Authenticity, CheckedBundle, Claim};
use crate::{files, limits, skill};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Verify the signatures on bundles and receipts
///
/// A bundle is upheld when its parts belong together and a trusted key attested exactly them. A
/// receipt is upheld when a trusted key signed it; that is not a replay, and the answer says so.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact verify clock.skill --pub author.pub.pem
  provenact verify receipt.json --pub operator.pub.pem

Exit status:
  0 every one upheld, by evidence; 1 one was refuted; 2 could not tell")]
pub struct Args {
    /// Bundles (directories) and receipts (files)
    paths: Vec<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    upheld: Vec<Upheld>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refused: Vec<Refused>,
}

/// Something that was not upheld, and why.
#[derive(Serialize)]
struct Refused {
    path: String,
    reason: &'static str,
    message: String,
}

/// Something that was upheld, and by what evidence.
#[derive(Serialize)]
struct Upheld {
    path: String,
    kind: &'static str,
    module: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_kept: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
    replayed: Option<bool>,
    by: Vec<Signer>,
}

#[derive(Serialize)]
struct Signer {
    name: String,
    keyid: String,
}

/// Verifies everything that was named, one after the other.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    if args.paths.is_empty() {
        return Err(CommandError::new(Reason::NothingToVerify, "nothing was named to verify"));
    }
    let trust = args.trust.required()?;
    let mut report = Report {
        schema: "https://opertus.systems/provenact/verify/v1",
        upheld: Vec::new(),
        refused: Vec::new(),
    };
    let mut text = String::new();
    let mut exits = Vec::new();
    for path in &args.paths {
        let upheld = if path.is_dir() { bundle(path, &trust) } else { receipt(path, &trust) };
        match upheld {
            Ok((upheld, line)) => {
                text.push_str(&line);
                report.upheld.push(upheld);
            }
            Err(error) if args.paths.len() == 1 => return Err(error.of(path.display())),
            Err(error) => {
                let (path, reason) = (path.display().to_string(), error.reason.name());
                text.push_str(&format!("{path}: refused, {} [{reason}]", error.message));
                exits.push(error.reason.class().exit());
                report.refused.push(Refused { path, reason, message: error.message });
            }
        }
        text.push('\n');
    }
    ui.answer(&text, &report)?;
    // A definite no comes before what could not be told.
    Ok(exits.into_iter().min().unwrap_or(0))
}

fn bundle(path: &Path, trust: &Trust) -> Result<(Upheld, String), CommandError> {
    let bundle = CheckedBundle::check(inputs::bundle(path)?)?;
    let attested: Attested = bundle.attested(trust)?;
    let original = skill::read_original(path)?;
    attested.check_beside(skill::read_companion(path)?.as_deref(), original.as_deref())?;
    let by: Vec<Signer> = attested.provenance().by().iter().map(signer).collect();
    let source = attested.provenance().source.to_string();
    let line = format!(
        "{}: upheld, attested by {}\n  module {}\n  built from {} {}{}",
        path.display(),
        names(&by),
        bundle.module().digest(),
        attested.provenance().source_name,
        source,
        if original.is_some() { ", which is in the bundle" } else { "" },
    );
    let upheld = Upheld {
        path: path.display().to_string(),
        kind: "bundle",
        module: bundle.module().digest().to_string(),
        manifest: Some(bundle.manifest_digest().to_string()),
        source: Some(source),
        original_kept: Some(original.is_some()),
        trace: None,
        replayed: None,
        by,
    };
    Ok((upheld, line))
}

fn receipt(path: &Path, trust: &Trust) -> Result<(Upheld, String), CommandError> {
    let claim = Claim::read(&files::read_limited(path, limits::ENVELOPE_BYTES)?, Some(trust))?;
    let by: Vec<Signer> = match claim.authenticity() {
        Authenticity::Verified(keys) => keys.iter().map(signer).collect(),
        // `Claim::read` with trust gives nothing else; without evidence there is no yes.
        Authenticity::NotChecked | Authenticity::Unsigned => {
            return Err(CommandError::new(Reason::Unsigned, "the receipt is not signed"));
        }
    };
    let receipt = claim.receipt();
    let trace = path.with_extension("trace");
    let compared = trace.exists();
    if compared {
        let found = TraceDigest::from_bytes(files::digest_of(&trace)?);
        if found != receipt.trace.sha256 {
            let expected = receipt.trace.sha256;
            let message =
                format!("{} has digest {found}, the receipt names {expected}", trace.display());
            return Err(CommandError::new(Reason::TraceMismatch, message));
        }
    }
    let line = format!(
        "{}: upheld, signed by {}; not replayed{}\n  module {}\n  outcome claimed: {}",
        path.display(),
        names(&by),
        if compared { "; the trace beside it is the one it names" } else { "" },
        receipt.module.sha256,
        receipt.outcome,
    );
    let upheld = Upheld {
        path: path.display().to_string(),
        kind: "receipt",
        module: receipt.module.sha256.to_string(),
        manifest: Some(receipt.manifest.sha256.to_string()),
        source: None,
        original_kept: None,
        trace: Some(receipt.trace.sha256.to_string()),
        replayed: Some(false),
        by,
    };
    Ok((upheld, line))
}

fn signer(key: &crate::attest::TrustedKey) -> Signer {
    Signer { name: key.name().to_owned(), keyid: key.id().hex() }
}

fn names(by: &[Signer]) -> String {
    let one = |signer: &Signer| format!("{} ({})", signer.name, signer.keyid);
    by.iter().map(one).collect::<Vec<_>>().join(", ")
}
