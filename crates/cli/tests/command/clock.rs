//! Chains that live: a block each second by the machine's clock, and longer than the time it takes
//! to follow them. Endpoints are late, clocks are wrong, and every endpoint is honest.

use crate::common::{command, scratch, write, Ran};
use crate::faked::environment;
use crate::late::Line;
use spanlight_devnet::pair::{BridgeKind, Side, Value as Worth, COIN, USERS};
use spanlight_devnet::{Clock, Pair, PairConfig, Production};
use std::sync::OnceLock;
use std::time::Duration;

/// Seconds and blocks that the chains are old when the tests begin.
const AGE: u64 = 700;

struct Living {
    pair: Pair,
    trust: String,
}

/// Two chains that live, with one transfer that is long done.
fn living() -> &'static Living {
    static LIVING: OnceLock<Living> = OnceLock::new();
    LIVING.get_or_init(|| {
        let config = PairConfig { bridge: BridgeKind::C, age: AGE, transfers: 1, ..PairConfig::default() };
        let pair = Pair::start(config.produced(Production::Every(Duration::from_secs(1)), Clock::System)).unwrap();
        let trust = write("living.trust.json", serde_json::to_string(&pair.trust().unwrap()).unwrap());
        Living { pair, trust }
    })
}

impl Living {
    fn urls(&self) -> [String; 2] {
        [self.pair.main.url(), self.pair.service.url()]
    }

    fn trust(&self) -> [&str; 2] {
        ["--trust", &self.trust]
    }
}

/// The arguments for endpoints of both chains.
fn rpc(main: &[String], service: &[String]) -> Vec<String> {
    let of = |name: &str, url: &String| ["--rpc".to_owned(), format!("{name}={url}")];
    let main = main.iter().flat_map(|url| of("main", url));
    main.chain(service.iter().flat_map(|url| of("service", url))).collect()
}

fn run(seconds: i64, arguments: &[&str], endpoints: &[String]) -> Ran {
    let mut command = command();
    if seconds != 0 {
        command.envs(environment(seconds));
    }
    let output = command.args(arguments).args(endpoints).arg("--json").output().unwrap();
    let ran = Ran::from(output);
    // Whatever else is said, everybody is honest here.
    for word in ["put aside", "refused", "invalid", "panicked"] {
        assert!(
            !ran.stderr.contains(word) && !ran.stdout.contains(word),
            "{arguments:?}\n{}{}",
            ran.stderr,
            ran.stdout
        );
    }
    ran
}

fn assert_handled(ran: &Ran) {
    let transfer = &ran.json()["transfers"][0];
    assert_eq!((transfer["state"].as_str(), ran.code), (Some("handled"), 0), "{}{}", ran.stdout, ran.stderr);
}

/// `prove` and `audit` with so many endpoints of each chain on lines like this one.
fn judged_over(late: Duration, endpoints: usize, audits: bool) {
    let living = living();
    let lines = living.urls().map(|url| (0..endpoints).map(|_| Line::to(&url, late)).collect::<Vec<_>>());
    let urls = lines.each_ref().map(|lines| lines.iter().map(Line::url).collect::<Vec<_>>());
    let endpoints = rpc(&urls[0], &urls[1]);
    let before = living.pair.main.height();
    let prove = [&["prove", "--from", "main", "--nonce", "0"], living.trust().as_slice()].concat();
    let ran = run(0, &prove, &endpoints);
    assert_handled(&ran);
    assert_eq!(ran.stderr, "", "{late:?}");
    let head = ran.json()["transfers"][0]["as_of"]["source"]["number"].as_u64().unwrap();
    assert!(head > 0);
    // Blocks were made while the chains were followed: that is what these tests are about.
    assert!(living.pair.main.height() > before + 1, "{late:?}");
    if audits {
        let audit = [&["audit", "--from", "main", "--nonces", "0..0"], living.trust().as_slice()].concat();
        let ran = run(0, &audit, &endpoints);
        assert_handled(&ran);
        // Another test may have requested more by now.
        assert_eq!((&ran.json()["complete_in_range"], ran.stderr.as_str()), (&true.into(), ""), "{late:?}");
    }
}

