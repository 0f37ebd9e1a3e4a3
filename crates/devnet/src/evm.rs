//! The border to `revm`: its words and ours, its rules by our forks, one call.

use crate::precompiles::Precompiles;
use crate::state::{Overlay, StateFault};
use revm::context::either::Either;
use revm::context::result::{EVMError, ExecutionResult, HaltReason, InvalidTransaction, OutOfGasError};
use revm::context::transaction::{
    AccessList, AccessListItem, Authorization, RecoveredAuthority, RecoveredAuthorization,
};
use revm::context::{BlockEnv, CfgEnv, TxEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::handler::validation::validate_initial_tx_gas;
use revm::primitives::hardfork::SpecId;
use revm::primitives::{TxKind, B256};
use revm::state::EvmState;
use revm::{Context, ExecuteEvm, MainBuilder, MainContext};
use spanlight::crypto::recover_address;
use spanlight::keccak256;
use spanlight::primitives::{Address, Hash, U256};
use spanlight::profile::{Fork, ForkSchedule};
use spanlight::receipt::Log;
use spanlight::rlp::{append_u256, RlpStream};
use spanlight::transaction::{AccessEntry, Authorization as Consent};

/// Most memory that one call may use: what it costs in gas grows with the square, but gas here costs nothing real.
const MEMORY_LIMIT: u64 = 64 << 20;

pub(crate) fn address(address: &Address) -> revm::primitives::Address {
    address.0.into()
}

pub(crate) fn from_address(address: &revm::primitives::Address) -> Address {
    Address(address.into_array())
}

pub(crate) const fn word(hash: &Hash) -> B256 {
    B256::new(hash.0)
}

pub(crate) const fn from_word(word: &B256) -> Hash {
    Hash(word.0)
}

/// Ethereum's rules that come nearest to the chain's at this height.
#[must_use]
pub(crate) fn rules(forks: &ForkSchedule, number: u64) -> SpecId {
    let newest_first = [
        (Fork::Osaka, SpecId::OSAKA),
        (Fork::Prague, SpecId::PRAGUE),
        (Fork::Cancun, SpecId::CANCUN),
        (Fork::Shanghai, SpecId::SHANGHAI),
        (Fork::EthTxType, SpecId::LONDON),
        (Fork::London, SpecId::LONDON),
        (Fork::Istanbul, SpecId::ISTANBUL),
    ];
    let active = newest_first.iter().find(|(fork, _)| forks.is_active(*fork, number));
    active.map_or(SpecId::PETERSBURG, |(_, rules)| *rules)
}

/// What code can ask about the block it runs in.
#[derive(Clone, Debug)]
pub struct BlockContext {
    /// Ethereum's rules.
    pub rules: SpecId,
    /// The chain's id.
    pub chain_id: u64,
    /// Height.
    pub number: u64,
    /// Time.
    pub time: u64,
    /// Who is paid.
    pub rewarded: Address,
    /// Zero before Magma.
    pub base_fee: u64,
    /// Zero before Randao.
    pub mix: Hash,
    /// Whether contracts can ask whose keys an account has.
    pub account_keys: bool,
}

/// A message to run.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Who sends it.
    pub from: Address,
    /// To whom; none to create a contract.
    pub to: Option<Address>,
    /// The sender's count.
    pub nonce: u64,
    /// Most gas it may use.
    pub gas: u64,
    /// What it says it pays.
    pub gas_price: u128,
    /// Coin sent.
    pub value: U256,
    /// Calldata or init code.
    pub input: Vec<u8>,
    /// Addresses and slots announced beforehand.
    pub access_list: Vec<AccessEntry>,
    /// Consents to run foreign code.
    pub consents: Vec<Consent>,
}

/// How a message is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// As part of a block.
    Block,
    /// To see what would happen: nonces and codes of senders do not matter.
    Call,
}

/// What came of a message.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// The chain's status code: 1 is success.
    pub status: u64,
    /// Gas used, refunds taken off.
    pub gas_used: u64,
    /// What was emitted.
    pub logs: Vec<Log>,
    /// Returned or reverted with.
    pub output: Vec<u8>,
    /// The contract made.
    pub created: Option<Address>,
    /// Why it failed, in the words of nodes.
    pub failure: Option<String>,
}

