//! Several endpoints of both chains: what one keeps back another shows, whichever chain it is of.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod common;

use common::{block_on, now, replays, trust_at};
use serde_json::{json, Value};
use spanlight::consensus::FollowMode;
use spanlight::verdict::State;
use spanlight::Trust;
use spanlight_prover::endpoints::{Endpoints, Pair};
use spanlight_prover::{
    prove, Cancel, Ends, Finding, Proof, ProveOptions, Replay, RpcError, Silent, Subject, SyncOptions, Time, Transport,
};

/// A request of main at block 465, executed on the service chain at 340, and checkpoints before both.
const NONCE: u64 = 19;
const NEAR: [u64; 2] = [464, 338];

/// A node that shows all but logs, or all.
struct Node<'r> {
    recorded: &'r Replay,
    keeps_back: bool,
}

impl Transport for Node<'_> {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let answer = self.recorded.call(method, params).await?;
        Ok(if self.keeps_back && method == "kaia_getLogs" { json!([]) } else { answer })
    }
}

/// Endpoints of both chains: of each, whether it keeps logs back.
fn gathered(replays: &[Replay; 2], trust: &Trust, keep_back: [&[bool]; 2]) -> (Proof, Vec<Finding>) {
    let endpoints = [0, 1].map(|chain| {
        let nodes = keep_back[chain].iter().enumerate().map(|(place, keeps_back)| {
            (format!("{chain}/{place}"), Node { recorded: &replays[chain], keeps_back: *keeps_back })
        });
        Endpoints::new(nodes, Cancel::default())
    });
    let [main, service] = [0, 1].map(|index| (&endpoints[index], &trust.chains[index]));
    let pair = Pair { trust, source: main, destination: service };
    let options = SyncOptions { to: None, mode: FollowMode::Sparse, deep: false, time: Time::Fixed(now()) };
    let proof = block_on(async {
        pair.gather(options, &Silent, async |ends, _| {
            prove(ends, Subject::Nonce(NONCE), ProveOptions::at(now()), &Silent).await
        })
        .await
    });
    (proof.unwrap(), endpoints.iter().flat_map(Endpoints::findings).collect())
}

/// Tells of events where there are none, and leaves it to the others to serve the block.
struct Misleading<'r> {
    recorded: &'r Replay,
    misleads: bool,
}

impl Transport for Misleading<'_> {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let mut answer = self.recorded.call(method, params).await?;
        match method {
            "kaia_getLogs" if self.misleads => {
                let logs = answer.as_array_mut().into_iter().flatten();
                logs.for_each(|log| log["transactionIndex"] = json!("0x63"));
                Ok(answer)
            }
            "kaia_getBlockByNumber" | "kaia_getBlockReceipts" if self.misleads => {
                Err(RpcError::Node { code: -32_000, message: "not now".to_owned() })
            }
            _ => Ok(answer),
        }
    }
}

#[test]
fn a_false_log_is_held_against_whoever_told_it_not_against_whoever_served_the_block() {
    let replays = replays();
    let trust = trust_at(&replays, NEAR);
    let endpoints = [0, 1].map(|chain| {
        let node = |(name, misleads)| (format!("{chain}/{name}"), Misleading { recorded: &replays[chain], misleads });
        Endpoints::new([("liar", true), ("honest", false)].map(node), Cancel::default())
    });
    let [source, destination] = [0, 1].map(|index| (&endpoints[index], &trust.chains[index]));
    let pair = Pair { trust: &trust, source, destination };
    let options = SyncOptions { to: None, mode: FollowMode::Sparse, deep: false, time: Time::Fixed(now()) };
    let job = async |ends: &Ends<'_, '_, Endpoints<Misleading<'_>>>, _| {
        prove(ends, Subject::Nonce(NONCE), ProveOptions::at(now()), &Silent).await
    };
    let proof = block_on(pair.gather(options, &Silent, job)).unwrap();
    assert!(matches!(proof.report.transfers[0].verdict.state(), Some(State::Handled { .. })));
    for (chain, endpoints) in endpoints.iter().enumerate() {
        assert!(endpoints.in_use().any(|name| name.ends_with("honest")), "{chain}: {:?}", endpoints.findings());
    }
}

fn passed_over(findings: &[Finding]) -> Vec<&str> {
    let names = findings.iter().filter_map(|finding| match finding {
        Finding::PassedOver { endpoint } => Some(endpoint.as_str()),
        _ => None,
    });
    names.collect()
}

#[test]
fn good_endpoints_of_two_chains_are_found_wherever_they_stand() {
    let cases: [([&[bool]; 2], &[&str]); 5] = [
        ([&[false], &[false]], &[]),
        ([&[true, false], &[false, true]], &["0/0"]),
        ([&[false, true], &[true, false]], &["1/0"]),
        ([&[true, true, false], &[true, false]], &["0/0", "0/1", "1/0"]),
        ([&[true, false], &[true, true, false]], &["0/0", "1/0", "1/1"]),
    ];
    let replays = replays();
    let trust = trust_at(&replays, NEAR);
    for (keep_back, expected) in cases {
        let (proof, findings) = gathered(&replays, &trust, keep_back);
        let state = proof.report.transfers[0].verdict.state().map(|state| state.name());
        assert_eq!(state, Some("handled"), "{keep_back:?}: {:?}", proof.report.transfers[0].verdict);
        assert_eq!(passed_over(&findings), expected, "{keep_back:?}");
    }
}

#[test]
fn what_all_keep_back_stays_incomplete_and_ends() {
    let replays = replays();
    let trust = trust_at(&replays, NEAR);
    let (proof, findings) = gathered(&replays, &trust, [&[true, true], &[true, true]]);
    assert_eq!(proof.report.transfers[0].verdict.name(), "incomplete");
    assert_eq!(passed_over(&findings).len(), 2);
}
