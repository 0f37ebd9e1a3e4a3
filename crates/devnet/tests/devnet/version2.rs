//! The real bridge of version 2, executed, served over HTTP and verified as anybody would: votes by signature, a token that cannot
//! be delivered, and its claim.

use serde_json::{json, Value as Json};
use spanlight::bridge::{expected_call, HandleCall, SignedHandle, SigningDomain};
use spanlight::consensus::FollowMode;
use spanlight::primitives::{decode_hex, encode_hex, Hash};
use spanlight::state::{AccountKey, WeightedKey};
use spanlight::verdict::{Note, State, TransferVerdict, Verdict};
use spanlight::{Trust, U256};
use spanlight_devnet::pair::{Requested, Side, Value, COIN, DEPLOYER, OUTSIDER, USERS};
use spanlight_devnet::wallet::Sending;
use spanlight_devnet::{abi, wallet, Pair, PairConfig};
use spanlight_forge::keys;
use spanlight_prover::http::{Http, HttpLimits};
use spanlight_prover::{prove, sync, Cancel, Ends, Node, ProveOptions, Silent, Subject, SyncOptions, Time, Transport};
use std::future::Future;
use std::task::{Context, Poll, Waker};

/// HTTP blocks the thread, so every future is ready when it is polled.
fn block_on<F: Future>(future: F) -> F::Output {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a blocking transport is never pending"),
    }
}

fn http(pair: &Pair, side: Side) -> Http {
    Http::new(&pair.chain(side).url(), HttpLimits::default(), Cancel::default()).unwrap()
}

/// Follows both chains over HTTP, proves the transfer, and gives the verdict of the public `verify` on the bundle.
fn judged(pair: &Pair, from: Side, nonce: u64) -> TransferVerdict {
    let trust: Trust = pair.trust().unwrap();
    let now = pair.main.time().max(pair.service.time()) + 1;
    let transports = [http(pair, Side::Main), http(pair, Side::Service)];
    let nodes: Vec<_> =
        transports.iter().zip(&trust.chains).map(|(http, chain)| Node::new(http, &chain.profile)).collect();
    let options = SyncOptions { to: None, mode: FollowMode::Full, deep: false, time: Time::Fixed(now) };
    let synced: Vec<_> = nodes
        .iter()
        .zip(&trust.chains)
        .map(|(node, chain)| block_on(sync(node, chain, options, &Silent)).unwrap())
        .collect();
    let (source, destination) = if from == Side::Main { (0, 1) } else { (1, 0) };
    let ends = Ends {
        trust: &trust,
        source: (&nodes[source], &synced[source]),
        destination: (&nodes[destination], &synced[destination]),
    };
    let proof = block_on(prove(&ends, Subject::Nonce(nonce), ProveOptions::at(now), &Silent)).unwrap();
    spanlight::verify(&proof.bundle, &trust, now).unwrap().transfers.remove(0)
}

fn handled(transfer: &TransferVerdict) -> Vec<&Note> {
    match &transfer.verdict {
        Verdict::Proven { state: State::Handled { .. }, notes } => notes.iter().collect(),
        other => panic!("{other:?}"),
    }
}

fn read(pair: &Pair, input: &[u8]) -> Vec<u8> {
    let call = json!({ "to": pair.service_end.bridge, "data": encode_hex(input) });
    let answer: Json = block_on(http(pair, Side::Service).call("eth_call", json!([call, "latest"]))).unwrap();
    decode_hex(answer.as_str().unwrap()).unwrap()
}

/// What operators sign; the contract's own digest is the core's.
fn digest_of(pair: &Pair, call: &HandleCall) -> Hash {
    let word = |bytes: Vec<u8>| Hash::from_slice(&bytes).unwrap();
    let epoch = u64::try_from(word(read(pair, &abi::call("operatorEpoch()", &[]))).to_u256()).unwrap();
    let domain = SigningDomain {
        source_chain_id: pair.main.chain().config().chain_id,
        source_bridge: pair.main_end.bridge,
        chain_id: pair.service.chain().config().chain_id,
        bridge: pair.service_end.bridge,
    };
    let digest = domain.digest(call, epoch);
    assert_eq!(word(read(pair, &digest_call(call))), digest);
    digest
}

