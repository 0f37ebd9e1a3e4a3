//! Judging a range of nonces on chains that are kept followed: headers are verified once, not once for each transfer.

use crate::error::ProveError;
use crate::progress::Progress;
use crate::prove::{gather_all, range_of, Ends, ProveOptions};
use crate::rpc::Transport;
use spanlight::verify::Report;
use spanlight::ProofBundle;
use std::collections::BTreeSet;

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

/// What an audit found.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Verdicts on each nonce of the range, and on each that got votes without a request.
    pub report: Report,
    /// Whether votes were looked for everywhere.
    pub vote_scan: VoteScan,
    /// All the evidence, for anybody else to verify.
    pub bundle: ProofBundle,
}

/// Judges every transfer from `first` to `last` inclusive, and every vote for a nonce that was not requested.
///
/// # Errors
/// Those of the endpoints, and where the range runs backwards.
pub async fn audit<T: Transport>(
    ends: &Ends<'_, '_, T>,
    (first, last): (u64, u64),
    options: ProveOptions,
    progress: &dyn Progress,
) -> Result<Audit, ProveError> {
    let (now, plan) = (options.now, options.headers);
    let mut gathering = ends.gathering(options)?;
    let mut nonces: BTreeSet<u64> = range_of(&mut gathering, first, last).await?;
    let requested = gathering.request_count().await?;
    let (voted, all) = gathering.voted_nonces(requested).await?;
    nonces.extend(voted);
    let transfers = gather_all(&mut gathering, &nonces, progress).await?;
    let complete = Some((first, last));
    let judged = ends.judge(&gathering, &transfers, complete, now)?;
    let proof = ends.bundle(&gathering, transfers, complete, judged, plan)?;
    let vote_scan = if all { VoteScan::Full } else { VoteScan::None };
    Ok(Audit { report: proof.report, vote_scan, bundle: proof.bundle })
}
