//! The schema of a trust file, for [`crate::tree`].

use crate::bridge::Generation;
use crate::consensus::parameters::{ParameterChanges, Parameters, PendingChange};
use crate::consensus::{Checkpoint, FollowMode, HeaderGovernance, VotesBy, WarnedOf, WarnedVote};
use crate::object;
use crate::profile::{BlobSchedule, ChainProfile, ForkSchedule, Qualified, QuorumPolicy, VoteRules};
use crate::tree::{variant, FromJson, Json, Malformed, Members};
use crate::trust::{AcceptedCode, Anchoring, BridgeEnd, BridgePair, Trust, TrustedChain};

object!(Trust { version, chains, bridge = None, anchoring = None });
object!(TrustedChain {
    trusting_period,
    max_age,
    patience,
    clock_tolerance = crate::clock::default_tolerance(),
    allow_jump = false,
    votes = VotesBy::default(),
    profile,
    checkpoint,
});
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
object!(Checkpoint {
    number,
    hash,
    council,
    parameters,
    pending,
    epoch_votes = None,
    header_governance = None,
    warned_votes = alloc::vec::Vec::new(),
    trusted_since = None,
});
object!(HeaderGovernance {
    mode as "governance.governancemode",
    governing_node as "governance.governingnode",
    lower_bound_base_fee as "kip71.lowerboundbasefee",
    upper_bound_base_fee as "kip71.upperboundbasefee",
});
object!(WarnedVote { code, number, voter, key });
object!(PendingChange { announced_at, changes });

