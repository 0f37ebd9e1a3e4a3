use super::*;
use crate::bridge::abi::AbiWriter;
use crate::bridge::generation::{
    stripped_code_hash, VoteEvidence, CODE_HASH_B, CODE_HASH_C, CODE_HASH_V2, CODE_HASH_V2_FIRST,
};
use crate::bridge::layout;
use crate::bridge::uri::{token_uri, ENCODING_VERSION};
use crate::rlp::{RlpError, RlpStream};
use crate::transaction::{Transaction, TransactionKind};

/// The ABI encoding of one byte string.
fn string(content: &[u8]) -> Vec<u8> {
    AbiWriter::new(1).bytes(content).finish()
}

fn uri_of_answer(answer: &[u8]) -> Vec<u8> {
    token_uri(ENCODING_VERSION, &string(answer))
}

#[test]
fn the_uri_is_what_follows_64_bytes_of_the_tokens_answer() {
    let answer = string(b"https://x.y/42");
    let example = [
        "0x0000000000000000000000000000000000000000000000000000000000000020",
        "0000000000000000000000000000000000000000000000000000000000000060",
        "0000000000000000000000000000000000000000000000000000000000000020",
        "000000000000000000000000000000000000000000000000000000000000000e",
        "68747470733a2f2f782e792f3432000000000000000000000000000000000000",
    ]
    .concat();
    assert_eq!(string(&answer), bytes(&example));
    assert_eq!(uri_of_answer(&answer), b"https://x.y/42");
}

#[test]
fn the_uri_loses_nul_bytes_at_both_ends_but_not_inside() {
    assert_eq!(uri_of_answer(&string(b"\0\0a\0b\0")), b"a\0b");
    assert_eq!(uri_of_answer(&string(b"\0\0\0")), b"");
}

#[test]
fn the_length_word_of_the_answer_is_ignored() {
    let mut answer = string(b"abcdef");
    answer[63] = 2;
    assert_eq!(uri_of_answer(&answer), b"abcdef");
    assert_eq!(uri_of_answer(&[[0xff; 64].as_slice(), &b"x"[..]].concat()), b"x");
}

#[test]
fn the_uri_is_empty_where_the_answer_is_too_short_or_nothing_decodes() {
    assert_eq!(uri_of_answer(&[]), b"", "a failed call");
    assert_eq!(uri_of_answer(&[1; 64]), b"");
    assert_eq!(uri_of_answer(&[1; 65]), [1]);
    let encoded = string(&string(b"abc"));
    assert_eq!(token_uri(2, &encoded), b"abc");
    for version in [0u8, 1, 3, 255] {
        assert_eq!(token_uri(version, &encoded), b"", "unknown version {version}");
    }
    assert_eq!(token_uri(2, &[]), b"");
    assert_eq!(token_uri(2, &encoded[..31]), b"", "no offset");
    assert_eq!(token_uri(2, &encoded[..63]), b"", "no length");
    assert_eq!(token_uri(2, &encoded[..encoded.len() - 1]), b"", "content cut short");
    let mut far = encoded;
    far[0] = 0xff;
    assert_eq!(token_uri(2, &far), b"", "offset out of bounds");
}

#[test]
fn the_outer_string_is_decoded_as_loosely_as_operators_do() {
    let answer = string(b"abc");
    let mut moved = string(&answer);
    moved[31] = 0x40;
    moved.splice(32..32, [7u8; 32]);
    assert_eq!(token_uri(2, &moved), b"abc");
    let mut unpadded = string(&[[0u8; 64].as_slice(), &b"xyz"[..]].concat());
    unpadded.truncate(64 + 67);
    assert_eq!(token_uri(2, &unpadded), b"xyz");
}

const ANCHOR: &str = "0xf8ad80b8aaf8a8a0ea85eae8a560461c06f43408e177be9972917306f804ad6f7b05e3812bb7b9b9a0c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470a0571ff5de645f554d371e881ee0e7d385882cd07c96557a45fcee16353b3e0a6aa0c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470a0c691e12b5f8e1ed21462659f5105db927110645ab51652b2cde1173371f4fbf4780a04";

fn anchor_data() -> AnchorData {
    let Ok(Anchoring::Block(data)) = Anchoring::decode(&bytes(ANCHOR)) else { panic!("no block") };
    data
}

