//! Sweeps the destination bridge of version 2: moves its lowest open nonce over those that are
//! executed.
//!
//! Each execution does so for a few nonces, as far as its gas goes. Where one transfer waited while
//! many others overtook it, a lag is left once it is executed, and a quiet bridge would keep it for
//! ever. Operators sweep by turn, once that saves as much as it costs: one that comes second finds
//! nothing left to do, and pays for an empty call.

use super::Session;
use crate::decide::turn_row;
use crate::direction::WorkError;
use crate::link::{Call, Outcome};
use crate::park::{Cause, Park};
use crate::send::SendError;
use crate::store::{Purpose, StoreError};
use crate::tx::Action;
use spanlight::bridge::layout;
use spanlight::{Hash, U256};

/// `sweep()`
const SWEEP: [u8; 4] = [0x35, 0xfa, 0xa4, 0x16];
/// Destination blocks from one look at the lag to the next.
const LOOK_EVERY: u64 = 8;
/// Most nonces that one call passes over.
const MOST_STEPS: u64 = 201;
/// Gas for one nonce, and for the rest of the call. What is not used is not paid, and what is
/// deleted is paid back in part.
const STEP_GAS: u64 = 16_000;
const REST_GAS: u64 = 120_000;

/// What is known of the lag.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sweeping {
    /// The head at which it was looked at last.
    looked: Option<u64>,
    /// Executed nonces without a gap from the lowest on, as far as it was counted.
    lag: u64,
    /// The lowest nonce that is due, and the head since when it is.
    due: Option<(u64, u64)>,
    /// Sweeps that do not work are put off.
    park: Park,
}

/// What is done about the lag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    /// It is small enough.
    Fine,
    /// Others go first, for so many blocks.
    Turn(u64),
    /// It did not work, and is tried again from this block on.
    Parked(u64),
    /// It is this operator's turn.
    Sweep,
}

impl Sweeping {
    /// Whether the lag is to be looked at: now and then, and at each head once it is due.
    const fn is_due_at(&self, head: u64) -> bool {
        match self.looked {
            Some(looked) => self.due.is_some() || head.saturating_sub(looked) >= LOOK_EVERY,
            None => true,
        }
    }

    /// The lag, where it was counted and is due already: what is executed stays so, and it is
    /// counted anew once the lowest nonce moves.
    fn counted(&self, lower: u64) -> Option<u64> {
        self.due.filter(|(due, _)| *due == lower).map(|_| self.lag)
    }

    /// The lag at `head`, of which `bound` is worth a sweep; `before` operators go first, each for
    /// `turn` blocks.
    fn see(&mut self, (lower, lag): (u64, u64), head: u64, bound: u64, (before, turn): (u64, u64)) -> Course {
        (self.looked, self.lag) = (Some(head), lag);
        if lag < bound {
            (self.due, self.park) = (None, Park::default());
            return Course::Fine;
        }
        let since = match self.due {
            Some((due, since)) if due == lower => since,
            _ => {
                self.park = Park::default();
                head
            }
        };
        self.due = Some((lower, since));
        let wait = before.saturating_mul(turn).saturating_sub(head.saturating_sub(since));
        match (self.park.is_parked(head), wait) {
            (true, _) => Course::Parked(self.park.until()),
            (false, 0) => Course::Sweep,
            (false, blocks) => Course::Turn(blocks),
        }
    }
}

