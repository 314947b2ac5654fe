//! Durations as platforms write them: Go's form, such as `336h` or `1h30m`.

use std::time::Duration;

/// Reads a duration; none if it is malformed, negative, or longer than can be counted.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0;
    loop {
        let digits = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let (number, behind) = rest.split_at_checked(digits)?;
        let letters = behind
            .find(|character: char| character.is_ascii_digit() || character == '.')
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(letters)?;
        seconds += number.parse::<f64>().ok()? * seconds_of(unit)?;
        if behind.is_empty() {
            return Duration::try_from_secs_f64(seconds).ok();
        }
        rest = behind;
    }
}

fn seconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1e-9,
        "us" | "\u{b5}s" | "\u{3bc}s" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::parse;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, milliseconds) in [
            ("336h", 336 * 3_600_000),
            ("336h0m0s", 336 * 3_600_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("+2s", 2000),
            ("10ms", 10),
            ("0", 0),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "1", "h", "-1h", "1d", "1 h", "1h ", "2 weeks", ".h", "1e3s", "99999999999999999999999h"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
