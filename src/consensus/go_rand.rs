//! The random source of Go's `math/rand` (version 1), from which the chain draws its shuffles.
//!
//! An additive lagged Fibonacci generator of length 607 and tap 273 over 64-bit words, seeded by x <- 48271 x mod
//! (2^31 - 1) and a fixed table. Nothing here is secret: an attacker gains nothing from predicting it. Source: chain.md
//! 2.7; table from the Go standard library (BSD-3-Clause).

use alloc::collections::VecDeque;

const LENGTH: usize = 607;
const TAP: usize = 273;
const TABLE: [u64; LENGTH] = include!("go_rand_607.in");
/// 2^31 - 1, the modulus of the seeding and the largest value of [`GoRand::int31`].
const MODULUS: u64 = 0x7fff_ffff;

/// A seeded generator.
#[derive(Clone, Debug)]
pub struct GoRand {
    /// The last 607 words, the oldest first: each new word is the sum of the one 607 back and the one 273 back.
    words: VecDeque<u64>,
}

impl GoRand {
    /// The generator that Go makes from `seed`.
    #[must_use]
    pub fn new(seed: i64) -> Self {
        let mut x = match u64::try_from(seed.rem_euclid(0x7fff_ffff)) {
            Ok(0) | Err(_) => 89_482_311,
            Ok(seed) => seed,
        };
        let mut draw = || {
            // x is below 2^31, so the product is below 2^47.
            x = x.wrapping_mul(48_271).checked_rem(MODULUS).unwrap_or_default();
            x
        };
        for _ in 0..20 {
            draw();
        }
        let state: VecDeque<u64> = TABLE.iter().map(|fixed| (draw() << 40) ^ (draw() << 20) ^ draw() ^ fixed).collect();
        Self { words: in_order_of_use(&state) }
    }

    fn uint64(&mut self) -> u64 {
        let tap = self.words.get(LENGTH.saturating_sub(TAP)).copied().unwrap_or_default();
        let word = self.words.pop_front().unwrap_or_default().wrapping_add(tap);
        self.words.push_back(word);
        word
    }

    /// 31 random bits.
    fn int31(&mut self) -> u64 {
        (self.uint64() & (u64::MAX >> 1)) >> 32
    }

    /// 32 random bits.
    fn uint32(&mut self) -> u64 {
        (self.uint64() & (u64::MAX >> 1)) >> 31
    }

    /// Go's `Intn` for `bound` below 2^31: a number below `bound`, zero where `bound` is zero.
    pub fn below(&mut self, bound: u32) -> u32 {
        let bound = u64::from(bound);
        let Some(excess) = (1u64 << 31).checked_rem(bound) else {
            return 0;
        };
        // Draws above the largest multiple of `bound` are thrown away, so that every result is equally likely. For a
        // power of two none is, and the remainder is what Go computes with a mask.
        let largest = MODULUS.saturating_sub(excess);
        loop {
            let draw = self.int31();
            if draw <= largest {
                return draw.checked_rem(bound).and_then(|value| u32::try_from(value).ok()).unwrap_or_default();
            }
        }
    }

    /// Go's internal `int31n`, which its `Shuffle` uses: a number below `bound`, zero where `bound` is zero.
    pub fn below_by_product(&mut self, bound: u32) -> u32 {
        let bound = u64::from(bound);
        let Some(threshold) = (1u64 << 32).wrapping_sub(bound).checked_rem(bound) else {
            return 0;
        };
        loop {
            let product = self.uint32().wrapping_mul(bound);
            let low = product & 0xffff_ffff;
            if low >= threshold {
                return u32::try_from(product >> 32).unwrap_or_default();
            }
        }
    }
}

/// Go walks its state downwards with two cursors, the feed from 607 - 273 - 1 and the tap from 606. In a queue with the
/// oldest word first that is: the words below the feed downwards, then from the top down to the feed.
fn in_order_of_use(state: &VecDeque<u64>) -> VecDeque<u64> {
    let feed = LENGTH.saturating_sub(TAP);
    let below = state.iter().take(feed).rev();
    let above = state.iter().skip(feed).rev();
    below.chain(above).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_fixture() {
        let text = std::fs::read_to_string("tests/fixtures/go_rand_607.json").unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let values = json["values"].as_array().unwrap();
        assert_eq!(values.len(), LENGTH);
        for (word, value) in TABLE.iter().zip(values) {
            assert_eq!(*word as i64, value.as_str().unwrap().parse::<i64>().unwrap());
        }
    }

    #[test]
    fn draws_what_go_draws_from_seed_one() {
        // The first numbers of rand.New(rand.NewSource(1)).Intn(100), as any Go program prints them.
        let mut rand = GoRand::new(1);
        let drawn: std::vec::Vec<u32> = (0..10).map(|_| rand.below(100)).collect();
        assert_eq!(drawn, [81, 87, 47, 59, 81, 18, 25, 40, 56, 0]);
    }

    /// Go's first draws from seed one, of 31 and of 32 bits, as its two functions choose from them.
    /// Under this bound about half of the draws do not count.
    #[test]
    fn draws_that_would_favour_some_numbers_are_thrown_away() {
        let bound = (1 << 30) + 1;
        let mut rand = GoRand::new(1);
        let drawn: std::vec::Vec<u32> = (0..6).map(|_| rand.below(bound)).collect();
        assert_eq!(drawn, [939_984_059, 911_902_081, 140_954_425, 336_122_540, 208_240_456, 646_203_300]);
        let mut rand = GoRand::new(1);
        let drawn: std::vec::Vec<u32> = (0..6).map(|_| rand.below_by_product(bound)).collect();
        assert_eq!(drawn, [1_009_863_944, 469_992_029, 455_951_040, 737_470_659, 70_477_212, 323_101_650]);
    }

    #[test]
    fn a_bound_of_zero_gives_zero() {
        assert_eq!(GoRand::new(0).below(0), 0);
        assert_eq!(GoRand::new(0).below_by_product(0), 0);
    }
}
