//! Two sealed blocks at one height: proof that validators signed both.
//!
//! Both must fit after the same *verified* parent and carry a quorum of the council that holds there. Without the parent,
//! two chains that share keys would frame honest validators. Seals carry no round, so the claim is "signed both", no more.
//! Source: claims.md 3.

use super::light_client::LightClient;
use super::seals::{check as check_seals, SealContext};
use super::warned::WarnedVote;
use super::ConsensusError;
use crate::header::{check_child, UntrustedHeader};
use crate::primitives::{Address, Hash};
use alloc::vec::Vec;
use serde::Serialize;

/// Two blocks of one height, each sealed by a quorum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Equivocation {
    /// The height.
    pub number: u64,
    /// Both block hashes.
    pub hashes: [Hash; 2],
    /// Who signed both.
    pub both: Vec<Address>,
    /// Who signed only the first.
    pub first_only: Vec<Address>,
    /// Who signed only the second.
    pub second_only: Vec<Address>,
    /// Votes before it that no governing node cast: by one of them the council may have come to be
    /// what it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warned_votes: Vec<WarnedVote>,
}

/// Checks that `a` and `b` are different blocks after the head of `client`, each sealed by a quorum of its council.
///
/// # Errors
/// Where they are one block (the round byte and the seals do not make another), or either would not be accepted.
pub fn check(client: &LightClient, a: &UntrustedHeader, b: &UntrustedHeader) -> Result<Equivocation, ConsensusError> {
    blocks_differ(a, b)?;
    let first = signers_of(client, a)?;
    let second = signers_of(client, b)?;
    let within = |these: &[Address], those: &[Address], wanted: bool| -> Vec<Address> {
        these.iter().filter(|signer| those.contains(signer) == wanted).copied().collect()
    };
    Ok(Equivocation {
        number: a.number(),
        hashes: [a.hash(), b.hash()],
        both: within(&first, &second, true),
        first_only: within(&first, &second, false),
        second_only: within(&second, &first, false),
        warned_votes: client.warned_votes().to_vec(),
    })
}

fn blocks_differ(a: &UntrustedHeader, b: &UntrustedHeader) -> Result<(), ConsensusError> {
    if a.hash() == b.hash() {
        Err(ConsensusError::SameBlock(a.hash().into()))
    } else {
        Ok(())
    }
}

fn signers_of(client: &LightClient, header: &UntrustedHeader) -> Result<Vec<Address>, ConsensusError> {
    client.rules_are_known()?;
    let parent = client.head().header();
    check_child(header, parent, client.profile(), client.parameters())?;
    let context = SealContext {
        profile: client.profile(),
        council: client.council(),
        parameters: client.parameters(),
        parent: Some(parent),
    };
    check_seals(header, &context).map(|report| report.signers)
}
