//! Wasmtime, in the configurations that differ in what the language leaves open.

use super::host::{self, HOST, Host, REENTER, REENTRY};
use super::seen::{
    COUNTER, Call, Ending, GaveUp, RESERVED, Seen, Step, TRAP, Trap, Type, Value, digest,
};
use wasmtime::{
    AsContextMut, Caller, Config, Engine, Error, Extern, ExternType, Func, FuncType, Global,
    Instance, Memory, Module, OptLevel, Ref, Result, Store, Table, Tag, V128, Val, ValType,
};

/// How a program is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Cranelift without optimisation.
    Fast,
    /// Cranelift with optimisation.
    Speed,
    /// Cranelift with optimisation and its own canonicalization of NaNs, and with the
    /// deterministic choice for relaxed SIMD: what the deterministic profile asks for.
    Deterministic,
    /// Code for Pulley, interpreted.
    Pulley,
}

/// Bytes of fuel, where a program may run forever.
pub type Fuel = Option<u64>;

/// Native stack of a run, large enough that the logical limit comes first.
pub const NATIVE_STACK: usize = 640 << 20;
/// Native stack of the original program, which has no other limit.
pub const SMALL_STACK: usize = 16 << 20;

/// An engine with one configuration.
pub struct Machine {
    pub name: String,
    engine: Engine,
    fuel: Fuel,
}

impl Machine {
    pub fn new(kind: Kind, fuel: Fuel, stack: usize) -> Self {
        let name = format!("{kind:?}").to_lowercase();
        Self { name, engine: engine(kind, fuel, stack), fuel }
    }

    /// The exported functions, with their parameters.
    pub fn functions(&self, wasm: &[u8]) -> Result<Vec<(String, Vec<Type>)>> {
        let module = Module::new(&self.engine, wasm)?;
        let function = |export: wasmtime::ExportType<'_>| match export.ty() {
            ExternType::Func(ty) => {
                Some((export.name().to_owned(), ty.params().map(|ty| type_of(&ty)).collect()))
            }
            _ => None,
        };
        Ok(module.exports().filter_map(function).collect())
    }

    /// Instantiates `wasm` and makes `calls`, until the engine gives up.
    pub fn run(&self, wasm: &[u8], calls: &[Call]) -> Seen {
        match Module::new(&self.engine, wasm) {
            Ok(module) => self.run_compiled(&module, calls),
            Err(error) => Seen::refused(format!("{error:#}")),
        }
    }

    /// As [`Machine::run`], without those of `calls` at which the engine gives up: they are left
    /// out, with the reasons why, and what comes after them is seen.
    pub fn run_what_ends(
        &self,
        wasm: &[u8],
        mut calls: Vec<Call>,
    ) -> (Seen, Vec<Call>, Vec<GaveUp>) {
        let module = match Module::new(&self.engine, wasm) {
            Ok(module) => module,
            Err(error) => return (Seen::refused(format!("{error:#}")), calls, Vec::new()),
        };
        let mut reasons = Vec::new();
        loop {
            let seen = self.run_compiled(&module, &calls);
            let Some(why) = seen.gave_up() else { return (seen, calls, reasons) };
            reasons.push(why);
            let Some(at) = seen.steps.len().checked_sub(2) else {
                return (seen, Vec::new(), reasons);
            };
            let export = calls.remove(at).export;
            // Who gave up twice would do it again.
            if reasons.len() > 3 {
                calls.retain(|call| call.export != export);
            }
        }
    }

    fn run_compiled(&self, module: &Module, calls: &[Call]) -> Seen {
        let mut store = Store::new(&self.engine, Host::default());
        store.limiter(|host| host);
        self.refuel(&mut store);
        let imports = match imports(&mut store, module) {
            Ok(imports) => imports,
            Err(error) => return Seen::refused(format!("{error:#}")),
        };
        let mut seen = Seen::default();
        let instance = match Instance::new(&mut store, module, &imports) {
            Ok(instance) => instance,
            Err(error) => {
                seen.steps.push(without_instance(&store, ending(Err(error))));
                return seen;
            }
        };
        seen.steps.push(step(&mut store, &instance, Ok(Vec::new())));
        for call in calls {
            if seen.gave_up().is_some() {
                break;
            }
            self.refuel(&mut store);
            let result = invoke(&mut store, &instance, call);
            seen.steps.push(step(&mut store, &instance, result));
        }
        seen
    }

    fn refuel(&self, store: &mut Store<Host>) {
        if let Some(fuel) = self.fuel {
            store.set_fuel(fuel).unwrap();
        }
    }
}

