//! Finds requests on the source and proves each one final.
//!
//! No log search is asked for: it could keep a request back. Headers carry a filter of all logs in their block, and a quorum
//! sealed it, so it names every block that may hold a request; the block's receipts are then checked under its root.

use spanlight::bridge::events::topic;
use spanlight::bridge::layout::{self, NonceWord};
use spanlight::bridge::RequestEvent;
use spanlight::bundle::{BlockProof, ItemRef, LogRef, StateEvidence};
use spanlight::commitment::prove_items;
use spanlight::primitives::keccak256;
use spanlight::receipt::Receipt;
use spanlight::state::{verify_state, StateProof};
use spanlight::trust::{BridgeEnd, Trust};
use spanlight::verify::{prove_request, AnchoredHeader, Evidence, ProvenRequest, Stop};
use spanlight::{Address, Error, Hash};
use spanlight_prover::{fetch_items, read_state, Items, Node, ProveError, Synced, Transport};

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
    let items = fetch_items(node, header).await?;
    let events = events_of(number, &items.receipts, &bridge.address)?;
    if events.is_empty() {
        return Ok(Found::default());
    }
    let nonces = events.iter().map(|(_, event)| event.nonce).collect();
    let prove = prove_events(node, synced, trust, bridge, (number, &items), events, kept);
    prove.await.map_err(|error| Unread { error, nonces })
}

async fn prove_events<T: Transport>(
    node: &Node<'_, T>,
    synced: &Synced<'_>,
    trust: &Trust,
    bridge: &BridgeEnd,
    (number, items): (u64, &Items),
    events: Vec<(LogRef, RequestEvent)>,
    kept: Option<StateProof>,
) -> Result<Found, ProveError> {
    let header = synced.chain().header(number)?;
    let mut slots = Vec::from([layout::NONCES]);
    slots.extend(events.iter().map(|(_, event)| layout::registered_token_slot(&event.token)));
    slots.sort_unstable();
    slots.dedup();
    let holds = |proof: &StateProof| {
        proof.slots == slots && matches!(verify_state(&header.state_root(), &bridge.address, proof), Ok(Some(_)))
    };
    let (proof, fresh) = match kept.filter(holds) {
        Some(proof) => (proof, None),
        None => {
            let (proof, _) = read_state(node, header, bridge.address, &slots).await?;
            (proof.clone(), Some(proof))
        }
    };
    let mut indices: Vec<u32> = events.iter().map(|(at, _)| at.item.index).collect();
    indices.dedup();
    let proven = prove_items(header.commitment_form(), &items.transactions, &items.receipts, &indices);
    let blocks = [BlockProof { number, items: proven.map_err(refused)? }];
    let states = [StateEvidence { number, proof }];
    let evidence = Evidence::verify(synced.chain(), bridge.address, &blocks, &states)?;
    let mut found = Found { fresh, ..Found::default() };
    for (at, event) in events {
        match prove_request(trust, &evidence, at, event.nonce) {
            Ok(request) => found.proven.push(request),
            Err(stop) => found.unproven.push(Unproven { nonce: event.nonce, code: code_of(stop) }),
        }
    }
    Ok(found)
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
mod tests {
    use super::*;

    #[test]
    fn the_filter_finds_what_was_put_in_and_nothing_else() {
        // Bits of keccak("abc") = 4e03 6577 a9.. : 0x603, 0x577 & 2047, ...
        let mut bloom = [0u8; 256];
        let hash = keccak256(b"abc");
        for pair in hash.0.chunks_exact(2).take(3) {
            let bit = usize::from(u16::from_be_bytes([pair[0], pair[1]]) & 2047);
            bloom[255 - bit / 8] |= 1 << (bit % 8);
        }
        assert!(in_bloom(&bloom, b"abc"));
        assert!(!in_bloom(&bloom, b"abd"));
        assert!(!in_bloom(&[0; 256], b"abc"));
        assert!(in_bloom(&[255; 256], b"abd"));
    }
}
