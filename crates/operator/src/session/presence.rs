//! Which operators are there. One that lets its turn pass is waited for no more: others stand in for
//! it at once, until it is seen to send again. Otherwise each transfer that is its turn would wait
//! for it, for as long as it is down.
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

#[derive(Clone, Copy, Debug, Default)]
struct Absence {
    /// Transactions of its account when it was missed; `None` until that was looked at.
    nonce: Option<u64>,
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
    /// These let their turn pass, as is seen at this head.
    pub(super) fn missed(&mut self, operators: impl IntoIterator<Item = Address>, head: u64) {
        for operator in operators {
            let absence = self.absences.entry(operator).or_default();
            // Each transfer of a block shows the same.
            if absence.until > head {
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
    /// of the missing ones are.
    pub(super) fn see(&mut self, own: u64, missing: &[(Address, AccountView)]) {
        self.has_sent |= own > *self.began.get_or_insert(own);
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

    fn with_nonce(nonce: u64) -> [(Address, AccountView); 1] {
        [(ONE, AccountView { nonce, ..AccountView::default() })]
    }

    #[test]
    fn one_that_let_its_turn_pass_is_not_waited_for_until_it_sends_again() {
        let mut presence = Presence::default();
        assert!(presence.absent(10).is_empty() && presence.missing().is_empty());
        presence.missed([ONE], 10);
        assert_eq!((presence.absent(11), presence.missing()), (BTreeSet::from([ONE]), vec![ONE]));
        for head in 11..20 {
            presence.see(0, &with_nonce(7));
            assert_eq!(presence.absent(head).len(), 1, "what it sent before tells nothing");
        }
        presence.see(0, &with_nonce(8));
        assert!(presence.absent(20).is_empty() && presence.missing().is_empty());
    }

    #[test]
    fn it_is_waited_for_once_more_after_a_time_that_doubles() {
        let mut presence = Presence::default();
        let mut head = 10;
        for wait in [64, 128, 256, 512, 1024, 2048, 2048] {
            presence.missed([ONE], head);
            presence.missed([ONE], head + 1);
            assert_eq!(presence.absent(head + wait - 1).len(), 1, "{wait}");
            assert!(presence.absent(head + wait).is_empty(), "{wait}");
            head += wait;
        }
    }

    #[test]
    fn an_operator_doubts_that_it_is_waited_for_until_it_has_sent_something() {
        let mut presence = Presence::default();
        for (own, doubts) in [(5, true), (5, true), (6, false), (6, false)] {
            presence.see(own, &[]);
            assert_eq!(presence.doubts(), doubts);
        }
    }
}
