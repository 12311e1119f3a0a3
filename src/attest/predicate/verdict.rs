//! What an auditor found who replayed a receipt: the writer of replay verdicts
//! (`spec/replay-verdict.md`). Others' are read by [`finding`](super::finding).

use super::super::Statement;
use super::super::statement::Subject;
use super::finding;
use crate::digest::StatementDigest;
use crate::engines::EngineName;
use crate::json::{self, Value};
use crate::reason::Reason;

/// The verifier: this program's replay, on a machine of which nothing is claimed.
pub const VERIFIER_ID: &str = "https://opertus.systems/provenact/verifier/replay/v1";

/// What the subject is called, whatever its file is: two auditors say the same to the byte.
const SUBJECT: &str = "receipt";

/// A verdict on the replay of one receipt. No time and no host: who finds the same says the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayVerdict {
    /// The receipt: the payload of its envelope.
    pub receipt: StatementDigest,
    /// What all engines together come to.
    pub value: Conclusion,
    /// How deep the comparison went.
    pub depth: Depth,
    /// What each engine that was asked found, each once.
    pub asked: Vec<Asked>,
    /// Events that were compared.
    pub events: u64,
    /// The first difference; of a refutation, and of nothing else.
    pub divergence: Option<Difference>,
    /// What this proves.
    pub proves: &'static str,
    /// What it does not prove.
    pub does_not_prove: &'static str,
    /// Version of the provenact that replayed.
    pub version: String,
}

/// What a replay comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    /// Every engine that was asked reproduced it.
    Reproduced,
    /// It differs.
    Refuted,
    /// It was cut short, then or now.
    Interrupted,
    /// There is no telling.
    Inconclusive,
}

/// How deep a comparison went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Nothing was compared.
    Nothing,
    /// The recorded events, as far as they go or agree.
    Events,
    /// Every event, the outcome, outputs, files and the final state.
    Everything,
}

/// What one engine found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Which.
    pub engine: EngineName,
    /// What it found.
    pub value: Conclusion,
    /// Why it is not a yes.
    pub reason: Option<Reason>,
}

/// Where a replay first differs. What was recorded there, and what the replay did instead, stays
/// out: it may be what the operator keeps secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which kind of difference.
    pub reason: Reason,
    /// Number of the event.
    pub event: u64,
    /// The host function, the field of the receipt, or `trace`.
    pub place: String,
}

impl Conclusion {
    /// The value in statements.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reproduced => finding::REPRODUCED,
            Self::Refuted => finding::REFUTED,
            Self::Interrupted => finding::INTERRUPTED,
            Self::Inconclusive => finding::INCONCLUSIVE,
        }
    }
}

impl Depth {
    /// The number in statements.
    #[must_use]
    pub const fn number(self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Events => 1,
            Self::Everything => 2,
        }
    }
}

impl ReplayVerdict {
    /// The in-toto statement that says it.
    #[must_use]
    pub fn to_statement(&self) -> Statement {
        let mut asked: Vec<&Asked> = self.asked.iter().collect();
        // In which order they were asked is nobody's finding.
        asked.sort_by_key(|asked| asked.engine);
        let engine = |engine: EngineName| json::json!({ "class": engine.class().to_string(), "name": engine.name() });
        let agreed = asked.iter().filter(|asked| asked.value == Conclusion::Reproduced);
        let engines: Vec<Value> = agreed.map(|asked| engine(asked.engine)).collect();
        let asked: Vec<Value> = asked.iter().map(|asked| asked.to_value()).collect();
        let divergence = self.divergence.as_ref().map(Difference::to_value);
        let predicate = json::json!({
            "asked": asked,
            "depth": self.depth.number(),
            "divergence": divergence,
            "doesNotProve": self.does_not_prove,
            "engines": engines,
            "events": self.events,
            "proves": self.proves,
            "verdict": self.value.name(),
            "verifier": { "id": VERIFIER_ID, "version": { "provenact": self.version } },
        });
        let subjects = vec![Subject::new(SUBJECT, self.receipt.as_bytes())];
        Statement::new(subjects, finding::REPLAY_TYPE, predicate)
    }
}

impl Asked {
    fn to_value(self) -> Value {
        let Self { engine, value, reason } = self;
        match reason {
            None => json::json!({ "name": engine.name(), "verdict": value.name() }),
            Some(reason) => json::json!({
                "name": engine.name(),
                "reason": reason.name(),
                "verdict": value.name(),
            }),
        }
    }
}

impl Difference {
    fn to_value(&self) -> Value {
        let Self { reason, event, place } = self;
        json::json!({ "event": event, "place": place, "reason": reason.name() })
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Finding, Found};
    use super::*;

    fn verdict(value: Conclusion) -> ReplayVerdict {
        let asked = [EngineName::Wasmi, EngineName::Cranelift].map(|engine| Asked {
            engine,
            value,
            reason: None,
        });
        ReplayVerdict {
            receipt: StatementDigest::of(b"receipt"),
            value,
            depth: Depth::Everything,
            asked: asked.to_vec(),
            events: 3,
            divergence: None,
            proves: "this",
            does_not_prove: "that",
            version: "0.1.0".to_owned(),
        }
    }

    /// covers: replay-verdict-1, replay-verdict-3
    #[test]
    fn what_is_written_is_canonical_and_the_same_in_whatever_order_engines_were_asked() {
        let mut said = verdict(Conclusion::Reproduced);
        let payload = said.to_statement().to_payload().unwrap();
        said.asked.reverse();
        assert_eq!(said.to_statement().to_payload().unwrap(), payload);
        let text = String::from_utf8(payload.clone()).unwrap();
        let digest = crate::digest::hex(StatementDigest::of(b"receipt").as_bytes());
        let expected = format!(
            "{{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{{\"asked\":[\
             {{\"name\":\"cranelift\",\"verdict\":\"reproduced\"}},\
             {{\"name\":\"wasmi\",\"verdict\":\"reproduced\"}}],\"depth\":2,\"divergence\":null,\
             \"doesNotProve\":\"that\",\"engines\":[\
             {{\"class\":\"wasmtime\",\"name\":\"cranelift\"}},{{\"class\":\"wasmi\",\"name\":\"wasmi\"}}],\
             \"events\":3,\"proves\":\"this\",\"verdict\":\"reproduced\",\
             \"verifier\":{{\"id\":\"{VERIFIER_ID}\",\"version\":{{\"provenact\":\"0.1.0\"}}}}}},\
             \"predicateType\":\"{}\",\
             \"subject\":[{{\"digest\":{{\"sha256\":\"{digest}\"}},\"name\":\"receipt\"}}]}}",
            finding::REPLAY_TYPE
        );
        assert_eq!(text, expected);
        assert!(Statement::parse(&payload).unwrap().is_canonical());
    }

    /// covers: replay-verdict-2
    #[test]
    fn our_reader_understands_every_value() {
        for (value, found) in [
            (Conclusion::Reproduced, Found::Passed("reproduced")),
            (Conclusion::Refuted, Found::Failed("refuted")),
            (Conclusion::Interrupted, Found::Inconclusive("interrupted")),
            (Conclusion::Inconclusive, Found::Inconclusive("inconclusive")),
        ] {
            let payload = verdict(value).to_statement().to_payload().unwrap();
            let read = Statement::parse(&payload).unwrap();
            let finding = Finding::of(&read).unwrap();
            assert_eq!((finding.found, finding.depth), (found, 2));
            assert_eq!(finding.engines.is_empty(), value != Conclusion::Reproduced);
        }
    }
}
