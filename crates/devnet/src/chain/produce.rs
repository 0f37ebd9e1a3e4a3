//! Makes a block: executes, commits, votes, seals. Source: chain.md 1, 2.3-2.5.

use super::{Block, Chain, Item};
use crate::config::Clock;
use crate::error::DevnetError;
use crate::evm::{self, BlockContext};
use crate::execute::{self, Rejection, Rules, Signed};
use crate::pool::Replacing;
use crate::state::Overlay;
use spanlight::commitment::{derive_root, CommitmentForm};
use spanlight::consensus::parameters::is_epoch_block;
use spanlight::header::{base_fee, HeaderError, HeaderFields, IstanbulExtra, UntrustedHeader};
use spanlight::primitives::{keccak256, Address, Hash, U256};
use spanlight::profile::Fork;
use spanlight_forge::new_block::{encode_string, governance_json};
use std::sync::Arc;

/// Most transactions in one block.
const MOST_TRANSACTIONS: usize = 4_096;
/// Gas after which a block takes no further transaction. The chain itself has no limit.
const GAS_TARGET_OF_A_BLOCK: u64 = 500_000_000;

impl Chain {
    /// Makes the next block out of what waits.
    ///
    /// # Errors
    /// Where no quorum is at work, or a block comes out that the light client refuses.
    pub fn mine(&mut self) -> Result<Arc<Block>, DevnetError> {
        if self.faults.stopped {
            return Err(DevnetError::NoQuorum { have: 0, need: 1 });
        }
        let seats = self.seats()?;
        let mut fields = self.child_of_head()?;
        fields.rewardbase = spanlight_forge::keys::address(seats.proposer);
        let waiting = self.take_waiting();
        let (items, delta) = self.execute_all(&fields, waiting)?;
        fields.state_root = self.store.commit(&self.head().header.fields().state_root, delta)?;
        self.commit_to(&mut fields, &items);
        self.announce(&mut fields);
        let voter = fields.rewardbase;
        if let Some(vote) = self.votes.pop_front() {
            fields.vote = vote.field(&voter);
        }
        spanlight_forge::chain::seal(&mut fields, seats.proposer, &seats.committers);
        let [.., round] = &mut fields.extra.vanity;
        *round = seats.round;
        let block = self.follow(UntrustedHeader::new(fields), items)?;
        self.next_time = None;
        self.forget_used_nonces(&block);
        if let Some(disk) = &self.disk {
            disk.append(Some(&block), &mut self.store)?;
        } else {
            // Nobody will ask for them.
            self.store.nodes.take_fresh();
            self.store.take_fresh_codes();
        }
        Ok(block)
    }

    /// Makes the next block, dated one second after its parent whatever the clock says.
    ///
    /// # Errors
    /// As [`Self::mine`].
    pub fn mine_next_second(&mut self) -> Result<Arc<Block>, DevnetError> {
        let next = self.head().header.fields().time.saturating_add(1);
        self.set_next_time(next);
        self.mine()
    }

    /// Makes a block for every second that has passed since the newest one.
    ///
    /// # Errors
    /// As [`Self::mine`].
    pub fn catch_up(&mut self) -> Result<(), DevnetError> {
        while self.head().header.fields().time < self.config.now() {
            self.mine_next_second()?;
        }
        Ok(())
    }

    fn take_waiting(&mut self) -> Vec<Arc<Signed>> {
        let root = self.head().header.fields().state_root;
        let state = self.store.at(root);
        let nonce_of = |address: &Address| state.account(address).ok().flatten().map_or(0, |account| account.nonce);
        self.pool.take(MOST_TRANSACTIONS, nonce_of)
    }

    fn execute_all(
        &mut self,
        fields: &HeaderFields,
        waiting: Vec<Arc<Signed>>,
    ) -> Result<(Vec<Item>, crate::state::Delta), DevnetError> {
        let rules = self.rules_for(fields);
        let minted = self.client.parameters().minting_amount.parse().unwrap_or(U256::ZERO);
        let istanbul = self.profile().forks.is_active(Fork::Istanbul, fields.number);
        let mut overlay = Overlay::new(self.state(), &self.hashes, istanbul);
        let (mut items, mut gas, mut later) = (Vec::new(), 0u64, Vec::new());
        for signed in waiting {
            if gas >= GAS_TARGET_OF_A_BLOCK {
                later.push(signed);
                continue;
            }
            match execute::execute(&signed, &mut overlay, &rules) {
                Ok(executed) => {
                    gas = gas.saturating_add(executed.receipt.gas_used);
                    items.push(Item { signed, executed });
                }
                Err(Rejection::NonceTooHigh) => later.push(signed),
                Err(reason) => tracing::debug!(hash = %signed.hash, %reason, "transaction dropped"),
            }
        }
        execute::give(&mut overlay, fields.rewardbase, minted)?;
        let delta = overlay.into_delta();
        for signed in later {
            // What stood in the pool has its place there.
            let _ = self.pool.add(signed, Replacing::Never);
        }
        Ok((items, delta))
    }

