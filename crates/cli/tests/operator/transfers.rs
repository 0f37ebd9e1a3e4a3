//! Transfers of all kinds, both ways, by operators that nobody disturbs.

use crate::rig::{Plan, Rig};
use spanlight_devnet::pair::{Side, Value};
use std::time::Duration;

#[test]
fn transfers_of_all_kinds_are_handled_both_ways_and_nobody_votes_in_vain() {
    // A machine that is busy may be late by blocks, and a vote by turn must not look like one in vain.
    let mut rig = Rig::new(Plan { voting: "turn_blocks = 40".to_owned(), ..Plan::new("kinds") });
    rig.start_all();
    for number in 0..6 {
        rig.request(Side::Main, number);
    }
    let user = spanlight_devnet::pair::USERS[0];
    rig.pair.request(Side::Main, user, rig.pair.user(user), Value::Erc721(spanlight::U256::from(1u8))).unwrap();
    for side in [Side::Main, Side::Service] {
        // On the service chain tokens come by the bridge alone, so these requests come second.
        for number in 0..6 {
            if side == Side::Service {
                rig.request(side, number);
            }
        }
        let took = rig.wait_handled(side, Duration::from_secs(120));
        println!("{side:?}: all handled {took:?} after the last request; votes {:?}", rig.votes(side.other()));
        rig.assert_all_handled(side);
        let (votes, reverted) = rig.votes(side.other());
        let (requests, _) = rig.progress(side);
        assert_eq!((votes, reverted), (2 * requests as usize, 0), "as many votes as the threshold, none reverted");
    }
    for index in 0..4 {
        assert!(rig.stop(index) < Duration::from_secs(2));
    }
}

#[test]
fn blocks_of_the_service_chain_are_anchored_once_for_each_period() {
    const PERIOD: u64 = 16;
    let mut rig = Rig::new(Plan { operators: 2, ..Plan::new("anchors") });
    rig.anchor_every(PERIOD);
    rig.start_all();
    let start = std::time::Instant::now();
    while rig.anchors().len() < 3 {
        assert!(start.elapsed() < Duration::from_secs(120), "{:?}\n{}", rig.anchors(), crate::rig::tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(100));
    }
    let anchors = rig.anchors();
    for (number, hash) in &anchors {
        assert_eq!(number % PERIOD, 0);
        assert_eq!(*hash, rig.pair.service.chain().block(*number).unwrap().header.hash());
    }
    let mut numbers: Vec<u64> = anchors.iter().map(|(number, _)| *number).collect();
    numbers.dedup();
    assert_eq!(numbers.len(), anchors.len(), "one for each period: {anchors:?}");
}
