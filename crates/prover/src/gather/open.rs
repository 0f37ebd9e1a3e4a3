//! What proves the state of a nonce that is open on the destination: votes so far, a failed attempt, calldata of votes.

use super::scan::BridgeCall;
use super::side::{self, LiveVote};
use super::{FoundRequest, Gathering};
use crate::error::{refused, ProveError};
use crate::later::KEPT_EACH;
use crate::rpc::Transport;
use alloc::vec::Vec;
use spanlight::bridge::layout::{self, SeatWord};
use spanlight::bridge::{Generation, HandleCall};
use spanlight::bundle::TransferProof;
use spanlight::ordered::{set_of, Map, Set};
use spanlight::{Address, Hash};

/// Failed attempts of operators without a live vote, newest first, and the heights tried for the state before one.
#[derive(Default)]
struct Attempts {
    failed: Vec<(BridgeCall, Address)>,
    tried: Set<u64>,
}

impl<T: Transport> Gathering<'_, '_, T> {
    pub(super) async fn open(
        &mut self,
        proof: &mut TransferProof,
        request: Option<&FoundRequest>,
    ) -> Result<(), ProveError> {
        let head = self.destination.head();
        let votes = self.destination.votes(head, proof.nonce, &[], None).await?;
        self.destination.source_binding(head).await?;
        match request {
            Some(request) if self.held_back(head, request, &votes).await? => Ok(()),
            Some(request) => self.failed_attempt(proof, request, &votes).await,
            None => {
                let keys = set_of(votes.iter().map(|vote| vote.key));
                proof.calls = self.preimages(&keys).await?;
                self.votes_by_an_earlier_block(proof).await
            }
        }
    }

    /// Proves what holds a requested transfer back at a height, on a bridge of version 2: a pause,
    /// whose word is there, or the outflow limit. Tells whether one of them does.
    async fn held_back(&mut self, height: u64, request: &FoundRequest, votes: &[LiveVote]) -> Result<bool, ProveError> {
        if !self.destination.generation(height).is_some_and(Generation::has_brakes) {
            return Ok(false);
        }
        if self.is_paused(height)? {
            return Ok(true);
        }
        let counted = votes.iter().filter(|vote| vote.key == request.key && vote.operator).count();
        let needed = self.destination.threshold(height)?;
        if u64::try_from(counted).is_ok_and(|counted| counted < needed) {
            return Ok(false);
        }
        let held = layout::held_slot(&request.key);
        self.destination.ensure(height, &[held]).await?;
        if self.destination.word(height, &held)?.is_zero() {
            return Ok(false);
        }
        self.destination.ensure(height, &layout::outflow_slots(&request.destination_token)).await?;
        Ok(true)
    }

    fn is_paused(&self, height: u64) -> Result<bool, ProveError> {
        let word = Hash::from_u256(self.destination.word(height, &layout::SEAT_COUNT)?);
        Ok(SeatWord::decode(&word).map_err(refused)?.handles_paused)
    }

    /// Proves that no pause lies between a height and the head, where the bridge can be paused: a
    /// vote that reverted during one shows nothing. Tells whether that is so.
    async fn no_pause_since(&mut self, height: u64) -> Result<bool, ProveError> {
        if !self.destination.generation(height).is_some_and(Generation::has_brakes) {
            return Ok(true);
        }
        let counter = layout::resume_nonce_slot();
        let slots = Vec::from([layout::SEAT_COUNT, counter]);
        let head = self.destination.head();
        self.destination.ensure_all(&[(height, slots.clone()), (head, slots)]).await?;
        let pauses = [height, head].map(|height| self.destination.word(height, &counter));
        let [before, since] = pauses;
        Ok(!self.is_paused(height)? && before? == since? && !self.destination.is_first_version_2(height))
    }

    /// Votes that name a block which the source does not have yet are lies only if they were cast
    /// long enough ago: shows them at an earlier height, after which a quorum has proposed and the
    /// source has gone on for longer than the clocks may differ. Where no kept state shows them
    /// there, those at the head stay.
    async fn votes_by_an_earlier_block(&mut self, proof: &mut TransferProof) -> Result<(), ProveError> {
        let head = self.source.head();
        let is_ahead = |call: &Vec<u8>| HandleCall::decode(call).map_or(true, |call| call.request_block > head);
        if !proof.calls.iter().any(is_ahead) {
            return Ok(());
        }
        let Some(newest) = self.surely_before_the_sources_head() else { return Ok(()) };
        let kept = newest.saturating_sub(newest.checked_rem(KEPT_EACH).unwrap_or(0));
        let first = self.destination.first();
        for height in [newest, kept].into_iter().filter(|height| *height >= first) {
            let mut wanted = side::first_of_votes(height, proof.nonce, None);
            wanted.iter_mut().for_each(|(_, slots)| slots.push(layout::closed_slot(proof.nonce)));
            if self.destination.keeps(&wanted).await?.is_err() {
                continue;
            }
            let votes = self.destination.votes(height, proof.nonce, &[], None).await?;
            self.destination.source_binding(height).await?;
            if !votes.is_empty() {
                let keys = set_of(votes.iter().map(|vote| vote.key));
                proof.calls = self.preimages(&keys).await?;
                self.destination.forget_votes(self.destination.head(), proof.nonce);
                return Ok(());
            }
            self.destination.forget_votes(height, proof.nonce);
        }
        Ok(())
    }

