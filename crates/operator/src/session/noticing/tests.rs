use super::*;
use crate::notice::Subject;

const TIME: u64 = 1_000_000;

fn scheduled(number: u64, ready: u64) -> Notice {
    Notice::Scheduled { number, ready, call: number.to_be_bytes().to_vec() }
}

fn stands(number: u64) -> Announced {
    Announced { ready: 0, number }
}

fn changed() -> Notice {
    Notice::Changed(Subject::Paused, "paused".to_owned())
}

fn codes(alarms: impl IntoIterator<Item = Alarm>) -> Vec<&'static str> {
    alarms.into_iter().map(|alarm| alarm.code()).collect()
}

/// Everything of these notices, as it would be kept in the store.
fn rows(notices: &Notices) -> Vec<NoticeRow> {
    let told = NoticeRow { kind: TOLD.to_owned(), number: 0, body: notices.told.to_string() };
    let rest = notices.unwritten.iter().filter_map(|(kind, number)| {
        let body = notices.body(kind, *number)?;
        Some(NoticeRow { kind: (*kind).to_owned(), number: *number, body })
    });
    std::iter::once(told).chain(rest).collect()
}

#[test]
fn what_was_done_before_the_first_start_is_told_only_where_it_lasts() {
    let mut notices = Notices::new(100);
    assert_eq!(notices.take((100, 0), &changed()), None);
    assert_eq!(codes(notices.take((101, 0), &changed())), ["bridge_paused"]);
    for (number, notice) in [scheduled(1, TIME + 9), scheduled(2, TIME + 9)].iter().enumerate() {
        assert_eq!(notices.take((50, number), notice), None);
    }
    assert_eq!(notices.take((60, 0), &Notice::Undelivered { nonce: 8 }), None);
    assert_eq!(notices.asked(TIME), (vec![1, 2], vec![8]));
    assert_eq!(codes(notices.settle_change(1, stands(1), false, TIME)), ["change_scheduled"]);
    assert_eq!(notices.settle_change(2, stands(0), false, TIME), None, "made before anybody looked");
    assert!(notices.settle_claim(8, Address([1; 20])));
    assert!(!notices.settle_claim(8, Address([1; 20])), "told once");
}

/// A block that fails is read after later ones: its announcement may be cancelled already.
#[test]
fn an_announcement_that_is_read_after_its_cancellation_is_told_to_nobody() {
    let mut notices = Notices::new(0);
    assert_eq!(codes(notices.take((6, 0), &Notice::Cancelled { number: 1 })), ["change_cancelled"]);
    notices.take((5, 0), &scheduled(1, TIME));
    assert_eq!(notices.settle_change(1, stands(1), true, TIME), None, "its word stays in the bridge");
    assert!(notices.see_time(TIME).is_empty() && notices.changes.is_empty());
    // And one that was told, whose cancellation is not read yet when it becomes ready.
    notices.take((5, 0), &scheduled(2, TIME + 9));
    assert_eq!(codes(notices.settle_change(2, stands(2), false, TIME)), ["change_scheduled"]);
    notices.looks = false;
    assert_eq!((notices.asked(TIME + 8).0, notices.asked(TIME + 9).0), (vec![], vec![2]));
    assert_eq!(notices.settle_change(2, stands(2), true, TIME + 9), None);
    assert!(notices.see_time(TIME + 9).is_empty());
}

#[test]
fn a_change_that_was_announced_anew_is_told_as_made_under_the_newer_number() {
    let mut notices = Notices::new(0);
    notices.take((5, 0), &scheduled(1, TIME + 9));
    notices.settle_change(1, stands(1), false, TIME);
    let anew = Notice::Scheduled { number: 2, ready: TIME + 9, call: 1u64.to_be_bytes().to_vec() };
    notices.take((6, 0), &anew);
    assert_eq!(notices.settle_change(1, stands(0), false, TIME), None);
    let made = notices.settle_change(2, stands(0), false, TIME);
    assert!(matches!(made, Some(Alarm::ChangeMade { number: 2, .. })), "{made:?}");
}

