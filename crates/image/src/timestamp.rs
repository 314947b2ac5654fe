//! Points in time as image configs hold them.

use std::fmt;

use serde::{Serialize, Serializer};

/// A point in time, to the second. Prints as RFC 3339 text in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp(i64);

/// The year of a time is not one of 0000 to 9999, so it has no RFC 3339 form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} seconds from 1970-01-01 is outside of the years 0000 to 9999")]
pub struct TimestampOutOfRange(i64);

const SECONDS_PER_DAY: i64 = 86_400;

impl Timestamp {
    /// 1980-01-01T00:00:01Z, the time of everything in an image that does not depend on when it is built.
    /// Spec: platform.md § Build Reproducibility.
    pub const NORMALIZED: Self = Self(315_532_801);

    /// The point in time `seconds` after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// The year is outside of 0000 to 9999.
    pub fn from_unix(seconds: i64) -> Result<Self, TimestampOutOfRange> {
        if (-62_167_219_200..253_402_300_800).contains(&seconds) {
            Ok(Self(seconds))
        } else {
            Err(TimestampOutOfRange(seconds))
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0.div_euclid(SECONDS_PER_DAY), self.0.rem_euclid(SECONDS_PER_DAY));
        let (year, month, day) = civil_date(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Counts in eras of 400 years, which all have the same number of days, and in years that begin with
/// March, so that the day that some years lack is the last one.
fn civil_date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn times_print_in_utc() {
        assert_eq!(Timestamp::NORMALIZED.to_string(), "1980-01-01T00:00:01Z");
        // The right-hand sides are what `date -u -d @N +%FT%TZ` prints.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_500_000_000, "2017-07-14T02:40:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-62_167_219_200, "0000-01-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(Timestamp::from_unix(seconds).unwrap().to_string(), text);
        }
    }

    #[test]
    fn years_without_four_digits_are_refused() {
        for seconds in [i64::MIN, -62_167_219_201, 253_402_300_800, i64::MAX] {
            assert!(Timestamp::from_unix(seconds).is_err());
        }
    }
}
