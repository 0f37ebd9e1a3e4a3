//! Nonces whose delivery fails: put aside for a while, longer each time, and never in the way of later ones.

/// Longest wait, in retries of the first length.
const MOST_DOUBLINGS: u32 = 7;
/// Longest wait in blocks, unless the first one is longer: what was in the way may be gone, and
/// nobody tells.
const LONGEST: u64 = 512;

/// How one nonce stands with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Park {
    failures: u32,
    until: u64,
}

impl Park {
    /// Whether the nonce waits at this destination block.
    pub(crate) const fn is_parked(&self, block: u64) -> bool {
        block < self.until
    }

    /// The destination block until which it waits.
    pub(crate) const fn until(&self) -> u64 {
        self.until
    }

    /// A delivery failed at `block`; the first wait is `retry` blocks long.
    pub(crate) fn fail(&mut self, block: u64, retry: u64) {
        let wait = retry.saturating_mul(1u64.wrapping_shl(self.failures.min(MOST_DOUBLINGS)));
        let wait = wait.min(LONGEST.max(retry));
        self.failures = self.failures.saturating_add(1);
        self.until = block.saturating_add(wait);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_limit() {
        let mut park = Park::default();
        assert!(!park.is_parked(5));
        let mut block = 100;
        for wait in [30, 60, 120, 240, 480, 512, 512, 512] {
            park.fail(block, 30);
            assert!(park.is_parked(block + wait - 1));
            assert!(!park.is_parked(block + wait));
            block += wait;
        }
        let mut park = Park::default();
        for _ in 0..3 {
            park.fail(block, 100_000);
            assert!(park.is_parked(block + 99_999) && !park.is_parked(block + 100_000), "as long as a person said");
        }
    }
}
