//! Why a claim is not proven: the four other verdicts, as the error of every judging function.

use crate::consensus::ConsensusError;
use crate::error::Error;
use crate::uncovered::{Uncovered, Unsupported};
use crate::verdict::{Missing, NotReached, Verdict};
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::sync::Arc;

/// What stopped the judging of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The trust given does not reach.
    NotYetTrusted(Arc<NotReached>),
    /// A proof is not there.
    Incomplete(Arc<Missing>),
    /// A rule or form that is not covered.
    Unsupported(Arc<Unsupported>),
    /// Something supplied is false or malformed.
    Invalid(Error),
}

impl Stop {
    /// The trust given does not reach.
    #[cold]
    #[must_use]
    pub fn not_yet_trusted(reason: NotReached) -> Self {
        Self::NotYetTrusted(Arc::new(reason))
    }

    /// A proof is not there.
    #[cold]
    #[must_use]
    pub fn incomplete(missing: Missing) -> Self {
        Self::Incomplete(Arc::new(missing))
    }

    /// A rule or form that is not covered, of no one block.
    #[cold]
    #[must_use]
    pub fn uncovered(what: Uncovered) -> Self {
        Self::Unsupported(Arc::new(what.into()))
    }

    /// The same, with the chain on which something uncovered was met, or up to which trust does not
    /// reach.
    #[must_use]
    pub(crate) fn on_chain(self, name: &str) -> Self {
        match self {
            Self::NotYetTrusted(mut reason) => {
                if let NotReached::TrustExpired { chain, .. } | NotReached::Clock { chain, .. } =
                    Arc::make_mut(&mut reason)
                {
                    name.clone_into(chain);
                }
                Self::NotYetTrusted(reason)
            }
            Self::Unsupported(mut unsupported) if unsupported.chain.is_none() => {
                Arc::make_mut(&mut unsupported).chain = Some(name.into());
                Self::Unsupported(unsupported)
            }
            other => other,
        }
    }

    #[cold]
    #[inline(never)]
    fn refused(error: Error) -> Self {
        if let Some(unsupported) = error.unsupported() {
            return Self::Unsupported(Arc::new(unsupported));
        }
        match not_reached(&error) {
            Some(reason) => Self::not_yet_trusted(reason),
            None => Self::Invalid(error),
        }
    }
}

/// Errors of the light client that mean "does not reach" are no accusations, whichever way they
/// come.
fn not_reached(error: &Error) -> Option<NotReached> {
    let Error::Consensus(error) = error else { return None };
    match **error {
        ConsensusError::TrustingPeriodOver { head_time, now, period } => {
            let have = now.saturating_sub(head_time);
            Some(NotReached::TrustExpired { chain: String::new(), have, need: period })
        }
        ConsensusError::AheadOfClock { now, time } => {
            Some(NotReached::Clock { chain: String::new(), have: now, need: time })
        }
        _ => None,
    }
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::refused(error.into())
    }
}

impl From<Stop> for Verdict {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::NotYetTrusted(reason) => Self::NotYetTrusted(Arc::unwrap_or_clone(reason)),
            Stop::Incomplete(missing) => Self::Incomplete { missing: Arc::unwrap_or_clone(missing) },
            Stop::Unsupported(unsupported) => Self::Unsupported(Arc::unwrap_or_clone(unsupported)),
            Stop::Invalid(error) => Self::Invalid(error),
        }
    }
}
