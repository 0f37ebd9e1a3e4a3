//! Asks one peer, again and again, for the signatures that are wanted.

use super::{tls, Exchange, ExchangeError, Given, Question, MOST_BYTES};
use crate::config;
use crate::door::Gate;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{handshake, SendRequest};
use hyper::Request;
use hyper_util::rt::TokioIo;
use spanlight_prover::Cancel;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(100);
/// For connecting, and for each answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// After a peer did not answer.
const REST: Duration = Duration::from_millis(500);

/// A connection, which ends when it is dropped, whatever the other side is still sending.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    _driver: JoinSet<()>,
}

pub(super) fn start(
    config: &config::Exchange,
    peer: &config::Peer,
    exchange: Exchange,
    gate: Arc<Gate>,
    cancel: Cancel,
) -> Result<(), ExchangeError> {
    let connector = TlsConnector::from(tls::client(config, peer)?);
    // Each replica is asked by itself: whichever of them acts has the signatures, and one that is
    // frozen keeps nobody waiting.
    for address in &peer.address {
        let way = (connector.clone(), Arc::clone(&gate));
        tokio::spawn(ask_on(way, address.clone(), peer.name.clone(), exchange.clone(), cancel.clone()));
    }
    Ok(())
}

async fn ask_on(
    (connector, gate): (TlsConnector, Arc<Gate>),
    address: String,
    name: String,
    exchange: Exchange,
    cancel: Cancel,
) {
    let mut connection: Option<Connection> = None;
    let mut silent = false;
    while !cancel.is_cancelled() {
        let asked = ask_all((&connector, &gate), &address, &name, &exchange, &mut connection).await;
        match &asked {
            Err(error) if !silent => tracing::warn!(peer = %name, %address, %error, "a peer does not answer"),
            Ok(()) if silent => tracing::info!(peer = %name, %address, "the peer answers again"),
            _ => {}
        }
        silent = asked.is_err();
        if silent {
            connection = None;
        }
        tokio::time::sleep(if silent { REST } else { PAUSE }).await;
    }
}

async fn ask_all(
    way: (&TlsConnector, &Gate),
    address: &str,
    name: &str,
    exchange: &Exchange,
    connection: &mut Option<Connection>,
) -> Result<(), String> {
    // Each replica is heard by itself: one that is out of date must not take the acting one's turn.
    let peer = format!("{name} at {address}");
    for question in exchange.questions(&peer) {
        let open = match connection.take().filter(|open| !open.sender.is_closed()) {
            Some(open) => open,
            None => in_time(connect(way, address)).await?,
        };
        let open = connection.insert(open);
        let answer = in_time(ask(open, &question)).await?;
        exchange.receive(&question.direction, &peer, answer);
    }
    Ok(())
}

async fn in_time<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
}

async fn connect((connector, gate): (&TlsConnector, &Gate), address: &str) -> Result<Connection, String> {
    let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    // The pinned certificate says who it is; the name is only sent along.
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).to_owned();
    let host = ServerName::try_from(host).map_err(|error| error.to_string())?;
    let from = stream.peer_addr().map_err(|error| error.to_string())?.ip();
    let stream = connector.connect(host, stream).await.map_err(|error| error.to_string())?;
    // It has shown the pinned certificate, so whoever comes from there shares with no strangers.
    gate.knows(from);
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let mut driver = JoinSet::new();
    driver.spawn(async move {
        // One that ends badly is found closed at the next question.
        let _ = connection.await;
    });
    Ok(Connection { sender, _driver: driver })
}

async fn ask(connection: &mut Connection, question: &Question) -> Result<Vec<Given>, String> {
    let body = serde_json::to_vec(question).map_err(|error| error.to_string())?;
    let request = Request::post("/signatures")
        .header("host", "operator")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| error.to_string())?;
    let sender = &mut connection.sender;
    sender.ready().await.map_err(|error| error.to_string())?;
    let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
    if !answer.status().is_success() {
        return Err(format!("HTTP status {}", answer.status().as_u16()));
    }
    let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await.map_err(|error| error.to_string())?;
    serde_json::from_slice(&body.to_bytes()).map_err(|error| error.to_string())
}
