//! Builds from source: the recipe's command, on a copy of its inputs, in surroundings of its own.

use super::surroundings::{Host, Means, Surroundings};
use super::{Error, Recipe, git, inputs, tools};
use crate::digest::ModuleDigest;
use crate::files::{self, Scratch};
use crate::limits;
use crate::materials::{Asked, Check, FromSource, Materials, Variable};
use crate::profile::Profile;
use crate::wasm::{self, Canonical, Module, SourceNote};
use anstream::adapter::strip_str;
use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// `SOURCE_DATE_EPOCH` where neither recipe nor Git gives one: the first time that a ZIP file can hold.
const EARLIEST: u64 = 315_532_800;

/// Is told how a build goes on.
pub trait Watch: Sync {
    /// A build begins: which one from 1, and of how many.
    fn begins(&self, nth: u64, of: u64);
    /// The command printed a line, on whichever stream.
    fn line(&self, line: &str);
}

/// A build that can begin: what goes in is known.
#[derive(Debug)]
pub struct Build<'r> {
    recipe: &'r Recipe,
    directory: PathBuf,
    host: &'r Host,
    asked: Asked,
    materials: Materials,
}

/// What questions are asked with.
pub(super) struct Asking<'a> {
    pub asked: &'a Asked,
    pub host: &'a Host,
}

/// A module from source.
#[derive(Debug)]
pub struct Made {
    /// Its bytes, as the command wrote them.
    pub module: Vec<u8>,
    /// What went in, to be noted.
    pub record: FromSource,
}

impl<'r> Build<'r> {
    /// Finds what goes into the build of `recipe`, which lies in `directory`.
    ///
    /// # Errors
    /// Inputs that cannot be, tools that are missing or of another version, variables that cannot be
    /// recorded.
    pub fn prepare(recipe: &'r Recipe, directory: &Path, host: &'r Host) -> Result<Self, Error> {
        let directory = files::absolute(directory)?;
        let inputs = inputs::find(&directory, &recipe.inputs, &recipe.output)?;
        let (git, time) = git::look(&directory, &inputs, host).unzip();
        let asked = Asked {
            environment: environment(recipe, host)?,
            epoch: recipe.epoch.or(time).unwrap_or(EARLIEST),
            inputs: recipe.inputs.clone(),
            leaks_allowed: recipe.leaks_allowed,
            output: recipe.output.clone(),
            toolchain: recipe.toolchain.clone(),
        };
        let mut materials = Materials { check: None, git, inputs, tools: Vec::new() };
        let scratch = Scratch::new()?;
        let place = Surroundings::plain().prepare(&scratch)?;
        let asking = Asking { asked: &asked, host };
        materials.tools = tools::find(&asking, &recipe.command, &place)?;
        Ok(Self { recipe, directory, host, asked, materials })
    }

    /// Prepares what `record` says to be done again with the source in `directory`. Only the tools are
    /// looked for anew.
    ///
    /// # Errors
    /// [`Error::Source`] for another source; tools that are missing or of another version.
    pub fn again(
        recipe: &'r Recipe,
        directory: &Path,
        host: &'r Host,
        record: &FromSource,
    ) -> Result<Self, Error> {
        let directory = files::absolute(directory)?;
        let (asked, mut materials) = (record.asked().clone(), record.materials().clone());
        inputs::confirm(&directory, &materials.inputs)?;
        let scratch = Scratch::new()?;
        let place = Surroundings::plain().prepare(&scratch)?;
        materials.tools = tools::find(&Asking { asked: &asked, host }, &recipe.command, &place)?;
        materials.check = None;
        Ok(Self { recipe, directory, host, asked, materials })
    }

    /// Lets the module tell paths of this machine, though the recipe does not.
    pub fn allow_leaks(&mut self) {
        self.asked.leaks_allowed = true;
    }

    /// Builds once.
    ///
    /// # Errors
    /// When the command cannot be started, fails, or leaves no output.
    pub fn once(self, watch: &dyn Watch) -> Result<Made, Error> {
        watch.begins(1, 1);
        let module = self.module(&Surroundings::plain(), watch)?;
        self.made(module)
    }

    /// Builds `times` times in surroundings that differ, and compares the canonical modules.
    ///
    /// # Errors
    /// As [`Build::once`]; [`Error::Unreproducible`] when they differ, unless that is `allowed`.
    pub fn checked(
        mut self,
        times: u64,
        profile: Profile,
        allowed: bool,
        watch: &dyn Watch,
    ) -> Result<Made, Error> {
        let means = Means::find(self.host, self.recipe.epoch.is_some())?;
        let varied = Surroundings::variations(&means);
        watch.begins(1, times);
        let first = Module::parse(self.module(&Surroundings::plain(), watch)?)?;
        let expected = digest(&first, profile)?;
        let mut reproducible = true;
        for nth in 2..=times {
            watch.begins(nth, times);
            let other = self.module(&Surroundings::varied(nth, &means), watch)?;
            if other == first.bytes() {
                continue;
            }
            let other = Module::parse(other)?;
            let found = digest(&other, profile)?;
            if found != expected && !allowed {
                return Err(Error::Unreproducible {
                    nth,
                    found,
                    expected,
                    varied: varied.join(", "),
                    difference: Box::new(wasm::diff_executed(&first, &other)?),
                });
            }
            reproducible &= found == expected;
        }
        self.materials.check = Some(Check { builds: times, reproducible, varied });
        self.made(first.into_bytes())
    }

