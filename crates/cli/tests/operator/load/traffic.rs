//! Requests at a steady rate, and what becomes of each, read from the blocks themselves.

use crate::rig::Rig;
use spanlight::bridge::{HandleEvent, RequestEvent};
use spanlight::primitives::U256;
use spanlight_devnet::pair::{Side, Value, USERS};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer<'s> {
    pub(super) sides: &'s [Side],
    /// Requests a second from each of the sides.
    pub(super) rate: f64,
    pub(super) lasting: Duration,
}

/// A block that was seen.
#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Instant,
    /// The time in its header.
    time: u64,
}

/// One transfer: the block of its request and the block of its execution.
#[derive(Clone, Copy, Debug)]
struct Transfer {
    requested: Option<Seen>,
    handled: Option<Seen>,
}

pub(super) struct Traffic<'r> {
    rig: &'r Rig,
    offer: Offer<'r>,
    start: Instant,
    /// Requests of each side so far.
    sent: u64,
    /// Blocks of main and service that were read.
    read: [u64; 2],
    /// Transfers from main and from service, by nonce.
    transfers: [BTreeMap<u64, Transfer>; 2],
    recent: Vec<f64>,
}

impl<'r> Traffic<'r> {
    pub(super) fn new(rig: &'r Rig, offer: Offer<'r>) -> Self {
        let read = [rig.pair.main.height(), rig.pair.service.height()];
        Self { rig, offer, start: Instant::now(), sent: 0, read, transfers: Default::default(), recent: Vec::new() }
    }

    /// Sends the requests that are due by now.
    pub(super) fn offer(&mut self) {
        let passed = self.start.elapsed().min(self.offer.lasting);
        let due = (passed.as_secs_f64() * self.offer.rate) as u64;
        while self.sent < due {
            for side in self.offer.sides {
                self.request(*side, self.sent);
            }
            self.sent += 1;
        }
    }

    /// Coin and tokens by turns; from the service chain coin alone, since tokens come there by the bridge first.
    fn request(&self, from: Side, number: u64) {
        let user = USERS[(number % 4) as usize];
        let value = match number % 2 {
            1 if from == Side::Main => Value::Erc20(U256::from(1000 + number)),
            _ => Value::Coin(U256::from(7 + number)),
        };
        let pair = &self.rig.pair;
        pair.submit(from, user, &pair.request_call(from, pair.user(user), value)).unwrap();
    }

    /// Whether the time of offering is over.
    pub(super) fn is_offered(&self) -> bool {
        self.start.elapsed() >= self.offer.lasting
    }

    /// Whether all that was sent is handled.
    pub(super) fn is_done(&self) -> bool {
        self.transfers().filter(|transfer| transfer.handled.is_some()).count() as u64 == self.requests()
    }

    /// Requests sent, of all sides.
    pub(super) fn requests(&self) -> u64 {
        self.sent * self.offer.sides.len() as u64
    }

    /// Requests in blocks that are not handled.
    pub(super) fn open(&self) -> impl Iterator<Item = (Side, u64)> + '_ {
        let of = |(side, transfers): (Side, &'_ BTreeMap<u64, Transfer>)| {
            let open = transfers.iter().filter(|(_, transfer)| transfer.handled.is_none());
            open.map(|(nonce, _)| (side, *nonce)).collect::<Vec<_>>()
        };
        [Side::Main, Side::Service].into_iter().zip(&self.transfers).flat_map(of)
    }

    fn transfers(&self) -> impl Iterator<Item = &Transfer> {
        self.transfers.iter().flat_map(BTreeMap::values)
    }

    /// Reads the blocks that are new.
    pub(super) fn see_blocks(&mut self) {
        for side in [Side::Main, Side::Service] {
            while let Some(block) = self.next_block(side) {
                let seen = Seen { at: Instant::now(), time: block.header.fields().time };
                let bridge = self.rig.pair.end(side).bridge;
                let logs = block.items.iter().flat_map(|item| &item.executed.receipt.logs);
                for log in logs.filter(|log| log.address == bridge) {
                    if let Ok(event) = RequestEvent::decode(log) {
                        self.transfers[side as usize].entry(event.nonce).or_insert(OPEN).requested = Some(seen);
                    } else if let Ok(event) = HandleEvent::decode(log) {
                        self.handle(side.other(), event.nonce, seen);
                    }
                }
            }
        }
    }

    fn next_block(&mut self, side: Side) -> Option<std::sync::Arc<spanlight_devnet::chain::Block>> {
        let next = self.read[side as usize] + 1;
        let block = self.rig.pair.chain(side).chain().block(next).cloned()?;
        self.read[side as usize] = next;
        Some(block)
    }

    fn handle(&mut self, from: Side, nonce: u64, seen: Seen) {
        let transfer = self.transfers[from as usize].entry(nonce).or_insert(OPEN);
        assert!(transfer.handled.is_none(), "{from:?} {nonce} was executed twice");
        transfer.handled = Some(seen);
        let requested = transfer.requested.expect("nothing is executed before it is requested");
        self.recent.push((seen.at - requested.at).as_secs_f64());
    }

    /// Seconds from the block of the request to the block of the execution, by this machine's clock, ascending.
    pub(super) fn latencies(&self) -> Vec<f64> {
        self.sorted(|requested, handled| (handled.at - requested.at).as_secs_f64())
    }

    /// The same by the times in the headers.
    pub(super) fn latencies_by_headers(&self) -> Vec<f64> {
        self.sorted(|requested, handled| handled.time as f64 - requested.time as f64)
    }

    fn sorted(&self, between: impl Fn(Seen, Seen) -> f64) -> Vec<f64> {
        let both = self.transfers().filter_map(|transfer| Some(between(transfer.requested?, transfer.handled?)));
        ascending(both.collect())
    }

    /// Those of the transfers handled since this was last asked.
    pub(super) fn recent(&mut self) -> Vec<f64> {
        ascending(std::mem::take(&mut self.recent))
    }

    /// Executions a second while requests came, of all directions together.
    pub(super) fn handled_per_second(&self) -> f64 {
        let end = self.start + self.offer.lasting;
        self.transfers.iter().map(|transfers| executions_per_second(transfers, end)).sum()
    }
}

/// Counted from the first block with an execution, since before it nothing could be handled yet; its own only mark the beginning.
fn executions_per_second(transfers: &BTreeMap<u64, Transfer>, end: Instant) -> f64 {
    let at = transfers.values().filter_map(|transfer| Some(transfer.handled?.at)).filter(|at| *at <= end);
    let at: Vec<Instant> = at.collect();
    let (Some(first), Some(last)) = (at.iter().min(), at.iter().max()) else { return 0.0 };
    let later = at.iter().filter(|at| *at > first).count();
    if later == 0 {
        return 0.0;
    }
    later as f64 / (*last - *first).as_secs_f64()
}

const OPEN: Transfer = Transfer { requested: None, handled: None };

fn ascending(mut seconds: Vec<f64>) -> Vec<f64> {
    seconds.sort_by(f64::total_cmp);
    seconds
}

/// The value below which so much of the whole lies; not a number where there is none.
pub(super) fn quantile(ascending: &[f64], part: f64) -> f64 {
    let place = (ascending.len() as f64 * part).ceil() as usize;
    ascending.get(place.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}
