//! The sections of a trace, taken apart and sealed again (`spec/trace.md`, "Sections").

use provenact::digest::{Sha256, TraceDigest};
use provenact::wire::{self, put_u64};

/// Magic and version.
const START: &[u8] = b"\0pvtrace\x01\x00";
/// What the program compresses with.
const LEVEL: i32 = -1;

pub const HEADER: u8 = 1;
pub const BATCH: u8 = 3;
pub const END: u8 = 4;

/// A section: its kind and its payload before compression.
pub type Section = (u8, Vec<u8>);

/// A trace as whoever can hash makes it.
pub struct Sealed {
    pub bytes: Vec<u8>,
    pub digest: TraceDigest,
}

/// Hashes sections as a writer does.
pub fn seal(sections: &[Section]) -> Sealed {
    let bytes = write(sections, &[]);
    Sealed { digest: TraceDigest::of(&bytes), bytes }
}

/// The sections with the hashes that stood there before they were changed.
pub fn unsealed(sections: &[Section], hashes: &[(u8, [u8; 32])]) -> Vec<u8> {
    write(sections, hashes)
}

fn write(sections: &[Section], hashes: &[(u8, [u8; 32])]) -> Vec<u8> {
    let mut bytes = START.to_vec();
    for (kind, payload) in sections {
        let packed = zstd::bulk::compress(payload, LEVEL).unwrap();
        let stored = if packed.len() < payload.len() { &packed } else { payload };
        bytes.push(*kind);
        put_u64(&mut bytes, payload.len() as u64);
        put_u64(&mut bytes, stored.len() as u64);
        bytes.extend_from_slice(stored);
        let old = hashes.iter().find(|(of, _)| of == kind).map(|(_, hash)| *hash);
        let hash = old.unwrap_or_else(|| {
            let mut hash = Sha256::new();
            hash.update(&bytes);
            hash.finish()
        });
        bytes.extend_from_slice(&hash);
    }
    bytes
}

/// Takes a trace apart: sections, and the hash that stands behind each.
pub fn parse(bytes: &[u8]) -> (Vec<Section>, Vec<(u8, [u8; 32])>) {
    let mut reader = wire::Reader::starting_at(bytes, START.len());
    let (mut sections, mut hashes) = (Vec::new(), Vec::new());
    while !reader.is_empty() {
        let kind = reader.u8("kind").unwrap();
        let raw = reader.u64("raw").unwrap() as usize;
        let stored = reader.u64("stored").unwrap() as usize;
        let stored = reader.take(stored, "payload").unwrap();
        let payload = if stored.len() == raw {
            stored.to_vec()
        } else {
            zstd::bulk::decompress(stored, raw).unwrap()
        };
        sections.push((kind, payload));
        hashes.push((kind, reader.array("hash").unwrap()));
    }
    (sections, hashes)
}
