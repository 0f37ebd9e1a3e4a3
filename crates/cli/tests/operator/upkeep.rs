//! What operators do for a bridge of version 2 beside voting: they sweep what overtook an old
//! transfer, and offer again what could not be delivered.

use crate::rig::{tail, Plan, Rig};
use spanlight::primitives::{keccak256, Address, U256};
use spanlight_devnet::pair::{BridgeKind, Side, Value, DEPLOYER, USERS};
use spanlight_devnet::wallet::Sending;
use std::time::{Duration, Instant};

const LONGEST: Duration = Duration::from_secs(120);

fn rig(name: &'static str, voting: &str) -> Rig {
    let voting = voting.to_owned();
    Rig::new(Plan { bridge: BridgeKind::V2, operators: 2, threshold: 2, voting, ..Plan::new(name) })
}

fn wait_until(rig: &Rig, what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        let why: String = (0..2).map(|index| format!("{}\n{}", rig.status(index), tail(&rig.log(index)))).collect();
        assert!(start.elapsed() < LONGEST, "{what}\n{why}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Calls of this function of the service chain's bridge, and whether each succeeded.
fn calls(rig: &Rig, function: &str) -> Vec<bool> {
    let selector = &keccak256(function.as_bytes()).0[..4];
    let bridge = rig.pair.end(Side::Service).bridge;
    let chain = rig.pair.service.chain();
    let blocks = (0..=chain.height()).filter_map(|number| chain.block(number));
    let items = blocks.flat_map(|block| block.items.iter());
    let own = items.filter(|item| {
        let transaction = &item.signed.transaction;
        transaction.to() == Some(bridge) && transaction.input().starts_with(selector)
    });
    own.map(|item| item.executed.receipt.is_success()).collect()
}

/// Transfers overtake one that then executes with so little gas that it sweeps next to nothing, and
/// nothing else comes.
#[test]
fn a_lag_that_no_execution_sweeps_is_swept_by_turn() {
    const OVERTAKE: u64 = 14;
    let mut rig = rig("sweep", "sweep_lag = 10");
    let requests: Vec<_> = (0..=OVERTAKE).map(|number| rig.request(Side::Main, number * 3)).collect();
    let bridge = rig.pair.end(Side::Service).bridge;
    for (request, is_last) in requests.iter().rev().map(|request| (request, request.event.nonce == 0)) {
        for index in 0..2 {
            let key = rig.pair.operator(index, Side::Service).unwrap();
            let gas = is_last.then_some(1_450_000);
            let vote = Sending { gas, ..Sending::call(bridge, rig.pair.honest_call(request).encode()) };
            rig.pair.submit(Side::Service, key, &vote).unwrap();
        }
    }
    wait_until(&rig, "the votes are cast", || rig.progress(Side::Main).1 > 0);
    let (_, lower) = rig.progress(Side::Main);
    assert!(lower < OVERTAKE - 10, "all below {lower} are swept: no lag is left");
    rig.start_all();
    rig.wait_handled(Side::Main, LONGEST);
    let board = |index| rig.status(index)["directions"]["main->service"].clone();
    let sent = |index| board(index)["sweeps_sent"].as_u64().unwrap_or_default();
    let is_done = |index| board(index)["in_flight"] == 0 && board(index)["sweep"].is_null();
    let are_in_blocks = || calls(&rig, "sweep()").len() as u64 == sent(0) + sent(1);
    wait_until(&rig, "both have seen it", || is_done(0) && is_done(1) && are_in_blocks());
    let swept = calls(&rig, "sweep()");
    assert!((1..=2).contains(&swept.len()) && swept.iter().all(|done| *done), "{swept:?}: a lost race is no failure");
    for index in 0..2 {
        assert!(board(index)["alarms"]["parked"].is_null(), "{}\n{}", board(index), tail(&rig.log(index)));
    }
    rig.assert_all_executed_once(Side::Main);
}

/// Takes no coin until it is called with data.
const UNWILLING: &str = "6018600c60003960186000f336600f576000546016576000\
                         6000fd5b6001600055005b00";

#[test]
fn undelivered_value_is_offered_again_and_paid_out_once_it_is_taken() {
    let mut rig = rig("push", "push_claims = true\nretry_blocks = 3");
    let code = (0..UNWILLING.len() / 2).map(|at| u8::from_str_radix(&UNWILLING[2 * at..2 * at + 2], 16).unwrap());
    let creation = Sending { input: code.collect(), ..Sending::default() };
    let nonce = rig.pair.service.chain().pending_nonce(&spanlight_forge::keys::address(DEPLOYER));
    let (_, receipt) = rig.pair.execute(Side::Service, DEPLOYER, &creation).unwrap();
    assert!(receipt.is_success());
    let unwilling = spanlight_devnet::wallet::created(&spanlight_forge::keys::address(DEPLOYER), nonce);
    rig.start_all();
    // Worth more than the gas of its claim.
    let coin = U256::from(1_000_000_000_000_000_000u64);
    let request = |to: Address| {
        let requested = rig.pair.request(Side::Main, USERS[0], to, Value::Coin(coin)).unwrap();
        requested.event.nonce
    };
    // The token's contract never takes coin.
    let (never, later) = (request(rig.pair.end(Side::Service).erc20), request(unwilling));
    let why = |nonce: u64| rig.ask(0, &["why", &nonce.to_string(), "--from", "main"]);
    for nonce in [never, later] {
        wait_until(&rig, "why it waits", || why(nonce).contains("its recipient does not take it"));
    }
    assert_eq!(calls(&rig, "claim(uint64,address)"), Vec::<bool>::new(), "nobody paid for a claim that fails");

    let open = Sending::call(unwilling, vec![1]);
    let (_, receipt) = rig.pair.execute(Side::Service, USERS[1], &open).unwrap();
    assert!(receipt.is_success());
    let left = |index: usize| rig.status(index)["directions"]["main->service"]["undelivered"].as_u64();
    wait_until(&rig, "it is paid out", || left(0) == Some(1) && left(1) == Some(1));
    let paid = calls(&rig, "claim(uint64,address)");
    assert_eq!(paid.iter().filter(|done| **done).count(), 1, "{paid:?}");
    assert!(paid.len() <= 2, "{paid:?}");
    assert!(why(later).contains("handled"), "{}", why(later));
    assert!(why(never).contains("its recipient does not take it"), "{}", why(never));
}
