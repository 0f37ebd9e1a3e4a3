//! Following a chain from the trust's checkpoint with headers of an untrusted node.

use crate::error::{refused, ProveError};
use crate::node::Node;
use crate::progress::Progress;
use crate::rpc::{RpcError, Transport};
use crate::time::Time;
use alloc::borrow::ToOwned;
use alloc::vec::Vec;
use spanlight::bundle::{ChainProof, HeaderEntry};
use spanlight::clock::Clock;
use spanlight::commitment::{derive_root, CommitmentForm};
use spanlight::consensus::{FollowMode, LightClient};
use spanlight::header::UntrustedHeader;
use spanlight::ordered::Set;
use spanlight::receipt::Receipt;
use spanlight::transaction::Transaction;
use spanlight::trust::TrustedChain;
use spanlight::uncovered::Unsupported;
use spanlight::verdict::{NotReached, Verdict};
use spanlight::verify::{AnchoredHeader, FollowedChain};
use spanlight::Hash;

/// Headers fetched and verified at a time.
const BATCH: u64 = 256;
/// Headers asked for together: so many leave a user watching the progress for a second or two at most.
const ASKED_TOGETHER: usize = 64;
/// Blocks asked for together, with their receipts.
pub const BLOCKS_TOGETHER: usize = 16;
/// Gas of blocks asked for together: that of 4096 transactions at least, whose answer takes some 10 MB.
const GAS_TOGETHER: u64 = 4096 * 21_000;
/// How many headers beyond the evidence a jump's run is extended to find one that the last verified council sealed.
const LONGEST_RUN: u64 = 64;

/// What is said of a header that another council than the last verified one sealed.
const UNSEEN_COUNCIL: [&str; 3] = ["consensus.quorum_missed", "consensus.foreign_seal", "consensus.too_many_seals"];

/// How a chain is followed.
#[derive(Clone, Copy, Debug)]
pub struct SyncOptions {
    /// Follow up to this height; none for the node's head.
    pub to: Option<u64>,
    /// Which seals are checked.
    pub mode: FollowMode,
    /// Whether the transactions and receipts roots of every block are recomputed.
    pub deep: bool,
    /// The clock that headers are compared with when they arrive.
    pub time: Time,
}

/// Which headers a bundle carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeaderPlan {
    /// Every header, seals only where they carry weight.
    #[default]
    Sparse,
    /// Every header with every seal.
    Full,
    /// Only the headers with evidence, each run up to one that the checkpoint's council sealed.
    Jump,
}

/// A followed chain, with the headers as the node gave them.
#[derive(Clone, Debug)]
pub struct Synced<'t> {
    chain: FollowedChain<'t>,
    /// From the checkpoint's on, consecutive.
    headers: Vec<UntrustedHeader>,
    /// Headers verified, the checkpoint's not counted.
    pub headers_checked: u64,
    /// Headers whose seals were checked.
    pub seals_checked: u64,
    /// Blocks whose transactions and receipts roots were recomputed.
    pub roots_recomputed: u64,
    /// The newest verified header's time, and the clock when it arrived.
    newest: (u64, u64),
    /// Of verified headers that were left out because they are ahead of the clock: the newest, and
    /// the time of the oldest.
    left_out: Option<(NotReached, u64)>,
    /// What could not be followed and was gone around; headers from there on are jumped to.
    unfollowed: Option<Unsupported>,
}

/// Follows the chain of `trusted` with headers of `node`.
///
/// # Errors
/// Those of the endpoint, and the first rule that a header breaks.
pub async fn sync<'t, T: Transport>(
    node: &Node<'_, T>,
    trusted: &'t TrustedChain,
    options: SyncOptions,
    progress: &dyn Progress,
) -> Result<Synced<'t>, ProveError> {
    let mut synced = Synced::start(node, trusted, options).await?;
    synced.follow(node, options, progress).await?;
    Ok(synced)
}

