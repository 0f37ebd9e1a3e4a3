//! Following chains and gathering bundles from nodes: the prover, driven from JavaScript.

use crate::convert::{read_json, read_trust, to_js};
use crate::endpoint::{Caller, Endpoint};
use crate::fault::{of_gathering, Fault};
use js_sys::{Function, Reflect, Uint8Array};
use serde::{Deserialize, Serialize};
use spanlight::consensus::{Checkpoint, FollowMode};
use spanlight::report::ReportJson;
use spanlight::verdict::HeaderRef;
use spanlight::{Address, Hash, ProofBundle, Trust};
use spanlight_prover::{
    audit as audit_range, prove as prove_subject, sync as follow, Ends, HeaderPlan, Node, ProveError, ProveOptions,
    Reach, RpcError, Subject, SyncOptions,
};
use wasm_bindgen::prelude::*;

/// What `prove` and `audit` are asked, in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    from: String,
    subject: AskSubject,
    now: u64,
    #[serde(default = "full")]
    mode: FollowMode,
    headers: Option<AskHeaders>,
    scan: Option<u64>,
    window: Option<u64>,
    tries: Option<usize>,
    #[serde(default)]
    beyond: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum AskSubject {
    Nonce(u64),
    Transaction(Hash),
    Range(u64, u64),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum AskHeaders {
    Sparse,
    Full,
    Jump,
}

/// What `sync` is asked, in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskSync {
    chain: String,
    now: u64,
    to: Option<u64>,
    #[serde(default = "full")]
    mode: FollowMode,
    #[serde(default)]
    deep: bool,
}

const fn full() -> FollowMode {
    FollowMode::Full
}

impl Ask {
    fn options(&self) -> ProveOptions {
        let usual = ProveOptions::at(self.now);
        ProveOptions {
            window: self.window.unwrap_or(usual.window),
            scan: self.scan,
            tries: self.tries.unwrap_or(usual.tries),
            headers: match self.headers {
                None | Some(AskHeaders::Sparse) => HeaderPlan::Sparse,
                Some(AskHeaders::Full) => HeaderPlan::Full,
                Some(AskHeaders::Jump) => HeaderPlan::Jump,
            },
            ..usual
        }
    }
}

/// What came of following a chain.
#[derive(Serialize)]
struct SyncedJson {
    head: HeaderRef,
    council: Vec<Address>,
    checkpoint: Checkpoint,
    headers_checked: u64,
    seals_checked: u64,
    roots_recomputed: u64,
}

/// Follows a chain from its checkpoint.
///
/// # Errors
/// Those of the endpoint, of the trust, and the first rule that a header breaks.
#[wasm_bindgen]
pub async fn sync(
    trust: String,
    ask: String,
    endpoint: Endpoint,
    progress: Option<Function>,
) -> Result<JsValue, JsValue> {
    let (trust, ask): (Trust, AskSync) = (read_trust(&trust)?, read_json(&ask, "options.json", "options")?);
    let trusted = trust.chain(&ask.chain).map_err(Fault::from)?;
    let node = Node::new(&endpoint, &trusted.profile);
    let options = SyncOptions { to: ask.to, mode: ask.mode, deep: ask.deep, now: ask.now };
    let synced = follow(&node, trusted, options, &Caller::new(progress)).await.map_err(|e| of_gathering(&e))?;
    let client = synced.chain().client();
    to_js(&SyncedJson {
        head: synced.chain().head(),
        council: client.council().members().to_vec(),
        checkpoint: client.checkpoint(),
        headers_checked: synced.headers_checked,
        seals_checked: synced.seals_checked,
        roots_recomputed: synced.roots_recomputed,
    })
}

