//! One direction of the bridge: a worker with a thread of its own, which starts sessions and outlives their failures.
//!
//! A session starts from the newest checkpoints that leave no open request out, so starting after a crash, starting for the
//! first time and starting again to let old headers go are one and the same thing.

use crate::alarm::Alarm;
use crate::board::Board;
use crate::clock;
use crate::config::{ChainConfig, Config};
use crate::exchange::Exchange;
use crate::fitness::Fitness;
use crate::keys::{ChainKeys, KeyError};
use crate::link::Link;
use crate::pause::Pause;
use crate::pulse::Pulse;
use crate::raised::Raised;
use crate::send::{SendError, Sender};
use crate::session::{End, Session};
use crate::slumber::Slumber;
use crate::start::{is_of_endpoints, no_start, options, own_limit, starting_point, with_each};
use crate::store::{Lease, Lives, Store, StoreError};
use crate::view::{self, Voters};
use spanlight::consensus::light_client::Checkpoint;
use spanlight::trust::{BridgeEnd, Trust, TrustError, TrustedChain};
use spanlight::verdict::NotReached;
use spanlight_prover::{Cancel, Node, ProveError, Silent};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Pause after a session that failed.
pub(crate) const PAUSE: Duration = Duration::from_millis(500);
/// Between two looks at what a person has said.
const CONTROLS: Duration = Duration::from_millis(250);

/// A worker without any sign of life for so long gives the lease to another replica: another host
/// may fare better.
const STILL: Duration = Duration::from_secs(30);

/// What all workers of a process share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) board: Board,
    pub(crate) cancel: Cancel,
    /// Where votes are signatures.
    pub(crate) exchange: Option<Exchange>,
    /// They sign nothing while the operator is paused.
    pub(crate) keys: BTreeMap<String, ChainKeys>,
    pub(crate) pause: Pause,
    /// Whether the process itself stood still.
    pub(crate) slumber: Slumber,
}

impl Shared {
    /// Reads what a person has said, again and again: whatever the workers wait for, it holds
    /// within a second.
    pub(crate) async fn watch_controls(self: Arc<Self>) {
        while !self.cancel.is_cancelled() {
            tokio::time::sleep(CONTROLS).await;
            self.read_controls().await;
        }
    }

    /// Where the store does not answer, what was said last holds.
    pub(crate) async fn read_controls(&self) {
        let paused = match self.store.control("paused").await {
            Ok(value) => value.is_some_and(|value| value == "yes"),
            Err(error) => return tracing::warn!(%error, "it cannot be read whether the operator is paused"),
        };
        if self.pause.set(paused) {
            tracing::info!(paused, "read whether a person has paused the operator");
        }
        self.board.set_paused(paused);
        if let Some(exchange) = &self.exchange {
            exchange.pause(paused);
        }
    }

    /// Raises an alarm of a direction, where it is no repeat: logs it, counts it and writes it
    /// down.
    pub(crate) fn raise(self: &Arc<Self>, raised: &mut Raised, direction: &str, nonce: Option<u64>, alarm: &Alarm) {
        // What lasts shows again.
        if alarm.may_be_of_slumber() && self.slumber.is_waking() {
            tracing::info!(%direction, code = alarm.code(), alarm = %alarm, "nobody is blamed while this process wakes");
            return;
        }
        if !raised.is_new(nonce, alarm, Instant::now()) {
            return;
        }
        let words = alarm.to_string();
        tracing::error!(%direction, nonce, code = alarm.code(), alarm = %words, "ALARM");
        self.board.count_alarm(direction, alarm);
        let (shared, name, code) = (Arc::clone(self), direction.to_owned(), alarm.code());
        tokio::spawn(async move {
            if let Err(error) = shared.store.note_alarm(clock::now(), &name, nonce, (code, &words)).await {
                tracing::error!(%error, "the alarm could not be written down");
            }
        });
    }
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

impl WorkError {
    /// Whether endpoints are at fault: another replica's may serve. The own clock, a checkpoint
    /// that is too old, the trust, a key or the store are the same for all replicas, or nothing
    /// that giving the lease away would mend.
    pub(crate) fn is_of_endpoints(&self) -> bool {
        match self {
            Self::Prove(error) => is_of_endpoints(error),
            Self::Start { error, .. } => is_of_endpoints(error),
            _ => false,
        }
    }

