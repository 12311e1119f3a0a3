//! The trace: the log of every answer a guest got (`spec/trace.md`).
//!
//! [`Writer`] and [`Reader`] take any byte stream and never open files. Both do the heavy work
//! (compression, hashing, input and output) on a thread of their own, so that the guest's thread
//! only encodes or decodes events. The encoding of an event stands once, in `event.rs`, and serves
//! both ways.

mod error;
mod event;
mod header;
mod reader;
mod section;
#[cfg(test)]
mod tests;
mod writer;

pub use error::{Error, Problem};
pub use event::{Event, EventRef, Handed, MAX_RANGES};
pub use header::{Attested, End, Header, Material, MaterialName, Salt};
pub use reader::Reader;
pub use section::{Seal, Version};
pub use writer::Writer;

#[cfg(test)]
mod bench {
    use super::*;
    use std::time::Instant;

    fn read_timed(bytes: Vec<u8>) -> (u64, f64) {
        let t = Instant::now();
        let mut reader = Reader::open(std::io::Cursor::new(bytes)).unwrap();
        let mut n = 0u64;
        let mut s = 0u64;
        while let Some(e) = reader.next().unwrap() {
            n += 1;
            s = s.wrapping_add(e.written().iter().map(|r| r.len() as u64).sum::<u64>());
            s = s.wrapping_add(u64::from(*e.written()[0].last().unwrap_or(&0)));
        }
        std::hint::black_box(s);
        (n, t.elapsed().as_secs_f64())
    }

    fn imports() -> Header {
        Header {
            module: crate::digest::ModuleDigest::of(b""),
            manifest: crate::digest::ManifestDigest::of(b""),
            attestation: None,
            entrypoint: "_start".into(),
            arguments: vec![],
            environment: vec![],
            grants: vec![],
            policy: None,
            salt: Salt::from_bytes([0; 32]),
            imports: vec![
                ["wasi_snapshot_preview1".into(), "clock_time_get".into()],
                ["wasi_snapshot_preview1".into(), "fd_read".into()],
            ],
        }
    }

    #[test]
    fn bench() {
        for _ in 0..2 {
            let mut w = Writer::start(Vec::new(), &imports(), vec![]).unwrap();
            let t = Instant::now();
            let mut now = 1_700_000_000_000_000_000u64;
            let mut r = 88172645463325252u64;
            for _ in 0..3_000_000 {
                r ^= r << 13;
                r ^= r >> 7;
                r ^= r << 17;
                now += 40 + (r & 63);
                w.append(&EventRef {
                    function: 0,
                    args: &[1, 1, 65536],
                    answer: Answer::Value(0),
                    handed: &[],
                    written: &[&now.to_le_bytes()],
                })
                .unwrap();
            }
            let a = t.elapsed().as_secs_f64();
            let (bytes, seal) = w.finish(&crate::outcome::Outcome::exit(0)).unwrap();
            let f = t.elapsed().as_secs_f64();
            let (n, rt) = read_timed(bytes);
            println!(
                "clock: append {:.1} ns, with finish {:.1} ns, read {:.1} ns ({n}), file {} bytes",
                a / 3e6 * 1e9,
                f / 3e6 * 1e9,
                rt / 3e6 * 1e9,
                seal.bytes
            );
            let data: Vec<u8> = (0..(64 << 20) / 8)
                .flat_map(|_| {
                    r ^= r << 13;
                    r ^= r >> 7;
                    r ^= r << 17;
                    r.to_le_bytes()
                })
                .collect();
            let words =
                ["alpha ", "beta,", "gamma\n", "delta ", "epsilon ", "zeta=", "eta ", "theta;"];
            let mut text = Vec::new();
            while text.len() < 64 << 20 {
                r ^= r << 13;
                r ^= r >> 7;
                r ^= r << 17;
                text.extend_from_slice(words[(r >> 20) as usize & 7].as_bytes());
                text.extend_from_slice(format!("{} ", r >> 50).as_bytes());
            }
            for (name, data) in [("random", &data), ("text", &text)] {
                let mut w = Writer::start(Vec::new(), &imports(), vec![]).unwrap();
                let t = Instant::now();
                for i in 0..65_536usize {
                    let at = (i * 4096) % (64 << 20);
                    w.append(&EventRef {
                        function: 1,
                        args: &[3, 65536, 1, 65552, 4096, 4096],
                        answer: Answer::Value(0),
                        handed: &[],
                        written: &[&data[at..at + 4096], &4096u32.to_le_bytes()],
                    })
                    .unwrap();
                }
                let a = t.elapsed().as_secs_f64();
                let (bytes, seal) = w.finish(&crate::outcome::Outcome::exit(0)).unwrap();
                let f = t.elapsed().as_secs_f64();
                let (n, rt) = read_timed(bytes);
                println!(
                    "{name}: append {:.0} MB/s, with finish {:.0} MB/s, read {:.0} MB/s ({n}), file {} bytes",
                    268.4 / a,
                    268.4 / f,
                    268.4 / rt,
                    seal.bytes
                );
            }
        }
    }
}
