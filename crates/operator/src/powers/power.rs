//! What the bridge's owner, its operators, its guardian and everybody can do to it.

use super::abi;
use crate::view::storage::Words;
use spanlight::bridge::layout::{self, DelayWord, NonceWord, SeatWord, CONFIGURATION_VOTE, TRANSFER_VOTE};
use spanlight::bridge::Generation;
use spanlight::{Address, Hash, U256};
use spanlight_prover::ProveError;
use std::fmt;

/// One thing to do to a bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Power {
    /// An operator more, or one less.
    Operator {
        /// Whose account.
        operator: Address,
        /// Whether it is to be one.
        registered: bool,
    },
    /// How many equal votes decide: on transfers, or on the bridge's configuration.
    Threshold {
        /// On configuration.
        configuration: bool,
        /// So many.
        votes: u8,
    },
    /// A token and its counterpart on the other chain; none takes it off the list.
    Token {
        /// On this chain.
        token: Address,
        /// On the other one.
        counterpart: Option<Address>,
    },
    /// The bridge of the other chain, for tools.
    Counterpart(Address),
    /// The one bridge whose requests are handled here.
    Source {
        /// Its chain.
        chain_id: u64,
        /// Its address.
        bridge: Address,
    },
    /// Limits of a token, of the coin under the zero address; zero: none.
    Limit {
        /// Which.
        token: Address,
        /// The most of one request.
        request: u128,
        /// The most that leaves in a day without notice.
        outflow: u128,
    },
    /// How long the owner's changes are announced before, in seconds.
    OwnerDelay(u64),
    /// Offers the ownership.
    Offer(Address),
    /// Takes the ownership that was offered.
    Accept,
    /// Refuses requests of a token, of the coin under the zero address, or takes them again.
    Lock {
        /// Which.
        token: Address,
        /// Whether they are refused.
        locked: bool,
    },
    /// Takes requests, or refuses all.
    Running(bool),
    /// Who may pause.
    Guardian(Address),
    /// Who gets the fees.
    FeeReceiver(Address),
    /// The fee of a request, of coin under the zero address.
    Fee {
        /// Of which token.
        token: Address,
        /// How much.
        fee: U256,
    },
    /// Refuses handles and claims.
    Pause,
    /// Takes them again.
    Resume,
    /// Ends changes that the owner announced, by their numbers: ascending, each once.
    Cancel(Vec<u64>),
    /// Pays what could not be delivered.
    Claim {
        /// Of which request.
        nonce: u64,
        /// To whom; none: to its recipient.
        to: Option<Address>,
    },
    /// Moves the lowest handle nonce over what is handled.
    Sweep,
}

/// Who may use a power, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The owner, who announces it before.
    Announced,
    /// The owner while it is not set, or announced; operators by votes.
    Limit,
    /// The owner while it is not set; operators by votes.
    Votes,
    /// The owner, at once.
    Owner,
    /// Guardian or owner at once; operators by votes.
    Pause,
    /// Operators by votes; the owner a day after it said so.
    Resume,
    /// Whom the ownership was offered to.
    Accept,
    /// Recipient, or anybody to the recipient.
    Claim,
    /// Anybody.
    Sweep,
}

const REGISTER: &str = "registerOperator(address)";
const DEREGISTER: &str = "deregisterOperator(address)";
const THRESHOLD: &str = "setOperatorThreshold(uint8,uint8)";
const REGISTER_TOKEN: &str = "registerToken(address,address)";
const DEREGISTER_TOKEN: &str = "deregisterToken(address)";
const COUNTERPART: &str = "setCounterPartBridge(address)";
const SOURCE: &str = "bindSource(uint256,address)";
const LIMIT: &str = "setLimit(address,uint128,uint128)";
const OWNER_DELAY: &str = "setOwnerDelay(uint64)";
const OFFER: &str = "transferOwnership(address)";

fn of_address(address: Address) -> U256 {
    address.to_word().to_u256()
}

fn of_flag(flag: bool) -> U256 {
    U256::from(u8::from(flag))
}

impl Power {
    /// Changes with these numbers, in the one order that all operators vote for.
    #[must_use]
    pub fn cancel(numbers: &[u64]) -> Self {
        let mut numbers = numbers.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        Self::Cancel(numbers)
    }

