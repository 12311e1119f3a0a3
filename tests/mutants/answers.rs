//! Mutants of a trace: what the host said.

use super::event::Owned;
use super::kind;
use super::mutate::{Mutants, ends};
use provenact::abi::{Answer, Function, Gives, Length, Role};

/// `success`, some that programs know, one that none has, and the greatest.
const ERRNOS: [u64; 10] = [0, 2, 8, 28, 29, 44, 52, 76, 77, 0xffff_ffff];

impl Mutants<'_> {
    /// Another answer in the place of each.
    pub fn answers(&mut self) {
        let of = self.of;
        for (at, event) in of.events.iter().enumerate() {
            self.written(at, event);
            let row = of.rows[event.function];
            if row.gives == Gives::Errno && event.answer != Answer::Never {
                self.errnos(at, event, row);
            }
            self.results(at, event, row);
        }
    }

    fn written(&mut self, at: usize, event: &Owned) {
        for (range, bytes) in event.written.iter().enumerate() {
            for (byte, bit) in ends(bytes.len()) {
                let mut other = event.clone();
                other.written[range][byte] ^= bit;
                let what = format!("byte {byte} of written range {range}");
                self.one(&kind::WRITTEN, at, &what, other);
            }
            let mut other = event.clone();
            other.written[range].fill(0);
            self.one(&kind::WRITTEN, at, &format!("written range {range} zeroed"), other);
            for len in [0, bytes.len().saturating_sub(1), bytes.len() + 1] {
                let mut other = event.clone();
                other.written[range].resize(len, 0);
                let what = format!("{len} bytes in written range {range}");
                self.one(&kind::WRITTEN_LENGTH, at, &what, other);
            }
        }
    }

    fn errnos(&mut self, at: usize, event: &Owned, row: &'static Function) {
        for errno in ERRNOS {
            if event.answer == Answer::Value(errno) {
                continue;
            }
            let mut other = event.clone();
            other.answer = Answer::Value(errno);
            // As an error's ranges must be, at their greatest extent.
            let mut whole = other.clone();
            for (range, len) in whole.written.iter_mut().zip(extents(event, row)) {
                range.resize(len.unwrap_or(range.len()), 0);
            }
            let fitted = other.of_function(event.function, row);
            let mut variants = vec![other];
            for (what, other) in [("ranges whole", whole), ("ranges fitted", fitted)] {
                if !variants.contains(&other) {
                    self.one(&kind::ERRNO, at, &format!("errno {errno}, {what}"), other.clone());
                    variants.push(other);
                }
            }
            self.one(&kind::ERRNO, at, &format!("errno {errno}"), variants.swap_remove(0));
        }
    }

    fn results(&mut self, at: usize, event: &Owned, row: &Function) {
        let mut answers =
            vec![Answer::Fault, Answer::Never, Answer::Value(0), Answer::Value(1 << 32)];
        if let (Gives::Bits64, Answer::Value(bits)) = (row.gives, event.answer) {
            answers.extend(
                [bits ^ 1, bits ^ 1 << 63, f64::NAN.to_bits(), u64::MAX].map(Answer::Value),
            );
        }
        if let (Gives::Count, Answer::Value(bits)) = (row.gives, event.answer) {
            let near = [bits ^ 1, bits.wrapping_add(1), u64::from(u32::MAX), 1 << 31];
            answers.extend(near.map(|bits| Answer::Value(bits & u64::from(u32::MAX))));
        }
        for answer in answers {
            // Errnos have a kind of their own.
            if answer == event.answer || (row.gives == Gives::Errno && answer == Answer::Value(0)) {
                continue;
            }
            let other = Owned { answer, ..event.clone() };
            self.one(&kind::RESULT, at, &format!("result {answer:?}"), other);
        }
    }
}

/// How long each written range can be at most, where the arguments say it.
fn extents(event: &Owned, row: &Function) -> Vec<Option<usize>> {
    let vectors = row.params.len();
    let mut vector = vectors;
    let arg = |at: usize| event.args.get(at).copied().unwrap_or_default() as usize;
    let mut found = Vec::new();
    for param in row.params {
        match param.role {
            Role::Writes(Length::Fixed(len), ..) => found.push(Some(len as usize)),
            Role::Writes(Length::Param(at), ..) => found.push(Some(arg(at))),
            Role::Writes(Length::Records(at, size), ..) => {
                found.push(Some(arg(at) * size as usize))
            }
            Role::Writes(..) => found.push(None),
            Role::WritesVec(..) => {
                found.push(Some(arg(vector + 1)));
                vector += 2;
            }
            Role::ReadsVec(_) => vector += 2,
            _ => {}
        }
    }
    found.iter().map(|len| len.filter(|len| *len <= 1 << 20)).collect()
}
