//! Against the recorded chains: every bridge event, every vote, every anchor, and the state that votes left.

use super::*;
use crate::bridge::events::topic;
use crate::bridge::generation::{stripped_code_hash, CODE_HASH_C};
use crate::bridge::layout::*;
use crate::primitives::{encode_hex, keccak256};
use crate::transaction::recordings::{
    address, fixture, fixture_json, hash, hex, recorded_blocks, recorded_transactions, Block,
};
use crate::transaction::TransactionKind;
use serde_json::Value;
use std::collections::BTreeMap;
use std::string::{String, ToString};

struct Chains {
    transfers: Value,
    main: Vec<Block>,
    service: Vec<Block>,
}

impl Chains {
    fn read() -> Self {
        Self {
            transfers: fixture_json("transfers.json"),
            main: recorded_blocks("main"),
            service: recorded_blocks("service"),
        }
    }

    fn blocks(&self, chain: &str) -> &[Block] {
        if chain == "main" {
            &self.main
        } else {
            &self.service
        }
    }

    fn of(&self, chain: &str, key: &str) -> Address {
        address(&self.transfers["chains"][chain][key])
    }

    /// All logs of a chain's bridge with their block and transaction hash.
    fn bridge_logs(&self, chain: &str) -> Vec<(u64, Hash, Log)> {
        let bridge = self.of(chain, "bridge");
        let mut out = vec![];
        for block in self.blocks(chain) {
            for receipt in &block.receipts {
                for log in receipt["logs"].as_array().into_iter().flatten() {
                    let topics = log["topics"].as_array().unwrap().iter().map(hash).collect();
                    let log = Log { address: address(&log["address"]), topics, data: hex(&log["data"]) };
                    if log.address == bridge {
                        out.push((block.number, hash(&receipt["transactionHash"]), log));
                    }
                }
            }
        }
        out
    }

    /// All requests made on a chain, by nonce, with their block and transaction hash.
    fn requests(&self, chain: &str) -> BTreeMap<u64, (u64, Hash, RequestEvent)> {
        let requests = self.bridge_logs(chain).into_iter().filter_map(|(number, tx, log)| {
            let event = RequestEvent::decode(&log).ok()?;
            assert_eq!(Log { address: log.address, ..event.encode() }, log);
            Some((event.nonce, (number, tx, event)))
        });
        requests.collect()
    }

    fn list(&self) -> &[Value] {
        self.transfers["transfers"].as_array().unwrap()
    }
}

fn same(value: U256, json: &Value) -> bool {
    value.to_string() == json.as_str().map_or_else(|| json.to_string(), String::from)
}

#[test]
fn every_recorded_request_decodes_to_the_recorded_values() {
    let chains = Chains::read();
    let (main, service) = (chains.requests("main"), chains.requests("service"));
    let mut seen = 0;
    for transfer in chains.list() {
        let request = &transfer["request"];
        if request.is_null() {
            continue;
        }
        let requests = if transfer["from"] == "main" { &main } else { &service };
        let (number, tx, event) = &requests[&transfer["nonce"].as_u64().unwrap()];
        assert_eq!(*number, request["block"].as_u64().unwrap());
        assert_eq!(*tx, hash(&request["tx"]));
        assert_eq!(u64::from(event.token_type.number()), request["tokenType"].as_u64().unwrap());
        assert_eq!(event.encoding.is_some(), request["event"] == "RequestValueTransferEncoded");
        assert_eq!(event.from, address(&request["from"]));
        assert_eq!(event.to, address(&request["to"]));
        assert_eq!(event.token, address(&request["token"]));
        assert!(same(event.value, &request["value"]) && same(event.fee, &request["fee"]));
        assert_eq!(event.extra, hex(&request["extra"]));
        seen += 1;
    }
    assert_eq!(seen, main.len() + service.len());
    assert!(main.values().chain(service.values()).any(|(_, _, event)| event.encoding.is_some()));
}

