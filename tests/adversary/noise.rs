//! Writes a canonical module in another way, by chance: the same program with every freedom of the
//! encoding taken somehow. Nothing here comes from the code under test.

mod code;
mod sections;
mod types;

use crate::random::Random;
use provenact::wasm::Freedom;
use std::collections::BTreeMap;
use std::ops::Range;

/// A variant of a module, and how often each freedom was taken in it.
pub struct Variant {
    pub bytes: Vec<u8>,
    pub taken: [u64; Freedom::ALL.len()],
}

/// A variant of `canonical`, the `seed`th.
pub fn variant(canonical: &[u8], seed: u64) -> Variant {
    let mut noise = Noise {
        old: canonical,
        at: 8,
        out: Vec::new(),
        random: Random::new(seed),
        levels: [0; Freedom::ALL.len()],
        taken: [0; Freedom::ALL.len()],
        names: Vec::new(),
        own: None,
        signatures: BTreeMap::new(),
        selects: code::selects(canonical),
    };
    for level in &mut noise.levels {
        // Some freedoms not at all, some everywhere.
        *level = [0, 5, 30, 100][noise.random.below(4)];
    }
    let bytes = noise.module();
    Variant { bytes, taken: noise.taken }
}

struct Noise<'m> {
    old: &'m [u8],
    at: usize,
    out: Vec<u8>,
    random: Random,
    /// Of 100 places at which a freedom could be taken, how many take it.
    levels: [usize; Freedom::ALL.len()],
    taken: [u64; Freedom::ALL.len()],
    /// The new indices of each type.
    names: Vec<Vec<u32>>,
    /// Old and new index of the first type of the group that is written, and its length.
    own: Option<(u32, u32, u32)>,
    /// The new indices of function types, by their bytes in the old module.
    signatures: BTreeMap<Vec<u8>, Vec<u32>>,
    /// The type of each `select` on numbers or vectors.
    selects: BTreeMap<usize, u8>,
}

