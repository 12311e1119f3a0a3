//! In what surroundings a command runs: nothing of ours but what is named here.

use super::Error;
use crate::files::{FileError, Scratch};
use crate::materials::Variable;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What of our own surroundings is handed on.
#[derive(Debug, Clone, Default)]
pub struct Host {
    /// Where programs are looked for. It says where tools are, not what they are: its value is not
    /// recorded, the tools' digests are.
    pub path: OsString,
    /// Where rustup keeps its toolchains; as [`Host::path`].
    pub rustup: Option<PathBuf>,
    /// Every variable that the recipe lists and that is set.
    pub variables: BTreeMap<String, String>,
}

impl Host {
    /// Folders where programs are looked for; relative ones would mean another place in each build.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        split(&self.path).filter(|folder| folder.is_absolute()).collect()
    }

    fn search_path(&self) -> OsString {
        let folders = self.folders();
        let names: Vec<&OsStr> = folders.iter().map(|folder| folder.as_os_str()).collect();
        names.join(OsStr::new(":"))
    }
}

fn split(path: &OsStr) -> impl Iterator<Item = PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_bytes().split(|c| *c == b':').map(|part| PathBuf::from(OsStr::from_bytes(part)))
}

/// One set of surroundings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Surroundings {
    /// Folder of the source, below the build's own.
    pub folder: String,
    home: &'static str,
    umask: &'static str,
    zone: &'static str,
    locale: &'static str,
    user: &'static str,
    /// Whether the source was written the other way round, so that a directory lists it otherwise.
    pub reversed: bool,
    /// `SOURCE_DATE_EPOCH` and the time of the inputs, if it is not the one that was asked for.
    pub epoch: Option<u64>,
    /// Programs with arguments that begin the command line, each of which starts the next.
    wraps: Vec<Vec<String>>,
}

/// Where a command finds itself: the absolute paths.
#[derive(Debug)]
pub(super) struct Place {
    pub source: PathBuf,
    home: PathBuf,
    temporary: PathBuf,
}

/// Ways to vary what cannot always be varied, as far as this machine and the recipe have them.
#[derive(Debug, Clone, Default)]
pub(super) struct Means {
    /// Programs that start the command in another machine or time, by what they vary.
    wraps: BTreeMap<&'static str, Vec<String>>,
    /// Whether a directory lists files by when they were written; many file systems list them by name or
    /// by a hash of it.
    lists_by_age: bool,
    /// Whether `SOURCE_DATE_EPOCH` can be another: not if the recipe says what it is.
    epoch: bool,
}

/// Years away, and before the end of 32-bit clocks; the same for everybody, so that builds elsewhere vary
/// alike.
const ANOTHER_TIME: &str = "2036-02-03 04:05:06";
/// The same in seconds since 1970.
const ANOTHER_EPOCH: u64 = 2_085_624_306;
/// Threads see the clock too; what waits for some time still does; and the inputs keep their times.
const FAKETIME: &str = "env NO_FAKE_STAT=1 faketime -m --exclude-monotonic -f";
const SET_HOST_NAME: &str = "printf %s elsewhere > /proc/sys/kernel/hostname && exec \"$@\"";

impl Means {
    /// Looks which there are, by trying each. An epoch that the recipe says is a part of what is built, as
    /// the source is, and is not varied.
    pub fn find(host: &Host, says_epoch: bool) -> Result<Self, FileError> {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let mut means =
            Self { wraps: BTreeMap::new(), lists_by_age: lists_by_age()?, epoch: !says_epoch };
        for unshare in ["unshare --uts", "unshare --user --map-root-user --uts"] {
            let mut wrap = words(unshare);
            wrap.extend(["sh", "-c", SET_HOST_NAME, "sh"].map(str::to_owned));
            let told = said(host, &wrap, &["cat", "/proc/sys/kernel/hostname"]);
            if told.is_some_and(|name| name.trim() == "elsewhere") {
                means.wraps.insert("host-name", wrap);
                break;
            }
        }
        let several = std::thread::available_parallelism().is_ok_and(|n| n > NonZeroUsize::MIN);
        let one = words("taskset --cpu-list 0");
        if several && said(host, &one, &["nproc"]).is_some_and(|count| count.trim() == "1") {
            means.wraps.insert("cpu-count", one);
        }
        let mut clock = words(FAKETIME);
        clock.push(format!("@{ANOTHER_TIME}"));
        if said(host, &clock, &["date", "+%Y"]).is_some_and(|year| year.trim() == "2036") {
            means.wraps.insert("time", clock);
        }
        Ok(means)
    }
}

