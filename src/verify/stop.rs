//! Why a claim is not proven: the four other verdicts, as the error of every judging function.

use crate::error::Error;
use crate::verdict::{Missing, NotReached, Verdict};

/// What stopped the judging of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The trust given does not reach.
    NotYetTrusted(NotReached),
    /// A proof is not there.
    Incomplete(Missing),
    /// A rule or form that is not covered.
    Unsupported(&'static str),
    /// Something supplied is false or malformed.
    Invalid(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        let error = error.into();
        match error.unsupported() {
            Some(what) => Self::Unsupported(what),
            None => Self::Invalid(error),
        }
    }
}

impl From<Stop> for Verdict {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::NotYetTrusted(reason) => Self::NotYetTrusted(reason),
            Stop::Incomplete(missing) => Self::Incomplete { missing },
            Stop::Unsupported(what) => Self::Unsupported(what),
            Stop::Invalid(error) => Self::Invalid(error),
        }
    }
}
