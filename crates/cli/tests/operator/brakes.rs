//! A bridge of version 2 that is paused, or whose outflow limit holds a transfer back: each is a
//! reason of its own, nothing is parked for it, and the transfer goes through once its reason is
//! gone.

use crate::rig::{tail, Plan, Rig};
use spanlight::primitives::{Address, U256};
use spanlight_devnet::abi::{self, Arg};
use spanlight_devnet::pair::{BridgeKind, Side, Value, DEPLOYER, USERS};
use spanlight_devnet::wallet::Sending;
use std::time::{Duration, Instant};

const LONGEST: Duration = Duration::from_secs(120);
/// setLimit(address,uint128,uint128) of coin, by the owner; what fits is far below what one block's
/// time lets leak.
const LIMIT: u64 = 1000;

fn rig(name: &'static str, signed: bool) -> Rig {
    let voting = "retry_blocks = 100000".to_owned();
    let plan = Plan { bridge: BridgeKind::V2, operators: 2, threshold: 2, signed, voting, ..Plan::new(name) };
    Rig::new(plan)
}

fn send(rig: &Rig, key: u64, function: &str, arguments: &[Arg]) {
    let call = Sending::call(rig.pair.end(Side::Service).bridge, abi::call(function, arguments));
    let (_, receipt) = rig.pair.execute(Side::Service, key, &call).unwrap();
    assert!(receipt.is_success(), "{function}");
}

/// A request of so much coin; the operator's `why` for it says these words, in the end.
fn request_and_wait_for(rig: &Rig, amount: u64, words: &str) {
    let user = rig.pair.user(USERS[0]);
    let request = rig.pair.request(Side::Main, USERS[0], user, Value::Coin(U256::from(amount))).unwrap();
    let start = Instant::now();
    loop {
        let why = rig.ask(0, &["why", &request.event.nonce.to_string(), "--from", "main"]);
        if why.contains(words) {
            return;
        }
        assert!(start.elapsed() < LONGEST, "`{words}` is not said: {why}\n{}", tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn no_alarm_says_parked(rig: &Rig) {
    for index in 0..2 {
        let status = rig.status(index);
        assert!(status["directions"]["main->service"]["alarms"]["parked"].is_null(), "{status}");
    }
    assert_eq!(rig.votes(Side::Service).1, 0, "no vote reverted");
}

fn paused(name: &'static str, signed: bool) {
    let mut rig = rig(name, signed);
    send(&rig, DEPLOYER, "pauseHandles()", &[]);
    rig.start_all();
    request_and_wait_for(&rig, 5, "the bridge is paused");
    // Both operators resume it by hand, with the keys that their running processes use.
    for (index, words) in ["1 of 2 votes", "handles and claims run on service"].into_iter().enumerate() {
        let said = rig.ask(index, &["bridge", "resume", "--chain", "service"]);
        assert!(said.contains(words), "{said}");
    }
    rig.wait_handled(Side::Main, LONGEST);
    no_alarm_says_parked(&rig);
    rig.assert_all_handled(Side::Main);
}

#[test]
fn a_paused_bridge_is_a_reason_and_votes_go_out_once_it_is_resumed() {
    paused("paused-bridge", false);
}

#[test]
fn a_paused_bridge_is_a_reason_where_votes_are_signatures_too() {
    paused("paused-bridge-signed", true);
}

fn held_back(name: &'static str, signed: bool) {
    let mut rig = rig(name, signed);
    let limits: [Arg; 3] = [Address::ZERO.into(), 0u64.into(), LIMIT.into()];
    send(&rig, DEPLOYER, "setLimit(address,uint128,uint128)", &limits);
    rig.start_all();
    let user = rig.pair.user(USERS[0]);
    rig.pair.request(Side::Main, USERS[0], user, Value::Coin(U256::from(800u64))).unwrap();
    rig.wait_handled(Side::Main, LONGEST);
    let before = rig.votes(Side::Service).0;
    request_and_wait_for(&rig, 900, "the bridge's outflow limit holds it back");
    let later = rig.pair.request(Side::Main, USERS[0], user, Value::Coin(U256::from(10u64))).unwrap();
    let start = Instant::now();
    while !rig.is_closed(Side::Service, later.event.nonce) {
        assert!(start.elapsed() < LONGEST, "one that waits stops one that fits\n{}", tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(50));
    }
    let votes = rig.votes(Side::Service).0 - before;
    assert!(votes <= if signed { 2 } else { 4 }, "{votes} transactions: nobody votes again for what is held back");
    // Coin that comes in makes room.
    let back = rig.pair.user(USERS[1]);
    rig.pair.request(Side::Service, USERS[1], back, Value::Coin(U256::from(100_000u64))).unwrap();
    rig.wait_handled(Side::Main, LONGEST);
    no_alarm_says_parked(&rig);
    rig.assert_all_handled(Side::Main);
}

#[test]
fn what_the_outflow_limit_holds_back_leaves_once_it_fits() {
    held_back("held-back", false);
}

#[test]
fn what_the_outflow_limit_holds_back_leaves_by_signatures_too() {
    held_back("held-back-signed", true);
}
