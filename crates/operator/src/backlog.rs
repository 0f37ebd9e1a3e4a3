//! Blocks that could not be read: asked for again after ever longer pauses, and never in the way of later ones.
//!
//! A block leaves the list when it was read, or when all it holds is known and done. The list is bounded: where it is full no
//! later block is searched, so that nothing is left out in silence. It need not outlive the process, which starts again from
//! a checkpoint below every open request.

use spanlight_prover::{ProveError, RpcError};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Most blocks that wait.
const MOST: usize = 1024;
/// Most blocks that are asked for again in one round.
const AT_ONCE: usize = 8;
/// The first pause; each one is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MOST_DOUBLINGS: u32 = 9;
/// From so many failures on a person is told: what passes by itself is not worth it.
const TELLS: u32 = 3;

/// Whose fault it is that a block could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The endpoints serve, and do not have this or will not show it; or it holds what is not covered.
    Block,
    /// An answer is of no use. Another endpoint may give a better one.
    Answer,
    /// Nobody serves: later blocks fare no better.
    Endpoints,
}

const fn fault_of(error: &ProveError) -> Fault {
    match error {
        ProveError::Rpc(RpcError::Pruned { .. } | RpcError::Node { .. }) | ProveError::NotFollowed(_) => Fault::Block,
        ProveError::Rpc(RpcError::Answer { .. }) | ProveError::Refused(_) => Fault::Answer,
        _ => Fault::Endpoints,
    }
}

/// Whether another block may well be readable from the same endpoints.
pub(crate) const fn is_of_one_block(error: &ProveError) -> bool {
    matches!(fault_of(error), Fault::Block)
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

/// A block that waits.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    failures: u32,
    until: Instant,
    /// Requests known to lie in it.
    pub(crate) nonces: Vec<u64>,
    /// The code of what stands in the way.
    pub(crate) code: &'static str,
}

#[derive(Debug, Default)]
pub(crate) struct Backlog {
    blocks: BTreeMap<u64, Waiting>,
    /// The block whose answers were last of no use, and how many of them.
    refused: (u64, usize),
}

impl Backlog {
    pub(crate) fn is_full(&self) -> bool {
        self.blocks.len() >= MOST
    }

    pub(crate) fn waiting(&self) -> impl Iterator<Item = (u64, &Waiting)> {
        self.blocks.iter().map(|(block, waiting)| (*block, waiting))
    }

    /// Whether one waits of which it is not known what it holds.
    pub(crate) fn has_unknown(&self) -> bool {
        self.blocks.values().any(|waiting| waiting.nonces.is_empty())
    }

    /// Blocks to ask for again.
    pub(crate) fn due(&self, now: Instant) -> Vec<u64> {
        let due = self.blocks.iter().filter(|(_, waiting)| waiting.until <= now);
        due.map(|(block, _)| *block).take(AT_ONCE).collect()
    }

    /// A block could not be read from any of `endpoints`, or from the one that was asked first. What is already known to be in
    /// it is `nonces`.
    pub(crate) fn failed(
        &mut self,
        block: u64,
        error: &ProveError,
        nonces: Vec<u64>,
        endpoints: usize,
        now: Instant,
    ) -> Course {
        match fault_of(error) {
            Fault::Endpoints => return Course::EndRound,
            Fault::Answer => {
                let before = if self.refused.0 == block { self.refused.1 } else { 0 };
                self.refused = (block, before.saturating_add(1));
                if self.refused.1 < endpoints {
                    return Course::EndRound;
                }
            }
            Fault::Block => {}
        }
        self.refused = (0, 0);
        let code = error.code();
        let waiting = self.blocks.entry(block).or_insert(Waiting { failures: 0, until: now, nonces: Vec::new(), code });
        let pause = FIRST_PAUSE.saturating_mul(1u32.wrapping_shl(waiting.failures.min(MOST_DOUBLINGS)));
        waiting.until = now.checked_add(pause).unwrap_or(now);
        waiting.failures = waiting.failures.saturating_add(1);
        waiting.code = code;
        if !nonces.is_empty() {
            waiting.nonces = nonces;
        }
        let is_lasting = matches!(error, ProveError::Rpc(RpcError::Pruned { .. }) | ProveError::NotFollowed(_));
        Course::Waits { tell: is_lasting || waiting.failures >= TELLS }
    }

