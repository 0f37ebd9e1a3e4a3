//! The board as Prometheus metrics.

use crate::alarm::CODES;
use crate::board::{DirectionBoard, Status};
use prometheus::core::{Atomic, GenericCounterVec, GenericGaugeVec};
use prometheus::{Encoder, GaugeVec, IntCounterVec, Opts, Registry, TextEncoder};

/// A metric of each direction: name, help, value. What is not known yet, or does not exist, is not
/// shown: it is no zero.
type Metric = (&'static str, &'static str, fn(&DirectionBoard, u64) -> Option<f64>);
/// A count of each direction from the start of the process, which never falls.
type Count = (&'static str, &'static str, fn(&DirectionBoard) -> u64);

#[allow(clippy::cast_precision_loss)] // Metrics are floats; what is lost is far behind the point.
const fn float(value: u64) -> f64 {
    value as f64
}

const METRICS: [Metric; 22] = [
    ("ready", "1 while the direction is followed on young heads or another replica acts", |board, now| {
        Some(float(u64::from(board.unready(now).is_none())))
    }),
    ("acting", "1 while this replica acts for the direction", |board, _| {
        Some(float(u64::from(board.phase == "following")))
    }),
    ("source_head", "Height of the proven source head", |board, _| known(board.source_time, board.source_head)),
    ("destination_head", "Height of the proven destination head", |board, _| {
        known(board.destination_time, board.destination_head)
    }),
    ("source_head_age_seconds", "Age of the proven source head", |board, now| {
        known(board.source_time, now.saturating_sub(board.source_time))
    }),
    ("destination_head_age_seconds", "Age of the proven destination head", |board, now| {
        known(board.destination_time, now.saturating_sub(board.destination_time))
    }),
    (
        "clock_behind_seconds",
        "Seconds by which the newest proven block was ahead of this machine's clock",
        |board, _| Some(float(board.clock_behind)),
    ),
    ("requests", "Requests made on the source", |board, _| known(board.source_time, board.requests)),
    ("lower_handle_nonce", "Lowest nonce not handled on the destination", |board, _| {
        known(board.destination_time, board.lower_handle_nonce)
    }),
    ("lag_transfers", "Requests proven and not handled", |board, _| {
        Some(float(u64::try_from(board.pending.len()).unwrap_or(u64::MAX)))
    }),
    ("lag_seconds", "Age of the oldest open request", |board, now| {
        Some(board.pending.values().map(|pending| float(now.saturating_sub(pending.requested_at))).fold(0.0, f64::max))
    }),
    ("in_flight", "Transactions on their way", |board, _| Some(float(board.in_flight))),
    ("send_waits_blocks", "Blocks for which the lowest account nonce on its way has not moved", |board, _| {
        Some(float(board.send_waits_blocks))
    }),
    ("operator_balance_coins", "Coin of the operator's account on the destination", |board, _| coins(&board.balance)),
    (
        "fee_payer_balance_coins",
        "Coin of the account that pays for the operator's transactions, if it is another",
        |board, _| board.fee_payer_balance.as_deref().and_then(coins),
    ),
    ("bridge_liquidity_coins", "Coin of the destination bridge", |board, _| coins(&board.liquidity)),
    (
        "catch_up_behind_seconds",
        "Age of the block up to which the source is searched, while it is caught up with",
        |board, _| known(board.source_time, board.catch_up.as_ref().map_or(0, |catch_up| catch_up.behind)),
    ),
    ("catch_up_seconds", "For how long the source has been caught up with; 0 at its head", |board, now| {
        known(board.source_time, board.catch_up.as_ref().map_or(0, |catch_up| now.saturating_sub(catch_up.since)))
    }),
    (
        "sweep_lag_transfers",
        "Executed nonces that the destination bridge has not swept, up to `sweep_lag`",
        |board, _| known(board.destination_time, board.sweep_lag),
    ),
    ("announced_changes", "Changes of the destination bridge that its owner has announced and not made", |board, _| {
        known(board.destination_time, u64::try_from(board.changes.len()).unwrap_or(u64::MAX))
    }),
    ("undelivered_transfers", "Executed transfers whose value the destination bridge keeps for a claim", |board, _| {
        known(board.destination_time, board.undelivered)
    }),
    ("threshold", "Equal votes that execute a transfer", |board, _| known(board.destination_time, board.threshold)),
];

const COUNTS: [Count; 7] = [
    ("votes_sent_total", "Votes sent", |board| board.votes_sent),
    ("votes_reverted_total", "Own votes that were in a block and changed nothing", |board| board.votes_reverted),
    ("sweeps_sent_total", "Sweeps of the destination bridge sent", |board| board.sweeps_sent),
    ("claims_sent_total", "Claims sent for value that was not delivered", |board| board.claims_sent),
    ("replaced_total", "Transactions sent again at a higher price", |board| board.replaced),
    ("handled_total", "Transfers seen handled", |board| board.handled),
    ("endpoint_failures_total", "Times that no endpoint could answer", |board| board.endpoint_failures),
];