    /// The alarm, where it is the store, or the checkpoint to start from is too old or ahead of
    /// this machine's clock.
    pub(crate) fn alarm(&self) -> Option<Alarm> {
        match self {
            Self::Start { block, error, .. } => match own_limit(error)? {
                NotReached::TrustExpired { chain, have, need } => {
                    Some(Alarm::CheckpointTooOld { chain: chain.clone(), block: *block, age: *have, most: *need })
                }
                other => Alarm::of_clock(other),
            },
            Self::Store(error) | Self::Send(SendError::Store(error)) => {
                Some(Alarm::Store { reason: error.to_string() })
            }
            _ => None,
        }
    }
}

/// One direction: its two ends.
pub(crate) struct Direction {
    pub(crate) shared: Arc<Shared>,
    pub(crate) name: String,
    pub(crate) from: BridgeEnd,
    pub(crate) to: BridgeEnd,
    /// The worker's signs of life.
    pub(crate) pulse: Pulse,
    /// How its endpoints do.
    pub(crate) fitness: Fitness,
    /// Ends this worker alone.
    cancel: Cancel,
}

impl Direction {
    pub(crate) fn new(shared: &Arc<Shared>, from: &BridgeEnd, to: &BridgeEnd, pulse: Pulse, cancel: Cancel) -> Self {
        let name = format!("{}->{}", from.chain, to.chain);
        let timeouts = [from, to].into_iter().filter_map(|end| shared.config.chains.get(&end.chain));
        let slowest = timeouts.map(|chain| chain.timeout_s).max().unwrap_or_default();
        let fitness = Fitness::new(Duration::from_secs(slowest));
        Self { shared: Arc::clone(shared), name, from: from.clone(), to: to.clone(), pulse, fitness, cancel }
    }

    /// Whether this worker is to end.
    pub(crate) fn is_over(&self) -> bool {
        self.cancel.is_cancelled() || self.shared.cancel.is_cancelled()
    }

