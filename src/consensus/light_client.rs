//! The light client: from an anchor of trust forward, header by header.
//!
//! *Full* checks the seals of every header. *Sparse* links every header by hash and checks seals only where they carry
//! weight: at the end, at every vote on the council, and before other parameters hold; between two such points one council
//! and one parameter set stand, so that the later seals cover the earlier headers. A *jump* leaves headers out and
//! therefore never advances the client. Source: chain.md 1.8, 2.9; claims.md 4, 5.

pub use super::checkpoint::Checkpoint;
use super::checkpoint::{
    announced_at_genesis, checkpoint_agrees_with_itself, header_governance_of, warned_votes_lie_before,
};
use super::council::Council;
use super::header_governance::HeaderGovernance;
use super::parameters::Parameters;
use super::quorum::required_seals;
use super::seals::{check as check_seals, check_committed, proposer_of, SealContext, SealReport};
use super::tracking::{first_epoch_votes, Change, Tracked};
use super::verified::{commitment_form, JumpedHeader, VerifiedHeader};
use super::warned::{VotesBy, WarnedVote};
use super::ConsensusError;
use crate::clock::Clock;
use crate::header::{check_child, rules, HeaderError, UntrustedHeader};
use crate::primitives::Hash;
use crate::profile::{ChainProfile, Fork, QuorumPolicy};
use crate::uncovered::Uncovered;
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Which headers' seals are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowMode {
    /// All.
    Full,
    /// Where they carry weight. Elsewhere a header must carry none, so that nothing unchecked rides along.
    Sparse,
}

/// A chain followed up to a verified head.
#[derive(Clone, Debug)]
pub struct LightClient {
    profile: ChainProfile,
    head: VerifiedHeader,
    /// From when the trusting period counts: the head's time, or when it was verified if that is
    /// earlier.
    since: u64,
    tracked: Tracked,
    /// Who may propose, ascending by height, from where this client began.
    electorates: Vec<Electorate>,
    votes: VotesBy,
}

/// What decides who may propose and how many make a quorum, from a height on until the next
/// entry's.
#[derive(Clone, Debug)]
struct Electorate {
    from: u64,
    council: Council,
    committee_size: u64,
    proposer_policy: u64,
}

impl Electorate {
    fn of(from: u64, tracked: &Tracked) -> Self {
        let Parameters { committee_size, proposer_policy, .. } = tracked.parameters;
        Self { from, council: tracked.council.clone(), committee_size, proposer_policy }
    }

    fn holds_for(&self, tracked: &Tracked) -> bool {
        let Parameters { committee_size, proposer_policy, .. } = tracked.parameters;
        (&self.council, self.committee_size, self.proposer_policy)
            == (&tracked.council, committee_size, proposer_policy)
    }
}

impl LightClient {
    /// Starts from block 0, whose hash the profile names; its validators are the first council and its announcement is
    /// merged into the profile's parameters.
    ///
    /// # Errors
    /// Where the header is another block, or names no usable council or parameters.
    pub fn from_genesis(profile: &ChainProfile, header: UntrustedHeader) -> Result<Self, ConsensusError> {
        header_is_the_anchor(&header, 0, profile.genesis_hash)?;
        let fields = header.fields();
        if !fields.vote.is_empty() {
            return Err(ConsensusError::uncovered(Uncovered::VoteInGenesis));
        }
        let council = Council::new(&fields.extra.validators)?;
        let announced = announced_at_genesis(&header, profile)?;
        let tracked = Tracked {
            council_before: Some(council.clone()),
            council,
            parameters: profile.parameters.merged(&announced),
            header_governance: HeaderGovernance::of(&Parameters::default()).merged(&announced),
            pending: Vec::new(),
            epoch_votes: first_epoch_votes(profile),
            warned: Arc::default(),
        };
        tracked.rules_are_known(1, profile).map_err(|error| error.at(1))?;
        Ok(Self::new(profile, header, None, tracked))
    }

