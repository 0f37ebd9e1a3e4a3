//! The real bridge of version 2, executed, served over HTTP and verified as anybody would: votes by signature, a token that cannot
//! be delivered, and its claim.

use serde_json::{json, Value as Json};
use spanlight::bridge::{expected_call, HandleCall, SignedHandle, SigningDomain};
use spanlight::consensus::FollowMode;
use spanlight::primitives::{decode_hex, encode_hex, Hash};
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

/// The first `count` operators sign, ascending; the contract's own digest is the core's.
fn signed(pair: &Pair, call: &HandleCall, count: usize) -> SignedHandle {
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
