//! Live chains: what happens on a devnet is judged by the command over HTTP, as with real nodes. Each state of a transfer is
//! produced once.

use crate::common::{command, run, write, Ran};
use serde_json::{json, Value};
use spanlight::bridge::HandleCall;
use spanlight::consensus::parameters::ParameterName;
use spanlight::primitives::{Address, U256};
use spanlight_devnet::pair::{BridgeKind, Requested, Side, Value as Worth, COIN, OUTSIDER, USERS};
use spanlight_devnet::{ChainConfig, Pair, PairConfig, Vote};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A pair, and its trust file.
pub(crate) struct Live {
    pub(crate) pair: Pair,
    trust: String,
}

impl Live {
    pub(crate) fn start(name: &str, config: PairConfig) -> Self {
        let pair = Pair::start(config).unwrap();
        let trust = write(&format!("{name}.trust.json"), serde_json::to_string(&pair.trust().unwrap()).unwrap());
        Self { pair, trust }
    }

    fn command(&self, arguments: &[&str]) -> Ran {
        let now = (self.pair.main.time().max(self.pair.service.time()) + 1).to_string();
        let rpc = [format!("main={}", self.pair.main.url()), format!("service={}", self.pair.service.url())];
        let common = ["--trust", &self.trust, "--now", &now, "--rpc", &rpc[0], "--rpc", &rpc[1], "--json"];
        run(&[arguments, &common].concat())
    }

    /// The verdict on one transfer, and the exit code.
    fn prove(&self, from: &str, nonce: u64) -> (Value, i32) {
        let ran = self.command(&["prove", "--from", from, "--nonce", &nonce.to_string()]);
        let transfer = ran.json()["transfers"][0].clone();
        (transfer, ran.code)
    }

    pub(crate) fn is(&self, nonce: u64, state: &str, reason: Option<&str>, code: i32) -> Value {
        let (transfer, got) = self.prove("main", nonce);
        assert_eq!((transfer["state"].as_str(), transfer["reason"].as_str()), (Some(state), reason), "{transfer}");
        assert_eq!(got, code, "{transfer}");
        transfer
    }

    pub(crate) fn request(&self, value: Worth) -> Requested {
        self.pair.request(Side::Main, USERS[0], self.pair.user(USERS[1]), value).unwrap()
    }

    pub(crate) fn vote(&self, operator: usize, call: &HandleCall) -> bool {
        self.pair.vote(operator, Side::Service, call).unwrap().1.is_success()
    }
}

fn old_bridge() -> PairConfig {
    PairConfig { bridge: BridgeKind::C, ..PairConfig::default() }
}

#[test]
fn transfers_of_every_kind_both_ways_are_handled_on_both_bridges() {
    for (name, bridge) in [("kinds-c", BridgeKind::C), ("kinds-2", BridgeKind::V2)] {
        let live = Live::start(name, PairConfig { bridge, ..PairConfig::default() });
        let id = U256::from(1u64);
        for (nonce, value) in (0..).zip([Worth::Coin(COIN), Worth::Erc20(COIN), Worth::Erc721(id)]) {
            let there = live.request(value);
            assert!(live.pair.deliver(&there).unwrap().is_success());
            let back = live.pair.request(Side::Service, USERS[1], live.pair.user(USERS[0]), value).unwrap();
            assert!(live.pair.deliver(&back).unwrap().is_success());
            for from in ["main", "service"] {
                let (transfer, code) = live.prove(from, nonce);
                assert_eq!((transfer["state"].as_str(), code), (Some("handled"), 0), "{bridge:?} {transfer}");
            }
        }
        let audit = live.command(&["audit", "--from", "main", "--nonces", "0..2"]);
        assert_eq!((audit.code, &audit.json()["complete"]), (0, &json!(true)), "{}", audit.stderr);
    }
}

