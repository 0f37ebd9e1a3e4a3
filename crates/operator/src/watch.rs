//! What others do on the destination, compared with what is proven to be requested.
//!
//! The comparing here is cheap and accuses nobody: it only picks the nonces on which something does not fit. Those are proven
//! and judged by the verifier, like everybody's, and only its verdict raises an alarm.

use crate::notice::{Notice, TOPICS};
use crate::park::{Cause, Park};
use crate::requests::{items_of, may_hold};
use spanlight::bridge::events::topic;
use spanlight::bridge::signed::SignedHandle;
use spanlight::bridge::{AnchorData, Anchoring, HandleCall, HandleEvent};
use spanlight::crypto::recover_address;
use spanlight::receipt::Receipt;
use spanlight::transaction::{Transaction, TransactionKind};
use spanlight::{Address, Error};
use spanlight_prover::{Items, Node, ProveError, Synced, Transport};
use std::collections::BTreeMap;

/// Most nonces that wait for a verdict; whoever sends votes decides how many there are.
const MOST_SUSPECTS: usize = 256;
/// Most calls that are kept to compare with.
const MOST_CALLS: usize = 10_000;
/// Nonces judged in one round: gathering the evidence of one may take hundreds of calls.
const AT_ONCE: usize = 2;
/// Blocks of the destination after which a nonce that could not be judged is judged again; each wait is twice the one before,
/// up to [`Park`]'s longest.
const RETRY: u64 = 2;
/// Times that a verdict is asked for: the last ones lie some minutes apart.
const MOST_LOOKS: u32 = 16;
/// Blocks by which a vote may name a source block that is not there yet. A block of the far future never comes: it is judged at
/// once, by the rule of block times.
const FAR: u64 = 8;

/// What is known of requests, and which nonces have to be judged.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// The honest call for each proven request.
    calls: BTreeMap<u64, HandleCall>,
    /// Requests below this one were made before this session's first source block: nothing is known of them.
    first: u64,
    suspects: BTreeMap<u64, Suspect>,
}

/// A nonce on which something does not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Suspect {
    /// The highest source block that a vote names.
    block: u64,
    /// Whether something was executed. Votes alone do no harm yet.
    executed: bool,
    /// Judging it needs a state that full nodes have thrown away. A person was told, and no later
    /// start would find it, so nothing waits for it any more.
    lacks_state: bool,
    looks: u32,
    park: Park,
}

/// What a vote or an execution says, as far as it can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// A successful call of a handle function.
    Call(HandleCall),
    /// An execution.
    Handle(HandleEvent),
    /// A block of the source, anchored by an account.
    Anchor(Address, AnchorData),
    /// Something else that the bridge says.
    Notice(Notice),
}

impl Seen {
    /// The transfer that it is about, if it is about one.
    const fn nonce(&self) -> Option<u64> {
        match self {
            Self::Call(call) => Some(call.nonce),
            Self::Handle(event) => Some(event.nonce),
            Self::Anchor(..) | Self::Notice(_) => None,
        }
    }

    fn fits(&self, call: &HandleCall) -> bool {
        match self {
            Self::Call(seen) => seen == call,
            Self::Anchor(..) | Self::Notice(_) => true,
            Self::Handle(event) => {
                let said = (event.request_tx_hash, event.token_type, event.from, event.to, event.token, event.value);
                let token = call.token.unwrap_or(Address::ZERO);
                said == (call.request_tx_hash, call.token_type, call.from, call.to, token, call.value)
                    && event.extra == call.extra
            }
        }
    }
}

