//! Operators whose accounts have other keys than those of their addresses.

use crate::rig::{tail, Plan, Rig, PASSWORD};
use spanlight::bridge::signed::SignedHandle;
use spanlight::state::{AccountKey, WeightedKey};
use spanlight::transaction::TransactionKind;
use spanlight::Address;
use spanlight_devnet::pair::{BridgeKind, Side, USERS};
use spanlight_devnet::wallet::{private_key, update_key};
use spanlight_forge::keys;
use spanlight_operator::keys::{import_key, Strength};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A user of the devnet, who pays for others.
const PAYER: u64 = USERS[3];

fn public(key: u64) -> AccountKey {
    AccountKey::Public(keys::compressed_public_key(key))
}

/// Sets the key of an account on the service chain.
fn set_key(rig: &Rig, account: u64, key: &AccountKey, signers: &[u64]) {
    let raw = update_key(&rig.pair.service.chain(), &keys::address(account), key, signers);
    let hash = rig.pair.service.send(&raw).unwrap();
    assert!(rig.pair.service.wait_for(&hash).unwrap().is_success());
}

/// A key file in an operator's folder, as its configuration names it.
fn key_file(rig: &Rig, index: usize, key: u64) -> String {
    let folder = rig.operators[index].folder.join(format!("key-{key}"));
    let (path, _) = import_key(&folder, PASSWORD, Strength::Light, &private_key(key).0).unwrap();
    format!("{{ kind = \"file\", path = \"{}\", password = {{ file = \"../password\" }} }}", path.display())
}

