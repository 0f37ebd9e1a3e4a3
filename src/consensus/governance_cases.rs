//! What Kaia v2.2.1 read out of votes and announcements, line by line, and what older releases
//! announced.

use super::announcements::ParameterChanges;
use super::council::Council;
use super::parameters::check_governance;
use super::votes::{self, Vote};
use crate::primitives::{decode_hex, encode_hex, Address};
use crate::profile::VoteRules;
use serde_json::Value;
use std::string::{String, ToString};
use std::vec::Vec;

fn lines(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(std::format!("tests/fixtures/governance/{name}.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn raw(line: &Value) -> Vec<u8> {
    decode_hex(line["raw"].as_str().unwrap()).unwrap()
}

/// A value as the node printed it.
fn printed(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value).unwrap() {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

#[test]
fn announcements_mean_what_the_node_read() {
    let lines = lines("announcements");
    assert!(lines.len() >= 32);
    for line in lines {
        let read = ParameterChanges::decode(&raw(&line), VoteRules::V2);
        assert_eq!(read.is_ok(), line["ok"].as_bool().unwrap(), "{line} {read:?}");
        let Ok(read) = read else { continue };
        let ours: Vec<(&str, String)> = read.0.iter().map(|(name, value)| (name.as_str(), printed(value))).collect();
        let items = line["items"].as_object().unwrap();
        let theirs: Vec<(&str, String)> = items.iter().map(|(name, value)| (name.as_str(), printed(value))).collect();
        assert_eq!(ours, theirs, "{line}");
    }
}

#[test]
fn votes_mean_what_the_node_read_and_do_what_it_did() {
    let lines = lines("votes");
    assert!(lines.len() >= 11);
    for line in lines {
        let read = votes::decode(&raw(&line));
        assert_eq!(read.is_ok(), line["ok"].as_bool().unwrap(), "{line} {read:?}");
        let Ok(cast) = read else { continue };
        let (name, value) = match &cast.vote {
            Vote::Parameter(name, value) => (name.as_str(), printed(value)),
            Vote::AddValidators(named) => ("governance.addvalidator", joined(named)),
            Vote::RemoveValidators(named) => ("governance.removevalidator", joined(named)),
        };
        assert_eq!((name, value.as_str()), (line["name"].as_str().unwrap(), line["value"].as_str().unwrap()));
        assert_eq!(cast.voter.to_string(), line["voter"].as_str().unwrap());
        let council = |member: &str| {
            let members: Vec<Address> = serde_json::from_value(line[member].clone()).unwrap();
            Council::new(&members).unwrap()
        };
        let governing_node: Address = line["gn"].as_str().unwrap().parse().unwrap();
        assert_eq!(council("council").after_vote(&cast.vote, &governing_node), Ok(council("after")), "{line}");
    }
}

fn joined(named: &[Address]) -> String {
    named.iter().map(|address| encode_hex(address.as_bytes())).collect::<Vec<_>>().join(",")
}

#[test]
fn what_older_releases_announced_is_accepted_or_not_covered_and_never_false() {
    let lines = lines("legacy");
    assert!(lines.len() >= 11);
    for line in lines {
        let (field, text) = (raw(&line), line["text"].as_str().unwrap());
        let got = check_governance(&field, 60, 30, VoteRules::Legacy, None).map_err(|error| error.code());
        let right = if line["right"] == "refuse" {
            got == Err("consensus.forbidden_parameter")
        } else {
            got.is_ok() || got == Err("consensus.epoch_change")
        };
        assert!(right, "{text} {got:?}");
        let covered = !text.contains("istanbul.epoch") && line["right"] != "refuse";
        assert_eq!(got.is_ok(), covered, "{text}");
    }
    let same_epoch = super::testing::governance_field(r#"{"istanbul.epoch":30}"#);
    assert!(check_governance(&same_epoch, 60, 30, VoteRules::Legacy, None).is_ok());
}

#[test]
fn legacy_announcements_in_other_forms_or_places_are_not_covered() {
    for text in [r#"{"istanbul.unknown":1}"#, r#"{"governance.unitprice":"x"}"#, "[]", "x"] {
        let field = super::testing::governance_field(text);
        let got = check_governance(&field, 60, 30, VoteRules::Legacy, None).map_err(|error| error.code());
        assert_eq!(got, Err("consensus.legacy_announcement"), "{text}");
    }
    let field = super::testing::governance_field("{}");
    let got = check_governance(&field, 61, 30, VoteRules::Legacy, None).map_err(|error| error.code());
    assert_eq!(got, Err("consensus.legacy_announcement"));
}
