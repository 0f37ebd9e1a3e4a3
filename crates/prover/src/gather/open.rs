//! What proves the state of a nonce that is open on the destination: votes so far, a failed attempt, calldata of votes.

use super::scan::BridgeCall;
use super::side::LiveVote;
use super::{FoundRequest, Gathering};
use crate::error::ProveError;
use crate::rpc::{RpcError, Transport};
use spanlight::bridge::layout;
use spanlight::bundle::TransferProof;
use spanlight::{Address, Hash};
use std::collections::{BTreeMap, BTreeSet};

impl<T: Transport> Gathering<'_, '_, T> {
    pub(super) async fn open(
        &mut self,
        proof: &mut TransferProof,
        request: Option<&FoundRequest>,
    ) -> Result<(), ProveError> {
        let head = self.destination.head();
        let votes = self.destination.votes(head, proof.nonce, &[]).await?;
        match request {
            Some(request) => self.failed_attempt(proof, request, &votes).await,
            None => {
                let keys = votes.iter().map(|vote| vote.key).collect();
                proof.calls = self.preimages(&keys).await?;
                Ok(())
            }
        }
    }

    /// Lowest block that a scan of the destination may read.
    pub(super) fn scan_floor(&self) -> u64 {
        self.options.scan.map_or(u64::MAX, |blocks| self.destination.head().saturating_sub(blocks))
    }

    /// Calldata of vote keys, as far as the scan finds it, ascending by key.
    pub(super) async fn preimages(&mut self, keys: &BTreeSet<Hash>) -> Result<Vec<Vec<u8>>, ProveError> {
        let floor = self.scan_floor();
        let mut found: BTreeMap<Hash, Vec<u8>> = BTreeMap::new();
        loop {
            for call in self.destination.scan.calls.iter().filter(|call| keys.contains(&call.key)) {
                found.entry(call.key).or_insert_with(|| call.input.clone());
            }
            if found.len() == keys.len() || !self.destination.scan_on(floor).await? {
                return Ok(found.into_values().collect());
            }
        }
    }

    /// Where all votes but one are counted: another operator's failed attempt, and an earlier height at which the others'
    /// votes can be proven. Nodes prune, so several heights are tried: before the newest attempt, then at and before each
    /// earlier one.
    async fn failed_attempt(
        &mut self,
        proof: &mut TransferProof,
        request: &FoundRequest,
        votes: &[LiveVote],
    ) -> Result<(), ProveError> {
        let head = self.destination.head();
        let live: BTreeSet<Address> =
            votes.iter().filter(|vote| vote.key == request.key).map(|vote| vote.voter).collect();
        let counted = votes.iter().filter(|vote| vote.key == request.key && vote.operator).count();
        let needed = self.destination.threshold(head)?.saturating_sub(1);
        if live.is_empty() || u64::try_from(counted).map_or(true, |counted| counted < needed) {
            return Ok(());
        }
        let floor = self.scan_floor().max(self.destination.first_at(request.time));
        let mut failed: Vec<(BridgeCall, Address)> = Vec::new();
        let (mut seen, mut tries) = (0usize, 0usize);
        let mut tried = BTreeSet::new();
        loop {
            let fresh: Vec<BridgeCall> = self.destination.scan.calls.iter().skip(seen).cloned().collect();
            seen = self.destination.scan.calls.len();
            for call in fresh.into_iter().filter(|call| call.key == request.key && call.at.block >= floor) {
                let block = call.at.block;
                if let Some(sender) = call.sender.filter(|sender| !call.success && !live.contains(sender)) {
                    if self.is_operator(head, &sender).await? {
                        failed.push((call, sender));
                    }
                }
                for height in [Some(block), block.checked_sub(1)].into_iter().flatten() {
                    if tries >= self.options.tries {
                        return Ok(());
                    }
                    if !failed.iter().any(|(call, _)| call.at.block > height) || !tried.insert(height) {
                        continue;
                    }
                    tries = tries.saturating_add(1);
                    if let Some(call) = self.shown_by(height, proof.nonce, request.key, &failed).await? {
                        self.destination.want(call.at).await?;
                        proof.failed = Some(call.at);
                        return Ok(());
                    }
                }
            }
            if !self.destination.scan_on(floor).await? {
                return Ok(());
            }
        }
    }

    /// The newest failed attempt that the state at `height` shows to have been the deciding one.
    async fn shown_by(
        &mut self,
        height: u64,
        nonce: u64,
        key: Hash,
        failed: &[(BridgeCall, Address)],
    ) -> Result<Option<BridgeCall>, ProveError> {
        let shown = self.shown_if_kept(height, nonce, key, failed).await;
        match shown {
            Ok(Some(call)) => Ok(Some(call)),
            // A height that the node has pruned, or that shows too little, only means that another one has to do.
            Ok(None) | Err(ProveError::Rpc(RpcError::Node { .. } | RpcError::Pruned { .. })) => {
                self.destination.forget_votes(height, nonce);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn shown_if_kept(
        &mut self,
        height: u64,
        nonce: u64,
        key: Hash,
        failed: &[(BridgeCall, Address)],
    ) -> Result<Option<BridgeCall>, ProveError> {
        if height < self.destination.first() {
            return Ok(None);
        }
        let votes = self.destination.votes(height, nonce, &[]).await?;
        let counted = votes.iter().filter(|vote| vote.key == key && vote.operator).count();
        let needed = self.destination.threshold(height)?.saturating_sub(1);
        if u64::try_from(counted).map_or(true, |counted| counted < needed) {
            return Ok(None);
        }
        for (call, sender) in failed.iter().filter(|(call, _)| call.at.block > height) {
            if self.is_operator(height, sender).await? {
                return Ok(Some(call.clone()));
            }
        }
        Ok(None)
    }

    async fn is_operator(&mut self, height: u64, address: &Address) -> Result<bool, ProveError> {
        let flag = layout::operator_flag_slot(address);
        self.destination.ensure(height, &[flag]).await?;
        Ok(!self.destination.word(height, &flag)?.is_zero())
    }

    /// Nonces from `from` on for which somebody voted successfully, found by reading every block.
    pub(crate) async fn voted_nonces(&mut self, from: u64) -> Result<(BTreeSet<u64>, bool), ProveError> {
        if self.options.scan.is_none() {
            return Ok((BTreeSet::new(), false));
        }
        self.destination.scan_down_to(self.scan_floor()).await?;
        let calls = self.destination.scan.calls.iter().filter(|call| call.success);
        let nonces = calls.filter_map(|call| call.nonce).filter(|nonce| *nonce >= from).collect();
        Ok((nonces, self.destination.scanned_all()))
    }
}
