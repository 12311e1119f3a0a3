//! What the `provenact` interface answers from the invocation alone: its input, and whether there is
//! room for an output. The live host gives these answers and the seam demands them, so that none
//! can be another (spec/interface.md).

use super::act::Act;
use super::call::Call;
use crate::digest;
use crate::limits;
use std::sync::OnceLock;

/// −1 as the raw bits of an i32.
pub(super) const FAILED: u64 = u32::MAX as u64;
/// Bytes that one call delivers at most: more is −1, and none that was delivered looks like −1.
pub(super) const MOST_DELIVERED: usize = limits::HOSTCALL_BYTES;
const _: () = assert!(MOST_DELIVERED <= i32::MAX as usize);

/// An answer that follows from the invocation: the raw bits of the result, and the bytes that go where
/// the call says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Given<'i> {
    pub(super) result: u64,
    pub(super) bytes: &'i [u8],
}

/// The input of an execution; without one it is empty.
#[derive(Debug)]
pub(super) struct Input {
    bytes: Vec<u8>,
    /// Its SHA-256 in lowercase hexadecimal digits, once somebody has asked.
    hex: OnceLock<String>,
}

impl Input {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), hex: OnceLock::new() }
    }

    /// The answer to `call`, if it follows from the invocation.
    pub(super) fn answer(&self, call: &Call) -> Option<Given<'_>> {
        let room = call.writes().next().unwrap_or_default().len as u64;
        Some(match call.act {
            Act::InputLength => Given { result: self.bytes.len() as u64, bytes: &[] },
            Act::Input => {
                let (start, len) = (call.arg(1), call.arg(2));
                let end = start.saturating_add(len);
                let range = start as usize..usize::try_from(end).unwrap_or(usize::MAX);
                copied(self.bytes.get(range).filter(|bytes| bytes.len() as u64 <= room))
            }
            Act::InputDigest => {
                let hex = self.hex.get_or_init(|| digest::hex(&digest::sha256(&self.bytes)));
                copied(Some(hex.as_bytes()).filter(|hex| hex.len() as u64 <= room))
            }
            Act::Output => {
                let len = call.arg(1);
                let is_inside = call.reads().first().is_some_and(|span| span.len as u64 == len);
                let fits = is_inside && len <= limits::SKILL_OUTPUT_BYTES as u64;
                Given { result: if fits { 0 } else { FAILED }, bytes: &[] }
            }
            _ => return None,
        })
    }
}

fn copied(bytes: Option<&[u8]>) -> Given<'_> {
    match bytes {
        Some(bytes) => Given { result: bytes.len() as u64, bytes },
        None => Given { result: FAILED, bytes: &[] },
    }
}
