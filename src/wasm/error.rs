//! Why a module was refused.

use super::freedom::Freedom;
use crate::profile::Pass;
use crate::reason::Reason;

/// Why a module or its debug companion was refused. Offsets are bytes from the start of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes do not begin as a module does.
    #[error("not a WebAssembly module: {found}")]
    NotWasm {
        /// What the bytes look like instead.
        found: &'static str,
    },
    /// The bytes begin as a module and end too soon.
    #[error("the module ends too soon, at byte {offset}")]
    Truncated {
        /// Length of what is there.
        offset: u64,
    },
    /// The sections of the module cannot be read.
    #[error("malformed module at byte {offset}: {what}")]
    Malformed {
        /// Where.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// The module, or its canonical form, is larger than [`crate::limits::MODULE_BYTES`].
    #[error("the module is {found} bytes long, the limit is {limit}")]
    TooLarge {
        /// Its length.
        found: u64,
        /// The limit.
        limit: u64,
    },
    /// A component of the component model.
    #[error("the file is a component; components are not supported yet")]
    Component,
    /// The module does not validate.
    #[error("invalid module at byte {offset}: {what}")]
    Invalid {
        /// Where.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// The module uses threads or shared memory.
    #[error("threads are not supported (byte {offset}: {what})")]
    Threads {
        /// Where.
        offset: u64,
        /// Which part of the proposal.
        what: String,
    },
    /// The module uses the exception handling of before WebAssembly 3.0.
    #[error("legacy exceptions are not supported (byte {offset}: {what})")]
    LegacyExceptions {
        /// Where.
        offset: u64,
        /// Which part of it.
        what: String,
    },
    /// An object file, which a linker makes modules of.
    #[error(
        "the file is an object file (byte {offset}: a section {}); link it first",
        quoted(section)
    )]
    ObjectFile {
        /// Where the section's contents stand.
        offset: u64,
        /// The custom section that object files have: `linking`, or one of `reloc.*`.
        section: String,
    },
    /// An import that belongs to no known interface.
    #[error(
        "unknown import {} at byte {offset}: a {kind} of no known interface{}",
        import(module, name), others(*more)
    )]
    ImportUnknown {
        /// The import's module name.
        module: String,
        /// The import's field name.
        name: String,
        /// Where the import stands.
        offset: u64,
        /// What is imported: `function`, `global` or `tag`.
        kind: &'static str,
        /// What to change in the toolchain that writes such imports.
        hint: Option<&'static str>,
        /// How many more unknown imports the module has.
        more: usize,
    },
    /// A known import under another type.
    #[error(
        "import {} at byte {offset} has the type {found}; the interface says {expected}",
        import(module, name)
    )]
    ImportMismatch {
        /// The import's module name.
        module: String,
        /// The import's field name.
        name: String,
        /// Where the import stands.
        offset: u64,
        /// The type it has.
        found: String,
        /// The type it should have.
        expected: String,
    },
    /// An imported memory or table without a maximum.
    #[error("imported {kind} {} at byte {offset} has no maximum", import(module, name))]
    ImportUnbounded {
        /// The import's module name.
        module: String,
        /// The import's field name.
        name: String,
        /// Where the import stands.
        offset: u64,
        /// `memory` or `table`.
        kind: &'static str,
    },
    /// An imported memory or table that no host can make.
    #[error("imported {kind} {} at byte {offset} cannot be made: {why}", import(module, name))]
    ImportUnavailable {
        /// The import's module name.
        module: String,
        /// The import's field name.
        name: String,
        /// Where the import stands.
        offset: u64,
        /// `memory` or `table`.
        kind: &'static str,
        /// What stands against it.
        why: &'static str,
    },
    /// More values at one label than [`crate::limits::LABEL_VALUES`].
    #[error("{what} at byte {offset} has more than {limit} {of}", limit = crate::limits::LABEL_VALUES)]
    TooWide {
        /// What has too many.
        what: &'static str,
        /// Of what.
        of: &'static str,
        /// Byte offset in the module.
        offset: u64,
    },
    /// More imported functions than [`crate::limits::HOST_IMPORTS`].
    #[error("the module imports {found} functions, the limit is {limit}")]
    TooManyImports {
        /// How many.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The start function is an import.
    #[error("the start function (byte {offset}) is an import")]
    StartImported {
        /// Where the start section stands.
        offset: u64,
    },
    /// The entrypoint, or `_initialize`, is an import.
    #[error("the exported function {} is an import", quoted(name))]
    EntrypointImported {
        /// Its name.
        name: String,
    },
    /// The entrypoint is not among the exported functions.
    #[error("the module exports no function {}{}", quoted(name), exported_functions(exported))]
    EntrypointMissing {
        /// The name that was looked for.
        name: String,
        /// The first eight functions that it does export.
        exported: Vec<String>,
    },
    /// The entrypoint, or `_initialize`, has parameters or other results.
    #[error("the exported function {} has the type {found}; needed: {expected}", quoted(name))]
    EntrypointType {
        /// Its name.
        name: String,
        /// Its type.
        found: String,
        /// The types it may have.
        expected: &'static str,
    },
    /// The module imports host functions with 32-bit pointers and its memory has 64-bit addresses.
    #[error("the module imports {} and its memory has 64-bit addresses", import(module, name))]
    MemoryWithWasi {
        /// Module name of the first such import.
        module: String,
        /// Field name of the first such import.
        name: String,
    },
    /// An export under a name that Provenact keeps for itself.
    #[error("the export {} at byte {offset} has a reserved name", quoted(name))]
    ReservedExport {
        /// The name.
        name: String,
        /// Where the export stands.
        offset: u64,
    },
    /// The module is valid and not in canonical form.
    #[error("the module is not canonical at byte {offset}: {what} ({})", freedom.name())]
    NotCanonical {
        /// Where the first freedom stands that was taken in another way than the canonical form
        /// takes it.
        offset: u64,
        /// Which.
        freedom: Freedom,
        /// How.
        what: &'static str,
    },
    /// The module is canonical and does not keep what a pass of its profile promises.
    #[error("the module is not portable at byte {offset}: {what} ({})", pass.name())]
    NotPortable {
        /// Where.
        offset: u64,
        /// The pass that would have changed it.
        pass: Pass,
        /// What is wrong.
        what: String,
    },
    /// The re-encoded module is not what it should be: a defect of Provenact or its encoder.
    #[error("re-encoding went wrong: {what}")]
    Reencode {
        /// What went wrong.
        what: String,
    },
    /// The debug companion is not of the form that spec/canonical.md gives.
    #[error("malformed debug companion at byte {offset}: {what}")]
    Companion {
        /// Where.
        offset: u64,
        /// What is wrong.
        what: String,
    },
}

