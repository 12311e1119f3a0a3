//! Private keys under a passphrase: PBES2 (RFC 8018) with scrypt (RFC 7914) or PBKDF2, and AES-CBC.
//!
//! A key file says itself what deriving its key costs. So that no file can ask for all memory or
//! for hours, the cost is looked at when the file is read, before anything is derived.

use super::super::Error;
use super::{Passphrase, PrivateKey, one_block};
use crate::limits;
use ed25519::pkcs8::KeypairBytes;
use pkcs8::der::{Document, pem::LineEnding};
use pkcs8::pkcs5::pbes2::{EncryptionScheme, Kdf, Parameters, Pbkdf2Prf, ScryptParams};
use pkcs8::pkcs5::{self, scrypt};
use pkcs8::{EncodePrivateKey as _, EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};
use std::fmt;
use zeroize::Zeroizing;

const LABEL: &str = "ENCRYPTED PRIVATE KEY";
const WANTED: &str = "an encrypted Ed25519 private key (PKCS#8 PEM)";

/// What new files cost: 16 MiB five times over. OpenSSL 3 takes no file that needs more than 32 MiB.
const SCRYPT_LOG_N: u8 = 14;
const SCRYPT_R: u32 = 8;
const SCRYPT_P: u32 = 5;

/// A private key file as it was read.
#[derive(Debug)]
pub enum PrivateKeyFile {
    /// The key lies in it in clear.
    Open(PrivateKey),
    /// The key can be had with a passphrase.
    Locked(LockedKey),
}

impl PrivateKeyFile {
    /// Reads one PEM block, `PRIVATE KEY` or `ENCRYPTED PRIVATE KEY` (`spec/trust.md`, "Key
    /// files"). Nothing is decrypted.
    ///
    /// # Errors
    /// [`Error::KeyMalformed`]; [`Error::KeyCostly`] when unlocking would take more than a limit.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.trim_ascii_start().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
            LockedKey::parse(text).map(Self::Locked)
        } else {
            PrivateKey::from_pem(text).map(Self::Open)
        }
    }
}

/// An encrypted private key whose cost is known to be bearable.
pub struct LockedKey {
    parameters: Parameters,
    data: Vec<u8>,
}

impl LockedKey {
    fn parse(text: &str) -> Result<Self, Error> {
        let text = one_block(text, WANTED, "-----BEGIN ENCRYPTED PRIVATE KEY-----")?;
        let (_, der) = Document::from_pem(text).map_err(|_| malformed("the PEM is broken"))?;
        let info = EncryptedPrivateKeyInfoRef::try_from(der.as_bytes())
            .map_err(|_| malformed("it is broken, or encrypted in a way that is not supported"))?;
        let supported = info.encryption_algorithm.pbes2().filter(|parameters| is_taken(parameters));
        let parameters = supported.cloned().ok_or_else(|| {
            malformed("it is not encrypted with AES-CBC and a key from scrypt or from PBKDF2 with HMAC-SHA-2")
        })?;
        check_cost(&parameters.kdf)?;
        Ok(Self { parameters, data: info.encrypted_data.as_bytes().to_vec() })
    }

    /// Decrypts the key.
    ///
    /// # Errors
    /// [`Error::PassphraseWrong`], which a damaged file gives too; [`Error::KeyMalformed`] when
    /// what is decrypted is not an Ed25519 key.
    pub fn unlock(&self, passphrase: &Passphrase) -> Result<PrivateKey, Error> {
        let mut buffer = Zeroizing::new(self.data.clone());
        let plain = self.parameters.decrypt_in_place(passphrase.bytes(), &mut buffer);
        let plain = plain.map_err(|error| match error {
            pkcs5::Error::DecryptFailed => Error::PassphraseWrong,
            _ => malformed("its parameters for decryption contradict each other"),
        })?;
        // One wrong passphrase in 256 leaves a valid padding; what is below it is no structure.
        let info = PrivateKeyInfoRef::try_from(plain).map_err(|_| Error::PassphraseWrong)?;
        let pair = KeypairBytes::try_from(info)
            .map_err(|_| malformed("what is encrypted is a key of another algorithm"))?;
        PrivateKey::of_pair(&pair)
    }
}

