//! What headers alone say of who governs: built-in defaults and announcements, without the chain
//! configuration.
//!
//! Nodes check votes against these values, not against the parameters in force: the configuration
//! of the genesis file and a governance contract change the latter only. Source: chain.md 2.3 rule
//! 4, 2.5 steps 1 and 3.

use super::parameters::{ParameterChanges, ParameterName, ParameterValue, Parameters};
use crate::primitives::Address;
use crate::profile::ChainProfile;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// The values against which votes are checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct HeaderGovernance {
    #[serde(rename = "governance.governancemode")]
    pub mode: String,
    #[serde(rename = "governance.governingnode")]
    pub governing_node: Address,
    #[serde(rename = "kip71.lowerboundbasefee")]
    pub lower_bound_base_fee: u64,
    #[serde(rename = "kip71.upperboundbasefee")]
    pub upper_bound_base_fee: u64,
}

impl HeaderGovernance {
    /// The same values of `parameters`.
    #[must_use]
    pub fn of(parameters: &Parameters) -> Self {
        Self {
            mode: parameters.governance_mode.clone(),
            governing_node: parameters.governing_node,
            lower_bound_base_fee: parameters.lower_bound_base_fee,
            upper_bound_base_fee: parameters.upper_bound_base_fee,
        }
    }

    /// The values with `changes` over them.
    #[must_use]
    pub fn merged(mut self, changes: &ParameterChanges) -> Self {
        for (name, value) in &changes.0 {
            match (name, value) {
                (ParameterName::GovernanceMode, ParameterValue::Text(mode)) => self.mode.clone_from(mode),
                (ParameterName::GoverningNode, ParameterValue::Address(node)) => self.governing_node = *node,
                (ParameterName::LowerBoundBaseFee, ParameterValue::Integer(fee)) => self.lower_bound_base_fee = *fee,
                (ParameterName::UpperBoundBaseFee, ParameterValue::Integer(fee)) => self.upper_bound_base_fee = *fee,
                _ => {}
            }
        }
        self
    }

    /// The values where a checkpoint that begins above genesis says nothing: those in force. A fee
    /// bound that is still the genesis file's may never have been announced, so there the wider of
    /// it and the default counts: an honest vote must not be refused, and a vote that nodes refuse
    /// is in no sealed block.
    pub(super) fn assumed(parameters: &Parameters, profile: &ChainProfile) -> Self {
        let mut assumed = Self::of(parameters);
        let usual = Parameters::default();
        if assumed.lower_bound_base_fee == profile.parameters.lower_bound_base_fee {
            assumed.lower_bound_base_fee = assumed.lower_bound_base_fee.min(usual.lower_bound_base_fee);
        }
        if assumed.upper_bound_base_fee == profile.parameters.upper_bound_base_fee {
            assumed.upper_bound_base_fee = assumed.upper_bound_base_fee.max(usual.upper_bound_base_fee);
        }
        assumed
    }

    /// Whether a governing node is to cast the votes.
    #[must_use]
    pub fn is_single(&self) -> bool {
        self.mode == "single"
    }
}
