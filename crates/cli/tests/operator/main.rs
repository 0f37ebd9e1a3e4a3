//! `spanlight operator`, as real processes over real sockets, on two chains that run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::cast_possible_truncation
)]

mod commands;
mod endpoints;
mod liar;
mod network;
mod parking;
mod pruned;
mod recovery;
mod relay;
mod replicas;
mod rig;
mod signed;
mod soak;
mod theft;
mod transfers;
