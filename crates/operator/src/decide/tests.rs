use super::*;
use std::sync::LazyLock;

const KEY: Hash = Hash([7; 32]);
const OTHER: Hash = Hash([8; 32]);

fn operator(number: u8) -> Address {
    Address([number; 20])
}

fn operators() -> Vec<Address> {
    (1..=4).map(operator).collect()
}

fn state(votes: &[(u8, Hash)]) -> NonceState {
    let votes: BTreeMap<Address, Hash> = votes.iter().map(|(number, key)| (operator(*number), *key)).collect();
    let counted = votes.values().filter(|key| **key == KEY).count() as u64;
    NonceState { votes, counted, ..NonceState::default() }
}

struct Case {
    me: u8,
    nonce: u64,
    threshold: u64,
    state: NonceState,
    waited: u64,
    in_flight: bool,
    fresh: bool,
    paused: bool,
    bridge_paused: bool,
    parked: bool,
    absent: Vec<u8>,
    doubts: bool,
    delivery: Delivery,
}

/// Nonce 0: the row is 1, 2, 3, 4.
fn case(me: u8) -> Case {
    Case {
        me,
        nonce: 0,
        threshold: 2,
        state: state(&[]),
        waited: 0,
        in_flight: false,
        fresh: true,
        paused: false,
        bridge_paused: false,
        parked: false,
        absent: Vec::new(),
        doubts: false,
        delivery: Delivery::Works { gas: 9 },
    }
}

impl Case {
    fn decide(&self) -> Decision {
        self.with_facts(decide)
    }

