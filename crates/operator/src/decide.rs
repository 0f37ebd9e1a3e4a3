//! What an operator does about one proven request: a pure function of proven facts.
//!
//! Votes go by turn. The operators are put in a row, rotated by the nonce, those who let earlier
//! turns pass behind the others. The first so many as votes are needed vote at once. After some
//! blocks as many more are called as let their turn pass, and look again before they vote. So late
//! votes, which would revert and cost gas, are rare, and no operator is needed: whoever is down is
//! waited for once, and then no more for a while.

use spanlight::{Address, Hash};
use std::collections::{BTreeMap, BTreeSet};

/// Most blocks that a turn is waited for, however long the row: everybody gets a turn.
const LONGEST_WAIT: u64 = 1 << 20;

/// What is proven of a nonce at the destination's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NonceState {
    /// Below the lower handle nonce, or closed.
    pub handled: bool,
    /// Votes that stand, of present operators.
    pub votes: BTreeMap<Address, Hash>,
    /// Votes that the contract counts for the right key; on bridges before version 2 also those of former operators.
    pub counted: u64,
    /// The votes are there, and the bridge's outflow limit holds the transfer back: until it fits,
    /// at the latest until then. None once it may leave.
    pub held: Option<u64>,
}

impl NonceState {
    /// Whose signatures would become votes: the contract passes over those whose vote stands, whatever it is for.
    pub fn without_vote<'s>(&self, signers: impl IntoIterator<Item = &'s Address>) -> Vec<&'s Address> {
        signers.into_iter().filter(|signer| !self.votes.contains_key(*signer)).collect()
    }
}

/// Whether the transfer could be delivered now. Endpoints say so, and nobody proves it: it can only delay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// Nobody has asked yet.
    #[default]
    NotAsked,
    /// A simulation went through, with so much gas.
    Works {
        /// For the vote, with what its delivery may take.
        gas: u64,
    },
    /// A simulation reverted.
    Fails {
        /// In the node's words.
        reason: String,
    },
    /// An endpoint says that it is handled, by votes that are newer than what is proven.
    Meanwhile,
    /// An endpoint says that the bridge is paused, by a block that is newer than what is proven.
    Paused,
    /// No endpoint could tell.
    Unknown,
}

/// Everything that decides.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The request's nonce.
    pub nonce: u64,
    /// The vote key that follows from the proven request.
    pub key: Hash,
    /// This operator's account on the destination.
    pub me: Address,
    /// Operators of the destination bridge, ascending.
    pub operators: &'a [Address],
    /// Equal votes that execute.
    pub threshold: u64,
    /// The nonce on the destination.
    pub state: &'a NonceState,
    /// Destination blocks since this run saw the request.
    pub waited: u64,
    /// Blocks to wait for each operator before this one.
    pub turn_blocks: u64,
    /// Operators for whom nobody waits: they let earlier turns pass.
    pub absent: &'a BTreeSet<Address>,
    /// Whether the others may not wait for this operator: it has just begun, and none of its votes
    /// is in a block yet.
    pub doubts: bool,
    /// Whether a vote of this operator for the nonce is on its way.
    pub in_flight: bool,
    /// Whether the destination's head is young enough.
    pub fresh: bool,
    /// Whether somebody has paused this operator.
    pub paused: bool,
    /// Whether the bridge itself is paused: it refuses all votes.
    pub bridge_paused: bool,
    /// Whether the nonce is parked and its time has not come.
    pub parked: bool,
    /// Whether it can be delivered.
    pub delivery: &'a Delivery,
}

/// Why nothing is done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The vote is on its way.
    InFlight,
    /// The vote stands, others are missing.
    Voted,
    /// The destination's head is old.
    Stale,
    /// Paused by a person.
    Paused,
    /// The bridge is paused.
    BridgePaused,
    /// The bridge's outflow limit holds the transfer back.
    Held {
        /// Until this time at the latest.
        until: u64,
    },
    /// Others have their turn first.
    Turn {
        /// Blocks until it is this operator's.
        blocks: u64,
    },
    /// Parked after a failed simulation.
    Parked,
    /// No endpoint could simulate the delivery.
    NoSimulation,
    /// An endpoint says that it is handled; the proof is awaited.
    Meanwhile,
    /// Nothing proves yet that this operator's signature would be counted.
    Unproven,
}

