//! What the workers show to whoever asks: the status page, the metrics, the commands.

use crate::alarm::Alarm;
use serde::{Deserialize, Serialize};
use spanlight::Address;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One open transfer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// What this operator does about it, in words.
    pub doing: String,
    /// The code of what it does, or of why it waits.
    #[serde(default)]
    pub reason: String,
    /// Votes that count for it.
    pub votes: u64,
    /// The request's block on the source.
    pub request_block: u64,
    /// Unix time of that block.
    pub requested_at: u64,
}

/// How far a direction is behind its source, while it catches up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatchUp {
    /// Unix time since when.
    pub since: u64,
    /// The source's block up to which requests are found.
    pub searched: u64,
    /// Seconds since that block's time.
    pub behind: u64,
}

impl CatchUp {
    /// In words, at this time.
    #[must_use]
    pub fn words(&self, now: u64) -> String {
        let Self { since, searched, behind } = self;
        let taking = now.saturating_sub(*since);
        format!("the source is being caught up with, for {taking} s: requests are found up to block {searched}, {behind} s old")
    }
}

/// A change of the bridge that its owner has announced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncedChange {
    /// Unix time from which on it may be made.
    pub ready: u64,
    /// The call, in words.
    pub call: String,
}

/// One direction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DirectionBoard {
    /// Source chain.
    pub source: String,
    /// Destination chain.
    pub destination: String,
    /// `starting`, `standby`, `following`, or `failing`.
    pub phase: String,
    /// What stands in the way, if anything does.
    pub trouble: Option<String>,
    /// This operator's account on the destination.
    pub operator: String,
    /// Proven head of the source.
    pub source_head: u64,
    /// Its unix time.
    pub source_time: u64,
    /// Proven head of the destination.
    pub destination_head: u64,
    /// Its unix time.
    pub destination_time: u64,
    /// Seconds after which a head is too old to act on; 0 where nothing is said.
    #[serde(default)]
    pub max_head_age: u64,
    /// Requests known to be made.
    pub requests: u64,
    /// The lowest nonce that is not handled.
    pub lower_handle_nonce: u64,
    /// Votes needed.
    pub threshold: u64,
    /// Operators of the destination bridge.
    pub operators: Vec<Address>,
    /// Open transfers.
    pub pending: BTreeMap<u64, Pending>,
    /// Votes sent since the start.
    pub votes_sent: u64,
    /// Transactions sent again at a higher price since the start.
    pub replaced: u64,
    /// Own votes that were taken into a block and changed nothing, since the start.
    pub votes_reverted: u64,
    /// Transfers seen handled since the start.
    pub handled: u64,
    /// Transactions on their way.
    pub in_flight: u64,
    /// Destination blocks for which the lowest account nonce on its way has not moved.
    #[serde(default)]
    pub send_waits_blocks: u64,
    /// The operator's coin on the destination, in peb.
    pub balance: String,
    /// Coin of the fee payer's account there in peb, where another account pays for the operator's transactions.
    pub fee_payer_balance: Option<String>,
    /// The destination bridge's coin, in peb.
    pub liquidity: String,
    /// Seconds by which this machine's clock was behind the newest verified block when that
    /// arrived.
    #[serde(default)]
    pub clock_behind: u64,
    /// How far behind it is, while it catches up with the source.
    #[serde(default)]
    pub catch_up: Option<CatchUp>,
    /// Changes of the destination bridge that its owner has announced and not made, by number.
    #[serde(default)]
    pub changes: BTreeMap<u64, AnnouncedChange>,
    /// Transfers that were executed and whose value the destination bridge keeps for a claim.
    #[serde(default)]
    pub undelivered: u64,
    /// The first of them by nonce, each with what this operator does about it.
    #[serde(default)]
    pub claims: BTreeMap<u64, String>,
    /// Executed nonces of the destination bridge that are not swept, without a gap from the lowest
    /// on, as far as they are counted.
    #[serde(default)]
    pub sweep_lag: u64,
    /// What is done about them, where they are many.
    #[serde(default)]
    pub sweep: Option<String>,
    /// Sweeps sent since the start.
    #[serde(default)]
    pub sweeps_sent: u64,
    /// Claims for others sent since the start.
    #[serde(default)]
    pub claims_sent: u64,
    /// Alarms since the start, by code.
    pub alarms: BTreeMap<String, u64>,
    /// Unix time of the last one, by code.
    #[serde(default)]
    pub last_alarms: BTreeMap<String, u64>,
    /// Calls that no endpoint could answer since the start.
    pub endpoint_failures: u64,
}

impl DirectionBoard {
    /// Why the direction is not as it should be, if it is not: one replica acts on heads that are
    /// young enough, the others stand by.
    #[must_use]
    pub fn unready(&self, now: u64) -> Option<String> {
        match self.phase.as_str() {
            "standby" => None,
            "following" => [("source", self.source_time), ("destination", self.destination_time)]
                .into_iter()
                .map(|(side, time)| (side, now.saturating_sub(time)))
                .find(|(_, age)| self.max_head_age > 0 && *age > self.max_head_age)
                .map(|(side, age)| format!("the head of the {side} is {age} s old")),
            other => Some(other.to_owned()),
        }
    }
}

/// The whole operator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The operator's name.
    pub name: String,
    /// Whether a person has paused it.
    pub paused: bool,
    /// Both directions, by name.
    pub directions: BTreeMap<String, DirectionBoard>,
    /// Connections turned away or closed for newer ones since the start, by port: `ops` or
    /// `exchange`.
    #[serde(default)]
    pub turned_away: BTreeMap<String, u64>,
}

/// Shared by its clones.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Mutex<Status>>);

impl Board {
    /// An empty board of the operator `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(Arc::new(Mutex::new(Status { name: name.to_owned(), ..Status::default() })))
    }

    /// What it shows now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows whether the operator is paused.
    pub(crate) fn set_paused(&self, paused: bool) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).paused = paused;
    }

    /// Changes what is shown of a direction.
    pub(crate) fn update(&self, direction: &str, change: impl FnOnce(&mut DirectionBoard)) {
        let mut status = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(status.directions.entry(direction.to_owned()).or_default());
    }

    pub(crate) fn count_alarm(&self, direction: &str, alarm: &Alarm) {
        self.update(direction, |board| {
            let count = board.alarms.entry(alarm.code().to_owned()).or_default();
            *count = count.saturating_add(1);
            board.last_alarms.insert(alarm.code().to_owned(), crate::clock::now());
        });
    }

    /// Counts a connection that was turned away at a port, or had to leave for a newer one.
    pub(crate) fn count_turned_away(&self, port: &str) {
        let mut status = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = status.turned_away.entry(port.to_owned()).or_default();
        *count = count.saturating_add(1);
    }
}
