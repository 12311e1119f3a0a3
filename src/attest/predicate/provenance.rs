//! How a module came to be: SLSA provenance v1 (`spec/provenance.md`) with our build type
//! (`spec/buildtype-canonicalize.md`).

use super::super::error::cut;
use super::super::statement::Subject;
use super::super::{Error, Statement};
use super::sha256;
use super::time::Timestamp;
use crate::abi::Capability;
use crate::abi::entropy::{EntropyLine, Source};
use crate::digest::{
    CompanionDigest, ExecutableDigest, InputDigest, ManifestDigest, ModuleDigest, ProfileDigest,
    SourceDigest, ToolDigest, TreeDigest, V0KeysDigest, V0ManifestDigest,
};
use crate::json;
use crate::materials::{self, Asked, Check, FromSource, Git, Input, Materials};
use crate::origin::{Origin, SignerId};
use crate::profile::{Note, Profile};
use serde::{Deserialize, Serialize};

/// The predicate type.
pub const PREDICATE_TYPE: &str = "https://slsa.dev/provenance/v1";
/// The build type: a module is parsed, validated and encoded in canonical form.
pub const BUILD_TYPE: &str = "https://opertus.systems/provenact/buildtype/canonicalize/v1";
/// The builder: this program, on a machine of which nothing is claimed.
pub const BUILDER_ID: &str = "https://opertus.systems/provenact/builder/local/v1";

const MODULE: &str = "skill.wasm";
const MANIFEST: &str = "manifest.json";
const COMPANION: &str = "skill.debug.wasm";
const TOOL: &str = "provenact";
const PROFILE: &str = "profile";
const V0_MANIFEST: &str = "v0/manifest.json";
const V0_KEYS: &str = "v0/keys";
const INPUTS: &str = "inputs";
const GIT: &str = "git";
/// Before the path of each input.
const INPUT: &str = "inputs/";
/// Before the name of each tool.
const TOOLS: &str = "tools/";
const DEPENDENCIES_PATH: &str = "resolvedDependencies";
/// What the list of dependencies is.
const DEPENDENCIES: &str = "is not source module, tool and profile, of an imported skill manifest and keys of v0, and of \
     a build from source inputs, commit, each input and each tool, in this order";

/// What is said about a build. No host, and a time on request only: the same build says the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// The canonical module, first subject.
    pub module: ModuleDigest,
    /// Its manifest, second subject.
    pub manifest: ManifestDigest,
    /// What the builder was asked for.
    pub parameters: Parameters,
    /// The file name of the module that went in, without a directory.
    pub source_name: String,
    /// The module that went in.
    pub source: SourceDigest,
    /// The signed bundle that the module was imported from, if it was.
    pub origin: Option<Origin>,
    /// What the recipe's command was given, where the parameters say what it was asked for.
    pub materials: Option<Materials>,
    /// The debug companion that came out as well.
    pub companion: Option<CompanionDigest>,
    /// The provenact that built.
    pub tool: Tool,
    /// What becomes of each source of nondeterminism, as the builder found it (spec/buildtype-canonicalize.md,
    /// "Entropy"); `None` when it says nothing.
    pub entropy: Option<Vec<EntropyLine>>,
    /// A time at which the build was finished, when the signer wants one to be told.
    pub finished: Option<Timestamp>,
}

/// A version of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// What it calls itself.
    pub version: String,
    /// The source that it was built from.
    pub source: ToolDigest,
}

/// What the builder was asked for; everything that decides the output besides the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameters {
    /// Name of the skill.
    pub name: String,
    /// Version of the skill.
    pub version: String,
    /// The exported function that is run.
    pub entrypoint: String,
    /// The profile with its passes, as in the manifest.
    pub profile: Note,
    /// Capabilities that the manifest declares, in its order.
    pub capabilities: Vec<Capability>,
    /// How the source was made, when provenact ran the command.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipe: Option<Recipe>,
}

/// A command that made the source module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Program and arguments.
    pub command: Vec<String>,
    /// What else the builder was asked for, where the statement names what was given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<Asked>,
}

