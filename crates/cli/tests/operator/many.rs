//! Many transfers that stay open: what a block costs an operator, and its endpoints, is bounded.

use crate::liar::Liar;
use crate::rig::{Plan, Rig};
use spanlight::primitives::{Address, U256};
use spanlight_devnet::abi;
use spanlight_devnet::pair::{Side, USERS};
use spanlight_devnet::wallet::{self, Sending};
use std::time::{Duration, Instant};

/// Far more than one request of a node may name.
const POISON: usize = 150;

/// Tokens for nobody, which a bridge of generation C can never deliver, in as few blocks as it takes.
fn poison(rig: &Rig) {
    let arguments = [U256::from(5u8).into(), Address::ZERO.into(), 0u64.into(), b"".as_slice().into()];
    let call = abi::call("requestValueTransfer(uint256,address,uint256,bytes)", &arguments);
    let sending = Sending::call(rig.pair.end(Side::Main).erc20, call);
    let mut last = None;
    for _ in 0..POISON {
        let raw = wallet::sign(&rig.pair.main.chain(), USERS[0], &sending);
        last = Some(rig.pair.main.send(&raw).unwrap());
    }
    assert!(rig.pair.main.wait_for(&last.unwrap()).unwrap().is_success());
}

fn wait(rig: &Rig, what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(120), "{what}\n{}", crate::rig::tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn hundreds_of_parked_transfers_neither_hold_up_later_ones_nor_cost_a_node_much() {
    let voting = "retry_blocks = 100000".to_owned();
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, voting, ..Plan::new("many") });
    let service = Liar::to(&rig.pair.service.url());
    rig.operators.clear();
    rig.add_operator(0, &[rig.pair.main.url(), service.url()]);
    poison(&rig);
    rig.start(0, &[]);
    wait(&rig, "the poison is parked", || rig.log(0).matches("\"parked\"").count() >= POISON);
    for number in 0..3 {
        let later = rig.request(Side::Main, number);
        wait(&rig, "later ones wait", || rig.is_closed(Side::Service, later.event.nonce));
    }
    service.slots();
    let from = rig.pair.service.height();
    wait(&rig, "the chain stands", || rig.pair.service.height() >= from + 12);
    let slots = service.slots();
    // At each look the operator's own account is read too, without any slot.
    let looks = slots.iter().filter(|count| **count == 0).count();
    let (widest, all) = (slots.iter().max().copied().unwrap(), slots.iter().sum::<usize>());
    println!("{all} slots at {looks} looks, {widest} at most in one request");
    assert!(widest <= 128 && looks > 0);
    // Sixteen parked ones of three slots, beside the fixed twenty.
    assert!(all <= looks * 80, "{all} slots at {looks} looks");
}
