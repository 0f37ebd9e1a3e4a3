//! A report shows the heads that each verdict is as of, and the seals that make final what it
//! rests on.

use spanlight::commitment::CommitmentForm;
use spanlight::verify::Report;
use spanlight_forge::scenarios::{chains, handled, open};
use spanlight_forge::{coin, Scenario, StageSetup};
use std::collections::BTreeSet;

/// The heights of each chain whose seals a report shows.
fn sealed(report: &Report, chain: &str) -> BTreeSet<u64> {
    report.seals.iter().filter(|sealed| sealed.chain == chain).map(|sealed| sealed.block.number).collect()
}

/// The last block that is followed on each chain.
fn heads(scenario: &Scenario) -> [u64; 2] {
    let head = |place: usize| {
        let entry = scenario.bundle.chains[place].headers.last().unwrap();
        spanlight::header::UntrustedHeader::decode(&entry.header).unwrap().number()
    };
    [head(0), head(1)]
}

#[test]
fn each_request_and_execution_is_shown_with_its_own_seals() {
    let (mut stage, transfer) = handled::executed(&StageSetup::default(), coin(500));
    stage.source.idle(3);
    stage.destination.idle(3);
    let (requested, executed) = (transfer.request.unwrap().item.block, transfer.handle.unwrap().item.block);
    let scenario = stage.prove(transfer);
    let [source, destination] = heads(&scenario);
    let report = scenario.verify();
    let facts = &report.transfers[0].facts;
    assert_eq!(facts.request.as_ref().unwrap().sealed_by, Some(requested));
    assert_eq!(facts.execution.as_ref().unwrap().sealed_by, Some(executed));
    let as_of = &report.transfers[0].as_of;
    let mut of_source: BTreeSet<u64> = [requested, source].into();
    of_source.extend(as_of.source.iter().map(|header| header.number));
    let mut of_destination: BTreeSet<u64> = [executed, destination].into();
    of_destination.extend(as_of.destination.iter().map(|header| header.number));
    assert_eq!([sealed(&report, "main"), sealed(&report, "service")], [of_source, of_destination]);
}

/// Between, no header carries seals: the head's stand for all.
#[test]
fn in_a_sparse_run_the_next_sealed_header_makes_a_block_final() {
    let scenario = chains::sparse().scenario;
    let [source, destination] = heads(&scenario);
    let report = scenario.verify();
    let facts = &report.transfers[0].facts;
    assert!(facts.request.as_ref().unwrap().block.number <= source);
    assert_eq!(facts.request.as_ref().unwrap().sealed_by, Some(source));
    assert_eq!(facts.execution.as_ref().unwrap().sealed_by, Some(destination));
    assert_eq!([sealed(&report, "main"), sealed(&report, "service")], [[source].into(), [destination].into()]);
}

#[test]
fn a_transfer_is_judged_as_of_both_heads_also_where_nothing_is_proven() {
    let scenario = open::requested(CommitmentForm::Trie).scenario;
    let mut refused = scenario.clone();
    refused.destination().states.clear();
    for scenario in [scenario, refused] {
        let as_of = scenario.transfer().as_of;
        let numbers = [as_of.source, as_of.destination].map(|header| header.map(|header| header.number));
        assert_eq!(numbers, heads(&scenario).map(Some));
    }
}
