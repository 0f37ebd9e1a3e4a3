//! Headers of chains that leave out a fork between others.

use super::rules::{self, check_child};
use super::tests::{decode_error, header, header_bytes, items, list, mix, profile, refused};
use super::*;
use crate::profile::{Fork, ForkSchedule};
use crate::rlp::RlpError;
use std::vec;

/// A header of a chain that leaves out forks: the bytes decode, encode to themselves, and follow a
/// parent of the chain.
fn follows_with_forks_left_out(leave_out: impl Fn(&mut ForkSchedule), clear: impl Fn(&mut HeaderFields)) {
    let mut profile = profile(Fork::Osaka);
    leave_out(&mut profile.forks);
    let mut parent = header("osaka").into_fields();
    (parent.time, parent.blob_gas_used, parent.excess_blob_gas) = (1000, Some(0), Some(0));
    (parent.base_fee, parent.gas_used) = (Some(U256::from(25_000_000_000u64)), 0);
    let mut child = parent.clone();
    (child.number, child.time) = (parent.number + 1, 1001);
    child.mix_hash = Some(mix(parent.mix_hash.unwrap(), &child));
    clear(&mut parent);
    clear(&mut child);
    child.parent_hash = parent.hash();
    let read = |fields: HeaderFields| {
        let bytes = fields.encode();
        let header = UntrustedHeader::decode(&bytes).unwrap();
        assert_eq!((header.encode(), header.hash()), (bytes, fields.hash()));
        header
    };
    let (parent, child) = (read(parent), read(child));
    assert_eq!(check_child(&child, &parent, &profile, &profile.parameters), Ok(()));
}

#[test]
fn a_chain_without_randao_or_magma_has_holes_before_the_later_fields() {
    follows_with_forks_left_out(|f| f.randao = None, |h| (h.random_reveal, h.mix_hash) = (None, None));
    follows_with_forks_left_out(|f| f.magma = None, |h| h.base_fee = None);
    follows_with_forks_left_out(
        |f| (f.magma, f.randao) = (None, None),
        |h| (h.base_fee, h.random_reveal, h.mix_hash) = (None, None, None),
    );
}

#[test]
fn a_hole_is_refused_at_the_end_and_where_the_fork_is_active() {
    let randao = items(&header_bytes("randao"));
    for field in [15, 16] {
        let mut cleared = randao.clone();
        cleared[field] = vec![0x80];
        assert!(matches!(decode_error(&list(&cleared)), HeaderError::Rlp(RlpError::Length { got: 0, .. })));
    }
    let (reveal, mix) = ("randomReveal", "mixHash");
    let missing = |field| HeaderError::FieldMissing { field, fork: Fork::Randao };
    assert_eq!(refused(Fork::Osaka, |child| child.random_reveal = None), missing(reveal));
    assert_eq!(refused(Fork::Osaka, |child| child.mix_hash = None), missing(mix));
    // Before Magma a fee is refused although later fields follow, unless it is the zero that stands
    // for no fee.
    let without_magma = |fee| {
        let mut profile = profile(Fork::Osaka);
        profile.forks.magma = None;
        let mut fields = header("osaka").into_fields();
        fields.base_fee = fee;
        rules::field_count_matches_forks(&fields, &profile)
    };
    let early = HeaderError::FieldTooEarly { field: "baseFeePerGas", fork: Fork::Magma };
    assert_eq!(without_magma(Some(U256::ONE)), Err(early));
    assert_eq!((without_magma(Some(U256::ZERO)), without_magma(None)), (Ok(()), Ok(())));
}
