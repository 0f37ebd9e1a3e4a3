//! Health, metrics and status over HTTP, for machines and for the commands. It only shows; nothing can be told to it.

mod metrics;

use crate::board::{Board, Status};
use axum::extract::State;
use axum::http::{header, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpListener;

pub use metrics::text as metrics_text;

/// Serves the board at an address; gives the address, whose port may have been chosen by the system.
///
/// # Errors
/// Where the address is in use.
pub async fn serve(listen: SocketAddr, board: Board) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/status", get(|State(board): State<Board>| async move { Json(board.status()) }))
        .with_state(board);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "health and metrics are not served any more");
        }
    });
    Ok(address)
}

async fn ready(State(board): State<Board>) -> Response {
    let status = board.status();
    let now = crate::clock::now();
    let unready = status.directions.iter().filter_map(|(name, board)| Some((name, board.unready(now)?)));
    let words: Vec<String> = unready.map(|(name, why)| format!("{name}: {why}")).collect();
    if words.is_empty() && !status.directions.is_empty() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", words.join("\n"))).into_response()
}

async fn metrics(State(board): State<Board>) -> Response {
    match metrics_text(&board.status(), crate::clock::now()) {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// Asks a running operator how it stands.
///
/// # Errors
/// In words, where nothing answers there.
pub fn ask(address: SocketAddr) -> Result<Status, String> {
    let config = ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(5))).proxy(None).build();
    let answer = config.new_agent().get(format!("http://{address}/status")).call();
    let text = answer.and_then(|mut answer| answer.body_mut().read_to_string()).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| format!("what answers is no operator: {error}"))
}

#[cfg(test)]
mod tests;