impl Provenance {
    /// The in-toto statement that says it.
    ///
    /// # Errors
    /// [`Error::Unwritable`], which does not happen for these types.
    pub fn to_statement(&self) -> Result<Statement, Error> {
        let source = Resource::new(&self.source_name, self.source);
        let mut tool = Resource::new(TOOL, self.tool.source);
        tool.annotations = Some(json::json!({ "version": self.tool.version }));
        let profile = Resource::new(PROFILE, digest_of(&self.parameters.profile)?);
        let mut dependencies = vec![
            json::to_value(&source).map_err(unwritable)?,
            json::to_value(&tool).map_err(unwritable)?,
            json::to_value(&profile).map_err(unwritable)?,
        ];
        if let Some(origin) = &self.origin {
            let mut manifest = Resource::new(V0_MANIFEST, origin.manifest());
            manifest.annotations = Some(json::json!({ "signers": origin.signers() }));
            let keys = Resource::new(V0_KEYS, origin.keys());
            dependencies.push(json::to_value(&manifest).map_err(unwritable)?);
            dependencies.push(json::to_value(&keys).map_err(unwritable)?);
        }
        if let Some(materials) = &self.materials {
            dependencies.extend(resources(materials)?);
        }
        let predicate = Predicate {
            build_definition: BuildDefinition {
                build_type: BUILD_TYPE.to_owned(),
                external_parameters: json::to_value(&self.parameters).map_err(unwritable)?,
                internal_parameters: InternalParameters::of(self),
                resolved_dependencies: dependencies,
            },
            run_details: RunDetails {
                builder: Builder {
                    id: BUILDER_ID.to_owned(),
                    version: BuilderVersion { provenact: self.tool.version.clone() },
                },
                metadata: (self.finished).map(|finished| Metadata { finished_on: Some(finished) }),
                byproducts: (self.companion.iter())
                    .map(|companion| Resource::new(COMPANION, *companion))
                    .collect(),
            },
        };
        let subjects = subjects(&self.module, &self.manifest);
        let predicate = json::to_value(&predicate).map_err(unwritable)?;
        Ok(Statement::new(subjects, PREDICATE_TYPE, predicate))
    }

    /// Reads what [`Provenance::to_statement`] says. Members that SLSA has and we do not use are
    /// left out; unknown external parameters are refused, as SLSA demands.
    ///
    /// # Errors
    /// [`Error::PredicateMismatch`] for another predicate type, build type or builder;
    /// [`Error::ProvenanceJson`] and [`Error::StatementMalformed`] for another form.
    pub fn from_statement(statement: &Statement) -> Result<Self, Error> {
        statement.require_predicate(PREDICATE_TYPE)?;
        same("build type", statement.gist().build_type.as_deref(), BUILD_TYPE)?;
        same("builder id", statement.gist().builder.as_deref(), BUILDER_ID)?;
        let Predicate { build_definition, run_details } =
            statement.predicate_as().map_err(Error::ProvenanceJson)?;
        let parameters: Parameters = json::from_value(build_definition.external_parameters)
            .map_err(Error::ProvenanceJson)?;
        Profile::from_note(&parameters.profile)
            .map_err(|_| malformed("externalParameters.profile", "is not one of a manifest"))?;
        let version = run_details.builder.version.provenact;
        let Dependencies { source, tool, origin, materials } =
            Dependencies::read(build_definition.resolved_dependencies, &parameters, &version)?;
        let InternalParameters { check, entropy } =
            build_definition.internal_parameters.unwrap_or_default();
        if entropy
            .as_ref()
            .is_some_and(|lines| !lines.iter().map(|line| line.source).eq(Source::ALL))
        {
            let why = "does not have one line for each source, in their order";
            return Err(malformed("internalParameters.entropy", why));
        }
        let asked = parameters.recipe.as_ref().and_then(|recipe| recipe.source.clone());
        let materials = with_check(asked, materials, check)?;
        let mut byproducts = run_details.byproducts.into_iter();
        let companion = byproducts.next();
        if byproducts.next().is_some() || companion.as_ref().is_some_and(|c| c.name != COMPANION) {
            return Err(malformed("byproducts", "is not the debug companion alone"));
        }
        Ok(Self {
            module: ModuleDigest::from_bytes(only_subject(statement, MODULE)?),
            manifest: ManifestDigest::from_bytes(only_subject(statement, MANIFEST)?),
            parameters,
            source_name: source.name,
            source: source.digest.sha256,
            origin,
            materials,
            companion: companion.map(|companion| companion.digest.sha256),
            tool: Tool { version, source: tool },
            entropy,
            finished: run_details.metadata.and_then(|metadata| metadata.finished_on),
        })
    }
}

