//! What is run, in which forms, and how much more each form may cost.

use super::{Result, table::say};
use provenact::profile::{Pass, Profile};
use provenact::wasm::{Canonical, Module, SourceNote};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A module and its work.
pub struct Guest {
    pub name: &'static str,
    pub module: PathBuf,
    pub work: Work,
    /// Sides besides the untouched module, and the most that they may take in multiples of it.
    costs: &'static [(Side, Option<f64>)],
}

/// What one execution does.
pub enum Work {
    /// Calls the export `run`.
    Call(i32),
    /// Runs a command of WASI preview 1; the folder is its `/job`.
    Program { args: Vec<&'static str>, stdin: Vec<u8>, folder: Option<PathBuf> },
}

/// A form of the module.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Untouched,
    /// The untouched module; the engine canonicalizes NaNs.
    Flag,
    /// Encoded anew and otherwise the same: what it takes more or less is the luck of where code lies.
    Canonical,
    /// One pass alone.
    Only(Pass),
    Portable,
}

const NAN: Side = Side::Only(Pass::Nan);
const COUNTED: Side = Side::Only(Pass::Stack);
const PROGRAM: &[(Side, Option<f64>)] =
    &[(Side::Canonical, None), (COUNTED, Some(1.02)), (Side::Portable, Some(1.05))];

impl Guest {
    pub fn sides(&self) -> Vec<Side> {
        let costs = self.costs.iter().map(|(side, _)| *side);
        std::iter::once(Side::Untouched).chain(costs).collect()
    }

    /// The most that a side may take, in multiples of the untouched module.
    pub fn target(&self, side: Side) -> Option<f64> {
        self.costs.iter().find(|(one, _)| *one == side)?.1
    }
}

impl Side {
    pub fn name(self) -> &'static str {
        match self {
            Self::Untouched => "untouched",
            Self::Flag => "flag",
            Self::Canonical => "canonical",
            Self::Only(pass) => pass.name(),
            Self::Portable => "portable",
        }
    }

    /// The module in this form.
    pub fn module(self, source: &[u8]) -> Result<Vec<u8>> {
        let profile = match self {
            Self::Untouched | Self::Flag => return Ok(source.to_vec()),
            Self::Canonical => Profile::CANONICAL,
            Self::Only(wanted) => Pass::ALL
                .into_iter()
                .filter(|pass| *pass != wanted)
                .fold(Profile::PORTABLE, Profile::without),
            Self::Portable => Profile::PORTABLE,
        };
        let module = Module::parse(source.to_vec())?;
        let note = SourceNote::of("guest.wasm");
        Ok(Canonical::build(&module, profile, &note)?.canonical.into_bytes())
    }
}

/// Every guest; those whose module cannot be had are named and left out.
pub fn all() -> Result<Vec<Guest>> {
    let mut all = kernels()?;
    all.extend(programs()?);
    all.retain(|guest| {
        let there = guest.module.is_file();
        if !there {
            say(&format!("SKIPPED: {}: no {}", guest.name, guest.module.display()));
        }
        there
    });
    Ok(all)
}

/// Small programs that do one thing, each the hard case of a pass.
fn kernels() -> Result<Vec<Guest>> {
    let folder = folder("price");
    script("benches/price_running/guests.py", &folder)?;
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/price_running/guests");
    for name in ["fib", "fib_loop"] {
        let text = here.join(name).with_extension("wat");
        fs_err::write(folder.join(name).with_extension("wasm"), wat::parse_file(text)?)?;
    }
    let kernel = |name, file: &str, argument, costs| Guest {
        name,
        module: folder.join(file),
        work: Work::Call(argument),
        costs,
    };
    const fn floats(nan: Option<f64>) -> [(Side, Option<f64>); 3] {
        [(NAN, nan), (Side::Portable, None), (Side::Flag, None)]
    }
    const LOOSE: &[(Side, Option<f64>)] = &floats(Some(1.35));
    const CLOSE: &[(Side, Option<f64>)] = &floats(Some(1.15));
    const FREE: &[(Side, Option<f64>)] = &floats(None);
    Ok(vec![
        kernel("n-body", "n_body.wasm", 6_000_000, LOOSE),
        kernel("matrix", "matrix.wasm", 30, CLOSE),
        kernel("matrix by rows", "matrix_rows.wasm", 30, FREE),
        kernel("mandelbrot", "mandelbrot.wasm", 1000, LOOSE),
        kernel("fib(38)", "fib.wasm", 38, &[(COUNTED, Some(1.1)), (Side::Portable, None)]),
        kernel(
            "fib(38), a loop",
            "fib_loop.wasm",
            38,
            &[(COUNTED, Some(1.1)), (Side::Portable, None)],
        ),
    ])
}

