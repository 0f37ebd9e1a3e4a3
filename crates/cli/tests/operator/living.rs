//! Workers that die or hang, a database that does, and a person who pauses the operator while
//! everything else is slow.

use crate::relay::{Network, Relay};
use crate::replicas::Postgres;
use crate::rig::{tail, Plan, Rig};
use serde_json::Value as Json;
use spanlight::primitives::U256;
use spanlight_devnet::abi;
use spanlight_devnet::pair::{Side, Value, COIN, DEPLOYER, USERS};
use spanlight_devnet::wallet::Sending;
use spanlight_operator::store::{Store, StoredRequest};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const LONGEST: Duration = Duration::from_secs(60);

fn wait(rig: &Rig, what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < LONGEST, "{what}\n{}", tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn board(rig: &Rig) -> Json {
    rig.status(0)["directions"]["main->service"].clone()
}

/// What a machine that asks for readiness is told: the status, or 0 where nobody answers.
fn readiness(rig: &Rig) -> u16 {
    let Ok(mut stream) = TcpStream::connect(rig.operators[0].ops) else { return 0 };
    stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: operator\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// One operator of one, whose worker does `deed` where it would first write a vote down.
fn goes_on_after(name: &'static str, deed: &str, says: &str) {
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new(name) });
    rig.start(0, &[("SPANLIGHT_FAILPOINT", &format!("{deed}:before_intend:1")), ("SPANLIGHT_HANGS_MS", "4000")]);
    wait(&rig, "it is not ready", || readiness(&rig) == 200);
    rig.request(Side::Main, 0);
    rig.wait_for_log(0, says, 1);
    rig.wait_handled(Side::Main, LONGEST);
    wait(&rig, "it is not ready again", || readiness(&rig) == 200);
    assert_eq!(board(&rig)["alarms"]["worker"], 1, "{}", board(&rig));
    rig.request(Side::Main, 3);
    rig.wait_handled(Side::Main, LONGEST);
    rig.assert_all_handled_once(Side::Main);
    assert_eq!(rig.votes(Side::Service), (2, 0));
    assert!(!rig.has_ended(0));
}

#[test]
fn a_worker_that_panics_is_told_and_started_again() {
    goes_on_after("panics", "panic", "the worker has panicked: the test asked for it");
}

#[test]
fn a_worker_that_hangs_is_told_and_another_one_takes_its_place() {
    goes_on_after("hangs", "hang", "the worker has not moved for");
}

/// The database stands and answers nothing, as one whose disk or host is stuck.
#[test]
fn a_database_that_does_not_answer_ends_readiness_and_is_used_again_at_once() {
    let server = Postgres::start("stuck");
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("stuck") });
    let urls = [rig.pair.main.url(), rig.pair.service.url()];
    let (relay, url) = server.relay();
    rig.operators.clear();
    rig.add_replica(0, 0, &urls, &url);
    rig.start_all();
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, LONGEST);
    wait(&rig, "it is not ready", || readiness(&rig) == 200);
    relay.set(Network::HalfOpen);
    rig.request(Side::Main, 3);
    wait(&rig, "it stays ready", || readiness(&rig) == 503);
    wait(&rig, "no alarm", || board(&rig)["alarms"]["store"].as_u64() >= Some(1));
    let is_told = || board(&rig)["trouble"].as_str().is_some_and(|trouble| trouble.starts_with("store: "));
    wait(&rig, "its trouble is not told", is_told);
    assert_eq!(rig.votes(Side::Service), (1, 0), "what cannot be written down is not sent");
    relay.set(Network::Passes);
    rig.wait_handled(Side::Main, LONGEST);
    wait(&rig, "it is not ready again", || readiness(&rig) == 200);
    rig.assert_all_handled_once(Side::Main);
    assert_eq!(rig.votes(Side::Service), (2, 0));
}

/// Every endpoint is silent, so each call takes its whole time; a person is obeyed all the same.
#[test]
fn a_pause_holds_within_a_second_whatever_the_endpoints_do() {
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("pauses") });
    let relays = [&rig.pair.main, &rig.pair.service].map(|chain| Relay::to(&chain.url()));
    rig.operators.clear();
    rig.add_operator(0, &[relays[0].url(), relays[1].url()]);
    // Calls take longer than this test waits for the pause.
    let path = rig.operators[0].folder.join("operator.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("timeout_s = 4", "timeout_s = 20")).unwrap();
    rig.start(0, &[]);
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, LONGEST);
    relays.iter().for_each(|relay| relay.set(Network::HalfOpen));
    rig.request(Side::Main, 3);
    std::thread::sleep(Duration::from_millis(500));
    assert!(rig.ask(0, &["pause"]).starts_with("paused"));
    let start = Instant::now();
    while rig.status(0)["paused"] != true {
        std::thread::sleep(Duration::from_millis(20));
        assert!(start.elapsed() < Duration::from_secs(10), "{}", rig.log(0));
    }
    println!("paused after {:?}", start.elapsed());
    relays.iter().for_each(|relay| relay.set(Network::Passes));
    wait(&rig, "it does not say why it waits", || rig.ask(0, &["pending"]).contains("paused"));
    assert_eq!(rig.votes(Side::Service), (1, 0));
    rig.ask(0, &["resume"]);
    rig.wait_handled(Side::Main, LONGEST);
    assert_eq!(rig.votes(Side::Service), (2, 0));
}

