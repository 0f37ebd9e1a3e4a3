//! A whole report as text.

use super::style::{bold, dim, toned, Tone};
use super::transfer::{self, header_words, Checks};
use super::{table, uncovered, words};
use crate::failure::Exit;
use spanlight::consensus::equivocation::Equivocation;
use spanlight::verdict::{State, TransferVerdict, Verdict};
use spanlight::verify::{Anchored, Completeness, Report};
use std::fmt::Write;

/// More transfers than this are shown as a table.
const MOST_IN_FULL: usize = 3;

/// Who brought what was judged, and is to blame where it is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Brought {
    /// Somebody's bundle.
    ByBundle,
    /// Endpoints, just now.
    ByEndpoints,
}

/// Exit codes of an audit. That its transfers are not all accuses nobody and is no failure; that it
/// cannot be said is one.
pub(crate) fn audit_codes(report: &Report, brought: Brought) -> Vec<u8> {
    let mut codes = transfer_codes(report, brought);
    let open = report.complete.as_ref().and_then(|complete| complete.as_ref().err());
    codes.extend(open.map(|verdict| code_of(verdict, brought)));
    codes
}

fn transfer_codes(report: &Report, brought: Brought) -> Vec<u8> {
    report.transfers.iter().map(|transfer| code_of(&transfer.verdict, brought)).collect()
}

/// The exit code of one verdict. Endpoints that served what is false have failed; that says nothing
/// of the transfer.
fn code_of(verdict: &Verdict, brought: Brought) -> u8 {
    match (verdict, verdict.exit_code(), brought) {
        (Verdict::Invalid(_), 1, Brought::ByEndpoints) => Exit::Endpoint.code(),
        (_, code, _) => code,
    }
}

/// Exit codes of everything that a report says.
pub(crate) fn exit_codes(report: &Report, brought: Brought) -> Vec<u8> {
    let of = |verdict: &Verdict| code_of(verdict, brought);
    let mut codes = transfer_codes(report, brought);
    codes.extend(report.complete.as_ref().map(|complete| match complete {
        Ok(found) if found.complete_in_range => 0,
        // Nothing false was shown; the list is not whole.
        Ok(_) => 2,
        Err(verdict) => of(verdict),
    }));
    codes.extend(report.equivocation.as_ref().map(|found| found.as_ref().map_or_else(of, |_| 1)));
    codes.extend(report.anchored.as_ref().map(|found| found.as_ref().map_or_else(of, |_| 0)));
    codes
}

/// Every verdict in a report, on transfers and on what is claimed beside them.
pub(crate) fn verdicts(report: &Report) -> impl Iterator<Item = &Verdict> {
    let transfers = report.transfers.iter().map(|transfer| &transfer.verdict);
    let complete = report.complete.iter().filter_map(|found| found.as_ref().err());
    let equivocation = report.equivocation.iter().filter_map(|found| found.as_ref().err());
    let anchored = report.anchored.iter().filter_map(|found| found.as_ref().err());
    transfers.chain(complete).chain(equivocation).chain(anchored)
}

/// Appends everything that the report says.
pub(crate) fn append(out: &mut String, report: &Report, checks: Checks) {
    if checks == Checks::Listed && !report.chains.is_empty() {
        let _ = writeln!(out, "{}", bold("both chains"));
        report.chains.iter().for_each(|check| transfer::append_check(out, check));
    }
    if report.transfers.len() > MOST_IN_FULL && checks == Checks::Counted {
        table::append(out, &report.transfers);
    } else {
        for transfer in &report.transfers {
            transfer::append(out, transfer, checks);
        }
    }
    if let Some(found) = &report.complete {
        append_completeness(out, found, &report.transfers);
    }
    if let Some(found) = &report.equivocation {
        append_equivocation(out, found);
    }
    if let Some(found) = &report.anchored {
        append_anchored(out, found);
    }
}

