//! To whom a transaction was given, and what they said: which endpoint kept one to itself, and what
//! all of them refuse.

use super::SLOW;
use crate::link::{Refusal, Said};

/// To how many endpoints a transaction is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// The first that takes it.
    One,
    /// Every one in use.
    All,
}

/// To whom a transaction was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Handed {
    /// The endpoint that said first that it has it, while it may have kept it to itself.
    first: Option<String>,
    /// Whether that one said later that it has it for the first time: it did not keep it.
    lost: bool,
    /// Whether it was given to another one later, which had not got it until then.
    to_others: bool,
    /// Since when the next block could have taken it: nothing before it was missing, and its price
    /// was enough.
    ready_since: Option<u64>,
    /// What each endpoint said the last time.
    said: Vec<(String, Said)>,
    /// The head at which it was given last.
    at: Option<u64>,
}

/// What an endpoint did with a transaction that it said it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It has it and did not pass it on.
    ToItself,
    /// It did not keep it.
    Lost,
}

impl Handed {
    /// Whether the next block could take it now. One that stands behind a gap, or pays too little,
    /// is passed on by nobody.
    pub(super) fn see(&mut self, is_ready: bool, head: u64) {
        if is_ready {
            self.ready_since.get_or_insert(head);
        } else {
            self.ready_since = None;
        }
    }

    /// Whether it is to be given to an endpoint again at this head.
    pub(super) fn is_due(&self, reach: Reach, head: u64) -> bool {
        let is_taken = self.said.iter().any(|(_, said)| said.is_taken());
        self.at != Some(head) && (reach == Reach::All || !is_taken)
    }

    /// Notes what each said, in the order asked. Another one that had it before it was given to any
    /// but the first proves that it was passed on; afterwards that one may have it from others.
    pub(super) fn note(&mut self, reach: Reach, said: Vec<(String, Said)>, head: u64) {
        self.at = Some(head);
        self.said = said;
        if reach == Reach::One {
            self.first = self.said.iter().find(|(_, said)| *said == Said::Newly).map(|(name, _)| name.clone());
            return;
        }
        let was_ready = self.ready_since.is_some_and(|since| head.saturating_sub(since) >= SLOW);
        for (name, said) in &self.said {
            match (said, self.first.as_ref()) {
                (Said::Newly, Some(first)) if first == name => self.lost = true,
                (Said::Newly, Some(_)) if was_ready || self.to_others => self.to_others = true,
                // An honest one had no reason to pass it on.
                (Said::Newly, _) => self.first = None,
                (Said::Before, Some(first)) if first != name && !self.to_others => self.first = None,
                _ => {}
            }
        }
    }

    /// Who had a transaction that came into a block only after others had it too, and what became
    /// of it there.
    pub(super) fn swallower(&self) -> Option<(&str, Kept)> {
        let kept = if self.lost { Kept::Lost } else { Kept::ToItself };
        self.first.as_deref().filter(|_| self.to_others).map(|name| (name, kept))
    }

    /// The words in which every one of so many endpoints refuses it for this reason. One that was
    /// put aside may think otherwise.
    pub(super) fn refused_by_all(&self, reason: Refusal, endpoints: usize) -> Option<&str> {
        if self.said.len() < endpoints {
            return None;
        }
        let words = self.said.iter().map(|(_, said)| match said {
            Said::Refused(refusal, words) if *refusal == reason => Some(words.as_str()),
            _ => None,
        });
        words.collect::<Option<Vec<&str>>>()?.first().copied()
    }

    /// Whether a higher price may help: somebody has it, or wants more for it.
    pub(super) fn may_want_more(&self) -> bool {
        let wants = |said: &Said| said.is_taken() || matches!(said, Said::Refused(Refusal::Price, _));
        self.said.iter().any(|(_, said)| wants(said))
    }

