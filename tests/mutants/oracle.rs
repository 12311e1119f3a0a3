//! What must come of a mutant, worked out from the events alone.

use super::event::{Events, Owned, decode};
use super::judge::Refusal;
use super::record::Recording;
use super::sections::Sealed;
use provenact::attest::receipt::Receipt;
use provenact::reason::Reason;
use provenact::trace::Reader;
use std::io::Cursor;
use std::sync::Arc;

/// What a replay of `recorded` must find when the guest really makes the calls of `guest`.
pub enum Expected {
    /// This, at this event: until there everything is the same.
    Call(Reason, u64),
    /// The guest was told something else at this event; what it does then nobody knows before.
    Answer(u64),
    Nothing,
    /// It is not the events that were changed, or they cannot be read.
    Unknown,
}

pub fn first_difference(guest: &[Arc<Owned>], recorded: &[Arc<Owned>]) -> Expected {
    for at in 0..=guest.len() {
        let reason = match (guest.get(at), recorded.get(at)) {
            (None, None) => return Expected::Nothing,
            (None, Some(_)) => Reason::CallMissing,
            (Some(_), None) => Reason::CallExtra,
            (Some(made), Some(said)) if made.function != said.function => Reason::CallDiffers,
            (Some(made), Some(said)) if made.args != said.args => Reason::ArgumentDiffers,
            (Some(made), Some(said)) if made.handed != said.handed => Reason::HandedDiffers,
            (Some(made), Some(said)) if made.same_answer(said) => continue,
            _ => return Expected::Answer(at as u64),
        };
        return Expected::Call(reason, at as u64);
    }
    Expected::Nothing
}

/// Whether a changed answer sent the guest into a loop: no replay of it ends, so none is upheld.
pub fn is_endless(refusal: &Refusal, guest: &[Arc<Owned>], said: Option<&[Arc<Owned>]>) -> bool {
    refusal.reason == Reason::Interrupted
        && refusal.at.is_some()
        && said.is_some_and(|said| matches!(first_difference(guest, said), Expected::Answer(_)))
}

/// Proves of a changed answer that nothing shows it: calls, outputs, outcome and final state are
/// those of the recording. Gives the first changed event.
pub fn unobserved(
    of: &Recording,
    recorded: &[Arc<Owned>],
    replayed: &Receipt,
) -> Result<usize, &'static str> {
    let guest = &of.events;
    let calls = guest.len() == recorded.len()
        && guest.iter().zip(recorded).all(|(made, said)| made.same_call(said));
    let same = |same: bool, what| if same { Ok(()) } else { Err(what) };
    same(calls, "the calls differ")?;
    same(replayed.outputs == of.receipt.outputs, "the outputs differ")?;
    same(replayed.files.written == of.receipt.files.written, "the written files differ")?;
    same(replayed.outcome == of.receipt.outcome, "the outcome differs")?;
    same(replayed.final_state == of.receipt.final_state, "the final state differs")?;
    let at = guest.iter().zip(recorded).position(|(made, said)| !made.same_answer(said));
    at.ok_or("nothing was changed")
}

/// The events of a changed trace, if it can be read.
pub fn reread(trace: &Sealed) -> Option<Events> {
    let mut reader = Reader::open(Cursor::new(trace.bytes.clone())).ok()?;
    decode(&mut reader).ok()
}
