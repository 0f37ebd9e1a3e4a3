//! The call that an honest operator sends for a request.
//!
//! It follows from the request alone, so its vote key is known without any vote transaction, and what operators voted
//! can be read from state. Source: bridge.md 3.4.

use super::uri::token_uri;
use super::{HandleCall, RequestEvent, TokenType};
use crate::primitives::{Address, Hash};

/// The call for `request`, which stands in the transaction `request_tx_hash` in the source block `request_block`.
/// `destination_token` is what the source bridge's registry gives for the request's token; it is not used for coin.
///
/// An ERC-721 request without encoded data (generation A) gets an empty URI: the operators then asked the token, and
/// what it answered is not in the event.
#[must_use]
pub fn expected_call(
    request: &RequestEvent,
    request_tx_hash: Hash,
    request_block: u64,
    destination_token: Address,
) -> HandleCall {
    let uri_of_encoding =
        || request.encoding.as_ref().map(|(version, encoded)| token_uri(*version, encoded)).unwrap_or_default();
    HandleCall {
        token_type: request.token_type,
        request_tx_hash,
        from: request.from,
        to: request.to,
        token: (request.token_type != TokenType::Coin).then_some(destination_token),
        value: request.value,
        nonce: request.nonce,
        request_block,
        token_uri: (request.token_type == TokenType::Erc721).then(uri_of_encoding),
        extra: request.extra.clone(),
    }
}
