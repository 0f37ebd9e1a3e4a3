//! Value that the bridge keeps because it could not be delivered: what is known of each such
//! transfer, which ones are tried at a head, and what that may cost.
//!
//! Anybody makes as many of them as they like. So what one recipient's claims cost is held against
//! that recipient alone, whoever waited longest is looked at first, and all together cost no more
//! in a day than a person said.

use crate::park::Park;
use serde::{Deserialize, Serialize};
use spanlight::bridge::TokenType;
use spanlight::{Address, Hash, U256};
use std::collections::{BTreeMap, BTreeSet};

/// Claims that are looked at at one head, and those of one recipient among them.
const AT_A_HEAD: usize = 8;
const OF_ONE_RECIPIENT: usize = 2;
/// After so many that failed in a block a claim is given up.
const MOST_FAILURES: u32 = 3;
/// After so many of one recipient's, one of its claims is tried in so many blocks.
const MANY_FAILURES: u32 = 4;
const SELDOM: u64 = 512;
/// A claim of coin pays out at least so many times what its gas may cost.
const WORTH: u8 = 2;
const DAY: u64 = 86_400;

/// A transfer whose value the bridge keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claim {
    pub(super) is_told: bool,
    /// Claims of this operator's that were in a block and paid nothing out.
    #[serde(default)]
    pub(super) failures: u32,
    /// As it was proven; none until it was looked up.
    #[serde(default)]
    pub(super) recipient: Option<Address>,
    /// What is done about it.
    #[serde(skip)]
    pub(super) doing: String,
    /// A claim of this operator's came into a block since it was looked at.
    #[serde(skip)]
    pub(super) was_sent: bool,
    /// The destination's head at which this session sent a claim last.
    #[serde(skip)]
    pub(super) sent_at: Option<u64>,
    #[serde(skip)]
    pub(super) park: Park,
    /// The destination's head at which this session first saw it.
    #[serde(skip)]
    pub(super) seen_at: u64,
}

impl Claim {
    pub(super) const fn is_given_up(&self) -> bool {
        self.failures >= MOST_FAILURES
    }

    /// Since which block it waits to be looked at.
    fn waits_since(&self) -> u64 {
        self.park.until().max(self.seen_at)
    }
}

/// How the claims of one recipient went.
#[derive(Clone, Copy, Debug, Default)]
struct Record {
    failures: u32,
    sent_at: Option<u64>,
}

impl Record {
    fn is_tried_seldom(self, head: u64) -> bool {
        let is_recent = self.sent_at.is_some_and(|sent| head.saturating_sub(sent) < SELDOM);
        self.failures >= MANY_FAILURES && is_recent
    }
}

fn records(claims: &BTreeMap<u64, Claim>) -> BTreeMap<Address, Record> {
    let mut records: BTreeMap<Address, Record> = BTreeMap::new();
    for claim in claims.values() {
        let Some(recipient) = claim.recipient else { continue };
        let record = records.entry(recipient).or_default();
        record.failures = record.failures.saturating_add(claim.failures);
        record.sent_at = record.sent_at.max(claim.sent_at);
    }
    records
}

/// The claims that are looked at at this head: those that waited longest, few of each recipient's.
/// Says of the others why they wait. Before others it is not this operator's turn.
pub(super) fn pick(
    claims: &mut BTreeMap<u64, Claim>,
    head: u64,
    on_their_way: &BTreeSet<u64>,
    is_turn_of_others: impl Fn(u64, u64) -> bool,
) -> Vec<u64> {
    let records = records(claims);
    let record = |claim: &Claim| claim.recipient.and_then(|recipient| records.get(&recipient)).copied();
    let mut due = Vec::new();
    for (nonce, claim) in claims.iter_mut().filter(|(_, claim)| claim.is_told) {
        let waits = match () {
            () if claim.was_sent => None,
            () if on_their_way.contains(nonce) => Some("this operator's claim is on its way"),
            () if claim.is_given_up() => Some("given up: three claims failed in a block"),
            () if claim.park.is_parked(head) => continue,
            () if is_turn_of_others(*nonce, claim.seen_at) => Some("other operators go first"),
            () if record(claim).unwrap_or_default().is_tried_seldom(head) => {
                Some("claims of its recipient have failed, so they are tried seldom")
            }
            () => None,
        };
        match waits {
            Some(words) => words.clone_into(&mut claim.doing),
            None => due.push((claim.waits_since(), *nonce, claim.recipient)),
        }
    }
    due.sort_unstable();
    let mut taken: BTreeMap<Address, usize> = BTreeMap::new();
    let few_of_each = due.into_iter().filter(|(_, _, recipient)| {
        let Some(recipient) = recipient else { return true };
        let taken = taken.entry(*recipient).or_default();
        *taken = taken.saturating_add(1);
        *taken <= OF_ONE_RECIPIENT
    });
    few_of_each.take(AT_A_HEAD).map(|(_, nonce, _)| nonce).collect()
}

/// Makes room for one more: what was given up is the recipient's to claim, and nothing is done
/// about it any more. Gives what went.
pub(super) fn drop_given_up(claims: &mut BTreeMap<u64, Claim>) -> Option<u64> {
    let nonce = claims.iter().find(|(_, claim)| claim.is_given_up()).map(|(nonce, _)| *nonce)?;
    claims.remove(&nonce).map(|_| nonce)
}