    pub(super) const fn class(&self) -> Class {
        match self {
            Self::Operator { .. }
            | Self::Threshold { .. }
            | Self::Token { .. }
            | Self::Counterpart(_)
            | Self::Source { .. }
            | Self::OwnerDelay(_)
            | Self::Offer(_) => Class::Announced,
            Self::Limit { .. } => Class::Limit,
            Self::Guardian(_) | Self::FeeReceiver(_) | Self::Fee { .. } | Self::Cancel(_) => Class::Votes,
            Self::Lock { .. } | Self::Running(_) => Class::Owner,
            Self::Pause => Class::Pause,
            Self::Resume => Class::Resume,
            Self::Accept => Class::Accept,
            Self::Claim { .. } => Class::Claim,
            Self::Sweep => Class::Sweep,
        }
    }

    /// Whether bridges before version 2 have it, with the same call and the same state.
    pub(super) const fn is_old(&self) -> bool {
        matches!(
            self,
            Self::Operator { .. }
                | Self::Threshold { .. }
                | Self::Token { .. }
                | Self::Counterpart(_)
                | Self::Lock { .. }
                | Self::Running(_)
        )
    }

    /// Most gas for it; what is not used is not paid.
    pub(super) const fn gas(&self) -> u64 {
        match self {
            // Claims have no bound in the contract; a sweep takes what it is given, 201 nonces at
            // most.
            Self::Claim { .. } => 5_000_000,
            Self::Sweep => 2_500_000,
            _ => 1_000_000,
        }
    }

    /// The bridge's call.
    pub(super) fn call(&self) -> Vec<u8> {
        match *self {
            Self::Operator { operator, registered } => {
                abi::call(if registered { REGISTER } else { DEREGISTER }, &[of_address(operator)])
            }
            Self::Threshold { configuration, votes } => {
                abi::call(THRESHOLD, &[of_flag(configuration), U256::from(votes)])
            }
            Self::Token { token, counterpart: Some(counterpart) } => {
                abi::call(REGISTER_TOKEN, &[of_address(token), of_address(counterpart)])
            }
            Self::Token { token, counterpart: None } => abi::call(DEREGISTER_TOKEN, &[of_address(token)]),
            Self::Counterpart(bridge) => abi::call(COUNTERPART, &[of_address(bridge)]),
            Self::Source { chain_id, bridge } => abi::call(SOURCE, &[U256::from(chain_id), of_address(bridge)]),
            Self::Limit { token, request, outflow } => {
                abi::call(LIMIT, &[of_address(token), U256::from(request), U256::from(outflow)])
            }
            Self::OwnerDelay(seconds) => abi::call(OWNER_DELAY, &[U256::from(seconds)]),
            Self::Offer(owner) => abi::call(OFFER, &[of_address(owner)]),
            Self::Accept => abi::call("acceptOwnership()", &[]),
            Self::Lock { token, locked } => match (token.is_zero(), locked) {
                (true, true) => abi::call("lockKLAY()", &[]),
                (true, false) => abi::call("unlockKLAY()", &[]),
                (false, true) => abi::call("lockToken(address)", &[of_address(token)]),
                (false, false) => abi::call("unlockToken(address)", &[of_address(token)]),
            },
            Self::Running(running) => abi::call("setRunningStatus(bool)", &[of_flag(running)]),
            Self::Guardian(guardian) => abi::call("setGuardian(address)", &[of_address(guardian)]),
            Self::FeeReceiver(receiver) => abi::call("setFeeReceiver(address)", &[of_address(receiver)]),
            Self::Fee { token, fee } if token.is_zero() => abi::call("setKLAYFee(uint256)", &[fee]),
            Self::Fee { token, fee } => abi::call("setERC20Fee(address,uint256)", &[of_address(token), fee]),
            Self::Pause => abi::call("pauseHandles()", &[]),
            Self::Resume => abi::call("resumeHandles()", &[]),
            Self::Cancel(ref numbers) => {
                let numbers: Vec<U256> = numbers.iter().map(|number| U256::from(*number)).collect();
                abi::call_with_list("cancelChanges(uint64[])", &numbers)
            }
            Self::Claim { nonce, to } => {
                abi::call("claim(uint64,address)", &[U256::from(nonce), of_address(to.unwrap_or(Address::ZERO))])
            }
            Self::Sweep => abi::call("sweep()", &[]),
        }
    }

