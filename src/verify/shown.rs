//! What a verdict shows of a transfer, taken from proven events, calls and votes only.

use super::evidence::Evidence;
use super::handle::{Execution, ProvenHandle};
use super::request::ProvenRequest;
use super::stop::Stop;
use super::votes::{sender_of, vote_of, Decision, Tally};
use crate::bridge::events::TokenType;
use crate::bridge::uri::token_uri;
use crate::bundle::ItemRef;
use crate::facts::{self, amount_or_id, Operator, Role, VoteTransaction, Votes};
use crate::primitives::{Address, Hash};
use alloc::vec::Vec;

/// A proven request.
pub(super) fn request(source: &Evidence<'_>, proven: &ProvenRequest) -> Result<facts::Request, Stop> {
    let (event, at) = (&proven.event, proven.at);
    let [amount, token_id] = amount_or_id(event.token_type, event.value);
    Ok(facts::Request {
        chain: source.chain().name().into(),
        block: proven.header,
        transaction: proven.tx_hash,
        index: at.item.index,
        log: at.log,
        kind: event.token_type,
        from: event.from,
        to: event.to,
        token: event.token,
        registered_token: proven.destination_token,
        amount,
        token_id,
        fee: event.fee,
        extra: event.extra.clone(),
        token_uri: requested_uri(proven),
        commitment: source.path(at.item)?,
        sealed_by: sealed_by(source, proven.header.number),
    })
}

/// The URI that operators must copy: only ERC-721 has one.
pub(super) fn requested_uri(proven: &ProvenRequest) -> Option<Vec<u8>> {
    let of = |(version, encoded): &(u8, Vec<u8>)| token_uri(*version, encoded);
    (proven.event.token_type == TokenType::Erc721).then(|| proven.event.encoding.as_ref().map(of).unwrap_or_default())
}

/// A proven handle event. Which call led to it is another question: see [`add_call`].
pub(super) fn execution(destination: &Evidence<'_>, proven: &ProvenHandle<'_>) -> Result<facts::Execution, Stop> {
    let (event, at) = (&proven.event, proven.at);
    let [amount, token_id] = amount_or_id(event.token_type, event.value);
    Ok(facts::Execution {
        chain: destination.chain().name().into(),
        block: proven.header,
        transaction: proven.item.transaction_hash,
        index: at.item.index,
        log: at.log,
        sender: None,
        kind: event.token_type,
        from: event.from,
        to: event.to,
        token: event.token,
        amount,
        token_id,
        extra: event.extra.clone(),
        request_transaction: event.request_tx_hash,
        vote_key: None,
        request_block: None,
        token_uri: None,
        commitment: destination.path(at.item)?,
        sealed_by: sealed_by(destination, proven.header.number),
    })
}

/// Adds what the voted calldata says, once it is known to be what was executed.
pub(super) fn add_call(shown: &mut facts::Execution, execution: &Execution) {
    shown.sender = execution.sender;
    shown.vote_key = Some(execution.key);
    shown.request_block = execution.call.as_ref().map(|call| call.request_block);
    shown.token_uri = execution.call.as_ref().and_then(|call| call.token_uri.clone());
}

/// Who voted for an execution.
pub(super) fn decided(decision: &Decision) -> Votes {
    Votes { threshold: Some(decision.threshold()), operators: decision.shown.clone(), later: decision.later }
}

fn sealed_by(evidence: &Evidence<'_>, number: u64) -> Option<u64> {
    evidence.chain().sealed_by(number).map(|sealed| sealed.block.number)
}

/// Everyone in the voters list, ascending. `key` is the executed or the requested one; without one no vote dissents.
/// `executor` cast the deciding vote with a transaction of its own.
pub(super) fn by_state(
    tally: &Tally,
    key: Option<&Hash>,
    executor: Option<(Address, VoteTransaction)>,
) -> Vec<Operator> {
    let transaction = |address| executor.filter(|(executor, _)| *executor == address).map(|(_, vote)| vote);
    let entry =
        |address: Address, role, vote_key| Operator { address, role, vote_key, transaction: transaction(address) };
    let mut shown = Vec::new();
    for (voted, voters) in &tally.counted {
        let role = if key.is_none_or(|key| key == voted) { Role::Voted } else { Role::Dissented };
        shown.extend(voters.iter().map(|voter| entry(*voter, role, Some(*voted))));
    }
    for (voted, voters) in &tally.former {
        shown.extend(voters.iter().map(|voter| entry(*voter, Role::ExOperator, Some(*voted))));
    }
    shown.extend(tally.silent.iter().map(|voter| entry(*voter, Role::None, None)));
    ascending(shown)
}

/// The operator whose attempt at `at` is proven to have reverted; it has no live vote.
pub(super) fn add_reverted(votes: &mut Votes, destination: &Evidence<'_>, at: ItemRef) -> Result<(), Stop> {
    let attempt = destination.item(at)?;
    let address = sender_of(&attempt.transaction, destination.chain().trusted().profile.chain_id)?;
    let transaction = Some(vote_of(attempt));
    let mut operators = core::mem::take(&mut votes.operators);
    operators.retain(|other| other.address != address);
    operators.push(Operator { address, role: Role::Reverted, vote_key: None, transaction });
    votes.operators = ascending(operators);
    Ok(())
}

/// By address. Each is put into its place: a sort of so large entries would be 3 kB of code for
/// browsers, and a list of voters has at most 256, or ascends already.
fn ascending(operators: Vec<Operator>) -> Vec<Operator> {
    let mut sorted: Vec<Operator> = Vec::with_capacity(operators.len());
    for operator in operators {
        let place = sorted.partition_point(|other| other.address <= operator.address);
        sorted.insert(place, operator);
    }
    sorted
}
