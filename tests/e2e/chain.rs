//! `verify --chain`: each rung shown, missing and contradicted on its own, and what a policy demands.

use super::common::{Ended, Place};
use super::cosign::{CLOCK, RECEIPT, REPLAY};
use provenact::attest::Envelope;
use provenact::digest::{hex, sha256};
use provenact::json::{Value, json, parse};
use provenact::trace::{Reader, Writer};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::OnceLock;

const REBUILD: &str = "https://opertus.systems/provenact/rebuild/v1";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
const VSA: &str = "https://slsa.dev/verification_summary/v1";
const CHAIN: &str = "verify receipt.json --chain --trust trust.toml";
const RUNGS: [&str; 9] = [
    "source",
    "rebuilt",
    "canonical",
    "capabilities",
    "consistent",
    "replayed",
    "cross-engine",
    "authentic",
    "co-signed",
];
/// A skill built from source and again by two auditors, run, and replayed by both on every engine.
fn whole() -> Place {
    static FILES: OnceLock<BTreeMap<String, Option<Vec<u8>>>> = OnceLock::new();
    let files = FILES.get_or_init(|| {
        let place = Place::new();
        for auditor in ["dan", "eve"] {
            place.pair(auditor);
        }
        place.policy(&[("dan", "Lab"), ("eve", "Eve")], "");
        place.write("s/made.bin", wat::parse_str(CLOCK).unwrap());
        let recipe = "[skill]\nname = 's'\n[build]\ncommand = ['cp', 'made.bin', 's.wasm']\n\
            output = 's.wasm'\n[capabilities]\ntime = ['realtime']\n";
        place.write("s/provenact.toml", recipe);
        for line in [
            "build s",
            "attest s.skill --key author.key.pem",
            "rebuild s.skill --source s --key dan.key.pem",
            "rebuild s.skill --source s --key eve.key.pem",
            "run -q --key operator.key.pem --allow time=realtime s.skill",
            "replay receipt.json --engine all --sign dan.key.pem",
            "replay receipt.json --engine all --sign eve.key.pem",
        ] {
            place.type_in(line).status(0);
        }
        place.tree()
    });
    let place = Place::new();
    for (name, bytes) in files.iter().filter_map(|(name, bytes)| Some((name, bytes.as_ref()?))) {
        place.write(name, bytes);
        if name.ends_with(".key.pem") {
            place.mode(name, 0o600);
        }
    }
    place
}

/// Rung and state of each line of the table, in its order.
fn table(ended: &Ended) -> Vec<(String, String)> {
    let out = ended.out();
    let lines = out.lines().skip_while(|line| !line.starts_with("rung ")).skip(1).take(9);
    let cell = |line: &str, from: usize, to: usize| {
        line.chars().skip(from).take(to - from).collect::<String>().trim().to_owned()
    };
    lines.map(|line| (cell(line, 0, 12), cell(line, 13, 25))).collect()
}

impl Place {
    /// Walks the chain, and demands these states of these rungs and that every other is shown.
    #[track_caller]
    fn walks(&self, status: i32, others: &[(&str, &str)]) -> Ended {
        let ended = self.type_in(CHAIN).status(status);
        let state =
            |rung: &&str| others.iter().find(|(name, _)| name == rung).map_or("shown", |o| o.1);
        let expected: Vec<_> =
            RUNGS.iter().map(|rung| (rung.to_string(), state(rung).to_owned())).collect();
        assert_eq!(table(&ended), expected, "{}", ended.out());
        ended
    }

    /// What is demanded of the chain, instead of what was.
    fn demands(&self, auditors: &[(&str, &str)], rungs: &[&str]) {
        self.policy(auditors, &format!("[chain]\nrungs = {rungs:?}"));
    }

    fn receipt_digest(&self) -> String {
        hex(&sha256(&self.payload("receipt.json")))
    }

    /// The digests of the module and of the manifest.
    fn bundle_digests(&self) -> [String; 2] {
        ["s.skill/skill.wasm", "s.skill/manifest.json"].map(|name| hex(&sha256(&self.read(name))))
    }

    /// Adds a line to a file of envelopes.
    fn add_line(&self, name: &str, line: Vec<u8>) {
        self.write(name, [self.read(name), line, b"\n".to_vec()].concat());
    }

