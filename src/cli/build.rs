use super::error::CommandError;
use super::inputs;
use super::making::{self, MakingArgs, Order};
use super::ui::Ui;
use crate::abi::{Capability, CapabilityError, Kind};
use crate::build::{self, Recipe};
use crate::limits;
use crate::reason::Reason;
use crate::skill;
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
    #[command(flatten)]
    making: MakingArgs,
}

/// Builds the bundle.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let order = match &args.module {
        Some(path) => from_arguments(args, path)?,
        None => from_recipe(args)?,
    };
    let made = making::make(order, &args.making, ui)?;
    if made.undeclared.contains(&Kind::Env) {
        ui.talk("the imports can ask for env; nothing is declared (--cap env=VALUE)");
    }
    ui.answer(&made.text(), &made.report)?;
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
        profile: args.making.profile(Recipe::DEFAULT_PROFILE)?,
        capabilities: capabilities(&args.capabilities)?,
        denied: denied(&args.deny)?,
        command: Vec::new(),
        origin: None,
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
    let profile = args.making.profile(recipe.profile)?;
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
        origin: None,
    })
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