    /// What became of it, in words.
    pub(super) fn words(&self) -> String {
        if self.said.iter().any(|(_, said)| said.is_taken()) {
            return "endpoints have it, and no block has taken it".to_owned();
        }
        let refused = self.said.iter().find_map(|(name, said)| match said {
            Said::Refused(_, words) | Said::Silent(words) => Some(format!("{name}: {}", words.trim())),
            _ => None,
        });
        refused.map_or_else(|| "no endpoint was asked yet".to_owned(), |words| format!("no endpoint takes it: {words}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Said::{Before, Newly};

    fn said(said: &[(&str, Said)]) -> Vec<(String, Said)> {
        said.iter().map(|(name, said)| ((*name).to_owned(), said.clone())).collect()
    }

    /// Given to one endpoint at block 10, when the next block could take it.
    fn given() -> Handed {
        let mut handed = Handed::default();
        handed.see(true, 10);
        handed.note(Reach::One, said(&[("one", Newly)]), 10);
        handed
    }

    #[test]
    fn who_took_a_transaction_and_did_not_pass_it_on_is_named_only_if_others_got_it_taken() {
        let mut handed = given();
        assert_eq!(handed.swallower(), None);
        handed.note(Reach::All, said(&[("one", Before)]), 12);
        assert_eq!(handed.swallower(), None, "nobody else took it");
        handed.note(Reach::All, said(&[("one", Before), ("other", Newly)]), 13);
        assert_eq!(handed.swallower(), Some(("one", Kept::ToItself)));
        handed.note(Reach::All, said(&[("one", Before), ("other", Before)]), 14);
        assert_eq!(handed.swallower(), Some(("one", Kept::ToItself)), "the other one has it from this operator");
        // Of what an earlier run gave away it is not known who had it.
        let mut handed = Handed::default();
        handed.see(true, 10);
        handed.note(Reach::All, said(&[("one", Newly), ("other", Newly)]), 12);
        assert_eq!(handed.swallower(), None);
    }

    #[test]
    fn who_passed_a_transaction_on_is_never_named() {
        let mut handed = given();
        handed.note(Reach::All, said(&[("one", Before), ("other", Before), ("third", Newly)]), 12);
        handed.note(Reach::All, said(&[("one", Newly), ("other", Newly), ("third", Newly)]), 13);
        assert_eq!(handed.swallower(), None);
        let mut handed = Handed::default();
        handed.see(true, 10);
        handed.note(Reach::One, said(&[("one", Before)]), 10);
        handed.note(Reach::All, said(&[("one", Before), ("other", Newly)]), 12);
        assert_eq!(handed.swallower(), None, "it had it from somebody else");
    }

    #[test]
    fn a_node_behind_a_gap_swallowed_nothing() {
        // It is given what comes after a missing one, and keeps it to itself, as nodes do.
        let mut handed = Handed::default();
        handed.see(false, 10);
        handed.note(Reach::One, said(&[("one", Newly)]), 10);
        handed.see(false, 12);
        handed.note(Reach::All, said(&[("one", Before), ("other", Newly)]), 12);
        assert_eq!(handed.swallower(), None);
        // The gap has closed a moment ago: it may not have passed it on yet.
        let mut handed = Handed::default();
        handed.note(Reach::One, said(&[("one", Newly)]), 10);
        handed.see(true, 12);
        handed.note(Reach::All, said(&[("one", Before), ("other", Newly)]), 12 + SLOW - 1);
        assert_eq!(handed.swallower(), None);
    }

    #[test]
    fn a_node_that_lost_its_pool_is_told_from_one_that_keeps_to_itself() {
        let mut handed = given();
        handed.note(Reach::All, said(&[("one", Newly), ("other", Newly)]), 12);
        assert_eq!(handed.swallower(), Some(("one", Kept::Lost)));
    }

    #[test]
    fn it_is_refused_for_good_only_if_every_endpoint_says_so() {
        let good = |words: &str| Said::Refused(Refusal::ForGood, words.to_owned());
        let mut handed = Handed::default();
        assert_eq!(handed.refused_by_all(Refusal::ForGood, 0), None, "nobody was asked");
        handed.note(Reach::All, said(&[("one", good("oversized data")), ("other", Newly)]), 5);
        assert_eq!(handed.refused_by_all(Refusal::ForGood, 2), None);
        let other = Said::Refused(Refusal::Other, "txpool is full".to_owned());
        handed.note(Reach::All, said(&[("one", good("oversized data")), ("other", other)]), 6);
        assert_eq!(handed.refused_by_all(Refusal::ForGood, 2), None);
        handed.note(Reach::All, said(&[("one", good("oversized data")), ("other", good("too large"))]), 7);
        assert_eq!(handed.refused_by_all(Refusal::ForGood, 2), Some("oversized data"));
        assert_eq!(handed.refused_by_all(Refusal::ForGood, 3), None, "a third one was not asked");
    }
}
