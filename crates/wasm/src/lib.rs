//! The border to JavaScript. Bytes and text come in, one typed object goes out; nothing is decided here.
//!
//! The object crosses as JSON text (module `json`). A refusal is thrown as a plain object `{code, message}`, which the
//! TypeScript package turns into its classes. A panic, which would be a fault of this program, is a trap: JavaScript sees a
//! `WebAssembly.RuntimeError`, and the package drops the instance, whose memory may be in any state.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

#[cfg(feature = "prover")]
mod asked;
mod convert;
#[cfg(feature = "prover")]
mod endpoint;
mod fault;
#[cfg(feature = "prover")]
mod gather;
mod json;
mod light_client;
#[cfg(feature = "prover")]
mod note;

use alloc::string::String;
use convert::{read_bundle, read_trust, to_js};
use fault::Fault;
use spanlight::bundle::BundleSummary;
use spanlight::report::ReportJson;
use wasm_bindgen::prelude::*;

/// What a program needs that has no std.
#[cfg(target_arch = "wasm32")]
mod runtime {
    #[global_allocator]
    static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

    /// Says nothing: that nothing reads the message lets the linker leave all of them out, with the code that formats them.
    #[panic_handler]
    fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
        core::arch::wasm32::unreachable()
    }
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
