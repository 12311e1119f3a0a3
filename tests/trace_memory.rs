//! What a trace that was made to take memory makes its reader hold. One test, since memory is counted
//! for the whole process.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use provenact::abi::{self, Answer};
use provenact::digest::{ManifestDigest, ModuleDigest};
use provenact::limits;
use provenact::outcome::Outcome;
use provenact::trace::{EventRef, Header, Reader, Salt, Writer};
use std::io::Cursor;
use std::time::Duration;

fn header(arguments: Vec<String>) -> Header {
    let random = abi::lookup("wasi_snapshot_preview1", "random_get").unwrap();
    Header {
        module: ModuleDigest::of(b"module"),
        manifest: ManifestDigest::of(b"manifest"),
        attestation: None,
        entrypoint: "_start".into(),
        arguments,
        environment: Vec::new(),
        grants: Vec::new(),
        input: None,
        policy: None,
        salt: Salt::from_bytes([0; 32]),
        imports: vec![[random.module.into(), random.name.into()]],
    }
}

/// A trace of calls that were answered with so many zeros each.
fn zeros(sizes: &[usize]) -> Vec<u8> {
    let mut writer = Writer::start(Vec::new(), &header(Vec::new()), Vec::new()).unwrap();
    for size in sizes {
        let bytes = vec![0; *size];
        let args = [0, *size as u64];
        let (answer, written) = (Answer::Value(0), [&bytes[..]]);
        let event = EventRef { function: 0, args: &args, answer, handed: &[], written: &written };
        writer.append(&event).unwrap();
    }
    writer.finish(&Outcome::exit(0)).unwrap().0
}

/// Resident memory in KiB, as `name` of the system's status file says.
fn memory(name: &str) -> u64 {
    let status = fs_err::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
}

/// Mebibytes that were taken at most meanwhile.
fn taken_by(work: impl FnOnce()) -> u64 {
    fs_err::write("/proc/self/clear_refs", "5").unwrap();
    let before = memory("VmRSS:");
    work();
    (memory("VmHWM:") - before) >> 10
}

#[test]
fn what_is_held_does_not_grow_with_the_trace() {
    // Batches of 15 MiB that take 500 bytes each: four are read ahead, and no more.
    let bomb = zeros(&[15 << 20; 60]);
    assert!(bomb.len() < 100_000);
    let taken = taken_by(|| {
        let reader = Reader::open(Cursor::new(bomb)).unwrap();
        std::thread::sleep(Duration::from_millis(500));
        drop(reader);
    });
    assert!(taken < 4 * 16 + 16, "{taken} MiB");

    // Large batches: one at a time, before and after it was decompressed.
    let bomb = zeros(&[100 << 20; 8]);
    assert!(bomb.len() < 100_000);
    let taken = taken_by(|| {
        let mut reader = Reader::open(Cursor::new(bomb)).unwrap();
        while reader.next().unwrap().is_some() {}
    });
    assert!(taken < 100 + 4 * 16 + 16, "{taken} MiB");

    // A header as large as headers are.
    let each = limits::INVOCATION_BYTES / limits::INVOCATION_STRINGS;
    let arguments = vec!["x".repeat(each); limits::INVOCATION_STRINGS];
    let writer = Writer::start(Vec::new(), &header(arguments), Vec::new()).unwrap();
    let bomb = writer.finish(&Outcome::exit(0)).unwrap().0;
    let taken = taken_by(|| {
        let reader = Reader::open(Cursor::new(bomb)).unwrap();
        assert_eq!(reader.header().arguments.len(), limits::INVOCATION_STRINGS);
    });
    assert!(taken < (8 * limits::TRACE_RECORD_BYTES) >> 20, "{taken} MiB");
}
