use super::*;
use crate::decide::NonceState;
use crate::keys::{test_key, test_public_key, Signatory, Signer};
use crate::pause::Pause;
use crate::view::AccountView;
use axum::extract::State;
use axum::routing::post;
use serde_json::{json, Value};
use spanlight::bridge::layout::NonceWord;
use spanlight::profile::ForkSchedule;
use spanlight::state::AccountKey;
use spanlight::transaction::{Transaction, TransactionKind};
use spanlight::verdict::HeaderRef;
use spanlight::Hash;
use spanlight_prover::Cancel;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

const STUCK: u64 = 10;
const FEE: u64 = 25_000_000_000;
const CAP: u64 = 750_000_000_000;

/// An endpoint that takes what it is given, or refuses it in these words.
#[derive(Clone, Default)]
struct Endpoint {
    /// Words of refusal, and the transactions it was given.
    taken: Arc<Mutex<(Option<&'static str>, BTreeSet<String>)>>,
    /// Switched on when it is asked.
    pause: Arc<Mutex<Option<Pause>>>,
    /// How many transactions each request held.
    requests: Arc<Mutex<Vec<usize>>>,
}

impl Endpoint {
    fn refuse(&self, words: impl Into<Option<&'static str>>) {
        self.taken.lock().unwrap().0 = words.into();
    }

