//! Sends transactions: each is signed, written down, and only then sent; each account nonce is followed until the chain has
//! taken it.
//!
//! The account nonce comes from the proven account at the destination's head, never from an
//! endpoint's word, and so does the price of gas. What no node would take is found before it is
//! written down. A transaction that is not taken is given to endpoints again. Only the first of
//! those on their way is sent at a higher price: the others wait for it, whatever they pay. One
//! whose transfer was handled meanwhile, or that every endpoint refuses for good, gives its account
//! nonce to one that does nothing, so that those behind it are not held up.

mod conditions;
mod handed;
mod tending;

pub(crate) use conditions::{Conditions, Pricing};

use crate::alarm::Alarm;
use crate::config::ChainConfig;
use crate::failpoint::point;
use crate::keys::{ChainKeys, KeyError, Signatory};
use crate::link::Link;
use crate::store::{Lease, NewSend, Purpose, Send, Store, StoreError};
use crate::tx::{check, Action, Draft, Form, Rules, Signing, Unsendable};
use crate::view::{AccountView, View};
use conditions::Offer;
use handed::{Handed, Kept, Reach};
use spanlight::{Address, U256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Blocks after which what is not taken is given to every endpoint: one that has it may not have
/// passed it on.
const SLOW: u64 = 2;
/// Transactions that are written down and sent together.
const TOGETHER: usize = 64;
/// Time for signing what is written down and sent together: a key may be slow, and what is signed
/// is to be on its way.
const SIGNING: Duration = Duration::from_millis(500);
/// Time for all of it in one round. The rest is decided anew in the next one.
const BUDGET: Duration = Duration::from_secs(2);
const SLOW_KEY: &str = "this operator's key signs slowly";
const CONFLICT: &str = "another transaction has the account nonce that this one or one before it would take";
const PAUSED: &str = "this operator is paused";
const BEHIND: &str = "this operator's key did not sign what goes before it";

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It would be sent under other conditions, which are looked at again at the next block.
    #[error("{0}")]
    Waits(Alarm),
    /// No node would take it.
    #[error("{0}")]
    Unsendable(Unsendable),
    /// It is decided anew at the next block, for what became of those before it.
    #[error("{0}")]
    Later(&'static str),
}

impl SendError {
    /// The alarm for what keeps only this from being sent: it is decided anew at a later block, and everything else goes on.
    /// Other errors are given back.
    pub(crate) fn into_alarm(self) -> Result<Alarm, Self> {
        match self {
            Self::Waits(alarm) => Ok(alarm),
            Self::Key(error) => Ok(error.into()),
            Self::Unsendable(reason) => Ok(Alarm::Parked { reason: reason.to_string() }),
            Self::Store(_) | Self::Later(_) => Err(self),
        }
    }
}

/// A transaction to make, for a transfer or block.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) nonce: u64,
    pub(crate) action: Action,
    pub(crate) gas: u64,
}

/// The transactions of one direction on its destination.
pub(crate) struct Sender {
    store: Store,
    lease: Arc<Lease>,
    keys: ChainKeys,
    chain_id: u64,
    config: ChainConfig,
    stuck_blocks: u64,
    conditions: Conditions,
    /// By account nonce.
    live: Vec<Send>,
    /// Rows handed to endpoints in this run.
    handed: BTreeMap<i64, Handed>,
    /// The lowest account nonce on its way, and the head since when it is the lowest.
    lowest: Option<(u64, u64)>,
    /// What is not taken and was given up, with the reason.
    given_up: Vec<(Purpose, u64, String)>,
    alarms: Vec<Alarm>,
    pub(crate) replaced: u64,
}

