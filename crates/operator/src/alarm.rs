//! What an operator raises the alarm for. Each alarm is logged, counted and written down.

pub use crate::notice::Subject;
use spanlight::verdict::NotReached;
use spanlight::{Address, Hash};
use std::fmt;

/// Something that a person should look at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Alarm {
    /// This account is no operator of the destination bridge.
    NotOperator {
        /// The account.
        account: Address,
    },
    /// The keys that this operator has for an account do not sign for it.
    AccountKey {
        /// The account.
        account: Address,
        /// Why not, and what to do.
        why: &'static str,
    },
    /// A vote of this operator's own account stands that this operator would not cast: somebody else has its key.
    KeyStolen {
        /// The vote key that was voted for.
        voted: Hash,
    },
    /// Another operator voted for something else than what is proven to have been requested.
    ForgedVote {
        /// Who.
        operator: Address,
        /// The vote key of its vote.
        voted: Hash,
    },
    /// Something was executed that was not requested so.
    Fraud {
        /// How it differs.
        kind: String,
        /// Operators whose votes did it.
        culprits: Vec<Address>,
        /// Where the evidence was written.
        evidence: String,
    },
    /// Operators voted for what nobody requested; nothing was executed.
    Attempted {
        /// Who.
        culprits: Vec<Address>,
        /// Where the evidence was written.
        evidence: String,
    },
    /// Further cases like those whose evidence is kept, summed up.
    Further {
        /// The code of the verdict.
        kind: String,
        /// Whether something was executed.
        executed: bool,
        /// Who.
        culprits: Vec<Address>,
        /// How many of them this session saw.
        count: u64,
        /// The last one's nonce.
        last: u64,
        /// Why their evidence is not kept.
        reason: String,
    },
    /// Something on the destination does not fit what is known of this nonce, and could not be judged.
    Unjudged,
    /// The delivery would fail; the nonce is parked.
    Parked {
        /// In the node's words.
        reason: String,
    },
    /// So many votes for a transfer reverted in a block that no more is sent for it.
    VotesRevert {
        /// How many.
        reverts: u32,
        /// What a person says to have it tried again.
        command: String,
    },
    /// The source counts a request that lies before the block from which this operator follows.
    RequestBeforeCheckpoint,
    /// No endpoint gave what a block holds, or the state of its bridge there.
    UnreadBlock {
        /// The chain.
        chain: String,
        /// The block.
        block: u64,
        /// The code of what stands in the way.
        code: &'static str,
    },
    /// This machine's clock is behind the verified blocks of a chain by more than the trust
    /// tolerates; the newest wait.
    Clock {
        /// The chain.
        chain: String,
        /// By so many seconds, at least.
        behind: u64,
    },
    /// The heads of both chains move and are too old by the same: this machine's clock is ahead.
    ClockAhead {
        /// By so many seconds, about.
        ahead: u64,
    },
    /// The newest checkpoint to start from is older than it may be: its chain is not followed.
    CheckpointTooOld {
        /// The chain.
        chain: String,
        /// The checkpoint's block.
        block: u64,
        /// Seconds since it was verified, or made.
        age: u64,
        /// Seconds for which it is believed.
        most: u64,
    },
    /// No endpoint of a chain shows a block after this time: the chain makes none, or all endpoints
    /// keep them back.
    ChainStands {
        /// The chain.
        chain: String,
        /// Unix time of its newest block.
        since: u64,
    },
    /// Catching up with the source gets nowhere.
    CatchUp {
        /// The chain.
        chain: String,
        /// The block up to which it is searched.
        block: u64,
        /// Seconds since that block's time.
        behind: u64,
        /// Seconds without any progress.
        stands: u64,
    },
    /// Every endpoint shows heads of a chain that move and are too old: the clock is ahead, or all
    /// endpoints are behind.
    OldHeads {
        /// The chain.
        chain: String,
        /// Seconds since the newest block's time.
        age: u64,
    },
    /// An endpoint was put aside.
    Endpoint {
        /// What was found.
        finding: String,
    },
    /// An account holds too little coin.
    LowBalance {
        /// Whose.
        account: Address,
        /// What for.
        what: &'static str,
        /// Where.
        chain: String,
        /// What it holds, in peb.
        held: String,
        /// What it should hold at least, in peb.
        least: String,
    },
    /// The account that pays cannot pay for a transaction; what it would have to pay for waits.
    NoCoin {
        /// Whose.
        account: Address,
        /// What it has to hold for one, in peb.
        needed: String,
        /// What it holds, in peb.
        held: String,
    },
    /// The lowest of the account nonces on their way has not come into a block for a while: all
    /// others wait for it.
    SendStuck {
        /// The account nonce.
        account_nonce: u64,
        /// For so many blocks.
        blocks: u64,
        /// What is known of it.
        why: String,
    },
    /// The operator's key is also the owner's of the bridge: whoever steals it owns the bridge.
    OperatorIsOwner {
        /// The account.
        account: Address,
    },
    /// The price asked for gas is above the configured limit; nothing is sent.
    GasPrice {
        /// In peb.
        asked: String,
    },
    /// A key cannot be used right now; what it has to sign waits.
    KeyUnavailable {
        /// Why.
        reason: String,
    },
    /// The store does not answer, or takes nothing: whatever has to be written down waits.
    Store {
        /// Why.
        reason: String,
    },
    /// A worker panicked, ended or hangs; another one is started.
    Worker {
        /// What happened.
        what: String,
    },
    /// This account is to anchor, and the trust does not list it.
    NotAnchoring {
        /// The account.
        account: Address,
    },
    /// An anchoring account has anchored another block than the verified one.
    WrongAnchor {
        /// Who.
        account: Address,
        /// The block's number.
        number: u64,
    },
    /// Votes are to be signatures, and the bridge is not bound to this source, or is of an older version.
    NotBound,
    /// The bridge's code is not accepted by the trust.
    UnknownCode {
        /// Its hash.
        code: Hash,
    },
    /// The bridge was paused or resumed, or its rules have changed.
    BridgeChanged {
        /// What it is about.
        subject: Subject,
        /// In words.
        what: String,
        /// The block that did it.
        block: u64,
        /// Which event of that block it was.
        place: usize,
    },
    /// The owner has announced a change of the bridge.
    ChangeScheduled {
        /// Which announcement.
        number: u64,
        /// The call, in words.
        call: String,
        /// Unix time from which on the owner may make it.
        ready: u64,
    },
    /// An announced change may be made now.
    ChangeReady {
        /// Which announcement.
        number: u64,
        /// The call, in words.
        call: String,
        /// Unix time until which the owner may make it.
        until: u64,
    },
    /// The owner has made an announced change.
    ChangeMade {
        /// Which announcement.
        number: u64,
        /// The call, in words.
        call: String,
    },
    /// Operators have ended an announcement.
    ChangeCancelled {
        /// Which announcement.
        number: u64,
        /// The call, in words; empty where it was not known.
        call: String,
    },
    /// The transfer was executed and could not be delivered: the bridge keeps its value for the
    /// recipient.
    Undelivered,
}

