//! Every forged case through the binary: its exit code, its word, its JSON; and the claims that no recording holds.

use crate::common::{run, write, Ran};
use spanlight::commitment::CommitmentForm;
use spanlight::verdict::State;
use spanlight_forge::scenarios::{self, claims, Case};
use spanlight_forge::Scenario;

fn verify(name: &str, scenario: &Scenario, more: &[&str]) -> Ran {
    let bundle = write(&format!("{name}.bundle"), scenario.bundle.encode());
    let trust = write(&format!("{name}.toml"), toml::to_string(&scenario.trust).unwrap());
    run(&[&["verify", &bundle, "--trust", &trust, "--now", &scenario.now.to_string()], more].concat())
}

/// Notes that are no warnings.
const HARMLESS: [&str; 3] = ["votes_by_transactions", "votes_by_signatures", "votes_from_later_state"];

fn exit_code(case: &Case) -> i32 {
    match &case.state {
        State::Handled { .. } if case.notes.iter().all(|note| HARMLESS.contains(note)) => 0,
        State::Fraud { .. } | State::Attempted { .. } => 1,
        _ => 2,
    }
}

#[test]
fn every_forged_state_has_its_exit_code_its_word_and_its_json() {
    let cases = scenarios::all(CommitmentForm::Simple);
    assert!(cases.len() > 10);
    let warned = |case: &&Case| matches!(case.state, State::Handled { .. }) && exit_code(case) == 2;
    assert!(cases.iter().any(|case| warned(&case)), "a warning takes the 0 away");
    for (index, case) in cases.iter().enumerate() {
        let name = format!("forged-{index}");
        let text = verify(&name, &case.scenario, &[]);
        assert_eq!(text.code, exit_code(case), "{}: {}", case.name, text.stdout);
        let word = case.state.name().to_uppercase();
        assert!(text.stdout.contains(&format!("  {word}  ")), "{}: {}", case.name, text.stdout);
        for address in case.dissenters.iter().chain(case.state.culprits()) {
            assert!(text.stdout.contains(&address.to_string()), "{}: {}", case.name, text.stdout);
        }
        let json = verify(&name, &case.scenario, &["--json"]).json();
        let transfer = &json["transfers"][0];
        assert_eq!(transfer["state"], case.state.name(), "{}", case.name);
        assert_eq!(transfer["reason"], serde_json::json!(case.state.reason()), "{}", case.name);
        assert_eq!(transfer["culprits"], serde_json::json!(case.state.culprits()), "{}", case.name);
        assert_eq!(transfer["dissenters"], serde_json::json!(case.dissenters), "{}", case.name);
        for difference in case.state.differences() {
            let (field, words) = (difference.field.replace('_', " "), text.stdout.split_whitespace());
            let words = words.collect::<Vec<_>>().join(" ");
            let told = format!("{}, {field}:", difference.rule);
            assert!(words.contains(&told) && words.contains(&difference.executed), "{}: {words}", case.name);
        }
    }
}

#[test]
fn an_equivocation_is_told_with_its_signers_and_ends_with_1() {
    let scenario = claims::equivocation();
    let ran = verify("equivocation", &scenario, &[]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("EQUIVOCATION") && ran.stdout.contains("signed both"), "{}", ran.stdout);
    let json = verify("equivocation", &scenario, &["--json"]).json();
    let found = &json["equivocations"][0];
    assert_eq!(found["verdict"], "proven");
    assert!(found["number"].is_number() && !found["both"].as_array().unwrap().is_empty(), "{found}");
    assert_eq!(json["transfers"], serde_json::json!([]));
}

#[test]
fn an_anchor_is_a_commitment_and_a_false_one_is_invalid() {
    let ran = verify("anchored", &claims::anchored(claims::ANCHORING_KEY, |_| {}), &[]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("ANCHORED") && ran.stdout.contains("not finality"), "{}", ran.stdout);
    let spoilt = claims::anchored(claims::ANCHORING_KEY, |data| data.number += 1);
    let ran = verify("spoilt-anchor", &spoilt, &[]);
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("INVALID"), "{}", ran.stdout);
    assert_eq!(verify("spoilt-anchor", &spoilt, &["--json"]).json()["anchored"]["verdict"], "invalid");
}

