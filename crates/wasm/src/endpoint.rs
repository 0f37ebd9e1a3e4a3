//! A node behind a JavaScript object, and who is told of the progress.

use crate::json;
use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;
use js_sys::{Array, Function, JsString, Promise};
use serde_json::Value;
use spanlight_prover::{Progress, RpcError, Transport};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// What the package gives for each chain: `request(method, params)` with `params` as JSON resolves to the text of a
    /// JSON-RPC response.
    pub type Endpoint;

    #[wasm_bindgen(method, catch)]
    fn request(this: &Endpoint, method: &str, params: &str) -> Result<Promise, JsValue>;
}

impl Transport for Endpoint {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let answer = self.request(method, &text(&params)?).map(JsFuture::from).map_err(|e| no_answer(&words(&e)))?;
        result_of(&answer.await.map_err(|e| no_answer(&words(&e)))?)
    }

    /// All at once: the package puts calls of one moment into one request.
    async fn call_all(&self, method: &str, params: Vec<Value>) -> Result<Vec<Value>, RpcError> {
        let asked = Array::new();
        for params in params {
            let answer = self.request(method, &text(&params)?).map_err(|e| no_answer(&words(&e)))?;
            asked.push(answer.as_ref());
        }
        let answers = JsFuture::from(Promise::all(&asked)).await.map_err(|e| no_answer(&words(&e)))?;
        Array::from(&answers).iter().map(|answer| result_of(&answer)).collect()
    }
}

/// The result in the text of a JSON-RPC response.
fn result_of(answer: &JsValue) -> Result<Value, RpcError> {
    let text = answer.as_string().ok_or_else(|| no_answer("the endpoint gave no text"))?;
    let mut response: Value = serde_json::from_str(&text).map_err(|_| no_answer("the answer is no JSON"))?;
    if let Some(error) = response.get("error").filter(|error| !error.is_null()) {
        let message = error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
        return Err(RpcError::Node { code: error.get("code").and_then(Value::as_i64).unwrap_or_default(), message });
    }
    response.get_mut("result").map(Value::take).ok_or_else(|| no_answer("the answer holds no result"))
}

fn text(params: &Value) -> Result<String, RpcError> {
    json::plain(params).map_err(|_| no_answer("the parameters cannot be written"))
}

fn no_answer(reason: &str) -> RpcError {
    RpcError::Transport { reason: reason.to_owned() }
}

fn words(thrown: &JsValue) -> String {
    let message = js_sys::Reflect::get(thrown, &JsValue::from_str("message"));
    let message = message.ok().and_then(|message| message.as_string());
    message.or_else(|| thrown.as_string()).unwrap_or_else(|| "the endpoint failed".to_owned())
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
