//! The policy, from outside: who counts, for what, and what else is demanded; every refusal has its
//! reason, and what a file claims is shown and marked even then.

use crate::common::{Ended, PROVENACT, Place};
use provenact::attest::{Envelope, PrivateKey};
use provenact::digest::{TrustDigest, hex, sha256};
use provenact::json::{self, Value, json};

const NOTHING: &str = r#"(module (func (export "_start")))"#;
const EXAMPLE: &str = "https://example.com/predicate/v1";
const VSA: &str = "https://slsa.dev/verification_summary/v1";
const REPLAY: &str = "https://opertus.systems/provenact/replay-verdict/v1";

impl Place {
    pub fn key(&self, name: &str) -> PrivateKey {
        let pem = String::from_utf8(self.read(&format!("{name}.key.pem"))).unwrap();
        PrivateKey::from_pem(&pem).unwrap()
    }

    /// One line with a statement about things with these digests, signed by keys of this place.
    pub fn said(&self, ty: &str, predicate: &Value, subjects: &[String], by: &[&str]) -> Vec<u8> {
        let subject = |hex: &String| json!({ "name": "x", "digest": { "sha256": hex } });
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": subjects.iter().map(subject).collect::<Vec<_>>(),
            "predicateType": ty,
            "predicate": predicate,
        });
        let keys: Vec<_> = by.iter().map(|name| self.key(name)).collect();
        let keys: Vec<_> = keys.iter().collect();
        Envelope::sign(json::to_jcs(&statement).unwrap(), &keys).to_bytes().unwrap()
    }

    fn sha(&self, name: &str) -> String {
        hex(&sha256(&self.read(name)))
    }

    fn trust(&self, line: &str) {
        self.type_in(&format!("trust add {line}")).status(0);
    }

    /// Appends text to trust.toml.
    pub fn require(&self, text: &str) {
        let old = String::from_utf8(self.read("trust.toml")).unwrap();
        self.write("trust.toml", old + "\n" + text + "\n");
    }

    pub fn json(&self, line: &str) -> (i32, Value) {
        let ended = self.type_in(&format!("--format json {line}"));
        (ended.status, json::parse(&ended.stdout).unwrap())
    }
}

#[test]
fn any_envelope_is_upheld_about_a_file_and_never_alone() {
    let place = Place::new();
    place.write("tool", "bytes");
    place.write("other", "other bytes");
    let about = [place.sha("tool")];
    place.write("e.json", place.said(EXAMPLE, &json!({}), &about, &["author", "operator"]));
    let verify = "verify e.json --pub author.pub.pem";
    let alone = place.type_in(verify).refused(2, "subject-needed");
    alone.says("--subject FILE").says("verified: about x sha256:");
    place.type_in(&format!("{verify} --subject tool")).status(0).says(EXAMPLE);
    place.type_in(&format!("{verify} --subject other")).refused(1, "subject-mismatch");
    let both = format!("{verify} --subject tool --subject other");
    place.type_in(&both).refused(1, "subject-mismatch");
    place.type_in(&format!("{verify} --subject tool --type {EXAMPLE}")).status(0);
    let other = format!("{verify} --subject tool --type {VSA}");
    place.type_in(&other).refused(1, "predicate-mismatch").says(VSA).says(EXAMPLE);
    let two = format!("{verify} --subject tool --threshold 2");
    place.type_in(&two).refused(1, "threshold-unmet").says("expected 2 distinct keys");
    place.type_in(&format!("{two} --pub operator.pub.pem")).status(0);
    place.type_in(&format!("{two} --pub author.pub.pem")).refused(1, "threshold-unmet");
    place.type_in(&format!("{verify} --subject tool --threshold 0")).refused(2, "usage");
    let stranger = "verify e.json --subject tool --pub stranger.pub.pem";
    let ended = place.type_in(stranger).refused(1, "signature-untrusted");
    ended
        .says("claimed, NOT verified: signed by key")
        .says("claimed, NOT verified: predicate type");
    place.write(
        "v.json",
        place.said(VSA, &json!({"verificationResult": "FAILED"}), &about, &["author"]),
    );
    let failed = "verify v.json --subject tool --pub author.pub.pem";
    place.type_in(failed).refused(1, "verdict-failed").says("verified: verdict FAILED");
}

