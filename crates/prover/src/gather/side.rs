//! One chain's side of a gathering: its blocks and the bridge's state at some heights, each checked as it arrives.

use super::scan::Scan;
use crate::error::{refused, ProveError};
use crate::later::WholeBlocks;
use crate::node::Node;
use crate::rpc::{RpcError, Transport};
use crate::state::exact_state;
use crate::sync::{fetch_together, Items, Synced};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use spanlight::bridge::generation::{Generation, CODE_HASH_V2_FIRST};
use spanlight::bridge::layout::{self, NonceWord, UpperWord};
use spanlight::bundle::{BlockProof, ItemRef, LogRef, StateEvidence};
use spanlight::commitment::prove_items;
use spanlight::ordered::{set_of, tree_of, Map, Set};
use spanlight::primitives::keccak256;
use spanlight::receipt::{Log, Receipt};
use spanlight::state::StateProof;
use spanlight::transaction::Transaction;
use spanlight::trie::prove_keys;
use spanlight::trust::{AcceptedCode, BridgeEnd};
use spanlight::verdict::{NotReached, Verdict};
use spanlight::verify::{changes_registry, Usage, VerifyError};
use spanlight::{Address, Hash, U256};

/// Longest voters list that is read, as the core does.
const MAX_VOTERS: u64 = 256;
/// One chain, its bridge, and what is gathered of both.
pub(crate) struct Side<'s, 't, T> {
    pub(crate) node: &'s Node<'t, T>,
    pub(crate) synced: &'s Synced<'t>,
    pub(crate) bridge: Address,
    codes: Vec<AcceptedCode>,
    pub(super) scan: Scan,
    blocks: Map<u64, Items>,
    wanted: Map<u64, Set<u32>>,
    states: Map<u64, State>,
    /// Blocks that may have changed the registry's entry for a token, by token.
    changes: Map<Address, Vec<u64>>,
    /// Blocks of which all items are evidence.
    whole: WholeBlocks,
}

/// The bridge's state at one height.
#[derive(Debug, Default)]
struct State {
    account_nodes: Vec<Vec<u8>>,
    code_hash: Option<Hash>,
    storage_root: Option<Hash>,
    nodes: BTreeMap<Hash, Vec<u8>>,
    words: BTreeMap<Hash, U256>,
}

/// What a transaction did, read from the block's own proven lists.
pub(crate) struct Done {
    /// The bridge's logs in it.
    pub(crate) logs: Vec<Log>,
    /// The status of its receipt; 1 where it did not fail.
    pub(crate) status: u64,
}

/// A live vote.
#[derive(Clone, Copy, Debug)]
pub(super) struct LiveVote {
    pub(super) voter: Address,
    pub(super) key: Hash,
    pub(super) operator: bool,
}

/// What is asked for first of the votes on a nonce: see [`Side::begin_votes`].
pub(super) fn first_of_votes(number: u64, nonce: u64, before: Option<u64>) -> Vec<(u64, Vec<Hash>)> {
    let rules = [layout::NONCES, layout::threshold_slot(layout::TRANSFER_VOTE)];
    let mut fixed = Vec::from([layout::operator_list_length(), voters_length(nonce)]);
    fixed.extend(rules);
    fixed.extend(before.map(|_| layout::closed_slot(nonce)));
    let mut wanted = Vec::from([(number, fixed)]);
    wanted.extend(before.map(|before| (before, rules.to_vec())));
    wanted
}

pub(super) fn votes_of(nonce: u64) -> Hash {
    layout::votes_base(layout::TRANSFER_VOTE, nonce)
}

pub(super) fn voted(nonce: u64, voter: &Address) -> Hash {
    layout::voted_slot(votes_of(nonce), voter)
}

pub(super) fn voters_length(nonce: u64) -> Hash {
    layout::voters_length(votes_of(nonce))
}

impl<'s, 't, T: Transport> Side<'s, 't, T> {
    pub(crate) fn new(node: &'s Node<'t, T>, synced: &'s Synced<'t>, end: &BridgeEnd) -> Self {
        Self {
            node,
            synced,
            bridge: end.address,
            codes: end.codes.clone(),
            scan: Scan::new(synced.head()),
            blocks: Map::new(),
            wanted: Map::new(),
            states: Map::new(),
            changes: Map::new(),
            whole: WholeBlocks::default(),
        }
    }

    pub(crate) fn head(&self) -> u64 {
        self.synced.head()
    }

    pub(super) fn first(&self) -> u64 {
        self.synced.first()
    }

    pub(super) fn time(&self, number: u64) -> Result<u64, ProveError> {
        Ok(self.synced.chain().header(number)?.time())
    }