    fn made(self, module: Vec<u8>) -> Result<Made, Error> {
        Ok(Made { module, record: FromSource::new(self.asked, self.materials)? })
    }

    /// The module that the command writes in these surroundings.
    fn module(&self, surroundings: &Surroundings, watch: &dyn Watch) -> Result<Vec<u8>, Error> {
        let Self { recipe, asked, .. } = self;
        let scratch = Scratch::new()?;
        let place = surroundings.prepare(&scratch)?;
        let Surroundings { folder, reversed, epoch, .. } = surroundings;
        let epoch = epoch.unwrap_or(asked.epoch);
        inputs::copy(&self.directory, &self.materials.inputs, &scratch, folder, epoch, *reversed)?;
        let mut command =
            surroundings.command(&recipe.command, &place, self.host, &asked.environment, epoch)?;
        let program = recipe.command.first().cloned().unwrap_or_default();
        run(&mut command, &program, watch)?;
        let output = place.source.join(&recipe.output);
        if !files::exists(&output) {
            return Err(Error::NoOutput { program, output: PathBuf::from(&recipe.output) });
        }
        Ok(files::read_limited(&output, limits::MODULE_BYTES)?)
    }
}

/// The variables that the recipe lists and that are set, by name.
fn environment(recipe: &Recipe, host: &Host) -> Result<Vec<Variable>, Error> {
    let mut found = Vec::new();
    for name in &recipe.env {
        let Some(value) = host.variables.get(name) else { continue };
        if value.len() > limits::VARIABLE_BYTES {
            return Err(Error::Variable { name: name.clone(), why: "has a value above the limit" });
        }
        found.push(Variable { name: name.clone(), value: value.clone() });
    }
    Ok(found)
}

/// Digest of the canonical form of a module.
fn digest(module: &Module, profile: Profile) -> Result<ModuleDigest, Error> {
    let note = SourceNote::of("module.wasm");
    Ok(Canonical::build(module, profile, &note)?.canonical.digest())
}

/// Runs a command to its end. Both its streams are passed on line by line: ours is the answer.
fn run(command: &mut Command, program: &str, watch: &dyn Watch) -> Result<(), Error> {
    let start = |source| Error::Start { program: program.to_owned(), source };
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(start)?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let last = Mutex::new(VecDeque::new());
    let keep = |line: &str| {
        watch.line(line);
        let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() == limits::BUILD_LINES {
            last.pop_front();
        }
        last.push_back(line.to_owned());
    };
    std::thread::scope(|scope| {
        scope.spawn(|| err.into_iter().for_each(|stream| lines(stream, &keep)));
        out.into_iter().for_each(|stream| lines(stream, &keep));
    });
    let status = child.wait().map_err(start)?;
    if status.success() {
        return Ok(());
    }
    let last = last.into_inner().unwrap_or_else(PoisonError::into_inner).into();
    Err(Error::Failed { program: program.to_owned(), status, last })
}