    /// Starts from a checkpoint of the verifying party. The header's own seals are not looked at: they lie outside the
    /// hash that the checkpoint names. The form of commitments at the checkpoint itself is taken to be that of the next
    /// block; where it changes exactly there, proofs in that one block are refused.
    ///
    /// # Errors
    /// Where the header is another block, or the checkpoint contradicts itself.
    pub fn from_checkpoint(
        profile: &ChainProfile,
        checkpoint: &Checkpoint,
        header: UntrustedHeader,
    ) -> Result<Self, ConsensusError> {
        header_is_the_anchor(&header, checkpoint.number, checkpoint.hash)?;
        let tracked = Tracked {
            council: Council::new(&checkpoint.council)?,
            council_before: None,
            parameters: checkpoint.parameters.clone(),
            header_governance: header_governance_of(checkpoint, &header, profile)?,
            pending: checkpoint.pending.clone(),
            epoch_votes: checkpoint.epoch_votes.clone(),
            warned: Arc::new(checkpoint.warned_votes.clone()),
        };
        let next = checkpoint.number.checked_add(1).ok_or(ConsensusError::Checkpoint("height at its limit"))?;
        tracked.rules_are_known(next, profile).map_err(|error| error.at(next))?;
        checkpoint_agrees_with_itself(checkpoint, profile)?;
        warned_votes_lie_before(checkpoint)?;
        Ok(Self::new(profile, header, checkpoint.trusted_since, tracked))
    }

    fn new(profile: &ChainProfile, header: UntrustedHeader, since: Option<u64>, tracked: Tracked) -> Self {
        let head = VerifiedHeader::new(header, commitment_form(&tracked.parameters), None);
        let since = earlier(head.time(), since);
        let electorates = Vec::from([Electorate::of(head.number().saturating_add(1), &tracked)]);
        Self { profile: profile.clone(), head, since, tracked, electorates, votes: VotesBy::default() }
    }

    /// The same client, accepting only these votes.
    #[must_use]
    pub const fn accepting(mut self, votes: VotesBy) -> Self {
        self.votes = votes;
        self
    }

    /// Follows `headers`, which begin right after the head. On an error nothing has changed.
    ///
    /// The clock comes last, and only the newest header is compared with it: each is younger than
    /// the one before.
    ///
    /// # Errors
    /// The first rule that one of the headers breaks.
    pub fn advance(
        &mut self,
        headers: Vec<UntrustedHeader>,
        mode: FollowMode,
        clock: Option<Clock>,
    ) -> Result<Vec<VerifiedHeader>, ConsensusError> {
        let mut tracked = self.tracked.clone();
        let mut outcomes = Vec::with_capacity(headers.len());
        let mut electorates: Vec<Electorate> = Vec::new();
        let mut parent = self.head.header();
        let mut rest = headers.iter();
        while let Some(header) = rest.next() {
            let sealed = mode == FollowMode::Full || rest.len() == 0;
            let step = self.step(&tracked, header, parent, sealed);
            let (change, seals) = step.map_err(|error| error.at(header.number()))?;
            // Not all parameters: a proposer chooses how long some are, and there may be as many
            // headers as a bundle holds.
            outcomes.push((commitment_form(&tracked.parameters), seals));
            tracked = change.next;
            if !electorates.last().or(self.electorates.last()).is_some_and(|last| last.holds_for(&tracked)) {
                electorates.push(Electorate::of(header.number().saturating_add(1), &tracked));
            }
            parent = header;
        }
        if let Some(clock) = &clock {
            clock.reaches(parent.fields().time)?;
        }
        let verified: Vec<VerifiedHeader> = headers
            .into_iter()
            .zip(outcomes)
            .map(|(header, (form, seals))| VerifiedHeader::new(header, form, seals))
            .collect();
        if let Some(head) = verified.last() {
            self.head = head.clone();
            self.since = earlier(head.time(), clock.map(|clock| clock.now));
            self.tracked = tracked;
            self.electorates.extend(electorates);
        }
        Ok(verified)
    }

    /// One header: its fit after its parent, its effects, and its seals where they carry weight.
    fn step(
        &self,
        tracked: &Tracked,
        header: &UntrustedHeader,
        parent: &UntrustedHeader,
        sealed: bool,
    ) -> Result<(Change, Option<SealReport>), ConsensusError> {
        let profile = &self.profile;
        tracked.rules_are_known(header.number(), profile)?;
        check_child(header, parent, profile, &tracked.parameters)?;
        let mut change = tracked.after(header.fields(), profile)?;
        let seals = if sealed || change.needs_seals(tracked) {
            let Tracked { council, parameters, .. } = tracked;
            Some(check_seals(header, &SealContext { profile, council, parameters, parent: Some(parent) })?)
        } else {
            nothing_unchecked_rides_along(header)?;
            None
        };
        if let Some(cast) = &change.vote {
            let proposer = match &seals {
                Some(report) => report.proposer,
                None => proposer_of(header)?,
            };
            tracked.check_vote(cast, &proposer, profile)?;
            let is_warned = change.next.warn_of(cast, &proposer, header.number(), tracked, profile);
            if is_warned && self.votes == VotesBy::GoverningNode {
                return Err(ConsensusError::uncovered(Uncovered::VoteByOther));
            }
        }
        Ok((change, seals))
    }

