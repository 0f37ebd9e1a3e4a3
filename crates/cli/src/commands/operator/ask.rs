//! `operator status`, `pending`, `why`, `pause`, `resume` and `retry`.

use super::{read, wait, Configured};
use crate::failure::Failure;
use crate::output::Output;
use serde_json::json;
use spanlight_operator::board::{DirectionBoard, Status};
use spanlight_operator::clock::now;
use spanlight_operator::config::Config;
use spanlight_operator::store::{AlarmRow, Send, Store, REVERTED};
use std::fmt::Write;

/// Which transfer.
#[derive(Debug, clap::Args)]
pub(super) struct WhyArgs {
    /// The request nonce.
    nonce: u64,
    /// Chain of the request, where both directions have this nonce open.
    #[arg(long, value_name = "NAME")]
    from: Option<String>,
    #[command(flatten)]
    configured: Configured,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Which transfer is to be tried again.
#[derive(Debug, clap::Args)]
pub(super) struct RetryArgs {
    /// The request nonce.
    nonce: u64,
    /// Chain of the request, where both directions have stopped voting for this nonce.
    #[arg(long, value_name = "NAME")]
    from: Option<String>,
    #[command(flatten)]
    configured: Configured,
}

impl WhyArgs {
    pub(super) const fn json(&self) -> bool {
        self.json
    }
}

fn ask(config: &Config) -> Result<Status, Failure> {
    let listen = config.ops.listen.ok_or_else(|| {
        Failure::usage("the configuration has no ops.listen, so nothing can be asked")
            .hint("set it, for example 127.0.0.1:9464")
    })?;
    spanlight_operator::ops::ask(listen)
        .map_err(|error| Failure::endpoint(format!("{listen}: {error}")).hint("does the operator run?"))
}

pub(super) fn status(config: &Config, as_json: bool) -> Result<Output, Failure> {
    let status = ask(config)?;
    if as_json {
        return Output::json(&status, 0);
    }
    let mut text = format!("{}{}\n", status.name, if status.paused { " (paused)" } else { "" });
    for (name, board) in &status.directions {
        let trouble = board.trouble.as_ref().map(|trouble| format!(": {trouble}")).unwrap_or_default();
        let _ = writeln!(text, "{name}: {}{trouble}", board.phase);
        if let Some(catch_up) = &board.catch_up {
            let _ = writeln!(text, "  catching up  {}", catch_up.words(now()));
        }
        let _ = writeln!(text, "  heads        source {}, destination {}", board.source_head, board.destination_head);
        let (lower, requests) = (board.lower_handle_nonce, board.requests);
        let _ = writeln!(
            text,
            "  transfers    {} open, all below {lower} handled, {requests} requested",
            board.pending.len()
        );
        let _ = writeln!(
            text,
            "  votes        {} sent, {} reverted, {} on their way",
            board.votes_sent, board.votes_reverted, board.in_flight
        );
        let _ = writeln!(text, "  bridge       {} of {} votes execute", board.threshold, board.operators.len());
        let _ = writeln!(text, "  operator     {} with {} peb", board.operator, board.balance);
        let _ = writeln!(text, "  liquidity    {} peb", board.liquidity);
        if let Some(sweep) = &board.sweep {
            let _ = writeln!(text, "  sweep        {} executed nonces wait: {sweep}", board.sweep_lag);
        }
        if board.undelivered > 0 {
            let _ = writeln!(text, "  claims       {} undelivered", board.undelivered);
        }
        for (number, change) in &board.changes {
            let _ = writeln!(text, "  announced    {number}, from unix time {}: {}", change.ready, change.call);
        }
        for (code, count) in &board.alarms {
            let _ = writeln!(text, "  alarm        {code}, {count} times");
        }
    }
    Ok(Output::done(text))
}

pub(super) fn pending(config: &Config, as_json: bool) -> Result<Output, Failure> {
    let status = ask(config)?;
    if as_json {
        let open: Vec<_> = status
            .directions
            .iter()
            .flat_map(|(name, board)| board.pending.iter().map(move |(nonce, open)| (name, nonce, open)))
            .map(|(name, nonce, open)| json!({ "direction": name, "nonce": nonce, "open": open }))
            .collect();
        return Output::json(&open, 0);
    }
    let mut text = String::new();
    for (name, board) in &status.directions {
        if let Some(unknown) = not_following(board) {
            let _ = writeln!(text, "{name}: {unknown}");
        }
        if let Some(catch_up) = &board.catch_up {
            let _ = writeln!(text, "{name}: {}", catch_up.words(now()));
        }
        for (nonce, open) in &board.pending {
            let _ = writeln!(text, "{name} {nonce}: {} of {} votes; {}", open.votes, board.threshold, open.doing);
        }
    }
    if text.is_empty() {
        text.push_str("nothing is open\n");
    }
    Ok(Output::done(text))
}

/// What to say of transfers of a direction that is not followed now: nothing, or an old state of
/// it, is known.
fn not_following(board: &DirectionBoard) -> Option<String> {
    let trouble = board.trouble.as_ref().map(|trouble| format!(": {trouble}")).unwrap_or_default();
    let is = if board.phase == "standby" { "on standby" } else { &board.phase };
    (board.phase != "following").then(|| format!("not known now, since this operator is {is}{trouble}"))
}

/// What to say of an executed transfer that the bridge still counts as above its lowest one.
fn not_swept(board: &DirectionBoard) -> String {
    let sweep = board.sweep.as_deref().unwrap_or("so few are swept by later transfers");
    format!("handled, and not swept by the bridge yet: {sweep}")
}

/// What is known, and that more may be known once the source is caught up with.
fn with_catch_up(known: &str, board: &DirectionBoard) -> String {
    match &board.catch_up {
        Some(catch_up) => format!("{known}; {}", catch_up.words(now())),
        None => known.to_owned(),
    }
}

/// What to say of a transfer that was executed and not delivered.
fn undelivered(doing: &str) -> String {
    let known = "executed, and not delivered: the bridge keeps the value for its recipient";
    if doing.is_empty() {
        known.to_owned()
    } else {
        format!("{known}; {doing}")
    }
}

fn is_source(status: &Status, from: &str) -> Result<(), Failure> {
    let mut sources: Vec<&str> = status.directions.values().map(|board| board.source.as_str()).collect();
    sources.sort_unstable();
    if sources.contains(&from) {
        return Ok(());
    }
    Err(Failure::usage(format!("--from {from}: this operator has no direction from that chain"))
        .hint(format!("it has those from {}", sources.join(" and "))))
}

pub(super) fn why(args: &WhyArgs) -> Result<Output, Failure> {
    let config = read(&args.configured)?;
    let status = ask(&config)?;
    args.from.as_ref().map_or(Ok(()), |from| is_source(&status, from))?;
    let (sends, alarms) = wait(history(&config, &status, args.nonce))??;
    let mut answers = Vec::new();
    for (name, board) in &status.directions {
        if args.from.as_ref().is_some_and(|from| *from != board.source) {
            continue;
        }
        let open = board.pending.get(&args.nonce);
        let claim = board.claims.get(&args.nonce).filter(|_| open.is_none());
        let doing = match open {
            Some(open) => open.doing.clone(),
            None if claim.is_some() => undelivered(claim.map_or("", String::as_str)),
            None if args.nonce < board.lower_handle_nonce => "handled".to_owned(),
            None if args.nonce < board.lower_handle_nonce.saturating_add(board.sweep_lag) => not_swept(board),
            None if board.phase != "following" => not_following(board).unwrap_or_default(),
            None if args.nonce >= board.requests => with_catch_up("not requested, as far as is proven", board),
            None => with_catch_up("handled, or its request is not proven yet", board),
        };
        let of_direction = |direction: &str| direction == name;
        let sends: Vec<_> = sends.iter().filter(|(direction, ..)| of_direction(direction)).collect();
        let alarms: Vec<_> = alarms.iter().filter(|alarm| of_direction(&alarm.direction)).collect();
        answers.push(json!({
            "direction": name, "nonce": args.nonce, "doing": doing, "votes": open.map(|open| open.votes),
            "threshold": board.threshold, "request_block": open.map(|open| open.request_block),
            "transactions": sends.iter().map(|(_, send, state)| json!({
                "purpose": send.send.purpose.name(), "hash": send.send.hash, "account_nonce": send.send.account_nonce,
                "state": state, "sent_at_block": send.send.block,
            })).collect::<Vec<_>>(),
            "alarms": alarms.iter().map(|alarm| json!({ "at": alarm.at, "code": alarm.code, "words": alarm.words })).collect::<Vec<_>>(),
        }));
    }
    if args.json {
        return Output::json(&answers, 0);
    }
    let mut text = String::new();
    for answer in &answers {
        let words = |key: &str| answer.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
        let _ = writeln!(text, "{} {}: {}", words("direction"), args.nonce, words("doing"));
        for (key, members) in [("transactions", ["purpose", "hash", "state"]), ("alarms", ["code", "words", ""])] {
            for item in answer.get(key).and_then(serde_json::Value::as_array).into_iter().flatten() {
                let parts =
                    members.map(|member| item.get(member).and_then(serde_json::Value::as_str).unwrap_or_default());
                let _ = writeln!(text, "  {}", parts.join(" ").trim_end());
            }
        }
    }
    Ok(Output::done(text))
}

type History = (Vec<(String, Send, String)>, Vec<AlarmRow>);

/// What the store says of a nonce: transactions with their states, and alarms.
async fn history(config: &Config, status: &Status, nonce: u64) -> Result<History, Failure> {
    let failed = |error| Failure::unreadable(format!("{error}"));
    let store = Store::open_beside(&config.store).await.map_err(failed)?;
    let mut sends = Vec::new();
    for direction in status.directions.keys() {
        for (send, state) in store.sends_for(direction, nonce).await.map_err(failed)? {
            sends.push((direction.clone(), send, state));
        }
    }
    let alarms = store.alarms(1000).await.map_err(failed)?;
    let about = i64::try_from(nonce).ok();
    Ok((sends, alarms.into_iter().filter(|alarm| alarm.nonce == about).collect()))
}

pub(super) fn tell(config: &Config, paused: &str, words: &str) -> Result<Output, Failure> {
    wait(async {
        let store = Store::open_beside(&config.store).await?;
        store.set_control("paused", paused).await
    })?
    .map_err(|error| Failure::unreadable(format!("{error}")).hint("has the operator ever run here?"))?;
    Ok(Output::done(format!("{words}\n")))
}

/// Drops what the store keeps of votes that reverted; the operator reads it at the next block.
pub(super) fn retry(args: &RetryArgs) -> Result<Output, Failure> {
    let config = read(&args.configured)?;
    let chains: Vec<&String> = config.chains.keys().collect();
    if let Some(from) = args.from.as_ref().filter(|from| !chains.contains(from)) {
        return Err(Failure::usage(format!("--from {from}: the configuration has no such chain")));
    }
    let pairs = chains.iter().flat_map(|from| chains.iter().map(move |to| (*from, *to)));
    let pairs = pairs.filter(|(from, to)| from != to && args.from.as_ref().is_none_or(|asked| asked == *from));
    let directions: Vec<String> = pairs.map(|(from, to)| format!("{from}->{to}")).collect();
    let dropped = wait(async {
        let store = Store::open_beside(&config.store).await?;
        let mut dropped = Vec::new();
        for direction in directions {
            if store.drop_notice(&direction, (REVERTED, args.nonce)).await? {
                dropped.push(direction);
            }
        }
        Ok::<_, spanlight_operator::store::StoreError>(dropped)
    })?
    .map_err(|error| Failure::unreadable(format!("{error}")).hint("has the operator ever run here?"))?;
    if dropped.is_empty() {
        return Err(Failure::usage(format!(
            "no vote for transfer {} is known to have reverted in a block",
            args.nonce
        ))
        .hint("`why` says what it waits for"));
    }
    let lines: Vec<String> =
        dropped.iter().map(|name| format!("{name} {}: it is tried again at the next block\n", args.nonce)).collect();
    Ok(Output::done(lines.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_that_is_not_followed_is_not_told_as_one_without_transfers() {
        let board = |phase: &str, trouble: Option<&str>| DirectionBoard {
            phase: phase.to_owned(),
            trouble: trouble.map(str::to_owned),
            ..DirectionBoard::default()
        };
        assert_eq!(not_following(&board("following", None)), None);
        let told = |phase, trouble| not_following(&board(phase, trouble)).unwrap_or_default();
        assert_eq!(
            told("failing", Some("no node answers")),
            "not known now, since this operator is failing: no node answers"
        );
        assert_eq!(told("standby", None), "not known now, since this operator is on standby");
    }

    #[test]
    fn a_chain_without_a_direction_is_refused_with_those_there_are() {
        let mut status = Status::default();
        for source in ["service", "main"] {
            let board = DirectionBoard { source: source.to_owned(), ..DirectionBoard::default() };
            status.directions.insert(format!("{source}->"), board);
        }
        assert!(is_source(&status, "main").is_ok());
        let refused = format!("{:?}", is_source(&status, "mian"));
        assert!(refused.contains("mian") && refused.contains("main and service"), "{refused}");
    }
}
