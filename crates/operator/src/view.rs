//! The destination bridge and this operator's account there, proven at the destination's head.

use crate::decide::NonceState;
use spanlight::bridge::layout::{self, NonceWord, SeatWord, TRANSFER_VOTE};
use spanlight::bridge::Generation;
use spanlight::state::ProvenState;
use spanlight::trust::BridgeEnd;
use spanlight::verdict::HeaderRef;
use spanlight::verify::{AnchoredHeader, Stop, VerifyError};
use spanlight::{Address, Hash, U256};
use spanlight_prover::{read_state, Node, ProveError, Transport};
use std::collections::BTreeMap;

/// Most operators that a bridge has: every known contract refuses more.
const MOST_OPERATORS: u64 = 12;

/// An account of an operator's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AccountView {
    /// Transactions that are in blocks.
    pub(crate) nonce: u64,
    /// Coin.
    pub(crate) balance: U256,
}

/// State that only bridges of version 2 have (docs/contracts.md 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SecondVersion {
    /// Rises whenever an operator comes or goes.
    pub(crate) operator_epoch: u64,
    /// Chain id and bridge of the source that it is bound to; zero where it is not bound.
    pub(crate) source: (U256, Address),
}

/// What is proven of the destination at one height.
#[derive(Clone, Debug)]
pub(crate) struct View {
    pub(crate) head: HeaderRef,
    /// This operator's account.
    pub(crate) me: Address,
    pub(crate) code: Hash,
    pub(crate) owner: Address,
    /// Coin that the bridge holds.
    pub(crate) liquidity: U256,
    pub(crate) nonces: NonceWord,
    pub(crate) threshold: u64,
    /// Ascending.
    pub(crate) operators: Vec<Address>,
    /// What only bridges of version 2 have.
    pub(crate) second: Option<SecondVersion>,
    pub(crate) transfers: BTreeMap<u64, NonceState>,
    pub(crate) account: AccountView,
}

/// Reads the destination at `header`. `known` are the operators seen last: their votes are asked for in the same call.
pub(crate) async fn read<T: Transport>(
    node: &Node<'_, T>,
    header: &AnchoredHeader,
    bridge: &BridgeEnd,
    me: Address,
    open: &BTreeMap<u64, Hash>,
    known: &[Address],
) -> Result<View, ProveError> {
    let account = account(node, header, me).await?;
    let mut slots = fixed_slots();
    slots.extend(vote_slots(open, known));
    let mut state = bridge_state(node, header, bridge.address, &slots).await?;
    let operators = operators_of(&state)?;
    if operators != known {
        let mut slots = fixed_slots();
        slots.extend(vote_slots(open, &operators));
        state = bridge_state(node, header, bridge.address, &slots).await?;
    }
    let nonces = NonceWord::decode(&Hash::from_u256(word(&state, &layout::NONCES)))
        .map_err(|error| ProveError::Refused(error.into()))?;
    let second = second_version(&state, bridge)?;
    let transfers = open.iter().map(|(nonce, key)| (*nonce, nonce_state(&state, &nonces, *nonce, key, &operators)));
    Ok(View {
        head: header.reference(),
        me,
        code: state.account().code_hash,
        owner: Address::low_bytes(&Hash::from_u256(word(&state, &layout::OWNER))),
        liquidity: state.account().balance,
        threshold: u64::try_from(word(&state, &layout::threshold_slot(TRANSFER_VOTE))).unwrap_or(u64::MAX),
        transfers: transfers.collect(),
        nonces,
        operators,
        second,
        account,
    })
}

/// What an account holds; one that is proven absent holds nothing.
pub(crate) async fn account<T: Transport>(
    node: &Node<'_, T>,
    header: &AnchoredHeader,
    address: Address,
) -> Result<AccountView, ProveError> {
    let (_, account) = read_state(node, header, address, &[]).await?;
    Ok(account.map_or_else(AccountView::default, |proven| AccountView {
        nonce: proven.account().nonce,
        balance: proven.account().balance,
    }))
}

