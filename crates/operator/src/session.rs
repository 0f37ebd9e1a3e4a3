//! A session: both chains followed from a checkpoint on, and what is done at each new block.

mod acting;
mod anchoring;
mod attention;
mod finding;
mod keeping;
mod signing;
mod watching;

use crate::alarm::Alarm;
use crate::backlog::Backlog;
use crate::clock;
use crate::decide::Delivery;
use crate::direction::{options, Direction, WorkError};

use crate::evidence::Further;
use crate::link::Link;
use crate::park::Park;
use crate::raised::Raised;
use crate::send::Sender;
use crate::store::Lease;
use crate::view::View;
use crate::watch::Watch;
use attention::Attention;
use signing::Signatures;
use spanlight::bridge::HandleCall;
use spanlight::state::StateProof;
use spanlight::trust::Trust;
use spanlight::verify::ProvenRequest;
use spanlight::Hash;
use spanlight_prover::{Node, ProveError, RpcError, Silent, Synced};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Blocks between two checkpoints that are kept.
const CHECKPOINT_EVERY: u64 = 64;
/// Headers after which a session starts again from a newer checkpoint, to let the old ones go.
const LONGEST: u64 = 8192;
/// Time between two looks at the lease and at what a person has said.
const LOOK: Duration = Duration::from_millis(500);
/// A head that has not moved for so long makes the next endpoint be asked.
const STALLED: Duration = Duration::from_secs(5);

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The process stops.
    Stopped,
    /// Another replica acts now.
    LostLease,
    /// A newer checkpoint is there to start from.
    Restart,
}

/// A proven request that is not known to be handled.
pub(crate) struct Open {
    pub(crate) request: ProvenRequest,
    pub(crate) call: HandleCall,
    pub(crate) key: Hash,
    /// The destination's head when this session saw it.
    seen_at: u64,
    delivery: Delivery,
    park: Park,
    /// Signatures for it that were checked.
    signatures: Signatures,
    /// Where votes are signatures: what is on its way is a call that corrects a vote of this account.
    corrects: bool,
}

pub(crate) struct Session<'t> {
    pub(crate) direction: &'t Direction,
    lease: Arc<Lease>,
    pub(crate) trust: &'t Trust,
    pub(crate) links: [Link; 2],
    pub(crate) source: Synced<'t>,
    pub(crate) destination: Synced<'t>,
    pub(crate) view: View,
    sender: Sender,
    pub(crate) open: BTreeMap<u64, Open>,
    /// Which of them are looked at.
    attention: Attention,
    /// Source blocks up to this one were searched for requests, or wait in `unread`.
    scanned: u64,
    unread: Backlog,
    /// Proofs of the source bridge's state that are not written down yet: block, its highest nonce, proof.
    unkept: Vec<(u64, u64, StateProof)>,
    /// Nonces that the source counts and that were not found, while a block that may hold them is unread.
    missing: BTreeSet<u64>,
    watch: Watch,
    /// Destination blocks up to this one were read, or wait in `unwatched`.
    watched: u64,
    unwatched: Backlog,
    anchoring: anchoring::Progress,
    /// The lower handle nonce when the destination's newest checkpoint was kept.
    kept_lower: u64,
    /// Requests that the source was last proven to count.
    requests: u64,
    /// Nonces at or above the lowest open one that were seen requested.
    seen: BTreeSet<u64>,
    /// Heights of the newest checkpoints kept.
    kept: [u64; 2],
    /// Headers after which it is looked for a newer start.
    longest: u64,
    paused: bool,
    raised: Raised,
    further: Further,
    moved: [Instant; 2],
    /// Whether each chain was followed since an endpoint of it last failed to serve a block.
    followed: [bool; 2],
    /// When the heads were last young enough, or the next endpoint was asked because they were not.
    fresh: [Instant; 2],
    looked: Instant,
}

