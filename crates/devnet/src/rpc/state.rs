//! Accounts, code, storage and their proofs, at every block that is kept.

use super::params::{slot, visible_height, Params};
use super::shape::{big, bytes, number};
use super::{Answer, RpcError};
use crate::chain::Chain;
use crate::config::NodeKind;
use crate::state::View;
use serde_json::{json, Value};
use spanlight::primitives::{encode_hex, Hash, U256};

use spanlight::state::{Account, AccountKey, AccountKind};
use spanlight_forge::keys::coordinates;

/// Most slots in one proof.
const MOST_SLOTS: usize = 4_096;
/// A node's words.
const NO_ACCOUNT: &str = "there is no account corresponding to the given address";

pub(super) fn call(chain: &Chain, name: &str, params: Params<'_>) -> Answer {
    Some(match name {
        "getBalance" => at(chain, params, 1, |account, _| big(account.map_or(U256::ZERO, |account| account.balance))),
        "getTransactionCount" => count(chain, params),
        "getCode" => at(chain, params, 1, |account, state| {
            bytes(&account.map(|account| state.code(account)).unwrap_or_default())
        }),
        "getStorageAt" => storage(chain, params),
        "getProof" => proof(chain, params),
        "getAccount" => at(chain, params, 1, |account, _| account.map_or(Value::Null, account_json)),
        "getAccountKey" => {
            at(chain, params, 1, |account, _| account.map_or(Value::Null, |account| key_json(&account.key)))
        }
        "isContractAccount" => at(chain, params, 1, |account, _| {
            account.is_some_and(|account| account.kind == AccountKind::Contract).into()
        }),
        "accountCreated" => at(chain, params, 1, |account, _| account.is_some().into()),
        _ => return None,
    })
}

/// The state after a block, unless the node has thrown it away, as full nodes do.
pub(super) fn state_at(chain: &Chain, height: u64) -> Result<View<'_>, RpcError> {
    let head = visible_height(chain);
    let block = chain.block(height).filter(|_| height <= head).ok_or_else(|| RpcError::server("header not found"))?;
    if !chain.config().node.keeps(height, head) {
        return Err(missing(block.header.fields().state_root));
    }
    chain.state_at(height).ok_or_else(|| missing(Hash::ZERO))
}

/// What a node says of a state that it does not have.
fn missing(root: Hash) -> RpcError {
    RpcError::server(format!("missing trie node {root} (path )"))
}

fn at(
    chain: &Chain,
    params: Params<'_>,
    block: usize,
    show: impl FnOnce(Option<&Account>, View<'_>) -> Value,
) -> Result<Value, RpcError> {
    let address = params.address(0)?;
    let state = state_at(chain, params.block(block, chain)?)?;
    Ok(show(state.account(&address)?.as_ref(), state))
}

fn count(chain: &Chain, params: Params<'_>) -> Result<Value, RpcError> {
    if params.get(1).and_then(Value::as_str) == Some("pending") {
        return Ok(number(chain.pending_nonce(&params.address(0)?)));
    }
    at(chain, params, 1, |account, _| number(account.map_or(0, |account| account.nonce)))
}

fn storage(chain: &Chain, params: Params<'_>) -> Result<Value, RpcError> {
    let address = params.address(0)?;
    let slot = slot(params.need(1)?).ok_or_else(|| RpcError::parameter(1, "storage slot expected"))?;
    let state = state_at(chain, params.block(2, chain)?)?;
    let word = state.account(&address)?.map_or(Ok(U256::ZERO), |account| state.word(&account, &slot))?;
    Ok(json!(Hash::from_u256(word)))
}

fn proof(chain: &Chain, params: Params<'_>) -> Result<Value, RpcError> {
    let address = params.address(0)?;
    let keys = params.need(1)?.as_array().ok_or_else(|| RpcError::parameter(1, "list of slots expected"))?;
    if keys.len() > MOST_SLOTS {
        return Err(RpcError::new(RpcError::LIMIT, format!("a proof has at most {MOST_SLOTS} slots")));
    }
    let slots: Vec<Hash> =
        keys.iter().map(slot).collect::<Option<_>>().ok_or_else(|| RpcError::parameter(1, "list of slots expected"))?;
    let state = state_at(chain, params.block(2, chain)?)?;
    // A node finds no storage root of an account that is not there, and says so.
    let proof = state.prove(&address, &slots)?.ok_or_else(|| RpcError::server(NO_ACCOUNT))?;
    if chain.config().node == NodeKind::LivePruning && !slots.is_empty() && !proof.account.has_no_storage() {
        return Err(missing(proof.account.storage_root));
    }
    let list = |nodes: &[Vec<u8>]| nodes.iter().map(|node| encode_hex(node)).collect::<Vec<_>>();
    let asked = keys.iter().zip(&proof.slots);
    let slots: Vec<Value> =
        asked.map(|(key, (_, word, nodes))| json!({ "key": key, "value": big(*word), "proof": list(nodes) })).collect();
    Ok(json!({
        "address": address,
        "accountProof": list(&proof.account_nodes),
        "balance": big(proof.account.balance),
        "codeHash": proof.account.code_hash,
        "nonce": number(proof.account.nonce),
        "storageHash": proof.account.storage_root,
        "storageProof": slots,
    }))
}

fn account_json(account: &Account) -> Value {
    let mut inner = json!({
        "nonce": account.nonce,
        "balance": big(account.balance),
        "humanReadable": account.human_readable,
        "key": key_json(&account.key),
    });
    let contract = account.kind == AccountKind::Contract;
    if let (true, Value::Object(inner)) = (contract, &mut inner) {
        inner.insert("storageRoot".into(), json!(account.storage_root));
        inner.insert("codeHash".into(), json!(account.code_hash));
        inner.insert("codeFormat".into(), (account.code_info & 15).into());
        inner.insert("vmVersion".into(), (account.code_info >> 4).into());
    }
    json!({ "accType": if contract { 2 } else { 1 }, "account": inner })
}

fn key_json(key: &AccountKey) -> Value {
    let point = |key: &[u8; 33]| {
        coordinates(key).map_or(Value::Null, |point| {
            let [x, y] = point.map(|coordinate| big(coordinate.to_u256()));
            json!({ "x": x, "y": y })
        })
    };
    let inner = match key {
        AccountKey::Nil | AccountKey::Legacy | AccountKey::Fail => json!({}),
        AccountKey::Public(key) => point(key),
        AccountKey::WeightedMultiSig { threshold, keys } => {
            let keys: Vec<Value> =
                keys.iter().map(|key| json!({ "weight": key.weight, "key": point(&key.key) })).collect();
            json!({ "threshold": threshold, "keys": keys })
        }
        AccountKey::RoleBased(roles) => roles.iter().map(key_json).collect(),
    };
    json!({ "keyType": key.type_number(), "key": inner })
}
