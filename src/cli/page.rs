//! The page of a replay: gathers what it shows, and writes it.

use super::audit::Audit;
use super::error::CommandError;
use super::ui::Ui;
use crate::attest::Envelope;
use crate::digest::KeyId;
use crate::files;
use crate::report::page::{Page, html};
use crate::report::timeline::Timeline;
use crate::verify::Witnesses;
use std::path::Path;

/// Writes the page of what `witnesses` found of `receipt` to the new file `path`.
pub fn write(
    path: &Path,
    receipt: &Path,
    audit: &Audit,
    witnesses: &Witnesses,
    ui: Ui,
) -> Result<(), CommandError> {
    let claimed = audit.claim.receipt();
    let timeline = audit.reread().map(|trace| Timeline::of(trace, claimed.trace.events));
    let manifest = audit.manifest();
    let page = Page {
        file: receipt.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        skill: format!("{} {}", manifest.name(), manifest.version()),
        receipt: claimed,
        authenticity: audit.claim.authenticity(),
        key_ids: Envelope::parse(&audit.envelope)?
            .claimed_key_ids()
            .iter()
            .map(KeyId::hex)
            .collect(),
        attestation: &audit.attestation,
        witnesses,
        // The verdict does not depend on it.
        timeline: timeline.ok().and_then(Result::ok),
        tool: env!("CARGO_PKG_VERSION"),
    };
    let Some(page) = html(&page) else {
        ui.warn(&format!("{} is not written: there is no verdict to show", path.display()));
        return Ok(());
    };
    Ok(files::write_new(path, page.as_bytes(), files::MODE_FILE, false)?)
}