#[test]
fn the_example_anchor_decodes_to_its_block() {
    let data = anchor_data();
    let empty = hash("0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    assert_eq!(data.block_hash, hash("0xea85eae8a560461c06f43408e177be9972917306f804ad6f7b05e3812bb7b9b9"));
    assert_eq!((data.transactions_root, data.receipts_root), (empty, empty));
    assert_eq!(data.parent_hash, hash("0x571ff5de645f554d371e881ee0e7d385882cd07c96557a45fcee16353b3e0a6a"));
    assert_eq!(data.state_root, hash("0xc691e12b5f8e1ed21462659f5105db927110645ab51652b2cde1173371f4fbf4"));
    assert_eq!((data.number, data.block_count, data.tx_count), (120, Some(10), Some(4)));
    assert_eq!(Anchoring::Block(data).encode(), bytes(ANCHOR));
}

#[test]
fn the_example_anchoring_transaction_holds_the_example_anchor() {
    let raw = [
        "0x48f9011a0b85ae9f7bcc00830186a09429c660957e3808a040a19a338dfb9c54cde0fce4b8af",
        ANCHOR.strip_prefix("0x").unwrap(),
        "f847f845821f65a0a4276e926385db7362070095623aabf39c530ce9be8584b24330353f1df89bfe",
        "a039206c576be5178259086414a089bde32e56e39da2870b506ecd0cc7df14474f",
    ]
    .concat();
    let transaction = Transaction::decode(&bytes(&raw)).unwrap();
    let expected = "0x89ad1ed8cdd260784c8c2eeb5e86602388e1148bf1cda94d854291d469f86f00";
    assert_eq!(transaction.hash(), hash(expected));
    assert_eq!(transaction.kind(), TransactionKind::ChainDataAnchoring);
    assert_eq!(transaction.chain_id(), Some(4001));
    assert_eq!(transaction.from_field(), Some(address("0x29c660957e3808a040a19a338dfb9c54cde0fce4")));
    assert_eq!(transaction.input(), bytes(ANCHOR));
}

#[test]
fn older_anchors_have_no_counts_and_json_anchors_nothing() {
    let older = AnchorData { block_count: None, tx_count: None, ..anchor_data() };
    let payload = Anchoring::Block(older.clone()).encode();
    assert_eq!(Anchoring::decode(&payload), Ok(Anchoring::Block(older)));
    let json = Anchoring::Json(b"{\"a\":1}".to_vec());
    assert_eq!(Anchoring::decode(&json.encode()), Ok(json));
}

#[test]
fn rejects_malformed_anchors() {
    let typed = |number: u64, data: &[u8], more: usize| {
        let mut stream = RlpStream::new_list(2 + more);
        stream.append(&number).append(&data);
        for _ in 0..more {
            stream.append(&0u8);
        }
        Anchoring::decode(&stream.out())
    };
    let rlp = |error| Err(BridgeError::Rlp(error));
    let block = anchor_data().write();
    let older = AnchorData { block_count: None, tx_count: None, ..anchor_data() }.write();
    assert!(typed(0, &block, 0).is_ok());
    for got in [1u8, 127, 129, 255] {
        assert_eq!(typed(u64::from(got), &block, 0), Err(BridgeError::AnchorType { got }));
    }
    assert_eq!(typed(0, &block, 1), rlp(RlpError::TooMany));
    assert_eq!(typed(0, &older, 0), rlp(RlpError::TooFew), "type 0 needs its counts");
    assert_eq!(typed(256, &block, 0), rlp(RlpError::Length { expected: 32, got: 2 }));
    assert_eq!(Anchoring::decode(&block), rlp(RlpError::TooMany), "counts without a type");
    assert_eq!(Anchoring::decode(&[]), rlp(RlpError::Malformed));
    assert_eq!(Anchoring::decode(&[0xc0]), rlp(RlpError::TooFew));
    let raw = bytes(ANCHOR);
    for length in 0..raw.len() {
        assert!(Anchoring::decode(&raw[..length]).is_err());
    }
    assert_eq!(Anchoring::decode(&[raw.as_slice(), &[0]].concat()), rlp(RlpError::TooMany));
}

#[test]
fn only_known_code_has_a_generation() {
    assert_eq!(Generation::of_code_hash(&CODE_HASH_B), Some(Generation::B));
    assert_eq!(Generation::of_code_hash(&CODE_HASH_C), Some(Generation::C));
    assert_eq!(Generation::of_code_hash(&Hash::ZERO), None);
    assert_eq!(CODE_HASH_B, hash("0x6686e3f70de40757a721269af93a94a5e6155bbe8f0e885609ec181307e79be5"));
    let stripped = generation::STRIPPED_CODE_HASH_B;
    assert_eq!(stripped, hash("0xec128fac43bca969b95d17592f6ae7b38fcedae7221a9e3b143152ce34b9b5fc"));
    assert_eq!(Generation::of_runtime_code(&[]), None);
    assert_eq!(stripped_code_hash(&[0; 43]), None);
}

/// There is no metadata in the code of version 2 and nothing immutable: the artifact's code is every deployment's.
#[test]
fn the_code_of_version_2_is_that_of_the_artifact() {
    let artifact: serde_json::Value =
        serde_json::from_str(include_str!("../../../contracts/artifacts/Bridge.json")).unwrap();
    let code = bytes(artifact["deployedBytecode"].as_str().unwrap());
    assert_eq!(crate::primitives::keccak256(&code), CODE_HASH_V2);
    assert_eq!(Generation::of_code_hash(&CODE_HASH_V2), Some(Generation::V2));
    assert_eq!(Generation::of_code_hash(&CODE_HASH_V2_FIRST), Some(Generation::V2), "bridges that run already");
    assert_eq!(Generation::of_runtime_code(&code), Some(Generation::V2));
    let slots = artifact["storageLayout"].as_array().or_else(|| artifact["storageLayout"]["storage"].as_array());
    let slot_of = |label: &str| {
        let entry = slots.unwrap().iter().find(|entry| entry["label"] == label).unwrap();
        (entry["slot"].as_str().unwrap().parse::<u8>().unwrap(), entry["offset"].as_u64().unwrap())
    };
    let at = |slot: u8, offset| (Hash::from_u256(U256::from(slot)), offset);
    for (label, slot, offset) in [
        ("_votes", layout::VOTES, 0),
        ("operatorThresholds", layout::THRESHOLDS, 0),
        ("executedVoteKeys", layout::EXECUTED_KEYS, 0),
        ("claims", layout::CLAIMS, 0),
        ("_voteSeats", layout::VOTE_SEATS, 0),
        ("_seats", layout::SEATS, 0),
        ("_activeSeats", layout::ACTIVE_SEATS, 0),
        ("_seatCount", layout::SEAT_COUNT, 0),
        ("operatorEpoch", layout::SEAT_COUNT, 8),
        ("resumeTime", layout::SEAT_COUNT, 16),
        ("handlesPaused", layout::SEAT_COUNT, 24),
        ("accountKeys", layout::SEAT_COUNT, 25),
        ("sourceChainId", layout::SOURCE_CHAIN_ID, 0),
        ("sourceBridge", layout::SOURCE_BRIDGE, 0),
        ("limits", layout::LIMITS, 0),
        ("outflows", layout::OUTFLOWS, 0),
        ("heldUntil", layout::HELD, 0),
        ("feeReceiver", layout::FEE_RECEIVER, 0),
        ("feeOfKLAY", layout::FEE_OF_COIN, 0),
        ("feeOfERC20", layout::FEE_OF_TOKEN, 0),
        ("registeredTokenList", layout::REGISTERED_TOKEN_LIST, 0),
        ("lockedTokens", layout::LOCKED_TOKENS, 0),
        ("isLockedKLAY", layout::LOCKED_COIN, 0),
        ("pendingOwner", layout::PENDING_OWNER, 0),
        ("guardian", layout::GUARDIAN, 0),
        ("subjectNonces", layout::SUBJECT_NONCES, 0),
        ("changes", layout::CHANGES, 0),
        ("cancelledChanges", layout::CANCELLED_CHANGES, 0),
        ("ownerDelay", layout::OWNER_DELAY, 0),
        ("changeCount", layout::OWNER_DELAY, 8),
    ] {
        let (found, found_offset) = slot_of(label);
        assert_eq!(at(found, found_offset), (slot, offset), "{label}");
    }
}

#[test]
fn only_the_compilers_own_metadata_is_left_out_of_the_code() {
    let metadata = [bytes("0xa165627a7a72305820").as_slice(), &[7; 32], &[0x00, 0x29]].concat();
    let code = [&[1, 2, 3], metadata.as_slice()].concat();
    assert_eq!(stripped_code_hash(&code), Some(crate::primitives::keccak256(&[1, 2, 3])));
    for at in (3..12).chain(44..46) {
        let mut other = code.clone();
        other[at] ^= 1;
        assert_eq!(stripped_code_hash(&other), None, "byte {at}");
    }
}

#[test]
fn generation_c_and_version_2_show_votes_in_state() {
    assert_eq!(Generation::A.vote_evidence(), VoteEvidence::Transactions);
    assert_eq!(Generation::B.vote_evidence(), VoteEvidence::Transactions);
    assert_eq!(Generation::C.vote_evidence(), VoteEvidence::StateOrTransactions);
    assert!(Generation::C.keeps_votes() && Generation::C.tells_operator_changes());
    assert!(!Generation::B.keeps_votes() && !Generation::B.tells_operator_changes());
    assert!(!Generation::C.revokes_votes() && !Generation::C.names_executed_key());
    assert!(!Generation::C.takes_signatures() && !Generation::C.keeps_claims());
    assert!(Generation::V2.keeps_votes() && Generation::V2.tells_operator_changes());
    assert!(Generation::V2.revokes_votes() && Generation::V2.names_executed_key());
    assert!(Generation::V2.takes_signatures() && Generation::V2.keeps_claims());
}
