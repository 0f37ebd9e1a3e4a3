//! Pays out what could not be delivered, where the recipient takes it by now (`push_claims`).
//!
//! Anybody may make transfers that nobody takes, and a recipient may take them when asked and
//! refuse them in a block, or take them and burn gas. So each claim is tried after ever longer
//! pauses, costs gas only where it would work, pays out more than it costs where that can be told,
//! and is given up after three that failed in a block. All claims of a day together cost
//! `claims_budget` at most. What is given up stays the recipient's to claim.

use super::claims::{is_worth, pick};
use super::noticing::recipient_in;
use super::Session;
use crate::decide::turn_row;
use crate::direction::WorkError;
use crate::link::{Call, Need};
use crate::park::Cause;
use crate::reverts;
use crate::send::SendError;
use crate::store::{Purpose, Send, StoreError};
use crate::tx::Action;
use spanlight::bridge::layout;
use spanlight::{Address, Hash, U256};

/// `claim(uint64,address)`
const CLAIM: [u8; 4] = [0x88, 0x1a, 0x1c, 0xe0];
/// Claims that may be on their way at a time: votes come first.
const MOST_ON_THEIR_WAY: usize = 2;
/// The most gas that a claim is given, and the least: as much as the bridge gives a delivery, with
/// the rest of the call.
const MOST_GAS: u64 = 1_500_000;
const LEAST_GAS: u64 = 150_000;

const NOT_WORTH: &str = "it pays out less than twice what its gas costs";

fn input(nonce: u64, recipient: Address) -> Vec<u8> {
    [CLAIM.as_slice(), &U256::from(nonce).to_be_bytes::<32>(), &recipient.to_word().0].concat()
}

