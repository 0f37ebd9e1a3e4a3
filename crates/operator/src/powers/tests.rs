//! Each rule of what is sent, and of what is refused before anything is sent.

use super::facts::{generation_of, Ballot, Facts};
use super::next_nonce;
use super::step::{reached, step, Goal, Step};
use super::{abi, Power, Refusal, State, Way};
use crate::view::storage::Words;
use crate::view::AccountView;
use spanlight::bridge::generation::{CODE_HASH_B, CODE_HASH_C};
use spanlight::bridge::layout::{self, Change, DelayWord};
use spanlight::bridge::Generation;
use spanlight::trust::{AcceptedCode, BridgeEnd};
use spanlight::verdict::HeaderRef;
use spanlight::{Address, Hash, U256};

const OWNER: Address = Address([1; 20]);
const OPERATOR: Address = Address([2; 20]);
const GUARDIAN: Address = Address([3; 20]);
const STRANGER: Address = Address([4; 20]);
const NOW: u64 = 1_000_000;
const HOUR: u64 = 3_600;

/// A bridge of version 2 whose set-up is over, as `me` sees it.
fn seen_by(me: Address) -> Facts {
    let head = HeaderRef { number: 10, hash: Hash::ZERO, time: NOW };
    Facts {
        generation: Ok(Generation::V2),
        owner: OWNER,
        guardian: GUARDIAN,
        is_operator: me == OPERATOR,
        threshold: 3,
        delay: DelayWord { owner_delay: HOUR, change_count: 5 },
        ..Facts::at(head, AccountView::default())
    }
}

fn register() -> Power {
    Power::Operator { operator: STRANGER, registered: true }
}

fn refusal(power: &Power, way: Way, me: Address, facts: &Facts) -> Refusal {
    step(power, way, me, facts).unwrap_err()
}

fn sends(power: &Power, way: Way, me: Address, facts: &Facts) -> (String, Goal) {
    match step(power, way, me, facts).unwrap() {
        Step::Send { input, goal } => (spanlight::primitives::encode_hex(&input[..4]), goal),
        Step::Already(state) => panic!("nothing is sent: {state:?}"),
    }
}

fn is_call(sent: &(String, Goal), signature: &str) -> bool {
    sent.0 == spanlight::primitives::encode_hex(&abi::selector(signature))
}

#[test]
fn an_owner_announces_waits_and_then_makes_exactly_what_was_announced() {
    let mut facts = seen_by(OWNER);
    assert_eq!(refusal(&register(), Way::Make, OWNER, &facts), Refusal::Unannounced { delay: HOUR });
    let sent = sends(&register(), Way::Announce, OWNER, &facts);
    assert!(is_call(&sent, "scheduleChange(bytes)") && sent.1 == Goal::Announced { after: 0 }, "{sent:?}");

    let (ready, until) = (NOW + 1, NOW + 1 + Change::GRACE);
    facts.change = Change { ready, number: 5 };
    let early = Refusal::NotReady { number: 5, ready, until, now: NOW };
    assert_eq!(refusal(&register(), Way::Make, OWNER, &facts), early);
    let stands = State::Announced { number: 5, ready, until };
    assert_eq!(step(&register(), Way::Announce, OWNER, &facts), Ok(Step::Already(stands)));
    assert_eq!(reached(Goal::Announced { after: 4 }, &facts), Some(stands));
    assert_eq!(reached(Goal::Announced { after: 5 }, &facts), None, "an older announcement is no new one");

    facts.head.time = ready;
    assert!(is_call(&sends(&register(), Way::Make, OWNER, &facts), "registerOperator(address)"));
    facts.head.time = until;
    assert_eq!(refusal(&register(), Way::Make, OWNER, &facts), Refusal::Expired { number: 5, until });
    assert_eq!(sends(&register(), Way::Announce, OWNER, &facts).1, Goal::Announced { after: 5 });

    facts.head.time = ready;
    facts.cancelled = true;
    assert_eq!(refusal(&register(), Way::Make, OWNER, &facts), Refusal::Cancelled { number: 5 });
    assert_eq!(reached(Goal::Announced { after: 4 }, &facts), None);
    facts.holds = true;
    assert_eq!(step(&register(), Way::Announce, OWNER, &facts), Ok(Step::Already(State::Made)));
    assert_eq!(refusal(&register(), Way::Withdraw, OWNER, &facts), Refusal::NoVotes);
}

