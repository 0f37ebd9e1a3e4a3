//! The public networks: their genesis files hold no forks, or those that were known when the file
//! was written.
//!
//! Nodes of these networks have the forks built in, so a file that gives their genesis hash is
//! completed from the same table. What the file itself says must agree with it: the hash does not
//! cover it. Source: chain.md 6.1.

use super::config::fork_member;
use super::GenesisError;
use crate::consensus::parameters::Parameters;
use crate::primitives::Hash;
use crate::profile::{BlobSchedule, ChainProfile, Fork, ForkSchedule};

struct Public {
    network: &'static str,
    genesis_hash: Hash,
    chain_id: u64,
    forks: ForkSchedule,
}

/// The form of commitments from genesis on: concatenation.
const CONCAT: u64 = 2;

const fn at(block: u64) -> Option<u64> {
    Some(block)
}

const PUBLIC: [Public; 2] = [
    Public {
        network: "Kaia mainnet",
        genesis_hash: Hash([
            0xc7, 0x2e, 0x52, 0x93, 0xc3, 0xc3, 0xba, 0x38, 0xed, 0x8a, 0xe9, 0x10, 0xf7, 0x80, 0xe4, 0xca, 0xaa, 0x9f,
            0xb9, 0x5e, 0x79, 0x78, 0x4f, 0x7a, 0xb7, 0x4c, 0x3c, 0x26, 0x2e, 0xa7, 0x13, 0x7e,
        ]),
        chain_id: 8217,
        forks: ForkSchedule {
            istanbul: at(86_816_005),
            london: at(86_816_005),
            eth_tx_type: at(86_816_005),
            magma: at(99_841_497),
            kore: at(119_750_400),
            shanghai: at(135_456_000),
            cancun: at(147_534_000),
            randao: at(147_534_000),
            kaia: at(162_900_480),
            prague: at(190_670_000),
            osaka: at(211_090_000),
        },
    },
    Public {
        network: "Kairos",
        genesis_hash: Hash([
            0xe3, 0x3f, 0xf0, 0x5c, 0xee, 0xc2, 0x58, 0x1c, 0xa9, 0x49, 0x6f, 0x38, 0xa2, 0xbf, 0x9b, 0xaa, 0xd5, 0xd4,
            0xee, 0xd6, 0x29, 0xe8, 0x96, 0xcc, 0xb3, 0x3d, 0x1d, 0xc9, 0x91, 0xbc, 0x4b, 0x4a,
        ]),
        chain_id: 1001,
        forks: ForkSchedule {
            istanbul: at(75_373_312),
            london: at(80_295_291),
            eth_tx_type: at(86_513_895),
            magma: at(98_347_376),
            kore: at(111_736_800),
            shanghai: at(131_608_000),
            cancun: at(141_367_000),
            randao: at(141_367_000),
            kaia: at(156_660_000),
            prague: at(187_930_000),
            osaka: at(209_134_000),
        },
    },
];

/// Completes the profile of a public network, and leaves any other as it is.
pub(super) fn complete(profile: &mut ChainProfile) -> Result<(), GenesisError> {
    let Some(public) = PUBLIC.iter().find(|public| public.genesis_hash == profile.genesis_hash) else {
        return Ok(());
    };
    let network = public.network;
    for fork in Fork::ALL {
        let given = profile.forks.block_of(fork);
        if given.is_some() && given != public.forks.block_of(fork) {
            return Err(GenesisError::PublicDiffers { network, field: fork_member(fork) });
        }
    }
    if let Some(field) = other_difference(profile, public) {
        return Err(GenesisError::PublicDiffers { network, field });
    }
    profile.forks = public.forks.clone();
    Ok(())
}

/// A member that block 0 does not cover and that differs from the network's own.
fn other_difference(profile: &ChainProfile, public: &Public) -> Option<&'static str> {
    let (usual, given) = (Parameters::default(), &profile.parameters);
    let fees = |parameters: &Parameters| {
        let bounds = (parameters.lower_bound_base_fee, parameters.upper_bound_base_fee);
        let gas = (parameters.gas_target, parameters.max_block_gas_used_for_base_fee);
        (bounds, gas, parameters.base_fee_denominator)
    };
    let differences = [
        ("chainId", profile.chain_id != public.chain_id),
        ("deriveShaImpl", given.derive_sha_impl != CONCAT),
        ("blobSchedule", profile.blobs != BlobSchedule::default()),
        ("govParamContract", given.gov_param_contract != usual.gov_param_contract),
        ("kip82ratio", given.kip82_ratio != usual.kip82_ratio),
        ("kip71", fees(given) != fees(&usual)),
    ];
    differences.into_iter().find(|(_, differs)| *differs).map(|(field, _)| field)
}
