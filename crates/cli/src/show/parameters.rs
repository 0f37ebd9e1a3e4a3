//! Governance parameters as a node names them.

use serde_json::Value;
use spanlight::consensus::parameters::Parameters;
use spanlight::profile::{Fork, ForkSchedule};

/// Parameters that a node shows with a made-up value once a fork is active: nothing depends on them any more, so they
/// are left out rather than shown otherwise than a node shows them. Source: chain.md 5.4.
const COSMETIC: [(&str, Fork); 3] = [
    ("reward.useginicoeff", Fork::Kore),
    ("reward.proposerupdateinterval", Fork::Randao),
    ("reward.stakingupdateinterval", Fork::Kaia),
];

/// The parameters in force at block `number`, named as `kaia_getParams` names them.
pub(crate) fn to_json(parameters: &Parameters, forks: &ForkSchedule, number: u64) -> Value {
    let mut value = serde_json::to_value(parameters).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        for (name, fork) in COSMETIC {
            if forks.is_active(fork, number) {
                fields.remove(name);
            }
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosmetic_parameters_are_left_out_from_their_fork_on() {
        let forks = ForkSchedule { kore: Some(5), ..ForkSchedule::default() };
        let before = to_json(&Parameters::default(), &forks, 4);
        let after = to_json(&Parameters::default(), &forks, 5);
        assert_eq!(before.get("reward.useginicoeff"), Some(&Value::Bool(false)));
        assert_eq!(after.get("reward.useginicoeff"), None);
        assert!(after.get("reward.stakingupdateinterval").is_some());
    }
}
