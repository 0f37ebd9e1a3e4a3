//! How a session starts: from which block, and with which endpoint asked first.

use crate::clock;
use crate::direction::WorkError;
use crate::link::Link;
use spanlight::consensus::light_client::Checkpoint;
use spanlight::consensus::FollowMode;
use spanlight::trust::TrustedChain;
use spanlight::verdict::{NotReached, Verdict};
use spanlight_prover::{ProveError, RpcError, SyncOptions, Time};

/// That the clock or the checkpoint's age stands in the way, and no endpoint.
pub(crate) fn own_limit(error: &ProveError) -> Option<&NotReached> {
    match error {
        ProveError::NotFollowed(Verdict::NotYetTrusted(
            reason @ (NotReached::Clock { .. } | NotReached::TrustExpired { .. }),
        )) => Some(reason),
        _ => None,
    }
}

/// Whether an endpoint does not serve, or serves what is refused.
pub(crate) const fn is_of_endpoints(error: &ProveError) -> bool {
    match error {
        ProveError::Rpc(error) => !matches!(error, RpcError::Cancelled),
        ProveError::Refused(_) | ProveError::EventNotFound { .. } => true,
        _ => false,
    }
}

/// The chain from where this operator starts: its own checkpoint where that is newer than the
/// trust's, since one that the person at the keys gave and that is newer goes before.
///
/// Only its own checkpoint may be older than the trusting period, and only by its own
/// configuration: this operator verified that block itself, so what the period guards against is
/// that a quorum of its council gave its keys away since. Nothing is jumped over from there.
pub(crate) fn starting_point(chain: TrustedChain, own: Option<Checkpoint>, max_pause_s: u64) -> TrustedChain {
    match own.filter(|own| own.number > chain.checkpoint.number) {
        Some(checkpoint) => {
            TrustedChain { checkpoint, trusting_period: chain.trusting_period.max(max_pause_s), ..chain }
        }
        None => chain,
    }
}

/// Begins to follow a chain, with one endpoint at a time: where they were mixed, one could tell a
/// head and leave it to another to show it, and what is false would be held against the other one.
/// One endpoint that keeps back whoever begins must not keep a session from beginning: `begin` puts
/// aside one at fault, and where nobody can be shown to be at fault each endpoint is asked first
/// once. A first one may show an old head and then not tell its state, which the others, honest
/// ones, have thrown away. The next session goes on with the order found.
pub(crate) async fn with_each<R>(
    link: &mut Link,
    begin: impl AsyncFn(&Link) -> Result<R, ProveError>,
) -> Result<R, ProveError> {
    let mut turns = link.len();
    loop {
        let error = match begin(link).await {
            Ok(begun) => return Ok(begun),
            Err(error) => error,
        };
        if own_limit(&error).is_some() {
            return Err(error);
        }
        turns = turns.saturating_sub(1);
        link.rotate();
        // Where none answers, another order helps nobody.
        let is_nobody = |error: &RpcError| {
            matches!(error, RpcError::Transport { .. } | RpcError::NoneLeft { .. } | RpcError::Cancelled)
        };
        if turns == 0 || matches!(&error, ProveError::Rpc(error) if is_nobody(error)) {
            return Err(error);
        }
        tracing::warn!(%error, "a start failed; the next endpoint is asked first");
    }
}

pub(crate) fn no_start(trusted: &TrustedChain, error: ProveError) -> WorkError {
    let chain = trusted.profile.name.clone();
    WorkError::Start { chain, block: trusted.checkpoint.number, error: Box::new(error) }
}

