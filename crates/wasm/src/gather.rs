//! Following chains and gathering bundles from nodes: the prover, driven from JavaScript.

use crate::asked::{Ask, AskSync};
use crate::convert::{read_json, read_trust, to_js};
use crate::endpoint::{Caller, Endpoint, Node};
use crate::fault::{of_gathering, Fault};
use crate::note::{self, Note};
use alloc::format;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;
use js_sys::{Array, Function, Uint8Array};
use serde::Serialize;
use serde_json::Value;
use spanlight::consensus::Checkpoint;
use spanlight::header::from_rpc_json;
use spanlight::report::ReportJson;
use spanlight::verdict::HeaderRef;
use spanlight::{Address, ProofBundle, Trust};
use spanlight_prover::endpoints::{Gathered, Pair};
use spanlight_prover::{
    audit as audit_range, prove as prove_subject, Endpoints, Ends, ProveError, Reach, RpcError, Subject, SyncOptions,
};
use wasm_bindgen::prelude::*;

/// What came of following a chain.
#[derive(Serialize)]
struct SyncedJson {
    head: HeaderRef,
    council: Vec<Address>,
    checkpoint: Checkpoint,
    headers_checked: u64,
    seals_checked: u64,
    roots_recomputed: u64,
    notes: Vec<Note>,
}

/// Follows a chain from its checkpoint, with several endpoints as with one.
///
/// # Errors
/// Those of the endpoints, of the trust, and the first rule that a header breaks.
#[wasm_bindgen]
pub async fn sync(
    trust: String,
    ask: String,
    endpoints: Vec<Endpoint>,
    progress: Option<Function>,
) -> Result<JsValue, JsValue> {
    let (trust, ask): (Trust, AskSync) = (read_trust(&trust)?, read_json(&ask, "options.json", "options")?);
    let trusted = trust.chain(&ask.chain).map_err(Fault::from)?;
    let endpoints = ask.limits.open(endpoints);
    let options = SyncOptions { to: ask.to, mode: ask.mode, deep: ask.deep, time: ask.time() };
    let progress = Caller::new(progress);
    let synced = async {
        endpoints.check(trusted).await?;
        endpoints.follow(trusted, options, &progress).await
    };
    let synced = synced.await;
    let notes: Vec<_> = note::of_chain(&ask.chain, &endpoints).collect();
    let synced = match synced {
        Ok(synced) => synced,
        Err(error) => return Err(of_gathering(&error, &endpoints.findings(), notes).into()),
    };
    let client = synced.chain().client();
    to_js(&SyncedJson {
        head: synced.chain().head(),
        council: client.council().members().to_vec(),
        checkpoint: client.checkpoint(),
        headers_checked: synced.headers_checked,
        seals_checked: synced.seals_checked,
        roots_recomputed: synced.roots_recomputed,
        notes,
    })
}

/// RLP of a header from a node's JSON, by the forks of a chain of the trust. Nothing is believed of
/// it: the light client checks its hash.
///
/// # Errors
/// Where the trust or the JSON cannot be read, or the header lacks a field.
#[wasm_bindgen]
pub fn header_bytes(trust: &str, chain: &str, header: &str) -> Result<Vec<u8>, JsValue> {
    let trust = read_trust(trust)?;
    let profile = &trust.chain(chain).map_err(Fault::from)?.profile;
    let json: Value = serde_json::from_str(header).map_err(|e| Fault::new("options.header", format!("header: {e}")))?;
    Ok(from_rpc_json(&json, profile).map_err(Fault::from)?.encode())
}

/// Makes the bundle for a nonce, a transaction or a range, and judges it. Endpoints: of the requests, of the executions.
///
/// # Errors
/// Those of the endpoints and of the trust, and where the subject names no transfer.
#[wasm_bindgen]
pub async fn prove(
    trust: String,
    ask: String,
    source: Vec<Endpoint>,
    destination: Vec<Endpoint>,
    progress: Option<Function>,
) -> Result<JsValue, JsValue> {
    let (trust, ask): (Trust, Ask) = (read_trust(&trust)?, read_json(&ask, "options.json", "options")?);
    let progress = Caller::new(progress);
    let proof = with_ends(&trust, &ask, [source, destination], &progress, async |ends: &Ends<'_, '_, _>, now| {
        prove_subject(ends, ask.subject.0, ask.options(now), &progress).await
    });
    let (proof, notes) = proof.await?;
    let more = More { vote_scan: None, beyond: None, unavailable: refusals(&proof.unavailable), notes };
    finished(&ReportJson::new(&proof.report), &more, &proof.bundle)
}

