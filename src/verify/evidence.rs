//! Evidence that was checked against a chain's headers: items of blocks and the bridge's state.
//!
//! Each piece is verified on its own before anything is judged, so the judging reads facts only. Reads are counted: a
//! proven claim may not carry anything that no check used.

use super::chain::FollowedChain;
use super::stop::Stop;
use crate::bridge::layout::{self, NonceWord, UpperWord};
use crate::bundle::{ascending, BlockProof, BundleError, ItemRef, LogRef, StateEvidence};
use crate::commitment::{verify_items, BlockItems, CommitmentPath, Paths, ProvenItem};
use crate::ordered::{map_of, set_of, Map, Set};
use crate::primitives::{Address, Hash, U256};
use crate::receipt::{Log, Receipt};
use crate::state::verify_state;
use crate::transaction::Transaction;
use crate::trust::TrustError;
use crate::uncovered::Uncovered;
use crate::verdict::{HeaderRef, Missing, NotReached};
use crate::verify::error::VerifyError;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::{Cell, OnceCell, RefCell};

/// Longest voters list that is read. The contract lets 12 operators vote at a time; re-registrations can add more.
const MAX_VOTERS: u64 = 256;
/// How many later states are looked at for what the state of a block would show: it bounds the work
/// for each transfer.
pub(super) const MOST_LATER_STATES: usize = 1024;

/// Facts of one chain, each under a believed header.
#[derive(Clone, Debug)]
pub struct Evidence<'c> {
    chain: &'c FollowedChain<'c>,
    blocks: Map<u64, Block<'c>>,
    states: Map<u64, BridgeState>,
    /// Time and number of each proven state's header, ascending in both.
    times: Vec<(u64, u64)>,
    /// Headers by which blocks were made, by block: looked for once, however many transfers ask.
    made_by: RefCell<Map<u64, Result<HeaderRef, Stop>>>,
    /// Heights of headers that were needed without any evidence under them.
    headers_read: RefCell<Set<u64>>,
    /// By token, the followed headers that may hold a change of its registry entry.
    pub(super) registry_changes: RefCell<Map<Address, Set<u64>>>,
}

#[derive(Clone, Debug)]
struct Block<'c> {
    items: Map<u32, Entry>,
    proof: &'c BlockItems,
    paths: OnceCell<Paths>,
    /// Whether the proven items are all of the block: worked out where a check asks, since it
    /// hashes every item once more.
    whole: OnceCell<bool>,
}

impl Block<'_> {
    /// A concat proof of one item holds the whole block, so its other items need no reader.
    const fn needs_every_reader(&self) -> bool {
        !matches!(self.proof, BlockItems::Concat { .. })
    }
}

/// A proven item, decoded once however often it is referred to: many references to one large item cost no more than one.
#[derive(Clone, Debug)]
struct Entry {
    proven: ProvenItem,
    decoded: OnceCell<Item>,
}

/// A proven transaction with its receipt.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) at: ItemRef,
    pub(super) transaction: Transaction,
    pub(super) transaction_hash: Hash,
    pub(super) receipt: Receipt,
    pub(super) header: HeaderRef,
}

/// What the evidence of one chain was needed for: storage words by height, items by block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Storage slots read, by height; a height without slots means that only the account was read.
    pub slots: Map<u64, Set<Hash>>,
    /// Items read, by block.
    pub items: Map<u64, Set<u32>>,
    /// Headers read on their own; all from the checkpoint to the last of them were followed.
    pub headers: Set<u64>,
}

