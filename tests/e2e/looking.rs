//! Looking at executions without running them: `inspect --events`.

use super::common::Place;
use serde_json::Value;

#[test]
fn events_are_told_one_a_line() {
    let place = Place::recorded();
    let all = place.type_in("inspect receipt.json --events").status(0).out();
    let lines: Vec<&str> = all.lines().collect();
    let (end, events) = lines.split_last().unwrap();
    assert_eq!(*end, format!("+++ returned ({0} of {0} events) +++", events.len()));
    for (at, line) in events.iter().enumerate() {
        assert!(line.starts_with(&format!("{at:>6}  ")), "{line}");
        assert!(line.contains(") = "), "{line}");
    }
    assert!(all.contains(r#"fd_read(fd=4, [32 bytes]) = "420\n""#), "{all}");
    assert!(all.contains(r#"path_open(fd=3, "#), "{all}");

    let clock = place.type_in("inspect receipt.json --events --kind clock").status(0).out();
    assert!(clock.lines().count() >= 2, "{clock}");
    for line in clock.lines().take_while(|line| !line.starts_with("+++")) {
        let time = line.split_once("clock_time_get(realtime, precision=1ns) = 20");
        let time = time.unwrap_or_else(|| panic!("{line}")).1;
        assert!(time.ends_with('Z') && all.contains(line), "{line}");
    }
    let two = "inspect receipt.json --events --kind clock --kind random";
    assert!(place.type_in(two).status(0).out().lines().count() > clock.lines().count());

    let refused = place.type_in("inspect receipt.json --events --kind disk").refused(2, "usage");
    assert!(refused.err().contains("args, clock, env, exit, file"), "{}", refused.err());
    place.type_in("inspect receipt.json --kind clock").refused(2, "usage");
    place.type_in("inspect receipt.json --events --extract stdout").refused(2, "usage");
}

#[test]
fn events_are_json_lines() {
    let place = Place::recorded();
    let all = place.type_in("inspect receipt.json --events --format json").status(0).out();
    assert!(
        all.starts_with(r#"{"schema":"https://opertus.systems/provenact/events/v1","#),
        "{all}"
    );
    let lines: Vec<Value> = all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (first, rest) = lines.split_first().unwrap();
    let (end, events) = rest.split_last().unwrap();
    assert!(first["trace"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(end["events"], events.len());
    assert_eq!(end["outcome"]["kind"], "returned");
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event["event"], at);
        let function = event["function"].as_str().unwrap();
        assert!(function.starts_with("wasi_snapshot_preview1."), "{event}");
    }
    let clock = events.iter().find(|event| event["kind"] == "clock").unwrap();
    assert_eq!(clock["arguments"][0]["value"], "realtime");
    assert_eq!(clock["result"], "0");
    assert_eq!(clock["written"][0], 8);
}

/// What is shown before the end of a torn trace is of whole sections, and no end is shown.
#[test]
fn a_trace_that_is_not_the_receipts_has_no_last_line() {
    let place = Place::recorded();
    let trace = place.read("receipt.trace");
    place.write("torn.json", place.read("receipt.json"));
    place.write("torn.trace", &trace[..trace.len() - 20]);
    let torn = place.type_in("inspect torn.json --events").refused(2, "trace-truncated");
    assert!(!torn.out().contains("+++"), "{}", torn.out());

    let mut events = place.events();
    let clock = events.iter().position(|event| event.name == "clock_time_get").unwrap();
    events[clock].written[0][0] ^= 1;
    let forged = place.forge(&events, |_| ());
    assert_eq!(forged.status, 1);
    place.write("other.json", place.read("receipt.json"));
    place.write("other.trace", place.read("forged.trace"));
    let other = place.type_in("inspect other.json --events").refused(1, "trace-mismatch");
    assert!(!other.out().contains("+++"), "{}", other.out());
    // Who signed it is said as without --events.
    let shown = "inspect forged.json --events --pub author.pub.pem";
    place.type_in(shown).status(1).says("[signature-untrusted]").says("+++");
}
