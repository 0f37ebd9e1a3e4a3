//! Both recorded chains, followed from genesis: what the client derives must be what the nodes said.

use super::*;
use crate::consensus::seals::lottery;
use crate::consensus::testing::Recording;
use crate::primitives::Address;
use crate::profile::Fork;
use std::string::String;

/// The parameters as a node of v2.2.1 shows them at `number` (the cosmetic differences of chain.md 5.4).
fn as_nodes_show(parameters: &Parameters, profile: &ChainProfile, number: u64) -> Parameters {
    let mut shown = parameters.clone();
    if profile.forks.is_active(Fork::Kore, number) {
        shown.use_gini_coeff = false;
    }
    if profile.forks.is_active(Fork::Randao, number) {
        shown.proposer_update_interval = 1;
    }
    if profile.forks.is_active(Fork::Kaia, number) {
        shown.staking_update_interval = 1;
    }
    shown
}

/// Compares what `client` knows for the block after its head with what the nodes answered for that block.
fn agrees_with_the_nodes(recording: &Recording, client: &LightClient) -> usize {
    let number = client.head().number() + 1;
    let answer = |method: &str| {
        let answers = recording.answers(method);
        answers.into_iter().find(|(at, _)| *at == number).map(|(_, answer)| answer.clone())
    };
    let Some(council) = answer("kaia_getCouncil") else {
        return 0;
    };
    assert_eq!(serde_json::to_value(client.council().members()).unwrap(), council, "council {number}");
    let shown = as_nodes_show(client.parameters(), &recording.profile, number);
    let params: Parameters = serde_json::from_value(answer("kaia_getParams").unwrap()).unwrap();
    assert_eq!(shown, params, "parameters {number}");
    let context = SealContext {
        profile: client.profile(),
        council: client.council(),
        parameters: client.parameters(),
        parent: Some(client.head().header()),
    };
    let round = u64::from(recording.headers[number as usize].fields().round());
    let mut committee = lottery(number, &context).unwrap().unwrap().committee(round);
    committee.sort_by_cached_key(Address::checksum);
    let mut nodes: Vec<Address> = serde_json::from_value(answer("kaia_getCommittee").unwrap()).unwrap();
    nodes.sort_by_cached_key(Address::checksum);
    assert_eq!(committee, nodes, "committee {number}");
    1
}

fn follow_in_full(name: &str) -> LightClient {
    let recording = Recording::load(name);
    let mut client = LightClient::from_genesis(&recording.profile, recording.headers[0].clone()).unwrap();
    let mut compared = agrees_with_the_nodes(&recording, &client);
    for header in &recording.headers[1..] {
        let verified = client
            .advance(
                std::vec![header.clone()],
                FollowMode::Full,
                Some(Clock { now: header.fields().time, tolerance: 0 }),
            )
            .unwrap();
        assert!(verified[0].seals().is_some());
        compared += agrees_with_the_nodes(&recording, &client);
    }
    assert_eq!(compared, recording.answers("kaia_getCouncil").len());
    client
}

#[test]
fn both_recorded_chains_are_followed_in_full_as_the_nodes_did() {
    for (name, head) in [("main", 629), ("service", 503)] {
        assert_eq!(follow_in_full(name).head().number(), head);
    }
}

#[test]
fn both_recorded_chains_are_followed_sparsely_to_the_same_end() {
    for name in ["main", "service"] {
        let recording = Recording::load(name);
        let genesis = recording.headers[0].clone();
        let mut full = LightClient::from_genesis(&recording.profile, genesis).unwrap();
        let mut sparse = full.clone();
        let headers = recording.sparse_headers(&sparse);
        let sealed = headers.iter().filter(|header| !header.fields().extra.committed_seals.is_empty()).count();
        assert!(sealed < 20, "{sealed} sealed headers");
        let linked = sparse.advance(headers, FollowMode::Sparse, None).unwrap();
        let all = full.advance(recording.headers[1..].to_vec(), FollowMode::Full, None).unwrap();
        assert_eq!(sparse.checkpoint(), full.checkpoint());
        assert_eq!(sparse.tracked, full.tracked);
        for (one, other) in linked.iter().zip(&all) {
            assert_eq!((one.hash(), one.derive_sha_impl()), (other.hash(), other.derive_sha_impl()));
        }
    }
}

#[test]
fn proposers_of_the_recorded_chains_are_those_of_the_schedule() {
    for name in ["main", "service"] {
        let recording = Recording::load(name);
        let genesis = recording.headers[0].clone();
        let mut client = LightClient::from_genesis(&recording.profile, genesis).unwrap();
        for header in &recording.headers[1..] {
            let context = SealContext {
                profile: client.profile(),
                council: client.council(),
                parameters: client.parameters(),
                parent: Some(client.head().header()),
            };
            let lottery = lottery(header.number(), &context).unwrap().unwrap();
            let expected = lottery.proposer(u64::from(header.fields().round()));
            assert_eq!(proposer_of(header).ok(), expected, "{name} {}", header.number());
            client.advance(std::vec![header.clone()], FollowMode::Full, None).unwrap();
        }
    }
}

#[test]
fn a_checkpoint_in_the_middle_goes_on_as_the_client_it_came_from() {
    for name in ["main", "service"] {
        let recording = Recording::load(name);
        let genesis = recording.headers[0].clone();
        let mut client = LightClient::from_genesis(&recording.profile, genesis).unwrap();
        client.advance(recording.headers[1..=400].to_vec(), FollowMode::Full, None).unwrap();
        let text: String = serde_json::to_string(&client.checkpoint()).unwrap();
        let checkpoint: Checkpoint = serde_json::from_str(&text).unwrap();
        assert_eq!(checkpoint, client.checkpoint());
        let start = recording.headers[400].without_seals();
        let mut resumed = LightClient::from_checkpoint(&recording.profile, &checkpoint, start).unwrap();
        let rest = recording.headers[401..].to_vec();
        client.advance(rest.clone(), FollowMode::Full, None).unwrap();
        resumed.advance(rest, FollowMode::Full, None).unwrap();
        assert_eq!(resumed.checkpoint(), client.checkpoint(), "{name}");
    }
}

#[test]
fn validators_leave_and_join_where_the_recording_says() {
    let recording = Recording::load("service");
    let genesis = recording.headers[0].clone();
    let mut client = LightClient::from_genesis(&recording.profile, genesis).unwrap();
    let mut sizes = Vec::new();
    for header in &recording.headers[1..] {
        let before = client.council().len();
        client.advance(std::vec![header.clone()], FollowMode::Full, None).unwrap();
        if client.council().len() != before {
            sizes.push((header.number(), client.council().len()));
        }
    }
    // The votes in 392, 393, 457 and 464 change nothing.
    assert_eq!(sizes, [(391, 3), (456, 4), (458, 3), (461, 4)]);
}
