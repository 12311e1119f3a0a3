//! What a module asks of its host, and where execution begins.

use super::module::{Import, Module};
use super::{Error, toolchain};
use crate::abi::{self, Kind};
use crate::limits;
use std::collections::BTreeSet;
use wasmparser::{FuncType, TypeRef, ValType};

/// The entrypoint of a command (WASI preview 1 application ABI).
const START: &str = "_start";
/// What a reactor's host calls before anything else (WASI preview 1 application ABI).
const INITIALIZE: &str = "_initialize";
/// Exported functions that an error names.
const NAMED: usize = 8;

/// What a module's imports mean, and where it is entered.
#[derive(Debug, Clone)]
pub struct Interface {
    /// One row of the host function table for each imported function, in the order of the imports;
    /// a function imported twice stands twice.
    pub functions: Vec<&'static abi::Function>,
    /// Kinds of capability that these functions let the module ask for. Which paths, variables or
    /// whether at all, the manifest says.
    pub kinds: BTreeSet<Kind>,
    /// Names of kinds that they let it ask for and that this version does not have.
    pub unsupported: BTreeSet<&'static str>,
    /// Name of the exported function where execution begins.
    pub entrypoint: String,
    /// Whether the entrypoint returns an i32; otherwise it returns nothing.
    pub returns_i32: bool,
    /// Whether the entrypoint is `_start`: a command. Everything else is a reactor.
    pub is_command: bool,
    /// Whether the module is a reactor with an `_initialize` that must be called first.
    pub initialize: bool,
    /// A feature that the module uses and only one class of engines has.
    pub one_class_feature: Option<&'static str>,
}

impl Interface {
    /// The interface of `module`, entered at `entrypoint` or else at `_start`.
    ///
    /// # Errors
    /// An import of no known interface or of another type, an imported memory or table without a
    /// maximum, a start function or entrypoint that is an import, missing or of another type,
    /// 64-bit memory under 32-bit pointers.
    pub fn of(module: &Module, entrypoint: Option<&str>) -> Result<Self, Error> {
        // First, because no known host function has the type of a start function.
        check_start(module)?;
        let functions = imported_functions(module)?;
        check_bounds(module)?;
        check_memory(module, &functions)?;

        let name = entrypoint.unwrap_or(START);
        let returns_i32 = entry_result(module, name)?;
        let is_command = name == START;
        Ok(Self {
            kinds: kinds(&functions),
            unsupported: functions.iter().filter_map(|f| f.need.unsupported()).collect(),
            functions,
            entrypoint: name.to_owned(),
            returns_i32,
            is_command,
            initialize: !is_command && name != INITIALIZE && has_initialize(module)?,
            one_class_feature: module.one_class_feature(),
        })
    }
}

impl Interface {
    /// The host functions that the module imports, each once, in the order of their first import:
    /// a trace numbers them so.
    #[must_use]
    pub fn host_functions(&self) -> Vec<&'static abi::Function> {
        let mut distinct: Vec<&'static abi::Function> = Vec::new();
        for function in &self.functions {
            if !distinct.iter().any(|known| std::ptr::eq(*known, *function)) {
                distinct.push(function);
            }
        }
        distinct
    }
}

/// The kinds that the functions' needs name, with two corrections. Without `path_open` the only
/// descriptors to read and write are the standard streams, which need no capability. And the list
/// of the environment may be asked for freely, but which variables are in it is a capability.
fn kinds(functions: &[&abi::Function]) -> BTreeSet<Kind> {
    const STREAMS: [&str; 6] =
        ["fd_read", "fd_pread", "fd_write", "fd_pwrite", "fd_allocate", "fd_filestat_set_size"];
    let opens = functions.iter().any(|f| f.name == "path_open");
    let asking = functions.iter().filter(|f| opens || !STREAMS.contains(&f.name));
    let mut kinds: BTreeSet<Kind> = asking.flat_map(|f| f.need.kinds()).copied().collect();
    if functions.iter().any(|f| f.name == "environ_get") {
        kinds.insert(Kind::Env);
    }
    kinds
}

fn imported_functions(module: &Module) -> Result<Vec<&'static abi::Function>, Error> {
    let found = module.facts.imported_functions as usize;
    if found > limits::HOST_IMPORTS {
        return Err(Error::TooManyImports { found, limit: limits::HOST_IMPORTS });
    }
    let unknown = |import: &&Import| match import.ty {
        TypeRef::Func(_) => abi::lookup(&import.module, &import.name).is_none(),
        TypeRef::Memory(_) | TypeRef::Table(_) => false,
        TypeRef::Global(_) | TypeRef::Tag(_) | TypeRef::FuncExact(_) => true,
    };
    let mut refused = module.facts.imports.iter().filter(unknown);
    if let Some(import) = refused.next() {
        return Err(unknown_import(import, refused.count()));
    }
    let functions = module.facts.imports.iter().filter(|i| matches!(i.ty, TypeRef::Func(_)));
    functions.zip(0..).map(|(import, index)| known_function(module, import, index)).collect()
}

fn unknown_import(import: &Import, more: usize) -> Error {
    let kind = match import.ty {
        TypeRef::Global(_) => "global",
        TypeRef::Tag(_) => "tag",
        _ => "function",
    };
    Error::ImportUnknown {
        module: import.module.clone(),
        name: import.name.clone(),
        offset: import.offset,
        kind,
        hint: toolchain::hint(&import.module, &import.name),
        more,
    }
}

