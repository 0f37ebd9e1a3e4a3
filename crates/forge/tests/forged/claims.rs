//! Completeness, equivocation and anchors.

use spanlight::bundle::{ChainProof, Claim, SealHint, TransferProof};
use spanlight::commitment::CommitmentForm;
use spanlight::consensus::parameters::ParameterName;
use spanlight::header::UntrustedHeader;
use spanlight::verdict::Verdict;
use spanlight::Hash;
use spanlight_forge::chain::{commit, seal};
use spanlight_forge::scenarios::claims::{
    anchored, anchored_on, complete, equivocation, equivocation_of, ANCHORING_KEY,
};
use spanlight_forge::scenarios::{chains, handled, sorted};
use spanlight_forge::{coin, BlockVote, Scenario, Stage, StageSetup};

const FORMS: [CommitmentForm; 3] = [CommitmentForm::Trie, CommitmentForm::Simple, CommitmentForm::Concat];

#[test]
fn two_shown_transfers_are_all_of_two() {
    for form in FORMS {
        let report = complete(form, 2, 1).verify();
        let completeness = report.complete.unwrap().unwrap();
        assert!(completeness.complete, "{:?}", completeness.against);
        assert_eq!((completeness.first, completeness.last, completeness.request_nonce), (0, 1, 2));
        let states: Vec<_> =
            report.transfers.iter().map(|t| t.verdict.state().map(spanlight::verdict::State::name)).collect();
        assert_eq!(states, [Some("handled"), Some("requested")]);
    }
}

#[test]
fn one_shown_transfer_is_not_all_of_two() {
    let completeness = complete(CommitmentForm::Trie, 1, 1).verify().complete.unwrap().unwrap();
    assert!(!completeness.complete);
    assert_eq!(completeness.against, ["complete.transfer_not_proven"]);
}

/// Requests outside the range were not judged, so a part of all is never called complete.
#[test]
fn complete_is_said_of_all_requests_only_and_of_a_part_in_range() {
    let said = |scenario: &Scenario| {
        let report = scenario.verify();
        let json = serde_json::to_value(spanlight::report::ReportJson::new(&report)).unwrap();
        let found = report.complete.unwrap().unwrap();
        assert_eq!([&json["complete"], &json["complete_in_range"]], [found.complete, found.complete_in_range]);
        [found.complete, found.complete_in_range]
    };
    assert_eq!(said(&complete(CommitmentForm::Trie, 2, 1)), [true, true]);
    assert_eq!(said(&complete(CommitmentForm::Trie, 2, 7)), [true, true]);
    assert_eq!(said(&complete(CommitmentForm::Trie, 1, 0)), [false, true]);
    assert_eq!(said(&complete(CommitmentForm::Trie, 1, 1)), [false, false]);
    let mut stage = Stage::new(&StageSetup::default());
    stage.request(coin(500));
    let second = stage.request(coin(600));
    stage.destination.idle(1);
    let transfers = vec![TransferProof { nonce: 1, request: Some(second.at), ..TransferProof::default() }];
    let mut plan = stage.plan(&transfers);
    plan.complete = Some((1, 1));
    assert_eq!(said(&stage.prove_plan(&plan, transfers)), [false, true]);
}

