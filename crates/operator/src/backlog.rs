//! Blocks that could not be read: asked for again after ever longer pauses, and never in the way of later ones.
//!
//! A block leaves the list when it was read, or when all it holds is known and done. The list is bounded: where it is full no
//! later block is searched, so that nothing is left out in silence. It need not outlive the process, which starts again from
//! a checkpoint below every open request.

use crate::backoff::Backoff;
use spanlight_prover::{ProveError, RpcError};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Most blocks that wait.
const MOST: usize = 1024;
/// Most blocks that are asked for again in one round.
const AT_ONCE: usize = 8;
/// The first pause; each one is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// An endpoint that has the block may come any time, and nobody tells.
const LONGEST_PAUSE: Duration = Duration::from_secs(64);
/// From so many failures on a person is told: what passes by itself is not worth it.
const TELLS: u32 = 3;

/// Rounds for each endpoint in which the chain was followed and one block was not served, after which the block waits: it may be
/// the block that is too large or too slow to serve, and anybody can make one.
const UNSERVED: usize = 2;

/// Whose fault it is that a block could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The endpoints serve, and do not have this or will not show it; or it holds what is not covered.
    Block,
    /// An answer is of no use. Another endpoint may give a better one.
    Answer,
    /// Nobody serves. Later blocks fare no better, unless it is this one that nobody serves.
    Endpoints,
    /// Whoever asked gave up.
    Nobody,
}

const fn fault_of(error: &ProveError) -> Fault {
    match error {
        ProveError::Rpc(RpcError::Pruned { .. } | RpcError::Node { .. } | RpcError::NoAccount { .. })
        | ProveError::NotFollowed(_) => Fault::Block,
        ProveError::Rpc(RpcError::Answer { .. }) | ProveError::Refused(_) => Fault::Answer,
        ProveError::Rpc(RpcError::Cancelled) => Fault::Nobody,
        _ => Fault::Endpoints,
    }
}

/// Whether another block may well be readable from the same endpoints.
pub(crate) const fn is_of_one_block(error: &ProveError) -> bool {
    matches!(fault_of(error), Fault::Block)
}

/// Whether nobody served: what is asked next, in the same round, tells nothing of any block.
pub(crate) const fn is_of_endpoints(error: &ProveError) -> bool {
    matches!(fault_of(error), Fault::Endpoints)
}

/// What is done about a block that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// The round ends here, and the block is asked for again at once: from another endpoint, or once one serves.
    EndRound,
    /// It waits here, and later ones are read.
    Waits {
        /// Whether a person should know.
        tell: bool,
    },
}

/// How often a block was asked for in vain since it last waited.
#[derive(Clone, Copy, Debug, Default)]
struct Tries {
    /// Answers of no use.
    refused: usize,
    /// Rounds in which the chain was followed and nobody served this block.
    unserved: usize,
}

/// A block that waits.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    backoff: Backoff,
    until: Instant,
    /// Requests known to lie in it.
    pub(crate) nonces: Vec<u64>,
    /// The code of what stands in the way.
    pub(crate) code: &'static str,
}

#[derive(Debug, Default)]
pub(crate) struct Backlog {
    blocks: BTreeMap<u64, Waiting>,
    /// Blocks that are asked for again at once: the newest, and those that wait and are due.
    tries: BTreeMap<u64, Tries>,
}

impl Backlog {
    pub(crate) fn is_full(&self) -> bool {
        self.blocks.len() >= MOST
    }

    pub(crate) fn waiting(&self) -> impl Iterator<Item = (u64, &Waiting)> {
        self.blocks.iter().map(|(block, waiting)| (*block, waiting))
    }

    /// The requests known to lie in a block that waits.
    pub(crate) fn nonces_of(&self, block: u64) -> &[u64] {
        self.blocks.get(&block).map_or(&[], |waiting| waiting.nonces.as_slice())
    }

    /// Whether one waits of which it is not known what it holds.
    pub(crate) fn has_unknown(&self) -> bool {
        self.blocks.values().any(|waiting| waiting.nonces.is_empty())
    }

    /// Blocks to ask for again, those first that have waited longest: none keeps another from its turn.
    pub(crate) fn due(&self, now: Instant) -> Vec<u64> {
        let due = self.blocks.iter().filter(|(_, waiting)| waiting.until <= now);
        let mut due: Vec<(Instant, u64)> = due.map(|(block, waiting)| (waiting.until, *block)).collect();
        due.sort_unstable();
        due.into_iter().map(|(_, block)| block).take(AT_ONCE).collect()
    }

