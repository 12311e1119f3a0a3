//! `attest`: what a bundle's author, or anyone, says about it, signed.

mod predicate;
mod times;

use super::error::CommandError;
use super::ui::Ui;
use super::{inputs, tool};
use crate::attest::Envelope;
use crate::attest::provenance::{Parameters, Provenance, Recipe};
use crate::attest::time::Timestamp;
use crate::reason::Reason;
use crate::skill;
use crate::verify::{self, CheckedBundle};
use crate::wasm::Companion;
use serde::Serialize;
use std::path::PathBuf;

/// Sign how a bundle came to be, or something else about it
///
/// Adds an in-toto Statement v1 with SLSA provenance v1 to the bundle, in a DSSE envelope. A local
/// build claims SLSA Build L1, no more. The same bundle gives the same payload on every machine.
///
/// With --predicate the statement says what FILE says (a JSON object) in the words of the type URI;
/// nobody checks that it is true.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact attest clock.skill --key author.key.pem
  provenact attest clock.skill --key author.key.pem --predicate sbom.cdx.json --type https://cyclonedx.org/bom

Exit status:
  0 signed, 1 the bundle's parts do not belong together, 2 could not tell")]
pub struct Args {
    /// The bundle
    bundle: PathBuf,
    /// The author's private key (PKCS#8 PEM)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    predicate: predicate::PredicateArgs,
    #[command(flatten)]
    times: times::TimesArgs,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    bundle: String,
    module: String,
    manifest: String,
    keyid: String,
    envelope: String,
    predicate_type: String,
}

/// Signs and appends the statement.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let key = inputs::private_key(&args.key)?;
    let place = |error: CommandError| error.of(args.bundle.display());
    let bundle =
        CheckedBundle::check(inputs::bundle(&args.bundle)?).map_err(|e| place(e.into()))?;
    let statement = match args.predicate.read()? {
        Some(foreign) => foreign.about(&bundle.module().digest(), &bundle.manifest_digest()),
        None => {
            let finished = args.times.read()?;
            provenance(&args.bundle, &bundle, finished).map_err(place)?.to_statement()?
        }
    };
    let envelope = Envelope::sign(statement.to_payload()?, &[&key]);
    let line = envelope.to_bytes()?;
    skill::append_attestation(&args.bundle, &line)?;

    let report = Report {
        schema: "https://opertus.systems/provenact/attest/v1",
        bundle: args.bundle.display().to_string(),
        module: bundle.module().digest().to_string(),
        manifest: bundle.manifest_digest().to_string(),
        keyid: key.public().id().hex(),
        envelope: crate::digest::EnvelopeDigest::of(&line).to_string(),
        predicate_type: statement.predicate_type().to_owned(),
    };
    let text = format!("attested {} ({})\nwith key {}", report.bundle, report.module, report.keyid);
    ui.answer(&text, &report)?;
    Ok(0)
}

/// What the bundle says of its own making. The companion knows the source.
fn provenance(
    path: &std::path::Path,
    bundle: &CheckedBundle,
    finished: Option<Timestamp>,
) -> Result<Provenance, CommandError> {
    let bytes = skill::read_companion(path)?.ok_or_else(|| {
        CommandError::new(
            Reason::BundleMalformed,
            "skill.debug.wasm is missing: it names the source module",
        )
        .hint("build the bundle again")
    })?;
    let companion = Companion::parse(bytes)?;
    if let Some(original) = skill::read_original(path)? {
        verify::check_original(&original, &companion.source())?;
    }
    let manifest = bundle.manifest();
    Ok(Provenance {
        module: bundle.module().digest(),
        manifest: bundle.manifest_digest(),
        parameters: Parameters {
            name: manifest.name().to_owned(),
            version: manifest.version().to_owned(),
            entrypoint: manifest.entrypoint().to_owned(),
            profile: manifest.profile().note(),
            capabilities: manifest.capabilities().to_vec(),
            recipe: Some(companion.command())
                .filter(|command| !command.is_empty())
                .map(|command| Recipe { command: command.to_vec() }),
        },
        source_name: companion.source_name().to_owned(),
        source: companion.source(),
        companion: Some(companion.digest()),
        tool: tool::this()?,
        finished,
    })
}
