//! The recorded vectors, and one test for each way in which a header can be wrong (rows of chain.md 7).

use super::rules::*;
use super::*;
use crate::consensus::parameters::Parameters;
use crate::primitives::decode_hex;
use crate::profile::{BlobSchedule, ChainProfile, Fork, ForkSchedule, QuorumPolicy, VoteRules};
use crate::rlp::{Reader, RlpError, RlpStream};
use serde_json::Value;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

const FORMS: [&str; 5] = ["klaytn", "magma", "randao", "osaka", "vote"];

pub(super) fn vectors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/chain_vectors.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

pub(super) fn bytes(value: &Value) -> Vec<u8> {
    decode_hex(value.as_str().unwrap()).unwrap()
}

pub(super) fn header_bytes(form: &str) -> Vec<u8> {
    bytes(&vectors()["headers"][form]["rlp"])
}

pub(super) fn header(form: &str) -> UntrustedHeader {
    UntrustedHeader::decode(&header_bytes(form)).unwrap()
}

fn forks_from_genesis_up_to(last: Fork) -> ForkSchedule {
    let at = |fork| (fork <= last).then_some(0);
    ForkSchedule {
        istanbul: at(Fork::Istanbul),
        london: at(Fork::London),
        eth_tx_type: at(Fork::EthTxType),
        magma: at(Fork::Magma),
        kore: at(Fork::Kore),
        shanghai: at(Fork::Shanghai),
        cancun: at(Fork::Cancun),
        randao: at(Fork::Randao),
        kaia: at(Fork::Kaia),
        prague: at(Fork::Prague),
        osaka: at(Fork::Osaka),
    }
}

pub(super) fn profile(last: Fork) -> ChainProfile {
    ChainProfile {
        name: "test".to_string(),
        chain_id: 1,
        genesis_hash: Hash::ZERO,
        forks: forks_from_genesis_up_to(last),
        blobs: BlobSchedule::default(),
        parameters: Parameters::default(),
        quorum: QuorumPolicy::default(),
        vote_rules: VoteRules::default(),
        qualified: None,
        clock_skew: 0,
    }
}

/// A parent and a child that follows it, both with all fields, changed by `change` and checked.
fn check_changed(last: Fork, change: impl FnOnce(&mut HeaderFields, &mut HeaderFields)) -> Result<(), HeaderError> {
    let mut parent = header("osaka").into_fields();
    parent.time = 1000;
    parent.base_fee = Some(U256::from(25_000_000_000u64));
    parent.gas_used = 0;
    (parent.blob_gas_used, parent.excess_blob_gas) = (Some(0), Some(0));
    let mut child = parent.clone();
    child.number = parent.number + 1;
    child.time = 1001;
    child.mix_hash = Some(mix(parent.mix_hash.unwrap(), &child));
    for fields in [&mut parent, &mut child] {
        if last < Fork::Osaka {
            (fields.blob_gas_used, fields.excess_blob_gas) = (None, None);
        }
        if last < Fork::Randao {
            (fields.random_reveal, fields.mix_hash) = (None, None);
        }
        if last < Fork::Magma {
            fields.base_fee = None;
        }
    }
    child.parent_hash = parent.hash();
    change(&mut parent, &mut child);
    let profile = profile(last);
    let (child, parent) = (UntrustedHeader::new(child), UntrustedHeader::new(parent));
    check_child(&child, &parent, &profile, &profile.parameters)
}

pub(super) fn mix(previous: Hash, child: &HeaderFields) -> Hash {
    let reveal = keccak256(child.random_reveal.as_ref().unwrap().as_slice());
    Hash::from_u256(previous.to_u256() ^ reveal.to_u256())
}

pub(super) fn refused(last: Fork, change: impl FnOnce(&mut HeaderFields)) -> HeaderError {
    check_changed(last, |_, child| change(child)).unwrap_err()
}

