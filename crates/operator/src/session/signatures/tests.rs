use super::*;
use crate::keys::{test_key, test_public_key, Signatory, Signer};
use crate::view::AccountView;
use spanlight::state::WeightedKey;
use std::sync::Arc;

fn signed(digest: Hash, byte: u8) -> (Address, Given) {
    let key = test_key(byte);
    (key.address(), Given { nonce: 1, digest, signature: key.sign(&digest).unwrap().to_vec() })
}

/// A bridge that does not ask the chain.
const fn plain(operators: &[Address]) -> Counting<'_> {
    Counting { operators, keys: None }
}

/// What is sent first where the votes of `operators` stand so.
fn best(
    signatures: &Signatures,
    state: &NonceState,
    counting: Counting<'_>,
    (threshold, me): (u64, &Address),
) -> Vec<Vec<u8>> {
    let asked = Needed { state, threshold, me, counting, proven: &ProvenKeys::default() };
    signatures.choices(&asked).into_iter().next().map_or_else(Vec::new, |choice| choice.signatures)
}

#[test]
fn what_is_sent_becomes_a_vote_or_makes_the_contract_count_again() {
    let digest = Hash([1; 32]);
    let (operators, given): (Vec<Address>, Vec<Given>) = [5, 6].map(|byte| signed(digest, byte)).into_iter().unzip();
    let mut signatures = Signatures::default();
    signatures.renew(digest, plain(&operators));
    assert!(given.iter().all(|given| signatures.take(given, plain(&operators))));
    let sent = |voted: &[(Address, Hash)]| {
        let state = NonceState { votes: voted.iter().copied().collect(), ..NonceState::default() };
        best(&signatures, &state, plain(&operators), (2, &operators[0]))
    };
    let text = |given: &Given| as_the_contract_reads(&given.signature);
    let (key, other) = (Hash([3; 32]), Hash([4; 32]));
    assert_eq!(sent(&[]).len(), 2);
    assert_eq!(sent(&[(operators[0], key)]), [text(&given[1])]);
    assert_eq!(sent(&[(operators[1], other)]), [text(&given[0])], "passed over by the contract");
    assert_eq!(sent(&[(operators[0], key), (operators[1], key)]), [text(&given[0])], "never none");
}

#[test]
fn a_session_that_starts_again_signs_again_whatever_is_given_out() {
    let digest = Hash([1; 32]);
    let (me, given) = signed(digest, 5);
    let operators = [me];
    let exchange = Exchange::default();
    let begun = || {
        let mut signatures = Signatures::default();
        signatures.renew(digest, plain(&operators));
        signatures
    };
    let mut first = begun();
    assert!(first.take(&given, plain(&operators)));
    assert!(!first.is_signed(&me, &exchange, ("a->b", 1)), "a peer gave it back; nobody else gets it");
    exchange.give("a->b", given);
    assert!(first.is_signed(&me, &exchange, ("a->b", 1)));
    assert!(!begun().is_signed(&me, &exchange, ("a->b", 1)), "the earlier session's is not at hand");
    assert!(best(&begun(), &NonceState::default(), plain(&operators), (1, &me)).is_empty());
}

#[test]
fn only_an_operators_signature_of_exactly_this_digest_counts() {
    let digest = Hash([1; 32]);
    let (operator, good) = signed(digest, 5);
    let (_, outsider) = signed(digest, 6);
    let (_, other_digest) = signed(Hash([2; 32]), 5);
    let relabelled = Given { digest, ..other_digest.clone() };
    let mut high = good.clone();
    let order = U256::from_limbs([0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, 0xffff_ffff_ffff_fffe, u64::MAX]);
    let s = U256::try_from_be_slice(&high.signature[32..64]).unwrap();
    high.signature[32..64].copy_from_slice(&order.wrapping_sub(s).to_be_bytes::<32>());
    high.signature[64] ^= 1;
    let short = Given { signature: good.signature[..64].to_vec(), ..good.clone() };
    let named = Given { signature: [operator.as_bytes(), &good.signature].concat(), ..good.clone() };
    let mut signatures = Signatures::default();
    let operators = [operator];
    signatures.renew(digest, plain(&operators));
    for bad in [outsider, other_digest, relabelled, high, short, named] {
        assert!(!signatures.take(&bad, plain(&operators)), "{bad:?}");
    }
    assert!(signatures.take(&good, plain(&operators)));
    assert!(signatures.take(&good, plain(&operators)));
    assert_eq!(signatures.by_signer.len(), 1, "nobody counts twice");
    signatures.renew(Hash([2; 32]), plain(&operators));
    assert!(signatures.by_signer.is_empty(), "void once the operators changed");
}

/// What the keys with these bytes sign as `account`, whose key is this one.
fn by_keys(digest: Hash, account: Address, key: &AccountKey, bytes: &[u8]) -> Given {
    let keys = bytes.iter().map(|byte| Arc::new(test_key(*byte)) as Arc<dyn Signer>).collect();
    let signatures = Signatory::of(account, keys).sign(&digest).unwrap();
    Given { nonce: 1, digest, signature: written(&account, key, &signatures) }
}

