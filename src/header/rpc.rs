//! A header rebuilt from what a node's `kaia` namespace answers.
//!
//! The JSON of a block holds every field, but does not say reliably which optional ones are in the header (some methods
//! show a base fee of zero before Magma). The configured fork schedule says it instead, so that the node supplying the
//! JSON cannot choose the form. A caller compares the resulting hash with the one it expects. Source: chain.md 5.2.

use super::text::hex_number;
use super::{HeaderError, HeaderFields, IstanbulExtra, UntrustedHeader};
use crate::json::member;
use crate::primitives::{decode_hex, Address, Hash, U256};
use crate::profile::{ChainProfile, Fork};
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde_json::Value;

/// The header in the JSON of `kaia_getBlockByNumber`, `kaia_getHeaderByNumber` and their kin.
///
/// # Errors
/// [`HeaderError::JsonField`] where a field is absent or malformed, and those of the extra field.
pub fn from_rpc_json(block: &Value, profile: &ChainProfile) -> Result<UntrustedHeader, HeaderError> {
    is_of_a_known_fork(block)?;
    let mut fields = always_present_fields(block)?;
    let active = |fork| profile.forks.is_active(fork, fields.number);
    let (magma, randao, osaka) = (active(Fork::Magma), active(Fork::Randao), active(Fork::Osaka));
    if magma {
        fields.base_fee = Some(u256(block, "baseFeePerGas")?);
    }
    if randao {
        fields.random_reveal = Some(Box::new(fixed(block, "randomReveal")?));
        // Block methods spell the key with a capital H, header methods without.
        fields.mix_hash = Some(hash(block, either(block, "mixHash", "mixhash"))?);
    }
    if osaka {
        fields.blob_gas_used = Some(u64(block, "blobGasUsed")?);
        fields.excess_blob_gas = Some(u64(block, "excessBlobGas")?);
    }
    Ok(UntrustedHeader::new(fields))
}

/// A header of the Permissionless fork has another hash than the fields that are known here give.
fn is_of_a_known_fork(block: &Value) -> Result<(), HeaderError> {
    match member(block, "vrank") {
        None | Some(Value::Null) => Ok(()),
        Some(_) => Err(HeaderError::Permissionless { number: u64(block, "number").ok() }),
    }
}

fn always_present_fields(block: &Value) -> Result<HeaderFields, HeaderError> {
    let time_fos = "timestampFoS";
    Ok(HeaderFields {
        parent_hash: hash(block, "parentHash")?,
        rewardbase: Address(fixed(block, "reward")?),
        state_root: hash(block, "stateRoot")?,
        transactions_root: hash(block, "transactionsRoot")?,
        receipts_root: hash(block, "receiptsRoot")?,
        bloom: Box::new(fixed(block, "logsBloom")?),
        block_score: u256(block, either(block, "blockScore", "blockscore"))?,
        number: u64(block, "number")?,
        gas_used: u64(block, "gasUsed")?,
        time: u64(block, "timestamp")?,
        time_fos: u64(block, time_fos)?.try_into().map_err(|_| HeaderError::JsonField { field: time_fos })?,
        extra: IstanbulExtra::decode(&bytes(block, "extraData")?)?,
        governance: bytes(block, "governanceData")?,
        vote: bytes_or_none(block, "voteData")?,
        base_fee: None,
        random_reveal: None,
        mix_hash: None,
        blob_gas_used: None,
        excess_blob_gas: None,
    })
}

fn read<T>(block: &Value, field: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, HeaderError> {
    member(block, field).and_then(Value::as_str).and_then(parse).ok_or(HeaderError::JsonField { field })
}

/// The spelling that this answer has of two.
fn either(block: &Value, one: &'static str, other: &'static str) -> &'static str {
    if member(block, one).is_none() && member(block, other).is_some() {
        other
    } else {
        one
    }
}

/// Old nodes leave the vote out where there is none. One that is left out where there is one gives
/// another hash.
fn bytes_or_none(block: &Value, field: &'static str) -> Result<Vec<u8>, HeaderError> {
    match member(block, field) {
        None => Ok(Vec::new()),
        Some(_) => bytes(block, field),
    }
}

fn bytes(block: &Value, field: &'static str) -> Result<Vec<u8>, HeaderError> {
    read(block, field, |text| decode_hex(text).ok())
}

fn fixed<const N: usize>(block: &Value, field: &'static str) -> Result<[u8; N], HeaderError> {
    read(block, field, |text| decode_hex(text).ok()?.try_into().ok())
}

fn hash(block: &Value, field: &'static str) -> Result<Hash, HeaderError> {
    fixed(block, field).map(Hash)
}

fn u256(block: &Value, field: &'static str) -> Result<U256, HeaderError> {
    read(block, field, hex_number)
}

fn u64(block: &Value, field: &'static str) -> Result<u64, HeaderError> {
    read(block, field, |text| u64::try_from(hex_number(text)?).ok())
}
