//! What each verdict, reason and note is called and means, in a sentence.

use super::style::Tone;
use super::uncovered;
use crate::clock;
use spanlight::facts::{Claim, WarnedOn};
use spanlight::uncovered::Uncovered;
use spanlight::verdict::{FraudKind, Missing, Note, Outcome, State, StuckReason, TransferVerdict, Verdict};
use spanlight::Address;

/// What to do about a transfer that happened before the trust begins.
pub(crate) const BELOW_CHECKPOINT: &str =
    "start from an older checkpoint that you trust, or from the genesis file: a chain is followed forward only";

/// What to look at before a bundle is called false.
pub(crate) const ANOTHER_TRUST: &str =
    "your trust file may be of another chain, checkpoint or bridge than this bundle: \
     `spanlight inspect` shows what the bundle is of; compare names, checkpoints and bridges before you call it false";

/// Whether a bundle that is honest would be refused so by a trust file of another chain, checkpoint
/// or bridge.
pub(crate) fn may_be_of_another_trust(verdict: &Verdict) -> bool {
    const CODES: [&str; 10] = [
        "bundle.chains",
        "consensus.anchor",
        "trie.node_missing",
        "trie.node_unused",
        "trust.chain_id",
        "verify.bridge_absent",
        "verify.bridge_mode",
        "verify.bridge_storage",
        "verify.emitter",
        "verify.source_not_bound",
    ];
    matches!(verdict, Verdict::Invalid(_)) && verdict.code().is_some_and(|code| CODES.contains(&code))
}

/// The one word that a reader sees first.
pub(crate) fn label(verdict: &Verdict) -> String {
    let name = verdict.state().map_or(verdict.name(), State::name);
    name.replace('_', " ").to_uppercase()
}

/// Green only for what the core calls clean, red for lies, yellow for everything that is open or unknown.
pub(crate) fn tone(verdict: &Verdict) -> Tone {
    match verdict.exit_code() {
        0 if verdict.is_clean() => Tone::Good,
        1 => Tone::Bad,
        _ => Tone::Open,
    }
}

/// What the verdict says, without the label.
pub(crate) fn sentence(transfer: &TransferVerdict) -> String {
    match &transfer.verdict {
        Verdict::Proven { state: State::Handled { votes, of }, notes } if notes.iter().any(|n| n.claim().is_some()) => {
            format!("{}; executed on {} as requested, but not delivered", votes_of(*votes, *of), transfer.to)
        }
        Verdict::Proven { state, .. } => state_sentence(state, &transfer.to),
        Verdict::Unsupported(what) => {
            let code = if what.what == Uncovered::UnknownCode { unknown_code(transfer) } else { None };
            let code = code.map(|code| format!(": {code}")).unwrap_or_default();
            format!("not covered, and nobody is accused: {}{code}", uncovered::sentence(what))
        }
        other => {
            let may = match other {
                Verdict::Incomplete { missing: Missing::Handle | Missing::Request } => {
                    ", or lies below your checkpoint"
                }
                _ => "",
            };
            format!("{}{may} ({})", other.detail().unwrap_or_default(), other.code().unwrap_or_default())
        }
    }
}

/// The hash of the code that is not accepted, and where it runs: the check that refused it has
/// them.
fn unknown_code(transfer: &TransferVerdict) -> Option<String> {
    let check = transfer.checks.iter().rfind(|check| check.id == "P6" && check.outcome == Outcome::Failed)?;
    let input = |name| check.inputs.iter().find(|(of, _)| *of == name).map(|(_, value)| value.as_str());
    Some(format!("{} on {} at block {}", input("code")?, input("chain")?, input("block")?))
}

fn state_sentence(state: &State, to: &str) -> String {
    match state {
        State::Requested => format!("requested; no operator has voted for it on {to} yet"),
        State::Voting { votes, of } => format!("{}; waiting for more", votes_of(*votes, *of)),
        State::Handled { votes, of } => format!("{}; executed on {to} exactly as requested", votes_of(*votes, *of)),
        State::Stuck { reason: StuckReason::BridgePaused { resume }, votes, of } => {
            format!("{}; {}", votes_of(*votes, *of), pause_sentence(*resume, to))
        }
        State::Stuck {
            reason: StuckReason::OutflowLimit { until, amount, room, may_leave, source_bound },
            votes,
            of,
        } => {
            let votes = votes_of(*votes, *of);
            if *may_leave {
                let anybody = if *source_bound {
                    ", and so does anybody who calls `handleWithSignatures` without signatures"
                } else {
                    ""
                };
                format!(
                    "{votes}; the outflow limit on {to} held it back and lets it leave now: an operator that votes \
                     again lets it{anybody}"
                )
            } else {
                format!(
                    "{votes}; the outflow limit on {to} holds it back: {amount} are to leave and {room} may now; it \
                     leaves once that fits, at {} at the latest",
                    clock::date(*until)
                )
            }
        }
        State::Stuck { reason, votes, of } => {
            let detail = Verdict::Proven {
                state: State::Stuck { reason: reason.clone(), votes: *votes, of: *of },
                notes: Vec::new(),
            }
            .detail();
            format!("{}; {}", votes_of(*votes, *of), detail.unwrap_or_default())
        }
        State::Fraud { kind, votes, of, .. } => format!("{}; {}", votes_of(*votes, *of), fraud_sentence(kind, to)),
        State::Attempted { votes, of, .. } => {
            format!("{}; nobody requested it, and it was not executed on {to}", votes_of(*votes, *of))
        }
        State::Unrequested => "nobody requested it, nobody voted, nothing was executed".to_string(),
    }
}

