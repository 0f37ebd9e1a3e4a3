//! The entry point: a bundle, what the verifying party trusts, and the time, in; verdicts out.
//!
//! In order, and nothing is read before the step that makes it believable:
//! 1. the trust file is usable, and the bundle's chains are those of the claim;
//! 2. each chain is followed from the trust's checkpoint: every header rule of chain.md 1.4, seals, votes, parameters;
//! 3. block items and bridge state are verified under the roots of those headers, with no slack;
//! 4. each claim is judged on these facts: P1 to P7 and M1 to M13 of bridge.md 6.4 and 6.5, the states of claims.md 2;
//! 5. a proven bundle holds nothing that no check used.
//!
//! Not checked: the BLS half of the Randao rule, the execution of transactions (the roots are believed because a quorum
//! sealed them), and that a fee or an amount is fair. docs/trust.md says what that leaves to be believed.

mod absence;
mod anchored;
mod brakes;
mod chain;
mod checks;
mod complete;
mod delivery;
mod error;
mod evidence;
mod handle;
mod hints;
mod matching;
mod open;
mod registry;
mod request;
mod shown;
mod signatures;
mod stop;
mod stuck;
mod transfer;
mod version2;
mod votes;

use self::checks::Checks;
use crate::bundle::{
    transfers_ascend, BundleError, ChainProof, Claim, HeaderEntry, LogRef, ProofBundle, TransferProof,
};
use crate::consensus::equivocation::{self, Equivocation};
use crate::error::Error;
use crate::facts::{Facts, Sealed, WarnedOn};
use crate::header::UntrustedHeader;
use crate::ordered::{set_of, Set};
use crate::primitives::Address;
use crate::trust::{BridgeEnd, Trust, TrustError};
use crate::verdict::{AsOf, Check, TransferVerdict, Verdict};
use alloc::vec::Vec;

pub use anchored::Anchored;
pub use chain::{AnchoredHeader, FollowedChain};
pub use complete::Completeness;
pub use error::VerifyError;
pub use evidence::{slots_for_nonce, Evidence, Usage};
pub use registry::changes_registry;
pub use request::ProvenRequest;
pub use stop::Stop;

/// The verdicts on everything that a bundle claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One verdict for each transfer, in the bundle's order.
    pub transfers: Vec<TransferVerdict>,
    /// How the chains were followed and who sealed their heads: checks that all verdicts of transfers share.
    pub chains: Vec<Check>,
    /// The seals of both heads, and those that make each request, each execution and each `as_of` final, ascending.
    pub seals: Vec<Sealed>,
    /// Votes on both chains that no governing node cast: they take the green away from every
    /// verdict.
    pub warned_votes: Vec<WarnedOn>,
    /// Where the bundle claims that these are all.
    pub complete: Option<Result<Completeness, Verdict>>,
    /// Where the bundle claims an equivocation.
    pub equivocation: Option<Result<Equivocation, Verdict>>,
    /// Where the bundle claims an anchor.
    pub anchored: Option<Result<Anchored, Verdict>>,
}

impl Report {
    /// Where a proof shows that the trust is wrong about its own chain: then no verdict means
    /// anything, and nobody is to be blamed for one.
    fn trust_at_fault(&self) -> Option<&Error> {
        fn refused(verdict: Option<&Verdict>) -> Option<&Error> {
            match verdict {
                Some(Verdict::Invalid(error)) if error.shows_wrong_trust() => Some(error),
                _ => None,
            }
        }
        let others = [
            self.complete.as_ref().and_then(|complete| complete.as_ref().err()),
            self.equivocation.as_ref().and_then(|claim| claim.as_ref().err()),
            self.anchored.as_ref().and_then(|claim| claim.as_ref().err()),
        ];
        self.transfers.iter().map(|transfer| Some(&transfer.verdict)).chain(others).find_map(refused)
    }
}

/// Both ends of a bridge with the evidence of each.
pub(crate) struct Pair<'e> {
    pub(crate) source: &'e Evidence<'e>,
    pub(crate) destination: &'e Evidence<'e>,
    pub(crate) from: &'e BridgeEnd,
    pub(crate) to: &'e BridgeEnd,
    pub(crate) now: u64,
}

impl Pair<'_> {
    fn heads(&self) -> AsOf {
        AsOf { source: Some(self.source.chain().head()), destination: Some(self.destination.chain().head()) }
    }
}

/// Verifies everything that `bundle` claims against what `trust` believes at unix time `now`.
///
/// # Errors
/// Only where `trust` cannot be used at all or the bundle claims nothing in its one form. What is wrong with the evidence is
/// a verdict, not an error.
pub fn verify(bundle: &ProofBundle, trust: &Trust, now: u64) -> Result<Report, Error> {
    trust.check()?;
    bundle.is_well_formed()?;
    let report = judge(bundle, trust, now);
    match report.trust_at_fault() {
        Some(error) => Err(error.clone()),
        None => Ok(report),
    }
}

