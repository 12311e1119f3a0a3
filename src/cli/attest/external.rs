//! Signing by someone else: the bytes go out, the signature comes back, no private key is here.

use super::super::error::CommandError;
use super::super::inputs;
use super::super::ui::Ui;
use crate::attest::{DetachedSignature, Envelope, PAYLOAD_TYPE, PublicKey, pae};
use crate::{files, limits};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The ways to sign without a private key at hand.
#[derive(Debug, clap::Args)]
pub struct ExternalArgs {
    /// Write the bytes that an outside signer is to sign (the PAE of DSSE), and change nothing
    #[arg(long, value_name = "FILE")]
    pae_out: Option<PathBuf>,
    /// Attach a signature made elsewhere: the 64 bytes, or their base64
    #[arg(long, value_name = "FILE", requires = "signer")]
    attach_signature: Option<PathBuf>,
    /// The public key that the attached signature must verify under (SPKI PEM)
    #[arg(long = "pub", value_name = "FILE", id = "signer", requires = "attach_signature", conflicts_with_all = ["key", "pae_out"])]
    public: Option<PathBuf>,
}

/// What is to be done without a private key.
pub enum External {
    /// Write what is to be signed.
    Out(PathBuf),
    /// Attach what was signed.
    Attach(Box<PublicKey>, DetachedSignature),
}

impl ExternalArgs {
    /// What was asked for, with its files read.
    pub fn load(&self) -> Result<Option<External>, CommandError> {
        if let Some(path) = &self.pae_out {
            files::must_not_exist(path)?;
            return Ok(Some(External::Out(path.clone())));
        }
        let (Some(path), Some(public)) = (&self.attach_signature, &self.public) else {
            return Ok(None);
        };
        let named = |path: &Path| {
            let path = path.display().to_string();
            move |error: crate::attest::Error| CommandError::from(error).of(path)
        };
        let key = PublicKey::from_pem(&inputs::text(public, limits::KEY_BYTES)?);
        let key = key.map_err(named(public))?;
        let signature = DetachedSignature::parse(&files::read_limited(path, limits::KEY_BYTES)?);
        Ok(Some(External::Attach(Box::new(key), signature.map_err(named(path))?)))
    }
}

/// What `--pae-out` says.
#[derive(Serialize)]
struct Report {
    schema: &'static str,
    bundle: String,
    pae: String,
    bytes: usize,
    sha256: String,
}

/// Writes what a signer of `payload` signs, and nothing else.
pub fn write_pae(to: &Path, bundle: &Path, payload: &[u8], ui: Ui) -> Result<u8, CommandError> {
    let bytes = pae(PAYLOAD_TYPE, payload);
    files::write_new(to, &bytes, files::MODE_FILE, false)?;
    let report = Report {
        schema: "https://opertus.systems/provenact/attest-pae/v1",
        bundle: bundle.display().to_string(),
        pae: to.display().to_string(),
        bytes: bytes.len(),
        sha256: crate::digest::hex(&crate::digest::sha256(&bytes)),
    };
    let text = format!(
        "{} ({} bytes): sign exactly these with Ed25519\nthen attest {} --attach-signature FILE --pub KEY",
        report.pae, report.bytes, report.bundle
    );
    ui.answer(&text, &report)?;
    Ok(0)
}

/// The envelope around `payload` with a signature that verifies, and nothing otherwise.
pub fn attach(
    payload: Vec<u8>,
    key: &PublicKey,
    signature: &DetachedSignature,
) -> Result<Envelope, CommandError> {
    let mut envelope = Envelope::unsigned(payload);
    envelope.attach(key, signature)?;
    Ok(envelope)
}
