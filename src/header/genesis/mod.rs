//! A genesis file becomes the anchor of trust of a private chain: its rules, and block 0 with its
//! hash.
//!
//! Nothing but the file is needed, so whoever holds the file that the chain was started from has to
//! trust nobody for the first header. The file is read as `kcn init` reads it: absent members have
//! the same defaults, and what nodes ignore is ignored. What nodes refuse is refused by name, and
//! so is what could change rules that this module does not know: a wrong hash would give no hint of
//! the reason. Source: chain.md 1.1, 2.5, 6.

mod config;
mod error;
mod foreign;
mod governance;
mod members;
mod public;
mod state;

pub use config::fork_member;
pub use error::GenesisError;

use super::{HeaderFields, IstanbulExtra, UntrustedHeader};
use crate::primitives::{keccak256, Address, Hash, U256};
use crate::profile::{default_clock_skew, ChainProfile, Fork, QuorumPolicy, VoteRules};
use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;
use config::ChainConfig;
use governance::Kip71Section;
use members::{bytes, fixed, number_in_text, small_number_in_text, Members};
use state::AtGenesis;

/// A chain's rules and its first header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The rules, with the computed hash of block 0.
    pub profile: ChainProfile,
    /// Block 0. The validators in its extra field are the first council.
    pub header: UntrustedHeader,
}

/// Reads a genesis file and computes block 0. `name` becomes the name of the profile.
///
/// The file is the verifying party's own, but reading it is as careful as reading anything else.
/// Choices that no genesis file makes (quorum policy, vote rules, clock skew) get their defaults in
/// the profile. The file of a public network is completed with the network's forks.
///
/// # Errors
/// [`GenesisError`] where nodes refuse the file, or where it holds something not supported here.
pub fn read_genesis(json: &str, name: &str) -> Result<Genesis, GenesisError> {
    let file = Members::of_text(json)?;
    let section = file.section("config")?.ok_or(GenesisError::Missing { field: "config" })?;
    foreign::is_of_this_chain(&section)?;
    let config = ChainConfig::read(&section)?;
    let mut profile = ChainProfile {
        name: name.to_string(),
        chain_id: config.chain_id,
        genesis_hash: Hash::ZERO,
        forks: config.forks.clone(),
        blobs: config.blobs,
        parameters: config.parameters(),
        quorum: QuorumPolicy::default(),
        vote_rules: VoteRules::default(),
        qualified: None,
        clock_skew: default_clock_skew(),
    };
    if profile.parameters.epoch == 0 {
        return Err(GenesisError::Refused { field: "epoch", why: "no chain has an epoch of zero blocks" });
    }
    let fields = header(&file, &config, &profile)?;
    governing_node_is_a_validator(&fields.extra, &profile)?;
    let header = UntrustedHeader::new(fields);
    profile.genesis_hash = header.hash();
    public::complete(&mut profile)?;
    Ok(Genesis { profile, header })
}

/// The score of a file that names none.
const DEFAULT_SCORE: u64 = 131_072;

fn header(file: &Members<'_>, config: &ChainConfig, profile: &ChainProfile) -> Result<HeaderFields, GenesisError> {
    if file.pointer("number", small_number_in_text)?.unwrap_or(0) != 0 {
        return Err(GenesisError::Refused { field: "number", why: "a chain starts with block 0" });
    }
    given_governance_is_readable(file)?;
    let at_genesis = |fork| profile.forks.is_active(fork, 0);
    let empty_root = empty_list_root(profile.parameters.derive_sha_impl);
    let (randao, osaka) = (at_genesis(Fork::Randao), at_genesis(Fork::Osaka));
    let alloc = file.section("alloc")?.ok_or(GenesisError::Missing { field: "alloc" })?;
    let state = AtGenesis { istanbul: at_genesis(Fork::Istanbul), prague: at_genesis(Fork::Prague) };
    Ok(HeaderFields {
        parent_hash: Hash(file.pointer("parentHash", fixed)?.unwrap_or_default()),
        rewardbase: Address::ZERO,
        state_root: state::state_root(&alloc, state)?,
        transactions_root: empty_root,
        receipts_root: empty_root,
        bloom: Box::new([0; 256]),
        block_score: file.pointer("blockScore", number_in_text)?.unwrap_or(U256::from(DEFAULT_SCORE)),
        number: 0,
        gas_used: file.pointer("gasUsed", small_number_in_text)?.unwrap_or(0),
        time: file.pointer("timestamp", small_number_in_text)?.unwrap_or(0),
        time_fos: 0,
        extra: IstanbulExtra::decode(&file.pointer("extraData", bytes)?.unwrap_or_default())?,
        governance: governance::governance_field(config, profile)?,
        vote: Vec::new(),
        base_fee: at_genesis(Fork::Magma).then(|| U256::from(base_fee(config))),
        random_reveal: randao.then(|| Box::new([0; 96])),
        mix_hash: randao.then_some(Hash::ZERO),
        // Nodes know members for the fee and for blob gas and do not read them.
        blob_gas_used: osaka.then_some(0),
        excess_blob_gas: osaka.then_some(0),
    })
}

fn base_fee(config: &ChainConfig) -> u64 {
    const WITHOUT_KIP71: u64 = 25_000_000_000;
    let kip71 = config.governance.as_ref().and_then(governance::GovernanceSection::kip71);
    kip71.map_or(WITHOUT_KIP71, Kip71Section::lower_bound)
}

/// Nodes compute the governance data themselves and overwrite what the file gives, but they must be
/// able to read it: base64, or a list of numbers.
fn given_governance_is_readable(file: &Members<'_>) -> Result<(), GenesisError> {
    let readable = |json: &str| match members::text(json) {
        Some(text) => is_base64(&text).then_some(()),
        None => serde_json::from_str::<Vec<u8>>(json).ok().map(|_| ()),
    };
    file.pointer("governanceData", readable).map(|_| ())
}

/// Whether a text is base64 of the usual alphabet with padding. Line ends in it are ignored.
fn is_base64(text: &str) -> bool {
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let padding = digits.iter().rev().take_while(|byte| **byte == b'=').count();
    let body = digits.iter().take(digits.len().saturating_sub(padding));
    let whole_groups = digits.len().checked_rem(4) == Some(0);
    whole_groups && padding <= 2 && body.into_iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
}

/// In mode "single" nodes start no chain whose governing node is no validator.
fn governing_node_is_a_validator(extra: &IstanbulExtra, profile: &ChainProfile) -> Result<(), GenesisError> {
    let parameters = &profile.parameters;
    if parameters.governance_mode != "single" || extra.validators.contains(&parameters.governing_node) {
        return Ok(());
    }
    Err(GenesisError::Refused { field: "governingNode", why: "in mode \"single\" it must be a validator of extraData" })
}

/// The root of no transactions: simple and concat hash nothing, the trie (and any unknown number)
/// is empty (chain.md 3.1).
fn empty_list_root(derive_sha_impl: u64) -> Hash {
    match derive_sha_impl {
        1 | 2 => keccak256(&[]),
        _ => keccak256(&[0x80]),
    }
}

#[cfg(test)]
mod tests;
