//! A transfer is called stuck from its border on, and not before it.

use spanlight::bundle::TransferProof;
use spanlight::U256;
use spanlight_forge::{coin, Stage, StageSetup};

#[test]
fn votes_are_missing_once_more_time_has_passed_than_the_trust_waits() {
    let mut stage = Stage::new(&StageSetup::default());
    let request = stage.request(coin(500));
    let requested = stage.source.time();
    let after = |age: u64| {
        let mut stage = stage.clone();
        stage.destination.block(|block| block.time = requested + age - 1);
        let scenario = stage.prove(TransferProof { request: Some(request.at), ..TransferProof::default() });
        assert_eq!(scenario.now, requested + age);
        scenario.outcome()
    };
    let patience = stage.trust.chains[1].patience;
    assert_eq!(after(patience), ("proven", "requested"));
    assert_eq!(after(patience + 1), ("proven", "stuck"));
}

#[test]
fn a_bridge_that_holds_just_the_amount_can_pay_it() {
    let outcome = |amount: u64| {
        let mut stage = Stage::new(&StageSetup::default());
        let request = stage.request(coin(amount));
        stage.destination.idle(1);
        stage.prove(TransferProof { request: Some(request.at), ..TransferProof::default() }).outcome()
    };
    assert_eq!(outcome(1_000_000), ("proven", "requested"));
    assert_eq!(outcome(1_000_001), ("proven", "stuck"));
}

#[test]
fn three_different_votes_of_three_decide_nothing() {
    let mut stage = Stage::new(&StageSetup::default());
    let request = stage.request(coin(500));
    for (more, operator) in [11, 12, 13].into_iter().enumerate() {
        let mut call = stage.call(&request);
        call.value += U256::from(more);
        stage.votes(&[operator], &call);
    }
    let open = TransferProof { request: Some(request.at), ..TransferProof::default() };
    assert_eq!(stage.prove(open).outcome(), ("proven", "stuck"));
}

/// The attempt was the deciding one then. Since, the other operator votes for something else.
#[test]
fn an_attempt_that_would_not_decide_any_more_shows_nothing() {
    let outcome = |switches: bool| {
        let mut stage = Stage::new(&StageSetup::default());
        let request = stage.request(coin(500));
        let call = stage.call(&request);
        stage.votes(&[11], &call);
        let failed = stage.destination.block(|block| block.vote_if(12, &call.encode(), false));
        if switches {
            let mut other = call;
            other.value += U256::ONE;
            stage.votes(&[11], &other);
        }
        stage.destination.idle(1);
        let at = Some(failed.at);
        stage.prove(TransferProof { request: Some(request.at), failed: at, ..TransferProof::default() }).outcome()
    };
    assert_eq!(outcome(false), ("proven", "stuck"));
    assert_eq!(outcome(true), ("invalid", "verify.failed_attempt"));
}
