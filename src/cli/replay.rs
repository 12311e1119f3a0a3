use super::audit::Audit;
use super::bulk::{self, BulkArgs};
use super::cosign::{SignArgs, Signed, Turn};
use super::error::CommandError;
use super::inputs::TrustArgs;
use super::kept::Kept;
use super::page;
use super::ui::Ui;
use super::watch::{seconds, watch, watch_compiling};
use super::workshop::Workshop;
use crate::attest::receipt::Engines;
use crate::bounds::Bounds;
use crate::engines::{EngineName, UnknownEngine};
use crate::reason::{Class, Reason};
use crate::runtime::{Divergence, Engine};
use crate::verify::{self, DOES_NOT_PROVE, Finding, PROVES, Verdict, Witness, Witnesses};
use crate::{files, json};
use serde::Serialize;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Replay a receipt: execute again with nothing but the trace, and compare everything
///
/// No clock, no file, no network, no WASI: every answer comes from the trace. Each call, its
/// arguments, the bytes handed to the host, the order, the count, the outcome and the final state
/// are compared; the first difference is shown. With several engines each compares on its own: one
/// difference refutes the receipt, and only when every one reproduces the execution is it reproduced.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact replay receipt.json
  provenact replay receipt.json --engine all --html verdict.html
  provenact replay receipt.json --pub operator.pub.pem --out reproduced
  provenact replay --all receipts --trust trust.toml --format json
  find . -name '*.receipt.json' | provenact replay --all -
  provenact replay receipt.json --engine all --sign auditor.key.pem

Exit status:
  0 reproduced (and, with a trusted key at hand, authentic), 1 refuted, 2 could not tell")]
pub struct Args {
    /// The receipt; its trace lies beside it as NAME.trace
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    receipt: Option<PathBuf>,
    #[command(flatten)]
    bulk: BulkArgs,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    engines: EngineArgs,
    #[command(flatten)]
    sign: SignArgs,
    /// Where else to look for trace, module and manifest, by digest; repeatable
    #[arg(long, value_name = "PATH")]
    from: Vec<PathBuf>,
    /// Write the reproduced stdout, stderr and files into this new directory
    #[arg(long, value_name = "DIR", conflicts_with = "all")]
    out: Option<PathBuf>,
    /// Write the verdict as one page into this new file: no script, nothing loaded from elsewhere
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    html: Option<PathBuf>,
    /// Give up after so many seconds: could not tell; with --all, on each receipt, and 60 unless given
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<f64>,
}

/// On which engines a receipt is replayed.
#[derive(Debug, clap::Args)]
pub struct EngineArgs {
    /// An engine to replay on: cranelift (the default), cranelift-nan, pulley, wasmi, or all; repeatable
    #[arg(long = "engine", value_name = "NAME")]
    engines: Vec<Asked>,
    /// Compile anew instead of using the private cache of compiled code
    #[arg(long)]
    no_cache: bool,
}

/// One engine, or every one.
#[derive(Debug, Clone, Copy)]
enum Asked {
    One(EngineName),
    All,
}

impl std::str::FromStr for Asked {
    type Err = UnknownEngine;

    fn from_str(name: &str) -> Result<Self, UnknownEngine> {
        if name == "all" { Ok(Self::All) } else { name.parse().map(Self::One) }
    }
}

impl EngineArgs {
    /// A workshop with the engines that were asked for, each once. For many replays: the ticks that
    /// each has, and how many there are side by side.
    pub fn workshop(&self, many: Option<(u64, NonZeroUsize)>) -> Result<Workshop, CommandError> {
        let mut names = Vec::new();
        for asked in &self.engines {
            match asked {
                Asked::One(name) => names.push(*name),
                Asked::All => names.extend(EngineName::ALL),
            }
        }
        if names.is_empty() {
            names.push(EngineName::Cranelift);
        }
        // What is found does not depend on the order in which they were named.
        names.sort_unstable();
        let cache = if self.no_cache { None } else { super::cache_directory()? };
        let mut engines: Vec<Engine> = Vec::new();
        for name in names {
            if !engines.iter().any(|engine| engine.name() == name) {
                engines.push(match many {
                    None => Engine::new(name, cache.as_deref(), None)?,
                    Some((ticks, jobs)) => Engine::for_many(name, cache.as_deref(), ticks, jobs)?,
                });
            }
        }
        Ok(Workshop::new(engines))
    }
}

