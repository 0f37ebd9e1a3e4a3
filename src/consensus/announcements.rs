//! Announced parameters and the heights from which they hold.
//!
//! A change is voted in one epoch, announced in the `Governance` field of the epoch block that
//! follows, and holds from one epoch after that (one block later before Kore). Nodes compare what
//! an announcement means with the votes, so its form is the proposer's choice. Source: chain.md 2.3
//! (values), 2.5.

use super::node_json::{self, Value};
use super::parameter_names::{Member, ParameterName, ParameterValue};
use super::ConsensusError;
use crate::ordered::{map_of, Map};
use crate::profile::{Fork, ForkSchedule, VoteRules};
use crate::rlp::{item_length, Reader, RlpError};
use crate::tree::Json;
use crate::uncovered::Uncovered;
use serde::{de, Deserialize, Deserializer, Serialize, Serializer};

/// Names that only Klaytn 1.12 and before know. They change nothing that a verifier needs.
const LEGACY_NAMES: [&str; 2] = ["istanbul.timeout", "param.txgashumanreadable"];

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

    /// Decodes a non-empty `Governance` field: an RLP string that holds a JSON object, in whatever
    /// form nodes read.
    ///
    /// # Errors
    /// Where it is something else, names an unknown parameter, or a value has the wrong form. Under legacy rules that is
    /// only not covered: what those releases took is not known to the last form.
    pub fn decode(field: &[u8], rules: VoteRules) -> Result<Self, ConsensusError> {
        Self::read(field, rules).map_err(|error| match rules {
            VoteRules::V2 => error,
            VoteRules::Legacy => ConsensusError::uncovered(Uncovered::LegacyAnnouncement),
        })
    }

    fn read(field: &[u8], rules: VoteRules) -> Result<Self, ConsensusError> {
        if item_length(field)? != field.len() {
            return Err(RlpError::TooMany.into());
        }
        let json = Reader::items(field).bytes()?;
        let members = node_json::members(json).ok_or(ConsensusError::GovernanceJson)?;
        let mut changes = Self::default();
        // Of a name that stands there twice nodes look at the last value only.
        for (text, value) in map_of(members) {
            if rules == VoteRules::Legacy && LEGACY_NAMES.contains(&text.as_str()) {
                continue;
            }
            let name = ParameterName::from_text(&text).ok_or(ConsensusError::ParameterName)?;
            let member = match &value {
                Value::Text(text) => Some(Member::Text(text)),
                Value::Number(number) => number.whole().map(Member::Number),
                Value::Bool(value) => Some(Member::Bool(*value)),
                Value::Other => None,
            };
            changes.insert(name, name.value_of_member(member, rules)?);
        }
        Ok(changes)
    }

    /// The changes in an object of a checkpoint: each name once, numbers written as whole ones.
    pub(crate) fn of_tree(tree: &Json) -> Result<Self, ConsensusError> {
        let Json::Object(members) = tree else { return Err(ConsensusError::GovernanceJson) };
        let mut changes = Self::default();
        for (text, value) in members {
            let name = ParameterName::from_text(text).ok_or(ConsensusError::ParameterName)?;
            let member = match value {
                Json::Text(text) => Some(Member::Text(text)),
                Json::Number(number) => Some(Member::Number(*number)),
                Json::Bool(value) => Some(Member::Bool(*value)),
                _ => None,
            };
            let value = name.value_of_member(member, VoteRules::Legacy)?;
            if changes.0.insert(name, value).is_some() {
                return Err(ConsensusError::GovernanceJson);
            }
        }
        Ok(changes)
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
    /// The first block for which the changes hold: one epoch after the announcement, before Kore
    /// one block later.
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

/// Checks the `Governance` field of block `number` and gives the changes it announces; `votes` are
/// the parameter votes of the epoch before it, or none where they are not all known (then only the
/// form can be checked, and the quorum that sealed the block stands for the rest).
///
/// # Errors
/// Where the field stands outside an epoch block, is malformed, or differs from the votes.
pub fn check_governance(
    field: &[u8],
    number: u64,
    epoch: u64,
    rules: VoteRules,
    votes: Option<&ParameterChanges>,
) -> Result<ParameterChanges, ConsensusError> {
    governance_is_at_an_epoch_block(field, number, epoch, rules)?;
    let announced =
        if field.is_empty() { ParameterChanges::default() } else { ParameterChanges::decode(field, rules)? };
    governance_is_votable(&announced, rules)?;
    epoch_stays(&announced, epoch)?;
    match votes {
        Some(votes) if is_epoch_block(number, epoch) => governance_equals_the_votes(&announced, votes)?,
        _ => {}
    }
    Ok(announced)
}

fn governance_is_at_an_epoch_block(
    field: &[u8],
    number: u64,
    epoch: u64,
    rules: VoteRules,
) -> Result<(), ConsensusError> {
    if field.is_empty() || is_epoch_block(number, epoch) {
        return Ok(());
    }
    match rules {
        VoteRules::V2 => Err(ConsensusError::GovernanceOffEpoch { number, epoch }),
        VoteRules::Legacy => Err(ConsensusError::uncovered(Uncovered::LegacyAnnouncement)),
    }
}

/// What no vote may change, no announcement can.
fn governance_is_votable(announced: &ParameterChanges, rules: VoteRules) -> Result<(), ConsensusError> {
    match announced.0.keys().find(|name| !name.is_votable(rules)) {
        None => Ok(()),
        Some(name) => Err(ConsensusError::ForbiddenParameter(*name)),
    }
}

/// Klaytn 1.12 and before let votes change the epoch, by which all of this is counted.
pub(super) fn epoch_stays(announced: &ParameterChanges, epoch: u64) -> Result<(), ConsensusError> {
    match announced.0.get(&ParameterName::Epoch) {
        Some(ParameterValue::Integer(next)) if *next != epoch => Err(ConsensusError::uncovered(Uncovered::EpochChange)),
        _ => Ok(()),
    }
}

fn governance_equals_the_votes(announced: &ParameterChanges, votes: &ParameterChanges) -> Result<(), ConsensusError> {
    if announced == votes {
        Ok(())
    } else {
        Err(ConsensusError::GovernanceMismatch)
    }
}
