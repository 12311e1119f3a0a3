//! What somebody found who built a skill again from its source (`spec/rebuild.md`).

use super::super::{Error, Statement};
use super::finding;
use super::provenance::subjects;
use crate::digest::{ManifestDigest, ModuleDigest, SourceDigest, StatementDigest};
use crate::json;
use crate::materials::Tool;

/// The rebuilder: this program, on a machine of which nothing is claimed.
pub const VERIFIER_ID: &str = "https://opertus.systems/provenact/verifier/rebuild/v1";

/// What is said of a build that was done again. No time and no host: who finds the same with the same
/// tools says the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuild {
    /// The signed module, first subject.
    pub module: ModuleDigest,
    /// Its signed manifest, second subject.
    pub manifest: ManifestDigest,
    /// The provenance that the build was done again from.
    pub provenance: StatementDigest,
    /// The commit that was fetched, when the source came from a Git repository.
    pub commit: Option<String>,
    /// The module that the command wrote.
    pub rebuilt_source: SourceDigest,
    /// The canonical module made of it.
    pub rebuilt_module: ModuleDigest,
    /// The manifest made for it.
    pub rebuilt_manifest: ManifestDigest,
    /// What changed the command's module before it was equal, in order; nothing when it was equal as it
    /// came, and when it never was.
    pub normalisations: Vec<&'static str>,
    /// The tools that built this time.
    pub tools: Vec<Tool>,
    /// Version of the provenact that built again.
    pub version: String,
}

impl Rebuild {
    /// Whether module and manifest are those that were signed.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        (self.module, self.manifest) == (self.rebuilt_module, self.rebuilt_manifest)
    }

    /// The in-toto statement that says it.
    ///
    /// # Errors
    /// [`Error::Unwritable`], which does not happen for these types.
    pub fn to_statement(&self) -> Result<Statement, Error> {
        let unwritable = |source| Error::Unwritable { what: "rebuild", source };
        let sha256 = |hex: String| json::json!({ "sha256": hex });
        let mut predicate = json::json!({
            "normalisations": self.normalisations,
            "provenance": { "digest": sha256(self.provenance.hex()) },
            "rebuilt": {
                "manifest": { "digest": sha256(self.rebuilt_manifest.hex()) },
                "module": { "digest": sha256(self.rebuilt_module.hex()) },
                "source": { "digest": sha256(self.rebuilt_source.hex()) },
            },
            "tools": json::to_value(&self.tools).map_err(unwritable)?,
            "verdict": if self.is_equal() { finding::EQUAL } else { finding::DIFFERENT },
            "verifier": { "id": VERIFIER_ID, "version": { "provenact": self.version } },
        });
        if let (Some(commit), Some(members)) = (&self.commit, predicate.as_object_mut()) {
            members.insert("gitCommit".to_owned(), commit.as_str().into());
        }
        let subjects = subjects(&self.module, &self.manifest);
        Ok(Statement::new(subjects, finding::REBUILD_TYPE, predicate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use finding::{Finding, Found};

    /// covers: rebuild-1, rebuild-2, rebuild-3, rebuild-4
    #[test]
    fn equal_is_said_of_module_and_manifest_together() {
        let (module, manifest) = (ModuleDigest::of(b"m"), ManifestDigest::of(b"n"));
        let mut rebuild = Rebuild {
            module,
            manifest,
            provenance: StatementDigest::of(b"p"),
            commit: Some("a".repeat(40)),
            rebuilt_source: SourceDigest::of(b"s"),
            rebuilt_module: module,
            rebuilt_manifest: manifest,
            normalisations: vec!["canonical-form"],
            tools: Vec::new(),
            version: "0.1.0".into(),
        };
        let found = |rebuild: &Rebuild| {
            let payload = rebuild.to_statement().unwrap().to_payload().unwrap();
            let statement = Statement::parse(&payload).unwrap();
            assert!(statement.is_canonical());
            Finding::of(&statement).unwrap().found
        };
        assert_eq!(found(&rebuild), Found::Passed("equal"));
        rebuild.rebuilt_manifest = ManifestDigest::of(b"other");
        assert_eq!(found(&rebuild), Found::Failed("different"));
        rebuild.rebuilt_manifest = manifest;
        rebuild.rebuilt_module = ModuleDigest::of(b"other");
        assert_eq!(found(&rebuild), Found::Failed("different"));
    }
}
