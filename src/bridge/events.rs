//! The bridge's events, decoded strictly.
//!
//! The contract writes each event in exactly one form. A log in any other form was not written by the known code, so it
//! is refused and not interpreted: right number of topics, clean addresses, canonical data. Source: bridge.md 2.4.

use super::abi::{address_in, u64_in, u8_in, AbiReader, AbiWriter};
use super::BridgeError;
use crate::primitives::{Address, Hash, U256};
use crate::receipt::Log;
use alloc::boxed::Box;
use alloc::vec::Vec;
use serde::Serialize;

/// First topics: the hash of each event's signature.
pub mod topic {
    use crate::primitives::Hash;

    /// A hash from its hex digits. That the text is the right one is a test's matter: it must be the hash of the signature.
    const fn hash(digits: &str) -> Hash {
        let mut out = [0u8; 32];
        let (mut rest, mut left): (&[u8], &mut [u8]) = (digits.as_bytes(), &mut out);
        while let ([high, low, digits @ ..], [byte, bytes @ ..]) = (rest, left) {
            *byte = nibble(*high) << 4 | nibble(*low);
            rest = digits;
            left = bytes;
        }
        Hash(out)
    }

    const fn nibble(digit: u8) -> u8 {
        match digit {
            b'0'..=b'9' => digit.wrapping_sub(b'0'),
            _ => digit.wrapping_sub(b'a').wrapping_add(10),
        }
    }

    macro_rules! topics {
        ($($name:ident = $digits:literal, $signature:literal;)*) => {
            $(#[doc = concat!("`", $signature, "`")] pub const $name: Hash = hash($digits);)*

            /// Every event's signature text and first topic.
            pub const ALL: &[(&str, Hash)] = &[$(($signature, $name)),*];
        };
    }

    topics! {
        REQUEST = "eff76c36e53fa5ff52f27acc8a34d5047a8246abb07b77b12f1309f71e337f09",
            "RequestValueTransfer(uint8,address,address,address,uint256,uint64,uint256,bytes)";
        REQUEST_ENCODED = "17d76053ca34a4dd8c402fe6498deb797fac89bf7ed02f3f5161aa9368cc8c1f",
            "RequestValueTransferEncoded(uint8,address,address,address,uint256,uint64,uint256,bytes,uint8,bytes)";
        HANDLE = "12b02f226d965a2881e0e8ffed6c421803a22d57ad91f9ef996fe0748ea10175",
            "HandleValueTransfer(bytes32,uint8,address,address,address,uint256,uint64,uint64,bytes)";
        KLAY_FEE_CHANGED = "a7a33d0996347e1aa55ca2206015b61b9534bdd881d59d59aa680e25eefac365",
            "KLAYFeeChanged(uint256)";
        ERC20_FEE_CHANGED = "db5ad2e76ae20cfa4e7adbc7305d7538442164d85ead9937c98620a1aa4c255b",
            "ERC20FeeChanged(address,uint256)";
        FEE_RECEIVER_CHANGED = "647672599d3468abcfa241a13c9e3d34383caadb5cc80fb67c3cdfcd5f786059",
            "FeeReceiverChanged(address)";
        OPERATOR_REGISTERED = "4d0eb1f4bac8744fd2be119845e23b3befc88094b42bcda1204c65694a00f9e5",
            "OperatorRegistered(address)";
        OPERATOR_DEREGISTERED = "6dd4ca66565fb3dee8076c654634c6c4ad949022d809d0394308617d6791218d",
            "OperatorDeregistered(address)";
        OPERATOR_THRESHOLD_CHANGED = "de3cd2be7e9ae1f7a2ad70ecd7323f887351d2a90eb1bd60f406f9f76b9de9c0",
            "OperatorThresholdChanged(uint8,uint8)";
        RUNNING_STATUS_CHANGED = "6de8c0fa6db0f6ebea4ab5c52ddacbd51605f42fead2ddeb1677e7da4206d719",
            "RunningStatusChanged(bool)";
        COUNTERPART_BRIDGE_CHANGED = "03461fa9b770412ae6f0763db8338a5ae7b6db78a6150d16d170c23bd838cf41",
            "CounterpartBridgeChanged(address)";
        TOKEN_REGISTERED = "158412daecdc1456d01568828bcdb18464cc7f1ce0215ddbc3f3cfede9d1e63d",
            "TokenRegistered(address)";
        TOKEN_DEREGISTERED = "1d735ca20b63676dde668b718be78606b061d6bd7534ff815a90a121a6c084b6",
            "TokenDeregistered(address)";
        TOKEN_LOCKED = "ca1b0a14e18ada4c44846768dd186e35630cdc5cfeaca83c404ae4acaafbecd7",
            "TokenLocked(address)";
        TOKEN_UNLOCKED = "81ec08d3372506e176c49e626d8beb7e091712ef92908a130f4ccc6524fe2eec",
            "TokenUnlocked(address)";
        KLAY_LOCKED = "915f3053cbc6842207cd97b68c0b585109b4f2fe61c5dbeb25d7678bfdfb8dfa",
            "KLAYLocked()";
        KLAY_UNLOCKED = "d20610c9b78a6903ef134539e3deb5d243be461de6ef12d4c29536bb9b54fa1b",
            "KLAYUnlocked()";
        OWNERSHIP_TRANSFERRED = "8be0079c531659141344cd1fd0a4f28419497f9722a3daafe3b4186f6b6457e0",
            "OwnershipTransferred(address,address)";
        HANDLE_DELIVERY_FAILED = "d3415e34629d2f42c483273552c051c8be36f2b1a2d74d4169db26538adb0309",
            "HandleDeliveryFailed(uint64,bytes32)";
    }
}

/// What is transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenType {
    /// The native coin.
    Coin,
    /// Fungible tokens.
    Erc20,
    /// One token with an id.
    Erc721,
}

