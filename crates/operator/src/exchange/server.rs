//! Gives this operator's signatures to peers that show their pinned certificates.

use super::{tls, Exchange, ExchangeError, Given, Question, MOST_BYTES};
use crate::config;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::server::TlsStream;
use tokio_rustls::TlsAcceptor;

/// Connections of one peer at a time. It needs one, and another while the first is not known to be dead.
const MOST_OF_A_PEER: usize = 4;
/// Handshakes at a time, of whomever: they take no place from peers that are connected.
const MOST_HANDSHAKES: usize = 32;
/// For a handshake.
const GREETING: Duration = Duration::from_secs(2);
/// For a question to arrive.
const PATIENCE: Duration = Duration::from_secs(5);
/// After which a connection is closed, whatever it does: a peer connects anew.
const LONGEST: Duration = Duration::from_secs(600);

/// Connections of each peer, by its certificate.
#[derive(Clone, Debug, Default)]
struct Places(Arc<Mutex<BTreeMap<Vec<u8>, usize>>>);

/// One connection's place, given back when it is dropped.
#[derive(Debug)]
struct Place(Places, Vec<u8>);

impl Places {
    /// None where this peer has enough.
    fn take(&self, certificate: &[u8]) -> Option<Place> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(certificate.to_vec()).or_default();
        if *count >= MOST_OF_A_PEER {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Place(self.clone(), certificate.to_vec()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.0 .0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.1) {
            *count = count.saturating_sub(1);
        }
    }
}

pub(super) async fn start(config: &config::Exchange, exchange: Exchange) -> Result<(), ExchangeError> {
    let acceptor = TlsAcceptor::from(tls::server(config)?);
    let address = config.listen;
    let listener = TcpListener::bind(address).await.map_err(|error| ExchangeError::Listen { address, error })?;
    let router =
        Router::new().route("/signatures", post(answer)).layer(DefaultBodyLimit::max(MOST_BYTES)).with_state(exchange);
    let (handshakes, places) = (Arc::new(Semaphore::new(MOST_HANDSHAKES)), Places::default());
    tokio::spawn(async move {
        loop {
            let Ok(handshake) = Arc::clone(&handshakes).acquire_owned().await else { return };
            let Ok((stream, _)) = listener.accept().await else {
                // Out of descriptors, for example: others will be closed.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let (acceptor, router, places) = (acceptor.clone(), router.clone(), places.clone());
            tokio::spawn(async move {
                let greeted = greet(stream, acceptor, &places).await;
                drop(handshake);
                if let Some((stream, place)) = greeted {
                    serve(stream, router).await;
                    drop(place);
                }
            });
        }
    });
    Ok(())
}

/// The handshake. Only peers pass it, and each has so many places.
async fn greet(stream: TcpStream, acceptor: TlsAcceptor, places: &Places) -> Option<(TlsStream<TcpStream>, Place)> {
    let stream = match tokio::time::timeout(GREETING, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::warn!(%error, "somebody who is no peer was turned away");
            return None;
        }
        Err(_) => return None,
    };
    let certificate = stream.get_ref().1.peer_certificates()?.first()?.to_vec();
    let Some(place) = places.take(&certificate) else {
        tracing::warn!("a peer has too many connections");
        return None;
    };
    Some((stream, place))
}

async fn serve(stream: TlsStream<TcpStream>, router: Router) {
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let served = server.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // A connection that ends badly is asked again by its peer.
    let _ = tokio::time::timeout(LONGEST, served).await;
}

/// Whoever sends a question byte by byte is not waited for.
async fn answer(State(exchange): State<Exchange>, request: Request) -> Result<Json<Vec<Given>>, StatusCode> {
    let question = tokio::time::timeout(PATIENCE, Json::<Question>::from_request(request, &())).await;
    let Json(question) = question.map_err(|_| StatusCode::REQUEST_TIMEOUT)?.map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok(Json(exchange.answer(&question)))
}
