//! The fuzz properties, run on mutated seeds for a bounded number of rounds.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

#[path = "../fuzz/properties.rs"]
mod properties;

use fs_err as fs;
use properties::Property;
use std::path::{Path, PathBuf};

/// A small deterministic generator (xorshift64*): the same mutations on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d);
        (value >> 33) as usize % limit.max(1)
    }
}

/// The bytes under test of a vector: behind the header of a `.vec`, compiled for a `.wat`.
fn seed(path: &Path) -> Option<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    if path.extension().is_some_and(|end| end == "wat") {
        return wat::parse_bytes(&bytes).ok().map(Into::into);
    }
    let has_header = bytes.starts_with(b"expect:");
    let body = bytes.windows(2).position(|pair| pair == b"\n\n").map(|at| at + 2);
    Some(bytes[if has_header { body? } else { 0 }..].to_vec())
}

fn mutate(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let (at, to) = (random.below(bytes.len()), random.below(bytes.len()));
        match random.below(6) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 if !bytes.is_empty() => bytes[at] = random.below(256) as u8,
            2 => bytes.insert(at.min(bytes.len()), random.below(256) as u8),
            3 if !bytes.is_empty() => {
                bytes.remove(at);
            }
            4 => bytes.truncate(at),
            _ if at < to => {
                let copy = bytes[at..to].to_vec();
                bytes.splice(to..to, copy);
            }
            _ => {}
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.is_file());
    paths
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The seeds that the fuzzer starts with.
fn own_seeds(of: &Property) -> Vec<Vec<u8>> {
    let paths = files(&root().join("fuzz/seeds").join(of.name));
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Tries every seed and its mutations.
fn holds(of: &Property) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let vectors = of.vectors.iter().flat_map(|name| files(&root().join("testvectors").join(name)));
    let seeds = own_seeds(of).into_iter().chain(vectors.filter_map(|path| seed(&path)));
    let (mut inputs, mut taken) = (0, 0);
    let mut tried = |bytes: &[u8]| {
        inputs += 1;
        taken += u64::from((of.holds)(bytes));
    };
    for seed in seeds {
        tried(&seed);
        for _ in 0..of.rounds {
            let mut bytes = seed.clone();
            mutate(&mut bytes, &mut random);
            tried(&bytes);
        }
    }
    assert!(inputs > 0, "{} has no seeds", of.name);
    println!("{}: {inputs} inputs, {taken} taken", of.name);
}

/// Two at a time: one thread takes the parsers, one the guests.
#[test]
fn parsers_hold_their_properties_on_mutated_seeds() {
    properties::ALL.iter().filter(|of| !of.is_of_guests()).for_each(holds);
}

#[test]
fn random_guests_hold_their_properties() {
    properties::ALL.iter().filter(|of| of.is_of_guests()).for_each(holds);
}

#[test]
fn every_seed_of_the_fuzzer_is_taken() {
    let mut bytes = 0;
    for of in properties::ALL {
        let seeds = own_seeds(of);
        assert!(!seeds.is_empty(), "fuzz/seeds/{} is empty", of.name);
        bytes += seeds.iter().map(Vec::len).sum::<usize>();
        let taken = seeds.iter().filter(|seed| (of.holds)(seed)).count();
        assert_eq!(taken, seeds.len(), "fuzz/seeds/{}: some are not taken", of.name);
    }
    assert!(bytes < 50 << 10, "fuzz/seeds holds {bytes} bytes");
}

/// One list: every property is a target, and every target a property.
#[test]
fn every_property_is_a_target() {
    let names: Vec<String> = properties::ALL.iter().map(|of| format!("{}.rs", of.name)).collect();
    let targets = files(&root().join("fuzz/fuzz_targets"));
    let found: Vec<_> =
        targets.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(sorted, found);
    let manifest: toml::Table =
        fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap().parse().unwrap();
    let listed: Vec<_> = manifest["bin"].as_array().unwrap().iter().collect();
    let listed = listed.iter().map(|bin| format!("{}.rs", bin["name"].as_str().unwrap()));
    assert_eq!(listed.collect::<Vec<_>>(), names);
    for name in names {
        let text = fs::read_to_string(root().join("fuzz/fuzz_targets").join(&name)).unwrap();
        let call = format!("properties::{}(bytes)", name.trim_end_matches(".rs"));
        assert!(text.contains(&call), "{name} calls another property");
    }
}
