//! Headers: each rule has a block that was sealed all the same, each seal rule a block that keeps the others.

use spanlight::bundle::TransferProof;
use spanlight::consensus::FollowMode;
use spanlight::header::{HeaderFields, UntrustedHeader};
use spanlight::verdict::{NotReached, Verdict};
use spanlight::{Hash, U256};
use spanlight_forge::chain::{commit, seal};
use spanlight_forge::scenarios::chains;
use spanlight_forge::{coin, BlockVote, NewBlock, Scenario, Stage, StageSetup};

/// A requested transfer whose request's block is made as `spoil` says.
fn block(spoil: impl FnOnce(&mut NewBlock<'_>)) -> Scenario {
    let mut stage = Stage::new(&StageSetup::default());
    stage.source.idle(1);
    let request = stage.source.block(|block| {
        let requested = block.request(coin(500));
        spoil(block);
        requested
    });
    stage.destination.idle(1);
    stage.prove(TransferProof { request: Some(request.at), ..TransferProof::default() })
}

fn sealed(change: fn(&mut HeaderFields)) -> (&'static str, &'static str) {
    block(|block| block.before_seal(change)).outcome()
}

#[test]
fn the_unspoiled_block_is_accepted() {
    assert_eq!(block(|_| ()).outcome(), ("proven", "requested"));
    assert_eq!(sealed(|_| ()), ("proven", "requested"));
}

#[test]
fn rejects_a_block_that_breaks_a_header_rule_though_a_quorum_sealed_it() {
    let wrong = |change| {
        let (verdict, code) = sealed(change);
        assert_eq!(verdict, "invalid");
        code
    };
    assert_eq!(wrong(|h| h.time -= 1), "header.time_not_after_parent");
    assert_eq!(wrong(|h| h.base_fee = Some(U256::from(25_000_000_002u64))), "header.base_fee");
    assert_eq!(wrong(|h| h.mix_hash = Some(Hash([1; 32]))), "header.mix_hash");
    assert_eq!(wrong(|h| h.random_reveal = Some(Box::new([9; 96]))), "header.mix_hash");
    assert_eq!(wrong(|h| h.block_score = U256::from(2u64)), "header.block_score");
    assert_eq!(wrong(|h| h.parent_hash = Hash([1; 32])), "header.parent_hash");
    assert_eq!(wrong(|h| h.blob_gas_used = Some(1)), "header.blob_gas_used");
    assert_eq!(wrong(|h| h.blob_gas_used = Some(262_144)), "header.blob_gas_used");
    assert_eq!(wrong(|h| h.excess_blob_gas = Some(131_072)), "header.excess_blob_gas");
    assert_eq!(wrong(|h| (h.blob_gas_used, h.excess_blob_gas) = (None, None)), "header.field_missing");
    assert_eq!(wrong(|h| h.governance = vec![0x82, b'{', b'}']), "consensus.governance_off_epoch");
    assert_eq!(wrong(|h| h.vote = vec![0xc0]), "rlp.too_few");
}

#[test]
fn a_block_ahead_of_the_clock_is_not_yet_trusted_and_never_false() {
    let mut scenario = block(|_| ());
    let newest = UntrustedHeader::decode(&scenario.source().headers[2].header).unwrap().fields().time;
    scenario.now = newest - 15;
    assert_eq!(scenario.outcome(), ("proven", "requested"));
    scenario.now = newest - 16;
    assert_eq!(scenario.outcome(), ("not_yet_trusted", "not_yet_trusted.clock"));
    let clock = NotReached::Clock { chain: "main".into(), have: newest - 16, need: newest };
    assert_eq!(scenario.verdict(), Verdict::NotYetTrusted(clock));
    assert_eq!(scenario.verdict().exit_code(), 2);
    // Not even a clock before the checkpoint makes an honest bundle false.
    scenario.now = 0;
    assert_eq!(scenario.outcome(), ("not_yet_trusted", "not_yet_trusted.clock"));
    scenario.now = newest - 15;
    scenario.trust.chains[0].clock_tolerance = 14;
    assert_eq!(scenario.outcome(), ("not_yet_trusted", "not_yet_trusted.clock"));
}

/// A clock can only be called behind by what a quorum sealed: else any header of the far future
/// would hide that it is false.
#[test]
fn a_false_block_is_false_whatever_the_clock_says() {
    let mut scenario = block(|block| block.before_seal(|h| h.block_score = U256::from(2u64)));
    scenario.now = UntrustedHeader::decode(&scenario.source().headers[2].header).unwrap().fields().time - 16;
    assert_eq!(scenario.outcome(), ("invalid", "header.block_score"));
}

#[test]
fn rejects_fields_of_forks_that_are_not_active() {
    let mut stage = Stage::new(&StageSetup::default());
    let request = stage.request(coin(500));
    stage.destination.block(|block| block.before_seal(|h| h.base_fee = Some(U256::from(25_000_000_000u64))));
    let scenario = stage.prove(TransferProof { request: Some(request.at), ..TransferProof::default() });
    assert_eq!(scenario.outcome(), ("invalid", "header.field_too_early"));
}

#[test]
fn rejects_too_few_foreign_repeated_and_missing_seals() {
    let by = |committers: &[u64]| block(|block| block.committers = committers.to_vec()).outcome();
    assert_eq!(by(&[4, 3, 2]), ("proven", "requested"));
    assert_eq!(by(&[1, 2, 3, 4]), ("proven", "requested"));
    assert_eq!(by(&[]), ("invalid", "consensus.no_seals"));
    assert_eq!(by(&[1, 2]), ("invalid", "consensus.quorum_missed"));
    assert_eq!(by(&[1, 2, 3, 9]), ("invalid", "consensus.foreign_seal"));
    assert_eq!(by(&[1, 2, 2]), ("invalid", "consensus.repeated_seal"));
    assert_eq!(by(&[1, 2, 3, 4, 1]), ("invalid", "consensus.too_many_seals"));
}

#[test]
fn rejects_a_proposer_from_outside_and_a_changed_block() {
    assert_eq!(block(|block| block.proposer = 9).outcome(), ("invalid", "consensus.proposer_not_in_council"));
    let changed = block(|block| block.after_seal(|h| h.receipts_root = Hash([7; 32])));
    assert_eq!(changed.outcome(), ("invalid", "consensus.foreign_seal"));
    let short = block(|block| {
        block.after_seal(|h| {
            h.extra.seal.pop();
            commit(h, &[1, 2, 3]);
        });
    });
    assert_eq!(short.outcome(), ("invalid", "consensus.proposer_seal_length"));
    let unreadable = block(|block| block.after_seal(|h| h.extra.committed_seals[1][64] = 4));
    assert_eq!(unreadable.outcome(), ("invalid", "consensus.committed_seal"));
}

/// No hash covers the round, and no verdict shows it.
#[test]
fn the_round_byte_changes_nothing() {
    assert_eq!(block(|block| block.round = 3).outcome(), ("proven", "requested"));
}

#[test]
fn believes_no_validators_list_of_a_header() {
    let alone = block(|block| {
        block.committers = vec![1];
        block.before_seal(|h| h.extra.validators.truncate(1));
    });
    assert_eq!(alone.outcome(), ("invalid", "consensus.quorum_missed"));
}

#[test]
fn a_council_vote_needs_its_own_seals_when_followed_sparsely() {
    let mut scenario = chains::council_changes(FollowMode::Sparse).scenario;
    assert_eq!(scenario.outcome(), ("proven", "handled"));
    let entry = &mut scenario.source().headers[1];
    entry.header = UntrustedHeader::decode(&entry.header).unwrap().without_seals().encode();
    assert_eq!(scenario.outcome(), ("invalid", "consensus.no_seals"));
}

/// An enemy votes its own key into the council in an unsealed header and seals the rest with it.
#[test]
fn an_enemy_cannot_vote_itself_in() {
    for mode in [FollowMode::Full, FollowMode::Sparse] {
        let mut stage = Stage::new(&StageSetup::default());
        for key in 31..=33 {
            stage.source.block(|block| {
                block.proposer = 31;
                block.committers = vec![31, 32, 33];
                block.vote_for(BlockVote::Add(key));
            });
        }
        let request = stage.source.block(|block| {
            block.committers = vec![31, 32, 33];
            block.request(coin(500))
        });
        stage.destination.idle(1);
        let transfers = vec![TransferProof { request: Some(request.at), ..TransferProof::default() }];
        let mut plan = stage.plan(&transfers);
        plan.source.mode = mode;
        assert_eq!(stage.prove_plan(&plan, transfers).outcome(), ("invalid", "consensus.foreign_seal"), "{mode:?}");
    }
}

#[test]
fn only_the_proposer_votes_and_only_a_member() {
    let voting = |voter: u64| {
        let mut stream = spanlight::rlp::RlpStream::new_list(3);
        let named = spanlight_forge::keys::address(9);
        stream.append(&spanlight_forge::keys::address(voter).as_bytes());
        stream.append(&"governance.addvalidator").append(&named.as_bytes());
        let field = stream.out().to_vec();
        block(|block| block.before_seal(move |h| h.vote = field)).outcome()
    };
    assert_eq!(voting(1), ("proven", "requested"));
    assert_eq!(voting(2), ("invalid", "consensus.voter_not_proposer"));
    assert_eq!(voting(9), ("invalid", "consensus.voter_not_in_council"));
}

#[test]
fn unchecked_seals_do_not_ride_along() {
    let case = chains::sparse();
    let mut scenario = case.scenario.clone();
    let with_seals = {
        let (stage, _) = spanlight_forge::scenarios::handled::executed(&StageSetup::default(), coin(500));
        stage.destination.at(501).header.encode()
    };
    scenario.destination().headers[1].header = with_seals;
    assert_eq!(scenario.outcome(), ("invalid", "consensus.unchecked_seals"));

    let mut scenario = case.scenario.clone();
    let mut fields = UntrustedHeader::decode(&scenario.destination().headers[1].header).unwrap().into_fields();
    fields.extra.vanity[31] = 1;
    scenario.destination().headers[1].header = fields.encode();
    assert_eq!(scenario.outcome(), ("invalid", "consensus.unchecked_seals"));

    let mut scenario = case.scenario;
    let mut fields = UntrustedHeader::decode(&scenario.destination().headers[0].header).unwrap().into_fields();
    fields.extra.vanity[31] = 1;
    scenario.destination().headers[0].header = fields.encode();
    assert_eq!(scenario.outcome(), ("invalid", "bundle.unchecked_seals"));
}

#[test]
fn a_chain_begins_at_the_checkpoint_and_has_no_gap() {
    let scenario = block(|_| ());
    let mut wrong = scenario.clone();
    let mut fields = UntrustedHeader::decode(&wrong.source().headers[0].header).unwrap().into_fields();
    fields.time += 1;
    wrong.source().headers[0].header = fields.encode();
    assert_eq!(wrong.outcome(), ("invalid", "consensus.anchor"));
    let mut gap = scenario.clone();
    gap.source().headers.remove(1);
    assert_eq!(gap.outcome(), ("invalid", "header.parent_hash"));
    let mut none = scenario;
    none.source().headers.clear();
    assert_eq!(none.outcome(), ("invalid", "bundle.headers"));
}

#[test]
fn signers_outside_every_committee_are_refused() {
    let mut setup = StageSetup::default();
    setup.source.council = vec![1, 2, 3, 4, 9, 10, 15, 16, 17, 18];
    setup.source.committee_size = 4;
    let mut outcomes = Vec::new();
    for signers in [[1, 2, 3], [9, 10, 15], [16, 17, 18], [1, 9, 16], [2, 10, 17], [3, 15, 18], [4, 9, 18]] {
        let mut stage = Stage::new(&setup);
        let request = stage.source.block(|block| {
            block.committers = signers.to_vec();
            block.request(coin(500))
        });
        stage.destination.idle(1);
        outcomes.push(stage.prove(TransferProof { request: Some(request.at), ..TransferProof::default() }).outcome());
    }
    assert!(outcomes.contains(&("invalid", "consensus.outside_committee")), "{outcomes:?}");
}

#[test]
fn a_jump_is_refused_unless_trust_allows_it() {
    let scenario = chains::jump().scenario;
    assert_eq!(scenario.outcome(), ("proven", "handled"));
    let mut refused = scenario.clone();
    refused.trust.chains[1].allow_jump = false;
    assert_eq!(refused.outcome(), ("not_yet_trusted", "not_yet_trusted.jump_not_allowed"));

    // A jump's last header needs the quorum of the last verified council.
    let reseal = |keys: &'static [u64]| {
        let mut scenario = scenario.clone();
        let entry = scenario.destination().jumps[0].last_mut().unwrap();
        let mut fields = UntrustedHeader::decode(&entry.header).unwrap().into_fields();
        commit(&mut fields, keys);
        entry.header = fields.encode();
        scenario.outcome()
    };
    assert_eq!(reseal(&[6, 7, 8]), ("proven", "handled"));
    assert_eq!(reseal(&[6, 7]), ("invalid", "consensus.quorum_missed"));
    assert_eq!(reseal(&[6, 7, 31]), ("invalid", "consensus.foreign_seal"));
}

