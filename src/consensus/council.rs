//! The council: every validator, qualified or demoted, whose seal counts at a height.
//!
//! It changes only by the vote in a header, and then for the next block. Members are kept in the chain's own order, by
//! EIP-55 text, because proposers and committees are drawn from that order. Source: chain.md 2.1, 2.4, 2.6.

use super::votes::{CastVote, Vote};
use super::ConsensusError;
use crate::ordered::set_of;
use crate::primitives::Address;
use crate::uncovered::Uncovered;
use alloc::string::String;
use alloc::vec::Vec;

/// Most members a council may have: bounds the work for one header. Public networks have fewer than a hundred.
pub const MAX_MEMBERS: usize = 1000;

/// A set of validators in the order of their EIP-55 texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Council {
    members: Vec<Address>,
}

impl Council {
    /// The council of `members`, given in any order.
    ///
    /// # Errors
    /// Where there is none, too many, or one is named twice.
    pub fn new(members: &[Address]) -> Result<Self, ConsensusError> {
        if members.is_empty() {
            return Err(ConsensusError::CouncilEmpty);
        }
        council_is_bounded(members.len())?;
        let sorted = in_order(members.to_vec());
        if let Some(twice) = sorted.windows(2).find_map(|pair| match pair {
            [one, other] if one == other => Some(*one),
            _ => None,
        }) {
            return Err(ConsensusError::CouncilDuplicate(twice.into()));
        }
        Ok(Self { members: sorted })
    }

    /// The members in order.
    #[must_use]
    pub fn members(&self) -> &[Address] {
        &self.members
    }

    /// How many members there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether everyone was voted out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether `address` is a member.
    #[must_use]
    pub fn contains(&self, address: &Address) -> bool {
        self.members.contains(address)
    }

    /// The council for the next block under Kaia v2 rules: each address counts on its own, the governing node never moves,
    /// and what is already so stays so (chain.md 2.4).
    ///
    /// # Errors
    /// Where the council would outgrow [`MAX_MEMBERS`].
    pub fn after_vote(&self, vote: &Vote, governing_node: &Address) -> Result<Self, ConsensusError> {
        let moves = |address: &&Address| *address != governing_node;
        match vote {
            Vote::AddValidators(named) => self.with(named.iter().filter(moves)),
            Vote::RemoveValidators(named) => {
                let leaving: Vec<&Address> = named.iter().filter(moves).collect();
                Ok(self.without(&leaving))
            }
            Vote::Parameter(..) => Ok(self.clone()),
        }
    }

    /// The council for the next block under the rules of Klaytn 1.12 and before: a vote with any meaningless or repeated
    /// address, by a stranger, or (mode "single") not by the governing node, changes nothing (chain.md 2.4).
    ///
    /// # Errors
    /// [`ConsensusError::Unsupported`] in mode "ballot", where votes are tallied over an epoch.
    pub fn after_legacy_vote(
        &self,
        cast: &CastVote,
        mode: &str,
        governing_node: &Address,
    ) -> Result<Self, ConsensusError> {
        let (named, adds) = match &cast.vote {
            Vote::AddValidators(named) => (named, true),
            Vote::RemoveValidators(named) => (named, false),
            Vote::Parameter(..) => return Ok(self.clone()),
        };
        match mode {
            "none" => {}
            "single" if cast.voter == *governing_node => {}
            "single" => return Ok(self.clone()),
            _ => return Err(ConsensusError::uncovered(Uncovered::GovernanceByBallot)),
        }
        let every_address_means_something = named.iter().all(|address| self.contains(address) != adds);
        if !self.contains(&cast.voter) || !every_address_means_something || names_one_twice(named) {
            return Ok(self.clone());
        }
        if adds {
            self.with(named.iter())
        } else {
            Ok(self.without(&named.iter().collect::<Vec<_>>()))
        }
    }

    fn with<'a>(&self, joining: impl Iterator<Item = &'a Address>) -> Result<Self, ConsensusError> {
        let mut members = self.members.clone();
        for address in joining {
            if !members.contains(address) {
                members.push(*address);
                council_is_bounded(members.len())?;
            }
        }
        Ok(Self { members: in_order(members) })
    }

    fn without(&self, leaving: &[&Address]) -> Self {
        Self { members: self.members.iter().filter(|member| !leaving.contains(member)).copied().collect() }
    }
}

