//! Votes by signature (bridge version 2): the call that carries them, and what each of them is over.
//!
//! Anybody may bring `handleWithSignatures(transfer, signatures)`. It votes for the canonical direct call of the same transfer, so
//! its vote key is that call's, never the hash of its own calldata. A signature is over EIP-712 data that names both chains, both
//! bridges and the set of operators: it is worth nothing for another transfer, bridge or chain, nor after an operator came or went.
//! Source: docs/contracts.md.

use super::abi::{AbiReader, AbiWriter};
use super::{BridgeError, HandleCall, TokenType};
use crate::primitives::{keccak256, keccak256_concat, Address, Hash};
use alloc::vec::Vec;

/// handleWithSignatures((uint8,bytes32,address,address,address,uint256,uint64,uint64,string,bytes),bytes[])
pub const HANDLE_WITH_SIGNATURES: [u8; 4] = [0xab, 0xae, 0x0a, 0xd3];
/// Most signatures of a call: the contract has at most as many operators, and each signs once.
pub const MAX_SIGNATURES: usize = 12;

/// keccak-256 of `EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)`.
pub(super) const DOMAIN_TYPE: Hash = Hash([
    0x8b, 0x73, 0xc3, 0xc6, 0x9b, 0xb8, 0xfe, 0x3d, 0x51, 0x2e, 0xcc, 0x4c, 0xf7, 0x59, 0xcc, 0x79, 0x23, 0x9f, 0x7b,
    0x17, 0x9b, 0x0f, 0xfa, 0xca, 0xa9, 0xa7, 0x5d, 0x52, 0x2b, 0x39, 0x40, 0x0f,
]);
/// keccak-256 of the type of a transfer; its text stands beside the test.
pub(super) const TRANSFER_TYPE: Hash = Hash([
    0xbc, 0x29, 0xef, 0x89, 0xfb, 0xfa, 0xce, 0xfa, 0xf4, 0x02, 0x6f, 0xa8, 0xb3, 0xd0, 0xb5, 0xa2, 0xcc, 0x13, 0x56,
    0x73, 0xcd, 0x0e, 0xf9, 0x47, 0x47, 0x79, 0x1e, 0xe8, 0xfb, 0xa3, 0xd3, 0x50,
]);
const NAME: &[u8] = b"Spanlight Bridge";
const VERSION: &[u8] = b"2";

const CALL_WORDS: usize = 2;
const TRANSFER_WORDS: usize = 10;

/// A call of `handleWithSignatures`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedHandle {
    /// The transfer, as the direct call that its votes are for.
    pub call: HandleCall,
    /// The signatures, in order.
    pub signatures: Vec<Vec<u8>>,
}

impl SignedHandle {
    /// What the calldata means to the contract, which follows any offsets here: the calldata is not what is voted for.
    ///
    /// # Errors
    /// Where the call is of another function, does not decode, or fills fields that its token type does not have; the contract
    /// reverts on those.
    pub fn decode(calldata: &[u8]) -> Result<Self, BridgeError> {
        let arguments = match calldata.split_first_chunk::<4>() {
            Some((&HANDLE_WITH_SIGNATURES, rest)) => rest,
            other => return Err(BridgeError::Selector { got: other.map(|(got, _)| *got) }),
        };
        let mut reader = AbiReader::new(arguments, CALL_WORDS)?;
        let mut transfer = reader.tuple(TRANSFER_WORDS)?;
        let token_type = TokenType::of_number(transfer.u8()?)?;
        let (request_tx_hash, from, to) = (transfer.word()?, transfer.address()?, transfer.address()?);
        let (token, value) = (transfer.address()?, transfer.u256()?);
        let (nonce, request_block) = (transfer.u64()?, transfer.u64()?);
        let (uri, extra) = (transfer.bytes()?.to_vec(), transfer.bytes()?.to_vec());
        if token_type == TokenType::Coin && !token.is_zero() || token_type != TokenType::Erc721 && !uri.is_empty() {
            return Err(BridgeError::AbiNotCanonical);
        }
        let call = HandleCall {
            token_type,
            request_tx_hash,
            from,
            to,
            token: (token_type != TokenType::Coin).then_some(token),
            value,
            nonce,
            request_block,
            token_uri: (token_type == TokenType::Erc721).then_some(uri),
            extra,
        };
        let signatures = reader.byte_strings(MAX_SIGNATURES)?.into_iter().map(<[u8]>::to_vec).collect();
        Ok(Self { call, signatures })
    }

    /// The canonical calldata.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let call = &self.call;
        let transfer = AbiWriter::new(TRANSFER_WORDS)
            .u64(u64::from(call.token_type.number()))
            .word(call.request_tx_hash)
            .address(call.from)
            .address(call.to)
            .address(call.token.unwrap_or(Address::ZERO))
            .u256(call.value)
            .u64(call.nonce)
            .u64(call.request_block)
            .bytes(call.token_uri.as_deref().unwrap_or_default())
            .bytes(&call.extra)
            .finish();
        let arguments = AbiWriter::new(CALL_WORDS).tail(&transfer).byte_strings(&self.signatures).finish();
        [HANDLE_WITH_SIGNATURES.as_slice(), &arguments].concat()
    }
}

/// What a signature is bound to beside the transfer. A verifier takes it from its trust, never from a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningDomain {
    /// Chain id of the source.
    pub source_chain_id: u64,
    /// The bridge that takes the requests.
    pub source_bridge: Address,
    /// Chain id of the destination.
    pub chain_id: u64,
    /// The bridge that handles them.
    pub bridge: Address,
}

impl SigningDomain {
    /// The EIP-712 digest that an operator signs to vote for `call`, while the contract's operator epoch is this one.
    #[must_use]
    pub fn digest(&self, call: &HandleCall, operator_epoch: u64) -> Hash {
        const FIELDS: usize = 14;
        let transfer = AbiWriter::new(FIELDS)
            .word(TRANSFER_TYPE)
            .u64(self.source_chain_id)
            .address(self.source_bridge)
            .u64(operator_epoch)
            .u64(u64::from(call.token_type.number()))
            .word(call.request_tx_hash)
            .address(call.from)
            .address(call.to)
            .address(call.token.unwrap_or(Address::ZERO))
            .u256(call.value)
            .u64(call.nonce)
            .u64(call.request_block)
            .word(keccak256(call.token_uri.as_deref().unwrap_or_default()))
            .word(keccak256(&call.extra))
            .finish();
        keccak256_concat(&[&[0x19, 1], self.separator().as_bytes(), keccak256(&transfer).as_bytes()])
    }

    fn separator(&self) -> Hash {
        const FIELDS: usize = 5;
        let domain = AbiWriter::new(FIELDS)
            .word(DOMAIN_TYPE)
            .word(keccak256(NAME))
            .word(keccak256(VERSION))
            .u64(self.chain_id)
            .address(self.bridge)
            .finish();
        keccak256(&domain)
    }
}
