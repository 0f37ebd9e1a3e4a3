//! Another account pays for an operator's transactions.

use crate::rig::{Plan, Rig, PASSWORD};
use spanlight::{Address, U256};
use spanlight_devnet::abi;
use spanlight_devnet::pair::{Side, DEPLOYER, USERS};
use spanlight_devnet::wallet::{private_key, Sending};
use spanlight_operator::keys::{import_key, Strength};
use std::time::{Duration, Instant};

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

/// A key whose account nobody has sent anything to: it does not exist on either chain.
const NOBODY: u64 = 77_777;

/// Gives an operator another key on the service chain.
fn let_sign(rig: &Rig, index: usize, key: u64) {
    let folder = &rig.operators[index].folder;
    let (path, _) = import_key(&folder.join("own"), PASSWORD, Strength::Light, &private_key(key).0).unwrap();
    let file = folder.join("operator.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, service) = text.split_once("[chains.service]").unwrap();
    let old = service.lines().find(|line| line.starts_with("key = ")).unwrap();
    let key =
        format!("key = {{ kind = \"file\", path = \"{}\", password = {{ file = \"../password\" }} }}", path.display());
    std::fs::write(&file, format!("{before}[chains.service]{}", service.replacen(old, &key, 1))).unwrap();
}

fn wait_for_alarm(rig: &Rig, code: &str) {
    let start = Instant::now();
    while rig.status(0)["directions"]["main->service"]["alarms"][code].as_u64().unwrap_or_default() == 0 {
        assert!(start.elapsed() < Duration::from_secs(60), "{code} is not raised\n{}", crate::rig::tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn register(rig: &Rig, operator: Address) {
    let input = abi::call("registerOperator(address)", &[operator.into()]);
    let sending = Sending::call(rig.pair.end(Side::Service).bridge, input);
    assert!(rig.pair.execute(Side::Service, DEPLOYER, &sending).unwrap().1.is_success());
}

#[test]
fn an_account_that_does_not_exist_starts_says_what_it_lacks_and_goes_on_once_it_has_it() {
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("nobody") });
    let_sign(&rig, 0, NOBODY);
    rig.start_all();
    let nobody = rig.pair.user(NOBODY);
    wait_for_alarm(&rig, "not_operator");
    wait_for_alarm(&rig, "no_coin");
    register(&rig, nobody);
    rig.request(Side::Main, 0);
    let start = Instant::now();
    while rig.status(0)["directions"]["main->service"]["pending"]["0"]["reason"] != "no_coin" {
        assert!(start.elapsed() < Duration::from_secs(60), "{}", rig.status(0));
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(rig.ask(0, &["why", "0", "--from", "main"]).contains("send it coin"));
    let coin = Sending { to: Some(nobody), value: spanlight_devnet::pair::COIN, ..Sending::default() };
    rig.pair.execute(Side::Service, USERS[0], &coin).unwrap();
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    assert_eq!(rig.votes(Side::Service), (1, 0));
}

#[test]
fn an_account_that_does_not_exist_votes_by_a_fee_payer() {
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("nobody-paid") });
    let_sign(&rig, 0, NOBODY);
    let_pay(&rig, 0);
    register(&rig, rig.pair.user(NOBODY));
    rig.start_all();
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    assert_eq!(rig.votes(Side::Service), (1, 0));
    assert!(rig.status(0)["directions"]["main->service"]["alarms"]["no_coin"].is_null(), "{}", rig.status(0));
}
