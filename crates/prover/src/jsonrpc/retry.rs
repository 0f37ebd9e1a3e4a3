//! Which faults pass, and how long to wait for that.

use crate::rpc::RpcError;
use alloc::string::String;
use core::time::Duration;

/// Why one try gave nothing.
#[derive(Debug)]
pub enum Fault {
    /// The node said so; another try would say the same.
    Final(RpcError),
    /// No answer, and none is to be expected.
    Unanswered(String),
    /// What came is no answer to what was asked.
    Unfit(String),
    /// No answer this time.
    Passing {
        /// What happened.
        reason: String,
        /// How long the endpoint asks to wait.
        wait: Option<Duration>,
    },
}

impl Fault {
    /// No answer this time, for `reason`.
    #[must_use]
    pub const fn passing(reason: String) -> Self {
        Self::Passing { reason, wait: None }
    }
}

/// Pauses that double, each shortened by up to a half at random, so that many clients do not come back together.
pub(super) struct Pauses {
    next: Duration,
    longest: Duration,
}

impl Pauses {
    pub(super) const fn new(first: Duration, longest: Duration) -> Self {
        Self { next: first, longest }
    }

    /// The next pause, or the one that the endpoint asked for if that is longer; `chance` is from 0 to 1.
    pub(super) fn next(&mut self, asked: Option<Duration>, chance: f64) -> Duration {
        let full = self.next.min(self.longest);
        self.next = full.saturating_mul(2);
        let shorter = full.mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0);
        shorter.max(asked.unwrap_or_default()).min(self.longest)
    }
}
