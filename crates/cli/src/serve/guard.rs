//! What holds for every request and answer: who may ask, and what a browser may do with what it gets.

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{header, HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{from_fn_with_state, Next};
use axum::response::{IntoResponse, Response};
use axum::Router;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;

/// A request that has not arrived and been answered by then is dropped. Longer than any `--timeout` of an endpoint that is
/// of use.
const LONGEST: Duration = Duration::from_secs(300);

/// For every answer that does not say otherwise.
const FIELDS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
];

/// The names under which the server may be asked.
///
/// A stranger's site can let its own name point at this machine ("DNS rebinding"), and the browser would then let it read
/// whatever is served here, nodes behind the proxy included. It cannot choose what the browser sends as `host`: that is its
/// own name. So names are refused unless they were given; a bare address is nobody's name.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    names: Arc<[String]>,
}

impl Guard {
    /// Also answers to these names, besides addresses and `localhost`.
    pub(crate) fn new(names: &[String]) -> Self {
        Self { names: names.iter().map(|name| name.to_ascii_lowercase()).collect() }
    }

    /// `app` behind this guard.
    pub(crate) fn around(self, app: Router) -> Router {
        app.layer(CompressionLayer::new())
            .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, LONGEST))
            .layer(from_fn_with_state(self, guarded))
    }

    /// Whether the request is addressed to this server.
    fn host_is_ours(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
        let Some(host) = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()) else { return false };
        let name = host.host().to_ascii_lowercase();
        let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
        address.parse::<IpAddr>().is_ok() || name == "localhost" || self.names.contains(&name)
    }
}

async fn guarded(State(guard): State<Guard>, request: Request, next: Next) -> Response {
    let mut response = if guard.host_is_ours(request.headers()) {
        next.run(request).await
    } else {
        let reason = "this server does not answer to that host name; start it with --host NAME to allow it\n";
        (StatusCode::MISDIRECTED_REQUEST, reason).into_response()
    };
    for (name, value) in FIELDS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_nobodys_name_and_names_must_be_given() {
        let guard = Guard::new(&["Verify.example".to_owned()]);
        let asked = |hosts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, HeaderValue::from_static(host));
            }
            guard.host_is_ours(&headers)
        };
        for host in ["127.0.0.1:8080", "[::1]:80", "10.1.2.3", "localhost:1", "verify.example", "VERIFY.example:443"] {
            assert!(asked(&[host]), "{host}");
        }
        for host in
            ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "x@evil.example", "1.2.3", "a b"]
        {
            assert!(!asked(&[host]), "{host}");
        }
        assert!(!asked(&[]));
        assert!(!asked(&["127.0.0.1", "127.0.0.1"]));
    }
}
