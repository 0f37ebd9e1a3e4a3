//! `spanlight operator`, as real processes over real sockets, on two chains that run.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod accounts;
mod brakes;
mod chaos;
mod clock;
mod commands;
mod endpoints;
#[path = "../shared/faked.rs"]
mod faked;
mod false_peer;
mod faults;
mod fees;
#[path = "../shared/late.rs"]
mod late;
mod liar;
mod living;
mod load;
mod many;
mod network;
mod notices;
mod parking;
mod pauses;
mod poison;
mod powers;
mod pruned;
mod quiet;
mod recovery;
mod relay;
mod replicas;
mod rig;
mod seats;
mod side_by_side;
mod signed;
mod signed_lies;
mod soak;
mod soak_signed;
mod soak_year;
mod strangers;
mod theft;
mod transfers;
mod unit;
mod upkeep;