    /// The first height that may hold what followed an event of `time` on the other chain.
    pub(super) fn first_at(&self, time: u64) -> u64 {
        let earliest = time.saturating_sub(self.synced.chain().trusted().profile.clock_skew);
        let headers = self.synced.chain().headers();
        headers.filter(|header| header.time() >= earliest).map(|header| header.number()).next().unwrap_or(self.head())
    }

    /// The block's items, fetched once.
    pub(super) async fn items(&mut self, number: u64) -> Result<&Items, ProveError> {
        if !self.blocks.contains_key(&number) {
            self.fetch(&[number]).await?;
        }
        self.blocks.get(&number).ok_or(ProveError::SelfCheck)
    }

    /// Fetches items of blocks that hold any.
    pub(super) async fn fetch(&mut self, numbers: &[u64]) -> Result<(), ProveError> {
        let chain = self.synced.chain();
        let headers = numbers.iter().map(|number| chain.header(*number)).collect::<Result<Vec<_>, _>>()?;
        let items = fetch_together(self.node, &headers).await?;
        self.blocks.extend(numbers.iter().copied().zip(items));
        Ok(())
    }

    pub(super) fn has_items(&self, number: u64) -> bool {
        self.blocks.contains_key(&number)
    }

    /// Marks an item as evidence and gives its transaction.
    pub(super) async fn transaction(&mut self, block: u64, index: u32) -> Result<Transaction, ProveError> {
        let missing = ProveError::EventNotFound { block };
        let items = self.items(block).await?;
        let raw = usize::try_from(index).ok().and_then(|index| items.transactions.get(index)).ok_or(missing)?;
        let transaction = Transaction::decode(raw).map_err(refused)?;
        self.wanted.add(block, index);
        Ok(transaction)
    }

    /// What a transaction did; none where the node knows no such transaction up to the head.
    pub(crate) async fn done_by(&mut self, hash: Hash) -> Result<Option<Done>, ProveError> {
        let Some(found) = self.node.transaction_receipt(hash).await?.filter(|found| found.block <= self.head()) else {
            return Ok(None);
        };
        const ANSWER: RpcError = RpcError::Answer { method: "kaia_getTransactionReceipt", field: "transactionIndex" };
        if found.block < self.first() {
            let (chain, have) = (self.synced.chain().name().to_owned(), self.first());
            let below = NotReached::BelowCheckpoint { chain, have, need: found.block };
            return Err(ProveError::NotFollowed(Verdict::NotYetTrusted(below)));
        }
        let index = usize::try_from(found.index).unwrap_or(usize::MAX);
        let items = self.items(found.block).await?;
        let raw = items.transactions.get(index).ok_or(ANSWER)?;
        if Transaction::decode(raw).map_err(refused)?.hash() != hash {
            return Err(ANSWER.into());
        }
        let receipt = items.receipts.get(index).ok_or(ANSWER)?;
        let status = Receipt::decode(receipt).map_err(refused)?.status;
        let logs = self.bridge_logs(ItemRef { block: found.block, index: found.index }).await?;
        Ok(Some(Done { logs, status }))
    }

    /// The bridge's logs in one receipt.
    pub(super) async fn bridge_logs(&mut self, at: ItemRef) -> Result<Vec<Log>, ProveError> {
        let (bridge, missing) = (self.bridge, ProveError::EventNotFound { block: at.block });
        let items = self.items(at.block).await?;
        let raw = usize::try_from(at.index).ok().and_then(|index| items.receipts.get(index)).ok_or(missing)?;
        let logs = Receipt::decode(raw).map_err(refused)?.logs;
        Ok(logs.into_iter().filter(|log| log.address == bridge).collect())
    }

    /// Lets go of a block that holds nothing of interest.
    pub(super) fn drop_block(&mut self, number: u64) {
        if !self.wanted.contains_key(&number) {
            self.blocks.remove(&number);
        }
    }

    pub(super) async fn want(&mut self, at: ItemRef) -> Result<(), ProveError> {
        self.transaction(at.block, at.index).await.map(|_| ())
    }

    /// The bridge's log of a transaction that `is_it`, and its place; marks the item as evidence.
    pub(super) async fn find_log(
        &mut self,
        block: u64,
        index: u32,
        is_it: impl Fn(&Log) -> bool,
    ) -> Result<(LogRef, Log), ProveError> {
        let bridge = self.bridge;
        let missing = || ProveError::EventNotFound { block };
        let items = self.items(block).await?;
        let raw = usize::try_from(index).ok().and_then(|index| items.receipts.get(index)).ok_or_else(missing)?;
        let logs = Receipt::decode(raw).map_err(refused)?.logs;
        let found = logs.into_iter().enumerate().find(|(_, log)| log.address == bridge && is_it(log));
        let (log_index, log) = found.ok_or_else(missing)?;
        self.wanted.add(block, index);
        let log_index = u32::try_from(log_index).map_err(|_| missing())?;
        Ok((LogRef { item: ItemRef { block, index }, log: log_index }, log))
    }

