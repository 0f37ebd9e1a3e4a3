//! How many requests a node gets: what does not depend on each other is asked for together.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod common;

use common::{block_on, now, replays, trust};
use serde_json::Value;
use spanlight::consensus::FollowMode;
use spanlight::Trust;
use spanlight_prover::{
    audit, prove, sync, Ends, Node, ProveOptions, Reach, Replay, RpcError, Silent, Subject, SyncOptions, Synced, Time,
    Transport,
};
use std::cell::Cell;

/// Counts requests as a transport over HTTP makes them: a batch is one, if it is no larger than a batch may be.
struct Counting<'r> {
    node: &'r Replay,
    requests: Cell<usize>,
}

const BATCH: usize = 64;

impl Transport for Counting<'_> {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        self.requests.set(self.requests.get() + 1);
        self.node.call(method, params).await
    }

    async fn call_all(&self, method: &str, params: Vec<Value>) -> Result<Vec<Value>, RpcError> {
        self.requests.set(self.requests.get() + params.len().div_ceil(BATCH));
        self.node.call_all(method, params).await
    }
}

/// Both chains followed, and what happened since costs.
struct Counted<'t> {
    trust: &'t Trust,
    nodes: [Node<'t, Counting<'t>>; 2],
    synced: [Synced<'t>; 2],
    counters: &'t [Counting<'t>; 2],
}

impl<'t> Counted<'t> {
    fn new(trust: &'t Trust, counters: &'t [Counting<'t>; 2]) -> Self {
        let nodes = [0, 1].map(|index| Node::new(&counters[index], &trust.chains[index].profile));
        let options = SyncOptions { to: None, mode: FollowMode::Sparse, deep: false, time: Time::Fixed(now()) };
        let synced = [0, 1].map(|at| block_on(sync(&nodes[at], &trust.chains[at], options, &Silent)).unwrap());
        Self { trust, nodes, synced, counters }
    }

    fn ends(&self, from: &str) -> Ends<'_, 't, Counting<'t>> {
        let [main, service] = [0, 1].map(|index| (&self.nodes[index], &self.synced[index]));
        let (source, destination) = if from == "main" { (main, service) } else { (service, main) };
        Ends { trust: self.trust, source, destination }
    }

    fn since(&self) -> usize {
        self.counters.iter().map(|counter| counter.requests.take()).sum()
    }
}

#[test]
fn what_is_independent_travels_together() {
    let (trust, replays) = (trust(), replays());
    let counters = [0, 1].map(|index| Counting { node: &replays[index], requests: Cell::new(0) });
    let counted = Counted::new(&trust, &counters);
    // 629 and 503 headers, the checkpoint and twice the head's number of each: the chain has gone
    // on meanwhile.
    let mut found = vec![("follow both chains", counted.since())];
    for (what, from, nonce) in [("handled", "main", 0), ("stuck", "main", 9), ("attempted", "main", 61)] {
        block_on(prove(&counted.ends(from), Subject::Nonce(nonce), ProveOptions::at(now()), &Silent)).unwrap();
        found.push((what, counted.since()));
    }
    for (what, from, last) in [("audit of main", "main", 20), ("audit of service", "service", 13)] {
        let options = ProveOptions { scan: Some(u64::MAX), window: 100, ..ProveOptions::at(now()) };
        block_on(audit(&counted.ends(from), (0, last), Reach::Found, options, &Silent)).unwrap();
        found.push((what, counted.since()));
    }
    // Before, with one call in each request but for headers: 22, 15, 146, 65, 455, 428.
    let most = [24, 13, 76, 15, 291, 141];
    let told = found.iter().zip(most).filter(|((_, got), most)| got > most);
    assert_eq!(told.collect::<Vec<_>>(), [], "{found:?}");
}
