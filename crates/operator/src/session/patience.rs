//! Transfers whose simulation no endpoint answered in time. Anybody can make requests that take a
//! node long to simulate, as many as they like, so such a one is asked about after all others, in
//! requests of its own, and ever more seldom.

use crate::backoff::Backoff;

/// Longest wait in blocks from one time to the next.
const LONGEST: u64 = 64;
/// How many of them are asked about at a time.
pub(super) const SIDE_BY_SIDE: usize = 4;

/// What is told of a transfer for which the time of a round was not enough.
pub(super) const NOT_ASKED_YET: &str =
    "endpoints simulate slowly: whether it can be delivered is asked at one of the next blocks";

/// How one transfer stands with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Patience {
    backoff: Backoff,
    until: u64,
}

impl Patience {
    /// Nobody could tell at this head. The first time it is asked again at the next one: an
    /// endpoint may have failed.
    pub(super) fn note_unknown(&mut self, head: u64) {
        self.until = head.saturating_add(self.backoff.fail(1, LONGEST));
    }

    /// Somebody could.
    pub(super) fn note_answer(&mut self) {
        *self = Self::default();
    }

    /// Whether it is asked again at this head.
    pub(super) const fn is_due(self, head: u64) -> bool {
        head >= self.until
    }

    /// How often nobody could tell, in a row.
    pub(super) const fn tries(self) -> u32 {
        self.backoff.failures()
    }
}

/// The order in which transfers are asked about: those that nobody failed to tell of, and the
/// others, fewest tries first.
pub(super) fn in_turn(tries: impl Iterator<Item = (u64, u32)>) -> (Vec<u64>, Vec<u64>) {
    let (fresh, mut late): (Vec<_>, Vec<_>) = tries.partition(|(_, tries)| *tries == 0);
    late.sort_by_key(|(nonce, tries)| (*tries, *nonce));
    let nonces = |row: Vec<(u64, u32)>| row.into_iter().map(|(nonce, _)| nonce).collect();
    (nonces(fresh), nonces(late))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_tells_is_asked_ever_more_seldom_and_after_what_was_asked_less() {
        let (mut patience, mut head) = (Patience::default(), 100);
        let waits = [0; 8].map(|_| {
            patience.note_unknown(head);
            let wait = (0..).find(|wait| patience.is_due(head + wait)).unwrap();
            head += wait;
            wait
        });
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 64]);
        assert_eq!(patience.tries(), 8);
        patience.note_answer();
        assert!(patience.is_due(0) && patience.tries() == 0);
        // The lowest nonces cannot keep the others back at every head.
        let row = [(3, 9), (4, 1), (5, 0), (6, 1), (7, 0)];
        assert_eq!(in_turn(row.into_iter()), (vec![5, 7], vec![4, 6, 3]));
    }
}
