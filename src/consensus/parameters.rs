//! The set of governance parameters. Source: chain.md 2.5.

pub use super::announcements::{check_governance, is_epoch_block, ParameterChanges, PendingChange};
pub use super::parameter_names::{ParameterName, ParameterValue};
use crate::primitives::Address;
use alloc::string::{String, ToString};
use serde::{Deserialize, Serialize};

/// A whole parameter set, named as `kaia_getParams` names it. Amounts in peb are decimal strings, as on the wire.
///
/// What a verifier decides by must be written out: a default in its place would be a rule that
/// nobody chose. Only the others may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Parameters {
    #[serde(rename = "governance.deriveshaimpl")]
    pub derive_sha_impl: u64,
    #[serde(rename = "governance.governancemode")]
    pub governance_mode: String,
    #[serde(rename = "governance.governingnode")]
    pub governing_node: Address,
    #[serde(rename = "governance.govparamcontract")]
    pub gov_param_contract: Address,
    #[serde(rename = "governance.unitprice", default = "usual::unit_price")]
    pub unit_price: u64,
    #[serde(rename = "istanbul.committeesize")]
    pub committee_size: u64,
    #[serde(rename = "istanbul.epoch")]
    pub epoch: u64,
    #[serde(rename = "istanbul.policy")]
    pub proposer_policy: u64,
    #[serde(rename = "kip71.basefeedenominator")]
    pub base_fee_denominator: u64,
    #[serde(rename = "kip71.gastarget")]
    pub gas_target: u64,
    #[serde(rename = "kip71.lowerboundbasefee")]
    pub lower_bound_base_fee: u64,
    #[serde(rename = "kip71.maxblockgasusedforbasefee")]
    pub max_block_gas_used_for_base_fee: u64,
    #[serde(rename = "kip71.upperboundbasefee")]
    pub upper_bound_base_fee: u64,
    #[serde(rename = "reward.deferredtxfee", default = "usual::deferred_tx_fee")]
    pub deferred_tx_fee: bool,
    #[serde(rename = "reward.kip82ratio", default = "usual::kip82_ratio")]
    pub kip82_ratio: String,
    #[serde(rename = "reward.minimumstake")]
    pub minimum_stake: String,
    #[serde(rename = "reward.mintingamount", default = "usual::minting_amount")]
    pub minting_amount: String,
    #[serde(rename = "reward.proposerupdateinterval", default = "usual::proposer_update_interval")]
    pub proposer_update_interval: u64,
    #[serde(rename = "reward.ratio", default = "usual::ratio")]
    pub ratio: String,
    #[serde(rename = "reward.stakingupdateinterval", default = "usual::staking_update_interval")]
    pub staking_update_interval: u64,
    #[serde(rename = "reward.useginicoeff", default = "usual::use_gini_coeff")]
    pub use_gini_coeff: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            derive_sha_impl: 0,
            governance_mode: "none".to_string(),
            governing_node: Address::ZERO,
            gov_param_contract: Address::ZERO,
            unit_price: 250_000_000_000,
            committee_size: 21,
            epoch: 604_800,
            proposer_policy: 0,
            base_fee_denominator: 20,
            gas_target: 30_000_000,
            lower_bound_base_fee: 25_000_000_000,
            max_block_gas_used_for_base_fee: 60_000_000,
            upper_bound_base_fee: 750_000_000_000,
            deferred_tx_fee: false,
            kip82_ratio: "20/80".to_string(),
            minimum_stake: "2000000".to_string(),
            minting_amount: "0".to_string(),
            proposer_update_interval: 3_600,
            ratio: "100/0/0".to_string(),
            staking_update_interval: 86_400,
            use_gini_coeff: false,
        }
    }
}

/// Values of parameters that a verifier does not decide by.
mod usual {
    use super::{Parameters, String};

    macro_rules! usual {
        ($($field:ident: $type:ty),*) => {
            $(pub(super) fn $field() -> $type {
                Parameters::default().$field
            })*
        };
    }

    usual! {
        unit_price: u64,
        deferred_tx_fee: bool,
        kip82_ratio: String,
        minting_amount: String,
        proposer_update_interval: u64,
        ratio: String,
        staking_update_interval: u64,
        use_gini_coeff: bool
    }
}

impl Parameters {
    /// The set with `changes` over it.
    #[must_use]
    pub fn merged(&self, changes: &ParameterChanges) -> Self {
        let mut merged = self.clone();
        for (name, value) in &changes.0 {
            merged.set(*name, value);
        }
        merged
    }

    /// A value of the wrong kind cannot be in [`ParameterChanges`]; it would change nothing.
    fn set(&mut self, name: ParameterName, value: &ParameterValue) {
        use ParameterName as N;
        match value {
            ParameterValue::Address(new) => match name {
                N::GoverningNode => self.governing_node = *new,
                N::GovParamContract => self.gov_param_contract = *new,
                _ => {}
            },
            ParameterValue::Bool(new) => match name {
                N::DeferredTxFee => self.deferred_tx_fee = *new,
                N::UseGiniCoeff => self.use_gini_coeff = *new,
                _ => {}
            },
            ParameterValue::Text(new) => {
                let field = match name {
                    N::GovernanceMode => &mut self.governance_mode,
                    N::Kip82Ratio => &mut self.kip82_ratio,
                    N::MinimumStake => &mut self.minimum_stake,
                    N::MintingAmount => &mut self.minting_amount,
                    N::Ratio => &mut self.ratio,
                    _ => return,
                };
                field.clone_from(new);
            }
            ParameterValue::Integer(new) => {
                let field = match name {
                    N::DeriveShaImpl => &mut self.derive_sha_impl,
                    N::UnitPrice => &mut self.unit_price,
                    N::CommitteeSize => &mut self.committee_size,
                    N::Epoch => &mut self.epoch,
                    N::ProposerPolicy => &mut self.proposer_policy,
                    N::BaseFeeDenominator => &mut self.base_fee_denominator,
                    N::GasTarget => &mut self.gas_target,
                    N::LowerBoundBaseFee => &mut self.lower_bound_base_fee,
                    N::MaxBlockGasUsedForBaseFee => &mut self.max_block_gas_used_for_base_fee,
                    N::UpperBoundBaseFee => &mut self.upper_bound_base_fee,
                    N::ProposerUpdateInterval => &mut self.proposer_update_interval,
                    N::StakingUpdateInterval => &mut self.staking_update_interval,
                    _ => return,
                };
                *field = *new;
            }
        }
    }
}

#[cfg(test)]
#[path = "parameters_tests.rs"]
mod tests;
