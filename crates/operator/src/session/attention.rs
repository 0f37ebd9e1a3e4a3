//! Which open nonces are looked at at a head. Anybody may open as many as they pay for, so each head costs a bounded amount of
//! work, and all get their turn: those that can do nothing are no hindrance to those that can.

use std::collections::BTreeSet;

/// Most nonces that are looked at at a head, beside those with a transaction on its way.
pub(super) const MOST_AT_A_HEAD: usize = 256;
/// Parked ones among them, whose time has not come: others may have handled them, or voted for something else.
const PARKED_AT_A_HEAD: usize = 16;

/// How an open nonce stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Something may be done.
    Ready,
    /// Put aside until later.
    Parked,
    /// A transaction is on its way.
    InFlight,
}

/// Goes round the open nonces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Attention {
    head: u64,
    ready: Round,
    parked: Round,
}

/// From where a round goes on: at this head, and at the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Round {
    first: u64,
    next: u64,
}

impl Attention {
    /// The nonces to look at at `head`. The rounds go on with each head, not with each call.
    pub(super) fn pick(&mut self, head: u64, open: impl IntoIterator<Item = (u64, Standing)>) -> BTreeSet<u64> {
        if head != self.head {
            self.head = head;
            self.ready.first = self.ready.next;
            self.parked.first = self.parked.next;
        }
        let (mut picked, mut ready, mut parked) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (nonce, standing) in open {
            let place = match standing {
                Standing::InFlight => &mut picked,
                Standing::Ready => &mut ready,
                Standing::Parked => &mut parked,
            };
            place.insert(nonce);
        }
        let some_parked = self.parked.pick(&parked, PARKED_AT_A_HEAD);
        let most = MOST_AT_A_HEAD.saturating_sub(some_parked.len());
        picked.extend(self.ready.pick(&ready, most));
        picked.extend(some_parked);
        picked
    }
}

impl Round {
    fn pick(&mut self, nonces: &BTreeSet<u64>, most: usize) -> Vec<u64> {
        let (before, behind) = (nonces.range(..self.first), nonces.range(self.first..));
        let picked: Vec<u64> = behind.chain(before).copied().take(most).collect();
        self.next = picked.last().map_or(0, |last| last.wrapping_add(1));
        picked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(standing: Standing, nonces: std::ops::Range<u64>) -> impl Iterator<Item = (u64, Standing)> + Clone {
        nonces.map(move |nonce| (nonce, standing))
    }

    #[test]
    fn a_few_are_looked_at_at_every_head() {
        let mut attention = Attention::default();
        for head in 1..5 {
            let open = all(Standing::Ready, 3..200).chain(all(Standing::InFlight, 200..210));
            assert_eq!(attention.pick(head, open), (3..210).collect());
        }
    }

    #[test]
    fn of_many_that_can_do_nothing_each_gets_its_turn_and_so_do_later_ones() {
        let mut attention = Attention::default();
        let mut seen = BTreeSet::new();
        for head in 1..=4 {
            // A new one comes with each head, behind a thousand that stay.
            let picked = attention.pick(head, all(Standing::Ready, 0..1000 + head));
            assert!(picked.len() <= MOST_AT_A_HEAD);
            seen.extend(picked);
        }
        assert_eq!(seen, (0..1004).collect());
    }

    #[test]
    fn parked_ones_take_no_place_and_are_seen_in_the_end() {
        let mut attention = Attention::default();
        let mut seen = BTreeSet::new();
        let open = all(Standing::Parked, 0..1000).chain(all(Standing::Ready, 1000..1200));
        for head in 1..=63 {
            let picked = attention.pick(head, open.clone());
            assert!((1000..1200).all(|nonce| picked.contains(&nonce)));
            assert!(picked.len() <= 200 + PARKED_AT_A_HEAD);
            seen.extend(picked);
        }
        assert_eq!(seen, (0..1200).collect());
    }

    #[test]
    fn one_head_has_one_choice_and_what_is_on_its_way_is_always_in_it() {
        let mut attention = Attention::default();
        attention.pick(1, all(Standing::Ready, 0..1000));
        let open = all(Standing::Ready, 0..1000).chain([(5000, Standing::InFlight)]);
        let picked = attention.pick(2, open.clone());
        assert_eq!(picked, (256..512).chain([5000]).collect());
        assert_eq!(attention.pick(2, open), picked, "what is asked of peers stays the same until the next head");
        assert_eq!(attention.pick(3, all(Standing::Ready, u64::MAX - 1..u64::MAX)).len(), 1);
    }
}