impl<'t> Synced<'t> {
    /// Starts at the trust's checkpoint.
    pub(crate) async fn start<T: Transport>(
        node: &Node<'_, T>,
        trusted: &'t TrustedChain,
        options: SyncOptions,
    ) -> Result<Self, ProveError> {
        let first = node.header(trusted.checkpoint.number).await?.without_seals();
        let now = options.time.now();
        let chain = FollowedChain::start(trusted, first.clone(), now)?;
        let newest = (chain.head().time, now);
        let headers = Vec::from([first]);
        let (headers_checked, seals_checked, roots_recomputed, left_out) = (0, 0, 0, None);
        let unfollowed = None;
        Ok(Self { chain, headers, headers_checked, seals_checked, roots_recomputed, newest, left_out, unfollowed })
    }

    /// The followed chain.
    #[must_use]
    pub const fn chain(&self) -> &FollowedChain<'t> {
        &self.chain
    }

    /// The header of a height as the node gave it.
    #[must_use]
    pub fn raw_header(&self, number: u64) -> Option<&UntrustedHeader> {
        let place = number.checked_sub(self.first())?;
        self.headers.get(usize::try_from(place).ok()?)
    }

    /// The lowest height, the checkpoint's.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.chain.trusted().checkpoint.number
    }

    /// The head's height.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.chain.head().number
    }

    /// Seconds by which the clock was behind the newest verified header when that arrived. A second
    /// is nothing: nodes take blocks that are so far ahead of their own clocks.
    #[must_use]
    pub const fn clock_behind(&self) -> u64 {
        let (time, now) = self.newest;
        time.saturating_sub(now)
    }

    /// The clock when the newest verified header arrived.
    #[must_use]
    pub const fn received_at(&self) -> u64 {
        self.newest.1
    }

    /// Why the newest headers were left out, where they were: they are further ahead of the clock
    /// than the trust tolerates. They were verified first, so it is no endpoint's word that the
    /// clock is behind, but a quorum's.
    #[must_use]
    pub fn left_out(&self) -> Option<&NotReached> {
        self.left_out.as_ref().map(|(newest, _)| newest)
    }

    /// Follows on to the node's newest block, or to `options.to`. What is verified already is not
    /// verified again. Blocks that are ahead of the clock are left out.
    ///
    /// # Errors
    /// As [`sync()`], and where `options.to` is ahead of the clock; what was verified before the error stays.
    pub async fn follow<T: Transport>(
        &mut self,
        node: &Node<'_, T>,
        options: SyncOptions,
        progress: &dyn Progress,
    ) -> Result<(), ProveError> {
        // What was left out is not asked for again before the clock has come so far.
        let clock = self.chain.trusted().clock(options.time.now());
        if self.left_out.as_ref().is_some_and(|(_, oldest)| clock.reaches(*oldest).is_err()) {
            return self.reaches_what_was_asked_for(options);
        }
        let from = self.head();
        self.left_out = None;
        loop {
            let before = self.head();
            let to = match options.to {
                Some(to) => to,
                None => node.head_number().await?,
            };
            self.follow_to(to, node, options, progress).await?;
            // A long way takes time: what the chain has made meanwhile is followed too, since nodes
            // keep the states of few blocks.
            let is_long = self.head().saturating_sub(before) > BATCH;
            if options.to.is_some() || self.left_out.is_some() || !is_long {
                break;
            }
        }
        self.reaches_what_was_asked_for(options)?;
        if options.deep {
            self.recompute_roots(node, from, progress).await?;
        }
        Ok(())
    }

    async fn follow_to<T: Transport>(
        &mut self,
        to: u64,
        node: &Node<'_, T>,
        options: SyncOptions,
        progress: &dyn Progress,
    ) -> Result<(), ProveError> {
        let from = self.head();
        progress.start("headers", Some(to.saturating_sub(from)));
        while self.head() < to && self.left_out.is_none() {
            let next = self.head().saturating_add(1);
            let last = to.min(self.head().saturating_add(BATCH));
            let mut batch = Vec::new();
            for start in (next..=last).step_by(ASKED_TOGETHER) {
                let end = last.min(start.saturating_add(ASKED_TOGETHER as u64).saturating_sub(1));
                batch.extend(node.headers(start, end).await?);
                progress.step(end.saturating_sub(from));
            }
            self.advance(batch, options)?;
        }
        progress.finish();
        Ok(())
    }

    /// Follows on towards the node's newest block, by at most so many headers; tells whether the
    /// node shows more. Whoever has other work to do need not wait for all of a long chain.
    ///
    /// # Errors
    /// As [`sync()`]; what was verified before the error stays.
    pub async fn follow_some<T: Transport>(
        &mut self,
        node: &Node<'_, T>,
        most: u64,
        options: SyncOptions,
        progress: &dyn Progress,
    ) -> Result<bool, ProveError> {
        let shown = node.head_number().await?;
        let to = shown.min(self.head().saturating_add(most));
        match self.follow(node, SyncOptions { to: Some(to), ..options }, progress).await {
            // Newer ones wait until the clock has come so far.
            Err(_) if self.left_out.is_some() => Ok(false),
            Err(error) => Err(error),
            Ok(()) => Ok(self.head() < shown),
        }
    }

    /// A chain may end before its newest blocks, but not before a block that was asked for.
    fn reaches_what_was_asked_for(&self, options: SyncOptions) -> Result<(), ProveError> {
        match self.left_out().filter(|_| options.to.is_some_and(|to| to > self.head())) {
            Some(reason) => Err(ProveError::NotFollowed(Verdict::NotYetTrusted(reason.clone()))),
            None => Ok(()),
        }
    }

    /// Verifies headers that have just arrived. Where the newest are ahead of the clock the others
    /// are verified without them; what cannot be followed is gone around, if the trust allows
    /// jumps.
    fn advance(&mut self, batch: Vec<UntrustedHeader>, options: SyncOptions) -> Result<(), ProveError> {
        let now = options.time.now();
        if let Some(unfollowed) = self.unfollowed.clone() {
            return self.go_around(batch, unfollowed, now);
        }
        let Err(error) = self.verify(&batch, options, now) else { return self.keep(batch, now) };
        match error {
            ProveError::NotFollowed(Verdict::NotYetTrusted(ahead @ NotReached::Clock { .. })) => {
                self.leave_out(batch, ahead, options, now)
            }
            ProveError::NotFollowed(Verdict::Unsupported(what)) if self.chain.trusted().allow_jump => {
                let Some(number) = what.number else { return Err(ProveError::NotFollowed(Verdict::Unsupported(what))) };
                let (followed, beyond): (Vec<_>, Vec<_>) =
                    batch.into_iter().partition(|header| header.number() < number);
                self.advance(followed, options)?;
                if self.left_out.is_some() {
                    return Ok(());
                }
                self.go_around(beyond, what, now)
            }
            error => Err(error),
        }
    }

    fn leave_out(
        &mut self,
        mut batch: Vec<UntrustedHeader>,
        ahead: NotReached,
        options: SyncOptions,
        now: u64,
    ) -> Result<(), ProveError> {
        let oldest = self.take_out(&mut batch, &ahead, now);
        self.verify(&batch, options, now)?;
        self.keep(batch, now)?;
        self.note_left_out(ahead, oldest, now);
        Ok(())
    }

    /// Takes out headers that are ahead of the clock; gives the time of the first of them.
    fn take_out(&self, batch: &mut Vec<UntrustedHeader>, ahead: &NotReached, now: u64) -> u64 {
        let clock = self.chain.trusted().clock(now);
        let reached = batch.iter().take_while(|header| clock.reaches(header.fields().time).is_ok()).count();
        let (_, newest) = ahead.have_need();
        let oldest = batch.get(reached).map_or(newest, |header| header.fields().time);
        batch.truncate(reached);
        oldest
    }

    fn note_left_out(&mut self, ahead: NotReached, oldest: u64, now: u64) {
        let (_, newest) = ahead.have_need();
        self.newest = (newest, now);
        self.left_out = Some((ahead, oldest));
    }

    /// Accepts headers from one on that cannot be followed, the last of them sealed by the last
    /// verified council. Where that council did not seal it, the chain may well have changed it
    /// unseen: then the first cause stands, and blames nobody.
    fn go_around(
        &mut self,
        mut batch: Vec<UntrustedHeader>,
        unfollowed: Unsupported,
        now: u64,
    ) -> Result<(), ProveError> {
        let mut jumped = self.jump_to(&batch, now);
        let mut left_out = None;
        // As where a chain is followed: only what a quorum sealed may say that the clock is behind.
        if let Err(ProveError::NotFollowed(Verdict::NotYetTrusted(ahead @ NotReached::Clock { .. }))) = &jumped {
            let ahead = ahead.clone();
            let oldest = self.take_out(&mut batch, &ahead, now);
            left_out = Some((ahead, oldest));
            jumped = self.jump_to(&batch, now);
        }
        match jumped {
            Ok(()) => {
                self.unfollowed = Some(unfollowed);
                self.keep(batch, now)?;
                if let Some((ahead, oldest)) = left_out {
                    self.note_left_out(ahead, oldest, now);
                }
                Ok(())
            }
            Err(ProveError::Refused(error)) if UNSEEN_COUNCIL.contains(&error.code()) => {
                Err(ProveError::NotFollowed(Verdict::Unsupported(unfollowed)))
            }
            Err(error) => Err(error),
        }
    }

    /// Jumps over no header: the last carries its seals, and the others are linked to it.
    fn jump_to(&mut self, batch: &[UntrustedHeader], now: u64) -> Result<(), ProveError> {
        let mut run: Vec<UntrustedHeader> = batch.iter().map(UntrustedHeader::without_seals).collect();
        let (Some(last), Some(sealed)) = (run.last_mut(), batch.last()) else { return Ok(()) };
        *last = sealed.clone();
        Ok(self.chain.jump(run, now)?)
    }

    fn verify(&mut self, batch: &[UntrustedHeader], options: SyncOptions, now: u64) -> Result<(), ProveError> {
        let checked = match options.mode {
            FollowMode::Full => batch.to_vec(),
            FollowMode::Sparse => sparse(self.chain.client(), batch)?,
        };
        Ok(self.chain.advance(checked, options.mode, now)?)
    }

    /// Keeps headers that were verified.
    fn keep(&mut self, batch: Vec<UntrustedHeader>, now: u64) -> Result<(), ProveError> {
        for header in batch {
            self.headers_checked = self.headers_checked.saturating_add(1);
            let sealed = match self.chain.header(header.number())? {
                AnchoredHeader::Followed(header) => header.seals().is_some(),
                AnchoredHeader::Jumped(header) => header.seals().is_some(),
            };
            self.seals_checked = self.seals_checked.saturating_add(u64::from(sealed));
            self.newest = (header.fields().time, now);
            self.headers.push(header);
        }
        Ok(())
    }

    async fn recompute_roots<T: Transport>(
        &mut self,
        node: &Node<'_, T>,
        after: u64,
        progress: &dyn Progress,
    ) -> Result<(), ProveError> {
        progress.start("blocks", Some(self.head().saturating_sub(after)));
        let mut next = after.saturating_add(1);
        while next <= self.head() {
            let group = self.asked_together(next..=self.head(), BLOCKS_TOGETHER)?;
            let headers = group.iter().map(|height| self.chain.header(*height)).collect::<Result<Vec<_>, _>>()?;
            let recomputed = fetch_together(node, &headers).await?.len();
            self.roots_recomputed = self.roots_recomputed.saturating_add(u64::try_from(recomputed).unwrap_or(u64::MAX));
            next = group.last().map_or(self.head(), |height| *height).saturating_add(1);
            progress.step(next.saturating_sub(after).saturating_sub(1));
        }
        progress.finish();
        Ok(())
    }

    /// The first of `heights` whose blocks hold transactions: at most `most`, and no more than one answer may well hold. Gas is
    /// in the verified header and bounds the number of transactions.
    ///
    /// # Errors
    /// Where a height is not followed.
    pub fn asked_together(&self, heights: impl Iterator<Item = u64>, most: usize) -> Result<Vec<u64>, ProveError> {
        let (mut group, mut gas) = (Vec::new(), 0u64);
        for height in heights {
            if self.is_empty_block(height)? {
                continue;
            }
            gas = gas.saturating_add(self.raw_header(height).map_or(0, |header| header.fields().gas_used));
            if !group.is_empty() && (group.len() >= most || gas > GAS_TOGETHER) {
                break;
            }
            group.push(height);
        }
        Ok(group)
    }

    /// Whether the verified header commits to no transaction, so that the block need not be asked for.
    ///
    /// # Errors
    /// Where the height is not followed.
    pub fn is_empty_block(&self, height: u64) -> Result<bool, ProveError> {
        let header = self.chain.header(height)?;
        Ok(header.transactions_root() == empty_root(header.commitment_form()))
    }

    /// Headers of a bundle whose evidence lies at `heights`.
    pub(crate) fn header_proof(&self, heights: &Set<u64>, plan: HeaderPlan) -> Result<ChainProof, ProveError> {
        let first = self.headers.first().ok_or(ProveError::SelfCheck)?;
        let client = self.chain.client();
        let newest = heights.last().copied().unwrap_or(first.number()).min(client.head().number());
        let after = |header: &&UntrustedHeader| header.number() > first.number() && header.number() <= newest;
        let rest: Vec<UntrustedHeader> = self.headers.iter().filter(after).cloned().collect();
        let (mode, rest, jumps) = match plan {
            HeaderPlan::Full => (FollowMode::Full, rest, self.runs(client, heights)?),
            HeaderPlan::Sparse => {
                (FollowMode::Sparse, sparse(&self.client_at_checkpoint()?, &rest)?, self.runs(client, heights)?)
            }
            HeaderPlan::Jump if !self.chain.trusted().allow_jump => return Err(ProveError::JumpNotAllowed),
            HeaderPlan::Jump => (FollowMode::Sparse, Vec::new(), self.runs(&self.client_at_checkpoint()?, heights)?),
        };
        let entry =
            |header: &UntrustedHeader| HeaderEntry { header: without_round(header).encode(), hints: Vec::new() };
        Ok(ChainProof {
            chain: self.chain.name().to_owned(),
            mode,
            headers: core::iter::once(first).chain(&rest).map(entry).collect(),
            jumps: jumps.iter().map(|run| run.iter().map(entry).collect()).collect(),
            blocks: Vec::new(),
            states: Vec::new(),
        })
    }

    fn client_at_checkpoint(&self) -> Result<LightClient, ProveError> {
        let trusted = self.chain.trusted();
        let first = self.headers.first().cloned().ok_or(ProveError::SelfCheck)?;
        LightClient::from_checkpoint(&trusted.profile, &trusted.checkpoint, first).map_err(refused)
    }

    /// One run for each group of neighbouring heights beyond the head of `client`.
    fn runs(&self, client: &LightClient, heights: &Set<u64>) -> Result<Vec<Vec<UntrustedHeader>>, ProveError> {
        let mut runs: Vec<Vec<UntrustedHeader>> = Vec::new();
        let mut covered = client.head().number();
        let mut wanted = heights.iter().copied().filter(|height| *height > client.head().number()).peekable();
        while let Some(start) = wanted.next() {
            if start <= covered {
                continue;
            }
            let mut end = start;
            while wanted.peek().is_some_and(|next| *next <= end.saturating_add(1)) {
                end = wanted.next().unwrap_or(end);
            }
            let run = self.sealed_run(client, start, end)?;
            covered = run.last().map_or(end, UntrustedHeader::number);
            runs.push(run);
        }
        Ok(runs)
    }

    /// The headers from `start` to `end`, and on to one that the council of `client` sealed.
    fn sealed_run(&self, client: &LightClient, start: u64, end: u64) -> Result<Vec<UntrustedHeader>, ProveError> {
        let clock = Clock { now: self.chain.head().time, tolerance: 0 };
        let mut refusal = ProveError::SelfCheck;
        for last in end..=self.head().min(end.saturating_add(LONGEST_RUN)) {
            let headers =
                (start..last).filter_map(|number| self.raw_header(number).map(UntrustedHeader::without_seals));
            let run: Vec<UntrustedHeader> = headers.chain(self.raw_header(last).cloned()).collect();
            // The verifier applies the trusting period; here only the seals decide where the run may end.
            match client.jump(run.clone(), clock, u64::MAX) {
                Ok(_) => return Ok(run),
                Err(error) => refusal = refused(error),
            }
        }
        Err(refusal)
    }
}

