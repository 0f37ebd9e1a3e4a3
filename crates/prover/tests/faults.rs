//! Endpoints over HTTP that fail on the way, are behind, belong to another chain, or disagree.
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
#[path = "common/server.rs"]
mod server;

use common::{block_on, fixture, now, replay, replays, trust, trust_at};
use serde_json::{json, Value};
use server::{Fault, Server};
use spanlight::consensus::FollowMode;
use spanlight::trust::TrustedChain;
use spanlight::verdict::Verdict;
use spanlight_prover::{
    Cancel, Endpoints, Finding, Http, HttpLimits, Node, ProveError, Reason, Replay, RpcError, Silent, SyncOptions,
    Time, Transport,
};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

const HEAD: u64 = 503;

/// The service chain, trusted from a little before its head.
fn chain() -> &'static TrustedChain {
    static CHAIN: OnceLock<TrustedChain> = OnceLock::new();
    CHAIN.get_or_init(|| trust_at(&replays(), [1, 493]).chain("service").unwrap().clone())
}

/// The service chain's recording, read once.
fn recording() -> Arc<Mutex<Replay>> {
    static RECORDING: OnceLock<Arc<Mutex<Replay>>> = OnceLock::new();
    Arc::clone(RECORDING.get_or_init(|| Arc::new(Mutex::new(replay("service")))))
}

fn limits() -> HttpLimits {
    HttpLimits {
        connect: Duration::from_millis(300),
        timeout: Duration::from_millis(500),
        answer: 1 << 20,
        tries: 2,
        pause: Duration::from_millis(5),
        longest_pause: Duration::from_millis(20),
        batch: 8,
    }
}

fn http(server: &Server) -> (String, Http) {
    let http = Http::new(&server.url, limits(), Cancel::default()).unwrap();
    (http.name().to_owned(), http)
}

/// Checks and follows, as the command does.
fn follow<T: Transport>(endpoints: &Endpoints<T>, chain: &TrustedChain) -> Result<u64, ProveError> {
    block_on(async {
        endpoints.check(chain).await?;
        let options = SyncOptions { to: None, mode: FollowMode::Full, deep: false, time: Time::Fixed(now()) };
        endpoints.follow(chain, options, &Silent).await.map(|synced| synced.head())
    })
}

fn is_aside(findings: &[Finding], name: &str, reason: impl Fn(&Reason) -> bool) -> bool {
    findings
        .iter()
        .any(|finding| matches!(finding, Finding::Aside { endpoint, reason: r } if endpoint == name && reason(r)))
}

/// Each fault, what is said of it, and how many requests are made of it.
const FAULTS: [(Fault, &str, usize); 12] = [
    (Fault::Truncated, "tried 2 times", 2),
    (Fault::TruncatedUnnoticed, "the answer is no JSON: it is cut off, or garbled, tried 2 times", 2),
    (Fault::Reset, "tried 2 times", 2),
    (Fault::Hang, "no answer within 0.5 s, tried 2 times", 2),
    (Fault::Drip, "no answer within 0.5 s, tried 2 times", 2),
    (Fault::Endless, "larger than 1048576 bytes", 1),
    (Fault::SaidToBeHuge, "larger than 1048576 bytes", 1),
    (Fault::Status("500 Oops"), "HTTP status 500: no, tried 2 times", 2),
    (Fault::Status("429 Slow"), "HTTP status 429: no, tried 2 times", 2),
    (Fault::Status("404 Gone"), "HTTP status 404: no", 1),
    (Fault::NotJson, "the answer is no JSON: <html>Welcome</html>, tried 2 times", 2),
    (Fault::NotRpc, "another call, tried 2 times", 2),
];