impl<'c> Evidence<'c> {
    /// Verifies every supplied piece under the chain's headers.
    ///
    /// # Errors
    /// The first proof that does not hold.
    pub fn verify(
        chain: &'c FollowedChain<'c>,
        bridge: Address,
        blocks: &'c [BlockProof],
        states: &[StateEvidence],
    ) -> Result<Self, Stop> {
        // Bundles that were decoded ascend already; others may come from a caller's own memory.
        ascending(blocks.iter().map(|block| block.number))?;
        ascending(states.iter().map(|state| state.number))?;
        let mut verified = Self {
            chain,
            blocks: Map::new(),
            states: Map::new(),
            times: Vec::new(),
            made_by: RefCell::default(),
            headers_read: RefCell::default(),
            registry_changes: RefCell::default(),
        };
        for block in blocks {
            let header = chain.header(block.number)?;
            let (transactions, receipts) = (header.transactions_root(), header.receipts_root());
            let items = verify_items(header.commitment_form(), &transactions, &receipts, &block.items)?;
            let entry = |proven: ProvenItem| (proven.index, Entry { proven, decoded: OnceCell::new() });
            let items = map_of(items.into_iter().map(entry));
            let (proof, paths, whole) = (&block.items, OnceCell::new(), OnceCell::new());
            verified.blocks.insert(block.number, Block { items, proof, paths, whole });
        }
        for state in states {
            let header = chain.header(state.number)?;
            let proven = verify_state(&header.state_root(), &bridge, &state.proof)?.ok_or(VerifyError::BridgeAbsent)?;
            let slots = map_of(proven.slots().iter().map(|(slot, value)| (*slot, (*value, Cell::new(false)))));
            let account = proven.account();
            verified.times.push((header.time(), state.number));
            verified.states.insert(
                state.number,
                BridgeState {
                    chain: chain.name().into(),
                    header: header.reference(),
                    balance: account.balance,
                    code_hash: account.code_hash,
                    used: Cell::new(false),
                    slots,
                },
            );
        }
        Ok(verified)
    }

    pub(super) const fn chain(&self) -> &'c FollowedChain<'c> {
        self.chain
    }

    /// [`FollowedChain::made_by`], with the header counted as read.
    pub(super) fn made_by(&self, number: u64) -> Result<HeaderRef, Stop> {
        let known = self.made_by.borrow().get(&number).cloned();
        let found = known.unwrap_or_else(|| self.chain.made_by(number));
        self.made_by.borrow_mut().insert(number, found.clone());
        self.header_is_read(found.as_ref().map_or(0, |header| header.number));
        found
    }

    /// Counts a header as needed, with those below it.
    pub(super) fn header_is_read(&self, number: u64) {
        self.headers_read.borrow_mut().insert(number);
    }

    /// The transaction and receipt at a place: same index in both lists of one header.
    pub(super) fn item(&self, at: ItemRef) -> Result<&Item, Stop> {
        let header = self.chain.header(at.block)?.reference();
        let block = self.blocks.get(&at.block).ok_or(BundleError::Dangling("a block"))?;
        let entry = block.items.get(&at.index).ok_or(BundleError::Dangling("an item"))?;
        if let Some(item) = entry.decoded.get() {
            return Ok(item);
        }
        let transaction = Transaction::decode(&entry.proven.transaction)?;
        chain_id_is_the_trusts(&transaction, self.chain)?;
        let receipt = Receipt::decode(&entry.proven.receipt)?;
        let transaction_hash = transaction.hash();
        Ok(entry.decoded.get_or_init(|| Item { at, transaction, transaction_hash, receipt, header }))
    }

    /// All transactions of a block with their receipts, in order; none where the block is not
    /// proven whole.
    pub(super) fn whole_block(&self, number: u64) -> impl Iterator<Item = Result<&Item, Stop>> {
        let whole = self.blocks.get(&number).filter(|block| self.is_whole(number, block));
        whole
            .into_iter()
            .flat_map(|block| block.items.keys())
            .map(move |index| self.item(ItemRef { block: number, index: *index }))
    }

    fn is_whole(&self, number: u64, block: &Block<'_>) -> bool {
        let Ok(header) = self.chain.header(number) else { return false };
        *block.whole.get_or_init(|| {
            let receipts: Vec<&[u8]> = block.items.values().map(|entry| entry.proven.receipt.as_slice()).collect();
            block.proof.proves_all(&receipts, &header.receipts_root())
        })
    }

