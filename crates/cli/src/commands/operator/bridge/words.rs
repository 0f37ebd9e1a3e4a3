//! What a command says at its end: what is proven, or why nothing was done and what to do.

use super::super::OTHER_CHAIN;
use super::amounts::time;
use crate::clock::date;
use crate::failure::Failure;
use serde_json::{json, Value};
use spanlight_operator::powers::{Done, Power, PowerError, Refusal, State};

/// What is proven, for people.
pub(super) fn done(done: &Done, power: &Power, chain: &str) -> String {
    let block = done.block;
    let by = match done.transaction {
        Some(hash) => format!("by transaction {hash}; proven in the state of block {block}"),
        None => format!("as it was before: proven in the state of block {block}; nothing was sent"),
    };
    match done.state {
        State::Made => format!("{power} on {chain}, {by}\n"),
        State::Announced { number, ready, until } => format!(
            "announced on {chain} as change {number}: {power}, {by}\n\
             give the same command without --announce between {} and {}\n",
            date(ready),
            date(until)
        ),
        State::Voted { votes, threshold } => {
            format!("this operator's vote stands on {chain} for: {power}; {votes} of {threshold} votes, {by}\n")
        }
        State::Withdrawn { votes, threshold } => {
            format!("this operator has no vote on {chain} for: {power}; {votes} of {threshold} votes, {by}\n")
        }
        State::ResumeScheduled { ready } => {
            format!("the owner may resume {chain} from {} on, {by}\ngive the same command again then\n", date(ready))
        }
    }
}

/// What is proven, for programs.
pub(super) fn done_json(done: &Done, power: &Power, chain: &str) -> Value {
    let mut told = json!({
        "chain": chain, "what": power.to_string(), "transaction": done.transaction, "block": done.block,
        "sent": done.transaction.is_some(),
    });
    let more = match done.state {
        State::Made => json!({ "state": "made" }),
        State::Announced { number, ready, until } => {
            json!({ "state": "announced", "number": number, "ready": ready, "until": until })
        }
        State::Voted { votes, threshold } => json!({ "state": "voted", "votes": votes, "threshold": threshold }),
        State::Withdrawn { votes, threshold } => {
            json!({ "state": "withdrawn", "votes": votes, "threshold": threshold })
        }
        State::ResumeScheduled { ready } => json!({ "state": "resume_scheduled", "ready": ready }),
    };
    if let (Value::Object(told), Value::Object(more)) = (&mut told, more) {
        told.extend(more);
    }
    told
}

/// Why nothing was done.
pub(super) fn failure(error: PowerError, chain: &str) -> Failure {
    let not_judged = Failure::verdict(1, &error);
    match &error {
        PowerError::Refused(refusal) => {
            let (what, hint, code) = refused(refusal, chain);
            Failure::verdict(1, what).hint(hint).code(code)
        }
        PowerError::Chain(_) => Failure::usage(&error).hint("docs/operator.md says how chains are named"),
        PowerError::Key(_) => Failure::unreadable(&error).hint("docs/operator.md, keys"),
        PowerError::OtherChain(_) => Failure::unreadable(&error).hint(OTHER_CHAIN),
        PowerError::Rpc(_) | PowerError::NotFollowed(_) => {
            Failure::endpoint(&error).hint("look at the endpoints of this chain in the configuration")
        }
        PowerError::OldHead { .. } => Failure::endpoint(&error).hint("give another endpoint, or look at the clock"),
        PowerError::GasPrice { .. } => not_judged.hint("wait until gas is cheaper, or raise max_gas_price"),
        PowerError::NoCoin { .. } => not_judged.hint("send it coin"),
        PowerError::NotSeen { account, account_nonce, .. } => not_judged.hint(format!(
            "run it again: it sends nothing where it is done by then; to cancel it, send any other transaction \
             of {account} with account nonce {account_nonce}, 0 coin to itself for example"
        )),
        PowerError::Busy(_) => not_judged.hint("pause the operator that uses this key, and run it again"),
        PowerError::Ineffective { .. } => {
            not_judged.hint("`operator bridge show` and `changes` say how the bridge stands now; run it again")
        }
        _ => not_judged.hint("docs/contracts.md 3.6 says who may do what, and when"),
    }
}

