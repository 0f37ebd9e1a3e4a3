//! Transactions and their receipts.

use super::params::{visible_height, Params};
use super::{blocks, shape, Answer, Node, RpcError, Space};
use crate::chain::{Block, Chain};
use serde_json::{json, Value};
use spanlight::primitives::encode_hex;
use spanlight::Hash;
use std::sync::Arc;

pub(super) fn send(node: &Node, params: Params<'_>) -> Result<Value, RpcError> {
    Ok(json!(node.send(&params.bytes(0)?)?))
}

pub(super) fn call(chain: &Chain, space: Space, name: &str, params: Params<'_>) -> Answer {
    Some(match name {
        "getTransactionByHash" => by_hash(chain, space, params),
        "getTransactionBySenderTxHash" => by_sender_hash(chain, space, params),
        "getTransactionByBlockNumberAndIndex" | "getTransactionByBlockHashAndIndex" => {
            at_place(chain, params, |block, index| {
                shape::transaction(&block.items.get(index)?.signed, Some((block, index)), space).into()
            })
        }
        "getRawTransactionByHash" => raw_by_hash(chain, space, params),
        "getRawTransactionByBlockNumberAndIndex" | "getRawTransactionByBlockHashAndIndex" => {
            at_place(chain, params, |block, index| Some(raw(&block.items.get(index)?.signed.transaction, space)))
        }
        "getTransactionReceipt" => receipt(chain, space, params),
        "pendingTransactions" => Ok(chain.pool().all().map(|signed| shape::transaction(signed, None, space)).collect()),
        _ => return None,
    })
}

fn raw(transaction: &spanlight::transaction::Transaction, space: Space) -> Value {
    let item = transaction.encode();
    let skipped = usize::from(space == Space::Eth && transaction.kind().is_ethereum());
    encode_hex(item.get(skipped..).unwrap_or_default()).into()
}

fn place(chain: &Chain, hash: &Hash) -> Option<(Arc<Block>, usize)> {
    let (number, index) = chain.place_of(hash)?;
    Some((blocks::visible(chain, number)?, index))
}

fn by_hash(chain: &Chain, space: Space, params: Params<'_>) -> Result<Value, RpcError> {
    let hash = params.hash(0)?;
    if let Some((block, index)) = place(chain, &hash) {
        let item = block.items.get(index);
        return Ok(item.map_or(Value::Null, |item| shape::transaction(&item.signed, Some((&block, index)), space)));
    }
    Ok(chain.pool().get(&hash).map_or(Value::Null, |signed| shape::transaction(signed, None, space)))
}

/// The hash that a sender knows before a fee payer has signed. Looked for from the newest block down, as far as nodes index.
fn by_sender_hash(chain: &Chain, space: Space, params: Params<'_>) -> Result<Value, RpcError> {
    const BLOCKS: u64 = 10_000;
    let hash = params.hash(0)?;
    let head = visible_height(chain);
    for number in (head.saturating_sub(BLOCKS)..=head).rev() {
        let Some(block) = chain.block(number) else { continue };
        if let Some(index) = block.items.iter().position(|item| item.signed.sender_tx_hash == hash) {
            let item = block.items.get(index);
            return Ok(item.map_or(Value::Null, |item| shape::transaction(&item.signed, Some((block, index)), space)));
        }
    }
    Ok(Value::Null)
}

fn raw_by_hash(chain: &Chain, space: Space, params: Params<'_>) -> Result<Value, RpcError> {
    let hash = params.hash(0)?;
    if let Some((block, index)) = place(chain, &hash) {
        return Ok(block.items.get(index).map_or(Value::Null, |item| raw(&item.signed.transaction, space)));
    }
    Ok(chain.pool().get(&hash).map_or(Value::Null, |signed| raw(&signed.transaction, space)))
}

fn at_place(
    chain: &Chain,
    params: Params<'_>,
    show: impl FnOnce(&Block, usize) -> Option<Value>,
) -> Result<Value, RpcError> {
    let (number, index) = (params.block(0, chain)?, params.number(1)?);
    let index = usize::try_from(index).map_err(|_| RpcError::parameter(1, "index too large"))?;
    let block = blocks::visible(chain, number);
    Ok(block.and_then(|block| show(&block, index)).unwrap_or(Value::Null))
}

fn receipt(chain: &Chain, space: Space, params: Params<'_>) -> Result<Value, RpcError> {
    let found = place(chain, &params.hash(0)?);
    Ok(found.and_then(|(block, index)| shape::receipt(&block, index, space)).unwrap_or(Value::Null))
}
