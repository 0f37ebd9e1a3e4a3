//! Over HTTP everything is as from the recording itself: against `spanlight replay`, and against a real node where the
//! variable KAIA_RPC names one.
#[cfg(unix)]
use crate::common::ending_signals;
use crate::common::{fixture, nobody, run, scratch, write, Ran};
use crate::served::Served;
use serde_json::{json, Value};
use std::io::Read;

const NOW: &str = "1795398976";

fn recorded(chain: &str) -> String {
    format!("{chain}=replay:{}", fixture(&format!("{chain}.rpc.jsonl.gz")))
}

fn with_rpc(arguments: &[&str], endpoints: &[&str]) -> Ran {
    let rpc = endpoints.iter().flat_map(|endpoint| ["--rpc", endpoint]);
    run(&arguments.iter().copied().chain(rpc).collect::<Vec<_>>())
}

#[test]
fn sync_over_http_is_sync_from_the_recording() {
    let trust = fixture("trust.toml");
    for chain in ["main", "service"] {
        let served = Served::chain(chain);
        let arguments = ["sync", "--trust", &trust, "--chain", chain, "--json", "--now", NOW, "--deep"];
        let [mut live, mut still] =
            [served.url.as_str(), &recorded(chain)].map(|endpoint| with_rpc(&arguments, &[endpoint]).json());
        for json in [&mut live, &mut still] {
            json["seconds"] = Value::Null;
        }
        assert_eq!(live, still);
    }
}

#[test]
fn audit_and_prove_over_http_are_those_from_the_recordings() {
    let (main, service) = (Served::chain("main"), Served::chain("service"));
    let live = [format!("main={}", main.url), format!("service={}", service.url)];
    let mixed = [recorded("main"), live[1].clone()];
    let still = [recorded("main"), recorded("service")];
    let trust = fixture("trust.toml");
    for (from, last) in [("main", "20"), ("service", "13")] {
        let arguments =
            ["audit", "--trust", &trust, "--from", from, "--nonces", &format!("0..{last}"), "--json", "--now", NOW];
        let [one, other] = [&live, &still].map(|rpc| with_rpc(&arguments, &[&rpc[0], &rpc[1]]));
        assert_eq!((one.code, one.json()), (other.code, other.json()), "{}", one.stderr);
        assert_eq!(one.code, 1, "each direction holds a fraud: {}", one.stdout);
    }
    let bundles = [("live", &live), ("mixed", &mixed), ("still", &still)].map(|(name, rpc)| {
        let out = scratch(&format!("{name}.bundle")).display().to_string();
        let arguments = ["prove", "--trust", &trust, "--from", "main", "--nonce", "6", "--now", NOW, "--out", &out];
        let ran = with_rpc(&arguments, &[&rpc[0], &rpc[1]]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        std::fs::read(out).unwrap()
    });
    assert!(bundles[0] == bundles[2] && bundles[1] == bundles[2]);
}

#[test]
fn the_next_endpoint_helps_out_and_the_first_is_named() {
    let served = Served::chain("service");
    let other = Served::chain("main");
    let genesis = fixture("service.genesis.json");
    let arguments = ["sync", "--genesis", &genesis, "--now", NOW, "--tries", "1", "--json"];
    let nobody = nobody();
    let ran = with_rpc(&arguments, &[&nobody, &other.url, &served.url]);
    assert_eq!((ran.code, &ran.json()["head"]["number"]), (0, &json!(503)), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("{nobody} is put aside")), "{}", ran.stderr);
    assert!(ran.stderr.contains(&format!("{} is put aside: it serves another chain", other.url)), "{}", ran.stderr);
}

#[test]
fn endpoints_that_fail_end_with_4_and_say_which_how_and_what_to_do() {
    let genesis = fixture("service.genesis.json");
    let (nobody, other) = (nobody(), Served::chain("main"));
    let none = with_rpc(&["sync", "--genesis", &genesis, "--tries", "1"], &[&nobody]);
    let wrong = with_rpc(&["sync", "--genesis", &genesis], &[&other.url]);
    for (ran, parts) in [
        (none, [nobody.as_str(), "kaia_chainID", "help:"]),
        (wrong, [other.url.as_str(), "another chain: chain id", "help:"]),
    ] {
        assert_eq!(ran.code, 4, "{}", ran.stderr);
        assert!(parts.iter().all(|part| ran.stderr.contains(part)), "{}", ran.stderr);
    }
}

