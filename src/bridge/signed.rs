//! The call that carries operators' signatures to a bridge of version 2.
//!
//! The contract counts each signature under the key that the same operator's own call would have had, so the voted calldata
//! is the canonical call with these fields. Source: docs/contracts.md 2, 3.1.

use super::abi::AbiReader;
use super::{BridgeError, HandleCall, TokenType};
use crate::primitives::Address;

/// handleWithSignatures((uint8,bytes32,address,address,address,uint256,uint64,uint64,string,bytes),bytes[])
pub const HANDLE_WITH_SIGNATURES: [u8; 4] = [0xab, 0xae, 0x0a, 0xd3];
/// Words of a transfer before its byte strings.
const TRANSFER_WORDS: usize = 10;
/// Where the transfer begins behind the selector: after the offsets of both arguments.
const TRANSFER_AT: u64 = 64;

/// The call for which the signatures are. What it says is a proposal like any calldata: the vote keys in state decide.
///
/// # Errors
/// Where the call is of another function, or its arguments do not decode.
pub fn signed_call(calldata: &[u8]) -> Result<HandleCall, BridgeError> {
    let arguments = match calldata.split_first_chunk::<4>() {
        Some((&HANDLE_WITH_SIGNATURES, rest)) => rest,
        other => return Err(BridgeError::Selector { got: other.map(|(got, _)| *got) }),
    };
    let offset = AbiReader::new(arguments, 2)?.u64()?;
    // Whoever writes it otherwise is not understood, which accuses nobody.
    if offset != TRANSFER_AT {
        return Err(BridgeError::AbiNotCanonical);
    }
    let transfer = usize::try_from(offset).ok().and_then(|at| arguments.get(at..)).ok_or(BridgeError::AbiBounds)?;
    let mut reader = AbiReader::new(transfer, TRANSFER_WORDS)?;
    let token_type = match reader.u8()? {
        0 => TokenType::Coin,
        1 => TokenType::Erc20,
        2 => TokenType::Erc721,
        got => return Err(BridgeError::TokenType { got }),
    };
    let (request_tx_hash, from, to): (_, Address, Address) = (reader.word()?, reader.address()?, reader.address()?);
    let token = reader.address()?;
    let (value, nonce, request_block) = (reader.u256()?, reader.u64()?, reader.u64()?);
    let token_uri = reader.bytes()?.to_vec();
    let extra = reader.bytes()?.to_vec();
    Ok(HandleCall {
        token_type,
        request_tx_hash,
        from,
        to,
        token: (token_type != TokenType::Coin).then_some(token),
        value,
        nonce,
        request_block,
        token_uri: (token_type == TokenType::Erc721).then_some(token_uri),
        extra,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::{Hash, U256};
    use alloc::vec;
    use alloc::vec::Vec;

    fn word(value: u64) -> Vec<u8> {
        Hash::from_u256(U256::from(value)).0.to_vec()
    }

    fn call() -> Vec<u8> {
        let text = |bytes: &[u8]| {
            let mut out = word(bytes.len() as u64);
            out.extend_from_slice(bytes);
            out.resize(out.len().next_multiple_of(32), 0);
            out
        };
        let address = |byte: u8| Address([byte; 20]).to_word().0.to_vec();
        let mut transfer =
            [word(2), vec![1; 32], address(2), address(3), address(4), word(5), word(6), word(7)].concat();
        transfer.extend(word(320));
        transfer.extend(word(384));
        transfer.extend(text(b"https://x.y/5"));
        transfer.extend(text(&[9; 3]));
        let head = [word(64), word(64 + transfer.len() as u64)].concat();
        [HANDLE_WITH_SIGNATURES.as_slice(), &head, &transfer, &word(0)].concat()
    }

    #[test]
    fn the_fields_of_a_signed_call_are_those_of_the_direct_one() {
        let read = signed_call(&call()).unwrap();
        assert_eq!((read.nonce, read.request_block, read.value), (6, 7, U256::from(5u8)));
        assert_eq!((read.from, read.to, read.token), (Address([2; 20]), Address([3; 20]), Some(Address([4; 20]))));
        assert_eq!(read.token_uri.as_deref(), Some(b"https://x.y/5".as_slice()));
        assert_eq!((read.request_tx_hash, read.extra.as_slice()), (Hash([1; 32]), [9u8; 3].as_slice()));
        assert_eq!(HandleCall::decode_canonical(&read.encode()).unwrap(), read);
    }

    #[test]
    fn another_function_another_place_and_a_cut_off_end_are_refused() {
        let good = call();
        let mut selector = good.clone();
        selector[0] ^= 1;
        assert!(matches!(signed_call(&selector), Err(BridgeError::Selector { .. })));
        let mut moved = good.clone();
        moved[4 + 31] = 96;
        assert_eq!(signed_call(&moved), Err(BridgeError::AbiNotCanonical));
        let mut kind = good.clone();
        kind[4 + 64 + 31] = 3;
        assert_eq!(signed_call(&kind), Err(BridgeError::TokenType { got: 3 }));
        for length in 0..good.len() - 64 {
            assert!(signed_call(&good[..length]).is_err(), "{length}");
        }
    }
}
