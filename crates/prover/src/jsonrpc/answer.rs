//! What a JSON-RPC 2.0 answer says.

use super::retry::Fault;
use crate::rpc::RpcError;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use serde_json::Value;

/// Longest message of a node that is kept.
const LONGEST_MESSAGE: usize = 300;
/// "Limit exceeded", used for rates and, by some, for sizes.
const LIMIT_EXCEEDED: i64 = -32_005;

/// The result of a call that was sent with id 0.
pub(super) fn read_single(answer: &Value) -> Result<Value, Fault> {
    if let Some(error) = error_of(answer) {
        return Err(error);
    }
    if answer.get("id").and_then(Value::as_u64) != Some(0) {
        return Err(Fault::passing("the answer is to another call".to_owned()));
    }
    answer.get("result").cloned().ok_or_else(|| Fault::passing("the answer is no JSON-RPC answer".to_owned()))
}

/// The results of a batch whose calls have the ids from 0, in that order whatever the answer's is.
pub(super) fn read_batch(answer: &Value, calls: usize) -> Result<Vec<Value>, Fault> {
    if let Some(error) = error_of(answer) {
        return Err(error);
    }
    let unfit = || Fault::passing("the answer does not fit the batch".to_owned());
    let answers = answer.as_array().filter(|answers| answers.len() == calls).ok_or_else(unfit)?;
    let mut results = vec![None; calls];
    for answer in answers {
        if let Some(error) = error_of(answer) {
            return Err(error);
        }
        let id = answer.get("id").and_then(Value::as_u64).and_then(|id| usize::try_from(id).ok());
        let place = id.and_then(|id| results.get_mut(id)).ok_or_else(unfit)?;
        if place.replace(answer.get("result").cloned().ok_or_else(unfit)?).is_some() {
            return Err(unfit());
        }
    }
    results.into_iter().collect::<Option<_>>().ok_or_else(unfit)
}

fn error_of(answer: &Value) -> Option<Fault> {
    let error = answer.get("error").filter(|error| !error.is_null())?;
    let code = error.get("code").and_then(Value::as_i64).unwrap_or_default();
    let message = clean(error.get("message").and_then(Value::as_str).unwrap_or("no message"));
    let lower = message.to_ascii_lowercase();
    let is_rate = lower.contains("rate limit") || lower.contains("too many requests");
    if code == 429 || (code == LIMIT_EXCEEDED && is_rate) {
        return Some(Fault::passing(format!("error {code}: {message}")));
    }
    Some(Fault::Final(RpcError::Node { code, message }))
}

/// An endpoint's words, short and without anything that could drive a terminal.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars().take(LONGEST_MESSAGE).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
