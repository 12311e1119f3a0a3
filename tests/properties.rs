//! The fuzz properties, run on mutated vectors for a bounded number of rounds.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "../fuzz/properties.rs"]
mod properties;

use fs_err as fs;
use std::path::Path;

/// Mutations of each seed.
const ROUNDS: u64 = 40;

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

#[test]
fn parsers_hold_their_properties_on_mutated_vectors() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("testvectors");
    for (name, property, folders) in properties::ALL {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let mut seeds = 0_u64;
        for folder in *folders {
            let Ok(entries) = fs::read_dir(vectors.join(folder)) else { continue };
            let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
            paths.sort();
            for path in paths.iter().filter(|path| path.is_file()) {
                let Some(seed) = seed(path) else { continue };
                seeds += 1;
                property(&seed);
                for _ in 0..ROUNDS {
                    let mut bytes = seed.clone();
                    mutate(&mut bytes, &mut random);
                    property(&bytes);
                }
            }
        }
        assert!(seeds > 0, "{name} has no seeds");
        println!("{name}: {seeds} seeds, {} inputs", seeds * (ROUNDS + 1));
    }
}
