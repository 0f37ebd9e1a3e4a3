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

/// Takes coin where gas costs nothing, as in a simulation, and refuses it in a block.
const TWO_FACED: &str = "600b600c600039600b6000f33a1560095760008\
                         0fd5b00";

/// Such a recipient would have each operator pay for votes for ever, for the price of one request.
#[test]
fn a_recipient_that_refuses_only_in_blocks_costs_eight_votes_until_a_person_says_retry() {
    let voting = "retry_blocks = 1".to_owned();
    let plan = Plan { operators: 1, threshold: 1, block: Duration::from_millis(60), ..Plan::new("two_faced") };
    let mut rig = Rig::new(Plan { voting, ..plan });
    let code = (0..TWO_FACED.len() / 2).map(|at| u8::from_str_radix(&TWO_FACED[2 * at..2 * at + 2], 16).unwrap());
    let deployer = spanlight_forge::keys::address(DEPLOYER);
    let nonce = rig.pair.service.chain().pending_nonce(&deployer);
    let creation = Sending { input: code.collect(), ..Sending::default() };
    assert!(rig.pair.execute(Side::Service, DEPLOYER, &creation).unwrap().1.is_success());
    let two_faced = spanlight_devnet::wallet::created(&deployer, nonce);
    rig.start_all();
    let coin = Value::Coin(U256::from(9u8));
    let request = rig.pair.request(Side::Main, USERS[0], two_faced, coin).unwrap().event.nonce;
    let board = |rig: &Rig| rig.status(0)["directions"]["main->service"].clone();
    let wait_until = |rig: &Rig, what: &str, is_so: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !is_so() {
            let told = format!("{what}\n{}\n{}", board(rig), crate::rig::tail(&rig.log(0)));
            assert!(start.elapsed() < Duration::from_secs(120), "{told}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    let name = request.to_string();
    let why = |rig: &Rig| rig.ask(0, &["why", &name, "--from", "main"]);
    wait_until(&rig, "it is not stopped", &|| board(&rig)["alarms"]["votes_revert"].as_u64() >= Some(1));
    wait_until(&rig, "why does not say so", &|| why(&rig).contains("stopped: 8 votes"));
    assert!(why(&rig).contains("spanlight operator retry"), "{}", why(&rig));
    let later = rig.request(Side::Main, 3).event.nonce;
    wait_until(&rig, "a later one waits", &|| rig.is_closed(Side::Service, later));
    assert_eq!(rig.votes(Side::Service), (9, 8), "eight, and that for the later one");
    // A restart forgets nothing.
    rig.kill(0);
    rig.start(0, &[]);
    wait_until(&rig, "it is forgotten", &|| why(&rig).contains("stopped: 8 votes"));
    assert_eq!(rig.votes(Side::Service), (9, 8), "eight, and that for the later one");
    assert!(rig.ask(0, &["retry", &name, "--from", "main"]).contains("tried again"));
    wait_until(&rig, "nothing is tried again", &|| rig.votes(Side::Service).1 > 8);
}