#[test]
fn a_bundle_of_two_authors_needs_both_and_one_key_counts_once() {
    let place = Place::new();
    place.skill("a", NOTHING, "--cap time");
    place.trust("author.pub.pem --name ann --role author");
    place.trust("operator.pub.pem --name bob --role author --role operator");
    place.type_in("verify a.skill").status(0).says("attested by ann");
    let slsa =
        "[[require]]\npredicate-type = \"https://slsa.dev/provenance/v1\"\nsubject = \"bundle\"\n";
    place.require(&format!("{slsa}threshold = 2"));
    place.type_in("verify a.skill").refused(1, "threshold-unmet").says("1: ann");
    place.type_in("run --no-receipt a.skill").refused(126, "threshold-unmet");
    place.type_in("attest a.skill --key author.key.pem").status(0);
    place.type_in("verify a.skill").refused(1, "threshold-unmet");
    place.type_in("attest a.skill --key operator.key.pem").status(0);
    place.type_in("verify a.skill").status(0).says("attested by ann").says("bob");
    place.type_in("run --no-receipt a.skill").status(0);
    // Another source is another statement: its signer does not vouch for the one that is shown.
    let file = "a.skill/attestations.intoto.jsonl";
    let all = place.read(file);
    let line = all.split(|byte| *byte == b'\n').next().unwrap();
    let signed = Envelope::parse(line).unwrap();
    let payload = String::from_utf8(signed.payload_unverified().as_bytes().to_vec()).unwrap();
    let source = place.sha("a.wasm");
    let other = payload.replacen(&source, &"0".repeat(64), 1).into_bytes();
    assert_ne!(other, payload.as_bytes());
    let other = Envelope::sign(other, &[&place.key("operator")]).to_bytes().unwrap();
    place.write(file, [line, b"\n", &other, b"\n"].concat());
    place.type_in("verify a.skill").refused(1, "threshold-unmet").says("one source");
    place.write(file, all);
    place.require(&format!("{slsa}capabilities = [\"random\"]"));
    place
        .type_in("verify a.skill")
        .refused(1, "policy-unmet")
        .says("expected only random, found time");
}

/// covers: trust-57
#[test]
fn capabilities_and_imports_are_what_the_policy_allows() {
    let place = Place::new();
    let wat = r#"(module
      (import "wasi_snapshot_preview1" "random_get" (func (param i32 i32) (result i32)))
      (memory (export "memory") 1) (func (export "_start")))"#;
    place.skill("r", wat, "--cap random --cap fs.read=/data/in");
    place.trust("author.pub.pem --name ann --role author");
    let file = place.read("trust.toml");
    let slsa =
        "[[require]]\npredicate-type = \"https://slsa.dev/provenance/v1\"\nsubject = \"bundle\"\n";
    for (more, reason) in [
        ("capabilities = [\"random\", \"fs.read=/data\"]", None),
        ("capabilities = [\"random\", \"fs.read\"]", None),
        ("capabilities = [\"random\", \"fs.read=/data/in/x\"]", Some("fs.read=/data/in")),
        ("capabilities = []", Some("random")),
        ("forbidden-imports = [\"env.*\"]", None),
        ("forbidden-imports = [\"wasi_snapshot_preview1.random_get\"]", Some("random_get")),
        ("forbidden-imports = [\"*\"]", Some("random_get")),
    ] {
        place.write("trust.toml", &file);
        place.require(&format!("{slsa}{more}"));
        let ended = place.type_in("verify r.skill");
        match reason {
            None => ended.status(0),
            Some(text) => ended.refused(1, "policy-unmet").says(text),
        };
    }
}

