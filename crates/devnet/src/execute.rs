//! One transaction of a block: may it run, who pays, what comes of it.
//!
//! The machine is Ethereum's. What the chain adds is here: account keys, fee payers, the types that run no code.
//! docs/devnet.md lists where this differs from a node.

use crate::evm::{self, BlockContext, Message, Purpose};
use crate::key_update::{self, KeyUpdateError};
use crate::signers::{self, role_of};
use crate::state::{has_code, Overlay, StateFault};
use spanlight::primitives::{Address, Hash, U256};
use spanlight::receipt::{bloom_of, Receipt};
use spanlight::rlp::Reader;
use spanlight::state::{AccountKey, KeyRole};
use spanlight::transaction::{FeeDelegation, Transaction, TransactionError, TransactionKind};

/// A transaction with what was recovered of it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The transaction.
    pub transaction: Transaction,
    /// Its hash.
    pub hash: Hash,
    /// Its hash without the fee payer, or the same.
    pub sender_tx_hash: Hash,
    /// Who sent it.
    pub sender: Address,
}

impl Signed {
    /// Recovers the sender.
    ///
    /// # Errors
    /// Where it was signed for another chain, or gives no sender.
    pub fn new(transaction: Transaction, chain_id: u64) -> Result<Self, TransactionError> {
        let recover = |digest: &Hash, signature: &[u8; 65]| spanlight::crypto::recover_address(digest, signature).ok();
        let sender = transaction.sender(chain_id, &recover)?;
        let hash = transaction.hash();
        let sender_tx_hash = transaction.sender_tx_hash().unwrap_or(hash);
        Ok(Self { transaction, hash, sender_tx_hash, sender })
    }

    /// Who pays the fee, or the part of it that the type says.
    #[must_use]
    pub fn payer(&self) -> Address {
        self.transaction.fee_payer().unwrap_or(self.sender)
    }
}

/// Why a transaction is no part of the next block. The words are those of nodes, which clients look for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Its nonce is used.
    #[error("nonce too low")]
    NonceTooLow,
    /// One before it is missing.
    #[error("nonce too high")]
    NonceTooHigh,
    /// The sender cannot pay value and fee.
    #[error("insufficient funds of the sender for value ")]
    Funds,
    /// The fee payer cannot pay.
    #[error("insufficient funds of the fee payer for gas * price")]
    FeePayerFunds,
    /// Below the base fee.
    #[error("max fee per gas less than block base fee: gas price {got}, baseFee {base_fee}")]
    BelowBaseFee {
        /// The base fee.
        base_fee: U256,
        /// What is offered.
        got: U256,
    },
    /// Before Magma every transaction pays the unit price.
    #[error("invalid unit price: have {got}, want {expected}")]
    UnitPrice {
        /// The unit price.
        expected: u64,
        /// What is offered.
        got: U256,
    },
    /// Signed by somebody else than the account's key says.
    #[error("invalid sender: invalid signature")]
    Sender,
    /// The same of the fee payer's account.
    #[error("invalid fee payer: invalid signature")]
    FeePayer,
    /// Ethereum's types know no key but that of the address.
    #[error("invalid sender: a legacy transaction must be with a legacy account key")]
    LegacyKeyNeeded,
    /// The tip is above the fee cap.
    #[error("max priority fee per gas higher than max fee per gas")]
    TipAboveCap,
    /// The fee payer's share is no percentage from 1 to 99.
    #[error("invalid fee ratio of fee delegation")]
    FeeRatio,
    /// The type is not in force, or not executed here.
    #[error("transaction type not supported")]
    TypeNotSupported,
    /// A value transfer of the chain's own type to a contract.
    #[error("not for program account (e.g., an account having code and storage)")]
    NotForContract,
    /// An execution of something that has no code.
    #[error("required a program account (e.g., an account having code and storage)")]
    ContractNeeded,
    /// The new key cannot be read.
    #[error("invalid account key")]
    AccountKey,
    /// The new key cannot be set.
    #[error(transparent)]
    KeyUpdate(#[from] KeyUpdateError),
    /// What the machine says.
    #[error("{0}")]
    Machine(String),
    /// The state is not there.
    #[error(transparent)]
    State(#[from] StateFault),
}

/// A transaction's receipt, and what the receipt does not commit to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    /// What is committed to.
    pub receipt: Receipt,
    /// The contract made.
    pub created: Option<Address>,
    /// Price that was paid for each unit of gas.
    pub price: U256,
}

