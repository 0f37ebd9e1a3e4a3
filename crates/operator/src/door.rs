//! Who is let in at a port. Anybody may knock, as often as they like; they must not keep others
//! out, nor cost much.
//!
//! A newcomer is always let in, in the place of an older connection where there are enough: of the
//! guest that has most, its oldest. So whoever holds connections open takes places from itself, and
//! whoever asks and goes is answered.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Most {
    pub(crate) in_all: usize,
    pub(crate) of_one: usize,
}

/// The connections that are open, by guest: an address, or a certificate.
#[derive(Clone, Debug)]
pub(crate) struct Door<G>(Arc<Inside<G>>);

#[derive(Debug)]
struct Inside<G> {
    most: Most,
    open: Mutex<Open<G>>,
}

#[derive(Debug)]
struct Open<G> {
    next: u64,
    /// The oldest first.
    guests: BTreeMap<u64, (G, Arc<Notify>)>,
}

/// One connection's place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place<G: Clone + Eq + Ord> {
    door: Door<G>,
    number: u64,
    leave: Arc<Notify>,
}

impl<G: Clone + Eq + Ord> Door<G> {
    pub(crate) fn new(most: Most) -> Self {
        Self(Arc::new(Inside { most, open: Mutex::new(Open { next: 0, guests: BTreeMap::new() }) }))
    }

    /// Lets a guest in. Gives its place, and whether another connection has to leave for it.
    pub(crate) fn enter(&self, guest: G) -> (Place<G>, bool) {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        let leaves = open.to_leave(self.0.most, &guest);
        if let Some((_, leave)) = leaves.and_then(|number| open.guests.remove(&number)) {
            leave.notify_one();
        }
        let number = open.next;
        open.next = number.wrapping_add(1);
        let leave = Arc::new(Notify::new());
        open.guests.insert(number, (guest, Arc::clone(&leave)));
        (Place { door: self.clone(), number, leave }, leaves.is_some())
    }

    #[cfg(test)]
    fn inside(&self) -> Vec<G> {
        let open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.guests.values().map(|(guest, _)| guest.clone()).collect()
    }
}

impl<G: Eq + Ord> Open<G> {
    /// The connection that has to leave, where there are enough.
    fn to_leave(&self, most: Most, newcomer: &G) -> Option<u64> {
        // How many connections each guest has, and its oldest.
        let mut guests: BTreeMap<&G, (usize, u64)> = BTreeMap::new();
        for (number, (guest, _)) in &self.guests {
            let (count, _) = guests.entry(guest).or_insert((0, *number));
            *count = count.saturating_add(1);
        }
        if let Some((_, oldest)) = guests.get(newcomer).filter(|(count, _)| *count >= most.of_one) {
            return Some(*oldest);
        }
        if self.guests.len() < most.in_all {
            return None;
        }
        // Of guests that have as many, the one that came first: by no rule may one address always
        // lose.
        let first = guests.into_values().max_by_key(|(count, oldest)| (*count, std::cmp::Reverse(*oldest)));
        first.map(|(_, oldest)| oldest)
    }
}

impl<G: Clone + Eq + Ord> Place<G> {
    /// Done when the connection has to leave.
    pub(crate) async fn is_needed(&self) {
        self.leave.notified().await;
    }
}

impl<G: Clone + Eq + Ord> Drop for Place<G> {
    fn drop(&mut self) {
        self.door.0.open.lock().unwrap_or_else(PoisonError::into_inner).guests.remove(&self.number);
    }
}

/// How often something costly is done for an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// Each second, on average.
    pub(crate) each_second: u32,
    /// At once, after a rest.
    pub(crate) at_once: u32,
}

/// What is left of a rate.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Thousandths.
    left: u64,
    at: Instant,
}

impl Bucket {
    fn full(rate: Rate, now: Instant) -> Self {
        Self { left: u64::from(rate.at_once).saturating_mul(1000), at: now }
    }

    fn filled(self, rate: Rate, now: Instant) -> Self {
        let millis = u64::try_from(now.saturating_duration_since(self.at).as_millis()).unwrap_or(u64::MAX);
        let more = millis.saturating_mul(u64::from(rate.each_second));
        Self { left: self.left.saturating_add(more).min(Self::full(rate, now).left), at: now }
    }

    fn take(&mut self, rate: Rate, now: Instant) -> bool {
        *self = self.filled(rate, now);
        let left = self.left.checked_sub(1000);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }
}

/// Most addresses whose rate is remembered; then those that have rested are forgotten, and if none
/// has, all are.
const MOST_ADDRESSES: usize = 4096;

/// Costly work for strangers, limited by address and in all; those who have shown who they are have
/// a rate of their own.
#[derive(Debug)]
pub(crate) struct Gate {
    of_one: Rate,
    in_all: Rate,
    state: Mutex<GateState>,
}

#[derive(Debug)]
struct GateState {
    known: BTreeMap<IpAddr, Bucket>,
    strangers: BTreeMap<IpAddr, Bucket>,
    all: Bucket,
}