impl Session<'_> {
    /// Claims of this operator's that are in a block: what is still kept then was not paid out.
    pub(super) fn see_settled_claims(&mut self, settled: &[Send]) {
        for send in settled.iter().filter(|settled| settled.send.purpose == Purpose::Claim) {
            if let Some(claim) = self.notices.claims.get_mut(&send.send.nonce) {
                claim.was_sent = true;
            }
        }
    }

    /// Tries what is due.
    pub(super) async fn push_claims(&mut self) -> Result<(), WorkError> {
        if !self.direction.shared.config.voting.push_claims || self.view.second.is_none() {
            return Ok(());
        }
        let waits = match () {
            () if self.is_paused() => Some("this operator is paused"),
            () if self.view.is_bridge_paused() => Some("the bridge is paused"),
            () if !self.is_fresh() => Some("the destination's newest proven block is too old to act on"),
            () => None,
        };
        if let Some(words) = waits {
            self.notices.claims.values_mut().for_each(|claim| words.clone_into(&mut claim.doing));
            return Ok(());
        }
        let due = self.due_claims();
        let slots: Vec<Hash> = due
            .iter()
            .flat_map(|nonce| {
                let [first, _, value] = layout::claim_slots(*nonce);
                [first, value]
            })
            .collect();
        let words = self.words_at_head(&slots).await?;
        for (nonce, words) in due.into_iter().zip(words.chunks_exact(2)) {
            let &[first, value] = words else { continue };
            let recipient = recipient_in(first);
            if recipient.is_zero() {
                self.notices.forget_claim(nonce);
                continue;
            }
            if let Some(claim) = self.notices.claims.get_mut(&nonce) {
                claim.recipient = Some(recipient);
            }
            if !self.has_failed(nonce) {
                self.push_claim(nonce, (first, value)).await?;
            }
        }
        Ok(())
    }

    /// Claims whose time has come, and of which a person was told.
    fn due_claims(&mut self) -> Vec<u64> {
        let head = self.view.head.number;
        let turn_blocks = self.direction.shared.config.voting.turn_blocks;
        let on_their_way = self.sender.in_flight_of(Purpose::Claim).collect();
        let (operators, me) = (&self.view.operators, self.view.me);
        let blocks = |operators: usize| u64::try_from(operators).unwrap_or(u64::MAX).saturating_mul(turn_blocks);
        pick(&mut self.notices.claims, head, &on_their_way, |nonce, seen_at| {
            let waited = head.saturating_sub(seen_at);
            // After so long it is everybody's turn: there are too many claims to look for each.
            if waited >= blocks(operators.len()) {
                return false;
            }
            let before = turn_row(operators, nonce).iter().take_while(|operator| **operator != me).count();
            waited < blocks(before)
        })
    }

    /// Counts a claim that was in a block and paid nothing out.
    fn has_failed(&mut self, nonce: u64) -> bool {
        let (head, retry) = (self.view.head.number, self.direction.shared.config.voting.retry_blocks);
        let Some(claim) = self.notices.claims.get_mut(&nonce) else { return true };
        if !std::mem::take(&mut claim.was_sent) {
            return false;
        }
        claim.failures = claim.failures.saturating_add(1);
        claim.park.fail(Cause::Claim, head, retry);
        claim.doing = format!("a claim was in a block and failed; parked until block {}", claim.park.until());
        self.notices.keep_claim(nonce);
        true
    }

    /// The first word of a claim, and what it pays out.
    async fn push_claim(&mut self, nonce: u64, (first, value): (U256, U256)) -> Result<(), WorkError> {
        if self.sender.in_flight_of(Purpose::Claim).count() >= MOST_ON_THEIR_WAY {
            self.note_claim(nonce, "other claims are on their way".to_owned(), None);
            return Ok(());
        }
        let config = &self.direction.shared.config;
        let (retry, budget) = (config.voting.retry_blocks, config.voting.claims_budget.peb());
        let most = config.chains.get(&self.direction.to.chain).map_or(0, |chain| chain.vote_gas).min(MOST_GAS);
        let (to, input) = (self.direction.to.address, input(nonce, recipient_in(first)));
        let action = Action::Call { to, input };
        let price = match self.sender.price(&action) {
            Ok(price) => price,
            Err(error) => return self.cannot_claim(nonce, error),
        };
        let cost = |gas: u64| U256::from(gas).saturating_mul(price);
        // Nobody need be asked about what is worth nothing.
        if !is_worth(first, value, cost(LEAST_GAS)) {
            self.note_claim(nonce, NOT_WORTH.to_owned(), Some((Cause::Claim, retry)));
            return Ok(());
        }
        let Action::Call { input, .. } = &action else { return Ok(()) };
        let call = Call { from: self.view.me, to, value: U256::ZERO, input, gas: most };
        let gas = match self.links[1].estimate(&call).await {
            Need::Gas(gas) => gas.saturating_add(gas.wrapping_shr(2)).max(LEAST_GAS).min(most),
            Need::Reverts(reason) => {
                let reason = reverts::in_words(&reason);
                self.note_claim(
                    nonce,
                    format!("its recipient does not take it: {reason}"),
                    Some((Cause::Claim, retry)),
                );
                return Ok(());
            }
            Need::Unknown | Need::Unanswered => {
                self.note_claim(nonce, "no endpoint could simulate its claim".to_owned(), Some((Cause::Endpoints, 1)));
                return Ok(());
            }
        };
        let (cost, time) = (cost(gas), self.view.head.time);
        if !is_worth(first, value, cost) {
            self.note_claim(nonce, NOT_WORTH.to_owned(), Some((Cause::Claim, retry)));
            return Ok(());
        }
        if !self.notices.spent.has_room(time, cost, budget) {
            let words = "what claims may cost in a day (`claims_budget`) does not reach for it".to_owned();
            self.note_claim(nonce, words, Some((Cause::Claim, retry)));
            return Ok(());
        }
        let sent = self.sender.send(&self.links[1], &self.view, (Purpose::Claim, nonce), action, gas);
        match sent.await {
            Ok(()) => {
                self.notices.spend(time, cost);
                if let Some(claim) = self.notices.claims.get_mut(&nonce) {
                    claim.sent_at = Some(self.view.head.number);
                }
                self.note_claim(nonce, "this operator's claim is on its way".to_owned(), None);
                self.direction.shared.board.update(&self.direction.name, |board| {
                    board.claims_sent = board.claims_sent.saturating_add(1);
                });
            }
            Err(SendError::Store(StoreError::Conflict)) => {}
            Err(error) => return self.cannot_claim(nonce, error),
        }
        Ok(())
    }

    fn cannot_claim(&mut self, nonce: u64, error: SendError) -> Result<(), WorkError> {
        let alarm = error.into_alarm()?;
        self.note_claim(nonce, format!("this operator would claim it now, and cannot: {alarm}"), None);
        self.raise(None, alarm);
        Ok(())
    }

    /// No block takes a claim from here.
    pub(super) fn put_off_claim(&mut self, nonce: u64, reason: &str) {
        let retry = self.direction.shared.config.voting.retry_blocks;
        self.note_claim(nonce, format!("its claim was given up: {reason}"), Some((Cause::Endpoints, retry)));
    }

    /// Says what is done about a claim; with the cause and the first pause, where it is put off.
    fn note_claim(&mut self, nonce: u64, doing: String, pause: Option<(Cause, u64)>) {
        let head = self.view.head.number;
        let Some(claim) = self.notices.claims.get_mut(&nonce) else { return };
        claim.doing = doing;
        if let Some((cause, first)) = pause {
            claim.park.fail(cause, head, first);
            let until = claim.park.until();
            claim.doing = format!("{}; tried again from block {until} on", claim.doing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight::primitives::keccak256;

    #[test]
    fn a_claim_names_the_transfer_and_its_recipient() {
        assert_eq!(keccak256(b"claim(uint64,address)").0[..4], CLAIM);
        let input = input(7, Address([9; 20]));
        assert_eq!((input.len(), input[35], &input[48..]), (68, 7, [9; 20].as_slice()));
    }
}