    /// A block was read.
    pub(crate) fn read(&mut self, block: u64) {
        self.blocks.remove(&block);
    }

    /// Lets go of blocks whose requests are known and all below `nonce`.
    pub(crate) fn let_go(&mut self, nonce: u64) {
        self.blocks.retain(|_, waiting| waiting.nonces.is_empty() || waiting.nonces.iter().any(|held| *held >= nonce));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight::verify::VerifyError;

    fn pruned() -> ProveError {
        RpcError::Pruned { height: 5 }.into()
    }

    fn useless() -> ProveError {
        RpcError::Answer { method: "kaia_getProof", field: "proof" }.into()
    }

    #[test]
    fn what_concerns_one_block_waits_and_what_concerns_all_ends_the_round() {
        let now = Instant::now();
        let node = ProveError::from(RpcError::Node { code: -32000, message: "no".to_owned() });
        let silent = ProveError::from(RpcError::Transport { reason: "no answer".to_owned() });
        let nobody = ProveError::from(RpcError::NoneLeft { reasons: String::new() });
        let mut backlog = Backlog::default();
        for error in [silent, nobody, RpcError::Cancelled.into()] {
            assert_eq!(backlog.failed(5, &error, vec![], 1, now), Course::EndRound, "{error:?}");
            assert!(backlog.waiting().next().is_none());
        }
        assert_eq!(backlog.failed(5, &pruned(), vec![], 2, now), Course::Waits { tell: true });
        assert_eq!(backlog.failed(6, &node, vec![], 2, now), Course::Waits { tell: false });
        assert_eq!(backlog.waiting().map(|(block, _)| block).collect::<Vec<_>>(), [5, 6]);
    }

    #[test]
    fn a_useless_answer_is_asked_of_every_endpoint_first() {
        let now = Instant::now();
        let refused = ProveError::Refused(VerifyError::BridgeAbsent.into());
        for error in [useless(), refused] {
            let mut backlog = Backlog::default();
            assert_eq!(backlog.failed(5, &error, vec![], 3, now), Course::EndRound);
            assert_eq!(backlog.failed(5, &error, vec![], 3, now), Course::EndRound);
            assert_eq!(backlog.failed(5, &error, vec![], 3, now), Course::Waits { tell: false });
            assert_eq!(backlog.failed(6, &error, vec![], 3, now), Course::EndRound, "each block anew");
        }
    }

    #[test]
    fn pauses_double_up_to_minutes_and_a_round_asks_for_few() {
        let mut now = Instant::now();
        let mut backlog = Backlog::default();
        for pause in [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 256_000] {
            assert!(matches!(backlog.failed(5, &pruned(), vec![], 1, now), Course::Waits { .. }));
            assert!(backlog.due(now + Duration::from_millis(pause - 1)).is_empty());
            now += Duration::from_millis(pause);
            assert_eq!(backlog.due(now), [5]);
        }
        for block in 6..100 {
            backlog.failed(block, &pruned(), vec![], 1, now);
        }
        assert_eq!(backlog.due(now + Duration::from_secs(1)), [5, 6, 7, 8, 9, 10, 11, 12]);
        backlog.read(5);
        assert_eq!(backlog.due(now + Duration::from_secs(1))[0], 6);
    }

    #[test]
    fn it_is_bounded_and_keeps_what_may_hold_something_open() {
        let now = Instant::now();
        let mut backlog = Backlog::default();
        backlog.failed(1, &pruned(), vec![3, 4], 1, now);
        backlog.failed(2, &pruned(), vec![5], 1, now);
        backlog.failed(3, &pruned(), vec![], 1, now);
        assert!(backlog.has_unknown());
        backlog.let_go(4);
        assert_eq!(backlog.waiting().map(|(block, _)| block).collect::<Vec<_>>(), [1, 2, 3]);
        backlog.let_go(6);
        assert_eq!(backlog.waiting().map(|(block, _)| block).collect::<Vec<_>>(), [3]);
        for block in 4..=(MOST as u64 + 2) {
            assert!(!backlog.is_full());
            backlog.failed(block, &pruned(), vec![], 1, now);
        }
        assert!(backlog.is_full());
    }
}