#[test]
fn what_is_known_is_not_written_down_again_and_the_rest_in_portions() {
    let mut notices = Notices::new(0);
    for nonce in 0..1000 {
        notices.take((5, 0), &Notice::Undelivered { nonce });
    }
    assert_eq!(notices.next_rows().len(), AT_ONCE);
    notices.take((5, 0), &scheduled(1, TIME));
    notices.unwritten.clear();
    for nonce in 0..1000 {
        notices.take((5, 0), &Notice::Undelivered { nonce });
        notices.take((6, 0), &Notice::Claimed { nonce: nonce + 1000 });
    }
    notices.take((5, 0), &scheduled(1, TIME));
    notices.take((6, 0), &Notice::Cancelled { number: 7 });
    assert!(notices.next_rows().is_empty());
    notices.take((6, 0), &Notice::Claimed { nonce: 3 });
    assert_eq!(notices.next_rows(), [(CLAIM, 3, None)]);
}

#[test]
fn a_session_that_starts_again_tells_nothing_again() {
    let mut notices = Notices::new(10);
    notices.take((20, 0), &scheduled(1, TIME + 9));
    notices.take((20, 1), &Notice::Undelivered { nonce: 8 });
    notices.settle_change(1, stands(1), false, TIME);
    notices.settle_claim(8, Address([1; 20]));
    notices.told = 20;
    let mut again = Notices::new(500);
    again.take_stored(&rows(&notices), 500);
    assert_eq!(again.take((15, 0), &changed()), None);
    assert_eq!(codes(again.take((21, 0), &changed())), ["bridge_paused"], "done while it was off");
    again.take((20, 0), &scheduled(1, TIME + 9));
    again.take((20, 1), &Notice::Undelivered { nonce: 8 });
    assert_eq!(again.asked(TIME).1, Vec::<u64>::new());
    assert_eq!(again.settle_change(1, stands(1), false, TIME), None);
    assert_eq!(
        codes(again.settle_change(1, stands(0), false, TIME)),
        ["change_made"],
        "also where it was made meanwhile"
    );
}

#[test]
fn an_announcement_is_told_when_it_is_ready_made_cancelled_and_forgotten_when_its_week_is_over() {
    let mut notices = Notices::new(0);
    for number in 1..=4 {
        notices.take((5, 0), &scheduled(number, TIME + 60));
        notices.settle_change(number, stands(number), false, TIME);
    }
    assert!(notices.see_time(TIME + 59).is_empty());
    assert_eq!(codes(notices.see_time(TIME + 60)), ["change_ready"; 4]);
    assert!(notices.see_time(TIME + 61).is_empty(), "told once");
    assert_eq!(codes(notices.settle_change(1, stands(0), false, TIME)), ["change_made"]);
    assert_eq!(notices.settle_change(2, stands(9), false, TIME), None, "it was announced anew, as number 9");
    assert_eq!(codes(notices.take((7, 0), &Notice::Cancelled { number: 3 })), ["change_cancelled"]);
    assert!(notices.see_time(TIME + 60 + GRACE).is_empty());
    assert!(notices.changes.is_empty());
    notices.take((8, 0), &scheduled(9, TIME + 60));
    assert_eq!(notices.settle_change(9, stands(9), false, TIME + 60 + GRACE), None, "nobody can make it any more");
}

#[test]
fn what_was_paid_out_is_forgotten_and_lists_are_bounded() {
    let mut notices = Notices::new(0);
    for nonce in 0..MOST_CLAIMS as u64 {
        assert_eq!(notices.take((5, 0), &Notice::Undelivered { nonce }), None);
    }
    let one_more = Notice::Undelivered { nonce: MOST_CLAIMS as u64 };
    assert_eq!(codes(notices.take((5, 0), &one_more)), ["undelivered"], "told, and not kept");
    assert_eq!(notices.claims.len(), MOST_CLAIMS);
    notices.claims.get_mut(&9).unwrap().failures = 3;
    assert_eq!(notices.take((5, 0), &one_more), None, "it is kept instead of one that was given up");
    assert!(!notices.claims.contains_key(&9) && notices.claims.contains_key(&(MOST_CLAIMS as u64)));
    assert_eq!(notices.asked(TIME).1.len(), TOLD_AT_A_HEAD);
    notices.take((6, 0), &Notice::Claimed { nonce: 0 });
    assert!(!notices.settle_claim(1, Address::ZERO));
    assert_eq!(notices.claims.keys().next(), Some(&2));
    for number in 0..=MOST_CHANGES as u64 {
        notices.take((7, 0), &scheduled(number, TIME));
    }
    assert_eq!((notices.changes.len(), notices.changes.keys().next()), (MOST_CHANGES, Some(&1)));
}