/// What holds for every transaction of a block.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What code can ask.
    pub block: BlockContext,
    /// The base fee, from Magma.
    pub base_fee: Option<U256>,
    /// What gas costs before Magma.
    pub unit_price: u64,
    /// Whether tips are paid.
    pub tips: bool,
    /// Whether Ethereum's types are in force.
    pub ethereum_types: bool,
}

impl Rules {
    /// The price of gas that a transaction pays.
    ///
    /// # Errors
    /// Where it offers too little.
    pub fn price(&self, transaction: &Transaction) -> Result<U256, Rejection> {
        let cap = transaction.gas_price();
        let Some(base_fee) = self.base_fee else {
            let expected = U256::from(self.unit_price);
            return if cap == expected {
                Ok(cap)
            } else {
                Err(Rejection::UnitPrice { expected: self.unit_price, got: cap })
            };
        };
        if cap < base_fee {
            return Err(Rejection::BelowBaseFee { base_fee, got: cap });
        }
        let has_tip =
            matches!(transaction.kind(), TransactionKind::EthereumDynamicFee | TransactionKind::EthereumSetCode);
        Ok(match (self.tips, has_tip) {
            (false, _) => base_fee,
            (true, true) => cap.min(base_fee.saturating_add(transaction.tip())),
            (true, false) => cap,
        })
    }

    fn type_is_in_force(&self, transaction: &Transaction) -> Result<(), Rejection> {
        use revm::primitives::hardfork::SpecId;
        let fits = match transaction.kind() {
            TransactionKind::EthereumBlob => false,
            TransactionKind::EthereumSetCode => self.block.rules.is_enabled_in(SpecId::PRAGUE),
            kind => !kind.is_ethereum() || self.ethereum_types,
        };
        if fits {
            Ok(())
        } else {
            Err(Rejection::TypeNotSupported)
        }
    }
}

/// What a node checks before it takes a transaction into its pool.
///
/// # Errors
/// The first reason against it. A nonce that is too high is none.
pub fn check(signed: &Signed, overlay: &mut Overlay<'_>, rules: &Rules) -> Result<(), Rejection> {
    checked(signed, overlay, rules).map(drop)
}

/// The same; gives the gas that checking the signatures costs.
fn checked(signed: &Signed, overlay: &mut Overlay<'_>, rules: &Rules) -> Result<u64, Rejection> {
    let transaction = &signed.transaction;
    rules.type_is_in_force(transaction)?;
    if transaction.tip() > transaction.gas_price() {
        return Err(Rejection::TipAboveCap);
    }
    if transaction.delegation() == FeeDelegation::Ratio && !(1..=99).contains(&transaction.fee_ratio()) {
        return Err(Rejection::FeeRatio);
    }
    rules.price(transaction)?;
    let sender = overlay.account(signed.sender)?;
    if transaction.nonce() < sender.as_ref().map_or(0, |account| account.nonce) {
        return Err(Rejection::NonceTooLow);
    }
    let chain_id = rules.block.chain_id;
    let mut keys = signers::check(signed, sender.as_ref(), chain_id, role_of(transaction))?;
    if let Some(payer) = transaction.fee_payer() {
        let payer = signers::check(signed, overlay.account(payer)?.as_ref(), chain_id, KeyRole::FeePayer)?;
        keys = keys.saturating_add(payer);
    }
    recipient_fits(transaction, overlay)?;
    if transaction.kind() == TransactionKind::AccountUpdate {
        let old = sender.map_or(AccountKey::Legacy, |account| account.key);
        key_update::updated(&old, &new_key(transaction)?)?;
    }
    gas_suffices_to_begin(signed, rules, keys)?;
    let shares = shares(transaction, transaction.gas_price());
    funds_suffice(signed, overlay, &shares)?;
    Ok(keys)
}

/// A node refuses what could not even begin, and so does the pool: else its sender would wait for ever.
fn gas_suffices_to_begin(signed: &Signed, rules: &Rules, keys: u64) -> Result<(), Rejection> {
    if runs_no_code(&signed.transaction) {
        return if gas_without_code(&signed.transaction, keys)? <= signed.transaction.gas() {
            Ok(())
        } else {
            Err(too_little_gas())
        };
    }
    let price = rules.price(&signed.transaction)?;
    evm::intrinsic(message_of(signed, price, rules, keys)?, &rules.block).map_err(Rejection::Machine)
}

const fn runs_no_code(transaction: &Transaction) -> bool {
    matches!(
        transaction.kind(),
        TransactionKind::AccountUpdate | TransactionKind::Cancel | TransactionKind::ChainDataAnchoring
    )
}

