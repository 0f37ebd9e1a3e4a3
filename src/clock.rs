//! The verifying party's clock, and which headers are ahead of it.
//!
//! A header ahead of the clock is no lie: a quorum of validators sealed that time, so it is this
//! machine's clock that seems to be behind. The rule therefore comes after all other rules of a
//! header: only what is verified may tell the time, and nobody else's header can make a clock look
//! wrong. Source: claims.md 3; chain.md 1.4, H4.

use crate::consensus::ConsensusError;

/// Seconds by which a header may be ahead of the clock, where the trust does not say.
pub const DEFAULT_CLOCK_TOLERANCE: u64 = 15;

/// The time, and how far a header may be ahead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Unix seconds.
    pub now: u64,
    /// Seconds.
    pub tolerance: u64,
}

impl Clock {
    /// A block's time is ahead of the clock by the tolerance at most (H4).
    ///
    /// # Errors
    /// [`ConsensusError::AheadOfClock`].
    pub fn reaches(&self, time: u64) -> Result<(), ConsensusError> {
        if time <= self.now.saturating_add(self.tolerance) {
            Ok(())
        } else {
            Err(ConsensusError::AheadOfClock { now: self.now, time })
        }
    }
}

/// Serde's and the tree's default for the trust file.
pub(crate) const fn default_tolerance() -> u64 {
    DEFAULT_CLOCK_TOLERANCE
}
