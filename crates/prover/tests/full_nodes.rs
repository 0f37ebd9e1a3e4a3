//! Nodes that keep the states of the last 128 blocks and of each 128th, as full nodes do by
//! default: what is proven on them all the same, and what is not, by name.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod common;

use common::block_on;
use serde_json::Value;
use spanlight::bridge::events::topic;
use spanlight::bridge::HandleCall;
use spanlight::commitment::CommitmentForm;
use spanlight::consensus::FollowMode;
use spanlight::receipt::Log;
use spanlight::trust::Trust;
use spanlight::verdict::{Note, Verdict};
use spanlight::{Address, U256};
use spanlight_forge::scenarios::fraud::invented_call;
use spanlight_forge::scenarios::sorted;
use spanlight_forge::{coin, erc20, keys, recording, NewBlock, Stage, StageSetup, OUTSIDER, SOURCE_TOKEN};
use spanlight_prover::{
    audit, prove, sync, Audit, Ends, HeaderPlan, Node, Proof, ProveError, ProveOptions, Reach, Replay, RpcError,
    Silent, Subject, SyncOptions, Time, Transport,
};

/// A node that keeps few states.
struct FullNode {
    replay: Replay,
    head: u64,
}

impl Transport for FullNode {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let height = params.get(2).and_then(Value::as_str).and_then(|text| text.strip_prefix("0x"));
        let height = height.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        match height.filter(|_| method == "kaia_getProof") {
            Some(height) if height + 128 <= self.head && height % 128 != 0 => Err(RpcError::Node {
                code: -32000,
                message: "missing trie node 8f0e (path ) state 0x8f0e is not available".to_owned(),
            }),
            _ => self.replay.call(method, params).await,
        }
    }
}

fn full_nodes(stage: &Stage) -> [FullNode; 2] {
    [&stage.source, &stage.destination].map(|chain| FullNode {
        replay: Replay::read(recording::record(chain).as_bytes()).unwrap(),
        head: chain.height(),
    })
}

fn now(stage: &Stage) -> u64 {
    stage.source.time().max(stage.destination.time()) + 1
}

/// Follows both chains of the stage on full nodes and does something with them.
fn on_full_nodes<R>(stage: &Stage, act: impl AsyncFn(&Ends<'_, '_, FullNode>, ProveOptions) -> R) -> R {
    let (nodes, trust, now): (_, Trust, _) = (full_nodes(stage), stage.trust.clone(), now(stage));
    block_on(async {
        let options = SyncOptions { to: None, mode: FollowMode::Sparse, deep: false, time: Time::Fixed(now) };
        let [main, service] = ["main", "service"].map(|name| trust.chain(name).unwrap());
        let [one, other] = [Node::new(&nodes[0], &main.profile), Node::new(&nodes[1], &service.profile)];
        let source = sync(&one, main, options, &Silent).await.unwrap();
        let destination = sync(&other, service, options, &Silent).await.unwrap();
        let ends = Ends { trust: &trust, source: (&one, &source), destination: (&other, &destination) };
        act(&ends, ProveOptions::at(now)).await
    })
}

fn audited(stage: &Stage, last: u64) -> Audit {
    on_full_nodes(stage, async |ends, options| audit(ends, (0, last), Reach::Found, options, &Silent).await.unwrap())
}

fn proven(stage: &Stage, nonce: u64, headers: HeaderPlan) -> Result<Proof, ProveError> {
    on_full_nodes(stage, async |ends, options| {
        prove(ends, Subject::Nonce(nonce), ProveOptions { headers, ..options }, &Silent).await
    })
}

/// As many blocks on both chains as make the states before them go.
fn long_after(stage: &mut Stage) {
    stage.source.idle(300);
    stage.destination.idle(300);
}

fn said(verdict: &Verdict) -> &str {
    verdict.state().map(spanlight::verdict::State::name).or(verdict.code()).unwrap_or_default()
}

fn from_later_state(verdict: &Verdict) -> bool {
    let Verdict::Proven { notes, .. } = verdict else { return false };
    notes.iter().any(|note| matches!(note, Note::VotesFromLaterState { .. }))
}