fn judge(bundle: &ProofBundle, trust: &Trust, now: u64) -> Report {
    match &bundle.claim {
        Claim::Transfers { transfers, complete } => verify_transfers(bundle, transfers, *complete, trust, now)
            .unwrap_or_else(|stop| {
                let complete = complete.map(|_| Err(Verdict::from(stop.clone())));
                let transfers = transfers.iter().map(|t| refused(bundle, t, trust, &stop)).collect();
                Report { transfers, complete, ..Report::default() }
            }),
        Claim::Equivocation { first, second } => {
            let [chain] = bundle.chains.as_slice() else {
                return Report { equivocation: Some(Err(wrong_chains())), ..Report::default() };
            };
            let proven = verify_equivocation(chain, [first, second], trust, now);
            Report { equivocation: Some(proven.map_err(Verdict::from)), ..Report::default() }
        }
        Claim::Anchored { child_number, anchor } => {
            let [parent, child] = bundle.chains.as_slice() else {
                return Report { anchored: Some(Err(wrong_chains())), ..Report::default() };
            };
            let proven = verify_anchored(parent, child, *child_number, *anchor, trust, now);
            Report { anchored: Some(proven.map_err(Verdict::from)), ..Report::default() }
        }
    }
}

/// Judges transfers whose chains the caller has followed already: for audits and operators, which keep their light clients.
/// Gives the verdicts and what of each chain's evidence was needed.
///
/// # Errors
/// Where a proof does not hold, or the chains are no pair of the trust.
pub fn judge_transfers(
    trust: &Trust,
    source: &Evidence<'_>,
    destination: &Evidence<'_>,
    transfers: &[TransferProof],
    complete: Option<(u64, u64)>,
    now: u64,
) -> Result<(Report, [Usage; 2]), Stop> {
    trust.check()?;
    // A nonce that is shown twice must not count twice towards completeness.
    transfers_ascend(transfers)?;
    let (from, to) = trust.ends_from(source.chain().name())?;
    if to.chain != destination.chain().name() {
        return Err(BundleError::Chains.into());
    }
    let pair = Pair { source, destination, from, to, now };
    let verdicts: Vec<TransferVerdict> = transfers.iter().map(|transfer| transfer::judge(&pair, transfer)).collect();
    let complete =
        complete.map(|range| complete::judge_complete(&pair, transfers, &verdicts, range).map_err(Verdict::from));
    let usage = [source.usage(), destination.usage()];
    let seals = seals_of(source.chain(), &verdicts).chain(seals_of(destination.chain(), &verdicts)).collect();
    let warned_votes = source.chain().warned_votes().chain(destination.chain().warned_votes()).collect();
    let mut checks = Checks::default();
    source.chain().record(&mut checks);
    destination.chain().record(&mut checks);
    let chains = checks.into_vec();
    let report = Report { transfers: verdicts, chains, seals, warned_votes, complete, ..Report::default() };
    match report.trust_at_fault() {
        Some(error) => Err(Stop::Invalid(error.clone())),
        None => Ok((report, usage)),
    }
}

/// The sealed headers of one chain on which verdicts stand, each once.
fn seals_of<'v>(chain: &'v FollowedChain<'_>, verdicts: &'v [TransferVerdict]) -> impl Iterator<Item = Sealed> + 'v {
    let name = chain.name();
    let mut heights = Vec::from([chain.head().number]);
    for TransferVerdict { from, to, facts, as_of, .. } in verdicts {
        let ends = [(from, as_of.source), (to, as_of.destination)];
        heights.extend(
            ends.iter().filter(|(chain, _)| *chain == name).filter_map(|(_, header)| Some(header.as_ref()?.number)),
        );
        heights
            .extend(facts.request.iter().filter(|request| request.chain == name).map(|request| request.block.number));
        heights.extend(facts.execution.iter().filter(|done| done.chain == name).map(|done| done.block.number));
    }
    heights.sort_unstable();
    heights.dedup();
    let mut sealed: Vec<Sealed> = heights.into_iter().filter_map(|height| chain.sealed_by(height)).collect();
    sealed.dedup_by_key(|sealed| sealed.block.number);
    sealed.into_iter()
}

/// Proves one request on a source chain that the caller has followed: for operators, who vote for nothing else.
///
/// P1, P5, P6 and the source half of P7 of bridge.md 6.4: the request's transaction and receipt stand under a final header, the
/// trusted bridge emitted the event, its code is accepted, it counts the request, and its registry at that block names the
/// destination token.
///
/// # Errors
/// The first rule that does not hold, or the proof that is missing.
pub fn prove_request(trust: &Trust, source: &Evidence<'_>, at: LogRef, nonce: u64) -> Result<ProvenRequest, Stop> {
    let (from, _) = trust.ends_from(source.chain().name())?;
    request::prove_request(source, from, at, nonce, &mut Checks::default())
}

