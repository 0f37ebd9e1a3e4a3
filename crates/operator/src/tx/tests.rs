use super::*;
use spanlight::crypto::recover_address;
use spanlight::transaction::{FeeDelegation, Signature, TransactionKind};
use std::sync::Arc;

fn key() -> impl Signer {
    crate::keys::test_key(7)
}

fn payer() -> impl Signer {
    crate::keys::test_key(8)
}

fn alone() -> ChainKeys {
    ChainKeys::alone(Arc::new(key()))
}

fn paid_for() -> ChainKeys {
    ChainKeys { fee_payer: Some(Signatory::own(Arc::new(payer()))), ..alone() }
}

fn draft(action: Action) -> Draft {
    Draft {
        chain_id: 4001,
        account_nonce: 11,
        gas_price: U256::from(750_000_000_000u64),
        tip: None,
        gas: 100_000,
        action,
        form: Form::Ethereum,
    }
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
    let signed = draft(Action::Call { to, input: vec![1, 2, 3] }).sign(&alone()).unwrap();
    let transaction = Transaction::decode(&signed.raw).unwrap();
    assert_eq!((transaction.kind(), transaction.chain_id()), (TransactionKind::Legacy, Some(4001)));
    assert_eq!((transaction.to(), transaction.input(), transaction.nonce()), (Some(to), &[1u8, 2, 3][..], 11));
    assert_eq!(sender(&signed), key().address());
}

#[test]
fn a_vote_with_a_tip_is_a_dynamic_fee_transaction_of_this_chain() {
    let to = Address([9; 20]);
    let tip = U256::from(3u8);
    let draft = Draft { tip: Some(tip), ..draft(Action::Call { to, input: vec![1, 2, 3] }) };
    let signed = draft.sign(&alone()).unwrap();
    let transaction = Transaction::decode(&signed.raw).unwrap();
    assert_eq!((transaction.kind(), transaction.chain_id()), (TransactionKind::EthereumDynamicFee, Some(4001)));
    assert_eq!((transaction.to(), transaction.input(), transaction.nonce()), (Some(to), &[1u8, 2, 3][..], 11));
    assert_eq!((transaction.gas_price(), transaction.tip(), transaction.gas()), (draft.gas_price, tip, 100_000));
    assert_eq!(sender(&signed), key().address());
}

#[test]
fn the_most_bytes_of_a_transaction_are_known_before_it_is_signed() {
    let actions = [Action::Call { to: Address([9; 20]), input: vec![7; 500] }, Action::Cancel];
    for (keys, tip) in [(alone(), None), (alone(), Some(U256::ZERO)), (paid_for(), None)] {
        for action in &actions {
            let draft = Draft { tip, ..draft(action.clone()) };
            let (most, bytes) = (draft.most_bytes(&keys).unwrap(), draft.sign(&keys).unwrap().raw.len());
            assert!((bytes..bytes + 5).contains(&most), "{most} {bytes}");
        }
    }
}

#[test]
fn a_cancellation_is_of_the_type_that_takes_another_ones_place() {
    let signed = draft(Action::Cancel).sign(&alone()).unwrap();
    let transaction = Transaction::decode(&signed.raw).unwrap();
    assert_eq!((transaction.kind(), transaction.nonce()), (TransactionKind::Cancel, 11));
    assert_eq!((transaction.to(), transaction.value()), (None, U256::ZERO));
    assert!(transaction.input().is_empty());
    // The sender is a field of this type, so the signature is checked by itself.
    assert_eq!(recovered(&transaction.sign_hash(4001), transaction.signatures()[0]), key().address());
}

#[test]
fn an_anchor_is_signed_as_the_chain_checks_it() {
    let signed = draft(Action::Anchor { payload: vec![0xc0; 40] }).sign(&alone()).unwrap();
    let transaction = Transaction::decode(&signed.raw).unwrap();
    assert_eq!(transaction.kind(), TransactionKind::ChainDataAnchoring);
    assert_eq!((transaction.input(), transaction.gas()), (&[0xc0u8; 40][..], 100_000));
    // The sender is a field of this type, so the signature is checked by itself.
    assert_eq!(recovered(&transaction.sign_hash(4001), transaction.signatures()[0]), key().address());
}