impl core::fmt::Display for TokenType {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Coin => "coin",
            Self::Erc20 => "erc20",
            Self::Erc721 => "erc721",
        })
    }
}

impl TokenType {
    /// The number in events.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Coin => 0,
            Self::Erc20 => 1,
            Self::Erc721 => 2,
        }
    }

    /// The type of a number.
    ///
    /// # Errors
    /// [`BridgeError::TokenType`] for any number but 0, 1, 2.
    pub const fn of_number(got: u8) -> Result<Self, BridgeError> {
        match got {
            0 => Ok(Self::Coin),
            1 => Ok(Self::Erc20),
            2 => Ok(Self::Erc721),
            _ => Err(BridgeError::TokenType { got }),
        }
    }
}

const REQUEST_WORDS: usize = 5;
const REQUEST_ENCODED_WORDS: usize = 7;
const HANDLE_WORDS: usize = 6;

/// A user's request on the source chain: `RequestValueTransfer`, or `RequestValueTransferEncoded` if there is an encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestEvent {
    /// What is transferred.
    pub token_type: TokenType,
    /// Who requested.
    pub from: Address,
    /// Who shall receive on the destination chain.
    pub to: Address,
    /// The token on the source chain, zero for coin.
    pub token: Address,
    /// The amount net of fee, or the token id.
    pub value: U256,
    /// The request nonce, counted by the source bridge.
    pub nonce: u64,
    /// The bridge fee that was taken.
    pub fee: U256,
    /// Bytes for the recipient.
    pub extra: Vec<u8>,
    /// Version and bytes of the encoded data (the token's URI), in the encoded form of the event only.
    pub encoding: Option<(u8, Vec<u8>)>,
}

impl RequestEvent {
    /// Decodes either form of the request event.
    ///
    /// # Errors
    /// Where the log is of another event, or in a form that the contract does not write.
    pub fn decode(log: &Log) -> Result<Self, BridgeError> {
        let encoded = match log.topics.first() {
            Some(&topic::REQUEST) => false,
            Some(&topic::REQUEST_ENCODED) => true,
            got => return Err(BridgeError::EventSignature { got: got.map(|topic| Box::new(*topic)) }),
        };
        let [from, to, token] = indexed_addresses(log)?;
        let words = if encoded { REQUEST_ENCODED_WORDS } else { REQUEST_WORDS };
        let mut data = AbiReader::new(&log.data, words)?;
        let event = Self {
            token_type: TokenType::of_number(data.u8()?)?,
            from,
            to,
            token,
            value: data.u256()?,
            nonce: data.u64()?,
            fee: data.u256()?,
            extra: data.bytes()?.to_vec(),
            encoding: if encoded { Some((data.u8()?, data.bytes()?.to_vec())) } else { None },
        };
        data_is_canonical(log, &event.encode_data())?;
        Ok(event)
    }

