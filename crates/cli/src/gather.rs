//! The border to the prover: recordings are opened here, its futures run here, and its errors become failures here.

use crate::failure::Failure;
use crate::files;
use crate::nonces::Nonces;
use crate::trust_file;
use spanlight::consensus::light_client::FollowMode;
use spanlight::consensus::LightClient;
use spanlight::trust::TrustedChain;
use spanlight::verdict::{NotReached, Verdict};
use spanlight::verify::{AnchoredHeader, Report};
use spanlight::{ProofBundle, Trust};
use spanlight_prover::{
    Audit, Ends, HeaderPlan, Node, Progress, Proof, ProveError, ProveOptions, Replay, Subject, SyncOptions, VoteScan,
};
use std::path::Path;

/// Larger recordings are refused.
const MOST: usize = 1 << 30;

/// Opens a recording.
pub(crate) fn open(path: &Path) -> Result<Replay, Failure> {
    replay(&files::read(path, MOST)?, &path.display().to_string())
}

/// Reads the bytes of a recording called `name`.
pub(crate) fn replay(bytes: &[u8], name: &str) -> Result<Replay, Failure> {
    Replay::read(bytes).map_err(|e| {
        Failure::unreadable(format!("{name}: {e}")).code(e.code()).hint(
            "a recording has one JSON-RPC exchange {\"method\", \"params\", \"result\"} in each line, plain or gzip",
        )
    })
}

/// What `sync` is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SyncAsk {
    pub(crate) to: Option<u64>,
    pub(crate) mode: FollowMode,
    pub(crate) deep: bool,
    pub(crate) now: Option<u64>,
}

/// A chain that was followed.
pub(crate) struct Synced {
    pub(crate) client: LightClient,
    pub(crate) headers: u64,
    /// Headers whose seals were checked.
    pub(crate) sealed_headers: u64,
    /// Committed seals in them, one for each signer.
    pub(crate) seals: usize,
    /// Blocks whose roots were recomputed.
    pub(crate) roots: u64,
}

fn count_seals(synced: &spanlight_prover::Synced<'_>) -> usize {
    let headers = (synced.first()..=synced.head()).filter_map(|number| synced.chain().header(number).ok());
    let signers = headers.filter_map(|header| match header {
        AnchoredHeader::Followed(header) => header.seals().map(|seals| seals.signers.len()),
        AnchoredHeader::Jumped(_) => None,
    });
    signers.sum()
}

/// Follows a chain.
pub(crate) fn sync(
    node: &Replay,
    chain: &TrustedChain,
    ask: &SyncAsk,
    progress: &dyn Progress,
) -> Result<Synced, Failure> {
    let node = Node::new(node, &chain.profile);
    let name = &chain.profile.name;
    pollster::block_on(async {
        let now = match ask.now {
            Some(now) => now,
            None => newest_time(&node).await?.saturating_add(1),
        };
        let options = SyncOptions { to: ask.to, mode: ask.mode, deep: ask.deep, now };
        spanlight_prover::sync(&node, chain, options, progress).await
    })
    .map(|synced| Synced {
        client: synced.chain().client().clone(),
        headers: synced.headers_checked,
        sealed_headers: synced.seals_checked,
        seals: count_seals(&synced),
        roots: synced.roots_recomputed,
    })
    .map_err(|e| failure(name, e))
}

