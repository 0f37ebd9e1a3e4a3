//! The `config` of a genesis file: forks, sections and what stands in for those that are absent.
//!
//! Source: chain.md 2.5, 6.1.

use super::governance::GovernanceSection;
use super::members::{is_the_same_name, unsigned, whole, Members};
use super::GenesisError;
use crate::consensus::parameters::Parameters;
use crate::profile::{BlobSchedule, Fork, ForkSchedule};

const FORK_SUFFIX: &str = "CompatibleBlock";

/// Forks that change state only, at any height.
const STATE_FORKS: [&str; 2] = ["kip103CompatibleBlock", "kip160CompatibleBlock"];

/// The name of a fork's member in `config`.
#[must_use]
pub const fn fork_member(fork: Fork) -> &'static str {
    match fork {
        Fork::Istanbul => "istanbulCompatibleBlock",
        Fork::London => "londonCompatibleBlock",
        Fork::EthTxType => "ethTxTypeCompatibleBlock",
        Fork::Magma => "magmaCompatibleBlock",
        Fork::Kore => "koreCompatibleBlock",
        Fork::Shanghai => "shanghaiCompatibleBlock",
        Fork::Cancun => "cancunCompatibleBlock",
        Fork::Randao => "randaoCompatibleBlock",
        Fork::Kaia => "kaiaCompatibleBlock",
        Fork::Prague => "pragueCompatibleBlock",
        Fork::Osaka => "osakaCompatibleBlock",
    }
}

/// Whether a member of `config` says from where some fork is active.
pub(super) fn names_a_fork(name: &str) -> bool {
    let suffix = name.len().checked_sub(FORK_SUFFIX.len()).and_then(|from| name.get(from..));
    suffix.is_some_and(|suffix| is_the_same_name(suffix, FORK_SUFFIX))
}

/// What `config` says.
#[derive(Debug)]
pub(super) struct ChainConfig {
    pub(super) chain_id: u64,
    pub(super) forks: ForkSchedule,
    pub(super) blobs: BlobSchedule,
    istanbul: Option<IstanbulSection>,
    unit_price: u64,
    derive_sha_impl: u64,
    pub(super) governance: Option<GovernanceSection>,
}

/// Absent members of a section that is there are zero, as in a Go struct.
#[derive(Debug)]
struct IstanbulSection {
    epoch: u64,
    policy: u64,
    sub: u64,
}

impl ChainConfig {
    pub(super) fn read(config: &Members<'_>) -> Result<Self, GenesisError> {
        knows_every_fork(config)?;
        no_other_engine(config)?;
        Ok(Self {
            chain_id: config.pointer("chainId", unsigned)?.ok_or(GenesisError::Missing { field: "chainId" })?,
            forks: forks(config)?,
            blobs: blobs(config)?,
            istanbul: config.section("istanbul")?.map(|section| IstanbulSection::read(&section)).transpose()?,
            unit_price: config.value("unitPrice", 0, unsigned)?,
            derive_sha_impl: config.value("deriveShaImpl", 0, signed)?,
            governance: config.section("governance")?.map(|section| GovernanceSection::read(&section)).transpose()?,
        })
    }

    /// The defaults with the config's values over them (levels 1 and 2 of chain.md 2.5).
    pub(super) fn parameters(&self) -> Parameters {
        let mut parameters =
            Parameters { derive_sha_impl: self.derive_sha_impl, unit_price: self.unit_price, ..Parameters::default() };
        if let Some(section) = &self.istanbul {
            parameters.epoch = section.epoch;
            parameters.proposer_policy = section.policy;
            parameters.committee_size = section.sub;
        }
        if let Some(section) = &self.governance {
            section.overlay(&mut parameters);
        }
        parameters
    }
}

impl IstanbulSection {
    fn read(section: &Members<'_>) -> Result<Self, GenesisError> {
        Ok(Self {
            epoch: section.value("epoch", 0, unsigned)?,
            policy: section.value("policy", 0, unsigned)?,
            sub: section.value("sub", 0, unsigned)?,
        })
    }
}

/// A number with a sign. Nodes take one below zero for the default form, as any that they do not
/// know.
fn signed(json: &str) -> Option<u64> {
    json.parse::<i64>().ok().map(i64::cast_unsigned)
}

fn forks(config: &Members<'_>) -> Result<ForkSchedule, GenesisError> {
    let at = |fork| config.pointer(fork_member(fork), |json| unsigned(&whole(json)?));
    let forks = ForkSchedule {
        istanbul: at(Fork::Istanbul)?,
        london: at(Fork::London)?,
        eth_tx_type: at(Fork::EthTxType)?,
        magma: at(Fork::Magma)?,
        kore: at(Fork::Kore)?,
        shanghai: at(Fork::Shanghai)?,
        cancun: at(Fork::Cancun)?,
        randao: at(Fork::Randao)?,
        kaia: at(Fork::Kaia)?,
        prague: at(Fork::Prague)?,
        osaka: at(Fork::Osaka)?,
    };
    match forks.out_of_order() {
        Some((earlier, later)) => Err(GenesisError::ForkOrder { earlier, later }),
        None => Ok(forks),
    }
}

/// Absent, the schedule is the one that nodes have built in.
fn blobs(config: &Members<'_>) -> Result<BlobSchedule, GenesisError> {
    let Some(osaka) = config.section("blobSchedule")?.map(|section| section.section("osaka")).transpose()?.flatten()
    else {
        return Ok(BlobSchedule::default());
    };
    Ok(BlobSchedule { target: osaka.value("target", 0, unsigned)?, max: osaka.value("max", 0, unsigned)? })
}

/// A fork that is not known here may change any rule, also that of the header: following the chain
/// past it would be guessing.
fn knows_every_fork(config: &Members<'_>) -> Result<(), GenesisError> {
    let known = |name: &str| {
        let of_chain = Fork::ALL.iter().map(|fork| fork_member(*fork));
        of_chain.chain(STATE_FORKS).any(|known| is_the_same_name(known, name))
    };
    let unknown = config.iter().find(|(name, value)| names_a_fork(name) && !known(name) && *value != "null");
    match unknown {
        Some((name, _)) => Err(GenesisError::UnknownFork { member: name.into() }),
        None => Ok(()),
    }
}

/// Nodes refuse a file of their former engines, also with `null` there.
fn no_other_engine(config: &Members<'_>) -> Result<(), GenesisError> {
    match ["clique", "gxhash"].into_iter().find(|engine| config.names(engine)) {
        Some(field) => Err(GenesisError::Refused { field, why: "nodes no longer have this consensus engine" }),
        None => Ok(()),
    }
}
