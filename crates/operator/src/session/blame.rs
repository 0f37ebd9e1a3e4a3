//! Whose fault an old head is: that of an endpoint which keeps newer blocks back, or nobody's,
//! where the chain makes none.
//!
//! An endpoint is named only once the next one has shown that there were newer blocks. That is told
//! by block times alone, so it holds whatever this machine's clock says: the second block that an
//! endpoint did not show must have been made well before its turn ended. The first one tells
//! nothing: it may have been proposed before a halt, and sealed after it with the old time.

use super::rotation::STALLED;
use std::time::{Duration, Instant};

/// Endpoints whose turn ended with an old head, until it is known whose fault that was.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    list: Vec<Suspect>,
    /// Turns in a row that ended so.
    turns: usize,
    /// Whether the head moved in these turns.
    moves: bool,
    /// Whether an endpoint was named in these turns.
    named: bool,
}

#[derive(Debug)]
struct Suspect {
    name: String,
    /// The head that it showed last.
    head: u64,
    ended: Instant,
}

/// Nobody's fault: every endpoint had its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nobody {
    /// The chain makes no block.
    Stands,
    /// It makes blocks, and even the newest is old: the clock is ahead, or all endpoints are
    /// behind.
    AllOld,
}

impl Suspects {
    /// The turn of an endpoint ended with an old head, the first of so many.
    pub(super) fn add(&mut self, name: &str, head: u64, ended: Instant, endpoints: usize) -> Option<Nobody> {
        self.list.push(Suspect { name: name.to_owned(), head, ended });
        self.turns = self.turns.saturating_add(1);
        if self.turns < endpoints {
            return None;
        }
        let whole = std::mem::take(self);
        match (whole.named, whole.moves) {
            (true, _) => None,
            (false, true) => Some(Nobody::AllOld),
            (false, false) => Some(Nobody::Stands),
        }
    }

    /// The head has moved: gives the endpoints that kept blocks back. `time_of` gives the time of a
    /// verified block, and `newest` is that of the newest.
    pub(super) fn moved(&mut self, newest: u64, time_of: impl Fn(u64) -> Option<u64>, now: Instant) -> Vec<String> {
        self.moves = true;
        let kept_back = |suspect: &Suspect| {
            // A chain that stood still and goes on makes its next block after the turn ended.
            let since = STALLED.saturating_add(now.saturating_duration_since(suspect.ended)).as_secs();
            let unseen = suspect.head.checked_add(2).and_then(&time_of);
            unseen.is_some_and(|unseen| unseen.saturating_add(since) <= newest)
        };
        let mut names: Vec<String> = self.list.drain(..).filter(kept_back).map(|suspect| suspect.name).collect();
        names.dedup();
        self.named |= !names.is_empty();
        names
    }

    /// The head is young enough.
    pub(super) fn is_young(&mut self) {
        (self.turns, self.moves, self.named) = (0, false, false);
    }
}

/// Two chains' old heads tell of the clock where they were seen within this time.
const TOGETHER: Duration = Duration::from_secs(60);
/// And where their ages differ by no more than this: block times and looks lie some seconds apart.
const APART: u64 = 5;

/// Seconds by which this machine's clock seems to be ahead: by as much the newest blocks of both
/// chains are old, when it was last seen that every endpoint shows moving heads that are. That all
/// endpoints of both chains are behind by the same is less likely.
pub(super) fn clock_ahead(old: [Option<(Instant, u64)>; 2], now: Instant) -> Option<u64> {
    let recent = old.map(|seen| seen.filter(|(at, _)| now.saturating_duration_since(*at) <= TOGETHER));
    match recent {
        [Some((_, one)), Some((_, other))] if one.abs_diff(other) <= APART => Some(one.min(other)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chain with a block each second, but for an hour between 100 and 101.
    fn time_of(number: u64) -> Option<u64> {
        Some(if number <= 100 { 1_000 + number } else { 4_600 + number })
    }

    #[test]
    fn an_endpoint_is_named_once_another_shows_what_it_kept_back() {
        let (mut suspects, ended) = (Suspects::default(), Instant::now());
        assert_eq!(suspects.add("old", 20, ended, 2), None);
        assert_eq!(suspects.moved(time_of(90).unwrap(), time_of, ended), ["old"]);
        // Only once, and the round is not held against the others.
        assert!(suspects.moved(time_of(91).unwrap(), time_of, ended).is_empty());
        assert_eq!(suspects.add("other", 91, ended, 2), None);
    }

    #[test]
    fn a_chain_that_makes_no_block_is_no_endpoints_fault_also_when_it_goes_on() {
        let (mut suspects, ended) = (Suspects::default(), Instant::now());
        assert_eq!(suspects.add("one", 100, ended, 2), None);
        assert_eq!(suspects.add("two", 100, ended + STALLED, 2), Some(Nobody::Stands));
        assert_eq!(suspects.add("one", 100, ended + STALLED * 2, 2), None);
        // It goes on during the turn of the other one: block 101 is an hour younger than 100, and
        // as old as it should be.
        for (seconds, newest) in [(1, 101), (4, 104)] {
            let mut suspects = Suspects::default();
            suspects.add("one", 100, ended, 2);
            let now = ended + Duration::from_secs(seconds);
            assert!(suspects.moved(time_of(newest).unwrap(), time_of, now).is_empty(), "{seconds}");
        }
    }

    /// Validators that had prepared a block when the chain halted seal that same block after the
    /// halt.
    #[test]
    fn a_block_that_was_proposed_before_a_halt_and_sealed_after_it_blames_nobody() {
        let time_of = |number| Some(if number <= 101 { 1_000 + number } else { 4_600 + number });
        let (mut suspects, ended) = (Suspects::default(), Instant::now());
        assert_eq!(suspects.add("one", 100, ended, 2), None);
        assert!(suspects.moved(time_of(103).unwrap(), time_of, ended + Duration::from_secs(2)).is_empty());
    }

    #[test]
    fn where_every_head_is_old_and_moves_it_may_be_the_clock() {
        let (mut suspects, ended) = (Suspects::default(), Instant::now());
        assert_eq!(suspects.add("one", 20, ended, 2), None);
        assert!(suspects.moved(time_of(21).unwrap(), time_of, ended).is_empty());
        assert_eq!(suspects.add("two", 25, ended + STALLED, 2), Some(Nobody::AllOld));
        // A single endpoint that drips is told in the same way: nobody else can show that it is at
        // fault.
        assert!(suspects.moved(time_of(26).unwrap(), time_of, ended).is_empty());
        assert_eq!(suspects.add("one", 26, ended, 1), Some(Nobody::AllOld));
    }

    #[test]
    fn the_clock_is_ahead_where_both_chains_are_old_by_the_same() {
        let now = Instant::now() + TOGETHER * 3;
        let seen = |ago: u64, age| Some((now - Duration::from_secs(ago), age));
        assert_eq!(clock_ahead([seen(9, 203), seen(0, 200)], now), Some(200));
        assert_eq!(clock_ahead([seen(0, 300), seen(0, 200)], now), None, "one chain's endpoints are behind");
        assert_eq!(clock_ahead([seen(61, 200), seen(0, 200)], now), None, "long ago");
        assert_eq!(clock_ahead([None, seen(0, 200)], now), None);
    }

    #[test]
    fn a_young_head_begins_anew() {
        let (mut suspects, ended) = (Suspects::default(), Instant::now());
        assert_eq!(suspects.add("one", 20, ended, 2), None);
        suspects.is_young();
        assert_eq!(suspects.add("one", 90, ended, 2), None);
    }
}
