//! Several endpoints of one chain, used as one.
//!
//! None of them is believed. Having several guards against one that is down, behind, pruned or lying: a call goes to the
//! first that is fit for it and on to the next where that one fails. One that fails a check is put aside for the rest of the
//! run, and [`Endpoints::findings`] tells why. Which of two that disagree is right is never voted on: the core's checks
//! decide it.

mod check;
mod finding;
mod one;
mod run;
mod standstill;

pub use finding::{Finding, Reason};
pub use run::{refusal_of, Gathered, Pair};

use crate::cancel::Cancel;
use crate::error::ProveError;
use crate::rpc::{RpcError, Transport};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::sync::atomic::{AtomicU64, Ordering};
use serde_json::Value;
use spanlight::header::UntrustedHeader;
use spanlight::verdict::Verdict;

/// Most findings that are kept: an endpoint decides how many there are.
const MOST_FINDINGS: usize = 256;
/// Blocks by which an endpoint may be behind the newest of the others, where nothing else is chosen.
pub const MAX_LAG: u64 = 30;

/// Methods by which an endpoint tells where something is. Whether it is there, the block shows,
/// which another endpoint may serve.
const TELLING: [&str; 2] = ["kaia_getLogs", "kaia_getTransactionReceipt"];

/// Counts answers over all chains, so that the endpoint that gave the last one can be told.
static ANSWERS: AtomicU64 = AtomicU64::new(1);

/// The endpoints of one chain, best first.
#[derive(Debug)]
pub struct Endpoints<T> {
    list: Vec<Endpoint<T>>,
    max_lag: u64,
    cancel: Cancel,
    findings: RefCell<Vec<Finding>>,
    /// Number and endpoint of the last answer.
    last: Cell<(u64, usize)>,
    /// Who has told where events are, by their places.
    tellers: RefCell<BTreeSet<usize>>,
    /// Endpoints put aside for what they showed, by their places, and how it was refused.
    refused: RefCell<Vec<(usize, ProveError)>>,
}

#[derive(Debug)]
struct Endpoint<T> {
    name: String,
    transport: T,
    aside: Cell<bool>,
    head: Cell<Option<u64>>,
    /// What it gave left something unproven, so that others are asked first.
    passed_over: Cell<bool>,
    /// It has refused a proof for want of the state.
    prunes: Cell<bool>,
    /// The header that it showed when the endpoints were compared.
    shown: RefCell<Option<UntrustedHeader>>,
}

impl<T: Transport> Endpoints<T> {
    /// Endpoints with the names under which they are reported, in order of preference.
    pub fn new(list: impl IntoIterator<Item = (String, T)>, cancel: Cancel) -> Self {
        let endpoint = |(name, transport)| Endpoint {
            name,
            transport,
            aside: Cell::new(false),
            head: Cell::new(None),
            passed_over: Cell::new(false),
            prunes: Cell::new(false),
            shown: RefCell::new(None),
        };
        Self {
            list: list.into_iter().map(endpoint).collect(),
            max_lag: MAX_LAG,
            cancel,
            findings: RefCell::default(),
            last: Cell::new((0, 0)),
            tellers: RefCell::default(),
            refused: RefCell::default(),
        }
    }

    /// The same, where an endpoint may be `blocks` behind the newest before others are preferred.
    #[must_use]
    pub const fn with_max_lag(mut self, blocks: u64) -> Self {
        self.max_lag = blocks;
        self
    }

