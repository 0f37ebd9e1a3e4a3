//! Networks that fail and endpoints that lie: both may delay, neither makes a wrong vote.

use crate::liar::{Liar, Lie, LIES};
use crate::relay::{Network, Relay};
use crate::rig::{Plan, Rig};
use spanlight::bridge::vote_key;
use spanlight_devnet::pair::{Requested, Side};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

#[test]
fn operators_recover_from_every_fault_of_the_network() {
    let faults = [
        Network::Cut,
        Network::Delays(Duration::from_millis(150)),
        Network::HalfOpen,
        Network::BreaksOff(100),
        Network::LosesAnswers,
    ];
    // Two operators and threshold two: both are needed, and each has only the way through the relay.
    let mut rig = Rig::new(Plan { operators: 2, ..Plan::new("network") });
    let relays = [&rig.pair.main, &rig.pair.service].map(|chain| Relay::to(&chain.url()));
    rig.operators.clear();
    for index in 0..2 {
        rig.add_operator(index, &[relays[0].url(), relays[1].url()]);
    }
    rig.start_all();
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    for (number, fault) in (1u64..).zip(faults) {
        for relay in &relays {
            relay.set(fault);
        }
        std::thread::sleep(Duration::from_millis(500));
        rig.request(Side::Main, number * 3);
        std::thread::sleep(Duration::from_millis(1500));
        if fault != Network::Delays(Duration::from_millis(150)) {
            assert_ne!(rig.progress(Side::Main).0, rig.progress(Side::Main).1, "{fault:?} stops both operators");
        }
        for relay in &relays {
            relay.set(Network::Passes);
        }
        let took = rig.wait_handled(Side::Main, Duration::from_secs(120));
        println!("{fault:?}: handled {took:?} after the network was whole again");
    }
    assert!((0..2).all(|index| !rig.has_ended(index)));
    rig.assert_all_handled(Side::Main);
    assert_eq!(rig.votes(Side::Service), (12, 0), "nothing doubled");
}

#[test]
fn a_second_endpoint_helps_out_while_the_first_is_dead() {
    let mut rig = Rig::new(Plan { operators: 2, ..Plan::new("second") });
    let relays = [&rig.pair.main, &rig.pair.service].map(|chain| Relay::to(&chain.url()));
    let both =
        [0, 1].map(|side| format!("{}\", \"{}", relays[side].url(), [&rig.pair.main, &rig.pair.service][side].url()));
    rig.operators.clear();
    for index in 0..2 {
        rig.add_operator(index, &both);
    }
    rig.start_all();
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    for (number, fault) in (1u64..).zip([Network::Cut, Network::HalfOpen]) {
        relays.iter().for_each(|relay| relay.set(fault));
        let start = Instant::now();
        rig.request(Side::Main, number * 3);
        rig.wait_handled(Side::Main, Duration::from_secs(120));
        println!("{fault:?} of the first endpoint: handled after {:?}", start.elapsed());
        relays.iter().for_each(|relay| relay.set(Network::Passes));
        std::thread::sleep(Duration::from_secs(3));
    }
    rig.assert_all_handled(Side::Main);
}

#[test]
fn no_lie_of_an_endpoint_makes_a_wrong_vote_or_a_crash() {
    const METHODS: [&str; 8] = [
        "kaia_blockNumber",
        "kaia_getHeaderByNumber",
        "kaia_getBlockByNumber",
        "kaia_getBlockReceipts",
        "kaia_getProof",
        "kaia_call",
        "kaia_estimateGas",
        "kaia_sendRawTransaction",
    ];
    let mut rig = Rig::new(Plan { operators: 2, ..Plan::new("liar") });
    let liars = [&rig.pair.main, &rig.pair.service].map(|chain| Liar::to(&chain.url()));
    rig.operators.clear();
    for index in 0..2 {
        rig.add_operator(index, &[liars[0].url(), liars[1].url()]);
    }
    rig.start_all();
    let mut requests: Vec<Requested> = Vec::new();
    let mut told = 0;
    for method in METHODS {
        for lie in LIES {
            liars.iter().for_each(|liar| {
                liar.lie(method, lie);
            });
            requests.push(rig.request(Side::Main, 3 * requests.len() as u64));
            std::thread::sleep(Duration::from_millis(250));
            told += liars.iter().map(|liar| liar.lie(method, Lie::Honest)).sum::<u64>();
        }
    }
    let took = rig.wait_handled(Side::Main, Duration::from_secs(120));
    println!("{told} lies told; all handled {took:?} after the last");
    assert!(told > 150, "{told}");
    assert!((0..2).all(|index| !rig.has_ended(index)), "no operator crashed");
    assert!((0..2).all(|index| !rig.log(index).contains("panicked")));
    rig.assert_all_handled(Side::Main);
    let honest: BTreeSet<_> = requests.iter().map(|request| rig.pair.honest_call(request).vote_key()).collect();
    for input in rig.vote_inputs(Side::Service) {
        assert!(honest.contains(&vote_key(&input)), "a vote for what was not requested");
    }
}
