//! `attest`: what a bundle's author, or anyone, says about it, signed.

mod external;
mod further;
mod predicate;
mod times;

use super::error::CommandError;
use super::keys::KeyArgs;
use super::ui::Ui;
use super::{inputs, tool};
use crate::attest::provenance::{Parameters, Provenance, Recipe};
use crate::attest::time::Timestamp;
use crate::attest::{Envelope, PrivateKey, PublicKey};
use crate::digest::EnvelopeDigest;
use crate::reason::Reason;
use crate::skill;
use crate::verify::{self, CheckedBundle, Testimony};
use crate::wasm::{self, Companion};
use external::{Attached, ExternalArgs};
use further::Further;
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
///
/// With --add-signature nothing new is said. The envelope that says it already gets one more
/// signature, if its statement is to the byte what this bundle gives; only the tool and the time that
/// it names are its first signer's word.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("by").required(true).args(["key", "pae_out", "attach_signature"])))]
#[command(after_help = "\
Examples:
  provenact attest clock.skill --key author.key.pem
  provenact attest clock.skill --key author.key.pem --predicate sbom.cdx.json --type https://cyclonedx.org/bom
  provenact attest clock.skill --pae-out clock.pae
  openssl pkeyutl -sign -inkey hsm.key.pem -rawin -in clock.pae -out clock.sig
  provenact attest clock.skill --attach-signature clock.sig --pub hsm.pub.pem
  provenact attest clock.skill --add-signature --key second.key.pem

Exit status:
  0 signed, or written to be signed; 1 the bundle's parts do not belong together, what others say is not
  what it gives, or the signature is not the key's; 2 could not tell")]
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
    #[command(flatten)]
    further: further::FurtherArgs,
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
    /// Where the envelope is.
    file: String,
    /// How many it has, checked or not.
    signatures: usize,
}

/// Who signs: a key that we have, or someone else.
enum Signer {
    Key(PrivateKey),
    Elsewhere(Attached),
}

impl Signer {
    /// `None` when someone is yet to sign.
    fn of(args: &Args) -> Result<Option<Self>, CommandError> {
        let key = args.key.load()?.map(Self::Key);
        Ok(key.or(args.external.attached()?.map(Self::Elsewhere)))
    }

    fn key(&self) -> PublicKey {
        match self {
            Self::Key(key) => key.public(),
            Self::Elsewhere(attached) => attached.key,
        }
    }

    /// A new envelope.
    fn sign(&self, payload: Vec<u8>) -> Result<Vec<u8>, CommandError> {
        let envelope = match self {
            Self::Key(key) => Envelope::sign(payload, &[key]),
            Self::Elsewhere(Attached { key, signature }) => {
                let mut envelope = Envelope::unsigned(payload);
                envelope.attach(key, signature)?;
                envelope
            }
        };
        Ok(envelope.to_bytes()?)
    }

    /// The envelope that is there, with one more signature.
    fn sign_further(&self, further: &Further) -> Result<Vec<u8>, CommandError> {
        let signed = match self {
            Self::Key(key) => Envelope::cosigned(further.bytes(), key),
            Self::Elsewhere(Attached { key, signature }) => {
                Envelope::cosigned_elsewhere(further.bytes(), key, signature)
            }
        };
        signed?.ok_or_else(|| {
            let message = format!("key {} has signed this statement", self.key().id());
            CommandError::new(Reason::SignedAlready, message)
        })
    }

    /// Signs and writes. Gives the envelope and the file that it is in.
    fn write(
        &self,
        args: &Args,
        payload: Vec<u8>,
        further: Option<&Further>,
    ) -> Result<(Vec<u8>, PathBuf), CommandError> {
        if let Some(further) = further {
            let path = further.path();
            let line = self.sign_further(further).map_err(|error| error.of(path.display()))?;
            further.replace(&line)?;
            return Ok((line, path.to_owned()));
        }
        let line = self.sign(payload).map_err(|error| error.of(args.bundle.display()))?;
        skill::append_attestation(&args.bundle, &line)?;
        Ok((line, skill::attestations_path(&args.bundle)))
    }
}

/// Signs the statement, or one more time the one that is there.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let (out, signer) = (args.external.out()?, Signer::of(args)?);
    if !matches!(signer, Some(Signer::Key(_))) {
        args.times.must_be_fixed()?;
    }
    let place = |error: CommandError| error.of(args.bundle.display());
    let bundle =
        CheckedBundle::check(inputs::bundle(&args.bundle)?).map_err(|e| place(e.into()))?;
    let said = testimony(args, &bundle)?;
    let further = args.further.find(&args.bundle, &said)?;
    let statement = said.statement()?;
    let payload = match &further {
        Some(further) => further.payload().to_vec(),
        None => statement.to_payload()?,
    };
    let signer = match (signer, out) {
        (Some(signer), _) => signer,
        (None, Some(to)) => {
            return external::write_pae(to, &args.bundle, &payload, &args.further.words(), ui);
        }
        (None, None) => {
            let message = "give --key, --pae-out or --attach-signature";
            return Err(CommandError::new(Reason::Usage, message));
        }
    };
    let (line, file) = signer.write(args, payload, further.as_ref())?;
    let report = Report {
        schema: "https://opertus.systems/provenact/attest/v1",
        bundle: args.bundle.display().to_string(),
        module: bundle.module().digest().to_string(),
        manifest: bundle.manifest_digest().to_string(),
        keyid: signer.key().id().hex(),
        envelope: EnvelopeDigest::of(line.trim_ascii_end()).to_string(),
        predicate_type: statement.predicate_type().to_owned(),
        file: file.display().to_string(),
        signatures: further.map_or(1, |further| further.signatures() + 1),
    };
    let mut text =
        format!("attested {} ({})\nwith key {}", report.bundle, report.module, report.keyid);
    if report.signatures > 1 {
        text += &format!("; the envelope in {} has {} signatures", report.file, report.signatures);
    }
    ui.answer(&text, &report)?;
    Ok(0)
}

/// What is to be said of the bundle.
fn testimony(args: &Args, bundle: &CheckedBundle) -> Result<Testimony, CommandError> {
    if let Some(foreign) = args.predicate.read()? {
        let statement = foreign.about(&bundle.module().digest(), &bundle.manifest_digest());
        return Ok(Testimony::Foreign(Box::new(statement)));
    }
    let finished = args.times.read()?;
    let provenance = provenance(&args.bundle, bundle, finished);
    let provenance = provenance.map_err(|error| error.of(args.bundle.display()))?;
    Ok(Testimony::Provenance(Box::new(provenance)))
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
            recipe: Some(companion.command()).filter(|command| !command.is_empty()).map(
                |command| {
                    let source = companion.from_source().map(|made| made.asked().clone());
                    Recipe { command: command.to_vec(), source }
                },
            ),
        },
        source_name: companion.source_name().to_owned(),
        source: companion.source(),
        origin: companion.imported_from().cloned(),
        materials: companion.from_source().map(|made| made.materials().clone()),
        companion: Some(companion.digest()),
        tool: tool::this()?,
        entropy: Some(wasm::ledger(
            bundle.module().module(),
            bundle.interface(),
            manifest.profile(),
            manifest.capabilities(),
        )?),
        finished,
    })
}
