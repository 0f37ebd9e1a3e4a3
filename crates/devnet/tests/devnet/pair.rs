//! Transfers between a pair of chains, voted for by plain code.

use spanlight::primitives::U256;
use spanlight_devnet::pair::{BridgeKind, Side, Value, COIN, USERS};
use spanlight_devnet::{Clock, Pair, PairConfig, Production};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn pair(bridge: BridgeKind) -> Pair {
    Pair::start(PairConfig { bridge, ..PairConfig::default() }).unwrap()
}

#[test]
fn coin_and_tokens_cross_both_ways_on_both_bridges() {
    for bridge in [BridgeKind::C, BridgeKind::V2] {
        let pair = pair(bridge);
        let (alice, bob) = (USERS[0], pair.user(USERS[1]));
        let before = pair.service.balance(&bob);
        let request = pair.request(Side::Main, alice, bob, Value::Coin(COIN)).unwrap();
        assert!(pair.deliver(&request).unwrap().is_success(), "{bridge:?}");
        assert_eq!(pair.service.balance(&bob), before + COIN);
        for value in [Value::Erc20(COIN), Value::Erc721(U256::from(1u64))] {
            let there = pair.request(Side::Main, alice, bob, value).unwrap();
            assert!(pair.deliver(&there).unwrap().is_success(), "{bridge:?} {value:?}");
            let back = pair.request(Side::Service, USERS[1], pair.user(alice), value).unwrap();
            assert!(pair.deliver(&back).unwrap().is_success(), "{bridge:?} {value:?} back");
        }
    }
}

#[test]
fn a_pair_that_begins_old_has_a_block_for_each_second_and_transfers_that_are_done() {
    let config = PairConfig { age: 120, transfers: 2, ..PairConfig::default() };
    let pair = Pair::start(config.produced(Production::Every(Duration::from_secs(1)), Clock::System)).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for chain in [&pair.main, &pair.service] {
        let chain = chain.chain();
        assert!(chain.height() >= 120, "{}", chain.height());
        let first = chain.block(0).unwrap().header.fields().time;
        // None is ahead of the clock, and there is no gap.
        let times = (0..=chain.height()).map(|number| chain.block(number).unwrap().header.fields().time);
        assert!(times.clone().zip(first..).take(120).all(|(time, second)| time == second));
        assert!(times.max().unwrap() <= now + 1);
    }
    assert_eq!(pair.request_count(Side::Main).unwrap(), 2);
    assert!(pair.is_handled(Side::Service, 0).unwrap() && pair.is_handled(Side::Service, 1).unwrap());
}
