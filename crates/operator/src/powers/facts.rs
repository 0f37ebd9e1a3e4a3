//! What is proven of a bridge at one head, as far as one power needs it.

use super::abi;
use super::power::{Class, Power};
use super::Refusal;
use crate::view::storage::{Storage, Words};
use crate::view::{self, AccountView};
use spanlight::bridge::layout::{self, Change, DelayWord, NonceWord, SeatWord, CONFIGURATION_VOTE};
use spanlight::bridge::Generation;
use spanlight::keccak256;
use spanlight::trust::BridgeEnd;
use spanlight::verdict::HeaderRef;
use spanlight::verify::{AnchoredHeader, Stop, VerifyError};
use spanlight::{Address, Hash, U256};
use spanlight_prover::{Node, ProveError, Transport};

/// Words of seats that are read: 16,384 registrations.
const MOST_SEAT_WORDS: u64 = 64;
const SEATS_IN_A_WORD: u64 = 256;

/// Votes for one call, as they stand now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ballot {
    /// The nonce of the call's selector.
    pub(super) nonce: u64,
    /// Operators of now behind it.
    pub(super) votes: u32,
    /// Whether the account that asks is one of them.
    pub(super) mine: bool,
}

/// What is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) head: HeaderRef,
    /// The account that sends.
    pub(super) account: AccountView,
    /// The account that pays.
    pub(super) payer: AccountView,
    /// Of the bridge's code: where it is not known nothing below says anything, and before version
    /// 2 nothing from `pending_owner` on.
    pub(super) generation: Result<Generation, Refusal>,
    pub(super) owner: Address,
    pub(super) is_operator: bool,
    /// Votes that decide on configuration.
    pub(super) threshold: u64,
    /// Whether the state is what is wanted.
    pub(super) holds: bool,
    pub(super) pending_owner: Address,
    pub(super) guardian: Address,
    pub(super) delay: DelayWord,
    pub(super) seats: SeatWord,
    /// Whether the owner may no longer set it alone.
    pub(super) is_set: bool,
    /// The announcement of the call, and whether it was cancelled.
    pub(super) change: Change,
    pub(super) cancelled: bool,
    pub(super) ballot: Ballot,
    /// Whose claim it is; zero where there is none.
    pub(super) recipient: Address,
    pub(super) executed: bool,
    pub(super) lower: u64,
    /// Whether the lowest handle nonce is that of a handled transfer.
    pub(super) sweepable: bool,
}

impl Facts {
    /// What is known of nothing but the head and the account.
    pub(super) fn at(head: HeaderRef, account: AccountView) -> Self {
        Self {
            head,
            account,
            payer: AccountView::default(),
            generation: Err(Refusal::UnknownCode { code: Hash::ZERO }),
            owner: Address::ZERO,
            is_operator: false,
            threshold: u64::MAX,
            holds: false,
            pending_owner: Address::ZERO,
            guardian: Address::ZERO,
            delay: DelayWord::default(),
            seats: SeatWord::default(),
            is_set: true,
            change: Change::default(),
            cancelled: false,
            ballot: Ballot::default(),
            recipient: Address::ZERO,
            executed: false,
            lower: 0,
            sweepable: false,
        }
    }

    pub(super) fn is_owner(&self, me: Address) -> bool {
        self.owner == me
    }
}

/// Which rules the bridge follows. Code that the trust does not accept may keep anything anywhere,
/// so nothing is read from it.
pub(super) fn generation_of(bridge: &BridgeEnd, code: &Hash) -> Result<Generation, Refusal> {
    bridge.generation(code).ok_or(Refusal::UnknownCode { code: *code })
}

/// The key of votes for a call.
pub(super) fn ballot_key(call: &[u8], nonce: u64) -> Hash {
    keccak256(&abi::bytes_and_words(call, &[U256::from(nonce)]))
}

fn selector_of(call: &[u8]) -> [u8; 4] {
    let mut selector = [0u8; 4];
    for (to, from) in selector.iter_mut().zip(call) {
        *to = *from;
    }
    selector
}

fn refused(error: spanlight::bridge::BridgeError) -> ProveError {
    ProveError::Refused(error.into())
}

