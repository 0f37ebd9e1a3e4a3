//! Tests A and B of soak.rs on the bridge of version 2, where votes are signatures. `cargo xtask soak operators` runs them with
//! those of `soak`; docs/soak.md keeps dated runs.

use crate::rig::Plan;
use crate::soak::{killed_three_times, transfers};
use spanlight_devnet::pair::BridgeKind;
use std::time::Duration;

fn plan(name: &'static str, operators: u64, signed: bool) -> Plan {
    Plan { bridge: BridgeKind::V2, operators, threshold: 3, signed, ..Plan::new(name) }
}

/// Four blocks a second: a turn lasts as long as the default does on chains with one.
fn quick(name: &'static str, operators: u64) -> Plan {
    Plan { voting: "turn_blocks = 12".to_owned(), ..plan(name, operators, true) }
}

fn slow(name: &'static str, signed: bool) -> Plan {
    Plan { block: Duration::from_secs(1), ..plan(name, 4, signed) }
}

#[test]
#[ignore = "minutes long: cargo xtask soak operators"]
fn talk_test_a_by_signatures_of_three_of_four() {
    transfers(quick("a3-signed", 4), 0);
}

#[test]
#[ignore = "minutes long: cargo xtask soak operators"]
fn talk_test_a_by_signatures_of_three_of_five_and_two_operators_down_for_good() {
    transfers(quick("a5-signed", 5), 2);
}

#[test]
#[ignore = "minutes long: cargo xtask soak operators"]
fn talk_test_b_by_signatures_of_three_of_four() {
    killed_three_times(slow("b3-signed", true), 0);
}

#[test]
#[ignore = "minutes long: cargo xtask soak operators"]
fn talk_test_b_by_three_votes_of_four_on_version_two() {
    killed_three_times(slow("b3-v2", false), 0);
}

#[test]
#[ignore = "minutes long: cargo xtask soak operators"]
fn talk_test_b_by_signatures_of_three_of_five_and_two_operators_down_for_good() {
    killed_three_times(Plan { operators: 5, ..slow("b5-signed", true) }, 2);
}