/// covers: trust-56, trust-58
#[test]
fn a_bundle_needs_every_requirement_and_a_trusted_no_is_not_outvoted() {
    let place = Place::new();
    place.skill("a", NOTHING, "");
    place.trust("author.pub.pem --name ann --role author");
    place.trust("operator.pub.pem --name eve --role auditor");
    place.trust("stranger.pub.pem --name sam --role auditor");
    let need = format!("[[require]]\npredicate-type = \"{REPLAY}\"\nsubject = \"bundle\"\n");
    place.require(&need);
    place.type_in("verify a.skill").refused(1, "predicate-mismatch").says(REPLAY);
    let digests = [place.sha("a.skill/skill.wasm"), place.sha("a.skill/manifest.json")];
    let file = "a.skill/attestations.intoto.jsonl";
    let provenance = place.read(file);
    let add = |lines: &[(&str, &str, &[String])]| {
        let mut all = provenance.clone();
        for (value, by, subjects) in lines {
            all.extend(place.said(REPLAY, &json!({ "verdict": value }), subjects, &[by]));
            all.push(b'\n');
        }
        place.write(file, all);
        place.type_in("verify a.skill")
    };
    add(&[("reproduced", "operator", &digests)]).status(0);
    add(&[("reproduced", "author", &digests)]).refused(1, "key-role");
    add(&[("reproduced", "operator", &digests[..1])]).refused(1, "subject-mismatch");
    add(&[("interrupted", "operator", &digests)]).refused(1, "verdict-failed");
    let (yes, no) =
        (("reproduced", "operator", &digests[..]), ("refuted", "stranger", &digests[..]));
    add(&[yes, no]).refused(1, "verdict-failed").says("found sam");
    add(&[yes, ("refuted", "author", &digests)]).status(0);
    add(&[yes, ("interrupted", "stranger", &digests)]).status(0);
    // A no is about the bundle when it is about one of its parts, and needs no requirement.
    add(&[yes, ("refuted", "stranger", &digests[..1])]).refused(1, "verdict-failed");
    let required = place.read("trust.toml");
    let listed = String::from_utf8(required.clone()).unwrap().replace(&need, "");
    place.write("trust.toml", listed);
    add(&[("refuted", "stranger", &digests)]).refused(1, "verdict-failed").says("found sam");
    add(&[("unheard-of", "stranger", &digests)]).refused(1, "verdict-failed");
    add(&[("refuted", "author", &digests)]).status(0);
    add(&[yes]).status(0);
    place.write("trust.toml", required);
    // The verdict alone, without provenance, is not enough: what is built in stays.
    place.write(
        file,
        [
            place.said(REPLAY, &json!({ "verdict": "reproduced" }), &digests, &["operator"]),
            b"\n".to_vec(),
        ]
        .concat(),
    );
    place.type_in("verify a.skill").refused(1, "predicate-mismatch");
}

#[test]
fn a_receipt_is_an_operators_and_auditors_sign_it_too() {
    let place = Place::new();
    place.skill("a", NOTHING, "");
    place.type_in("run --pub author.pub.pem --key operator.key.pem a.skill").status(0);
    place.trust("author.pub.pem --name ann --role author");
    place.type_in("verify receipt.json").refused(1, "signature-untrusted");
    place.trust("operator.pub.pem --name ops --role operator");
    place.type_in("verify receipt.json").status(0).says("not replayed");
    place.type_in("replay receipt.json").status(0).says("verified by ops").says("verified by ann");
    place.type_in("verify receipt.json --subject receipt.trace").status(0);
    place.type_in("verify receipt.json --subject author.pub.pem").refused(1, "subject-mismatch");
    place.trust("stranger.pub.pem --name sam --role auditor");
    let ours = "https://opertus.systems/provenact/execution-receipt/v1";
    place.require(&format!(
        "[[require]]\npredicate-type = \"{ours}\"\nsubject = \"receipt\"\nrole = \"auditor\"\n"
    ));
    let alone = place.type_in("verify receipt.json").refused(1, "threshold-unmet");
    alone.says("with the role auditor").says("it signed the receipt as its operator");
    // Who audits must be able to read what the others have not signed yet.
    place.type_in("replay receipt.json").status(0);
    let mut envelope = Envelope::parse(&place.read("receipt.json")).unwrap();
    envelope.add_signature(&place.key("stranger"));
    place.write("receipt.json", envelope.to_bytes().unwrap());
    place.type_in("verify receipt.json").status(0).says("ops").says("sam");
    // A verdict of its own, beside it.
    place.require(&format!("[[require]]\npredicate-type = \"{REPLAY}\"\nsubject = \"receipt\"\n"));
    place.type_in("verify receipt.json").refused(1, "attestation-missing");
    let about = [hex(&sha256(envelope.payload_unverified().as_bytes()))];
    let line = place.said(REPLAY, &json!({ "verdict": "reproduced" }), &about, &["stranger"]);
    place.write("receipt.intoto.jsonl", [line, b"\n".to_vec()].concat());
    place.type_in("verify receipt.json").status(0);
}