impl FromJson for Parameters {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        let usual = Self::default();
        let mut members = Members::of(json)?;
        let read = Self {
            derive_sha_impl: members.required("governance.deriveshaimpl")?,
            governance_mode: members.required("governance.governancemode")?,
            governing_node: members.required("governance.governingnode")?,
            gov_param_contract: members.required("governance.govparamcontract")?,
            unit_price: members.or("governance.unitprice", usual.unit_price)?,
            committee_size: members.required("istanbul.committeesize")?,
            epoch: members.required("istanbul.epoch")?,
            proposer_policy: members.required("istanbul.policy")?,
            base_fee_denominator: members.required("kip71.basefeedenominator")?,
            gas_target: members.required("kip71.gastarget")?,
            lower_bound_base_fee: members.required("kip71.lowerboundbasefee")?,
            max_block_gas_used_for_base_fee: members.required("kip71.maxblockgasusedforbasefee")?,
            upper_bound_base_fee: members.required("kip71.upperboundbasefee")?,
            deferred_tx_fee: members.or("reward.deferredtxfee", usual.deferred_tx_fee)?,
            kip82_ratio: members.or("reward.kip82ratio", usual.kip82_ratio)?,
            minimum_stake: members.required("reward.minimumstake")?,
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

impl FromJson for VotesBy {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        match variant(json)? {
            ("anybody", None) => Ok(Self::Anybody),
            ("governing_node", None) => Ok(Self::GoverningNode),
            _ => Err(Malformed::new("`anybody` or `governing_node` is expected")),
        }
    }
}

impl FromJson for WarnedOf {
    fn from_json(json: &Json) -> Result<Self, Malformed> {
        match variant(json)? {
            ("vote_by_other", None) => Ok(Self::ByOther),
            ("vote_by_member", None) => Ok(Self::ByMember),
            _ => Err(Malformed::new("`vote_by_other` or `vote_by_member` is expected")),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object;
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;
    use serde_json::{json, Value};

    /// A trust file that uses every member there is.
    fn full() -> Value {
        let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/trust.json"));
        let mut trust: Value = serde_json::from_str(&text.unwrap()).unwrap();
        trust["anchoring"] = json!({"parent": "main", "child": "service", "accounts": [format!("0x{:040x}", 7)]});
        let chain = &mut trust["chains"][0];
        chain["allow_jump"] = json!(true);
        chain["profile"]["forks"]["osaka"] = json!(9_000_000_000u64);
        chain["profile"]["blobs"] = json!({"target": 2, "max": 3});
        chain["profile"]["quorum"] = json!({"custom": 3});
        chain["profile"]["qualified"] = json!({"at_least": 2});
        chain["profile"]["vote_rules"] = json!("legacy");
        chain["profile"]["clock_skew"] = json!(5);
        chain["checkpoint"]["epoch_votes"] = json!({"istanbul.epoch": 7, "governance.unitprice": 25_000_000_000u64});
        chain["checkpoint"]["header_governance"] = json!({
            "governance.governancemode": "single",
            "governance.governingnode": format!("0x{:040x}", 7),
            "kip71.lowerboundbasefee": 5,
            "kip71.upperboundbasefee": 6,
        });
        let voter = format!("0x{:040x}", 7);
        chain["checkpoint"]["warned_votes"] = json!([
            {"code": "vote_by_other", "number": 0, "voter": voter, "key": "governance.addvalidator"},
            {"code": "vote_by_member", "number": 0, "voter": voter, "key": "istanbul.epoch"},
        ]);
        chain["votes"] = json!("governing_node");
        chain["checkpoint"]["pending"] = json!([{"announced_at": 4, "changes": {"reward.ratio": "34/33/33"}}]);
        trust["bridge"]["ends"][0]["sends"] = json!(false);
        trust
    }

    fn by_tree(text: &str) -> Option<Trust> {
        Trust::from_json(&serde_json::from_str(text).ok()?).ok()
    }

    fn by_serde(text: &str) -> Option<Trust> {
        serde_json::from_str(text).ok()
    }

    /// The places of all values in a tree.
    fn places(value: &Value, here: &str, all: &mut Vec<String>) {
        all.push(here.to_string());
        match value {
            Value::Object(members) => members.iter().for_each(|(name, v)| places(v, &format!("{here}/{name}"), all)),
            Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| places(v, &format!("{here}/{i}"), all)),
            _ => {}
        }
    }

    #[test]
    fn the_tree_and_the_derived_code_read_the_same_trust() {
        let text = full().to_string();
        assert!(by_serde(&text).is_some());
        assert_eq!(by_tree(&text), by_serde(&text));
        // What is written names every member.
        let written = serde_json::to_string(&by_serde(&text).unwrap()).unwrap();
        assert_eq!(by_tree(&written), by_serde(&text));
    }

    #[test]
    fn the_tree_and_the_derived_code_refuse_the_same_changes() {
        let whole = full();
        let mut all = Vec::new();
        places(&whole, "", &mut all);
        let others = [json!(null), json!(true), json!(-1), json!(1.5), json!(1u64 << 33), json!("x"), json!({})];
        let (mut refused, mut accepted) = (0, 0);
        let mut compare = |text: &str, what: &str| {
            let read = by_tree(text);
            assert_eq!(read, by_serde(text), "{what}");
            *(if read.is_some() { &mut accepted } else { &mut refused }) += 1;
        };
        for place in &all {
            for other in &others {
                let mut changed = whole.clone();
                *changed.pointer_mut(place).unwrap() = other.clone();
                compare(&changed.to_string(), &format!("{place} is {other}"));
            }
            let mut changed = whole.clone();
            if let Some(Value::Object(members)) = changed.pointer_mut(place) {
                members.insert("unknown".into(), json!(1));
                compare(&changed.to_string(), &format!("{place} with an unknown member"));
            }
            let Some((parent, name)) = place.rsplit_once('/') else { continue };
            let mut changed = whole.clone();
            if let Some(Value::Object(members)) = changed.pointer_mut(parent) {
                members.remove(name);
                compare(&changed.to_string(), &format!("without {place}"));
            }
        }
        assert!(refused > 500 && accepted > 50, "{refused} refused, {accepted} accepted");
    }

    #[test]
    fn a_member_that_is_named_twice_is_refused_by_name_and_place() {
        struct Inner {
            number: u64,
        }
        struct Outer {
            inner: Inner,
        }
        object!(Inner { number });
        object!(Outer { inner });
        let read = |text: &str| {
            let tree: Json = serde_json::from_str(text).unwrap();
            Outer::from_json(&tree).map(|outer| outer.inner.number).map_err(|e| e.to_string())
        };
        assert_eq!(read(r#"{"inner":{"number":5}}"#), Ok(5));
        assert_eq!(read(r#"{"inner":{"number":5,"number":6}}"#), Err("inner.number: named twice".into()));
        assert_eq!(read(r#"{"inner":{"number":-5}}"#), Err("inner.number: a whole number is expected".into()));
        assert_eq!(read(r#"{"inner":{}}"#), Err("inner.number: is missing".into()));
        assert_eq!(
            read(r#"{"inner":{"number":5,"more":6}}"#),
            Err("inner.more: is no member that is known here".into())
        );
        assert_eq!(read("[]"), Err("the value: an object is expected".into()));
    }
}
