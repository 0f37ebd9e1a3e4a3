//! The `governance` section of a genesis file, and the governance field of block 0 that follows
//! from it.
//!
//! The field is RLP of a JSON object with keys in lexicographic order and no white space. Source:
//! chain.md 2.5.

use super::config::ChainConfig;
use super::members::{boolean, fixed, text, unsigned, whole, Members};
use super::GenesisError;
use crate::consensus::parameters::{ParameterChanges, Parameters};
use crate::consensus::ConsensusError;
use crate::primitives::Address;
use crate::profile::{ChainProfile, Fork, VoteRules};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde_json::{Map, Value};

/// Absent members are zero, as in a Go struct.
#[derive(Debug)]
pub(super) struct GovernanceSection {
    governing_node: Address,
    governance_mode: String,
    gov_param_contract: Address,
    reward: Option<RewardSection>,
    kip71: Option<Kip71Section>,
}

#[derive(Debug)]
struct RewardSection {
    minting_amount: String,
    ratio: String,
    kip82_ratio: String,
    use_gini_coeff: bool,
    deferred_tx_fee: bool,
    staking_update_interval: u64,
    proposer_update_interval: u64,
    minimum_stake: String,
}

#[derive(Debug)]
pub(super) struct Kip71Section {
    lower_bound: u64,
    upper_bound: u64,
    gas_target: u64,
    max_gas: u64,
    denominator: u64,
}

impl Kip71Section {
    fn read(section: &Members<'_>) -> Result<Self, GenesisError> {
        Ok(Self {
            lower_bound: section.value("lowerboundbasefee", 0, unsigned)?,
            upper_bound: section.value("upperboundbasefee", 0, unsigned)?,
            gas_target: section.value("gastarget", 0, unsigned)?,
            max_gas: section.value("maxblockgasusedforbasefee", 0, unsigned)?,
            denominator: section.value("basefeedenominator", 0, unsigned)?,
        })
    }

    pub(super) const fn lower_bound(&self) -> u64 {
        self.lower_bound
    }
}

impl GovernanceSection {
    pub(super) fn read(section: &Members<'_>) -> Result<Self, GenesisError> {
        // Unlike other values, an address that stands there must be one: `null` is refused too.
        let address = |name| section.every(name, |json| fixed(json).map(Address));
        let kip71 = section.section("kip71")?;
        Ok(Self {
            governing_node: address("governingNode")?.unwrap_or(Address::ZERO),
            governance_mode: section.value("governanceMode", String::new(), text)?,
            gov_param_contract: address("govParamContract")?.unwrap_or(Address::ZERO),
            reward: section.section("reward")?.map(|reward| RewardSection::read(&reward)).transpose()?,
            kip71: kip71.map(|kip71| Kip71Section::read(&kip71)).transpose()?,
        })
    }

    pub(super) const fn kip71(&self) -> Option<&Kip71Section> {
        self.kip71.as_ref()
    }

    fn sets_kip82_ratio(&self) -> bool {
        self.reward.as_ref().is_some_and(|reward| !reward.kip82_ratio.is_empty())
    }

    /// Writes what the section sets over the defaults.
    pub(super) fn overlay(&self, parameters: &mut Parameters) {
        parameters.governing_node = self.governing_node;
        parameters.governance_mode.clone_from(&self.governance_mode);
        parameters.gov_param_contract = self.gov_param_contract;
        if let Some(reward) = &self.reward {
            reward.overlay(parameters);
        }
        if let Some(kip71) = &self.kip71 {
            parameters.lower_bound_base_fee = kip71.lower_bound;
            parameters.upper_bound_base_fee = kip71.upper_bound;
            parameters.gas_target = kip71.gas_target;
            parameters.max_block_gas_used_for_base_fee = kip71.max_gas;
            parameters.base_fee_denominator = kip71.denominator;
        }
    }
}