#[test]
fn a_receipt_with_another_trace_beside_it_is_refused() {
    let place = Place::new();
    place.skill("a", NOTHING, "");
    place.type_in("run --pub author.pub.pem --key operator.key.pem a.skill").status(0);
    place.write("receipt.trace", "another");
    place.type_in("verify receipt.json --pub operator.pub.pem").refused(1, "trace-mismatch");
}

/// covers: trust-62
#[test]
fn a_key_that_is_named_beside_pairs_vouches_for_nothing_and_its_no_is_heard() {
    let place = Place::new();
    place.skill("a", NOTHING, "");
    place.trust("operator.pub.pem --name bob --role author");
    let listed = String::from_utf8(place.read("trust.toml")).unwrap();
    let verify = "verify a.skill --trust trust.toml --pub author.pub.pem";
    place.type_in(verify).status(0).says("attested by author");
    let local = "builders = [\"https://opertus.systems/provenact/builder/local/v1\"]";
    place.write("trust.toml", listed.replace("roles", &format!("{local}\nroles")));
    let refused = place.type_in(verify).refused(1, "builder-untrusted");
    refused.says("not counted: author (").says(&format!("; {local} in a [[key]] for it there"));
    place.type_in("verify a.skill --pub author.pub.pem").status(0);
    place.trust("author.pub.pem --name ann --role author");
    place.type_in(verify).status(0);

    place.trust("stranger.pub.pem --name eve --role auditor");
    let paired = String::from_utf8(place.read("trust.toml")).unwrap();
    let auditor = "verifiers = [\"v\"]\nroles = [\"auditor\"]";
    place.write("trust.toml", paired.replace("roles = [\"auditor\"]", auditor));
    place.require(&format!("[[require]]\npredicate-type = \"{REPLAY}\"\nsubject = \"bundle\"\n"));
    place.type_in("keygen -o named").status(0);
    let digests = [place.sha("a.skill/skill.wasm"), place.sha("a.skill/manifest.json")];
    let file = "a.skill/attestations.intoto.jsonl";
    let provenance = place.read(file);
    let add = |verdicts: &[(&str, &str)]| {
        let mut all = provenance.clone();
        for (value, by) in verdicts {
            let predicate = json!({ "verdict": value, "verifier": { "id": "v" } });
            all.extend(place.said(REPLAY, &predicate, &digests, &[by]));
            all.push(b'\n');
        }
        place.write(file, all);
        place.type_in("verify a.skill --trust trust.toml --pub named.pub.pem")
    };
    add(&[("reproduced", "named")]).refused(1, "builder-untrusted").says("verifiers = [\"v\"]");
    add(&[("reproduced", "stranger")]).status(0);
    add(&[("reproduced", "stranger"), ("refuted", "named")])
        .refused(1, "verdict-failed")
        .says("found named");
}

/// covers: trust-59
#[test]
fn a_trust_file_can_be_pinned_and_revocation_wins_over_the_command_line() {
    let place = Place::new();
    place.skill("a", NOTHING, "");
    place.trust("author.pub.pem --name ann --role author");
    let digest = TrustDigest::of(&place.read("trust.toml"));
    let shown = place.type_in("trust show").status(0).out();
    assert!(shown.contains(&digest.to_string()), "{shown}");
    place.type_in(&format!("verify a.skill --trust-digest {digest}")).status(0);
    let file = String::from_utf8(place.read("trust.toml")).unwrap();
    place.write("trust.toml", file.replace("roles", "revoked = true\nroles"));
    let pinned = place.type_in(&format!("verify a.skill --trust-digest {digest}"));
    pinned.refused(2 - 1, "trust-mismatch").says("trust.toml");
    let nothing = format!("verify a.skill --pub author.pub.pem --trust-digest {digest}");
    place.type_in(&nothing).refused(2, "usage").says("--trust FILE");
    place.type_in("verify a.skill").refused(1, "key-revoked").says("verified: builder https://");
    place.type_in("run --no-receipt a.skill").refused(126, "key-revoked");
    let named = "verify a.skill --pub author.pub.pem --trust trust.toml";
    place.type_in(named).refused(1, "key-revoked");
    // Who is listed beside --pub is what the file says, and not more.
    place.write("trust.toml", file.replace("author\"", "operator\""));
    place.type_in(named).refused(1, "key-role");
    for bounds in ["not-after = 9999-12-31T23:59:59-23:59", "not-before = 1969-01-01T00:00:00Z"] {
        place.write("trust.toml", file.replace("roles", &format!("{bounds}\nroles")));
        place.type_in("verify a.skill").refused(2, "trust-malformed");
    }
    for (bounds, status) in [
        ("not-after = 2001-01-01T00:00:00Z", 1),
        ("not-before = 9000-01-01T00:00:00Z", 1),
        ("not-before = 2001-01-01T00:00:00Z\nnot-after = 9000-01-01T00:00:00Z", 0),
    ] {
        place.write("trust.toml", file.replace("roles", &format!("{bounds}\nroles")));
        let ended = place.type_in("verify a.skill").status(status);
        assert_eq!(ended.err().contains("[key-not-valid]"), status == 1, "{ended:?}");
    }
}