    /// Reads a call that an owner announces; none for one that no command makes.
    #[must_use]
    pub fn read(call: &[u8]) -> Option<Self> {
        let words = abi::words_of(call)?;
        let address = |at: usize| words.get(at).map(|word| Address::low_bytes(&Hash::from_u256(*word)));
        let number = |at: usize| words.get(at).and_then(|word| u64::try_from(*word).ok());
        let amount = |at: usize| words.get(at).and_then(|word| u128::try_from(*word).ok());
        let is = |signature| call.starts_with(&abi::selector(signature));
        let read = match () {
            () if is(REGISTER) => Self::Operator { operator: address(0)?, registered: true },
            () if is(DEREGISTER) => Self::Operator { operator: address(0)?, registered: false },
            () if is(THRESHOLD) => {
                Self::Threshold { configuration: number(0)? == 1, votes: u8::try_from(number(1)?).ok()? }
            }
            () if is(REGISTER_TOKEN) => Self::Token { token: address(0)?, counterpart: Some(address(1)?) },
            () if is(DEREGISTER_TOKEN) => Self::Token { token: address(0)?, counterpart: None },
            () if is(COUNTERPART) => Self::Counterpart(address(0)?),
            () if is(SOURCE) => Self::Source { chain_id: number(0)?, bridge: address(1)? },
            () if is(LIMIT) => Self::Limit { token: address(0)?, request: amount(1)?, outflow: amount(2)? },
            () if is(OWNER_DELAY) => Self::OwnerDelay(number(0)?),
            () if is(OFFER) => Self::Offer(address(0)?),
            () => return None,
        };
        // What is read must be all that the call says.
        (read.call() == call).then_some(read)
    }

    /// Slots by which the bridge's state tells whether it is done.
    pub(super) fn slots(&self, generation: Generation) -> Vec<Hash> {
        match self {
            Self::Operator { operator, .. } => vec![layout::operator_flag_slot(operator)],
            Self::Threshold { configuration, .. } => vec![threshold_slot(*configuration)],
            Self::Token { token, .. } => vec![layout::registered_token_slot(token)],
            Self::Counterpart(_) => vec![layout::COUNTERPART_BRIDGE],
            Self::Source { .. } => vec![layout::SOURCE_CHAIN_ID, layout::SOURCE_BRIDGE],
            Self::Limit { token, .. } => layout::outflow_slots(token).to_vec(),
            Self::Lock { token, .. } => vec![lock_slot(token, generation)],
            Self::FeeReceiver(_) => vec![layout::FEE_RECEIVER],
            Self::Fee { token, .. } => vec![fee_slot(token)],
            Self::Cancel(numbers) => numbers.iter().map(|number| layout::cancelled_change_slot(*number)).collect(),
            Self::Claim { nonce, .. } => {
                let mut slots = layout::claim_slots(*nonce).to_vec();
                slots.push(layout::executed_key_slot(*nonce));
                slots
            }
            // Among those that are always read.
            Self::OwnerDelay(_)
            | Self::Offer(_)
            | Self::Accept
            | Self::Running(_)
            | Self::Guardian(_)
            | Self::Pause
            | Self::Resume
            | Self::Sweep => Vec::new(),
        }
    }

    /// Whether the bridge's proven state is what is wanted, by the account that wants it. Words of
    /// [`Self::slots`] and of what is always read must be there.
    pub(super) fn holds(&self, words: &Words, me: Address, generation: Generation) -> Result<bool, ProveError> {
        let address = |slot: &Hash| words.hash(slot).map(|word| Address::low_bytes(&word));
        let refused = |error: spanlight::bridge::BridgeError| ProveError::Refused(error.into());
        Ok(match self {
            Self::Operator { operator, registered } => {
                words.word(&layout::operator_flag_slot(operator))? == of_flag(*registered)
            }
            Self::Threshold { configuration, votes } => {
                words.word(&threshold_slot(*configuration))? == U256::from(*votes)
            }
            Self::Token { token, counterpart } => {
                address(&layout::registered_token_slot(token))? == counterpart.unwrap_or(Address::ZERO)
            }
            Self::Counterpart(bridge) => address(&layout::COUNTERPART_BRIDGE)? == *bridge,
            Self::Source { chain_id, bridge } => {
                words.word(&layout::SOURCE_CHAIN_ID)? == U256::from(*chain_id)
                    && address(&layout::SOURCE_BRIDGE)? == *bridge
            }
            Self::Limit { token, request, outflow } => {
                let [slot, _] = layout::outflow_slots(token);
                words.word(&slot)? == (U256::from(*outflow).wrapping_shl(128) | U256::from(*request))
            }
            Self::OwnerDelay(seconds) => DelayWord::decode(words.word(&layout::OWNER_DELAY)?).owner_delay == *seconds,
            // An owner takes an offer back by offering to itself: while somebody else may accept,
            // the owner's own name says nothing.
            Self::Offer(to) => {
                let (owner, pending) = (address(&layout::OWNER)?, address(&layout::PENDING_OWNER)?);
                pending == *to || (owner == *to && pending.is_zero())
            }
            Self::Accept => address(&layout::OWNER)? == me && address(&layout::PENDING_OWNER)? != me,
            Self::Lock { token, locked } => words.word(&lock_slot(token, generation))? == of_flag(*locked),
            Self::Running(running) => {
                NonceWord::decode(&words.hash(&layout::NONCES)?).map_err(refused)?.is_running == *running
            }
            Self::Guardian(guardian) => address(&layout::GUARDIAN)? == *guardian,
            Self::FeeReceiver(receiver) => address(&layout::FEE_RECEIVER)? == *receiver,
            Self::Fee { token, fee } => words.word(&fee_slot(token))? == *fee,
            Self::Pause | Self::Resume => {
                let seats = SeatWord::decode(&words.hash(&layout::SEAT_COUNT)?).map_err(refused)?;
                seats.handles_paused == (*self == Self::Pause)
            }
            Self::Cancel(numbers) => {
                let mut all = true;
                for number in numbers {
                    all &= words.word(&layout::cancelled_change_slot(*number))? == U256::ONE;
                }
                all
            }
            Self::Claim { nonce, .. } => {
                let [first, ..] = layout::claim_slots(*nonce);
                !words.word(&layout::executed_key_slot(*nonce))?.is_zero() && words.word(&first)?.is_zero()
            }
            Self::Sweep => false,
        })
    }
}

