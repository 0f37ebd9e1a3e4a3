//! What gas costs, and who the node is.

use super::call::knows_ethereum_types;
use super::params::{visible_height, Params};
use super::shape::{big, number};
use super::{Answer, RpcError};
use crate::chain::{Block, Chain};
use serde_json::{json, Value};
use spanlight::primitives::U256;

/// Most blocks of one fee history.
const MOST_BLOCKS: u64 = 1_024;
/// Most percentiles of one fee history.
const MOST_PERCENTILES: usize = 100;

pub(super) fn call(chain: &Chain, name: &str, params: Params<'_>) -> Answer {
    Some(match name {
        "gasPrice" | "upperBoundGasPrice" | "gasPriceAt" => Ok(big(price(chain))),
        "lowerBoundGasPrice" => Ok(big(base_fee(chain).unwrap_or_else(|| unit_price(chain)))),
        "maxPriorityFeePerGas" => Ok(base_fee(chain).map_or_else(|| big(unit_price(chain)), |_| "0x0".into())),
        "feeHistory" => history(chain, params),
        "blobBaseFee" => Ok("0x1".into()),
        "chainID" | "chainId" => Ok(number(chain.config().chain_id)),
        "protocolVersion" => Ok("0x41".into()),
        "clientVersion" => Ok(super::client_version().into()),
        "syncing" | "mining" => Ok(false.into()),
        "hashrate" => Ok("0x0".into()),
        "accounts" => Ok(json!([])),
        "coinbase" | "etherbase" | "rewardbase" => Ok(json!(chain.head().header.fields().rewardbase)),
        _ => return None,
    })
}

fn unit_price(chain: &Chain) -> U256 {
    U256::from(chain.next().1.unit_price)
}

fn base_fee(chain: &Chain) -> Option<U256> {
    chain.rules_of_next().base_fee
}

/// Twice the base fee from Magma; a tenth more than it from Kaia, where most types pay all that
/// they name. Before Magma there is one price for all.
fn price(chain: &Chain) -> U256 {
    let rules = chain.rules_of_next();
    match rules.base_fee {
        Some(fee) if rules.tips => fee.saturating_add(fee.checked_div(U256::from(10u8)).unwrap_or_default()),
        Some(fee) => fee.saturating_add(fee),
        None => unit_price(chain),
    }
}

fn history(chain: &Chain, params: Params<'_>) -> Result<Value, RpcError> {
    if !knows_ethereum_types(chain) {
        return Err(RpcError::server("fee history before EthTxType"));
    }
    let count = params.number(0)?.min(MOST_BLOCKS);
    let newest = params.block(1, chain)?;
    if newest > visible_height(chain) {
        return Err(RpcError::server("request beyond head block"));
    }
    let percentiles = params.get(2).and_then(Value::as_array).map_or(0, Vec::len);
    if percentiles > MOST_PERCENTILES {
        return Err(RpcError::parameter(2, "at most 100 percentiles"));
    }
    let oldest = newest.saturating_add(1).saturating_sub(count);
    let blocks: Vec<_> = (oldest..=newest).filter(|_| count > 0).filter_map(|height| chain.block(height)).collect();
    let fee = |block: &Block| block.header.fields().base_fee.unwrap_or_default();
    let after = chain.block(newest.saturating_add(1)).map(|block| fee(block));
    let next = after.or_else(|| base_fee(chain)).unwrap_or_default();
    let fees: Vec<Value> = blocks.iter().map(|block| big(fee(block))).chain([big(next)]).collect();
    let mut out = json!({
        "oldestBlock": number(oldest),
        "baseFeePerGas": fees,
        "gasUsedRatio": vec![0; blocks.len()],
    });
    if percentiles > 0 {
        let tips: Vec<Vec<Value>> = blocks.iter().map(|block| vec![big(tip(block)); percentiles]).collect();
        if let Value::Object(out) = &mut out {
            out.insert("reward".into(), json!(tips));
        }
    }
    Ok(out)
}

/// The least that a transaction of the block paid above the base fee.
fn tip(block: &Block) -> U256 {
    let base_fee = block.header.fields().base_fee.unwrap_or_default();
    let tips = block.items.iter().map(|item| item.executed.price.saturating_sub(base_fee));
    tips.min().unwrap_or_default()
}
