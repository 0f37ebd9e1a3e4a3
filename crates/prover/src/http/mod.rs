//! JSON-RPC 2.0 over HTTP, bounded in time, size and tries.
//!
//! Transport faults, HTTP 429 and HTTP 5xx are tried again after a growing pause; what the node itself answers is final.
//! Calls block the thread: every future is ready when it is first polled. Nothing an endpoint sends is believed here, and
//! its words are cut and cleaned before anybody prints them.

mod answer;
mod retry;

use crate::cancel::Cancel;
use crate::rpc::{RpcError, Transport};
use answer::{read_batch, read_single};
use retry::{Fault, Pauses};
use serde_json::{json, Value};
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
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
#[derive(Debug)]
pub struct Http {
    url: String,
    name: String,
    agent: Agent,
    limits: HttpLimits,
    cancel: Cancel,
    /// Turned off when the endpoint turns out to refuse batches.
    batches: AtomicBool,
}

impl Http {
    /// The endpoint at `url`; none where that is no `http:` or `https:` address.
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
        let batches = AtomicBool::new(limits.batch > 1);
        Some(Self { url: url.to_owned(), name, agent, limits, cancel, batches })
    }

    /// The address as it may be shown: without what may be a password or a key.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends `body` until an answer comes or the tries are used up.
    fn exchange<R>(
        &self,
        method: &str,
        body: &Value,
        read: impl Fn(&Value) -> Result<R, Fault>,
    ) -> Result<R, RpcError> {
        let body = body.to_string();
        let mut pauses = Pauses::new(self.limits.pause, self.limits.longest_pause);
        let mut tries = 0u32;
        loop {
            if self.cancel.is_cancelled() {
                return Err(RpcError::Cancelled);
            }
            tries = tries.saturating_add(1);
            let fault = match self.once(&body).and_then(|answer| read(&answer)) {
                Ok(result) => return Ok(result),
                Err(fault) => fault,
            };
            let (reason, wait) = match fault {
                Fault::Final(error) => return Err(error),
                Fault::Unanswered(reason) => (reason, None),
                Fault::Passing { reason, wait } if tries < self.limits.tries => (reason, Some(pauses.next(wait))),
                Fault::Passing { reason, .. } => (reason, None),
            };
            let Some(wait) = wait else {
                let times = if tries == 1 { String::new() } else { format!(", tried {tries} times") };
                return Err(RpcError::Transport { reason: format!("{}, {method}: {reason}{times}", self.name) });
            };
            self.sleep(wait);
        }
    }

    fn sleep(&self, wait: Duration) {
        const STEP: Duration = Duration::from_millis(50);
        let end = Instant::now().checked_add(wait);
        while let Some(left) = end.and_then(|end| end.checked_duration_since(Instant::now())) {
            if left.is_zero() || self.cancel.is_cancelled() {
                return;
            }
            std::thread::sleep(left.min(STEP));
        }
    }

    fn send(&self, body: &str) -> Result<Response<Body>, Fault> {
        let sent = self.agent.post(&self.url).header("content-type", "application/json").send(body);
        sent.map_err(|error| Fault::passing(self.words(&error)))
    }

    /// Sends `body` as it is, once, and gives the status and bytes of the answer as they are: for whoever stands between the
    /// endpoint and a client that does its own reading.
    ///
    /// # Errors
    /// Why there is no answer within the limits, in words.
    pub fn pass(&self, body: &str) -> Result<(u16, Vec<u8>), String> {
        let answer =
            self.send(body).and_then(|mut response| Ok((response.status().as_u16(), self.read(&mut response)?)));
        answer.map_err(|fault| match fault {
            Fault::Passing { reason, .. } | Fault::Unanswered(reason) => reason,
            Fault::Final(error) => error.to_string(),
        })
    }

    /// One try.
    fn once(&self, body: &str) -> Result<Value, Fault> {
        let mut response = self.send(body)?;
        let status = response.status();
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
            return Err(Fault::Passing { reason: status_words(status), wait: wait.map(Duration::from_secs) });
        }
        let bytes = self.read(&mut response)?;
        match serde_json::from_slice(&bytes) {
            Ok(answer) => Ok(answer),
            Err(_) if status.is_success() => Err(Fault::passing("the answer is no JSON".to_owned())),
            Err(_) => Err(Fault::Unanswered(status_words(status))),
        }
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
            ureq::Error::Io(error) => answer::clean(&error.to_string()),
            other => answer::clean(&other.to_string()),
        }
    }

    fn batch(&self, method: &str, params: &[Value]) -> Result<Vec<Value>, RpcError> {
        let calls = params.iter().enumerate();
        let body: Value = calls.map(|(id, params)| request(id, method, params)).collect();
        self.exchange(method, &body, |answer| read_batch(answer, params.len()))
    }
}

impl Transport for Http {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        self.exchange(method, &request(0, method, &params), read_single)
    }

    async fn call_all(&self, method: &str, params: Vec<Value>) -> Result<Vec<Value>, RpcError> {
        let mut results = Vec::with_capacity(params.len());
        for part in params.chunks(self.limits.batch.max(1)) {
            if self.batches.load(Ordering::Relaxed) && part.len() > 1 {
                match self.batch(method, part) {
                    Ok(part) => {
                        results.extend(part);
                        continue;
                    }
                    // Also where one call of the batch was refused: asked alone, it says so.
                    Err(RpcError::Node { .. }) => self.batches.store(false, Ordering::Relaxed),
                    Err(error) => return Err(error),
                }
            }
            for params in part {
                results.push(self.call(method, params.clone()).await?);
            }
        }
        Ok(results)
    }
}

fn request(id: usize, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn status_words(status: StatusCode) -> String {
    format!("HTTP status {}", status.as_u16())
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
