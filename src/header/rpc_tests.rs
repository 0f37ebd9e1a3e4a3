//! What nodes of other releases answer for a header.

use super::tests::{decode_error, header_bytes, items, list, profile};
use super::{from_rpc_json, HeaderError};
use crate::error::Error;
use crate::profile::{Fork, ForkSchedule};
use crate::uncovered::{Uncovered, Unsupported};
use serde_json::{json, Value};
use std::vec;

fn answer(file: &str) -> Value {
    let path = std::format!("{}/tests/fixtures/rpc/{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_header_of_the_permissionless_fork_is_unsupported_by_that_name() {
    let mut of_json = answer("header-with-vrank.json");
    let mut bytes = items(&header_bytes("osaka"));
    bytes.push(vec![0x01]);
    let known = profile(Fork::Osaka);
    let read = from_rpc_json(&of_json, &known).unwrap_err();
    assert_eq!(read, HeaderError::Permissionless { number: Some(5) });
    for (error, number) in [(read, 5), (decode_error(&list(&bytes)), 1000)] {
        let expected = Unsupported { what: Uncovered::PermissionlessFork, chain: None, number: Some(number) };
        assert_eq!(error.code(), "header.permissionless_fork");
        assert_eq!(Error::from(error).unsupported(), Some(expected));
    }
    of_json["vrank"] = json!(null);
    assert!(from_rpc_json(&of_json, &known).is_ok());
}

#[test]
fn the_names_of_nodes_before_1_12_are_read() {
    let mut old = answer("header-before-1.12.json");
    let mut profile = profile(Fork::Osaka);
    profile.forks = ForkSchedule::default();
    let read = from_rpc_json(&old, &profile).unwrap();
    assert!(read.fields().vote.is_empty());
    old.as_object_mut().unwrap().remove("blockscore");
    assert_eq!(from_rpc_json(&old, &profile), Err(HeaderError::JsonField { field: "blockScore" }));
    old["blockScore"] = json!("0x1");
    old["voteData"] = json!("0x");
    assert_eq!(from_rpc_json(&old, &profile), Ok(read));
}
