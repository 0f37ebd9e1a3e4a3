//! Finds requests on the source and proves each one final.
//!
//! No log search is asked for: it could keep a request back. Headers carry a filter of all logs in
//! their block, and a quorum sealed it, so it names every block that may hold a request; the
//! block's receipts are then checked under its root. Nodes keep these for good, and states of few
//! blocks only: a later state does as well where the core can tell.

use futures_util::future::try_join_all;
use spanlight::bridge::events::topic;
use spanlight::bridge::layout::{self, NonceWord};
use spanlight::bridge::{RequestEvent, TokenType};
use spanlight::bundle::{BlockProof, ItemRef, LogRef, StateEvidence};
use spanlight::commitment::prove_items;
use spanlight::primitives::keccak256;
use spanlight::receipt::Receipt;
use spanlight::state::{verify_state, StateProof};
use spanlight::trust::{BridgeEnd, Trust};
use spanlight::verify::{prove_request, AnchoredHeader, Evidence, ProvenRequest, Stop};
use spanlight::{Address, Error, Hash};
use spanlight_prover::later::{heights_for, WholeBlocks, KEPT_EACH, MOST_WHOLE_BLOCKS};
use spanlight_prover::{
    read_state, receipts_under, transactions_under, Items, Node, ProveError, RpcError, Synced, Transport,
};
use std::collections::{BTreeMap, BTreeSet};

/// A request that is there and could not be proven, with the code of what stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unproven {
    pub(crate) nonce: u64,
    pub(crate) code: &'static str,
}

/// What one source block holds.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) proven: Vec<ProvenRequest>,
    pub(crate) unproven: Vec<Unproven>,
    /// The proof of the bridge's state, where a node gave it: it may not have it any more when it is asked again.
    pub(crate) fresh: Option<StateProof>,
    /// What keeps the others of the block from being proven yet.
    pub(crate) unread: Option<Unread>,
}

/// A source block that could not be read.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) error: ProveError,
    /// Requests that its proven receipts show, as far as it came.
    pub(crate) nonces: Vec<u64>,
}

impl<E: Into<ProveError>> From<E> for Unread {
    fn from(error: E) -> Self {
        Self { error: error.into(), nonces: Vec::new() }
    }
}

/// How a source block is read.
struct Reading {
    /// The proof of the bridge's state there, if an earlier run left one; it is believed no more
    /// than a node's.
    kept: Option<StateProof>,
    /// Whether no other block is read beside it: only then are whole blocks fetched to settle what
    /// filters leave open, so that those of one request at a time are in memory.
    alone: bool,
}

/// Whether the sealed header's filter allows that `address` emitted a log with one of `topics` in the block.
pub(crate) fn may_hold(header: &AnchoredHeader, address: &Address, topics: &[Hash]) -> bool {
    let bloom = match header {
        AnchoredHeader::Followed(header) => &header.fields().bloom,
        AnchoredHeader::Jumped(header) => &header.fields().bloom,
    };
    in_bloom(bloom, address.as_bytes()) && topics.iter().any(|topic| in_bloom(bloom, topic.as_bytes()))
}

/// Three bits, each named by eleven bits of the hash: the filter of Ethereum's headers.
fn in_bloom(bloom: &[u8; 256], item: &[u8]) -> bool {
    let hash = keccak256(item);
    hash.0.chunks_exact(2).take(3).all(|pair| {
        let [high, low] = pair else { return false };
        let bit = usize::from(u16::from_be_bytes([*high, *low]) & 2047);
        let byte = bloom.iter().rev().nth(bit >> 3).copied().unwrap_or(0);
        byte >> (bit & 7) & 1 == 1
    })
}

/// Whether a source block may hold requests.
pub(crate) fn may_request(header: &AnchoredHeader, bridge: &BridgeEnd) -> bool {
    may_hold(header, &bridge.address, &[topic::REQUEST, topic::REQUEST_ENCODED])
}

/// Reads one source block and proves every request of the bridge in it. `kept` is the proof of the bridge's state there, if an
/// earlier run left one; it is believed no more than a node's.
pub(crate) async fn in_block<T: Transport>(
    node: &Node<'_, T>,
    synced: &Synced<'_>,
    trust: &Trust,
    bridge: &BridgeEnd,
    number: u64,
    kept: Option<StateProof>,
) -> Result<Found, Unread> {
    let header = synced.chain().header(number).map_err(ProveError::from)?;
    let items = items_of(node, &[header]).await?.pop().ok_or(ProveError::SelfCheck)?;
    in_items(node, synced, trust, bridge, (number, &items), Reading { kept, alone: true }).await
}