#[test]
fn late_honest_endpoints_of_living_chains_are_believed_as_fast_ones_are() {
    assert!(living().pair.main.height() >= AGE && living().pair.service.height() >= AGE);
    std::thread::scope(|scope| {
        scope.spawn(|| judged_over(Duration::from_millis(50), 2, true));
        scope.spawn(|| judged_over(Duration::from_millis(400), 2, true));
        scope.spawn(|| judged_over(Duration::from_secs(2), 1, false));
    });
}

#[test]
fn a_clock_that_is_a_little_behind_or_ahead_changes_nothing() {
    let (living, urls) = (living(), living().urls().map(|url| vec![url]));
    let endpoints = rpc(&urls[0], &urls[1]);
    for seconds in [-3, -5, 30] {
        let prove = [&["prove", "--from", "main", "--nonce", "0"], living.trust().as_slice()].concat();
        let ran = run(seconds, &prove, &endpoints);
        assert_handled(&ran);
        assert_eq!(ran.stderr, "", "{seconds}");
        let sync = [&["sync", "--chain", "service"], living.trust().as_slice()].concat();
        let ran = run(seconds, &sync, &["--rpc".to_owned(), urls[1][0].clone()]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{seconds}");
        assert!(ran.json()["head"]["number"].as_u64().unwrap() >= AGE);
    }
}

/// By how many seconds the notes say that the clock is behind.
fn told_behind(ran: &Ran) -> Vec<u64> {
    let said = ran.stderr.lines().filter_map(|line| line.split("clock seems to be at least ").nth(1));
    said.filter_map(|rest| rest.split(' ').next()?.parse().ok()).collect()
}

#[test]
fn a_clock_that_is_far_behind_is_told_by_how_much_and_nobody_is_blamed() {
    const BEHIND: i64 = -30;
    let (living, urls) = (living(), living().urls().map(|url| vec![url]));
    let endpoints = rpc(&urls[0], &urls[1]);
    let prove = [&["prove", "--from", "main"], living.trust().as_slice()].concat();
    let ran = run(BEHIND, &[prove.as_slice(), &["--nonce", "0"]].concat(), &endpoints);
    assert_handled(&ran);
    let told = told_behind(&ran);
    assert!(told.len() == 2 && told.iter().all(|seconds| (16..=32).contains(seconds)), "{}", ran.stderr);
    // The JSON carries the same note.
    let notes = ran.json()["notes"].as_array().unwrap().clone();
    let told: Vec<_> = notes.iter().map(|note| (note["chain"].as_str(), note["code"].as_str())).collect();
    assert_eq!(told, [(Some("main"), Some("clock.behind")), (Some("service"), Some("clock.behind"))], "{notes:?}");

    // What lies ahead of the clock cannot be judged yet.
    let request = living.pair.request(Side::Main, USERS[0], living.pair.user(USERS[1]), Worth::Coin(COIN)).unwrap();
    let hash = request.hash.to_string();
    let ran = run(BEHIND, &[prove.as_slice(), &["--tx", &hash]].concat(), &endpoints);
    assert_eq!((ran.code, &ran.json()["error"]["code"]), (2, &"not_yet_trusted.clock".into()), "{}", ran.stderr);
    let head = living.pair.service.height().to_string();
    let sync = [&["sync", "--chain", "service", "--to", &head], living.trust().as_slice()].concat();
    let ran = run(BEHIND, &sync, &["--rpc".to_owned(), urls[1][0].clone()]);
    assert_eq!((ran.code, &ran.json()["error"]["code"]), (2, &"not_yet_trusted.clock".into()), "{}", ran.stderr);
    assert!(ran.stderr.contains("by NTP"), "{}", ran.stderr);

    // A bundle of now, judged where the clock is behind.
    let bundle = scratch("living.spl").display().to_string();
    let ran = run(0, &[prove.as_slice(), &["--nonce", "7", "--out", &bundle]].concat(), &endpoints);
    assert_eq!((ran.code, &ran.json()["transfers"][0]["state"]), (2, &"unrequested".into()), "{}", ran.stderr);
    let verify = [&["verify", bundle.as_str()], living.trust().as_slice()].concat();
    let ran = run(BEHIND, &verify, &[]);
    let transfer = ran.json()["transfers"][0].clone();
    assert_eq!((ran.code, &transfer["code"]), (2, &"not_yet_trusted.clock".into()), "{transfer}");
    assert_eq!(run(-5, &verify, &[]).json()["transfers"][0]["state"], "unrequested");
}
