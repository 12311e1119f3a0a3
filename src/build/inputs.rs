//! Which files the command of a recipe is given: patterns, what `.gitignore` leaves, and no way out.

use super::{Error, Recipe};
use crate::digest::InputDigest;
use crate::files::{self, Scratch};
use crate::limits;
use crate::materials::{Input, is_plain};
use globset::{Glob, GlobBuilder, GlobMatcher};
use ignore::{DirEntry, WalkBuilder};
use std::path::Path;

/// A pattern in which `*` stays within one folder and `**` crosses them.
pub(super) fn glob(pattern: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern).literal_separator(true).backslash_escape(false).build()
}

/// The inputs in `directory`, by path.
///
/// Links are not followed. `.gitignore` files count from `directory` on downwards, and nothing else of
/// the user's. Never an input: `.git`, bundles (`*.skill/`), private keys (`*.key.pem`) and the
/// `output`; always one: the recipe.
///
/// # Errors
/// [`Error::Pattern`] for a pattern that fits nothing, [`Error::Input`] for a link or a name that
/// cannot be recorded, [`Error::TooMany`] above a limit, and whatever cannot be read.
pub(super) fn find(
    directory: &Path,
    patterns: &[String],
    output: &str,
) -> Result<Vec<Input>, Error> {
    let mut chosen = Chosen::new(patterns)?;
    let root = files::absolute(directory)?;
    let mut walk = WalkBuilder::new(&root);
    walk.standard_filters(false).git_ignore(true).require_git(false).filter_entry(may_be_input);
    let (mut found, mut seen, mut bytes) = (Vec::new(), 0, 0_u64);
    for entry in walk.build() {
        let entry = entry.map_err(|error| Error::Search(error.to_string()))?;
        seen += 1;
        if seen > limits::INPUT_ENTRIES {
            return Err(too_many("entries to look at", limits::INPUT_ENTRIES as u64));
        }
        let kind = entry.file_type();
        let Ok(path) = entry.path().strip_prefix(&root) else { continue };
        if kind.is_some_and(|kind| kind.is_dir()) || !chosen.fits(path) || path == Path::new(output)
        {
            continue;
        }
        let name = path.display().to_string();
        if !kind.is_some_and(|kind| kind.is_file()) {
            let link = kind.is_some_and(|kind| kind.is_symlink());
            let why = if link { "is a link, which is not followed" } else { "is no regular file" };
            return Err(Error::Input { path: name, why });
        }
        let path = path.to_str().filter(|path| is_plain(path));
        let Some(path) = path else {
            return Err(Error::Input { path: name, why: "has a name that cannot be recorded" });
        };
        let (text, executable) = files::read_executable(entry.path(), limits::INPUT_FILE_BYTES)?;
        bytes = bytes.saturating_add(text.len() as u64);
        found.push(Input { executable, path: path.to_owned(), sha256: InputDigest::of(&text) });
        if found.len() > limits::INPUTS || bytes > limits::INPUTS_BYTES {
            let is_count = found.len() > limits::INPUTS;
            return Err(match is_count {
                true => too_many("files", limits::INPUTS as u64),
                false => too_many("bytes", limits::INPUTS_BYTES),
            });
        }
    }
    if let Some(pattern) = chosen.idle() {
        return Err(Error::Pattern { pattern: pattern.to_owned() });
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Copies `inputs` from `directory` into `to`, in their order or the other way round. What is copied
/// has the digest that was recorded, is of the time `epoch`, and can be executed if that is recorded.
///
/// # Errors
/// [`Error::Input`] for a file that was changed meanwhile, and whatever cannot be read or written.
pub(super) fn copy(
    directory: &Path,
    inputs: &[Input],
    to: &Scratch,
    folder: &str,
    epoch: u64,
    reversed: bool,
) -> Result<(), Error> {
    let one = |input: &Input| {
        let from = directory.join(&input.path);
        let (bytes, _) = files::read_executable(&from, limits::INPUT_FILE_BYTES)?;
        if InputDigest::of(&bytes) != input.sha256 {
            let path = input.path.clone();
            return Err(Error::Input { path, why: "was changed during the build" });
        }
        Ok(to.lay(&Path::new(folder).join(&input.path), &bytes, input.executable, epoch)?)
    };
    if reversed { inputs.iter().rev().try_for_each(one) } else { inputs.iter().try_for_each(one) }
}

/// Holds the files in `directory` to what is recorded of them; others there do not matter.
///
/// # Errors
/// [`Error::Source`] for one that is missing, lies behind a link, or is another.
pub(super) fn confirm(directory: &Path, inputs: &[Input]) -> Result<(), Error> {
    for input in inputs {
        let refuse = |why| Error::Source { path: input.path.clone(), why };
        let path = directory.join(&input.path);
        // A folder that is a link would lead out as well.
        let is_within = files::absolute(&path).is_ok_and(|real| real == path);
        if !is_within {
            return Err(refuse("is missing from the source, or lies behind a link"));
        }
        let (bytes, _) = files::read_executable(&path, limits::INPUT_FILE_BYTES)?;
        if InputDigest::of(&bytes) != input.sha256 {
            return Err(refuse("is not what the provenance names"));
        }
    }
    Ok(())
}

/// Patterns, and which of them have fitted a file.
struct Chosen<'p> {
    wanted: Vec<(&'p str, GlobMatcher, bool)>,
    unwanted: Vec<GlobMatcher>,
}

impl<'p> Chosen<'p> {
    fn new(patterns: &'p [String]) -> Result<Self, Error> {
        let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
        for pattern in patterns {
            let glob = glob(pattern.strip_prefix('!').unwrap_or(pattern))
                .map_err(|error| Error::Search(error.to_string()))?;
            match pattern.starts_with('!') {
                true => unwanted.push(glob.compile_matcher()),
                false => wanted.push((pattern.as_str(), glob.compile_matcher(), false)),
            }
        }
        Ok(Self { wanted, unwanted })
    }

    fn fits(&mut self, path: &Path) -> bool {
        if path == Path::new(Recipe::FILE) {
            // Marks what fits it too, so that no pattern counts as idle for it.
            self.mark(path);
            return true;
        }
        !self.unwanted.iter().any(|glob| glob.is_match(path)) && self.mark(path)
    }

    fn mark(&mut self, path: &Path) -> bool {
        let mut fits = false;
        for (_, glob, has_fitted) in &mut self.wanted {
            let is_match = glob.is_match(path);
            *has_fitted |= is_match;
            fits |= is_match;
        }
        fits
    }

    fn idle(&self) -> Option<&'p str> {
        self.wanted.iter().find(|(_, _, has_fitted)| !has_fitted).map(|(pattern, ..)| *pattern)
    }
}

fn may_be_input(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy();
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    let is_bundle = is_folder && name.ends_with(".skill") && entry.depth() > 0;
    name != ".git" && !is_bundle && !name.ends_with(".key.pem")
}

fn too_many(what: &'static str, limit: u64) -> Error {
    Error::TooMany { what, limit }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(files: &[&str]) -> tempfile::TempDir {
        let place = tempfile::tempdir().unwrap();
        for name in files {
            let path = place.path().join(name);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, name).unwrap();
        }
        place
    }

    fn names(place: &Path, patterns: &[&str]) -> Result<Vec<String>, Error> {
        let patterns: Vec<_> = patterns.iter().map(|p| (*p).to_owned()).collect();
        let found = find(place, &patterns, "out.wasm")?;
        Ok(found.into_iter().map(|input| input.path).collect())
    }

    #[test]
    fn patterns_choose_and_gitignore_leaves_out() {
        let place = place(&[
            ".git/config",
            "provenact.toml",
            "a.c",
            "src/b.c",
            "src/deep/c.c",
            "src/deep/c.h",
            "x.skill/skill.wasm",
            "author.key.pem",
            "out.wasm",
            "target/t.c",
            "src/old.c",
        ]);
        fs_err::write(place.path().join(".gitignore"), "/target\n*.h\n").unwrap();
        let of = |patterns: &[&str]| names(place.path(), patterns).unwrap().join(" ");
        let all = ".gitignore a.c provenact.toml src/b.c src/deep/c.c src/old.c";
        assert_eq!(of(&["**"]), all);
        assert_eq!(of(&["src/*.c", "!src/old.c"]), "provenact.toml src/b.c");
        assert_eq!(of(&["src/**/*.c", "!**/old.c"]), "provenact.toml src/b.c src/deep/c.c");
        assert!(matches!(names(place.path(), &["*.c", "*.zig"]), Err(Error::Pattern { .. })));
        assert!(matches!(names(place.path(), &["target/**"]), Err(Error::Pattern { .. })));
    }

    #[test]
    fn links_are_not_followed() {
        let outside = place(&["secret"]);
        let place = place(&["a.c", "provenact.toml"]);
        std::os::unix::fs::symlink(outside.path(), place.path().join("way")).unwrap();
        assert_eq!(names(place.path(), &["*.c"]).unwrap(), ["a.c", "provenact.toml"]);
        assert!(matches!(names(place.path(), &["way/**", "a.c"]), Err(Error::Pattern { .. })));
        let error = names(place.path(), &["**"]).unwrap_err();
        assert!(error.to_string().contains("\"way\" is a link"), "{error}");
        assert_eq!(error.reason().name(), "inputs-unfit");
    }
}
