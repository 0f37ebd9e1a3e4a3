//! Logs by contract and topics.

use super::params::{block_number, visible_height, Params};
use super::shape;
use super::{Answer, RpcError};
use crate::chain::{Block, Chain};
use serde_json::Value;
use spanlight::primitives::{Address, Hash};
use spanlight::receipt::{Log, MAX_TOPICS};

/// Most blocks that one question covers.
const MOST_BLOCKS: u64 = 10_000;
/// Most logs in one answer.
const MOST_LOGS: usize = 10_000;
/// Most addresses, or topics at one place, in one question.
const MOST_CHOICES: usize = 256;

/// Which logs are wanted: any of the addresses, and at each place any of the topics; an empty list is anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(super) from: u64,
    pub(super) to: Option<u64>,
    addresses: Vec<Address>,
    topics: Vec<Vec<Hash>>,
}

pub(super) fn call(chain: &Chain, name: &str, params: Params<'_>) -> Answer {
    match name {
        "getLogs" => Some(Filter::read(chain, params.get(0)).and_then(|filter| find(chain, &filter))),
        _ => None,
    }
}

impl Filter {
    /// Reads a filter object; heads are those of now.
    pub(crate) fn read(chain: &Chain, object: Option<&Value>) -> Result<Self, RpcError> {
        let wrong = |what: &str| RpcError::parameter(0, what);
        let Some(object) = object else { return Ok(Self::default()) };
        let object = object.as_object().ok_or_else(|| wrong("filter object expected"))?;
        let field = |name: &str| object.get(name).filter(|value| !value.is_null());
        let height = |name: &str| field(name).map(|value| block_number(value, chain, 0)).transpose();
        let (from, to) = match field("blockHash") {
            Some(hash) => {
                let number = block_number(hash, chain, 0)?;
                (number, Some(number))
            }
            None => {
                let to = height("toBlock")?.filter(|_| field("toBlock") != Some(&Value::from("latest")));
                (height("fromBlock")?.unwrap_or(visible_height(chain)), to)
            }
        };
        let addresses = field("address").map_or(Some(Vec::new()), choices).ok_or_else(|| wrong("malformed address"))?;
        let topics = match field("topics") {
            None => Vec::new(),
            Some(Value::Array(places)) if places.len() <= MAX_TOPICS => {
                let place = |place: &Value| if place.is_null() { Some(Vec::new()) } else { choices(place) };
                places.iter().map(place).collect::<Option<_>>().ok_or_else(|| wrong("malformed topics"))?
            }
            Some(_) => return Err(wrong("at most four topics in a list expected")),
        };
        Ok(Self { from, to, addresses, topics })
    }

    fn fits(&self, log: &Log) -> bool {
        let at_address = self.addresses.is_empty() || self.addresses.contains(&log.address);
        let mut places = self.topics.iter().enumerate();
        at_address
            && places.all(|(place, wanted)| {
                log.topics.get(place).is_some_and(|topic| wanted.is_empty() || wanted.contains(topic))
            })
    }
}

/// One value, or a list of values of which any will do.
fn choices<T: std::str::FromStr>(value: &Value) -> Option<Vec<T>> {
    let one = |value: &Value| value.as_str()?.parse().ok();
    match value {
        Value::Array(values) if values.len() <= MOST_CHOICES => values.iter().map(one).collect(),
        Value::Array(_) => None,
        value => one(value).map(|one| vec![one]),
    }
}

/// The logs of a block that a filter wants.
pub(super) fn matching(filter: &Filter, block: &Block) -> Vec<Value> {
    let wanted = shape::logs_of(block).filter(|(_, _, log)| filter.fits(log));
    wanted.map(|(index, position, log)| shape::log(block, index, position, log)).collect()
}

pub(super) fn find(chain: &Chain, filter: &Filter) -> Result<Value, RpcError> {
    if chain.faults.withheld.logs {
        return Ok(Value::Array(Vec::new()));
    }
    let head = visible_height(chain);
    let to = filter.to.unwrap_or(head).min(head);
    if filter.from > to && filter.to.is_some_and(|to| filter.from > to) {
        return Err(RpcError::parameter(0, "fromBlock is above toBlock"));
    }
    range_is_bounded(filter.from, to)?;
    let mut found = Vec::new();
    for number in filter.from..=to {
        let Some(block) = chain.block(number) else { continue };
        found.extend(matching(filter, block));
        if found.len() > MOST_LOGS {
            return Err(RpcError::new(RpcError::LIMIT, format!("query returned more than {MOST_LOGS} results")));
        }
    }
    Ok(found.into())
}

fn range_is_bounded(from: u64, to: u64) -> Result<(), RpcError> {
    if to.saturating_sub(from) < MOST_BLOCKS {
        return Ok(());
    }
    Err(RpcError::new(RpcError::LIMIT, format!("block range is too wide: at most {MOST_BLOCKS} blocks")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_at_most_ten_thousand_blocks() {
        assert!(range_is_bounded(5, 10_004).is_ok());
        assert!(range_is_bounded(5, 4).is_ok());
        assert_eq!(range_is_bounded(5, 10_005).map_err(|error| error.code), Err(RpcError::LIMIT));
        assert!(range_is_bounded(0, u64::MAX).is_err());
    }
}