    /// The newest destination height that was surely made before the source's head, by more than
    /// the clocks may differ.
    fn surely_before_the_sources_head(&self) -> Option<u64> {
        let source = self.source.synced.chain();
        let skew = source.trusted().profile.clock_skew;
        let chain = self.destination.synced.chain();
        let before = |height| chain.made_by(height).is_ok_and(|by| by.time.saturating_add(skew) <= source.head().time);
        // What bounds a lower height bounds it no later.
        let (mut low, mut high) = (self.destination.first(), self.destination.head());
        if !before(low) {
            return None;
        }
        while low < high {
            let middle = high.saturating_sub(high.saturating_sub(low) >> 1);
            if before(middle) {
                low = middle;
            } else {
                high = middle.saturating_sub(1);
            }
        }
        Some(low)
    }

    /// Lowest block that a scan of the destination may read.
    pub(super) fn scan_floor(&self) -> u64 {
        self.options.scan.map_or(u64::MAX, |blocks| self.destination.head().saturating_sub(blocks))
    }

    /// Calldata of vote keys, as far as the scan finds it, ascending by key.
    pub(super) async fn preimages(&mut self, keys: &Set<Hash>) -> Result<Vec<Vec<u8>>, ProveError> {
        let floor = self.scan_floor();
        let mut found: Map<Hash, Vec<u8>> = Map::new();
        loop {
            for call in self.destination.scan.calls.iter().filter(|call| keys.contains(&call.key)) {
                if !found.contains_key(&call.key) {
                    found.insert(call.key, call.calldata.clone());
                }
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
        let live = set_of(votes.iter().filter(|vote| vote.key == request.key).map(|vote| vote.voter));
        let counted = votes.iter().filter(|vote| vote.key == request.key && vote.operator).count();
        let needed = self.destination.threshold(head)?.saturating_sub(1);
        if live.is_empty() || u64::try_from(counted).map_or(true, |counted| counted < needed) {
            return Ok(());
        }
        let floor = self.scan_floor().max(self.destination.first_at(request.time));
        let mut attempts = Attempts::default();
        let mut seen = 0usize;
        loop {
            let fresh: Vec<BridgeCall> = self.destination.scan.calls.iter().skip(seen).cloned().collect();
            seen = self.destination.scan.calls.len();
            for call in fresh.into_iter().filter(|call| call.key == request.key && call.at.block >= floor) {
                let block = call.at.block;
                self.take_attempt(call, &live, &mut attempts).await?;
                for height in [Some(block), block.checked_sub(1)].into_iter().flatten() {
                    if let Some(call) = self.shown_by(height, proof.nonce, request.key, &mut attempts).await? {
                        self.destination.want(call.at).await?;
                        proof.failed = Some(call.at);
                        return Ok(());
                    }
                }
            }
            if attempts.tried.len() >= self.options.tries || !self.destination.scan_on(floor).await? {
                return Ok(());
            }
        }
    }

    /// Keeps the call if it is a failed one of an operator without a live vote: an outsider's or a late vote fails too, and
    /// anybody can bring bad signatures.
    async fn take_attempt(
        &mut self,
        call: BridgeCall,
        live: &Set<Address>,
        attempts: &mut Attempts,
    ) -> Result<(), ProveError> {
        let Some(sender) = call.sender.filter(|sender| !call.success && !call.by_signatures && !live.contains(sender))
        else {
            return Ok(());
        };
        if self.is_operator(self.destination.head(), &sender).await? {
            attempts.failed.push((call, sender));
        }
        Ok(())
    }

    /// The newest failed attempt that the state at `height` shows to have been the deciding one.
    async fn shown_by(
        &mut self,
        height: u64,
        nonce: u64,
        key: Hash,
        attempts: &mut Attempts,
    ) -> Result<Option<BridgeCall>, ProveError> {
        let is_before_one = attempts.failed.iter().any(|(call, _)| call.at.block > height);
        let may_try = attempts.tried.len() < self.options.tries;
        if !is_before_one || !may_try || !attempts.tried.insert(height) {
            return Ok(None);
        }
        match self.shown_if_kept(height, nonce, key, &attempts.failed).await {
            Ok(Some(call)) => Ok(Some(call)),
            // A height that the node has pruned, or that shows too little, only means that another one has to do.
            Ok(None) => {
                self.destination.forget_votes(height, nonce);
                Ok(None)
            }
            Err(ProveError::Rpc(error)) if error.is_refusal() => {
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
        let votes = self.destination.votes(height, nonce, &[], None).await?;
        let counted = votes.iter().filter(|vote| vote.key == key && vote.operator).count();
        let needed = self.destination.threshold(height)?.saturating_sub(1);
        if u64::try_from(counted).map_or(true, |counted| counted < needed) {
            return Ok(None);
        }
        if !self.no_pause_since(height).await? {
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
    pub(crate) async fn voted_nonces(&mut self, from: u64) -> Result<(Set<u64>, bool), ProveError> {
        if self.options.scan.is_none() {
            return Ok((Set::new(), false));
        }
        self.destination.scan_down_to(self.scan_floor()).await?;
        let calls = self.destination.scan.calls.iter().filter(|call| call.success);
        let nonces = set_of(calls.filter_map(|call| call.nonce).filter(|nonce| *nonce >= from));
        Ok((nonces, self.destination.scanned_all()))
    }
}
