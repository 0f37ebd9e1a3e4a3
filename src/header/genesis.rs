//! A genesis file becomes the anchor of trust of a private chain: its rules, and block 0 with its hash.
//!
//! Nothing but the file is needed, so whoever holds the file that the chain was started from has to trust nobody for the
//! first header. What the file holds and this module does not know how a node would treat is refused, because the result
//! would be a wrong hash with no hint of the reason. Source: chain.md 1.1, 2.5, 6.

use super::genesis_governance::{governance_field, GovernanceSection, Kip71Section};
use super::genesis_state::{state_root, AllocEntry};
use super::text::{number, small_number};
use super::{HeaderError, HeaderFields, IstanbulExtra, UntrustedHeader};
use crate::consensus::parameters::Parameters;
use crate::error::cold_from;
use crate::primitives::{decode_hex, keccak256, Address, Hash, U256};
use crate::profile::{BlobSchedule, ChainProfile, Fork, ForkSchedule, QuorumPolicy, VoteRules};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::Deserialize;
use serde_json::Value;

/// Seconds by which two chains' clocks may differ, as the profile has it by default.
const CLOCK_SKEW: u64 = 300;

/// A chain's rules and its first header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// The rules, with the computed hash of block 0.
    pub profile: ChainProfile,
    /// Block 0. The validators in its extra field are the first council.
    pub header: UntrustedHeader,
}

/// Why a genesis file gives no header.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenesisError {
    /// The text is no JSON, or a field is absent or of the wrong kind.
    #[error("line {line}, column {column}: not the JSON of a genesis file")]
    Json {
        /// Line of the text, from 1.
        line: usize,
        /// Column of the line.
        column: usize,
    },
    /// A field's text is malformed, or its number does not fit.
    #[error("field {field} is malformed")]
    Field {
        /// The field's name in the file.
        field: &'static str,
    },
    /// The extra field is malformed.
    #[error(transparent)]
    Header(HeaderError),
    /// Fork heights fall along the fork order, or a fork is set while an earlier one is not.
    #[error("fork heights are not in order")]
    ForkOrder,
    /// The file sets a fork that this verifier does not know; following the chain past it would be guessing.
    #[error("the file sets a fork that is not known here")]
    UnknownFork,
    /// One account is written twice.
    #[error("account {address} is written twice")]
    DuplicateAccount {
        /// The account.
        address: Address,
    },
    /// One storage slot is written twice.
    #[error("storage slot {slot} is written twice")]
    DuplicateSlot {
        /// The slot.
        slot: Hash,
    },
    /// The file gives governance data that differ from those that follow from its chain config.
    #[error("governance data differ from the chain config")]
    GovernanceDiffers,
    /// The file holds something whose effect on block 0 is not known here.
    #[error("a genesis file with {what} is not supported")]
    Unsupported {
        /// What it holds.
        what: &'static str,
    },
}

cold_from!(GenesisError: Header(HeaderError));

impl GenesisError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json { .. } => "genesis.json",
            Self::Field { .. } => "genesis.field",
            Self::Header(e) => e.code(),
            Self::ForkOrder => "genesis.fork_order",
            Self::UnknownFork => "genesis.unknown_fork",
            Self::DuplicateAccount { .. } => "genesis.duplicate_account",
            Self::DuplicateSlot { .. } => "genesis.duplicate_slot",
            Self::GovernanceDiffers => "genesis.governance_differs",
            Self::Unsupported { .. } => "genesis.unsupported",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenesisFile {
    config: ChainConfig,
    timestamp: String,
    extra_data: String,
    governance_data: Option<String>,
    block_score: String,
    number: Option<String>,
    gas_used: Option<String>,
    parent_hash: Option<Hash>,
    base_fee_per_gas: Option<String>,
    random_reveal: Option<Value>,
    mix_hash: Option<Value>,
    blob_gas_used: Option<String>,
    excess_blob_gas: Option<String>,
    alloc: BTreeMap<String, AllocEntry>,
}

