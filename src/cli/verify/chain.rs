//! `verify RECEIPT --chain`: the evidence behind a receipt, joined in one table with a rung a line.

use super::report::Signer;
use crate::abi::show::visible;
use crate::attest::{Envelope, Rung, TrustedKey, parse_lines};
use crate::cli::error::CommandError;
use crate::cli::inputs;
use crate::cli::ui::Ui;
use crate::digest::ManifestDigest;
use crate::reason::Reason;
use crate::trace::Reader;
use crate::verify::{Chain, Claim, Gathered, Parts, Policy, Rule, Standing, Step};
use crate::{files, limits, skill};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Characters of the columns `by` and `found`.
const BY: usize = 22;
const FOUND: usize = 29;

/// The table as JSON.
#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    receipt: String,
    /// `upheld`, `contradicted` or `not shown`.
    verdict: &'static str,
    reason: Option<&'static str>,
    /// The digest of the trust file, when there was one.
    trust: Option<String>,
    /// The bundle that was looked at.
    bundle: Option<String>,
    rungs: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    rung: &'static str,
    state: Standing,
    demanded: bool,
    by: Vec<Signer>,
    of: Option<usize>,
    found: &'a str,
    digest: &'a str,
    rules: &'a [Rule],
    proves: &'static str,
    does_not_prove: &'static str,
    /// The command that would show it, where it is not shown.
    shown_by: Option<String>,
}

/// Walks the chain and prints the table.
pub fn run(
    path: &Path,
    bundle: Option<&Path>,
    policy: &Policy,
    ui: Ui,
) -> Result<u8, CommandError> {
    let bytes = files::read_limited(path, limits::ENVELOPE_BYTES)?;
    let envelope =
        Envelope::parse(&bytes).map_err(|error| CommandError::from(error).of(path.display()))?;
    let beside_path = path.with_extension("intoto.jsonl");
    let beside =
        files::read_if_present(&beside_path, limits::ATTESTATIONS_BYTES)?.unwrap_or_default();
    let bundle = match bundle {
        Some(bundle) => Some(bundle.to_owned()),
        None => bundle_beside(path, &bytes)?,
    };
    let trace = path.with_extension("trace");
    let trace = files::exists(&trace).then(|| inputs::open(&trace)).transpose()?.map(Reader::open);
    let parts = bundle.as_deref().map(parts).transpose()?;
    let gathered = Gathered { receipt: &envelope, beside: &beside, trace, bundle: parts };
    let chain = Chain::walk(policy, gathered).map_err(|error| match error.reason() {
        Reason::PredicateMismatch => {
            let message = format!("{}: --chain walks what is behind a receipt", path.display());
            CommandError::new(Reason::Usage, message).hint("name a receipt, or leave --chain out")
        }
        Reason::EnvelopeMalformed if parse_lines(&beside).is_err() => {
            CommandError::from(error).of(beside_path.display())
        }
        Reason::EnvelopeMalformed => CommandError::from(error).of("the bundle's attestations"),
        _ => CommandError::from(error).of(path.display()),
    })?;
    let (verdict, reason, status) = match chain.uphold() {
        Ok(_proof) => ("upheld", None, 0),
        Err(reason @ Reason::RungContradicted) => {
            ("contradicted", Some(reason), reason.class().exit())
        }
        Err(reason) => ("not shown", Some(reason), reason.class().exit()),
    };
    let report = Report {
        schema: "https://opertus.systems/provenact/chain/v1",
        receipt: path.display().to_string(),
        verdict,
        reason: reason.map(Reason::name),
        trust: policy.trust().file().map(|digest| digest.to_string()),
        bundle: bundle.as_ref().map(|bundle| bundle.display().to_string()),
        rungs: chain
            .steps()
            .iter()
            .map(|step| Line::of(step, shown_by(step, path, bundle.as_deref())))
            .collect(),
    };
    ui.answer(&text(&report, chain.steps()), &report)?;
    Ok(status)
}

/// The bundle beside the receipt whose manifest the receipt names.
fn bundle_beside(path: &Path, envelope: &[u8]) -> Result<Option<PathBuf>, CommandError> {
    let Ok(claim) = Claim::read(envelope, None) else { return Ok(None) };
    let expected = claim.receipt().manifest.sha256;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let is_it = |path: &Path| {
        path.ends_with("manifest.json")
            && files::read_limited(path, limits::MANIFEST_BYTES)
                .is_ok_and(|bytes| ManifestDigest::of(&bytes) == expected)
    };
    let listed = files::listed(folder.unwrap_or(Path::new(".")));
    let bundles = listed.iter().filter(|path| is_it(path)).filter_map(|path| path.parent());
    let mut bundles = bundles.filter(|path| path.extension().is_some_and(|end| end == "skill"));
    match (bundles.next(), bundles.next()) {
        (Some(one), Some(other)) => {
            let (one, other) = (one.display(), other.display());
            let message = format!("{one} and {other} both have the manifest of {}", path.display());
            Err(CommandError::new(Reason::Usage, message)
                .hint("name the one that is meant with --bundle"))
        }
        (found, _) => Ok(found.map(Path::to_owned)),
    }
}

