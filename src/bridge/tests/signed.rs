//! The digest, its signature and the calldata are those of ethers 6.15 (`TypedDataEncoder.hash`, `Wallet.signTypedData`,
//! `Interface.encodeFunctionData`) for the same data.

use super::*;
use crate::crypto::recover_address;
use crate::primitives::keccak256;

const TRANSFER_TEXT: &str = "Transfer(uint256 sourceChainId,address sourceBridge,uint64 operatorEpoch,uint8 tokenType,\
    bytes32 requestTxHash,address from,address to,address token,uint256 valueOrTokenId,uint64 requestNonce,\
    uint64 requestBlockNumber,string tokenURI,bytes extraData)";

fn domain() -> SigningDomain {
    SigningDomain {
        source_chain_id: 1001,
        source_bridge: Address([0x51; 20]),
        chain_id: 1002,
        bridge: Address([0xd1; 20]),
    }
}

fn token_call() -> HandleCall {
    HandleCall { token_uri: Some(b"https://x.y/42".to_vec()), ..call(TokenType::Erc721) }
}

fn signed(call: HandleCall) -> SignedHandle {
    SignedHandle { call, signatures: vec![vec![0x11; 65], vec![0x22; 65]] }
}

#[test]
fn a_vote_is_signed_as_typed_data() {
    assert_eq!(keccak256(TRANSFER_TEXT.as_bytes()), crate::bridge::signed::TRANSFER_TYPE);
    let domain_text = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
    assert_eq!(keccak256(domain_text.as_bytes()), crate::bridge::signed::DOMAIN_TYPE);
    let digest = domain().digest(&token_call(), 3);
    assert_eq!(digest, hash("0x4e79239b8d687454e397e5467c71d8c49887246fc542a1fe3d004454307f8de4"));
    let coin = HandleCall { extra: Vec::new(), ..call(TokenType::Coin) };
    assert_eq!(domain().digest(&coin, 3), hash("0x7dfcdfd72c58609a63c6fdb629e480a8018e1339be8ca455716bea4d9eb1e169"));
    let signature = "0x913fb684e2aee38cf4ba1437ffe2d031de07561e9962afede32c5d628b18d04e\
        52fe89651bb541e8dce4735b2a406a0fda95191a1c88342d4c195d5907fd162901";
    let signature: [u8; 65] = bytes(signature).try_into().unwrap();
    let signer = address("0x3da8d322cb2435da26e9c9fee670f9fb7fe74e49");
    assert_eq!(recover_address(&digest, &signature), Ok(signer));
}

#[test]
fn each_part_of_domain_and_transfer_changes_the_digest() {
    let mut digests = vec![domain().digest(&token_call(), 3), domain().digest(&token_call(), 4)];
    let domains: [fn(&mut SigningDomain); 4] = [
        |domain| domain.source_chain_id += 1,
        |domain| domain.source_bridge = Address([0x52; 20]),
        |domain| domain.chain_id += 1,
        |domain| domain.bridge = Address([0xd2; 20]),
    ];
    for change in domains {
        let mut domain = domain();
        change(&mut domain);
        digests.push(domain.digest(&token_call(), 3));
    }
    let calls: [fn(&mut HandleCall); 10] = [
        |call| call.token_type = TokenType::Erc20,
        |call| call.request_tx_hash = Hash([0x0b; 32]),
        |call| call.from = Address([9; 20]),
        |call| call.to = Address([9; 20]),
        |call| call.token = Some(Address([9; 20])),
        |call| call.value += U256::from(1),
        |call| call.nonce += 1,
        |call| call.request_block += 1,
        |call| call.token_uri = Some(b"https://x.y/43".to_vec()),
        |call| call.extra.push(0),
    ];
    for change in calls {
        let mut call = token_call();
        change(&mut call);
        digests.push(domain().digest(&call, 3));
    }
    let all: std::collections::BTreeSet<Hash> = digests.iter().copied().collect();
    assert_eq!(all.len(), digests.len());
}

#[test]
fn the_call_with_signatures_is_encoded_as_a_client_does() {
    let calldata = signed(token_call()).encode();
    assert_eq!(keccak256(&calldata), hash("0xc9d5ec01160caf88751744107737c4363d77768279ddedc70b774b4a27c68a7d"));
    let signature =
        "handleWithSignatures((uint8,bytes32,address,address,address,uint256,uint64,uint64,string,bytes),bytes[])";
    assert_eq!(keccak256(signature.as_bytes()).0[..4], crate::bridge::signed::HANDLE_WITH_SIGNATURES);
    for token_type in [TokenType::Coin, TokenType::Erc20, TokenType::Erc721] {
        let handle = signed(call(token_type));
        assert_eq!(SignedHandle::decode(&handle.encode()), Ok(handle));
    }
}

#[test]
fn a_cut_call_with_signatures_is_refused_and_trailing_bytes_are_not() {
    let calldata = signed(token_call()).encode();
    for length in 0..calldata.len() - 31 {
        assert!(SignedHandle::decode(&calldata[..length]).is_err(), "{length}");
    }
    let longer = [calldata.as_slice(), &[1; 32]].concat();
    assert_eq!(SignedHandle::decode(&longer), Ok(signed(token_call())));
}

