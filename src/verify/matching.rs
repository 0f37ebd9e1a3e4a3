//! Was the transfer executed as it was requested? Rules M1 to M11 and M13 of bridge.md 6.5, one function each.
//!
//! M12 (the configured pair and direction) is the trust's: both events are read from the trusted bridges of the trusted
//! chains, and signatures that carry a chain id must carry that chain's.

use super::checks::{Checks, Rule};
use super::request::ProvenRequest;
use crate::bridge::calls::HandleCall;
use crate::bridge::events::HandleEvent;
use crate::bridge::events::TokenType;
use crate::bridge::uri::token_uri;
use crate::primitives::{encode_hex, Address, Hash};
use crate::receipt::Log;
use crate::trust::BridgeEnd;
use alloc::vec::Vec;

/// An execution differs from its request in one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Differs(pub(super) &'static str);

type Matching = Result<(), Differs>;

fn equal<T: PartialEq>(rule: Rule, expected: T, got: T) -> Matching {
    if expected == got {
        Ok(())
    } else {
        Err(Differs(rule.id))
    }
}

const fn rule(id: &'static str, words: &'static str) -> Rule {
    Rule { id, words, source: "bridge.md 6.5" }
}

const M1: Rule = rule("M1", "the handle names the request's transaction");
const M2: Rule = rule("M2", "both are of one token type");
const M3: Rule = rule("M3", "both name one sender");
const M4: Rule = rule("M4", "both name one recipient");
const M5: Rule = rule("M5", "amount or token id is the requested one");
const M6: Rule = rule("M6", "both have one nonce");
const M7: Rule = rule("M7", "extra data is the requested one");
const M8: Rule = rule("M8", "the token is the one registered for the requested one");
const M9: Rule = rule("M9", "the votes name the request's block");
const M10: Rule = rule("M10", "the token URI is the requested one");
const M11: Rule = rule("M11", "the executed calldata says what the handle event says");
const M13: Rule = rule("M13", "the token contract moved the value to the recipient");

/// M1.
pub(super) fn handle_names_the_request_transaction(request: &ProvenRequest, handle: &HandleEvent) -> Matching {
    equal(M1, request.tx_hash, handle.request_tx_hash)
}

/// M2.
pub(super) fn token_type_is_the_same(request: &ProvenRequest, handle: &HandleEvent) -> Matching {
    equal(M2, request.event.token_type, handle.token_type)
}

/// M3.
pub(super) fn sender_is_the_same(request: &ProvenRequest, handle: &HandleEvent) -> Matching {
    equal(M3, request.event.from, handle.from)
}

/// M4.
pub(super) fn recipient_is_the_same(request: &ProvenRequest, handle: &HandleEvent) -> Matching {
    equal(M4, request.event.to, handle.to)
}

/// M5.
pub(super) fn value_is_the_same(request: &ProvenRequest, handle: &HandleEvent) -> Matching {
    equal(M5, request.event.value, handle.value)
}

/// M6.
pub(super) fn nonce_is_the_same(request: &ProvenRequest, handle: &HandleEvent) -> Matching {
    equal(M6, request.event.nonce, handle.nonce)
}

/// M7.
pub(super) fn extra_data_is_the_same(request: &ProvenRequest, handle: &HandleEvent) -> Matching {
    equal(M7, request.event.extra.as_slice(), handle.extra.as_slice())
}

/// M8. For coin both tokens are zero; the registry was read at the request's block.
pub(super) fn token_is_the_registered_one(request: &ProvenRequest, handle: &HandleEvent) -> Matching {
    equal(M8, request.destination_token, handle.token)
}

/// M9. Not in the event: only the calldata says it.
pub(super) fn request_block_is_the_named_one(request: &ProvenRequest, call: &HandleCall) -> Matching {
    equal(M9, request.header.number, call.request_block)
}

/// M10. Only for ERC-721, where the operators copy the URI out of the request.
pub(super) fn token_uri_is_the_requested_one(request: &ProvenRequest, call: &HandleCall) -> Matching {
    let requested = match (request.event.token_type, &request.event.encoding) {
        (TokenType::Erc721, Some((version, encoded))) => Some(token_uri(*version, encoded)),
        (TokenType::Erc721, None) => Some(Vec::new()),
        _ => None,
    };
    equal(M10, requested, call.token_uri.clone())
}

