//! A session: both chains followed from a checkpoint on, and what is done at each new block.

mod acting;
mod anchoring;
mod attention;
mod blame;
mod catching;
mod claims;
mod coin;
mod finding;
mod keeping;
mod known;
mod noticing;
mod pace;
mod patience;
mod presence;
mod proven_keys;
mod pushing;
mod reverted;
mod rotation;
mod signatures;
mod signing;
mod sweeping;
mod watching;

use crate::alarm::Alarm;
use crate::backlog::Backlog;
use crate::clock;
use crate::decide::Delivery;
use crate::delivery::Seen;
use crate::direction::{Direction, WorkError};

use crate::evidence::Further;
use crate::link::Link;
use crate::park::Park;
use crate::raised::Raised;
use crate::send::Sender;
use crate::start::{is_of_endpoints, options, own_limit};
use crate::store::Lease;
use crate::view::View;
use crate::watch::Watch;
use attention::Attention;
use blame::{clock_ahead, Nobody, Suspects};
use known::Known;
use noticing::Notices;
use pace::Pace;
use patience::Patience;
use presence::Presence;
use proven_keys::ProvenKeys;
use rotation::{Delays, Turn, Wakes};
use signatures::Signatures;
use spanlight::bridge::HandleCall;
use spanlight::state::StateProof;
use spanlight::trust::Trust;
use spanlight::Hash;
use spanlight_prover::{ProveError, RpcError, Silent, Synced};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Blocks between two checkpoints that are kept.
const CHECKPOINT_EVERY: u64 = 64;
/// Headers after which a session starts again from a newer checkpoint, to let the old ones go.
const LONGEST: u64 = 8192;
/// Source headers that are followed in one round: after a long time off there are many, and votes
/// must not wait for all of them.
const PORTION: u64 = 512;
/// Between two rounds, however long one took.
const LEAST_PAUSE: Duration = Duration::from_millis(10);
/// Time between two looks at the lease and the endpoints.
const LOOK: Duration = Duration::from_millis(500);

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The process stops.
    Stopped,
    /// Another replica acts now.
    LostLease,
    /// The endpoints do not serve, and another replica's may.
    Unfit,
    /// A newer checkpoint is there to start from.
    Restart,
}

/// A proven request that is not known to be handled.
pub(crate) struct Open {
    /// The request's block on the source, and its unix time.
    pub(crate) requested: (u64, u64),
    pub(crate) call: HandleCall,
    pub(crate) key: Hash,
    /// The destination's head when this session saw it.
    seen_at: u64,
    delivery: Delivery,
    /// How it stands with endpoints that could not tell.
    patience: Patience,
    park: Park,
    /// Why it was parked last.
    parked_for: String,
    /// A vote for it has reverted.
    has_reverted: bool,
    /// The vote on its way repeats one that stands, so that the bridge executes.
    repeats: bool,
    /// The destination's head since which an endpoint says that it is handled, or the bridge
    /// paused.
    meanwhile: Option<u64>,
    /// Signatures for it that were checked.
    signatures: Signatures,
    /// Where votes are signatures: what is on its way is a call that corrects a vote of this account.
    corrects: bool,
}

