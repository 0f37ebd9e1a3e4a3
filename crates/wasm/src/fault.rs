//! Refusals as JavaScript sees them: `{code, message}`.

#[cfg(feature = "prover")]
use crate::convert::to_js;
#[cfg(feature = "prover")]
use crate::note::Note;
use alloc::format;
use alloc::string::String;
use alloc::string::ToString;
#[cfg(feature = "prover")]
use alloc::vec::Vec;
use js_sys::{Object, Reflect};
#[cfg(feature = "prover")]
use spanlight_prover::{endpoints::refusal_of, Finding, ProveError};
use wasm_bindgen::JsValue;

/// A refusal with its stable code.
pub(crate) struct Fault {
    code: &'static str,
    message: String,
    /// Who is at fault, where the code alone does not say: `endpoint` or `prove`.
    kind: Option<&'static str>,
    /// What was found of endpoints.
    #[cfg(feature = "prover")]
    notes: Vec<Note>,
}

impl Fault {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            kind: None,
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
    let (kind, code, message) = match error {
        ProveError::Rpc(rpc) => {
            let said = refusal_of(rpc, findings).map(|finding| format!(" ({finding})"));
            ("endpoint", rpc.code(), format!("{rpc}{}", said.unwrap_or_default()))
        }
        ProveError::Refused(refused) => {
            ("endpoint", error.code(), format!("the endpoint's answer is refused: {refused}"))
        }
        ProveError::NotFollowed(verdict) => {
            let detail = verdict.detail().unwrap_or_default();
            ("prove", verdict.code().unwrap_or("prove.not_followed"), format!("the chain cannot be followed: {detail}"))
        }
        ProveError::Trust(trust) => ("trust", trust.code(), trust.to_string()),
        other => ("prove", other.code(), other.to_string()),
    };
    Fault { kind: Some(kind), notes, ..Fault::new(code, message) }
}

impl From<Fault> for JsValue {
    fn from(fault: Fault) -> Self {
        let thrown = Object::new();
        let set = |name: &str, value: &JsValue| Reflect::set(&thrown, &name.into(), value);
        // Setting a member of a plain object does not fail.
        let _ = (set("code", &fault.code.into()), set("message", &fault.message.into()));
        if let Some(kind) = fault.kind {
            let _ = set("kind", &kind.into());
        }
        #[cfg(feature = "prover")]
        let _ = to_js(&fault.notes).map(|notes| set("notes", &notes));
        thrown.into()
    }
}
