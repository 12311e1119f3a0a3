//! The command line: one file per command, each an arguments struct and `run`.

mod attest;
mod audit;
mod build;
mod bulk;
mod canon;
mod cosign;
mod demo;
mod diff;
mod error;
mod explain;
mod import;
mod inputs;
mod inspect;
mod kept;
mod key;
mod keygen;
mod keys;
mod leaks;
mod making;
mod new;
mod page;
mod profile;
mod rebuild;
mod record;
mod replay;
mod run;
mod skill_io;
mod tool;
mod trust;
mod ui;
mod verify;
mod watch;
mod workshop;

use crate::files::{self, FileError};
use crate::reason::Reason;
use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use error::CommandError;
use std::ffi::OsString;
use std::process::ExitCode;
use ui::{Format, Ui};

/// Reproducible build-and-attest toolchain with replay execution for WebAssembly skills.
#[derive(Debug, Parser)]
#[command(name = "provenact", version, long_version = tool::LONG_VERSION)]
#[command(disable_help_subcommand = true)]
#[command(after_help = "\
Exit status:
  0 upheld or done, 1 a definite no, 2 could not tell. `run` passes the skill's own status through.")]
struct Cli {
    /// How to print results
    #[arg(long, global = true, value_enum, default_value_t = Format::Human)]
    format: Format,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Keygen(keygen::Args),
    Key(key::Args),
    New(new::Args),
    Build(build::Args),
    Import(import::Args),
    Canon(canon::Args),
    Attest(attest::Args),
    Verify(verify::Args),
    Trust(trust::Args),
    Run(Box<run::Args>),
    Inspect(inspect::Args),
    Replay(replay::Args),
    Rebuild(rebuild::Args),
    Diff(diff::Args),
    Demo(demo::Args),
    Explain(explain::Args),
}

/// The happy path, shown when no command is given.
const FIVE_LINES: &str = "\
provenact keygen -o author                          make a key pair
provenact build hello.wasm                          canonicalize a module into hello.skill/
provenact attest hello.skill --key author.key.pem   sign how it came to be
provenact run --pub author.pub.pem hello.skill      run it and record receipt.json, receipt.trace
provenact replay receipt.json                       prove it again from these two files alone";

/// Runs the command line `args` (the program's name first) and gives the exit status.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if args.len() <= 1 {
        let _ = Ui::new(Format::Human)
            .bytes(format!("{FIVE_LINES}\n\nMore: provenact --help, provenact demo\n").as_bytes());
        return ExitCode::from(2);
    }
    watch::full_files_are_errors();
    ExitCode::from(dispatch(args))
}

/// Parses and carries out one command line; the demo calls it too.
fn dispatch(args: Vec<OsString>) -> u8 {
    // `run` has exit codes of its own, for usage errors too. At most `--format X` stands before it.
    let asked_to_run = args.iter().skip(1).take(3).any(|word| word == "run");
    // Before the line is understood, the format is a guess that no command's own words spoil much.
    let asks_json = args.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
        || args.iter().any(|word| word == "--format=json");
    let guessed = Ui::new(if asks_json { Format::Json } else { Format::Human });
    let guessed = guessed.beside_guest(asked_to_run);
    if args.iter().any(|word| word.to_string_lossy().contains("-----BEGIN")) {
        // Whatever is said about such a word repeats it, and it may be a private key.
        let error = CommandError::new(Reason::Usage, "an argument holds a key itself, in PEM")
            .hint("name the file, or write env:NAME for a variable that holds it");
        guessed.error(&error);
        return if asked_to_run {
            Reason::Usage.class().run_exit()
        } else {
            Reason::Usage.class().exit()
        };
    }
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            if !error.use_stderr() {
                let _ = error.print();
                return 0;
            }
            let class = Reason::Usage.class();
            if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
                let _ = error.print();
            } else {
                guessed.error(&usage(&error));
            }
            return if asked_to_run { class.run_exit() } else { class.exit() };
        }
    };
    let is_run = matches!(cli.command, Command::Run(_));
    let ui = Ui::new(cli.format).beside_guest(is_run);
    let result = match &cli.command {
        Command::Keygen(args) => keygen::run(args, ui),
        Command::Key(args) => key::run(args, ui),
        Command::New(args) => new::run(args, ui),
        Command::Build(args) => build::run(args, ui),
        Command::Import(args) => import::run(args, ui),
        Command::Canon(args) => canon::run(args, ui),
        Command::Attest(args) => attest::run(args, ui),
        Command::Verify(args) => verify::run(args, ui),
        Command::Trust(args) => trust::run(args, ui),
        Command::Run(args) => run::run(args, ui),
        Command::Inspect(args) => inspect::run(args, ui),
        Command::Replay(args) => replay::run(args, ui),
        Command::Rebuild(args) => rebuild::run(args, ui),
        Command::Diff(args) => diff::run(args, ui),
        Command::Demo(args) => demo::run(args, ui),
        Command::Explain(args) => explain::run(args, ui),
    };
    result.unwrap_or_else(|error| {
        ui.error(&error);
        let class = error.reason.class();
        if is_run { class.run_exit() } else { class.exit() }
    })
}

/// What clap says of a command line, as an error of ours: its first paragraph, the others as hints.
fn usage(error: &clap::Error) -> CommandError {
    let text = error.render().to_string();
    let mut paragraphs = text.strip_prefix("error: ").unwrap_or(&text).split("\n\n");
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let message = paragraphs.next().map(one_line).unwrap_or_default();
    let hints = paragraphs.map(one_line).filter(|hint| !hint.is_empty());
    hints.fold(CommandError::new(Reason::Usage, message), CommandError::hint)
}

/// Where the private directory of compiled code is or would be.
fn cache_place() -> Option<std::path::PathBuf> {
    Some(inputs::user_folder("XDG_CACHE_HOME", ".cache")?.join("compiled"))
}

/// The private directory of compiled code, made if need be; `None` without a user folder.
fn cache_directory() -> Result<Option<std::path::PathBuf>, CommandError> {
    match cache_place() {
        Some(folder) => match files::private_dir(&folder) {
            Ok(directory) => Ok(Some(directory)),
            Err(error @ (FileError::Exposed { .. } | FileError::Foreign { .. })) => {
                Err(CommandError::new(Reason::CacheExposed, error.to_string()))
            }
            Err(error) => Err(CommandError::from(error)
                .hint("name another folder with XDG_CACHE_HOME, or compile anew with --no-cache")),
        },
        None => Ok(None),
    }
}
