//! Signatures exchanged among operators, over HTTPS on which both sides show a certificate that the other one has pinned.
//!
//! Each operator gives out only what it has signed itself and asks every other one for what it wants: no leader, no relay, and
//! nothing to be told again after a restart. What comes in is believed in nothing: whoever uses it checks it against the proven
//! request (`session`).

mod client;
mod server;
mod tls;

use crate::config;
use serde::{Deserialize, Serialize};
use spanlight::Hash;
use spanlight_prover::Cancel;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

pub use tls::create_certificate;

/// Most nonces asked for at a time.
pub(crate) const MOST_NONCES: usize = 256;
/// Most bytes of a question or an answer.
const MOST_BYTES: usize = 1 << 18;
/// Most signatures given out that are remembered for a direction.
const MOST_GIVEN: usize = 4096;

/// Why the exchange cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// A certificate or key file.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// The address to listen on.
    #[error("exchange.listen: {address}: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        error: std::io::Error,
    },
}

/// What is asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    direction: String,
    nonces: Vec<u64>,
}

/// One signature, as it is given out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    pub(crate) nonce: u64,
    /// What was signed.
    pub(crate) digest: Hash,
    #[serde(with = "spanlight::primitives::hex_bytes")]
    pub(crate) signature: Vec<u8>,
}

/// A signature that came in, and from which peer.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) peer: String,
    pub(crate) given: Given,
}

#[derive(Debug, Default)]
struct Shelf {
    own: BTreeMap<u64, Given>,
    wanted: BTreeSet<u64>,
    inbox: Vec<Received>,
}

/// What is given out, what is wanted and what came in, by direction; shared by its clones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange(Arc<Mutex<BTreeMap<String, Shelf>>>);

impl Exchange {
    /// Starts to serve and to ask, on the runtime that this is called in.
    pub(crate) async fn start(config: &config::Exchange, cancel: &Cancel) -> Result<Self, ExchangeError> {
        let exchange = Self::default();
        server::start(config, exchange.clone()).await?;
        for peer in &config.peers {
            client::start(config, peer, exchange.clone(), cancel.clone())?;
        }
        Ok(exchange)
    }

    fn with<R>(&self, direction: &str, work: impl FnOnce(&mut Shelf) -> R) -> R {
        let mut shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(shelves.entry(direction.to_owned()).or_default())
    }

    /// Gives out a signature of this operator.
    pub(crate) fn give(&self, direction: &str, given: Given) {
        self.with(direction, |shelf| {
            shelf.own.insert(given.nonce, given);
            while shelf.own.len() > MOST_GIVEN {
                shelf.own.pop_first();
            }
        });
    }

    /// Whether a signature of this digest is given out already.
    pub(crate) fn gives(&self, direction: &str, nonce: u64, digest: &Hash) -> bool {
        self.with(direction, |shelf| shelf.own.get(&nonce).is_some_and(|given| given.digest == *digest))
    }

    /// Says which nonces' signatures are wanted, and takes what came in.
    pub(crate) fn trade(&self, direction: &str, wanted: BTreeSet<u64>) -> Vec<Received> {
        self.with(direction, |shelf| {
            shelf.wanted = wanted;
            std::mem::take(&mut shelf.inbox)
        })
    }

    /// Whether something came in.
    pub(crate) fn has_mail(&self, direction: &str) -> bool {
        self.with(direction, |shelf| !shelf.inbox.is_empty())
    }

    /// What is wanted, by direction.
    fn questions(&self) -> Vec<Question> {
        let shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = shelves.iter().filter(|(_, shelf)| !shelf.wanted.is_empty());
        let question = |(direction, shelf): (&String, &Shelf)| Question {
            direction: direction.clone(),
            nonces: shelf.wanted.iter().copied().take(MOST_NONCES).collect(),
        };
        wanted.map(question).collect()
    }

    fn answer(&self, question: &Question) -> Vec<Given> {
        let shelves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shelf = shelves.get(&question.direction);
        let nonces = question.nonces.iter().take(MOST_NONCES);
        nonces.filter_map(|nonce| shelf?.own.get(nonce).cloned()).collect()
    }

    fn receive(&self, direction: &str, peer: &str, answer: Vec<Given>) {
        self.with(direction, |shelf| {
            let wanted = answer.into_iter().filter(|given| shelf.wanted.contains(&given.nonce)).take(MOST_NONCES);
            let received: Vec<Received> = wanted.map(|given| Received { peer: peer.to_owned(), given }).collect();
            if shelf.inbox.len() <= MOST_GIVEN {
                shelf.inbox.extend(received);
            }
        });
    }
}

#[cfg(test)]
mod tests;
