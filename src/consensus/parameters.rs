//! Governance parameters and the heights from which they hold.
//!
//! A change is voted in one epoch, announced in the `Governance` field of the epoch block that follows, and holds from one
//! epoch after that (one block later before Kore). Source: chain.md 2.3 (values), 2.5.

use super::ConsensusError;
use crate::ordered::{map_of, Map};
use crate::primitives::{decode_hex, Address};
use crate::profile::{Fork, ForkSchedule};
use crate::rlp::{item_length, Reader, RlpError};
use crate::tree::Json;
use alloc::string::{String, ToString};
use serde::{de, Deserialize, Deserializer, Serialize, Serializer};

/// A whole parameter set, named as `kaia_getParams` names it. Amounts in peb are decimal strings, as on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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
    #[serde(rename = "governance.unitprice")]
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
    #[serde(rename = "reward.deferredtxfee")]
    pub deferred_tx_fee: bool,
    #[serde(rename = "reward.kip82ratio")]
    pub kip82_ratio: String,
    #[serde(rename = "reward.minimumstake")]
    pub minimum_stake: String,
    #[serde(rename = "reward.mintingamount")]
    pub minting_amount: String,
    #[serde(rename = "reward.proposerupdateinterval")]
    pub proposer_update_interval: u64,
    #[serde(rename = "reward.ratio")]
    pub ratio: String,
    #[serde(rename = "reward.stakingupdateinterval")]
    pub staking_update_interval: u64,
    #[serde(rename = "reward.useginicoeff")]
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

/// The bytes' form of a parameter (chain.md 2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Address,
    Integer,
    /// A decimal number of any size, kept as text.
    Amount,
    Text,
    Bool,
}

macro_rules! parameter_names {
    ($($variant:ident, $text:literal, $kind:ident, $votable:literal;)*) => {
        /// The name of a governance parameter, in the order of the texts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)]
        pub enum ParameterName { $($variant,)* }

        impl ParameterName {
            /// Every name, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name as it stands in votes and in the `Governance` field.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Whether a vote may change it.
            #[must_use]
            pub const fn is_votable(self) -> bool {
                match self { $(Self::$variant => $votable,)* }
            }

            const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }
        }
    };
}

parameter_names! {
    DeriveShaImpl, "governance.deriveshaimpl", Integer, true;
    GovernanceMode, "governance.governancemode", Text, false;
    GoverningNode, "governance.governingnode", Address, true;
    GovParamContract, "governance.govparamcontract", Address, true;
    UnitPrice, "governance.unitprice", Integer, true;
    CommitteeSize, "istanbul.committeesize", Integer, true;
    Epoch, "istanbul.epoch", Integer, false;
    ProposerPolicy, "istanbul.policy", Integer, false;
    BaseFeeDenominator, "kip71.basefeedenominator", Integer, true;
    GasTarget, "kip71.gastarget", Integer, true;
    LowerBoundBaseFee, "kip71.lowerboundbasefee", Integer, true;
    MaxBlockGasUsedForBaseFee, "kip71.maxblockgasusedforbasefee", Integer, true;
    UpperBoundBaseFee, "kip71.upperboundbasefee", Integer, true;
    DeferredTxFee, "reward.deferredtxfee", Bool, false;
    Kip82Ratio, "reward.kip82ratio", Text, true;
    MinimumStake, "reward.minimumstake", Amount, false;
    MintingAmount, "reward.mintingamount", Amount, true;
    ProposerUpdateInterval, "reward.proposerupdateinterval", Integer, false;
    Ratio, "reward.ratio", Text, true;
    StakingUpdateInterval, "reward.stakingupdateinterval", Integer, false;
    UseGiniCoeff, "reward.useginicoeff", Bool, false;
}