/// Whether an operator's configured keys sign for its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// They are those that the account is proven to have.
    Fits,
    /// The account is proven to have others.
    Differs,
    /// No endpoint proves the account, or its key was replaced a moment ago.
    NotYet,
}

/// What is refused, and raises the alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This account is no operator.
    NotOperator,
    /// The keys at hand make no signature that the bridge counts as this account's.
    AccountKey,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Handled: nothing any more.
    Done,
    /// Nothing now.
    Wait(Wait),
    /// Ask an endpoint whether the delivery works, then decide again.
    Simulate,
    /// Vote. Where another vote of this account stands, it is not this operator's: the vote corrects it, and the alarm is raised.
    Vote {
        /// Gas to allow.
        gas: u64,
        /// The vote that stands.
        corrects: Option<Hash>,
    },
    /// Do not vote, and raise the alarm.
    Refuse(Refusal),
    /// Put the nonce aside for a while: its delivery would fail. Later nonces go on.
    Park {
        /// In the node's words.
        reason: String,
    },
}

impl Wait {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InFlight => "in_flight",
            Self::Voted => "voted",
            Self::Stale => "old_head",
            Self::Paused => "paused",
            Self::BridgePaused => "bridge_paused",
            Self::Held { .. } => "outflow_limit",
            Self::Turn { .. } => "turn",
            Self::Parked => "parked",
            Self::NoSimulation => "no_simulation",
            Self::Meanwhile => "handled_meanwhile",
            Self::Unproven => "account_key_unproven",
        }
    }
}

impl Refusal {
    /// The stable code: that of the alarm.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotOperator => "not_operator",
            Self::AccountKey => "account_key",
        }
    }
}

impl Decision {
    /// The stable code of what is done, or of why nothing is.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Done => "handled",
            Self::Wait(wait) => wait.code(),
            Self::Simulate => "simulating",
            Self::Vote { .. } => "voting",
            Self::Refuse(refusal) => refusal.code(),
            Self::Park { .. } => "parked",
        }
    }

    /// In words, for people who ask why.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Done => "handled".to_owned(),
            Self::Wait(Wait::InFlight) => "this operator's vote is on its way".to_owned(),
            Self::Wait(Wait::Voted) => "this operator has voted; other votes are missing".to_owned(),
            Self::Wait(Wait::Stale) => "the destination's newest proven block is too old to vote on".to_owned(),
            Self::Wait(Wait::Paused) => "this operator is paused".to_owned(),
            Self::Wait(Wait::BridgePaused) => "the bridge is paused: it takes no votes until it is resumed".to_owned(),
            Self::Wait(Wait::Held { until }) => {
                format!("the bridge's outflow limit holds it back, at the latest until {until} (Unix time)")
            }
            Self::Wait(Wait::Turn { blocks }) => format!("other operators go first, for {blocks} more blocks"),
            Self::Wait(Wait::Parked) => "parked".to_owned(),
            Self::Wait(Wait::NoSimulation) => "no endpoint could simulate the delivery".to_owned(),
            Self::Wait(Wait::Meanwhile) => "an endpoint says that it is handled; the proof is awaited".to_owned(),
            Self::Wait(Wait::Unproven) => {
                "this operator does not sign yet: no endpoint proves its account, or the account's key was replaced a moment ago"
                    .to_owned()
            }
            Self::Simulate => "its delivery is being simulated".to_owned(),
            Self::Vote { .. } => "this operator votes now".to_owned(),
            Self::Refuse(Refusal::NotOperator) => "this operator's account is no operator of the bridge".to_owned(),
            Self::Refuse(Refusal::AccountKey) => {
                "this operator's keys make no signature that the bridge counts for its account".to_owned()
            }
            Self::Park { reason } => format!("parked: {reason}"),
        }
    }
}

