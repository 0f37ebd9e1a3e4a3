//! Ever longer pauses after failures: one rule for everything that is tried again.

use std::time::Duration;

/// How often something has failed in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Nothing has failed yet.
    pub(crate) const fn new() -> Self {
        Self::after(0)
    }

    /// So much has failed already.
    pub(crate) const fn after(failures: u32) -> Self {
        Self { failures }
    }

    /// Failures so far.
    pub(crate) const fn failures(self) -> u32 {
        self.failures
    }

    /// One more failure: how long to wait now, in whatever `first` counts. Each pause is twice the
    /// one before, and `longest` at most, unless a person asked for a longer first one.
    pub(crate) fn fail(&mut self, first: u64, longest: u64) -> u64 {
        let times = 1u64.checked_shl(self.failures).unwrap_or(u64::MAX);
        self.failures = self.failures.saturating_add(1);
        first.saturating_mul(times).min(longest.max(first))
    }

    /// The same in time.
    pub(crate) fn fail_for(&mut self, first: Duration, longest: Duration) -> Duration {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(self.fail(millis(first), millis(longest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_never_overflow() {
        let mut backoff = Backoff::default();
        assert_eq!([0; 5].map(|_| backoff.fail(30, 120)), [30, 60, 120, 120, 120]);
        let mut backoff = Backoff { failures: u32::MAX };
        assert_eq!((backoff.fail(3, 120), backoff.failures()), (120, u32::MAX));
        assert_eq!([0; 3].map(|_| backoff.fail(1000, 120)), [1000; 3], "as long as a person said");
        let mut backoff = Backoff::default();
        let (first, longest) = (Duration::from_millis(500), Duration::from_secs(1));
        assert_eq!([0; 3].map(|_| backoff.fail_for(first, longest)), [first, longest, longest]);
    }
}