/// The file's `config`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChainConfig {
    chain_id: u64,
    istanbul_compatible_block: Option<u64>,
    london_compatible_block: Option<u64>,
    eth_tx_type_compatible_block: Option<u64>,
    magma_compatible_block: Option<u64>,
    kore_compatible_block: Option<u64>,
    shanghai_compatible_block: Option<u64>,
    cancun_compatible_block: Option<u64>,
    randao_compatible_block: Option<u64>,
    kaia_compatible_block: Option<u64>,
    prague_compatible_block: Option<u64>,
    osaka_compatible_block: Option<u64>,
    istanbul: IstanbulSection,
    blob_schedule: Option<BlobSection>,
    unit_price: u64,
    derive_sha_impl: u64,
    governance: Option<GovernanceSection>,
}

#[derive(Debug, Deserialize)]
struct IstanbulSection {
    epoch: u64,
    policy: u64,
    sub: u64,
}

#[derive(Debug, Deserialize)]
struct BlobSection {
    osaka: Option<OsakaBlobs>,
}

#[derive(Debug, Deserialize)]
struct OsakaBlobs {
    target: u64,
    max: u64,
}

/// Reads a genesis file and computes block 0. `name` becomes the name of the profile.
///
/// The file is the verifying party's own, but reading it is as careful as reading anything else. Choices that no genesis
/// file makes (quorum policy, vote rules, clock skew) get their defaults in the profile.
///
/// # Errors
/// [`GenesisError`] where the file is malformed or holds something not supported here.
pub fn read_genesis(json: &str, name: &str) -> Result<Genesis, GenesisError> {
    knows_every_fork(json)?;
    let file: GenesisFile = serde_json::from_str(json).map_err(|e| json_error(&e))?;
    let mut profile = ChainProfile {
        name: name.to_string(),
        chain_id: file.config.chain_id,
        genesis_hash: Hash::ZERO,
        forks: file.config.forks(),
        blobs: file.config.blobs(),
        parameters: file.config.parameters()?,
        quorum: QuorumPolicy::default(),
        vote_rules: VoteRules::default(),
        qualified: None,
        clock_skew: CLOCK_SKEW,
    };
    if !profile.forks.is_ordered() {
        return Err(GenesisError::ForkOrder);
    }
    let header = UntrustedHeader::new(file.header(&profile)?);
    profile.genesis_hash = header.hash();
    Ok(Genesis { profile, header })
}

fn json_error(error: &serde_json::Error) -> GenesisError {
    GenesisError::Json { line: error.line(), column: error.column() }
}

/// No `*CompatibleBlock` key of the config names a fork unknown here. KIP-103 and KIP-160 change state only.
fn knows_every_fork(json: &str) -> Result<(), GenesisError> {
    const KNOWN: [&str; 13] = [
        "istanbul",
        "london",
        "ethTxType",
        "magma",
        "kore",
        "shanghai",
        "cancun",
        "randao",
        "kaia",
        "prague",
        "osaka",
        "kip103",
        "kip160",
    ];
    let file: Value = serde_json::from_str(json).map_err(|e| json_error(&e))?;
    let mut forks = file
        .get("config")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(_, block)| !block.is_null())
        .filter_map(|(key, _)| key.strip_suffix("CompatibleBlock"));
    if forks.all(|fork| KNOWN.contains(&fork)) {
        Ok(())
    } else {
        Err(GenesisError::UnknownFork)
    }
}

impl ChainConfig {
    const fn forks(&self) -> ForkSchedule {
        ForkSchedule {
            istanbul: self.istanbul_compatible_block,
            london: self.london_compatible_block,
            eth_tx_type: self.eth_tx_type_compatible_block,
            magma: self.magma_compatible_block,
            kore: self.kore_compatible_block,
            shanghai: self.shanghai_compatible_block,
            cancun: self.cancun_compatible_block,
            randao: self.randao_compatible_block,
            kaia: self.kaia_compatible_block,
            prague: self.prague_compatible_block,
            osaka: self.osaka_compatible_block,
        }
    }

    fn blobs(&self) -> BlobSchedule {
        self.blob_schedule
            .as_ref()
            .and_then(|section| section.osaka.as_ref())
            .map_or_else(BlobSchedule::default, |osaka| BlobSchedule { target: osaka.target, max: osaka.max })
    }

    /// The defaults with the config's keys over them (levels 1 and 2 of chain.md 2.5).
    fn parameters(&self) -> Result<Parameters, GenesisError> {
        let mut parameters = Parameters {
            derive_sha_impl: self.derive_sha_impl,
            unit_price: self.unit_price,
            committee_size: self.istanbul.sub,
            epoch: self.istanbul.epoch,
            proposer_policy: self.istanbul.policy,
            ..Parameters::default()
        };
        if self.istanbul.epoch == 0 {
            return Err(GenesisError::Field { field: "epoch" });
        }
        if let Some(section) = &self.governance {
            section.overlay(&mut parameters);
        }
        Ok(parameters)
    }

