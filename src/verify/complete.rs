//! Is the list of transfers whole? `Complete(first, last)` of claims.md 3.

use super::checks::{Checks, Rule};
use super::error::VerifyError;
use super::open::header_is_young_enough;
use super::request::check_code;
use super::stop::Stop;
use super::Pair;
use crate::bundle::TransferProof;
use crate::ordered::{set_of, Set};
use crate::verdict::{AsOf, TransferVerdict, Verdict};
use alloc::vec::Vec;
use serde::Serialize;

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Completeness {
    /// First nonce, inclusive.
    pub first: u64,
    /// Last nonce, inclusive.
    pub last: u64,
    /// The source's request count, as of [`Self::as_of`].
    pub request_nonce: u64,
    /// Whether the claim holds and the range covers every request that the source counts: nothing
    /// is left out.
    pub complete: bool,
    /// Whether the claim holds for the range, however many requests lie outside it.
    pub complete_in_range: bool,
    /// Codes of what stands against it.
    pub against: Vec<&'static str>,
    /// The states compared.
    pub as_of: AsOf,
}

/// Nonces that are proven, and those of them whose request is.
struct Shown {
    proven: Set<u64>,
    requested: Set<u64>,
}

impl Shown {
    fn of(transfers: &[TransferProof], verdicts: &[TransferVerdict]) -> Self {
        let both = transfers.iter().zip(verdicts);
        let proven = both.filter(|(_, verdict)| matches!(verdict.verdict, Verdict::Proven { .. }));
        let requested = proven.clone().filter(|(transfer, _)| transfer.request.is_some());
        let nonce = |(transfer, _): (&TransferProof, &TransferVerdict)| transfer.nonce;
        Self { proven: set_of(proven.map(nonce)), requested: set_of(requested.map(nonce)) }
    }

    fn all(&self, low: u64, high: u64) -> bool {
        is_whole(&self.proven, low, high)
    }

    fn all_requested(&self, low: u64, high: u64) -> bool {
        is_whole(&self.requested, low, high)
    }
}

/// Counts instead of asking for each nonce: a claimed range may be as long as numbers go.
fn is_whole(nonces: &Set<u64>, low: u64, high: u64) -> bool {
    low <= high
        && u64::try_from(nonces.range(low..=high).count())
            .is_ok_and(|count| high.checked_sub(low).and_then(|span| span.checked_add(1)) == Some(count))
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

    let shown = Shown::of(transfers, verdicts);
    let mut against = Vec::new();
    let requests_end = request_nonce.min(last.saturating_add(1));
    let requests_shown = first >= requests_end || shown.all_requested(first, requests_end.saturating_sub(1));
    if checks.record(RANGE, &[], requests_shown.then_some(()).ok_or(())).is_err() {
        against.push("complete.transfer_not_proven");
    }
    let upper_shown =
        upper < request_nonce || upper == 0 && !destination.is_handled(0)? || shown.all(request_nonce, upper);
    if checks.record(ABOVE, &[], (lower <= request_nonce).then_some(()).ok_or(())).is_err() {
        against.push("complete.lower_handle_nonce_above_request_nonce");
    }
    if !upper_shown {
        against.push("complete.handled_nonce_not_shown");
    }
    let as_of = AsOf { source: Some(source.header()), destination: Some(destination.header()) };
    let complete_in_range = against.is_empty();
    let complete = complete_in_range && range_covers_all_requests(first, last, request_nonce);
    Ok(Completeness { first, last, request_nonce, complete, complete_in_range, against, as_of })
}

/// A range that begins later or ends sooner says nothing of the requests outside it.
const fn range_covers_all_requests(first: u64, last: u64, request_nonce: u64) -> bool {
    request_nonce == 0 || first == 0 && last >= request_nonce.saturating_sub(1)
}