    /// A block could not be read from any of `endpoints`, or from the one that was asked first. What is already known to be in
    /// it is `nonces`; `followed` tells whether its chain could be followed since an endpoint last failed.
    pub(crate) fn failed(
        &mut self,
        block: u64,
        error: &ProveError,
        nonces: Vec<u64>,
        (endpoints, followed): (usize, bool),
        now: Instant,
    ) -> Course {
        let waited = self.blocks.contains_key(&block);
        let tries = self.tries.entry(block).or_default();
        let fault = fault_of(error);
        let is_over = match fault {
            Fault::Nobody => false,
            Fault::Endpoints => {
                tries.unserved = tries.unserved.saturating_add(usize::from(followed));
                // Each try puts endpoints aside, or takes as long as they let it: one more is enough for what waited already.
                followed && (waited || tries.unserved >= endpoints.saturating_mul(UNSERVED))
            }
            Fault::Answer => {
                tries.refused = tries.refused.saturating_add(1);
                tries.refused >= endpoints
            }
            Fault::Block => true,
        };
        if !is_over {
            return Course::EndRound;
        }
        self.tries.remove(&block);
        let code = error.code();
        let waiting = self.blocks.entry(block).or_insert(Waiting {
            backoff: Backoff::default(),
            until: now,
            nonces: Vec::new(),
            code,
        });
        let pause = waiting.backoff.fail_for(FIRST_PAUSE, LONGEST_PAUSE);
        waiting.until = now.checked_add(pause).unwrap_or(now);
        waiting.code = code;
        if !nonces.is_empty() {
            waiting.nonces = nonces;
        }
        let is_lasting = matches!(error, ProveError::Rpc(RpcError::Pruned { .. }) | ProveError::NotFollowed(_));
        // What nobody served was asked for often enough already.
        Course::Waits { tell: is_lasting || fault == Fault::Endpoints || waiting.backoff.failures() >= TELLS }
    }

    /// The endpoints serve again after they did not: every block that waits is due now.
    pub(crate) fn wake(&mut self, now: Instant) {
        for waiting in self.blocks.values_mut() {
            waiting.until = waiting.until.min(now);
        }
    }

    /// A block was read.
    pub(crate) fn read(&mut self, block: u64) {
        self.blocks.remove(&block);
        self.tries.remove(&block);
    }

