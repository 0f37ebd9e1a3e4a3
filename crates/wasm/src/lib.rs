//! The border to JavaScript. Bytes and text come in, one typed object goes out; nothing is decided here.
//!
//! 64-bit numbers become `bigint`, absent values `null`. A refusal is thrown as a plain object `{code, message}`, which the
//! TypeScript package turns into its classes. A panic, which would be a fault of this program, is thrown as an `Error` whose
//! message begins with [`PANIC`]: the package then drops the instance, whose memory may be in any state.

mod convert;
#[cfg(feature = "prover")]
mod endpoint;
mod fault;
#[cfg(feature = "prover")]
mod gather;
mod light_client;
#[cfg(feature = "prover")]
mod note;

use convert::{read_bundle, read_trust, to_js};
use fault::Fault;
use spanlight::bundle::BundleSummary;
use spanlight::report::ReportJson;
use wasm_bindgen::prelude::*;

/// How the message of a panic begins.
pub const PANIC: &str = "spanlight panicked";

/// Called once by the glue when an instance is made.
#[wasm_bindgen(start)]
pub fn start() {
    // Only the place is told: formatting the message of a panic would add a tenth to the module.
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or("", std::panic::Location::file);
        let line = info.location().map_or(0, std::panic::Location::line);
        wasm_bindgen::throw_str(&[PANIC, " at ", place, ":", &line.to_string()].concat());
    }));
}

/// Judges a bundle by a trust in JSON at unix time `now`.
///
/// # Errors
/// Where bundle or trust cannot be read. What is wrong with the evidence is a verdict.
#[wasm_bindgen]
pub fn verify(bundle: &[u8], trust: &str, now: u64) -> Result<JsValue, JsValue> {
    let trust = read_trust(trust)?;
    let report = spanlight::verify(&read_bundle(bundle)?, &trust, now).map_err(Fault::from)?;
    to_js(&ReportJson::new(&report))
}

/// What a bundle says about itself; nothing of it is verified.
///
/// # Errors
/// Where bundle or trust cannot be read.
#[wasm_bindgen]
pub fn inspect(bundle: &[u8], trust: Option<String>) -> Result<JsValue, JsValue> {
    let trust = trust.as_deref().map(read_trust).transpose()?;
    to_js(&BundleSummary::new(&read_bundle(bundle)?, trust.as_ref()))
}

/// Panics, so that tests can see that the package survives it. There is no other way to make it panic.
#[wasm_bindgen]
#[doc(hidden)]
#[allow(clippy::panic)]
pub fn panic_for_tests() {
    panic!();
}
