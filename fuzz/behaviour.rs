//! Random modules do the same before and after the passes, on every engine: the harness of
//! `tests/engines`, with modules that the fuzzer shapes.

#![expect(dead_code, reason = "the harness has more uses in tests/engines")]

#[path = "../tests/engines/engines.rs"]
mod engines;
#[path = "../tests/engines/host.rs"]
mod host;
#[path = "../tests/engines/on_wasmi.rs"]
mod on_wasmi;
#[path = "../tests/engines/on_wasmtime.rs"]
mod on_wasmtime;
#[path = "../tests/engines/random.rs"]
mod random;
#[path = "../tests/engines/rng.rs"]
mod rng;
#[path = "../tests/engines/seen.rs"]
mod seen;

use arbitrary::Unstructured;
use engines::{Engines, build, parallel};
use provenact::profile::Profile;
use rng::Rng;
use std::sync::OnceLock;

/// Fuel of one call: what does not end within it is compared up to there.
const FUEL: u64 = 100_000;

/// The rewritten module does what the original does, on four engines, call by call; its canonical
/// form is its own. The first eight bytes choose the language and the arguments, the others the module.
pub fn behaviour(bytes: &[u8]) -> bool {
    static ENGINES: OnceLock<Engines> = OnceLock::new();
    let Some((seed, bytes)) = bytes.split_first_chunk() else { return false };
    let mut rng = Rng::new(u64::from_le_bytes(*seed));
    let rich = rng.chance(1, 3);
    let config = random::config(&mut rng, rich);
    let Ok(module) = wasm_smith::Module::new(config, &mut Unstructured::new(bytes)) else {
        return false;
    };
    let original = module.to_bytes();
    super::module(&original);
    let engines = ENGINES.get_or_init(|| Engines::new(Some(FUEL), false));
    if engines.reference.functions(&original).is_err() {
        return false;
    }
    let portable = build(&original, Profile::PORTABLE).expect("what an engine takes can be built");
    let calls = random::script(engines, &original, &mut rng);
    // On a thread that has the native stack of the harness.
    let outcomes = parallel(1, |_| engines.judge(&original, &portable, &calls));
    let failures: Vec<&String> = outcomes.iter().flat_map(|outcome| &outcome.failures).collect();
    assert!(failures.is_empty(), "{failures:?}");
    true
}