#[test]
fn a_pruned_state_is_explained_and_the_next_endpoint_is_asked_first() {
    let text = |chain: &str| {
        let mut text = String::new();
        let file = std::fs::File::open(fixture(&format!("{chain}.rpc.jsonl.gz"))).unwrap();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        text
    };
    let kept = |line: &&str| !line.contains("kaia_getProof");
    let pruned = text("service").lines().filter(kept).map(|line| format!("{line}\n")).collect::<String>();
    let pruned = format!("service=replay:{}", write("pruned.jsonl", pruned));
    let (trust, main, service) = (fixture("trust.toml"), recorded("main"), recorded("service"));
    let arguments = ["prove", "--trust", &trust, "--from", "main", "--nonce", "0"];
    let ran = with_rpc(&arguments, &[&main, &pruned]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    for part in ["pruned.jsonl, kaia_getProof", "archive node", "rpc.pruned"] {
        assert!(ran.stderr.contains(part), "{}", ran.stderr);
    }
    assert_eq!(with_rpc(&arguments, &[&main, &pruned, &service]).code, 0);
}

#[test]
fn what_one_endpoint_keeps_back_is_asked_of_the_next() {
    let mut text = String::new();
    let file = std::fs::File::open(fixture("service.rpc.jsonl.gz")).unwrap();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    // Without receipts there is no log of any execution.
    let kept = text.lines().filter(|line| !line.contains("kaia_getBlockReceipts"));
    let silent = write("silent.jsonl", kept.map(|line| format!("{line}\n")).collect::<String>());
    let silent = format!("service=replay:{silent}");
    let (trust, main, service) = (fixture("trust.toml"), recorded("main"), recorded("service"));
    let arguments = ["prove", "--trust", &trust, "--from", "main", "--nonce", "0"];
    let alone = with_rpc(&arguments, &[&main, &silent]);
    assert_eq!(alone.code, 2, "{}{}", alone.stdout, alone.stderr);
    let ran = with_rpc(&arguments, &[&main, &silent, &service]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains("silent.jsonl gave leaves something unproven"), "{}", ran.stderr);
}

#[test]
fn the_server_speaks_json_rpc_to_browsers_too() {
    let served = Served::chain("service");
    let call = |id: Value, method: &str| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": [] });
    let answer = served.post("/", &call(json!("a"), "kaia_blockNumber"));
    assert_eq!((answer.status, answer.field("access-control-allow-origin")), (200, Some("*")));
    assert_eq!(answer.json(), json!({ "jsonrpc": "2.0", "id": "a", "result": "0x1f7" }));
    let batch = json!([call(json!(1), "kaia_blockNumber"), call(json!(2), "no_such"), { "id": 3 }]);
    let answers = served.post("/", &batch).json();
    assert_eq!((&answers[0]["result"], &answers[1]["error"]["code"]), (&json!("0x1f7"), &json!(-32601)));
    assert_eq!((&answers[2]["error"]["code"], &answers[2]["id"]), (&json!(-32600), &json!(3)));
    assert_eq!(served.post("/", &json!([])).json()["error"]["code"], json!(-32600));
    let preflight = served.ask("OPTIONS", "/", &[]);
    assert_eq!((preflight.status, preflight.field("access-control-allow-headers")), (204, Some("content-type")));
    let refused = served.post("/", &json!("x".repeat(2 << 20)));
    assert_eq!((refused.status, refused.field("access-control-allow-origin")), (413, Some("*")));
    assert_eq!(served.get("/").status, 405);
}

#[cfg(unix)]
#[test]
fn the_server_ends_with_0_when_interrupted() {
    for signal in ending_signals() {
        let mut served = Served::chain("service");
        served.post("/", &json!([]));
        assert_eq!(served.ended_by(signal), Some(0));
    }
}

/// `nohup` has hang-ups ignored, and stays in charge of that.
#[cfg(target_os = "linux")]
#[test]
fn the_server_outlives_its_terminal_under_nohup() {
    let mut nohup = std::process::Command::new("nohup");
    nohup.arg(env!("CARGO_BIN_EXE_spanlight")).args(["replay", &fixture("service.rpc.jsonl.gz")]);
    let mut served = Served::by(nohup.args(["--listen", "127.0.0.1:0"]).stdin(std::process::Stdio::null()));
    served.post("/", &json!([]));
    served.signal("HUP");
    // Long enough for a signal to be seen, as the test above shows.
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(served.post("/", &json!([])).status, 200);
    assert_eq!(served.ended_by("TERM"), Some(0));
}

/// KAIA_RPC=URL of a node and KAIA_GENESIS=FILE, the genesis file of its chain.
#[test]
fn a_real_node_is_followed_where_one_is_named() {
    let (Ok(url), Ok(genesis)) = (std::env::var("KAIA_RPC"), std::env::var("KAIA_GENESIS")) else {
        eprintln!("not run: KAIA_RPC and KAIA_GENESIS name no node and no genesis file");
        return;
    };
    let ran = with_rpc(&["sync", "--genesis", &genesis, "--to", "1000", "--qualified", "council", "--json"], &[&url]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.json()["head"]["number"], json!(1000));
}
