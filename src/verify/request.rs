//! The request on the source chain: P1, P5, P6 and the source half of P7 of bridge.md 6.4.

use super::checks::{Checks, Rule};
use super::error::VerifyError;
use super::evidence::{BridgeState, Evidence, Item, MOST_LATER_STATES};
use super::registry;
use super::stop::Stop;
use crate::bridge::call_for::expected_call;
use crate::bridge::calls::HandleCall;
use crate::bridge::events::RequestEvent;
use crate::bridge::events::TokenType;
use crate::bridge::generation::Generation;
use crate::bundle::{ItemRef, LogRef};
use crate::primitives::{Address, Hash};
use crate::receipt::{Log, Receipt};
use crate::trust::BridgeEnd;
use crate::uncovered::Uncovered;
use crate::verdict::HeaderRef;

const INCLUSION: Rule = Rule {
    id: "P.inclusion",
    words: "the transaction and the receipt stand at one index under the header's roots",
    source: "bridge.md 6.3, chain.md 3.1",
};
const SUCCESS: Rule =
    Rule { id: "P.status", words: "the transaction succeeded", source: "bridge.md 6.3, chain.md 3.2" };
const EMITTER: Rule = Rule { id: "P.emitter", words: "the log is the trusted bridge's", source: "bridge.md 6.6 F13" };
const NONCE: Rule = Rule { id: "P.nonce", words: "the event is of the claimed nonce", source: "bridge.md 6.6 F5" };
const DECODE: Rule = Rule { id: "P.event", words: "the event is canonical", source: "bridge.md 2.4, 6.6 F15" };
const CODE: Rule = Rule { id: "P6", words: "the bridge's code and mode are the trusted ones", source: "bridge.md 6.4" };
const COUNT: Rule = Rule { id: "P7.source", words: "the source counts this request", source: "bridge.md 6.4" };
const REGISTRY: Rule =
    Rule { id: "P5", words: "the token is registered at the request's block", source: "bridge.md 6.4" };

/// A request that is final on its chain. Only proving makes one, so whoever holds it may vote for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenRequest {
    pub(super) at: LogRef,
    pub(super) event: RequestEvent,
    pub(super) tx_hash: Hash,
    pub(super) header: HeaderRef,
    /// What the source's registry gave for the token at the request's block; zero for coin.
    pub(super) destination_token: Address,
}

impl ProvenRequest {
    /// The request event.
    #[must_use]
    pub const fn event(&self) -> &RequestEvent {
        &self.event
    }

    /// Hash of the transaction that made it.
    #[must_use]
    pub const fn tx_hash(&self) -> Hash {
        self.tx_hash
    }

    /// The source header under which it is proven.
    #[must_use]
    pub const fn header(&self) -> HeaderRef {
        self.header
    }

    /// The one call that an honest operator sends for it.
    #[must_use]
    pub fn call(&self) -> HandleCall {
        expected_call(&self.event, self.tx_hash, self.header.number, self.destination_token)
    }
}

/// Status 1 only: every other code is a failure, and a failed transaction did nothing.
pub(super) fn transaction_succeeded(receipt: &Receipt) -> Result<(), VerifyError> {
    if receipt.is_success() {
        Ok(())
    } else {
        Err(VerifyError::Status { expected: 1, got: receipt.status })
    }
}

/// Any contract can emit a log with the bridge's topics; only the bridge's own counts.
pub(super) fn log_is_the_bridges(log: &Log, bridge: &Address) -> Result<(), VerifyError> {
    if log.address == *bridge {
        Ok(())
    } else {
        Err(VerifyError::Emitter { expected: (*bridge).into(), got: log.address.into() })
    }
}

/// One transaction may hold several requests, so the nonce, never the transaction, is a transfer's identity.
pub(super) fn event_is_of_the_nonce(got: u64, expected: u64) -> Result<(), VerifyError> {
    if got == expected {
        Ok(())
    } else {
        Err(VerifyError::Nonce { expected, got })
    }
}

/// P6: another code could write any event and any storage word.
pub(super) fn code_is_accepted(end: &BridgeEnd, state: &BridgeState) -> Result<Generation, Stop> {
    let generation = end.generation(&state.code_hash()).ok_or_else(|| Stop::uncovered(Uncovered::UnknownCode))?;
    if state.nonces()?.mode_mint_burn == end.mint_burn {
        Ok(generation)
    } else {
        Err(VerifyError::BridgeMode.into())
    }
}

/// The source's own counter has passed the nonce.
pub(super) fn source_counts_the_request(state: &BridgeState, nonce: u64) -> Result<(), Stop> {
    let got = state.nonces()?.request_nonce;
    if got > nonce {
        Ok(())
    } else {
        Err(VerifyError::RequestCount { expected: nonce.saturating_add(1), got }.into())
    }
}

