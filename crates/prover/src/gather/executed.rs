//! What proves an execution: the handle event, the votes in state before and after it, or the vote transactions.

use super::{side, FoundRequest, Gathering};
use crate::error::ProveError;
use crate::rpc::Transport;
use alloc::vec::Vec;
use spanlight::bridge::events::HandleEvent;
use spanlight::bridge::{layout, BridgeError, HandleCall};
use spanlight::bundle::{ItemRef, TransferProof};
use spanlight::ordered::{set_of, Set};
use spanlight::primitives::keccak256;
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
        let for_another = match HandleCall::decode(transaction.input()) {
            Ok(call) => call.nonce != nonce,
            Err(error) => matches!(error, BridgeError::Selector { .. }),
        };
        let direct = transaction.to() == Some(side.bridge) && !for_another;
        let key = keccak256(transaction.input());
        let keys: &[Hash] = if direct { &[key] } else { &[] };
        let votes = side.votes(block, nonce, keys).await?;
        side.ensure(block, &[layout::closed_slot(nonce)]).await?;
        let mut voters = set_of(votes.iter().map(|vote| vote.voter));
        if !direct {
            let keys: Vec<Hash> = votes.iter().map(|vote| vote.key).collect();
            side.votes(block, nonce, &keys).await?;
            proof.calls = self.preimage_of_most(&keys).await?;
        } else if !self.keeps_votes(block) {
            voters.extend(self.vote_transactions(proof, at.item, key).await?);
            let voted = voters.iter().map(|voter| side::voted(nonce, voter)).collect::<Vec<_>>();
            self.destination.ensure(block.saturating_sub(1), &voted).await?;
        }
        if let (Some(request), Ok(event)) = (request, HandleEvent::decode(&log)) {
            self.registry_before(request, event.token).await?;
        }
        self.operators_at(block, &voters).await?;
        if block > self.destination.first() {
            self.operators_at(block.saturating_sub(1), &voters).await?;
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

    /// Whether the code at a height leaves the votes in state when they decide.
    fn keeps_votes(&self, block: u64) -> bool {
        let code = self.destination.code_hash(block);
        let mut accepted = self.destination_codes.iter().filter(|accepted| Some(accepted.hash) == code);
        accepted.all(|accepted| accepted.generation.keeps_votes())
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
