//! Finds the requests in new source blocks. A block that cannot be read waits in the backlog; later ones go on.

use super::patience::Patience;
use super::signatures::Signatures;
use super::watching::is_spent;
use super::{Open, Session};
use crate::alarm::Alarm;
use crate::backlog::{is_of_endpoints, Course};
use crate::board::Pending;
use crate::decide::Delivery;
use crate::direction::WorkError;
use crate::requests::{self, Found, Unread};
use crate::store::StoredRequest;
use spanlight::bridge::HandleCall;
use spanlight::verify::ProvenRequest;
use spanlight::Hash;
use spanlight_prover::{Node, ProveError, BLOCKS_TOGETHER};
use std::collections::BTreeMap;
use std::time::Instant;

/// What no other trust, endpoint or time mends: such a request is not read again. Where something
/// else stands in the way, a start lies below the request, so that it is proven as soon as that is
/// mended.
const FINAL: [&str; 1] = ["bridge.token_uri_unknown"];

impl Session<'_> {
    /// Searches the source blocks that are new: for a while only, since after a long time off there
    /// are many. At least one is searched in each round.
    pub(super) async fn find_requests(&mut self) -> Result<(), WorkError> {
        self.unread.let_go(self.view.nonces.lower_handle_nonce);
        let start = Instant::now();
        let mut searched = false;
        while self.scanned < self.source.head() && !(searched && is_spent(start)) {
            searched = true;
            let group = self.next_to_search()?;
            let is_read = group.len() > 1 && !self.unread.is_full() && self.search_together(&group).await?;
            for number in group.iter().filter(|_| !is_read) {
                if self.unread.is_full() {
                    self.tell_unread(*number, "backlog.full");
                    return Ok(());
                }
                self.search(*number).await?;
                self.scanned = *number;
            }
            self.scanned = group.last().copied().unwrap_or(self.source.head());
        }
        Ok(())
    }

    /// The next blocks that may hold requests, as many as are asked for together; none where there
    /// is no such block up to the head.
    fn next_to_search(&self) -> Result<Vec<u64>, WorkError> {
        let (chain, from) = (self.source.chain(), &self.direction.from);
        let may = |number: &u64| chain.header(*number).is_ok_and(|header| requests::may_request(header, from));
        let new = (self.scanned.saturating_add(1)..=self.source.head()).filter(may);
        Ok(self.source.asked_together(new, BLOCKS_TOGETHER)?)
    }

    /// Whether all of these blocks could be read side by side; where not, each has to be read by
    /// itself.
    async fn search_together(&mut self, group: &[u64]) -> Result<bool, WorkError> {
        let (store, name) = (&self.direction.shared.store, &self.direction.name);
        let mut asked = Vec::new();
        for number in group {
            asked.push((*number, store.state(name, *number).await?));
        }
        let node = Node::new(&self.links[0].endpoints, &self.source.chain().trusted().profile);
        let found = requests::in_blocks(&node, &self.source, self.trust, &self.direction.from, asked).await;
        let Ok(found) = found else { return Ok(false) };
        for (number, found) in found {
            self.take_found(number, found)?;
        }
        Ok(true)
    }

    /// Whether a round has ended before all source blocks were searched.
    pub(super) fn has_more_to_search(&self) -> bool {
        self.scanned < self.source.head() && !self.unread.is_full()
    }

    /// Searches those again that could not be read.
    pub(super) async fn search_again(&mut self) -> Result<(), WorkError> {
        let start = Instant::now();
        for number in self.unread.due(start) {
            if is_spent(start) {
                break;
            }
            self.search(number).await?;
        }
        Ok(())
    }

    async fn search(&mut self, number: u64) -> Result<(), WorkError> {
        let header = self.source.chain().header(number).map_err(ProveError::from)?;
        if !requests::may_request(header, &self.direction.from) {
            return Ok(());
        }
        let (store, name) = (&self.direction.shared.store, &self.direction.name);
        let kept = store.state(name, number).await?;
        let node = Node::new(&self.links[0].endpoints, &self.source.chain().trusted().profile);
        match requests::in_block(&node, &self.source, self.trust, &self.direction.from, number, kept).await {
            Ok(found) => self.take_found(number, found),
            Err(unread) => self.put_off(number, unread),
        }
    }

    /// Takes what is proven, also where something else of the block is not yet.
    fn take_found(&mut self, number: u64, found: Found) -> Result<(), WorkError> {
        // What was taken when the block was read before is not taken again.
        let waited = self.unread.nonces_of(number).to_vec();
        let is_new = |nonce: u64| waited.is_empty() || waited.contains(&nonce);
        let last = found.proven.iter().map(|request| request.call().nonce).max();
        if let (Some(proof), Some(last)) = (found.fresh, last.filter(|last| *last >= self.lower())) {
            self.unkept.push((number, last, proof));
        }
        for request in found.proven.into_iter().filter(|request| is_new(request.event().nonce)) {
            self.add(request);
        }
        let time = self.source.chain().header(number).map_or(0, |header| header.reference().time);
        for unproven in found.unproven {
            self.seen.insert(unproven.nonce);
            let reason = format!("the request is not covered: {}", unproven.code);
            if FINAL.contains(&unproven.code) {
                let vote = Err(reason.clone());
                self.known.keep(StoredRequest { nonce: unproven.nonce, block: number, time, vote });
            }
            self.uncovered.insert(unproven.nonce, (number, time, reason.clone()));
            self.raise(Some(unproven.nonce), Alarm::Parked { reason });
        }
        match found.unread {
            Some(unread) => self.put_off(number, unread),
            None => {
                self.unread.read(number);
                Ok(())
            }
        }
    }

    /// Keeps the proofs of state under new requests: most nodes have thrown them away after a while, and a restart proves what
    /// is open anew; whoever dies before asks a node again.
    pub(super) async fn keep_states(&mut self) -> Result<(), WorkError> {
        for (block, last, proof) in std::mem::take(&mut self.unkept) {
            self.direction.shared.store.keep_state(&self.direction.name, block, last, &proof).await?;
        }
        Ok(())
    }

    fn put_off(&mut self, number: u64, unread: Unread) -> Result<(), WorkError> {
        let Unread { error, nonces } = unread;
        let asked = (self.links[0].len(), self.followed[0]);
        self.followed[0] &= !is_of_endpoints(&error);
        self.seen.extend(&nonces);
        if !nonces.is_empty() && nonces.iter().all(|nonce| *nonce < self.lower()) {
            self.unread.read(number);
            return Ok(());
        }
        match self.unread.failed(number, &error, nonces, asked, Instant::now()) {
            Course::EndRound => return Err(error.into()),
            Course::Waits { tell } => {
                tracing::warn!(direction = %self.direction.name, block = number, %error, "a block cannot be read");
                if tell {
                    self.tell_unread(number, error.code());
                }
            }
        }
        Ok(())
    }

    fn tell_unread(&mut self, block: u64, code: &'static str) {
        let chain = self.direction.from.chain.clone();
        self.raise(None, Alarm::UnreadBlock { chain, block, code });
    }

    fn add(&mut self, request: ProvenRequest) {
        let call = request.call();
        let key = call.vote_key();
        let nonce = call.nonce;
        self.watch.learn(&call);
        // The store may have had it.
        if nonce < self.lower() || self.open.contains_key(&nonce) {
            return;
        }
        let header = request.header();
        tracing::debug!(direction = %self.direction.name, nonce, block = header.number, "request proven");
        let vote = Ok(call.clone());
        self.known.keep(StoredRequest { nonce, block: header.number, time: header.time, vote });
        self.open_it((header.number, header.time), call, key);
    }

    /// Takes up what an earlier session has proven.
    pub(crate) fn take_stored(&mut self, stored: Vec<StoredRequest>) {
        for StoredRequest { nonce, block, time, vote } in stored {
            if let Ok(call) = &vote {
                self.watch.learn(call);
            }
            self.known.is_kept(nonce);
            if nonce < self.lower() {
                self.known.finish(nonce);
                continue;
            }
            match vote {
                Ok(call) => {
                    let key = call.vote_key();
                    self.open_it((block, time), call, key);
                }
                Err(why) => {
                    self.seen.insert(nonce);
                    self.uncovered.insert(nonce, (block, time, why));
                }
            }
        }
    }

    fn open_it(&mut self, requested: (u64, u64), call: HandleCall, key: Hash) {
        let nonce = call.nonce;
        let park = self.reverted.park_of(nonce);
        let open = Open {
            requested,
            call,
            key,
            seen_at: self.destination.head(),
            delivery: Delivery::NotAsked,
            patience: Patience::default(),
            has_reverted: park.reverts() > 0,
            park,
            parked_for: String::new(),
            repeats: false,
            meanwhile: None,
            signatures: Signatures::default(),
            corrects: false,
        };
        self.seen.insert(nonce);
        self.open.insert(nonce, open);
        self.tell_stopped(nonce, &park);
    }

    /// The lowest nonce that was not handled when the destination was last read.
    fn lower(&self) -> u64 {
        self.view.nonces.lower_handle_nonce
    }

    /// Requests that are known or counted, and cannot be proven yet.
    pub(super) fn unproven(&self) -> BTreeMap<u64, Pending> {
        let mut unproven = BTreeMap::new();
        for (nonce, (request_block, requested_at, doing)) in self.uncovered.range(self.lower()..) {
            let (request_block, requested_at, doing) = (*request_block, *requested_at, doing.clone());
            let reason = "parked".to_owned();
            unproven.insert(*nonce, Pending { doing, reason, votes: 0, request_block, requested_at });
        }
        for (block, waiting) in self.unread.waiting() {
            let time = self.source.chain().header(block).map_or(0, |header| header.reference().time);
            let doing = format!("block {block} cannot be read ({}); it is asked for again", waiting.code);
            for nonce in waiting.nonces.iter().filter(|nonce| **nonce >= self.lower()) {
                let (doing, reason) = (doing.clone(), "unread_block".to_owned());
                let pending = Pending { doing, reason, votes: 0, request_block: block, requested_at: time };
                unproven.insert(*nonce, pending);
            }
        }
        for nonce in self.missing.iter().filter(|nonce| !self.open.contains_key(nonce)) {
            let doing = "counted by the source and not found: a block that cannot be read may hold it".to_owned();
            let reason = "unread_block".to_owned();
            unproven.entry(*nonce).or_insert(Pending { doing, reason, ..Pending::default() });
        }
        unproven
    }
}
