//! `provenact.toml`: how a skill is built and what it declares.

use super::Error;
use crate::abi::Capability;
use crate::materials::{Asked, Probe, is_plain, is_variable};
use crate::profile::{Profile, ProfileError};
use crate::skill::{CapabilityTable, RawTable, TableError, line};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
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
/// inputs = ["src/**", "Cargo.*"]     # what the command is given; everything when it is left out
/// env = ["RUSTUP_TOOLCHAIN"]         # variables that are handed on and recorded
/// source-date-epoch = 1700000000     # of the last commit when it is left out
/// allow-leaks = true                 # the module may tell paths of the machine
///
/// [toolchain]
/// rustc = { command = ["rustc", "--version"], version = "1.95.0" }
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
    /// Patterns of the files that the command is given.
    pub inputs: Vec<String>,
    /// Variables of the environment that are handed on, sorted and distinct.
    pub env: BTreeSet<String>,
    /// Seconds since 1970; `None` for the last commit's.
    pub epoch: Option<u64>,
    /// Whether the module may tell paths of the machine that built it.
    pub leaks_allowed: bool,
    /// How tools are asked for their version, by name.
    pub toolchain: Vec<Probe>,
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
    /// File name of a recipe.
    pub const FILE: &'static str = "provenact.toml";

    /// The recipe of a build that is done again, of what provenance says. What of it decides the
    /// manifest is not needed for the command, and left at its default.
    #[must_use]
    pub fn again(name: &str, command: Vec<String>, asked: &Asked) -> Self {
        let asked = asked.clone();
        Self {
            name: name.to_owned(),
            version: Self::DEFAULT_VERSION.to_owned(),
            entrypoint: None,
            command,
            output: asked.output,
            inputs: asked.inputs,
            env: asked.environment.into_iter().map(|variable| variable.name).collect(),
            epoch: Some(asked.epoch),
            leaks_allowed: asked.leaks_allowed,
            toolchain: asked.toolchain,
            profile: Self::DEFAULT_PROFILE,
            capabilities: Vec::new(),
            denied: BTreeSet::new(),
        }
    }

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
        if raw.build.command.is_some() && !is_plain(raw.build.output.get_ref()) {
            return refuse(raw.build.output.span().start, OUTPUT);
        }
        if let Some((at, what)) = raw.build.fault().or_else(|| raw.fault()) {
            return refuse(at, &what);
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
            inputs: raw.build.inputs.map_or_else(|| vec!["**".to_owned()], Spanned::into_inner),
            env: raw.build.env.into_iter().flat_map(Spanned::into_inner).collect(),
            epoch: raw.build.source_date_epoch.map(Spanned::into_inner),
            leaks_allowed: raw.build.allow_leaks,
            toolchain: (raw.toolchain.into_iter())
                .map(|(name, probe)| probe.into_inner().named(name))
                .collect(),
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
    #[serde(default)]
    toolchain: BTreeMap<String, Spanned<RawProbe>>,
}