    /// Which of `headers`, given to one sparse [`Self::advance`], must carry seals. For whoever prepares them: the others
    /// must carry none. Decides nothing about their truth.
    ///
    /// # Errors
    /// Where a vote or an announcement cannot be followed.
    pub fn needs_seals(&self, headers: &[UntrustedHeader]) -> Result<Vec<bool>, ConsensusError> {
        let mut tracked = self.tracked.clone();
        let mut needs = Vec::with_capacity(headers.len());
        for header in headers {
            let change = tracked.after(header.fields(), &self.profile);
            let change = change.map_err(|error| error.at(header.number()))?;
            needs.push(change.needs_seals(&tracked));
            tracked = change.next;
        }
        if let Some(last) = needs.last_mut() {
            *last = true;
        }
        Ok(needs)
    }

    /// Reaches beyond headers that are not given: `run` are consecutive headers, of which the last carries a quorum of the
    /// last verified council and the others nothing.
    ///
    /// That the proposer is in the last verified council is not asked: it may have joined since, and its seal is inside the
    /// hash that the quorum signed. Changes announced before the jump are taken into account, those inside are unseen.
    ///
    /// # Errors
    /// Where the trusting period is over, or the run does not hold together.
    pub fn jump(
        &self,
        run: Vec<UntrustedHeader>,
        clock: Clock,
        trusting_period: u64,
    ) -> Result<Vec<JumpedHeader>, ConsensusError> {
        check_trusting_period(self.since, clock.now, trusting_period)?;
        let (first, last) = match (run.first(), run.last()) {
            (Some(first), Some(last)) => (first, last),
            _ => return Err(ConsensusError::JumpEmpty),
        };
        self.jump_goes_forward(first)?;
        self.jump_takes_its_time(first)?;
        run_is_linked(&run, &self.profile)?;
        let tracked =
            Tracked { parameters: self.tracked.parameters_at(last.number(), &self.profile), ..self.tracked.clone() };
        tracked.rules_are_known(last.number(), &self.profile).map_err(|error| error.at(last.number()))?;
        let context = SealContext {
            profile: &self.profile,
            council: &tracked.council,
            parameters: &tracked.parameters,
            parent: None,
        };
        let mut seals = Some(check_committed(last, &context).map_err(|error| error.at(last.number()))?);
        clock.reaches(last.fields().time)?;
        let mut jumped: Vec<JumpedHeader> = run
            .into_iter()
            .rev()
            .map(|header| {
                let parameters = self.tracked.parameters_at(header.number(), &self.profile);
                JumpedHeader::new(header, commitment_form(&parameters), seals.take())
            })
            .collect();
        jumped.reverse();
        Ok(jumped)
    }

    /// The run begins above the head; right above it, it must continue the head and not another branch.
    fn jump_goes_forward(&self, first: &UntrustedHeader) -> Result<(), ConsensusError> {
        let (head, got) = (self.head.number(), first.number());
        if got <= head {
            return Err(ConsensusError::JumpBackwards { head, got });
        }
        if head.checked_add(1) == Some(got) {
            rules::extends_parent_hash(first, self.head.header())?;
        }
        Ok(())
    }

    /// Every block is at least a second younger than the one before (H9), also across the gap.
    fn jump_takes_its_time(&self, first: &UntrustedHeader) -> Result<(), ConsensusError> {
        let blocks = first.number().saturating_sub(self.head.number());
        let least = self.head.time().saturating_add(blocks);
        let got = first.fields().time;
        if got >= least {
            Ok(())
        } else {
            Err(ConsensusError::JumpTime { least, got })
        }
    }

    /// The rules of the chain.
    #[must_use]
    pub const fn profile(&self) -> &ChainProfile {
        &self.profile
    }

    /// The last verified header.
    #[must_use]
    pub const fn head(&self) -> &VerifiedHeader {
        &self.head
    }

    /// From when the trusting period of the head counts, in unix time.
    #[must_use]
    pub const fn trusted_since(&self) -> u64 {
        self.since
    }

    /// The council of a block above where this client began, up to the next one.
    #[must_use]
    pub fn council_at(&self, number: u64) -> Option<&Council> {
        self.electorate_at(number).map(|electorate| &electorate.council)
    }

