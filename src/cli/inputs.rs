//! What commands read: keys, trust, bundles, and materials found by digest.

use super::error::CommandError;
use crate::allowance::Allowance;
use crate::attest::time::Timestamp;
use crate::attest::{PublicKey, Trust};
use crate::digest::{PolicyDigest, TrustDigest};
use crate::reason::Reason;
use crate::skill::Policy as RunPolicy;
use crate::verify::Policy;
use crate::{files, limits, skill};
use std::ffi::OsString;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Keys that signatures are checked with.
#[derive(Debug, clap::Args)]
pub struct TrustArgs {
    /// A public key to trust (SPKI PEM); repeatable
    #[arg(long = "pub", value_name = "FILE")]
    public: Vec<PathBuf>,
    /// A trust file; without --pub and --trust, trust.toml here or in the user's configuration folder
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// The digest that the trust file must have, as provenact trust show prints it
    #[arg(long, value_name = "sha256:HEX")]
    trust_digest: Option<TrustDigest>,
}

impl TrustArgs {
    /// The policy; `None` when no key and no trust file were given or found.
    pub fn load(&self) -> Result<Option<Policy>, CommandError> {
        self.load_with(NonZeroUsize::MIN)
    }

    /// As [`TrustArgs::load`]; at least `threshold` distinct keys are demanded.
    pub fn load_with(&self, threshold: NonZeroUsize) -> Result<Option<Policy>, CommandError> {
        let mut keys = Vec::new();
        for path in &self.public {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
            let name = name.strip_suffix(".pub.pem").unwrap_or(&name).to_owned();
            keys.push((name, public_key(path)?));
        }
        let trust = match self.trust_file() {
            Some(path) => {
                let named =
                    |error: crate::attest::Error| CommandError::from(error).of(path.display());
                let text = text(&path, limits::TRUST_BYTES)?;
                self.check_pin(&path, &text)?;
                Trust::parse_toml(&text).and_then(|trust| trust.and_keys(keys)).map_err(named)?
            }
            None if self.trust_digest.is_some() => {
                let message = "--trust-digest pins a trust file, and none is used";
                return Err(CommandError::new(Reason::Usage, message)
                    .hint("name the file with --trust FILE"));
            }
            None if keys.is_empty() => return Ok(None),
            None => Trust::from_keys(keys)?,
        };
        Ok(Some(Policy::new(trust, now()?, threshold)))
    }

    /// The policy; at least `threshold` distinct keys are demanded.
    pub fn required(&self, threshold: NonZeroUsize) -> Result<Policy, CommandError> {
        self.load_with(threshold)?.ok_or_else(|| {
            CommandError::new(
                Reason::TrustEmpty,
                "no trusted key was given, and there is no trust.toml",
            )
        })
    }

    /// The files that say whom to trust.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        self.public.iter().cloned().chain(self.trust_file())
    }

    /// Before the file is parsed: what was not pinned is not looked at.
    fn check_pin(&self, path: &Path, text: &str) -> Result<(), CommandError> {
        let found = TrustDigest::of(text.as_bytes());
        match self.trust_digest {
            Some(expected) if expected != found => {
                let message = format!(
                    "{}: --trust-digest expects {expected}, the file has {found}",
                    path.display()
                );
                Err(CommandError::new(Reason::TrustMismatch, message))
            }
            _ => Ok(()),
        }
    }

    fn trust_file(&self) -> Option<PathBuf> {
        // Who names keys or a file means those: what lies about in a folder adds nothing.
        if self.trust.is_some() || !self.public.is_empty() {
            return self.trust.clone();
        }
        found_trust_file()
    }
}

/// `trust.toml` in the current folder, otherwise in the user's configuration folder.
pub fn found_trust_file() -> Option<PathBuf> {
    trust_places().find(|path| files::exists(path))
}

/// Where a trust file is looked for that nobody names.
pub fn trust_places() -> impl Iterator<Item = PathBuf> {
    let here = PathBuf::from("trust.toml");
    let user = user_folder("XDG_CONFIG_HOME", ".config").map(|folder| folder.join("trust.toml"));
    [Some(here), user].into_iter().flatten()
}

/// A public key; errors name its file.
pub fn public_key(path: &Path) -> Result<PublicKey, CommandError> {
    PublicKey::from_pem(&text(path, limits::KEY_BYTES)?)
        .map_err(|error| CommandError::from(error).of(path.display()))
}

/// What time it is.
#[expect(clippy::disallowed_methods, reason = "the command line is where the clock enters")]
pub fn now() -> Result<Timestamp, CommandError> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok();
    since.and_then(|since| Timestamp::from_unix(since.as_secs())).ok_or_else(|| {
        CommandError::new(Reason::Usage, "the clock is before 1970 or after 9999")
            .hint("set the clock")
    })
}

/// Provenact's folder below a user folder that a variable names, or below the home folder.
pub fn user_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let absolute = |value: String| Some(PathBuf::from(value)).filter(|path| path.is_absolute());
    variable_of_ours(variable)
        .and_then(absolute)
        .or_else(|| Some(variable_of_ours("HOME").and_then(absolute)?.join(below_home)))
        .map(|folder| folder.join("provenact"))
}

/// A variable of our own environment.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment enters")]
pub fn variable_of_ours(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where programs are looked for.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment enters")]
pub fn search_path() -> OsString {
    std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into())
}

