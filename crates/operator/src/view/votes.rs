//! Votes as the contract counts them.
//!
//! Generations B and C count every vote ever cast for a key, also of operators that have left. Version 2 counts seats: each
//! registration takes a new one, so what an operator voted before it left stands for nothing once it is back, though the old
//! record still names it. Only the bit of its seat behind the key says that a vote stands (docs/contracts.md 1).

use super::storage::Words;
use crate::decide::NonceState;
use spanlight::bridge::layout::{self, NonceWord, TRANSFER_VOTE};
use spanlight::verify::{Stop, VerifyError};
use spanlight::{Address, Hash, U256};
use spanlight_prover::ProveError;

/// Those whose votes are read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Voters {
    /// Ascending, with their seats on bridges of version 2.
    operators: Vec<(Address, Option<u64>)>,
    has_seats: bool,
}

impl Voters {
    /// `has_seats` on bridges of version 2; their seats must have been read.
    pub(super) fn of(words: &Words, operators: &[Address], has_seats: bool) -> Result<Self, ProveError> {
        let seat = |operator: &Address| -> Result<(Address, Option<u64>), ProveError> {
            if !has_seats {
                return Ok((*operator, None));
            }
            // One more than the seat: an operator of the list has one.
            let seat = words.word(&layout::seat_slot(operator))?.checked_sub(U256::ONE);
            let seat = seat.and_then(|seat| u64::try_from(seat).ok());
            Ok((*operator, Some(seat.ok_or_else(|| Stop::from(VerifyError::BridgeStorage))?)))
        };
        Ok(Self { operators: operators.iter().map(seat).collect::<Result<_, _>>()?, has_seats })
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.operators.iter().map(|(operator, _)| operator)
    }

    /// What has to be read of a nonce.
    pub(super) fn slots(&self, nonce: u64, key: &Hash) -> Vec<Hash> {
        let base = layout::votes_base(TRANSFER_VOTE, nonce);
        let mut slots = vec![layout::closed_slot(nonce)];
        if !self.has_seats {
            slots.push(layout::vote_count_slot(base, key));
        }
        if self.has_seats {
            slots.push(layout::held_slot(key));
        }
        for (operator, seat) in &self.operators {
            slots.push(layout::voted_slot(base, operator));
            slots.extend(seat.map(|seat| layout::vote_seats_slot(key, seat)));
        }
        slots
    }

    /// What has to be read then, where votes are for something else: whether those stand.
    pub(super) fn slots_of_other_keys(&self, words: &Words, nonce: u64, key: &Hash) -> Result<Vec<Hash>, ProveError> {
        let base = layout::votes_base(TRANSFER_VOTE, nonce);
        let mut slots = Vec::new();
        for (operator, seat) in &self.operators {
            let voted = words.hash(&layout::voted_slot(base, operator))?;
            if let Some(seat) = seat.filter(|_| !voted.is_zero() && voted != *key) {
                slots.push(layout::vote_seats_slot(&voted, seat));
            }
        }
        Ok(slots)
    }

    pub(super) fn nonce_state(
        &self,
        words: &Words,
        nonces: &NonceWord,
        nonce: u64,
        key: &Hash,
    ) -> Result<NonceState, ProveError> {
        let base = layout::votes_base(TRANSFER_VOTE, nonce);
        let mut state = NonceState {
            handled: nonces.lower_handle_nonce > nonce || !words.word(&layout::closed_slot(nonce))?.is_zero(),
            held: if self.has_seats { time(words.word(&layout::held_slot(key))?) } else { None },
            ..NonceState::default()
        };
        for (operator, seat) in &self.operators {
            let voted = words.hash(&layout::voted_slot(base, operator))?;
            let stands = match seat {
                _ if voted.is_zero() => false,
                Some(seat) => {
                    let behind = words.word(&layout::vote_seats_slot(&voted, *seat))?;
                    !(behind & layout::seat_bit(*seat)).is_zero()
                }
                None => true,
            };
            if stands {
                state.votes.insert(*operator, voted);
            }
        }
        state.counted = if self.has_seats {
            let equal = state.votes.values().filter(|voted| *voted == key).count();
            u64::try_from(equal).unwrap_or(u64::MAX)
        } else {
            u64::try_from(words.word(&layout::vote_count_slot(base, key))?).unwrap_or(u64::MAX)
        };
        Ok(state)
    }
}

