//! `inspect --decisions`: what was asked, granted, used and denied, and by which rule of which file.

use super::super::audit;
use super::super::error::CommandError;
use super::super::inputs::{self, Places};
use super::super::ui::Ui;
use super::Args;
use crate::report::decisions::Decisions;
use crate::skill::Policy;
use crate::verify::{self, Claim};
use crate::wasm::{Canonical, Interface, ledger};
use serde::Serialize;

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    authenticity: String,
    decisions: Decisions,
}

/// Shows the decisions. Module and manifest come from the trace and are the ones that the receipt
/// names; the trace's events are not looked at.
pub(super) fn show(
    args: &Args,
    claim: &Claim,
    authenticity: &str,
    refused: Option<&CommandError>,
    ui: Ui,
) -> Result<u8, CommandError> {
    let places = Places::new(&args.receipt, &args.from)?;
    let trace = audit::open(&audit::trace_of(&args.receipt, claim, &places)?, None)?;
    let manifest = audit::manifest_of(claim, &trace, &places)?;
    let receipt = claim.receipt();
    let module = Canonical::check(audit::module_of(claim, &trace, &places)?, manifest.profile())?;
    let (found, expected) = (module.digest(), receipt.module.sha256);
    if found != expected {
        return Err(verify::Error::Module { what: "the receipt", found, expected }.into());
    }
    let interface = Interface::of(module.module(), Some(&receipt.invocation.entrypoint))?;
    let entropy =
        ledger(module.module(), &interface, manifest.profile(), &receipt.grants.capabilities)?;
    let expected = receipt.grants.policy.map(|policy| policy.sha256);
    let fits = |found| match expected {
        Some(named) if named == found => Ok(()),
        Some(named) => Err(format!("the file has {found}, the receipt names {named}")),
        None => Err(format!("the file has {found}, the receipt names none")),
    };
    let policy = args.policy.as_deref().map(|path| inputs::policy(path, fits)).transpose()?;
    let ceiling = policy.as_ref().map(Policy::ceiling);
    let decisions = Decisions::of(receipt, manifest.capabilities(), ceiling, entropy);
    if let Some(error) = refused {
        ui.warn(&format!("{} [{}]", error.message, error.reason));
    }
    let text = format!("receipt: {authenticity}\n{decisions}");
    let report = Report {
        schema: "https://opertus.systems/provenact/decisions/v1",
        authenticity: authenticity.to_owned(),
        decisions,
    };
    ui.answer(text.trim_end(), &report)?;
    Ok(refused.map_or(0, |error| error.reason.class().exit()))
}