/// Operators executed what nobody requested, and the audit shows that too: then nothing is hidden.
#[test]
fn an_execution_above_the_requests_is_not_missing_where_it_is_shown() {
    let against = |shown: usize| {
        let mut stage = Stage::new(&StageSetup::default());
        let request = stage.request(coin(500));
        let honest = stage.votes(&[11, 12], &stage.call(&request));
        let invented = spanlight_forge::scenarios::fraud::invented_call(1, request.at.item.block);
        let lie = stage.votes(&[11, 12], &invented);
        stage.time_goes_on();
        stage.destination.idle(1);
        let mut transfers = vec![
            TransferProof { request: Some(request.at), handle: honest[1].handled, ..TransferProof::default() },
            TransferProof { nonce: 1, handle: lie[1].handled, ..TransferProof::default() },
        ];
        transfers.truncate(shown);
        let mut plan = stage.plan(&transfers);
        plan.complete = Some((0, 0));
        plan.source_states.insert(stage.source.height());
        plan.destination_states.insert(stage.destination.height());
        let report = stage.prove_plan(&plan, transfers).verify();
        assert!(report.transfers.iter().all(|transfer| matches!(transfer.verdict, Verdict::Proven { .. })));
        report.complete.unwrap().unwrap().against
    };
    let hidden = "complete.handled_nonce_not_shown";
    assert!(against(1).contains(&hidden));
    assert!(!against(2).contains(&hidden));

    // It is hidden also where the honest request is still open.
    let mut stage = Stage::new(&StageSetup::default());
    let request = stage.request(coin(500));
    let lie = stage.votes(&[11, 12], &spanlight_forge::scenarios::fraud::invented_call(1, request.at.item.block));
    assert!(lie[1].handled.is_some());
    stage.destination.idle(1);
    let transfers = vec![TransferProof { request: Some(request.at), ..TransferProof::default() }];
    let mut plan = stage.plan(&transfers);
    plan.complete = Some((0, 0));
    plan.source_states.insert(stage.source.height());
    let completeness = stage.prove_plan(&plan, transfers).verify().complete.unwrap().unwrap();
    assert_eq!(completeness.against, [hidden]);
}

/// A source block of 0 wedges the sweep: nonce 0 is executed and below it nothing moves, so both
/// handle nonces stay 0. That looks like a bridge that never executed anything, but for the nonce's
/// own slot.
#[test]
fn an_execution_of_nonce_0_that_names_source_block_0_is_not_overlooked() {
    let scenario = |executed: bool| {
        let mut stage = Stage::new(&StageSetup::default());
        stage.source.idle(1);
        let call = spanlight_forge::scenarios::fraud::invented_call(0, 0);
        let votes = if executed { stage.votes(&[11, 12], &call) } else { Vec::new() };
        assert_eq!(votes.iter().filter(|vote| vote.handled.is_some()).count(), usize::from(executed));
        stage.destination.idle(1);
        assert_eq!((stage.destination.bridge.lower, stage.destination.bridge.upper), (0, 0));
        let shown: &[u64] = if executed { &[5] } else { &[0, 5] };
        let transfers: Vec<_> =
            shown.iter().map(|nonce| TransferProof { nonce: *nonce, ..TransferProof::default() }).collect();
        let mut plan = stage.plan(&transfers);
        plan.complete = Some((0, 5));
        stage.prove_plan(&plan, transfers)
    };
    let found = |executed: bool| scenario(executed).verify().complete.unwrap().unwrap();
    assert!(found(false).complete_in_range);
    assert_eq!(found(true).against, ["complete.handled_nonce_not_shown"]);
    assert!(!found(true).complete_in_range && !found(true).complete);
}

fn code_of<T>(result: Option<Result<T, Verdict>>) -> Option<&'static str> {
    result.unwrap().err().map(|verdict| verdict.code().unwrap())
}

#[test]
fn completeness_holds_as_of_now_or_not_at_all() {
    let mut scenario = complete(CommitmentForm::Trie, 1, 0);
    scenario.now += 1_000;
    assert_eq!(code_of(scenario.verify().complete), Some("not_yet_trusted.stale"));
    let mut backwards = complete(CommitmentForm::Trie, 1, 0);
    let Claim::Transfers { complete, .. } = &mut backwards.bundle.claim else { panic!("a claim of transfers") };
    *complete = Some((1, 0));
    assert_eq!(code_of(backwards.verify().complete), Some("verify.range"));
}

