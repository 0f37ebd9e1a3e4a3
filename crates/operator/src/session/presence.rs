//! Which operators are there. One that lets its turn pass twice is waited for no more: others stand
//! in for it at once, until it is seen to send again. Otherwise each transfer that is its turn
//! would wait for it, for as long as it is down.
//!
//! Once is not enough: a transfer that nobody could deliver until now looks as if everybody had let
//! it pass, and anybody can ask for one. Who is there votes for it then, or for another one, and
//! its account shows that before a second turn is over.
//!
//! What is believed here changes who votes first, and nothing else: every vote is decided on proven
//! facts, and everybody's turn comes in the end. That an operator sends shows in the nonce of its
//! account.

use crate::view::AccountView;
use spanlight::Address;
use std::collections::{BTreeMap, BTreeSet};

/// Blocks after which one that is not there is waited for once more: it may be back, and wait to be
/// called. The time doubles with each turn that it lets pass.
const TRIED_AGAIN: u64 = 64;
const MOST_DOUBLINGS: u32 = 5;

#[derive(Clone, Copy, Debug)]
struct Absence {
    /// Transactions of its account when it was missed; `None` until that was looked at.
    nonce: Option<u64>,
    /// The head at which it was missed first.
    since: u64,
    /// Nobody waits for it before this head.
    until: u64,
    passed: u32,
}

/// Those who let their turn pass, and whether this operator may be taken for one of them.
#[derive(Debug, Default)]
pub(super) struct Presence {
    absences: BTreeMap<Address, Absence>,
    /// Transactions of this operator's account when the session began.
    began: Option<u64>,
    has_sent: bool,
}

impl Presence {
    /// These let their turn of so many blocks pass, as is seen at this head.
    pub(super) fn missed(&mut self, operators: impl IntoIterator<Item = Address>, head: u64, turn_blocks: u64) {
        for operator in operators {
            let first = Absence { nonce: None, since: head, until: 0, passed: 0 };
            let absence = self.absences.entry(operator).or_insert(first);
            // Each transfer of a block shows the same, and its vote may be on its way into the
            // next.
            let is_second = head.saturating_sub(absence.since) > turn_blocks;
            if !is_second || absence.until > head {
                continue;
            }
            let wait = TRIED_AGAIN.wrapping_shl(absence.passed.min(MOST_DOUBLINGS));
            absence.until = head.saturating_add(wait);
            absence.passed = absence.passed.saturating_add(1);
        }
    }

    /// Those whose accounts are looked at.
    pub(super) fn missing(&self) -> Vec<Address> {
        self.absences.keys().copied().collect()
    }

    /// So many transactions of this operator's account are in blocks, and this is what the accounts
    /// of the missing ones are. Who is no operator any more is forgotten.
    pub(super) fn see(&mut self, own: u64, missing: &[(Address, AccountView)], operators: &[Address]) {
        self.has_sent |= own > *self.began.get_or_insert(own);
        self.absences.retain(|operator, _| operators.contains(operator));
        for (operator, account) in missing {
            let Some(absence) = self.absences.get_mut(operator) else { continue };
            if account.nonce > *absence.nonce.get_or_insert(account.nonce) {
                self.absences.remove(operator);
            }
        }
    }

    /// Whom nobody waits for at this head.
    pub(super) fn absent(&self, head: u64) -> BTreeSet<Address> {
        let absent = self.absences.iter().filter(|(_, absence)| absence.until > head);
        absent.map(|(operator, _)| *operator).collect()
    }

    /// Whether the others may not wait for this operator: it has begun, and has not sent anything
    /// since.
    pub(super) const fn doubts(&self) -> bool {
        !self.has_sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Address = Address([1; 20]);
    const TURN: u64 = 3;

    fn with_nonce(nonce: u64) -> [(Address, AccountView); 1] {
        [(ONE, AccountView { nonce, ..AccountView::default() })]
    }

    /// Missed at the heads 10 and 14.
    fn absent() -> Presence {
        let mut presence = Presence::default();
        presence.missed([ONE], 10, TURN);
        presence.missed([ONE], 14, TURN);
        presence
    }

    #[test]
    fn one_that_let_two_turns_pass_is_not_waited_for_until_it_sends_again() {
        let mut presence = absent();
        assert_eq!((presence.absent(15), presence.missing()), (BTreeSet::from([ONE]), vec![ONE]));
        for head in 15..20 {
            presence.see(0, &with_nonce(7), &[ONE]);
            assert_eq!(presence.absent(head).len(), 1, "what it sent before tells nothing");
        }
        presence.see(0, &with_nonce(8), &[ONE]);
        assert!(presence.absent(20).is_empty() && presence.missing().is_empty());
    }

    #[test]
    fn one_turn_alone_shows_nothing_and_who_sends_meanwhile_is_there() {
        let mut presence = Presence::default();
        for head in 10..=13 {
            presence.missed([ONE], head, TURN);
            assert!(presence.absent(head).is_empty(), "the same turn, at head {head}");
        }
        presence.see(0, &with_nonce(7), &[ONE]);
        presence.see(0, &with_nonce(8), &[ONE]);
        presence.missed([ONE], 14, TURN);
        assert!(presence.absent(14).is_empty(), "it begins anew");
    }

    #[test]
    fn it_is_waited_for_once_more_after_a_time_that_doubles() {
        let mut presence = absent();
        let mut head = 14;
        for wait in [64, 128, 256, 512, 1024, 2048, 2048] {
            presence.missed([ONE], head + 1, TURN);
            assert_eq!(presence.absent(head + wait - 1).len(), 1, "{wait}");
            assert!(presence.absent(head + wait).is_empty(), "{wait}");
            head += wait;
            presence.missed([ONE], head, TURN);
        }
    }

    #[test]
    fn who_is_no_operator_any_more_is_forgotten() {
        let mut presence = absent();
        presence.see(0, &[], &[Address([2; 20])]);
        assert!(presence.missing().is_empty());
    }

    #[test]
    fn an_operator_doubts_that_it_is_waited_for_until_it_has_sent_something() {
        let mut presence = Presence::default();
        for (own, doubts) in [(5, true), (5, true), (6, false), (6, false)] {
            presence.see(own, &[], &[]);
            assert_eq!(presence.doubts(), doubts);
        }
    }
}
