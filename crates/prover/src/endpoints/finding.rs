//! What is found of an endpoint.

use crate::rpc::RpcError;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use spanlight::Hash;

/// Something that whoever chose the endpoints should know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// The endpoint is not used any more.
    Aside {
        /// Its name.
        endpoint: String,
        /// Why.
        reason: Reason,
    },
    /// The endpoint answered a call with an error.
    Refused {
        /// Its name.
        endpoint: String,
        /// The method.
        method: String,
        /// The error.
        error: RpcError,
    },
    /// What the endpoint gave left something unproven, and another was asked.
    PassedOver {
        /// Its name.
        endpoint: String,
    },
    /// Two endpoints say different things of one block.
    Disagreement {
        /// Both names.
        endpoints: [String; 2],
        /// The height.
        height: u64,
        /// The header's field.
        field: &'static str,
        /// What each says.
        values: [String; 2],
    },
    /// This machine's clock is behind a chain's verified blocks. The newest of them are left out.
    /// No endpoint's fault.
    ClockBehind {
        /// The chain.
        chain: String,
        /// By so many seconds, at least.
        seconds: u64,
    },
    /// The chain makes no block, by all of its endpoints. No endpoint's fault.
    StandsStill {
        /// The chain.
        chain: String,
        /// Its newest block.
        head: u64,
        /// That block's time, in unix seconds.
        since: u64,
    },
    /// Every endpoint that answers shows what is refused, and the same. None of them is put aside
    /// for it.
    AllSay {
        /// Their names.
        endpoints: Vec<String>,
        /// The code of the check that failed.
        code: &'static str,
    },
    /// The endpoint's newest block is far behind that of another.
    Behind {
        /// Its name.
        endpoint: String,
        /// Its newest block.
        head: u64,
        /// The newest block of all endpoints.
        newest: u64,
    },
}

/// Why an endpoint is put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It does not answer.
    Unanswered(RpcError),
    /// It serves another chain, by its chain id.
    ChainId {
        /// That of the trust.
        expected: u64,
        /// What it says.
        got: u64,
    },
    /// It serves another chain, by the block of the checkpoint.
    Checkpoint {
        /// Height of the checkpoint.
        number: u64,
        /// Hash of the trust's checkpoint.
        expected: Hash,
        /// Hash of the header that it shows.
        got: Hash,
    },
    /// It showed another header than the verified one.
    Unverified {
        /// The height.
        height: u64,
        /// Hash of the verified header.
        expected: Hash,
        /// Hash of the header that it shows.
        got: Hash,
    },
    /// What it answered is false or of no use.
    Refused {
        /// The code of the check that failed.
        code: &'static str,
    },
}

impl Reason {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unanswered(error) => error.code(),
            Self::ChainId { .. } | Self::Checkpoint { .. } => "endpoint.other_chain",
            Self::Unverified { .. } => "endpoint.unverified",
            Self::Refused { code } => code,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unanswered(RpcError::Transport { reason }) => f.write_str(reason),
            Self::Unanswered(error) => error.fmt(f),
            Self::ChainId { expected, got } => {
                write!(f, "it serves another chain: chain id {got}, the trust says {expected}")
            }
            Self::Checkpoint { number, expected, got } => {
                write!(f, "it serves another chain: block {number} is {got}, the trust says {expected}")
            }
            Self::Unverified { height, expected, got } => {
                write!(f, "it shows block {height} as {got}, verified is {expected}")
            }
            Self::Refused { code } => write!(f, "its answer is refused ({code})"),
        }
    }
}

impl Finding {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Aside { .. } => "endpoint.aside",
            Self::Refused { .. } => "endpoint.refused",
            Self::PassedOver { .. } => "endpoint.passed_over",
            Self::Disagreement { .. } => "endpoint.disagreement",
            Self::Behind { .. } => "endpoint.behind",
            Self::ClockBehind { .. } => "clock.behind",
            Self::StandsStill { .. } => "chain.stands_still",
            Self::AllSay { .. } => "endpoint.all_say",
        }
    }

    /// The code of why an endpoint was put aside or of what it answered.
    #[must_use]
    pub const fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Aside { reason, .. } => Some(reason.code()),
            Self::Refused { error, .. } => Some(error.code()),
            Self::AllSay { code, .. } => Some(code),
            _ => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aside { endpoint, reason } => write!(f, "{endpoint} is put aside: {reason}"),
            Self::PassedOver { endpoint } => {
                write!(f, "what {endpoint} gave leaves something unproven; another is asked")
            }
            Self::Refused { endpoint, method, error } => write!(f, "{endpoint}, {method}: {error}"),
            Self::Disagreement { endpoints: [a, b], height, field, values: [of_a, of_b] } => {
                write!(f, "{a} and {b} disagree on {field} of block {height}: {of_a} and {of_b}")
            }
            Self::Behind { endpoint, head, newest } => {
                write!(f, "{endpoint} is behind: its newest block is {head}, another's {newest}")
            }
            Self::StandsStill { chain, head, since } => {
                write!(f, "{chain} stands still, by all of its endpoints: block {head} of second {since} is its newest")
            }
            Self::AllSay { endpoints, code } => write!(
                f,
                "all endpoints show the same ({code}), and none is put aside for it: {}",
                endpoints.join(", ")
            ),
            Self::ClockBehind { chain, seconds } => write!(
                f,
                "this machine's clock seems to be at least {seconds} s behind: the newest blocks of {chain} are left out"
            ),
        }
    }
}
