//! `provenact.toml`: how a skill is built and what it declares.

use super::Error;
use crate::abi::Capability;
use crate::profile::{Profile, ProfileError};
use crate::skill::{CapabilityTable, RawTable, TableError, line};
use serde::Deserialize;
use std::collections::BTreeSet;
use toml::Spanned;

/// A recipe.
///
/// ```toml
/// [skill]
/// name = "clock"
/// version = "1.2.0"        # "0.0.0" when it is left out
/// entrypoint = "decide"    # "_start" when it is left out
///
/// [build]
/// command = ["cargo", "build", "--release", "--target", "wasm32-wasip1"]
/// output = "target/wasm32-wasip1/release/clock.wasm"
/// profile = "portable"     # the default
/// without = ["nan"]        # passes of the profile to leave out
///
/// [capabilities]
/// "fs.read" = ["/data"]
/// env = ["HOME"]
/// time = true
/// "fs.write" = false       # the imports can ask for it, and it is not declared
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The skill's name.
    pub name: String,
    /// The skill's version.
    pub version: String,
    /// The exported function where execution begins; `None` for `_start`.
    pub entrypoint: Option<String>,
    /// Program and arguments that make the module; empty when it is made otherwise.
    pub command: Vec<String>,
    /// The module that they make, relative to the recipe.
    pub output: String,
    /// The passes that the module goes through.
    pub profile: Profile,
    /// What the skill declares, sorted and distinct.
    pub capabilities: Vec<Capability>,
    /// Kinds that it knowingly does without.
    pub denied: BTreeSet<String>,
}

impl Recipe {
    /// Version of a skill whose recipe says none.
    pub const DEFAULT_VERSION: &'static str = "0.0.0";
    /// Profile of a skill whose recipe says none.
    pub const DEFAULT_PROFILE: Profile = Profile::PORTABLE;

    /// Reads the text of a recipe (TOML 1.0). Name and version are judged when a manifest is made.
    ///
    /// # Errors
    /// With the line: text that is not TOML, unknown or missing fields, unknown capabilities.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let raw: Raw = toml::from_str(text).map_err(|error| Error::Recipe {
            line: line(text, error.span().map_or(0, |span| span.start)),
            what: error.message().to_owned(),
        })?;
        let refuse = |at: usize, what: &str| {
            Err(Error::Recipe { line: line(text, at), what: what.to_owned() })
        };
        if raw.build.output.get_ref().is_empty() {
            return refuse(raw.build.output.span().start, "output is empty");
        }
        let profile = match raw.build.profile() {
            Ok(profile) => profile,
            Err((at, error)) => return refuse(at, &error.to_string()),
        };
        let (at, command) = match raw.build.command {
            Some(command) => (Some(command.span().start), command.into_inner()),
            None => (None, Vec::new()),
        };
        if let Some(at) = at.filter(|_| command.first().is_none_or(String::is_empty)) {
            return refuse(at, "command is empty");
        }
        let table =
            CapabilityTable::read(text, &raw.capabilities).map_err(|error| match error {
                TableError::Form { line, what } => Error::Recipe { line, what },
                TableError::Capability { line, source } => Error::Capability { line, source },
            })?;
        Ok(Self {
            name: raw.skill.name,
            version: raw.skill.version.unwrap_or_else(|| Self::DEFAULT_VERSION.to_owned()),
            entrypoint: raw.skill.entrypoint,
            command,
            output: raw.build.output.into_inner(),
            profile,
            capabilities: table.capabilities,
            denied: table.denied,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    skill: RawSkill,
    build: RawBuild,
    #[serde(default)]
    capabilities: RawTable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSkill {
    name: String,
    version: Option<String>,
    entrypoint: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBuild {
    command: Option<Spanned<Vec<String>>>,
    output: Spanned<String>,
    profile: Option<Spanned<String>>,
    without: Option<Spanned<Vec<String>>>,
}

impl RawBuild {
    /// The profile, or where the line stands that asks for one that there is not.
    fn profile(&self) -> Result<Profile, (usize, ProfileError)> {
        let whole = match &self.profile {
            None => Recipe::DEFAULT_PROFILE,
            Some(name) => {
                Profile::from_name(name.get_ref()).map_err(|error| (name.span().start, error))?
            }
        };
        let Some(without) = &self.without else { return Ok(whole) };
        let names = without.get_ref().iter().map(String::as_str);
        whole.leaving_out(names).map_err(|error| (without.span().start, error))
    }
}

#[cfg(test)]
mod tests {
    use super::Recipe;
    use crate::profile::{Pass, Profile};

    const GOOD: &str = r#"[skill]
name = "clock"
[build]
command = ["make"]
output = "clock.wasm"
[capabilities]
"fs.read" = ["/data", "/data"]
env = ["HOME"]
time = true
random = false
"#;

    #[test]
    fn a_recipe_is_read() {
        let recipe = Recipe::parse(GOOD).unwrap();
        let texts: Vec<_> = recipe.capabilities.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["env=HOME", "fs.read=/data", "time"]);
        assert_eq!(
            (recipe.version.as_str(), recipe.command.as_slice()),
            ("0.0.0", &["make".to_owned()][..])
        );
        let short = Recipe::parse("[skill]\nname='x'\n[build]\noutput='x.wasm'\n").unwrap();
        assert!(short.command.is_empty() && short.capabilities.is_empty());
        assert_eq!(short.profile, Profile::PORTABLE);
        let with = |lines: &str| {
            Recipe::parse(&GOOD.replacen("output", &format!("{lines}\noutput"), 1)).unwrap().profile
        };
        assert_eq!(with("profile = 'canonical'"), Profile::CANONICAL);
        assert_eq!(with("without = ['nan']"), Profile::PORTABLE.without(Pass::Nan));
        assert_eq!(with("profile = 'portable'\nwithout = []"), Profile::PORTABLE);
    }

    #[test]
    fn faults_are_named_with_their_line() {
        for (from, to, line, reason) in [
            ("name", "nmae", 2, "recipe-malformed"),
            ("[build]", "[build", 3, "recipe-malformed"),
            ("[\"make\"]", "[]", 4, "recipe-malformed"),
            ("\"clock.wasm\"", "\"\"", 5, "recipe-malformed"),
            ("\"/data\", ", "\"data\", ", 7, "capability-unknown"),
            ("\"/data\", ", "7, ", 7, "recipe-malformed"),
            ("env =", "\"kv.read\" =", 8, "capability-unsupported"),
            ("env =", "network =", 8, "capability-unknown"),
            ("time = true", "time = \"realtime\"", 9, "recipe-malformed"),
            ("command", "profile = \"strict\"\ncommand", 4, "recipe-malformed"),
            ("output", "without = [\"NaN\"]\noutput", 5, "recipe-malformed"),
            (
                "output",
                "profile = \"canonical\"\nwithout = [\"nan\"]\noutput",
                6,
                "recipe-malformed",
            ),
            ("output", "profile = [\"portable\"]\noutput", 5, "recipe-malformed"),
        ] {
            let error = Recipe::parse(&GOOD.replacen(from, to, 1)).unwrap_err();
            assert!(error.to_string().starts_with(&format!("line {line}: ")), "{to}: {error}");
            assert_eq!(error.reason().name(), reason, "{to}: {error}");
        }
    }
}
