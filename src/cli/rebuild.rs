//! `rebuild`: a build from source done again from its provenance, and what came of it, signed.

use super::build::Progress;
use super::error::CommandError;
use super::inputs::{self, TrustArgs};
use super::keys::KeyArgs;
use super::making::tool_lines;
use super::tool;
use super::ui::Ui;
use crate::abi::show::visible;
use crate::attest::Envelope;
use crate::attest::finding;
use crate::attest::provenance::Provenance;
use crate::attest::rebuild::Rebuild;
use crate::build::{self, Build, Fetched, Host, Recipe};
use crate::digest::{SourceDigest, StatementDigest};
use crate::materials::{Asked, FromSource, Tool};
use crate::profile::Profile;
use crate::reason::Reason;
use crate::skill::{self, Manifest};
use crate::verify::CheckedBundle;
use crate::wasm::{self, Built, Canonical, Freedom, Interface, Module, SourceNote};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Build a skill again from its provenance, and sign what came of it
///
/// The bundle's provenance, signed by a key that is trusted here, names the command, every input by
/// digest, the variables, SOURCE_DATE_EPOCH and the tools' versions. The source is a folder with these
/// inputs, or the URL of a Git repository that has the commit. The module that the command writes goes
/// through the same canonical form and passes, and is compared with the one that was signed.
///
/// The command is a program of the skill's author, and runs as you: nothing confines it. With --key what
/// was found, equal or not, is signed and added to the bundle. A trust file can demand several such
/// statements by distinct keys (docs/trust-policy.md).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  provenact rebuild clock.skill --source clock --pub author.pub.pem
  provenact rebuild clock.skill --source https://example.com/clock.git --trust trust.toml --key auditor.key.pem

Exit status:
  0 equal; 1 different, not the source, or not attested by a trusted key; 2 could not tell")]
pub struct Args {
    /// The bundle
    bundle: PathBuf,
    /// The folder of the source, or the URL of a Git repository
    #[arg(long, value_name = "DIR|URL")]
    source: String,
    #[command(flatten)]
    trust: TrustArgs,
    #[command(flatten)]
    key: KeyArgs,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    bundle: String,
    verdict: &'static str,
    module: String,
    manifest: String,
    rebuilt_source: String,
    rebuilt_module: String,
    rebuilt_manifest: String,
    normalisations: Vec<&'static str>,
    tools: Vec<Tool>,
    /// The key that signed, when one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    keyid: Option<String>,
}

/// Builds again, compares, signs.
pub fn run(args: &Args, ui: Ui) -> Result<u8, CommandError> {
    let key = args.key.load()?;
    let policy = args.trust.load()?.ok_or_else(|| {
        CommandError::new(Reason::TrustEmpty, "no key to check the provenance with")
    })?;
    // Whoever is to build again is not kept from it because nobody has.
    let policy = policy.requiring_nothing_of(finding::REBUILD_TYPE);
    let place = |error: CommandError| error.of(args.bundle.display());
    let bundle = inputs::bundle(&args.bundle)?;
    let bundle = CheckedBundle::check(bundle).map_err(|error| place(error.into()))?;
    let attested = bundle.attested(&policy).map_err(|error| place(error.into()))?;
    let provenance = attested.provenance();
    let again = Again::of(provenance, bundle.module()).map_err(place)?;
    let rebuild = again.build(args, provenance.statement_digest(), ui)?;
    if let Some(key) = &key {
        let payload = rebuild.to_statement()?.to_payload()?;
        let line = Envelope::sign(payload, &[key]).to_bytes()?;
        skill::append_attestation(&args.bundle, &line)?;
    }
    let report = Report {
        schema: "https://opertus.systems/provenact/rebuilt/v1",
        bundle: args.bundle.display().to_string(),
        verdict: if rebuild.is_equal() { finding::EQUAL } else { finding::DIFFERENT },
        module: rebuild.module.to_string(),
        manifest: rebuild.manifest.to_string(),
        rebuilt_source: rebuild.rebuilt_source.to_string(),
        rebuilt_module: rebuild.rebuilt_module.to_string(),
        rebuilt_manifest: rebuild.rebuilt_manifest.to_string(),
        normalisations: rebuild.normalisations.clone(),
        tools: rebuild.tools.clone(),
        keyid: key.map(|key| key.public().id().hex()),
    };
    ui.answer(&report.text(), &report)?;
    Ok(u8::from(!rebuild.is_equal()))
}

/// A build that is to be done again.
struct Again<'p> {
    provenance: &'p Provenance,
    /// The module that was signed.
    signed: &'p Canonical,
    record: FromSource,
    recipe: Recipe,
    profile: Profile,
}

