//! Refusals as JavaScript sees them: `{code, message}`.

use crate::convert::to_js;
#[cfg(feature = "prover")]
use crate::note::Note;
use serde::Serialize;
#[cfg(feature = "prover")]
use spanlight_prover::{endpoints::refusal_of, Finding, ProveError};
use wasm_bindgen::JsValue;

/// A refusal with its stable code.
#[derive(Serialize)]
pub(crate) struct Fault {
    code: &'static str,
    message: String,
    /// What was found of endpoints.
    #[cfg(feature = "prover")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Note>,
}

impl Fault {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            #[cfg(feature = "prover")]
            notes: Vec::new(),
        }
    }
}

impl<E: Into<spanlight::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        let error = error.into();
        Self::new(error.code(), error.to_string())
    }
}

/// Not a `From`, which would overlap with the one above. `findings` name the endpoint that refused.
#[cfg(feature = "prover")]
pub(crate) fn of_gathering(error: &ProveError, findings: &[Finding], notes: Vec<Note>) -> Fault {
    let (code, message) = match error {
        ProveError::Rpc(rpc) => {
            let said = refusal_of(rpc, findings).map(|finding| format!(" ({finding})"));
            (rpc.code(), format!("{rpc}{}", said.unwrap_or_default()))
        }
        ProveError::Refused(refused) => (error.code(), format!("the endpoint's answer is refused: {refused}")),
        ProveError::NotFollowed(verdict) => {
            let detail = verdict.detail().unwrap_or_default();
            (verdict.code().unwrap_or("prove.not_followed"), format!("the chain cannot be followed: {detail}"))
        }
        other => (other.code(), other.to_string()),
    };
    Fault { notes, ..Fault::new(code, message) }
}

impl From<Fault> for JsValue {
    fn from(fault: Fault) -> Self {
        to_js(&fault).unwrap_or_else(|_| Self::from_str(fault.code))
    }
}
