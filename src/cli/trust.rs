use super::error::CommandError;
use super::inputs;
use super::ui::Ui;
use crate::attest::{self, About, Requirement, Role, Trust, TrustedKey};
use crate::digest::{TrustDigest, hex};
use crate::reason::Reason;
use crate::{files, limits};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Write and show the trust policy: whose signatures are believed, as what, and what is required
///
/// The policy is trust.toml in the current folder, otherwise in the user's configuration folder.
#[derive(Debug, clap::Args)]
#[command(disable_help_subcommand = true)]
#[command(after_help = "\
Examples:
  provenact trust add author.pub.pem --name alice --role author
  provenact trust show

Exit status:
  0 done, 2 could not be read or written")]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Add(Add),
    Show(Show),
}

/// Add a public key to the policy; comments and spelling of the file stay as they are
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact trust add author.pub.pem --name alice --role author
  provenact trust add ops.pub.pem --name ops --role author --role operator --trust team.toml
  provenact trust add lab.pub.pem --name lab --role auditor --owner 'the lab'

Exit status:
  0 added, 2 could not be read or written, or the name or key is there already")]
struct Add {
    /// The public key (SPKI PEM)
    file: PathBuf,
    /// What the key is called in the policy
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What it is trusted as: author, operator or auditor; repeatable, but for auditor
    #[arg(long, value_name = "ROLE", required = true)]
    role: Vec<Role>,
    /// Who holds the key, in your words: of auditors' keys with one owner, one counts
    #[arg(long, value_name = "LABEL")]
    owner: Option<String>,
    /// The trust file; without it the one that is found, otherwise trust.toml in the current folder
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

/// Print the policy and the digest that pins it (--trust-digest)
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact trust show
  provenact trust show --trust team.toml

Exit status:
  0 shown, 2 could not be read")]
struct Show {
    /// The trust file; without it the one that is found
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
}

#[derive(Serialize)]
struct Added<'a> {
    schema: &'static str,
    file: String,
    name: &'a str,
    roles: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    keyid: String,
    digest: String,
}

#[derive(Serialize)]
struct Shown {
    schema: &'static str,
    file: String,
    digest: String,
    keys: Vec<Key>,
    requirements: Vec<Required>,
    /// Rungs that are demanded of the chain behind each receipt.
    rungs: Vec<&'static str>,
}

#[derive(Serialize)]
struct Key {
    name: String,
    keyid: String,
    roles: String,
    /// The same as a list.
    role_list: Vec<&'static str>,
    owner: Option<String>,
    not_before: Option<String>,
    not_after: Option<String>,
    revoked: bool,
    keep: Vec<String>,
    builders: Vec<String>,
    verifiers: Vec<String>,
}

#[derive(Serialize)]
struct Required {
    predicate_type: String,
    subject: &'static str,
    role: Option<&'static str>,
    threshold: usize,
    builders: Vec<String>,
    build_types: Vec<String>,
    verifiers: Vec<String>,
    minimum_depth: Option<u64>,
    minimum_engines: Option<usize>,
    capabilities: Option<Vec<String>>,
    forbidden_imports: Vec<String>,
}

/// Adds a key, or shows the policy.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    match &args.command {
        Command::Add(args) => add(args, ui),
        Command::Show(args) => show(args, ui),
    }
}

fn add(args: &Add, ui: Ui) -> Result<u8, CommandError> {
    let key = inputs::public_key(&args.file)?;
    let found = args.trust.clone().or_else(inputs::found_trust_file);
    let path = found.unwrap_or_else(|| PathBuf::from("trust.toml"));
    let named = |error: attest::Error| CommandError::from(error).of(path.display());
    // Of two that add at once, one would lose what it wrote.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let _held = files::Held::wait(folder.unwrap_or(Path::new(".")))?;
    let old =
        if files::exists(&path) { Some(inputs::text(&path, limits::TRUST_BYTES)?) } else { None };
    let mut roles = args.role.clone();
    roles.sort_unstable();
    roles.dedup();
    let owner = args.owner.as_deref();
    let text = attest::add_key(old.as_deref(), &args.name, &key, &roles, owner).map_err(named)?;
    if old.is_some() {
        // A link stays a link: the file that it leads to is the one to replace.
        files::replace(&files::absolute(&path)?, text.as_bytes())?;
    } else {
        files::write_new(&path, text.as_bytes(), files::MODE_FILE, false)?;
    }
    let roles = roles.iter().map(|role| role.name()).collect();
    let report = Added {
        schema: "https://opertus.systems/provenact/trust-add/v1",
        file: path.display().to_string(),
        name: &args.name,
        roles,
        owner,
        keyid: key.id().hex(),
        digest: TrustDigest::of(text.as_bytes()).to_string(),
    };
    let text = format!(
        "{}: {} is trusted as {}\nkey id {}",
        report.file,
        report.name,
        report.roles.join(", "),
        report.keyid
    );
    ui.answer(&text, &report)?;
    Ok(0)
}