/// Seals taken off where a sparse follower wants none.
fn sparse(client: &LightClient, headers: &[UntrustedHeader]) -> Result<Vec<UntrustedHeader>, ProveError> {
    let needs = client.needs_seals(headers).map_err(refused)?;
    let stripped =
        headers.iter().zip(needs).map(|(header, sealed)| if sealed { header.clone() } else { header.without_seals() });
    Ok(stripped.collect())
}

/// Nothing covers the round byte, so nodes may differ in it; with it blank, every prover makes the same bundle.
fn without_round(header: &UntrustedHeader) -> UntrustedHeader {
    let mut fields = header.clone().into_fields();
    let [.., round] = &mut fields.extra.vanity;
    *round = 0;
    UntrustedHeader::new(fields)
}

fn empty_root(form: CommitmentForm) -> Hash {
    derive_root::<&[u8]>(form, &[])
}

/// The items of one block: transactions and receipts in the form that the chain commits to.
#[derive(Clone, Debug)]
pub struct Items {
    /// The transactions, as they stand under the root.
    pub transactions: Vec<Vec<u8>>,
    /// The receipts, as they stand under the root.
    pub receipts: Vec<Vec<u8>>,
}

/// Fetches a block's transactions and receipts and recomputes both roots.
///
/// # Errors
/// Those of the endpoint, and where what it gives does not lie under the header's roots.
pub async fn fetch_items<T: Transport>(node: &Node<'_, T>, header: &AnchoredHeader) -> Result<Items, ProveError> {
    fetch_together(node, &[header]).await?.pop().ok_or(ProveError::SelfCheck)
}

