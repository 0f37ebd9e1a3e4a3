//! Endpoints that do harm without a single false answer, or with many: each is named, and the next one serves.

use crate::liar::{Liar, Lie};
use crate::rig::{tail, Plan, Rig};
use spanlight::bridge::vote_key;
use spanlight::bridge::{HandleCall, TokenType};
use spanlight::primitives::{Address, Hash};
use spanlight_devnet::pair::{Requested, Side, COIN};
use spanlight_forge::keys;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// One operator, alone; each chain's first endpoint is the first of these two, its second is the chain itself.
fn rig(plan: Plan) -> (Rig, [Liar; 2]) {
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..plan });
    let chains = [&rig.pair.main, &rig.pair.service];
    let first = chains.map(|chain| Liar::to(&chain.url()));
    let both = [0, 1].map(|side| format!("{}\", \"{}", first[side].url(), chains[side].url()));
    rig.operators.clear();
    rig.add_operator(0, &both);
    (rig, first)
}

fn wait_for_log(rig: &Rig, text: &str) {
    let start = Instant::now();
    while !rig.log(0).contains(text) {
        assert!(start.elapsed() < Duration::from_secs(60), "`{text}` is not said\n{}", tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_endpoint_that_swallows_transactions_is_passed_over_and_named() {
    let (mut rig, first) = rig(Plan::new("swallowed"));
    first[1].swallow(true);
    rig.start_all();
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    wait_for_log(&rig, &format!("{} said it has a transaction", first[1].url()));
    // From now on it is asked last.
    let before = rig.pair.service.height();
    rig.request(Side::Main, 3);
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    println!("the second one was handled after {} blocks", rig.pair.service.height() - before);
    assert_eq!(rig.votes(Side::Service), (2, 0), "given to both, taken once");
}

/// Lets operators find the heads of now too old by a minute; gives their heights.
fn let_heads_of_now_be_old(rig: &Rig) -> [u64; 2] {
    let heights = [rig.pair.main.height(), rig.pair.service.height()];
    let age = crate::rig::now() - rig.pair.main.time().max(rig.pair.service.time());
    let path = rig.operators[0].folder.join("operator.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("max_head_age_s = 40000", &format!("max_head_age_s = {}", age - 60));
    std::fs::write(&path, text).unwrap();
    heights
}

/// The operator starts once the first endpoints have had time to fall behind.
fn handled_although_the_first_are_old(rig: &mut Rig, first: &[Liar; 2]) {
    std::thread::sleep(Duration::from_secs(5));
    rig.start_all();
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(40));
    for (node, chain) in first.iter().zip(["main", "service"]) {
        wait_for_log(rig, &format!("{} shows an old head of {chain}", node.url()));
    }
}

#[test]
fn an_endpoint_that_tells_a_head_and_leaves_it_to_others_to_show_it_accuses_nobody() {
    let (mut rig, first) = rig(Plan::new("boasting"));
    first.iter().for_each(Liar::boast);
    rig.start_all();
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    let log = rig.log(0);
    for chain in [&rig.pair.main, &rig.pair.service] {
        let accused = log.lines().filter(|line| line.contains("ALARM") && line.contains(&chain.url()));
        assert_eq!(accused.count(), 0, "{}", tail(&log));
    }
}

#[test]
fn an_endpoint_that_stands_still_from_the_start_is_passed_over_and_the_next_one_stays() {
    let (mut rig, first) = rig(Plan { block: Duration::from_millis(50), ..Plan::new("standing") });
    let heights = let_heads_of_now_be_old(&rig);
    for (node, height) in first.iter().zip(heights) {
        node.stand(height);
    }
    handled_although_the_first_are_old(&mut rig, &first);
    for chain in [&rig.pair.main, &rig.pair.service] {
        assert!(!rig.log(0).contains(&format!("{} shows an old head", chain.url())), "{}", tail(&rig.log(0)));
    }
}

#[test]
fn an_endpoint_whose_head_drips_is_passed_over_and_named_on_both_chains() {
    let (mut rig, first) = rig(Plan { block: Duration::from_millis(50), ..Plan::new("dripping") });
    // Blocks are twenty times as fast as their times say, so that the age of the true head falls by nineteen a second, and that
    // of a head which moves by one a second stays as it is.
    let heights = let_heads_of_now_be_old(&rig);
    for (node, height) in first.iter().zip(heights) {
        node.drip(height);
    }
    handled_although_the_first_are_old(&mut rig, &first);
}

#[test]
fn a_lasting_liar_beside_an_honest_node_holds_nothing_up_for_long() {
    const TOLD: [(&str, Lie); 6] = [
        ("kaia_getHeaderByNumber", Lie::Changed),
        ("kaia_getBlockReceipts", Lie::Missing),
        ("kaia_getProof", Lie::Null),
        ("kaia_estimateGas", Lie::OfAnotherType),
        ("kaia_estimateGas", Lie::Reverts),
        ("kaia_sendRawTransaction", Lie::Error),
    ];
    let (mut rig, first) = rig(Plan::new("lasting"));
    let mut requests: Vec<Requested> = Vec::new();
    let mut slowest = Duration::ZERO;
    for (method, lie) in TOLD {
        // Never the truth in between, and after each start the liar is asked first.
        for node in &first {
            node.lie(method, lie);
        }
        rig.start(0, &[]);
        for _ in 0..3 {
            requests.push(rig.request(Side::Main, 3 * requests.len() as u64));
        }
        slowest = slowest.max(rig.wait_handled(Side::Main, Duration::from_secs(30)));
        rig.kill(0);
        let told: u64 = first.iter().map(|node| node.lie(method, lie)).sum();
        assert!(told > 0, "{method} {lie:?}");
    }
    println!("the slowest took {slowest:?}");
    rig.assert_all_handled(Side::Main);
    let honest: BTreeSet<_> = requests.iter().map(|request| rig.pair.honest_call(request).vote_key()).collect();
    assert!(rig.vote_inputs(Side::Service).iter().all(|input| honest.contains(&vote_key(input))));
    assert_eq!(rig.votes(Side::Service), (requests.len(), 0));
}

/// On the main chain gas has a price that moves. Whoever will not pay it still follows and watches.
#[test]
fn gas_above_the_limit_stops_votes_and_nothing_else() {
    let mut rig = Rig::new(Plan { operators: 2, ..Plan::new("dear") });
    let path = rig.operators[0].folder.join("operator.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("[chains.main]\n", "[chains.main]\nmax_gas_price = 1\n");
    std::fs::write(&path, text).unwrap();
    rig.start(0, &[]);
    rig.request(Side::Service, 0);
    wait_for_log(&rig, "above max_gas_price");
    let loot = Address([0x77; 20]);
    let nonce = rig.progress(Side::Service).0 + 5;
    let call = HandleCall {
        token_type: TokenType::Coin,
        request_tx_hash: Hash([0x66; 32]),
        from: loot,
        to: loot,
        token: None,
        value: COIN,
        nonce,
        request_block: rig.pair.service.height(),
        token_uri: None,
        extra: vec![],
    };
    rig.pair.vote(1, Side::Main, &call).unwrap();
    let thief = keys::address(rig.pair.operator(1, Side::Main).unwrap());
    wait_for_log(&rig, &format!("{thief} voted for what nobody requested"));
    assert_eq!(rig.status(0)["directions"]["service->main"]["alarms"]["gas_price"], 1, "once, not at each block");
    assert_eq!(rig.votes(Side::Main).0, 1, "only the thief's");
}
