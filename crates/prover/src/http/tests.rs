use super::*;
use crate::rpc::Transport;
use serde_json::json;
use std::net::TcpListener;

fn limits() -> HttpLimits {
    HttpLimits { tries: 3, pause: Duration::from_millis(2), timeout: Duration::from_secs(2), ..HttpLimits::default() }
}

#[test]
fn shows_no_part_of_an_address_that_may_be_a_key() {
    let cases = [
        ("http://127.0.0.1:8551", Some("http://127.0.0.1:8551")),
        ("https://user:word@node.example/v1/0123?key=4", Some("https://node.example/...")),
        ("https://node.example/", Some("https://node.example")),
        ("http://[::1]:8551", Some("http://[::1]:8551")),
        ("http://[::1]", Some("http://[::1]")),
        ("http://user:wo/rd@node.example", None),
        ("ftp://node.example", None),
        ("http://", None),
        ("node.example", None),
    ];
    for (url, expected) in cases {
        assert_eq!(shown(url).as_deref(), expected, "{url}");
    }
}

#[test]
fn nobody_at_the_address_is_tried_again_and_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let http = Http::new(&format!("http://127.0.0.1:{port}"), limits(), Cancel::default()).unwrap();
    let error = ready(http.call("kaia_blockNumber", json!([]))).unwrap_err().to_string();
    for part in [&format!("127.0.0.1:{port}"), "kaia_blockNumber", "tried 3 times"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_cancelled_call_asks_nobody() {
    let cancel = Cancel::default();
    let http = Http::new("http://127.0.0.1:1", limits(), cancel.clone()).unwrap();
    cancel.cancel();
    assert_eq!(ready(http.call("kaia_blockNumber", json!([]))), Err(RpcError::Cancelled));
}

/// The futures here are ready at once.
fn ready<F: std::future::Future>(future: F) -> F::Output {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("it waits"),
    }
}