pub(crate) struct Session<'t> {
    pub(crate) direction: &'t Direction,
    lease: Arc<Lease>,
    pub(crate) trust: &'t Trust,
    pub(crate) links: &'t mut [Link; 2],
    pub(crate) source: Synced<'t>,
    pub(crate) destination: Synced<'t>,
    pub(crate) view: View,
    /// The operators' keys, where signatures are checked by them.
    proven_keys: ProvenKeys,
    sender: Sender,
    /// What votes and deliveries were seen to need.
    gas_seen: Seen,
    pace: Pace,
    /// Which operators let their turn pass.
    presence: Presence,
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
    notices: Notices,
    catching: catching::Progress,
    sweeping: sweeping::Sweeping,
    /// How often votes for a transfer reverted.
    reverted: reverted::Reverted,

    /// Which requests need not be found again.
    known: Known,
    /// Requests that can never be voted on, with their block, its time, and why.
    uncovered: BTreeMap<u64, (u64, u64, String)>,
    /// Whether the source's endpoints show blocks that are not followed yet: it is followed in
    /// portions, so that votes go on.
    is_behind: bool,
    /// Requests that the source was last proven to count.
    requests: u64,
    /// Nonces at or above the lowest open one that were seen requested.
    seen: BTreeSet<u64>,
    /// Heights of the newest checkpoints kept.
    kept: [u64; 2],
    /// Headers after which it is looked for a newer start.
    longest: u64,
    raised: Raised,
    further: Further,
    /// Whether each chain was followed since an endpoint of it last failed to serve a block.
    followed: [bool; 2],
    /// When the endpoints of each chain wake what waits for them.
    wakes: [Wakes; 2],
    /// How the endpoints that are asked first do.
    turns: [Turn; 2],
    /// Endpoints whose head was old when their turn ended.
    suspects: [Suspects; 2],
    /// When every endpoint of a chain was last seen to show moving heads that are too old, and how
    /// old they were.
    old: [Option<(Instant, u64)>; 2],
    looked: Instant,
}

impl<'t> Session<'t> {
    /// Requests below `first` were made before the source's first block, and those below `known`
    /// need not be found again.
    #[allow(clippy::too_many_arguments)] // Each part of a session, once.
    pub(crate) fn new(
        direction: &'t Direction,
        lease: &Arc<Lease>,
        trust: &'t Trust,
        links: &'t mut [Link; 2],
        [source, destination]: [Synced<'t>; 2],
        view: View,
        sender: Sender,
        (first, known): (u64, u64),
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
            notices: Notices::new(destination.head()),
            catching: catching::Progress::default(),
            sweeping: sweeping::Sweeping::default(),
            reverted: reverted::Reverted::default(),
            known: Known::new(known),
            uncovered: BTreeMap::new(),
            is_behind: true,
            direction,
            trust,
            links,
            source,
            destination,
            view,
            proven_keys: ProvenKeys::default(),
            sender,
            gas_seen: Seen::default(),
            pace: Pace::default(),
            presence: Presence::default(),
            open: BTreeMap::new(),
            attention: Attention::default(),
            requests: 0,
            seen: BTreeSet::new(),
            // The first look at the count of requests comes with the first block.
            kept: [0, 0],
            longest: LONGEST,
            raised: Raised::default(),
            further: Further::default(),
            followed: [false, false],
            wakes: [Wakes::default(); 2],
            turns: [Turn::new(now); 2],
            suspects: [Suspects::default(), Suspects::default()],
            old: [None, None],
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
            let begun = Instant::now();
            self.direction.pulse.beat();
            if self.direction.is_over() {
                return Ok(End::Stopped);
            }
            if let Some(end) = self.look_around().await {
                return Ok(end);
            }
            work |= self.follow().await;
            let followed = self.followed == [true, true];
            // Signatures that came in change nothing of what is proven: they are looked at without reading anything.
            let done = if work { self.at_new_heads().await } else { self.at_new_signatures().await.map(|()| false) };
            match done {
                Ok(true) if followed => {
                    work = self.has_more_to_watch() || self.is_catching_up();
                    self.show("following", None);
                }
                Ok(_) => {}
                Err(error) => self.excuse(error)?,
            }
            self.look_at_catching_up();
            if self.is_long() && self.has_newer_start().await? {
                return Ok(End::Restart);
            }
            // What a round took is a part of the pause: a head is seen as soon as after a round
            // without work.
            tokio::time::sleep(poll.saturating_sub(begun.elapsed()).max(LEAST_PAUSE)).await;
        }
    }

    /// Faults of endpoints are borne; those of the store end the session.
    fn excuse(&mut self, error: WorkError) -> Result<(), WorkError> {
        let error = match error {
            WorkError::Prove(error) => error,
            other => return Err(other),
        };
        Link::blame(&[&self.links[0], &self.links[1]], &error);
        self.excuse_unblamed(error);
        Ok(())
    }

