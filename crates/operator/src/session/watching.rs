//! Watches what others do: reads the destination's new blocks, has the verifier judge what does not fit, raises the alarm, and
//! writes the evidence down.

use super::Session;
use crate::alarm::Alarm;
use crate::backlog::{is_of_endpoints, Course};
use crate::clock;
use crate::direction::WorkError;
use crate::evidence::{Case, Folder};
use crate::watch::{self, Seen};
use serde_json::json;
use spanlight::report::ReportJson;
use spanlight::trust::Trust;
use spanlight::verdict::{State, TransferVerdict, Verdict};
use spanlight::{Address, Hash};
use spanlight_prover::later::full_nodes_keep;
use spanlight_prover::{
    prove, Ends, Node, Proof, ProveError, ProveOptions, RpcError, Silent, Subject, Synced, BLOCKS_TOGETHER,
};
use std::time::{Duration, Instant};

/// Time for reading, and again for judging, in one round: new blocks bring votes to cast, and a person may have said something.
const BUDGET: Duration = Duration::from_secs(2);

/// The longest time to gather the evidence of one nonce is 64 seconds.
const MOST_DOUBLINGS: u32 = 5;

/// Destination blocks that are read for votes when evidence is gathered. A vote that names a block
/// to come can be judged only once both chains have gone on for longer than their clocks may
/// differ, and up to a state that full nodes keep.
const SCAN: u64 = 1024;

/// Whether the time of a round for one kind of work is over.
pub(super) fn is_spent(start: Instant) -> bool {
    start.elapsed() >= BUDGET
}

/// Time to gather the evidence of a nonce that was looked at so many times. A vote for anything makes it be gathered, and the
/// operator's own votes wait meanwhile, so it is short at first; a slow node gets longer each time.
fn time_to_prove(looks: u32) -> Duration {
    BUDGET.saturating_mul(1u32.wrapping_shl(looks.saturating_add(1).min(MOST_DOUBLINGS)))
}

