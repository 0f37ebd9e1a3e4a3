//! JSON-RPC: every method that verifiers, wallets and tools read of a node. Source: chain.md 5.
//!
//! `kaia_` is the native namespace and `klay_` its old name; `eth_` shows the same chain by Ethereum's names.

mod blocks;
mod call;
mod devnet;
mod error;
mod fees;
mod filters;
mod governance;
mod logs;
mod params;
mod shape;
mod state;
mod transactions;

pub use error::RpcError;
pub(crate) use logs::Filter;

use crate::chain::{Block, Chain};
use filters::Filters;
use params::Params;
use serde_json::{json, Value};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// What nodes show as the gas limit of a block, though the chain has none.
pub const BLOCK_GAS_LIMIT: u64 = 999_999_999_999;

/// In whose names an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    Kaia,
    Eth,
}

/// What a node tells those who listen.
#[derive(Clone, Debug)]
pub enum Event {
    /// A block was made.
    Block(Arc<Block>),
    /// A transaction waits.
    Pending(spanlight::Hash),
}

/// Events that a slow listener may be behind before it misses some.
const EVENTS: usize = 1_024;

/// A node: its chain, and who waits for what.
#[derive(Debug)]
pub struct Node {
    chain: Mutex<Chain>,
    filters: Mutex<Filters>,
    events: broadcast::Sender<Event>,
    mines_at_once: bool,
}

impl Node {
    /// A node of this chain.
    #[must_use]
    pub fn new(chain: Chain) -> Self {
        let mines_at_once = chain.config().production == crate::config::Production::OnTransaction;
        let (events, _) = broadcast::channel(EVENTS);
        Self { chain: Mutex::new(chain), filters: Mutex::default(), events, mines_at_once }
    }

    /// The chain. A thread that panicked while it held the chain has said so already.
    pub fn chain(&self) -> MutexGuard<'_, Chain> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn filters(&self) -> MutexGuard<'_, Filters> {
        self.filters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that happens from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Makes a block and tells those who listen.
    ///
    /// # Errors
    /// Where none can be made.
    pub fn mine(&self) -> Result<Arc<Block>, crate::DevnetError> {
        let block = self.chain().mine()?;
        // Nobody may be listening.
        let _ = self.events.send(Event::Block(Arc::clone(&block)));
        Ok(block)
    }

    /// Takes a transaction, and makes a block of it where the chain is set up so.
    ///
    /// # Errors
    /// Where the chain does not take it.
    pub fn send(&self, raw: &[u8]) -> Result<spanlight::Hash, crate::chain::SendError> {
        let hash = self.chain().send(raw)?;
        let _ = self.events.send(Event::Pending(hash));
        if self.mines_at_once {
            if let Err(reason) = self.mine() {
                tracing::debug!(%reason, "no block for a transaction");
            }
        }
        Ok(hash)
    }

    /// Answers one call.
    ///
    /// # Errors
    /// What the caller is told.
    pub fn call(&self, method: &str, params: &[Value]) -> Result<Value, RpcError> {
        self.withheld(method)?;
        let params = Params(params);
        let no_method =
            || RpcError::new(RpcError::NO_METHOD, format!("the method {method} does not exist/is not available"));
        let (space, name) = method.split_once('_').ok_or_else(no_method)?;
        let answer = match space {
            "kaia" | "klay" => self.chain_method(Space::Kaia, name, params),
            "eth" => self.chain_method(Space::Eth, name, params),
            "devnet" => devnet::call(self, name, params),
            "governance" | "istanbul" => governance::call(&mut self.chain(), name, params),
            "net" => net(&self.chain(), name),
            "web3" => web3(name, params)?,
            "txpool" => txpool(&self.chain(), name),
            "debug" => blocks::debug(&self.chain(), name, params),
            _ => None,
        };
        answer.unwrap_or_else(|| Err(no_method()))
    }

    /// A fault that a test asked for. `devnet_` methods are never kept back: they end the fault.
    fn withheld(&self, method: &str) -> Result<(), RpcError> {
        let chain = self.chain();
        let methods = &chain.faults.withheld.methods;
        let kept_back = methods.iter().any(|name| name == method || name == "*");
        if kept_back && !method.starts_with("devnet_") {
            return Err(RpcError::server("the node keeps this answer back"));
        }
        Ok(())
    }

    fn chain_method(&self, space: Space, name: &str, params: Params<'_>) -> Answer {
        if name == "sendRawTransaction" {
            return Some(transactions::send(self, params));
        }
        if let Some(answer) = filters::call(self, space, name, params) {
            return Some(answer);
        }
        let chain = &mut *self.chain();
        blocks::call(chain, space, name, params)
            .or_else(|| transactions::call(chain, space, name, params))
            .or_else(|| state::call(chain, name, params))
            .or_else(|| call::call(chain, name, params))
            .or_else(|| logs::call(chain, name, params))
            .or_else(|| fees::call(chain, name, params))
            .or_else(|| governance::call(chain, name, params))
    }

    /// A subscription's first message names what it wants.
    pub(crate) fn header_for_listeners(&self, block: &Block, space: Space) -> Value {
        shape::header(&block.header, &self.chain().profile().forks, space, false).into()
    }

    pub(crate) fn logs_for_listeners(filter: &Filter, block: &Block) -> Vec<Value> {
        logs::matching(filter, block)
    }
}

/// What a group of methods says: none where it has no such method.
type Answer = Option<Result<Value, RpcError>>;

fn net(chain: &Chain, name: &str) -> Answer {
    Some(Ok(match name {
        "version" => chain.config().chain_id.to_string().into(),
        "networkID" => chain.config().chain_id.into(),
        "listening" => true.into(),
        "peerCount" => "0x0".into(),
        _ => return None,
    }))
}

fn web3(name: &str, params: Params<'_>) -> Result<Answer, RpcError> {
    Ok(Some(Ok(match name {
        "clientVersion" => client_version().into(),
        "sha3" => json!(spanlight::keccak256(&params.bytes(0)?)),
        _ => return Ok(None),
    })))
}

/// Says that this is no node of the public networks.
pub(crate) fn client_version() -> String {
    format!("spanlight-devnet/v{}", env!("CARGO_PKG_VERSION"))
}

fn txpool(chain: &Chain, name: &str) -> Answer {
    match name {
        "status" => Some(Ok(json!({ "pending": shape::number(waiting(chain)), "queued": "0x0" }))),
        _ => None,
    }
}

fn waiting(chain: &Chain) -> u64 {
    u64::try_from(chain.pool().len()).unwrap_or(u64::MAX)
}
