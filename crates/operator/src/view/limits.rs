//! Transfers that the outflow limit of a bridge of version 2 holds back (docs/contracts.md 4).
//!
//! The bridge names a time at which such a transfer may leave at the latest. It may leave earlier,
//! once it fits: what comes in and what leaks away make room. Either way somebody has to tell the
//! bridge, which is one repeated vote.

use super::storage::Storage;
use crate::decide::NonceState;
use spanlight::bridge::layout::{self, Outflow};
use spanlight::bridge::{HandleCall, TokenType};
use spanlight::verify::AnchoredHeader;
use spanlight::{Address, U256};
use spanlight_prover::{Node, ProveError, Transport};
use std::collections::BTreeMap;

/// What leaves the bridge when a transfer is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leaving {
    /// Address zero stands for coin.
    pub(crate) token: Address,
    /// As the bridge counts it: one for a token that is one of a kind.
    pub(crate) amount: U256,
}

impl Leaving {
    /// What executing this call lets out.
    pub(crate) fn of(call: &HandleCall) -> Self {
        let amount = if call.token_type == TokenType::Erc721 { U256::ONE } else { call.value };
        Self { token: call.token.unwrap_or(Address::ZERO), amount }
    }
}

/// Of the transfers that are held back, forgets it of those that may leave at `header`.
pub(crate) async fn release<T: Transport>(
    node: &Node<'_, T>,
    header: &AnchoredHeader,
    bridge: Address,
    transfers: &mut BTreeMap<u64, NonceState>,
    leaving: impl Fn(u64) -> Option<Leaving>,
) -> Result<(), ProveError> {
    let time = header.time();
    let held = transfers.iter().filter(|(_, state)| state.held.is_some_and(|until| until > time));
    let held: BTreeMap<u64, Leaving> = held.filter_map(|(nonce, _)| Some((*nonce, leaving(*nonce)?))).collect();
    let words = if held.is_empty() {
        None
    } else {
        let slots = held.values().flat_map(|leaving| layout::outflow_slots(&leaving.token));
        Some(Storage::read(node, header, bridge, slots).await?)
    };
    for (nonce, state) in transfers.iter_mut().filter(|(_, state)| state.held.is_some()) {
        let waits = match (held.get(nonce), &words) {
            (Some(leaving), Some(storage)) => {
                let [limits, outflow] = layout::outflow_slots(&leaving.token).map(|slot| storage.words().word(&slot));
                !Outflow::decode([limits?, outflow?]).fits(leaving.amount, time)
            }
            _ => false,
        };
        if !waits {
            state.held = None;
        }
    }
    Ok(())
}
