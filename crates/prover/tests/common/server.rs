//! A recording behind TCP whose answers go wrong on their way.

use super::block_on;
use serde_json::{json, Value};
use spanlight_prover::{Replay, RpcError, Transport};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Half of the body, then the end.
    Truncated,
    /// Half of a body without a stated length, so that only the JSON tells.
    TruncatedUnnoticed,
    /// The connection ends without an answer.
    Reset,
    /// No answer ever.
    Hang,
    /// A byte now and then.
    Drip,
    /// A body that never ends.
    Endless,
    /// A stated length of a terabyte.
    SaidToBeHuge,
    Status(&'static str),
    NotJson,
    /// Valid JSON that is no JSON-RPC.
    NotRpc,
    /// The answer to another call.
    AnotherId,
    /// Batches are refused; single calls are answered.
    NoBatches,
}

pub struct Server {
    pub url: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    /// Serves with `fault` in each of the first `count` requests, and honestly after them.
    pub fn new(replay: Arc<Mutex<Replay>>, fault: Fault, count: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (counter, replay) = (Arc::clone(&counter), Arc::clone(&replay));
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream);
                    while let Some(body) = request(&mut reader) {
                        let fault = if counter.fetch_add(1, Ordering::SeqCst) < count { fault } else { Fault::None };
                        if respond(reader.get_mut(), &replay, &body, fault).is_none() {
                            break;
                        }
                    }
                });
            }
        });
        Self { url, requests }
    }

    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn request(reader: &mut BufReader<TcpStream>) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

fn answer(replay: &Replay, call: &Value) -> Value {
    match block_on(replay.call(call["method"].as_str().unwrap(), call["params"].clone())) {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": call["id"], "result": result }),
        Err(RpcError::Node { code, message }) => {
            json!({ "jsonrpc": "2.0", "id": call["id"], "error": { "code": code, "message": message } })
        }
        Err(other) => panic!("{other}"),
    }
}

/// None where the connection is to end.
fn respond(stream: &mut TcpStream, replay: &Mutex<Replay>, call: &Value, fault: Fault) -> Option<()> {
    let mut answer = {
        let replay = replay.lock().unwrap();
        match call {
            Value::Array(calls) if fault != Fault::NoBatches => {
                calls.iter().map(|call| answer(&replay, call)).collect()
            }
            Value::Array(_) => {
                json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32600, "message": "no batches" } })
            }
            call => answer(&replay, call),
        }
    };
    match fault {
        Fault::AnotherId => {
            let first = if answer.is_array() { &mut answer[0] } else { &mut answer };
            first["id"] = json!(77);
        }
        Fault::NotRpc => answer = json!({ "hello": [1, 2, 3] }),
        _ => {}
    }
    let mut body = answer.to_string();
    if fault == Fault::NotJson {
        body = "<html>Welcome</html>".to_owned();
    }
    let length = body.len();
    let head = |length: usize| {
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n")
    };
    let mut send = |text: &str| stream.write_all(text.as_bytes()).ok();
    match fault {
        Fault::Truncated => send(&(head(length) + &body[..length / 2])).and(None),
        Fault::TruncatedUnnoticed => send(&format!("HTTP/1.1 200 OK\r\n\r\n{}", &body[..length / 2])).and(None),
        Fault::Reset => None,
        Fault::Hang => {
            std::thread::sleep(Duration::from_secs(5));
            None
        }
        Fault::Drip => {
            send(&head(length))?;
            for part in body.as_bytes().chunks(1) {
                send(std::str::from_utf8(part).ok()?)?;
                std::thread::sleep(Duration::from_millis(400));
            }
            None
        }
        Fault::Endless => {
            send("HTTP/1.1 200 OK\r\n\r\n[")?;
            while send(&"0,".repeat(4096)).is_some() {}
            None
        }
        Fault::SaidToBeHuge => send(&(head(1 << 40) + &body)).and(None),
        Fault::Status(status) => send(&format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\nno")),
        _ => send(&(head(length) + &body)),
    }
}
