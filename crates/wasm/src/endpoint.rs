//! A node behind a JavaScript object, asked over HTTP or through a provider, and who is told of the progress.

use crate::json;
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::time::Duration;
use js_sys::{Array, Function, JsString, Promise, Reflect};
use serde_json::Value;
use spanlight_prover::jsonrpc::{clean, Answer, Fault, JsonRpc, Limits, Wire};
use spanlight_prover::{Cancel, Endpoints, Progress, RpcError, Transport};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// What the package gives for each endpoint. Its promises reject where no answer came, and resolve to nothing where the
    /// whole call was cancelled.
    pub type Endpoint;

    /// The name under which it is reported.
    #[wasm_bindgen(method, getter)]
    fn name(this: &Endpoint) -> String;

    /// Whether it is an address; else a provider.
    #[wasm_bindgen(method, getter)]
    fn http(this: &Endpoint) -> bool;

    /// Sends the body once: resolves to what came back.
    #[wasm_bindgen(method, catch)]
    fn post(this: &Endpoint, body: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn pause(this: &Endpoint, milliseconds: f64) -> Result<Promise, JsValue>;

    /// Asks a provider; `params` are JSON. Resolves to the text of a JSON-RPC response.
    #[wasm_bindgen(method, catch)]
    fn request(this: &Endpoint, method: &str, params: &str) -> Result<Promise, JsValue>;

    /// An answer over HTTP.
    type Posted;

    #[wasm_bindgen(method, getter)]
    fn status(this: &Posted) -> u16;

    /// The seconds that the node asks to wait.
    #[wasm_bindgen(method, getter)]
    fn wait(this: &Posted) -> Option<f64>;

    #[wasm_bindgen(method, getter)]
    fn text(this: &Posted) -> String;
}

/// An endpoint as the prover uses it.
pub(crate) enum Node {
    Http(JsonRpc<Endpoint>),
    Provider(Endpoint),
}

/// The endpoints of one chain, best first.
pub(crate) fn open(list: Vec<Endpoint>, limits: Limits, max_lag: u64) -> Endpoints<Node> {
    let open = |endpoint: Endpoint| {
        let name = endpoint.name();
        let node = match endpoint.http() {
            true => Node::Http(JsonRpc::over(endpoint, name.clone(), limits, Cancel::default())),
            false => Node::Provider(endpoint),
        };
        (name, node)
    };
    Endpoints::new(list.into_iter().map(open), Cancel::default()).with_max_lag(max_lag)
}

impl Wire for Endpoint {
    async fn post(&self, body: &Value) -> Result<Answer, Fault> {
        let body = json::plain(body).map_err(|_| Fault::Unanswered("the call cannot be written".to_owned()))?;
        let sent = Endpoint::post(self, &body).map(JsFuture::from);
        let answer = match sent {
            Ok(answer) => answer.await,
            Err(thrown) => Err(thrown),
        };
        let answer = answer.map_err(|thrown| match is_final(&thrown) {
            true => Fault::Unanswered(words(&thrown)),
            false => Fault::passing(words(&thrown)),
        })?;
        if answer.is_undefined() {
            return Err(Fault::Final(RpcError::Cancelled));
        }
        let posted: Posted = answer.unchecked_into();
        let wait = posted.wait().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Ok(Answer { status: posted.status(), wait, body: posted.text() })
    }

    async fn pause(&self, wait: Duration) {
        if let Ok(pause) = Endpoint::pause(self, wait.as_secs_f64() * 1000.0) {
            // It only resolves.
            let _ = JsFuture::from(pause).await;
        }
    }

    fn chance(&self) -> f64 {
        js_sys::Math::random()
    }
}

impl Transport for Node {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        match self {
            Self::Http(http) => http.call(method, params).await,
            Self::Provider(provider) => {
                let mut results = provider.ask(method, vec![params]).await?;
                results.pop().ok_or(RpcError::Cancelled)
            }
        }
    }

    async fn call_all(&self, method: &str, params: Vec<Value>) -> Result<Vec<Value>, RpcError> {
        match self {
            Self::Http(http) => http.call_all(method, params).await,
            Self::Provider(provider) => provider.ask(method, params).await,
        }
    }
}

impl Endpoint {
    /// Asks a provider for all at once: how they travel is its own affair.
    async fn ask(&self, method: &str, params: Vec<Value>) -> Result<Vec<Value>, RpcError> {
        let silent =
            |thrown: &JsValue| RpcError::Transport { reason: format!("{}, {method}: {}", self.name(), words(thrown)) };
        let asked = Array::new();
        for params in params {
            let params = json::plain(&params).map_err(|_| silent(&JsValue::from_str("the call cannot be written")))?;
            asked.push(self.request(method, &params).map_err(|e| silent(&e))?.as_ref());
        }
        let answers = JsFuture::from(Promise::all(&asked)).await.map_err(|e| silent(&e))?;
        Array::from(&answers)
            .iter()
            .map(|answer| match answer.as_string() {
                Some(text) => result_of(&text).map_err(|reason| match reason {
                    Some(error) => error,
                    None => silent(&JsValue::from_str("the answer is no JSON-RPC answer")),
                }),
                None => Err(RpcError::Cancelled),
            })
            .collect()
    }
}

/// The result in the text of a provider's response; its error, if it says one.
fn result_of(text: &str) -> Result<Value, Option<RpcError>> {
    let mut response: Value = serde_json::from_str(text).map_err(|_| None)?;
    if let Some(error) = response.get("error").filter(|error| !error.is_null()) {
        let message = clean(error.get("message").and_then(Value::as_str).unwrap_or("no message"));
        return Err(Some(RpcError::Node {
            code: error.get("code").and_then(Value::as_i64).unwrap_or_default(),
            message,
        }));
    }
    response.get_mut("result").map(Value::take).ok_or(None)
}

/// Whether asking again would not help.
fn is_final(thrown: &JsValue) -> bool {
    Reflect::get(thrown, &JsValue::from_str("final")).is_ok_and(|value| value.is_truthy())
}

fn words(thrown: &JsValue) -> String {
    let message = Reflect::get(thrown, &JsValue::from_str("message"));
    let message = message.ok().and_then(|message| message.as_string()).or_else(|| thrown.as_string());
    message.map_or_else(|| "the endpoint failed".to_owned(), |words| clean(&words))
}

/// Calls `callback(stage, done, total)` with the stage's name, the steps done and the steps there are, if known.
pub(crate) struct Caller {
    callback: Option<Function>,
    stage: RefCell<(JsString, JsValue)>,
}

impl Caller {
    pub(crate) fn new(callback: Option<Function>) -> Self {
        Self { callback, stage: RefCell::new((JsString::from(""), JsValue::UNDEFINED)) }
    }

    fn tell(&self, done: u64) {
        let Some(callback) = &self.callback else { return };
        let (stage, total) = self.stage.borrow().clone();
        // What a listener throws is its own affair and stops nothing.
        let _ = callback.call3(&JsValue::NULL, &stage, &number(done), &total);
    }
}

impl Progress for Caller {
    fn start(&self, what: &str, total: Option<u64>) {
        *self.stage.borrow_mut() = (JsString::from(what), total.map_or(JsValue::UNDEFINED, number));
        self.tell(0);
    }

    fn step(&self, done: u64) {
        self.tell(done);
    }

    fn finish(&self) {}
}

/// Counts of steps stay far below the largest exact double.
fn number(count: u64) -> JsValue {
    u32::try_from(count).map_or(JsValue::UNDEFINED, JsValue::from)
}