    /// Sees to it that these slots are proven at a height.
    pub(super) async fn ensure(&mut self, number: u64, slots: &[Hash]) -> Result<(), ProveError> {
        self.ensure_all(&[(number, slots.to_vec())]).await
    }

    /// As [`Self::ensure_all`]; gives the refusal where no endpoint has kept one of the states.
    pub(super) async fn keeps(&mut self, wanted: &[(u64, Vec<Hash>)]) -> Result<Result<(), RpcError>, ProveError> {
        match self.ensure_all(wanted).await {
            Ok(()) => Ok(Ok(())),
            Err(ProveError::Rpc(error @ RpcError::Pruned { .. })) => Ok(Err(error)),
            Err(error) => Err(error),
        }
    }

    /// Blocks of a range that may have changed the registry's entry for `token`, by their headers.
    pub(super) fn registry_changes(&mut self, token: &Address, from: u64, to: u64) -> Vec<u64> {
        if !self.changes.contains_key(token) {
            let headers = self.synced.chain().headers();
            let changes = headers.filter(|header| header.may_change_registry(&self.bridge, token));
            self.changes.insert(*token, changes.map(|header| header.number()).collect());
        }
        let known = self.changes.get(token).into_iter().flatten();
        known.copied().filter(|number| (from..=to).contains(number)).collect()
    }

    /// Whether the block's receipts show that it did not change the registry's entry for `token`.
    /// Then all its items are evidence, as long as the bundle has room for them. Nodes keep
    /// receipts for good.
    pub(super) async fn receipts_settle(&mut self, number: u64, token: &Address) -> Result<bool, ProveError> {
        let bridge = self.bridge;
        let mut all = Set::new();
        self.items(number).await?;
        let items = self.blocks.get(&number).ok_or(ProveError::SelfCheck)?;
        for (index, raw) in (0u32..).zip(&items.receipts) {
            let receipt = Receipt::decode(raw).map_err(refused)?;
            if receipt.logs.iter().any(|log| changes_registry(log, &bridge, token)) {
                return Ok(false);
            }
            all.insert(index);
        }
        if !self.whole.takes(number, items) {
            self.drop_block(number);
            return Ok(false);
        }
        all.into_iter().for_each(|index| self.wanted.add(number, index));
        Ok(true)
    }

    /// The same at the checkpoint, if a node still has it: what is shown there lies at or below it,
    /// and cannot be found.
    pub(super) async fn ensure_first(&mut self, slots: &[Hash]) -> Result<(), ProveError> {
        match self.ensure(self.first(), slots).await {
            Err(ProveError::Rpc(error)) if error.is_refusal() => Ok(()),
            ensured => ensured,
        }
    }