async fn bridge_state<T: Transport>(
    node: &Node<'_, T>,
    header: &AnchoredHeader,
    bridge: Address,
    slots: &[Hash],
) -> Result<ProvenState, ProveError> {
    let (_, state) = read_state(node, header, bridge, slots).await?;
    state.ok_or_else(|| ProveError::from(Stop::from(VerifyError::BridgeAbsent)))
}

/// None for bridges of older generations, which keep nothing there.
fn second_version(state: &ProvenState, bridge: &BridgeEnd) -> Result<Option<SecondVersion>, ProveError> {
    if bridge.generation(&state.account().code_hash) != Some(Generation::V2) {
        return Ok(None);
    }
    let seats = SeatWord::decode(&Hash::from_u256(word(state, &layout::SEAT_COUNT)));
    let source = Address::low_bytes(&Hash::from_u256(word(state, &layout::SOURCE_BRIDGE)));
    Ok(Some(SecondVersion {
        operator_epoch: seats.map_err(|error| ProveError::Refused(error.into()))?.operator_epoch,
        source: (word(state, &layout::SOURCE_CHAIN_ID), source),
    }))
}

fn fixed_slots() -> Vec<Hash> {
    let threshold = layout::threshold_slot(TRANSFER_VOTE);
    let mut slots = Vec::from([layout::NONCES, layout::OWNER, threshold, layout::operator_list_length()]);
    slots.extend([layout::SEAT_COUNT, layout::SOURCE_CHAIN_ID, layout::SOURCE_BRIDGE]);
    slots.extend((0..MOST_OPERATORS).map(layout::operator_list_slot));
    slots
}

fn vote_slots<'a>(open: &'a BTreeMap<u64, Hash>, operators: &'a [Address]) -> impl Iterator<Item = Hash> + 'a {
    let of_nonce = move |(nonce, key): (&u64, &Hash)| {
        let base = layout::votes_base(TRANSFER_VOTE, *nonce);
        let fixed = [layout::closed_slot(*nonce), layout::vote_count_slot(base, key)];
        operators.iter().map(move |operator| layout::voted_slot(base, operator)).chain(fixed)
    };
    open.iter().flat_map(of_nonce)
}

fn word(state: &ProvenState, slot: &Hash) -> U256 {
    state.slot(slot).unwrap_or_default()
}

/// The operators, ascending: whoever reads the list gets the same row.
fn operators_of(state: &ProvenState) -> Result<Vec<Address>, ProveError> {
    let length = u64::try_from(word(state, &layout::operator_list_length())).unwrap_or(u64::MAX);
    if length > MOST_OPERATORS {
        return Err(Stop::from(VerifyError::BridgeStorage).into());
    }
    let item = |index| Address::low_bytes(&Hash::from_u256(word(state, &layout::operator_list_slot(index))));
    let mut operators: Vec<Address> = (0..length).map(item).filter(|operator| !operator.is_zero()).collect();
    operators.sort_unstable();
    operators.dedup();
    Ok(operators)
}

fn nonce_state(state: &ProvenState, nonces: &NonceWord, nonce: u64, key: &Hash, operators: &[Address]) -> NonceState {
    let base = layout::votes_base(TRANSFER_VOTE, nonce);
    let voted = |operator: &Address| {
        let voted = Hash::from_u256(word(state, &layout::voted_slot(base, operator)));
        (!voted.is_zero()).then_some((*operator, voted))
    };
    NonceState {
        handled: nonces.lower_handle_nonce > nonce || !word(state, &layout::closed_slot(nonce)).is_zero(),
        votes: operators.iter().filter_map(voted).collect(),
        counted: u64::try_from(word(state, &layout::vote_count_slot(base, key))).unwrap_or(u64::MAX),
    }
}
