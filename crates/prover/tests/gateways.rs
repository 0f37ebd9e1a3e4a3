//! Nodes behind gateways, and old nodes: each answers in its own way, and the truth comes through
//! all the same.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::arithmetic_side_effects
)]

mod common;
#[path = "common/gateway.rs"]
mod gateway;

use common::{block_on, fixture, now, replay, replays, trust_at};
use gateway::{error, Asked, Authority, Gateway, Reply, Rule};
use serde_json::{json, Value};
use spanlight::consensus::FollowMode;
use spanlight::trust::TrustedChain;
use spanlight_prover::http::Roots;
use spanlight_prover::{Cancel, Endpoints, Http, HttpLimits, ProveError, Replay, Silent, SyncOptions, Time, Transport};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

const HEAD: u64 = 503;

/// The service chain, trusted from 70 blocks before its head: more than one batch of the size that
/// is tried first.
fn chain() -> &'static TrustedChain {
    static CHAIN: OnceLock<TrustedChain> = OnceLock::new();
    CHAIN.get_or_init(|| trust_at(&replays(), [1, 433]).chain("service").unwrap().clone())
}

fn recording() -> Arc<Mutex<Replay>> {
    static RECORDING: OnceLock<Arc<Mutex<Replay>>> = OnceLock::new();
    Arc::clone(RECORDING.get_or_init(|| Arc::new(Mutex::new(replay("service")))))
}

fn limits() -> HttpLimits {
    HttpLimits { tries: 2, pause: Duration::from_millis(5), timeout: Duration::from_secs(20), ..HttpLimits::default() }
}

fn gateway(rule: Rule) -> Gateway {
    Gateway::new(recording(), rule)
}

/// Checks the endpoint and follows the chain with it, as the command does, every root recomputed.
fn follow_by(http: Http) -> Result<u64, ProveError> {
    let endpoints = Endpoints::new([(http.name().to_owned(), http)], Cancel::default());
    let options = SyncOptions { to: None, mode: FollowMode::Full, deep: true, time: Time::Fixed(now()) };
    block_on(async {
        endpoints.check(chain()).await?;
        endpoints.follow(chain(), options, &Silent).await.map(|synced| synced.head())
    })
}

fn follow(url: &str) -> Result<u64, ProveError> {
    follow_by(Http::new(url, limits(), Cancel::default()).unwrap())
}

fn each(answer: Value, change: impl Fn(Value) -> Value) -> Value {
    match answer {
        Value::Array(answers) => answers.into_iter().map(change).collect(),
        answer => change(answer),
    }
}

/// Applies `change` to every text of an answer.
fn texts(value: Value, change: &impl Fn(&str, String) -> String) -> Value {
    fn walk(name: &str, value: Value, change: &impl Fn(&str, String) -> String) -> Value {
        match value {
            Value::String(text) => Value::String(change(name, text)),
            Value::Array(items) => items.into_iter().map(|item| walk(name, item, change)).collect(),
            Value::Object(fields) => {
                fields.into_iter().map(|(name, value)| (name.clone(), walk(&name, value, change))).collect()
            }
            other => other,
        }
    }
    walk("", value, change)
}

const PADDED: [&str; 5] = ["number", "timestamp", "gasUsed", "blockNumber", "status"];

