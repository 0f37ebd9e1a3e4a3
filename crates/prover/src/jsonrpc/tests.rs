use super::*;
use alloc::string::ToString;
use alloc::vec;

#[test]
fn pauses_double_to_a_limit_and_heed_the_endpoint() {
    let ms = Duration::from_millis;
    let mut pauses = Pauses::new(ms(100), ms(300));
    for full in [100, 200, 300, 300] {
        assert_eq!([pauses.next(None, 0.5)], [ms(full) * 3 / 4]);
    }
    assert_eq!(pauses.next(Some(ms(9999)), 0.0), ms(300));
    assert_eq!(Pauses::new(ms(1), ms(300)).next(Some(ms(40)), 1.0), ms(40));
}

#[test]
fn a_batch_is_read_in_any_order_and_only_whole() {
    let item = |id: u64| json!({ "jsonrpc": "2.0", "id": id, "result": id });
    let read = |answer: Value| read_batch(&answer, 2);
    assert_eq!(read(json!([item(1), item(0)])).unwrap(), [json!(0), json!(1)]);
    for unfit in
        [json!([item(0)]), json!([item(0), item(0)]), json!([item(0), item(2)]), json!({}), json!([item(0), 1])]
    {
        assert!(matches!(read(unfit), Err(Fault::Unfit(_))));
    }
    let text = |id: &str| json!({ "id": id, "result": id });
    assert_eq!(read(json!([text("1"), text("0")])).unwrap(), [json!("0"), json!("1")]);
    assert!(matches!(read(json!([text("1"), text("x")])), Err(Fault::Unfit(_))));
    let refused = json!([item(0), { "id": 1, "error": { "code": -32000, "message": "no\u{1b}[2J" } }]);
    let Err(Fault::Final(RpcError::Node { code, message })) = read(refused) else { panic!("not final") };
    assert_eq!((code, message.as_str()), (-32000, "no [2J"));
}

/// The message of a node does not name it; what a contract says in words stands in the message
/// already.
#[test]
fn a_custom_error_of_a_contract_is_kept_with_the_message() {
    let read = |message: &str, data: Value| {
        let answer = json!({ "id": 0, "error": { "code": 3, "message": message, "data": data } });
        let Err(Fault::Final(RpcError::Node { message, .. })) = read_single(&answer) else { panic!("not final") };
        message
    };
    let plain = "execution reverted";
    assert_eq!(read(plain, json!("0x1a2b3c4d0000")), "execution reverted (0x1a2b3c4d)");
    assert_eq!(read("evm: execution reverted", json!("0x1a2b3c4d")), "evm: execution reverted (0x1a2b3c4d)");
    assert_eq!(read("execution reverted: why", json!("0x08c379a0")), "execution reverted: why");
    for data in [json!("0x"), json!("0x1a2b3c\u{1b}["), json!("0xnothexno"), json!(7), Value::Null, json!("été0x1a2b")]
    {
        assert_eq!(read(plain, data.clone()), plain, "{data}");
    }
}

#[test]
fn a_rate_limit_passes_and_other_errors_are_final() {
    let answer = |code: i64, message: &str| json!({ "id": 0, "error": { "code": code, "message": message } });
    assert!(matches!(read_single(&answer(-32005, "rate limit reached")), Err(Fault::Passing { .. })));
    assert!(matches!(read_single(&answer(-32005, "more than 10000 results")), Err(Fault::Final(_))));
    assert!(matches!(read_single(&json!({ "id": 1, "result": 1 })), Err(Fault::Unfit(_))));
    assert!(matches!(read_single(&json!({ "id": 0 })), Err(Fault::Unfit(_))));
    assert_eq!(read_single(&json!({ "id": 0, "result": null })).unwrap(), Value::Null);
}

/// Answers calls of any method with null, but refuses one method; refuses batches too, or not.
struct Fussy {
    takes_batches: bool,
    posts: std::cell::Cell<usize>,
}

