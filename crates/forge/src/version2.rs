//! What version 2 of the bridge keeps beside the words of generation C: seats, executed keys,
//! claims, the source it is bound to, a pause, and the outflow limit.
//!
//! Source: docs/contracts.md 1 to 3.

use spanlight::bridge::layout::{self, Outflow, SeatWord};
use spanlight::bridge::{HandleCall, TokenType};
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
    /// Whether handles are paused.
    pub paused: bool,
    /// When the owner may resume them; zero: not scheduled.
    pub resume_time: u64,
    /// Rises with every pause: the number of the next vote for a resume.
    pub pauses: u64,
    /// Until when the outflow limit holds a vote key back, at the latest.
    pub held: BTreeMap<Hash, u64>,
    /// The outflow limit of each token.
    pub limits: BTreeMap<Address, u128>,
    /// What left of each token and has not leaked away, and when that changed.
    pub outflows: BTreeMap<Address, (U256, u64)>,
    /// Time of the block that is being made.
    pub time: u64,
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

    /// Stops handles.
    pub fn pause(&mut self) {
        self.pauses += u64::from(!self.paused);
        self.paused = true;
        self.resume_time = 0;
    }

    /// Starts them again.
    pub fn resume(&mut self) {
        self.paused = false;
        self.resume_time = 0;
    }

    /// Whether a decided transfer leaves now; if not, it is held back.
    pub fn leaves(&mut self, call: &HandleCall) -> bool {
        let token = call.token.unwrap_or(Address::ZERO);
        let Some(limit) = self.limits.get(&token).copied().filter(|limit| *limit > 0) else { return true };
        let (key, until) = (call.vote_key(), self.held.get(&call.vote_key()).copied());
        if until.is_some_and(|until| self.time >= until) {
            return true;
        }
        let amount = if call.token_type == TokenType::Erc721 { U256::ONE } else { call.value };
        let (level, updated) = self.outflows.get(&token).copied().unwrap_or_default();
        let now = Outflow { limit, level, updated };
        if now.fits(amount, self.time) {
            let left = now.level_at(self.time) + amount;
            self.outflows.insert(token, (left, self.time));
            return true;
        }
        let periods = (amount / U256::from(limit)).clamp(U256::ONE, U256::from(30u64));
        let wait = u64::try_from(periods).expect("at most 30") * Outflow::PERIOD;
        self.held.entry(key).or_insert(self.time + wait);
        false
    }

    /// The storage words, zero ones too.
    #[must_use]
    pub fn storage(&self) -> BTreeMap<Hash, U256> {
        let number = U256::from::<u64>;
        let word = SeatWord {
            seat_count: self.seat_count,
            operator_epoch: self.epoch,
            resume_time: self.resume_time,
            handles_paused: self.paused,
            account_keys: false,
        };
        let (chain, bridge) = self.source.unwrap_or((0, Address::ZERO));
        let mut out = BTreeMap::from([
            (layout::SEAT_COUNT, word.encode().to_u256()),
            (layout::SOURCE_CHAIN_ID, number(chain)),
            (layout::SOURCE_BRIDGE, bridge.to_word().to_u256()),
            (layout::resume_nonce_slot(), number(self.pauses)),
        ]);
        out.extend(self.held.iter().map(|(key, until)| (layout::held_slot(key), number(*until))));
        for (token, limit) in &self.limits {
            let (level, updated) = self.outflows.get(token).copied().unwrap_or_default();
            let words = [U256::from(*limit) << 128usize, level | (number(updated) << 192usize)];
            out.extend(layout::outflow_slots(token).into_iter().zip(words));
        }
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
