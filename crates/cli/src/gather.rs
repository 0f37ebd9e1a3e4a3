//! The border to the prover: recordings are opened here, its futures run here, and its errors become failures here.

use crate::failure::Failure;
use crate::files;
use crate::nodes::{Nodes, Source};
use crate::nonces::Nonces;
use crate::output;
use crate::show::{uncovered, words};
use crate::{clock, trust_file};
use serde_json::Value;
use spanlight::consensus::light_client::FollowMode;
use spanlight::consensus::LightClient;
use spanlight::trust::TrustedChain;
use spanlight::verdict::{NotReached, Verdict};
use spanlight::verify::{AnchoredHeader, Report};
use spanlight::{ProofBundle, Trust};
use spanlight_prover::{
    endpoints, Audit, Endpoints, Ends, Finding, HeaderPlan, Node, Progress, Proof, ProveError, ProveOptions, Reach,
    Reason, Replay, RpcError, Subject, SyncOptions, Time, VoteScan,
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
    /// What was found of endpoints and of the clock, as JSON.
    pub(crate) notes: Vec<Value>,
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
    nodes: &Nodes,
    chain: &TrustedChain,
    ask: &SyncAsk,
    progress: &dyn Progress,
) -> Result<Synced, Failure> {
    let endpoints = &nodes.endpoints;
    let synced = pollster::block_on(async {
        endpoints.check(chain).await?;
        let time = match ask.now {
            Some(now) => Time::Fixed(now),
            None => time_of(&[(nodes, chain)]).await?,
        };
        let options = SyncOptions { to: ask.to, mode: ask.mode, deep: ask.deep, time };
        endpoints.follow(chain, options, progress).await
    });
    print_notes(&synced, &endpoints.findings());
    synced
        .map(|synced| Synced {
            client: synced.chain().client().clone(),
            headers: synced.headers_checked,
            sealed_headers: synced.seals_checked,
            seals: count_seals(&synced),
            roots: synced.roots_recomputed,
            notes: notes_of(nodes, chain),
        })
        .map_err(|e| failure(&chain.profile.name, e, &endpoints.findings()))
}

/// What `prove` and `audit` are asked about, beside the nonces.
#[derive(Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) trust: &'a Trust,
    /// Source, then destination: chains of the trust's bridge.
    pub(crate) names: [&'a str; 2],
    pub(crate) nodes: [&'a Nodes; 2],
    /// None for this machine's time, or for one second after the newest recorded block where all is recorded.
    pub(crate) now: Option<u64>,
}

/// Evidence that was gathered and judged.
pub(crate) struct Gathered {
    pub(crate) bundle: ProofBundle,
    pub(crate) report: Report,
    /// For an audit, `full` or `none`.
    pub(crate) vote_scan: &'static str,
    /// Nonces outside the range that got votes without a request.
    pub(crate) beyond: Vec<u64>,
    /// Nonces for which an endpoint refused evidence.
    pub(crate) unavailable: Vec<(u64, RpcError)>,
    pub(crate) now: u64,
    /// What was found of endpoints and of the clock, as JSON.
    pub(crate) notes: Vec<Value>,
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
        let Proof { bundle, report, unavailable } = spanlight_prover::prove(ends, subject, options, progress).await?;
        Ok(Gathered {
            bundle,
            report,
            vote_scan: VoteScan::None.name(),
            beyond: Vec::new(),
            unavailable,
            now,
            notes: Vec::new(),
        })
    })
}

/// Judges every transfer of a range. Only a full scan finds votes for what nobody requested, since they leave no event;
/// without it the votes for what was requested are looked for all the same.
pub(crate) fn audit(
    pair: &Pair<'_>,
    nonces: Nonces,
    scan: VoteScan,
    reach: Reach,
    progress: &dyn Progress,
) -> Result<Gathered, Failure> {
    let range = (nonces.first, nonces.last);
    if scan == VoteScan::None {
        return prove(pair, Subject::Range(range.0, range.1), HeaderPlan::Sparse, progress);
    }
    pair.gather(progress, async |ends, now| {
        let mut options = ProveOptions::at(now);
        options.scan = Some(u64::MAX);
        let Audit { bundle, report, vote_scan, beyond, unavailable } =
            spanlight_prover::audit(ends, range, reach, options, progress).await?;
        Ok(Gathered { bundle, report, vote_scan: vote_scan.name(), beyond, unavailable, now, notes: Vec::new() })
    })
}

