//! What must come of a mutant, worked out from the events alone.

use super::event::{Events, Owned, decode};
use super::judge::Refusal;
use super::record::Recording;
use super::sections::Sealed;
use provenact::abi::{Answer, Function};
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

/// The first difference between what the guest does and what was recorded, or between what it was
/// told and what it is told now.
pub fn first_difference(
    rows: &[&'static Function],
    guest: &[Arc<Owned>],
    recorded: &[Arc<Owned>],
) -> Expected {
    for at in 0..=guest.len() {
        let reason = match (guest.get(at), recorded.get(at)) {
            (None, None) => return Expected::Nothing,
            (None, Some(_)) => Reason::CallMissing,
            (Some(_), None) => Reason::CallExtra,
            (Some(made), Some(said)) if made.function != said.function => Reason::CallDiffers,
            (Some(made), Some(said)) if made.args != said.args => Reason::ArgumentDiffers,
            (Some(made), Some(said)) if made.handed != said.handed => Reason::HandedDiffers,
            (Some(made), Some(said)) if made.same_answer(said) => continue,
            (Some(made), Some(said)) if is_impossible(rows[made.function].name, made, said) => {
                Reason::AnswerImpossible
            }
            _ => return Expected::Answer(at as u64),
        };
        return Expected::Call(reason, at as u64);
    }
    Expected::Nothing
}

/// Whether what is known before the call already contradicts the answer `said`: arguments,
/// environment and directories stand in the header, `made` is an answer that agrees with it, and no
/// call accepts more than it was handed or opens a standard stream.
fn is_impossible(name: &str, made: &Owned, said: &Owned) -> bool {
    let succeeds = |event: &Owned| event.answer == Answer::Value(0);
    let number = |bytes: &Vec<u8>| bytes.first_chunk().map(|bytes| u32::from_le_bytes(*bytes));
    let first = said.written.first().and_then(number);
    match name {
        // These follow from the invocation.
        "input_len" | "input_read" | "sha256_input_hex" | "output_write" => !made.same_answer(said),
        "fd_prestat_get" if succeeds(made) && succeeds(said) => {
            // A tag, three bytes that mean nothing, and the length of the name.
            let (made, said) = (&made.written[0], &said.written[0]);
            made[0] != said[0] || made[4..] != said[4..]
        }
        "fd_prestat_get" => said.answer != Answer::Fault && succeeds(made) != succeeds(said),
        _ if !succeeds(said) => false,
        "args_sizes_get" | "environ_sizes_get" | "args_get" | "environ_get" => {
            succeeds(made) && lie_apart(made) && made.written != said.written
        }
        "fd_prestat_dir_name" => succeeds(made) && made.written != said.written,
        "fd_write" | "fd_pwrite" => first.is_some_and(|count| u64::from(count) > said.handed.len),
        "path_open" => first.is_some_and(|descriptor| descriptor < 3),
        _ => false,
    }
}

/// Whether the two ranges of a list do not lie over one another: what would be in them is a mixture.
fn lie_apart(event: &Owned) -> bool {
    let end = |at: usize| event.args[at] + event.written[at].len() as u64;
    end(0) <= event.args[1] || end(1) <= event.args[0]
}

/// Whether a changed answer sent the guest into a loop: no replay of it ends, so none is upheld.
pub fn is_endless(of: &Recording, refusal: &Refusal, said: Option<&[Arc<Owned>]>) -> bool {
    let told = |said| matches!(first_difference(&of.rows, &of.events, said), Expected::Answer(_));
    refusal.reason == Reason::Interrupted && refusal.at.is_some() && said.is_some_and(told)
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