/// One audit of what happened long ago: handled in coin and in tokens, executed otherwise, and
/// never requested.
#[test]
fn a_default_full_node_proves_what_was_handled_and_who_lied_long_ago() {
    for setup in [StageSetup::default(), StageSetup::default().version2()] {
        let mut stage = Stage::new(&setup);
        let requests = [coin(500), erc20(77), coin(600)].map(|event| stage.request(event));
        let mut calls: Vec<HandleCall> = requests.iter().map(|request| stage.call(request)).collect();
        calls[2].value += U256::ONE;
        calls.push(invented_call(3, stage.source.height()));
        for call in &calls {
            stage.votes(&[11, 12], call);
        }
        stage.destination.block(|block| {
            block.bridge().deregister(&keys::address(12));
            block.bridge().threshold = 1;
        });
        long_after(&mut stage);
        let open = stage.request(coin(700));
        let lie = invented_call(3, 0);
        assert_ne!(stage.call(&open), lie);
        stage.destination.idle(1);
        let audit = audited(&stage, 3);
        let verdicts: Vec<_> = audit.report.transfers.iter().map(|transfer| &transfer.verdict).collect();
        let states: Vec<&str> = verdicts.iter().map(|verdict| said(verdict)).collect();
        // Nonce 3 was executed before it was requested: the request that came since does not wash
        // that away.
        assert_eq!(states, ["handled", "handled", "fraud", "fraud"]);
        assert!(verdicts.iter().all(|verdict| from_later_state(verdict)));
        assert!(verdicts[0].is_clean() && verdicts[1].is_clean());
        for lied in &verdicts[2..] {
            assert_eq!(lied.state().unwrap().culprits(), sorted(&[11, 12]));
        }
        assert_eq!(audit.unavailable, []);
        assert!(audit.report.complete.unwrap().unwrap().complete);
    }
}

/// Older code deletes the votes, so the states around the execution are needed; the audit and the
/// single proof name them.
#[test]
fn what_still_needs_an_archive_is_said_by_name() {
    let mut stage = Stage::new(&StageSetup::default().generation_b());
    let request = stage.request(coin(500));
    let executed = stage.votes(&[11, 12], &stage.call(&request))[1].at.block;
    long_after(&mut stage);
    let audit = audited(&stage, 0);
    assert_eq!(said(&audit.report.transfers[0].verdict), "missing.bridge_state");
    let lowest = executed - 1;
    let pruned = RpcError::Pruned { chain: "service".into(), height: lowest };
    assert_eq!(audit.unavailable, [(0, pruned.clone())]);
    let words = format!("state of block {lowest} on service is pruned there");
    assert!(pruned.to_string().contains(&words), "{pruned}");
    assert_eq!(proven(&stage, 0, HeaderPlan::Sparse).unwrap_err(), ProveError::Rpc(pruned));
}

/// The registry's entry at a request of long ago is read from a later state only where nothing
/// changed it since.
#[test]
fn a_registry_that_changed_since_needs_the_state_of_its_time() {
    let mut stage = Stage::new(&StageSetup::default());
    let request = stage.request(erc20(77));
    let block = request.at.item.block;
    assert_ne!(block % 128, 0);
    stage.votes(&[11, 12], &stage.call(&request));
    stage.source.block(|block| block.register_token(SOURCE_TOKEN, Some(Address([0x73; 20]))));
    long_after(&mut stage);
    let audit = audited(&stage, 0);
    assert_eq!(said(&audit.report.transfers[0].verdict), "missing.bridge_state");
    assert_eq!(audit.unavailable, [(0, RpcError::Pruned { chain: "main".into(), height: block })]);
    // Where it changed behind a state that full nodes keep, that one shows it.
    let mut stage = Stage::new(&StageSetup::default());
    let request = stage.request(erc20(77));
    stage.votes(&[11, 12], &stage.call(&request));
    stage.source.idle(30);
    assert!(stage.source.height() > 1_024, "a multiple of 128 lies between");
    stage.source.block(|block| block.register_token(SOURCE_TOKEN, Some(Address([0x73; 20]))));
    long_after(&mut stage);
    let audit = audited(&stage, 0);
    assert_eq!(said(&audit.report.transfers[0].verdict), "handled");
}

