//! Votes that nodes follow although no governing node cast them: told with every verdict, or
//! refused as the trust says.

use spanlight::consensus::{FollowMode, VotesBy, WarnedOf, WarnedVote};
use spanlight::verdict::{Note, Verdict};
use spanlight_forge::{keys, scenarios::chains, Scenario};

const ADD: &str = "governance.addvalidator";

/// A handled transfer on a source whose first two blocks vote a validator in and another out, mode
/// "none".
fn voted() -> Scenario {
    chains::council_changes(FollowMode::Sparse).scenario
}

/// The same in mode "single", under `governing_node`.
fn single(governing_node: u64) -> Scenario {
    let mut scenario = voted();
    let chain = &mut scenario.trust.chains[0];
    for parameters in [&mut chain.profile.parameters, &mut chain.checkpoint.parameters] {
        parameters.governance_mode = "single".into();
        parameters.governing_node = keys::address(governing_node);
    }
    scenario
}

fn codes(scenario: &Scenario) -> Vec<&'static str> {
    let Verdict::Proven { notes, .. } = scenario.verdict() else { panic!("{:?}", scenario.verdict()) };
    notes.iter().filter(|note| note.warned_vote().is_some()).map(Note::code).collect()
}

#[test]
fn in_mode_none_the_verdict_names_the_first_vote_and_the_report_all() {
    let scenario = voted();
    assert_eq!(codes(&scenario), ["vote_by_member"]);
    assert!(!scenario.verdict().is_clean());
    let report = scenario.verify();
    let keys: Vec<&str> = report.warned_votes.iter().map(|vote| vote.key.as_str()).collect();
    assert_eq!(keys, [ADD, "governance.removevalidator"]);
    let first = &report.warned_votes[0];
    let json = serde_json::to_value(spanlight::report::ReportJson::new(&report)).unwrap();
    assert_eq!(json["warned_votes"].as_array().unwrap().len(), 2);
    let told = &json["transfers"][0]["warned_votes"];
    assert_eq!(told.as_array().unwrap().len(), 1);
    assert_eq!((&told[0]["code"], &told[0]["key"]), (&"vote_by_member".into(), &ADD.into()));
    assert_eq!((&told[0]["chain"], &told[0]["number"]), (&first.chain.as_str().into(), &first.number.into()));
    assert_eq!(told[0]["voter"], first.voter.to_string());
}

#[test]
fn in_mode_single_only_votes_by_others_are_warned_of() {
    let stranger = single(15);
    assert_eq!((codes(&stranger), stranger.verify().warned_votes.len()), (vec!["vote_by_other"], 2));
    assert!(!stranger.verdict().is_clean());
    let voter = stranger.verify().warned_votes[0].voter;
    let mut governed = single(15);
    governed.trust.chains[0].checkpoint.parameters.governing_node = voter;
    assert_eq!((codes(&governed), governed.verify().warned_votes), (vec![], vec![]));
    assert!(governed.verdict().is_clean());
    governed.trust.chains[0].votes = VotesBy::GoverningNode;
    assert!(governed.verdict().is_clean());
}

#[test]
fn a_trust_in_the_governing_node_refuses_the_header_and_accuses_nobody() {
    for mut scenario in [voted(), single(15)] {
        scenario.trust.chains[0].votes = VotesBy::GoverningNode;
        assert_eq!(scenario.outcome(), ("unsupported", "vote_by_other"));
        let Verdict::Unsupported(what) = scenario.verdict() else { panic!("{:?}", scenario.verdict()) };
        let first = voted().verify().warned_votes.remove(0);
        assert_eq!((what.chain, what.number), (Some(first.chain), Some(first.number)));
    }
    // Where no such vote is followed, the trust reaches as far as any other.
    let mut quiet = chains::committee().scenario;
    quiet.trust.chains[0].votes = VotesBy::GoverningNode;
    assert_eq!((quiet.outcome(), quiet.verdict().is_clean()), (("proven", "handled"), true));
}

/// The votes themselves are not in the bundle: they lie before the checkpoint, which says so.
#[test]
fn warnings_of_the_checkpoint_are_those_of_every_verdict() {
    let mut scenario = chains::committee().scenario;
    assert!(scenario.verdict().is_clean());
    for (chain, code) in [(0, WarnedOf::ByMember), (1, WarnedOf::ByOther)] {
        let checkpoint = &mut scenario.trust.chains[chain].checkpoint;
        let number = checkpoint.number;
        checkpoint.warned_votes = vec![WarnedVote { code, number, voter: keys::address(1), key: ADD.into() }];
    }
    assert_eq!(codes(&scenario), ["vote_by_member", "vote_by_other"]);
    assert!(!scenario.verdict().is_clean());
    scenario.trust.chains[0].checkpoint.warned_votes[0].number += 1;
    assert_eq!(scenario.outcome(), ("invalid", "consensus.checkpoint"));
}
