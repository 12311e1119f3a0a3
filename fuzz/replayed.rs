//! What was recorded is reproduced: random modules that import our host functions, and modules that do
//! nothing but call them, under a host that answers as the fuzzer likes.

use arbitrary::Unstructured;
use provenact::abi::{Answer, Capability, FUNCTIONS, Function, Gives, Length, Role, Used, ValType};
use provenact::bounds::Bounds;
use provenact::engines::EngineName;
use provenact::outcome::Outcome;
use provenact::profile::Profile;
use provenact::runtime::{self, Call, Engine, Evidence, Host, Seam, Span, Stop, Writer, execute};
use provenact::skill::Manifest;
use provenact::trace::{Header, Reader, Salt};
use provenact::verify::{Executable, Replay, Verdict, replay};
use provenact::wasm::{Canonical, Interface, Module, SourceNote};
use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, EntityType, ExportKind, ExportSection, FunctionSection,
    ImportSection, MemArg, MemorySection, MemoryType, TypeSection,
};

/// Steps that a guest may take: wasm-smith counts them inside of the module.
const STEPS: u32 = 2000;
/// Bytes of memory that a guest may have: more is legal, and slow.
const MEMORY: u64 = 64 << 20;
/// Bytes that the host puts at the start of each range that it may write.
const ANSWER: usize = 24;
/// What the manifest declares; the first byte of the input says which of these are granted.
const DECLARED: [&str; 4] = ["fs.read=/r", "fs.write=/w", "random", "time"];
/// Calls that are answered anew until it is possible; a guest of wasm-smith can make very many.
const MOST: usize = 64;
/// The bit of the first byte that asks for a module of wasm-smith.
const SMITH: u8 = 1 << 7;
/// Engines that replay.
const REPLAYS: [EngineName; 2] = [EngineName::Cranelift, EngineName::Pulley];

/// How often each call was answered in a way that no host answers it; the next try is another one.
type Tries = Arc<Mutex<Vec<usize>>>;

/// Bytes of the fuzzer, one after the other; zeros after the last.
struct Dice {
    bytes: std::vec::IntoIter<u8>,
    calls: usize,
    tries: Tries,
}

/// What is tried when an answer was impossible, one after the other: `badf`, success, a fault, success with
/// the other directory.
const OTHERWISE: [Answer; 4] =
    [Answer::Value(8), Answer::Value(0), Answer::Fault, Answer::Value(0)];

/// What every host writes that succeeds: it follows from the invocation and the grants.
fn known(call: &Call, tried: usize) -> Option<[Vec<u8>; 2]> {
    let le = |number: u64| (number as u32).to_le_bytes().to_vec();
    Some(match call.row.name {
        "args_sizes_get" => [le(1), le(6)],
        "args_get" => [le(call.arg(1)), b"guest\0".to_vec()],
        "environ_sizes_get" => [le(0), le(0)],
        "fd_prestat_get" => [vec![0, 0, 0, 0, 2, 0, 0, 0], Vec::new()],
        "fd_prestat_dir_name" => [if tried == 4 { "/w" } else { "/r" }.into(), Vec::new()],
        _ => return None,
    })
}

impl Dice {
    fn new(bytes: &[u8], tries: &Tries) -> Self {
        Self { bytes: Vec::from(bytes).into_iter(), calls: 0, tries: tries.clone() }
    }

    fn byte(&mut self) -> u8 {
        self.bytes.next().unwrap_or_default()
    }

    fn word(&mut self) -> u32 {
        u32::from_le_bytes([(); 4].map(|()| self.byte()))
    }
}

/// Succeeds most of the time; counts are such as a host can give.
impl Host for Dice {
    fn impossible(&mut self, call: &Call, answer: Answer) -> Stop {
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = tries.len().max(self.calls);
        tries.resize(calls, 0);
        tries[self.calls - 1] += 1;
        Stop::Impossible(format!("{} of {}: {answer:?}", self.calls, call.row.name))
    }

