//! What a verdict rests on, in one sentence.

use crate::clock;
use spanlight::consensus::quorum::required_seals;
use spanlight::profile::QuorumPolicy;
use spanlight::trust::TrustedChain;
use spanlight::Trust;

/// What is trusted of the chains of these names (of all, if there is none of them): checkpoints, bridges, and the clock.
pub(crate) fn sentence(trust: &Trust, names: &[&str], now: u64) -> String {
    let known = names.iter().any(|name| trust.chain(name).is_ok());
    let meant = || trust.chains.iter().filter(|chain| !known || names.contains(&chain.profile.name.as_str()));
    let starts: Vec<String> =
        meant().map(|chain| format!("{} from block {}", chain.profile.name, chain.checkpoint.number)).collect();
    let weaker: String = meant().filter_map(weaker_quorum).map(|words| format!("; {words}")).collect();
    let bridge = if trust.bridge.is_some() { ", the two bridges and their code" } else { "" };
    format!(
        "only your trust file ({}{bridge}), that no quorum of validators signed what its chain did not make{weaker} \
         (docs/trust.md says it exactly), and the time {}; no node, no prover",
        starts.join(" and "),
        clock::date(now)
    )
}

/// The note for a trust file that accepts fewer seals than the chain's own engine gathers. The
/// trust file's author chose this; a reader of the verdict must see it.
pub(crate) fn weaker_quorum(chain: &TrustedChain) -> Option<String> {
    let council = u64::try_from(chain.checkpoint.council.len()).unwrap_or(u64::MAX);
    let members = council.min(chain.checkpoint.parameters.committee_size);
    let (seals, engine) =
        (required_seals(chain.profile.quorum, members), required_seals(QuorumPolicy::Engine, members));
    let name = &chain.profile.name;
    (seals < engine).then(|| {
        format!("WARNING: `quorum` of {name} asks for {seals} of {members} seals, and its validators gather {engine}")
    })
}

/// What to do about a trust file that is refused, by the core's code.
pub(crate) fn help(code: &str) -> Option<&'static str> {
    Some(match code {
        "trust.version" => "use the release of spanlight that this file was written for",
        "trust.duplicate_chain" => "give each of the [[chains]] a `profile.name` of its own",
        "trust.unknown_chain" => "use the names that the [[chains]] of the trust file have in `profile.name`",
        "trust.fork_order" => {
            "copy the blocks of the forks from the chain's genesis file: `spanlight profile --genesis FILE`"
        }
        "trust.genesis_checkpoint" => {
            "a checkpoint of block 0 is the genesis block: copy both from `spanlight profile --genesis FILE`"
        }
        "trust.immutable_differs" => "copy the parameter from the chain's genesis file into both places",
        "trust.chain_id" => "is it the file of this chain? The genesis file says its `chainId`",
        "trust.zero_trusting_period" => {
            "say in seconds for how long a verified header may be built upon, for example 1209600"
        }
        "trust.zero_clock_skew" => "leave `clock_skew` out: it is 300 seconds then",
        "trust.zero_quorum" => "leave `quorum` out: the engine's own rule holds then",
        "trust.no_bridge" => "add the two [[bridge.ends]] to the trust file",
        "trust.bridge_pair" => {
            "give two [[bridge.ends]] of different chains, each with the hash of its code in `codes`"
        }
        "trust.generation" => "leave `generation` out for this code, or correct it: the code's hash says which it is",
        "trust.direction" => "set `sends = true` at that end of the bridge in the trust file if you mean it",
        "trust.no_anchoring" => "add an [anchoring] part that names parent, child and accounts",
        _ => return None,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The codes are read from where they are given: a list beside them could miss one.
    #[test]
    fn every_code_of_a_refused_trust_file_has_help_of_its_own() {
        let source = include_str!("../../../../src/trust.rs");
        let codes: BTreeSet<&str> = source.split('"').filter(|text| text.starts_with("trust.")).collect();
        assert!(codes.len() > 10, "{codes:?}");
        let helps: BTreeSet<&str> =
            codes.iter().map(|code| help(code).unwrap_or_else(|| panic!("no help for {code}"))).collect();
        assert_eq!(helps.len(), codes.len());
    }

    #[test]
    fn a_weaker_quorum_is_named_and_the_engines_is_not() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/trust.json");
        let trust: Trust = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let mut chain = trust.chains[0].clone();
        assert_eq!(weaker_quorum(&chain), None);
        chain.profile.quorum = QuorumPolicy::Custom(1);
        assert!(weaker_quorum(&chain).is_some_and(|words| words.contains("asks for 1 of")));
        let told = sentence(&Trust { chains: vec![chain], ..trust.clone() }, &[], 0);
        assert!(told.contains("WARNING"), "{told}");
        assert!(!sentence(&trust, &[], 0).contains("WARNING"));
    }
}
