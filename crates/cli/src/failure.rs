//! Why a command gave no verdict: what happened, where, and what to do about it.

use crate::show::uncovered;
use spanlight::bundle::BundleError;
use spanlight::uncovered::Unsupported;
use std::fmt::Display;

/// Exit codes of failures without a verdict (verdicts have theirs from the core).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// A file or the standard input cannot be read, or is not what it should be.
    Unreadable,
    /// An endpoint does not answer, or answers something that is no answer.
    Endpoint,
    /// The command was called wrongly.
    Usage,
    /// The code of a verdict.
    Verdict(u8),
}

impl Exit {
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Unreadable => 3,
            Self::Endpoint => 4,
            Self::Usage => 64,
            Self::Verdict(code) => code,
        }
    }
}

/// One failure, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// What happened and where.
    pub(crate) what: String,
    /// The stable code, where the core or the prover gave one.
    pub(crate) code: Option<&'static str>,
    /// What to do.
    pub(crate) hint: Option<String>,
    /// What is not covered, and where, if it is that.
    pub(crate) uncovered: Option<Unsupported>,
}

impl Failure {
    fn new(exit: Exit, what: impl Display) -> Self {
        Self { exit, what: what.to_string(), code: None, hint: None, uncovered: None }
    }

    pub(crate) fn unreadable(what: impl Display) -> Self {
        Self::new(Exit::Unreadable, what)
    }

    pub(crate) fn endpoint(what: impl Display) -> Self {
        Self::new(Exit::Endpoint, what)
    }

    pub(crate) fn usage(what: impl Display) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// Something was judged, and there is nothing more to show than this.
    pub(crate) fn verdict(code: u8, what: impl Display) -> Self {
        Self::new(Exit::Verdict(code), what)
    }

    #[must_use]
    pub(crate) const fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// By the code of what is not covered, with its next step.
    #[must_use]
    pub(crate) fn uncovered(self, what: &Unsupported) -> Self {
        let told = self.code(what.what.code()).hint(uncovered::words(what.what).1);
        Self { uncovered: Some(what.clone()), ..told }
    }

    /// A bundle that cannot even be read.
    pub(crate) fn bundle(file: &str, error: &BundleError) -> Self {
        let hint = match error {
            BundleError::Magic => "a bundle is a file written by `spanlight prove --out FILE`, or its JSON form",
            BundleError::Version { .. } => "use the release of spanlight that wrote the bundle",
            BundleError::TooLarge { .. } => "ask the prover for a bundle that starts from a nearer checkpoint",
            _ => "the file is cut off or was changed: fetch it again from whoever made it",
        };
        Self::unreadable(format!("{file}: {error}")).code(error.code()).hint(hint)
    }
}
