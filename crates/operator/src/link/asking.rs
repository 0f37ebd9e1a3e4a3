//! Which endpoint is asked for a simulation, and how long it is waited for. Anybody can make a call
//! that takes a node long, so silence accuses no endpoint; and an endpoint may answer everything
//! but simulations, so silence never ends the asking.

use super::{parts, Call, Link};
use futures_util::future::join_all;
use serde_json::Value;
use spanlight_prover::RpcError;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Simulations asked for in one request: a node makes them one after the other, and has several
/// requests at the same time.
pub(super) const ASKED_TOGETHER: usize = 16;
/// Longest time for one request of several simulations, and for those that are asked again alone.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time for several calls at all endpoints.
const LONGEST_ASKED: Duration = Duration::from_secs(4);
/// So long an endpoint that answered no simulation is asked for them after all others.
const RANKED_LAST: Duration = Duration::from_secs(60);

/// How long simulations are waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For several in one request.
    pub(crate) together: Duration,
    /// For one that is asked for again, in a request of its own.
    pub(crate) alone: Duration,
    /// For several calls at all endpoints.
    pub(crate) all: Duration,
    /// For one that was never to share a request.
    pub(crate) single: Duration,
}

impl Patience {
    /// What fits an endpoint's own limit.
    pub(super) fn within(timeout: Duration) -> Self {
        let patience = PATIENCE.min(timeout.checked_div(2).unwrap_or(timeout));
        Self { together: patience, alone: patience, all: LONGEST_ASKED, single: timeout }
    }

    /// The share of one of so many turns, which is at least half of what it may have: the endpoints
    /// for which no time is left come first the next time.
    fn share(self, turns: u32, most: Duration, all: Duration) -> Duration {
        let least = most.checked_div(2).unwrap_or(most);
        all.checked_div(turns).unwrap_or(all).clamp(least, most)
    }
}

/// Endpoints that answered no simulation lately, by name.
#[derive(Debug, Default)]
pub(super) struct Silent(RefCell<BTreeMap<String, Instant>>);

impl Silent {
    fn note(&self, name: String, is_silent: bool) {
        let mut silent = self.0.borrow_mut();
        if is_silent {
            silent.insert(name, Instant::now());
        } else {
            silent.remove(&name);
        }
    }

    /// Since when, where that is not long ago.
    fn since(&self, name: &str) -> Option<Instant> {
        self.0.borrow().get(name).copied().filter(|since| since.elapsed() < RANKED_LAST)
    }
}

/// One call while endpoints are asked about it.
struct Asking<R> {
    /// What was said of it.
    said: Vec<R>,
    /// Places of the endpoints that answered.
    answered: Vec<usize>,
    /// A request of several that held it had no answer.
    alone: bool,
}

impl Link {
    /// Endpoints in use for a simulation: first those that answer, then those that were silent
    /// lately, the longest ago first. Gives how many are of the first kind.
    fn simulators(&self, method: &str) -> (Vec<usize>, usize) {
        let mut places = self.endpoints.order(method);
        places.sort_by_key(|place| self.silent.since(&self.name_of(*place)));
        let answering = places.iter().filter(|place| self.silent.since(&self.name_of(**place)).is_none()).count();
        (places, answering)
    }

    /// The endpoints in the order asked, and among how many turns the time is shared. The first of
    /// those that answer has a second turn: where others are silent, it may answer alone what it
    /// did not answer together.
    fn turns(&self, method: &str, has_parts: bool) -> (Vec<usize>, u32) {
        let (mut places, answering) = self.simulators(method);
        // Where all were silent, none is behind the others.
        let mut sharing = if answering == 0 { places.len() } else { answering };
        if let Some(first) = places.first().copied().filter(|_| has_parts) {
            places.insert(sharing, first);
            sharing = sharing.saturating_add(1);
        }
        (places, u32::try_from(sharing).unwrap_or(u32::MAX))
    }