/// How gateways dress the answers of the nodes behind them.
const DRESSES: [(&str, Rule); 11] = [
    ("ids as strings", |_, answer| {
        Reply::json(&each(answer, |mut one| {
            one["id"] = Value::from(one["id"].to_string());
            one
        }))
    }),
    ("an error of null", |_, answer| {
        Reply::json(&each(answer, |mut one| {
            one["error"] = Value::Null;
            one
        }))
    }),
    ("no jsonrpc member", |_, answer| {
        Reply::json(&each(answer, |mut one| {
            one.as_object_mut().unwrap().remove("jsonrpc");
            one
        }))
    }),
    ("JSON-RPC 1.0", |_, answer| {
        Reply::json(&each(answer, |mut one| {
            one["jsonrpc"] = json!("1.0");
            one
        }))
    }),
    ("batches in another order", |_, answer| {
        let answer = match answer {
            Value::Array(answers) => answers.into_iter().rev().collect(),
            answer => answer,
        };
        Reply::json(&answer)
    }),
    ("a byte order mark", |_, answer| Reply::text(200, format!("\u{feff}{answer}"))),
    ("white space around", |_, answer| Reply::text(200, format!("\n\n  {answer}\n\n"))),
    ("gzip", |_, answer| Reply::json(&answer).gzip()),
    ("deflate", |_, answer| Reply::json(&answer).deflate()),
    ("capital hex digits", |_, answer| {
        let change = |_: &str, text: String| match text.strip_prefix("0x") {
            Some(digits) => format!("0x{}", digits.to_uppercase()),
            None => text,
        };
        Reply::json(&texts(answer, &change))
    }),
    ("numbers with a leading zero", |_, answer| {
        let change = |name: &str, text: String| match text.strip_prefix("0x").filter(|_| PADDED.contains(&name)) {
            Some(digits) => format!("0x0{digits}"),
            None => text,
        };
        Reply::json(&texts(answer, &change))
    }),
];

#[test]
fn an_answer_counts_however_a_gateway_dresses_it() {
    for (name, rule) in DRESSES {
        assert_eq!(follow(&gateway(rule).url), Ok(HEAD), "{name}");
    }
}

