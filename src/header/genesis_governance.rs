//! The `governance` section of a genesis file, and the governance field of block 0 that follows from it.
//!
//! The field is RLP of a JSON object with keys in lexicographic order and no white space. Source: chain.md 2.5.

use super::genesis::ChainConfig;
use crate::consensus::parameters::Parameters;
use crate::primitives::Address;
use crate::profile::{ChainProfile, Fork};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GovernanceSection {
    governing_node: Address,
    governance_mode: String,
    gov_param_contract: Option<Address>,
    reward: Option<RewardSection>,
    kip71: Option<Kip71Section>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RewardSection {
    minting_amount: u128,
    ratio: String,
    // Spelt in small letters, unlike its siblings.
    #[serde(rename = "kip82ratio")]
    kip82_ratio: Option<String>,
    use_gini_coeff: bool,
    deferred_tx_fee: bool,
    staking_update_interval: Option<u64>,
    proposer_update_interval: Option<u64>,
    minimum_stake: u128,
}

#[derive(Debug, Deserialize)]
pub(super) struct Kip71Section {
    lowerboundbasefee: u64,
    upperboundbasefee: u64,
    gastarget: u64,
    maxblockgasusedforbasefee: u64,
    basefeedenominator: u64,
}

impl Kip71Section {
    pub(super) const fn lower_bound(&self) -> u64 {
        self.lowerboundbasefee
    }
}

impl GovernanceSection {
    pub(super) const fn kip71(&self) -> Option<&Kip71Section> {
        self.kip71.as_ref()
    }

    pub(super) fn sets_kip82_ratio(&self) -> bool {
        self.reward.as_ref().and_then(|reward| reward.kip82_ratio.as_ref()).is_some_and(|ratio| !ratio.is_empty())
    }

    /// Writes what the section sets over the defaults.
    pub(super) fn overlay(&self, parameters: &mut Parameters) {
        parameters.governing_node = self.governing_node;
        parameters.governance_mode.clone_from(&self.governance_mode);
        parameters.gov_param_contract = self.gov_param_contract.unwrap_or(Address::ZERO);
        if let Some(reward) = &self.reward {
            reward.overlay(parameters);
        }
        if let Some(kip71) = &self.kip71 {
            parameters.lower_bound_base_fee = kip71.lowerboundbasefee;
            parameters.upper_bound_base_fee = kip71.upperboundbasefee;
            parameters.gas_target = kip71.gastarget;
            parameters.max_block_gas_used_for_base_fee = kip71.maxblockgasusedforbasefee;
            parameters.base_fee_denominator = kip71.basefeedenominator;
        }
    }
}

impl RewardSection {
    fn overlay(&self, parameters: &mut Parameters) {
        parameters.minting_amount = self.minting_amount.to_string();
        parameters.ratio.clone_from(&self.ratio);
        parameters.use_gini_coeff = self.use_gini_coeff;
        parameters.deferred_tx_fee = self.deferred_tx_fee;
        parameters.minimum_stake = self.minimum_stake.to_string();
        if let Some(ratio) = self.kip82_ratio.as_ref().filter(|ratio| !ratio.is_empty()) {
            parameters.kip82_ratio.clone_from(ratio);
        }
        // An interval of zero is replaced by the default.
        if let Some(interval) = self.staking_update_interval.filter(|interval| *interval > 0) {
            parameters.staking_update_interval = interval;
        }
        if let Some(interval) = self.proposer_update_interval.filter(|interval| *interval > 0) {
            parameters.proposer_update_interval = interval;
        }
    }
}

/// The governance field of block 0.
///
/// KIP-71 keys stand in it only if Magma is active in block 0 and the file gives them; the commitment's number, the
/// parameter contract and the KIP-82 ratio only if Kore is. The chain's parameters hold them all the same: block 0 just
/// does not announce them.
pub(super) fn governance_field(config: &ChainConfig, profile: &ChainProfile) -> Vec<u8> {
    let parameters = &profile.parameters;
    let mut names: Vec<&str> = Vec::from([
        "governance.governancemode",
        "governance.governingnode",
        "governance.unitprice",
        "istanbul.committeesize",
        "istanbul.epoch",
        "istanbul.policy",
        "reward.deferredtxfee",
        "reward.minimumstake",
        "reward.mintingamount",
        "reward.proposerupdateinterval",
        "reward.ratio",
        "reward.stakingupdateinterval",
        "reward.useginicoeff",
    ]);
    if profile.forks.is_active(Fork::Magma, 0) && config.kip71().is_some() {
        names.extend([
            "kip71.basefeedenominator",
            "kip71.gastarget",
            "kip71.lowerboundbasefee",
            "kip71.maxblockgasusedforbasefee",
            "kip71.upperboundbasefee",
        ]);
    }
    if profile.forks.is_active(Fork::Kore, 0) {
        names.push("governance.deriveshaimpl");
        if !parameters.gov_param_contract.is_zero() {
            names.push("governance.govparamcontract");
        }
        if config.sets_kip82_ratio() {
            names.push("reward.kip82ratio");
        }
    }
    names.sort_unstable();
    ::rlp::encode(&selected(parameters, &names).to_string().into_bytes()).to_vec()
}

/// The named parameters as a JSON object, in the order of the names.
fn selected(parameters: &Parameters, names: &[&str]) -> Value {
    // Parameters are numbers, bools and texts under text keys: writing them as JSON cannot fail.
    let all = serde_json::to_value(parameters).unwrap_or_default();
    let chosen: Map<String, Value> =
        names.iter().filter_map(|name| Some(((*name).to_string(), all.get(*name)?.clone()))).collect();
    Value::Object(chosen)
}
