//! How a demo ends: both audits as tables, what the states mean, and whether every verdict is as expected.

use crate::commands::audit::AuditJson;
use crate::failure::Failure;
use crate::gather::Gathered;
use crate::output::Output;
use crate::show::style::{bold, toned, Tone};
use crate::show::{report, table, words};
use serde::Deserialize;
use spanlight::verdict::{State, TransferVerdict, Verdict};
use spanlight::Address;
use std::fmt::Write;

/// A state, how it is coloured, and what it means.
pub(super) type Meaning = (&'static str, Tone, &'static str);

/// A command to try next, and what for.
pub(super) type Next = (&'static str, &'static str);

/// What is known of one transfer by whoever made it happen.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Expected {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) nonce: u64,
    /// The state's name.
    pub(super) expected: String,
    pub(super) reason: Option<String>,
    #[serde(default)]
    pub(super) culprits: Vec<Address>,
    /// Operators that voted for something else, where that is known.
    pub(super) dissenters: Option<Vec<Address>>,
}

/// Both audits and what they should say.
pub(super) struct Finale<'a> {
    pub(super) audits: [&'a Gathered; 2],
    pub(super) expected: &'a [Expected],
    /// What went otherwise than expected before the audit.
    pub(super) before: &'a [String],
    pub(super) legend: &'a [Meaning],
    pub(super) next: &'a [Next],
}

impl Finale<'_> {
    /// The audits as JSON or in words; the exit code is 0 if everything was as expected.
    pub(super) fn output(&self, json: bool, introduction: &str) -> Result<Output, Failure> {
        let surprises = self.surprises();
        let exit = u8::from(!surprises.is_empty());
        if json {
            let mut lines = Output { text: String::new(), exit };
            for audited in self.audits {
                lines.text.push_str(&Output::json(&AuditJson::new(audited), exit)?.text);
            }
            return Ok(lines);
        }
        let mut out = introduction.to_owned();
        for audited in self.audits {
            append_direction(&mut out, audited);
        }
        let _ = writeln!(out, "{}", bold("What the states mean"));
        let width = self.legend.iter().map(|(state, ..)| state.len()).max().unwrap_or(0);
        for (state, tone, meaning) in self.legend {
            let _ = writeln!(out, "  {}  {meaning}", toned(*tone, &format!("{state:<width$}")));
        }
        self.append_summary(&mut out, &surprises);
        if !self.next.is_empty() {
            let _ = writeln!(out, "\n{}", bold("What to try next"));
        }
        let width = self.next.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
        for (command, purpose) in self.next {
            let _ = writeln!(out, "  {command:<width$}  {purpose}");
        }
        Ok(Output { text: out, exit })
    }

    fn verdicts(&self) -> Vec<&TransferVerdict> {
        self.audits.iter().flat_map(|audited| &audited.report.transfers).collect()
    }

    /// What differs from what is known, in words.
    fn surprises(&self) -> Vec<String> {
        [self.before.to_vec(), surprises(self.expected, &self.verdicts())].concat()
    }

    fn append_summary(&self, out: &mut String, surprises: &[String]) {
        let verdicts = self.verdicts();
        let mut counts: Vec<(String, usize)> = Vec::new();
        for label in verdicts.iter().map(|verdict| words::label(&verdict.verdict).to_lowercase()) {
            match counts.iter_mut().find(|(counted, _)| *counted == label) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => counts.push((label, 1)),
            }
        }
        let counts: Vec<String> = counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
        let _ = writeln!(out, "\n{}\n  {} transfers: {}", bold("Summary"), verdicts.len(), counts.join(", "));
        for verdict in verdicts.iter().filter(|verdict| is_special(&verdict.verdict)) {
            append_special(out, verdict);
        }
        if surprises.is_empty() {
            let all = toned(Tone::Good, &format!("All {} verdicts are as expected", verdicts.len()));
            let _ = writeln!(out, "  {all}: nobody had to be believed to find the frauds.");
        }
        for surprise in surprises {
            let _ = writeln!(out, "  {} {surprise}", toned(Tone::Bad, "NOT AS EXPECTED"));
        }
    }
}