impl Pair<'_> {
    /// Follows both chains, every seal of them, and hands them to `job`.
    fn gather(
        &self,
        progress: &dyn Progress,
        job: impl AsyncFn(&Ends<'_, '_, Endpoints<Source>>, u64) -> Result<Gathered, ProveError>,
    ) -> Result<Gathered, Failure> {
        let [source, destination] = self.names;
        let context = format!("{source} to {destination}");
        let (source, destination) =
            (trust_file::chain(self.trust, source)?, trust_file::chain(self.trust, destination)?);
        let [from, to] = self.nodes;
        let gathered = async {
            from.endpoints.check(source).await?;
            to.endpoints.check(destination).await?;
            let time = match self.now {
                Some(now) => Time::Fixed(now),
                None => time_of(&[(from, source), (to, destination)]).await?,
            };
            let options = SyncOptions { to: None, mode: FollowMode::Full, deep: false, time };
            let (from, to) = (&from.endpoints, &to.endpoints);
            let pair = endpoints::Pair { trust: self.trust, source: (from, source), destination: (to, destination) };
            pair.gather(options, progress, job).await
        };
        let gathered = pollster::block_on(gathered);
        let findings = [from.endpoints.findings(), to.endpoints.findings()].concat();
        print_notes(&gathered, &findings);
        let notes = [(from, source), (to, destination)].map(|(nodes, chain)| notes_of(nodes, chain));
        gathered
            .map(|gathered| Gathered { notes: notes.concat(), ..gathered })
            .map_err(|e| failure(&context, e, &findings))
    }
}

impl endpoints::Gathered for Gathered {
    fn report(&self) -> &Report {
        &self.report
    }
}

/// What was found of a chain's endpoints, for machines.
fn notes_of(nodes: &Nodes, chain: &TrustedChain) -> Vec<Value> {
    output::notes_json(&chain.profile.name, &nodes.endpoints.findings())
}

/// The time to judge recordings by.
pub(crate) fn time_of_recordings(chains: &[(&Nodes, &TrustedChain)]) -> Result<u64, Failure> {
    let time = pollster::block_on(time_of(chains)).map_err(|e| failure("recordings", e, &[]))?;
    Ok(time.now())
}

/// The time to judge by: this machine's clock, or one second after the newest block where all is
/// recorded. The recording may lie about it, and would then only be judged as of another time,
/// which is shown.
async fn time_of(chains: &[(&Nodes, &TrustedChain)]) -> Result<Time, ProveError> {
    if chains.iter().any(|(nodes, _)| nodes.live) {
        return Ok(Time::Runs(clock::now));
    }
    let mut newest = 0u64;
    for (nodes, chain) in chains {
        let node = Node::new(&nodes.endpoints, &chain.profile);
        newest = newest.max(node.header(node.head_number().await?).await?.fields().time);
    }
    Ok(Time::Fixed(newest.saturating_add(1)))
}

/// What was found of the endpoints, where the failure does not say it.
fn print_notes<R>(result: &Result<R, ProveError>, findings: &[Finding]) {
    if !matches!(result, Err(ProveError::Rpc(RpcError::Transport { .. } | RpcError::NoneLeft { .. }))) {
        output::print_notes(findings);
    }
}

