//! The keys of a pair: key i is the private key with that value, so that everybody knows who is who.

/// Owns bridges and tokens.
pub const DEPLOYER: u64 = 100;
/// People with coin and tokens.
pub const USERS: [u64; 4] = [101, 102, 103, 104];
/// The first operator's key on the main chain; the others follow.
pub const FIRST_MAIN_OPERATOR: u64 = 201;
/// The first operator's key on the service chain; the others follow.
pub const FIRST_SERVICE_OPERATOR: u64 = 301;
/// Holds coin and is an operator of nothing: somebody who votes without a right to.
pub const OUTSIDER: u64 = 400;

/// One operator's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperatorKeys {
    /// On the main chain.
    pub main: u64,
    /// On the service chain.
    pub service: u64,
}

/// The keys of so many operators.
#[must_use]
pub fn operators(count: u64) -> Vec<OperatorKeys> {
    (0..count)
        .map(|index| OperatorKeys {
            main: FIRST_MAIN_OPERATOR.saturating_add(index),
            service: FIRST_SERVICE_OPERATOR.saturating_add(index),
        })
        .collect()
}