/// Decides.
#[must_use]
pub fn decide(facts: &Facts<'_>) -> Decision {
    if facts.state.handled {
        return Decision::Done;
    }
    if facts.in_flight {
        return Decision::Wait(Wait::InFlight);
    }
    if !facts.operators.contains(&facts.me) {
        return Decision::Refuse(Refusal::NotOperator);
    }
    let own = facts.state.votes.get(&facts.me).copied();
    // Where the threshold was lowered after the votes, nothing executes until somebody repeats one.
    let repeat_executes = facts.state.counted >= facts.threshold;
    if own == Some(facts.key) && !repeat_executes {
        return Decision::Wait(Wait::Voted);
    }
    if !facts.fresh {
        return Decision::Wait(Wait::Stale);
    }
    if facts.paused {
        return Decision::Wait(Wait::Paused);
    }
    if facts.bridge_paused {
        return Decision::Wait(Wait::BridgePaused);
    }
    if let Some(until) = held(facts.state, facts.threshold) {
        return Decision::Wait(Wait::Held { until });
    }
    let blocks = blocks_to_wait(facts).saturating_sub(facts.waited);
    if blocks > 0 {
        return Decision::Wait(Wait::Turn { blocks });
    }
    if facts.parked {
        return Decision::Wait(Wait::Parked);
    }
    match facts.delivery {
        Delivery::NotAsked => Decision::Simulate,
        Delivery::Unknown => Decision::Wait(Wait::NoSimulation),
        Delivery::Meanwhile => Decision::Wait(Wait::Meanwhile),
        Delivery::Paused => Decision::Wait(Wait::BridgePaused),
        Delivery::Fails { reason } => Decision::Park { reason: reason.clone() },
        Delivery::Works { gas } => Decision::Vote { gas: *gas, corrects: own.filter(|voted| *voted != facts.key) },
    }
}

/// Everything that decides where votes are signatures.
#[derive(Clone, Debug)]
pub struct SignedFacts<'a> {
    /// The request's nonce.
    pub nonce: u64,
    /// The vote key that follows from the proven request.
    pub key: Hash,
    /// This operator's account on the destination.
    pub me: Address,
    /// Operators of the destination bridge, ascending.
    pub operators: &'a [Address],
    /// Equal votes that execute.
    pub threshold: u64,
    /// The nonce on the destination.
    pub state: &'a NonceState,
    /// Votes that would count if all signatures at hand were sent: see [`votes_at_hand`].
    pub at_hand: u64,
    /// Operators whose signatures are at hand.
    pub signers: &'a BTreeSet<Address>,
    /// Whether this operator has given its signature.
    pub signed: bool,
    /// Whether its keys make signatures that the bridge counts as its account's.
    pub can_sign: Fit,
    /// Destination blocks since enough signatures were at hand.
    pub waited: u64,
    /// Blocks to wait for each operator before this one.
    pub turn_blocks: u64,
    /// Whether a submission of this operator is on its way.
    pub in_flight: bool,
    /// Whether the destination's head is young enough.
    pub fresh: bool,
    /// Whether somebody has paused this operator.
    pub paused: bool,
    /// Whether the bridge itself is paused: it refuses all votes.
    pub bridge_paused: bool,
    /// Whether the nonce is parked and its time has not come.
    pub parked: bool,
}

/// What to do where votes are signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedDecision {
    /// Handled: nothing any more.
    Done,
    /// Nothing now.
    Wait(Wait),
    /// Sign, and give the signature to whoever asks.
    Sign,
    /// Signatures of others are missing.
    Collect,
    /// Send all signatures.
    Submit,
    /// Another vote of this account stands, and it is not this operator's. A signature is passed over where a vote stands, so
    /// only a call of its own corrects it.
    Correct {
        /// The vote that stands.
        voted: Hash,
    },
    /// Do not sign, and raise the alarm.
    Refuse(Refusal),
}

