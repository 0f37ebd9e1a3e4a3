//! How many committed seals make a block final.
//!
//! With m counted members (the qualified validators, capped by the committee size) producers wait for all of them below
//! four, else for ceil(2m/3). The node's own header check asks for less: 2F + 1 with F = ceil(m/3) - 1, which is a single
//! seal for m of 2 or 3; it is a named policy, never the default. Source: chain.md 1.7.

use crate::profile::QuorumPolicy;

/// Seals needed from `members` counted validators. Never zero, whatever is asked for.
#[must_use]
pub fn required_seals(policy: QuorumPolicy, members: u64) -> u64 {
    let required = match policy {
        QuorumPolicy::Engine if members < 4 => members,
        QuorumPolicy::Engine => two_thirds(members),
        QuorumPolicy::Node => tolerated_faults(members).saturating_mul(2).saturating_add(1),
        QuorumPolicy::Custom(seals) => u64::from(seals),
    };
    required.max(1)
}

/// ceil(2m/3), without the doubling that could overflow: m - floor(m/3).
const fn two_thirds(members: u64) -> u64 {
    members.saturating_sub(members.wrapping_div(3))
}

/// F = ceil(m/3) - 1.
const fn tolerated_faults(members: u64) -> u64 {
    members.div_ceil(3).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consensus::testing::Vectors;

    /// Engine and node rule for m = 1..=40.
    #[rustfmt::skip]
    const TABLE: [(u64, u64); 40] = [
        (1, 1), (2, 1), (3, 1), (3, 3), (4, 3), (4, 3), (5, 5), (6, 5), (6, 5), (7, 7),
        (8, 7), (8, 7), (9, 9), (10, 9), (10, 9), (11, 11), (12, 11), (12, 11), (13, 13), (14, 13),
        (14, 13), (15, 15), (16, 15), (16, 15), (17, 17), (18, 17), (18, 17), (19, 19), (20, 19), (20, 19),
        (21, 21), (22, 21), (22, 21), (23, 23), (24, 23), (24, 23), (25, 25), (26, 25), (26, 25), (27, 27),
    ];

    #[test]
    fn the_table_of_one_to_forty_members_holds() {
        for (members, (engine, node)) in (1u64..).zip(TABLE) {
            assert_eq!(required_seals(QuorumPolicy::Engine, members), engine, "engine, {members}");
            assert_eq!(required_seals(QuorumPolicy::Node, members), node, "node, {members}");
        }
    }

    #[test]
    fn agrees_with_the_vectors() {
        let vectors = Vectors::load();
        for case in vectors.json["quorum"].as_array().unwrap() {
            let number = |name: &str| case[name].as_u64().unwrap();
            let members = number("qualified").min(number("committeeSize"));
            assert_eq!(required_seals(QuorumPolicy::Node, members), number("minSealsAccepted"));
            assert_eq!(required_seals(QuorumPolicy::Engine, members), number("producerQuorum"));
            assert_eq!(tolerated_faults(members), number("F"));
        }
    }

    #[test]
    fn is_never_zero() {
        for policy in [QuorumPolicy::Engine, QuorumPolicy::Node, QuorumPolicy::Custom(0)] {
            assert_eq!(required_seals(policy, 0), 1);
        }
        assert_eq!(required_seals(QuorumPolicy::Custom(3), 100), 3);
    }

    #[test]
    fn does_not_overflow() {
        assert_eq!(required_seals(QuorumPolicy::Engine, u64::MAX), u64::MAX - u64::MAX / 3);
    }
}