/// An engine that compiles in that manner.
pub fn engine(kind: Kind, fuel: Fuel, stack: usize) -> Engine {
    let mut config = config(kind);
    config.consume_fuel(fuel.is_some()).max_wasm_stack(stack).async_stack_size(stack * 2);
    Engine::new(&config).unwrap()
}

/// Everything that the language has and nothing that slows a short run down.
fn config(kind: Kind) -> Config {
    let mut config = Config::new();
    config
        .wasm_gc(true)
        .wasm_function_references(true)
        .wasm_exceptions(true)
        .wasm_tail_call(true)
        .wasm_multi_memory(true)
        .wasm_memory64(true)
        .wasm_extended_const(true)
        .wasm_backtrace_max_frames(None)
        .memory_init_cow(false)
        .parallel_compilation(false)
        .cranelift_opt_level(OptLevel::Speed);
    match kind {
        Kind::Fast => config.cranelift_opt_level(OptLevel::None),
        Kind::Speed => &mut config,
        Kind::Deterministic => {
            config.cranelift_nan_canonicalization(true).relaxed_simd_deterministic(true)
        }
        Kind::Pulley => config.target("pulley64").unwrap(),
    };
    config
}

impl wasmtime::ResourceLimiter for Host {
    fn memory_growing(&mut self, _: usize, to: usize, maximum: Option<usize>) -> Result<bool> {
        Ok(self.memory(to, maximum))
    }

    fn table_growing(&mut self, _: usize, to: usize, maximum: Option<usize>) -> Result<bool> {
        Ok(self.table(to, maximum))
    }
}

fn imports(store: &mut Store<Host>, module: &Module) -> Result<Vec<Extern>> {
    let mut imports = Vec::new();
    let (mut functions, mut globals) = (0, 0);
    for import in module.imports() {
        imports.push(match import.ty() {
            ExternType::Func(ty) if (import.module(), import.name()) == (HOST, REENTER) => {
                Func::new(&mut *store, ty, |mut caller, args, results| {
                    reenter(&mut caller, args, results)
                })
                .into()
            }
            ExternType::Func(ty) => {
                functions += 1;
                stub(store, functions, ty).into()
            }
            ExternType::Global(ty) => {
                globals += 1;
                let value = match type_of(ty.content()) {
                    Type::Reference => null(ty.content())?,
                    other => val(host::global(other, globals)),
                };
                Global::new(&mut *store, ty, value)?.into()
            }
            ExternType::Table(ty) => {
                let element = Ref::null(ty.element().heap_type());
                Table::new(&mut *store, ty, element)?.into()
            }
            ExternType::Memory(ty) => Memory::new(&mut *store, ty)?.into(),
            ExternType::Tag(ty) => Tag::new(&mut *store, &ty)?.into(),
        });
    }
    Ok(imports)
}

/// A host function that notes its arguments and makes its results up.
fn stub(store: &mut Store<Host>, number: u64, ty: FuncType) -> Func {
    let kinds: Vec<_> = ty.results().map(|ty| type_of(&ty)).collect();
    let types: Vec<_> = ty.results().collect();
    Func::new(store, ty, move |mut caller: Caller<'_, Host>, args, results| {
        let args: Vec<_> = args.iter().map(value).collect();
        let answers = caller.data_mut().call(number, &args, &kinds);
        for ((result, answer), ty) in results.iter_mut().zip(answers).zip(&types) {
            *result = if answer == Value::Null { null(ty)? } else { val(answer) };
        }
        Ok(())
    })
}

fn reenter(caller: &mut Caller<'_, Host>, args: &[Val], results: &mut [Val]) -> Result<()> {
    if caller.data_mut().enter()
        && let Some(Extern::Func(function)) = caller.get_export(REENTRY)
    {
        function.call(&mut *caller, args, results)?;
    } else {
        results[0] = Val::I32(-1);
    }
    caller.data_mut().leave();
    Ok(())
}

fn invoke(store: &mut Store<Host>, instance: &Instance, call: &Call) -> Result<Vec<Value>> {
    let function = instance.get_func(&mut *store, &call.export).unwrap();
    let ty = function.ty(&*store);
    let given = call.args.iter().zip(ty.params());
    let args: Vec<_> = given
        .map(|(arg, ty)| if *arg == Value::Null { null(&ty) } else { Ok(val(*arg)) })
        .collect::<Result<_>>()?;
    let mut results = vec![Val::I32(0); ty.results().len()];
    function.call(&mut *store, &args, &mut results)?;
    Ok(results.iter().map(value).collect())
}

