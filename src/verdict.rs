//! What Spanlight says: verdicts, the states of a transfer, and the checks that led there.
//!
//! One vocabulary for every surface. A verdict never collapses "unknown" into "yes": where something is missing it says
//! what, where trust does not reach it says how far it does.

use crate::error::Error;
use crate::facts::{Claim, Difference, Facts, WarnedOn};
use crate::primitives::{Address, Hash, U256};
use crate::uncovered::Unsupported;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Serialize, Serializer};

/// The answer to one claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every check that the state needs has passed.
    Proven {
        /// What is proven.
        state: State,
        /// What a careful reader should know beside it.
        notes: Vec<Note>,
    },
    /// Nothing is wrong, but the trust given does not reach.
    NotYetTrusted(NotReached),
    /// A proof that the state needs is not there.
    Incomplete {
        /// What is missing.
        missing: Missing,
    },
    /// A rule or form that this build or this trust does not cover.
    Unsupported(Unsupported),
    /// Something supplied is false or malformed.
    Invalid(Error),
}

impl Verdict {
    /// The verdict's name on every surface.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Proven { .. } => "proven",
            Self::NotYetTrusted(_) => "not_yet_trusted",
            Self::Incomplete { .. } => "incomplete",
            Self::Unsupported(_) => "unsupported",
            Self::Invalid(_) => "invalid",
        }
    }

    /// The proven state, if there is one.
    #[must_use]
    pub const fn state(&self) -> Option<&State> {
        match self {
            Self::Proven { state, .. } => Some(state),
            _ => None,
        }
    }

    /// The stable code of what stands in the way, for every verdict but a proven one.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Proven { .. } => None,
            Self::NotYetTrusted(reason) => Some(reason.code()),
            Self::Incomplete { missing } => Some(missing.code()),
            Self::Unsupported(unsupported) => Some(unsupported.what.code()),
            Self::Invalid(error) => Some(error.code()),
        }
    }

    /// Only this may be shown green: handled, and without a note that warns.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        match self {
            Self::Proven { state: State::Handled { .. }, notes } => !notes.iter().any(Note::is_warning),
            _ => false,
        }
    }
}

/// The state of a transfer (source chain, source bridge, request nonce).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Requested, open on the destination, no counted vote for what was requested.
    Requested,
    /// Requested, open, and some votes for what was requested, fewer than the threshold.
    Voting {
        /// Counted votes for the right key.
        votes: u32,
        /// The threshold.
        of: u32,
    },
    /// Request and execution match, by at least the threshold of distinct operators.
    Handled {
        /// Counted votes for the executed key.
        votes: u32,
        /// The threshold at the deciding vote.
        of: u32,
    },
    /// Requested and open, with evidence of why it does not move.
    Stuck {
        /// Why.
        reason: StuckReason,
        /// Counted votes for the right key.
        votes: u32,
        /// The threshold.
        of: u32,
    },
    /// Executed, and not as requested.
    Fraud {
        /// How it differs.
        kind: FraudKind,
        /// Operators whose live vote is the executed key, ascending.
        culprits: Vec<Address>,
        /// Counted votes for the executed key.
        votes: u32,
        /// The threshold at the deciding vote.
        of: u32,
    },
    /// Votes for a transfer that nobody requested; nothing executed.
    Attempted {
        /// Operators with such a live vote, ascending.
        culprits: Vec<Address>,
        /// Most votes that one key has.
        votes: u32,
        /// The threshold.
        of: u32,
    },
    /// No request, no vote, no execution.
    Unrequested,
}

impl State {
    /// The state's name on every surface.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Voting { .. } => "voting",
            Self::Handled { .. } => "handled",
            Self::Stuck { .. } => "stuck",
            Self::Fraud { .. } => "fraud",
            Self::Attempted { .. } => "attempted",
            Self::Unrequested => "unrequested",
        }
    }

    /// The reason's code, where the state has one.
    #[must_use]
    pub const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Stuck { reason, .. } => Some(reason.code()),
            Self::Fraud { kind, .. } => Some(kind.code()),
            _ => None,
        }
    }

    /// Operators who voted for something that was not requested.
    #[must_use]
    pub fn culprits(&self) -> &[Address] {
        match self {
            Self::Fraud { culprits, .. } | Self::Attempted { culprits, .. } => culprits,
            _ => &[],
        }
    }

    /// Every difference between request and execution, where the state is fraud because of them.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        match self {
            Self::Fraud { kind: FraudKind::Differs(differences), .. } => differences,
            _ => &[],
        }
    }

    /// Votes counted and the threshold, where the state has them.
    #[must_use]
    pub const fn votes(&self) -> Option<(u32, u32)> {
        match self {
            Self::Voting { votes, of }
            | Self::Handled { votes, of }
            | Self::Stuck { votes, of, .. }
            | Self::Fraud { votes, of, .. }
            | Self::Attempted { votes, of, .. } => Some((*votes, *of)),
            Self::Requested | Self::Unrequested => None,
        }
    }
}

