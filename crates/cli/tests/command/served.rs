//! The commands that serve, on free ports, and requests to them byte by byte.

use crate::common::{command, fixture};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running command.
pub struct Served {
    process: Child,
    stdout: BufReader<ChildStdout>,
    /// The first address that it printed.
    pub url: String,
    /// What it printed up to there.
    pub said: String,
}

/// A response, with the names of its header in lower case.
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Response {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Served {
    /// Starts the command, which prints an address when it is ready.
    pub fn new(arguments: &[&str]) -> Self {
        Self::by(command().args(arguments))
    }

    /// Starts a command that runs it.
    pub fn by(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let mut served = Self { process, stdout, url: String::new(), said: String::new() };
        let line = served.line();
        served.url = line.split_whitespace().last().unwrap().trim_end_matches('/').to_owned();
        assert!(served.url.starts_with("http://127.0.0.1:"), "{line}");
        served
    }

    /// `spanlight replay` of the recording of `chain`.
    pub fn chain(chain: &str) -> Self {
        Self::new(&["replay", &fixture(&format!("{chain}.rpc.jsonl.gz")), "--listen", "127.0.0.1:0"])
    }

    /// `spanlight serve` with the page in `folder`.
    pub fn page(folder: &str, more: &[&str]) -> Self {
        Self::new(&[["serve", "--listen", "127.0.0.1:0", "--page", folder].as_slice(), more].concat())
    }

    /// The next line of its output.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "it ended: {:?}", self.process.wait());
        self.said += &line;
        line.trim_end().to_owned()
    }

    fn host(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    /// A request as it is, and the whole response.
    pub fn raw(&self, request: &[u8]) -> Response {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        // A refused body is not read to its end.
        let _ = stream.write_all(request);
        let mut response = Vec::new();
        let _ = stream.read_to_end(&mut response);
        let end = response.windows(4).position(|part| part == b"\r\n\r\n").expect("a whole header");
        let head = String::from_utf8(response[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let lower = |line: &str| match line.split_once(':') {
            Some((name, value)) => format!("{}:{value}\n", name.to_ascii_lowercase()),
            None => format!("{line}\n"),
        };
        Response { status, head: head.lines().map(lower).collect(), body: response[end + 4..].to_vec() }
    }

    /// A request without a body; `fields` are whole lines, and stand before the usual ones.
    pub fn ask(&self, method: &str, path: &str, fields: &[&str]) -> Response {
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !fields.iter().any(|field| field.starts_with("host:")) {
            head += &format!("host: {}\r\n", self.host());
        }
        head.extend(fields.iter().map(|field| format!("{field}\r\n")));
        self.raw((head + "\r\n").as_bytes())
    }

    pub fn get(&self, path: &str) -> Response {
        self.ask("GET", path, &[])
    }

    /// A body of JSON, with more fields.
    pub fn send(&self, path: &str, body: &str, fields: &[&str]) -> Response {
        let host = self.host();
        let length = body.len();
        let mut head =
            format!("POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n");
        head.extend(fields.iter().map(|field| format!("{field}\r\n")));
        self.raw((head + "\r\n" + body).as_bytes())
    }

    pub fn post(&self, path: &str, body: &Value) -> Response {
        self.send(path, &body.to_string(), &["content-type: application/json"])
    }

    #[cfg(unix)]
    pub fn signal(&self, signal: &str) {
        let kill = Command::new("kill").args(["-s", signal, &self.process.id().to_string()]).status();
        assert!(kill.unwrap().success());
    }

    /// The exit code after this signal.
    #[cfg(unix)]
    pub fn ended_by(&mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        self.process.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