impl Gate {
    pub(crate) fn new(of_one: Rate, in_all: Rate) -> Self {
        let all = Bucket::full(in_all, Instant::now());
        let state = GateState { known: BTreeMap::new(), strangers: BTreeMap::new(), all };
        Self { of_one, in_all, state: Mutex::new(state) }
    }

    /// From now on `address` does not share with strangers: a peer was met there.
    pub(crate) fn knows(&self, address: IpAddr) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.known.len() < MOST_ADDRESSES {
            state.known.entry(address).or_insert_with(|| Bucket::full(self.in_all, Instant::now()));
        }
    }

    /// Whether a peer was met at `address`.
    pub(crate) fn is_known(&self, address: IpAddr) -> bool {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).known.contains_key(&address)
    }

    /// Whether work may be done for `address` now.
    pub(crate) fn lets_in(&self, address: IpAddr, now: Instant) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        if let Some(bucket) = state.known.get_mut(&address) {
            return bucket.take(self.in_all, now);
        }
        if state.strangers.len() >= MOST_ADDRESSES && !state.strangers.contains_key(&address) {
            let full = Bucket::full(self.of_one, now).left;
            state.strangers.retain(|_, bucket| bucket.filled(self.of_one, now).left < full);
            if state.strangers.len() >= MOST_ADDRESSES {
                state.strangers.clear();
            }
        }
        let bucket = state.strangers.entry(address).or_insert_with(|| Bucket::full(self.of_one, now));
        bucket.take(self.of_one, now) && state.all.take(self.in_all, now)
    }
}

/// Says something at most once a minute, with how often it happened: others decide how often, and a
/// log must not fill.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<(Option<Instant>, u64)>);

impl Seldom {
    const PAUSE: Duration = Duration::from_secs(60);

    /// Counts one more. Gives how many there were since the last time, where it is time to say it.
    pub(crate) fn count(&self, now: Instant) -> Option<u64> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (said, count) = &mut *state;
        *count = count.saturating_add(1);
        if said.is_some_and(|said| now.saturating_duration_since(said) < Self::PAUSE) {
            return None;
        }
        *said = Some(now);
        Some(std::mem::take(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: Most = Most { in_all: 4, of_one: 3 };

    #[test]
    fn whoever_has_most_connections_makes_room_and_its_oldest_leaves() {
        let door = Door::new(MOST);
        let (other, _) = door.enter("other");
        let flood: Vec<_> = (0..100).map(|_| door.enter("flood").0).collect();
        assert_eq!(door.inside(), ["other", "flood", "flood", "flood"], "no more than one may have");
        let (_late, makes_room) = door.enter("late");
        assert!(makes_room);
        assert_eq!(door.inside(), ["other", "flood", "flood", "late"]);
        drop((flood, other));
        assert_eq!(door.inside(), ["late"], "places are given back");
    }

    #[test]
    fn of_many_with_one_connection_each_the_oldest_leaves_whatever_its_address() {
        let door = Door::new(Most { in_all: 32, of_one: 8 });
        let _strangers: Vec<_> = (0..32).map(|address| door.enter(address).0).collect();
        // A peer whose address sorts last, and one whose address sorts first.
        let (peer, _) = door.enter(99);
        let (other, _) = door.enter(-1);
        let _more: Vec<_> = (32..62).map(|address| door.enter(address).0).collect();
        let inside = door.inside();
        assert!(inside.contains(&99) && inside.contains(&-1), "they have come later than 30 others: {inside:?}");
        drop((peer, other));
    }

    #[tokio::test]
    async fn who_has_to_leave_is_told() {
        let door = Door::new(Most { in_all: 1, of_one: 1 });
        let (first, _) = door.enter(1);
        let (second, makes_room) = door.enter(2);
        assert!(makes_room);
        first.is_needed().await;
        assert!(tokio::time::timeout(Duration::from_millis(10), second.is_needed()).await.is_err());
    }

    #[test]
    fn strangers_share_what_peers_do_not_wait_for() {
        let (one, all) = (Rate { each_second: 2, at_once: 3 }, Rate { each_second: 10, at_once: 20 });
        let (gate, start) = (Gate::new(one, all), Instant::now());
        let address = |number: u32| IpAddr::from(number.to_be_bytes());
        let let_in = |number, at| (0..100).filter(|_| gate.lets_in(address(number), at)).count();
        assert_eq!(let_in(1, start), 3, "one address");
        assert_eq!((2..100).map(|number| let_in(number, start)).sum::<usize>(), 17, "all strangers together");
        gate.knows(address(7));
        assert_eq!(let_in(7, start), 20, "a peer's address, all the same");
        assert_eq!(let_in(1, start + Duration::from_secs(1)), 2, "after a second");
        for number in 0..20_000 {
            gate.lets_in(address(number), start);
        }
        assert!(gate.state.lock().unwrap().strangers.len() <= MOST_ADDRESSES);
    }

    #[test]
    fn what_happens_often_is_said_seldom_and_counted() {
        let (seldom, start) = (Seldom::default(), Instant::now());
        assert_eq!(seldom.count(start), Some(1));
        assert!((0..1000).all(|_| seldom.count(start + Duration::from_secs(59)).is_none()));
        assert_eq!(seldom.count(start + Duration::from_secs(60)), Some(1001));
    }
}
