//! What most likely made a replay differ: a closed list, chosen by rules, never a verdict.

use crate::outcome::{Interruption, Outcome, Trap};
use crate::reason::Reason;
use serde::Serialize;
use std::fmt;

macro_rules! causes {
    ($($variant:ident = $name:literal, $when:literal, $text:literal;)*) => {
        /// What most likely made a replay differ. A difference has many possible causes; the rules
        /// look at what is at hand and name one of them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Cause {$(
            #[doc = concat!("`", $name, "`: ", $text, ".")]
            $variant,
        )*}

        impl Cause {
            /// Every one, in the order in which the rules are tried.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The kebab-case name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The rule that chooses it.
            #[must_use]
            pub const fn when(self) -> &'static str {
                match self { $(Self::$variant => $when,)* }
            }
        }

        /// One sentence for people.
        impl fmt::Display for Cause {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text,)* })
            }
        }
    };
}

causes! {
    AnotherTrace = "another-trace",
        "the trace has not the digest that the receipt names",
        "the trace is not the one that the receipt was made with";
    StackDepth = "stack-depth",
        "the outcomes differ, and one of them is a stack limit or the end of the native stack",
        "nested calls found less or more stack in one of the two executions";
    ChangedOutcome = "changed-outcome",
        "every event agrees, and the outcomes differ",
        "the end of the trace was changed, or calls at its end were left out";
    ChangedReceipt = "changed-receipt",
        "events and outcome agree, and a field of the receipt differs",
        "the receipt was changed, or belongs to another execution";
    ChangedAnswer = "changed-answer",
        "the recorded answer is none that the call can have",
        "an answer in the trace was changed";
    TruncatedTrace = "truncated-trace",
        "the guest goes on after the last event of a trace that is sealed",
        "the end of the trace was cut off before it was sealed";
    AddedEvent = "added-event",
        "the guest ends before the trace does, or does what the next event says",
        "an event was put into the trace, or is in it twice";
    NanBits = "nan-bits",
        "the arguments or the handed bytes differ in NaNs alone, and the module did not go through the pass `nan`",
        "two engines chose other bits for a NaN; build with --profile portable";
    AnotherModule = "another-module",
        "the first event differs, which no earlier answer can explain",
        "the trace is of another module, or does not begin where the execution did";
    MissingEvent = "missing-event",
        "another function is called, and the next event is not that call",
        "an event was left out of the trace, or an earlier answer led the guest elsewhere";
    HostArgument = "host-argument",
        "the same function is called with other arguments or other bytes",
        "an earlier answer was changed, and what the guest hands to the host follows from it";
}

/// What the rules look at besides the reason.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clues {
    /// Events that agreed before.
    pub(super) agreed: u64,
    /// The next event is the call that the guest makes.
    pub(super) next_fits: bool,
    /// Nothing but bits of NaNs differs.
    pub(super) only_nans: bool,
}

impl Cause {
    /// The cause of a difference for `reason`. Later rules are for what earlier ones leave over.
    pub(super) fn of(reason: Reason, clues: Clues) -> Self {
        match reason {
            Reason::TraceMismatch => Self::AnotherTrace,
            Reason::OutcomeDiffers => Self::ChangedOutcome,
            Reason::ReceiptDiffers => Self::ChangedReceipt,
            Reason::AnswerImpossible => Self::ChangedAnswer,
            Reason::CallExtra => Self::TruncatedTrace,
            Reason::CallMissing => Self::AddedEvent,
            _ if clues.next_fits => Self::AddedEvent,
            _ if clues.only_nans => Self::NanBits,
            _ if clues.agreed == 0 => Self::AnotherModule,
            Reason::CallDiffers => Self::MissingEvent,
            _ => Self::HostArgument,
        }
    }