    pub(super) fn kip71(&self) -> Option<&Kip71Section> {
        self.governance.as_ref()?.kip71()
    }

    pub(super) fn sets_kip82_ratio(&self) -> bool {
        self.governance.as_ref().is_some_and(GovernanceSection::sets_kip82_ratio)
    }
}

impl GenesisFile {
    fn header(&self, profile: &ChainProfile) -> Result<HeaderFields, GenesisError> {
        self.holds_nothing_unsupported()?;
        let at_genesis = |fork| profile.forks.is_active(fork, 0);
        let empty_root = empty_list_root(profile.parameters.derive_sha_impl);
        let (randao, osaka) = (at_genesis(Fork::Randao), at_genesis(Fork::Osaka));
        let extra = decode_hex(&self.extra_data).map_err(|_| GenesisError::Field { field: "extraData" })?;
        Ok(HeaderFields {
            parent_hash: self.parent_hash.unwrap_or(Hash::ZERO),
            rewardbase: Address::ZERO,
            state_root: state_root(&self.alloc, at_genesis(Fork::Istanbul))?,
            transactions_root: empty_root,
            receipts_root: empty_root,
            bloom: Box::new([0; 256]),
            block_score: number(&self.block_score).ok_or(GenesisError::Field { field: "blockScore" })?,
            number: 0,
            gas_used: optional_number(self.gas_used.as_deref(), "gasUsed")?,
            time: small_number(&self.timestamp).ok_or(GenesisError::Field { field: "timestamp" })?,
            time_fos: 0,
            extra: IstanbulExtra::decode(&extra)?,
            governance: self.governance(profile)?,
            vote: Vec::new(),
            base_fee: if at_genesis(Fork::Magma) { Some(self.base_fee()?) } else { None },
            random_reveal: randao.then(|| Box::new([0; 96])),
            mix_hash: randao.then_some(Hash::ZERO),
            blob_gas_used: osaka.then_some(optional_number(self.blob_gas_used.as_deref(), "blobGasUsed")?),
            excess_blob_gas: osaka.then_some(optional_number(self.excess_blob_gas.as_deref(), "excessBlobGas")?),
        })
    }

    fn holds_nothing_unsupported(&self) -> Result<(), GenesisError> {
        if optional_number(self.number.as_deref(), "number")? != 0 {
            return Err(GenesisError::Unsupported { what: "a block number other than 0" });
        }
        if self.random_reveal.is_some() || self.mix_hash.is_some() {
            return Err(GenesisError::Unsupported { what: "a random reveal or mix hash of its own" });
        }
        Ok(())
    }

    fn governance(&self, profile: &ChainProfile) -> Result<Vec<u8>, GenesisError> {
        let computed = governance_field(&self.config, profile);
        let given = match self.governance_data.as_deref() {
            Some(text) => decode_hex(text).map_err(|_| GenesisError::Field { field: "governanceData" })?,
            None => Vec::new(),
        };
        if given.is_empty() || given == computed {
            Ok(computed)
        } else {
            Err(GenesisError::GovernanceDiffers)
        }
    }

    fn base_fee(&self) -> Result<U256, GenesisError> {
        const WITHOUT_KIP71: u64 = 25_000_000_000;
        match &self.base_fee_per_gas {
            Some(text) => number(text).ok_or(GenesisError::Field { field: "baseFeePerGas" }),
            None => Ok(U256::from(self.config.kip71().map_or(WITHOUT_KIP71, Kip71Section::lower_bound))),
        }
    }
}

fn optional_number(text: Option<&str>, field: &'static str) -> Result<u64, GenesisError> {
    text.map_or(Some(0), small_number).ok_or(GenesisError::Field { field })
}

/// The root of no transactions: simple and concat hash nothing, the trie (and any unknown number) is empty (chain.md 3.1).
fn empty_list_root(derive_sha_impl: u64) -> Hash {
    match derive_sha_impl {
        1 | 2 => keccak256(&[]),
        _ => keccak256(&[0x80]),
    }
}
