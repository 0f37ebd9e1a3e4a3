//! Signatures exchanged among operators, over HTTPS on which both sides show a certificate that the other one has pinned.
//!
//! Each operator gives out only what it has signed itself and asks every other one for what it wants: no leader, no relay, and
//! nothing to be told again after a restart. What comes in is believed in nothing: whoever uses it checks it against the proven
//! request (`session`).

mod client;
mod server;
mod tls;

use crate::board::Board;
use crate::config;
use serde::{Deserialize, Serialize};
use spanlight::Hash;
use spanlight_prover::Cancel;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

pub use tls::create_certificate;

/// Most nonces asked for at a time.
const MOST_NONCES: usize = 256;
/// Most bytes of a question or an answer: as many nonces, each signed by all keys that an account
/// may have.
const MOST_BYTES: usize = 1 << 19;

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
    /// For open transfers only: what is done is forgotten, what is open never.
    own: BTreeMap<u64, Given>,
    wanted: BTreeSet<u64>,
    /// The head for which it is wanted.
    head: u64,
    /// Whose word for what of it has been heard. A peer is heard once at a head, so one that answers without end, or falsely, costs
    /// no more work than one that answers.
    heard: BTreeSet<(String, u64)>,
    inbox: Vec<Received>,
}

/// What is given out, what is wanted and what came in, by direction; shared by its clones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    shelves: Arc<Mutex<BTreeMap<String, Shelf>>>,
    /// A person has paused the operator: nothing is given out.
    paused: Arc<AtomicBool>,
}

impl Exchange {
    /// Starts to serve and to ask, on the runtime that this is called in.
    pub(crate) async fn start(
        config: &config::Exchange,
        cancel: &Cancel,
        board: &Board,
    ) -> Result<Self, ExchangeError> {
        let (exchange, gate) = (Self::default(), server::gate());
        server::start(config, exchange.clone(), board, &gate).await?;
        for peer in &config.peers {
            client::start(config, peer, exchange.clone(), Arc::clone(&gate), cancel.clone())?;
        }
        Ok(exchange)
    }

    fn with<R>(&self, direction: &str, work: impl FnOnce(&mut Shelf) -> R) -> R {
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        work(shelves.entry(direction.to_owned()).or_default())
    }

    /// Gives out a signature of this operator.
    pub(crate) fn give(&self, direction: &str, given: Given) {
        self.with(direction, |shelf| shelf.own.insert(given.nonce, given));
    }

    /// Gives nothing out while `paused`: a signature given may be sent by others, so it is a vote.
    pub(crate) fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::SeqCst);
    }

    /// This process does not act for the direction any more: it asks nobody for anything. What it
    /// gave out, it still gives.
    pub(crate) fn rest(&self, direction: &str) {
        self.with(direction, |shelf| {
            shelf.wanted.clear();
            shelf.inbox.clear();
        });
    }

    /// Whether a signature of this digest is given out already.
    pub(crate) fn gives(&self, direction: &str, nonce: u64, digest: &Hash) -> bool {
        self.with(direction, |shelf| shelf.own.get(&nonce).is_some_and(|given| given.digest == *digest))
    }

    /// Takes what came in.
    pub(crate) fn collect(&self, direction: &str) -> Vec<Received> {
        self.with(direction, |shelf| std::mem::take(&mut shelf.inbox))
    }

    /// Says which nonces' signatures are wanted now, at which head, and forgets what was given out for those that are not open
    /// any more.
    pub(crate) fn want(&self, direction: &str, head: u64, wanted: BTreeSet<u64>, is_open: impl Fn(u64) -> bool) {
        self.with(direction, |shelf| {
            if shelf.head != head {
                shelf.head = head;
                shelf.heard.clear();
            }
            shelf.wanted = wanted;
            shelf.own.retain(|nonce, _| is_open(*nonce));
        });
    }

    /// Whether something came in.
    pub(crate) fn has_mail(&self, direction: &str) -> bool {
        self.with(direction, |shelf| !shelf.inbox.is_empty())
    }

    /// What is wanted of a peer, by direction.
    fn questions(&self, peer: &str) -> Vec<Question> {
        let shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        let question = |(direction, shelf): (&String, &Shelf)| {
            let unheard = shelf.wanted.iter().filter(|nonce| !shelf.heard.contains(&(peer.to_owned(), **nonce)));
            Question { direction: direction.clone(), nonces: unheard.copied().take(MOST_NONCES).collect() }
        };
        shelves.iter().map(question).filter(|question| !question.nonces.is_empty()).collect()
    }

    fn answer(&self, question: &Question) -> Vec<Given> {
        let shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        let shelf = shelves.get(&question.direction).filter(|_| !self.paused.load(Ordering::SeqCst));
        let nonces = question.nonces.iter().take(MOST_NONCES);
        nonces.filter_map(|nonce| shelf?.own.get(nonce).cloned()).collect()
    }

    fn receive(&self, direction: &str, peer: &str, answer: Vec<Given>) {
        self.with(direction, |shelf| {
            for given in answer.into_iter().take(MOST_NONCES) {
                if shelf.wanted.contains(&given.nonce) && shelf.heard.insert((peer.to_owned(), given.nonce)) {
                    shelf.inbox.push(Received { peer: peer.to_owned(), given });
                }
            }
        });
    }
}

#[cfg(test)]
mod tests;
