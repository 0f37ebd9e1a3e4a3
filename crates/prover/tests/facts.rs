//! What a report shows of every recorded transfer is what the story of the recordings tells, field by field.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

mod common;

use common::{block_on, now, replays, transfers, trust, World};
use serde_json::{json, Value};
use spanlight::header::UntrustedHeader;
use spanlight::report::ReportJson;
use spanlight::{verify, Hash};
use spanlight_prover::{audit, ProveOptions, Reach, Silent};
use std::collections::BTreeSet;

/// The reports on both directions as JSON, with every block of the recordings that they name.
fn reports(world: &World<'_>) -> Vec<Value> {
    let report = |(from, last)| {
        let audit = block_on(audit(&world.ends(from), (0, last), Reach::Found, ProveOptions::at(now()), &Silent));
        let report = verify(&audit.unwrap().bundle, world.trust, now()).unwrap();
        serde_json::to_value(ReportJson::new(&report)).unwrap()
    };
    [("main", 20), ("service", 13)].map(report).to_vec()
}

const KINDS: [&str; 3] = ["coin", "erc20", "erc721"];

fn lower(value: &Value) -> Value {
    value.as_str().map_or_else(|| value.clone(), |text| json!(text.to_lowercase()))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Fields that request and handle share, under the names of the report.
fn moved(told: &Value) -> Vec<(&'static str, Value)> {
    let kind = usize::try_from(told["tokenType"].as_u64().unwrap()).unwrap();
    let (amount, id) = if kind == 2 { (Value::Null, &told["value"]) } else { (told["value"].clone(), &Value::Null) };
    let mut fields: Vec<_> = ["from", "to", "token", "extra"].iter().map(|name| (*name, lower(&told[name]))).collect();
    fields.extend([
        ("transaction", lower(&told["tx"])),
        ("index", told["index"].clone()),
        ("log", told["log"].clone()),
        ("kind", json!(KINDS[kind])),
        ("amount", amount),
        ("token_id", id.clone()),
    ]);
    fields
}

fn has(shown: &Value, fields: Vec<(&'static str, Value)>, of: &str) {
    for (name, wanted) in fields {
        assert_eq!(shown[name], wanted, "{of}: {name}");
    }
}

/// The place of an event: its header, the path to it, and the seals above it.
fn stands_where_it_says(world: &World<'_>, report: &Value, shown: &Value, block: &Value, of: &str) {
    let chain = text(&shown["chain"]);
    let node = &world.nodes[usize::from(chain == "service")];
    let header = block_on(node.header(block.as_u64().unwrap())).unwrap();
    assert_eq!(shown["block"], json!({"number": block, "hash": header.hash(), "time": header.fields().time}), "{of}");
    path_leads_there(&header, shown, of);
    let sealed = shown["sealed_by"].as_u64().unwrap();
    assert!(sealed >= header.number(), "{of}");
    let entries = report["seals"].as_array().unwrap();
    let seals: Vec<&Value> =
        entries.iter().filter(|entry| entry["chain"] == chain && entry["block"]["number"] == sealed).collect();
    let [seals] = seals.as_slice() else { panic!("{of}: {seals:?}") };
    let count = |name: &str| seals["seals"][name].as_array().unwrap().len();
    assert!(count("signers") as u64 >= seals["seals"]["required"].as_u64().unwrap(), "{of}");
    assert!((3..=4).contains(&(count("signers") + count("absent"))), "{of}");
}

fn path_leads_there(header: &UntrustedHeader, shown: &Value, of: &str) {
    let commitment = &shown["commitment"];
    if shown["chain"] == "main" {
        assert_eq!(commitment["form"], "concat", "{of}");
        assert!(commitment["items"].as_u64().unwrap() > shown["index"].as_u64().unwrap(), "{of}");
        return;
    }
    assert_eq!(commitment["form"], "trie", "{of}");
    let roots = [header.fields().transactions_root, header.fields().receipts_root];
    for (list, root) in ["transactions", "receipts"].iter().zip(roots) {
        let nodes = commitment[list].as_array().unwrap();
        assert_eq!(nodes[0]["hash"].as_str().unwrap().parse::<Hash>().unwrap(), root, "{of}");
        assert_eq!(nodes.last().unwrap()["kind"], "leaf", "{of}");
        let nibbles: String = nodes.iter().map(|node| text(&node["nibbles"])).collect();
        let key = spanlight::commitment::trie::key(u32::try_from(shown["index"].as_u64().unwrap()).unwrap());
        assert_eq!(format!("0x{nibbles}"), spanlight::primitives::encode_hex(&key), "{of}");
    }
}

fn addresses<'v>(list: impl Iterator<Item = &'v Value>) -> BTreeSet<String> {
    list.map(|address| text(address).to_lowercase()).collect()
}

/// Everyone with a successful vote is shown as such, and nobody else; of a stuck delivery also whose attempt failed.
fn operators_are_those_of_the_story(shown: &Value, told: &Value, of: &str) {
    let votes = told["votes"].as_array().unwrap();
    let of_status = |status: u64| addresses(votes.iter().filter(|vote| vote["status"] == status).map(|v| &v["from"]));
    let operators = shown["operators"].as_array().unwrap();
    let of_role = |role: &str| addresses(operators.iter().filter(|o| o["role"] == role).map(|o| &o["address"]));
    assert_eq!(of_role("voted"), of_status(1), "{of}");
    let reverted = of_role("reverted");
    assert_eq!(reverted.len(), usize::from(shown["reason"] == "delivery_reverted"), "{of}");
    assert!(reverted.is_subset(&of_status(0)), "{of}");
    assert_eq!(operators.len(), of_role("voted").len() + reverted.len(), "{of}");
    assert_eq!(shown["threshold"], 2, "{of}");
    let deciding = told["handle"].as_array().and_then(|handles| handles.first());
    for operator in operators {
        let with = |vote: &&Value| lower(&vote["from"]) == operator["address"];
        let transaction = &operator["transaction"];
        if operator["role"] == "reverted" {
            let attempt = votes.iter().filter(with).find(|vote| vote["tx"] == transaction["hash"]).unwrap();
            assert_eq!((&attempt["status"], &attempt["block"]), (&json!(0), &transaction["block"]), "{of}");
        } else if let Some(handle) = deciding {
            let decided = votes.iter().filter(with).any(|vote| vote["tx"] == handle["tx"]);
            let wanted = json!({"block": handle["block"], "hash": handle["tx"]});
            assert_eq!(*transaction, if decided { wanted } else { Value::Null }, "{of}");
            assert_eq!(operator["vote_key"], shown["execution"]["vote_key"], "{of}");
        }
    }
}

#[test]
fn every_field_of_every_recorded_transfer_is_the_storys() {
    let (trust, replays) = (trust(), replays());
    let world = World::new(&trust, &replays, [None, None]);
    let (reports, story) = (reports(&world), transfers());
    let mut seen = 0;
    for told in story["transfers"].as_array().unwrap() {
        let of = format!("{} {}", told["from"], told["nonce"]);
        let report = &reports[usize::from(told["from"] == "service")];
        let shown = report["transfers"].as_array().unwrap().iter().find(|t| t["nonce"] == told["nonce"]).unwrap();
        operators_are_those_of_the_story(shown, told, &of);
        assert_eq!(shown["differences"], json!([]), "{of}");
        seen += 1;

        let (request, wanted) = (&shown["request"], &told["request"]);
        assert_eq!(request.is_null(), wanted.is_null(), "{of}");
        if !wanted.is_null() {
            has(request, moved(wanted), &of);
            assert_eq!((&request["chain"], &request["fee"]), (&told["from"], &wanted["fee"]), "{of}");
            let there = &story["chains"][text(&told["to"])];
            let coin = json!("0x0000000000000000000000000000000000000000");
            let registered = if request["kind"] == "coin" { coin } else { lower(&there[text(&request["kind"])]) };
            assert_eq!(request["registered_token"], registered, "{of}");
            assert_eq!(request["token_uri"].is_string(), request["kind"] == "erc721", "{of}");
            stands_where_it_says(&world, report, request, &wanted["block"], &of);
        }
        let handle = told["handle"].as_array().and_then(|handles| handles.first());
        let execution = &shown["execution"];
        assert_eq!(execution.is_null(), handle.is_none(), "{of}");
        let Some(handle) = handle else { continue };
        has(execution, moved(handle), &of);
        assert_eq!(
            (&execution["chain"], &execution["request_transaction"]),
            (&told["to"], &handle["requestTx"]),
            "{of}"
        );
        let sent = told["votes"].as_array().unwrap().iter().find(|vote| vote["tx"] == handle["tx"]).unwrap();
        assert_eq!(execution["sender"], lower(&sent["from"]), "{of}");
        if shown["state"] == "handled" {
            assert_eq!(execution["request_block"], wanted["block"], "{of}");
            assert_eq!(execution["token_uri"], request["token_uri"], "{of}");
            assert_eq!(execution["token"], request["registered_token"], "{of}");
        }
        stands_where_it_says(&world, report, execution, &handle["block"], &of);
    }
    assert_eq!(seen, 37);
}
