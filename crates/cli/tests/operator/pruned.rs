//! Nodes that have thrown old states away: what they cannot show keeps nothing else back, and a restart needs none of it.

use crate::liar::Liar;
use crate::rig::{tail, Plan, Rig};
use spanlight::bridge::events::topic;
use spanlight::bridge::{HandleCall, RequestEvent, TokenType};
use spanlight::commitment::CommitmentForm;
use spanlight::primitives::{Hash, U256};
use spanlight_devnet::abi;
use spanlight_devnet::pair::{Side, Value, COIN, DEPLOYER, OUTSIDER, USERS};
use spanlight_devnet::wallet::Sending;
use spanlight_devnet::NodeKind;
use spanlight_forge::keys;
use spanlight_operator::store::Store;
use std::time::{Duration, Instant};

const LONGEST: Duration = Duration::from_secs(60);

/// What the nodes lack is said by the test.
fn archives(name: &'static str) -> Plan {
    Plan { node: NodeKind::Archive, ..Plan::new(name) }
}

/// One operator, alone, with one node for each chain.
fn rig(name: &'static str, voting: &str) -> (Rig, [Liar; 2]) {
    let plan = Plan { operators: 1, threshold: 1, block: Duration::from_millis(100), ..archives(name) };
    let mut rig = Rig::new(Plan { voting: voting.to_owned(), ..plan });
    let nodes = [&rig.pair.main, &rig.pair.service].map(|chain| Liar::to(&chain.url()));
    rig.operators.clear();
    rig.add_operator(0, &[nodes[0].url(), nodes[1].url()]);
    (rig, nodes)
}

