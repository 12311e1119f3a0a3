//! Printing calls and answers for people, by the table's rows.

use super::names::{advice_name, flag_names, whence_name};
use super::{Answer, Function, Gives, Length, Role, Show, Used, clock_name, errno_name};
use std::fmt::Write as _;

/// Bytes of a range that are shown.
const SHOWN_BYTES: usize = 64;
/// The clock whose readings are dates.
const REALTIME: u64 = 0;

/// `name(parameter=value, …)`. `handed` is what the host reads in the call, all ranges in a row,
/// perhaps cut at the end. Where the answer goes is not shown, only how much room it has.
#[must_use]
pub fn call(row: &Function, args: &[u64], handed: &[u8]) -> String {
    let shown = arguments(row, args, handed);
    let shown: Vec<String> = shown.into_iter().map(Shown::into_text).collect();
    format!("{}({})", row.name, shown.join(", "))
}

/// One argument of a call, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The parameter's name.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// Whether the value says by itself which it is.
    plain: bool,
}

impl Shown {
    fn into_text(self) -> String {
        if self.plain { self.value } else { format!("{}={}", self.name, self.value) }
    }
}

/// The arguments that [`call`] shows.
#[must_use]
pub fn arguments(row: &Function, args: &[u64], handed: &[u8]) -> Vec<Shown> {
    let arg = |at: usize| args.get(at).copied().unwrap_or_default();
    let mut all = Vec::new();
    let mut handed = handed;
    let mut vectors = row.params.len();
    for (at, param) in row.params.iter().enumerate() {
        let value = arg(at);
        let mut plain = false;
        let value = match param.role {
            Role::Size | Role::Value(Show::Hidden) => continue,
            Role::Fd => value.to_string(),
            Role::Value(show) => {
                plain = show == Show::Clock;
                number(show, value)
            }
            Role::Reads(length, show) => {
                let len = match length {
                    Length::Param(of) => arg(of),
                    Length::Records(of, size) => arg(of).saturating_mul(u64::from(size)),
                    Length::Fixed(size) => u64::from(size),
                    _ => handed.len() as u64,
                };
                let (own, rest) = split(handed, len);
                handed = rest;
                bytes(show, own, len)
            }
            Role::ReadsVec(_) => {
                let len = arg(vectors + 1);
                vectors += 2;
                let (own, rest) = split(handed, len);
                handed = rest;
                plain = true;
                bytes(Show::Bytes, own, len)
            }
            Role::WritesVec(..) => {
                let len = arg(vectors + 1);
                vectors += 2;
                plain = true;
                format!("[{len} bytes]")
            }
            Role::Writes(Length::Param(of), ..) => {
                plain = true;
                format!("[{} bytes]", arg(of))
            }
            Role::Writes(..) => continue,
        };
        all.push(Shown { name: param.name, value, plain });
    }
    all
}

/// What a call came to: what it wrote where it succeeded, otherwise as [`answer`]. `written` are the
/// ranges that the host wrote, in the order of the parameters.
#[must_use]
pub fn answered(row: &Function, args: &[u64], given: Answer, written: &[&[u8]]) -> String {
    let gave = answer(row, given);
    if !row.succeeded(given) || !matches!(row.gives, Gives::Errno | Gives::Count) {
        return gave;
    }
    let ranges = row.params.iter().filter_map(|param| match param.role {
        Role::Writes(length, _, show) => Some((param.name, length, show)),
        Role::WritesVec(..) => Some((param.name, Length::Fixed(0), Show::Bytes)),
        _ => None,
    });
    let mut said = Vec::new();
    for ((name, length, show), range) in ranges.zip(written) {
        // Pointers into guest memory say nothing, and a count is said by what it counts.
        let pointers = matches!(length, Length::ArgPointers | Length::EnvPointers);
        let counts = row.params.iter().any(|param| match param.role {
            Role::Writes(_, Used::CountAt(at, _), _) | Role::WritesVec(_, at) => {
                row.params.get(at).is_some_and(|count| count.name == name)
            }
            _ => false,
        });
        if pointers || counts {
            continue;
        }
        said.push(match show {
            Show::Instant => instant(args.first().copied().unwrap_or_default(), integer(range)),
            Show::Nanos => number(show, integer(range)),
            Show::Integer => format!("{name}={}", integer(range)),
            Show::Hidden => format!("{name}=[{} bytes]", range.len()),
            _ => bytes(show, range, range.len() as u64),
        });
    }
    if said.is_empty() { gave } else { said.join(", ") }
}

