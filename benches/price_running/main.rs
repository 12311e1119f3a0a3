//! What the passes of the profile `portable` cost where the module runs: each side of a guest is
//! the same module, untouched or taken through some passes, on the same engine in the same process.
//!
//! `cargo bench --bench price_running [-- [--rounds N] [GUEST…]]` builds and fetches its guests
//! below `target`, compiles every side once, takes the sides in turn N times (9 unless told) and
//! prints ratios to the untouched module. Times are the processor's: what the thread ran, not what
//! it waited for. The side `flag` is the untouched module under Cranelift's own NaN flag; `canonical` is
//! it encoded anew, which shows what the place of code alone decides.

mod engine;
mod guests;
mod table;

use engine::Compiled;
use guests::{Guest, Side};
use std::error::Error;
use std::process::ExitCode;
use table::{Table, say};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Host stack for the guests; the engine's own limit for them is half of it.
const STACK: usize = 64 << 20;

fn main() -> ExitCode {
    let mut args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let done = options(&mut args).and_then(|rounds| {
        let bench = std::thread::Builder::new().stack_size(STACK);
        let bench = bench.spawn(move || bench_all(rounds, &args))?;
        bench.join().unwrap_or_else(|_| Err("the thread of the guests is gone".into()))
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Takes `--rounds N` out of `args`; what is left names guests.
fn options(args: &mut Vec<String>) -> Result<usize> {
    let Some(at) = args.iter().position(|arg| arg == "--rounds") else { return Ok(9) };
    let rounds = args.get(at + 1).ok_or("--rounds needs a number")?.parse()?;
    args.drain(at..at + 2);
    if rounds == 0 { Err("--rounds needs a number above 0".into()) } else { Ok(rounds) }
}

fn bench_all(rounds: usize, only: &[String]) -> Result<()> {
    let mut table = Table::new();
    for guest in guests::all()? {
        if only.is_empty() || only.iter().any(|one| guest.name.contains(one.as_str())) {
            bench(&guest, rounds, &mut table)?;
        }
    }
    table.print(rounds);
    Ok(())
}

/// Takes the sides of a guest in turn, each round beginning with another one.
fn bench(guest: &Guest, rounds: usize, table: &mut Table) -> Result<()> {
    let source = fs_err::read(&guest.module)?;
    let mut sides: Vec<(Side, Compiled, Vec<f64>)> = Vec::new();
    for side in guest.sides() {
        let compiled = Compiled::new(&side.module(&source)?, side == Side::Flag)?;
        sides.push((side, compiled, Vec::new()));
    }
    let mut result = None;
    for round in 0..=rounds {
        for at in 0..sides.len() {
            let at = (at + round) % sides.len();
            let Some((side, compiled, times)) = sides.get_mut(at) else { continue };
            let (seen, milliseconds) = compiled.run(&guest.work)?;
            if *result.get_or_insert_with(|| seen.clone()) != seen {
                return Err(format!("{}: {} gives another result", guest.name, side.name()).into());
            }
            // The first round fills the caches.
            if round > 0 {
                times.push(milliseconds);
            }
        }
    }
    let times: Vec<_> = sides.into_iter().map(|(side, _, times)| (side, times)).collect();
    table.guest(guest, &times);
    Ok(())
}
