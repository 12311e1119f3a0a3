//! A bundle: its parts belong together, and the policy's keys attested exactly them.

use super::Demand;
use super::report::{Entry, Proof, names};
use crate::cli::error::CommandError;
use crate::cli::inputs;
use crate::cli::making::{self, MaterialsReport};
use crate::reason::Reason;
use crate::skill;
use crate::verify::CheckedBundle;
use std::path::Path;

pub fn verify(path: &Path, demand: &Demand) -> Result<(Entry, Proof), CommandError> {
    if demand.predicate_type.is_some() || !demand.subjects.is_empty() {
        let message = "a bundle is its own subject, and provenance is what it needs";
        return Err(CommandError::new(Reason::Usage, message)
            .hint("leave --subject and --type out; trust.toml can require more"));
    }
    let bundle = CheckedBundle::check(inputs::bundle(path)?)?;
    let attested = bundle.attested(&demand.policy)?;
    let original = skill::read_original(path)?;
    attested.check_beside(skill::read_companion(path)?.as_deref(), original.as_deref())?;
    let provenance = attested.provenance();
    let origin = provenance.origin.clone();
    let materials = provenance.materials.clone();
    let (source, source_name) = (provenance.source.to_string(), provenance.source_name.clone());
    let by = attested.by().iter().map(Into::into).collect();
    let headline = format!("attested by {}", names(attested.by()));
    let (proof, says) = attested.into_evidence();
    let kept = if original.is_some() { ", which is in the bundle" } else { "" };
    let mut lines = vec![
        format!("module {}", bundle.module().digest()),
        format!("built from {source_name} {source}{kept}"),
    ];
    lines.extend(origin.as_ref().map(|origin| {
        format!(
            "imported from v0 manifest {}, signed by {}, keys {}",
            origin.manifest(),
            origin.signed_by(),
            origin.keys()
        )
    }));
    if let Some(materials) = &materials {
        lines.extend(making::materials_text(materials));
    }
    let made_from = materials.as_ref().map(MaterialsReport::of);
    let entry = Entry {
        path: path.display().to_string(),
        kind: "bundle",
        module: Some(bundle.module().digest().to_string()),
        manifest: Some(bundle.manifest_digest().to_string()),
        source: Some(source),
        origin,
        made_from,
        original_kept: Some(original.is_some()),
        trace: None,
        replayed: None,
        by,
        trust: demand.policy.trust().file().map(|digest| digest.to_string()),
        says,
        rules: proof.rules().to_vec(),
        lines,
        headline,
    };
    Ok((entry, proof))
}