/// The first `count` operators sign, ascending.
fn signed(pair: &Pair, call: &HandleCall, count: usize) -> SignedHandle {
    let digest = digest_of(pair, call);
    let mut signers: Vec<u64> = pair.operators.iter().map(|keys| keys.service).take(count).collect();
    signers.sort_unstable_by_key(|key| keys::address(*key));
    let signatures = signers.iter().map(|key| keys::sign_for_contract(*key, &digest)).collect();
    SignedHandle { call: call.clone(), signatures }
}

/// `signingDigest(transfer)`: the tuple is that of `handleWithSignatures`, alone behind its offset.
fn digest_call(call: &HandleCall) -> Vec<u8> {
    let whole = SignedHandle { call: call.clone(), signatures: Vec::new() }.encode();
    let tuple = &whole[4 + 2 * 32..];
    let selector =
        &abi::call("signingDigest((uint8,bytes32,address,address,address,uint256,uint64,uint64,string,bytes))", &[])
            [..4];
    [selector, &Hash::from_u256(U256::from(32u64)).0, tuple].concat()
}

fn bring(pair: &Pair, signed: &SignedHandle) -> spanlight::receipt::Receipt {
    let sending = Sending::call(pair.service_end.bridge, signed.encode());
    pair.execute(Side::Service, OUTSIDER, &sending).unwrap().1
}

#[test]
fn coin_crosses_by_signatures_that_an_outsider_brings() {
    let pair = Pair::start(PairConfig::default()).unwrap();
    let bob = pair.user(USERS[1]);
    let before = pair.service.balance(&bob);
    let request = pair.request(Side::Main, USERS[0], bob, Value::Coin(COIN)).unwrap();
    let call = pair.honest_call(&request);

    // Two of three are not enough, and stay counted; a signature twice, or of an outsider, is refused.
    let mut twice = signed(&pair, &call, 2);
    twice.signatures[1] = twice.signatures[0].clone();
    assert!(!bring(&pair, &twice).is_success());
    assert!(bring(&pair, &signed(&pair, &call, 2)).is_success());
    let waiting = judged(&pair, Side::Main, 0);
    assert_eq!(waiting.verdict.state(), Some(&State::Voting { votes: 2, of: 3 }));
    assert!(bring(&pair, &signed(&pair, &call, 3)).is_success());
    assert_eq!(pair.service.balance(&bob), before + COIN);

    let transfer = judged(&pair, Side::Main, 0);
    let notes = handled(&transfer);
    assert!(notes.contains(&&Note::VotesBySignatures), "{notes:?}");
    assert!(transfer.verdict.is_clean(), "{notes:?}");
    let shown = transfer.facts.votes.unwrap().operators;
    let execution = transfer.facts.execution.unwrap();
    assert_eq!(execution.sender, Some(keys::address(OUTSIDER)));
    assert_eq!(shown.iter().filter(|one| one.transaction.map(|t| t.hash) == Some(execution.transaction)).count(), 3);

    // A late vote succeeds without a trace.
    assert!(pair.vote(3, Side::Service, &call).unwrap().1.is_success());
    assert_eq!(judged(&pair, Side::Main, 0).facts.votes.unwrap().operators.len(), 3);
}

/// A token on the service chain that the bridge may not mint, registered as the main token's counterpart.
fn token_that_cannot_be_minted(pair: &Pair) -> spanlight::Address {
    let artifact: Json =
        serde_json::from_str(include_str!("../../../../contracts/artifacts/ServiceChainToken.json")).unwrap();
    let code = decode_hex(artifact["bytecode"].as_str().unwrap()).unwrap();
    let token = wallet::created(&keys::address(DEPLOYER), pair.service.chain().pending_nonce(&keys::address(DEPLOYER)));
    let input = [code, abi::encode(&[pair.service_end.bridge.into()])].concat();
    assert!(pair.execute(Side::Service, DEPLOYER, &Sending { input, ..Sending::default() }).unwrap().1.is_success());
    let (bridge, own) = (pair.main_end.bridge, pair.main_end.erc20);
    for input in [
        abi::call("deregisterToken(address)", &[own.into()]),
        abi::call("registerToken(address,address)", &[own.into(), token.into()]),
    ] {
        assert!(pair.execute(Side::Main, DEPLOYER, &Sending::call(bridge, input)).unwrap().1.is_success());
    }
    token
}

fn call_for(request: &Requested, token: spanlight::Address) -> HandleCall {
    expected_call(&request.event, request.hash, request.block, token)
}

