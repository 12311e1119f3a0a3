//! What became of the mutants.

use super::kind::{self, Kind};
use provenact::reason::Reason;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What stands in the way of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// The bytes were changed, hashes and receipt were not.
    Left,
    /// The trace was sealed again, the receipt was not made again.
    Sealed,
    /// Everything was made again and signed with the valid key.
    Forged,
}

/// What became of one mutant.
#[derive(Debug)]
pub enum Fate {
    Killed(Reason),
    /// A changed answer that no call, no output, no outcome and no final state shows: of which
    /// recording, and the event by number and name.
    Unobserved(String, usize, String),
    /// It slipped through, or for a reason that does not fit.
    Wrong(String),
}

/// A tier, a kind, and what became of one mutant of it.
pub type Tried = (Tier, &'static Kind, Fate);

#[derive(Default)]
struct Row {
    killed: u64,
    unobserved: u64,
    wrong: u64,
    reasons: BTreeMap<&'static str, u64>,
}

/// Counts by tier and kind.
#[derive(Default)]
pub struct Tally {
    rows: BTreeMap<(Tier, usize), Row>,
    /// Of each event, how many changed answers were not observed.
    unobserved: BTreeMap<String, BTreeMap<usize, (String, u64)>>,
    pub wrong: Vec<String>,
}

impl Tally {
    pub fn extend(&mut self, tried: Vec<Tried>) {
        for (tier, kind, fate) in tried {
            self.count(tier, kind, fate);
        }
    }

    fn count(&mut self, tier: Tier, kind: &'static Kind, fate: Fate) {
        let place = kind::ALL.iter().position(|known| std::ptr::eq(*known, kind)).unwrap();
        let row = self.rows.entry((tier, place)).or_default();
        match fate {
            Fate::Killed(reason) => {
                row.killed += 1;
                *row.reasons.entry(reason.name()).or_default() += 1;
            }
            Fate::Unobserved(recording, at, event) => {
                row.unobserved += 1;
                let events = self.unobserved.entry(recording).or_default();
                events.entry(at).or_insert((event, 0)).1 += 1;
            }
            Fate::Wrong(what) => {
                row.wrong += 1;
                self.wrong.push(format!("{tier:?}, {}: {what}", kind.name));
            }
        }
    }

    /// Killed and all mutants of a tier, those apart that are proved unobserved.
    pub fn of(&self, tier: Tier) -> (u64, u64, u64) {
        let rows = self.rows.iter().filter(|((of, _), _)| *of == tier);
        rows.fold((0, 0, 0), |(killed, total, apart), (_, row)| {
            (killed + row.killed, total + row.killed + row.wrong, apart + row.unobserved)
        })
    }

    /// The table for people.
    pub fn table(&self) -> String {
        let mut text = String::new();
        for (tier, title) in [
            (Tier::Left, "Tier 1, bytes changed and hashes left as they were"),
            (Tier::Sealed, "Tier 1, trace sealed again and receipt left as it was"),
            (Tier::Forged, "Tier 2, receipt made again and signed with the valid key"),
        ] {
            let (killed, total, apart) = self.of(tier);
            let _ = writeln!(text, "{title}: killed {killed}/{total}, unobserved {apart}");
            for ((of, place), row) in &self.rows {
                if *of != tier {
                    continue;
                }
                let reasons: Vec<_> =
                    row.reasons.iter().map(|(name, count)| format!("{name} {count}")).collect();
                let total = row.killed + row.wrong;
                let killed = format!("{}/{total}", row.killed);
                let apart = match row.unobserved {
                    0 => String::new(),
                    apart => format!(", unobserved {apart}"),
                };
                let name = kind::ALL[*place].name;
                let _ = writeln!(text, "  {name:28} {killed:>13}{apart}  {}", reasons.join(", "));
            }
        }
        text
    }

    /// Changed answers that nothing shows, by event.
    pub fn list(&self) -> String {
        let mut text = "Unobserved answers, by event:\n".to_owned();
        for (recording, events) in &self.unobserved {
            let events: Vec<_> =
                events.values().map(|(event, count)| format!("{event}: {count}")).collect();
            let _ = writeln!(text, "  {recording}: {}", events.join(", "));
        }
        text
    }

    /// Kinds of which there was no mutant.
    pub fn missing(&self) -> Vec<&'static str> {
        let tried = |at: usize| self.rows.keys().any(|(_, place)| *place == at);
        (0..kind::ALL.len()).filter(|at| !tried(*at)).map(|at| kind::ALL[at].name).collect()
    }
}
