//! Nodes that refuse browsers, through this server: `/rpc/NAME` stands for one URL that whoever runs the server named.
//!
//! What is sent on is written anew from what was read and checked: the methods that proofs are made from, and no word of the
//! client's besides. Back come JSON and a status. So the proxy reads chains for its clients and does nothing else with a
//! node: no other method, no other path or address, no redirect, no header in either direction.

mod calls;
mod outgoing;
mod rate;
mod slots;

use crate::failure::Failure;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, State};
use axum::http::{header, HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::Router;
use calls::Calls;
use outgoing::Outgoing;
use rate::Rate;
use slots::{Slot, Slots};
use spanlight_prover::{Cancel, Http, HttpLimits};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// Longest request: a batch of proofs of many slots has about half of that.
const LONGEST_REQUEST: usize = 256 << 10;
/// Longest that an answer may be on its way to a client: one that does not read must not keep a slot from the others.
const SENDING: Duration = Duration::from_secs(120);

/// One `--proxy NAME=URL`.
#[derive(Clone, Debug)]
pub(crate) struct Proxied {
    pub(crate) name: String,
    url: String,
    /// The address as it may be shown.
    pub(crate) shown: String,
}

impl FromStr for Proxied {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "write NAME=URL, for example main=https://node.example";
        let (name, url) = text.split_once('=').ok_or(FORM)?;
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if name.is_empty() || name.len() > 64 || !name.chars().all(is_plain) {
            return Err(format!("`{name}` is no name of letters, digits, `-` and `_`; {FORM}"));
        }
        let node = Http::new(url, HttpLimits::default(), Cancel::default());
        let node = node
            .ok_or_else(|| format!("{} is not an http or https URL; {FORM}", spanlight_operator::config::shown(url)))?;
        Ok(Self { name: name.to_owned(), url: url.to_owned(), shown: node.name().to_owned() })
    }
}

/// What the proxy may cost.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Limits {
    /// Wait so long for an endpoint's answer.
    #[arg(long, help_heading = HEADING, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=240))]
    timeout: u64,
    /// Send on no longer answers.
    #[arg(long, help_heading = HEADING, value_name = "MIB", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=256))]
    max_answer: u64,
    /// Let one client make so many calls a second; ten times as many at once.
    #[arg(long, help_heading = HEADING, value_name = "CALLS", default_value_t = NonZeroU32::MIN.saturating_add(499), value_parser = clap::value_parser!(NonZeroU32))]
    rate: NonZeroU32,
}

const HEADING: &str = "Proxy";

impl Limits {
    fn http(&self) -> HttpLimits {
        let timeout = Duration::from_secs(self.timeout);
        HttpLimits { timeout, answer: self.max_answer.saturating_mul(1 << 20), ..HttpLimits::default() }
    }
}

/// The nodes by name, and what is left of everybody's allowance.
pub(crate) struct Proxy {
    nodes: BTreeMap<String, Arc<Http>>,
    rate: Rate,
    slots: Slots,
}

impl Proxy {
    pub(crate) fn new(proxied: &[Proxied], limits: &Limits) -> Result<Self, Failure> {
        let mut nodes = BTreeMap::new();
        for Proxied { name, url, shown } in proxied {
            let node = Http::new(url, limits.http(), Cancel::default());
            let node = node.ok_or_else(|| Failure::usage(format!("--proxy {name}: `{shown}` is no address")))?;
            if nodes.insert(name.clone(), Arc::new(node)).is_some() {
                return Err(Failure::usage(format!("--proxy names `{name}` twice"))
                    .hint("give each endpoint a name of its own, for example main and main-2"));
            }
        }
        Ok(Self { nodes, rate: Rate::new(limits.rate), slots: Slots::default() })
    }

    pub(crate) fn router(self) -> Router {
        if self.nodes.is_empty() {
            return Router::new();
        }
        Router::new()
            .route("/rpc/{name}", post(forward))
            .layer(DefaultBodyLimit::max(LONGEST_REQUEST))
            .with_state(Arc::new(self))
    }