/// What to say of a gathering that ended early, and with which exit code.
fn failure(context: &str, error: ProveError, findings: &[Finding]) -> Failure {
    let code = error.code();
    let failure = match &error {
        ProveError::Rpc(e) => of_endpoint(context, e, findings),
        ProveError::Trust(e) => Failure::unreadable(format!("trust file: {e}")),
        ProveError::Refused(e) if all_say(findings) > 1 => Failure::endpoint(format!(
            "{context}: all endpoints show the same, and it is refused: {e}"
        ))
        .hint("is the trust file right for this chain? Else they lie together, or this build is wrong about the chain"),
        ProveError::Refused(e) => Failure::endpoint(format!("{context}: the endpoint's answer is invalid: {e}"))
            .hint("it does not fit what you trust: is it this chain, and is the trust file right?"),
        ProveError::NotFollowed(verdict) => return not_followed(context, verdict),
        ProveError::EventNotFound { .. } => {
            Failure::endpoint(format!("{context}: {error}")).hint("try another endpoint")
        }
        ProveError::OtherDirection { from, .. } => Failure::usage(&error).hint(format!("say --from {from}")),
        ProveError::Range => Failure::usage(&error).hint("ask for fewer nonces at a time"),
        ProveError::JumpNotAllowed => {
            let hint = "set `allow_jump = true` for the chain in your trust file, or use --headers sparse";
            Failure::verdict(2, &error).hint(hint)
        }
        _ => Failure::verdict(2, format!("{context}: {error}")),
    };
    failure.code(code)
}

/// An endpoint's failure, with its name and the method where they are known.
fn of_endpoint(context: &str, error: &RpcError, findings: &[Finding]) -> Failure {
    if let RpcError::NoAccount { .. } = error {
        let hint = "is the bridge's address in your trust file right, and had it been made by that block?";
        return Failure::verdict(2, format!("{context}: {error}")).hint(hint);
    }
    let said = endpoints::refusal_of(error, findings).map(|finding| format!(" ({finding})")).unwrap_or_default();
    let hint = match error {
        RpcError::NoneLeft { .. } if findings.iter().any(is_of_another_chain) => {
            "give --rpc of the chain that the trust file or genesis file describes"
        }
        RpcError::Transport { reason } if reason.contains("certificate") => {
            "if the endpoint is of your own network, give the file of its certificate authority: --ca FILE"
        }
        RpcError::Transport { .. } => {
            "is the address right, and does the node serve JSON-RPC over HTTP? --timeout waits longer, another --rpc helps out"
        }
        RpcError::Pruned { .. } => "add --rpc of an archive node; other nodes keep the state of recent blocks only",
        _ => "try another endpoint; a recording answers only what was recorded",
    };
    Failure::endpoint(format!("{context}: {error}{said}")).hint(hint)
}

/// How many endpoints have shown the same, where all of those that answer have.
fn all_say(findings: &[Finding]) -> usize {
    let all = findings.iter().filter_map(|finding| match finding {
        Finding::AllSay { endpoints, .. } => Some(endpoints.len()),
        _ => None,
    });
    all.max().unwrap_or_default()
}

const fn is_of_another_chain(finding: &Finding) -> bool {
    matches!(finding, Finding::Aside { reason: Reason::ChainId { .. } | Reason::Checkpoint { .. }, .. })
}

/// What to do where a chain is ahead of the clock.
pub(crate) const CLOCK_HINT: &str = "set this machine's clock (by NTP), or say the time with --now SECONDS";

/// The chain ends before its head: the trust does not reach, or a rule is not covered.
fn not_followed(context: &str, verdict: &Verdict) -> Failure {
    let (name, code) = (verdict.name().replace('_', " "), verdict.code().unwrap_or_default());
    if let Verdict::Unsupported(what) = verdict {
        let words = format!("{context}: not covered, and nobody is accused: {}", uncovered::sentence(what));
        return Failure::verdict(verdict.exit_code(), words).uncovered(what);
    }
    let detail = verdict.detail().unwrap_or_default();
    let failure = Failure::verdict(verdict.exit_code(), format!("{context}: {name}: {detail}")).code(code);
    if matches!(verdict, Verdict::NotYetTrusted(NotReached::TrustExpired { .. })) {
        failure.hint("start from a newer checkpoint that you trust (sync --checkpoint-out writes one), or give --now")
    } else if matches!(verdict, Verdict::NotYetTrusted(NotReached::BelowCheckpoint { .. })) {
        failure.hint(words::BELOW_CHECKPOINT)
    } else if matches!(verdict, Verdict::NotYetTrusted(NotReached::Clock { .. })) {
        failure.hint(CLOCK_HINT)
    } else {
        failure
    }
}
