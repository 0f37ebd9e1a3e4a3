//! The keys of the operators' accounts, as they are proven at the destination's head, and whose
//! signatures are counted by them.
//!
//! The bridge asks the chain whose keys signed when a call is executed, which is later than any
//! proven head, and refuses the whole call for one signature of another key. So an operator that
//! replaces its key again and again could spoil what the others sign. Two rules leave it nothing:
//! a key that was just replaced is counted only after a rest, longer each time, and the accounts
//! whose key stands longest go before the others.

use super::signatures::Keys;
use crate::backoff::Backoff;
use crate::decide::Fit;
use crate::keys::Signatory;
use crate::view::AccountView;
use spanlight::state::{AccountKey, KeyRole};
use spanlight::Address;
use std::collections::{BTreeMap, BTreeSet};

/// The longest rest in blocks.
const LONGEST_REST: u64 = 120;
/// After so many quiet blocks a rest is short again.
const QUIET: u64 = 4_096;

/// An operator's account.
#[derive(Clone, Debug)]
struct Known {
    /// What is proven. Nodes prove no absence, so an account may exist of which they say that it
    /// does not.
    key: Option<AccountKey>,
    /// The head from which on the key stands.
    since: u64,
    rests: Backoff,
    /// The block from which on its signatures are counted.
    until: u64,
}

impl Known {
    fn new(head: u64) -> Self {
        Self { key: None, since: head, rests: Backoff::default(), until: 0 }
    }

    fn see(&mut self, key: AccountKey, head: u64) {
        match self.key.replace(key) {
            Some(before) if self.key.as_ref() != Some(&before) => {
                self.since = head;
                self.rest(head);
            }
            _ => {}
        }
    }

    fn rest(&mut self, head: u64) {
        if head.saturating_sub(self.until) > QUIET {
            self.rests = Backoff::default();
        }
        self.until = head.saturating_add(self.rests.fail(1, LONGEST_REST));
    }
}

/// The operators' keys as they are proven at a head of the destination.
#[derive(Clone, Debug, Default)]
pub(super) struct ProvenKeys {
    head: u64,
    known: BTreeMap<Address, Known>,
    /// Read at the head.
    read: BTreeSet<Address>,
    /// What signatures are counted by.
    counted: Keys,
}

impl ProvenKeys {
    /// Takes accounts that were read at a head. One that was proven once does not vanish.
    pub(super) fn learn(&mut self, head: u64, accounts: Vec<(Address, AccountView)>) {
        if self.head != head {
            let read = std::mem::take(&mut self.read);
            self.known.retain(|operator, _| read.contains(operator));
            self.counted.clear();
            self.head = head;
        }
        for (operator, account) in accounts {
            let known = self.known.entry(operator).or_insert_with(|| Known::new(head));
            if account.exists {
                known.see(account.key, head);
            }
            self.read.insert(operator);
            if known.until <= head {
                // An account that does not exist has the key of its address, on the chain too.
                // Where an endpoint only says so, that key may count no more: so it is the last
                // resort.
                self.counted.insert(operator, known.key.clone().unwrap_or(AccountKey::Legacy));
            }
        }
    }

    /// The keys that signatures are counted by at the head.
    pub(super) const fn counted(&self) -> &Keys {
        &self.counted
    }

    /// Of these, the ones that are not read at the head.
    pub(super) fn missing(&self, head: u64, operators: &[Address]) -> Vec<Address> {
        let is_missing = |operator: &&Address| self.head != head || !self.read.contains(*operator);
        operators.iter().filter(is_missing).copied().collect()
    }

    /// Whether an operator's configured keys sign for its account. Without a proof no other keys
    /// than that of the address sign: nothing shows that they are the account's, nor that they are
    /// not.
    pub(super) fn fit(&self, signatory: &Signatory) -> Fit {
        let account = signatory.account();
        let Some(counted) = self.counted.get(&account) else { return Fit::NotYet };
        let is_proven = self.known.get(&account).is_some_and(|known| known.key.is_some());
        match signatory.fits(counted, KeyRole::Transaction) {
            true => Fit::Fits,
            false if is_proven => Fit::Differs,
            false => Fit::NotYet,
        }
    }

    /// Sorts operators: those whose key is proven to stand longest first.
    pub(super) fn sort(&self, operators: &mut [&Address]) {
        let rank = |operator: &Address| match self.known.get(operator) {
            Some(Known { key: Some(_), since, .. }) => (false, *since),
            _ => (true, u64::MAX),
        };
        operators.sort_by_key(|operator| rank(operator));
    }

    /// The bridge refuses this operator's signature, as endpoints say: it is not counted for a
    /// while. Should its key be replaced, the next head proves that.
    pub(super) fn doubt(&mut self, operator: &Address) {
        self.counted.remove(operator);
        if let Some(known) = self.known.get_mut(operator) {
            known.rest(self.head);
        }
    }