impl ParameterName {
    /// The parameter named exactly `text`, lower case as the chain writes it.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|name| name.as_str() == text).copied()
    }

    /// The value that the bytes of a vote give.
    ///
    /// # Errors
    /// [`ConsensusError::ParameterValue`] where they have another form or break the value's own check.
    pub fn value_of_bytes(self, bytes: &[u8]) -> Result<ParameterValue, ConsensusError> {
        let bad = || ConsensusError::ParameterValue(self);
        let text = || core::str::from_utf8(bytes).map(ToString::to_string).map_err(|_| bad());
        let value = match self.kind() {
            Kind::Address => Address::from_slice(bytes).map(ParameterValue::Address).ok_or_else(bad)?,
            Kind::Integer if bytes.len() <= 8 => {
                ParameterValue::Integer(bytes.iter().fold(0, |number: u64, byte| (number << 8) | u64::from(*byte)))
            }
            Kind::Integer => return Err(bad()),
            Kind::Amount => ParameterValue::Text(canonical_decimal(&text()?).ok_or_else(bad)?),
            Kind::Text => ParameterValue::Text(text()?),
            Kind::Bool => match bytes {
                [0] => ParameterValue::Bool(false),
                [1] => ParameterValue::Bool(true),
                _ => return Err(bad()),
            },
        };
        self.value_is_allowed(&value).then_some(value).ok_or_else(bad)
    }

    /// The value that the JSON of a `Governance` field gives.
    fn value_of_json(self, json: &Json) -> Result<ParameterValue, ConsensusError> {
        let value = match (self.kind(), json) {
            (Kind::Address, Json::Text(text)) => {
                decode_hex(text).ok().and_then(|bytes| Address::from_slice(&bytes)).map(ParameterValue::Address)
            }
            (Kind::Integer, Json::Number(number)) => Some(ParameterValue::Integer(*number)),
            // Nodes read every number as a float, so that `7.0` and `7e0` are 7.
            (Kind::Integer, Json::Float(number)) => whole(*number).map(ParameterValue::Integer),
            (Kind::Amount, Json::Text(text)) => canonical_decimal(text).map(ParameterValue::Text),
            (Kind::Text, Json::Text(text)) => Some(ParameterValue::Text(text.to_string())),
            (Kind::Bool, Json::Bool(value)) => Some(ParameterValue::Bool(*value)),
            _ => None,
        };
        value.filter(|value| self.value_is_allowed(value)).ok_or(ConsensusError::ParameterValue(self))
    }

    fn value_is_allowed(self, value: &ParameterValue) -> bool {
        match (self, value) {
            (Self::DeriveShaImpl, ParameterValue::Integer(form)) => *form <= 2,
            (Self::CommitteeSize | Self::BaseFeeDenominator, ParameterValue::Integer(number)) => *number > 0,
            (Self::Ratio, ParameterValue::Text(text)) => is_ratio(text, 3),
            (Self::Kip82Ratio, ParameterValue::Text(text)) => is_ratio(text, 2),
            _ => true,
        }
    }
}

/// The float as a number, if it is a whole one from 0 to 2^64 - 1 and not -0. Of its bits: casts are not allowed to lose any,
/// and its text would bring the code that writes floats.
fn whole(float: f64) -> Option<u64> {
    let bits = float.to_bits();
    let exponent = bits >> 52;
    if bits == 0 {
        return Some(0);
    }
    // Negative floats have a larger exponent still, those below 1 a smaller one.
    if !(1023..1087).contains(&exponent) {
        return None;
    }
    let digits = bits & ((1 << 52) - 1) | 1 << 52;
    let point = u32::try_from(exponent.checked_sub(1023)?).ok()?;
    match point.checked_sub(52) {
        Some(above) => digits.checked_shl(above),
        None => {
            let below = 52u32.checked_sub(point)?;
            if digits.trailing_zeros() >= below {
                digits.checked_shr(below)
            } else {
                None
            }
        }
    }
}

/// A decimal number without leading zeros.
fn canonical_decimal(text: &str) -> Option<String> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let trimmed = text.trim_start_matches('0');
    digits_only.then(|| if trimmed.is_empty() { "0" } else { trimmed }.to_string())
}

/// Whether `text` is `parts` numbers between slashes that sum to 100.
fn is_ratio(text: &str, parts: usize) -> bool {
    let numbers: Option<alloc::vec::Vec<u8>> = text.split('/').take(4).map(|part| part.parse().ok()).collect();
    numbers.is_some_and(|numbers| {
        numbers.len() == parts && numbers.iter().map(|number| u64::from(*number)).sum::<u64>() == 100
    })
}

/// One value, in the form of its parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ParameterValue {
    /// An address.
    Address(Address),
    /// A number below 2^64.
    Integer(u64),
    /// Text, or an amount in decimal digits.
    Text(String),
    /// A switch.
    Bool(bool),
}

/// New values of some parameters: the content of a `Governance` field, or the votes of an epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterChanges(pub Map<ParameterName, ParameterValue>);

impl ParameterChanges {
    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets one value; a later vote overrides an earlier one.
    pub fn insert(&mut self, name: ParameterName, value: ParameterValue) {
        self.0.insert(name, value);
    }

    /// Decodes a non-empty `Governance` field: an RLP string that holds a JSON object.
    ///
    /// # Errors
    /// Where it is something else, names an unknown parameter, or a value has the wrong form.
    pub fn decode(field: &[u8]) -> Result<Self, ConsensusError> {
        if item_length(field)? != field.len() {
            return Err(RlpError::TooMany.into());
        }
        let json = Reader::items(field).bytes()?;
        let text = str::from_utf8(json).map_err(|_| ConsensusError::GovernanceJson)?;
        let tree: Json = serde_json::from_str(text).map_err(|_| ConsensusError::GovernanceJson)?;
        let changes = Self::of_tree(&tree)?;
        changes.0.iter().try_for_each(|(name, value)| number_survives_a_float(*name, value))?;
        Ok(changes)
    }

