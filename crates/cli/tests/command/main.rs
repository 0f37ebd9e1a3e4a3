//! The real binary: what it prints, and its exit codes. One target, so that it is linked once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    missing_docs,
    unreachable_pub,
    reason = "a test that meets what it does not expect should stop"
)]

mod brakes;
mod clock;
mod common;
mod demo;
mod demo_live;
mod devnet;
#[path = "../shared/faked.rs"]
mod faked;
mod forged;
mod gateways;
#[path = "../shared/late.rs"]
mod late;
mod live;
mod proxy;
mod serve;
mod served;
mod sync;
mod transfers;
mod trust_files;
mod usage;