/// What `prove` and `audit` are asked about, beside the nonces.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) trust: &'a Trust,
    /// Source, then destination: chains of the trust's bridge.
    pub(crate) names: [&'a str; 2],
    pub(crate) nodes: [&'a Replay; 2],
    /// None for one second after the newest recorded block.
    pub(crate) now: Option<u64>,
}

/// Evidence that was gathered and judged.
pub(crate) struct Gathered {
    pub(crate) bundle: ProofBundle,
    pub(crate) report: Report,
    /// For an audit, `full` or `none`.
    pub(crate) vote_scan: &'static str,
    pub(crate) now: u64,
}

/// Makes the bundle for `subject`.
pub(crate) fn prove(
    pair: &Pair<'_>,
    subject: Subject,
    headers: HeaderPlan,
    progress: &dyn Progress,
) -> Result<Gathered, Failure> {
    pair.gather(progress, async |ends, now| {
        let mut options = ProveOptions::at(now);
        options.headers = headers;
        let Proof { bundle, report } = spanlight_prover::prove(ends, subject, options, progress).await?;
        Ok(Gathered { bundle, report, vote_scan: VoteScan::None.name(), now })
    })
}

/// Judges every transfer of a range. Only a full scan finds votes for what nobody requested, since they leave no event;
/// without it the votes for what was requested are looked for all the same.
pub(crate) fn audit(
    pair: &Pair<'_>,
    nonces: Nonces,
    scan: VoteScan,
    progress: &dyn Progress,
) -> Result<Gathered, Failure> {
    let range = (nonces.first, nonces.last);
    if scan == VoteScan::None {
        return prove(pair, Subject::Range(range.0, range.1), HeaderPlan::Sparse, progress);
    }
    pair.gather(progress, async |ends, now| {
        let mut options = ProveOptions::at(now);
        options.scan = Some(u64::MAX);
        let Audit { bundle, report, vote_scan } = spanlight_prover::audit(ends, range, options, progress).await?;
        Ok(Gathered { bundle, report, vote_scan: vote_scan.name(), now })
    })
}

impl Pair<'_> {
    /// Follows both chains, every seal of them, and hands them to `job`.
    fn gather(
        &self,
        progress: &dyn Progress,
        job: impl AsyncFnOnce(&Ends<'_, '_, Replay>, u64) -> Result<Gathered, ProveError>,
    ) -> Result<Gathered, Failure> {
        let [source, destination] = self.names;
        let context = format!("{source} to {destination}");
        let (source, destination) =
            (trust_file::chain(self.trust, source)?, trust_file::chain(self.trust, destination)?);
        let [from, to] = self.nodes;
        let (from, to) = (Node::new(from, &source.profile), Node::new(to, &destination.profile));
        let job = async {
            let now = match self.now {
                Some(now) => now,
                None => newest_time(&from).await?.max(newest_time(&to).await?).saturating_add(1),
            };
            let options = SyncOptions { to: None, mode: FollowMode::Full, deep: false, now };
            let source = spanlight_prover::sync(&from, source, options, progress).await?;
            let destination = spanlight_prover::sync(&to, destination, options, progress).await?;
            job(&Ends { trust: self.trust, source: (&from, &source), destination: (&to, &destination) }, now).await
        };
        pollster::block_on(job).map_err(|e| failure(&context, e))
    }
}

/// The time of a node's newest block. A node may lie about it; all that it decides is the default of the time to judge by,
/// and only for recordings.
async fn newest_time(node: &Node<'_, Replay>) -> Result<u64, ProveError> {
    Ok(node.header(node.head_number().await?).await?.fields().time)
}

/// What to say of a gathering that ended early, and with which exit code.
fn failure(context: &str, error: ProveError) -> Failure {
    let code = error.code();
    let failure = match &error {
        ProveError::Rpc(e) => Failure::endpoint(format!("{context}: {e}"))
            .hint("try another endpoint; a recording answers only what was recorded"),
        ProveError::Trust(e) => Failure::unreadable(format!("trust file: {e}")),
        ProveError::Refused(e) => Failure::verdict(1, format!("{context}: the endpoint's answer is invalid: {e}"))
            .hint("it does not fit what you trust: is it this chain, and is the trust file right?"),
        ProveError::NotFollowed(verdict) => return not_followed(context, verdict),
        ProveError::EventNotFound { .. } => {
            Failure::endpoint(format!("{context}: {error}")).hint("try another endpoint")
        }
        ProveError::Range => Failure::usage(&error).hint("ask for fewer nonces at a time"),
        ProveError::JumpNotAllowed => {
            let hint = "set `allow_jump = true` for the chain in your trust file, or use --headers sparse";
            Failure::verdict(2, &error).hint(hint)
        }
        _ => Failure::verdict(2, format!("{context}: {error}")),
    };
    failure.code(code)
}

/// The chain ends before its head: the trust does not reach, or a rule is not covered.
fn not_followed(context: &str, verdict: &Verdict) -> Failure {
    let (name, code) = (verdict.name().replace('_', " "), verdict.code().unwrap_or_default());
    let detail = verdict.detail().unwrap_or_default();
    let failure = Failure::verdict(verdict.exit_code(), format!("{context}: {name}: {detail}")).code(code);
    if code.contains("`qualified`") {
        failure.hint("say what you know of demoted validators: --qualified council, or --qualified N")
    } else if matches!(verdict, Verdict::NotYetTrusted(NotReached::TrustExpired { .. })) {
        failure.hint("start from a newer checkpoint that you trust (sync --checkpoint-out writes one), or give --now")
    } else {
        failure
    }
}
