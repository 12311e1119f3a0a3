//! Points in time as in-toto writes them: RFC 3339 in UTC, to the second.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;
use std::str::FromStr;

const DAY: u64 = 86_400;
/// Days from 0000-03-01 to 1970-01-01. A year that begins in March has its leap day at the end.
const BEFORE_1970: u64 = 719_468;
/// Days of four centuries, after which the calendar repeats.
const ERA: u64 = 146_097;
/// The first second of the year 10000, which RFC 3339 cannot write.
const END: u64 = 253_402_300_800;

/// A second of the years 1970 to 9999. Its one text form is that of `1970-01-01T00:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The time `seconds` after 1970-01-01T00:00:00Z, leap seconds not counted; `None` after the
    /// year 9999.
    #[must_use]
    pub fn from_unix(seconds: u64) -> Option<Self> {
        (seconds < END).then_some(Self(seconds))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0 / DAY + BEFORE_1970, self.0 % DAY);
        let (era, day) = (days / ERA, days % ERA);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        // Months from March on have 153 days in five.
        let month = (5 * day + 2) / 153;
        let day = day - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        let year = era * 400 + year + next;
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// A text that is not the one form of a [`Timestamp`].
#[derive(Debug, thiserror::Error)]
#[error("not a time of the form 1970-01-01T00:00:00Z")]
pub struct TimestampError;

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let number = |at: usize, end: usize| {
            let digits = text.get(at..end).filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
            digits.and_then(|digits| digits.parse::<u64>().ok()).ok_or(TimestampError)
        };
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let second = number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?;
        let (year, month) = match month {
            1 | 2 => (year.checked_sub(1).ok_or(TimestampError)?, month + 9),
            _ => (year, month.checked_sub(3).ok_or(TimestampError)?),
        };
        let day = (153 * month + 2) / 5 + day.checked_sub(1).ok_or(TimestampError)?;
        let (era, year) = (year / 400, year % 400);
        let days = era * ERA + year * 365 + year / 4 - year / 100 + day;
        let days = days.checked_sub(BEFORE_1970).ok_or(TimestampError)?;
        let read = Self::from_unix(days * DAY + second).ok_or(TimestampError)?;
        // There is one text for each second: punctuation, ranges and lengths of months are in it.
        if read.to_string() == text { Ok(read) } else { Err(TimestampError) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_until_9999_has_its_date_and_is_read_back() {
        let leap =
            |y: u32| y.is_multiple_of(4) && (!y.is_multiple_of(100) || y.is_multiple_of(400));
        let mut day = 0;
        for year in 1970..10_000 {
            let february = if leap(year) { 29 } else { 28 };
            let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            for (month, length) in (1..).zip(lengths) {
                for date in 1..=length {
                    let time = Timestamp::from_unix(day * DAY + day % DAY).unwrap();
                    let text = time.to_string();
                    assert!(
                        text.starts_with(&format!("{year:04}-{month:02}-{date:02}T")),
                        "{text}"
                    );
                    assert_eq!(text.parse::<Timestamp>().unwrap(), time);
                    day += 1;
                }
            }
        }
        assert_eq!(day * DAY, END);
        assert!(Timestamp::from_unix(END).is_none());
        assert_eq!(
            Timestamp::from_unix(1_700_000_000).unwrap().to_string(),
            "2023-11-14T22:13:20Z"
        );
    }

    #[test]
    fn other_spellings_are_refused() {
        for bad in [
            "",
            "2023-11-14",
            "2023-11-14T22:13:20",
            "2023-11-14t22:13:20z",
            "2023-11-14 22:13:20Z",
            "2023-11-14T22:13:20+00:00",
            "2023-11-14T22:13:20.0Z",
            "2023-02-29T00:00:00Z",
            "2023-13-01T00:00:00Z",
            "2023-00-01T00:00:00Z",
            "2023-01-00T00:00:00Z",
            "2023-01-01T24:00:00Z",
            "2023-01-01T00:60:00Z",
            "2016-12-31T23:59:60Z",
            "1969-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z",
            "+023-01-01T00:00:00Z",
            "10000-01-01T00:00:00Z",
            "2023-01-01T00:00:00Zé",
        ] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
    }
}
