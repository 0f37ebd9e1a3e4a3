//! The time by which verdicts are given, and times for people.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix seconds of this machine's clock. A clock before 1970 counts as 0: then every header is
/// ahead of it, and that is told.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Unix seconds as a date in UTC, or as they are where no calendar has the date.
pub(crate) fn date(seconds: u64) -> String {
    let timestamp = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    timestamp.map_or_else(|| format!("second {seconds}"), |at| at.to_string().replace('T', " ").replace('Z', " UTC"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_dates_and_survives_seconds_that_are_none() {
        assert_eq!(date(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(date(1_561_380_305), "2019-06-24 12:45:05 UTC");
        assert_eq!(date(u64::MAX), format!("second {}", u64::MAX));
    }
}
