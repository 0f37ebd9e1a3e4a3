//! Never requested: how an execution or a vote is shown to have no request behind it.
//!
//! Honest votes name the block of their request. If the source's own counter, at that block or
//! later, has not passed the nonce, there was no request in it, and no clock is needed (rule a of
//! claims.md 2). An enemy may name a block of the far future; but an honest vote cannot name a
//! block that did not exist when it was cast, so a source header below the named height and later
//! than the vote, by more than the two clocks can differ, shows the lie (rule a'). When the vote
//! was cast its own block does not tell, because a proposer may date it too early: see
//! [`FollowedChain::made_by`].
//!
//! [`FollowedChain::made_by`]: super::FollowedChain::made_by

use super::checks::{Checks, Rule};
use super::evidence::BridgeState;
use super::request::code_is_accepted;
use super::stop::Stop;
use super::Pair;
use crate::primitives::Hash;
use crate::trust::BridgeEnd;
use crate::verdict::{FraudKind, HeaderRef, Missing, NotReached};
use core::fmt::Display;

const NEVER: Rule = Rule {
    id: "F7.a",
    words: "the source's request count at or after the named block has not passed the nonce",
    source: "claims.md 2 (a), bridge.md 6.6 F7",
};
const FUTURE: Rule =
    Rule { id: "F7.a'", words: "the named block did not exist at the time of the vote", source: "claims.md 2 (a')" };

/// Shows that `nonce` was not requested by block `named`, for which somebody had voted by block
/// `voted_at` of the destination.
///
/// An honest but late source gives [`Stop::NotYetTrusted`], never an accusation: below the named block its counter says
/// nothing of the request.
pub(super) fn was_never_requested(
    pair: &Pair<'_>,
    nonce: u64,
    named: u64,
    voted_at: HeaderRef,
    checks: &mut Checks,
) -> Result<FraudKind, Stop> {
    let source = pair.source;
    // The counter never falls, so the first proven state from the named block on decides.
    if let Some(state) = source.states_in(named..).next() {
        return counter_has_not_passed(state, pair.from, nonce, checks).map(|()| FraudKind::NeverRequested);
    }
    let head = source.chain().head();
    let chain = source.chain().name();
    if head.number >= named {
        return Err(Stop::incomplete(Missing::BridgeState { chain: chain.into(), number: Some(head.number) }));
    }
    let late = |since| head.time >= since;
    if late(certainly_after(pair, voted_at.time)) {
        let cast_by = pair.destination.made_by(voted_at.number)?;
        if late(certainly_after(pair, cast_by.time)) {
            source.header_is_read(head.number);
            let inputs: [(&'static str, &dyn Display); 5] = [
                ("named block", &named),
                ("source head", &head.number),
                ("its time", &head.time),
                ("vote by block", &cast_by.number),
                ("vote by", &cast_by.time),
            ];
            checks.passed(FUTURE, &inputs);
            return Ok(FraudKind::NamedBlockDidNotExist);
        }
    }
    Err(Stop::not_yet_trusted(NotReached::Height { chain: chain.into(), have: head.number, need: named }))
}

/// A time on the source's clock that is surely not before `time` on the destination's.
pub(super) fn certainly_after(pair: &Pair<'_>, time: u64) -> u64 {
    time.saturating_add(pair.source.chain().trusted().profile.clock_skew)
}

/// The same where no block is named because the calldata cannot be read: only the time rule is left, and it needs the
/// source's counter at a header later than the vote.
pub(super) fn was_never_requested_by(
    pair: &Pair<'_>,
    nonce: u64,
    voted_at: HeaderRef,
    key: &Hash,
    checks: &mut Checks,
) -> Result<FraudKind, Stop> {
    let missing = || Stop::incomplete(Missing::VoteCall { key: *key });
    pair.source.first_state_since(certainly_after(pair, voted_at.time)).ok_or_else(missing)?;
    let cast_by = pair.destination.made_by(voted_at.number)?;
    let state = pair.source.first_state_since(certainly_after(pair, cast_by.time)).ok_or_else(missing)?;
    counter_has_not_passed(state, pair.from, nonce, checks).map(|()| FraudKind::NamedBlockDidNotExist)
}

/// Under accepted code, the source's own counter; another code's would say nothing about requests.
fn counter_has_not_passed(state: &BridgeState, end: &BridgeEnd, nonce: u64, checks: &mut Checks) -> Result<(), Stop> {
    code_is_accepted(end, state)?;
    let (header, got) = (state.header(), state.nonces()?.request_nonce);
    let absent = if got <= nonce { Ok(()) } else { Err(Stop::incomplete(Missing::Request)) };
    checks.require(
        NEVER,
        &[("block", &header.number), ("time", &header.time), ("requests", &got), ("nonce", &nonce)],
        absent,
    )
}