#[test]
fn without_a_delay_the_owner_acts_at_once_and_announces_nothing() {
    let mut facts = seen_by(OWNER);
    facts.delay.owner_delay = 0;
    assert!(is_call(&sends(&register(), Way::Make, OWNER, &facts), "registerOperator(address)"));
    assert_eq!(refusal(&register(), Way::Announce, OWNER, &facts), Refusal::NoDelay);
    let limit = Power::Limit { token: Address::ZERO, request: 1, outflow: 2 };
    facts.is_set = false;
    assert!(is_call(&sends(&limit, Way::Make, OWNER, &facts), "setLimit(address,uint128,uint128)"));
    facts.is_set = true;
    assert_eq!(refusal(&limit, Way::Make, OWNER, &facts), Refusal::NeedsVotes);
}

#[test]
fn nobody_else_does_what_the_owner_does() {
    for me in [OPERATOR, GUARDIAN, STRANGER] {
        let facts = seen_by(me);
        let not_owner = Refusal::NotOwner { owner: OWNER };
        for power in [register(), Power::OwnerDelay(HOUR), Power::Offer(me), Power::Counterpart(me)] {
            assert_eq!(refusal(&power, Way::Make, me, &facts), not_owner);
            assert_eq!(refusal(&power, Way::Announce, me, &facts), not_owner);
        }
        for power in [Power::Running(false), Power::Lock { token: STRANGER, locked: true }] {
            assert_eq!(refusal(&power, Way::Make, me, &facts), not_owner);
            assert_eq!(refusal(&power, Way::Announce, me, &facts), Refusal::NotAnnounced);
        }
    }
    let mut facts = seen_by(STRANGER);
    assert_eq!(
        refusal(&Power::Accept, Way::Make, STRANGER, &facts),
        Refusal::NotPendingOwner { pending: Address::ZERO }
    );
    facts.pending_owner = STRANGER;
    assert!(is_call(&sends(&Power::Accept, Way::Make, STRANGER, &facts), "acceptOwnership()"));
}

#[test]
fn operators_vote_once_and_again_only_where_that_makes_the_bridge_count() {
    let guardian = Power::Guardian(STRANGER);
    let mut facts = seen_by(OPERATOR);
    facts.ballot = Ballot { nonce: 7, votes: 1, mine: false };
    let sent = sends(&guardian, Way::Make, OPERATOR, &facts);
    assert!(is_call(&sent, "voteConfiguration(bytes,uint64)") && sent.1 == Goal::Voted { nonce: 7 }, "{sent:?}");
    facts.ballot = Ballot { nonce: 7, votes: 2, mine: true };
    let voted = State::Voted { votes: 2, threshold: 3 };
    assert_eq!(step(&guardian, Way::Make, OPERATOR, &facts), Ok(Step::Already(voted)));
    assert_eq!(reached(Goal::Voted { nonce: 7 }, &facts), Some(voted));
    assert_eq!(reached(Goal::Voted { nonce: 6 }, &facts), None, "another ballot");
    // The threshold fell since: nobody is told so, but a vote makes the bridge count.
    facts.threshold = 2;
    assert_eq!(sends(&guardian, Way::Make, OPERATOR, &facts).1, Goal::Voted { nonce: 7 });
    assert_eq!(sends(&guardian, Way::Withdraw, OPERATOR, &facts).1, Goal::Withdrawn);
    facts.ballot.mine = false;
    let gone = State::Withdrawn { votes: 2, threshold: 2 };
    assert_eq!(step(&guardian, Way::Withdraw, OPERATOR, &facts), Ok(Step::Already(gone)));
    facts.holds = true;
    assert_eq!(reached(Goal::Voted { nonce: 6 }, &facts), Some(State::Made));

    for power in [guardian, Power::FeeReceiver(STRANGER), Power::Fee { token: STRANGER, fee: U256::ONE }] {
        assert_eq!(refusal(&power, Way::Make, STRANGER, &seen_by(STRANGER)), Refusal::NotOperator);
        assert_eq!(refusal(&power, Way::Make, OWNER, &seen_by(OWNER)), Refusal::NeedsVotes);
        let unset = Facts { is_set: false, ..seen_by(OWNER) };
        assert_eq!(sends(&power, Way::Make, OWNER, &unset).1, Goal::Made, "a new bridge is set up by its owner");
    }
}