/// How chains are followed now.
pub(crate) fn options() -> SyncOptions {
    SyncOptions { to: None, mode: FollowMode::Sparse, deep: false, time: Time::Runs(clock::now) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarm::Alarm;
    use crate::store::StoreError;
    use spanlight::trust::{Trust, TrustError};
    use spanlight_prover::Cancel;
    use std::cell::RefCell;
    use std::time::Duration;

    fn pruned() -> ProveError {
        RpcError::Pruned { chain: "main".into(), height: 5 }.into()
    }

    /// Begins where one of `serving` is asked first, and is refused a state by the others; gives
    /// who was asked first each time.
    async fn begin(
        link: &mut Link,
        serving: &[&str],
        error: fn() -> ProveError,
    ) -> (Result<(), ProveError>, Vec<String>) {
        let asked = RefCell::new(Vec::new());
        let begun = with_each(link, async |link: &Link| {
            asked.borrow_mut().push(link.first().to_owned());
            if serving.contains(&link.first()) {
                Ok(())
            } else {
                Err(error())
            }
        });
        (begun.await, asked.into_inner())
    }

    fn link() -> (Link, [String; 3]) {
        let urls = ["http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"].map(str::to_owned);
        (Link::open(&urls, Duration::from_secs(1), &Cancel::default()).unwrap(), urls)
    }

    #[tokio::test]
    async fn a_first_endpoint_that_keeps_a_start_back_is_asked_first_no_more() {
        let (mut link, [a, b, c]) = link();
        let (begun, asked) = begin(&mut link, &[&c], pruned).await;
        assert!(begun.is_ok());
        assert_eq!(asked, [a, b, c.clone()]);
        // The next session begins with the one that served.
        assert_eq!(begin(&mut link, &[&c], pruned).await.1, [c]);
    }

    #[tokio::test]
    async fn each_is_asked_first_once_and_none_where_nobody_answers() {
        let (mut link, [a, b, c]) = link();
        let (begun, asked) = begin(&mut link, &[], pruned).await;
        assert!(matches!(begun, Err(ProveError::Rpc(RpcError::Pruned { .. }))));
        assert_eq!(asked, [a.clone(), b.clone(), c]);
        let silent = || RpcError::Transport { reason: "no answer".to_owned() }.into();
        assert_eq!(begin(&mut link, &[], silent).await.1, [a]);
        assert_eq!(link.first(), b);
    }

    #[tokio::test]
    async fn a_checkpoint_that_is_ahead_of_the_clock_is_no_endpoints_fault() {
        let (mut link, [a, ..]) = link();
        let ahead = || {
            let reason = NotReached::Clock { chain: "main".to_owned(), have: 100, need: 130 };
            ProveError::NotFollowed(Verdict::NotYetTrusted(reason))
        };
        let (begun, asked) = begin(&mut link, &[], ahead).await;
        assert_eq!((asked, link.first()), (vec![a.clone()], a.as_str()));
        let error = WorkError::Start { chain: "main".to_owned(), block: 7, error: Box::new(begun.unwrap_err()) };
        assert_eq!(error.alarm(), Some(Alarm::Clock { chain: "main".to_owned(), behind: 30 }));
    }

    #[test]
    fn only_an_own_checkpoint_is_believed_for_longer_than_the_trusting_period() {
        let mut chain: Trust = toml::from_str(include_str!("../../../tests/fixtures/trust.toml")).unwrap();
        let mut chain = chain.chains.remove(0);
        (chain.trusting_period, chain.checkpoint.number) = (100, 50);
        let at = |number: u64| Some(Checkpoint { number, ..chain.checkpoint.clone() });
        let start = |own: Option<Checkpoint>, max_pause_s: u64| {
            let start = starting_point(chain.clone(), own, max_pause_s);
            (start.checkpoint.number, start.trusting_period)
        };
        assert_eq!(start(at(51), 1000), (51, 1000));
        assert_eq!(start(at(51), 0), (51, 100), "nothing is configured");
        assert_eq!(start(at(51), 99), (51, 100), "it is never less than the trust says");
        assert_eq!(start(at(50), 1000), (50, 100), "the trust's own");
        assert_eq!(start(at(49), 1000), (50, 100));
        assert_eq!(start(None, 1000), (50, 100));
    }

    #[test]
    fn a_checkpoint_that_is_too_old_is_no_endpoints_fault_and_is_told_once() {
        let too_old = |have: u64| {
            let reason = NotReached::TrustExpired { chain: "main".to_owned(), have, need: 100 };
            let error = Box::new(ProveError::NotFollowed(Verdict::NotYetTrusted(reason)));
            WorkError::Start { chain: "main".to_owned(), block: 7, error }
        };
        assert!(!too_old(101).is_of_endpoints(), "the lease is given to nobody else for it");
        let silent = ProveError::from(RpcError::Transport { reason: "no answer".to_owned() });
        let start = WorkError::Start { chain: "main".to_owned(), block: 7, error: Box::new(silent) };
        assert!(start.is_of_endpoints() && WorkError::Prove(pruned()).is_of_endpoints());
        for own in [WorkError::NoKey("main".to_owned()), StoreError::LostLease.into(), TrustError::UnknownChain.into()]
        {
            assert!(!own.is_of_endpoints(), "{own}");
        }
        assert!(!WorkError::Prove(RpcError::Cancelled.into()).is_of_endpoints());
        let (chain, block, age, most) = ("main".to_owned(), 7, 101, 100);
        assert_eq!(too_old(101).alarm(), Some(Alarm::CheckpointTooOld { chain, block, age, most }));
        assert_eq!(too_old(101).to_string(), too_old(102).to_string(), "what is logged has no age in it");
    }
}
