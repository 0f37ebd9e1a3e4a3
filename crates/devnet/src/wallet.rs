//! Transactions signed with test keys, for setting up and for tests.

use crate::chain::Chain;
use spanlight::primitives::{keccak256, Address, Hash, U256};
use spanlight::rlp::{append_u256, RlpStream};
use spanlight::state::AccountKey;
use spanlight::transaction::Transaction;
use spanlight_forge::keys;

/// Gas for anything that tests do: enough for the largest contract, and for a bridge that wants a rest.
pub const GAS: u64 = 20_000_000;

/// What to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sending {
    /// To whom; none to create a contract.
    pub to: Option<Address>,
    /// Coin.
    pub value: U256,
    /// Calldata or init code.
    pub input: Vec<u8>,
    /// Most gas; [`GAS`] if none.
    pub gas: Option<u64>,
}

impl Sending {
    /// A call without coin.
    #[must_use]
    pub fn call(to: Address, input: Vec<u8>) -> Self {
        Self { to: Some(to), input, ..Self::default() }
    }
}

/// Signs for the next nonce of a key, at a price that the next blocks take.
#[must_use]
pub fn sign(chain: &Chain, key: u64, sending: &Sending) -> Vec<u8> {
    sign_with(chain.config().chain_id, key, chain.pending_nonce(&keys::address(key)), price(chain), sending)
}

/// What the next blocks take.
fn price(chain: &Chain) -> U256 {
    let rules = chain.rules_of_next();
    rules.base_fee.map_or(U256::from(rules.unit_price), |fee| fee.saturating_add(fee))
}

/// Signs a legacy transaction.
#[must_use]
pub fn sign_with(chain_id: u64, key: u64, nonce: u64, price: U256, sending: &Sending) -> Vec<u8> {
    let gas = sending.gas.unwrap_or(GAS);
    let build =
        |v, r, s| Transaction::legacy(nonce, price, gas, sending.to, sending.value, sending.input.clone(), v, r, s);
    let signature = keys::sign(key, &build(0, U256::ZERO, U256::ZERO).sign_hash(chain_id));
    let [scalars @ .., id] = &signature;
    let (r, s) = scalars.split_at(32);
    build(protected(chain_id, *id), U256::from_be_slice(r), U256::from_be_slice(s)).encode()
}

/// Signs a call by an account whose keys are others than its address's (type 0x30).
#[must_use]
pub fn sign_as(chain: &Chain, account: &Address, signers: &[u64], sending: &Sending) -> Vec<u8> {
    const EXECUTION: u8 = 0x30;
    let to = sending.to.unwrap_or(Address::ZERO);
    typed(chain, account, (EXECUTION, signers), sending.gas, |list| {
        list.append(&to.as_bytes());
        append_u256(list, sending.value);
        list.append(&account.as_bytes()).append(&sending.input);
    })
}

/// Signs an update of an account's key (type 0x20).
#[must_use]
pub fn update_key(chain: &Chain, account: &Address, key: &AccountKey, signers: &[u64]) -> Vec<u8> {
    const ACCOUNT_UPDATE: u8 = 0x20;
    typed(chain, account, (ACCOUNT_UPDATE, signers), None, |list| {
        list.append(&account.as_bytes()).append(&key.encode());
    })
}

/// A transaction of the chain's own types: `write` appends the fields between gas and signatures.
fn typed(
    chain: &Chain,
    account: &Address,
    (kind, signers): (u8, &[u64]),
    gas: Option<u64>,
    write: impl Fn(&mut RlpStream),
) -> Vec<u8> {
    let (chain_id, nonce, price) = (chain.config().chain_id, chain.pending_nonce(account), price(chain));
    let fields = |list: &mut RlpStream| {
        list.append(&nonce);
        append_u256(list, price);
        list.append(&gas.unwrap_or(GAS));
        write(list);
    };
    let mut inner = RlpStream::new();
    inner.begin_unbounded_list().append(&kind);
    fields(&mut inner);
    inner.finalize_unbounded_list();
    let mut signed = RlpStream::new_list(4);
    signed.append(&inner.out().to_vec()).append(&chain_id).append(&0u8).append(&0u8);
    let digest = keccak256(&signed.out());
    let mut list = RlpStream::new();
    list.begin_unbounded_list();
    fields(&mut list);
    list.begin_list(signers.len());
    for signer in signers {
        let signature = keys::sign(*signer, &digest);
        let [scalars @ .., id] = &signature;
        let (r, s) = scalars.split_at(32);
        list.begin_list(3).append(&protected(chain_id, *id));
        append_u256(&mut list, U256::from_be_slice(r));
        append_u256(&mut list, U256::from_be_slice(s));
    }
    list.finalize_unbounded_list();
    [&[kind], list.out().as_ref()].concat()
}

/// V of a signature that names its chain.
fn protected(chain_id: u64, recovery_id: u8) -> u64 {
    const PROTECTED: u64 = 35;
    chain_id.saturating_mul(2).saturating_add(PROTECTED).saturating_add(u64::from(recovery_id))
}

/// The address of the contract that an account makes with a nonce.
#[must_use]
pub fn created(creator: &Address, nonce: u64) -> Address {
    let mut stream = RlpStream::new_list(2);
    stream.append(&creator.as_bytes()).append(&nonce);
    Address::low_bytes(&keccak256(&stream.out()))
}

/// The private key with this number, as wallets take it.
#[must_use]
pub fn private_key(key: u64) -> Hash {
    Hash::from_u256(U256::from(key))
}
