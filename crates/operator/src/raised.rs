//! Which alarms were raised already. Others decide how often there is something to say, and often in which words: a repeat is
//! known by what it is about, not by its words.

use crate::alarm::Alarm;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What lasts is said again after this time. What concerns one transfer happened once, and is said once.
const AGAIN: Duration = Duration::from_secs(3600);
/// Most that are remembered; the oldest are forgotten.
const MOST: usize = 10_000;

type Key = (&'static str, Option<u64>, String);

/// The alarms of a session.
#[derive(Debug, Default)]
pub(crate) struct Raised(BTreeMap<Key, Instant>);

impl Raised {
    /// Whether an alarm is to be raised; it is remembered as raised then.
    pub(crate) fn is_new(&mut self, nonce: Option<u64>, alarm: &Alarm, now: Instant) -> bool {
        let key = (alarm.code(), nonce, alarm.subject());
        if let Some(at) = self.0.get(&key) {
            if nonce.is_some() || now.saturating_duration_since(*at) < AGAIN {
                return false;
            }
        } else if self.0.len() >= MOST {
            let oldest = self.0.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.0.remove(&key));
        }
        self.0.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight::{Address, Hash};

    fn forged(operator: u8, voted: u8) -> Alarm {
        Alarm::ForgedVote { operator: Address([operator; 20]), voted: Hash([voted; 32]) }
    }

    fn endpoint(finding: &str) -> Alarm {
        Alarm::Endpoint { finding: finding.to_owned() }
    }

    #[test]
    fn a_vote_that_is_flipped_again_and_again_is_one_alarm() {
        let (mut raised, now) = (Raised::default(), Instant::now());
        assert_eq!((0..20).filter(|voted| raised.is_new(Some(5), &forged(1, *voted), now)).count(), 1);
        assert!(raised.is_new(Some(5), &forged(2, 0), now), "another operator");
        assert!(raised.is_new(Some(6), &forged(1, 0), now), "another transfer");
        assert!(!raised.is_new(Some(5), &forged(1, 0), now + AGAIN * 2), "it happened once");
    }

    #[test]
    fn the_words_of_a_node_make_no_new_alarm() {
        let (mut raised, now) = (Raised::default(), Instant::now());
        assert!(raised.is_new(None, &endpoint("http://one: one thing"), now));
        assert!(!raised.is_new(None, &endpoint("http://one: another"), now));
        assert!(raised.is_new(None, &endpoint("http://two: one thing"), now));
        let unread = |chain: &str, block| Alarm::UnreadBlock { chain: chain.to_owned(), block, code: "pruned" };
        assert_eq!((0..50).filter(|block| raised.is_new(None, &unread("main", *block), now)).count(), 1);
        assert!(raised.is_new(None, &unread("service", 0), now));
        let parked = |reason: &str| Alarm::Parked { reason: reason.to_owned() };
        assert!(raised.is_new(Some(1), &parked("one"), now));
        assert!(!raised.is_new(Some(1), &parked("two"), now));
    }

    #[test]
    fn a_clock_that_jumps_from_one_side_to_the_other_is_told_on_either() {
        let (mut raised, now) = (Raised::default(), Instant::now());
        let behind = |behind| Alarm::Clock { chain: "main".to_owned(), behind };
        assert!(raised.is_new(None, &Alarm::ClockAhead { ahead: 3600 }, now));
        assert!(raised.is_new(None, &behind(3600), now));
        assert!(!raised.is_new(None, &behind(3601), now));
    }

    #[test]
    fn what_lasts_is_said_again_after_a_while() {
        let (mut raised, now) = (Raised::default(), Instant::now());
        let price = |asked: u64| Alarm::GasPrice { asked: asked.to_string() };
        assert!(raised.is_new(None, &price(1), now));
        assert!(!raised.is_new(None, &price(2), now + AGAIN / 2));
        assert!(raised.is_new(None, &price(3), now + AGAIN));
        assert!(!raised.is_new(None, &price(4), now + AGAIN + AGAIN / 2), "counted from the last time");
    }

    #[test]
    fn a_low_balance_names_amount_limit_and_chain_and_is_one_alarm_whatever_they_are() {
        let low = |held: u64| Alarm::LowBalance {
            account: Address([1; 20]),
            what: "the operator",
            chain: "service".to_owned(),
            held: held.to_string(),
            least: "500".to_owned(),
        };
        let words = low(499).to_string();
        for part in ["the operator", "499 peb", "on service", "500 peb"] {
            assert!(words.contains(part), "{part}: {words}");
        }
        let (mut raised, now) = (Raised::default(), Instant::now());
        assert!(raised.is_new(None, &low(499), now) && !raised.is_new(None, &low(498), now));
    }

    #[test]
    fn no_more_are_remembered_than_fit() {
        let (mut raised, now) = (Raised::default(), Instant::now());
        for nonce in 0..=10_000u32 {
            assert!(raised.is_new(Some(u64::from(nonce)), &Alarm::Unjudged, now + Duration::from_millis(nonce.into())));
        }
        assert_eq!(raised.0.len(), MOST);
        assert!(!raised.is_new(Some(1), &Alarm::Unjudged, now), "the newer ones stay");
    }
}
