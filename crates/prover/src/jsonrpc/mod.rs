//! JSON-RPC 2.0 over a wire that carries text: batches, tries, pauses, and what an answer says.
//!
//! Transport faults, HTTP 429 and HTTP 5xx are tried again after a growing pause; what the node
//! itself answers is final. Gateways differ in how many calls they take together, and old nodes in
//! what they call a method: both are learnt from their answers. Nothing an endpoint sends is
//! believed here, and its words are cut and cleaned before anybody prints them.

mod answer;
mod names;
mod retry;

use crate::cancel::Cancel;
use crate::rpc::{RpcError, Transport};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use answer::{json_of, read_batch, read_each, read_single};
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use names::Names;
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

/// Calls that most endpoints take together which do not take more.
const FEW: usize = 10;

/// One endpoint behind a wire.
#[derive(Debug)]
pub struct JsonRpc<W> {
    wire: W,
    name: String,
    limits: Limits,
    cancel: Cancel,
    /// How many calls the endpoint has turned out to take together.
    together: AtomicUsize,
    names: Names,
}

/// Why an exchange gave no result.
struct Ended {
    error: RpcError,
    /// Whether the endpoint answered at all. A batch that it answers with something else may be
    /// taken in smaller parts.
    answered: bool,
}

impl<W: Wire> JsonRpc<W> {
    /// The endpoint behind `wire`, reported under `name`.
    pub fn over(wire: W, name: String, limits: Limits, cancel: Cancel) -> Self {
        let together = AtomicUsize::new(limits.batch.max(1));
        Self { wire, name, limits, cancel, together, names: Names::default() }
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
    ) -> Result<R, Ended> {
        let mut pauses = Pauses::new(self.limits.pause, self.limits.longest_pause);
        let mut tries = 0u32;
        loop {
            if self.cancel.is_cancelled() {
                return Err(Ended { error: RpcError::Cancelled, answered: false });
            }
            tries = tries.saturating_add(1);
            let answer = self.wire.post(body).await.and_then(json_of);
            let fault = match answer.and_then(|answer| read(&answer)) {
                Ok(result) => return Ok(result),
                Err(fault) => fault,
            };
            let may_try = tries < self.limits.tries;
            let (reason, wait, answered) = match fault {
                Fault::Final(error) => return Err(Ended { answered: error != RpcError::Cancelled, error }),
                Fault::Unanswered(reason) => (reason, None, true),
                Fault::Unfit(reason) if body.is_array() => (reason, None, true),
                Fault::Unfit(reason) => (reason, may_try.then_some(None), true),
                Fault::Passing { reason, wait } => (reason, may_try.then_some(wait), false),
            };
            let Some(wait) = wait else {
                let times = if tries == 1 { String::new() } else { format!(", tried {tries} times") };
                let error = RpcError::Transport { reason: format!("{}, {method}: {reason}{times}", self.name) };
                return Err(Ended { error, answered });
            };
            self.wire.pause(pauses.next(wait, self.wire.chance())).await;
        }
    }

    /// One call, under the name given.
    async fn single(&self, method: &str, params: &Value) -> Result<Value, RpcError> {
        self.exchange(method, &request(0, method, params), &read_single).await.map_err(|ended| ended.error)
    }

    /// Several calls in one request; none where the endpoint does not take them so, or what it says
    /// cannot be read.
    async fn batch<R>(
        &self,
        method: &str,
        params: &[Value],
        read: fn(&Value, usize) -> Result<Vec<R>, Fault>,
    ) -> Result<Option<Vec<R>>, RpcError> {
        let calls = params.iter().enumerate();
        let body: Value = calls.map(|(id, params)| request(id, method, params)).collect();
        match self.exchange(method, &body, &|answer| read(answer, params.len())).await {
            Ok(results) => Ok(Some(results)),
            Err(Ended { answered: true, .. }) => Ok(None),
            Err(Ended { error, .. }) => Err(error),
        }
    }
}

impl<W: Wire> Transport for JsonRpc<W> {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let answer = self.single(&self.names.spelled(method), &params).await;
        let Some(old) = self.names.old_name_to_try(method, &answer) else { return answer };
        match self.single(&old, &params).await {
            // It knows neither name: its word on the name that was meant counts.
            Err(error) if names::is_unknown_method(&error) => answer,
            by_old_name => {
                self.names.are_old();
                by_old_name
            }
        }
    }

    async fn call_all(&self, method: &str, params: Vec<Value>) -> Result<Vec<Value>, RpcError> {
        let mut results = Vec::with_capacity(params.len());
        let mut together = self.together.load(Ordering::Relaxed);
        let mut rest = params.as_slice();
        while !rest.is_empty() {
            let (part, later) = rest.split_at(together.clamp(1, rest.len()));
            match part {
                [alone] => results.push(self.call(method, alone.clone()).await?),
                _ => match self.batch(&self.names.spelled(method), part, read_batch).await? {
                    Some(part) => results.extend(part),
                    // The batch was refused, or one call in it: asked alone, that one says so.
                    None => {
                        together = if part.len() > FEW { FEW } else { 1 };
                        continue;
                    }
                },
            }
            rest = later;
        }
        // Each was answered, so what was refused was refused for its size.
        self.together.store(together, Ordering::Relaxed);
        Ok(results)
    }

    async fn call_each(&self, method: &str, params: Vec<Value>) -> Result<Vec<Result<Value, RpcError>>, RpcError> {
        let mut answers = Vec::with_capacity(params.len());
        let mut together = self.together.load(Ordering::Relaxed);
        let mut rest = params.as_slice();
        while !rest.is_empty() {
            let (part, later) = rest.split_at(together.clamp(1, rest.len()));
            let batch = match part {
                [_] => None,
                _ => self.batch(&self.names.spelled(method), part, read_each).await?,
            };
            match batch.filter(|answers| !answers.iter().any(is_of_another_name)) {
                Some(part) => answers.extend(part),
                None if part.len() > FEW => {
                    together = FEW;
                    continue;
                }
                // One after the other: it takes no batches, or knows the method by its old name.
                None => {
                    for params in part {
                        match self.call(method, params.clone()).await {
                            Err(error) if !error.is_refusal() => return Err(error),
                            answer => answers.push(answer),
                        }
                    }
                }
            }
            rest = later;
        }
        Ok(answers)
    }
}

/// Whether the endpoint does not know the method by this name.
fn is_of_another_name(answer: &Result<Value, RpcError>) -> bool {
    answer.as_ref().is_err_and(names::is_unknown_method)
}

fn request(id: usize, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]
mod tests;