/// Why a requested transfer does not move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StuckReason {
    /// All votes but the last are counted, and the last attempt of another operator failed. It says only that the last
    /// attempt failed, never that the transfer can never be delivered.
    DeliveryReverted {
        /// Block of the failed attempt on the destination chain.
        block: u64,
        /// Its gas limit: too little gas is another way to fail.
        gas_limit: u64,
        /// Gas it used.
        gas_used: u64,
        /// Status code of the receipt.
        status: u64,
    },
    /// Operators' votes differ so that no key can reach the threshold.
    VotesDiffer,
    /// The destination bridge holds less coin than the transfer needs.
    NoLiquidity {
        /// Balance proven.
        balance: U256,
        /// Amount needed.
        amount: U256,
    },
    /// Older than the trust's patience, and votes are missing.
    VotesMissing {
        /// Seconds since the request.
        age: u64,
    },
    /// The destination bridge is paused: it takes no votes until it is resumed (bridge version 2).
    BridgePaused {
        /// When its owner may resume it; zero where that is not scheduled. Operators may at any
        /// time.
        resume: u64,
    },
    /// The votes are there, and the outflow limit of the destination bridge held the transfer back
    /// (bridge version 2).
    OutflowLimit {
        /// When it may leave at the latest.
        until: u64,
        /// What is to leave.
        amount: U256,
        /// What may leave at once.
        room: U256,
        /// Whether it may leave by now; then somebody has to tell the bridge.
        may_leave: bool,
        /// Whether the bridge is bound to its source: only then may anybody tell it, and not just
        /// an operator.
        source_bound: bool,
    },
}

impl StuckReason {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::DeliveryReverted { .. } => "delivery_reverted",
            Self::VotesDiffer => "votes_differ",
            Self::NoLiquidity { .. } => "no_liquidity",
            Self::VotesMissing { .. } => "votes_missing",
            Self::BridgePaused { .. } => "bridge_paused",
            Self::OutflowLimit { .. } => "outflow_limit",
        }
    }
}

/// How an execution differs from what the source chain says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FraudKind {
    /// The source's request count at or after the named block shows that the nonce was never requested.
    NeverRequested,
    /// The named request block did not exist when the transfer was executed. Rests on block times.
    NamedBlockDidNotExist,
    /// A request with this nonce exists and the execution differs from it (M1 to M11).
    Differs(Vec<Difference>),
}

impl FraudKind {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NeverRequested => "never_requested",
            Self::NamedBlockDidNotExist => "named_block_did_not_exist",
            Self::Differs(_) => "differs",
        }
    }
}

/// What a careful reader should know beside a proven state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The votes are shown as transactions: k operators said so; that no later vote took one back is the contract's word.
    VotesByTransactions,
    /// The votes were read from a state later than the execution's, as they are recorded for good
    /// once a nonce is closed. Who could vote at the decision, and the threshold then, is the
    /// contract's word.
    VotesFromLaterState {
        /// Block of the execution.
        executed: u64,
        /// Block of the state.
        read: u64,
        /// Whether fewer voters are recorded than the threshold of that later state.
        too_few: bool,
    },
    /// The deciding votes came as signatures that somebody brought. They are counted by the state; who signed was checked too.
    VotesBySignatures,
    /// The value could not be delivered; the bridge keeps it for its recipient, or kept it until it was claimed.
    Claimable(Claim),
    /// This operator's vote was counted by the contract, but it was no operator at the deciding vote: not counted here.
    ExOperatorVote(Address),
    /// The threshold or the voters' membership differs at the two ends of the deciding block; the stricter end is used.
    OperatorsChangedInBlock,
    /// The destination token registered for the source token changed after the request.
    TokenMappingChanged,
    /// The verdict rests on the block times of two chains, within the profile's clock skew.
    RestsOnBlockTimes,
    /// Headers were skipped by a jump: council votes and parameter changes inside it are unseen.
    JumpedHeaders {
        /// Chain of the jump.
        chain: String,
    },
    /// The bridge also holds less coin than the transfer needs.
    LowLiquidity,
    /// The BLS half of the Randao rule is not checked on this chain.
    RandomRevealUnchecked {
        /// The chain.
        chain: String,
    },
    /// The chain followed a vote that was not the governing node's, in mode "single".
    VoteByOther(WarnedOn),
    /// The chain followed a member's vote in mode "none", on validators or on what a verifier
    /// needs.
    VoteByMember(WarnedOn),
    /// More committee members than seats: signers were not checked to be in the committee on this chain.
    CommitteeUnchecked {
        /// The chain.
        chain: String,
    },
}

