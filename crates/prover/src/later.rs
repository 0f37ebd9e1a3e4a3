//! Which later state stands in for one that a full node has thrown away.
//!
//! The core's rule (`verify/registry.rs`) takes a registry entry of a later block for that of the
//! request's where no header's bloom filter between them may tell of a change, and the count of
//! requests of any later block. Here it is only chosen which blocks are worth asking for; the core
//! judges what comes.

use crate::sync::{Items, Synced};
use spanlight::ordered::Set;
use spanlight::Address;

/// A full node keeps the state of each block whose height is a multiple of this, beside those of
/// the newest blocks.
pub const KEPT_EACH: u64 = 128;

/// Whether a full node whose chain has come to `head` keeps the state of the block at `height`.
#[must_use]
pub const fn full_nodes_keep(height: u64, head: u64) -> bool {
    height.is_multiple_of(KEPT_EACH) || head.saturating_sub(height) < KEPT_EACH
}

/// Where the state of a request may be read, the best first: in its own block, in the first later
/// one whose state full nodes keep for good, and in the last one up to `stood`, where nothing has
/// changed the registry's entry yet.
pub fn heights_for(block: u64, stood: u64) -> impl Iterator<Item = u64> {
    let kept = block.next_multiple_of(KEPT_EACH);
    let later = [kept, stood].into_iter().filter(move |height| *height > block && *height <= stood);
    core::iter::once(block).chain(later)
}

/// Most blocks whose receipts settle what filters leave open of one request. Anybody can write
/// the words of a registry change into every block's filter, and pays little for each.
pub const MOST_WHOLE_BLOCKS: usize = 16;
/// Most bytes of such blocks: each is kept with all its transactions and receipts.
const MOST_WHOLE_BYTES: usize = 32 << 20;

/// Blocks that are kept whole, as long as they are not too large together. Where they are, only the
/// state of the request's own block helps, which an archive node has.
#[derive(Clone, Debug, Default)]
pub struct WholeBlocks {
    numbers: Set<u64>,
    bytes: usize,
}

impl WholeBlocks {
    /// Whether there is room for this block, which then counts; once only.
    pub fn takes(&mut self, number: u64, items: &Items) -> bool {
        if self.numbers.contains(&number) {
            return true;
        }
        let parts = items.transactions.iter().chain(&items.receipts);
        let bytes = parts.fold(self.bytes, |sum, part| sum.saturating_add(part.len()));
        if bytes > MOST_WHOLE_BYTES {
            return false;
        }
        self.bytes = bytes;
        self.numbers.insert(number)
    }
}

impl Synced<'_> {
    /// The last followed block up to which no block after `block` may have changed the bridge's
    /// registry entry for `token`.
    #[must_use]
    pub fn registry_stood_until(&self, bridge: &Address, token: &Address, block: u64) -> u64 {
        let later = self.chain().headers().filter(|header| header.number() > block);
        let changed = later.filter(|header| header.may_change_registry(bridge, token)).map(|header| header.number());
        changed.min().map_or_else(|| self.head(), |changed| changed.saturating_sub(1))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use alloc::{vec, vec::Vec};

    #[test]
    fn full_nodes_keep_the_newest_states_and_some_of_the_old_ones() {
        assert_eq!([872, 873, 1000, 1001].map(|height| full_nodes_keep(height, 1000)), [false, true, true, true]);
        assert!(full_nodes_keep(0, 1000) && full_nodes_keep(128, 1000) && !full_nodes_keep(129, 1000));
        assert!(full_nodes_keep(u64::MAX, u64::MAX));
    }

    #[test]
    fn the_states_that_full_nodes_keep_are_asked_for_and_none_after_a_change() {
        let heights = |block, stood| heights_for(block, stood).collect::<Vec<_>>();
        assert_eq!(heights(1000, 1500), [1000, 1024, 1500]);
        assert_eq!(heights(1000, 1020), [1000, 1020], "before the next kept one it has changed");
        assert_eq!(heights(1024, 1500), [1024, 1500]);
        assert_eq!(heights(1000, 1000), [1000]);
    }

    #[test]
    fn blocks_are_kept_whole_up_to_a_size_and_count_once() {
        let of = |bytes: usize| Items { transactions: vec![vec![0; 1]], receipts: vec![vec![0; bytes - 1]] };
        let (half, mut kept) = (of(MOST_WHOLE_BYTES / 2), WholeBlocks::default());
        assert!(kept.takes(5, &half) && kept.takes(5, &half) && kept.takes(6, &half));
        assert!(!kept.takes(7, &of(1)), "no room is left");
        assert!(kept.takes(6, &half), "it is kept already");
        assert!(!WholeBlocks::default().takes(1, &of(MOST_WHOLE_BYTES + 1)));
    }
}
