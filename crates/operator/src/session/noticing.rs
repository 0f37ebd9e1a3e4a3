//! What the destination bridge says beside its transfers: each change of its rules is told to a
//! person once, and what lasts (announced changes, value that was not delivered) is kept until the
//! proven state shows that it is over.
//!
//! Blocks are read again after a restart, and an operator may start long after a bridge was set up.
//! So the store keeps up to which block everything was told; what a bridge did before an operator
//! first ran is told only where it lasts.

use super::claims::{drop_given_up, Claim, Spent};
use super::watching::is_spent;
use super::Session;
use crate::alarm::Alarm;
use crate::board::AnnouncedChange;
use crate::direction::WorkError;
use crate::notice::{call_in_words, Notice};
use crate::store::NoticeRow;
use crate::view;
use serde::{Deserialize, Serialize};
use spanlight::bridge::layout::{self, Change as Announced};
use spanlight::{Address, Hash, U256};
use spanlight_prover::{Node, ProveError};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

/// How long the owner may make a change that is ready.
const GRACE: u64 = Announced::GRACE;
/// Most announcements that are kept; the owner decides how many there are. What is made is told in
/// any case, by what it changed.
const MOST_CHANGES: usize = 512;
/// Most undelivered transfers that are kept; anybody can make some. All are told.
const MOST_CLAIMS: usize = 10_000;
/// Undelivered transfers that are told at one head.
const TOLD_AT_A_HEAD: usize = 128;
/// Undelivered transfers that are shown one by one.
const MOST_SHOWN: usize = 256;
/// Blocks after which it is written down anew up to where everything was told.
const TOLD_EVERY: u64 = 64;

/// Under these names the rows stand in the store.
const TOLD: &str = "told";
const CHANGE: &str = "change";
const CLAIM: &str = "claim";
const SPENT: &str = "spent";
/// Rows that are written down by one call of the store.
const AT_ONCE: usize = 200;

/// A call that the owner has announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Change {
    ready: u64,
    /// Where the bridge keeps it.
    slot: Hash,
    call: String,
    is_told: bool,
    is_told_ready: bool,
}

/// What is known of the bridge beside its transfers.
#[derive(Debug)]
pub(super) struct Notices {
    /// Up to this block of the destination everything was told.
    told: u64,
    /// The same, as it is written down.
    kept: Option<u64>,
    changes: BTreeMap<u64, Change>,
    pub(super) claims: BTreeMap<u64, Claim>,
    /// What claims for others have cost.
    pub(super) spent: Spent,
    /// Rows that are not written down yet as they are now.
    unwritten: BTreeSet<(&'static str, u64)>,
    /// Whether the bridge has said something since its announcements were looked up.
    looks: bool,
    /// The same, since `told` was written down.
    heard: bool,
}

impl Notices {
    /// For an operator that never ran: what was done up to `head` is told only where it lasts.
    pub(super) const fn new(head: u64) -> Self {
        Self {
            told: head,
            kept: None,
            changes: BTreeMap::new(),
            claims: BTreeMap::new(),
            spent: Spent::NOTHING,
            unwritten: BTreeSet::new(),
            looks: false,
            heard: false,
        }
    }

    /// Takes up what an earlier session has kept. A row that cannot be read is none: its event is
    /// told again where it is read again.
    fn take_stored(&mut self, rows: &[NoticeRow], head: u64) {
        for row in rows {
            match row.kind.as_str() {
                TOLD => {
                    if let Ok(told) = row.body.parse() {
                        (self.told, self.kept) = (told, Some(told));
                    }
                }
                CHANGE => {
                    let change = serde_json::from_str(&row.body).ok();
                    self.changes.extend(change.map(|change| (row.number, change)));
                }
                SPENT => self.spent = Spent::read(&row.body).unwrap_or_default(),
                CLAIM => {
                    let claim = serde_json::from_str::<Claim>(&row.body).ok();
                    self.claims.extend(claim.map(|claim| (row.number, Claim { seen_at: head, ..claim })));
                }
                // Votes that reverted, which stand in the same table.
                _ => {}
            }
        }
        self.looks = true;
    }

