//! The two shuffles of validators: Go's own since Randao, an older exchange before. Source: chain.md 2.7.

use super::go_rand::GoRand;
use crate::primitives::{Address, Hash};
use alloc::vec::Vec;

/// The seed of [`go_shuffle`]: the first 8 bytes of the mix, as a signed number.
#[must_use]
pub fn go_seed(mix: &Hash) -> i64 {
    i64::from_be_bytes(first_bytes(mix))
}

/// The seed of [`legacy_shuffle`]: the first 15 hex digits of the block hash.
#[must_use]
pub fn legacy_seed(hash: &Hash) -> i64 {
    i64::try_from(u64::from_be_bytes(first_bytes(hash)) >> 4).unwrap_or_default()
}

fn first_bytes(hash: &Hash) -> [u8; 8] {
    hash.0.first_chunk::<8>().copied().unwrap_or_default()
}

/// Fisher-Yates from the end, as Go's `rand.Shuffle`.
pub fn go_shuffle(members: &mut [Address], seed: i64) {
    let mut rand = GoRand::new(seed);
    for at in (1..members.len()).rev() {
        let bound = u32::try_from(at.saturating_add(1)).unwrap_or_default();
        exchange(members, at, rand.below_by_product(bound));
    }
}

/// Each place in turn is exchanged with any place.
pub fn legacy_shuffle(members: &[Address], seed: i64) -> Vec<Address> {
    let mut members = members.to_vec();
    let mut rand = GoRand::new(seed);
    let bound = u32::try_from(members.len()).unwrap_or_default();
    for at in 0..members.len() {
        exchange(&mut members, at, rand.below(bound));
    }
    members
}

fn exchange(members: &mut [Address], one: usize, other: u32) {
    // Both places were drawn below the length, so `swap` cannot panic; the check keeps that true for any caller.
    if let Ok(other) = usize::try_from(other) {
        if one < members.len() && other < members.len() {
            members.swap(one, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consensus::testing::Vectors;

    #[test]
    fn both_shuffles_agree_with_the_vectors() {
        let vectors = Vectors::load();
        let case = &vectors.json["shuffle"];
        let list = |name: &str| -> Vec<Address> { serde_json::from_value(case[name].clone()).unwrap() };
        let hash: Hash = serde_json::from_value(case["hash"].clone()).unwrap();
        assert_eq!(go_seed(&hash), case["seedRandao"].as_i64().unwrap());
        assert_eq!(legacy_seed(&hash), case["seedLegacy"].as_i64().unwrap());
        let sorted = list("sorted");
        assert_eq!(legacy_shuffle(&sorted, legacy_seed(&hash)), list("legacyShuffled"));
        let mut shuffled = sorted;
        go_shuffle(&mut shuffled, go_seed(&hash));
        assert_eq!(shuffled, list("randaoShuffled"));
    }

    #[test]
    fn nothing_and_one_member_stay_as_they_are() {
        let mut none: [Address; 0] = [];
        go_shuffle(&mut none, -1);
        assert!(legacy_shuffle(&none, 1).is_empty());
        let mut one = [Address([1; 20])];
        go_shuffle(&mut one, i64::MIN);
        assert_eq!(legacy_shuffle(&one, 1), one);
    }
}