/// Published programs, with work for a second or two.
fn programs() -> Result<Vec<Guest>> {
    let (programs, corpus, job) = (folder("programs"), folder("corpus"), folder("price/job"));
    script("tests/programs/fetch.py", &programs)?;
    script("tests/corpus/fetch.py", &corpus)?;
    fs_err::create_dir_all(&job)?;
    fs_err::write(job.join("main.php"), PHP)?;
    let program = |name, module: PathBuf, args: &[&'static str], stdin: Vec<u8>, has_job: bool| {
        let work =
            Work::Program { args: args.to_vec(), stdin, folder: has_job.then(|| job.clone()) };
        Guest { name, module, work, costs: PROGRAM }
    };
    let none = Vec::new;
    Ok(vec![
        program("python", programs.join("python.wasm"), &["python", "-c", PYTHON], none(), false),
        program("ruby", programs.join("ruby.wasm"), &["ruby", "-e", RUBY], none(), false),
        program(
            "php",
            programs.join("php.wasm"),
            &["php-cgi", "-q", "/job/main.php"],
            none(),
            true,
        ),
        program(
            "esbuild",
            programs.join("esbuild.wasm"),
            &["esbuild", "--loader=ts", "--minify"],
            typescript(),
            false,
        ),
        program(
            "boolector",
            corpus.join("boolector.wasm"),
            &["boolector", "--smt2"],
            FACTORS.into(),
            false,
        ),
    ])
}

const PYTHON: &str = "
import json
words = {}
for i in range(220000):
    words[str(i * 7919 % 10007)] = words.get(str(i % 5003), 0) + i
sieve = [True] * 400000
for i in range(2, 633):
    if sieve[i]:
        for j in range(i * i, len(sieve), i):
            sieve[j] = False
class Point:
    def __init__(self, x, y): self.x, self.y = x, y
    def turn(self, c, s): return Point(self.x * c - self.y * s, self.x * s + self.y * c)
p = Point(1.0, 0.0)
for i in range(150000):
    p = p.turn(0.8, 0.6)
print(sum(sieve), p.x, len(json.loads(json.dumps(words))), sorted(words)[:3])
";

const RUBY: &str = "
words = Hash.new(0)
200_000.times { |i| words[(i * 7919 % 10007).to_s] += i }
sieve = Array.new(400_000, true)
(2..632).each { |i| (i * i).step(sieve.size - 1, i) { |j| sieve[j] = false } if sieve[i] }
x, y = 1.0, 0.0
300_000.times { x, y = x * 0.8 - y * 0.6, x * 0.6 + y * 0.8 }
puts sieve.count(true), x, words.size, words.keys.sort.first(3).inspect
";

const PHP: &str = "<?php
$words = [];
for ($i = 0; $i < 900000; $i++) { $k = 'w' . ($i % 100000 * 7919 % 10007); $words[$k] = ($words[$k] ?? 0) + $i; }
$sieve = array_fill(0, 1500000, true);
for ($i = 2; $i * $i < 1500000; $i++) if ($sieve[$i]) for ($j = $i * $i; $j < 1500000; $j += $i) $sieve[$j] = false;
$x = 1.0; $y = 0.0;
for ($i = 0; $i < 3000000; $i++) { $t = $x * 0.8 - $y * 0.6; $y = $x * 0.6 + $y * 0.8; $x = $t; }
ksort($words);
echo count(array_filter($sieve)), ' ', $x, ' ', count($words), ' ', md5(json_encode($words)), PHP_EOL;
";

/// A few megabytes of TypeScript.
fn typescript() -> Vec<u8> {
    let mut text = String::new();
    for i in 0..6_000 {
        text += &format!(
            "export interface Shape{i} {{ readonly name: string; area(scale: number): number }}\n\
             export class Square{i} implements Shape{i} {{\n\
               private side = {i};\n\
               constructor(public readonly name: string, private other?: Square{i}) {{}}\n\
               area(scale: number): number {{\n\
                 const sides = [this.side, this.other?.side ?? {i}].map((side) => side * scale);\n\
                 if (sides.length > 2) {{ throw new Error(`no ${{this.name}}`) }}\n\
                 return sides.reduce((left, right) => left + right, 0 as number);\n\
               }}\n\
             }}\n"
        );
    }
    text.into_bytes()
}

/// Has the prime 1,000,000,007 two factors? It takes a search to say no.
const FACTORS: &str = "
(set-logic QF_BV)
(declare-fun p () (_ BitVec 40))
(declare-fun q () (_ BitVec 40))
(assert (= (bvmul p q) (_ bv1000000007 40)))
(assert (bvult p (_ bv65536 40)))
(assert (bvult q (_ bv65536 40)))
(assert (bvugt p (_ bv1 40)))
(assert (bvugt q p))
(check-sat)
(exit)
";

/// A folder below `target`.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(name)
}

/// Runs a script that fills `folder`; what it could not get or make, it says.
fn script(path: &str, folder: &Path) -> Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let output = Command::new("python3").arg(script).arg(folder).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.lines().filter(|line| line.starts_with("SKIP")).for_each(say);
    match output.status.code() {
        Some(0 | 3) => Ok(()),
        _ => Err(format!("{path}: {said}{}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}
