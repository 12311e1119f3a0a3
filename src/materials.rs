//! What a build from source was asked for and took in, as data: the builder finds it, the companion
//! notes it, provenance says it (spec/buildtype-canonicalize.md).

use crate::digest::{ExecutableDigest, InputDigest, TreeDigest};
use crate::limits;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// The last second of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// What the builder was asked for besides the command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Variables of the author's environment that were handed on, by name.
    pub environment: Vec<Variable>,
    /// `SOURCE_DATE_EPOCH`: seconds since 1970.
    pub epoch: u64,
    /// Patterns of the files that the command was given.
    pub inputs: Vec<String>,
    /// Whether the module may tell paths of the machine that built it.
    #[serde(rename = "leaksAllowed", skip_serializing_if = "std::ops::Not::not", default)]
    pub leaks_allowed: bool,
    /// The module that the command writes, relative to the recipe.
    pub output: String,
    /// How the tools were asked for their version, by name.
    pub toolchain: Vec<Probe>,
}

/// A variable of the environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, in clear.
    pub value: String,
}

/// A question to a tool of which version it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Program and arguments.
    pub command: Vec<String>,
    /// What the recipe calls the tool.
    pub name: String,
    /// The version that it must name; `None` takes every one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
}

/// What a build took in, and whether it was done more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Materials {
    /// How builds of the same were compared, if they were.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub check: Option<Check>,
    /// Where the source stands in a Git repository, if it does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub git: Option<Git>,
    /// Every file that the command was given, by path.
    pub inputs: Vec<Input>,
    /// The tools, by name.
    pub tools: Vec<Tool>,
}

/// Builds of the same source that were compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// How many.
    pub builds: u64,
    /// Whether all gave the same canonical module.
    pub reproducible: bool,
    /// In what their surroundings differed, sorted.
    pub varied: Vec<String>,
}

/// A place in a Git repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Git {
    /// The commit, in hexadecimal digits.
    pub commit: String,
    /// Whether the inputs are not those of the commit.
    pub dirty: bool,
    /// The folder of the recipe in the repository; empty for its root.
    pub folder: String,
}

/// A file that the command was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Whether its owner may execute it, and the command may.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub executable: bool,
    /// Its path relative to the recipe, with `/`.
    pub path: String,
    /// Its digest.
    pub sha256: InputDigest,
}

/// A tool that built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// What the recipe calls it; the command's own program without a probe, by its name.
    pub name: String,
    /// Of the executable that was found under that name.
    pub sha256: ExecutableDigest,
    /// What it says of itself, when it was asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
}

/// Both: what was asked for and what was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct FromSource {
    asked: Asked,
    materials: Materials,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    asked: Asked,
    materials: Materials,
}

/// Why something is no record of a build from source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MaterialsError(&'static str);

impl MaterialsError {
    /// What is wrong.
    #[must_use]
    pub const fn why(self) -> &'static str {
        self.0
    }
}

impl FromSource {
    /// The record, if it has the one form that spec/buildtype-canonicalize.md gives.
    ///
    /// # Errors
    /// Lists that are not sorted or have something twice, paths that lead elsewhere, numbers out of
    /// range.
    pub fn new(asked: Asked, materials: Materials) -> Result<Self, MaterialsError> {
        asked.check()?;
        materials.check()?;
        Ok(Self { asked, materials })
    }

    /// What the builder was asked for.
    #[must_use]
    pub fn asked(&self) -> &Asked {
        &self.asked
    }

    /// What it took in.
    #[must_use]
    pub fn materials(&self) -> &Materials {
        &self.materials
    }
}

impl TryFrom<Raw> for FromSource {
    type Error = MaterialsError;

    fn try_from(raw: Raw) -> Result<Self, MaterialsError> {
        Self::new(raw.asked, raw.materials)
    }
}

impl Asked {
    fn check(&self) -> Result<(), MaterialsError> {
        let names = |name: &str| is_variable(name);
        must(self.environment.iter().all(|v| names(&v.name)), "environment has a strange name")?;
        must(ascends(&self.environment, |v| &v.name), "environment is not sorted and distinct")?;
        must(self.epoch <= LAST_SECOND, "epoch is after the year 9999")?;
        must(is_plain(&self.output), "output is not a plain relative path")?;
        must(!self.inputs.is_empty(), "inputs is empty")?;
        let asks = |probe: &Probe| probe.command.first().is_some_and(|word| !word.is_empty());
        must(self.toolchain.iter().all(asks), "toolchain has an empty command")?;
        must(ascends(&self.toolchain, |p| &p.name), "toolchain is not sorted and distinct")
    }
}

