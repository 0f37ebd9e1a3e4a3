//! Two Kaia-format chains in one process, with bridges between them: for demos and tests.
//!
//! Blocks are executed by `revm`, committed and sealed as Kaia's are, with test keys, and served by JSON-RPC. Nothing here
//! is believed by anybody: what a devnet makes is verified by the same code, under the same rules, as what a real node
//! recorded. What it does not do as a node does is listed in docs/devnet.md.
//!
//! [`ChainHandle`] is one running chain; [`Pair`] is two with bridges, tokens and operators.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic,
        clippy::cast_possible_truncation
    )
)]

pub mod abi;
pub mod chain;
pub mod config;
mod error;
mod evm;
pub mod execute;
pub mod genesis;
mod handle;
mod key_update;
pub mod pair;
pub mod pool;
mod precompiles;
pub mod rpc;
mod server;
mod signers;
pub mod state;
mod subscriptions;
pub mod wallet;

pub use chain::{Block, Chain, Vote};
pub use config::{ChainConfig, Clock, NodeKind, Production, Sealers};
pub use error::DevnetError;
pub use handle::ChainHandle;
pub use key_update::KeyUpdateError;
pub use pair::{Pair, PairConfig};