    /// Lets go of blocks whose requests are known and all below `nonce`.
    pub(crate) fn let_go(&mut self, nonce: u64) {
        self.blocks.retain(|block, waiting| {
            let keeps = waiting.nonces.is_empty() || waiting.nonces.iter().any(|held| *held >= nonce);
            if !keeps {
                self.tries.remove(block);
            }
            keeps
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight::verify::VerifyError;

    fn pruned() -> ProveError {
        RpcError::Pruned { chain: "main".into(), height: 5 }.into()
    }

    fn useless() -> ProveError {
        RpcError::Answer { method: "kaia_getProof", field: "proof" }.into()
    }

    fn silent() -> ProveError {
        RpcError::Transport { reason: "no answer".to_owned() }.into()
    }

    #[test]
    fn what_concerns_one_block_waits_and_what_concerns_all_ends_the_round() {
        let now = Instant::now();
        let node = ProveError::from(RpcError::Node { code: -32000, message: "no".to_owned() });
        let nobody = ProveError::from(RpcError::NoneLeft { reasons: String::new() });
        let mut backlog = Backlog::default();
        for error in [silent(), nobody] {
            for _ in 0..100 {
                assert_eq!(backlog.failed(5, &error, vec![], (1, false), now), Course::EndRound, "{error:?}");
            }
        }
        for _ in 0..100 {
            assert_eq!(backlog.failed(5, &RpcError::Cancelled.into(), vec![], (1, true), now), Course::EndRound);
        }
        assert!(backlog.waiting().next().is_none());
        assert_eq!(backlog.failed(5, &pruned(), vec![], (2, true), now), Course::Waits { tell: true });
        assert_eq!(backlog.failed(6, &node, vec![], (2, true), now), Course::Waits { tell: false });
        assert_eq!(backlog.waiting().map(|(block, _)| block).collect::<Vec<_>>(), [5, 6]);
    }

    #[test]
    fn a_block_that_nobody_serves_while_the_chain_is_followed_waits_and_is_told() {
        let now = Instant::now();
        let mut backlog = Backlog::default();
        for _ in 0..3 {
            assert_eq!(backlog.failed(5, &silent(), vec![], (2, true), now), Course::EndRound);
            assert_eq!(backlog.failed(5, &silent(), vec![], (2, false), now), Course::EndRound, "no round of its own");
        }
        assert_eq!(backlog.failed(5, &silent(), vec![], (2, true), now), Course::Waits { tell: true });
        assert_eq!(backlog.failed(6, &silent(), vec![], (2, true), now), Course::EndRound, "each block anew");
        let now = now + Duration::from_secs(1);
        assert_eq!(backlog.due(now), [5]);
        assert_eq!(backlog.failed(5, &silent(), vec![], (2, false), now), Course::EndRound);
        assert_eq!(backlog.failed(5, &silent(), vec![], (2, true), now), Course::Waits { tell: true });
        assert!(backlog.due(now + Duration::from_millis(999)).is_empty(), "each pause is longer");
    }

    #[test]
    fn blocks_that_are_tried_in_turn_keep_their_counts() {
        let now = Instant::now();
        let mut backlog = Backlog::default();
        for _ in 0..2 {
            for block in [5, 6, 7] {
                assert_eq!(backlog.failed(block, &useless(), vec![], (3, true), now), Course::EndRound);
            }
        }
        for block in [5, 6, 7] {
            assert_eq!(backlog.failed(block, &useless(), vec![], (3, true), now), Course::Waits { tell: false });
        }
        assert!(backlog.tries.is_empty());
    }

    #[test]
    fn what_has_waited_longest_is_asked_for_first() {
        let now = Instant::now();
        let mut backlog = Backlog::default();
        for block in 0..20 {
            backlog.failed(block, &pruned(), vec![], (1, true), now);
        }
        let later = now + Duration::from_secs(1);
        for block in backlog.due(later) {
            backlog.failed(block, &pruned(), vec![], (1, true), later);
        }
        assert_eq!(backlog.due(later + Duration::from_secs(2)), [8, 9, 10, 11, 12, 13, 14, 15]);
    }

    #[test]
    fn a_useless_answer_is_asked_of_every_endpoint_first() {
        let now = Instant::now();
        let refused = ProveError::Refused(VerifyError::BridgeAbsent.into());
        for error in [useless(), refused] {
            let mut backlog = Backlog::default();
            assert_eq!(backlog.failed(5, &error, vec![], (3, true), now), Course::EndRound);
            assert_eq!(backlog.failed(5, &error, vec![], (3, true), now), Course::EndRound);
            assert_eq!(backlog.failed(5, &error, vec![], (3, true), now), Course::Waits { tell: false });
            assert_eq!(backlog.failed(6, &error, vec![], (3, true), now), Course::EndRound, "each block anew");
        }
    }

    #[test]
    fn endpoints_that_serve_again_are_asked_at_once() {
        let now = Instant::now();
        let mut backlog = Backlog::default();
        for _ in 0..10 {
            backlog.failed(5, &pruned(), vec![], (1, true), now);
        }
        assert!(backlog.due(now + Duration::from_secs(63)).is_empty());
        backlog.wake(now);
        assert_eq!(backlog.due(now), [5]);
    }

    #[test]
    fn pauses_double_up_to_a_minute_and_a_round_asks_for_few() {
        let mut now = Instant::now();
        let mut backlog = Backlog::default();
        for pause in [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 64_000] {
            assert!(matches!(backlog.failed(5, &pruned(), vec![], (1, true), now), Course::Waits { .. }));
            assert!(backlog.due(now + Duration::from_millis(pause - 1)).is_empty());
            now += Duration::from_millis(pause);
            assert_eq!(backlog.due(now), [5]);
        }
        for block in 6..100 {
            backlog.failed(block, &pruned(), vec![], (1, true), now);
        }
        assert_eq!(backlog.due(now + Duration::from_secs(1)), [5, 6, 7, 8, 9, 10, 11, 12]);
        backlog.read(5);
        assert_eq!(backlog.due(now + Duration::from_secs(1))[0], 6);
    }

    #[test]
    fn it_is_bounded_and_keeps_what_may_hold_something_open() {
        let now = Instant::now();
        let mut backlog = Backlog::default();
        backlog.failed(1, &pruned(), vec![3, 4], (1, true), now);
        backlog.failed(2, &pruned(), vec![5], (1, true), now);
        backlog.failed(3, &pruned(), vec![], (1, true), now);
        assert!(backlog.has_unknown());
        backlog.let_go(4);
        assert_eq!(backlog.waiting().map(|(block, _)| block).collect::<Vec<_>>(), [1, 2, 3]);
        backlog.let_go(6);
        assert_eq!(backlog.waiting().map(|(block, _)| block).collect::<Vec<_>>(), [3]);
        for block in 4..=(MOST as u64 + 2) {
            assert!(!backlog.is_full());
            backlog.failed(block, &pruned(), vec![], (1, true), now);
        }
        assert!(backlog.is_full());
    }
}
