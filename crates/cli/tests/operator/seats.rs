//! Bridges of version 2 whose operators and thresholds change while votes stand: only what the contract counts is counted.

use crate::rig::{Plan, Rig};
use spanlight_devnet::abi::{self, Arg};
use spanlight_devnet::pair::{BridgeKind, Requested, Side, DEPLOYER};
use spanlight_devnet::wallet::Sending;
use spanlight_forge::keys;
use std::time::Duration;

fn plan(name: &'static str, threshold: u64, signed: bool) -> Plan {
    // Long turns: whoever sends without having the turn would show as one transaction more.
    let voting = "turn_blocks = 60".to_owned();
    Plan { bridge: BridgeKind::V2, threshold, signed, voting, ..Plan::new(name) }
}

fn as_owner(rig: &Rig, function: &str, arguments: &[Arg]) {
    let call = Sending::call(rig.pair.end(Side::Service).bridge, abi::call(function, arguments));
    let (_, receipt) = rig.pair.execute(Side::Service, DEPLOYER, &call).unwrap();
    assert!(receipt.is_success(), "{function}");
}

fn vote(rig: &Rig, operator: usize, request: &Requested) {
    let (_, receipt) = rig.pair.vote(operator, Side::Service, &rig.pair.honest_call(request)).unwrap();
    assert!(receipt.is_success());
}

/// Operator 0 votes, leaves and comes back, so its vote stands for nothing; with operator 3 down, its new vote is needed. Gives
/// the transactions that it took, the first vote among them.
fn registered_again(plan: Plan) -> (usize, usize) {
    let mut rig = Rig::new(plan);
    let request = rig.request(Side::Main, 0);
    vote(&rig, 0, &request);
    let operator = keys::address(rig.pair.operator(0, Side::Service).unwrap());
    as_owner(&rig, "deregisterOperator(address)", &[operator.into()]);
    as_owner(&rig, "registerOperator(address)", &[operator.into()]);
    (0..3).for_each(|index| rig.start(index, &[]));
    rig.wait_handled(Side::Main, Duration::from_secs(90));
    rig.assert_all_handled(Side::Main);
    rig.votes(Side::Service)
}

#[test]
fn an_operator_that_is_registered_again_votes_again() {
    assert_eq!(registered_again(plan("seats", 3, false)), (4, 0), "the three that count, and none twice");
}

#[test]
fn an_operator_that_is_registered_again_brings_its_signature_again() {
    assert_eq!(registered_again(plan("seats-signed", 3, true)), (2, 0), "one transaction with three signatures");
}

#[test]
fn where_a_lowered_threshold_makes_standing_votes_enough_one_signature_executes_them() {
    let mut rig = Rig::new(plan("lowered", 4, true));
    let request = rig.request(Side::Main, 0);
    (0..3).for_each(|operator| vote(&rig, operator, &request));
    as_owner(&rig, "setOperatorThreshold(uint8,uint8)", &[0u64.into(), 3u64.into()]);
    (0..3).for_each(|index| rig.start(index, &[]));
    rig.wait_handled(Side::Main, Duration::from_secs(90));
    rig.assert_all_handled(Side::Main);
    assert_eq!(rig.votes(Side::Service), (4, 0));
}
