//! What gathering costs, where it starts from, and what it makes of a node that says little or lies.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::arithmetic_side_effects
)]

mod common;

use common::{block_on, now, replay, replays, transfers, trust, trust_at, World};
use serde_json::{json, Value};
use spanlight::consensus::{FollowMode, VotesBy};
use spanlight::verdict::{NotReached, Note, Verdict};
use spanlight_prover::{
    prove, sync, Ends, Node, ProveError, ProveOptions, Replay, RpcError, Silent, Subject, SyncOptions, Time, Transport,
};

fn total(replays: &[Replay; 2]) -> u64 {
    replays.iter().flat_map(|replay| replay.calls().into_values()).sum()
}

#[test]
fn a_handled_transfer_costs_few_calls_with_any_window() {
    let trust = trust();
    let replays = replays().map(|replay| replay.with_log_range(64));
    let world = World::new(&trust, &replays, [None, None]);
    for (window, most) in [(1000, 48), (64, 24), (16, 52)] {
        for nonce in [0, 6, 12, 19] {
            replays.iter().for_each(Replay::reset_calls);
            let options = ProveOptions { window, ..ProveOptions::at(now()) };
            let proof = block_on(prove(&world.ends("main"), Subject::Nonce(nonce), options, &Silent)).unwrap();
            eprintln!("window {window}, nonce {nonce}: {} calls", total(&replays));
            assert!(total(&replays) <= most, "{:?} {:?}", replays[0].calls(), replays[1].calls());
            assert!(proof.report.transfers[0].verdict.is_clean());
            for replay in &replays {
                assert!(replay.calls().keys().all(|method| method.starts_with("kaia_")), "{:?}", replay.calls());
            }
        }
    }
}

#[test]
fn a_transaction_names_its_transfers() {
    let (trust, replays) = (trust(), replays());
    let world = World::new(&trust, &replays, [None, None]);
    let recorded = transfers();
    for index in [0, 8, 20, 22] {
        let transfer = &recorded["transfers"][index];
        let ends = world.ends(transfer["from"].as_str().unwrap());
        for hash in [&transfer["request"]["tx"], &transfer["handle"][0]["tx"]].into_iter().filter_map(Value::as_str) {
            let subject = Subject::Transaction(hash.parse().unwrap());
            let proof = block_on(prove(&ends, subject, ProveOptions::at(now()), &Silent)).unwrap();
            let nonces: Vec<u64> = proof.report.transfers.iter().map(|transfer| transfer.nonce).collect();
            assert!(nonces.contains(&transfer["nonce"].as_u64().unwrap()));
        }
    }
    let unknown = Subject::Transaction(spanlight::Hash([7; 32]));
    let refused = block_on(prove(&world.ends("main"), unknown, ProveOptions::at(now()), &Silent)).unwrap_err();
    assert_eq!(refused.code(), "prove.unknown_transaction");
}

#[test]
fn a_nonce_that_nobody_used_is_unrequested_and_an_old_head_says_nothing_of_now() {
    let (trust, replays) = (trust(), replays());
    let world = World::new(&trust, &replays, [None, None]);
    let verdict = |nonce, now| {
        let options = ProveOptions::at(now);
        let proof = block_on(prove(&world.ends("main"), Subject::Nonce(nonce), options, &Silent)).unwrap();
        proof.report.transfers[0].verdict.clone()
    };
    assert_eq!(verdict(21, now()).state().map(|state| state.name()), Some("unrequested"));
    assert_eq!(verdict(21, now() + 7200).code(), Some("not_yet_trusted.stale"));
    assert_eq!(verdict(9, now() + 7200).code(), Some("not_yet_trusted.stale"));
    assert_eq!(verdict(0, now() + 7200).state().map(|state| state.name()), Some("handled"));
}

#[test]
fn a_deep_sync_recomputes_every_root() {
    let trust = trust();
    for (chain, mode, blocks) in [("main", FollowMode::Full, 137), ("service", FollowMode::Sparse, 67)] {
        let replay = replay(chain);
        let trusted = trust.chain(chain).unwrap();
        let node = Node::new(&replay, &trusted.profile);
        let options = SyncOptions { to: None, mode, deep: true, time: Time::Fixed(now()) };
        let synced = block_on(sync(&node, trusted, options, &Silent)).unwrap();
        assert_eq!(synced.roots_recomputed, blocks);
        assert_eq!(synced.headers_checked, synced.head());
        assert_eq!(synced.seals_checked == synced.headers_checked, mode == FollowMode::Full);
    }
}

