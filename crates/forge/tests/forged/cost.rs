//! What a verdict costs and lists stays in proportion to the bundle.

use spanlight::bundle::{Claim, ItemRef, LogRef, TransferProof};
use spanlight::commitment::CommitmentForm;
use spanlight::receipt::Log;
use spanlight::verify::Report;
use spanlight::{Address, U256};
use spanlight_forge::{coin, Scenario, Stage, StageSetup, USER};

/// Bytes of the values that a report's checks list.
fn listed(report: &Report) -> usize {
    let checks = report.transfers.iter().flat_map(|transfer| &transfer.checks).chain(&report.chains);
    checks.flat_map(|check| &check.inputs).map(|(_, value)| value.len()).sum()
}

fn claim(scenario: &mut Scenario, transfers: Vec<TransferProof>, complete: Option<(u64, u64)>) {
    scenario.bundle.claim = Claim::Transfers { transfers, complete };
}

/// Twenty bytes of a transfer may not buy kilobytes of report.
#[test]
fn a_report_lists_no_more_than_some_times_its_bundle() {
    let mut stage = Stage::new(&StageSetup::with_form(CommitmentForm::Trie));
    let request = stage.request(coin(500));
    let mut scenario = stage.prove(TransferProof { request: Some(request.at), ..TransferProof::default() });
    let transfers = (0..2_000).map(|nonce| TransferProof { nonce, ..TransferProof::default() }).collect();
    claim(&mut scenario, transfers, None);
    let (size, listed) = (scenario.bundle.encode().len(), listed(&scenario.verify()));
    assert!(listed < size * 10, "bundle of {size} bytes, {listed} bytes of inputs in checks");
}

/// One large receipt, named by many transfers of some twenty bytes each: no verdict repeats what is in it.
#[test]
fn naming_a_large_item_again_lists_little() {
    let mut stage = Stage::new(&StageSetup::with_form(CommitmentForm::Trie));
    let index = stage.source.block(|block| {
        let log = Log { address: Address([7; 20]), topics: Vec::new(), data: vec![1; 40] };
        block.transaction(USER, Address([7; 20]), U256::ZERO, Vec::new(), 1, vec![log; 1_000])
    });
    let at = LogRef { item: ItemRef { block: stage.source.height(), index }, log: 0 };
    let mut scenario = stage.prove(TransferProof { request: Some(at), ..TransferProof::default() });
    let mut of = |count: u64| {
        let named = |nonce| TransferProof { nonce, request: Some(at), ..TransferProof::default() };
        claim(&mut scenario, (0..count).map(named).collect(), None);
        let report = scenario.verify();
        assert!(report.transfers.iter().all(|transfer| transfer.verdict.code() == Some("verify.emitter")));
        listed(&report)
    };
    let (one, hundred) = (of(1), of(100));
    assert!(hundred - one < 99 * 400, "{one} bytes, {hundred} bytes");
}

/// A claimed range may be as long as numbers go; walking over it would never end.
#[test]
fn completeness_of_a_range_without_end_is_judged_by_what_is_shown() {
    let mut stage = Stage::new(&StageSetup::default());
    let request = stage.request(coin(500));
    stage.source.block(|block| block.bridge().request_nonce = u64::MAX);
    stage.destination.idle(1);
    let transfers = vec![TransferProof { request: Some(request.at), ..TransferProof::default() }];
    let mut plan = stage.plan(&transfers);
    plan.source_states.insert(stage.source.height());
    plan.complete = Some((0, u64::MAX));
    let completeness = stage.prove_plan(&plan, transfers).verify().complete.unwrap().unwrap();
    assert_eq!(completeness.against, ["complete.transfer_not_proven"]);
}
