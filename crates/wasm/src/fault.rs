//! Refusals as JavaScript sees them: `{code, message}`.

#[cfg(feature = "prover")]
use alloc::format;
use alloc::string::String;
use alloc::string::ToString;
use js_sys::{Object, Reflect};
#[cfg(feature = "prover")]
use spanlight_prover::ProveError;
use wasm_bindgen::JsValue;

/// A refusal with its stable code.
pub(crate) struct Fault {
    code: &'static str,
    message: String,
}

impl Fault {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl<E: Into<spanlight::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        let error = error.into();
        Self::new(error.code(), error.to_string())
    }
}

#[cfg(feature = "prover")]
/// Not a `From`, which would overlap with the one above.
pub(crate) fn of_gathering(error: &ProveError) -> Fault {
    let message = match error {
        ProveError::Refused(refused) => format!("the endpoint's answer is refused: {refused}"),
        ProveError::NotFollowed(verdict) => {
            let detail = verdict.detail().unwrap_or_default();
            return Fault::new(
                verdict.code().unwrap_or("prove.not_followed"),
                format!("the chain cannot be followed: {detail}"),
            );
        }
        other => other.to_string(),
    };
    Fault::new(error.code(), message)
}

impl From<Fault> for JsValue {
    fn from(fault: Fault) -> Self {
        let thrown = Object::new();
        let set = |name: &str, value: &str| Reflect::set(&thrown, &name.into(), &value.into());
        // Setting a member of a plain object does not fail.
        let _ = (set("code", fault.code), set("message", &fault.message));
        thrown.into()
    }
}
