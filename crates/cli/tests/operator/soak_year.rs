//! A year with a hundred requests that stay open, on chains that are made faster than time passes.

use crate::load::process::Usage;
use crate::rig::{tail, Plan, Rig};
use serde_json::Value as Json;
use spanlight::primitives::{Address, U256};
use spanlight_devnet::pair::{Side, Value, USERS};
use std::time::{Duration, Instant};

/// Seconds between the times of two blocks: a year has 52,560 of them.
const STEP: u64 = 600;
const YEAR: u64 = 365 * 86_400;
/// Blocks that are made at a time.
const PORTION: u64 = 512;
/// Headers after which a session starts again (docs/operator.md 6).
const SESSION: u64 = 8192;
const LONGEST: Duration = Duration::from_secs(600);

fn board(rig: &Rig) -> Json {
    rig.status(0)["directions"]["main->service"].clone()
}

/// Waits until the operator has followed both chains to their heads, nearly: a few blocks come
/// meanwhile.
fn wait_until_followed(rig: &Rig) {
    let heads = [rig.pair.main.height(), rig.pair.service.height()];
    let start = Instant::now();
    let is_followed = |board: &Json| {
        [("source_head", heads[0]), ("destination_head", heads[1])]
            .iter()
            .all(|(name, head)| board[name].as_u64().is_some_and(|followed| followed >= *head))
    };
    while !rig.status(0)["directions"].as_object().is_some_and(|all| {
        all.len() == 2
            && is_followed(&all["main->service"])
            && all["service->main"]["source_head"].as_u64() >= Some(heads[1])
    }) {
        assert!(start.elapsed() < LONGEST, "{}", tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
#[ignore = "minutes long: cargo xtask soak operators"]
fn soak_a_year_with_a_hundred_open_requests_needs_no_more_memory_than_its_first_day() {
    let blocks = std::env::var("SPANLIGHT_YEAR_BLOCKS").ok().and_then(|text| text.parse().ok()).unwrap_or(YEAR / STEP);
    let plan = Plan { operators: 1, threshold: 1, step: STEP, began: YEAR + 5_000 * STEP, ..Plan::new("year") };
    let mut rig = Rig::new(plan);
    for chain in &mut rig.trust.chains {
        chain.trusting_period = 2 * YEAR;
    }
    std::fs::write(rig.folder.join("trust.json"), serde_json::to_string(&rig.trust).unwrap()).unwrap();
    let path = rig.operators[0].folder.join("operator.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("max_head_age_s = 40000", &format!("max_head_age_s = {}", 2 * YEAR));
    std::fs::write(&path, text).unwrap();
    rig.start(0, &[("RUST_LOG", "info")]);
    // Tokens for nobody can never be delivered by this bridge.
    for _ in 0..100 {
        rig.pair.request(Side::Main, USERS[0], Address::ZERO, Value::Erc20(U256::from(5u8))).unwrap();
    }
    let parked = |rig: &Rig| {
        let pending = board(rig)["pending"].clone();
        pending.as_object().map_or(0, |all| all.values().filter(|one| one["reason"] == "parked").count())
    };
    let start = Instant::now();
    while parked(&rig) < 100 {
        assert!(start.elapsed() < LONGEST, "{} parked\n{}", parked(&rig), tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(500));
    }
    let pid = rig.operators[0].pid().unwrap();
    let resident = || Usage::of(pid).resident_kb / 1024;
    let (begin, mut made, mut most_of_each) = (resident(), 0u64, vec![0u64]);
    while made < blocks {
        let count = PORTION.min(blocks - made);
        for chain in [&rig.pair.main, &rig.pair.service] {
            chain.mine_many(count).unwrap();
        }
        wait_until_followed(&rig);
        made += count;
        let session = usize::try_from(made / SESSION).unwrap();
        most_of_each.resize(session + 1, 0);
        most_of_each[session] = most_of_each[session].max(resident());
        println!("{made} blocks of each chain, {} MB, after {:?}", resident(), start.elapsed());
    }
    let starts = rig.log(0).matches("following from these blocks direction=main->service").count();
    println!(
        "RESULT year: {made} blocks of each chain, {:.0} days; {begin} MB at first, {} MB at the end, most of each {SESSION} blocks \
         {most_of_each:?} MB; {starts} sessions each way; store {} kB",
        (made * STEP) as f64 / 86_400.0,
        resident(),
        std::fs::metadata(rig.operators[0].folder.join("operator.db")).unwrap().len() / 1024,
    );
    assert!(starts as u64 > made / (2 * SESSION), "sessions start again, and let headers go: {starts}");
    // Two sessions of each way at most hold headers at a time: what comes after adds nothing.
    let (first, last) = most_of_each.split_at(most_of_each.len().min(2));
    let (first, last) = (first.iter().max().unwrap(), last.iter().max().unwrap_or(&0));
    assert!(*last <= first + first / 4 + 16, "{most_of_each:?}");
    assert_eq!(parked(&rig), 100, "all are still open, and known");
}
