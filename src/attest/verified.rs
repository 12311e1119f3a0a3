//! Proof that a signature was checked, as a value.

use super::{Error, Payload, Statement, TrustedKey, provenance::Provenance, receipt::Receipt};
use crate::digest::StatementDigest;
use std::ops::Deref;
use std::sync::Arc;

/// A `T` that came out of an envelope which a trusted key signed.
///
/// Only [`Envelope::verify`](super::Envelope::verify) starts one, and only the methods below carry
/// it on, so whoever holds one need not ask whether the check was made. The bytes that were
/// verified are the bytes that were read.
#[derive(Debug, Clone)]
pub struct Verified<T> {
    value: T,
    payload: Payload,
    by: Arc<[TrustedKey]>,
}

impl<T> Verified<T> {
    /// The distinct trusted keys that verified, in the order of the trust list; at least one.
    #[must_use]
    pub fn by(&self) -> &[TrustedKey] {
        &self.by
    }

    /// Digest of the bytes over which the signatures were verified.
    #[must_use]
    pub fn statement_digest(&self) -> StatementDigest {
        self.payload.digest()
    }

    fn map_verified<U>(
        &self,
        read: impl FnOnce(&T) -> Result<U, Error>,
    ) -> Result<Verified<U>, Error> {
        let (payload, by) = (self.payload.clone(), Arc::clone(&self.by));
        Ok(Verified { value: read(&self.value)?, payload, by })
    }
}

impl Verified<Payload> {
    /// States that `payload` was verified by the keys `by`.
    pub(super) fn new(value: Payload, by: Vec<TrustedKey>) -> Self {
        Self { payload: value.clone(), value, by: by.into() }
    }

    /// The in-toto statement that the payload is.
    ///
    /// # Errors
    /// As [`Statement::parse`].
    pub fn statement(&self) -> Result<Verified<Statement>, Error> {
        self.map_verified(Statement::read)
    }
}

impl Verified<Statement> {
    /// The build provenance that the statement is.
    ///
    /// # Errors
    /// As [`Provenance::from_statement`].
    pub fn provenance(&self) -> Result<Verified<Provenance>, Error> {
        self.map_verified(Provenance::from_statement)
    }

    /// The execution receipt that the statement is.
    ///
    /// # Errors
    /// As [`Receipt::from_statement`].
    pub fn receipt(&self) -> Result<Verified<Receipt>, Error> {
        self.map_verified(Receipt::from_statement)
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