/// The quorum stands behind the run's last header; the fork rules hold for every header of it.
#[test]
fn a_jumps_headers_have_the_fields_of_their_forks_and_a_score_of_one() {
    let jumped = |change: fn(&mut HeaderFields)| {
        let mut stage = Stage::new(&StageSetup::default());
        stage.destination.idle(4);
        let request = stage.request(coin(500));
        let calldata = stage.call(&request).encode();
        stage.destination.block(|block| {
            block.vote(11, &calldata);
            block.before_seal(change);
        });
        let executing = stage.vote(12, &calldata);
        stage.trust.chains[1].allow_jump = true;
        let transfers =
            vec![TransferProof { request: Some(request.at), handle: executing.handled, ..TransferProof::default() }];
        let mut plan = stage.plan(&transfers);
        plan.destination.to = plan.destination.from + 1;
        plan.destination.jumps = vec![(executing.at.block - 1, executing.at.block)];
        stage.prove_plan(&plan, transfers).outcome()
    };
    assert_eq!(jumped(|_| ()), ("proven", "handled"));
    assert_eq!(jumped(|h| h.block_score = U256::from(2u64)), ("invalid", "header.block_score"));
    assert_eq!(jumped(|h| h.base_fee = Some(U256::from(25_000_000_000u64))), ("invalid", "header.field_too_early"));
}