    fn with_facts<R>(&self, look: impl FnOnce(&Facts<'_>) -> R) -> R {
        let (operators, absent) = (operators(), self.absent.iter().copied().map(operator).collect());
        look(&Facts {
            absent: &absent,
            doubts: self.doubts,
            nonce: self.nonce,
            key: KEY,
            me: operator(self.me),
            operators: &operators,
            threshold: self.threshold,
            state: &self.state,
            waited: self.waited,
            turn_blocks: 3,
            in_flight: self.in_flight,
            fresh: self.fresh,
            paused: self.paused,
            bridge_paused: self.bridge_paused,
            parked: self.parked,
            delivery: &self.delivery,
        })
    }
}

const VOTE: Decision = Decision::Vote { gas: 9, corrects: None };

fn turn(blocks: u64) -> Decision {
    Decision::Wait(Wait::Turn { blocks })
}

#[test]
fn what_is_handled_is_done_whatever_else_holds() {
    let state = NonceState { handled: true, ..state(&[(1, OTHER)]) };
    let case = Case { state, in_flight: true, paused: true, fresh: false, parked: true, ..case(9) };
    assert_eq!(case.decide(), Decision::Done);
}

#[test]
fn one_vote_is_on_its_way_at_a_time() {
    assert_eq!(Case { in_flight: true, ..case(1) }.decide(), Decision::Wait(Wait::InFlight));
}

#[test]
fn an_account_that_is_no_operator_does_not_vote() {
    assert_eq!(case(9).decide(), Decision::Refuse(Refusal::NotOperator));
}

#[test]
fn a_vote_that_stands_is_not_repeated() {
    let case = Case { state: state(&[(1, KEY)]), waited: 1000, ..case(1) };
    assert_eq!(case.decide(), Decision::Wait(Wait::Voted));
}

#[test]
fn a_vote_is_repeated_where_a_lowered_threshold_makes_it_execute() {
    let one = Case { state: state(&[(1, KEY)]), threshold: 1, ..case(1) };
    assert_eq!(one.decide(), VOTE);
    let mut both = Case { state: state(&[(1, KEY), (2, KEY)]), threshold: 2, ..case(1) };
    assert_eq!(both.decide(), VOTE, "the first of the row repeats");
    both.me = 2;
    assert_eq!(both.decide(), VOTE, "of those that voted, everybody before has nothing to say");
}

#[test]
fn a_foreign_vote_of_the_own_account_is_corrected_and_named() {
    let case = Case { state: state(&[(1, OTHER)]), ..case(1) };
    assert_eq!(case.decide(), Decision::Vote { gas: 9, corrects: Some(OTHER) });
}

#[test]
fn no_vote_on_a_stale_head_nor_while_paused() {
    assert_eq!(Case { fresh: false, ..case(1) }.decide(), Decision::Wait(Wait::Stale));
    assert_eq!(Case { paused: true, ..case(1) }.decide(), Decision::Wait(Wait::Paused));
}

/// Its own reason, and no failure: nothing is parked, so the vote goes out at the first head
/// without the pause.
#[test]
fn no_vote_while_the_bridge_is_paused() {
    let paused = Case { bridge_paused: true, delivery: Delivery::NotAsked, ..case(1) };
    assert_eq!(paused.decide(), Decision::Wait(Wait::BridgePaused));
    assert!(paused.decide().words().contains("the bridge is paused"));
    assert_eq!(Case { bridge_paused: false, ..paused }.decide(), Decision::Simulate);
}

#[test]
fn what_the_outflow_limit_holds_back_is_not_voted_on_again_until_it_may_leave() {
    let held = NonceState { held: Some(99), ..state(&[(1, KEY), (2, KEY)]) };
    for me in 1..=4 {
        let wait = Case { state: held.clone(), waited: 1000, ..case(me) }.decide();
        assert_eq!(wait, Decision::Wait(Wait::Held { until: 99 }), "operator {me}");
        assert!(wait.words().contains("outflow limit"));
    }
    let released = NonceState { held: None, ..held.clone() };
    assert_eq!(Case { state: released, ..case(1) }.decide(), VOTE, "a repeated vote lets it leave");
    let lost = NonceState { counted: 1, votes: state(&[(1, KEY)]).votes, ..held };
    assert_eq!(Case { state: lost, ..case(2) }.decide(), VOTE, "a vote is missing again");
}

#[test]
fn so_many_vote_at_once_as_votes_are_missing_and_the_others_wait_by_turn() {
    let of = |me| case(me).decide();
    // Both may have let their turn pass: 3 and 4 stand in, and 4 looks whether 3 was enough.
    assert_eq!([of(1), of(2), of(3), of(4)], [VOTE, VOTE, turn(3), turn(4)]);
    let with_threshold = |threshold, me| Case { threshold, ..case(me) }.decide();
    assert_eq!([1, 2, 3, 4].map(|me| with_threshold(1, me)), [VOTE, turn(3), turn(6), turn(9)]);
    assert_eq!([1, 2, 3, 4].map(|me| with_threshold(4, me)), [VOTE, VOTE, VOTE, VOTE]);
}

#[test]
fn nobody_waits_for_those_who_let_earlier_turns_pass() {
    let of = |me| Case { absent: vec![1, 2], ..case(me) }.decide();
    assert_eq!([of(3), of(4)], [VOTE, VOTE], "they stand in at once");
    assert_eq!([of(1), of(2)], [VOTE, VOTE], "nobody is absent to itself");
    let of = |me| Case { absent: vec![1], ..case(me) }.decide();
    assert_eq!([of(2), of(3), of(4)], [VOTE, VOTE, turn(3)]);
    // However many are absent, those who are there get their turn.
    let of = |me| Case { absent: vec![1, 2, 3, 4], ..case(me) }.decide();
    assert_eq!([1, 2, 3, 4].map(of), [VOTE; 4], "each one thinks that it alone is there");
}

#[test]
fn one_that_has_just_begun_looks_first_whether_others_stood_in_for_it() {
    let begun = |me| Case { doubts: true, ..case(me) };
    assert_eq!(begun(1).decide(), turn(1));
    assert_eq!(Case { waited: 1, ..begun(1) }.decide(), VOTE);
    assert_eq!(Case { threshold: 4, ..begun(1) }.decide(), VOTE, "nobody can stand in for it");
    assert_eq!(begun(3).decide(), turn(3), "it is not waited for");
}

#[test]
fn those_whose_turn_is_over_and_who_did_not_vote_are_missed() {
    let missed = |case: Case| case.with_facts(who_let_turns_pass);
    assert_eq!(missed(Case { waited: 2, ..case(3) }), [], "their turn is not over");
    assert_eq!(missed(Case { waited: 3, ..case(3) }), [1, 2].map(operator));
    assert_eq!(
        missed(Case { waited: 3, state: state(&[(1, KEY)]), ..case(1) }),
        [operator(2)],
        "who voted sees it too"
    );
    assert_eq!(
        missed(Case { waited: 3, state: state(&[(1, OTHER)]), ..case(3) }),
        [operator(2)],
        "who voted was there"
    );
    assert_eq!(missed(Case { waited: 3, absent: vec![1], ..case(4) }), [2, 3].map(operator), "it is known of 1");
    assert_eq!(missed(Case { waited: 3, ..case(1) }), [operator(2)], "nobody misses itself");
    assert_eq!(missed(Case { waited: 9, state: state(&[(1, KEY), (2, KEY)]), ..case(3) }), [], "enough have voted");
    let handled = NonceState { handled: true, ..state(&[]) };
    assert_eq!(missed(Case { waited: 9, state: handled, ..case(3) }), []);
}

#[test]
fn the_row_is_rotated_by_the_nonce() {
    let at = |nonce| (1..=4).filter(|me| Case { nonce, ..case(*me) }.decide() == VOTE).collect::<Vec<u8>>();
    assert_eq!([at(0), at(1), at(2), at(3), at(4)], [vec![1, 2], vec![2, 3], vec![3, 4], vec![1, 4], vec![1, 2]]);
    assert_eq!(turn_row(&operators(), 6), [3, 4, 1, 2].map(operator));
    assert_eq!(turn_row(&operators(), u64::MAX), [4, 1, 2, 3].map(operator));
    assert!(turn_row(&[], 3).is_empty());
}

#[test]
fn votes_of_others_bring_the_turn_of_those_behind_no_nearer_than_needed() {
    // 1 has voted, one vote is missing: 2 goes, 3 waits for 2, 4 for 2 and 3.
    let of = |me| Case { state: state(&[(1, KEY)]), ..case(me) }.decide();
    assert_eq!([of(2), of(3), of(4)], [VOTE, turn(3), turn(6)]);
    // A vote for something else is no vote: 1 still counts as missing, and two stand in.
    let of = |me| Case { state: state(&[(1, OTHER)]), ..case(me) }.decide();
    assert_eq!([of(2), of(3), of(4)], [VOTE, turn(3), turn(4)]);
}

#[test]
fn waiting_ends_after_its_blocks() {
    let after = |waited| Case { waited, ..case(4) }.decide();
    assert_eq!([after(0), after(3), after(4), after(5)], [turn(4), turn(1), VOTE, VOTE]);
}

#[test]
fn every_operator_gets_its_turn_in_the_end_whoever_is_missing() {
    for threshold in 1..=4 {
        for me in 1..=4 {
            for nonce in 0..8 {
                let case = Case { threshold, nonce, waited: 9, ..case(me) };
                assert_eq!(case.decide(), VOTE, "threshold {threshold}, operator {me}, nonce {nonce}");
            }
        }
    }
}

#[test]
fn former_operators_votes_count_as_the_contract_counts_them() {
    // The contract counts one vote more than the present operators show.
    let state = NonceState { counted: 1, ..state(&[]) };
    let of = |me| Case { state: state.clone(), ..case(me) }.decide();
    assert_eq!([of(1), of(2), of(3)], [VOTE, turn(3), turn(6)]);
}

#[test]
fn a_delivery_is_simulated_before_the_vote_and_parked_where_it_fails() {
    let with = |delivery| Case { delivery, ..case(1) }.decide();
    assert_eq!(with(Delivery::NotAsked), Decision::Simulate);
    assert_eq!(with(Delivery::Unknown), Decision::Wait(Wait::NoSimulation));
    assert_eq!(with(Delivery::Meanwhile), Decision::Wait(Wait::Meanwhile));
    let reason = "ERC20: mint to the zero address".to_owned();
    assert_eq!(with(Delivery::Fails { reason: reason.clone() }), Decision::Park { reason });
}

#[test]
fn a_parked_nonce_waits_and_is_not_simulated() {
    assert_eq!(Case { parked: true, delivery: Delivery::NotAsked, ..case(1) }.decide(), Decision::Wait(Wait::Parked));
}

#[test]
fn nobody_simulates_before_its_turn() {
    assert_eq!(Case { delivery: Delivery::NotAsked, ..case(4) }.decide(), turn(4));
}

#[test]
fn every_decision_has_its_own_words() {
    let all = [
        Decision::Done,
        Decision::Wait(Wait::InFlight),
        Decision::Wait(Wait::Voted),
        Decision::Wait(Wait::Stale),
        Decision::Wait(Wait::Paused),
        turn(2),
        Decision::Wait(Wait::Parked),
        Decision::Wait(Wait::NoSimulation),
        Decision::Simulate,
        VOTE,
        Decision::Refuse(Refusal::NotOperator),
        Decision::Park { reason: "no".to_owned() },
    ];
    let words: std::collections::BTreeSet<String> = all.iter().map(Decision::words).collect();
    assert_eq!(words.len(), all.len());
}

static OPEN: NonceState = NonceState { handled: false, votes: BTreeMap::new(), counted: 0, held: None };

static ALL: LazyLock<BTreeSet<Address>> = LazyLock::new(|| operators().into_iter().collect());

fn signed(me: u8) -> SignedFacts<'static> {
    const OPERATORS: [Address; 4] = [Address([1; 20]), Address([2; 20]), Address([3; 20]), Address([4; 20])];
    SignedFacts {
        nonce: 0,
        key: KEY,
        me: operator(me),
        operators: &OPERATORS,
        threshold: 3,
        state: &OPEN,
        signers: &ALL,
        at_hand: 3,
        signed: true,
        can_sign: Fit::Fits,
        waited: 0,
        turn_blocks: 3,
        in_flight: false,
        fresh: true,
        paused: false,
        bridge_paused: false,
        parked: false,
    }
}