impl Session<'_> {
    /// Reads those destination blocks again that could not be read: for a while only.
    pub(super) async fn watch_again(&mut self) -> Result<(), WorkError> {
        let start = Instant::now();
        for number in self.unwatched.due(start) {
            if is_spent(start) {
                break;
            }
            self.watch_block(number).await?;
        }
        Ok(())
    }

    /// Reads the destination blocks that are new: for a while only, since after a long time off there are many. At least one is
    /// read in each round.
    pub(super) async fn watch_blocks(&mut self) -> Result<(), WorkError> {
        let start = Instant::now();
        while self.has_more_to_watch() && !is_spent(start) {
            let group = self.next_to_watch()?;
            let is_read = group.len() > 1 && self.watch_together(&group).await;
            for number in group.iter().filter(|_| !is_read) {
                if !self.has_more_to_watch() {
                    return Ok(());
                }
                self.watch_block(*number).await?;
                self.watched = *number;
            }
            self.watched = group.last().copied().unwrap_or_else(|| self.watchable());
        }
        Ok(())
    }

    /// The next blocks to read, as many as are asked for together; none where no block up to the
    /// head has to be read.
    fn next_to_watch(&self) -> Result<Vec<u64>, WorkError> {
        let (bridge, votes) = (&self.direction.to.address, self.direction.shared.config.voting.watch_blocks);
        let is_wanted = |number: &u64| watch::is_wanted(&self.destination, bridge, *number, votes).unwrap_or(true);
        let new = (self.watched.saturating_add(1)..=self.watchable()).filter(is_wanted);
        Ok(self.destination.asked_together(new, BLOCKS_TOGETHER)?)
    }

    /// Whether all of these blocks could be read side by side; where not, each has to be read by
    /// itself.
    async fn watch_together(&mut self, group: &[u64]) -> bool {
        let node = Node::new(&self.links[1].endpoints, &self.destination.chain().trusted().profile);
        let read = watch::read_blocks(&node, &self.destination, self.direction.to.address, group).await;
        let Ok(read) = read else { return false };
        for (number, seen) in group.iter().zip(read) {
            self.take_seen(*number, &seen);
        }
        true
    }

    /// Has those judged on whom something does not fit.
    pub(super) async fn judge_suspects(&mut self) -> Result<(), WorkError> {
        let start = Instant::now();
        for nonce in self.watch.due(self.source.head(), self.destination.head()) {
            if !is_spent(start) {
                self.judge(nonce).await?;
            }
        }
        Ok(())
    }

    async fn watch_block(&mut self, number: u64) -> Result<(), WorkError> {
        let node = Node::new(&self.links[1].endpoints, &self.destination.chain().trusted().profile);
        match watch::read_blocks(&node, &self.destination, self.direction.to.address, &[number]).await {
            Ok(read) => self.take_seen(number, &read.concat()),
            Err(error) => self.put_off_watching(number, error)?,
        }
        Ok(())
    }

    fn take_seen(&mut self, number: u64, seen: &[Seen]) {
        self.unwatched.read(number);
        for (place, seen) in seen.iter().enumerate() {
            self.watch.see(seen);
            match seen {
                Seen::Anchor(account, data) => self.see_anchor(*account, data),
                Seen::Notice(notice) => self.take_notice((number, place), notice),
                Seen::Call(_) | Seen::Handle(_) => {}
            }
        }
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

    /// Whether a round has ended before all new destination blocks were read.
    pub(super) fn has_more_to_watch(&self) -> bool {
        self.watched < self.watchable() && !self.unwatched.is_full()
    }

    /// The newest destination block to read. While the source is caught up with, what was done in
    /// later ones may be for requests that are not found yet.
    fn watchable(&self) -> u64 {
        let (mut low, mut high) = (self.watched, self.destination.head());
        if !self.is_catching_up() {
            return high;
        }
        let until = self.searched_until();
        let is_before = |number| self.destination.chain().header(number).is_ok_and(|header| header.time() < until);
        // Times grow with heights.
        while low < high {
            let middle = high.saturating_sub(high.saturating_sub(low) >> 1);
            if is_before(middle) {
                low = middle;
            } else {
                high = middle.saturating_sub(1);
            }
        }
        low
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
        let time = time_to_prove(self.watch.looks(nonce));
        let Ok(proof) = tokio::time::timeout(time, self.prove(nonce)).await else {
            tracing::warn!(direction = %self.direction.name, nonce, ?time, "what does not fit could not be proven in this time");
            self.judge_again(nonce, true);
            return Ok(());
        };
        let proof = match proof {
            Ok(proof) => proof,
            // What a node has not kept, or will not show, stays so: another operator's vote must not stop this one's work with it.
            Err(ProveError::Rpc(error)) if !error.is_refusal() => {
                self.judge_again(nonce, true);
                return Err(ProveError::Rpc(error).into());
            }
            Err(error) => {
                tracing::warn!(direction = %self.direction.name, nonce, %error, "what does not fit could not be proven");
                self.judge_again(nonce, true);
                if self.is_thrown_away(&error) && self.watch.state_is_gone(nonce) {
                    self.raise(Some(nonce), Alarm::Unjudged);
                }
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

    /// Whether it fails for an old state that full nodes do not keep. One that they should keep may
    /// come back, with another endpoint for example.
    fn is_thrown_away(&self, error: &ProveError) -> bool {
        let ProveError::Rpc(RpcError::Pruned { chain, height }) = error else { return false };
        let of_chain = |synced: &&Synced<'_>| *synced.chain().name() == **chain;
        let mut synced = [&self.source, &self.destination].into_iter().filter(of_chain);
        synced.any(|synced| !full_nodes_keep(*height, synced.head()))
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
                let case = Case { kind: &kind, executed: true, culprits: &culprits };
                if let Some(evidence) = self.keep_evidence(nonce, &case, proof) {
                    self.raise(Some(nonce), Alarm::Fraud { kind, culprits, evidence });
                }
            }
            State::Attempted { culprits, .. } => {
                let culprits = culprits.clone();
                let case = Case { kind: state.name(), executed: false, culprits: &culprits };
                if let Some(evidence) = self.keep_evidence(nonce, &case, proof) {
                    self.raise(Some(nonce), Alarm::Attempted { culprits, evidence });
                }
            }
            _ => {
                for operator in transfer.dissenters.clone() {
                    let voted = self.view.transfers.get(&nonce).and_then(|state| state.votes.get(&operator)).copied();
                    self.raise(Some(nonce), Alarm::ForgedVote { operator, voted: voted.unwrap_or(Hash::ZERO) });
                }
            }
        }
    }

    /// The trust of this session, with the trust file's own trusting periods: how long this
    /// operator believes its own checkpoints is no word to others.
    fn trust_of_others(&self) -> Trust {
        let mut trust = self.trust.clone();
        for (shown, given) in trust.chains.iter_mut().zip(&self.direction.shared.config.trust.chains) {
            shown.trusting_period = given.trusting_period;
        }
        trust
    }

    /// Writes the trust from which a bundle is judged, the report, and the bundle beside each other; gives the bundle's name.
    /// What finds no place is summed up in an alarm of its own.
    fn keep_evidence(&mut self, nonce: u64, case: &Case<'_>, proof: &Proof) -> Option<String> {
        let config = &self.direction.shared.config;
        let folder = Folder { path: &config.evidence, most_bytes: config.evidence_max_mb.saturating_mul(1 << 20) };
        let files = [
            ("trust.json", json!(self.trust_of_others()).to_string().into_bytes()),
            ("report.json", json!(ReportJson::new(&proof.report)).to_string().into_bytes()),
            ("spl", proof.bundle.encode()),
        ];
        let stem = format!("{}-{nonce}", self.direction.from.chain);
        let reason = match folder.keep(&stem, case, &files) {
            Ok(bundle) => return Some(bundle.display().to_string()),
            Err(reason) => reason.to_string(),
        };
        let further = Alarm::Further {
            kind: case.kind.to_owned(),
            executed: case.executed,
            culprits: case.culprits.to_vec(),
            count: self.further.count(case),
            last: nonce,
            reason,
        };
        self.raise(None, further);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_gets_longer_each_time_and_never_for_ever() {
        let seconds = [0, 1, 2, 3, 4, 5, 16, u32::MAX].map(|looks| time_to_prove(looks).as_secs());
        assert_eq!(seconds, [4, 8, 16, 32, 64, 64, 64, 64]);
    }
}
