//! Expected outcomes: one line a case, in `expected/NAME.txt`. `BLESS=1` writes them anew; what a case
//! must never do is not in the table and cannot be blessed.

use super::common::variable;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Outcomes that were found, by case.
#[derive(Default)]
pub struct Table(BTreeMap<String, String>);

impl Table {
    /// Enters the outcome of a case.
    #[track_caller]
    pub fn enter(&mut self, case: &str, outcome: String) {
        assert!(!case.contains(" -> "), "{case}");
        let before = self.0.insert(case.to_owned(), outcome);
        assert!(before.is_none(), "{case}: two cases of that name");
    }

    /// Demands that exactly these cases and outcomes are in `expected/NAME.txt`.
    #[track_caller]
    pub fn agrees(&self, name: &str) {
        let path = file(name);
        if variable("BLESS").is_some() {
            fs_err::write(&path, self.text()).unwrap();
            return;
        }
        let expected = fs_err::read_to_string(&path).unwrap_or_default();
        let expected: BTreeMap<&str, &str> =
            expected.lines().map(|line| line.split_once(" -> ").unwrap()).collect();
        let mut wrong = String::new();
        for (case, found) in &self.0 {
            match expected.get(case.as_str()) {
                Some(outcome) if outcome == found => {}
                Some(outcome) => {
                    let _ = writeln!(wrong, "  {case}: expected {outcome}, found {found}");
                }
                None => {
                    let _ = writeln!(wrong, "  {case}: a new case, found {found}");
                }
            }
        }
        for case in expected.keys().filter(|case| !self.0.contains_key(**case)) {
            let _ = writeln!(wrong, "  {case}: was not tried");
        }
        assert!(wrong.is_empty(), "{}:\n{wrong}", path.display());
    }

    fn text(&self) -> String {
        self.0.iter().map(|(case, outcome)| format!("{case} -> {outcome}\n")).collect()
    }
}

fn file(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/escape/expected");
    folder.join(format!("{name}.txt"))
}
