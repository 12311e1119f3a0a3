//! Integers whose digits do not survive.
//!
//! Most readers of JSON take every number as a double, and so does JCS (RFC 8785, section 3.2.2.3):
//! of 9007199254740993 they make 9007199254740992. Two readers of one signed text would then see
//! two numbers. So an integer is taken and written only when JCS gives its digits back.

use super::Value;
use serde::Serialize;
use serde_json::ser::Formatter;
use std::io;
use std::ops::Range;

/// Where in a text one stands.
enum Step {
    Index(usize),
    /// The range of the member's name, with its quotes.
    Name(Range<usize>),
}

/// The first integer in `text`, which is JSON, that is not exact: its path and digits.
pub(super) fn first_inexact(text: &[u8]) -> Option<(String, String)> {
    let mut path: Vec<Step> = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let mut end = at + 1;
        match byte {
            b'"' => {
                end = end_of_string(text, at);
                if is_name(text, end)
                    && let Some(step) = path.last_mut()
                {
                    *step = Step::Name(at..end);
                }
            }
            b'[' => path.push(Step::Index(0)),
            b'{' => path.push(Step::Name(0..0)),
            b']' | b'}' => drop(path.pop()),
            b',' => {
                if let Some(Step::Index(index)) = path.last_mut() {
                    *index += 1;
                }
            }
            b'-' | b'0'..=b'9' => {
                let rest = text.get(at..).unwrap_or_default();
                let in_number =
                    |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                end = at + rest.iter().take_while(in_number).count();
                let number = String::from_utf8_lossy(text.get(at..end).unwrap_or_default());
                if !is_exact(&number) {
                    return Some((shown(text, &path), number.into_owned()));
                }
            }
            _ => {}
        }
        at = end;
    }
    None
}

/// Whether `value` has an integer that a double may not keep, so that its digits have to be looked at.
pub(super) fn is_wide(value: &impl Serialize) -> Result<bool, serde_json::Error> {
    let mut wide = false;
    let formatter = Integers(&mut wide);
    value.serialize(&mut serde_json::Serializer::with_formatter(io::sink(), formatter))?;
    Ok(wide)
}

/// Looks at the integers that are written.
struct Integers<'w>(&'w mut bool);

impl Integers<'_> {
    fn note(&mut self, magnitude: u128) -> io::Result<()> {
        *self.0 |= magnitude > 1 << 53;
        Ok(())
    }
}

/// What has at most 32 bits is left to the default.
impl Formatter for Integers<'_> {
    fn write_i64<W: ?Sized + io::Write>(&mut self, _: &mut W, value: i64) -> io::Result<()> {
        self.note(value.unsigned_abs().into())
    }

    fn write_u64<W: ?Sized + io::Write>(&mut self, _: &mut W, value: u64) -> io::Result<()> {
        self.note(value.into())
    }

    fn write_i128<W: ?Sized + io::Write>(&mut self, _: &mut W, value: i128) -> io::Result<()> {
        self.note(value.unsigned_abs())
    }

    fn write_u128<W: ?Sized + io::Write>(&mut self, _: &mut W, value: u128) -> io::Result<()> {
        self.note(value)
    }
}

/// The first integer in `value` that is not exact: its path and digits.
pub(super) fn first_inexact_of(value: &Value) -> Option<(String, String)> {
    match value {
        Value::Number(number) if !number.is_f64() => {
            let digits = number.to_string();
            (!is_exact(&digits)).then(|| (String::new(), digits))
        }
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            first_inexact_of(item).map(|(path, digits)| (format!("[{index}]{path}"), digits))
        }),
        Value::Object(members) => members.iter().find_map(|(name, member)| {
            first_inexact_of(member).map(|(path, digits)| (format!(".{name}{path}"), digits))
        }),
        _ => None,
    }
}

/// Whether a double keeps the digits of `number`, if it is an integer.
fn is_exact(number: &str) -> bool {
    let digits = number.trim_start_matches('-');
    // Fifteen digits are always kept; a fraction or an exponent says that a double is meant.
    if digits.len() <= 15 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    let Ok(double) = digits.parse::<f64>() else { return false };
    // The shortest digits that mean this double, which are those that JCS writes.
    let shortest = format!("{double:e}");
    let Some((mantissa, exponent)) = shortest.split_once('e') else { return false };
    mantissa.replace('.', "") == digits.trim_end_matches('0')
        && exponent == (digits.len() - 1).to_string()
}

/// The end of the string that begins at `start`.
fn end_of_string(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

/// Whether a colon comes next.
fn is_name(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':')
}

/// A path such as `.a[3].b`, names as they are spelt.
fn shown(text: &[u8], path: &[Step]) -> String {
    let step = |step: &Step| match step {
        Step::Index(index) => format!("[{index}]"),
        Step::Name(range) => {
            let name = text.get(range.start + 1..range.end.saturating_sub(1)).unwrap_or_default();
            format!(".{}", String::from_utf8_lossy(name).chars().take(200).collect::<String>())
        }
    };
    path.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{parse, to_jcs, to_value};

    #[test]
    fn an_integer_is_taken_when_jcs_gives_its_digits_back() {
        let mut numbers: Vec<String> = Vec::new();
        for shift in 0..80 {
            for step in -9..=9_i128 {
                numbers.push(((1_i128 << shift) + step).to_string());
                numbers.push((10_i128.pow(shift % 30) + step).to_string());
                numbers.push((step - (1_i128 << shift)).to_string());
            }
        }
        let (mut kept, mut refused) = (0, 0);
        for number in &numbers {
            let canonical = serde_json::from_str::<f64>(number).unwrap();
            let canonical = serde_json_canonicalizer::to_string(&canonical).unwrap();
            // Beyond 10^21 JCS writes an exponent.
            let survives = canonical == *number || canonical.contains('e') && is_exact(number);
            assert_eq!(parse(number.as_bytes()).is_ok(), survives, "{number}");
            if let (true, Ok(value)) = (survives, parse(number.as_bytes())) {
                assert_eq!(to_jcs(&value).unwrap(), canonical.as_bytes(), "{number}");
                kept += 1;
            } else {
                refused += 1;
            }
        }
        assert!(kept > 1000 && refused > 100, "{kept} {refused}");
    }

    #[test]
    fn the_place_is_named() {
        for (text, path) in [
            ("9007199254740993", "$:"),
            (r#"{"a":{"é":[1,"x\",9007199254740993",{"b" : -9007199254740993 }]}}"#, "$.a.é[2].b:"),
            (r#"[[],{},{"c":[[9007199254740992,18446744073709551615]]}]"#, "$[2].c[0][1]:"),
            (r#"{"a":1,"b":18446744073709551617}"#, "$.b:"),
        ] {
            let error = parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(path), "{text}: {error}");
        }
        for good in ["9007199254740992", "1e300", "0.1234567890123456789", "\"9007199254740993\""] {
            assert!(parse(good.as_bytes()).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_would_be_rounded_is_not_written() {
        for (number, fits) in [(1_u64 << 53, true), ((1 << 53) + 1, false), (u64::MAX, false)] {
            let value = to_value(&[[number]]).unwrap();
            assert_eq!(to_jcs(&value).is_ok(), fits, "{number}");
        }
        let said = to_jcs(&super::super::json!({"a": [0, i64::MIN]})).unwrap_err().to_string();
        assert!(said.contains("$.a[1]: -9223372036854775808"), "{said}");
    }
}