    /// The bridge has said something in `block`. Gives the alarm, where one is due at once.
    fn take(&mut self, (block, place): (u64, usize), notice: &Notice) -> Option<Alarm> {
        (self.looks, self.heard) = (true, true);
        let is_new = block > self.told;
        match notice {
            Notice::Changed(subject, what) => {
                let changed = Alarm::BridgeChanged { subject: *subject, what: what.clone(), block, place };
                return Some(changed).filter(|_| is_new);
            }
            Notice::Scheduled { number, ready, call } => {
                let (slot, call) = (layout::change_slot(call), call_in_words(call));
                let change = Change { ready: *ready, slot, call, is_told: false, is_told_ready: false };
                // Blocks are read again after a start: what is known is written down already.
                if let Entry::Vacant(place) = self.changes.entry(*number) {
                    place.insert(change);
                    self.unwritten.insert((CHANGE, *number));
                }
                while self.changes.len() > MOST_CHANGES {
                    let oldest = self.changes.pop_first();
                    self.unwritten.extend(oldest.map(|(number, _)| (CHANGE, number)));
                }
            }
            Notice::Cancelled { number } => {
                let call = self.forget_change(*number).map(|change| change.call).unwrap_or_default();
                return Some(Alarm::ChangeCancelled { number: *number, call }).filter(|_| is_new);
            }
            Notice::Undelivered { nonce } if self.claims.contains_key(nonce) => {}
            Notice::Undelivered { nonce } => {
                if self.claims.len() >= MOST_CLAIMS {
                    let Some(gone) = drop_given_up(&mut self.claims) else {
                        return Some(Alarm::Undelivered).filter(|_| is_new);
                    };
                    self.unwritten.insert((CLAIM, gone));
                }
                self.claims.insert(*nonce, Claim { seen_at: block, ..Claim::default() });
                self.unwritten.insert((CLAIM, *nonce));
            }
            Notice::Claimed { nonce } => self.forget_claim(*nonce),
        }
        None
    }

    fn forget_change(&mut self, number: u64) -> Option<Change> {
        let gone = self.changes.remove(&number)?;
        self.unwritten.insert((CHANGE, number));
        Some(gone)
    }

    pub(super) fn forget_claim(&mut self, nonce: u64) {
        if self.claims.remove(&nonce).is_some() {
            self.unwritten.insert((CLAIM, nonce));
        }
    }

    /// This operator's claim for somebody may cost so much.
    pub(super) fn spend(&mut self, time: u64, cost: U256) {
        self.spent.add(time, cost);
        self.unwritten.insert((SPENT, 0));
    }

    /// What is known of a claim has changed.
    pub(super) fn keep_claim(&mut self, nonce: u64) {
        self.unwritten.insert((CLAIM, nonce));
    }

    /// Which announcements and claims have to be looked up in the bridge's state. Before it is told
    /// that the owner may make a change now, it is looked up whether operators have cancelled it:
    /// the block that says so may not have been read.
    fn asked(&self, time: u64) -> (Vec<u64>, Vec<u64>) {
        let is_untold = |change: &Change| !change.is_told || (!change.is_told_ready && time >= change.ready);
        let looks = self.looks || self.changes.values().any(is_untold);
        let changes = self.changes.keys().copied().filter(|_| looks).collect();
        let untold = self.claims.iter().filter(|(_, claim)| !claim.is_told).map(|(nonce, _)| *nonce);
        (changes, untold.take(TOLD_AT_A_HEAD).collect())
    }

