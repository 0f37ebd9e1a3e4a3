//! Values across the border.

use crate::fault::Fault;
use crate::json;
use alloc::format;
use alloc::string::ToString;
use serde::Serialize;
use spanlight::tree::{FromJson, Json};
use spanlight::{ProofBundle, Trust};
use wasm_bindgen::JsValue;

/// A value as a JavaScript string, of which the package makes an object: 64-bit numbers become `bigint`, absent values `null`.
pub(crate) fn to_js(value: &impl Serialize) -> Result<JsValue, JsValue> {
    json::marked(value).map(JsValue::from).map_err(|e| Fault::new("binding.value", e.to_string()).into())
}

/// A bundle in its binary form. The JSON form is for people; reading it would make the module a tenth larger.
pub(crate) fn read_bundle(bytes: &[u8]) -> Result<ProofBundle, Fault> {
    Ok(ProofBundle::decode(bytes)?)
}

/// A trust file in JSON, usable.
pub(crate) fn read_trust(text: &str) -> Result<Trust, Fault> {
    let trust: Trust = read_json(text, "trust.json", "trust")?;
    trust.check()?;
    Ok(trust)
}

/// Any JSON; `what` names it in the message.
pub(crate) fn read_json<T: FromJson>(text: &str, code: &'static str, what: &str) -> Result<T, Fault> {
    let tree: Json = serde_json::from_str(text).map_err(|e| Fault::new(code, format!("{what}: {e}")))?;
    T::from_json(&tree).map_err(|e| Fault::new(code, format!("{what}: {e}")))
}
