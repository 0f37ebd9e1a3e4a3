//! Strangers at the ports of an operator that may open few files.

use crate::rig::{Plan, Rig};
use spanlight_devnet::pair::Side;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

/// Files that the operator's process may have open. Many systems allow a thousand; with fewer,
/// fewer strangers show it.
const FILES: u64 = 256;

fn limit_files(pid: u32, files: &str) -> bool {
    let limit = format!("--nofile={files}");
    Command::new("prlimit").args(["--pid", &pid.to_string(), &limit]).status().unwrap().success()
}

/// Waits until `/healthz` answers. The machine may be slow; before, it did not answer at all.
fn wait_for_health(address: SocketAddr) {
    let start = Instant::now();
    loop {
        let mut text = String::new();
        let asked = TcpStream::connect(address).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: operator\r\nconnection: close\r\n\r\n")?;
            stream.read_to_string(&mut text)
        });
        if text.starts_with("HTTP/1.1 200") {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{asked:?} {text}");
    }
}

#[test]
fn idle_strangers_silence_no_health_and_stop_no_transfer() {
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("strangers") });
    // Where that is not allowed, what is allowed may be enough.
    limit_files(std::process::id(), "8192:");
    rig.start(0, &[]);
    rig.wait_for_log(0, "started", 1);
    assert!(limit_files(rig.operators[0].pid().unwrap(), &format!("{FILES}:{FILES}")));
    let ops = rig.operators[0].ops;
    let idle: Vec<TcpStream> = (0..1100).map(|_| TcpStream::connect(ops).unwrap()).collect();
    wait_for_health(ops);
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    wait_for_health(ops);
    assert!(rig.log(0).matches("ops.listen has many connections").count() <= 2, "once a minute at most");
    drop(idle);
}
