//! What to change in a toolchain whose imports are not known here.
//!
//! An unknown import mostly means that the right program was built for the wrong host. The names
//! that common toolchains use give it away, and each has a flag or target that avoids them.

/// The flag or target that avoids an import, as far as its names tell.
pub(super) fn hint(module: &str, name: &str) -> Option<&'static str> {
    RULES.iter().find(|rule| (rule.applies)(module, name)).map(|rule| rule.hint)
}

struct Rule {
    applies: fn(&str, &str) -> bool,
    hint: &'static str,
}

/// In order: the first that applies speaks.
const RULES: &[Rule] = &[
    Rule {
        applies: |m, n| {
            m == "wbg"
                || m.starts_with("__wbindgen")
                || m.ends_with("_bg.js")
                || n.starts_with("__wbindgen_")
                || n.starts_with("__wbg_")
        },
        hint: "wasm-bindgen needs a JavaScript host: build with --target wasm32-wasip1 and without wasm-bindgen",
    },
    Rule {
        applies: |m, n| {
            m == "env"
                && (n.starts_with("emscripten_")
                    || n.starts_with("__syscall_")
                    || n.starts_with("_emscripten_")
                    || n.starts_with("invoke_")
                    || n.starts_with("__cxa_")
                    || n.starts_with("_embind_"))
        },
        hint: "Emscripten: link with -sSTANDALONE_WASM and without JavaScript library code; wasi-sdk always fits",
    },
    Rule {
        applies: |m, n| m == "a" && n.len() <= 2,
        hint: "Emscripten with minified imports: link with -sSTANDALONE_WASM",
    },
    Rule {
        applies: |m, _| matches!(m, "gojs" | "go"),
        hint: "Go for the browser: build with GOOS=wasip1 GOARCH=wasm",
    },
    Rule {
        applies: |m, _| m == "wasi_unstable",
        hint: "WASI preview 0 is too old: rebuild with wasi-sdk 8 or later, or a present wasm32-wasip1 target",
    },
    Rule {
        applies: |m, n| m == "wasi" && n == "thread-spawn",
        hint: "wasi-threads has no deterministic replay: build for wasm32-wasip1 instead of wasm32-wasip1-threads",
    },
    Rule {
        applies: |m, _| m.starts_with("wasi_ephemeral_") || m == "wasi_nn",
        hint: "the module uses a WASI proposal (such as wasi-nn) that has no recorded host: build without it",
    },
    Rule {
        applies: |m, _| m.starts_with("wasix_"),
        hint: "WASIX: build for wasm32-wasip1 instead of wasm32-wasmer-wasi",
    },
    Rule {
        applies: |m, _| m.starts_with("wasi:") || m.starts_with("[export]wasi:"),
        hint: "these are imports of a component (WASI 0.2 or later): build for wasm32-wasip1",
    },
    Rule {
        applies: |m, _| m.starts_with("wasm:"),
        hint: "JavaScript builtins (Kotlin, Dart, Scala.js): build for a WASI target, for Kotlin wasmWasi",
    },
    Rule {
        applies: |m, n| m.starts_with("js_code") || m == "dart2wasm" || n.starts_with("kotlin."),
        hint: "Kotlin or Dart for the browser: for Kotlin, build the wasmWasi target",
    },
    Rule {
        applies: |m, n| {
            m == "env" && (n.starts_with("mono_") || n.starts_with("dotnet_"))
                || m.starts_with("dotnet")
        },
        hint: ".NET for the browser: publish with the runtime identifier wasi-wasm",
    },
    Rule {
        applies: |m, n| m == "env" && (n.contains('.') || n == "memory"),
        hint: "AssemblyScript: of its runtime imports only abort, seed and trace are known; reach the system through WASI",
    },
    Rule {
        applies: |m, _| m == "wasi_snapshot_preview1",
        hint: "WASI preview 1 has no function of that name: rebuild with a present wasm32-wasip1 toolchain",
    },
    Rule {
        applies: |m, _| m == "env",
        hint: "an undefined symbol became an import: link without --allow-undefined to see which library lacks",
    },
];

#[cfg(test)]
mod tests {
    use super::hint;

    #[test]
    fn common_toolchains_are_recognised() {
        for (module, name, word) in [
            ("wbg", "__wbg_log_1d3ae0273d8f4f8a", "wasm-bindgen"),
            ("./app_bg.js", "__wbindgen_throw", "wasm-bindgen"),
            ("env", "emscripten_resize_heap", "STANDALONE_WASM"),
            ("env", "__syscall_openat", "STANDALONE_WASM"),
            ("a", "b", "STANDALONE_WASM"),
            ("gojs", "runtime.wasmExit", "GOOS=wasip1"),
            ("wasi_unstable", "fd_write", "wasi-sdk"),
            ("wasi", "thread-spawn", "threads"),
            ("wasi_ephemeral_nn", "load", "wasi-nn"),
            ("wasix_32v1", "fd_dup", "WASIX"),
            ("wasi:cli/stdout@0.2.0", "get-stdout", "component"),
            ("wasm:js-string", "length", "Kotlin"),
            ("env", "Date.now", "AssemblyScript"),
            ("env", "missing_c_function", "symbol"),
        ] {
            let hint = hint(module, name).unwrap_or_default();
            assert!(hint.contains(word), "{module} {name}: {hint:?}");
        }
        assert_eq!(hint("host", "call"), None);
    }
}
