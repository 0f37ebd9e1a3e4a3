use super::*;
use crate::link::Patience;
use axum::extract::State;
use axum::routing::post;
use serde_json::{json, Value};
use spanlight::primitives::{decode_hex, encode_hex, keccak256};
use spanlight::Hash;
use spanlight_prover::Cancel;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const GAS: Gas = Gas { most: 10_000_000, overtaken: 0, keeps_a_rest: false, all: false };

#[test]
fn gas_is_what_was_seen_with_what_may_come_and_never_more_than_the_most() {
    assert_eq!(GAS.of(170_000, 30_000, 0), 625_000);
    assert_eq!(GAS.of(0, 0, 0), 500_000, "one that says too little costs no vote");
    assert_eq!(Gas { keeps_a_rest: true, ..GAS }.of(170_000, 30_000, 0), 2_125_000);
    let overtaken = |overtaken| Gas { overtaken, ..GAS }.of(170_000, 30_000, 0);
    assert_eq!((overtaken(110), overtaken(201)), (2_825_000, 4_645_000));
    assert_eq!(overtaken(u64::MAX), overtaken(201), "the bridge passes over no more at a time");
    assert_eq!(GAS.of(u64::MAX, 1, 5), GAS.most);
    assert_eq!(Gas { all: true, ..GAS }.of(1, 1, 1), GAS.most);
}

#[test]
fn a_call_is_tried_with_what_one_of_its_kind_needed_most() {
    let mut seen = Seen::default();
    let vote = |input| Call { from: Address::ZERO, to: Address([1; 20]), value: U256::ZERO, input, gas: 1_000 };
    let (short, long) = ([7; 36], [7; 2_000]);
    assert_eq!(seen.of(&vote(&short)), None, "nothing is known yet");
    for gas in [300, 700, 500] {
        seen.note(&vote(&short), gas);
    }
    assert_eq!(seen.of(&vote(&short)), Some(700));
    assert_eq!(seen.of(&vote(&[8; 36])), None, "another function");
    assert_eq!(seen.of(&vote(&long)), None, "long data cost gas of their own");
    assert_eq!(seen.of(&Call { to: Address([2; 20]), ..vote(&short) }), None, "another contract");
    assert_eq!(seen.of(&Call { gas: 600, ..vote(&short) }), None, "never more than it may have");
    seen.note(&vote(&[]), 21_000);
    let coin = Call { to: Address([3; 20]), gas: 50_000, ..vote(&[]) };
    assert_eq!(seen.of(&coin), Some(21_000), "coin costs the same for anybody without code");
}

#[test]
fn what_others_handled_a_block_earlier_is_no_failure() {
    let of_vote = |words: &str, is_second| No::Reverts(words.to_owned()).of_vote(is_second);
    for words in ["execution reverted: closed vote", "evm: execution reverted: removed vote"] {
        for is_second in [false, true] {
            assert_eq!(of_vote(words, is_second), Delivery::Meanwhile);
        }
    }
    let reason = "execution reverted: ERC20: mint to the zero address".to_owned();
    assert_eq!(of_vote(&reason, false), Delivery::Fails { reason });
}

/// A recipient or a token may say whatever it likes.
#[test]
fn only_the_bridge_itself_can_say_that_it_is_paused_or_has_handled_it() {
    let selector = encode_hex(&keccak256(b"HandlesArePaused()").0[..4]);
    let paused = reverts::in_words(&format!("execution reverted ({selector})"));
    assert!(reverts::is_pause(&paused), "{paused}");
    for words in [paused.as_str(), "execution reverted: closed vote", "execution reverted: HandlesArePaused"] {
        let reason = words.to_owned();
        assert_eq!(No::Reverts(reason.clone()).of_delivery(), Delivery::Fails { reason });
    }
    assert_eq!(No::Reverts(paused.clone()).of_vote(true), Delivery::Paused);
    let reason = paused.clone();
    let of_generation_c = No::Reverts(paused).of_vote(false);
    assert_eq!(of_generation_c, Delivery::Fails { reason }, "that bridge has no such pause");
    assert_eq!(No::Unknown.of_vote(true), Delivery::Unknown);
}

