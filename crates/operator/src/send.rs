//! Sends transactions: each is signed, written down, and only then sent; each account nonce is followed until the chain has
//! taken it.
//!
//! The account nonce comes from the proven account at the destination's head, never from an endpoint's word. A transaction that
//! is not taken is sent again, then replaced at a higher price; if its transfer was handled meanwhile it is replaced by one
//! that does nothing, so that those behind it are not held up.

use crate::alarm::Alarm;
use crate::config::ChainConfig;
use crate::failpoint::point;
use crate::keys::{ChainKeys, KeyError};
use crate::link::{Link, Taken};
use crate::store::{Lease, NewSend, Purpose, Send, Store, StoreError};
use crate::tx::{Action, Draft};
use crate::view::View;
use spanlight::{Address, U256};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Gas of a transaction that does nothing.
const CANCEL_GAS: u64 = 21_000;

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The price of gas is too high; it is looked at again at the next block.
    #[error("gas is too expensive")]
    Price(Alarm),
}

impl SendError {
    /// The alarm for what keeps only this from being sent: it is decided anew at a later block, and everything else goes on.
    /// Other errors are given back.
    pub(crate) fn into_alarm(self) -> Result<Alarm, Self> {
        match self {
            Self::Price(alarm) => Ok(alarm),
            Self::Key(error) => Ok(error.into()),
            Self::Store(_) => Err(self),
        }
    }
}

/// What the followed chain says of the price of gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pricing {
    /// One price for everybody, a verified parameter: no other is taken, so nothing is replaced either.
    Fixed(U256),
    /// The base fee of the verified head: twice as much stands some full blocks.
    BaseFee(U256),
}

/// Blocks after which what is not taken is given to every endpoint: whoever has it may not have passed it on.
const SLOW: u64 = 2;

/// To whom a transaction was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Handed {
    /// The one that said first that it has it, while it may have kept it to itself.
    first: Option<String>,
    /// Whether it was given to another one later, which had not got it until then.
    to_others: bool,
}

/// To how many endpoints a transaction is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    One,
    All,
}

impl Handed {
    /// Notes who took it, in the order asked. Another one that had it before it was given to any but the first proves that it was
    /// passed on; afterwards that one may have it from others.
    fn note(&mut self, reach: Reach, taken: Vec<(String, Taken)>) {
        if reach == Reach::One {
            self.first = taken.into_iter().find(|(_, taken)| *taken == Taken::Newly).map(|(name, _)| name);
            return;
        }
        let first = self.first.clone();
        for (_, taken) in taken.into_iter().filter(|(name, _)| Some(name) != first.as_ref()) {
            match taken {
                Taken::Newly => self.to_others = true,
                Taken::Before if self.to_others => {}
                Taken::Before => self.first = None,
            }
        }
    }

    /// Who had a transaction that came into a block only after others had it too.
    fn swallower(&self) -> Option<&str> {
        self.first.as_deref().filter(|_| self.to_others)
    }
}

