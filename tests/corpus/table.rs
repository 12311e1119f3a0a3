//! What the trials found, for whoever reads the log.

use super::Entry;
use super::trial::Outcome;
use std::fmt;

/// A module and its sizes.
pub struct Row {
    name: String,
    origin: String,
    source: usize,
    outcome: Outcome,
}

impl Row {
    pub fn new(entry: &Entry, source: usize, outcome: Outcome) -> Self {
        let origin = format!("{}; {}", entry.package, entry.toolchain);
        Self { name: entry.name.clone(), origin, source, outcome }
    }

    /// Canonical size in percent of the source's, and what the portable form adds to it.
    fn percent(&self) -> Option<(f64, f64)> {
        let Outcome::Forms { canonical, portable } = self.outcome else { return None };
        let of = |part: usize, whole: usize| 100.0 * part as f64 / whole as f64;
        Some((of(canonical, self.source), of(portable, canonical) - 100.0))
    }
}

/// All of them.
#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Table {
    pub fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// What the portable form adds to the canonical one, in percent, for the module in the middle.
    pub fn growth(&self) -> f64 {
        median(self.rows.iter().filter_map(Row::percent).map(|(_, growth)| growth))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["module", "source", "canonical", "portable", "%", "+%"];
        let [name, source, canonical, portable, part, growth] = head;
        writeln!(
            f,
            "{name:22} {source:>10} {canonical:>10} {portable:>10} {part:>6} {growth:>6}  origin"
        )?;
        for row in &self.rows {
            write!(f, "{:22} {:10} ", row.name, row.source)?;
            match (&row.outcome, row.percent()) {
                (Outcome::Forms { canonical, portable }, Some((part, growth))) => {
                    write!(f, "{canonical:10} {portable:10} {part:6.1} {growth:6.2}")?;
                }
                (Outcome::Refused { reason, message }, _) => {
                    write!(f, "refused, {reason}: {message}")?
                }
                (Outcome::Forms { .. }, None) => {}
            }
            writeln!(f, "  {}", row.origin)?;
        }
        let forms = self.rows.iter().filter_map(Row::percent);
        let refused = self.rows.len() - forms.clone().count();
        writeln!(
            f,
            "{} modules, {refused} refused; medians: canonical {:.1} % of the source, portable +{:.2} %",
            self.rows.len(),
            median(forms.map(|(part, _)| part)),
            self.growth(),
        )
    }
}

/// The value in the middle; the mean of the two in the middle.
fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    match (values.len() % 2, values.get(half.wrapping_sub(1)), values.get(half)) {
        (1, _, Some(middle)) => *middle,
        (_, Some(below), Some(above)) => f64::midpoint(*below, *above),
        _ => 0.0,
    }
}
