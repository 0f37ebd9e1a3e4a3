//! What is found of endpoints, as JavaScript sees it.

use crate::endpoint::Node;
use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::Serialize;
use spanlight_prover::{Endpoints, Finding};

/// One finding. What does not fit it is left `null`.
#[derive(Serialize)]
pub(crate) struct Note {
    chain: String,
    code: &'static str,
    endpoints: Vec<String>,
    method: Option<String>,
    height: Option<u64>,
    field: Option<&'static str>,
    values: Option<[String; 2]>,
    reason: Option<&'static str>,
    seconds: Option<u64>,
    since: Option<u64>,
    detail: String,
}

/// Everything that was found of one chain's endpoints.
pub(crate) fn of_chain<'e>(chain: &'e str, endpoints: &'e Endpoints<Node>) -> impl Iterator<Item = Note> + 'e {
    endpoints.findings().into_iter().map(move |finding| {
        let (code, detail) = (finding.code(), finding.to_string());
        let mut note = Note {
            chain: chain.to_owned(),
            code,
            endpoints: Vec::new(),
            method: None,
            height: None,
            field: None,
            values: None,
            reason: finding.reason(),
            seconds: None,
            since: None,
            detail,
        };
        match finding {
            Finding::Aside { endpoint, .. } | Finding::PassedOver { endpoint } => note.endpoints.push(endpoint),
            Finding::Behind { endpoint, head, .. } => {
                note.endpoints.push(endpoint);
                note.height = Some(head);
            }
            Finding::AllSay { endpoints, .. } => note.endpoints = endpoints,
            Finding::StandsStill { head, since, .. } => (note.height, note.since) = (Some(head), Some(since)),
            Finding::Refused { endpoint, method, .. } => {
                note.endpoints.push(endpoint);
                note.method = Some(method);
            }
            Finding::Disagreement { endpoints, height, field, values } => {
                note.endpoints.extend(endpoints);
                (note.height, note.field, note.values) = (Some(height), Some(field), Some(values));
            }
            Finding::ClockBehind { seconds, .. } => note.seconds = Some(seconds),
            _ => {}
        }
        note
    })
}
