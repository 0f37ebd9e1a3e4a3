//! What a verdict rests on, in one sentence.

use crate::clock;
use spanlight::Trust;

/// What is trusted of the chains of these names (of all, if there is none of them): checkpoints, bridges, and the clock.
pub(crate) fn sentence(trust: &Trust, names: &[&str], now: u64) -> String {
    let known = names.iter().any(|name| trust.chain(name).is_ok());
    let meant = trust.chains.iter().filter(|chain| !known || names.contains(&chain.profile.name.as_str()));
    let starts: Vec<String> =
        meant.map(|chain| format!("{} from block {}", chain.profile.name, chain.checkpoint.number)).collect();
    let bridge = if trust.bridge.is_some() { ", the two bridges and their code" } else { "" };
    format!(
        "only your trust file ({}{bridge}), that no quorum of validators signed what its chain did not make (docs/trust.md \
         says it exactly), and the time {}; no node, no prover",
        starts.join(" and "),
        clock::date(now)
    )
}
