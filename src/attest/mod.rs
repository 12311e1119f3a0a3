//! Signatures and what is signed: keys, DSSE envelopes, in-toto statements, predicates, trust.
//!
//! Bytes and text in, values out; nothing here opens a file. The way from bytes to something that
//! may be believed has one direction: [`Envelope::parse`], [`Envelope::verify`] against a
//! [`Trust`], then [`Verified::statement`], then [`Verified::provenance`] or
//! [`Verified::receipt`]. A [`Verified`] value can be made in this room only.
//!
//! Formats: `spec/envelope.md`, `spec/receipt.md`, `spec/provenance.md`, `spec/predicate.md`,
//! `spec/rebuild.md`, `spec/replay-verdict.md`, `spec/trust.md`; and `spec/v0-bundle.md`, of which [`v0`]
//! verifies the signatures.

mod base64;
mod envelope;
mod error;
mod key;
mod payload;
mod predicate;
mod statement;
#[cfg(test)]
mod tests;
mod trust;
pub mod v0;
mod verified;

pub use envelope::{Envelope, bound_work, parse_lines};
pub use error::Error;
pub(crate) use error::cut;
pub use key::{DetachedSignature, LockedKey, Passphrase, PrivateKey, PrivateKeyFile, PublicKey};
pub use payload::{PAYLOAD_TYPE, Payload, pae};
pub use predicate::{Gist, PREFIX, finding, foreign, provenance, rebuild, receipt, time, verdict};
pub use statement::{STATEMENT_TYPE, Statement, Subject};
pub use trust::{
    About, Allowed, ImportPattern, Requirement, Role, Roles, Rung, Trust, TrustedKey, add_key,
};
pub use verified::Verified;
