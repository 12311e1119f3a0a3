//! What others call a public key: three hashes of the same 32 bytes.

use super::super::base64;
use super::PublicKey;
use crate::digest::sha256;

impl PublicKey {
    /// `sha256/` and the base64 SHA-256 of the SubjectPublicKeyInfo, as pins have it (RFC 7469,
    /// §2.4, and curl's `--pinnedpubkey`).
    #[must_use]
    pub fn pin(&self) -> String {
        format!("sha256/{}", base64::encode(&sha256(&self.spki())))
    }

    /// `SHA256:` and the unpadded base64 SHA-256 of the key's wire form (RFC 8709, §4; RFC 4253,
    /// §6.6), as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn openssh_fingerprint(&self) -> String {
        let mut blob = Vec::new();
        for text in [&b"ssh-ed25519"[..], self.0.as_bytes()] {
            // Both are shorter than 2^32.
            blob.extend_from_slice(&(text.len() as u32).to_be_bytes());
            blob.extend_from_slice(text);
        }
        format!("SHA256:{}", base64::encode_unpadded(&sha256(&blob)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 8032, section 7.1, test 1. The values are those of OpenSSL 3.0 (`pkey -pubin
    /// -outform DER`, hashed) and of OpenSSH's `ssh-keygen -l`.
    #[test]
    fn the_names_are_those_that_other_programs_give() {
        let key = include_str!("../../../testvectors/keys/alice.pub.pem");
        let key = PublicKey::from_pem(key).unwrap();
        assert_eq!(
            key.id().hex(),
            "06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9"
        );
        assert_eq!(key.pin(), "sha256/BuP9j9opu2CrWVV95h7bCuzbIxE0vjDnW0Vfjht5L6k=");
        assert_eq!(key.openssh_fingerprint(), "SHA256:bbXpuKG6zhzdmnxq256TlqzFBzRl2f6OOg722cYNbU8");
    }
}