#[test]
fn each_fault_is_named_with_endpoint_and_method_within_bounds_and_the_next_endpoint_goes_on() {
    for (fault, words, requests) in FAULTS {
        let server = Server::new(recording(), fault, usize::MAX);
        let begun = Instant::now();
        let alone = follow(&Endpoints::new([http(&server)], Cancel::default()), chain()).unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(4), "{fault:?}: {:?}", begun.elapsed());
        let said = alone.to_string();
        assert_eq!(alone.code(), "rpc.transport", "{fault:?}: {said}");
        for part in [server.url.as_str(), "kaia_chainID", words] {
            assert!(said.contains(part), "{fault:?}: {said}");
        }
        assert!(server.requests() <= requests, "{fault:?}: {}", server.requests());
        let other = Server::new(recording(), Fault::None, 0);
        let endpoints = Endpoints::new([http(&server), http(&other)], Cancel::default());
        assert_eq!(follow(&endpoints, chain()), Ok(HEAD), "{fault:?}");
        assert!(is_aside(&endpoints.findings(), &server.url, |reason| reason.code() == "rpc.transport"), "{fault:?}");
        assert_eq!(endpoints.in_use().collect::<Vec<_>>(), [other.url.as_str()]);
    }
}

#[test]
fn a_fault_that_passes_is_survived() {
    for fault in
        [Fault::Truncated, Fault::Reset, Fault::Status("503 Busy"), Fault::Status("429 Slow"), Fault::AnotherId]
    {
        let server = Server::new(recording(), fault, 1);
        let endpoints = Endpoints::new([http(&server)], Cancel::default());
        assert_eq!(follow(&endpoints, chain()), Ok(HEAD), "{fault:?}");
        assert!(endpoints.findings().is_empty(), "{fault:?}: {:?}", endpoints.findings());
    }
}

#[test]
fn headers_are_asked_for_in_batches_and_one_by_one_where_batches_are_refused() {
    let requests = |fault| {
        let server = Server::new(recording(), fault, usize::MAX);
        assert_eq!(follow(&Endpoints::new([http(&server)], Cancel::default()), chain()), Ok(HEAD), "{fault:?}");
        server.requests()
    };
    // The checks ask four times, the sync for its first header, its head and ten more headers.
    assert_eq!((requests(Fault::None), requests(Fault::NoBatches)), (4 + 2 + 2, 4 + 2 + 1 + 10));
}

/// A recording with other answers.
struct Other {
    replay: Replay,
    change: fn(&str, &mut Value),
}

impl Transport for Other {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let mut answer = self.replay.call(method, params).await?;
        (self.change)(method, &mut answer);
        Ok(answer)
    }
}

fn named(list: [(&str, Other); 2]) -> Endpoints<Other> {
    Endpoints::new(list.map(|(name, other)| (name.to_owned(), other)), Cancel::default())
}

fn service(change: fn(&str, &mut Value)) -> Other {
    Other { replay: replay("service"), change }
}

fn honest() -> Other {
    service(|_, _| {})
}

#[test]
fn another_chain_is_named_by_its_id_or_by_its_checkpoint() {
    let main = Other { replay: replay("main"), change: |_, _| {} };
    let disguised = Other {
        replay: replay("main"),
        change: |method, answer| {
            if method == "kaia_chainID" {
                *answer = json!(format!("{:#x}", trust().chain("service").unwrap().profile.chain_id));
            }
        },
    };
    let id = named([("main", main), ("service", honest())]);
    assert_eq!(follow(&id, chain()), Ok(HEAD));
    assert!(is_aside(&id.findings(), "main", |reason| matches!(reason, Reason::ChainId { .. })));
    let checkpoint = named([("main", disguised), ("service", honest())]);
    assert_eq!(follow(&checkpoint, chain()), Ok(HEAD));
    let findings = checkpoint.findings();
    assert!(
        is_aside(&findings, "main", |reason| matches!(reason, Reason::Checkpoint { .. })
            && reason.code() == "endpoint.other_chain"),
        "{findings:?}"
    );
}