impl Sender {
    /// Takes up what an earlier run left.
    pub(crate) async fn start(
        store: &Store,
        lease: &Arc<Lease>,
        keys: &ChainKeys,
        chain_id: u64,
        config: &ChainConfig,
        stuck_blocks: u64,
    ) -> Result<Self, StoreError> {
        let live = store.live(lease.direction()).await?;
        let payer = keys.fee_payer.as_ref().unwrap_or(&keys.operator).account();
        let (pricing, balance) = (Pricing::Fixed(U256::ZERO), U256::ZERO);
        Ok(Self {
            store: store.clone(),
            lease: Arc::clone(lease),
            keys: keys.clone(),
            chain_id,
            config: config.clone(),
            stuck_blocks,
            conditions: Conditions {
                pricing,
                rules: Rules::default(),
                payer,
                balance,
                form: Form::default(),
                replaced: None,
            },
            live,
            handed: BTreeMap::new(),
            lowest: None,
            given_up: Vec::new(),
            alarms: Vec::new(),
            replaced: 0,
        })
    }

    /// Who pays for the operator's transactions, if not the operator.
    pub(crate) fn fee_payer(&self) -> Option<Address> {
        self.keys.fee_payer.as_ref().map(Signatory::account)
    }

    /// How many are on their way.
    pub(crate) fn in_flight(&self) -> usize {
        self.live.len()
    }

    /// Whether something for this transfer or block is on its way.
    pub(crate) fn is_in_flight(&self, purpose: Purpose, nonce: u64) -> bool {
        self.live.iter().any(|live| live.send.purpose == purpose && live.send.nonce == nonce)
    }