fn verify_transfers(
    bundle: &ProofBundle,
    transfers: &[TransferProof],
    complete: Option<(u64, u64)>,
    trust: &Trust,
    now: u64,
) -> Result<Report, Stop> {
    let [source, destination] = bundle.chains.as_slice() else { return Err(BundleError::Chains.into()) };
    let (from, to) = trust.ends_from(&source.chain)?;
    if to.chain != destination.chain {
        return Err(BundleError::Chains.into());
    }
    let (source_chain, destination_chain) = (follow(source, trust, now)?, follow(destination, trust, now)?);
    let source_facts = Evidence::verify(&source_chain, from.address, &source.blocks, &source.states)?;
    let destination_facts = Evidence::verify(&destination_chain, to.address, &destination.blocks, &destination.states)?;
    let (report, _) = judge_transfers(trust, &source_facts, &destination_facts, transfers, complete, now)?;
    // What is not proven may well have left evidence unread; what is proven may not.
    let settled = report.transfers.iter().all(|verdict| matches!(verdict.verdict, Verdict::Proven { .. }));
    if settled && !matches!(report.complete, Some(Err(_))) {
        for (proof, facts) in [(source, &source_facts), (destination, &destination_facts)] {
            facts.everything_is_used()?;
            jumps_are_used(proof, facts.chain(), &facts.heights())?;
        }
    }
    Ok(report)
}

/// The first header of a jump's run must carry evidence; the last one is there for its seals.
fn jumps_are_used(proof: &ChainProof, chain: &FollowedChain<'_>, heights: &Set<u64>) -> Result<(), BundleError> {
    let firsts = proof.jumps.iter().filter_map(|run| run.first());
    for entry in firsts {
        let number = UntrustedHeader::decode(&entry.header).map_err(|_| BundleError::Headers)?.number();
        if !heights.contains(&number) && chain.head().number != number {
            return Err(BundleError::Unused("a header"));
        }
    }
    Ok(())
}

fn verify_equivocation(
    proof: &ChainProof,
    entries: [&HeaderEntry; 2],
    trust: &Trust,
    now: u64,
) -> Result<Equivocation, Stop> {
    if !proof.blocks.is_empty() || !proof.states.is_empty() || !proof.jumps.is_empty() {
        return Err(BundleError::Unused("evidence").into());
    }
    let chain = follow(proof, trust, now)?;
    // Nothing here reads hints, so none may ride along.
    if entries.iter().any(|entry| !entry.hints.is_empty()) {
        return Err(BundleError::Hint.into());
    }
    let [first, second] = entries.map(|entry| UntrustedHeader::decode(&entry.header));
    let (first, second) = (first?, second?);
    Ok(equivocation::check(chain.client(), &first, &second)?)
}

fn verify_anchored(
    parent: &ChainProof,
    child: &ChainProof,
    child_number: u64,
    anchor: crate::bundle::ItemRef,
    trust: &Trust,
    now: u64,
) -> Result<Anchored, Stop> {
    let anchoring = trust
        .anchoring
        .as_ref()
        .filter(|a| a.parent == parent.chain && a.child == child.chain)
        .ok_or(TrustError::NoAnchoring)?;
    if !parent.states.is_empty() || !child.states.is_empty() || !child.blocks.is_empty() {
        return Err(BundleError::Unused("evidence").into());
    }
    let (parent_chain, child_chain) = (follow(parent, trust, now)?, follow(child, trust, now)?);
    let facts = Evidence::verify(&parent_chain, Address::ZERO, &parent.blocks, &[])?;
    let anchored = anchored::judge_anchored(&facts, &child_chain, anchoring, child_number, anchor)?;
    facts.everything_is_used()?;
    jumps_are_used(parent, &parent_chain, &facts.heights())?;
    jumps_are_used(child, &child_chain, &set_of([child_number]))?;
    Ok(anchored)
}

fn follow<'t>(proof: &ChainProof, trust: &'t Trust, now: u64) -> Result<FollowedChain<'t>, Stop> {
    let trusted = trust.chain(&proof.chain)?;
    FollowedChain::from_proof(trusted, &proof.headers, proof.mode, &proof.jumps, now)
}

fn wrong_chains() -> Verdict {
    Stop::from(BundleError::Chains).into()
}

/// The verdict where the bundle was refused before its transfers were judged.
fn refused(bundle: &ProofBundle, transfer: &TransferProof, trust: &Trust, stop: &Stop) -> TransferVerdict {
    let name = |index: usize| bundle.chains.get(index).map(|chain| chain.chain.clone()).unwrap_or_default();
    let (from, to) = (name(0), name(1));
    let ends = trust.ends_from(&from);
    let address = |end: Option<&BridgeEnd>| end.map_or(Address::ZERO, |end| end.address);
    TransferVerdict {
        source_bridge: address(ends.as_ref().ok().map(|(end, _)| *end)),
        destination_bridge: address(ends.as_ref().ok().map(|(_, end)| *end)),
        from,
        to,
        nonce: transfer.nonce,
        verdict: stop.clone().into(),
        dissenters: Vec::new(),
        facts: Facts::default(),
        as_of: AsOf::default(),
        checks: Vec::new(),
    }
}
