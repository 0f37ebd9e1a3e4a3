//! Refusals as JavaScript sees them: `{code, message}`.

use serde::Serialize;
#[cfg(feature = "prover")]
use spanlight_prover::ProveError;
use wasm_bindgen::JsValue;

/// A refusal with its stable code.
#[derive(Serialize)]
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
        serde_wasm_bindgen::to_value(&fault).unwrap_or_else(|_| Self::from_str(fault.code))
    }
}