/// Where rustup keeps toolchains, if it does.
pub fn rustup_home() -> Option<PathBuf> {
    let given = variable_of_ours("RUSTUP_HOME").map(PathBuf::from);
    let usual = || Some(PathBuf::from(variable_of_ours("HOME")?).join(".rustup"));
    given.or_else(usual).filter(|folder| folder.is_absolute() && folder.is_dir())
}

/// Takes standard input for `what`; it can be only one thing in one command.
pub fn take_stdin(what: &'static str) -> Result<(), CommandError> {
    static TAKEN: OnceLock<&'static str> = OnceLock::new();
    TAKEN.set(what).map_err(|_| {
        let first = TAKEN.get().copied().unwrap_or_default();
        let message = format!("standard input cannot be {first} and {what} at once");
        CommandError::new(Reason::Usage, message).hint("give one of the two as a file")
    })
}

/// A text file of at most `limit` bytes.
pub fn text(path: &Path, limit: u64) -> Result<String, CommandError> {
    let bytes = files::read_limited(path, limit)?;
    String::from_utf8(bytes).map_err(|_| {
        CommandError::new(Reason::FileUnreadable, format!("{} is not UTF-8 text", path.display()))
    })
}

/// An operator's policy; its digest must fit before it is parsed.
pub fn policy(
    path: &Path,
    fits: impl FnOnce(PolicyDigest) -> Result<(), String>,
) -> Result<RunPolicy, CommandError> {
    let bytes = files::read_limited(path, limits::POLICY_BYTES)?;
    let named = |error: CommandError| error.of(path.display());
    fits(PolicyDigest::of(&bytes))
        .map_err(|message| named(CommandError::new(Reason::PolicyMismatch, message)))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        named(CommandError::new(Reason::PolicyMalformed, "the file is not UTF-8 text"))
    })?;
    RunPolicy::parse(&text).map_err(|error| named(error.into()))
}

/// The bytes of a file, or of standard input for `-`.
pub fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, CommandError> {
    if path == Path::new("-") {
        take_stdin("a file to read")?;
        return Ok(files::read_stream(std::io::stdin().lock(), limit, "standard input")?);
    }
    Ok(files::read_limited(path, limit)?)
}

/// Opens a file to be read as a stream.
pub fn open(path: &Path) -> Result<impl Read + Send + 'static, CommandError> {
    Ok(files::open(path)?)
}

/// Places where materials may lie: the folder of a receipt, then each `--from`.
#[derive(Debug)]
pub struct Places {
    folders: Vec<PathBuf>,
    /// Whose time the search takes.
    allowance: Option<Allowance>,
}

impl Places {
    /// The folder of `receipt`, and `from`, each of which is there.
    pub fn new(receipt: &Path, from: &[PathBuf]) -> Result<Self, CommandError> {
        if let Some(nowhere) = from.iter().find(|path| !files::exists(path)) {
            let message = format!("--from {}: no such file or directory", nowhere.display());
            return Err(CommandError::new(Reason::FileMissing, message));
        }
        let folder = receipt.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut places = vec![folder.unwrap_or(Path::new(".")).to_path_buf()];
        places.extend(from.iter().cloned());
        Ok(Self { folders: places, allowance: None })
    }

    /// The same, searched no longer than `allowance` has time.
    pub fn within(mut self, allowance: Option<&Allowance>) -> Self {
        self.allowance = allowance.cloned();
        self
    }

    fn has_time(&self) -> bool {
        !self.allowance.as_ref().is_some_and(Allowance::is_over)
    }

    /// The bytes of the first file of at most `limit` bytes that `fits`.
    pub fn find(&self, limit: u64, fits: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
        let mut files = Vec::new();
        for place in &self.folders {
            files.extend(files::listed(place));
        }
        // A file that cannot be read is not the one; the caller says what was not found.
        let in_time = files.iter().take_while(|_| self.has_time());
        let mut read = in_time.filter_map(|path| files::read_limited(path, limit).ok());
        read.find(|bytes| fits(bytes))
    }

    /// The bytes of the first file of that name, of at most `limit` bytes.
    pub fn find_named(&self, name: &str, limit: u64) -> Option<Vec<u8>> {
        let listed = self.folders.iter().flat_map(|place| {
            let inside = if place.extension().is_some_and(|end| end == "skill") {
                vec![place.join(name)]
            } else {
                files::listed(place)
            };
            inside.into_iter().filter(|path| path.file_name().is_some_and(|own| own == name))
        });
        listed.filter_map(|path| files::read_limited(&path, limit).ok()).next()
    }

    /// The path of the first file whose bytes, read as a stream, have `digest`.
    pub fn find_trace(&self, digest: &crate::digest::TraceDigest) -> Option<PathBuf> {
        let listed = self.folders.iter().flat_map(|place| files::listed(place));
        listed.take_while(|_| self.has_time()).find(|path| {
            // A file that was named need not be named so.
            let is_named = self.folders.contains(path);
            (is_named || path.extension().is_some_and(|end| end == "trace"))
                && files::digest_of(path).is_ok_and(|found| found == *digest.as_bytes())
        })
    }
}

/// A bundle's files, each read once.
pub fn bundle(path: &Path) -> Result<skill::Bundle, CommandError> {
    Ok(skill::Bundle::read(path)?)
}
