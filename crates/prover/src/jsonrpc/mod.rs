//! JSON-RPC 2.0 over a wire that carries text: batches, tries, pauses, and what an answer says.
//!
//! Transport faults, HTTP 429 and HTTP 5xx are tried again after a growing pause; what the node itself answers is final.
//! Nothing an endpoint sends is believed here, and its words are cut and cleaned before anybody prints them.

mod answer;
mod retry;

use crate::cancel::Cancel;
use crate::rpc::{RpcError, Transport};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use answer::{read_batch, read_single};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use retry::Pauses;
use serde_json::{json, Value};

pub use answer::clean;
pub use retry::Fault;

/// Carries one request to an endpoint and its answer back.
#[allow(async_fn_in_trait)] // As with transports.
pub trait Wire {
    /// Sends `body` as JSON text, once.
    ///
    /// # Errors
    /// Where no answer came within the wire's own limits of time and size.
    async fn post(&self, body: &Value) -> Result<Answer, Fault>;

    /// Waits, or less long where the call is cancelled.
    async fn pause(&self, wait: Duration);

    /// A number from 0 to 1 by chance, so that many clients do not come back together.
    fn chance(&self) -> f64;
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// How long the endpoint asks to wait (`Retry-After`).
    pub wait: Option<Duration>,
    /// The body, empty where it is no text.
    pub body: String,
}

/// What a call may cost in requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Tries of one call or batch, the first included.
    pub tries: u32,
    /// Pause before the second try; it doubles from try to try.
    pub pause: Duration,
    /// Longest pause, also where the endpoint asks for a longer one.
    pub longest_pause: Duration,
    /// Calls in one batch; 1 for none.
    pub batch: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { tries: 4, pause: Duration::from_millis(250), longest_pause: Duration::from_secs(8), batch: 64 }
    }
}

/// One endpoint behind a wire.
#[derive(Debug)]
pub struct JsonRpc<W> {
    wire: W,
    name: String,
    limits: Limits,
    cancel: Cancel,
    /// Turned off when the endpoint turns out to refuse batches.
    batches: AtomicBool,
}

impl<W: Wire> JsonRpc<W> {
    /// The endpoint behind `wire`, reported under `name`.
    pub fn over(wire: W, name: String, limits: Limits, cancel: Cancel) -> Self {
        let batches = AtomicBool::new(limits.batch > 1);
        Self { wire, name, limits, cancel, batches }
    }

    /// The name under which it is reported.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The wire.
    pub const fn wire(&self) -> &W {
        &self.wire
    }

    /// Sends `body` until an answer comes or the tries are used up.
    async fn exchange<R>(
        &self,
        method: &str,
        body: &Value,
        read: &dyn Fn(&Value) -> Result<R, Fault>,
    ) -> Result<R, RpcError> {
        let mut pauses = Pauses::new(self.limits.pause, self.limits.longest_pause);
        let mut tries = 0u32;
        loop {
            if self.cancel.is_cancelled() {
                return Err(RpcError::Cancelled);
            }
            tries = tries.saturating_add(1);
            let answer = self.wire.post(body).await.and_then(json_of);
            let fault = match answer.and_then(|answer| read(&answer)) {
                Ok(result) => return Ok(result),
                Err(fault) => fault,
            };
            let (reason, wait) = match fault {
                Fault::Final(error) => return Err(error),
                Fault::Unanswered(reason) => (reason, None),
                Fault::Passing { reason, wait } if tries < self.limits.tries => {
                    (reason, Some(pauses.next(wait, self.wire.chance())))
                }
                Fault::Passing { reason, .. } => (reason, None),
            };
            let Some(wait) = wait else {
                let times = if tries == 1 { String::new() } else { format!(", tried {tries} times") };
                return Err(RpcError::Transport { reason: format!("{}, {method}: {reason}{times}", self.name) });
            };
            self.wire.pause(wait).await;
        }
    }

    async fn batch(&self, method: &str, params: &[Value]) -> Result<Vec<Value>, RpcError> {
        let calls = params.iter().enumerate();
        let body: Value = calls.map(|(id, params)| request(id, method, params)).collect();
        self.exchange(method, &body, &|answer| read_batch(answer, params.len())).await
    }
}

impl<W: Wire> Transport for JsonRpc<W> {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        self.exchange(method, &request(0, method, &params), &read_single).await
    }

    async fn call_all(&self, method: &str, params: Vec<Value>) -> Result<Vec<Value>, RpcError> {
        let mut results = Vec::with_capacity(params.len());
        for part in params.chunks(self.limits.batch.max(1)) {
            let together = self.batches.load(Ordering::Relaxed) && part.len() > 1;
            if together {
                match self.batch(method, part).await {
                    Ok(part) => {
                        results.extend(part);
                        continue;
                    }
                    // The batch was refused, or one call in it: asked alone, that one says so.
                    Err(RpcError::Node { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            for params in part {
                results.push(self.call(method, params.clone()).await?);
            }
            // Each was answered alone, so it was the batch that the endpoint refused.
            self.batches.store(self.batches.load(Ordering::Relaxed) && !together, Ordering::Relaxed);
        }
        Ok(results)
    }
}

fn request(id: usize, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// Nodes tell errors with any status; what is no JSON is told by its status.
fn json_of(answer: Answer) -> Result<Value, Fault> {
    let Answer { status, wait, body } = answer;
    let words = format!("HTTP status {status}");
    if status == 429 || status >= 500 {
        return Err(Fault::Passing { reason: words, wait });
    }
    match serde_json::from_str(&body) {
        Ok(answer) => Ok(answer),
        Err(_) if (200..300).contains(&status) => Err(Fault::passing("the answer is no JSON".to_owned())),
        Err(_) => Err(Fault::Unanswered(words)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]
mod tests;
