//! Where the bridge contract keeps its state: slots 0 to 17 of generations B and C and of version 2, and what version 2
//! keeps behind slot 19.
//!
//! `H(x)` is x left-padded to a word; the slot of key k of a mapping at p is keccak256(H(k) ‖ H(p)); item i of an array
//! whose length is at p lies at keccak256(H(p)) + i. Source: bridge.md 2.2.

use super::{BridgeError, TokenType};
use crate::primitives::{keccak256, keccak256_concat, quotient, Address, Hash, U256};

/// Vote type of value transfers.
pub const TRANSFER_VOTE: u8 = 0;
/// Vote type of configuration changes.
pub const CONFIGURATION_VOTE: u8 = 1;

/// Slot of the mapping of handled request transactions.
pub const HANDLED_REQUEST_TXS: Hash = slot(0);
/// Slot of the fee receiver.
pub const FEE_RECEIVER: Hash = slot(1);
/// Slot of the coin fee.
pub const FEE_OF_COIN: Hash = slot(2);
/// Slot of the owner.
pub const OWNER: Hash = slot(4);
/// Slot of the counterpart bridge, which is informational.
pub const COUNTERPART_BRIDGE: Hash = slot(5);
/// Slot of the mapping from own token to counterpart token.
pub const REGISTERED_TOKENS: Hash = slot(6);
/// Slot of the mapping of votes.
pub const VOTES: Hash = slot(10);
/// Slot of the mapping of closed nonces.
pub const CLOSED: Hash = slot(11);
/// Slot of the mapping of operator flags.
pub const OPERATORS: Hash = slot(12);
/// Slot of the operator list's length.
pub const OPERATOR_LIST: Hash = slot(13);
/// Slot of the mapping of thresholds.
pub const THRESHOLDS: Hash = slot(14);
/// Slot of [`NonceWord`].
pub const NONCES: Hash = slot(15);
/// Slot that holds the mode, which is packed into [`NonceWord`].
pub const MODE: Hash = NONCES;
/// Slot of [`UpperWord`].
pub const UPPER: Hash = slot(16);
/// Slot of the mapping from handle nonce to request block.
pub const HANDLE_NONCE_BLOCKS: Hash = slot(17);
/// Slot of the mapping from nonce to the executed vote key (version 2).
pub const EXECUTED_KEYS: Hash = slot(20);
/// Slot of the mapping from nonce to what could not be delivered (version 2).
pub const CLAIMS: Hash = slot(21);
/// Slot of the mapping from vote key to the seats behind it (version 2).
pub const VOTE_SEATS: Hash = slot(23);
/// Slot of the mapping from operator to its seat (version 2).
pub const SEATS: Hash = slot(24);
/// Slot of the bits of the seats that may vote (version 2).
pub const ACTIVE_SEATS: Hash = slot(25);
/// Slot of [`SeatWord`] (version 2).
pub const SEAT_COUNT: Hash = slot(26);
/// Slot of the chain id of the one source that is served, zero while none is bound (version 2).
pub const SOURCE_CHAIN_ID: Hash = slot(29);
/// Slot of that source's bridge (version 2).
pub const SOURCE_BRIDGE: Hash = slot(30);
/// Slot of the mapping from token to its limits (version 2).
pub const LIMITS: Hash = slot(31);
/// Slot of the mapping from token to what went out of it (version 2).
pub const OUTFLOWS: Hash = slot(32);
/// Slot of the mapping from vote key to the time until which the outflow limit holds it back
/// (version 2).
pub const HELD: Hash = slot(35);
/// Slot of the mapping from token to its fee.
pub const FEE_OF_TOKEN: Hash = slot(3);
/// Slot of the list of registered tokens.
pub const REGISTERED_TOKEN_LIST: Hash = slot(8);
/// Slot of the mapping from token to whether requests of it are refused.
pub const LOCKED_TOKENS: Hash = slot(9);
/// Slot of whether requests of coin are refused, from generation C on.
pub const LOCKED_COIN: Hash = slot(19);
/// The same slot of generation B. Later ones keep their guard against reentrancy there.
pub const LOCKED_COIN_OF_B: Hash = slot(18);
/// Slot of the account that may accept the ownership (version 2).
pub const PENDING_OWNER: Hash = slot(27);
/// Slot of the account that may pause (version 2).
pub const GUARDIAN: Hash = slot(28);
/// Slot of the mapping from a selector to the nonce of votes on it (version 2).
pub const SUBJECT_NONCES: Hash = slot(34);
/// Slot of the mapping from the hash of a call to its announcement (version 2).
pub const CHANGES: Hash = slot(36);
/// Slot of the mapping from an announcement's number to whether it was cancelled (version 2).
pub const CANCELLED_CHANGES: Hash = slot(37);
/// Slot of the word of [`DelayWord`] (version 2).
pub const OWNER_DELAY: Hash = slot(38);