    fn answer(&mut self, call: &Call, memory: &mut [u8]) -> Result<Answer, Stop> {
        self.calls += 1;
        let at = self.calls - 1;
        let tried = self.tries.lock().unwrap_or_else(PoisonError::into_inner).get(at).copied();
        let tried = tried.unwrap_or_default();
        if call.row.gives == Gives::Never {
            return Ok(Answer::Never);
        }
        if call.row.gives == Gives::Count {
            return Ok(Answer::Value(self.skill(call, memory)));
        }
        let choice = self.byte();
        let spans: Vec<_> = call.writes().collect();
        let is_whole = |(role, span): (Role, &Span)| match role {
            Role::Writes(Length::Fixed(bytes), ..) => span.len == bytes as usize,
            _ => true,
        };
        if !written(call.row).zip(&spans).all(is_whole) {
            return Ok(Answer::Fault);
        }
        let known = known(call, tried);
        for (span, bytes) in spans.iter().zip(known.iter().flatten()) {
            span.of_mut(memory).iter_mut().zip(bytes).for_each(|(to, byte)| *to = *byte);
        }
        let mut counts = Vec::new();
        for (role, span) in written(call.row).zip(&spans).filter(|_| known.is_none()) {
            // No host writes more than it says that it wrote.
            let mut most = ANSWER;
            if let Some((at, unit)) = counted(role) {
                let limit = u32::try_from(span.len).unwrap_or(u32::MAX) / unit;
                let count = self.word() % limit.saturating_add(1).max(1);
                counts.push((call.arg(at), count));
                most = most.min((count * unit) as usize);
            }
            for byte in span.of_mut(memory).iter_mut().take(most) {
                *byte = self.byte();
            }
        }
        for (at, count) in counts {
            let start = usize::try_from(at).unwrap_or(usize::MAX);
            if let Some(place) = start.checked_add(4).and_then(|end| memory.get_mut(start..end)) {
                place.copy_from_slice(&count.to_le_bytes());
            }
        }
        Ok(match (call.row.gives, choice) {
            (Gives::Nothing, _) => Answer::Value(0),
            (Gives::Bits64, _) => Answer::Value(u64::from(self.word()) << 20 | 0x3ff << 52),
            (Gives::Seconds, _) => Answer::Value(u64::from(self.word()) << 32 | 1),
            _ if tried > 0 => OTHERWISE[(tried - 1) % OTHERWISE.len()],
            (_, 255) => Answer::Fault,
            (_, 200..) => Answer::Value(u64::from(choice - 199)),
            _ => Answer::Value(0),
        })
    }
}

/// −1, and the digest of an input that there is not.
const FAILED: u64 = u32::MAX as u64;
const EMPTY: &[u8; 64] = b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

impl Dice {
    /// An answer of the `provenact` interface: about the input there is one, of files and URLs there are
    /// none, and of random bytes there are always some.
    fn skill(&mut self, call: &Call, memory: &mut [u8]) -> u64 {
        let span = call.writes().next().unwrap_or_default();
        match call.row.name {
            "input_len" => 0,
            "input_read" if call.arg(1) == 0 && call.arg(2) == 0 => 0,
            "output_write" if call.is_inside() && call.arg(1) <= 64 << 20 => 0,
            "sha256_input_hex" if span.len >= EMPTY.len() => {
                span.of_mut(memory)[..EMPTY.len()].copy_from_slice(EMPTY);
                EMPTY.len() as u64
            }
            "random_fill" if call.is_inside() => {
                span.of_mut(memory).iter_mut().take(ANSWER).for_each(|byte| *byte = self.byte());
                span.len as u64
            }
            _ => FAILED,
        }
    }
}

fn written(row: &Function) -> impl Iterator<Item = Role> + '_ {
    let roles = row.params.iter().map(|param| param.role);
    roles.filter(|role| matches!(role, Role::Writes(..) | Role::WritesVec(..)))
}

/// Which parameter points to the count of what was written, and bytes of one.
fn counted(role: Role) -> Option<(usize, u32)> {
    match role {
        Role::Writes(_, Used::CountAt(at, unit), _) => Some((at, unit)),
        Role::WritesVec(_, at) => Some((at, 1)),
        _ => None,
    }
}

/// A trace in memory, seen from both ends.
#[derive(Clone, Default)]
struct Tape(Arc<Mutex<Vec<u8>>>);

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The types of all host functions, and their imports.
fn host_sections() -> (TypeSection, ImportSection) {
    let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
    let ty = |ty| match ty {
        ValType::I32 => wasm_encoder::ValType::I32,
        ValType::I64 => wasm_encoder::ValType::I64,
        ValType::F64 => wasm_encoder::ValType::F64,
    };
    for (row, index) in FUNCTIONS.iter().zip(0..) {
        types.ty().function(row.params.iter().map(|param| ty(param.ty)), row.result().map(ty));
        imports.import(row.module, row.name, EntityType::Function(index));
    }
    (types, imports)
}

