mod all;
mod bundle;
mod chain;
mod envelope;
mod lines;
mod report;

use super::bulk::BulkArgs;
use super::error::CommandError;
use super::inputs::TrustArgs;
use super::ui::Ui;
use crate::files;
use crate::reason::Reason;
use crate::verify::Policy;
use report::{Entry, Refused, Report};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Verify signatures on bundles, receipts and any in-toto envelopes, by a policy
///
/// A bundle (a directory) is upheld when its parts belong together and the keys that the policy
/// demands attested exactly them. A receipt is upheld when trusted operators signed it; that is not
/// a replay, and the answer says so. Any other envelope needs --subject: it is upheld when it is
/// about that file. A file NAME.jsonl holds one envelope a line, and every line must be upheld.
///
/// With --chain, one receipt is held to all that is behind it: source, builds done again, canonical module,
/// capabilities, execution, replays and signatures, a rung a line. Nothing is executed: what replays and
/// builds found is what trusted auditors signed. A trust file can demand rungs.
///
/// With a trust file, what is not required or known is refused; provenact trust show prints it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact verify clock.skill --pub author.pub.pem
  provenact verify receipt.json --trust trust.toml
  provenact verify tool.intoto.json --subject tool.tar.gz --pub a.pub.pem --pub b.pub.pem --threshold 2
  provenact verify receipts.jsonl --pub operator.pub.pem
  provenact verify --all receipts --trust trust.toml --format json
  provenact verify receipt.json --chain --bundle clock.skill --trust trust.toml

Exit status:
  0 every one upheld, by evidence; 1 one was refuted; 2 could not tell; of --chain:
  0 all that is demanded is shown; 1 evidence speaks against a rung; 2 a demanded rung is not shown")]
pub struct Args {
    /// Bundles (directories), receipts and envelopes (files), or one file of envelopes (.jsonl)
    #[arg(conflicts_with = "all")]
    paths: Vec<PathBuf>,
    /// A file that the envelope must be about; repeatable: about every one
    #[arg(long, value_name = "FILE")]
    subject: Vec<PathBuf>,
    /// The predicate type that the envelope must have
    #[arg(long = "type", value_name = "URI")]
    predicate_type: Option<String>,
    /// How many distinct keys must have signed, at least (a receipt: as operators); it only adds to what a trust file demands
    #[arg(long, value_name = "N", default_value = "1")]
    threshold: NonZeroUsize,
    /// Walk the chain behind one receipt and say of each rung whether evidence shows it
    #[arg(long, conflicts_with_all = ["all", "subject", "predicate_type"])]
    chain: bool,
    /// The bundle that was run; without it the one beside the receipt that has its manifest
    #[arg(long, value_name = "DIR", requires = "chain")]
    bundle: Option<PathBuf>,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    bulk: BulkArgs,
}

/// What every path of one command is held to.
struct Demand {
    policy: Policy,
    /// What each subject is called, and its SHA-256.
    subjects: Vec<(String, [u8; 32])>,
    predicate_type: Option<String>,
}

/// Verifies everything that was named, one after the other.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let many = args.bulk.is_meant()?;
    // clap does not look at what this requires when --chain conflicts with something given.
    if args.bundle.is_some() && !args.chain {
        return Err(CommandError::new(Reason::Usage, "--bundle is for --chain"));
    }
    if args.paths.is_empty() && !many {
        return Err(CommandError::new(Reason::NothingToVerify, "nothing was named to verify"));
    }
    let policy = args.trust.required(args.threshold)?;
    if args.chain {
        return chain::run(only_receipt(&args.paths)?, args.bundle.as_deref(), &policy, ui);
    }
    let digest = |path: &PathBuf| Ok((path.display().to_string(), files::digest_of(path)?));
    let subjects = args.subject.iter().map(digest).collect::<Result<_, CommandError>>()?;
    let demand = Demand { policy, subjects, predicate_type: args.predicate_type.clone() };
    if many {
        return all::run(&args.bulk, &demand, ui);
    }
    if let [path] = args.paths.as_slice() {
        return if is_lines(path) {
            lines::run(path, &demand, ui)
        } else {
            alone(path, &demand, ui)
        };
    }
    if let Some(path) = args.paths.iter().find(|path| is_lines(path)) {
        let message = format!("{}: a file of envelopes is verified alone", path.display());
        return Err(
            CommandError::new(Reason::Usage, message).hint("one command for each such file")
        );
    }
    let mut report = Report::new();
    let mut text = String::new();
    let mut proofs = Vec::new();
    let mut exits = Vec::new();
    for path in &args.paths {
        match one(path, &demand) {
            Ok((entry, proof)) => {
                text.push_str(&entry.text());
                proofs.push(proof);
                report.upheld.push(entry);
            }
            Err(error) => {
                exits.push(error.reason.class().exit());
                let refused = Refused::new(path, error);
                text.push_str(&refused.text());
                report.refused.push(refused);
            }
        }
        text.push('\n');
    }
    ui.answer(&text, &report)?;
    Ok(report::exit(proofs, exits.into_iter().min()))
}

/// One path: a refusal is the error of the command, after what the file says of itself.
fn alone(path: &Path, demand: &Demand, ui: Ui) -> Result<u8, CommandError> {
    match one(path, demand) {
        Ok((entry, proof)) => {
            let text = entry.text();
            let mut report = Report::new();
            report.upheld.push(entry);
            ui.answer(&text, &report)?;
            Ok(report::exit(vec![proof], None))
        }
        Err(error) => {
            let (refused, error) = Refused::and_error(path, error);
            if !ui.is_json() && refused.has_evidence() {
                ui.answer(&refused.evidence(), &())?;
            }
            Err(error)
        }
    }
}

fn one(path: &Path, demand: &Demand) -> Result<(Entry, report::Proof), CommandError> {
    if path.is_dir() { bundle::verify(path, demand) } else { envelope::verify(path, demand) }
}

/// The one receipt behind which `--chain` looks.
fn only_receipt(paths: &[PathBuf]) -> Result<&Path, CommandError> {
    let what = match paths {
        [path] if path.is_dir() => "a bundle",
        [path] if is_lines(path) => "a file of envelopes",
        [path] => return Ok(path),
        _ => "several paths",
    };
    let message = format!("--chain walks what is behind one receipt, and {what} was named");
    Err(CommandError::new(Reason::Usage, message).hint("name one receipt: one command for each"))
}

fn is_lines(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "jsonl") && !path.is_dir()
}
