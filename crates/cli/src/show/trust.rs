//! What a verdict rests on, in one sentence.

use spanlight::{ProofBundle, Trust};

/// What is trusted for this bundle's claim: checkpoints, the bridge pair, and the clock.
pub(crate) fn sentence(trust: &Trust, bundle: &ProofBundle, now: u64) -> String {
    let names = bundle.chains.iter().map(|chain| chain.chain.as_str());
    sentence_for(trust, names, now)
}

/// As [`sentence`], for chains by name.
pub(crate) fn sentence_for<'n>(trust: &Trust, names: impl Iterator<Item = &'n str>, now: u64) -> String {
    let checkpoints: Vec<String> = names
        .filter_map(|name| trust.chain(name).ok())
        .map(|chain| format!("{} from block {} on", chain.profile.name, chain.checkpoint.number))
        .collect();
    let bridge = trust.bridge.as_ref().map_or(String::new(), |pair| {
        let [a, b] = &pair.ends;
        format!(", the bridge pair {} {} and {} {} by code hash", a.chain, a.address, b.chain, b.address)
    });
    format!(
        "your trust file ({}; a quorum of each council is honest){bridge}, and the time {}. Nothing else: no node, no prover.",
        checkpoints.join(", "),
        crate::clock::date(now)
    )
}