impl Note {
    /// Whether the note takes the green away from a handled transfer.
    #[must_use]
    pub const fn is_warning(&self) -> bool {
        !matches!(
            self,
            Self::RandomRevealUnchecked { .. }
                | Self::CommitteeUnchecked { .. }
                | Self::VotesByTransactions
                | Self::VotesFromLaterState { .. }
                | Self::VotesBySignatures
        )
    }

    /// What could not be delivered, where the note is about that.
    #[must_use]
    pub const fn claim(&self) -> Option<&Claim> {
        match self {
            Self::Claimable(claim) => Some(claim),
            _ => None,
        }
    }

    /// The vote, where the note is about one that no governing node cast.
    #[must_use]
    pub const fn warned_vote(&self) -> Option<&WarnedOn> {
        match self {
            Self::VoteByOther(vote) | Self::VoteByMember(vote) => Some(vote),
            _ => None,
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::VotesByTransactions => "votes_by_transactions",
            Self::VotesFromLaterState { .. } => "votes_from_later_state",
            Self::VotesBySignatures => "votes_by_signatures",
            Self::Claimable(_) => "claimable",
            Self::ExOperatorVote(_) => "ex_operator_vote",
            Self::OperatorsChangedInBlock => "operators_changed_in_block",
            Self::TokenMappingChanged => "token_mapping_changed",
            Self::RestsOnBlockTimes => "rests_on_block_times",
            Self::JumpedHeaders { .. } => "jumped_headers",
            Self::LowLiquidity => "low_liquidity",
            Self::RandomRevealUnchecked { .. } => "random_reveal_unchecked",
            Self::CommitteeUnchecked { .. } => "committee_unchecked",
            Self::VoteByOther(_) => "vote_by_other",
            Self::VoteByMember(_) => "vote_by_member",
        }
    }
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// Why trust does not reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotReached {
    /// The chain is trusted up to a lower height than needed.
    Height {
        /// The chain.
        chain: String,
        /// Trusted up to here.
        have: u64,
        /// Needed.
        need: u64,
    },
    /// The chain is trusted up to an earlier time than needed.
    Time {
        /// The chain.
        chain: String,
        /// Time of the newest header.
        have: u64,
        /// Time needed.
        need: u64,
    },
    /// The newest header given is older than the trust's `max_age`.
    Stale {
        /// The chain.
        chain: String,
        /// Seconds since the header's time.
        have: u64,
        /// Most seconds allowed.
        need: u64,
    },
    /// The checkpoint, or the last verified header before a jump, is older than the trusting period.
    TrustExpired {
        /// The chain.
        chain: String,
        /// Seconds since that header's time.
        have: u64,
        /// The trusting period.
        need: u64,
    },
    /// A header is ahead of the clock of whoever verifies it, by more than the trust's tolerance.
    Clock {
        /// The chain.
        chain: String,
        /// The clock, in unix seconds.
        have: u64,
        /// The header's time, in unix seconds.
        need: u64,
    },
    /// It lies at or below the checkpoint, where no header is followed.
    BelowCheckpoint {
        /// The chain.
        chain: String,
        /// The checkpoint's height.
        have: u64,
        /// A checkpoint is needed that is no higher than this.
        need: u64,
    },
    /// The bundle jumps over headers and the trust does not allow it.
    JumpNotAllowed {
        /// The chain.
        chain: String,
        /// Followed up to here.
        have: u64,
        /// First header jumped to.
        need: u64,
    },
}