/// P5: coin has no registry entry. A token without one at the end of the request's block was deregistered in it; then nothing
/// says which token is right, and "none" must not be matched with "none".
pub(super) fn registered_counterpart(event: &RequestEvent, state: &BridgeState) -> Result<Address, Stop> {
    match event.token_type {
        TokenType::Coin => Ok(Address::ZERO),
        TokenType::Erc20 | TokenType::Erc721 => {
            let token = state.registered_token(&event.token)?;
            if token.is_zero() {
                return Err(Stop::uncovered(Uncovered::TokenNotRegistered));
            }
            Ok(token)
        }
    }
}

/// Checks of an event's transaction and log that both ends share.
pub(super) fn check_event(item: &Item, log: &Log, end: &BridgeEnd, checks: &mut Checks) -> Result<(), Stop> {
    let ItemRef { block, index } = item.at;
    checks.passed(
        INCLUSION,
        &[("chain", &end.chain), ("block", &block), ("index", &index), ("transaction", &item.transaction_hash)],
    );
    checks.require(SUCCESS, &[("status", &item.receipt.status)], transaction_succeeded(&item.receipt))?;
    checks.require(
        EMITTER,
        &[("bridge", &end.address), ("emitter", &log.address)],
        log_is_the_bridges(log, &end.address),
    )
}

/// Records that an event decoded, or that it did not.
pub(super) fn check_decoded<T, E: Into<Stop>>(decoded: Result<T, E>, checks: &mut Checks) -> Result<T, Stop> {
    checks.require(DECODE, &[], decoded)
}

/// Records [`event_is_of_the_nonce`].
pub(super) fn check_nonce(got: u64, expected: u64, checks: &mut Checks) -> Result<(), Stop> {
    checks.require(NONCE, &[("claimed", &expected), ("event", &got)], event_is_of_the_nonce(got, expected))
}

/// Records [`code_is_accepted`].
pub(super) fn check_code(end: &BridgeEnd, state: &BridgeState, checks: &mut Checks) -> Result<Generation, Stop> {
    let header = state.header();
    checks.require(
        CODE,
        &[("chain", &end.chain), ("block", &header.number), ("code", &state.code_hash())],
        code_is_accepted(end, state),
    )
}

/// Generation A's ERC-721 requests carry no URI: operators asked the token for it, and what it answered is not proven. Taking it
/// for empty would accuse them.
fn token_uri_is_in_the_event(event: &RequestEvent) -> Result<(), Stop> {
    if event.token_type == TokenType::Erc721 && event.encoding.is_none() {
        return Err(Stop::uncovered(Uncovered::TokenUriUnknown));
    }
    Ok(())
}

/// The state that shows the bridge's code, its count and the token's entry: that of the request's
/// block, or where nodes have not kept it the first later one that is proven. The count never
/// falls, and the code of an account stays.
fn state_of_request<'e>(source: &'e Evidence<'_>, block: u64, event: &RequestEvent) -> Result<&'e BridgeState, Stop> {
    let shows = |state: &&BridgeState| event.token_type == TokenType::Coin || state.has_registered_token(&event.token);
    let most = if source.has_state(block) { 0 } else { MOST_LATER_STATES };
    let later = source.states_in(block..).take(most).find(shows);
    later.map_or_else(|| source.state(block), Ok)
}

/// Proves the request of `nonce` at a place on the source chain.
pub(super) fn prove_request(
    source: &Evidence<'_>,
    end: &BridgeEnd,
    at: LogRef,
    nonce: u64,
    checks: &mut Checks,
) -> Result<ProvenRequest, Stop> {
    let (item, log) = source.log(at)?;
    check_event(item, log, end, checks)?;
    let event = check_decoded(RequestEvent::decode(log), checks)?;
    check_nonce(event.nonce, nonce, checks)?;
    token_uri_is_in_the_event(&event)?;
    let state = state_of_request(source, at.item.block, &event)?;
    let generation = check_code(end, state, checks)?;
    checks.require(
        COUNT,
        &[("nonce", &nonce), ("requests", &state.nonces()?.request_nonce)],
        source_counts_the_request(state, nonce),
    )?;
    let inputs: [(&'static str, &dyn core::fmt::Display); 2] =
        [("token", &event.token), ("at block", &state.header().number)];
    let destination_token = checks.require(REGISTRY, &inputs, registered_counterpart(&event, state))?;
    let request = ProvenRequest { at, event, tx_hash: item.transaction_hash, header: item.header, destination_token };
    if state.header().number != at.item.block && request.event.token_type != TokenType::Coin {
        // A later entry is that of the request's block if nothing changed it between; else that
        // block's own is needed. So it is where the contract may have changed it without a word.
        let since = at.item.block.saturating_add(1)..=state.header().number;
        let is_told = generation.tells_registry_changes();
        if !is_told || registry::did_not_change_in(source, end, since, &request).is_err() {
            source.state(at.item.block)?;
        }
    }
    Ok(request)
}