const fn slot(number: u8) -> Hash {
    let mut word = [0u8; 32];
    let [.., last] = &mut word;
    *last = number;
    Hash(word)
}

fn number(value: u64) -> Hash {
    Hash::from_u256(U256::from(value))
}

/// Slot of a key of the mapping at `at`.
fn mapping(key: Hash, at: Hash) -> Hash {
    keccak256_concat(&[key.as_bytes(), at.as_bytes()])
}

/// The slot `distance` behind `base`; slot numbers wrap as in the machine.
fn behind(base: Hash, distance: u64) -> Hash {
    Hash::from_u256(base.to_u256().wrapping_add(U256::from(distance)))
}

/// Slot of item `index` of the array whose length is at `at`.
fn array_item(at: Hash, index: u64) -> Hash {
    behind(keccak256(at.as_bytes()), index)
}

/// Slot of the number of equal votes that decide.
#[must_use]
pub fn threshold_slot(vote_type: u8) -> Hash {
    mapping(number(u64::from(vote_type)), THRESHOLDS)
}

/// Slot that tells whether `operator` may vote.
#[must_use]
pub fn operator_flag_slot(operator: &Address) -> Hash {
    mapping(operator.to_word(), OPERATORS)
}

/// Slot of the number of operators.
#[must_use]
pub const fn operator_list_length() -> Hash {
    OPERATOR_LIST
}

/// Slot of operator `index`.
#[must_use]
pub fn operator_list_slot(index: u64) -> Hash {
    array_item(OPERATOR_LIST, index)
}

/// Slot that tells whether `nonce` is handled and not swept yet. Handled means: below the lower handle nonce, or closed.
#[must_use]
pub fn closed_slot(nonce: u64) -> Hash {
    mapping(number(nonce), CLOSED)
}

/// Slot that tells whether some request of the transaction was handled.
#[must_use]
pub fn handled_request_tx_slot(request_tx_hash: &Hash) -> Hash {
    mapping(*request_tx_hash, HANDLED_REQUEST_TXS)
}

/// Slot of the request block of a handled nonce that is not swept yet.
#[must_use]
pub fn handle_nonce_block_slot(nonce: u64) -> Hash {
    mapping(number(nonce), HANDLE_NONCE_BLOCKS)
}

/// Slot of the counterpart of `token` on the other chain.
#[must_use]
pub fn registered_token_slot(token: &Address) -> Hash {
    mapping(token.to_word(), REGISTERED_TOKENS)
}

/// First slot of the votes of a type for a nonce. The functions below take it.
#[must_use]
pub fn votes_base(vote_type: u8, nonce: u64) -> Hash {
    mapping(number(nonce), mapping(number(u64::from(vote_type)), VOTES))
}

/// Slot of the number of those who voted.
#[must_use]
pub const fn voters_length(base: Hash) -> Hash {
    base
}

/// Slot of voter `index`.
#[must_use]
pub fn voters_item(base: Hash, index: u64) -> Hash {
    array_item(base, index)
}

/// Slot of the vote key that `operator` voted for, zero if it did not vote.
#[must_use]
pub fn voted_slot(base: Hash, operator: &Address) -> Hash {
    mapping(operator.to_word(), behind(base, 1))
}

/// Slot of the number of vote keys.
#[must_use]
pub fn vote_keys_length(base: Hash) -> Hash {
    behind(base, 2)
}

/// Slot of vote key `index`. A key whose count fell to 0 and rose again is listed twice.
#[must_use]
pub fn vote_keys_item(base: Hash, index: u64) -> Hash {
    array_item(vote_keys_length(base), index)
}

