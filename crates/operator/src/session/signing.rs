//! Votes by signature: signs for proven requests, collects what others signed, and sends it when there is enough.

use super::Session;
use crate::alarm::Alarm;
use crate::decide::{decide_signed, votes_at_hand, Decision, Delivery, NonceState, SignedDecision, SignedFacts, Wait};
use crate::delivery::simulate_call;
use crate::direction::WorkError;
use crate::exchange::{Exchange, Given, Received};
use crate::send::SendError;
use crate::store::Purpose;
use crate::tx::Action;
use spanlight::bridge::signed::{SignedHandle, SigningDomain};
use spanlight::crypto::recover_address;
use spanlight::{Address, Hash, U256};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Time for signing in one round: a key may be slow, and what others signed is not to wait for all
/// of it.
const BUDGET: Duration = Duration::from_secs(2);

/// The largest S of the low form.
const HALF_ORDER: U256 =
    U256::from_limbs([0xdfe9_2f46_681b_20a0, 0x5d57_6e73_57a4_501d, 0xffff_ffff_ffff_ffff, 0x7fff_ffff_ffff_ffff]);

/// Checked signatures of one transfer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signatures {
    /// What was signed. It changes when an operator comes or goes, and all signatures are void then.
    digest: Option<Hash>,
    by_signer: BTreeMap<Address, [u8; 65]>,
    /// The destination's head when enough were at hand.
    complete_at: Option<u64>,
}

impl Signatures {
    fn renew(&mut self, digest: Hash) {
        if self.digest != Some(digest) {
            *self = Self { digest: Some(digest), ..Self::default() };
        }
    }

    /// Takes a signature that an operator made of exactly this digest; none other counts.
    fn take(&mut self, given: &Given, operators: &[Address]) -> bool {
        let Ok(signature) = <[u8; 65]>::try_from(given.signature.as_slice()) else { return false };
        let Some(digest) = self.digest.filter(|digest| *digest == given.digest) else { return false };
        if self.by_signer.values().any(|known| *known == signature) {
            return true;
        }
        match recover_address(&digest, &signature) {
            Ok(signer) if operators.contains(&signer) && is_canonical(&signature) => {
                self.by_signer.insert(signer, signature);
                true
            }
            _ => false,
        }
    }

    /// Whether this operator's own signature is at hand and given out. What is given out outlives a session, and what is at hand
    /// may have come back from a peer; both are needed.
    fn is_signed(&self, me: &Address, exchange: &Exchange, (direction, nonce): (&str, u64)) -> bool {
        let is_given = self.digest.is_some_and(|digest| exchange.gives(direction, nonce, &digest));
        is_given && self.by_signer.contains_key(me)
    }

    /// The signatures to send: those that become votes. Where all votes stand and a lowered threshold makes them enough, none
    /// does; the contract wants one all the same, and looks at the count again.
    fn to_send(&self, state: &NonceState, me: &Address) -> Vec<Vec<u8>> {
        let mut signers = state.without_vote(self.by_signer.keys());
        if signers.is_empty() {
            signers.push(me);
        }
        signers.into_iter().filter_map(|signer| self.by_signer.get(signer)).map(as_the_contract_reads).collect()
    }
}

/// The contract takes low S and a recovery id of 0 or 1 only.
fn is_canonical(signature: &[u8; 65]) -> bool {
    let [rs @ .., id] = signature;
    let s = rs.get(32..).and_then(U256::try_from_be_slice);
    *id < 2 && s.is_some_and(|s| s <= HALF_ORDER)
}

