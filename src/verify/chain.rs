//! Following one chain from its checkpoint to the headers that carry proofs.
//!
//! Headers that extend the checkpoint advance council and parameters; headers jumped to have their own type and only carry
//! proofs (claims.md 5). What comes out is the only source of roots for everything else.

use super::checks::{Checks, Rule};
use super::stop::Stop;
use crate::bundle::{BundleError, HeaderEntry};
use crate::commitment::CommitmentForm;
use crate::consensus::{ConsensusError, FollowMode, JumpedHeader, LightClient, SealReport, VerifiedHeader, WarnedOf};
use crate::facts::{Sealed, WarnedOn};
use crate::header::UntrustedHeader;
use crate::ordered::{map_of, Map, Set};
use crate::primitives::{Address, Hash};
use crate::profile::Fork;
use crate::trust::TrustedChain;
use crate::verdict::{HeaderRef, Missing, NotReached, Note};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// How many headers above a block are looked at for distinct proposers: it bounds the work where
/// one proposes for ever.
const MOST_LATER_HEADERS: usize = 4096;

const FOLLOWED: Rule = Rule {
    id: "H",
    words: "every header since the checkpoint extends the one before and keeps the header rules",
    source: "chain.md 1.4, 1.8",
};
const SEALED: Rule = Rule { id: "S", words: "a quorum of the council sealed the header", source: "chain.md 1.7" };

/// A header whose roots may be believed.
#[derive(Clone, Debug)]
pub enum AnchoredHeader {
    /// Every header between it and the checkpoint was seen.
    Followed(VerifiedHeader),
    /// Sealed by the last verified council, or an ancestor of such a header; headers before it are unseen.
    Jumped(JumpedHeader),
}

macro_rules! of_either {
    ($self:ident, $method:ident) => {
        match $self {
            Self::Followed(header) => header.$method(),
            Self::Jumped(header) => header.$method(),
        }
    };
}

impl AnchoredHeader {
    /// Block number.
    #[must_use]
    pub fn number(&self) -> u64 {
        of_either!(self, number)
    }

    /// Block hash.
    #[must_use]
    pub fn hash(&self) -> Hash {
        of_either!(self, hash)
    }

    /// Unix seconds.
    #[must_use]
    pub fn time(&self) -> u64 {
        of_either!(self, time)
    }

    /// Root of the state after the block.
    #[must_use]
    pub fn state_root(&self) -> Hash {
        of_either!(self, state_root)
    }

    /// Root of the block's transactions.
    #[must_use]
    pub fn transactions_root(&self) -> Hash {
        of_either!(self, transactions_root)
    }

    /// Root of the block's receipts.
    #[must_use]
    pub fn receipts_root(&self) -> Hash {
        of_either!(self, receipts_root)
    }

    /// The block's bloom filter: every address and topic of its logs.
    pub(super) fn bloom(&self) -> &[u8; 256] {
        match self {
            Self::Followed(header) => &header.fields().bloom,
            Self::Jumped(header) => &header.fields().bloom,
        }
    }

    /// Block hash of the block before.
    #[must_use]
    pub fn parent_hash(&self) -> Hash {
        match self {
            Self::Followed(header) => header.fields().parent_hash,
            Self::Jumped(header) => header.fields().parent_hash,
        }
    }

    /// How transactions and receipts are committed at this height: by the tracked parameters, never by the proof.
    #[must_use]
    pub fn commitment_form(&self) -> CommitmentForm {
        CommitmentForm::from_parameter(of_either!(self, derive_sha_impl))
    }

    /// What its seals show; none where a later header's seals cover it, or it is the checkpoint.
    #[must_use]
    pub fn seals(&self) -> Option<&SealReport> {
        of_either!(self, seals)
    }

    /// Number, hash and time.
    #[must_use]
    pub fn reference(&self) -> HeaderRef {
        HeaderRef { number: self.number(), hash: self.hash(), time: self.time() }
    }
}

/// One chain, followed from its checkpoint.
#[derive(Clone, Debug)]
pub struct FollowedChain<'t> {
    trusted: &'t TrustedChain,
    client: LightClient,
    headers: Map<u64, AnchoredHeader>,
    /// Heights of the headers whose own seals were checked.
    sealed: Set<u64>,
    jumped: bool,
    committee_unchecked: bool,
}

impl<'t> FollowedChain<'t> {
    /// Starts at the trust's checkpoint, whose header anybody may supply: its hash is trusted.
    ///
    /// # Errors
    /// Where the header is another one, is ahead of the clock, or is older than the trusting period.
    pub fn start(trusted: &'t TrustedChain, header: UntrustedHeader, now: u64) -> Result<Self, Stop> {
        if header != header.without_seals() {
            return Err(BundleError::UncheckedSeals.into());
        }
        let client = trusted.light_client(header, now).map_err(|e| Stop::from(e).on_chain(&trusted.profile.name))?;
        let verified = client.head().clone();
        let headers = map_of([(verified.number(), AnchoredHeader::Followed(verified))]);
        Ok(Self { trusted, client, headers, sealed: Set::new(), jumped: false, committee_unchecked: false })
    }

