//! Transactions that wait for a block: for each sender in the order of nonces, without gaps.

use crate::execute::Signed;
use spanlight::primitives::{Address, Hash};
use spanlight::transaction::TransactionKind;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Most transactions that wait.
const MOST: usize = 16_384;
/// Most of one sender.
const MOST_OF_ONE: usize = 4_096;
/// Most bytes of one transaction, with its signatures.
const MOST_BYTES: usize = 131_072;
/// Most gas of one transaction.
const MOST_GAS: u64 = 500_000_000;

/// Why the pool takes no transaction, in the words of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The very same waits already, or is in a block.
    #[error("known transaction: {0}")]
    Known(Hash),
    /// Another of this nonce waits, and this one does not replace it.
    #[error("there is another tx which has the same nonce in the tx pool")]
    SameNonce,
    /// It has too many bytes.
    #[error("oversized data")]
    Oversized,
    /// It asks for too much gas.
    #[error("tx gas limit exceeds the upper limit: gas {0}, limit 500000000")]
    GasLimit(u64),
    /// No room.
    #[error("txpool is full")]
    Full,
}

/// Which transaction takes the place of a waiting one with its nonce. One that cancels always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacing {
    /// Every transaction pays the same price: none.
    Never,
    /// One that pays more, by however little.
    ByPrice,
}

/// What a pool refuses of a transaction alone, and a block does not.
///
/// # Errors
/// Where it is too large or asks for too much gas.
pub fn check_size(signed: &Signed) -> Result<(), PoolError> {
    if signed.transaction.gas() > MOST_GAS {
        return Err(PoolError::GasLimit(signed.transaction.gas()));
    }
    if signed.transaction.encode().len() > MOST_BYTES {
        return Err(PoolError::Oversized);
    }
    Ok(())
}

/// The pool.
#[derive(Clone, Debug, Default)]
pub struct Pool {
    waiting: BTreeMap<Address, BTreeMap<u64, (u64, Arc<Signed>)>>,
    by_hash: HashMap<Hash, (Address, u64)>,
    arrivals: u64,
}

impl Pool {
    /// Adds a transaction.
    ///
    /// # Errors
    /// Where there is no room, or one of this nonce waits and keeps its place.
    pub fn add(&mut self, signed: Arc<Signed>, replacing: Replacing) -> Result<(), PoolError> {
        let nonce = signed.transaction.nonce();
        if self.by_hash.contains_key(&signed.hash) {
            return Err(PoolError::Known(signed.hash));
        }
        let own = self.waiting.get(&signed.sender);
        let replaced = own.and_then(|own| own.get(&nonce)).map(|(_, old)| Arc::clone(old));
        match &replaced {
            Some(old) if !replaces(&signed, old, replacing) => return Err(PoolError::SameNonce),
            None if self.by_hash.len() >= MOST || own.is_some_and(|own| own.len() >= MOST_OF_ONE) => {
                return Err(PoolError::Full)
            }
            _ => {}
        }
        if let Some(old) = replaced {
            self.by_hash.remove(&old.hash);
        }
        self.arrivals = self.arrivals.saturating_add(1);
        self.by_hash.insert(signed.hash, (signed.sender, nonce));
        self.waiting.entry(signed.sender).or_default().insert(nonce, (self.arrivals, signed));
        Ok(())
    }

    /// The waiting transaction with this hash.
    #[must_use]
    pub fn get(&self, hash: &Hash) -> Option<&Arc<Signed>> {
        let (sender, nonce) = self.by_hash.get(hash)?;
        self.waiting.get(sender)?.get(nonce).map(|(_, signed)| signed)
    }

    /// The nonce after the last of those of a sender that wait without a gap from `nonce` on.
    #[must_use]
    pub fn next_nonce(&self, sender: &Address, nonce: u64) -> u64 {
        let own = self.waiting.get(sender);
        let gapless = own.into_iter().flat_map(|own| own.range(nonce..)).zip(nonce..);
        gapless.take_while(|((have, _), want)| *have == want).fold(nonce, |next, _| next.saturating_add(1))
    }

    /// Takes out what may go into a block with these nonces at hand: each sender's without a gap, by arrival of the first.
    pub fn take(&mut self, most: usize, nonce_of: impl Fn(&Address) -> u64) -> Vec<Arc<Signed>> {
        let mut heads: BTreeMap<u64, (Address, u64)> = BTreeMap::new();
        for (sender, own) in &self.waiting {
            let nonce = nonce_of(sender);
            if let Some((arrival, _)) = own.get(&nonce) {
                heads.insert(*arrival, (*sender, nonce));
            }
        }
        let mut taken = Vec::new();
        while let Some((_, (sender, nonce))) = heads.pop_first() {
            if taken.len() >= most {
                break;
            }
            if let Some(signed) = self.remove(&sender, nonce) {
                taken.push(signed);
            }
            let next = nonce.saturating_add(1);
            if let Some((arrival, _)) = self.waiting.get(&sender).and_then(|own| own.get(&next)) {
                heads.insert(*arrival, (sender, next));
            }
        }
        taken
    }

    /// Drops what a new state has left behind: nonces used by other transactions.
    pub fn drop_below(&mut self, sender: &Address, nonce: u64) {
        let Some(own) = self.waiting.get_mut(sender) else { return };
        let kept = own.split_off(&nonce);
        for (_, old) in std::mem::replace(own, kept).into_values() {
            self.by_hash.remove(&old.hash);
        }
        if own.is_empty() {
            self.waiting.remove(sender);
        }
    }

    fn remove(&mut self, sender: &Address, nonce: u64) -> Option<Arc<Signed>> {
        let own = self.waiting.get_mut(sender)?;
        let (_, signed) = own.remove(&nonce)?;
        if own.is_empty() {
            self.waiting.remove(sender);
        }
        self.by_hash.remove(&signed.hash);
        Some(signed)
    }

    /// Everything that waits.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Signed>> {
        self.waiting.values().flat_map(|own| own.values().map(|(_, signed)| signed))
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_hash.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_hash.is_empty()
    }
}

fn replaces(new: &Signed, old: &Signed, replacing: Replacing) -> bool {
    let pays_more = new.transaction.gas_price() > old.transaction.gas_price();
    new.transaction.kind() == TransactionKind::Cancel || (replacing == Replacing::ByPrice && pays_more)
}
