//! Every named case gets exactly its state, dissenters and notes, in every commitment form.

use spanlight::commitment::CommitmentForm;
use spanlight::verdict::{Check, Note, Verdict};
use spanlight_forge::scenarios::{all, chains, open, Case};

/// Said of how the chains were followed, in every case here: the main chain has Randao.
const OF_THE_CHAINS: [&str; 1] = ["random_reveal_unchecked"];

fn is_judged_as_it_is(case: &Case, form: CommitmentForm) -> Result<(), String> {
    let transfer = case.scenario.transfer();
    let Verdict::Proven { state, notes } = &transfer.verdict else {
        return Err(format!("{} {form:?}: {:?}", case.name, transfer.verdict));
    };
    let notes: Vec<&str> = notes.iter().map(Note::code).filter(|code| !OF_THE_CHAINS.contains(code)).collect();
    let same = *state == case.state && notes == case.notes && transfer.dissenters == case.dissenters;
    same.then_some(()).ok_or_else(|| format!("{} {form:?}: {state:?} {notes:?} {:?}", case.name, transfer.dissenters))
}

fn all_are_judged(cases: &[Case], form: CommitmentForm) {
    let wrong: Vec<String> = cases.iter().filter_map(|case| is_judged_as_it_is(case, form).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_has_its_state_with_tries() {
    all_are_judged(&all(CommitmentForm::Trie), CommitmentForm::Trie);
}

#[test]
fn every_case_has_its_state_with_binary_hash_trees() {
    all_are_judged(&all(CommitmentForm::Simple), CommitmentForm::Simple);
}

#[test]
fn every_case_has_its_state_with_concatenation() {
    all_are_judged(&all(CommitmentForm::Concat), CommitmentForm::Concat);
}

#[test]
fn however_the_chains_are_followed_a_handled_transfer_is_handled() {
    all_are_judged(&chains::all(), CommitmentForm::Concat);
}

/// How the chains were followed is said once, not again with every transfer.
#[test]
fn checks_of_whole_chains_are_the_reports_and_not_the_transfers() {
    let report = open::requested(CommitmentForm::Trie).scenario.verify();
    let ids = |checks: &[Check]| checks.iter().map(|check| check.id).collect::<Vec<_>>();
    assert_eq!(ids(&report.chains), ["H", "S", "H", "S"]);
    let of_the_transfer = ids(&report.transfers[0].checks);
    assert!(!of_the_transfer.is_empty() && !of_the_transfer.iter().any(|id| ["H", "S"].contains(id)));
}
