//! Governance parameters as a node shows them.

use serde_json::{json, Value};
use spanlight::consensus::parameters::Parameters;
use spanlight::profile::{Fork, ForkSchedule};

/// Parameters that nodes show with a fixed value from some fork on, whatever was voted: nothing
/// reads them any more. Source: chain.md 5.4.
fn fixed(forks: &ForkSchedule, number: u64) -> impl Iterator<Item = (&'static str, Value)> {
    let all = [
        (Fork::Kore, "reward.useginicoeff", json!(false)),
        (Fork::Randao, "reward.proposerupdateinterval", json!(1)),
        (Fork::Kaia, "reward.stakingupdateinterval", json!(1)),
    ];
    let active: Vec<_> = all.into_iter().filter(|(fork, ..)| forks.is_active(*fork, number)).collect();
    active.into_iter().map(|(_, name, value)| (name, value))
}

/// The parameters that hold for block `number`, named and shown as `kaia_getParams` does.
pub(crate) fn to_json(parameters: &Parameters, forks: &ForkSchedule, number: u64) -> Value {
    let mut value = serde_json::to_value(parameters).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.extend(fixed(forks, number).map(|(name, value)| (name.to_owned(), value)));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_shown_as_voted_until_the_fork_that_fixes_it() {
        let forks = ForkSchedule { kore: Some(10), randao: Some(20), kaia: Some(30), ..ForkSchedule::default() };
        let voted = Parameters { use_gini_coeff: true, ..Parameters::default() };
        let shown = |number| {
            let value = to_json(&voted, &forks, number);
            ["useginicoeff", "proposerupdateinterval", "stakingupdateinterval"]
                .map(|name| value.get(format!("reward.{name}")).cloned().unwrap_or_default())
        };
        assert_eq!(shown(9), [json!(true), json!(3600), json!(86_400)]);
        assert_eq!(shown(10), [json!(false), json!(3600), json!(86_400)]);
        assert_eq!(shown(20), [json!(false), json!(1), json!(86_400)]);
        assert_eq!(shown(30), [json!(false), json!(1), json!(1)]);
        assert_eq!(to_json(&voted, &forks, 9).as_object().map(serde_json::Map::len), Some(21));
    }
}