/// A proposer may put more into its block than is followed; nodes take it.
#[test]
fn what_is_not_followed_is_named_and_a_jump_goes_around_it() {
    let mut stage = Stage::new(&StageSetup::default());
    stage.destination.idle(1);
    let last_followed = stage.destination.blocks().last().unwrap().header.number();
    stage.destination.block(|block| block.before_seal(|fields| fields.vote = vec![0; 40_000]));
    stage.destination.idle(1);
    let request = stage.request(coin(500));
    let votes = stage.votes(&[11, 12], &stage.call(&request));
    let transfers =
        vec![TransferProof { request: Some(request.at), handle: votes[1].handled, ..TransferProof::default() }];
    let followed = stage.prove_plan(&stage.plan(&transfers), transfers.clone());
    assert_eq!(followed.outcome(), ("unsupported", "consensus.field_too_long"));
    let Verdict::Unsupported(what) = followed.verdict() else { panic!("{:?}", followed.verdict()) };
    assert_eq!(what.number, Some(last_followed + 1));

    stage.trust.chains[1].allow_jump = true;
    let mut plan = stage.plan(&transfers);
    plan.destination.to = last_followed;
    plan.destination.jumps = vec![(votes[1].at.block - 1, votes[1].at.block)];
    assert_eq!(stage.prove_plan(&plan, transfers).outcome(), ("proven", "handled"));
}