/// Whether the same files, written the other way round, are listed in another order.
fn lists_by_age() -> Result<bool, FileError> {
    let scratch = Scratch::new()?;
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let lay = |folder: &str, name: &str| scratch.lay(&Path::new(folder).join(name), b"", false, 0);
    names.iter().try_for_each(|name| lay("one", name))?;
    names.iter().rev().try_for_each(|name| lay("other", name))?;
    Ok(scratch.listing(Path::new("one"))? != scratch.listing(Path::new("other"))?)
}

/// What a wrapped command prints; `None` when it fails or cannot be started.
fn said(host: &Host, wrap: &[String], command: &[&str]) -> Option<String> {
    let (program, arguments) = wrap.split_first()?;
    let output = Command::new(program)
        .args(arguments)
        .args(command)
        .env_clear()
        .env("PATH", host.search_path())
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Surroundings {
    /// Those of every build.
    pub fn plain() -> Self {
        Self {
            folder: "source".to_owned(),
            home: "home",
            umask: "022",
            zone: "UTC",
            locale: "C",
            user: "builder",
            reversed: false,
            epoch: None,
            wraps: Vec::new(),
        }
    }

    /// Others in everything that can be varied here; `nth` is 2 for the first of them.
    pub fn varied(nth: u64, means: &Means) -> Self {
        let deeper = "/deeper".repeat(usize::try_from(nth).unwrap_or(2));
        Self {
            folder: format!("another-place{deeper}"),
            home: "visitors/home",
            umask: "077",
            // 14 hours before UTC, the whole year.
            zone: "XST-14",
            locale: "C.UTF-8",
            user: "visitor",
            reversed: true,
            epoch: means.epoch.then_some(ANOTHER_EPOCH),
            wraps: means.wraps.values().cloned().collect(),
        }
    }

    /// In what [`Surroundings::varied`] differs from [`Surroundings::plain`], sorted.
    pub fn variations(means: &Means) -> Vec<String> {
        let mut names = vec!["directory", "home", "locale", "time-zone", "umask", "user-name"];
        names.extend(means.wraps.keys());
        names.extend(means.lists_by_age.then_some("file-order"));
        names.extend(means.epoch.then_some("source-date-epoch"));
        names.sort_unstable();
        names.into_iter().map(str::to_owned).collect()
    }

    /// Makes the folders.
    pub fn prepare(&self, scratch: &Scratch) -> Result<Place, FileError> {
        Ok(Place {
            source: scratch.folder(Path::new(&self.folder))?,
            home: scratch.folder(Path::new(self.home))?,
            temporary: scratch.folder(&Path::new(self.home).join("tmp"))?,
        })
    }

    /// The command of these words. `{dir}` in a word is the folder of the source.
    pub fn command(
        &self,
        words: &[String],
        place: &Place,
        host: &Host,
        environment: &[Variable],
        epoch: u64,
    ) -> Result<Command, Error> {
        let source = text(&place.source)?;
        let mut line: Vec<String> = self.wraps.concat();
        // A mask cannot be set for a child without `unsafe`, so a shell does.
        line.extend(["sh", "-c", "umask \"$0\" && exec \"$@\"", self.umask].map(str::to_owned));
        line.extend(words.iter().map(|word| word.replace("{dir}", source)));
        let (program, arguments) =
            line.split_first().ok_or_else(|| Error::ToolMissing { program: String::new() })?;
        let home = text(&place.home)?;
        let c = format!("-ffile-prefix-map={source}=. -ffile-prefix-map={home}=~");
        let rust = format!("--remap-path-prefix={source}=.\u{1f}--remap-path-prefix={home}=~");
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&place.source)
            .stdin(Stdio::null())
            .env_clear()
            .envs(environment.iter().map(|variable| (&variable.name, &variable.value)))
            .env("PATH", host.search_path())
            .env("HOME", &place.home)
            .env("TMPDIR", &place.temporary)
            .env("XDG_CACHE_HOME", place.home.join(".cache"))
            .env("XDG_CONFIG_HOME", place.home.join(".config"))
            .env("ZIG_GLOBAL_CACHE_DIR", place.home.join(".cache/zig"))
            .env("ZIG_LOCAL_CACHE_DIR", place.home.join(".cache/zig-local"))
            .env("USER", self.user)
            .env("LOGNAME", self.user)
            .env("TZ", self.zone)
            .env("LC_ALL", self.locale)
            .env("SOURCE_DATE_EPOCH", epoch.to_string())
            .env("CFLAGS", &c)
            .env("CXXFLAGS", &c)
            .env("CARGO_ENCODED_RUSTFLAGS", rust)
            .env("GOFLAGS", "-trimpath");
        if let Some(rustup) = &host.rustup {
            command.env("RUSTUP_HOME", rustup);
        }
        Ok(command)
    }
}