    /// The path from the roots of a block to one of its proven items.
    pub(super) fn path(&self, at: ItemRef) -> Result<CommitmentPath, Stop> {
        let header = self.chain.header(at.block)?;
        let block = self.blocks.get(&at.block).ok_or(BundleError::Dangling("a block"))?;
        let paths = block.paths.get_or_init(|| Paths::new(block.proof));
        Ok(paths.path(block.proof, [&header.transactions_root(), &header.receipts_root()], at.index))
    }

    /// The log at a place, with the item that emitted it.
    pub(super) fn log(&self, at: LogRef) -> Result<(&Item, &Log), Stop> {
        let item = self.item(at.item)?;
        let index = usize::try_from(at.log).map_err(|_| BundleError::Dangling("a log"))?;
        let log = item.receipt.logs.get(index).ok_or(BundleError::Dangling("a log"))?;
        Ok((item, log))
    }

    /// The bridge's state after block `number`.
    pub(super) fn state(&self, number: u64) -> Result<&BridgeState, Stop> {
        self.chain.header(number)?;
        let state = self.states.get(&number).ok_or_else(|| self.missing_state(Some(number)))?;
        state.used.set(true);
        Ok(state)
    }

    /// Whether the bridge's state after block `number` is proven.
    pub(super) fn has_state(&self, number: u64) -> bool {
        self.states.contains_key(&number)
    }

    /// Where the state after the checkpoint's block is proven and already shows something, that
    /// lies at or below the checkpoint.
    pub(super) fn below_checkpoint(&self, shows: &dyn Fn(&BridgeState) -> Result<bool, Stop>) -> Option<Stop> {
        let have = self.chain.trusted().checkpoint.number;
        let state = self.states.get(&have).filter(|state| matches!(shows(state), Ok(true)))?;
        state.used.set(true);
        let (chain, need) = (self.chain.name().into(), have.checked_sub(1)?);
        Some(Stop::not_yet_trusted(NotReached::BelowCheckpoint { chain, have, need }))
    }

    /// The newest proven state of the bridge.
    pub(super) fn latest_state(&self) -> Result<&BridgeState, Stop> {
        let (_, state) = self.states.last_key_value().ok_or_else(|| self.missing_state(None))?;
        state.used.set(true);
        Ok(state)
    }

    /// Proven states in a range of heights, ascending. They count as used only when a slot is read.
    pub(super) fn states_in(
        &self,
        range: impl core::ops::RangeBounds<u64>,
    ) -> impl DoubleEndedIterator<Item = &BridgeState> {
        self.states.range(range).map(|(_, state)| state)
    }

    /// The first proven state at or after a time; header times only rise.
    pub(super) fn first_state_since(&self, time: u64) -> Option<&BridgeState> {
        let (mut low, mut high) = (0usize, self.times.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.times.get(middle).is_some_and(|(at, _)| *at < time) {
                low = middle.saturating_add(1);
            } else {
                high = middle;
            }
        }
        self.times.get(low).and_then(|(_, number)| self.states.get(number))
    }

    fn missing_state(&self, number: Option<u64>) -> Stop {
        Stop::incomplete(Missing::BridgeState { chain: self.chain.name().into(), number })
    }

    /// What was read so far.
    pub(super) fn usage(&self) -> Usage {
        let mut usage = Usage { headers: self.headers_read.borrow().clone(), ..Usage::default() };
        for (number, state) in &self.states {
            let slots = set_of(state.slots.iter().filter(|(_, (_, used))| used.get()).map(|(slot, _)| *slot));
            if state.used.get() || !slots.is_empty() {
                usage.slots.insert(*number, slots);
            }
        }
        for (number, block) in &self.blocks {
            let read = block.items.iter().filter(|(_, entry)| entry.decoded.get().is_some());
            let items = set_of(read.map(|(index, _)| *index));
            if !items.is_empty() {
                usage.items.insert(*number, items);
            }
        }
        usage
    }

