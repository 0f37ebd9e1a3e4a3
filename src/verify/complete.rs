//! Is the list of transfers whole? `Complete(first, last)` of claims.md 3.

use super::checks::{Checks, Rule};
use super::error::VerifyError;
use super::open::header_is_young_enough;
use super::request::check_code;
use super::stop::Stop;
use super::Pair;
use crate::bundle::TransferProof;
use crate::verdict::{AsOf, TransferVerdict, Verdict};
use alloc::vec::Vec;

const RANGE: Rule = Rule {
    id: "C.requests",
    words: "each nonce of the range has its request and one proven state",
    source: "claims.md 3",
};
const ABOVE: Rule = Rule {
    id: "C.handled",
    words: "nothing is handled at or above the source's request count, or each such nonce is shown",
    source: "claims.md 3",
};

/// Whether the transfers shown are all of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completeness {
    /// First nonce, inclusive.
    pub first: u64,
    /// Last nonce, inclusive.
    pub last: u64,
    /// The source's request count, as of [`Self::as_of`].
    pub request_nonce: u64,
    /// Whether the claim holds.
    pub complete: bool,
    /// Codes of what stands against it.
    pub against: Vec<&'static str>,
    /// The states compared.
    pub as_of: AsOf,
}

/// Judges the claim on the newest proven states of both ends.
pub(super) fn judge_complete(
    pair: &Pair<'_>,
    transfers: &[TransferProof],
    verdicts: &[TransferVerdict],
    (first, last): (u64, u64),
) -> Result<Completeness, Stop> {
    if first > last {
        return Err(VerifyError::Range.into());
    }
    let mut checks = Checks::default();
    let (source, destination) = (pair.source.latest_state()?, pair.destination.latest_state()?);
    check_code(pair.from, source, &mut checks)?;
    check_code(pair.to, destination, &mut checks)?;
    header_is_young_enough(pair.source, source.header(), pair.now)?;
    header_is_young_enough(pair.destination, destination.header(), pair.now)?;
    let request_nonce = source.nonces()?.request_nonce;
    let lower = destination.nonces()?.lower_handle_nonce;
    let upper = destination.upper()?.upper_handle_nonce;

    let proven = |nonce: u64, needs_request: bool| {
        let shown = transfers.iter().zip(verdicts).find(|(transfer, _)| transfer.nonce == nonce);
        shown.is_some_and(|(transfer, verdict)| {
            matches!(verdict.verdict, Verdict::Proven { .. }) && (transfer.request.is_some() || !needs_request)
        })
    };
    let shown_in = |low: u64, high: u64, needs_request: bool| {
        let wanted = high.saturating_sub(low).saturating_add(1);
        let shown = transfers.iter().map(|transfer| transfer.nonce).filter(|nonce| (low..=high).contains(nonce));
        let shown = shown.filter(|nonce| proven(*nonce, needs_request)).count();
        u64::try_from(shown).is_ok_and(|shown| shown == wanted)
    };
    let mut against = Vec::new();
    let requests_end = request_nonce.min(last.saturating_add(1));
    let requests_shown = first >= requests_end || shown_in(first, requests_end.saturating_sub(1), true);
    if checks.record(RANGE, &[], requests_shown.then_some(()).ok_or(())).is_err() {
        against.push("complete.transfer_not_proven");
    }
    let upper_shown =
        upper < request_nonce || upper == 0 && !destination.is_handled(0)? || shown_in(request_nonce, upper, false);
    if checks.record(ABOVE, &[], (lower <= request_nonce).then_some(()).ok_or(())).is_err() {
        against.push("complete.lower_handle_nonce_above_request_nonce");
    }
    if !upper_shown {
        against.push("complete.handled_nonce_not_shown");
    }
    let as_of = AsOf { source: Some(source.header()), destination: Some(destination.header()) };
    Ok(Completeness { first, last, request_nonce, complete: against.is_empty(), against, as_of })
}
