use super::super::pae;
use super::*;
use crate::reason::Reason;

fn trust(keys: &[(&str, &PrivateKey)]) -> Trust {
    let keys = keys.iter().map(|(name, key)| ((*name).to_owned(), key.public()));
    Trust::from_keys(keys).unwrap()
}

fn reason(bytes: &[u8], trust: &Trust) -> Result<(), Reason> {
    let verified = Envelope::parse(bytes).and_then(|e| e.verify(trust));
    verified.map(drop).map_err(|e| e.reason())
}

/// covers: envelope-11
/// covers: envelope-43
#[test]
fn verification_that_would_take_too_long_is_refused_before_it_begins() {
    let key = PrivateKey::generate().unwrap();
    let trust = Trust::from_keys([("a".to_owned(), key.public())]).unwrap();
    let mut envelope = Envelope::sign(vec![b'x'; 8 << 20], &[&key]);
    assert!(envelope.verify(&trust).is_ok());
    let forged = |n: u16| Signature { keyid: None, sig: [n.to_le_bytes(); 32].concat() };
    envelope.signatures.extend((0..1000).map(forged));
    let error = envelope.verify(&trust).unwrap_err();
    assert_eq!(error.reason(), crate::reason::Reason::FileTooLarge, "{error}");
    // Small ones are not too much, but for many of them in one file.
    let mut small = Envelope::sign(b"x".to_vec(), &[&key]);
    small.signatures.extend((0..1000).map(forged));
    assert!(small.verify(&trust).is_ok());
    assert!(bound_work(std::iter::repeat_n(&small, 200), &trust).is_ok());
    let error = bound_work(std::iter::repeat_n(&small, 300), &trust).unwrap_err();
    assert_eq!(error.reason(), crate::reason::Reason::FileTooLarge, "{error}");
}

