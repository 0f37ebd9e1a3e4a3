//! A thousand transfers that nobody disturbs, and not one alarm: an alarm is worth something only
//! where it is true. `cargo xtask soak quiet` runs these; docs/soak.md keeps dated runs.

use crate::rig::{tail, Plan, Rig};
use spanlight_devnet::pair::{BridgeKind, Side};
use std::time::{Duration, Instant};

/// Requests in all, half of them each way; `SPANLIGHT_QUIET_TRANSFERS` says otherwise.
const TRANSFERS: u64 = 1000;
const LONGEST: Duration = Duration::from_secs(600);

fn no_alarm(rig: &Rig) {
    for index in 0..rig.operators.len() {
        let log = rig.log(index);
        let alarms: Vec<&str> = log.lines().filter(|line| line.contains("ALARM")).collect();
        assert!(alarms.is_empty(), "operator {index}: {alarms:#?}\n{}", tail(&log));
    }
}

fn undisturbed(plan: Plan) {
    let name = plan.name;
    let count = std::env::var("SPANLIGHT_QUIET_TRANSFERS").map_or(TRANSFERS, |count| count.parse().unwrap());
    let mut rig = Rig::new(plan);
    rig.start_all();
    let start = Instant::now();
    for number in 0..count {
        // On the service chain tokens come by the bridge alone; its requests are coin.
        let (side, number) =
            if number.is_multiple_of(2) { (Side::Main, number / 2) } else { (Side::Service, number / 2 * 3) };
        rig.request(side, number);
    }
    for side in [Side::Main, Side::Service] {
        rig.wait_handled(side, LONGEST);
    }
    let took = start.elapsed();
    no_alarm(&rig);
    let mut votes = (0, 0);
    for side in [Side::Main, Side::Service] {
        let of_side = rig.votes(side);
        votes = (votes.0 + of_side.0, votes.1 + of_side.1);
        rig.assert_all_executed_once(side);
    }
    println!(
        "RESULT quiet, {name}: {count} transfers in {took:.1?}, no alarm; {} votes, {} reverted",
        votes.0, votes.1
    );
}

#[test]
#[ignore = "minutes long: cargo xtask soak quiet"]
fn a_thousand_undisturbed_transfers_raise_no_alarm() {
    undisturbed(Plan::new("quiet"));
}

#[test]
#[ignore = "minutes long: cargo xtask soak quiet"]
fn a_thousand_undisturbed_transfers_raise_no_alarm_on_version_2() {
    undisturbed(Plan { bridge: BridgeKind::V2, threshold: 3, ..Plan::new("quiet-2") });
}

#[test]
#[ignore = "minutes long: cargo xtask soak quiet"]
fn a_thousand_undisturbed_transfers_raise_no_alarm_where_votes_are_signatures() {
    undisturbed(Plan { bridge: BridgeKind::V2, threshold: 3, signed: true, ..Plan::new("quiet-signed") });
}