/// Gas of a byte of data, zero or not, from Istanbul until Prague.
const FLAT_BYTE: u64 = 100;

/// What the chain takes for data beyond what Ethereum's rules take: from Istanbul until Prague each
/// byte costs the same.
#[must_use]
pub(crate) fn data_gas_beside_the_machine(data: &[u8], rules: SpecId) -> u64 {
    const ZERO: u64 = 4;
    const NON_ZERO: u64 = 16;
    if !rules.is_enabled_in(SpecId::ISTANBUL) || rules.is_enabled_in(SpecId::PRAGUE) {
        return 0;
    }
    let more = |byte: &u8| FLAT_BYTE.saturating_sub(if *byte == 0 { ZERO } else { NON_ZERO });
    data.iter().map(more).fold(0, u64::saturating_add)
}

/// Whether the message can be part of a block as far as its size and gas limit tell, without the state.
///
/// # Errors
/// The words in which nodes refuse it.
pub(crate) fn intrinsic(message: Message, block: &BlockContext) -> Result<(), String> {
    /// Longest init code, from Shanghai (EIP-3860).
    const LONGEST_INIT_CODE: usize = 49_152;
    let creates = message.to.is_none();
    if creates && block.rules.is_enabled_in(SpecId::SHANGHAI) && message.input.len() > LONGEST_INIT_CODE {
        return Err("max initcode size exceeded".into());
    }
    let transaction = environment(message, block);
    validate_initial_tx_gas(transaction, block.rules, false, false, u64::MAX, None)
        .map(|_| ())
        .map_err(|error| refusal(&EVMError::Transaction(error)))
}

/// Runs a message and gives what it would change. Fees are the caller's business.
///
/// # Errors
/// Where it can be no part of a block at all.
pub(crate) fn run(
    overlay: &mut Overlay<'_>,
    block: &BlockContext,
    message: Message,
    purpose: Purpose,
) -> Result<(Outcome, EvmState), EVMError<StateFault>> {
    let transaction = environment(message, block);
    let machine = Context::mainnet()
        .with_db(overlay)
        .with_block(block_env(block))
        .with_cfg(config(block, purpose))
        .build_mainnet();
    let result = if block.account_keys {
        machine.with_precompiles(Precompiles::new(block.rules)).transact(transaction)?
    } else {
        let mut machine = machine;
        machine.transact(transaction)?
    };
    Ok((outcome(result.result), result.state))
}

fn config(block: &BlockContext, purpose: Purpose) -> CfgEnv {
    let mut config = CfgEnv::new().with_chain_id(block.chain_id).with_spec_and_mainnet_gas_params(block.rules);
    // The chain knows no such cap.
    config.tx_gas_limit_cap = Some(u64::MAX);
    config.memory_limit = MEMORY_LIMIT;
    config.disable_fee_charge = true;
    config.disable_base_fee = true;
    config.disable_block_gas_limit = true;
    config.disable_nonce_check = purpose == Purpose::Call;
    config.disable_eip3607 = purpose == Purpose::Call;
    config
}

fn block_env(block: &BlockContext) -> BlockEnv {
    BlockEnv {
        number: U256::from(block.number),
        beneficiary: address(&block.rewarded),
        timestamp: U256::from(block.time),
        gas_limit: crate::rpc::BLOCK_GAS_LIMIT,
        basefee: block.base_fee,
        difficulty: U256::ONE,
        prevrandao: Some(word(&block.mix)),
        blob_excess_gas_and_price: Some(BlobExcessGasAndPrice::new(0, 1)),
        slot_num: 0,
    }
}

fn environment(message: Message, block: &BlockContext) -> TxEnv {
    const ACCESS_LIST: u8 = 1;
    const SET_CODE: u8 = 4;
    let tx_type = match (message.consents.is_empty(), message.access_list.is_empty()) {
        (false, _) => SET_CODE,
        (true, false) => ACCESS_LIST,
        (true, true) => 0,
    };
    TxEnv {
        tx_type,
        caller: address(&message.from),
        gas_limit: message.gas,
        gas_price: message.gas_price,
        kind: message.to.map_or(TxKind::Create, |to| TxKind::Call(address(&to))),
        value: message.value,
        data: message.input.into(),
        nonce: message.nonce,
        chain_id: Some(block.chain_id),
        access_list: AccessList(message.access_list.iter().map(access_item).collect()),
        gas_priority_fee: (tx_type == SET_CODE).then(|| message.gas_price.saturating_sub(block.base_fee.into())),
        blob_hashes: Vec::new(),
        max_fee_per_blob_gas: 0,
        authorization_list: message.consents.iter().map(|consent| Either::Right(authorization(consent))).collect(),
    }
}