impl Materials {
    fn check(&self) -> Result<(), MaterialsError> {
        must(self.inputs.len() <= limits::INPUTS, "there are more inputs than the limit")?;
        must(self.inputs.iter().all(|i| is_plain(&i.path)), "an input has no plain relative path")?;
        must(ascends(&self.inputs, |i| &i.path), "inputs are not sorted and distinct")?;
        must(ascends(&self.tools, |tool| &tool.name), "tools are not sorted and distinct")?;
        if let Some(git) = &self.git {
            let is_hex = git.commit.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
            must(is_hex && matches!(git.commit.len(), 40 | 64), "git names no commit")?;
            let is_folder = git.folder.is_empty() || is_plain(&git.folder);
            must(is_folder, "git has no plain folder")?;
        }
        if let Some(check) = &self.check {
            must((2..=limits::CHECK_BUILDS).contains(&check.builds), "check has too few builds")?;
            let varied = !check.varied.is_empty() && ascends(&check.varied, |name| name);
            must(varied, "what was varied is empty, or not sorted and distinct")?;
        }
        Ok(())
    }

    /// Digest of the inputs together: of the list that `sha256sum` prints for them, sorted by path.
    #[must_use]
    pub fn tree(&self) -> TreeDigest {
        let mut list = String::new();
        for Input { path, sha256, .. } in &self.inputs {
            let _ = writeln!(list, "{}  {path}", sha256.hex());
        }
        TreeDigest::of(list.as_bytes())
    }
}

impl Input {
    /// Whether it pins what a package manager fetches, by its name.
    #[must_use]
    pub fn is_lock_file(&self) -> bool {
        const NAMES: [&str; 14] = [
            "Cargo.lock",
            "Gemfile.lock",
            "Pipfile.lock",
            "bun.lock",
            "composer.lock",
            "deno.lock",
            "flake.lock",
            "go.sum",
            "npm-shrinkwrap.json",
            "package-lock.json",
            "pnpm-lock.yaml",
            "poetry.lock",
            "uv.lock",
            "yarn.lock",
        ];
        let name = self.path.rsplit('/').next().unwrap_or_default();
        NAMES.contains(&name)
    }
}

/// Whether a path is relative, leads nowhere but down, and stands in one line as it is.
#[must_use]
pub fn is_plain(path: &str) -> bool {
    path.len() <= limits::INPUT_PATH_BYTES
        && !path.chars().any(|c| c.is_control() || c == '\\')
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// Whether a text can be the name of a variable of the environment.
#[must_use]
pub fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
}

fn ascends<T>(list: &[T], key: impl Fn(&T) -> &String) -> bool {
    list.windows(2).all(|pair| key(&pair[0]) < key(&pair[1]))
}

fn must(upheld: bool, why: &'static str) -> Result<(), MaterialsError> {
    if upheld { Ok(()) } else { Err(MaterialsError(why)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn record() -> (Asked, Materials) {
        let input = |path: &str| Input {
            executable: false,
            path: path.into(),
            sha256: InputDigest::of(b"x\n"),
        };
        let asked = Asked {
            environment: vec![Variable { name: "LEVEL".into(), value: "3".into() }],
            epoch: 1_700_000_000,
            inputs: vec!["**".into()],
            leaks_allowed: false,
            output: "out/a.wasm".into(),
            toolchain: vec![Probe {
                command: vec!["cc".into(), "--version".into()],
                name: "cc".into(),
                version: Some("14".into()),
            }],
        };
        let materials = Materials {
            check: Some(Check { builds: 2, reproducible: true, varied: vec!["time".into()] }),
            git: Some(Git { commit: "a".repeat(40), dirty: false, folder: String::new() }),
            inputs: vec![input("a/Cargo.lock"), input("b.c")],
            tools: Vec::new(),
        };
        (asked, materials)
    }

    #[test]
    fn a_record_has_one_form() {
        let (asked, materials) = record();
        let whole = FromSource::new(asked, materials).unwrap();
        let text = json::to_jcs(&whole).unwrap();
        assert_eq!(json::from_slice::<FromSource>(&text).unwrap(), whole);
        let locks: Vec<_> = whole.materials().inputs.iter().map(Input::is_lock_file).collect();
        assert_eq!(locks, [true, false]);

        type Spoil = fn(&mut Asked, &mut Materials);
        let spoil: [Spoil; 13] = [
            |a, _| a.epoch = LAST_SECOND + 1,
            |a, _| a.output = "../a.wasm".into(),
            |a, _| a.output = "/a.wasm".into(),
            |a, _| a.inputs.clear(),
            |a, _| a.environment[0].name = "A=B".into(),
            |a, _| a.toolchain[0].command.clear(),
            |a, _| a.toolchain.extend(a.toolchain.clone()),
            |_, m| m.inputs.reverse(),
            |_, m| m.inputs[0].path = "a\nb".into(),
            |_, m| m.git.as_mut().unwrap().commit.push('a'),
            |_, m| m.git.as_mut().unwrap().folder = "../a".into(),
            |_, m| m.check.as_mut().unwrap().builds = 1,
            |_, m| m.check.as_mut().unwrap().varied.clear(),
        ];
        for (at, spoil) in spoil.into_iter().enumerate() {
            let (mut asked, mut materials) = record();
            spoil(&mut asked, &mut materials);
            assert!(FromSource::new(asked, materials).is_err(), "{at}");
        }
    }

    #[test]
    fn the_tree_is_what_sha256sum_prints() {
        let (_, materials) = record();
        let line = "73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac";
        let list = format!("{line}  a/Cargo.lock\n{line}  b.c\n");
        assert_eq!(materials.tree(), TreeDigest::of(list.as_bytes()));
    }
}