/// A value that is read with a chain's head: before the first one there is none.
fn known(time: u64, value: u64) -> Option<f64> {
    (time > 0).then(|| float(value))
}

/// Peb as coins; none where nothing is known yet.
fn coins(peb: &str) -> Option<f64> {
    peb.parse::<f64>().ok().map(|peb| peb / 1e18)
}

type Named<'n> = (&'n str, &'n str, &'n [&'n str]);

fn gauge<P: Atomic + 'static>(
    registry: &Registry,
    (name, help, labels): Named<'_>,
) -> Result<GenericGaugeVec<P>, prometheus::Error> {
    let gauge = GenericGaugeVec::new(Opts::new(format!("spanlight_operator_{name}"), help), labels)?;
    registry.register(Box::new(gauge.clone()))?;
    Ok(gauge)
}

fn counter<P: Atomic + 'static>(
    registry: &Registry,
    (name, help, labels): Named<'_>,
) -> Result<GenericCounterVec<P>, prometheus::Error> {
    let counter = GenericCounterVec::new(Opts::new(format!("spanlight_operator_{name}"), help), labels)?;
    registry.register(Box::new(counter.clone()))?;
    Ok(counter)
}

/// The metrics in Prometheus' text form.
///
/// # Errors
/// Where the library refuses a name: never.
pub fn text(status: &Status, now: u64) -> Result<String, prometheus::Error> {
    let registry = Registry::new();
    let paused: GaugeVec = gauge(&registry, ("paused", "1 while a person has paused the operator", &[]))?;
    paused.with_label_values::<&str>(&[]).set(float(u64::from(status.paused)));
    let help = "Connections turned away or closed for newer ones";
    let turned_away: IntCounterVec = counter(&registry, ("turned_away_total", help, &["port"]))?;
    for port in ["ops", "exchange"] {
        turned_away.with_label_values(&[port]).inc_by(status.turned_away.get(port).copied().unwrap_or_default());
    }
    for (name, help, value) in METRICS {
        let gauge: GaugeVec = gauge(&registry, (name, help, &["direction"]))?;
        for (direction, board) in &status.directions {
            if let Some(value) = value(board, now) {
                gauge.with_label_values(&[direction.as_str()]).set(value);
            }
        }
    }
    for (name, help, value) in COUNTS {
        let counter: IntCounterVec = counter(&registry, (name, help, &["direction"]))?;
        for (direction, board) in &status.directions {
            counter.with_label_values(&[direction.as_str()]).inc_by(value(board));
        }
    }
    alarms(&registry, status)?;
    ages(&registry, status, now)?;
    let mut bytes = Vec::new();
    TextEncoder::new().encode(&registry.gather(), &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Every code is there from the start, so that its first alarm is a step that can be seen.
fn alarms(registry: &Registry, status: &Status) -> Result<(), prometheus::Error> {
    let labels = ["direction", "code"];
    let counts: IntCounterVec = counter(registry, ("alarms_total", "Alarms raised", &labels))?;
    let help = "Unix time at which this alarm was raised last";
    let last: GaugeVec = gauge(registry, ("alarm_last_timestamp_seconds", help, &labels))?;
    for (direction, board) in &status.directions {
        for code in CODES {
            counts.with_label_values(&[direction, code]).inc_by(board.alarms.get(code).copied().unwrap_or_default());
        }
        for (code, at) in &board.last_alarms {
            last.with_label_values(&[direction, code]).set(float(*at));
        }
    }
    Ok(())
}

fn ages(registry: &Registry, status: &Status, now: u64) -> Result<(), prometheus::Error> {
    let named: Named<'_> = ("pending_age_seconds", "Age of each open request", &["direction", "nonce"]);
    let ages: GaugeVec = gauge(registry, named)?;
    let help = "Open requests by what is done or why they wait";
    let reasons: GaugeVec = gauge(registry, ("pending_transfers", help, &["direction", "reason"]))?;
    for (direction, board) in &status.directions {
        for pending in board.pending.values().filter(|pending| !pending.reason.is_empty()) {
            reasons.with_label_values(&[direction.as_str(), pending.reason.as_str()]).inc();
        }
        // So many nonces tell enough; a metric must not grow with a backlog.
        for (nonce, pending) in board.pending.iter().take(32) {
            let age = float(now.saturating_sub(pending.requested_at));
            ages.with_label_values(&[direction.as_str(), nonce.to_string().as_str()]).set(age);
        }
    }
    Ok(())
}
