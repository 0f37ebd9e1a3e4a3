//! Votes that reverted in a block, though they had worked when they were simulated. Anybody can
//! make a request whose recipient brings that about, and each such vote costs gas. So how often a
//! transfer's votes reverted outlives sessions and processes, and after some no more is sent until
//! a person says `retry`, which drops what is kept of it.

use super::Session;
use crate::alarm::Alarm;
use crate::decide::Delivery;
use crate::direction::WorkError;
use crate::park::{Cause, Park};
use crate::store::{NoticeRow, REVERTED};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What is kept of one transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    reverts: u32,
    /// The destination's block until which it waits.
    until: u64,
}

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Reverted {
    kept: BTreeMap<u64, Kept>,
    /// Rows that are not written down yet as they are now.
    unwritten: BTreeSet<u64>,
}

impl Reverted {
    /// Takes up what an earlier session has kept. A row that cannot be read counts for nothing.
    fn take_stored(&mut self, rows: &[NoticeRow]) {
        for row in rows.iter().filter(|row| row.kind == REVERTED) {
            let kept = serde_json::from_str(&row.body).ok();
            self.kept.extend(kept.map(|kept| (row.number, kept)));
        }
    }

    /// How a transfer that becomes open stands with it.
    pub(super) fn park_of(&self, nonce: u64) -> Park {
        self.kept.get(&nonce).map_or_else(Park::default, |kept| Park::of_reverts(kept.reverts, kept.until))
    }

    fn keep(&mut self, nonce: u64, park: &Park) {
        self.kept.insert(nonce, Kept { reverts: park.reverts(), until: park.until() });
        self.unwritten.insert(nonce);
    }

    /// It is handled.
    pub(super) fn finish(&mut self, nonce: u64) {
        if self.kept.remove(&nonce).is_some() {
            self.unwritten.insert(nonce);
        }
    }

    /// Those that are handled without a word here.
    fn finish_below(&mut self, lower: u64) {
        let open = self.kept.split_off(&lower);
        self.unwritten.extend(std::mem::replace(&mut self.kept, open).into_keys());
    }

    /// Forgets those that a person has dropped from the store, which holds only these.
    fn take_dropped(&mut self, stored: &BTreeSet<u64>) -> Vec<u64> {
        let dropped: Vec<u64> = self.kept.keys().filter(|nonce| !stored.contains(nonce)).copied().collect();
        self.kept.retain(|nonce, _| stored.contains(nonce));
        dropped
    }
}

/// What `why` and the log say of it.
pub(super) fn words(park: &Park, retry: &str) -> String {
    let reverts = park.reverts();
    if park.is_stopped() {
        format!("stopped: {reverts} votes of this operator's for it were in blocks and reverted; no more is sent until a person says `{retry}`")
    } else {
        format!(
            "parked until block {}: {reverts} votes of this operator's for it were in blocks and reverted",
            park.until()
        )
    }
}

impl Session<'_> {
    pub(crate) fn take_stored_reverts(&mut self, rows: &[NoticeRow]) {
        self.reverted.take_stored(rows);
    }

    /// What a person would say to have it tried again.
    pub(super) fn retry_command(&self, nonce: u64) -> String {
        format!("spanlight operator retry {nonce} --from {}", self.direction.from.chain)
    }

    /// A vote for it reverted in a block.
    pub(super) fn park_reverted(&mut self, nonce: u64) {
        let (head, retry) = (self.view.head.number, self.direction.shared.config.voting.retry_blocks);
        let Some(open) = self.open.get_mut(&nonce) else { return };
        open.park.fail(Cause::Reverted, head, retry);
        open.delivery = Delivery::NotAsked;
        open.has_reverted = true;
        let park = open.park;
        self.reverted.keep(nonce, &park);
        self.tell_stopped(nonce, &park);
    }

    /// Told once in each session.
    pub(super) fn tell_stopped(&mut self, nonce: u64, park: &Park) {
        if park.is_stopped() {
            let command = self.retry_command(nonce);
            self.raise(Some(nonce), Alarm::VotesRevert { reverts: park.reverts(), command });
        }
    }

    /// Writes down what has changed, before anything is sent again, and takes up what a person has
    /// said since.
    pub(super) async fn keep_reverts(&mut self) -> Result<(), WorkError> {
        self.reverted.finish_below(self.view.nonces.lower_handle_nonce);
        let (store, name) = (&self.direction.shared.store, &self.direction.name);
        while let Some(nonce) = self.reverted.unwritten.first().copied() {
            match self.reverted.kept.get(&nonce).and_then(|kept| serde_json::to_string(kept).ok()) {
                Some(body) => store.keep_notice(name, (REVERTED, nonce), &body).await?,
                None => drop(store.drop_notice(name, (REVERTED, nonce)).await?),
            }
            self.reverted.unwritten.remove(&nonce);
        }
        if self.reverted.kept.is_empty() {
            return Ok(());
        }
        let stored = store.notices_of(name, REVERTED).await?;
        for nonce in self.reverted.take_dropped(&stored.into_iter().collect()) {
            if let Some(open) = self.open.get_mut(&nonce) {
                // The next vote's gas is no more estimated than before: that may have been why they
                // reverted.
                open.park = Park::default();
                tracing::info!(direction = %self.direction.name, nonce, "a person has said that it be tried again");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::park::MOST_REVERTS;

    fn row(number: u64, reverts: u32, until: u64) -> NoticeRow {
        let body = serde_json::to_string(&Kept { reverts, until }).unwrap();
        NoticeRow { kind: REVERTED.to_owned(), number, body }
    }

    #[test]
    fn what_is_kept_outlives_a_session_until_it_is_handled_or_a_person_says_so() {
        let mut reverted = Reverted::default();
        reverted.take_stored(&[row(3, 1, 50), row(5, MOST_REVERTS, 50), row(9, 2, 70)]);
        assert!(reverted.park_of(5).is_stopped() && reverted.park_of(9).is_parked(69));
        assert!(!reverted.park_of(9).is_stopped() && !reverted.park_of(4).is_parked(0));
        reverted.finish_below(5);
        assert_eq!(reverted.unwritten, [3].into());
        assert_eq!(reverted.take_dropped(&[9].into()), [5]);
        assert!(!reverted.park_of(5).is_parked(0));
        reverted.finish(9);
        assert!(reverted.kept.is_empty() && reverted.unwritten == [3, 9].into());
    }

    #[test]
    fn a_stopped_transfer_says_what_a_person_can_do() {
        let stopped = words(&Park::of_reverts(MOST_REVERTS, 0), "retry it");
        assert!(stopped.contains("stopped: 8 votes") && stopped.contains("`retry it`"), "{stopped}");
        assert!(words(&Park::of_reverts(2, 70), "").starts_with("parked until block 70: 2 votes"));
    }
}
