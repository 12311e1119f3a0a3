//! Two modules, as files or in bundles.

use super::super::error::CommandError;
use super::super::inputs;
use super::super::ui::Ui;
use crate::abi::show::visible;
use crate::digest::SourceDigest;
use crate::report::modules as words;
use crate::skill::Manifest;
use crate::wasm::{self, Companion, Difference, Module, Sameness};
use crate::{files, json, limits, skill};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    verdict: &'static str,
    a: Side,
    b: Side,
    /// Whether the manifests of two bundles are the same.
    manifests_same: Option<bool>,
    /// What differs in them.
    manifests: Vec<Changed>,
    #[serde(rename = "difference")]
    found: Difference,
}

/// What the manifests of two bundles say differently; a capability that one of them has stands alone.
#[derive(Debug, PartialEq, Serialize)]
struct Changed {
    member: &'static str,
    a: Option<String>,
    b: Option<String>,
}

/// What was compared on one side.
#[derive(Serialize)]
struct Side {
    path: String,
    /// The file of a bundle.
    file: Option<&'static str>,
    bytes: usize,
    sha256: String,
}

/// A module, and what its bundle has besides.
struct Subject {
    side: Side,
    module: Module,
    companion: Option<Companion>,
    manifest: Option<Manifest>,
}

/// Compares and says.
pub(super) fn compare(a: &Path, b: &Path, ui: Ui) -> Result<u8, CommandError> {
    let both_bundles = a.is_dir() && b.is_dir();
    let (a, b) = (Subject::read(a, both_bundles)?, Subject::read(b, both_bundles)?);
    let found = wasm::diff((&a.module, a.companion.as_ref()), (&b.module, b.companion.as_ref()))?;
    let manifests = a.manifest.as_ref().zip(b.manifest.as_ref()).map(|(a, b)| changed(a, b));
    let manifests_same = manifests.as_ref().map(Vec::is_empty);
    let same = found.what == Sameness::Same && manifests_same != Some(false);
    let verdict = if same { "same" } else { "different" };
    let text = text(&a.side, &b.side, manifests.as_deref(), &found, verdict);
    let report = Report {
        schema: "https://opertus.systems/provenact/module-diff/v1",
        verdict,
        a: a.side,
        b: b.side,
        manifests_same,
        manifests: manifests.unwrap_or_default(),
        found,
    };
    ui.answer(&text, &report)?;
    Ok(u8::from(!same))
}

fn changed(a: &Manifest, b: &Manifest) -> Vec<Changed> {
    let said = |manifest: &Manifest| {
        [
            ("name", manifest.name().to_owned()),
            ("version", manifest.version().to_owned()),
            ("entrypoint", manifest.entrypoint().to_owned()),
            ("artifact", manifest.artifact().to_string()),
            ("profile", json::to_line(&manifest.profile().note()).unwrap_or_default()),
        ]
    };
    let members = said(a).into_iter().zip(said(b)).filter(|((_, a), (_, b))| a != b);
    let mut changed: Vec<Changed> =
        members.map(|((member, a), (_, b))| Changed { member, a: Some(a), b: Some(b) }).collect();
    let only = |one: &Manifest, other: &Manifest| -> Vec<String> {
        let own = one.capabilities().iter().filter(|own| !other.capabilities().contains(own));
        own.map(ToString::to_string).collect()
    };
    let capability = |a, b| Changed { member: "capability", a, b };
    changed.extend(only(a, b).into_iter().map(|own| capability(Some(own), None)));
    changed.extend(only(b, a).into_iter().map(|own| capability(None, Some(own))));
    changed
}

fn text(
    a: &Side,
    b: &Side,
    manifests: Option<&[Changed]>,
    found: &Difference,
    verdict: &str,
) -> String {
    let line = |name: &str, side: &Side| {
        let file = side.file.map_or(String::new(), |file| format!(": {file}"));
        format!("{name} {}{file} ({} bytes)\n", side.path, words::number(side.bytes))
    };
    let differ = manifests.is_some_and(|changed| !changed.is_empty());
    let manifests = match manifests {
        None => String::new(),
        Some([]) => "manifests    the same\n".to_owned(),
        Some(changed) => {
            let line = |changed: &Changed| match (&changed.a, &changed.b) {
                (Some(a), Some(b)) => format!("{} {a} became {b}", changed.member),
                (Some(a), None) => format!("{} {a} in A alone", changed.member),
                (None, b) => {
                    format!("{} {} in B alone", changed.member, b.as_deref().unwrap_or(""))
                }
            };
            let line = |one: &Changed| format!("manifests    {}\n", visible(&line(one), false));
            changed.iter().map(line).collect()
        }
    };
    let mut headline = words::headline(found);
    if differ && found.what == Sameness::Same {
        headline.push_str(", the manifests are not");
    }
    format!(
        "{}{}{}{manifests}{verdict}: {headline}\n",
        line("A", a),
        line("B", b),
        words::text(found)
    )
}

impl Subject {
    /// The module of two bundles is the one that is executed. Beside a file, it is the one that went into
    /// the bundle, if that was kept: what `build` rewrote would hide what differs.
    fn read(path: &Path, both_bundles: bool) -> Result<Self, CommandError> {
        let named = |error: CommandError| error.of(path.display());
        if !path.is_dir() {
            let bytes = files::read_limited(path, limits::MODULE_BYTES)?;
            let module = Module::parse(bytes).map_err(|error| named(error.into()))?;
            return Ok(Self::of(path, None, module, None, None));
        }
        let bundle = inputs::bundle(path)?;
        let companion = skill::read_companion(path)?.map(Companion::parse).transpose();
        let companion = companion.map_err(|error| named(error.into()))?;
        let original = if both_bundles { None } else { skill::read_original(path)? };
        let is_source = |bytes: &Vec<u8>| {
            companion.as_ref().is_some_and(|c| c.source() == SourceDigest::of(bytes))
        };
        // The original has its custom sections in itself.
        let (file, bytes, companion) = match original.filter(is_source) {
            Some(original) => ("skill.orig.wasm", original, None),
            None => ("skill.wasm", bundle.wasm, companion),
        };
        let module = Module::parse(bytes).map_err(|error| named(error.into()))?;
        let manifest = Manifest::parse(&bundle.manifest).map_err(|error| named(error.into()))?;
        Ok(Self::of(path, Some(file), module, companion, Some(manifest)))
    }

    fn of(
        path: &Path,
        file: Option<&'static str>,
        module: Module,
        companion: Option<Companion>,
        manifest: Option<Manifest>,
    ) -> Self {
        let side = Side {
            path: path.display().to_string(),
            file,
            bytes: module.bytes().len(),
            sha256: SourceDigest::of(module.bytes()).hex(),
        };
        Self { side, module, companion, manifest }
    }
}