/// The argument at `at`, with nothing left out: addresses and lengths too.
#[must_use]
pub fn argument(row: &Function, at: usize, value: u64) -> String {
    match row.params.get(at).map(|param| param.role) {
        Some(Role::Value(show)) => number(show, value),
        Some(Role::Fd | Role::Size) => value.to_string(),
        Some(_) => format!("@{value:#x}"),
        None if (at - row.params.len()).is_multiple_of(2) => format!("@{value:#x}"),
        None => format!("{value} bytes"),
    }
}

/// Bytes as text in quotes, cut with a count of what is left out.
#[must_use]
pub fn quoted(own: &[u8]) -> String {
    bytes(Show::Bytes, own, own.len() as u64)
}

/// `text`, cut after `most` characters with a count of what is left out.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => {
            let (kept, left) = text.split_at(at);
            format!("{kept}… (+{} characters)", left.chars().count())
        }
    }
}

/// `text` with control characters and those that turn the direction of writing escaped, so that names from untrusted files can neither move a
/// terminal's cursor nor, unless `lines` are wanted, begin a line of their own.
#[must_use]
pub fn visible(text: &str, lines: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if turns {
            out.extend(c.escape_unicode());
        } else if c.is_control() && !(lines && (c == '\n' || c == '\t')) {
            out.extend(c.escape_debug());
        } else {
            out.push(c);
        }
    }
    out
}

/// What a call was answered: `success`, an errno's name, raw bits.
#[must_use]
pub fn answer(row: &Function, answer: Answer) -> String {
    match (row.gives, answer) {
        (_, Answer::Fault) => "host fault".to_owned(),
        (_, Answer::Never) => "no return".to_owned(),
        (Gives::Errno, Answer::Value(errno)) => format!("{} ({errno})", errno_name(errno)),
        (Gives::Bits64, Answer::Value(bits)) => f64::from_bits(bits).to_string(),
        (Gives::Count, Answer::Value(bits)) => match (bits as u32).cast_signed() {
            failed if failed < 0 => format!("failed ({failed})"),
            count => count.to_string(),
        },
        (Gives::Seconds, Answer::Value(bits)) => {
            instant(REALTIME, bits.saturating_mul(1_000_000_000))
        }
        (_, Answer::Value(0)) => "done".to_owned(),
        (_, Answer::Value(bits)) => bits.to_string(),
    }
}

fn number(show: Show, value: u64) -> String {
    match show {
        Show::Signed => (value as i64).to_string(),
        Show::Flags(names) => flag_names(names, value),
        Show::Whence => whence_name(value).to_owned(),
        Show::Advice => advice_name(value).to_owned(),
        Show::Clock => clock_name(value).to_owned(),
        Show::Nanos => format!("{value}ns"),
        Show::Float => f64::from_bits(value).to_string(),
        _ => value.to_string(),
    }
}

/// A clock's reading: the real-time clock's as a date.
fn instant(clock: u64, nanos: u64) -> String {
    let date = time::OffsetDateTime::from_unix_timestamp_nanos(nanos.into()).ok();
    let date = date.filter(|_| clock == REALTIME);
    let text =
        date.and_then(|date| date.format(&time::format_description::well_known::Rfc3339).ok());
    text.unwrap_or_else(|| number(Show::Nanos, nanos))
}

/// A little-endian number of up to 8 bytes.
fn integer(range: &[u8]) -> u64 {
    range
        .iter()
        .rev()
        .skip(range.len().saturating_sub(8))
        .fold(0, |n, byte| n << 8 | u64::from(*byte))
}

/// `len` bytes, of which `own` are there, quoted and cut.
fn bytes(show: Show, own: &[u8], len: u64) -> String {
    if show == Show::Hidden {
        return format!("[{len} bytes]");
    }
    let shown = &own[..own.len().min(SHOWN_BYTES)];
    let mut text = match show {
        Show::Utf16 => format!("{:?}", utf16(shown)),
        _ => format!("\"{}\"", shown.escape_ascii()),
    };
    let left = len.saturating_sub(shown.len() as u64);
    if left > 0 {
        let _ = write!(text, "… (+{left} bytes)");
    }
    text
}