impl Session<'_> {
    /// Sweeps where it is worth it, and it is this operator's turn.
    pub(super) async fn sweep(&mut self) -> Result<(), WorkError> {
        let bound = self.direction.shared.config.voting.sweep_lag;
        let head = self.view.head.number;
        if bound == 0 || self.view.second.is_none() || !self.sweeping.is_due_at(head) {
            return Ok(());
        }
        let lower = self.view.nonces.lower_handle_nonce;
        let lag = match self.sweeping.counted(lower) {
            Some(lag) => lag,
            None => self.lag(lower, bound).await?,
        };
        let row = turn_row(&self.view.operators, lower);
        let before = row.iter().take_while(|operator| **operator != self.view.me).count();
        let before = u64::try_from(before).unwrap_or(u64::MAX);
        let turn = self.direction.shared.config.voting.turn_blocks;
        let words = match self.sweeping.see((lower, lag), head, bound, (before, turn)) {
            Course::Fine => None,
            _ if !self.view.operators.contains(&self.view.me) => {
                Some("this operator's account is no operator".to_owned())
            }
            Course::Turn(blocks) => Some(format!("other operators sweep first, for {blocks} more blocks")),
            Course::Parked(until) => Some(format!("the last sweep did not work: parked until block {until}")),
            Course::Sweep => Some(self.sweep_now(lower, lag).await?),
        };
        self.direction.shared.board.update(&self.direction.name, |board| {
            (board.sweep_lag, board.sweep) = (lag, words);
        });
        Ok(())
    }

    /// Executed nonces from the lowest on, without a gap: `most` at most. Proven at the head.
    async fn lag(&self, lower: u64, most: u64) -> Result<u64, WorkError> {
        let slot = |nonce: u64| layout::handle_nonce_block_slot(nonce);
        // Mostly the lowest one is open, and no more has to be read.
        let first = self.words_at_head(&[slot(lower)]).await?;
        if first.iter().all(U256::is_zero) {
            return Ok(0);
        }
        let slots: Vec<Hash> = (lower..lower.saturating_add(most)).map(slot).collect();
        let words = self.words_at_head(&slots).await?;
        let executed = words.iter().take_while(|word| !word.is_zero()).count();
        Ok(u64::try_from(executed).unwrap_or(u64::MAX))
    }

    /// Sends the call, and says what became of it.
    async fn sweep_now(&mut self, lower: u64, lag: u64) -> Result<String, WorkError> {
        let config = &self.direction.shared.config;
        if self.is_paused() {
            return Ok("this operator is paused".to_owned());
        }
        if !self.is_fresh() {
            return Ok("the destination's newest proven block is too old to act on".to_owned());
        }
        if self.sender.is_in_flight(Purpose::Sweep, lower) {
            return Ok("this operator's sweep is on its way".to_owned());
        }
        if self.sender.in_flight() >= config.voting.max_in_flight {
            return Ok("this operator has as many transactions on their way as it may".to_owned());
        }
        let most = config.chains.get(&self.direction.to.chain).map_or(0, |chain| chain.vote_gas);
        let gas = lag.min(MOST_STEPS).saturating_mul(STEP_GAS).saturating_add(REST_GAS).min(most);
        let (from, to) = (self.view.me, self.direction.to.address);
        let retry = config.voting.retry_blocks;
        let head = self.view.head.number;
        match self.links[1].simulate(&Call { from, to, value: U256::ZERO, input: &SWEEP, gas }).await {
            Outcome::Works => {}
            Outcome::Reverts(reason) => {
                self.sweeping.park.fail(Cause::Delivery, head, retry);
                return Ok(format!("a sweep would revert: {reason}"));
            }
            Outcome::Unknown(reason) => return Ok(format!("no endpoint could simulate a sweep: {reason}")),
        }
        let action = Action::Call { to, input: SWEEP.to_vec() };
        match self.sender.send(&self.links[1], &self.view, (Purpose::Sweep, lower), action, gas).await {
            Ok(()) => {
                // Where it changes nothing it is not sent again at once.
                self.sweeping.park.fail(Cause::Delivery, head, retry);
                self.direction.shared.board.update(&self.direction.name, |board| {
                    board.sweeps_sent = board.sweeps_sent.saturating_add(1);
                });
                Ok("this operator has sent a sweep".to_owned())
            }
            Err(SendError::Store(StoreError::Conflict)) => Ok("this operator's sweep is on its way".to_owned()),
            Err(error) => {
                let alarm = error.into_alarm()?;
                let words = format!("this operator would sweep now, and cannot: {alarm}");
                self.raise(None, alarm);
                Ok(words)
            }
        }
    }

    /// No block takes a sweep from here.
    pub(super) fn put_off_sweeping(&mut self, reason: &str) {
        let retry = self.direction.shared.config.voting.retry_blocks;
        self.sweeping.park.fail(Cause::Endpoints, self.view.head.number, retry);
        tracing::warn!(direction = %self.direction.name, reason, "a sweep was given up");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight::primitives::keccak256;

    #[test]
    fn the_selector_is_that_of_the_call() {
        assert_eq!(keccak256(b"sweep()").0[..4], SWEEP);
    }

    #[test]
    fn a_lag_is_swept_by_turn_once_it_is_worth_it() {
        let mut sweeping = Sweeping::default();
        let mut see = |head, lower, lag| sweeping.see((lower, lag), head, 200, (2, 3));
        assert_eq!(see(100, 7, 199), Course::Fine);
        assert_eq!(see(101, 7, 200), Course::Turn(6));
        assert_eq!(see(106, 7, 200), Course::Turn(1));
        assert_eq!(see(107, 7, 200), Course::Sweep, "nobody before it did");
        assert_eq!(see(108, 207, 200), Course::Turn(6), "the next part is another turn");
        assert_eq!(see(120, 207, 3), Course::Fine, "others did it");
        assert_eq!(see(121, 207, 200), Course::Turn(6));
    }

    #[test]
    fn what_changes_nothing_is_not_sent_again_at_once() {
        let mut sweeping = Sweeping::default();
        assert_eq!(sweeping.see((7, 200), 100, 200, (0, 3)), Course::Sweep);
        sweeping.park.fail(Cause::Delivery, 100, 30);
        assert_eq!(sweeping.see((7, 200), 101, 200, (0, 3)), Course::Parked(130));
        assert_eq!(sweeping.see((7, 200), 130, 200, (0, 3)), Course::Sweep);
        sweeping.park.fail(Cause::Delivery, 130, 30);
        assert_eq!(sweeping.see((208, 200), 131, 200, (0, 3)), Course::Sweep, "it has worked");
    }

    #[test]
    fn a_lag_is_looked_at_now_and_then_and_at_each_head_once_it_is_due() {
        let mut sweeping = Sweeping::default();
        assert!(sweeping.is_due_at(100));
        sweeping.see((7, 0), 100, 200, (0, 3));
        assert!(!sweeping.is_due_at(107) && sweeping.is_due_at(108));
        sweeping.see((7, 200), 108, 200, (1, 3));
        assert!(sweeping.is_due_at(109));
    }

    #[test]
    fn what_is_due_is_not_counted_again_until_the_lowest_nonce_moves() {
        let mut sweeping = Sweeping::default();
        sweeping.see((7, 199), 100, 200, (1, 3));
        assert_eq!(sweeping.counted(7), None, "it may grow");
        sweeping.see((7, 200), 108, 200, (1, 3));
        assert_eq!((sweeping.counted(7), sweeping.counted(8)), (Some(200), None));
        sweeping.see((8, 3), 109, 200, (1, 3));
        assert_eq!(sweeping.counted(8), None);
    }
}