    /// Whether one of these accounts has another key than it had when it signed.
    pub(super) fn has_replaced<'k>(&self, signed: impl IntoIterator<Item = (&'k Address, &'k AccountKey)>) -> bool {
        let is_other = |(operator, key): (&Address, &AccountKey)| {
            self.known.get(operator).and_then(|known| known.key.as_ref()).is_some_and(|now| now != key)
        };
        signed.into_iter().any(is_other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{test_key, test_public_key, Signer};
    use std::sync::Arc;

    const ONE: Address = Address([1; 20]);
    const TWO: Address = Address([2; 20]);
    const THREE: Address = Address([3; 20]);

    fn account(key: AccountKey) -> AccountView {
        AccountView { exists: true, key, ..AccountView::default() }
    }

    /// Nodes prove no absence, so an endpoint could say it of an account whose key was replaced,
    /// and have the old one count again.
    #[test]
    fn a_replaced_key_does_not_come_back_by_a_nodes_word_that_the_account_is_absent() {
        let mut proven = ProvenKeys::default();
        let operators = |first, second| vec![(ONE, first), (TWO, second)];
        proven.learn(7, operators(account(AccountKey::Fail), AccountView::default()));
        let expected: Keys = [(ONE, AccountKey::Fail), (TWO, AccountKey::Legacy)].into();
        assert_eq!((proven.head, proven.counted()), (7, &expected));
        proven.learn(8, operators(AccountView::default(), account(AccountKey::Fail)));
        let expected: Keys = [(ONE, AccountKey::Fail), (TWO, AccountKey::Fail)].into();
        assert_eq!((proven.head, proven.counted()), (8, &expected), "what is proven first rests not");
        assert_eq!(proven.missing(8, &[ONE, TWO]), []);
        assert_eq!(proven.missing(9, &[ONE, TWO]), [ONE, TWO]);
        proven.learn(9, vec![(TWO, AccountView::default())]);
        assert_eq!(proven.missing(9, &[ONE, TWO]), [ONE], "who came just now");
        proven.learn(9, vec![(ONE, AccountView::default())]);
        assert_eq!(proven.counted(), &expected);
    }

    #[test]
    fn without_a_proof_nobody_says_that_configured_keys_are_the_wrong_ones() {
        let [own, other] = [5, 6].map(|byte| Arc::new(test_key(byte)));
        let me = own.address();
        let (plain, replaced) = (Signatory::own(own), Signatory::of(me, vec![other]));
        let mut proven = ProvenKeys::default();
        assert_eq!([proven.fit(&plain), proven.fit(&replaced)], [Fit::NotYet; 2], "nothing is read");
        proven.learn(7, vec![(me, AccountView::default())]);
        assert_eq!([proven.fit(&plain), proven.fit(&replaced)], [Fit::Fits, Fit::NotYet]);
        proven.learn(8, vec![(me, account(AccountKey::Legacy))]);
        assert_eq!([proven.fit(&plain), proven.fit(&replaced)], [Fit::Fits, Fit::Differs]);
        proven.learn(9, vec![(me, account(AccountKey::Public(test_public_key(6))))]);
        assert_eq!([proven.fit(&plain), proven.fit(&replaced)], [Fit::NotYet; 2], "it was just replaced");
        proven.learn(10, vec![(me, AccountView::default())]);
        assert_eq!([proven.fit(&plain), proven.fit(&replaced)], [Fit::Differs, Fit::Fits]);
    }

    #[test]
    fn a_key_that_is_replaced_in_each_block_is_counted_never_and_one_that_is_replaced_once_soon() {
        let mut proven = ProvenKeys::default();
        let keys = [AccountKey::Legacy, AccountKey::Fail];
        for head in 0..50 {
            let of_one = keys.iter().cycle().nth(head).unwrap().clone();
            let of_two = keys[usize::from(head >= 9)].clone();
            let accounts = vec![(ONE, account(of_one)), (TWO, account(of_two)), (THREE, account(AccountKey::Legacy))];
            proven.learn(head as u64, accounts);
            let counted: Vec<&Address> = proven.counted().keys().collect();
            match head {
                0 => assert_eq!(counted, [&ONE, &TWO, &THREE]),
                9 => assert_eq!(counted, [&THREE]),
                _ => assert_eq!(counted, [&TWO, &THREE], "{head}"),
            }
        }
        let mut sorted = [&ONE, &TWO, &Address([9; 20]), &THREE];
        proven.sort(&mut sorted);
        assert_eq!(sorted, [&THREE, &TWO, &ONE, &Address([9; 20])], "what nobody proved comes last");
    }

    #[test]
    fn a_doubted_signer_rests_a_while_and_never_for_good() {
        let mut proven = ProvenKeys::default();
        let mut waited = Vec::new();
        let mut left = 0;
        for head in 0..400 {
            proven.learn(head, vec![(ONE, account(AccountKey::Legacy))]);
            if proven.counted().is_empty() {
                left += 1;
            } else {
                waited.push(left);
                left = 0;
                proven.doubt(&ONE);
                assert!(proven.counted().is_empty());
            }
        }
        assert_eq!(waited[..9], [0, 0, 1, 3, 7, 15, 31, 63, 119]);
        proven.learn(5_000, vec![(ONE, account(AccountKey::Legacy))]);
        proven.doubt(&ONE);
        proven.learn(5_001, vec![(ONE, account(AccountKey::Legacy))]);
        assert_eq!(proven.counted().len(), 1, "long ago is forgotten");
        assert!(!proven.has_replaced([(&ONE, &AccountKey::Legacy), (&TWO, &AccountKey::Fail)]));
        assert!(proven.has_replaced([(&ONE, &AccountKey::Fail)]));
    }
}
