//! Every file of `testvectors/trace/`: read whole, or refused with the reason in its header.

use provenact::trace::Reader;
use std::error::Error;
use std::io::Cursor;
use std::path::Path;

/// The outcome in the words of a vector's `expect` line.
fn outcome(trace: &[u8]) -> String {
    let read = || {
        let mut reader = Reader::open(Cursor::new(trace.to_vec()))?;
        while reader.next()?.is_some() {}
        Ok(reader.seal().is_some())
    };
    match read() {
        Ok(true) => "accept".to_owned(),
        Ok(false) => "read to its end without a seal".to_owned(),
        Err(error) => {
            let error: provenact::trace::Error = error;
            error.reason().name().to_owned()
        }
    }
}

#[test]
fn vectors_have_their_expected_outcome() -> Result<(), Box<dyn Error>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("testvectors/trace");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for entry in fs_err::read_dir(directory)? {
        let path = entry?.path();
        let bytes = fs_err::read(&path)?;
        let blank = bytes.windows(2).position(|two| two == b"\n\n").ok_or("no blank line")?;
        let header = std::str::from_utf8(&bytes[..blank])?;
        let field = |name: &str| header.lines().find_map(|line| line.strip_prefix(name));
        let expected = field("expect: ").ok_or("no expect line")?;
        assert!(field("covers: trace-").is_some(), "{} covers nothing", path.display());
        let found = outcome(&bytes[blank + 2..]);
        if found != expected {
            wrong.push(format!("{}: expected {expected}, found {found}", path.display()));
        }
        seen += 1;
    }
    assert!(seen > 0, "there are no vectors");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