#[test]
fn every_state_of_a_transfer_happens_once() {
    let live = Live::start("states", old_bridge());
    live.is(0, "unrequested", None, 2);

    let request = live.request(Worth::Coin(COIN));
    live.is(0, "requested", None, 2);
    let call = live.pair.honest_call(&request);
    assert!(live.vote(0, &call));
    live.is(0, "voting", None, 2);
    assert!(live.vote(1, &call) && live.vote(2, &call));
    live.is(0, "handled", None, 0);

    // Two against two: no call can reach three any more.
    let call = live.pair.honest_call(&live.request(Worth::Coin(COIN)));
    let other = HandleCall { value: COIN + COIN, ..call.clone() };
    assert!(live.vote(0, &call) && live.vote(1, &call) && live.vote(2, &other) && live.vote(3, &other));
    live.is(1, "stuck", Some("votes_differ"), 2);

    // The token refuses to mint for nobody, so the deciding vote reverts.
    let nobody = live.pair.request(Side::Main, USERS[0], Address::ZERO, Worth::Erc20(COIN)).unwrap();
    let call = live.pair.honest_call(&nobody);
    assert!(live.vote(0, &call) && live.vote(1, &call) && !live.vote(2, &call));
    live.is(2, "stuck", Some("delivery_reverted"), 2);

    // More than the service bridge holds.
    live.request(Worth::Coin(COIN * U256::from(1_000_000u64)));
    live.is(3, "stuck", Some("no_liquidity"), 2);

    // Executed for another amount than was requested.
    let call = HandleCall { value: COIN + COIN, ..live.pair.honest_call(&live.request(Worth::Coin(COIN))) };
    assert!((0..3).all(|operator| live.vote(operator, &call)));
    let fraud = live.is(4, "fraud", Some("differs"), 1);
    assert_eq!(fraud["culprits"].as_array().map(Vec::len), Some(3), "{fraud}");

    // Never requested: once executed, once only tried.
    let invented = |nonce| HandleCall { nonce, request_block: live.pair.main.height(), ..call.clone() };
    assert!((0..3).all(|operator| live.vote(operator, &invented(5))));
    let fraud = live.is(5, "fraud", Some("never_requested"), 1);
    assert_eq!(fraud["culprits"].as_array().map(Vec::len), Some(3), "{fraud}");
    assert!(live.vote(1, &invented(6)));
    let attempt = live.is(6, "attempted", None, 1);
    assert_eq!(attempt["culprits"], json!([live.pair.user(live.pair.operator(1, Side::Service).unwrap())]));

    // Nobody votes, and time goes by.
    let live = Live::start("late", old_bridge());
    live.request(Worth::Coin(COIN));
    let later = live.pair.main.time() + 7_200;
    for chain in [&live.pair.main, &live.pair.service] {
        chain.chain().set_next_time(later);
        chain.mine().unwrap();
    }
    live.is(0, "stuck", Some("votes_missing"), 2);
}

#[test]
fn full_sync_follows_validator_and_parameter_votes_on_both_chains() {
    let (mut main, mut service) = (ChainConfig::main(), ChainConfig::service());
    (main.epoch, service.epoch) = (10, 10);
    let live = Live::start("votes", PairConfig { main, service, ..old_bridge() });
    for (name, chain) in [("main", &live.pair.main), ("service", &live.pair.service)] {
        let newcomer = chain.chain().add_key(9).unwrap();
        let leaver = chain.chain().next().0.members()[0];
        chain.vote(Vote::add(&[newcomer]));
        chain.vote(Vote::number(ParameterName::CommitteeSize, 4));
        chain.vote(Vote::remove(&[leaver]));
        chain.vote(Vote::add(&[leaver]));
        for _ in 0..45 {
            chain.mine().unwrap();
        }
        let now = (chain.time() + 1).to_string();
        let url = chain.url();
        let genesis = write(&format!("votes.{name}.genesis.json"), chain.chain().genesis_file());
        for start in [["--trust", &live.trust], ["--genesis", &genesis]] {
            let rest = ["--chain", name, "--rpc", &url, "--now", &now, "--deep", "--json"];
            let ran = run(&[["sync"].as_slice(), &start, &rest].concat());
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            let told = ran.json();
            let node = |method| chain.node().call(method, &[json!("pending")]).unwrap();
            let sorted = |list: &Value| {
                let mut list: Vec<String> = serde_json::from_value(list.clone()).unwrap();
                list.sort();
                list
            };
            assert_eq!(told["head"]["number"], json!(chain.height()));
            assert_eq!(sorted(&told["council"]), sorted(&node("kaia_getCouncil")));
            assert_eq!(told["council"].as_array().map(Vec::len), Some(5), "four and the newcomer");
            assert_eq!(told["parameters"]["istanbul.committeesize"], json!(4));
            assert_eq!(node("kaia_getParams")["istanbul.committeesize"], json!(4));
            assert_eq!(node("kaia_getCommittee").as_array().map(Vec::len), Some(4));
        }
    }
}

#[test]
fn a_vote_for_another_commitment_form_changes_how_blocks_are_proven() {
    let mut service = ChainConfig::service();
    service.epoch = 10;
    let live = Live::start("forms", PairConfig { service, ..old_bridge() });
    for (nonce, form) in (0..).zip([1, 2, 0]) {
        live.pair.service.vote(Vote::number(ParameterName::DeriveShaImpl, form));
        live.pair.service.mine_many(30).unwrap();
        live.pair.main.mine_many(30).unwrap();
        let request = live.request(Worth::Coin(COIN));
        assert!(live.pair.deliver(&request).unwrap().is_success());
        // The form was changed by a vote that no governing node cast: a warning, so the exit code
        // is not 0.
        live.is(nonce, "handled", None, 2);
    }
}

