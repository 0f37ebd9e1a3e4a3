//! Following and gathering with several endpoints: what one lacks or falsifies, another is asked for.

use super::{Endpoints, Finding};
use crate::audit::Audit;
use crate::error::ProveError;
use crate::node::Node;
use crate::progress::Progress;
use crate::prove::{Ends, Proof};
use crate::rpc::{RpcError, Transport};
use crate::sync::{SyncOptions, Synced};
use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use spanlight::trust::{Trust, TrustedChain};
use spanlight::verdict::{Missing, Verdict};
use spanlight::verify::Report;

/// What a gathering ends with: judged evidence.
pub trait Gathered {
    /// The verdicts.
    fn report(&self) -> &Report;
}

impl Gathered for Proof {
    fn report(&self) -> &Report {
        &self.report
    }
}

impl Gathered for Audit {
    fn report(&self) -> &Report {
        &self.report
    }
}

/// Both chains of a transfer, each with its endpoints.
#[derive(Debug)]
pub struct Pair<'a, T> {
    /// What is believed.
    pub trust: &'a Trust,
    /// The chain of the requests.
    pub source: (&'a Endpoints<T>, &'a TrustedChain),
    /// The chain of the executions.
    pub destination: (&'a Endpoints<T>, &'a TrustedChain),
}

