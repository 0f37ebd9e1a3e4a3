//! The bundle for one transfer, one transaction or a range of nonces.

use crate::error::{refused, ProveError};
use crate::gather::{Done, Gathering, Side};
use crate::node::Node;
use crate::progress::Progress;
use crate::rpc::{RpcError, Transport};
use crate::sync::{HeaderPlan, Synced};
use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use spanlight::bridge::events::{HandleEvent, RequestEvent};
use spanlight::bundle::{ChainProof, Claim, TransferProof};
use spanlight::ordered::{set_of, Set};
use spanlight::receipt::Log;
use spanlight::trust::Trust;
use spanlight::verdict::Verdict;
use spanlight::verify::{judge_transfers, verify, Evidence, Report, Usage};
use spanlight::{Hash, ProofBundle};

/// Most nonces of one bundle.
pub const MAX_NONCES: u64 = 100_000;

/// Most nonces of a range that are listed although nothing is to be seen of them.
pub const MAX_UNSEEN: u64 = 256;

/// What is to be proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The transfer of one request nonce.
    Nonce(u64),
    /// All transfers that a transaction of either chain requests or executes.
    Transaction(Hash),
    /// All transfers from the first to the last nonce inclusive, and that these are all.
    Range(u64, u64),
}

/// How evidence is gathered.
#[derive(Clone, Copy, Debug)]
pub struct ProveOptions {
    /// Unix time.
    pub now: u64,
    /// Blocks in one log query.
    pub window: u64,
    /// How many blocks below the destination's head are read for votes, which leave no event; none for not at all.
    pub scan: Option<u64>,
    /// How many heights are tried for the state before a failed attempt.
    pub tries: usize,
    /// Which headers the bundle carries.
    pub headers: HeaderPlan,
}

impl ProveOptions {
    /// The usual choice, at unix time `now`.
    #[must_use]
    pub const fn at(now: u64) -> Self {
        Self { now, window: 1000, scan: Some(10_000), tries: 64, headers: HeaderPlan::Sparse }
    }
}

/// Both chains, followed, and the nodes to ask.
#[derive(Debug)]
pub struct Ends<'s, 't, T> {
    /// What is believed.
    pub trust: &'t Trust,
    /// Node and followed chain of the requests.
    pub source: (&'s Node<'t, T>, &'s Synced<'t>),
    /// Node and followed chain of the executions.
    pub destination: (&'s Node<'t, T>, &'s Synced<'t>),
}

/// A bundle, and how it is judged.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The bundle.
    pub bundle: ProofBundle,
    /// The verdicts that the core gives on it.
    pub report: Report,
    /// Nonces of a range for which the endpoint refused evidence, and in which words; their verdicts are incomplete.
    pub unavailable: Vec<(u64, RpcError)>,
}

/// Evidence of many transfers.
pub(crate) struct Gathered {
    pub(crate) transfers: Vec<TransferProof>,
    pub(crate) unavailable: Vec<(u64, RpcError)>,
}

/// Gathers the bundle for `subject` and checks it with [`spanlight::verify()`].
///
/// A verdict other than a proven one is no error: the bundle then holds everything that was gathered.
///
/// # Errors
/// Those of the endpoints, or where the subject names no transfer.
pub async fn prove<T: Transport>(
    ends: &Ends<'_, '_, T>,
    subject: Subject,
    options: ProveOptions,
    progress: &dyn Progress,
) -> Result<Proof, ProveError> {
    let now = options.now;
    let plan = options.headers;
    let mut gathering = ends.gathering(options)?;
    let (nonces, complete) = match subject {
        Subject::Nonce(nonce) => (set_of([nonce]), None),
        Subject::Transaction(hash) => (nonces_of(&mut gathering, hash).await?, None),
        Subject::Range(first, last) => (range_of(&mut gathering, first, last).await?, Some((first, last))),
    };
    let in_range = complete.is_some();
    let Gathered { transfers, unavailable } = gather_all(&mut gathering, &nonces, in_range, progress).await?;
    let judged = ends.judge(&gathering, &transfers, complete, now)?;
    let unavailable = incomplete_of(&judged.0, unavailable);
    if let (false, Some((_, error))) = (in_range, unavailable.first()) {
        return Err(error.clone().into());
    }
    let proof = Proof { unavailable, ..ends.bundle(&gathering, transfers, complete, judged, plan)? };
    let report = verify(&proof.bundle, ends.trust, now).map_err(refused)?;
    if same_verdicts(&proof.report, &report) {
        Ok(Proof { report, ..proof })
    } else {
        Err(ProveError::SelfCheck)
    }
}