fn recipient_fits(transaction: &Transaction, overlay: &mut Overlay<'_>) -> Result<(), Rejection> {
    let Some(to) = transaction.to() else { return Ok(()) };
    let mut runs_code = || Ok::<_, Rejection>(overlay.account(to)?.is_some_and(|account| has_code(&account)));
    match transaction.kind() {
        TransactionKind::ValueTransfer | TransactionKind::ValueTransferMemo if runs_code()? => {
            Err(Rejection::NotForContract)
        }
        TransactionKind::SmartContractExecution if !runs_code()? => Err(Rejection::ContractNeeded),
        _ => Ok(()),
    }
}

/// The most that sender and fee payer pay for gas.
struct Shares {
    sender: U256,
    payer: U256,
}

fn shares(transaction: &Transaction, price: U256) -> Shares {
    split(transaction, U256::from(transaction.gas()).saturating_mul(price))
}

fn split(transaction: &Transaction, fee: U256) -> Shares {
    const WHOLE: U256 = U256::from_limbs([100, 0, 0, 0]);
    match transaction.delegation() {
        FeeDelegation::None => Shares { sender: fee, payer: U256::ZERO },
        FeeDelegation::Full => Shares { sender: U256::ZERO, payer: fee },
        FeeDelegation::Ratio => {
            let ratio = U256::from(transaction.fee_ratio());
            let payer = fee.saturating_mul(ratio).checked_div(WHOLE).unwrap_or_default();
            Shares { sender: fee.saturating_sub(payer), payer }
        }
    }
}

fn funds_suffice(signed: &Signed, overlay: &mut Overlay<'_>, shares: &Shares) -> Result<(), Rejection> {
    let mut balance =
        |address| Ok::<_, StateFault>(overlay.account(address)?.map_or(U256::ZERO, |account| account.balance));
    let payer = signed.payer();
    let mut needed = signed.transaction.value().saturating_add(shares.sender);
    if payer == signed.sender {
        needed = needed.saturating_add(shares.payer);
    } else if balance(payer)? < shares.payer {
        return Err(Rejection::FeePayerFunds);
    }
    if balance(signed.sender)? < needed {
        return Err(Rejection::Funds);
    }
    Ok(())
}

/// Runs a transaction as part of a block.
///
/// # Errors
/// Where it can be no part of it; then nothing has changed.
pub fn execute(signed: &Signed, overlay: &mut Overlay<'_>, rules: &Rules) -> Result<Executed, Rejection> {
    let transaction = &signed.transaction;
    let keys = checked(signed, overlay, rules)?;
    let nonce = overlay.account(signed.sender)?.map_or(0, |account| account.nonce);
    if transaction.nonce() > nonce {
        return Err(Rejection::NonceTooHigh);
    }
    let price = rules.price(transaction)?;
    let paid = shares(transaction, price);
    take(overlay, signed.sender, paid.sender)?;
    take(overlay, signed.payer(), paid.payer)?;
    let (receipt, created) = match run(signed, overlay, rules, (price, keys)) {
        Ok(outcome) => outcome,
        Err(rejection) => {
            give(overlay, signed.sender, paid.sender)?;
            give(overlay, signed.payer(), paid.payer)?;
            return Err(rejection);
        }
    };
    let fee = U256::from(receipt.gas_used).saturating_mul(price);
    let due = split(transaction, fee);
    give(overlay, signed.sender, paid.sender.saturating_sub(due.sender))?;
    give(overlay, signed.payer(), paid.payer.saturating_sub(due.payer))?;
    give(overlay, rules.block.rewarded, fee)?;
    Ok(Executed { receipt, created, price })
}

fn take(overlay: &mut Overlay<'_>, address: Address, amount: U256) -> Result<(), StateFault> {
    if amount.is_zero() {
        return Ok(());
    }
    overlay.update(address, |account| account.balance = account.balance.saturating_sub(amount))
}

/// Credits coin.
///
/// # Errors
/// Where the state is not there.
pub fn give(overlay: &mut Overlay<'_>, address: Address, amount: U256) -> Result<(), StateFault> {
    if amount.is_zero() {
        return Ok(());
    }
    overlay.update(address, |account| account.balance = account.balance.saturating_add(amount))
}