    /// Serves on a thread of its own: a call of the sender's waits for its answer.
    fn serve(&self) -> String {
        async fn answer(State(endpoint): State<Endpoint>, body: String) -> String {
            let asked: Value = serde_json::from_str(&body).unwrap();
            endpoint.requests.lock().unwrap().push(asked.as_array().map_or(1, Vec::len));
            match asked.as_array() {
                Some(calls) => calls.iter().map(|call| said(&endpoint, call)).collect::<Value>().to_string(),
                None => said(&endpoint, &asked).to_string(),
            }
        }
        fn said(endpoint: &Endpoint, call: &Value) -> Value {
            let raw = call["params"][0].as_str().unwrap().to_owned();
            if let Some(pause) = &*endpoint.pause.lock().unwrap() {
                pause.set(true);
            }
            let mut state = endpoint.taken.lock().unwrap();
            let refusal = state.0.or_else(|| (!state.1.insert(raw)).then_some("known transaction: 00"));
            match refusal {
                Some(words) => json!({"jsonrpc": "2.0", "id": call["id"], "error": {"code": -32000, "message": words}}),
                None => json!({"jsonrpc": "2.0", "id": call["id"], "result": Hash::ZERO.to_string()}),
            }
        }
        crate::link::tests::serve(axum::Router::new().route("/", post(answer)).with_state(self.clone()))
    }
}

fn view(head: u64, lower_handle_nonce: u64, closed: &[u64]) -> View {
    let handled = NonceState { handled: true, ..NonceState::default() };
    View {
        head: HeaderRef { number: head, hash: Hash::ZERO, time: 0 },
        me: Address([1; 20]),
        code: Hash::ZERO,
        owner: Address([2; 20]),
        liquidity: U256::ZERO,
        nonces: NonceWord { lower_handle_nonce, ..NonceWord::default() },
        threshold: 1,
        operators: Vec::new(),
        voters: crate::view::Voters::default(),
        second: None,
        transfers: closed.iter().map(|nonce| (*nonce, handled.clone())).collect(),
        account: AccountView::default(),
    }
}

fn at(head: u64) -> View {
    view(head, 0, &[])
}

struct Bench {
    sender: Sender,
    link: Link,
    endpoints: [Endpoint; 2],
    folder: std::path::PathBuf,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// The rules of a chain with every fork, or of one with a fixed price.
fn rules(pricing: Pricing) -> Rules {
    let from = Some(0);
    let all =
        ForkSchedule { istanbul: from, eth_tx_type: from, magma: from, kaia: from, prague: from, ..Default::default() };
    match pricing {
        Pricing::Fixed(_) => Rules::at(&ForkSchedule { istanbul: from, ..ForkSchedule::default() }, 1),
        Pricing::BaseFee(_) => Rules::at(&all, 1),
    }
}

/// A sender with two endpoints, and these transactions in its store.
async fn bench_with(name: &str, pricing: Pricing, stored: &[NewSend]) -> Bench {
    let folder = std::env::temp_dir().join(format!("spanlight-send-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let store = Store::open(&format!("sqlite:{}", folder.join("operator.db").display())).await.unwrap();
    let lease = Arc::new(store.acquire("a->b").await.unwrap().unwrap());
    for send in stored {
        store.intend(&lease, send).await.unwrap();
    }
    let endpoints = [Endpoint::default(), Endpoint::default()];
    let urls = [endpoints[0].serve(), endpoints[1].serve()];
    let config = r#"endpoints = []
        key = { kind = "file", path = "", password = { fd = 0 } }"#;
    let config = ChainConfig { max_gas_price: CAP, ..toml::from_str(config).unwrap() };
    let keys = ChainKeys::alone(Arc::new(test_key(7)));
    let link = Link::open(&urls, Duration::from_secs(20), &Cancel::default()).unwrap();
    let mut sender = Sender::start(&store, &lease, &keys, 1, &config, STUCK).await.unwrap();
    sender.set_conditions(pricing, rules(pricing), U256::MAX);
    Bench { sender, link, endpoints, folder }
}

async fn bench(name: &str, pricing: Pricing) -> Bench {
    bench_with(name, pricing, &[]).await
}

fn fixed() -> Pricing {
    Pricing::Fixed(U256::from(FEE))
}

fn base_fee(fee: u64) -> Pricing {
    Pricing::BaseFee(U256::from(fee))
}

impl Bench {
    async fn try_to_send(&mut self, nonce: u64, input: Vec<u8>, head: u64) -> Result<(), SendError> {
        let action = Action::Call { to: Address([9; 20]), input };
        self.sender.send(&self.link, &at(head), (Purpose::Vote, nonce), action, 2_500_000).await
    }

    async fn send(&mut self, nonces: &[u64]) {
        for nonce in nonces {
            self.try_to_send(*nonce, vec![1, 2, 3], 100).await.unwrap();
        }
    }

    async fn tend(&mut self, view: &View) {
        self.sender.tend(&self.link, view).await.unwrap();
    }

    fn purposes(&self) -> Vec<Purpose> {
        self.sender.live.iter().map(|live| live.send.purpose).collect()
    }

    fn prices(&self) -> Vec<U256> {
        self.sender.live.iter().map(|live| live.send.gas_price).collect()
    }

    fn codes(&mut self) -> BTreeSet<&'static str> {
        self.sender.take_alarms(false).iter().map(Alarm::code).collect()
    }
}

#[tokio::test]
async fn a_vote_is_given_up_only_where_its_transfer_is_proven_to_be_handled() {
    let mut bench = bench("needed", fixed()).await;
    bench.send(&[3, 5, 6]).await;
    assert_eq!(bench.sender.votes_in_flight().collect::<Vec<_>>(), [3, 5, 6]);
    bench.tend(&view(110, 4, &[6])).await;
    assert_eq!(bench.purposes(), [Purpose::Cancel, Purpose::Vote, Purpose::Cancel]);
    let vote = Transaction::decode(&bench.sender.live[1].send.raw).unwrap();
    assert_eq!((vote.to(), vote.input()), (Some(Address([9; 20])), &[1u8, 2, 3][..]));
}

/// Signs, and a person pauses the operator before it has.
struct Slow(Box<dyn Signer>, Pause);

impl Signer for Slow {
    fn address(&self) -> Address {
        self.0.address()
    }

    fn sign(&self, digest: &Hash) -> Result<[u8; 65], KeyError> {
        self.1.set(true);
        self.0.sign(digest)
    }
}

#[tokio::test]
async fn what_is_signed_when_a_person_pauses_the_operator_leaves_it_only_after_the_pause() {
    let mut bench = bench("signed", fixed()).await;
    let pause = Pause::default();
    let all =
        |bench: &Bench| bench.endpoints.iter().map(|endpoint| endpoint.taken.lock().unwrap().1.len()).sum::<usize>();
    bench.link.obey(&pause);
    bench.sender.keys = ChainKeys::alone(Arc::new(Slow(Box::new(test_key(7)), pause.clone())));
    bench.send(&[3]).await;
    assert_eq!((all(&bench), bench.purposes()), (0, vec![Purpose::Vote]), "it is written down");
    bench.tend(&at(101)).await;
    bench.tend(&at(110)).await;
    assert_eq!(all(&bench), 0, "nor is it handed over later");
    pause.set(false);
    bench.tend(&at(111)).await;
    assert_eq!(all(&bench), 2);
}

#[tokio::test]
async fn a_pause_ends_the_handing_over_after_the_endpoint_that_is_being_asked() {
    let mut bench = bench("handing", fixed()).await;
    let pause = Pause::default();
    bench.link.obey(&pause);
    bench.send(&[3, 4, 5]).await;
    let others = |bench: &Bench| bench.endpoints[1].taken.lock().unwrap().1.len();
    assert_eq!(others(&bench), 0);
    // The first endpoint has one when the pause comes; the other one, and the next ones, come
    // after.
    *bench.endpoints[0].pause.lock().unwrap() = Some(pause.clone());
    bench.tend(&at(102)).await;
    assert_eq!((others(&bench), bench.prices().len()), (0, 3));
    *bench.endpoints[0].pause.lock().unwrap() = None;
    pause.set(false);
    bench.tend(&at(103)).await;
    assert_eq!(others(&bench), 3);
}

#[tokio::test]
async fn two_transactions_of_one_transfer_that_nobody_needs_end_no_session() {
    let mut bench = bench("twice", fixed()).await;
    bench.send(&[3]).await;
    bench.tend(&view(110, 4, &[])).await;
    bench.send(&[3]).await;
    assert_eq!(bench.purposes(), [Purpose::Cancel, Purpose::Vote]);
    bench.tend(&view(120, 4, &[])).await;
    assert_eq!(bench.purposes(), [Purpose::Cancel, Purpose::Vote], "it waits for the first one");
    // The first one is in a block.
    let moved = View { account: AccountView { nonce: 1, ..AccountView::default() }, ..view(130, 4, &[]) };
    bench.sender.reconcile(&mut bench.link, &moved).await.unwrap();
    bench.tend(&moved).await;
    assert_eq!(bench.purposes(), [Purpose::Cancel]);
}

#[tokio::test]
async fn what_no_node_takes_is_found_before_an_account_nonce_is_given_to_it() {
    for (name, pricing, input) in [
        ("large", base_fee(FEE), vec![0; 131_060]),
        ("data", base_fee(FEE), vec![1; 70_000]),
        ("flat", fixed(), vec![0; 30_000]),
    ] {
        let mut bench = bench(name, pricing).await;
        let refused = bench.try_to_send(1, input, 100).await;
        assert!(matches!(refused, Err(SendError::Unsendable(_))), "{name}: {refused:?}");
        assert!(bench.sender.store.live("a->b").await.unwrap().is_empty(), "{name}: nothing is written down");
        bench.send(&[2]).await;
        let next = &bench.sender.live[0].send;
        assert_eq!((next.nonce, next.account_nonce), (2, 0), "{name}: the next vote has the account nonce");
    }
}

#[tokio::test]
async fn votes_of_a_block_are_given_to_an_endpoint_in_one_request_each_with_its_own_answer() {
    let mut bench = bench("together", fixed()).await;
    let call = |input| Action::Call { to: Address([9; 20]), input };
    let wanted = |nonce, input| Wanted { nonce, action: call(input), gas: 2_500_000 };
    // What cannot be sent takes no account nonce from the others.
    let mut all: Vec<Wanted> = (0..100).map(|nonce| wanted(nonce, vec![1])).collect();
    all.insert(50, wanted(1000, vec![0; 131_060]));
    let done = bench.sender.send_all(&bench.link, &at(100), Purpose::Vote, all).await.unwrap();
    let refused: Vec<u64> = done.iter().filter(|(_, done)| done.is_err()).map(|(nonce, _)| *nonce).collect();
    assert_eq!((done.len(), refused), (101, vec![1000]));
    assert_eq!(*bench.endpoints[0].requests.lock().unwrap(), [64, 36]);
    assert!(bench.endpoints[1].requests.lock().unwrap().is_empty());
    let live = bench.sender.store.live("a->b").await.unwrap();
    let kept: Vec<(u64, u64)> = live.iter().map(|live| (live.send.nonce, live.send.account_nonce)).collect();
    assert_eq!(kept, (0..100).map(|nonce| (nonce, nonce)).collect::<Vec<_>>());
    // What the first endpoint refuses is given to the second.
    bench.endpoints[0].refuse("txpool is full");
    let more = (100..110).map(|nonce| wanted(nonce, vec![1])).collect();
    bench.sender.send_all(&bench.link, &at(100), Purpose::Vote, more).await.unwrap();
    assert_eq!(*bench.endpoints[1].requests.lock().unwrap(), [10]);
}

#[tokio::test]
async fn one_that_is_on_its_way_already_keeps_later_ones_to_the_next_block() {
    let mut bench = bench("twice-at-once", fixed()).await;
    bench.send(&[4]).await;
    let wanted =
        |nonce| Wanted { nonce, action: Action::Call { to: Address([9; 20]), input: vec![1] }, gas: 2_500_000 };
    let all = [3, 4, 5].map(wanted).to_vec();
    let done = bench.sender.send_all(&bench.link, &at(100), Purpose::Vote, all).await.unwrap();
    assert_eq!(
        done.iter().map(|(nonce, done)| (*nonce, done.is_ok())).collect::<Vec<_>>(),
        [(3, true), (4, false), (5, false)]
    );
    assert_eq!(bench.sender.votes_in_flight().collect::<Vec<_>>(), [4, 3]);
}

fn stored(nonce: u64, account_nonce: u64, input: Vec<u8>) -> NewSend {
    let action = Action::Call { to: Address([9; 20]), input };
    let gas_price = U256::from(FEE);
    let draft =
        Draft { chain_id: 1, account_nonce, gas_price, tip: None, gas: 2_500_000, action, form: Form::Ethereum };
    let signed = draft.sign(&ChainKeys::alone(Arc::new(test_key(7)))).unwrap();
    let (purpose, gas, block) = (Purpose::Vote, 2_500_000, 100);
    NewSend { purpose, nonce, account_nonce, gas, gas_price, raw: signed.raw, hash: signed.hash, block }
}

#[tokio::test]
async fn no_store_keeps_a_poison_and_what_comes_after_it_stays() {
    let left = [stored(1, 0, vec![0; 131_060]), stored(2, 1, vec![1])];
    let mut bench = bench_with("poison", fixed(), &left).await;
    bench.tend(&at(101)).await;
    assert_eq!(bench.purposes(), [Purpose::Cancel, Purpose::Vote]);
    let given_up = bench.sender.take_given_up();
    assert_eq!(given_up.iter().map(|(_, nonce, _)| *nonce).collect::<Vec<_>>(), [1]);
    assert!(given_up[0].2.contains("nodes take at most 131072"), "{}", given_up[0].2);
    let cancel = Transaction::decode(&bench.sender.live[0].send.raw).unwrap();
    assert_eq!((cancel.kind(), cancel.nonce()), (TransactionKind::Cancel, 0), "nodes let it take the place of a vote");
    let live = bench.sender.store.live("a->b").await.unwrap();
    assert_eq!(live[0].send.raw, bench.sender.live[0].send.raw, "and so it is in the store");
}

#[tokio::test]
async fn what_every_endpoint_refuses_for_good_gives_its_account_nonce_away() {
    let mut bench = bench("refused", base_fee(FEE)).await;
    bench.endpoints.iter().for_each(|endpoint| endpoint.refuse("invalid sender: whatever"));
    bench.send(&[1, 2]).await;
    for head in 101..99 + STUCK {
        bench.tend(&at(head)).await;
        assert_eq!(bench.purposes(), [Purpose::Vote; 2], "it may be a fault of the moment");
    }
    // One that takes it suffices.
    bench.endpoints[1].refuse(None);
    for head in 99 + STUCK..102 + STUCK {
        bench.tend(&at(head)).await;
    }
    assert_eq!(bench.purposes(), [Purpose::Vote; 2]);
    bench.endpoints[1].refuse("transaction type not supported");
    for head in 102 + STUCK..104 + 2 * STUCK {
        bench.tend(&at(head)).await;
    }
    assert_eq!(bench.purposes(), [Purpose::Cancel, Purpose::Vote]);
    let given_up = bench.sender.take_given_up();
    assert!(given_up.len() == 1 && given_up[0].2.contains("invalid sender"), "{given_up:?}");
}

#[tokio::test]
async fn only_the_first_of_a_queue_is_sent_at_a_higher_price() {
    let mut bench = bench("queue", base_fee(FEE)).await;
    bench.send(&[1, 2, 3]).await;
    let twice = U256::from(2 * FEE);
    for head in 101..=100 + STUCK {
        assert_eq!(bench.prices(), [twice; 3], "{head}");
        bench.tend(&at(head)).await;
    }
    let prices = bench.prices();
    assert!(prices[0] > twice && prices[1..] == [twice; 2], "{prices:?}");
    assert_eq!(bench.purposes(), [Purpose::Vote; 3]);
    let raised = Transaction::decode(&bench.sender.live[0].send.raw).unwrap();
    assert_eq!((raised.kind(), raised.nonce()), (TransactionKind::EthereumDynamicFee, 0));
    assert!(!raised.tip().is_zero(), "others pay more");
}

#[tokio::test]
async fn what_pays_less_than_the_next_block_takes_is_sent_at_its_price_at_once_and_up_to_the_cap() {
    let mut bench = bench("dearer", base_fee(FEE)).await;
    bench.send(&[1, 2]).await;
    let dear = base_fee(400_000_000_000);
    bench.sender.set_conditions(dear, rules(dear), U256::MAX);
    bench.tend(&at(101)).await;
    assert_eq!(bench.prices(), [U256::from(CAP); 2], "work goes on up to the cap, not up to half of it");
    let above = base_fee(CAP + 1);
    bench.sender.set_conditions(above, rules(above), U256::MAX);
    let _ = bench.codes();
    bench.tend(&at(102)).await;
    assert_eq!(bench.prices()[0], U256::from(CAP));
    assert_eq!(bench.codes(), BTreeSet::from(["gas_price"]));
    let waits = bench.try_to_send(3, vec![1], 102).await;
    assert!(matches!(waits, Err(SendError::Waits(Alarm::GasPrice { .. }))), "{waits:?}");
}

#[tokio::test]
async fn without_coin_nothing_is_written_down_and_no_price_climbs() {
    let mut bench = bench("coin", base_fee(FEE)).await;
    bench.send(&[1]).await;
    bench.sender.set_conditions(base_fee(FEE), rules(base_fee(FEE)), U256::from(FEE));
    let waits = bench.try_to_send(2, vec![1], 100).await;
    assert!(matches!(waits, Err(SendError::Waits(Alarm::NoCoin { .. }))), "{waits:?}");
    assert_eq!(bench.sender.store.live("a->b").await.unwrap().len(), 1);
    // What was signed before, no endpoint takes any more.
    bench.endpoints.iter().for_each(|endpoint| endpoint.refuse("insufficient funds of the sender for value "));
    let before = bench.prices();
    for head in 101..100 + 3 * STUCK {
        bench.tend(&at(head)).await;
    }
    assert_eq!((bench.prices(), bench.purposes()), (before, vec![Purpose::Vote]));
    assert!(bench.codes().contains("no_coin"));
    assert!(bench.sender.can_pay().is_err());
}

#[tokio::test]
async fn the_lowest_account_nonce_that_does_not_move_is_told_and_given_away_in_the_end() {
    let mut bench = bench("stuck", fixed()).await;
    bench.send(&[1, 2]).await;
    for head in 101..101 + 3 * STUCK {
        bench.tend(&at(head)).await;
        assert!(bench.codes().is_empty(), "{head}");
    }
    bench.tend(&at(101 + 3 * STUCK)).await;
    assert_eq!(bench.codes(), BTreeSet::from(["send_stuck"]));
    let head = 101 + 3 * STUCK;
    assert_eq!(bench.sender.trouble(1, head).unwrap(), "endpoints have it, and no block has taken it");
    let behind = bench.sender.trouble(2, head).unwrap();
    assert!(behind.starts_with("behind account nonce 0: "), "{behind}");
    assert_eq!(bench.prices(), [U256::from(FEE); 2], "one price holds for everybody");
    bench.tend(&at(101 + 10 * STUCK)).await;
    assert_eq!(bench.purposes(), [Purpose::Cancel, Purpose::Vote]);
    assert_eq!(bench.sender.take_given_up().len(), 1);
    // What moves is not told.
    let moved = View { account: AccountView { nonce: 1, ..AccountView::default() }, ..at(102 + 10 * STUCK) };
    bench.sender.reconcile(&mut bench.link, &moved).await.unwrap();
    let _ = bench.codes();
    bench.tend(&moved).await;
    assert!(bench.codes().is_empty());
}

#[tokio::test]
async fn no_price_climbs_while_nobody_has_the_transaction() {
    let mut bench = bench("silent", base_fee(FEE)).await;
    bench.endpoints.iter().for_each(|endpoint| endpoint.refuse("txpool is full: 4096"));
    bench.send(&[1]).await;
    let before = bench.prices();
    for head in 101..100 + 3 * STUCK {
        bench.tend(&at(head)).await;
    }
    assert_eq!(bench.prices(), before);
    // A lost store may have left another one there.
    bench
        .endpoints
        .iter()
        .for_each(|endpoint| endpoint.refuse("there is another tx which has the same nonce in the tx pool"));
    for head in 100 + 3 * STUCK..103 + 3 * STUCK {
        bench.tend(&at(head)).await;
    }
    assert!(bench.prices()[0] > before[0]);
}

#[tokio::test]
async fn a_gap_among_account_nonces_is_closed_by_the_next_vote_or_by_one_that_does_nothing() {
    let mut bench = bench_with("gap", fixed(), &[stored(1, 1, vec![1]), stored(2, 3, vec![2])]).await;
    bench.send(&[5]).await;
    let nonces = |bench: &Bench| bench.sender.live.iter().map(|live| live.send.account_nonce).collect::<Vec<_>>();
    assert_eq!(nonces(&bench), [0, 1, 3]);
    let moved = |head| View { account: AccountView { nonce: 2, ..AccountView::default() }, ..at(head) };
    bench.sender.reconcile(&mut bench.link, &moved(101)).await.unwrap();
    bench.tend(&moved(101)).await;
    assert_eq!(nonces(&bench), [3], "a vote may come");
    bench.tend(&moved(100 + STUCK)).await;
    assert_eq!((nonces(&bench), bench.purposes()), (vec![2, 3], vec![Purpose::Cancel, Purpose::Vote]));
}

#[tokio::test]
async fn what_is_said_once_while_the_process_wakes_is_kept_for_later() {
    let mut bench = bench("waking", Pricing::Fixed(U256::from(FEE))).await;
    bench.sender.alarms.push(Alarm::Endpoint { finding: "it swallows transactions".to_owned() });
    assert!(bench.sender.take_alarms(true).is_empty());
    assert_eq!(bench.codes(), BTreeSet::from(["endpoint"]));
    assert!(bench.codes().is_empty());
}

#[tokio::test]
async fn in_a_price_war_nothing_is_given_up_before_the_cap_and_what_cancels_pays_no_less() {
    let mut bench = bench("war", base_fee(FEE)).await;
    bench.send(&[1]).await;
    let mut head = 100;
    while bench.purposes() == [Purpose::Vote] {
        let price = bench.prices()[0];
        head += 1;
        bench.tend(&at(head)).await;
        let given_up = !bench.sender.take_given_up().is_empty();
        assert!(!given_up || price == U256::from(CAP), "{price}");
        assert!(head < 100 + 40 * STUCK);
    }
    assert_eq!((bench.purposes(), bench.prices()), (vec![Purpose::Cancel], vec![U256::from(CAP)]));
}

#[tokio::test]
async fn what_is_given_up_and_cannot_be_replaced_yet_is_told_once() {
    let mut bench = bench_with("later", fixed(), &[stored(1, 0, vec![0; 131_060])]).await;
    bench.sender.set_conditions(fixed(), rules(fixed()), U256::ZERO);
    for head in 101..110 {
        bench.tend(&at(head)).await;
        assert!(bench.sender.take_given_up().is_empty(), "its account nonce is not given away yet");
    }
    bench.sender.set_conditions(fixed(), rules(fixed()), U256::MAX);
    bench.tend(&at(110)).await;
    bench.tend(&at(111)).await;
    assert_eq!((bench.sender.take_given_up().len(), bench.purposes()), (1, vec![Purpose::Cancel]));
}

#[tokio::test]
async fn an_anchor_that_no_node_takes_keeps_no_vote_waiting() {
    let mut bench = bench("anchor", base_fee(FEE)).await;
    let words = "locally anchoring chaindata tx is not allowed in this node";
    bench.endpoints.iter().for_each(|endpoint| endpoint.refuse(words));
    let action = Action::Anchor { payload: vec![1; 100] };
    bench.sender.send(&bench.link, &at(100), (Purpose::Anchor, 7), action, 100_000).await.unwrap();
    bench.endpoints.iter().for_each(|endpoint| endpoint.refuse(None));
    bench.send(&[1]).await;
    bench.tend(&at(101)).await;
    assert_eq!(bench.purposes(), [Purpose::Cancel, Purpose::Vote]);
    let given_up = bench.sender.take_given_up();
    assert_eq!((given_up[0].0, given_up[0].1), (Purpose::Anchor, 7));
}

fn account(key: AccountKey) -> AccountView {
    AccountView { exists: true, key, ..AccountView::default() }
}

/// The operator's account has another key than it had: nodes refuse what the old one signs, so
/// nothing of it is made, and the one that waits is not replaced either.
#[tokio::test]
async fn a_key_that_the_account_replaced_signs_nothing_and_says_so() {
    let mut bench = bench("replaced", base_fee(FEE)).await;
    bench.send(&[1]).await;
    bench.sender.see_accounts(&account(AccountKey::Fail), None);
    assert_eq!(bench.sender.keys_fit().unwrap_err().code(), "account_key");
    let waits = bench.try_to_send(2, vec![1, 2, 3], 100).await;
    assert!(matches!(waits, Err(SendError::Waits(Alarm::AccountKey { .. }))), "{waits:?}");
    bench.tend(&view(100 + 2 * STUCK, 2, &[])).await;
    assert_eq!(bench.purposes(), [Purpose::Vote]);
    assert!(bench.codes().contains("account_key"));
    // An account that is not there yet lacks something else.
    bench.sender.see_accounts(&AccountView::default(), None);
    assert!(bench.sender.keys_fit().is_ok());
}

/// An account whose key was set, if only to that of its address, sends none of Ethereum's types.
#[tokio::test]
async fn an_account_with_a_key_of_its_own_sends_the_chains_own_types() {
    let mut bench = bench("named", base_fee(FEE)).await;
    let signer = test_key(7);
    bench.sender.keys = ChainKeys::alone(Arc::new(test_key(7)));
    let kind = |bench: &Bench| Transaction::decode(&bench.sender.live.last().unwrap().send.raw).unwrap().kind();
    bench.sender.see_accounts(&account(AccountKey::Legacy), None);
    bench.send(&[1]).await;
    assert_eq!(kind(&bench), TransactionKind::EthereumDynamicFee);
    let public = test_public_key(7);
    bench.sender.see_accounts(&account(AccountKey::Public(public)), None);
    bench.send(&[2]).await;
    assert_eq!(kind(&bench), TransactionKind::SmartContractExecution);
    let send = &bench.sender.live.last().unwrap().send;
    let transaction = Transaction::decode(&send.raw).unwrap();
    assert_eq!(transaction.from_field(), Some(signer.address()));
    assert!(send.gas_price < U256::from(2 * FEE), "it pays all that it names");
}

/// A fee payer signs in a role of its own.
#[tokio::test]
async fn a_fee_payers_key_is_that_of_its_role() {
    let mut bench = bench("payers-role", base_fee(FEE)).await;
    let payer = Signatory::of(Address([8; 20]), vec![Arc::new(test_key(8))]);
    bench.sender.keys = ChainKeys { fee_payer: Some(payer), ..ChainKeys::alone(Arc::new(test_key(7))) };
    let [first, third] = [9, 8].map(|byte| AccountKey::Public(test_public_key(byte)));
    let roles = |keys: &[&AccountKey]| account(AccountKey::RoleBased(keys.iter().map(|key| (*key).clone()).collect()));
    let own = account(AccountKey::Legacy);
    bench.sender.see_accounts(&own, Some(&roles(&[&first, &first, &third])));
    assert!(bench.sender.keys_fit().is_ok());
    bench.sender.see_accounts(&own, Some(&roles(&[&third, &first, &first])));
    let alarm = bench.sender.keys_fit().unwrap_err();
    assert_eq!((alarm.code(), alarm.subject()), ("account_key", Address([8; 20]).to_string()));
}

/// Signs as slowly as a key service far away.
struct FarAway(Box<dyn Signer>);

const FAR_AWAY: Duration = Duration::from_millis(60);

impl Signer for FarAway {
    fn address(&self) -> Address {
        self.0.address()
    }

    fn sign(&self, digest: &Hash) -> Result<[u8; 65], KeyError> {
        std::thread::sleep(FAR_AWAY);
        self.0.sign(digest)
    }
}

impl Bench {
    async fn send_many(&mut self, nonces: std::ops::Range<u64>) -> Vec<(u64, Result<(), SendError>)> {
        let action = Action::Call { to: Address([9; 20]), input: vec![1, 2, 3] };
        let wanted = nonces.map(|nonce| Wanted { nonce, action: action.clone(), gas: 2_500_000 }).collect();
        self.sender.send_all(&self.link, &at(100), Purpose::Vote, wanted).await.unwrap()
    }
}

/// A worker that signs all of a wave before anything is written down counts as hung, and begins
/// again and again.
#[tokio::test]
async fn what_a_slow_key_has_signed_is_on_its_way_before_the_rest_is_signed() {
    let mut bench = bench("far", fixed()).await;
    bench.sender.keys = ChainKeys::alone(Arc::new(FarAway(Box::new(test_key(7)))));
    let done = bench.send_many(0..200).await;
    assert_eq!(done.iter().map(|(nonce, _)| *nonce).collect::<Vec<_>>(), (0..200).collect::<Vec<_>>());
    let sent = done.iter().take_while(|(_, done)| done.is_ok()).count();
    assert!(done[sent..].iter().all(|(_, done)| matches!(done, Err(SendError::Later(_)))));
    let stored = bench.sender.store.live("a->b").await.unwrap();
    assert!(sent > 0 && stored.len() == sent, "{sent} and {}", stored.len());
    assert!(sent < 200, "the rest comes later");
    let requests = bench.endpoints[0].requests.lock().unwrap().clone();
    // A busy machine signs fewer.
    let most = SIGNING.as_millis().div_ceil(FAR_AWAY.as_millis());
    assert!(requests.iter().all(|count| (*count as u128) <= most), "{requests:?}");
    assert_eq!(requests.iter().sum::<usize>(), sent, "{requests:?}");
}

/// The account nonces behind it would be a gap, which is closed by transactions that do nothing and
/// are paid for.
#[tokio::test]
async fn nothing_is_written_down_behind_an_account_nonce_that_another_one_has() {
    let mut other = bench("other", fixed()).await;
    other.send_many(900..902).await;
    let taken = other.sender.live[1].send.clone();
    let mut bench = bench("taken", fixed()).await;
    bench.sender.store.intend(&bench.sender.lease, &taken).await.unwrap();
    let done = bench.send_many(0..100).await;
    assert!(done[0].1.is_ok() && done.len() == 100, "{:?}", done[0]);
    assert!(done[1..].iter().all(|(_, done)| matches!(done, Err(SendError::Later(_)))));
    let live = bench.sender.live.iter().map(|live| live.send.account_nonce);
    assert_eq!(live.collect::<Vec<_>>(), [0]);
}