#[test]
fn every_recorded_handle_decodes_to_the_recorded_values() {
    let chains = Chains::read();
    let mut decoded = BTreeMap::new();
    for chain in ["main", "service"] {
        for (number, tx, log) in chains.bridge_logs(chain) {
            if log.topics[0] == topic::HANDLE {
                let event = HandleEvent::decode(&log).unwrap();
                assert_eq!(Log { address: log.address, ..event.encode() }, log);
                decoded.insert((chain.to_string(), event.nonce), (number, tx, event));
            }
        }
    }
    let mut seen = 0;
    for transfer in chains.list() {
        for handle in transfer["handle"].as_array().into_iter().flatten() {
            let key = (transfer["to"].as_str().unwrap().to_string(), transfer["nonce"].as_u64().unwrap());
            let (number, tx, event) = &decoded[&key];
            assert_eq!((*number, *tx), (handle["block"].as_u64().unwrap(), hash(&handle["tx"])));
            assert_eq!(event.request_tx_hash, hash(&handle["requestTx"]));
            assert_eq!(u64::from(event.token_type.number()), handle["tokenType"].as_u64().unwrap());
            assert_eq!(event.from, address(&handle["from"]));
            assert_eq!(event.to, address(&handle["to"]));
            assert_eq!(event.token, address(&handle["token"]));
            assert!(same(event.value, &handle["value"]));
            assert_eq!(event.lower_handle_nonce, handle["lower"].as_u64().unwrap());
            assert_eq!(event.extra, hex(&handle["extra"]));
            seen += 1;
        }
    }
    assert_eq!(seen, decoded.len());
}

#[test]
fn recorded_operator_and_threshold_changes_decode() {
    let chains = Chains::read();
    for chain in ["main", "service"] {
        let mut operators = vec![];
        let mut threshold = 1;
        for (_, _, log) in chains.bridge_logs(chain) {
            assert!(topic::ALL.iter().any(|(_, topic)| log.topics[0] == *topic));
            match OperatorEvent::decode(&log) {
                Ok(OperatorEvent::Registered(operator)) => operators.push(operator),
                Ok(OperatorEvent::ThresholdChanged { vote_type: TRANSFER_VOTE, threshold: new }) => threshold = new,
                _ => {}
            }
        }
        assert_eq!(u64::from(threshold), chains.transfers["threshold"].as_u64().unwrap());
        let corrupted = chains.transfers["corruptedOperators"][chain].as_array().unwrap();
        assert!(corrupted.iter().all(|operator| operators.contains(&address(operator))));
    }
}

#[test]
fn every_recorded_vote_decodes_and_honest_votes_are_the_expected_call() {
    let chains = Chains::read();
    let (main, service) = (chains.requests("main"), chains.requests("service"));
    let (mut votes, mut honest_votes, mut uris) = (0, 0, 0);
    for transfer in chains.list() {
        let [from, to] = ["from", "to"].map(|end| transfer[end].as_str().unwrap());
        let requests = if from == "main" { &main } else { &service };
        let nonce = transfer["nonce"].as_u64().unwrap();
        let transactions = recorded_transactions(chains.blocks(to));
        let honest: Vec<_> = chains.transfers["honestOperators"][to].as_array().unwrap().iter().map(address).collect();
        for vote in transfer["votes"].as_array().unwrap() {
            let transaction = &transactions[&hash(&vote["tx"])];
            assert!(transaction.is_contract_call());
            assert_eq!(transaction.to(), Some(chains.of(to, "bridge")));
            let call = HandleCall::decode_canonical(transaction.input()).unwrap();
            assert_eq!(call.nonce, nonce);
            assert_eq!(call.encode(), transaction.input());
            votes += 1;
            if honest.contains(&address(&vote["from"])) {
                let (number, tx, request) = &requests[&nonce];
                let token = if request.token == chains.of(from, "erc20") { "erc20" } else { "erc721" };
                let expected = expected_call(request, *tx, *number, chains.of(to, token));
                assert_eq!(call, expected);
                assert_eq!(vote_key(transaction.input()), expected.vote_key());
                uris += usize::from(expected.token_uri.is_some_and(|uri| !uri.is_empty()));
                honest_votes += 1;
            }
        }
    }
    assert!(votes > honest_votes && honest_votes > 100 && uris > 0, "{votes} {honest_votes} {uris}");
}