impl Noise<'_> {
    fn takes(&mut self, freedom: Freedom) -> bool {
        let takes = self.random.below(100) < self.levels[freedom as usize];
        self.taken[freedom as usize] += u64::from(takes);
        takes
    }

    fn module(&mut self) -> Vec<u8> {
        let mut sections: BTreeMap<u8, Range<usize>> = BTreeMap::new();
        let mut customs = Vec::new();
        while self.at < self.old.len() {
            let start = self.at;
            let id = self.read();
            let size = self.read_u() as usize;
            let range = self.at..self.at + size;
            self.at = range.end;
            if id == 0 {
                customs.push(start..range.end);
            } else {
                sections.insert(id, range);
            }
        }
        let mut pieces = Vec::new();
        for id in [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11] {
            let range = sections.get(&id).cloned();
            let count = sections.get(&11).map(|data| self.count(data.start));
            let count = count.filter(|_| id == 12 && range.is_none());
            if let Some(count) = count.filter(|_| self.takes(Freedom::DataCount)) {
                self.put_u(count, 5);
                pieces.push(self.section(id));
            }
            let Some(range) = range else {
                if id != 8 && id != 12 && self.takes(Freedom::EmptySections) {
                    self.put_u(0, 5);
                    pieces.push(self.section(id));
                }
                continue;
            };
            self.at = range.start;
            self.contents(id);
            assert_eq!(self.at, range.end, "section {id}");
            pieces.push(self.section(id));
        }
        self.customs(&customs, &mut pieces);
        [b"\0asm\x01\0\0\0".to_vec(), pieces.concat()].concat()
    }

    /// Puts the custom sections somewhere, some twice, and others between them.
    fn customs(&mut self, customs: &[Range<usize>], pieces: &mut Vec<Vec<u8>>) {
        for custom in customs {
            let twice = self.takes(Freedom::CustomSections);
            for _ in 0..=u8::from(twice) {
                self.at = custom.start + 1;
                let size = self.read_u() as usize;
                let end = self.at + size;
                let name = self.read_u();
                self.put_u(name, 5);
                self.out.extend(&self.old[self.at..end]);
                let is_first = self.old[self.at..end].starts_with(b"dylink.0");
                let to = if is_first || twice {
                    self.random.below(pieces.len() + 1)
                } else {
                    pieces.len()
                };
                let piece = self.section(0);
                pieces.insert(to, piece);
            }
        }
        while self.takes(Freedom::CustomSections) && self.random.below(8) > 0 {
            let names =
                ["name", "producers", "target_features", ".debug_info", "metadata.code.x", "x", ""];
            let name = names[self.random.below(names.len())];
            self.put_u(name.len() as u64, 5);
            self.out.extend(name.as_bytes());
            for _ in 0..self.random.below(20) {
                let byte = self.random.below(256) as u8;
                self.out.push(byte);
            }
            let piece = self.section(0);
            let to = self.random.below(pieces.len() + 1);
            pieces.insert(to, piece);
        }
    }

    /// A section with what was written so far.
    fn section(&mut self, id: u8) -> Vec<u8> {
        let contents = std::mem::take(&mut self.out);
        self.out.push(id);
        self.put_u(contents.len() as u64, 5);
        [std::mem::take(&mut self.out), contents].concat()
    }

    // Bytes and numbers.

    fn read(&mut self) -> u8 {
        self.at += 1;
        self.old[self.at - 1]
    }

    fn byte(&mut self) -> u8 {
        let byte = self.read();
        self.out.push(byte);
        byte
    }

    fn copy(&mut self, length: usize) {
        self.out.extend(&self.old[self.at..self.at + length]);
        self.at += length;
    }

    fn string(&mut self) {
        let length = self.u(5);
        self.copy(length as usize);
    }

    fn count(&self, at: usize) -> u64 {
        let mut reader = wasmparser::BinaryReader::new(&self.old[at..], 0);
        reader.read_var_u64().unwrap()
    }

    fn read_u(&mut self) -> u64 {
        let mut reader = wasmparser::BinaryReader::new(&self.old[self.at..], 0);
        let value = reader.read_var_u64().unwrap();
        self.at += reader.original_position();
        value
    }

    fn read_s(&mut self) -> i64 {
        let mut reader = wasmparser::BinaryReader::new(&self.old[self.at..], 0);
        let value = reader.read_var_i64().unwrap();
        self.at += reader.original_position();
        value
    }

    fn u(&mut self, greatest: usize) -> u64 {
        let value = self.read_u();
        self.put_u(value, greatest);
        value
    }

    fn s(&mut self, greatest: usize) {
        let value = self.read_s();
        self.put_s(value, greatest);
    }

    /// Writes an unsigned integer in at most `greatest` bytes.
    fn put_u(&mut self, value: u64, greatest: usize) {
        let shortest = (1..10).find(|n| value >> (7 * n) == 0).unwrap_or(10);
        self.number(shortest, greatest, |at| if at < 10 { value >> (7 * at) } else { 0 });
    }

    /// Writes a signed integer in at most `greatest` bytes.
    fn put_s(&mut self, value: i64, greatest: usize) {
        let fits = |n: &usize| (value >> (7 * n - 1)) == 0 || (value >> (7 * n - 1)) == -1;
        let shortest = (1..10).find(fits).unwrap_or(10);
        self.number(shortest, greatest, |at| (value >> (7 * at).min(63)) as u64);
    }

    fn number(&mut self, shortest: usize, greatest: usize, part: impl Fn(usize) -> u64) {
        let mut length = shortest;
        if shortest < greatest && self.takes(Freedom::Leb128) {
            length += 1 + self.random.below(greatest - shortest);
        }
        for at in 0..length {
            let more = if at + 1 < length { 0x80 } else { 0 };
            self.out.push((part(at) & 0x7f) as u8 | more);
        }
    }
}