#[test]
fn a_token_that_cannot_be_delivered_is_claimed() {
    let pair = Pair::start(PairConfig::default()).unwrap();
    let token = token_that_cannot_be_minted(&pair);
    let bob = USERS[1];
    let request = pair.request(Side::Main, USERS[0], pair.user(bob), Value::Erc20(COIN)).unwrap();
    let receipt = bring(&pair, &signed(&pair, &call_for(&request, token), 3));
    assert!(receipt.is_success());

    let transfer = judged(&pair, Side::Main, 0);
    assert!(!transfer.verdict.is_clean());
    let claim = handled(&transfer).into_iter().find_map(Note::claim).expect("a claim").clone();
    assert_eq!((claim.recipient, claim.token, claim.amount), (pair.user(bob), token, Some(COIN)));
    assert!(!claim.claimed);

    // Once the bridge may mint, anybody sends it to the recipient, and only there.
    let minter = abi::call("addMinter(address)", &[pair.service_end.bridge.into()]);
    assert!(pair.execute(Side::Service, DEPLOYER, &Sending::call(token, minter)).unwrap().1.is_success());
    let take = |to| {
        let take = abi::call("claim(uint64,address)", &[0u64.into(), pair.user(to).into()]);
        Sending::call(pair.service_end.bridge, take)
    };
    assert!(!pair.execute(Side::Service, OUTSIDER, &take(OUTSIDER)).unwrap().1.is_success());
    assert!(pair.execute(Side::Service, OUTSIDER, &take(bob)).unwrap().1.is_success());
    let transfer = judged(&pair, Side::Main, 0);
    assert!(!transfer.verdict.is_clean());
    assert!(handled(&transfer).into_iter().find_map(Note::claim).expect("a claim").claimed);
}

/// Votes end with the registration in which they were cast, and signatures with the set of operators.
#[test]
fn an_operator_registered_anew_must_vote_again() {
    let pair = Pair::start(PairConfig::default()).unwrap();
    let request = pair.request(Side::Main, USERS[0], pair.user(USERS[1]), Value::Coin(COIN)).unwrap();
    let call = pair.honest_call(&request);
    let stale = signed(&pair, &call, 3);
    for operator in [0, 1] {
        assert!(pair.vote(operator, Side::Service, &call).unwrap().1.is_success());
    }
    let first = keys::address(pair.operators[0].service);
    for change in ["deregisterOperator(address)", "registerOperator(address)"] {
        let sending = Sending::call(pair.service_end.bridge, abi::call(change, &[first.into()]));
        assert!(pair.execute(Side::Service, DEPLOYER, &sending).unwrap().1.is_success());
    }
    assert!(!bring(&pair, &stale).is_success());
    assert_eq!(judged(&pair, Side::Main, 0).verdict.state(), Some(&State::Voting { votes: 1, of: 3 }));
    assert!(pair.vote(2, Side::Service, &call).unwrap().1.is_success());
    assert!(pair.vote(3, Side::Service, &call).unwrap().1.is_success());
    let transfer = judged(&pair, Side::Main, 0);
    assert_eq!(transfer.verdict.state(), Some(&State::Handled { votes: 3, of: 3 }));
    assert!(transfer.verdict.is_clean(), "{:?}", handled(&transfer));
}

/// Sets the key of an operator's account on the service chain.
fn update_key(pair: &Pair, operator: u64, key: &AccountKey, signers: &[u64]) {
    let account = keys::address(operator);
    let raw = wallet::update_key(&pair.service.chain(), &account, key, signers);
    let hash = pair.service.send(&raw).unwrap();
    assert!(pair.service.wait_for(&hash).unwrap().is_success());
}

/// As the contract reads it: the account, then the signatures of its keys.
fn named(account: u64, signers: &[u64], digest: &Hash) -> Vec<u8> {
    let signatures = signers.iter().flat_map(|key| keys::sign_for_contract(*key, digest));
    keys::address(account).as_bytes().iter().copied().chain(signatures).collect()
}

