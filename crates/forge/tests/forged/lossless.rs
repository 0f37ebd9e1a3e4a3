//! The binary and the JSON form hold the same, both ways, for every case; and a verdict does not depend on the form.

use spanlight::commitment::CommitmentForm;
use spanlight::ProofBundle;
use spanlight_forge::scenarios::{all, chains, claims};
use spanlight_forge::Scenario;

fn is_lossless(scenario: &Scenario) {
    let binary = scenario.bundle.encode();
    let decoded = ProofBundle::decode(&binary).unwrap();
    assert_eq!(decoded, scenario.bundle);
    let json = decoded.to_json().unwrap();
    let read = ProofBundle::from_json(&json).unwrap();
    assert_eq!(read.encode(), binary);
    assert_eq!(read.to_json().unwrap(), json);
}

#[test]
fn every_case_survives_both_forms() {
    for form in [CommitmentForm::Trie, CommitmentForm::Simple, CommitmentForm::Concat] {
        all(form).iter().for_each(|case| is_lossless(&case.scenario));
        is_lossless(&claims::complete(form, 2, 1));
    }
    chains::all().iter().for_each(|case| is_lossless(&case.scenario));
    is_lossless(&claims::equivocation());
    is_lossless(&claims::anchored(claims::ANCHORING_KEY, |_| ()));
}

/// The binary form refuses a name that is empty or too long; so must the JSON form.
#[test]
fn json_with_a_name_that_no_binary_form_has_is_refused() {
    for name in [String::new(), "x".repeat(65)] {
        let mut bundle = chains::sparse().scenario.bundle;
        bundle.chains[0].chain = name;
        let json = bundle.to_json().unwrap();
        assert_eq!(ProofBundle::from_json(&json), ProofBundle::decode(&bundle.encode()));
        assert!(ProofBundle::from_json(&json).is_err());
    }
}

#[test]
fn a_trust_survives_its_json_form() {
    for case in chains::all() {
        let json = serde_json::to_string(&case.scenario.trust).unwrap();
        let read: spanlight::Trust = serde_json::from_str(&json).unwrap();
        assert_eq!(read, case.scenario.trust);
    }
}

#[test]
fn no_byte_may_follow_and_none_may_be_missing() {
    let scenario = chains::sparse().scenario;
    let binary = scenario.bundle.encode();
    assert!(ProofBundle::decode(&[binary.as_slice(), &[0]].concat()).is_err());
    for length in (0..binary.len()).step_by(97) {
        assert!(ProofBundle::decode(&binary[..length]).is_err(), "{length}");
    }
}
