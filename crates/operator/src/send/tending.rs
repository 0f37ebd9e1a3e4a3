//! What is done with transactions on their way at a new head: the first one is what all others wait
//! for.

use super::conditions::{Offer, Pricing};
use super::handed::{Handed, Reach};
use super::{SendError, Sender, SLOW};
use crate::alarm::Alarm;
use crate::link::{Link, Refusal};
use crate::store::{NewSend, Purpose, Send, StoreError};
use crate::tx::{check, Action, Form, Signing, Unsendable};
use crate::view::View;
use spanlight::transaction::{Signature, Transaction, TransactionKind};
use spanlight::U256;

/// How many of those on their way are given to every endpoint at a head: the first ones are what
/// the others wait for.
const MOST_TO_ALL: usize = 8;
/// The lowest account nonce on its way has not moved for so many times `stuck_blocks`: a person
/// should look.
const TOLD_AFTER: u64 = 3;
/// After so many times `stuck_blocks` its account nonce is given to one that does nothing.
const GIVEN_UP_AFTER: u64 = 10;

/// What is done with a transaction on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Course {
    /// It stays as it is.
    Keep,
    /// Its account nonce is given to one that does nothing; with the reason, where it is given up.
    Cancel { given_up: Option<String> },
    /// It pays less than the next block takes.
    Reprice,
    /// Its price is enough, and no block takes it.
    Raise,
}

impl Sender {
    /// Sends again what is not in a block yet. A vote is given up only where its transfer is proven
    /// to be handled, or where it stops others: one whose request is not read again yet was proven
    /// before it was signed.
    pub(crate) async fn tend(&mut self, link: &Link, view: &View) -> Result<(), SendError> {
        let head = view.head.number;
        self.close_gap(view).await?;
        self.see_lowest(head);
        let (mut to_one, mut to_all) = (Vec::new(), Vec::new());
        for place in 0..self.live.len() {
            let Some(live) = self.live.get(place).cloned() else { break };
            // Nothing is signed, written down or handed over from the moment of a pause on.
            if link.is_paused() {
                break;
            }
            let is_ready = self.is_first(place, view) && self.conditions.takes(live.send.gas_price);
            self.handed.entry(live.id).or_default().see(is_ready, head);
            let course = self.course(place, &live, view, link.len());
            let mut raw = live.send.raw.clone();
            match self.renew(&live, &course, head) {
                Ok(None) => {}
                Ok(Some(next)) => match self.replace(place, live.id, next).await {
                    Ok(next) => {
                        raw = next;
                        // Only now is it so: what could not be replaced is still on its way.
                        if let Course::Cancel { given_up: Some(reason) } = course {
                            self.given_up.push((live.send.purpose, live.send.nonce, reason));
                        }
                    }
                    // The old one may still be taken, and others need not wait for it. An earlier
                    // one for this transfer does nothing already; once that is in a block this one
                    // is looked at again.
                    Err(SendError::Store(StoreError::Conflict)) => {}
                    Err(error) => self.alarms.push(error.into_alarm()?),
                },
                Err(error) => self.alarms.push(error.into_alarm()?),
            }
            let is_slow = head.saturating_sub(live.send.block) >= SLOW;
            match is_slow {
                true if place < MOST_TO_ALL => to_all.push((live.id, raw)),
                true => {}
                false => to_one.push((live.id, raw)),
            }
        }
        self.hand_over(link, to_all, Reach::All, head).await;
        self.hand_over(link, to_one, Reach::One, head).await;
        Ok(())
    }

    /// Whether the chain waits for this one.
    fn is_first(&self, place: usize, view: &View) -> bool {
        place == 0 && self.live.first().is_some_and(|live| live.send.account_nonce == view.account.nonce)
    }

    /// An account nonce that nothing on its way has, below one that is: a store that lost a row
    /// left it. What comes after it would wait for ever.
    async fn close_gap(&mut self, view: &View) -> Result<(), SendError> {
        let Some(first) = self.live.first() else { return Ok(()) };
        let (nonce, missing, head) = (first.send.nonce, view.account.nonce, view.head.number);
        if first.send.account_nonce <= missing || head.saturating_sub(first.send.block) < self.stuck_blocks {
            return Ok(());
        }
        let made = self.cancellation(nonce, missing, U256::ZERO, head);
        match made {
            Ok(send) => self.write_down(&[send]).await.map(|_| ()).or_else(|error| match error {
                StoreError::Conflict => Ok(()),
                error => Err(error.into()),
            }),
            Err(error) => {
                self.alarms.push(error.into_alarm()?);
                Ok(())
            }
        }
    }

    /// Raises the alarm where the lowest account nonce on its way does not move.
    fn see_lowest(&mut self, head: u64) {
        let Some(first) = self.live.first() else {
            self.lowest = None;
            return;
        };
        let account_nonce = first.send.account_nonce;
        if self.lowest.is_none_or(|(lowest, _)| lowest != account_nonce) {
            self.lowest = Some((account_nonce, head));
        }
        let blocks = self.waits_blocks(head);
        if blocks >= self.stuck_blocks.saturating_mul(TOLD_AFTER) {
            let why = self.words(first);
            self.alarms.push(Alarm::SendStuck { account_nonce, blocks, why });
        }
    }

