//! Following the recorded chains from genesis, in full and sparse.

use crate::timing::medians;
use flate2::read::GzDecoder;
use spanlight::consensus::light_client::{FollowMode, LightClient};
use spanlight::crypto::recover_address;
use spanlight::header::{committed_digest, from_rpc_json, read_genesis, Genesis, UntrustedHeader};
use spanlight::Hash;
use std::hint::black_box;
use std::io::{BufRead, BufReader};

const ROUNDS: usize = 9;

/// A recorded chain.
pub struct Recorded {
    /// Its genesis.
    pub genesis: Genesis,
    /// Every header after it.
    pub headers: Vec<UntrustedHeader>,
}

/// Reads one of the recordings.
pub fn recorded(name: &str) -> Recorded {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures");
    let genesis = std::fs::read_to_string(format!("{fixtures}/{name}.genesis.json")).expect("the genesis file");
    let genesis = read_genesis(&genesis, name).expect("a genesis file");
    let file = std::fs::File::open(format!("{fixtures}/{name}.rpc.jsonl.gz")).expect("the recording");
    let mut headers = Vec::new();
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        let line = line.expect("text");
        if line.contains("\"kaia_getBlockByNumber\"") {
            let exchange: serde_json::Value = serde_json::from_str(&line).expect("JSON");
            let header = from_rpc_json(&exchange["result"], &genesis.profile).expect("a header");
            if header.number() > 0 {
                headers.push(header);
            }
        }
    }
    headers.sort_by_key(UntrustedHeader::number);
    Recorded { genesis, headers }
}

/// Prints headers per second in both modes, beside the bare recoveries.
pub fn table() {
    println!("### Following a chain\n");
    println!("| chain | headers | mode | seals checked | headers/s | bytes | bare recoveries of the same seals : all of it |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for name in ["main", "service"] {
        let chain = recorded(name);
        let client = LightClient::from_genesis(&chain.genesis.profile, chain.genesis.header.clone()).expect("genesis");
        let needed = client.needs_seals(&chain.headers).expect("headers");
        let stripped =
            |(header, needed): (&UntrustedHeader, &bool)| if *needed { header.clone() } else { header.without_seals() };
        let sparse: Vec<UntrustedHeader> = chain.headers.iter().zip(&needed).map(stripped).collect();
        row(name, &client, &chain.headers, FollowMode::Full, &seals_of(chain.headers.iter()));
        let sealed = chain.headers.iter().zip(&needed).filter(|(_, needed)| **needed).map(|(header, _)| header);
        row(name, &client, &sparse, FollowMode::Sparse, &seals_of(sealed));
    }
    println!();
}

fn row(name: &str, client: &LightClient, headers: &[UntrustedHeader], mode: FollowMode, seals: &[(Hash, [u8; 65])]) {
    // From bytes: decoding is part of what a user waits for.
    let bytes: Vec<Vec<u8>> = headers.iter().map(UntrustedHeader::encode).collect();
    let mut follow = || {
        let mut client = client.clone();
        let headers = bytes.iter().map(|bytes| UntrustedHeader::decode(bytes).expect("a header")).collect();
        black_box(client.advance(headers, mode, None).expect("a valid chain"));
    };
    let mut recover = || {
        for (digest, seal) in seals {
            black_box(recover_address(digest, seal).expect("a signer"));
        }
    };
    let [all, bare] = medians(ROUNDS, [&mut follow, &mut recover]);
    let per_second = headers.len() as f64 / all.as_secs_f64();
    let size: usize = bytes.iter().map(Vec::len).sum();
    println!(
        "| {name} | {} | {mode:?} | {} | {per_second:.0} | {size} | {:.2} |",
        headers.len(),
        seals.len(),
        bare.as_secs_f64() / all.as_secs_f64()
    );
}

/// The proposer seal and the committed seals of each header, with what they sign.
fn seals_of<'a>(headers: impl Iterator<Item = &'a UntrustedHeader>) -> Vec<(Hash, [u8; 65])> {
    let mut out = Vec::new();
    for header in headers {
        let fields = header.fields();
        let proposer = fields.extra.seal.as_slice().try_into().expect("a proposer seal");
        out.push((fields.proposer_digest(), proposer));
        let committed = committed_digest(&header.hash());
        out.extend(fields.extra.committed_seals.iter().map(|seal| (committed, *seal)));
    }
    out
}

/// Some valid seal with what it signs.
pub fn any_seal() -> (Hash, [u8; 65]) {
    seals_of(recorded("service").headers.iter().take(1)).remove(0)
}