    /// The bridge's state says this of an announcement, and of whether operators have cancelled it:
    /// the alarm, where one is due. What is cancelled keeps its word in the bridge, and blocks are
    /// not always read in their order: the event may have come before the announcement.
    fn settle_change(&mut self, number: u64, stands: Announced, is_cancelled: bool, time: u64) -> Option<Alarm> {
        if is_cancelled {
            self.forget_change(number);
            return None;
        }
        let change = self.changes.get_mut(&number)?;
        if stands.number == number {
            if std::mem::replace(&mut change.is_told, true) || time >= change.ready.saturating_add(GRACE) {
                return None;
            }
            let (call, ready) = (change.call.clone(), change.ready);
            self.unwritten.insert((CHANGE, number));
            return Some(Alarm::ChangeScheduled { number, call, ready });
        }
        let gone = self.forget_change(number)?;
        // One that was announced anew goes on under the newer number, also where that one was made
        // before anybody looked.
        if let Some((newer, change)) = self.changes.range_mut(number..).rfind(|(_, newer)| newer.slot == gone.slot) {
            if gone.is_told && stands == Announced::default() {
                change.is_told = true;
                self.unwritten.insert((CHANGE, *newer));
            }
            return None;
        }
        let is_made = stands == Announced::default();
        (is_made && gone.is_told).then_some(Alarm::ChangeMade { number, call: gone.call })
    }

    /// Announcements that are ready by now, and those whose time is over.
    fn see_time(&mut self, time: u64) -> Vec<Alarm> {
        let ready = self.changes.iter_mut().filter(|(_, change)| change.is_told && !change.is_told_ready);
        let mut alarms = Vec::new();
        for (number, change) in ready.filter(|(_, change)| time >= change.ready) {
            change.is_told_ready = true;
            let (number, call, until) = (*number, change.call.clone(), change.ready.saturating_add(GRACE));
            self.unwritten.insert((CHANGE, number));
            if time < until {
                alarms.push(Alarm::ChangeReady { number, call, until });
            }
        }
        let over = self.changes.iter().filter(|(_, change)| time >= change.ready.saturating_add(GRACE));
        let over: Vec<u64> = over.map(|(number, _)| *number).collect();
        for number in over {
            self.forget_change(number);
        }
        alarms
    }

    /// The bridge's state names this recipient of a transfer's value, or nobody where it was paid
    /// out. True where a person is to be told.
    fn settle_claim(&mut self, nonce: u64, recipient: Address) -> bool {
        if recipient.is_zero() {
            self.forget_claim(nonce);
            return false;
        }
        let is_new = self.claims.get_mut(&nonce).is_some_and(|claim| {
            claim.recipient = Some(recipient);
            !std::mem::replace(&mut claim.is_told, true)
        });
        if is_new {
            self.keep_claim(nonce);
        }
        is_new
    }

    /// What of it is written down next, as it is now; a row without a body is dropped.
    fn next_rows(&self) -> Vec<(&'static str, u64, Option<String>)> {
        let rows = self.unwritten.iter().take(AT_ONCE);
        rows.map(|(kind, number)| (*kind, *number, self.body(kind, *number))).collect()
    }

    fn body(&self, kind: &str, number: u64) -> Option<String> {
        match kind {
            CHANGE => self.changes.get(&number).and_then(|change| serde_json::to_string(change).ok()),
            SPENT => Some(self.spent.body()),
            _ => self.claims.get(&number).and_then(|claim| serde_json::to_string(claim).ok()),
        }
    }
}

/// The recipient in the first word of a claim; zero where nothing is kept.
pub(super) fn recipient_in(word: U256) -> Address {
    Address::low_bytes(&Hash::from_u256(word))
}

impl Session<'_> {
    pub(crate) fn take_stored_notices(&mut self, rows: &[NoticeRow]) {
        self.notices.take_stored(rows, self.destination.head());
    }

    /// The bridge has said something in a block of the destination.
    pub(super) fn take_notice(&mut self, at: (u64, usize), notice: &Notice) {
        let nonce = match notice {
            Notice::Undelivered { nonce } => Some(*nonce),
            _ => None,
        };
        if let Some(alarm) = self.notices.take(at, notice) {
            self.raise(nonce, alarm);
        }
    }

    /// Compares what the bridge has said with its state at the head, and tells what lasts.
    pub(super) async fn attend_to_notices(&mut self) -> Result<(), WorkError> {
        // What is read later in the same round may undo it.
        if !self.has_more_to_watch() {
            self.look_up_notices().await?;
            self.push_claims().await?;
        }
        self.keep_notices().await?;
        self.show_notices();
        Ok(())
    }

