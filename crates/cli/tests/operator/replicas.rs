//! Two replicas of one operator on one PostgreSQL: one acts, the other takes over at once, nothing is sent twice.

use crate::relay::{Network, Relay};
use crate::rig::{free_port, tail, Plan, Rig};
use serde_json::Value as Json;
use spanlight_devnet::pair::{BridgeKind, Side};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A server of its own, on a socket in a folder of its own.
pub(crate) struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
}

impl Postgres {
    pub(crate) fn start(name: &str) -> Self {
        let programs = std::fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .flatten()
            .map(|version| version.path().join("bin"))
            .find(|path| path.join("initdb").exists())
            .expect("PostgreSQL is missing: tools/setup brings it");
        // The path of a socket is short, so the folder's is.
        let folder = PathBuf::from(format!("/tmp/spl-pg-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let server = Self { folder, programs, port: free_port() };
        own(&server.folder);
        let data = server.folder.join("data").display().to_string();
        server.run("initdb", &["-D", &data, "-A", "trust", "-U", "operator", "--no-sync"]);
        let options = format!(
            "-c listen_addresses=127.0.0.1 -p {} -c unix_socket_directories={} -c fsync=off",
            server.port,
            server.folder.display()
        );
        let log = server.folder.join("server.log").display().to_string();
        server.run("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"]);
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://operator@localhost:{}/postgres?host={}", self.port, self.folder.display())
    }

    /// Ends all its processes at once, as a crash would, and starts it again.
    pub(crate) fn restart(&self) {
        let data = self.folder.join("data").display().to_string();
        let log = self.folder.join("server.log").display().to_string();
        self.run("pg_ctl", &["-D", &data, "-m", "immediate", "-w", "-l", &log, "restart"]);
    }

    /// A way to it that can be cut, and its address.
    pub(crate) fn relay(&self) -> (Relay, String) {
        self.relay_at("127.0.0.1")
    }

    /// The same, to be reached at another address of this machine.
    pub(crate) fn relay_at(&self, host: &str) -> (Relay, String) {
        let relay = Relay::at(host, &format!("http://127.0.0.1:{}", self.port));
        let address = relay.url().replace("http://", "");
        (relay, format!("postgres://operator@{address}/postgres?sslmode=disable"))
    }

    /// The server refuses to run as the superuser, so its programs run as somebody else there.
    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        let output = command.args(arguments).current_dir("/").stdin(std::process::Stdio::null());
        let status = output.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).status().unwrap();
        assert!(status.success(), "{arguments:?}");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = self.folder.join("data").display().to_string();
        self.run("pg_ctl", &["-D", &data, "-m", "immediate", "stop"]);
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0)
}

fn own(folder: &Path) {
    if is_root() {
        let status = Command::new("chown").args(["postgres:postgres"]).arg(folder).status().unwrap();
        assert!(status.success());
    }
}

#[test]
fn two_replicas_on_one_postgresql_never_send_twice_and_take_over_at_once() {
    let server = Postgres::start("replicas");
    // One operator with threshold one, as two processes.
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("replicas") });
    let urls = [rig.pair.main.url(), rig.pair.service.url()];
    rig.operators.clear();
    for replica in 0..2 {
        rig.add_replica(0, replica, &urls, &server.url());
    }
    rig.start_all();
    let mut requests = 0;
    for round in 0..4 {
        for _ in 0..5 {
            rig.request(Side::Main, requests * 3);
            requests += 1;
        }
        // Whoever acts is killed in the middle of it; the other goes on.
        rig.kill(round % 2);
        let took = rig.wait_handled(Side::Main, Duration::from_secs(120));
        println!("round {round}: all handled {took:?} after one replica was killed");
        rig.start(round % 2, &[]);
        std::thread::sleep(Duration::from_millis(700));
    }
    rig.assert_all_handled(Side::Main);
    assert_eq!(rig.votes(Side::Service), (requests as usize, 0), "one vote for each, none twice");
}

