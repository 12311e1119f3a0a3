//! `inspect --decisions`: what was asked, granted, used and denied, and by which rule of which file.

use super::super::audit;
use super::super::error::CommandError;
use super::super::inputs::{self, Places};
use super::super::ui::Ui;
use super::Args;
use crate::digest::PolicyDigest;
use crate::limits;
use crate::reason::Reason;
use crate::report::decisions::Decisions;
use crate::skill::Policy;
use crate::verify::{self, Claim};
use crate::wasm::{Canonical, Interface, ledger};
use serde::Serialize;
use std::path::Path;

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
    let places = Places::new(&args.receipt, &args.from);
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
    let policy = args.policy.as_deref().map(|path| policy(path, expected)).transpose()?;
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

/// The policy that the receipt names.
fn policy(path: &Path, expected: Option<PolicyDigest>) -> Result<Policy, CommandError> {
    let text = inputs::text(path, limits::POLICY_BYTES)?;
    let found = PolicyDigest::of(text.as_bytes());
    if expected != Some(found) {
        let named = expected.map_or("names none".to_owned(), |digest| format!("names {digest}"));
        let message = format!("{}: the file has {found}, the receipt {named}", path.display());
        return Err(CommandError::new(Reason::PolicyMismatch, message));
    }
    Policy::parse(&text).map_err(|error| CommandError::from(error).of(path.display()))
}
