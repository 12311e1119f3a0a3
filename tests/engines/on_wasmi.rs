//! Wasmi: a compiler and executor that share nothing with Cranelift and Pulley.

use super::host::{self, HOST, Host, REENTER, REENTRY};
use super::on_wasmtime::Fuel;
use super::seen::{Call, Ending, GaveUp, RESERVED, Seen, Step, TRAP, Trap, Type, Value, digest};
use wasmi::errors::{ErrorKind, InstantiationError, MemoryError, TableError};
use wasmi::{
    Caller, Config, Engine, Error, Extern, ExternType, F32, F64, Func, FuncType, Global, Instance,
    Memory, Module, Nullable, Ref, Store, StoreLimits, StoreLimitsBuilder, Table, TrapCode, V128,
    Val, ValType,
};

/// Levels of calls and bytes of stack, more than the logical limit allows.
const LEVELS: usize = 4 << 20;
const STACK: usize = 1 << 30;

/// Wasmi in one configuration.
pub struct Wasmi {
    engine: Engine,
    fuel: Fuel,
}

impl Wasmi {
    pub fn new(fuel: Fuel) -> Self {
        let mut config = Config::default();
        config.consume_fuel(fuel.is_some()).set_max_recursion_depth(LEVELS);
        config.set_max_stack_height(STACK).set_max_cached_stacks(1);
        Self { engine: Engine::new(&config), fuel }
    }

    /// As `Machine::run`.
    pub fn run(&self, wasm: &[u8], calls: &[Call]) -> Seen {
        let module = match Module::new(&self.engine, wasm) {
            Ok(module) => module,
            Err(error) => return Seen::refused(error),
        };
        let mut store = Store::new(&self.engine, Data::new());
        store.limiter(|data| &mut data.limits);
        if let Some(fuel) = self.fuel {
            store.set_fuel(fuel).unwrap();
        }
        let imports = match imports(&mut store, &module) {
            Ok(imports) => imports,
            Err(error) => return Seen::refused(error),
        };
        let mut seen = Seen::default();
        let instance = match Instance::new(&mut store, &module, &imports) {
            Ok(instance) => instance,
            Err(error) => {
                seen.steps.push(without_instance(&store, ending(Err(error))));
                return seen;
            }
        };
        seen.steps.push(step(&store, &instance, Ok(Vec::new())));
        for call in calls {
            if seen.gave_up().is_some() {
                break;
            }
            if let Some(fuel) = self.fuel {
                store.set_fuel(fuel).unwrap();
            }
            let result = invoke(&mut store, &instance, call);
            seen.steps.push(step(&store, &instance, result));
        }
        seen
    }
}

/// Data of a store. The limits are those of [`Host::memory`] and [`Host::table`]; what exceeds
/// them is not made out here: wasmtime has been asked before, and gave up.
struct Data {
    host: Host,
    limits: StoreLimits,
}

impl Data {
    fn new() -> Self {
        let limits = StoreLimitsBuilder::new()
            .memory_size(host::MEMORY)
            .table_elements(host::TABLE)
            .trap_on_grow_failure(false)
            .build();
        Self { host: Host::default(), limits }
    }
}

fn imports(store: &mut Store<Data>, module: &Module) -> Result<Vec<Extern>, Error> {
    let mut imports = Vec::new();
    // Wasmi lists imports by kind: only the number among those of its kind means the same.
    let (mut functions, mut globals) = (0, 0);
    for import in module.imports() {
        imports.push(match import.ty() {
            ExternType::Func(ty) if (import.module(), import.name()) == (HOST, REENTER) => {
                Func::new(&mut *store, ty.clone(), |mut caller, args, results| {
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
                    Type::Reference => Val::default_for_ty(ty.content()),
                    other => val(host::global(other, globals), ty.content()),
                };
                Global::new(&mut *store, value, ty.mutability()).into()
            }
            ExternType::Table(ty) => Table::new(&mut *store, *ty, Ref::null(ty.element()))?.into(),
            ExternType::Memory(ty) => Memory::new(&mut *store, *ty)?.into(),
        });
    }
    Ok(imports)
}

fn stub(store: &mut Store<Data>, number: u64, ty: &FuncType) -> Func {
    let types = ty.results().to_vec();
    let kinds: Vec<_> = types.iter().map(|ty| type_of(*ty)).collect();
    Func::new(store, ty.clone(), move |mut caller: Caller<'_, Data>, args, results| {
        let args: Vec<_> = args.iter().map(value).collect();
        let answers = caller.data_mut().host.call(number, &args, &kinds);
        for ((result, answer), ty) in results.iter_mut().zip(answers).zip(&types) {
            *result = val(answer, *ty);
        }
        Ok(())
    })
}

fn reenter(caller: &mut Caller<'_, Data>, args: &[Val], results: &mut [Val]) -> Result<(), Error> {
    if caller.data_mut().host.enter()
        && let Some(Extern::Func(function)) = caller.get_export(REENTRY)
    {
        function.call(&mut *caller, args, results)?;
    } else {
        results[0] = Val::I32(-1);
    }
    caller.data_mut().host.leave();
    Ok(())
}

