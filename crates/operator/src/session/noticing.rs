//! What the destination bridge says beside its transfers: each change of its rules is told to a
//! person once, and what lasts (announced changes, value that was not delivered) is kept until the
//! proven state shows that it is over.
//!
//! Blocks are read again after a restart, and an operator may start long after a bridge was set up.
//! So the store keeps up to which block everything was told; what a bridge did before an operator
//! first ran is told only where it lasts.

use super::Session;
use crate::alarm::Alarm;
use crate::board::AnnouncedChange;
use crate::direction::WorkError;
use crate::notice::{call_in_words, Notice};
use crate::park::Park;
use crate::store::NoticeRow;
use crate::view;
use serde::{Deserialize, Serialize};
use spanlight::bridge::layout::{self, Change as Announced};
use spanlight::{Address, Hash, U256};
use spanlight_prover::{Node, ProveError};
use std::collections::{BTreeMap, BTreeSet};

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

/// A transfer whose value the bridge keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claim {
    pub(super) is_told: bool,
    /// Claims of this operator's that were in a block and paid nothing out.
    #[serde(default)]
    pub(super) failures: u32,
    /// What is done about it.
    #[serde(skip)]
    pub(super) doing: String,
    /// A claim of this operator's came into a block since it was looked at.
    #[serde(skip)]
    pub(super) was_sent: bool,
    #[serde(skip)]
    pub(super) park: Park,
    /// The destination's head at which this session first saw it.
    #[serde(skip)]
    pub(super) seen_at: u64,
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
                self.changes.entry(*number).or_insert(change);
                self.unwritten.insert((CHANGE, *number));
                while self.changes.len() > MOST_CHANGES {
                    let oldest = self.changes.pop_first();
                    self.unwritten.extend(oldest.map(|(number, _)| (CHANGE, number)));
                }
            }
            Notice::Cancelled { number } => {
                let call = self.forget_change(*number).map(|change| change.call).unwrap_or_default();
                return Some(Alarm::ChangeCancelled { number: *number, call }).filter(|_| is_new);
            }
            Notice::Undelivered { nonce } => {
                if self.claims.len() < MOST_CLAIMS {
                    self.claims.entry(*nonce).or_insert_with(|| Claim { seen_at: block, ..Claim::default() });
                    self.unwritten.insert((CLAIM, *nonce));
                } else if !self.claims.contains_key(nonce) {
                    return Some(Alarm::Undelivered).filter(|_| is_new);
                }
            }
            Notice::Claimed { nonce } => self.forget_claim(*nonce),
        }
        None
    }

    fn forget_change(&mut self, number: u64) -> Option<Change> {
        self.unwritten.insert((CHANGE, number));
        self.changes.remove(&number)
    }

    pub(super) fn forget_claim(&mut self, nonce: u64) {
        self.unwritten.insert((CLAIM, nonce));
        self.claims.remove(&nonce);
    }

    /// What is known of a claim has changed.
    pub(super) fn keep_claim(&mut self, nonce: u64) {
        self.unwritten.insert((CLAIM, nonce));
    }

    /// Which announcements and claims have to be looked up in the bridge's state.
    fn asked(&self) -> (Vec<u64>, Vec<u64>) {
        let has_untold = self.changes.values().any(|change| !change.is_told);
        let changes = self.changes.keys().copied().filter(|_| self.looks || has_untold).collect();
        let untold = self.claims.iter().filter(|(_, claim)| !claim.is_told).map(|(nonce, _)| *nonce);
        (changes, untold.take(TOLD_AT_A_HEAD).collect())
    }

    /// The bridge's state says this of an announcement: the alarm, where one is due.
    fn settle_change(&mut self, number: u64, stands: Announced, time: u64) -> Option<Alarm> {
        let change = self.changes.get_mut(&number)?;
        if stands.number == number {
            if std::mem::replace(&mut change.is_told, true) || time >= change.ready.saturating_add(GRACE) {
                return None;
            }
            let (call, ready) = (change.call.clone(), change.ready);
            self.unwritten.insert((CHANGE, number));
            return Some(Alarm::ChangeScheduled { number, call, ready });
        }
        // One that was announced anew goes on under the newer number.
        let gone = self.forget_change(number)?;
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
        let is_new = self.claims.get_mut(&nonce).is_some_and(|claim| !std::mem::replace(&mut claim.is_told, true));
        if is_new {
            self.keep_claim(nonce);
        }
        is_new
    }

    fn body(&self, kind: &str, number: u64) -> Option<String> {
        match kind {
            CHANGE => self.changes.get(&number).and_then(|change| serde_json::to_string(change).ok()),
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
        let (changes, claims) = self.notices.asked();
        let slots: Vec<Hash> = (changes.iter())
            .filter_map(|number| self.notices.changes.get(number))
            .map(|change| change.slot)
            .chain(claims.iter().map(|nonce| layout::claim_slots(*nonce)[0]))
            .collect();
        let words = self.words_at_head(&slots).await?;
        let (of_changes, of_claims) = words.split_at_checked(changes.len()).unwrap_or((&words, &[]));
        for (number, word) in changes.iter().zip(of_changes) {
            let alarm = self.notices.settle_change(*number, Announced::decode(*word), time);
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
        let (store, name) = (&self.direction.shared.store, &self.direction.name);
        for (kind, number) in self.notices.unwritten.clone() {
            match self.notices.body(kind, number) {
                Some(body) => store.keep_notice(name, (kind, number), &body).await?,
                None => drop(store.drop_notice(name, (kind, number)).await?),
            }
            self.notices.unwritten.remove(&(kind, number));
        }
        store.keep_notice(name, (TOLD, 0), &told.to_string()).await?;
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
mod tests {
    use super::*;
    use crate::notice::Subject;

    const TIME: u64 = 1_000_000;

    fn scheduled(number: u64, ready: u64) -> Notice {
        Notice::Scheduled { number, ready, call: vec![7; 4] }
    }

    fn stands(number: u64) -> Announced {
        Announced { ready: 0, number }
    }

    fn changed() -> Notice {
        Notice::Changed(Subject::Paused, "paused".to_owned())
    }

    fn codes(alarms: impl IntoIterator<Item = Alarm>) -> Vec<&'static str> {
        alarms.into_iter().map(|alarm| alarm.code()).collect()
    }

    /// Everything of these notices, as it would be kept in the store.
    fn rows(notices: &Notices) -> Vec<NoticeRow> {
        let told = NoticeRow { kind: TOLD.to_owned(), number: 0, body: notices.told.to_string() };
        let rest = notices.unwritten.iter().filter_map(|(kind, number)| {
            let body = notices.body(kind, *number)?;
            Some(NoticeRow { kind: (*kind).to_owned(), number: *number, body })
        });
        std::iter::once(told).chain(rest).collect()
    }

    #[test]
    fn what_was_done_before_the_first_start_is_told_only_where_it_lasts() {
        let mut notices = Notices::new(100);
        assert_eq!(notices.take((100, 0), &changed()), None);
        assert_eq!(codes(notices.take((101, 0), &changed())), ["bridge_paused"]);
        for (number, notice) in [scheduled(1, TIME + 9), scheduled(2, TIME + 9)].iter().enumerate() {
            assert_eq!(notices.take((50, number), notice), None);
        }
        assert_eq!(notices.take((60, 0), &Notice::Undelivered { nonce: 8 }), None);
        assert_eq!(notices.asked(), (vec![1, 2], vec![8]));
        assert_eq!(codes(notices.settle_change(1, stands(1), TIME)), ["change_scheduled"]);
        assert_eq!(notices.settle_change(2, stands(0), TIME), None, "made before anybody looked");
        assert!(notices.settle_claim(8, Address([1; 20])));
        assert!(!notices.settle_claim(8, Address([1; 20])), "told once");
    }

    #[test]
    fn a_session_that_starts_again_tells_nothing_again() {
        let mut notices = Notices::new(10);
        notices.take((20, 0), &scheduled(1, TIME + 9));
        notices.take((20, 1), &Notice::Undelivered { nonce: 8 });
        notices.settle_change(1, stands(1), TIME);
        notices.settle_claim(8, Address([1; 20]));
        notices.told = 20;
        let mut again = Notices::new(500);
        again.take_stored(&rows(&notices), 500);
        assert_eq!(again.take((15, 0), &changed()), None);
        assert_eq!(codes(again.take((21, 0), &changed())), ["bridge_paused"], "done while it was off");
        again.take((20, 0), &scheduled(1, TIME + 9));
        again.take((20, 1), &Notice::Undelivered { nonce: 8 });
        assert_eq!(again.asked().1, Vec::<u64>::new());
        assert_eq!(again.settle_change(1, stands(1), TIME), None);
        assert_eq!(codes(again.settle_change(1, stands(0), TIME)), ["change_made"], "also where it was made meanwhile");
    }

    #[test]
    fn an_announcement_is_told_when_it_is_ready_made_cancelled_and_forgotten_when_its_week_is_over() {
        let mut notices = Notices::new(0);
        for number in 1..=4 {
            notices.take((5, 0), &scheduled(number, TIME + 60));
            notices.settle_change(number, stands(number), TIME);
        }
        assert!(notices.see_time(TIME + 59).is_empty());
        assert_eq!(codes(notices.see_time(TIME + 60)), ["change_ready"; 4]);
        assert!(notices.see_time(TIME + 61).is_empty(), "told once");
        assert_eq!(codes(notices.settle_change(1, stands(0), TIME)), ["change_made"]);
        assert_eq!(notices.settle_change(2, stands(9), TIME), None, "it was announced anew, as number 9");
        assert_eq!(codes(notices.take((7, 0), &Notice::Cancelled { number: 3 })), ["change_cancelled"]);
        assert!(notices.see_time(TIME + 60 + GRACE).is_empty());
        assert!(notices.changes.is_empty());
        notices.take((8, 0), &scheduled(9, TIME + 60));
        assert_eq!(notices.settle_change(9, stands(9), TIME + 60 + GRACE), None, "nobody can make it any more");
    }

    #[test]
    fn what_was_paid_out_is_forgotten_and_lists_are_bounded() {
        let mut notices = Notices::new(0);
        for nonce in 0..MOST_CLAIMS as u64 {
            assert_eq!(notices.take((5, 0), &Notice::Undelivered { nonce }), None);
        }
        let one_more = Notice::Undelivered { nonce: MOST_CLAIMS as u64 };
        assert_eq!(codes(notices.take((5, 0), &one_more)), ["undelivered"], "told, and not kept");
        assert_eq!(notices.claims.len(), MOST_CLAIMS);
        assert_eq!(notices.asked().1.len(), TOLD_AT_A_HEAD);
        notices.take((6, 0), &Notice::Claimed { nonce: 0 });
        assert!(!notices.settle_claim(1, Address::ZERO));
        assert_eq!(notices.claims.keys().next(), Some(&2));
        for number in 0..=MOST_CHANGES as u64 {
            notices.take((7, 0), &scheduled(number, TIME));
        }
        assert_eq!((notices.changes.len(), notices.changes.keys().next()), (MOST_CHANGES, Some(&1)));
    }
}
