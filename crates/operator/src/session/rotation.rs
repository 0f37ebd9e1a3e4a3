//! When another endpoint of a chain is asked first: nothing that the present one gave is false, and yet it keeps the session back.

use std::time::{Duration, Instant};

/// A head that has not moved, or was too old to act on, for so long makes the next endpoint be asked.
pub(super) const STALLED: Duration = Duration::from_secs(5);

/// What is held against the endpoint that is asked first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delays {
    /// Its head stands still.
    Stands,
    /// Its head is too old to act on. One that tells of new blocks slower than they are made never stands still, and is never
    /// at the head either.
    IsOld,
}

/// How long the endpoint that is asked first has kept the session back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn {
    /// When the head last moved.
    moved: Instant,
    /// When it was last young enough.
    fresh: Instant,
}

impl Turn {
    pub(super) const fn new(now: Instant) -> Self {
        Self { moved: now, fresh: now }
    }

    /// The chain was followed. Where something is held against the endpoint the next one's turn begins, with all its time: a
    /// head that stands still grows old as well, and two reasons for one rotation must not turn the row twice.
    pub(super) fn look(&mut self, has_moved: bool, is_young: bool, now: Instant) -> Option<Delays> {
        if has_moved {
            self.moved = now;
        }
        if is_young {
            self.fresh = now;
        }
        let is_over = |since: Instant| now.saturating_duration_since(since) > STALLED;
        let delays = match (is_over(self.fresh), is_over(self.moved)) {
            (true, _) => Delays::IsOld,
            (false, true) => Delays::Stands,
            (false, false) => return None,
        };
        *self = Self::new(now);
        Some(delays)
    }
}

/// Between two wakes: what waits for endpoints costs work, and gas where it is given up again.
const BETWEEN_WAKES: Duration = Duration::from_secs(60);

/// When the endpoints of a chain wake what waits for them: once they serve again, and not at each
/// flap.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wakes {
    /// They did not serve since the last wake.
    was_out: bool,
    last: Option<Instant>,
}

impl Wakes {
    /// A round is over, in which they served or not: whether what waits is woken now.
    pub(super) fn see(&mut self, serves: bool, now: Instant) -> bool {
        self.was_out |= !serves;
        let is_early = self.last.is_some_and(|last| now.saturating_duration_since(last) < BETWEEN_WAKES);
        if !serves || !self.was_out || is_early {
            return false;
        }
        (self.was_out, self.last) = (false, Some(now));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_that_come_and_go_wake_what_waits_once_a_minute_and_none_is_lost() {
        let (mut wakes, start) = (Wakes::default(), Instant::now());
        assert!(!wakes.see(true, start), "they served all the time");
        let rounds = (0..600).map(|second| (second % 2 == 1, start + Duration::from_secs(second)));
        assert_eq!(rounds.filter(|(serves, now)| wakes.see(*serves, *now)).count(), 10);
        let mut wakes = Wakes::default();
        assert!(!wakes.see(false, start) && wakes.see(true, start), "the first time at once");
        assert!(!wakes.see(false, start) && !wakes.see(true, start));
        assert!(wakes.see(true, start + BETWEEN_WAKES), "and then late, not never");
        assert!(!wakes.see(true, start + BETWEEN_WAKES * 3), "they served since");
    }

    /// Looks twice a second for a minute; gives which endpoint was asked first at each second, and what was held against which.
    fn minute(mut heads: impl FnMut(usize) -> (bool, bool), endpoints: usize) -> (Vec<usize>, Vec<(usize, Delays)>) {
        let start = Instant::now();
        let (mut turn, mut first, mut firsts, mut held) = (Turn::new(start), 0, Vec::new(), Vec::new());
        for look in 1..=120u64 {
            let (has_moved, is_young) = heads(first);
            if let Some(delays) = turn.look(has_moved, is_young, start + Duration::from_millis(look * 500)) {
                held.push((first, delays));
                first = (first + 1) % endpoints;
            }
            firsts.push(first);
        }
        (firsts, held)
    }

    #[test]
    fn one_that_stands_from_the_start_with_an_old_head_loses_its_turn_once() {
        let (firsts, held) = minute(|first| if first == 0 { (false, false) } else { (true, true) }, 2);
        assert_eq!(held, [(0, Delays::IsOld)], "the honest one is not accused");
        assert_eq!(firsts.last(), Some(&1));
    }

    #[test]
    fn each_of_several_gets_its_turn_and_its_time() {
        let (firsts, held) = minute(|_| (false, false), 4);
        let order: Vec<usize> = held.iter().map(|(first, _)| *first).collect();
        assert_eq!(order, (0..held.len()).map(|turn| turn % 4).collect::<Vec<_>>());
        assert!((0..4).all(|endpoint| firsts.iter().filter(|first| **first == endpoint).count() > 10));
        // Eleven looks each: one more than lie in five seconds.
        assert_eq!(held.len(), 10, "the next one's turn begins anew");
    }

    #[test]
    fn a_head_that_moves_and_stays_old_is_passed_over_and_one_that_stands_and_is_young_too() {
        assert_eq!(minute(|first| (true, first == 1), 2).1, [(0, Delays::IsOld)]);
        assert_eq!(minute(|first| (first == 1, true), 2).1, [(0, Delays::Stands)]);
        assert!(minute(|_| (true, true), 2).1.is_empty());
    }
}
