//! Which passes a module goes through, as flags, and what they did, as text and JSON.

use super::error::CommandError;
use crate::profile::{Pass, Profile};
use crate::reason::Reason;
use crate::wasm::Applied;
use clap::builder::PossibleValuesParser;
use serde::Serialize;

/// The names of the passes, for `--without`.
pub fn passes() -> PossibleValuesParser {
    PossibleValuesParser::new(Pass::ALL.map(Pass::name))
}

/// The names of the profiles, for `--profile`.
pub fn profiles() -> PossibleValuesParser {
    PossibleValuesParser::new([Profile::PORTABLE, Profile::CANONICAL].map(Profile::name))
}

/// The profile called `name`, or else `default`, without some passes.
pub fn chosen(
    name: Option<&str>,
    without: &[String],
    default: Profile,
) -> Result<Profile, CommandError> {
    let whole = name.map_or(Ok(default), Profile::from_name);
    whole
        .and_then(|whole| whole.leaving_out(without.iter().map(String::as_str)))
        .map_err(|error| CommandError::new(Reason::Usage, error.to_string()))
}

/// What a pass did, in JSON.
#[derive(Serialize)]
pub struct PassReport {
    pass: &'static str,
    functions: usize,
    places: usize,
    bytes: i64,
}

/// What the passes did, in JSON.
pub fn reports(applied: &[Applied]) -> Vec<PassReport> {
    let report = |applied: &Applied| PassReport {
        pass: applied.pass.name(),
        functions: applied.functions,
        places: applied.places,
        bytes: applied.bytes,
    };
    applied.iter().map(report).collect()
}

/// What one pass did, in words.
pub fn words(applied: &Applied) -> String {
    if applied.places == 0 {
        return "nothing to do".to_owned();
    }
    let functions = match applied.functions {
        0 => String::new(),
        functions => format!(" in {}", counted(functions as u64, "function")),
    };
    format!("{}{functions}, {:+} bytes", counted(applied.places as u64, "place"), applied.bytes)
}

/// What the passes of `profile` did, in one line.
pub fn line(profile: Profile, applied: &[Applied]) -> String {
    let (busy, idle): (Vec<&Applied>, Vec<&Applied>) =
        applied.iter().partition(|applied| applied.places > 0);
    let did: Vec<String> =
        busy.iter().map(|a| format!("{} ({})", a.pass.name(), words(a))).collect();
    let idle: Vec<&str> = idle.iter().map(|applied| applied.pass.name()).collect();
    let left_out: Vec<&str> = match profile {
        Profile::CANONICAL => Vec::new(),
        some => Pass::ALL.iter().filter(|pass| !some.has(**pass)).map(|p| p.name()).collect(),
    };
    let mut parts = vec![did.join(", ")];
    if !idle.is_empty() {
        parts.push(format!("nothing to do for {}", idle.join(", ")));
    }
    if !left_out.is_empty() {
        parts.push(format!("left out: {}", left_out.join(", ")));
    }
    parts.retain(|part| !part.is_empty());
    match parts.join("; ") {
        empty if empty.is_empty() => profile.name().to_owned(),
        parts => format!("{}: {parts}", profile.name()),
    }
}

/// `1 place`, `2 places`.
pub fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
