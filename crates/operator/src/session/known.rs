//! Which requests are known for good: proven and kept in the store, or handled. A session starts
//! from the newest checkpoint below the first one that is not, so what stays open keeps neither its
//! start nor its memory.

use super::Session;
use crate::direction::WorkError;
use crate::store::StoredRequest;
use std::collections::BTreeSet;

/// What is known of requests.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Every request below it is kept, or was handled before the destination's newest checkpoint.
    below: u64,
    /// Kept ones above it.
    above: BTreeSet<u64>,
    /// Proven, and not written down yet.
    fresh: Vec<StoredRequest>,
    /// Those that are done, and of which the store is not told yet.
    done: BTreeSet<u64>,
    /// Whether `below` was moved since it was written down.
    moved: bool,
}

impl Known {
    pub(super) fn new(below: u64) -> Self {
        Self { below, ..Self::default() }
    }

    /// Every request below it is known.
    pub(super) const fn below(&self) -> u64 {
        self.below
    }

    /// A request is to be kept.
    pub(super) fn keep(&mut self, request: StoredRequest) {
        self.fresh.push(request);
    }

    /// A request is in the store already.
    pub(super) fn is_kept(&mut self, nonce: u64) {
        if nonce >= self.below {
            self.above.insert(nonce);
        }
    }

    /// A request is done: the store lets it go at the next checkpoint of the destination.
    pub(super) fn finish(&mut self, nonce: u64) {
        self.done.insert(nonce);
    }

    /// What is to be written down, and up to where all is known then.
    fn take_unwritten(&mut self) -> Option<(Vec<StoredRequest>, u64)> {
        let fresh = std::mem::take(&mut self.fresh);
        self.above.extend(fresh.iter().map(|request| request.nonce));
        while self.above.remove(&self.below) {
            self.below = self.below.saturating_add(1);
            self.moved = true;
        }
        let moved = std::mem::take(&mut self.moved);
        (moved || !fresh.is_empty()).then_some((fresh, self.below))
    }

    /// A checkpoint of the destination was kept at which all below `lower` were handled.
    fn pass(&mut self, lower: u64) {
        if lower > self.below {
            self.below = lower;
            self.above = self.above.split_off(&lower);
            self.moved = true;
        }
    }

    /// Runs of nonces that are done: first and last.
    fn take_done(&mut self) -> Vec<(u64, u64)> {
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for nonce in std::mem::take(&mut self.done) {
            match runs.last_mut() {
                Some((_, last)) if last.checked_add(1) == Some(nonce) => *last = nonce,
                _ => runs.push((nonce, nonce)),
            }
        }
        runs
    }
}

impl Session<'_> {
    /// Writes down what was proven, before anything is done about it.
    pub(super) async fn keep_requests(&mut self) -> Result<(), WorkError> {
        let Some((fresh, below)) = self.known.take_unwritten() else { return Ok(()) };
        Ok(self.direction.shared.store.keep_requests(&self.direction.name, &fresh, below).await?)
    }

    /// After a checkpoint of the destination: nothing before it is watched again, so what was
    /// handled by then is done with.
    pub(super) async fn let_go(&mut self, lower: u64) -> Result<(), WorkError> {
        self.known.pass(lower);
        self.keep_requests().await?;
        let (name, store) = (&self.direction.name, &self.direction.shared.store);
        for (first, last) in self.known.take_done() {
            store.drop_requests(name, first, last).await?;
        }
        // What is left over waits for the next time; nothing else does.
        if let Err(error) = store.prune(name).await {
            tracing::warn!(direction = %name, %error, "old rows could not be dropped");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(nonce: u64) -> StoredRequest {
        StoredRequest { nonce, block: 1, time: 2, vote: Err("test".to_owned()) }
    }

    #[test]
    fn what_is_kept_without_a_gap_is_known() {
        let mut known = Known::new(5);
        assert!(known.take_unwritten().is_none());
        known.is_kept(7);
        known.is_kept(3);
        known.keep(request(8));
        assert_eq!(
            known.take_unwritten().unwrap(),
            (vec![request(8)], 5),
            "5 and 6 are in a block that is not read yet"
        );
        known.keep(request(5));
        known.keep(request(6));
        assert_eq!(known.take_unwritten().unwrap().1, 9);
        assert!(known.take_unwritten().is_none());
    }

    #[test]
    fn what_was_handled_before_a_checkpoint_is_known_without_being_seen() {
        let mut known = Known::new(0);
        known.keep(request(9));
        known.keep(request(2));
        known.take_unwritten();
        known.pass(9);
        assert_eq!(known.take_unwritten().unwrap(), (vec![], 10));
        known.pass(3);
        assert_eq!(known.below(), 10);
    }

    #[test]
    fn what_is_done_goes_in_runs() {
        let mut known = Known::new(0);
        for nonce in [4, 9, 5, 6, u64::MAX] {
            known.finish(nonce);
        }
        assert_eq!(known.take_done(), [(4, 6), (9, 9), (u64::MAX, u64::MAX)]);
        assert!(known.take_done().is_empty());
    }
}