    /// Tells of a fault of endpoints, whoever it was held against.
    fn excuse_unblamed(&mut self, error: ProveError) {
        if matches!(error, ProveError::Rpc(RpcError::Cancelled)) {
            return;
        }
        // A clock that was set back is behind what was followed already.
        if let Some(alarm) = own_limit(&error).and_then(Alarm::of_clock) {
            self.raise(None, alarm);
            return self.show("failing", Some(error.to_string()));
        }
        self.direction.shared.board.update(&self.direction.name, |board| {
            board.endpoint_failures = board.endpoint_failures.saturating_add(1);
        });
        tracing::debug!(direction = %self.direction.name, %error, "an endpoint failed");
        self.look_at_endpoints();
        self.show("failing", Some(error.to_string()));
    }

    /// Whether a person has paused the operator.
    pub(crate) fn is_paused(&self) -> bool {
        self.direction.shared.pause.is_on()
    }

    /// What is done now and then: the lease, and the endpoints that were put aside.
    async fn look_around(&mut self) -> Option<End> {
        if self.looked.elapsed() < LOOK {
            return None;
        }
        self.looked = Instant::now();
        if !self.lease.is_held() {
            return Some(End::LostLease);
        }
        if self.direction.is_unfit(&self.lease).await {
            return Some(End::Unfit);
        }
        self.look_at_endpoints();
        None
    }

    /// Tells what was found of endpoints, and tries those again that were put aside a while ago.
    fn look_at_endpoints(&mut self) {
        let mut findings = Vec::new();
        let is_waking = self.direction.shared.slumber.is_waking();
        for link in &mut *self.links {
            if is_waking {
                link.forgive();
            }
            findings.extend(link.findings());
            link.give_second_chance();
        }
        for finding in findings {
            self.raise(None, Alarm::Endpoint { finding });
        }
    }

    /// Follows both chains to their heads, each whatever the other one's endpoints do: while the source is silent, what goes on
    /// at the destination must not go unseen. True where one has moved.
    async fn follow(&mut self) -> bool {
        let before = [self.source.head(), self.destination.head()];
        // With one endpoint at a time: what one tells is not left to another to show.
        let [one, other] = &*self.links;
        let (source, destination) = tokio::join!(
            one.endpoints.catch_up_by(&mut self.source, PORTION, options(), &Silent),
            other.endpoints.catch_up(&mut self.destination, options(), &Silent)
        );
        self.is_behind = source.as_ref().map_or(self.is_behind, |is_behind| *is_behind);
        let source = source.map(drop);
        let are_unfit = [&source, &destination].iter().any(|done| done.as_ref().err().is_some_and(is_of_endpoints));
        self.followed = [self.bear_followed(source), self.bear_followed(destination)];
        let now = Instant::now();
        let ([of_source, of_destination], followed) = (&mut self.wakes, self.followed);
        let came_back = [of_source.see(followed[0], now), of_destination.see(followed[1], now)];
        self.wake_for_endpoints(came_back);
        match self.followed == [true, true] || are_unfit {
            true => self.direction.fitness.note(!are_unfit, now),
            false => self.direction.fitness.note_other_trouble(),
        }
        if self.is_behind && self.followed[0] {
            tracing::info!(direction = %self.direction.name, head = self.source.head(), "catching up with the source");
        }
        let after = [self.source.head(), self.destination.head()];
        self.look_at_the_clock();
        self.take_turns([before[0] != after[0], before[1] != after[1]]);
        before != after
    }

    /// What the old heads of chains tell that were seen just now.
    fn told_by_old_heads(&mut self, all_old: Vec<(usize, String, u64)>, now: Instant) -> Vec<Alarm> {
        for (side, _, age) in &all_old {
            if let Some(old) = self.old.get_mut(*side) {
                *old = Some((now, *age));
            }
        }
        match clock_ahead(self.old, now).filter(|_| !all_old.is_empty()) {
            Some(ahead) => vec![Alarm::ClockAhead { ahead }],
            None => all_old.into_iter().map(|(_, chain, age)| Alarm::OldHeads { chain, age }).collect(),
        }
    }

    /// Whether it was done; a fault of the endpoint that answered last is held against it at once, before another one answers.
    fn bear<T>(&mut self, done: Result<T, impl Into<WorkError>>) -> Result<bool, WorkError> {
        match done {
            Ok(_) => Ok(true),
            Err(error) => self.excuse(error.into()).map(|()| false),
        }
    }