/// The account of key 5 has these keys now; what keys 5 (its old one), 6 and 7 sign for it counts
/// as the chain says.
#[test]
fn where_the_bridge_asks_the_chain_the_accounts_keys_of_now_count_and_no_others() {
    let digest = Hash([1; 32]);
    let (account, old) = signed(digest, 5);
    let operators = [account];
    let weighted = AccountKey::WeightedMultiSig {
        threshold: 2,
        keys: [6, 7].map(|byte| WeightedKey { weight: 1, key: test_public_key(byte) }).to_vec(),
    };
    let roles =
        AccountKey::RoleBased(vec![AccountKey::Public(test_public_key(6)), AccountKey::Public(test_public_key(7))]);
    // The account's key, who signs for it, and who does not.
    type Signers = &'static [u8];
    let cases: [(AccountKey, Option<Signers>, &[Signers]); 5] = [
        (AccountKey::Public(test_public_key(6)), Some(&[6]), &[&[5], &[7], &[6, 6]]),
        (AccountKey::Public(test_public_key(5)), Some(&[5]), &[&[6]]),
        (weighted, Some(&[7, 6]), &[&[5], &[6], &[6, 5], &[6, 7, 5]]),
        (roles, Some(&[6]), &[&[5], &[7]]),
        (AccountKey::Fail, None, &[&[5], &[6]]),
    ];
    for (key, signers, strangers) in cases {
        let keys: Keys = [(account, key.clone())].into();
        let counting = Counting { operators: &operators, keys: Some(&keys) };
        let mut signatures = Signatures::default();
        signatures.renew(digest, counting);
        // Key 5 signs without a name too, whose account that is by its address.
        let is_its_own = key == AccountKey::Public(test_public_key(5));
        assert_eq!(signatures.clone().take(&old, counting), is_its_own, "{key:?}");
        for stranger in strangers {
            assert!(!signatures.take(&by_keys(digest, account, &key, stranger), counting), "{key:?} {stranger:?}");
        }
        assert_eq!(signatures.by_signer.len(), 0);
        let Some(signers) = signers else { continue };
        let good = by_keys(digest, account, &key, signers);
        assert!(signatures.take(&good, counting), "{key:?}");
        assert!(!signatures.clone().take(&Given { signature: vec![0; 20], ..good.clone() }, counting));
        assert_eq!(signatures.signers(counting).collect::<Vec<_>>(), [&account]);
        let sent = best(&signatures, &NonceState::default(), counting, (1, &account));
        assert_eq!(sent[0].len(), 20 + 65 * signers.len());
        assert!(sent[0].starts_with(account.as_bytes()) && [27, 28].contains(sent[0].last().unwrap()));
        // The key is replaced after the signature came in.
        signatures.complete_at = Some(7);
        signatures.renew(digest, counting);
        assert_eq!((signatures.by_signer.len(), signatures.complete_at), (1, Some(7)));
        let replaced: Keys = [(account, AccountKey::Fail)].into();
        signatures.renew(digest, Counting { keys: Some(&replaced), ..counting });
        assert_eq!((signatures.by_signer.len(), signatures.complete_at), (0, None));
    }
}

#[test]
fn nobody_counts_whose_account_is_not_proven_or_who_is_no_operator() {
    let digest = Hash([1; 32]);
    let (account, given) = signed(digest, 5);
    let keys: Keys = [(account, AccountKey::Legacy)].into();
    let mut signatures = Signatures::default();
    let (operators, nobody) = ([account], Keys::new());
    for counting in
        [Counting { operators: &operators, keys: Some(&nobody) }, Counting { operators: &[], keys: Some(&keys) }]
    {
        signatures.renew(digest, counting);
        assert!(!signatures.take(&given, counting));
    }
    let counting = Counting { operators: &operators, keys: Some(&keys) };
    signatures.renew(digest, counting);
    let many = Given { signature: [account.as_bytes(), &given.signature.repeat(11)].concat(), ..given.clone() };
    assert!(!signatures.take(&many, counting), "more keys than an account has");
    assert!(signatures.take(&given, counting), "an account with the key of its address");
}

