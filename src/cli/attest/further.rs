//! One more signature on what others have said about the bundle already.

use super::CommandError;
use crate::attest::{Envelope, parse_lines};
use crate::reason::Reason;
use crate::verify::Testimony;
use crate::{files, limits, skill};
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Whether nothing new is said.
#[derive(Debug, clap::Args)]
pub struct FurtherArgs {
    /// Say nothing new: add the signature to the envelope in the bundle that says this already
    #[arg(long, conflicts_with = "timestamps")]
    add_signature: bool,
    /// Add it to the envelope in this file instead
    #[arg(long, value_name = "FILE", requires = "add_signature")]
    envelope: Option<PathBuf>,
}

/// An envelope in a file, with a statement that whoever has the bundle can sign.
pub struct Further {
    path: PathBuf,
    target: PathBuf,
    limit: u64,
    file: Vec<u8>,
    at: Range<usize>,
    envelope: Envelope,
}

impl FurtherArgs {
    /// The options of a command that attaches a signature to the same payload.
    pub fn words(&self) -> String {
        let words = match &self.envelope {
            Some(path) => format!("--add-signature --envelope {} ", path.display()),
            None if self.add_signature => "--add-signature ".to_owned(),
            None => String::new(),
        };
        words + "--attach-signature"
    }

    /// The first envelope that says what is to be said; `None` when that is to be said anew.
    pub fn find(&self, bundle: &Path, said: &Testimony) -> Result<Option<Further>, CommandError> {
        if !self.add_signature {
            return Ok(None);
        }
        let (path, target, limit) = match &self.envelope {
            // A link stays a link; one that came with a bundle must not lead to some other file of ours.
            Some(path) => (path.clone(), files::absolute(path)?, limits::ENVELOPE_BYTES),
            None => {
                let path = skill::attestations_path(bundle);
                (path.clone(), path, limits::ATTESTATIONS_BYTES)
            }
        };
        let place = |error: CommandError| error.of(path.display());
        let file = files::read_if_present(&path, limit)?.unwrap_or_default();
        let envelopes = match &self.envelope {
            Some(_) => Envelope::parse(&file).map(|envelope| vec![(&file[..], envelope)]),
            None => parse_lines(&file),
        };
        let (mut start, mut refused) = (0, None);
        for (line, envelope) in envelopes.map_err(|error| place(error.into()))? {
            let at = start..start + line.len();
            start = at.end + 1;
            match said.is_given_in(envelope.payload_unverified().as_bytes()) {
                Ok(true) => return Ok(Some(Further { path, target, limit, file, at, envelope })),
                Ok(false) => {}
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Err(place(match refused {
            Some(error) => CommandError::from(error)
                .hint("to say what this bundle gives, leave --add-signature out"),
            None => CommandError::new(
                Reason::AttestationMissing,
                format!("no statement of type {}", said.statement()?.predicate_type()),
            )
            .hint("the first signer leaves --add-signature out"),
        }))
    }
}

impl Further {
    /// The envelope's bytes, as they stand in the file.
    pub fn bytes(&self) -> &[u8] {
        self.file.get(self.at.clone()).unwrap_or_default()
    }

    /// What its signers signed.
    pub fn payload(&self) -> &[u8] {
        self.envelope.payload_unverified().as_bytes()
    }

    /// How many it has, checked or not.
    pub fn signatures(&self) -> usize {
        self.envelope.signature_count()
    }

    /// The file that it stands in.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts `envelope` in the place of the one that was found, if the file is still the same.
    pub fn replace(&self, envelope: &[u8]) -> Result<(), CommandError> {
        let named = |reason, what: &str| {
            CommandError::new(reason, format!("{}: {what}", self.path.display()))
        };
        let (before, after) = (self.file.get(..self.at.start), self.file.get(self.at.end..));
        let new = [before.unwrap_or_default(), envelope, after.unwrap_or_default()].concat();
        if new.len() as u64 > self.limit {
            return Err(named(Reason::FileTooLarge, "no room for another signature"));
        }
        let folder = self.target.parent().filter(|folder| !folder.as_os_str().is_empty());
        let _held = files::Held::wait(folder.unwrap_or(Path::new(".")))?;
        if files::read_limited(&self.target, self.limit)? != self.file {
            let changed = "it was changed meanwhile, and nothing was signed";
            return Err(named(Reason::OutputFailed, changed).hint("sign again"));
        }
        Ok(files::replace(&self.target, &new)?)
    }
}