/// UTF-16 text, little-endian; what is not text becomes the replacement character.
#[must_use]
pub fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn split(bytes: &[u8], len: u64) -> (&[u8], &[u8]) {
    bytes.split_at(usize::try_from(len).unwrap_or(usize::MAX).min(bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::lookup;

    #[test]
    fn calls_read_well() {
        let row = |name| lookup("wasi_snapshot_preview1", name).unwrap();
        assert_eq!(
            call(row("fd_write"), &[1, 8, 1, 20, 40, 6], b"hello\n"),
            r#"fd_write(fd=1, "hello\n")"#
        );
        assert_eq!(
            call(row("clock_time_get"), &[0, 1000, 64], b""),
            "clock_time_get(realtime, precision=1000ns)"
        );
        assert_eq!(
            call(row("path_rename"), &[3, 0, 1, 4, 0, 2], b"abb"),
            r#"path_rename(fd=3, old_path="a", new_fd=4, new_path="bb")"#
        );
        assert_eq!(
            call(row("path_open"), &[3, 1, 0, 1, 9, 0x42, 1 << 40, 16, 8], b"f"),
            "path_open(fd=3, dirflags=symlink_follow, path=\"f\", oflags=creat|trunc, \
             rights_base=fd_read|fd_write, rights_inheriting=0x10000000000, fdflags=sync)"
        );
        assert_eq!(
            call(row("fd_seek"), &[4, u64::MAX, 2, 8], b""),
            "fd_seek(fd=4, offset=-1, whence=end)"
        );
        assert_eq!(call(row("random_get"), &[64, 4], b""), "random_get([4 bytes])");
        assert_eq!(answer(row("fd_close"), Answer::Value(8)), "badf (8)");
    }

    #[test]
    fn answers_read_well() {
        let row = |name| lookup("wasi_snapshot_preview1", name).unwrap();
        let ok = |name, args: &[u64], written: &[&[u8]]| {
            answered(row(name), args, Answer::Value(0), written)
        };
        let now = 1_792_937_493_000_000_001_u64.to_le_bytes();
        assert_eq!(ok("clock_time_get", &[0, 1, 8], &[&now]), "2026-10-25T14:11:33.000000001Z");
        assert_eq!(ok("clock_time_get", &[1, 1, 8], &[&now]), "1792937493000000001ns");
        assert_eq!(
            ok("clock_time_get", &[0, 1, 8], &[&[0xff; 8]]),
            "2554-07-21T23:34:33.709551615Z"
        );
        assert_eq!(ok("fd_read", &[4, 8, 1, 0, 64, 32], &[b"420\n", &[4, 0, 0, 0]]), r#""420\n""#);
        assert_eq!(ok("fd_write", &[1, 8, 1, 0, 64, 6], &[&[6, 0, 0, 0]]), "nwritten=6");
        assert_eq!(ok("path_open", &[3], &[&[4, 0, 0, 0]]), "opened_fd=4");
        assert_eq!(ok("random_get", &[8, 4], &[b"abcd"]), "buf=[4 bytes]");
        assert_eq!(ok("args_get", &[8, 64], &[&[0; 4], b"me\0"]), r#""me\x00""#);
        assert_eq!(ok("fd_close", &[4], &[]), "success (0)");
        assert_eq!(answered(row("fd_read"), &[4], Answer::Value(8), &[b"", b"1234"]), "badf (8)");
        let skill = |name| lookup("provenact", name).unwrap();
        let said = |name, bits, written: &[&[u8]]| {
            answered(skill(name), &[0, 0, 8, 9], Answer::Value(bits), written)
        };
        assert_eq!(said("fs_read_file", 3, &[b"abc"]), r#""abc""#);
        assert_eq!(said("fs_read_file", u64::from(u32::MAX), &[b""]), "failed (-1)");
        assert_eq!(said("output_write", 0, &[]), "0");
        assert_eq!(said("time_now_unix", 1_792_937_493, &[]), "2026-10-25T14:11:33Z");
        assert_eq!(argument(row("fd_write"), 1, 64), "@0x40");
        assert_eq!(argument(row("fd_write"), 5, 64), "64 bytes");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("äöü", 1), "ä… (+2 characters)");
    }
}
