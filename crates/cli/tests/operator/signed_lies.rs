//! Votes by signature among peers that lie, hang or have lost their key: nothing wrong is sent, nothing is held up, and what reaches
//! the chain is named.

use crate::false_peer::{Answer, FalsePeer};
use crate::rig::{Plan, Rig};
use crate::theft::wait_for_log;
use serde_json::{json, Value as Json};
use spanlight::bridge::layout::{SeatWord, SEAT_COUNT};
use spanlight::bridge::signed::{SignedHandle, SigningDomain};
use spanlight::bridge::{HandleCall, TokenType};
use spanlight::primitives::{encode_hex, Address, Hash, U256};
use spanlight_devnet::pair::{BridgeKind, Requested, Side, OUTSIDER, USERS};
use spanlight_devnet::wallet::Sending;
use spanlight_forge::keys;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(90);
const LOOT: Address = Address([0x77; 20]);

fn plan(name: &'static str) -> Plan {
    let voting = "turn_blocks = 10".to_owned();
    Plan { bridge: BridgeKind::V2, threshold: 3, signed: true, voting, ..Plan::new(name) }
}

/// Somebody who has an operator's key on the service chain.
#[derive(Clone)]
struct Thief {
    key: u64,
    domain: SigningDomain,
    epoch: u64,
}

impl Thief {
    fn of(rig: &Rig, operator: usize) -> Self {
        let chain_id = |name: &str| rig.trust.chain(name).unwrap().profile.chain_id;
        let bridge = rig.pair.end(Side::Service).bridge;
        let chain = rig.pair.service.chain();
        let account = chain.state().account(&bridge).unwrap().unwrap();
        let word = chain.state().word(&account, &SEAT_COUNT).unwrap();
        Self {
            key: rig.pair.operator(operator, Side::Service).unwrap(),
            domain: SigningDomain {
                source_chain_id: chain_id("main"),
                source_bridge: rig.pair.end(Side::Main).bridge,
                chain_id: chain_id("service"),
                bridge,
            },
            epoch: SeatWord::decode(&Hash::from_u256(word)).unwrap().operator_epoch,
        }
    }

    fn digest(&self, call: &HandleCall) -> Hash {
        self.domain.digest(call, self.epoch)
    }

    fn address(&self) -> Address {
        keys::address(self.key)
    }

    /// Brings a signature to the chain: anybody may.
    fn bring(&self, rig: &Rig, call: &HandleCall) {
        let signatures = vec![keys::sign_for_contract(self.key, &self.digest(call))];
        let input = SignedHandle { call: call.clone(), signatures }.encode();
        let (_, receipt) =
            rig.pair.execute(Side::Service, OUTSIDER, &Sending::call(self.domain.bridge, input)).unwrap();
        assert!(receipt.is_success(), "the contract takes any operator's signature");
    }
}

fn forgeries(call: &HandleCall) -> [HandleCall; 3] {
    [
        HandleCall { value: call.value.saturating_add(U256::ONE), ..call.clone() },
        HandleCall { to: LOOT, ..call.clone() },
        HandleCall { token_type: TokenType::Erc20, token: Some(LOOT), ..call.clone() },
    ]
}

fn high_s(mut signature: [u8; 65]) -> [u8; 65] {
    let order = U256::from_limbs([0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, 0xffff_ffff_ffff_fffe, u64::MAX]);
    let s = U256::try_from_be_slice(&signature[32..64]).unwrap();
    signature[32..64].copy_from_slice(&order.wrapping_sub(s).to_be_bytes::<32>());
    signature[64] ^= 1;
    signature
}

/// An odd count: of operators that ask by turns each hears each lie.
const LIES: usize = 13;

