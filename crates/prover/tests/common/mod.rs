//! The two recorded chains, the trust in them, and what a right verifier must say.
#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use serde_json::Value;
use spanlight::bridge::generation::{Generation, CODE_HASH_C};
use spanlight::clock::DEFAULT_CLOCK_TOLERANCE;
use spanlight::consensus::{Checkpoint, FollowMode, LightClient, VotesBy};
use spanlight::header::read_genesis;
use spanlight::trust::{AcceptedCode, BridgeEnd, BridgePair, Trust, TrustedChain, TRUST_VERSION};
use spanlight_prover::{sync, Node, Replay, Silent, SyncOptions, Synced, Time};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// A recording never waits, so its futures are ready at once.
pub fn block_on<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a recording never waits"),
    }
}

pub fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

pub fn replay(chain: &str) -> Replay {
    Replay::read(&fixture(&format!("{chain}.rpc.jsonl.gz"))).unwrap()
}

pub fn transfers() -> Value {
    serde_json::from_slice(&fixture("transfers.json")).unwrap()
}

fn trusted_chain(name: &str) -> TrustedChain {
    let text = String::from_utf8(fixture(&format!("{name}.genesis.json"))).unwrap();
    let genesis = read_genesis(&text, name).unwrap();
    let checkpoint = LightClient::from_genesis(&genesis.profile, genesis.header).unwrap().checkpoint();
    TrustedChain {
        trusting_period: 1 << 40,
        max_age: 3600,
        patience: 86_400,
        clock_tolerance: DEFAULT_CLOCK_TOLERANCE,
        allow_jump: true,
        votes: VotesBy::default(),
        profile: genesis.profile,
        checkpoint,
    }
}

/// Trust from the genesis files, and the pair of bridges.
pub fn trust() -> Trust {
    let recorded = transfers();
    let end = |name: &str| BridgeEnd {
        chain: name.to_owned(),
        address: recorded["chains"][name]["bridge"].as_str().unwrap().parse().unwrap(),
        mint_burn: recorded["chains"][name]["mode"] == "mint/burn",
        sends: true,
        codes: vec![AcceptedCode { hash: CODE_HASH_C, generation: Generation::C }],
    };
    Trust {
        version: TRUST_VERSION,
        chains: vec![trusted_chain("main"), trusted_chain("service")],
        bridge: Some(BridgePair { ends: [end("main"), end("service")] }),
        anchoring: None,
    }
}

/// Trust whose checkpoints are at these heights of main and service.
pub fn trust_at(replays: &[Replay; 2], heights: [u64; 2]) -> Trust {
    let genesis = trust();
    let mut trust = genesis.clone();
    for ((chain, replay), height) in trust.chains.iter_mut().zip(replays).zip(heights) {
        let trusted = genesis.chain(&chain.profile.name).unwrap();
        chain.checkpoint = checkpoint_at(replay, trusted, height);
    }
    trust
}

fn checkpoint_at(replay: &Replay, trusted: &TrustedChain, height: u64) -> Checkpoint {
    let node = Node::new(replay, &trusted.profile);
    let options =
        SyncOptions { to: Some(height), mode: FollowMode::Sparse, deep: false, time: Time::Fixed(u64::MAX >> 1) };
    let trusted = TrustedChain { trusting_period: u64::MAX, ..trusted.clone() };
    block_on(sync(&node, &trusted, options, &Silent)).unwrap().chain().client().checkpoint()
}

/// One second after the newer of both heads.
pub fn now() -> u64 {
    static NOW: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *NOW.get_or_init(|| {
        ["main", "service"]
            .map(|chain| {
                let replay = replay(chain);
                let genesis = trusted_chain(chain);
                let node = Node::new(&replay, &genesis.profile);
                let head = block_on(node.head_number()).unwrap();
                block_on(node.header(head)).unwrap().fields().time + 1
            })
            .into_iter()
            .max()
            .unwrap()
    })
}

/// Both chains with their nodes.
pub struct World<'t> {
    pub trust: &'t Trust,
    pub nodes: [Node<'t, Replay>; 2],
    pub synced: [Synced<'t>; 2],
}

impl<'t> World<'t> {
    pub fn new(trust: &'t Trust, replays: &'t [Replay; 2], to: [Option<u64>; 2]) -> Self {
        let nodes = ["main", "service"].map(|name| &trust.chain(name).unwrap().profile);
        let nodes = [Node::new(&replays[0], nodes[0]), Node::new(&replays[1], nodes[1])];
        let follow = |index: usize, name: &str| {
            let options =
                SyncOptions { to: to[index], mode: FollowMode::Sparse, deep: false, time: Time::Fixed(now()) };
            block_on(sync(&nodes[index], trust.chain(name).unwrap(), options, &Silent)).unwrap()
        };
        let synced = [follow(0, "main"), follow(1, "service")];
        Self { trust, nodes, synced }
    }

    pub fn ends(&self, from: &str) -> spanlight_prover::Ends<'_, 't, Replay> {
        let main = (&self.nodes[0], &self.synced[0]);
        let service = (&self.nodes[1], &self.synced[1]);
        let (source, destination) = if from == "main" { (main, service) } else { (service, main) };
        spanlight_prover::Ends { trust: self.trust, source, destination }
    }
}

pub fn replays() -> [Replay; 2] {
    ["main", "service"].map(replay)
}