impl Watch {
    /// Nothing is known of requests below `first`.
    pub(crate) fn new(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    /// A request was proven.
    pub(crate) fn learn(&mut self, call: &HandleCall) {
        self.calls.insert(call.nonce, call.clone());
        while self.calls.len() > MOST_CALLS {
            self.calls.pop_first();
        }
    }

    /// Something was seen on the destination.
    pub(crate) fn see(&mut self, seen: &Seen) {
        let Some(nonce) = seen.nonce() else { return };
        match self.calls.get(&nonce) {
            Some(call) if seen.fits(call) => return,
            None if nonce < self.first => return,
            _ => {}
        }
        if !self.suspects.contains_key(&nonce) && !self.has_place(seen) {
            return;
        }
        let suspect = self.suspects.entry(nonce).or_default();
        match seen {
            Seen::Call(call) => suspect.block = suspect.block.max(call.request_block),
            _ => suspect.executed = true,
        }
    }

    /// Whether there is place for one more. One whose state is gone makes place: a person was told
    /// of it. An execution takes the place of a mere vote: whoever sends votes decides how many
    /// there are, and must not hide an execution behind them.
    fn has_place(&mut self, seen: &Seen) -> bool {
        if self.suspects.len() < MOST_SUSPECTS {
            return true;
        }
        let gone = self.suspects.iter().find(|(_, suspect)| suspect.lacks_state).map(|(nonce, _)| *nonce);
        if let Some(gone) = gone {
            return self.suspects.remove(&gone).is_some();
        }
        let is_execution = matches!(seen, Seen::Handle(_));
        let voted = self.suspects.iter().rev().find(|(_, suspect)| !suspect.executed).map(|(nonce, _)| *nonce);
        match voted.filter(|_| is_execution) {
            Some(voted) => self.suspects.remove(&voted).is_some(),
            None => false,
        }
    }

    /// Whether any nonce waits for a verdict that may still come.
    pub(crate) fn waits(&self) -> bool {
        self.suspects.values().any(|suspect| !suspect.lacks_state)
    }

    /// A nonce could not be judged, for want of a state that full nodes have thrown away. It is
    /// judged again like others, since an archive node may be among the endpoints later; true the
    /// first time.
    pub(crate) fn state_is_gone(&mut self, nonce: u64) -> bool {
        self.suspects.get_mut(&nonce).is_some_and(|suspect| !std::mem::replace(&mut suspect.lacks_state, true))
    }

    /// Nonces to judge at the destination's block `at`, now that the source is followed up to `head`: few at a time, executions
    /// first, then those that were judged least often. A vote that names a later block may be for a request that is not seen yet.
    pub(crate) fn due(&self, head: u64, at: u64) -> Vec<u64> {
        let is_due = |suspect: &Suspect| {
            let comes_soon = suspect.block > head && suspect.block.saturating_sub(head) <= FAR;
            !comes_soon && !suspect.park.is_parked(at)
        };
        let due = self.suspects.iter().filter(|(_, suspect)| is_due(suspect));
        let mut due: Vec<_> = due.map(|(nonce, suspect)| (!suspect.executed, suspect.looks, *nonce)).collect();
        due.sort_unstable();
        due.into_iter().map(|(.., nonce)| nonce).take(AT_ONCE).collect()
    }

    /// How often a nonce that waits was looked at already.
    pub(crate) fn looks(&self, nonce: u64) -> u32 {
        self.suspects.get(&nonce).map_or(0, |suspect| suspect.looks)
    }

    /// A nonce was judged at the destination's block `at`; if it is to be judged again, later. True where it is given up.
    pub(crate) fn judged(&mut self, nonce: u64, again: bool, at: u64) -> bool {
        match self.suspects.get_mut(&nonce) {
            Some(suspect) if again && suspect.looks < MOST_LOOKS => {
                suspect.looks = suspect.looks.saturating_add(1);
                suspect.park.fail(Cause::Suspicion, at, RETRY);
                false
            }
            Some(_) => {
                self.suspects.remove(&nonce);
                again
            }
            None => false,
        }
    }
}

/// Whether a destination block has to be read: for executions and what else the bridge says, and
/// for votes where `votes` are wanted too, which may leave no event.
pub(crate) fn is_wanted(synced: &Synced<'_>, bridge: &Address, number: u64, votes: bool) -> Result<bool, ProveError> {
    let header = synced.chain().header(number)?;
    let may_tell = may_hold(header, bridge, &[topic::HANDLE]) || may_hold(header, bridge, &TOPICS);
    Ok(may_tell || (votes && !synced.is_empty_block(number)?))
}

/// Reads destination blocks side by side and gives what is seen in each.
pub(crate) async fn read_blocks<T: Transport>(
    node: &Node<'_, T>,
    synced: &Synced<'_>,
    bridge: Address,
    numbers: &[u64],
) -> Result<Vec<Vec<Seen>>, ProveError> {
    let headers = numbers.iter().map(|number| synced.chain().header(*number)).collect::<Result<Vec<_>, _>>()?;
    let items = items_of(node, &headers).await?;
    items.iter().map(|items| seen_in(items, node.profile().chain_id, bridge)).collect()
}

fn seen_in(items: &Items, chain_id: u64, bridge: Address) -> Result<Vec<Seen>, ProveError> {
    let mut seen = Vec::new();
    for (transaction, receipt) in items.transactions.iter().zip(&items.receipts) {
        let refused = |error: Error| ProveError::Refused(error);
        let receipt = Receipt::decode(receipt).map_err(|error| refused(error.into()))?;
        if !receipt.is_success() {
            continue;
        }
        let own = receipt.logs.iter().filter(|log| log.address == bridge);
        seen.extend(own.filter_map(|log| {
            let handle = HandleEvent::decode(log).ok().map(Seen::Handle);
            handle.or_else(|| Notice::decode(log).map(Seen::Notice))
        }));
        let Ok(transaction) = Transaction::decode(transaction) else { continue };
        if transaction.kind() == TransactionKind::ChainDataAnchoring {
            let from = transaction.sender(chain_id, &|digest, seal| recover_address(digest, seal).ok());
            if let (Ok(from), Ok(Anchoring::Block(data))) = (from, Anchoring::decode(transaction.input())) {
                seen.push(Seen::Anchor(from, data));
            }
        }
        if transaction.to() == Some(bridge) {
            let input = transaction.input();
            let carried = || SignedHandle::decode(input).map(|carried| carried.call);
            seen.extend(HandleCall::decode(input).or_else(|_| carried()).ok().map(Seen::Call));
        }
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanlight::bridge::TokenType;
    use spanlight::{Hash, U256};

    fn call(nonce: u64) -> HandleCall {
        HandleCall {
            token_type: TokenType::Coin,
            request_tx_hash: Hash([1; 32]),
            from: Address([2; 20]),
            to: Address([3; 20]),
            token: None,
            value: U256::from(4u8),
            nonce,
            request_block: 50,
            token_uri: None,
            extra: vec![],
        }
    }

    fn event(nonce: u64) -> HandleEvent {
        HandleEvent {
            request_tx_hash: Hash([1; 32]),
            token_type: TokenType::Coin,
            from: Address([2; 20]),
            to: Address([3; 20]),
            token: Address::ZERO,
            value: U256::from(4u8),
            nonce,
            lower_handle_nonce: nonce + 1,
            extra: vec![],
        }
    }

    fn watch() -> Watch {
        let mut watch = Watch::new(5);
        watch.learn(&call(7));
        watch
    }

    #[test]
    fn what_was_requested_is_no_suspect() {
        let mut watch = watch();
        watch.see(&Seen::Call(call(7)));
        watch.see(&Seen::Handle(event(7)));
        assert!(watch.due(1000, 9).is_empty());
    }

    #[test]
    fn every_difference_makes_a_suspect() {
        let other = Address([9; 20]);
        let calls = [
            HandleCall { value: U256::from(5u8), ..call(7) },
            HandleCall { to: other, ..call(7) },
            HandleCall { from: other, ..call(7) },
            HandleCall { request_tx_hash: Hash([9; 32]), ..call(7) },
            HandleCall { request_block: 51, ..call(7) },
            HandleCall { extra: vec![1], ..call(7) },
            call(8),
        ];
        let events = [
            HandleEvent { value: U256::from(5u8), ..event(7) },
            HandleEvent { to: other, ..event(7) },
            HandleEvent { from: other, ..event(7) },
            HandleEvent { token: other, ..event(7) },
            HandleEvent { request_tx_hash: Hash([9; 32]), ..event(7) },
            HandleEvent { extra: vec![1], ..event(7) },
            event(8),
        ];
        for seen in calls.into_iter().map(Seen::Call).chain(events.into_iter().map(Seen::Handle)) {
            let mut watch = watch();
            watch.see(&seen);
            assert_eq!(watch.due(1000, 9), [seen.nonce().unwrap()], "{seen:?}");
        }
    }

    #[test]
    fn nothing_is_said_of_what_lies_before_the_first_block() {
        let mut watch = watch();
        watch.see(&Seen::Handle(event(4)));
        assert!(watch.due(1000, 9).is_empty());
    }

    #[test]
    fn a_vote_is_judged_once_the_source_has_the_block_that_it_names() {
        let mut watch = watch();
        watch.see(&Seen::Call(HandleCall { request_block: 55, ..call(9) }));
        assert!(watch.due(54, 9).is_empty());
        assert_eq!(watch.due(55, 9), [9]);
        assert!(!watch.judged(9, false, 9));
        assert!(watch.due(55, 9).is_empty() && !watch.waits());
    }

    #[test]
    fn a_vote_that_names_the_far_future_is_judged_too() {
        let mut watch = watch();
        watch.see(&Seen::Call(HandleCall { request_block: u64::MAX, ..call(9) }));
        assert_eq!(watch.due(55, 9), [9]);
    }

    #[test]
    fn the_list_of_suspects_is_bounded() {
        let mut watch = watch();
        for nonce in 100..1000 {
            watch.see(&Seen::Handle(event(nonce)));
        }
        assert_eq!(watch.suspects.len(), MOST_SUSPECTS);
    }

    #[test]
    fn what_no_node_can_show_any_more_is_told_once_and_holds_up_nothing() {
        let mut watch = watch();
        for nonce in [20, 21] {
            watch.see(&Seen::Handle(event(nonce)));
        }
        watch.judged(20, true, 9);
        assert!(watch.state_is_gone(20));
        assert!(watch.waits(), "the other one still holds");
        watch.judged(20, true, 11);
        assert!(!watch.state_is_gone(20), "it was told");
        watch.judged(21, false, 11);
        assert!(!watch.waits());
        assert_eq!(watch.due(1000, 1000), [20], "an archive node may come");
        assert!(!watch.state_is_gone(7), "nothing is suspected there");
    }

    #[test]
    fn what_no_node_can_show_any_more_takes_no_place_from_others() {
        let mut watch = watch();
        for nonce in 100..1000 {
            watch.see(&Seen::Handle(event(nonce)));
        }
        assert!(watch.state_is_gone(120));
        watch.see(&Seen::Call(call(2000)));
        assert_eq!(watch.suspects.len(), MOST_SUSPECTS);
        assert!(watch.suspects.contains_key(&2000) && !watch.suspects.contains_key(&120));
    }

    #[test]
    fn votes_do_not_crowd_out_an_execution() {
        let mut watch = watch();
        for nonce in 100..1000 {
            watch.see(&Seen::Call(call(nonce)));
        }
        watch.see(&Seen::Handle(event(2000)));
        assert_eq!(watch.suspects.len(), MOST_SUSPECTS);
        assert_eq!(watch.due(1000, 9), [2000, 100], "and it is judged first");
    }

    #[test]
    fn a_round_judges_few_and_what_cannot_be_judged_waits_longer_each_time() {
        let mut watch = watch();
        for nonce in [20, 21, 22] {
            watch.see(&Seen::Handle(event(nonce)));
        }
        assert_eq!(watch.due(1000, 9), [20, 21]);
        watch.judged(20, true, 9);
        assert_eq!(watch.due(1000, 9), [21, 22], "another one has its turn");
        assert_eq!(watch.due(1000, 10), [21, 22]);
        watch.judged(21, false, 10);
        watch.judged(22, false, 10);
        assert_eq!(watch.due(1000, 11), [20]);
        let mut at = 11;
        for wait in [4, 8, 16, 32, 64, 128, 256, 256, 256, 256, 256, 256, 256, 256, 256] {
            assert!(!watch.judged(20, true, at));
            assert!(watch.due(1000, at + wait - 1).is_empty());
            at += wait;
            assert_eq!(watch.due(1000, at), [20]);
        }
        assert!(watch.judged(20, true, at), "given up at last");
        assert!(!watch.waits());
    }
}
