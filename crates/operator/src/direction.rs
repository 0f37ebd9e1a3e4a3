//! One direction of the bridge: a worker with a thread of its own, which starts sessions and outlives their failures.
//!
//! A session starts from the newest checkpoints that leave no open request out, so starting after a crash, starting for the
//! first time and starting again to let old headers go are one and the same thing.

use crate::board::Board;
use crate::clock;
use crate::config::{ChainConfig, Config};
use crate::exchange::Exchange;
use crate::keys::{ChainKeys, KeyError};
use crate::link::Link;
use crate::send::{SendError, Sender};
use crate::session::{End, Session};
use crate::store::{Lease, Store, StoreError};
use crate::view;
use spanlight::consensus::light_client::Checkpoint;
use spanlight::consensus::FollowMode;
use spanlight::trust::{BridgeEnd, Trust, TrustError, TrustedChain};
use spanlight_prover::{sync, Cancel, Node, ProveError, Silent, SyncOptions};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Pause after a session that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// What all workers of a process share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) board: Board,
    pub(crate) cancel: Cancel,
    /// Where votes are signatures.
    pub(crate) exchange: Option<Exchange>,
    pub(crate) keys: BTreeMap<String, ChainKeys>,
}

/// Why a worker cannot go on right now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Prove(#[from] ProveError),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A checkpoint of the store or the trust that no endpoint has, for example.
    #[error("{chain} cannot be followed from block {block}: {error}")]
    Start { chain: String, block: u64, error: Box<ProveError> },
    #[error("an endpoint's address is none")]
    Address,
    #[error("no key for chain {0}")]
    NoKey(String),
}

/// One direction: its two ends.
pub(crate) struct Direction {
    pub(crate) shared: Arc<Shared>,
    pub(crate) name: String,
    pub(crate) from: BridgeEnd,
    pub(crate) to: BridgeEnd,
}

/// Begins to follow a chain, again while that failed by the fault of one endpoint and another is left: one that lies to whoever
/// begins must not keep a session from beginning.
async fn with_each<R>(
    link: &Link,
    trusted: &TrustedChain,
    begin: impl AsyncFn() -> Result<R, ProveError>,
) -> Result<R, WorkError> {
    loop {
        match begin().await {
            Ok(begun) => return Ok(begun),
            Err(error) if link.endpoints.dismiss(&error) => {
                tracing::warn!(%error, "an endpoint was put aside at the start");
            }
            Err(error) => {
                let chain = trusted.profile.name.clone();
                return Err(WorkError::Start { chain, block: trusted.checkpoint.number, error: Box::new(error) });
            }
        }
    }
}

/// How chains are followed now.
pub(crate) fn options() -> SyncOptions {
    SyncOptions { to: None, mode: FollowMode::Sparse, deep: false, now: clock::now() }
}

impl Direction {
    pub(crate) fn new(shared: &Arc<Shared>, from: &BridgeEnd, to: &BridgeEnd) -> Self {
        let name = format!("{}->{}", from.chain, to.chain);
        Self { shared: Arc::clone(shared), name, from: from.clone(), to: to.clone() }
    }

