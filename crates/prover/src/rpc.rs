//! How the prover reaches a node: one method, so that HTTP, a browser's fetch and a recording are equals.

use serde_json::Value;

/// One JSON-RPC endpoint.
#[allow(async_fn_in_trait)] // Callers are generic over it and run on one thread each, as a browser does.
pub trait Transport {
    /// Calls `method` with positional `params` and gives the `result` member.
    ///
    /// # Errors
    /// [`RpcError::Transport`] where no answer came, [`RpcError::Node`] where the node answered with an error.
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError>;
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
}

impl RpcError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Transport { .. } => "rpc.transport",
            Self::Node { .. } => "rpc.node",
            Self::Answer { .. } => "rpc.answer",
        }
    }
}