#[test]
fn hashes_and_digests_of_the_recorded_headers_are_the_nodes() {
    let vectors = vectors();
    for form in FORMS {
        let expected = &vectors["headers"][form];
        let rlp = bytes(&expected["rlp"]);
        let header = UntrustedHeader::decode(&rlp).unwrap();
        let text = |hash: Hash| Value::from(hash.to_string());
        assert_eq!(header.encode(), rlp, "{form}");
        assert_eq!(text(header.hash()), expected["hash"], "{form}");
        assert_eq!(text(header.fields().sig_hash()), expected["sigHash"], "{form}");
        assert_eq!(text(header.fields().proposer_digest()), expected["proposerDigest"], "{form}");
        assert_eq!(text(committed_digest(&header.hash())), expected["committedSealDigest"], "{form}");
        assert_eq!(text(keccak256(&rlp)), expected["plainKeccakOfRlp"], "{form}");
        assert_ne!(expected["plainKeccakOfRlp"], expected["hash"], "{form}");
        assert_eq!(u64::from(header.fields().round()), expected["round"].as_u64().unwrap(), "{form}");
    }
}

#[test]
fn genesis_headers_of_the_public_networks_have_their_known_hashes() {
    let vectors = vectors();
    for network in ["mainnet", "kairos"] {
        let expected = &vectors["genesisHeaders"][network];
        let rlp = bytes(&expected["rlp"]);
        let header = UntrustedHeader::decode(&rlp).unwrap();
        assert_eq!(header.encode(), rlp);
        assert_eq!(Value::from(header.hash().to_string()), expected["hash"]);
        assert_eq!(header.fields().extra.validators.len(), expected["validators"].as_array().unwrap().len());
    }
}

#[test]
fn the_hash_covers_neither_round_nor_committed_seals_but_the_proposers_seal() {
    let original = header("osaka");
    assert_eq!(original.without_seals().hash(), original.hash());
    assert_eq!(original.without_seals().fields().hash(), original.hash());
    assert!(original.without_seals().fields().extra.committed_seals.is_empty());
    let mut fields = original.clone().into_fields();
    fields.extra.vanity[31] ^= 1;
    fields.extra.committed_seals.swap(0, 1);
    assert_eq!(fields.hash(), original.hash());
    fields.extra.seal[0] ^= 1;
    assert_ne!(fields.hash(), original.hash());
    assert_eq!(fields.sig_hash(), original.fields().sig_hash());
}

#[test]
fn base_fee_follows_the_recorded_cases() {
    for case in vectors()["kip71"].as_array().unwrap() {
        let mut parent = header("magma").into_fields();
        parent.number = case["parentNumber"].as_u64().unwrap();
        parent.gas_used = case["parentGasUsed"].as_u64().unwrap();
        parent.base_fee = case["parentBaseFee"].as_u64().map(U256::from);
        let next = U256::from(case["next"].as_u64().unwrap());
        assert_eq!(base_fee(&parent, &Parameters::default()), Ok(next), "{case}");
    }
}

#[test]
fn base_fee_is_even_and_total_whatever_the_parameters() {
    let values = [0, 1, 2, 3, 1_000_001, u64::MAX - 1, u64::MAX];
    let mut parent = header("magma").into_fields();
    let mut params = Parameters::default();
    for (fee, gas) in values.iter().flat_map(|a| values.iter().map(move |b| (*a, *b))) {
        (parent.base_fee, parent.gas_used) = (Some(if fee == 2 { U256::MAX } else { U256::from(fee) }), gas);
        for (lower, upper) in values.iter().flat_map(|a| values.iter().map(move |b| (*a, *b))) {
            (params.lower_bound_base_fee, params.upper_bound_base_fee) = (lower, upper);
            for (target, max, denominator) in
                [(0, 0, 0), (0, 1, 0), (1, u64::MAX, 0), (u64::MAX, 1, 1), (3, 5, u64::MAX)]
            {
                params.gas_target = target;
                params.max_block_gas_used_for_base_fee = max;
                params.base_fee_denominator = denominator;
                match base_fee(&parent, &params) {
                    Ok(next) => assert!(!next.bit(0)),
                    Err(error) => {
                        assert_eq!(error.code(), "header.base_fee_undefined");
                        assert_eq!((target, gas.min(max) > 0), (0, true));
                    }
                }
            }
        }
    }
}