#[test]
fn only_announcements_that_exist_are_cancelled() {
    let facts = seen_by(OPERATOR);
    assert_eq!(Power::cancel(&[3, 1, 3]), Power::Cancel(vec![1, 3]), "all operators vote for the same bytes");
    assert_eq!(sends(&Power::cancel(&[5]), Way::Make, OPERATOR, &facts).1, Goal::Voted { nonce: 0 });
    for number in [0, 6] {
        let missing = Refusal::NoSuchChange { number, most: 5 };
        assert_eq!(refusal(&Power::cancel(&[1, number]), Way::Make, OPERATOR, &facts), missing);
    }
    assert_eq!(refusal(&Power::cancel(&[5]), Way::Make, OWNER, &seen_by(OWNER)), Refusal::NeedsVotes);
}

#[test]
fn guardian_and_owner_pause_at_once_and_operators_by_votes() {
    for me in [OWNER, GUARDIAN] {
        assert!(is_call(&sends(&Power::Pause, Way::Make, me, &seen_by(me)), "pauseHandles()"));
    }
    let sent = sends(&Power::Pause, Way::Make, OPERATOR, &seen_by(OPERATOR));
    assert!(is_call(&sent, "voteConfiguration(bytes,uint64)"));
    let stranger = Refusal::NotGuardian { guardian: GUARDIAN };
    assert_eq!(refusal(&Power::Pause, Way::Make, STRANGER, &seen_by(STRANGER)), stranger);
    // A bridge without a guardian is paused by no zero address.
    let none = Facts { guardian: Address::ZERO, ..seen_by(STRANGER) };
    assert_eq!(refusal(&Power::Pause, Way::Make, STRANGER, &none), Refusal::NotGuardian { guardian: Address::ZERO });
}

#[test]
fn an_owner_resumes_a_day_after_it_said_so_and_operators_by_votes() {
    let mut facts = seen_by(OWNER);
    let sent = sends(&Power::Resume, Way::Make, OWNER, &facts);
    assert!(is_call(&sent, "scheduleResume()") && sent.1 == Goal::ResumeScheduled);
    facts.seats.resume_time = NOW + 1;
    let waits = State::ResumeScheduled { ready: NOW + 1 };
    assert_eq!(step(&Power::Resume, Way::Make, OWNER, &facts), Ok(Step::Already(waits)));
    assert_eq!(reached(Goal::ResumeScheduled, &facts), Some(waits));
    facts.head.time = NOW + 1;
    assert!(is_call(&sends(&Power::Resume, Way::Make, OWNER, &facts), "resumeHandles()"));
    let sent = sends(&Power::Resume, Way::Make, OPERATOR, &seen_by(OPERATOR));
    assert!(is_call(&sent, "voteConfiguration(bytes,uint64)"));
    assert_eq!(refusal(&Power::Resume, Way::Make, GUARDIAN, &seen_by(GUARDIAN)), Refusal::NotOperator);
}

#[test]
fn a_claim_goes_to_its_recipient_or_where_the_recipient_says() {
    let claim = |to| Power::Claim { nonce: 4, to };
    let mut facts = seen_by(STRANGER);
    assert_eq!(refusal(&claim(None), Way::Make, STRANGER, &facts), Refusal::NotHandled);
    (facts.executed, facts.recipient) = (true, GUARDIAN);
    let to_recipient = Step::Send { input: claim(Some(GUARDIAN)).call(), goal: Goal::Made };
    assert_eq!(step(&claim(None), Way::Make, STRANGER, &facts), Ok(to_recipient), "anybody may");
    let refused = Refusal::NotRecipient { recipient: GUARDIAN };
    assert_eq!(refusal(&claim(Some(STRANGER)), Way::Make, STRANGER, &facts), refused);
    let elsewhere = Step::Send { input: claim(Some(OWNER)).call(), goal: Goal::Made };
    assert_eq!(step(&claim(Some(OWNER)), Way::Make, GUARDIAN, &facts), Ok(elsewhere));
}