fn step(store: &mut Store<Host>, instance: &Instance, result: Result<Vec<Value>>) -> Step {
    let mut step = without_instance(store, ending(result));
    let exports: Vec<_> = instance
        .exports(&mut *store)
        .map(|export| (export.name().to_owned(), export.into_extern()))
        .collect();
    for (name, item) in exports {
        match item {
            Extern::Memory(memory) => {
                let bytes = memory.data(&*store);
                step.memories.push((name, bytes.len(), digest(bytes)));
            }
            Extern::Global(global) => {
                let now = value(&global.get(store.as_context_mut()));
                if name == TRAP {
                    step.overflowed = now == Value::I32(1);
                } else if name == COUNTER {
                    step.counter = Some(now);
                } else if !name.starts_with(RESERVED) {
                    step.globals.push((name, now));
                }
            }
            _ => {}
        }
    }
    step.sort();
    step
}

fn without_instance(store: &Store<Host>, ending: Ending) -> Step {
    Step {
        ending: store.data().gave_up.map_or(ending, Ending::GaveUp),
        overflowed: false,
        counter: None,
        memories: Vec::new(),
        globals: Vec::new(),
        host: store.data().log,
    }
}

fn ending(result: Result<Vec<Value>>) -> Ending {
    match result {
        Ok(values) => Ending::Returned(values),
        Err(error) => failed(&error),
    }
}

fn failed(error: &Error) -> Ending {
    if error.is::<wasmtime::ThrownException>() {
        return Ending::Thrown;
    }
    if error.is::<wasmtime::GcHeapOutOfMemory<()>>() {
        return Ending::GaveUp(GaveUp::Heap);
    }
    let Some(trap) = error.downcast_ref::<wasmtime::Trap>() else {
        panic!("what went wrong in wasmtime is no trap: {error:?}");
    };
    match *trap {
        wasmtime::Trap::StackOverflow => Ending::GaveUp(GaveUp::NativeStack),
        wasmtime::Trap::OutOfFuel => Ending::GaveUp(GaveUp::Fuel),
        trap => Ending::Trapped(kind_of(trap)),
    }
}

pub fn kind_of(trap: wasmtime::Trap) -> Trap {
    use wasmtime::Trap as From;
    match trap {
        From::UnreachableCodeReached => Trap::Unreachable,
        From::MemoryOutOfBounds => Trap::MemoryOutOfBounds,
        From::TableOutOfBounds => Trap::TableOutOfBounds,
        From::IndirectCallToNull => Trap::IndirectCallToNull,
        From::BadSignature => Trap::BadSignature,
        From::IntegerOverflow => Trap::IntegerOverflow,
        From::IntegerDivisionByZero => Trap::DivisionByZero,
        From::BadConversionToInteger => Trap::BadConversion,
        From::NullReference => Trap::NullReference,
        From::ArrayOutOfBounds => Trap::ArrayOutOfBounds,
        From::CastFailure => Trap::CastFailure,
        From::AllocationTooLarge => Trap::AllocationTooLarge,
        other => panic!("a trap that the language does not know: {other:?}"),
    }
}

pub fn type_of(ty: &ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::Ref(_) => Type::Reference,
    }
}

pub fn value(val: &Val) -> Value {
    match val {
        Val::I32(value) => Value::I32(value.cast_unsigned()),
        Val::I64(value) => Value::I64(value.cast_unsigned()),
        Val::F32(bits) => Value::F32(*bits),
        Val::F64(bits) => Value::F64(*bits),
        Val::V128(bits) => Value::V128(bits.as_u128()),
        Val::FuncRef(None) | Val::ExternRef(None) | Val::AnyRef(None) | Val::ExnRef(None) => {
            Value::Null
        }
        _ => Value::NonNull,
    }
}

/// The value of a number or vector.
pub fn val(value: Value) -> Val {
    match value {
        Value::I32(bits) => Val::I32(bits.cast_signed()),
        Value::I64(bits) => Val::I64(bits.cast_signed()),
        Value::F32(bits) => Val::F32(bits),
        Value::F64(bits) => Val::F64(bits),
        Value::V128(bits) => Val::V128(V128::from(bits)),
        Value::Null | Value::NonNull => panic!("a reference has no value without its type"),
    }
}

fn null(ty: &ValType) -> Result<Val> {
    let reference = ty.as_ref().filter(|ty| ty.is_nullable());
    let reference = reference.ok_or_else(|| Error::msg("a reference that cannot be null"))?;
    Ok(Val::null_ref(reference.heap_type()))
}
