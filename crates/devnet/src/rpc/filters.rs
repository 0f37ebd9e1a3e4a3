//! Filters that are asked again and again for what is new.

use super::logs::{find, matching, Filter};
use super::params::{visible_height, Params};
use super::{Answer, Node, RpcError, Space};
use crate::chain::Chain;
use serde_json::{json, Value};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Most filters at a time.
const MOST: usize = 256;
/// A filter that nobody asks for so long is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(300);

/// The filters of a node.
#[derive(Debug, Default)]
pub(super) struct Filters {
    last: u64,
    by_id: BTreeMap<u64, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    wanted: Wanted,
    next: u64,
    asked: Instant,
}

#[derive(Clone, Debug)]
enum Wanted {
    Blocks,
    Logs(Filter),
    Pending(Vec<spanlight::Hash>),
}

pub(super) fn call(node: &Node, _space: Space, name: &str, params: Params<'_>) -> Answer {
    let chain = node.chain();
    let filters = &mut *node.filters();
    Some(match name {
        "newBlockFilter" => filters.add(&chain, Wanted::Blocks),
        "newPendingTransactionFilter" => filters.add(&chain, Wanted::Pending(Vec::new())),
        "newFilter" => Filter::read(&chain, params.get(0)).and_then(|filter| filters.add(&chain, Wanted::Logs(filter))),
        "getFilterChanges" => params.number(0).and_then(|id| filters.changes(&chain, id)),
        "getFilterLogs" => params.number(0).and_then(|id| filters.all_logs(&chain, id)),
        "uninstallFilter" => params.number(0).map(|id| filters.by_id.remove(&id).is_some().into()),
        _ => return None,
    })
}

impl Filters {
    fn add(&mut self, chain: &Chain, wanted: Wanted) -> Result<Value, RpcError> {
        self.by_id.retain(|_, waiting| waiting.asked.elapsed() < FORGOTTEN_AFTER);
        if self.by_id.len() >= MOST {
            return Err(RpcError::new(RpcError::LIMIT, format!("at most {MOST} filters at a time")));
        }
        self.last = self.last.saturating_add(1);
        let next = visible_height(chain).saturating_add(1);
        self.by_id.insert(self.last, Waiting { wanted, next, asked: Instant::now() });
        Ok(super::shape::number(self.last))
    }

    fn get(&mut self, id: u64) -> Result<&mut Waiting, RpcError> {
        let waiting = self.by_id.get_mut(&id).ok_or_else(|| RpcError::server("filter not found"))?;
        waiting.asked = Instant::now();
        Ok(waiting)
    }

    fn changes(&mut self, chain: &Chain, id: u64) -> Result<Value, RpcError> {
        let waiting = self.get(id)?;
        let blocks = (waiting.next..=visible_height(chain)).filter_map(|number| chain.block(number));
        let found = match &mut waiting.wanted {
            Wanted::Blocks => blocks.map(|block| json!(block.header.hash())).collect(),
            Wanted::Logs(filter) => blocks
                .filter(|block| filter.to.is_none_or(|to| block.header.number() <= to))
                .flat_map(|block| matching(filter, block))
                .collect(),
            Wanted::Pending(seen) => {
                let now: Vec<spanlight::Hash> = chain.pool().all().map(|signed| signed.hash).collect();
                let fresh = now.iter().filter(|hash| !seen.contains(hash)).map(|hash| json!(hash)).collect();
                *seen = now;
                fresh
            }
        };
        waiting.next = visible_height(chain).saturating_add(1);
        Ok(Value::Array(found))
    }

    fn all_logs(&mut self, chain: &Chain, id: u64) -> Result<Value, RpcError> {
        match &self.get(id)?.wanted {
            Wanted::Logs(filter) => find(chain, filter),
            _ => Err(RpcError::server("filter not found")),
        }
    }
}
