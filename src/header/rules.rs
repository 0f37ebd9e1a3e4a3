//! The rules between a header and its parent that headers and tracked parameters alone can decide.
//!
//! Each rule is one function and one refusal; [`check_child`] calls them in the order of the specification.
//! Source: chain.md 1.4.

use super::{base_fee, HeaderError, HeaderFields, UntrustedHeader};
use crate::consensus::parameters::Parameters;
use crate::primitives::{keccak256, Hash, U256};
use crate::profile::{ChainProfile, Fork};

/// Gas of one blob (chain.md 1.6).
const GAS_PER_BLOB: u64 = 131_072;

/// Checks `child` against `parent`, with the parameters that hold at the child.
///
/// In this order:
/// 1. [`field_count_matches_forks`] (H3, and the presence half of H2, H11, H12)
/// 2. [`base_fee_matches_parent`] (H2)
/// 3. [`block_score_is_one`] (H6)
/// 4. [`extends_parent_hash`] and [`number_follows_parent`] (H8)
/// 5. [`time_follows_parent`] (H9)
/// 6. [`mix_hash_follows_parent`] (H11, the equation)
/// 7. [`blob_gas_used_is_allowed`] and [`excess_blob_gas_matches_parent`] (H12)
///
/// H1 and H5 hold already: a header without number or with a malformed extra field does not decode.
/// **Not** checked here: the clock (H4, which comes last: [`crate::clock`]), the proposer's seal
/// (H10), the BLS signature in the reveal (the other half of H11), the committed seals (H13), the
/// vote (H14), the governance field (H15), and everything that needs the block's body. Success
/// therefore says only that the child *would* fit after the parent, not that anybody agreed to it.
///
/// # Errors
/// The first rule that is broken.
pub fn check_child(
    child: &UntrustedHeader,
    parent: &UntrustedHeader,
    profile: &ChainProfile,
    params_at_child: &Parameters,
) -> Result<(), HeaderError> {
    field_count_matches_forks(child.fields(), profile)?;
    base_fee_matches_parent(child.fields(), parent.fields(), profile, params_at_child)?;
    block_score_is_one(child.fields())?;
    extends_parent_hash(child, parent)?;
    number_follows_parent(child.fields(), parent.fields())?;
    time_follows_parent(child.fields(), parent.fields())?;
    mix_hash_follows_parent(child.fields(), parent.fields(), profile)?;
    blob_gas_used_is_allowed(child.fields(), profile)?;
    excess_blob_gas_matches_parent(child.fields(), parent.fields(), profile)
}

/// Each optional field is present exactly if its fork is active at the header's height (H3). Their lengths are fixed by
/// their types.
///
/// Without this rule one block could be written with and without a field, as two headers. A chain
/// may leave out a fork before a later one; the field of the fork that is left out is then the
/// empty string. In bytes that string and a base fee of zero are the same, and both give one hash,
/// so before later fields a zero stands for an absent fee.
///
/// # Errors
/// [`HeaderError::FieldMissing`] or [`HeaderError::FieldTooEarly`].
pub fn field_count_matches_forks(header: &HeaderFields, profile: &ChainProfile) -> Result<(), HeaderError> {
    let later_than_fee = header.random_reveal.is_some() || header.blob_gas_used.is_some();
    let magma = profile.forks.is_active(Fork::Magma, header.number);
    let hole = !magma && later_than_fee && header.base_fee == Some(U256::ZERO);
    let fields = [
        (Fork::Magma, "baseFeePerGas", header.base_fee.is_some() && !hole),
        (Fork::Randao, "randomReveal", header.random_reveal.is_some()),
        (Fork::Randao, "mixHash", header.mix_hash.is_some()),
        (Fork::Osaka, "blobGasUsed", header.blob_gas_used.is_some()),
        (Fork::Osaka, "excessBlobGas", header.excess_blob_gas.is_some()),
    ];
    for (fork, field, present) in fields {
        match (profile.forks.is_active(fork, header.number), present) {
            (true, false) => return Err(HeaderError::FieldMissing { field, fork }),
            (false, true) => return Err(HeaderError::FieldTooEarly { field, fork }),
            _ => {}
        }
    }
    Ok(())
}

/// From Magma the base fee is what KIP-71 derives from the parent (H2).
///
/// # Errors
/// [`HeaderError::BaseFee`], or [`HeaderError::BaseFeeUndefined`] where the parameters define none.
pub fn base_fee_matches_parent(
    child: &HeaderFields,
    parent: &HeaderFields,
    profile: &ChainProfile,
    params_at_child: &Parameters,
) -> Result<(), HeaderError> {
    if !profile.forks.is_active(Fork::Magma, child.number) {
        return Ok(());
    }
    let got = child.base_fee.ok_or(HeaderError::FieldMissing { field: "baseFeePerGas", fork: Fork::Magma })?;
    let expected = base_fee(parent, params_at_child)?;
    if got == expected {
        Ok(())
    } else {
        Err(HeaderError::BaseFee { expected: expected.into(), got: got.into() })
    }
}