/// A time that is not zero.
fn time(word: U256) -> Option<u64> {
    (!word.is_zero()).then(|| u64::try_from(word).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const KEY: Hash = Hash([7; 32]);
    const OTHER: Hash = Hash([8; 32]);
    const NONCE: u64 = 5;

    fn operator(number: u8) -> Address {
        Address([number; 20])
    }

    /// Three operators on the seats 0, 300 and 2, of which each voted for a key, and the seats behind the keys.
    fn words(voted: [Hash; 3], behind: &[(Hash, u64)]) -> Words {
        let mut words: BTreeMap<Hash, U256> = BTreeMap::new();
        let base = layout::votes_base(TRANSFER_VOTE, NONCE);
        for ((number, seat), voted) in [(1, 0u64), (2, 300), (3, 2)].into_iter().zip(voted) {
            words.insert(layout::seat_slot(&operator(number)), U256::from(seat + 1));
            words.insert(layout::voted_slot(base, &operator(number)), voted.to_u256());
            for key in [KEY, OTHER] {
                words.entry(layout::vote_seats_slot(&key, seat)).or_default();
            }
        }
        for (key, seat) in behind {
            *words.get_mut(&layout::vote_seats_slot(key, *seat)).unwrap() |= layout::seat_bit(*seat);
        }
        words.insert(layout::closed_slot(NONCE), U256::ZERO);
        words.insert(layout::held_slot(&KEY), U256::ZERO);
        words.insert(layout::vote_count_slot(base, &KEY), U256::from(9u8));
        words.into_iter().collect()
    }

    fn state(words: &Words, has_seats: bool) -> NonceState {
        let voters = Voters::of(words, &[1, 2, 3].map(operator), has_seats).unwrap();
        voters.nonce_state(words, &NonceWord::default(), NONCE, &KEY).unwrap()
    }

    #[test]
    fn a_vote_of_an_earlier_registration_does_not_stand() {
        // The first and the third voted before they left, for either key; the second's vote stands.
        let words = words([KEY, KEY, OTHER], &[(KEY, 300), (KEY, 1)]);
        let seen = state(&words, true);
        assert_eq!(seen.votes, BTreeMap::from([(operator(2), KEY)]));
        assert_eq!(seen.counted, 1, "neither the old count nor the old records are believed");
        // Generation C counts them all, also those of former operators.
        let seen = state(&words, false);
        assert_eq!((seen.votes.len(), seen.counted), (3, 9));
    }

    #[test]
    fn a_standing_vote_for_something_else_is_seen() {
        let words = words([KEY, Hash::ZERO, OTHER], &[(KEY, 0), (OTHER, 2)]);
        let seen = state(&words, true);
        assert_eq!(seen.votes, BTreeMap::from([(operator(1), KEY), (operator(3), OTHER)]));
        assert_eq!(seen.counted, 1);
    }

    #[test]
    fn a_transfer_that_the_limit_holds_back_is_seen() {
        let mut words = words([KEY, KEY, KEY], &[(KEY, 0)]);
        assert_eq!(state(&words, true).held, None);
        words.set(layout::held_slot(&KEY), U256::from(77u8));
        assert_eq!(state(&words, true).held, Some(77));
        assert_eq!(state(&words, false).held, None, "generation C has no such slot");
    }

    #[test]
    fn every_slot_that_is_looked_at_is_asked_for() {
        let words = words([KEY, OTHER, Hash::ZERO], &[]);
        let voters = Voters::of(&words, &[1, 2, 3].map(operator), true).unwrap();
        let mut asked = voters.slots(NONCE, &KEY);
        asked.extend(voters.slots_of_other_keys(&words, NONCE, &KEY).unwrap());
        let read: Words = asked.into_iter().map(|slot| (slot, words.word(&slot).unwrap())).collect();
        assert!(voters.nonce_state(&read, &NonceWord::default(), NONCE, &KEY).is_ok());
        let voters = Voters::of(&words, &[1, 2, 3].map(operator), false).unwrap();
        let read: Words =
            voters.slots(NONCE, &KEY).into_iter().map(|slot| (slot, words.word(&slot).unwrap())).collect();
        assert!(voters.nonce_state(&read, &NonceWord::default(), NONCE, &KEY).is_ok());
    }

    #[test]
    fn an_operator_without_a_seat_is_not_the_known_contracts() {
        let words: Words = [(layout::seat_slot(&operator(1)), U256::ZERO)].into_iter().collect();
        assert!(Voters::of(&words, &[operator(1)], true).is_err());
    }
}
