//! What an auditor signs after a replay: a verdict beside the receipt, and the receipt itself.

use super::audit::Audit;
use super::error::CommandError;
use super::keys::{KeySource, PassphraseArgs};
use super::tool;
use crate::attest::finding::{self, Finding as Judged, Found, REPLAY_TYPE};
use crate::attest::verdict::ReplayVerdict;
use crate::attest::{Envelope, PrivateKey, Trust, parse_lines};
use crate::digest::StatementDigest;
use crate::engines::EngineName;
use crate::reason::Reason;
use crate::verify::{self, Finding, Witnesses};
use crate::{files, limits};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The key of the auditor.
#[derive(Debug, clap::Args)]
pub struct SignArgs {
    /// Sign as an auditor with this private key (a file, - or env:NAME): a verdict on the replay in
    /// NAME.intoto.jsonl, and, when it was reproduced, the receipt itself
    #[arg(long, value_name = "FILE", conflicts_with = "all")]
    sign: Option<KeySource>,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

impl SignArgs {
    /// Refuses a passphrase where nobody signs.
    pub fn nobody(&self) -> Result<(), CommandError> {
        if !self.passphrase.is_given() {
            return Ok(());
        }
        let message = "a passphrase was given, and no --sign whose key it would open";
        Err(CommandError::new(Reason::Usage, message))
    }

    /// Who signs what is found about `receipt`; `None` when nobody is to.
    pub fn auditor(&self, receipt: &Path) -> Result<Option<Auditor>, CommandError> {
        match &self.sign {
            Some(source) => {
                let key = source.private_key("--sign", &self.passphrase)?;
                Auditor::new(key, receipt).map(Some)
            }
            None => self.nobody().map(|()| None),
        }
    }
}

/// A key, and the files that it signs in.
pub struct Auditor {
    key: PrivateKey,
    receipt: PathBuf,
    verdicts: PathBuf,
}

/// What was signed.
#[derive(Debug, Clone, Serialize)]
pub struct Signed {
    keyid: String,
    verdict: &'static str,
    /// Where the verdict is.
    verdicts: String,
    statement: String,
    receipt: Cosignature,
}

/// What became of the signature of the receipt itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Cosignature {
    /// It was added.
    Added,
    /// The key had signed before.
    Present,
    /// Nobody signed the receipt: there is nobody to sign with.
    Unsigned,
    /// The execution was not reproduced.
    Refrained,
}

impl Auditor {
    /// Makes sure before the replay that a verdict can be added to what lies beside the receipt.
    fn new(key: PrivateKey, receipt: &Path) -> Result<Self, CommandError> {
        let verdicts = receipt.with_extension("intoto.jsonl");
        let auditor = Self { key, receipt: receipt.to_owned(), verdicts };
        auditor.beside()?;
        Ok(auditor)
    }

    /// Signs what was found. `None` when there is nothing to say: no engine was asked.
    pub fn sign(
        &self,
        audit: &Audit,
        witnesses: &Witnesses,
    ) -> Result<Option<Signed>, CommandError> {
        let version = tool::this()?.version;
        let receipt = audit.statement()?;
        let is_named = audit.trace_is_named(witnesses)?;
        let Some(verdict) = verify::verdict(witnesses, receipt, is_named, version) else {
            return Ok(None);
        };
        let _held = self.hold()?;
        let mut signed = self.add(&verdict)?;
        if let Finding::Reproduced(agreed) = witnesses.finding() {
            let named = |error: verify::Error| {
                CommandError::from(error)
                    .of(format_args!("{}, to be signed", self.receipt.display()))
            };
            // Others may have signed meanwhile: what is there now is added to.
            let bytes = files::read_limited(&self.receipt, limits::ENVELOPE_BYTES)?;
            signed.receipt = match verify::cosign(&agreed, &bytes, &self.key) {
                Ok(Some(more)) => {
                    // What has this very payload is the receipt, wherever a link leads.
                    files::replace(&files::absolute(&self.receipt)?, &more)?;
                    Cosignature::Added
                }
                Ok(None) => Cosignature::Present,
                Err(error) if error.reason() == Reason::Unsigned => Cosignature::Unsigned,
                Err(error) => return Err(named(error)),
            };
        }
        Ok(Some(signed))
    }

    fn hold(&self) -> Result<files::Held, CommandError> {
        let folder = self.receipt.parent().filter(|folder| !folder.as_os_str().is_empty());
        Ok(files::Held::wait(folder.unwrap_or(Path::new(".")))?)
    }

    /// The lines that lie beside the receipt.
    fn beside(&self) -> Result<Vec<u8>, CommandError> {
        let read = files::read_if_present(&self.verdicts, limits::ATTESTATIONS_BYTES)?;
        let lines = read.unwrap_or_default();
        parse_lines(&lines)
            .map_err(|error| CommandError::from(error).of(self.verdicts.display()))?;
        Ok(lines)
    }

