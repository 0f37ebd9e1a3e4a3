//! `kaia_getLogs`, derived from recorded receipts.

use super::{canonical_text, invalid, node_error, Replay, SERVER_ERROR};
use crate::rpc::RpcError;
use serde_json::Value;

impl Replay {
    pub(super) fn logs(&self, filter: Option<&Value>) -> Result<Value, RpcError> {
        let filter = filter.ok_or_else(|| invalid("filter"))?;
        let from = self.block_number(filter.get("fromBlock"))?;
        let to = self.block_number(filter.get("toBlock"))?;
        if to.saturating_sub(from) >= self.log_range {
            let message = format!("query exceeds the maximum block range {}", self.log_range);
            return Err(node_error(SERVER_ERROR, message));
        }
        let mut found = Vec::new();
        for (_, block) in self.blocks.range(from..=to.max(from)) {
            let receipts = self.receipts_of(block);
            let logs = receipts.as_array().into_iter().flatten().filter_map(|receipt| receipt.get("logs")?.as_array());
            found.extend(logs.flatten().filter(|log| fits(log, filter)).cloned());
        }
        Ok(found.into())
    }
}

fn fits(log: &Value, filter: &Value) -> bool {
    let topics = filter.get("topics").and_then(Value::as_array);
    let mut places = topics.into_iter().flatten().enumerate();
    is_one_of(log.get("address"), filter.get("address"))
        && places.all(|(place, wanted)| is_one_of(log.get("topics").and_then(|topics| topics.get(place)), Some(wanted)))
}

/// Nothing wanted, the wanted text, or one of several.
fn is_one_of(got: Option<&Value>, wanted: Option<&Value>) -> bool {
    let got = got.and_then(Value::as_str).map(canonical_text);
    let same = |wanted: &Value| wanted.as_str().map(canonical_text) == got && got.is_some();
    match wanted {
        None | Some(Value::Null) => true,
        Some(Value::Array(options)) => options.is_empty() || options.iter().any(same),
        Some(one) => same(one),
    }
}
