//! Whether this replica can work: one whose endpoints do not serve gives the lease to a replica
//! that says it can.
//!
//! No two replicas pass it to and fro: whoever works keeps it, only a replica whose endpoints
//! answer is given it, and each time that one gives it away without having worked it waits twice as
//! long before the next. Where no other one is better off, whoever has the lease keeps it: what can
//! be done without the endpoints that fail is done.

use crate::backoff::Backoff;
use crate::failpoint::told;
use crate::store::TERM;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Endpoints may fail for so long, or for three answers that do not come.
const LEAST: Duration = Duration::from_secs(15);
/// The same for a replica that gave the lease away again and again.
const LONGEST: Duration = Duration::from_secs(600);
/// The others have so long to take the lease before this one asks for it again.
const REST: Duration = TERM;

/// How one direction's endpoints do.
#[derive(Debug)]
pub(crate) struct Fitness {
    first: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// When a round failed first after the last one in which both chains were followed.
    failing_since: Option<Instant>,
    /// How long they may fail.
    most: Duration,
    backoff: Backoff,
    /// When the lease was given away last.
    gave_away: Option<Instant>,
}

impl Fitness {
    /// For endpoints that may take so long for an answer.
    pub(crate) fn new(timeout: Duration) -> Self {
        let first = told("SPANLIGHT_UNFIT_MS", LEAST.max(timeout.saturating_mul(3)));
        let mut backoff = Backoff::default();
        let most = backoff.fail_for(first, LONGEST);
        Self { first, state: Mutex::new(State { failing_since: None, most, backoff, gave_away: None }) }
    }

    fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A round is over, and both chains were followed, or not.
    pub(crate) fn note(&self, served: bool, now: Instant) {
        self.with(|state| {
            if served {
                (state.failing_since, state.backoff) = (None, Backoff::default());
                state.most = state.backoff.fail_for(self.first, LONGEST);
            } else {
                state.failing_since = state.failing_since.or(Some(now));
            }
        });
    }

    /// What keeps this replica from working is not its endpoints: another one has the same store,
    /// trust and clock, or fares no better for its own. Nothing is known of the endpoints.
    pub(crate) fn note_other_trouble(&self) {
        self.with(|state| state.failing_since = None);
    }

    /// Whether the lease is better given away, if another replica can work.
    pub(crate) fn is_unfit(&self, now: Instant) -> bool {
        self.with(|state| state.failing_since.is_some_and(|since| now.saturating_duration_since(since) >= state.most))
    }

    /// The lease is given away.
    pub(crate) fn give_away(&self, now: Instant) {
        self.with(|state| {
            (state.failing_since, state.gave_away) = (None, Some(now));
            state.most = state.backoff.fail_for(self.first, LONGEST);
        });
    }

    /// Whether the others have had their time to take what this one gave away.
    pub(crate) fn has_rested(&self, now: Instant) -> bool {
        self.with(|state| state.gave_away.is_none_or(|since| now.saturating_duration_since(since) >= REST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_endpoints_that_fail_for_long_without_a_break_cost_the_lease() {
        let (fitness, start) = (Fitness::new(Duration::from_secs(10)), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        fitness.note(false, at(0));
        assert!(!fitness.is_unfit(at(29)));
        fitness.note(true, at(29));
        fitness.note(false, at(29));
        fitness.note(false, at(58));
        assert!(!fitness.is_unfit(at(58)) && fitness.is_unfit(at(59)));
    }

    #[test]
    fn what_is_not_of_the_endpoints_costs_no_lease() {
        let (fitness, start) = (Fitness::new(Duration::from_secs(5)), Instant::now());
        fitness.note(false, start);
        fitness.note_other_trouble();
        assert!(!fitness.is_unfit(start + LONGEST));
        fitness.note(false, start + LONGEST);
        assert!(!fitness.is_unfit(start + LONGEST + Duration::from_secs(14)), "counted from when they fail again");
    }

    #[test]
    fn who_gave_it_away_rests_and_has_more_patience_until_it_works() {
        let (fitness, start) = (Fitness::new(Duration::from_secs(5)), Instant::now());
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        assert!(fitness.has_rested(at(0)));
        for (from, most) in [(0, 15), (100, 30), (200, 60), (300, 120)] {
            fitness.note(false, at(from));
            assert!(!fitness.is_unfit(at(from + most - 1)) && fitness.is_unfit(at(from + most)), "{most}");
            fitness.give_away(at(from + most));
            assert!(!fitness.is_unfit(at(from + 10 * most)), "it is given away");
            assert!(!fitness.has_rested(at(from + most + 1)) && fitness.has_rested(at(from + most) + REST));
        }
        fitness.note(true, at(500));
        fitness.note(false, at(501));
        assert!(fitness.is_unfit(at(516)));
    }
}
