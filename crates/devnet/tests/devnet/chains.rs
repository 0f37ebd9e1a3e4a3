//! One chain: every header form, restart from disk, pruned state, faults, limits.

use serde_json::{json, Value};
use spanlight::commitment::CommitmentForm;
use spanlight::consensus::light_client::{FollowMode, LightClient};
use spanlight::header::{from_rpc_json, read_genesis};
use spanlight::primitives::{Address, U256};
use spanlight::profile::ForkSchedule;
use spanlight::state::{verify_state, StateProof};
use spanlight::Hash;
use spanlight_devnet::config::all_forks;
use spanlight_devnet::pair::{Side, COIN, USERS};
use spanlight_devnet::wallet::{self, Sending};
use spanlight_devnet::{ChainConfig, ChainHandle, Clock, NodeKind, Pair, PairConfig, Production};
use spanlight_forge::keys;
use spanlight_prover::{Cancel, Http, HttpLimits, Transport};
use std::future::Future;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const SOMEBODY: Address = Address([0xaa; 20]);
const RICH: u64 = 101;

fn funded(config: ChainConfig) -> ChainConfig {
    ChainConfig { balances: vec![(keys::address(RICH), COIN * U256::from(1_000u64))], ..config }
}

fn start(config: ChainConfig) -> ChainHandle {
    ChainHandle::start(funded(config)).unwrap()
}

fn pay(chain: &ChainHandle, value: u64) -> Hash {
    let sending = Sending { to: Some(SOMEBODY), value: U256::from(value), gas: Some(50_000), ..Sending::default() };
    let raw = wallet::sign(&chain.chain(), RICH, &sending);
    chain.send(&raw).unwrap()
}

fn call(chain: &ChainHandle, method: &str, params: Value) -> Value {
    chain.node().call(method, params.as_array().unwrap()).unwrap()
}

fn block_on<R>(future: impl Future<Output = R>) -> R {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Follows a chain as a stranger would: from its genesis file and what the node answers.
fn follow(chain: &ChainHandle) -> LightClient {
    let genesis = read_genesis(chain.chain().genesis_file(), "chain").unwrap();
    let mut client = LightClient::from_genesis(&genesis.profile, genesis.header).unwrap();
    let headers = (1..=chain.height())
        .map(|number| {
            let block = call(chain, "kaia_getBlockByNumber", json!([number, true]));
            let header = call(chain, "kaia_getHeaderByNumber", json!([format!("{number:#x}")]));
            let read = from_rpc_json(&block, &genesis.profile).unwrap();
            assert_eq!(read, from_rpc_json(&header, &genesis.profile).unwrap());
            assert_eq!(json!(read.hash()), block["hash"]);
            read
        })
        .collect();
    client.advance(headers, FollowMode::Full, None).unwrap();
    client
}

#[test]
fn forks_come_one_after_the_other_in_every_commitment_form() {
    let at = Some;
    let forks = ForkSchedule {
        istanbul: at(0),
        london: at(1),
        eth_tx_type: at(2),
        magma: at(4),
        kore: at(6),
        shanghai: at(7),
        cancun: at(8),
        randao: at(9),
        kaia: at(11),
        prague: at(12),
        osaka: at(14),
    };
    for form in [CommitmentForm::Trie, CommitmentForm::Simple, CommitmentForm::Concat] {
        let chain = start(ChainConfig { forks: forks.clone(), form, ..ChainConfig::main() });
        let mut counts = Vec::new();
        for value in 1..=16 {
            for _ in 0..value % 4 {
                pay(&chain, value);
            }
            let block = chain.mine().unwrap();
            assert_eq!(block.items.len() as u64, value % 4, "block {value}");
            let fields = block.header.fields();
            counts.push(
                14 + usize::from(fields.base_fee.is_some())
                    + 2 * usize::from(fields.mix_hash.is_some())
                    + 2 * usize::from(fields.blob_gas_used.is_some()),
            );
        }
        assert_eq!(counts, [14, 14, 14, 15, 15, 15, 15, 15, 17, 17, 17, 17, 17, 19, 19, 19]);
        assert_eq!(follow(&chain).head().number(), 16);
    }
}

#[test]
fn a_committee_smaller_than_the_council_seals() {
    let config = ChainConfig { validators: (1..=9).collect(), committee_size: 5, ..ChainConfig::main() };
    let chain = start(config);
    chain.mine_many(20).unwrap();
    follow(&chain);
    let committee = call(&chain, "kaia_getCommittee", json!(["latest"]));
    let info = call(&chain, "kaia_getBlockWithConsensusInfoByNumber", json!(["latest"]));
    assert_eq!(committee.as_array().map(Vec::len), Some(5));
    assert_eq!(info["committee"], committee);
    assert_eq!(info["committers"].as_array().map(Vec::len), Some(4));
    // An idle proposer costs a round, and the block says which.
    let proposer = call(&chain, "kaia_getBlockWithConsensusInfoByNumber", json!(["latest"]))["proposer"].clone();
    let next = (1..=9).map(|key| (key, keys::address(key))).find(|(_, address)| json!(address) != proposer).unwrap();
    call(&chain, "devnet_idle", json!([[next.0]]));
    chain.mine_many(20).unwrap();
    follow(&chain);
    let rounds: Vec<u8> =
        (21..=40).map(|number| chain.chain().block(number).unwrap().header.fields().round()).collect();
    assert!(rounds.iter().any(|round| *round > 0), "{rounds:?}");
}

#[test]
fn a_chain_on_disk_goes_on_after_a_restart() {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("restart");
    let _ = std::fs::remove_dir_all(&folder);
    let config = ChainConfig { keep: Some(folder), repairs: 40, ..ChainConfig::main() };
    let mut chain = start(config.clone());
    chain.chain().add_key(9).unwrap();
    let hash = pay(&chain, 5);
    chain.mine_many(3).unwrap();
    let (head, url) = (chain.chain().head().header.clone(), chain.url());
    let before = call(&chain, "kaia_getTransactionReceipt", json!([hash]));
    assert!(ChainHandle::start(funded(config.clone())).is_err(), "the folder is in use");
    chain.restart().unwrap();
    // It repairs itself: the head that it shows is behind for a while, and then the same as before.
    assert_eq!(call(&chain, "kaia_blockNumber", json!([])), "0x0");
    wait_until("the node has repaired itself", || call(&chain, "kaia_blockNumber", json!([])) == "0x3");
    assert_eq!((chain.chain().head().header.clone(), chain.url()), (head, url));
    assert_eq!(call(&chain, "kaia_getTransactionReceipt", json!([hash])), before);
    assert_eq!(chain.balance(&SOMEBODY), U256::from(5u64));
    pay(&chain, 6);
    chain.mine().unwrap();
    assert_eq!(chain.balance(&SOMEBODY), U256::from(11u64));
    assert_eq!(follow(&chain).head().number(), 4);
    drop(chain);
    let other = ChainConfig { chain_id: 1, ..config };
    let error = ChainHandle::start(funded(other)).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("the folder holds chain 8888"), "{error}");
    assert!(ChainHandle::start(funded(ChainConfig::main())).unwrap().restart().is_err(), "nothing is kept");
}