/// The source block from which the newest session of a direction follows.
fn started_from(rig: &Rig) -> u64 {
    let log = rig.log(0);
    let mut lines = log.lines().filter(|line| line.contains("following from") && line.contains("main->service"));
    let line = lines.next_back().unwrap_or_default();
    line.split("source=").nth(1).and_then(|text| text.split(' ').next()).map_or(0, |text| text.parse().unwrap())
}

/// A transfer that nobody can deliver yet. The headers behind it are held for no longer than those
/// of others.
#[test]
fn a_request_that_stays_open_keeps_neither_the_start_of_a_session_nor_its_headers() {
    let plan = Plan { operators: 1, threshold: 1, block: Duration::from_millis(60), ..Plan::new("stays") };
    let mut rig = Rig::new(Plan { voting: "retry_blocks = 20".to_owned(), ..plan });
    rig.start_all();
    let much = COIN.saturating_mul(U256::from(5_000u64));
    let user = rig.pair.user(USERS[0]);
    let large = rig.pair.request(Side::Main, USERS[0], user, Value::Coin(much)).unwrap();
    wait(&rig, "it is not parked", || rig.ask(0, &["pending"]).contains("parked"));
    let later = rig.request(Side::Main, 3).event.nonce;
    wait(&rig, "a later one waits", || rig.is_closed(Side::Service, later));
    let newest = || {
        let url = format!("sqlite:{}", rig.operators[0].folder.join("operator.db").display());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open_beside(&url).await.unwrap();
            let found = store.resume("main->service", "main", large.event.nonce + 2).await.unwrap();
            found.map_or(0, |resume| resume.checkpoint.number)
        })
    };
    wait(&rig, "no checkpoint behind it", || newest() > large.block);
    rig.kill(0);
    let before = rig.log(0).matches("following from").count();
    rig.start(0, &[]);
    rig.wait_for_log(0, "following from", before + 2);
    assert!(started_from(&rig) > large.block, "{} {}", started_from(&rig), large.block);
    wait(&rig, "it is forgotten", || rig.ask(0, &["pending"]).contains("parked"));
    let bridge = rig.pair.end(Side::Service).bridge;
    let charge = Sending { to: Some(bridge), value: much, input: abi::call("chargeWithoutEvent()", &[]), gas: None };
    rig.pair.execute(Side::Service, DEPLOYER, &charge).unwrap();
    wait(&rig, "it waits", || rig.is_closed(Side::Service, large.event.nonce));
    rig.wait_handled(Side::Main, LONGEST);
    rig.assert_all_handled_once(Side::Main);
    for alarm in ["unjudged", "forged_vote", "request_before_checkpoint"] {
        assert_eq!(board(&rig)["alarms"][alarm], Json::Null, "{alarm}: {}", board(&rig));
    }
}

/// After a long time off there are many headers to follow, and more blocks to search. What was
/// proven before is voted on meanwhile.
#[test]
fn votes_go_on_while_the_source_is_being_caught_up_with() {
    const AGE: u64 = 1_050;
    let plan = Plan { operators: 1, threshold: 1, block: Duration::from_secs(1), age: AGE, ..Plan::new("catches-up") };
    let mut rig = Rig::new(plan);
    let request = rig.request(Side::Main, 0);
    let url = format!("sqlite:{}", rig.operators[0].folder.join("operator.db").display());
    let vote = rig.pair.honest_call(&request);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&url).await.unwrap();
        let stored =
            StoredRequest { nonce: vote.nonce, block: request.block, time: rig.pair.main.time(), vote: Ok(vote) };
        store.keep_requests("main->service", &[stored], 0).await.unwrap();
    });
    drop(runtime);
    rig.start_all();
    rig.wait_handled(Side::Main, LONGEST);
    // Both are in the order in which they were done.
    let goes_on = || {
        let log = rig.log(0);
        let mut lines = log.lines().skip_while(|line| !line.contains("\"vote\""));
        lines.any(|line| line.contains("main->service") && line.contains("catching up"))
    };
    wait(&rig, "the vote waited for all of it", goes_on);
    // It comes to the head, finds what is new, and nobody is accused of anything.
    rig.request(Side::Main, 3);
    rig.wait_handled(Side::Main, LONGEST);
    assert_eq!(board(&rig)["alarms"], serde_json::json!({}), "{}", board(&rig));
    rig.assert_all_handled_once(Side::Main);
}
