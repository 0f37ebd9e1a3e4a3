//! One operator of a multi-bridge: it follows both chains, proves every request, and only then votes.
//!
//! One process is one operator with a key on each chain. Each direction has a worker of its own (`direction`), which holds a
//! light client of both chains: requests are proven final on the source (`requests`), the destination's state is proven at
//! its head (`view`), a pure function decides (`decide`), and what is sent was written down before (`store`, `send`).
//! Endpoints are believed in nothing that decides a vote. docs/operator.md says what they can delay.
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

pub mod alarm;
mod backlog;
mod backoff;
pub mod board;
pub mod chain_ids;
pub mod clock;
pub mod config;
pub mod decide;
mod delivery;
mod direction;
mod door;
mod evidence;
pub mod exchange;
mod failpoint;
mod fitness;
pub mod keys;
mod link;
pub mod log;
mod notice;
pub mod ops;
mod park;
mod pause;
pub mod powers;
mod pulse;
mod raised;
mod requests;
mod reverts;
pub mod run;
mod send;
mod session;
mod slumber;
mod standby;
mod start;
pub mod store;
mod supervise;
pub mod tx;
mod view;
mod watch;

pub use config::{Config, ConfigError};