/// Slot of the number of live votes for `key`.
#[must_use]
pub fn vote_count_slot(base: Hash, key: &Hash) -> Hash {
    mapping(*key, behind(base, 3))
}

/// Slot of the vote key that was executed for `nonce`, never deleted; zero if none was (version 2).
#[must_use]
pub fn executed_key_slot(nonce: u64) -> Hash {
    mapping(number(nonce), EXECUTED_KEYS)
}

/// Slots of what is kept of `nonce` for its recipient: see [`claim_words`] (version 2).
#[must_use]
pub fn claim_slots(nonce: u64) -> [Hash; 3] {
    let base = mapping(number(nonce), CLAIMS);
    [base, behind(base, 1), behind(base, 2)]
}

/// The words at [`claim_slots`]: recipient and token type, token, amount or token id. All are zero once it is claimed.
#[must_use]
pub fn claim_words(recipient: &Address, token_type: TokenType, token: &Address, value: U256) -> [U256; 3] {
    let mut first = recipient.to_word();
    let [_, _, _, _, _, _, _, _, _, _, _, kind, ..] = &mut first.0;
    *kind = token_type.number();
    [first.to_u256(), token.to_word().to_u256(), value]
}

/// Slot of one more than the seat of `operator`, zero if it has none. Each registration takes a new seat (version 2).
#[must_use]
pub fn seat_slot(operator: &Address) -> Hash {
    mapping(operator.to_word(), SEATS)
}

/// Slot of the word of bits that holds `seat` among those behind `key`: bit seat % 256 (version 2).
#[must_use]
pub fn vote_seats_slot(key: &Hash, seat: u64) -> Hash {
    mapping(number(seat / SEATS_IN_A_WORD), mapping(*key, VOTE_SEATS))
}

/// Slot of the fee of a token.
#[must_use]
pub fn token_fee_slot(token: &Address) -> Hash {
    mapping(token.to_word(), FEE_OF_TOKEN)
}

/// Slot of item `index` of the list of registered tokens.
#[must_use]
pub fn registered_token_list_slot(index: u64) -> Hash {
    array_item(REGISTERED_TOKEN_LIST, index)
}

/// Slot of whether requests of a token are refused.
#[must_use]
pub fn locked_token_slot(token: &Address) -> Hash {
    mapping(token.to_word(), LOCKED_TOKENS)
}

/// Slot of the nonce of votes on calls with this selector (version 2).
#[must_use]
pub fn subject_nonce_slot(selector: [u8; 4]) -> Hash {
    let mut key = [0u8; 32];
    for (to, from) in key.iter_mut().zip(selector) {
        *to = from;
    }
    mapping(Hash(key), SUBJECT_NONCES)
}

/// Slot of the announcement of a call (version 2).
#[must_use]
pub fn change_slot(call: &[u8]) -> Hash {
    mapping(keccak256(call), CHANGES)
}

/// Slot of whether the announcement with this number was cancelled (version 2).
#[must_use]
pub fn cancelled_change_slot(change: u64) -> Hash {
    mapping(number(change), CANCELLED_CHANGES)
}

/// Two numbers of 64 bits in one word.
fn two_numbers(word: U256) -> (u64, u64) {
    let low = |word: U256| u64::try_from(word & U256::from(u64::MAX)).unwrap_or_default();
    (low(word), low(word.wrapping_shr(64)))
}

/// What the owner announced: the word at [`change_slot`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// When it may be made, in unix seconds.
    pub ready: u64,
    /// Which announcement it is, counted from 1; zero where there is none.
    pub number: u64,
}

impl Change {
    /// Seconds after `ready` in which it may be made.
    pub const GRACE: u64 = 7 * 86_400;

    /// Reads the word.
    #[must_use]
    pub fn decode(word: U256) -> Self {
        let (ready, number) = two_numbers(word);
        Self { ready, number }
    }
}

/// The word at [`OWNER_DELAY`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DelayWord {
    /// Seconds from an announcement to the change; zero while the bridge is set up.
    pub owner_delay: u64,
    /// Announcements so far.
    pub change_count: u64,
}

