//! Each file of `testvectors/passes` says which pass it goes through, and what comes out lies
//! beside it, as text. `BLESS=1` writes what comes out.

use crate::common::{only, through};
use provenact::profile::{Pass, Profile};
use std::path::{Path, PathBuf};

#[test]
fn what_comes_out_lies_beside_what_goes_in() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testvectors/passes");
    let mut vectors: Vec<PathBuf> = (fs_err::read_dir(&directory).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "wat"))
        .collect();
    vectors.sort();
    assert!(!vectors.is_empty());
    for path in vectors {
        let name = path.display();
        let source = fs_err::read_to_string(&path).unwrap();
        let field = |key: &str| header(&source, key).unwrap_or_else(|| panic!("{name}: no {key}"));
        let pass = Pass::from_name(field("pass")).unwrap();
        assert!(!field("comment").is_empty() && !field("covers").is_empty());
        let wasm = wat::parse_str(&source).unwrap_or_else(|error| panic!("{name}: {error}"));
        let after = match through(&wasm, only(pass)) {
            Ok(built) => built,
            Err(error) => {
                assert_eq!(error.reason().name(), field("expect"), "{name}: {error}");
                continue;
            }
        };
        assert_eq!(field("expect"), "accept", "{name}");
        let before = through(&wasm, Profile::CANONICAL).unwrap();
        let bytes = after.canonical.bytes();
        assert_eq!(after.passes[0].pass, pass);
        assert_eq!(after.passes[0].places == 0, bytes == before.canonical.bytes(), "{name}");
        compare(&path.with_extension("expected"), &wasmprinter::print_bytes(bytes).unwrap());
    }
}

/// The header line `;; KEY: value`.
fn header<'t>(source: &'t str, key: &str) -> Option<&'t str> {
    let lines = source.lines().map_while(|line| line.strip_prefix(";; "));
    lines.filter_map(|line| line.split_once(": ")).find(|(name, _)| *name == key).map(|(_, v)| v)
}

fn compare(path: &Path, text: &str) {
    #[expect(clippy::disallowed_methods, reason = "how one says that the files shall be written")]
    let blesses = std::env::var_os("BLESS").is_some();
    if blesses {
        fs_err::write(path, text).unwrap();
    }
    let expected = fs_err::read_to_string(path).unwrap_or_default();
    assert_eq!(text, expected, "{}: BLESS=1 writes it", path.display());
}