#[test]
fn whoever_is_first_in_the_row_sends_the_signatures_and_the_others_wait_for_it() {
    let of = |me| decide_signed(&signed(me));
    assert_eq!(of(1), SignedDecision::Submit);
    assert_eq!(of(2), SignedDecision::Wait(Wait::Turn { blocks: 3 }));
    assert_eq!(of(4), SignedDecision::Wait(Wait::Turn { blocks: 9 }));
    assert_eq!(decide_signed(&SignedFacts { waited: 9, ..signed(4) }), SignedDecision::Submit);
    assert_eq!(decide_signed(&SignedFacts { nonce: 3, ..signed(4) }), SignedDecision::Submit);
}

#[test]
fn whoever_has_not_signed_is_waited_for_one_block_before_another_sends() {
    let signers = [2, 3, 4].map(operator).into_iter().collect();
    let of = |me| decide_signed(&SignedFacts { signers: &signers, ..signed(me) });
    assert_eq!(of(2), SignedDecision::Wait(Wait::Turn { blocks: 1 }));
    assert_eq!(of(3), SignedDecision::Wait(Wait::Turn { blocks: 4 }));
    let signers = [3, 4].map(operator).into_iter().collect();
    let third = SignedFacts { signers: &signers, threshold: 2, ..signed(3) };
    assert_eq!(decide_signed(&third), SignedDecision::Wait(Wait::Turn { blocks: 1 }), "for all of them together");
    // Votes that stand need only one signature more: those before may not have signed yet.
    let third = SignedFacts { threshold: 3, ..third };
    assert_eq!(decide_signed(&third), SignedDecision::Wait(Wait::Turn { blocks: 6 }));
}