/// What happened, what to do, and a stable code.
fn refused(refusal: &Refusal, chain: &str) -> (String, String, &'static str) {
    const AGAIN: &str = "announce it with --announce, and give the same command again once the delay is over";
    let nobody = |address: &spanlight::Address| match address.is_zero() {
        true => "nobody".to_owned(),
        false => address.to_string(),
    };
    match refusal {
        Refusal::OlderBridge => (
            format!("the bridge on {chain} is older than version 2 and does not have this"),
            "docs/contracts.md says what version 2 has".to_owned(),
            "bridge.older",
        ),
        Refusal::UnknownCode { code } => (
            format!("the bridge on {chain} runs code {code}, which the trust file does not accept"),
            "nothing is read or sent by a guess: add the code to the trust file if you know it, or mend the bridge's address"
                .to_owned(),
            "bridge.unknown_code",
        ),
        Refusal::NotOwner { owner } => (
            format!("this is for the owner of the bridge on {chain} ({owner}), and this key is another one's"),
            "give the owner's key by --key-file or --key".to_owned(),
            "bridge.not_owner",
        ),
        Refusal::NotOperator => (
            format!("the operators of the bridge on {chain} decide this, and this key belongs to no operator"),
            "give an operator's key, or the configuration of an operator".to_owned(),
            "bridge.not_operator",
        ),
        Refusal::NeedsVotes => (
            format!("it is set already on {chain}: only the votes of operators change it, and this is the owner"),
            "ask the operators to vote for it with this command".to_owned(),
            "bridge.needs_votes",
        ),
        Refusal::NotGuardian { guardian } => (
            format!(
                "guardian ({}), owner and operators may pause the bridge on {chain}, and this key belongs to none of them",
                nobody(guardian)
            ),
            "give one of their keys by --key-file or --key".to_owned(),
            "bridge.not_guardian",
        ),
        Refusal::NotPendingOwner { pending } => (
            format!("the ownership on {chain} is offered to {}, and not to this key's account", nobody(pending)),
            "let the owner offer it first: `operator bridge transfer-ownership ADDRESS`".to_owned(),
            "bridge.not_pending_owner",
        ),
        Refusal::NotAnnounced => (
            "nobody announces this".to_owned(),
            "leave --announce out".to_owned(),
            "bridge.nothing_to_announce",
        ),
        Refusal::NoDelay => (
            format!("the bridge on {chain} has no owner's delay, so nothing is announced: the owner acts at once"),
            "leave --announce out; `operator bridge delay` ends that".to_owned(),
            "bridge.no_delay",
        ),
        Refusal::NoVotes => (
            "operators do not vote on this".to_owned(),
            "leave --withdraw out".to_owned(),
            "bridge.no_votes",
        ),
        Refusal::Unannounced { delay } => (
            format!(
                "the owner has to announce this {} before, and the bridge on {chain} has no announcement of exactly this",
                time(*delay)
            ),
            AGAIN.to_owned(),
            "bridge.not_announced",
        ),
        Refusal::NotReady { number, ready, until, now } => (
            format!(
                "it is announced on {chain} as change {number} and may be made from {} on, in {}",
                date(*ready),
                time(ready.saturating_sub(*now))
            ),
            format!("give the same command again then, before {}", date(*until)),
            "bridge.not_ready",
        ),
        Refusal::Cancelled { number } => (
            format!("operators cancelled this change on {chain} (number {number})"),
            format!("ask them why; then {AGAIN}"),
            "bridge.cancelled",
        ),
        Refusal::Expired { number, until } => (
            format!("the week in which change {number} could be made on {chain} ended at {}", date(*until)),
            AGAIN.to_owned(),
            "bridge.expired",
        ),
        Refusal::NoSuchChange { number, most } => (
            format!("there is no change {number} on {chain}; the newest has number {most}"),
            "`operator bridge changes` lists them".to_owned(),
            "bridge.no_such_change",
        ),
        Refusal::NotHandled => (
            format!("{chain} has not handled this request, so nothing is owed for it"),
            "`operator why NONCE` says what it waits for".to_owned(),
            "bridge.not_handled",
        ),
        Refusal::NotRecipient { recipient } => (
            format!("only the recipient ({recipient}) may send this elsewhere"),
            "leave --to out to pay the recipient".to_owned(),
            "bridge.not_recipient",
        ),
        _ => ("the bridge does not take this now".to_owned(), "docs/contracts.md 3.6".to_owned(), "bridge.refused"),
    }
}
