//! Watches what others do: reads the destination's new blocks, has the verifier judge what does not fit, raises the alarm, and
//! writes the evidence down.

use super::Session;
use crate::alarm::Alarm;
use crate::backlog::{is_of_endpoints, Course};
use crate::clock;
use crate::direction::WorkError;
use crate::watch::{self, Seen};
use serde_json::json;
use spanlight::report::ReportJson;
use spanlight::verdict::{State, TransferVerdict, Verdict};
use spanlight::{Address, Hash};
use spanlight_prover::{prove, Ends, Node, Proof, ProveError, ProveOptions, RpcError, Silent, Subject};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Time for judging in one round: new blocks bring votes to cast.
const BUDGET: Duration = Duration::from_secs(2);

/// Destination blocks that are read for votes when evidence is gathered.
const SCAN: u64 = 256;

impl Session<'_> {
    /// Reads those destination blocks again that could not be read.
    pub(super) async fn watch_again(&mut self) -> Result<(), WorkError> {
        for number in self.unwatched.due(Instant::now()) {
            self.watch_block(number).await?;
        }
        Ok(())
    }

    /// Reads the destination blocks that are new.
    pub(super) async fn watch_blocks(&mut self) -> Result<(), WorkError> {
        while self.watched < self.destination.head() && !self.unwatched.is_full() {
            let number = self.watched.saturating_add(1);
            self.watch_block(number).await?;
            self.watched = number;
        }
        Ok(())
    }

    /// Has those judged on whom something does not fit.
    pub(super) async fn judge_suspects(&mut self) -> Result<(), WorkError> {
        let start = Instant::now();
        for nonce in self.watch.due(self.source.head(), self.destination.head()) {
            if start.elapsed() < BUDGET {
                self.judge(nonce).await?;
            }
        }
        Ok(())
    }

    async fn watch_block(&mut self, number: u64) -> Result<(), WorkError> {
        let node = Node::new(&self.links[1].endpoints, &self.destination.chain().trusted().profile);
        let votes = self.direction.shared.config.voting.watch_blocks;
        let seen = match watch::read_block(&node, &self.destination, self.direction.to.address, number, votes).await {
            Ok(seen) => seen,
            Err(error) => return self.put_off_watching(number, error),
        };
        self.unwatched.read(number);
        for seen in &seen {
            self.watch.see(seen);
            if let Seen::Anchor(account, data) = seen {
                self.see_anchor(*account, data);
            }
        }
        Ok(())
    }

    fn put_off_watching(&mut self, number: u64, error: ProveError) -> Result<(), WorkError> {
        let asked = (self.links[1].len(), self.followed[1]);
        self.followed[1] &= !is_of_endpoints(&error);
        match self.unwatched.failed(number, &error, Vec::new(), asked, Instant::now()) {
            Course::EndRound => return Err(error.into()),
            Course::Waits { tell } => {
                tracing::warn!(direction = %self.direction.name, block = number, %error, "a block cannot be watched");
                if tell {
                    let (chain, code) = (self.direction.to.chain.clone(), error.code());
                    self.raise(None, Alarm::UnreadBlock { chain, block: number, code });
                }
            }
        }
        Ok(())
    }

    /// Whether everything up to the destination's head was read and judged.
    pub(super) fn is_watched(&self) -> bool {
        self.watched == self.destination.head() && self.unwatched.waiting().next().is_none() && !self.watch.waits()
    }

    /// Votes that stand for something else than what is proven to be requested: both are proven, so no more is needed.
    pub(super) fn watch_votes(&mut self) {
        let me = self.view.me;
        let mut forged: Vec<(u64, Address, Hash)> = Vec::new();
        for (nonce, open) in &self.open {
            let votes = self.view.transfers.get(nonce).into_iter().flat_map(|state| &state.votes);
            forged.extend(votes.filter(|(_, voted)| **voted != open.key).map(|(who, voted)| (*nonce, *who, *voted)));
        }
        for (nonce, operator, voted) in forged {
            let alarm = if operator == me { Alarm::KeyStolen { voted } } else { Alarm::ForgedVote { operator, voted } };
            self.raise(Some(nonce), alarm);
        }
    }

    /// Has the verifier judge a nonce.
    async fn judge(&mut self, nonce: u64) -> Result<(), WorkError> {
        let proof = match self.prove(nonce).await {
            Ok(proof) => proof,
            // What a node has not kept, or will not show, stays so: another operator's vote must not stop this one's work with it.
            Err(ProveError::Rpc(error)) if !matches!(error, RpcError::Pruned { .. } | RpcError::Node { .. }) => {
                self.judge_again(nonce, true);
                return Err(ProveError::Rpc(error).into());
            }
            Err(error) => {
                tracing::warn!(direction = %self.direction.name, nonce, %error, "what does not fit could not be proven");
                self.judge_again(nonce, true);
                return Ok(());
            }
        };
        let Some(transfer) = proof.report.transfers.first() else {
            self.judge_again(nonce, true);
            return Ok(());
        };
        let again = match &transfer.verdict {
            Verdict::Proven { state, .. } => {
                self.accuse(nonce, state, transfer, &proof);
                false
            }
            Verdict::NotYetTrusted(_) => true,
            other => {
                tracing::warn!(direction = %self.direction.name, nonce, verdict = other.name(), code = other.code(), "what does not fit could not be judged");
                matches!(other, Verdict::Incomplete { .. })
            }
        };
        self.judge_again(nonce, again);
        Ok(())
    }

    fn judge_again(&mut self, nonce: u64, again: bool) {
        if self.watch.judged(nonce, again, self.destination.head()) {
            self.raise(Some(nonce), Alarm::Unjudged);
        }
    }

    async fn prove(&self, nonce: u64) -> Result<Proof, ProveError> {
        let source = Node::new(&self.links[0].endpoints, &self.source.chain().trusted().profile);
        let destination = Node::new(&self.links[1].endpoints, &self.destination.chain().trusted().profile);
        let ends =
            Ends { trust: self.trust, source: (&source, &self.source), destination: (&destination, &self.destination) };
        let options = ProveOptions { scan: Some(SCAN), tries: 8, ..ProveOptions::at(clock::now()) };
        prove(&ends, Subject::Nonce(nonce), options, &Silent).await
    }

    fn accuse(&mut self, nonce: u64, state: &State, transfer: &TransferVerdict, proof: &Proof) {
        match state {
            State::Fraud { kind, culprits, .. } => {
                let (kind, culprits) = (kind.code().to_owned(), culprits.clone());
                let evidence = self.write_evidence(nonce, proof);
                self.raise(Some(nonce), Alarm::Fraud { kind, culprits, evidence });
            }
            State::Attempted { culprits, .. } => {
                let culprits = culprits.clone();
                let evidence = self.write_evidence(nonce, proof);
                self.raise(Some(nonce), Alarm::Attempted { culprits, evidence });
            }
            _ => {
                for operator in transfer.dissenters.clone() {
                    let voted = self.view.transfers.get(&nonce).and_then(|state| state.votes.get(&operator)).copied();
                    self.raise(Some(nonce), Alarm::ForgedVote { operator, voted: voted.unwrap_or(Hash::ZERO) });
                }
            }
        }
    }

    /// Writes the bundle, the trust from which it is judged, and the report beside each other; gives the bundle's name.
    fn write_evidence(&self, nonce: u64, proof: &Proof) -> String {
        let folder = &self.direction.shared.config.evidence;
        let stem = format!("{}-{nonce}", self.direction.from.chain);
        let path = |ending: &str| folder.join(format!("{stem}.{ending}"));
        let files: [(PathBuf, Vec<u8>); 3] = [
            (path("trust.json"), json!(self.trust).to_string().into_bytes()),
            (path("report.json"), json!(ReportJson::new(&proof.report)).to_string().into_bytes()),
            (path("spl"), proof.bundle.encode()),
        ];
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| files.iter().try_for_each(|(path, bytes)| std::fs::write(path, bytes)));
        match written {
            Ok(()) => path("spl").display().to_string(),
            Err(error) => {
                tracing::error!(folder = %folder.display(), %error, "the evidence could not be written");
                format!("not written: {error}")
            }
        }
    }
}