    /// Keeps of a file of envelopes the lines of these predicate types.
    fn keep(&self, name: &str, types: &[&str]) {
        let lines = self.read(name);
        let lines = lines.split_inclusive(|byte| *byte == b'\n').filter(|line| {
            let envelope = Envelope::parse(line.trim_ascii_end()).unwrap();
            let statement = parse(envelope.payload_unverified().as_bytes()).unwrap();
            types.iter().any(|ty| statement["predicateType"] == *ty)
        });
        self.write(name, lines.collect::<Vec<_>>().concat());
    }
}

const BOTH: [(&str, &str); 2] = [("dan", "Lab"), ("eve", "Eve")];
const BESIDE: &str = "receipt.intoto.jsonl";
const INSIDE: &str = "s.skill/attestations.intoto.jsonl";

fn require(ty: &str, subject: &str, more: &str) -> String {
    format!("[[require]]\npredicate-type = \"{ty}\"\nsubject = \"{subject}\"\n{more}\n")
}

#[test]
fn every_rung_is_shown_and_the_json_says_the_same() {
    let place = whole();
    place.demands(&BOTH, &RUNGS);
    let ended = place.walks(0, &[]);
    let text = ended.out();
    assert!(text.starts_with("receipt.json: upheld, 9 of 9 rungs are shown\n"), "{text}");
    assert!(text.lines().take(11).all(|line| line.chars().count() <= 100), "{text}");
    for said in [
        "1 of 1: ann",
        "2 of 2: dan, eve",
        "1 of 1: ops",
        "wasmi, wasmtime",
        "1 declared, 1 granted, 1 used",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let (status, report) = place.json(CHAIN);
    assert_eq!(status, 0);
    assert_eq!(report["schema"], "https://opertus.systems/provenact/chain/v1");
    assert_eq!((&report["verdict"], &report["reason"]), (&json!("upheld"), &Value::Null));
    assert_eq!(report["bundle"], "./s.skill");
    let rungs = report["rungs"].as_array().unwrap();
    for ((rung, state), line) in table(&ended).iter().zip(rungs) {
        assert_eq!((&line["rung"], &line["state"]), (&json!(rung), &json!(state)));
        assert_eq!((&line["demanded"], &line["shown_by"]), (&json!(true), &Value::Null));
        assert!(line["rules"].as_array().unwrap().iter().all(|rule| rule["upheld"] == true));
        let (proves, not) = (&line["proves"], &line["does_not_prove"]);
        let meaning =
            format!("{rung}: {}; not: {}", proves.as_str().unwrap(), not.as_str().unwrap());
        assert!(text.contains(&meaning), "{meaning}: {text}");
        let row = text.lines().find(|row| row.starts_with(&format!("{rung} "))).unwrap();
        let digest = line["digest"].as_str().unwrap();
        assert!(row.contains(&format!(" {} ", &digest[7..19])), "{row}");
        for key in line["by"].as_array().unwrap() {
            assert!(row.contains(key["name"].as_str().unwrap()), "{row}");
        }
    }
    assert_eq!(rungs.len(), 9);
    // Named, it is the same bundle; and what is not demanded is shown too.
    place.policy(&BOTH, "");
    let named = place.type_in(&format!("{CHAIN} --bundle s.skill")).status(0);
    assert_eq!(table(&named), table(&ended));
    let demanded = named.out().lines().filter(|line| line.contains(" yes ")).count();
    assert_eq!(demanded, 2, "{}", named.out());
}

/// covers: trust-67, trust-68
#[test]
fn what_is_missing_is_not_shown_and_a_policy_can_demand_it() {
    type Change = fn(&Place);
    let without_author: Change = |place| {
        let text = String::from_utf8(place.read("trust.toml")).unwrap();
        place.write("trust.toml", text.replace("\"author\"", "\"operator\""));
    };
    let without_operator: Change = |place| {
        let text = String::from_utf8(place.read("trust.toml")).unwrap();
        place.write("trust.toml", text.replace("\"operator\"", "\"author\""));
    };
    let one_engine: Change = |place| {
        let said = json!({ "verdict": "reproduced", "depth": 2, "engines": [{ "name": "cranelift" },
            { "name": "pulley" }, { "name": "made-up" }] });
        let line = place.said(REPLAY, &said, &[place.receipt_digest()], &["dan"]);
        place.write(BESIDE, [line, b"\n".to_vec()].concat());
    };
    let nobody_else: Change = |place| {
        place.lies(|_| ());
    };
    let cases: [(&str, &[&str], Change); 7] = [
        ("source", &[], without_author),
        ("rebuilt", &[], |place| place.keep(INSIDE, &[PROVENANCE])),
        ("consistent", &[], |place| drop(fs_err::remove_file(place.path("receipt.trace")))),
        ("replayed", &["cross-engine"], |place| place.write(BESIDE, "")),
        ("cross-engine", &[], one_engine),
        ("authentic", &[], without_operator),
        ("co-signed", &[], nobody_else),
    ];
    for (rung, also, change) in cases {
        let place = whole();
        let missing: Vec<_> = [&[rung], also].concat().iter().map(|r| (*r, "not shown")).collect();
        let always = ["consistent", "authentic"].contains(&rung);
        place.policy(&BOTH, "");
        change(&place);
        place.walks(if always { 2 } else { 0 }, &missing);
        place.demands(&BOTH, &[rung]);
        change(&place);
        let ended = place.walks(2, &missing).says("not shown [rung-not-shown], ");
        let ended =
            ended.says(&format!("\n{rung} is not shown: ")).says("  would show it: provenact ");
        drop(ended);
        let (status, report) = place.json(CHAIN);
        assert_eq!((status, &report["reason"]), (2, &json!("rung-not-shown")), "{rung}");
    }
}

#[test]
fn without_trace_and_bundle_only_what_is_said_of_the_receipt_is_shown() {
    let place = whole();
    fs_err::remove_file(place.path("receipt.trace")).unwrap();
    fs_err::remove_dir_all(place.path("s.skill")).unwrap();
    let missing = ["source", "rebuilt", "canonical", "capabilities", "consistent"];
    let missing = missing.map(|rung| (rung, "not shown"));
    place.walks(2, &missing).says("canonical is not shown: evidence: ").says("[material-missing]");

    // The trace alone tells all but what others built; a trace without materials tells no module.
    let place = whole();
    fs_err::remove_dir_all(place.path("s.skill")).unwrap();
    place.walks(0, &[("rebuilt", "not shown")]);
    let place = whole();
    let mut reader = Reader::open(Cursor::new(place.read("receipt.trace"))).unwrap();
    let header = reader.header().clone();
    let mut writer = Writer::start(Cursor::new(Vec::new()), &header, Vec::new()).unwrap();
    for event in place.events() {
        event.append(&mut writer);
    }
    while reader.next().unwrap().is_some() {}
    let (trace, seal) = writer.finish(&reader.seal().unwrap().end.outcome).unwrap();
    place.write("receipt.trace", trace.into_inner());
    place.lies(|receipt| receipt.trace.sha256 = seal.digest);
    let unsaid = ["replayed", "cross-engine", "co-signed"].map(|rung| (rung, "not shown"));
    place.walks(0, &unsaid);
    fs_err::remove_dir_all(place.path("s.skill")).unwrap();
    place.walks(2, &[&unsaid[..], &missing].concat());
}

/// covers: trust-64, trust-68
#[test]
fn evidence_that_speaks_against_a_rung_contradicts_it_alone_demanded_or_not() {
    type Change = fn(&Place);
    let different: Change = |place| {
        let said = json!({ "verdict": "different" });
        place.add_line(INSIDE, place.said(REBUILD, &said, &place.bundle_digests(), &["eve"]));
    };
    let refuted: Change = |place| {
        let said = json!({ "verdict": "refuted", "depth": 1 });
        place.add_line(BESIDE, place.said(REPLAY, &said, &[place.receipt_digest()], &["eve"]));
    };
    let failed: Change = |place| {
        let said = json!({ "verificationResult": "FAILED" });
        place.add_line(BESIDE, place.said(VSA, &said, &[place.receipt_digest()], &["eve"]));
    };
    let failed_bundle: Change = |place| {
        let said = json!({ "verificationResult": "FAILED" });
        place.add_line(INSIDE, place.said(VSA, &said, &place.bundle_digests(), &["eve"]));
    };
    let changed_trace: Change = |place| {
        let mut trace = place.read("receipt.trace");
        let middle = trace.len() / 2;
        trace[middle] ^= 1;
        place.write("receipt.trace", trace);
    };
    let other_trace: Change = |place| {
        let run = "run -q --key operator.key.pem --receipt o.json --allow time=realtime s.skill x";
        place.type_in(run).status(0);
        place.write("receipt.trace", place.read("o.trace"));
    };
    let forbidding: Change = |place| {
        place.policy(&BOTH, &require(RECEIPT, "receipt", "capabilities = [\"random\"]"));
    };
    let forbidding_imports: Change = |place| {
        let imports = "forbidden-imports = [\"wasi_snapshot_preview1.clock_*\"]";
        place.policy(&BOTH, &require(PROVENANCE, "bundle", imports));
    };
    let cases: [(&str, &[&str], &str, Change); 9] = [
        ("rebuilt", &[], "verdict-failed", different),
        ("replayed", &["cross-engine"], "verdict-failed", refuted),
        ("authentic", &[], "verdict-failed", failed),
        ("source", &[], "verdict-failed", failed_bundle),
        ("source", &[], "material-mismatch", |place| place.write("s.skill/skill.orig.wasm", "x")),
        ("consistent", &[], "trace-corrupt", changed_trace),
        ("consistent", &[], "material-mismatch", other_trace),
        ("capabilities", &[], "policy-unmet", forbidding),
        ("capabilities", &[], "policy-unmet", forbidding_imports),
    ];
    for (rung, also, reason, change) in cases {
        let place = whole();
        change(&place);
        let against: Vec<_> =
            [&[rung], also].concat().iter().map(|rung| (*rung, "contradicted")).collect();
        let ended = place.walks(1, &against).says("contradicted [rung-contradicted], ");
        ended.says(&format!("\n{rung} is contradicted: ")).says(&format!("[{reason}]"));
        let (status, report) = place.json(CHAIN);
        assert_eq!((status, &report["verdict"]), (1, &json!("contradicted")), "{rung}");
    }
    // A no of somebody who is not trusted to judge says nothing.
    let place = whole();
    let said = json!({ "verdict": "refuted", "depth": 1 });
    for name in ["author", "operator", "stranger"] {
        place.add_line(BESIDE, place.said(REPLAY, &said, &[place.receipt_digest()], &[name]));
    }
    place.walks(0, &[]);
}

#[test]
fn a_bundle_that_is_not_the_receipts_contradicts_the_module() {
    let place = whole();
    place.skill("other", r#"(module (func (export "_start")))"#, "");
    let other = place.type_in(&format!("{CHAIN} --bundle other.skill")).status(1);
    let states = table(&other);
    assert_eq!(states[2], ("canonical".to_owned(), "contradicted".to_owned()), "{}", other.out());
    // What was attested of another module is nobody's word about this one.
    assert_eq!(states[0].1, "not shown");
    other.says("the receipt names manifest").says("[material-mismatch]");
    let module = place.read("other.skill/skill.wasm");
    place.write("s.skill/skill.wasm", module);
    let against = [("source", "not shown"), ("canonical", "contradicted")];
    place.walks(1, &against).says("[artifact-mismatch]");
    // A manifest that nobody named is no bundle beside the receipt.
    let place = whole();
    place.write("s.skill/manifest.json", "{}");
    place.walks(0, &[("rebuilt", "not shown")]);
    place.type_in(&format!("{CHAIN} --bundle s.skill")).status(1).says("[material-mismatch]");
    let copy = whole();
    for (name, bytes) in copy.tree() {
        if let (Some(part), Some(bytes)) = (name.strip_prefix("s.skill/"), bytes) {
            copy.write(&format!("t.skill/{part}"), bytes);
        }
    }
    copy.type_in(CHAIN).refused(2, "usage").says("both have the manifest");
    copy.type_in(&format!("{CHAIN} --bundle t.skill")).status(0);
}

/// The operator's lie is consistent and signed, and only a replay finds it out: nothing is executed.
///
/// covers: trust-65
#[test]
fn a_consistent_lie_is_shown_as_consistent_until_somebody_replays_it() {
    let place = whole();
    let mut events = place.events();
    events[1] = events[0].clone();
    place.forge(&events, |_| ()).status(1);
    for end in ["json", "trace"] {
        place.write(&format!("receipt.{end}"), place.read(&format!("forged.{end}")));
    }
    let unsaid = ["replayed", "cross-engine", "co-signed"].map(|rung| (rung, "not shown"));
    place.walks(0, &unsaid);
    place.type_in("replay receipt.json --sign eve.key.pem").status(1);
    let refuted = [("replayed", "contradicted"), ("cross-engine", "contradicted")];
    place.walks(1, &[&refuted[..], &[("co-signed", "not shown")]].concat());
}

#[test]
fn what_the_receipt_says_against_its_trace_and_manifest_is_seen() {
    let unsaid = ["replayed", "cross-engine", "co-signed"].map(|rung| (rung, "not shown"));
    let place = whole();
    place.lies(|receipt| receipt.invocation.arguments.count += 1);
    let against = [&unsaid[..], &[("consistent", "contradicted")]].concat();
    place.walks(1, &against).says("at invocation.arguments.count").says("[receipt-differs]");
    let place = whole();
    place.lies(|receipt| {
        receipt.grants.capabilities.insert(0, "env=HOME".parse().unwrap());
    });
    let against = [("consistent", "contradicted"), ("capabilities", "contradicted")];
    place.walks(1, &[&unsaid[..], &against].concat()).says("found env=HOME");
    let place = whole();
    place.lies(|receipt| receipt.used[0].value = "monotonic".to_owned());
    place.walks(1, &[&unsaid[..], &[("capabilities", "contradicted")]].concat());
}

/// covers: trust-66, trust-67
#[test]
fn requirements_hold_at_their_rungs_with_their_thresholds_and_owners() {
    let place = whole();
    let two = require(REBUILD, "bundle", "threshold = 2")
        + &require(REPLAY, "receipt", "threshold = 2\nminimum-engines = 2\nminimum-depth = 2")
        + &require(RECEIPT, "receipt", "role = \"auditor\"\nthreshold = 2");
    place.policy(&BOTH, &two);
    let demanded = |ended: &Ended| ended.out().lines().filter(|l| l.contains(" yes ")).count();
    assert_eq!(demanded(&place.walks(0, &[])), 6);
    // What a statement is about counts, and not where it lies.
    let lines = [place.read(BESIDE), place.read(INSIDE)];
    place.write(BESIDE, &lines[1]);
    place.write(INSIDE, &lines[0]);
    place.walks(0, &[]);
    place.write(BESIDE, &lines[0]);
    place.write(INSIDE, &lines[1]);
    // Two keys of one owner are one auditor, and so are two of nobody known.
    let lacking = ["rebuilt", "replayed", "co-signed"].map(|rung| (rung, "not shown"));
    for owners in [[("dan", "Lab"), ("eve", "Lab")], [("dan", "Lab"), ("eve", "")]] {
        place.policy(&owners, &two);
        place.walks(2, &lacking).says("1 of 2: dan").says("[threshold-unmet]");
    }
    // The operator's owner is no auditor at all.
    place.policy(&[("dan", "Lab"), ("eve", "Ops")], &two);
    place.walks(2, &lacking).says("its owner \"Ops\" is that of the operator's key");
    for (more, rung) in [("minimum-engines = 3", "cross-engine"), ("minimum-depth = 3", "replayed")]
    {
        place.policy(&BOTH, &require(REPLAY, "receipt", more));
        let also = if rung == "replayed" { "cross-engine" } else { rung };
        place.walks(2, &[(rung, "not shown"), (also, "not shown")]).says("[policy-unmet]");
    }
    // A requirement in the words of others is one of the receipt.
    place.policy(&BOTH, &require(VSA, "receipt", ""));
    place.walks(2, &[("authentic", "not shown")]);
}

#[test]
fn nobody_audits_their_own_receipt_and_one_auditor_counts_once() {
    let place = whole();
    place.lies(|_| ());
    place.write(BESIDE, "");
    let said = json!({ "verdict": "reproduced", "depth": 2,
        "engines": [{ "name": "cranelift" }, { "name": "wasmi" }] });
    place.add_line(BESIDE, place.said(REPLAY, &said, &[place.receipt_digest()], &["operator"]));
    let lacking = ["replayed", "cross-engine", "co-signed"].map(|rung| (rung, "not shown"));
    place.walks(0, &lacking).says("replayed is not shown: ");
    let text = String::from_utf8(place.read("trust.toml")).unwrap();
    let at = text.find("[[key]]\nname = \"ops\"").unwrap();
    let rest = text[at + 7..].find("[[key]]").unwrap() + at + 7;
    place.write("trust.toml", text[..at].to_owned() + &text[rest..]);
    // Named by hand it has every role, and is still the receipt's operator.
    let named = place.type_in(&format!("{CHAIN} --pub operator.pub.pem")).status(0);
    assert!(table(&named)[5..7].iter().all(|(_, state)| state == "not shown"), "{}", named.out());
    place.policy(&BOTH, &require(REPLAY, "receipt", "threshold = 2"));
    for depth in [2, 3] {
        let mut said = said.clone();
        said["depth"] = json!(depth);
        place.add_line(BESIDE, place.said(REPLAY, &said, &[place.receipt_digest()], &["dan"]));
    }
    let lacking = ["replayed", "co-signed"].map(|rung| (rung, "not shown"));
    place.walks(2, &lacking).says("1 of 2: dan");
}

#[test]
fn what_nobody_trusted_signed_is_not_shown() {
    let place = whole();
    let strangers = "verify receipt.json --chain --pub stranger.pub.pem";
    let said = ["source", "rebuilt", "replayed", "cross-engine", "authentic", "co-signed"];
    let ended = place.type_in(strangers).status(2);
    for (rung, state) in table(&ended) {
        let expected = if said.contains(&&*rung) { "not shown" } else { "shown" };
        assert_eq!(state, expected, "{rung}");
    }
    place.type_in("verify receipt.json --chain --trust no.toml").refused(2, "file-missing");
    fs_err::remove_file(place.path("trust.toml")).unwrap();
    place.type_in("verify receipt.json --chain").refused(2, "trust-empty");
    let place = whole();
    let unsigned = Envelope::unsigned(place.payload("receipt.json")).to_bytes().unwrap();
    place.write("receipt.json", unsigned);
    let lacking = ["authentic", "co-signed"].map(|rung| (rung, "not shown"));
    place.walks(2, &lacking).says("[unsigned]");
}

/// covers: trust-69
#[test]
fn a_receipt_alone_is_not_enough_where_a_chain_is_demanded() {
    let place = whole();
    let plain = "verify receipt.json --trust trust.toml";
    place.type_in(plain).status(0);
    place.demands(&BOTH, &["rebuilt", "replayed"]);
    let refused = place.type_in(plain).refused(2, "rung-not-shown");
    refused.says("rebuilt, replayed of the chain").says("--chain");
    place.type_in("verify --all . --trust trust.toml").status(2).says("rung-not-shown");
    place.write("all.jsonl", [place.read("receipt.json"), b"\n".to_vec()].concat());
    place.type_in("verify all.jsonl --trust trust.toml").status(2).says("rung-not-shown");
    // What is refused anyway is refused for its own reason, and bundles have no chain.
    place.type_in("verify s.skill --trust trust.toml").status(0);
    place.write("u.json", Envelope::unsigned(place.payload("receipt.json")).to_bytes().unwrap());
    place.type_in("verify u.json --trust trust.toml").refused(1, "unsigned");
    place.type_in("trust show --trust trust.toml").status(0).says("behind it, rebuilt, replayed\n");
    let (_, shown) = place.json("trust show --trust trust.toml");
    assert_eq!(shown["rungs"], json!(["rebuilt", "replayed"]));
}

#[test]
fn only_one_receipt_has_a_chain() {
    let place = whole();
    for (named, says) in [
        ("s.skill", "a bundle was named"),
        ("receipt.json receipt.json", "several paths was named"),
        (BESIDE, "a file of envelopes was named"),
        ("receipt.json --subject s/made.bin", "cannot be used with"),
        ("receipt.json --type https://a.b/c", "cannot be used with"),
        ("--all .", "cannot be used with"),
    ] {
        let line = format!("verify --chain --trust trust.toml {named}");
        place.type_in(&line).refused(2, "usage").says(says);
    }
    place.type_in("verify --trust trust.toml --bundle s.skill receipt.json").refused(2, "usage");
    let other = place.read(INSIDE);
    place.write("other.json", other.split(|byte| *byte == b'\n').next().unwrap());
    let other = "verify other.json --chain --trust trust.toml";
    place.type_in(other).refused(2, "usage").says("what is behind a receipt");
    place.write(BESIDE, "{}\n");
    place.type_in(CHAIN).refused(2, "envelope-malformed").says(BESIDE);
}

#[test]
fn names_cannot_forge_a_line_of_the_table() {
    let place = whole();
    let name = "r\u{1b}[2J\nauthentic     shown";
    for (end, bytes) in
        [("json", place.read("receipt.json")), ("trace", place.read("receipt.trace"))]
    {
        place.write(&format!("{name}.{end}"), bytes);
    }
    let named = format!("{name}.json");
    let ended = place.provenact(&["verify", "--chain", "--trust", "trust.toml", &named]).status(0);
    let out = ended.out();
    assert!(!out.contains('\u{1b}'), "{out}");
    let lines = out.lines().take_while(|line| !line.starts_with("source:"));
    assert_eq!(lines.filter(|line| line.starts_with("authentic ")).count(), 1, "{out}");
}