/// Taking over fails half-way: the lock must not stay with a connection that nobody uses.
#[test]
fn a_failed_take_over_leaves_no_lock_behind() {
    use spanlight_operator::store::Store;
    let server = Postgres::start("lock");
    let sql = |text: &str| {
        server.run(
            "psql",
            &[
                "-h",
                &server.folder.display().to_string(),
                "-p",
                &server.port.to_string(),
                "-U",
                "operator",
                "-d",
                "postgres",
                "-qc",
                text,
            ],
        )
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let first = Store::open(&server.url()).await.unwrap();
        let second = Store::open(&server.url()).await.unwrap();
        sql("ALTER TABLE fences RENAME TO away");
        assert!(first.acquire("a->b").await.is_err());
        sql("ALTER TABLE away RENAME TO fences");
        // The lock goes with its connection, whose end the server notices a moment later.
        let free = async |store: &Store| {
            for _ in 0..500 {
                if let Some(lease) = store.acquire("a->b").await.unwrap() {
                    return lease;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            panic!("the lock stays");
        };
        let lease = free(&second).await;
        assert!(first.acquire("a->b").await.unwrap().is_none());
        // A replica that gives the lease up gives up the lock with it.
        drop(lease);
        free(&first).await;
    });
}

/// Which of two replicas acts, once one does.
pub(crate) fn acting(rig: &Rig) -> usize {
    let start = Instant::now();
    loop {
        let acts = |index: &usize| phase(rig, *index) == "following";
        if let Some(index) = (0..2).find(acts) {
            return index;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{}\n{}", rig.log(0), rig.log(1));
        std::thread::sleep(Duration::from_millis(100));
    }
}

pub(crate) fn board(rig: &Rig, index: usize) -> Json {
    rig.status(index)["directions"]["main->service"].clone()
}

pub(crate) fn phase(rig: &Rig, index: usize) -> String {
    board(rig, index)["phase"].as_str().unwrap_or_default().to_owned()
}

fn signal(rig: &Rig, index: usize, name: &str) {
    let pid = rig.operators[index].pid().unwrap().to_string();
    assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
}

/// On a quiet machine it takes a lease's term and a session's start, together below 15 seconds. A
/// busy one gets more.
pub(crate) const TAKE_OVER: Duration = Duration::from_secs(60);

/// A host that is frozen keeps its connections, and wakes up believing that nothing has happened.
#[test]
fn a_frozen_replica_is_followed_soon_and_harms_nothing_when_it_wakes() {
    let server = Postgres::start("frozen");
    // Calls are under way when it freezes.
    let latency = Duration::from_millis(100);
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, latency, ..Plan::new("frozen") });
    let urls = [rig.pair.main.url(), rig.pair.service.url()];
    rig.operators.clear();
    for replica in 0..2 {
        rig.add_replica(0, replica, &urls, &server.url());
    }
    rig.start_all();
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    for round in 1..3 {
        let first = acting(&rig);
        signal(&rig, first, "-STOP");
        rig.request(Side::Main, round * 3);
        let took = rig.wait_handled(Side::Main, Duration::from_secs(60));
        println!("round {round}: handled {took:?} after the acting replica was frozen");
        assert!(took < TAKE_OVER, "{took:?}");
        let before = rig.log(first).len();
        signal(&rig, first, "-CONT");
        rig.wait_for_log(first, "the lease is over", 1);
        rig.request(Side::Main, round * 3);
        rig.wait_handled(Side::Main, Duration::from_secs(60));
        let since = rig.log(first).split_off(before);
        // A busy machine may give reasons for other alarms.
        let blames = ["endpoint", "chain_stands", "old_heads", "clock"].map(|code| format!("code=\"{code}\""));
        let is_blame = |line: &str| line.contains("ALARM") && blames.iter().any(|code| line.contains(code));
        assert!(!since.lines().any(is_blame), "nobody else is to blame\n{}", tail(&since));
    }
    rig.assert_all_handled_once(Side::Main);
    assert_eq!(rig.votes(Side::Service), (5, 0), "one vote for each, none twice");
}

/// A host that is cut off from the database, and from nothing else: it must not act, since the
/// other one does.
#[test]
fn a_replica_that_is_cut_off_from_the_database_stops_and_the_other_one_takes_over() {
    let server = Postgres::start("cut");
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("cut") });
    let urls = [rig.pair.main.url(), rig.pair.service.url()];
    rig.operators.clear();
    let relays: Vec<Relay> = (0..2)
        .map(|replica| {
            let (relay, url) = server.relay();
            rig.add_replica(0, replica, &urls, &url);
            relay
        })
        .collect();
    rig.start_all();
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    for (round, fault) in (1u64..).zip([Network::HalfOpen, Network::LosesAnswers]) {
        let first = acting(&rig);
        relays[first].set(fault);
        rig.request(Side::Main, round * 3);
        let took = rig.wait_handled(Side::Main, Duration::from_secs(60));
        println!("{fault:?}: handled {took:?} after the acting replica was cut off");
        assert!(took < TAKE_OVER, "{took:?}");
        // The one that is cut off says so.
        let start = Instant::now();
        while phase(&rig, first) != "failing" {
            assert!(start.elapsed() < Duration::from_secs(60), "{}", rig.log(first));
            std::thread::sleep(Duration::from_millis(100));
        }
        assert!(board(&rig, first)["alarms"]["store"].as_u64() >= Some(1), "{}", board(&rig, first));
        relays[first].set(Network::Passes);
        while phase(&rig, first) != "standby" {
            assert!(start.elapsed() < Duration::from_secs(60), "{}", rig.log(first));
            std::thread::sleep(Duration::from_millis(100));
        }
        rig.request(Side::Main, round * 3);
        rig.wait_handled(Side::Main, Duration::from_secs(60));
    }
    rig.assert_all_handled_once(Side::Main);
    assert_eq!(rig.votes(Side::Service), (5, 0), "one vote for each, none twice");
}

/// Where votes are signatures, peers ask every replica: whichever acts has them.
#[test]
fn peers_reach_whichever_replica_acts() {
    let server = Postgres::start("peers");
    let plan = Plan { bridge: BridgeKind::V2, operators: 2, threshold: 2, signed: true, ..Plan::new("peers") };
    let mut rig = Rig::new(plan);
    let urls = [rig.pair.main.url(), rig.pair.service.url()];
    rig.operators.clear();
    for replica in 0..2 {
        rig.add_replica(0, replica, &urls, &server.url());
    }
    rig.add_operator(1, &urls);
    let (first, second) = (rig.exchange_port(0), free_port());
    let change = |index: usize, from: String, to: String| {
        let path = rig.operators[index].folder.join("operator.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(&from), "{text}");
        std::fs::write(&path, text.replace(&from, &to)).unwrap();
    };
    change(1, format!("listen = \"127.0.0.1:{first}\""), format!("listen = \"127.0.0.1:{second}\""));
    let both = format!("address = [\"127.0.0.1:{first}\", \"127.0.0.1:{second}\"]");
    change(2, format!("address = \"127.0.0.1:{first}\""), both);
    rig.start_all();
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(120));
    let acts = acting(&rig);
    signal(&rig, acts, "-STOP");
    rig.request(Side::Main, 3);
    let took = rig.wait_handled(Side::Main, Duration::from_secs(60));
    println!("handled {took:?} after the acting replica was frozen");
    assert!(took < TAKE_OVER, "{took:?}");
    signal(&rig, acts, "-CONT");
    rig.request(Side::Main, 6);
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    rig.assert_all_handled_once(Side::Main);
}
