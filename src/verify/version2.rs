//! What version 2 of the bridge lets a verifier see beyond generation C: the one source that is served, the executed vote key,
//! whether a vote still stands, and what is owed to a recipient.
//!
//! The state names the executed key of every nonce, so nothing about *which* call was executed rests on the shape of the
//! transaction: a call through another contract, several handles in one transaction and signatures that others bring are all
//! settled by one word, and a supplier who shows another call is refused. Source: docs/contracts.md 1 and 2.

use super::checks::{Checks, Rule};
use super::error::VerifyError;
use super::evidence::BridgeState;
use super::handle::{Execution, ProvenHandle, Route};
use super::signatures::signers;
use super::stop::Stop;
use super::votes::{decide_by_state, key_of, vote_of};
use super::Pair;
use crate::bridge::calls::HandleCall;
use crate::bridge::generation::Generation;
use crate::bridge::layout::{self, SeatWord};
use crate::bundle::TransferProof;
use crate::facts::Role;
use crate::primitives::{Address, Hash, U256};
use crate::uncovered::Uncovered;
use crate::verdict::Missing;
use alloc::vec::Vec;

const SOURCE: Rule = Rule {
    id: "M12.source",
    words: "the destination is bound to the trusted source, or to none",
    source: "docs/contracts.md 3.1",
};
const KEY: Rule =
    Rule { id: "P3.key", words: "the shown call is the one that the contract executed", source: "docs/contracts.md 2" };

impl BridgeState {
    /// The vote key that was executed for the nonce, zero if none was.
    pub(super) fn executed_key(&self, nonce: u64) -> Result<Hash, Stop> {
        Ok(Hash::from_u256(self.slot(layout::executed_key_slot(nonce))?))
    }

    /// Whether the operator's vote for `key` is of its present registration: its seat stands behind the key. A seat that was
    /// given up never votes again, so a vote of an earlier registration cannot come back.
    pub(super) fn stands_behind(&self, key: &Hash, operator: &Address) -> Result<bool, Stop> {
        let word = self.slot(layout::seat_slot(operator))?;
        let Some(seat) = word.checked_sub(U256::ONE) else { return Ok(false) };
        let seat = u64::try_from(seat).map_err(|_| VerifyError::BridgeStorage)?;
        Ok(!(self.slot(layout::vote_seats_slot(key, seat))? & layout::seat_bit(seat)).is_zero())
    }

    /// Whether the bridge was bound to a source. Until then it refuses every
    /// `handleWithSignatures`.
    pub(super) fn is_bound(&self) -> Result<bool, Stop> {
        Ok(!self.slot(layout::SOURCE_BRIDGE)?.is_zero())
    }

    /// Rises with every change of the set of operators.
    pub(super) fn operator_epoch(&self) -> Result<u64, Stop> {
        Ok(self.seat_word()?.operator_epoch)
    }

    /// Whether the contract asks the chain which keys an account has.
    pub(super) fn has_account_keys(&self) -> Result<bool, Stop> {
        Ok(self.seat_word()?.account_keys)
    }

    pub(super) fn seat_word(&self) -> Result<SeatWord, Stop> {
        Ok(SeatWord::decode(&Hash::from_u256(self.slot(layout::SEAT_COUNT)?))?)
    }

    /// What is owed for the nonce; see [`layout::claim_words`].
    pub(super) fn claim(&self, nonce: u64) -> Result<[U256; 3], Stop> {
        let [first, second, third] = layout::claim_slots(nonce);
        Ok([self.slot(first)?, self.slot(second)?, self.slot(third)?])
    }

    pub(super) fn has_claim(&self, nonce: u64) -> bool {
        layout::claim_slots(nonce).iter().all(|slot| self.has(slot))
    }
}