/// The method, what becomes of its answers, and the code that the lie ends in.
type Lie = (&'static str, fn(&mut Value), &'static str);

/// A node that changes one field of one method's answers.
struct Liar<'r> {
    honest: &'r Replay,
    method: &'static str,
    change: fn(&mut Value),
}

impl Transport for Liar<'_> {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let mut answer = self.honest.call(method, params).await?;
        if method == self.method {
            (self.change)(&mut answer);
        }
        Ok(answer)
    }
}

#[test]
fn a_lying_node_gets_nothing_proven() {
    let (trust, replays) = (trust(), replays());
    let world = World::new(&trust, &replays, [None, None]);
    let lies: [Lie; 5] = [
        ("kaia_getBlockReceipts", |v| v[0]["gasUsed"] = json!("0x1"), "rpc.answer"),
        ("kaia_getBlockByNumber", |v| v["transactions"] = json!([]), "rpc.answer"),
        ("kaia_getProof", |v| v["storageProof"][0]["proof"][0] = json!("0xc0"), "trie.node_missing"),
        ("kaia_getLogs", |v| v[0]["transactionIndex"] = json!("0x63"), "prove.event_not_found"),
        ("kaia_getLogs", |v| *v = json!([]), "missing.handle"),
    ];
    for (method, change, code) in lies {
        let liars = [0, 1].map(|index| Liar { honest: &replays[index], method, change });
        let nodes = [0, 1].map(|index| Node::new(&liars[index], world.nodes[index].profile()));
        let ends =
            Ends { trust: &trust, source: (&nodes[0], &world.synced[0]), destination: (&nodes[1], &world.synced[1]) };
        let got = match block_on(prove(&ends, Subject::Nonce(0), ProveOptions::at(now()), &Silent)) {
            Err(error) => error.code().to_owned(),
            Ok(proof) => proof.report.transfers[0].verdict.code().unwrap_or("proven").to_owned(),
        };
        assert_eq!(got, code, "{method}");
    }
}

#[test]
fn a_header_that_breaks_a_rule_stops_the_sync() {
    let (trust, replay) = (trust(), replay("service"));
    let trusted = trust.chain("service").unwrap();
    let liar = Liar {
        honest: &replay,
        method: "kaia_getHeaderByNumber",
        change: |v| {
            if v["number"] == "0x20" {
                v["stateRoot"] = v["receiptsRoot"].clone();
            }
        },
    };
    let node = Node::new(&liar, &trusted.profile);
    let options = SyncOptions { to: None, mode: FollowMode::Sparse, deep: false, time: Time::Fixed(now()) };
    let refused = block_on(sync(&node, trusted, options, &Silent)).unwrap_err();
    assert!(matches!(refused, ProveError::Refused(_)), "{refused:?}");
}

/// The hash of the first failed transaction of a recording.
fn failed_transaction(replay: &Replay) -> spanlight::Hash {
    let call = |method: &str, params: Value| block_on(replay.call(method, params)).unwrap();
    for number in 0..=503 {
        let block = call("kaia_getBlockByNumber", json!([format!("{number:#x}"), false]));
        for receipt in call("kaia_getBlockReceipts", json!([block["hash"]])).as_array().unwrap() {
            if receipt["status"] == "0x0" {
                return receipt["transactionHash"].as_str().unwrap().parse().unwrap();
            }
        }
    }
    panic!("none failed")
}

#[test]
fn a_transaction_that_failed_or_is_of_the_other_direction_is_told_as_that() {
    let (trust, replays) = (trust(), replays());
    let failed = failed_transaction(&replays[1]);
    let world = World::new(&trust, &replays, [None, None]);
    let refusal = |from: &str, hash| {
        block_on(prove(&world.ends(from), Subject::Transaction(hash), ProveOptions::at(now()), &Silent)).unwrap_err()
    };
    for from in ["main", "service"] {
        let error = refusal(from, failed);
        assert_eq!(error.code(), "prove.failed_transaction");
        assert!(error.to_string().contains("failed on service (status 0x"), "{error}");
    }
    let recorded = transfers();
    for transfer in [&recorded["transfers"][0], &recorded["transfers"][22]] {
        let from = transfer["from"].as_str().unwrap();
        let other = if from == "main" { "service" } else { "main" };
        for hash in [&transfer["request"]["tx"], &transfer["handle"][0]["tx"]].into_iter().filter_map(Value::as_str) {
            let hash = hash.parse().unwrap();
            assert_eq!(refusal(other, hash), ProveError::OtherDirection { hash, from: from.to_owned() });
        }
    }
}

