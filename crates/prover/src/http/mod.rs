//! JSON-RPC over HTTP for native programs, bounded in time and size.
//!
//! Calls block the thread: every future is ready when it is first polled.

mod redirect;
mod roots;

use crate::cancel::Cancel;
use crate::jsonrpc::{clean, Answer, Fault, JsonRpc, Limits, Wire};
use crate::rpc::RpcError;
use flate2::read::ZlibDecoder;
use serde_json::Value;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::Read;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use ureq::http::{header, Response};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body};

pub use roots::{Roots, RootsError};

/// Read at a time from an answer; between two reads the flag of cancellation is looked at.
const CHUNK: usize = 1 << 16;
/// Longest answer that is read with the status of a failure: it can only hold words.
const FAILED_ANSWER: u64 = 1 << 16;

/// What a call may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    /// For connecting.
    pub connect: Duration,
    /// For one try of one call or batch, from connecting to the answer's last byte.
    pub timeout: Duration,
    /// Bytes of one answer; the rest is not read.
    pub answer: u64,
    /// Tries of one call or batch, the first included.
    pub tries: u32,
    /// Pause before the second try; it doubles from try to try.
    pub pause: Duration,
    /// Longest pause, also where the endpoint asks for a longer one.
    pub longest_pause: Duration,
    /// Calls in one batch; 1 for none.
    pub batch: usize,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            answer: 64 << 20,
            tries: 4,
            pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(8),
            batch: 64,
        }
    }
}

/// One endpoint behind an `http:` or `https:` address.
pub type Http = JsonRpc<HttpWire>;

/// The way to such an endpoint.
#[derive(Debug)]
pub struct HttpWire {
    /// Where the endpoint is: another address than the one given once it has moved for good.
    url: Mutex<String>,
    agent: Agent,
    /// Why it cannot be asked under encryption.
    barred: Option<RootsError>,
    limits: HttpLimits,
    cancel: Cancel,
}

impl Http {
    /// The endpoint at `url`; none where that is no `http:` or `https:` address. Its name is the address without what may be
    /// a password or a key. Its certificate must be of an authority that this machine trusts.
    #[must_use]
    pub fn new(url: &str, limits: HttpLimits, cancel: Cancel) -> Option<Self> {
        Self::open(url, limits, Roots::of_this_machine(), cancel)
    }

    /// The same, where its certificate must be of one of `roots`.
    #[must_use]
    pub fn with_roots(url: &str, limits: HttpLimits, roots: Roots, cancel: Cancel) -> Option<Self> {
        Self::open(url, limits, Ok(roots), cancel)
    }

    fn open(url: &str, limits: HttpLimits, roots: Result<Roots, RootsError>, cancel: Cancel) -> Option<Self> {
        let name = shown(url)?;
        let (certs, barred) = match roots {
            Ok(roots) => (Some(roots.certs()), None),
            Err(error) => (None, Some(error)),
        };
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // A redirected POST would become a GET: redirects are followed here.
            .max_redirects(0)
            .timeout_global(Some(limits.timeout))
            .timeout_connect(Some(limits.connect))
            .user_agent(concat!("spanlight/", env!("CARGO_PKG_VERSION")));
        if let Some(certs) = certs {
            config = config.tls_config(TlsConfig::builder().root_certs(certs).build());
        }
        if is_this_machine(&name) {
            config = config.proxy(None);
        }
        let agent = config.build().new_agent();
        let wire = HttpWire { url: Mutex::new(url.to_owned()), agent, barred, limits, cancel: cancel.clone() };
        let HttpLimits { tries, pause, longest_pause, batch, .. } = limits;
        Some(Self::over(wire, name, Limits { tries, pause, longest_pause, batch }, cancel))
    }

    /// Sends `body` as it is, once, and gives the status and bytes of the answer as they are: for whoever stands between the
    /// endpoint and a client that does its own reading.
    ///
    /// # Errors
    /// Why there is no answer within the limits, in words.
    pub fn pass(&self, body: &str) -> Result<(u16, Vec<u8>), String> {
        let wire = self.wire();
        let sent = wire.send(&wire.url(), body);
        let answer = sent.and_then(|mut response| Ok((response.status().as_u16(), wire.read(&mut response)?)));
        answer.map_err(|fault| match fault {
            Fault::Passing { reason, .. } | Fault::Unanswered(reason) | Fault::Unfit(reason) => reason,
            Fault::Final(error) => error.to_string(),
        })
    }
}