impl<'t> Session<'t> {
    /// Requests below `first` were made before the source's first block.
    #[allow(clippy::too_many_arguments)] // Each part of a session, once.
    pub(crate) fn new(
        direction: &'t Direction,
        lease: &Arc<Lease>,
        trust: &'t Trust,
        links: [Link; 2],
        [source, destination]: [Synced<'t>; 2],
        view: View,
        sender: Sender,
        first: u64,
    ) -> Self {
        let now = Instant::now();
        Self {
            lease: Arc::clone(lease),
            scanned: source.first(),
            unread: Backlog::default(),
            unkept: Vec::new(),
            missing: BTreeSet::new(),
            watch: Watch::new(first),
            watched: destination.first(),
            unwatched: Backlog::default(),
            anchoring: anchoring::Progress::default(),
            kept_lower: first,
            direction,
            trust,
            links,
            source,
            destination,
            view,
            sender,
            open: BTreeMap::new(),
            attention: Attention::default(),
            requests: 0,
            seen: BTreeSet::new(),
            // The first look at the count of requests comes with the first block.
            kept: [0, 0],
            longest: LONGEST,
            paused: false,
            raised: Raised::default(),
            further: Further::default(),
            moved: [now, now],
            followed: [false, false],
            fresh: [now, now],
            looked: now.checked_sub(LOOK).unwrap_or(now),
        }
    }

    pub(crate) async fn run(mut self) -> Result<End, WorkError> {
        let (from, to) = (&self.direction.from.chain, &self.direction.to.chain);
        tracing::info!(direction = %self.direction.name, source = self.source.first(), destination = self.destination.first(), "following from these blocks");
        let chains = &self.direction.shared.config.chains;
        let poll = [from, to].into_iter().filter_map(|name| chains.get(name)).map(|chain| chain.poll_ms).min();
        let poll = Duration::from_millis(poll.unwrap_or(500));
        let mut work = true;
        loop {
            if self.direction.shared.cancel.is_cancelled() {
                return Ok(End::Stopped);
            }
            if let Some(end) = self.look_around().await? {
                return Ok(end);
            }
            match self.follow().await {
                Ok(moved) => work |= moved,
                Err(error) => self.excuse(error.into())?,
            }
            // Signatures that came in change nothing of what is proven: they are looked at without reading anything.
            let done = if work { self.at_new_heads().await } else { self.at_new_signatures().await.map(|()| false) };
            match done {
                Ok(true) => {
                    work = self.has_more_to_watch();
                    self.show("following", None);
                }
                Ok(false) => {}
                Err(error) => self.excuse(error)?,
            }
            if self.is_long() && self.has_newer_start().await? {
                return Ok(End::Restart);
            }
            tokio::time::sleep(poll).await;
        }
    }

    /// Whether a part of a round is done; what endpoints failed to serve for it is asked for in the next round.
    fn bear(&mut self, done: Result<(), WorkError>) -> Result<bool, WorkError> {
        match done {
            Ok(()) => Ok(true),
            Err(error) => self.excuse(error).map(|()| false),
        }
    }

    /// Faults of endpoints are borne; those of the store end the session.
    fn excuse(&mut self, error: WorkError) -> Result<(), WorkError> {
        let error = match error {
            WorkError::Prove(error) => error,
            other => return Err(other),
        };
        if matches!(error, ProveError::Rpc(RpcError::Cancelled)) {
            return Ok(());
        }
        Link::blame([&self.links[0], &self.links[1]], &error);
        self.direction.shared.board.update(&self.direction.name, |board| {
            board.endpoint_failures = board.endpoint_failures.saturating_add(1);
        });
        tracing::debug!(direction = %self.direction.name, %error, "an endpoint failed");
        self.look_at_endpoints();
        self.show("failing", Some(error.to_string()));
        Ok(())
    }

    /// What is done now and then: the lease, the endpoints that were put aside, and what a person has said.
    async fn look_around(&mut self) -> Result<Option<End>, WorkError> {
        if self.looked.elapsed() < LOOK {
            return Ok(None);
        }
        self.looked = Instant::now();
        if !self.lease.is_held().await {
            return Ok(Some(End::LostLease));
        }
        self.look_at_endpoints();
        let paused = self.direction.shared.store.control("paused").await?.is_some_and(|value| value == "yes");
        if paused != self.paused {
            self.paused = paused;
            tracing::warn!(direction = %self.direction.name, paused, "told by a person");
        }
        self.direction.shared.board.set_paused(paused);
        if let Some(exchange) = &self.direction.shared.exchange {
            exchange.pause(&self.direction.name, paused);
        }
        Ok(None)
    }

    /// Tells what was found of endpoints, and tries those again that were put aside a while ago.
    fn look_at_endpoints(&mut self) {
        let mut findings = Vec::new();
        for link in &mut self.links {
            findings.extend(link.findings());
            link.give_second_chance();
        }
        for finding in findings {
            self.raise(None, Alarm::Endpoint { finding });
        }
    }

    /// Follows both chains to their heads; true where one has moved.
    async fn follow(&mut self) -> Result<bool, ProveError> {
        let before = [self.source.head(), self.destination.head()];
        let [source_link, destination_link] = &self.links;
        let source = Node::new(&source_link.endpoints, &self.source.chain().trusted().profile);
        let followed = self.source.follow(&source, options(), &Silent).await;
        let destination = Node::new(&destination_link.endpoints, &self.destination.chain().trusted().profile);
        let also = self.destination.follow(&destination, options(), &Silent).await;
        self.followed = [followed.is_ok(), also.is_ok()];
        let after = [self.source.head(), self.destination.head()];
        for ((before, after), (moved, link)) in
            before.iter().zip(&after).zip(self.moved.iter_mut().zip(&mut self.links))
        {
            if before != after {
                *moved = Instant::now();
            } else if moved.elapsed() > STALLED {
                *moved = Instant::now();
                link.rotate();
            }
        }
        self.pass_over_stale();
        followed.and(also)?;
        Ok(before != after)
    }

    /// An endpoint that tells of new blocks slower than they are made never stands still, and is never at the head either. Where
    /// the proven head is too old to act on, the next endpoint is asked.
    fn pass_over_stale(&mut self) {
        let now = clock::now();
        let most = self.direction.shared.config.voting.max_head_age_s;
        let heads = [self.source.chain().head(), self.destination.chain().head()].map(|head| head.time);
        let mut stale = Vec::new();
        let chains = [&self.direction.from.chain, &self.direction.to.chain];
        for ((time, chain), (since, link)) in heads.iter().zip(chains).zip(self.fresh.iter_mut().zip(&mut self.links)) {
            if now.saturating_sub(*time) <= most {
                *since = Instant::now();
            } else if since.elapsed() > STALLED {
                *since = Instant::now();
                stale.push(format!("{} shows an old head of {chain}", link.first()));
                link.rotate();
            }
        }
        for finding in stale {
            self.raise(None, Alarm::Endpoint { finding });
        }
    }

    /// Raises an alarm, where it is no repeat.
    pub(crate) fn raise(&mut self, nonce: Option<u64>, alarm: Alarm) {
        if !self.raised.is_new(nonce, &alarm, Instant::now()) {
            return;
        }
        let words = alarm.to_string();
        let shared = &self.direction.shared;
        tracing::error!(direction = %self.direction.name, nonce, code = alarm.code(), alarm = %words, "ALARM");
        shared.board.count_alarm(&self.direction.name, &alarm);
        let (store, name, code) = (shared.store.clone(), self.direction.name.clone(), alarm.code());
        tokio::spawn(async move {
            if let Err(error) = store.note_alarm(clock::now(), &name, nonce, (code, &words)).await {
                tracing::error!(%error, "the alarm could not be written down");
            }
        });
    }
}
