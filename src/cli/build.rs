use super::error::CommandError;
use super::leaks::{self, LeakReport};
use super::profile::{self as flags, PassReport};
use super::ui::Ui;
use super::{inputs, ui};
use crate::abi::{Capability, CapabilityError, Kind};
use crate::build::{self, Recipe};
use crate::limits;
use crate::profile::{Note, Profile};
use crate::reason::Reason;
use crate::skill::{self, Manifest, NewBundle, Written};
use crate::wasm::{self, Built, Canonical, Interface, Module, SourceNote};
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Canonicalize a module into a bundle
///
/// Takes a core WebAssembly module that imports WASI preview 1 (or AssemblyScript's runtime, or
/// nothing) and writes NAME.skill/. Without a module, ./provenact.toml says what to build. Unless
/// told otherwise, the module is rewritten until it behaves the same on every engine (the profile
/// portable); the manifest says by which passes.
///
/// What the imports can ask for is declared or denied. The kinds time and random are declared by
/// themselves; paths, URLs and variables are not: declare them with --cap, or say with --deny that the
/// skill does without.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact build clock.wasm --cap fs.read=/data -o clock.skill
  provenact build clock.wasm --without nan --keep-original
  provenact build

Exit status:
  0 built, 2 refused or failed")]
pub struct Args {
    /// The module (- for standard input); without it, ./provenact.toml is built
    module: Option<PathBuf>,
    /// Declare a capability: env=NAME, fs.read=/PATH, fs.write=/PATH, net.http=URL, time, random; repeatable
    #[arg(long = "cap", value_name = "KIND=VALUE")]
    capabilities: Vec<String>,
    /// Do without kinds that the imports can ask for: calls that need them will be denied
    #[arg(long, value_name = "KIND,…", value_delimiter = ',')]
    deny: Vec<String>,
    /// The exported function that is run, () -> () or () -> i32; default _start
    #[arg(long, value_name = "NAME")]
    entrypoint: Option<String>,
    /// Name of the skill; default: the module's file name
    #[arg(long)]
    name: Option<String>,
    /// Version of the skill
    #[arg(long = "skill-version", value_name = "VERSION")]
    version: Option<String>,
    /// The bundle's directory; default NAME.skill
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// portable (every pass) or canonical (encoding alone); default: the recipe's, or portable
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

/// What is to be built, from arguments or from a recipe.
struct Order {
    source: Vec<u8>,
    source_name: String,
    /// Where it was read, for messages.
    place: String,
    name: String,
    version: String,
    entrypoint: Option<String>,
    profile: Profile,
    capabilities: Vec<Capability>,
    denied: BTreeSet<String>,
    command: Vec<String>,
}

#[derive(Serialize)]
struct Report<'a> {
    schema: &'static str,
    bundle: String,
    unchanged: bool,
    name: &'a str,
    version: &'a str,
    module: String,
    manifest: String,
    source: String,
    source_bytes: usize,
    module_bytes: usize,
    original_kept: bool,
    profile: Note,
    passes: Vec<PassReport>,
    capabilities: &'a [Capability],
    inferred: Vec<&'static str>,
    leaks: Vec<LeakReport>,
}

/// Builds the bundle.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let order = match &args.module {
        Some(path) => from_arguments(args, path)?,
        None => from_recipe(args)?,
    };
    let place = |error: wasm::Error| CommandError::from(error).of(&order.place);
    let module = Module::parse(order.source).map_err(place)?;
    let interface = Interface::of(&module, order.entrypoint.as_deref()).map_err(place)?;
    let found = wasm::find_leaks(&module);
    if args.deny_leaks {
        leaks::deny(&found, ui).map_err(|error| error.of(&order.place))?;
    }
    let note = SourceNote { name: &order.source_name, command: &order.command };
    let Built { canonical, companion, passes, .. } =
        Canonical::build(&module, order.profile, &note).map_err(place)?;

    let declared = build::declared(order.capabilities, &order.denied, &interface)?;
    for capability in build::impossible(&declared, &interface) {
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
    let report = Report {
        schema: "https://opertus.systems/provenact/build/v1",
        bundle: output.display().to_string(),
        unchanged: written == Written::Unchanged,
        name: manifest.name(),
        version: manifest.version(),
        module: canonical.digest().to_string(),
        manifest: manifest.digest().to_string(),
        source: companion.source().to_string(),
        source_bytes: module.bytes().len(),
        module_bytes: canonical.bytes().len(),
        original_kept: args.keep_original,
        profile: order.profile.note(),
        passes: flags::reports(&passes),
        capabilities: manifest.capabilities(),
        inferred: interface.kinds.iter().map(|kind| kind.name()).collect(),
        leaks: leaks::reports(&found),
    };
    let profile = flags::line(order.profile, &passes);
    leaks::warn(&found, ui);
    tell(&report, &profile, &interface, ui)?;
    Ok(0)
}

