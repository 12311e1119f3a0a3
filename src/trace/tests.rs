//! Properties of writer and reader together.

use super::*;
use crate::abi::{Answer, Capability, FUNCTIONS, Gives, Length, Role, Used, ValType};
use crate::digest::{EnvelopeDigest, KeyId, ManifestDigest, ModuleDigest, PolicyDigest};
use crate::outcome::Outcome;
use crate::reason::Reason;
use std::io::{self, Cursor, Write};
use std::sync::Arc;

/// A small deterministic generator (Marsaglia's xorshift64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| (self.next() >> 32) as u8).collect()
    }
}

/// A call that owns what [`EventRef`] borrows.
struct Call {
    function: usize,
    args: Vec<u64>,
    answer: Answer,
    handed: Vec<Vec<u8>>,
    written: Vec<Vec<u8>>,
}

impl Call {
    fn random(random: &mut Random) -> Self {
        let function = random.below(FUNCTIONS.len() as u64) as usize;
        let row = &FUNCTIONS[function];
        let wide = |i: usize| row.params.get(i).is_some_and(|p| p.ty != ValType::I32);
        let args = (0..row.arg_count()).map(|i| {
            let any = random.next() >> random.below(64);
            if wide(i) { any } else { any & 0xffff_ffff }
        });
        let args = args.collect();
        let answer = match (row.gives, random.below(8)) {
            (_, 0) => Answer::Fault,
            (Gives::Never, _) | (_, 1) => Answer::Never,
            (Gives::Errno, 2) => Answer::Value(1 + random.below(76)),
            (Gives::Bits64, _) => Answer::Value(random.next()),
            _ => Answer::Value(0),
        };
        let lengths = [0, 1, 8, 255, 256, 257, 4096, 70_000];
        let mut any = || {
            let len = lengths[random.below(8) as usize];
            random.bytes(len)
        };
        let handed = if row.reads_memory() { vec![any(), any()] } else { vec![] };
        let mut written = vec![];
        for param in row.params {
            match param.role {
                Role::Writes(Length::Fixed(len), Used::All, _) if answer == Answer::Value(0) => {
                    let mut bytes = any();
                    bytes.resize(len as usize, 7);
                    written.push(bytes);
                }
                Role::Writes(..) | Role::WritesVec(..) => written.push(any()),
                _ => {}
            }
        }
        Self { function, args, answer, handed, written }
    }

    fn append<W: Write + Send + 'static>(&self, writer: &mut Writer<W>) -> Result<(), Error> {
        let handed: Vec<&[u8]> = self.handed.iter().map(Vec::as_slice).collect();
        let written: Vec<&[u8]> = self.written.iter().map(Vec::as_slice).collect();
        writer.append(&EventRef {
            function: self.function,
            args: &self.args,
            answer: self.answer,
            handed: &handed,
            written: &written,
        })
    }

    fn assert_is(&self, event: &Event<'_>) {
        assert_eq!(event.function, self.function);
        assert_eq!(event.args, self.args);
        assert_eq!(event.answer, self.answer);
        assert_eq!(event.written(), self.written.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let handed: Vec<&[u8]> = self.handed.iter().map(Vec::as_slice).collect();
        assert!(event.handed.matches(&handed));
    }
}

fn header() -> Header {
    let strings = |f: &crate::abi::Function| [f.module.to_owned(), f.name.to_owned()];
    Header {
        module: ModuleDigest::of(b"module"),
        manifest: ManifestDigest::of(b"manifest"),
        attestation: Some(Attested { envelope: EnvelopeDigest::of(b"e"), key: KeyId::of(b"k") }),
        entrypoint: "_start".into(),
        arguments: vec!["skill".into(), "é \"quoted\"\n".into()],
        environment: vec![["HOME".into(), "/=".into()]],
        grants: vec!["fs.read=/data".parse().unwrap(), "time".parse().unwrap()],
        input: None,
        policy: Some(PolicyDigest::of(b"policy")),
        salt: Salt::from_bytes([9; 32]),
        imports: FUNCTIONS.iter().map(strings).collect(),
    }
}

fn function(name: &str) -> usize {
    FUNCTIONS.iter().position(|f| f.name == name).unwrap()
}

fn start(materials: Vec<Material>) -> Writer<Vec<u8>> {
    Writer::start(Vec::new(), &header(), materials).unwrap()
}

/// A trace of a few short events.
fn small() -> Vec<u8> {
    let mut writer = start(vec![Material::new(MaterialName::Manifest, b"{}".to_vec())]);
    let clock = function("clock_time_get");
    for time in 0u8..9 {
        writer
            .append(&EventRef {
                function: clock,
                args: &[1, 0, 1024],
                answer: Answer::Value(0),
                handed: &[],
                written: &[&[time; 8]],
            })
            .unwrap();
    }
    writer.finish(&Outcome::exit(0)).unwrap().0
}

