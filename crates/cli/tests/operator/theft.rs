//! Stolen operator keys: with fewer than the threshold nothing wrong executes, with as many every honest operator shows who did it.

use crate::relay::{Network, Relay};
use crate::rig::{Plan, Rig};
use spanlight::bridge::{vote_key, HandleCall, TokenType};
use spanlight::primitives::{Address, Hash, U256};
use spanlight::trust::Trust;
use spanlight::ProofBundle;
use spanlight_devnet::abi;
use spanlight_devnet::pair::{Side, Value, COIN, DEPLOYER};
use spanlight_devnet::wallet::Sending;
use spanlight_forge::keys;
use std::time::{Duration, Instant};

/// Waits until the logs of these operators hold each of these texts.
pub(crate) fn wait_for_log(rig: &Rig, operators: &[usize], texts: &[String], longest: Duration) -> Duration {
    let start = Instant::now();
    for index in operators {
        for text in texts {
            while !rig.log(*index).contains(text.as_str()) {
                assert!(
                    start.elapsed() < longest,
                    "operator {index} does not say `{text}`\n{}",
                    crate::rig::tail(&rig.log(*index))
                );
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
    start.elapsed()
}

fn invented(nonce: u64, block: u64, to: Address) -> HandleCall {
    HandleCall {
        token_type: TokenType::Coin,
        request_tx_hash: Hash([0x66; 32]),
        from: to,
        to,
        token: None,
        value: COIN,
        nonce,
        request_block: block,
        token_uri: None,
        extra: vec![],
    }
}

#[test]
fn one_stolen_key_executes_nothing_and_is_named() {
    let mut rig = Rig::new(Plan::new("stolen"));
    // The thief has the last operator's keys; the operator itself does not run.
    let thief = 3;
    let honest = [0, 1, 2];
    let thief_address = keys::address(rig.pair.operator(thief, Side::Service).unwrap()).to_string();
    honest.iter().for_each(|index| rig.start(*index, &[]));
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(90));

    let user = rig.pair.user(spanlight_devnet::pair::USERS[0]);
    let loot = Address([0x77; 20]);
    // Each forgery is voted before the honest votes can be: the operators are stopped while the request is made.
    type Forge = fn(HandleCall, Address) -> HandleCall;
    let forgeries: [(&str, Forge); 5] = [
        ("amount", |call, _| HandleCall { value: call.value.saturating_add(COIN), ..call }),
        ("recipient", |call, loot| HandleCall { to: loot, ..call }),
        ("token", |call, loot| HandleCall { token_type: TokenType::Erc20, token: Some(loot), ..call }),
        ("request", |call, _| HandleCall { request_tx_hash: Hash([0x66; 32]), ..call }),
        ("block", |call, _| HandleCall { request_block: call.request_block + 1, ..call }),
    ];
    for (what, forge) in forgeries {
        honest.iter().for_each(|index| rig.kill(*index));
        let request = rig.pair.request(Side::Main, spanlight_devnet::pair::USERS[0], user, Value::Coin(COIN)).unwrap();
        let forged = forge(rig.pair.honest_call(&request), loot);
        let (_, receipt) = rig.pair.vote(thief, Side::Service, &forged).unwrap();
        assert!(receipt.is_success(), "{what}: the contract takes any vote of an operator");
        honest.iter().for_each(|index| rig.start(*index, &[]));
        rig.wait_handled(Side::Main, Duration::from_secs(90));
        let named = format!("operator {thief_address} voted {}", forged.vote_key());
        wait_for_log(&rig, &honest, &[named], Duration::from_secs(60));
    }
    // A nonce that nobody requested.
    let nonce = rig.progress(Side::Main).0 + 5;
    let block = rig.pair.main.height();
    rig.pair.vote(thief, Side::Service, &invented(nonce, block, loot)).unwrap();
    let named = format!("{thief_address} voted for what nobody requested");
    let took = wait_for_log(&rig, &honest, &[named], Duration::from_secs(60));
    println!("attempt named by all after {took:?}");

    assert_eq!(rig.pair.service.balance(&loot), U256::ZERO, "nothing forged was executed");
    rig.assert_all_handled_except(Side::Main, nonce);
}

/// Whoever can silence the source's nodes must not blind those who watch the destination with them.
#[test]
fn the_destination_is_attended_to_while_the_source_is_silent() {
    let mut rig = Rig::new(Plan { operators: 2, voting: "retry_blocks = 4".to_owned(), ..Plan::new("silent-source") });
    let source = Relay::to(&rig.pair.main.url());
    rig.operators.clear();
    rig.add_operator(0, &[source.url(), rig.pair.service.url()]);
    rig.start(0, &[]);
    // More than the bridge has: it is proven, and parked.
    let user = rig.pair.user(spanlight_devnet::pair::USERS[0]);
    let much = COIN.saturating_mul(U256::from(5_000u64));
    let request = rig.pair.request(Side::Main, spanlight_devnet::pair::USERS[0], user, Value::Coin(much)).unwrap();
    wait_for_log(&rig, &[0], &["parked".to_owned()], Duration::from_secs(60));
    source.set(Network::Cut);
    wait_for_log(&rig, &[0], &["an endpoint failed".to_owned()], Duration::from_secs(60));

    let forged = HandleCall { to: Address([0x77; 20]), ..rig.pair.honest_call(&request) };
    rig.pair.vote(1, Side::Service, &forged).unwrap();
    let thief = keys::address(rig.pair.operator(1, Side::Service).unwrap());
    let named = format!("operator {thief} voted {}", forged.vote_key());
    wait_for_log(&rig, &[0], &[named], Duration::from_secs(60));

    let bridge = rig.pair.end(Side::Service).bridge;
    let charge = Sending { to: Some(bridge), value: much, input: abi::call("chargeWithoutEvent()", &[]), gas: None };
    rig.pair.execute(Side::Service, DEPLOYER, &charge).unwrap();
    let honest = rig.pair.honest_call(&request).vote_key();
    let start = Instant::now();
    while !rig.vote_inputs(Side::Service).iter().any(|input| vote_key(input) == honest) {
        assert!(start.elapsed() < Duration::from_secs(60), "no vote\n{}", crate::rig::tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn as_many_stolen_keys_as_the_threshold_are_shown_by_every_honest_operator_with_evidence() {
    let mut rig = Rig::new(Plan::new("collusion"));
    let honest = [0, 1];
    let thieves: Vec<String> =
        [2, 3].map(|index| keys::address(rig.pair.operator(index, Side::Service).unwrap()).to_string()).to_vec();
    honest.iter().for_each(|index| rig.start(*index, &[]));
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(90));
    let loot = Address([0x77; 20]);
    let nonce = rig.progress(Side::Main).0;
    let call = invented(nonce, rig.pair.main.height(), loot);
    rig.pair.vote(2, Side::Service, &call).unwrap();
    rig.pair.vote(3, Side::Service, &call).unwrap();
    let executed = rig.pair.service.height();
    assert_eq!(rig.pair.service.balance(&loot), COIN, "two of two execute anything");
    let named = format!("(never_requested), by the votes of {}", sorted(&thieves).join(", "));
    let took = wait_for_log(&rig, &honest, &[named], Duration::from_secs(60));
    println!("fraud shown by all {took:?} and {} blocks after it", rig.pair.service.height() - executed);
    assert!(took < Duration::from_secs(90));

    // The evidence convinces somebody who has nothing but it and the trust.
    for index in honest {
        let folder = rig.operators[index].folder.join("evidence");
        let bundle = ProofBundle::decode(&std::fs::read(folder.join(format!("main-{nonce}.spl"))).unwrap()).unwrap();
        let trust: Trust =
            serde_json::from_str(&std::fs::read_to_string(folder.join(format!("main-{nonce}.trust.json"))).unwrap())
                .unwrap();
        let report = spanlight::verify(&bundle, &trust, rig.pair.service.time().max(rig.pair.main.time()) + 1).unwrap();
        let state = report.transfers[0].verdict.state().unwrap();
        assert_eq!((state.name(), state.reason()), ("fraud", Some("never_requested")));
        assert_eq!(state.culprits().iter().map(ToString::to_string).collect::<Vec<_>>(), sorted(&thieves));
    }

    // The same for a request that exists, executed with another amount.
    honest.iter().for_each(|index| rig.kill(*index));
    let user = rig.pair.user(spanlight_devnet::pair::USERS[1]);
    rig.pair.request(Side::Main, spanlight_devnet::pair::USERS[1], user, Value::Coin(COIN)).unwrap();
    let request = rig.pair.request(Side::Main, spanlight_devnet::pair::USERS[1], user, Value::Coin(COIN)).unwrap();
    let forged = HandleCall { to: loot, ..rig.pair.honest_call(&request) };
    rig.pair.vote(2, Side::Service, &forged).unwrap();
    rig.pair.vote(3, Side::Service, &forged).unwrap();
    honest.iter().for_each(|index| rig.start(*index, &[]));
    let named = format!("(differs), by the votes of {}", sorted(&thieves).join(", "));
    wait_for_log(&rig, &honest, &[named], Duration::from_secs(60));
}

fn sorted(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort();
    names
}
