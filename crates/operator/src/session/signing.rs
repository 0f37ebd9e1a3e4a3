//! Votes by signature: signs for proven requests, collects what others signed, and sends it when there is enough.

use super::signatures::{written, Counting, Keys};
use super::watching::is_spent;
use super::Session;
use crate::alarm::Alarm;
use crate::decide::{decide_signed, votes_at_hand, Decision, Delivery, Refusal, SignedDecision, SignedFacts, Wait};
use crate::delivery::{simulate, Asked};
use crate::direction::WorkError;
use crate::exchange::{Exchange, Given, Received};
use crate::park::Cause;
use crate::send::Wanted;
use crate::store::Purpose;
use crate::tx::Action;
use crate::view::{self, AccountView, View};
use futures_util::future::try_join_all;
use spanlight::bridge::signed::{SignedHandle, SigningDomain};
use spanlight::state::{AccountKey, KeyRole};
use spanlight::verify::AnchoredHeader;
use spanlight::{Address, U256};
use spanlight_prover::{Node, ProveError, Transport};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Time for signing in one round: a key may be slow, and what others signed is not to wait for all
/// of it.
const BUDGET: Duration = Duration::from_secs(2);

/// The operators' keys as they are proven at a head of the destination.
#[derive(Clone, Debug, Default)]
pub(super) struct ProvenKeys {
    head: u64,
    keys: Keys,
}

impl ProvenKeys {
    /// Takes accounts that are proven at a head. Nodes prove no absence; an account that was proven
    /// once does not vanish, and of one that never was the key is that of its address, which the
    /// bridge asks the chain again.
    pub(super) fn learn(&mut self, head: u64, accounts: Vec<(Address, AccountView)>) {
        let mut before = Keys::new();
        if self.head != head {
            self.head = head;
            before = std::mem::take(&mut self.keys);
        }
        for (operator, account) in accounts {
            let known = before.remove(&operator).filter(|_| !account.exists);
            self.keys.insert(operator, known.unwrap_or(account.key));
        }
    }

