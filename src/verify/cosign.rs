//! What an auditor may sign after a replay: the receipt itself when it was reproduced, and in every
//! case a verdict (`spec/replay-verdict.md`).

use super::replay::Verdict;
use super::witnesses::{Agreed, Finding, Witness, Witnesses};
use super::{DOES_NOT_PROVE, Error, INCONCLUSIVE_PROVES, INTERRUPTED_PROVES, PROVES, REFUTES};
use crate::attest::verdict::{Asked, Conclusion, Depth, Difference, ReplayVerdict};
use crate::attest::{Envelope, PrivateKey};
use crate::digest::StatementDigest;
use crate::engines::EngineName;
use crate::reason::{Class, Reason};
use crate::runtime::Divergence;

/// The receipt's envelope with the signature of `key` added; `None` when it is there already. Whoever
/// has [`Agreed`] reproduced the execution: what is signed must be, to the byte, what that computed.
///
/// # Errors
/// [`Error::Receipt`] when the envelope has another payload; as [`Envelope::cosigned`].
pub fn cosign(
    agreed: &Agreed<'_>,
    envelope: &[u8],
    key: &PrivateKey,
) -> Result<Option<Vec<u8>>, Error> {
    let computed = agreed.receipt().to_statement()?.to_payload()?;
    if Envelope::parse(envelope)?.payload_unverified().as_bytes() != computed {
        return Err(Error::Receipt);
    }
    Ok(Envelope::cosigned(envelope, key)?)
}

/// What `witnesses` come to, to be signed; `None` when none was asked.
///
/// `is_named` says whether the trace that was replayed is the one that the receipt names, by digest.
/// Another one says nothing about the receipt: whoever handed it over may have changed it.
#[must_use]
pub fn verdict(
    witnesses: &Witnesses,
    receipt: StatementDigest,
    is_named: bool,
    version: String,
) -> Option<ReplayVerdict> {
    let of_error = |reason: Reason| {
        if is_named && reason.class() == Class::No {
            Conclusion::Refuted
        } else {
            Conclusion::Inconclusive
        }
    };
    // What was cut short here has not been compared as a whole.
    let of_interruption = |here: bool| {
        if here && !is_named { Conclusion::Inconclusive } else { Conclusion::Interrupted }
    };
    let (value, depth, events, divergence) = match witnesses.finding() {
        Finding::Reproduced(agreed) => {
            (Conclusion::Reproduced, Depth::Everything, agreed.events(), None)
        }
        Finding::Interrupted { events, here, .. } => match of_interruption(here) {
            Conclusion::Interrupted => {
                let depth = if here && events == 0 { Depth::Nothing } else { Depth::Events };
                (Conclusion::Interrupted, depth, events, None)
            }
            other => (other, Depth::Nothing, 0, None),
        },
        Finding::Refuted(_, divergence) => match of_divergence(divergence) {
            Conclusion::Refuted => {
                let Divergence { reason, event, place, .. } = divergence;
                let first = Difference { reason: *reason, event: *event, place: place.clone() };
                (Conclusion::Refuted, Depth::Events, *event, Some(first))
            }
            other => (other, Depth::Nothing, 0, None),
        },
        Finding::Failed(_, error) => match of_error(error.reason()) {
            Conclusion::Refuted => {
                let place = "trace".to_owned();
                let first = Difference { reason: error.reason(), event: 0, place };
                (Conclusion::Refuted, Depth::Nothing, 0, Some(first))
            }
            other => (other, Depth::Nothing, 0, None),
        },
        Finding::Nobody => return None,
    };
    let asked = |Witness { engine, verdict }: &Witness| {
        let (value, reason) = match verdict {
            Ok(Verdict::Reproduced(_)) => (Conclusion::Reproduced, None),
            Ok(Verdict::Interrupted { here, .. }) => {
                (of_interruption(*here), Some(Reason::Interrupted))
            }
            Ok(Verdict::Refuted(divergence)) => {
                (of_divergence(divergence), Some(divergence.reason))
            }
            Err(error) => (of_error(error.reason()), Some(error.reason())),
        };
        Asked { engine: *engine, value, reason }
    };
    let asked = witnesses.iter().map(asked).collect();
    Some(ReplayVerdict {
        receipt,
        value,
        depth,
        asked,
        events,
        divergence,
        proves: proves(value),
        does_not_prove: DOES_NOT_PROVE,
        version,
    })
}

/// The verdict of a replay on `engines` that was given up before it came to anything.
#[must_use]
pub fn late(
    engines: impl IntoIterator<Item = EngineName>,
    receipt: StatementDigest,
    version: String,
) -> ReplayVerdict {
    let (value, reason) = (Conclusion::Interrupted, Some(Reason::Interrupted));
    ReplayVerdict {
        receipt,
        value,
        depth: Depth::Nothing,
        asked: engines.into_iter().map(|engine| Asked { engine, value, reason }).collect(),
        events: 0,
        divergence: None,
        proves: proves(value),
        does_not_prove: DOES_NOT_PROVE,
        version,
    }
}

