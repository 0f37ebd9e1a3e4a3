//! Gives this operator's signatures to peers that show their pinned certificates.

use super::{tls, Exchange, ExchangeError, Given, Question, MOST_BYTES};
use crate::board::Board;
use crate::config;
use crate::door::{Door, Gate, Most, Rate, Seldom};
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;
use tokio_rustls::TlsAcceptor;

/// Connections of peers at a time. Each needs one, and another while the first is not known to be
/// dead.
const PEERS: Most = Most { in_all: 256, of_one: 4 };
/// Connections that have not shown a certificate yet: they take no place from peers.
const STRANGERS: Most = Most { in_all: 32, of_one: 8 };
/// The same where a peer was met: strangers do not make those leave.
const MET: Most = Most { in_all: 64, of_one: 16 };
/// Handshakes cost computing: so many for one address.
const OF_ONE_ADDRESS: Rate = Rate { each_second: 4, at_once: 8 };
/// So many for all strangers together, and for each address where a peer was met.
const OF_ALL_STRANGERS: Rate = Rate { each_second: 50, at_once: 100 };
/// For a handshake.
const GREETING: Duration = Duration::from_secs(2);
/// For a question to arrive.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two answers on one connection: a peer asks some twenty times a second at most.
const PACE: Duration = Duration::from_millis(10);
/// After which a connection is closed, whatever it does: a peer connects anew.
const LONGEST: Duration = Duration::from_secs(600);

/// What all connections share.
struct Hall {
    acceptor: TlsAcceptor,
    router: Router,
    gate: Arc<Gate>,
    strangers: Door<IpAddr>,
    met: Door<IpAddr>,
    peers: Door<Vec<u8>>,
    board: Board,
    seldom: Seldom,
}

/// Serves peers. The gate also learns from the asking side where peers are.
pub(super) async fn start(
    config: &config::Exchange,
    exchange: Exchange,
    board: &Board,
    gate: &Arc<Gate>,
) -> Result<(), ExchangeError> {
    let acceptor = TlsAcceptor::from(tls::server(config)?);
    let address = config.listen;
    let listener = TcpListener::bind(address).await.map_err(|error| ExchangeError::Listen { address, error })?;
    let router =
        Router::new().route("/signatures", post(answer)).layer(DefaultBodyLimit::max(MOST_BYTES)).with_state(exchange);
    let hall = Arc::new(Hall {
        acceptor,
        router,
        gate: Arc::clone(gate),
        strangers: Door::new(STRANGERS),
        met: Door::new(MET),
        peers: Door::new(PEERS),
        board: board.clone(),
        seldom: Seldom::default(),
    });
    tokio::spawn(async move {
        loop {
            let Ok((stream, from)) = listener.accept().await else {
                // Out of descriptors, for example: others will be closed.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            if !hall.gate.lets_in(from.ip(), Instant::now()) {
                hall.turn_away(from, &"too many connections");
                continue;
            }
            tokio::spawn(Arc::clone(&hall).receive(stream, from));
        }
    });
    Ok(())
}

/// Decides who may have a handshake: in a flood of strangers most connections are closed before
/// they cost anything.
pub(super) fn gate() -> Arc<Gate> {
    Arc::new(Gate::new(OF_ONE_ADDRESS, OF_ALL_STRANGERS))
}

impl Hall {
    async fn receive(self: Arc<Self>, stream: TcpStream, from: SocketAddr) {
        let Some(stream) = self.greet(stream, from).await else { return };
        let certificate = stream.get_ref().1.peer_certificates().and_then(|all| all.first()).map(|one| one.to_vec());
        let Some(certificate) = certificate else { return };
        self.gate.knows(from.ip());
        let (place, another_leaves) = self.peers.enter(certificate);
        if another_leaves {
            self.board.count_turned_away("exchange");
        }
        tokio::select! {
            () = serve(stream, self.router.clone()) => {}
            () = place.is_needed() => {}
        }
    }

    /// The handshake. Only peers pass it.
    async fn greet(&self, stream: TcpStream, from: SocketAddr) -> Option<TlsStream<TcpStream>> {
        let door = if self.gate.is_known(from.ip()) { &self.met } else { &self.strangers };
        let (place, another_leaves) = door.enter(from.ip());
        if another_leaves {
            self.board.count_turned_away("exchange");
        }
        tokio::select! {
            greeted = tokio::time::timeout(GREETING, self.acceptor.accept(stream)) => match greeted {
                Ok(Ok(stream)) => return Some(stream),
                Ok(Err(error)) => self.turn_away(from, &error),
                Err(_) => self.turn_away(from, &"no handshake in time"),
            },
            () = place.is_needed() => {}
        }
        None
    }

    fn turn_away(&self, from: SocketAddr, why: &dyn Display) {
        self.board.count_turned_away("exchange");
        if let Some(times) = self.seldom.count(Instant::now()) {
            tracing::warn!(%from, times, %why, "somebody who is no peer was turned away; the next word of this in a minute");
        }
    }
}

async fn serve(stream: TlsStream<TcpStream>, router: Router) {
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let service = TowerToHyperService::new(router);
    let paced = hyper::service::service_fn(move |request| {
        let service = service.clone();
        async move {
            tokio::time::sleep(PACE).await;
            service.call(request).await
        }
    });
    let served = server.serve_connection(TokioIo::new(stream), paced);
    // A connection that ends badly is asked again by its peer.
    let _ = tokio::time::timeout(LONGEST, served).await;
}

/// Whoever sends a question byte by byte is not waited for.
async fn answer(State(exchange): State<Exchange>, request: Request) -> Result<Json<Vec<Given>>, StatusCode> {
    let question = tokio::time::timeout(PATIENCE, Json::<Question>::from_request(request, &())).await;
    let Json(question) = question.map_err(|_| StatusCode::REQUEST_TIMEOUT)?.map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok(Json(exchange.answer(&question)))
}