    /// Of those on their way, the first one decides what is done: the others wait for it. What pays
    /// less than the next block takes can be in no block, wherever it stands.
    fn course(&mut self, place: usize, live: &Send, view: &View, endpoints: usize) -> Course {
        let (send, head) = (&live.send, view.head.number);
        let age = head.saturating_sub(send.block);
        let may_cancel = send.purpose != Purpose::Cancel;
        if may_cancel {
            if let Err(reason) = self.check_signed(send) {
                return Course::Cancel { given_up: Some(reason.to_string()) };
            }
            if send.purpose == Purpose::Vote && view.is_handled(send.nonce) && age >= self.stuck_blocks {
                return Course::Cancel { given_up: None };
            }
        }
        if !self.conditions.takes(send.gas_price) {
            return Course::Reprice;
        }
        if !self.is_first(place, view) {
            return Course::Keep;
        }
        let handed = self.handed.get(&live.id);
        let refused = |reason| handed.and_then(|handed| handed.refused_by_all(reason, endpoints)).map(str::to_owned);
        // An anchor that nodes do not take from here must not keep votes waiting.
        let is_due = age >= self.stuck_blocks || send.purpose == Purpose::Anchor;
        if let Some(words) = refused(Refusal::ForGood).filter(|_| may_cancel && is_due) {
            return Course::Cancel { given_up: Some(format!("every endpoint refuses it: {words}")) };
        }
        if age < self.stuck_blocks {
            return Course::Keep;
        }
        if refused(Refusal::Funds).is_some() {
            // Another price would make it worse.
            if let Err(SendError::Waits(alarm)) = self.conditions.pays(send.gas, send.gas_price) {
                self.alarms.push(alarm);
            }
            return Course::Keep;
        }
        // Where nobody has it, its price is not what keeps it back.
        let may_help = self.handed.get(&live.id).is_some_and(Handed::may_want_more);
        if may_help && self.raised(send).is_some() {
            return Course::Raise;
        }
        if may_cancel && self.waits_blocks(head) >= self.stuck_blocks.saturating_mul(GIVEN_UP_AFTER) {
            return Course::Cancel { given_up: Some(format!("no block takes it: {}", self.words(live))) };
        }
        Course::Keep
    }

    /// A higher offer than that of a transaction, up to the cap.
    fn raised(&self, send: &NewSend) -> Option<Offer> {
        let signed = Transaction::decode(&send.raw).ok();
        let tip = signed.as_ref().filter(|_| send.purpose != Purpose::Cancel).and_then(tip_of);
        let old = Offer { price: send.gas_price, tip };
        self.conditions.raise(old, U256::from(self.config.max_gas_price))
    }

    /// Whether nodes take what is signed already: an earlier version may have left what they never
    /// will.
    fn check_signed(&self, send: &NewSend) -> Result<(), Unsendable> {
        let Ok(signed) = Transaction::decode(&send.raw) else { return Ok(()) };
        let form = if signed.kind().names_sender() { Form::Kaia } else { Form::Ethereum };
        let further = |signatures: &[Signature]| signatures.len().saturating_sub(1);
        let further = further(signed.signatures()).saturating_add(further(signed.fee_payer_signatures()));
        let signing = Signing { form, fee_payer: signed.fee_payer().is_some(), further };
        check(send.raw.len(), signed.input(), send.gas, signing, self.conditions.rules)
    }

    /// What takes the place of a transaction, if anything does.
    fn renew(&self, live: &Send, course: &Course, head: u64) -> Result<Option<NewSend>, SendError> {
        let send = &live.send;
        let signed = Transaction::decode(&send.raw).ok();
        let action = signed.as_ref().and_then(action_of).filter(|_| send.purpose != Purpose::Cancel);
        let cap = U256::from(self.config.max_gas_price);
        let offer = match course {
            Course::Keep => return Ok(None),
            Course::Cancel { .. } => {
                return self.cancellation(send.nonce, send.account_nonce, send.gas_price, head).map(Some);
            }
            Course::Reprice => {
                let dynamic = action.as_ref().is_some_and(|action| self.is_dynamic(action));
                let offer = self.conditions.offer(dynamic, cap)?;
                if offer.price == send.gas_price {
                    return Ok(None);
                }
                offer
            }
            Course::Raise => match self.raised(send) {
                Some(offer) => offer,
                None => return Ok(None),
            },
        };
        let (action, gas) = match action {
            Some(action) => (action, send.gas),
            None => (Action::Cancel, self.cancel_gas()),
        };
        self.conditions.pays(gas, offer.price)?;
        self.make(send.purpose, send.nonce, send.account_nonce, gas, offer, action, head).map(Some)
    }

    /// One that does nothing. Nodes let it take another one's place whatever it pays. It pays no
    /// less than what it replaces: where others pay more, that one was not enough either.
    fn cancellation(&self, nonce: u64, account_nonce: u64, old: U256, head: u64) -> Result<NewSend, SendError> {
        let cap = U256::from(self.config.max_gas_price);
        let mut offer = self.conditions.offer(false, cap)?;
        if let Pricing::BaseFee(_) = self.conditions.pricing {
            offer.price = offer.price.max(old.min(cap));
        }
        let gas = self.cancel_gas();
        self.conditions.pays(gas, offer.price)?;
        self.make(Purpose::Cancel, nonce, account_nonce, gas, offer, Action::Cancel, head)
    }
}

/// What a signed transaction does; none where it does nothing.
fn action_of(signed: &Transaction) -> Option<Action> {
    match (signed.kind(), signed.to()) {
        (TransactionKind::ChainDataAnchoring, _) => Some(Action::Anchor { payload: signed.input().to_vec() }),
        (TransactionKind::Cancel, _) | (_, None) => None,
        (_, Some(to)) => Some(Action::Call { to, input: signed.input().to_vec() }),
    }
}

fn tip_of(signed: &Transaction) -> Option<U256> {
    let is_dynamic = signed.kind() == TransactionKind::EthereumDynamicFee;
    is_dynamic.then(|| signed.tip())
}