#[test]
fn recorded_state_holds_votes_and_settings_at_the_slots_of_the_layout() {
    use std::io::{BufRead, BufReader};
    let chains = Chains::read();
    for (from, to) in [("service", "main"), ("main", "service")] {
        let data = fixture(&std::format!("{to}.rpc.jsonl.gz"));
        let mut state = BTreeMap::new();
        let mut newest = 0;
        for line in BufReader::new(flate2::read::GzDecoder::new(data.as_slice())).lines() {
            let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if line["method"] != "kaia_getProof" || address(&line["params"][0]) != chains.of(to, "bridge") {
                continue;
            }
            assert_eq!(Generation::of_code_hash(&hash(&line["result"]["codeHash"])), Some(Generation::C));
            let number = u64::from_str_radix(&line["params"][2].as_str().unwrap()[2..], 16).unwrap();
            newest = newest.max(number);
            for proof in line["result"]["storageProof"].as_array().unwrap() {
                let digits = proof["value"].as_str().unwrap().trim_start_matches("0x");
                let value = U256::from_str_radix(digits, 16).unwrap();
                state.insert((number, hash(&proof["key"])), Hash::from_u256(value));
            }
        }
        let at = |slot| state.get(&(newest, slot)).copied();
        let requests = chains.requests(to);
        let nonces = NonceWord::decode(&at(NONCES).unwrap()).unwrap();
        assert_eq!(nonces.request_nonce, requests.len() as u64);
        assert_eq!(nonces.mode_mint_burn, to == "service");
        assert!(nonces.is_running);
        assert!(UpperWord::decode(&at(UPPER).unwrap()).unwrap().upper_handle_nonce >= 13);
        assert_eq!(at(threshold_slot(TRANSFER_VOTE)).unwrap().to_u256(), U256::from(2));
        for token in ["erc20", "erc721"] {
            let slot = registered_token_slot(&chains.of(to, token));
            assert_eq!(at(slot), Some(chains.of(from, token).to_word()));
        }
        let transactions = recorded_transactions(chains.blocks(to));
        let mut seen = 0;
        for transfer in chains.list().iter().filter(|transfer| transfer["to"] == to) {
            let base = votes_base(TRANSFER_VOTE, transfer["nonce"].as_u64().unwrap());
            for vote in transfer["votes"].as_array().unwrap().iter().filter(|vote| vote["status"] == 1) {
                let key = vote_key(transactions[&hash(&vote["tx"])].input());
                if let Some(voted) = at(voted_slot(base, &address(&vote["from"]))) {
                    assert_eq!(voted, key);
                    assert!(!at(vote_count_slot(base, &key)).unwrap().is_zero());
                    seen += 1;
                }
            }
        }
        assert!(seen > 10, "{to}: {seen}");
    }
}

#[test]
fn every_recorded_anchor_decodes_to_the_service_block_it_names() {
    let chains = Chains::read();
    let mut seen = 0;
    for transaction in recorded_transactions(&chains.main).values() {
        if transaction.kind() != TransactionKind::ChainDataAnchoring {
            continue;
        }
        let anchoring = Anchoring::decode(transaction.input()).unwrap();
        assert_eq!(anchoring.encode(), transaction.input());
        let Anchoring::Block(data) = anchoring else { panic!("no block") };
        assert!(data.block_count.is_some() && data.tx_count.is_some());
        if let Some(block) = chains.service.iter().find(|block| block.number == data.number) {
            assert_eq!(encode_hex(data.block_hash.as_bytes()), block.hash);
        }
        seen += 1;
    }
    assert_eq!(seen, 400);
}

#[test]
fn the_recorded_bridge_code_is_generation_c_also_without_its_metadata() {
    const RUNTIME_LENGTH: usize = 18_654;
    const CONSTRUCTOR_ARGUMENTS: usize = 32;
    let chains = Chains::read();
    let mut seen = 0;
    for transaction in recorded_transactions(&chains.main).values() {
        let code = transaction.input();
        let Some(end) = code.len().checked_sub(CONSTRUCTOR_ARGUMENTS).filter(|end| *end > RUNTIME_LENGTH) else {
            continue;
        };
        let runtime = &code[end - RUNTIME_LENGTH..end];
        if keccak256(runtime) != CODE_HASH_C {
            continue;
        }
        assert_eq!(Generation::of_runtime_code(runtime), Some(Generation::C));
        let mut rebuilt = runtime.to_vec();
        rebuilt[RUNTIME_LENGTH - 10] ^= 1;
        assert_eq!(Generation::of_code_hash(&keccak256(&rebuilt)), None);
        assert_eq!(Generation::of_runtime_code(&rebuilt), Some(Generation::C));
        rebuilt[0] ^= 1;
        assert_eq!(Generation::of_runtime_code(&rebuilt), None);
        assert_eq!(stripped_code_hash(&runtime[..RUNTIME_LENGTH - 1]), None);
        seen += 1;
    }
    assert_eq!(seen, 1);
}
