//! What proves an execution: the handle event, the votes in state before and after it, or the vote transactions.

use super::{side, FoundRequest, Gathering, Registry};
use crate::error::ProveError;
use crate::later::MOST_WHOLE_BLOCKS;
use crate::rpc::Transport;
use alloc::vec::Vec;
use spanlight::bridge::events::HandleEvent;
use spanlight::bridge::{layout, BridgeError, DeliveryFailedEvent, Generation, HandleCall, SignedHandle};
use spanlight::bundle::{ItemRef, TransferProof};
use spanlight::ordered::{set_of, Set};
use spanlight::primitives::keccak256;
use spanlight::receipt::Log;
use spanlight::{Address, Hash};

impl<T: Transport> Gathering<'_, '_, T> {
    pub(super) async fn executed(
        &mut self,
        proof: &mut TransferProof,
        request: Option<&FoundRequest>,
        block: u64,
        index: u32,
    ) -> Result<(), ProveError> {
        let nonce = proof.nonce;
        let side = &mut self.destination;
        let (at, log) =
            side.find_log(block, index, |log| HandleEvent::decode(log).is_ok_and(|event| event.nonce == nonce)).await?;
        proof.handle = Some(at);
        let transaction = side.transaction(block, index).await?;
        let to_bridge = transaction.to() == Some(side.bridge);
        if let (Some(registry), Ok(event)) = (request.and_then(|request| request.registry), HandleEvent::decode(&log)) {
            if let Some(request) = request.filter(|_| event.token != registry.entry) {
                self.registry_stood_still(request.at.item.block, registry, block).await?;
            }
        }
        let Some(height) = self.state_of_votes(nonce, block).await? else { return Ok(()) };
        let heights @ (_, before) = (height, self.destination.before(block).filter(|_| height == block));
        let voters = if self.destination.generation(height).is_some_and(Generation::names_executed_key) {
            self.executed_by_name(proof, request, heights, to_bridge.then(|| transaction.input())).await?
        } else {
            let for_another = match HandleCall::decode(transaction.input()) {
                Ok(call) => call.nonce != nonce,
                Err(error) => matches!(error, BridgeError::Selector { .. }),
            };
            self.executed_unnamed(proof, heights, (to_bridge && !for_another).then(|| transaction.input())).await?
        };
        self.operators_at(height, &voters).await?;
        if let Some(before) = before {
            self.operators_at(before, &voters).await?;
        }
        Ok(())
    }

    /// Begins to prove the votes on a nonce: by the states around its execution or, where those are
    /// not kept and the bridge keeps votes, by the newest one. Gives the height; none where there
    /// is no such state.
    async fn state_of_votes(&mut self, nonce: u64, block: u64) -> Result<Option<u64>, ProveError> {
        let head = self.destination.head();
        let around = side::first_of_votes(block, nonce, self.destination.before(block));
        let Err(refusal) = self.destination.keeps(&around).await? else { return Ok(Some(block)) };
        let mut newest = side::first_of_votes(head, nonce, None);
        newest.iter_mut().for_each(|(_, slots)| slots.push(layout::closed_slot(nonce)));
        let is_kept = self.destination.keeps(&newest).await?.is_ok();
        if is_kept && self.destination.generation(head).is_some_and(Generation::keeps_votes) {
            return Ok(Some(head));
        }
        self.lacking = Some(refusal);
        Ok(None)
    }

    /// The votes for an execution whose key the state does not name; `input` is that of a direct call.
    async fn executed_unnamed(
        &mut self,
        proof: &mut TransferProof,
        (block, before): (u64, Option<u64>),
        input: Option<&[u8]>,
    ) -> Result<Set<Address>, ProveError> {
        let nonce = proof.nonce;
        let keys: Vec<Hash> = input.map(keccak256).into_iter().collect();
        let votes = self.destination.votes(block, nonce, &keys, before).await?;
        let mut voters: Set<Address> = votes.iter().map(|vote| vote.voter).collect();
        let keeps_votes = self.destination.generation(block).is_none_or(Generation::keeps_votes);
        match (keys.first(), proof.handle) {
            (None, _) => {
                let keys: Vec<Hash> = votes.iter().map(|vote| vote.key).collect();
                self.destination.votes(block, nonce, &keys, before).await?;
                proof.calls = self.preimage_of_most(&keys).await?;
            }
            (Some(key), Some(at)) if !keeps_votes => {
                voters.extend(self.vote_transactions(proof, at.item, *key).await?);
                let voted = voters.iter().map(|voter| side::voted(nonce, voter)).collect::<Vec<_>>();
                self.destination.ensure(block.saturating_sub(1), &voted).await?;
            }
            _ => {}
        }
        Ok(voters)
    }

    /// The votes for an execution whose key the state names; `input` is that of a call of the bridge.
    async fn executed_by_name(
        &mut self,
        proof: &mut TransferProof,
        request: Option<&FoundRequest>,
        (block, before): (u64, Option<u64>),
        input: Option<&[u8]>,
    ) -> Result<Set<Address>, ProveError> {
        let nonce = proof.nonce;
        let named = layout::executed_key_slot(nonce);
        self.destination.ensure(block, &[named]).await?;
        self.destination.source_binding(block).await?;
        let key = Hash::from_u256(self.destination.word(block, &named)?);
        let votes = self.destination.votes(block, nonce, &[key], before).await?;
        let signed = input.and_then(|input| SignedHandle::decode(input).ok()).map(|signed| signed.call.nonce);
        let called = input.and_then(|input| HandleCall::decode(input).ok()).map(|call| call.nonce);
        if signed == Some(nonce) {
            for height in [Some(block), before].into_iter().flatten() {
                self.destination.ensure(height, &[layout::SEAT_COUNT]).await?;
            }
        } else if called != Some(nonce) {
            // An honest execution's calldata follows from the request, however it came about.
            proof.calls = match request.filter(|request| request.key == key) {
                Some(request) => Vec::from([request.calldata.clone()]),
                None => self.preimages(&set_of([key])).await?,
            };
        }
        self.claim(proof, block).await?;
        Ok(votes.iter().map(|vote| vote.voter).collect())
    }

