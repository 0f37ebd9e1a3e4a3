//! Many transfers, one a line.

use super::lines::named;
use super::style::{bold, toned};
use super::{transfer, words};
use spanlight::verdict::{Note, State, TransferVerdict, Verdict};
use std::fmt::Write;

/// Appends one line for each transfer: nonce, state, votes, and what is special.
pub(crate) fn append(out: &mut String, transfers: &[TransferVerdict]) {
    append_as_of(out, transfers);
    let width = transfers.iter().map(|t| words::label(&t.verdict).len()).max().unwrap_or(0).max(5);
    let _ = writeln!(
        out,
        "{}",
        bold(&format!("  {:>7}  {:<width$}  {:<7}  {}", "request", "state", "votes", "what is special"))
    );
    for transfer in transfers {
        let label = words::label(&transfer.verdict);
        // Padded before it is coloured: escape codes have no width.
        let label = toned(words::tone(&transfer.verdict), &format!("{label:<width$}"));
        let row = format!("  {:>7}  {label}  {:<7}  {}", transfer.nonce, votes(transfer), special(transfer));
        let _ = writeln!(out, "{}", row.trim_end());
    }
    append_warned_votes(out, transfers);
}

/// Warnings of a whole chain, once: they hold for every line.
fn append_warned_votes(out: &mut String, transfers: &[TransferVerdict]) {
    let mut told: Vec<String> = Vec::new();
    for transfer in transfers {
        let Verdict::Proven { notes, .. } = &transfer.verdict else { continue };
        for sentence in notes.iter().filter(|note| note.warned_vote().is_some()).map(words::note_sentence) {
            if !told.contains(&sentence) {
                named(out, "warning", &sentence);
                told.push(sentence);
            }
        }
    }
}

/// The heights, where they are the same for all.
fn append_as_of(out: &mut String, transfers: &[TransferVerdict]) {
    let Some((first, rest)) = transfers.split_first() else { return };
    if rest.iter().all(|transfer| transfer.as_of == first.as_of) {
        let _ = writeln!(out, "  as of {}", transfer::as_of(first));
    } else {
        let _ = writeln!(out, "  each as of its own blocks; --json and --verbose tell them");
    }
}

fn votes(transfer: &TransferVerdict) -> String {
    transfer.verdict.state().and_then(State::votes).map_or("-".to_string(), |(votes, of)| format!("{votes} of {of}"))
}

fn special(transfer: &TransferVerdict) -> String {
    let Some(state) = transfer.verdict.state() else { return words::sentence(transfer) };
    let mut parts: Vec<String> = Vec::new();
    if matches!(state, State::Stuck { .. } | State::Fraud { .. }) {
        parts.push(state.reason().unwrap_or_default().replace('_', " "));
    }
    if !state.culprits().is_empty() {
        parts.push(format!("culprits {}", state.culprits().iter().map(short).collect::<Vec<_>>().join(", ")));
    }
    if !transfer.dissenters.is_empty() {
        parts.push(format!("dissent {}", transfer.dissenters.iter().map(short).collect::<Vec<_>>().join(", ")));
    }
    if let Verdict::Proven { notes, .. } = &transfer.verdict {
        let warnings: Vec<&str> = notes.iter().filter(|note| words::is_of_the_transfer(note)).map(Note::code).collect();
        if !warnings.is_empty() {
            parts.push(format!("warning {}", warnings.join(", ")));
        }
    }
    parts.join("; ")
}

/// Enough of an address to tell it apart by eye; the JSON form has it whole.
fn short(address: &spanlight::Address) -> String {
    let text = address.to_string();
    match (text.get(..6), text.get(38..)) {
        (Some(head), Some(tail)) => format!("{head}…{tail}"),
        _ => text,
    }
}