/// Replaces the key on the service chain in an operator's configuration by these lines.
fn configure(rig: &Rig, index: usize, lines: &str) {
    let file = rig.operators[index].folder.join("operator.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, service) = text.split_once("[chains.service]").unwrap();
    let old = service.lines().find(|line| line.starts_with("key = ")).unwrap();
    std::fs::write(&file, format!("{before}[chains.service]{}", service.replacen(old, lines, 1))).unwrap();
}

/// Replaces the key of an operator's account on the service chain, and tells the operator.
pub(crate) fn replace_key(rig: &Rig, index: usize, key: u64) {
    let account = rig.pair.operator(index, Side::Service).unwrap();
    set_key(rig, account, &public(key), &[account]);
    let lines = format!("address = \"{}\"\nkey = {}", keys::address(account), key_file(rig, index, key));
    configure(rig, index, &lines);
}

fn wait_for_alarm(rig: &Rig, index: usize, code: &str) {
    let start = Instant::now();
    while rig.status(index)["directions"]["main->service"]["alarms"][code].as_u64().unwrap_or_default() == 0 {
        let log = rig.log(index);
        assert!(start.elapsed() < Duration::from_secs(60), "{code} is not raised\n{}", tail(&log));
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The votes by signature that are in blocks of the service chain: who sent each and in whose form,
/// and the accounts that its signatures name.
fn votes(rig: &Rig) -> Vec<(Address, TransactionKind, Vec<Address>)> {
    let bridge = rig.pair.end(Side::Service).bridge;
    let chain = rig.pair.service.chain();
    let blocks = (0..=chain.height()).filter_map(|number| chain.block(number));
    let all = blocks.flat_map(|block| block.items.iter().map(|item| item.signed.clone()));
    let sent = all.filter(|signed| signed.transaction.to() == Some(bridge));
    let votes = sent.filter_map(|signed| {
        let signatures = SignedHandle::decode(signed.transaction.input()).ok()?.signatures;
        let named = signatures.iter().filter(|signature| signature.len() != 65);
        let named = named.map(|signature| Address(signature[..20].try_into().unwrap())).collect();
        Some((signed.sender, signed.transaction.kind(), named))
    });
    votes.collect()
}

/// Ends the thread beside it, also where this one fails.
struct Done(Arc<AtomicBool>);

impl Drop for Done {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Meanwhile the key of an account is replaced in each block: by another one, and by that of its
/// address again, with which the operator signs.
fn while_its_key_flips(rig: &Rig, account: u64, another: u64, work: impl FnOnce()) {
    let done = Done(Arc::default());
    let is_done = Arc::clone(&done.0);
    let flip = || {
        let chain = rig.pair.service.chain();
        let now = chain.state().account(&keys::address(account)).unwrap().unwrap().key;
        let (signer, next) = if now == public(another) { (another, account) } else { (account, another) };
        (chain.height(), update_key(&chain, &keys::address(account), &public(next), &[signer]))
    };
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while !is_done.load(Ordering::SeqCst) {
                let (height, raw) = flip();
                // The operator may have sent something with the same account nonce.
                let _ = rig.pair.service.send(&raw);
                while rig.pair.service.chain().height() == height && !is_done.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        });
        work();
        drop(done);
    });
}

/// One operator's account has another key, one has several, one pays by an account with roles, and
/// one still has the key that its account has replaced: of no use to a thief, nor to itself. Three
/// of four suffice.
#[test]
fn operators_with_other_keys_vote_and_a_replaced_key_does_not() {
    let voting = "turn_blocks = 10".to_owned();
    let plan = Plan { bridge: BridgeKind::V2, threshold: 3, signed: true, voting, ..Plan::new("accounts") };
    let mut rig = Rig::new(plan);
    let accounts: Vec<u64> = (0..4).map(|index| rig.pair.operator(index, Side::Service).unwrap()).collect();
    let named = |account: u64| format!("address = \"{}\"", keys::address(account));
    let weighted = AccountKey::WeightedMultiSig {
        threshold: 2,
        keys: [70_011, 70_012, 70_013]
            .map(|key| WeightedKey { weight: 1, key: keys::compressed_public_key(key) })
            .to_vec(),
    };
    let roles = AccountKey::RoleBased(vec![public(PAYER), public(PAYER), public(70_030)]);
    for (account, key) in [(accounts[1], weighted), (accounts[2], public(70_021)), (PAYER, roles)] {
        set_key(&rig, account, &key, &[account]);
    }
    replace_key(&rig, 0, 70_001);
    let several = [70_013, 70_011].map(|key| key_file(&rig, 1, key));
    configure(&rig, 1, &format!("{}\nkey = {}\nmore_keys = [{}]", named(accounts[1]), several[0], several[1]));
    let payer = key_file(&rig, 3, 70_030);
    let own = key_file(&rig, 3, accounts[3]);
    configure(&rig, 3, &format!("key = {own}\nfee_payer_{}\nfee_payer = {payer}", named(PAYER)));
    rig.start_all();
    for number in 0..4 {
        rig.request(Side::Main, number);
    }
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    rig.assert_all_handled(Side::Main);
    wait_for_alarm(&rig, 2, "account_key");
    let sent = votes(&rig);
    let other = |index: usize| keys::address(accounts[index]);
    assert!(sent.len() >= 4 && sent.iter().all(|(sender, ..)| *sender != other(2)), "{sent:?}");
    assert!(sent.iter().all(|(_, kind, _)| *kind == TransactionKind::SmartContractExecution), "{sent:?}");
    let both = BTreeSet::from([other(0), other(1)]);
    let counted = |named: &Vec<Address>| named.iter().copied().collect::<BTreeSet<Address>>() == both;
    assert!(sent.iter().all(|(_, _, named)| counted(named)), "the replaced key's count for nobody: {sent:?}");
    assert_eq!(rig.votes(Side::Service).1, 0, "none reverted");
    // The first one's key is replaced while it runs: its signature counts no more, and two do not
    // suffice.
    set_key(&rig, accounts[0], &public(70_002), &[70_001]);
    wait_for_alarm(&rig, 0, "account_key");
    rig.request(Side::Main, 6);
    let start = Instant::now();
    while rig.status(0)["directions"]["main->service"]["pending"]["4"]["reason"] != "account_key" {
        assert!(start.elapsed() < Duration::from_secs(60), "{}", rig.status(0));
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(rig.progress(Side::Main), (5, 4));
    // It goes on with the key that its account has now.
    rig.kill(0);
    configure(&rig, 0, &format!("key = {}", key_file(&rig, 0, 70_002)));
    rig.start(0, &[]);
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    rig.assert_all_handled(Side::Main);
    // One changes its key in each block: it keeps nothing back, and costs nobody gas.
    while_its_key_flips(&rig, accounts[2], 70_021, || {
        for number in 7..15 {
            rig.request(Side::Main, number);
        }
        rig.wait_handled(Side::Main, Duration::from_secs(60));
    });
    rig.assert_all_handled(Side::Main);
    for index in 0..4 {
        assert!(
            rig.status(index)["directions"]["main->service"]["alarms"]["parked"].is_null(),
            "{}",
            rig.status(index)
        );
    }
}
