//! How many answers may be waited for or on their way at one time, in all and for one client. Each costs a thread or memory.

use super::rate::network;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// In all.
const AT_ONCE: usize = 16;
/// Of one client: whoever is slow in reading leaves room for others.
const OF_ONE: usize = 8;

/// The slots that are taken, by client.
#[derive(Clone, Default)]
pub(super) struct Slots(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

/// A slot, free again once this is dropped.
pub(super) struct Slot {
    slots: Slots,
    client: IpAddr,
}

impl Slots {
    /// None where there is none left, in all or for this client.
    pub(super) fn take(&self, client: IpAddr) -> Option<Slot> {
        let client = network(client);
        let mut taken = self.taken();
        let own = taken.get(&client).copied().unwrap_or_default();
        if own >= OF_ONE || taken.values().sum::<usize>() >= AT_ONCE {
            return None;
        }
        taken.insert(client, own.saturating_add(1));
        Some(Slot { slots: self.clone(), client })
    }

    fn taken(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken();
        match taken.get_mut(&self.client) {
            Some(own) if *own > 1 => *own = own.saturating_sub(1),
            _ => {
                taken.remove(&self.client);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_leaves_room_for_others_and_all_of_them_have_an_end() {
        let slots = Slots::default();
        let client = |last: u8| IpAddr::from([10, 0, 0, last]);
        let take = |last: u8| slots.take(client(last));
        let mut held: Vec<Slot> = (0..OF_ONE).filter_map(|_| take(1)).collect();
        assert_eq!(held.len(), OF_ONE);
        assert!(take(1).is_none());
        held.extend((0..AT_ONCE).filter_map(|_| take(2)));
        assert_eq!(held.len(), AT_ONCE);
        assert!(take(3).is_none());
        held.pop();
        assert!(take(3).is_some() && take(1).is_none());
        held.clear();
        assert!(slots.taken().is_empty(), "nobody is remembered");
    }
}
