//! Times as tar archives have them.

use std::fmt;

/// A moment: seconds since 1970 and the nanoseconds that follow them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Whole seconds; less than zero before 1970.
    pub seconds: i64,
    /// Nanoseconds after those, fewer than a thousand million.
    pub nanoseconds: u32,
}

/// Nanoseconds in a second.
const SECOND: u32 = 1_000_000_000;

impl Timestamp {
    /// 1980-01-01T00:00:01Z, the modification time of everything in layers that don't depend on when they
    /// were made.
    pub(crate) const OF_LAYERS: Self = Self { seconds: 315_532_801, nanoseconds: 0 };

    /// A time as main headers have them.
    pub(crate) fn seconds(seconds: u64) -> Self {
        Self { seconds: i64::try_from(seconds).unwrap_or(i64::MAX), nanoseconds: 0 }
    }

    /// The seconds, unless they are less than zero.
    pub(crate) fn whole_seconds(self) -> Option<u64> {
        u64::try_from(self.seconds).ok()
    }

    /// Whether there is nothing behind the seconds.
    pub(crate) fn is_whole(self) -> bool {
        self.nanoseconds == 0
    }

    /// Reads a pax record's value: seconds, with digits behind a point or without. More than nine are cut off.
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        let value = std::str::from_utf8(value).ok()?;
        let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
        let seconds: i64 = whole.parse().ok()?;
        if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let nanoseconds: u32 = format!("{:0<9}", fraction.get(..9).unwrap_or(fraction)).parse().ok()?;
        if nanoseconds > 0 && whole.starts_with('-') {
            return Some(Self { seconds: seconds.checked_sub(1)?, nanoseconds: SECOND - nanoseconds });
        }
        Some(Self { seconds, nanoseconds })
    }
}

/// As a pax record has it, without surplus digits.
impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, nanoseconds) = match self {
            // The digits behind the point lead away from zero.
            Self { seconds: ..0, nanoseconds: 1.. } => (self.seconds + 1, SECOND - self.nanoseconds),
            _ => (self.seconds, self.nanoseconds),
        };
        let sign = if self.seconds < 0 { "-" } else { "" };
        write!(formatter, "{sign}{}", seconds.unsigned_abs())?;
        if nanoseconds == 0 {
            return Ok(());
        }
        write!(formatter, ".{}", format!("{nanoseconds:09}").trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn times_are_read_as_they_are_written() {
        for (seconds, nanoseconds, text) in [
            (0, 0, "0"),
            (1, 500_000_000, "1.5"),
            (1_700_000_000, 1, "1700000000.000000001"),
            (-1, 0, "-1"),
            (-1, 500_000_000, "-0.5"),
            (-2, 250_000_000, "-1.75"),
            (i64::MAX, 999_999_999, "9223372036854775807.999999999"),
        ] {
            let time = Timestamp { seconds, nanoseconds };
            assert_eq!(time.to_string(), text);
            assert_eq!(Timestamp::parse(text.as_bytes()), Some(time), "{text}");
        }
    }

    #[test]
    fn surplus_digits_are_cut_off_and_nonsense_is_nothing() {
        let time = Timestamp { seconds: 1, nanoseconds: 123_456_789 };
        assert_eq!(Timestamp::parse(b"01.1234567899"), Some(time));
        assert_eq!(Timestamp::parse(b"7."), Some(Timestamp::seconds(7)));
        assert_eq!(Timestamp::parse(b"-0"), Some(Timestamp::seconds(0)));
        for nonsense in
            ["", ".", "x", "1.x", "1.-5", "99999999999999999999", "\u{e9}", "-9223372036854775808.5"]
        {
            assert_eq!(Timestamp::parse(nonsense.as_bytes()), None, "{nonsense}");
        }
    }
}
