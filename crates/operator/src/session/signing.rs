//! Votes by signature: signs for proven requests, collects what others signed, and sends it when there is enough.

use super::patience::{in_turn, NOT_ASKED_YET, SIDE_BY_SIDE};
use super::proven_keys::ProvenKeys;
use super::signatures::{written, Choice, Counting, Needed};
use super::watching::is_spent;
use super::Session;
use crate::alarm::Alarm;
use crate::decide::{
    decide_signed, votes_at_hand, Decision, Delivery, Fit, Refusal, SignedDecision, SignedFacts, Wait,
};
use crate::delivery::{simulate, Asked, Gas, Manner};
use crate::direction::WorkError;
use crate::exchange::{Exchange, Given, Received};
use crate::park::Cause;
use crate::reverts;
use crate::send::Wanted;
use crate::store::Purpose;
use crate::tx::Action;
use crate::view::{self, AccountView, View};
use futures_util::future::try_join_all;
use spanlight::bridge::signed::{SignedHandle, SigningDomain};
use spanlight::state::AccountKey;
use spanlight::verify::AnchoredHeader;
use spanlight::{Address, U256};
use spanlight_prover::{Node, ProveError, Transport};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Time for signing in one round: a key may be slow, and what others signed is not to wait for all
/// of it.
const BUDGET: Duration = Duration::from_secs(2);

/// Reads accounts, side by side: at most as many as a bridge has operators.
pub(super) async fn accounts_of<T: Transport>(
    node: &Node<'_, T>,
    header: &AnchoredHeader,
    operators: &[Address],
) -> Result<Vec<(Address, AccountView)>, ProveError> {
    let read = operators.iter().map(async |operator| Ok((*operator, view::account(node, header, *operator).await?)));
    try_join_all(read).await
}

