//! One error for callers who do not care which module refused; each module has its own enum behind it.

use crate::rlp::RlpError;

/// Any refusal of the core. [`Error::code`] is the same on every surface.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Malformed RLP.
    #[error(transparent)]
    Rlp(#[from] RlpError),
}

impl Error {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rlp(e) => e.code(),
        }
    }
}
