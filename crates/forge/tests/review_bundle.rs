//! Review: one bundle, two forms, lossless both ways; and what a verdict lists stays in proportion to the bundle.

use spanlight::bundle::{Claim, ProofBundle, TransferProof};
use spanlight::commitment::CommitmentForm;
use spanlight_forge::{coin, Stage, StageSetup};

fn open() -> spanlight_forge::Scenario {
    let mut stage = Stage::new(&StageSetup::with_form(CommitmentForm::Trie));
    let request = stage.request(coin(500));
    stage.prove(TransferProof { request: Some(request.at), ..TransferProof::default() })
}

/// The binary form refuses a name that is empty or longer than `MAX_NAME`; so must the JSON form.
#[test]
fn json_with_a_name_that_no_binary_form_has_is_refused() {
    for name in [String::new(), "x".repeat(65)] {
        let mut bundle = open().bundle;
        bundle.chains[0].chain = name;
        let json = bundle.to_json().unwrap();
        let Ok(read) = ProofBundle::from_json(&json) else { continue };
        assert_eq!(ProofBundle::decode(&read.encode()), Ok(read));
    }
}

/// Twenty bytes of a transfer may not buy kilobytes of report.
#[test]
fn a_report_is_not_a_hundred_times_its_bundle() {
    let mut scenario = open();
    let transfers = (0..2_000).map(|nonce| TransferProof { nonce, ..TransferProof::default() }).collect();
    scenario.bundle.claim = Claim::Transfers { transfers, complete: None };
    let size = scenario.bundle.encode().len();
    let report = scenario.verify();
    let text = |check: &spanlight::verdict::Check| check.inputs.iter().map(|(_, value)| value.len()).sum::<usize>();
    let listed: usize = report.transfers.iter().flat_map(|transfer| &transfer.checks).map(text).sum();
    assert!(listed < size * 10, "bundle of {size} bytes, {listed} bytes of inputs in checks");
}