/// The same of several blocks, side by side. Where one cannot be read, the error does not tell
/// which: it shows when each is read by itself.
pub(crate) async fn in_blocks<T: Transport>(
    node: &Node<'_, T>,
    synced: &Synced<'_>,
    trust: &Trust,
    bridge: &BridgeEnd,
    asked: Vec<(u64, Option<StateProof>)>,
) -> Result<Vec<(u64, Found)>, ProveError> {
    let headers = asked.iter().map(|(number, _)| synced.chain().header(*number)).collect::<Result<Vec<_>, _>>()?;
    let items = items_of(node, &headers).await?;
    let read = asked.into_iter().zip(&items).map(async |((number, kept), items)| {
        let reading = Reading { kept, alone: false };
        let found = in_items(node, synced, trust, bridge, (number, items), reading).await;
        found.map(|found| (number, found)).map_err(|unread| unread.error)
    });
    try_join_all(read).await
}

/// Transactions and receipts of blocks, asked for side by side, each checked as it comes.
pub(crate) async fn items_of<T: Transport>(
    node: &Node<'_, T>,
    headers: &[&AnchoredHeader],
) -> Result<Vec<Items>, ProveError> {
    let asked = (transactions_under(node, headers), receipts_under(node, headers));
    let (transactions, receipts) = tokio::try_join!(asked.0, asked.1)?;
    let items = transactions.into_iter().zip(receipts);
    Ok(items.map(|(transactions, receipts)| Items { transactions, receipts }).collect())
}

async fn in_items<T: Transport>(
    node: &Node<'_, T>,
    synced: &Synced<'_>,
    trust: &Trust,
    bridge: &BridgeEnd,
    (number, items): (u64, &Items),
    reading: Reading,
) -> Result<Found, Unread> {
    let events = events_of(number, &items.receipts, &bridge.address)?;
    if events.is_empty() {
        return Ok(Found::default());
    }
    let nonces = events.iter().map(|(_, event)| event.nonce).collect();
    let prove = prove_events(node, synced, trust, bridge, (number, items), events, reading);
    prove.await.map_err(|error| Unread { error, nonces })
}

async fn prove_events<T: Transport>(
    node: &Node<'_, T>,
    synced: &Synced<'_>,
    trust: &Trust,
    bridge: &BridgeEnd,
    (number, items): (u64, &Items),
    events: Vec<(LogRef, RequestEvent)>,
    reading: Reading,
) -> Result<Found, ProveError> {
    let header = synced.chain().header(number)?;
    let tokens: BTreeSet<Token> = events.iter().map(|(_, event)| token_of(event)).collect();
    let Shown { states, fresh, hidden, settled, refusal } =
        states_for(node, synced, bridge, number, &tokens, reading).await?;
    let mut indices: Vec<u32> = events.iter().map(|(at, _)| at.item.index).collect();
    indices.dedup();
    let proven = prove_items(header.commitment_form(), &items.transactions, &items.receipts, &indices);
    let own = BlockProof { number, items: proven.map_err(refused)? };
    let blocks: Vec<BlockProof> = std::iter::once(own).chain(settled).collect();
    let evidence = Evidence::verify(synced.chain(), bridge.address, &blocks, &states)?;
    let mut found = Found { fresh, ..Found::default() };
    for (at, event) in events {
        let proven = if hidden.contains(&token_of(&event)) {
            None
        } else {
            match prove_request(trust, &evidence, at, event.nonce).map_err(code_of) {
                Ok(request) => Some(Ok(request)),
                Err(LACKS_STATE) if refusal.is_some() => None,
                Err(code) => Some(Err(Unproven { nonce: event.nonce, code })),
            }
        };
        match (proven, &refusal) {
            (Some(Ok(request)), _) => found.proven.push(request),
            (Some(Err(unproven)), _) => found.unproven.push(unproven),
            (None, refusal) => {
                let error = refusal.clone().map_or(ProveError::SelfCheck, ProveError::from);
                let unread = found.unread.get_or_insert_with(|| Unread { error, nonces: Vec::new() });
                unread.nonces.push(event.nonce);
            }
        }
    }
    Ok(found)
}