/// Whether a claim pays out more than it costs. Its first word says what it pays out; who knows
/// what a token is worth?
pub(super) fn is_worth(first: U256, value: U256, cost: U256) -> bool {
    let is_coin = Hash::from_u256(first).0.get(11) == Some(&TokenType::Coin.number());
    !is_coin || value >= cost.saturating_mul(U256::from(WORTH))
}

/// What this operator's claims may have cost on one day of the destination's, in peb.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spent {
    day: u64,
    peb: U256,
}

impl Spent {
    pub(super) const NOTHING: Self = Self { day: 0, peb: U256::ZERO };

    const fn on(self, time: u64) -> Self {
        let day = time.wrapping_div(DAY);
        if day > self.day {
            return Self { day, peb: U256::ZERO };
        }
        self
    }

    pub(super) fn has_room(self, time: u64, cost: U256, budget: U256) -> bool {
        cost.is_zero() || self.on(time).peb.saturating_add(cost) <= budget
    }

    pub(super) fn add(&mut self, time: u64, cost: U256) {
        *self = self.on(time);
        self.peb = self.peb.saturating_add(cost);
    }

    /// As it stands in the store.
    pub(super) fn body(self) -> String {
        format!("{} {}", self.day, self.peb)
    }

    pub(super) fn read(body: &str) -> Option<Self> {
        let (day, peb) = body.split_once(' ')?;
        Some(Self { day: day.parse().ok()?, peb: peb.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::park::Cause;
    use spanlight::bridge::layout::claim_words;

    fn of(recipient: u8) -> Claim {
        Claim { is_told: true, recipient: Some(Address([recipient; 20])), seen_at: 10, ..Claim::default() }
    }

    fn looked_at(claims: &mut BTreeMap<u64, Claim>, head: u64) -> Vec<u64> {
        pick(claims, head, &BTreeSet::new(), |_, _| false)
    }

    #[test]
    fn what_fails_is_held_against_its_recipient_alone_and_not_for_good() {
        let failed = Claim { failures: MOST_FAILURES, sent_at: Some(100), ..of(1) };
        let mut claims: BTreeMap<u64, Claim> = (0..4).map(|nonce| (nonce, failed.clone())).collect();
        claims.extend([(4, of(1)), (5, of(2))]);
        assert_eq!(looked_at(&mut claims, 101), [5], "another recipient's is tried as ever");
        assert!(claims[&4].doing.contains("seldom"), "{}", claims[&4].doing);
        assert!(claims[&0].doing.contains("given up"), "{}", claims[&0].doing);
        assert_eq!(looked_at(&mut claims, 100 + SELDOM), [4, 5]);
    }

    #[test]
    fn who_waited_longest_is_looked_at_first_and_no_recipient_takes_all_places() {
        let mut claims: BTreeMap<u64, Claim> = (0..100).map(|nonce| (nonce, of(1))).collect();
        claims.extend((100..120).map(|nonce| (nonce, of(nonce as u8))));
        assert_eq!(looked_at(&mut claims, 20), [0, 1, 100, 101, 102, 103, 104, 105]);
        for nonce in looked_at(&mut claims, 20) {
            claims.get_mut(&nonce).unwrap().park.fail(Cause::Claim, 20, 1);
        }
        // They are due again, behind all that were not looked at yet.
        assert_eq!(looked_at(&mut claims, 21), [2, 3, 106, 107, 108, 109, 110, 111]);
        let late = Claim { seen_at: 15, ..of(9) };
        claims.insert(7, late);
        assert!(!looked_at(&mut claims, 21).contains(&7), "a low nonce is no reason");
    }

    #[test]
    fn what_is_given_up_makes_room() {
        let mut claims = BTreeMap::from([(1, of(1)), (2, Claim { failures: MOST_FAILURES, ..of(1) })]);
        assert_eq!((drop_given_up(&mut claims), drop_given_up(&mut claims)), (Some(2), None));
    }

    #[test]
    fn a_claim_of_coin_pays_out_more_than_it_costs() {
        let words = |kind| claim_words(&Address([1; 20]), kind, &Address::ZERO, U256::from(19u8));
        let is_worth = |kind, cost: u64| is_worth(words(kind)[0], words(kind)[2], U256::from(cost));
        assert!(is_worth(TokenType::Coin, 9) && !is_worth(TokenType::Coin, 10));
        assert!(is_worth(TokenType::Erc20, 10));
        assert!(is_worth(TokenType::Coin, 0), "where gas costs nothing");
    }

    #[test]
    fn a_days_claims_cost_no_more_than_the_budget() {
        let (ten, one, noon) = (U256::from(10u8), U256::ONE, DAY * 7 + DAY / 2);
        let mut spent = Spent::default();
        assert!(spent.has_room(noon, ten, ten) && !spent.has_room(noon, ten + one, ten));
        spent.add(noon, ten);
        assert!(!spent.has_room(noon + 1, one, ten) && spent.has_room(noon + 1, U256::ZERO, ten));
        assert!(!spent.has_room(noon - DAY, one, ten), "a head of an earlier day gives nothing back");
        let mut again = Spent::read(&spent.body()).unwrap();
        assert_eq!(again, spent, "a session that starts again spends no more");
        assert!(again.has_room(DAY * 8, ten, ten));
        again.add(DAY * 8, one);
        assert!(!again.has_room(DAY * 8, ten, ten));
    }
}
