//! Calls that change nothing: `call`, `estimateGas`, `createAccessList`.

use super::params::{big, small, Params};
use super::shape::number;
use super::state::state_at;
use super::{Answer, RpcError};
use crate::chain::Chain;
use crate::evm::{self, BlockContext, Message, Outcome, Purpose};
use crate::state::Overlay;
use serde_json::{json, Value};
use spanlight::primitives::{decode_hex, encode_hex, Address, Hash, U256};
use spanlight::profile::Fork;
use spanlight::transaction::{AccessEntry, Authorization};

/// Most gas of one call, whatever it asks for: a call must end.
const GAS_CAP: u64 = 50_000_000;
/// Most slots that a call announces.
const MOST_ANNOUNCED: usize = 1_024;

pub(super) fn call(chain: &Chain, name: &str, params: Params<'_>) -> Answer {
    Some(match name {
        "call" => run_call(chain, params),
        "estimateGas" | "estimateComputationCost" => estimate(chain, params),
        "createAccessList" => access_list(chain, params),
        _ => return None,
    })
}

fn run_call(chain: &Chain, params: Params<'_>) -> Result<Value, RpcError> {
    no_overrides(params)?;
    let message = message(params)?;
    let scene = Scene::at(chain, params.block(1, chain)?)?;
    let outcome = scene.run(chain, message)?;
    success(&outcome)?;
    Ok(encode_hex(&outcome.output).into())
}

fn no_overrides(params: Params<'_>) -> Result<(), RpcError> {
    let empty = |value: &Value| value.as_object().is_some_and(serde_json::Map::is_empty);
    match params.get(2) {
        Some(overrides) if !empty(overrides) => Err(RpcError::parameter(2, "state overrides are not supported")),
        _ => Ok(()),
    }
}

fn success(outcome: &Outcome) -> Result<(), RpcError> {
    const REVERTED: u64 = 9;
    match (&outcome.failure, outcome.status) {
        (None, _) => Ok(()),
        (Some(_), REVERTED) => Err(RpcError::reverted(&outcome.output)),
        (Some(words), _) => Err(RpcError::server(words.clone())),
    }
}

