//! Gathers Spanlight proof bundles from a node.
//!
//! Untrusted by design: whatever is gathered here is checked by the core, [`spanlight::verify()`]. Only stock methods of the
//! `kaia` namespace are used. Nothing here knows of a runtime: a [`Transport`] brings one.
//!
//! [`sync()`] follows a chain, [`prove()`] makes the bundle for one transfer or a range, [`audit()`] judges a range on chains that
//! are kept followed, [`Replay`] stands in for a node.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod audit;
pub mod cancel;
pub mod endpoints;
pub mod error;
mod gather;
#[cfg(feature = "http")]
pub mod http;
pub mod jsonrpc;
pub mod later;
pub mod node;
pub mod progress;
pub mod prove;
#[cfg(feature = "replay")]
pub mod replay;
pub mod rpc;
pub mod state;
pub mod sync;
pub mod time;

pub use audit::{audit, Audit, Reach, VoteScan};
pub use cancel::Cancel;
pub use endpoints::{Endpoints, Finding, Reason};
pub use error::ProveError;
#[cfg(feature = "http")]
pub use http::{Http, HttpLimits, Roots, RootsError};
pub use node::Node;
pub use progress::{Progress, Silent};
pub use prove::{prove, Ends, Proof, ProveOptions, Subject};
#[cfg(feature = "replay")]
pub use replay::{Replay, ReplayError};
pub use rpc::{RpcError, Transport};
pub use state::read_state;
pub use sync::{
    fetch_items, receipts_under, sync, transactions_under, HeaderPlan, Items, SyncOptions, Synced, BLOCKS_TOGETHER,
};
pub use time::Time;
