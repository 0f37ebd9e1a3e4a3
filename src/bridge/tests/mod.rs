use super::*;
use crate::primitives::{decode_hex, Address, U256};
use crate::receipt::Log;
use alloc::vec::Vec;
use std::vec;

mod abi;
mod layout;
mod payloads;
mod recorded;
mod signed;

fn bytes(text: &str) -> Vec<u8> {
    decode_hex(text).unwrap()
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn hash(text: &str) -> Hash {
    text.parse().unwrap()
}

fn request(token_type: TokenType) -> RequestEvent {
    RequestEvent {
        token_type,
        from: Address([1; 20]),
        to: Address([2; 20]),
        token: Address([3; 20]),
        value: U256::from(7),
        nonce: 5,
        fee: U256::from(1),
        extra: vec![0xab; 33],
        encoding: None,
    }
}

fn encoded_request() -> RequestEvent {
    RequestEvent { encoding: Some((2, vec![9; 31])), ..request(TokenType::Erc721) }
}

fn handle() -> HandleEvent {
    HandleEvent {
        request_tx_hash: Hash([0x0a; 32]),
        token_type: TokenType::Erc20,
        from: Address([1; 20]),
        to: Address([2; 20]),
        token: Address([4; 20]),
        value: U256::from(7),
        nonce: 5,
        lower_handle_nonce: 6,
        extra: vec![0xcd; 3],
    }
}

fn call(token_type: TokenType) -> HandleCall {
    expected_call(&request(token_type), Hash([0x0a; 32]), 50, Address([4; 20]))
}

/// The coin call whose vote key and slots bridge.md 2.5 gives.
fn worked_call() -> HandleCall {
    HandleCall {
        token_type: TokenType::Coin,
        request_tx_hash: Hash([0x0a; 32]),
        from: address("0x9965507d1a55bcc2695c58ba16fb37d819b0a4dc"),
        to: address("0x6400000000000000000000000000000000000000"),
        token: None,
        value: U256::from(100),
        nonce: 0,
        request_block: 50,
        token_uri: None,
        extra: vec![],
    }
}
