//! Gives this operator's signatures to peers that show their pinned certificates.

use super::{tls, Exchange, ExchangeError, Given, Question, MOST_BYTES};
use crate::config;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use axum::{Json, Router};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

/// Connections at a time: a few for each peer.
const MOST_CONNECTIONS: usize = 64;
/// For the handshake, and for a question to arrive.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn start(config: &config::Exchange, exchange: Exchange) -> Result<(), ExchangeError> {
    let acceptor = TlsAcceptor::from(tls::server(config)?);
    let address = config.listen;
    let listener = TcpListener::bind(address).await.map_err(|error| ExchangeError::Listen { address, error })?;
    let router =
        Router::new().route("/signatures", post(answer)).layer(DefaultBodyLimit::max(MOST_BYTES)).with_state(exchange);
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    tokio::spawn(async move {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let Ok((stream, _)) = listener.accept().await else {
                // Out of descriptors, for example: others will be closed.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let (acceptor, router) = (acceptor.clone(), router.clone());
            tokio::spawn(async move {
                serve(stream, acceptor, router).await;
                drop(place);
            });
        }
    });
    Ok(())
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, router: Router) {
    let stream = match tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::warn!(%error, "somebody who is no peer was turned away");
            return;
        }
        Err(_) => return,
    };
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    // A connection that ends badly is asked again by its peer.
    let _ = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)).await;
}

async fn answer(State(exchange): State<Exchange>, Json(question): Json<Question>) -> Json<Vec<Given>> {
    Json(exchange.answer(&question))
}