impl Raw {
    /// What is wrong with the toolchain, and where.
    fn fault(&self) -> Option<(usize, String)> {
        let mut probes = self.toolchain.iter();
        let (name, probe) = probes.find(|(_, probe)| !probe.get_ref().is_sound())?;
        Some((probe.span().start, format!("toolchain.{name}: command or version is empty")))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProbe {
    command: Vec<String>,
    version: Option<String>,
}

impl RawProbe {
    fn is_sound(&self) -> bool {
        self.command.first().is_some_and(|program| !program.is_empty())
            && self.version.as_ref().is_none_or(|version| !version.is_empty())
    }

    fn named(self, name: String) -> Probe {
        Probe { command: self.command, name, version: self.version }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSkill {
    name: String,
    version: Option<String>,
    entrypoint: Option<String>,
}

const OUTPUT: &str = "output leads out of the folder, or has a control character or a backslash";

/// Variables that a build sets itself.
const OWN: [&str; 17] = [
    "CARGO_ENCODED_RUSTFLAGS",
    "CFLAGS",
    "CXXFLAGS",
    "GOFLAGS",
    "HOME",
    "LC_ALL",
    "LOGNAME",
    "PATH",
    "RUSTUP_HOME",
    "SOURCE_DATE_EPOCH",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "ZIG_GLOBAL_CACHE_DIR",
    "ZIG_LOCAL_CACHE_DIR",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawBuild {
    #[serde(default)]
    allow_leaks: bool,
    command: Option<Spanned<Vec<String>>>,
    env: Option<Spanned<Vec<String>>>,
    inputs: Option<Spanned<Vec<String>>>,
    source_date_epoch: Option<Spanned<u64>>,
    output: Spanned<String>,
    profile: Option<Spanned<String>>,
    without: Option<Spanned<Vec<String>>>,
}

impl RawBuild {
    /// What is wrong with what the command is given, and where.
    fn fault(&self) -> Option<(usize, String)> {
        if let Some(inputs) = &self.inputs {
            let at = inputs.span().start;
            if inputs.get_ref().iter().all(|pattern| pattern.starts_with('!')) {
                return Some((at, "inputs has no pattern that fits a file".to_owned()));
            }
            let unsound = inputs.get_ref().iter().find_map(|pattern| Some((at, unfit(pattern)?)));
            if unsound.is_some() {
                return unsound;
            }
        }
        let epoch = self.source_date_epoch.as_ref();
        if let Some(epoch) = epoch.filter(|epoch| *epoch.get_ref() > 253_402_300_799) {
            return Some((epoch.span().start, "source-date-epoch is after the year 9999".into()));
        }
        let env = self.env.as_ref()?;
        let refuse = |what: String| Some((env.span().start, what));
        for name in env.get_ref() {
            if !is_variable(name) {
                return refuse(format!("env: {name:?} cannot be the name of a variable"));
            }
            if OWN.contains(&name.as_str()) {
                return refuse(format!("env: {name} is set by the build itself"));
            }
        }
        None
    }

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

/// Why `pattern` is no pattern of inputs, if it is none.
fn unfit(pattern: &str) -> Option<String> {
    let glob = pattern.strip_prefix('!').unwrap_or(pattern);
    if !is_plain(glob) {
        return Some(format!("inputs: {pattern:?} leads out of the folder, or is not plain"));
    }
    super::inputs::glob(glob).err().map(|error| format!("inputs: {pattern:?}: {}", error.kind()))
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
    fn what_the_command_is_given_is_read() {
        let short = Recipe::parse(GOOD).unwrap();
        assert_eq!(
            (short.inputs, short.epoch, short.leaks_allowed),
            (vec!["**".into()], None, false)
        );
        let lines = "inputs = ['src/**', '!src/old/**']\nenv = ['B', 'A', 'B']\n\
            source-date-epoch = 7\nallow-leaks = true\noutput";
        let text = GOOD.replacen("output", lines, 1)
            + "[toolchain]\nzig = { command = ['zig', 'version'], version = '0.15.2' }\n";
        let recipe = Recipe::parse(&text).unwrap();
        assert_eq!(recipe.inputs, ["src/**", "!src/old/**"]);
        assert_eq!(recipe.env.into_iter().collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!((recipe.epoch, recipe.leaks_allowed), (Some(7), true));
        assert_eq!(recipe.toolchain[0].version.as_deref(), Some("0.15.2"));
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
            ("clock.wasm", "../clock.wasm", 5, "recipe-malformed"),
            ("output", "inputs = []\noutput", 5, "recipe-malformed"),
            ("output", "inputs = ['!a']\noutput", 5, "recipe-malformed"),
            ("output", "inputs = ['/etc/*']\noutput", 5, "recipe-malformed"),
            ("output", "inputs = ['a/../../b']\noutput", 5, "recipe-malformed"),
            ("output", "inputs = ['a[']\noutput", 5, "recipe-malformed"),
            ("output", "env = ['A=B']\noutput", 5, "recipe-malformed"),
            ("output", "env = ['HOME']\noutput", 5, "recipe-malformed"),
            ("output", "source-date-epoch = -1\noutput", 5, "recipe-malformed"),
            ("output", "source-date-epoch = 253402300800\noutput", 5, "recipe-malformed"),
            ("random = false", "[toolchain]\ncc = { command = [] }", 11, "recipe-malformed"),
        ] {
            let error = Recipe::parse(&GOOD.replacen(from, to, 1)).unwrap_err();
            assert!(error.to_string().starts_with(&format!("line {line}: ")), "{to}: {error}");
            assert_eq!(error.reason().name(), reason, "{to}: {error}");
        }
    }
}