/// A module that imports every host function: what wasm-smith may choose from.
fn host_functions() -> Vec<u8> {
    let (types, imports) = host_sections();
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&imports);
    module.finish()
}

fn one_memory() -> MemorySection {
    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: 1,
        maximum: Some(4),
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    memories
}

/// A module with the exports that a guest has.
fn guest_exports() -> Vec<u8> {
    let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
    types.ty().function([], []);
    functions.function(0);
    let mut exports = ExportSection::new();
    exports.export("_start", ExportKind::Func, 0).export("memory", ExportKind::Memory, 0);
    let mut code = CodeSection::new();
    let mut nothing = wasm_encoder::Function::new([]);
    nothing.instructions().end();
    code.function(&nothing);
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&functions).section(&one_memory());
    module.section(&exports).section(&code);
    module.finish()
}

/// Calls that a guest makes at most, and bytes of data that they find in memory.
const CALLS: u8 = 48;
const DATA: usize = 256;
/// Where the results of calls are kept, so that the final state shows them.
const RESULTS: i32 = 0x8000;

/// A module of nothing but host calls, with small numbers and pointers for arguments most of the time.
fn caller(bytes: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    let start = u32::try_from(FUNCTIONS.len()).unwrap_or(u32::MAX);
    let (mut types, imports) = host_sections();
    types.ty().function([], []);
    let mut functions = FunctionSection::new();
    functions.function(start);
    let mut exports = ExportSection::new();
    exports.export("_start", ExportKind::Func, start).export("memory", ExportKind::Memory, 0);
    let mut data = DataSection::new();
    let found = bytes.bytes(DATA.min(bytes.len()))?;
    data.active(0, &ConstExpr::i32_const(0), found.iter().copied());
    let mut body = wasm_encoder::Function::new([]);
    let mut sink = body.instructions();
    for at in 0..i32::from(bytes.int_in_range(0..=CALLS)?) {
        let index = bytes.choose_index(FUNCTIONS.len())?;
        let row = &FUNCTIONS[index];
        if row.result().is_some() {
            sink.i32_const(RESULTS + 8 * at);
        }
        for param in row.params {
            let small = i32::from(bytes.arbitrary::<u8>()?);
            let value = match small {
                250.. => bytes.arbitrary()?,
                small if matches!(param.role, Role::Fd) => small % 8,
                small => small * 4,
            };
            match param.ty {
                ValType::I32 => sink.i32_const(value),
                ValType::I64 => sink.i64_const(value.into()),
                ValType::F64 => sink.f64_const(f64::from(value).into()),
            };
        }
        sink.call(u32::try_from(index).unwrap_or(u32::MAX));
        let place = MemArg { offset: 0, align: 0, memory_index: 0 };
        match row.result() {
            Some(ValType::I32) => sink.i32_store(place),
            Some(ValType::I64) => sink.i64_store(place),
            Some(ValType::F64) => sink.f64_store(place),
            None => &mut sink,
        };
    }
    sink.end();
    let mut code = CodeSection::new();
    code.function(&body);
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&imports).section(&functions).section(&one_memory());
    module.section(&exports).section(&code).section(&data);
    Ok(module.finish())
}

/// A random module that ends.
fn smith(bytes: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    let config = wasm_smith::Config {
        available_imports: Some(host_functions()),
        exports: Some(guest_exports()),
        threads_enabled: false,
        memory64_enabled: false,
        // What traps calls nobody any more.
        disallow_traps: true,
        min_imports: 4,
        max_imports: 8,
        max_funcs: 3,
        max_memories: 1,
        max_tables: 2,
        max_table_elements: 100,
        max_memory32_bytes: 1 << 18,
        max_instructions: 300,
        max_type_size: 50,
        ..wasm_smith::Config::default()
    };
    let mut module = wasm_smith::Module::new(config, bytes)?;
    module.ensure_termination(STEPS).map_err(|_| arbitrary::Error::IncorrectFormat)?;
    Ok(module.to_bytes())
}

fn canonical(module: Vec<u8>) -> Option<Canonical> {
    let module = Module::parse(module).ok()?;
    Interface::of(&module, None).ok()?;
    let note = SourceNote::of("guest.wasm");
    Some(Canonical::build(&module, Profile::PORTABLE, &note).ok()?.canonical)
}

