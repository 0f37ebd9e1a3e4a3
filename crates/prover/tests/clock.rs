//! Headers and the clock: a chain goes on while it is followed, and clocks are wrong.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod common;

use common::{block_on, replay, replays, trust_at};
use serde_json::{json, Value};
use spanlight::consensus::{FollowMode, VotesBy};
use spanlight::trust::TrustedChain;
use spanlight::verdict::{NotReached, Verdict};
use spanlight_prover::{
    Cancel, Endpoints, Finding, Node, ProveError, Reason, Replay, RpcError, Silent, SyncOptions, Synced, Time,
    Transport,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;

const FIRST: u64 = 100;
const HEAD: u64 = 503;

/// The service chain, trusted from some four hundred blocks before its head.
fn chain() -> &'static TrustedChain {
    static CHAIN: OnceLock<TrustedChain> = OnceLock::new();
    CHAIN.get_or_init(|| trust_at(&replays(), [1, FIRST]).chain("service").unwrap().clone())
}

/// Times of all blocks.
fn times() -> &'static [u64] {
    static TIMES: OnceLock<Vec<u64>> = OnceLock::new();
    TIMES.get_or_init(|| {
        let replay = replay("service");
        let node = Node::new(&replay, &chain().profile);
        let headers = block_on(node.headers(0, HEAD)).unwrap();
        headers.iter().map(|header| header.fields().time).collect()
    })
}

fn head_time() -> u64 {
    times()[HEAD as usize]
}

/// The last block whose time is not after `time`.
fn last_at(time: u64) -> u64 {
    times().iter().rposition(|block| *block <= time).unwrap() as u64
}

struct Endpoint {
    replay: Replay,
    change: fn(&mut Value),
}

impl Transport for Endpoint {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        let mut answer = self.replay.call(method, params).await?;
        if method == "kaia_getHeaderByNumber" {
            (self.change)(&mut answer);
        }
        Ok(answer)
    }
}

/// What an endpoint does to its answers.
type Change = fn(&mut Value);

fn endpoints<const N: usize>(list: [(&str, Change); N]) -> Endpoints<Endpoint> {
    let open = |(name, change): (&str, Change)| (name.to_owned(), Endpoint { replay: replay("service"), change });
    Endpoints::new(list.map(open), Cancel::default())
}

fn two() -> Endpoints<Endpoint> {
    endpoints([("one", |_| {}), ("two", |_| {})])
}

fn follow(
    endpoints: &Endpoints<Endpoint>,
    time: Time,
    to: Option<u64>,
    mode: FollowMode,
) -> Result<Synced<'static>, ProveError> {
    follow_by(chain(), endpoints, SyncOptions { to, mode, deep: false, time })
}

fn follow_by<'t>(
    chain: &'t TrustedChain,
    endpoints: &Endpoints<Endpoint>,
    options: SyncOptions,
) -> Result<Synced<'t>, ProveError> {
    block_on(async {
        endpoints.check(chain).await?;
        endpoints.follow(chain, options, &Silent).await
    })
}

#[test]
fn blocks_that_are_made_while_the_chain_is_followed_are_not_ahead_of_the_clock() {
    static READ: AtomicU64 = AtomicU64::new(0);
    // More than four minutes pass between two groups of headers; at the start the newest blocks are
    // far in the future.
    let clock = || head_time() - 400 + 260 * READ.fetch_add(1, Ordering::Relaxed);
    let endpoints = two();
    let synced = follow(&endpoints, Time::Runs(clock), None, FollowMode::Full).unwrap();
    assert_eq!((synced.head(), synced.left_out(), synced.clock_behind()), (HEAD, None, 0));
    assert!(READ.load(Ordering::Relaxed) > 2, "read at the start, and for each group of headers");
    // The recording ends, and this clock goes on.
    let mut told = endpoints.findings();
    told.retain(|finding| !matches!(finding, Finding::StandsStill { .. }));
    assert_eq!(told, []);
}

#[test]
fn blocks_within_the_tolerance_are_followed_and_nothing_is_said() {
    let endpoints = two();
    let synced = follow(&endpoints, Time::Fixed(head_time() - 15), None, FollowMode::Full).unwrap();
    assert_eq!((synced.head(), synced.left_out(), synced.clock_behind()), (HEAD, None, 15));
    assert_eq!(synced.chain().client().checkpoint().trusted_since, Some(head_time() - 15));
    assert_eq!(endpoints.findings(), []);
}

#[test]
fn the_newest_blocks_are_left_out_where_the_clock_is_further_behind_and_no_endpoint_is_blamed() {
    for mode in [FollowMode::Full, FollowMode::Sparse] {
        for behind in [16, 40, 300] {
            let (endpoints, now) = (two(), head_time() - behind);
            let synced = follow(&endpoints, Time::Fixed(now), None, mode).unwrap();
            assert_eq!(synced.head(), last_at(now + 15), "{behind}");
            // Headers come in groups, and those after the first group that is ahead of the clock
            // are not asked for.
            let seen = if behind > 147 { times()[(FIRST + 256) as usize] } else { head_time() };
            let reason = NotReached::Clock { chain: "service".to_owned(), have: now, need: seen };
            assert_eq!((synced.left_out(), synced.clock_behind()), (Some(&reason), seen - now));
            let told = Finding::ClockBehind { chain: "service".to_owned(), seconds: seen - now };
            assert!(
                told.to_string().contains(&format!("clock seems to be at least {} s behind", seen - now)),
                "{told}"
            );
            assert_eq!(endpoints.findings(), [told]);
            assert_eq!(endpoints.in_use().count(), 2);
        }
    }
}

