//! Strangers at the ports of an operator that may open few files.

use crate::rig::{Plan, Rig};
use spanlight_devnet::pair::Side;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

/// Files that the operator's process may have open. Many systems allow a thousand; with fewer, fewer strangers show it.
const FILES: u64 = 256;

fn limit_files(pid: u32, files: &str) {
    let limit = format!("--nofile={files}");
    let done = Command::new("prlimit").args(["--pid", &pid.to_string(), &limit]).status().unwrap();
    assert!(done.success());
}

/// What `/healthz` answers within two seconds.
fn health(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: operator\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    let _ = stream.read_to_string(&mut text);
    text
}

#[test]
fn idle_strangers_silence_no_health_and_stop_no_transfer() {
    let mut rig = Rig::new(Plan { operators: 1, threshold: 1, ..Plan::new("strangers") });
    limit_files(std::process::id(), "8192:");
    rig.start(0, &[]);
    rig.wait_for_log(0, "started", 1);
    limit_files(rig.operators[0].pid().unwrap(), &format!("{FILES}:{FILES}"));
    let ops = rig.operators[0].ops;
    let idle: Vec<TcpStream> = (0..1100).map(|_| TcpStream::connect(ops).unwrap()).collect();
    assert!(health(ops).starts_with("HTTP/1.1 200"), "{:?}", health(ops));
    rig.request(Side::Main, 0);
    rig.wait_handled(Side::Main, Duration::from_secs(60));
    assert!(health(ops).starts_with("HTTP/1.1 200"));
    assert!(rig.log(0).matches("ops.listen has many connections").count() <= 2, "once a minute at most");
    drop(idle);
}
