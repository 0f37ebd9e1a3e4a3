//! Requests whose votes no node takes: parked with their reason, and never in the way of others.

use crate::rig::{Plan, Rig};
use spanlight::primitives::U256;
use spanlight_devnet::abi::{self, Arg};
use spanlight_devnet::pair::{Side, USERS};
use spanlight_devnet::wallet::Sending;
use std::time::{Duration, Instant};

/// Asks for a transfer of one coin unit with so many bytes beside it.
fn request_with(rig: &Rig, from: Side, bytes: usize) {
    let data = vec![7u8; bytes];
    let to = rig.pair.user(USERS[0]);
    let arguments = [Arg::from(to), Arg::from(U256::ONE), Arg::from(data.as_slice())];
    let input = abi::call("requestKLAYTransfer(address,uint256,bytes)", &arguments);
    let sending = Sending { to: Some(rig.pair.end(from).bridge), value: U256::ONE, input, gas: Some(40_000_000) };
    let (_, receipt) = rig.pair.execute(from, USERS[0], &sending).unwrap();
    assert!(receipt.is_success());
}

#[test]
fn a_request_whose_vote_no_node_takes_stops_nothing_and_says_why() {
    let mut rig = Rig::new(Plan { operators: 2, ..Plan::new("oversized") });
    rig.start_all();
    for from in [Side::Main, Side::Service] {
        // With its signature such a vote has more bytes than a node's pool takes.
        request_with(&rig, from, 130_700);
        // Such a one has data that cost more gas than a vote is given, before Prague.
        request_with(&rig, from, 110_000);
        for number in 0..3 {
            rig.request(from, number * 3);
        }
    }
    let start = Instant::now();
    for (from, to) in [(Side::Main, Side::Service), (Side::Service, Side::Main)] {
        for nonce in 2..5 {
            while !rig.is_closed(to, nonce) {
                assert!(start.elapsed() < Duration::from_secs(150), "{from:?}\n{}", crate::rig::tail(&rig.log(0)));
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
    let why = rig.ask(0, &["why", "0", "--from", "main"]);
    assert!(why.contains("nodes take at most 131072"), "{why}");
    let why = rig.ask(0, &["why", "1", "--from", "main"]);
    assert!(why.contains("data alone cost"), "{why}");
    let status = rig.status(0);
    let direction = &status["directions"]["main->service"];
    assert!(direction["alarms"]["parked"].as_u64().unwrap() >= 2, "{status}");
    assert_eq!(direction["pending"]["0"]["reason"], "parked", "{status}");
    assert_eq!(rig.votes(Side::Service).1, 0, "nobody paid for a failed vote");
}
