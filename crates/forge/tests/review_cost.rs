//! Review: the cost of a bundle grows linearly with its size. Run these with `--release`; they compare times, with room.

use spanlight::bundle::{Claim, ItemRef, LogRef, TransferProof};
use spanlight::commitment::CommitmentForm;
use spanlight::receipt::Log;
use spanlight::{Address, U256};
use spanlight_forge::{coin, Scenario, Stage, StageSetup, USER};
use std::time::{Duration, Instant};

fn time(scenario: &Scenario) -> Duration {
    let start = Instant::now();
    let _ = scenario.verify();
    start.elapsed()
}

/// `Complete` over many nonces, none of which is shown: twice as many may cost twice as much, not four times.
#[test]
#[ignore = "minutes without --release"]
fn completeness_of_twice_as_many_transfers_costs_about_twice_as_much() {
    let mut stage = Stage::new(&StageSetup::with_form(CommitmentForm::Trie));
    let request = stage.request(coin(500));
    stage.source.block(|block| block.bridge().request_nonce = 1 << 40);
    let transfers = vec![TransferProof { request: Some(request.at), ..TransferProof::default() }];
    let mut plan = stage.plan(&transfers);
    plan.source_states.insert(stage.source.height());
    plan.complete = Some((0, 0));
    let mut scenario = stage.prove_plan(&plan, transfers);
    let mut of = |count: u64| {
        let transfers = (0..count).map(|nonce| TransferProof { nonce, ..TransferProof::default() }).collect();
        scenario.bundle.claim = Claim::Transfers { transfers, complete: Some((0, count - 1)) };
        time(&scenario)
    };
    of(10);
    let (once, four) = (of(20_000), of(80_000));
    assert!(four < once * 8, "20,000 transfers {once:?}, 80,000 transfers {four:?}");
}

/// One large receipt, named by many transfers of some twenty bytes each.
#[test]
fn naming_an_item_again_costs_no_more_than_naming_it() {
    let mut stage = Stage::new(&StageSetup::with_form(CommitmentForm::Trie));
    let index = stage.source.block(|block| {
        let logs = (0..10_000)
            .map(|_| Log { address: Address([7; 20]), topics: Vec::new(), data: vec![1; 40] })
            .collect::<Vec<_>>();
        block.transaction(USER, Address([7; 20]), U256::ZERO, Vec::new(), 1, logs)
    });
    let at = LogRef { item: ItemRef { block: stage.source.height(), index }, log: 0 };
    let mut scenario = stage.prove(TransferProof { request: Some(at), ..TransferProof::default() });
    let mut of = |count: u64| {
        let transfers =
            (0..count).map(|nonce| TransferProof { nonce, request: Some(at), ..TransferProof::default() }).collect();
        scenario.bundle.claim = Claim::Transfers { transfers, complete: None };
        let size = scenario.bundle.encode().len();
        (size, time(&scenario))
    };
    of(1);
    let ((small, once), (large, many)) = (of(1), of(100));
    assert!(many < once * 20, "{small} bytes {once:?}, {large} bytes {many:?}");
}