fn invoke(store: &mut Store<Data>, instance: &Instance, call: &Call) -> Result<Vec<Value>, Error> {
    let function = instance.get_func(&*store, &call.export).unwrap();
    let ty = function.ty(&*store);
    let args: Vec<_> = call.args.iter().zip(ty.params()).map(|(arg, ty)| val(*arg, *ty)).collect();
    let mut results = vec![Val::I32(0); ty.results().len()];
    function.call(&mut *store, &args, &mut results)?;
    Ok(results.iter().map(value).collect())
}

fn step(store: &Store<Data>, instance: &Instance, result: Result<Vec<Value>, Error>) -> Step {
    let mut step = without_instance(store, ending(result));
    for export in instance.exports(store) {
        let name = export.name().to_owned();
        match export.into_extern() {
            Extern::Memory(memory) => {
                let bytes = memory.data(store);
                step.memories.push((name, bytes.len(), digest(bytes)));
            }
            Extern::Global(global) => {
                let now = value(&global.get(store));
                if name == TRAP {
                    step.overflowed = now == Value::I32(1);
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

fn without_instance(store: &Store<Data>, ending: Ending) -> Step {
    Step {
        ending: store.data().host.gave_up.map_or(ending, Ending::GaveUp),
        overflowed: false,
        memories: Vec::new(),
        globals: Vec::new(),
        host: store.data().host.log,
    }
}

fn ending(result: Result<Vec<Value>, Error>) -> Ending {
    let error = match result {
        Ok(values) => return Ending::Returned(values),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::Instantiation(InstantiationError::ElementSegmentDoesNotFit { .. }) => {
            return Ending::Trapped(Trap::TableOutOfBounds);
        }
        ErrorKind::Table(TableError::CopyOutOfBounds) => {
            return Ending::Trapped(Trap::TableOutOfBounds);
        }
        ErrorKind::Memory(MemoryError::ResourceLimiterDeniedAllocation)
        | ErrorKind::Table(TableError::ResourceLimiterDeniedAllocation) => {
            return Ending::GaveUp(GaveUp::Growth);
        }
        _ => {}
    }
    Ending::Trapped(match error.as_trap_code() {
        Some(TrapCode::UnreachableCodeReached) => Trap::Unreachable,
        Some(TrapCode::MemoryOutOfBounds) => Trap::MemoryOutOfBounds,
        Some(TrapCode::TableOutOfBounds) => Trap::TableOutOfBounds,
        Some(TrapCode::IndirectCallToNull) => Trap::IndirectCallToNull,
        Some(TrapCode::BadSignature) => Trap::BadSignature,
        Some(TrapCode::IntegerOverflow) => Trap::IntegerOverflow,
        Some(TrapCode::IntegerDivisionByZero) => Trap::DivisionByZero,
        Some(TrapCode::BadConversionToInteger) => Trap::BadConversion,
        Some(TrapCode::StackOverflow) => return Ending::GaveUp(GaveUp::NativeStack),
        Some(TrapCode::OutOfFuel) => return Ending::GaveUp(GaveUp::Fuel),
        Some(TrapCode::GrowthOperationLimited | TrapCode::OutOfSystemMemory) => {
            return Ending::GaveUp(GaveUp::Growth);
        }
        None => panic!("what went wrong in wasmi is no trap: {error:?}"),
    })
}

fn type_of(ty: ValType) -> Type {
    match ty {
        ValType::I32 => Type::I32,
        ValType::I64 => Type::I64,
        ValType::F32 => Type::F32,
        ValType::F64 => Type::F64,
        ValType::V128 => Type::V128,
        ValType::FuncRef | ValType::ExternRef => Type::Reference,
    }
}

fn value(val: &Val) -> Value {
    match val {
        Val::I32(value) => Value::I32(value.cast_unsigned()),
        Val::I64(value) => Value::I64(value.cast_unsigned()),
        Val::F32(value) => Value::F32(value.to_bits()),
        Val::F64(value) => Value::F64(value.to_bits()),
        Val::V128(value) => Value::V128(value.as_u128()),
        Val::FuncRef(Nullable::Null) | Val::ExternRef(Nullable::Null) => Value::Null,
        Val::FuncRef(_) | Val::ExternRef(_) => Value::NonNull,
    }
}

fn val(value: Value, ty: ValType) -> Val {
    match value {
        Value::I32(bits) => Val::I32(bits.cast_signed()),
        Value::I64(bits) => Val::I64(bits.cast_signed()),
        Value::F32(bits) => Val::F32(F32::from_bits(bits)),
        Value::F64(bits) => Val::F64(F64::from_bits(bits)),
        Value::V128(bits) => Val::V128(V128::from(bits)),
        Value::Null | Value::NonNull => Val::default_for_ty(ty),
    }
}
