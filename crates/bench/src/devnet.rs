//! How fast a devnet makes blocks and takes transactions, in memory and on disk.

use spanlight::U256;
use spanlight_devnet::pair::{BridgeKind, Side, Value, COIN, USERS};
use spanlight_devnet::wallet::{self, Sending};
use spanlight_devnet::{abi, Chain, ChainConfig, Pair, PairConfig};
use spanlight_forge::keys;
use std::time::Instant;

const BLOCKS: u64 = 500;
const TRANSFERS: u64 = 2_000;

/// Prints the table.
pub fn table() {
    println!("\n| devnet, four validators | in memory | on disk |\n| --- | --- | --- |");
    let folder = std::env::temp_dir().join(format!("spanlight-bench-{}", std::process::id()));
    let [memory, disk] = [None, Some(folder.clone())].map(|keep| {
        let config = PairConfig::default();
        Rates::measure(PairConfig {
            main: ChainConfig { keep: keep.clone(), ..config.main },
            service: ChainConfig { keep, ..config.service },
            bridge: BridgeKind::V2,
            ..config
        })
    });
    let _ = std::fs::remove_dir_all(folder);
    let row = |name: &str, rate: fn(&Rates) -> f64| println!("| {name} | {:.0} | {:.0} |", rate(&memory), rate(&disk));
    row("empty blocks/s", |rates| rates.blocks);
    row("coin transfers/s, pool and blocks of up to 1,000", |rates| rates.coin);
    row("token transfers/s, the same", |rates| rates.tokens);
    row("bridge transfers/s, request and 3 votes, a block each", |rates| rates.bridged);
}

struct Rates {
    blocks: f64,
    coin: f64,
    tokens: f64,
    bridged: f64,
}

impl Rates {
    fn measure(config: PairConfig) -> Self {
        let pair = Pair::start(config).expect("a pair");
        let blocks = rate(BLOCKS, || pair.main.mine_many(BLOCKS).expect("blocks"));
        let bob = keys::address(USERS[1]);
        let coin = Sending { to: Some(bob), value: U256::ONE, gas: Some(21_000), ..Sending::default() };
        let token = abi::call("transfer(address,uint256)", &[bob.into(), U256::ONE.into()]);
        let token = Sending { gas: Some(100_000), ..Sending::call(pair.main_end.erc20, token) };
        let [coin, tokens] = [coin, token].map(|sending| send_many(&mut pair.main.chain(), &sending));
        let bridged = rate(20, || {
            for _ in 0..20 {
                let request = pair.request(Side::Main, USERS[0], bob, Value::Coin(COIN)).expect("a request");
                assert!(pair.deliver(&request).expect("votes").is_success());
            }
        });
        Self { blocks, coin, tokens, bridged }
    }
}

/// Signing is the client's work and not counted.
fn send_many(chain: &mut Chain, sending: &Sending) -> f64 {
    let rules = chain.rules_of_next();
    let price = rules.base_fee.map_or(U256::from(rules.unit_price), |fee| fee * U256::from(4u64));
    let (key, id) = (USERS[0], chain.config().chain_id);
    let first = chain.pending_nonce(&keys::address(key));
    let raw: Vec<Vec<u8>> =
        (first..first + TRANSFERS).map(|nonce| wallet::sign_with(id, key, nonce, price, sending)).collect();
    rate(TRANSFERS, || {
        for part in raw.chunks(1_000) {
            for raw in part {
                chain.send(raw).expect("taken");
            }
            let block = chain.mine().expect("a block");
            assert_eq!(block.items.len(), part.len());
            assert!(block.items.iter().all(|item| item.executed.receipt.is_success()));
        }
    })
}

fn rate(count: u64, run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    count as f64 / start.elapsed().as_secs_f64()
}
