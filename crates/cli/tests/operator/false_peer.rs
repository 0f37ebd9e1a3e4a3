//! A peer of the exchange that has its operator's certificate, and answers what the test says.

use crate::rig::Rig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value as Json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is answered to a question.
pub(crate) enum Answer {
    Says(Json),
    /// Nothing, and the connection stays open.
    Hangs,
    /// An answer that does not end.
    Endless,
}

type Answers = Arc<Mutex<Box<dyn FnMut(&Json) -> Answer + Send>>>;

pub(crate) struct FalsePeer {
    answers: Answers,
    asked: Arc<AtomicUsize>,
    left: Arc<AtomicUsize>,
}

impl FalsePeer {
    /// Listens in the place of an operator that does not run.
    pub(crate) fn in_place_of(rig: &Rig, index: usize, answers: impl FnMut(&Json) -> Answer + Send + 'static) -> Self {
        let path = |ending: &str| rig.folder.join(format!("exchange-{index}.{ending}"));
        let certificate = CertificateDer::from_pem_file(path("crt")).unwrap();
        let key = PrivateKeyDer::from_pem_file(path("key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let listener = TcpListener::bind(("127.0.0.1", rig.exchange_port(index))).unwrap();
        let peer =
            Self { answers: Arc::new(Mutex::new(Box::new(answers))), asked: Arc::default(), left: Arc::default() };
        let (config, answers) = (Arc::new(config), Arc::clone(&peer.answers));
        let (asked, left) = (Arc::clone(&peer.asked), Arc::clone(&peer.left));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, answers) = (Arc::clone(&config), Arc::clone(&answers));
                let (asked, left) = (Arc::clone(&asked), Arc::clone(&left));
                std::thread::spawn(move || {
                    let stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
                    serve(stream, &answers, &asked);
                    left.fetch_add(1, Ordering::Relaxed);
                });
            }
        });
        peer
    }

    /// Answers otherwise from now on.
    pub(crate) fn now(&self, answers: impl FnMut(&Json) -> Answer + Send + 'static) {
        *self.answers.lock().unwrap() = Box::new(answers);
    }

    /// Questions so far.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }

    /// Connections that the other side has left so far.
    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }
}

fn serve(stream: StreamOwned<ServerConnection, TcpStream>, answers: &Answers, asked: &AtomicUsize) {
    let mut reader = BufReader::new(stream);
    while let Some(question) = question(&mut reader) {
        asked.fetch_add(1, Ordering::Relaxed);
        let answer = (answers.lock().unwrap())(&question);
        let writer = reader.get_mut();
        let sent = match answer {
            Answer::Says(json) => {
                let text = json.to_string();
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", text.len());
                writer.write_all(head.as_bytes()).and_then(|()| writer.write_all(text.as_bytes()))
            }
            // Until the other side closes.
            Answer::Hangs => writer.read_exact(&mut [0; 1]),
            Answer::Endless => endless(writer),
        };
        if sent.is_err() {
            return;
        }
    }
}

fn question(reader: &mut impl BufRead) -> Option<Json> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn endless(writer: &mut impl Write) -> std::io::Result<()> {
    writer.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n[\r\n")?;
    loop {
        writer.write_all(format!("{:x}\r\n{}\r\n", 4096, " ".repeat(4096)).as_bytes())?;
        writer.flush()?;
        std::thread::sleep(Duration::from_millis(1));
    }
}