#[test]
fn a_gas_target_of_zero_leaves_a_fee_at_its_upper_bound_there() {
    let params = Parameters { gas_target: 0, ..Parameters::default() };
    let upper = U256::from(params.upper_bound_base_fee);
    let mut parent = header("magma").into_fields();
    (parent.base_fee, parent.gas_used) = (Some(upper), 1);
    assert_eq!(base_fee(&parent, &params), Ok(upper));
    parent.base_fee = Some(upper + U256::ONE);
    assert_eq!(base_fee(&parent, &params), Ok(upper));
    parent.base_fee = Some(upper - U256::ONE);
    assert_eq!(base_fee(&parent, &params), Err(HeaderError::BaseFeeUndefined));
    (parent.base_fee, parent.gas_used) = (Some(upper - U256::from(2u8)), 0);
    assert_eq!(base_fee(&parent, &params), Ok(upper - U256::from(2u8)));
}

#[test]
fn a_denominator_of_zero_counts_as_64() {
    let mut parent = header("magma").into_fields();
    (parent.base_fee, parent.gas_used) = (Some(U256::from(64_000_000_000u64)), 60_000_000);
    let params = Parameters { base_fee_denominator: 0, ..Parameters::default() };
    assert_eq!(base_fee(&parent, &params), Ok(U256::from(65_000_000_000u64)));
}

#[test]
fn accepts_a_child_that_follows_its_parent_under_every_form() {
    for last in [Fork::EthTxType, Fork::Magma, Fork::Randao, Fork::Osaka] {
        assert_eq!(check_changed(last, |_, _| ()), Ok(()), "{last:?}");
    }
}

pub(super) fn items(rlp: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = Reader::list(rlp).unwrap();
    let mut items = Vec::new();
    while !reader.is_empty() {
        items.push(reader.raw().unwrap().to_vec());
    }
    items
}

pub(super) fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = RlpStream::new_list(items.len());
    for item in items {
        stream.append_raw(item, 1);
    }
    stream.out().to_vec()
}

pub(super) fn decode_error(bytes: &[u8]) -> HeaderError {
    UntrustedHeader::decode(bytes).unwrap_err()
}

#[test]
fn row_1_rejects_what_is_no_list_and_trailing_bytes() {
    assert_eq!(decode_error(&[0x80]), RlpError::Kind.into());
    assert_eq!(decode_error(&[]), RlpError::Malformed.into());
    let mut longer = header_bytes("osaka");
    longer.push(0x80);
    assert_eq!(decode_error(&longer), RlpError::TooMany.into());
}

#[test]
fn row_1_rejects_element_counts_that_no_fork_defines() {
    let all = items(&header_bytes("osaka"));
    for count in [0, 1, 13, 16, 18] {
        assert_eq!(decode_error(&list(&all[..count])), HeaderError::FieldCount { got: count });
    }
    let mut twenty = all;
    twenty.extend([vec![0x80], vec![0x80]]);
    assert_eq!(decode_error(&list(&twenty)), HeaderError::FieldCount { got: 21 });
}

#[test]
fn row_1_rejects_non_canonical_and_too_large_integers() {
    let original = items(&header_bytes("osaka"));
    for (field, max) in [(6, 32), (7, 8), (8, 8), (9, 8), (10, 1), (14, 32), (17, 8), (18, 8)] {
        let with = |item: Vec<u8>| {
            let mut changed = original.clone();
            changed[field] = item;
            decode_error(&list(&changed))
        };
        assert_eq!(with(vec![0x00]), RlpError::Integer.into(), "field {field}");
        assert_eq!(with(vec![0x82, 0x00, 0x01]), RlpError::Integer.into(), "field {field}");
        assert_eq!(with(vec![0x81, 0x01]), RlpError::Malformed.into(), "field {field}");
        let too_large = ::rlp::encode(&vec![1u8; max + 1]).to_vec();
        assert_eq!(with(too_large), RlpError::Integer.into(), "field {field}");
        assert_eq!(with(vec![0xc0]), RlpError::Kind.into(), "field {field}");
    }
}

fn extra_error(change: impl FnOnce(&mut Vec<u8>)) -> HeaderError {
    let mut all = items(&header_bytes("osaka"));
    let mut extra = Reader::items(&all[11]).bytes().unwrap().to_vec();
    change(&mut extra);
    all[11] = ::rlp::encode(&extra).to_vec();
    decode_error(&list(&all))
}