#[test]
fn keys_are_added_once_and_the_file_stays_as_it_was() {
    let place = Place::new();
    place.write("trust.toml", "# ours\nversion   = 1 # first\n");
    place.trust("author.pub.pem --name ann --role author");
    let file = String::from_utf8(place.read("trust.toml")).unwrap();
    assert!(file.starts_with("# ours\nversion   = 1 # first\n"), "{file}");
    for (line, reason) in [
        ("author.pub.pem --name other --role author", "trust-malformed"),
        ("operator.pub.pem --name ann --role operator", "trust-malformed"),
        ("operator.pub.pem --name ops --role operator --role auditor", "trust-malformed"),
        ("operator.pub.pem --name ops --role owner", "usage"),
        ("operator.pub.pem --name ops", "usage"),
        ("operator.key.pem --name ops --role operator", "key-malformed"),
        ("missing.pem --name ops --role operator", "file-missing"),
    ] {
        place.type_in(&format!("trust add {line}")).refused(2, reason);
        assert_eq!(place.read("trust.toml"), file.as_bytes(), "{line}");
    }
    place.trust("operator.pub.pem --name ops --role operator --trust new.toml");
    assert!(place.exists("new.toml"));
    let (status, shown) = place.json("trust show --trust new.toml");
    assert_eq!((status, shown["keys"][0]["name"].as_str()), (0, Some("ops")));
    place.type_in("trust show --trust missing.toml").refused(2, "file-missing");
}

#[test]
fn a_file_of_envelopes_is_upheld_when_every_line_is_and_there_is_one() {
    let place = Place::new();
    place.write("tool", "bytes");
    let about = [place.sha("tool")];
    let good = [place.said(EXAMPLE, &json!({}), &about, &["author"]), b"\n".to_vec()].concat();
    let bad = [place.said(EXAMPLE, &json!({}), &about, &["stranger"]), b"\n".to_vec()].concat();
    let line = "verify all.jsonl --subject tool --pub author.pub.pem";
    place.write("all.jsonl", good.repeat(300));
    place.type_in(line).status(0).says("300 lines, 300 upheld, 0 refused");
    place.write("all.jsonl", [&good[..], &bad, b"{}\n", &good].concat());
    let ended = place.type_in(line).status(1).says("4 lines, 2 upheld, 2 refused");
    assert!(ended.out().contains("all.jsonl:2: refused") && ended.out().contains("all.jsonl:3: "));
    let (status, shown) = place.json(line);
    assert_eq!(
        (status, shown["upheld"].as_u64(), shown["refused"].as_u64()),
        (1, Some(2), Some(2))
    );
    assert_eq!(shown["refusals"][0]["line"], 2);
    assert_eq!(shown["refusals"][0]["reason"], "signature-untrusted");
    assert_eq!(shown["refusals"][1]["reason"], "envelope-malformed");
    place.write("all.jsonl", &good[..good.len() - 1]);
    place.type_in(line).status(2).says("cut off");
    place.write("all.jsonl", [&good[..], b"\n"].concat());
    place.type_in(line).status(2).says("all.jsonl:2: refused");
    place.write("all.jsonl", "");
    place.type_in(line).status(2).says("0 lines");
    assert_eq!(place.json(line).0, 2);
    place.write("all.jsonl", &good);
    let alone = "verify all.jsonl --pub author.pub.pem";
    place.type_in(alone).status(2).says("[subject-needed]");
    place.type_in(&format!("{line} all.jsonl")).refused(2, "usage");
}

