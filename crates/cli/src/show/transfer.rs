//! One transfer's verdict in full.

use super::facts;
use super::lines::named;
use super::style::{bold, dim, toned};
use super::{uncovered, words};
use crate::clock;
use spanlight::verdict::{Check, HeaderRef, NotReached, Outcome, State, TransferVerdict, Verdict};
use std::fmt::Write;

/// Whether every check is listed or only counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Checks {
    Listed,
    Counted,
}

/// Appends the verdict: words first, then who, when, and how it was checked.
pub(crate) fn append(out: &mut String, transfer: &TransferVerdict, checks: Checks) {
    let title = format!("{} to {}, request {}", transfer.from, transfer.to, transfer.nonce);
    let label = toned(words::tone(&transfer.verdict), &words::label(&transfer.verdict));
    let _ = writeln!(out, "{}\n  {label}  {}", bold(&title), words::sentence(transfer));
    if let Verdict::Unsupported(what) = &transfer.verdict {
        named(out, "next", uncovered::words(what.what).1);
    }
    if matches!(transfer.verdict, Verdict::NotYetTrusted(NotReached::BelowCheckpoint { .. })) {
        named(out, "next", words::BELOW_CHECKPOINT);
    }
    facts::append(out, transfer);
    let culprits = transfer.verdict.state().map(State::culprits).unwrap_or_default();
    named(out, "culprits", &words::addresses(culprits));
    named(out, "dissent", &words::addresses(&transfer.dissenters));
    named(out, "as of", &as_of(transfer));
    if let Verdict::Proven { notes, .. } = &transfer.verdict {
        for note in notes {
            let name = if note.is_warning() { "warning" } else { "note" };
            named(out, name, &words::note_sentence(note));
        }
    }
    let failed = transfer.checks.iter().filter(|check| check.outcome == Outcome::Failed).count();
    let passed = transfer.checks.len().saturating_sub(failed);
    let more = if checks == Checks::Counted && !transfer.checks.is_empty() { "; -v lists them" } else { "" };
    named(out, "checks", &format!("{passed} passed, {failed} failed{more}"));
    if checks == Checks::Listed {
        transfer.checks.iter().for_each(|check| append_check(out, check));
    }
}

pub(super) fn append_check(out: &mut String, check: &Check) {
    let mark = match check.outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "FAILED",
    };
    let _ = writeln!(out, "    {mark}  {}  {} {}", check.id, check.rule, dim(&format!("[{}]", check.source)));
    for (name, value) in &check.inputs {
        let _ = writeln!(out, "            {name} = {value}");
    }
}

/// The newest verified blocks of both chains, as of which the verdict holds.
pub(super) fn as_of(transfer: &TransferVerdict) -> String {
    let ends = [(&transfer.from, transfer.as_of.source), (&transfer.to, transfer.as_of.destination)];
    let shown: Vec<String> =
        ends.iter().filter_map(|(chain, header)| header.map(|h| header_words(chain, &h))).collect();
    shown.join(", ")
}

/// A header for people.
pub(crate) fn header_words(chain: &str, header: &HeaderRef) -> String {
    format!("{chain} block {} ({})", header.number, clock::date(header.time))
}