const FORMS: [CommitmentForm; 3] = [CommitmentForm::Trie, CommitmentForm::Simple, CommitmentForm::Concat];
const STRANGER: Address = Address([0x99; 20]);

/// A stranger's log beside one of the bridge's: all that a filter tells of a change of the registry
/// is there.
fn looks_like_a_change(block: &mut NewBlock<'_>) {
    block.request(coin(5));
    let topics = vec![topic::TOKEN_REGISTERED, SOURCE_TOKEN.to_word()];
    let log = Log { address: STRANGER, topics, data: Vec::new() };
    block.transaction(OUTSIDER, STRANGER, U256::ZERO, Vec::new(), 1, vec![log]);
}

/// Anybody may send such logs, so they make nothing need an archive, in any form of receipts. A
/// change among them still does.
#[test]
fn logs_that_look_like_a_registry_change_are_settled_by_receipts() {
    for form in FORMS {
        let audited = |changes: bool| {
            let mut stage = Stage::new(&StageSetup::with_form(form));
            let request = stage.request(erc20(77));
            let block = request.at.item.block;
            stage.votes(&[11, 12], &stage.call(&request));
            stage.source.block(looks_like_a_change);
            if changes {
                stage.source.block(|block| block.register_token(SOURCE_TOKEN, Some(Address([0x73; 20]))));
            }
            stage.source.block(looks_like_a_change);
            assert_eq!(block / 128, stage.source.height() / 128, "no state that is kept lies between");
            stage.source.idle(260);
            (block, audited(&stage, 0))
        };
        let (_, settled) = audited(false);
        assert_eq!(said(&settled.report.transfers[0].verdict), "handled", "{form:?}");
        assert_eq!(settled.unavailable, []);
        if form != CommitmentForm::Trie {
            continue;
        }
        let (block, changed) = audited(true);
        assert_eq!(said(&changed.report.transfers[0].verdict), "missing.bridge_state", "{form:?}");
        assert_eq!(changed.unavailable, [(0, RpcError::Pruned { chain: "main".into(), height: block })]);
    }
}

/// A node whose chain goes on while it is read.
struct Living {
    replay: Replay,
    shown: std::cell::Cell<u64>,
}

impl Transport for Living {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        if method != "kaia_blockNumber" {
            return self.replay.call(method, params).await;
        }
        let head = self.shown.get();
        let end = self.replay.call(method, params).await?;
        let end = u64::from_str_radix(end.as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
        self.shown.set((head + 300).min(end));
        Ok(format!("{:#x}", head.min(end)).into())
    }
}

/// Where a long way was followed, full nodes may have thrown away the state of its end meanwhile.
#[test]
fn what_a_chain_has_made_while_a_long_way_was_followed_is_followed_too() {
    let mut stage = Stage::new(&StageSetup::default());
    stage.source.idle(800);
    let (height, now) = (stage.source.height(), now(&stage));
    let replay = Replay::read(recording::record(&stage.source).as_bytes()).unwrap();
    let first = stage.trust.chain("main").unwrap().checkpoint.number;
    let node = Living { replay, shown: std::cell::Cell::new(first + 300) };
    let main = stage.trust.chain("main").unwrap();
    let options = SyncOptions { to: None, mode: FollowMode::Sparse, deep: false, time: Time::Fixed(now) };
    let synced = block_on(sync(&Node::new(&node, &main.profile), main, options, &Silent)).unwrap();
    assert_eq!(synced.head(), height);
}