impl RewardSection {
    fn read(section: &Members<'_>) -> Result<Self, GenesisError> {
        let amount = |field| section.pointer(field, whole)?.ok_or(GenesisError::Missing { field });
        Ok(Self {
            minting_amount: amount("mintingAmount")?,
            ratio: section.value("ratio", String::new(), text)?,
            // Spelt in small letters, unlike its siblings.
            kip82_ratio: section.value("kip82ratio", String::new(), text)?,
            use_gini_coeff: section.value("useGiniCoeff", false, boolean)?,
            deferred_tx_fee: section.value("deferredTxFee", false, boolean)?,
            staking_update_interval: section.value("stakingUpdateInterval", 0, unsigned)?,
            proposer_update_interval: section.value("proposerUpdateInterval", 0, unsigned)?,
            minimum_stake: amount("minimumStake")?,
        })
    }

    fn overlay(&self, parameters: &mut Parameters) {
        parameters.minting_amount.clone_from(&self.minting_amount);
        parameters.ratio.clone_from(&self.ratio);
        parameters.use_gini_coeff = self.use_gini_coeff;
        parameters.deferred_tx_fee = self.deferred_tx_fee;
        parameters.minimum_stake.clone_from(&self.minimum_stake);
        if !self.kip82_ratio.is_empty() {
            parameters.kip82_ratio.clone_from(&self.kip82_ratio);
        }
        // An interval of zero is replaced by the default.
        if self.staking_update_interval > 0 {
            parameters.staking_update_interval = self.staking_update_interval;
        }
        if self.proposer_update_interval > 0 {
            parameters.proposer_update_interval = self.proposer_update_interval;
        }
    }
}

/// The governance field of block 0.
///
/// KIP-71 keys stand in it only if Magma is active in block 0 and the file gives them; the
/// commitment's number, the parameter contract and the KIP-82 ratio only if Kore is. The chain's
/// parameters hold them all the same: block 0 just does not announce them.
pub(super) fn governance_field(config: &ChainConfig, profile: &ChainProfile) -> Result<Vec<u8>, GenesisError> {
    let parameters = &profile.parameters;
    let section = config.governance.as_ref();
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
    if profile.forks.is_active(Fork::Magma, 0) && section.and_then(GovernanceSection::kip71).is_some() {
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
        if section.is_some_and(GovernanceSection::sets_kip82_ratio) {
            names.push("reward.kip82ratio");
        }
    }
    names.sort_unstable();
    let field = ::rlp::encode(&selected(parameters, &names).to_string().into_bytes()).to_vec();
    values_are_those_of_a_chain(&field, parameters)?;
    Ok(field)
}

/// Nodes check each value that block 0 announces, and start no chain from a file with a wrong one.
fn values_are_those_of_a_chain(field: &[u8], parameters: &Parameters) -> Result<(), GenesisError> {
    const LAST_POLICY: u64 = 2;
    if !["none", "single"].contains(&parameters.governance_mode.as_str()) {
        return Err(GenesisError::Refused { field: "governanceMode", why: "it must be \"none\" or \"single\"" });
    }
    if parameters.proposer_policy > LAST_POLICY {
        return Err(GenesisError::Refused { field: "policy", why: "it must be 0, 1 or 2" });
    }
    match ParameterChanges::decode(field, VoteRules::V2) {
        Ok(_) => Ok(()),
        Err(ConsensusError::ParameterValue(name)) => {
            Err(GenesisError::Refused { field: name.as_str(), why: "no chain may have this value" })
        }
        Err(_) => Err(GenesisError::Field { field: "governance" }),
    }
}

/// The named parameters as a JSON object, in the order of the names.
fn selected(parameters: &Parameters, names: &[&str]) -> Value {
    // Parameters are numbers, bools and texts under text keys: writing them as JSON cannot fail.
    let all = serde_json::to_value(parameters).unwrap_or_default();
    let chosen: Map<String, Value> =
        names.iter().filter_map(|name| Some(((*name).to_string(), all.get(*name)?.clone()))).collect();
    Value::Object(chosen)
}