#[test]
fn an_expired_checkpoint_is_not_built_upon() {
    let mut scenario = block(|_| ());
    scenario.trust.chains[0].trusting_period = 2;
    assert_eq!(scenario.outcome(), ("not_yet_trusted", "not_yet_trusted.trust_expired"));
}

#[test]
fn a_block_sealed_anew_by_the_council_is_another_block() {
    let mut scenario = block(|_| ());
    let entry = scenario.source().headers.last_mut().unwrap();
    let mut fields = UntrustedHeader::decode(&entry.header).unwrap().into_fields();
    fields.receipts_root = Hash([7; 32]);
    seal(&mut fields, 1, &[1, 2, 3]);
    entry.header = fields.encode();
    assert_eq!(scenario.outcome(), ("invalid", "commitment.root_mismatch"));
    fields.number += 1;
    seal(&mut fields, 1, &[1, 2, 3]);
    scenario.source().headers.last_mut().unwrap().header = fields.encode();
    assert_eq!(scenario.outcome(), ("invalid", "header.number"));
}

#[test]
fn the_quorum_is_the_profiles_policy() {
    use spanlight::profile::QuorumPolicy;
    let with = |policy: QuorumPolicy, committers: &[u64]| {
        let mut setup = StageSetup::default();
        setup.source.council = vec![1, 2, 3];
        let mut stage = Stage::new(&setup);
        let request = stage.source.block(|block| {
            block.committers = committers.to_vec();
            block.request(coin(500))
        });
        stage.destination.idle(1);
        stage.trust.chains[0].profile.quorum = policy;
        let scenario = stage.prove(TransferProof { request: Some(request.at), ..TransferProof::default() });
        scenario.outcome().1
    };
    assert_eq!(with(QuorumPolicy::Engine, &[1, 2, 3]), "requested");
    assert_eq!(with(QuorumPolicy::Engine, &[1, 2]), "consensus.quorum_missed");
    assert_eq!(with(QuorumPolicy::Custom(2), &[1, 2]), "requested");
    assert_eq!(with(QuorumPolicy::Custom(2), &[1]), "consensus.quorum_missed");
    assert_eq!(with(QuorumPolicy::Node, &[1]), "requested");
    assert_eq!(with(QuorumPolicy::Node, &[]), "consensus.no_seals");
}