impl SignedDecision {
    /// The stable code of what is done, or of why nothing is.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Done => "handled",
            Self::Wait(wait) => wait.code(),
            Self::Sign => "signing",
            Self::Collect => "collecting",
            Self::Submit | Self::Correct { .. } => "voting",
            Self::Refuse(refusal) => refusal.code(),
        }
    }

    /// In words, for people who ask why.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Done => Decision::Done.words(),
            Self::Wait(wait) => Decision::Wait(*wait).words(),
            Self::Sign => "this operator signs now".to_owned(),
            Self::Collect => "signatures of other operators are missing".to_owned(),
            Self::Submit => "this operator sends the signatures now".to_owned(),
            Self::Correct { .. } => "this operator corrects a vote of its account that it did not cast".to_owned(),
            Self::Refuse(refusal) => Decision::Refuse(*refusal).words(),
        }
    }
}

/// Votes for the right key that there would be if all signatures at hand were sent.
#[must_use]
pub fn votes_at_hand<'s>(state: &NonceState, signers: impl IntoIterator<Item = &'s Address>) -> u64 {
    let more = state.without_vote(signers).len();
    state.counted.saturating_add(u64::try_from(more).unwrap_or(u64::MAX))
}

/// Decides where votes are signatures. Signing costs nothing and nobody waits for a turn with it; sending goes by turn.
#[must_use]
pub fn decide_signed(facts: &SignedFacts<'_>) -> SignedDecision {
    if facts.state.handled {
        return SignedDecision::Done;
    }
    if facts.in_flight {
        return SignedDecision::Wait(Wait::InFlight);
    }
    if !facts.operators.contains(&facts.me) {
        return SignedDecision::Refuse(Refusal::NotOperator);
    }
    if !facts.fresh {
        return SignedDecision::Wait(Wait::Stale);
    }
    if facts.paused {
        return SignedDecision::Wait(Wait::Paused);
    }
    if !facts.signed {
        return match facts.can_sign {
            Fit::Fits => SignedDecision::Sign,
            Fit::Differs => SignedDecision::Refuse(Refusal::AccountKey),
            Fit::NotYet => SignedDecision::Wait(Wait::Unproven),
        };
    }
    if facts.bridge_paused {
        return SignedDecision::Wait(Wait::BridgePaused);
    }
    if let Some(until) = held(facts.state, facts.threshold) {
        return SignedDecision::Wait(Wait::Held { until });
    }
    if let Some(voted) = facts.state.votes.get(&facts.me).copied().filter(|voted| *voted != facts.key) {
        return if facts.parked { SignedDecision::Wait(Wait::Parked) } else { SignedDecision::Correct { voted } };
    }
    if facts.at_hand < facts.threshold {
        return SignedDecision::Collect;
    }
    let row = turn_row(facts.operators, facts.nonce);
    let before = row.iter().take_while(|operator| **operator != facts.me);
    let (signed, silent): (Vec<&Address>, Vec<&Address>) =
        before.partition(|operator| facts.signers.contains(operator));
    let turns =
        |operators: &[&Address]| u64::try_from(operators.len()).unwrap_or(u64::MAX).saturating_mul(facts.turn_blocks);
    // Those who are silent a block after all votes were there as signatures are down, or send
    // nothing. Where votes that stand made them enough, others may not have signed yet.
    let have_signed = u64::try_from(facts.signers.len()).unwrap_or(u64::MAX) >= facts.threshold;
    let silent = if have_signed { turns(&silent).min(1) } else { turns(&silent) };
    let wait = turns(&signed).saturating_add(silent).min(LONGEST_WAIT);
    match wait.saturating_sub(facts.waited) {
        0 if facts.parked => SignedDecision::Wait(Wait::Parked),
        0 => SignedDecision::Submit,
        blocks => SignedDecision::Wait(Wait::Turn { blocks }),
    }
}

/// Until when a transfer with all its votes is held back. One that lost votes since needs them
/// again, held back or not.
fn held(state: &NonceState, threshold: u64) -> Option<u64> {
    state.held.filter(|_| state.counted >= threshold)
}