/// With V of 27 or 28.
fn as_the_contract_reads(signature: &[u8; 65]) -> Vec<u8> {
    let [rs @ .., id] = signature;
    [rs.as_slice(), &[id.saturating_add(27)]].concat()
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
        for nonce in &nonces {
            if let Some(open) = self.open.get_mut(nonce) {
                open.signatures.renew(domain.digest(&open.call, epoch));
            }
        }
        for received in exchange.collect(&self.direction.name) {
            self.take(&received);
        }
        let most = self.direction.shared.config.voting.max_in_flight;
        let mut wanted = BTreeSet::new();
        let start = Instant::now();
        for nonce in nonces {
            let decision = match self.decide_signed(nonce, exchange) {
                Some(SignedDecision::Sign) if start.elapsed() < BUDGET => {
                    self.sign(nonce, exchange)?;
                    self.direction.pulse.beat();
                    self.decide_signed(nonce, exchange)
                }
                other => other,
            };
            let Some(decision) = decision else { continue };
            self.note(nonce, decision.code(), decision.words());
            match decision {
                SignedDecision::Done => self.finish(nonce),
                SignedDecision::Collect => {
                    wanted.insert(nonce);
                }
                SignedDecision::Submit if self.sender.in_flight() < most => self.submit(nonce).await?,
                SignedDecision::Correct { voted } if self.sender.in_flight() < most => {
                    self.raise(Some(nonce), Alarm::KeyStolen { voted });
                    self.correct(nonce).await?;
                }
                SignedDecision::Submit | SignedDecision::Correct { .. } => self.note_full(nonce),
                SignedDecision::Refuse(_) => {
                    let account = self.view.me;
                    self.raise(None, Alarm::NotOperator { account });
                }
                _ => {}
            }
        }
        let is_open = |nonce| self.open.contains_key(&nonce);
        exchange.want(&self.direction.name, self.view.head.number, wanted, is_open);
        Ok(())
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
        let Some(open) = self.open.get_mut(&received.given.nonce) else { return };
        if !open.signatures.take(&received.given, &self.view.operators) {
            let (nonce, peer) = (received.given.nonce, &received.peer);
            tracing::warn!(direction = %self.direction.name, nonce, %peer, "a peer's signature does not fit and does not count");
        }
    }

    fn decide_signed(&mut self, nonce: u64, exchange: &Exchange) -> Option<SignedDecision> {
        let head = self.view.head.number;
        let (fresh, paused) = (self.is_fresh(), self.is_paused());
        let state = self.view.transfers.get(&nonce)?;
        let open = self.open.get_mut(&nonce)?;
        open.signatures.digest?;
        let at_hand = votes_at_hand(state, open.signatures.by_signer.keys());
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
        let Some(digest) = open.signatures.digest else { return Ok(()) };
        let chain = &self.direction.to.chain;
        let keys = self.direction.shared.keys.get(chain).ok_or_else(|| WorkError::NoKey(chain.clone()))?;
        let signature = match keys.operator.sign(&digest) {
            Ok(signature) => signature,
            Err(error) => {
                self.raise(None, error.into());
                return Ok(());
            }
        };
        open.signatures.by_signer.insert(keys.operator.address(), signature);
        exchange.give(&self.direction.name, Given { nonce, digest, signature: signature.to_vec() });
        tracing::info!(direction = %self.direction.name, nonce, "signed");
        Ok(())
    }

    async fn submit(&mut self, nonce: u64) -> Result<(), WorkError> {
        let (open, state) = (self.open.get_mut(&nonce), self.view.transfers.get(&nonce));
        let Some((open, state)) = open.zip(state) else { return Ok(()) };
        open.corrects = false;
        let signatures = open.signatures.to_send(state, &self.view.me);
        if signatures.is_empty() {
            // The contract refuses a call without any.
            return Ok(());
        }
        let input = SignedHandle { call: open.call.clone(), signatures }.encode();
        self.send_if_it_works(nonce, input).await
    }

    /// Votes by a call of its own, over a vote of its account that somebody else cast.
    async fn correct(&mut self, nonce: u64) -> Result<(), WorkError> {
        let Some(open) = self.open.get_mut(&nonce) else { return Ok(()) };
        open.corrects = true;
        let input = open.call.encode();
        self.send_if_it_works(nonce, input).await
    }

    async fn send_if_it_works(&mut self, nonce: u64, input: Vec<u8>) -> Result<(), WorkError> {
        let to = &self.direction.to;
        let gas = self.vote_gas(nonce);
        let action = Action::Call { to: to.address, input };
        if let Err(SendError::Unsendable(reason)) = self.sender.can_send(&action, gas.most) {
            self.park(nonce, reason.to_string());
            return Ok(());
        }
        let Action::Call { input, .. } = action else { return Ok(()) };
        let delivery = simulate_call(&self.links[1], to, self.view.me, &input, gas).await;
        match self.wait_for_proof(nonce, delivery) {
            Delivery::Works { gas } => self.send_vote(nonce, input, gas).await,
            Delivery::Fails { reason } => {
                self.park(nonce, reason);
                Ok(())
            }
            Delivery::Meanwhile => {
                self.note(nonce, Wait::Meanwhile.code(), Decision::Wait(Wait::Meanwhile).words());
                Ok(())
            }
            Delivery::NotAsked | Delivery::Unknown => {
                self.note(nonce, Wait::NoSimulation.code(), Decision::Wait(Wait::NoSimulation).words());
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{test_key, Signer};

    fn signed(digest: Hash, byte: u8) -> (Address, Given) {
        let key = test_key(byte);
        (key.address(), Given { nonce: 1, digest, signature: key.sign(&digest).unwrap().to_vec() })
    }

    #[test]
    fn what_is_sent_becomes_a_vote_or_makes_the_contract_count_again() {
        let digest = Hash([1; 32]);
        let (operators, given): (Vec<Address>, Vec<Given>) =
            [5, 6].map(|byte| signed(digest, byte)).into_iter().unzip();
        let mut signatures = Signatures::default();
        signatures.renew(digest);
        assert!(given.iter().all(|given| signatures.take(given, &operators)));
        let sent = |voted: &[(Address, Hash)]| {
            let state = NonceState { votes: voted.iter().copied().collect(), ..NonceState::default() };
            signatures.to_send(&state, &operators[0])
        };
        let text = |given: &Given| as_the_contract_reads(&given.signature.as_slice().try_into().unwrap());
        let (key, other) = (Hash([3; 32]), Hash([4; 32]));
        assert_eq!(sent(&[]).len(), 2);
        assert_eq!(sent(&[(operators[0], key)]), [text(&given[1])]);
        assert_eq!(sent(&[(operators[1], other)]), [text(&given[0])], "passed over by the contract");
        assert_eq!(sent(&[(operators[0], key), (operators[1], key)]), [text(&given[0])], "never none");
    }

    #[test]
    fn a_session_that_starts_again_signs_again_whatever_is_given_out() {
        let digest = Hash([1; 32]);
        let (me, given) = signed(digest, 5);
        let exchange = Exchange::default();
        let begun = || {
            let mut signatures = Signatures::default();
            signatures.renew(digest);
            signatures
        };
        let mut first = begun();
        assert!(first.take(&given, &[me]));
        assert!(!first.is_signed(&me, &exchange, ("a->b", 1)), "a peer gave it back; nobody else gets it");
        exchange.give("a->b", given);
        assert!(first.is_signed(&me, &exchange, ("a->b", 1)));
        assert!(!begun().is_signed(&me, &exchange, ("a->b", 1)), "the earlier session's is not at hand");
        assert!(begun().to_send(&NonceState::default(), &me).is_empty());
    }

    #[test]
    fn only_an_operators_signature_of_exactly_this_digest_counts() {
        let digest = Hash([1; 32]);
        let (operator, good) = signed(digest, 5);
        let (_, outsider) = signed(digest, 6);
        let (_, other_digest) = signed(Hash([2; 32]), 5);
        let relabelled = Given { digest, ..other_digest.clone() };
        let mut high = good.clone();
        let order = U256::from_limbs([0xbfd2_5e8c_d036_4141, 0xbaae_dce6_af48_a03b, 0xffff_ffff_ffff_fffe, u64::MAX]);
        let s = U256::try_from_be_slice(&high.signature[32..64]).unwrap();
        high.signature[32..64].copy_from_slice(&order.wrapping_sub(s).to_be_bytes::<32>());
        high.signature[64] ^= 1;
        let short = Given { signature: good.signature[..64].to_vec(), ..good.clone() };
        let mut signatures = Signatures::default();
        signatures.renew(digest);
        for bad in [outsider, other_digest, relabelled, high, short] {
            assert!(!signatures.take(&bad, &[operator]), "{bad:?}");
        }
        assert!(signatures.take(&good, &[operator]));
        assert!(signatures.take(&good, &[operator]));
        assert_eq!(signatures.by_signer.len(), 1, "nobody counts twice");
        signatures.renew(Hash([2; 32]));
        assert!(signatures.by_signer.is_empty(), "void once the operators changed");
    }
}
