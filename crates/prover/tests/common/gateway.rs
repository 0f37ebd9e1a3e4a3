//! A recording behind a gateway over HTTP or HTTPS, which answers as gateways and old nodes do.

use super::block_on;
use flate2::write::{GzEncoder, ZlibEncoder};
use flate2::Compression;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{json, Value};
use spanlight_prover::{Replay, RpcError, Transport};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// One request: its path and the call or calls in it.
pub struct Asked {
    pub path: String,
    pub body: Value,
}

impl Asked {
    /// How many calls came together; none for a single one.
    pub fn batch(&self) -> Option<usize> {
        self.body.as_array().map(Vec::len)
    }
}

/// What is answered.
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    pub fn json(body: &Value) -> Self {
        Self::text(200, body.to_string())
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn gzip(self) -> Self {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(&self.body).unwrap();
        Self { body: packer.finish().unwrap(), ..self }.header("content-encoding", "gzip")
    }

    pub fn deflate(self) -> Self {
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(&self.body).unwrap();
        Self { body: packer.finish().unwrap(), ..self }.header("content-encoding", "deflate")
    }
}

/// Answers a request; the recording's own answer to it is at hand.
pub type Rule = fn(&Asked, Value) -> Reply;

/// The paths asked and the sizes of the batches, in order.
type Log = Mutex<Vec<(String, Option<usize>)>>;

pub struct Gateway {
    pub url: String,
    log: Arc<Log>,
}

impl Gateway {
    pub fn new(replay: Arc<Mutex<Replay>>, rule: Rule) -> Self {
        Self::open(replay, rule, None)
    }

    /// The same over HTTPS, with a certificate for `localhost` of this authority.
    pub fn with_tls(replay: Arc<Mutex<Replay>>, rule: Rule, authority: &Authority) -> Self {
        Self::open(replay, rule, Some(authority.server()))
    }

    fn open(replay: Arc<Mutex<Replay>>, rule: Rule, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let log = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&log);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, replay, tls) = (Arc::clone(&seen), Arc::clone(&replay), tls.clone());
                std::thread::spawn(move || match tls {
                    None => serve(stream, &replay, rule, &seen),
                    Some(tls) => {
                        let session = ServerConnection::new(tls).unwrap();
                        serve(StreamOwned::new(session, stream), &replay, rule, &seen);
                    }
                });
            }
        });
        Self { url: format!("{scheme}://localhost:{port}"), log }
    }

    /// The paths asked and the sizes of the batches, in order.
    pub fn log(&self) -> Vec<(String, Option<usize>)> {
        self.log.lock().unwrap().clone()
    }
}

fn serve(stream: impl Read + Write, replay: &Mutex<Replay>, rule: Rule, log: &Log) {
    let mut reader = BufReader::new(stream);
    while let Some(asked) = read(&mut reader) {
        log.lock().unwrap().push((asked.path.clone(), asked.batch()));
        let answer = {
            let replay = replay.lock().unwrap();
            match &asked.body {
                Value::Array(calls) => calls.iter().map(|call| answer(&replay, call)).collect(),
                call => answer(&replay, call),
            }
        };
        let Reply { status, headers, body } = rule(&asked, answer);
        let mut head = format!("HTTP/1.1 {status} Told\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        let sent = reader.get_mut().write_all(&[head.as_bytes(), b"\r\n", &body].concat());
        if sent.and_then(|()| reader.get_mut().flush()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<Asked> {
    let (mut path, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if path.is_none() {
            path = line.split(' ').nth(1).map(str::to_owned);
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { path: path?, body: serde_json::from_slice(&body).ok()? })
}

fn answer(replay: &Replay, call: &Value) -> Value {
    match block_on(replay.call(call["method"].as_str().unwrap(), call["params"].clone())) {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": call["id"], "result": result }),
        Err(RpcError::Node { code, message }) => error(&call["id"], code, &message),
        Err(other) => panic!("{other}"),
    }
}

pub fn error(id: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

/// A certificate authority of a private network.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn server(&self) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate: CertificateDer<'static> = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        Arc::new(builder.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap())
    }
}