/// What the core says where only the state of the request's own block would show the registry.
const LACKS_STATE: &str = "missing.bridge_state";

/// A token whose registry entry is needed; none for coin, which has no entry.
type Token = Option<Address>;

fn token_of(event: &RequestEvent) -> Token {
    (event.token_type != TokenType::Coin).then_some(event.token)
}

fn slots_of<'t>(tokens: impl IntoIterator<Item = &'t Token>) -> Vec<Hash> {
    let entries = tokens.into_iter().flatten().map(layout::registered_token_slot);
    let slots: BTreeSet<Hash> = std::iter::once(layout::NONCES).chain(entries).collect();
    slots.into_iter().collect()
}

/// States that show the count of requests and the entries of tokens.
#[derive(Debug, Default)]
struct Shown {
    states: Vec<StateEvidence>,
    /// The proof in the requests' own block, where a node gave it.
    fresh: Option<StateProof>,
    /// Tokens whose entry at that block no endpoint has kept, and no later state shows.
    hidden: BTreeSet<Token>,
    /// Whole blocks between, whose receipts settle whether they changed an entry.
    settled: Vec<BlockProof>,
    /// The refusal, where no endpoint has kept the state of the requests' own block.
    refusal: Option<RpcError>,
}

/// Proves the count of requests and the entries of these tokens: in the block itself or, where
/// nodes have not kept its state, in later ones up to which nothing has changed the entry. Full
/// nodes keep the states of few blocks, so this is the usual way after some minutes off.
async fn states_for<T: Transport>(
    node: &Node<'_, T>,
    synced: &Synced<'_>,
    bridge: &BridgeEnd,
    number: u64,
    tokens: &BTreeSet<Token>,
    Reading { kept, alone }: Reading,
) -> Result<Shown, ProveError> {
    let header = synced.chain().header(number)?;
    let slots = slots_of(tokens);
    let holds = |proof: &StateProof| {
        proof.slots == slots && matches!(verify_state(&header.state_root(), &bridge.address, proof), Ok(Some(_)))
    };
    if let Some(proof) = kept.filter(holds) {
        return Ok(Shown { states: vec![StateEvidence { number, proof }], ..Shown::default() });
    }
    match read_state(node, header, bridge.address, &slots).await {
        Ok((proof, _)) => {
            let states = vec![StateEvidence { number, proof: proof.clone() }];
            Ok(Shown { states, fresh: Some(proof), ..Shown::default() })
        }
        Err(ProveError::Rpc(error @ RpcError::Pruned { .. })) => {
            later_states(node, synced, bridge, (number, alone), tokens, &error).await
        }
        Err(error) => Err(error),
    }
}

