//! Operators that die at any instant: nothing is lost, nothing is voted twice.

use crate::rig::{Plan, Rig};
use spanlight_devnet::pair::Side;
use std::time::{Duration, Instant};

/// Talk test B, shortened: all operators are killed and started again while requests go on.
#[test]
fn all_operators_are_killed_and_started_again_while_requests_go_on() {
    let report = killed_and_restarted(Plan::new("killed"), 12, Duration::from_millis(400), 2);
    println!("finished {:?} after the last request; votes {:?}", report.0, report.1);
    assert!(report.0 < Duration::from_secs(20), "{report:?}");
}

/// `kill -9` of all operators so many times, evenly over the requests; half a pause later they are started again. Gives how
/// long after the last request everything was handled, and votes with those of them that reverted.
pub(crate) fn killed_and_restarted(
    plan: Plan,
    requests: u64,
    pause: Duration,
    times: u64,
) -> (Duration, (usize, usize)) {
    let mut rig = Rig::new(plan);
    rig.start_all();
    let every = requests / (times + 1);
    let mut down_since: Option<Instant> = None;
    for number in 0..requests {
        let due = Instant::now() + pause;
        rig.request(Side::Main, number);
        if number > 0 && number % every == 0 && number / every <= times {
            (0..rig.operators.len()).for_each(|index| rig.kill(index));
            down_since = Some(Instant::now());
        } else if down_since.is_some_and(|since| since.elapsed() > pause) {
            rig.start_all();
            down_since = None;
        }
        // Waiting for the request's block was a part of the pause.
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    if down_since.is_some() {
        rig.start_all();
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
    const POINTS: [&str; 8] = [
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
        let start = Instant::now();
        while !rig.has_ended(0) {
            assert!(start.elapsed() < Duration::from_secs(120), "{point} was never reached\n{}", rig.log(0));
            std::thread::sleep(Duration::from_millis(10));
        }
        rig.kill(0);
        rig.start(0, &[]);
        rig.wait_handled(Side::Main, Duration::from_secs(120));
        rig.kill(0);
    }
    rig.assert_all_handled(Side::Main);
    let (votes, reverted) = rig.votes(Side::Service);
    assert_eq!((votes, reverted), (2 * POINTS.len(), 0));
}