#[test]
fn an_endpoint_that_is_behind_is_named_and_asked_last() {
    let stale = service(|method, answer| {
        if method == "kaia_blockNumber" {
            *answer = json!("0x1f0");
        }
    });
    let endpoints = named([("stale", stale), ("fresh", honest())]).with_max_lag(3);
    assert_eq!(follow(&endpoints, chain()), Ok(HEAD));
    let behind = Finding::Behind { endpoint: "stale".to_owned(), head: 0x1f0, newest: HEAD };
    assert_eq!(endpoints.findings(), [behind]);
}

#[test]
fn a_head_that_does_not_exist_makes_nobody_else_look_old() {
    let boaster = service(|method, answer| {
        if method == "kaia_blockNumber" {
            *answer = json!("0xffffffff");
        }
    });
    let endpoints = named([("boaster", boaster), ("honest", honest())]);
    assert_eq!(follow(&endpoints, chain()), Ok(HEAD));
    assert_eq!(endpoints.in_use().collect::<Vec<_>>(), ["honest"]);
}

fn forge_the_head(method: &str, answer: &mut Value) {
    if method == "kaia_getHeaderByNumber" && answer["number"] == "0x1f7" {
        answer["stateRoot"] = answer["receiptsRoot"].clone();
    }
}

#[test]
fn a_disagreement_is_told_by_endpoint_and_field_and_the_core_decides_it() {
    for liar_first in [true, false] {
        let mut list = [("liar", service(forge_the_head)), ("honest", honest())];
        if !liar_first {
            list.reverse();
        }
        let endpoints = named(list);
        assert_eq!(follow(&endpoints, chain()), Ok(HEAD));
        let findings = endpoints.findings();
        let disagreement = findings.iter().find_map(|finding| match finding {
            Finding::Disagreement { endpoints, height, field, .. } => Some((endpoints.clone(), *height, *field)),
            _ => None,
        });
        let (endpoints_named, height, field) = disagreement.unwrap();
        assert!(endpoints_named.contains(&"liar".to_owned()) && endpoints_named.contains(&"honest".to_owned()));
        assert_eq!((height, field), (HEAD, "stateRoot"));
        assert!(is_aside(&findings, "liar", |reason| match reason {
            Reason::Refused { .. } => liar_first,
            Reason::Unverified { height, .. } => !liar_first && *height == HEAD,
            _ => false,
        }));
        assert_eq!(endpoints.in_use().collect::<Vec<_>>(), ["honest"]);
    }
}

#[test]
fn with_liars_only_the_refusal_is_the_cores() {
    let endpoints = named([("one", service(forge_the_head)), ("two", service(forge_the_head))]);
    let refused = follow(&endpoints, chain()).unwrap_err();
    assert!(matches!(refused, ProveError::Refused(_)), "{refused:?}");
    let all = Finding::AllSay { endpoints: vec!["one".to_owned(), "two".to_owned()], code: refused.code() };
    assert_eq!(endpoints.findings(), [all], "none is singled out for what all say");
    assert_eq!(endpoints.in_use().count(), 2);
}

#[test]
fn liars_that_say_different_things_are_put_aside() {
    let other: fn(&str, &mut Value) = |method, answer| {
        if method == "kaia_getHeaderByNumber" && answer["number"] == "0x1f6" {
            answer["stateRoot"] = answer["receiptsRoot"].clone();
        }
    };
    let endpoints = named([("one", service(forge_the_head)), ("two", service(other))]);
    assert!(matches!(follow(&endpoints, chain()), Err(ProveError::Refused(_))));
    let findings = endpoints.findings();
    assert!(["one", "two"].iter().all(|name| is_aside(&findings, name, |_| true)), "{findings:?}");
    assert_eq!(endpoints.in_use().count(), 0);
}