/// The row for imported function `index`, which must have exactly the row's type.
fn known_function(
    module: &Module,
    import: &Import,
    index: u32,
) -> Result<&'static abi::Function, Error> {
    let row = abi::lookup(&import.module, &import.name).ok_or_else(|| unknown_import(import, 0))?;
    let expected = FuncType::new(
        row.params.iter().map(|param| val_type(param.ty)),
        row.result().map(val_type),
    );
    match module.function_type(index) {
        Some(found) if *found == expected => Ok(row),
        found => Err(Error::ImportMismatch {
            module: import.module.clone(),
            name: import.name.clone(),
            offset: import.offset,
            found: found.map_or_else(|| "of no function".to_owned(), signature),
            expected: signature(&expected),
        }),
    }
}

/// Imported memories and tables are made fresh for an execution: they must be bounded, of a form that
/// can be made from nothing, and the only import of their name.
fn check_bounds(module: &Module) -> Result<(), Error> {
    let all = &module.facts.imports;
    for import in all {
        let (kind, maximum, is_nullable) = match import.ty {
            TypeRef::Memory(memory) => ("memory", memory.maximum, true),
            TypeRef::Table(table) => ("table", table.maximum, table.element_type.is_nullable()),
            _ => continue,
        };
        let Import { module, name, offset, .. } = import;
        let offset = *offset;
        if maximum.is_none() {
            let (module, name) = (module.clone(), name.clone());
            return Err(Error::ImportUnbounded { module, name, offset, kind });
        }
        let same = |other: &&Import| other.module == *module && other.name == *name;
        let why = if all.iter().filter(same).count() > 1 {
            "something else is imported by the same name"
        } else if !is_nullable {
            "its elements cannot be null"
        } else {
            continue;
        };
        let (module, name) = (module.clone(), name.clone());
        return Err(Error::ImportUnavailable { module, name, offset, kind, why });
    }
    Ok(())
}

fn check_start(module: &Module) -> Result<(), Error> {
    match module.facts.start {
        Some((index, offset)) if index < module.facts.imported_functions => {
            Err(Error::StartImported { offset })
        }
        _ => Ok(()),
    }
}

/// Host functions have 32-bit pointers into the default memory: memory 0, and the one exported as
/// `memory`, which is where WASI looks.
fn check_memory(module: &Module, functions: &[&'static abi::Function]) -> Result<(), Error> {
    let exported =
        module.facts.exports.iter().find(|export| {
            export.name == "memory" && export.kind == wasmparser::ExternalKind::Memory
        });
    let is_wide =
        module.is_memory64(0) || exported.is_some_and(|export| module.is_memory64(export.index));
    let uses_pointers = |f: &&&abi::Function| {
        f.module == "wasi_snapshot_preview1" || f.reads_memory() || f.writes_memory()
    };
    match functions.iter().find(uses_pointers) {
        Some(f) if is_wide => {
            Err(Error::MemoryWithWasi { module: f.module.to_owned(), name: f.name.to_owned() })
        }
        _ => Ok(()),
    }
}

/// Whether the entrypoint `name` returns an i32.
fn entry_result(module: &Module, name: &str) -> Result<bool, Error> {
    let ty = own_function(module, name)?;
    match (ty.params(), ty.results()) {
        ([], []) => Ok(false),
        ([], [ValType::I32]) => Ok(true),
        _ => Err(Error::EntrypointType {
            name: name.to_owned(),
            found: signature(ty),
            expected: "() -> () or () -> i32",
        }),
    }
}

fn has_initialize(module: &Module) -> Result<bool, Error> {
    if module.exported_function(INITIALIZE).is_none() {
        return Ok(false);
    }
    let ty = own_function(module, INITIALIZE)?;
    if ty.params().is_empty() && ty.results().is_empty() {
        return Ok(true);
    }
    Err(Error::EntrypointType {
        name: INITIALIZE.to_owned(),
        found: signature(ty),
        expected: "() -> ()",
    })
}

/// The type of an exported function that is not an import.
fn own_function<'m>(module: &'m Module, name: &str) -> Result<&'m FuncType, Error> {
    let Some(index) = module.exported_function(name) else {
        return Err(Error::EntrypointMissing {
            name: name.to_owned(),
            exported: exported_functions(module),
        });
    };
    if index < module.facts.imported_functions {
        return Err(Error::EntrypointImported { name: name.to_owned() });
    }
    module
        .function_type(index)
        .ok_or_else(|| Error::EntrypointMissing { name: name.to_owned(), exported: Vec::new() })
}

fn exported_functions(module: &Module) -> Vec<String> {
    let exports = module.facts.exports.iter();
    exports
        .filter(|export| export.kind == wasmparser::ExternalKind::Func)
        .take(NAMED)
        .map(|export| export.name.clone())
        .collect()
}

/// `(i32, i64) -> i32`; nothing is `()`.
fn signature(ty: &FuncType) -> String {
    let list =
        |types: &[ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match ty.results() {
        [one] => format!("({}) -> {one}", list(ty.params())),
        results => format!("({}) -> ({})", list(ty.params()), list(results)),
    }
}

fn val_type(ty: abi::ValType) -> ValType {
    match ty {
        abi::ValType::I32 => ValType::I32,
        abi::ValType::I64 => ValType::I64,
        abi::ValType::F64 => ValType::F64,
    }
}
