//! Anchors blocks of the source into the destination, one for each period, by turn.
//!
//! Only in the direction from the child chain to the parent chain of the trust. The older payload of six fields is written: the
//! newer one adds a count of transactions, which headers do not tell.

use super::Session;
use crate::alarm::Alarm;
use crate::decide::turn_row;
use crate::direction::WorkError;
use crate::park::{Cause, Park};
use crate::send::SendError;
use crate::store::{Purpose, StoreError};
use crate::tx::Action;
use spanlight::bridge::{AnchorData, Anchoring};
use spanlight::verify::AnchoredHeader;
use spanlight::Address;
use spanlight_prover::ProveError;

/// Enough for the payload, before and after Prague.
const GAS: u64 = 100_000;

/// How far anchoring has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// The highest block that an anchoring account has anchored, as far as was seen.
    anchored: u64,
    /// Anchors that no node takes are put off.
    park: Park,
    /// The block that is due, and the destination's head when it became so.
    due: Option<(u64, u64)>,
}

impl Session<'_> {
    /// An anchor was seen. One that says something else than the verified header raises the alarm.
    pub(super) fn see_anchor(&mut self, account: Address, data: &AnchorData) {
        let Some(anchoring) = &self.trust.anchoring else { return };
        let is_ours = anchoring.child == self.direction.from.chain && anchoring.parent == self.direction.to.chain;
        if !is_ours || !anchoring.accounts.contains(&account) {
            return;
        }
        let verified = self.source.chain().header(data.number).ok();
        match verified.map(|header| header.hash() == data.block_hash) {
            Some(true) => self.anchoring.anchored = self.anchoring.anchored.max(data.number),
            Some(false) => self.raise(None, Alarm::WrongAnchor { account, number: data.number }),
            // Of a block that is not followed nothing is known: one account's word for it must not stop the others.
            None => {}
        }
    }

    /// No node takes an anchor from here: the next one is sent after a while, longer each time,
    /// since votes wait behind it.
    pub(super) fn put_off_anchoring(&mut self, number: u64, reason: &str) {
        let retry = self.direction.shared.config.voting.retry_blocks;
        self.anchoring.park.fail(Cause::Anchor, self.view.head.number, retry);
        let until = self.anchoring.park.until();
        let reason = format!("the anchor of block {number}, until block {until}: {reason}");
        self.raise(None, Alarm::Parked { reason });
    }

    /// Anchors the newest block that is due, if it is this operator's turn.
    pub(super) async fn anchor(&mut self) -> Result<(), WorkError> {
        let (Some(config), Some(trusted)) = (&self.direction.shared.config.anchor, &self.trust.anchoring) else {
            return Ok(());
        };
        if trusted.child != self.direction.from.chain || trusted.parent != self.direction.to.chain {
            return Ok(());
        }
        let me = self.view.me;
        let mut accounts = trusted.accounts.clone();
        accounts.sort_unstable();
        if !accounts.contains(&me) {
            self.raise(None, Alarm::NotAnchoring { account: me });
            return Ok(());
        }
        let head = self.view.head.number;
        let round = self.source.head().checked_div(config.period).unwrap_or(0);
        let number = round.saturating_mul(config.period);
        if number <= self.anchoring.anchored || number < self.source.first() || self.is_paused() || !self.is_fresh() {
            return Ok(());
        }
        let since = match self.anchoring.due {
            Some((due, since)) if due == number => since,
            _ => head,
        };
        self.anchoring.due = Some((number, since));
        if self.anchoring.park.is_parked(head) {
            return Ok(());
        }
        let before = turn_row(&accounts, round).iter().take_while(|account| **account != me).count();
        let wait = u64::try_from(before).unwrap_or(u64::MAX).saturating_mul(config.turn_blocks);
        if head.saturating_sub(since) < wait || self.sender.is_in_flight(Purpose::Anchor, number) {
            return Ok(());
        }
        let header = self.source.chain().header(number).map_err(ProveError::from)?;
        let action = Action::Anchor { payload: payload(header) };
        match self.sender.send(&self.links[1], &self.view, (Purpose::Anchor, number), action, GAS).await {
            Ok(()) | Err(SendError::Store(StoreError::Conflict)) => Ok(()),
            Err(error) => {
                let alarm = error.into_alarm()?;
                self.raise(None, alarm);
                Ok(())
            }
        }
    }
}

fn payload(header: &AnchoredHeader) -> Vec<u8> {
    Anchoring::Block(AnchorData {
        block_hash: header.hash(),
        transactions_root: header.transactions_root(),
        parent_hash: header.parent_hash(),
        receipts_root: header.receipts_root(),
        state_root: header.state_root(),
        number: header.number(),
        block_count: None,
        tx_count: None,
    })
    .encode()
}