    /// The log that a bridge writes for this event. An event does not know its bridge: the address is left zero.
    #[must_use]
    pub fn encode(&self) -> Log {
        let signature = if self.encoding.is_some() { topic::REQUEST_ENCODED } else { topic::REQUEST };
        log_of(signature, &[self.from, self.to, self.token], self.encode_data())
    }

    fn encode_data(&self) -> Vec<u8> {
        let words = if self.encoding.is_some() { REQUEST_ENCODED_WORDS } else { REQUEST_WORDS };
        let writer = AbiWriter::new(words)
            .u64(u64::from(self.token_type.number()))
            .u256(self.value)
            .u64(self.nonce)
            .u256(self.fee)
            .bytes(&self.extra);
        match &self.encoding {
            Some((version, encoded)) => writer.u64(u64::from(*version)).bytes(encoded),
            None => writer,
        }
        .finish()
    }
}

/// An execution on the destination chain: `HandleValueTransfer`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandleEvent {
    /// The request's transaction on the source chain, as the operators say.
    pub request_tx_hash: Hash,
    /// What is transferred.
    pub token_type: TokenType,
    /// Who requested, as the operators say.
    pub from: Address,
    /// Who received.
    pub to: Address,
    /// The token on the destination chain, zero for coin.
    pub token: Address,
    /// The amount or the token id.
    pub value: U256,
    /// The request nonce that was handled.
    pub nonce: u64,
    /// The lowest nonce not handled yet, after this handle.
    pub lower_handle_nonce: u64,
    /// Bytes for the recipient.
    pub extra: Vec<u8>,
}

impl HandleEvent {
    /// Decodes the handle event.
    ///
    /// # Errors
    /// Where the log is of another event, or in a form that the contract does not write.
    pub fn decode(log: &Log) -> Result<Self, BridgeError> {
        event_is(log, topic::HANDLE)?;
        let [from, to, token] = indexed_addresses(log)?;
        let mut data = AbiReader::new(&log.data, HANDLE_WORDS)?;
        let event = Self {
            request_tx_hash: data.word()?,
            token_type: TokenType::of_number(data.u8()?)?,
            from,
            to,
            token,
            value: data.u256()?,
            nonce: data.u64()?,
            lower_handle_nonce: data.u64()?,
            extra: data.bytes()?.to_vec(),
        };
        data_is_canonical(log, &event.encode_data())?;
        Ok(event)
    }

    /// The log that a bridge writes for this event. An event does not know its bridge: the address is left zero.
    #[must_use]
    pub fn encode(&self) -> Log {
        log_of(topic::HANDLE, &[self.from, self.to, self.token], self.encode_data())
    }

    fn encode_data(&self) -> Vec<u8> {
        AbiWriter::new(HANDLE_WORDS)
            .word(self.request_tx_hash)
            .u64(u64::from(self.token_type.number()))
            .u256(self.value)
            .u64(self.nonce)
            .u64(self.lower_handle_nonce)
            .bytes(&self.extra)
            .finish()
    }
}

/// A change of who may vote, or of how many votes decide. Generation C and version 2 tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorEvent {
    /// An operator may vote from now on.
    Registered(Address),
    /// An operator may vote no longer; its votes stay.
    Deregistered(Address),
    /// Another number of votes decides.
    ThresholdChanged {
        /// 0 for value transfers, 1 for configuration.
        vote_type: u8,
        /// Equal votes that decide.
        threshold: u8,
    },
}