/// Every code that [`Alarm::code`] gives.
pub const CODES: [&str; 44] = [
    "account_key",
    "attempted",
    "bridge_paused",
    "bridge_resumed",
    "catch_up",
    "chain_stands",
    "change_cancelled",
    "change_made",
    "change_ready",
    "change_scheduled",
    "checkpoint_too_old",
    "clock",
    "delay_changed",
    "endpoint",
    "forged_vote",
    "fraud",
    "gas_price",
    "guardian_changed",
    "key_stolen",
    "key_unavailable",
    "limits_changed",
    "low_balance",
    "no_coin",
    "not_anchoring",
    "not_bound",
    "not_operator",
    "old_heads",
    "operator_is_owner",
    "operators_changed",
    "owner_changed",
    "parked",
    "request_before_checkpoint",
    "resume_scheduled",
    "send_stuck",
    "settings_changed",
    "store",
    "threshold_changed",
    "undelivered",
    "unjudged",
    "unknown_code",
    "unread_block",
    "votes_revert",
    "worker",
    "wrong_anchor",
];

impl Alarm {
    /// Whether a process that stood still may take its own silence for it.
    #[must_use]
    pub const fn may_be_of_slumber(&self) -> bool {
        matches!(
            self,
            Self::Endpoint { .. }
                | Self::ChainStands { .. }
                | Self::OldHeads { .. }
                | Self::ClockAhead { .. }
                | Self::UnreadBlock { .. }
                | Self::KeyUnavailable { .. }
                | Self::Store { .. }
                | Self::CatchUp { .. }
        )
    }

