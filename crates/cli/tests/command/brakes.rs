//! A bridge of version 2 that is paused, or whose outflow limit holds a transfer back, on a live
//! chain with the compiled contract: the command names that reason and no other.

use crate::devnet::Live;
use spanlight::primitives::{Address, U256};
use spanlight_devnet::abi::{self, Arg};
use spanlight_devnet::pair::{BridgeKind, Side, Value as Worth, COIN, DEPLOYER, USERS};
use spanlight_devnet::wallet::Sending;
use spanlight_devnet::PairConfig;

fn send(live: &Live, key: u64, function: &str, arguments: &[Arg]) {
    let call = Sending::call(live.pair.end(Side::Service).bridge, abi::call(function, arguments));
    let (_, receipt) = live.pair.execute(Side::Service, key, &call).unwrap();
    assert!(receipt.is_success(), "{function}");
}

/// The operators resume the bridge by their votes; `nonce` is that of these votes.
fn resume(live: &Live, nonce: u64) {
    let call = abi::call("resumeHandles()", &[]);
    for index in 0..3 {
        let key = live.pair.operator(index, Side::Service).unwrap();
        send(live, key, "voteConfiguration(bytes,uint64)", &[call.as_slice().into(), nonce.into()]);
    }
}

#[test]
fn a_transfer_that_waits_for_a_pause_or_the_outflow_limit_says_so() {
    let live = Live::start("brakes", PairConfig { bridge: BridgeKind::V2, ..PairConfig::default() });
    let call = live.pair.honest_call(&live.request(Worth::Coin(COIN)));
    assert!(live.vote(0, &call) && live.vote(1, &call));
    send(&live, DEPLOYER, "pauseHandles()", &[]);
    assert!(!live.vote(2, &call), "a vote reverts during a pause");
    let waiting = live.is(0, "stuck", Some("bridge_paused"), 2);
    assert_eq!(waiting["detail"], "the destination bridge is paused");
    send(&live, DEPLOYER, "scheduleResume()", &[]);
    let waiting = live.is(0, "stuck", Some("bridge_paused"), 2);
    assert!(waiting["detail"].as_str().unwrap().contains("its owner may resume it at time "), "{waiting}");
    resume(&live, 1);
    // The vote that reverted during the pause says nothing of the delivery.
    live.is(0, "voting", None, 2);
    assert!(live.vote(2, &call));
    live.is(0, "handled", None, 0);

    let limits: [Arg; 3] = [Address::ZERO.into(), 0u64.into(), COIN.into()];
    send(&live, DEPLOYER, "setLimit(address,uint128,uint128)", &limits);
    let most = COIN / U256::from(4u64) * U256::from(3u64);
    let requests = [live.request(Worth::Coin(most)), live.request(Worth::Coin(most))];
    let [first, second] = requests.map(|request| live.pair.honest_call(&request));
    assert!((0..3).all(|operator| live.vote(operator, &first) && live.vote(operator, &second)));
    live.is(1, "handled", None, 0);
    let waiting = live.is(2, "stuck", Some("outflow_limit"), 2);
    assert_eq!((waiting["votes"].as_u64(), waiting["threshold"].as_u64()), (Some(3), Some(3)), "{waiting}");
    assert!(waiting["detail"].as_str().unwrap().contains(&format!("the transfer needs {most}")), "{waiting}");
    // Coin that comes in makes room.
    live.pair.request(Side::Service, USERS[1], live.pair.user(USERS[0]), Worth::Coin(COIN)).unwrap();
    let waiting = live.is(2, "stuck", Some("outflow_limit"), 2);
    assert_eq!(waiting["detail"], "the outflow limit lets it leave now, by anybody's call too");
    send(&live, DEPLOYER, "pauseHandles()", &[]);
    live.is(2, "stuck", Some("bridge_paused"), 2);
    resume(&live, 3);
    assert!(live.vote(0, &second), "one repeated vote lets it leave");
    live.is(2, "handled", None, 0);
}
