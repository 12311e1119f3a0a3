use super::error::CommandError;
use super::making::{self, MakingArgs, Order};
use super::ui::Ui;
use crate::abi::Capability;
use crate::abi::show::visible;
use crate::attest::v0::Keys;
use crate::build::Recipe;
use crate::digest::V0KeysDigest;
use crate::origin::Origin;
use crate::reason::Reason;
use crate::skill::v0::{Folder, Mapped};
use crate::verify::Imported;
use crate::{files, limits};
use serde::Serialize;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// File name of the module in a bundle of the format v0.
const MODULE: &str = "skill.wasm";
/// Files that were not read and are named to people.
const NAMED: usize = 16;

/// Make a bundle of a signed one in the older format v0
///
/// Verifies that module, manifest and signatures belong together and that every signature is one of a
/// signer whom both the manifest and the keys file list, then builds the module as provenact build
/// does. Name, version, entrypoint and capabilities are those that were signed; nothing is inferred.
///
/// Nothing is contacted and nothing is executed. Other files of the directory are not read. The new
/// bundle is not signed: provenact attest does that, and names what was imported.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact import greet.pkg --keys public-keys.json --keys-digest sha256:HEX -o greet.skill
  provenact attest greet.skill --key author.key.pem

Exit status:
  0 imported; 1 a digest, a signer or a signature is not what it has to be; 2 could not tell")]
pub struct Args {
    /// The bundle in the format v0: a directory with skill.wasm, manifest.json and signatures.json
    directory: PathBuf,
    /// The file with the signers' public keys
    #[arg(long, value_name = "FILE")]
    keys: PathBuf,
    /// The digest that the keys file must have, from somebody whom you trust
    #[arg(long, value_name = "sha256:HEX")]
    keys_digest: V0KeysDigest,
    #[command(flatten)]
    making: MakingArgs,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    v0: V0Report,
    build: making::Report,
}

/// What was verified, and what became of it.
#[derive(Serialize)]
struct V0Report {
    directory: String,
    artifact: String,
    origin: Origin,
    capabilities: Vec<MappedReport>,
    not_read: Vec<String>,
}

#[derive(Serialize)]
struct MappedReport {
    kind: String,
    value: String,
    to: Capability,
}

impl From<&Mapped> for MappedReport {
    fn from(mapped: &Mapped) -> Self {
        let Mapped { kind, value, to } = mapped.clone();
        Self { kind, value, to }
    }
}

/// Verifies the bundle and builds the new one.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let keys = Keys::parse(&files::read_limited(&args.keys, limits::V0_BYTES)?, args.keys_digest)
        .map_err(|error| hinted(error.into()).of(args.keys.display()))?;
    let directory = &args.directory;
    let folder = Folder::read(directory).map_err(|error| hinted(error.into()))?;
    let not_read = not_read(&folder, args);
    let imported = Imported::check(folder, &keys)
        .map_err(|error| hinted(error.into()).of(directory.display()))?;
    let v0 = V0Report {
        directory: directory.display().to_string(),
        artifact: imported.manifest().artifact().to_string(),
        origin: imported.origin().clone(),
        capabilities: imported.mapped().iter().map(Into::into).collect(),
        not_read,
    };
    let made = making::make(order(imported, args)?, &args.making, ui)?;
    for kind in &made.undeclared {
        ui.talk(&format!(
            "the imports can ask for {kind}; the manifest that was signed does not declare it"
        ));
    }
    let text = format!("{}\n{}", made.text(), v0.text());
    let report =
        Report { schema: "https://opertus.systems/provenact/import/v1", v0, build: made.report };
    ui.answer(&text, &report)?;
    Ok(0)
}

fn order(imported: Imported, args: &Args) -> Result<Order, CommandError> {
    let manifest = imported.manifest();
    Ok(Order {
        source_name: MODULE.to_owned(),
        place: args.directory.join(MODULE).display().to_string(),
        name: manifest.name().to_owned(),
        version: manifest.version().to_owned(),
        entrypoint: Some(manifest.entrypoint().to_owned()),
        profile: args.making.profile(Recipe::DEFAULT_PROFILE)?,
        capabilities: imported.capabilities(),
        denied: BTreeSet::new(),
        command: Vec::new(),
        from_source: None,
        origin: Some(imported.origin().clone()),
        source: imported.into_module(),
    })
}

/// What to do here about a reason that mostly has another cause.
fn hinted(error: CommandError) -> CommandError {
    match error.reason {
        Reason::BundleMalformed => {
            error.hint("name the directory that has skill.wasm, manifest.json and signatures.json")
        }
        Reason::Unsigned => error.hint("ask the author for the bundle with its signatures"),
        Reason::SignatureInvalid => {
            error.hint("fetch the bundle again; if it stays so, somebody else signed it")
        }
        Reason::KeyMalformed => error.hint("ask the signer for a key that can be used"),
        Reason::CapabilityUnsupported => {
            error.hint("it was signed with the bundle: use a provenact that has the kind")
        }
        Reason::CapabilityUnknown => {
            error.hint("ask the author for a bundle whose capabilities are those of v0")
        }
        _ => error,
    }
}

/// What lies in the directory and was not read; the keys file may lie there too.
fn not_read(folder: &Folder, args: &Args) -> Vec<String> {
    let is_keys = |name: &OsStr| {
        let same = |path: &Path| files::absolute(path).ok();
        same(&args.directory.join(name)).is_some_and(|path| Some(path) == same(&args.keys))
    };
    let names = folder.not_read.iter().filter(|name| !is_keys(name));
    names.map(|name| name.to_string_lossy().into_owned()).collect()
}

impl V0Report {
    /// What was verified and what became of it, in words.
    fn text(&self) -> String {
        let Self { artifact, origin, .. } = self;
        let mut lines = vec![
            format!(
                "imported from {}, signed by {}",
                visible(&self.directory, false),
                visible(&origin.signed_by(), false)
            ),
            format!("  skill.wasm {artifact}"),
            format!("  manifest.json {}", origin.manifest()),
            format!("  keys {}", origin.keys()),
        ];
        lines.extend(self.capabilities.iter().map(|mapped| {
            let declared = format!("{}={}", mapped.kind, mapped.value);
            visible(&format!("  {declared} became {}", mapped.to), false)
        }));
        if let Some(names) = self.not_read_text() {
            lines.push(format!("not read: {names}"));
        }
        lines.join("\n")
    }

    fn not_read_text(&self) -> Option<String> {
        let shown: Vec<String> =
            self.not_read.iter().take(NAMED).map(|name| visible(name, false)).collect();
        let more = match self.not_read.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (!shown.is_empty()).then(|| shown.join(", ") + &more)
    }
}
