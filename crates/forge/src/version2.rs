//! What version 2 of the bridge keeps beside the words of generation C: seats, executed keys, claims, and the source it is bound to.
//!
//! Source: docs/contracts.md 1 to 3.

use spanlight::bridge::layout::{self, SeatWord};
use spanlight::bridge::HandleCall;
use spanlight::primitives::{Address, Hash, U256};
use std::collections::{BTreeMap, BTreeSet};

/// The state of version 2 behind slot 19.
#[derive(Clone, Debug, Default)]
pub struct Version2 {
    /// The executed key of each handled nonce.
    pub executed: BTreeMap<u64, Hash>,
    /// What is owed, by nonce.
    pub claims: BTreeMap<u64, [U256; 3]>,
    /// The seats behind each key, also those that were given up since.
    pub behind: BTreeMap<Hash, BTreeSet<u64>>,
    /// The seat of each operator.
    pub seats: BTreeMap<Address, u64>,
    /// Seats given so far.
    pub seat_count: u64,
    /// Rises whenever an operator comes or goes.
    pub epoch: u64,
    /// Chain id and bridge of the one source.
    pub source: Option<(u64, Address)>,
}

impl Version2 {
    /// Gives a new operator its seat.
    pub fn seat(&mut self, operator: Address) {
        self.seats.insert(operator, self.seat_count);
        self.seat_count += 1;
        self.epoch += 1;
    }

    /// Takes the seat away; it is never given again.
    pub fn unseat(&mut self, operator: &Address) {
        self.seats.remove(operator);
        self.epoch += 1;
    }

    /// Puts the operator's seat behind `key` instead of `old`.
    pub fn stand(&mut self, operator: &Address, old: Option<Hash>, key: Hash) {
        let seat = self.seats[operator];
        if let Some(seats) = old.and_then(|old| self.behind.get_mut(&old)) {
            seats.remove(&seat);
        }
        self.behind.entry(key).or_default().insert(seat);
    }

    /// How many operators of now stand behind `key`.
    #[must_use]
    pub fn live_votes(&self, key: &Hash) -> usize {
        self.seats.keys().filter(|operator| self.stands_behind(operator, key)).count()
    }

    /// Whether the operator, as registered now, has a vote for `key`.
    #[must_use]
    pub fn stands_behind(&self, operator: &Address, key: &Hash) -> bool {
        let behind = |seat| self.behind.get(key).is_some_and(|seats| seats.contains(seat));
        self.seats.get(operator).is_some_and(behind)
    }

    /// Keeps what a call could not deliver.
    pub fn keep(&mut self, call: &HandleCall) {
        let token = call.token.unwrap_or(Address::ZERO);
        self.claims.insert(call.nonce, layout::claim_words(&call.to, call.token_type, &token, call.value));
    }

    /// The storage words, zero ones too.
    #[must_use]
    pub fn storage(&self) -> BTreeMap<Hash, U256> {
        let number = U256::from::<u64>;
        let word = SeatWord { seat_count: self.seat_count, operator_epoch: self.epoch, ..SeatWord::default() };
        let (chain, bridge) = self.source.unwrap_or((0, Address::ZERO));
        let mut out = BTreeMap::from([
            (layout::SEAT_COUNT, word.encode().to_u256()),
            (layout::SOURCE_CHAIN_ID, number(chain)),
            (layout::SOURCE_BRIDGE, bridge.to_word().to_u256()),
        ]);
        out.extend(self.executed.iter().map(|(nonce, key)| (layout::executed_key_slot(*nonce), key.to_u256())));
        for (nonce, words) in &self.claims {
            out.extend(layout::claim_slots(*nonce).into_iter().zip(*words));
        }
        out.extend(self.seats.iter().map(|(operator, seat)| (layout::seat_slot(operator), number(seat + 1))));
        for seat in self.seats.values() {
            *out.entry(layout::active_seats_slot(*seat)).or_default() |= layout::seat_bit(*seat);
        }
        for (key, seats) in &self.behind {
            for seat in seats {
                *out.entry(layout::vote_seats_slot(key, *seat)).or_default() |= layout::seat_bit(*seat);
            }
        }
        out
    }
}
