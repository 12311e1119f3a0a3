//! Signing by someone else: the bytes go out, the signature comes back, no private key is here.

use super::super::error::CommandError;
use super::super::inputs;
use super::super::ui::Ui;
use crate::attest::{DetachedSignature, PAYLOAD_TYPE, PublicKey, pae};
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

/// A signature that someone else made, and whose it is to be.
pub struct Attached {
    /// Under which it must verify.
    pub key: PublicKey,
    /// It is not verified yet.
    pub signature: DetachedSignature,
}

impl ExternalArgs {
    /// Where to write what is to be signed; nothing is there yet.
    pub fn out(&self) -> Result<Option<&Path>, CommandError> {
        if let Some(path) = &self.pae_out {
            files::must_not_exist(path)?;
        }
        Ok(self.pae_out.as_deref())
    }

    /// What was signed.
    pub fn attached(&self) -> Result<Option<Attached>, CommandError> {
        let (Some(path), Some(public)) = (&self.attach_signature, &self.public) else {
            return Ok(None);
        };
        let key = inputs::public_key(public)?;
        let signature = DetachedSignature::parse(&files::read_limited(path, limits::KEY_BYTES)?)
            .map_err(|error| CommandError::from(error).of(path.display()))?;
        Ok(Some(Attached { key, signature }))
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

/// Writes what a signer of `payload` signs, and nothing else; `then` are the words that attach the signature.
pub fn write_pae(
    to: &Path,
    bundle: &Path,
    payload: &[u8],
    then: &str,
    ui: Ui,
) -> Result<u8, CommandError> {
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
        "{} ({} bytes): sign exactly these with Ed25519\nthen attest {} {then} FILE --pub KEY",
        report.pae, report.bytes, report.bundle
    );
    ui.answer(&text, &report)?;
    Ok(0)
}