fn run(
    signed: &Signed,
    overlay: &mut Overlay<'_>,
    rules: &Rules,
    (price, keys): (U256, u64),
) -> Result<(Receipt, Option<Address>), Rejection> {
    if runs_no_code(&signed.transaction) {
        run_without_code(signed, overlay, keys).map(|receipt| (receipt, None))
    } else {
        run_machine(signed, overlay, rules, (price, keys))
    }
}

/// Gas that a fee payer's signature costs. Source: the chain's gas table.
const fn delegation_gas(delegation: FeeDelegation) -> u64 {
    match delegation {
        FeeDelegation::None => 0,
        FeeDelegation::Full => 10_000,
        FeeDelegation::Ratio => 15_000,
    }
}

/// Gas of a transaction that the machine does not know of; `keys` is what its signatures cost.
fn gas_beside_the_machine(transaction: &Transaction, rules: &Rules, keys: u64) -> u64 {
    let data = evm::data_gas_beside_the_machine(transaction.input(), rules.block.rules);
    delegation_gas(transaction.delegation()).saturating_add(data).saturating_add(keys)
}

fn too_little_gas() -> Rejection {
    Rejection::Machine("intrinsic gas too low".into())
}

/// What the machine is told. A memo runs nothing, since its recipient has no code.
fn message_of(signed: &Signed, price: U256, rules: &Rules, keys: u64) -> Result<Message, Rejection> {
    let transaction = &signed.transaction;
    let extra = gas_beside_the_machine(transaction, rules, keys);
    Ok(Message {
        from: signed.sender,
        to: transaction.to(),
        nonce: transaction.nonce(),
        gas: transaction.gas().checked_sub(extra).ok_or_else(too_little_gas)?,
        gas_price: u128::try_from(price).unwrap_or(u128::MAX),
        value: transaction.value(),
        input: transaction.input().to_vec(),
        access_list: transaction.access_list().to_vec(),
        consents: transaction.authorizations().to_vec(),
    })
}

fn run_machine(
    signed: &Signed,
    overlay: &mut Overlay<'_>,
    rules: &Rules,
    (price, keys): (U256, u64),
) -> Result<(Receipt, Option<Address>), Rejection> {
    let extra = gas_beside_the_machine(&signed.transaction, rules, keys);
    let message = message_of(signed, price, rules, keys)?;
    let (outcome, changes) = evm::run(overlay, &rules.block, message, Purpose::Block)
        .map_err(|error| Rejection::Machine(evm::refusal(&error)))?;
    overlay.apply(changes)?;
    let receipt = receipt(outcome.status, outcome.gas_used.saturating_add(extra), outcome.logs);
    Ok((receipt, outcome.created))
}

fn receipt(status: u64, gas_used: u64, logs: Vec<spanlight::receipt::Log>) -> Receipt {
    Receipt { status, gas_used, bloom: Box::new(bloom_of(&logs)), logs }
}

/// Gas of the types that run no code.
fn gas_without_code(transaction: &Transaction, keys: u64) -> Result<u64, Rejection> {
    const BASE: u64 = 21_000;
    const ANCHOR_BYTE: u64 = 100;
    let own = match transaction.kind() {
        TransactionKind::AccountUpdate => key_update::gas(&new_key(transaction)?),
        TransactionKind::ChainDataAnchoring => ANCHOR_BYTE.saturating_mul(length(transaction.input())),
        _ => 0,
    };
    let parts = [own, delegation_gas(transaction.delegation()), keys];
    Ok(parts.into_iter().fold(BASE, u64::saturating_add))
}

/// Account updates, cancellations and anchors change at most the sender's account.
fn run_without_code(signed: &Signed, overlay: &mut Overlay<'_>, keys: u64) -> Result<Receipt, Rejection> {
    let transaction = &signed.transaction;
    let gas = gas_without_code(transaction, keys)?;
    let key = if transaction.kind() == TransactionKind::AccountUpdate {
        let old = overlay.account(signed.sender)?.map_or(AccountKey::Legacy, |account| account.key);
        Some(key_update::updated(&old, &new_key(transaction)?)?)
    } else {
        None
    };
    overlay.update(signed.sender, |account| {
        account.nonce = account.nonce.saturating_add(1);
        if let Some(key) = key {
            account.key = key;
        }
    })?;
    Ok(receipt(1, gas, Vec::new()))
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn new_key(transaction: &Transaction) -> Result<AccountKey, Rejection> {
    let mut reader = Reader::items(transaction.account_key());
    let key = AccountKey::decode(&mut reader).map_err(|_| Rejection::AccountKey)?;
    reader.finish().map_err(|_| Rejection::AccountKey)?;
    Ok(key)
}
