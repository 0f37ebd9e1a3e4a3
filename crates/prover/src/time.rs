//! Where the time comes from.

/// A time, or a clock.
#[derive(Clone, Copy, Debug)]
pub enum Time {
    /// One time for the whole run, in unix seconds: chosen by whoever asks, or that of a recording.
    Fixed(u64),
    /// A clock, which is read whenever headers have arrived: following a chain takes time, and a
    /// header that was made meanwhile is not ahead of the clock.
    Runs(fn() -> u64),
}

impl Time {
    /// Unix seconds.
    #[must_use]
    pub fn now(self) -> u64 {
        match self {
            Self::Fixed(now) => now,
            Self::Runs(clock) => clock(),
        }
    }

    /// Whether it goes on.
    #[must_use]
    pub const fn runs(self) -> bool {
        matches!(self, Self::Runs(_))
    }
}