    async fn look_up_notices(&mut self) -> Result<(), WorkError> {
        let time = self.view.head.time;
        let (changes, claims) = self.notices.asked(time);
        let slots: Vec<Hash> = (changes.iter())
            .filter_map(|number| self.notices.changes.get(number))
            .map(|change| change.slot)
            .chain(changes.iter().map(|number| layout::cancelled_change_slot(*number)))
            .chain(claims.iter().map(|nonce| layout::claim_slots(*nonce)[0]))
            .collect();
        let words = self.words_at_head(&slots).await?;
        let (of_changes, rest) = words.split_at_checked(changes.len()).unwrap_or((&words, &[]));
        let (cancelled, of_claims) = rest.split_at_checked(changes.len()).unwrap_or((rest, &[]));
        for ((number, word), cancelled) in changes.iter().zip(of_changes).zip(cancelled) {
            let (stands, is_cancelled) = (Announced::decode(*word), !cancelled.is_zero());
            let alarm = self.notices.settle_change(*number, stands, is_cancelled, time);
            alarm.into_iter().for_each(|alarm| self.raise(None, alarm));
        }
        for (nonce, word) in claims.iter().zip(of_claims) {
            if self.notices.settle_claim(*nonce, recipient_in(*word)) {
                self.raise(Some(*nonce), Alarm::Undelivered);
            }
        }
        self.notices.looks = false;
        for alarm in self.notices.see_time(time) {
            self.raise(None, alarm);
        }
        Ok(())
    }

    /// Words of the destination bridge's storage, proven at the head that was acted on.
    pub(super) async fn words_at_head(&self, slots: &[Hash]) -> Result<Vec<U256>, WorkError> {
        if slots.is_empty() {
            return Ok(Vec::new());
        }
        let node = Node::new(&self.links[1].endpoints, &self.destination.chain().trusted().profile);
        let header = self.destination.chain().header(self.view.head.number).map_err(ProveError::from)?;
        Ok(view::words(&node, header, self.direction.to.address, slots).await?)
    }

    /// Writes down what has changed. Whoever dies before tells it again.
    async fn keep_notices(&mut self) -> Result<(), WorkError> {
        let waits = self.unwatched.waiting().map(|(block, _)| block.saturating_sub(1)).min();
        self.notices.told = self.notices.told.max(waits.map_or(self.watched, |waits| waits.min(self.watched)));
        let told = self.notices.told;
        let is_due = self.notices.kept.is_none_or(|kept| told.saturating_sub(kept) >= TOLD_EVERY);
        if self.notices.unwritten.is_empty() && !is_due && !self.notices.heard {
            return Ok(());
        }
        let (store, name, begun) = (&self.direction.shared.store, &self.direction.name, Instant::now());
        loop {
            let rows = self.notices.next_rows();
            if rows.is_empty() {
                break;
            }
            // Anybody makes as many as they like, and votes must not wait for all of them. Up to
            // where all was told is written down once the last of them is.
            if is_spent(begun) {
                return Ok(());
            }
            store.keep_notices(name, &rows).await?;
            self.direction.pulse.beat();
            for (kind, number, _) in rows {
                self.notices.unwritten.remove(&(kind, number));
            }
        }
        store.keep_notices(name, &[(TOLD, 0, Some(told.to_string()))]).await?;
        (self.notices.kept, self.notices.heard) = (Some(told), false);
        Ok(())
    }

    fn show_notices(&self) {
        let (changes, claims) = (&self.notices.changes, &self.notices.claims);
        self.direction.shared.board.update(&self.direction.name, |board| {
            let shown = |change: &Change| AnnouncedChange { ready: change.ready, call: change.call.clone() };
            board.changes = changes.iter().map(|(number, change)| (*number, shown(change))).collect();
            board.undelivered = u64::try_from(claims.len()).unwrap_or(u64::MAX);
            let shown = claims.iter().take(MOST_SHOWN).map(|(nonce, claim)| (*nonce, claim.doing.clone()));
            board.claims = shown.collect();
        });
    }
}

#[cfg(test)]
mod tests;
