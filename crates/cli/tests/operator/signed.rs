//! Votes by signature: the bridge of version 2, three of four operators.

use crate::accounts::replace_key;
use crate::rig::{Plan, Rig};
use spanlight::primitives::{Address, U256};
use spanlight_devnet::pair::{BridgeKind, Side, Value, USERS};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::Connection as _;
use std::path::Path;
use std::time::Duration;

fn plan(name: &'static str) -> Plan {
    let voting = "turn_blocks = 10".to_owned();
    Plan { bridge: BridgeKind::V2, threshold: 3, signed: true, voting, ..Plan::new(name) }
}

#[test]
fn signatures_are_exchanged_and_one_transaction_carries_them() {
    let mut rig = Rig::new(plan("signed"));
    rig.start_all();
    for number in 0..6 {
        rig.request(Side::Main, number);
    }
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    for number in 0..6 {
        rig.request(Side::Service, number);
    }
    rig.wait_handled(Side::Service, Duration::from_secs(120));
    for side in [Side::Main, Side::Service] {
        let (sent, reverted) = rig.votes(side);
        println!("{sent} transactions for 6 transfers");
        // One each; where the machine is so slow that a turn passes, a second one changes nothing and does not fail.
        assert!((6..=24).contains(&sent) && reverted == 0, "{sent} sent, {reverted} reverted");
        rig.assert_all_handled(side);
    }
    // One operator is down for good, all others are killed and started again.
    rig.kill(0);
    for number in 6..9 {
        rig.request(Side::Main, number);
    }
    (1..4).for_each(|index| rig.kill(index));
    (1..4).for_each(|index| rig.start(index, &[]));
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    rig.assert_all_handled(Side::Main);
    // Below the threshold nothing moves, and nothing is lost.
    rig.kill(1);
    rig.request(Side::Main, 9);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(rig.progress(Side::Main), (10, 9));
    assert!(rig.ask(2, &["pending"]).contains("signatures of other operators are missing"));
    rig.start(1, &[]);
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    rig.assert_all_handled(Side::Main);
}

#[test]
fn the_same_bridge_takes_votes_and_a_transfer_that_cannot_be_delivered_closes() {
    // Turns long enough for a busy machine: a fourth operator would vote where one only is late.
    let voting = "turn_blocks = 40".to_owned();
    let mut rig = Rig::new(Plan { signed: false, voting, ..plan("votes-v2") });
    // One of the accounts has another key than that of its address.
    replace_key(&rig, 3, 70_001);
    rig.start_all();
    // Coin for a contract that takes none: the nonce closes, and the value is kept for its recipient.
    let token = rig.pair.end(Side::Service).erc20;
    assert_ne!(token, Address::ZERO);
    rig.pair.request(Side::Main, USERS[0], token, Value::Coin(U256::from(5u8))).unwrap();
    for number in 1..4 {
        rig.request(Side::Main, number);
    }
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    assert_eq!(rig.votes(Side::Service), (12, 0));
}

/// A session that starts again inside a process has its own signature again, as one that starts in a new process has: here
/// because its store could not be written for a while. With as many operators as the threshold each one is needed, and turns are
/// so long that each sends what is its own.
#[test]
fn an_operator_whose_session_starts_again_signs_again() {
    let voting = "turn_blocks = 10000".to_owned();
    let mut rig = Rig::new(Plan { operators: 2, threshold: 2, voting, ..plan("signs-again") });
    rig.start(0, &[]);
    rig.request(Side::Main, 0);
    rig.request(Side::Main, 3);
    rig.wait_for_log(0, "signed", 2);
    {
        let _lock = WriteLock::take(&rig.operators[0].folder.join("operator.db"));
        rig.request(Side::Main, 6);
        rig.wait_for_log(0, "cannot work; starting again", 1);
    }
    rig.start(1, &[]);
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    rig.assert_all_handled(Side::Main);
}

/// Another program writes to an SQLite file, and nobody else can.
struct WriteLock {
    _open: sqlx::SqliteConnection,
    _runtime: tokio::runtime::Runtime,
}

impl WriteLock {
    fn take(path: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let open = runtime.block_on(async {
            let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(5));
            let mut open = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut open).await.unwrap();
            open
        });
        Self { _open: open, _runtime: runtime }
    }
}
