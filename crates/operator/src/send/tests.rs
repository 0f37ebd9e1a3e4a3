use super::*;
use crate::decide::NonceState;
use crate::keys::test_key;
use crate::view::AccountView;
use spanlight::bridge::layout::NonceWord;
use spanlight::transaction::Transaction;
use spanlight::verdict::HeaderRef;
use spanlight::Hash;
use spanlight_prover::Cancel;
use std::time::Duration;
use Taken::{Before, Newly};

fn said(said: &[(&str, Taken)]) -> Vec<(String, Taken)> {
    said.iter().map(|(name, taken)| ((*name).to_owned(), *taken)).collect()
}

#[test]
fn who_took_a_transaction_and_did_not_pass_it_on_is_named_only_if_others_got_it_taken() {
    let mut handed = Handed::default();
    handed.note(Reach::One, said(&[("one", Newly)]));
    assert_eq!(handed.swallower(), None);
    handed.note(Reach::All, said(&[("one", Newly)]));
    assert_eq!(handed.swallower(), None, "nobody else took it");
    handed.note(Reach::All, said(&[("one", Before), ("other", Newly)]));
    assert_eq!(handed.swallower(), Some("one"));
    handed.note(Reach::All, said(&[("one", Before), ("other", Before)]));
    assert_eq!(handed.swallower(), Some("one"), "the other one has it from this operator");
    // Of what an earlier run gave away it is not known who had it.
    let mut handed = Handed::default();
    handed.note(Reach::All, said(&[("one", Newly), ("other", Newly)]));
    assert_eq!(handed.swallower(), None);
}

#[test]
fn who_passed_a_transaction_on_is_never_named() {
    let mut handed = Handed::default();
    handed.note(Reach::One, said(&[("one", Newly)]));
    handed.note(Reach::All, said(&[("one", Before), ("other", Before), ("third", Newly)]));
    handed.note(Reach::All, said(&[("one", Newly), ("other", Newly), ("third", Newly)]));
    assert_eq!(handed.swallower(), None);
    let mut handed = Handed::default();
    handed.note(Reach::One, said(&[("one", Before)]));
    handed.note(Reach::All, said(&[("one", Before), ("other", Newly)]));
    assert_eq!(handed.swallower(), None, "it had it from somebody else");
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
        second: None,
        transfers: closed.iter().map(|nonce| (*nonce, handled.clone())).collect(),
        account: AccountView::default(),
    }
}

/// A sender whose endpoint does not answer.
async fn sender(name: &str) -> (Sender, Link, std::path::PathBuf) {
    let folder = std::env::temp_dir().join(format!("spanlight-send-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let store = Store::open(&format!("sqlite:{}", folder.join("operator.db").display())).await.unwrap();
    let lease = Arc::new(store.acquire("a->b").await.unwrap().unwrap());
    let config = r#"endpoints = ["http://127.0.0.1:1"]
        key = { kind = "file", path = "", password = { env = "" } }"#;
    let config: ChainConfig = toml::from_str(config).unwrap();
    let keys = ChainKeys::alone(Arc::new(test_key(7)));
    let link = Link::open(&config.endpoints, Duration::from_secs(1), &Cancel::default()).unwrap();
    let mut sender = Sender::start(&store, &lease, &keys, 1, &config, 10).await.unwrap();
    sender.set_pricing(Pricing::Fixed(U256::from(25u8)));
    (sender, link, folder)
}

async fn send(sender: &mut Sender, link: &Link, nonce: u64) {
    let action = Action::Call { to: Address([9; 20]), input: vec![1, 2, 3] };
    sender.send(link, &view(100, 0, &[]), (Purpose::Vote, nonce), action, 50_000).await.unwrap();
}

fn purposes(sender: &Sender) -> Vec<Purpose> {
    sender.live.iter().map(|live| live.send.purpose).collect()
}

#[tokio::test]
async fn a_vote_is_given_up_only_where_its_transfer_is_proven_to_be_handled() {
    let (mut sender, link, folder) = sender("needed").await;
    for nonce in [3, 5, 6] {
        send(&mut sender, &link, nonce).await;
    }
    assert_eq!(sender.votes_in_flight().collect::<Vec<_>>(), [3, 5, 6]);
    sender.tend(&link, &view(110, 4, &[6])).await.unwrap();
    assert_eq!(purposes(&sender), [Purpose::Cancel, Purpose::Vote, Purpose::Cancel]);
    let vote = Transaction::decode(&sender.live[1].send.raw).unwrap();
    assert_eq!((vote.to(), vote.input()), (Some(Address([9; 20])), &[1u8, 2, 3][..]));
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn two_transactions_of_one_transfer_that_nobody_needs_end_no_session() {
    let (mut sender, link, folder) = sender("twice").await;
    send(&mut sender, &link, 3).await;
    sender.tend(&link, &view(110, 4, &[])).await.unwrap();
    send(&mut sender, &link, 3).await;
    assert_eq!(purposes(&sender), [Purpose::Cancel, Purpose::Vote]);
    sender.tend(&link, &view(120, 4, &[])).await.unwrap();
    assert_eq!(purposes(&sender), [Purpose::Cancel, Purpose::Vote], "it waits for the first one");
    // The first one is in a block.
    sender.store.settle(&sender.lease, 1).await.unwrap();
    sender.live.remove(0);
    sender.tend(&link, &view(130, 4, &[])).await.unwrap();
    assert_eq!(purposes(&sender), [Purpose::Cancel]);
    std::fs::remove_dir_all(folder).unwrap();
}