    /// Adds a line with the verdict, unless this key said the same before. What it could not tell
    /// before, it now can, or cannot again: such lines of its own go.
    fn add(&self, verdict: &ReplayVerdict) -> Result<Signed, CommandError> {
        let payload = verdict.to_statement().to_payload()?;
        let statement = StatementDigest::of(&payload);
        let own = Trust::from_keys([("the auditor".to_owned(), self.key.public())])?;
        let old = self.beside()?;
        let (mut lines, mut is_there) = (Vec::new(), false);
        for (line, envelope) in parse_lines(&old)? {
            let is_own = envelope.signature_count() == 1 && envelope.verify(&own).is_ok();
            is_there |= is_own && envelope.payload_unverified().as_bytes() == payload;
            if !(is_own && superseded(&envelope, verdict.receipt, &payload)) {
                lines.extend_from_slice(line);
                lines.push(b'\n');
            }
        }
        if !is_there {
            lines.extend(Envelope::sign(payload, &[&self.key]).to_bytes()?);
            lines.push(b'\n');
        }
        if lines.len() as u64 > limits::ATTESTATIONS_BYTES {
            let message = format!("{}: no room for another verdict", self.verdicts.display());
            return Err(CommandError::new(Reason::FileTooLarge, message));
        }
        if lines != old {
            // A link that came with the receipt must not lead to some other file of ours.
            if files::exists(&self.verdicts) {
                files::replace(&self.verdicts, &lines)?;
            } else {
                files::write_new(&self.verdicts, &lines, files::MODE_FILE, false)?;
            }
        }
        Ok(Signed {
            keyid: self.key.public().id().hex(),
            verdict: verdict.value.name(),
            verdicts: self.verdicts.display().to_string(),
            statement: statement.to_string(),
            receipt: Cosignature::Refrained,
        })
    }
}

/// Whether an envelope is another verdict on this receipt that is neither a yes nor a no.
fn superseded(envelope: &Envelope, receipt: StatementDigest, payload: &[u8]) -> bool {
    let old = envelope.payload_unverified().as_bytes();
    let Ok(statement) = crate::attest::Statement::parse(old) else { return false };
    let is_open =
        matches!(Judged::of(&statement), Some(Judged { found: Found::Inconclusive(_), .. }));
    old != payload
        && is_open
        && statement.predicate_type() == REPLAY_TYPE
        && statement.subjects().iter().all(|subject| subject.sha256 == *receipt.as_bytes())
}

/// One line for each thing that was signed.
impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keyid, verdict, verdicts, receipt, .. } = self;
        let receipt = match receipt {
            Cosignature::Added => "the receipt is signed by it too",
            Cosignature::Present => "the receipt was signed by it already",
            Cosignature::Unsigned => "the receipt is not: nobody signed it as its operator",
            Cosignature::Refrained => "the receipt is not: it was not reproduced",
        };
        let says = match *verdict {
            finding::INCONCLUSIVE => " (it says nothing about the receipt)",
            _ => "",
        };
        write!(f, "signed: verdict {verdict}{says} in {verdicts}, by key {keyid}; {receipt}")
    }
}

/// Who signs at the end, the replay or the watchdog that gives it up: the second waits for ever, since
/// the first ends the program.
#[derive(Clone, Default)]
pub struct Turn(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    /// What is replayed is not known yet, or nobody signs.
    #[default]
    Open,
    /// The replay is going on.
    Running { auditor: Arc<Auditor>, receipt: StatementDigest, engines: Vec<EngineName> },
    /// The replay has ended.
    Over,
}

impl Turn {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From here on the replay goes on.
    pub fn begin(&self, auditor: &Arc<Auditor>, audit: &Audit) -> Result<(), CommandError> {
        let (auditor, receipt) = (auditor.clone(), audit.statement()?);
        *self.state() = State::Running { auditor, receipt, engines: audit.engines() };
        Ok(())
    }

    /// The replay has ended in time.
    pub fn end(&self) {
        *self.state() = State::Over;
    }

    /// The replay is given up: signs that, and lets nobody else end it. Does not return when it has
    /// ended in time after all.
    pub fn give_up(&self) -> Option<Result<Signed, CommandError>> {
        let state = self.state();
        let signed = match &*state {
            State::Open => None,
            State::Running { auditor, receipt, engines } => {
                let sign = || {
                    let version = tool::this()?.version;
                    let _held = auditor.hold()?;
                    auditor.add(&verify::late(engines.iter().copied(), *receipt, version))
                };
                Some(sign())
            }
            State::Over => loop {
                std::thread::park();
            },
        };
        std::mem::forget(state);
        signed
    }
}
