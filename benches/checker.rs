//! How fast the checker is: megabytes a second on one thread, by what it is asked for. Parsing and
//! validation, which come before, are not in the times.
//!
//! `cargo bench --bench checker [-- FILE…]` reads `target/programs/*.wasm` when no file is named, and
//! prints a table. Each module is built under each profile first; the least time of `ROUNDS` counts.

use provenact::profile::{Pass, Profile};
use provenact::wasm::{Canonical, Module, SourceNote, check};
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

const ROUNDS: usize = 9;
/// What the checker must do a second.
const GOAL: f64 = 150.0;

fn main() -> ExitCode {
    let files = std::env::args().skip(1).filter(|arg| arg != "--bench").map(PathBuf::from);
    match measure(files.collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn measure(mut files: Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    if files.is_empty() {
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/programs");
        for entry in fs_err::read_dir(programs)? {
            files.push(entry?.path());
        }
        files.retain(|path| path.extension().is_some_and(|end| end == "wasm"));
        files.sort();
    }
    let portable = Profile::PORTABLE;
    let profiles = [
        Profile::CANONICAL,
        portable.without(Pass::Nan).without(Pass::Stack),
        portable.without(Pass::Nan),
        portable.without(Pass::Stack),
        portable,
    ];
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    say(&format!("MB/s on one thread, least time of {ROUNDS}; the goal is {GOAL}\n"));
    say(
        "| module | MB | canonical | without nan, stack | without nan | without stack | portable |",
    );
    say("|---|---:|---:|---:|---:|---:|---:|");
    for file in files {
        let module = Module::parse(fs_err::read(&file)?);
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let row = module.map_err(Box::from).and_then(|module| {
            let speeds = profiles.iter().map(|profile| one.install(|| speed(&module, *profile)));
            speeds.collect::<Result<Vec<_>, Box<dyn Error + Send + Sync>>>()
        });
        match row {
            Ok(speeds) => {
                let cells: Vec<_> = speeds.iter().map(|(_, speed)| format!("{speed:.0}")).collect();
                let size = speeds.first().map_or(0.0, |(size, _)| *size);
                say(&format!("| {name} | {size:.2} | {} |", cells.join(" | ")));
            }
            Err(error) => say(&format!("| {name} | refused: {error} |")),
        }
    }
    Ok(())
}

/// Size in megabytes, and megabytes a second.
fn speed(module: &Module, profile: Profile) -> Result<(f64, f64), Box<dyn Error + Send + Sync>> {
    let note = SourceNote::of("module.wasm");
    let built = Canonical::build(module, profile, &note)?.canonical;
    let mut least = Duration::MAX;
    for _ in 0..ROUNDS {
        let start = now();
        check(built.module(), profile)?;
        least = least.min(start.elapsed());
    }
    let size = built.bytes().len() as f64 / 1e6;
    Ok((size, size / least.as_secs_f64()))
}

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn now() -> Instant {
    Instant::now()
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