/// Verdicts that differ from what is known. There must be one for each, and no other.
fn surprises(expected: &[Expected], verdicts: &[&TransferVerdict]) -> Vec<String> {
    let mut surprises = Vec::new();
    for expected in expected {
        let is_it = |v: &&&TransferVerdict| v.from == expected.from && v.to == expected.to && v.nonce == expected.nonce;
        let place = format!("{} to {}, request {}", expected.from, expected.to, expected.nonce);
        match verdicts.iter().find(is_it) {
            None => surprises.push(format!("{place}: no verdict")),
            Some(found) if !expected.is(found) => {
                let (label, sentence) = (words::label(&found.verdict), words::sentence(found));
                surprises.push(format!("{place}: expected {}, got {label}: {sentence}", expected.expected));
            }
            Some(_) => {}
        }
    }
    if verdicts.len() != expected.len() {
        surprises.push(format!("{} verdicts for {} transfers", verdicts.len(), expected.len()));
    }
    surprises
}

impl Expected {
    fn is(&self, found: &TransferVerdict) -> bool {
        let sorted = |list: &[Address]| {
            let mut list = list.to_vec();
            list.sort_unstable();
            list
        };
        found.verdict.state().is_some_and(|state| {
            state.name() == self.expected
                && state.culprits() == sorted(&self.culprits)
                && self.reason.as_deref().is_none_or(|reason| state.reason() == Some(reason))
                && self.dissenters.as_deref().is_none_or(|list| sorted(&found.dissenters) == sorted(list))
        })
    }
}

fn append_direction(out: &mut String, audited: &Gathered) {
    let Some(first) = audited.report.transfers.first() else { return };
    let _ = writeln!(out, "{}", bold(&format!("{} to {}", first.from, first.to)));
    table::append(out, &audited.report.transfers);
    if let Some(complete) = &audited.report.complete {
        report::append_completeness(out, complete, &audited.report.transfers);
    }
    out.push('\n');
}

/// One transfer that was not simply handled, with everybody to blame in full.
/// Whether it is more than delivered; what a whole chain is warned of stands below the table.
fn is_special(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Proven { state: State::Handled { .. }, notes } => notes.iter().any(words::is_of_the_transfer),
        _ => true,
    }
}

fn append_special(out: &mut String, verdict: &TransferVerdict) {
    let label = toned(words::tone(&verdict.verdict), &words::label(&verdict.verdict));
    let _ = writeln!(out, "  {label}  {} to {}, request {}", verdict.from, verdict.to, verdict.nonce);
    let _ = writeln!(out, "    {}", words::sentence(verdict));
    for culprit in verdict.verdict.state().map(State::culprits).unwrap_or_default() {
        let _ = writeln!(out, "    by operator {culprit}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight::verdict::{AsOf, FraudKind};

    const ONE: Address = Address([1; 20]);
    const TWO: Address = Address([2; 20]);

    fn fraud(culprits: Vec<Address>) -> TransferVerdict {
        let state = State::Fraud { kind: FraudKind::NeverRequested, culprits, votes: 2, of: 2 };
        TransferVerdict {
            from: "main".into(),
            to: "service".into(),
            source_bridge: Address::ZERO,
            destination_bridge: Address::ZERO,
            nonce: 7,
            verdict: Verdict::Proven { state, notes: Vec::new() },
            dissenters: vec![TWO],
            facts: spanlight::facts::Facts::default(),
            as_of: AsOf::default(),
            checks: Vec::new(),
        }
    }

    fn expected() -> Expected {
        Expected {
            from: "main".into(),
            to: "service".into(),
            nonce: 7,
            expected: "fraud".into(),
            reason: Some("never_requested".into()),
            // In any order.
            culprits: vec![TWO, ONE],
            dissenters: Some(vec![TWO]),
        }
    }

    #[test]
    fn only_exactly_what_is_known_is_as_expected() {
        let found = fraud(vec![ONE, TWO]);
        assert!(surprises(&[expected()], &[&found]).is_empty());
        for other in [
            Expected { nonce: 8, ..expected() },
            Expected { from: "service".into(), ..expected() },
            Expected { expected: "handled".into(), ..expected() },
            Expected { reason: Some("differs".into()), ..expected() },
            Expected { culprits: vec![ONE], ..expected() },
            Expected { dissenters: Some(Vec::new()), ..expected() },
        ] {
            assert_eq!(surprises(std::slice::from_ref(&other), &[&found]).len(), 1, "{other:?}");
        }
        assert_eq!(surprises(&[expected()], &[&fraud(vec![ONE])]).len(), 1);
        assert!(!surprises(&[expected()], &[]).is_empty(), "a verdict is missing");
        assert!(!surprises(&[], &[&found]).is_empty(), "a verdict is too much");
    }
}
