use super::*;
use spanlight::crypto::recover_address;
use spanlight::transaction::TransactionKind;

fn key() -> impl Signer {
    crate::keys::test_key(7)
}

fn draft(action: Action) -> Draft {
    Draft { chain_id: 4001, account_nonce: 11, gas_price: U256::from(750_000_000_000u64), gas: 100_000, action }
}

fn sender(signed: &Signed) -> Address {
    let transaction = Transaction::decode(&signed.raw).unwrap();
    assert_eq!(transaction.hash(), signed.hash);
    assert_eq!(transaction.encode(), signed.raw);
    transaction.sender(4001, &|digest, seal| recover_address(digest, seal).ok()).unwrap()
}

#[test]
fn a_vote_is_a_legacy_transaction_of_this_chain() {
    let to = Address([9; 20]);
    let signed = draft(Action::Call { to, input: vec![1, 2, 3] }).sign(&key()).unwrap();
    let transaction = Transaction::decode(&signed.raw).unwrap();
    assert_eq!((transaction.kind(), transaction.chain_id()), (TransactionKind::Legacy, Some(4001)));
    assert_eq!((transaction.to(), transaction.input(), transaction.nonce()), (Some(to), &[1u8, 2, 3][..], 11));
    assert_eq!(sender(&signed), key().address());
}

#[test]
fn a_cancellation_sends_nothing_to_oneself() {
    let signed = draft(Action::Cancel).sign(&key()).unwrap();
    let transaction = Transaction::decode(&signed.raw).unwrap();
    assert_eq!((transaction.to(), transaction.value()), (Some(key().address()), U256::ZERO));
    assert!(transaction.input().is_empty());
    assert_eq!(sender(&signed), key().address());
}

#[test]
fn an_anchor_is_signed_as_the_chain_checks_it() {
    let signed = draft(Action::Anchor { payload: vec![0xc0; 40] }).sign(&key()).unwrap();
    let transaction = Transaction::decode(&signed.raw).unwrap();
    assert_eq!(transaction.kind(), TransactionKind::ChainDataAnchoring);
    assert_eq!((transaction.input(), transaction.gas()), (&[0xc0u8; 40][..], 100_000));
    // The sender is a field of this type, so the signature is checked by itself.
    let signature = transaction.signatures()[0];
    let mut seal = [0u8; 65];
    seal[..32].copy_from_slice(&signature.r.to_be_bytes::<32>());
    seal[32..64].copy_from_slice(&signature.s.to_be_bytes::<32>());
    seal[64] = u8::try_from(signature.v - 35 - 2 * 4001).unwrap();
    assert_eq!(recover_address(&transaction.sign_hash(4001), &seal), Ok(key().address()));
}
