//! Errors of JSON-RPC, with the codes and words that clients look for.

use crate::chain::SendError;
use crate::error::DevnetError;
use crate::state::StateFault;
use serde_json::{json, Value};
use spanlight::primitives::encode_hex;

/// An error object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// Its code.
    pub code: i64,
    /// Its words.
    pub message: String,
    /// What a contract reverted with.
    pub data: Option<String>,
}

impl RpcError {
    /// The bytes are no JSON.
    pub const PARSE: i64 = -32_700;
    /// The JSON is no request.
    pub const INVALID_REQUEST: i64 = -32_600;
    /// No such method.
    pub const NO_METHOD: i64 = -32_601;
    /// The parameters do not fit the method.
    pub const INVALID_PARAMS: i64 = -32_602;
    /// Asked for more than is given at once.
    pub const LIMIT: i64 = -32_005;
    /// Anything else.
    pub const SERVER: i64 = -32_000;
    const REVERTED: i64 = 3;

    /// An error without data.
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    /// The parameter at `index` is not what the method takes.
    #[must_use]
    pub fn parameter(index: usize, what: &str) -> Self {
        Self::new(Self::INVALID_PARAMS, format!("invalid argument {index}: {what}"))
    }

    /// Anything that a node answers with its general code.
    pub fn server(message: impl Into<String>) -> Self {
        Self::new(Self::SERVER, message)
    }

    /// A call reverted with these bytes.
    #[must_use]
    pub fn reverted(output: &[u8]) -> Self {
        let reason = reason(output).map(|reason| format!(": {reason}")).unwrap_or_default();
        let message = format!("execution reverted{reason}");
        Self { code: Self::REVERTED, message, data: Some(encode_hex(output)) }
    }

    /// The object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match &self.data {
            Some(data) => json!({ "code": self.code, "message": self.message, "data": data }),
            None => json!({ "code": self.code, "message": self.message }),
        }
    }
}

/// The text of `Error(string)`.
fn reason(output: &[u8]) -> Option<String> {
    const ERROR: [u8; 4] = [0x08, 0xc3, 0x79, 0xa0];
    let arguments = output.strip_prefix(&ERROR)?;
    let word = |at: usize| {
        let bytes = arguments.get(at..at.checked_add(32)?)?;
        let (zeros, low) = bytes.split_at_checked(24)?;
        let small = zeros.iter().all(|byte| *byte == 0);
        small.then(|| low.iter().fold(0u64, |number, byte| (number << 8) | u64::from(*byte)))
    };
    let offset = usize::try_from(word(0)?).ok()?;
    let length = usize::try_from(word(offset)?).ok()?;
    let start = offset.checked_add(32)?;
    let text = arguments.get(start..start.checked_add(length)?)?;
    Some(String::from_utf8_lossy(text).into_owned())
}

impl From<StateFault> for RpcError {
    fn from(fault: StateFault) -> Self {
        Self::server(fault.to_string())
    }
}

impl From<SendError> for RpcError {
    fn from(error: SendError) -> Self {
        Self::server(error.to_string())
    }
}

impl From<DevnetError> for RpcError {
    fn from(error: DevnetError) -> Self {
        Self::server(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_reason_of_a_revert_and_nothing_of_other_bytes() {
        let mut output = vec![0x08, 0xc3, 0x79, 0xa0];
        output.extend([&[0u8; 31][..], &[32], &[0; 31], &[3], b"why", &[0; 29]].concat());
        assert_eq!(RpcError::reverted(&output).message, "execution reverted: why");
        for length in 0..output.len() {
            let cut = RpcError::reverted(&output[..length]).message;
            assert!(cut == "execution reverted" || length >= 71, "{length}: {cut}");
        }
        assert_eq!(RpcError::reverted(&[0xff; 100]).message, "execution reverted");
    }
}