#[test]
fn what_was_left_out_is_followed_once_the_clock_has_come_so_far() {
    static ASKED: AtomicU64 = AtomicU64::new(0);
    let counted: fn(&mut Value) = |_| {
        ASKED.fetch_add(1, Ordering::Relaxed);
    };
    let (endpoints, now) = (endpoints([("one", counted)]), head_time() - 40);
    let mut synced = follow(&endpoints, Time::Fixed(now), None, FollowMode::Sparse).unwrap();
    let (head, asked) = (synced.head(), ASKED.load(Ordering::Relaxed));
    assert!(head < HEAD);
    let mut again = |now| {
        let options = SyncOptions { to: None, mode: FollowMode::Sparse, deep: false, time: Time::Fixed(now) };
        block_on(endpoints.catch_up(&mut synced, options, &Silent)).unwrap();
        (synced.head(), synced.left_out().is_some())
    };
    assert_eq!(again(now), (head, true));
    assert_eq!(ASKED.load(Ordering::Relaxed), asked, "not asked for again while the clock says the same");
    assert_eq!(again(now + 40), (HEAD, false));
}

#[test]
fn a_block_that_was_asked_for_and_is_ahead_of_the_clock_is_not_yet_trusted() {
    let (endpoints, now) = (two(), head_time() - 40);
    let refused = follow(&endpoints, Time::Fixed(now), Some(HEAD), FollowMode::Full).unwrap_err();
    let ProveError::NotFollowed(verdict) = &refused else { panic!("{refused:?}") };
    assert_eq!((verdict.code(), verdict.exit_code()), (Some("not_yet_trusted.clock"), 2));
    assert_eq!(endpoints.in_use().count(), 2);
    // So is the checkpoint itself.
    let refused = follow(&endpoints, Time::Fixed(1), None, FollowMode::Full).unwrap_err();
    let start = NotReached::Clock { chain: "service".to_owned(), have: 1, need: times()[FIRST as usize] };
    assert_eq!(refused, ProveError::NotFollowed(Verdict::NotYetTrusted(start)));
    assert_eq!(endpoints.in_use().count(), 2);
}

fn date_the_head_into_the_future(answer: &mut Value) {
    if answer["number"] == "0x1f7" {
        answer["timestamp"] = json!("0xffffffffff");
    }
}

/// Here the trust follows no vote but a governing node's, so block 391 is gone around: what lies
/// beyond is jumped to.
#[test]
fn beyond_what_is_gone_around_it_is_the_same() {
    let strict = TrustedChain { votes: VotesBy::GoverningNode, ..chain().clone() };
    let now = head_time() - 40;
    let mut options = SyncOptions { to: None, mode: FollowMode::Full, deep: false, time: Time::Fixed(now) };
    let synced = follow_by(&strict, &two(), options).unwrap();
    assert!(synced.chain().client().head().number() < 391);
    assert_eq!((synced.head(), synced.clock_behind()), (last_at(now + 15), 40));
    let reason = NotReached::Clock { chain: "service".to_owned(), have: now, need: head_time() };
    assert_eq!(synced.left_out(), Some(&reason));
    // Where the clock is already behind the last blocks before it.
    options.time = Time::Fixed(times()[370]);
    assert_eq!(follow_by(&strict, &two(), options).unwrap().head(), last_at(times()[370] + 15));
    // What the last verified council did not seal may be another council's, and says nothing of the
    // clock.
    options.time = Time::Fixed(head_time());
    let liar = endpoints([("liar", date_the_head_into_the_future)]);
    let refused = follow_by(&strict, &liar, options).unwrap_err();
    assert!(matches!(refused, ProveError::NotFollowed(Verdict::Unsupported(_))), "{refused:?}");
}

/// What a quorum did not seal tells nothing about the clock: else one endpoint could keep everybody
/// from the newest blocks.
#[test]
fn an_endpoint_that_dates_its_head_into_the_future_is_put_aside() {
    let liar: fn(&mut Value) = date_the_head_into_the_future;
    for mode in [FollowMode::Full, FollowMode::Sparse] {
        let endpoints = endpoints([("liar", liar), ("honest", |_| {})]);
        let synced = follow(&endpoints, Time::Fixed(head_time()), None, mode).unwrap();
        assert_eq!((synced.head(), synced.left_out()), (HEAD, None));
        assert_eq!(endpoints.in_use().collect::<Vec<_>>(), ["honest"]);
        let refused = |finding: &Finding| matches!(finding, Finding::Aside { endpoint, reason: Reason::Refused { .. } } if endpoint == "liar");
        assert!(endpoints.findings().iter().any(refused), "{:?}", endpoints.findings());
    }
}