/// The same of several blocks, asked for together.
pub(crate) async fn fetch_together<T: Transport>(
    node: &Node<'_, T>,
    headers: &[&AnchoredHeader],
) -> Result<Vec<Items>, ProveError> {
    let transactions = transactions_under(node, headers).await?;
    let receipts = receipts_under(node, headers).await?;
    let items = transactions.into_iter().zip(receipts);
    Ok(items.map(|(transactions, receipts)| Items { transactions, receipts }).collect())
}

/// Fetches the transactions of blocks, asked for together, and recomputes their roots.
///
/// # Errors
/// Those of the endpoint, and where what it gives does not lie under the headers' roots.
pub async fn transactions_under<T: Transport>(
    node: &Node<'_, T>,
    headers: &[&AnchoredHeader],
) -> Result<Vec<Vec<Vec<u8>>>, ProveError> {
    let heights: Vec<u64> = headers.iter().map(|header| header.number()).collect();
    let mut lists = Vec::new();
    for (header, block) in headers.iter().zip(node.blocks(&heights).await?) {
        let transactions: Vec<Vec<u8>> = block.transactions.iter().map(Transaction::encode).collect();
        if derive_root(header.commitment_form(), &transactions) != header.transactions_root() {
            return Err(RpcError::Answer { method: "kaia_getBlockByNumber", field: "transactions" }.into());
        }
        lists.push(transactions);
    }
    Ok(lists)
}

/// Fetches the receipts of blocks, asked for together, and recomputes their roots.
///
/// # Errors
/// As [`transactions_under`].
pub async fn receipts_under<T: Transport>(
    node: &Node<'_, T>,
    headers: &[&AnchoredHeader],
) -> Result<Vec<Vec<Vec<u8>>>, ProveError> {
    let hashes: Vec<Hash> = headers.iter().map(|header| header.hash()).collect();
    let mut lists = Vec::new();
    for (header, receipts) in headers.iter().zip(node.receipts(&hashes).await?) {
        let receipts: Vec<Vec<u8>> = receipts.iter().map(Receipt::encode).collect();
        if derive_root(header.commitment_form(), &receipts) != header.receipts_root() {
            return Err(RpcError::Answer { method: "kaia_getBlockReceipts", field: "receipts" }.into());
        }
        lists.push(receipts);
    }
    Ok(lists)
}