/// One handled transfer, claimed to be all, as of newer heads that `last` makes.
fn all_of_one(last: impl FnOnce(&mut Stage)) -> Scenario {
    let (mut stage, transfer) = handled::executed(&StageSetup::default(), coin(500));
    last(&mut stage);
    let transfers = vec![transfer];
    let mut plan = stage.plan(&transfers);
    plan.complete = Some((0, 0));
    plan.source_states.insert(stage.source.height());
    plan.destination_states.insert(stage.destination.height());
    stage.prove_plan(&plan, transfers)
}

fn idle_both(stage: &mut Stage) {
    stage.source.idle(1);
    stage.destination.idle(1);
}

#[test]
fn completeness_needs_both_ends_of_about_now() {
    let report = all_of_one(idle_both).verify();
    assert!(report.complete.unwrap().unwrap().complete);
    let old_source = all_of_one(|stage| {
        idle_both(stage);
        stage.destination.block(|block| block.time += 1_000);
    });
    assert_eq!(code_of(old_source.verify().complete), Some("not_yet_trusted.stale"));
    let old_destination = all_of_one(|stage| {
        idle_both(stage);
        stage.source.block(|block| block.time += 1_000);
    });
    assert_eq!(code_of(old_destination.verify().complete), Some("not_yet_trusted.stale"));
}

/// Other code may count requests and executions otherwise.
#[test]
fn completeness_needs_known_code_on_both_ends() {
    let other_code = Hash([1; 32]);
    let upgraded: [fn(&mut Stage, Hash); 2] =
        [|stage, code| stage.source.bridge.code_hash = code, |stage, code| stage.destination.bridge.code_hash = code];
    for upgrade in upgraded {
        let report = all_of_one(|stage| {
            upgrade(stage, other_code);
            idle_both(stage);
        })
        .verify();
        assert_eq!(report.transfers[0].verdict.name(), "proven");
        assert_eq!(code_of(report.complete), Some("bridge.unknown_code"));
    }
}

fn spoil_second(scenario: &mut Scenario, change: impl FnOnce(&mut spanlight::header::HeaderFields)) {
    let Claim::Equivocation { second, .. } = &mut scenario.bundle.claim else { panic!("a claim of equivocation") };
    let mut fields = UntrustedHeader::decode(&second.header).unwrap().into_fields();
    change(&mut fields);
    second.header = fields.encode();
}

fn equivocation_code(scenario: &Scenario) -> Option<&'static str> {
    code_of(scenario.verify().equivocation)
}

#[test]
fn two_sealed_children_of_one_block_name_who_signed_both() {
    let found = equivocation().verify().equivocation.unwrap().unwrap();
    let mut both = found.both.clone();
    both.sort_unstable();
    assert_eq!(both, sorted(&[5, 6, 7]));
    assert!(found.first_only.is_empty() && found.second_only.is_empty());

    let mut other_signers = equivocation();
    spoil_second(&mut other_signers, |fields| commit(fields, &[8, 7, 6]));
    let found = other_signers.verify().equivocation.unwrap().unwrap();
    assert_eq!((found.first_only, found.second_only), (sorted(&[5]), sorted(&[8])));
}

#[test]
fn the_same_block_with_other_seals_or_round_is_no_equivocation() {
    let mut scenario = equivocation();
    let Claim::Equivocation { first, second } = &mut scenario.bundle.claim else { panic!("a claim of equivocation") };
    second.clone_from(first);
    spoil_second(&mut scenario, |fields| {
        fields.extra.vanity[31] = 1;
        commit(fields, &[8, 7, 6]);
    });
    assert_eq!(equivocation_code(&scenario), Some("consensus.same_block"));
}

#[test]
fn an_equivocation_needs_both_quorums_and_one_parent() {
    let mut few = equivocation();
    spoil_second(&mut few, |fields| commit(fields, &[5, 6]));
    assert_eq!(equivocation_code(&few), Some("consensus.quorum_missed"));
    let mut elsewhere = equivocation();
    spoil_second(&mut elsewhere, |fields| {
        fields.parent_hash = Hash([1; 32]);
        seal(fields, 5, &[5, 6, 7]);
    });
    assert_eq!(equivocation_code(&elsewhere), Some("header.parent_hash"));
}

