//! Why a devnet does not start or make a block.

use crate::state::StateFault;
use spanlight::consensus::ConsensusError;
use spanlight::header::genesis::GenesisError;
use spanlight::header::HeaderError;

/// Why a devnet does not start or make a block.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DevnetError {
    /// The configuration makes no chain.
    #[error("configuration: {0}")]
    Config(String),
    /// The genesis file that follows from the configuration is refused.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// A block that was made breaks a rule of the chain: a mistake here, never a fault asked for.
    #[error("a block that was made is no block of the chain: {0}")]
    Consensus(#[from] ConsensusError),
    /// No header follows from the parent.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The state is not there.
    #[error(transparent)]
    State(#[from] StateFault),
    /// Fewer validators than a quorum are at work.
    #[error("no quorum: {have} of the {need} seals needed")]
    NoQuorum {
        /// Committee members at work.
        have: usize,
        /// Seals needed.
        need: usize,
    },
    /// The data folder cannot be used.
    #[error("{path}: {reason}")]
    Disk {
        /// Its path.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// No socket.
    #[error("cannot listen at {address}: {reason}")]
    Listen {
        /// Where.
        address: String,
        /// Why not.
        reason: String,
    },
    /// A transaction that setting up needs was refused or failed.
    #[error("{what}: {reason}")]
    SetUp {
        /// What was being done.
        what: &'static str,
        /// What happened.
        reason: String,
    },
    /// The chain's thread has ended.
    #[error("the chain has stopped")]
    Stopped,
}