/// One thing that must not count as the thief's vote for the honest call.
fn lie(thief: &Thief, honest: &HandleCall, number: usize) -> Json {
    let given = |nonce: u64, digest: Hash, signature: &[u8]| json!([{ "nonce": nonce, "digest": digest, "signature": encode_hex(signature) }]);
    let (nonce, right) = (honest.nonce, thief.digest(honest));
    let [amount, recipient, token] = forgeries(honest);
    let labelled = |call: &HandleCall| given(nonce, right, &keys::sign(thief.key, &thief.digest(call)));
    let older = Thief { epoch: thief.epoch - 1, ..thief.clone() }.digest(honest);
    match number % LIES {
        0 => labelled(&amount),
        1 => labelled(&recipient),
        2 => labelled(&token),
        3 => given(nonce, thief.digest(&amount), &keys::sign(thief.key, &thief.digest(&amount))),
        4 => labelled(&HandleCall { nonce: nonce + 1, ..honest.clone() }),
        5 => given(nonce + 1, right, &keys::sign(thief.key, &right)),
        6 => given(nonce, right, &high_s(keys::sign(thief.key, &right))),
        7 => given(nonce, right, &keys::sign(OUTSIDER, &right)),
        8 => given(nonce, right, &keys::sign(thief.key, &older)),
        9 => given(nonce, older, &keys::sign(thief.key, &older)),
        10 => given(nonce, right, &[0x5a; 65]),
        11 => given(nonce, right, &[0x5a; 9000]),
        _ => json!({ "nonce": "?" }),
    }
}

/// The honest calls of what was requested, by nonce.
type Calls = Arc<Mutex<BTreeMap<u64, HandleCall>>>;

/// Every submission carries the honest call, and signatures of these operators only.
fn assert_submissions_are_of(rig: &Rig, calls: &Calls, operators: &[usize]) {
    let thief = Thief::of(rig, 0);
    let honest: Vec<Address> = operators.iter().map(|index| Thief::of(rig, *index).address()).collect();
    for input in rig.vote_inputs(Side::Service) {
        let signed = SignedHandle::decode(&input).unwrap();
        assert_eq!(Some(&signed.call), calls.lock().unwrap().get(&signed.call.nonce));
        for signature in signed.signatures {
            let signer = keys::signer(&thief.digest(&signed.call), &signature);
            assert!(honest.contains(&signer), "{signer}");
        }
    }
}

fn request(rig: &Rig, calls: &Calls, number: u64) -> Requested {
    let request = rig.request(Side::Main, number);
    let call = rig.pair.honest_call(&request);
    calls.lock().unwrap().insert(call.nonce, call);
    request
}