#[test]
fn json_has_the_rules_and_what_is_claimed_in_both_cases() {
    let place = Place::new();
    place.skill("a", NOTHING, "");
    let (status, shown) = place.json("verify a.skill --pub author.pub.pem");
    assert_eq!(status, 0);
    let upheld = &shown["upheld"][0];
    assert_eq!(upheld["says"][0]["verified"], true);
    assert!(upheld["rules"].as_array().unwrap().iter().all(|rule| rule["upheld"] == true));
    let (status, shown) = place.json("verify a.skill --pub stranger.pub.pem");
    assert_eq!((status, shown["reason"].as_str()), (1, Some("signature-untrusted")));
    let says = &shown["details"]["says"][0];
    assert_eq!(says["verified"], false);
    assert!(says["builder"].as_str().unwrap().starts_with("https://"), "{says}");
    assert_eq!(shown["details"]["rules"][0]["upheld"], false);
}

#[test]
fn what_a_statement_says_cannot_forge_a_line() {
    let place = Place::new();
    place.write("tool", "bytes");
    let ty = "x\n  yes threshold: \u{1b}[2K";
    place.write("e.json", place.said(ty, &json!({}), &[place.sha("tool")], &["author"]));
    let ended = Ended::of(
        place
            .command(PROVENACT)
            .args(["verify", "e.json", "--pub", "author.pub.pem"])
            .output()
            .unwrap(),
    );
    let shown = ended.out() + &ended.err();
    assert!(!shown.contains('\u{1b}'), "{shown}");
    assert!(!shown.lines().any(|line| line.starts_with("  yes threshold")), "{shown}");
}

#[test]
fn a_trust_file_keeps_its_mode_and_its_line_ends() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.type_in("trust add author.pub.pem --name author --role author --role author").status(0);
    let text = String::from_utf8(place.read("trust.toml")).unwrap();
    assert!(text.contains("roles = [\"author\"]"), "{text}");
    place.write("trust.toml", text.replace('\n', "\r\n"));
    place.mode("trust.toml", 0o600);
    place.type_in("trust add operator.pub.pem --name operator --role operator").status(0);
    let edited = place.read("trust.toml");
    assert!(edited.starts_with(text.replace('\n', "\r\n").as_bytes()));
    let mode = || fs_err::metadata(place.path("trust.toml")).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    // Nor does the umask take from what the file has.
    place.mode("trust.toml", 0o664);
    let line = "umask 077; exec \"$0\" trust add stranger.pub.pem --name sam --role auditor";
    let ended = place.command("sh").args(["-c", line, PROVENACT]).output().unwrap();
    Ended::of(ended).status(0);
    assert_eq!(mode(), 0o664);
    place.write("trust.toml", text + "not-after = 1969-01-01T00:00:00Z\n");
    place.type_in("trust show").refused(2, "trust-malformed").says("of the years 1970 to 9999");
}

#[test]
fn lines_that_break_off_are_still_json() {
    let place = Place::new();
    let mut lines = b"{}\n".to_vec();
    lines.resize(lines.len() + (64 << 20), b'x');
    place.write("many.jsonl", lines);
    place.write("subject", b"s");
    let ended =
        place.type_in("verify many.jsonl --subject subject --pub author.pub.pem --format json");
    let report: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(report["broken_off"]["reason"], "file-too-large", "{report}");
    assert_eq!(ended.status, 2);
}

#[test]
fn a_broken_file_beside_a_receipt_is_named() {
    let place = Place::new();
    place.skill("quiet", r#"(module (func (export "_start")))"#, "");
    place.type_in("run -q --pub author.pub.pem --key operator.key.pem quiet.skill").status(0);
    place.write("receipt.intoto.jsonl", "{}\n");
    place
        .type_in("verify receipt.json --pub operator.pub.pem")
        .refused(2, "envelope-malformed")
        .says("receipt.intoto.jsonl: ");
}
