use super::*;
use crate::bridge::calls::{HANDLE_COIN, HANDLE_ERC20, HANDLE_ERC721};
use crate::bridge::events::topic;
use crate::primitives::keccak256;

#[test]
fn topics_and_selectors_are_hashes_of_their_signatures() {
    assert_eq!(topic::ALL.len(), 19);
    for (signature, topic) in topic::ALL {
        assert_eq!(keccak256(signature.as_bytes()), *topic, "{signature}");
    }
    for (signature, selector) in [
        ("handleKLAYTransfer(bytes32,address,address,uint256,uint64,uint64,bytes)", HANDLE_COIN),
        ("handleERC20Transfer(bytes32,address,address,address,uint256,uint64,uint64,bytes)", HANDLE_ERC20),
        ("handleERC721Transfer(bytes32,address,address,address,uint256,uint64,uint64,string,bytes)", HANDLE_ERC721),
    ] {
        assert_eq!(keccak256(signature.as_bytes()).0[..4], selector, "{signature}");
    }
}

#[test]
fn events_decode_to_what_was_encoded() {
    for token_type in [TokenType::Coin, TokenType::Erc20, TokenType::Erc721] {
        assert_eq!(RequestEvent::decode(&request(token_type).encode()), Ok(request(token_type)));
    }
    assert_eq!(RequestEvent::decode(&encoded_request().encode()), Ok(encoded_request()));
    let empty = RequestEvent { extra: vec![], encoding: Some((0, vec![])), ..request(TokenType::Erc721) };
    assert_eq!(RequestEvent::decode(&empty.encode()), Ok(empty));
    assert_eq!(HandleEvent::decode(&handle().encode()), Ok(handle()));
    for event in [
        OperatorEvent::Registered(Address([5; 20])),
        OperatorEvent::Deregistered(Address([5; 20])),
        OperatorEvent::ThresholdChanged { vote_type: 1, threshold: 3 },
    ] {
        assert_eq!(OperatorEvent::decode(&event.encode()), Ok(event));
    }
}

#[test]
fn rejects_a_log_of_another_event() {
    let signature = |log: &Log| BridgeError::EventSignature { got: log.topics.first().map(|topic| (*topic).into()) };
    let (request, handle) = (request(TokenType::Coin).encode(), handle().encode());
    assert_eq!(RequestEvent::decode(&handle), Err(signature(&handle)));
    assert_eq!(HandleEvent::decode(&request), Err(signature(&request)));
    assert_eq!(OperatorEvent::decode(&request), Err(signature(&request)));
    let nameless = Log { topics: vec![], ..request };
    assert_eq!(RequestEvent::decode(&nameless), Err(BridgeError::EventSignature { got: None }));
}

#[test]
fn rejects_a_log_with_a_topic_too_many_or_too_few() {
    for log in [request(TokenType::Coin).encode(), encoded_request().encode(), handle().encode()] {
        let decode = |log: &Log| match HandleEvent::decode(log) {
            Err(BridgeError::EventSignature { .. }) => RequestEvent::decode(log).map(|_| ()),
            other => other.map(|_| ()),
        };
        let mut fewer = log.clone();
        fewer.topics.pop();
        assert_eq!(decode(&fewer), Err(BridgeError::TopicCount { expected: 4, got: 3 }));
        let mut more = log;
        more.topics.push(Hash::ZERO);
        assert_eq!(decode(&more), Err(BridgeError::TopicCount { expected: 4, got: 5 }));
    }
    let mut registered = OperatorEvent::Registered(Address::ZERO).encode();
    registered.topics.pop();
    assert_eq!(OperatorEvent::decode(&registered), Err(BridgeError::TopicCount { expected: 2, got: 1 }));
}

#[test]
fn rejects_indexed_addresses_with_dirty_high_bytes() {
    for at in 1..4 {
        let mut log = handle().encode();
        log.topics[at].0[11] = 1;
        assert_eq!(HandleEvent::decode(&log), Err(BridgeError::AbiAddress { got: log.topics[at].into() }));
    }
    let mut log = OperatorEvent::Deregistered(Address([5; 20])).encode();
    log.topics[1].0[0] = 1;
    assert_eq!(OperatorEvent::decode(&log), Err(BridgeError::AbiAddress { got: log.topics[1].into() }));
}

/// `data` with the last byte of word `index` set.
fn with_word(data: &[u8], index: usize, value: U256) -> Vec<u8> {
    let mut out = data.to_vec();
    out[index * 32..][..32].copy_from_slice(&value.to_be_bytes::<32>());
    out
}

