//! Never requested: how an execution or a vote is shown to have no request behind it.
//!
//! Honest votes name the block of their request. If the source's own counter, at that block or later, has not passed the
//! nonce, there was no request in it, and no clock is needed (rule a of claims.md 2). An enemy may name a block of the far
//! future; but an honest vote cannot name a block that did not exist when it was cast, so a source header below the named
//! height and later than the vote, by more than the two clocks can differ, shows the lie (rule a').

use super::checks::{Checks, Rule};
use super::evidence::Evidence;
use super::request::code_is_accepted;
use super::stop::Stop;
use crate::primitives::Hash;
use crate::trust::BridgeEnd;
use crate::verdict::{FraudKind, Missing, NotReached};

const NEVER: Rule = Rule {
    id: "F7.a",
    words: "the source's request count at or after the named block has not passed the nonce",
    source: "claims.md 2 (a), bridge.md 6.6 F7",
};
const FUTURE: Rule =
    Rule { id: "F7.a'", words: "the named block did not exist at the time of the vote", source: "claims.md 2 (a')" };

/// Shows that `nonce` was not requested by block `named`; `deadline` is a time by which the vote had been cast.
///
/// An honest but late source gives [`Stop::NotYetTrusted`], never an accusation: below the named block its counter says
/// nothing of the request.
pub(super) fn was_never_requested(
    source: &Evidence<'_>,
    end: &BridgeEnd,
    nonce: u64,
    named: u64,
    deadline: u64,
    checks: &mut Checks,
) -> Result<FraudKind, Stop> {
    let mut requested = false;
    for state in source.states_in(named..) {
        // Another code's counter would say nothing about requests.
        code_is_accepted(end, state)?;
        let got = state.nonces()?.request_nonce;
        if got <= nonce {
            let block = state.header().number;
            checks
                .passed(NEVER, &[("named block", &named), ("at block", &block), ("requests", &got), ("nonce", &nonce)]);
            return Ok(FraudKind::NeverRequested);
        }
        requested = true;
    }
    if requested {
        return Err(Stop::Incomplete(Missing::Request));
    }
    let head = source.chain().head();
    let skew = source.chain().trusted().profile.clock_skew;
    let chain = source.chain().name();
    if head.number >= named {
        return Err(Stop::Incomplete(Missing::BridgeState { chain: chain.into(), number: Some(head.number) }));
    }
    if head.time >= deadline.saturating_add(skew) {
        checks.passed(
            FUTURE,
            &[("named block", &named), ("source head", &head.number), ("its time", &head.time), ("vote by", &deadline)],
        );
        return Ok(FraudKind::NamedBlockDidNotExist);
    }
    Err(Stop::NotYetTrusted(NotReached::Height { chain: chain.into(), have: head.number, need: named }))
}

/// The same where no block is named because the calldata cannot be read: only the time rule is left, and it needs the
/// source's counter at a header later than the vote.
pub(super) fn was_never_requested_by(
    source: &Evidence<'_>,
    end: &BridgeEnd,
    nonce: u64,
    deadline: u64,
    key: &Hash,
    checks: &mut Checks,
) -> Result<FraudKind, Stop> {
    let skew = source.chain().trusted().profile.clock_skew;
    for state in source.states_in(..).rev() {
        if state.header().time < deadline.saturating_add(skew) {
            break;
        }
        code_is_accepted(end, state)?;
        let got = state.nonces()?.request_nonce;
        if got <= nonce {
            let (block, time) = (state.header().number, state.header().time);
            checks.passed(
                NEVER,
                &[("at block", &block), ("its time", &time), ("vote by", &deadline), ("requests", &got)],
            );
            return Ok(FraudKind::NamedBlockDidNotExist);
        }
    }
    Err(Stop::Incomplete(Missing::VoteCall { key: *key }))
}