/// Nonces that a transaction requests on the source or executes on the destination. The node only says where it stands: a node
/// that names another transaction would choose which transfer is judged.
async fn nonces_of<T: Transport>(gathering: &mut Gathering<'_, '_, T>, hash: Hash) -> Result<Set<u64>, ProveError> {
    let source = gathering.source.done_by(hash).await?;
    let destination = gathering.destination.done_by(hash).await?;
    let mut nonces = Set::new();
    nonces.extend(source.iter().flat_map(|done| done.logs.iter().filter_map(request)));
    nonces.extend(destination.iter().flat_map(|done| done.logs.iter().filter_map(handle)));
    if nonces.is_empty() {
        return Err(why_no_transfer(gathering, hash, [source, destination]));
    }
    Ok(nonces)
}

fn request(log: &Log) -> Option<u64> {
    RequestEvent::decode(log).ok().map(|event| event.nonce)
}

fn handle(log: &Log) -> Option<u64> {
    HandleEvent::decode(log).ok().map(|event| event.nonce)
}

/// Why a transaction names no transfer of this direction, by what it did on the source and on the
/// destination.
fn why_no_transfer<T: Transport>(
    gathering: &Gathering<'_, '_, T>,
    hash: Hash,
    [source, destination]: [Option<Done>; 2],
) -> ProveError {
    let ends = [gathering.source.synced, gathering.destination.synced];
    let [from, to] = ends.map(|synced| synced.chain().name().to_owned());
    let failed = |done: &Option<Done>| done.as_ref().map(|done| done.status).filter(|status| *status != 1);
    let any = |done: &Option<Done>, is_it: fn(&Log) -> Option<u64>| {
        done.as_ref().is_some_and(|done| done.logs.iter().any(|log| is_it(log).is_some()))
    };
    match (failed(&source), failed(&destination)) {
        // It may be in a block that is ahead of the clock.
        _ if source.is_none() && destination.is_none() => match ends.iter().find_map(|synced| synced.left_out()) {
            Some(reason) => ProveError::NotFollowed(Verdict::NotYetTrusted(reason.clone())),
            None => ProveError::UnknownTransaction(hash),
        },
        (Some(status), _) => ProveError::FailedTransaction { hash, chain: from, status },
        (_, Some(status)) => ProveError::FailedTransaction { hash, chain: to, status },
        _ if any(&source, handle) || any(&destination, request) => ProveError::OtherDirection { hash, from: to },
        _ => ProveError::NoTransfer(hash),
    }
}

/// The nonces of a range: all of them, or where more than [`MAX_UNSEEN`] were neither requested nor voted for nor executed,
/// those of which something is to be seen on either chain.
pub(crate) async fn range_of<T: Transport>(
    gathering: &mut Gathering<'_, '_, T>,
    first: u64,
    last: u64,
) -> Result<Set<u64>, ProveError> {
    if first > last || last.saturating_sub(first) >= MAX_NONCES {
        return Err(ProveError::Range);
    }
    gathering.for_completeness().await?;
    gathering.index_all().await?;
    let requested = gathering.request_count().await?;
    let mut nonces = set_of((first..=last).take_while(|nonce| *nonce < requested));
    let beyond: Vec<u64> = (first.max(requested)..=last).collect();
    if u64::try_from(beyond.len()).is_ok_and(|count| count <= MAX_UNSEEN) {
        nonces.extend(beyond);
    } else {
        nonces.extend(gathering.known_on_destination(&beyond).await?);
    }
    // A range of which nothing is to be seen is not proven by silence: its first nonce is judged.
    if nonces.is_empty() {
        nonces.insert(first);
    }
    Ok(nonces)
}

pub(crate) async fn gather_all<T: Transport>(
    gathering: &mut Gathering<'_, '_, T>,
    nonces: &Set<u64>,
    in_range: bool,
    progress: &dyn Progress,
) -> Result<Gathered, ProveError> {
    progress.start("transfers", u64::try_from(nonces.len()).ok());
    let mut gathered = Gathered { transfers: Vec::new(), unavailable: Vec::new() };
    for nonce in nonces {
        let mut proof = TransferProof { nonce: *nonce, ..TransferProof::default() };
        let lacking = match gathering.transfer(&mut proof).await {
            // In a range, one nonce of which a node has pruned the state does not keep the others from being judged.
            Err(ProveError::Rpc(error)) if in_range && error.is_refusal() => Some(error),
            lacking => lacking?,
        };
        gathered.unavailable.extend(lacking.map(|error| (*nonce, error)));
        gathered.transfers.push(proof);
        progress.step(u64::try_from(gathered.transfers.len()).unwrap_or(u64::MAX));
    }
    progress.finish();
    Ok(gathered)
}