fn decode_request_data(data: Vec<u8>) -> Result<RequestEvent, BridgeError> {
    RequestEvent::decode(&Log { data, ..encoded_request().encode() })
}

#[test]
fn rejects_numbers_larger_than_their_type() {
    let data = encoded_request().encode().data;
    let big = U256::from(u64::MAX) + U256::from(1);
    let got = Hash::from_u256(big);
    assert_eq!(
        decode_request_data(with_word(&data, 2, big)),
        Err(BridgeError::AbiInteger { bits: 64, got: got.into() })
    );
    let big = U256::from(256);
    let got = Hash::from_u256(big);
    for index in [0, 5] {
        assert_eq!(
            decode_request_data(with_word(&data, index, big)),
            Err(BridgeError::AbiInteger { bits: 8, got: got.into() })
        );
    }
    assert_eq!(decode_request_data(with_word(&data, 0, U256::from(3))), Err(BridgeError::TokenType { got: 3 }));
    assert!(decode_request_data(with_word(&data, 1, U256::MAX)).is_ok());
}

#[test]
fn rejects_event_data_that_is_not_canonical() {
    let log = encoded_request().encode();
    let data = &log.data;
    // Words: 0..7 head, 7 length and 8, 9 bytes of the extra data, 10 length and 11 bytes of the encoded data.
    assert_eq!(data.len(), 12 * 32);
    let canonical = Err(BridgeError::AbiNotCanonical);
    let mut padded = data.clone();
    *padded.last_mut().unwrap() = 1;
    assert_eq!(decode_request_data(padded), canonical, "dirty padding");
    assert_eq!(decode_request_data([data.as_slice(), &[0; 32]].concat()), canonical, "a word behind the end");
    assert_eq!(decode_request_data(data[..data.len() - 1].to_vec()), canonical, "padding cut short");
    assert_eq!(decode_request_data(with_word(data, 4, U256::from(10 * 32))), canonical, "shared tail");
    assert_eq!(decode_request_data(with_word(data, 6, U256::from(7 * 32))), canonical, "shared tail");
    let mut swapped = with_word(data, 4, U256::from(9 * 32));
    swapped = with_word(&swapped, 6, U256::from(7 * 32));
    let tail = [&data[10 * 32..], &data[7 * 32..10 * 32]].concat();
    swapped.truncate(7 * 32);
    assert_eq!(decode_request_data([swapped, tail].concat()), canonical, "tails in the other order");
}

#[test]
fn rejects_handle_and_plain_request_data_that_is_not_canonical() {
    for log in [handle().encode(), request(TokenType::Coin).encode()] {
        let mut dirty = log.clone();
        *dirty.data.last_mut().unwrap() = 1;
        let longer = Log { data: [log.data.as_slice(), &[0; 32]].concat(), ..log };
        for log in [dirty, longer] {
            let got = match log.topics[0] {
                topic::HANDLE => HandleEvent::decode(&log).map(|_| ()),
                _ => RequestEvent::decode(&log).map(|_| ()),
            };
            assert_eq!(got, Err(BridgeError::AbiNotCanonical));
        }
    }
}

#[test]
fn rejects_event_data_cut_short_and_offsets_out_of_bounds() {
    let data = encoded_request().encode().data;
    let short = BridgeError::AbiTooShort { expected: 7 * 32, got: 7 * 32 - 1 };
    assert_eq!(decode_request_data(data[..7 * 32 - 1].to_vec()), Err(short));
    let end = U256::from(data.len());
    for offset in [end, end - U256::from(31), U256::from(usize::MAX), U256::from(u64::MAX), U256::MAX] {
        assert_eq!(decode_request_data(with_word(&data, 4, offset)), Err(BridgeError::AbiBounds), "{offset}");
    }
    for length in [U256::from(200), U256::from(usize::MAX), U256::from(u64::MAX), U256::MAX] {
        assert_eq!(decode_request_data(with_word(&data, 7, length)), Err(BridgeError::AbiBounds), "{length}");
    }
}

#[test]
fn every_changed_or_missing_byte_of_an_event_changes_or_breaks_it() {
    let log = encoded_request().encode();
    for at in 0..log.data.len() {
        let mut changed = log.clone();
        changed.data[at] ^= 1;
        if let Ok(event) = RequestEvent::decode(&changed) {
            assert_ne!(event, encoded_request());
            assert_eq!(event.encode(), changed);
        }
        let cut = Log { data: log.data[..at].to_vec(), ..log.clone() };
        assert!(RequestEvent::decode(&cut).is_err());
    }
}