/// Appends whether the transfers are all.
pub(crate) fn append_completeness(
    out: &mut String,
    found: &Result<Completeness, Verdict>,
    transfers: &[TransferVerdict],
) {
    let (label, text) = match found {
        Ok(found) if found.complete => (
            toned(Tone::Good, "COMPLETE"),
            format!(
                "these are all transfers, requests {} to {}; the source counted {} requests",
                found.first, found.last, found.request_nonce
            ),
        ),
        Ok(found) if found.complete_in_range => (
            toned(Tone::Good, "COMPLETE IN RANGE"),
            format!(
                "these are all transfers from {} to {}; the source counted {} requests, the others were not judged",
                found.first, found.last, found.request_nonce
            ),
        ),
        Ok(found) => {
            let executed = executed_from(found.request_nonce, transfers);
            let reasons: Vec<String> = found.against.iter().map(|code| against(code, &executed)).collect();
            (toned(Tone::Open, "NOT COMPLETE"), reasons.join("; "))
        }
        Err(verdict) => refused(verdict),
    };
    let _ = writeln!(out, "  {label}  {text}");
}

/// The nonces from `first` on that are proven to be executed.
fn executed_from(first: u64, transfers: &[TransferVerdict]) -> Vec<u64> {
    let is_executed = |transfer: &&TransferVerdict| {
        matches!(transfer.verdict.state(), Some(State::Fraud { .. } | State::Handled { .. }))
    };
    transfers.iter().filter(is_executed).map(|transfer| transfer.nonce).filter(|nonce| *nonce >= first).collect()
}

/// What stands against completeness, by its code; `executed` are the nonces beyond the requests
/// that are shown to be executed.
fn against(code: &str, executed: &[u64]) -> String {
    match code {
        "complete.handled_nonce_not_shown" if !executed.is_empty() => {
            let shown: Vec<String> = executed.iter().map(u64::to_string).collect();
            format!(
                "unrequested and executed, as shown here: {}; other nonces beyond the requests were not judged",
                shown.join(", ")
            )
        }
        "complete.transfer_not_proven" => "a request of the range has no proven state".to_string(),
        "complete.lower_handle_nonce_above_request_nonce" => {
            "the destination has executed more than the source counted requests".to_string()
        }
        "complete.handled_nonce_not_shown" => "something unrequested was executed that is not shown here".to_string(),
        other => other.to_string(),
    }
}

fn append_equivocation(out: &mut String, found: &Result<Equivocation, Verdict>) {
    let (label, text) = match found {
        Ok(found) => {
            let [first, second] = found.hashes;
            let both = words::addresses(&found.both);
            let text = format!(
                "block {} exists twice, each sealed by a quorum: {first} and {second}\n  signed both: {both}",
                found.number
            );
            (toned(Tone::Bad, "EQUIVOCATION"), text)
        }
        Err(verdict) => refused(verdict),
    };
    let _ = writeln!(out, "{}\n  {label}  {text}", bold("equivocation"));
}

fn append_anchored(out: &mut String, found: &Result<Anchored, Verdict>) {
    let (label, text) = match found {
        Ok(found) => {
            let (child, parent) = (header_words("child", &found.child), header_words("parent", &found.parent));
            let text = format!("{child} is anchored in {parent} by {}", found.account);
            (toned(Tone::Good, "ANCHORED"), format!("{text}\n  {}", dim("a commitment and a time bound, not finality")))
        }
        Err(verdict) => refused(verdict),
    };
    let _ = writeln!(out, "{}\n  {label}  {text}", bold("anchor"));
}

fn refused(verdict: &Verdict) -> (String, String) {
    let label = toned(words::tone(verdict), &words::label(verdict));
    let text = match verdict {
        Verdict::Unsupported(what) => uncovered::sentence(what),
        _ => format!("{} ({})", verdict.detail().unwrap_or_default(), verdict.code().unwrap_or_default()),
    };
    (label, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_never_said_to_be_missing() {
        let code = "complete.handled_nonce_not_shown";
        assert!(against(code, &[]).contains("not shown"));
        let words = against(code, &[1000]);
        assert!(words.contains("1000") && !words.contains("not shown"), "{words}");
    }
}
