//! For tests: the vectors, the recorded chains, and headers sealed with the keys 1, 2, 3...

use super::council::Council;
use super::light_client::LightClient;
use crate::header::{base_fee, committed_digest, read_genesis, UntrustedHeader};
use crate::primitives::{decode_hex, Address, Hash};
use crate::profile::{ChainProfile, Fork};
use ::rlp::RlpStream;
use k256::ecdsa::SigningKey;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::vec::Vec;

/// `chain_vectors.json`.
pub(crate) struct Vectors {
    pub(crate) json: Value,
}

impl Vectors {
    pub(crate) fn load() -> Self {
        let text = std::fs::read_to_string("tests/fixtures/chain_vectors.json").unwrap();
        Self { json: serde_json::from_str(&text).unwrap() }
    }

    /// The address of key 1, 2, ... 6.
    pub(crate) fn address(&self, key: u64) -> Address {
        self.json["addresses"][key as usize - 1].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        decode_hex(self.json[name].as_str().unwrap()).unwrap()
    }
}

fn signing_key(key: u64) -> SigningKey {
    let mut bytes = [0u8; 32];
    bytes[24..].copy_from_slice(&key.to_be_bytes());
    SigningKey::from_slice(&bytes).unwrap()
}

/// The address of any key.
pub(crate) fn address_of(key: u64) -> Address {
    let point = signing_key(key).verifying_key().to_sec1_point(false);
    Address::of_public_key(point.as_bytes()[1..].try_into().unwrap())
}

pub(crate) fn addresses_of(keys: &[u64]) -> Vec<Address> {
    keys.iter().map(|key| address_of(*key)).collect()
}

pub(crate) fn council_of(keys: &[u64]) -> Council {
    Council::new(&addresses_of(keys)).unwrap()
}

/// R, S and V of `digest` under key `key`.
pub(crate) fn sign(key: u64, digest: &Hash) -> [u8; 65] {
    let (signature, recovery_id) = signing_key(key).sign_prehash_recoverable(digest.as_bytes());
    let mut out = [0u8; 65];
    out[..64].copy_from_slice(&signature.to_bytes());
    out[64] = recovery_id.to_byte();
    out
}

/// The `Vote` field of key `voter`.
pub(crate) fn vote_field(voter: u64, key: &str, value: &[u8]) -> Vec<u8> {
    let mut stream = RlpStream::new_list(3);
    stream.append(&address_of(voter).as_bytes()).append(&key).append(&value);
    stream.out().to_vec()
}

/// The `Vote` field of key `voter` in the old list form, naming the addresses of `keys`.
pub(crate) fn vote_list_field(voter: u64, key: &str, keys: &[u64]) -> Vec<u8> {
    let mut stream = RlpStream::new_list(3);
    stream.append(&address_of(voter).as_bytes()).append(&key).begin_list(keys.len());
    for key in keys {
        stream.append(&address_of(*key).as_bytes());
    }
    stream.out().to_vec()
}

/// The `Governance` field that holds `json`.
pub(crate) fn governance_field(json: &str) -> Vec<u8> {
    ::rlp::encode(&json.as_bytes()).to_vec()
}

/// Seals `header` anew: proposed by `proposer`, committed by `signers`.
pub(crate) fn seal(header: &UntrustedHeader, proposer: u64, signers: &[u64]) -> UntrustedHeader {
    let mut fields = header.clone().into_fields();
    fields.extra.seal = sign(proposer, &fields.proposer_digest()).to_vec();
    let digest = committed_digest(&fields.hash());
    fields.extra.committed_seals = signers.iter().map(|key| sign(*key, &digest)).collect();
    UntrustedHeader::new(fields)
}

/// An unsealed header that fits after the head of `client`.
pub(crate) fn child_of(client: &LightClient) -> UntrustedHeader {
    child(client.head().header(), client)
}

