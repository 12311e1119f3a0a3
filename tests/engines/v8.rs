//! V8, by way of Node: an optimising and a baseline compiler that share nothing with the others.

use super::engines::{build, keep, parallel, scaled};
use super::on_wasmtime::{Kind, Machine, NATIVE_STACK};
use super::seen::{Call, Ending, Step, Trap, Value};
use super::{floats, recursion, relaxed};
use provenact::profile::Profile;
use std::path::Path;
use std::process::Command;

/// Kilobytes of stack for V8, more than the logical limit allows.
const STACK: usize = 1 << 18;

/// What V8 shows of `calls`, a line for each.
fn in_v8(wasm: &Path, calls: &[String]) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engines/v8.js");
    // The stack of the main thread is what the shell allows.
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("ulimit -s unlimited && exec node --stack-size={STACK} \"$@\""));
    command.arg("sh").arg(script).arg(wasm).args(calls);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "node: {} {said}", wasm.display());
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Whether there is a node that knows tail calls, said aloud if not.
fn has_node() -> bool {
    const LEAST: u32 = 20;
    let version = Command::new("node").arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let version = version.unwrap_or_default();
    let major = version.trim_start_matches('v').split('.').next().unwrap().parse::<u32>();
    if major.is_ok_and(|major| major >= LEAST) {
        println!("V8 of node {version}");
        return true;
    }
    println!("SKIPPED: no node of version {LEAST} or later; nothing was compared with V8");
    false
}

/// The same lines for another engine as the script prints for V8.
fn lines(machine: &Machine, wasm: &[u8], calls: &[String]) -> Vec<String> {
    let calls: Vec<_> = calls
        .iter()
        .map(|call| match call.split_once('=') {
            Some((export, number)) => {
                let args = vec![Value::I32(number.parse().unwrap()), Value::I32(1)];
                Call { export: export.to_owned(), args }
            }
            None => Call { export: call.clone(), args: Vec::new() },
        })
        .collect();
    machine.run(wasm, &calls).steps[1..].iter().map(line).collect()
}

fn line(step: &Step) -> String {
    let mut seen = vec![match &step.ending {
        Ending::Returned(values) => match values.as_slice() {
            [Value::I32(value)] => format!("returned {value}"),
            _ => "returned".to_owned(),
        },
        Ending::Trapped(Trap::Unreachable) => "trap unreachable".to_owned(),
        other => format!("{other:?}"),
    }];
    seen.extend(
        step.memories.iter().map(|(_, _, digest)| {
            digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        }),
    );
    for (name, value) in &step.globals {
        if let (true, Value::I64(value)) = (["count", "sum"].contains(&name.as_str()), value) {
            seen.push(format!("{name} {value}"));
        }
    }
    seen.push(if step.overflowed { "overflow" } else { "no overflow" }.to_owned());
    seen.join("; ")
}

fn compare(name: &str, programs: &[String], calls: &[String]) {
    if !has_node() {
        return;
    }
    let machine = Machine::new(Kind::Speed, None, NATIVE_STACK);
    let results = parallel(programs.len(), |at| {
        let original = wat::parse_str(&programs[at]).unwrap();
        let wasm = build(&original, Profile::PORTABLE).unwrap();
        let path = keep(&format!("v8-{name}-{at}.wasm"), &wasm);
        let ours = lines(&machine, &wasm, calls);
        (path.clone(), ours, in_v8(&path, calls))
    });
    let mut overflows = 0;
    for (path, ours, theirs) in results {
        assert_eq!(ours, theirs, "{}", path.display());
        overflows += usize::from(ours.iter().any(|line| line.ends_with("; overflow")));
        fs_err::remove_file(path).unwrap();
    }
    println!("V8, {name}: {} programs agree, {overflows} overflow", programs.len());
}

#[test]
fn nans_are_the_same_in_v8() {
    let programs: Vec<_> = (0..scaled(40, 400)).map(|seed| floats::text(seed as u64)).collect();
    compare("floats", &programs, &["drive".to_owned(), "drive".to_owned()]);
}

#[test]
fn relaxed_operators_take_the_same_choice_in_v8() {
    let programs: Vec<_> = (0..scaled(40, 400)).map(|seed| relaxed::program(seed as u64)).collect();
    compare("relaxed SIMD", &programs, &["drive".to_owned()]);
}

#[test]
fn recursion_overflows_at_the_same_call_in_v8() {
    let programs: Vec<_> =
        (0..scaled(40, 400)).map(|seed| recursion::program(seed as u64, false)).collect();
    let calls = ["f0=3", "f0=500", "f0=300000", "f0=5", "f0=300000"].map(str::to_owned);
    compare("recursion", &programs, &calls);
}