impl<T: Transport> Endpoints<T> {
    /// Follows a chain. An endpoint whose headers are refused is put aside, and the chain is followed with the next.
    ///
    /// # Errors
    /// Those of the last endpoint that was left, and where the chain cannot be followed with this trust.
    pub async fn follow<'t>(
        &self,
        trusted: &'t TrustedChain,
        options: SyncOptions,
        progress: &dyn Progress,
    ) -> Result<Synced<'t>, ProveError> {
        let mut begun = None;
        loop {
            let error = match self.follow_with_one(&mut begun, trusted, options, progress).await {
                Ok(()) => break,
                Err(error) => error,
            };
            if !self.has_another_for(&error) {
                return Err(error);
            }
            // Roots are recomputed once all headers are verified, of all blocks since then.
            begun = begun.filter(|_| !options.deep);
        }
        let synced = begun.ok_or(ProveError::SelfCheck)?;
        self.confirm(&synced);
        self.note_clock(&synced);
        self.note_standstill(&synced);
        Ok(synced)
    }

    /// Starts where nothing is begun, and follows on with the endpoint whose turn it is. What
    /// another one showed before is verified, and stays.
    async fn follow_with_one<'t>(
        &self,
        begun: &mut Option<Synced<'t>>,
        trusted: &'t TrustedChain,
        options: SyncOptions,
        progress: &dyn Progress,
    ) -> Result<(), ProveError> {
        let one = self.first_for_headers()?;
        let node = Node::new(&one, &trusted.profile);
        match begun {
            Some(synced) => synced.follow(&node, options, progress).await,
            None => begun.insert(Synced::start(&node, trusted, options).await?).follow(&node, options, progress).await,
        }
    }

    /// Begins at the trust's checkpoint and follows no further, in the same way.
    ///
    /// # Errors
    /// As [`Self::follow`].
    pub async fn begin<'t>(
        &self,
        trusted: &'t TrustedChain,
        options: SyncOptions,
        progress: &dyn Progress,
    ) -> Result<Synced<'t>, ProveError> {
        let options = SyncOptions { to: Some(trusted.checkpoint.number), deep: false, ..options };
        let mut begun = None;
        loop {
            match self.follow_with_one(&mut begun, trusted, options, progress).await {
                Ok(()) => return begun.ok_or(ProveError::SelfCheck),
                Err(error) if self.has_another_for(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Follows on by at most so many headers; tells whether the endpoint shows more.
    ///
    /// # Errors
    /// As [`Self::follow`].
    pub async fn catch_up_by(
        &self,
        synced: &mut Synced<'_>,
        most: u64,
        options: SyncOptions,
        progress: &dyn Progress,
    ) -> Result<bool, ProveError> {
        let profile = &synced.chain().trusted().profile;
        let more = loop {
            let one = self.first_for_headers()?;
            match synced.follow_some(&Node::new(&one, profile), most, options, progress).await {
                Ok(more) => break more,
                Err(error) if self.has_another_for(&error) => {}
                Err(error) => return Err(error),
            }
        };
        if !more {
            self.note_clock(synced);
            self.note_standstill(synced);
        }
        Ok(more)
    }

    /// Follows on to what the chain has made meanwhile, in the same way.
    ///
    /// # Errors
    /// As [`Self::follow`].
    pub async fn catch_up(
        &self,
        synced: &mut Synced<'_>,
        options: SyncOptions,
        progress: &dyn Progress,
    ) -> Result<(), ProveError> {
        let profile = &synced.chain().trusted().profile;
        loop {
            let one = self.first_for_headers()?;
            match synced.follow(&Node::new(&one, profile), options, progress).await {
                Ok(()) => break,
                Err(error) if self.has_another_for(&error) => {}
                Err(error) => return Err(error),
            }
        }
        self.note_clock(synced);
        self.note_standstill(synced);
        Ok(())
    }

    /// Tells once that the clock is behind, by the newest header that shows it.
    fn note_clock(&self, synced: &Synced<'_>) {
        self.findings.borrow_mut().retain(|finding| !matches!(finding, Finding::ClockBehind { .. }));
        if synced.left_out().is_some() {
            let chain = synced.chain().name().to_owned();
            self.note(Finding::ClockBehind { chain, seconds: synced.clock_behind() });
        }
    }
}

impl<T: Transport> Pair<'_, T> {
    /// Follows both chains and hands them to `job` with the time at which their heads were
    /// received, again and again with other endpoints while something is false or missing. The
    /// endpoints must have been checked.
    ///
    /// # Errors
    /// Those of the last endpoints that were left, where no attempt gave anything.
    pub async fn gather<G: Gathered>(
        &self,
        options: SyncOptions,
        progress: &dyn Progress,
        job: impl AsyncFn(&Ends<'_, '_, Endpoints<T>>, u64) -> Result<G, ProveError>,
    ) -> Result<G, ProveError> {
        let ((from, source), (to, destination)) = (self.source, self.destination);
        let mut followed =
            [from.follow(source, options, progress).await?, to.follow(destination, options, progress).await?];
        if options.time.runs() {
            // Following the destination took its time, and what was executed there meanwhile names
            // newer blocks of the source.
            let [source, _] = &mut followed;
            from.catch_up(source, options, progress).await?;
        }
        // A clock that is set back meanwhile must not make what was followed look ahead of it.
        let now = followed.iter().map(Synced::received_at).fold(options.time.now(), u64::max);
        let nodes = [Node::new(from, &source.profile), Node::new(to, &destination.profile)];
        let ([source, destination], [first, second]) = (&nodes, &followed);
        let ends = Ends { trust: self.trust, source: (source, first), destination: (destination, second) };
        let mut best: Option<G> = None;
        loop {
            let gathered = match job(&ends, now).await {
                Ok(gathered) => gathered,
                // Another endpoint may have what this one lacks or falsifies.
                Err(error) if Endpoints::dismiss_latest(&[from, to], &error) => continue,
                Err(error) => return best.ok_or(error),
            };
            let lacking = lacking(gathered.report());
            let fewer = |best: &G| lacking.len() < self::lacking(best.report()).len();
            if best.as_ref().is_none_or(fewer) {
                best = Some(gathered);
            }
            if !self.pass_over(&lacking) {
                return best.ok_or(ProveError::SelfCheck);
            }
        }
    }

    /// Lets others be asked first where something may have been kept back. What is missing tells of which chain it is, so only
    /// that one's endpoints have their turn: good ones of two chains are found without trying every combination. Where all of
    /// them had it, the other chain's endpoints do: evidence of one chain is looked for by what the other shows.
    fn pass_over(&self, lacking: &[Missing]) -> bool {
        let ((from, source), (to, _)) = (self.source, self.destination);
        let of_source = lacking.iter().any(|missing| is_of(missing, &source.profile.name));
        let of_destination = lacking.iter().any(|missing| !is_of(missing, &source.profile.name));
        let passed = [of_source && from.pass_over(), of_destination && to.pass_over()];
        !lacking.is_empty() && (passed.contains(&true) || from.pass_over() || to.pass_over())
    }
}

/// What keeps transfers from being judged.
fn lacking(report: &Report) -> Vec<Missing> {
    let missing = |verdict: &Verdict| match verdict {
        // The chain itself has not gone on far enough: no endpoint keeps anything back.
        Verdict::Incomplete { missing: Missing::LaterProposers { .. } } => None,
        Verdict::Incomplete { missing } => Some(missing.clone()),
        _ => None,
    };
    report.transfers.iter().filter_map(|transfer| missing(&transfer.verdict)).collect()
}

/// Whether this is evidence of the source chain, of that name; else it is the destination's.
fn is_of(missing: &Missing, source: &str) -> bool {
    match missing {
        Missing::Request => true,
        Missing::Handle | Missing::Votes | Missing::VoteCall { .. } | Missing::LaterProposers { .. } => false,
        Missing::BridgeState { chain, .. } | Missing::Slot { chain, .. } | Missing::Header { chain, .. } => {
            chain == source
        }
    }
}

/// The finding that names endpoint and method of an error which ended a gathering.
#[must_use]
pub fn refusal_of<'f>(error: &RpcError, findings: &'f [Finding]) -> Option<&'f Finding> {
    let is_it = |finding: &&Finding| match finding {
        Finding::Refused { error: refused, .. } => refused == error || refused.is_pruned() && error.is_pruned(),
        _ => false,
    };
    findings.iter().rev().find(is_it)
}
