//! Time and randomness, both passed in (invariant 6). Only the command line makes a real clock or a
//! real generator.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Microseconds since the Unix epoch, UTC; stored as BIGINT.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// Years 0001 to 9999: what RFC 3339 can write.
const MIN_US: i64 = -62_135_596_800_000_000;
const MAX_US: i64 = 253_402_300_799_999_999;
/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;
/// Characters of a time.
const TIME_LENGTH: usize = 24;
/// The Unix epoch in UTC.
const EPOCH: jiff::civil::DateTime = jiff::civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

impl Timestamp {
    /// From microseconds since the Unix epoch, clamped to the years that RFC 3339 can write.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < MIN_US {
            Self(MIN_US)
        } else if micros > MAX_US {
            Self(MAX_US)
        } else {
            Self(micros)
        }
    }

    /// Microseconds since the Unix epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// This moment and some seconds more (or fewer).
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self::from_micros(self.0.saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// This moment some calendar months later, in UTC: on the last day of a month that is too short.
    #[must_use]
    pub fn plus_months(self, months: i64) -> Self {
        let civil = EPOCH.checked_add(jiff::SignedDuration::from_micros(self.0));
        let span = jiff::Span::new().try_months(months);
        let later = civil.and_then(|civil| civil.checked_add(span?));
        let micros = later.map(|later| later.duration_since(EPOCH).as_micros());
        micros.ok().and_then(|micros| i64::try_from(micros).ok()).map_or(
            // Beyond what can be written.
            Self::from_micros(if months < 0 { i64::MIN } else { i64::MAX }),
            Self::from_micros,
        )
    }

    /// What is left when it is written: the rest of a millisecond would be lost on the way through a change or a
    /// file, and a time that was read must come back as it was.
    #[must_use]
    pub const fn whole_millis(self) -> Self {
        Self(self.0.div_euclid(1_000) * 1_000)
    }

    /// RFC 3339 in UTC with milliseconds, `2026-11-21T03:43:33.123Z`, without the heap and without a
    /// formatter: each decision has one. ASCII, and nothing that JSON would escape.
    pub fn text(self) -> [u8; TIME_LENGTH] {
        let (days, micros) = (self.0.div_euclid(DAY_US), self.0.rem_euclid(DAY_US));
        let (year, month, day) = civil(days);
        let millis = micros / 1_000;
        let (hour, minute, second) = (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let parts = [(year, 4), (month, 7), (day, 10), (hour, 13), (minute, 16), (second, 19), (millis, 23)];
        let widths = [4, 2, 2, 2, 2, 2, 3];
        for ((number, end), width) in parts.into_iter().zip(widths) {
            let mut rest = number.unsigned_abs();
            for place in text.iter_mut().take(end).rev().take(width) {
                *place = b'0' + u8::try_from(rest % 10).unwrap_or_default();
                rest /= 10;
            }
        }
        text
    }
}

/// Year, month and day of a day since the Unix epoch: Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`. Years begin in March there, and eras have 400 of them.
const fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
}

/// RFC 3339 in UTC with milliseconds: `2026-11-21T03:43:33.123Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not an RFC 3339 time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an RFC 3339 time, such as 2026-12-31T23:59:59Z")]
pub struct TimestampError;

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        // jiff also takes years of six digits with a sign.
        if text.starts_with(['+', '-']) {
            return Err(TimestampError);
        }
        match text.parse::<jiff::Timestamp>() {
            Ok(moment) => Ok(Self::from_micros(moment.as_microsecond()).whole_millis()),
            Err(_) => parse_at_the_ends(text).map(Self::whole_millis).ok_or(TimestampError),
        }
    }
}

/// The first and the last day that RFC 3339 can write lie outside jiff's times, but people send
/// `9999-12-31T23:59:59Z` for "never".
fn parse_at_the_ends(text: &str) -> Option<Timestamp> {
    let pieces = jiff::fmt::temporal::Pieces::parse(text).ok()?;
    let offset = pieces.to_numeric_offset()?;
    if pieces.time_zone_annotation().is_some() || !matches!(pieces.date().year(), 1 | 9999) {
        return None;
    }
    let local = jiff::civil::DateTime::from_parts(pieces.date(), pieces.time()?);
    let since_epoch = local.duration_since(EPOCH);
    let micros = i64::try_from(since_epoch.as_micros()).ok()?;
    Some(Timestamp::from_micros(micros - i64::from(offset.seconds()) * 1_000_000))
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.text()).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// The time since some fixed moment. It never goes back, nobody sets it, and it passes while the
    /// machine is suspended, too: it says for how long, never when.
    fn uptime(&self) -> Duration;
}

/// Where randomness comes from: a generator that is fit for keys.
pub trait Random: Send + Sync {
    /// Fills the bytes.
    fn fill(&self, bytes: &mut [u8]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_time_is_written_with_milliseconds_in_utc() {
        let moment: Timestamp = "2026-11-21T04:43:33.1239+01:00".parse().unwrap();
        assert_eq!(moment.to_string(), "2026-11-21T03:43:33.123Z");
        assert_eq!(Timestamp::from_micros(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert!("tomorrow".parse::<Timestamp>().is_err());
        assert!("2026-11-21".parse::<Timestamp>().is_err());
    }

    #[test]
    fn the_ends_of_time_can_be_written_and_read() {
        for (micros, text) in [(i64::MAX, "9999-12-31T23:59:59.999Z"), (i64::MIN, "0001-01-01T00:00:00.000Z")]
        {
            assert_eq!(Timestamp::from_micros(micros).to_string(), text);
            assert_eq!(text.parse::<Timestamp>().unwrap().to_string(), text);
        }
        for text in ["9999-12-31T23:59:59", "9999-12-31", "9999-13-31T23:59:59Z", "-000001-01-01T00:00:00Z"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn times_are_written_as_jiff_writes_them(micros in MIN_US..253_402_207_200_000_000) {
            let moment = Timestamp::from_micros(micros);
            let floor = jiff::Timestamp::from_microsecond(micros.div_euclid(1_000) * 1_000);
            if let Ok(floor) = floor {
                prop_assert_eq!(moment.to_string(), format!("{floor:.3}"));
            }
            let read: Timestamp = moment.to_string().parse().unwrap();
            prop_assert_eq!(read.micros(), micros.div_euclid(1_000) * 1_000);
        }

        #[test]
        fn no_text_panics(text in "\\PC*|(0001|9999)-[0-9]{2}-[0-9]{2}T[0-9:.]{8}(Z|[+-][0-9:]{5})") {
            let _ = text.parse::<Timestamp>();
        }
    }
}
