//! What `build` and `import` share: a module, what it is to be called, and the bundle made of both.

use super::error::CommandError;
use super::leaks::{self, LeakReport};
use super::profile::{self as flags, PassReport};
use super::ui::Ui;
use crate::abi::show::visible;
use crate::abi::{Capability, Kind};
use crate::build;
use crate::materials::{FromSource, Materials, Tool};
use crate::origin::Origin;
use crate::profile::{Note, Profile};
use crate::skill::{Manifest, NewBundle, Written};
use crate::wasm::{self, Built, Canonical, Interface, Module, SourceNote};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// How a bundle is made, and where it goes.
#[derive(Debug, clap::Args)]
pub struct MakingArgs {
    /// The bundle's directory; default NAME.skill
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// portable (every pass) or canonical (encoding alone); portable, unless a recipe says otherwise
    #[arg(long, value_parser = flags::profiles(), hide_possible_values = true)]
    profile: Option<String>,
    /// Leave a pass of the profile portable out; repeatable
    #[arg(long, value_name = "PASS", value_parser = flags::passes())]
    without: Vec<String>,
    /// Refuse a module whose data tells paths, user names or times of the machine that built it
    #[arg(long)]
    deny_leaks: bool,
    /// Keep the module that went in, as skill.orig.wasm in the bundle
    #[arg(long)]
    keep_original: bool,
    /// Replace an existing bundle, and with it its attestations
    #[arg(long)]
    force: bool,
}

impl MakingArgs {
    /// The flags' profile: --profile is instead of `default`, --without beside it.
    pub fn profile(&self, default: Profile) -> Result<Profile, CommandError> {
        flags::chosen(self.profile.as_deref(), &self.without, default)
    }
}

/// What is to be made.
pub struct Order {
    pub source: Vec<u8>,
    pub source_name: String,
    /// Where it was read, for messages.
    pub place: String,
    pub name: String,
    pub version: String,
    pub entrypoint: Option<String>,
    pub profile: Profile,
    pub capabilities: Vec<Capability>,
    /// Kinds that the skill knowingly does without.
    pub denied: BTreeSet<String>,
    pub command: Vec<String>,
    /// What the command was asked for and given, when it was run here.
    pub from_source: Option<FromSource>,
    /// The bundle that the module was imported from. Then the capabilities are those that were signed,
    /// and none is inferred.
    pub origin: Option<Origin>,
}

/// The bundle that was made, as JSON.
#[derive(Serialize)]
pub struct Report {
    schema: &'static str,
    bundle: String,
    unchanged: bool,
    name: String,
    version: String,
    module: String,
    manifest: String,
    source: String,
    source_bytes: usize,
    module_bytes: usize,
    original_kept: bool,
    profile: Note,
    passes: Vec<PassReport>,
    capabilities: Vec<Capability>,
    inferred: Vec<&'static str>,
    leaks: Vec<LeakReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    made_from: Option<MaterialsReport>,
}

/// What went into a build from source.
#[derive(Serialize)]
pub struct MaterialsReport {
    /// Digest of all inputs together.
    tree: String,
    materials: Materials,
}

/// The bundle that was made.
pub struct Made {
    pub report: Report,
    /// What the passes did, in one line.
    profile: String,
    /// Kinds that the imports can ask for, of which nothing is declared and which nobody denied.
    pub undeclared: Vec<Kind>,
}

