//! `operator bridge show` and `changes`.

use super::amounts::time;
use super::{read, wait, words, Looking};
use crate::clock::date;
use crate::failure::Failure;
use crate::output::Output;
use serde_json::{json, Value};
use spanlight::Address;
use spanlight_operator::powers::changes::{self as announced, Announced, Changes, Standing};
use spanlight_operator::powers::overview::{self, Asset, Overview, Warning};
use std::fmt::Write;

pub(super) fn show(looking: &Looking) -> Result<Output, Failure> {
    let config = read(&looking.configured)?;
    let shown = wait(overview::overview(&config, &looking.chain))?;
    let shown = shown.map_err(|error| words::failure(error, &looking.chain))?;
    let warnings = shown.warnings();
    if looking.json {
        let mut value = json!(shown);
        if let Value::Object(members) = &mut value {
            let told = warnings.iter().map(|warning| {
                let (what, to_do) = warned(*warning);
                json!({ "code": warning.code(), "message": what, "help": to_do })
            });
            members.insert("warnings".to_owned(), told.collect());
        }
        return Output::json(&value, 0);
    }
    let mut text = in_words(&shown);
    for warning in warnings {
        let (what, to_do) = warned(warning);
        let _ = writeln!(text, "warning: {what}\n   help: {to_do}");
    }
    Ok(Output::done(text))
}

fn nobody_or(address: Address) -> String {
    if address.is_zero() {
        "none".to_owned()
    } else {
        address.to_string()
    }
}

fn limit(amount: u128) -> String {
    if amount == 0 {
        "none".to_owned()
    } else {
        amount.to_string()
    }
}

fn in_words(bridge: &Overview) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<16} {value}");
    };
    line("bridge", format!("{} on {}", bridge.bridge, bridge.chain));
    line("proven at", format!("block {}, {}", bridge.block, date(bridge.time)));
    line("owner", bridge.owner.to_string());
    for operator in &bridge.operators {
        line("operator", operator.to_string());
    }
    let operators = bridge.operators.len();
    line("votes", format!("{} of {operators} execute a transfer", bridge.transfer_threshold));
    line("", format!("{} of {operators} decide on configuration", bridge.configuration_threshold));
    line("requests", if bridge.running { "taken" } else { "all refused" }.to_owned());
    line("counterpart", nobody_or(bridge.counterpart));
    line("fee receiver", nobody_or(bridge.fee_receiver));
    if let Some(second) = &bridge.version_2 {
        let delay = match second.owner_delay {
            0 => "none: the bridge is being set up".to_owned(),
            seconds => time(seconds),
        };
        line("owner's delay", delay);
        line("announcements", format!("{} so far; `operator bridge changes` lists them", second.changes));
        line("offered to", nobody_or(second.pending_owner));
        line("guardian", nobody_or(second.guardian));
        let resume = match second.resume_time {
            0 => String::new(),
            ready => format!("; the owner may resume from {} on", date(ready)),
        };
        line("handles", if second.paused { format!("paused{resume}") } else { "run".to_owned() });
        let bound = match second.source_bridge.is_zero() {
            true => "to no bridge".to_owned(),
            false => format!("to {} of chain id {}", second.source_bridge, second.source_chain_id),
        };
        line("bound", bound);
    } else {
        line("version", "before 2: no delay, guardian, limits or pause".to_owned());
    }
    line("coin", asset(&bridge.coin));
    for token in &bridge.tokens {
        line("token", format!("{} for {}: {}", token.address, token.counterpart, asset(token)));
    }
    if bridge.more_tokens > 0 {
        line("", format!("and {} more tokens", bridge.more_tokens));
    }
    text
}

fn asset(asset: &Asset) -> String {
    format!(
        "request limit {}, outflow limit for a day {}, fee {}{}",
        limit(asset.request_limit),
        limit(asset.outflow_limit),
        asset.fee,
        if asset.locked { ", requests refused" } else { "" }
    )
}

/// What should be mended, and how.
fn warned(warning: Warning) -> (String, String) {
    match warning {
        Warning::NoOwnerDelay => (
            "the owner changes everything at once: nobody can stop a stolen owner's key".to_owned(),
            "end the set-up before the bridge holds value: `operator bridge delay 2d`".to_owned(),
        ),
        Warning::NoGuardian => (
            "no guardian can pause the bridge".to_owned(),
            "`operator bridge guardian ADDRESS`, with a key that watches".to_owned(),
        ),
        Warning::NoOutflowLimit(asset) => {
            let what = if asset.is_zero() { "coin".to_owned() } else { asset.to_string() };
            (
                format!("{what} has no outflow limit: as many operators as decide can take all of it at once"),
                format!("`operator bridge limit {what} --request AMOUNT --outflow AMOUNT`"),
            )
        }
        Warning::NotBound => (
            "the bridge is bound to no source, so it takes no votes by signature".to_owned(),
            "`operator bridge bind CHAIN_ID BRIDGE`".to_owned(),
        ),
        Warning::OwnerIsOperator => ("one key is both owner and operator".to_owned(), "use different keys".to_owned()),
        Warning::Paused => {
            ("handles and claims are paused".to_owned(), "`operator bridge resume`, once the cause is gone".to_owned())
        }
        Warning::OwnershipOffered(to) => (
            format!("{to} may accept the ownership at any time"),
            "if nobody meant that, offer it to the owner itself: `operator bridge transfer-ownership OWNER`".to_owned(),
        ),
        _ => ("something is not as it should be".to_owned(), "see docs/contracts.md".to_owned()),
    }
}

pub(super) fn changes(looking: &Looking) -> Result<Output, Failure> {
    let config = read(&looking.configured)?;
    let chain = &looking.chain;
    let listed = wait(announced::changes(&config, chain))?.map_err(|error| words::failure(error, chain))?;
    if looking.json {
        let changes: Vec<Value> = listed.listed.iter().map(change_json).collect();
        let value = json!({
            "chain": chain, "block": listed.block, "time": listed.time, "owner_delay": listed.owner_delay,
            "changes": changes,
        });
        return Output::json(&value, 0);
    }
    Ok(Output::done(changes_in_words(&listed, chain)))
}

fn change_json(change: &Announced) -> Value {
    json!({
        "number": change.number, "state": change.standing.name(), "ready": change.ready, "until": change.until,
        "what": change.call.as_ref().map(|_| change.what()),
        "call": change.call.as_ref().map(|call| spanlight::primitives::encode_hex(call)),
    })
}

fn changes_in_words(changes: &Changes, chain: &str) -> String {
    let mut text = format!("{chain} at block {}, {}\n", changes.block, date(changes.time));
    if changes.listed.is_empty() {
        text.push_str("nothing was ever announced\n");
    }
    for change in &changes.listed {
        let at = |time: Option<u64>| time.map(date).unwrap_or_default();
        let standing = match change.standing {
            Standing::Waits => format!("may be made from {} until {}", at(change.ready), at(change.until)),
            Standing::Ready => format!("may be made now, until {}", at(change.until)),
            Standing::Cancelled => "cancelled by operators".to_owned(),
            Standing::Expired => format!("over since {}", at(change.until)),
            Standing::Gone => "made or announced again, or no endpoint shows it".to_owned(),
        };
        let _ = writeln!(text, "change {}: {}; {standing}", change.number, change.what());
    }
    text
}
