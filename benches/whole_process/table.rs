//! The table of results.

use super::measure::{Sample, median};
use std::io::Write as _;

/// Rows of text, printed at the end.
pub struct Table {
    rows: Vec<String>,
}

impl Table {
    pub fn new() -> Self {
        Self { rows: Vec::new() }
    }

    /// Three sides of one program; `targets` are for `run` and `replay` in multiples of the peer's
    /// wall time, `bytes` is what the guest read.
    pub fn sides(
        &mut self,
        program: &str,
        [peer, run, replay]: &[Vec<Sample>; 3],
        targets: [f64; 2],
        bytes: Option<u64>,
    ) {
        let rate = |samples: &[Sample]| {
            let megabytes = bytes? as f64 / 1e6;
            Some(format!(
                "{:.0} MB/s",
                megabytes / (median(samples.iter().map(|s| s.wall)) / 1000.0)
            ))
        };
        let all = [
            ("wasmtime", peer, None),
            ("run", run, Some(targets[0])),
            ("replay", replay, Some(targets[1])),
        ];
        for (side, samples, target) in all {
            let mut row = times(program, side, samples);
            if let Some(target) = target {
                let of = |of: fn(&Sample) -> f64| {
                    median(samples.iter().map(of)) / median(peer.iter().map(of))
                };
                let pairs = median(samples.iter().zip(peer).map(|(a, b)| a.wall / b.wall));
                let cpu = of(|s| s.user + s.system);
                row += &format!("{:7.2} {pairs:7.2} {cpu:7.2}", of(|s| s.wall));
                if target.is_finite() {
                    let verdict = if of(|s| s.wall) <= target { "met" } else { "MISSED" };
                    row += &format!("  ≤ {target} {verdict}");
                }
            }
            if let Some(rate) = rate(samples) {
                row += &format!("  {rate}");
            }
            self.rows.push(row);
        }
    }

    /// `verify` by itself; `target` in milliseconds of user time.
    pub fn verify(&mut self, samples: &[Sample], target: f64) {
        let user = median(samples.iter().map(|s| s.user));
        let verdict = if user <= target { "met" } else { "MISSED" };
        let row = times("skill of 1 MB", "verify", samples);
        self.rows.push(format!("{row}{:25}≤ {target} ms user {verdict}", ""));
    }

    /// What `replay` takes longer than the peer for one final state, beyond what it does for another.
    pub fn beyond(
        &mut self,
        large: &str,
        small: &str,
        [of_large, of_small]: [&[Vec<Sample>; 3]; 2],
        target: f64,
    ) {
        let median = |samples: &[Sample]| median(samples.iter().map(|s| s.wall));
        let more = |[peer, _, replay]: &[Vec<Sample>; 3]| median(replay) - median(peer);
        let more = more(of_large) - more(of_small);
        let verdict = if more <= target { "met" } else { "MISSED" };
        self.rows.push(format!(
            "replay of a state of {large} beyond {small}: {more:.1} ms  ≤ {target} ms {verdict}"
        ));
    }

    pub fn print(&self, rounds: usize) {
        say(&format!(
            "medians of {rounds}, in ms; multiples of wasmtime's: of medians, median of pairs, of user + system"
        ));
        say(&format!(
            "{:14} {:9} {:>9} {:>9} {:>9} {:>7} {:>7} {:>7}",
            "program", "side", "wall", "user", "system", "wall", "pairs", "cpu"
        ));
        for row in &self.rows {
            say(row);
        }
    }
}

fn times(program: &str, side: &str, samples: &[Sample]) -> String {
    let of = |of: fn(&Sample) -> f64| median(samples.iter().map(of));
    let (wall, user, system) = (of(|s| s.wall), of(|s| s.user), of(|s| s.system));
    format!("{program:14} {side:9} {wall:9.1} {user:9.1} {system:9.1} ")
}

/// A line on standard output; when nobody listens any more, so be it.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
