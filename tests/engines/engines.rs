//! All engines together: one program on each, and what they must agree about.

use super::on_wasmi::Wasmi;
use super::on_wasmtime::{Fuel, Kind, Machine, NATIVE_STACK, SMALL_STACK};
use super::seen::{Call, Ending, GaveUp, Seen};
use provenact::profile::Profile;
use provenact::wasm::{Canonical, Module, SourceNote};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use wasmparser::{Operator, Payload};

/// The engines, ready to run programs that end by themselves, or with fuel.
pub struct Engines {
    /// The first decides how far a script is run.
    machines: Vec<Machine>,
    wasmi: Option<Wasmi>,
    /// The deterministic profile of the specification, for programs as they were written.
    pub reference: Machine,
}

/// What all engines show of one program.
pub struct Runs {
    /// By the engine's name; the first decided which calls end.
    pub all: Vec<(String, Seen)>,
    /// The calls that were made.
    pub calls: Vec<Call>,
    /// Why calls were left out.
    pub gave_up: Vec<GaveUp>,
}

impl Runs {
    /// Whether some engine shows something else than the first.
    pub fn differ(&self) -> bool {
        self.all.iter().any(|(_, seen)| self.all[0].1.same_as(seen).is_err())
    }
}

/// Found by these tests in wasmi 2.0.0: a local that waits on the operand stack below the
/// parameters of a loop is not kept when the loop assigns it, and `select` of vectors by `i32.eqz`
/// takes the other one. `defects_of_wasmi` shows both; when it fails, this exception is over.
pub const WASMI_DEFECT: &str = "wasmi differs: its defects with loop parameters and negated select";

/// Whether the module has what those defects need.
fn has_defects_of_wasmi(wasm: &[u8]) -> bool {
    let mut negated = false;
    let found = operators(wasm, |operator| {
        let is_select = matches!(operator, Operator::Select | Operator::TypedSelect { .. });
        let is_found = negated && is_select;
        negated = matches!(operator, Operator::I32Eqz);
        is_found
    });
    found || has_loop_parameters(wasm)
}

