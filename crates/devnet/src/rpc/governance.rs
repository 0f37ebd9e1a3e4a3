//! Council, committee, parameters and votes.

use super::params::{visible_height, Params};
use super::{shape, Answer, RpcError};
use crate::chain::{Chain, Vote};
use serde_json::{json, Map, Value};
use spanlight::profile::Fork;
use spanlight::Address;

pub(super) fn call(chain: &mut Chain, name: &str, params: Params<'_>) -> Answer {
    Some(match name {
        "getCouncil" | "getValidators" => {
            height(chain, params).and_then(|number| council(chain, number)).map(|list| json!(list))
        }
        "getCouncilSize" => {
            height(chain, params).and_then(|number| council(chain, number)).map(|list| list.len().into())
        }
        "getCommittee" => height(chain, params).and_then(|number| committee(chain, number)).map(|list| json!(list)),
        "getCommitteeSize" => {
            height(chain, params).and_then(|number| committee(chain, number)).map(|list| list.len().into())
        }
        "getDemotedValidators" => Ok(json!([])),
        "getParams" => height(chain, params).and_then(|number| parameters(chain, number)),
        "getChainConfig" | "chainConfig" | "chainConfigAt" => chain_config(chain),
        "forkStatus" => height(chain, params).map(|number| fork_status(chain, number)),
        "vote" => vote(chain, params),
        "getBlockWithConsensusInfoByNumber" => with_consensus(chain, params),
        _ => return None,
    })
}

/// `pending` and one above the newest mean the next block here.
fn height(chain: &Chain, params: Params<'_>) -> Result<u64, RpcError> {
    match params.get(0).and_then(Value::as_str) {
        Some("pending") => Ok(visible_height(chain).saturating_add(1)),
        _ => params.block(0, chain),
    }
}

fn unknown() -> RpcError {
    RpcError::server("unknown block")
}

fn council(chain: &Chain, number: u64) -> Result<Vec<Address>, RpcError> {
    Ok(chain.rules_at(number).ok_or_else(unknown)?.0.members().to_vec())
}

fn committee(chain: &Chain, number: u64) -> Result<Vec<Address>, RpcError> {
    chain.committee_at(number).ok_or_else(unknown)
}

fn parameters(chain: &Chain, number: u64) -> Result<Value, RpcError> {
    let (_, parameters) = chain.rules_at(number).ok_or_else(unknown)?;
    serde_json::to_value(parameters).map_err(|e| RpcError::server(e.to_string()))
}

fn chain_config(chain: &Chain) -> Result<Value, RpcError> {
    let file: Value = serde_json::from_str(chain.genesis_file()).map_err(|e| RpcError::server(e.to_string()))?;
    Ok(file.get("config").cloned().unwrap_or(Value::Null))
}

fn fork_status(chain: &Chain, number: u64) -> Value {
    let forks = &chain.profile().forks;
    let status: Map<String, Value> =
        Fork::ALL.iter().map(|fork| (format!("{fork:?}"), forks.is_active(*fork, number).into())).collect();
    status.into()
}

/// `governance_vote(name, value)`: the proposer of the next block casts it. A node tells the same way that it has put the
/// vote in its queue.
fn vote(chain: &mut Chain, params: Params<'_>) -> Result<Value, RpcError> {
    let vote = Vote::from_json(params.text(0)?, params.need(1)?);
    chain.vote(
        vote.ok_or_else(|| RpcError::server("your vote couldn't be placed. Please check your vote's key and value"))?,
    );
    Ok("(kaiax) Your vote is prepared. It will be put into the block header or applied when your node generates a block as a proposer. Note that your vote may be duplicate.".into())
}

fn with_consensus(chain: &Chain, params: Params<'_>) -> Result<Value, RpcError> {
    params.need(0)?;
    let number = params.block(0, chain)?;
    let block = super::blocks::visible(chain, number).ok_or_else(|| RpcError::server("the block does not exist"))?;
    let forks = &chain.profile().forks;
    let mut out = shape::header(&block.header, forks, super::Space::Kaia, true);
    let committers: Vec<Address> = spanlight::consensus::seals::report(&block.header, &block.council)
        .iter()
        .filter_map(|line| line.address)
        .collect();
    let proposer = spanlight::consensus::seals::proposer_of(&block.header).ok();
    out.insert("committee".into(), json!(committee(chain, number)?));
    out.insert("committers".into(), json!(committers));
    out.insert("proposer".into(), json!(proposer));
    out.insert("sigHash".into(), json!(block.header.fields().sig_hash()));
    out.insert("round".into(), block.header.fields().round().into());
    let receipts: Vec<Value> =
        (0..block.items.len()).filter_map(|index| shape::receipt(&block, index, super::Space::Kaia)).collect();
    out.insert("transactions".into(), receipts.into());
    Ok(out.into())
}