    /// Works until the process stops.
    pub(crate) async fn work(self) {
        let show = |phase: &str, trouble: Option<String>| {
            self.shared.board.update(&self.name, |board| {
                board.source.clone_from(&self.from.chain);
                board.destination.clone_from(&self.to.chain);
                phase.clone_into(&mut board.phase);
                board.trouble = trouble;
            });
        };
        show("starting", None);
        while !self.shared.cancel.is_cancelled() {
            let lease = match self.shared.store.acquire(&self.name).await {
                Ok(Some(lease)) => Arc::new(lease),
                Ok(None) => {
                    show("standby", None);
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
                Err(error) => {
                    tracing::error!(direction = %self.name, %error, "the store does not answer");
                    show("failing", Some(error.to_string()));
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            tracing::info!(direction = %self.name, "acting for this direction");
            self.act(&lease, &show).await;
        }
    }

    /// Sessions under one lease.
    async fn act(&self, lease: &Arc<Lease>, show: &impl Fn(&str, Option<String>)) {
        while !self.shared.cancel.is_cancelled() {
            match self.session(lease).await {
                Ok(End::Stopped | End::LostLease) => return,
                Ok(End::Restart) => {}
                Err(
                    WorkError::Store(StoreError::LostLease) | WorkError::Send(SendError::Store(StoreError::LostLease)),
                ) => {
                    tracing::warn!(direction = %self.name, "another replica has taken over");
                    return;
                }
                Err(error) => {
                    tracing::warn!(direction = %self.name, %error, "cannot work; starting again");
                    show("failing", Some(error.to_string()));
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn chain_config(&self, name: &str) -> Result<&ChainConfig, WorkError> {
        self.shared.config.chains.get(name).ok_or(WorkError::Trust(TrustError::UnknownChain))
    }

    fn link(&self, name: &str) -> Result<Link, WorkError> {
        let config = self.chain_config(name)?;
        let timeout = Duration::from_secs(config.timeout_s);
        Link::open(&config.endpoints, timeout, &self.shared.cancel).ok_or(WorkError::Address)
    }

    /// The chain as the trust describes it, from a newer checkpoint if there is one.
    fn trusted(&self, name: &str, checkpoint: Option<Checkpoint>) -> Result<TrustedChain, WorkError> {
        let chain = self.shared.config.trust.chain(name)?.clone();
        // One that the person at the keys gave and that is newer goes before.
        Ok(match checkpoint.filter(|checkpoint| checkpoint.number > chain.checkpoint.number) {
            Some(checkpoint) => TrustedChain { checkpoint, ..chain },
            None => chain,
        })
    }

    async fn session(&self, lease: &Arc<Lease>) -> Result<End, WorkError> {
        let store = &self.shared.store;
        let links = [self.link(&self.from.chain)?, self.link(&self.to.chain)?];
        let [source_link, destination_link] = &links;
        let keys = self.shared.keys.get(&self.to.chain).ok_or_else(|| WorkError::NoKey(self.to.chain.clone()))?;

        let resume = store.resume(&self.name, &self.to.chain, u64::MAX).await?;
        // Destination blocks since then are watched, so the requests of what they handled are needed too.
        let watched = resume.as_ref().map_or(0, |resume| resume.requests);
        let destination_trust = self.trusted(&self.to.chain, resume.map(|resume| resume.checkpoint))?;
        let node = Node::new(&destination_link.endpoints, &destination_trust.profile);
        let begin = async || {
            let destination = sync(&node, &destination_trust, options(), &Silent).await?;
            let header = destination.chain().header(destination.head())?;
            let view = view::read(&node, header, &self.to, keys.operator.address(), &BTreeMap::new(), &[]).await?;
            Ok((destination, view))
        };
        let (destination, view) = with_each(destination_link, &destination_trust, begin).await?;

        let needed = watched.min(view.nonces.lower_handle_nonce);
        let resume = store.resume(&self.name, &self.from.chain, needed).await?;
        let first = resume.as_ref().map_or(0, |resume| resume.requests);
        let source_trust = self.trusted(&self.from.chain, resume.as_ref().map(|resume| resume.checkpoint.clone()))?;
        let node = Node::new(&source_link.endpoints, &source_trust.profile);
        let begin = async || sync(&node, &source_trust, options(), &Silent).await;
        let source = with_each(source_link, &source_trust, begin).await?;

        let trust = self.session_trust([&source_trust, &destination_trust]);
        let config = self.chain_config(&self.to.chain)?;
        let stuck = self.shared.config.voting.stuck_blocks;
        let chain_id = destination_trust.profile.chain_id;
        let sender = Sender::start(store, lease, keys, chain_id, config, stuck).await?;
        Session::new(self, lease, &trust, links, [source, destination], view, sender, first).run().await
    }

    /// The configured trust, with both chains from where this session follows them.
    fn session_trust(&self, chains: [&TrustedChain; 2]) -> Trust {
        let mut trust = self.shared.config.trust.clone();
        for chain in &mut trust.chains {
            for followed in chains {
                if followed.profile.name == chain.profile.name {
                    chain.clone_from(followed);
                }
            }
        }
        trust
    }
}
