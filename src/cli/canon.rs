use super::error::CommandError;
use super::profile::{self, PassReport, chosen, counted};
use super::ui::Ui;
use super::{inputs, ui};
use crate::digest::SourceDigest;
use crate::files::{self, MODE_FILE, Pending};
use crate::limits;
use crate::profile::{Note, Profile};
use crate::reason::{Class, Reason};
use crate::wasm::{self, Built, Canonical, Freedom, Module, SourceNote};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Write the canonical form of a module, or check that a module is in it
///
/// Takes any core module; what it imports does not matter here, unlike for build. With --profile
/// portable it goes through the passes that make it behave the same on every engine. --check trusts
/// nobody: it shares no code with what rewrites.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact canon clock.wasm -o clock.canon.wasm
  provenact canon clock.wasm --profile portable --without nan -o clock.portable.wasm
  provenact canon clock.wasm --profile portable --explain
  provenact canon --check clock.canon.wasm

Exit status:
  0 written, explained, or upheld by --check; 1 refuted by --check; 2 refused or could not tell")]
pub struct Args {
    /// The module (- for standard input)
    module: PathBuf,
    /// Where the module goes (- for standard output)
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// canonical (encoding alone) or portable (every pass); default canonical
    #[arg(long, value_parser = profile::profiles(), hide_possible_values = true)]
    profile: Option<String>,
    /// Leave a pass of the profile portable out; repeatable
    #[arg(long, value_name = "PASS", value_parser = profile::passes())]
    without: Vec<String>,
    /// Write nothing, and say whether the module is what would be written already; if not, where
    #[arg(long, conflicts_with_all = ["output", "explain", "companion", "force"])]
    check: bool,
    /// Say what each freedom of the encoding and each pass changed and saved; --output is optional then
    #[arg(long)]
    explain: bool,
    /// Write the debug companion too: names, other custom sections, where each byte came from
    #[arg(long, value_name = "FILE", requires = "output")]
    companion: Option<PathBuf>,
    /// Replace existing output files, if they are WebAssembly
    #[arg(long, requires = "output")]
    force: bool,
}

/// What `--check` found.
#[derive(Serialize)]
struct Checked {
    schema: &'static str,
    module: String,
    profile: Note,
    upheld: bool,
    reason: Option<&'static str>,
    /// The freedom that was taken wrongly, or the pass whose promise is not kept.
    rule: Option<&'static str>,
    offset: Option<u64>,
    message: Option<String>,
}

/// What was written, or would be.
#[derive(Serialize)]
struct Report {
    schema: &'static str,
    output: Option<String>,
    companion: Option<String>,
    profile: Note,
    source: String,
    source_bytes: usize,
    module: String,
    module_bytes: usize,
    freedoms: Vec<FreedomReport>,
    passes: Vec<PassReport>,
}

/// What was done about a freedom, in JSON.
#[derive(Serialize)]
struct FreedomReport {
    freedom: &'static str,
    times: u64,
    saved: i64,
}

/// Canonicalizes, checks or explains.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let profile = chosen(args.profile.as_deref(), &args.without, Profile::CANONICAL)?;
    if args.check {
        return check(args, profile, ui);
    }
    let outputs = outputs(args, ui)?;
    let place = |error: wasm::Error| CommandError::from(error).of(args.module.display());
    let source = inputs::bytes(&args.module, limits::MODULE_BYTES)?;
    let module = Module::parse(source).map_err(place)?;
    let name = args.module.file_name().unwrap_or(args.module.as_os_str()).to_string_lossy();
    let note = SourceNote::of(&name);
    let built = Canonical::build(&module, profile, &note).map_err(place)?;

    let text = text(args, &module, &built, profile);
    let report = report(args, &module, &built, profile);
    match outputs {
        Outputs::None => {}
        Outputs::Stream => {
            ui.bytes(built.canonical.bytes())?;
            return Ok(0);
        }
        Outputs::Files { module, companion } => {
            // Both are complete on disk before one of them gets its name.
            let file = Pending::with(module, built.canonical.bytes(), MODE_FILE)?;
            if let Some(path) = companion {
                Pending::with(path, built.companion.bytes(), MODE_FILE)?.commit(args.force)?;
            }
            file.commit(args.force)?;
        }
    }
    ui.answer(&text, &report)?;
    Ok(0)
}

/// Where the output goes.
enum Outputs<'a> {
    /// Nowhere: it is only explained.
    None,
    /// Standard output, and nothing beside it.
    Stream,
    /// Files.
    Files { module: &'a Path, companion: Option<&'a Path> },
}

/// Refuses outputs that make no sense, before anything long is done.
fn outputs(args: &Args, ui: ui::Ui) -> Result<Outputs<'_>, CommandError> {
    use std::io::IsTerminal as _;
    let usage =
        |message: &str, hint: &str| Err(CommandError::new(Reason::Usage, message).hint(hint));
    let Some(module) = args.output.as_deref() else {
        if args.explain {
            return Ok(Outputs::None);
        }
        return usage("there is nothing to do", "give --output FILE, --explain or --check");
    };
    let companion = args.companion.as_deref();
    if companion == Some(Path::new("-")) {
        return usage("the companion goes to a file", "--companion FILE");
    }
    if module != Path::new("-") {
        if companion.is_some_and(|companion| same_place(companion, module)) {
            return usage("--output and --companion name the same file", "give two names");
        }
        is_free(module, args.force)?;
        if let Some(companion) = companion {
            is_free(companion, args.force)?;
        }
        return Ok(Outputs::Files { module, companion });
    }
    if args.explain || companion.is_some() || args.force || ui.is_json() {
        return usage(
            "--explain, --companion, --force and --format json need an output file",
            "--output FILE",
        );
    }
    if std::io::stdout().is_terminal() {
        return usage(
            "binary data is not written to a terminal",
            "redirect standard output, or give --output FILE",
        );
    }
    Ok(Outputs::Stream)
}