    /// The cause of two outcomes that differ.
    pub(crate) fn of_outcomes(recorded: &Outcome, replayed: &Outcome) -> Self {
        let stack = |outcome: &Outcome| {
            matches!(
                outcome,
                Outcome::Trapped { trap: Trap::StackLimit }
                    | Outcome::Interrupted { cause: Interruption::NativeStack }
            )
        };
        if stack(recorded) || stack(replayed) { Self::StackDepth } else { Self::ChangedOutcome }
    }
}

impl Serialize for Cause {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let mut cause = s.serialize_struct("Cause", 2)?;
        cause.serialize_field("name", self.name())?;
        cause.serialize_field("text", &self.to_string())?;
        cause.end()
    }
}

/// Whether two ranges differ, and in the bits of 32-bit or 64-bit NaNs alone.
pub(super) fn only_nans_differ(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() || one == other {
        return false;
    }
    let mut at = 0;
    while let Some(next) = one.iter().zip(other).skip(at).position(|(a, b)| a != b) {
        let differs = at + next;
        // Floats need not be aligned: every place that holds the byte is tried.
        let ends = [8, 4].into_iter().flat_map(|width: usize| {
            (differs.saturating_sub(width - 1)..=differs).map(move |start| (start, width))
        });
        let is_nan = |bytes: &[u8], start: usize, width: usize| match width {
            8 => bytes
                .get(start..)
                .and_then(|b| b.first_chunk())
                .is_some_and(|b| f64::from_le_bytes(*b).is_nan()),
            _ => bytes
                .get(start..)
                .and_then(|b| b.first_chunk())
                .is_some_and(|b| f32::from_le_bytes(*b).is_nan()),
        };
        let nan = ends.into_iter().find(|(start, width)| {
            *start >= at && is_nan(one, *start, *width) && is_nan(other, *start, *width)
        });
        match nan {
            Some((start, width)) => at = start + width,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nans_are_told_from_other_bytes() {
        let nan =
            |sign: u8| [b"x".as_slice(), &[0, 0, 0, 0, 0, 0, 0xf8, 0x7f | sign], b"y"].concat();
        assert!(only_nans_differ(&nan(0), &nan(0x80)));
        assert!(!only_nans_differ(&nan(0), &nan(0)));
        let mut other = nan(0x80);
        other[0] = b'z';
        assert!(!only_nans_differ(&nan(0), &other));
        let narrow = |payload: u8| [payload, 0, 0xc0, 0x7f];
        assert!(only_nans_differ(&narrow(0), &narrow(1)));
        assert!(!only_nans_differ(b"420\n", b"920\n"));
        assert!(!only_nans_differ(b"420\n", b"42\n"));
    }

    #[test]
    fn every_cause_has_a_rule() {
        let clues = |agreed, next_fits, only_nans| Clues { agreed, next_fits, only_nans };
        let outcomes = |one: Outcome, other: Outcome| Cause::of_outcomes(&one, &other);
        let limit = Outcome::Trapped { trap: Trap::StackLimit };
        let mut chosen = vec![
            Cause::of(Reason::TraceMismatch, clues(9, false, false)),
            outcomes(Outcome::exit(0), limit),
            outcomes(Outcome::exit(0), Outcome::exit(1)),
            Cause::of(Reason::ReceiptDiffers, clues(9, false, false)),
            Cause::of(Reason::AnswerImpossible, clues(0, false, false)),
            Cause::of(Reason::CallExtra, clues(9, false, false)),
            Cause::of(Reason::CallMissing, clues(9, false, false)),
            Cause::of(Reason::HandedDiffers, clues(9, false, true)),
            Cause::of(Reason::CallDiffers, clues(0, false, false)),
            Cause::of(Reason::CallDiffers, clues(9, false, false)),
            Cause::of(Reason::ArgumentDiffers, clues(9, false, false)),
        ];
        assert_eq!(Cause::of(Reason::CallDiffers, clues(0, true, false)), Cause::AddedEvent);
        assert_eq!(chosen.as_slice(), Cause::ALL);
        chosen.dedup_by_key(|cause| cause.name());
        assert_eq!(chosen.len(), Cause::ALL.len());
    }
}
