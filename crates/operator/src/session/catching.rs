//! How a session catches up with the source after a long time off: how far behind it is, since
//! when, and whether it gets anywhere.

use super::Session;
use crate::alarm::Alarm;
use crate::board::CatchUp;
use crate::clock;
use std::time::{Duration, Instant};

/// Without any progress for so long a person is told. One round takes seconds.
const STANDS: Duration = Duration::from_secs(120);

/// Where catching up was when it last moved.
#[derive(Debug, Default)]
pub(super) struct Progress {
    place: Option<([u64; 2], Instant)>,
}

impl Progress {
    /// For how long it has not moved, where that is too long. The place is the source's head and
    /// the block up to which it is searched.
    fn see(&mut self, is_catching_up: bool, place: [u64; 2], now: Instant) -> Option<Duration> {
        if !is_catching_up {
            self.place = None;
            return None;
        }
        match self.place {
            Some((old, since)) if old == place => {
                Some(now.saturating_duration_since(since)).filter(|gone| *gone >= STANDS)
            }
            _ => {
                self.place = Some((place, now));
                None
            }
        }
    }
}

impl Session<'_> {
    /// Shows how far the session is behind, and raises the alarm where that does not change.
    pub(super) fn look_at_catching_up(&mut self) {
        if self.direction.shared.slumber.is_waking() {
            self.catching = Progress::default();
        }
        let (is_catching_up, time) = (self.is_catching_up(), clock::now());
        let (searched, until) = (self.scanned, self.searched_until());
        let stands = self.catching.see(is_catching_up, [self.source.head(), searched], Instant::now());
        let behind = time.saturating_sub(until);
        self.direction.shared.board.update(&self.direction.name, |board| {
            let since = board.catch_up.as_ref().map_or(time, |catch_up| catch_up.since);
            board.catch_up = is_catching_up.then_some(CatchUp { since, searched, behind });
        });
        if let Some(stands) = stands {
            let chain = self.direction.from.chain.clone();
            self.raise(None, Alarm::CatchUp { chain, block: searched, behind, stands: stands.as_secs() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_does_not_move_is_told() {
        let (mut progress, start) = (Progress::default(), Instant::now());
        let mut at = |seconds: u64, is_catching_up, place| {
            let told = progress.see(is_catching_up, place, start + Duration::from_secs(seconds));
            told.map(|stands| stands.as_secs())
        };
        assert_eq!(at(0, true, [512, 9]), None);
        assert_eq!(at(119, true, [512, 9]), None);
        assert_eq!(at(120, true, [512, 9]), Some(120));
        assert_eq!(at(130, true, [512, 10]), None, "one block searched is progress");
        assert_eq!(at(249, true, [512, 10]), None);
        assert_eq!(at(251, true, [1024, 10]), None, "and so are new headers");
        assert_eq!(at(500, false, [1024, 10]), None, "at the head there is nothing to catch up with");
        assert_eq!(at(501, true, [1024, 10]), None);
    }
}