/// Judges every transfer of a range.
///
/// # Errors
/// Those of the endpoints and of the trust, and where the range runs backwards.
#[wasm_bindgen]
pub async fn audit(
    trust: String,
    ask: String,
    source: Vec<Endpoint>,
    destination: Vec<Endpoint>,
    progress: Option<Function>,
) -> Result<JsValue, JsValue> {
    let (trust, ask): (Trust, Ask) = (read_trust(&trust)?, read_json(&ask, "options.json", "options")?);
    let progress = Caller::new(progress);
    let Subject::Range(first, last) = ask.subject.0 else {
        return Err(Fault::new("options.json", "an audit is of a range").into());
    };
    let audited = with_ends(&trust, &ask, [source, destination], &progress, async |ends: &Ends<'_, '_, _>, now| {
        let reach = if ask.beyond { Reach::Found } else { Reach::Range };
        audit_range(ends, (first, last), reach, ask.options(now), &progress).await
    });
    let (audited, notes) = audited.await?;
    let more = More {
        vote_scan: Some(audited.vote_scan.name()),
        beyond: Some(audited.beyond),
        unavailable: refusals(&audited.unavailable),
        notes,
    };
    finished(&ReportJson::new(&audited.report), &more, &audited.bundle)
}

/// Follows both chains and hands them to `job`; what was found of the endpoints comes along.
async fn with_ends<G: Gathered>(
    trust: &Trust,
    ask: &Ask,
    [from, to]: [Vec<Endpoint>; 2],
    progress: &Caller,
    job: impl AsyncFn(&Ends<'_, '_, Endpoints<Node>>, u64) -> Result<G, ProveError>,
) -> Result<(G, Vec<Note>), Fault> {
    let (source, destination) = trust.ends_from(&ask.from)?;
    let (source, destination) = (trust.chain(&source.chain)?, trust.chain(&destination.chain)?);
    let (from, to) = (ask.limits.open(from), ask.limits.open(to));
    let options = SyncOptions { to: None, mode: ask.mode, deep: false, time: ask.time() };
    let gathered = async {
        from.check(source).await?;
        to.check(destination).await?;
        let pair = Pair { trust, source: (&from, source), destination: (&to, destination) };
        pair.gather(options, progress, job).await
    };
    let gathered = gathered.await;
    let of_source = note::of_chain(&source.profile.name, &from);
    let notes = of_source.chain(note::of_chain(&destination.profile.name, &to)).collect();
    match gathered {
        Ok(gathered) => Ok((gathered, notes)),
        Err(error) => Err(of_gathering(&error, &[from.findings(), to.findings()].concat(), notes)),
    }
}

/// A nonce of which an endpoint refused evidence.
#[derive(Serialize)]
struct Unavailable {
    nonce: u64,
    code: &'static str,
    detail: String,
}

fn refusals(unavailable: &[(u64, RpcError)]) -> Vec<Unavailable> {
    let told = |(nonce, e): &(u64, RpcError)| Unavailable { nonce: *nonce, code: e.code(), detail: e.to_string() };
    unavailable.iter().map(told).collect()
}

/// What stands beside a report.
#[derive(Serialize)]
struct More {
    #[serde(skip_serializing_if = "Option::is_none")]
    vote_scan: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    beyond: Option<Vec<u64>>,
    unavailable: Vec<Unavailable>,
    notes: Vec<Note>,
}

/// A list of three: the report, what stands beside it, and the bundle.
fn finished(report: &ReportJson<'_>, more: &More, bundle: &ProofBundle) -> Result<JsValue, JsValue> {
    let bundle = Uint8Array::from(bundle.encode().as_slice());
    Ok(Array::of3(&to_js(report)?, &to_js(more)?, &bundle).into())
}