/// What a build was made of, besides the profile, which stands in the parameters.
struct Dependencies {
    source: Resource<SourceDigest>,
    tool: ToolDigest,
    origin: Option<Origin>,
    materials: Option<Materials>,
}

impl Dependencies {
    /// Reads the list and holds it to what is said elsewhere in the statement. It has one order: a
    /// source module may have any name, that of the tool as well.
    fn read(list: Vec<json::Value>, parameters: &Parameters, version: &str) -> Result<Self, Error> {
        let refuse = |why| Err(malformed(DEPENDENCIES_PATH, why));
        let mut list = list.into_iter();
        let (Some(source), Some(tool), Some(profile)) = (list.next(), list.next(), list.next())
        else {
            return refuse(DEPENDENCIES);
        };
        let from_source = parameters.recipe.as_ref().is_some_and(|recipe| recipe.source.is_some());
        let (mut imported, mut materials) = (None, None);
        if from_source {
            materials = Some(read_materials(list)?);
        } else {
            imported = match (list.next(), list.next(), list.next()) {
                (None, ..) => None,
                (Some(manifest), Some(keys), None) => Some(origin(manifest, keys)?),
                _ => return refuse(DEPENDENCIES),
            };
        }
        let source = json::from_value(source).map_err(Error::ProvenanceJson)?;
        let tool: Resource<ToolDigest> = json::from_value(tool).map_err(Error::ProvenanceJson)?;
        let profile: Resource<ProfileDigest> =
            json::from_value(profile).map_err(Error::ProvenanceJson)?;
        if tool.name != TOOL || profile.name != PROFILE {
            return refuse(DEPENDENCIES);
        }
        let annotated = tool.annotations.as_ref().and_then(|all| all.get("version"));
        if annotated.and_then(json::Value::as_str) != Some(version) {
            return refuse("names another version of the tool than builder.version");
        }
        if profile.digest.sha256 != digest_of(&parameters.profile)? {
            return refuse("names another profile than externalParameters");
        }
        Ok(Self { source, tool: tool.digest.sha256, origin: imported, materials })
    }
}

/// What a build from source took in, as dependencies: all inputs together, the commit, each input,
/// each tool.
fn resources(materials: &Materials) -> Result<Vec<json::Value>, Error> {
    let mut inputs = Resource::new(INPUTS, materials.tree());
    inputs.annotations = Some(json::json!({ "files": materials.inputs.len() }));
    let mut list = vec![json::to_value(&inputs)];
    if let Some(Git { commit, dirty, folder }) = &materials.git {
        list.push(Ok(json::json!({
            "annotations": { "dirty": dirty, "folder": folder },
            "digest": { "gitCommit": commit },
            "name": GIT,
        })));
    }
    list.extend(materials.inputs.iter().map(|input| {
        let mut resource = Resource::new(&format!("{INPUT}{}", input.path), input.sha256);
        let marks = [("executable", input.executable), ("lock", input.is_lock_file())];
        let marks = marks.into_iter().filter(|(_, is_so)| *is_so);
        let marks: json::Map<_, _> =
            marks.map(|(name, _)| (name.to_owned(), true.into())).collect();
        resource.annotations = (!marks.is_empty()).then_some(json::Value::Object(marks));
        json::to_value(&resource)
    }));
    list.extend(materials.tools.iter().map(|tool| {
        let mut resource = Resource::new(&format!("{TOOLS}{}", tool.name), tool.sha256);
        let version = tool.version.as_ref();
        resource.annotations = version.map(|version| json::json!({ "version": version }));
        json::to_value(&resource)
    }));
    list.into_iter().collect::<Result<_, _>>().map_err(unwritable)
}

