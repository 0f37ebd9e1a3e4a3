//! Who may seal a block, how many must, and how both change from block to block.
//!
//! Nothing here reads the validators that a header lists: outside genesis no node compares that list with anything, so one
//! dishonest proposer could put itself alone there. The council follows from votes only. Source: chain.md 1.7, 2.2.

mod announcements;
mod checkpoint;
pub mod committee;
pub mod council;
pub mod equivocation;
mod error;
mod float;
pub mod go_rand;
#[cfg(test)]
mod governance_cases;
#[cfg(test)]
mod governance_tests;
pub mod header_governance;
pub mod light_client;
mod node_json;
mod parameter_names;
pub mod parameters;
pub mod quorum;
pub mod seals;
pub mod shuffle;
#[cfg(test)]
pub(crate) mod testing;
mod tracking;
pub mod verified;
pub mod votes;
pub mod warned;

pub use council::Council;
pub use equivocation::Equivocation;
pub use error::ConsensusError;
pub use header_governance::HeaderGovernance;
pub use light_client::{Checkpoint, FollowMode, LightClient};
pub use seals::SealReport;
pub use verified::{JumpedHeader, VerifiedHeader};
pub use warned::{VotesBy, WarnedOf, WarnedVote};