/// A thief has the keys that operators replaced: what they sign counts for nobody, and nobody is
/// accused of it. What the accounts' keys of now sign does count.
#[test]
fn a_replaced_key_votes_no_more_and_the_new_one_does() {
    let pair = Pair::start(PairConfig::default()).unwrap();
    let request = pair.request(Side::Main, USERS[0], pair.user(USERS[1]), Value::Coin(COIN)).unwrap();
    let call = pair.honest_call(&request);
    let mut operators: Vec<u64> = pair.operators.iter().map(|keys| keys.service).collect();
    operators.sort_unstable_by_key(|key| keys::address(*key));
    let old = signed(&pair, &call, 3);
    let public = |key| AccountKey::Public(keys::compressed_public_key(key));
    let weighted = AccountKey::WeightedMultiSig {
        threshold: 2,
        keys: [801, 802, 803].map(|key| WeightedKey { weight: 1, key: keys::compressed_public_key(key) }).to_vec(),
    };
    let roles = AccountKey::RoleBased(vec![public(901), public(902), AccountKey::Fail]);
    for (operator, key) in operators.iter().zip([public(700), weighted, roles, AccountKey::Fail]) {
        update_key(&pair, *operator, &key, &[*operator]);
    }
    assert!(!bring(&pair, &old).is_success(), "each of them is a replaced key's");
    let stolen = |place: usize| SignedHandle { call: call.clone(), signatures: vec![old.signatures[place].clone()] };
    for place in 0..3 {
        assert!(!bring(&pair, &stolen(place)).is_success());
    }
    assert_eq!(judged(&pair, Side::Main, 0).verdict.state(), Some(&State::Requested));

    let digest = digest_of(&pair, &call);
    let [first, second, third, dead] = operators.as_slice() else { panic!("four operators") };
    let bring_one = |signature| bring(&pair, &SignedHandle { call: call.clone(), signatures: vec![signature] });
    for bad in [
        named(*first, &[*first], &digest),
        named(*second, &[801], &digest),
        named(*third, &[902], &digest),
        named(*dead, &[*dead], &digest),
    ] {
        assert!(!bring_one(bad).is_success());
    }
    let mut good =
        [named(*first, &[700], &digest), named(*second, &[803, 801], &digest), named(*third, &[901], &digest)].to_vec();
    good.sort_unstable();
    assert!(bring(&pair, &SignedHandle { call: call.clone(), signatures: good }).is_success());
    let transfer = judged(&pair, Side::Main, 0);
    assert_eq!(transfer.verdict.state(), Some(&State::Handled { votes: 3, of: 3 }));
    assert!(handled(&transfer).contains(&&Note::VotesBySignatures) && transfer.verdict.is_clean());
    let voted = transfer.facts.votes.unwrap().operators;
    assert!(voted.iter().all(|one| one.address != keys::address(*dead)), "{voted:?}");
}

/// The key of an account that votes by calls is the chain's business: what is in a block was signed
/// by it.
#[test]
fn calls_of_an_account_with_another_key_are_judged_like_any() {
    let pair = Pair::start(PairConfig::default()).unwrap();
    let request = pair.request(Side::Main, USERS[0], pair.user(USERS[1]), Value::Coin(COIN)).unwrap();
    let call = pair.honest_call(&request);
    let replaced = pair.operators[0].service;
    update_key(&pair, replaced, &AccountKey::Public(keys::compressed_public_key(700)), &[replaced]);
    assert!(pair.vote(0, Side::Service, &call).is_err(), "Ethereum's types know the address's own key alone");
    let sending = Sending::call(pair.service_end.bridge, call.encode());
    let raw = wallet::sign_as(&pair.service.chain(), &keys::address(replaced), &[700], &sending);
    let hash = pair.service.send(&raw).unwrap();
    assert!(pair.service.wait_for(&hash).unwrap().is_success());
    for operator in [1, 2] {
        assert!(pair.vote(operator, Side::Service, &call).unwrap().1.is_success());
    }
    let transfer = judged(&pair, Side::Main, 0);
    assert_eq!(transfer.verdict.state(), Some(&State::Handled { votes: 3, of: 3 }));
    assert!(transfer.verdict.is_clean(), "{:?}", handled(&transfer));
}

/// On a chain of Ethereum's kind an account is its key, and a name before a signature means
/// nothing.
#[test]
fn a_chain_without_account_keys_takes_plain_signatures_only() {
    let mut config = PairConfig::default();
    config.service.account_keys = false;
    let pair = Pair::start(config).unwrap();
    let request = pair.request(Side::Main, USERS[0], pair.user(USERS[1]), Value::Coin(COIN)).unwrap();
    let call = pair.honest_call(&request);
    let first = pair.operators[0].service;
    let name = named(first, &[first], &digest_of(&pair, &call));
    assert!(!bring(&pair, &SignedHandle { call: call.clone(), signatures: vec![name] }).is_success());
    assert!(bring(&pair, &signed(&pair, &call, 3)).is_success());
    assert_eq!(judged(&pair, Side::Main, 0).verdict.state(), Some(&State::Handled { votes: 3, of: 3 }));
}