#[test]
fn more_signatures_than_operators_are_not_read() {
    let many = |count| SignedHandle { signatures: vec![vec![1; 65]; count], ..signed(call(TokenType::Coin)) };
    assert!(SignedHandle::decode(&many(crate::bridge::signed::MAX_SIGNATURES).encode()).is_ok());
    assert_eq!(
        SignedHandle::decode(&many(crate::bridge::signed::MAX_SIGNATURES + 1).encode()),
        Err(BridgeError::AbiBounds)
    );
}

#[test]
fn fields_that_the_token_type_does_not_have_are_refused() {
    for (token_type, filled) in [(0, 5), (1, 5)] {
        let mut calldata = signed(HandleCall { token: Some(Address([9; 20])), ..token_call() }).encode();
        // The token type is the first word of the tuple.
        calldata[4 + 64 + 31] = token_type;
        assert_eq!(SignedHandle::decode(&calldata), Err(BridgeError::AbiNotCanonical), "{filled}");
    }
}

#[test]
fn the_event_of_a_failed_delivery_has_one_form() {
    let event = DeliveryFailedEvent { nonce: 5, reason_hash: Hash([7; 32]) };
    let log = event.encode();
    assert_eq!(DeliveryFailedEvent::decode(&log), Ok(event));
    let longer = Log { data: [log.data.as_slice(), &[0; 32]].concat(), ..log.clone() };
    assert_eq!(DeliveryFailedEvent::decode(&longer), Err(BridgeError::AbiNotCanonical));
    let fewer = Log { topics: log.topics[..1].to_vec(), ..log.clone() };
    assert_eq!(DeliveryFailedEvent::decode(&fewer), Err(BridgeError::TopicCount { expected: 2, got: 1 }));
    assert_eq!(DeliveryFailedEvent::decode(&handle().encode()).map_err(|e| e.code()), Err("bridge.event_signature"));
}

/// Slots by ethers' `AbiCoder` and `keccak256`.
#[test]
fn what_version_2_keeps_lies_behind_slot_19() {
    use crate::bridge::layout::*;
    assert_eq!(executed_key_slot(5), hash("0x116126bec5aaa49b347e966c49378cf0c441de9121e306ea3d824584a9615aa2"));
    let [first, second, _] = claim_slots(5);
    assert_eq!(first, hash("0xbab719002e4be320868650dc7456e9a1d245e4d5dd64765588e2f21529d871d3"));
    assert_eq!(second, hash("0xbab719002e4be320868650dc7456e9a1d245e4d5dd64765588e2f21529d871d4"));
    assert_eq!(
        seat_slot(&Address([1; 20])),
        hash("0xd7a0a9456b54b8cde476ffa3f8c949217cc64ff583dbb48ff628e1f9615f35ea")
    );
    assert_eq!(
        vote_seats_slot(&Hash([0x0a; 32]), 256),
        hash("0xf05d37480d1a1858d27314be777376345ed147774a49a502398f3ca5d4ba5302")
    );
    assert_eq!(active_seats_slot(255), hash("0xd2ac945fcc0096878c763e37d6929b78378c1a2defabde8ba7ee5ed1d6e7a5b2"));
    assert_eq!(seat_bit(257), U256::from(2));
    let words = claim_words(&Address([0xb0; 20]), TokenType::Erc721, &Address([4; 20]), U256::from(9));
    let first = hash("0x0000000000000000000000 02 b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0".replace(' ', "").as_str());
    assert_eq!(words, [first.to_u256(), Address([4; 20]).to_word().to_u256(), U256::from(9)]);
    let word = SeatWord { seat_count: 3, operator_epoch: 4, resume_time: 5, handles_paused: true, account_keys: false };
    assert_eq!(SeatWord::decode(&word.encode()), Ok(word));
    let word = SeatWord { handles_paused: false, account_keys: true, ..word };
    assert_eq!(SeatWord::decode(&word.encode()), Ok(word));
    assert!(SeatWord::decode(&Hash([0xff; 32])).is_err());
}

/// The contract's own sums: what fits now, what has leaked, and what is packed where.
#[test]
fn an_outflow_fits_as_the_contract_counts_it() {
    use crate::bridge::layout::Outflow;
    let words = |limit: u64, level: u64, updated: u64| {
        let number = U256::from::<u64>;
        [number(limit).wrapping_shl(128) | number(7), number(level) | number(updated).wrapping_shl(192)]
    };
    let read = Outflow::decode(words(100, 60, 1000));
    assert_eq!(read, Outflow { limit: 100, level: U256::from(60u8), updated: 1000 });
    let fits = |amount: u64, time: u64| read.fits(U256::from(amount), time);
    assert!(fits(40, 1000) && !fits(41, 1000));
    assert!(!fits(41, 1000 + 863) && fits(41, 1000 + 864), "a hundredth of the limit has leaked");
    assert!(fits(100, 1000 + 86_400) && !fits(101, 1000 + 86_400), "never more than the limit");
    assert!(!read.fits(U256::MAX, u64::MAX));
    assert!(Outflow::decode(words(0, 60, 1000)).fits(U256::MAX, 0), "no limit");
}
