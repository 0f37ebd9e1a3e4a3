//! How the prover reaches a node: one method, so that HTTP, a browser's fetch and a recording are equals.

use alloc::string::String;
use alloc::vec::Vec;
use serde_json::Value;
use spanlight::Address;

/// One JSON-RPC endpoint.
#[allow(async_fn_in_trait)] // Callers are generic over it and run on one thread each, as a browser does.
pub trait Transport {
    /// Calls `method` with positional `params` and gives the `result` member.
    ///
    /// # Errors
    /// [`RpcError::Transport`] where no answer came, [`RpcError::Node`] where the node answered with an error.
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError>;

    /// Calls `method` once for each of `params` and gives the results in the same order, or the first error and nothing
    /// else. A transport that can ask for many things at once does.
    ///
    /// # Errors
    /// As [`Self::call`].
    async fn call_all(&self, method: &str, params: Vec<Value>) -> Result<Vec<Value>, RpcError> {
        let mut results = Vec::with_capacity(params.len());
        for params in params {
            results.push(self.call(method, params).await?);
        }
        Ok(results)
    }

    /// Calls `method` once for each of `params` and gives what the node said to each, in the same
    /// order: what it refuses of one keeps no other back. A transport that can ask for many things
    /// at once does.
    ///
    /// # Errors
    /// Where no answer came. The node may have done some of it.
    async fn call_each(&self, method: &str, params: Vec<Value>) -> Result<Vec<Result<Value, RpcError>>, RpcError> {
        let mut answers = Vec::with_capacity(params.len());
        for params in params {
            match self.call(method, params).await {
                Err(error) if !error.is_refusal() => return Err(error),
                answer => answers.push(answer),
            }
        }
        Ok(answers)
    }
}

/// Why a call gave nothing to use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RpcError {
    /// No answer: connection, timeout, or no JSON.
    #[error("no answer from the endpoint: {reason}")]
    Transport {
        /// In the transport's words.
        reason: String,
    },
    /// The node answered with an error.
    #[error("the node answered with error {code}: {message}")]
    Node {
        /// JSON-RPC error code.
        code: i64,
        /// In the node's words.
        message: String,
    },
    /// The node's answer is not of the form asked for.
    #[error("{method}: answer without a usable {field}")]
    Answer {
        /// The method called.
        method: &'static str,
        /// The field that is absent, malformed or contradicts a verified header.
        field: &'static str,
    },
    /// The node has not kept the state of this height.
    #[error("state of block {height} on {chain} is pruned there: add an archive endpoint, which keeps all states")]
    Pruned {
        /// The chain.
        chain: String,
        /// The height.
        height: u64,
    },
    /// The node says that there is no such account at this height. It proves nothing: nodes refuse
    /// to prove that an account is absent.
    #[error("there is no account {account} at block {height}: nothing was sent to it, and no contract made there, up to then")]
    NoAccount {
        /// The account.
        account: Address,
        /// The height.
        height: u64,
    },
    /// Every endpoint was put aside, not all of them for want of an answer.
    #[error("no endpoint is left: {reasons}")]
    NoneLeft {
        /// Each endpoint's name and reason.
        reasons: String,
    },
    /// Whoever asked has cancelled.
    #[error("cancelled")]
    Cancelled,
}

/// What nodes say when they have not kept a state; there is no code for it.
const PRUNED_WORDS: [&str; 7] = [
    "missing trie node",
    "historical state",
    "state is not available",
    "state not available",
    "state does not exist",
    "state histories",
    "pruned",
];

/// What nodes say of an account that does not exist.
const NO_ACCOUNT_WORDS: &str = "there is no account corresponding to the given address";

impl RpcError {
    /// Whether the node answered, and does not give this: asking it for something else may go well.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Node { .. } | Self::Pruned { .. } | Self::NoAccount { .. })
    }

    /// Whether the node says that it has not kept a state.
    #[must_use]
    pub fn is_pruned(&self) -> bool {
        match self {
            Self::Pruned { .. } => true,
            Self::Node { message, .. } => {
                let message = message.to_ascii_lowercase();
                PRUNED_WORDS.iter().any(|words| message.contains(words))
            }
            _ => false,
        }
    }

    /// Whether the node says that it cannot prove an account, since it does not exist.
    #[must_use]
    pub fn is_no_account(&self) -> bool {
        match self {
            Self::NoAccount { .. } => true,
            Self::Node { message, .. } => message.contains(NO_ACCOUNT_WORDS),
            _ => false,
        }
    }

    /// The same error of a proof of `account`, named [`Self::Pruned`] or [`Self::NoAccount`] where
    /// it is that.
    #[must_use]
    pub(crate) fn about(self, (chain, account): (&str, Address), height: u64) -> Self {
        if self.is_no_account() {
            Self::NoAccount { account, height }
        } else if self.is_pruned() {
            Self::Pruned { chain: chain.into(), height }
        } else {
            self
        }
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Transport { .. } => "rpc.transport",
            Self::Node { .. } => "rpc.node",
            Self::Answer { .. } => "rpc.answer",
            Self::Pruned { .. } => "rpc.pruned",
            Self::NoAccount { .. } => "rpc.no_account",
            Self::NoneLeft { .. } => "rpc.none_left",
            Self::Cancelled => "rpc.cancelled",
        }
    }
}