/// A node that makes the calls of a request one after the other, as nodes do. A call to an account
/// whose last byte is so high takes long; one to an account that takes nothing fails.
#[derive(Clone, Default)]
struct OneAfterTheOther {
    /// Methods and numbers of calls of the requests that it got.
    requests: Arc<Mutex<Vec<(String, usize)>>>,
    /// It takes requests and never answers them.
    hangs: bool,
    /// The test is over: what is open is answered.
    is_over: Arc<AtomicBool>,
}

const BURNS: u8 = 0xf0;
const TAKES_NOTHING: u8 = 0xe0;
/// Of the endpoints.
const LIMIT: Duration = Duration::from_secs(20);

impl OneAfterTheOther {
    async fn hang(&self) {
        while !self.is_over.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn serve(&self) -> String {
        async fn answer(State(node): State<OneAfterTheOther>, body: String) -> String {
            let asked: Value = serde_json::from_str(&body).unwrap();
            let calls = asked.as_array().cloned().unwrap_or_else(|| vec![asked.clone()]);
            let method = calls[0]["method"].as_str().unwrap().to_owned();
            node.requests.lock().unwrap().push((method, calls.len()));
            if node.hangs {
                node.hang().await;
            }
            let mut said = Vec::new();
            for call in &calls {
                let to = decode_hex(call["params"][0]["to"].as_str().unwrap()).unwrap();
                let is_delivery = call["params"][0]["data"] == "0x";
                if is_delivery && to[19] == BURNS {
                    node.hang().await;
                }
                said.push(if is_delivery && to[19] == TAKES_NOTHING {
                    let error = json!({"code": -32000, "message": "execution reverted"});
                    json!({"jsonrpc": "2.0", "id": call["id"], "error": error})
                } else {
                    json!({"jsonrpc": "2.0", "id": call["id"], "result": "0x5208"})
                });
            }
            if asked.is_array() {
                Value::from(said).to_string()
            } else {
                said[0].to_string()
            }
        }
        crate::link::tests::serve(axum::Router::new().route("/", post(answer)).with_state(self.clone()))
    }
}

fn link_to(nodes: &[&OneAfterTheOther]) -> Link {
    let urls: Vec<String> = nodes.iter().map(|node| node.serve()).collect();
    let mut link = Link::open(&urls, LIMIT, &Cancel::default()).unwrap();
    // What can be asked alone may miss the short time on a busy machine: it gets the long one then.
    let (together, alone) = (Duration::from_millis(300), Duration::from_secs(3));
    link.patience = Patience { together, alone, all: Duration::from_secs(20), single: LIMIT };
    link
}

fn bridge() -> BridgeEnd {
    let (chain, address) = ("a".to_owned(), Address([9; 20]));
    BridgeEnd { chain, address, mint_burn: false, sends: true, codes: Vec::new() }
}

fn coin_for(last: u8) -> HandleCall {
    let mut to = Address([1; 20]);
    to.0[19] = last;
    HandleCall {
        token_type: TokenType::Coin,
        request_tx_hash: Hash::ZERO,
        from: Address::ZERO,
        to,
        token: None,
        value: U256::ONE,
        nonce: u64::from(last),
        request_block: 1,
        token_uri: None,
        extra: Vec::new(),
    }
}

async fn simulated(link: &Link, seen: &mut Seen, recipients: &[u8]) -> Vec<Delivery> {
    simulated_by(Manner::Together, link, seen, recipients).await
}

async fn simulated_by(manner: Manner, link: &Link, seen: &mut Seen, recipients: &[u8]) -> Vec<Delivery> {
    let calls: Vec<(HandleCall, Vec<u8>)> = recipients.iter().map(|last| (coin_for(*last), vec![7; 36])).collect();
    let asked = calls.iter().map(|(call, input)| Asked { input, gas: GAS, delivers: Some(call) });
    let asked: Vec<Asked<'_>> = asked.collect();
    simulate(link, &bridge(), Address([2; 20]), &asked, seen, manner).await
}

/// Anybody can make requests to a contract that burns gas, and would keep everybody's transfers
/// back if they were asked about in one breath, and have honest endpoints put aside and accused.
#[tokio::test]
async fn recipients_that_burn_gas_keep_neither_others_nor_the_endpoint_back() {
    let node = OneAfterTheOther::default();
    let mut link = link_to(&[&node]);
    let recipients = [1, BURNS, 2, BURNS, 3, 4];
    let said = simulated(&link, &mut Seen::default(), &recipients).await;
    for (recipient, said) in recipients.iter().zip(&said).filter(|(recipient, _)| **recipient != BURNS) {
        assert!(matches!(said, Delivery::Works { .. }), "{recipient}: {said:?}");
    }
    assert_eq!(link.endpoints.in_use().count(), 1, "it is followed all the same");
    assert_eq!(link.findings(), Vec::<String>::new(), "it did nothing wrong");
    node.is_over.store(true, Ordering::Relaxed);
}

/// One endpoint that serves headers and proofs, and answers no simulation, would stop all votes.
#[tokio::test]
async fn an_endpoint_that_answers_no_simulation_keeps_no_vote_back() {
    let [silent, serving] = [true, false].map(|hangs| OneAfterTheOther { hangs, ..OneAfterTheOther::default() });
    let mut link = link_to(&[&silent, &serving]);
    let said = simulated(&link, &mut Seen::default(), &[1, 2]).await;
    assert!(said.iter().all(|said| matches!(said, Delivery::Works { .. })), "{said:?}");
    assert_eq!(link.endpoints.in_use().count(), 2, "it serves everything else");
    assert_eq!(link.findings(), Vec::<String>::new(), "recipients that burn gas look the same");
    let said = simulated(&link, &mut Seen::default(), &[3, 4]).await;
    assert!(said.iter().all(|said| matches!(said, Delivery::Works { .. })), "{said:?}");
    let requests = silent.requests.lock().unwrap().clone();
    assert_eq!(requests, [("kaia_estimateGas".to_owned(), 2)], "it is asked after the other one now");
    silent.is_over.store(true, Ordering::Relaxed);
}

/// Transfers that nobody told of are asked about alone, and wait longer for each answer.
#[tokio::test]
async fn an_endpoint_that_answers_no_simulation_keeps_none_back_that_is_asked_alone() {
    let [silent, serving] = [true, false].map(|hangs| OneAfterTheOther { hangs, ..OneAfterTheOther::default() });
    let mut link = link_to(&[&silent, &serving]);
    link.patience.single = Duration::from_secs(3);
    let said = simulated_by(Manner::Alone, &link, &mut Seen::default(), &[1, 2]).await;
    silent.is_over.store(true, Ordering::Relaxed);
    assert!(said.iter().all(|said| matches!(said, Delivery::Works { .. })), "{said:?}");
}

/// Each of them is asked about once more: whether it was delivered a moment ago.
#[tokio::test]
async fn deliveries_that_fail_are_asked_about_again_together() {
    let node = OneAfterTheOther::default();
    let mut link = link_to(&[&node]);
    link.patience.together = LIMIT;
    let said = simulated(&link, &mut Seen::default(), &[TAKES_NOTHING; 12]).await;
    assert!(said.iter().all(|said| matches!(said, Delivery::Fails { .. })), "{said:?}");
    let requests = node.requests.lock().unwrap().clone();
    assert!(requests.len() <= 8, "{requests:?}");
}

#[test]
fn what_one_recipient_needs_is_given_to_no_other_and_is_not_believed_for_ever() {
    let coin =
        |last| Call { from: Address::ZERO, to: Address([last; 20]), value: U256::ONE, input: &[], gas: 9_999_999 };
    let mut seen = Seen::default();
    seen.note(&coin(1), 21_000);
    seen.note(&coin(2), 9_900_000);
    assert_eq!([1, 2, 3].map(|last| seen.of(&coin(last))), [Some(21_000), Some(9_900_000), Some(21_000)]);
    (0..Seen::TRIES).for_each(|_| seen.note_try(&coin(2)));
    assert_eq!(seen.of(&coin(2)), Some(21_000), "it is estimated again where that is too little");
    (3..2_000u64).for_each(|last| {
        let to = Address::low_bytes(&Hash(U256::from(last).to_be_bytes()));
        seen.note(&Call { to, ..coin(1) }, 9_900_000);
        assert!(seen.0.len() <= Seen::MOST);
    });
}