/// What a node says of an account that does not exist, whatever is asked of it.
struct NoAccount<'r>(&'r Replay);

impl Transport for NoAccount<'_> {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        if method == "kaia_getProof" {
            let message = "there is no account corresponding to the given address".to_owned();
            return Err(RpcError::Node { code: -32000, message });
        }
        self.0.call(method, params).await
    }
}

#[test]
fn an_account_that_does_not_exist_is_told_with_its_address_and_height() {
    let (trust, replays) = (trust(), replays());
    let world = World::new(&trust, &replays, [None, None]);
    let absent = replays.each_ref().map(NoAccount);
    let nodes = [0, 1].map(|index| Node::new(&absent[index], world.nodes[index].profile()));
    let ends =
        Ends { trust: &trust, source: (&nodes[0], &world.synced[0]), destination: (&nodes[1], &world.synced[1]) };
    let error = block_on(prove(&ends, Subject::Nonce(0), ProveOptions::at(now()), &Silent)).unwrap_err();
    let account = trust.bridge.as_ref().unwrap().ends[0].address;
    assert_eq!(error, ProveError::Rpc(RpcError::NoAccount { account, height: 629 }));
    assert!(error.to_string().contains("there is no account 0x"), "{error}");
}

/// The service chain's council is voted on in block 391, and here the trust follows no vote but a
/// governing node's.
#[test]
fn what_is_not_followed_is_named_and_gone_around_where_the_trust_allows_jumps() {
    let (mut trust, replays) = (trust(), replays());
    trust.chains[1].votes = VotesBy::GoverningNode;
    let mut strict = trust.clone();
    strict.chains[1].allow_jump = false;
    let node = Node::new(&replays[1], &strict.chains[1].profile);
    for mode in [FollowMode::Full, FollowMode::Sparse] {
        let options = SyncOptions { to: None, mode, deep: false, time: Time::Fixed(now()) };
        match block_on(sync(&node, &strict.chains[1], options, &Silent)).unwrap_err() {
            ProveError::NotFollowed(Verdict::Unsupported(what)) => {
                assert_eq!((what.what.code(), what.number), ("vote_by_other", Some(391)));
            }
            other => panic!("{other:?}"),
        }
    }

    let world = World::new(&trust, &replays, [None, None]);
    let service = &world.synced[1];
    assert_eq!((service.chain().client().head().number(), service.head()), (390, 503));
    // As of the head, beyond what is not followed; then of before it, where nothing is jumped over.
    for (nonce, state, jumped) in [(9, "stuck", true), (0, "handled", false)] {
        let options = ProveOptions::at(now());
        let proof = block_on(prove(&world.ends("main"), Subject::Nonce(nonce), options, &Silent)).unwrap();
        let Verdict::Proven { state: found, notes } = &proof.report.transfers[0].verdict else { panic!("{proof:?}") };
        assert_eq!(found.name(), state);
        assert_eq!(notes.iter().any(|note| matches!(note, Note::JumpedHeaders { .. })), jumped, "{notes:?}");
        assert!(!notes.iter().any(|note| note.warned_vote().is_some()));
        assert_eq!(proof.bundle.chains[1].jumps.is_empty(), !jumped);
    }
}

#[test]
fn a_transfer_from_below_the_checkpoint_is_told_as_that() {
    let replays = replays();
    // Blocks whose states are recorded, above the first transfers.
    let trust = trust_at(&replays, [489, 361]);
    let world = World::new(&trust, &replays, [None, None]);
    let code = |subject| {
        let proven = block_on(prove(&world.ends("main"), subject, ProveOptions::at(now()), &Silent));
        proven.map(|proof| proof.report.transfers[0].verdict.clone())
    };
    let verdict = code(Subject::Nonce(0)).unwrap();
    let below = NotReached::BelowCheckpoint { chain: "service".to_owned(), have: 361, need: 360 };
    assert_eq!(verdict, Verdict::NotYetTrusted(below));
    let recorded = transfers();
    let request: spanlight::Hash = recorded["transfers"][0]["request"]["tx"].as_str().unwrap().parse().unwrap();
    let refused = code(Subject::Transaction(request)).unwrap_err();
    let ProveError::NotFollowed(verdict) = refused else { panic!("{refused:?}") };
    assert_eq!(verdict.code(), Some("not_yet_trusted.below_checkpoint"));
}
