//! The digest of the program's own source, which provenance names beside the version.
//!
//! It is the SHA-256 of what `sha256sum` prints for the files below, sorted by path, so that anyone
//! can compute it without this program (`spec/buildtype-canonicalize.md`, "The tool"):
//!
//! ```sh
//! { ls Cargo.lock Cargo.toml build.rs; find src -type f ! -name '.*'; } | LC_ALL=C sort | xargs sha256sum | sha256sum
//! ```
//!
//! Paths are relative, so that it does not matter where the source lies.

use sha2::{Digest as _, Sha256};
use std::error::Error;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = root();
    let mut names: Vec<String> = ["Cargo.lock", "Cargo.toml", "build.rs"].map(String::from).into();
    for name in &names {
        announce(&root, name);
    }
    // Of a folder, Cargo watches all that lies below.
    announce(&root, "src");
    collect(&root, "src", &mut names)?;
    names.sort();

    let mut list = String::new();
    for name in &names {
        if let Some(bytes) = read(&root, name)? {
            writeln!(list, "{}  {name}", hex(&Sha256::digest(&bytes)))?;
        }
    }
    let digest = hex(&Sha256::digest(list.as_bytes()));
    println!("cargo::rustc-env=PROVENACT_SOURCE_SHA256={digest}");
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "Cargo names the package's folder by a variable")]
fn root() -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from)
}

/// Has Cargo run this again when the file or folder changes. One that is missing would do so always.
fn announce(root: &Path, name: &str) {
    if root.join(name).exists() {
        println!("cargo::rerun-if-changed={name}");
    }
}

/// Names of the files below `folder`, without hidden ones: an editor's and a system's own.
#[expect(clippy::disallowed_methods, reason = "a build script is outside the program's rooms")]
fn collect(root: &Path, folder: &str, names: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    for entry in std::fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let file = entry.file_name();
        let Some(file) = file.to_str().filter(|file| !file.starts_with('.')) else { continue };
        let name = format!("{folder}/{file}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(root, &name, names)?;
        } else if kind.is_file() {
            names.push(name);
        }
    }
    Ok(())
}

/// The bytes of a file; `None` when it is missing. A packaged crate has the manifest as its author
/// wrote it under another name.
#[expect(clippy::disallowed_methods, reason = "a build script is outside the program's rooms")]
fn read(root: &Path, name: &str) -> Result<Option<Vec<u8>>, Box<dyn Error>> {
    let packaged = root.join("Cargo.toml.orig");
    let path = if name == "Cargo.toml" && packaged.exists() { packaged } else { root.join(name) };
    match std::fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
