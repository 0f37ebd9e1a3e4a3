//! Blocks, headers and whole blocks' receipts.

use super::params::{visible_height, Params};
use super::{shape, Answer, RpcError, Space};
use crate::chain::{Block, Chain};
use serde_json::Value;
use spanlight::primitives::encode_hex;
use spanlight::rlp::RlpStream;
use std::sync::Arc;

pub(super) fn call(chain: &Chain, space: Space, name: &str, params: Params<'_>) -> Answer {
    let by = |lookup: fn(&Chain, Params<'_>) -> Found, show: &dyn Fn(&Arc<Block>) -> Value| match lookup(chain, params)
    {
        Ok(Some(block)) => Ok(show(&block)),
        Ok(None) => Ok(Value::Null),
        Err(error) => Err(error),
    };
    let forks = &chain.profile().forks;
    let shown = |block: &Block| chain.served_header(block.header.number()).unwrap_or_else(|| block.header.clone());
    let header = |block: &Arc<Block>| Value::from(shape::header(&shown(block), forks, space, false));
    let whole = |block: &Arc<Block>| shape::block(&shown(block), block, forks, space, params.flag(1));
    let count = |block: &Arc<Block>| Value::from(format!("{:#x}", block.items.len()));
    let receipts =
        |block: &Arc<Block>| (0..block.items.len()).filter_map(|i| shape::receipt(block, i, space)).collect();
    Some(match name {
        "blockNumber" => Ok(shape::number(visible_height(chain))),
        "getHeaderByNumber" => by(by_number, &header),
        "getHeaderByHash" => by(by_hash, &header),
        "getBlockByNumber" => by(by_number, &whole),
        "getBlockByHash" => by(by_hash, &whole),
        "getBlockTransactionCountByNumber" => by(by_number, &count),
        "getBlockTransactionCountByHash" => by(by_hash, &count),
        "getUncleCountByBlockNumber" => by(by_number, &|_| "0x0".into()),
        "getUncleCountByBlockHash" => by(by_hash, &|_| "0x0".into()),
        "getBlockReceipts" => by(by_number, &receipts),
        _ => return None,
    })
}

type Found = Result<Option<Arc<Block>>, RpcError>;

fn by_number(chain: &Chain, params: Params<'_>) -> Found {
    params.need(0)?;
    Ok(visible(chain, params.block(0, chain)?))
}

fn by_hash(chain: &Chain, params: Params<'_>) -> Found {
    Ok(chain.number_of(&params.hash(0)?).and_then(|number| visible(chain, number)))
}

/// A block that the node does not keep back.
pub(super) fn visible(chain: &Chain, number: u64) -> Option<Arc<Block>> {
    chain.block(number).filter(|_| number <= visible_height(chain)).map(Arc::clone)
}

/// `debug_getBlockRlp`: header and transactions, hex without 0x, a typed transaction's bytes bare in the list.
pub(super) fn debug(chain: &Chain, name: &str, params: Params<'_>) -> Answer {
    if name != "getBlockRlp" {
        return None;
    }
    Some(by_number(chain, params).and_then(|found| {
        let block = found.ok_or_else(|| RpcError::server("block not found"))?;
        let bodies: Vec<u8> = block.items.iter().flat_map(|item| item.signed.transaction.encode()).collect();
        let mut list = RlpStream::new();
        list.begin_unbounded_list();
        list.append_raw(&bodies, 1);
        list.finalize_unbounded_list();
        let mut stream = RlpStream::new_list(2);
        stream.append_raw(&block.header.encode(), 1).append_raw(&list.out(), 1);
        let text = encode_hex(&stream.out());
        Ok(text.strip_prefix("0x").unwrap_or(&text).into())
    }))
}
