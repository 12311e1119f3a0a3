use super::error::CommandError;
use super::ui::Ui;
use crate::attest::PrivateKey;
use crate::files;
use serde::Serialize;
use std::path::PathBuf;

/// Make an Ed25519 key pair
///
/// Writes NAME.key.pem (PKCS#8, readable by you alone) and NAME.pub.pem (SPKI, to give away).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact keygen -o author

Exit status:
  0 written, 2 could not be written or exists already")]
pub struct Args {
    /// Name of the pair: NAME.key.pem and NAME.pub.pem are written
    #[arg(short, long, value_name = "NAME")]
    output: PathBuf,
    /// Overwrite existing key files
    #[arg(long)]
    force: bool,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    private: String,
    public: String,
    keyid: String,
}

/// Makes and writes the pair.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let with = |suffix: &str| {
        let mut name = args.output.clone().into_os_string();
        name.push(suffix);
        PathBuf::from(name)
    };
    let (private, public) = (with(".key.pem"), with(".pub.pem"));
    let key = PrivateKey::generate()?;
    // The public half first: if it cannot be written, no secret lies about.
    if !args.force {
        files::must_not_exist(&private)?;
        files::must_not_exist(&public)?;
    }
    files::write_new(&private, key.to_pem()?.as_bytes(), files::MODE_SECRET, args.force)?;
    files::write_new(&public, key.public().to_pem().as_bytes(), files::MODE_FILE, args.force)?;
    let report = Report {
        schema: "https://opertus.systems/provenact/keygen/v1",
        private: private.display().to_string(),
        public: public.display().to_string(),
        keyid: key.public().id().hex(),
    };
    let text = format!(
        "{} (keep it secret)\n{} (give it away)\nkey id {}",
        report.private, report.public, report.keyid
    );
    ui.answer(&text, &report)?;
    Ok(0)
}
