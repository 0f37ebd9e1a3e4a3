//! One transfer from bytes to verdict: forged ones in every commitment form, recorded ones from near checkpoints.

use crate::timing::{medians, milliseconds};
use spanlight::commitment::CommitmentForm;
use spanlight::{verify, ProofBundle, Trust};
use std::hint::black_box;

const ROUNDS: usize = 51;

/// Prints sizes and times of one handled coin transfer in each commitment form.
pub fn forged_table() {
    println!("### One handled transfer, forged, by commitment form\n");
    println!("| form | bundle | JSON form | decode and verify | as many bare recoveries |");
    println!("| --- | --- | --- | --- | --- |");
    for form in [CommitmentForm::Trie, CommitmentForm::Simple, CommitmentForm::Concat] {
        let cases = spanlight_forge::scenarios::handled::all(form);
        let case = cases.first().expect("a case");
        row(&format!("{form:?}"), &case.scenario.bundle, &case.scenario.trust, case.scenario.now);
    }
    println!();
}

/// Prints the same of recorded transfers.
pub fn recorded_table() {
    println!("### One recorded transfer, from a checkpoint near it\n");
    println!("| transfer | bundle | JSON form | decode and verify | as many bare recoveries |");
    println!("| --- | --- | --- | --- | --- |");
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/bundles");
    let text = std::fs::read_to_string(format!("{folder}/index.json")).expect("the index of recorded bundles");
    let index: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for entry in index.as_array().expect("a list") {
        let name = entry["bundle"].as_str().expect("a name");
        let bytes = std::fs::read(format!("{folder}/{name}")).expect("a bundle");
        let trust = std::fs::read_to_string(format!("{folder}/{}", entry["trust"].as_str().expect("a name")));
        let trust: Trust = serde_json::from_str(&trust.expect("a trust file")).expect("a trust file");
        let bundle = ProofBundle::decode(&bytes).expect("a bundle");
        row(name, &bundle, &trust, entry["now"].as_u64().expect("a time"));
    }
    println!();
}

fn row(name: &str, bundle: &ProofBundle, trust: &Trust, now: u64) {
    let bytes = bundle.encode();
    let json = bundle.to_json().expect("a JSON form");
    let report = verify(bundle, trust, now).expect("a usable trust");
    assert!(report.transfers.iter().all(|transfer| transfer.verdict.state().is_some()), "{name} is not proven");
    let mut whole = || {
        let bundle = ProofBundle::decode(black_box(&bytes)).expect("a bundle");
        black_box(verify(&bundle, trust, now).expect("a usable trust"));
    };
    let (digest, seal) = crate::headers::any_seal();
    let mut one = || {
        black_box(spanlight::crypto::recover_address(&digest, &seal).expect("a signer"));
    };
    let [all, bare] = medians(ROUNDS, [&mut whole, &mut one]);
    println!(
        "| {name} | {} B | {} B | {} | {:.0} |",
        bytes.len(),
        json.len(),
        milliseconds(all),
        all.as_secs_f64() / bare.as_secs_f64()
    );
}