impl HttpWire {
    fn url(&self) -> String {
        self.url.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn send(&self, url: &str, body: &str) -> Result<Response<Body>, Fault> {
        if let Some(error) = self.barred.as_ref().filter(|_| url.starts_with("https:")) {
            return Err(Fault::Unanswered(error.to_string()));
        }
        let sent = self.agent.post(url).header("content-type", "application/json").send(body);
        sent.map_err(|error| self.fault(&error))
    }

    /// Sends to where the endpoint says that it is.
    fn send_following(&self, body: &str) -> Result<Response<Body>, Fault> {
        let mut url = self.url();
        for _ in 0..=redirect::MOST {
            let response = self.send(&url, body)?;
            let status = response.status().as_u16();
            let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            let Some(location) = location.filter(|_| redirect::is_redirect(status)) else { return Ok(response) };
            let Some(next) = redirect::target(&url, location) else {
                let place = redirect::absolute(&url, location).and_then(|place| shown(&place));
                let place = place.unwrap_or_else(|| "an address that is neither http nor https".to_owned());
                let words =
                    format!("HTTP status {status}: it sends its callers to {place}; give that address if you mean it");
                return Err(Fault::Unanswered(words));
            };
            if redirect::is_permanent(status) {
                next.clone_into(&mut self.url.lock().unwrap_or_else(PoisonError::into_inner));
            }
            url = next;
        }
        Err(Fault::Unanswered(format!(
            "it sends its callers from address to address, more than {} times",
            redirect::MOST
        )))
    }

    fn read(&self, response: &mut Response<Body>) -> Result<Vec<u8>, Fault> {
        if response.body().content_length().is_some_and(|length| length > self.limits.answer) {
            return Err(self.too_large());
        }
        let packed = response.headers().get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        match packed.map(str::to_ascii_lowercase).as_deref() {
            None | Some("identity" | "") => self.read_all(response.body_mut().as_reader()),
            Some("deflate") => self.read_all(ZlibDecoder::new(response.body_mut().as_reader())),
            // What is packed by gzip is unpacked where it arrives.
            Some(other) => {
                Err(Fault::Unanswered(format!("the answer is packed by `{}`, which nobody asked for", clean(other))))
            }
        }
    }

    /// With a failure come words at most. An endpoint in trouble may not even finish them, and they
    /// are not waited for.
    fn words_or_answer(&self, response: &mut Response<Body>) -> Result<Vec<u8>, Fault> {
        let status = response.status();
        let is_short = response.body().content_length().is_some_and(|length| length <= FAILED_ANSWER);
        if status.is_server_error() && !is_short {
            return Ok(Vec::new());
        }
        match self.read(response) {
            Err(Fault::Passing { .. } | Fault::Unanswered(_)) if !status.is_success() => Ok(Vec::new()),
            read => read,
        }
    }

    /// Reads no more than is allowed, however small it is packed.
    fn read_all(&self, mut reader: impl Read) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        let mut chunk = vec![0u8; CHUNK];
        loop {
            if self.cancel.is_cancelled() {
                return Err(Fault::Final(RpcError::Cancelled));
            }
            let count = reader.read(&mut chunk).map_err(|error| self.fault(&ureq::Error::from(error)))?;
            if count == 0 {
                return Ok(bytes);
            }
            bytes.extend(chunk.iter().take(count));
            if u64::try_from(bytes.len()).map_or(true, |length| length > self.limits.answer) {
                return Err(self.too_large());
            }
        }
    }

    fn too_large(&self) -> Fault {
        Fault::Unanswered(format!("the answer is larger than {} bytes", self.limits.answer))
    }

    /// A certificate that is not believed will not be believed a second later.
    fn fault(&self, error: &ureq::Error) -> Fault {
        let words = self.words(error);
        if words.contains("certificate") {
            return Fault::Unanswered(words);
        }
        Fault::passing(words)
    }

    fn words(&self, error: &ureq::Error) -> String {
        match error {
            ureq::Error::Timeout(_) => format!("no answer within {} s", self.limits.timeout.as_secs_f64()),
            ureq::Error::HostNotFound => "no such host".to_owned(),
            // The library repeats the address in its words.
            ureq::Error::BadUri(_) => "its address cannot be read".to_owned(),
            ureq::Error::ConnectionFailed => "connection refused".to_owned(),
            ureq::Error::Io(error) => certificate_words(&error.to_string()),
            other => certificate_words(&other.to_string()),
        }
    }
}

impl Wire for HttpWire {
    async fn post(&self, body: &Value) -> Result<Answer, Fault> {
        let mut response = self.send_following(&body.to_string())?;
        let status = response.status();
        let wait = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = self.words_or_answer(&mut response)?;
        let body = String::from_utf8(body).unwrap_or_default();
        Ok(Answer { status: status.as_u16(), wait: wait.map(Duration::from_secs), body })
    }

    async fn pause(&self, wait: Duration) {
        const STEP: Duration = Duration::from_millis(50);
        let end = Instant::now().checked_add(wait);
        while let Some(left) = end.and_then(|end| end.checked_duration_since(Instant::now())) {
            if left.is_zero() || self.cancel.is_cancelled() {
                return;
            }
            std::thread::sleep(left.min(STEP));
        }
    }

    /// A fresh hasher is seeded at random.
    fn chance(&self) -> f64 {
        let random = u32::try_from(RandomState::new().build_hasher().finish() >> 32).unwrap_or_default();
        f64::from(random) / f64::from(u32::MAX)
    }
}

/// An error's own words, and plainer ones for the certificate of a private network.
fn certificate_words(words: &str) -> String {
    if words.contains("UnknownIssuer") {
        return "its certificate is of an authority that is not trusted here (UnknownIssuer)".to_owned();
    }
    clean(words)
}

/// Scheme, host and port. Users' names, paths and queries hold the keys of hosted nodes.
fn shown(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    if !matches!(scheme, "http" | "https") {
        return None;
    }
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next().filter(|host| !host.is_empty())?;
    // A slash in a password ends the authority early: the rest of the password would pass for a
    // port.
    if host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']') && port.parse::<u16>().is_err()) {
        return None;
    }
    let hidden = authority != host || rest.len() > authority.len().saturating_add(1);
    Some(format!("{scheme}://{host}{}", if hidden { "/..." } else { "" }))
}

fn is_this_machine(name: &str) -> bool {
    let host = name.split("://").nth(1).unwrap_or_default();
    ["127.", "localhost", "[::1]"].iter().any(|own| host.starts_with(own))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects)]
mod tests;
