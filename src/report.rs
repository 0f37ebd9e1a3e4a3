//! Verdicts as JSON, and exit codes: the same on every surface (claims.md 6).

use crate::consensus::Equivocation;
use crate::error::Error;
use crate::facts::{Claim, Difference, Execution, Operator, Request, Sealed, WarnedOn};
use crate::primitives::Address;
use crate::uncovered::Unsupported;
use crate::verdict::{AsOf, Check, HeaderRef, Missing, NotReached, Note, State, StuckReason, TransferVerdict, Verdict};
use crate::verify::{Anchored, Completeness, Report};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::Serialize;

/// The JSON form of a whole report: what `--json` prints and what JavaScript gets.
#[derive(Clone, Debug, Serialize)]
pub struct ReportJson<'r> {
    /// One verdict for each transfer.
    pub transfers: &'r [TransferVerdict],
    /// What came of a claimed equivocation; none or one.
    pub equivocations: Vec<Claimed<'r, Equivocation>>,
    /// Whether the transfers are proven to be all that were ever requested; `null` where nobody
    /// claims it.
    pub complete: Option<bool>,
    /// Whether they are proven to be all of the claimed range; `null` where nobody claims it.
    pub complete_in_range: Option<bool>,
    /// What came of that claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completeness: Option<Claimed<'r, Completeness>>,
    /// What came of a claimed anchor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchored: Option<Claimed<'r, Anchored>>,
    /// How the chains were followed and who sealed their heads.
    pub chains: &'r [Check],
    /// The seals of both heads, and those that make each request, execution and `as_of` final.
    pub seals: &'r [Sealed],
    /// Votes on both chains that no governing node cast.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub warned_votes: &'r [WarnedOn],
}

impl<'r> ReportJson<'r> {
    /// The JSON form of `report`.
    #[must_use]
    pub fn new(report: &'r Report) -> Self {
        let complete =
            |holds: fn(&Completeness) -> bool| report.complete.as_ref().map(|found| found.as_ref().is_ok_and(holds));
        Self {
            transfers: &report.transfers,
            equivocations: report.equivocation.iter().map(Claimed::new).collect(),
            complete: complete(|found| found.complete),
            complete_in_range: complete(|found| found.complete_in_range),
            completeness: report.complete.as_ref().map(Claimed::new),
            anchored: report.anchored.as_ref().map(Claimed::new),
            chains: &report.chains,
            seals: &report.seals,
            warned_votes: &report.warned_votes,
        }
    }
}

/// What came of a claim beside the transfers.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Claimed<'r, T> {
    /// It holds; `verdict` is `proven`.
    Proven {
        /// `proven`.
        verdict: &'static str,
        /// What is proven.
        #[serde(flatten)]
        found: &'r T,
    },
    /// It is not proven.
    Refused {
        /// The verdict's name.
        verdict: &'static str,
        /// Its code.
        code: Option<&'static str>,
        /// In words.
        detail: Option<String>,
    },
}

impl<'r, T> Claimed<'r, T> {
    fn new(found: &'r Result<T, Verdict>) -> Self {
        match found {
            Ok(found) => Self::Proven { verdict: "proven", found },
            Err(verdict) => Self::Refused { verdict: verdict.name(), code: verdict.code(), detail: verdict.detail() },
        }
    }
}

/// The JSON form of one transfer's verdict.
#[derive(Serialize)]
pub(crate) struct TransferJson<'a> {
    from: &'a str,
    to: &'a str,
    source_bridge: Address,
    destination_bridge: Address,
    nonce: u64,
    verdict: &'static str,
    state: Option<&'static str>,
    reason: Option<&'static str>,
    code: Option<&'static str>,
    detail: Option<String>,
    /// What is not covered, and where; only for that verdict.
    unsupported: Option<&'a Unsupported>,
    culprits: &'a [Address],
    dissenters: &'a [Address],
    votes: Option<u32>,
    threshold: Option<u32>,
    notes: Vec<&'static str>,
    request: Option<&'a Request>,
    execution: Option<&'a Execution>,
    differences: &'a [Difference],
    claim: Option<&'a Claim>,
    /// The first vote of each kind on each chain that no governing node cast, where a note says so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warned_votes: Vec<&'a WarnedOn>,
    operators: Option<&'a [Operator]>,
    votes_as_of: Option<HeaderRef>,
    as_of: AsOf,
    checks: &'a [Check],
}