/// Makes the bundle for a nonce, a transaction or a range, and judges it. Endpoints: of the requests, of the executions.
///
/// # Errors
/// Those of the endpoints and of the trust, and where the subject names no transfer.
#[wasm_bindgen]
pub async fn prove(
    trust: String,
    ask: String,
    source: Endpoint,
    destination: Endpoint,
    progress: Option<Function>,
) -> Result<JsValue, JsValue> {
    let (trust, ask): (Trust, Ask) = (read_trust(&trust)?, read_json(&ask, "options.json", "options")?);
    let progress = Caller::new(progress);
    let subject = match ask.subject {
        AskSubject::Nonce(nonce) => Subject::Nonce(nonce),
        AskSubject::Transaction(hash) => Subject::Transaction(hash),
        AskSubject::Range(first, last) => Subject::Range(first, last),
    };
    let proof = with_ends(&trust, &ask, [&source, &destination], &progress, async |ends| {
        prove_subject(ends, subject, ask.options(), &progress).await
    });
    let proof = proof.await?;
    finished(to_js(&ReportJson::new(&proof.report))?, &proof.bundle, &proof.unavailable)
}

/// Judges every transfer of a range.
///
/// # Errors
/// Those of the endpoints and of the trust, and where the range runs backwards.
#[wasm_bindgen]
pub async fn audit(
    trust: String,
    ask: String,
    source: Endpoint,
    destination: Endpoint,
    progress: Option<Function>,
) -> Result<JsValue, JsValue> {
    let (trust, ask): (Trust, Ask) = (read_trust(&trust)?, read_json(&ask, "options.json", "options")?);
    let progress = Caller::new(progress);
    let AskSubject::Range(first, last) = ask.subject else {
        return Err(Fault::new("options.json", "an audit is of a range").into());
    };
    let audited = with_ends(&trust, &ask, [&source, &destination], &progress, async |ends| {
        let reach = if ask.beyond { Reach::Found } else { Reach::Range };
        audit_range(ends, (first, last), reach, ask.options(), &progress).await
    });
    let audited = audited.await?;
    let report = to_js(&ReportJson::new(&audited.report))?;
    Reflect::set(&report, &"vote_scan".into(), &audited.vote_scan.name().into())?;
    Reflect::set(&report, &"beyond".into(), &to_js(&audited.beyond)?)?;
    finished(report, &audited.bundle, &audited.unavailable)
}

/// Follows both chains and hands them to `job`.
async fn with_ends<'t, R>(
    trust: &'t Trust,
    ask: &Ask,
    [from, to]: [&'t Endpoint; 2],
    progress: &Caller,
    job: impl AsyncFnOnce(&Ends<'_, 't, Endpoint>) -> Result<R, ProveError>,
) -> Result<R, Fault> {
    let (source, destination) = trust.ends_from(&ask.from)?;
    let (source, destination) = (trust.chain(&source.chain)?, trust.chain(&destination.chain)?);
    let (from, to) = (Node::new(from, &source.profile), Node::new(to, &destination.profile));
    let options = SyncOptions { to: None, mode: ask.mode, deep: false, now: ask.now };
    let gathered = async {
        let source = follow(&from, source, options, progress).await?;
        let destination = follow(&to, destination, options, progress).await?;
        job(&Ends { trust, source: (&from, &source), destination: (&to, &destination) }).await
    };
    gathered.await.map_err(|e| of_gathering(&e))
}

/// A nonce of which an endpoint refused evidence.
#[derive(Serialize)]
struct Unavailable {
    nonce: u64,
    code: &'static str,
    detail: String,
}

fn finished(report: JsValue, bundle: &ProofBundle, unavailable: &[(u64, RpcError)]) -> Result<JsValue, JsValue> {
    let refused =
        unavailable.iter().map(|(nonce, e)| Unavailable { nonce: *nonce, code: e.code(), detail: e.to_string() });
    Reflect::set(&report, &"unavailable".into(), &to_js(&refused.collect::<Vec<_>>())?)?;
    Reflect::set(&report, &"bundle".into(), &Uint8Array::from(bundle.encode().as_slice()))?;
    Ok(report)
}