/// Reads what `power` needs at `header`, for the account `me` and the one that pays.
pub(super) async fn read<T: Transport>(
    node: &Node<'_, T>,
    header: &AnchoredHeader,
    bridge: &BridgeEnd,
    (me, payer): (Address, Address),
    power: &Power,
) -> Result<Facts, ProveError> {
    let call = power.call();
    let slots = vec![
        layout::OWNER,
        layout::NONCES,
        layout::SEAT_COUNT,
        layout::PENDING_OWNER,
        layout::GUARDIAN,
        layout::OWNER_DELAY,
        layout::threshold_slot(CONFIGURATION_VOTE),
        layout::operator_flag_slot(&me),
        layout::seat_slot(&me),
        layout::change_slot(&call),
        layout::subject_nonce_slot(selector_of(&call)),
    ];
    let (account, payer, mut storage) = tokio::try_join!(
        view::account(node, header, me),
        view::account(node, header, payer),
        Storage::read(node, header, bridge.address, slots)
    )?;
    let facts = Facts { payer, ..Facts::at(header.reference(), account) };
    let generation = match generation_of(bridge, &storage.account().code_hash) {
        Ok(generation) => generation,
        Err(unknown) => return Ok(Facts { generation: Err(unknown), ..facts }),
    };
    storage.more(power.slots(generation)).await?;
    let words = storage.words();
    let word = |slot: &Hash| words.word(slot);
    let address = |slot: &Hash| words.hash(slot).map(|word| Address::low_bytes(&word));
    let nonces = NonceWord::decode(&words.hash(&layout::NONCES)?).map_err(refused)?;
    let mut facts = Facts {
        generation: Ok(generation),
        owner: address(&layout::OWNER)?,
        is_operator: word(&layout::operator_flag_slot(&me))? == U256::ONE,
        threshold: u64::try_from(word(&layout::threshold_slot(CONFIGURATION_VOTE))?).unwrap_or(u64::MAX),
        lower: nonces.lower_handle_nonce,
        ..facts
    };
    if generation != Generation::V2 {
        facts.holds = power.is_old() && power.holds(words, me, generation)?;
        return Ok(facts);
    }
    facts.holds = power.holds(words, me, generation)?;
    facts.pending_owner = address(&layout::PENDING_OWNER)?;
    facts.guardian = address(&layout::GUARDIAN)?;
    facts.delay = DelayWord::decode(word(&layout::OWNER_DELAY)?);
    facts.seats = SeatWord::decode(&words.hash(&layout::SEAT_COUNT)?).map_err(refused)?;
    facts.is_set = is_set(power, words)?;
    facts.change = Change::decode(word(&layout::change_slot(&call))?);
    facts.ballot.nonce =
        u64::try_from(word(&layout::subject_nonce_slot(selector_of(&call)))?).map_err(|_| bad_storage())?;
    if let Power::Claim { nonce, .. } = power {
        let [first, ..] = layout::claim_slots(*nonce);
        facts.recipient = address(&first)?;
        facts.executed = !word(&layout::executed_key_slot(*nonce))?.is_zero();
    }
    let seat = word(&layout::seat_slot(&me))?;
    storage
        .more([layout::cancelled_change_slot(facts.change.number), layout::handle_nonce_block_slot(facts.lower)])
        .await?;
    facts.cancelled = storage.words().word(&layout::cancelled_change_slot(facts.change.number))? == U256::ONE;
    facts.sweepable = !storage.words().word(&layout::handle_nonce_block_slot(facts.lower))?.is_zero();
    if matches!(power.class(), Class::Limit | Class::Votes | Class::Pause | Class::Resume) {
        let key = ballot_key(&call, facts.ballot.nonce);
        let nonce = facts.ballot.nonce;
        facts.ballot = Ballot { nonce, ..ballot(&mut storage, &key, facts.seats.seat_count, seat).await? };
    }
    Ok(facts)
}

fn bad_storage() -> ProveError {
    Stop::from(VerifyError::BridgeStorage).into()
}

/// Whether operators alone may change it now.
fn is_set(power: &Power, words: &Words) -> Result<bool, ProveError> {
    let slot = match power {
        Power::Limit { token, .. } => {
            let [limits, _] = layout::outflow_slots(token);
            limits
        }
        Power::Guardian(_) => layout::GUARDIAN,
        Power::FeeReceiver(_) => layout::FEE_RECEIVER,
        _ => return Ok(true),
    };
    Ok(!words.word(&slot)?.is_zero())
}

/// Counts as the contract does: seats behind the key that are seats of operators of now.
async fn ballot<T: Transport>(
    storage: &mut Storage<'_, '_, T>,
    key: &Hash,
    seat_count: u64,
    my_seat_plus_one: U256,
) -> Result<Ballot, ProveError> {
    let words = seat_count.div_ceil(SEATS_IN_A_WORD);
    if words > MOST_SEAT_WORDS {
        return Err(bad_storage());
    }
    let firsts: Vec<u64> = (0..words).map(|word| word.saturating_mul(SEATS_IN_A_WORD)).collect();
    let both = |first: &u64| [layout::vote_seats_slot(key, *first), layout::active_seats_slot(*first)];
    storage.more(firsts.iter().flat_map(both)).await?;
    let mut votes = 0u32;
    for first in &firsts {
        let [behind, active] = both(first);
        let live = storage.words().word(&behind)? & storage.words().word(&active)?;
        votes = votes.saturating_add(u32::try_from(live.count_ones()).unwrap_or(u32::MAX));
    }
    let seat = u64::try_from(my_seat_plus_one).ok().and_then(|seat| seat.checked_sub(1));
    let mine = match seat.filter(|seat| *seat < seat_count) {
        Some(seat) => {
            let behind = storage.words().word(&layout::vote_seats_slot(key, seat))?;
            !(behind & layout::seat_bit(seat)).is_zero()
        }
        None => false,
    };
    Ok(Ballot { nonce: 0, votes, mine })
}
