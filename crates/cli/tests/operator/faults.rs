//! Faults of what is around an operator: its database restarts, its disk fills up, its clock jumps,
//! the network between it and everything else parts.

use crate::faked;
use crate::relay::{Network, Relay};
use crate::replicas::{acting, board, phase, Postgres, TAKE_OVER};
use crate::rig::{spanlight, tail, Plan, Rig};
use spanlight_devnet::pair::Side;
use spanlight_operator::store::{NewSend, Purpose, Store, StoreError};
use sqlx::{Connection, PgConnection, Row};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const LONGEST: Duration = Duration::from_secs(120);

fn one_operator(name: &'static str) -> Rig {
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new(name) });
    rig.operators.clear();
    rig
}

fn wait_until(what: &str, rig: &Rig, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        let logs: String = (0..rig.operators.len()).map(|index| tail(&rig.log(index))).collect();
        assert!(start.elapsed() < LONGEST, "not so: {what}\n{logs}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn vote(account_nonce: u64) -> NewSend {
    NewSend {
        purpose: Purpose::Vote,
        nonce: 3,
        account_nonce,
        gas: 5,
        gas_price: spanlight::primitives::U256::from(7u8),
        raw: vec![1, 2, 3],
        hash: spanlight::Hash([9; 32]),
        block: 7,
    }
}

/// A take-over that has begun and is not committed yet: whatever is written meanwhile would be sent
/// by a replica that does not act any more.
#[test]
fn a_replica_that_is_being_overtaken_replaces_nothing() {
    let server = Postgres::start("overtaken");
    runtime().block_on(async {
        let store = Store::open(&server.url()).await.unwrap();
        let lease = store.acquire("a->b").await.unwrap().unwrap();
        let id = store.intend(&lease, &vote(0)).await.unwrap();
        let mut other = PgConnection::connect(&server.url()).await.unwrap();
        sqlx::query("BEGIN").execute(&mut other).await.unwrap();
        sqlx::query("UPDATE fences SET token = token + 1").execute(&mut other).await.unwrap();
        let is_done = AtomicBool::new(false);
        let replace = async {
            let replaced = store.replace(&lease, id, &NewSend { raw: vec![4], ..vote(0) }).await;
            is_done.store(true, Ordering::SeqCst);
            replaced
        };
        let take_over = async {
            let mut third = PgConnection::connect(&server.url()).await.unwrap();
            let sql =
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE sends%'";
            while !is_done.load(Ordering::SeqCst) {
                let waiting: i64 = sqlx::query(sql).fetch_one(&mut third).await.unwrap().get(0);
                if waiting > 0 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            sqlx::query("COMMIT").execute(&mut other).await.unwrap();
        };
        let (replaced, ()) = tokio::join!(replace, take_over);
        assert!(matches!(replaced, Err(StoreError::LostLease)), "{replaced:?}");
        assert_eq!(store.live("a->b").await.unwrap()[0].send, vote(0));
    });
}

/// Without its lock no replica would be known to stand by, and one whose endpoints are dead would
/// keep the lease.
#[test]
fn a_replica_stands_by_again_after_the_database_was_restarted() {
    let server = Postgres::start("stands-by");
    runtime().block_on(async {
        let (store, other) = (Store::open(&server.url()).await.unwrap(), Store::open(&server.url()).await.unwrap());
        let mut standby = None;
        store.keep_standing_by("a->b", &mut standby).await.unwrap();
        assert!(standby.is_some() && other.has_standby("a->b").await.unwrap());
        server.restart();
        // What is left of the old connections fails first.
        let start = Instant::now();
        let is_seen = async |standby: &mut Option<_>| {
            let kept = store.keep_standing_by("a->b", standby).await;
            kept.is_ok() && standby.is_some() && other.has_standby("a->b").await.unwrap_or(false)
        };
        while !is_seen(&mut standby).await {
            assert!(start.elapsed() < LONGEST, "it stands by no more");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
}

/// Another replica brings the tables to a new form, which takes longer than any call may.
#[test]
fn tables_that_are_brought_to_a_new_form_for_long_are_waited_for() {
    let server = Postgres::start("migration");
    runtime().block_on(async {
        drop(Store::open(&server.url()).await.unwrap());
        let mut other = PgConnection::connect(&server.url()).await.unwrap();
        sqlx::query("BEGIN").execute(&mut other).await.unwrap();
        sqlx::query("LOCK TABLE _sqlx_migrations IN ACCESS EXCLUSIVE MODE").execute(&mut other).await.unwrap();
        let url = server.url();
        let (opened, ()) = tokio::join!(Store::open(&url), async {
            // Longer than a lock may take for anything else.
            tokio::time::sleep(Duration::from_millis(4_500)).await;
            sqlx::query("COMMIT").execute(&mut other).await.unwrap();
        });
        opened.unwrap();
    });
}

/// Two replicas, each with ways of its own to both chains.
fn replicas_with_ways(rig: &mut Rig, server: &Postgres) -> Vec<[Relay; 2]> {
    let mut ways = Vec::new();
    for replica in 0..2 {
        let relays = [&rig.pair.main, &rig.pair.service].map(|chain| Relay::to(&chain.url()));
        let urls = [relays[0].url(), relays[1].url()];
        rig.add_replica(0, replica, &urls, &server.url());
        rig.start(replica, &[("SPANLIGHT_UNFIT_MS", "3000")]);
        ways.push(relays);
    }
    ways
}

#[test]
fn a_replica_whose_endpoints_are_dead_gives_the_lease_to_one_that_can_work_and_never_back_and_forth() {
    let server = Postgres::start("dead");
    let mut rig = one_operator("dead-endpoints");
    let ways = replicas_with_ways(&mut rig, &server);
    let set = |replica: usize, network| ways[replica].iter().for_each(|way| way.set(network));
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, LONGEST);
    let first = acting(&rig);
    let second = 1 - first;
    // Only one of its chains is cut off: that is enough.
    ways[first][0].set(Network::Cut);
    rig.request(Side::Main, 3);
    let took = rig.wait_handled(Side::Main, LONGEST);
    println!("handled {took:?} after the acting replica's endpoints of one chain had died");
    wait_until("the one without endpoints says so", &rig, || phase(&rig, first) == "failing");
    // No replica can work: the one that has the lease keeps it until another can work.
    set(second, Network::Cut);
    rig.request(Side::Main, 6);
    wait_until("neither can work", &rig, || phase(&rig, second) == "failing");
    std::thread::sleep(Duration::from_secs(5));
    assert!(!rig.log(second).contains("the lease is given to another replica"), "{}", tail(&rig.log(second)));
    set(first, Network::Passes);
    rig.wait_handled(Side::Main, LONGEST);
    set(second, Network::Passes);
    wait_until("the other one stands by", &rig, || phase(&rig, second) == "standby");
    rig.request(Side::Main, 9);
    rig.wait_handled(Side::Main, LONGEST);
    // Each has had it as often as the faults say, and no more.
    let words = "acting for this direction direction=main->service";
    let times = |replica: usize| rig.log(replica).matches(words).count();
    assert_eq!((times(first), times(second)), (2, 1), "{}\n{}", rig.log(first), rig.log(second));
    rig.assert_all_handled_once(Side::Main);
    assert_eq!(rig.votes(Side::Service), (4, 0), "one vote for each, none twice");
}

#[test]
fn a_database_that_crashes_and_comes_back_while_votes_are_sent_loses_none_and_doubles_none() {
    let server = Postgres::start("restart");
    let mut rig = one_operator("restart");
    let urls = [rig.pair.main.url(), rig.pair.service.url()];
    for replica in 0..2 {
        rig.add_replica(0, replica, &urls, &server.url());
    }
    rig.start_all();
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, LONGEST);
    for round in 0..3 {
        for number in 0..4 {
            rig.request(Side::Main, round * 4 + number);
        }
        server.restart();
        let took = rig.wait_handled(Side::Main, LONGEST);
        println!("round {round}: all handled {took:?} after the database came back");
    }
    rig.assert_all_handled_once(Side::Main);
    assert_eq!(rig.votes(Side::Service), (13, 0), "one vote for each, none twice");
}

/// A small file system in memory, for as long as this lives.
struct Disk(PathBuf);

impl Disk {
    /// None where this process may not mount one.
    fn mount(path: PathBuf, size: &str) -> Option<Self> {
        std::fs::create_dir_all(&path).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&path).output();
        mounted.is_ok_and(|mounted| mounted.status.success()).then_some(Self(path))
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.filler()).unwrap();
        for size in [4096, 1] {
            while std::io::Write::write_all(&mut file, &vec![0; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn what_a_full_disk_does_not_take_is_sent_to_nobody_and_goes_out_once_there_is_room() {
    let mut rig = one_operator("disk");
    let Some(disk) = Disk::mount(rig.folder.join("disk"), "16m") else {
        return eprintln!("skipped: this process may not mount a file system of its own (it needs CAP_SYS_ADMIN)");
    };
    let urls = [rig.pair.main.url(), rig.pair.service.url()];
    rig.add_replica(0, 0, &urls, &format!("sqlite:{}", disk.0.join("operator.db").display()));
    rig.start(0, &[]);
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, LONGEST);
    disk.fill();
    rig.request(Side::Main, 3);
    wait_until("the operator says that its store takes nothing", &rig, || {
        board(&rig, 0)["alarms"]["store"].as_u64() >= Some(1)
    });
    // The alarm is raised a moment before the phase is shown.
    wait_until("it says why it fails", &rig, || {
        let board = board(&rig, 0);
        board["phase"] == "failing" && board["trouble"].to_string().contains("disk is full")
    });
    // It tries again and again meanwhile.
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(rig.votes(Side::Service), (1, 0), "what is not written down is not sent");
    disk.make_room();
    let took = rig.wait_handled(Side::Main, LONGEST);
    println!("handled {took:?} after there was room again");
    rig.request(Side::Main, 6);
    rig.wait_handled(Side::Main, LONGEST);
    assert!(!rig.log(0).contains("panicked"), "{}", tail(&rig.log(0)));
    wait_until("it follows again", &rig, || phase(&rig, 0) == "following");
    rig.assert_all_handled_once(Side::Main);
    assert_eq!(rig.votes(Side::Service), (3, 0), "one vote for each, none twice");
    rig.kill(0);
}

/// Sets the clock of a process that was started with [`jumping`].
fn jump(file: &Path, seconds: i64) {
    // In one step: it is read again and again.
    let next = file.with_extension("next");
    std::fs::write(&next, format!("{seconds:+}s")).unwrap();
    std::fs::rename(&next, file).unwrap();
}

/// What a process is given whose clock is to jump.
fn jumping(file: &Path) -> Vec<(&'static str, String)> {
    let fixed = faked::environment(0).into_iter().filter(|(name, _)| *name != "FAKETIME");
    let file = [("FAKETIME_TIMESTAMP_FILE", file.display().to_string()), ("FAKETIME_NO_CACHE", "1".to_owned())];
    fixed.chain(file).collect()
}

#[test]
#[ignore = "a minute: cargo xtask soak faults"]
fn a_clock_that_jumps_forward_and_back_stops_votes_for_as_long_as_it_is_wrong() {
    let plan = Plan { operators: 1, threshold: 1, block: Duration::from_secs(1), age: 90, ..Plan::new("jumps") };
    let mut rig = Rig::new(plan);
    let path = rig.operators[0].folder.join("operator.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("max_head_age_s = 40000", "max_head_age_s = 60")).unwrap();
    let file = rig.folder.join("clock");
    jump(&file, 0);
    let environment = jumping(&file);
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    rig.start(0, &environment);
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, LONGEST);
    for (round, seconds) in (1u64..).zip([3600, -3600]) {
        let alarms = board(&rig, 0)["alarms"]["clock"].as_u64().unwrap_or_default();
        jump(&file, seconds);
        wait_until("the clock is told", &rig, || {
            board(&rig, 0)["alarms"]["clock"].as_u64().unwrap_or_default() > alarms
        });
        rig.request(Side::Main, round * 3);
        std::thread::sleep(Duration::from_secs(5));
        let (requests, lower) = rig.progress(Side::Main);
        assert_eq!(requests - lower, 1, "{seconds}: nothing is voted on by a clock that is wrong");
        jump(&file, 0);
        let took = rig.wait_handled(Side::Main, LONGEST);
        println!("{seconds} s: handled {took:?} after the clock was right again");
    }
    assert!(!rig.log(0).contains("code=\"endpoint\""), "{}", tail(&rig.log(0)));
    rig.assert_all_handled_once(Side::Main);
}

/// A network of its own, joined to this machine's by one cable.
struct Island {
    name: String,
    /// This machine's end of the cable, and its address there.
    cable: String,
    host: String,
}

impl Island {
    /// None where this process may not make one.
    fn new() -> Option<Self> {
        let id = std::process::id();
        let (name, cable) = (format!("spl-{id}"), format!("spl{id}"));
        // One network of four addresses for each process.
        let (high, low) = (id / 64 % 256, id % 64 * 4);
        let (host, guest) = (format!("10.213.{high}.{}", low + 1), format!("10.213.{high}.{}", low + 2));
        let island = Self { name: name.clone(), cable: cable.clone(), host: host.clone() };
        let steps = [
            format!("netns add {name}"),
            format!("link add {cable} type veth peer name cable netns {name}"),
            format!("addr add {host}/30 dev {cable}"),
            format!("link set {cable} up"),
            format!("-n {name} addr add {guest}/30 dev cable"),
            format!("-n {name} link set cable up"),
            format!("-n {name} link set lo up"),
        ];
        steps.iter().all(|step| ip(step)).then_some(island)
    }

    fn cut(&self) {
        assert!(ip(&format!("link set {} down", self.cable)));
    }

    fn join(&self) {
        assert!(ip(&format!("link set {} up", self.cable)));
    }

    /// The command under test, to run there.
    fn spanlight(&self) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(spanlight().get_program());
        command
    }
}

impl Drop for Island {
    fn drop(&mut self) {
        ip(&format!("link del {}", self.cable));
        ip(&format!("netns del {}", self.name));
    }
}

fn ip(arguments: &str) -> bool {
    Command::new("ip").args(arguments.split(' ')).output().is_ok_and(|output| output.status.success())
}

#[test]
#[ignore = "a minute: cargo xtask soak faults"]
fn a_replica_on_a_parted_network_stops_and_the_other_one_takes_over() {
    let Some(island) = Island::new() else {
        return eprintln!("skipped: this process may not make a network of its own (it needs CAP_NET_ADMIN)");
    };
    let server = Postgres::start("parted");
    let mut rig = one_operator("parted");
    let ways = [&rig.pair.main, &rig.pair.service].map(|chain| Relay::at(&island.host, &chain.url()));
    let (_relay, url) = server.relay_at(&island.host);
    rig.add_replica(0, 0, &[ways[0].url(), ways[1].url()], &url);
    rig.add_replica(0, 1, &[rig.pair.main.url(), rig.pair.service.url()], &server.url());
    rig.start_by(0, island.spanlight(), &[]);
    rig.wait_for_log(0, "acting for this direction", 2);
    rig.start(1, &[]);
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, LONGEST);
    for round in 1..3 {
        island.cut();
        rig.request(Side::Main, round * 3);
        let took = rig.wait_handled(Side::Main, LONGEST);
        println!("round {round}: handled {took:?} after the network had parted");
        assert!(round > 1 || took < TAKE_OVER, "{took:?}");
        island.join();
        rig.request(Side::Main, round * 3);
        rig.wait_handled(Side::Main, LONGEST);
    }
    rig.wait_for_log(0, "the lease is over", 2);
    rig.assert_all_handled_once(Side::Main);
    assert_eq!(rig.votes(Side::Service), (5, 0), "one vote for each, none twice");
}
