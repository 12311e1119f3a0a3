//! Points in time as in-toto writes them: RFC 3339 in UTC, to the second.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::fmt;
use std::str::FromStr;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A second of the years 1970 to 9999. Its one text form is that of `1970-01-01T00:00:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(OffsetDateTime);

impl Timestamp {
    /// The time `seconds` after 1970-01-01T00:00:00Z, leap seconds not counted; `None` after the
    /// year 9999.
    #[must_use]
    pub fn from_unix(seconds: u64) -> Option<Self> {
        let seconds = i64::try_from(seconds).ok()?;
        let at = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
        (at.year() <= 9999).then_some(Self(at))
    }

    /// The time that `text` names in any spelling of RFC 3339, with any offset; fractions of a
    /// second are cut off. `None` for everything else.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        Self::from_unix(at.unix_timestamp().try_into().ok()?)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

/// A text that is not the one form of a [`Timestamp`].
#[derive(Debug, thiserror::Error)]
#[error("not a time of the form 1970-01-01T00:00:00Z")]
pub struct TimestampError;

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        // There is one text for each second.
        let read = Self::from_rfc3339(text).filter(|read| read.to_string() == text);
        read.ok_or(TimestampError)
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
    fn seconds_have_one_text() {
        for (text, unix) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2000-03-01T00:00:00Z", 951_868_800),
            ("2023-11-14T22:13:20Z", 1_700_000_000),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            let time = Timestamp::from_unix(unix).unwrap();
            assert_eq!(time.to_string(), text);
            assert_eq!(text.parse::<Timestamp>().unwrap(), time);
        }
        assert!(Timestamp::from_unix(253_402_300_800).is_none());
        assert!(Timestamp::from_unix(u64::MAX).is_none());
    }

    #[test]
    fn any_spelling_is_understood_where_that_is_asked() {
        let of = Timestamp::from_rfc3339;
        assert_eq!(of("2026-07-01T14:30:05.9+02:00"), of("2026-07-01T12:30:05Z"));
        assert!(of("2026-07-01T12:30:05Z").is_some());
        let local = ["2026-07-01", "12:30:00", "2026-07-01T12:30:05"];
        let beyond = ["1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-23:59", "soon", ""];
        for bad in local.into_iter().chain(beyond) {
            assert_eq!(of(bad), None, "{bad}");
        }
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
