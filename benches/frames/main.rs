//! How well the words of spec/portable.md ("stack", cost model 1) bound the frames of an optimising
//! compiler: compiles modules with Cranelift and compares the native frame of every function with
//! its words.
//!
//! `cargo bench --bench frames [-- [--csv] FILE…]` reads `target/programs/*.wasm` when no file is
//! named, adds modules made to defeat the model, and prints a table; with `--csv` a line for each
//! function.

mod adversaries;

use provenact::wasm::{FrameSize, Module, frame_sizes};
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wasmtime::{Config, Engine, OptLevel};

/// What the engine calls its settings here.
const SETTINGS: [(&str, OptLevel, bool); 3] = [
    ("none", OptLevel::None, false),
    ("speed", OptLevel::Speed, false),
    ("speed-nan", OptLevel::Speed, true),
];

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), Box<dyn Error>> {
    let mut args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let csv = args.first().is_some_and(|arg| arg == "--csv");
    args.retain(|arg| arg != "--csv");
    let mut files: Vec<PathBuf> = args.into_iter().map(PathBuf::from).collect();
    if files.is_empty() {
        let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/programs");
        for entry in fs_err::read_dir(programs)? {
            files.push(entry?.path());
        }
        files.retain(|path| path.extension().is_some_and(|end| end == "wasm"));
        files.sort();
    }
    if !csv {
        say(
            "| module | setting | functions | bytes a word: median | 99.9 % | greatest | above 64 | frame of the greatest |",
        );
        say("|---|---|---|---|---|---|---|---|");
    }
    for (name, modules) in adversaries::all()? {
        group(&name, &modules, csv);
    }
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        group(&name, &[fs_err::read(&file)?], csv);
    }
    Ok(())
}

/// Measures modules that are one row of the table; those that are refused are named and left out.
fn group(name: &str, modules: &[Vec<u8>], csv: bool) {
    for (setting, level, nan) in SETTINGS {
        let (mut sizes, mut frames) = (Vec::new(), Vec::new());
        for bytes in modules {
            let both = Module::parse(bytes.clone())
                .and_then(|module| frame_sizes(&module))
                .map_err(Box::<dyn Error>::from)
                .and_then(|sizes| Ok((sizes, native(bytes, level, nan)?)));
            match both {
                Ok(both) => {
                    sizes.extend(both.0);
                    frames.extend(both.1);
                }
                Err(error) => say(&format!("{name}: {error}")),
            }
        }
        if csv {
            rows(name, setting, &sizes, &frames);
        } else {
            summary(name, setting, &sizes, &frames);
        }
    }
}

/// The bytes of native stack that each of the module's own functions takes.
fn native(bytes: &[u8], level: OptLevel, nan: bool) -> Result<Vec<u64>, Box<dyn Error>> {
    let mut config = Config::new();
    config.wasm_gc(true).wasm_function_references(true).wasm_exceptions(true).wasm_tail_call(true);
    config.wasm_memory64(true).wasm_multi_memory(true).wasm_extended_const(true);
    config.cranelift_opt_level(level).cranelift_nan_canonicalization(nan);
    let module = wasmtime::Module::from_binary(&Engine::new(&config)?, bytes)?;
    let text = module.text();
    let frame = |function: wasmtime::ModuleFunction| {
        let code = text.get(function.offset..).unwrap_or_default();
        frame(code.get(..function.len).unwrap_or_default())
    };
    Ok(module.functions().map(frame).collect())
}

/// Return address, base pointer and what `sub rsp` takes, on x86-64. A frame larger than a page is
/// probed before, page by page, by lesser subtractions.
fn frame(code: &[u8]) -> u64 {
    /// Prologues are shorter: the check of the limit, at most three probes, and the pushes.
    const PROLOGUE: usize = 160;
    let prologue = code.get(..PROLOGUE.min(code.len())).unwrap_or_default();
    let subtractions = prologue.windows(7).filter_map(|bytes| match *bytes {
        [0x48, 0x83, 0xec, short, ..] => Some(u64::from(short)),
        [0x48, 0x81, 0xec, a, b, c, d] => Some(u64::from(u32::from_le_bytes([a, b, c, d]))),
        _ => None,
    });
    16 + subtractions.max().unwrap_or(0)
}

fn rows(name: &str, setting: &str, sizes: &[FrameSize], frames: &[u64]) {
    for (at, (size, frame)) in sizes.iter().zip(frames).enumerate() {
        let FrameSize { locals, height, has_vectors, instructions, givens } = size;
        let vectors = u8::from(*has_vectors);
        say(&format!(
            "{name},{setting},{at},{locals},{height},{vectors},{instructions},{givens},{frame}"
        ));
    }
}

fn summary(name: &str, setting: &str, sizes: &[FrameSize], frames: &[u64]) {
    let ratio = |(size, frame): (&FrameSize, &u64)| *frame as f64 / size.words() as f64;
    let mut ratios: Vec<f64> = sizes.iter().zip(frames).map(ratio).collect();
    ratios.sort_by(f64::total_cmp);
    let at = |part: f64| ratios.get((ratios.len() as f64 * part) as usize).copied().unwrap_or(0.0);
    let greatest = ratios.last().copied().unwrap_or(0.0);
    let above = ratios.iter().filter(|ratio| **ratio > 64.0).count();
    let frame = frames.iter().max().copied().unwrap_or(0);
    say(&format!(
        "| {name} | {setting} | {} | {:.1} | {:.1} | {greatest:.1} | {above} | {frame} |",
        ratios.len(),
        at(0.5),
        at(0.999)
    ));
}

/// Prints a line; a reader that went away is no reason to panic.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