/// Hands on each line of a stream; one that is too long as several.
fn lines(stream: impl Read, each: &dyn Fn(&str)) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        let read = reader.by_ref().take(limits::BUILD_LINE_BYTES).read_until(b'\n', &mut line);
        if !read.is_ok_and(|bytes| bytes > 0) {
            return;
        }
        let line = String::from_utf8_lossy(&line);
        // Colours are for the terminal that a compiler took this for.
        each(strip_str(line.trim_end_matches(['\n', '\r'])).to_string().as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = r"\0asm\1\0\0\0\1\4\1\140\0\0\3\2\1\0\7\12\1\6_start\0\0\12\4\1\2\0\13";

    struct Heard(Mutex<Vec<String>>);

    impl Watch for Heard {
        fn begins(&self, nth: u64, of: u64) {
            self.line(&format!("{nth}/{of}"));
        }

        fn line(&self, line: &str) {
            self.0.lock().unwrap().push(line.to_owned());
        }
    }

    struct Trial {
        directory: tempfile::TempDir,
        recipe: Recipe,
        host: Host,
        heard: Heard,
    }

    fn trial(script: &str, more: &str) -> Trial {
        let directory = tempfile::tempdir().unwrap();
        let text = format!(
            "[skill]\nname = 'x'\n[build]\ncommand = ['sh', 'build.sh']\noutput = 'out.wasm'\n{more}"
        );
        fs_err::write(directory.path().join("build.sh"), script).unwrap();
        fs_err::write(directory.path().join("provenact.toml"), &text).unwrap();
        let host = Host { path: "/usr/bin:/bin".into(), ..Host::default() };
        let recipe = Recipe::parse(&text).unwrap();
        Trial { directory, recipe, host, heard: Heard(Mutex::default()) }
    }

    impl Trial {
        fn prepare(&self) -> Result<Build<'_>, Error> {
            Build::prepare(&self.recipe, self.directory.path(), &self.host)
        }

        fn once(&self) -> Result<Made, Error> {
            self.prepare()?.once(&self.heard)
        }

        fn checked(&self, allowed: bool) -> Result<Made, Error> {
            self.prepare()?.checked(3, Profile::CANONICAL, allowed, &self.heard)
        }
    }

    #[test]
    fn the_command_sees_its_inputs_alone_and_must_succeed() {
        let good = trial("ls -A; echo talk >&2; printf x > out.wasm", "inputs = ['build.sh']");
        fs_err::write(good.directory.path().join("other"), "y").unwrap();
        let made = good.once().unwrap();
        assert_eq!(made.module, b"x");
        let mut heard = good.heard.0.lock().unwrap().clone();
        heard.sort();
        assert_eq!(heard, ["1/1", "build.sh", "provenact.toml", "talk"]);
        assert!(
            !files::exists(&good.directory.path().join("out.wasm")),
            "the source stays as it is"
        );
        let names: Vec<_> =
            made.record.materials().inputs.iter().map(|i| i.path.as_str()).collect();
        assert_eq!(names, ["build.sh", "provenact.toml"]);
        assert_eq!(made.record.materials().tools[0].name, "sh");
        assert_eq!(made.record.asked().epoch, EARLIEST);

        let bad = trial("for n in $(seq 100); do echo $n; done; exit 3", "");
        let failed = bad.once().unwrap_err();
        assert!(failed.to_string().contains('3'), "{failed}");
        let Error::Failed { last, .. } = &failed else { panic!("{failed}") };
        assert_eq!((last.len(), last[0].as_str()), (limits::BUILD_LINES, "81"));
        assert_eq!(failed.reason().name(), "build-failed");
        assert!(matches!(trial("true", "").once().unwrap_err(), Error::NoOutput { .. }));
    }

    #[test]
    fn builds_that_depend_on_their_surroundings_are_refused() {
        let good = trial(&format!("printf '{START}' > out.wasm"), "");
        let made = good.checked(false).unwrap();
        let check = made.record.materials().check.clone().unwrap();
        assert!(check.reproducible && check.builds == 3);
        // A custom section is not part of the canonical form.
        let named =
            format!("{{ printf '{START}'; printf '\\0\\2\\1'; printf %.1s \"$TZ\"; }} > out.wasm");
        assert!(trial(&named, "").checked(false).is_ok());
        let script = format!(
            "case \"$TZ\" in UTC) printf '{START}';; *) printf '{START}' | sed s/_start/_Start/;; esac > out.wasm"
        );
        let bad = trial(&script, "");
        let error = bad.checked(false).unwrap_err();
        assert!(error.to_string().contains("time-zone"), "{error}");
        assert_eq!(error.reason().name(), "build-unreproducible");
        let check = bad.checked(true).unwrap().record.materials().check.clone();
        assert!(!check.unwrap().reproducible);
    }

    #[test]
    fn tools_must_be_there_and_of_the_version() {
        let probe = |probe: &str| {
            let more = format!("[toolchain]\nsh = {probe}\n");
            trial("printf x > out.wasm", &more).once()
        };
        let made = probe("{ command = ['sh', '-c', 'echo v1.2.3'], version = '1.2.3' }").unwrap();
        assert_eq!(made.record.materials().tools[0].version.as_deref(), Some("1.2.3"));
        let made = probe("{ command = ['sh', '-c', 'echo some 7'] }").unwrap();
        assert_eq!(made.record.materials().tools[0].version.as_deref(), Some("some 7"));
        for bad in [
            "{ command = ['sh', '-c', 'echo 1.2.34'], version = '1.2.3' }",
            "{ command = ['sh', '-c', 'exit 1'] }",
            "{ command = ['no-such-program'] }",
        ] {
            assert_eq!(probe(bad).unwrap_err().reason().name(), "toolchain-mismatch", "{bad}");
        }
    }

    #[test]
    fn listed_variables_are_handed_on_and_recorded() {
        let mut trial =
            trial("printf %s \"$LEVEL$OTHER\" > out.wasm", "env = ['LEVEL', 'MISSING']");
        for name in ["LEVEL", "OTHER"] {
            trial.host.variables.insert(name.to_owned(), "9".to_owned());
        }
        let made = trial.once().unwrap();
        assert_eq!(made.module, b"9");
        let environment = &made.record.asked().environment;
        assert_eq!(environment[..], [Variable { name: "LEVEL".into(), value: "9".into() }]);
        trial.host.variables.insert("LEVEL".to_owned(), "9".repeat(limits::VARIABLE_BYTES + 1));
        assert_eq!(trial.once().unwrap_err().reason().name(), "inputs-unfit");
    }
}