/// What one engine found.
#[derive(Serialize)]
pub struct EngineReport {
    name: &'static str,
    /// Engines of one class share code: only classes are independent of one another.
    class: String,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What it lacks, ran out of or refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

impl EngineReport {
    /// What `witness` found.
    pub fn of(Witness { engine, verdict }: &Witness) -> Self {
        let (verdict, reason, message) = match verdict {
            Ok(Verdict::Reproduced(_)) => ("reproduced", None, None),
            Ok(Verdict::Refuted(divergence)) => {
                ("refuted", Some(divergence.reason), Some(divergence.to_string()))
            }
            Ok(Verdict::Interrupted { cause, .. }) => {
                ("interrupted", Some(Reason::Interrupted), Some(cause.to_string()))
            }
            Err(error) => {
                let error = CommandError::from(&**error);
                let no = error.reason.class() == Class::No;
                (
                    if no { "refused" } else { "could not tell" },
                    Some(error.reason),
                    Some(error.message),
                )
            }
        };
        let (name, class) = (engine.name(), engine.class().to_string());
        Self { name, class, verdict, reason: reason.map(Reason::name), message }
    }

    fn line(&self) -> String {
        let Self { name, verdict, .. } = self;
        let message = self.message.as_deref().map_or_else(String::new, |text| format!(": {text}"));
        format!("{name} {verdict}{message}")
    }
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
    one_engine_class: bool,
    engines: Vec<EngineReport>,
    divergence: Option<Divergence>,
    proves: &'static str,
    does_not_prove: &'static str,
    /// What the auditor signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed: Option<Signed>,
}

/// Replays the receipt and prints the verdict.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    args.bulk.is_meant()?;
    let Some(receipt) = &args.receipt else {
        args.sign.nobody()?;
        let policy = args.trust.load()?;
        let Args { bulk, engines, from, timeout, .. } = args;
        return bulk::run(bulk, engines, from, policy.as_ref(), *timeout, ui);
    };
    let turn = Turn::default();
    let given_up = turn.clone();
    let path = receipt.clone();
    let late = move || {
        match given_up.give_up() {
            Some(Ok(signed)) => ui.talk(&signed.to_string()),
            Some(Err(error)) => ui.warn(&format!("no verdict was signed: {}", error.message)),
            None => {}
        }
        let message = "the replay took longer than --timeout allows";
        ui.error(&CommandError::new(Reason::Interrupted, message).of(path.display()));
        Class::Interrupted.exit()
    };
    let watch = args.timeout.map(seconds).transpose()?.map(|after| watch(after, late));
    let policy = args.trust.load()?;
    if let Some(out) = &args.out {
        files::must_be_creatable(out)?;
    }
    if let Some(html) = &args.html {
        files::must_not_exist(html)?;
    }
    let auditor = args.sign.auditor(receipt)?.map(Arc::new);
    let workshop = args.engines.workshop(None)?;
    let hint = "replay it with --engine wasmi, which interprets";
    let compiling = watch_compiling(&Bounds::default(), receipt, hint, Class::Unknown.exit(), ui);
    let mut audit = Audit::gather(receipt, &args.from, policy.as_ref(), &workshop)?;
    drop(compiling);
    if let Some(auditor) = &auditor {
        turn.begin(auditor, &audit)?;
    }
    let kept = args.out.is_some().then(Kept::shared);
    let witnesses = audit.replay(kept.clone())?;
    turn.end();
    drop(watch);
    if let Some(html) = &args.html {
        page::write(html, receipt, &audit, &witnesses, ui)?;
    }
    let signed = match &auditor {
        Some(auditor) => auditor.sign(&audit, &witnesses)?,
        None => None,
    };
    let status = tell(receipt, &audit, &witnesses, signed, ui)?;
    if let (Some(out), Some(kept), Finding::Reproduced(_)) = (&args.out, kept, witnesses.finding())
    {
        for line in kept.write(out)? {
            ui.warn(&line);
        }
    }
    Ok(status)
}

