use super::*;
use crate::reason::Reason;

fn imported() -> Origin {
    let signers = ["bob", "alice"].map(|id| SignerId::try_from(id.to_owned()).unwrap());
    let (manifest, keys) = (V0ManifestDigest::of(b"v0"), V0KeysDigest::of(b"keys"));
    Origin::new(manifest, keys, signers.into()).unwrap()
}

fn provenance() -> Provenance {
    Provenance {
        module: ModuleDigest::of(b"module"),
        manifest: ManifestDigest::of(b"manifest"),
        parameters: Parameters {
            name: "clock".into(),
            version: "0.1.0".into(),
            entrypoint: "_start".into(),
            profile: Profile::PORTABLE.note(),
            capabilities: vec!["fs.read=/data".parse().unwrap(), "time".parse().unwrap()],
            recipe: Some(Recipe {
                command: vec!["make".into(), "clock.wasm".into()],
                source: None,
            }),
        },
        source_name: "clock.wasm".into(),
        source: SourceDigest::of(b"source"),
        origin: Some(imported()),
        materials: None,
        companion: Some(CompanionDigest::of(b"companion")),
        tool: Tool { version: "0.1.0".into(), source: ToolDigest::of(b"tool") },
        entropy: None,
        finished: Timestamp::from_unix(1_700_000_000),
    }
}

/// covers: provenance-8
#[test]
fn the_same_build_says_the_same_and_is_read_back() {
    let mut said = provenance();
    for _ in 0..2 {
        let payload = said.to_statement().unwrap().to_payload().unwrap();
        assert_eq!(said.to_statement().unwrap().to_payload().unwrap(), payload);
        let read = Statement::parse(&payload).unwrap();
        assert!(read.is_canonical());
        assert_eq!(Provenance::from_statement(&read).unwrap(), said);
        said.companion = None;
        said.origin = None;
        said.finished = None;
        said.parameters.recipe = None;
    }
}

fn from_source() -> Provenance {
    let input = |path: &str| Input {
        executable: path.ends_with("rs"),
        path: path.into(),
        sha256: InputDigest::of(b"x\n"),
    };
    let tool = |name: &str, version: Option<&str>| materials::Tool {
        name: name.into(),
        sha256: ExecutableDigest::of(b"tool"),
        version: version.map(str::to_owned),
    };
    let mut said = provenance();
    let asked = Asked {
        environment: vec![materials::Variable { name: "LEVEL".into(), value: "3".into() }],
        epoch: 1_700_000_000,
        inputs: vec!["src/**".into()],
        leaks_allowed: true,
        output: "clock.wasm".into(),
        toolchain: Vec::new(),
    };
    said.parameters.recipe = Some(Recipe { command: vec!["make".into()], source: Some(asked) });
    said.origin = None;
    said.materials = Some(Materials {
        check: Some(Check { builds: 2, reproducible: true, varied: vec!["time".into()] }),
        git: Some(Git { commit: "a".repeat(40), dirty: true, folder: "skills/a".into() }),
        inputs: vec![input("src/Cargo.lock"), input("src/main.rs")],
        tools: vec![tool("cc", Some("14")), tool("make", None)],
    });
    said
}

/// covers: buildtype-canonicalize-17, buildtype-canonicalize-11, buildtype-canonicalize-12
/// covers: buildtype-canonicalize-13, buildtype-canonicalize-14, buildtype-canonicalize-15, buildtype-canonicalize-16
#[test]
fn a_build_from_source_is_read_back_and_held_to_its_form() {
    let said = from_source();
    let good = said.to_statement().unwrap();
    assert_eq!(Provenance::from_statement(&good).unwrap(), said);
    let mut bare = said.clone();
    let materials = bare.materials.as_mut().unwrap();
    (materials.check, materials.git) = (None, None);
    let statement = bare.to_statement().unwrap();
    assert_eq!(Provenance::from_statement(&statement).unwrap(), bare);

    let list = "/buildDefinition/resolvedDependencies";
    let set = |pointer: &str, value: json::Value| {
        let mut predicate = good.predicate().unwrap().into_owned();
        *predicate.pointer_mut(pointer).unwrap() = value;
        let other = Statement::new(good.subjects().to_vec(), PREDICATE_TYPE, predicate);
        Provenance::from_statement(&other).map(|_| pointer.to_owned())
    };
    for (pointer, value) in [
        ("/buildDefinition/externalParameters/recipe/source/epoch", json::json!(-1)),
        ("/buildDefinition/externalParameters/recipe/source/output", json::json!("../a")),
        ("/buildDefinition/externalParameters/recipe/source/inputs", json::json!([])),
        ("/buildDefinition/externalParameters/recipe/source", json::json!({})),
        ("/buildDefinition/externalParameters/recipe/source", json::Value::Null),
        ("/buildDefinition/internalParameters/check/builds", json::json!(1)),
        ("/buildDefinition/internalParameters/check/varied", json::json!([])),
        (&format!("{list}/3/digest/sha256"), json::json!("0".repeat(64))),
        (&format!("{list}/3/annotations/files"), json::json!(1)),
        (&format!("{list}/3/annotations/files"), json::json!(9)),
        (&format!("{list}/3/annotations/files"), json::json!("2")),
        (&format!("{list}/3/name"), json::json!("input")),
        (&format!("{list}/4/digest/gitCommit"), json::json!("HEAD")),
        (&format!("{list}/4/annotations/dirty"), json::json!("no")),
        (&format!("{list}/5/name"), json::json!("inputs/../Cargo.lock")),
        (&format!("{list}/5/name"), json::json!("inputs/src/z")),
        (&format!("{list}/5/annotations/lock"), json::json!(false)),
        (&format!("{list}/6/annotations/executable"), json::json!("yes")),
        (&format!("{list}/5/digest/sha256"), json::json!("0".repeat(64))),
        (&format!("{list}/7/name"), json::json!("cc")),
        (&format!("{list}/7/name"), json::json!("tools/zig")),
    ] {
        let refused = set(pointer, value).unwrap_err();
        assert_eq!(refused.reason(), Reason::StatementMalformed, "{pointer}: {refused}");
    }
}

#[test]
fn another_predicate_type_is_refused() {
    let good = provenance().to_statement().unwrap();
    let other = Statement::new(
        good.subjects().to_vec(),
        "https://slsa.dev/provenance/v0.2",
        good.predicate().unwrap().into_owned(),
    );
    let error = Provenance::from_statement(&other).unwrap_err();
    assert_eq!(error.reason(), Reason::PredicateMismatch);
}

/// covers: buildtype-canonicalize-10
#[test]
fn a_ledger_has_one_line_for_each_source_in_order() {
    let line = |source| EntropyLine {
        source,
        status: crate::abi::entropy::Status::Absent,
        by: "nothing".to_owned(),
    };
    let whole: Vec<_> = Source::ALL.into_iter().map(line).collect();
    let of = |entropy: Vec<EntropyLine>| {
        let said = Provenance { entropy: Some(entropy), ..provenance() }.to_statement().unwrap();
        Provenance::from_statement(&said).map(|read| read.entropy)
    };
    assert_eq!(of(whole.clone()).unwrap().as_ref(), Some(&whole));
    let reversed = whole.iter().rev().cloned().collect();
    for other in [Vec::new(), whole[1..].to_vec(), [&whole[..], &whole[..1]].concat(), reversed] {
        assert_eq!(of(other).unwrap_err().reason(), Reason::StatementMalformed);
    }
}