    /// The alarm, where this reason is a clock that is behind.
    #[must_use]
    pub fn of_clock(reason: &NotReached) -> Option<Self> {
        match reason {
            NotReached::Clock { chain, have, need } => {
                Some(Self::Clock { chain: chain.clone(), behind: need.saturating_sub(*have) })
            }
            _ => None,
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotOperator { .. } => "not_operator",
            Self::AccountKey { .. } => "account_key",
            Self::KeyStolen { .. } => "key_stolen",
            Self::ForgedVote { .. } => "forged_vote",
            Self::Fraud { .. } | Self::Further { executed: true, .. } => "fraud",
            Self::Attempted { .. } | Self::Further { executed: false, .. } => "attempted",
            Self::Unjudged => "unjudged",
            Self::Parked { .. } => "parked",
            Self::VotesRevert { .. } => "votes_revert",
            Self::RequestBeforeCheckpoint => "request_before_checkpoint",
            Self::UnreadBlock { .. } => "unread_block",
            Self::Clock { .. } | Self::ClockAhead { .. } => "clock",
            Self::CheckpointTooOld { .. } => "checkpoint_too_old",
            Self::ChainStands { .. } => "chain_stands",
            Self::OldHeads { .. } => "old_heads",
            Self::CatchUp { .. } => "catch_up",
            Self::Endpoint { .. } => "endpoint",
            Self::LowBalance { .. } => "low_balance",
            Self::NoCoin { .. } => "no_coin",
            Self::SendStuck { .. } => "send_stuck",
            Self::OperatorIsOwner { .. } => "operator_is_owner",
            Self::GasPrice { .. } => "gas_price",
            Self::KeyUnavailable { .. } => "key_unavailable",
            Self::Store { .. } => "store",
            Self::Worker { .. } => "worker",
            Self::NotAnchoring { .. } => "not_anchoring",
            Self::WrongAnchor { .. } => "wrong_anchor",
            Self::NotBound => "not_bound",
            Self::UnknownCode { .. } => "unknown_code",
            Self::BridgeChanged { subject: Subject::Paused, .. } => "bridge_paused",
            Self::BridgeChanged { subject: Subject::ResumeScheduled, .. } => "resume_scheduled",
            Self::BridgeChanged { subject: Subject::Resumed, .. } => "bridge_resumed",
            Self::BridgeChanged { subject: Subject::Owner, .. } => "owner_changed",
            Self::BridgeChanged { subject: Subject::Operators, .. } => "operators_changed",
            Self::BridgeChanged { subject: Subject::Threshold, .. } => "threshold_changed",
            Self::BridgeChanged { subject: Subject::Limits, .. } => "limits_changed",
            Self::BridgeChanged { subject: Subject::Delay, .. } => "delay_changed",
            Self::BridgeChanged { subject: Subject::Guardian, .. } => "guardian_changed",
            Self::BridgeChanged { subject: Subject::Settings, .. } => "settings_changed",
            Self::ChangeScheduled { .. } => "change_scheduled",
            Self::ChangeReady { .. } => "change_ready",
            Self::ChangeMade { .. } => "change_made",
            Self::ChangeCancelled { .. } => "change_cancelled",
            Self::Undelivered => "undelivered",
        }
    }