#[test]
fn one_signs_before_one_collects_and_collects_before_one_sends() {
    assert_eq!(decide_signed(&SignedFacts { signed: false, ..signed(1) }), SignedDecision::Sign);
    assert_eq!(decide_signed(&SignedFacts { signed: false, ..signed(4) }), SignedDecision::Sign, "without a turn");
    let replaced = SignedFacts { signed: false, can_sign: Fit::Differs, ..signed(1) };
    assert_eq!(decide_signed(&replaced), SignedDecision::Refuse(Refusal::AccountKey));
    let unproven = SignedFacts { can_sign: Fit::NotYet, ..replaced };
    assert_eq!(decide_signed(&unproven), SignedDecision::Wait(Wait::Unproven), "no alarm by an endpoint's word");
    assert_eq!(decide_signed(&SignedFacts { at_hand: 2, ..signed(1) }), SignedDecision::Collect);
}

#[test]
fn nobody_signs_or_sends_who_may_not_or_need_not() {
    let handled = NonceState { handled: true, ..OPEN.clone() };
    assert_eq!(decide_signed(&SignedFacts { state: &handled, signed: false, ..signed(1) }), SignedDecision::Done);
    assert_eq!(decide_signed(&signed(9)), SignedDecision::Refuse(Refusal::NotOperator));
    let unsigned = SignedFacts { signed: false, ..signed(1) };
    assert_eq!(decide_signed(&SignedFacts { paused: true, ..unsigned.clone() }), SignedDecision::Wait(Wait::Paused));
    assert_eq!(decide_signed(&SignedFacts { fresh: false, ..unsigned }), SignedDecision::Wait(Wait::Stale));
    assert_eq!(decide_signed(&SignedFacts { in_flight: true, ..signed(1) }), SignedDecision::Wait(Wait::InFlight));
    assert_eq!(decide_signed(&SignedFacts { parked: true, ..signed(1) }), SignedDecision::Wait(Wait::Parked));
    let paused = SignedFacts { bridge_paused: true, ..signed(1) };
    assert_eq!(decide_signed(&paused), SignedDecision::Wait(Wait::BridgePaused));
    assert_eq!(decide_signed(&SignedFacts { signed: false, ..paused }), SignedDecision::Sign, "signing costs nothing");
    let held = NonceState { held: Some(99), ..state(&[(1, KEY), (2, KEY), (3, KEY)]) };
    let held = SignedFacts { state: &held, ..signed(1) };
    assert_eq!(decide_signed(&held), SignedDecision::Wait(Wait::Held { until: 99 }));
}

