//! `attest`: what a bundle's author, or anyone, says about it, signed.

mod external;
mod predicate;
mod times;

use super::error::CommandError;
use super::keys::KeyArgs;
use super::ui::Ui;
use super::{inputs, tool};
use crate::attest::provenance::{Parameters, Provenance, Recipe};
use crate::attest::time::Timestamp;
use crate::attest::{Envelope, PrivateKey};
use crate::reason::Reason;
use crate::skill;
use crate::verify::{self, CheckedBundle};
use crate::wasm::Companion;
use external::{External, ExternalArgs};
use serde::Serialize;
use std::path::PathBuf;

/// Sign how a bundle came to be, or something else about it
///
/// Adds an in-toto Statement v1 with SLSA provenance v1 to the bundle, in a DSSE envelope. A local
/// build claims SLSA Build L1, no more. The same bundle gives the same payload on every machine, so
/// that a signer elsewhere can sign what --pae-out writes, and --attach-signature puts it in.
///
/// With --predicate the statement says what FILE says (a JSON object) in the words of the type URI;
/// nobody checks that it is true.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("by").required(true).args(["key", "pae_out", "attach_signature"])))]
#[command(after_help = "\
Examples:
  provenact attest clock.skill --key author.key.pem
  provenact attest clock.skill --key author.key.pem --predicate sbom.cdx.json --type https://cyclonedx.org/bom
  provenact attest clock.skill --pae-out clock.pae
  openssl pkeyutl -sign -inkey hsm.key.pem -rawin -in clock.pae -out clock.sig
  provenact attest clock.skill --attach-signature clock.sig --pub hsm.pub.pem

Exit status:
  0 signed, or written to be signed; 1 the bundle's parts do not belong together, or the signature is not
  the key's; 2 could not tell")]
pub struct Args {
    /// The bundle
    bundle: PathBuf,
    #[command(flatten)]
    key: KeyArgs,
    #[command(flatten)]
    external: ExternalArgs,
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

/// Who signs: a key that we have, or someone else.
enum Signer {
    Key(PrivateKey),
    External(External),
}

impl Signer {
    fn of(args: &Args) -> Result<Self, CommandError> {
        match (args.key.load()?, args.external.load()?) {
            (Some(key), _) => Ok(Self::Key(key)),
            (None, Some(external)) => Ok(Self::External(external)),
            (None, None) => {
                let message = "give --key, --pae-out or --attach-signature";
                Err(CommandError::new(Reason::Usage, message))
            }
        }
    }
}

/// Signs and appends the statement.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let signer = Signer::of(args)?;
    if matches!(signer, Signer::External(_)) {
        args.times.must_be_fixed()?;
    }
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
    let payload = statement.to_payload()?;
    let (envelope, keyid) = match &signer {
        Signer::Key(key) => (Envelope::sign(payload, &[key]), key.public().id()),
        Signer::External(External::Out(to)) => {
            return external::write_pae(to, &args.bundle, &payload, ui);
        }
        Signer::External(External::Attach(key, signature)) => {
            (external::attach(payload, key, signature).map_err(place)?, key.id())
        }
    };
    let line = envelope.to_bytes()?;
    skill::append_attestation(&args.bundle, &line)?;

    let report = Report {
        schema: "https://opertus.systems/provenact/attest/v1",
        bundle: args.bundle.display().to_string(),
        module: bundle.module().digest().to_string(),
        manifest: bundle.manifest_digest().to_string(),
        keyid: keyid.hex(),
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
        origin: companion.imported_from().cloned(),
        companion: Some(companion.digest()),
        tool: tool::this()?,
        finished,
    })
}
