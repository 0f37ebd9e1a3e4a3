//! Parameters of calls: positional, strict, each named in its error by its place.

use super::error::RpcError;
use crate::chain::Chain;
use serde_json::Value;
use spanlight::primitives::{decode_hex, Address, Hash, U256};

/// The parameters of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Params<'v>(pub(super) &'v [Value]);

impl<'v> Params<'v> {
    /// The parameter at a place; none where it is absent or null.
    pub(super) fn get(self, index: usize) -> Option<&'v Value> {
        self.0.get(index).filter(|value| !value.is_null())
    }

    pub(super) fn need(self, index: usize) -> Result<&'v Value, RpcError> {
        let missing =
            || RpcError::new(RpcError::INVALID_PARAMS, format!("missing value for required argument {index}"));
        self.get(index).ok_or_else(missing)
    }

    pub(super) fn text(self, index: usize) -> Result<&'v str, RpcError> {
        self.need(index)?.as_str().ok_or_else(|| RpcError::parameter(index, "text expected"))
    }

    pub(super) fn address(self, index: usize) -> Result<Address, RpcError> {
        self.text(index)?
            .parse()
            .map_err(|e: spanlight::primitives::HexError| RpcError::parameter(index, &e.to_string()))
    }

    pub(super) fn hash(self, index: usize) -> Result<Hash, RpcError> {
        self.text(index)?
            .parse()
            .map_err(|e: spanlight::primitives::HexError| RpcError::parameter(index, &e.to_string()))
    }

    pub(super) fn bytes(self, index: usize) -> Result<Vec<u8>, RpcError> {
        decode_hex(self.text(index)?).map_err(|e| RpcError::parameter(index, &e.to_string()))
    }

    pub(super) fn number(self, index: usize) -> Result<u64, RpcError> {
        let value = self.need(index)?;
        value.as_u64().or_else(|| small(value)).ok_or_else(|| RpcError::parameter(index, "number expected"))
    }

    pub(super) fn flag(self, index: usize) -> bool {
        self.get(index).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The block that is meant, the newest where nothing is said.
    pub(super) fn block(self, index: usize, chain: &Chain) -> Result<u64, RpcError> {
        self.get(index).map_or(Ok(visible_height(chain)), |value| block_number(value, chain, index))
    }
}

/// The newest block that the node shows.
pub(super) fn visible_height(chain: &Chain) -> u64 {
    chain.shown_height()
}

/// The block that a tag, a number, a hash or an object of one of these means. It need not be there.
pub(super) fn block_number(value: &Value, chain: &Chain, index: usize) -> Result<u64, RpcError> {
    let wrong = || RpcError::parameter(index, "block number, tag or hash expected");
    let unknown = || RpcError::server("header not found");
    match value {
        Value::String(text) => match text.as_str() {
            "latest" | "pending" | "safe" | "finalized" => Ok(visible_height(chain)),
            "earliest" => Ok(0),
            hash if hash.len() == 66 => chain.number_of(&hash.parse().map_err(|_| wrong())?).ok_or_else(unknown),
            _ => small(value).ok_or_else(wrong),
        },
        Value::Number(number) => number.as_u64().ok_or_else(wrong),
        Value::Object(object) => match (object.get("blockHash"), object.get("blockNumber")) {
            (Some(inner), None) | (None, Some(inner)) if inner.is_string() => block_number(inner, chain, index),
            _ => Err(wrong()),
        },
        _ => Err(wrong()),
    }
}

/// A number of 0x and hex digits.
pub(super) fn big(value: &Value) -> Option<U256> {
    let digits = value.as_str()?.strip_prefix("0x")?;
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    plain.then(|| U256::from_str_radix(digits, 16).ok()).flatten()
}

pub(super) fn small(value: &Value) -> Option<u64> {
    u64::try_from(big(value)?).ok()
}

/// A storage slot, in full or as a short number.
pub(super) fn slot(value: &Value) -> Option<Hash> {
    big(value).map(Hash::from_u256)
}