    /// The same of following a chain, which has put aside itself whichever endpoint was at fault.
    fn bear_followed(&mut self, done: Result<(), ProveError>) -> bool {
        match done {
            Ok(()) => true,
            Err(error) => {
                self.excuse_unblamed(error);
                false
            }
        }
    }

    /// Shows by how much this machine's clock is behind the newest blocks, and raises the alarm
    /// where they had to be left out.
    fn look_at_the_clock(&mut self) {
        let chains = [&self.source, &self.destination];
        let now = clock::now();
        let behind = |synced: &Synced<'_>| synced.clock_behind().max(synced.chain().head().time.saturating_sub(now));
        let behind = chains.map(behind).into_iter().max().unwrap_or_default();
        self.direction.shared.board.update(&self.direction.name, |board| board.clock_behind = behind);
        let alarms: Vec<Alarm> = chains.into_iter().filter_map(Synced::left_out).filter_map(Alarm::of_clock).collect();
        for alarm in alarms {
            self.raise(None, alarm);
        }
    }

    /// Asks the next endpoint of a chain first where this one keeps the session back.
    fn take_turns(&mut self, moved: [bool; 2]) {
        let (now, time) = (Instant::now(), clock::now());
        let most = self.direction.shared.config.voting.max_head_age_s;
        let (mut alarms, mut all_old) = (Vec::new(), Vec::new());
        // Its own sleep is no endpoint's: each begins its turn anew.
        if self.direction.shared.slumber.is_waking() {
            (self.turns, self.old) = ([Turn::new(now); 2], [None, None]);
            self.suspects = [Suspects::default(), Suspects::default()];
            return;
        }
        for (side, moved) in moved.into_iter().enumerate() {
            let synced = if side == 0 { &self.source } else { &self.destination };
            let (head, chain) = (synced.chain().head(), synced.chain().name());
            let (Some(turn), Some(suspects), Some(link)) =
                (self.turns.get_mut(side), self.suspects.get_mut(side), self.links.get_mut(side))
            else {
                continue;
            };
            let age = time.saturating_sub(head.time);
            if moved {
                let time_of = |number| synced.raw_header(number).map(|header| header.fields().time);
                let named = suspects.moved(head.time, time_of, now);
                let finding = |name| Alarm::Endpoint { finding: format!("{name} shows an old head of {chain}") };
                alarms.extend(named.into_iter().map(finding));
            }
            // A head that is old because there are so many headers is no endpoint's fault.
            let is_young = age <= most || (side == 0 && self.is_behind && moved);
            if is_young {
                suspects.is_young();
            }
            let Some(delays) = turn.look(moved, is_young, now) else { continue };
            if delays == Delays::IsOld {
                let chain = chain.to_owned();
                match suspects.add(link.first(), head.number, now, link.len()) {
                    Some(Nobody::Stands) => alarms.push(Alarm::ChainStands { chain, since: head.time }),
                    Some(Nobody::AllOld) => all_old.push((side, chain, age)),
                    None => {}
                }
            }
            link.rotate();
        }
        alarms.extend(self.told_by_old_heads(all_old, now));
        for alarm in alarms {
            self.raise(None, alarm);
        }
    }

    /// The time up to which all requests are found.
    pub(crate) fn searched_until(&self) -> u64 {
        self.source.chain().header(self.scanned).map_or(0, |header| header.time())
    }

    /// Whether there are source blocks that are not followed or not searched yet. What is compared
    /// with the source waits.
    pub(crate) fn is_catching_up(&self) -> bool {
        self.is_behind || self.has_more_to_search()
    }

    /// Raises an alarm, where it is no repeat.
    pub(crate) fn raise(&mut self, nonce: Option<u64>, alarm: Alarm) {
        // A key that does not sign because it is told not to is no trouble.
        if self.is_paused() && matches!(alarm, Alarm::KeyUnavailable { .. }) {
            return;
        }
        self.direction.raise(&mut self.raised, nonce, &alarm);
    }
}
