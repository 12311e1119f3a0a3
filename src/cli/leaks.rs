//! What is said about the leaks of a module: for people, in JSON, and as a refusal.

use super::error::CommandError;
use super::profile::counted;
use super::ui::Ui;
use crate::reason::Reason;
use crate::wasm::{Leak, LeakKind};
use serde::Serialize;
use std::collections::BTreeSet;

/// Leaks that are shown to people, unless they are why a module is refused.
const SHOWN: usize = 5;

/// A leak, in JSON.
#[derive(Serialize)]
pub struct LeakReport {
    kind: &'static str,
    segment: u32,
    offset: u64,
    text: String,
    cure: &'static str,
}

/// The leaks, in JSON.
pub fn reports(leaks: &[Leak]) -> Vec<LeakReport> {
    let report = |leak: &Leak| LeakReport {
        kind: leak.kind.code(),
        segment: leak.segment,
        offset: leak.offset,
        text: leak.text.clone(),
        cure: leak.cure,
    };
    leaks.iter().map(report).collect()
}

/// Warns of the first few, and says what avoids them.
pub fn warn(leaks: &[Leak], ui: Ui) {
    for leak in leaks.iter().take(SHOWN) {
        ui.warn(&words(leak));
    }
    if let Some(more @ 1..) = leaks.len().checked_sub(SHOWN) {
        ui.warn(&format!(
            "{} more in the data; --format json lists them",
            counted(more as u64, "leak")
        ));
    }
    for cure in cures(leaks) {
        ui.talk(&format!("hint: {cure}"));
    }
}

/// Those that tell where a module was built and by whom; not when.
pub fn of_host(leaks: &[Leak]) -> Vec<Leak> {
    leaks.iter().filter(|leak| leak.kind != LeakKind::Time).cloned().collect()
}

/// Refuses a module that has any, and lists them all.
pub fn deny(leaks: &[Leak], ui: Ui) -> Result<(), CommandError> {
    if leaks.is_empty() {
        return Ok(());
    }
    if !ui.is_json() {
        for leak in leaks {
            ui.warn(&words(leak));
        }
    }
    let message = format!("{} in the data", counted(leaks.len() as u64, "leak"));
    let mut refused = CommandError::new(Reason::LeaksFound, message);
    for cure in cures(leaks) {
        refused = refused.hint(cure);
    }
    refused.details = Some(crate::json::to_value(&reports(leaks))?);
    Err(refused)
}

fn words(leak: &Leak) -> String {
    format!("{} in the data at byte {}: {:?}", leak.kind.name(), leak.offset, leak.text)
}

/// What avoids them, each thing once.
fn cures(leaks: &[Leak]) -> Vec<&'static str> {
    let mut said = BTreeSet::new();
    leaks.iter().map(|leak| leak.cure).filter(|cure| said.insert(*cure)).collect()
}