    /// What holds for a transaction of the block with this header.
    pub(super) fn rules_for(&self, fields: &HeaderFields) -> Rules {
        let forks = &self.profile().forks;
        Rules {
            block: BlockContext {
                rules: evm::rules(forks, fields.number),
                chain_id: self.config.chain_id,
                number: fields.number,
                time: fields.time,
                rewarded: fields.rewardbase,
                base_fee: fields.base_fee.and_then(|fee| u64::try_from(fee).ok()).unwrap_or(0),
                mix: fields.mix_hash.unwrap_or(Hash::ZERO),
                account_keys: self.config.account_keys,
            },
            base_fee: fields.base_fee,
            unit_price: self.client.parameters().unit_price,
            tips: forks.is_active(Fork::Kaia, fields.number),
            ethereum_types: forks.is_active(Fork::EthTxType, fields.number),
        }
    }

    /// What would hold for a transaction of the next block.
    #[must_use]
    pub fn rules_of_next(&self) -> Rules {
        let head = self.head();
        let fields = self.child_of_head().unwrap_or_else(|_| head.header.fields().clone());
        self.rules_for(&fields)
    }

    /// The next header, before anything of its own is in it.
    fn child_of_head(&self) -> Result<HeaderFields, HeaderError> {
        let parent = self.head();
        let mut fields = parent.header.fields().clone();
        let number = fields.number.saturating_add(1);
        let (council, parameters) = self.next();
        let active = |fork| self.profile().forks.is_active(fork, number);
        fields.parent_hash = parent.header.hash();
        fields.number = number;
        fields.time = self.time_after(fields.time);
        fields.time_fos = 0;
        fields.vote.clear();
        fields.governance.clear();
        fields.extra = IstanbulExtra {
            vanity: [0; 32],
            validators: council.members().to_vec(),
            seal: Vec::new(),
            committed_seals: Vec::new(),
        };
        fields.base_fee = active(Fork::Magma).then(|| base_fee(parent.header.fields(), parameters)).transpose()?;
        if active(Fork::Randao) {
            let reveal = reveal(number);
            let first = self.profile().forks.block_of(Fork::Randao) == Some(number);
            let before = if first { Hash::ZERO } else { parent.header.fields().mix_hash.unwrap_or(Hash::ZERO) };
            fields.mix_hash = Some(Hash::from_u256(before.to_u256() ^ keccak256(reveal.as_slice()).to_u256()));
            fields.random_reveal = Some(reveal);
        }
        if active(Fork::Osaka) {
            fields.blob_gas_used = Some(0);
            fields.excess_blob_gas = Some(0);
        }
        Ok(fields)
    }

    /// Whether the next block would be later than the chain's clock: blocks that come faster than
    /// their times go catch up with it, and then wait for it. A time that was asked for is not
    /// waited for.
    pub(crate) fn is_ahead_of_clock(&self) -> bool {
        let by_itself = self.next_time.is_none() && matches!(self.config.clock, Clock::Step(_));
        by_itself && self.time_after(self.head().header.fields().time) > self.config.now()
    }

    fn time_after(&self, parent: u64) -> u64 {
        let wanted = match (self.next_time, self.config.clock) {
            (Some(time), _) => time,
            (None, Clock::Step(seconds)) => parent.saturating_add(seconds),
            (None, Clock::System) => self.config.now(),
        };
        wanted.max(parent.saturating_add(1))
    }

    fn commit_to(&self, fields: &mut HeaderFields, items: &[Item]) {
        let form = CommitmentForm::from_parameter(self.client.parameters().derive_sha_impl);
        let transactions: Vec<Vec<u8>> = items.iter().map(|item| item.signed.transaction.encode()).collect();
        let receipts: Vec<Vec<u8>> = items.iter().map(|item| item.executed.receipt.encode()).collect();
        fields.transactions_root = derive_root(form, &transactions);
        fields.receipts_root = derive_root(form, &receipts);
        fields.gas_used = items.iter().fold(0, |sum, item| sum.saturating_add(item.executed.receipt.gas_used));
        *fields.bloom = [0; 256];
        for item in items {
            for (to, from) in fields.bloom.iter_mut().zip(item.executed.receipt.bloom.iter()) {
                *to |= *from;
            }
        }
    }

    /// An epoch block announces what the epoch before it voted.
    fn announce(&self, fields: &mut HeaderFields) {
        let votes = self.client.checkpoint().epoch_votes.unwrap_or_default();
        if is_epoch_block(fields.number, self.client.parameters().epoch) && !votes.is_empty() {
            fields.governance = encode_string(governance_json(&votes).as_bytes());
        }
    }

    fn forget_used_nonces(&mut self, block: &Block) {
        for item in &block.items {
            let next = item.signed.transaction.nonce().saturating_add(1);
            self.pool.drop_below(&item.signed.sender, next);
        }
    }
}

/// Stands where a node has its BLS signature, which a light client without the key's registry cannot check.
fn reveal(number: u64) -> Box<[u8; 96]> {
    let mut reveal = Box::new([0; 96]);
    for (part, chunk) in reveal.chunks_exact_mut(32).enumerate() {
        chunk.copy_from_slice(keccak256(&[number.to_be_bytes().as_slice(), &part.to_be_bytes()].concat()).as_bytes());
    }
    reveal
}