/// Reads what [`resources`] writes.
fn read_materials(list: impl Iterator<Item = json::Value>) -> Result<Materials, Error> {
    let refuse = |why| malformed(DEPENDENCIES_PATH, why);
    let mut list = list.peekable();
    let inputs = list.next().ok_or_else(|| refuse(DEPENDENCIES))?;
    let whole: Resource<TreeDigest> = json::from_value(inputs).map_err(Error::ProvenanceJson)?;
    if whole.name != INPUTS {
        return Err(refuse(DEPENDENCIES));
    }
    let annotated = whole.annotations.as_ref().and_then(|all| all.get("files"));
    let files = annotated.and_then(json::Value::as_u64);
    let files = files.and_then(|files| usize::try_from(files).ok());
    let files = files.ok_or_else(|| refuse("does not say how many files the inputs are"))?;
    let is_git = |next: &json::Value| next.get("name").and_then(json::Value::as_str) == Some(GIT);
    let git = list.next_if(is_git).map(|next| read_git(&next)).transpose()?;
    let mut materials = Materials { check: None, git, inputs: Vec::new(), tools: Vec::new() };
    for next in list.by_ref().take(files) {
        let input: Resource<InputDigest> = json::from_value(next).map_err(Error::ProvenanceJson)?;
        let path = input.name.strip_prefix(INPUT).ok_or_else(|| refuse(DEPENDENCIES))?.to_owned();
        let mark = |name: &str| match input.annotations.as_ref().and_then(|all| all.get(name)) {
            None => Ok(false),
            Some(json::Value::Bool(true)) => Ok(true),
            Some(_) => Err(refuse("has a mark at an input that is not true")),
        };
        let found = Input { executable: mark("executable")?, path, sha256: input.digest.sha256 };
        if mark("lock")? != found.is_lock_file() {
            return Err(refuse(
                "marks something as a lock file that is none, or the other way round",
            ));
        }
        materials.inputs.push(found);
    }
    for next in list {
        let tool: Resource<ExecutableDigest> =
            json::from_value(next).map_err(Error::ProvenanceJson)?;
        let name = tool.name.strip_prefix(TOOLS).ok_or_else(|| refuse(DEPENDENCIES))?.to_owned();
        let version = match tool.annotations.as_ref().and_then(|all| all.get("version")) {
            None => None,
            Some(json::Value::String(version)) => Some(version.clone()),
            Some(_) => return Err(refuse("has a version of a tool that is no text")),
        };
        materials.tools.push(materials::Tool { name, sha256: tool.digest.sha256, version });
    }
    if materials.inputs.len() != files {
        return Err(refuse("has fewer inputs than it says"));
    }
    if materials.tree() != whole.digest.sha256 {
        return Err(refuse("names another digest of the inputs than they have"));
    }
    Ok(materials)
}

fn read_git(value: &json::Value) -> Result<Git, Error> {
    let member = |outer: &str, inner: &str| value.get(outer).and_then(|found| found.get(inner));
    let commit = member("digest", "gitCommit").and_then(json::Value::as_str);
    let dirty = member("annotations", "dirty").and_then(json::Value::as_bool);
    let folder = member("annotations", "folder").and_then(json::Value::as_str);
    match (commit, dirty, folder) {
        (Some(commit), Some(dirty), Some(folder)) => {
            Ok(Git { commit: commit.to_owned(), dirty, folder: folder.to_owned() })
        }
        _ => Err(malformed(
            DEPENDENCIES_PATH,
            "does not say which commit, its folder, and whether it is dirty",
        )),
    }
}

/// The materials with how builds were compared; held to the one form that a record has.
fn with_check(
    asked: Option<Asked>,
    materials: Option<Materials>,
    check: Option<Check>,
) -> Result<Option<Materials>, Error> {
    let (Some(asked), Some(mut materials)) = (asked, materials) else {
        return Ok(None);
    };
    materials.check = check;
    let record = FromSource::new(asked, materials)
        .map_err(|error| malformed("buildDefinition", error.why()))?;
    Ok(Some(record.materials().clone()))
}

