//! What proves an execution: the handle event, the votes in state before and after it, or the vote transactions.

use super::{side, FoundRequest, Gathering};
use crate::error::ProveError;
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
        let before = side.before(block);
        side.begin_votes(block, nonce, before).await?;
        let transaction = side.transaction(block, index).await?;
        let to_bridge = transaction.to() == Some(side.bridge);
        let voters = if side.generation(block).is_some_and(Generation::names_executed_key) {
            self.executed_by_name(proof, request, block, to_bridge.then(|| transaction.input())).await?
        } else {
            let for_another = match HandleCall::decode(transaction.input()) {
                Ok(call) => call.nonce != nonce,
                Err(error) => matches!(error, BridgeError::Selector { .. }),
            };
            self.executed_unnamed(proof, block, (to_bridge && !for_another).then(|| transaction.input())).await?
        };
        if let (Some(request), Ok(event)) = (request, HandleEvent::decode(&log)) {
            self.registry_before(request, event.token).await?;
        }
        self.operators_at(block, &voters).await?;
        if let Some(before) = before {
            self.operators_at(before, &voters).await?;
        }
        Ok(())
    }

    /// The votes for an execution whose key the state does not name; `input` is that of a direct call.
    async fn executed_unnamed(
        &mut self,
        proof: &mut TransferProof,
        block: u64,
        input: Option<&[u8]>,
    ) -> Result<Set<Address>, ProveError> {
        let nonce = proof.nonce;
        let before = self.destination.before(block);
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
        block: u64,
        input: Option<&[u8]>,
    ) -> Result<Set<Address>, ProveError> {
        let nonce = proof.nonce;
        let before = self.destination.before(block);
        let named = layout::executed_key_slot(nonce);
        self.destination.ensure(block, &[named]).await?;
        self.destination.source_binding(block).await?;
        let key = Hash::from_u256(self.destination.word(block, &named)?);
        let votes = self.destination.votes(block, nonce, &[key], before).await?;
        let signed = input.and_then(|input| SignedHandle::decode(input).ok()).map(|signed| signed.call.nonce);
        let called = input.and_then(|input| HandleCall::decode(input).ok()).map(|call| call.nonce);
        if signed == Some(nonce) {
            for height in [Some(block), block.checked_sub(1)].into_iter().flatten() {
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

    /// Where another token was delivered than the registered one: the entry before the request's block, without which nobody
    /// is accused.
    async fn registry_before(&mut self, request: &FoundRequest, delivered: Address) -> Result<(), ProveError> {
        match (request.registry, request.at.item.block.checked_sub(1)) {
            (Some((slot, token)), Some(before)) if token != delivered && before >= self.source.first() => {
                self.source.ensure(before, &[slot]).await
            }
            _ => Ok(()),
        }
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
