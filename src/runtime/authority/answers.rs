//! Answers that no host gives, by the descriptors: what is open, what it is called and where it stands
//! follow from the calls before (spec/receipt.md, "Answers").

use super::{Authority, Descriptor, normal_path};
use crate::abi::{Answer, Role, Url};
use crate::runtime::act::Act;
use crate::runtime::call::Call;
use std::sync::Arc;

impl Authority {
    /// Whether a host can have given `answer`: a call succeeds on open descriptors alone, a new one has a
    /// number that is free, and preopened directories have the names that were granted.
    pub fn allows(&self, call: &Call, answer: Answer, handed: &[&[u8]], memory: &[u8]) -> bool {
        let succeeded = answer == Answer::Value(0);
        if succeeded && !self.reaches(call) {
            return false;
        }
        let name = || match self.descriptors.get(&call.arg(0)) {
            Some(Descriptor::Path { path, preopened: true, .. }) => Some(path),
            _ => None,
        };
        match call.act {
            Act::ReadFile | Act::ReadTree | Act::WriteFile
                if text(handed).and_then(normal_path).is_none() =>
            {
                !call.row.succeeded(answer)
            }
            Act::Fetch if text(handed).and_then(|text| text.parse::<Url>().ok()).is_none() => {
                !call.row.succeeded(answer)
            }
            Act::Open if succeeded => !self.descriptors.contains_key(&call.u32_at(8, memory)),
            Act::Prestat if succeeded => name().is_some_and(|name| {
                // A tag of 0 (a directory) and, 4 bytes further, the length of its name.
                call.u64_at(1, memory).to_le_bytes()[0] == 0
                    && call.u64_at(1, memory) >> 32 == name.len() as u64
            }),
            Act::Prestat => answer == Answer::Fault || name().is_none(),
            Act::PrestatName if succeeded => name().is_some_and(|name| {
                let buffer = call.writes().next().unwrap_or_default().of(memory);
                buffer.get(..name.len()) == Some(name.as_bytes())
            }),
            // Of an open descriptor this cannot fail, of a standard stream neither that.
            Act::Close => succeeded || !self.descriptors.contains_key(&call.arg(0)),
            Act::Renumber => {
                let is_open = |at| self.descriptors.contains_key(&call.arg(at));
                succeeded || !(is_open(0) && is_open(1))
            }
            Act::PrestatName => {
                let fits = |name: &Arc<str>| call.arg(2) >= name.len() as u64;
                answer == Answer::Fault || !name().is_some_and(fits)
            }
            // What a descriptor's position is follows from what was done with it, unless it appended.
            Act::Tell if succeeded => {
                self.position(call).is_none_or(|at| at == call.u64_at(1, memory))
            }
            Act::Seek if succeeded => {
                let (by, to) = (call.arg(1).cast_signed(), call.u64_at(3, memory));
                match call.arg(2) {
                    0 => u64::try_from(by) == Ok(to),
                    1 => self.position(call).is_none_or(|at| at.checked_add_signed(by) == Some(to)),
                    _ => true,
                }
            }
            // Streams take everything, or give an errno.
            Act::Write if succeeded => match self.descriptors.get(&call.arg(0)) {
                Some(Descriptor::Stdout | Descriptor::Stderr) => {
                    let all: usize = handed.iter().map(|bytes| bytes.len()).sum();
                    call.u32_at(3, memory) == all as u64
                }
                _ => true,
            },
            Act::Describe => {
                let described = self.descriptors.get(&call.arg(0));
                let is_file = matches!(described, None | Some(Descriptor::Path { .. }));
                let is_aligned = call.arg(1).is_multiple_of(8);
                succeeded
                    || is_file
                    || (answer == Answer::Fault && !(call.is_whole() && is_aligned))
            }
            _ => true,
        }
    }

    /// Where the file in the first parameter stands, if that follows from the calls before.
    fn position(&self, call: &Call) -> Option<u64> {
        match self.descriptors.get(&call.arg(0)) {
            Some(Descriptor::Path { position, .. }) => *position,
            _ => None,
        }
    }

    /// Whether every descriptor that the call names is open, and can do what it asks for.
    fn reaches(&self, call: &Call) -> bool {
        let fds = call.row.params.iter().zip(call.args()).filter(|(p, _)| p.role == Role::Fd);
        fds.into_iter().all(|(_, fd)| match (self.descriptors.get(fd), call.act) {
            (None, _) => false,
            (Some(Descriptor::Path { .. }), _)
            | (Some(_), Act::Describe | Act::Close | Act::Renumber) => true,
            (Some(Descriptor::Stdin), act) => act == Act::Read,
            (Some(Descriptor::Stdout | Descriptor::Stderr), act) => act == Act::Write,
        })
    }
}

/// The text of a call that was answered: what the host has written may lie over it by now.
fn text<'h>(handed: &[&'h [u8]]) -> Option<&'h str> {
    handed.first().and_then(|bytes| std::str::from_utf8(bytes).ok())
}
