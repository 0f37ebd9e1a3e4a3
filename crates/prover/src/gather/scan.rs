//! Calls of the bridge, read from blocks backward from the head: votes leave no event.

use super::side::Side;
use crate::error::{refused, ProveError};
use crate::rpc::{RpcError, Transport};
use crate::sync::BLOCKS_TOGETHER;
use alloc::vec::Vec;
use spanlight::bridge::{HandleCall, SignedHandle};
use spanlight::bundle::ItemRef;
use spanlight::crypto::recover_address;
use spanlight::primitives::keccak256;
use spanlight::receipt::Receipt;
use spanlight::transaction::Transaction;
use spanlight::{Address, Hash};

/// A transaction that called the bridge.
#[derive(Clone, Debug)]
pub(super) struct BridgeCall {
    pub(super) at: ItemRef,
    pub(super) sender: Option<Address>,
    /// The nonce that it votes on, if it is a handle call or brings signatures for one.
    pub(super) nonce: Option<u64>,
    /// Key and calldata of the vote: its own input, or the direct call of the transfer for which it brings signatures.
    pub(super) key: Hash,
    pub(super) calldata: Vec<u8>,
    /// Whether it brings signatures: then its sender votes for nothing.
    pub(super) by_signatures: bool,
    pub(super) success: bool,
}

/// How far down blocks were read, and the calls found, newest first.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    /// The next block to read; none below block 0.
    next: Option<u64>,
    /// How many blocks to ask for together: a search that ends soon reads little that it does not need.
    together: usize,
    pub(super) calls: Vec<BridgeCall>,
}

impl Scan {
    pub(super) const fn new(head: u64) -> Self {
        Self { next: Some(head), together: 1, calls: Vec::new() }
    }
}

impl<T: Transport> Side<'_, '_, T> {
    /// Reads the next block that holds transactions; false where none is left at or above `floor`.
    pub(super) async fn scan_on(&mut self, floor: u64) -> Result<bool, ProveError> {
        let floor = floor.max(self.first());
        while let Some(number) = self.scan.next.filter(|number| *number >= floor) {
            if self.synced.is_empty_block(number)? {
                self.scan.next = number.checked_sub(1);
                continue;
            }
            if !self.has_items(number) {
                let group = self.synced.asked_together((floor..=number).rev(), self.scan.together)?;
                self.fetch_ahead(&group).await?;
            }
            self.scan_block(number).await?;
            // Not before: a block that was refused must not count as read.
            self.scan.next = number.checked_sub(1);
            return Ok(true);
        }
        Ok(false)
    }

    /// Fetches the blocks of the group that are not there yet; where a node refuses one of them, only the first, which is needed.
    async fn fetch_ahead(&mut self, group: &[u64]) -> Result<(), ProveError> {
        let absent: Vec<u64> = group.iter().copied().filter(|number| !self.has_items(*number)).collect();
        self.scan.together = self.scan.together.saturating_mul(2).min(BLOCKS_TOGETHER);
        match (self.fetch(&absent).await, absent.first()) {
            (Err(ProveError::Rpc(RpcError::Node { .. })), Some(first)) if absent.len() > 1 => {
                self.fetch(&[*first]).await
            }
            (fetched, _) => fetched,
        }
    }

    /// Reads every block down to `floor`.
    pub(super) async fn scan_down_to(&mut self, floor: u64) -> Result<(), ProveError> {
        while self.scan_on(floor).await? {}
        Ok(())
    }

    /// Whether every block since the checkpoint was read.
    pub(super) fn scanned_all(&self) -> bool {
        self.scan.next.is_none_or(|next| next < self.first())
    }

    async fn scan_block(&mut self, number: u64) -> Result<(), ProveError> {
        let chain_id = self.node.profile().chain_id;
        let bridge = self.bridge;
        let items = self.items(number).await?;
        let mut calls = Vec::new();
        for (index, (raw, receipt)) in items.transactions.iter().zip(&items.receipts).enumerate() {
            let transaction = Transaction::decode(raw).map_err(refused)?;
            if transaction.to() != Some(bridge) {
                continue;
            }
            let signed = SignedHandle::decode(transaction.input()).ok();
            let calldata = signed.as_ref().map_or_else(|| transaction.input().to_vec(), |signed| signed.call.encode());
            calls.push(BridgeCall {
                at: ItemRef { block: number, index: u32::try_from(index).unwrap_or(u32::MAX) },
                sender: transaction.sender(chain_id, &|digest, seal| recover_address(digest, seal).ok()).ok(),
                nonce: HandleCall::decode(&calldata).ok().map(|call| call.nonce),
                key: keccak256(&calldata),
                calldata,
                by_signatures: signed.is_some(),
                success: Receipt::decode(receipt).map_err(refused)?.is_success(),
            });
        }
        if calls.is_empty() {
            self.drop_block(number);
        }
        self.scan.calls.extend(calls.into_iter().rev());
        Ok(())
    }
}
