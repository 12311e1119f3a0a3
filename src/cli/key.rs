use super::error::CommandError;
use super::keys::{KeySource, PassphraseArgs};
use super::ui::Ui;
use crate::attest::PublicKey;
use serde::Serialize;

/// Look at keys
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact key show author.pub.pem

Exit status:
  0 shown, 2 could not tell")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Show(ShowArgs),
}

/// Show the names by which others know a key
///
/// Of a private key only the public half is looked at. The key id is the hexadecimal SHA-256 of the
/// SubjectPublicKeyInfo, as in our envelopes; the pin is the same hash in base64; the OpenSSH
/// fingerprint is the one of ssh-keygen -l.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact key show author.pub.pem
  provenact key show author.key.pem --passphrase-env AUTHOR_PASSPHRASE

Exit status:
  0 shown, 2 could not tell")]
struct ShowArgs {
    /// A public (SPKI PEM) or private key (PKCS#8 PEM): a file, - for standard input, or env:NAME
    #[arg(value_name = "FILE")]
    file: KeySource,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    file: String,
    algorithm: &'static str,
    kind: &'static str,
    encrypted: bool,
    keyid: String,
    pin: String,
    openssh: String,
}

/// Carries out the command below `key`.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    match &args.command {
        Command::Show(args) => show(args, ui),
    }
}

fn show(args: &ShowArgs, ui: Ui) -> Result<u8, CommandError> {
    let text = args.file.text("FILE")?;
    let is_public = text.text.trim_ascii_start().starts_with("-----BEGIN PUBLIC KEY-----");
    let (kind, encrypted, key) = if is_public && !args.passphrase.is_given() {
        let key = PublicKey::from_pem(&text.text);
        ("public", false, key.map_err(|error| CommandError::from(error).of(&args.file))?)
    } else {
        // A passphrase belongs to a private key; that this is none is said there.
        let (key, encrypted) = args.file.open(text, &args.passphrase)?;
        ("private", encrypted, key.public())
    };
    let report = Report {
        schema: "https://opertus.systems/provenact/key/v1",
        file: args.file.to_string(),
        algorithm: "Ed25519",
        kind,
        encrypted,
        keyid: key.id().hex(),
        pin: key.pin(),
        openssh: key.openssh_fingerprint(),
    };
    let text = format!(
        "{}: {} {kind} key{}\nkey id   {}\npin      {}\nOpenSSH  {}",
        report.file,
        report.algorithm,
        if encrypted { ", encrypted" } else { "" },
        report.keyid,
        report.pin,
        report.openssh
    );
    ui.answer(&text, &report)?;
    Ok(0)
}