/// An unsealed header that fits after `parent`, with the parameters that `client` knows.
pub(crate) fn child(parent: &UntrustedHeader, client: &LightClient) -> UntrustedHeader {
    let mut fields = parent.clone().into_fields();
    fields.parent_hash = parent.hash();
    fields.number += 1;
    fields.time += 1;
    fields.vote.clear();
    fields.governance.clear();
    fields.extra.committed_seals.clear();
    let forks = &client.profile().forks;
    if forks.is_active(Fork::Magma, fields.number) {
        fields.base_fee = Some(base_fee(parent.fields(), client.parameters()).unwrap());
    }
    if forks.is_active(Fork::Randao, fields.number) {
        let reveal = std::boxed::Box::new([fields.number as u8; 96]);
        let before = parent.fields().mix_hash.unwrap_or(Hash::ZERO).to_u256();
        fields.mix_hash = Some(Hash::from_u256(before ^ crate::keccak256(reveal.as_slice()).to_u256()));
        fields.random_reveal = Some(reveal);
    }
    UntrustedHeader::new(fields)
}

/// The profile and genesis header of a small chain of the validators `keys`, derived from the recorded service chain.
pub(crate) fn small_chain(keys: &[u64]) -> (ChainProfile, UntrustedHeader) {
    let (mut profile, genesis) = Recording::genesis("service");
    let mut fields = genesis.into_fields();
    fields.extra.validators = addresses_of(keys);
    let header = UntrustedHeader::new(fields);
    profile.genesis_hash = header.hash();
    (profile, header)
}

/// A client at the genesis of [`small_chain`].
pub(crate) fn small_client(keys: &[u64]) -> LightClient {
    let (profile, header) = small_chain(keys);
    LightClient::from_genesis(&profile, header).unwrap()
}

/// A recorded chain.
pub(crate) struct Recording {
    pub(crate) profile: ChainProfile,
    pub(crate) headers: Vec<UntrustedHeader>,
    exchanges: Vec<Value>,
}

impl Recording {
    pub(crate) fn genesis(name: &str) -> (ChainProfile, UntrustedHeader) {
        let text = std::fs::read_to_string(std::format!("tests/fixtures/{name}.genesis.json")).unwrap();
        let genesis = read_genesis(&text, name).unwrap();
        (genesis.profile, genesis.header)
    }

    pub(crate) fn load(name: &str) -> Self {
        let (profile, _) = Self::genesis(name);
        let file = std::fs::File::open(std::format!("tests/fixtures/{name}.rpc.jsonl.gz")).unwrap();
        let mut headers = Vec::new();
        let mut exchanges = Vec::new();
        for line in BufReader::new(flate2::read::GzDecoder::new(file)).lines() {
            let exchange: Value = serde_json::from_str(&line.unwrap()).unwrap();
            match exchange["method"].as_str().unwrap() {
                "debug_getBlockRlp" => {
                    let block = decode_hex(&std::format!("0x{}", exchange["result"].as_str().unwrap())).unwrap();
                    let mut reader = crate::rlp::Reader::list(&block).unwrap();
                    headers.push(UntrustedHeader::decode(reader.raw().unwrap()).unwrap());
                }
                "kaia_getCouncil" | "kaia_getCommittee" | "kaia_getParams" => exchanges.push(exchange),
                _ => {}
            }
        }
        headers.sort_by_key(UntrustedHeader::number);
        Self { profile, headers, exchanges }
    }

    /// The recorded answers of `method`, by height.
    pub(crate) fn answers(&self, method: &str) -> Vec<(u64, &Value)> {
        let number = |text: &str| u64::from_str_radix(text.strip_prefix("0x").unwrap(), 16).unwrap();
        let asked: Vec<&Value> = self.exchanges.iter().filter(|e| e["method"] == method).collect();
        asked.into_iter().map(|e| (number(e["params"][0].as_str().unwrap()), &e["result"])).collect()
    }

    /// The headers after genesis, with seals only where a sparse client wants them.
    pub(crate) fn sparse_headers(&self, client: &LightClient) -> Vec<UntrustedHeader> {
        let headers = &self.headers[1..];
        let needs = client.needs_seals(headers).unwrap();
        let strip = |(header, sealed): (&UntrustedHeader, bool)| {
            if sealed {
                header.clone()
            } else {
                header.without_seals()
            }
        };
        headers.iter().zip(needs).map(strip).collect()
    }
}
