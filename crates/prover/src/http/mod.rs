//! JSON-RPC over HTTP for native programs, bounded in time and size.
//!
//! Calls block the thread: every future is ready when it is first polled.

use crate::cancel::Cancel;
use crate::jsonrpc::{clean, Answer, Fault, JsonRpc, Limits, Wire};
use crate::rpc::RpcError;
use serde_json::Value;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::Read;
use std::time::{Duration, Instant};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

/// Read at a time from an answer; between two reads the flag of cancellation is looked at.
const CHUNK: usize = 1 << 16;

/// What a call may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// For connecting.
    pub connect: Duration,
    /// For one try of one call or batch, from connecting to the answer's last byte.
    pub timeout: Duration,
    /// Bytes of one answer; the rest is not read.
    pub answer: u64,
    /// Tries of one call or batch, the first included.
    pub tries: u32,
    /// Pause before the second try; it doubles from try to try.
    pub pause: Duration,
    /// Longest pause, also where the endpoint asks for a longer one.
    pub longest_pause: Duration,
    /// Calls in one batch; 1 for none.
    pub batch: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            answer: 64 << 20,
            tries: 4,
            pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(8),
            batch: 64,
        }
    }
}

/// One endpoint behind an `http:` or `https:` address.
pub type Http = JsonRpc<HttpWire>;

/// The way to such an endpoint.
#[derive(Debug)]
pub struct HttpWire {
    url: String,
    agent: Agent,
    limits: HttpLimits,
    cancel: Cancel,
}

impl Http {
    /// The endpoint at `url`; none where that is no `http:` or `https:` address. Its name is the address without what may be
    /// a password or a key.
    #[must_use]
    pub fn new(url: &str, limits: HttpLimits, cancel: Cancel) -> Option<Self> {
        let name = shown(url)?;
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirected POST would become a GET; no node redirects.
            .max_redirects(0)
            .timeout_global(Some(limits.timeout))
            .timeout_connect(Some(limits.connect))
            .user_agent(concat!("spanlight/", env!("CARGO_PKG_VERSION")));
        if is_this_machine(&name) {
            config = config.proxy(None);
        }
        let agent = config.build().new_agent();
        let wire = HttpWire { url: url.to_owned(), agent, limits, cancel: cancel.clone() };
        let HttpLimits { tries, pause, longest_pause, batch, .. } = limits;
        Some(Self::over(wire, name, Limits { tries, pause, longest_pause, batch }, cancel))
    }

    /// Sends `body` as it is, once, and gives the status and bytes of the answer as they are: for whoever stands between the
    /// endpoint and a client that does its own reading.
    ///
    /// # Errors
    /// Why there is no answer within the limits, in words.
    pub fn pass(&self, body: &str) -> Result<(u16, Vec<u8>), String> {
        let wire = self.wire();
        let answer =
            wire.send(body).and_then(|mut response| Ok((response.status().as_u16(), wire.read(&mut response)?)));
        answer.map_err(|fault| match fault {
            Fault::Passing { reason, .. } | Fault::Unanswered(reason) => reason,
            Fault::Final(error) => error.to_string(),
        })
    }
}

impl HttpWire {
    fn send(&self, body: &str) -> Result<Response<Body>, Fault> {
        let sent = self.agent.post(&self.url).header("content-type", "application/json").send(body);
        sent.map_err(|error| Fault::passing(self.words(&error)))
    }

    fn read(&self, response: &mut Response<Body>) -> Result<Vec<u8>, Fault> {
        let too_large = || Fault::Unanswered(format!("the answer is larger than {} bytes", self.limits.answer));
        if response.body().content_length().is_some_and(|length| length > self.limits.answer) {
            return Err(too_large());
        }
        let mut reader = response.body_mut().as_reader();
        let mut bytes = Vec::new();
        let mut chunk = vec![0u8; CHUNK];
        loop {
            if self.cancel.is_cancelled() {
                return Err(Fault::Final(RpcError::Cancelled));
            }
            let count =
                reader.read(&mut chunk).map_err(|error| Fault::passing(self.words(&ureq::Error::from(error))))?;
            if count == 0 {
                return Ok(bytes);
            }
            bytes.extend(chunk.iter().take(count));
            if u64::try_from(bytes.len()).map_or(true, |length| length > self.limits.answer) {
                return Err(too_large());
            }
        }
    }

    fn words(&self, error: &ureq::Error) -> String {
        match error {
            ureq::Error::Timeout(_) => format!("no answer within {} s", self.limits.timeout.as_secs_f64()),
            ureq::Error::HostNotFound => "no such host".to_owned(),
            ureq::Error::ConnectionFailed => "connection refused".to_owned(),
            ureq::Error::Io(error) => clean(&error.to_string()),
            other => clean(&other.to_string()),
        }
    }
}

impl Wire for HttpWire {
    async fn post(&self, body: &Value) -> Result<Answer, Fault> {
        let mut response = self.send(&body.to_string())?;
        let status = response.status();
        let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        // Nobody reads what comes with these; an endpoint in trouble may not even finish it.
        let is_read = status != StatusCode::TOO_MANY_REQUESTS && !status.is_server_error();
        let body = if is_read { self.read(&mut response)? } else { Vec::new() };
        let body = String::from_utf8(body).unwrap_or_default();
        Ok(Answer { status: status.as_u16(), wait: wait.map(Duration::from_secs), body })
    }

    async fn pause(&self, wait: Duration) {
        const STEP: Duration = Duration::from_millis(50);
        let end = Instant::now().checked_add(wait);
        while let Some(left) = end.and_then(|end| end.checked_duration_since(Instant::now())) {
            if left.is_zero() || self.cancel.is_cancelled() {
                return;
            }
            std::thread::sleep(left.min(STEP));
        }
    }

    /// A fresh hasher is seeded at random.
    fn chance(&self) -> f64 {
        let random = u32::try_from(RandomState::new().build_hasher().finish() >> 32).unwrap_or_default();
        f64::from(random) / f64::from(u32::MAX)
    }
}

/// Scheme, host and port. Users' names, paths and queries hold the keys of hosted nodes.
fn shown(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if !matches!(scheme, "http" | "https") {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next().filter(|host| !host.is_empty())?;
    let hidden = authority != host || rest.len() > authority.len().saturating_add(1);
    Some(format!("{scheme}://{host}{}", if hidden { "/..." } else { "" }))
}

fn is_this_machine(name: &str) -> bool {
    let host = name.split("://").nth(1).unwrap_or_default();
    ["127.", "localhost", "[::1]"].iter().any(|own| host.starts_with(own))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]
mod tests;
