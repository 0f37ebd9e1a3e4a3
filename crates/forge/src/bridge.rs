//! A model of the bridge contract: what requests and votes do to its storage, and which events they leave.
//!
//! Source: bridge.md 2.2 to 2.5. Generation B differs in that it deletes the votes of a nonce when they decide it; version 2 in
//! what docs/contracts.md says.

use crate::version2::Version2;
use spanlight::bridge::generation::{CODE_HASH_B, CODE_HASH_C};
use spanlight::bridge::layout::{self, NonceWord, UpperWord};
use spanlight::bridge::{Generation, HandleCall, HandleEvent, RequestEvent, TokenType};
use spanlight::primitives::{keccak256, Address, Hash, U256};
use std::collections::{BTreeMap, BTreeSet};

/// Votes on one nonce.
#[derive(Clone, Debug, Default)]
pub struct Votes {
    /// Everyone who ever voted, in order.
    pub voters: Vec<Address>,
    /// The key for which each vote stands.
    pub voted: BTreeMap<Address, Hash>,
    /// Keys in the order in which they were first voted for.
    pub keys: Vec<Hash>,
    /// Live votes of each key.
    pub counts: BTreeMap<Hash, u8>,
}

/// Why the contract reverts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revert {
    /// The sender is no operator.
    NotAnOperator,
    /// The nonce is below the sweep.
    Removed,
    /// The nonce is decided.
    Closed,
    /// The value could not be delivered.
    Delivery,
    /// Handles are paused.
    Paused,
}

/// The contract.
#[derive(Clone, Debug)]
pub struct Bridge {
    /// Where it is.
    pub address: Address,
    /// Its generation: B, C or version 2.
    pub generation: Generation,
    /// Hash of its code.
    pub code_hash: Hash,
    /// Whether it burns and mints.
    pub mint_burn: bool,
    /// Who may vote.
    pub operators: Vec<Address>,
    /// Equal votes that decide.
    pub threshold: u8,
    /// Counterparts of its tokens.
    pub registered: BTreeMap<Address, Address>,
    /// Requests made.
    pub request_nonce: u64,
    /// Lowest nonce not handled.
    pub lower: u64,
    /// Highest nonce handled.
    pub upper: u64,
    /// Source block of the last nonce of the gap-free prefix.
    pub recovery: u64,
    /// Decided and not swept.
    pub closed: BTreeSet<u64>,
    /// Source blocks of what is decided and not swept.
    pub nonce_blocks: BTreeMap<u64, u64>,
    /// Request transactions that were handled.
    pub handled_txs: BTreeSet<Hash>,
    /// Votes by nonce.
    pub votes: BTreeMap<u64, Votes>,
    /// Coin held.
    pub balance: U256,
    /// What version 2 keeps.
    pub version2: Version2,
    /// Words that are not what the contract would have written: the one thing that is wrong.
    pub forged: BTreeMap<Hash, U256>,
}

impl Bridge {
    /// A bridge of the reference build, with these operators.
    #[must_use]
    pub fn new(
        address: Address,
        generation: Generation,
        mint_burn: bool,
        operators: Vec<Address>,
        threshold: u8,
    ) -> Self {
        let mut version2 = Version2::default();
        operators.iter().for_each(|operator| version2.seat(*operator));
        Self {
            address,
            generation,
            code_hash: match generation {
                // A name of its own, so that what is forged does not change with every change of the contract.
                Generation::V2 => keccak256(b"forged bridge of version 2"),
                Generation::C => CODE_HASH_C,
                _ => CODE_HASH_B,
            },
            version2,
            mint_burn,
            operators,
            threshold,
            registered: BTreeMap::new(),
            request_nonce: 0,
            lower: 0,
            upper: 0,
            recovery: 1,
            closed: BTreeSet::new(),
            nonce_blocks: BTreeMap::new(),
            handled_txs: BTreeSet::new(),
            votes: BTreeMap::new(),
            balance: U256::from(1_000_000u64),
            forged: BTreeMap::new(),
        }
    }

    /// Takes a request: numbers it and keeps the coin.
    pub fn request(&mut self, mut event: RequestEvent) -> RequestEvent {
        event.nonce = self.request_nonce;
        self.request_nonce += 1;
        if event.token_type == TokenType::Coin {
            self.balance += event.value;
        }
        event
    }

