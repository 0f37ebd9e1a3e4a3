//! What outlives a session or is shown of it: checkpoints, the count of requests, the board.

use super::{Session, CHECKPOINT_EVERY, LONGEST};
use crate::alarm::Alarm;
use crate::backlog::is_of_one_block;
use crate::direction::WorkError;
use crate::requests;
use crate::store::Resume;
use crate::view;
use spanlight::Hash;
use spanlight_prover::{Node, ProveError, Synced};
use std::collections::BTreeMap;

/// Destination blocks for which a checkpoint waits until everything up to it is judged: a start from there sees no earlier
/// block, and would forget whom it had in suspicion. Nobody can hold it up for ever.
const MOST_HELD: u64 = LONGEST >> 1;
/// Most missing requests that are asked for at a time.
const MOST_MISSING: usize = 64;

impl Session<'_> {
    /// Keeps a checkpoint of both chains now and then.
    pub(super) async fn keep_checkpoints(&mut self) -> Result<(), WorkError> {
        let (name, store) = (&self.direction.name, &self.direction.shared.store);
        let due = |synced: &Synced<'_>, kept: u64| synced.head().saturating_sub(kept) >= CHECKPOINT_EVERY;
        let behind = self.destination.head().saturating_sub(self.kept[1].max(self.destination.first()));
        if due(&self.destination, self.kept[1]) && (self.is_watched() || behind > MOST_HELD) {
            // What was handled since is watched from here on, so its requests have to be found again.
            let lower = self.view.nonces.lower_handle_nonce;
            let resume = Resume { checkpoint: self.destination.chain().client().checkpoint(), requests: lower };
            store.keep_checkpoint(name, &self.direction.to.chain, &resume).await?;
            store.drop_checkpoints(name, &self.direction.to.chain, u64::MAX).await?;
            self.kept[1] = self.destination.head();
            self.let_go(lower).await?;
        }
        if due(&self.source, self.kept[0]) {
            let node = Node::new(&self.links[0].endpoints, &self.source.chain().trusted().profile);
            let header = self.source.chain().header(self.source.head()).map_err(ProveError::from)?;
            let requests = match requests::count(&node, header, &self.direction.from).await {
                Ok(requests) => requests,
                // A later head will do as well.
                Err(error) if is_of_one_block(&error) => {
                    tracing::warn!(direction = %self.direction.name, %error, "no checkpoint at this head");
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            };
            let resume = Resume { checkpoint: self.source.chain().client().checkpoint(), requests };
            store.keep_checkpoint(name, &self.direction.from.chain, &resume).await?;
            store.drop_checkpoints(name, &self.direction.from.chain, self.known.below()).await?;
            store.drop_states(name, self.known.below()).await?;
            self.kept[0] = self.source.head();
            self.look_for_gaps(requests).await?;
        }
        Ok(())
    }

    /// Compares the source's proven count with the requests that were seen: none may be missing.
    pub(super) async fn look_for_gaps(&mut self, requests: u64) -> Result<(), WorkError> {
        self.requests = requests;
        // Of many that were handled behind one that stays open nothing is remembered.
        let lower = self.view.nonces.lower_handle_nonce.max(self.known.below());
        self.seen = self.seen.split_off(&lower);
        let missing = (lower..requests).filter(|nonce| !self.seen.contains(nonce)).take(MOST_MISSING);
        let missing: BTreeMap<u64, Hash> = missing.map(|nonce| (nonce, Hash::ZERO)).collect();
        self.missing.clear();
        // What is not searched yet is not missing.
        if missing.is_empty() || self.scanned < self.source.head() {
            return Ok(());
        }
        let node = Node::new(&self.links[1].endpoints, &self.destination.chain().trusted().profile);
        let header = self.destination.chain().header(self.destination.head()).map_err(ProveError::from)?;
        let known = &self.view.voters;
        let view = view::read(&node, header, &self.direction.to, self.view.me, &missing, known).await?;
        for (nonce, state) in view.transfers {
            if state.handled {
                self.seen.insert(nonce);
            } else if self.unread.has_unknown() {
                self.missing.insert(nonce);
            } else {
                self.raise(Some(nonce), Alarm::RequestBeforeCheckpoint);
            }
        }
        Ok(())
    }

    /// Whether so many headers are held that it is worth starting again.
    pub(super) fn is_long(&self) -> bool {
        [&self.source, &self.destination]
            .iter()
            .any(|synced| synced.head().saturating_sub(synced.first()) > self.longest)
    }

    /// Whether a session started now would hold far fewer headers.
    pub(super) async fn has_newer_start(&mut self) -> Result<bool, WorkError> {
        self.longest = self.longest.saturating_add(LONGEST);
        let (direction, store) = (self.direction, &self.direction.shared.store);
        let source = store.resume(&direction.name, &direction.from.chain, self.known.below()).await?;
        let destination = store.resume(&direction.name, &direction.to.chain, u64::MAX).await?;
        let span = |resume: Option<Resume>, synced: &Synced<'_>| Span {
            first: synced.first(),
            start: resume.map_or(0, |resume| resume.checkpoint.number),
            head: synced.head(),
        };
        Ok(is_worth_a_restart(span(source, &self.source), span(destination, &self.destination)))
    }

    /// Shows how the session stands.
    pub(super) fn show(&self, phase: &str, trouble: Option<String>) {
        let time = |synced: &Synced<'_>| synced.chain().head().time;
        let (view, open) = (&self.view, self.open.keys().next_back().map_or(0, |nonce| nonce.saturating_add(1)));
        let unproven = self.unproven();
        self.direction.shared.board.update(&self.direction.name, |board| {
            phase.clone_into(&mut board.phase);
            board.trouble = trouble;
            board.operator = view.me.to_string();
            (board.source_head, board.source_time) = (self.source.head(), time(&self.source));
            (board.destination_head, board.destination_time) = (self.destination.head(), time(&self.destination));
            board.requests = self.requests.max(view.nonces.lower_handle_nonce).max(open);
            board.lower_handle_nonce = view.nonces.lower_handle_nonce;
            board.threshold = view.threshold;
            board.operators.clone_from(&view.operators);
            board.pending.retain(|nonce, _| self.open.contains_key(nonce));
            board.pending.extend(unproven);
            board.in_flight = u64::try_from(self.sender.in_flight()).unwrap_or(u64::MAX);
            board.send_waits_blocks = self.sender.waits_blocks(view.head.number);
            board.replaced = self.sender.replaced;
            board.balance = view.account.balance.to_string();
            board.liquidity = view.liquidity.to_string();
        });
    }
}

