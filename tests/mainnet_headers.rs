//! Two consecutive headers of Kaia mainnet (September 2026), read from a node's JSON and followed
//! from a trust file.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects, missing_docs)]

use serde_json::Value;
use spanlight::consensus::seals::{self, SealContext};
use spanlight::consensus::{Council, FollowMode};
use spanlight::header::{from_rpc_json, UntrustedHeader};
use spanlight::primitives::Address;
use spanlight::verify::FollowedChain;
use spanlight::Trust;

const FIRST: u64 = 227_942_836;
/// The validator that the vote in the first header adds.
const ADDED: &str = "0x37a61402c6b3cc97e0e1aba4db2cb29dcbc51c75";

fn read(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/fixtures/mainnet/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn trust() -> Trust {
    serde_json::from_str(&read("trust.json")).unwrap()
}

/// The header as a node tells it, whose hash must be the one that the node says.
fn header(number: u64) -> UntrustedHeader {
    let json: Value = serde_json::from_str(&read(&format!("header-{number}.json"))).unwrap();
    let header = from_rpc_json(&json, &trust().chains[0].profile).unwrap();
    assert_eq!(header.hash().to_string(), json["hash"].as_str().unwrap());
    header
}

/// Follows the second header from the first; `change` makes the trust file another one.
fn follow(change: impl Fn(&mut Trust)) -> Result<(usize, u64), String> {
    let mut trust = trust();
    change(&mut trust);
    let second = header(FIRST + 1);
    let now = second.fields().time + 1;
    let mut chain = FollowedChain::start(&trust.chains[0], header(FIRST).without_seals(), now).unwrap();
    chain.advance(vec![second], FollowMode::Full, now).map_err(|stop| format!("{stop:?}"))?;
    assert_eq!(chain.head().number, FIRST + 1);
    let report = chain.sealed_by(FIRST + 1).unwrap().seals;
    assert_eq!(report.signers.len() + report.absent.len(), 31);
    Ok((report.signers.len(), report.required))
}

#[test]
fn the_second_header_follows_with_21_of_31_seals() {
    assert_eq!(follow(|_| {}), Ok((21, 21)));
}

#[test]
fn a_council_without_one_of_the_signers_refuses_the_second_header() {
    let governing_node = "0xc0cbe1c770fbce1eb7786bfba1ac2115d5c0a456";
    let without = |trust: &mut Trust| {
        trust.chains[0].checkpoint.council.retain(|member| member.to_string() != governing_node);
    };
    let refused = follow(without).unwrap_err();
    assert!(refused.contains("ForeignSeal"), "{refused}");
}

#[test]
fn the_first_header_carries_20_seals_of_the_council_of_30() {
    let council: Vec<Address> = trust().chains[0].checkpoint.council.clone();
    let council: Vec<Address> = council.into_iter().filter(|member| member.to_string() != ADDED).collect();
    assert_eq!(council.len(), 30);
    let trusted = &trust().chains[0];
    let (council, parameters) = (Council::new(&council).unwrap(), &trusted.checkpoint.parameters);
    let context = SealContext { profile: &trusted.profile, council: &council, parameters, parent: None };
    let report = seals::check(&header(FIRST), &context).unwrap();
    assert_eq!((report.signers.len(), report.absent.len(), report.required), (20, 10, 20));
}