fn text(path: &Path) -> Result<&str, Error> {
    let why = "has a name that cannot be handed on";
    path.to_str().ok_or_else(|| Error::Input { path: path.display().to_string(), why })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_ours_is_handed_on_but_what_is_named() {
        let scratch = Scratch::new().unwrap();
        let host = Host { path: "bin:/usr/bin:/bin:".into(), ..Host::default() };
        let level = Variable { name: "LEVEL".into(), value: "3".into() };
        let show = ["sh", "-c", "echo {dir}; umask; env"].map(str::to_owned);
        for surroundings in [Surroundings::plain(), Surroundings::varied(2, &Means::default())] {
            let place = surroundings.prepare(&scratch).unwrap();
            let given = [level.clone()];
            let mut command = surroundings.command(&show, &place, &host, &given, 7).unwrap();
            let output = command.output().unwrap();
            let text = String::from_utf8(output.stdout).unwrap();
            let mut lines = text.lines();
            assert_eq!(lines.next(), place.source.to_str());
            assert!(lines.next().unwrap().ends_with(surroundings.umask));
            let mut names: Vec<&str> = lines.filter_map(|l| Some(l.split_once('=')?.0)).collect();
            names.retain(|name| !matches!(*name, "PWD" | "OLDPWD" | "SHLVL" | "_"));
            names.sort_unstable();
            assert_eq!(
                names.join(" "),
                "CARGO_ENCODED_RUSTFLAGS CFLAGS CXXFLAGS GOFLAGS HOME LC_ALL LEVEL LOGNAME PATH \
                 SOURCE_DATE_EPOCH TMPDIR TZ USER XDG_CACHE_HOME XDG_CONFIG_HOME \
                 ZIG_GLOBAL_CACHE_DIR ZIG_LOCAL_CACHE_DIR"
            );
            assert!(text.contains("\nPATH=/usr/bin:/bin\n"), "{text}");
        }
    }

    #[test]
    fn surroundings_differ_in_all_that_is_said_to_be_varied() {
        let (plain, other) = (Surroundings::plain(), Surroundings::varied(2, &Means::default()));
        assert_ne!(plain.folder.len(), other.folder.len());
        assert_ne!(other.folder, Surroundings::varied(3, &Means::default()).folder);
        let of = |s: &Surroundings| [s.home, s.umask, s.zone, s.locale, s.user].map(str::to_owned);
        assert!(of(&plain).iter().zip(&of(&other)).all(|(one, two)| one != two));
        assert_ne!(plain.reversed, other.reversed);
        assert_eq!(Surroundings::variations(&Means::default()).len(), 6);
        let whole = Means { lists_by_age: true, epoch: true, ..Means::default() };
        assert_eq!(Surroundings::variations(&whole).len(), 8);
        let epochs = [plain.epoch, Surroundings::varied(2, &whole).epoch];
        assert_eq!(epochs, [None, Some(ANOTHER_EPOCH)]);
    }
}