#[test]
fn old_proofs_hold_on_an_archive_and_are_refused_by_a_full_node() {
    let (archive, full) =
        (start(ChainConfig { node: NodeKind::Archive, ..ChainConfig::main() }), start(ChainConfig::main()));
    for chain in [&archive, &full] {
        for value in 1..=10 {
            pay(chain, value);
            chain.mine().unwrap();
        }
        chain.mine_many(123).unwrap();
    }
    let prove = |chain: &ChainHandle, number: u64| {
        let params = json!([SOMEBODY, [], format!("{number:#x}")]);
        chain.node().call("kaia_getProof", params.as_array().unwrap())
    };
    for number in 1..=10 {
        let answer = prove(&archive, number).unwrap();
        let nodes = answer["accountProof"].as_array().unwrap();
        let mut account_nodes: Vec<Vec<u8>> =
            nodes.iter().map(|node| spanlight::primitives::decode_hex(node.as_str().unwrap()).unwrap()).collect();
        account_nodes.sort_by_key(|node| spanlight::keccak256(node));
        let root = archive.chain().block(number).unwrap().header.fields().state_root;
        let proof = StateProof { account_nodes, ..StateProof::default() };
        let state = verify_state(&root, &SOMEBODY, &proof).unwrap().unwrap();
        assert_eq!(state.account().balance, U256::from(number * (number + 1) / 2));
        let kept = prove(&full, number);
        // The newest block is 133, and 128 states are kept.
        match number {
            0..=5 => assert!(kept.unwrap_err().message.starts_with("missing trie node"), "{number}"),
            _ => assert_eq!(kept.unwrap()["accountProof"], answer["accountProof"]),
        }
    }
    let absent = archive.node().call("eth_getProof", &[json!(Address([9; 20])), json!([]), json!("latest")]);
    assert_eq!(absent.unwrap_err().message, "there is no account corresponding to the given address");
    full.mine_many(200).unwrap();
    assert!(prove(&full, 128).is_ok(), "each 128th state is kept for good");
    assert!(prove(&full, 129).is_err());
    let receipts = call(&full, "kaia_getBlockReceipts", json!([format!("{:#x}", 3)]));
    assert_eq!(receipts.as_array().map(Vec::len), Some(1), "receipts of any age are served");
}