/// Whether two files, which need not be there, are one.
fn same_place(one: &Path, other: &Path) -> bool {
    let folder = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        files::absolute(folder.unwrap_or(Path::new("."))).ok()
    };
    one.file_name() == other.file_name() && folder(one) == folder(other)
}

/// A file that is there is replaced only with --force, and only if it is WebAssembly.
fn is_free(path: &Path, force: bool) -> Result<(), CommandError> {
    if !files::exists(path) {
        Pending::create(path, MODE_FILE)?;
    } else if !force {
        files::must_not_exist(path)?;
    } else if files::begins(path, 4)? != b"\0asm" {
        let message = format!("{} is not WebAssembly: not replaced", path.display());
        return Err(CommandError::new(Reason::Usage, message));
    }
    Ok(())
}

fn check(args: &Args, profile: Profile, ui: Ui) -> Result<u8, CommandError> {
    let bytes = inputs::bytes(&args.module, limits::MODULE_BYTES)?;
    let place = args.module.display();
    let mut report = Checked {
        schema: "https://opertus.systems/provenact/canon-check/v1",
        module: SourceDigest::of(&bytes).to_string(),
        profile: profile.note(),
        upheld: true,
        reason: None,
        rule: None,
        offset: None,
        message: None,
    };
    let Err(error) = Canonical::check(bytes, profile) else {
        ui.answer(
            &format!("{place}: {} ({})", profile::line(profile, &[]), report.module),
            &report,
        )?;
        return Ok(0);
    };
    if error.reason().class() != Class::No {
        return Err(CommandError::from(error).of(place));
    }
    if !ui.is_json() {
        let refused = CommandError::from(error).of(place);
        return Err(
            refused.hint("provenact canon, with --output and the same flags, writes one that is")
        );
    }
    report.upheld = false;
    report.reason = Some(error.reason().name());
    (report.rule, report.offset) = broken(&error);
    report.message = Some(error.to_string());
    ui.answer("", &report)?;
    Ok(error.reason().class().exit())
}

/// The rule that a module breaks, and where.
fn broken(error: &wasm::Error) -> (Option<&'static str>, Option<u64>) {
    match error {
        wasm::Error::NotCanonical { offset, freedom, .. } => (Some(freedom.name()), Some(*offset)),
        wasm::Error::NotPortable { offset, pass, .. } => (Some(pass.name()), Some(*offset)),
        _ => (None, None),
    }
}

fn report(args: &Args, module: &Module, built: &Built, profile: Profile) -> Report {
    let freedom = |freedom: Freedom| {
        let count = built.changes.of(freedom);
        FreedomReport { freedom: freedom.name(), times: count.times, saved: count.saved }
    };
    let shown = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    Report {
        schema: "https://opertus.systems/provenact/canon/v1",
        output: shown(&args.output),
        companion: shown(&args.companion),
        profile: profile.note(),
        source: built.companion.source().to_string(),
        source_bytes: module.bytes().len(),
        module: built.canonical.digest().to_string(),
        module_bytes: built.canonical.bytes().len(),
        freedoms: Freedom::ALL.into_iter().map(freedom).collect(),
        passes: profile::reports(&built.passes),
    }
}

fn text(args: &Args, module: &Module, built: &Built, profile: Profile) -> String {
    let mut text = String::new();
    if let Some(output) = &args.output {
        let _ = writeln!(text, "{}", output.display());
    }
    let (digest, bytes) = (built.canonical.digest(), built.canonical.bytes().len());
    let _ = writeln!(text, "module   {digest} ({bytes} bytes, from {})", module.bytes().len());
    let _ = writeln!(text, "profile  {}", profile::line(profile, &built.passes));
    if args.explain {
        text.push_str(&explained(built));
    }
    text
}

/// What each freedom and each pass changed.
fn explained(built: &Built) -> String {
    let mut text = "encoding:\n".to_owned();
    let mut idle = Vec::new();
    for freedom in Freedom::ALL {
        let count = built.changes.of(freedom);
        if count.times == 0 {
            idle.push(freedom.name());
            continue;
        }
        let _ = writeln!(
            text,
            "  {:16} {}, {} bytes saved",
            freedom.name(),
            counted(count.times, "place"),
            count.saved
        );
    }
    if !idle.is_empty() {
        let _ = writeln!(text, "  nothing to do for {}", idle.join(", "));
    }
    if !built.passes.is_empty() {
        text.push_str("passes:\n");
    }
    for applied in &built.passes {
        let _ = writeln!(text, "  {:16} {}", applied.pass.name(), profile::words(applied));
    }
    text
}