    /// Asks one endpoint after the other about those calls that no earlier one has settled; several
    /// in one request, and such requests side by side. What had no answer in such a request is
    /// asked alone, at the next endpoint or, without another one, at the same. Gives what was said
    /// of each.
    pub(super) async fn ask_each<R>(
        &self,
        method: &str,
        (calls, together): (&[Call<'_>], usize),
        params: impl Fn(&Call<'_>) -> Value,
        read: fn(Result<Value, RpcError>) -> R,
        is_settled: impl Fn(&R) -> bool,
    ) -> Vec<Vec<R>> {
        let asking = |_| Asking { said: Vec::new(), answered: Vec::new(), alone: together <= 1 };
        let mut all: Vec<Asking<R>> = calls.iter().map(asking).collect();
        let (begun, has_parts) = (Instant::now(), calls.len() > 1 && together > 1);
        let (turns, sharing) = self.turns(method, has_parts);
        let time = if has_parts { self.patience.all } else { self.patience.all.max(self.patience.single) };
        for place in turns {
            if calls.len() > 1 && begun.elapsed() >= time {
                break;
            }
            let is_due = |asking: &Asking<R>| !asking.answered.contains(&place) && !asking.said.iter().any(&is_settled);
            let due = (0..).zip(calls).zip(&all).filter(|(_, asking)| is_due(asking));
            let (alone, several): (Vec<_>, Vec<_>) = due.partition(|(_, asking)| asking.alone);
            let [alone, several] = [alone, several].map(|row| row.into_iter().map(|(due, _)| due).collect::<Vec<_>>());
            let mut requests = parts(&several, together, |(_, call): &(usize, &Call<'_>)| call.input.len());
            requests.extend(parts(&alone, 1, |(_, call)| call.input.len()));
            let asked = requests.iter().map(async |part| {
                let params: Vec<Value> = part.iter().map(|(_, call)| params(call)).collect();
                let most = match (has_parts, params.len()) {
                    (false, _) => self.patience.single,
                    (true, 1) => self.patience.alone,
                    (true, _) => self.patience.together,
                };
                self.ask_part(place, method, params, self.patience.share(sharing, most, time)).await
            });
            let answers = join_all(asked).await;
            if !answers.is_empty() {
                self.silent.note(self.name_of(place), !answers.iter().flatten().any(is_answer));
            }
            let sizes = requests.iter().flat_map(|part| part.iter().map(|(index, _)| (*index, part.len() > 1)));
            let answers: Vec<_> = sizes.zip(answers.into_iter().flatten()).collect();
            for ((index, was_together), answer) in answers {
                let Some(asking) = all.get_mut(index) else { continue };
                if is_answer(&answer) {
                    asking.answered.push(place);
                } else {
                    asking.alone |= was_together;
                }
                asking.said.push(read(answer));
            }
        }
        all.into_iter().map(|asking| asking.said).collect()
    }

    /// Asks an endpoint for simulations in one request, and waits so long.
    async fn ask_part(
        &self,
        place: usize,
        method: &str,
        params: Vec<Value>,
        patience: Duration,
    ) -> Vec<Result<Value, RpcError>> {
        let count = params.len();
        let error = match tokio::time::timeout(patience, self.endpoints.try_each_at(place, method, params)).await {
            Ok(Ok(answers)) => return answers,
            Ok(Err(error)) => error,
            Err(_) => RpcError::Transport { reason: format!("{}, {method}: no answer in time", self.name_of(place)) },
        };
        vec![Err(error); count]
    }
}

/// Whether the endpoint answered at all, be it with a refusal.
fn is_answer(said: &Result<Value, RpcError>) -> bool {
    !matches!(said, Err(RpcError::Transport { .. } | RpcError::Cancelled | RpcError::NoneLeft { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight_prover::Cancel;

    #[test]
    fn who_was_silent_is_asked_last_and_the_time_is_shared_among_those_who_answer() {
        let urls = ["http://a.example", "http://b.example", "http://c.example"].map(str::to_owned);
        let link = Link::open(&urls, Duration::from_secs(10), &Cancel::default()).unwrap();
        let turns = |has_parts| link.turns("kaia_call", has_parts);
        assert_eq!((turns(true), turns(false)), ((vec![0, 1, 2, 0], 4), (vec![0, 1, 2], 3)));
        link.silent.note(link.name_of(0), true);
        assert_eq!(turns(true), (vec![1, 2, 1, 0], 3));
        link.silent.note(link.name_of(2), true);
        // The only one that answers is asked about each call alone before a silent one has any of
        // them.
        assert_eq!(turns(true), (vec![1, 1, 0, 2], 2));
        link.silent.note(link.name_of(1), true);
        assert_eq!(turns(true), (vec![0, 2, 1, 0], 4), "where all were silent, the longest ago comes first");
        link.silent.note(link.name_of(1), false);
        assert_eq!(turns(true), (vec![1, 1, 0, 2], 2), "one answer is enough");
    }

    #[test]
    fn no_endpoint_takes_the_time_of_the_others() {
        let patience = Patience::within(Duration::from_secs(10));
        let share = |turns| patience.share(turns, patience.together, patience.all).as_millis();
        assert_eq!([2, 3, 4, 9].map(share), [2_000, 1_333, 1_000, 1_000]);
    }
}