impl DelayWord {
    /// Reads the word.
    #[must_use]
    pub fn decode(word: U256) -> Self {
        let (owner_delay, change_count) = two_numbers(word);
        Self { owner_delay, change_count }
    }
}

/// Slot of the time until which `key` is held back by the outflow limit, zero if it never was
/// (version 2).
#[must_use]
pub fn held_slot(key: &Hash) -> Hash {
    mapping(*key, HELD)
}

/// Slot of the nonce of votes for `resumeHandles()`. It rises with every pause and never falls, so
/// where it is the same at two heights no pause began between them (version 2).
#[must_use]
pub fn resume_nonce_slot() -> Hash {
    const RESUME_HANDLES: [u8; 4] = [0xfb, 0x96, 0x34, 0x43];
    subject_nonce_slot(RESUME_HANDLES)
}

/// Slots of the limits of a token and of what went out: the words of [`Outflow`] (version 2).
#[must_use]
pub fn outflow_slots(token: &Address) -> [Hash; 2] {
    [mapping(token.to_word(), LIMITS), mapping(token.to_word(), OUTFLOWS)]
}

/// How much of a token may still leave at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outflow {
    /// The most that may leave in a period; zero: no limit.
    pub limit: u128,
    /// What has left and has not leaked away at `updated`.
    pub level: U256,
    /// Time of the last change.
    pub updated: u64,
}

impl Outflow {
    /// Seconds in which a full level leaks away.
    pub const PERIOD: u64 = 86_400;

    /// Reads the two words at [`outflow_slots`].
    #[must_use]
    pub fn decode([limits, outflow]: [U256; 2]) -> Self {
        let [_, _, low, high] = limits.into_limbs();
        let [first, second, third, updated] = outflow.into_limbs();
        let limit = u128::from(high).wrapping_shl(64) | u128::from(low);
        Self { limit, level: U256::from_limbs([first, second, third, 0]), updated }
    }

    /// What of the level has not leaked away at `time`.
    #[must_use]
    pub fn level_at(&self, time: u64) -> U256 {
        let passed = U256::from(time.saturating_sub(self.updated));
        let leaking = U256::from(self.limit).saturating_mul(passed);
        self.level.saturating_sub(quotient(leaking, Self::PERIOD).unwrap_or_default())
    }

    /// How much may leave at `time` without waiting; any amount where there is no limit.
    #[must_use]
    pub fn room(&self, time: u64) -> U256 {
        if self.limit == 0 {
            return U256::MAX;
        }
        U256::from(self.limit).saturating_sub(self.level_at(time))
    }

    /// Whether `amount` may leave at `time` without waiting.
    #[must_use]
    pub fn fits(&self, amount: U256, time: u64) -> bool {
        self.limit == 0 || self.level_at(time).saturating_add(amount) <= U256::from(self.limit)
    }
}

/// Slot of the word of bits that holds `seat` among those that may vote (version 2).
#[must_use]
pub fn active_seats_slot(seat: u64) -> Hash {
    mapping(number(seat / SEATS_IN_A_WORD), ACTIVE_SEATS)
}

/// The word in which only the bit of `seat` is set.
#[must_use]
pub fn seat_bit(seat: u64) -> U256 {
    U256::ONE.wrapping_shl(usize::try_from(seat % SEATS_IN_A_WORD).unwrap_or_default())
}

const SEATS_IN_A_WORD: u64 = 256;

/// The word at [`SEAT_COUNT`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeatWord {
    /// Seats ever given.
    pub seat_count: u64,
    /// Rises whenever an operator comes or goes; signatures name it.
    pub operator_epoch: u64,
    /// When handles may be resumed, zero if that is not scheduled.
    pub resume_time: u64,
    /// Whether handles are paused.
    pub handles_paused: bool,
    /// Whether the chain is asked whose keys signed.
    pub account_keys: bool,
}