#[test]
fn row_2_rejects_an_extra_field_shorter_than_its_vanity() {
    assert_eq!(extra_error(|extra| extra.truncate(31)), HeaderError::ExtraTooShort { got: 31 });
    assert_eq!(extra_error(|extra| extra.truncate(32)), RlpError::Malformed.into());
}

#[test]
fn row_3_rejects_an_extra_field_of_another_shape() {
    let with = |parts: fn(Vec<Vec<u8>>) -> Vec<Vec<u8>>| {
        extra_error(|extra| {
            let changed = list(&parts(items(&extra[32..])));
            extra.truncate(32);
            extra.extend(changed);
        })
    };
    assert_eq!(extra_error(|extra| extra.push(0x80)), RlpError::TooMany.into());
    assert_eq!(with(|parts| parts[..2].to_vec()), RlpError::TooFew.into());
    assert_eq!(with(|parts| [parts, vec![vec![0x80]]].concat()), RlpError::TooMany.into());
    let short = |length: usize| list(&[::rlp::encode(&vec![7u8; length]).to_vec()]);
    assert_eq!(short(19).len(), 21);
    let short_validator =
        with(|parts| vec![list(&[::rlp::encode(&vec![7u8; 19]).to_vec()]), parts[1].clone(), parts[2].clone()]);
    assert_eq!(short_validator, RlpError::Length { expected: 20, got: 19 }.into());
    let short_seal =
        with(|parts| vec![parts[0].clone(), parts[1].clone(), list(&[::rlp::encode(&vec![7u8; 64]).to_vec()])]);
    assert_eq!(short_seal, RlpError::Length { expected: 65, got: 64 }.into());
}

#[test]
fn row_4_rejects_a_parent_hash_that_is_not_the_parents() {
    let error = refused(Fork::Osaka, |child| child.parent_hash.0[0] ^= 1);
    assert!(matches!(&error, HeaderError::ParentHash { expected, got } if expected != got));
    assert_eq!(error.code(), "header.parent_hash");
}

#[test]
fn row_4_rejects_the_plain_keccak_of_the_parent_as_parent_hash() {
    let error = check_changed(Fork::Osaka, |parent, child| child.parent_hash = keccak256(&parent.encode()));
    assert_eq!(error.unwrap_err().code(), "header.parent_hash");
}

#[test]
fn row_5_rejects_a_number_that_does_not_follow() {
    for step in [-1i64, 1] {
        let error = refused(Fork::Osaka, |child| child.number = child.number.checked_add_signed(step).unwrap());
        assert_eq!(error.code(), "header.number");
    }
    let (mut parent, mut child) = (header("osaka").into_fields(), header("osaka").into_fields());
    (parent.number, child.number) = (u64::MAX, 0);
    assert_eq!(number_follows_parent(&child, &parent), Err(HeaderError::Number { parent: u64::MAX, got: 0 }));
}

#[test]
fn row_6_rejects_a_time_less_than_a_second_after_the_parent() {
    let error = refused(Fork::Osaka, |child| child.time = 1000);
    assert_eq!(error, HeaderError::TimeNotAfterParent { parent: 1000, got: 1000 });
}

#[test]
fn row_8_rejects_a_block_score_other_than_1() {
    for score in [0u8, 2] {
        let error = refused(Fork::Osaka, |child| child.block_score = U256::from(score));
        assert_eq!(error, HeaderError::BlockScore { got: U256::from(score).into() });
    }
}

#[test]
fn rows_9_and_10_reject_a_base_fee_missing_after_magma_or_present_before() {
    let (field, fork) = ("baseFeePerGas", Fork::Magma);
    assert_eq!(refused(fork, |child| child.base_fee = None), HeaderError::FieldMissing { field, fork });
    let early = refused(Fork::EthTxType, |child| child.base_fee = Some(U256::ZERO));
    assert_eq!(early, HeaderError::FieldTooEarly { field, fork });
    // With a later field present, an absent base fee would be encoded like zero.
    assert_eq!(refused(Fork::Osaka, |child| child.base_fee = None), HeaderError::FieldMissing { field, fork });
}