    /// How many distinct proposers make it sure that one of them was honest, by the council of such
    /// a block: as many as a quorum, by the engine's rule or the profile's, whichever is larger.
    /// Where members may be demoted, headers do not tell how many are qualified; then all are
    /// counted.
    #[must_use]
    pub fn proposers_needed_at(&self, number: u64) -> Option<u64> {
        let Electorate { council, committee_size, proposer_policy, .. } = self.electorate_at(number)?;
        let all = u64::try_from(council.len()).unwrap_or(u64::MAX);
        let demotes = *proposer_policy == 2 && self.profile.forks.is_active(Fork::Istanbul, number);
        let members = if demotes { all } else { all.min(*committee_size) };
        Some(required_seals(QuorumPolicy::Engine, members).max(required_seals(self.profile.quorum, members)))
    }

    fn electorate_at(&self, number: u64) -> Option<&Electorate> {
        self.electorates.iter().rev().find(|electorate| electorate.from <= number)
    }

    /// The council for the next block.
    #[must_use]
    pub const fn council(&self) -> &Council {
        &self.tracked.council
    }

    /// The parameters for the next block.
    #[must_use]
    pub const fn parameters(&self) -> &Parameters {
        &self.tracked.parameters
    }

    /// Votes up to the head that nodes followed although no governing node cast them, the first
    /// [`super::warned::MAX_WARNED`].
    #[must_use]
    pub fn warned_votes(&self) -> &[WarnedVote] {
        &self.tracked.warned
    }

    /// What is needed to start again from the head.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        let governance = &self.tracked.header_governance;
        let differs = *governance != HeaderGovernance::of(&self.tracked.parameters);
        Checkpoint {
            number: self.head.number(),
            hash: self.head.hash(),
            council: self.tracked.council.members().to_vec(),
            parameters: self.tracked.parameters.clone(),
            pending: self.tracked.pending.clone(),
            epoch_votes: self.tracked.epoch_votes.clone(),
            header_governance: differs.then(|| governance.clone()),
            warned_votes: self.tracked.warned.to_vec(),
            trusted_since: (self.since < self.head.time()).then_some(self.since),
        }
    }

    pub(super) fn rules_are_known(&self) -> Result<(), ConsensusError> {
        let next = self.head.number().saturating_add(1);
        self.tracked.rules_are_known(next, &self.profile).map_err(|error| error.at(next))
    }
}

fn earlier(time: u64, verified_at: Option<u64>) -> u64 {
    verified_at.map_or(time, |at| time.min(at))
}

/// Whether a head that is trusted since `head_time` is still ground to build upon at `now`.
///
/// The chain has no unbonding: the period is the verifying party's guess of how long the keys of a past council stay out of
/// an attacker's hands.
///
/// # Errors
/// Where the period is over or zero.
pub const fn check_trusting_period(head_time: u64, now: u64, period: u64) -> Result<(), ConsensusError> {
    if period == 0 {
        return Err(ConsensusError::TrustingPeriodZero);
    }
    if now.saturating_sub(head_time) > period {
        return Err(ConsensusError::TrustingPeriodOver { head_time, now, period });
    }
    Ok(())
}

fn header_is_the_anchor(header: &UntrustedHeader, number: u64, hash: Hash) -> Result<(), ConsensusError> {
    if header.hash() == hash && header.number() == number {
        return Ok(());
    }
    Err(ConsensusError::Anchor {
        expected_number: number,
        expected: hash.into(),
        got_number: header.number(),
        got: header.hash().into(),
    })
}

/// Committed seals and the round byte lie outside the hash: where nobody checks them they would be an attacker's words
/// inside a verified header.
fn nothing_unchecked_rides_along(header: &UntrustedHeader) -> Result<(), ConsensusError> {
    if header.fields().extra.committed_seals.is_empty() && header.fields().round() == 0 {
        Ok(())
    } else {
        Err(ConsensusError::UncheckedSeals { number: header.number() })
    }
}

/// The base fee is left to the quorum: its bounds may have changed unseen.
fn run_is_linked(run: &[UntrustedHeader], profile: &ChainProfile) -> Result<(), ConsensusError> {
    for header in run {
        rules::field_count_matches_forks(header.fields(), profile)?;
        rules::block_score_is_one(header.fields())?;
    }
    for pair in run.windows(2) {
        if let [parent, child] = pair {
            nothing_unchecked_rides_along(parent)?;
            link(parent, child)?;
        }
    }
    Ok(())
}

fn link(parent: &UntrustedHeader, child: &UntrustedHeader) -> Result<(), HeaderError> {
    rules::extends_parent_hash(child, parent)?;
    rules::number_follows_parent(child.fields(), parent.fields())?;
    rules::time_follows_parent(child.fields(), parent.fields())
}

#[cfg(test)]
#[path = "light_client_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "recorded_tests.rs"]
mod recorded_tests;
