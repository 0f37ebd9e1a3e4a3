//! How a bridge is set up, proven at a young head, and what an owner should still do about it.

use super::facts::generation_of;
use super::power::{fee_slot, lock_slot};
use super::{end_of, trusted, Followed, PowerError, Refusal};
use crate::config::Config;
use crate::view::storage::{Storage, Words};
use serde::Serialize;
use spanlight::bridge::layout::{self, DelayWord, NonceWord, SeatWord, CONFIGURATION_VOTE, TRANSFER_VOTE};
use spanlight::bridge::Generation;
use spanlight::trust::BridgeEnd;
use spanlight::verify::{AnchoredHeader, Stop, VerifyError};
use spanlight::{Address, Hash, U256};
use spanlight_prover::{Node, ProveError, Transport};

/// Most tokens that are shown.
const MOST_TOKENS: u64 = 256;
/// Most operators that a bridge has: every known contract refuses more.
const MOST_OPERATORS: u64 = 12;

/// What is proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// The chain.
    pub chain: String,
    /// The bridge.
    pub bridge: Address,
    /// The verified block.
    pub block: u64,
    /// Its time, in unix seconds.
    pub time: u64,
    /// The owner.
    pub owner: Address,
    /// The operators.
    pub operators: Vec<Address>,
    /// Equal votes that execute a transfer.
    pub transfer_threshold: u64,
    /// Equal votes that decide on configuration.
    pub configuration_threshold: u64,
    /// Whether requests are taken.
    pub running: bool,
    /// The coin.
    pub coin: Asset,
    /// Registered tokens.
    pub tokens: Vec<Asset>,
    /// How many more tokens are registered.
    pub more_tokens: u64,
    /// The counterpart bridge that is written down; zero: none.
    pub counterpart: Address,
    /// Who gets fees; zero: nobody.
    pub fee_receiver: Address,
    /// What only bridges of version 2 have.
    pub version_2: Option<Second>,
}

/// The coin or a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asset {
    /// Zero: the coin.
    pub address: Address,
    /// On the other chain; zero for the coin.
    pub counterpart: Address,
    /// Whether requests of it are refused.
    pub locked: bool,
    /// The fee of a request.
    #[serde(serialize_with = "as_text")]
    pub fee: U256,
    /// The most of one request; zero: no limit.
    #[serde(serialize_with = "as_text")]
    pub request_limit: u128,
    /// The most that leaves in a day without notice; zero: no limit.
    #[serde(serialize_with = "as_text")]
    pub outflow_limit: u128,
}

fn as_text<S: serde::Serializer>(value: &impl ToString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&value.to_string())
}

/// What only bridges of version 2 have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Second {
    /// Who may accept the ownership; zero: nobody.
    pub pending_owner: Address,
    /// Who may pause; zero: nobody but owner and operators.
    pub guardian: Address,
    /// Seconds that the owner's changes are announced before; zero while the bridge is set up.
    pub owner_delay: u64,
    /// Announcements so far.
    pub changes: u64,
    /// Whether handles and claims are refused.
    pub paused: bool,
    /// When the owner may resume; zero: not scheduled.
    pub resume_time: u64,
    /// The chain whose requests are handled; zero: not bound.
    #[serde(serialize_with = "as_text")]
    pub source_chain_id: U256,
    /// The bridge whose requests are handled.
    pub source_bridge: Address,
}

/// What should not stay as it is on a bridge that holds value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The owner changes everything at once.
    NoOwnerDelay,
    /// No key watches.
    NoGuardian,
    /// So much of this leaves as votes say; zero: the coin.
    NoOutflowLimit(Address),
    /// It is not bound to the requests of one bridge.
    NotBound,
    /// One key is both.
    OwnerIsOperator,
    /// Handles are paused.
    Paused,
    /// Someone may accept the ownership.
    OwnershipOffered(Address),
}

impl Warning {
    /// A stable name.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoOwnerDelay => "no_owner_delay",
            Self::NoGuardian => "no_guardian",
            Self::NoOutflowLimit(_) => "no_outflow_limit",
            Self::NotBound => "not_bound",
            Self::OwnerIsOperator => "owner_is_operator",
            Self::Paused => "paused",
            Self::OwnershipOffered(_) => "ownership_offered",
        }
    }
}

