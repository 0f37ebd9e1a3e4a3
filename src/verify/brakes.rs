//! What holds a transfer back on a bridge of version 2 although nothing is wrong with it: a pause
//! of all handles, and the outflow limit of its token.
//!
//! Both are words of the bridge's storage under a followed header, so a supplier can neither invent
//! nor hide them: the word of the pause is needed for every requested transfer that is open.
//! Source: claims.md 2; docs/contracts.md 1, 2, 4.

use super::checks::{Checks, Rule};
use super::error::VerifyError;
use super::evidence::BridgeState;
use super::request::ProvenRequest;
use super::stop::Stop;
use super::votes::Tally;
use crate::bridge::events::TokenType;
use crate::bridge::generation::{Generation, CODE_HASH_V2_FIRST};
use crate::bridge::layout::{self, Outflow};
use crate::primitives::{Address, Hash, U256};
use crate::verdict::StuckReason;

const PAUSED: Rule =
    Rule { id: "K.bridge_paused", words: "handles are paused on the destination", source: "claims.md 2" };
const LIMIT: Rule = Rule {
    id: "K.outflow_limit",
    words: "the votes are there, and the outflow limit held the transfer back",
    source: "claims.md 2",
};

impl BridgeState {
    /// Until when the outflow limit holds the key back at the latest; zero: it never did.
    fn held_until(&self, key: &Hash) -> Result<u64, Stop> {
        let until = self.slot(layout::held_slot(key))?;
        u64::try_from(until).map_err(|_| VerifyError::BridgeStorage.into())
    }

    fn outflow(&self, token: &Address) -> Result<Outflow, Stop> {
        let [limits, outflow] = layout::outflow_slots(token);
        Ok(Outflow::decode([self.slot(limits)?, self.slot(outflow)?]))
    }
}

/// The pause, or the outflow limit, as of `state`. A pause comes first: it stops whatever the limit
/// lets leave.
pub(super) fn held_back(
    request: &ProvenRequest,
    key: &Hash,
    tally: &Tally,
    state: &BridgeState,
    checks: &mut Checks,
) -> Result<Option<StuckReason>, Stop> {
    if !tally.generation.has_brakes() {
        return Ok(None);
    }
    let seats = state.seat_word()?;
    if seats.handles_paused {
        checks.passed(PAUSED, &[("block", &state.header().number)]);
        return Ok(Some(StuckReason::BridgePaused { resume: seats.resume_time }));
    }
    // Below the threshold it waits for votes, whatever held it back before.
    if tally.operators(key) < state.threshold()? {
        return Ok(None);
    }
    let until = state.held_until(key)?;
    if until == 0 {
        return Ok(None);
    }
    let (event, time) = (&request.event, state.header().time);
    let amount = if event.token_type == TokenType::Erc721 { U256::ONE } else { event.value };
    let outflow = state.outflow(&request.destination_token)?;
    checks.passed(LIMIT, &[("block", &state.header().number), ("until", &until)]);
    let may_leave = time >= until || outflow.fits(amount, time);
    let (room, source_bound) = (outflow.room(time), state.is_bound()?);
    Ok(Some(StuckReason::OutflowLimit { until, amount, room, may_leave, source_bound }))
}

/// Whether no pause lies between the state `before` an attempt and the state `after` it: a vote
/// that reverts during one says nothing of the transfer. None is on before it, and none began,
/// since each counts up the nonce of the vote that ends it. The bridge as first published does not
/// count there, and its outflow limit reverts votes too: there an attempt shows nothing.
pub(super) fn no_pause_between(
    generation: Generation,
    before: &BridgeState,
    after: &BridgeState,
) -> Result<bool, Stop> {
    if !generation.has_brakes() {
        return Ok(true);
    }
    // Each word is read before any of them decides: who shows more of them than decide is no liar.
    let (seats, pauses) = (before.seat_word(), [before, after].map(|state| state.slot(layout::resume_nonce_slot())));
    if before.code_hash() == CODE_HASH_V2_FIRST {
        return Ok(false);
    }
    let [earlier, later] = pauses;
    Ok(!seats?.handles_paused && earlier? == later?)
}