/// Finds the least gas by halving. The first guess is usually right: what was used, and what calls hold back.
fn estimate(chain: &Chain, params: Params<'_>) -> Result<Value, RpcError> {
    const HELD_BACK: u64 = 2_300;
    let message = message(params)?;
    let scene = Scene::at(chain, params.block(1, chain)?)?;
    let mut high = message.gas;
    let first = scene.run(chain, message.clone())?;
    success(&first)?;
    let mut low = first.gas_used.saturating_sub(1);
    let passes = |gas| {
        Ok::<_, RpcError>(scene.run(chain, Message { gas, ..message.clone() }).is_ok_and(|o| o.failure.is_none()))
    };
    let guess = first.gas_used.saturating_add(HELD_BACK).saturating_mul(64).checked_div(63).unwrap_or(high);
    if guess < high && passes(guess)? {
        high = guess;
    }
    // Within a hundredth is near enough, as nodes have it.
    while low.saturating_add(1) < high && high.saturating_sub(low) > high.checked_div(100).unwrap_or(0) {
        let middle = low.midpoint(high);
        if passes(middle)? {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(number(high))
}

/// The slots and addresses that a call touches are not traced: an empty list is a valid one, and costs at most some gas.
fn access_list(chain: &Chain, params: Params<'_>) -> Result<Value, RpcError> {
    let scene = Scene::at(chain, params.block(1, chain)?)?;
    let outcome = scene.run(chain, message(params)?)?;
    success(&outcome)?;
    Ok(json!({ "accessList": [], "gasUsed": number(outcome.gas_used) }))
}

/// Where a call is made: after a block, as part of it.
struct Scene {
    height: u64,
    block: BlockContext,
}

impl Scene {
    fn at(chain: &Chain, height: u64) -> Result<Self, RpcError> {
        state_at(chain, height)?;
        let block = chain.block(height).ok_or_else(|| RpcError::server("header not found"))?;
        let fields = block.header.fields();
        let block = BlockContext {
            rules: evm::rules(&chain.profile().forks, height),
            chain_id: chain.config().chain_id,
            number: height,
            time: fields.time,
            rewarded: fields.rewardbase,
            base_fee: fields.base_fee.and_then(|fee| u64::try_from(fee).ok()).unwrap_or(0),
            mix: fields.mix_hash.unwrap_or(Hash::ZERO),
            account_keys: chain.config().account_keys,
        };
        Ok(Self { height, block })
    }

    fn run(&self, chain: &Chain, message: Message) -> Result<Outcome, RpcError> {
        let mut overlay: Overlay<'_> =
            chain.overlay_at(self.height).ok_or_else(|| RpcError::server("header not found"))?;
        let data = evm::data_gas_beside_the_machine(&message.input, self.block.rules);
        let gas = message.gas.checked_sub(data).ok_or_else(|| RpcError::server("intrinsic gas too low"))?;
        let message = Message { gas, gas_price: u128::from(self.block.base_fee).min(message.gas_price), ..message };
        let (outcome, _) = evm::run(&mut overlay, &self.block, message, Purpose::Call)
            .map_err(|error| RpcError::server(evm::refusal(&error)))?;
        Ok(Outcome { gas_used: outcome.gas_used.saturating_add(data), ..outcome })
    }
}

fn message(params: Params<'_>) -> Result<Message, RpcError> {
    let object = params.need(0)?.as_object().ok_or_else(|| RpcError::parameter(0, "call object expected"))?;
    let wrong = |field: &str| RpcError::parameter(0, &format!("malformed {field}"));
    let field = |name: &str| object.get(name).filter(|value| !value.is_null());
    let address = |name: &str| {
        let parse =
            |value: &Value| value.as_str().and_then(|text| text.parse::<Address>().ok()).ok_or_else(|| wrong(name));
        field(name).map(parse).transpose()
    };
    let word = |name: &str| field(name).map(|value| big(value).ok_or_else(|| wrong(name))).transpose();
    let input = match (field("input"), field("data")) {
        (Some(input), Some(data)) if input != data => return Err(wrong("data: differs from input")),
        (Some(value), _) | (None, Some(value)) => {
            value.as_str().and_then(|text| decode_hex(text).ok()).ok_or_else(|| wrong("input"))?
        }
        (None, None) => Vec::new(),
    };
    let gas = field("gas").map(|value| small(value).ok_or_else(|| wrong("gas"))).transpose()?;
    Ok(Message {
        from: address("from")?.unwrap_or(Address::ZERO),
        to: address("to")?,
        nonce: 0,
        gas: gas.filter(|gas| *gas > 0).unwrap_or(GAS_CAP).min(GAS_CAP),
        gas_price: u128::try_from(word("gasPrice")?.unwrap_or(U256::ZERO)).unwrap_or(u128::MAX),
        value: word("value")?.unwrap_or(U256::ZERO),
        input,
        access_list: field("accessList")
            .map(|list| announced(list).ok_or_else(|| wrong("accessList")))
            .transpose()?
            .unwrap_or_default(),
        consents: field("authorizationList")
            .map(|list| consents(list).ok_or_else(|| wrong("authorizationList")))
            .transpose()?
            .unwrap_or_default(),
    })
}

fn announced(list: &Value) -> Option<Vec<AccessEntry>> {
    let entries = list.as_array().filter(|entries| entries.len() <= MOST_ANNOUNCED)?;
    let entry = |entry: &Value| {
        let slots = entry.get("storageKeys")?.as_array().filter(|slots| slots.len() <= MOST_ANNOUNCED)?;
        let slots = slots.iter().map(|slot| slot.as_str()?.parse().ok()).collect::<Option<_>>()?;
        Some(AccessEntry { address: entry.get("address")?.as_str()?.parse().ok()?, slots })
    };
    entries.iter().map(entry).collect()
}

fn consents(list: &Value) -> Option<Vec<Authorization>> {
    let consents = list.as_array().filter(|consents| consents.len() <= MOST_ANNOUNCED)?;
    let consent = |one: &Value| {
        let number = |name: &str| one.get(name).and_then(big);
        Some(Authorization {
            chain_id: number("chainId")?,
            address: one.get("address")?.as_str()?.parse().ok()?,
            nonce: u64::try_from(number("nonce")?).ok()?,
            y_parity: u8::try_from(number("yParity")?).ok()?,
            r: number("r")?,
            s: number("s")?,
        })
    };
    consents.iter().map(consent).collect()
}

/// Whether Ethereum's types are in force for the next block.
pub(super) fn knows_ethereum_types(chain: &Chain) -> bool {
    chain.profile().forks.is_active(Fork::EthTxType, chain.height().saturating_add(1))
}
