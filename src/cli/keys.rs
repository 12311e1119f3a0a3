//! Where keys and passphrases come from: files, standard input, variables, the terminal.

use super::error::CommandError;
use super::inputs;
use crate::attest::{Passphrase, PrivateKey, PrivateKeyFile};
use crate::reason::Reason;
use crate::{files, limits};
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The private key that signs.
#[derive(Debug, clap::Args)]
pub struct KeyArgs {
    /// The private key that signs (PKCS#8 PEM): a file, - for all of standard input, or env:NAME
    #[arg(long, value_name = "FILE")]
    key: Option<KeySource>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

impl KeyArgs {
    /// The key; `None` when none was named.
    pub fn load(&self) -> Result<Option<PrivateKey>, CommandError> {
        match &self.key {
            Some(source) => source.private_key("--key", &self.passphrase).map(Some),
            None if self.passphrase.is_given() => {
                let message = "a passphrase was given, and no --key that it would open";
                Err(CommandError::new(Reason::Usage, message))
            }
            None => Ok(None),
        }
    }

    /// The files that hold the secrets: nobody else is to get them.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let key = match &self.key {
            Some(KeySource::File(path)) => Some(path.as_path()),
            _ => None,
        };
        key.into_iter().chain(self.passphrase.passphrase_file.as_deref())
    }

    /// The variables of our environment that hold the secrets: nobody else is to get them.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let key = match &self.key {
            Some(KeySource::Variable(name)) => Some(name.as_str()),
            _ => None,
        };
        key.into_iter().chain(self.passphrase.passphrase_env.as_deref())
    }
}

/// What opens an encrypted private key.
#[derive(Debug, Default, clap::Args)]
pub struct PassphraseArgs {
    /// The passphrase of the private key is the first line of this file
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_env")]
    passphrase_file: Option<PathBuf>,
    /// The passphrase of the private key is in this environment variable
    #[arg(long, value_name = "NAME")]
    passphrase_env: Option<String>,
}

impl PassphraseArgs {
    /// Whether an option says where the passphrase is.
    pub fn is_given(&self) -> bool {
        self.passphrase_file.is_some() || self.passphrase_env.is_some()
    }

    /// The passphrase for a key that is there; asks at the terminal when no option says it.
    fn for_key(&self, what: &str) -> Result<Passphrase, CommandError> {
        match self.given()? {
            Some(passphrase) => Ok(passphrase),
            None => ask(&format!("Passphrase of {what}: ")),
        }
    }

    /// The passphrase for a new key; asks twice at the terminal when no option says it.
    pub fn for_new_key(&self) -> Result<Passphrase, CommandError> {
        if let Some(passphrase) = self.given()? {
            return Ok(passphrase);
        }
        let first = ask("New passphrase: ")?;
        if first.is(&ask("The same again: ")?) {
            return Ok(first);
        }
        let message = "the second passphrase was not the same as the first";
        Err(CommandError::new(Reason::PassphraseUnfit, message).hint("type it again"))
    }

    fn given(&self) -> Result<Option<Passphrase>, CommandError> {
        if let Some(path) = &self.passphrase_file {
            let read = files::read_with_mode(path, limits::KEY_BYTES);
            let (bytes, private) = read.map_err(|error| unsaid(path, error))?;
            let bytes = Zeroizing::new(bytes);
            exposed(path, private)?;
            // As OpenSSL's -passin file: takes it.
            let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let named = |error: crate::attest::Error| CommandError::from(error).of(path.display());
            return Passphrase::new(line).map(Some).map_err(named);
        }
        let Some(name) = &self.passphrase_env else { return Ok(None) };
        let value = variable(name).ok_or_else(|| {
            // The word is not said again: it may be the passphrase itself, by mistake.
            let message =
                "the variable that --passphrase-env names is not set, empty, or not UTF-8 text";
            CommandError::new(Reason::PassphraseMissing, message)
                .hint("give the variable's name, and set the variable")
        })?;
        let named = |error: crate::attest::Error| CommandError::from(error).of("--passphrase-env");
        Passphrase::new(value.as_bytes()).map(Some).map_err(named)
    }
}

/// The text of a key, wiped when it is dropped, and whether others can read the file that it is from.
pub struct KeyText {
    /// What is there.
    pub text: Zeroizing<String>,
    private: Result<(), CommandError>,
}

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// In a file.
    File(PathBuf),
    /// On standard input.
    Stdin,
    /// In a variable of our environment.
    Variable(String),
}