/// M11. Fails only where an extended bridge changes what it executes.
pub(super) fn call_says_what_the_event_says(call: &HandleCall, handle: &HandleEvent) -> Matching {
    let same = call.request_tx_hash == handle.request_tx_hash
        && call.token_type == handle.token_type
        && call.from == handle.from
        && call.to == handle.to
        && call.token.unwrap_or(Address::ZERO) == handle.token
        && call.value == handle.value
        && call.nonce == handle.nonce
        && call.extra == handle.extra;
    equal(M11, true, same)
}

/// M13. A token transfer leaves the token's own log; coin leaves none, and the transaction's success says it.
pub(super) fn token_moved_to_the_recipient(end: &BridgeEnd, handle: &HandleEvent, logs: &[Log]) -> Matching {
    // keccak-256 of Transfer(address,address,uint256), the same for ERC-20 and ERC-721.
    const TRANSFER: Hash = Hash([
        0xdd, 0xf2, 0x52, 0xad, 0x1b, 0xe2, 0xc8, 0x9b, 0x69, 0xc2, 0xb0, 0x68, 0xfc, 0x37, 0x8d, 0xaa, 0x95, 0x2b,
        0xa7, 0xf1, 0x63, 0xc4, 0xa1, 0x16, 0x28, 0xf5, 0x5a, 0x4d, 0xf5, 0x23, 0xb3, 0xef,
    ]);
    let giver = if end.mint_burn { Address::ZERO } else { end.address };
    let value = Hash::from_u256(handle.value);
    let mut expected = Vec::from([TRANSFER, giver.to_word(), handle.to.to_word()]);
    let mut data = Vec::new();
    match handle.token_type {
        TokenType::Coin => return Ok(()),
        TokenType::Erc20 => data.extend_from_slice(value.as_bytes()),
        TokenType::Erc721 => expected.push(value),
    }
    let moved = logs.iter().any(|log| log.address == handle.token && log.topics == expected && log.data == data);
    equal(M13, true, moved)
}

/// Runs M1 to M11 and names those that fail. All are run: a reader wants every difference, not the first.
pub(super) fn differences(
    request: &ProvenRequest,
    handle: &HandleEvent,
    call: &HandleCall,
    checks: &mut Checks,
) -> Vec<&'static str> {
    let q = &request.event;
    let results = [
        checks.record(
            M1,
            &[("requested", &request.tx_hash), ("executed", &handle.request_tx_hash)],
            handle_names_the_request_transaction(request, handle),
        ),
        checks.record(
            M2,
            &[("requested", &q.token_type), ("executed", &handle.token_type)],
            token_type_is_the_same(request, handle),
        ),
        checks.record(M3, &[("requested", &q.from), ("executed", &handle.from)], sender_is_the_same(request, handle)),
        checks.record(M4, &[("requested", &q.to), ("executed", &handle.to)], recipient_is_the_same(request, handle)),
        checks.record(M5, &[("requested", &q.value), ("executed", &handle.value)], value_is_the_same(request, handle)),
        checks.record(M6, &[("requested", &q.nonce), ("executed", &handle.nonce)], nonce_is_the_same(request, handle)),
        checks.record(
            M7,
            &[("requested", &encode_hex(&q.extra)), ("executed", &encode_hex(&handle.extra))],
            extra_data_is_the_same(request, handle),
        ),
        checks.record(
            M8,
            &[("registered", &request.destination_token), ("executed", &handle.token)],
            token_is_the_registered_one(request, handle),
        ),
        checks.record(
            M9,
            &[("requested", &request.header.number), ("executed", &call.request_block)],
            request_block_is_the_named_one(request, call),
        ),
        checks.record(M10, &[], token_uri_is_the_requested_one(request, call)),
        checks.record(M11, &[], call_says_what_the_event_says(call, handle)),
    ];
    results.into_iter().filter_map(Result::err).map(|Differs(id)| id).collect()
}

/// Runs M13.
pub(super) fn delivery(
    end: &BridgeEnd,
    handle: &HandleEvent,
    logs: &[Log],
    checks: &mut Checks,
) -> Result<(), Differs> {
    checks.record(
        M13,
        &[("token", &handle.token), ("recipient", &handle.to), ("value", &handle.value)],
        token_moved_to_the_recipient(end, handle, logs),
    )
}
