//! Moments, to the second: what validity windows are compared with.

use std::fmt;
use toml::value::{Datetime, Offset};

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// The moment so many seconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        Self(seconds)
    }

    /// The moment that a TOML date-time with an offset names; fractions of a second are cut off.
    /// `None` without date, time or offset: what they would mean depends on where one looks.
    pub(super) fn from_toml(at: &Datetime) -> Option<Self> {
        let (date, time) = (at.date?, at.time?);
        let offset = match at.offset? {
            Offset::Z => 0,
            Offset::Custom { minutes } => i64::from(minutes),
        };
        let days = days(i64::from(date.year), i64::from(date.month), i64::from(date.day));
        let minutes = i64::from(time.hour) * 60 + i64::from(time.minute) - offset;
        Some(Self(days * 86_400 + minutes * 60 + i64::from(time.second)))
    }
}

/// RFC 3339 in UTC.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date(self.0.div_euclid(86_400));
        let second = self.0.rem_euclid(86_400);
        let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}Z")
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar. Years begin in March here, so that the
/// day that comes and goes is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + year * 365 + year / 4 - year / 100 + of_year - 719_468
}

/// The inverse of [`days`].
fn date(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let next = i64::from(month <= 2);
    (era * 400 + year + next, month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Moment> {
        Moment::from_toml(&text.parse().unwrap())
    }

    #[test]
    fn moments_are_those_of_the_calendar() {
        for (text, unix) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2000-03-01T00:00:00Z", 951_868_800),
            ("2026-07-01T12:30:05Z", 1_782_909_005),
            ("1969-12-31T23:59:59Z", -1),
            ("0001-01-01T00:00:00Z", -62_135_596_800),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(of(text), Some(Moment(unix)), "{text}");
            assert_eq!(Moment(unix).to_string(), text);
        }
        assert_eq!(of("2026-07-01T14:30:05.9+02:00"), of("2026-07-01T12:30:05Z"));
        for local in ["2026-07-01", "12:30:00", "2026-07-01T12:30:05"] {
            assert_eq!(of(local), None, "{local}");
        }
        for day in -800_000..800_000 {
            let (year, month, of_month) = date(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }
}
