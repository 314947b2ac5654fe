//! How long to wait, and how often to try again.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, SystemTime};

/// How long to wait, and how often to try again. The default suits builds: a registry that is down is
/// reported within seconds, one that is busy is given time.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For a connection to be made, TLS included.
    pub connect: Duration,
    /// For the next bytes of an answer to come, or for sent bytes to be taken. A request that meets silence is
    /// sent twice at most.
    pub silence: Duration,
    /// For the registry to put an uploaded blob in its place, which copies it in some registries.
    pub commit: Duration,
    /// How often a request is sent at most.
    pub attempts: u32,
    /// Before the second attempt; each later one waits twice as long as the one before.
    pub first_wait: Duration,
    /// Between all attempts of a request together; a registry that asks for more is given up on.
    pub longest_wait: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(30),
            commit: Duration::from_mins(5),
            attempts: 5,
            first_wait: Duration::from_millis(250),
            longest_wait: Duration::from_mins(1),
        }
    }
}

impl Patience {
    /// How long to wait after `failed` attempts and `waited` between them; `None` to give up. What the
    /// registry asks for counts if it says so.
    pub(crate) fn wait(&self, failed: u32, waited: Duration, asked: Option<Duration>) -> Option<Duration> {
        let doubled = self.first_wait.saturating_mul(2_u32.saturating_pow(failed.saturating_sub(1)));
        let wait = asked.unwrap_or_else(|| jittered(doubled.min(self.longest_wait)));
        (failed < self.attempts && waited.saturating_add(wait) <= self.longest_wait).then_some(wait)
    }
}

/// Half of the time to all of it, at random: clients that failed together should not return together.
fn jittered(time: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish() % 1000;
    time.mul_f64(0.5 + f64::from(u32::try_from(random).unwrap_or_default()) / 2000.0)
}

/// The time in a `Retry-After` header, which holds seconds or a date.
pub(crate) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(header).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Patience, retry_after};

    #[test]
    fn waits_grow_stay_within_half_of_each_other_and_end() {
        let patience =
            Patience { attempts: 4, first_wait: Duration::from_millis(100), ..Patience::default() };
        for (failed, longest) in [(1, 100), (2, 200), (3, 400)] {
            let longest = Duration::from_millis(longest);
            for _ in 0..100 {
                let wait = patience.wait(failed, Duration::ZERO, None).unwrap();
                assert!(wait >= longest / 2 && wait <= longest, "{failed}: {wait:?}");
            }
        }
        assert_eq!(patience.wait(4, Duration::ZERO, None), None);
    }

    #[test]
    fn what_the_registry_asks_for_counts_within_limits() {
        let patience = Patience::default();
        let seconds = Duration::from_secs;
        for (failed, waited, asked, expected) in [
            (1, 0, 7, Some(7)),
            (1, 0, 0, Some(0)),
            (1, 0, 60, Some(60)),
            (1, 0, 61, None),
            (2, 50, 10, Some(10)),
            (2, 50, 11, None),
            (1, 0, u64::MAX, None),
            (patience.attempts, 0, 1, None),
        ] {
            let wait = patience.wait(failed, seconds(waited), Some(seconds(asked)));
            assert_eq!(wait, expected.map(seconds), "{failed} {waited} {asked}");
        }
    }

    #[test]
    fn retry_after_is_a_number_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        for (header, expected) in [
            ("3", Some(3)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(retry_after(header, now), expected.map(Duration::from_secs), "{header}");
        }
    }
}
