//! How many calls a client may make. One that is a little too fast is slowed down, so that nothing of its work is lost; one
//! that is much too fast is refused.

use super::calls::LARGEST_BATCH;
use governor::clock::{Clock, DefaultClock};
use governor::{Quota, RateLimiter};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// Seconds' worth of calls that may come at once, so that a page's first reading is not slowed; no less than a batch.
const BURST: u32 = 10;
/// Longest that a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// Clients that are remembered before those are forgotten whose allowance is full again.
const REMEMBERED: usize = 10_000;

type Store = governor::state::keyed::HashMapStateStore<IpAddr>;

/// The allowance of each client.
pub(super) struct Rate(RateLimiter<IpAddr, Store, DefaultClock>);

impl Rate {
    /// So many calls a second for each client.
    pub(super) fn new(calls: NonZeroU32) -> Self {
        let burst = calls.get().saturating_mul(BURST).max(LARGEST_BATCH);
        let burst = NonZeroU32::new(burst).unwrap_or(calls);
        Self(RateLimiter::hashmap(Quota::per_second(calls).allow_burst(burst)))
    }

    /// Waits until `client` may make so many calls; false where that would take too long.
    pub(super) async fn allows(&self, client: IpAddr, calls: u32) -> bool {
        let Some(calls) = NonZeroU32::new(calls) else { return true };
        if self.0.len() > REMEMBERED {
            self.0.retain_recent();
        }
        let (client, began) = (network(client), Instant::now());
        loop {
            let Ok(turn) = self.0.check_key_n(&client, calls) else { return false };
            let Err(too_early) = turn else { return true };
            let wait = too_early.wait_time_from(DefaultClock::default().now());
            if began.elapsed().saturating_add(wait) > PATIENCE {
                return false;
            }
            tokio::time::sleep(wait).await;
        }
    }
}

/// Who counts as one client: an IPv4 address, or an IPv6 network of 64 bits, since each of its members has all of it.
pub(super) fn network(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_in_one_ipv6_network_are_one_client() {
        let of = |text: &str| text.parse().map(network).ok();
        assert_eq!(of("2001:db8::1"), of("2001:db8::2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }
}