#[test]
fn row_11_rejects_a_base_fee_that_the_parent_does_not_demand() {
    let expected = U256::from(25_000_000_000u64);
    for got in [24_999_999_999u64, 25_000_000_001, 25_000_000_002].map(U256::from) {
        assert_eq!(
            refused(Fork::Magma, |child| child.base_fee = Some(got)),
            HeaderError::BaseFee { expected: expected.into(), got: got.into() }
        );
    }
}

#[test]
fn row_12_rejects_randao_fields_before_randao_and_their_absence_after() {
    let fork = Fork::Randao;
    let early = refused(Fork::Magma, |child| child.random_reveal = Some(Box::new([0; 96])));
    assert_eq!(early, HeaderError::FieldTooEarly { field: "randomReveal", fork });
    let early = refused(Fork::Magma, |child| child.mix_hash = Some(Hash::ZERO));
    assert_eq!(early, HeaderError::FieldTooEarly { field: "mixHash", fork });
    let missing = refused(fork, |child| child.random_reveal = None);
    assert_eq!(missing, HeaderError::FieldMissing { field: "randomReveal", fork });
    let missing = refused(fork, |child| child.mix_hash = None);
    assert_eq!(missing, HeaderError::FieldMissing { field: "mixHash", fork });
}

#[test]
fn row_13_rejects_a_mix_hash_that_does_not_follow() {
    let error = refused(Fork::Randao, |child| child.mix_hash = Some(Hash::ZERO));
    assert_eq!(error.code(), "header.mix_hash");
    let error = refused(Fork::Randao, |child| child.random_reveal.as_mut().unwrap()[0] ^= 1);
    assert_eq!(error.code(), "header.mix_hash");
    let error = check_changed(Fork::Randao, |parent, child| {
        parent.mix_hash = None;
        parent.random_reveal = None;
        child.parent_hash = parent.hash();
    });
    assert_eq!(error, Err(HeaderError::ParentMixHashMissing));
}

#[test]
fn row_13_the_mix_starts_from_zero_at_the_fork_block() {
    let parent = header("randao").into_fields();
    let mut child = parent.clone();
    child.number = parent.number + 1;
    let mut profile = profile(Fork::Randao);
    profile.forks.randao = Some(child.number);
    child.mix_hash = Some(mix(Hash::ZERO, &child));
    assert_eq!(mix_hash_follows_parent(&child, &parent, &profile), Ok(()));
    child.mix_hash = Some(mix(Hash([1; 32]), &child));
    assert_eq!(mix_hash_follows_parent(&child, &parent, &profile).unwrap_err().code(), "header.mix_hash");
}

#[test]
fn row_14_a_forged_reveal_with_its_own_mix_is_left_to_the_bls_check() {
    let result = check_changed(Fork::Randao, |parent, child| {
        child.random_reveal.as_mut().unwrap()[0] ^= 1;
        child.mix_hash = Some(mix(parent.mix_hash.unwrap(), child));
    });
    assert_eq!(result, Ok(()));
}

#[test]
fn row_15_rejects_randao_fields_of_another_length() {
    let original = items(&header_bytes("osaka"));
    for (field, expected) in [(15, 96), (16, 32)] {
        for got in [1, expected - 1, expected + 1] {
            let mut changed = original.clone();
            changed[field] = ::rlp::encode(&vec![7u8; got]).to_vec();
            assert_eq!(decode_error(&list(&changed)), RlpError::Length { expected, got }.into());
        }
    }
}

#[test]
fn row_16_rejects_blob_fields_missing_after_osaka_or_present_before() {
    let fork = Fork::Osaka;
    let missing = refused(fork, |child| child.blob_gas_used = None);
    assert_eq!(missing, HeaderError::FieldMissing { field: "blobGasUsed", fork });
    let missing = refused(fork, |child| child.excess_blob_gas = None);
    assert_eq!(missing, HeaderError::FieldMissing { field: "excessBlobGas", fork });
    let early = refused(Fork::Prague, |child| child.blob_gas_used = Some(0));
    assert_eq!(early, HeaderError::FieldTooEarly { field: "blobGasUsed", fork });
    let early = refused(Fork::Prague, |child| child.excess_blob_gas = Some(0));
    assert_eq!(early, HeaderError::FieldTooEarly { field: "excessBlobGas", fork });
}

