//! Judging a range of nonces on chains that are kept followed: headers are verified once, not once for each transfer.

use crate::error::{refused, ProveError};
use crate::progress::Progress;
use crate::prove::{gather_all, incomplete_of, range_of, same_verdicts, Ends, Gathered, ProveOptions};
use crate::rpc::{RpcError, Transport};
use alloc::vec::Vec;
use spanlight::ordered::{set_of, Set};
use spanlight::verify::{verify, Report};
use spanlight::ProofBundle;

/// Whether votes for what nobody requested were looked for: they leave no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoteScan {
    /// Every destination block since the checkpoint was read.
    Full,
    /// Not all were.
    None,
}

impl VoteScan {
    /// The name on every surface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::None => "none",
        }
    }
}

/// Which nonces an audit judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those of the range.
    Range,
    /// Also those outside it that got votes without a request.
    Found,
}

/// What an audit found.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Verdicts on each nonce judged.
    pub report: Report,
    /// Whether votes were looked for everywhere.
    pub vote_scan: VoteScan,
    /// All the evidence, for anybody else to verify.
    pub bundle: ProofBundle,
    /// Nonces outside the range that got successful votes although the source has not counted so far.
    pub beyond: Vec<u64>,
    /// Nonces for which the endpoint refused evidence, and in which words; their verdicts are incomplete.
    pub unavailable: Vec<(u64, RpcError)>,
}

/// Judges every transfer from `first` to `last` inclusive and, by `reach`, every vote for a nonce that was not requested.
///
/// # Errors
/// Those of the endpoints, and where the range runs backwards.
pub async fn audit<T: Transport>(
    ends: &Ends<'_, '_, T>,
    (first, last): (u64, u64),
    reach: Reach,
    options: ProveOptions,
    progress: &dyn Progress,
) -> Result<Audit, ProveError> {
    let (now, plan) = (options.now, options.headers);
    let mut gathering = ends.gathering(options)?;
    let mut nonces: Set<u64> = range_of(&mut gathering, first, last).await?;
    let requested = gathering.request_count().await?;
    let (voted, all) = gathering.voted_nonces(requested).await?;
    let beyond = set_of(voted.into_iter().filter(|nonce| !(first..=last).contains(nonce)));
    if reach == Reach::Found {
        nonces.extend(beyond.iter().copied());
    }
    let Gathered { transfers, unavailable } = gather_all(&mut gathering, &nonces, true, progress).await?;
    let complete = Some((first, last));
    let judged = ends.judge(&gathering, &transfers, complete, now)?;
    let unavailable = incomplete_of(&judged.0, unavailable);
    let proof = ends.bundle(&gathering, transfers, complete, judged, plan)?;
    let report = verify(&proof.bundle, ends.trust, now).map_err(refused)?;
    if !same_verdicts(&proof.report, &report) {
        return Err(ProveError::SelfCheck);
    }
    let vote_scan = if all { VoteScan::Full } else { VoteScan::None };
    let beyond = beyond.into_iter().collect();
    Ok(Audit { report, vote_scan, bundle: proof.bundle, beyond, unavailable })
}
