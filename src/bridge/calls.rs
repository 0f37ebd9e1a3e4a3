//! The calls by which operators vote: the three handle functions.
//!
//! A vote is the hash of the raw calldata, so two calls that mean the same may be different votes. [`HandleCall::decode`]
//! says what a call means, following offsets and ignoring trailing bytes as the contract does;
//! [`HandleCall::decode_canonical`] also refuses every form but the one honest operators send. Whoever counts votes
//! compares [`vote_key`]s, never decoded calls. Source: bridge.md 2.3, 2.5, 2.6 (2).

use super::abi::{AbiReader, AbiWriter};
use super::{BridgeError, TokenType};
use crate::primitives::{keccak256, Address, Hash, U256};
use alloc::vec::Vec;

/// handleKLAYTransfer(bytes32,address,address,uint256,uint64,uint64,bytes)
pub const HANDLE_COIN: [u8; 4] = [0xa0, 0x66, 0xa7, 0xed];
/// handleERC20Transfer(bytes32,address,address,address,uint256,uint64,uint64,bytes)
pub const HANDLE_ERC20: [u8; 4] = [0x40, 0x7e, 0x6b, 0xae];
/// handleERC721Transfer(bytes32,address,address,address,uint256,uint64,uint64,string,bytes)
pub const HANDLE_ERC721: [u8; 4] = [0xaf, 0xb6, 0x02, 0x23];

/// What a vote says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandleCall {
    /// What is transferred: which of the three functions is called.
    pub token_type: TokenType,
    /// The request's transaction on the source chain.
    pub request_tx_hash: Hash,
    /// Who requested.
    pub from: Address,
    /// Who shall receive.
    pub to: Address,
    /// The token on the destination chain; none for coin.
    pub token: Option<Address>,
    /// The amount or the token id.
    pub value: U256,
    /// The request nonce.
    pub nonce: u64,
    /// The request's block on the source chain.
    pub request_block: u64,
    /// The token's URI; some for ERC-721 only.
    pub token_uri: Option<Vec<u8>>,
    /// Bytes for the recipient.
    pub extra: Vec<u8>,
}

/// The key under which the contract counts this vote: the hash of the raw calldata, trailing bytes and all.
#[must_use]
pub fn vote_key(calldata: &[u8]) -> Hash {
    keccak256(calldata)
}

impl HandleCall {
    /// What the calldata means to the contract: trailing bytes, missing padding and unusual offsets within bounds are
    /// accepted. Dirty high bytes of a short type, which the contract would cut off, are refused: no client writes them.
    ///
    /// # Errors
    /// Where the call is of no handle function or its arguments do not decode.
    pub fn decode(calldata: &[u8]) -> Result<Self, BridgeError> {
        let selected = calldata.split_first_chunk::<4>();
        let (token_type, arguments) = match selected {
            Some((&HANDLE_COIN, rest)) => (TokenType::Coin, rest),
            Some((&HANDLE_ERC20, rest)) => (TokenType::Erc20, rest),
            Some((&HANDLE_ERC721, rest)) => (TokenType::Erc721, rest),
            other => return Err(BridgeError::Selector { got: other.map(|(got, _)| *got) }),
        };
        let mut reader = AbiReader::new(arguments, head_words(token_type))?;
        Ok(Self {
            token_type,
            request_tx_hash: reader.word()?,
            from: reader.address()?,
            to: reader.address()?,
            token: if token_type == TokenType::Coin { None } else { Some(reader.address()?) },
            value: reader.u256()?,
            nonce: reader.u64()?,
            request_block: reader.u64()?,
            token_uri: if token_type == TokenType::Erc721 { Some(reader.bytes()?.to_vec()) } else { None },
            extra: reader.bytes()?.to_vec(),
        })
    }

    /// Decodes the one form that honest operators send.
    ///
    /// # Errors
    /// As [`HandleCall::decode`], and [`BridgeError::AbiNotCanonical`] where the call has another form.
    pub fn decode_canonical(calldata: &[u8]) -> Result<Self, BridgeError> {
        let call = Self::decode(calldata)?;
        if call.encode() == calldata {
            Ok(call)
        } else {
            Err(BridgeError::AbiNotCanonical)
        }
    }

    /// The canonical calldata. The token type decides the function; a missing token or URI is written as zero or empty.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer =
            AbiWriter::new(head_words(self.token_type)).word(self.request_tx_hash).address(self.from).address(self.to);
        if self.token_type != TokenType::Coin {
            writer = writer.address(self.token.unwrap_or(Address::ZERO));
        }
        writer = writer.u256(self.value).u64(self.nonce).u64(self.request_block);
        if self.token_type == TokenType::Erc721 {
            writer = writer.bytes(self.token_uri.as_deref().unwrap_or_default());
        }
        let selector = match self.token_type {
            TokenType::Coin => HANDLE_COIN,
            TokenType::Erc20 => HANDLE_ERC20,
            TokenType::Erc721 => HANDLE_ERC721,
        };
        [selector.as_slice(), &writer.bytes(&self.extra).finish()].concat()
    }

    /// The key of the vote that the canonical calldata casts.
    #[must_use]
    pub fn vote_key(&self) -> Hash {
        vote_key(&self.encode())
    }
}

const fn head_words(token_type: TokenType) -> usize {
    match token_type {
        TokenType::Coin => 7,
        TokenType::Erc20 => 8,
        TokenType::Erc721 => 9,
    }
}
