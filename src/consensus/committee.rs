//! Who may propose a block and who sits in its committee, where headers alone tell.
//!
//! Round-robin and sticky policies follow from the council and the previous proposer; weighted-random needs the Randao mix
//! (before that fork it needs staking state, and there is no answer here). The round lies outside the block hash, so a
//! verifier can only ask whether some round up to 255 fits. Source: chain.md 2.7.

use super::shuffle::{go_seed, go_shuffle, legacy_seed, legacy_shuffle};
use crate::primitives::{Address, Hash};
use alloc::vec::Vec;

/// Where proposer and committee are drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lottery<'a> {
    /// The qualified validators in council order.
    pub qualified: &'a [Address],
    /// How many sit in a committee.
    pub committee_size: u64,
    /// What the draw depends on.
    pub draw: Draw,
}

/// What a draw depends on besides the validators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// Each round the one after the previous block's proposer (policy 0).
    RoundRobin {
        /// Hash of the previous block.
        parent: Hash,
        /// Its proposer; the first validator for block 1.
        previous: Address,
    },
    /// The previous block's proposer again in round 0 (policy 1).
    Sticky {
        /// Hash of the previous block.
        parent: Hash,
        /// Its proposer; the first validator for block 1.
        previous: Address,
    },
    /// By the mix of the previous block (policy 2 from Randao).
    Randao {
        /// The mix of the previous block.
        mix: Hash,
    },
}

impl Lottery<'_> {
    /// The proposer of `round`; none where nobody is qualified.
    #[must_use]
    pub fn proposer(&self, round: u64) -> Option<Address> {
        match self.draw {
            Draw::RoundRobin { previous, .. } => self.at_offset(previous, round.saturating_add(1)),
            Draw::Sticky { previous, .. } => self.at_offset(previous, round),
            Draw::Randao { mix } => {
                let committee = self.randao_committee(&mix);
                let place = round.checked_rem(length(&committee))?;
                committee.get(usize::try_from(place).ok()?).copied()
            }
        }
    }

    /// The committee of `round`; everyone qualified where they are no more than the committee size.
    #[must_use]
    pub fn committee(&self, round: u64) -> Vec<Address> {
        if length(self.qualified) <= self.committee_size {
            return self.qualified.to_vec();
        }
        match self.draw {
            Draw::RoundRobin { parent, .. } | Draw::Sticky { parent, .. } => self.drawn_committee(&parent, round),
            Draw::Randao { mix } => self.randao_committee(&mix),
        }
    }

    /// Whether all of `signers` sit in the committee of some round that the header's one round byte can name.
    #[must_use]
    pub fn some_committee_holds(&self, signers: &[Address]) -> bool {
        // Rounds repeat after as many as there are validators; the Randao committee is the same in all.
        let rounds = match self.draw {
            Draw::Randao { .. } => 1,
            Draw::RoundRobin { .. } | Draw::Sticky { .. } => length(self.qualified).clamp(1, 256),
        };
        (0..rounds).any(|round| {
            let committee = self.committee(round);
            signers.iter().all(|signer| committee.contains(signer))
        })
    }

    fn at_offset(&self, previous: Address, offset: u64) -> Option<Address> {
        let index = self.qualified.iter().position(|member| *member == previous).unwrap_or(0);
        let place = u64::try_from(index).ok()?.checked_add(offset)?.checked_rem(length(self.qualified))?;
        self.qualified.get(usize::try_from(place).ok()?).copied()
    }

    fn randao_committee(&self, mix: &Hash) -> Vec<Address> {
        let mut members = self.qualified.to_vec();
        go_shuffle(&mut members, go_seed(mix));
        members.truncate(usize::try_from(self.committee_size).unwrap_or(usize::MAX));
        members
    }

    /// The proposer of this round, the proposer of the next, and the first of the shuffled others.
    fn drawn_committee(&self, parent: &Hash, round: u64) -> Vec<Address> {
        let first = self.proposer(round);
        let next = if self.committee_size == 1 { None } else { self.proposer(round.saturating_add(1)) };
        let mut committee: Vec<Address> = first.into_iter().chain(next).collect();
        let others: Vec<Address> =
            self.qualified.iter().filter(|member| !committee.contains(member)).copied().collect();
        committee.extend(legacy_shuffle(&others, legacy_seed(parent)));
        committee.truncate(usize::try_from(self.committee_size).unwrap_or(usize::MAX));
        committee
    }
}

fn length(members: &[Address]) -> u64 {
    u64::try_from(members.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(count: u8) -> Vec<Address> {
        (1..=count).map(|n| Address([n; 20])).collect()
    }

    #[test]
    fn round_robin_goes_on_from_the_previous_proposer_and_sticky_stays() {
        let qualified = members(4);
        let (parent, previous) = (Hash::ZERO, Address([4; 20]));
        let lottery = |draw| Lottery { qualified: &qualified, committee_size: 21, draw };
        let robin = lottery(Draw::RoundRobin { parent, previous });
        assert_eq!(robin.proposer(0), Some(qualified[0]));
        assert_eq!(robin.proposer(4), Some(qualified[0]));
        let sticky = lottery(Draw::Sticky { parent, previous });
        assert_eq!(sticky.proposer(0), Some(qualified[3]));
        assert_eq!(sticky.proposer(1), Some(qualified[0]));
        let gone = lottery(Draw::Sticky { parent, previous: Address([9; 20]) });
        assert_eq!(gone.proposer(0), Some(qualified[0]));
    }

    #[test]
    fn a_committee_has_the_committee_size_and_its_proposer() {
        let qualified = members(10);
        let parent = crate::keccak256(b"parent");
        let robin = Draw::RoundRobin { parent, previous: qualified[2] };
        for (draw, size) in [(robin, 1), (robin, 2), (robin, 7), (Draw::Randao { mix: parent }, 7)] {
            let lottery = Lottery { qualified: &qualified, committee_size: size, draw };
            for round in 0..3 {
                let committee = lottery.committee(round);
                assert_eq!(length(&committee), size);
                assert!(committee.contains(&lottery.proposer(round).unwrap()));
                // Where it is drawn around the proposer, the next one sits in it too.
                let with_next = draw == robin && size > 1;
                assert!(!with_next || committee.get(1) == lottery.proposer(round + 1).as_ref());
                assert!(lottery.some_committee_holds(&committee));
            }
        }
    }

    #[test]
    fn everyone_sits_in_the_committee_of_a_small_council_and_nobody_in_none() {
        let qualified = members(3);
        let lottery = Lottery { qualified: &qualified, committee_size: 3, draw: Draw::Randao { mix: Hash::ZERO } };
        assert_eq!(lottery.committee(0), qualified);
        let empty = Lottery { qualified: &[], committee_size: 3, draw: Draw::Randao { mix: Hash::ZERO } };
        assert_eq!(empty.proposer(0), None);
    }

    #[test]
    fn signers_outside_every_committee_are_noticed() {
        let qualified = members(10);
        let mix = crate::keccak256(b"mix");
        let lottery = Lottery { qualified: &qualified, committee_size: 4, draw: Draw::Randao { mix } };
        let committee = lottery.committee(0);
        let outsider = qualified.iter().find(|member| !committee.contains(member)).unwrap();
        assert!(!lottery.some_committee_holds(&[*outsider]));
    }
}
