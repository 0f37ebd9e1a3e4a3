//! Endpoints of private networks and old nodes, reached by the command.

#[path = "../../../prover/tests/common/gateway.rs"]
#[allow(dead_code, reason = "the tests of the prover use the rest")]
mod gateway;

use crate::common::{command, fixture, write, Ran};
use gateway::{Authority, Gateway, Reply};
use pollster::block_on;
use spanlight_prover::Replay;
use std::sync::{Arc, Mutex};

fn over_tls(authority: &Authority) -> Gateway {
    let bytes = std::fs::read(fixture("service.rpc.jsonl.gz")).unwrap();
    let replay = Arc::new(Mutex::new(Replay::read(&bytes).unwrap()));
    Gateway::with_tls(replay, |_, answer| Reply::json(&answer), authority)
}

fn sync(gateway: &Gateway, more: &[&str], variable: Option<&str>) -> Ran {
    let mut sync = command();
    sync.args(["sync", "--genesis", &fixture("service.genesis.json"), "--now", "1795398976", "--to", "20", "--json"]);
    sync.args(["--rpc", &gateway.url]).args(more).env_remove("SSL_CERT_DIR").env_remove("SSL_CERT_FILE");
    if let Some(file) = variable {
        sync.env("SSL_CERT_FILE", file);
    }
    Ran::from(sync.output().unwrap())
}

#[test]
fn a_private_authority_is_given_by_an_option_or_a_variable() {
    let authority = Authority::new();
    let gateway = over_tls(&authority);
    let file = write("authority.pem", &authority.pem);
    let without = sync(&gateway, &[], None);
    assert_eq!(without.code, 4, "{}", without.stderr);
    assert!(without.stderr.contains("UnknownIssuer") && without.stderr.contains("--ca FILE"), "{}", without.stderr);
    for ran in [sync(&gateway, &["--ca", &file], None), sync(&gateway, &[], Some(&file))] {
        assert_eq!((ran.code, &ran.json()["head"]["number"]), (0, &20.into()), "{}", ran.stderr);
    }
}

#[test]
fn authorities_that_cannot_be_read_are_this_machines_fault_and_not_the_nodes() {
    let gateway = over_tls(&Authority::new());
    let empty = write("empty.pem", "");
    let cases = [
        (sync(&gateway, &["--ca", &empty], None), "roots.file"),
        (sync(&gateway, &["--ca", "absent.pem"], None), "roots.file"),
        (sync(&gateway, &[], Some("/absent.pem")), "roots.variable"),
    ];
    for (ran, code) in cases {
        assert_eq!((ran.code, &ran.json()["error"]["code"]), (3, &code.into()), "{}", ran.stderr);
    }
}