/// M12. Operators of a bridge that serves another source voted for that one's requests: judged against this trust's source, all of
/// them would look like liars. Tells whether a source is bound at all; without one there are no votes by signature.
fn serves_the_source(pair: &Pair<'_>, state: &BridgeState) -> Result<bool, Stop> {
    let chain = state.slot(layout::SOURCE_CHAIN_ID)?;
    let bridge = state.slot(layout::SOURCE_BRIDGE)?;
    if chain.is_zero() && bridge.is_zero() {
        return Ok(false);
    }
    let trusted = U256::from(pair.source.chain().trusted().profile.chain_id);
    if chain == trusted && bridge == pair.from.address.to_word().to_u256() {
        Ok(true)
    } else {
        Err(Stop::uncovered(Uncovered::BoundToAnotherSource))
    }
}

/// Records [`serves_the_source`] for a generation that is bound to one.
pub(super) fn check_source(
    pair: &Pair<'_>,
    generation: Generation,
    state: &BridgeState,
    checks: &mut Checks,
) -> Result<bool, Stop> {
    if !generation.takes_signatures() {
        return Ok(false);
    }
    let inputs: [(&'static str, &dyn core::fmt::Display); 2] =
        [("chain", &pair.from.chain), ("bridge", &pair.from.address)];
    checks.require(SOURCE, &inputs, serves_the_source(pair, state))
}

/// Proves who voted for an execution whose key the state names.
pub(super) fn prove_named_execution(
    pair: &Pair<'_>,
    handle: &ProvenHandle<'_>,
    transfer: &TransferProof,
    sender: Result<Address, Stop>,
    checks: &mut Checks,
) -> Result<Execution, Stop> {
    let (nonce, after) = (transfer.nonce, handle.seen.after());
    let bound = check_source(pair, handle.generation, after, checks)?;
    let key = after.executed_key(nonce)?;
    let calldata = shown_calldata(handle, transfer, key)?;
    let shown = key_of(&calldata);
    checks.require(KEY, &[("executed", &key), ("shown", &shown)], shown_call_is_the_executed_one(key, shown))?;
    // The contract hashes the canonical form of what it executes and nothing else.
    let call = HandleCall::decode_canonical(&calldata)?;
    if !after.has_votes(nonce) {
        return Err(Stop::incomplete(Missing::Votes));
    }
    let executor = match handle.route {
        Route::Call => Some((sender.clone()?, vote_of(handle.item))),
        Route::Signatures(_) | Route::Hidden => None,
    };
    let mut decision = decide_by_state(handle.seen, nonce, &key, executor, handle.generation, checks)?;
    if let Route::Signatures(signed) = &handle.route {
        if !bound {
            return Err(VerifyError::SourceNotBound.into());
        }
        // Which set of operators they signed for, only the states around the deciding block tell.
        let Some(before) = handle.seen.before() else {
            return Ok(Execution { key, call: Some(call), is_named: true, sender: sender.ok(), decision });
        };
        match signers(pair, signed, [before, after], &decision, checks)? {
            Some(signers) => {
                let voted = decision.shown.iter_mut().filter(|operator| operator.role == Role::Voted);
                for operator in voted.filter(|operator| signers.contains(&operator.address)) {
                    operator.transaction = Some(vote_of(handle.item));
                }
                decision.by_signatures = true;
            }
            None => decision.operators_changed = true,
        }
    }
    Ok(Execution { key, call: Some(call), is_named: true, sender: sender.ok(), decision })
}

/// The calldata whose hash is the executed key: the executing transaction's own, that of the transfer to which it brings
/// signatures, or a supplied one.
fn shown_calldata(handle: &ProvenHandle<'_>, transfer: &TransferProof, key: Hash) -> Result<Vec<u8>, Stop> {
    match (&handle.route, transfer.calls.as_slice()) {
        (Route::Call, _) => Ok(handle.item.transaction.input().to_vec()),
        (Route::Signatures(signed), _) => Ok(signed.call.encode()),
        (Route::Hidden, [calldata]) => Ok(calldata.clone()),
        (Route::Hidden, _) => Err(Stop::incomplete(Missing::VoteCall { key })),
    }
}

/// Under accepted code a call of the bridge for a nonce executes that very call; another key means that what is shown is not
/// what happened.
fn shown_call_is_the_executed_one(expected: Hash, got: Hash) -> Result<(), VerifyError> {
    if expected == got {
        Ok(())
    } else {
        Err(VerifyError::ExecutedKey { expected: expected.into(), got: got.into() })
    }
}