    /// The transfers for which votes are on their way.
    pub(crate) fn votes_in_flight(&self) -> impl Iterator<Item = u64> + '_ {
        self.in_flight_of(Purpose::Vote)
    }

    /// The transfers or blocks for which something of this purpose is on its way.
    pub(crate) fn in_flight_of(&self, purpose: Purpose) -> impl Iterator<Item = u64> + '_ {
        self.live.iter().filter(move |live| live.send.purpose == purpose).map(|live| live.send.nonce)
    }

    /// The most that a unit of gas costs in what would be sent now.
    pub(crate) fn price(&self, action: &Action) -> Result<U256, SendError> {
        let offer = self.conditions.offer(self.is_dynamic(action), U256::from(self.config.max_gas_price));
        offer.map(|offer| offer.price)
    }

    /// What the destination's head says of the next block, and what the account that pays holds.
    pub(crate) fn set_conditions(&mut self, pricing: Pricing, rules: Rules, balance: U256) {
        self.conditions = Conditions { pricing, rules, balance, ..self.conditions };
    }

    /// The proven accounts of the operator and of its fee payer: whose keys sign, and how.
    pub(crate) fn see_accounts(&mut self, operator: &AccountView, payer: Option<&AccountView>) {
        self.conditions.see_keys(&self.keys, operator, payer);
    }

    /// The alarm where the keys at hand do not sign for the accounts.
    pub(crate) fn keys_fit(&self) -> Result<(), Alarm> {
        self.conditions.keys_fit()
    }

    /// What a person should know, since the last call. Some of it is said once: while this process
    /// wakes and blames nobody, it is kept for later.
    pub(crate) fn take_alarms(&mut self, is_waking: bool) -> Vec<Alarm> {
        if is_waking {
            return Vec::new();
        }
        std::mem::take(&mut self.alarms)
    }

    /// Nothing is tended to while a person has paused the operator: what waits meanwhile waits for
    /// that.
    pub(crate) fn rest(&mut self) {
        self.lowest = None;
    }

    /// What no node or block takes, since the last call, with the reason.
    pub(crate) fn take_given_up(&mut self) -> Vec<(Purpose, u64, String)> {
        std::mem::take(&mut self.given_up)
    }

    /// Blocks for which the lowest account nonce on its way has not moved.
    pub(crate) fn waits_blocks(&self, head: u64) -> u64 {
        self.lowest.map_or(0, |(_, since)| head.saturating_sub(since))
    }

    /// What a vote on its way waits for, where that is more than the next blocks.
    pub(crate) fn trouble(&self, nonce: u64, head: u64) -> Option<String> {
        let first = self.live.first().filter(|_| self.waits_blocks(head) >= self.stuck_blocks)?;
        let live = self.live.iter().find(|live| live.send.purpose == Purpose::Vote && live.send.nonce == nonce)?;
        let words = self.words(first);
        let account_nonce = first.send.account_nonce;
        Some(if live.id == first.id { words } else { format!("behind account nonce {account_nonce}: {words}") })
    }

    fn words(&self, live: &Send) -> String {
        if !self.conditions.takes(live.send.gas_price) {
            return format!(
                "it names {} peb for gas, and blocks want {}",
                live.send.gas_price,
                self.conditions.least()
            );
        }
        self.handed.get(&live.id).map_or_else(|| Handed::default().words(), Handed::words)
    }

    /// Compares with the chain: what it has taken is settled. Gives those. An endpoint that did not pass one on is sent to last.
    pub(crate) async fn reconcile(&mut self, link: &mut Link, view: &View) -> Result<Vec<Send>, StoreError> {
        let taken = |live: &Send| live.send.account_nonce < view.account.nonce;
        if !self.live.iter().any(taken) {
            return Ok(Vec::new());
        }
        self.store.settle(&self.lease, view.account.nonce).await?;
        let (settled, live): (Vec<Send>, Vec<Send>) = std::mem::take(&mut self.live).into_iter().partition(taken);
        self.live = live;
        for settled in &settled {
            let handed = self.handed.remove(&settled.id).unwrap_or_default();
            if let Some((name, kept)) = handed.swallower() {
                let what = match kept {
                    Kept::ToItself => "did not pass it on",
                    Kept::Lost => "did not keep it",
                };
                let finding = format!(
                    "{name} said it has a transaction, and {what}: it came into a block only once others had it"
                );
                link.distrust(name);
                self.alarms.push(Alarm::Endpoint { finding });
            }
        }
        Ok(settled)
    }

    async fn replace(&mut self, place: usize, id: i64, next: NewSend) -> Result<Vec<u8>, SendError> {
        self.store.replace(&self.lease, id, &next).await?;
        let purpose = next.purpose.name();
        tracing::warn!(purpose, nonce = next.nonce, hash = %next.hash, price = %next.gas_price, "another one is sent in its place");
        self.replaced = self.replaced.saturating_add(1);
        let raw = next.raw.clone();
        if let Some(live) = self.live.get_mut(place) {
            // Nobody is to blame for one that was too cheap.
            if live.send.hash != next.hash {
                self.handed.remove(&id);
            }
            live.send = next;
        }
        Ok(raw)
    }

    /// Whether it could be sent now: before anybody is asked what it would do, and before anything
    /// is written down.
    pub(crate) fn can_send(&self, action: &Action, gas: u64) -> Result<(), SendError> {
        self.draft(0, action.clone(), gas).map(|_| ())
    }

    fn cancel_gas(&self) -> u64 {
        self.conditions.rules.intrinsic_gas(&[], self.signing())
    }

    fn is_dynamic(&self, action: &Action) -> bool {
        let has_type = self.conditions.rules.dynamic_fee && self.conditions.form == Form::Ethereum;
        has_type && matches!(action, Action::Call { .. })
    }

    fn signing(&self) -> Signing {
        let payer = self.keys.fee_payer.as_ref();
        let further = |signatory: &Signatory| signatory.count().saturating_sub(1);
        Signing {
            form: self.conditions.form,
            fee_payer: payer.is_some(),
            further: further(&self.keys.operator).saturating_add(payer.map_or(0, further)),
        }
    }

    /// The alarm where the account that pays could not pay for the smallest transaction.
    pub(crate) fn can_pay(&self) -> Result<(), Alarm> {
        let offer = self.conditions.offer(false, U256::MAX);
        let paid = offer.and_then(|offer| self.conditions.pays(self.cancel_gas(), offer.price));
        match paid {
            Err(SendError::Waits(alarm)) => Err(alarm),
            _ => Ok(()),
        }
    }

    fn draft(&self, account_nonce: u64, action: Action, gas: u64) -> Result<Draft, SendError> {
        let (rules, dynamic) = (self.conditions.rules, self.is_dynamic(&action));
        let offer = self.conditions.offer(dynamic, U256::from(self.config.max_gas_price));
        // What can never be sent is told before what only waits.
        let known = offer.as_ref().copied().unwrap_or(Offer { price: U256::MAX, tip: None });
        let (chain_id, gas_price, tip) = (self.chain_id, known.price, known.tip);
        let draft = Draft { chain_id, account_nonce, gas_price, tip, gas, action, form: self.conditions.form };
        let input = match &draft.action {
            Action::Call { input, .. } => input.as_slice(),
            Action::Anchor { payload } => payload.as_slice(),
            Action::Cancel => &[],
        };
        let bytes = draft.most_bytes(&self.keys)?;
        check(bytes, input, gas, self.signing(), rules).map_err(SendError::Unsendable)?;
        let offer = offer?;
        self.keys_fit().map_err(SendError::Waits)?;
        self.conditions.pays(gas, offer.price)?;
        Ok(draft)
    }

    /// Signs, writes down and sends one.
    pub(crate) async fn send(
        &mut self,
        link: &Link,
        view: &View,
        (purpose, nonce): (Purpose, u64),
        action: Action,
        gas: u64,
    ) -> Result<(), SendError> {
        let done = self.send_all(link, view, purpose, vec![Wanted { nonce, action, gas }]).await?;
        done.into_iter().next().map_or(Ok(()), |(_, done)| done)
    }

    /// Signs, writes down and sends several, in this order and by as few calls as possible of the
    /// store and of endpoints: some are on their way before the next ones are signed. Gives what
    /// came of each. Those behind one that was not signed or written down would wait for its
    /// account nonce, so they come later.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) async fn send_all(
        &mut self,
        link: &Link,
        view: &View,
        purpose: Purpose,
        wanted: Vec<Wanted>,
    ) -> Result<Vec<(u64, Result<(), SendError>)>, StoreError> {
        let (begun, mut done) = (Instant::now(), Vec::new());
        let mut rest = wanted.into_iter().peekable();
        let mut why = None;
        while rest.peek().is_some() && why.is_none() {
            let (signed, is_stopped) = self.sign_some(view, purpose, &mut rest, &mut done);
            let (sent, is_refused) = self.send_signed(link, signed, view.head.number).await?;
            done.extend(sent);
            why = match () {
                () if is_refused => Some(CONFLICT),
                () if is_stopped => Some(BEHIND),
                () if link.is_paused() => Some(PAUSED),
                () if begun.elapsed() >= BUDGET => Some(SLOW_KEY),
                () => None,
            };
        }
        let why = why.unwrap_or(SLOW_KEY);
        done.extend(rest.map(|wanted| (wanted.nonce, Err(SendError::Later(why)))));
        Ok(done)
    }

    /// Signs as many as are written down together, or as there is time for; true where a key did
    /// not sign.
    fn sign_some(
        &self,
        view: &View,
        purpose: Purpose,
        wanted: &mut impl Iterator<Item = Wanted>,
        done: &mut Vec<(u64, Result<(), SendError>)>,
    ) -> (Vec<NewSend>, bool) {
        let (begun, mut signed) = (Instant::now(), Vec::new());
        let mut free = self.free_account_nonces(view, TOGETHER).into_iter().peekable();
        while begun.elapsed() < SIGNING {
            let Some(account_nonce) = free.peek().copied() else { break };
            let Some(Wanted { nonce, action, gas }) = wanted.next() else { break };
            let made = self.draft(account_nonce, action, gas);
            match made.and_then(|draft| self.sign(&draft, purpose, nonce, view.head.number)) {
                Ok(send) => {
                    free.next();
                    signed.push(send);
                }
                Err(error) => {
                    let is_key = matches!(error, SendError::Key(_));
                    done.push((nonce, Err(error)));
                    if is_key {
                        return (signed, true);
                    }
                }
            }
        }
        (signed, false)
    }

    /// Writes down and sends what is signed; true where not all of it could be written down. Then
    /// the first alone is tried: the others may have to take other account nonces, at the next
    /// block.
    async fn send_signed(
        &mut self,
        link: &Link,
        mut signed: Vec<NewSend>,
        head: u64,
    ) -> Result<(Vec<(u64, Result<(), SendError>)>, bool), StoreError> {
        if signed.is_empty() {
            return Ok((Vec::new(), false));
        }
        let mut written = self.write_down(&signed).await;
        let mut later = Vec::new();
        if matches!(written, Err(StoreError::Conflict)) && signed.len() > 1 {
            later = signed.split_off(1);
            written = self.write_down(&signed).await;
        }
        let is_refused = !later.is_empty() || matches!(written, Err(StoreError::Conflict));
        let mut done: Vec<(u64, Result<(), SendError>)> = match written {
            Ok(ids) => {
                for NewSend { purpose, nonce, account_nonce, hash, gas, gas_price, .. } in &signed {
                    tracing::info!(purpose = purpose.name(), nonce, account_nonce, %hash, gas, price = %gas_price, "sent");
                }
                let given = ids.into_iter().zip(&signed).map(|(id, send)| (id, send.raw.clone()));
                self.hand_over(link, given.collect(), Reach::One, head).await;
                signed.iter().map(|send| (send.nonce, Ok(()))).collect()
            }
            Err(StoreError::Conflict) => {
                signed.iter().map(|send| (send.nonce, Err(StoreError::Conflict.into()))).collect()
            }
            Err(error) => return Err(error),
        };
        done.extend(later.into_iter().map(|send| (send.nonce, Err(SendError::Later(CONFLICT)))));
        Ok((done, is_refused))
    }

    /// The lowest ones that nothing on its way has: also those that lost rows have left.
    fn free_account_nonces(&self, view: &View, count: usize) -> Vec<u64> {
        let used: BTreeSet<u64> = self.live.iter().map(|live| live.send.account_nonce).collect();
        (view.account.nonce..).filter(|nonce| !used.contains(nonce)).take(count).collect()
    }

    async fn write_down(&mut self, sends: &[NewSend]) -> Result<Vec<i64>, StoreError> {
        let ids = self.store.intend_all(&self.lease, sends).await?;
        for (id, send) in ids.iter().zip(sends) {
            let place = self.live.partition_point(|live| live.send.account_nonce < send.account_nonce);
            self.live.insert(place, Send { id: *id, send: send.clone() });
        }
        Ok(ids)
    }

    #[allow(clippy::too_many_arguments)] // One value for each field of the transaction.
    fn make(
        &self,
        purpose: Purpose,
        nonce: u64,
        account_nonce: u64,
        gas: u64,
        Offer { price, tip }: Offer,
        action: Action,
        block: u64,
    ) -> Result<NewSend, SendError> {
        self.keys_fit().map_err(SendError::Waits)?;
        let (chain_id, form) = (self.chain_id, self.conditions.form);
        let draft = Draft { chain_id, account_nonce, gas_price: price, tip, gas, action, form };
        self.sign(&draft, purpose, nonce, block)
    }

    fn sign(&self, draft: &Draft, purpose: Purpose, nonce: u64, block: u64) -> Result<NewSend, SendError> {
        let signed = draft.sign(&self.keys)?;
        let (account_nonce, gas, gas_price) = (draft.account_nonce, draft.gas, draft.gas_price);
        Ok(NewSend { purpose, nonce, account_nonce, gas, gas_price, raw: signed.raw, hash: signed.hash, block })
    }

    /// Gives transactions to endpoints, in the order of their account nonces. Whether they took one
    /// shows on the chain: what was not taken is given again, at the next block.
    async fn hand_over(&mut self, link: &Link, mut given: Vec<(i64, Vec<u8>)>, reach: Reach, head: u64) {
        // What is not handed over now is due at the first head after the pause.
        if link.is_paused() {
            return;
        }
        given.retain(|(id, _)| self.handed.entry(*id).or_default().is_due(reach, head));
        if given.is_empty() {
            return;
        }
        point("before_send");
        let raws: Vec<&[u8]> = given.iter().map(|(_, raw)| raw.as_slice()).collect();
        let said = link.give(&raws, reach == Reach::All).await;
        for ((id, _), said) in given.iter().zip(said) {
            self.handed.entry(*id).or_default().note(reach, said, head);
        }
        point("after_send");
    }
}

#[cfg(test)]
mod tests;