fn pause_sentence(resume: u64, to: &str) -> String {
    let owner = match resume {
        0 => String::new(),
        time => format!("; its owner may resume it at {}", clock::date(time)),
    };
    format!("the bridge on {to} is paused and takes no votes until it is resumed{owner}")
}

fn fraud_sentence(kind: &FraudKind, to: &str) -> String {
    match kind {
        FraudKind::NeverRequested => format!("executed on {to} although nobody requested it"),
        FraudKind::NamedBlockDidNotExist => {
            format!("executed on {to} for a request in a block that did not exist (rests on block times)")
        }
        FraudKind::Differs(differences) => {
            let mut rules: Vec<&str> = differences.iter().map(|difference| difference.rule).collect();
            rules.dedup();
            format!("executed on {to} otherwise than requested (rules {})", rules.join(", "))
        }
    }
}

/// Votes counted and votes needed.
pub(crate) fn votes_of(votes: u32, of: u32) -> String {
    format!("{votes} of {of} votes")
}

/// What a careful reader should know beside the state.
pub(crate) fn note_sentence(note: &Note) -> String {
    match note {
        Note::VotesByTransactions => {
            "the votes are shown as transactions; that none was taken back later is the contract's word".to_string()
        }
        Note::VotesFromLaterState { executed, read, too_few } => {
            let fewer = if *too_few { "; fewer are recorded than that state's threshold" } else { "" };
            format!("the votes of the execution in block {executed} are read from the state of block {read}{fewer}")
        }
        Note::VotesBySignatures => {
            "somebody brought the operators' signatures; the votes are counted by the bridge's state".to_string()
        }
        Note::Claimable(claim) => claim_sentence(claim),
        Note::ExOperatorVote(address) => {
            format!("{address} voted but was no operator at the deciding vote: not counted")
        }
        Note::OperatorsChangedInBlock => {
            "operators or threshold changed in the deciding block; the stricter reading is used".to_string()
        }
        Note::TokenMappingChanged => "the token registered for this one changed after the request".to_string(),
        Note::RestsOnBlockTimes => "rests on the block times of both chains, within the allowed clock skew".to_string(),
        Note::JumpedHeaders { chain } => {
            format!("headers of {chain} were skipped: council and parameter changes among them are unseen")
        }
        Note::LowLiquidity => "the destination bridge also holds less coin than the transfer needs".to_string(),
        Note::RandomRevealUnchecked { chain } => format!("the BLS half of {chain}'s random reveal is not checked"),
        Note::CommitteeUnchecked { chain } => {
            format!("that signers of {chain} were in the block's committee is not checked")
        }
        Note::VoteByOther(vote) => format!(
            "{}; the governing node did not cast it, and by such a vote one validator can replace all others",
            warned_vote(vote)
        ),
        Note::VoteByMember(vote) => {
            format!("{}; by such a vote one validator can replace all others", warned_vote(vote))
        }
    }
}

/// Whether a note warns of this one transfer, and not of all on its chain.
pub(crate) const fn is_of_the_transfer(note: &Note) -> bool {
    note.is_warning() && note.warned_vote().is_none()
}

/// A vote that no governing node cast.
pub(crate) fn warned_vote(WarnedOn { chain, number, voter, key, .. }: &WarnedOn) -> String {
    format!("{chain} followed a vote of {voter} at block {number} ({key})")
}

fn claim_sentence(claim: &Claim) -> String {
    let value = match (claim.amount, claim.token_id) {
        (_, Some(id)) => format!("token {id} of {}", claim.token),
        (Some(amount), None) if claim.token.is_zero() => format!("{amount} peb"),
        (amount, None) => format!("{} of token {}", amount.unwrap_or_default(), claim.token),
    };
    let (recipient, block) = (claim.recipient, claim.as_of.number);
    if claim.claimed {
        format!("the delivery failed; {recipient} has since claimed {value} (as of block {block})")
    } else {
        format!("the delivery failed; {recipient} can claim {value} from the bridge (as of block {block})")
    }
}

