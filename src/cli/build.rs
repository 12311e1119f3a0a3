mod progress;

use super::error::CommandError;
use super::inputs;
use super::making::{self, MakingArgs, Order};
use super::ui::Ui;
use crate::abi::{Capability, CapabilityError, Kind};
use crate::build::{self, Build, Host, Recipe};
use crate::materials::FromSource;
use crate::profile::Profile;
use crate::reason::Reason;
use crate::skill;
use crate::wasm::Difference;
use crate::{json, limits, report};
pub use progress::Progress;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Canonicalize a module into a bundle
///
/// Takes a core WebAssembly module that imports WASI preview 1 (or AssemblyScript's runtime, or
/// nothing) and writes NAME.skill/. For a directory, or without a module, the provenact.toml in it
/// says what to build: its command is run on a copy of its inputs, with no more of the environment
/// than it lists, and what went in is recorded. The command is a program of the recipe's author that
/// runs as you: nothing confines it. Unless told otherwise, the module is rewritten until it behaves the same on every engine (the profile
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
  provenact build my-skill --check

Exit status:
  0 built; 1 refused: builds differ, or the imports ask for what is not declared; 2 refused or failed")]
pub struct Args {
    /// The module (- for standard input), or the directory of a provenact.toml; default: this directory
    #[arg(value_name = "MODULE|DIR")]
    module: Option<PathBuf>,
    /// Build N times (2 when it is left out) in surroundings that differ, and refuse what comes out differently
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "2",
        value_parser = clap::value_parser!(u64).range(2..=limits::CHECK_BUILDS)
    )]
    check: Option<u64>,
    /// Take what comes out differently, and record that it does
    #[arg(long, requires = "check")]
    allow_unreproducible: bool,
    /// Take a module that tells paths of this machine from a recipe that does not allow it, and record that
    #[arg(long, conflicts_with = "deny_leaks")]
    allow_leaks: bool,
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
        Some(path) if path.is_dir() => from_recipe(args, path, ui)?,
        Some(path) => from_arguments(args, path)?,
        None => from_recipe(args, Path::new("."), ui)?,
    };
    let made = making::make(order, &args.making, ui)?;
    if made.undeclared.contains(&Kind::Env) {
        ui.talk("the imports can ask for env; nothing is declared (--cap env=VALUE)");
    }
    ui.answer(&made.text(), &made.report)?;
    Ok(0)
}

fn from_arguments(args: &Args, path: &Path) -> Result<Order, CommandError> {
    must_run_a_command(args, false)?;
    let source = inputs::bytes(path, limits::MODULE_BYTES)?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().to_lowercase());
    let name = args.name.clone().or(stem).filter(|name| name != "-").ok_or_else(|| {
        CommandError::new(Reason::Usage, "a module from standard input needs a name")
            .hint("give --name NAME")
    })?;
    let version = args.version.clone().unwrap_or_else(|| "0.0.0".to_owned());
    fit(args, &name, &version).map_err(|(member, error)| match (member, &args.name) {
        ("name", None) => error.of(path.display()).hint("give --name NAME"),
        _ => error,
    })?;
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    Ok(Order {
        source,
        source_name: file,
        place: path.display().to_string(),
        name,
        version,
        entrypoint: args.entrypoint.clone(),
        profile: args.making.profile(Recipe::DEFAULT_PROFILE)?,
        capabilities: capabilities(&args.capabilities)?,
        denied: denied(&args.deny)?,
        command: Vec::new(),
        from_source: None,
        origin: None,
    })
}

/// Refuses a name or version that no manifest has, before anything is run.
fn fit(args: &Args, name: &str, version: &str) -> Result<(), (&'static str, CommandError)> {
    let Some((member, value, why)) = skill::misfit_of_texts(name, version, "_start") else {
        return Ok(());
    };
    let flag = match member {
        "name" => args.name.as_ref().map(|_| "--name"),
        _ => args.version.as_ref().map(|_| "--skill-version"),
    };
    let message = format!("{} {value:?}: {why}", flag.unwrap_or(member));
    Err((member, CommandError::new(Reason::Usage, message)))
}