impl Session<'_> {
    /// What signatures bring that came in since the last head.
    pub(super) async fn at_new_signatures(&mut self) -> Result<(), WorkError> {
        match self.direction.shared.exchange.clone() {
            Some(exchange) if exchange.has_mail(&self.direction.name) => self.act_by_signatures(&exchange).await,
            _ => Ok(()),
        }
    }

    pub(super) async fn act_by_signatures(&mut self, exchange: &Exchange) -> Result<(), WorkError> {
        let Some((domain, epoch)) = self.signing_domain() else {
            self.raise(None, Alarm::NotBound);
            return Ok(());
        };
        let nonces: Vec<u64> = self.view.transfers.keys().copied().collect();
        self.prove_keys().await?;
        let can_sign = self.can_sign();
        let counting = counting(&self.view, &self.proven_keys);
        for nonce in &nonces {
            if let Some(open) = self.open.get_mut(nonce) {
                open.signatures.renew(domain.digest(&open.call, epoch), counting);
            }
        }
        self.take_all(&exchange.collect(&self.direction.name));
        let most = self.direction.shared.config.voting.max_in_flight;
        let (mut wanted, mut calls) = (BTreeSet::new(), Vec::new());
        let start = Instant::now();
        for nonce in nonces {
            let decision = match self.decide_signed(nonce, exchange, can_sign) {
                Some(SignedDecision::Sign) if start.elapsed() < BUDGET => {
                    self.sign(nonce, exchange)?;
                    self.direction.pulse.beat();
                    self.decide_signed(nonce, exchange, can_sign)
                }
                other => other,
            };
            let Some(decision) = decision else { continue };
            self.note(nonce, decision.code(), decision.words());
            let has_place = self.sender.in_flight().saturating_add(calls.len()) < most;
            match decision {
                SignedDecision::Done => self.finish(nonce),
                SignedDecision::Collect => {
                    wanted.insert(nonce);
                }
                SignedDecision::Submit if has_place => calls.extend(self.submission(nonce).map(|input| (nonce, input))),
                SignedDecision::Correct { voted } if has_place => {
                    self.raise(Some(nonce), Alarm::KeyStolen { voted });
                    calls.extend(self.correction(nonce).map(|input| (nonce, input)));
                }
                SignedDecision::Submit | SignedDecision::Correct { .. } => self.note_full(nonce),
                SignedDecision::Refuse(refusal) => {
                    let account = self.view.me;
                    self.raise(
                        None,
                        match refusal {
                            Refusal::NotOperator => Alarm::NotOperator { account },
                            Refusal::AccountKey => Alarm::AccountKey { account, why: self.why_it_cannot_sign() },
                        },
                    );
                }
                _ => {}
            }
        }
        let is_open = |nonce| self.open.contains_key(&nonce);
        exchange.want(&self.direction.name, self.view.head.number, wanted, is_open);
        self.send_those_that_work(calls).await
    }

    /// Whether signatures are counted by the keys that the chain knows.
    pub(super) fn counts_by_keys(&self) -> bool {
        self.direction.shared.exchange.is_some() && self.view.second.is_some_and(|second| second.account_keys)
    }

    /// Reads the accounts of operators at the head that were not read with the rest: of those that
    /// have just come. All under a verified header, so a replaced key cannot be shown as the
    /// account's.
    async fn prove_keys(&mut self) -> Result<(), WorkError> {
        let head = self.view.head.number;
        let missing = self.proven_keys.missing(head, &self.view.operators);
        if !self.counts_by_keys() || self.view.transfers.is_empty() || missing.is_empty() {
            return Ok(());
        }
        let node = Node::new(&self.links[1].endpoints, &self.destination.chain().trusted().profile);
        let header = self.destination.chain().header(head).map_err(ProveError::from)?;
        let accounts = accounts_of(&node, header, &missing).await?;
        self.proven_keys.learn(head, accounts);
        Ok(())
    }

    /// Whether this operator's keys make signatures that the bridge counts as its account's.
    fn can_sign(&self) -> Fit {
        let Some(keys) = self.direction.shared.keys.get(&self.direction.to.chain) else { return Fit::Differs };
        match counting(&self.view, &self.proven_keys).keys {
            None if keys.operator.is_own() => Fit::Fits,
            None => Fit::Differs,
            Some(_) => self.proven_keys.fit(&keys.operator),
        }
    }

    fn why_it_cannot_sign(&self) -> &'static str {
        match counting(&self.view, &self.proven_keys).keys {
            None => "the bridge takes signatures of an account's address's own key only: use mode = \"votes\"",
            Some(_) => {
                "its key on the chain is another one than the configured keys: nothing is signed; configure the keys that it has now"
            }
        }
    }

    /// What signatures are bound to and the operators' epoch, if the bridge is bound to this direction's source.
    fn signing_domain(&self) -> Option<(SigningDomain, u64)> {
        let second = self.view.second?;
        let (from, to) = (&self.direction.from, &self.direction.to);
        let chain_id = |name: &str| self.trust.chain(name).ok().map(|chain| chain.profile.chain_id);
        let domain = SigningDomain {
            source_chain_id: chain_id(&from.chain)?,
            source_bridge: from.address,
            chain_id: chain_id(&to.chain)?,
            bridge: to.address,
        };
        let is_bound = second.source == (U256::from(domain.source_chain_id), domain.source_bridge);
        is_bound.then_some((domain, second.operator_epoch))
    }

    /// A signature that does not fit accuses nobody: its signer may have seen the operators or its
    /// key change a moment earlier or later. But no key is recovered for that peer any more until
    /// the next head, and it is told once.
    fn take_all(&mut self, all: &[Received]) {
        let counting = counting(&self.view, &self.proven_keys);
        let (mut told, mut refused) = (BTreeSet::new(), BTreeSet::new());
        for Received { peer, given } in all {
            let Some(open) = self.open.get_mut(&given.nonce).filter(|_| !refused.contains(peer)) else { continue };
            if open.signatures.take(given, counting) {
                continue;
            }
            if open.signatures.digest() == Some(given.digest) {
                refused.insert(peer);
            }
            if told.insert(peer) {
                let nonce = given.nonce;
                tracing::warn!(direction = %self.direction.name, nonce, %peer, "a peer's signature does not fit and does not count");
            }
        }
    }

    fn decide_signed(&mut self, nonce: u64, exchange: &Exchange, can_sign: Fit) -> Option<SignedDecision> {
        let head = self.view.head.number;
        let (fresh, paused) = (self.is_fresh(), self.is_paused());
        let state = self.view.transfers.get(&nonce)?;
        let open = self.open.get_mut(&nonce)?;
        open.signatures.digest()?;
        let signers = open.signatures.signers(counting(&self.view, &self.proven_keys)).copied().collect();
        let at_hand = votes_at_hand(state, &signers);
        if at_hand >= self.view.threshold {
            open.signatures.complete_at.get_or_insert(head);
        }
        Some(decide_signed(&SignedFacts {
            nonce,
            key: open.key,
            me: self.view.me,
            operators: &self.view.operators,
            threshold: self.view.threshold,
            state,
            signers: &signers,
            at_hand,
            signed: open.signatures.is_signed(&self.view.me, exchange, (&self.direction.name, nonce)),
            can_sign,
            waited: open.signatures.complete_at.map_or(0, |at| head.saturating_sub(at)),
            turn_blocks: self.direction.shared.config.voting.turn_blocks,
            in_flight: self.sender.is_in_flight(Purpose::Vote, nonce),
            fresh,
            paused,
            bridge_paused: self.view.is_bridge_paused(),
            parked: open.park.is_parked(head),
        }))
    }

    fn sign(&mut self, nonce: u64, exchange: &Exchange) -> Result<(), WorkError> {
        let Some(open) = self.open.get_mut(&nonce) else { return Ok(()) };
        let Some(digest) = open.signatures.digest() else { return Ok(()) };
        let chain = &self.direction.to.chain;
        let keys = self.direction.shared.keys.get(chain).ok_or_else(|| WorkError::NoKey(chain.clone()))?;
        let signatures = match keys.operator.sign(&digest) {
            Ok(signatures) => signatures,
            Err(error) => {
                self.raise(None, error.into());
                return Ok(());
            }
        };
        let counting = counting(&self.view, &self.proven_keys);
        let key = counting.keys.and_then(|keys| keys.get(&self.view.me)).unwrap_or(&AccountKey::Legacy);
        let signature = written(&self.view.me, key, &signatures);
        let given = Given { nonce, digest, signature };
        if !open.signatures.take(&given, counting) {
            tracing::error!(direction = %self.direction.name, nonce, "this operator's own signature does not count");
            return Ok(());
        }
        exchange.give(&self.direction.name, given);
        tracing::info!(direction = %self.direction.name, nonce, "signed");
        Ok(())
    }

    /// What may be sent of the signatures at hand, best first; nothing where too few count.
    fn choices(&self, nonce: u64) -> Vec<Choice> {
        let (open, state) = (self.open.get(&nonce), self.view.transfers.get(&nonce));
        let Some((open, state)) = open.zip(state) else { return Vec::new() };
        let counting = counting(&self.view, &self.proven_keys);
        if votes_at_hand(state, open.signatures.signers(counting)) < self.view.threshold {
            return Vec::new();
        }
        open.signatures.choices(&Needed {
            state,
            threshold: self.view.threshold,
            me: &self.view.me,
            counting,
            proven: &self.proven_keys,
        })
    }

    /// The call that carries these signatures.
    fn carrying(&mut self, nonce: u64, choice: &Choice) -> Option<Vec<u8>> {
        let open = self.open.get_mut(&nonce)?;
        open.corrects = false;
        open.signatures.note_sent(choice);
        Some(SignedHandle { call: open.call.clone(), signatures: choice.signatures.clone() }.encode())
    }

    /// The call that carries the best choice of signatures. The contract refuses a call without
    /// any.
    fn submission(&mut self, nonce: u64) -> Option<Vec<u8>> {
        let choices = self.choices(nonce);
        choices.first().and_then(|choice| self.carrying(nonce, choice))
    }

    /// A vote by a call of its own, over a vote of its account that somebody else cast.
    fn correction(&mut self, nonce: u64) -> Option<Vec<u8>> {
        let open = self.open.get_mut(&nonce)?;
        open.corrects = true;
        Some(open.call.encode())
    }

    async fn send_those_that_work(&mut self, calls: Vec<(u64, Vec<u8>)>) -> Result<(), WorkError> {
        let mut sendable = BTreeMap::new();
        let head = self.view.head.number;
        for (nonce, input) in calls {
            let gas = self.vote_gas(nonce);
            if !self.open.get(&nonce).is_none_or(|open| open.patience.is_due(head)) {
                self.note(nonce, Wait::NoSimulation.code(), Decision::Wait(Wait::NoSimulation).words());
                continue;
            }
            match self.unsendable(&input, gas) {
                Some(reason) => self.park(nonce, Cause::Unsendable, reason),
                None => {
                    sendable.insert(nonce, (input, gas));
                }
            }
        }
        let tries = |nonce: &u64| self.open.get(nonce).map_or(0, |open| open.patience.tries());
        let (fresh, late) = in_turn(sendable.keys().map(|nonce| (*nonce, tries(nonce))));
        for (nonces, manner) in [(fresh, Manner::Together), (late, Manner::Alone)] {
            let some = nonces
                .into_iter()
                .filter_map(|nonce| {
                    let (input, gas) = sendable.remove(&nonce)?;
                    Some((nonce, input, gas))
                })
                .collect();
            self.send_some_that_work(some, manner).await?;
        }
        Ok(())
    }

    async fn send_some_that_work(
        &mut self,
        sendable: Vec<(u64, Vec<u8>, Gas)>,
        manner: Manner,
    ) -> Result<(), WorkError> {
        let said = self.try_calls(&sendable, manner).await;
        let (mut votes, mut refused, begun) = (Vec::new(), Vec::new(), Instant::now());
        // What the time is not enough for is told so, too.
        let said = said.into_iter().chain(std::iter::repeat(Delivery::NotAsked));
        for ((nonce, input, _), delivery) in sendable.into_iter().zip(said) {
            if delivery == Delivery::NotAsked {
                self.note(nonce, Decision::Simulate.code(), NOT_ASKED_YET.to_owned());
            } else if is_of_other_keys(&delivery) {
                refused.push(nonce);
            } else {
                votes.extend(self.vote_as_tried(nonce, input, delivery));
            }
        }
        for nonce in refused {
            if is_spent(begun) {
                break;
            }
            votes.extend(self.without_the_refused(nonce).await);
        }
        self.send_votes(votes).await
    }

    /// What endpoints say of calls; of a slow endpoint the rest is asked at the next head: what is
    /// ready is sent first.
    async fn try_calls(&mut self, calls: &[(u64, Vec<u8>, Gas)], manner: Manner) -> Vec<Delivery> {
        let asked = calls.iter().map(|(_, input, gas)| Asked { input, gas: *gas, delivers: None });
        let asked: Vec<Asked<'_>> = asked.collect();
        let (link, to) = (&self.links[1], &self.direction.to);
        let (mut said, begun) = (Vec::new(), Instant::now());
        while said.len() < asked.len() && !is_spent(begun) {
            let (start, rest) = (Instant::now(), asked.get(said.len()..).unwrap_or_default());
            let together = if manner == Manner::Alone { SIDE_BY_SIDE } else { self.pace.together() };
            let part = rest.get(..together).unwrap_or(rest);
            said.extend(simulate(link, to, self.view.me, part, &mut self.gas_seen, manner).await);
            if manner == Manner::Together {
                self.pace.note(part.len(), start.elapsed());
            }
        }
        said
    }

    /// The bridge refuses the signature of an account, and does not name it: other choices are
    /// tried at once, so that nobody's signature keeps back those of the others.
    async fn without_the_refused(&mut self, nonce: u64) -> Option<Wanted> {
        let choices = self.choices(nonce);
        let mut calls = Vec::new();
        for choice in &choices {
            calls.push((nonce, self.carrying(nonce, choice)?, self.vote_gas(nonce)));
        }
        let said = self.try_calls(&calls, Manner::Together).await;
        let is_whole = said.len() == calls.len();
        for (tried, ((choice, (_, input, _)), delivery)) in choices.iter().zip(calls).zip(said).enumerate() {
            if is_of_other_keys(&delivery) {
                continue;
            }
            if let Some(left_out) = choice.doubtful.filter(|_| tried > 0) {
                self.proven_keys.doubt(&left_out);
            }
            self.open.get_mut(&nonce)?.signatures.note_sent(choice);
            return self.vote_as_tried(nonce, input, delivery);
        }
        // Whose it is, the next head proves. Until then those of other operators are collected.
        if let Some(doubtful) = choices.first().filter(|_| is_whole).and_then(|best| best.doubtful) {
            self.proven_keys.doubt(&doubtful);
        }
        self.note(nonce, SignedDecision::Collect.code(), SignedDecision::Collect.words());
        None
    }

    /// The vote, where it works.
    fn vote_as_tried(&mut self, nonce: u64, input: Vec<u8>, delivery: Delivery) -> Option<Wanted> {
        let delivery = self.wait_for_proof(nonce, delivery);
        self.note_patience(nonce, &delivery);
        match delivery {
            Delivery::Works { gas } => {
                let action = Action::Call { to: self.direction.to.address, input };
                return Some(Wanted { nonce, action, gas });
            }
            Delivery::Fails { reason } => self.park_undelivered(nonce, reason),
            Delivery::Meanwhile => {
                self.note(nonce, Wait::Meanwhile.code(), Decision::Wait(Wait::Meanwhile).words());
            }
            Delivery::Paused => {
                self.note(nonce, Wait::BridgePaused.code(), Decision::Wait(Wait::BridgePaused).words());
            }
            Delivery::NotAsked | Delivery::Unknown => {
                self.note(nonce, Wait::NoSimulation.code(), Decision::Wait(Wait::NoSimulation).words());
            }
        }
        None
    }
}

/// Whether the bridge refuses a signature that the account's keys of now did not make.
fn is_of_other_keys(delivery: &Delivery) -> bool {
    matches!(delivery, Delivery::Fails { reason } if reverts::is_of_other_keys(reason))
}

/// Whose signatures the bridge counts, as it is proven.
fn counting<'v>(view: &'v View, proven: &'v ProvenKeys) -> Counting<'v> {
    let asks = view.second.is_some_and(|second| second.account_keys);
    Counting { operators: &view.operators, keys: asks.then_some(proven.counted()) }
}