    /// What was found of the endpoints so far.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        self.findings.borrow().clone()
    }

    /// The names of those still in use.
    pub fn in_use(&self) -> impl Iterator<Item = &str> {
        self.live().map(|(_, endpoint)| endpoint.name.as_str())
    }

    /// All of them, also those put aside, in the order given.
    pub fn transports(&self) -> impl Iterator<Item = &T> {
        self.list.iter().map(|endpoint| &endpoint.transport)
    }

    fn live(&self) -> impl Iterator<Item = (usize, &Endpoint<T>)> {
        self.list.iter().enumerate().filter(|(_, endpoint)| !endpoint.aside.get())
    }

    fn note(&self, finding: Finding) {
        let mut findings = self.findings.borrow_mut();
        // Of refusals the last is kept: a search through pruned heights meets many.
        if let Finding::Refused { endpoint, method, .. } = &finding {
            let is_same = |other: &Finding| matches!(other, Finding::Refused { endpoint: e, method: m, .. } if (e, m) == (endpoint, method));
            findings.retain(|other| !is_same(other));
        }
        if findings.len() < MOST_FINDINGS && !findings.contains(&finding) {
            findings.push(finding);
        }
    }

    fn put_aside(&self, endpoint: &Endpoint<T>, reason: Reason) {
        endpoint.aside.set(true);
        self.note(Finding::Aside { endpoint: endpoint.name.clone(), reason });
    }

    /// Those to ask, in order, by their places in the order given. One that was passed over comes after the others, and so does one that is far behind and, for
    /// state, one that prunes.
    #[must_use]
    pub fn order(&self, method: &str) -> Vec<usize> {
        let newest = self.live().filter_map(|(_, endpoint)| endpoint.head.get()).max();
        let is_behind = |endpoint: &Endpoint<T>| match (newest, endpoint.head.get()) {
            (Some(newest), Some(head)) => newest.saturating_sub(head) > self.max_lag,
            _ => false,
        };
        let rank = |(index, endpoint): (usize, &Endpoint<T>)| {
            let lacks = method == "kaia_getProof" && endpoint.prunes.get();
            (endpoint.passed_over.get(), lacks, is_behind(endpoint), index)
        };
        let mut ranks: Vec<_> = self.live().map(rank).collect();
        ranks.sort_unstable();
        ranks.into_iter().map(|(.., index)| index).collect()
    }

    /// Asks one after the other until one answers.
    async fn ask<R>(&self, method: &str, ask: impl AsyncFn(&T) -> Result<R, RpcError>) -> Result<R, RpcError> {
        let mut refusal: Option<RpcError> = None;
        for index in self.order(method) {
            if self.cancel.is_cancelled() {
                return Err(RpcError::Cancelled);
            }
            let Some(endpoint) = self.list.get(index) else { continue };
            match ask(&endpoint.transport).await {
                Ok(result) => {
                    self.last.set((ANSWERS.fetch_add(1, Ordering::Relaxed), index));
                    if TELLING.contains(&method) {
                        self.tellers.borrow_mut().insert(index);
                    }
                    return Ok(result);
                }
                Err(RpcError::Cancelled) => return Err(RpcError::Cancelled),
                Err(error @ RpcError::Transport { .. }) => self.put_aside(endpoint, Reason::Unanswered(error)),
                Err(error) => {
                    endpoint.prunes.set(endpoint.prunes.get() || error.is_pruned());
                    let method = method.to_owned();
                    self.note(Finding::Refused { endpoint: endpoint.name.clone(), method, error: error.clone() });
                    refusal = Some(refusal.unwrap_or(error));
                }
            }
        }
        Err(refusal.unwrap_or_else(|| self.nobody_left()))
    }

    /// Asks one endpoint by its place, for whoever compares what several say. One that does not answer is put aside.
    ///
    /// # Errors
    /// Those of the endpoint; and where it is not in use.
    pub async fn call_at(&self, place: usize, method: &str, params: Value) -> Result<Value, RpcError> {
        let found = self.list.get(place).filter(|endpoint| !endpoint.aside.get());
        let endpoint = found.ok_or_else(|| self.nobody_left())?;
        let answer = endpoint.transport.call(method, params).await;
        if let Err(error @ RpcError::Transport { .. }) = &answer {
            self.put_aside(endpoint, Reason::Unanswered(error.clone()));
        }
        answer
    }

    /// The same for several calls of one method; what it says of one keeps no other back.
    ///
    /// # Errors
    /// Where it is not in use, or did not answer: it may have done some of it.
    pub async fn call_each_at(
        &self,
        place: usize,
        method: &str,
        params: Vec<Value>,
    ) -> Result<Vec<Result<Value, RpcError>>, RpcError> {
        let answers = self.try_each_at(place, method, params).await;
        if let (Err(error @ RpcError::Transport { .. }), Some(endpoint)) = (&answers, self.list.get(place)) {
            self.put_aside(endpoint, Reason::Unanswered(error.clone()));
        }
        answers
    }

    /// The same of calls that anybody can make as long as they like: where no answer comes, nothing
    /// is held against the endpoint.
    ///
    /// # Errors
    /// Those of [`Self::call_each_at`].
    pub async fn try_each_at(
        &self,
        place: usize,
        method: &str,
        params: Vec<Value>,
    ) -> Result<Vec<Result<Value, RpcError>>, RpcError> {
        let found = self.list.get(place).filter(|endpoint| !endpoint.aside.get());
        let endpoint = found.ok_or_else(|| self.nobody_left())?;
        endpoint.transport.call_each(method, params).await
    }

    /// The error where every endpoint was put aside.
    fn nobody_left(&self) -> RpcError {
        let findings = self.findings.borrow();
        let asides = findings.iter().filter(|finding| matches!(finding, Finding::Aside { .. }));
        let silent = asides.clone().map(|finding| match finding {
            // A transport names its endpoint.
            Finding::Aside { reason: Reason::Unanswered(RpcError::Transport { reason }), .. } => Some(reason.clone()),
            _ => None,
        });
        match silent.collect::<Option<Vec<String>>>() {
            Some(reasons) => RpcError::Transport { reason: reasons.join("; ") },
            None => RpcError::NoneLeft { reasons: asides.map(ToString::to_string).collect::<Vec<_>>().join("; ") },
        }
    }

    /// Puts aside the endpoint of the last answer, if `error` says that the answer is false or of
    /// no use. True where another one is left, so that it is worth trying again. Where in the end
    /// all have shown the same, none stays aside for it.
    ///
    /// What is not covered may be met before any seal is checked, so anybody can show it. It is
    /// nobody's fault, but the others have their turn before it counts.
    pub fn dismiss(&self, error: &ProveError) -> bool {
        if matches!(error, ProveError::NotFollowed(Verdict::Unsupported(_))) {
            return self.pass_over_the_last();
        }
        if !is_the_answers_fault(error) {
            return false;
        }
        let place = match error {
            // The block is the verified one, so whoever served it is not at fault.
            ProveError::EventNotFound { .. } => match self.only_teller() {
                Some(teller) => teller,
                None => return self.pass_over(),
            },
            _ => self.last.get().1,
        };
        if let Some(endpoint) = self.list.get(place) {
            self.put_aside(endpoint, Reason::Refused { code: error.code() });
            self.refused.borrow_mut().push((place, error.clone()));
        }
        if self.live().next().is_some() {
            return true;
        }
        self.take_back_what_all_say(error);
        false
    }

    /// The endpoint that has told where events are, where no other one has since the last fault.
    fn only_teller(&self) -> Option<usize> {
        let tellers = self.tellers.take();
        tellers.first().copied().filter(|_| tellers.len() == 1)
    }

    /// Whether they lie together or the verifier is wrong about the chain cannot be told from here,
    /// so nobody is singled out.
    fn take_back_what_all_say(&self, error: &ProveError) {
        let refused = self.refused.take();
        let all: Vec<&Endpoint<T>> = refused.iter().filter_map(|(place, _)| self.list.get(*place)).collect();
        if refused.iter().any(|(_, other)| other != error) {
            return;
        }
        let is_taken_back = |finding: &Finding| match finding {
            Finding::Aside { endpoint, reason: Reason::Refused { .. } } => all.iter().any(|one| one.name == *endpoint),
            _ => false,
        };
        self.findings.borrow_mut().retain(|finding| !is_taken_back(finding));
        all.iter().for_each(|endpoint| endpoint.aside.set(false));
        let endpoints = all.iter().map(|endpoint| endpoint.name.clone()).collect();
        self.note(Finding::AllSay { endpoints, code: error.code() });
    }

    /// Lets the next endpoint be asked first, where this one may have kept something back: nothing that it gave is false, yet
    /// something is left unproven. False where each has had its turn.
    pub fn pass_over(&self) -> bool {
        let order = self.order("kaia_getLogs");
        let mut fresh = order.iter().filter_map(|index| self.list.get(*index)).filter(|one| !one.passed_over.get());
        let (Some(first), Some(_)) = (fresh.next(), fresh.next()) else { return false };
        first.passed_over.set(true);
        self.note(Finding::PassedOver { endpoint: first.name.clone() });
        true
    }

    /// [`Self::pass_over`] for the one that answered last. False where each has had its turn.
    fn pass_over_the_last(&self) -> bool {
        let place = self.last.get().1;
        let is_fresh = |(_, endpoint): (usize, &Endpoint<T>)| !endpoint.passed_over.get();
        let others = self.live().filter(|(index, _)| *index != place).any(is_fresh);
        let Some(endpoint) = self.list.get(place).filter(|last| others && !last.passed_over.get()) else {
            return false;
        };
        endpoint.passed_over.set(true);
        self.note(Finding::PassedOver { endpoint: endpoint.name.clone() });
        true
    }

    /// [`Self::dismiss`] for the one of several chains whose endpoint answered last.
    pub fn dismiss_latest(chains: &[&Self], error: &ProveError) -> bool {
        let latest = chains.iter().max_by_key(|endpoints| endpoints.last.get().0);
        latest.is_some_and(|endpoints| endpoints.dismiss(error))
    }
}

/// Whether another endpoint may do better.
fn is_the_answers_fault(error: &ProveError) -> bool {
    matches!(
        error,
        ProveError::Refused(_) | ProveError::EventNotFound { .. } | ProveError::Rpc(RpcError::Answer { .. })
    )
}

impl<T: Transport> Transport for Endpoints<T> {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        self.ask(method, async |transport: &T| transport.call(method, params.clone()).await).await
    }

    async fn call_all(&self, method: &str, params: Vec<Value>) -> Result<Vec<Value>, RpcError> {
        self.ask(method, async |transport: &T| transport.call_all(method, params.clone()).await).await
    }
}
