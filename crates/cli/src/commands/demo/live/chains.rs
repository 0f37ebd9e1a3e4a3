//! The chains that a live demo runs on, and the transfers that its users make.

use crate::failure::Failure;
use spanlight::primitives::U256;
use spanlight_devnet::pair::{BridgeKind, Pair, Requested, Side, Value, COIN, USERS};
use spanlight_devnet::{Clock, DevnetError, PairConfig, Production};
use std::time::{Duration, Instant};

/// Time between blocks until the chains have caught up with the clock; from then on it is their second.
pub(super) const BLOCK: Duration = Duration::from_millis(250);
/// Seconds that the chains begin ago. Block times go by whole seconds, so blocks that come faster need a start. Young enough
/// for every verdict: a trust file's `max_age` is an hour.
const BEGIN_AGO: u64 = 1200;
pub(super) const OPERATORS: u64 = 4;
pub(super) const THRESHOLD: u64 = 2;

/// Starts both chains with a bridge of the deployed generation.
pub(super) fn start() -> Result<Pair, Failure> {
    let begin = crate::clock::now().saturating_sub(BEGIN_AGO);
    let mut config =
        PairConfig { bridge: BridgeKind::C, operators: OPERATORS, threshold: THRESHOLD, ..PairConfig::default() }
            .produced(Production::Every(BLOCK), Clock::Step(1));
    config.main.genesis_time = begin;
    config.service.genesis_time = begin;
    Pair::start(config).map_err(|error| failed(&error))
}

pub(super) fn failed(error: &DevnetError) -> Failure {
    Failure::endpoint(format!("the chains of the demo: {error}"))
}

/// The name of a chain, as the trust has it.
pub(super) const fn name(side: Side) -> &'static str {
    match side {
        Side::Main => "main",
        Side::Service => "service",
    }
}

/// A request that is in a block, and since when.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) requested: Requested,
    pub(super) at: Instant,
    value: Value,
}

impl Sent {
    /// A user asks for a transfer to another.
    pub(super) fn request(pair: &Pair, from: Side, value: Value, users: [usize; 2]) -> Result<Self, Failure> {
        let [user, to] = users.map(|index| USERS.get(index).copied().unwrap_or_default());
        let requested = pair.request(from, user, pair.user(to), value).map_err(|error| failed(&error))?;
        Ok(Self { requested, at: Instant::now(), value })
    }

    pub(super) const fn nonce(&self) -> u64 {
        self.requested.event.nonce
    }

    pub(super) fn is_executed(&self, pair: &Pair) -> Result<bool, Failure> {
        pair.is_handled(self.requested.from.other(), self.nonce()).map_err(|error| failed(&error))
    }

    /// Which transfer it is, and of what.
    pub(super) fn words(&self) -> String {
        let (from, to) = (name(self.requested.from), name(self.requested.from.other()));
        format!("{from} to {to}, request {}: {}", self.nonce(), self.value_words())
    }

    fn value_words(&self) -> String {
        let encoded = if self.requested.event.encoding.is_some() { ", with its URI (the encoded form)" } else { "" };
        match self.value {
            Value::Coin(amount) => coins(amount),
            Value::Erc20(amount) => format!("{amount} of the ERC-20 token"),
            Value::Erc721(id) => format!("ERC-721 token {id}{encoded}"),
        }
    }
}

/// An amount of coin for people.
pub(super) fn coins(amount: U256) -> String {
    match amount.checked_div(COIN) {
        Some(whole) if whole.saturating_mul(COIN) == amount && whole == U256::ONE => "1 coin".to_owned(),
        Some(whole) if whole.saturating_mul(COIN) == amount => format!("{whole} coins"),
        _ => format!("{amount} peb"),
    }
}

/// So many coins.
pub(super) fn coin(count: u64) -> U256 {
    COIN.saturating_mul(U256::from(count))
}