#[test]
fn rejects_operator_events_with_data_that_is_not_canonical() {
    let mut registered = OperatorEvent::Registered(Address([5; 20])).encode();
    registered.data = vec![0; 32];
    assert_eq!(OperatorEvent::decode(&registered), Err(BridgeError::AbiNotCanonical));
    let changed = OperatorEvent::ThresholdChanged { vote_type: 0, threshold: 2 }.encode();
    let longer = Log { data: [changed.data.as_slice(), &[0; 32]].concat(), ..changed.clone() };
    assert_eq!(OperatorEvent::decode(&longer), Err(BridgeError::AbiNotCanonical));
    let shorter = Log { data: vec![], ..changed };
    assert_eq!(OperatorEvent::decode(&shorter), Err(BridgeError::AbiTooShort { expected: 32, got: 0 }));
}

#[test]
fn calls_decode_to_what_was_encoded() {
    for token_type in [TokenType::Coin, TokenType::Erc20, TokenType::Erc721] {
        let call = call(token_type);
        assert_eq!(HandleCall::decode_canonical(&call.encode()), Ok(call.clone()));
        assert_eq!(HandleCall::decode(&call.encode()), Ok(call));
    }
}

#[test]
fn rejects_a_call_of_no_handle_function() {
    let mut calldata = call(TokenType::Erc20).encode();
    calldata[0] ^= 1;
    let got = Some([calldata[0], calldata[1], calldata[2], calldata[3]]);
    assert_eq!(HandleCall::decode(&calldata), Err(BridgeError::Selector { got }));
    assert_eq!(HandleCall::decode(&calldata[..3]), Err(BridgeError::Selector { got: None }));
    assert_eq!(HandleCall::decode(&[]), Err(BridgeError::Selector { got: None }));
}

#[test]
fn a_call_with_trailing_bytes_means_the_same_but_is_another_vote() {
    let call = call(TokenType::Erc20);
    let calldata = call.encode();
    let longer = [calldata.as_slice(), &[0]].concat();
    assert_eq!(HandleCall::decode(&longer), Ok(call));
    assert_eq!(HandleCall::decode_canonical(&longer), Err(BridgeError::AbiNotCanonical));
    assert_ne!(vote_key(&longer), vote_key(&calldata));
}

#[test]
fn a_call_with_other_offsets_or_missing_padding_means_the_same() {
    let call = worked_call();
    let calldata = call.encode();
    // A second, empty tail behind the first.
    let arguments = with_word(&calldata[4..], 6, U256::from(8 * 32));
    let moved = [&calldata[..4], &arguments, &[0; 32]].concat();
    assert_eq!(HandleCall::decode(&moved), Ok(call.clone()));
    assert_eq!(HandleCall::decode_canonical(&moved), Err(BridgeError::AbiNotCanonical));
    let extra = HandleCall { extra: vec![1, 2, 3], ..call };
    let calldata = extra.encode();
    let unpadded = &calldata[..calldata.len() - 29];
    assert_eq!(HandleCall::decode(unpadded), Ok(extra));
    assert_eq!(HandleCall::decode_canonical(unpadded), Err(BridgeError::AbiNotCanonical));
    assert_eq!(HandleCall::decode(&calldata[..calldata.len() - 30]), Err(BridgeError::AbiBounds));
}

#[test]
fn rejects_calls_with_dirty_high_bytes_or_bounds_broken() {
    let calldata = call(TokenType::Erc721).encode();
    let with = |index: usize, value: U256| {
        HandleCall::decode(&[&calldata[..4], &with_word(&calldata[4..], index, value)].concat())
    };
    let dirty = U256::from(1) << 160;
    for index in 1..4 {
        assert_eq!(with(index, dirty), Err(BridgeError::AbiAddress { got: Hash::from_u256(dirty).into() }));
    }
    for index in [5, 6] {
        let got = Hash::from_u256(dirty);
        assert_eq!(with(index, dirty), Err(BridgeError::AbiInteger { bits: 64, got: got.into() }));
    }
    for index in [7, 8] {
        for offset in [U256::from(calldata.len()), U256::from(u64::MAX), U256::MAX] {
            assert_eq!(with(index, offset), Err(BridgeError::AbiBounds));
        }
    }
    let short = HandleCall::decode(&calldata[..4 + 9 * 32 - 1]);
    assert_eq!(short, Err(BridgeError::AbiTooShort { expected: 9 * 32, got: 9 * 32 - 1 }));
}

#[test]
fn the_worked_calldata_has_the_vote_key_of_the_contract() {
    let call = worked_call();
    assert_eq!(call.encode().len(), 4 + 8 * 32);
    assert_eq!(call.vote_key(), hash("0xdfa79a8f978a326a3e6ac52ec8433f72a9f6764e56fe420d950bfd2c20ccb00d"));
}
