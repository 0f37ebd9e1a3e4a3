use super::*;
use crate::bridge::layout::*;

#[test]
fn fixed_slots_are_those_of_the_compiled_contract() {
    let operator = address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
    for (slot, expected) in [
        (threshold_slot(TRANSFER_VOTE), "0xe710864318d4a32f37d6ce54cb3fadbef648dd12d8dbdf53973564d56b7f881c"),
        (threshold_slot(CONFIGURATION_VOTE), "0xa7c5ba7114a813b50159add3a36832908dc83db71d0b9a24c2ad0f83be958207"),
        (operator_list_slot(0), "0xd7b6990105719101dabeb77144f2a3385c8033acd3af97e9423a695e81ad1eb5"),
        (operator_list_slot(1), "0xd7b6990105719101dabeb77144f2a3385c8033acd3af97e9423a695e81ad1eb6"),
        (votes_base(0, 0), "0xae9dff64f8a2a48b21d7af16d4ee660d3f13c33df828553379d213a1329b7e15"),
        (votes_base(0, 1), "0xdcffa08a0acead627a976a0761d7e83f6b1becd11dc26ab87e19a2db8ec1a188"),
        (votes_base(0, 2), "0x01c275da8fe4af653d67feaf136ed343107607ccf272c3fe063e6fec6e7364cb"),
        (closed_slot(2), "0xa50eece07c7db1631545c0069bd8f5f54d5935e215d59097edf258a44ba91634"),
        (handle_nonce_block_slot(2), "0x08037d7b151cc412d25674a4e66b334d9ae9d2e5517a7feaae5cdb828bf1c628"),
        (
            handled_request_tx_slot(&Hash([0x0a; 32])),
            "0xa977ac8f72957d321d0d6cfffa8db555f96b77daad2bd7bd091680f1515e29ff",
        ),
        (operator_flag_slot(&operator), "0x29c0db36b0db9f516e8a0fbbaef0b33414c9099f1ec1d06e11257adfda161565"),
        (operator_list_length(), "0x000000000000000000000000000000000000000000000000000000000000000d"),
        (OWNER, "0x0000000000000000000000000000000000000000000000000000000000000004"),
        (MODE, "0x000000000000000000000000000000000000000000000000000000000000000f"),
    ] {
        assert_eq!(slot, hash(expected));
    }
}

#[test]
fn vote_slots_of_the_worked_call_are_those_of_the_contract() {
    let base = votes_base(TRANSFER_VOTE, 0);
    let count = "0x3070934a2abc916b2f4709eccb8036c2d4a9626e423779c56f44edfec32bba29";
    assert_eq!(vote_count_slot(base, &worked_call().vote_key()), hash(count));
    let voted = "0xc61f089769b61568c1b6a0ae5b00b74181639e886fed791b37a63d0d05391548";
    assert_eq!(voted_slot(base, &address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")), hash(voted));
    assert_eq!(voters_length(base), base);
    assert_eq!(vote_keys_length(base).to_u256(), base.to_u256() + U256::from(2));
}

#[test]
fn slot_numbers_wrap_as_in_the_machine() {
    let last = Hash([0xff; 32]);
    assert_eq!(vote_keys_length(last), Hash::from_u256(U256::from(1)));
}

#[test]
fn the_nonce_word_unpacks_from_the_right() {
    let word = hash("0x0000000000000000000000000004000000000000000101000000000000000001");
    let decoded = NonceWord {
        configuration_nonce: 1,
        mode_mint_burn: false,
        is_running: true,
        request_nonce: 1,
        lower_handle_nonce: 4,
    };
    assert_eq!(NonceWord::decode(&word), Ok(decoded));
    assert_eq!(decoded.encode(), word);
    let upper = UpperWord { upper_handle_nonce: u64::MAX, recovery_block: 50 };
    assert_eq!(UpperWord::decode(&upper.encode()), Ok(upper));
    assert_eq!(NonceWord::decode(&Hash::ZERO), Ok(NonceWord::default()));
}

#[test]
fn rejects_packed_words_with_bytes_of_no_variable() {
    for at in 0..6 {
        let mut word = NonceWord { request_nonce: u64::MAX, ..NonceWord::default() }.encode();
        word.0[at] = 1;
        assert_eq!(NonceWord::decode(&word), Err(BridgeError::StorageWord { got: word.into() }));
    }
    for at in 0..16 {
        let mut word = UpperWord::default().encode();
        word.0[at] = 1;
        assert_eq!(UpperWord::decode(&word), Err(BridgeError::StorageWord { got: word.into() }));
    }
    for at in [22, 23] {
        let mut word = Hash::ZERO;
        word.0[at] = 2;
        assert_eq!(NonceWord::decode(&word), Err(BridgeError::StorageWord { got: word.into() }), "a flag of 2");
    }
}

#[test]
fn announcements_unpack_from_the_right() {
    let word = hash("0x00000000000000000000000000000000000000000000000700000000655e4c10").to_u256();
    assert_eq!(Change::decode(word), Change { ready: 0x655e_4c10, number: 7 });
    assert_eq!(DelayWord::decode(word), DelayWord { owner_delay: 0x655e_4c10, change_count: 7 });
    // A selector stands on the left of its word, as in the contract: keccak256(key . slot).
    let selector = [0x10, 0xea, 0x2c, 0xb2];
    let key = [selector.as_slice(), &[0; 28], SUBJECT_NONCES.as_bytes()].concat();
    assert_eq!(subject_nonce_slot(selector), crate::primitives::keccak256(&key));
}
