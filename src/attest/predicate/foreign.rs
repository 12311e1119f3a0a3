//! What others say about a bundle, in words that Provenact does not know (`spec/predicate.md`).

use super::super::error::cut;
use super::super::{Error, Statement};
use super::{PREFIX, provenance, receipt};
use crate::digest::{ManifestDigest, ModuleDigest};
use crate::json::{self, Value};
use fluent_uri::Uri;

/// With what the URIs of all versions of SLSA provenance begin.
const SLSA_PROVENANCE: &str = "https://slsa.dev/provenance";

/// A predicate of another's type. Nothing is known about it but that it is JSON without two
/// readings.
#[derive(Debug, Clone, PartialEq)]
pub struct Foreign {
    predicate_type: String,
    predicate: Value,
}

impl Foreign {
    /// Takes the predicate in `file` (JSON) as one of the type `predicate_type`.
    ///
    /// # Errors
    /// [`Error::PredicateType`] for a type that is no absolute URI, and for those that Provenact
    /// writes itself; [`Error::PredicateJson`] and [`Error::PredicateNotObject`] for the file.
    pub fn read(predicate_type: &str, file: &[u8]) -> Result<Self, Error> {
        check_type(predicate_type)?;
        // It will stand inside of the statement's own object.
        let predicate = json::parse_inside(file, 1).map_err(Error::PredicateJson)?;
        if !predicate.is_object() {
            return Err(Error::PredicateNotObject);
        }
        Ok(Self { predicate_type: predicate_type.to_owned(), predicate })
    }

    /// The statement that says it about a module and its manifest.
    #[must_use]
    pub fn about(&self, module: &ModuleDigest, manifest: &ManifestDigest) -> Statement {
        let subjects = provenance::subjects(module, manifest);
        Statement::new(subjects, &self.predicate_type, self.predicate.clone())
    }
}

fn check_type(text: &str) -> Result<(), Error> {
    let refuse = |why: &'static str| Err(Error::PredicateType { found: cut(text), why });
    let Ok(uri) = Uri::parse(text) else {
        return refuse("is no absolute URI (RFC 3986) such as https://example.com/review/v1");
    };
    if uri.has_fragment() {
        return refuse("has a fragment (#), which an absolute URI has not");
    }
    // Who compares URIs after normalization sees these as ours too.
    let plain = uri.normalize();
    let is_at = |prefix: &str| {
        let rest = plain.as_str().strip_prefix(prefix.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    };
    if is_at(SLSA_PROVENANCE) {
        return refuse("is what provenact attest writes itself: leave --predicate and --type out");
    }
    if is_at(receipt::PREDICATE_TYPE) {
        return refuse("is what provenact run --key writes itself, about what it ran");
    }
    if is_at(PREFIX) {
        return refuse("is reserved: Provenact alone writes statements of its own types");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::statement::Subject;
    use super::*;
    use crate::reason::Reason;

    fn reason(predicate_type: &str, file: &[u8]) -> Result<(), Reason> {
        Foreign::read(predicate_type, file).map(drop).map_err(|error| error.reason())
    }

    /// covers: predicate-1, predicate-2
    #[test]
    fn the_type_is_an_absolute_uri_and_not_one_of_ours() {
        for good in [
            "https://example.com/review/v1",
            "https://cyclonedx.org/bom",
            "https://slsa.dev/verification_summary/v1",
            "https://slsa.dev/provenances",
            "https://opertus.systems/provenactor",
            "https://opertus.systems/",
            "urn:example:review",
            "tag:example.com,2026:review",
            "https://[2001:db8::1]:8443/a%20b?c=d",
            "http://slsa.dev/provenance/v1",
        ] {
            assert_eq!(reason(good, b"{}"), Ok(()), "{good}");
        }
        for bad in [
            "",
            "review",
            "/review/v1",
            "//example.com/v1",
            "example.com/v1",
            "https://example.com/review v1",
            "https://example.com/%zz",
            "https://example.com/ä",
            "https://example.com/v1#x",
            "https://example.com/v1#",
            "https://exa[mple.com/",
            " https://example.com/",
            "1https://example.com/",
            "https://slsa.dev/provenance/v1",
            "https://slsa.dev/provenance/v0.2",
            "https://slsa.dev/provenance",
            "HTTPS://SLSA.dev:443/a/../provenance/v1",
            "https://slsa.dev/%70rovenance/v1?x",
            "https://opertus.systems/provenact",
            "https://opertus.systems/provenact/",
            "https://opertus.systems/provenact/execution-receipt/v1",
            "https://opertus.systems/provenact/x/v9",
            "https://OPERTUS.systems/./provenact/x",
        ] {
            assert_eq!(reason(bad, b"{}"), Err(Reason::PredicateType), "{bad}");
        }
    }

    /// covers: predicate-3
    #[test]
    fn the_file_is_one_object_with_one_reading() {
        let nested = |levels: usize| {
            format!("{}{}", "{\"a\":".repeat(levels), "1".to_owned() + &"}".repeat(levels))
        };
        let uri = "https://example.com/review/v1";
        for good in
            ["{}", " { \"a\" : [1.5, 9007199254740992, \"9007199254740993\"] }\n", &nested(63)]
        {
            assert_eq!(reason(uri, good.as_bytes()), Ok(()), "{good}");
        }
        for bad in [
            "",
            "[]",
            "\"x\"",
            "null",
            "{",
            "{} {}",
            "{\"a\":1,\"a\":1}",
            "{\"a\":[{\"b\":1,\"\\u0062\":2}]}",
            "{\"a\":9007199254740993}",
            "\u{feff}{}",
            &nested(64),
        ] {
            assert_eq!(reason(uri, bad.as_bytes()), Err(Reason::PredicateMalformed), "{bad}");
        }
        assert_eq!(reason(uri, b"{\"a\":\"\xff\"}"), Err(Reason::PredicateMalformed));
        let said = Foreign::read(uri, b"{\"a\":[0,9007199254740993]}").unwrap_err().to_string();
        assert!(said.contains("$.a[1]: 9007199254740993"), "{said}");
    }

    /// covers: predicate-4
    #[test]
    fn the_statement_is_about_module_and_manifest_and_our_reader_takes_it() {
        let deep = format!("{}1{}", "{\"a\":".repeat(63), "}".repeat(63));
        for file in ["{\"b\":1.5,\"a\":\"é\"}", &deep] {
            let foreign = Foreign::read("https://example.com/v1", file.as_bytes()).unwrap();
            let (module, manifest) = (ModuleDigest::of(b"module"), ManifestDigest::of(b"manifest"));
            let payload = foreign.about(&module, &manifest).to_payload().unwrap();
            let read = Statement::parse(&payload).unwrap();
            assert!(read.is_canonical());
            let expected =
                [("skill.wasm", module.as_bytes()), ("manifest.json", manifest.as_bytes())]
                    .map(|(name, digest)| Subject::new(name, digest));
            assert_eq!(read.subjects(), expected);
            assert_eq!(read.predicate_type(), "https://example.com/v1");
            assert_eq!(*read.predicate().unwrap(), foreign.predicate);
        }
    }
}