impl SeatWord {
    /// Reads the packed word.
    ///
    /// # Errors
    /// [`BridgeError::StorageWord`] where bytes beyond the variables are set or the flag is neither 0 nor 1.
    pub fn decode(word: &Hash) -> Result<Self, BridgeError> {
        let mut parts = PackedWord::new(word);
        let decoded = Self {
            seat_count: parts.u64(),
            operator_epoch: parts.u64(),
            resume_time: parts.u64(),
            handles_paused: parts.u8() == 1,
            account_keys: parts.u8() == 1,
        };
        word_holds_nothing_else(word, decoded.encode())?;
        Ok(decoded)
    }

    /// The packed word.
    #[must_use]
    pub fn encode(&self) -> Hash {
        pack(&[
            &self.seat_count.to_le_bytes(),
            &self.operator_epoch.to_le_bytes(),
            &self.resume_time.to_le_bytes(),
            &[u8::from(self.handles_paused), u8::from(self.account_keys)],
        ])
    }
}

/// The word at [`NONCES`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NonceWord {
    /// Configuration votes decided.
    pub configuration_nonce: u64,
    /// Whether tokens are burned on request and minted on handle, instead of locked and released.
    pub mode_mint_burn: bool,
    /// Whether requests are accepted. Handles always are.
    pub is_running: bool,
    /// Requests made so far.
    pub request_nonce: u64,
    /// The lowest nonce not handled yet.
    pub lower_handle_nonce: u64,
}

impl NonceWord {
    /// Reads the packed word.
    ///
    /// # Errors
    /// [`BridgeError::StorageWord`] where bytes beyond the variables are set or a flag is neither 0 nor 1: then this is
    /// not the known contract's word.
    pub fn decode(word: &Hash) -> Result<Self, BridgeError> {
        let mut parts = PackedWord::new(word);
        let decoded = Self {
            configuration_nonce: parts.u64(),
            mode_mint_burn: parts.u8() == 1,
            is_running: parts.u8() == 1,
            request_nonce: parts.u64(),
            lower_handle_nonce: parts.u64(),
        };
        word_holds_nothing_else(word, decoded.encode())?;
        Ok(decoded)
    }

    /// The packed word.
    #[must_use]
    pub fn encode(&self) -> Hash {
        pack(&[
            &self.configuration_nonce.to_le_bytes(),
            &[u8::from(self.mode_mint_burn), u8::from(self.is_running)],
            &self.request_nonce.to_le_bytes(),
            &self.lower_handle_nonce.to_le_bytes(),
        ])
    }
}

/// The word at [`UPPER`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UpperWord {
    /// The highest nonce ever handled, 0 if none was.
    pub upper_handle_nonce: u64,
    /// Source block of the last nonce of the gap-free prefix, 1 at first.
    pub recovery_block: u64,
}

impl UpperWord {
    /// Reads the packed word.
    ///
    /// # Errors
    /// [`BridgeError::StorageWord`] where bytes beyond the variables are set.
    pub fn decode(word: &Hash) -> Result<Self, BridgeError> {
        let mut parts = PackedWord::new(word);
        let decoded = Self { upper_handle_nonce: parts.u64(), recovery_block: parts.u64() };
        word_holds_nothing_else(word, decoded.encode())?;
        Ok(decoded)
    }

    /// The packed word.
    #[must_use]
    pub fn encode(&self) -> Hash {
        pack(&[&self.upper_handle_nonce.to_le_bytes(), &self.recovery_block.to_le_bytes()])
    }
}

/// Reads packed variables from the right.
struct PackedWord<'a> {
    bytes: core::iter::Rev<core::slice::Iter<'a, u8>>,
}

impl<'a> PackedWord<'a> {
    fn new(word: &'a Hash) -> Self {
        Self { bytes: word.0.iter().rev() }
    }

    fn u8(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or_default()
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(core::array::from_fn(|_| self.u8()))
    }
}

/// Variables in order, the first at the right end.
fn pack(little_endian: &[&[u8]]) -> Hash {
    let mut word = [0u8; 32];
    let bytes = little_endian.iter().flat_map(|bytes| bytes.iter());
    for (to, from) in word.iter_mut().rev().zip(bytes) {
        *to = *from;
    }
    Hash(word)
}

fn word_holds_nothing_else(word: &Hash, packed: Hash) -> Result<(), BridgeError> {
    if *word == packed {
        Ok(())
    } else {
        Err(BridgeError::StorageWord { got: (*word).into() })
    }
}
