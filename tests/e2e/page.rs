//! The page of a replay: complete, escaped, self-contained, and readable in a browser.

use super::common::{Ended, Place, skipped};
use provenact::verify::{DOES_NOT_PROVE, PROVES};

/// Reads a file whose name is markup, prints what it read, and writes a file.
const MARKUP: &str = r#"(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "<script>alert(1)<")
  (data (i32.const 0) "\00\01\00\00\20\00\00\00")
  (func $<img-src=x> (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))))
  (func (export "_start")
    (drop (call $open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 17) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 20)))
    (drop (call $read (i32.load (i32.const 20)) (i32.const 0) (i32.const 1) (i32.const 16)))
    (call $<img-src=x>)))"#;

/// What the page may not have: scripts, and anything that a browser would fetch or follow.
const FORBIDDEN: [&str; 12] = [
    "<script", "<img", "<link", "<iframe", "<object", "<a ", " src=", " href=", "url(", "@import",
    "://", "onload",
];

impl Place {
    /// The page of a replay, checked for what no page may have.
    fn page(&self, name: &str) -> String {
        let page = String::from_utf8(self.read(name)).unwrap();
        for word in FORBIDDEN {
            assert!(!page.contains(word), "{word:?} is in {page}");
        }
        assert!(page.starts_with("<!DOCTYPE html>"), "{page}");
        let policy = "content=\"default-src 'none'; style-src 'unsafe-inline';";
        assert!(page.contains(policy), "{page}");
        page
    }

    /// What a browser makes of the page; none, loudly, without one.
    fn seen(&self, name: &str) -> Option<String> {
        let mut browser = self.command("chromium");
        browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]);
        browser.arg(format!("--user-data-dir={}", self.path("browser").display()));
        browser.arg(format!("file://{}", self.path(name).display()));
        match browser.output() {
            Ok(output) => {
                let ended = Ended::of(output).status(0);
                let text = text_of(&ended.out());
                assert!(!text.is_empty(), "{}", ended.err());
                Some(text)
            }
            Err(_) => {
                skipped("chromium is not there; that a browser shows the page was NOT tested");
                None
            }
        }
    }

    /// Demands text on a page, as it is written and as a browser shows it.
    fn shows(&self, name: &str, wanted: &[&str]) {
        let written = text_of(&self.page(name));
        for text in [Some(written), self.seen(name)].into_iter().flatten() {
            for wanted in wanted {
                assert!(text.contains(wanted), "{wanted:?} is not in {text}");
            }
        }
    }
}

/// The text of a page, without its tags.
fn text_of(page: &str) -> String {
    let body = &page[page.find("<body").unwrap()..];
    let mut text = String::new();
    let mut inside = false;
    for c in body.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            _ if inside => {}
            _ => text.push(c),
        }
    }
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")];
    entities.iter().fold(text, |text, (entity, c)| text.replace(entity, c))
}

#[test]
fn the_page_of_a_reproduced_receipt_has_the_whole_chain() {
    let place = Place::recorded();
    let keys = "--pub operator.pub.pem --pub author.pub.pem";
    let line = format!("replay receipt.json {keys} --engine all --html page.html");
    place.type_in(&line).status(0).says("reproduced");
    let digest = |name: &str| {
        let hash = provenact::digest::sha256(&place.read(name));
        format!("sha256:{}", provenact::digest::hex(&hash))
    };
    let wanted = [
        "Reproduced",
        PROVES,
        DOES_NOT_PROVE,
        "Author's attestation verified by author",
        "Signatures verified by operator",
        "Trace has the digest that the receipt names",
        "Independent engine classes that reproduced it: 2 (wasmtime, wasmi)",
        "/data/request.txt",
        "fs.read=/data",
        "Timeline of events",
        &digest("receipt.trace"),
        &digest("decide.skill/skill.wasm"),
    ];
    place.shows("page.html", &wanted);
    // An existing file stays what it is, and nothing is replayed for it.
    let before = place.read("page.html");
    place.type_in(&line).refused(2, "output-exists");
    assert_eq!(place.read("page.html"), before);
    let nowhere = format!("replay receipt.json {keys} --html nowhere/page.html");
    place.type_in(&nowhere).refused(2, "output-failed");
}

#[test]
fn the_page_of_a_refuted_receipt_shows_the_difference_and_no_markup_of_others() {
    let place = Place::new();
    place.skill("markup", MARKUP, "--cap fs.read=/data");
    place.write("data/<script>alert(1)<", "<b>bold</b>\u{202e}");
    let run = "run -q --pub author.pub.pem --key operator.key.pem --dir-ro data::/data";
    place.type_in(&format!("{run} markup.skill")).status(0);
    let mut events = place.events();
    events[1].written[0] = b"<i>sold</i>\xe2\x80\xae".to_vec();
    place.forge(&events, |_| ()).status(1);
    let line = "replay forged.json --pub operator.pub.pem --html page.html";
    place.type_in(line).status(1).says("likely cause");
    let wanted = [
        "Refuted",
        "First difference: event 2, wasi_snapshot_preview1.fd_write",
        "recordedfd_write(fd=1, \"<b>bold</b>",
        "replayedfd_write(fd=1, \"<i>sold</i>",
        "path=\"<script>alert(1)<\"",
        "/data/<script>alert(1)<",
        "<img-src=x>",
        "Likely cause: an earlier answer was changed",
        "as the receipt claims",
    ];
    place.shows("page.html", &wanted);
    assert!(!place.page("page.html").contains('\u{202e}'));
    // Without a verdict there is no page.
    place.write("torn.json", place.read("receipt.json"));
    place.write("torn.trace", &place.read("receipt.trace")[..400]);
    place.type_in("replay torn.json --html torn.html").status(2);
    assert!(!place.exists("torn.html"));
}

#[test]
fn the_page_of_an_interrupted_receipt_claims_no_more() {
    let place = Place::new();
    place.skill("endless", r#"(module (func (export "_start") (loop (br 0))))"#, "");
    let run = "run -q --timeout 0.3 --pub author.pub.pem --key operator.key.pem endless.skill";
    place.type_in(run).status(137);
    let line = "replay receipt.json --pub operator.pub.pem --html page.html";
    place.type_in(line).status(2);
    place
        .shows("page.html", &["Interrupted", "this is no proof of the receipt", "the time was up"]);
    assert!(!place.page("page.html").contains("It proves"));
}