pub(crate) fn transfer_json(transfer: &TransferVerdict) -> TransferJson<'_> {
    let state = transfer.verdict.state();
    let facts = &transfer.facts;
    let votes = state.and_then(State::votes);
    let notes: &[Note] = match &transfer.verdict {
        Verdict::Proven { notes, .. } => notes,
        _ => &[],
    };
    TransferJson {
        from: &transfer.from,
        to: &transfer.to,
        source_bridge: transfer.source_bridge,
        destination_bridge: transfer.destination_bridge,
        nonce: transfer.nonce,
        verdict: transfer.verdict.name(),
        state: state.map(State::name),
        reason: state.and_then(State::reason),
        code: transfer.verdict.code(),
        detail: transfer.verdict.detail(),
        unsupported: match &transfer.verdict {
            Verdict::Unsupported(unsupported) => Some(unsupported),
            _ => None,
        },
        culprits: state.map(State::culprits).unwrap_or_default(),
        dissenters: &transfer.dissenters,
        votes: votes.map(|(votes, _)| votes),
        threshold: votes.map(|(_, of)| of).or(facts.votes.as_ref().and_then(|votes| votes.threshold)),
        notes: notes.iter().map(Note::code).collect(),
        request: facts.request.as_ref(),
        execution: facts.execution.as_ref(),
        differences: state.map(State::differences).unwrap_or_default(),
        claim: notes.iter().find_map(Note::claim),
        warned_votes: notes.iter().filter_map(Note::warned_vote).collect(),
        operators: facts.votes.as_ref().map(|votes| votes.operators.as_slice()),
        votes_as_of: facts.votes.as_ref().and_then(|votes| votes.later),
        as_of: transfer.as_of,
        checks: &transfer.checks,
    }
}

impl Verdict {
    /// One sentence on what stands in the way or what is special; `None` where the state says it all.
    #[must_use]
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::Proven { state: State::Stuck { reason, .. }, .. } => Some(reason.sentence()),
            Self::Proven { .. } => None,
            Self::NotYetTrusted(reason) => Some(reason.sentence()),
            Self::Incomplete { missing } => Some(missing.sentence()),
            Self::Unsupported(unsupported) => Some(unsupported.to_string()),
            Self::Invalid(error) => Some(error.to_string()),
        }
    }

    /// The exit code for this verdict alone, on a bundle (claims.md 6). 0 is for scripts that look
    /// no further, so a warning takes it away.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Proven { state: State::Handled { .. }, .. } if self.is_clean() => 0,
            Self::Proven { state: State::Fraud { .. } | State::Attempted { .. }, .. } => 1,
            // The bundle is not to blame for a trust file that cannot be used.
            Self::Invalid(Error::Trust(_)) => 3,
            Self::Invalid(_) => 1,
            _ => 2,
        }
    }
}

/// The worst of several exit codes: 1, then 4, 3, 2, 0 (claims.md 6).
#[must_use]
pub fn worst_exit_code(codes: impl IntoIterator<Item = u8>) -> u8 {
    const WORST_FIRST: [u8; 5] = [64, 1, 4, 3, 2];
    let codes: Vec<u8> = codes.into_iter().collect();
    WORST_FIRST.into_iter().find(|code| codes.contains(code)).unwrap_or(0)
}

impl StuckReason {
    fn sentence(&self) -> String {
        match self {
            Self::DeliveryReverted { block, gas_limit, gas_used, status } => alloc::format!(
                "the last attempt reverted: block {block}, status {status:#x}, gas {gas_used} of {gas_limit}"
            ),
            Self::VotesDiffer => "operators voted differently, and no vote can reach the threshold".to_string(),
            Self::NoLiquidity { balance, amount } => {
                alloc::format!("the destination bridge holds {balance}, the transfer needs {amount}")
            }
            Self::VotesMissing { age } => alloc::format!("votes are missing {age} s after the request"),
            Self::BridgePaused { resume: 0 } => "the destination bridge is paused".to_string(),
            Self::BridgePaused { resume } => {
                alloc::format!("the destination bridge is paused; its owner may resume it at time {resume}")
            }
            Self::OutflowLimit { may_leave: true, source_bound: true, .. } => {
                "the outflow limit lets it leave now, by anybody's call too".to_string()
            }
            Self::OutflowLimit { may_leave: true, .. } => "the outflow limit lets it leave now".to_string(),
            Self::OutflowLimit { until, amount, room, .. } => alloc::format!(
                "the outflow limit lets {room} leave now, the transfer needs {amount}; at time {until} it may leave"
            ),
        }
    }
}

