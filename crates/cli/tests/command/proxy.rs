//! The proxy of `spanlight serve`: everything that proofs are made from passes, and nothing else, in either direction.

use crate::common::{fixture, nobody, run, scratch};
use crate::served::Served;
use serde_json::{json, Value};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{channel, Receiver};
use std::time::{Duration, Instant};

const NOW: &str = "1795398976";
const JSON: &str = "content-type: application/json";

/// `spanlight serve` in front of these nodes.
fn proxy(nodes: &[(&str, &str)], more: &[&str]) -> Served {
    let folder = scratch("proxy-page");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("index.html"), "page").unwrap();
    let nodes: Vec<String> = nodes.iter().map(|(name, url)| format!("{name}={url}")).collect();
    let mut arguments: Vec<&str> = nodes.iter().flat_map(|node| ["--proxy", node.as_str()]).collect();
    arguments.extend(more);
    Served::page(&folder.display().to_string(), &arguments)
}

/// A node that gives the same response to everyone, and tells what it was asked. Without a response it never answers.
fn node(response: Option<String>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let _ = tell.send(read_request(&mut stream));
            match &response {
                Some(response) => drop(stream.write_all(response.as_bytes())),
                None => kept.push(stream),
            }
        }
    });
    (url, told)
}

fn read_request(stream: &mut TcpStream) -> String {
    let (mut request, mut part) = (String::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut part).unwrap_or(0);
        request += &String::from_utf8_lossy(&part[..count]);
        let body = request.split_once("\r\n\r\n").map(|(head, body)| (head.to_ascii_lowercase(), body.len()));
        let is_whole = body.is_some_and(|(head, length)| head.contains(&format!("content-length: {length}")));
        if count == 0 || is_whole {
            return request;
        }
    }
}

fn ok(body: &str) -> Option<String> {
    let length = body.len();
    Some(format!("HTTP/1.1 200 OK\r\nconnection: close\r\nset-cookie: a=b\r\naccess-control-allow-origin: *\r\ncontent-type: text/html\r\ncontent-length: {length}\r\n\r\n{body}"))
}

fn call(method: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": [] })
}

#[test]
fn all_that_proofs_are_made_from_passes() {
    let (main, service) = (Served::chain("main"), Served::chain("service"));
    let proxy = proxy(&[("main", &main.url), ("s-2", &service.url)], &[]);
    let trust = fixture("trust.toml");
    let through = [format!("main={}/rpc/main", proxy.url), format!("service={}/rpc/s-2", proxy.url)];
    let direct = [format!("main={}", main.url), format!("service={}", service.url)];
    let story: Value = serde_json::from_str(&std::fs::read_to_string(fixture("transfers.json")).unwrap()).unwrap();
    let transaction = story["transfers"][0]["request"]["tx"].as_str().unwrap();
    let from = story["transfers"][0]["from"].as_str().unwrap();
    let ask = |rpc: &[String; 2], arguments: &[&str]| {
        let more = ["--trust", &trust, "--now", NOW, "--json", "--rpc", &rpc[0], "--rpc", &rpc[1]];
        let ran = run(&[arguments, &more].concat());
        assert!(ran.code < 3, "{}", ran.stderr);
        (ran.code, ran.json())
    };
    for arguments in
        [["audit", "--from", "main", "--nonces", "0..20"].as_slice(), &["prove", "--from", from, "--tx", transaction]]
    {
        assert_eq!(ask(&through, arguments), ask(&direct, arguments));
    }
}

