//! How many transfers operators bear, how long one takes, and what memory they hold. `cargo xtask load` runs these and draws
//! them; docs/performance.md keeps dated figures.
//!
//! Four operators, two votes decide, generation C, blocks of one second, and what the operator's configuration says by itself.

pub(crate) mod process;
mod traffic;

use crate::rig::{Plan, Rig};
use process::Usage;
use spanlight_devnet::pair::Side;
use spanlight_operator::board::Status;
use spanlight_operator::ops;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use traffic::{quantile, Offer, Traffic};

/// Time between two looks of the loop: how exactly the arrival of a block is known.
const LOOK: Duration = Duration::from_millis(5);
/// Longest wait for what is open after the last request.
const PATIENCE: Duration = Duration::from_secs(180);

/// Requests a second that operators bear on any machine that builds them.
const LIGHT: f64 = 5.0;

/// A number from the environment.
fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |value| value.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

/// Where tables of figures are left.
fn folder() -> PathBuf {
    let folder = std::env::var_os("SPANLIGHT_LOAD_FOLDER");
    let folder = folder.map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Chains and operators that have begun to follow them.
fn started(name: &'static str) -> Rig {
    let block = Duration::from_millis(setting("SPANLIGHT_LOAD_BLOCK_MS", 1000));
    let latency = Duration::from_millis(setting("SPANLIGHT_LOAD_LATENCY_MS", 0));
    let mut rig = Rig::new(Plan { block, latency, poll: Duration::from_millis(500), ..Plan::new(name) });
    (0..rig.operators.len()).for_each(|index| rig.start(index, &[("RUST_LOG", "warn")]));
    let start = Instant::now();
    while !rig.operators.iter().all(|operator| is_following(operator.ops)) {
        assert!(start.elapsed() < PATIENCE, "operators do not start\n{}", rig.log(0));
        std::thread::sleep(Duration::from_millis(100));
    }
    rig
}

fn is_following(ops: std::net::SocketAddr) -> bool {
    ops::ask(ops).is_ok_and(|status| {
        status.directions.len() == 2 && status.directions.values().all(|board| board.phase == "following")
    })
}

/// Offers requests at several rates, main to service and both ways, and writes one row for each.
#[test]
#[ignore = "a quarter of an hour: cargo xtask load"]
fn rates() {
    let rates = std::env::var("SPANLIGHT_LOAD_RATES").unwrap_or_else(|_| "1,5,10,20,40".to_owned());
    let seconds = setting("SPANLIGHT_LOAD_SECONDS", 60);
    let mut table =
        "ways,offered_per_s,seconds,requests,handled,handled_per_s,p50_s,p99_s,max_s,header_p50_s,header_max_s,\
                     drained_s,votes,reverted,cpu_mean_percent,cpu_max_percent,rss_max_mb,chains_cpu_percent\n"
            .to_owned();
    for (ways, sides) in [("one", &[Side::Main][..]), ("both", &[Side::Main, Side::Service])] {
        for rate in rates.split(',').map(|rate| rate.trim().parse().expect("a rate is a number")) {
            table += &row(ways, sides, rate, Duration::from_secs(seconds));
            std::fs::write(folder().join("rates.csv"), &table).unwrap();
        }
    }
    println!("{table}");
}

/// One run at one rate of each of the directions.
fn row(ways: &str, sides: &[Side], rate: f64, lasting: Duration) -> String {
    let rig = started("load");
    let pids: Vec<u32> = rig.operators.iter().map(|operator| operator.pid().unwrap()).collect();
    let mut traffic = Traffic::new(&rig, Offer { sides, rate, lasting });
    // Both chains and the requests are this process. What they need tells whether the operators were what was slow.
    let chains = Usage::of(std::process::id());
    let before: Vec<Usage> = pids.iter().map(|pid| Usage::of(*pid)).collect();
    let start = Instant::now();
    let mut offered = None;
    loop {
        traffic.offer();
        traffic.see_blocks();
        if offered.is_none() && traffic.is_offered() {
            // What the operators need is measured while requests come.
            let usage = pids.iter().zip(&before).map(|(pid, before)| Usage::of(*pid).since(before, start.elapsed()));
            let chains = Usage::of(std::process::id()).since(&chains, start.elapsed());
            offered = Some((usage.collect::<Vec<f64>>(), chains, Instant::now()));
        }
        let Some((.., end)) = &offered else {
            std::thread::sleep(LOOK);
            continue;
        };
        if traffic.is_done() || end.elapsed() > PATIENCE {
            break;
        }
        std::thread::sleep(LOOK);
    }
    // High rates find the limit; below it everything must be handled.
    assert!(rate > LIGHT || traffic.is_done(), "{rate} requests a second were not borne\n{}", rig.log(0));
    if !traffic.is_done() {
        tell_why(&rig, &traffic);
    }
    let (cpu, chains, end) = offered.unwrap();
    let drained = if traffic.is_done() { format!("{:.1}", end.elapsed().as_secs_f64()) } else { String::new() };
    let rss = pids.iter().map(|pid| Usage::of(*pid).peak_kb).max().unwrap() / 1024;
    let votes: Vec<(usize, usize)> = sides.iter().map(|side| rig.votes(side.other())).collect();
    let (took, by_headers) = (traffic.latencies(), traffic.latencies_by_headers());
    let line = format!(
        "{ways},{rate},{},{},{},{:.2},{:.2},{:.2},{:.2},{:.0},{:.0},{drained},{},{},{:.1},{:.1},{rss},{chains:.0}\n",
        lasting.as_secs(),
        traffic.requests(),
        took.len(),
        traffic.handled_per_second(),
        quantile(&took, 0.5),
        quantile(&took, 0.99),
        quantile(&took, 1.0),
        quantile(&by_headers, 0.5),
        quantile(&by_headers, 1.0),
        votes.iter().map(|(all, _)| all).sum::<usize>(),
        votes.iter().map(|(_, reverted)| reverted).sum::<usize>(),
        cpu.iter().sum::<f64>() / cpu.len() as f64,
        cpu.iter().fold(0.0f64, |most, one| most.max(*one)),
    );
    print!("RESULT {line}");
    line
}

/// What operators say of the first transfers that are not handled.
fn tell_why(rig: &Rig, traffic: &Traffic<'_>) {
    for (from, nonce) in traffic.open().take(4) {
        for index in 0..rig.operators.len() {
            let side = if from == Side::Main { "main" } else { "service" };
            println!("{index}: {}", rig.ask(index, &["why", &nonce.to_string(), "--from", side]));
        }
    }
    (0..rig.operators.len()).for_each(|index| println!("--- {index}\n{}", crate::rig::tail(&rig.log(index))));
}

/// One request a second each way for a long time; every ten seconds a row with each operator's memory and how far it is behind.
#[test]
#[ignore = "an hour: cargo xtask load memory"]
fn memory() {
    const SAMPLE: Duration = Duration::from_secs(10);
    let lasting = Duration::from_secs(setting("SPANLIGHT_LOAD_SECONDS", 3600));
    let rig = started("memory");
    let mut traffic = Traffic::new(&rig, Offer { sides: &[Side::Main, Side::Service], rate: 1.0, lasting });
    let path = folder().join("memory.csv");
    let mut table = "seconds,main_head,service_head,requests,handled,p50_s,max_s".to_owned();
    for index in 0..rig.operators.len() {
        write!(table, ",rss_mb_{index},cpu_percent_{index},head_lag_{index},open_{index}").unwrap();
    }
    table += "\n";
    let mut before: Vec<Usage> = usages(&rig);
    let (start, mut sampled) = (Instant::now(), Instant::now());
    while !traffic.is_offered() {
        traffic.offer();
        traffic.see_blocks();
        if sampled.elapsed() >= SAMPLE {
            let now = usages(&rig);
            table += &sample(&rig, &mut traffic, start.elapsed(), (&before, &now), sampled.elapsed());
            (before, sampled) = (now, Instant::now());
            std::fs::write(&path, &table).unwrap();
        }
        std::thread::sleep(LOOK);
    }
    let end = Instant::now();
    while !traffic.is_done() {
        assert!(end.elapsed() < PATIENCE, "not all handled\n{}", rig.log(0));
        traffic.see_blocks();
        std::thread::sleep(LOOK);
    }
    let took = traffic.latencies();
    println!(
        "RESULT memory: {} requests in {} s, all handled and none twice; {:.2} s in the middle, {:.2} s for 99 of 100, {:.2} s at \
         most; resident at the end {:?} MB; {}",
        traffic.requests(),
        lasting.as_secs(),
        quantile(&took, 0.5),
        quantile(&took, 0.99),
        quantile(&took, 1.0),
        before.iter().map(|usage| usage.resident_kb / 1024).collect::<Vec<u64>>(),
        path.display()
    );
}

fn usages(rig: &Rig) -> Vec<Usage> {
    rig.operators.iter().map(|operator| Usage::of(operator.pid().unwrap())).collect()
}

/// A row of the memory run.
fn sample(
    rig: &Rig,
    traffic: &mut Traffic,
    at: Duration,
    (before, now): (&[Usage], &[Usage]),
    between: Duration,
) -> String {
    let heads = [rig.pair.main.height(), rig.pair.service.height()];
    let recent = traffic.recent();
    let mut line = format!(
        "{:.0},{},{},{},{},{:.2},{:.2}",
        at.as_secs_f64(),
        heads[0],
        heads[1],
        traffic.requests(),
        traffic.latencies().len(),
        quantile(&recent, 0.5),
        quantile(&recent, 1.0)
    );
    for ((operator, before), now) in rig.operators.iter().zip(before).zip(now) {
        write!(line, ",{:.1},{:.1},", now.resident_kb as f64 / 1024.0, now.since(before, between)).unwrap();
        // An operator that is too busy to say where it stands leaves that empty; the run goes on.
        line += &ops::ask(operator.ops).map_or_else(|_| ",".to_owned(), |status| behind(&status, heads));
    }
    line + "\n"
}

/// How many blocks the worse of an operator's directions is behind, and its open transfers.
fn behind(status: &Status, [main, service]: [u64; 2]) -> String {
    let lag = status.directions.values().map(|board| {
        let (source, destination) = if board.source == "main" { (main, service) } else { (service, main) };
        source.saturating_sub(board.source_head).max(destination.saturating_sub(board.destination_head))
    });
    let open: usize = status.directions.values().map(|board| board.pending.len()).sum();
    format!("{},{open}", lag.max().unwrap_or_default())
}
