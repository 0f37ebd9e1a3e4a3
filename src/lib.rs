//! Spanlight's core: a light client for Klaytn/Kaia chains (Istanbul BFT) and a verifier of k-of-n multi-bridge transfers.
//!
//! The core is a pure function of bytes, trust and time: no network, no clock, no randomness, no logging. Callers bring
//! the bytes. What anybody supplied has an untrusted type (`header::UntrustedHeader`); only a check turns it into a
//! verified one, whose fields are private and cannot be built elsewhere.
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]

extern crate alloc;
#[cfg(any(test, feature = "trace-reads"))]
extern crate std;

pub mod bridge;
pub mod bundle;
pub mod clock;
pub mod commitment;
pub mod consensus;
pub mod crypto;
pub mod error;
pub mod facts;
pub mod header;
pub mod json;
pub mod ordered;
pub mod primitives;
pub mod profile;
pub mod receipt;
pub mod report;
pub mod rlp;
pub mod state;
pub mod transaction;
pub mod tree;
pub mod trie;
pub mod trust;
mod trust_tree;
pub mod uncovered;
pub mod verdict;
pub mod verify;

pub use bundle::ProofBundle;
pub use error::Error;
pub use primitives::{keccak256, Address, Hash, U256};
pub use trust::Trust;
pub use verdict::Verdict;
pub use verify::verify;

/// The README's lines of code are compiled as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
