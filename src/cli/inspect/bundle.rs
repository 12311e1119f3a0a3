//! `inspect SKILL`: what a bundle declares, who attested it, and what becomes of each source of
//! nondeterminism.

use super::super::error::CommandError;
use super::super::inputs;
use super::super::ui::Ui;
use super::Args;
use crate::abi::Capability;
use crate::abi::entropy::EntropyLine;
use crate::abi::show::visible;
use crate::profile;
use crate::reason::Reason;
use crate::verify::{CheckedBundle, Policy};
use crate::wasm::ledger;
use serde::Serialize;
use std::fmt;

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    name: &'a str,
    version: &'a str,
    module: String,
    manifest: String,
    profile: profile::Note,
    entrypoint: &'a str,
    capabilities: &'a [Capability],
    authenticity: &'a str,
    entropy: Vec<EntropyLine>,
}

/// Shows the bundle at the path where a receipt could be. A module and a manifest that do not belong
/// together are refused.
pub(super) fn show(args: &Args, policy: Option<&Policy>, ui: Ui) -> Result<u8, CommandError> {
    for (given, flag) in [
        (args.extract.is_some(), "--extract"),
        (args.events, "--events"),
        (args.decisions, "--decisions"),
        (!args.from.is_empty(), "--from"),
        (args.no_cache, "--no-cache"),
    ] {
        if given {
            let message = format!("{}: {flag} is about receipts", args.receipt.display());
            return Err(CommandError::new(Reason::Usage, message));
        }
    }
    let named = |error: CommandError| error.of(args.receipt.display());
    let bundle = CheckedBundle::check(inputs::bundle(&args.receipt)?)
        .map_err(|error| named(error.into()))?;
    let attested = policy.map(|policy| bundle.attested(policy)).transpose();
    let (authenticity, refused) = match attested {
        Ok(Some(attested)) => {
            let by: Vec<_> = attested.by().iter().map(ToString::to_string).collect();
            (format!("attested by {}", by.join(", ")), None)
        }
        Ok(None) => ("attestation not checked: no key was given".to_owned(), None),
        Err(error) => {
            let error = named(error.into());
            (format!("NOT attested [{}]", error.reason), Some(error))
        }
    };
    let manifest = bundle.manifest();
    let (module, profile) = (bundle.module(), manifest.profile());
    let capabilities = manifest.capabilities();
    let entropy = ledger(module.module(), bundle.interface(), profile, capabilities)?;
    let report = Report {
        schema: "https://opertus.systems/provenact/bundle/v1",
        name: manifest.name(),
        version: manifest.version(),
        module: module.digest().to_string(),
        manifest: bundle.manifest_digest().to_string(),
        profile: profile.note(),
        entrypoint: manifest.entrypoint(),
        capabilities,
        authenticity: &authenticity,
        entropy,
    };
    ui.answer(&report.to_string(), &report)?;
    Ok(refused.map_or(0, |error| error.reason.class().exit()))
}

/// Every name is the author's: none of them makes a line of its own.
impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, version, module, manifest, entrypoint, authenticity, .. } = self;
        let list = |words: &mut dyn Iterator<Item = String>| match words.collect::<Vec<_>>() {
            words if words.is_empty() => "none".to_owned(),
            words => words.join(", "),
        };
        let passes = list(&mut self.profile.passes.iter().map(|pass| pass.name.clone()));
        let capabilities = list(&mut self.capabilities.iter().map(ToString::to_string));
        let profile = format!("{} (passes: {passes})", self.profile.name);
        writeln!(f, "{}", visible(&format!("{name} {version}: {authenticity}"), false))?;
        for (what, said) in [
            ("module", module.as_str()),
            ("manifest", manifest),
            ("profile", &profile),
            ("entrypoint", entrypoint),
            ("capabilities", &capabilities),
        ] {
            writeln!(f, "{what:12} {}", visible(said, false))?;
        }
        writeln!(f, "Entropy of this module, if all that it declares is granted:")?;
        self.entropy.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}
