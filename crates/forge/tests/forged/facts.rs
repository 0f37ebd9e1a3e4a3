//! What a verdict shows beside its state fits the state, in every case; and what is not proven is not shown.

use spanlight::bundle::Claim;
use spanlight::commitment::CommitmentForm;
use spanlight::facts::{Facts, Operator, Role};
use spanlight::verdict::{State, TransferVerdict, Verdict};
use spanlight::Address;
use spanlight_forge::scenarios::{all, handled, open, Case};
use spanlight_forge::Scenario;
use std::sync::OnceLock;

const FORMS: [CommitmentForm; 3] = [CommitmentForm::Trie, CommitmentForm::Simple, CommitmentForm::Concat];

fn addresses<'o>(operators: impl Iterator<Item = &'o Operator>) -> Vec<Address> {
    operators.map(|operator| operator.address).collect()
}

fn fits(case: &Case, transfer: &TransferVerdict) {
    let (name, Facts { request, execution, votes }) = (&case.name, &transfer.facts);
    let executed = matches!(case.state, State::Handled { .. } | State::Fraud { .. });
    assert_eq!(execution.is_some(), executed, "{name}");
    let operators = &votes.as_ref().unwrap().operators;
    assert!(operators.windows(2).all(|pair| pair[0].address < pair[1].address), "{name}: {operators:?}");
    let of = |role: Role| operators.iter().filter(move |operator| operator.role == role);
    if let Some((votes, threshold)) = case.state.votes() {
        assert_eq!(transfer.facts.votes.as_ref().unwrap().threshold, Some(threshold), "{name}");
        let most = if matches!(case.state, State::Attempted { .. }) { 0 } else { votes };
        assert!(of(Role::Voted).count() as u32 >= most, "{name}: {operators:?}");
    }
    assert!(of(Role::None).chain(of(Role::Reverted)).all(|operator| operator.vote_key.is_none()), "{name}");
    assert!(of(Role::Voted).chain(of(Role::Dissented)).all(|operator| operator.vote_key.is_some()), "{name}");
    assert!(addresses(of(Role::Dissented)).iter().all(|address| case.dissenters.contains(address)), "{name}");
    if let Some(execution) = execution {
        let behind = addresses(operators.iter().filter(|operator| operator.vote_key == execution.vote_key));
        assert!(addresses(of(Role::Voted)).iter().all(|address| behind.contains(address)), "{name}");
        if matches!(case.state, State::Fraud { .. }) {
            assert_eq!(behind, case.state.culprits(), "{name}");
        }
        assert!(execution.sender.is_some(), "{name}");
    }
    if let (State::Handled { .. }, Some(request), Some(execution)) = (&case.state, request, execution) {
        let moved =
            (request.kind, request.from, request.to, request.registered_token, request.amount, request.token_id);
        let done =
            (execution.kind, execution.from, execution.to, execution.token, execution.amount, execution.token_id);
        assert_eq!(moved, done, "{name}");
        assert_eq!(request.transaction, execution.request_transaction, "{name}");
        assert_eq!(
            (Some(request.block.number), &request.token_uri),
            (execution.request_block, &execution.token_uri),
            "{name}"
        );
    }
}

#[test]
fn what_is_shown_fits_the_state_in_every_case() {
    for case in FORMS.into_iter().flat_map(all) {
        fits(&case, &case.scenario.transfer());
    }
}

fn case_of(name: &str) -> &'static Case {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| all(CommitmentForm::Trie)).iter().find(|case| case.name == name).unwrap()
}

#[test]
fn roles_tell_dissent_and_former_operators_apart() {
    let roles = |name: &str| {
        let operators = case_of(name).scenario.transfer().facts.votes.unwrap().operators;
        let mut roles: Vec<String> = operators.iter().map(|operator| format!("{:?}", operator.role)).collect();
        roles.sort_unstable();
        roles
    };
    assert_eq!(roles("handled_with_dissent"), ["Dissented", "Voted", "Voted"]);
    assert_eq!(roles("handled_with_former_operator"), ["ExOperator", "Voted", "Voted"]);
    assert_eq!(roles("handled_after_a_switched_vote"), ["Voted", "Voted"]);
    assert!(roles("stuck_delivery_reverted").iter().any(|role| role == "Reverted"));
}

#[test]
fn every_vote_transaction_is_told_where_transactions_are_the_evidence() {
    let operators = case_of("handled_by_transactions").scenario.transfer().facts.votes.unwrap().operators;
    assert!(operators.len() == 2 && operators.iter().all(|operator| operator.transaction.is_some()), "{operators:?}");
}

/// Only of the deciding vote is the transaction in the bundle; the votes in state tell of none.
#[test]
fn the_deciding_transaction_is_told_of_the_operator_that_sent_it() {
    let (stage, transfer) = handled::executed(&spanlight_forge::StageSetup::default(), spanlight_forge::coin(5));
    let facts = stage.prove(transfer).transfer().facts;
    let operators = facts.votes.unwrap().operators;
    let told = addresses(operators.iter().filter(|operator| operator.transaction.is_some()));
    assert_eq!((operators.len(), Some(told)), (2, facts.execution.unwrap().sender.map(|sender| vec![sender])));
}

/// A bundle whose destination says nothing of the votes any more.
fn without_votes(scenario: &Scenario) -> TransferVerdict {
    let mut scenario = scenario.clone();
    scenario.destination().states.clear();
    scenario.transfer()
}

#[test]
fn a_proven_request_is_shown_also_where_the_verdict_is_none_and_nothing_else_is() {
    let transfer = without_votes(&open::requested(CommitmentForm::Trie).scenario);
    assert!(matches!(transfer.verdict, Verdict::Incomplete { .. }), "{:?}", transfer.verdict);
    let Facts { request, execution, votes } = transfer.facts;
    assert!(request.is_some() && execution.is_none() && votes.is_none());
}

#[test]
fn a_claimed_execution_that_is_not_proven_is_not_shown() {
    let transfer =
        without_votes(&handled::by_transactions(CommitmentForm::Trie, spanlight_forge::actions::coin(5)).scenario);
    assert!(!matches!(transfer.verdict, Verdict::Proven { .. }), "{:?}", transfer.verdict);
    assert_eq!(transfer.facts.execution, None);
    assert_eq!(transfer.facts.votes, None);
}

#[test]
fn nothing_is_shown_of_a_bundle_that_is_refused() {
    let mut scenario = open::requested(CommitmentForm::Trie).scenario;
    scenario.trust.chains[0].checkpoint.hash.0[0] ^= 1;
    assert_eq!(scenario.transfer().facts, Facts::default());
    assert!(matches!(scenario.bundle.claim, Claim::Transfers { .. }));
    assert!(scenario.verify().seals.is_empty());
}
