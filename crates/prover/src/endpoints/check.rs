//! What is asked of every endpoint before it is used: that it serves this chain, how far it is, and what it says of one
//! block that all of them have.

use super::{Endpoint, Endpoints, Finding, Reason};
use crate::error::ProveError;
use crate::node::Node;
use crate::rpc::{RpcError, Transport};
use crate::sync::Synced;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;
use spanlight::header::UntrustedHeader;
use spanlight::trust::TrustedChain;

impl<T: Transport> Endpoints<T> {
    /// Checks every endpoint and puts aside those that are of no use for this chain.
    ///
    /// # Errors
    /// Where none is left, with each one's reason.
    pub async fn check(&self, trusted: &TrustedChain) -> Result<(), RpcError> {
        for (_, endpoint) in self.live() {
            let reason = match endpoint.check(trusted).await {
                Ok(None) => continue,
                Ok(Some(reason)) => reason,
                Err(ProveError::Rpc(RpcError::Cancelled)) => return Err(RpcError::Cancelled),
                Err(ProveError::Rpc(error)) => Reason::Unanswered(error),
                // What is not covered, or not reached by the trust, is so with every endpoint:
                // following the chain tells it.
                Err(ProveError::NotFollowed(_)) => continue,
                Err(error) => Reason::Refused { code: error.code() },
            };
            self.put_aside(endpoint, reason);
        }
        self.name_those_behind();
        self.compare(trusted).await;
        match self.live().next() {
            Some(_) => Ok(()),
            None => Err(self.nobody_left()),
        }
    }

    fn name_those_behind(&self) {
        let Some(newest) = self.live().filter_map(|(_, endpoint)| endpoint.head.get()).max() else { return };
        for (_, endpoint) in self.live() {
            let head = endpoint.head.get().unwrap_or_default();
            if newest.saturating_sub(head) > self.max_lag {
                self.note(Finding::Behind { endpoint: endpoint.name.clone(), head, newest });
            }
        }
    }

    /// Compares the newest header that all endpoints have.
    async fn compare(&self, trusted: &TrustedChain) {
        let heads = self.live().filter_map(|(_, endpoint)| endpoint.head.get());
        let Some(common) = heads.min().filter(|_| self.live().nth(1).is_some()) else { return };
        for (_, endpoint) in self.live() {
            let node = Node::new(&endpoint.transport, &trusted.profile);
            // One that fails here fails again when it is used, and is then put aside with its reason.
            *endpoint.shown.borrow_mut() = node.header(common).await.ok();
        }
        let shown: Vec<_> = self.live().filter_map(|(_, one)| Some((&one.name, one.shown.borrow().clone()?))).collect();
        let Some(((name, header), others)) = shown.split_first() else { return };
        for (other_name, other) in others {
            for (field, values) in differences(header, other) {
                let endpoints = [(*name).clone(), (*other_name).clone()];
                self.note(Finding::Disagreement { endpoints, height: common, field, values });
            }
        }
    }

    /// Puts aside those that showed another header than the one that is now verified.
    pub fn confirm(&self, synced: &Synced<'_>) {
        for (_, endpoint) in self.live() {
            let shown = endpoint.shown.borrow().as_ref().map(|header| (header.number(), header.hash()));
            let Some((height, got)) = shown else { continue };
            let Ok(verified) = synced.chain().header(height) else { continue };
            if verified.hash() != got {
                self.put_aside(endpoint, Reason::Unverified { height, expected: verified.hash(), got });
            }
        }
    }
}

impl<T: Transport> Endpoint<T> {
    /// The reason for which the endpoint is of no use, if there is one.
    async fn check(&self, trusted: &TrustedChain) -> Result<Option<Reason>, ProveError> {
        let node = Node::new(&self.transport, &trusted.profile);
        let expected = trusted.profile.chain_id;
        match node.chain_id().await {
            Ok(got) if got != expected => return Ok(Some(Reason::ChainId { expected, got })),
            // Not every endpoint offers the method; the checkpoint tells more.
            Ok(_) | Err(ProveError::Rpc(RpcError::Node { .. })) => {}
            Err(error) => return Err(error),
        }
        let number = trusted.checkpoint.number;
        let (expected, got) = (trusted.checkpoint.hash, node.header(number).await?.hash());
        if got != expected {
            return Ok(Some(Reason::Checkpoint { number, expected, got }));
        }
        let head = node.head_number().await?;
        // A number without a block behind it would make all others look old.
        node.header(head).await?;
        self.head.set(Some(head));
        Ok(None)
    }
}

/// The fields in which two headers differ, and what each says.
fn differences(one: &UntrustedHeader, other: &UntrustedHeader) -> Vec<(&'static str, [String; 2])> {
    let (a, b) = (one.fields(), other.fields());
    let pairs = [
        ("parentHash", a.parent_hash.to_string(), b.parent_hash.to_string()),
        ("stateRoot", a.state_root.to_string(), b.state_root.to_string()),
        ("transactionsRoot", a.transactions_root.to_string(), b.transactions_root.to_string()),
        ("receiptsRoot", a.receipts_root.to_string(), b.receipts_root.to_string()),
        ("reward", a.rewardbase.to_string(), b.rewardbase.to_string()),
        ("timestamp", a.time.to_string(), b.time.to_string()),
        ("gasUsed", a.gas_used.to_string(), b.gas_used.to_string()),
        ("hash", one.hash().to_string(), other.hash().to_string()),
    ];
    pairs.into_iter().filter(|(_, a, b)| a != b).map(|(field, a, b)| (field, [a, b])).collect()
}