/// What was refused of nonces that could not be judged without it.
pub(crate) fn incomplete_of(report: &Report, refused: Vec<(u64, RpcError)>) -> Vec<(u64, RpcError)> {
    let lacks = |nonce: u64| {
        let found = report.transfers.iter().find(|transfer| transfer.nonce == nonce);
        found.is_some_and(|transfer| matches!(transfer.verdict, Verdict::Incomplete { .. }))
    };
    refused.into_iter().filter(|(nonce, _)| lacks(*nonce)).collect()
}

pub(crate) fn same_verdicts(one: &Report, other: &Report) -> bool {
    let same = |a: &Verdict, b: &Verdict| a.state() == b.state() && a.code() == b.code();
    let complete =
        |report: &Report| report.complete.as_ref().map(|claim| claim.as_ref().is_ok_and(|c| c.complete_in_range));
    one.transfers.len() == other.transfers.len()
        && one.transfers.iter().zip(&other.transfers).all(|(a, b)| same(&a.verdict, &b.verdict))
        && complete(one) == complete(other)
}

/// Verdicts, and what of each chain's evidence they needed.
pub(crate) type Judged = (Report, [Usage; 2]);

impl<'s, 't, T: Transport> Ends<'s, 't, T> {
    pub(crate) fn gathering(&self, options: ProveOptions) -> Result<Gathering<'s, 't, T>, ProveError> {
        self.trust.check()?;
        let (from, to) = self.trust.ends_from(self.source.1.chain().name())?;
        let source = Side::new(self.source.0, self.source.1, from);
        let destination = Side::new(self.destination.0, self.destination.1, to);
        Ok(Gathering::new(source, destination, options))
    }

    /// Judges on the chains as they were followed, without following them again.
    pub(crate) fn judge(
        &self,
        gathering: &Gathering<'_, '_, T>,
        transfers: &[TransferProof],
        complete: Option<(u64, u64)>,
        now: u64,
    ) -> Result<Judged, ProveError> {
        let [source, destination] = [&gathering.source, &gathering.destination];
        let (blocks, states) = source.evidence(None)?;
        let source = Evidence::verify(source.synced.chain(), source.bridge, &blocks, &states)?;
        let (blocks, states) = destination.evidence(None)?;
        let destination = Evidence::verify(destination.synced.chain(), destination.bridge, &blocks, &states)?;
        Ok(judge_transfers(self.trust, &source, &destination, transfers, complete, now)?)
    }

    /// The bundle, without anything that the judging did not read.
    pub(crate) fn bundle(
        &self,
        gathering: &Gathering<'_, '_, T>,
        transfers: Vec<TransferProof>,
        complete: Option<(u64, u64)>,
        (report, [source, destination]): Judged,
        plan: HeaderPlan,
    ) -> Result<Proof, ProveError> {
        let settled = report.transfers.iter().all(|transfer| matches!(transfer.verdict, Verdict::Proven { .. }))
            && !matches!(report.complete, Some(Err(_)));
        let chain = |side: &Side<'_, '_, T>, usage: &Usage| -> Result<ChainProof, ProveError> {
            let (blocks, states) = side.evidence(settled.then_some(usage))?;
            let mut heights = set_of(blocks.iter().map(|block| block.number));
            heights.extend(states.iter().map(|state| state.number));
            heights.extend(usage.headers.iter().copied());
            if !settled {
                heights.insert(side.head());
            }
            // Headers that were needed for themselves have to be followed: a jump would leave some
            // of them out.
            let plan = if plan == HeaderPlan::Jump && !usage.headers.is_empty() { HeaderPlan::Sparse } else { plan };
            Ok(ChainProof { blocks, states, ..side.synced.header_proof(&heights, plan)? })
        };
        let chains = Vec::from([chain(&gathering.source, &source)?, chain(&gathering.destination, &destination)?]);
        let bundle = ProofBundle { chains, claim: Claim::Transfers { transfers, complete } };
        Ok(Proof { bundle, report, unavailable: Vec::new() })
    }
}