impl OperatorEvent {
    /// Decodes any of the three.
    ///
    /// # Errors
    /// Where the log is of another event, or in a form that the contract does not write.
    pub fn decode(log: &Log) -> Result<Self, BridgeError> {
        let event = match log.topics.first() {
            Some(&topic::OPERATOR_REGISTERED) => Self::Registered(address_in(&indexed::<1>(log)?[0])?),
            Some(&topic::OPERATOR_DEREGISTERED) => Self::Deregistered(address_in(&indexed::<1>(log)?[0])?),
            Some(&topic::OPERATOR_THRESHOLD_CHANGED) => {
                let vote_type = u8_in(&indexed::<1>(log)?[0])?;
                Self::ThresholdChanged { vote_type, threshold: AbiReader::new(&log.data, 1)?.u8()? }
            }
            got => return Err(BridgeError::EventSignature { got: got.map(|topic| Box::new(*topic)) }),
        };
        data_is_canonical(log, &event.encode_data())?;
        Ok(event)
    }

    /// The log that a bridge writes for this event. An event does not know its bridge: the address is left zero.
    #[must_use]
    pub fn encode(&self) -> Log {
        let (signature, argument) = match *self {
            Self::Registered(operator) => (topic::OPERATOR_REGISTERED, operator.to_word()),
            Self::Deregistered(operator) => (topic::OPERATOR_DEREGISTERED, operator.to_word()),
            Self::ThresholdChanged { vote_type, .. } => {
                (topic::OPERATOR_THRESHOLD_CHANGED, Hash::from_u256(U256::from(vote_type)))
            }
        };
        Log { address: Address::ZERO, topics: Vec::from([signature, argument]), data: self.encode_data() }
    }

    fn encode_data(&self) -> Vec<u8> {
        match *self {
            Self::Registered(_) | Self::Deregistered(_) => Vec::new(),
            Self::ThresholdChanged { threshold, .. } => AbiWriter::new(1).u64(u64::from(threshold)).finish(),
        }
    }
}

/// A handle that closed its nonce and could not deliver; the value is kept for its recipient (version 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryFailedEvent {
    /// The nonce that was handled.
    pub nonce: u64,
    /// Hash of what the delivery answered.
    pub reason_hash: Hash,
}

impl DeliveryFailedEvent {
    /// Decodes the event.
    ///
    /// # Errors
    /// Where the log is of another event, or in a form that the contract does not write.
    pub fn decode(log: &Log) -> Result<Self, BridgeError> {
        event_is(log, topic::HANDLE_DELIVERY_FAILED)?;
        let [nonce] = indexed::<1>(log)?;
        let event = Self { nonce: u64_in(&nonce)?, reason_hash: AbiReader::new(&log.data, 1)?.word()? };
        data_is_canonical(log, event.reason_hash.as_bytes())?;
        Ok(event)
    }

    /// The log that a bridge writes for this event. An event does not know its bridge: the address is left zero.
    #[must_use]
    pub fn encode(&self) -> Log {
        let topics = Vec::from([topic::HANDLE_DELIVERY_FAILED, Hash::from_u256(U256::from(self.nonce))]);
        Log { address: Address::ZERO, topics, data: self.reason_hash.as_bytes().to_vec() }
    }
}

fn log_of(signature: Hash, indexed: &[Address], data: Vec<u8>) -> Log {
    let topics = core::iter::once(signature).chain(indexed.iter().map(Address::to_word)).collect();
    Log { address: Address::ZERO, topics, data }
}

fn event_is(log: &Log, expected: Hash) -> Result<(), BridgeError> {
    match log.topics.first() {
        Some(got) if *got == expected => Ok(()),
        got => Err(BridgeError::EventSignature { got: got.map(|topic| Box::new(*topic)) }),
    }
}

/// The topics behind the first one.
fn indexed<const N: usize>(log: &Log) -> Result<[Hash; N], BridgeError> {
    let count = BridgeError::TopicCount { expected: N.saturating_add(1), got: log.topics.len() };
    log.topics.get(1..).and_then(|topics| topics.try_into().ok()).ok_or(count)
}

fn indexed_addresses(log: &Log) -> Result<[Address; 3], BridgeError> {
    let [from, to, token] = indexed::<3>(log)?;
    Ok([address_in(&from)?, address_in(&to)?, address_in(&token)?])
}

/// One event has one encoding: other offsets, dirty padding or bytes behind the end are not the contract's work.
fn data_is_canonical(log: &Log, canonical: &[u8]) -> Result<(), BridgeError> {
    if log.data == canonical {
        Ok(())
    } else {
        Err(BridgeError::AbiNotCanonical)
    }
}
