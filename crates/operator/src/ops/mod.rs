//! Health, metrics and status over HTTP, for machines and for the commands. It only shows; nothing can be told to it.

mod metrics;

use crate::board::{Board, Status};
use crate::door::{Door, Most, Seldom};
use axum::extract::State;
use axum::http::{header, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

pub use metrics::text as metrics_text;

/// Connections at a time. Machines that watch an operator need a handful.
const MOST: Most = Most { in_all: 64, of_one: 32 };
/// For a request to arrive; an idle connection is closed as soon.
const PATIENCE: Duration = Duration::from_secs(5);
/// After which a connection is closed, whatever it does.
const LONGEST: Duration = Duration::from_secs(60);
/// Bytes of a request's head.
const MOST_HEAD: usize = 1 << 14;
/// What costs something is made anew after this time, however often it is asked for.
const FRESH: Duration = Duration::from_millis(100);

/// What the handlers share.
#[derive(Clone, Debug)]
struct Shown {
    board: Board,
    metrics: Arc<Mutex<Option<Made>>>,
    status: Arc<Mutex<Option<Made>>>,
}

/// A page as it was made, and when.
type Made = (Instant, Arc<str>);

/// The page that `last` holds, or a new one where that is old.
fn fresh<E>(last: &Mutex<Option<Made>>, make: impl FnOnce() -> Result<String, E>) -> Result<Arc<str>, E> {
    let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, page)) = last.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
        return Ok(Arc::clone(page));
    }
    let page: Arc<str> = make()?.into();
    *last = Some((Instant::now(), Arc::clone(&page)));
    Ok(page)
}

/// Serves the board at an address; gives the address, whose port may have been chosen by the system.
///
/// # Errors
/// Where the address is in use.
pub async fn serve(listen: SocketAddr, board: Board) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    let shown = Shown { board: board.clone(), metrics: Arc::default(), status: Arc::default() };
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/status", get(status))
        .with_state(shown);
    tokio::spawn(receive(listener, router, board));
    Ok(address)
}

/// Lets everybody in, and those out who stay.
async fn receive(listener: TcpListener, router: Router, board: Board) {
    let (door, seldom) = (Door::new(MOST), Seldom::default());
    loop {
        let Ok((stream, from)) = listener.accept().await else {
            // Out of descriptors, for example: others will be closed.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let (place, another_leaves) = door.enter(from.ip());
        if another_leaves {
            board.count_turned_away("ops");
            if let Some(times) = seldom.count(Instant::now()) {
                tracing::warn!(%from, times, "ops.listen has many connections: older ones are closed for newer ones");
            }
        }
        let router = router.clone();
        tokio::spawn(async move {
            let mut server = hyper::server::conn::http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(MOST_HEAD);
            let served = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
            tokio::select! {
                _ = served => {}
                () = place.is_needed() => {}
                () = tokio::time::sleep(LONGEST) => {}
            }
        });
    }
}

async fn ready(State(shown): State<Shown>) -> Response {
    let status = shown.board.status();
    let now = crate::clock::now();
    let unready = status.directions.iter().filter_map(|(name, board)| Some((name, board.unready(now)?)));
    let words: Vec<String> = unready.map(|(name, why)| format!("{name}: {why}")).collect();
    if words.is_empty() && !status.directions.is_empty() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", words.join("\n"))).into_response()
}

async fn metrics(State(shown): State<Shown>) -> Response {
    match fresh(&shown.metrics, || metrics_text(&shown.board.status(), crate::clock::now())) {
        Ok(text) => page("text/plain; version=0.0.4", &text),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn status(State(shown): State<Shown>) -> Response {
    match fresh(&shown.status, || serde_json::to_string(&shown.board.status())) {
        Ok(text) => page("application/json", &text),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn page(kind: &'static str, text: &str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text.to_owned()).into_response()
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
pub(crate) mod tests;
