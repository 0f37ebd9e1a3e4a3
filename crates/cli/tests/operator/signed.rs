//! Votes by signature: the bridge of version 2, three of four operators.

use crate::rig::{Plan, Rig};
use spanlight::primitives::{Address, U256};
use spanlight_devnet::pair::{BridgeKind, Side, Value, USERS};
use std::time::Duration;

fn plan(name: &'static str) -> Plan {
    let voting = "turn_blocks = 10".to_owned();
    Plan { bridge: BridgeKind::V2, threshold: 3, signed: true, voting, ..Plan::new(name) }
}

#[test]
fn signatures_are_exchanged_and_one_transaction_carries_them() {
    let mut rig = Rig::new(plan("signed"));
    rig.start_all();
    for number in 0..6 {
        rig.request(Side::Main, number);
    }
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    for number in 0..6 {
        rig.request(Side::Service, number);
    }
    rig.wait_handled(Side::Service, Duration::from_secs(120));
    for side in [Side::Main, Side::Service] {
        let (sent, reverted) = rig.votes(side);
        println!("{sent} transactions for 6 transfers");
        // One each; where the machine is so slow that a turn passes, a second one changes nothing and does not fail.
        assert!((6..=24).contains(&sent) && reverted == 0, "{sent} sent, {reverted} reverted");
        rig.assert_all_handled(side);
    }
    // One operator is down for good, all others are killed and started again.
    rig.kill(0);
    for number in 6..9 {
        rig.request(Side::Main, number);
    }
    (1..4).for_each(|index| rig.kill(index));
    (1..4).for_each(|index| rig.start(index, &[]));
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    rig.assert_all_handled(Side::Main);
    // Below the threshold nothing moves, and nothing is lost.
    rig.kill(1);
    rig.request(Side::Main, 9);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(rig.progress(Side::Main), (10, 9));
    assert!(rig.ask(2, &["pending"]).contains("signatures of other operators are missing"));
    rig.start(1, &[]);
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    rig.assert_all_handled(Side::Main);
}

#[test]
fn the_same_bridge_takes_votes_and_a_transfer_that_cannot_be_delivered_closes() {
    let mut rig = Rig::new(Plan { signed: false, ..plan("votes-v2") });
    rig.start_all();
    // Coin for a contract that takes none: the nonce closes, and the value is kept for its recipient.
    let token = rig.pair.end(Side::Service).erc20;
    assert_ne!(token, Address::ZERO);
    rig.pair.request(Side::Main, USERS[0], token, Value::Coin(U256::from(5u8))).unwrap();
    for number in 1..4 {
        rig.request(Side::Main, number);
    }
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    assert_eq!(rig.votes(Side::Service), (12, 0));
}
