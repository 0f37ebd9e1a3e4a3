//! Devnets started, used and verified by the same code and rules as the recordings of real nodes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "tests"
)]

mod accounts;
mod artifacts;
mod chains;
mod names;
mod pair;
mod pool;
mod version2;
