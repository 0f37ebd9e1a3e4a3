//! Gathers what judging a transfer needs, from both ends of the bridge.
//!
//! Too much is gathered rather than too little; the finished bundle is cut down to what the judging read.

mod executed;
mod open;
mod scan;
mod search;
mod side;

use crate::error::ProveError;
use crate::later::{heights_for, KEPT_EACH, MOST_WHOLE_BLOCKS};
use crate::prove::ProveOptions;
use crate::rpc::{RpcError, Transport};
use alloc::vec::Vec;
use search::LogSearch;
use spanlight::bridge::events::{topic, HandleEvent, RequestEvent};
use spanlight::bridge::{expected_call, layout, vote_key, TokenType};
use spanlight::bundle::{LogRef, TransferProof};
use spanlight::transaction::Transaction;
use spanlight::{Address, Hash};

pub(crate) use side::{Done, Side};

/// Nonces whose slots are asked for in one call.
const SLOTS_AT_A_TIME: usize = 128;

/// Both ends, and what is gathered of each.
pub(crate) struct Gathering<'s, 't, T> {
    pub(crate) source: Side<'s, 't, T>,
    pub(crate) destination: Side<'s, 't, T>,
    requests: LogSearch,
    handles: LogSearch,
    options: ProveOptions,
    /// A state that no endpoint has kept and that no other one stands in for, of the transfer that
    /// is gathered.
    lacking: Option<RpcError>,
}

/// A request that was found, and the vote that an honest operator casts for it.
struct FoundRequest {
    at: LogRef,
    time: u64,
    key: Hash,
    /// The calldata of that vote.
    calldata: Vec<u8>,
    /// The token that leaves the destination; zero for coin, and where no kept state shows it.
    destination_token: Address,
    /// The token and its entry in the source's registry; none for coin, and where no kept state
    /// shows it.
    registry: Option<Registry>,
}

/// A token, and the destination's token that the source registers for it.
#[derive(Clone, Copy)]
struct Registry {
    token: Address,
    entry: Address,
}

impl<'s, 't, T: Transport> Gathering<'s, 't, T> {
    pub(crate) fn new(source: Side<'s, 't, T>, destination: Side<'s, 't, T>, options: ProveOptions) -> Self {
        let requests = LogSearch::new(&[topic::REQUEST, topic::REQUEST_ENCODED], options.window, |log| {
            RequestEvent::decode(log).ok().map(|event| event.nonce)
        });
        let handles = LogSearch::new(&[topic::HANDLE], options.window, |log| {
            HandleEvent::decode(log).ok().map(|event| event.nonce)
        });
        Self { source, destination, requests, handles, options, lacking: None }
    }

    /// How many requests the source counts at its head.
    pub(crate) async fn request_count(&mut self) -> Result<u64, ProveError> {
        let head = self.source.head();
        self.source.ensure(head, &[layout::NONCES]).await?;
        Ok(self.source.nonces(head)?.request_nonce)
    }

    /// What [`spanlight::verify::Completeness`] reads at both heads.
    pub(crate) async fn for_completeness(&mut self) -> Result<(), ProveError> {
        self.request_count().await?;
        let head = self.destination.head();
        self.destination.ensure(head, &[layout::NONCES, layout::UPPER]).await?;
        // Zero also means that nothing was ever handled; then it matters whether nonce 0 was.
        if self.destination.word(head, &layout::UPPER)?.is_zero() {
            self.destination.ensure(head, &[layout::closed_slot(0)]).await?;
        }
        Ok(())
    }

    /// Reads every window of both chains, so that the transfers of a range are looked up and not searched.
    pub(crate) async fn index_all(&mut self) -> Result<(), ProveError> {
        self.requests.read_all(&self.source).await?;
        self.handles.read_all(&self.destination).await
    }