    /// Of these, the ones that are not proven at the head.
    fn missing(&self, head: u64, operators: &[Address]) -> Vec<Address> {
        let is_missing = |operator: &&Address| self.head != head || !self.keys.contains_key(*operator);
        operators.iter().filter(is_missing).copied().collect()
    }
}

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
        for received in exchange.collect(&self.direction.name) {
            self.take(&received);
        }
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
    fn can_sign(&self) -> bool {
        let Some(keys) = self.direction.shared.keys.get(&self.direction.to.chain) else { return false };
        match counting(&self.view, &self.proven_keys).keys {
            None => keys.operator.is_own(),
            Some(proven) => proven.get(&self.view.me).is_some_and(|key| keys.operator.fits(key, KeyRole::Transaction)),
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

    /// A signature of something else accuses nobody: its signer may have seen the operators change a moment earlier or later.
    fn take(&mut self, received: &Received) {
        let counting = counting(&self.view, &self.proven_keys);
        let Some(open) = self.open.get_mut(&received.given.nonce) else { return };
        if !open.signatures.take(&received.given, counting) {
            let (nonce, peer) = (received.given.nonce, &received.peer);
            tracing::warn!(direction = %self.direction.name, nonce, %peer, "a peer's signature does not fit and does not count");
        }
    }

    fn decide_signed(&mut self, nonce: u64, exchange: &Exchange, can_sign: bool) -> Option<SignedDecision> {
        let head = self.view.head.number;
        let (fresh, paused) = (self.is_fresh(), self.is_paused());
        let state = self.view.transfers.get(&nonce)?;
        let open = self.open.get_mut(&nonce)?;
        open.signatures.digest()?;
        let at_hand = votes_at_hand(state, open.signatures.signers());
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

    /// The call that carries all signatures at hand.
    fn submission(&mut self, nonce: u64) -> Option<Vec<u8>> {
        let (open, state) = (self.open.get_mut(&nonce)?, self.view.transfers.get(&nonce)?);
        open.corrects = false;
        let signatures = open.signatures.to_send(state, &self.view.me);
        // The contract refuses a call without any.
        (!signatures.is_empty()).then(|| SignedHandle { call: open.call.clone(), signatures }.encode())
    }

    /// A vote by a call of its own, over a vote of its account that somebody else cast.
    fn correction(&mut self, nonce: u64) -> Option<Vec<u8>> {
        let open = self.open.get_mut(&nonce)?;
        open.corrects = true;
        Some(open.call.encode())
    }

    async fn send_those_that_work(&mut self, calls: Vec<(u64, Vec<u8>)>) -> Result<(), WorkError> {
        let mut sendable = Vec::new();
        for (nonce, input) in calls {
            let gas = self.vote_gas(nonce);
            match self.unsendable(&input, gas) {
                Some(reason) => self.park(nonce, Cause::Unsendable, reason),
                None => sendable.push((nonce, input, gas)),
            }
        }
        let asked = sendable.iter().map(|(_, input, gas)| Asked { input, gas: *gas, delivers: None });
        let asked: Vec<Asked<'_>> = asked.collect();
        let (link, to) = (&self.links[1], &self.direction.to);
        let (mut said, mut votes, begun) = (Vec::new(), Vec::new(), Instant::now());
        // Of a slow endpoint the rest is asked at the next head: what is ready is sent first.
        while said.len() < asked.len() && !is_spent(begun) {
            let (start, rest) = (Instant::now(), asked.get(said.len()..).unwrap_or_default());
            let part = rest.get(..self.pace.together()).unwrap_or(rest);
            said.extend(simulate(link, to, self.view.me, part, &mut self.gas_seen).await);
            self.pace.note(part.len(), start.elapsed());
        }
        for ((nonce, input, _), delivery) in sendable.into_iter().zip(said) {
            match self.wait_for_proof(nonce, delivery) {
                Delivery::Works { gas } => {
                    votes.push(Wanted { nonce, action: Action::Call { to: self.direction.to.address, input }, gas });
                }
                Delivery::Fails { reason } => self.park_undelivered(nonce, reason),
                Delivery::Meanwhile => {
                    self.note(nonce, Wait::Meanwhile.code(), Decision::Wait(Wait::Meanwhile).words());
                }
                Delivery::NotAsked | Delivery::Unknown => {
                    self.note(nonce, Wait::NoSimulation.code(), Decision::Wait(Wait::NoSimulation).words());
                }
            }
        }
        self.send_votes(votes).await
    }
}

/// Whose signatures the bridge counts, as it is proven.
fn counting<'v>(view: &'v View, proven: &'v ProvenKeys) -> Counting<'v> {
    let asks = view.second.is_some_and(|second| second.account_keys);
    Counting { operators: &view.operators, keys: asks.then_some(&proven.keys) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes prove no absence, so an endpoint could say it of an account whose key was replaced,
    /// and have the old one count again.
    #[test]
    fn a_replaced_key_does_not_come_back_by_a_nodes_word_that_the_account_is_absent() {
        let [one, two] = [1, 2].map(|byte| Address([byte; 20]));
        let account = |key| AccountView { exists: true, key, ..AccountView::default() };
        let mut proven = ProvenKeys::default();
        let operators = |first, second| vec![(one, first), (two, second)];
        proven.learn(7, operators(account(AccountKey::Fail), AccountView::default()));
        let expected: Keys = [(one, AccountKey::Fail), (two, AccountKey::Legacy)].into();
        assert_eq!((proven.head, &proven.keys), (7, &expected));
        proven.learn(8, operators(AccountView::default(), account(AccountKey::Fail)));
        let expected: Keys = [(one, AccountKey::Fail), (two, AccountKey::Fail)].into();
        assert_eq!((proven.head, &proven.keys), (8, &expected));
        proven.learn(9, operators(account(AccountKey::Legacy), AccountView::default()));
        assert_eq!(proven.keys[&one], AccountKey::Legacy, "what is proven holds");
        assert_eq!(proven.missing(9, &[one, two]), []);
        assert_eq!(proven.missing(10, &[one, two]), [one, two]);
        proven.learn(10, vec![(two, AccountView::default())]);
        assert_eq!(proven.missing(10, &[one, two]), [one], "who came just now");
        proven.learn(10, vec![(one, account(AccountKey::Fail))]);
        let expected: Keys = [(one, AccountKey::Fail), (two, AccountKey::Fail)].into();
        assert_eq!(proven.keys, expected);
    }
}