fn parts(path: &Path) -> Result<Parts, CommandError> {
    Ok(Parts {
        bundle: inputs::bundle(path)?,
        companion: skill::read_companion(path)?,
        original: skill::read_original(path)?,
    })
}

impl<'a> Line<'a> {
    fn of(step: &'a Step, shown_by: Option<String>) -> Self {
        Self {
            rung: step.rung.name(),
            state: step.state,
            demanded: step.demanded,
            by: step.by.iter().map(Signer::from).collect(),
            of: step.of,
            found: &step.found,
            digest: &step.digest,
            rules: &step.rules,
            proves: step.proves,
            does_not_prove: step.does_not_prove,
            shown_by,
        }
    }
}

/// The command that would show a rung.
fn shown_by(step: &Step, receipt: &Path, bundle: Option<&Path>) -> Option<String> {
    let receipt = receipt.display();
    let bundle = bundle.map_or("NAME.skill".to_owned(), |bundle| bundle.display().to_string());
    let command = match step.rung {
        _ if step.state != Standing::NotShown => return None,
        Rung::Source => format!("provenact attest {bundle} --key AUTHOR.key.pem"),
        Rung::Rebuilt => {
            format!("provenact rebuild {bundle} --source DIR|URL --key AUDITOR.key.pem")
        }
        Rung::Canonical | Rung::Capabilities => {
            format!("provenact verify {receipt} --chain --bundle {bundle}")
        }
        Rung::Consistent => {
            format!("provenact run --key OPERATOR.key.pem {bundle}: its trace beside {receipt}")
        }
        Rung::Replayed | Rung::CoSigned => {
            format!("provenact replay {receipt} --sign AUDITOR.key.pem")
        }
        Rung::CrossEngine => {
            format!("provenact replay {receipt} --engine all --sign AUDITOR.key.pem")
        }
        Rung::Authentic => format!("provenact run --key OPERATOR.key.pem {bundle}"),
    };
    Some(command)
}

/// The table in words: fixed columns, then what is wrong, then what the rungs that are shown come to.
fn text(report: &Report<'_>, steps: &[Step]) -> String {
    let is_shown = |step: &&Step| step.state == Standing::Shown;
    let count = steps.iter().filter(is_shown).count();
    let reason = report.reason.map_or_else(String::new, |reason| format!(" [{reason}]"));
    let mut text = format!(
        "{}: {}{reason}, {count} of {} rungs are shown\n",
        visible(&report.receipt, false),
        report.verdict,
        steps.len()
    );
    let mut row = |cells: [&str; 6]| {
        let [rung, state, demanded, by, digest, found] = cells;
        let (by, found) = (cell(by, BY), cell(found, FOUND));
        let row = format!("{rung:12} {state:12} {demanded:8} {by:BY$} {digest:12} {found}");
        let _ = writeln!(text, "{}", row.trim_end());
    };
    row(["rung", "state", "demanded", "by", "digest", "found"]);
    for step in steps {
        let (state, demanded) = (step.state.to_string(), if step.demanded { "yes" } else { "" });
        let found = match step.rules.iter().find(|rule| !rule.upheld) {
            None => step.found.clone(),
            Some(_) => step.found.rsplit(' ').next().unwrap_or_default().to_owned(),
        };
        let digest = short(&step.digest);
        row([step.rung.name(), &state, demanded, &who(step), digest, &found]);
    }
    for (step, line) in steps.iter().zip(&report.rungs).filter(|(step, _)| !is_shown(step)) {
        let (rung, state, found) = (step.rung, step.state, visible(&step.found, false));
        let _ = writeln!(text, "{rung} is {state}: {found}");
        if let Some(command) = &line.shown_by {
            let _ = writeln!(text, "  would show it: {}", visible(command, false));
        }
    }
    for Step { rung, proves, does_not_prove, .. } in steps.iter().filter(is_shown) {
        let _ = writeln!(text, "{rung}: {proves}; not: {does_not_prove}");
    }
    text
}

/// `K of N: NAME, NAME`, or that nobody had to be believed.
fn who(step: &Step) -> String {
    let Some(of) = step.of else { return "looked at here".to_owned() };
    let names: Vec<&str> = step.by.iter().map(TrustedKey::name).collect();
    let colon = if names.is_empty() { "" } else { ": " };
    format!("{} of {of}{colon}{}", names.len(), names.join(", "))
}

/// The first digits of a digest.
fn short(digest: &str) -> &str {
    digest.strip_prefix("sha256:").and_then(|digits| digits.get(..12)).unwrap_or_default()
}

fn cell(text: &str, width: usize) -> String {
    let text = visible(text, false);
    if text.chars().count() <= width {
        return text;
    }
    text.chars().take(width - 1).chain(['…']).collect()
}