impl Error {
    /// The reason under which the refusal is reported.
    #[must_use]
    pub fn reason(&self) -> Reason {
        match self {
            Self::NotWasm { .. } | Self::Malformed { .. } => Reason::ModuleMalformed,
            Self::Truncated { .. } => Reason::ModuleTruncated,
            Self::TooLarge { .. } => Reason::FileTooLarge,
            Self::Component => Reason::ComponentUnsupported,
            Self::Invalid { .. }
            | Self::LegacyExceptions { .. }
            | Self::TooManyImports { .. }
            | Self::TooWide { .. }
            | Self::ReservedExport { .. }
            | Self::Reencode { .. } => Reason::ModuleInvalid,
            Self::Threads { .. } => Reason::ThreadsUnsupported,
            Self::ObjectFile { .. } => Reason::ObjectFile,
            Self::ImportUnknown { .. } => Reason::ImportUnknown,
            Self::ImportMismatch { .. } => Reason::ImportMismatch,
            Self::ImportUnbounded { .. } => Reason::ImportUnbounded,
            Self::ImportUnavailable { .. } => Reason::ImportUnavailable,
            Self::StartImported { .. } => Reason::StartImported,
            Self::EntrypointImported { .. } => Reason::EntrypointImported,
            Self::EntrypointMissing { .. } => Reason::EntrypointMissing,
            Self::EntrypointType { .. } => Reason::EntrypointType,
            Self::MemoryWithWasi { .. } => Reason::MemoryWithWasi,
            Self::NotCanonical { .. } => Reason::ModuleNotCanonical,
            Self::NotPortable { .. } => Reason::ModuleNotPortable,
            Self::Companion { .. } => Reason::BundleMalformed,
        }
    }

    /// What to do about it, where more is known than the reason's own hint.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::ImportUnknown { hint, .. } => *hint,
            Self::ReservedExport { .. } => Some(
                "the module went through the pass stack already, it seems: give the one that its compiler wrote, or check \
                 it with --profile portable",
            ),
            Self::LegacyExceptions { .. } => Some(
                "compile with -mllvm -wasm-use-legacy-eh=false (LLVM), -sWASM_LEGACY_EXCEPTIONS=0 (Emscripten), or \
                 translate it: wasm-opt --translate-to-exnref (Binaryen)",
            ),
            _ => None,
        }
    }
}

/// A name from a module, quoted, escaped and cut: names may be 100,000 bytes long.
fn quoted(name: &str) -> String {
    const SHOWN: usize = 80;
    match name.char_indices().nth(SHOWN) {
        None => format!("{name:?}"),
        Some((end, _)) => format!("{:?}…", name.get(..end).unwrap_or_default()),
    }
}

fn import(module: &str, name: &str) -> String {
    format!("{} {}", quoted(module), quoted(name))
}

fn others(more: usize) -> String {
    if more == 0 { String::new() } else { format!(" (and {more} more)") }
}

fn exported_functions(names: &[String]) -> String {
    if names.is_empty() {
        return "; it exports no function at all".to_owned();
    }
    let names: Vec<_> = names.iter().map(|name| quoted(name)).collect();
    format!("; it exports {}", names.join(", "))
}
