//! The time that provenance tells, for those who want it to.

use super::CommandError;
use crate::attest::time::Timestamp;
use crate::cli::inputs;
use crate::reason::Reason;

/// The variable that stands for the clock (<https://reproducible-builds.org/specs/source-date-epoch/>).
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// Whether a time is told.
#[derive(Debug, clap::Args)]
pub struct TimesArgs {
    /// Say as well by when the build was finished: SOURCE_DATE_EPOCH if it is set, or else now
    #[arg(long, conflicts_with = "predicate")]
    timestamps: bool,
}

impl TimesArgs {
    /// Refuses a time of now for a signer elsewhere: what is written out to be signed and what the
    /// signature is attached to are made one after the other, and would be two payloads.
    pub fn must_be_fixed(&self) -> Result<(), CommandError> {
        if !self.timestamps || inputs::variable_of_ours(EPOCH).is_some() {
            return Ok(());
        }
        let message = format!(
            "--timestamps with --pae-out or --attach-signature needs {EPOCH}: both must tell one time"
        );
        Err(CommandError::new(Reason::Usage, message)
            .hint(format!("set {EPOCH} to the same seconds since 1970 for both")))
    }

    /// The time to tell; `None` when nobody asked for one.
    pub fn read(&self) -> Result<Option<Timestamp>, CommandError> {
        if !self.timestamps {
            return Ok(None);
        }
        let Some(text) = inputs::variable_of_ours(EPOCH) else { return inputs::now().map(Some) };
        // Strict, as a sign or white space would be a mistake of whoever set it.
        let digits = Some(&text).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let time = digits.and_then(|digits| digits.parse().ok()).and_then(Timestamp::from_unix);
        time.map(Some).ok_or_else(|| {
            let message = format!("{EPOCH} is {text:?}, not seconds since 1970 in decimal digits");
            CommandError::new(Reason::Usage, message).hint(format!("unset {EPOCH}, or correct it"))
        })
    }
}
