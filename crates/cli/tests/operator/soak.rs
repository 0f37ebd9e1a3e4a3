//! The talk's tests at full length. `cargo xtask soak` runs them; docs/soak.md keeps dated runs.

use crate::recovery::killed_and_restarted;
use crate::rig::{Plan, Rig};
use spanlight_devnet::pair::Side;
use std::time::{Duration, Instant};

/// Talk test A: 200 transfers of all kinds, both ways.
fn transfers(plan: Plan, down: usize) {
    let name = plan.name;
    let mut rig = Rig::new(plan);
    (down..rig.operators.len()).for_each(|index| rig.start(index, &[]));
    let start = Instant::now();
    for side in [Side::Main, Side::Service] {
        for number in 0..100 {
            rig.request(side, number);
        }
        let after = rig.wait_handled(side, Duration::from_secs(600));
        println!(
            "{name}, {side:?}: 100 requests in {:?}, handled {after:?} after the last; votes {:?}",
            start.elapsed(),
            rig.votes(side.other())
        );
    }
    for side in [Side::Main, Side::Service] {
        rig.assert_all_handled(side);
    }
}

#[test]
#[ignore = "minutes long: cargo xtask soak"]
fn talk_test_a_with_threshold_one() {
    transfers(Plan { threshold: 1, ..Plan::new("a1") }, 0);
}

#[test]
#[ignore = "minutes long: cargo xtask soak"]
fn talk_test_a_with_threshold_two_and_two_operators_down_for_good() {
    transfers(Plan::new("a2"), 2);
}

#[test]
#[ignore = "minutes long: cargo xtask soak"]
fn talk_test_a_with_threshold_three_and_one_operator_down_for_good() {
    transfers(Plan { threshold: 3, ..Plan::new("a3") }, 1);
}

/// Talk test B: 30 requests at one a second on chains with one block a second; all operators are killed and started again three
/// times.
#[test]
#[ignore = "minutes long: cargo xtask soak"]
fn talk_test_b_with_threshold_two() {
    let plan = Plan { block: Duration::from_secs(1), ..Plan::new("b2") };
    let (took, (votes, reverted)) = killed_and_restarted(plan, 30, Duration::from_secs(1), 3);
    println!("b2: finished {took:?} after the last request; {votes} votes, {reverted} of them reverted");
}
