//! Tests A and B of the talk "High Availability Architecture of Klaytn Service Chain" at full length. `cargo xtask soak operators` runs them; docs/soak.md keeps dated runs.

use crate::recovery::killed_and_restarted;
use crate::rig::{Plan, Rig};
use spanlight::primitives::U256;
use spanlight_devnet::pair::{Side, Value, USERS};
use std::time::{Duration, Instant};

/// Requests of each direction.
const REQUESTS: u64 = 100;
/// So many of them are single things: as many as the first user holds.
const SINGLES: u64 = 8;

/// Talk test A: 200 transfers in all and of all kinds, both ways, while some operators are down for good.
pub(crate) fn transfers(plan: Plan, down: usize) {
    let (name, threshold) = (plan.name, plan.threshold);
    let mut rig = Rig::new(plan);
    (down..rig.operators.len()).for_each(|index| rig.start(index, &[]));
    let (mut votes, mut reverted, mut after) = (0, 0, Vec::new());
    let start = Instant::now();
    // On the service chain tokens come by the bridge alone, so its requests come second.
    for side in [Side::Main, Side::Service] {
        for number in 0..REQUESTS {
            request(&rig, side, number);
        }
        after.push(rig.wait_handled(side, Duration::from_secs(600)));
        let of_side = rig.votes(side.other());
        (votes, reverted) = (votes + of_side.0, reverted + of_side.1);
    }
    let took = start.elapsed();
    for side in [Side::Main, Side::Service] {
        rig.assert_all_handled_once(side);
    }
    println!(
        "RESULT talk test A, {name}: threshold {threshold} of {}, {down} down for good: {} requests in {took:.1?}, all handled \
         {:.2?} and {:.2?} after the last of their direction, complete by audit, none twice; {votes} votes, {reverted} reverted",
        rig.operators.len(),
        2 * REQUESTS,
        after[0],
        after[1],
    );
}

/// One request: now and then a single thing of the first user's, else coin or tokens.
fn request(rig: &Rig, from: Side, number: u64) {
    let every = REQUESTS / SINGLES;
    if number.is_multiple_of(every) && number / every < SINGLES {
        let thing = Value::Erc721(U256::from(1 + number / every));
        rig.pair.request(from, USERS[0], rig.pair.user(USERS[0]), thing).unwrap();
    } else {
        rig.request(from, number);
    }
}

#[test]
#[ignore = "minutes long: cargo xtask soak operators"]
fn talk_test_a_with_threshold_one_and_three_operators_down_for_good() {
    transfers(Plan { threshold: 1, ..Plan::new("a1") }, 3);
}

#[test]
#[ignore = "minutes long: cargo xtask soak operators"]
fn talk_test_a_with_threshold_two_and_two_operators_down_for_good() {
    transfers(Plan { threshold: 2, ..Plan::new("a2") }, 2);
}

#[test]
#[ignore = "minutes long: cargo xtask soak operators"]
fn talk_test_a_with_threshold_three_and_one_operator_down_for_good() {
    transfers(Plan { threshold: 3, ..Plan::new("a3") }, 1);
}

/// Talk test B: 30 requests at one a second on chains with one block a second; all operators are killed and started again three
/// times.
pub(crate) fn killed_three_times(plan: Plan, down: usize) {
    const REQUESTS: u64 = 30;
    let (name, threshold, operators) = (plan.name, plan.threshold, plan.operators);
    let (took, (votes, reverted)) = killed_and_restarted(plan, down, REQUESTS, Duration::from_secs(1), 3);
    println!(
        "RESULT talk test B, {name}: threshold {threshold} of {operators}, {down} down for good, the others killed and started again three \
         times: {REQUESTS} requests, all handled {took:.2?} after the last, complete by audit, none twice; {votes} votes, {reverted} reverted"
    );
}

#[test]
#[ignore = "minutes long: cargo xtask soak operators"]
fn talk_test_b_with_threshold_two() {
    killed_three_times(Plan { block: Duration::from_secs(1), ..Plan::new("b2") }, 0);
}

#[test]
#[ignore = "minutes long: cargo xtask soak operators"]
fn talk_test_b_with_threshold_three() {
    killed_three_times(Plan { threshold: 3, block: Duration::from_secs(1), ..Plan::new("b3") }, 0);
}

#[test]
#[ignore = "minutes long: cargo xtask soak operators"]
fn talk_test_b_with_threshold_two_and_two_operators_down_for_good() {
    killed_three_times(Plan { block: Duration::from_secs(1), ..Plan::new("b2-down") }, 2);
}

#[test]
#[ignore = "minutes long: cargo xtask soak operators"]
fn talk_test_b_with_threshold_three_and_one_operator_down_for_good() {
    killed_three_times(Plan { threshold: 3, block: Duration::from_secs(1), ..Plan::new("b3-down") }, 1);
}