    async fn forward(
        &self,
        name: &str,
        client: SocketAddr,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Answer, Refusal> {
        let node = self.nodes.get(name).ok_or(Refusal::Unknown)?;
        comes_from_this_page(headers)?;
        let calls = Calls::read(body).map_err(Refusal::Call)?;
        if !self.rate.allows(client.ip(), calls.count()).await {
            return Err(Refusal::Rate);
        }
        let slot = self.slots.take(client.ip()).ok_or(Refusal::Busy)?;
        let (node, body) = (Arc::clone(node), calls.to_string());
        // A client that leaves does not end the thread, so the slot goes along with it and comes back with the answer.
        let asked = tokio::task::spawn_blocking(move || (node.pass(&body), slot));
        let (answer, slot) = asked.await.map_err(|_| Refusal::Busy)?;
        let (status, bytes) = answer.map_err(Refusal::Endpoint)?;
        Answer::new(status, bytes, slot)
    }
}

async fn forward(
    State(proxy): State<Arc<Proxy>>,
    Path(name): Path<String>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match proxy.forward(&name, client, &headers, &body).await {
        Ok(answer) => answer.into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// Only the page that this server serves, and programs, may ask: another site's script must neither read nodes through a
/// visitor's server nor use up the visitor's allowance. Browsers tell the site in `origin`, and ask before they send JSON.
fn comes_from_this_page(headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let content_type = text(header::CONTENT_TYPE).and_then(|value| value.split(';').next()).unwrap_or_default();
    if !content_type.trim().eq_ignore_ascii_case("application/json") {
        return Err(Refusal::NoJson);
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let site = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, site)| site);
    if site.is_some() && site == text(header::HOST) {
        Ok(())
    } else {
        Err(Refusal::Origin)
    }
}

/// What an endpoint answered.
struct Answer {
    status: StatusCode,
    json: Vec<u8>,
    slot: Slot,
}

impl Answer {
    /// Refuses redirects, and what is no JSON: a browser might show it.
    fn new(status: u16, json: Vec<u8>, slot: Slot) -> Result<Self, Refusal> {
        let failed = |what: &str| Refusal::Endpoint(what.to_owned());
        let status = StatusCode::from_u16(status).map_err(|_| failed("no HTTP status"))?;
        if status.is_redirection() || status.is_informational() {
            return Err(failed("it redirects, which is not followed"));
        }
        if serde_json::from_slice::<serde::de::IgnoredAny>(&json).is_err() {
            return Err(failed(&format!("HTTP status {}, and no JSON", status.as_u16())));
        }
        Ok(Self { status, json, slot })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let fields = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
        (self.status, fields, Body::new(Outgoing::new(self.json, self.slot, SENDING))).into_response()
    }
}

/// Why a request was not answered by an endpoint. Told as plain text, which no client takes for a node's answer; so those
/// that may pass are tried again.
enum Refusal {
    Unknown,
    NoJson,
    Origin,
    Call(calls::Unfit),
    Rate,
    Busy,
    Endpoint(String),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, reason) = match self {
            Self::Unknown => (StatusCode::NOT_FOUND, "this proxy has no endpoint of that name".to_owned()),
            Self::NoJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type must be application/json".to_owned()),
            Self::Origin => (StatusCode::FORBIDDEN, "this proxy serves its own page only".to_owned()),
            Self::Call(unfit) => return unfit.into_response(),
            Self::Rate => (StatusCode::TOO_MANY_REQUESTS, "too many calls: slow down".to_owned()),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "this proxy is busy: try again".to_owned()),
            Self::Endpoint(reason) => (StatusCode::BAD_GATEWAY, format!("the endpoint failed: {reason}")),
        };
        let mut response = (status, format!("{reason}\n")).into_response();
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
