use super::*;
use crate::reason::Reason;

fn sample() -> Receipt {
    let salt = [9; 32];
    Receipt {
        engines: None,
        module: Sha256Of { sha256: ModuleDigest::of(b"module") },
        manifest: Sha256Of { sha256: ManifestDigest::of(b"manifest") },
        attestation: Some(Attestation {
            sha256: EnvelopeDigest::of(b"envelope"),
            keyid: KeyId::of(b"key"),
        }),
        invocation: Invocation {
            entrypoint: "_start".into(),
            arguments: Strings::of(&salt, ["clock", "now"]),
            environment: Strings::of::<&str>(&salt, []),
            stdin: SaltedBytes::new(&salt).finish(),
            input: None,
        },
        grants: Grants {
            capabilities: vec!["fs.read=/data".parse().unwrap(), "time".parse().unwrap()],
            policy: None,
        },
        used: vec![Use { kind: "time".into(), value: "*".into(), calls: 1 }],
        files: Files::default(),
        trace: TraceSummary { sha256: TraceDigest::of(b"trace"), version: "1.0".into(), events: 2 },
        outcome: Outcome::Returned { value: None },
        outputs: Outputs { stdout: Bytes::of(b"12:00\n"), stderr: Bytes::of(b""), output: None },
        final_state: Some(FinalState {
            memories: vec![MemoryState {
                name: "memory".into(),
                bytes: 65536,
                sha256: DataDigest::of(&[0; 65536]),
            }],
            globals: vec![GlobalState { name: "g".into(), bits: GlobalBits::F64(1 << 63) }],
        }),
    }
}

fn reason(receipt: &Receipt) -> Reason {
    receipt.to_statement().unwrap_err().reason()
}

/// covers: receipt-12
#[test]
fn what_is_written_is_read_back_and_is_the_only_form() {
    let receipt = sample();
    let payload = receipt.to_statement().unwrap().to_payload().unwrap();
    let read = Statement::parse(&payload).unwrap();
    assert_eq!(Receipt::from_statement(&read).unwrap(), receipt);
    let text = String::from_utf8(payload).unwrap();
    for (other, wanted) in [
        (format!(" {text}"), Reason::ReceiptMalformed),
        (text.replacen("\"used\":", "\"used\" :", 1), Reason::ReceiptMalformed),
        (text.replacen("\"policy\":null", "\"policy\":null,\"x\":1", 1), Reason::ReceiptMalformed),
        (
            text.replacen("\"policy\":null", "", 1).replacen("],}", "]}", 1),
            Reason::ReceiptMalformed,
        ),
        (text.replacen("\"_type\":", "\"x\":1,\"_type\":", 1), Reason::ReceiptMalformed),
        (text.replacen("receipt.trace", "receipt.other", 1), Reason::ReceiptMalformed),
        (
            text.replacen("execution-receipt/v1", "execution-receipt/v2", 1),
            Reason::PredicateMismatch,
        ),
    ] {
        assert_ne!(other, text);
        let read = Statement::parse(other.as_bytes()).unwrap();
        let error = Receipt::from_statement(&read).unwrap_err();
        assert_eq!(error.reason(), wanted, "{error}: {other}");
    }
}

/// covers: receipt-5, receipt-6, receipt-7
#[test]
fn rules_hold_for_the_writer_too() {
    let mut bad = sample();
    bad.trace.events = GREATEST_COUNT;
    assert!(bad.to_statement().is_ok());
    bad.trace.events += 1;
    let error = bad.to_statement().unwrap_err();
    assert_eq!(error.to_string(), "receipt member trace.events: is above 2^53");
    let mut bad = sample();
    bad.grants.capabilities.reverse();
    assert_eq!(reason(&bad), Reason::ReceiptMalformed);
    let mut bad = sample();
    bad.used.push(bad.used[0].clone());
    let error = bad.to_statement().unwrap_err();
    assert_eq!(error.to_string(), "receipt member used[1]: is out of order or comes twice");
    let mut bad = sample();
    bad.files.written = ["/b", "/a"].map(|path| Transfers::new().finish(path)).to_vec();
    assert_eq!(reason(&bad), Reason::ReceiptMalformed);
    let mut bad = sample();
    let interrupted = serde_json::json!({ "kind": "interrupted", "cause": "wall-clock" });
    if let Ok(outcome) = json::from_value(interrupted) {
        bad.outcome = outcome;
        assert_eq!(reason(&bad), Reason::ReceiptMalformed);
        bad.final_state = None;
        assert!(bad.to_statement().is_ok());
    }
}

#[test]
fn the_first_difference_is_found() {
    let (found, mut expected) = (sample(), sample());
    assert_eq!(found.first_difference(&expected).unwrap(), None);
    expected.outputs.stdout = Bytes::of(b"12:01\n");
    let difference = found.first_difference(&expected).unwrap().unwrap();
    assert_eq!(difference.path, "outputs.stdout.sha256");
    expected.final_state = None;
    let difference = found.first_difference(&expected).unwrap().unwrap();
    assert_eq!((difference.path.as_str(), difference.expected), ("finalState", Some(Value::Null)));
}
