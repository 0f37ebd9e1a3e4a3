//! Transfers between a pair of chains, voted for by plain code.

use spanlight::primitives::U256;
use spanlight_devnet::pair::{BridgeKind, Side, Value, COIN, USERS};
use spanlight_devnet::{Pair, PairConfig};

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