impl NotReached {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Height { .. } => "not_yet_trusted.height",
            Self::Time { .. } => "not_yet_trusted.time",
            Self::Stale { .. } => "not_yet_trusted.stale",
            Self::TrustExpired { .. } => "not_yet_trusted.trust_expired",
            Self::Clock { .. } => "not_yet_trusted.clock",
            Self::BelowCheckpoint { .. } => "not_yet_trusted.below_checkpoint",
            Self::JumpNotAllowed { .. } => "not_yet_trusted.jump_not_allowed",
        }
    }

    /// What is given and what is needed.
    #[must_use]
    pub const fn have_need(&self) -> (u64, u64) {
        match self {
            Self::Height { have, need, .. }
            | Self::Time { have, need, .. }
            | Self::Stale { have, need, .. }
            | Self::TrustExpired { have, need, .. }
            | Self::Clock { have, need, .. }
            | Self::BelowCheckpoint { have, need, .. }
            | Self::JumpNotAllowed { have, need, .. } => (*have, *need),
        }
    }
}

/// A proof that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// The request event: the source says it was made.
    Request,
    /// The handle event: the destination says it was executed.
    Handle,
    /// The destination bridge's votes for the nonce.
    Votes,
    /// The calldata whose hash is this vote key.
    VoteCall {
        /// The key.
        key: Hash,
    },
    /// The bridge's state at a height.
    BridgeState {
        /// The chain.
        chain: String,
        /// The height, or `None` for any.
        number: Option<u64>,
    },
    /// One storage word of the bridge at a height.
    Slot {
        /// The chain.
        chain: String,
        /// The height.
        number: u64,
        /// The slot.
        slot: Hash,
    },
    /// Headers by which as many distinct proposers as a quorum have proposed since a block: only
    /// then its time is bounded.
    LaterProposers {
        /// The chain.
        chain: String,
        /// The block.
        number: u64,
        /// Distinct proposers since, in the followed headers that are there.
        have: u64,
        /// Distinct proposers needed.
        need: u64,
    },
    /// A header between the checkpoint and what is proven.
    Header {
        /// The chain.
        chain: String,
        /// The height.
        number: u64,
    },
}

impl Missing {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Request => "missing.request",
            Self::Handle => "missing.handle",
            Self::Votes => "missing.votes",
            Self::VoteCall { .. } => "missing.vote_call",
            Self::BridgeState { .. } => "missing.bridge_state",
            Self::Slot { .. } => "missing.slot",
            Self::LaterProposers { .. } => "missing.later_proposers",
            Self::Header { .. } => "missing.header",
        }
    }
}

/// One header to which a verdict refers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HeaderRef {
    /// Block number.
    pub number: u64,
    /// Block hash.
    pub hash: Hash,
    /// Unix seconds.
    pub time: u64,
}

/// The heights as of which a verdict holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AsOf {
    /// Newest verified header of the source chain.
    pub source: Option<HeaderRef>,
    /// Newest verified header of the destination chain.
    pub destination: Option<HeaderRef>,
}

/// How one check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The rule holds.
    Passed,
    /// The rule does not hold.
    Failed,
}

/// One rule that was checked, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The rule's id, for example `M5`.
    pub id: &'static str,
    /// The rule in words.
    pub rule: &'static str,
    /// Where the rule stands.
    pub source: &'static str,
    /// What it was checked on: names and values.
    pub inputs: Vec<(&'static str, String)>,
    /// How it ended.
    pub outcome: Outcome,
}

/// The verdict on one transfer, with all that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransferVerdict {
    /// Source chain.
    pub from: String,
    /// Destination chain.
    pub to: String,
    /// Source bridge.
    pub source_bridge: Address,
    /// Destination bridge.
    pub destination_bridge: Address,
    /// Request nonce.
    pub nonce: u64,
    /// The verdict.
    pub verdict: Verdict,
    /// Operators with a live vote for another key than the one requested or executed, ascending.
    pub dissenters: Vec<Address>,
    /// What is proven of the transfer beside its state.
    pub facts: Facts,
    /// Heights as of which it holds.
    pub as_of: AsOf,
    /// Every check in order.
    pub checks: Vec<Check>,
}

impl Serialize for TransferVerdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        crate::report::transfer_json(self).serialize(serializer)
    }
}
