//! Whether this process itself stood still: stopped by a signal, frozen with its machine, or moved
//! with it.
//!
//! Whatever was under way then has run out of time when the process wakes, and its connections may
//! be closed. That is no endpoint's fault, nor the database's: for a while after waking nobody is
//! blamed for silence or an old head. Where somebody is at fault all the same, that shows again.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Two signs of life lie a quarter of a second apart. On a busy machine it may be more.
const SLEPT: Duration = Duration::from_secs(2);
/// What was under way ends at once on waking, and each connection is tried again within a few
/// rounds.
const FORGIVEN: Duration = Duration::from_secs(5);
/// From one waking that excuses something to the next: a machine that is always late, or a clock
/// that is set again and again, must not keep faults of others from being told.
const SELDOM: Duration = Duration::from_secs(60);
/// A process that was stopped for so long by its own clock is excused in any case: nobody else
/// makes it sleep, and calls that were under way are lost for sure.
const LONG: Duration = Duration::from_secs(10);

#[derive(Debug)]
struct Seen {
    /// The last sign of life, by two clocks: the one of the process stands still in a machine that
    /// is frozen, the other one does not.
    beat: Instant,
    wall: SystemTime,
    /// When it last woke, by both clocks, as far as that excuses something.
    woke: Option<(Instant, SystemTime)>,
}

/// Watched by one thread, asked by all.
#[derive(Debug)]
pub(crate) struct Slumber(Mutex<Seen>);

impl Default for Slumber {
    fn default() -> Self {
        Self(Mutex::new(Seen { beat: Instant::now(), wall: SystemTime::now(), woke: None }))
    }
}

impl Slumber {
    /// A sign of life of the thread that gives one again and again.
    pub(crate) fn beat(&self) {
        self.beat_at(Instant::now(), SystemTime::now());
    }

    /// Whether the process stood still a moment ago.
    pub(crate) fn is_waking(&self) -> bool {
        self.is_waking_at(Instant::now(), SystemTime::now())
    }

    fn beat_at(&self, now: Instant, wall: SystemTime) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.slept(now, wall) {
            let is_excused = seen.is_excused(now, wall);
            tracing::warn!(is_excused, "this process stood still for a while");
            if is_excused {
                seen.woke = Some((now, wall));
            }
        }
        (seen.beat, seen.wall) = (now, wall);
    }

    fn is_waking_at(&self, now: Instant, wall: SystemTime) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Another thread may be the first that runs again.
        let is_recent = |(woke, _): (Instant, _)| now.saturating_duration_since(woke) < FORGIVEN;
        seen.woke.is_some_and(is_recent) || (seen.slept(now, wall) && seen.is_excused(now, wall))
    }
}

impl Seen {
    fn slept(&self, now: Instant, wall: SystemTime) -> bool {
        let ran = now.saturating_duration_since(self.beat);
        let passed = wall.duration_since(self.wall).unwrap_or(Duration::ZERO);
        ran.max(passed) > SLEPT
    }

    /// Whether a sleep excuses anything.
    fn is_excused(&self, now: Instant, wall: SystemTime) -> bool {
        let is_long = now.saturating_duration_since(self.beat) >= LONG;
        is_long
            || self.woke.is_none_or(|(woke, at)| {
                let passed = wall.duration_since(at).unwrap_or(Duration::ZERO);
                now.saturating_duration_since(woke).max(passed) >= SELDOM
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_process_that_stood_still_is_waking_for_a_while() {
        let (start, wall) = (Instant::now(), SystemTime::now());
        let slumber = Slumber::default();
        slumber.beat_at(start, wall);
        assert!(!slumber.is_waking_at(start + SECOND, wall + SECOND));
        slumber.beat_at(start + SECOND, wall + SECOND);
        // Before the watching thread has run again, and after it.
        let (woke, at) = (start + SECOND * 21, wall + SECOND * 21);
        assert!(slumber.is_waking_at(woke, at));
        slumber.beat_at(woke, at);
        slumber.beat_at(woke + SECOND, at + SECOND);
        assert!(slumber.is_waking_at(woke + SECOND * 2, at + SECOND * 2));
        for second in 2..=5 {
            slumber.beat_at(woke + SECOND * second, at + SECOND * second);
        }
        assert!(!slumber.is_waking_at(woke + SECOND * 5, at + SECOND * 5), "what goes on is blamed again");
    }

    #[test]
    fn a_process_that_is_always_late_is_excused_once_in_a_minute() {
        let (start, wall) = (Instant::now(), SystemTime::now());
        let slumber = Slumber::default();
        slumber.beat_at(start, wall);
        let mut excused = Vec::new();
        for second in (3..=120).step_by(3) {
            let (now, wall) = (start + SECOND * second, wall + SECOND * second);
            slumber.beat_at(now, wall);
            if slumber.is_waking_at(now, wall) {
                excused.push(second);
            }
        }
        assert_eq!(excused, [3, 6, 63, 66]);
        // Another thread asks before the watching one has run.
        assert!(!slumber.is_waking_at(start + SECOND * 122 + SECOND / 2, wall + SECOND * 122 + SECOND / 2));
        assert!(slumber.is_waking_at(start + SECOND * 130, wall), "stopped for ten seconds");
        let (later, hour) = (start + SECOND * 121, wall + SECOND * 3600);
        assert!(slumber.is_waking_at(later, hour), "a machine that stood still for an hour, whatever was before");
    }

    /// In a machine that is frozen the clock of the process stands still as well.
    #[test]
    fn a_machine_that_stood_still_shows_by_its_clock() {
        let (start, wall) = (Instant::now(), SystemTime::now());
        let slumber = Slumber::default();
        slumber.beat_at(start, wall);
        assert!(slumber.is_waking_at(start + SECOND, wall + SECOND * 3600));
        slumber.beat_at(start + SECOND, wall - SECOND * 3600);
        assert!(!slumber.is_waking_at(start + SECOND, wall - SECOND * 3600), "a clock that was set back is no sleep");
    }
}
