//! The demo's module is what its source says.

use std::path::Path;

#[test]
fn decide_wasm_is_decide_wat() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/demo");
    let built = wat::parse_file(folder.join("decide.wat")).unwrap();
    #[expect(clippy::disallowed_methods, reason = "tests are configured by the environment")]
    let bless = std::env::var_os("BLESS").is_some();
    if bless {
        fs_err::write(folder.join("decide.wasm"), &built).unwrap();
    }
    assert!(
        fs_err::read(folder.join("decide.wasm")).unwrap() == built,
        "decide.wasm is stale: BLESS=1 cargo test --release --test demo_skill"
    );
}