/// Addresses in a row.
pub(crate) fn addresses(list: &[Address]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight::verdict::{AsOf, Check};
    use spanlight::U256;
    use std::collections::BTreeSet;

    fn transfer(verdict: Verdict) -> TransferVerdict {
        TransferVerdict {
            from: "main".into(),
            to: "service".into(),
            source_bridge: Address::ZERO,
            destination_bridge: Address::ZERO,
            nonce: 7,
            verdict,
            dissenters: Vec::new(),
            facts: spanlight::facts::Facts::default(),
            as_of: AsOf::default(),
            checks: Vec::new(),
        }
    }

    fn proven(state: State, notes: Vec<Note>) -> Verdict {
        Verdict::Proven { state, notes }
    }

    fn every_verdict() -> Vec<Verdict> {
        let (votes, of) = (2, 2);
        let culprits = vec![Address::ZERO];
        let stuck = |reason| proven(State::Stuck { reason, votes: 1, of }, Vec::new());
        let (until, amount, room) = (1_800_000_000, U256::from(500u64), U256::from(300u64));
        let held =
            |may_leave, source_bound| stuck(StuckReason::OutflowLimit { until, amount, room, may_leave, source_bound });
        let fraud = |kind| State::Fraud { kind, culprits: culprits.clone(), votes, of };
        vec![
            proven(State::Requested, Vec::new()),
            proven(State::Voting { votes: 1, of }, Vec::new()),
            proven(State::Handled { votes, of }, Vec::new()),
            proven(State::Stuck { reason: StuckReason::VotesDiffer, votes: 1, of }, Vec::new()),
            stuck(StuckReason::BridgePaused { resume: 0 }),
            stuck(StuckReason::BridgePaused { resume: 1_800_000_000 }),
            held(false, true),
            held(true, true),
            held(true, false),
            proven(fraud(FraudKind::NeverRequested), Vec::new()),
            proven(fraud(FraudKind::Differs(Vec::new())), Vec::new()),
            proven(State::Attempted { culprits: culprits.clone(), votes: 1, of }, Vec::new()),
            proven(State::Unrequested, Vec::new()),
            Verdict::Incomplete { missing: Missing::Votes },
            Verdict::Unsupported(Uncovered::GovernanceByContract.into()),
            Verdict::Invalid(spanlight::bundle::BundleError::Chains.into()),
        ]
    }

    #[test]
    fn every_verdict_has_its_own_words() {
        let verdicts = every_verdict();
        let words: BTreeSet<String> =
            verdicts.iter().map(|v| format!("{} {}", label(v), sentence(&transfer(v.clone())))).collect();
        assert_eq!(words.len(), verdicts.len());
        assert!(words.iter().all(|words| !words.ends_with(' ')), "{words:?}");
    }

    /// What to compare with the trust file is in the sentence itself.
    #[test]
    fn unknown_code_is_told_with_its_hash_and_place() {
        let inputs =
            [("chain", "service"), ("block", "9"), ("code", "0xabc")].map(|(name, value)| (name, value.into()));
        let outcome = Outcome::Failed;
        let check = Check { id: "P6", rule: "known code", source: "bridge.md 6.4 P6", inputs: inputs.into(), outcome };
        let refused = Verdict::Unsupported(Uncovered::UnknownCode.into());
        let told = sentence(&TransferVerdict { checks: vec![check], ..transfer(refused) });
        assert!(told.ends_with(": 0xabc on service at block 9"), "{told}");
    }

    #[test]
    fn what_holds_a_transfer_back_is_told_with_dates() {
        let all: Vec<String> = every_verdict().into_iter().map(|verdict| sentence(&transfer(verdict))).collect();
        let telling = |words: &str| all.iter().filter(|said| said.contains(words)).count();
        assert_eq!(telling("the bridge on service is paused"), 2);
        assert_eq!(telling("its owner may resume it at 2027-01-15"), 1);
        assert_eq!(telling("500 are to leave and 300 may now; it leaves once that fits, at 2027-01-15"), 1);
        assert_eq!(telling("lets it leave now: an operator that votes again lets it"), 2);
        assert_eq!(telling("handleWithSignatures"), 1, "the contract refuses it until its source is bound");
        assert!(all.iter().all(|said| !said.contains("delivery")), "{all:?}");
    }

    #[test]
    fn only_a_handled_transfer_without_warnings_is_green() {
        let green = every_verdict().into_iter().filter(|verdict| tone(verdict) == Tone::Good);
        assert_eq!(green.collect::<Vec<_>>(), [proven(State::Handled { votes: 2, of: 2 }, Vec::new())]);
        let warned = proven(State::Handled { votes: 2, of: 2 }, vec![Note::TokenMappingChanged]);
        assert_eq!(tone(&warned), Tone::Open);
    }
}