#[test]
fn completeness_is_told_and_a_list_that_is_not_whole_ends_with_2() {
    let whole = claims::complete(CommitmentForm::Trie, 2, 1);
    let ran = verify("whole", &whole, &[]);
    assert_eq!(ran.code, 2, "one transfer is only requested: {}", ran.stdout);
    assert!(ran.stdout.contains("  COMPLETE  these are all"), "{}", ran.stdout);
    assert_eq!(verify("whole", &whole, &["--json"]).json()["complete"], true);
    let in_range = claims::complete(CommitmentForm::Trie, 1, 0);
    let ran = verify("in-range", &in_range, &[]);
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    assert!(ran.stdout.contains("COMPLETE IN RANGE") && !ran.stdout.contains("  COMPLETE  "), "{}", ran.stdout);
    let json = verify("in-range", &in_range, &["--json"]).json();
    assert_eq!((&json["complete"], &json["complete_in_range"]), (&false.into(), &true.into()));
    let part = claims::complete(CommitmentForm::Trie, 1, 1);
    let ran = verify("part", &part, &[]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stdout.contains("NOT COMPLETE"), "{}", ran.stdout);
    assert_eq!(verify("part", &part, &["--json"]).json()["complete"], false);
}

/// Forged chains in the words of a node, and an audit of them: the states are those that were made.
#[test]
fn recordings_of_forged_chains_are_audited() {
    let stage = spanlight_forge::scenarios::busy::busy(60);
    let now = stage.source.time().max(stage.destination.time()) + 1;
    let trust = write("busy.json", serde_json::to_string(&stage.trust).unwrap());
    let [main, service] = [("main", &stage.source), ("service", &stage.destination)].map(|(name, chain)| {
        let recording = write(&format!("busy.{name}.jsonl"), spanlight_forge::recording::record(chain));
        format!("{name}=replay:{recording}")
    });
    let arguments = ["audit", "--trust", &trust, "--from", "main", "--nonces", "0..59", "--now", &now.to_string()];
    let ran = run(&[&arguments[..], &["--json", "--rpc", &main, "--rpc", &service]].concat());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let json = ran.json();
    assert_eq!((&json["complete"], &json["vote_scan"]), (&true.into(), &"full".into()));
    for (nonce, transfer) in json["transfers"].as_array().unwrap().iter().enumerate() {
        let expected = match nonce {
            49 => "fraud",
            58 => "voting",
            57 | 59 => "requested",
            _ => "handled",
        };
        assert_eq!((&transfer["nonce"], &transfer["state"]), (&nonce.into(), &expected.into()));
    }
}

/// The prover finds what a version 2 bridge needs, and the verdicts are those of what was made.
#[test]
fn a_version_2_bridge_is_audited() {
    let stage = scenarios::version2::many(CommitmentForm::Concat);
    let now = stage.source.time().max(stage.destination.time()) + 1;
    let trust = write("version2.json", serde_json::to_string(&stage.trust).unwrap());
    let [main, service] = [("main", &stage.source), ("service", &stage.destination)].map(|(name, chain)| {
        let recording = write(&format!("version2.{name}.jsonl"), spanlight_forge::recording::record(chain));
        format!("{name}=replay:{recording}")
    });
    let arguments = ["audit", "--trust", &trust, "--from", "main", "--nonces", "0..7", "--now", &now.to_string()];
    let arguments = [&arguments[..], &["--rpc", &main, "--rpc", &service]].concat();
    let ran = run(&[&arguments[..], &["--json"]].concat());
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let json = ran.json();
    let signed = "votes_by_signatures";
    let expected: [(&str, &[&str]); 8] = [
        ("handled", &[signed]),
        ("handled", &["claimable", signed]),
        ("handled", &[]),
        ("handled", &[]),
        ("voting", &[]),
        ("handled", &["claimable", signed]),
        ("fraud", &[signed]),
        ("attempted", &[]),
    ];
    let transfers = json["transfers"].as_array().unwrap();
    assert_eq!(transfers.len(), expected.len());
    for (transfer, (state, notes)) in transfers.iter().zip(expected) {
        let found: Vec<&str> =
            transfer["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect();
        let found: Vec<&str> = found.into_iter().filter(|note| *note != "random_reveal_unchecked").collect();
        assert_eq!((transfer["state"].as_str(), found.as_slice()), (Some(state), notes), "{transfer}");
    }
    let claims = transfers.iter().map(|transfer| transfer["claim"]["claimed"].as_bool());
    let expected = [None, Some(false), None, None, None, Some(true), None, None];
    assert_eq!(claims.collect::<Vec<_>>(), expected);
    assert_eq!(transfers[1]["claim"]["amount"], "501");
    assert_eq!(transfers[3]["dissenters"].as_array().unwrap().len(), 1);
    let table = run(&arguments).stdout;
    assert_eq!(table.matches("  warning claimable").count(), 2, "{table}");
    let text = run(&[&arguments[..], &["--verbose"]].concat()).stdout;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(text.matches("executed on service as requested, but not delivered").count(), 2, "{text}");
    assert!(text.contains("can claim 501 peb from the bridge"), "{text}");
    assert!(text.contains("has since claimed 505 of token"), "{text}");
}