/// The headers of a chain that a session holds, and where one started now would begin.
#[derive(Clone, Copy)]
struct Span {
    first: u64,
    start: u64,
    head: u64,
}

impl Span {
    const fn gains(self) -> bool {
        self.start.saturating_sub(self.first) > LONGEST >> 1
    }
}

/// A start reads the source again from below its oldest open request. Where that one stays open, starting again would only do
/// the same work again and again, each time more of it; so the source must gain, or be short enough for it not to matter.
const fn is_worth_a_restart(source: Span, destination: Span) -> bool {
    source.gains() || (destination.gains() && source.head.saturating_sub(source.first) <= LONGEST >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_open_request_on_the_source_starts_nothing_again() {
        let half = LONGEST / 2;
        let stuck = Span { first: 10, start: 10, head: 10 + 3 * LONGEST };
        let short = Span { first: 10, start: 10, head: 10 + half };
        let freed = Span { first: 10, start: 11 + half, head: 3 * LONGEST };
        let none = Span { first: 10, start: 0, head: 3 * LONGEST };
        assert!(is_worth_a_restart(freed, stuck));
        assert!(!is_worth_a_restart(stuck, freed), "the destination alone is no reason");
        assert!(is_worth_a_restart(short, freed), "a slow source is soon read again");
        assert!(!is_worth_a_restart(short, stuck));
        assert!(!is_worth_a_restart(none, none));
    }
}