/// How gateways refuse to take calls together, or more than a few of them, and how large the
/// batches are that they take.
const REFUSALS: [(&str, usize, Rule); 9] = [
    ("one error", 10, |asked, answer| match asked.batch() {
        Some(11..) => Reply::json(&error(&Value::Null, -32000, "batch limit 10 exceeded")),
        _ => Reply::json(&answer),
    }),
    ("a list with one error", 10, |asked, answer| match asked.batch() {
        Some(11..) => Reply::json(&json!([error(&Value::Null, -32000, "batch limit 10 exceeded")])),
        _ => Reply::json(&answer),
    }),
    ("an error for each call too many", 10, |_, answer| {
        let mut answer = answer;
        for one in answer.as_array_mut().into_iter().flatten().skip(10) {
            *one = error(&one["id"], -32003, "batch response too large");
        }
        Reply::json(&answer)
    }),
    ("413", 10, |asked, answer| match asked.batch() {
        Some(11..) => Reply::text(413, r#"{"error":"payload too large"}"#),
        _ => Reply::json(&answer),
    }),
    ("403", 1, |asked, answer| match asked.batch() {
        Some(_) => Reply::text(403, r#"{"message":"batch requests are not supported on your plan"}"#),
        None => Reply::json(&answer),
    }),
    ("a plain 400", 1, |asked, answer| match asked.batch() {
        Some(_) => plain_400(),
        None => Reply::json(&answer),
    }),
    ("plain text", 1, |asked, answer| match asked.batch() {
        Some(_) => Reply::text(200, "Batch requests are not supported"),
        None => Reply::json(&answer),
    }),
    ("the last answer left out", 1, |asked, mut answer| {
        if asked.batch().is_some() {
            answer.as_array_mut().unwrap().pop();
        }
        Reply::json(&answer)
    }),
    ("only the first call answered", 1, |asked, answer| match asked.batch() {
        Some(_) => Reply::json(&answer[0]),
        None => Reply::json(&answer),
    }),
];

/// What a hosted endpoint answers to a batch, a wrong key or a wrong method.
fn plain_400() -> Reply {
    let text = String::from_utf8(fixture("rpc/plain-400.txt")).unwrap().replace('\r', "");
    let (head, body) = text.split_once("\n\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 "));
    Reply::text(400, body)
}

#[test]
fn who_refuses_batches_is_asked_for_fewer_at_a_time_and_refused_no_more_than_needed() {
    for (name, most, rule) in REFUSALS {
        let gateway = gateway(rule);
        assert_eq!(follow(&gateway.url), Ok(HEAD), "{name}");
        let refused = gateway.log().iter().filter(|(_, batch)| batch.is_some_and(|size| size > most)).count();
        let steps = if most == 1 { 2 } else { 1 };
        assert_eq!(refused, steps, "{name}: the size is learnt once");
    }
}

#[test]
fn what_a_gateway_refuses_is_told_with_its_status_and_in_its_words() {
    let refusals: [(Rule, &str, usize); 5] = [
        (|_, _| plain_400(), "HTTP status 400: no such key", 1),
        (|_, _| Reply::text(401, "Must be authenticated!"), "HTTP status 401: Must be authenticated!", 1),
        (|_, _| Reply::text(503, r#"{"error":{"message":"node is syncing"}}"#), "HTTP status 503: node is syncing", 2),
        (
            |asked, _| Reply { status: 403, ..Reply::json(&error(&asked.body["id"], -32002, "bad project")) },
            "HTTP status 403: bad project",
            1,
        ),
        (|_, answer| Reply::json(&answer).header("content-encoding", "br"), "packed by `br`", 1),
    ];
    for (rule, words, requests) in refusals {
        let gateway = gateway(rule);
        let http = Http::new(&gateway.url, limits(), Cancel::default()).unwrap();
        let said = block_on(http.call("kaia_blockNumber", json!([]))).unwrap_err().to_string();
        assert!(said.contains(words), "{said}");
        assert_eq!(gateway.log().len(), requests, "{said}");
    }
}

fn is_moved(asked: &Asked) -> bool {
    asked.path.starts_with("/real")
}

#[test]
fn a_redirect_is_followed_on_the_same_host_and_remembered_where_it_is_permanent() {
    let rules: [(u16, Rule); 2] =
        [
            (308, |asked, answer| {
                if is_moved(asked) {
                    Reply::json(&answer)
                } else {
                    Reply::text(308, "").header("location", "/real")
                }
            }),
            (307, |asked, answer| {
                if is_moved(asked) {
                    Reply::json(&answer)
                } else {
                    Reply::text(307, "").header("location", "/real")
                }
            }),
        ];
    for (status, rule) in rules {
        let gateway = gateway(rule);
        assert_eq!(follow(&gateway.url), Ok(HEAD));
        let sent_on = gateway.log().iter().filter(|(path, _)| path == "/").count();
        assert_eq!(sent_on == 1, status == 308, "{sent_on}");
    }
}

#[test]
fn a_redirect_elsewhere_or_in_a_circle_is_named_and_not_followed() {
    let rules: [(Rule, &str); 4] = [
        (|_, _| Reply::text(308, "").header("location", "https://other.example/v1/key"), "https://other.example/..."),
        (|_, _| Reply::text(307, "").header("location", "//other.example/v1/key"), "http://other.example/..."),
        (|_, _| Reply::text(302, "").header("location", "/again"), "more than 3 times"),
        (|_, _| Reply::text(302, "<a>there</a>"), "HTTP status 302"),
    ];
    for (rule, words) in rules {
        let said = follow(&gateway(rule).url).unwrap_err().to_string();
        assert!(said.contains(words) && !said.contains("key"), "{said}");
    }
}

#[test]
fn a_packed_answer_is_not_read_beyond_the_limit() {
    let gateway = gateway(|_, _| Reply::text(200, vec![b' '; 4 << 20]).gzip());
    let limits = HttpLimits { answer: 1 << 20, ..limits() };
    let http = Http::new(&gateway.url, limits, Cancel::default()).unwrap();
    let said = block_on(http.call("kaia_blockNumber", json!([]))).unwrap_err().to_string();
    assert!(said.contains("larger than 1048576 bytes"), "{said}");
}

/// A node of Klaytn 1.12 or before: old names of methods, and of members of its headers.
fn klaytn(asked: &Asked, _: Value) -> Reply {
    let one = |call: &Value| {
        let Some(name) = call["method"].as_str().unwrap().strip_prefix("klay_") else {
            let mut unknown: Value = serde_json::from_slice(&fixture("rpc/klay-only.json")).unwrap();
            unknown["id"] = call["id"].clone();
            return unknown;
        };
        let recording = recording();
        let answer = block_on(recording.lock().unwrap().call(&format!("kaia_{name}"), call["params"].clone()));
        let mut answer = json!({ "jsonrpc": "2.0", "id": call["id"], "result": answer.unwrap() });
        if let Some(fields) = answer["result"].as_object_mut().filter(|_| name.contains("ByNumber")) {
            let score = fields.remove("blockScore").unwrap();
            fields.insert("blockscore".to_owned(), score);
            if fields["voteData"] == "0x" {
                fields.remove("voteData");
            }
        }
        answer
    };
    Reply::json(&match &asked.body {
        Value::Array(calls) => calls.iter().map(one).collect(),
        call => one(call),
    })
}

#[test]
fn a_node_that_knows_only_klay_names_is_asked_by_them() {
    let gateway = gateway(klaytn);
    assert_eq!(follow(&gateway.url), Ok(HEAD));
    assert!(gateway.log().iter().any(|(_, batch)| *batch == Some(64)), "and in batches all the same");
}

#[test]
fn a_method_that_a_node_knows_by_neither_name_is_told_by_the_name_that_was_meant() {
    let gateway = gateway(|asked, _| {
        Reply::json(&error(&asked.body["id"], -32601, &format!("no method {}", asked.body["method"])))
    });
    let http = Http::new(&gateway.url, limits(), Cancel::default()).unwrap();
    let said = block_on(http.call("kaia_getProof", json!([]))).unwrap_err().to_string();
    assert!(said.contains("kaia_getProof"), "{said}");
}

#[test]
fn a_node_that_has_answered_to_a_new_name_is_not_asked_by_an_old_one() {
    let gateway = gateway(|asked, answer| {
        if asked.body["method"] == "kaia_getLogs" {
            return Reply::json(&error(
                &asked.body["id"],
                -32601,
                "the method kaia_getLogs does not exist/is not available",
            ));
        }
        Reply::json(&answer)
    });
    let http = Http::new(&gateway.url, limits(), Cancel::default()).unwrap();
    block_on(http.call("kaia_blockNumber", json!([]))).unwrap();
    assert_eq!(block_on(http.call("kaia_getLogs", json!([]))).unwrap_err().code(), "rpc.node");
    assert_eq!(gateway.log().len(), 2);
}

#[test]
fn a_private_authority_is_believed_where_its_file_is_given_and_named_where_not() {
    let authority = Authority::new();
    let gateway = Gateway::with_tls(recording(), |_, answer| Reply::json(&answer), &authority);
    let said = follow(&gateway.url).unwrap_err().to_string();
    assert!(said.contains("authority that is not trusted here") && !said.contains("tried"), "{said}");
    let path = std::env::temp_dir().join(format!("spanlight-authority-{}.pem", std::process::id()));
    std::fs::write(&path, &authority.pem).unwrap();
    let roots = Roots::of_this_machine().unwrap().and_of_file(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(follow_by(Http::with_roots(&gateway.url, limits(), roots, Cancel::default()).unwrap()), Ok(HEAD));
    let other = Authority::new();
    std::fs::write(&path, &other.pem).unwrap();
    let roots = Roots::of_this_machine().unwrap().and_of_file(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let http = Http::with_roots(&gateway.url, limits(), roots, Cancel::default()).unwrap();
    assert!(follow_by(http).is_err(), "another authority says nothing of this one");
}

#[test]
fn a_file_without_an_authority_is_refused_by_name() {
    let path = std::env::temp_dir().join(format!("spanlight-no-authority-{}.pem", std::process::id()));
    let roots = || Roots::of_this_machine().unwrap().and_of_file(&path).unwrap_err().to_string();
    assert!(roots().contains("spanlight-no-authority"));
    std::fs::write(&path, "no certificate").unwrap();
    let said = roots();
    std::fs::remove_file(&path).unwrap();
    assert!(said.contains("holds no certificate"), "{said}");
}