impl NotReached {
    fn sentence(&self) -> String {
        match self {
            Self::Height { chain, have, need } => {
                alloc::format!("chain {chain} is trusted up to block {have}, block {need} is needed")
            }
            Self::Time { chain, have, need } => {
                alloc::format!("chain {chain} is trusted up to time {have}, a header of time {need} or later is needed")
            }
            Self::Stale { chain, have, need } => {
                alloc::format!("the newest header of chain {chain} is {have} s old, at most {need} s are allowed")
            }
            Self::TrustExpired { chain, have, need } => {
                alloc::format!("the trusted header of chain {chain} is {have} s old, the trusting period is {need} s")
            }
            Self::Clock { chain, have, need } => alloc::format!(
                "the header of chain {chain} is {} s ahead of this machine's clock, which seems to be behind",
                need.saturating_sub(*have)
            ),
            Self::BelowCheckpoint { chain, have, .. } => {
                alloc::format!("it lies at or below block {have} of chain {chain}, where the trust begins")
            }
            Self::JumpNotAllowed { chain, have, need } => {
                alloc::format!("chain {chain}: headers from {have} to {need} are skipped, and the trust allows no jump")
            }
        }
    }
}

impl Missing {
    fn sentence(&self) -> String {
        match self {
            Self::Request => "the source counts this request; its event is not shown".to_string(),
            Self::Handle => "the destination has executed this nonce; the handle event is not shown".to_string(),
            Self::Votes => "the destination's votes for this nonce are not shown".to_string(),
            Self::VoteCall { key } => alloc::format!("the calldata of vote {key} is not shown"),
            Self::BridgeState { chain, number: Some(number) } => {
                alloc::format!("the bridge's state on {chain} at or after block {number} is not shown")
            }
            Self::BridgeState { chain, number: None } => {
                alloc::format!("the bridge's state on {chain} is not shown")
            }
            Self::Slot { chain, number, slot } => {
                alloc::format!("storage slot {slot} of the bridge on {chain} at block {number} is not shown")
            }
            Self::LaterProposers { chain, number, have, need } => alloc::format!(
                "{need} distinct proposers on {chain} after block {number} bound its time; headers of {have} are shown"
            ),
            Self::Header { chain, number } => alloc::format!("header {number} of {chain} is not shown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_handled_transfer_without_warnings_ends_with_0() {
        let handled = |notes| Verdict::Proven { state: State::Handled { votes: 2, of: 2 }, notes };
        let note = Note::VotesByTransactions;
        assert!(!note.is_warning());
        assert_eq!(handled(alloc::vec![note.clone()]).exit_code(), 0);
        assert_eq!(handled(alloc::vec![note, Note::LowLiquidity]).exit_code(), 2);
    }

    #[test]
    fn a_trust_file_without_a_bridge_does_not_make_the_bundle_false() {
        assert_eq!(Verdict::Invalid(crate::trust::TrustError::NoBridge.into()).exit_code(), 3);
        assert_eq!(Verdict::Invalid(crate::bundle::BundleError::Chains.into()).exit_code(), 1);
    }

    #[test]
    fn the_worst_exit_code_wins_in_the_order_of_the_claims() {
        assert_eq!(worst_exit_code([]), 0);
        assert_eq!(worst_exit_code([0, 2, 3, 4, 1]), 1);
        assert_eq!(worst_exit_code([0, 2, 3, 4]), 4);
        assert_eq!(worst_exit_code([2, 3]), 3);
        assert_eq!(worst_exit_code([0, 2]), 2);
    }
}