#[test]
fn a_sweep_is_sent_only_where_it_moves_something() {
    let mut facts = seen_by(STRANGER);
    assert_eq!(step(&Power::Sweep, Way::Make, STRANGER, &facts), Ok(Step::Already(State::Made)));
    (facts.sweepable, facts.lower) = (true, 8);
    assert_eq!(sends(&Power::Sweep, Way::Make, STRANGER, &facts).1, Goal::Swept { from: 8 });
    assert_eq!(reached(Goal::Swept { from: 8 }, &facts), None);
    assert_eq!(reached(Goal::Swept { from: 7 }, &facts), Some(State::Made));
}

#[test]
fn older_bridges_take_what_they_have_and_nothing_else() {
    let facts = Facts { generation: Ok(Generation::C), delay: DelayWord::default(), ..seen_by(OWNER) };
    assert!(is_call(&sends(&register(), Way::Make, OWNER, &facts), "registerOperator(address)"));
    // There an offer is the ownership itself, and a mistyped address takes it for good.
    for power in [Power::Offer(STRANGER), Power::Pause, Power::Sweep, Power::Guardian(STRANGER)] {
        assert_eq!(refusal(&power, Way::Make, OWNER, &facts), Refusal::OlderBridge);
    }
}

#[test]
fn what_an_owner_announces_is_read_back_whole() {
    let (token, bridge) = (Address([7; 20]), Address([8; 20]));
    let powers = [
        register(),
        Power::Operator { operator: STRANGER, registered: false },
        Power::Threshold { configuration: true, votes: 3 },
        Power::Threshold { configuration: false, votes: 4 },
        Power::Token { token, counterpart: Some(bridge) },
        Power::Token { token, counterpart: None },
        Power::Counterpart(bridge),
        Power::Source { chain_id: 8217, bridge },
        Power::Limit { token: Address::ZERO, request: u128::MAX, outflow: 1 },
        Power::OwnerDelay(HOUR),
        Power::Offer(GUARDIAN),
    ];
    for power in powers {
        let call = power.call();
        assert_eq!(Power::read(&call), Some(power.clone()));
        // One byte more says something else.
        assert_eq!(Power::read(&[call.as_slice(), &[0]].concat()), None);
        assert_eq!(Power::read(&[call.as_slice(), &[0; 32]].concat()), None, "{power}");
    }
    assert_eq!(Power::read(&[]), None);
}

/// The selectors of docs/contracts.md 3.2, and those of generation C, as the contract was compiled.
#[test]
fn every_call_is_a_function_of_the_bridge() {
    let artifact = include_str!("../../../../contracts/artifacts/Bridge.json");
    let artifact: serde_json::Value = serde_json::from_str(artifact).unwrap();
    let functions = artifact["abi"].as_array().unwrap().iter().filter(|item| item["type"] == "function");
    let selectors: Vec<[u8; 4]> = functions
        .map(|function| {
            let inputs = function["inputs"].as_array().unwrap();
            let types: Vec<&str> = inputs.iter().map(|input| input["type"].as_str().unwrap()).collect();
            abi::selector(&format!("{}({})", function["name"].as_str().unwrap(), types.join(",")))
        })
        .collect();
    let token = Address([7; 20]);
    let lock = |token, locked| Power::Lock { token, locked };
    let powers = [
        register(),
        Power::Operator { operator: STRANGER, registered: false },
        Power::Threshold { configuration: true, votes: 3 },
        Power::Token { token, counterpart: Some(STRANGER) },
        Power::Token { token, counterpart: None },
        Power::Counterpart(STRANGER),
        Power::Source { chain_id: 1, bridge: STRANGER },
        Power::Limit { token, request: 1, outflow: 1 },
        Power::OwnerDelay(HOUR),
        Power::Offer(STRANGER),
        Power::Accept,
        lock(token, true),
        lock(token, false),
        lock(Address::ZERO, true),
        lock(Address::ZERO, false),
        Power::Running(true),
        Power::Guardian(STRANGER),
        Power::FeeReceiver(STRANGER),
        Power::Fee { token, fee: U256::ONE },
        Power::Fee { token: Address::ZERO, fee: U256::ONE },
        Power::Pause,
        Power::Resume,
        Power::cancel(&[1]),
        Power::Claim { nonce: 1, to: None },
        Power::Sweep,
    ];
    for power in powers {
        assert!(selectors.iter().any(|selector| power.call().starts_with(selector)), "{power}");
    }
    for signature in [
        "scheduleChange(bytes)",
        "scheduleResume()",
        "voteConfiguration(bytes,uint64)",
        "withdrawConfiguration(bytes,uint64)",
    ] {
        assert!(selectors.contains(&abi::selector(signature)), "{signature}");
    }
}

