//! The genesis file of a chain, as a node is given it: whoever has it can compute block 0.

use crate::config::ChainConfig;
use crate::error::DevnetError;
use serde_json::{json, Map, Value};
use spanlight::commitment::CommitmentForm;
use spanlight::consensus::Council;
use spanlight::header::genesis::{fork_member, read_genesis, Genesis};
use spanlight::header::IstanbulExtra;
use spanlight::primitives::{encode_hex, Address};
use spanlight::profile::Fork;
use spanlight_forge::keys;

/// The file.
#[must_use]
pub fn file(config: &ChainConfig) -> String {
    let mut chain = Map::new();
    for fork in Fork::ALL {
        if let Some(block) = config.forks.block_of(fork) {
            chain.insert(fork_member(fork).into(), block.into());
        }
    }
    chain.insert("chainId".into(), config.chain_id.into());
    chain.insert("unitPrice".into(), config.unit_price.into());
    chain.insert("deriveShaImpl".into(), number(config.form).into());
    let istanbul = json!({ "epoch": config.epoch, "policy": config.proposer_policy, "sub": config.committee_size });
    chain.insert("istanbul".into(), istanbul);
    chain.insert("governance".into(), governance(config));
    let alloc: Map<String, Value> = config
        .balances
        .iter()
        .map(|(address, balance)| (address.to_string(), json!({ "balance": format!("{balance:#x}") })))
        .collect();
    let file = json!({
        "config": chain,
        "timestamp": format!("{:#x}", config.genesis_time),
        "extraData": encode_hex(&extra(config)),
        "governanceData": null,
        "blockScore": "0x1",
        "alloc": alloc,
    });
    format!("{file:#}")
}

fn governance(config: &ChainConfig) -> Value {
    json!({
        "governingNode": config.validators.first().map_or(Address::ZERO, |key| keys::address(*key)),
        "governanceMode": "none",
        "govParamContract": Address::ZERO,
        "reward": {
            "mintingAmount": config.minting,
            "ratio": "100/0/0",
            "kip82ratio": "20/80",
            "useGiniCoeff": false,
            "deferredTxFee": false,
            "stakingUpdateInterval": 86_400,
            "proposerUpdateInterval": 3_600,
            "minimumStake": 2_000_000,
        },
        "kip71": {
            "lowerboundbasefee": config.lower_bound_base_fee,
            "upperboundbasefee": 750_000_000_000u64.max(config.lower_bound_base_fee),
            "gastarget": 30_000_000,
            "maxblockgasusedforbasefee": 60_000_000,
            "basefeedenominator": 20,
        },
    })
}

fn extra(config: &ChainConfig) -> Vec<u8> {
    let validators = keys::addresses(&config.validators);
    let sorted = Council::new(&validators).map_or(validators, |council| council.members().to_vec());
    IstanbulExtra { vanity: [0; 32], validators: sorted, seal: vec![0; 65], committed_seals: Vec::new() }.encode()
}

/// The number by which parameters name a form.
#[must_use]
pub const fn number(form: CommitmentForm) -> u64 {
    match form {
        CommitmentForm::Trie => 0,
        CommitmentForm::Simple => 1,
        CommitmentForm::Concat => 2,
    }
}

/// Block 0 and the rules, read from the file as a verifier reads it.
///
/// # Errors
/// Where the configuration makes no valid file.
pub fn read(file: &str, name: &str) -> Result<Genesis, DevnetError> {
    Ok(read_genesis(file, name)?)
}