impl<'p> Again<'p> {
    fn of(provenance: &'p Provenance, signed: &'p Canonical) -> Result<Self, CommandError> {
        let parameters = &provenance.parameters;
        let asked = parameters
            .recipe
            .as_ref()
            .and_then(|recipe| Some((recipe.command.clone(), recipe.source.clone()?)));
        let (Some((command, asked)), Some(materials)) = (asked, &provenance.materials) else {
            let message = "its provenance does not say what the module was built from";
            return Err(CommandError::new(Reason::MaterialMissing, message)
                .hint("ask its author to build it from a provenact.toml with a command"));
        };
        let profile = Profile::from_note(&parameters.profile)
            .map_err(|error| CommandError::new(Reason::ProfileUnsupported, error.to_string()))?;
        let recipe = Recipe::again(&parameters.name, command, &asked);
        let record = FromSource::new(asked, materials.clone())
            .map_err(|error| CommandError::new(Reason::StatementMalformed, error.why()))?;
        Ok(Self { provenance, signed, record, recipe, profile })
    }

    fn asked(&self) -> &Asked {
        self.record.asked()
    }

    /// What comes of the build; `statement` is the digest of the provenance.
    fn build(
        &self,
        args: &Args,
        statement: StatementDigest,
        ui: Ui,
    ) -> Result<Rebuild, CommandError> {
        let host = Host {
            path: inputs::search_path(),
            rustup: inputs::rustup_home(),
            variables: (self.asked().environment.iter())
                .map(|variable| (variable.name.clone(), variable.value.clone()))
                .collect(),
        };
        let (fetched, commit) = self.fetched(&args.source, &host)?;
        let folder = fetched.as_ref().map_or(Path::new(&args.source), |fetched| &fetched.folder);
        let build = Build::again(&self.recipe, folder, &host, &self.record)
            .map_err(|error| CommandError::from(error).of(&args.source))?;
        let progress = Progress::new(&self.recipe.command, ui);
        let made = build.once(&progress);
        drop(progress);
        let made = made.map_err(|error| super::build::shown(error, ui))?;
        let place = |error: crate::wasm::Error| CommandError::from(error).of(&self.recipe.output);
        let module = Module::parse(made.module).map_err(place)?;
        let parameters = &self.provenance.parameters;
        let interface = Interface::of(&module, Some(&parameters.entrypoint)).map_err(place)?;
        let note = SourceNote::of(&self.recipe.output);
        let built = Canonical::build(&module, self.profile, &note).map_err(place)?;
        let canonical = &built.canonical;
        let manifest = Manifest::new(
            &parameters.name,
            &parameters.version,
            &interface.entrypoint,
            canonical.digest(),
            parameters.capabilities.clone(),
            self.profile,
        )?;
        let rebuilt_source = SourceDigest::of(module.bytes());
        let is_equal = canonical.digest() == self.provenance.module;
        let normalised = is_equal && rebuilt_source != self.provenance.source;
        if !is_equal {
            let found = wasm::diff_executed(self.signed.module(), canonical.module());
            super::build::explain(["what was signed", "what was built here"], &found?, ui);
        }
        Ok(Rebuild {
            module: self.provenance.module,
            manifest: self.provenance.manifest,
            provenance: statement,
            commit,
            rebuilt_source,
            rebuilt_module: canonical.digest(),
            rebuilt_manifest: manifest.digest(),
            normalisations: if normalised { normalisations(&built) } else { Vec::new() },
            tools: made.record.materials().tools.clone(),
            version: tool::this()?.version,
        })
    }

    /// The commit, where the source is the URL of a repository.
    fn fetched(
        &self,
        source: &str,
        host: &Host,
    ) -> Result<(Option<Fetched>, Option<String>), CommandError> {
        if Path::new(source).is_dir() {
            return Ok((None, None));
        }
        if !source.contains(':') {
            let why = if Path::new(source).exists() { "is no folder" } else { "no such folder" };
            return Err(CommandError::new(Reason::SourceMissing, format!("{source}: {why}"))
                .hint("give the folder of the source, or the URL of its Git repository"));
        }
        let Some(git) = &self.record.materials().git else {
            let message = format!("{source}: the provenance names no commit to fetch");
            return Err(CommandError::new(Reason::MaterialMissing, message)
                .hint("give the folder of the source"));
        };
        let fetched = build::fetch(source, &git.commit, &git.folder, host)?;
        Ok((Some(fetched), Some(git.commit.clone())))
    }
}

/// What changed the command's module until it was the skill's, in order. Where nothing did, it was the
/// author's module that needed the form.
fn normalisations(built: &Built) -> Vec<&'static str> {
    let busy = built.passes.iter().filter(|applied| applied.places > 0);
    let passes: Vec<_> = busy.map(|applied| applied.pass.name()).collect();
    let is_encoded = Freedom::ALL.iter().any(|one| built.changes.of(*one).times > 0);
    let form = (is_encoded || passes.is_empty()).then_some("canonical-form");
    form.into_iter().chain(passes).collect()
}

impl Report {
    fn text(&self) -> String {
        let Self { bundle, verdict, module, rebuilt_module, normalisations, .. } = self;
        let mut lines = vec![format!("{}: {verdict}", visible(bundle, false))];
        lines.push(format!("signed   {module}"));
        lines.push(format!("rebuilt  {rebuilt_module}"));
        if !normalisations.is_empty() {
            lines.push(format!("equal after {}", normalisations.join(", ")));
        }
        lines.extend(tool_lines(&self.tools));
        lines.extend(self.keyid.iter().map(|id| format!("signed with key {id}")));
        lines.join("\n")
    }
}
