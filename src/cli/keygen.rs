use super::error::CommandError;
use super::keys::PassphraseArgs;
use super::ui::Ui;
use crate::attest::PrivateKey;
use crate::files;
use crate::reason::Reason;
use serde::Serialize;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// Make an Ed25519 key pair
///
/// Writes NAME.key.pem (PKCS#8 version 1, readable by you alone) and NAME.pub.pem (SPKI, to give
/// away). An encrypted private key is under PBES2 with scrypt and AES-256-CBC, which OpenSSL 3 reads.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact keygen -o author
  provenact keygen -o author --encrypt

Exit status:
  0 written, 2 could not be written or exists already")]
pub struct Args {
    /// Name of the pair: NAME.key.pem and NAME.pub.pem are written
    #[arg(short, long, value_name = "NAME")]
    output: PathBuf,
    /// Encrypt the private key; without one of the two options below, asks for the passphrase twice
    #[arg(long)]
    encrypt: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    /// Overwrite existing key files
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    private: String,
    encrypted: bool,
    public: String,
    keyid: String,
}

/// Makes and writes the pair.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    // What is appended to a folder's path would be a file without a name.
    if args.output.file_name().is_none() || args.output.as_os_str().as_bytes().ends_with(b"/") {
        let message =
            format!("{}: is a folder, and no name for a pair of keys", args.output.display());
        return Err(
            CommandError::new(Reason::Usage, message).hint("provenact keygen -o FOLDER/NAME")
        );
    }
    let with = |suffix: &str| {
        let mut name = args.output.clone().into_os_string();
        name.push(suffix);
        PathBuf::from(name)
    };
    let (private, public) = (with(".key.pem"), with(".pub.pem"));
    if !args.force {
        files::must_not_exist(&private)?;
        files::must_not_exist(&public)?;
    }
    if args.passphrase.is_given() && !args.encrypt {
        let message = "a passphrase was given without --encrypt";
        return Err(CommandError::new(Reason::Usage, message)
            .hint("say --encrypt, or leave the passphrase out"));
    }
    let passphrase = args.encrypt.then(|| args.passphrase.for_new_key()).transpose()?;
    let key = PrivateKey::generate()?;
    let pem = match &passphrase {
        Some(passphrase) => key.to_encrypted_pem(passphrase)?,
        None => key.to_pem()?,
    };
    // Both are written out before either has its name. The public key comes first: a failure between
    // the two renames, which need no room, costs what can be made again from the private key.
    let public_pem = key.public().to_pem();
    let waiting = files::Pending::with(&public, public_pem.as_bytes(), files::MODE_FILE)?;
    let secret = files::Pending::with(&private, pem.as_bytes(), files::MODE_SECRET)?;
    waiting.commit(args.force)?;
    if let Err(error) = secret.commit(args.force) {
        if !args.force {
            // A public key without its private key is of no use; the first error is the one to tell.
            let _ = files::remove(&public);
        }
        return Err(error.into());
    }
    let report = Report {
        schema: "https://opertus.systems/provenact/keygen/v1",
        private: private.display().to_string(),
        encrypted: passphrase.is_some(),
        public: public.display().to_string(),
        keyid: key.public().id().hex(),
    };
    let text = format!(
        "{} (keep it secret{})\n{} (give it away)\nkey id {}",
        report.private,
        if report.encrypted { ", and its passphrase too" } else { "" },
        report.public,
        report.keyid
    );
    ui.answer(&text, &report)?;
    Ok(0)
}
