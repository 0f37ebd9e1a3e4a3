//! Did the source's token registry stand still? It names the destination token that operators must
//! deliver.
//!
//! Operators read the registry when they vote, and one that started again reads that of its own
//! time. So a wrong token alone accuses nobody unless the entry was the same from before the
//! request until after the last vote (claims.md 2, M8 alone). Two equal ends would not show it: an
//! entry may change and change back. The bridge writes an event at every change, and the bloom
//! filter of a header holds every event of its block, so a header without these bits excludes a
//! change. Where the bits are there, the block's own receipts or the entry before and after it
//! settle it.

use super::absence::certainly_after;
use super::chain::AnchoredHeader;
use super::evidence::Evidence;
use super::request::{code_is_accepted, ProvenRequest};
use super::stop::Stop;
use super::Pair;
use crate::bridge::events::{topic, TokenType};
use crate::ordered::set_of;
use crate::primitives::Address;
use crate::receipt::{bloom_of, Log};
use crate::trust::BridgeEnd;
use crate::uncovered::Uncovered;
use crate::verdict::{HeaderRef, Missing, NotReached};
use alloc::vec::Vec;
use core::ops::RangeInclusive;

const CHANGES: [crate::primitives::Hash; 2] = [topic::TOKEN_REGISTERED, topic::TOKEN_DEREGISTERED];

impl AnchoredHeader {
    /// Whether the block may hold an event of `bridge` that its entry for `token` changed, by the
    /// header's bloom filter.
    #[must_use]
    pub fn may_change_registry(&self, bridge: &Address, token: &Address) -> bool {
        self.may_hold_one(&changes_of(bridge, token))
    }

    fn may_hold_one(&self, filters: &[[u8; 256]; 2]) -> bool {
        let bloom = self.bloom();
        filters.iter().any(|filter| bloom.iter().zip(filter).all(|(held, asked)| held & asked == *asked))
    }
}

/// What the bloom filter of a block holds where the entry changes: one filter for each event.
fn changes_of(bridge: &Address, token: &Address) -> [[u8; 256]; 2] {
    CHANGES.map(|topic| {
        bloom_of(&[Log { address: *bridge, topics: Vec::from([topic, token.to_word()]), data: Vec::new() }])
    })
}

/// Whether a log is the bridge's own word that it changed its registry's entry for `token`.
#[must_use]
pub fn changes_registry(log: &Log, bridge: &Address, token: &Address) -> bool {
    log.address == *bridge
        && log.topics.first().is_some_and(|topic| CHANGES.contains(topic))
        && log.topics.get(1) == Some(&token.to_word())
}

impl Evidence<'_> {
    /// The followed headers of a range that may hold a change of the entry for `token`. All headers
    /// are looked through once for each token: a transfer's range may be as long as the chain, and
    /// a bundle may hold as many transfers as headers.
    fn may_change_in(&self, blocks: RangeInclusive<u64>, bridge: &Address, token: &Address) -> Vec<u64> {
        let mut looked_through = self.registry_changes.borrow_mut();
        if !looked_through.contains_key(token) {
            let filters = changes_of(bridge, token);
            let headers = self.chain().headers().filter(|header| header.may_hold_one(&filters));
            looked_through.insert(*token, set_of(headers.map(AnchoredHeader::number)));
        }
        looked_through.get(token).into_iter().flat_map(|found| found.range(blocks.clone())).copied().collect()
    }
}

/// Before a token alone is called the wrong one: the registry's entry was the same before the
/// request's block, until a source header that is surely later than the last vote, and nothing
/// changed it between.
pub(super) fn stood_still(pair: &Pair<'_>, request: &ProvenRequest, decided: HeaderRef) -> Result<(), Stop> {
    if request.event.token_type == TokenType::Coin {
        return Ok(());
    }
    let (source, token) = (pair.source, &request.event.token);
    let before = source.state(request.header.number.saturating_sub(1))?;
    // Under other code that word would be no registry, and operators would be accused by it.
    let generation = code_is_accepted(pair.from, before)?;
    entry_is(before.registered_token(token)?, request)?;
    if !generation.tells_registry_changes() {
        return Err(Stop::uncovered(Uncovered::TokenMappingChanged));
    }
    let since = certainly_after(pair, pair.destination.made_by(decided.number)?.time);
    let head = source.chain().head();
    if head.time < since {
        let chain = source.chain().name().into();
        return Err(Stop::not_yet_trusted(NotReached::Time { chain, have: head.time, need: since }));
    }
    let shown = |state: &&_| is_since(state, since) && state.has_registered_token(token);
    let after = source.states_in(..).find(shown).ok_or_else(|| {
        Stop::incomplete(Missing::BridgeState { chain: source.chain().name().into(), number: Some(head.number) })
    })?;
    code_is_accepted(pair.from, after)?;
    entry_is(after.registered_token(token)?, request)?;
    did_not_change_in(source, pair.from, request.header.number..=after.header().number, request)
}

fn is_since(state: &super::evidence::BridgeState, time: u64) -> bool {
    state.header().time >= time
}

fn entry_is(entry: Address, request: &ProvenRequest) -> Result<(), Stop> {
    if entry == request.destination_token {
        Ok(())
    } else {
        Err(Stop::uncovered(Uncovered::TokenMappingChanged))
    }
}

/// No block of the range changed the entry for the request's token. Every header of it must have
/// been followed.
pub(super) fn did_not_change_in(
    source: &Evidence<'_>,
    end: &BridgeEnd,
    blocks: RangeInclusive<u64>,
    request: &ProvenRequest,
) -> Result<(), Stop> {
    source.header_is_read(*blocks.end());
    let followed = source.chain().client().head().number();
    if *blocks.end() > followed {
        let (chain, number) = (source.chain().name().into(), followed.saturating_add(1).max(*blocks.start()));
        return Err(Stop::incomplete(Missing::Header { chain, number }));
    }
    let changes = source.may_change_in(blocks, &end.address, &request.event.token);
    changes.into_iter().try_for_each(|number| did_not_change_at(source, end, number, request))
}

/// Settles what the bloom filter leaves open: by all receipts of the block, or by the entry before
/// and after it.
fn did_not_change_at(source: &Evidence<'_>, end: &BridgeEnd, number: u64, request: &ProvenRequest) -> Result<(), Stop> {
    let token = &request.event.token;
    let mut whole = source.whole_block(number).peekable();
    if whole.peek().is_none() {
        for number in [number.saturating_sub(1), number] {
            let state = source.state(number)?;
            code_is_accepted(end, state)?;
            entry_is(state.registered_token(token)?, request)?;
        }
        return Ok(());
    }
    for item in whole {
        if item?.receipt.logs.iter().any(|log| changes_registry(log, &end.address, token)) {
            return Err(Stop::uncovered(Uncovered::TokenMappingChanged));
        }
    }
    Ok(())
}

/// Whether the newest proven registry entry of the source differs from the one at the request.
pub(super) fn mapping_changed(pair: &Pair<'_>, request: &ProvenRequest) -> Result<bool, Stop> {
    let later = request.header.number.saturating_add(1)..;
    match pair.source.states_in(later).next_back() {
        Some(state) if state.has_registered_token(&request.event.token) => {
            Ok(state.registered_token(&request.event.token)? != request.destination_token)
        }
        _ => Ok(false),
    }
}