    /// Verifies the headers after the head and makes the last of them the head. On an error nothing has changed.
    ///
    /// # Errors
    /// The first rule that a header breaks.
    pub fn advance(&mut self, headers: Vec<UntrustedHeader>, mode: FollowMode, now: u64) -> Result<(), Stop> {
        let verified = self.client.advance(headers, mode, Some(self.trusted.clock(now))).map_err(|e| self.stop(e))?;
        for header in verified {
            self.insert(AnchoredHeader::Followed(header));
        }
        Ok(())
    }

    /// Accepts a run of headers beyond the head, the last of them sealed by the last verified council.
    ///
    /// # Errors
    /// Where the trust allows no jump, or a rule is broken.
    pub fn jump(&mut self, run: Vec<UntrustedHeader>, now: u64) -> Result<(), Stop> {
        if !self.trusted.allow_jump {
            let need = run.first().map_or(0, UntrustedHeader::number);
            let have = self.client.head().number();
            return Err(Stop::not_yet_trusted(NotReached::JumpNotAllowed { chain: self.name().into(), have, need }));
        }
        let highest = self.head().number;
        if run.first().is_some_and(|first| first.number() <= highest) {
            return Err(BundleError::Order.into());
        }
        let (clock, period) = (self.trusted.clock(now), self.trusted.trusting_period);
        let jumped = self.client.jump(run, clock, period).map_err(|e| self.stop(e))?;
        for header in jumped {
            self.insert(AnchoredHeader::Jumped(header));
        }
        self.jumped = true;
        Ok(())
    }

    fn stop(&self, error: ConsensusError) -> Stop {
        Stop::from(error).on_chain(self.name())
    }

    fn insert(&mut self, header: AnchoredHeader) {
        if let Some(seals) = header.seals() {
            self.committee_unchecked |= committee_is_open(seals);
            self.sealed.insert(header.number());
        }
        self.headers.insert(header.number(), header);
    }

    /// Follows everything that a bundle supplies of this chain.
    ///
    /// # Errors
    /// The first rule that a header breaks.
    pub fn from_proof(
        trusted: &'t TrustedChain,
        headers: &[HeaderEntry],
        mode: FollowMode,
        jumps: &[Vec<HeaderEntry>],
        now: u64,
    ) -> Result<Self, Stop> {
        let (first, rest) = headers.split_first().ok_or(BundleError::Headers)?;
        if !first.hints.is_empty() {
            return Err(BundleError::Hint.into());
        }
        let mut chain = Self::start(trusted, UntrustedHeader::decode(&first.header)?, now)?;
        chain.advance(decode_all(rest)?, mode, now)?;
        super::hints::check_all(&chain, rest)?;
        for run in jumps {
            if run.is_empty() {
                return Err(BundleError::Headers.into());
            }
            chain.jump(decode_all(run)?, now)?;
            super::hints::check_all(&chain, run)?;
        }
        Ok(chain)
    }