    /// The same at several heights, asked for together.
    pub(super) async fn ensure_all(&mut self, wanted: &[(u64, Vec<Hash>)]) -> Result<(), ProveError> {
        let missing: Vec<_> = wanted.iter().filter_map(|(number, slots)| self.missing(*number, slots)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let proofs = self.node.proofs(self.bridge, &missing).await?;
        for ((number, _), proof) in missing.iter().zip(&proofs) {
            let state_root = self.synced.chain().header(*number)?.state_root();
            let fresh = State::read(&state_root, &self.bridge, proof)?;
            match self.states.get_mut(number) {
                Some(state) => state.take_in(fresh),
                None => {
                    self.states.insert(*number, fresh);
                }
            }
        }
        Ok(())
    }

    /// What is not proven yet of a height; none where nothing is left to ask for.
    fn missing(&self, number: u64, slots: &[Hash]) -> Option<(u64, Vec<Hash>)> {
        let known = self.states.get(&number);
        let is_known = |slot: &&Hash| known.is_some_and(|state| state.words.contains_key(slot));
        let missing: Vec<Hash> = slots.iter().filter(|slot| !is_known(slot)).copied().collect();
        (known.is_none() || !missing.is_empty()).then_some((number, missing))
    }

    /// A word that [`Self::ensure`] has fetched.
    pub(super) fn word(&self, number: u64, slot: &Hash) -> Result<U256, ProveError> {
        self.states.get(&number).and_then(|state| state.words.get(slot)).copied().ok_or(ProveError::SelfCheck)
    }

    pub(super) fn nonces(&self, number: u64) -> Result<NonceWord, ProveError> {
        NonceWord::decode(&Hash::from_u256(self.word(number, &layout::NONCES)?)).map_err(refused)
    }

    pub(super) fn upper(&self, number: u64) -> Result<UpperWord, ProveError> {
        UpperWord::decode(&Hash::from_u256(self.word(number, &layout::UPPER)?)).map_err(refused)
    }

    /// The generation of the code at a height whose state was asked for; none where the code is not accepted.
    pub(super) fn generation(&self, number: u64) -> Option<Generation> {
        let code = self.states.get(&number).and_then(|state| state.code_hash);
        self.codes.iter().find(|accepted| Some(accepted.hash) == code).map(|accepted| accepted.generation)
    }

    /// Whether the bridge at a height is the first one of version 2, which says less of its pauses.
    pub(super) fn is_first_version_2(&self, number: u64) -> bool {
        self.states.get(&number).and_then(|state| state.code_hash) == Some(CODE_HASH_V2_FIRST)
    }

    /// Whether a deregistered operator's votes end, at a height whose state was asked for.
    fn revokes_votes(&self, number: u64) -> bool {
        self.generation(number).is_some_and(Generation::revokes_votes)
    }

    pub(super) fn threshold(&self, number: u64) -> Result<u64, ProveError> {
        let word = self.word(number, &layout::threshold_slot(layout::TRANSFER_VOTE))?;
        Ok(u64::try_from(word).unwrap_or(u64::MAX))
    }

    /// Entries in the voters list of a nonce.
    pub(super) fn live_votes(&self, number: u64, nonce: u64) -> Result<u64, ProveError> {
        Ok(u64::try_from(self.word(number, &voters_length(nonce))?).unwrap_or(u64::MAX).min(MAX_VOTERS))
    }

    /// The height before, where the chain is followed from it on.
    pub(super) fn before(&self, number: u64) -> Option<u64> {
        number.checked_sub(1).filter(|before| *before >= self.first())
    }

    /// The first step of [`Self::votes`]: what does not depend on who voted. Where the nonce was executed, it is closed.
    pub(super) async fn begin_votes(&mut self, number: u64, nonce: u64, before: Option<u64>) -> Result<(), ProveError> {
        self.ensure_all(&first_of_votes(number, nonce, before)).await
    }

    /// Everything the core reads of the votes on `nonce` at a height, in three steps: the list's length, the voters, and
    /// what each of them voted; in version 2 also whether the vote stands. `keys` are vote keys whose count is wanted too. Where the nonce was executed at the height,
    /// `before` is the one before it: who might vote there counts too.
    pub(super) async fn votes(
        &mut self,
        number: u64,
        nonce: u64,
        keys: &[Hash],
        before: Option<u64>,
    ) -> Result<Vec<LiveVote>, ProveError> {
        let base = votes_of(nonce);
        self.begin_votes(number, nonce, before).await?;
        let items: Vec<Hash> =
            (0..self.live_votes(number, nonce)?).map(|index| layout::voters_item(base, index)).collect();
        self.ensure(number, &items).await?;
        let mut voters = Set::new();
        for item in &items {
            voters.insert(Address::low_bytes(&Hash::from_u256(self.word(number, item)?)));
        }
        let of_voter = |voter: &Address| [layout::voted_slot(base, voter), layout::operator_flag_slot(voter)];
        let mut slots: Vec<Hash> = voters.iter().flat_map(of_voter).collect();
        slots.extend(keys.iter().map(|key| layout::vote_count_slot(base, key)));
        let mut wanted = Vec::from([(number, slots)]);
        wanted.extend(before.map(|before| (before, voters.iter().map(layout::operator_flag_slot).collect())));
        self.ensure_all(&wanted).await?;
        let mut votes = Vec::new();
        let standing =
            if self.revokes_votes(number) { Some(self.standing(number, nonce, &voters).await?) } else { None };
        for voter in voters {
            let key = Hash::from_u256(self.word(number, &layout::voted_slot(base, &voter))?);
            let operator = !self.word(number, &layout::operator_flag_slot(&voter))?.is_zero()
                && standing.as_ref().is_none_or(|standing| standing.contains(&voter));
            if !key.is_zero() {
                votes.push(LiveVote { voter, key, operator });
            }
        }
        Ok(votes)
    }

    /// Those of the voters whose seat stands behind the key that they voted for (version 2), in two steps: seats, and their bits.
    async fn standing(&mut self, number: u64, nonce: u64, voters: &Set<Address>) -> Result<Set<Address>, ProveError> {
        let seats: Vec<Hash> = voters.iter().map(layout::seat_slot).collect();
        self.ensure(number, &seats).await?;
        let mut behind = Vec::new();
        for voter in voters {
            let key = Hash::from_u256(self.word(number, &voted(nonce, voter))?);
            let seat = self.word(number, &layout::seat_slot(voter))?.checked_sub(U256::ONE);
            if let Some(seat) = seat.and_then(|seat| u64::try_from(seat).ok()).filter(|_| !key.is_zero()) {
                behind.push((*voter, layout::vote_seats_slot(&key, seat), layout::seat_bit(seat)));
            }
        }
        self.ensure(number, &behind.iter().map(|(_, slot, _)| *slot).collect::<Vec<_>>()).await?;
        let mut standing = Set::new();
        for (voter, slot, bit) in behind {
            if !(self.word(number, &slot)? & bit).is_zero() {
                standing.insert(voter);
            }
        }
        Ok(standing)
    }

    /// What version 2 says of its one source, and whether it is paused.
    pub(super) async fn source_binding(&mut self, number: u64) -> Result<(), ProveError> {
        if self.generation(number).is_some_and(Generation::takes_signatures) {
            self.ensure(number, &[layout::SOURCE_CHAIN_ID, layout::SOURCE_BRIDGE, layout::SEAT_COUNT]).await?;
        }
        Ok(())
    }

    /// Takes the votes on a nonce out of a height's evidence: a height that does not show enough must not stand in the way
    /// of a lower one that does.
    pub(super) fn forget_votes(&mut self, number: u64, nonce: u64) {
        if let Some(state) = self.states.get_mut(&number) {
            state.words.remove(&voters_length(nonce));
        }
    }

    /// What is gathered, cut down to what was used; everything where no use is given.
    pub(crate) fn evidence(&self, usage: Option<&Usage>) -> Result<(Vec<BlockProof>, Vec<StateEvidence>), ProveError> {
        let mut blocks = Vec::new();
        for (number, indices) in usage.map_or(&self.wanted, |usage| &usage.items) {
            let items = self.blocks.get(number).ok_or(ProveError::SelfCheck)?;
            let form = self.synced.chain().header(*number)?.commitment_form();
            let indices: Vec<u32> = indices.iter().copied().collect();
            let items = prove_items(form, &items.transactions, &items.receipts, &indices).map_err(refused)?;
            blocks.push(BlockProof { number: *number, items });
        }
        let mut states = Vec::new();
        for (number, state) in &self.states {
            let slots = match usage {
                None => set_of(state.words.keys().copied()),
                Some(usage) => match usage.slots.get(number) {
                    Some(slots) => slots.clone(),
                    None => continue,
                },
            };
            states.push(StateEvidence { number: *number, proof: state.proof(slots)? });
        }
        Ok((blocks, states))
    }
}

impl State {
    /// Checks a node's proof and keeps it.
    fn read(state_root: &Hash, bridge: &Address, given: &StateProof) -> Result<Self, ProveError> {
        let absent = || refused(VerifyError::BridgeAbsent);
        let (exact, proven) = exact_state(state_root, bridge, given)?;
        let proven = proven.ok_or_else(absent)?;
        let storage = exact.storage_nodes.into_iter();
        Ok(Self {
            account_nodes: exact.account_nodes,
            code_hash: Some(proven.account().code_hash),
            storage_root: Some(proven.account().storage_root),
            nodes: tree_of(storage.map(|node| (keccak256(&node), node))),
            words: tree_of(proven.slots().iter().map(|(slot, word)| (*slot, *word))),
        })
    }

    /// Another answer about the same height.
    fn take_in(&mut self, fresh: Self) {
        self.account_nodes = fresh.account_nodes;
        self.code_hash = fresh.code_hash;
        self.storage_root = fresh.storage_root;
        self.nodes.extend(fresh.nodes);
        self.words.extend(fresh.words);
    }

    /// The exact proof of some of the slots.
    fn proof(&self, slots: Set<Hash>) -> Result<StateProof, ProveError> {
        let root = self.storage_root.ok_or(ProveError::SelfCheck)?;
        let keys: Vec<Vec<u8>> = slots.iter().map(|slot| keccak256(slot.as_bytes()).0.to_vec()).collect();
        let storage_nodes =
            if keys.is_empty() { Vec::new() } else { prove_keys(&root, &keys, &self.nodes).map_err(refused)? };
        Ok(StateProof { account_nodes: self.account_nodes.clone(), slots: slots.into_iter().collect(), storage_nodes })
    }
}
