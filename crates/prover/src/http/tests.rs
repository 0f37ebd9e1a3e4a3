use super::*;
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
        ("ftp://node.example", None),
        ("http://", None),
        ("node.example", None),
    ];
    for (url, expected) in cases {
        assert_eq!(shown(url).as_deref(), expected, "{url}");
    }
}

#[test]
fn pauses_double_to_a_limit_and_heed_the_endpoint() {
    let ms = Duration::from_millis;
    let mut pauses = Pauses::new(ms(100), ms(300));
    for full in [100, 200, 300, 300] {
        let pause = pauses.next(None);
        assert!(pause >= ms(full) / 2 && pause <= ms(full), "{pause:?} of {full}");
    }
    assert_eq!(pauses.next(Some(ms(9999))), ms(300));
    assert_eq!(Pauses::new(ms(1), ms(300)).next(Some(ms(40))), ms(40));
}

#[test]
fn a_batch_is_read_in_any_order_and_only_whole() {
    let item = |id: u64| json!({ "jsonrpc": "2.0", "id": id, "result": id });
    let read = |answer: Value| read_batch(&answer, 2);
    assert_eq!(read(json!([item(1), item(0)])).unwrap(), [json!(0), json!(1)]);
    for unfit in
        [json!([item(0)]), json!([item(0), item(0)]), json!([item(0), item(2)]), json!({}), json!([item(0), 1])]
    {
        assert!(matches!(read(unfit), Err(Fault::Passing { .. })));
    }
    let refused = json!([item(0), { "id": 1, "error": { "code": -32000, "message": "no\u{1b}[2J" } }]);
    let Err(Fault::Final(RpcError::Node { code, message })) = read(refused) else { panic!("not final") };
    assert_eq!((code, message.as_str()), (-32000, "no [2J"));
}

#[test]
fn a_rate_limit_passes_and_other_errors_are_final() {
    let answer = |code: i64, message: &str| json!({ "id": 0, "error": { "code": code, "message": message } });
    assert!(matches!(read_single(&answer(-32005, "rate limit reached")), Err(Fault::Passing { .. })));
    assert!(matches!(read_single(&answer(-32005, "more than 10000 results")), Err(Fault::Final(_))));
    assert!(matches!(read_single(&json!({ "id": 1, "result": 1 })), Err(Fault::Passing { .. })));
    assert!(matches!(read_single(&json!({ "id": 0 })), Err(Fault::Passing { .. })));
    assert_eq!(read_single(&json!({ "id": 0, "result": null })).unwrap(), Value::Null);
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