/// The block score is 1 (H6).
///
/// # Errors
/// [`HeaderError::BlockScore`].
pub fn block_score_is_one(header: &HeaderFields) -> Result<(), HeaderError> {
    if header.block_score == U256::ONE {
        Ok(())
    } else {
        Err(HeaderError::BlockScore { got: header.block_score.into() })
    }
}

/// The child names the parent's block hash (H8).
///
/// # Errors
/// [`HeaderError::ParentHash`].
pub fn extends_parent_hash(child: &UntrustedHeader, parent: &UntrustedHeader) -> Result<(), HeaderError> {
    let (expected, got) = (parent.hash(), child.fields().parent_hash);
    if got == expected {
        Ok(())
    } else {
        Err(HeaderError::ParentHash { expected: expected.into(), got: got.into() })
    }
}

/// The child's number is the parent's plus one (H8).
///
/// # Errors
/// [`HeaderError::Number`].
pub fn number_follows_parent(child: &HeaderFields, parent: &HeaderFields) -> Result<(), HeaderError> {
    if parent.number.checked_add(1) == Some(child.number) {
        Ok(())
    } else {
        Err(HeaderError::Number { parent: parent.number, got: child.number })
    }
}

/// The child is at least one second younger than the parent (H9).
///
/// # Errors
/// [`HeaderError::TimeNotAfterParent`].
pub const fn time_follows_parent(child: &HeaderFields, parent: &HeaderFields) -> Result<(), HeaderError> {
    if child.time > parent.time {
        Ok(())
    } else {
        Err(HeaderError::TimeNotAfterParent { parent: parent.time, got: child.time })
    }
}

/// From Randao the mix is the parent's mix XOR the hash of the reveal; at the fork block the parent's counts as zero (H11).
///
/// That the reveal is the proposer's BLS signature of the number is not checked: the key is in the state.
///
/// # Errors
/// [`HeaderError::MixHash`], or [`HeaderError::ParentMixHashMissing`] where there is nothing to continue from.
pub fn mix_hash_follows_parent(
    child: &HeaderFields,
    parent: &HeaderFields,
    profile: &ChainProfile,
) -> Result<(), HeaderError> {
    if !profile.forks.is_active(Fork::Randao, child.number) {
        return Ok(());
    }
    let missing = |field| HeaderError::FieldMissing { field, fork: Fork::Randao };
    let reveal = child.random_reveal.as_ref().ok_or(missing("randomReveal"))?;
    let got = child.mix_hash.ok_or(missing("mixHash"))?;
    let previous = if profile.forks.block_of(Fork::Randao) == Some(child.number) {
        Hash::ZERO
    } else {
        parent.mix_hash.ok_or(HeaderError::ParentMixHashMissing)?
    };
    let expected = Hash::from_u256(previous.to_u256() ^ keccak256(reveal.as_slice()).to_u256());
    if got == expected {
        Ok(())
    } else {
        Err(HeaderError::MixHash { expected: expected.into(), got: got.into() })
    }
}

/// From Osaka the blob gas is that of a whole number of blobs, at most the schedule's (H12).
///
/// # Errors
/// [`HeaderError::BlobGasUsed`].
pub fn blob_gas_used_is_allowed(header: &HeaderFields, profile: &ChainProfile) -> Result<(), HeaderError> {
    if !profile.forks.is_active(Fork::Osaka, header.number) {
        return Ok(());
    }
    let got = header.blob_gas_used.ok_or(HeaderError::FieldMissing { field: "blobGasUsed", fork: Fork::Osaka })?;
    let max = profile.blobs.max;
    if got <= max.saturating_mul(GAS_PER_BLOB) && got.checked_rem(GAS_PER_BLOB) == Some(0) {
        Ok(())
    } else {
        Err(HeaderError::BlobGasUsed { max, got })
    }
}

/// From Osaka the excess is what the parent used and carried above the target (H12).
///
/// # Errors
/// [`HeaderError::ExcessBlobGas`].
pub fn excess_blob_gas_matches_parent(
    child: &HeaderFields,
    parent: &HeaderFields,
    profile: &ChainProfile,
) -> Result<(), HeaderError> {
    if !profile.forks.is_active(Fork::Osaka, child.number) {
        return Ok(());
    }
    let got = child.excess_blob_gas.ok_or(HeaderError::FieldMissing { field: "excessBlobGas", fork: Fork::Osaka })?;
    let sum = u128::from(parent.excess_blob_gas.unwrap_or(0)).saturating_add(parent.blob_gas_used.unwrap_or(0).into());
    let target = u128::from(profile.blobs.target).saturating_mul(GAS_PER_BLOB.into());
    let expected = sum.saturating_sub(target);
    if u128::from(got) == expected {
        Ok(())
    } else {
        Err(HeaderError::ExcessBlobGas { expected: expected.into(), got })
    }
}