fn show(args: &Show, ui: Ui) -> Result<u8, CommandError> {
    let path = args.trust.clone().or_else(inputs::found_trust_file).ok_or_else(|| {
        CommandError::new(
            Reason::TrustEmpty,
            "there is no trust.toml, here or in the user's configuration folder",
        )
        .hint("provenact trust add KEY.pub.pem --name NAME --role author writes one")
    })?;
    let trust = read(&path)?;
    let digest = trust.file().map(|digest| digest.to_string()).unwrap_or_default();
    let mut text = format!("{}\ndigest {digest}\n", path.display());
    for key in trust.keys() {
        let _ = writeln!(text, "key {key}\n  {}", bounds(key));
    }
    let requirements = all(&trust)?;
    for requirement in &requirements {
        let _ = writeln!(text, "{} needs {}", requirement.about.name(), demands(requirement));
    }
    let rungs: Vec<&str> = trust.rungs().iter().map(|rung| rung.name()).collect();
    if !rungs.is_empty() {
        let _ = writeln!(text, "receipt needs, of the chain behind it, {}", rungs.join(", "));
    }
    let report = Shown {
        schema: "https://opertus.systems/provenact/trust/v1",
        file: path.display().to_string(),
        digest,
        keys: trust.keys().iter().map(Key::from).collect(),
        requirements: requirements.iter().map(Required::from).collect(),
        rungs,
    };
    ui.answer(&text, &report)?;
    Ok(0)
}

fn read(path: &Path) -> Result<Trust, CommandError> {
    Trust::parse_toml(&inputs::text(path, limits::TRUST_BYTES)?)
        .map_err(|error| CommandError::from(error).of(path.display()))
}

/// What the file requires, and what is built in where it says nothing.
fn all(trust: &Trust) -> Result<Vec<Requirement>, CommandError> {
    let policy =
        crate::verify::Policy::new(trust.clone(), inputs::now()?, std::num::NonZeroUsize::MIN);
    let every = [About::Bundle, About::Receipt, About::File].into_iter();
    Ok(every.flat_map(|about| policy.required_of(about)).collect())
}

fn bounds(key: &TrustedKey) -> String {
    let mut text = format!("roles: {}", key.roles());
    if let Some(owner) = key.owner() {
        let _ = write!(text, "; owner: {owner}");
    }
    if let Some(from) = key.not_before() {
        let _ = write!(text, "; from {from}");
    }
    if let Some(to) = key.not_after() {
        let _ = write!(text, "; until {to}");
    }
    if let Some(keep) = key.revoked() {
        let _ = write!(text, "; revoked, {} digests kept", keep.len());
    }
    for (what, list) in [("builders", key.builders()), ("verifiers", key.verifiers())] {
        if !list.is_empty() {
            let _ = write!(text, "; {what}: {}", list.join(", "));
        }
    }
    text
}

fn demands(requirement: &Requirement) -> String {
    let Requirement { predicate_type, threshold, role, .. } = requirement;
    let role = role.map_or("any role", Role::name);
    let mut text = format!("{predicate_type} by {threshold} with role {role}");
    for (what, list) in [
        ("build type", &requirement.build_types),
        ("builder", &requirement.builders),
        ("verifier", &requirement.verifiers),
    ] {
        if !list.is_empty() {
            let _ = write!(text, "\n  {what} {}", list.join(" or "));
        }
    }
    if let Some(depth) = requirement.minimum_depth {
        let _ = write!(text, "\n  depth at least {depth}");
    }
    if let Some(engines) = requirement.minimum_engines {
        let _ = write!(text, "\n  engines of at least {engines} independent classes");
    }
    if let Some(allowed) = &requirement.capabilities {
        let _ = write!(text, "\n  capabilities only {}", texts(allowed).join(", "));
    }
    if !requirement.forbidden_imports.is_empty() {
        let _ =
            write!(text, "\n  no import of {}", texts(&requirement.forbidden_imports).join(", "));
    }
    text
}

fn texts<T: ToString>(list: &[T]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

impl From<&TrustedKey> for Key {
    fn from(key: &TrustedKey) -> Self {
        let keep = key.revoked().into_iter().flatten();
        Self {
            name: key.name().to_owned(),
            keyid: key.id().hex(),
            roles: key.roles().to_string(),
            role_list: Role::ALL
                .into_iter()
                .filter(|role| key.roles().has(*role))
                .map(Role::name)
                .collect(),
            owner: key.owner().map(str::to_owned),
            not_before: key.not_before().map(|at| at.to_string()),
            not_after: key.not_after().map(|at| at.to_string()),
            revoked: key.revoked().is_some(),
            keep: keep.map(|digest| format!("sha256:{}", hex(digest))).collect(),
            builders: key.builders().to_vec(),
            verifiers: key.verifiers().to_vec(),
        }
    }
}

impl From<&Requirement> for Required {
    fn from(of: &Requirement) -> Self {
        Self {
            predicate_type: of.predicate_type.clone(),
            subject: of.about.name(),
            role: of.role.map(Role::name),
            threshold: of.threshold,
            builders: of.builders.clone(),
            build_types: of.build_types.clone(),
            verifiers: of.verifiers.clone(),
            minimum_depth: of.minimum_depth,
            minimum_engines: of.minimum_engines,
            capabilities: of.capabilities.as_deref().map(texts),
            forbidden_imports: texts(&of.forbidden_imports),
        }
    }
}
