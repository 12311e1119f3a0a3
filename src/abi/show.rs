//! Printing calls and answers for people, by the table's rows.

use super::{Answer, Function, Gives, Length, Role, Show, clock_name, errno_name};
use std::fmt::Write as _;

/// Bytes of a range that are shown.
const SHOWN_BYTES: usize = 64;

/// `name(parameter=value, …)`. `handed` is what the host reads in the call, all ranges in a row,
/// perhaps cut at the end.
#[must_use]
pub fn call(row: &Function, args: &[u64], handed: &[u8]) -> String {
    let arg = |at: usize| args.get(at).copied().unwrap_or_default();
    let mut text = format!("{}(", row.name);
    let mut handed = handed;
    let mut vectors = row.params.len();
    let mut separator = "";
    for (at, param) in row.params.iter().enumerate() {
        let value = arg(at);
        let shown = match param.role {
            Role::Size | Role::Value(Show::Hidden) => continue,
            Role::Fd => format!("{}={value}", param.name),
            Role::Value(show) => format!("{}={}", param.name, number(show, value)),
            Role::Reads(length, show) => {
                let len = match length {
                    Length::Param(of) => arg(of),
                    Length::Records(of, size) => arg(of).saturating_mul(u64::from(size)),
                    Length::Fixed(size) => u64::from(size),
                    _ => handed.len() as u64,
                };
                let (own, rest) = split(handed, len);
                handed = rest;
                format!("{}={}", param.name, bytes(show, own, len))
            }
            Role::ReadsVec(_) => {
                let len = arg(vectors + 1);
                vectors += 2;
                let (own, rest) = split(handed, len);
                handed = rest;
                bytes(Show::Bytes, own, len)
            }
            Role::WritesVec(..) => {
                let len = arg(vectors + 1);
                vectors += 2;
                format!("{}=[{len} bytes]", param.name)
            }
            Role::Writes(..) => format!("{}=@{value:#x}", param.name),
        };
        let _ = write!(text, "{separator}{shown}");
        separator = ", ";
    }
    text.push(')');
    text
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
        (_, Answer::Value(0)) => "done".to_owned(),
        (_, Answer::Value(bits)) => bits.to_string(),
    }
}

fn number(show: Show, value: u64) -> String {
    match show {
        Show::Signed => (value as i64).to_string(),
        Show::Flags => format!("{value:#x}"),
        Show::Clock => clock_name(value).to_owned(),
        Show::Nanos => format!("{value}ns"),
        Show::Float => f64::from_bits(value).to_string(),
        _ => value.to_string(),
    }
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
            r#"fd_write(fd=1, "hello\n", nwritten=@0x14)"#
        );
        assert_eq!(
            call(row("clock_time_get"), &[0, 1000, 64], b""),
            "clock_time_get(id=realtime, precision=1000ns, time=@0x40)"
        );
        assert_eq!(
            call(row("path_rename"), &[3, 0, 1, 4, 0, 2], b"abb"),
            r#"path_rename(fd=3, old_path="a", new_fd=4, new_path="bb")"#
        );
        assert_eq!(answer(row("fd_close"), Answer::Value(8)), "badf (8)");
    }
}
