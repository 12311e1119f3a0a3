mod bundle;
mod decisions;
mod events;

use super::audit::Audit;
use super::error::CommandError;
use super::inputs::TrustArgs;
use super::kept::Kept;
use super::ui::Ui;
use super::watch::watch_compiling;
use super::workshop::Workshop;
use crate::abi::Topic;
use crate::attest::{Envelope, receipt::Receipt};
use crate::bounds::Bounds;
use crate::reason::{Class, Reason};
use crate::runtime::Engine;
use crate::verify::{Claim, Finding, Policy};
use crate::{files, limits, report};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;
use std::path::PathBuf;

/// Show what a receipt says: what ran, by whom it is signed, what it used, what came out; or what a bundle is
///
/// Of a receipt this shows claims. Only a replay shows that they are true.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact inspect receipt.json
  provenact inspect receipt.json --events --kind clock
  provenact inspect receipt.json --decisions
  provenact inspect receipt.json --extract stdout > stdout.bin
  provenact inspect clock.skill --pub author.pub.pem

Exit status:
  0 shown, 1 refuted while extracting, or a trusted key did not sign it, or the trace was changed, 2 could not tell")]
pub struct Args {
    /// The receipt, or a bundle
    #[arg(value_name = "RECEIPT|SKILL")]
    receipt: PathBuf,
    #[command(flatten)]
    trust: TrustArgs,
    /// Write bytes to standard output instead: stdin, stdout, stderr, input, output or a guest path; replays for it
    #[arg(long, value_name = "NAME|PATH")]
    extract: Option<String>,
    /// Print the events of the trace instead, one a line: with --format json as JSON lines
    #[arg(long, conflicts_with = "extract")]
    events: bool,
    /// Say what was asked for, granted, used and denied, by which rule of which file, and what becomes of
    /// each source of nondeterminism
    #[arg(long, conflicts_with_all = ["extract", "events"])]
    decisions: bool,
    /// The policy that the receipt names: then the decisions say what was its doing
    #[arg(long, value_name = "FILE", requires = "decisions")]
    policy: Option<PathBuf>,
    /// Of the events, only those of this kind; repeatable
    #[arg(long = "kind", value_name = "KIND", requires = "events", value_parser = topics())]
    kinds: Vec<Topic>,
    /// Where else to look for trace, module and manifest, by digest; repeatable
    #[arg(long, value_name = "PATH")]
    from: Vec<PathBuf>,
    /// Compile anew instead of using the private cache of compiled code, to extract
    #[arg(long)]
    no_cache: bool,
}

/// Reads a kind of events; help and errors list those that there are.
fn topics() -> impl TypedValueParser<Value = Topic> {
    PossibleValuesParser::new(Topic::ALL.map(Topic::name)).try_map(|name| name.parse::<Topic>())
}

/// Refusals of a receipt that is well-formed and not trusted here.
const UNTRUSTED: [Reason; 6] = [
    Reason::Unsigned,
    Reason::SignatureUntrusted,
    Reason::ThresholdUnmet,
    Reason::KeyRevoked,
    Reason::KeyNotValid,
    Reason::KeyRole,
];

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    authenticity: String,
    claimed_key_ids: Vec<String>,
    receipt: &'a Receipt,
}

/// Shows the receipt, or extracts bytes.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    // clap does not look at what these require when that conflicts with something given.
    if args.policy.is_some() && !args.decisions {
        return Err(CommandError::new(Reason::Usage, "--policy is for --decisions"));
    }
    if !args.kinds.is_empty() && !args.events {
        return Err(CommandError::new(Reason::Usage, "--kind is for --events"));
    }
    let policy = args.trust.load()?;
    if args.receipt.is_dir() {
        return bundle::show(args, policy.as_ref(), ui);
    }
    if let Some(name) = &args.extract {
        return extract(args, policy.as_ref(), name, ui);
    }
    let bytes = files::read_limited(&args.receipt, limits::ENVELOPE_BYTES)?;
    let named = |error: CommandError| error.of(args.receipt.display());
    // Who signed it is what one looks for here: an untrusted receipt is shown, and called that.
    let (claim, refused) = match Claim::read(&bytes, policy.as_ref()) {
        Ok(claim) => (claim, None),
        Err(error) if UNTRUSTED.contains(&error.reason()) => {
            let claim = Claim::read(&bytes, None).map_err(|e| named(e.into()))?;
            (claim, Some(named(error.into())))
        }
        Err(error) => return Err(named(error.into())),
    };
    let authenticity = match &refused {
        None => claim.authenticity().to_string(),
        Some(error) => format!("NOT verified [{}]", error.reason),
    };
    let ids = Envelope::parse(&bytes)?.claimed_key_ids();
    let ids: Vec<String> = ids.iter().map(crate::digest::KeyId::hex).collect();
    let text = report::receipt(claim.receipt(), &authenticity, &ids);
    if args.decisions {
        return decisions::show(args, &claim, &authenticity, refused.as_ref(), ui);
    }
    if args.events {
        return events::show(args, &claim, &authenticity, refused.as_ref(), ui);
    }
    let report = Report {
        schema: "https://opertus.systems/provenact/inspect/v1",
        authenticity,
        claimed_key_ids: ids,
        receipt: claim.receipt(),
    };
    ui.answer(&text, &report)?;
    Ok(refused.map_or(0, |error| error.reason.class().exit()))
}

/// The trace stores long outputs as digests: replaying is what gives the bytes back.
fn extract(args: &Args, policy: Option<&Policy>, name: &str, ui: Ui) -> Result<u8, CommandError> {
    use std::io::IsTerminal as _;
    if std::io::stdout().is_terminal() {
        return Err(CommandError::new(Reason::Usage, "binary data is not written to a terminal")
            .hint("redirect standard output to a file"));
    }
    let kept = Kept::shared();
    let cache = if args.no_cache { None } else { super::cache_directory()? };
    let workshop = Workshop::new(vec![Engine::cranelift(cache.as_deref())?]);
    let hint =
        "provenact replay --engine wasmi --out FOLDER writes what it reproduces without compiling";
    let compiling =
        watch_compiling(&Bounds::default(), &args.receipt, hint, Class::Unknown.exit(), ui);
    let mut audit = Audit::gather(&args.receipt, &args.from, policy, &workshop)?;
    drop(compiling);
    let mut status = 0;
    match audit.replay(Some(kept.clone()))?.finding() {
        Finding::Reproduced(_) => {}
        Finding::Interrupted { events, .. } => {
            ui.warn(&format!("these bytes go up to event {events}; then it was interrupted"));
            status = Class::Interrupted.exit();
        }
        Finding::Refuted(_, divergence) => {
            return Err(CommandError::new(divergence.reason, divergence.to_string()));
        }
        Finding::Failed(_, error) => return Err((&**error).into()),
        Finding::Nobody => return Err(CommandError::new(Reason::Usage, "no engine was asked")),
    }
    let input = || audit.reread().map(|trace| trace.header().input.clone());
    let found = match name {
        "input" => input()?.map(|input| input.as_bytes().to_vec()),
        name => kept.extract(name)?,
    };
    let bytes = found.ok_or_else(|| {
        CommandError::new(Reason::MaterialMissing, format!("the execution has no file {name:?}"))
            .hint("provenact inspect lists the files that were read and written")
    })?;
    ui.bytes(&bytes)?;
    Ok(status)
}
