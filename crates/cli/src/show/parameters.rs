//! Governance parameters as a node names them.

use serde_json::Value;
use spanlight::consensus::parameters::Parameters;

/// Parameters that nodes show with made-up values from some fork on: no verdict depends on them, so they are left out on
/// every chain rather than shown otherwise than a node shows them. Source: claims.md 6, chain.md 5.4.
const COSMETIC: [&str; 3] = ["reward.useginicoeff", "reward.proposerupdateinterval", "reward.stakingupdateinterval"];

/// The parameters, named as `kaia_getParams` names them.
pub(crate) fn to_json(parameters: &Parameters) -> Value {
    let mut value = serde_json::to_value(parameters).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| !COSMETIC.contains(&name.as_str()));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosmetic_parameters_are_left_out() {
        let value = to_json(&Parameters::default());
        assert_eq!(value.as_object().map(serde_json::Map::len), Some(18));
        assert_eq!(value.get("reward.useginicoeff"), None);
        assert!(value.get("istanbul.epoch").is_some());
    }
}
