//! Another account pays for an operator's transactions.

use crate::rig::{Plan, Rig, PASSWORD};
use spanlight::{Address, U256};
use spanlight_devnet::pair::{Side, USERS};
use spanlight_devnet::wallet::private_key;
use spanlight_operator::keys::{import_key, Strength};
use std::time::Duration;

/// A user of the devnet, who holds coin on both chains.
const PAYER: u64 = USERS[3];

fn coin(rig: &Rig, side: Side, account: Address) -> U256 {
    let chain = rig.pair.chain(side).chain();
    chain.state().account(&account).unwrap().map_or(U256::ZERO, |account| account.balance)
}

/// Writes the payer's key beside an operator's configuration and names it there for both chains.
fn let_pay(rig: &Rig, index: usize) {
    let folder = &rig.operators[index].folder;
    let (path, _) = import_key(&folder.join("fees"), PASSWORD, Strength::Light, &private_key(PAYER).0).unwrap();
    let line = format!(
        "fee_payer = {{ kind = \"file\", path = \"{}\", password = {{ file = \"../password\" }} }}\nkey = ",
        path.display()
    );
    let file = folder.join("operator.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, text.replace("key = ", &line)).unwrap();
}

#[test]
fn a_fee_payer_pays_for_votes_and_the_operators_keep_their_coin() {
    let mut rig = Rig::new(Plan { operators: 2, ..Plan::new("fees") });
    (0..2).for_each(|index| let_pay(&rig, index));
    let operators = [0, 1].map(|index| rig.pair.user(rig.pair.operator(index, Side::Service).unwrap()));
    let payer = rig.pair.user(PAYER);
    let before = operators.map(|operator| coin(&rig, Side::Service, operator));
    let paid_before = coin(&rig, Side::Service, payer);
    rig.start_all();
    // Coins to a user who is not the payer.
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    rig.assert_all_handled(Side::Main);
    assert_eq!(operators.map(|operator| coin(&rig, Side::Service, operator)), before, "the operators paid nothing");
    assert!(coin(&rig, Side::Service, payer) < paid_before, "the payer did");
    assert_eq!(rig.votes(Side::Service), (2, 0));
}

#[test]
fn an_operators_own_key_as_its_fee_payer_is_refused_at_the_start() {
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("fees-own") });
    let file = rig.operators[0].folder.join("operator.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let line = text.lines().find(|line| line.starts_with("key = ")).unwrap().replace("key = ", "fee_payer = ");
    std::fs::write(&file, text.replacen("key = ", &format!("{line}\nkey = "), 1)).unwrap();
    rig.start(0, &[]);
    let start = std::time::Instant::now();
    while !rig.has_ended(0) {
        assert!(start.elapsed() < Duration::from_secs(60), "it runs");
        std::thread::sleep(Duration::from_millis(50));
    }
    let log = rig.log(0);
    assert!(log.contains("chains.main.fee_payer: the operator's own key"), "{log}");
}