#[test]
fn nothing_rides_along_with_an_equivocation() {
    let mut hinted = equivocation();
    let Claim::Equivocation { first, .. } = &mut hinted.bundle.claim else { panic!("a claim of equivocation") };
    first.hints.push(SealHint { signer: 0, y: [0; 32] });
    assert_eq!(equivocation_code(&hinted), Some("bundle.hint"));
    let mut hinted = equivocation();
    let Claim::Equivocation { second, .. } = &mut hinted.bundle.claim else { panic!("a claim of equivocation") };
    second.hints.push(SealHint { signer: 0, y: [0; 32] });
    assert_eq!(equivocation_code(&hinted), Some("bundle.hint"));
    let handled = chains::jump().scenario.bundle.chains[1].clone();
    let riding: [fn(&mut ChainProof, &ChainProof); 3] = [
        |chain, other| chain.blocks.clone_from(&other.blocks),
        |chain, other| chain.states.clone_from(&other.states),
        |chain, other| chain.jumps.clone_from(&other.jumps),
    ];
    for ride_along in riding {
        let mut scenario = equivocation();
        scenario.trust.chains[1].allow_jump = true;
        ride_along(scenario.source(), &handled);
        assert_ne!(scenario.bundle, equivocation().bundle);
        assert_eq!(equivocation_code(&scenario), Some("bundle.unused"));
    }
    let mut chains = equivocation();
    let again = chains.bundle.chains[0].clone();
    chains.bundle.chains.push(again);
    assert_eq!(equivocation_code(&chains), Some("bundle.chains"));
}

/// The two blocks are the first of the chain's governance by a contract, which no header tells.
#[test]
fn no_equivocation_is_judged_by_rules_that_are_not_known() {
    let at = |idle: u64| {
        let mut setup = StageSetup::default();
        setup.source.epoch = 10;
        let mut stage = Stage::new(&setup);
        let vote = BlockVote::Parameter(ParameterName::GovParamContract, vec![0xc0; 20]);
        stage.source.block(|block| block.vote_for(vote));
        stage.source.idle(idle);
        equivocation_code(&equivocation_of(&stage, 0))
    };
    assert_eq!(at(18), None);
    assert_eq!(at(19), Some("consensus.governance_by_contract"));
}

#[test]
fn a_bundle_that_is_refused_answers_its_claim_of_completeness_too() {
    let mut scenario = complete(CommitmentForm::Trie, 2, 1);
    scenario.trust.chains[0].checkpoint.hash.0[0] ^= 1;
    assert!(scenario.verify().complete.is_some_and(|complete| complete.is_err()));
}

/// An anchor is of the configured pair, and nothing rides along with it.
#[test]
fn an_anchor_needs_both_chains_of_the_pair_and_carries_no_other_evidence() {
    let code = |change: fn(&mut Scenario, &Scenario)| {
        let mut scenario = anchored(ANCHORING_KEY, |_| ());
        change(&mut scenario, &chains::sparse().scenario);
        code_of(scenario.verify().anchored)
    };
    assert_eq!(code(|_, _| ()), None);
    let elsewhere = Some("trust.no_anchoring");
    assert_eq!(code(|scenario, _| scenario.source().chain = "service".into()), elsewhere);
    assert_eq!(code(|scenario, _| scenario.destination().chain = "main".into()), elsewhere);
    let riding = Some("bundle.unused");
    assert_eq!(code(|scenario, other| scenario.source().states.clone_from(&other.bundle.chains[0].states)), riding);
    assert_eq!(
        code(|scenario, other| scenario.destination().states.clone_from(&other.bundle.chains[1].states)),
        riding
    );
    assert_eq!(
        code(|scenario, other| scenario.destination().blocks.clone_from(&other.bundle.chains[1].blocks)),
        riding
    );
    assert_eq!(code(|scenario, _| scenario.bundle.chains.truncate(1)), Some("bundle.chains"));
}