impl Wire for Fussy {
    async fn post(&self, calls: &Value) -> Result<Answer, Fault> {
        self.posts.set(self.posts.get() + 1);
        let one = |call: &Value| match call["method"].as_str() {
            Some("no") => json!({ "id": call["id"], "error": { "code": -32601, "message": "no such method" } }),
            _ => json!({ "id": call["id"], "result": null }),
        };
        let answer = match calls.as_array() {
            Some(calls) if self.takes_batches => calls.iter().map(one).collect(),
            Some(_) => json!({ "error": { "code": -32600, "message": "no batches" } }),
            None => one(calls),
        };
        Ok(Answer { status: 200, wait: None, body: answer.to_string() })
    }

    async fn pause(&self, _: Duration) {}

    fn chance(&self) -> f64 {
        0.0
    }
}

#[test]
fn only_an_endpoint_that_refuses_batches_is_asked_one_call_at_a_time() {
    for (takes_batches, posts) in [(true, [1, 2, 1]), (false, [4, 1, 3])] {
        let wire = Fussy { takes_batches, posts: std::cell::Cell::default() };
        let node = JsonRpc::over(wire, "node".into(), Limits::default(), Cancel::default());
        let ask = |method| ready(node.call_all(method, vec![json!([]); 3]));
        assert_eq!(ask("yes").unwrap(), vec![Value::Null; 3]);
        assert_eq!(node.wire().posts.take(), posts[0]);
        // A refused call is no refused batch.
        assert_eq!(ask("no").unwrap_err().code(), "rpc.node");
        assert_eq!(node.wire().posts.take(), posts[1]);
        assert_eq!(ask("yes").unwrap(), vec![Value::Null; 3]);
        assert_eq!(node.wire().posts.take(), posts[2]);
    }
}

#[test]
fn what_an_endpoint_refuses_of_one_call_keeps_no_other_back() {
    let said = |id: u64| match id {
        1 => json!({ "id": id, "error": { "code": -32000, "message": "nonce too low" } }),
        _ => json!({ "id": id, "result": id }),
    };
    let read = |answer: Value| read_each(&answer, 3);
    let answers = read(json!([said(2), said(1), said(0)])).unwrap();
    assert_eq!((answers[0].as_ref().ok(), answers[2].as_ref().ok()), (Some(&json!(0)), Some(&json!(2))));
    assert_eq!(answers[1].as_ref().unwrap_err().code(), "rpc.node");
    for unfit in
        [json!([said(0), said(1)]), json!([said(0), said(0), said(1)]), json!([said(3)]), json!({}), json!([1])]
    {
        assert!(matches!(read(unfit), Err(Fault::Unfit(_))));
    }
    let whole = json!([{ "id": null, "error": { "code": -32600, "message": "batch too large" } }]);
    assert!(matches!(read(whole), Err(Fault::Final(RpcError::Node { .. }))));
    let rate = json!([said(0), { "id": 1, "error": { "code": 429, "message": "slow down" } }, said(2)]);
    assert!(matches!(read(rate), Err(Fault::Passing { .. })));
}

#[test]
fn each_call_is_answered_in_one_request_or_one_after_the_other() {
    for (takes_batches, posts) in [(true, [1, 4]), (false, [4, 4])] {
        let wire = Fussy { takes_batches, posts: std::cell::Cell::default() };
        let node = JsonRpc::over(wire, "node".into(), Limits::default(), Cancel::default());
        let ask = |method| ready(node.call_each(method, vec![json!([]); 3])).unwrap();
        assert!(ask("yes").iter().all(Result::is_ok));
        assert_eq!(node.wire().posts.take(), posts[0]);
        // A method of another name is asked for by itself, which finds the name.
        assert!(ask("no").iter().all(Result::is_err));
        assert_eq!(node.wire().posts.take(), posts[1]);
    }
}

/// The futures here are ready at once.
fn ready<F: std::future::Future>(future: F) -> F::Output {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("it waits"),
    }
}
