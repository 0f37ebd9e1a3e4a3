//! JSON-RPC over HTTP and WebSocket at one address: POST or upgrade, at any path, batches included, open to browsers.

use crate::rpc::{Node, RpcError};
use crate::subscriptions::serve_socket;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{DefaultBodyLimit, State, WebSocketUpgrade};
use axum::http::{header, HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::Router;
use serde_json::{json, Value};
use std::sync::Arc;
use std::time::Duration;

/// Longest request that is read, as by a node.
pub(crate) const LONGEST_REQUEST: usize = 1 << 20;
/// Most calls in one batch.
const LARGEST_BATCH: usize = 5_000;
/// Most sockets at a time.
const MOST_SOCKETS: usize = 256;

/// Test chains hold nothing that one origin may see and another may not.
const OPEN_TO_BROWSERS: [(HeaderName, &str); 4] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (header::ACCESS_CONTROL_ALLOW_METHODS, "POST, OPTIONS"),
    (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
    (header::ACCESS_CONTROL_MAX_AGE, "86400"),
];

/// What every connection shares.
#[derive(Clone, Debug)]
struct Shared {
    node: Arc<Node>,
    sockets: Arc<tokio::sync::Semaphore>,
}

/// The routes of a node.
pub(crate) fn router(node: Arc<Node>) -> Router {
    let shared = Shared { node, sockets: Arc::new(tokio::sync::Semaphore::new(MOST_SOCKETS)) };
    Router::new().fallback(answer).layer(DefaultBodyLimit::max(LONGEST_REQUEST)).with_state(shared)
}

async fn answer(
    State(shared): State<Shared>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    method: Method,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if let Ok(upgrade) = upgrade {
        let Ok(place) = shared.sockets.try_acquire_owned() else {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        };
        let upgrade = upgrade.max_message_size(LONGEST_REQUEST).max_frame_size(LONGEST_REQUEST);
        return upgrade.on_upgrade(|socket| async move {
            serve_socket(socket, &shared.node).await;
            drop(place);
        });
    }
    let response = match (method, body) {
        (Method::OPTIONS, _) => StatusCode::NO_CONTENT.into_response(),
        (Method::POST, Err(too_large)) => too_large.into_response(),
        (Method::POST, Ok(body)) => {
            wait_as_asked(&shared.node).await;
            match answer_text(&body, &|method, params| shared.node.call(method, params)) {
                Some(answer) => ([(header::CONTENT_TYPE, "application/json")], answer.to_string()).into_response(),
                None => StatusCode::NO_CONTENT.into_response(),
            }
        }
        _ => (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST, OPTIONS")]).into_response(),
    };
    (OPEN_TO_BROWSERS, response).into_response()
}

/// The node's latency, or a fault that a test asked for: a later answer, or none.
pub(crate) async fn wait_as_asked(node: &Node) {
    let (delay, silent) = {
        let chain = node.chain();
        (chain.faults.delay.max(chain.config().latency), chain.faults.withheld.silent)
    };
    if silent {
        std::future::pending::<()>().await;
    }
    if delay > Duration::ZERO {
        tokio::time::sleep(delay).await;
    }
}

/// How a method is called.
pub(crate) type Call<'c> = &'c dyn Fn(&str, &[Value]) -> Result<Value, RpcError>;

/// None where nothing asks for an answer.
pub(crate) fn answer_text(body: &[u8], call: Call<'_>) -> Option<Value> {
    match serde_json::from_slice(body) {
        Err(_) => Some(failed(&Value::Null, &RpcError::new(RpcError::PARSE, "parse error"))),
        Ok(Value::Array(calls)) if calls.is_empty() || calls.len() > LARGEST_BATCH => {
            let error = format!("a batch holds 1 to {LARGEST_BATCH} calls");
            Some(failed(&Value::Null, &RpcError::new(RpcError::INVALID_REQUEST, error)))
        }
        Ok(Value::Array(calls)) => {
            let answers: Vec<Value> = calls.iter().filter_map(|one| answer_call(one, call)).collect();
            (!answers.is_empty()).then(|| answers.into())
        }
        Ok(one) => answer_call(&one, call),
    }
}

fn answer_call(request: &Value, call: Call<'_>) -> Option<Value> {
    let none = Vec::new();
    let params = match request.get("params") {
        None | Some(Value::Null) => Some(&none),
        Some(params) => params.as_array(),
    };
    let (Some(method), Some(params)) = (request.get("method").and_then(Value::as_str), params) else {
        let id = request.get("id").unwrap_or(&Value::Null);
        return Some(failed(id, &RpcError::new(RpcError::INVALID_REQUEST, "invalid request")));
    };
    let answer = call(method, params);
    let id = request.get("id")?;
    Some(match answer {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(error) => failed(id, &error),
    })
}

fn failed(id: &Value, error: &RpcError) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": error.to_json() })
}
