//! How many transfers an endpoint is asked to simulate at a time: more of one that answers fast,
//! fewer of one that is slow. What it is asked beyond what it can do in time is lost work on both
//! sides, and asked again.

use std::time::Duration;

const LEAST: usize = 4;
const MOST: usize = 128;
/// An answer within this time may be to twice as much the next time.
const FAST: Duration = Duration::from_millis(300);
/// After an answer that took longer, half as much is asked for.
const SLOW: Duration = Duration::from_millis(900);

/// The number of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace(usize);

impl Default for Pace {
    fn default() -> Self {
        Self(16)
    }
}

impl Pace {
    pub(super) const fn together(self) -> usize {
        self.0
    }

    /// So many were asked for, and the answer took so long.
    pub(super) fn note(&mut self, asked: usize, took: Duration) {
        if took > SLOW {
            self.0 = (self.0 >> 1).max(LEAST);
        } else if took < FAST && asked >= self.0 {
            self.0 = self.0.saturating_mul(2).min(MOST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_endpoint_is_asked_for_more_and_a_slow_one_for_less() {
        let mut pace = Pace::default();
        let first = pace.together();
        pace.note(first - 1, Duration::ZERO);
        assert_eq!(pace.together(), first, "it was not asked for as much");
        pace.note(first, Duration::ZERO);
        assert_eq!(pace.together(), 2 * first);
        pace.note(1, Duration::from_millis(500));
        assert_eq!(pace.together(), 2 * first);
        (0..9).for_each(|_| pace.note(1, Duration::from_secs(4)));
        assert_eq!(pace.together(), LEAST);
        (0..9).for_each(|_| pace.note(MOST, Duration::ZERO));
        assert_eq!(pace.together(), MOST);
    }
}