/// A header that no rule here covers is refused before its seals are looked at: anybody can make
/// one.
#[test]
fn one_endpoint_alone_cannot_make_the_chain_look_uncovered() {
    let uncovered: fn(&str, &mut Value) = |method, answer| {
        if method == "kaia_getHeaderByNumber" && answer["number"] == "0x1f6" {
            answer["vrank"] = json!("0x01");
        }
    };
    for liar_first in [true, false] {
        let mut list = [("liar", service(uncovered)), ("honest", honest())];
        if !liar_first {
            list.reverse();
        }
        let endpoints = named(list);
        assert_eq!(follow(&endpoints, chain()), Ok(HEAD), "{liar_first}");
        assert_eq!(endpoints.in_use().count(), 2, "it may be the truth, so nobody is put aside for it");
    }
    let alone = Endpoints::new([("one".to_owned(), service(uncovered))], Cancel::default());
    for endpoints in [alone, named([("one", service(uncovered)), ("two", service(uncovered))])] {
        let error = follow(&endpoints, chain()).unwrap_err();
        let ProveError::NotFollowed(Verdict::Unsupported(what)) = error else { panic!("{error:?}") };
        assert_eq!((what.what.code(), what.number), ("header.permissionless_fork", Some(502)));
    }
}

/// Makes an answer of the method, the height and what was recorded.
type Answering = fn(&str, u64, Option<Value>) -> Result<Value, RpcError>;

/// A recording that answers what a function makes of each answer, which is none where nothing was
/// recorded.
struct Picky {
    replay: Replay,
    answer: Answering,
}

impl Transport for Picky {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let height = params[0].as_str().and_then(|text| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok());
        (self.answer)(method, height.unwrap_or_default(), self.replay.call(method, params).await.ok())
    }
}

fn refused_here() -> RpcError {
    RpcError::Node { code: -32_000, message: "not now".to_owned() }
}

/// Nodes answer `null` for a block that they do not have.
fn as_a_node(_: &str, _: u64, answer: Option<Value>) -> Result<Value, RpcError> {
    Ok(answer.unwrap_or_default())
}

/// Where one endpoint tells a head and another is asked for its headers, the honest one may answer
/// last.
#[test]
fn what_one_endpoint_shows_is_never_held_against_the_one_that_answered_after_it() {
    // Its head lies far above the chain's, and of what lies there it shows one header.
    let boaster = |method: &str, height, answer: Option<Value>| match (method, height) {
        ("kaia_blockNumber", _) => Ok(json!("0x5f7")),
        ("kaia_getHeaderByNumber", 0x5f7) => Err(refused_here()),
        ("kaia_getHeaderByNumber", height) if height > HEAD => Err(refused_here()),
        _ => Ok(answer.unwrap_or_default()),
    };
    // A false header, and no later ones: these are the honest endpoint's.
    let mixer = |method: &str, height, answer: Option<Value>| match (method, height) {
        ("kaia_getHeaderByNumber", 90..HEAD) => Err(refused_here()),
        ("kaia_getHeaderByNumber", 20) => {
            let mut answer = answer.unwrap_or_default();
            answer["stateRoot"] = answer["receiptsRoot"].clone();
            Ok(answer)
        }
        _ => Ok(answer.unwrap_or_default()),
    };
    let chain = trust_at(&replays(), [1, 1]).chain("service").unwrap().clone();
    let liars: [Answering; 2] = [boaster, mixer];
    for (place, liar) in liars.into_iter().enumerate() {
        let endpoint = |name: &str, answer| (name.to_owned(), Picky { replay: replay("service"), answer });
        let list = [endpoint("liar", liar), endpoint("honest", as_a_node)];
        let endpoints = Endpoints::new(list, Cancel::default());
        // The checks would find the first one out; a session that is under way makes none.
        let options = SyncOptions { to: None, mode: FollowMode::Sparse, deep: false, time: Time::Fixed(now()) };
        let followed = block_on(endpoints.follow(&chain, options, &Silent)).map(|synced| synced.head());
        assert_eq!(followed, Ok(HEAD), "{place}: {:?}", endpoints.findings());
        assert!(endpoints.in_use().any(|name| name == "honest"), "{place}: {:?}", endpoints.findings());
    }
}