#[test]
fn faults_are_named() {
    let live = Live::start("faults", old_bridge());
    let request = live.request(Worth::Coin(COIN));
    live.pair.deliver(&request).unwrap();
    let node = |method: &str, params: Value| live.pair.service.node().call(method, params.as_array().unwrap()).unwrap();

    // Too few seals on the head: refused, and there is no other endpoint.
    node("devnet_underSeal", json!([2]));
    let ran = live.command(&["prove", "--from", "main", "--nonce", "0"]);
    assert_eq!((ran.code, &ran.json()["error"]["code"]), (4, &json!("consensus.quorum_missed")), "{}", ran.stderr);
    node("devnet_heal", json!([]));
    live.is(0, "handled", None, 0);

    // Logs kept back leave a gap that is told, never a verdict.
    node("devnet_withhold", json!([{ "logs": true }]));
    let (transfer, code) = live.prove("main", 0);
    assert_eq!((transfer["verdict"].as_str(), code), (Some("incomplete"), 2), "{transfer}");
    node("devnet_withhold", json!([{ "methods": ["kaia_getProof"] }]));
    assert_eq!(live.command(&["prove", "--from", "main", "--nonce", "0"]).code, 4);
    node("devnet_heal", json!([]));

    // A second header of the head, shown by one endpoint of two: both are named.
    node("devnet_equivocate", json!([true]));
    let (rival, own) = {
        let chain = live.pair.service.chain();
        (chain.served_header(chain.height()).unwrap(), chain.head())
    };
    assert_ne!(rival.hash(), own.header.hash());
    node("devnet_heal", json!([]));
    live.is(0, "handled", None, 0);

    // Nobody seals: the chain stands still, and goes on when they do.
    node("devnet_stopSealing", json!([]));
    assert!(live.pair.service.mine().is_err());
    node("devnet_heal", json!([]));
    node("devnet_idle", json!([[5, 6]]));
    assert!(live.pair.service.mine().is_err(), "two of four are no quorum");
    node("devnet_idle", json!([[5]]));
    live.pair.service.mine_many(5).unwrap();
    live.is(0, "handled", None, 0);
    let vote = live.pair.execute(
        Side::Service,
        OUTSIDER,
        &spanlight_devnet::wallet::Sending::call(
            live.pair.service_end.bridge,
            live.pair.honest_call(&request).encode(),
        ),
    );
    assert_eq!(vote.unwrap().1.status, 9, "an outsider's vote reverts");
}

#[test]
fn the_command_prints_what_is_needed_and_goes_on_with_what_it_kept() {
    let folder = crate::common::scratch("kept-devnet");
    let _ = std::fs::remove_dir_all(&folder);
    let trust = crate::common::scratch("kept.trust.toml").display().to_string();
    let folder = folder.display().to_string();
    let start = || {
        let arguments = ["devnet", "--json", "--block-time", "0", "--keep", &folder, "--trust", &trust];
        let mut process = command().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (process, serde_json::from_str::<Value>(&line).unwrap_or_else(|e| panic!("{e}: {line}")))
    };
    let sync = |told: &Value| {
        let rpc = format!("main={}", told["main"]["http"].as_str().unwrap());
        let ran = run(&["sync", "--trust", &trust, "--chain", "main", "--rpc", &rpc, "--json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.json()["head"].clone()
    };
    let (mut process, first) = start();
    assert_eq!(first["accounts"].as_array().map(Vec::len), Some(13), "deployer, users, two keys of each operator");
    let head = sync(&first);
    process.kill().unwrap();
    process.wait().unwrap();
    let (mut process, second) = start();
    assert_eq!(&second["trust"], &first["trust"]);
    // As a node that was killed, it shows an older head at first, and then the same one again.
    let start = Instant::now();
    while sync(&second) != head {
        assert!(start.elapsed() < Duration::from_secs(60), "the head does not come back");
    }
    process.kill().unwrap();
    process.wait().unwrap();
    for (arguments, code) in [
        (["--threshold", "5"], 64),
        (["--age", "10"], 64),
        (["--service-fields", "16"], 64),
        (["--block-time", "-1"], 64),
    ] {
        assert_eq!(run(&[["devnet"].as_slice(), &arguments].concat()).code, code, "{arguments:?}");
    }
}