    /// The chain's name in the trust.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.trusted.profile.name
    }

    /// What is believed of this chain.
    #[must_use]
    pub const fn trusted(&self) -> &'t TrustedChain {
        self.trusted
    }

    /// The light client at the followed head.
    #[must_use]
    pub const fn client(&self) -> &LightClient {
        &self.client
    }

    /// The newest header that may be believed, followed or jumped to.
    #[must_use]
    pub fn head(&self) -> HeaderRef {
        let fallback = self.client.head();
        self.headers.last_key_value().map_or_else(
            || HeaderRef { number: fallback.number(), hash: fallback.hash(), time: fallback.time() },
            |(_, header)| header.reference(),
        )
    }

    /// The header of a height.
    ///
    /// # Errors
    /// Above the head: trust does not reach. Below it: the header is not there.
    pub fn header(&self, number: u64) -> Result<&AnchoredHeader, Stop> {
        if let Some(header) = self.headers.get(&number) {
            return Ok(header);
        }
        let have = self.head().number;
        let chain = String::from(self.name());
        if number > have {
            return Err(Stop::not_yet_trusted(NotReached::Height { chain, have, need: number }));
        }
        Err(Stop::incomplete(Missing::Header { chain, number }))
    }

    /// A header whose time is no earlier than the making of block `number`, however that block
    /// itself is dated.
    ///
    /// A proposer may date the first block after a halt as early as its parent's second. Once as
    /// many distinct proposers as a quorum have proposed since, one of them was honest, and an
    /// honest proposer never dates a block before the present. Each counts once, and only if it was
    /// in the council at `number` and at its own block: whoever is voted in later may be an
    /// enemy's. Headers beyond a jump do not count.
    ///
    /// # Errors
    /// Where too few distinct proposers are seen.
    pub fn made_by(&self, number: u64) -> Result<HeaderRef, Stop> {
        // The council of the checkpoint's own block is not known. What stood there stood one block
        // later too.
        let at = number.max(self.trusted.checkpoint.number.saturating_add(1));
        let need = self.client.proposers_needed_at(at).unwrap_or(u64::MAX);
        let mut proposers = Set::new();
        for next in (at.saturating_add(1)..).take(MOST_LATER_HEADERS) {
            let Some(AnchoredHeader::Followed(header)) = self.headers.get(&next) else { break };
            let sits = |who: &Address, at| self.client.council_at(at).is_some_and(|council| council.contains(who));
            if let Some(proposer) = header.proposer().ok().filter(|who| sits(who, at) && sits(who, next)) {
                proposers.insert(proposer);
            }
            if length(&proposers) >= need {
                return Ok(HeaderRef { number: next, hash: header.hash(), time: header.time() });
            }
        }
        let (chain, have) = (self.name().into(), length(&proposers));
        Err(Stop::incomplete(Missing::LaterProposers { chain, number, have, need }))
    }

    /// All headers that may be believed, ascending.
    pub fn headers(&self) -> impl Iterator<Item = &AnchoredHeader> {
        self.headers.values()
    }

    /// The sealed header that makes block `number` final: the first from it on. None where a jump lies between them: then
    /// the block is the checkpoint, which is trusted.
    #[must_use]
    pub fn sealed_by(&self, number: u64) -> Option<Sealed> {
        let is_jumped = |header| matches!(header, &AnchoredHeader::Jumped(_));
        let header = self.headers.get(self.sealed.range(number..).next()?)?;
        let seals = header.seals()?.clone();
        let linked = is_jumped(header) == is_jumped(self.headers.get(&number)?);
        linked.then(|| Sealed { chain: self.name().into(), block: header.reference(), seals })
    }

    /// Records how far the chain was followed, and who sealed its head.
    pub(super) fn record(&self, checks: &mut Checks) {
        let (first, head) = (self.trusted.checkpoint.number, self.head());
        checks.passed(
            FOLLOWED,
            &[
                ("chain", &self.name()),
                ("checkpoint", &first),
                ("head", &head.number),
                ("headers", &self.headers.len()),
            ],
        );
        if let Some(seals) = self.headers.values().next_back().and_then(AnchoredHeader::seals) {
            let signers: Vec<String> = seals.signers.iter().map(ToString::to_string).collect();
            checks.passed(
                SEALED,
                &[
                    ("chain", &self.name()),
                    ("block", &head.number),
                    ("hash", &head.hash),
                    ("seals", &seals.signers.len()),
                    ("needed", &seals.required),
                    ("signers", &signers.join(" ")),
                ],
            );
        }
    }

    /// What a reader should know of how this chain was followed.
    pub(super) fn notes(&self, notes: &mut Vec<Note>) {
        let chain = String::from(self.name());
        if self.jumped {
            notes.push(Note::JumpedHeaders { chain: chain.clone() });
        }
        if self.trusted.profile.forks.is_active(Fork::Randao, self.head().number) {
            notes.push(Note::RandomRevealUnchecked { chain: chain.clone() });
        }
        if self.committee_unchecked {
            notes.push(Note::CommitteeUnchecked { chain });
        }
        // The first of each kind: the report lists all of them once, not with every verdict.
        for (code, note) in
            [(WarnedOf::ByOther, Note::VoteByOther as fn(_) -> _), (WarnedOf::ByMember, Note::VoteByMember)]
        {
            notes.extend(self.warned_votes().find(|vote| vote.code == code).map(note));
        }
    }

    /// Votes up to the followed head that no governing node cast.
    pub(super) fn warned_votes(&self) -> impl Iterator<Item = WarnedOn> + '_ {
        self.client.warned_votes().iter().map(|vote| WarnedOn::new(self.name(), vote))
    }
}

fn length(set: &Set<Address>) -> u64 {
    u64::try_from(set.len()).unwrap_or(u64::MAX)
}

fn decode_all(entries: &[HeaderEntry]) -> Result<Vec<UntrustedHeader>, Stop> {
    entries.iter().map(|entry| UntrustedHeader::decode(&entry.header).map_err(Stop::from)).collect()
}

/// Whether the signers could have been checked against a committee and were not.
fn committee_is_open(seals: &SealReport) -> bool {
    let council = seals.signers.len().saturating_add(seals.absent.len());
    u64::try_from(council).is_ok_and(|council| council > seals.members) && !seals.committee_checked
}