#[test]
fn a_pruned_state_is_asked_of_the_next_endpoint_and_named_where_nobody_has_it() {
    let kept = |line: &&str| !line.contains("kaia_getProof");
    let mut text = String::new();
    let packed = fixture("service.rpc.jsonl.gz");
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&packed[..]), &mut text).unwrap();
    let text: String = text.lines().filter(kept).map(|line| format!("{line}\n")).collect();
    let pruning = || Other { replay: Replay::read(text.as_bytes()).unwrap(), change: |_, _| {} };
    let bridge = trust().bridge.unwrap().ends[1].address;
    let proof = |endpoints: &Endpoints<Other>| {
        block_on(Node::new(endpoints, &chain().profile).proof(bridge, HEAD, &[])).map(|_| ())
    };
    let endpoints = named([("pruning", pruning()), ("archive", honest())]);
    for _ in 0..2 {
        assert_eq!(proof(&endpoints), Ok(()));
    }
    // The second time the one that prunes is not even asked.
    assert_eq!(endpoints.transports().next().unwrap().replay.calls().get("kaia_getProof"), Some(&1));
    let error = proof(&named([("one", pruning()), ("two", pruning())])).unwrap_err();
    assert_eq!(error, ProveError::Rpc(RpcError::Pruned { chain: "service".into(), height: HEAD }));
    assert!(error.to_string().contains("archive"), "{error}");
}

#[test]
fn a_cancelled_gathering_ends_at_once_also_within_an_answer() {
    let server = Server::new(recording(), Fault::Drip, usize::MAX);
    let cancel = Cancel::default();
    let limits = HttpLimits { timeout: Duration::from_secs(20), ..limits() };
    let endpoint = (server.url.clone(), Http::new(&server.url, limits, cancel.clone()).unwrap());
    let endpoints = Endpoints::new([endpoint], cancel.clone());
    let chain = chain();
    let begun = Instant::now();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        cancel.cancel();
    });
    assert_eq!(follow(&endpoints, chain), Err(ProveError::Rpc(RpcError::Cancelled)));
    // The whole answer would take a quarter of a minute.
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

/// Follows at unix time `now`, as the command does.
fn findings_at(endpoints: &Endpoints<Other>, now: u64) -> Vec<Finding> {
    let options = SyncOptions { to: None, mode: FollowMode::Full, deep: false, time: Time::Fixed(now) };
    block_on(async {
        endpoints.check(chain()).await?;
        endpoints.follow(chain(), options, &Silent).await.map(|_| ())
    })
    .unwrap();
    endpoints.findings()
}

#[test]
fn a_chain_that_makes_no_block_by_all_endpoints_stands_still_and_none_is_blamed() {
    let two = || named([("one", honest()), ("two", honest())]);
    assert_eq!(findings_at(&two(), now()), []);
    let (endpoints, since) = (two(), now() - 1);
    let still = Finding::StandsStill { chain: "service".to_owned(), head: HEAD, since };
    assert_eq!(findings_at(&endpoints, now() + 60), [still]);
    assert_eq!(endpoints.in_use().count(), 2);
    // One that is behind says nothing of the chain.
    let behind = service(|method, answer| {
        if method == "kaia_blockNumber" {
            *answer = json!("0x1f0");
        }
    });
    assert_eq!(findings_at(&named([("behind", behind), ("two", honest())]), now() + 60), []);
}

#[test]
fn what_is_not_covered_puts_no_endpoint_aside() {
    let mut trusted = chain().clone();
    trusted.checkpoint.parameters.proposer_policy = 2;
    trusted.profile.parameters.proposer_policy = 2;
    let endpoints = named([("one", honest()), ("two", honest())]);
    let error = follow(&endpoints, &trusted).unwrap_err();
    let ProveError::NotFollowed(verdict) = &error else { panic!("{error:?}") };
    assert_eq!(verdict.code(), Some("consensus.qualified_unknown"));
    // Each had its turn.
    let passed_over = Finding::PassedOver { endpoint: "one".to_owned() };
    assert_eq!((endpoints.findings(), endpoints.in_use().count()), (vec![passed_over], 2));
}