/// Refuses what says how a command is run where none is.
fn must_run_a_command(args: &Args, runs: bool) -> Result<(), CommandError> {
    if runs || (args.check.is_none() && !args.allow_leaks) {
        return Ok(());
    }
    let message = "--check and --allow-leaks are for a recipe with a command, and none is run here";
    Err(CommandError::new(Reason::Usage, message).hint("name the directory of a provenact.toml"))
}

/// The module of a recipe, and what its command was given; without a command it is there already.
fn source(
    recipe: &Recipe,
    args: &Args,
    directory: &Path,
    profile: Profile,
    ui: Ui,
) -> Result<(Vec<u8>, Option<FromSource>), CommandError> {
    if recipe.command.is_empty() {
        return Ok((inputs::bytes(&directory.join(&recipe.output), limits::MODULE_BYTES)?, None));
    }
    let host = Host {
        path: inputs::search_path(),
        rustup: inputs::rustup_home(),
        variables: (recipe.env.iter())
            .filter_map(|name| Some((name.clone(), inputs::variable_of_ours(name)?)))
            .collect(),
    };
    let mut build = Build::prepare(recipe, directory, &host)?;
    if args.allow_leaks {
        build.allow_leaks();
    }
    let progress = Progress::new(&recipe.command, ui);
    let made = match args.check {
        None => build.once(&progress),
        Some(times) => build.checked(times, profile, args.allow_unreproducible, &progress),
    };
    drop(progress);
    let made = made.map_err(|error| shown(error, ui))?;
    Ok((made.module, Some(made.record)))
}

/// A failed command with the last that it said, and builds that differ with where they do.
pub fn shown(error: build::Error, ui: Ui) -> CommandError {
    let details = match &error {
        build::Error::Failed { last, .. } => {
            if !last.is_empty() {
                ui.talk("the last lines of the failed command:");
                last.iter().for_each(|line| ui.talk(&format!("  {line}")));
            }
            json::json!({ "last_lines": last })
        }
        build::Error::Unreproducible { nth, difference, .. } => {
            let sides = ["what build 1 wrote", &format!("what build {nth} wrote")];
            explain(sides, difference, ui);
            json::json!({ "difference": difference })
        }
        _ => return error.into(),
    };
    let mut failed = CommandError::from(error);
    failed.details = Some(details);
    failed
}

/// Where two modules differ, for people.
pub fn explain([a, b]: [&str; 2], difference: &Difference, ui: Ui) {
    ui.talk(&format!("A: {a}, B: {b}"));
    ui.talk(report::modules::text(difference).trim_end());
}

fn from_recipe(args: &Args, directory: &Path, ui: Ui) -> Result<Order, CommandError> {
    let here = args.module.is_none();
    let path = if here { PathBuf::from(Recipe::FILE) } else { directory.join(Recipe::FILE) };
    if !path.exists() {
        let message = match here {
            true => "no module was given, and there is no ./provenact.toml".to_owned(),
            false => format!("{}: no such file or directory", path.display()),
        };
        return Err(
            CommandError::new(Reason::FileMissing, message).hint("provenact build MODULE.wasm")
        );
    }
    let named = |error: CommandError| error.of(path.display());
    let recipe = Recipe::parse(&inputs::text(&path, limits::RECIPE_BYTES)?)
        .map_err(|error| named(error.into()))?;
    must_run_a_command(args, !recipe.command.is_empty())?;
    let name = args.name.clone().unwrap_or_else(|| recipe.name.clone());
    let version = args.version.clone().unwrap_or_else(|| recipe.version.clone());
    fit(args, &name, &version).map_err(|(_, error)| named(error))?;
    let profile = args.making.profile(recipe.profile)?;
    let (module, from_source) = source(&recipe, args, directory, profile, ui).map_err(named)?;
    let output = Path::new(&recipe.output);
    let mut declared = recipe.capabilities;
    declared.extend(capabilities(&args.capabilities)?);
    let mut without = recipe.denied;
    without.extend(denied(&args.deny)?);
    Ok(Order {
        source: module,
        place: output.display().to_string(),
        source_name: output
            .file_name()
            .unwrap_or(output.as_os_str())
            .to_string_lossy()
            .into_owned(),
        name,
        version,
        entrypoint: args.entrypoint.clone().or(recipe.entrypoint),
        profile,
        capabilities: declared,
        denied: without,
        command: recipe.command,
        from_source,
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