    /// Registers an operator.
    pub fn register(&mut self, operator: Address) {
        self.operators.push(operator);
        self.version2.seat(operator);
    }

    /// Takes an operator out.
    pub fn deregister(&mut self, operator: &Address) {
        self.operators.retain(|other| other != operator);
        self.version2.unseat(operator);
    }

    /// The recipient takes what is owed for a nonce.
    pub fn claim(&mut self, nonce: u64) {
        self.version2.claims.remove(&nonce).expect("something is owed");
    }

    /// Takes a vote; gives the event if it decided. `delivers` says whether the recipient or token accepts the value.
    ///
    /// # Errors
    /// Where the contract reverts; then nothing has changed.
    pub fn vote(&mut self, sender: Address, calldata: &[u8], delivers: bool) -> Result<Option<HandleEvent>, Revert> {
        let call = meaning_of(calldata);
        if !self.operators.contains(&sender) {
            return Err(Revert::NotAnOperator);
        }
        if self.generation == Generation::V2 {
            return self.vote_for(&call, &[sender], true, delivers);
        }
        if call.nonce < self.lower {
            return Err(Revert::Removed);
        }
        if self.closed.contains(&call.nonce) {
            return Err(Revert::Closed);
        }
        let mut after = self.clone();
        if !after.cast(sender, call.nonce, keccak256(calldata)) {
            *self = after;
            return Ok(None);
        }
        let event = after.execute(&call, delivers)?;
        *self = after;
        Ok(Some(event))
    }

    /// Votes by signature of `signers`, who have been checked (version 2).
    ///
    /// # Errors
    /// Where the contract reverts; then nothing has changed.
    pub fn vote_signed(
        &mut self,
        call: &HandleCall,
        signers: &[Address],
        delivers: bool,
    ) -> Result<Option<HandleEvent>, Revert> {
        if !signers.iter().all(|signer| self.operators.contains(signer)) {
            return Err(Revert::NotAnOperator);
        }
        self.vote_for(call, signers, false, delivers)
    }

    /// Votes of version 2. A call replaces the voter's earlier vote; a signature of somebody who has voted is passed over.
    fn vote_for(
        &mut self,
        call: &HandleCall,
        voters: &[Address],
        by_call: bool,
        delivers: bool,
    ) -> Result<Option<HandleEvent>, Revert> {
        if self.version2.paused {
            return Err(Revert::Paused);
        }
        let key = call.vote_key();
        match self.version2.executed.get(&call.nonce) {
            Some(executed) if *executed == key => return Ok(None),
            Some(_) => return Err(Revert::Closed),
            None => {}
        }
        let mut after = self.clone();
        for voter in voters {
            let old = self.votes.get(&call.nonce).and_then(|votes| votes.voted.get(voter)).copied();
            if by_call || !old.is_some_and(|old| self.version2.stands_behind(voter, &old)) {
                after.cast(*voter, call.nonce, key);
                after.version2.stand(voter, old, key);
            }
        }
        let decided = after.version2.live_votes(&key) >= usize::from(after.threshold);
        let leaves = decided && after.version2.leaves(call);
        let event = if leaves { Some(after.execute(call, delivers)?) } else { None };
        *self = after;
        Ok(event)
    }

    /// Source: bridge.md 2.5, steps 1 to 5.
    fn cast(&mut self, sender: Address, nonce: u64, key: Hash) -> bool {
        let votes = self.votes.entry(nonce).or_default();
        match votes.voted.insert(sender, key) {
            None => votes.voters.push(sender),
            Some(old) => *votes.counts.entry(old).or_default() -= 1,
        }
        let count = votes.counts.entry(key).or_default();
        if *count == 0 {
            votes.keys.push(key);
        }
        *count += 1;
        *count >= self.threshold
    }

    fn execute(&mut self, call: &HandleCall, delivers: bool) -> Result<HandleEvent, Revert> {
        self.closed.insert(call.nonce);
        self.handled_txs.insert(call.request_tx_hash);
        self.nonce_blocks.insert(call.nonce, call.request_block);
        if !self.generation.keeps_votes() {
            self.votes.remove(&call.nonce);
        }
        self.sweep(call.nonce);
        if self.generation == Generation::V2 {
            self.version2.executed.insert(call.nonce, call.vote_key());
            let held = call.token_type != TokenType::Coin || call.value <= self.balance;
            if !held || !delivers {
                self.version2.keep(call);
                return Ok(self.event_of(call));
            }
        }
        if call.token_type == TokenType::Coin {
            self.balance = self.balance.checked_sub(call.value).ok_or(Revert::Delivery)?;
        }
        if !delivers {
            return Err(Revert::Delivery);
        }
        Ok(self.event_of(call))
    }

