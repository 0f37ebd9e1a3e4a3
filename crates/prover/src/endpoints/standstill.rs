//! A chain that makes no block, by all of its endpoints: then none of them is behind, and none is
//! to blame.

use super::{Endpoints, Finding};
use crate::rpc::Transport;
use crate::sync::Synced;
use alloc::borrow::ToOwned;

/// A head so old is worth a word, in seconds: chains of this kind make a block in a few seconds,
/// empty or not.
const WORTH_A_WORD: u64 = 60;

impl<T: Transport> Endpoints<T> {
    /// Tells of a chain that makes no block: its verified head was old when it was received, or
    /// older than the trust allows, and no endpoint in use has shown a newer one.
    pub fn note_standstill(&self, synced: &Synced<'_>) {
        self.findings.borrow_mut().retain(|finding| !matches!(finding, Finding::StandsStill { .. }));
        let head = synced.chain().head();
        let newest = self.live().filter_map(|(_, endpoint)| endpoint.head.get()).max();
        let oldest = synced.chain().trusted().max_age.min(WORTH_A_WORD);
        if newest.is_none_or(|newest| newest <= head.number) && synced.received_at().saturating_sub(head.time) > oldest
        {
            let chain = synced.chain().name().to_owned();
            self.note(Finding::StandsStill { chain, head: head.number, since: head.time });
        }
    }
}