impl fmt::Debug for LockedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockedKey(..)")
    }
}

impl PrivateKey {
    /// PKCS#8 version 1 encrypted under `passphrase`, in PEM: scrypt and AES-256-CBC, a form that
    /// OpenSSL 3 reads.
    ///
    /// # Errors
    /// [`Error::Randomness`]; [`Error::KeyMalformed`], which does not happen for keys that exist.
    #[expect(clippy::disallowed_methods, reason = "salt and IV of a key file are random")]
    pub fn to_encrypted_pem(&self, passphrase: &Passphrase) -> Result<Zeroizing<String>, Error> {
        let (mut salt, mut iv) = ([0; 16], [0; 16]);
        getrandom::fill(&mut salt)?;
        getrandom::fill(&mut iv)?;
        let unwritable = || malformed("it cannot be encoded");
        let cost = scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P);
        let parameters = cost
            .ok()
            .and_then(|cost| Parameters::generate_scrypt_aes256cbc(cost, &salt, iv).ok())
            .ok_or_else(unwritable)?;
        let plain = self.pair().to_pkcs8_der().map_err(|_| unwritable())?;
        PrivateKeyInfoRef::try_from(plain.as_bytes())
            .and_then(|info| info.encrypt_with_params(parameters, passphrase.bytes()))
            .map_err(|_| unwritable())?
            .to_pem(LABEL, LineEnding::LF)
            .map_err(|_| unwritable())
    }
}

/// AES-CBC under a key from scrypt or from PBKDF2 with a hash that is not SHA-1: what OpenSSL writes.
fn is_taken(parameters: &Parameters) -> bool {
    let cipher = matches!(
        parameters.encryption,
        EncryptionScheme::Aes128Cbc { .. }
            | EncryptionScheme::Aes192Cbc { .. }
            | EncryptionScheme::Aes256Cbc { .. }
    );
    let kdf = match &parameters.kdf {
        Kdf::Pbkdf2(pbkdf2) => pbkdf2.prf != Pbkdf2Prf::HmacWithSha1,
        Kdf::Scrypt(_) => true,
        _ => false,
    };
    cipher && kdf
}

fn check_cost(kdf: &Kdf) -> Result<(), Error> {
    match kdf {
        Kdf::Scrypt(scrypt) => check_scrypt(scrypt),
        Kdf::Pbkdf2(pbkdf2) => match u64::from(pbkdf2.iteration_count) {
            0 => Err(malformed("its PBKDF2 iteration count is 0")),
            found => within("PBKDF2 iterations", found, limits::PBKDF2_ITERATIONS),
        },
        _ => Err(malformed("its key derivation function is not supported")),
    }
}

fn check_scrypt(scrypt: &ScryptParams) -> Result<(), Error> {
    let (n, r) = (scrypt.cost_parameter, u64::from(scrypt.block_size));
    let p = u64::from(scrypt.parallelization);
    // The library counts on a power of two.
    if n < 2 || !n.is_power_of_two() || r == 0 || p == 0 {
        return Err(malformed("its scrypt parameters are not those of RFC 7914"));
    }
    let blocks = r.saturating_mul(n.saturating_add(p));
    within("bytes of memory for scrypt", blocks.saturating_mul(128), limits::SCRYPT_BYTES)?;
    let work = n.saturating_mul(r).saturating_mul(p);
    within("steps of scrypt (N · r · p)", work, limits::SCRYPT_STEPS)
}

fn within(what: &'static str, found: u64, limit: u64) -> Result<(), Error> {
    if found > limit { Err(Error::KeyCostly { what, found, limit }) } else { Ok(()) }
}

fn malformed(why: &'static str) -> Error {
    Error::KeyMalformed { wanted: WANTED, why }
}

#[cfg(test)]
mod tests;