/// The transactions of one direction on its destination.
pub(crate) struct Sender {
    store: Store,
    lease: Arc<Lease>,
    keys: ChainKeys,
    chain_id: u64,
    config: ChainConfig,
    stuck_blocks: u64,
    pricing: Pricing,
    live: Vec<Send>,
    /// Rows handed to endpoints in this run.
    handed: BTreeMap<i64, Handed>,
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
        Ok(Self {
            store: store.clone(),
            lease: Arc::clone(lease),
            keys: keys.clone(),
            chain_id,
            config: config.clone(),
            stuck_blocks,
            pricing: Pricing::Fixed(U256::ZERO),
            live,
            handed: BTreeMap::new(),
            alarms: Vec::new(),
            replaced: 0,
        })
    }

    /// Who pays for the operator's transactions, if not the operator.
    pub(crate) fn fee_payer(&self) -> Option<Address> {
        self.keys.fee_payer.as_ref().map(|payer| payer.address())
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
        self.live.iter().filter(|live| live.send.purpose == Purpose::Vote).map(|live| live.send.nonce)
    }

    /// What the destination's head says of prices.
    pub(crate) fn set_pricing(&mut self, pricing: Pricing) {
        self.pricing = pricing;
    }

    /// What a person should know, since the last call.
    pub(crate) fn take_alarms(&mut self) -> Vec<Alarm> {
        std::mem::take(&mut self.alarms)
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
            if let Some(name) = handed.swallower() {
                let finding =
                    format!("{name} said it has a transaction, which came into a block only once others had it");
                link.distrust(name);
                self.alarms.push(Alarm::Endpoint { finding });
            }
        }
        Ok(settled)
    }

    /// Sends again what is not in a block yet. A vote is given up only where its transfer is proven to be handled: one whose request
    /// is not read again yet was proven before it was signed.
    pub(crate) async fn tend(&mut self, link: &Link, view: &View) -> Result<(), SendError> {
        for place in 0..self.live.len() {
            let Some(live) = self.live.get(place).cloned() else { break };
            let age = view.head.number.saturating_sub(live.send.block);
            let mut raw = live.send.raw.clone();
            if age >= self.stuck_blocks {
                let needed = live.send.purpose != Purpose::Vote || !view.is_handled(live.send.nonce);
                let replaced = match self.dearer(link, view, &live, needed).await {
                    Ok(next) => self.replace(place, live.id, next).await,
                    Err(error) => Err(error),
                };
                match replaced {
                    Ok(next) => raw = next,
                    // The old one may still be taken, and others need not wait for it.
                    // An earlier one for this transfer does nothing already; once that is in a block this one is looked at again.
                    Err(SendError::Store(StoreError::Conflict)) => {}
                    Err(error) => self.alarms.push(error.into_alarm()?),
                }
            }
            if age >= SLOW {
                self.hand_over(link, live.id, &raw, Reach::All).await;
            } else if !self.handed.contains_key(&live.id) {
                self.hand_over(link, live.id, &raw, Reach::One).await;
            }
        }
        Ok(())
    }

    async fn replace(&mut self, place: usize, id: i64, next: NewSend) -> Result<Vec<u8>, SendError> {
        self.store.replace(&self.lease, id, &next).await?;
        tracing::warn!(nonce = next.nonce, hash = %next.hash, price = %next.gas_price, "sent again at a higher price");
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

    /// The same account nonce at a price that nodes take for a replacement.
    async fn dearer(&self, link: &Link, view: &View, live: &Send, needed: bool) -> Result<NewSend, SendError> {
        let old = live.send.gas_price;
        let least = old.saturating_add(old.wrapping_shr(2)).saturating_add(U256::ONE);
        let price = match self.pricing {
            Pricing::Fixed(price) => price,
            Pricing::BaseFee(_) => self.price(link).await?.max(least).min(U256::from(self.config.max_gas_price)),
        };
        let action = match spanlight::transaction::Transaction::decode(&live.send.raw) {
            Ok(old) if needed && live.send.purpose != Purpose::Cancel => match old.to() {
                Some(to) => Action::Call { to, input: old.input().to_vec() },
                None => Action::Anchor { payload: old.input().to_vec() },
            },
            _ => Action::Cancel,
        };
        let (purpose, gas) =
            if action == Action::Cancel { (Purpose::Cancel, CANCEL_GAS) } else { (live.send.purpose, live.send.gas) };
        self.make(purpose, live.send.nonce, live.send.account_nonce, gas, price, action, view.head.number)
    }

    /// Signs, writes down and sends.
    pub(crate) async fn send(
        &mut self,
        link: &Link,
        view: &View,
        (purpose, nonce): (Purpose, u64),
        action: Action,
        gas: u64,
    ) -> Result<(), SendError> {
        let price = self.price(link).await?;
        let next = self.live.iter().map(|live| live.send.account_nonce.saturating_add(1)).max().unwrap_or(0);
        let account_nonce = next.max(view.account.nonce);
        let send = self.make(purpose, nonce, account_nonce, gas, price, action, view.head.number)?;
        let id = self.store.intend(&self.lease, &send).await?;
        let raw = send.raw.clone();
        tracing::info!(purpose = purpose.name(), nonce, account_nonce, hash = %send.hash, gas, price = %price, "sent");
        self.live.push(Send { id, send });
        self.hand_over(link, id, &raw, Reach::One).await;
        Ok(())
    }

    #[allow(clippy::too_many_arguments)] // One value for each field of the transaction.
    fn make(
        &self,
        purpose: Purpose,
        nonce: u64,
        account_nonce: u64,
        gas: u64,
        gas_price: U256,
        action: Action,
        block: u64,
    ) -> Result<NewSend, SendError> {
        let draft = Draft { chain_id: self.chain_id, account_nonce, gas_price, gas, action };
        let signed = draft.sign(&self.keys)?;
        Ok(NewSend { purpose, nonce, account_nonce, gas, gas_price, raw: signed.raw, hash: signed.hash, block })
    }

    /// Gives a transaction to endpoints. Whether they took it shows on the chain: what was not taken is given again.
    async fn hand_over(&mut self, link: &Link, id: i64, raw: &[u8], reach: Reach) {
        point("before_send");
        let taken = match reach {
            Reach::One => link.send(raw).await.map(|taken| vec![taken]),
            Reach::All => Ok(link.send_to_all(raw).await),
        };
        match taken {
            Ok(taken) => self.handed.entry(id).or_default().note(reach, taken),
            Err(error) => tracing::warn!(%error, "an endpoint did not take a transaction"),
        }
        point("after_send");
    }

    /// Endpoints are asked only where a price may be chosen; a false one costs no more than the configured limit.
    async fn price(&self, link: &Link) -> Result<U256, SendError> {
        let price = match self.pricing {
            Pricing::Fixed(price) => price,
            Pricing::BaseFee(fee) => {
                let asked = link.gas_price().await.unwrap_or_default();
                fee.saturating_mul(U256::from(2u8)).max(asked.min(U256::from(self.config.max_gas_price)))
            }
        };
        if price > U256::from(self.config.max_gas_price) {
            return Err(SendError::Price(Alarm::GasPrice { asked: price.to_string() }));
        }
        Ok(price)
    }
}

#[cfg(test)]
mod tests;
