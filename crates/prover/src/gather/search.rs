//! Finds the block of an event by its nonce, in windows of `kaia_getLogs`. Each window is asked for once.

use super::side::Side;
use crate::error::ProveError;
use crate::node::NodeLog;
use crate::rpc::{RpcError, Transport};
use alloc::vec::Vec;
use spanlight::ordered::Map;
use spanlight::receipt::Log;
use spanlight::Hash;

/// Windows that are asked for together.
const WINDOWS_TOGETHER: usize = 16;

/// One kind of event, searched by nonce.
pub(super) struct LogSearch {
    topics: Vec<Hash>,
    window: u64,
    nonce_of: fn(&Log) -> Option<u64>,
    windows: Map<u64, Vec<Found>>,
    /// Blocks that the node has turned out to allow in one query.
    allowed: u64,
}

#[derive(Clone, Copy)]
struct Found {
    nonce: u64,
    block: u64,
    index: u32,
}

type Place = Option<(u64, u32)>;

impl LogSearch {
    pub(super) fn new(topics: &[Hash], window: u64, nonce_of: fn(&Log) -> Option<u64>) -> Self {
        let window = window.max(1);
        Self { topics: topics.to_vec(), window, nonce_of, windows: Map::new(), allowed: window }
    }

    /// Request nonces ascend with height, so a window that holds any tells on which side to go on.
    pub(super) async fn request<T: Transport>(
        &mut self,
        side: &Side<'_, '_, T>,
        nonce: u64,
    ) -> Result<Place, ProveError> {
        let (mut low, mut high) = (0, self.count(side));
        while low < high {
            let middle = low.midpoint(high);
            let mut probe = middle;
            while probe < high && self.read(side, probe).await?.is_empty() {
                probe = probe.saturating_add(1);
            }
            if probe == high {
                high = middle;
                continue;
            }
            let found = self.read(side, probe).await?;
            if let Some(place) = place_of(found, nonce) {
                return Ok(Some(place));
            }
            if found.iter().all(|found| found.nonce > nonce) {
                high = middle;
            } else if found.iter().all(|found| found.nonce < nonce) {
                low = probe.saturating_add(1);
            } else {
                return Ok(None);
            }
        }
        Ok(None)
    }

    /// Handles come in any order: forward from the request's time, then backward from there. Without a request, backward
    /// from the head.
    pub(super) async fn handle<T: Transport>(
        &mut self,
        side: &Side<'_, '_, T>,
        nonce: u64,
        after: Option<u64>,
    ) -> Result<Place, ProveError> {
        let known = self.windows.values().find_map(|found| place_of(found, nonce));
        if known.is_some() {
            return Ok(known);
        }
        let count = self.count(side);
        // The clocks of the two chains may differ by more than the trust assumes: then the rest is searched too.
        let start = after.map_or(count, |block| self.window_of(side, block));
        for window in (start..count).chain((0..start).rev()) {
            let place = place_of(self.read(side, window).await?, nonce);
            if place.is_some() {
                return Ok(place);
            }
        }
        Ok(None)
    }

    pub(super) async fn read_all<T: Transport>(&mut self, side: &Side<'_, '_, T>) -> Result<(), ProveError> {
        let windows: Vec<u64> = (0..self.count(side)).filter(|window| !self.windows.contains_key(window)).collect();
        for group in windows.chunks(WINDOWS_TOGETHER) {
            let ranges: Vec<_> = group.iter().map(|window| self.range(side, *window)).collect();
            match side.node.logs(side.bridge, &self.topics, &ranges).await {
                Ok(logs) => group.iter().zip(logs).for_each(|(window, logs)| self.keep(side, *window, &logs)),
                // Too much for the node: each window on its own, halved where it must be.
                Err(ProveError::Rpc(RpcError::Node { .. })) => {
                    for window in group {
                        self.read(side, *window).await?;
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn count<T: Transport>(&self, side: &Side<'_, '_, T>) -> u64 {
        self.window_of(side, side.head()).saturating_add(1)
    }

    fn window_of<T: Transport>(&self, side: &Side<'_, '_, T>, block: u64) -> u64 {
        block.saturating_sub(side.first()).checked_div(self.window).unwrap_or(0)
    }

    async fn read<T: Transport>(&mut self, side: &Side<'_, '_, T>, window: u64) -> Result<&[Found], ProveError> {
        if !self.windows.contains_key(&window) {
            let (from, to) = self.range(side, window);
            let logs = self.fetch(side, from, to).await?;
            self.keep(side, window, &logs);
        }
        Ok(self.windows.get(&window).map_or(&[], Vec::as_slice))
    }

    fn range<T: Transport>(&self, side: &Side<'_, '_, T>, window: u64) -> (u64, u64) {
        let from = side.first().saturating_add(window.saturating_mul(self.window));
        (from, from.saturating_add(self.window.saturating_sub(1)).min(side.head()))
    }

    fn keep<T: Transport>(&mut self, side: &Side<'_, '_, T>, window: u64, logs: &[NodeLog]) {
        let logs = logs.iter().filter(|log| log.log.address == side.bridge);
        let found =
            |log: &NodeLog| Some(Found { nonce: (self.nonce_of)(&log.log)?, block: log.block, index: log.index });
        let found = logs.filter_map(found).collect();
        self.windows.insert(window, found);
    }

    /// Nodes limit the range or the number of logs, each in its own words: a refused range is halved, and so are those
    /// after it.
    async fn fetch<T: Transport>(
        &mut self,
        side: &Side<'_, '_, T>,
        from: u64,
        to: u64,
    ) -> Result<Vec<NodeLog>, ProveError> {
        let mut logs = Vec::new();
        let mut next = from;
        while next <= to {
            let last = to.min(next.saturating_add(self.allowed.saturating_sub(1)));
            match side.node.logs(side.bridge, &self.topics, &[(next, last)]).await {
                Ok(found) => logs.extend(found.into_iter().flatten()),
                Err(ProveError::Rpc(RpcError::Node { .. })) if last > next => {
                    self.allowed = last.saturating_sub(next).saturating_add(1) >> 1;
                    continue;
                }
                Err(error) => return Err(error),
            }
            next = last.saturating_add(1);
        }
        Ok(logs)
    }
}

fn place_of(found: &[Found], nonce: u64) -> Place {
    found.iter().find(|found| found.nonce == nonce).map(|found| (found.block, found.index))
}