/// An account may have so many keys; a peer gives no more signatures in its name.
#[test]
fn no_more_signatures_are_looked_at_than_an_account_has_keys() {
    let digest = Hash([1; 32]);
    let (account, given) = signed(digest, 5);
    let weighted = |count: u8| AccountKey::WeightedMultiSig {
        threshold: 1,
        keys: (5..5 + count).map(|byte| WeightedKey { weight: 1, key: test_public_key(byte) }).collect(),
    };
    let operators = [account];
    for (key, expected) in [
        (AccountKey::Legacy, Some(1)),
        (AccountKey::Public(test_public_key(6)), Some(1)),
        (weighted(3), Some(3)),
        (AccountKey::RoleBased(vec![weighted(2), weighted(4)]), Some(2)),
        (AccountKey::Fail, Some(0)),
    ] {
        let keys: Keys = [(account, key)].into();
        let counting = Counting { operators: &operators, keys: Some(&keys) };
        assert_eq!(counting.most_signatures(&account), expected);
        assert_eq!(counting.most_signatures(&Address([9; 20])), None, "no operator");
        assert_eq!(Counting { operators: &[], ..counting }.most_signatures(&account), None);
    }
    assert_eq!(plain(&operators).most_signatures(&account), None, "there a name means nothing");
    // One that is at hand is not checked again, however it is written.
    let keys: Keys = [(account, weighted(2))].into();
    let counting = Counting { operators: &operators, keys: Some(&keys) };
    let mut signatures = Signatures::default();
    signatures.renew(digest, counting);
    assert!(signatures.take(&by_keys(digest, account, &keys[&account], &[5]), counting));
    let junk = Given { signature: [account.as_bytes(), &[7; 130]].concat(), ..given };
    assert!(signatures.take(&junk, counting));
    assert_eq!(best(&signatures, &NonceState::default(), counting, (1, &account))[0].len(), 85);
}

/// One of four changes its key all the time; three decide.
#[test]
fn those_are_sent_whose_key_stands_longest_and_no_more_than_are_needed() {
    let digest = Hash([1; 32]);
    let (mut operators, given): (Vec<Address>, Vec<Given>) =
        [5, 6, 7, 8].map(|byte| signed(digest, byte)).into_iter().unzip();
    operators.sort_unstable();
    let (flips, me) = (operators[0], operators[1]);
    let mut proven = ProvenKeys::default();
    let account = |key| AccountView { exists: true, key, ..AccountView::default() };
    for head in 0..9 {
        let of = |operator: &Address| {
            if *operator == flips && head % 2 == 0 {
                AccountKey::Fail
            } else {
                AccountKey::Legacy
            }
        };
        proven.learn(head, operators.iter().map(|operator| (*operator, account(of(operator)))).collect());
    }
    for head in 9..200 {
        proven.learn(head, operators.iter().map(|operator| (*operator, account(AccountKey::Legacy))).collect());
    }
    let counted = proven.counted().clone();
    let counting = Counting { operators: &operators, keys: Some(&counted) };
    let mut signatures = Signatures::default();
    signatures.renew(digest, counting);
    assert!(given.iter().all(|given| signatures.take(given, counting)));
    let state = NonceState::default();
    let asked = Needed { state: &state, threshold: 3, me: &me, counting, proven: &proven };
    let choices = signatures.choices(&asked);
    let signers = |choice: &Choice| choice.keys.iter().map(|(signer, _)| *signer).collect::<Vec<_>>();
    assert_eq!(signers(&choices[0]), operators[1..], "in order, and without it");
    assert_eq!(choices[0].signatures.len(), 3);
    assert_eq!(choices[0].doubtful, Some(operators[3]));
    // Where one of those is refused, each is left out once, the last one first.
    assert_eq!(choices.len(), 4);
    for (choice, left_out) in choices[1..].iter().zip(operators[1..].iter().rev()) {
        assert_eq!(choice.doubtful, Some(*left_out));
        assert!(!signers(choice).contains(left_out) && signers(choice).contains(&flips));
    }
    // What stands already is not needed again.
    let state = NonceState { votes: [(operators[3], Hash([3; 32]))].into(), counted: 1, ..state };
    let choices = signatures.choices(&Needed { state: &state, ..asked });
    assert_eq!((choices.len(), signers(&choices[0])), (3, operators[1..3].to_vec()));
    // With no more than are needed there is no other choice.
    assert_eq!(signatures.choices(&Needed { threshold: 4, state: &NonceState::default(), ..asked }).len(), 1);
    // What is sent is known by its keys.
    signatures.note_sent(&choices[0]);
    assert!(!proven.has_replaced(signatures.sent()));
    proven.learn(200, vec![(operators[1], account(AccountKey::Fail))]);
    assert!(proven.has_replaced(signatures.sent()));
}

/// A signer that is doubted is not sent for any other transfer either.
#[test]
fn who_is_doubted_counts_for_no_transfer() {
    let digest = Hash([1; 32]);
    let (account, given) = signed(digest, 5);
    let operators = [account];
    let mut proven = ProvenKeys::default();
    proven.learn(1, vec![(account, AccountView { exists: true, ..AccountView::default() })]);
    let mut signatures = Signatures::default();
    let counting = |proven: &ProvenKeys| proven.counted().clone();
    let keys = counting(&proven);
    signatures.renew(digest, Counting { operators: &operators, keys: Some(&keys) });
    assert!(signatures.take(&given, Counting { operators: &operators, keys: Some(&keys) }));
    proven.doubt(&account);
    let keys = counting(&proven);
    assert_eq!(signatures.signers(Counting { operators: &operators, keys: Some(&keys) }).count(), 0);
}
