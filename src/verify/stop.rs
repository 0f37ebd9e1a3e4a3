//! Why a claim is not proven: the four other verdicts, as the error of every judging function.

use crate::error::Error;
use crate::uncovered::{Uncovered, Unsupported};
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

    /// The same, with the chain on which something uncovered was met.
    #[must_use]
    pub(crate) fn on_chain(self, name: &str) -> Self {
        match self {
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
        match error.unsupported() {
            Some(unsupported) => Self::Unsupported(Arc::new(unsupported)),
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
            Stop::Unsupported(unsupported) => Self::Unsupported(Arc::unwrap_or_clone(unsupported)),
            Stop::Invalid(error) => Self::Invalid(error),
        }
    }
}
