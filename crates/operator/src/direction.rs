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
use crate::store::{Lease, Lives, Standby, Store, StoreError};
use crate::view::{self, Voters};
use spanlight::consensus::light_client::Checkpoint;
use spanlight::consensus::FollowMode;
use spanlight::trust::{BridgeEnd, Trust, TrustError, TrustedChain};
use spanlight::verdict::{NotReached, Verdict};
use spanlight_prover::{Cancel, Node, ProveError, RpcError, Silent, SyncOptions, Time};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Pause after a session that failed.
const PAUSE: Duration = Duration::from_millis(500);
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
    /// The alarm, where it is the store, or the checkpoint to start from is too old or ahead of this
    /// machine's clock.
    fn alarm(&self) -> Option<Alarm> {
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

/// That the clock or the checkpoint's age stands in the way, and no endpoint.
pub(crate) fn own_limit(error: &ProveError) -> Option<&NotReached> {
    match error {
        ProveError::NotFollowed(Verdict::NotYetTrusted(
            reason @ (NotReached::Clock { .. } | NotReached::TrustExpired { .. }),
        )) => Some(reason),
        _ => None,
    }
}

/// The chain from where this operator starts: its own checkpoint where that is newer than the
/// trust's, since one that the person at the keys gave and that is newer goes before.
///
/// Only its own checkpoint may be older than the trusting period, and only by its own
/// configuration: this operator verified that block itself, so what the period guards against is
/// that a quorum of its council gave its keys away since. Nothing is jumped over from there.
fn starting_point(chain: TrustedChain, own: Option<Checkpoint>, max_pause_s: u64) -> TrustedChain {
    match own.filter(|own| own.number > chain.checkpoint.number) {
        Some(checkpoint) => {
            TrustedChain { checkpoint, trusting_period: chain.trusting_period.max(max_pause_s), ..chain }
        }
        None => chain,
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

/// Begins to follow a chain, with one endpoint at a time: where they were mixed, one could tell a
/// head and leave it to another to show it, and what is false would be held against the other one.
/// One endpoint that keeps back whoever begins must not keep a session from beginning: `begin` puts
/// aside one at fault, and where nobody can be shown to be at fault each endpoint is asked first
/// once. A first one may show an old head and then not tell its state, which the others, honest
/// ones, have thrown away. The next session goes on with the order found.
pub(crate) async fn with_each<R>(
    link: &mut Link,
    begin: impl AsyncFn(&Link) -> Result<R, ProveError>,
) -> Result<R, ProveError> {
    let mut turns = link.len();
    loop {
        let error = match begin(link).await {
            Ok(begun) => return Ok(begun),
            Err(error) => error,
        };
        if own_limit(&error).is_some() {
            return Err(error);
        }
        turns = turns.saturating_sub(1);
        link.rotate();
        // Where none answers, another order helps nobody.
        let is_nobody = |error: &RpcError| {
            matches!(error, RpcError::Transport { .. } | RpcError::NoneLeft { .. } | RpcError::Cancelled)
        };
        if turns == 0 || matches!(&error, ProveError::Rpc(error) if is_nobody(error)) {
            return Err(error);
        }
        tracing::warn!(%error, "a start failed; the next endpoint is asked first");
    }
}

fn no_start(trusted: &TrustedChain, error: ProveError) -> WorkError {
    let chain = trusted.profile.name.clone();
    WorkError::Start { chain, block: trusted.checkpoint.number, error: Box::new(error) }
}

/// How chains are followed now.
pub(crate) fn options() -> SyncOptions {
    SyncOptions { to: None, mode: FollowMode::Sparse, deep: false, time: Time::Runs(clock::now) }
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
            if let Some(exchange) = &self.shared.exchange {
                exchange.rest(&self.name);
            }
        }
    }

    /// Waits while another replica acts, and shows the others whether this one could.
    async fn stand_by(
        &self,
        links: &mut [Link; 2],
        standby: &mut Option<Standby>,
        show: &impl Fn(&str, Option<String>),
    ) {
        match self.can_serve(links).await {
            Ok(()) => {
                if standby.is_none() {
                    *standby = self.shared.store.stand_by(&self.name).await.unwrap_or_default();
                }
                show("standby", None);
            }
            Err(error) => {
                *standby = None;
                show("failing", Some(error.to_string()));
            }
        }
        tokio::time::sleep(PAUSE).await;
    }

    /// Whether an endpoint of each chain answers.
    async fn can_serve(&self, links: &mut [Link; 2]) -> Result<(), WorkError> {
        for (link, end) in links.iter_mut().zip([&self.from, &self.to]) {
            link.give_second_chance();
            let profile = &self.shared.config.trust.chain(&end.chain)?.profile;
            let head = Node::new(&link.endpoints, profile).head_number().await;
            if head.is_err() {
                link.rotate();
            }
            head?;
        }
        Ok(())
    }

    /// Whether the lease is to be given away: this replica's endpoints do not serve, and another
    /// replica's do.
    pub(crate) async fn is_unfit(&self, lease: &Lease) -> bool {
        if !lease.is_shared() || !self.fitness.is_unfit(Instant::now()) {
            return false;
        }
        let is_unfit = self.shared.store.has_standby(&self.name).await.unwrap_or(false);
        if is_unfit {
            tracing::warn!(direction = %self.name, "no endpoint serves; the lease is given to another replica");
            self.fitness.give_away(Instant::now());
        }
        is_unfit
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
                    self.fitness.note(false, Instant::now());
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn pruned() -> ProveError {
        RpcError::Pruned { chain: "main".into(), height: 5 }.into()
    }

    /// Begins where one of `serving` is asked first, and is refused a state by the others; gives who was asked first each time.
    async fn begin(
        link: &mut Link,
        serving: &[&str],
        error: fn() -> ProveError,
    ) -> (Result<(), ProveError>, Vec<String>) {
        let asked = RefCell::new(Vec::new());
        let begun = with_each(link, async |link: &Link| {
            asked.borrow_mut().push(link.first().to_owned());
            if serving.contains(&link.first()) {
                Ok(())
            } else {
                Err(error())
            }
        });
        (begun.await, asked.into_inner())
    }

    fn link() -> (Link, [String; 3]) {
        let urls = ["http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"].map(str::to_owned);
        (Link::open(&urls, Duration::from_secs(1), &Cancel::default()).unwrap(), urls)
    }

    #[tokio::test]
    async fn a_first_endpoint_that_keeps_a_start_back_is_asked_first_no_more() {
        let (mut link, [a, b, c]) = link();
        let (begun, asked) = begin(&mut link, &[&c], pruned).await;
        assert!(begun.is_ok());
        assert_eq!(asked, [a, b, c.clone()]);
        // The next session begins with the one that served.
        assert_eq!(begin(&mut link, &[&c], pruned).await.1, [c]);
    }

    #[tokio::test]
    async fn each_is_asked_first_once_and_none_where_nobody_answers() {
        let (mut link, [a, b, c]) = link();
        let (begun, asked) = begin(&mut link, &[], pruned).await;
        assert!(matches!(begun, Err(ProveError::Rpc(RpcError::Pruned { .. }))));
        assert_eq!(asked, [a.clone(), b.clone(), c]);
        let silent = || RpcError::Transport { reason: "no answer".to_owned() }.into();
        assert_eq!(begin(&mut link, &[], silent).await.1, [a]);
        assert_eq!(link.first(), b);
    }

    #[tokio::test]
    async fn a_checkpoint_that_is_ahead_of_the_clock_is_no_endpoints_fault() {
        let (mut link, [a, ..]) = link();
        let ahead = || {
            let reason = NotReached::Clock { chain: "main".to_owned(), have: 100, need: 130 };
            ProveError::NotFollowed(Verdict::NotYetTrusted(reason))
        };
        let (begun, asked) = begin(&mut link, &[], ahead).await;
        assert_eq!((asked, link.first()), (vec![a.clone()], a.as_str()));
        let error = WorkError::Start { chain: "main".to_owned(), block: 7, error: Box::new(begun.unwrap_err()) };
        assert_eq!(error.alarm(), Some(Alarm::Clock { chain: "main".to_owned(), behind: 30 }));
    }

    #[test]
    fn only_an_own_checkpoint_is_believed_for_longer_than_the_trusting_period() {
        let mut chain: Trust = toml::from_str(include_str!("../../../tests/fixtures/trust.toml")).unwrap();
        let mut chain = chain.chains.remove(0);
        (chain.trusting_period, chain.checkpoint.number) = (100, 50);
        let at = |number: u64| Some(Checkpoint { number, ..chain.checkpoint.clone() });
        let start = |own: Option<Checkpoint>, max_pause_s: u64| {
            let start = starting_point(chain.clone(), own, max_pause_s);
            (start.checkpoint.number, start.trusting_period)
        };
        assert_eq!(start(at(51), 1000), (51, 1000));
        assert_eq!(start(at(51), 0), (51, 100), "nothing is configured");
        assert_eq!(start(at(51), 99), (51, 100), "it is never less than the trust says");
        assert_eq!(start(at(50), 1000), (50, 100), "the trust's own");
        assert_eq!(start(at(49), 1000), (50, 100));
        assert_eq!(start(None, 1000), (50, 100));
    }

    #[test]
    fn a_checkpoint_that_is_too_old_is_no_endpoints_fault_and_is_told_once() {
        let too_old = |have: u64| {
            let reason = NotReached::TrustExpired { chain: "main".to_owned(), have, need: 100 };
            let error = Box::new(ProveError::NotFollowed(Verdict::NotYetTrusted(reason)));
            WorkError::Start { chain: "main".to_owned(), block: 7, error }
        };
        let (chain, block, age, most) = ("main".to_owned(), 7, 101, 100);
        assert_eq!(too_old(101).alarm(), Some(Alarm::CheckpointTooOld { chain, block, age, most }));
        assert_eq!(too_old(101).to_string(), too_old(102).to_string(), "what is logged has no age in it");
    }
}
