//! Two modules, as files or in bundles.

use super::super::error::CommandError;
use super::super::inputs;
use super::super::ui::Ui;
use crate::digest::SourceDigest;
use crate::report::modules as words;
use crate::wasm::{self, Companion, Difference, Module, Sameness};
use crate::{files, limits, skill};
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
    #[serde(rename = "difference")]
    found: Difference,
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
    manifest: Option<Vec<u8>>,
}

/// Compares and says.
pub(super) fn compare(a: &Path, b: &Path, ui: Ui) -> Result<u8, CommandError> {
    let both_bundles = a.is_dir() && b.is_dir();
    let (a, b) = (Subject::read(a, both_bundles)?, Subject::read(b, both_bundles)?);
    let found = wasm::diff((&a.module, a.companion.as_ref()), (&b.module, b.companion.as_ref()))?;
    let manifests_same = a.manifest.as_ref().zip(b.manifest.as_ref()).map(|(a, b)| a == b);
    let same = found.what == Sameness::Same && manifests_same != Some(false);
    let verdict = if same { "same" } else { "different" };
    let text = text(&a.side, &b.side, manifests_same, &found, verdict);
    let report = Report {
        schema: "https://opertus.systems/provenact/module-diff/v1",
        verdict,
        a: a.side,
        b: b.side,
        manifests_same,
        found,
    };
    ui.answer(&text, &report)?;
    Ok(u8::from(!same))
}

fn text(
    a: &Side,
    b: &Side,
    manifests_same: Option<bool>,
    found: &Difference,
    verdict: &str,
) -> String {
    let line = |name: &str, side: &Side| {
        let file = side.file.map_or(String::new(), |file| format!(": {file}"));
        format!("{name} {}{file} ({} bytes)\n", side.path, words::number(side.bytes))
    };
    let manifests = match manifests_same {
        None => "",
        Some(true) => "manifests    the same\n",
        Some(false) => "manifests    different\n",
    };
    let headline = words::headline(found);
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
        Ok(Self::of(path, Some(file), module, companion, Some(bundle.manifest)))
    }

    fn of(
        path: &Path,
        file: Option<&'static str>,
        module: Module,
        companion: Option<Companion>,
        manifest: Option<Vec<u8>>,
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