    /// The nonces of which anything is to be seen on the destination: executed, or voted for.
    pub(crate) async fn known_on_destination(&mut self, nonces: &[u64]) -> Result<Vec<u64>, ProveError> {
        let head = self.destination.head();
        let mut known = Vec::new();
        for chunk in nonces.chunks(SLOTS_AT_A_TIME) {
            let slots = chunk.iter().flat_map(|nonce| [layout::closed_slot(*nonce), side::voters_length(*nonce)]);
            // Where a node has not all of them, each nonce is asked for on its own, and one that is refused counts as known:
            // it is then reported as incomplete, never passed over.
            match self.destination.ensure(head, &slots.collect::<Vec<_>>()).await {
                Ok(()) => {}
                Err(ProveError::Rpc(error)) if error.is_refusal() => {}
                Err(error) => return Err(error),
            }
            for nonce in chunk {
                match self.is_handled(*nonce).await {
                    Ok(handled) if handled || self.destination.live_votes(head, *nonce)? > 0 => known.push(*nonce),
                    Ok(_) => {}
                    Err(ProveError::Rpc(error)) if error.is_refusal() => known.push(*nonce),
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(known)
    }

    async fn is_handled(&mut self, nonce: u64) -> Result<bool, ProveError> {
        let head = self.destination.head();
        self.destination.ensure(head, &[layout::NONCES, layout::UPPER, side::voters_length(nonce)]).await?;
        if self.destination.upper(head)?.upper_handle_nonce < nonce {
            // Above the highest nonce ever handled: open, and its own slot says nothing more.
            return Ok(false);
        }
        self.destination.ensure(head, &[layout::closed_slot(nonce)]).await?;
        let closed = !self.destination.word(head, &layout::closed_slot(nonce))?.is_zero();
        Ok(closed || self.destination.nonces(head)?.lower_handle_nonce > nonce)
    }

    /// Gathers what judging the transfer of `proof.nonce` needs, and says in `proof` where it lies.
    /// Gives the refusal where a state is needed that no endpoint has kept; the rest is gathered
    /// all the same.
    pub(crate) async fn transfer(&mut self, proof: &mut TransferProof) -> Result<Option<RpcError>, ProveError> {
        self.lacking = None;
        let nonce = proof.nonce;
        let request = if self.request_count().await? > nonce { self.request(nonce).await? } else { None };
        proof.request = request.as_ref().map(|request| request.at);
        if request.is_none() && self.request_count().await? > nonce {
            self.source.ensure_first(&[layout::NONCES]).await?;
        }
        if !self.is_handled(nonce).await? {
            self.open(proof, request.as_ref()).await?;
            return Ok(self.lacking.take());
        }
        let after = request.as_ref().map(|request| self.destination.first_at(request.time));
        let found = self.handles.handle(&self.destination, nonce, after).await?;
        match found {
            Some((block, index)) => self.executed(proof, request.as_ref(), block, index).await?,
            None => {
                // Mostly the counter alone shows it, and a node may have no more.
                self.destination.ensure_first(&[layout::NONCES]).await?;
                self.destination.ensure_first(&[layout::UPPER, layout::closed_slot(nonce)]).await?;
            }
        }
        Ok(self.lacking.take())
    }

    async fn request(&mut self, nonce: u64) -> Result<Option<FoundRequest>, ProveError> {
        let Some((block, index)) = self.requests.request(&self.source, nonce).await? else { return Ok(None) };
        let (at, log) = self
            .source
            .find_log(block, index, |log| RequestEvent::decode(log).is_ok_and(|event| event.nonce == nonce))
            .await?;
        let event = RequestEvent::decode(&log).map_err(crate::error::refused)?;
        let registry = (event.token_type != TokenType::Coin).then(|| layout::registered_token_slot(&event.token));
        let transaction: Transaction = self.source.transaction(block, index).await?;
        let time = self.source.time(block)?;
        let Some(height) = self.state_of_request(block, &event.token, registry).await? else {
            let (key, destination_token) = (Hash::ZERO, Address::ZERO);
            return Ok(Some(FoundRequest { at, time, key, calldata: Vec::new(), destination_token, registry: None }));
        };
        let token = match registry {
            None => Address::ZERO,
            Some(slot) => Address::low_bytes(&Hash::from_u256(self.source.word(height, &slot)?)),
        };
        let calldata = expected_call(&event, transaction.hash(), block, token).encode();
        let registry = registry.map(|_| Registry { token: event.token, entry: token });
        let key = vote_key(&calldata);
        Ok(Some(FoundRequest { at, time, key, calldata, destination_token: token, registry }))
    }

    /// Proves the source's count and the token's entry at the request's block or, where that state
    /// is not kept, at a later height up to which nothing changed the entry: by the filters of the
    /// headers between or, up to the next state that full nodes keep, by the receipts of the blocks
    /// whose filter leaves it open. Gives the height; none where there is no such state.
    async fn state_of_request(
        &mut self,
        block: u64,
        token: &Address,
        registry: Option<Hash>,
    ) -> Result<Option<u64>, ProveError> {
        let head = self.source.head();
        let slots: Vec<Hash> = [layout::NONCES].into_iter().chain(registry).collect();
        let doubtful = match registry {
            Some(_) => self.source.registry_changes(token, block.saturating_add(1), head),
            None => Vec::new(),
        };
        let stood = doubtful.first().map_or(head, |first| first.saturating_sub(1));
        let mut refusal = None;
        for height in heights_for(block, stood) {
            match self.source.keeps(&[(height, slots.clone())]).await? {
                Ok(()) => return Ok(Some(height)),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        let kept = block.next_multiple_of(KEPT_EACH);
        if (stood.saturating_add(1)..=head).contains(&kept) && self.receipts_settle(&doubtful, kept, token).await? {
            match self.source.keeps(&[(kept, slots)]).await? {
                Ok(()) => return Ok(Some(kept)),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
        self.lacking = refusal;
        Ok(None)
    }

    /// Whether few blocks are left open, and their receipts settle each.
    async fn receipts_settle(&mut self, doubtful: &[u64], last: u64, token: &Address) -> Result<bool, ProveError> {
        let doubtful = doubtful.iter().filter(|number| **number <= last);
        if doubtful.clone().nth(MOST_WHOLE_BLOCKS).is_some() {
            return Ok(false);
        }
        for number in doubtful {
            if !self.source.receipts_settle(*number, token).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
