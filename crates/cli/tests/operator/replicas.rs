//! Two replicas of one operator on one PostgreSQL: one acts, the other takes over at once, nothing is sent twice.

use crate::rig::{Plan, Rig};
use spanlight_devnet::pair::Side;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A server of its own, on a socket in a folder of its own.
struct Postgres {
    folder: PathBuf,
    programs: PathBuf,
}

impl Postgres {
    fn start(name: &str) -> Self {
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
        let server = Self { folder, programs };
        own(&server.folder);
        let data = server.folder.join("data").display().to_string();
        server.run("initdb", &["-D", &data, "-A", "trust", "-U", "operator", "--no-sync"]);
        let options =
            format!("-c listen_addresses= -c unix_socket_directories={} -c fsync=off", server.folder.display());
        let log = server.folder.join("server.log").display().to_string();
        server.run("pg_ctl", &["-D", &data, "-w", "-l", &log, "-o", &options, "start"]);
        server
    }

    fn url(&self) -> String {
        format!("postgres://operator@localhost/postgres?host={}", self.folder.display())
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
        server
            .run("psql", &["-h", &server.folder.display().to_string(), "-U", "operator", "-d", "postgres", "-qc", text])
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