#[test]
fn row_17_rejects_blob_gas_that_is_no_allowed_number_of_blobs() {
    for got in [1, 262_144, u64::MAX] {
        let error = refused(Fork::Osaka, |child| child.blob_gas_used = Some(got));
        assert_eq!(error, HeaderError::BlobGasUsed { max: 1, got });
    }
    assert_eq!(check_changed(Fork::Osaka, |_, child| child.blob_gas_used = Some(131_072)), Ok(()));
}

#[test]
fn row_18_rejects_excess_blob_gas_that_does_not_follow() {
    let error = refused(Fork::Osaka, |child| child.excess_blob_gas = Some(1));
    assert_eq!(error, HeaderError::ExcessBlobGas { expected: 0.into(), got: 1 });
    let carried = |excess: u64| {
        check_changed(Fork::Osaka, |parent, child| {
            (parent.blob_gas_used, parent.excess_blob_gas) = (Some(131_072), Some(excess));
            child.parent_hash = parent.hash();
        })
    };
    assert_eq!(carried(5), Err(HeaderError::ExcessBlobGas { expected: 5.into(), got: 0 }));
    assert_eq!(carried(u64::MAX), Err(HeaderError::ExcessBlobGas { expected: u128::from(u64::MAX).into(), got: 0 }));
    assert_eq!(carried(0), Ok(()));
}

/// Each byte of each form changed in several ways: what is still read has another hash, or differs only in the round
/// byte and the committed seals, which no hash covers. Either way it encodes to itself.
#[test]
fn a_changed_byte_is_refused_or_changes_the_hash_or_lies_outside_it() {
    for form in FORMS {
        let original = header(form);
        let rlp = original.encode();
        let mut unhashed = 0;
        for (at, flip) in (0..rlp.len()).flat_map(|at| [0x01, 0x02, 0x40, 0x80, 0xff].map(|flip| (at, flip))) {
            let mut changed = rlp.clone();
            changed[at] ^= flip;
            let Ok(read) = UntrustedHeader::decode(&changed) else { continue };
            assert_eq!(read.encode(), changed, "{form}, byte {at}");
            if read.hash() == original.hash() {
                assert_eq!(read.without_seals(), original.without_seals(), "{form}, byte {at}");
                unhashed += 1;
            }
        }
        let round_and_three_seals = 1 + 3 * 65;
        assert_eq!(unhashed, 5 * round_and_three_seals, "{form}");
    }
}

#[test]
fn no_prefix_of_a_header_is_a_header() {
    let rlp = header_bytes("osaka");
    assert!((0..rlp.len()).all(|length| UntrustedHeader::decode(&rlp[..length]).is_err()));
}

/// Nodes of Klaytn 1.12 and before write `blockscore`, and leave the vote out where there is none.
#[test]
fn a_header_in_the_words_of_an_old_node_is_the_same_header() {
    let old: Value = serde_json::from_str(include_str!("../../tests/fixtures/rpc/header-before-1.12.json")).unwrap();
    let mut new = old.clone();
    let score = new.as_object_mut().unwrap().remove("blockscore").unwrap();
    new["blockScore"] = score;
    new["voteData"] = Value::from("0x");
    let profile = profile(Fork::Istanbul);
    let read = |json: &Value| super::from_rpc_json(json, &profile);
    assert_eq!(read(&old), read(&new));
    assert_eq!(read(&old).unwrap().number(), 5);
    let mut neither = old.clone();
    neither.as_object_mut().unwrap().remove("blockscore");
    assert_eq!(read(&neither), Err(HeaderError::JsonField { field: "blockScore" }));
    let mut voting = new.clone();
    voting["voteData"] = Value::from("0xc0");
    assert_ne!(read(&voting).unwrap().hash(), read(&old).unwrap().hash());
    voting["voteData"] = Value::from(1);
    assert_eq!(read(&voting), Err(HeaderError::JsonField { field: "voteData" }));
}
