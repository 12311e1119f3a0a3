//! What avoids a leak, for the toolchain that seems to have left it.

use super::paths::extension;
use crate::wasm::Module;
use wasmparser::{BinaryReader, ProducersSectionReader};

/// Who made a module, as far as it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::wasm) enum Toolchain {
    Rust,
    Go,
    TinyGo,
    Swift,
    Zig,
    Emscripten,
    Clang,
    DotNet,
    AssemblyScript,
    Unknown,
}

const RUST: &str = "rustc: --remap-path-prefix=FOLDER=. in RUSTFLAGS, or trim-paths in the profile (cargo -Ztrim-paths)";
const GO: &str = "go build -trimpath";
const CLANG: &str =
    "clang: -ffile-prefix-map=FOLDER=. (or -fmacro-prefix-map=FOLDER=., for __FILE__ alone)";
const EMSCRIPTEN: &str =
    "emcc: -ffile-prefix-map=FOLDER=. (or -fmacro-prefix-map=FOLDER=., for __FILE__ alone)";
const DOTNET: &str = "dotnet: -p:ContinuousIntegrationBuild=true, or -p:PathMap=FOLDER=/_";
const ASSEMBLYSCRIPT: &str = "asc: run it in the folder of the sources, with relative names";
const SWIFT: &str = "swiftc: #fileID instead of #filePath, and -file-prefix-map FOLDER=.";
const FOLDER: &str = "build it in a folder whose name tells nothing, such as /src";
const CONFIGURED: &str = "it is text of the program or of its configuration (--prefix, -DNAME=PATH, a build script): change it there";

const DATE_MACROS: &str =
    "set SOURCE_DATE_EPOCH for the compiler; -Wdate-time -Werror refuses __DATE__ and __TIME__";
const GO_TIME: &str = "go build -buildvcs=false, and no time in -ldflags=-X";
const ANY_TIME: &str = "set SOURCE_DATE_EPOCH for the build script, or have it write no time";

impl Toolchain {
    /// By custom sections and the names of imports.
    pub(in crate::wasm) fn of(module: &Module) -> Self {
        let customs = &module.facts.customs;
        let contents = |range: &std::ops::Range<usize>| {
            let bytes = module.bytes().get(range.clone()).unwrap_or_default();
            BinaryReader::new(bytes, range.start)
        };
        if customs.iter().any(|custom| matches!(&*custom.name, "go:buildid" | "go.buildid")) {
            return Self::Go;
        }
        let producers = customs.iter().find(|custom| custom.name == "producers");
        let named = producers.and_then(|custom| produced_by(contents(&custom.data)));
        let imports = |test: fn(&str, &str) -> bool| {
            module.facts.imports.iter().any(|import| test(&import.module, &import.name))
        };
        match named {
            None | Some(Self::Clang) if imports(|m, n| m == "env" && n.starts_with("mono_")) => {
                Self::DotNet
            }
            None | Some(Self::Clang)
                if imports(|m, n| n.starts_with("emscripten_") || (m == "a" && n.len() <= 2)) =>
            {
                Self::Emscripten
            }
            None if imports(|m, n| m == "env" && n == "abort") => Self::AssemblyScript,
            named => named.unwrap_or(Self::Unknown),
        }
    }

    /// What avoids a path. The name of a source file tells its language better than the module,
    /// which may be of several.
    pub(in crate::wasm) fn for_path(self, text: &str) -> &'static str {
        let by_name = extension(text).map(|end| match end {
            "rs" => RUST,
            "go" => GO,
            "swift" => SWIFT,
            "cs" => DOTNET,
            "ts" => ASSEMBLYSCRIPT,
            "c" | "cc" | "cpp" | "cxx" | "h" | "hh" | "hpp" | "hxx" | "inc" | "ll" | "m" | "mm"
            | "tcc" | "tpp" | "y" => {
                if self == Self::Emscripten {
                    EMSCRIPTEN
                } else {
                    CLANG
                }
            }
            "s" | "S" if matches!(self, Self::Go | Self::TinyGo) => GO,
            _ => FOLDER,
        });
        if text.contains("/.cargo/") || text.contains("/.rustup/") {
            return RUST;
        }
        if text.contains("/go/pkg/mod/") {
            return GO;
        }
        by_name.unwrap_or(CONFIGURED)
    }

    /// What avoids a time.
    pub(in crate::wasm) const fn for_time(self) -> &'static str {
        match self {
            Self::Go | Self::TinyGo => GO_TIME,
            Self::Clang | Self::Emscripten | Self::Unknown => DATE_MACROS,
            _ => ANY_TIME,
        }
    }
}

/// What the section `producers` names, the language of the author before that of the libraries.
fn produced_by(section: BinaryReader<'_>) -> Option<Toolchain> {
    const NAMES: [(&str, Toolchain); 8] = [
        ("TinyGo", Toolchain::TinyGo),
        ("Go", Toolchain::Go),
        ("Rust", Toolchain::Rust),
        ("rustc", Toolchain::Rust),
        ("Swift", Toolchain::Swift),
        ("Zig", Toolchain::Zig),
        ("clang", Toolchain::Clang),
        ("C", Toolchain::Clang),
    ];
    let mut best = None;
    for field in ProducersSectionReader::new(section).ok()?.into_iter().map_while(Result::ok) {
        for value in field.values.into_iter().map_while(Result::ok) {
            let known = NAMES.iter().position(|(name, _)| value.name.starts_with(name));
            best = best.into_iter().chain(known).min();
        }
    }
    best.and_then(|at| NAMES.get(at)).map(|(_, toolchain)| *toolchain)
}