async fn later_states<T: Transport>(
    node: &Node<'_, T>,
    synced: &Synced<'_>,
    bridge: &BridgeEnd,
    (number, alone): (u64, bool),
    tokens: &BTreeSet<Token>,
    refusal: &RpcError,
) -> Result<Shown, ProveError> {
    let (mut by_height, mut doubtful) = (BTreeMap::<u64, BTreeSet<Token>>::new(), BTreeSet::<u64>::new());
    for token in tokens {
        let until = |token| synced.registry_stood_until(&bridge.address, token, number);
        let stood = token.as_ref().map_or_else(|| synced.head(), until);
        for height in heights_for(number, stood).skip(1) {
            by_height.entry(height).or_default().insert(*token);
        }
        let kept = number.next_multiple_of(KEPT_EACH);
        let Some(blocks) = left_to_receipts(synced, bridge, token.as_ref(), (number, kept))? else { continue };
        let together: BTreeSet<u64> = doubtful.union(&blocks).copied().collect();
        if together.len() <= MOST_WHOLE_BLOCKS {
            by_height.entry(kept).or_default().insert(*token);
            doubtful = together;
        } else {
            tracing::debug!(block = number, ?token, "too many blocks may have changed the registry's entry since");
        }
    }
    if !(alone || doubtful.is_empty()) {
        return Err(refusal.clone().into());
    }
    let mut hidden = tokens.clone();
    let mut states = Vec::new();
    for (height, shown) in by_height {
        let wanted: BTreeSet<Token> = shown.intersection(&hidden).copied().collect();
        if wanted.is_empty() {
            continue;
        }
        let header = synced.chain().header(height)?;
        match read_state(node, header, bridge.address, &slots_of(&wanted)).await {
            Ok((proof, _)) => {
                states.push(StateEvidence { number: height, proof });
                hidden.retain(|token| !wanted.contains(token));
            }
            // The next one may be kept.
            Err(ProveError::Rpc(RpcError::Pruned { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    let settled = whole_blocks(node, synced, &doubtful).await?;
    Ok(Shown { states, fresh: None, hidden, settled, refusal: Some(refusal.clone()) })
}

/// The blocks up to the next one whose state full nodes keep that may have changed a token's entry,
/// by the filters in their headers; none where there is no such block, or no such state yet.
/// Anybody can put a log's words into a filter, and on a busy chain they come by chance. Whether
/// the entry was changed all receipts of the block tell.
fn left_to_receipts(
    synced: &Synced<'_>,
    bridge: &BridgeEnd,
    token: Option<&Address>,
    (number, kept): (u64, u64),
) -> Result<Option<BTreeSet<u64>>, ProveError> {
    let Some(token) = token.filter(|_| kept <= synced.head()) else { return Ok(None) };
    let mut doubtful = BTreeSet::new();
    for between in number.saturating_add(1)..=kept {
        if synced.chain().header(between)?.may_change_registry(&bridge.address, token) {
            tracing::debug!(block = number, between, %token, "a log may have changed the registry's entry since");
            doubtful.insert(between);
        }
    }
    Ok((!doubtful.is_empty()).then_some(doubtful))
}

/// Blocks with all their items, fetched one at a time. Where the next one would make them too
/// large, it and those behind it are left out: then what they may have changed stays open, and the
/// request waits for the state of its own block.
async fn whole_blocks<T: Transport>(
    node: &Node<'_, T>,
    synced: &Synced<'_>,
    numbers: &BTreeSet<u64>,
) -> Result<Vec<BlockProof>, ProveError> {
    let (mut blocks, mut whole) = (Vec::new(), WholeBlocks::default());
    for number in numbers {
        let header = synced.chain().header(*number)?;
        let items = items_of(node, &[header]).await?.pop().ok_or(ProveError::SelfCheck)?;
        if !whole.takes(*number, &items) {
            tracing::debug!(block = number, "blocks that may have changed the registry's entry are too large");
            break;
        }
        let all: Vec<u32> = (0u32..).zip(&items.receipts).map(|(index, _)| index).collect();
        let proven = prove_items(header.commitment_form(), &items.transactions, &items.receipts, &all);
        blocks.push(BlockProof { number: *number, items: proven.map_err(refused)? });
    }
    Ok(blocks)
}

/// Every request event of the bridge in a block's proven receipts, in order.
fn events_of(block: u64, receipts: &[Vec<u8>], bridge: &Address) -> Result<Vec<(LogRef, RequestEvent)>, ProveError> {
    let mut events = Vec::new();
    for (index, raw) in (0u32..).zip(receipts) {
        let receipt = Receipt::decode(raw).map_err(refused)?;
        if !receipt.is_success() {
            continue;
        }
        for (log, entry) in (0u32..).zip(&receipt.logs) {
            if entry.address != *bridge {
                continue;
            }
            if let Ok(event) = RequestEvent::decode(entry) {
                events.push((LogRef { item: ItemRef { block, index }, log }, event));
            }
        }
    }
    Ok(events)
}

/// How many requests the source counts after a block.
pub(crate) async fn count<T: Transport>(
    node: &Node<'_, T>,
    header: &AnchoredHeader,
    bridge: &BridgeEnd,
) -> Result<u64, ProveError> {
    let (_, state) = read_state(node, header, bridge.address, &[layout::NONCES]).await?;
    let word = state.and_then(|state| state.slot(&layout::NONCES)).unwrap_or_default();
    Ok(NonceWord::decode(&Hash::from_u256(word)).map_err(refused)?.request_nonce)
}

fn refused(error: impl Into<Error>) -> ProveError {
    Stop::from(error.into()).into()
}

fn code_of(stop: Stop) -> &'static str {
    spanlight::Verdict::from(stop).code().unwrap_or("unknown")
}

#[cfg(test)]
mod tests;
