//! A recording behind HTTP: JSON-RPC 2.0 by POST at any path, batches included, open to browsers of every origin.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{header, HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::Router;
use serde_json::{json, Value};
use spanlight_prover::{Replay, RpcError, Transport};
use std::sync::{Arc, Mutex, PoisonError};

/// Longest request that is read.
const LONGEST_REQUEST: usize = 1 << 20;
/// Most calls in one batch.
const LARGEST_BATCH: usize = 1000;
const PARSE_ERROR: i64 = -32_700;
const INVALID_REQUEST: i64 = -32_600;

/// A recording holds nothing that one origin may see and another may not.
const OPEN_TO_BROWSERS: [(HeaderName, &str); 4] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (header::ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS"),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
    (header::ACCESS_CONTROL_MAX_AGE, "86400"),
];

/// A recording counts its calls, so it is used by one at a time.
type Shared = Arc<Mutex<Replay>>;

/// Answers from `replay`.
pub(crate) fn router(replay: Replay) -> Router {
    let shared: Shared = Arc::new(Mutex::new(replay));
    Router::new().fallback(answer).layer(DefaultBodyLimit::max(LONGEST_REQUEST)).with_state(shared)
}

async fn answer(State(replay): State<Shared>, method: Method, body: Result<Bytes, BytesRejection>) -> Response {
    let response = match (method, body) {
        (Method::OPTIONS, _) => StatusCode::NO_CONTENT.into_response(),
        (Method::POST, Err(too_large)) => too_large.into_response(),
        (Method::POST, Ok(body)) => {
            let replay = replay.lock().unwrap_or_else(PoisonError::into_inner);
            match answer_body(&replay, &body) {
                Some(answer) => ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response(),
                None => StatusCode::NO_CONTENT.into_response(),
            }
        }
        _ => (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST, OPTIONS")]).into_response(),
    };
    (OPEN_TO_BROWSERS, response).into_response()
}

/// None where nothing asks for an answer.
fn answer_body(replay: &Replay, body: &[u8]) -> Option<Value> {
    match serde_json::from_slice(body) {
        Err(_) => Some(error(&Value::Null, PARSE_ERROR, "parse error")),
        Ok(Value::Array(calls)) if calls.is_empty() || calls.len() > LARGEST_BATCH => {
            Some(error(&Value::Null, INVALID_REQUEST, &format!("a batch holds 1 to {LARGEST_BATCH} calls")))
        }
        Ok(Value::Array(calls)) => {
            let answers: Vec<Value> = calls.iter().filter_map(|call| answer_call(replay, call)).collect();
            (!answers.is_empty()).then(|| answers.into())
        }
        Ok(call) => answer_call(replay, &call),
    }
}

fn answer_call(replay: &Replay, call: &Value) -> Option<Value> {
    let Some(method) = call.get("method").and_then(Value::as_str) else {
        return Some(error(call.get("id").unwrap_or(&Value::Null), INVALID_REQUEST, "invalid request"));
    };
    let id = call.get("id")?;
    let params = call.get("params").cloned().unwrap_or_else(|| json!([]));
    Some(match pollster::block_on(replay.call(method, params)) {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(RpcError::Node { code, message }) => error(id, code, &message),
        Err(other) => error(id, -32_000, &other.to_string()),
    })
}

fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}
