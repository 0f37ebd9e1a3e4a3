//! How much coin the votes of a head may let out, where the bridge reverts the vote whose delivery
//! it cannot pay. Each delivery was simulated alone, against all the coin that the bridge holds.

use spanlight::U256;

/// The bridge's coin, with what votes on their way may let out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coin {
    held: U256,
    left: U256,
}

impl Coin {
    /// Of what the bridge is proven to hold, with the amounts of votes on their way.
    pub(super) fn new(held: U256, on_their_way: impl Iterator<Item = U256>) -> Self {
        Self { held, left: on_their_way.fold(held, U256::saturating_sub) }
    }

    /// Whether this amount has to wait for others to leave. One that is more than all the bridge
    /// holds does not wait for them: its simulation tells that, and it is parked.
    pub(super) fn keeps_waiting(&self, amount: U256) -> bool {
        amount > self.left && amount <= self.held
    }

    /// A vote for this amount is made.
    pub(super) fn take(&mut self, amount: U256) {
        self.left = self.left.saturating_sub(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_voted_for_at_a_time_than_the_bridge_holds() {
        let coins = |amount: u64| U256::from(amount);
        let mut coin = Coin::new(coins(10), [coins(2), coins(1)].into_iter());
        assert!(!coin.keeps_waiting(coins(7)));
        coin.take(coins(4));
        assert!(coin.keeps_waiting(coins(4)) && !coin.keeps_waiting(coins(3)), "smaller ones go on");
        assert!(!coin.keeps_waiting(coins(11)), "it does not wait for others");
        coin.take(coins(9));
        assert!(coin.keeps_waiting(coins(1)) && !coin.keeps_waiting(U256::ZERO));
        assert!(Coin::new(coins(1), [coins(5)].into_iter()).keeps_waiting(coins(1)));
    }
}