impl From<OsString> for KeySource {
    fn from(word: OsString) -> Self {
        match word.to_str() {
            Some("-") => Self::Stdin,
            Some(text) => match text.strip_prefix("env:") {
                Some(name) => Self::Variable(name.to_owned()),
                None => Self::File(word.into()),
            },
            None => Self::File(word.into()),
        }
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stdin => f.write_str("standard input"),
            Self::Variable(name) => write!(f, "env:{name}"),
        }
    }
}

impl KeySource {
    /// The text that is there, wiped when it is dropped; `option` is what named the place.
    pub fn text(&self, option: &str) -> Result<KeyText, CommandError> {
        let mut private = Ok(());
        let bytes = match self {
            Self::File(path) => {
                let (bytes, mode) = files::read_with_mode(path, limits::KEY_BYTES)?;
                private = exposed(path, mode);
                Zeroizing::new(bytes)
            }
            Self::Stdin => {
                inputs::take_stdin("a key")?;
                files::read_stdin_unbuffered(limits::KEY_BYTES)?
            }
            Self::Variable(name) => {
                let text = variable(name).ok_or_else(|| {
                    // As below: the word may be the key itself.
                    let message = format!(
                        "the variable that {option} names after env: is not set, empty, or not UTF-8 text"
                    );
                    CommandError::new(Reason::FileMissing, message).hint(
                        "give the variable's name, and set the variable; a file is ./env:NAME",
                    )
                })?;
                return Ok(KeyText { text, private });
            }
        };
        let text = str::from_utf8(&bytes).map_err(|_| {
            CommandError::new(Reason::FileUnreadable, format!("{self} is not UTF-8 text"))
        })?;
        Ok(KeyText { text: Zeroizing::new(text.to_owned()), private })
    }

    /// A private key that nobody else can read; `option` is what named its place.
    pub fn private_key(
        &self,
        option: &str,
        with: &PassphraseArgs,
    ) -> Result<PrivateKey, CommandError> {
        let (key, _) = self.open(self.text(option)?, with)?;
        Ok(key)
    }

    /// The private key in `text`, which came from here, and whether it was encrypted.
    pub fn open(
        &self,
        KeyText { text, private }: KeyText,
        with: &PassphraseArgs,
    ) -> Result<(PrivateKey, bool), CommandError> {
        let named = |error: crate::attest::Error| CommandError::from(error).of(self);
        // First what it is: a public key may well be readable.
        let file = PrivateKeyFile::parse(&text).map_err(named)?;
        private?;
        match file {
            PrivateKeyFile::Open(_) if with.is_given() => {
                let message =
                    format!("{self}: a passphrase was given, and the key is not encrypted");
                Err(CommandError::new(Reason::Usage, message).hint("leave the passphrase out"))
            }
            PrivateKeyFile::Open(key) => Ok((key, false)),
            PrivateKeyFile::Locked(locked) => {
                let passphrase = with.for_key(&self.to_string())?;
                Ok((locked.unlock(&passphrase).map_err(named)?, true))
            }
        }
    }
}

fn exposed(path: &Path, private: Result<(), files::FileError>) -> Result<(), CommandError> {
    private.map_err(|error| CommandError::from(error).hint(format!("chmod 600 {}", path.display())))
}

/// Why the passphrase file cannot be read. A word that names nothing may be the passphrase itself, by
/// mistake: it is not said again.
fn unsaid(path: &Path, error: files::FileError) -> CommandError {
    if files::exists(path) {
        return error.into();
    }
    CommandError::new(error.reason(), "there is no file that --passphrase-file names")
        .hint("give the file's name; the passphrase is its first line")
}

/// A variable that holds a secret.
fn variable(name: &str) -> Option<Zeroizing<String>> {
    // No variable has such a name, and looking for one is allowed to panic.
    let sound = !name.is_empty() && !name.contains(['=', '\0']);
    sound.then(|| inputs::variable_of_ours(name)).flatten().map(Zeroizing::new)
}

/// Asks at the terminal, whatever standard input is, without showing what is typed.
fn ask(prompt: &str) -> Result<Passphrase, CommandError> {
    let typed = rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|error| {
        let message = format!("cannot ask for the passphrase, there is no terminal: {error}");
        CommandError::new(Reason::PassphraseMissing, message)
    })?;
    Ok(Passphrase::new(typed.as_bytes())?)
}
