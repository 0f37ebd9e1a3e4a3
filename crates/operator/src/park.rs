//! What is put aside for a while after a failure, longer each time, and never in the way of what
//! comes later. How long depends on the cause; one whose end can be seen wakes it at once.
//!
//! What waits for something that is read at every head is not put aside at all: a paused bridge, its
//! outflow limit, a person's pause, coin for gas, the price of gas, a key.

use crate::backoff::Backoff;
use spanlight::U256;

/// Longest wait in blocks for what nobody tells: what was in the way may be gone.
const LONGEST: u64 = 120;
/// The same for what costs most to try again: evidence, anchors, behind which votes wait, and claims,
/// of which anybody makes as many as they like.
const LONGEST_COSTLY: u64 = 256;

/// Why something was put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The bridge holds less coin than this, which is to be delivered.
    Liquidity(U256),
    /// The delivery fails otherwise, or the vote reverted.
    Delivery,
    /// No node takes the vote, by rules that are looked up here and ask nobody.
    Unsendable,
    /// Endpoints do not take it, or contradict each other.
    Endpoints,
    /// Evidence could not be gathered.
    Suspicion,
    /// No node takes an anchor from here.
    Anchor,
    /// The recipient does not take what could not be delivered. Anybody can make such transfers.
    Claim,
}

impl Cause {
    const fn longest(self, first: u64) -> u64 {
        match self {
            Self::Liquidity(_) | Self::Delivery | Self::Endpoints => LONGEST,
            Self::Suspicion | Self::Anchor | Self::Claim => LONGEST_COSTLY,
            Self::Unsendable => first,
        }
    }

    /// Whether both are the same trouble.
    fn is_as(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

/// How one thing stands with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Park {
    backoff: Backoff,
    cause: Option<Cause>,
    until: u64,
}

impl Park {
    /// Whether it waits at this block.
    pub(crate) const fn is_parked(&self, block: u64) -> bool {
        block < self.until
    }

    /// The block until which it waits.
    pub(crate) const fn until(&self) -> u64 {
        self.until
    }

    /// It failed at `block`; the first wait for a cause is `first` blocks long.
    pub(crate) fn fail(&mut self, cause: Cause, block: u64, first: u64) {
        if !self.cause.is_some_and(|known| known.is_as(cause)) {
            self.backoff = Backoff::default();
        }
        self.cause = Some(cause);
        self.until = block.saturating_add(self.backoff.fail(first, cause.longest(first)));
    }

    /// Waits no longer where its cause is gone. Should it fail again for the same, it waits longer
    /// than before: whoever can end a cause at will gains nothing.
    pub(crate) fn wake(&mut self, is_gone: impl Fn(Cause) -> bool) {
        if self.cause.is_some_and(is_gone) {
            self.until = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The waits of so many failures in a row.
    fn waits<const N: usize>(cause: Cause, first: u64) -> [u64; N] {
        let (mut park, mut block) = (Park::default(), 100);
        [0; N].map(|_| {
            park.fail(cause, block, first);
            let wait = park.until() - block;
            assert!(park.is_parked(block + wait - 1) && !park.is_parked(block + wait));
            block += wait;
            wait
        })
    }

    #[test]
    fn how_long_is_waited_depends_on_the_cause() {
        for cause in [Cause::Delivery, Cause::Liquidity(U256::ONE), Cause::Endpoints] {
            assert_eq!(waits(cause, 30), [30, 60, 120, 120, 120], "{cause:?}");
        }
        assert_eq!(waits(Cause::Unsendable, 30), [30, 30, 30], "looking costs nothing");
        for cause in [Cause::Suspicion, Cause::Anchor] {
            assert_eq!(waits(cause, 2), [2, 4, 8, 16, 32, 64, 128, 256, 256]);
        }
        assert_eq!(waits(Cause::Delivery, 100_000), [100_000; 3], "as long as a person said");
    }

    #[test]
    fn the_end_of_a_cause_wakes_what_waits_for_it_and_nothing_else() {
        let five = Cause::Liquidity(U256::from(5u8));
        let has = |coin: u8| move |cause| matches!(cause, Cause::Liquidity(needed) if U256::from(coin) >= needed);
        let mut park = Park::default();
        park.fail(five, 100, 30);
        park.wake(has(4));
        assert!(park.is_parked(101));
        park.wake(has(5));
        assert!(!park.is_parked(101));
        // The same again: somebody took the coin, or gives and takes it.
        park.fail(five, 101, 30);
        assert_eq!(park.until(), 161);
        let mut other = Park::default();
        other.fail(Cause::Delivery, 100, 30);
        other.wake(has(5));
        assert!(other.is_parked(129));
        // Another cause begins anew.
        other.fail(Cause::Endpoints, 130, 30);
        assert_eq!(other.until(), 160);
        other.wake(|cause| cause == Cause::Endpoints);
        assert!(!other.is_parked(131));
    }
}
