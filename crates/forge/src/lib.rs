//! For tests: two chains that seal their own blocks with test keys, a model of the bridge on each, and proof bundles of
//! what happened there, honest or with exactly one thing wrong.
//!
//! Nothing here decides what is true. A [`Stage`] makes things happen; [`Stage::prove`] gathers what a prover would; the
//! verdict is the core's.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "test code: what is forged here comes from the tests themselves, and a mistake should stop them"
)]

pub mod actions;
pub mod bridge;
pub mod chain;
pub mod evidence;
pub mod keys;
pub mod new_block;
pub mod recording;
pub mod scenario;
pub mod scenarios;
pub mod stage;
pub mod state;
pub mod version2;

pub use actions::*;
pub use bridge::{Bridge, Revert};
pub use chain::{Chain, Setup};
pub use evidence::{ChainPlan, Hints};
pub use new_block::{BlockVote, NewBlock};
pub use scenario::Scenario;
pub use stage::{Plan, Stage, StageSetup};