fn recovered(digest: &Hash, signature: Signature) -> Address {
    let id = u8::try_from(signature.v - 35 - 2 * 4001).unwrap();
    recover_address(digest, &signature.to_bytes(id)).unwrap()
}

/// The keys of an account are others than that of its address: the transaction names the sender,
/// and all of them sign.
#[test]
fn an_account_with_other_keys_is_named_and_each_of_them_signs() {
    let [account, paying, to] = [21, 22, 9].map(|byte| Address([byte; 20]));
    let keys = |bytes: &[u8]| {
        bytes.iter().map(|byte| Arc::new(crate::keys::test_key(*byte)) as Arc<dyn Signer>).collect::<Vec<_>>()
    };
    let operator = Signatory::of(account, keys(&[5, 6]));
    let alone = ChainKeys { operator, fee_payer: None };
    let paid = ChainKeys { fee_payer: Some(Signatory::of(paying, keys(&[8]))), ..alone.clone() };
    for (keys, delegation) in [(&alone, FeeDelegation::None), (&paid, FeeDelegation::Full)] {
        for action in [Action::Call { to, input: vec![1] }, Action::Cancel, Action::Anchor { payload: vec![1] }] {
            let draft = Draft { form: Form::Kaia, tip: Some(U256::ZERO), ..draft(action) };
            let signed = draft.sign(keys).unwrap();
            let transaction = Transaction::decode(&signed.raw).unwrap();
            assert_eq!((transaction.from_field(), transaction.delegation()), (Some(account), delegation));
            let digest = transaction.sign_hash(4001);
            let signers: Vec<Address> =
                transaction.signatures().iter().map(|signature| recovered(&digest, *signature)).collect();
            assert_eq!(signers, [5, 6].map(|byte| crate::keys::test_key(byte).address()));
            assert_eq!(transaction.fee_payer(), keys.fee_payer.as_ref().map(|_| paying));
            let most = draft.most_bytes(keys).unwrap();
            assert!((signed.raw.len()..signed.raw.len() + 8).contains(&most), "{most} {}", signed.raw.len());
        }
    }
    let ethereum = draft(Action::Call { to, input: vec![1] });
    assert!(matches!(ethereum.sign(&alone), Err(KeyError::NotOwn)), "nobody else's transaction is made");
}

#[test]
fn a_fee_payer_signs_every_kind_beside_the_operator() {
    let to = Address([9; 20]);
    let kinds = [
        (Action::Call { to, input: vec![1, 2, 3] }, TransactionKind::SmartContractExecution, Some(to), vec![1, 2, 3]),
        (Action::Cancel, TransactionKind::Cancel, None, vec![]),
        (Action::Anchor { payload: vec![0xc0; 40] }, TransactionKind::ChainDataAnchoring, None, vec![0xc0; 40]),
    ];
    for (action, kind, to, input) in kinds {
        let signed = draft(action).sign(&paid_for()).unwrap();
        let transaction = Transaction::decode(&signed.raw).unwrap();
        assert_eq!((transaction.encode(), transaction.hash()), (signed.raw, signed.hash));
        assert_eq!((transaction.kind(), transaction.delegation()), (kind, FeeDelegation::Full));
        assert_eq!((transaction.to(), transaction.input()), (to, &input[..]));
        assert_eq!((transaction.nonce(), transaction.gas(), transaction.value()), (11, 100_000, U256::ZERO));
        assert_eq!(transaction.from_field(), Some(key().address()));
        assert_eq!(transaction.fee_payer(), Some(payer().address()));
        assert_eq!(recovered(&transaction.sign_hash(4001), transaction.signatures()[0]), key().address());
        let payers = transaction.fee_payer_sign_hash(4001).unwrap();
        assert_eq!(recovered(&payers, transaction.fee_payer_signatures()[0]), payer().address());
    }
}
