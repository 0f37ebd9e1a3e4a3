//! The names of governance parameters, and the forms of their values in votes and announcements.
//!
//! A value is read as nodes read it, whatever its form: a proposer puts what it likes into its own
//! block, and where nodes take it a client that does not is stopped. Source: chain.md 2.3.

use super::ConsensusError;
use crate::primitives::{decode_hex, Address};
use crate::profile::VoteRules;
use alloc::string::{String, ToString};
use serde::Serialize;

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

            const fn is_votable_under_v2(self) -> bool {
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

    /// Whether a vote may change it. Klaytn 1.12 and before forbid only three.
    #[must_use]
    pub const fn is_votable(self, rules: VoteRules) -> bool {
        match rules {
            VoteRules::V2 => self.is_votable_under_v2(),
            VoteRules::Legacy => {
                !matches!(self, Self::ProposerPolicy | Self::ProposerUpdateInterval | Self::StakingUpdateInterval)
            }
        }
    }

    /// The value that the bytes of a vote give.
    ///
    /// # Errors
    /// [`ConsensusError::ParameterValue`] where they have another form or break the value's own check.
    pub fn value_of_bytes(self, bytes: &[u8]) -> Result<ParameterValue, ConsensusError> {
        let text = || core::str::from_utf8(bytes).ok();
        let value = match self.kind() {
            Kind::Address => Address::from_slice(bytes).map(ParameterValue::Address),
            Kind::Integer if bytes.len() <= 8 => Some(ParameterValue::Integer(
                bytes.iter().fold(0, |number: u64, byte| number.wrapping_shl(8) | u64::from(*byte)),
            )),
            Kind::Integer => None,
            Kind::Amount => text().and_then(canonical_decimal).map(ParameterValue::Text),
            Kind::Text => text().map(|text| ParameterValue::Text(text.to_string())),
            Kind::Bool => match bytes {
                [0] => Some(ParameterValue::Bool(false)),
                [1] => Some(ParameterValue::Bool(true)),
                _ => None,
            },
        };
        self.checked(value, VoteRules::V2)
    }

    /// The value that a member of an announcement or of a checkpoint gives.
    pub(super) fn value_of_member(
        self,
        member: Option<Member<'_>>,
        rules: VoteRules,
    ) -> Result<ParameterValue, ConsensusError> {
        let value = match (self.kind(), member) {
            (Kind::Address, Some(Member::Text(text))) => address_of_text(text).map(ParameterValue::Address),
            (Kind::Integer, Some(Member::Number(number))) => Some(ParameterValue::Integer(number)),
            (Kind::Amount, Some(Member::Text(text))) => canonical_decimal(text).map(ParameterValue::Text),
            (Kind::Text, Some(Member::Text(text))) => Some(ParameterValue::Text(text.to_string())),
            (Kind::Bool, Some(Member::Bool(value))) => Some(ParameterValue::Bool(value)),
            _ => None,
        };
        self.checked(value, rules)
    }

    fn checked(self, value: Option<ParameterValue>, rules: VoteRules) -> Result<ParameterValue, ConsensusError> {
        value.filter(|value| self.value_is_allowed(value, rules)).ok_or(ConsensusError::ParameterValue(self))
    }

    fn value_is_allowed(self, value: &ParameterValue, rules: VoteRules) -> bool {
        match (self, value) {
            (Self::DeriveShaImpl | Self::ProposerPolicy, ParameterValue::Integer(choice)) => *choice <= 2,
            (Self::CommitteeSize | Self::BaseFeeDenominator, ParameterValue::Integer(number)) => *number > 0,
            (Self::MinimumStake, ParameterValue::Text(amount)) => !amount.starts_with('-'),
            (Self::Ratio, ParameterValue::Text(text)) => is_ratio(text, 3),
            (Self::Kip82Ratio, ParameterValue::Text(text)) => is_ratio(text, 2),
            (Self::GovernanceMode, ParameterValue::Text(mode)) => {
                matches!(mode.as_str(), "none" | "single") || (rules == VoteRules::Legacy && mode == "ballot")
            }
            _ => true,
        }
    }
}

/// A member of an announcement or of a checkpoint, before it is known to fit a parameter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Member<'m> {
    Text(&'m str),
    Number(u64),
    Bool(bool),
}

/// Forty hex digits, with or without `0x` or `0X`, as nodes take them.
fn address_of_text(text: &str) -> Option<Address> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let mut prefixed = "0x".to_string();
    prefixed.push_str(digits);
    decode_hex(&prefixed).ok().and_then(|bytes| Address::from_slice(&bytes))
}

/// A decimal number of any size, with or without a sign, in the form without plus and leading
/// zeros.
fn canonical_decimal(text: &str) -> Option<String> {
    let negative = text.starts_with('-');
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits_only = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let trimmed = digits.trim_start_matches('0');
    digits_only.then(|| match (trimmed, negative) {
        ("", _) => "0".to_string(),
        (digits, true) => ["-", digits].concat(),
        (digits, false) => digits.to_string(),
    })
}

/// Whether `text` is `parts` numbers between slashes that sum to 100. Nodes read and add them as
/// 64-bit numbers with a sign, and their sum wraps.
fn is_ratio(text: &str, parts: usize) -> bool {
    let numbers: Option<alloc::vec::Vec<i64>> = text.split('/').take(4).map(|part| part.parse().ok()).collect();
    numbers.is_some_and(|numbers| {
        numbers.len() == parts
            && numbers.iter().all(|number| *number >= 0)
            && numbers.iter().fold(0i64, |sum, number| sum.wrapping_add(*number)) == 100
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
