//! The checker and the writer are two implementations of one text: on any module, the one accepts
//! what the other leaves alone.

use super::check;
use crate::profile::{Pass, Profile};
use crate::wasm::encode::encode;
use crate::wasm::freedom::Freedom;
use crate::wasm::{Canonical, Error, Module, SourceNote};
use arbitrary::Unstructured;
use wasm_smith::Config;

const NOTE: SourceNote<'static> = SourceNote::of("m.wasm");

/// Modules with all that the language has.
fn config(seed: u64) -> Config {
    Config {
        gc_enabled: !seed.is_multiple_of(3),
        reference_types_enabled: true,
        exceptions_enabled: !seed.is_multiple_of(5),
        tail_call_enabled: true,
        memory64_enabled: true,
        simd_enabled: true,
        relaxed_simd_enabled: true,
        bulk_memory_enabled: true,
        multi_value_enabled: true,
        extended_const_enabled: true,
        threads_enabled: false,
        max_memories: 3,
        max_tables: 4,
        max_types: 60,
        max_funcs: 40,
        min_funcs: 1,
        ..Config::default()
    }
}

/// Small numbers that look random, the same each time.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize
    }
}

/// Random modules that are valid.
fn modules(seeds: std::ops::Range<u64>) -> impl Iterator<Item = (u64, Module)> {
    seeds.filter_map(|seed| {
        let mut random = Random::new(seed);
        let bytes: Vec<u8> = std::iter::repeat_with(|| random.next() as u8).take(4096).collect();
        let module = wasm_smith::Module::new(config(seed), &mut Unstructured::new(&bytes)).ok()?;
        Some((seed, Module::parse(module.to_bytes()).ok()?))
    })
}

/// What the checker says of a valid module must be what the writer does to it.
fn agree(module: &Module, context: &str) -> bool {
    let Ok(written) = encode(module.bytes()) else { return true };
    let is_canonical = written.bytes == module.bytes();
    match check(module, Profile::CANONICAL) {
        Ok(()) => assert!(is_canonical, "{context}: accepted, and the writer changes it"),
        Err(Error::NotCanonical { offset, freedom, .. }) => {
            assert!(!is_canonical, "{context}: refused at {offset} ({})", freedom.name());
            assert!(offset < module.bytes().len() as u64, "{context}");
            // What the writer leaves out as a whole it does not look into.
            let left_out = [Freedom::Types, Freedom::CustomSections];
            let times = |freedom| written.changes.of(freedom).times;
            let noted =
                times(freedom) > 0 || left_out.into_iter().any(|freedom| times(freedom) > 0);
            assert!(noted, "{context}: {} at {offset}; {:?}", freedom.name(), written.changes);
        }
        Err(error) => panic!("{context}: {error}"),
    }
    is_canonical
}

/// `module` with the integer that ends at `place` longer by a byte, sizes around it mended.
fn longer(module: &[u8], place: usize) -> Option<Vec<u8>> {
    let sections = super::sections::Sections::read(module).0;
    let body = sections.bodies.iter().find(|body| body.contains(&place))?;
    let mut inner = module.get(body.clone())?.to_vec();
    let byte = inner.get_mut(place - body.start)?;
    let sign = if *byte & 0x40 != 0 && place.is_multiple_of(2) { 0x7f } else { 0 };
    *byte |= 0x80;
    inner.insert(place - body.start + 1, sign);
    let mut code = wasm_encoder::CodeSection::new();
    for other in &sections.bodies {
        code.raw(if other == body { &inner } else { module.get(other.clone())? });
    }
    let mut out = wasm_encoder::Module::new();
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        let Some((id, range)) = payload.ok()?.as_section() else { continue };
        if id == 10 {
            out.section(&code);
        } else {
            out.section(&wasm_encoder::RawSection { id, data: module.get(range)? });
        }
    }
    Some(out.finish())
}

/// covers: canonical-6
#[test]
fn the_checker_accepts_what_the_writer_leaves_alone_and_nothing_else() {
    let (mut changed, mut padded) = (0, 0);
    for (seed, module) in modules(0..200) {
        agree(&module, &format!("seed {seed}"));
        let canonical = Module::parse(encode(module.bytes()).unwrap().bytes).unwrap();
        assert!(agree(&canonical, &format!("seed {seed}, canonical")));
        let mut random = Random::new(seed);
        for round in 0..60 {
            let mut bytes = canonical.bytes().to_vec();
            let place = random.next() % bytes.len();
            if round % 2 == 0 {
                bytes[place] = if round % 4 == 0 { random.next() as u8 } else { bytes[place] ^ 1 };
            } else {
                let Some(longer) = longer(&bytes, place) else { continue };
                bytes = longer;
            }
            let Ok(mutant) = Module::parse(bytes) else { continue };
            let is_canonical = agree(&mutant, &format!("seed {seed}, round {round} at {place}"));
            changed += u32::from(!is_canonical);
            padded += u32::from(round % 2 == 1);
        }
    }
    assert!(changed > 200 && padded > 200, "{changed} {padded}");
}

/// covers: portable-2
#[test]
fn what_the_passes_make_is_accepted() {
    for (seed, module) in modules(0..200) {
        for profile in [Profile::PORTABLE, Profile::PORTABLE.without(Pass::Stack)] {
            match Canonical::build(&module, profile, &NOTE) {
                Ok(built) => check(built.canonical.module(), profile).unwrap(),
                Err(error @ Error::Reencode { .. }) => panic!("seed {seed}: {error}"),
                Err(_) => {}
            }
        }
    }
}

/// The words that both count are the same.
#[test]
fn checker_and_writer_count_the_same_words() {
    let mut functions = 0;
    for (seed, module) in modules(0..200) {
        let canonical = Module::parse(encode(module.bytes()).unwrap().bytes).unwrap();
        let sections = super::Sections::read(canonical.bytes()).0;
        let context = super::Context::new(canonical.bytes(), &sections).unwrap();
        let code = super::Code::read(&context, super::Asked { stack: Some(None), nan: false }).0;
        let sizes = crate::wasm::frame_sizes(&canonical).unwrap();
        assert_eq!(code.functions.len(), sizes.len());
        for (at, (function, size)) in code.functions.iter().zip(sizes).enumerate() {
            let words = function.notes.as_ref().unwrap().words();
            assert_eq!(words, size.words(), "seed {seed}, function {at}: {size:?}");
            functions += 1;
        }
    }
    assert!(functions > 100, "{functions}");
}

/// Of several faults in several functions, the first in the file is named, with any number of
/// threads.
#[test]
fn the_first_fault_is_named_whoever_finds_it() {
    let stores: String = (0..300)
        .map(|at| match at % 100 {
            40 => "(func (param f64) i32.const 0 local.get 0 f64.sqrt f64.store)",
            _ => "(func (param f64) local.get 0 f64.sqrt drop)",
        })
        .collect();
    let portable = wat::parse_str(format!("(module (memory 1 1) {stores})")).unwrap();
    let outcome = |threads: usize, bytes: &[u8]| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let module = Module::parse(bytes.to_vec()).unwrap();
        pool.install(|| check(&module, Profile::PORTABLE)).unwrap_err()
    };
    let error = outcome(1, &portable);
    assert!(matches!(error, Error::NotPortable { pass: Pass::Nan, .. }), "{error}");
    for threads in [2, 3, 8] {
        assert_eq!(outcome(threads, &portable), error);
    }
}