/// The child's header is reached by a jump, or the parent's.
#[test]
fn an_anchor_through_a_jump_says_so() {
    let child_jumps = anchored_on(
        ANCHORING_KEY,
        |_| (),
        |_, child| {
            child.to = child.from + 1;
            child.jumps = vec![(506, 506)];
        },
    );
    let parent_jumps = anchored_on(
        ANCHORING_KEY,
        |_| (),
        |parent, _| {
            parent.to = parent.from + 1;
            parent.jumps = vec![(1_005, 1_005)];
        },
    );
    for scenario in [child_jumps, parent_jumps] {
        let found = scenario.verify().anchored.unwrap().unwrap();
        assert!(found.notes.iter().any(|note| note.code() == "jumped_headers"), "{:?}", found.notes);
    }
}

#[test]
fn an_anchor_carries_no_headers_that_nothing_needs() {
    let child = anchored_on(
        ANCHORING_KEY,
        |_| (),
        |_, child| {
            child.to = child.from + 1;
            child.jumps = vec![(503, 503), (506, 506)];
        },
    );
    let parent = anchored_on(
        ANCHORING_KEY,
        |_| (),
        |parent, _| {
            parent.to = parent.from + 1;
            parent.jumps = vec![(1_003, 1_003), (1_005, 1_005)];
        },
    );
    for scenario in [child, parent] {
        assert_eq!(code_of(scenario.verify().anchored), Some("bundle.unused"));
    }
}

#[test]
fn an_anchor_commits_a_configured_account_to_a_block() {
    let found = anchored(ANCHORING_KEY, |_| ()).verify().anchored.unwrap().unwrap();
    assert_eq!(found.child.number, 506);
    let codes: Vec<_> = found.notes.iter().map(spanlight::verdict::Note::code).collect();
    assert_eq!(codes, ["random_reveal_unchecked"]);
    assert_eq!(found.account, spanlight_forge::keys::address(ANCHORING_KEY));
}

#[test]
fn an_anchor_of_another_account_or_of_other_fields_is_refused() {
    let code = |scenario: Scenario| code_of(scenario.verify().anchored);
    assert_eq!(code(anchored(13, |_| ())), Some("verify.anchor_account"));
    let spoiled: [fn(&mut spanlight::bridge::AnchorData); 6] = [
        |data| data.block_hash = Hash([1; 32]),
        |data| data.transactions_root = Hash([1; 32]),
        |data| data.receipts_root = Hash([1; 32]),
        |data| data.state_root = Hash([1; 32]),
        |data| data.parent_hash = Hash([1; 32]),
        |data| data.number += 1,
    ];
    for change in spoiled {
        assert_eq!(code(anchored(ANCHORING_KEY, change)), Some("verify.anchor"));
    }
    let mut not_an_anchor = anchored(ANCHORING_KEY, |_| ());
    let Claim::Anchored { anchor, .. } = &mut not_an_anchor.bundle.claim else { panic!("a claim of an anchor") };
    anchor.index = 0;
    assert_eq!(code(not_an_anchor), Some("verify.not_an_anchor"));
    let mut untrusted = anchored(ANCHORING_KEY, |_| ());
    untrusted.trust.anchoring = None;
    assert_eq!(code(untrusted), Some("trust.no_anchoring"));
}

#[test]
fn an_anchor_of_another_chain_id_shows_that_the_trust_names_the_wrong_one() {
    let mut scenario = anchored(ANCHORING_KEY, |_| ());
    scenario.trust.chains[0].profile.chain_id += 1;
    let error = spanlight::verify(&scenario.bundle, &scenario.trust, scenario.now).unwrap_err();
    assert_eq!(error.code(), "trust.chain_id");
}