#[test]
fn nothing_of_the_client_reaches_the_node_but_its_calls_and_nothing_but_json_comes_back() {
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":"0x1"}"#;
    let (url, told) = node(ok(answer));
    let proxy = proxy(&[("main", &format!("{url}/v1/key"))], &[]);
    let body = r#"{"id":1,"extra":"x","method":"kaia_getProof","jsonrpc":"2.0","params":["0x1",{"a":1}]}"#;
    let fields = [JSON, "cookie: c=d", "authorization: Bearer t", "x-forwarded-for: 1.2.3.4", "accept-language: ko"];
    let response = proxy.send("/rpc/main?query=1", body, &fields);
    assert_eq!((response.status, response.text().as_str()), (200, answer));
    assert_eq!(response.field("content-type"), Some("application/json"));
    assert_eq!(response.field("cache-control"), Some("no-store"));
    assert!(response.field("set-cookie").is_none() && response.field("access-control-allow-origin").is_none());
    let request = told.recv().unwrap();
    let (head, sent) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v1/key HTTP/1.1"), "{head}");
    for word in
        ["cookie", "authorization", "forwarded", "accept-language", "query", proxy.url.split("//").nth(1).unwrap()]
    {
        assert!(!head.to_ascii_lowercase().contains(word), "{head}");
    }
    assert_eq!(sent, r#"{"jsonrpc":"2.0","id":1,"method":"kaia_getProof","params":["0x1",{"a":1}]}"#);
}

#[test]
fn what_does_not_pass_reaches_no_node() {
    let (url, told) = node(ok("{}"));
    let proxy = proxy(&[("main", &url)], &[]);
    let good = call("kaia_blockNumber").to_string();
    let code = |body: &Value| {
        let answer = proxy.post("/rpc/main", body);
        (answer.status, answer.json()["error"]["code"].as_i64())
    };
    assert_eq!(code(&call("kaia_sendRawTransaction")), (400, Some(-32601)));
    assert_eq!(code(&json!([call("kaia_blockNumber"), call("debug_setHead")])), (400, Some(-32601)));
    assert_eq!(code(&json!([])), (400, Some(-32600)));
    assert_eq!(code(&json!(vec![call("kaia_blockNumber"); 101])), (400, Some(-32600)));
    assert_eq!(code(&json!({ "method": "kaia_blockNumber" })), (400, Some(-32600)));
    let own = format!("origin: {}", proxy.url);
    for (path, body, fields, status) in [
        ("/rpc/other", good.clone(), [JSON, &own], 404),
        ("/rpc/main/more", good.clone(), [JSON, &own], 405),
        ("/rpc/", good.clone(), [JSON, &own], 405),
        ("/rpc/main", "no JSON".to_owned(), [JSON, &own], 400),
        ("/rpc/main", " ".repeat(300 << 10), [JSON, &own], 413),
        // Sites of others: what a browser lets them send without asking, and what it does not.
        ("/rpc/main", good.clone(), ["content-type: text/plain", &own], 415),
        ("/rpc/main", good.clone(), [JSON, "origin: http://evil.example"], 403),
        ("/rpc/main", good.clone(), [JSON, "origin: null"], 403),
        ("/rpc/main", good.clone(), [JSON, "origin: http://127.0.0.1:1"], 403),
    ] {
        assert_eq!(proxy.send(path, &body, &fields).status, status, "{path} {fields:?}");
    }
    let preflight = proxy.ask("OPTIONS", "/rpc/main", &["origin: http://evil.example"]);
    assert!(preflight.status == 405 && preflight.field("access-control-allow-origin").is_none());
    assert_eq!(proxy.get("/rpc/main").status, 405);
    assert!(told.try_recv().is_err(), "a node was asked");
    assert_eq!(proxy.send("/rpc/main", &good, &[JSON, &own]).status, 200);
}

#[test]
fn a_node_that_fails_is_told_and_what_it_says_is_not_believed() {
    let redirect =
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    let large = format!("\"{}\"", "x".repeat(1 << 20));
    let ask = |url: &str| {
        let proxy = proxy(&[("main", url)], &["--timeout", "1", "--max-answer", "1"]);
        let answer = proxy.post("/rpc/main", &call("kaia_blockNumber"));
        (answer.status, answer.text())
    };
    for (response, words) in [
        (ok("<script>alert(1)</script>"), "no JSON"),
        (ok(""), "no JSON"),
        (ok(&large), "larger than 1048576 bytes"),
        (Some(redirect.to_owned()), "redirect"),
        (Some("nonsense".to_owned()), ""),
        (None, "no answer within 1 s"),
    ] {
        let (status, text) = ask(&node(response.clone()).0);
        assert_eq!(status, 502, "{response:?}");
        assert!(text.starts_with("the endpoint failed: ") && text.contains(words), "{text}");
        assert!(!text.contains("script"), "{text}");
    }
    assert_eq!(ask(&nobody()).0, 502);
    let refused = r#"{"error":{"code":-32005,"message":"slow down"}}"#;
    let response = format!("HTTP/1.1 429 x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{refused}", refused.len());
    assert_eq!(ask(&node(Some(response)).0), (429, refused.to_owned()));
}

#[test]
fn a_client_that_is_too_fast_is_slowed_and_then_refused() {
    let (url, _) = node(ok("[]"));
    let proxy = proxy(&[("main", &url)], &["--rate", "1"]);
    let calls = |count: usize| {
        let began = Instant::now();
        let answer = proxy.post("/rpc/main", &json!(vec![call("kaia_blockNumber"); count]));
        (answer.status, answer.field("retry-after").map(str::to_owned), began.elapsed())
    };
    assert_eq!(calls(100).0, 200, "a whole batch comes at once");
    let (status, _, waited) = calls(2);
    assert_eq!(status, 200);
    assert!(waited > Duration::from_secs(1), "{waited:?}");
    let (status, retry, waited) = calls(50);
    assert_eq!((status, retry.as_deref()), (429, Some("1")));
    assert!(waited < Duration::from_secs(1), "{waited:?}");
}

#[test]
fn a_client_that_does_not_read_holds_no_more_than_its_share() {
    const OF_ONE: usize = 8;
    // More than the buffers between two programs take.
    let (url, told) = node(ok(&format!("\"{}\"", "x".repeat(12 << 20))));
    let proxy = proxy(&[("main", &url)], &[]);
    let body = call("kaia_blockNumber").to_string();
    let head =
        format!("POST /rpc/main HTTP/1.1\r\nhost: 127.0.0.1\r\n{JSON}\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut first = [0; 12];
    let unread: Vec<TcpStream> = (0..OF_ONE)
        .map(|_| {
            let mut stream = TcpStream::connect(proxy.url.strip_prefix("http://").unwrap()).unwrap();
            stream.write_all((head.clone() + &body).as_bytes()).unwrap();
            stream.read_exact(&mut first).unwrap();
            assert_eq!(&first, b"HTTP/1.1 200");
            stream
        })
        .collect();
    assert_eq!(told.try_iter().count(), OF_ONE);
    // All of these have left their node, and none its slot.
    let refused = proxy.post("/rpc/main", &call("kaia_blockNumber"));
    assert_eq!((refused.status, refused.field("retry-after")), (503, Some("1")));
    drop(unread);
    let began = Instant::now();
    while proxy.post("/rpc/main", &call("kaia_blockNumber")).status != 200 {
        assert!(began.elapsed() < Duration::from_secs(20), "the slots of those who left are still held");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(unix)]
#[test]
fn it_ends_with_0_also_while_a_node_is_waited_for() {
    let (url, told) = node(None);
    let mut proxy = proxy(&[("main", &url)], &[]);
    let mut stream = TcpStream::connect(proxy.url.strip_prefix("http://").unwrap()).unwrap();
    let body = call("kaia_blockNumber").to_string();
    let head =
        format!("POST /rpc/main HTTP/1.1\r\nhost: 127.0.0.1\r\n{JSON}\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).unwrap();
    told.recv().unwrap();
    let began = Instant::now();
    assert_eq!(proxy.ended_by("TERM"), Some(0));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
