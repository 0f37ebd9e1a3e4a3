//! What a pool refuses that a block could hold, as real nodes do, and what takes a waiting
//! transaction's place.

use spanlight::primitives::{Address, U256};
use spanlight::transaction::Transaction;
use spanlight_devnet::pair::COIN;
use spanlight_devnet::wallet::{self, Sending};
use spanlight_devnet::{ChainConfig, ChainHandle};
use spanlight_forge::keys;

const RICH: u64 = 101;
const POOR: u64 = 102;
const SOMEBODY: Address = Address([0xdd; 20]);
const FEE: u64 = 25_000_000_000;

fn start(config: ChainConfig) -> ChainHandle {
    let balances = vec![
        (keys::address(RICH), COIN.saturating_mul(U256::from(1_000u64))),
        (keys::address(POOR), U256::from(FEE).saturating_mul(U256::from(30_000u64))),
    ];
    ChainHandle::start(ChainConfig { balances, ..config }).unwrap()
}

fn signed(chain: &ChainHandle, key: u64, nonce: u64, price: u64, sending: &Sending) -> Vec<u8> {
    wallet::sign_with(chain.chain().config().chain_id, key, nonce, U256::from(price), sending)
}

fn carrying(bytes: usize, gas: u64) -> Sending {
    Sending { to: Some(SOMEBODY), input: vec![1; bytes], gas: Some(gas), ..Sending::default() }
}

fn refusal(chain: &ChainHandle, raw: &[u8]) -> String {
    chain.send(raw).unwrap_err().to_string()
}

#[test]
fn a_transaction_of_more_bytes_than_nodes_take_is_refused_with_its_signature_counted() {
    let chain = start(ChainConfig::main());
    let around = signed(&chain, RICH, 0, FEE, &carrying(130_000, 20_000_000)).len() - 130_000;
    let longest = 131_072 - around;
    let largest = signed(&chain, RICH, 0, FEE, &carrying(longest, 20_000_000));
    let larger = signed(&chain, RICH, 1, FEE, &carrying(longest + 3, 20_000_000));
    assert!(largest.len() <= 131_072 && larger.len() > 131_072, "{} {}", largest.len(), larger.len());
    chain.send(&largest).unwrap();
    assert_eq!(refusal(&chain, &larger), "oversized data");
    let greedy = signed(&chain, RICH, 1, FEE, &carrying(1, 500_000_001));
    assert!(refusal(&chain, &greedy).starts_with("tx gas limit exceeds the upper limit"));
}

#[test]
fn data_costs_a_flat_price_before_prague_and_has_a_floor_after_it() {
    let service = start(ChainConfig::service());
    assert_eq!(refusal(&service, &signed(&service, RICH, 0, FEE, &carrying(1_000, 120_999))), "intrinsic gas too low");
    let hash = service.send(&signed(&service, RICH, 0, FEE, &carrying(1_000, 121_000))).unwrap();
    service.mine().unwrap();
    assert_eq!(service.receipt(&hash).unwrap().gas_used, 121_000);
    let main = start(ChainConfig::main());
    let low = signed(&main, RICH, 0, FEE, &carrying(1_000, 60_999));
    assert_eq!(refusal(&main, &low), "insufficient gas for floor data gas cost");
    main.send(&signed(&main, RICH, 0, FEE, &carrying(1_000, 61_000))).unwrap();
}

#[test]
fn a_sender_who_could_not_pay_all_the_gas_is_refused_in_the_words_of_nodes() {
    let chain = start(ChainConfig::main());
    let dear = signed(&chain, POOR, 0, FEE, &carrying(0, 30_001));
    assert_eq!(refusal(&chain, &dear), "insufficient funds of the sender for value ");
    chain.send(&signed(&chain, POOR, 0, FEE, &carrying(0, 30_000))).unwrap();
}

/// A transaction of the type that cancels, signed by [`RICH`].
fn cancel(chain: &ChainHandle, nonce: u64, price: u64) -> Vec<u8> {
    use spanlight::rlp::RlpStream;
    let chain_id = chain.chain().config().chain_id;
    let build = |signature: Option<[u8; 65]>| {
        let mut list = RlpStream::new();
        list.begin_unbounded_list();
        list.append(&nonce).append(&price).append(&21_000u64).append(&keys::address(RICH).as_bytes());
        list.begin_list(usize::from(signature.is_some()));
        if let Some(signature) = signature {
            let word = |at: usize| U256::from_be_slice(&signature[at..at + 32]).to_be_bytes_trimmed_vec();
            let v = chain_id * 2 + 35 + u64::from(signature[64]);
            list.begin_list(3).append(&v).append(&word(0)).append(&word(32));
        }
        list.finalize_unbounded_list();
        Transaction::decode(&[&[0x38], list.out().as_ref()].concat()).unwrap()
    };
    build(Some(keys::sign(RICH, &build(None).sign_hash(chain_id)))).encode()
}

#[test]
fn a_higher_price_or_one_that_cancels_takes_the_place_of_a_waiting_one() {
    const SAME: &str = "there is another tx which has the same nonce in the tx pool";
    let main = start(ChainConfig::main());
    main.send(&signed(&main, RICH, 0, 2 * FEE, &carrying(0, 30_000))).unwrap();
    assert_eq!(refusal(&main, &signed(&main, RICH, 0, 2 * FEE, &carrying(0, 40_000))), SAME);
    main.send(&signed(&main, RICH, 0, 2 * FEE + 1, &carrying(0, 40_000))).unwrap();
    let hash = main.send(&cancel(&main, 0, FEE)).unwrap();
    main.mine().unwrap();
    assert!(main.receipt(&hash).unwrap().is_success());
    // Where all pay the same, only what cancels.
    let service = start(ChainConfig::service());
    service.send(&signed(&service, RICH, 0, FEE, &carrying(0, 30_000))).unwrap();
    assert_eq!(refusal(&service, &signed(&service, RICH, 0, FEE, &carrying(0, 40_000))), SAME);
    let hash = service.send(&cancel(&service, 0, FEE)).unwrap();
    service.mine().unwrap();
    assert!(service.receipt(&hash).unwrap().is_success());
}