    /// What it is about, beside the transfer: alarms of one code, transfer and subject are repeats, whatever their words. What
    /// others choose at will (a vote's key, a block, a node's text, a price) is no part of it.
    #[must_use]
    pub fn subject(&self) -> String {
        let names = |list: &[Address]| list.iter().map(Address::to_string).collect::<Vec<_>>().join(" ");
        match self {
            Self::NotOperator { account }
            | Self::AccountKey { account, .. }
            | Self::OperatorIsOwner { account }
            | Self::NotAnchoring { account }
            | Self::NoCoin { account, .. }
            | Self::WrongAnchor { account, .. } => account.to_string(),
            Self::LowBalance { account, what, .. } => format!("{what} {account}"),
            Self::ForgedVote { operator, .. } => operator.to_string(),
            Self::Fraud { kind, culprits, .. } => format!("{kind} {}", names(culprits)),
            Self::Attempted { culprits, .. } => names(culprits),
            Self::Further { kind, culprits, .. } => format!("further {kind} {}", names(culprits)),
            Self::UnreadBlock { chain, .. }
            | Self::CheckpointTooOld { chain, .. }
            | Self::ChainStands { chain, .. }
            | Self::OldHeads { chain, .. }
            | Self::CatchUp { chain, .. } => chain.clone(),
            // A clock may jump from one side to the other.
            Self::Clock { .. } => "behind".to_owned(),
            Self::ClockAhead { .. } => "ahead".to_owned(),
            Self::Endpoint { finding } => {
                let name = finding.split_whitespace().find(|word| word.contains("://")).unwrap_or_default();
                name.trim_end_matches([':', ',', ';']).to_owned()
            }
            // Each one happened once.
            Self::BridgeChanged { block, place, .. } => format!("{block} {place}"),
            Self::ChangeScheduled { number, .. }
            | Self::ChangeReady { number, .. }
            | Self::ChangeMade { number, .. }
            | Self::ChangeCancelled { number, .. } => number.to_string(),
            Self::Undelivered
            | Self::KeyStolen { .. }
            | Self::Unjudged
            | Self::Parked { .. }
            | Self::VotesRevert { .. }
            | Self::RequestBeforeCheckpoint
            | Self::GasPrice { .. }
            | Self::SendStuck { .. }
            | Self::KeyUnavailable { .. }
            | Self::Store { .. }
            | Self::Worker { .. }
            | Self::NotBound
            | Self::UnknownCode { .. } => String::new(),
        }
    }
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |list: &[Address]| list.iter().map(Address::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::NotOperator { account } => {
                write!(f, "{account} is no operator of the destination bridge: register it")
            }
            Self::AccountKey { account, why } => write!(f, "{account}: {why}"),
            Self::KeyStolen { voted } => {
                write!(
                    f,
                    "this operator's account voted {voted}, which this operator did not: its key is in other hands"
                )
            }
            Self::ForgedVote { operator, voted } => {
                write!(f, "operator {operator} voted {voted}, which is not what was requested")
            }
            Self::Fraud { kind, culprits, evidence } => {
                write!(
                    f,
                    "executed and not as requested ({kind}), by the votes of {}; evidence: {evidence}",
                    names(culprits)
                )
            }
            Self::Attempted { culprits, evidence } => {
                write!(f, "{} voted for what nobody requested; evidence: {evidence}", names(culprits))
            }
            Self::Further { kind, executed, culprits, count, last, reason } => {
                let done = if *executed { "executed and not as requested" } else { "voted for and requested by nobody" };
                write!(
                    f,
                    "{count} more {done} ({kind}), by the votes of {}, the last one nonce {last}; evidence not kept: {reason}",
                    names(culprits)
                )
            }
            Self::Unjudged => f.write_str(
                "a vote or an execution does not fit what is known to be requested, and no endpoint gave the evidence: audit it",
            ),
            Self::Parked { reason } => write!(f, "parked: {reason}"),
            Self::VotesRevert { reverts, command } => write!(
                f,
                "{reverts} votes of this operator's for this transfer were in blocks and reverted, though endpoints said that they would work, and each cost gas: no more is sent until a person says `{command}`"
            ),
            Self::RequestBeforeCheckpoint => f.write_str(
                "the request lies before the block from which this operator follows: give an older checkpoint",
            ),
            Self::UnreadBlock { chain, block, code } => write!(
                f,
                "block {block} of {chain} cannot be read ({code}): add an archive endpoint; it is asked for again and again"
            ),
            Self::Clock { chain, behind } => write!(
                f,
                "this machine's clock seems to be at least {behind} s behind the blocks of {chain}: set it by NTP; blocks that are too far ahead of it wait"
            ),
            Self::ClockAhead { ahead } => write!(
                f,
                "this machine's clock seems to be {ahead} s ahead of both chains: set it by NTP; until then their newest blocks look too old to vote on"
            ),
            Self::CheckpointTooOld { chain, block, age, most } => write!(
                f,
                "the newest checkpoint of {chain} (block {block}) is {age} s old, and this operator believes one for {most} s: put a newer one that you believe into the trust file, or raise chains.{chain}.max_pause_s (docs/operator.md, \"A long pause\")"
            ),
            Self::ChainStands { chain, since } => {
                write!(f, "no endpoint shows a block of {chain} after unix time {since}: it stands still, or all of them keep blocks back")
            }
            Self::OldHeads { chain, age } => write!(
                f,
                "the newest block of {chain} that any endpoint shows is {age} s old, and new ones come: this machine's clock seems to be ahead, or all endpoints are behind"
            ),
            Self::CatchUp { chain, block, behind, stands } => write!(
                f,
                "catching up with {chain} has got no further for {stands} s: it is searched up to block {block}, which is {behind} s old"
            ),
            Self::Endpoint { finding } => f.write_str(finding),
            Self::LowBalance { account, what, chain, held, least } => write!(
                f,
                "{what} {account} holds {held} peb on {chain}, less than the {least} peb that the configuration wants: send it coin"
            ),
            Self::NoCoin { account, needed, held } => write!(
                f,
                "{account} holds {held} peb and needs {needed} peb for one transaction: send it coin; what it would pay for waits"
            ),
            Self::SendStuck { account_nonce, blocks, why } => write!(
                f,
                "the transaction with account nonce {account_nonce} has not come into a block for {blocks} blocks, and all later ones wait for it: {why}"
            ),
            Self::OperatorIsOwner { account } => {
                write!(f, "{account} is both operator and owner of the bridge: use different keys")
            }
            Self::GasPrice { asked } => write!(f, "gas costs {asked} peb, above max_gas_price: nothing is sent"),
            Self::KeyUnavailable { reason } => write!(f, "a key does not sign ({reason}): what needs it waits"),
            Self::Store { reason } => write!(f, "{reason}: nothing is sent until it works again"),
            Self::Worker { what } => write!(f, "{what}; another one is started in its place"),
            Self::NotAnchoring { account } => {
                write!(f, "{account} is to anchor, and is none of the trust's anchoring accounts")
            }
            Self::WrongAnchor { account, number } => {
                write!(f, "{account} has anchored another block {number} than the chain has")
            }
            Self::NotBound => f.write_str(
                "the bridge takes no signatures for this source: it is of an older version, or bindSource was not called",
            ),
            Self::UnknownCode { code } => write!(f, "the bridge runs code {code}, which the trust does not accept"),
            Self::BridgeChanged { what, block, .. } => write!(f, "{what} (in block {block})"),
            Self::ChangeScheduled { number, call, ready } => write!(
                f,
                "the owner has announced change {number}, which may be made from unix time {ready} on: {call}; operators can cancel it until then and after"
            ),
            Self::ChangeReady { number, call, until } => {
                write!(f, "the owner may make the announced change {number} now, until unix time {until}: {call}")
            }
            Self::ChangeMade { number, call } => write!(f, "the owner has made the announced change {number}: {call}"),
            Self::ChangeCancelled { number, call } => write!(f, "operators have cancelled the announced change {number}: {call}"),
            Self::Undelivered => f.write_str(
                "executed, and not delivered: the bridge keeps the value, and the recipient can claim it",
            ),
        }
    }
}
