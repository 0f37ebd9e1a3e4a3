//! Calls that do not depend on each other are made at the same time, several in one request, and
//! nobody is asked what the proven head tells.

use crate::liar::Liar;
use crate::rig::{Plan, Rig};
use spanlight::primitives::U256;
use spanlight_devnet::pair::{Side, Value, USERS};
use std::time::{Duration, Instant};

const VOTES: u64 = 12;

#[test]
fn votes_on_many_requests_of_a_block_are_simulated_and_sent_together() {
    let plan = Plan { operators: 1, threshold: 1, ..Plan::new("side-by-side") };
    let mut rig = Rig::new(plan);
    let nodes = [&rig.pair.main, &rig.pair.service].map(|chain| Liar::to(&chain.url()));
    rig.operators.clear();
    rig.add_operator(0, &[nodes[0].url(), nodes[1].url()]);
    rig.start_all();
    // Once it follows both chains, there is nothing to do but what the requests bring.
    rig.request(Side::Service, 0);
    rig.wait_handled(Side::Service, Duration::from_secs(60));
    let service = &rig.pair.service;
    service.node().call("devnet_stopSealing", &[]).unwrap();
    for number in 0..VOTES {
        let user = USERS[(number % 4) as usize];
        let call = rig.pair.request_call(Side::Service, rig.pair.user(user), Value::Coin(U256::from(7 + number)));
        rig.pair.submit(Side::Service, user, &call).unwrap();
    }
    nodes.iter().for_each(|node| node.count(Duration::from_millis(60)));
    service.node().call("devnet_resumeSealing", &[]).unwrap();
    let start = Instant::now();
    while rig.progress(Side::Service).0 <= VOTES {
        assert!(start.elapsed() < Duration::from_secs(60), "the requests come into no block");
        std::thread::sleep(Duration::from_millis(20));
    }
    rig.wait_handled(Side::Service, Duration::from_secs(120));
    let (source, destination) = (nodes[1].traffic(), nodes[0].traffic());
    let asked = |methods: &[&str]| {
        let count = |counts: &std::collections::BTreeMap<String, usize>| -> usize {
            methods.iter().filter_map(|method| counts.get(*method)).sum()
        };
        (count(&destination.calls), count(&destination.requests))
    };
    let (calls, requests) = asked(&["kaia_call", "kaia_estimateGas"]);
    assert!(calls >= 2 * VOTES as usize && requests <= 6, "simulations wait for each other: {destination:?}");
    let (calls, requests) = asked(&["kaia_sendRawTransaction"]);
    assert!(calls >= VOTES as usize && requests <= 3, "one vote waits for the other: {destination:?}");
    assert!(source.most >= 2, "a block waits for its receipts: {source:?}");
    assert_eq!(destination.calls.get("kaia_gasPrice"), None, "the proven head tells the price");
    assert_eq!(rig.votes(Side::Main), (1 + VOTES as usize, 0));
}