/// A difference refutes the receipt, but for that of the trace itself from the one that is named.
fn of_divergence(divergence: &Divergence) -> Conclusion {
    match divergence.reason {
        Reason::TraceMismatch => Conclusion::Inconclusive,
        _ => Conclusion::Refuted,
    }
}

const fn proves(value: Conclusion) -> &'static str {
    match value {
        Conclusion::Reproduced => PROVES,
        Conclusion::Refuted => REFUTES,
        Conclusion::Interrupted => INTERRUPTED_PROVES,
        Conclusion::Inconclusive => INCONCLUSIVE_PROVES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Interruption;
    use std::sync::Arc;

    const CRANELIFT: EngineName = EngineName::Cranelift;

    fn of(found: Result<Verdict, Error>, is_named: bool) -> ReplayVerdict {
        let mut witnesses = Witnesses::default();
        witnesses.add(CRANELIFT, found.map_err(Arc::new));
        let receipt = StatementDigest::of(b"receipt");
        verdict(&witnesses, receipt, is_named, "0".to_owned()).unwrap()
    }

    fn differs(reason: Reason) -> Result<Verdict, Error> {
        let (recorded, replayed) = ("secret".to_owned(), "secret too".to_owned());
        let (place, stack) = ("wasi_snapshot_preview1.fd_write".to_owned(), Vec::new());
        let likely_cause = crate::runtime::Cause::AnotherModule;
        let (before, after) = (Vec::new(), Vec::new());
        let first = Divergence {
            reason,
            event: 7,
            place,
            recorded,
            replayed,
            likely_cause,
            before,
            after,
            stack,
        };
        Ok(Verdict::Refuted(Box::new(first)))
    }

    fn cut_short(events: u64, here: bool) -> Result<Verdict, Error> {
        Ok(Verdict::Interrupted { events, cause: Interruption::HostMemory, here })
    }

    /// covers: replay-verdict-2, replay-verdict-4, replay-verdict-5
    #[test]
    fn only_what_the_receipt_names_can_refute_it() {
        let header = || Error::Header { what: "grant", found: "a".into(), expected: "b".into() };
        let (no, open) = (Conclusion::Refuted, Conclusion::Inconclusive);
        for (found, is_named, value, depth, events, place) in [
            (
                differs(Reason::HandedDiffers),
                true,
                no,
                1,
                7,
                Some("wasi_snapshot_preview1.fd_write"),
            ),
            (differs(Reason::TraceMismatch), true, open, 0, 0, None),
            (Err(header()), true, no, 0, 0, Some("trace")),
            (Err(header()), false, open, 0, 0, None),
            (Err(Error::Imports), true, no, 0, 0, Some("trace")),
            (Err(Error::Attest(crate::attest::Error::TrustEmpty)), true, open, 0, 0, None),
            (cut_short(5, true), true, Conclusion::Interrupted, 1, 5, None),
            (cut_short(0, true), true, Conclusion::Interrupted, 0, 0, None),
            (cut_short(5, true), false, open, 0, 0, None),
            (cut_short(0, false), true, Conclusion::Interrupted, 1, 0, None),
        ] {
            let said = of(found, is_named);
            assert_eq!((said.value, said.asked[0].value), (value, value), "{said:?}");
            assert_eq!((said.depth.number(), said.events), (depth, events), "{said:?}");
            let first = said.divergence.as_ref();
            assert_eq!(first.map(|first| first.place.as_str()), place, "{said:?}");
            assert!(said.asked[0].reason.is_some());
            let text = String::from_utf8(said.to_statement().to_payload().unwrap()).unwrap();
            assert!(!text.contains("secret"), "{text}");
        }
        assert!(
            verdict(&Witnesses::default(), StatementDigest::of(b""), true, String::new()).is_none()
        );
    }

    #[test]
    fn one_no_is_a_no() {
        let mut witnesses = Witnesses::default();
        witnesses.add(CRANELIFT, cut_short(3, true).map_err(Arc::new));
        witnesses.add(EngineName::Wasmi, differs(Reason::CallDiffers).map_err(Arc::new));
        let receipt = StatementDigest::of(b"receipt");
        let said = verdict(&witnesses, receipt, true, "0".to_owned()).unwrap();
        assert_eq!(said.value, Conclusion::Refuted);
        let each: Vec<_> = said.asked.iter().map(|asked| asked.value).collect();
        assert_eq!(each, [Conclusion::Interrupted, Conclusion::Refuted]);
    }
}