const fn vote_type(configuration: bool) -> u8 {
    if configuration {
        CONFIGURATION_VOTE
    } else {
        TRANSFER_VOTE
    }
}

fn threshold_slot(configuration: bool) -> Hash {
    layout::threshold_slot(vote_type(configuration))
}

/// Slot of whether requests of a token, or of the coin, are refused.
pub(super) fn lock_slot(token: &Address, generation: Generation) -> Hash {
    match generation {
        _ if !token.is_zero() => layout::locked_token_slot(token),
        Generation::A | Generation::B => layout::LOCKED_COIN_OF_B,
        Generation::C | Generation::V2 => layout::LOCKED_COIN,
    }
}

pub(super) fn fee_slot(token: &Address) -> Hash {
    if token.is_zero() {
        layout::FEE_OF_COIN
    } else {
        layout::token_fee_slot(token)
    }
}

/// The coin, or a token by its address.
fn of(token: Address) -> String {
    if token.is_zero() {
        "coin".to_owned()
    } else {
        format!("token {token}")
    }
}

/// How the bridge is once it is done, in words that fit behind "that".
impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none_if_zero = |amount: &u128| if *amount == 0 { "none".to_owned() } else { amount.to_string() };
        match self {
            Self::Operator { operator, registered: true } => write!(f, "{operator} is registered"),
            Self::Operator { operator, registered: false } => write!(f, "{operator} is deregistered"),
            Self::Threshold { configuration: false, votes } => write!(f, "{votes} votes execute"),
            Self::Threshold { configuration: true, votes } => write!(f, "{votes} votes decide on configuration"),
            Self::Token { token, counterpart: Some(other) } => write!(f, "token {token} is registered with {other}"),
            Self::Token { token, counterpart: None } => write!(f, "token {token} is not registered"),
            Self::Counterpart(bridge) => write!(f, "the counterpart bridge is {bridge}"),
            Self::Source { chain_id, bridge } => write!(f, "requests come from bridge {bridge} of chain id {chain_id}"),
            Self::Limit { token, request, outflow } => {
                let (request, outflow) = (none_if_zero(request), none_if_zero(outflow));
                write!(f, "limits of {}: request {request}, outflow {outflow}", of(*token))
            }
            Self::OwnerDelay(seconds) => write!(f, "the owner announces changes {seconds} s before"),
            Self::Offer(owner) => write!(f, "the ownership is offered to {owner}"),
            Self::Accept => f.write_str("the ownership is accepted"),
            Self::Lock { token, locked: true } => write!(f, "requests of {} are refused", of(*token)),
            Self::Lock { token, locked: false } => write!(f, "requests of {} are taken", of(*token)),
            Self::Running(true) => f.write_str("requests are taken"),
            Self::Running(false) => f.write_str("all requests are refused"),
            Self::Guardian(guardian) => write!(f, "the guardian is {guardian}"),
            Self::FeeReceiver(receiver) => write!(f, "fees go to {receiver}"),
            Self::Fee { token, fee } => write!(f, "the fee of {} is {fee}", of(*token)),
            Self::Pause => f.write_str("handles and claims are paused"),
            Self::Resume => f.write_str("handles and claims run"),
            Self::Cancel(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
                write!(f, "cancelled changes: {}", numbers.join(", "))
            }
            // Who was paid the state does not tell: it may be another one, long ago.
            Self::Claim { nonce, .. } => write!(f, "nothing is owed for request {nonce}"),
            Self::Sweep => f.write_str("the lowest handle nonce is behind what is handled in a row"),
        }
    }
}
