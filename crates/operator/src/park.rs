//! What is put aside for a while after a failure, longer each time, and never in the way of what
//! comes later. How long depends on the cause; one whose end can be seen wakes it at once.
//!
//! What waits for something that is read at every head is not put aside at all: a paused bridge,
//! its outflow limit, a person's pause, coin for gas, the price of gas, a key.

use crate::backoff::Backoff;
use spanlight::U256;

/// Longest wait in blocks for what nobody tells: what was in the way may be gone.
const LONGEST: u64 = 120;
/// The same for what costs most to try again: evidence, anchors, behind which votes wait, and
/// claims, of which anybody makes as many as they like.
const LONGEST_COSTLY: u64 = 256;
/// The same for votes that reverted in a block. Each costs gas, and a recipient can take the
/// transfer whenever it is asked and refuse it in every block: a day of one-second blocks.
const LONGEST_REVERTED: u64 = 86_400;
/// After so many of them no more is sent until a person says so: what one request can cost is
/// bounded.
pub(crate) const MOST_REVERTS: u32 = 8;

/// Why something was put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The bridge holds less coin than this, which is to be delivered.
    Liquidity(U256),
    /// The delivery would fail otherwise, as endpoints say.
    Delivery,
    /// The vote was in a block and reverted, though endpoints said that it would work.
    Reverted,
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
            Self::Reverted => LONGEST_REVERTED,
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
    /// Votes that reverted in a block. No other cause lets them be forgotten: the recipient could
    /// bring one about between two.
    reverts: Backoff,
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
        if cause == Cause::Reverted {
            let wait = self.reverts.fail(first, cause.longest(first));
            self.until = if self.is_stopped() { u64::MAX } else { block.saturating_add(wait) };
            self.cause = Some(cause);
            return;
        }
        // What is cheaper to try again must not end this wait.
        if self.cause == Some(Cause::Reverted) && self.is_parked(block) {
            return;
        }
        if !self.cause.is_some_and(|known| known.is_as(cause)) {
            self.backoff = Backoff::default();
        }
        self.cause = Some(cause);
        self.until = block.saturating_add(self.backoff.fail(first, cause.longest(first)));
    }

    /// Votes that reverted in a block.
    pub(crate) const fn reverts(&self) -> u32 {
        self.reverts.failures()
    }

    /// Whether it waits because votes reverted.
    pub(crate) fn is_of_reverts(&self) -> bool {
        self.cause == Some(Cause::Reverted)
    }

    /// Whether it waits until a person says so.
    pub(crate) const fn is_stopped(&self) -> bool {
        self.reverts() >= MOST_REVERTS
    }

    /// How an earlier session left it: so many reverts, and until when it waits.
    pub(crate) const fn of_reverts(reverts: u32, until: u64) -> Self {
        let cause = Some(Cause::Reverted);
        let (backoff, reverts) = (Backoff::new(), Backoff::after(reverts));
        let mut park = Self { backoff, cause, reverts, until };
        if park.is_stopped() {
            park.until = u64::MAX;
        }
        park
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
    fn votes_that_revert_cost_a_bounded_number_of_votes_until_a_person_says_so() {
        let (mut park, mut block, mut votes) = (Park::default(), 100, 0);
        for _ in 0..10_000 {
            if !park.is_parked(block) {
                votes += 1;
                park.fail(Cause::Reverted, block, 30);
                if votes < MOST_REVERTS {
                    assert_eq!(park.until(), block + (30 << (votes - 1)));
                }
            }
            // What the recipient can bring about in between neither ends the wait nor forgets the
            // reverts.
            park.fail(Cause::Delivery, block, 1);
            park.fail(Cause::Endpoints, block, 1);
            park.wake(|cause| cause == Cause::Endpoints || cause == Cause::Delivery);
            block += 100;
        }
        assert_eq!(votes, MOST_REVERTS, "in more than ten days of one-second blocks");
        assert!(park.is_stopped() && park.is_parked(u64::MAX - 1));
        let kept = Park::of_reverts(park.reverts(), 5);
        assert!(kept.is_stopped() && kept.is_parked(block), "a restart forgets nothing");
        assert!(Park::of_reverts(3, 500).is_parked(499) && !Park::of_reverts(3, 500).is_parked(500));
        assert_eq!(Cause::Reverted.longest(30), LONGEST_REVERTED);
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