/// An execution that came to an end by itself is reproduced by its replay, on every engine. It is taken
/// when the guest called its host.
pub fn replayed(bytes: &[u8]) -> bool {
    let Some((granted, bytes)) = bytes.split_first() else { return false };
    let mut choices = Unstructured::new(bytes);
    let make = if granted & SMITH == 0 { caller } else { smith };
    let Some(module) = make(&mut choices).ok().and_then(canonical) else { return false };
    let dice = choices.take_rest();
    let declared = DECLARED.map(|text| text.parse::<Capability>().expect("a capability")).to_vec();
    let grants = declared.iter().zip(0..).filter(|(_, bit)| granted >> bit & 1 == 1);
    let grants = grants.map(|(capability, _)| capability.clone()).collect();
    let (digest, profile) = (module.digest(), Profile::PORTABLE);
    let manifest = Manifest::new("guest", "1.0.0", "_start", digest, declared, profile);
    let manifest = manifest.expect("a manifest");
    record(&module, &manifest, grants, dice).is_some_and(|events| events > 0)
}

fn engine(name: EngineName) -> &'static Engine {
    static ENGINES: OnceLock<Vec<Engine>> = OnceLock::new();
    let make = |name| Engine::new(name, None, None).expect("an engine");
    let engines = ENGINES.get_or_init(|| REPLAYS.map(make).into());
    engines.iter().find(|engine| engine.name() == name).expect("one of them")
}

/// Records an execution and replays it; how many events it has. `None` when there is nothing to be reproduced: the host gave
/// only what no host can give, or something else than the guest ended it.
fn record(
    module: &Canonical,
    manifest: &Manifest,
    grants: Vec<Capability>,
    dice: &[u8],
) -> Option<u64> {
    let interface = Interface::of(module.module(), None).expect("it was one before");
    let rows = interface.host_functions();
    let header = Header {
        module: module.digest(),
        manifest: manifest.digest(),
        attestation: None,
        entrypoint: "_start".to_owned(),
        arguments: vec![manifest.name().to_owned()],
        input: None,
        environment: Vec::new(),
        grants,
        policy: None,
        salt: Salt::from_bytes([7; 32]),
        imports: rows.iter().map(|row| [row.module.to_owned(), row.name.to_owned()]).collect(),
    };
    let recorder = engine(EngineName::Cranelift);
    let program = recorder.compile(module, &rows).expect("the engine takes what the checker takes");
    let one_class = interface.one_class_feature.is_some();
    // Until the host gives what a host can give, as often as there are answers.
    let tries = Tries::default();
    let (execution, shared, tape) = loop {
        let tape = Tape::default();
        let writer = Writer::start(Box::new(tape.clone()), &header, Vec::new()).expect("a trace");
        let evidence = Evidence::new(header.clone(), Some(writer), None);
        let shared = evidence.on_one_engine_class(one_class).shared();
        let host = Box::new(Dice::new(dice, &tries));
        let seam = Seam::new(host, rows.clone(), &header, shared.clone());
        let seam = seam.bounded(Bounds { memory_bytes: MEMORY, ..Bounds::default() });
        match execute(recorder, &program, &interface, seam) {
            Ok(execution) => break (execution, shared, tape),
            Err(error) if error.to_string().contains("an impossible answer") => {
                let tries = tries.lock().unwrap_or_else(PoisonError::into_inner);
                if tries.iter().any(|tried| *tried > OTHERWISE.len()) || tries.len() > MOST {
                    return None;
                }
            }
            Err(error) => panic!("{error}"),
        }
    };
    if matches!(execution.outcome, Outcome::Interrupted { .. }) {
        return None;
    }
    let mut evidence = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let seal = evidence.seal(&execution.outcome).expect("it is written").expect("there is one");
    let state = execution.state.as_ref();
    let receipt = runtime::receipt(&evidence, &execution.outcome, state, &seal);
    let trace = tape.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for name in REPLAYS {
        let executable = Executable::prepare(engine(name), module, "_start").expect("as before");
        let trace = Reader::open(Cursor::new(trace.clone())).expect("ours is read");
        let input = Replay { receipt: &receipt, manifest, trace, companion: None, keep: None };
        match replay(&executable, input).expect("a verdict") {
            Verdict::Reproduced(reproduced) => assert_eq!(*reproduced.receipt(), receipt),
            // Stacks of engines end where they end.
            Verdict::Interrupted { here: true, .. } => {}
            other => panic!("{}: {other:?}", name.name()),
        }
    }
    Some(seal.end.events)
}
