//! What came back, and what a JSON-RPC 2.0 answer says.

use super::retry::Fault;
use super::Answer;
use crate::rpc::RpcError;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use serde_json::Value;

/// Longest message of a node that is kept.
const LONGEST_MESSAGE: usize = 300;
/// Longest part of a text that is shown where it is no message, as a page of HTML.
const LONGEST_TEXT: usize = 120;
/// Members in which gateways put their words where they answer without JSON-RPC.
const WORDS: [&str; 4] = ["message", "error", "detail", "title"];
/// "Limit exceeded", used for rates and, by some, for sizes.
const LIMIT_EXCEEDED: i64 = -32_005;

/// The JSON that came. Nodes tell errors with any status; what is no JSON-RPC is told by its status
/// and its words.
pub(super) fn json_of(answer: Answer) -> Result<Value, Fault> {
    let Answer { status, wait, body } = answer;
    let text = body.trim_start_matches('\u{feff}').trim();
    let json = serde_json::from_str::<Value>(text).ok();
    let is_success = (200..300).contains(&status);
    let told = || {
        let words = words_of(json.as_ref(), text);
        format!("HTTP status {status}{}{words}", if words.is_empty() { "" } else { ": " })
    };
    if matches!(status, 408 | 429) || status >= 500 {
        return Err(Fault::Passing { reason: told(), wait });
    }
    match json {
        Some(answer) if is_success => Ok(answer),
        Some(answer) if is_json_rpc(&answer) => Ok(with_status(answer, status)),
        None if is_success && text.starts_with(['[', '{']) => {
            Err(Fault::passing("the answer is no JSON: it is cut off, or garbled".to_owned()))
        }
        None if is_success => Err(Fault::Unfit(format!("the answer is no JSON: {}", words_of(None, text)))),
        _ => Err(Fault::Unanswered(told())),
    }
}

fn is_json_rpc(answer: &Value) -> bool {
    answer.is_array() || answer.get("jsonrpc").is_some() || answer.get("result").is_some()
}

/// The HTTP status goes before a node's own words, which seldom tell it.
fn with_status(mut answer: Value, status: u16) -> Value {
    if let Some(message) = answer.get_mut("error").and_then(|error| error.get_mut("message")) {
        let told = format!("HTTP status {status}: {}", message.as_str().unwrap_or_default());
        *message = Value::String(told);
    }
    answer
}

/// What a body that is no JSON-RPC says, for people.
fn words_of(json: Option<&Value>, text: &str) -> String {
    let member = |value: &Value| WORDS.iter().find_map(|name| value.get(name).cloned());
    let said = json.and_then(member);
    let said = match said {
        Some(Value::String(words)) => Some(words),
        Some(inner) => member(&inner).and_then(|words| words.as_str().map(ToOwned::to_owned)),
        None => None,
    };
    said.map_or_else(|| clean(text).chars().take(LONGEST_TEXT).collect(), |words| clean(&words))
}

/// The result of a call that was sent with id 0.
pub(super) fn read_single(answer: &Value) -> Result<Value, Fault> {
    if let Some(error) = error_of(answer) {
        return Err(error);
    }
    if id_of(answer) != Some(0) {
        return Err(Fault::Unfit("the answer is to another call".to_owned()));
    }
    answer.get("result").cloned().ok_or_else(|| Fault::Unfit("the answer is no JSON-RPC answer".to_owned()))
}

/// The results of a batch whose calls have the ids from 0, in that order whatever the answer's is.
pub(super) fn read_batch(answer: &Value, calls: usize) -> Result<Vec<Value>, Fault> {
    let unfit = || Fault::Unfit("the answer does not fit the batch".to_owned());
    let answers = match answer.as_array() {
        Some(answers) => answers,
        None => return Err(error_of(answer).unwrap_or_else(unfit)),
    };
    // A refusal of the whole batch may come as a list of one.
    if let Some(error) = answers.iter().find_map(error_of) {
        return Err(error);
    }
    let mut results = vec![None; calls];
    for answer in answers {
        let place = id_of(answer).and_then(|id| results.get_mut(id)).ok_or_else(unfit)?;
        if place.replace(answer.get("result").cloned().ok_or_else(unfit)?).is_some() {
            return Err(unfit());
        }
    }
    results.into_iter().collect::<Option<_>>().ok_or_else(unfit)
}

/// What was said to each call of a batch whose calls have the ids from 0, in that order whatever
/// the answer's is. A refusal that names no call is one of the whole batch.
pub(super) fn read_each(answer: &Value, calls: usize) -> Result<Vec<Result<Value, RpcError>>, Fault> {
    let unfit = || Fault::Unfit("the answer does not fit the batch".to_owned());
    let Some(answers) = answer.as_array() else { return Err(error_of(answer).unwrap_or_else(unfit)) };
    let mut all = vec![None; calls];
    for answer in answers {
        let said = match (error_of(answer), answer.get("result")) {
            (Some(Fault::Final(error)), _) => Err(error),
            (Some(fault), _) => return Err(fault),
            (None, Some(result)) => Ok(result.clone()),
            (None, None) => return Err(unfit()),
        };
        let Some(place) = id_of(answer) else { return Err(said.err().map_or_else(unfit, Fault::Final)) };
        if all.get_mut(place).ok_or_else(unfit)?.replace(said).is_some() {
            return Err(unfit());
        }
    }
    all.into_iter().collect::<Option<_>>().ok_or_else(unfit)
}

/// Some gateways turn the number of a call into text.
fn id_of(answer: &Value) -> Option<usize> {
    let id = answer.get("id")?;
    match id.as_str() {
        Some(text) => text.parse().ok(),
        None => id.as_u64().and_then(|id| usize::try_from(id).ok()),
    }
}

fn error_of(answer: &Value) -> Option<Fault> {
    let error = answer.get("error").filter(|error| !error.is_null())?;
    let code = error.get("code").and_then(Value::as_i64).unwrap_or_default();
    let message = error.get("message").unwrap_or(error).as_str();
    let mut message = clean(message.unwrap_or("no message"));
    if let Some(bytes) = reverted_with(error).filter(|_| message.ends_with("reverted")) {
        message = format!("{message} ({bytes})");
    }
    let lower = message.to_ascii_lowercase();
    let is_rate = lower.contains("rate limit") || lower.contains("too many requests");
    if code == 429 || (code == LIMIT_EXCEEDED && is_rate) {
        return Some(Fault::passing(format!("error {code}: {message}")));
    }
    Some(Fault::Final(RpcError::Node { code, message }))
}

/// Bytes that a contract reverted with, of which the message of the node says nothing: a custom
/// error.
fn reverted_with(error: &Value) -> Option<&str> {
    const SELECTOR: usize = "0x12345678".len();
    let bytes = error.get("data")?.as_str()?.get(..SELECTOR)?;
    let digits = bytes.strip_prefix("0x")?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(bytes)
}

/// An endpoint's words, short and without anything that could drive a terminal.
#[must_use]
pub fn clean(text: &str) -> String {
    text.chars().take(LONGEST_MESSAGE).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