/// Whether `found` says yes to an instruction; it is asked in the order of the text.
pub fn operators(wasm: &[u8], mut found: impl FnMut(&Operator<'_>) -> bool) -> bool {
    wasmparser::Parser::new(0).parse_all(wasm).any(|payload| match payload.unwrap() {
        Payload::CodeSectionEntry(body) => body
            .get_operators_reader()
            .unwrap()
            .into_iter()
            .any(|operator| found(&operator.unwrap())),
        _ => false,
    })
}

/// Whether a loop takes parameters.
fn has_loop_parameters(wasm: &[u8]) -> bool {
    // A type by index has parameters or several results.
    operators(wasm, |operator| {
        matches!(operator, Operator::Loop { blockty: wasmparser::BlockType::FuncType(_) })
    })
}

/// Whether relaxed multiply and add occurs.
fn fuses(wasm: &[u8]) -> bool {
    operators(wasm, |operator| {
        matches!(
            operator,
            Operator::F32x4RelaxedMadd
                | Operator::F32x4RelaxedNmadd
                | Operator::F64x2RelaxedMadd
                | Operator::F64x2RelaxedNmadd
        )
    })
}

/// What a module is rewritten to.
pub fn build(wasm: &[u8], profile: Profile) -> Result<Vec<u8>, provenact::wasm::Error> {
    let module = Module::parse(wasm.to_vec())?;
    let note = SourceNote::of("test.wasm");
    Ok(Canonical::build(&module, profile, &note)?.canonical.into_bytes())
}

/// What came of one program.
#[derive(Default)]
pub struct Outcome {
    /// Disagreements, each a line.
    pub failures: Vec<String>,
    /// Steps in which all engines agreed.
    pub steps: usize,
    /// Engines that gave up, or did not take the module: name and reason.
    pub left_out: Vec<String>,
    /// Steps in which the rewritten program was held to the original.
    pub original: usize,
    pub overflowed: bool,
}

impl Engines {
    /// With wasmi, or with the engines that take garbage collection and exceptions.
    pub fn new(fuel: Fuel, with_wasmi: bool) -> Self {
        let kinds = [Kind::Speed, Kind::Fast, Kind::Deterministic, Kind::Pulley];
        Self {
            machines: kinds.map(|kind| Machine::new(kind, fuel, NATIVE_STACK)).into(),
            wasmi: with_wasmi.then(|| Wasmi::new(fuel.map(|fuel| fuel * 8))),
            reference: Machine::new(Kind::Deterministic, fuel, SMALL_STACK),
        }
    }

    /// What each engine shows of `wasm`, the calls at which none gave up, and reasons of the first.
    pub fn run(&self, wasm: &[u8], calls: &[Call]) -> Runs {
        let (first, others) = self.machines.split_first().unwrap();
        let (seen, calls, gave_up) = first.run_what_ends(wasm, calls.to_vec());
        let mut all = vec![(first.name.clone(), seen)];
        if all[0].1.gave_up().is_none() {
            for machine in others {
                all.push((machine.name.clone(), machine.run(wasm, &calls)));
            }
            if let Some(wasmi) = &self.wasmi {
                all.push(("wasmi".to_owned(), wasmi.run(wasm, &calls)));
            }
        }
        Runs { all, calls, gave_up }
    }

    /// What each engine shows of `wasm`, where one gives up included.
    pub fn run_unpruned(&self, wasm: &[u8], calls: &[Call]) -> Vec<(String, Seen)> {
        let mut all: Vec<_> = self
            .machines
            .iter()
            .map(|machine| (machine.name.clone(), machine.run(wasm, calls)))
            .collect();
        if let Some(wasmi) = &self.wasmi {
            all.push(("wasmi".to_owned(), wasmi.run(wasm, calls)));
        }
        all
    }

    /// Holds `portable`, the rewriting of `original`, to what it promises.
    pub fn judge(&self, original: &[u8], portable: &[u8], calls: &[Call]) -> Outcome {
        let Runs { all, calls, gave_up } = self.run(portable, calls);
        let (_, first) = &all[0];
        let mut outcome = Outcome { steps: first.steps.len(), ..Outcome::default() };
        outcome.overflowed = first.overflowed();
        outcome.left_out.extend(gave_up.iter().map(|why| format!("first gave up: {why:?}")));
        for (name, seen) in &all {
            if let Some(why) = &seen.refused {
                outcome.left_out.push(format!("{name} refuses: {why}"));
                if name != "wasmi" {
                    outcome.failures.push(format!("{name} refuses: {why}"));
                }
                continue;
            }
            if name != &all[0].0
                && let Some(why) = seen.gave_up()
            {
                outcome.left_out.push(format!("{name} gave up: {why:?}"));
            }
            match first.same_as(seen) {
                Ok(steps) => outcome.steps = outcome.steps.min(steps),
                Err(_) if name == "wasmi" && has_defects_of_wasmi(portable) => {
                    outcome.left_out.push(WASMI_DEFECT.to_owned());
                }
                Err(what) => outcome.failures.push(format!("{} / {name}: {what}", all[0].0)),
            }
        }
        // A call that returns leaves the counter as it was.
        for (at, pair) in first.steps.windows(2).enumerate() {
            let returned = matches!(pair[1].ending, Ending::Returned(_));
            if returned && pair[0].counter != pair[1].counter {
                let (was, is) = (&pair[0].counter, &pair[1].counter);
                outcome
                    .failures
                    .push(format!("call {at} leaves the counter at {is:?}, it was {was:?}"));
            }
        }
        if fuses(original) {
            outcome.left_out.push("original: Cranelift fuses relaxed multiply and add".to_owned());
        } else {
            self.original(original, first, &calls, &mut outcome);
        }
        outcome
    }

    /// In which manner the program fails first, if it does; no engine runs longer than needed.
    pub fn manner(&self, original: &[u8], calls: &[Call]) -> Option<String> {
        let portable = match build(original, Profile::PORTABLE) {
            Ok(portable) => portable,
            Err(_) => return Some("build".to_owned()),
        };
        let mut first = self.machines[0].run(&portable, calls);
        let counted = first.clone();
        first.steps.iter_mut().for_each(|step| step.counter = None);
        if first.same_as(&self.reference.run(original, calls)).is_err() {
            return Some("original".to_owned());
        }
        let differs = |seen: Seen| counted.same_as(&seen).is_err();
        if self.wasmi.as_ref().is_some_and(|wasmi| differs(wasmi.run(&portable, calls))) {
            return Some("wasmi".to_owned());
        }
        let others = &self.machines[1..];
        let other = others.iter().find(|machine| differs(machine.run(&portable, calls)))?;
        Some(other.name.clone())
    }

    /// The rewritten program does what the original does under the deterministic profile, up to
    /// an overflow of either stack.
    fn original(&self, original: &[u8], portable: &Seen, calls: &[Call], outcome: &mut Outcome) {
        let mut portable = portable.clone();
        portable.steps.iter_mut().for_each(|step| step.counter = None);
        if let Some(at) = portable.steps.iter().position(|step| step.overflowed) {
            portable.steps.truncate(at);
        }
        let calls = &calls[..calls.len().min(portable.steps.len().saturating_sub(1))];
        let seen = self.reference.run(original, calls);
        if let Some(why) = &seen.refused {
            outcome.failures.push(format!("the original is refused: {why}"));
        }
        match seen.same_as(&portable) {
            Ok(steps) => outcome.original = steps,
            Err(what) => outcome.failures.push(format!("original / portable: {what}")),
        }
    }
}

/// Sums over many programs.
#[derive(Default)]
pub struct Tally {
    pub programs: usize,
    pub steps: usize,
    pub original: usize,
    pub overflowed: usize,
    pub left_out: BTreeMap<String, usize>,
    pub failures: Vec<String>,
}

impl Tally {
    pub fn add(&mut self, outcome: Outcome) {
        self.programs += 1;
        self.steps += outcome.steps;
        self.original += outcome.original;
        self.overflowed += usize::from(outcome.overflowed);
        for why in outcome.left_out {
            *self.left_out.entry(why.chars().take(100).collect()).or_default() += 1;
        }
        self.failures.extend(outcome.failures);
    }

    /// Prints the sums; fails if there were failures.
    pub fn report(&self, what: &str) {
        println!(
            "{what}: {} programs, {} steps equal on all engines, {} equal to the original, {} with \
             an overflow of the logical stack, {} failures",
            self.programs,
            self.steps,
            self.original,
            self.overflowed,
            self.failures.len()
        );
        for (why, count) in &self.left_out {
            println!("  left out: {count} times {why}");
        }
        let mut text = String::new();
        for failure in self.failures.iter().take(12) {
            writeln!(text, "  {failure}").unwrap();
        }
        assert!(self.failures.is_empty(), "{what}: {} failures\n{text}", self.failures.len());
        let excused = self.left_out.get(WASMI_DEFECT).copied().unwrap_or_default();
        assert!(excused * 20 <= self.programs, "{what}: {excused} times wasmi alone differs");
    }

    pub fn count(&self, why: GaveUp) -> usize {
        let text = format!("gave up: {why:?}");
        self.left_out.iter().filter(|(key, _)| key.ends_with(&text)).map(|(_, count)| count).sum()
    }
}

/// Where files for looking at a failure are put.
pub fn keep(name: &str, bytes: &[u8]) -> PathBuf {
    let folder = option_env!("CARGO_TARGET_TMPDIR").unwrap_or(".");
    let path = Path::new(folder).join(format!("engines-{name}"));
    fs_err::write(&path, bytes).unwrap();
    path
}

/// Rewrites `original`, holds it to what it promises, and keeps both when it does not.
pub fn try_one(engines: &Engines, name: &str, original: &[u8], calls: &[Call]) -> Outcome {
    let portable = match build(original, Profile::PORTABLE) {
        Ok(portable) => portable,
        Err(error) => {
            let path = keep(&format!("{name}.wasm"), original);
            let text = format!("{}: build: {error}", path.display());
            return Outcome { failures: vec![text], ..Outcome::default() };
        }
    };
    let mut outcome = engines.judge(original, &portable, calls);
    if !outcome.failures.is_empty() {
        let path = keep(&format!("{name}.wasm"), original);
        keep(&format!("{name}.portable.wasm"), &portable);
        keep(&format!("{name}.calls"), format!("{calls:#?}").as_bytes());
        for failure in &mut outcome.failures {
            *failure = format!("{}: {failure}", path.display());
        }
    }
    outcome
}

/// Does `work` for each number below `count`, and adds what comes of it.
pub fn each(count: usize, work: impl Fn(usize) -> Outcome + Sync) -> Tally {
    let mut tally = Tally::default();
    parallel(count, work).into_iter().for_each(|outcome| tally.add(outcome));
    // Wrong results before builds that fail.
    tally.failures.sort_by_key(|text| (text.contains(": build: "), text.clone()));
    tally
}

/// Does `work` for each number below `count` in two threads with native stacks above every limit;
/// the results are in order.
pub fn parallel<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            let worker = || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let result = work(number);
                    results.lock().unwrap().insert(number, result);
                }
            };
            let thread = std::thread::Builder::new().stack_size(NATIVE_STACK + (64 << 20));
            thread.spawn_scoped(scope, worker).unwrap();
        }
    });
    results.into_inner().unwrap().into_values().collect()
}

/// Whether the long version of each test was asked for.
#[expect(clippy::disallowed_methods, reason = "tests may be told to take longer")]
pub fn slow() -> bool {
    std::env::var_os("PROVENACT_SLOW").is_some()
}

/// How many programs to try: less without optimisation, more when asked for.
pub fn scaled(normal: usize, slow_count: usize) -> usize {
    match (slow(), cfg!(debug_assertions)) {
        (true, _) => slow_count,
        (false, true) => normal.div_ceil(4),
        (false, false) => normal,
    }
}