/// Makes the bundle, as a whole or not at all.
pub fn make(order: Order, args: &MakingArgs, ui: Ui) -> Result<Made, CommandError> {
    let place = |error: wasm::Error| CommandError::from(error).of(&order.place);
    let module = Module::parse(order.source).map_err(place)?;
    let interface = Interface::of(&module, order.entrypoint.as_deref()).map_err(place)?;
    let found = wasm::find_leaks(&module);
    if args.deny_leaks {
        leaks::deny(&found, ui).map_err(|error| error.of(&order.place))?;
    } else if order.from_source.as_ref().is_some_and(|made| !made.asked().leaks_allowed) {
        leaks::deny(&leaks::of_host(&found), ui).map_err(|error| {
            error.of(&order.place).hint("--allow-leaks lets them be, and is recorded")
        })?;
    }
    let note = SourceNote {
        name: &order.source_name,
        command: &order.command,
        origin: order.origin.as_ref(),
        from_source: order.from_source.as_ref(),
    };
    let Built { canonical, companion, passes, .. } =
        Canonical::build(&module, order.profile, &note).map_err(place)?;

    let is_mine = order.origin.is_none();
    let declared = match order.origin {
        Some(_) => order.capabilities,
        None => build::declared(order.capabilities, &order.denied, &interface)?,
    };
    // What was signed elsewhere cannot be mended here.
    let mine = if is_mine { &declared[..] } else { &[] };
    for capability in build::impossible(mine, &interface) {
        ui.warn(&format!("{capability} is declared, and no import of the module can use it"));
    }
    let manifest = Manifest::new(
        &order.name,
        &order.version,
        &interface.entrypoint,
        canonical.digest(),
        declared,
        order.profile,
    )?;
    let output = args.output.clone().unwrap_or_else(|| format!("{}.skill", order.name).into());
    let parts = NewBundle {
        manifest: manifest.bytes(),
        wasm: canonical.bytes(),
        companion: companion.bytes(),
        original: args.keep_original.then(|| module.bytes()),
    };
    let written = parts.write(&output, args.force)?;
    leaks::warn(&found, ui);
    let is_settled = |kind: Kind| {
        order.denied.contains(kind.name())
            || manifest.capabilities().iter().any(|c| c.kind() == kind)
    };
    Ok(Made {
        profile: flags::line(order.profile, &passes),
        undeclared: interface.kinds.iter().copied().filter(|kind| !is_settled(*kind)).collect(),
        report: Report {
            schema: "https://opertus.systems/provenact/build/v1",
            bundle: output.display().to_string(),
            unchanged: written == Written::Unchanged,
            name: manifest.name().to_owned(),
            version: manifest.version().to_owned(),
            module: canonical.digest().to_string(),
            manifest: manifest.digest().to_string(),
            source: companion.source().to_string(),
            source_bytes: module.bytes().len(),
            module_bytes: canonical.bytes().len(),
            original_kept: args.keep_original,
            profile: order.profile.note(),
            passes: flags::reports(&passes),
            capabilities: manifest.capabilities().to_vec(),
            inferred: interface.kinds.iter().map(|kind| kind.name()).collect(),
            leaks: leaks::reports(&found),
            made_from: order.from_source.map(|made| MaterialsReport::of(made.materials())),
        },
    })
}

impl MaterialsReport {
    pub fn of(materials: &Materials) -> Self {
        Self { tree: materials.tree().to_string(), materials: materials.clone() }
    }
}

/// The tools that built, in words: one line each.
pub fn tool_lines(tools: &[Tool]) -> Vec<String> {
    let line = |tool: &Tool| {
        let version = tool.version.as_deref().unwrap_or("of no known version");
        visible(&format!("tool     {} {version}, {}", tool.name, tool.sha256), false)
    };
    tools.iter().map(line).collect()
}

/// What went into a build from source, and how it was checked, in words: one line each.
pub fn materials_text(materials: &Materials) -> Vec<String> {
    let Materials { check, git, inputs, tools } = materials;
    let git = match git {
        None => "in no Git commit".to_owned(),
        Some(git) if git.dirty => format!("commit {} and changes", git.commit),
        Some(git) => format!("commit {}", git.commit),
    };
    let files = flags::counted(inputs.len() as u64, "file");
    let mut lines = vec![format!("inputs   {} ({files}; {git})", materials.tree())];
    lines.extend(tool_lines(tools));
    lines.extend(check.iter().map(|check| {
        let (builds, varied) = (check.builds, check.varied.join(", "));
        let found = if check.reproducible { "the same module" } else { "DIFFERENT modules" };
        visible(&format!("checked  {builds} builds gave {found}; varied: {varied}"), false)
    }));
    lines
}

impl Made {
    /// The bundle in words.
    pub fn text(&self) -> String {
        let Self { report, profile, .. } = self;
        let capabilities: Vec<String> =
            report.capabilities.iter().map(|c| visible(&c.to_string(), false)).collect();
        let mut text = format!(
            "{}{}\nmodule   {} ({} bytes, from {})\nmanifest {}\nprofile  {profile}\ncapabilities: {}",
            report.bundle,
            if report.unchanged { " (unchanged)" } else { "" },
            report.module,
            report.module_bytes,
            report.source_bytes,
            report.manifest,
            if capabilities.is_empty() { "none".to_owned() } else { capabilities.join(", ") },
        );
        if let Some(made) = &report.made_from {
            text += &format!("\n{}", materials_text(&made.materials).join("\n"));
        }
        text
    }
}