    /// A proof has no slack: everything supplied was read.
    pub(super) fn everything_is_used(&self) -> Result<(), BundleError> {
        for state in self.states.values() {
            if state.slots.values().any(|(_, used)| !used.get()) {
                return Err(BundleError::Unused("a storage word"));
            }
            if !state.used.get() && state.slots.is_empty() {
                return Err(BundleError::Unused("a bridge state"));
            }
        }
        for block in self.blocks.values() {
            let mut read = block.items.values().map(|entry| entry.decoded.get().is_some());
            let fits = if block.needs_every_reader() { read.all(|used| used) } else { read.any(|used| used) };
            if !fits {
                return Err(BundleError::Unused("a block item"));
            }
        }
        Ok(())
    }

    /// Heights at which something was proven.
    pub(super) fn heights(&self) -> Set<u64> {
        set_of(self.blocks.keys().chain(self.states.keys()).copied())
    }
}

/// No chain takes a transaction that was signed for another chain id. So where a proven one names
/// another than the trust, nothing supplied is false: the trust names the wrong id. Nobody can
/// bring this about without a quorum's seals.
fn chain_id_is_the_trusts(transaction: &Transaction, chain: &FollowedChain<'_>) -> Result<(), TrustError> {
    let expected = chain.trusted().profile.chain_id;
    match transaction.chain_id() {
        Some(got) if got != expected => Err(TrustError::ChainId { chain: chain.name().into(), expected, got }),
        _ => Ok(()),
    }
}

/// The bridge's account and storage after one block, read through the layout of bridge.md 2.2.
#[derive(Clone, Debug)]
pub(super) struct BridgeState {
    chain: String,
    header: HeaderRef,
    balance: U256,
    code_hash: Hash,
    used: Cell<bool>,
    slots: Map<Hash, (U256, Cell<bool>)>,
}

impl BridgeState {
    pub(super) const fn header(&self) -> HeaderRef {
        self.header
    }

    pub(super) fn balance(&self) -> U256 {
        self.used.set(true);
        self.balance
    }

    pub(super) fn code_hash(&self) -> Hash {
        self.used.set(true);
        self.code_hash
    }

    /// Whether a slot was supplied at all.
    pub(super) fn has(&self, slot: &Hash) -> bool {
        self.slots.contains_key(slot)
    }

    pub(super) fn slot(&self, slot: Hash) -> Result<U256, Stop> {
        let Some((value, used)) = self.slots.get(&slot) else {
            return Err(Stop::incomplete(Missing::Slot {
                chain: self.chain.clone(),
                number: self.header.number,
                slot,
            }));
        };
        used.set(true);
        Ok(*value)
    }

    fn address(&self, slot: Hash) -> Result<Address, Stop> {
        Ok(Address::low_bytes(&Hash::from_u256(self.slot(slot)?)))
    }

    fn flag(&self, slot: Hash) -> Result<bool, Stop> {
        Ok(!self.slot(slot)?.is_zero())
    }

    pub(super) fn nonces(&self) -> Result<NonceWord, Stop> {
        Ok(NonceWord::decode(&Hash::from_u256(self.slot(layout::NONCES)?))?)
    }

    pub(super) fn upper(&self) -> Result<UpperWord, Stop> {
        Ok(UpperWord::decode(&Hash::from_u256(self.slot(layout::UPPER)?))?)
    }

    /// The value-transfer threshold.
    pub(super) fn threshold(&self) -> Result<u32, Stop> {
        let value = self.slot(layout::threshold_slot(layout::TRANSFER_VOTE))?;
        u8::try_from(value).map(u32::from).map_err(|_| VerifyError::BridgeStorage.into())
    }

    pub(super) fn is_operator(&self, address: &Address) -> Result<bool, Stop> {
        self.flag(layout::operator_flag_slot(address))
    }

    pub(super) fn operator_count(&self) -> Result<u32, Stop> {
        let value = self.slot(layout::operator_list_length())?;
        u32::try_from(value).map_err(|_| VerifyError::BridgeStorage.into())
    }

    pub(super) fn is_closed(&self, nonce: u64) -> Result<bool, Stop> {
        self.flag(layout::closed_slot(nonce))
    }

