//! What a bridge says of itself: its owner's announcements, what its operators decide, pauses, and
//! value that it keeps because it could not be delivered. Each is told once.

use crate::rig::{tail, Plan, Rig};
use serde_json::Value as Json;
use spanlight::primitives::{Address, U256};
use spanlight_devnet::abi::{self, Arg};
use spanlight_devnet::pair::{BridgeKind, Side, Value, DEPLOYER, USERS};
use spanlight_devnet::wallet::Sending;
use std::time::{Duration, Instant};

const LONGEST: Duration = Duration::from_secs(120);

fn send(rig: &Rig, key: u64, input: &[u8]) {
    let call = Sending::call(rig.pair.end(Side::Service).bridge, input.to_vec());
    let (_, receipt) = rig.pair.execute(Side::Service, key, &call).unwrap();
    assert!(receipt.is_success());
}

fn own(rig: &Rig, function: &str, arguments: &[Arg]) {
    send(rig, DEPLOYER, &abi::call(function, arguments));
}

/// Both operators vote for a call of the bridge to itself.
fn decide(rig: &Rig, proposal: &[u8], nonce: u64) {
    for index in 0..2 {
        let key = rig.pair.operator(index, Side::Service).unwrap();
        send(rig, key, &abi::call("voteConfiguration(bytes,uint64)", &[proposal.into(), nonce.into()]));
    }
}

/// What the bridge said: a busy machine may add what it finds of endpoints and clocks.
fn alarms(rig: &Rig, index: usize) -> Json {
    let all = rig.status(index)["directions"]["main->service"]["alarms"].clone();
    let is_of_bridge = |code: &str| {
        let starts = ["change_", "bridge_", "resume_", "undelivered"].iter().any(|start| code.starts_with(start));
        starts || code.ends_with("_changed")
    };
    all.as_object()
        .into_iter()
        .flatten()
        .filter(|(code, _)| is_of_bridge(code))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect()
}

/// Those that tell of the bridge: what a busy machine gives reasons for is no matter here.
fn news(rig: &Rig, index: usize) -> Json {
    let Json::Object(mut alarms) = alarms(rig, index) else { panic!("no alarms are shown") };
    let others = ["endpoint", "chain_stands", "old_heads", "clock", "catch_up", "store", "unread_block"];
    others.iter().for_each(|code| drop(alarms.remove(*code)));
    Json::Object(alarms)
}

fn wait_for(rig: &Rig, index: usize, code: &str, times: u64) {
    let start = Instant::now();
    while alarms(rig, index)[code].as_u64().unwrap_or_default() < times {
        assert!(start.elapsed() < LONGEST, "no `{code}`: {}\n{}", alarms(rig, index), tail(&rig.log(index)));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_a_bridge_says_of_itself_is_told_once() {
    let voting = "retry_blocks = 100000".to_owned();
    let plan = Plan { bridge: BridgeKind::V2, operators: 2, threshold: 2, voting, ..Plan::new("notices") };
    let mut rig = Rig::new(plan);
    rig.start_all();
    let user = rig.pair.user(USERS[0]);
    rig.pair.request(Side::Main, USERS[0], user, Value::Coin(U256::from(5u8))).unwrap();
    rig.wait_handled(Side::Main, LONGEST);
    assert_eq!(news(&rig, 0), serde_json::json!({}), "how a bridge was set up is no news");

    // The token's contract takes no coin.
    let nobody = rig.pair.end(Side::Service).erc20;
    let kept = rig.pair.request(Side::Main, USERS[0], nobody, Value::Coin(U256::from(9u8))).unwrap();
    wait_for(&rig, 0, "undelivered", 1);
    let status = rig.ask(0, &["status"]);
    assert!(status.contains("1 undelivered"), "{status}");
    let why = rig.ask(0, &["why", &kept.event.nonce.to_string(), "--from", "main"]);
    assert!(why.contains("undelivered executed, and not delivered"), "{why}");

    own(&rig, "setGuardian(address)", &[rig.pair.user(USERS[1]).into()]);
    own(&rig, "setLimit(address,uint128,uint128)", &[Address::ZERO.into(), 0u64.into(), 1_000_000u64.into()]);
    own(&rig, "setOperatorThreshold(uint8,uint8)", &[1u64.into(), 2u64.into()]);
    own(&rig, "transferOwnership(address)", &[rig.pair.user(USERS[2]).into()]);
    own(&rig, "setOwnerDelay(uint64)", &[3600u64.into()]);
    let newcomer = abi::call("registerOperator(address)", &[user.into()]);
    own(&rig, "scheduleChange(bytes)", &[newcomer.as_slice().into()]);
    send(&rig, USERS[1], &abi::call("pauseHandles()", &[]));
    decide(&rig, &abi::call("resumeHandles()", &[]), 1);
    for code in [
        "guardian_changed",
        "limits_changed",
        "threshold_changed",
        "owner_changed",
        "delay_changed",
        "change_scheduled",
        "bridge_paused",
        "bridge_resumed",
    ] {
        wait_for(&rig, 0, code, 1);
    }
    let status = rig.ask(0, &["status"]);
    assert!(status.contains(&format!("registerOperator({user})")), "{status}");

    // While one is down the announcement is cancelled: the head of a list, its place and its
    // length.
    rig.kill(1);
    let cancel = [&spanlight::primitives::keccak256(b"cancelChanges(uint64[])").0[..4]]
        .into_iter()
        .map(<[u8]>::to_vec)
        .chain([32u8, 1, 1].map(|word| U256::from(word).to_be_bytes::<32>().to_vec()))
        .collect::<Vec<_>>()
        .concat();
    decide(&rig, &cancel, 0);
    wait_for(&rig, 0, "change_cancelled", 1);
    rig.start(1, &[]);
    wait_for(&rig, 1, "change_cancelled", 1);
    // Of what it had told before it tells nothing again.
    assert_eq!(news(&rig, 1), serde_json::json!({ "change_cancelled": 1 }), "{}", tail(&rig.log(1)));
    let status = rig.status(1)["directions"]["main->service"].clone();
    assert_eq!((&status["undelivered"], &status["changes"]), (&1.into(), &serde_json::json!({})), "{status}");
    rig.assert_all_executed_once(Side::Main);
}