fn tell(
    path: &Path,
    audit: &Audit,
    witnesses: &Witnesses,
    signed: Option<Signed>,
    ui: Ui,
) -> Result<u8, CommandError> {
    let receipt = audit.claim.receipt();
    let engines: Vec<EngineReport> = witnesses.iter().map(EngineReport::of).collect();
    let several = engines.len() > 1;
    let mut report = Report {
        schema: "https://opertus.systems/provenact/replay/v1",
        verdict: "reproduced",
        reason: None,
        authenticity: audit.claim.authenticity().to_string(),
        attestation: audit.attestation.clone(),
        module: receipt.module.sha256.to_string(),
        trace: receipt.trace.sha256.to_string(),
        events: 0,
        outcome: receipt.outcome.to_string(),
        one_engine_class: receipt.engines == Some(Engines::OneClass),
        engines,
        divergence: None,
        proves: PROVES,
        does_not_prove: DOES_NOT_PROVE,
        signed,
    };
    let path = path.display();
    let on = |engine: EngineName| if several { format!(" on {engine}") } else { String::new() };
    let mut text = String::new();
    let status = match witnesses.finding() {
        Finding::Reproduced(proof) => {
            report.events = proof.events();
            let (events, outcome) = (proof.events(), &proof.receipt().outcome);
            let _ = writeln!(text, "{path}: reproduced, {events} events, {outcome}");
            0
        }
        Finding::Interrupted { engine, events, cause, here } => {
            report.verdict = "interrupted";
            report.proves = verify::INTERRUPTED_PROVES;
            report.reason = Some(Reason::Interrupted.name());
            report.events = events;
            let whose = if here { "this replay was interrupted here" } else { "then interrupted" };
            let on = on(engine);
            let _ = writeln!(text, "{path}: reproduced{on} up to event {events}, {whose}: {cause}");
            Class::Interrupted.exit()
        }
        Finding::Refuted(engine, divergence) => {
            report.verdict = "refuted";
            report.proves = verify::REFUTES;
            report.reason = Some(divergence.reason.name());
            report.events = divergence.event;
            report.divergence = Some(divergence.clone());
            let _ = writeln!(text, "{path}: refuted{} [{}]", on(engine), divergence.reason);
            text.push_str(&crate::report::divergence(divergence));
            1
        }
        Finding::Failed(engine, error) => {
            let mut error = CommandError::from(&**error);
            if !several {
                if let Some(signed) = report.signed {
                    ui.talk(&signed.to_string());
                    error.details = error.details.or(json::to_value(&signed).ok());
                }
                return Err(error);
            }
            let no = error.reason.class() == Class::No;
            report.verdict = if no { "refused" } else { "could not tell" };
            report.proves = verify::INCONCLUSIVE_PROVES;
            report.reason = Some(error.reason.name());
            let _ = writeln!(text, "{path}: {}{} [{}]", report.verdict, on(engine), error.reason);
            error.reason.class().exit()
        }
        Finding::Nobody => return Err(CommandError::new(Reason::Usage, "no engine was asked")),
    };
    if several {
        for engine in &report.engines {
            let _ = writeln!(text, "  {}", engine.line());
        }
        let classes: Vec<String> = witnesses.classes().iter().map(ToString::to_string).collect();
        let _ = writeln!(
            text,
            "independent engine classes that agree: {}",
            match classes.len() {
                0 => "none".to_owned(),
                n => format!("{n} ({})", classes.join(", ")),
            }
        );
    }
    let _ = writeln!(text, "authenticity: {}", audit.claim.authenticity());
    let _ = writeln!(text, "attestation: {}", audit.attestation);
    if report.one_engine_class {
        let _ = writeln!(text, "engines: {}", crate::report::ONE_CLASS);
    }
    if status == 0 {
        let _ = writeln!(text, "proves: {PROVES};\n        {DOES_NOT_PROVE}");
    }
    if let Some(signed) = &report.signed {
        let _ = writeln!(text, "{signed}");
    }
    ui.answer(&text, &report)?;
    Ok(status)
}