    /// The changes in an object; of a name that stands there twice, the last, as nodes read it.
    pub(crate) fn of_tree(tree: &Json) -> Result<Self, ConsensusError> {
        let Json::Object(members) = tree else { return Err(ConsensusError::GovernanceJson) };
        let is_value = |value: &Json| !matches!(value, Json::Null | Json::List(_) | Json::Object(_));
        if !members.iter().all(|(_, value)| is_value(value)) {
            return Err(ConsensusError::GovernanceJson);
        }
        let mut changes = Self::default();
        for (text, value) in map_of(members.iter().map(|(name, value)| (name, value))) {
            let name = ParameterName::from_text(text).ok_or(ConsensusError::ParameterName)?;
            changes.insert(name, name.value_of_json(value)?);
        }
        Ok(changes)
    }
}

/// Nodes read every number of an announcement as a float of 53 significant bits. Of one with more they would read another
/// number than stands there, so it is refused.
fn number_survives_a_float(name: ParameterName, value: &ParameterValue) -> Result<(), ConsensusError> {
    match value {
        ParameterValue::Integer(number)
            if *number != 0 && number.leading_zeros().saturating_add(number.trailing_zeros()) < 11 =>
        {
            Err(ConsensusError::ParameterValue(name))
        }
        _ => Ok(()),
    }
}

impl Serialize for ParameterChanges {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name.as_str(), value)))
    }
}

impl<'de> Deserialize<'de> for ParameterChanges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of_tree(&Json::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// Changes that a verified epoch block announced and that do not hold yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PendingChange {
    /// The epoch block that announced them.
    pub announced_at: u64,
    /// The changes.
    pub changes: ParameterChanges,
}

impl PendingChange {
    /// The first block for which the changes hold: one epoch after the announcement, before Kore one block later.
    ///
    /// Kore is looked up at the block itself: it is what decides P(n) of chain.md 2.5.
    #[must_use]
    pub fn effective_at(&self, epoch: u64, forks: &ForkSchedule) -> u64 {
        let from = self.announced_at.saturating_add(epoch);
        if forks.is_active(Fork::Kore, from) {
            from
        } else {
            from.saturating_add(1)
        }
    }
}

/// Whether `number` is an epoch block. An epoch of zero, which no chain has, makes none.
#[must_use]
pub fn is_epoch_block(number: u64, epoch: u64) -> bool {
    number.checked_rem(epoch) == Some(0)
}

/// Checks the `Governance` field of block `number` and gives the changes it announces; `votes` are the parameter votes of
/// the epoch before it, or none where they are not all known (then only the form can be checked, and the quorum that
/// sealed the block stands for the rest).
///
/// # Errors
/// Where the field stands outside an epoch block, is malformed, or differs from the votes.
pub fn check_governance(
    field: &[u8],
    number: u64,
    epoch: u64,
    votes: Option<&ParameterChanges>,
) -> Result<ParameterChanges, ConsensusError> {
    governance_is_at_an_epoch_block(field, number, epoch)?;
    let announced = if field.is_empty() { ParameterChanges::default() } else { ParameterChanges::decode(field)? };
    governance_names_something(field, &announced)?;
    governance_is_votable(&announced)?;
    match votes {
        Some(votes) if is_epoch_block(number, epoch) => governance_equals_the_votes(&announced, votes)?,
        _ => {}
    }
    Ok(announced)
}

fn governance_is_at_an_epoch_block(field: &[u8], number: u64, epoch: u64) -> Result<(), ConsensusError> {
    if field.is_empty() || is_epoch_block(number, epoch) {
        Ok(())
    } else {
        Err(ConsensusError::GovernanceOffEpoch { number, epoch })
    }
}

/// An empty object would be a second way to say nothing.
fn governance_names_something(field: &[u8], announced: &ParameterChanges) -> Result<(), ConsensusError> {
    if field.is_empty() || !announced.is_empty() {
        Ok(())
    } else {
        Err(ConsensusError::GovernanceMismatch)
    }
}

/// What no vote may change, no announcement can: above all the epoch, by which all of this is counted.
fn governance_is_votable(announced: &ParameterChanges) -> Result<(), ConsensusError> {
    match announced.0.keys().find(|name| !name.is_votable()) {
        None => Ok(()),
        Some(name) => Err(ConsensusError::ForbiddenParameter(*name)),
    }
}

fn governance_equals_the_votes(announced: &ParameterChanges, votes: &ParameterChanges) -> Result<(), ConsensusError> {
    if announced == votes {
        Ok(())
    } else {
        Err(ConsensusError::GovernanceMismatch)
    }
}

#[cfg(test)]
#[path = "parameters_tests.rs"]
mod tests;
