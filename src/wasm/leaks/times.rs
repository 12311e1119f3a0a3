//! Times of a build. Those that look like nothing else: a number that could count seconds is none.

/// A time.
pub(super) struct Time<'a> {
    pub(super) text: &'a str,
    /// Whether it has the form of C's `__DATE__`.
    pub(super) is_date: bool,
    /// Whether it has the form of C's `__TIME__`, which alone says nothing.
    pub(super) is_bare: bool,
}

/// Shapes of times, by the letters of [`part`].
const SHAPES: &[&str] = &[
    "Y-m-dTh:n:s",
    "Y-m-d h:n:s",
    "W M e h:n:s Y",
    "W M e h:n:s Z Y",
    "W, d M Y h:n:s",
    "M e Y h:n:s",
    "M e Y, h:n:s",
    DATE,
];
const DATE: &str = "M e Y";
const BARE: &str = "h:n:s";

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];
const DAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// Longest zone that may follow a time, as in ` +0000`.
const ZONE: usize = 6;
/// Digits of a fraction of a second, as libraries for build scripts print it; examples have fewer.
const NANOSECONDS: usize = 9;
/// Hexadecimal digits of a source id, as SQLite has after the time of a release.
const SOURCE_ID: usize = 40;

/// The time that begins at `at`, if one does.
pub(super) fn at(data: &[u8], at: usize) -> Option<Time<'_>> {
    let rest = data.get(at..)?;
    let (&[first, second, third, fourth], _) = rest.split_first_chunk()?;
    // Most bytes begin nothing: a year of this century, `hh:`, or the short name of a month or day.
    let begins = match first {
        b'0'..=b'9' => (first == b'2' && second == b'0') || third == b':',
        b'A'..=b'Z' => fourth == b' ' || fourth == b',',
        _ => false,
    };
    if !begins {
        return None;
    }
    let before = at.checked_sub(1).and_then(|before| data.get(before)).copied();
    if before.is_some_and(|byte| byte.is_ascii_digit() || byte == b'-') {
        return None;
    }
    if before == Some(0)
        && let Some(length) = fits(rest, BARE)
        && rest.get(length) == Some(&0)
        && !rest.starts_with(b"00:00:00")
    {
        return Some(Time { text: text(rest, length)?, is_date: false, is_bare: true });
    }
    let (shape, length) = SHAPES.iter().find_map(|s| Some((*s, fits(rest, s)?)))?;
    let is_date = shape.starts_with(DATE);
    if is_date && before.is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    if is_other(rest.get(length..).unwrap_or_default(), before) {
        return None;
    }
    Some(Time { text: text(rest, length)?, is_date, is_bare: false })
}

fn text(rest: &[u8], length: usize) -> Option<&str> {
    std::str::from_utf8(rest.get(..length)?).ok()
}

/// Whether what stands around a time shows that it is not one of a build: more digits, a
/// source id, quotes or markup around it.
fn is_other(after: &[u8], before: Option<u8>) -> bool {
    let next = after.first().copied();
    if next.is_some_and(|byte| byte.is_ascii_alphanumeric() && byte != b'Z') {
        return true;
    }
    if next == Some(b':') {
        return true;
    }
    let digits = after.iter().skip(1).take(10).take_while(|byte| byte.is_ascii_digit()).count();
    if next == Some(b'.') && digits != 0 && digits != NANOSECONDS {
        return true;
    }
    let id = after.iter().skip(1).take(SOURCE_ID).take_while(|byte| byte.is_ascii_hexdigit());
    if next == Some(b' ') && id.count() == SOURCE_ID {
        return true;
    }
    let marks = |byte: u8| b"\"'`<>".contains(&byte);
    let closed = after
        .iter()
        .take(NANOSECONDS + ZONE + 2)
        .find(|byte| !byte.is_ascii_alphanumeric() && !b" +-:.".contains(byte));
    before.is_some_and(marks) && closed.is_some_and(|byte| marks(*byte))
}

/// How many bytes at the beginning of `text` have the shape.
fn fits(text: &[u8], shape: &str) -> Option<usize> {
    let mut at = 0;
    for letter in shape.bytes() {
        at += part(text.get(at..)?, letter)?;
    }
    Some(at)
}

/// How many bytes at the beginning of `text` are what a letter of a shape stands for.
fn part(text: &[u8], letter: u8) -> Option<usize> {
    let number = |length: usize, least: u32, most: u32| {
        let digits = text.get(..length)?;
        let value = digits.iter().try_fold(0, |value: u32, digit| {
            digit.is_ascii_digit().then(|| value * 10 + u32::from(digit - b'0'))
        })?;
        (least..=most).contains(&value).then_some(length)
    };
    match letter {
        // No WebAssembly is older; what names an earlier year is an example.
        b'Y' => number(4, 2015, 2099),
        b'm' => number(2, 1, 12),
        b'd' => number(2, 1, 31).or_else(|| number(1, 1, 9)),
        b'e' if text.first() == Some(&b' ') => {
            text.get(1).filter(|day| (b'1'..=b'9').contains(day)).map(|_| 2)
        }
        b'e' => number(2, 1, 31),
        b'h' => number(2, 0, 23),
        b'n' | b's' => number(2, 0, 59),
        b'M' => MONTHS.iter().any(|name| text.starts_with(*name)).then_some(3),
        b'W' => DAYS.iter().any(|name| text.starts_with(*name)).then_some(3),
        b'Z' => {
            let zone = text.iter().take(5).take_while(|byte| byte.is_ascii_uppercase()).count();
            (3..5).contains(&zone).then_some(zone)
        }
        literal => (text.first() == Some(&literal)).then_some(1),
    }
}