fn from_arguments(args: &Args, path: &Path) -> Result<Order, CommandError> {
    let source = inputs::bytes(path, limits::MODULE_BYTES)?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase());
    let name = args.name.clone().or(stem).filter(|name| name != "-").ok_or_else(|| {
        CommandError::new(Reason::Usage, "a module from standard input needs a name")
            .hint("give --name NAME")
    })?;
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok(Order {
        source,
        source_name: file,
        place: path.display().to_string(),
        name,
        version: args.version.clone().unwrap_or_else(|| "0.0.0".to_owned()),
        entrypoint: args.entrypoint.clone(),
        profile: chosen(args, Recipe::DEFAULT_PROFILE)?,
        capabilities: capabilities(&args.capabilities)?,
        denied: denied(&args.deny)?,
        command: Vec::new(),
    })
}

fn from_recipe(args: &Args) -> Result<Order, CommandError> {
    let path = Path::new("provenact.toml");
    if !path.exists() {
        return Err(CommandError::new(
            Reason::FileMissing,
            "no module was given, and there is no ./provenact.toml",
        )
        .hint("provenact build MODULE.wasm"));
    }
    let named = |error: build::Error| CommandError::from(error).of(path.display());
    let recipe = Recipe::parse(&inputs::text(path, limits::RECIPE_BYTES)?).map_err(named)?;
    let profile = chosen(args, recipe.profile)?;
    let output = build::run(&recipe, Path::new(".")).map_err(named)?;
    let mut declared = recipe.capabilities;
    declared.extend(capabilities(&args.capabilities)?);
    let mut without = recipe.denied;
    without.extend(denied(&args.deny)?);
    Ok(Order {
        source: inputs::bytes(&output, limits::MODULE_BYTES)?,
        place: output.display().to_string(),
        source_name: output
            .file_name()
            .unwrap_or(output.as_os_str())
            .to_string_lossy()
            .into_owned(),
        name: args.name.clone().unwrap_or(recipe.name),
        version: args.version.clone().unwrap_or(recipe.version),
        entrypoint: args.entrypoint.clone().or(recipe.entrypoint),
        profile,
        capabilities: declared,
        denied: without,
        command: recipe.command,
    })
}

/// The flags' profile: --profile is instead of the recipe's, --without beside it.
fn chosen(args: &Args, default: Profile) -> Result<Profile, CommandError> {
    flags::chosen(args.profile.as_deref(), &args.without, default)
}

fn capabilities(texts: &[String]) -> Result<Vec<Capability>, CommandError> {
    let parse = |text: &String| {
        text.parse().map_err(|error| CommandError::from(skill::Error::Capability(error)))
    };
    texts.iter().map(parse).collect()
}

fn denied(names: &[String]) -> Result<BTreeSet<String>, CommandError> {
    let unknown = |name: &&String| !Kind::is_known(name);
    if let Some(name) = names.iter().find(unknown) {
        let error = CapabilityError::UnknownKind(name.clone());
        return Err(CommandError::from(skill::Error::Capability(error)).of("--deny"));
    }
    Ok(names.iter().cloned().collect())
}

fn tell(
    report: &Report<'_>,
    profile: &str,
    interface: &Interface,
    ui: ui::Ui,
) -> Result<(), CommandError> {
    let declares = |kind: Kind| report.capabilities.iter().any(|c| c.kind() == kind);
    if interface.kinds.contains(&Kind::Env) && !declares(Kind::Env) {
        ui.talk("the imports can ask for env; nothing is declared (--cap env=VALUE)");
    }
    let capabilities: Vec<String> = report.capabilities.iter().map(ToString::to_string).collect();
    let text = format!(
        "{}{}\nmodule   {} ({} bytes, from {})\nmanifest {}\nprofile  {profile}\ncapabilities: {}",
        report.bundle,
        if report.unchanged { " (unchanged)" } else { "" },
        report.module,
        report.module_bytes,
        report.source_bytes,
        report.manifest,
        if capabilities.is_empty() { "none".to_owned() } else { capabilities.join(", ") },
    );
    ui.answer(&text, report)
}