/// In the order of their texts. Each is put into its place: a sort of these pairs would be 5 kB of
/// code for browsers, and there are at most [`MAX_MEMBERS`].
fn in_order(members: Vec<Address>) -> Vec<Address> {
    let mut sorted: Vec<(String, Address)> = Vec::with_capacity(members.len());
    for member in members {
        let text = member.checksum();
        let place = sorted.partition_point(|(other, _)| *other <= text);
        sorted.insert(place, (text, member));
    }
    sorted.into_iter().map(|(_, member)| member).collect()
}

const fn council_is_bounded(got: usize) -> Result<(), ConsensusError> {
    if got <= MAX_MEMBERS {
        Ok(())
    } else {
        Err(ConsensusError::uncovered(Uncovered::CouncilTooLarge))
    }
}

/// By a set: a vote may name many addresses, and comparing all pairs would cost their square.
fn names_one_twice(named: &[Address]) -> bool {
    set_of(named).len() < named.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consensus::testing::Vectors;
    use std::vec;

    fn council(keys: &[u64]) -> Council {
        Council::new(&keys.iter().map(|key| Vectors::load().address(*key)).collect::<Vec<_>>()).unwrap()
    }

    fn address(key: u64) -> Address {
        Vectors::load().address(key)
    }

    #[test]
    fn is_sorted_by_checksum_text_and_holds_each_once() {
        let sorted: Vec<Address> = serde_json::from_value(Vectors::load().json["shuffle"]["sorted"].clone()).unwrap();
        let mut reversed = sorted.clone();
        reversed.reverse();
        assert_eq!(Council::new(&reversed).unwrap().members(), sorted);
        assert_eq!(Council::new(&[address(1), address(1)]), Err(ConsensusError::CouncilDuplicate(address(1).into())));
        assert_eq!(Council::new(&[]), Err(ConsensusError::CouncilEmpty));
    }

    #[test]
    fn refuses_to_outgrow_its_bound() {
        let many: Vec<Address> =
            (0..1001u64).map(|n| Address::low_bytes(&crate::keccak256(&n.to_be_bytes()))).collect();
        let too_large = ConsensusError::uncovered(Uncovered::CouncilTooLarge);
        assert_eq!(Council::new(&many), Err(too_large.clone()));
        let full = Council::new(&many[..1000]).unwrap();
        assert_eq!(full.after_vote(&Vote::AddValidators(vec![many[1000]]), &Address::ZERO), Err(too_large));
    }

    #[test]
    fn v2_takes_each_address_on_its_own_and_never_moves_the_governing_node() {
        let before = council(&[1, 2, 3]);
        let add = Vote::AddValidators(vec![address(3), address(4)]);
        assert_eq!(before.after_vote(&add, &Address::ZERO), Ok(council(&[1, 2, 3, 4])));
        assert_eq!(before.after_vote(&add, &address(4)), Ok(before.clone()));
        let remove = Vote::RemoveValidators(vec![address(5), address(1), address(2)]);
        assert_eq!(before.after_vote(&remove, &address(2)), Ok(council(&[2, 3])));
    }

    #[test]
    fn legacy_ignores_the_whole_vote_where_one_address_is_meaningless_or_repeated() {
        let before = council(&[1, 2, 3]);
        let cast = |vote| CastVote { voter: address(1), vote };
        let after = |vote| before.after_legacy_vote(&cast(vote), "none", &Address::ZERO).unwrap();
        assert_eq!(after(Vote::AddValidators(vec![address(4)])), council(&[1, 2, 3, 4]));
        assert_eq!(after(Vote::AddValidators(vec![address(4), address(3)])), before);
        assert_eq!(after(Vote::AddValidators(vec![address(4), address(4)])), before);
        assert_eq!(after(Vote::RemoveValidators(vec![address(3), address(4)])), before);
        assert_eq!(after(Vote::RemoveValidators(vec![address(3), address(2)])), council(&[1]));
    }

    #[test]
    fn legacy_counts_only_members_and_in_single_mode_only_the_governing_node() {
        let before = council(&[1, 2, 3]);
        let add = |voter| CastVote { voter: address(voter), vote: Vote::AddValidators(vec![address(4)]) };
        let grown = council(&[1, 2, 3, 4]);
        assert_eq!(before.after_legacy_vote(&add(5), "none", &Address::ZERO), Ok(before.clone()));
        assert_eq!(before.after_legacy_vote(&add(2), "single", &address(1)), Ok(before.clone()));
        assert_eq!(before.after_legacy_vote(&add(1), "single", &address(1)), Ok(grown));
        let ballot = before.after_legacy_vote(&add(1), "ballot", &address(1));
        assert_eq!(ballot, Err(ConsensusError::uncovered(Uncovered::GovernanceByBallot)));
    }
}
