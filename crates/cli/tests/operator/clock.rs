//! Operators whose clocks are wrong, on chains that live by the machine's clock and are longer than
//! it takes to follow them; and chains that stand still.

use crate::faked::environment;
use crate::late::Line;
use crate::rig::{tail, Plan, Rig};
use serde_json::json;
use spanlight_devnet::pair::Side;
use std::time::{Duration, Instant};

const AGE: u64 = 600;

/// Operators on living chains, each with two endpoints of each chain on long lines. They act on
/// heads of a minute at most, as operators do unless they are told otherwise.
fn rig(name: &'static str, operators: u64, late: Duration) -> Rig {
    let plan = Plan { operators, threshold: operators, block: Duration::from_secs(1), age: AGE, ..Plan::new(name) };
    let mut rig = Rig::new(plan);
    assert!(rig.pair.main.height() >= AGE);
    let urls = [&rig.pair.main, &rig.pair.service].map(|chain| {
        let lines = [Line::to(&chain.url(), late), Line::to(&chain.url(), late)];
        lines.map(|line| line.url()).join("\", \"")
    });
    rig.operators.clear();
    for index in 0..operators {
        rig.add_operator(index as usize, &urls);
        act_on_heads_of(&rig, index as usize, 60);
    }
    rig
}

fn act_on_heads_of(rig: &Rig, index: usize, seconds: u64) {
    let path = rig.operators[index].folder.join("operator.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("max_head_age_s = 40000", &format!("max_head_age_s = {seconds}"))).unwrap();
}

fn start(rig: &mut Rig, index: usize, clock: i64) {
    let environment = environment(clock);
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    rig.start(index, &environment);
}

/// Nobody is accused: all endpoints are honest.
fn assert_nobody_is_blamed(rig: &Rig, index: usize) {
    let log = rig.log(index);
    for words in ["put aside", "shows an old head", "refused", "code=\"endpoint\""] {
        assert!(!log.contains(words), "`{words}`\n{}", tail(&log));
    }
}

#[test]
fn operators_whose_clocks_are_a_little_wrong_vote_as_others_do() {
    let clocks = [-3, -5, -10, 30];
    let mut rig = rig("clocks", 4, Duration::from_millis(400));
    for (index, clock) in clocks.into_iter().enumerate() {
        start(&mut rig, index, clock);
    }
    for number in 0..3 {
        rig.request(Side::Main, number);
    }
    // All four have to vote.
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    for (index, clock) in clocks.into_iter().enumerate() {
        assert_nobody_is_blamed(&rig, index);
        assert!(!rig.log(index).contains("ALARM"), "{clock}\n{}", tail(&rig.log(index)));
        let behind = rig.status(index)["directions"]["main->service"]["clock_behind"].as_i64().unwrap();
        assert!((0..=(1 - clock).max(1)).contains(&behind), "{clock}: {behind}");
    }
}

#[test]
fn an_operator_whose_clock_is_far_behind_says_by_how_much_and_goes_on() {
    let mut rig = rig("clock-behind", 1, Duration::from_millis(50));
    start(&mut rig, 0, -30);
    rig.request(Side::Main, 0);
    // It acts on what is no further ahead of its clock than the trust tolerates: some 15 seconds
    // later than others.
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    rig.wait_for_log(0, "clock seems to be at least ", 1);
    assert_nobody_is_blamed(&rig, 0);
    let status = rig.status(0)["directions"]["main->service"].clone();
    assert_eq!((&status["phase"], &status["trouble"]), (&json!("following"), &json!(null)), "{status}");
    assert_eq!(status["alarms"]["clock"], 1, "once, not at each block: {status}");
    let behind = status["clock_behind"].as_u64().unwrap();
    assert!((20..=32).contains(&behind), "{behind}");
    // Starting again from a kept checkpoint changes nothing.
    rig.kill(0);
    start(&mut rig, 0, -30);
    rig.request(Side::Main, 3);
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    assert_nobody_is_blamed(&rig, 0);
}

#[test]
fn a_chain_that_stands_still_is_told_as_that_and_no_endpoint_is_blamed_in_turn() {
    let mut rig = rig("standstill", 1, Duration::from_millis(50));
    act_on_heads_of(&rig, 0, 60);
    let path = rig.operators[0].folder.join("operator.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("max_head_age_s = 60", "max_head_age_s = 5")).unwrap();
    rig.start(0, &[]);
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    rig.pair.service.node().call("devnet_stopSealing", &[]).unwrap();
    let since = rig.pair.service.time();
    rig.wait_for_log(0, &format!("no endpoint shows a block of service after unix time {since}"), 1);
    // Both endpoints had their turn again and again.
    std::thread::sleep(Duration::from_secs(12));
    let alarms = rig.status(0)["directions"]["main->service"]["alarms"].clone();
    assert_eq!(alarms["chain_stands"], 1, "{alarms}");
    rig.pair.service.node().call("devnet_resumeSealing", &[]).unwrap();
    rig.request(Side::Main, 3);
    let start = Instant::now();
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    println!("handled {:?} after the chain went on", start.elapsed());
    assert_nobody_is_blamed(&rig, 0);
}

/// One operator with the right clock, on chains whose clock is off by so many seconds.
fn rig_off_by(name: &'static str, seconds: i64) -> Rig {
    let plan = Plan { operators: 1, threshold: 1, block: Duration::from_secs(1), age: 90, ..Plan::new(name) };
    let mut rig = Rig::new(Plan { clock_offset: seconds, ..plan });
    act_on_heads_of(&rig, 0, 60);
    rig.start(0, &[]);
    rig
}

/// The seconds that an operator's log names after some words.
fn named(rig: &Rig, words: &str) -> u64 {
    let start = Instant::now();
    loop {
        let log = rig.log(0);
        let found = log.split(words).skip(1).find_map(|rest| rest.split_whitespace().next()?.parse().ok());
        if let Some(seconds) = found {
            return seconds;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "`{words}` and a number do not come\n{}", tail(&log));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_clock_that_is_off_by_no_more_than_is_tolerated_is_no_outage() {
    for (name, seconds) in [("off-ahead", -14), ("off-behind", 13)] {
        let rig = rig_off_by(name, seconds);
        rig.request(Side::Main, 0);
        rig.wait_handled(Side::Main, Duration::from_secs(60));
        assert!(!rig.log(0).contains("ALARM"), "{seconds}\n{}", tail(&rig.log(0)));
    }
}

#[test]
fn a_clock_that_is_further_off_is_told_with_by_how_much_in_either_direction() {
    let rig = rig_off_by("further-behind", 22);
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    let behind = named(&rig, "clock seems to be at least ");
    assert!((16..=23).contains(&behind), "{behind}");
    assert_eq!(rig.status(0)["directions"]["main->service"]["alarms"]["clock"], 1);
    let rig = rig_off_by("further-ahead", -200);
    let ahead = named(&rig, "clock seems to be ");
    assert!((200..=300).contains(&ahead), "{ahead}");
    assert_nobody_is_blamed(&rig, 0);
    // It says why nothing is voted on.
    rig.request(Side::Main, 0);
    let start = Instant::now();
    while !rig.ask(0, &["pending"]).contains("too old to vote on") {
        assert!(start.elapsed() < Duration::from_secs(60), "{}", tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(100));
    }
}