/// Reads to the end.
fn read(bytes: &[u8]) -> Result<(u64, Seal), Error> {
    let mut reader = Reader::open(Cursor::new(bytes.to_vec()))?;
    let mut events = 0;
    while reader.next()?.is_some() {
        assert!(reader.seal().is_none());
        events += 1;
    }
    assert!(reader.next()?.is_none());
    Ok((events, reader.seal().unwrap().clone()))
}

/// covers: trace-20, trace-21
#[test]
fn what_is_written_is_read() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let module: Arc<[u8]> = random.bytes(100_000).into();
    let mut writer = start(vec![
        Material::new(MaterialName::Module, Arc::clone(&module)),
        Material::new(MaterialName::Companion, vec![0; 1_000_000]),
    ]);
    let calls: Vec<Call> = (0..4000).map(|_| Call::random(&mut random)).collect();
    for (i, call) in calls.iter().enumerate() {
        call.append(&mut writer).unwrap();
        if i % 400 == 0 {
            writer.flush().unwrap();
        }
    }
    let outcome = Outcome::Returned { value: Some(3) };
    let (bytes, seal) = writer.finish(&outcome).unwrap();
    assert_eq!(seal.bytes, bytes.len() as u64);
    assert_eq!(seal.digest, crate::digest::TraceDigest::of(&bytes));
    assert_eq!(seal.end, End { events: 4000, outcome });
    assert!(bytes.len() > 12 << 20, "the test should fill more batches than are in flight");

    let mut reader = Reader::open(Cursor::new(bytes)).unwrap();
    assert_eq!(*reader.header(), header());
    assert_eq!(reader.material(MaterialName::Module), Some(&module[..]));
    assert_eq!(reader.material(MaterialName::Manifest), None);
    assert_eq!(reader.material(MaterialName::Companion).unwrap(), vec![0; 1_000_000]);
    for (i, call) in calls.iter().enumerate() {
        assert!(reader.seal().is_none());
        let event = reader.next().unwrap().unwrap();
        assert_eq!(event.index, i as u64);
        call.assert_is(&event);
    }
    assert!(reader.next().unwrap().is_none());
    assert_eq!(reader.seal(), Some(&seal));
}

#[test]
fn batches_larger_than_any_buffer_pass_one_by_one() {
    let mut random = Random(7);
    let mut writer = start(vec![]);
    let get = function("random_get");
    let large = random.bytes(LARGE_EVENT);
    for written in [&large[..], &large[..10], &large[..], &large[5..], &large[..8]] {
        writer
            .append(&EventRef {
                function: get,
                args: &[0, written.len() as u64],
                answer: Answer::Value(0),
                handed: &[],
                written: &[written],
            })
            .unwrap();
    }
    let (bytes, seal) = writer.finish(&Outcome::exit(1)).unwrap();
    assert_eq!(read(&bytes).unwrap(), (5, seal));
}

const LARGE_EVENT: usize = section::LARGE + 1;

/// covers: trace-4
#[test]
fn a_flipped_bit_anywhere_is_refused() {
    let trace = small();
    for at in 0..trace.len() {
        for bit in [1, 0x80] {
            let mut bad = trace.clone();
            bad[at] ^= bit;
            let Err(error) = read(&bad) else {
                panic!("a change of byte {at} went unseen");
            };
            assert!(!matches!(error, Error::Stopped | Error::Read(_)), "byte {at}: {error}");
        }
    }
}

/// covers: trace-10
#[test]
fn every_beginning_is_truncated() {
    let trace = small();
    for len in 0..trace.len() {
        let error = read(&trace[..len]).unwrap_err();
        assert_eq!(error.reason(), Reason::TraceTruncated, "{len}: {error}");
    }
    let Err(Error::Truncated { sections, events, offset }) = read(&trace[..trace.len() - 1]) else {
        panic!("it is truncated");
    };
    assert_eq!((sections, events, offset), (3, 9, trace.len() as u64 - 1));
}

#[test]
fn nothing_comes_after_an_error() {
    let mut trace = small();
    trace.pop();
    let mut reader = Reader::open(Cursor::new(trace)).unwrap();
    let error = loop {
        match reader.next() {
            Ok(event) => assert!(event.is_some()),
            Err(error) => break error,
        }
    };
    assert_eq!(error.reason(), Reason::TraceTruncated);
    assert!(matches!(reader.next(), Err(Error::Stopped)));
    assert!(reader.seal().is_none());
}

#[test]
fn events_take_few_bytes() {
    // Bytes of an event that repeats the one before, besides its payload.
    let cost = |name: &str, args: &[u64], written: &[&[u8]]| {
        let functions: Vec<_> = FUNCTIONS.iter().collect();
        let mut codec = event::Codec::new(&functions);
        let call = EventRef {
            function: function(name),
            args,
            answer: Answer::Value(0),
            handed: &[],
            written,
        };
        let mut out = Vec::new();
        codec.encode(&call, &mut out).unwrap();
        out.clear();
        codec.encode(&call, &mut out).unwrap();
        out.len() - written.iter().map(|range| range.len()).sum::<usize>()
    };
    assert!(cost("clock_time_get", &[1, 0, 1024], &[&[1; 8]]) <= 4);
    assert!(cost("random_get", &[1024, 8], &[&[1; 8]]) <= 4);
    let read = [0, 16, 1, 32, 1024, 4096];
    assert!(cost("fd_read", &read, &[&[1; 4096], &[0, 16, 0, 0]]) <= 4096 / 20 - 4);
}

