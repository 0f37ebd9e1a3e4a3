//! `devnet_`: what no node has. Makes blocks and things that go wrong, for tests; see docs/devnet.md.

use super::params::Params;
use super::{shape, Answer, Node, RpcError, Space};
use crate::chain::Withheld;
use serde_json::{json, Value};
use std::time::Duration;

/// Most blocks that one call makes.
const MOST_BLOCKS: u64 = 1_000;
/// Longest delay of answers.
const LONGEST_DELAY: u64 = 60_000;

pub(super) fn call(node: &Node, name: &str, params: Params<'_>) -> Answer {
    Some(match name {
        "mine" => mine(node, params),
        "setNextTime" => params.number(0).map(|time| node.chain().set_next_time(time)).map(|()| Value::Bool(true)),
        "stopSealing" => set_stopped(node, true),
        "resumeSealing" => set_stopped(node, false),
        "idle" => idle(node, params),
        "equivocate" => equivocate(node, params),
        "underSeal" => under_seal(node, params),
        "withhold" => withhold(node, params),
        "delay" => params.number(0).map(|ms| {
            node.chain().faults.delay = Duration::from_millis(ms.min(LONGEST_DELAY));
            Value::Bool(true)
        }),
        "heal" => {
            node.chain().faults = crate::chain::Faults::default();
            Ok(true.into())
        }
        "addKey" => params.number(0).and_then(|key| Ok(json!(node.chain().add_key(key)?))),
        "genesis" => Ok(node.chain().genesis_file().into()),
        "checkpoint" => serde_json::to_value(node.chain().checkpoint()).map_err(|e| RpcError::server(e.to_string())),
        _ => return None,
    })
}

fn mine(node: &Node, params: Params<'_>) -> Result<Value, RpcError> {
    let count = params.get(0).map_or(Ok(1), |_| params.number(0))?;
    if count > MOST_BLOCKS {
        return Err(RpcError::new(RpcError::LIMIT, format!("at most {MOST_BLOCKS} blocks at a time")));
    }
    for _ in 0..count {
        node.mine()?;
    }
    Ok(shape::number(node.chain().height()))
}

fn set_stopped(node: &Node, stopped: bool) -> Result<Value, RpcError> {
    node.chain().faults.stopped = stopped;
    Ok(true.into())
}

/// Validators that do not work, by key.
fn idle(node: &Node, params: Params<'_>) -> Result<Value, RpcError> {
    let keys = params.need(0)?.as_array().and_then(|keys| keys.iter().map(Value::as_u64).collect::<Option<_>>());
    node.chain().faults.idle = keys.ok_or_else(|| RpcError::parameter(0, "list of keys expected"))?;
    Ok(true.into())
}

/// A second header of the newest height; with `true` it is served in place of the chain's own.
fn equivocate(node: &Node, params: Params<'_>) -> Result<Value, RpcError> {
    let mut chain = node.chain();
    let rival = chain.equivocate()?;
    if params.flag(0) {
        chain.faults.served.insert(rival.number(), rival.clone());
    }
    let forks = &chain.profile().forks;
    Ok(shape::header(&rival, forks, Space::Kaia, false).into())
}

fn under_seal(node: &Node, params: Params<'_>) -> Result<Value, RpcError> {
    let seals = usize::try_from(params.number(0)?).map_err(|_| RpcError::parameter(0, "number too large"))?;
    Ok(shape::number(node.chain().serve_under_sealed(seals).number()))
}

fn withhold(node: &Node, params: Params<'_>) -> Result<Value, RpcError> {
    let withheld: Withheld =
        serde_json::from_value(params.need(0)?.clone()).map_err(|e| RpcError::parameter(0, &e.to_string()))?;
    node.chain().faults.withheld = withheld;
    Ok(true.into())
}
