//! Why a claim is not proven: the four other verdicts, as the error of every judging function.

use crate::error::Error;
use crate::verdict::{Missing, NotReached, Verdict};
use alloc::sync::Arc;

/// What stopped the judging of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The trust given does not reach.
    NotYetTrusted(Arc<NotReached>),
    /// A proof is not there.
    Incomplete(Arc<Missing>),
    /// A rule or form that is not covered.
    Unsupported(&'static str),
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

    #[cold]
    #[inline(never)]
    fn refused(error: Error) -> Self {
        match error.unsupported() {
            Some(what) => Self::Unsupported(what),
            None => Self::Invalid(error),
        }
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
            Stop::Unsupported(what) => Self::Unsupported(what),
            Stop::Invalid(error) => Self::Invalid(error),
        }
    }
}