    fn event_of(&self, call: &HandleCall) -> HandleEvent {
        HandleEvent {
            request_tx_hash: call.request_tx_hash,
            token_type: call.token_type,
            from: call.from,
            to: call.to,
            token: call.token.unwrap_or(Address::ZERO),
            value: call.value,
            nonce: call.nonce,
            lower_handle_nonce: self.lower,
            extra: call.extra.clone(),
        }
    }

    fn sweep(&mut self, nonce: u64) {
        self.upper = self.upper.max(nonce);
        let limit = self.upper.min(self.lower + 200);
        while self.lower <= limit {
            let Some(block) = self.nonce_blocks.get(&self.lower).copied().filter(|block| *block > 0) else { break };
            self.recovery = block;
            self.nonce_blocks.remove(&self.lower);
            self.closed.remove(&self.lower);
            self.lower += 1;
        }
    }

    /// The storage words, by the layout of bridge.md 2.2.
    #[must_use]
    pub fn storage(&self) -> BTreeMap<Hash, U256> {
        let yes = U256::ONE;
        let number = |n: usize| U256::from(n);
        let word = |address: &Address| address.to_word().to_u256();
        let nonces = NonceWord {
            configuration_nonce: 0,
            mode_mint_burn: self.mint_burn,
            is_running: true,
            request_nonce: self.request_nonce,
            lower_handle_nonce: self.lower,
        };
        let upper = UpperWord { upper_handle_nonce: self.upper, recovery_block: self.recovery };
        let mut out = BTreeMap::from([
            (layout::NONCES, nonces.encode().to_u256()),
            (layout::UPPER, upper.encode().to_u256()),
            (layout::threshold_slot(layout::TRANSFER_VOTE), U256::from(self.threshold)),
            (layout::threshold_slot(layout::CONFIGURATION_VOTE), yes),
            (layout::operator_list_length(), number(self.operators.len())),
        ]);
        for (index, operator) in self.operators.iter().enumerate() {
            out.insert(layout::operator_flag_slot(operator), yes);
            out.insert(layout::operator_list_slot(index as u64), word(operator));
        }
        out.extend(self.registered.iter().map(|(token, other)| (layout::registered_token_slot(token), word(other))));
        out.extend(self.closed.iter().map(|nonce| (layout::closed_slot(*nonce), yes)));
        out.extend(self.handled_txs.iter().map(|hash| (layout::handled_request_tx_slot(hash), yes)));
        let blocks = self.nonce_blocks.iter();
        out.extend(blocks.map(|(nonce, block)| (layout::handle_nonce_block_slot(*nonce), U256::from(*block))));
        for (nonce, votes) in &self.votes {
            let base = layout::votes_base(layout::TRANSFER_VOTE, *nonce);
            out.insert(layout::voters_length(base), number(votes.voters.len()));
            for (index, voter) in votes.voters.iter().enumerate() {
                out.insert(layout::voters_item(base, index as u64), word(voter));
            }
            out.insert(layout::vote_keys_length(base), number(votes.keys.len()));
            for (index, key) in votes.keys.iter().enumerate() {
                out.insert(layout::vote_keys_item(base, index as u64), key.to_u256());
            }
            out.extend(votes.voted.iter().map(|(voter, key)| (layout::voted_slot(base, voter), key.to_u256())));
            out.extend(
                votes.counts.iter().map(|(key, count)| (layout::vote_count_slot(base, key), U256::from(*count))),
            );
        }
        if self.generation == Generation::V2 {
            out.extend(self.version2.storage());
        }
        out.extend(self.forged.iter().map(|(slot, value)| (*slot, *value)));
        out
    }
}

/// What a call means to the contract, which cuts off the high bytes of an address word. The core reads no such call.
fn meaning_of(calldata: &[u8]) -> HandleCall {
    const SENDER_WORD: usize = 4 + 32;
    let mut clean = calldata.to_vec();
    clean[SENDER_WORD..SENDER_WORD + 12].fill(0);
    HandleCall::decode(&clean).expect("forged votes are handle calls")
}