#[test]
fn lies_of_a_peer_count_for_nothing_and_hold_nothing_up() {
    let mut rig = Rig::new(plan("lies"));
    let (calls, thief) = (Calls::default(), Thief::of(&rig, 3));
    let (known, mut told) = (Arc::clone(&calls), 0usize);
    let peer = FalsePeer::in_place_of(&rig, 3, move |question| {
        let nonce = question["nonces"][0].as_u64().unwrap();
        let Some(honest) = known.lock().unwrap().get(&nonce).cloned() else { return Answer::Says(json!([])) };
        told += 1;
        Answer::Says(lie(&thief, &honest, told))
    });
    // Two honest ones are not enough: whatever counted wrongly would execute or be sent.
    (0..2).for_each(|index| rig.start(index, &[]));
    request(&rig, &calls, 0);
    let start = Instant::now();
    while peer.asked() < LIES * 4 {
        assert!(start.elapsed() < LONG, "asked {} times\n{}", peer.asked(), crate::rig::tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!((rig.progress(Side::Main), rig.votes(Side::Service)), ((1, 0), (0, 0)));
    // Had anything counted, they would have tried to send it, and the contract would have refused it.
    assert!((0..2).all(|index| !rig.log(index).contains("parked")));
    wait_for_log(&rig, &[0, 1], &["a peer's signature does not fit".to_owned()], LONG);
    rig.start(2, &[]);
    rig.wait_handled(Side::Main, LONG);
    // With three honest ones it goes on in spite of the liar.
    (1..4).for_each(|number| drop(request(&rig, &calls, number)));
    rig.wait_handled(Side::Main, LONG);
    assert!((0..3).all(|index| !rig.has_ended(index)));
    rig.assert_all_handled_once(Side::Main);
    assert_submissions_are_of(&rig, &calls, &[0, 1, 2]);
    assert_eq!(rig.votes(Side::Service).1, 0);
}

#[test]
fn a_peer_that_hangs_or_answers_without_end_is_left_and_holds_nothing_up() {
    let mut rig = Rig::new(plan("hangs"));
    let calls = Calls::default();
    let peer = FalsePeer::in_place_of(&rig, 3, |_| Answer::Hangs);
    (0..3).for_each(|index| rig.start(index, &[]));
    for endless in [false, true] {
        if endless {
            peer.now(|_| Answer::Endless);
        }
        let (asked, left) = (peer.asked(), peer.left());
        let number = u64::from(endless) * 2;
        (number..number + 2).for_each(|number| drop(request(&rig, &calls, number)));
        let took = rig.wait_handled(Side::Main, LONG);
        let start = Instant::now();
        while peer.asked() == asked || peer.left() == left {
            // What is asked may be answered by others at once: then there has to be something that stays open.
            assert!(start.elapsed() < LONG, "asked {} and left {} times", peer.asked(), peer.left());
            if start.elapsed() > Duration::from_secs(5) && peer.asked() == asked {
                request(&rig, &calls, 4 + number);
                std::thread::sleep(Duration::from_secs(1));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        println!("endless {endless}: handled after {took:?}");
    }
    rig.wait_handled(Side::Main, LONG);
    rig.assert_all_handled_once(Side::Main);
    assert_submissions_are_of(&rig, &calls, &[0, 1, 2]);
}

#[test]
fn signatures_of_a_stolen_key_that_reach_the_chain_execute_nothing_and_are_named() {
    let mut rig = Rig::new(plan("stolen-signed"));
    let (thief, honest) = (Thief::of(&rig, 3), [0, 1, 2]);
    for (number, forgery) in (0u64..3).zip(0usize..) {
        // The operators are stopped while the forgery goes first.
        honest.iter().for_each(|index| rig.kill(*index));
        let request = rig.request(Side::Main, number);
        let forged = forgeries(&rig.pair.honest_call(&request))[forgery].clone();
        thief.bring(&rig, &forged);
        honest.iter().for_each(|index| rig.start(*index, &[]));
        rig.wait_handled(Side::Main, LONG);
        let named = format!("operator {} voted {}", thief.address(), forged.vote_key());
        wait_for_log(&rig, &honest, &[named], LONG);
    }
    assert_eq!(rig.pair.service.balance(&LOOT), U256::ZERO);
    rig.assert_all_handled_once(Side::Main);
    assert_eq!(rig.votes(Side::Service).1, 0);
}

#[test]
fn whoever_has_lost_its_key_votes_over_the_thief_by_a_call() {
    let mut rig = Rig::new(plan("lost-key"));
    // Operator 3 is down, so the vote of operator 2, whose key is stolen, is needed.
    let thief = Thief::of(&rig, 2);
    let user = rig.pair.user(USERS[1]);
    let request = rig.request(Side::Main, 0);
    let [forged, ..] = forgeries(&rig.pair.honest_call(&request));
    assert_ne!(forged.to, user);
    thief.bring(&rig, &forged);
    (0..3).for_each(|index| rig.start(index, &[]));
    rig.wait_handled(Side::Main, LONG);
    wait_for_log(&rig, &[2], &["its key is in other hands".to_owned()], LONG);
    rig.assert_all_handled_once(Side::Main);
    let inputs = rig.vote_inputs(Side::Service);
    let corrections = inputs.iter().filter(|input| **input == rig.pair.honest_call(&request).encode()).count();
    assert_eq!((corrections, rig.votes(Side::Service).1), (1, 0));
}

/// At each database write and each send, before and after it: the process that sends the signatures dies there once.
#[test]
fn killed_at_every_write_and_every_send_of_signatures_nothing_is_lost_or_doubled() {
    const POINTS: [&str; 6] =
        ["before_intend", "after_intend", "before_send", "after_send", "before_settle", "after_settle"];
    let voting = "turn_blocks = 400".to_owned();
    let mut rig = Rig::new(Plan { operators: 2, threshold: 2, voting, ..plan("failpoints-signed") });
    rig.start(1, &[]);
    for point in POINTS {
        rig.start(0, &[("SPANLIGHT_FAILPOINT", &format!("{point}:1"))]);
        // One of two successive nonces is operator 0's to send; the other operator waits its long turn.
        (0..2).for_each(|number| drop(rig.request(Side::Main, number * 3)));
        let start = Instant::now();
        while !rig.has_ended(0) {
            assert!(start.elapsed() < LONG, "{point} was never reached\n{}", crate::rig::tail(&rig.log(0)));
            std::thread::sleep(Duration::from_millis(10));
        }
        rig.kill(0);
        rig.start(0, &[]);
        rig.wait_handled(Side::Main, LONG);
        rig.kill(0);
    }
    rig.assert_all_handled_once(Side::Main);
    assert_eq!(rig.votes(Side::Service), (2 * POINTS.len(), 0), "one transaction for each");
}
