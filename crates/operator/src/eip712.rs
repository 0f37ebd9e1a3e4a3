//! Votes by signature for the bridge of version 2: what operators sign, and the call that carries k signatures.
//!
//! The signed message names both chains, both bridges and the operators' epoch, so a signature is good for one transfer in one
//! direction and void once an operator came or went. Source: docs/contracts.md 3.1.

use spanlight::bridge::signed::HANDLE_WITH_SIGNATURES;
use spanlight::bridge::{HandleCall, TokenType};
use spanlight::primitives::{keccak256, keccak256_concat};
use spanlight::{Address, Hash, U256};

const DOMAIN_TYPE: &[u8] = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
const TRANSFER_TYPE: &[u8] =
    b"Transfer(uint256 sourceChainId,address sourceBridge,uint64 operatorEpoch,uint8 tokenType,\
bytes32 requestTxHash,address from,address to,address token,uint256 valueOrTokenId,uint64 requestNonce,\
uint64 requestBlockNumber,string tokenURI,bytes extraData)";
const NAME: &[u8] = b"Spanlight Bridge";
const VERSION: &[u8] = b"2";
/// Words of a transfer before its two byte strings.
const TRANSFER_WORDS: usize = 10;

/// What a signature is bound to, beside the transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Chain id of the requests.
    pub source_chain: u64,
    /// Bridge of the requests.
    pub source_bridge: Address,
    /// Chain id of the executions.
    pub destination_chain: u64,
    /// Bridge of the executions.
    pub destination_bridge: Address,
    /// Rises whenever an operator comes or goes.
    pub operator_epoch: u64,
}

fn number(value: u64) -> Hash {
    Hash::from_u256(U256::from(value))
}

const fn type_number(token_type: TokenType) -> u64 {
    match token_type {
        TokenType::Coin => 0,
        TokenType::Erc20 => 1,
        TokenType::Erc721 => 2,
    }
}

impl Binding {
    /// The hash that an operator signs for a transfer.
    #[must_use]
    pub fn digest(&self, call: &HandleCall) -> Hash {
        let domain = keccak256_concat(&[
            keccak256(DOMAIN_TYPE).as_bytes(),
            keccak256(NAME).as_bytes(),
            keccak256(VERSION).as_bytes(),
            number(self.destination_chain).as_bytes(),
            self.destination_bridge.to_word().as_bytes(),
        ]);
        let transfer = keccak256_concat(&[
            keccak256(TRANSFER_TYPE).as_bytes(),
            number(self.source_chain).as_bytes(),
            self.source_bridge.to_word().as_bytes(),
            number(self.operator_epoch).as_bytes(),
            number(type_number(call.token_type)).as_bytes(),
            call.request_tx_hash.as_bytes(),
            call.from.to_word().as_bytes(),
            call.to.to_word().as_bytes(),
            call.token.unwrap_or(Address::ZERO).to_word().as_bytes(),
            Hash::from_u256(call.value).as_bytes(),
            number(call.nonce).as_bytes(),
            number(call.request_block).as_bytes(),
            keccak256(call.token_uri.as_deref().unwrap_or_default()).as_bytes(),
            keccak256(&call.extra).as_bytes(),
        ]);
        keccak256_concat(&[&[0x19, 0x01], domain.as_bytes(), transfer.as_bytes()])
    }
}

/// A byte string as ABI wants it: its length, and its bytes padded to whole words.
fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut out = word(bytes.len()).to_vec();
    out.extend_from_slice(bytes);
    out.resize(out.len().next_multiple_of(32), 0);
    out
}

fn word(value: usize) -> [u8; 32] {
    U256::from(value).to_be_bytes()
}

/// The calldata with these signatures, each of 65 bytes with a recovery id of 0 or 1, in the order of their signers' addresses.
#[must_use]
pub fn handle_with_signatures(call: &HandleCall, signatures: &[[u8; 65]]) -> Vec<u8> {
    let uri = padded(call.token_uri.as_deref().unwrap_or_default());
    let extra = padded(&call.extra);
    let head = TRANSFER_WORDS.saturating_mul(32);
    let mut transfer = Vec::new();
    for part in [
        number(type_number(call.token_type)),
        call.request_tx_hash,
        call.from.to_word(),
        call.to.to_word(),
        call.token.unwrap_or(Address::ZERO).to_word(),
        Hash::from_u256(call.value),
        number(call.nonce),
        number(call.request_block),
    ] {
        transfer.extend_from_slice(part.as_bytes());
    }
    transfer.extend_from_slice(&word(head));
    transfer.extend_from_slice(&word(head.saturating_add(uri.len())));
    transfer.extend(uri);
    transfer.extend(extra);

    let mut list = word(signatures.len()).to_vec();
    let each = padded(&[0; 65]).len();
    let first = signatures.len().saturating_mul(32);
    for index in 0..signatures.len() {
        list.extend_from_slice(&word(first.saturating_add(index.saturating_mul(each))));
    }
    for signature in signatures {
        let mut signature = *signature;
        if let Some(v) = signature.last_mut() {
            *v = v.saturating_add(27);
        }
        list.extend(padded(&signature));
    }
    let arguments = [word(64), word(transfer.len().saturating_add(64))].concat();
    [HANDLE_WITH_SIGNATURES.as_slice(), &arguments, &transfer, &list].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_selector_and_the_types_are_those_of_the_contract() {
        let signature =
            b"handleWithSignatures((uint8,bytes32,address,address,address,uint256,uint64,uint64,string,bytes),bytes[])";
        assert_eq!(keccak256(signature).0[..4], HANDLE_WITH_SIGNATURES);
        assert!(!TRANSFER_TYPE.contains(&b'\n') && !TRANSFER_TYPE.windows(2).any(|pair| pair == b"  "));
    }

    #[test]
    fn every_byte_string_begins_at_a_whole_word() {
        let call = HandleCall {
            token_type: TokenType::Erc721,
            request_tx_hash: Hash([1; 32]),
            from: Address([2; 20]),
            to: Address([3; 20]),
            token: Some(Address([4; 20])),
            value: U256::from(5u8),
            nonce: 6,
            request_block: 7,
            token_uri: Some(b"https://tokens.example/a-long-name-of-more-than-a-word".to_vec()),
            extra: vec![9; 33],
        };
        let input = handle_with_signatures(&call, &[[1; 65], [2; 65]]);
        assert_eq!(input.len() % 32, 4);
        assert_eq!(spanlight::bridge::signed_call(&input).unwrap(), call);
        // transfer: 10 words, uri 1 + 2, extra 1 + 2; signatures: length, two offsets, two times 1 + 3 words.
        assert_eq!(input.len(), 4 + 32 * (2 + 10 + 3 + 3 + 1 + 2 + 8));
    }
}