/// Reads manifest and keys of the bundle that was imported.
fn origin(manifest: json::Value, keys: json::Value) -> Result<Origin, Error> {
    let manifest: Resource<V0ManifestDigest> =
        json::from_value(manifest).map_err(Error::ProvenanceJson)?;
    let keys: Resource<V0KeysDigest> = json::from_value(keys).map_err(Error::ProvenanceJson)?;
    if manifest.name != V0_MANIFEST || keys.name != V0_KEYS {
        return Err(malformed("resolvedDependencies", DEPENDENCIES));
    }
    let annotated = manifest.annotations.as_ref().and_then(|all| all.get("signers"));
    let signers: Vec<SignerId> =
        json::from_value(annotated.cloned().unwrap_or_default()).map_err(Error::ProvenanceJson)?;
    Origin::of_sorted(manifest.digest.sha256, keys.digest.sha256, signers).map_err(|_| {
        let path = "resolvedDependencies[3].annotations.signers";
        malformed(path, "is empty, not sorted, or has a signer twice")
    })
}

fn digest_of(profile: &Note) -> Result<ProfileDigest, Error> {
    Ok(ProfileDigest::of(&json::to_jcs(profile).map_err(unwritable)?))
}

/// The subjects of a statement about a bundle.
pub(super) fn subjects(module: &ModuleDigest, manifest: &ManifestDigest) -> Vec<Subject> {
    vec![Subject::new(MODULE, module.as_bytes()), Subject::new(MANIFEST, manifest.as_bytes())]
}

/// The digest of the one subject with this label.
///
/// Here labels carry meaning, since they tell module and manifest apart; two subjects of one label
/// would leave open which is meant.
fn only_subject(statement: &Statement, name: &'static str) -> Result<[u8; 32], Error> {
    let mut named = statement.subjects().iter().filter(|subject| subject.name == name);
    match (named.next(), named.next()) {
        (Some(subject), None) => Ok(subject.sha256),
        _ => Err(malformed("subject", "does not have one skill.wasm and one manifest.json")),
    }
}

fn same(what: &'static str, found: Option<&str>, expected: &'static str) -> Result<(), Error> {
    let found = found.unwrap_or_default();
    if found == expected {
        return Ok(());
    }
    Err(Error::PredicateMismatch { what, found: cut(found), expected })
}

fn malformed(path: &str, why: &'static str) -> Error {
    Error::StatementMalformed { path: path.to_owned(), why }
}

fn unwritable(source: json::JsonError) -> Error {
    Error::Unwritable { what: "provenance", source }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Predicate {
    build_definition: BuildDefinition,
    run_details: RunDetails,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BuildDefinition {
    build_type: String,
    external_parameters: json::Value,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    internal_parameters: Option<InternalParameters>,
    resolved_dependencies: Vec<json::Value>,
}

/// Members that others have are left out.
#[derive(Default, Serialize, Deserialize)]
struct InternalParameters {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    check: Option<Check>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    entropy: Option<Vec<EntropyLine>>,
}

impl InternalParameters {
    /// Those of a statement that has any.
    fn of(said: &Provenance) -> Option<Self> {
        let check = said.materials.as_ref().and_then(|materials| materials.check.clone());
        let entropy = said.entropy.clone();
        (check.is_some() || entropy.is_some()).then_some(Self { check, entropy })
    }
}

#[derive(Serialize, Deserialize)]
struct RunDetails {
    builder: Builder,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    byproducts: Vec<Resource<CompanionDigest>>,
}

#[derive(Serialize, Deserialize)]
struct Builder {
    id: String,
    version: BuilderVersion,
}

#[derive(Serialize, Deserialize)]
struct BuilderVersion {
    provenact: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    finished_on: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct Resource<D: std::fmt::Display + std::str::FromStr<Err: std::fmt::Display>> {
    name: String,
    #[serde(bound = "")]
    digest: Digest<D>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    annotations: Option<json::Value>,
}

impl<D: std::fmt::Display + std::str::FromStr<Err: std::fmt::Display>> Resource<D> {
    fn new(name: &str, sha256: D) -> Self {
        Self { name: name.to_owned(), digest: Digest { sha256 }, annotations: None }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct Digest<D: std::fmt::Display + std::str::FromStr<Err: std::fmt::Display>> {
    #[serde(with = "sha256")]
    sha256: D,
}

#[cfg(test)]
mod tests;