    /// Whether the nonce was handled: below the sweep, or closed (bridge.md 2.5). A nonce above the highest that was ever
    /// handled is open without a look at its own slot.
    pub(super) fn is_handled(&self, nonce: u64) -> Result<bool, Stop> {
        if self.nonces()?.lower_handle_nonce > nonce {
            return Ok(true);
        }
        if !self.has(&layout::closed_slot(nonce))
            && self.has(&layout::UPPER)
            && self.upper()?.upper_handle_nonce < nonce
        {
            return Ok(false);
        }
        self.is_closed(nonce)
    }

    pub(super) fn registered_token(&self, token: &Address) -> Result<Address, Stop> {
        self.address(layout::registered_token_slot(token))
    }

    pub(super) fn has_registered_token(&self, token: &Address) -> bool {
        self.has(&layout::registered_token_slot(token))
    }

    pub(super) fn has_votes(&self, nonce: u64) -> bool {
        self.has(&layout::voters_length(votes_of(nonce)))
    }

    /// As [`Self::has_votes`], and the length of the list of voters counts as read.
    pub(super) fn records_votes(&self, nonce: u64) -> bool {
        self.slot(layout::voters_length(votes_of(nonce))).is_ok()
    }

    /// Everyone who ever voted on the nonce, each once. The list's own length makes it complete.
    pub(super) fn voters(&self, nonce: u64) -> Result<Set<Address>, Stop> {
        let length = u64::try_from(self.slot(layout::voters_length(votes_of(nonce)))?).unwrap_or(u64::MAX);
        if length > MAX_VOTERS {
            return Err(Stop::uncovered(Uncovered::TooManyVoters));
        }
        let mut voters = Set::new();
        for index in 0..length {
            voters.insert(self.address(layout::voters_item(votes_of(nonce), index))?);
        }
        Ok(voters)
    }

    /// The key for which the operator's vote stands.
    pub(super) fn voted(&self, nonce: u64, operator: &Address) -> Result<Hash, Stop> {
        Ok(Hash::from_u256(self.slot(layout::voted_slot(votes_of(nonce), operator))?))
    }

    /// How many votes the contract counts for a key.
    pub(super) fn vote_count(&self, nonce: u64, key: &Hash) -> Result<u32, Stop> {
        let value = self.slot(layout::vote_count_slot(votes_of(nonce), key))?;
        u8::try_from(value).map(u32::from).map_err(|_| VerifyError::BridgeStorage.into())
    }
}

/// Base slot of the votes on a transfer.
fn votes_of(nonce: u64) -> Hash {
    layout::votes_base(layout::TRANSFER_VOTE, nonce)
}

/// The slots that judging a nonce may read at one height, for a prover that asks a node for them: `voters` are the
/// addresses known to have voted or to be operators, `keys` the vote keys.
#[must_use]
pub fn slots_for_nonce(nonce: u64, voters: &[Address], keys: &[Hash]) -> Vec<Hash> {
    let mut slots = Vec::from([layout::closed_slot(nonce), layout::voters_length(votes_of(nonce))]);
    let count = u64::try_from(voters.len()).unwrap_or(MAX_VOTERS).min(MAX_VOTERS);
    slots.extend((0..count).map(|index| layout::voters_item(votes_of(nonce), index)));
    slots.extend(voters.iter().map(|voter| layout::voted_slot(votes_of(nonce), voter)));
    slots.extend(keys.iter().map(|key| layout::vote_count_slot(votes_of(nonce), key)));
    // Version 2 only; elsewhere nothing stands there.
    slots.extend([
        layout::executed_key_slot(nonce),
        layout::SEAT_COUNT,
        layout::SOURCE_CHAIN_ID,
        layout::SOURCE_BRIDGE,
        layout::resume_nonce_slot(),
    ]);
    slots.extend(keys.iter().map(layout::held_slot));
    slots.extend(layout::claim_slots(nonce));
    slots.extend(voters.iter().map(layout::seat_slot));
    slots.extend(keys.iter().map(|key| layout::vote_seats_slot(key, 0)));
    slots
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