fn wait(rig: &Rig, what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < LONGEST, "{what}\n{}", tail(&rig.log(0)));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The newest checkpoint of a chain that a start of `main->service` may begin at.
fn newest_checkpoint(rig: &Rig, chain: &str) -> u64 {
    let url = format!("sqlite:{}", rig.operators[0].folder.join("operator.db").display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let found = runtime.block_on(async {
        let store = Store::open_beside(&url).await.unwrap();
        store.resume("main->service", chain, u64::MAX).await.unwrap()
    });
    found.map_or(0, |resume| resume.checkpoint.number)
}

/// Both chains' nodes keep the states of 128 blocks, and nobody has more: the receipts show the
/// requests, and later states the count and the registry.
#[test]
fn an_operator_that_was_away_needs_full_nodes_only() {
    let plan = Plan { operators: 1, threshold: 1, block: Duration::from_millis(100), ..Plan::new("away") };
    let mut rig = Rig::new(plan);
    rig.start_all();
    rig.request(Side::Main, 1);
    rig.wait_handled(Side::Main, LONGEST);
    rig.kill(0);
    for number in 0..4 {
        rig.request(Side::Main, number);
        rig.request(Side::Service, 3 * number);
    }
    let requested = [rig.pair.main.height(), rig.pair.service.height()];
    for chain in [&rig.pair.main, &rig.pair.service] {
        chain.mine_many(300).unwrap();
    }
    // One more request, which names a state that is kept, and a block of the past beside it.
    rig.request(Side::Main, 4);
    for (chain, block) in [&rig.pair.main, &rig.pair.service].into_iter().zip(requested) {
        let bridge = rig.pair.end(if chain.url() == rig.pair.main.url() { Side::Main } else { Side::Service }).bridge;
        let params = [serde_json::json!(bridge), serde_json::json!([]), serde_json::json!(format!("{block:#x}"))];
        assert!(block % 128 == 0 || chain.node().call("kaia_getProof", &params).is_err(), "the node is a full one");
    }
    rig.start(0, &[]);
    for from in [Side::Main, Side::Service] {
        rig.wait_handled(from, LONGEST);
        rig.assert_all_handled_once(from);
    }
    assert!(!rig.log(0).contains("ALARM"), "{}", tail(&rig.log(0)));
}

/// A token's request, and in a later block a log that looks like a change of its registry entry:
/// the request's nonce, and both blocks. A contract of a stranger's own tells of the change as it
/// is made, and a request of dust beside it names the bridge.
fn request_with_decoy(rig: &Rig) -> (u64, u64, u64) {
    let honest = rig.request(Side::Main, 1);
    let (main, token) = (&rig.pair.main, rig.pair.end(Side::Main).erc20);
    main.node().call("devnet_stopSealing", &[]).unwrap();
    let parts: [&[u8]; 5] =
        [&[0x7f], &token.to_word().0, &[0x7f], &topic::TOKEN_REGISTERED.0, &[0x5f, 0x5f, 0xa2, 0x00]];
    let decoy = Sending { to: None, value: U256::ZERO, input: parts.concat(), gas: Some(200_000) };
    let decoy = rig.pair.submit(Side::Main, OUTSIDER, &decoy).unwrap();
    let dust = rig.pair.request_call(Side::Main, rig.pair.user(USERS[0]), Value::Coin(U256::from(1)));
    let dust = rig.pair.submit(Side::Main, USERS[0], &dust).unwrap();
    main.node().call("devnet_resumeSealing", &[]).unwrap();
    assert_eq!(main.wait_for(&decoy).unwrap().logs.len(), 1);
    main.wait_for(&dust).unwrap();
    let block = main.chain().place_of(&decoy).unwrap().0;
    (honest.event.nonce, honest.block, block)
}

/// Anybody can put the words of a registry change into a block's log filter. They hold no request
/// back, also on a chain that commits to receipts by tries. The core's tests have the other forms.
#[test]
fn logs_that_look_like_a_registry_change_keep_no_request_back() {
    let plan = Plan { operators: 1, threshold: 1, block: Duration::from_millis(100), ..Plan::new("decoy") };
    let mut rig = Rig::new(Plan { main_form: CommitmentForm::Trie, ..plan });
    // No state that full nodes keep for good may lie before the decoy.
    let nonce = loop {
        let (nonce, requested, decoy) = request_with_decoy(&rig);
        if requested % 128 != 0 && requested / 128 == decoy / 128 {
            break nonce;
        }
    };
    rig.pair.main.mine_many(300).unwrap();
    rig.start_all();
    wait(&rig, "the token's request waits", || rig.is_closed(Side::Service, nonce));
    rig.wait_handled(Side::Main, LONGEST);
    assert!(!rig.log(0).contains("ALARM"), "{}", tail(&rig.log(0)));
}

/// Registers another counterpart of the main chain's token: a request of before needs a state of
/// before.
fn change_the_registry(rig: &Rig) {
    let (main, service) = (*rig.pair.end(Side::Main), *rig.pair.end(Side::Service));
    for (call, arguments) in [
        ("deregisterToken(address)", vec![main.erc20.into()]),
        ("registerToken(address,address)", vec![main.erc20.into(), service.erc721.into()]),
    ] {
        let input = abi::call(call, &arguments);
        let sending = Sending { to: Some(main.bridge), value: U256::ZERO, input, gas: None };
        assert!(rig.pair.execute(Side::Main, DEPLOYER, &sending).unwrap().1.is_success(), "{call}");
    }
}

/// A token's and a coin's request in one block: their nonces and the block.
fn two_in_a_block(rig: &Rig) -> (u64, u64, u64) {
    let main = &rig.pair.main;
    main.node().call("devnet_stopSealing", &[]).unwrap();
    let ask = |user: u64, value| {
        let call = rig.pair.request_call(Side::Main, rig.pair.user(user), value);
        rig.pair.submit(Side::Main, user, &call).unwrap()
    };
    let hashes = [ask(USERS[1], Value::Erc20(U256::from(77))), ask(USERS[2], Value::Coin(COIN))];
    main.node().call("devnet_resumeSealing", &[]).unwrap();
    let found = hashes.map(|hash| {
        let receipt = main.wait_for(&hash).unwrap();
        let event = receipt.logs.iter().find_map(|log| RequestEvent::decode(log).ok()).unwrap();
        (event.nonce, main.chain().place_of(&hash).unwrap().0)
    });
    assert_eq!(found[0].1, found[1].1);
    (found[0].0, found[1].0, found[0].1)
}

#[test]
fn a_block_without_state_keeps_nothing_else_back_and_is_never_forgotten() {
    let (mut rig, nodes) = rig("poisoned", "");
    let (nonce, beside, block) = two_in_a_block(&rig);
    change_the_registry(&rig);
    nodes[0].prune(Some(rig.pair.main.height()));
    let later = rig.request(Side::Main, 3).event.nonce;
    rig.start_all();
    wait(&rig, "later ones wait", || rig.is_closed(Side::Service, later));
    wait(&rig, "the coin beside it waits", || rig.is_closed(Side::Service, beside));
    assert!(!rig.is_closed(Side::Service, nonce));
    let named = format!("block {block} of main cannot be read (rpc.pruned): add an archive endpoint");
    wait(&rig, "the block is not named", || rig.log(0).contains(&named));
    let shown = format!("block {block} cannot be read");
    wait(&rig, "it is not pending", || rig.ask(0, &["pending"]).contains(&shown));
    // Checkpoints go on, and none makes a restart forget it.
    wait(&rig, "no checkpoint", || newest_checkpoint(&rig, "main") > later + block);
    rig.kill(0);
    rig.start(0, &[]);
    let third = rig.request(Side::Main, 6).event.nonce;
    wait(&rig, "nothing goes on after the restart", || rig.is_closed(Side::Service, third));
    wait(&rig, "it is forgotten", || rig.ask(0, &["pending"]).contains(&shown));
    nodes[0].prune(None);
    rig.wait_handled(Side::Main, LONGEST);
    rig.assert_all_handled(Side::Main);
    assert_eq!(rig.votes(Side::Service), (4, 0));
}

/// Anybody can make a block that is too large or too slow for every endpoint to serve.
#[test]
fn a_block_that_no_endpoint_serves_keeps_nothing_else_back_in_either_direction() {
    let (mut rig, nodes) = rig("unserved", "");
    let poison = rig.request(Side::Main, 0);
    let (nonce, block) = (poison.event.nonce, poison.block);
    nodes[0].withhold_receipts(Some(block));
    rig.start_all();
    let later = rig.request(Side::Main, 3).event.nonce;
    wait(&rig, "later ones wait", || rig.is_closed(Side::Service, later));
    let back = rig.request(Side::Service, 0).event.nonce;
    wait(&rig, "the other direction waits", || rig.is_closed(Side::Main, back));
    assert!(!rig.is_closed(Side::Service, nonce));
    // One direction searches it for requests, the other one watches what is done there.
    let unread = |direction: &str| rig.status(0)["directions"][direction]["alarms"]["unread_block"] == 1;
    wait(&rig, "it is not told", || unread("main->service") && unread("service->main"));
    let named = format!("block {block} of main cannot be read (rpc.transport)");
    assert!(rig.log(0).contains(&named), "{}", tail(&rig.log(0)));
    // Nobody can say what it holds; the proven count says that something is missing.
    wait(&rig, "it is not pending", || rig.ask(0, &["pending"]).contains("a block that cannot be read may hold it"));
    nodes[0].withhold_receipts(None);
    rig.wait_handled(Side::Main, LONGEST);
    rig.assert_all_handled(Side::Main);
}

#[test]
fn a_request_that_stays_open_is_proven_after_a_restart_though_its_state_is_gone() {
    let (mut rig, nodes) = rig("kept", "retry_blocks = 4");
    rig.start_all();
    let much = COIN.saturating_mul(U256::from(5_000u64));
    let user = rig.pair.user(USERS[0]);
    let large = rig.pair.request(Side::Main, USERS[0], user, Value::Coin(much)).unwrap();
    wait(&rig, "it is not parked", || rig.ask(0, &["pending"]).contains("parked"));
    rig.kill(0);
    nodes[0].prune(Some(rig.pair.main.height()));
    rig.start(0, &[]);
    rig.request(Side::Main, 3);
    let bridge = rig.pair.end(Side::Service).bridge;
    let charge = Sending { to: Some(bridge), value: much, input: abi::call("chargeWithoutEvent()", &[]), gas: None };
    rig.pair.execute(Side::Service, DEPLOYER, &charge).unwrap();
    wait(&rig, "the large one waits", || rig.is_closed(Side::Service, large.event.nonce));
    rig.wait_handled(Side::Main, LONGEST);
    rig.assert_all_handled(Side::Main);
    assert!(!rig.log(0).contains("unread_block"), "{}", rig.log(0));
}

/// A vote for what nobody requested.
fn invented(rig: &Rig, nonce: u64) -> HandleCall {
    let user = rig.pair.user(USERS[0]);
    HandleCall {
        token_type: TokenType::Coin,
        request_tx_hash: Hash([0x66; 32]),
        from: user,
        to: user,
        token: None,
        value: COIN,
        nonce,
        request_block: rig.pair.main.height(),
        token_uri: None,
        extra: vec![],
    }
}

/// Two operators on nodes that may lack states; the second one's key is in the hands of a thief.
fn rig_with_thief(name: &'static str) -> (Rig, [Liar; 2], String) {
    let plan = Plan { operators: 2, threshold: 2, block: Duration::from_millis(100), ..archives(name) };
    let mut rig = Rig::new(plan);
    let nodes = [&rig.pair.main, &rig.pair.service].map(|chain| Liar::to(&chain.url()));
    rig.operators.clear();
    rig.add_operator(0, &[nodes[0].url(), nodes[1].url()]);
    let thief = keys::address(rig.pair.operator(1, Side::Service).unwrap());
    (rig, nodes, format!("{thief} voted for what nobody requested"))
}

#[test]
fn states_of_the_past_are_needed_on_neither_side() {
    let (mut rig, nodes, named) = rig_with_thief("full-nodes");
    let url = [rig.pair.main.url(), rig.pair.service.url()];
    rig.add_operator(1, &url);
    rig.start_all();
    for number in 0..3 {
        rig.request(Side::Main, number * 3);
        rig.wait_handled(Side::Main, LONGEST);
        rig.kill(0);
        for (node, chain) in nodes.iter().zip([&rig.pair.main, &rig.pair.service]) {
            node.prune(Some(chain.height()));
        }
        rig.start(0, &[]);
    }
    rig.request(Side::Main, 9);
    rig.wait_handled(Side::Main, LONGEST);
    rig.assert_all_handled(Side::Main);
    rig.kill(1);
    let nonce = rig.progress(Side::Main).0 + 5;
    rig.pair.vote(1, Side::Service, &invented(&rig, nonce)).unwrap();
    wait(&rig, "the thief is not named", || rig.log(0).contains(&named));
    assert!(!rig.log(0).contains("unread_block"), "{}", rig.log(0));
}

#[test]
fn a_restart_forgets_no_suspicion_that_could_not_be_judged() {
    let (mut rig, nodes, named) = rig_with_thief("suspects");
    rig.start_all();
    wait(&rig, "it does not start", || rig.status(0)["directions"]["main->service"]["phase"] == "following");
    // Without any state of the source nobody can say what was not requested there.
    nodes[0].prune(Some(u64::MAX));
    let nonce = rig.progress(Side::Main).0 + 5;
    rig.pair.vote(1, Side::Service, &invented(&rig, nonce)).unwrap();
    let voted = rig.pair.service.height();
    wait(&rig, "the vote is not seen", || rig.log(0).contains("what does not fit could not be proven"));
    wait(&rig, "the chain stands", || rig.pair.service.height() > voted + 140);
    rig.kill(0);
    assert!(!rig.log(0).contains(&named));
    assert!(newest_checkpoint(&rig, "service") < voted);
    nodes[0].prune(None);
    rig.start(0, &[]);
    wait(&rig, "the restart has forgotten it", || rig.log(0).contains(&named));
}

/// A vote for a token's request of long ago, whose registry entry changed since: no full node shows
/// what should have been voted. It is named, and the next start need not read these blocks again.
#[test]
fn what_full_nodes_cannot_judge_any_more_keeps_no_checkpoint_back() {
    let (mut rig, nodes, _) = rig_with_thief("unjudgeable");
    let request = rig.request(Side::Main, 1);
    change_the_registry(&rig);
    rig.pair.main.mine_many(300).unwrap();
    nodes[0].prune(Some(rig.pair.main.height() - 100));
    let mut call = invented(&rig, request.event.nonce);
    call.request_block = request.block;
    rig.pair.vote(1, Side::Service, &call).unwrap();
    let voted = rig.pair.service.height();
    rig.start_all();
    wait(&rig, "it is not named", || rig.log(0).contains("unjudged"));
    wait(&rig, "its checkpoint is held back", || newest_checkpoint(&rig, "service") > voted);
}
