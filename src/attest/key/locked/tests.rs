use super::*;
use crate::reason::Reason;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.as_bytes()).unwrap()
}

fn locked(pem: &str) -> LockedKey {
    match PrivateKeyFile::parse(pem).unwrap() {
        PrivateKeyFile::Locked(key) => key,
        PrivateKeyFile::Open(_) => panic!("not encrypted"),
    }
}

/// covers: trust-71
#[test]
fn what_is_locked_opens_with_its_passphrase_alone() {
    let key = PrivateKey::generate().unwrap();
    let right = passphrase("correct horse");
    let pem = key.to_encrypted_pem(&right).unwrap();
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    let file = locked(&pem);
    assert_eq!(file.unlock(&right).unwrap().public(), key.public());
    for wrong in ["correct hors", "correct horse ", "Correct horse"] {
        let error = file.unlock(&passphrase(wrong)).unwrap_err();
        assert_eq!(error.reason(), Reason::PassphraseWrong);
    }
    let Kdf::Scrypt(scrypt) = &file.parameters.kdf else { panic!("another KDF") };
    let cost = (scrypt.cost_parameter, scrypt.block_size, scrypt.parallelization);
    assert_eq!(cost, (1 << 14, 8, 5));
    assert_eq!(scrypt.salt.as_ref().len(), 16);
    assert!(matches!(file.parameters.encryption, EncryptionScheme::Aes256Cbc { .. }));
    // Below the padding lies version 1: 48 bytes of DER and a block of padding.
    assert_eq!(file.data.len(), 64);
}

#[test]
fn salt_and_iv_are_new_each_time() {
    let key = PrivateKey::generate().unwrap();
    let files = [(); 2].map(|()| locked(&key.to_encrypted_pem(&passphrase("x")).unwrap()));
    assert_ne!(files[0].parameters.encryption, files[1].parameters.encryption);
    assert_ne!(files[0].parameters.kdf, files[1].parameters.kdf);
}

#[test]
fn an_encrypted_key_is_not_taken_for_an_open_one_and_prints_nothing() {
    let key = PrivateKey::generate().unwrap();
    let pem = key.to_encrypted_pem(&passphrase("x")).unwrap();
    let said = PrivateKey::from_pem(&pem).unwrap_err().to_string();
    assert!(said.contains("it is encrypted"), "{said}");
    let file = PrivateKeyFile::parse(&pem).unwrap();
    assert_eq!(format!("{file:?}"), "Locked(LockedKey(..))");
    let file = PrivateKeyFile::parse(&key.to_pem().unwrap()).unwrap();
    assert_eq!(format!("{file:?}"), "Open(PrivateKey(..))");
}

/// Every byte of a cheap file, changed in eight ways: an error or the same key, never a panic.
#[test]
fn damaged_files_are_refused() {
    let vector = include_str!("../../../../testvectors/key/pbkdf2-sha256-aes256-once");
    let (_, pem) = vector.split_once("\n\n").unwrap();
    let whole = locked(pem).unlock(&passphrase("correct horse")).unwrap().public();
    let (_, der) = Document::from_pem(pem.trim_ascii()).unwrap();
    for at in 0..der.as_bytes().len() {
        for bit in 0..8 {
            let mut bytes = der.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let Ok(damaged) = Document::try_from(bytes) else { continue };
            let pem = damaged.to_pem(LABEL, LineEnding::LF).unwrap();
            let Ok(PrivateKeyFile::Locked(file)) = PrivateKeyFile::parse(&pem) else { continue };
            match file.unlock(&passphrase("correct horse")) {
                Ok(key) => assert_ne!(key.public(), whole, "byte {at}, bit {bit}"),
                Err(error) => assert!(matches!(
                    error.reason(),
                    Reason::PassphraseWrong | Reason::KeyMalformed
                )),
            }
        }
    }
}