#[test]
fn does_not_judge_chains_whose_rules_headers_do_not_tell() {
    use spanlight::profile::Qualified;
    let with = |change: fn(&mut spanlight::trust::TrustedChain)| {
        let mut scenario = block(|_| ());
        change(&mut scenario.trust.chains[0]);
        scenario.verdict()
    };
    let unsupported = |verdict: spanlight::Verdict| matches!(verdict, spanlight::Verdict::Unsupported(_));
    assert!(unsupported(with(|chain| chain.checkpoint.parameters.gov_param_contract = spanlight::Address([1; 20]))));
    fn set_policy(chain: &mut spanlight::trust::TrustedChain, policy: u64) {
        chain.profile.parameters.proposer_policy = policy;
        chain.checkpoint.parameters.proposer_policy = policy;
    }
    assert!(unsupported(with(|chain| set_policy(chain, 2))));
    assert!(unsupported(with(|chain| set_policy(chain, 3))));
    let told = with(|chain| {
        set_policy(chain, 2);
        chain.profile.qualified = Some(Qualified::Council);
    });
    assert_eq!(told.name(), "proven");
}

#[test]
fn a_header_of_the_permissionless_fork_accuses_nobody() {
    let mut scenario = block(|_| ());
    let entry = scenario.source().headers.last_mut().unwrap();
    let mut items = spanlight::rlp::Reader::list(&entry.header).unwrap();
    let mut stream = spanlight::rlp::RlpStream::new();
    stream.begin_unbounded_list();
    while !items.is_empty() {
        stream.append_raw(items.raw().unwrap(), 1);
    }
    stream.append(&1u8);
    stream.finalize_unbounded_list();
    entry.header = stream.out().to_vec();
    assert_eq!(scenario.outcome(), ("unsupported", "header.permissionless_fork"));
}
