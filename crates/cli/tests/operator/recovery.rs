//! Operators that die at any instant: nothing is lost, nothing is voted twice.

use crate::liar::Liar;
use crate::rig::{Plan, Rig};
use spanlight_devnet::pair::Side;
use std::time::{Duration, Instant};

/// Talk test B, shortened: all operators are killed and started again while requests go on.
#[test]
fn all_operators_are_killed_and_started_again_while_requests_go_on() {
    const REQUESTS: u64 = 12;
    let plan = Plan::new("killed");
    let (operators, threshold) = (plan.operators, plan.threshold);
    let (took, (votes, reverted)) = killed_and_restarted(plan, 0, REQUESTS, Duration::from_millis(400), 2);
    println!("finished {took:?} after the last request; {votes} votes, {reverted} reverted");
    assert!(took < Duration::from_secs(20), "{took:?}");
    // On a busy machine operators may vote beside each other, and a late vote reverts; but each votes once, and no good vote is
    // cast twice.
    let (requests, operators, threshold) = (REQUESTS as usize, operators as usize, threshold as usize);
    assert_eq!(votes - reverted, requests * threshold, "{votes} votes, {reverted} reverted");
    assert!(reverted <= requests * (operators - threshold), "{votes} votes, {reverted} reverted");
}

/// `kill -9` of all operators so many times, evenly over the requests; a pause later they are started again, but for the first
/// `down`, which never run. Gives how long after the last request everything was handled, and votes with those of them that reverted.
pub(crate) fn killed_and_restarted(
    plan: Plan,
    down: usize,
    requests: u64,
    pause: Duration,
    times: u64,
) -> (Duration, (usize, usize)) {
    let mut rig = Rig::new(plan);
    let start = |rig: &mut Rig| (down..rig.operators.len()).for_each(|index| rig.start(index, &[]));
    start(&mut rig);
    let every = requests / (times + 1);
    let mut down_since: Option<Instant> = None;
    for number in 0..requests {
        let due = Instant::now() + pause;
        rig.request(Side::Main, number);
        if number > 0 && number % every == 0 && number / every <= times {
            (0..rig.operators.len()).for_each(|index| rig.kill(index));
            down_since = Some(Instant::now());
        } else if down_since.is_some_and(|since| since.elapsed() > pause) {
            start(&mut rig);
            down_since = None;
        }
        // Waiting for the request's block was a part of the pause.
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    if down_since.is_some() {
        start(&mut rig);
    }
    let took = rig.wait_handled(Side::Main, Duration::from_secs(120));
    rig.assert_all_handled_once(Side::Main);
    let votes = rig.votes(Side::Service);
    (took, votes)
}

/// At each database write and each send, before and after it: the process dies there once, is started again, and everything is
/// handled by as many good votes as the threshold.
#[test]
fn killed_at_every_write_and_every_send_nothing_is_lost_or_doubled() {
    const POINTS: [&str; 12] = [
        "before_state",
        "after_state",
        "before_requests",
        "after_requests",
        "before_intend",
        "after_intend",
        "before_send",
        "after_send",
        "before_settle",
        "after_settle",
        "before_checkpoint",
        "after_checkpoint",
    ];
    // Two operators and threshold two: whatever one of them does not do is missing.
    let mut rig = Rig::new(Plan { operators: 2, ..Plan::new("failpoints") });
    rig.start(1, &[]);
    for (number, point) in (0u64..).zip(POINTS) {
        rig.start(0, &[("SPANLIGHT_FAILPOINT", &format!("{point}:1"))]);
        rig.request(Side::Main, number * 3);
        wait_for_the_end(&mut rig, point);
        rig.start(0, &[]);
        rig.wait_handled(Side::Main, Duration::from_secs(120));
        rig.kill(0);
    }
    rig.assert_all_handled(Side::Main);
    let (votes, reverted) = rig.votes(Side::Service);
    assert_eq!((votes, reverted), (2 * POINTS.len(), 0));
}

fn wait_for_the_end(rig: &mut Rig, point: &str) {
    let start = Instant::now();
    while !rig.has_ended(0) {
        assert!(start.elapsed() < Duration::from_secs(120), "{point} was never reached\n{}", rig.log(0));
        std::thread::sleep(Duration::from_millis(10));
    }
    rig.kill(0);
}

/// The same where a transaction is replaced by a dearer one, for which its node passes none on. On the main chain prices move.
#[test]
fn killed_while_it_replaces_a_transaction_it_has_one_taken_in_the_end() {
    let plan = Plan { operators: 1, threshold: 1, voting: "stuck_blocks = 3".to_owned(), ..Plan::new("replaced") };
    let mut rig = Rig::new(plan);
    let node = Liar::to(&rig.pair.main.url());
    rig.operators.clear();
    rig.add_operator(0, &[node.url(), rig.pair.service.url()]);
    for (number, point) in (0u64..).zip(["before_replace", "after_replace"]) {
        node.swallow(true);
        rig.start(0, &[("SPANLIGHT_FAILPOINT", &format!("{point}:1"))]);
        rig.request(Side::Service, number * 3);
        wait_for_the_end(&mut rig, point);
        node.swallow(false);
        rig.start(0, &[]);
        rig.wait_handled(Side::Service, Duration::from_secs(60));
        rig.kill(0);
    }
    rig.assert_all_handled(Side::Service);
    assert_eq!(rig.votes(Side::Main), (2, 0));
}

/// A store that somebody gave a checkpoint of a block which is not there yet: it says so and votes for nothing, and a new store
/// heals it.
#[test]
fn a_checkpoint_of_the_future_makes_no_vote_and_no_crash() {
    use spanlight_operator::store::{Resume, Store};
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("future") });
    let path = rig.operators[0].folder.join("operator.db");
    let mut checkpoint = rig.trust.chain("service").unwrap().checkpoint.clone();
    checkpoint.number += 10_000;
    let future = checkpoint.number;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(&format!("sqlite:{}", path.display())).await.unwrap();
        store.keep_checkpoint("main->service", "service", &Resume { checkpoint, requests: 0 }).await.unwrap();
    });
    drop(runtime);
    rig.request(Side::Main, 0);
    rig.start_all();
    let board = |rig: &Rig| rig.status(0)["directions"]["main->service"].clone();
    let start = Instant::now();
    while board(&rig)["phase"] != "failing" {
        assert!(start.elapsed() < Duration::from_secs(30), "{}", board(&rig));
        std::thread::sleep(Duration::from_millis(50));
    }
    let named = format!("service cannot be followed from block {future}");
    assert!(board(&rig)["trouble"].as_str().unwrap().contains(&named), "{}", board(&rig));
    std::thread::sleep(Duration::from_secs(2));
    assert!(!rig.has_ended(0) && !rig.log(0).contains("panicked"));
    assert_eq!(rig.votes(Side::Service), (0, 0));
    rig.kill(0);
    std::fs::remove_file(&path).unwrap();
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(path.with_extension(format!("db{ending}")));
    }
    rig.start(0, &[]);
    rig.wait_handled(Side::Main, Duration::from_secs(60));
}
