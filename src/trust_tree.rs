//! The schema of a trust file, for [`crate::tree`].

use crate::bridge::Generation;
use crate::consensus::parameters::{ParameterChanges, Parameters, PendingChange};
use crate::consensus::{Checkpoint, FollowMode};
use crate::object;
use crate::profile::{BlobSchedule, ChainProfile, ForkSchedule, Qualified, QuorumPolicy, VoteRules};
use crate::tree::{variant, FromJson, Json, Malformed, Members};
use crate::trust::{AcceptedCode, Anchoring, BridgeEnd, BridgePair, Trust, TrustedChain};
use alloc::vec::Vec;

object!(Trust { version, chains, bridge = None, anchoring = None });
object!(TrustedChain { trusting_period, max_age, patience, allow_jump = false, profile, checkpoint });
object!(BridgePair { ends });
object!(BridgeEnd { chain, address, mint_burn, sends = true, codes });
object!(AcceptedCode { hash, generation });
object!(Anchoring { parent, child, accounts });
object!(ChainProfile {
    name,
    chain_id,
    genesis_hash,
    forks = ForkSchedule::default(),
    blobs = BlobSchedule::default(),
    parameters,
    quorum = QuorumPolicy::default(),
    vote_rules = VoteRules::default(),
    qualified = None,
    clock_skew = crate::profile::default_clock_skew(),
});
object!(ForkSchedule {
    istanbul = None,
    london = None,
    eth_tx_type = None,
    magma = None,
    kore = None,
    shanghai = None,
    cancun = None,
    randao = None,
    kaia = None,
    prague = None,
    osaka = None,
});
object!(BlobSchedule { target, max });
object!(Checkpoint { number, hash, council, parameters, pending = Vec::new(), epoch_votes = None });
object!(PendingChange { announced_at, changes });

impl FromJson for Parameters {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        let usual = Self::default();
        let mut members = Members::of(json)?;
        let read = Self {
            derive_sha_impl: members.or("governance.deriveshaimpl", usual.derive_sha_impl)?,
            governance_mode: members.or("governance.governancemode", usual.governance_mode)?,
            governing_node: members.or("governance.governingnode", usual.governing_node)?,
            gov_param_contract: members.or("governance.govparamcontract", usual.gov_param_contract)?,
            unit_price: members.or("governance.unitprice", usual.unit_price)?,
            committee_size: members.or("istanbul.committeesize", usual.committee_size)?,
            epoch: members.or("istanbul.epoch", usual.epoch)?,
            proposer_policy: members.or("istanbul.policy", usual.proposer_policy)?,
            base_fee_denominator: members.or("kip71.basefeedenominator", usual.base_fee_denominator)?,
            gas_target: members.or("kip71.gastarget", usual.gas_target)?,
            lower_bound_base_fee: members.or("kip71.lowerboundbasefee", usual.lower_bound_base_fee)?,
            max_block_gas_used_for_base_fee: members
                .or("kip71.maxblockgasusedforbasefee", usual.max_block_gas_used_for_base_fee)?,
            upper_bound_base_fee: members.or("kip71.upperboundbasefee", usual.upper_bound_base_fee)?,
            deferred_tx_fee: members.or("reward.deferredtxfee", usual.deferred_tx_fee)?,
            kip82_ratio: members.or("reward.kip82ratio", usual.kip82_ratio)?,
            minimum_stake: members.or("reward.minimumstake", usual.minimum_stake)?,
            minting_amount: members.or("reward.mintingamount", usual.minting_amount)?,
            proposer_update_interval: members.or("reward.proposerupdateinterval", usual.proposer_update_interval)?,
            ratio: members.or("reward.ratio", usual.ratio)?,
            staking_update_interval: members.or("reward.stakingupdateinterval", usual.staking_update_interval)?,
            use_gini_coeff: members.or("reward.useginicoeff", usual.use_gini_coeff)?,
        };
        members.finish()?;
        Ok(read)
    }
}

impl FromJson for ParameterChanges {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        Self::of_tree(json).map_err(|_| Malformed::new("no parameters with values of their forms"))
    }
}

impl FromJson for QuorumPolicy {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        match variant(json)? {
            ("engine", None) => Ok(Self::Engine),
            ("node", None) => Ok(Self::Node),
            ("custom", Some(seals)) => u32::from_json(&Json::Number(seals)).map(Self::Custom),
            _ => Err(Malformed::new("`engine`, `node` or `custom` with a number is expected")),
        }
    }
}

impl FromJson for Qualified {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        match variant(json)? {
            ("council", None) => Ok(Self::Council),
            ("at_least", Some(members)) => u32::from_json(&Json::Number(members)).map(Self::AtLeast),
            _ => Err(Malformed::new("`council` or `at_least` with a number is expected")),
        }
    }
}

impl FromJson for VoteRules {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        match variant(json)? {
            ("v2", None) => Ok(Self::V2),
            ("legacy", None) => Ok(Self::Legacy),
            _ => Err(Malformed::new("`v2` or `legacy` is expected")),
        }
    }
}

impl FromJson for Generation {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        match variant(json)? {
            ("A", None) => Ok(Self::A),
            ("B", None) => Ok(Self::B),
            ("C", None) => Ok(Self::C),
            ("V2", None) => Ok(Self::V2),
            _ => Err(Malformed::new("`A`, `B`, `C` or `V2` is expected")),
        }
    }
}

impl FromJson for FollowMode {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        match variant(json)? {
            ("full", None) => Ok(Self::Full),
            ("sparse", None) => Ok(Self::Sparse),
            _ => Err(Malformed::new("`full` or `sparse` is expected")),
        }
    }
}