fn access_item(entry: &AccessEntry) -> AccessListItem {
    AccessListItem { address: address(&entry.address), storage_keys: entry.slots.iter().map(word).collect() }
}

/// The consent with the account that gave it, if its signature gives one.
fn authorization(consent: &Consent) -> RecoveredAuthorization {
    const MAGIC: u8 = 5;
    let mut stream = RlpStream::new_list(3);
    append_u256(&mut stream, consent.chain_id);
    stream.append(&consent.address.as_bytes()).append(&consent.nonce);
    let message = [&[MAGIC], stream.out().as_ref()].concat();
    let signature = spanlight::transaction::Signature { v: 0, r: consent.r, s: consent.s }.to_bytes(consent.y_parity);
    let authority = recover_address(&keccak256(&message), &signature);
    RecoveredAuthorization::new_unchecked(
        Authorization { chain_id: consent.chain_id, address: address(&consent.address), nonce: consent.nonce },
        authority.map_or(RecoveredAuthority::Invalid, |giver| RecoveredAuthority::Valid(address(&giver))),
    )
}

fn outcome(result: ExecutionResult) -> Outcome {
    let gas_used = result.tx_gas_used();
    let failed = |status, output: Vec<u8>, failure: String| Outcome {
        status,
        gas_used,
        logs: Vec::new(),
        output,
        created: None,
        failure: Some(failure),
    };
    match result {
        ExecutionResult::Success { logs, output, .. } => Outcome {
            status: 1,
            gas_used,
            logs: logs.iter().map(log).collect(),
            created: output.address().map(from_address),
            output: output.into_data().to_vec(),
            failure: None,
        },
        ExecutionResult::Revert { output, .. } => failed(9, output.to_vec(), "execution reverted".into()),
        ExecutionResult::Halt { reason, .. } => failed(status_of(&reason), Vec::new(), words_of(&reason)),
    }
}

fn log(log: &revm::primitives::Log) -> Log {
    Log {
        address: from_address(&log.address),
        topics: log.data.topics().iter().map(from_word).collect(),
        data: log.data.data.to_vec(),
    }
}

/// The chain's code for a failure. Source: chain.md 3.2.
const fn status_of(reason: &HaltReason) -> u64 {
    match reason {
        HaltReason::CallTooDeep => 3,
        HaltReason::CreateCollision => 4,
        HaltReason::CreateContractSizeLimit => 6,
        HaltReason::OutOfGas(_) => 7,
        HaltReason::StateChangeDuringStaticCall | HaltReason::CallNotAllowedInsideStatic => 8,
        _ => 2,
    }
}

fn words_of(reason: &HaltReason) -> String {
    match reason {
        HaltReason::OutOfGas(OutOfGasError::MemoryLimit) => reason.to_string(),
        HaltReason::OutOfGas(_) => "out of gas".into(),
        HaltReason::OutOfFunds => "insufficient balance for transfer".into(),
        HaltReason::OpcodeNotFound | HaltReason::NotActivated => "invalid opcode".into(),
        HaltReason::InvalidFEOpcode => "invalid opcode: INVALID".into(),
        HaltReason::InvalidJump => "evm: invalid jump destination".into(),
        other => other.to_string(),
    }
}

/// Why a message can be no part of a block, in the words of nodes.
#[must_use]
pub(crate) fn refusal(error: &EVMError<StateFault>) -> String {
    match error {
        EVMError::Transaction(InvalidTransaction::CallGasCostMoreThanGasLimit { .. }) => "intrinsic gas too low".into(),
        EVMError::Transaction(InvalidTransaction::GasFloorMoreThanGasLimit { .. }) => {
            "insufficient gas for floor data gas cost".into()
        }
        EVMError::Transaction(InvalidTransaction::CreateInitCodeSizeLimit) => "max initcode size exceeded".into(),
        EVMError::Database(fault) => fault.to_string(),
        EVMError::Transaction(other) => other.to_string(),
        other => other.to_string(),
    }
}
