//! The board as Prometheus metrics.

use crate::board::{DirectionBoard, Status};
use prometheus::{Encoder, GaugeVec, Opts, Registry, TextEncoder};

/// A metric of each direction: name, help, value. Counters count from the start of the process.
type Metric = (&'static str, &'static str, fn(&DirectionBoard, u64) -> f64);

#[allow(clippy::cast_precision_loss)] // Metrics are floats; what is lost is far behind the point.
const fn float(value: u64) -> f64 {
    value as f64
}

const METRICS: [Metric; 21] = [
    ("ready", "1 while the direction is followed on young heads or another replica acts", |board, now| {
        float(u64::from(board.unready(now).is_none()))
    }),
    ("acting", "1 while this replica acts for the direction", |board, _| float(u64::from(board.phase == "following"))),
    ("source_head", "Height of the proven source head", |board, _| float(board.source_head)),
    ("destination_head", "Height of the proven destination head", |board, _| float(board.destination_head)),
    ("source_head_age_seconds", "Age of the proven source head", |board, now| {
        float(now.saturating_sub(board.source_time))
    }),
    ("destination_head_age_seconds", "Age of the proven destination head", |board, now| {
        float(now.saturating_sub(board.destination_time))
    }),
    (
        "clock_behind_seconds",
        "Seconds by which the newest proven block was ahead of this machine's clock",
        |board, _| float(board.clock_behind),
    ),
    ("requests", "Requests made on the source", |board, _| float(board.requests)),
    ("lower_handle_nonce", "Lowest nonce not handled on the destination", |board, _| float(board.lower_handle_nonce)),
    ("lag_transfers", "Requests proven and not handled", |board, _| {
        float(u64::try_from(board.pending.len()).unwrap_or(u64::MAX))
    }),
    ("lag_seconds", "Age of the oldest open request", |board, now| {
        board.pending.values().map(|pending| float(now.saturating_sub(pending.requested_at))).fold(0.0, f64::max)
    }),
    ("votes_sent_total", "Votes sent", |board, _| float(board.votes_sent)),
    ("votes_reverted_total", "Own votes that were in a block and changed nothing", |board, _| {
        float(board.votes_reverted)
    }),
    ("replaced_total", "Transactions sent again at a higher price", |board, _| float(board.replaced)),
    ("handled_total", "Transfers seen handled", |board, _| float(board.handled)),
    ("in_flight", "Transactions on their way", |board, _| float(board.in_flight)),
    ("send_waits_blocks", "Blocks for which the lowest account nonce on its way has not moved", |board, _| {
        float(board.send_waits_blocks)
    }),
    ("endpoint_failures_total", "Times that no endpoint could answer", |board, _| float(board.endpoint_failures)),
    ("operator_balance_coins", "Coin of the operator's account on the destination", |board, _| coins(&board.balance)),
    (
        "fee_payer_balance_coins",
        "Coin of the account that pays for the operator's transactions, if it is another",
        |board, _| board.fee_payer_balance.as_deref().map_or(0.0, coins),
    ),
    ("bridge_liquidity_coins", "Coin of the destination bridge", |board, _| coins(&board.liquidity)),
];

/// Peb as coins.
fn coins(peb: &str) -> f64 {
    peb.parse::<f64>().unwrap_or(0.0) / 1e18
}

/// The metrics in Prometheus' text form.
///
/// # Errors
/// Where the library refuses a name: never.
pub fn text(status: &Status, now: u64) -> Result<String, prometheus::Error> {
    let registry = Registry::new();
    let gauge = |name: &str, help: &str, labels: &[&str]| -> Result<GaugeVec, prometheus::Error> {
        let gauge = GaugeVec::new(Opts::new(format!("spanlight_operator_{name}"), help), labels)?;
        registry.register(Box::new(gauge.clone()))?;
        Ok(gauge)
    };
    gauge("paused", "1 while a person has paused the operator", &[])?
        .with_label_values::<&str>(&[])
        .set(float(u64::from(status.paused)));
    for (name, help, value) in METRICS {
        let gauge = gauge(name, help, &["direction"])?;
        for (direction, board) in &status.directions {
            gauge.with_label_values(&[direction.as_str()]).set(value(board, now));
        }
    }
    let alarms = gauge("alarms_total", "Alarms raised", &["direction", "code"])?;
    let reasons =
        gauge("pending_transfers", "Open requests by what is done or why they wait", &["direction", "reason"])?;
    let ages = gauge("pending_age_seconds", "Age of each open request", &["direction", "nonce"])?;
    for (direction, board) in &status.directions {
        for (code, count) in &board.alarms {
            alarms.with_label_values(&[direction.as_str(), code.as_str()]).set(float(*count));
        }
        for pending in board.pending.values().filter(|pending| !pending.reason.is_empty()) {
            reasons.with_label_values(&[direction.as_str(), pending.reason.as_str()]).inc();
        }
        // So many nonces tell enough; a metric must not grow with a backlog.
        for (nonce, pending) in board.pending.iter().take(32) {
            let age = float(now.saturating_sub(pending.requested_at));
            ages.with_label_values(&[direction.as_str(), nonce.to_string().as_str()]).set(age);
        }
    }
    let mut bytes = Vec::new();
    TextEncoder::new().encode(&registry.gather(), &mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