/// A vote and an execution for a block that does not exist: the headers that bound their time are
/// gathered too, in every plan.
#[test]
fn lies_about_blocks_to_come_are_proven_with_the_headers_that_bound_their_time() {
    let mut stage = Stage::new(&StageSetup::default());
    stage.trust.chains.iter_mut().for_each(|chain| chain.allow_jump = true);
    stage.request(coin(500));
    stage.votes(&[11, 12], &invented_call(1, 1 << 40));
    stage.votes(&[13], &invented_call(2, 1 << 40));
    let early = proven(&stage, 1, HeaderPlan::Sparse).unwrap();
    assert_eq!(said(&early.report.transfers[0].verdict), "not_yet_trusted.height");
    stage.time_goes_on();
    for plan in [HeaderPlan::Sparse, HeaderPlan::Full, HeaderPlan::Jump] {
        for (nonce, state, voters) in [(1, "fraud", &[11, 12][..]), (2, "attempted", &[13])] {
            let proof = proven(&stage, nonce, plan).unwrap();
            let verdict = &proof.report.transfers[0].verdict;
            assert_eq!(said(verdict), state, "{plan:?}");
            assert_eq!(verdict.state().unwrap().culprits(), sorted(voters));
            let Verdict::Proven { notes, .. } = verdict else { panic!("proven") };
            assert!(notes.contains(&Note::RestsOnBlockTimes));
        }
    }
}

/// A wrong token: what shows that the registry stood still is gathered, and where it did not nobody
/// is accused.
#[test]
fn a_wrong_token_is_proven_with_the_registry_up_to_the_votes() {
    let other = Address([0x73; 20]);
    let verdict = |changes: bool| {
        let mut stage = Stage::new(&StageSetup::default());
        stage.source.idle(1);
        let request = stage.request(erc20(77));
        if changes {
            stage.source.block(|block| block.register_token(SOURCE_TOKEN, Some(other)));
        } else {
            stage.source.block(|block| block.register_token(Address([0x99; 20]), Some(other)));
        }
        let call = HandleCall { token: Some(other), ..stage.call(&request) };
        stage.votes(&[11, 12], &call);
        stage.time_goes_on();
        let proof = proven(&stage, 0, HeaderPlan::Sparse).unwrap();
        said(&proof.report.transfers[0].verdict).to_owned()
    };
    assert_eq!(verdict(false), "fraud");
    assert_eq!(verdict(true), "bridge.token_mapping_changed");
}

/// The same long after, with logs that look like a change between the request and the votes.
#[test]
fn a_wrong_token_of_long_ago_is_proven_though_logs_look_like_a_change() {
    for form in FORMS {
        let mut stage = Stage::new(&StageSetup::with_form(form));
        stage.source.idle(128 - stage.source.height() % 128);
        let request = stage.request(erc20(77));
        assert_eq!(request.at.item.block % 128, 1, "the state before it is kept");
        stage.source.block(looks_like_a_change);
        let call = HandleCall { token: Some(Address([0x73; 20])), ..stage.call(&request) };
        stage.votes(&[11, 12], &call);
        stage.time_goes_on();
        stage.source.idle(260);
        let proof = proven(&stage, 0, HeaderPlan::Sparse).unwrap();
        assert_eq!(said(&proof.report.transfers[0].verdict), "fraud", "{form:?}");
    }
}

/// Who writes such logs into many blocks would make a bundle as large as all of them. Beyond some
/// blocks a token's request needs the state of its own block, and a wrong token the states around
/// each of them.
#[test]
fn more_blocks_that_look_like_a_change_than_a_bundle_takes_need_an_archive() {
    let mut stage = Stage::new(&StageSetup::default());
    stage.source.idle(128 - stage.source.height() % 128);
    let executed_otherwise = stage.request(erc20(77));
    stage.source.idle(128 - stage.source.height() % 128);
    let handled = stage.request(erc20(78));
    let block = handled.at.item.block;
    (0..17).for_each(|_| stage.source.block(looks_like_a_change));
    let last = stage.source.height();
    assert_eq!(block / 128, last / 128, "no state that is kept lies between");
    let call = HandleCall { token: Some(Address([0x73; 20])), ..stage.call(&executed_otherwise) };
    stage.votes(&[11, 12], &call);
    stage.votes(&[11, 12], &stage.call(&handled));
    stage.time_goes_on();
    stage.source.idle(260);
    let audit = audited(&stage, 1);
    let pruned = |height| RpcError::Pruned { chain: "main".into(), height };
    assert_eq!(audit.unavailable, [(0, pruned(last - 1)), (1, pruned(block))]);
    assert!(audit.report.transfers.iter().all(|transfer| said(&transfer.verdict) == "missing.bridge_state"));
}