/// Storage proofs fail on a node that prunes as it goes; accounts of any age are proven.
#[test]
fn a_node_that_prunes_live_proves_accounts_and_no_storage() {
    let pair = Pair::start(PairConfig {
        main: ChainConfig { node: NodeKind::LivePruning, ..ChainConfig::main() },
        ..PairConfig::default()
    });
    let pair = pair.unwrap();
    pair.main.mine_many(140).unwrap();
    let bridge = pair.end(Side::Main).bridge;
    let prove = |account: Address, slots: Value, number: u64| {
        pair.main.node().call("kaia_getProof", &[json!(account), slots, json!(format!("{number:#x}"))])
    };
    let head = pair.main.height();
    for number in [head - 138, head] {
        assert!(prove(bridge, json!([]), number).is_ok(), "{number}");
        let error = prove(bridge, json!(["0x0"]), number).unwrap_err();
        assert!(error.message.starts_with("missing trie node"), "{error:?}");
        assert!(prove(pair.user(USERS[0]), json!(["0x0"]), number).is_ok(), "it has no storage");
    }
}

/// A chain whose clock is off, and answers that take their time.
#[test]
fn the_clock_of_a_chain_and_the_time_of_an_answer_are_set() {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    for offset in [-40i64, 40] {
        let config = ChainConfig {
            clock: Clock::System,
            clock_offset: offset,
            genesis_time: now() - 100,
            latency: Duration::from_millis(120),
            ..ChainConfig::main()
        };
        let chain = start(config);
        chain.mine().unwrap();
        let off = i64::try_from(chain.time()).unwrap() - i64::try_from(now()).unwrap();
        assert!((offset - 3..=offset).contains(&off), "{off}");
        let http = Http::new(&chain.url(), HttpLimits::default(), Cancel::default()).unwrap();
        let asked = Instant::now();
        block_on(http.call("kaia_blockNumber", json!([]))).unwrap();
        assert!(asked.elapsed() >= Duration::from_millis(120), "{:?}", asked.elapsed());
        chain.node().call("devnet_heal", &[]).unwrap();
        let asked = Instant::now();
        block_on(http.call("kaia_blockNumber", json!([]))).unwrap();
        assert!(asked.elapsed() >= Duration::from_millis(120), "the latency stays after faults are cleared");
    }
}

#[test]
fn a_second_header_of_one_height_convicts_those_who_signed_both() {
    let chain = start(ChainConfig::main());
    chain.mine_many(3).unwrap();
    let mut client = follow(&chain);
    chain.mine().unwrap();
    let (rival, own) = (chain.equivocate().unwrap(), chain.chain().head().header.clone());
    let found = spanlight::consensus::equivocation::check(&client, &own, &rival).unwrap();
    assert_eq!(found.both.len(), 3);
    client.advance(vec![rival], FollowMode::Full, None).unwrap();
}

#[test]
fn what_is_asked_is_bounded() {
    let chain = start(ChainConfig { forks: all_forks(), ..ChainConfig::main() });
    let refused = |method: &str, params: Value| chain.node().call(method, params.as_array().unwrap()).unwrap_err();
    assert_eq!(refused("eth_getLogs", json!([{ "fromBlock": "0x5", "toBlock": "0x4" }])).code, -32602);
    assert_eq!(refused("devnet_mine", json!([1_001])).code, -32005);
    let slots = vec!["0x0"; 4_097];
    assert_eq!(refused("kaia_getProof", json!([SOMEBODY, slots, "latest"])).code, -32005);
    assert_eq!(refused("eth_getLogs", json!([{ "topics": [[], [], [], [], []] }])).code, -32602);
    assert_eq!(refused("eth_getBalance", json!(["0x12"])).code, -32602);
    assert_eq!(refused("eth_noSuchThing", json!([])).code, -32601);
    assert_eq!(refused("eth_getBalance", json!([SOMEBODY, "0x99"])).message, "header not found");
    // JUMPDEST PUSH0 JUMP: for ever, but for the gas.
    let endless = refused("eth_call", json!([{ "data": "0x5b5f56", "gas": "0xffffffffffffffff" }]));
    assert_eq!(endless.message, "out of gas");
    for _ in 0..256 {
        call(&chain, "eth_newBlockFilter", json!([]));
    }
    assert_eq!(refused("eth_newBlockFilter", json!([])).code, -32005);
}

#[test]
fn a_transaction_brings_its_block_where_the_chain_is_set_up_so() {
    let chain = start(ChainConfig { production: Production::OnTransaction, ..ChainConfig::main() });
    let hash = pay(&chain, 1);
    assert_eq!(chain.height(), 1);
    assert!(chain.receipt(&hash).unwrap().is_success());
}

#[test]
fn blocks_that_come_faster_than_their_times_go_catch_up_with_the_clock_and_then_wait() {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let chain = start(ChainConfig {
        production: Production::Every(Duration::from_millis(5)),
        clock: Clock::Step(1),
        genesis_time: now() - 30,
        ..ChainConfig::main()
    });
    let start = Instant::now();
    while chain.height() < 30 {
        assert!(start.elapsed() < Duration::from_secs(60), "{}", chain.height());
        std::thread::sleep(Duration::from_millis(5));
    }
    for _ in 0..100 {
        let time = chain.time();
        assert!(time <= now(), "no header is from the future");
        std::thread::sleep(Duration::from_millis(15));
    }
    assert!(chain.height() > 30, "it goes on by the clock");
}
