//! Was the transfer executed as it was requested? Rules M1 to M11 and M13 of bridge.md 6.5, one function each.
//!
//! M12 (the configured pair and direction) is the trust's: both events are read from the trusted bridges of the trusted
//! chains, and signatures that carry a chain id must carry that chain's.

use super::checks::{Checks, Rule};
use super::request::ProvenRequest;
use super::shown::requested_uri;
use crate::bridge::calls::HandleCall;
use crate::bridge::events::HandleEvent;
use crate::bridge::events::TokenType;
use crate::facts::Difference;
use crate::primitives::{encode_hex, Address, Hash};
use crate::receipt::Log;
use crate::trust::BridgeEnd;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;

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
    equal(M10, requested_uri(request), call.token_uri.clone())
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

/// Runs M1 to M11 and tells those that fail. All are run: a reader wants every difference, not the first.
pub(super) fn differences(
    request: &ProvenRequest,
    handle: &HandleEvent,
    call: &HandleCall,
    checks: &mut Checks,
) -> Vec<Difference> {
    let q = &request.event;
    let mut found = Vec::new();
    let mut compare = |rule: Rule, field, requested: &dyn Display, executed: &dyn Display, result: Matching| {
        if checks.record(rule, &[("requested", requested), ("executed", executed)], result).is_err() {
            found.push(difference(rule, field, requested, executed));
        }
    };
    let (value, uri) = (value_field(handle.token_type), requested_uri(request));
    let same_call = call_says_what_the_event_says(call, handle);
    compare(
        M1,
        "request_transaction",
        &request.tx_hash,
        &handle.request_tx_hash,
        handle_names_the_request_transaction(request, handle),
    );
    compare(M2, "kind", &q.token_type, &handle.token_type, token_type_is_the_same(request, handle));
    compare(M3, "from", &q.from, &handle.from, sender_is_the_same(request, handle));
    compare(M4, "to", &q.to, &handle.to, recipient_is_the_same(request, handle));
    compare(M5, value, &q.value, &handle.value, value_is_the_same(request, handle));
    compare(M6, "nonce", &q.nonce, &handle.nonce, nonce_is_the_same(request, handle));
    compare(M7, "extra", &encode_hex(&q.extra), &encode_hex(&handle.extra), extra_data_is_the_same(request, handle));
    compare(M8, "token", &request.destination_token, &handle.token, token_is_the_registered_one(request, handle));
    compare(
        M9,
        "request_block",
        &request.header.number,
        &call.request_block,
        request_block_is_the_named_one(request, call),
    );
    compare(M10, "token_uri", &text(&uri), &text(&call.token_uri), token_uri_is_the_requested_one(request, call));
    if checks.record(M11, &[], same_call).is_err() {
        found.extend(call_differences(call, handle));
    }
    found
}

fn difference(rule: Rule, field: &'static str, requested: &dyn Display, executed: &dyn Display) -> Difference {
    Difference { rule: rule.id, field, requested: requested.to_string(), executed: executed.to_string() }
}

/// The fields in which M11 fails: what the calldata says, and what was executed.
fn call_differences(call: &HandleCall, handle: &HandleEvent) -> Vec<Difference> {
    let token = call.token.unwrap_or(Address::ZERO);
    let (called, executed) = (encode_hex(&call.extra), encode_hex(&handle.extra));
    let fields: [(&'static str, &dyn Display, &dyn Display); 8] = [
        ("request_transaction", &call.request_tx_hash, &handle.request_tx_hash),
        ("kind", &call.token_type, &handle.token_type),
        ("from", &call.from, &handle.from),
        ("to", &call.to, &handle.to),
        ("token", &token, &handle.token),
        (value_field(handle.token_type), &call.value, &handle.value),
        ("nonce", &call.nonce, &handle.nonce),
        ("extra", &called, &executed),
    ];
    let told = fields.into_iter().map(|(field, called, executed)| difference(M11, field, called, executed));
    told.filter(|told| told.requested != told.executed).collect()
}

/// The JSON field that holds an event's value.
const fn value_field(kind: TokenType) -> &'static str {
    match kind {
        TokenType::Coin | TokenType::Erc20 => "amount",
        TokenType::Erc721 => "token_id",
    }
}

fn text(uri: &Option<Vec<u8>>) -> String {
    uri.as_ref().map_or(String::new(), |uri| String::from_utf8_lossy(uri).into_owned())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::U256;

    /// A call and the event of its execution, each field of one kind different from the others.
    fn executed() -> (HandleCall, HandleEvent) {
        let (request_tx_hash, token_type) = (Hash([1; 32]), TokenType::Erc20);
        let [from, to, token] = [2, 3, 4].map(|byte| Address([byte; 20]));
        let (value, nonce, extra) = (U256::from(5u64), 6, Vec::from([7]));
        let call = HandleCall {
            token_type,
            request_tx_hash,
            from,
            to,
            token: Some(token),
            value,
            nonce,
            request_block: 8,
            token_uri: None,
            extra: extra.clone(),
        };
        let event =
            HandleEvent { request_tx_hash, token_type, from, to, token, value, nonce, lower_handle_nonce: 9, extra };
        (call, event)
    }

    #[test]
    fn a_call_that_differs_from_its_event_in_any_one_field_is_another() {
        let (call, event) = executed();
        assert_eq!(call_says_what_the_event_says(&call, &event), Ok(()));
        let changes: [fn(&mut HandleEvent); 8] = [
            |event| event.request_tx_hash = Hash([9; 32]),
            |event| event.token_type = TokenType::Erc721,
            |event| event.from = Address([9; 20]),
            |event| event.to = Address([9; 20]),
            |event| event.token = Address([9; 20]),
            |event| event.value = U256::from(9u64),
            |event| event.nonce = 9,
            |event| event.extra = Vec::from([9]),
        ];
        for (place, change) in changes.into_iter().enumerate() {
            let mut other = event.clone();
            change(&mut other);
            assert_eq!(call_says_what_the_event_says(&call, &other), Err(Differs("M11")), "{place}");
        }
    }
}