#[test]
fn a_signature_of_whoever_has_a_vote_standing_adds_none() {
    let signers = [1, 2, 3].map(operator);
    assert_eq!(votes_at_hand(&state(&[]), &signers), 3);
    assert_eq!(votes_at_hand(&state(&[(1, KEY)]), &signers), 3, "nobody counts twice");
    assert_eq!(votes_at_hand(&state(&[(4, KEY)]), &signers), 4);
    assert_eq!(votes_at_hand(&state(&[(1, OTHER)]), &signers), 2, "the contract passes over that signature");
    assert_eq!(state(&[(1, OTHER), (2, KEY)]).without_vote(&signers), [&operator(3)]);
}

#[test]
fn a_foreign_vote_of_the_own_account_is_corrected_by_a_call_where_votes_are_signatures() {
    let stolen = state(&[(4, OTHER)]);
    let facts = SignedFacts { state: &stolen, at_hand: 0, ..signed(4) };
    let correct = SignedDecision::Correct { voted: OTHER };
    assert_eq!(decide_signed(&facts), correct, "without a turn, and before enough is at hand");
    assert_eq!(decide_signed(&SignedFacts { parked: true, ..facts.clone() }), SignedDecision::Wait(Wait::Parked));
    assert_eq!(
        decide_signed(&SignedFacts { me: operator(1), ..facts.clone() }),
        SignedDecision::Collect,
        "not its own"
    );
    assert_eq!(decide_signed(&SignedFacts { paused: true, ..facts }), SignedDecision::Wait(Wait::Paused));
}