/// Blocks that this operator waits, counted from when it saw the request.
fn blocks_to_wait(facts: &Facts<'_>) -> u64 {
    let row = row_of(facts);
    let wait = match row.iter().position(|operator| *operator == facts.me) {
        _ if facts.state.counted >= facts.threshold => blocks_to_repeat(facts, &row),
        Some(place) => blocks_until_called(facts, &row, place),
        None => LONGEST_WAIT,
    };
    // Whoever stands in for this operator votes at once, and then it is not needed; whoever waits
    // for it waits longer than one block.
    let is_needed = facts.threshold >= u64::try_from(row.len()).unwrap_or(u64::MAX);
    let doubt = if facts.doubts && !is_needed { facts.turn_blocks.min(2).wrapping_shr(1) } else { 0 };
    wait.max(doubt).min(LONGEST_WAIT)
}

/// The row for this nonce: those who let earlier turns pass come last. Nobody is absent to itself.
fn row_of(facts: &Facts<'_>) -> Vec<Address> {
    let is_absent = |operator: &Address| *operator != facts.me && facts.absent.contains(operator);
    let row = turn_row(facts.operators, facts.nonce);
    let (absent, mut present): (Vec<Address>, Vec<Address>) = row.into_iter().partition(is_absent);
    present.extend(absent);
    present
}

/// The first so many of the row as votes are needed are called at once. When a turn is over as many
/// more are called as have let theirs pass; each of those after the first one looks a block later
/// whether it is still needed.
fn blocks_until_called(facts: &Facts<'_>, row: &[Address], place: usize) -> u64 {
    let has_voted = |operator: &Address| facts.state.votes.get(operator) == Some(&facts.key);
    let own = u64::try_from(row.iter().filter(|operator| has_voted(operator)).count()).unwrap_or(u64::MAX);
    // Votes of former operators count too.
    let needed = facts.threshold.saturating_sub(facts.state.counted.saturating_sub(own));
    let needed = usize::try_from(needed).unwrap_or(usize::MAX).max(1);
    let (mut start, mut before, mut called) = (0u64, 0, needed);
    while place >= called {
        let passed = row.iter().take(called).filter(|operator| !has_voted(operator)).count();
        before = called;
        called = needed.saturating_add(passed).max(called.saturating_add(1));
        start = start.saturating_add(facts.turn_blocks);
    }
    let later = if before == 0 { 0 } else { place.saturating_sub(before) };
    start.saturating_add(u64::try_from(later).unwrap_or(u64::MAX).min(facts.turn_blocks))
}

/// Where a lowered threshold makes the votes enough one of them is repeated: by those that have not
/// voted first, one after the other.
fn blocks_to_repeat(facts: &Facts<'_>, row: &[Address]) -> u64 {
    let voted = |operator: &Address| facts.state.votes.get(operator) == Some(&facts.key);
    let everybody_voted = row.iter().all(voted);
    let before = row.iter().take_while(|operator| **operator != facts.me);
    let before = before.filter(|operator| everybody_voted || !voted(operator)).count();
    u64::try_from(before).unwrap_or(u64::MAX).saturating_mul(facts.turn_blocks)
}

/// Those whose turn is over, and who have not voted: they are waited for no more. Of a transfer
/// that nobody votes for it shows nothing: it may be one that cannot be delivered.
#[must_use]
pub fn who_let_turns_pass(facts: &Facts<'_>) -> Vec<Address> {
    if facts.state.handled || facts.state.counted >= facts.threshold {
        return Vec::new();
    }
    let row = row_of(facts);
    let is_over = |(place, operator): &(usize, &Address)| {
        let is_silent = !facts.state.votes.contains_key(*operator) && !facts.absent.contains(*operator);
        let over = blocks_until_called(facts, &row, *place).saturating_add(facts.turn_blocks);
        is_silent && **operator != facts.me && over <= facts.waited
    };
    (0..).zip(row.iter()).filter(is_over).map(|(_, operator)| *operator).collect()
}

/// The operators in the order in which they vote for a nonce.
#[must_use]
pub fn turn_row(operators: &[Address], nonce: u64) -> Vec<Address> {
    let count = u64::try_from(operators.len()).unwrap_or(1).max(1);
    let first = usize::try_from(nonce.checked_rem(count).unwrap_or(0)).unwrap_or(0);
    let (head, tail) = operators.split_at_checked(first).unwrap_or((operators, &[]));
    tail.iter().chain(head).copied().collect()
}

#[cfg(test)]
mod tests;