    /// Works until the process stops.
    pub(crate) async fn work(self) {
        let show = |phase: &str, trouble: Option<String>| {
            self.shared.board.update(&self.name, |board| {
                board.source.clone_from(&self.from.chain);
                board.destination.clone_from(&self.to.chain);
                board.max_head_age = self.shared.config.voting.max_head_age_s;
                // Another replica does.
                if phase == "standby" {
                    board.catch_up = None;
                }
                phase.clone_into(&mut board.phase);
                board.trouble = trouble;
            });
        };
        show("starting", None);
        // They outlive sessions: one that starts again asks first whom the last one was served by.
        let mut links = match self.links() {
            Ok(links) => links,
            Err(error) => {
                tracing::error!(direction = %self.name, %error, "cannot work");
                return show("failing", Some(error.to_string()));
            }
        };
        let mut raised = Raised::default();
        let mut standby = None;
        let (pulse, cancel) = (self.pulse.clone(), self.cancel.clone());
        let lives: Lives = Arc::new(move || !cancel.is_cancelled() && pulse.silence() < STILL);
        while !self.is_over() {
            self.pulse.beat();
            if !self.fitness.has_rested(Instant::now()) {
                self.stand_by(&mut links, &mut standby, &show).await;
                continue;
            }
            let lease = match self.shared.store.acquire_while(&self.name, Arc::clone(&lives)).await {
                Ok(Some(lease)) => Arc::new(lease),
                Ok(None) => {
                    self.stand_by(&mut links, &mut standby, &show).await;
                    continue;
                }
                Err(error) => {
                    self.raise(&mut raised, None, &Alarm::Store { reason: error.to_string() });
                    show("failing", Some(error.to_string()));
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            standby = None;
            tracing::info!(direction = %self.name, "acting for this direction");
            self.act(&lease, (&mut links, &mut raised), &show).await;
            // Whatever they did not answer in time, this process may have slept.
            if self.shared.slumber.is_waking() {
                links.iter_mut().for_each(Link::forgive);
            }
            if let Some(exchange) = &self.shared.exchange {
                exchange.rest(&self.name);
            }
        }
    }

    /// Raises an alarm, where it is no repeat.
    pub(crate) fn raise(&self, raised: &mut Raised, nonce: Option<u64>, alarm: &Alarm) {
        self.shared.raise(raised, &self.name, nonce, alarm);
    }

    /// Sessions under one lease.
    async fn act(
        &self,
        lease: &Arc<Lease>,
        (links, raised): (&mut [Link; 2], &mut Raised),
        show: &impl Fn(&str, Option<String>),
    ) {
        let mut told = String::new();
        while !self.is_over() {
            self.pulse.beat();
            if !lease.is_held() {
                return tracing::warn!(direction = %self.name, "the lease is over");
            }
            match self.session(lease, links).await {
                Ok(End::Stopped) => return,
                Ok(End::LostLease) => return tracing::warn!(direction = %self.name, "the lease is over"),
                Ok(End::Unfit) => return,
                Ok(End::Restart) => {}
                Err(
                    WorkError::Store(StoreError::LostLease) | WorkError::Send(SendError::Store(StoreError::LostLease)),
                ) => {
                    tracing::warn!(direction = %self.name, "another replica has taken over");
                    return;
                }
                Err(error) => {
                    if error.is_of_endpoints() {
                        self.fitness.note(false, Instant::now());
                    } else {
                        self.fitness.note_other_trouble();
                    }
                    if let Some(alarm) = error.alarm() {
                        self.raise(raised, None, &alarm);
                    }
                    let words = error.to_string();
                    if words != told {
                        tracing::warn!(direction = %self.name, %error, "cannot work; starting again");
                    }
                    told.clone_from(&words);
                    show("failing", Some(words));
                    if self.is_unfit(lease).await {
                        return;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn chain_config(&self, name: &str) -> Result<&ChainConfig, WorkError> {
        self.shared.config.chains.get(name).ok_or(WorkError::Trust(TrustError::UnknownChain))
    }

    fn links(&self) -> Result<[Link; 2], WorkError> {
        Ok([self.link(&self.from.chain)?, self.link(&self.to.chain)?])
    }

    fn link(&self, name: &str) -> Result<Link, WorkError> {
        let config = self.chain_config(name)?;
        let timeout = Duration::from_secs(config.timeout_s);
        let link = Link::open_for(&config.endpoints, timeout, &self.cancel, &self.pulse);
        let mut link = link.ok_or(WorkError::Address)?;
        link.obey(&self.shared.pause);
        Ok(link)
    }

    /// The chain as the trust describes it, from a newer checkpoint if there is one.
    fn trusted(&self, name: &str, checkpoint: Option<Checkpoint>) -> Result<TrustedChain, WorkError> {
        let chain = self.shared.config.trust.chain(name)?.clone();
        Ok(starting_point(chain, checkpoint, self.chain_config(name)?.max_pause_s))
    }

    async fn session(&self, lease: &Arc<Lease>, links: &mut [Link; 2]) -> Result<End, WorkError> {
        let store = &self.shared.store;
        let [source_link, destination_link] = links;
        let keys = self.shared.keys.get(&self.to.chain).ok_or_else(|| WorkError::NoKey(self.to.chain.clone()))?;

        let resume = store.resume(&self.name, &self.to.chain, u64::MAX).await?;
        // Destination blocks since then are watched, so the requests of what they handled are needed too.
        let watched = resume.as_ref().map_or(0, |resume| resume.requests);
        let destination_trust = self.trusted(&self.to.chain, resume.map(|resume| resume.checkpoint))?;
        let begin = async |link: &Link| {
            let destination = link.endpoints.follow(&destination_trust, options(), &Silent).await?;
            let node = Node::new(&link.endpoints, &destination_trust.profile);
            let header = destination.chain().header(destination.head())?;
            let view = loop {
                match view::read(&node, header, &self.to, keys.operator.account(), &BTreeMap::new(), &Voters::default())
                    .await
                {
                    Ok(view) => break view,
                    Err(error) if link.endpoints.dismiss(&error) => {
                        tracing::warn!(%error, "another endpoint is asked at the start");
                    }
                    Err(error) => return Err(error),
                }
            };
            Ok((destination, view))
        };
        let begun = with_each(destination_link, begin).await;
        let (destination, view) = begun.map_err(|error| no_start(&destination_trust, error))?;

        // What is kept in the store need not be found again. Where nothing is, all that is open has
        // to be.
        let known = store.known(&self.name).await?;
        let stored = store.requests(&self.name).await?;
        let notices = store.notices(&self.name).await?;
        let needed = known.unwrap_or_else(|| watched.min(view.nonces.lower_handle_nonce));
        let resume = store.resume(&self.name, &self.from.chain, needed).await?;
        let first = resume.as_ref().map_or(0, |resume| resume.requests);
        let source_trust = self.trusted(&self.from.chain, resume.as_ref().map(|resume| resume.checkpoint.clone()))?;
        // What is proven already is voted on before all of it is followed.
        let begin = async |link: &Link| link.endpoints.begin(&source_trust, options(), &Silent).await;
        let begun = with_each(source_link, begin).await;
        let source = begun.map_err(|error| no_start(&source_trust, error))?;

        let trust = self.session_trust([&source_trust, &destination_trust]);
        let config = self.chain_config(&self.to.chain)?;
        let stuck = self.shared.config.voting.stuck_blocks;
        let chain_id = destination_trust.profile.chain_id;
        let sender = Sender::start(store, lease, keys, chain_id, config, stuck).await?;
        let known = (first, known.unwrap_or(first));
        let mut session = Session::new(self, lease, &trust, links, [source, destination], view, sender, known);
        session.take_stored_reverts(&notices);
        session.take_stored(stored);
        session.take_stored_notices(&notices);
        session.run().await
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