#[test]
fn pae_is_that_of_the_dsse_specification() {
    assert_eq!(
        pae("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
    assert_eq!(pae("", b""), b"DSSEv1 0  0 ");
    assert_eq!(pae("é", b"\0"), "DSSEv1 2 é 1 \0".as_bytes());
}

/// covers: envelope-6, envelope-11, envelope-15, envelope-17
#[test]
fn each_byte_of_payload_type_and_signature_counts() {
    let key = PrivateKey::generate().unwrap();
    let trust = trust(&[("a", &key)]);
    let good = Envelope::sign(b"{\"x\":1}".to_vec(), &[&key]);
    assert_eq!(good.verify(&trust).unwrap().as_bytes(), b"{\"x\":1}");
    for at in 0..good.payload.as_bytes().len() {
        let mut bad = good.clone();
        let mut payload = good.payload.as_bytes().to_vec();
        payload[at] ^= 1;
        bad.payload = Payload::new(&payload);
        assert_eq!(bad.verify(&trust).unwrap_err().reason(), Reason::SignatureUntrusted);
    }
    for at in 0..64 {
        for bit in [1, 0x80] {
            let mut bad = good.clone();
            bad.signatures[0].sig[at] ^= bit;
            assert_eq!(bad.verify(&trust).unwrap_err().reason(), Reason::SignatureUntrusted);
        }
    }
    let text = String::from_utf8(good.to_bytes().unwrap()).unwrap();
    assert_eq!(reason(text.as_bytes(), &trust), Ok(()));
    for at in 0..PAYLOAD_TYPE.len() {
        let mut other = PAYLOAD_TYPE.as_bytes().to_vec();
        other[at] ^= 1;
        let other = crate::json::to_jcs(&String::from_utf8(other).unwrap()).unwrap();
        let other = text.replace(&format!("\"{PAYLOAD_TYPE}\""), str::from_utf8(&other).unwrap());
        assert_eq!(reason(other.as_bytes(), &trust), Err(Reason::PayloadType));
    }
    for length in [0, 63, 65] {
        let mut bad = good.clone();
        bad.signatures[0].sig.resize(length, 0);
        assert_eq!(bad.verify(&trust).unwrap_err().reason(), Reason::SignatureUntrusted);
    }
}

/// covers: envelope-13
#[test]
fn a_wrong_key_id_changes_nothing() {
    let (a, b) = (PrivateKey::generate().unwrap(), PrivateKey::generate().unwrap());
    let trust = trust(&[("a", &a), ("b", &b)]);
    let good = Envelope::sign(b"x".to_vec(), &[&a]);
    for keyid in [None, Some(""), Some("nonsense"), Some(&*b.public().id().hex())] {
        let mut other = good.clone();
        other.signatures[0].keyid = keyid.map(str::to_owned);
        let verified = other.verify(&trust).unwrap();
        assert_eq!(verified.by().iter().map(|k| k.name()).collect::<Vec<_>>(), ["a"]);
    }
}

/// covers: envelope-14, envelope-15, envelope-16
#[test]
fn keys_are_counted_and_not_signatures() {
    let (a, b, c) = (
        PrivateKey::generate().unwrap(),
        PrivateKey::generate().unwrap(),
        PrivateKey::generate().unwrap(),
    );
    let mut envelope = Envelope::unsigned(b"x".to_vec());
    assert_eq!(envelope.verify(&trust(&[("a", &a)])).unwrap_err().reason(), Reason::Unsigned);
    envelope.add_signature(&a);
    envelope.add_signature(&a);
    assert_eq!(envelope.signature_count(), 1);
    let mut again = envelope.signatures[0].clone();
    again.keyid = None;
    envelope.signatures.push(again);
    envelope.add_signature(&c);
    let verified = envelope.verify(&trust(&[("c", &c), ("b", &b), ("a", &a)])).unwrap();
    let names: Vec<_> = verified.by().iter().map(|k| k.name()).collect();
    assert_eq!(names, ["c", "a"]);
    let said = envelope.verify(&trust(&[("b", &b)])).unwrap_err().to_string();
    assert_eq!(said, "none of 3 signature(s) verifies under one of 1 trusted key(s)");
    assert_eq!(envelope.claimed_key_ids(), [a.public().id(), c.public().id()]);
}

/// covers: envelope-18
#[test]
fn what_is_written_is_canonical_and_read_back() {
    let key = PrivateKey::generate().unwrap();
    let envelope = Envelope::sign(vec![0xfb, 0xff], &[&key]);
    let bytes = envelope.to_bytes().unwrap();
    assert_eq!(Envelope::parse(&bytes).unwrap(), envelope);
    let head = b"{\"payload\":\"+/8=\",\"payloadType\":\"application/vnd.in-toto+json\",\"signatures\":[{\"keyid\":\"";
    assert!(bytes.starts_with(head));
    assert!(!bytes.contains(&b'\n'));
    assert_eq!(bytes, crate::json::to_jcs(&crate::json::parse(&bytes).unwrap()).unwrap());
}

/// covers: envelope-9, envelope-10
#[test]
fn limits_come_before_cryptography() {
    let many = |n: usize| {
        let all = vec![r#"{"sig":""}"#; n].join(",");
        format!(r#"{{"payload":"","payloadType":"{PAYLOAD_TYPE}","signatures":[{all}]}}"#)
    };
    assert!(Envelope::parse(many(limits::SIGNATURES).as_bytes()).is_ok());
    let error = Envelope::parse(many(limits::SIGNATURES + 1).as_bytes()).unwrap_err();
    assert_eq!(error.reason(), Reason::EnvelopeMalformed);
    let mut large = many(0).into_bytes();
    large.resize(limits::ENVELOPE_BYTES as usize, b' ');
    assert!(Envelope::parse(&large).is_ok());
    large.push(b' ');
    assert_eq!(Envelope::parse(&large).unwrap_err().reason(), Reason::FileTooLarge);
}

/// covers: envelope-19
#[test]
fn a_file_of_envelopes_has_one_a_line() {
    let line = Envelope::unsigned(b"x".to_vec()).to_bytes().unwrap();
    let file = [&line[..], b"\n", &line[..], b"\n"].concat();
    let read = parse_lines(&file).unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].0, line);
    assert!(parse_lines(b"").unwrap().is_empty());
    for (bad, at) in [
        (file[..file.len() - 1].to_vec(), "line 2:"),
        ([&file[..], b"\n"].concat(), "line 3:"),
        ([b"\n", &file[..]].concat(), "line 1:"),
    ] {
        let error = parse_lines(&bad).unwrap_err();
        assert!(error.to_string().starts_with(at), "{error}");
        assert_eq!(error.reason(), Reason::EnvelopeMalformed);
    }
}
