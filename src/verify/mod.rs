//! Judging what others made: bundles, receipts, replays.
//!
//! Exit status 0 of `verify` and `replay` consumes a value that only this room can make.

mod bundle;
mod chain;
mod comparison;
mod cosign;
mod envelope;
mod error;
mod policy;
mod receipt;
mod replay;
mod testimony;
mod v0;
mod witnesses;

pub use bundle::{Attested, CheckedBundle, check_original};
pub use chain::{Chain, Gathered, Parts, State as Standing, Step};
pub use comparison::{Comparison, FirstEvent, Part, State, first_event};
pub use cosign::{cosign, late, verdict};
pub use envelope::{Consumed, consume, consume_line, consume_lines};
pub use error::{Error, Refusal};
pub use policy::{Policy, Rule, Said, Upheld, Verdict as Judgement};
pub use receipt::{Authenticity, Claim, attestation};
pub use replay::{Executable, Replay, Reproduced, Verdict, replay};
pub use testimony::Testimony;
pub use v0::Imported;
pub use witnesses::{Agreed, Finding, Witness, Witnesses};

/// What a replay proves; every text of ours says this and no more.
pub const PROVES: &str =
    "this module, given the recorded answers, does exactly what the receipt says";

/// What a replay proves that found a difference.
pub const REFUTES: &str =
    "receipt, trace and module do not agree; the first difference is at the place that is named";

/// What a replay proves that was cut short.
pub const INTERRUPTED_PROVES: &str = "the replay went as recorded for as many events as are named, \
     and not beyond";

/// What a replay proves that could not tell.
pub const INCONCLUSIVE_PROVES: &str = "nothing about the receipt";

/// What a replay does not prove.
pub const DOES_NOT_PROVE: &str = "that the answers were the world's, that this was the only run and \
     that none was withheld rests on the signer";
