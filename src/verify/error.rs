//! Refusals of the judging itself: evidence that is well proven but is not what it is presented as.

use crate::primitives::{Address, Hash};
use alloc::boxed::Box;

/// Why proven evidence does not show what it is presented for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The bridge's account is proven absent.
    #[error("the bridge does not exist at this height")]
    BridgeAbsent,
    /// A storage word does not fit the bridge's layout.
    #[error("a storage word does not fit the bridge's layout")]
    BridgeStorage,
    /// The bridge mints where the trust says it locks, or the reverse.
    #[error("the bridge's mode is not the trusted one")]
    BridgeMode,
    /// The transaction failed.
    #[error("status {got:#x}, a successful transaction has {expected:#x}")]
    Status {
        /// 1.
        expected: u64,
        /// In the receipt.
        got: u64,
    },
    /// The transaction succeeded where a failed attempt is claimed.
    #[error("the attempt did not fail")]
    NotFailed,
    /// The log is another contract's.
    #[error("log of {got}, expected {expected}")]
    Emitter {
        /// The bridge.
        expected: Box<Address>,
        /// The emitter.
        got: Box<Address>,
    },
    /// The event is of another nonce.
    #[error("event of nonce {got}, expected {expected}")]
    Nonce {
        /// Claimed.
        expected: u64,
        /// In the event.
        got: u64,
    },
    /// The source's request count contradicts the proven request.
    #[error("the source counts {got} requests, at least {expected} are needed")]
    RequestCount {
        /// Nonce + 1.
        expected: u64,
        /// In state.
        got: u64,
    },
    /// The destination's state contradicts the proven execution.
    #[error("the destination's state says the nonce is open")]
    NotClosed,
    /// The destination's state says the nonce was executed, and the claim presents it as open.
    #[error("votes and count differ for a key: {expected} voters, count {got}")]
    VoteCount {
        /// Voters whose live vote is the key.
        expected: u32,
        /// The contract's count.
        got: u32,
    },
    /// The executing transaction's sender has no vote for the executed key.
    #[error("the executing operator's vote is not for the executed key")]
    ExecutorVote,
    /// A vote transaction does not call the bridge.
    #[error("the transaction does not call the bridge")]
    NotACall,
    /// A vote transaction's calldata is not the executing one's.
    #[error("vote with other calldata")]
    VoteCalldata,
    /// Two vote transactions have one sender.
    #[error("two votes of {0}")]
    DuplicateVoter(Box<Address>),
    /// The voter took the vote back before it was decided.
    #[error("the vote of {0} was taken back")]
    VoteTakenBack(Box<Address>),
    /// Vote transactions are not before the executing one.
    #[error("a vote transaction is not before the executing one")]
    VoteOrder,
    /// Calldata whose hash is no live vote.
    #[error("calldata whose hash {0} is no live vote")]
    StrayCall(Box<Hash>),
    /// The shown call is not the one that the bridge executed.
    #[error("the bridge executed {expected}, the call shown is {got}")]
    ExecutedKey {
        /// In state.
        expected: Box<Hash>,
        /// Of the call shown.
        got: Box<Hash>,
    },
    /// Votes by signature on a bridge that is bound to no source, so that nothing could be signed.
    #[error("votes by signature on a bridge that is bound to no source")]
    SourceNotBound,
    /// A signature is not 65 bytes with V of 27 or 28 and a low S from which an address recovers.
    #[error("malformed signature of a vote")]
    SignatureForm,
    /// Signers do not ascend, or one signed twice.
    #[error("signer {0} does not follow the one before")]
    SignerOrder(Box<Address>),
    /// The signer is no operator with a vote: the signature is of somebody else, or over something else.
    #[error("signer {0} is no operator with a vote")]
    Signer(Box<Address>),
    /// What the bridge keeps for the recipient is not what could not be delivered.
    #[error("the bridge keeps another claim than the undelivered one")]
    Claim,
    /// Failed-attempt evidence that does not show it: wrong sender, place or votes.
    #[error("the failed attempt does not show a reverted delivery: {0}")]
    FailedAttempt(&'static str),
    /// The anchoring transaction is not of a configured account.
    #[error("anchored by {0}, which is no configured account")]
    AnchorAccount(Box<Address>),
    /// The anchoring transaction failed or is no anchor.
    #[error("not an anchoring transaction")]
    NotAnAnchor,
    /// The anchored fields are not the header's.
    #[error("the anchor's {0} is not the header's")]
    Anchor(&'static str),
    /// The claimed range is empty or runs backwards.
    #[error("a range must not run backwards")]
    Range,
}

impl VerifyError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BridgeAbsent => "verify.bridge_absent",
            Self::BridgeStorage => "verify.bridge_storage",
            Self::BridgeMode => "verify.bridge_mode",
            Self::Status { .. } => "verify.status",
            Self::NotFailed => "verify.not_failed",
            Self::Emitter { .. } => "verify.emitter",
            Self::Nonce { .. } => "verify.nonce",
            Self::RequestCount { .. } => "verify.request_count",
            Self::NotClosed => "verify.not_closed",
            Self::VoteCount { .. } => "verify.vote_count",
            Self::ExecutorVote => "verify.executor_vote",
            Self::NotACall => "verify.not_a_call",
            Self::VoteCalldata => "verify.vote_calldata",
            Self::DuplicateVoter(_) => "verify.duplicate_voter",
            Self::VoteTakenBack(_) => "verify.vote_taken_back",
            Self::VoteOrder => "verify.vote_order",
            Self::StrayCall(_) => "verify.stray_call",
            Self::ExecutedKey { .. } => "verify.executed_key",
            Self::SourceNotBound => "verify.source_not_bound",
            Self::SignatureForm => "verify.signature_form",
            Self::SignerOrder(_) => "verify.signer_order",
            Self::Signer(_) => "verify.signer",
            Self::Claim => "verify.claim",
            Self::FailedAttempt(_) => "verify.failed_attempt",
            Self::AnchorAccount(_) => "verify.anchor_account",
            Self::NotAnAnchor => "verify.not_an_anchor",
            Self::Anchor(_) => "verify.anchor",
            Self::Range => "verify.range",
        }
    }
}