impl Overview {
    /// What an owner should look at, the most important first.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        let mut warn = |holds: bool, warning| {
            if holds {
                warnings.push(warning);
            }
        };
        warn(self.operators.contains(&self.owner), Warning::OwnerIsOperator);
        let Some(second) = &self.version_2 else { return warnings };
        warn(second.paused, Warning::Paused);
        warn(second.owner_delay == 0, Warning::NoOwnerDelay);
        warn(second.guardian.is_zero(), Warning::NoGuardian);
        warn(second.source_bridge.is_zero(), Warning::NotBound);
        warn(!second.pending_owner.is_zero(), Warning::OwnershipOffered(second.pending_owner));
        for asset in std::iter::once(&self.coin).chain(&self.tokens) {
            warn(asset.outflow_limit == 0, Warning::NoOutflowLimit(asset.address));
        }
        warnings
    }
}

/// Reads how the bridge of a chain is set up.
///
/// # Errors
/// Where the chain is none of the configuration's, cannot be followed to a young head, or the trust
/// does not accept the bridge's code.
pub async fn overview(config: &Config, chain: &str) -> Result<Overview, PowerError> {
    let (settings, end) = end_of(config, chain)?;
    let trusted = trusted(config, chain).await?;
    let mut bridge = Followed::start(config, settings, end, &trusted).await?;
    bridge.look_at(async |node, header, end| read(node, header, end).await).await?.map_err(PowerError::Refused)
}

fn refused(error: spanlight::bridge::BridgeError) -> ProveError {
    ProveError::Refused(error.into())
}

fn count(words: &Words, slot: &Hash) -> Result<u64, ProveError> {
    Ok(u64::try_from(words.word(slot)?).unwrap_or(u64::MAX))
}

fn address(words: &Words, slot: &Hash) -> Result<Address, ProveError> {
    words.hash(slot).map(|word| Address::low_bytes(&word))
}

async fn read<T: Transport>(
    node: &Node<'_, T>,
    header: &AnchoredHeader,
    bridge: &BridgeEnd,
) -> Result<Result<Overview, Refusal>, ProveError> {
    let mut slots = vec![
        layout::OWNER,
        layout::NONCES,
        layout::COUNTERPART_BRIDGE,
        layout::FEE_RECEIVER,
        layout::SEAT_COUNT,
        layout::PENDING_OWNER,
        layout::GUARDIAN,
        layout::OWNER_DELAY,
        layout::SOURCE_CHAIN_ID,
        layout::SOURCE_BRIDGE,
        layout::REGISTERED_TOKEN_LIST,
        layout::operator_list_length(),
        layout::threshold_slot(TRANSFER_VOTE),
        layout::threshold_slot(CONFIGURATION_VOTE),
    ];
    slots.extend((0..MOST_OPERATORS).map(layout::operator_list_slot));
    let mut storage = Storage::read(node, header, bridge.address, slots).await?;
    let generation = match generation_of(bridge, &storage.account().code_hash) {
        Ok(generation) => generation,
        Err(unknown) => return Ok(Err(unknown)),
    };
    let is_second = generation == Generation::V2;
    let registered = count(storage.words(), &layout::REGISTERED_TOKEN_LIST)?;
    let shown = registered.min(MOST_TOKENS);
    storage.more((0..shown).map(layout::registered_token_list_slot)).await?;
    let mut listed = Vec::new();
    for index in 0..shown {
        listed.push(address(storage.words(), &layout::registered_token_list_slot(index))?);
    }
    let assets = std::iter::once(&Address::ZERO).chain(&listed);
    storage.more(assets.flat_map(|token| asset_slots(token, generation))).await?;
    let words = storage.words();
    let operators = count(words, &layout::operator_list_length())?;
    if operators > MOST_OPERATORS {
        return Err(Stop::from(VerifyError::BridgeStorage).into());
    }
    let mut overview = Overview {
        chain: bridge.chain.clone(),
        bridge: bridge.address,
        block: header.number(),
        time: header.time(),
        owner: address(words, &layout::OWNER)?,
        transfer_threshold: count(words, &layout::threshold_slot(TRANSFER_VOTE))?,
        configuration_threshold: count(words, &layout::threshold_slot(CONFIGURATION_VOTE))?,
        running: NonceWord::decode(&words.hash(&layout::NONCES)?).map_err(refused)?.is_running,
        coin: asset(words, Address::ZERO, generation)?,
        more_tokens: registered.saturating_sub(shown),
        counterpart: address(words, &layout::COUNTERPART_BRIDGE)?,
        fee_receiver: address(words, &layout::FEE_RECEIVER)?,
        operators: Vec::new(),
        tokens: Vec::new(),
        version_2: None,
    };
    for index in 0..operators {
        overview.operators.push(address(words, &layout::operator_list_slot(index))?);
    }
    for token in listed {
        overview.tokens.push(asset(words, token, generation)?);
    }
    if is_second {
        let delay = DelayWord::decode(words.word(&layout::OWNER_DELAY)?);
        let seats = SeatWord::decode(&words.hash(&layout::SEAT_COUNT)?).map_err(refused)?;
        overview.version_2 = Some(Second {
            pending_owner: address(words, &layout::PENDING_OWNER)?,
            guardian: address(words, &layout::GUARDIAN)?,
            owner_delay: delay.owner_delay,
            changes: delay.change_count,
            paused: seats.handles_paused,
            resume_time: seats.resume_time,
            source_chain_id: words.word(&layout::SOURCE_CHAIN_ID)?,
            source_bridge: address(words, &layout::SOURCE_BRIDGE)?,
        });
    }
    Ok(Ok(overview))
}