    /// Where the delivery failed: what the bridge keeps for the recipient, in the execution's block and at the head.
    async fn claim(&mut self, proof: &TransferProof, block: u64) -> Result<(), ProveError> {
        let Some(at) = proof.handle else { return Ok(()) };
        let logs = self.destination.bridge_logs(at.item).await?;
        let is_this = |log: &Log| DeliveryFailedEvent::decode(log).is_ok_and(|event| event.nonce == proof.nonce);
        if logs.iter().any(is_this) {
            let head = self.destination.head();
            let [first, second, third] = layout::claim_slots(proof.nonce);
            for height in set_of([block, head]) {
                self.destination.ensure(height, &[layout::NONCES, first, second, third]).await?;
            }
        }
        Ok(())
    }

    /// Where another token was delivered than the registered one, nobody is accused of that unless
    /// the registry stood still: its entry before the request's block and at a block that is surely
    /// later than the last vote, and what settles each block between that may have changed it: the
    /// entries around it or, for few blocks, all its receipts. What no endpoint has kept is left
    /// out: then another difference may still accuse.
    async fn registry_stood_still(
        &mut self,
        requested: u64,
        registry: Registry,
        decided: u64,
    ) -> Result<(), ProveError> {
        let skew = self.source.synced.chain().trusted().profile.clock_skew;
        let Ok(cast_by) = self.destination.synced.chain().made_by(decided) else { return Ok(()) };
        let since = cast_by.time.saturating_add(skew);
        let mut later = self.source.synced.chain().headers().filter(|header| header.time() >= since);
        let Some(mut end) = later.next().map(|header| header.number()) else { return Ok(()) };
        let slots = Vec::from([layout::NONCES, layout::registered_token_slot(&registry.token)]);
        self.entry_at(requested.saturating_sub(1).max(self.source.first()), &slots).await?;
        if !self.entry_at(end, &slots).await? {
            end = self.source.head();
            self.entry_at(end, &slots).await?;
        }
        let mut whole = 0usize;
        for changed in self.source.registry_changes(&registry.token, requested, end) {
            let around = [changed.saturating_sub(1), changed].map(|height| (height, slots.clone()));
            if let Err(refusal) = self.source.keeps(&around).await? {
                whole = whole.saturating_add(1);
                let few = whole <= MOST_WHOLE_BLOCKS;
                if !(few && self.source.receipts_settle(changed, &registry.token).await?) {
                    // Nobody is accused without this one, whatever the others show.
                    self.lacking = Some(refusal);
                    break;
                }
            }
        }
        Ok(())
    }

    async fn entry_at(&mut self, height: u64, slots: &[Hash]) -> Result<bool, ProveError> {
        let kept = self.source.keeps(&[(height, slots.to_vec())]).await?;
        let is_kept = kept.is_ok();
        self.lacking = kept.err().or(self.lacking.take());
        Ok(is_kept)
    }

    async fn operators_at(&mut self, block: u64, voters: &Set<Address>) -> Result<(), ProveError> {
        let threshold = layout::threshold_slot(layout::TRANSFER_VOTE);
        let mut slots = Vec::from([layout::NONCES, threshold]);
        slots.extend(voters.iter().map(layout::operator_flag_slot));
        self.destination.ensure(block, &slots).await
    }

    /// The other successful transactions with the same calldata before the executing one, each sender once.
    async fn vote_transactions(
        &mut self,
        proof: &mut TransferProof,
        last: ItemRef,
        key: Hash,
    ) -> Result<Set<Address>, ProveError> {
        let threshold = self.destination.threshold(last.block)?;
        let floor = self.scan_floor();
        let mut voters = Set::new();
        let mut places = Set::new();
        let mut seen = 0usize;
        loop {
            let calls = self.destination.scan.calls.iter().skip(seen);
            for call in calls.filter(|call| call.key == key && call.success && call.at <= last) {
                let is_new = call.sender.is_some_and(|sender| voters.insert(sender));
                if is_new && call.at != last {
                    places.insert(call.at);
                }
            }
            seen = self.destination.scan.calls.len();
            let enough = u64::try_from(voters.len()).is_ok_and(|voters| voters >= threshold);
            if enough || !self.destination.scan_on(floor).await? {
                break;
            }
        }
        for place in &places {
            self.destination.want(*place).await?;
        }
        proof.votes = places.into_iter().collect();
        Ok(voters)
    }

    /// The calldata of the key with the most votes, where a contract in between hides it.
    async fn preimage_of_most(&mut self, keys: &[Hash]) -> Result<Vec<Vec<u8>>, ProveError> {
        let count = |key: &Hash| keys.iter().filter(|other| *other == key).count();
        let Some(most) = keys.iter().copied().max_by_key(|key| count(key)) else { return Ok(Vec::new()) };
        self.preimages(&set_of([most])).await
    }
}
