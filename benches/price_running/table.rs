//! The table of results.

use super::guests::{Guest, Side};
use std::io::Write as _;

/// Rows of text, printed at the end.
pub struct Table {
    rows: Vec<String>,
}

impl Table {
    pub fn new() -> Self {
        Self { rows: Vec::new() }
    }

    /// The sides of one guest; the first is what the others are compared with.
    pub fn guest(&mut self, guest: &Guest, sides: &[(Side, Vec<f64>)]) {
        let Some((_, untouched)) = sides.first() else { return };
        for (side, times) in sides {
            let ratio = median(times) / median(untouched);
            let least = least(times) / least(untouched);
            let pairs: Vec<f64> = times.iter().zip(untouched).map(|(a, b)| a / b).collect();
            let verdict = guest.target(*side).map_or_else(String::new, |target| {
                let verdict = if ratio <= target { "met" } else { "MISSED" };
                format!("  ≤ {target} {verdict}")
            });
            let row = format!(
                "{:16} {:10} {:9.1} {ratio:7.3} {:7.3} {least:7.3}{verdict}",
                guest.name,
                side.name(),
                median(times),
                median(&pairs),
            );
            say(&row);
            self.rows.push(row);
        }
    }

    pub fn print(&self, rounds: usize) {
        say(&format!(
            "\nmedians of {rounds}, in ms of processor time; multiples of the untouched module's: of medians, median of pairs, of least"
        ));
        say(&format!(
            "{:16} {:10} {:>9} {:>7} {:>7} {:>7}",
            "guest", "side", "ms", "medians", "pairs", "least"
        ));
        for row in &self.rows {
            say(row);
        }
    }
}

/// The value in the middle; the mean of the two in the middle.
fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let at = |i: usize| values.get(i).copied().unwrap_or(f64::NAN);
    let half = values.len() / 2;
    if values.len() % 2 == 1 { at(half) } else { f64::midpoint(at(half.wrapping_sub(1)), at(half)) }
}

fn least(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

/// A line on standard output; when nobody listens any more, so be it.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