/// Counterpart, lock, fee, limits.
fn asset_slots(token: &Address, generation: Generation) -> [Hash; 4] {
    let [limits, _] = layout::outflow_slots(token);
    [layout::registered_token_slot(token), lock_slot(token, generation), fee_slot(token), limits]
}

fn asset(words: &Words, token: Address, generation: Generation) -> Result<Asset, ProveError> {
    let [counterpart, lock, fee, limits] = asset_slots(&token, generation);
    let limits = if generation == Generation::V2 { words.word(&limits)? } else { U256::ZERO };
    let low: U256 = limits & U256::from(u128::MAX);
    let high: U256 = limits.wrapping_shr(128);
    Ok(Asset {
        address: token,
        counterpart: address(words, &counterpart)?,
        locked: words.word(&lock)? == U256::ONE,
        fee: words.word(&fee)?,
        request_limit: u128::try_from(low).unwrap_or_default(),
        outflow_limit: u128::try_from(high).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asset_of(address: Address) -> Asset {
        let fee = U256::ZERO;
        Asset { address, counterpart: Address::ZERO, locked: false, fee, request_limit: 0, outflow_limit: 0 }
    }

    /// As it is deployed, before anybody guards it.
    fn new_bridge(owner: Address, operator: Address, token: Address) -> Overview {
        Overview {
            chain: "main".to_owned(),
            bridge: Address([9; 20]),
            block: 1,
            time: 1,
            owner,
            operators: vec![operator],
            transfer_threshold: 1,
            configuration_threshold: 1,
            running: true,
            coin: asset_of(Address::ZERO),
            tokens: vec![asset_of(token)],
            more_tokens: 0,
            counterpart: Address::ZERO,
            fee_receiver: Address::ZERO,
            version_2: Some(Second {
                pending_owner: Address::ZERO,
                guardian: Address::ZERO,
                owner_delay: 0,
                changes: 0,
                paused: false,
                resume_time: 0,
                source_chain_id: U256::ONE,
                source_bridge: Address([4; 20]),
            }),
        }
    }

    #[test]
    fn a_bridge_without_delay_guardian_or_limits_is_warned_of_and_a_guarded_one_is_not() {
        let (owner, operator, token) = (Address([1; 20]), Address([2; 20]), Address([3; 20]));
        let mut bridge = new_bridge(owner, operator, token);
        let expected = [
            Warning::NoOwnerDelay,
            Warning::NoGuardian,
            Warning::NoOutflowLimit(Address::ZERO),
            Warning::NoOutflowLimit(token),
        ];
        assert_eq!(bridge.warnings(), expected);
        let second = bridge.version_2.as_mut().unwrap();
        (second.owner_delay, second.guardian) = (3600, Address([5; 20]));
        bridge.coin.outflow_limit = 1;
        bridge.tokens[0].outflow_limit = 1;
        assert_eq!(bridge.warnings(), []);
        bridge.operators.push(owner);
        let second = bridge.version_2.as_mut().unwrap();
        (second.paused, second.source_bridge, second.pending_owner) = (true, Address::ZERO, operator);
        let expected =
            [Warning::OwnerIsOperator, Warning::Paused, Warning::NotBound, Warning::OwnershipOffered(operator)];
        assert_eq!(bridge.warnings(), expected);
        bridge.version_2 = None;
        assert_eq!(bridge.warnings(), [Warning::OwnerIsOperator], "older bridges have none of the rest");
    }
}
