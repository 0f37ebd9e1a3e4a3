//! Transfers that cannot be delivered: parked, tried again, and never in the way of later ones.

use crate::rig::{Plan, Rig};
use spanlight::primitives::{Address, U256};
use spanlight_devnet::abi;
use spanlight_devnet::pair::{Side, Value, COIN, DEPLOYER, USERS};
use spanlight_devnet::wallet::Sending;
use std::time::{Duration, Instant};

#[test]
fn poison_is_parked_and_what_lacks_liquidity_goes_through_once_it_is_there() {
    // Turns long enough for a busy machine: the votes of an operator that only was late would revert.
    // Nothing is tried again by itself in this test.
    let voting = "retry_blocks = 100000\nturn_blocks = 40".to_owned();
    let mut rig = Rig::new(Plan { voting, ..Plan::new("poison") });
    rig.start_all();
    let user = rig.pair.user(USERS[0]);
    // Tokens for nobody can never be delivered by this bridge.
    let poison = rig.pair.request(Side::Main, USERS[0], Address::ZERO, Value::Erc20(U256::from(5u8))).unwrap();
    // More coin than the other bridge holds.
    let much = COIN.saturating_mul(U256::from(5_000u64));
    let large = rig.pair.request(Side::Main, USERS[0], user, Value::Coin(much)).unwrap();
    for number in 0..3 {
        rig.request(Side::Main, number * 3);
    }
    let later = large.event.nonce + 3;
    let start = Instant::now();
    while !rig.is_closed(Side::Service, later) {
        assert!(start.elapsed() < Duration::from_secs(120), "later ones wait\n{}", crate::rig::tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(20));
    }
    let why = rig.ask(0, &["why", &poison.event.nonce.to_string(), "--from", "main"]);
    assert!(why.contains("parked"), "{why}");
    let pending = rig.ask(0, &["pending"]);
    assert_eq!(pending.lines().filter(|line| line.contains("parked")).count(), 2, "{pending}");
    assert_eq!(rig.votes(Side::Service).1, 0, "nobody paid for a failed delivery");

    let bridge = rig.pair.end(Side::Service).bridge;
    let charge = Sending { to: Some(bridge), value: much, input: abi::call("chargeWithoutEvent()", &[]), gas: None };
    rig.pair.execute(Side::Service, DEPLOYER, &charge).unwrap();
    let start = Instant::now();
    while !rig.is_closed(Side::Service, large.event.nonce) {
        assert!(start.elapsed() < Duration::from_secs(120), "{}", crate::rig::tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("handled {:?} after the liquidity came", start.elapsed());
    let status = rig.status(0);
    assert!(status["directions"]["main->service"]["alarms"]["parked"].as_u64().unwrap() >= 2, "{status}");
}

#[test]
fn a_paused_operator_sends_nothing_until_it_is_resumed() {
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("paused") });
    rig.start_all();
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    assert!(rig.ask(0, &["pause"]).starts_with("paused"));
    std::thread::sleep(Duration::from_millis(800));
    rig.request(Side::Main, 3);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(rig.votes(Side::Service), (1, 0));
    assert!(rig.ask(0, &["pending"]).contains("paused"), "{}", rig.ask(0, &["pending"]));
    rig.ask(0, &["resume"]);
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    assert_eq!(rig.votes(Side::Service), (2, 0));
}