/// What the bridge's state tells, by slots.
fn words(set: &[(Hash, U256)]) -> Words {
    set.iter().copied().collect()
}

fn owned_by(owner: Address, pending: Address) -> Words {
    let word = |address: Address| address.to_word().to_u256();
    words(&[(layout::OWNER, word(owner)), (layout::PENDING_OWNER, word(pending))])
}

#[test]
fn an_owner_takes_an_offer_back_before_somebody_else_accepts_it() {
    let holds = |power: Power, words: &Words| power.holds(words, OWNER, Generation::V2).unwrap();
    let offered = owned_by(OWNER, STRANGER);
    assert!(holds(Power::Offer(STRANGER), &offered));
    assert!(!holds(Power::Offer(OWNER), &offered), "the stranger may still accept");
    assert!(holds(Power::Offer(OWNER), &owned_by(OWNER, OWNER)));
    assert!(holds(Power::Offer(OWNER), &owned_by(OWNER, Address::ZERO)));
    assert!(!holds(Power::Accept, &owned_by(OWNER, OWNER)), "accepting ends the offer");
    assert!(holds(Power::Accept, &owned_by(OWNER, Address::ZERO)));
    assert!(holds(Power::Accept, &owned_by(OWNER, STRANGER)));
}

#[test]
fn nobody_is_said_to_be_paid_where_nothing_is_owed() {
    for to in [None, Some(STRANGER)] {
        assert_eq!(Power::Claim { nonce: 4, to }.to_string(), "nothing is owed for request 4");
    }
}

/// Generation C and version 2 keep a guard where B keeps the lock of the coin.
#[test]
fn the_lock_of_the_coin_is_read_where_the_generation_keeps_it() {
    let slot = |number: u64| Hash::from_u256(U256::from(number));
    let coin = |locked| Power::Lock { token: Address::ZERO, locked };
    for (generation, at) in [(Generation::B, 18), (Generation::C, 19), (Generation::V2, 19)] {
        assert_eq!(coin(true).slots(generation), [slot(at)]);
        let bridge = words(&[(slot(18), U256::from(u8::from(at == 18))), (slot(19), U256::from(u8::from(at == 19)))]);
        assert_eq!(coin(true).holds(&bridge, OWNER, generation), Ok(true), "{generation:?}");
        assert_eq!(coin(false).holds(&bridge, OWNER, generation), Ok(false), "{generation:?}");
        let open = words(&[(slot(18), U256::from(u8::from(at == 19))), (slot(19), U256::from(u8::from(at == 18)))]);
        assert_eq!(coin(false).holds(&open, OWNER, generation), Ok(true), "{generation:?}");
    }
}

#[test]
fn nothing_is_done_to_a_bridge_of_unknown_code() {
    let code = AcceptedCode { hash: CODE_HASH_C, generation: Generation::C };
    let (chain, address) = ("main".to_owned(), Address([9; 20]));
    let end = BridgeEnd { chain, address, mint_burn: false, sends: true, codes: vec![code] };
    assert_eq!(generation_of(&end, &CODE_HASH_C), Ok(Generation::C));
    let unknown = Refusal::UnknownCode { code: CODE_HASH_B };
    assert_eq!(generation_of(&end, &CODE_HASH_B), Err(unknown), "known, and not accepted by this trust");
    // What an old bridge takes as well is no exception, nor is what seems to hold.
    let facts = Facts { generation: Err(unknown), holds: true, ..seen_by(OWNER) };
    for way in [Way::Make, Way::Announce, Way::Withdraw] {
        assert_eq!(refusal(&register(), way, OWNER, &facts), unknown);
        assert_eq!(refusal(&Power::Pause, way, OWNER, &facts), unknown);
    }
}

/// A later number would leave a signed call of the owner in the hands of whoever named it.
#[test]
fn an_account_nonce_is_the_proven_one_behind_this_operators_own() {
    assert_eq!(next_nonce(7, &[].into()), 7);
    assert_eq!(next_nonce(7, &[7, 8, 10].into()), 9);
    assert_eq!(next_nonce(7, &[3, 6, 8].into()), 7, "a gap is filled: what is behind it waits for it");
}
