//! JSON-RPC calls that are let through: one or a batch, of methods that only read.

use axum::http::{header, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use spanlight_prover::node::METHODS;
use std::fmt;

/// Most calls in one batch.
pub(super) const LARGEST_BATCH: u32 = 100;

/// One call. Members besides these are dropped.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Call {
    jsonrpc: Version,
    id: Id,
    method: String,
    #[serde(default)]
    params: Vec<Value>,
}

#[derive(Debug, Deserialize, Serialize)]
enum Version {
    #[serde(rename = "2.0")]
    Two,
}

/// Not null, and not left out: such a call would have no answer.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Id {
    Number(u64),
    Text(String),
}

/// What was read of a request's body. Shown, it is what is sent on.
#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(super) enum Calls {
    Batch(Vec<Call>),
    One(Call),
}

/// Why a body is not sent on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    NoCall,
    Batch,
    Method,
}

impl Calls {
    pub(super) fn read(body: &[u8]) -> Result<Self, Unfit> {
        let calls: Self = serde_json::from_slice(body).map_err(|_| Unfit::NoCall)?;
        if !(1..=LARGEST_BATCH).contains(&calls.count()) {
            return Err(Unfit::Batch);
        }
        if calls.list().iter().any(|call| !METHODS.contains(&call.method.as_str())) {
            return Err(Unfit::Method);
        }
        Ok(calls)
    }

    fn list(&self) -> &[Call] {
        match self {
            Self::Batch(calls) => calls,
            Self::One(call) => std::slice::from_ref(call),
        }
    }

    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.list().len()).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl IntoResponse for Unfit {
    fn into_response(self) -> Response {
        let (code, message) = match self {
            Self::NoCall => (-32_600, "no JSON-RPC 2.0 call with an id and a list of params".to_owned()),
            Self::Batch => (-32_600, format!("a batch holds 1 to {LARGEST_BATCH} calls")),
            Self::Method => (-32_601, format!("this proxy lets through: {}", METHODS.join(", "))),
        };
        let answer = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code, "message": message } });
        (StatusCode::BAD_REQUEST, [(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<String, Unfit> {
        Calls::read(body.as_bytes()).map(|calls| calls.to_string())
    }

    #[test]
    fn what_is_sent_on_is_what_was_checked() {
        let call = r#"{"jsonrpc":"2.0","id":7,"method":"kaia_blockNumber","params":[]}"#;
        assert_eq!(read(call).as_deref(), Ok(call));
        assert_eq!(read(&format!("[{call},{call}]")), Ok(format!("[{call},{call}]")));
        let more = r#" {"id":7, "other":{"method":"x"}, "method":"kaia_blockNumber", "jsonrpc":"2.0"} "#;
        assert_eq!(read(more).as_deref(), Ok(call));
    }

    #[test]
    fn other_methods_do_not_pass_alone_or_in_a_batch_or_written_twice() {
        let good = r#"{"jsonrpc":"2.0","id":1,"method":"kaia_blockNumber","params":[]}"#;
        for method in ["kaia_sendRawTransaction", "personal_unlockAccount", "kaia_blockNumber ", "KAIA_BLOCKNUMBER", ""]
        {
            let bad = good.replace("kaia_blockNumber", method);
            assert_eq!(read(&bad), Err(Unfit::Method), "{method}");
            assert_eq!(read(&format!("[{good},{bad}]")), Err(Unfit::Method), "{method}");
        }
        let twice = r#"{"jsonrpc":"2.0","id":1,"method":"kaia_blockNumber","method":"admin_stopRPC","params":[]}"#;
        assert_eq!(read(twice), Err(Unfit::NoCall));
    }

    #[test]
    fn what_is_no_call_does_not_pass() {
        let call = r#"{"jsonrpc":"2.0","id":1,"method":"kaia_blockNumber","params":[]}"#;
        for (part, other) in [
            (r#""id":1,"#, ""),
            ("1,", "null,"),
            ("1,", "{},"),
            ("2.0", "1.0"),
            ("[]", "{}"),
            ("}", "}x"),
            (r#""method":"kaia_blockNumber","#, ""),
        ] {
            assert_eq!(read(&call.replacen(part, other, 1)), Err(Unfit::NoCall), "{part} {other}");
        }
        assert_eq!(read(""), Err(Unfit::NoCall));
        assert_eq!(read("[]"), Err(Unfit::Batch));
        assert_eq!(read(&format!("[{}]", vec![call; 101].join(","))), Err(Unfit::Batch));
        assert!(read(&format!("[{}]", vec![call; 100].join(","))).is_ok());
        assert_eq!(read(&"[".repeat(100_000)), Err(Unfit::NoCall));
    }
}