#[test]
fn calls_that_do_not_fit_their_function_leave_no_mark() {
    let mut writer = start(vec![]);
    let clock = function("clock_time_get");
    let good = EventRef {
        function: clock,
        args: &[1, 0, 8],
        answer: Answer::Value(0),
        handed: &[],
        written: &[&[0; 8]],
    };
    for bad in [
        EventRef { function: 9999, ..good },
        EventRef { args: &[1, 0], ..good },
        EventRef { args: &[1 << 32, 0, 8], ..good },
        EventRef { handed: &[b"x"], ..good },
        EventRef { written: &[], ..good },
        EventRef { written: &[&[0; 7]], ..good },
        EventRef { answer: Answer::Value(1 << 32), ..good },
        EventRef { function: function("proc_exit"), args: &[0], written: &[], ..good },
    ] {
        assert!(matches!(writer.append(&bad), Err(Error::Unfit(_))), "{bad:?} was taken");
    }
    writer.append(&good).unwrap();
    let (bytes, _) = writer.finish(&Outcome::exit(0)).unwrap();
    assert_eq!(read(&bytes).unwrap().0, 1);
}

/// covers: trace-12, trace-13, trace-14
#[test]
fn what_a_reader_refuses_is_not_written() {
    let refused = |change: fn(&mut Header)| {
        let mut header = header();
        change(&mut header);
        Writer::start(Vec::new(), &header, vec![]).unwrap_err().reason()
    };
    let grant = |text: &str| -> Capability { text.parse().unwrap() };
    assert_eq!(refused(|h| h.arguments.push("a\0b".into())), Reason::TraceMalformed);
    assert_eq!(
        refused(|h| h.environment.push(["A=".into(), String::new()])),
        Reason::TraceMalformed
    );
    assert_eq!(refused(|h| h.grants.reverse()), Reason::TraceMalformed);
    assert_eq!(refused(|h| h.imports[3][1] = "fd_raed".into()), Reason::ImportUnknown);
    let manifest =
        || Material::new(MaterialName::Manifest, grant("time").value().as_bytes().to_vec());
    let module = Material::new(MaterialName::Module, vec![]);
    assert!(Writer::start(Vec::new(), &header(), vec![manifest(), module]).is_err());
    assert!(Writer::start(Vec::new(), &header(), vec![manifest(), manifest()]).is_err());
}

/// A disk with room for so many bytes.
#[derive(Debug)]
struct Small(usize);

impl Write for Small {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_shows_as_such() {
    let mut random = Random(3);
    for room in [0, 9, 2000, 3_000_000] {
        let mut writer = Writer::start(Small(room), &header(), vec![]).unwrap();
        let error = (0..20_000)
            .find_map(|_| Call::random(&mut random).append(&mut writer).err())
            .unwrap_or_else(|| panic!("{room} bytes were enough"));
        assert!(matches!(&error, Error::Write(e) if e.kind() == io::ErrorKind::StorageFull));
        assert_eq!(error.reason(), Reason::OutputFailed);
        assert!(writer.finish(&Outcome::exit(0)).is_err());
    }
    let writer = Writer::start(Small(100), &header(), vec![]).unwrap();
    assert_eq!(writer.finish(&Outcome::exit(0)).unwrap_err().reason(), Reason::OutputFailed);
}

/// covers: trace-26
#[test]
fn what_was_appended_has_room_to_the_last_event() {
    let mut random = Random(11);
    for room in [1_200_000_u64, 2_345_678, 5_000_000] {
        let mut writer = Writer::start(Small(room as usize), &header(), vec![]).unwrap();
        writer = writer
            .holding(
                move |end| match end <= room {
                    true => Ok(()),
                    false => Err(io::ErrorKind::StorageFull.into()),
                },
                u64::MAX,
            )
            .unwrap();
        let mut appended = 0;
        let error = loop {
            match Call::random(&mut random).append(&mut writer) {
                Ok(()) => appended += 1,
                Err(error) => break error,
            }
            assert!(!writer.is_full() || appended > 0);
        };
        assert!(matches!(error, Error::NoRoom(_)), "{error}");
        assert!(writer.is_full());
        assert!(matches!(Call::random(&mut random).append(&mut writer), Err(Error::NoRoom(_))));
        let (left, seal) = writer.finish(&Outcome::exit(0)).unwrap();
        assert_eq!(seal.end.events, appended);
        assert_eq!(seal.bytes, room - left.0 as u64);
        assert!(appended > 100, "{appended}");
    }
    let writer = Writer::start(Vec::new(), &header(), vec![]).unwrap();
    let none = |_| Err(io::ErrorKind::StorageFull.into());
    assert!(matches!(writer.holding(none, u64::MAX), Err(Error::NoRoom(_))));
}
