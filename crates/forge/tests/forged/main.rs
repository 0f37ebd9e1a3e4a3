//! Forged chains and bridges against the public `verify`: every state honestly, every check with one thing wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "a test that fails may panic, and no attacker chooses its numbers"
)]

mod absence;
mod accusations;
mod borders;
mod brakes;
mod bridge_checks;
mod byte_walk;
mod claims;
mod cost;
mod facts;
mod fixtures;
mod halts;
mod headers;
mod later_state;
mod lossless;
mod open_nonces;
mod registry;
mod shown_seals;
mod slack;
mod states;
mod stuck;
mod version2;
mod warned;
